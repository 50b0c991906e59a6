//! The `.bin` beside the `.xml`: where the bytes of every constant lie.

use std::io;
use std::path::PathBuf;

use super::warnings::Warnings;
use crate::model::{Bytes, DType, Data, Shape};
use crate::source::Source;

/// The constants' file, mapped when the first constant asks for it.
pub struct Constants {
    path: PathBuf,
    file: Option<Result<Source, String>>,
    shortfalls: Warnings,
    has_nibbles: bool,
    has_u2: bool,
    has_groups: bool,
}

impl Constants {
    pub fn new(path: PathBuf) -> Self {
        Self { path, file: None, shortfalls: Warnings::default(), has_nibbles: false, has_u2: false, has_groups: false }
    }

    /// The size of the file, where there is one.
    pub fn file_bytes(&self) -> u64 {
        std::fs::metadata(&self.path).map_or(0, |metadata| metadata.len())
    }

    /// The data of a constant of a layer. `range` is its offset and size, where the layer has them; a
    /// range may be longer than the elements need.
    pub fn data(&mut self, layer: &str, dtype: DType, shape: &Shape, range: Option<(u64, u64)>) -> Data {
        let Some((offset, size)) = range else {
            return self.unavailable(layer, "a constant has no offset and size");
        };
        let path = &self.path;
        let len = match self.file.get_or_insert_with(|| map(path)) {
            Ok(source) => source.len(),
            Err(why) => return Data::Unavailable(why.clone()),
        };
        self.has_nibbles |= matches!(dtype, DType::I4 | DType::U4);
        self.has_u2 |= dtype == DType::U2;
        self.has_groups |= matches!(dtype, DType::U3 | DType::U6);
        if size > len || offset > len - size {
            let file = self.path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
            return self.unavailable(layer, &format!("a constant lies outside {file}, which has {len} bytes"));
        }
        let needed = match shape.count() {
            _ if dtype.bits() == 0 => size,
            None => return self.unavailable(layer, "a constant has a shape that is open or too large"),
            Some(count) => dtype.packed_bytes(count).unwrap_or(u64::MAX),
        };
        if needed > size {
            return self.unavailable(layer, "a constant has fewer bytes than its shape takes");
        }
        let bytes = self.file.as_ref().and_then(|file| file.as_ref().ok()?.range(offset, needed));
        if dtype == DType::String
            && let Some(why) = bytes.and_then(|bytes| fault_of_strings(bytes, shape.count()))
        {
            return self.unavailable(layer, why);
        }
        Data::Stored(Bytes { source: 0, offset, len: needed })
    }

    /// Adds what there is to say about the file as a whole. `written_by` is the release of OpenVINO
    /// that wrote it, as far as the file says so.
    pub fn warn(&mut self, written_by: Option<(u32, u32)>, warnings: &mut Warnings) {
        if let Some(Err(why)) = &self.file {
            warnings.once(why.clone());
        }
        for sentence in std::mem::take(&mut self.shortfalls).into_sentences() {
            warnings.once(sentence);
        }
        // The runtime gives the bytes its own meaning, whatever wrote them, and so does this
        // program (OpenVINO pull requests 20371, 31181 and 37430).
        let Some(release) = written_by else { return };
        for (is_met, since, names) in [(self.has_nibbles, (2023, 2), "4-bit"), (self.has_u2, (2025, 3), "2-bit")] {
            if is_met && release < since {
                warnings.once(format!(
                    "the file was written by OpenVINO {}.{}, which packed {names} constants in another order than {}.{} and later; \
                     they are read as a current runtime reads them",
                    release.0, release.1, since.0, since.1
                ));
            }
        }
        if self.has_groups && release > (2026, 4) {
            warnings.once(format!(
                "the file was written by OpenVINO {}.{}, which may pack 3-bit and 6-bit constants in another order than 2026.4; \
                 they are read as 2026.4 reads them",
                release.0, release.1
            ));
        }
    }

    /// The mapped file, if any constant needed it and it could be read.
    pub fn into_sources(self) -> Vec<Source> {
        self.file.and_then(Result::ok).into_iter().collect()
    }

    fn unavailable(&mut self, layer: &str, why: &str) -> Data {
        self.shortfalls.add(why, || layer.to_owned());
        Data::Unavailable(why.to_owned())
    }
}

/// What is wrong with a constant of strings as a whole: `i32` count, then the count and one more
/// offsets into the characters that follow. Writers up to 2025.2 broke repeated ones.
fn fault_of_strings(bytes: &[u8], expected: Option<u64>) -> Option<&'static str> {
    let (words, _) = bytes.as_chunks::<4>();
    let word = |index: u64| words.get(usize::try_from(index).ok()?).map(|word| u64::from(u32::from_le_bytes(*word)));
    let Some(count) = word(0) else { return Some("a constant of strings has no room for their count") };
    if Some(count) != expected {
        return Some("a constant of strings has another count of them than its shape");
    }
    let header = 4 * (count + 2);
    match (word(1), word(count + 1)) {
        (Some(0), Some(last)) if header + last <= bytes.len() as u64 => None,
        _ => Some("a constant of strings has offsets that do not lie in it"),
    }
}

fn map(path: &std::path::Path) -> Result<Source, String> {
    let shown = path.display();
    match Source::open(path) {
        Ok(source) if source.bytes().starts_with(b"version https://git-lfs") => {
            Err(format!("the constants' file is a git-lfs pointer, not the file itself (fetch it with `git lfs pull`): {shown}"))
        }
        Ok(source) => Ok(source),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(format!("the file with the constants is missing: {shown}")),
        Err(error) => Err(format!("can't read the file with the constants: {error}: {shown}")),
    }
}
