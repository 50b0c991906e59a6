//! Constants in other files: external buffers and the groups, a file each, that they lie in.
//!
//! A tensor names a buffer by its id, not by its index (writers set the highest bit of ids), and a buffer
//! names its group by index. A group's name is a path from the model's folder, and is followed no further
//! than that folder. Source: LiteRT, `schema.fbs` (version 3d) and
//! `weight_loader/external_weight_loader_litert.cc`.

use std::collections::HashMap;

use super::buffers::Content;
use super::flatbuffer::{Damage, Table, lenient};
use super::schema::{external_buffer, external_buffer_group, model};
use super::warnings::Warnings;
use crate::model::Bytes;
use crate::source::Source;

/// The external buffers of a model, by id.
#[derive(Debug, Default)]
pub struct External {
    buffers: HashMap<u32, Content>,
    /// The files that they lie in; the model's sources from the second on.
    pub sources: Vec<Source>,
}

/// Files that one model opens; real ones have one or two.
const MAX_FILES: usize = 64;
/// Letters of a group's name that a sentence quotes.
const SHOWN_LETTERS: usize = 120;
/// Bytes as they would lie in the model's own buffers; so is an empty text.
const UNPACKED: &str = "unpacked";
const BUFFER_COST: u64 = 64;

impl External {
    /// Reads the table of external buffers and opens the files that they lie in, as far as they are
    /// beside the model.
    ///
    /// # Errors
    /// [`Damage::Exhausted`] only.
    pub fn read(root: Table<'_>, source: &Source, warnings: &mut Warnings) -> Result<Self, Damage> {
        let mut external = Self::default();
        let Some(buffers) = lenient(root.tables(model::EXTERNAL_BUFFERS))?.flatten() else { return Ok(external) };
        let mut files = Files { model: source, by_name: HashMap::new(), sources: Vec::new() };
        for (index, buffer) in buffers.iter().enumerate() {
            root.reader().spend(BUFFER_COST)?;
            match lenient(buffer.and_then(|buffer| content(buffer, root, &mut files, warnings)))? {
                Some((id, content)) => {
                    if external.buffers.contains_key(&id) {
                        warnings.push(|| format!("external buffer {index} bears the id {id}, which another one has"));
                    }
                    external.buffers.entry(id).or_insert(content);
                }
                None => warnings.push(|| format!("external buffer {index} is damaged")),
            }
        }
        external.sources = files.sources;
        Ok(external)
    }

    /// What the buffer of an id holds.
    pub fn get(&self, id: u32) -> Content {
        let missing = || Content::Unavailable(format!("its external buffer {id} does not exist"));
        self.buffers.get(&id).cloned().unwrap_or_else(missing)
    }
}

/// The id of an external buffer, and what it holds.
fn content(table: Table<'_>, root: Table<'_>, files: &mut Files<'_>, warnings: &mut Warnings) -> Result<(u32, Content), Damage> {
    let id: u32 = table.scalar(external_buffer::ID, 0)?;
    let group: u32 = table.scalar(external_buffer::GROUP, 0)?;
    let (offset, len) = (table.scalar(external_buffer::OFFSET, 0u64)?, table.scalar(external_buffer::LENGTH, 0u64)?);
    let packing = table.string(external_buffer::PACKING)?.unwrap_or_default();
    let groups = root.tables(model::EXTERNAL_BUFFER_GROUPS)?;
    let name = match groups.map(|groups| groups.get(group as usize)) {
        Some(Ok(table)) => table.string(external_buffer_group::NAME)?.unwrap_or_default(),
        Some(Err(Damage::Exhausted)) => return Err(Damage::Exhausted),
        _ => return Ok((id, Content::Unavailable(format!("its external buffer names group {group}, which does not exist")))),
    };
    let shown: String = name.chars().take(SHOWN_LETTERS).collect();
    let content = match files.open(&name, &shown, warnings) {
        _ if !packing.is_empty() && packing != UNPACKED => {
            let packing: String = packing.chars().take(SHOWN_LETTERS).collect();
            Content::Unavailable(format!("not available: {shown} holds it packed as {packing:?}, a layout that is not known"))
        }
        Err(problem) => Content::Unavailable(problem),
        Ok((_, file_len)) if len > file_len || offset > file_len - len => {
            Content::Unavailable(format!("not available: its {len} bytes at {offset} lie outside {shown}, which has {file_len}"))
        }
        Ok((source, _)) if len == 0 => Content::Empty(Bytes { source, offset, len }),
        Ok((source, _)) => Content::Data(Bytes { source, offset, len }),
    };
    root.reader().spend(content.text_len())?;
    Ok((id, content))
}

/// The files beside the model that were asked for.
struct Files<'m> {
    model: &'m Source,
    by_name: HashMap<String, Result<(usize, u64), String>>,
    sources: Vec<Source>,
}

impl Files<'_> {
    /// The index among the model's sources and the length of a file, or why it is not available.
    fn open(&mut self, name: &str, shown: &str, warnings: &mut Warnings) -> Result<(usize, u64), String> {
        if let Some(known) = self.by_name.get(name) {
            return known.clone();
        }
        if self.by_name.len() >= MAX_FILES {
            return Err(format!("not available: {shown} (more than {MAX_FILES} other files)"));
        }
        let opened = match self.model.companion(name) {
            Ok(source) => {
                let len = source.len();
                self.sources.push(source);
                // The first source is the model's own file.
                Ok((self.sources.len(), len))
            }
            Err(why) => {
                warnings.push(|| format!("weights in the file {shown:?} are not available: {why}"));
                Err(format!("not available: {shown} ({why})"))
            }
        };
        self.by_name.insert(name.to_owned(), opened.clone());
        opened
    }
}
