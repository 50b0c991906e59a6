//! Which bytes of the file belong to a buffer.
//!
//! A buffer's data lie inside the flatbuffer (`data`) or outside (`offset` and `size`, counted from
//! the beginning of the file). An offset of 0 or 1 stands for none: exporters write 1 as a
//! placeholder, and the schema says that only values above 1 are valid. Old files give every
//! activation a buffer with data of length 0.

use super::external::External;
use super::flatbuffer::{Damage, Table, lenient};
use super::schema::{buffer, model};
use super::warnings::Warnings;
use crate::model::Bytes;
use crate::source::Source;

/// All buffers of a model, by index, and those in other files, by id.
#[derive(Debug)]
pub struct Buffers {
    buffers: Vec<Content>,
    external: External,
}

/// What a buffer holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// No data: the tensor is computed.
    Nothing,
    /// Data of length 0: a constant only if the tensor's shape has no elements.
    Empty(Bytes),
    Data(Bytes),
    /// There are data, but they can't be had; one sentence why.
    Unavailable(String),
}

impl Buffers {
    /// Reads the table of buffers, and opens the files beside the model that hold others.
    ///
    /// # Errors
    /// [`Damage::Exhausted`] only: a damaged buffer is a matter of the tensors that use it.
    pub fn read(root: Table<'_>, source: &Source, warnings: &mut Warnings) -> Result<Self, Damage> {
        let file_len = source.len();
        let mut buffers = Vec::new();
        if let Some(tables) = lenient(root.tables(model::BUFFERS))?.flatten() {
            for table in tables.iter() {
                let content = lenient(table.and_then(|table| content(table, file_len)))?;
                let why = || Content::Unavailable("its buffer lies outside the file, which may be cut off".to_owned());
                let content = content.unwrap_or_else(why);
                root.reader().spend(content.text_len())?;
                root.reader().push(&mut buffers, content)?;
            }
        }
        Ok(Self { buffers, external: External::read(root, source, warnings)? })
    }

    /// What the buffer of an index holds.
    pub fn get(&self, index: u32) -> Content {
        if index == 0 {
            // By definition the buffer of tensors without data, whatever it holds.
            return Content::Nothing;
        }
        match self.buffers.get(index as usize) {
            Some(content) => content.clone(),
            None => Content::Unavailable(format!("its buffer {index} does not exist: the file has {}", self.buffers.len())),
        }
    }

    /// What a buffer in another file holds, by its id.
    pub fn external(&self, id: u32) -> Content {
        self.external.get(id)
    }

    /// The other files that buffers lie in; the model's sources from the second on.
    pub fn into_sources(self) -> Vec<Source> {
        self.external.sources
    }
}

impl Content {
    /// The memory that a copy takes beside its fixed size, in bytes.
    pub fn text_len(&self) -> u64 {
        match self {
            Self::Unavailable(why) => why.len() as u64,
            _ => 0,
        }
    }
}

fn content(table: Table<'_>, file_len: u64) -> Result<Content, Damage> {
    let within = |offset: u64, len: u64| Bytes { source: 0, offset, len };
    if let Some(range) = table.bytes(buffer::DATA)? {
        let bytes = within(range.start as u64, range.len() as u64);
        return Ok(if range.is_empty() { Content::Empty(bytes) } else { Content::Data(bytes) });
    }
    let (offset, size) = (table.scalar(buffer::OFFSET, 0u64)?, table.scalar(buffer::SIZE, 0u64)?);
    Ok(match (offset, size) {
        (0 | 1, _) => Content::Nothing,
        _ if size > file_len || offset > file_len - size => Content::Unavailable(format!(
            "its {size} bytes at {offset} lie outside the file, which has {file_len} bytes and may be cut off"
        )),
        (_, 0) => Content::Empty(within(offset, 0)),
        _ => Content::Data(within(offset, size)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::tflite::flatbuffer::Reader;
    use crate::formats::tflite::testing::{Buffer, TestModel};

    #[test]
    fn where_the_bytes_lie() {
        let buffer = |data: Option<&[u8]>, offset, size| Buffer { data: data.map(<[u8]>::to_vec), offset, size };
        let cases = [
            (buffer(Some(&[9; 4]), 0, 0), "nothing"), // buffer 0
            (buffer(Some(&[1, 2, 3]), 0, 0), "3 inside"),
            (buffer(Some(&[]), 0, 0), "empty"),
            (buffer(None, 0, 0), "nothing"),
            (buffer(None, 1, 1), "nothing"),
            (buffer(None, 0, 8), "nothing"),
            (buffer(None, 2, 8), "8 at 2"),
            (buffer(None, 16, 0), "empty"),
            (buffer(None, 2, u64::MAX), "unavailable"),
            (buffer(None, u64::MAX, 2), "unavailable"),
            (buffer(None, 1000, 1), "unavailable"),
            (buffer(Some(&[7]), 2, 8), "1 inside"),
        ];
        let model = TestModel { buffers: cases.iter().map(|(buffer, _)| buffer.clone()).collect(), ..TestModel::default() };
        let bytes = model.bytes();
        let reader = Reader::new(&bytes);
        let mut file = bytes.clone();
        file.resize(1000, 0);
        let file = Source::from_bytes("x", file);
        let buffers = Buffers::read(reader.root().unwrap(), &file, &mut Warnings::default()).unwrap();
        for (index, (case, expected)) in cases.iter().enumerate() {
            let found = match buffers.get(index as u32) {
                Content::Nothing => "nothing".to_owned(),
                Content::Empty(_) => "empty".to_owned(),
                Content::Unavailable(_) => "unavailable".to_owned(),
                Content::Data(found) if case.data.is_some() => {
                    let start = found.offset as usize;
                    assert_eq!(Some(&bytes[start..start + found.len as usize]), case.data.as_deref());
                    format!("{} inside", found.len)
                }
                Content::Data(found) => format!("{} at {}", found.len, found.offset),
            };
            assert_eq!(found, *expected, "buffer {index}");
        }
        assert!(matches!(buffers.get(12), Content::Unavailable(_)));
        assert!(matches!(buffers.get(u32::MAX), Content::Unavailable(_)));
    }
}
