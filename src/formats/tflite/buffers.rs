//! Which bytes of the file belong to a buffer.
//!
//! A buffer's data lie inside the flatbuffer (`data`) or outside (`offset` and `size`, counted from
//! the beginning of the file). An offset of 0 or 1 stands for none: exporters write 1 as a
//! placeholder, and the schema says that only values above 1 are valid. Old files give every
//! activation a buffer with data of length 0.

use super::flatbuffer::{Damage, Table, lenient};
use super::schema::{buffer, external_buffer, external_buffer_group, model};
use crate::model::Bytes;

/// All buffers of a model, by index, and the names of the external files that hold others.
#[derive(Debug)]
pub struct Buffers {
    buffers: Vec<Content>,
    /// (`ExternalBuffer.id`, the file's name), sorted by id.
    external: Vec<(u32, String)>,
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
    /// Reads the table of buffers; `file_len` is the length of the whole file in bytes.
    ///
    /// # Errors
    /// [`Damage::Exhausted`] only: a damaged buffer is a matter of the tensors that use it.
    pub fn read(root: Table<'_>, file_len: u64) -> Result<Self, Damage> {
        let mut buffers = Vec::new();
        if let Some(tables) = lenient(root.tables(model::BUFFERS))?.flatten() {
            for table in tables.iter() {
                let content = lenient(table.and_then(|table| content(table, file_len)))?;
                let why = || Content::Unavailable("its buffer lies outside the file, which may be cut off".to_owned());
                buffers.push(content.unwrap_or_else(why));
            }
        }
        Ok(Self { buffers, external: external(root)? })
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

    /// The name of the file that holds an external buffer.
    pub fn external(&self, id: u32) -> Option<&str> {
        let position = self.external.binary_search_by_key(&id, |(id, _)| *id).ok()?;
        self.external.get(position).map(|(_, name)| name.as_str())
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

/// External buffers and their files. `group` is an index, `id` is not (writers set its highest bit).
fn external(root: Table<'_>) -> Result<Vec<(u32, String)>, Damage> {
    let (Ok(Some(buffers)), Ok(Some(groups))) = (root.tables(model::EXTERNAL_BUFFERS), root.tables(model::EXTERNAL_BUFFER_GROUPS)) else {
        return Ok(Vec::new());
    };
    let one = |table: Table<'_>| {
        let group: u32 = table.scalar(external_buffer::GROUP, 0)?;
        let name = groups.get(group as usize)?.string(external_buffer_group::NAME)?;
        Ok((table.scalar(external_buffer::ID, 0u32)?, name.unwrap_or_default()))
    };
    let mut external = Vec::new();
    for table in buffers.iter() {
        external.extend(lenient(table.and_then(one))?);
    }
    external.sort_by_key(|(id, _)| *id);
    Ok(external)
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
        let buffers = Buffers::read(reader.root().unwrap(), 1000).unwrap();
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
