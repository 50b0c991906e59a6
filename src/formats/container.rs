//! Files that hold models and other files: `.task` bundles, which are zip archives, and LiteRT-LM's
//! `.litertlm`.
//!
//! A model inside is named by a path that goes on into the file: `bundle.task/model.tflite`. What is
//! stored as it is stays where it is; what is compressed is unpacked within an allowance that grows with
//! the file. Bundles lie in bundles (MediaPipe's gesture recogniser), so the search goes some levels deep.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use crate::formats::tflite;
use crate::model::{AssociatedFile, FileKind};
use crate::source::{Packed, Source};

mod litertlm;
pub mod zip;

/// What is in a bundle.
#[derive(Debug, Default)]
pub struct Container {
    pub models: Vec<Member>,
    /// Everything else.
    pub files: Vec<AssociatedFile>,
    pub warnings: Vec<String>,
}

/// A model in a bundle.
#[derive(Debug)]
pub struct Member {
    /// The way to it: `model.tflite`, or `inner.task/model.tflite`.
    pub name: String,
    content: Packed,
    siblings: Siblings,
}

type Siblings = Arc<[(String, Source)]>;

/// Usual extensions, without the dot.
pub const EXTENSIONS: &[&str] = &["task", "litertlm"];
/// Bundles within bundles.
const MAX_DEPTH: usize = 3;
/// A part of a file may be the file itself; what is found in bundles comes to an end.
const MAX_BUNDLES: usize = 64;
const MAX_PARTS: usize = 10_000;
/// Unpacking may take this much memory for a file of N bytes: 4 N + 32 MiB. As much again is left for
/// reading what was unpacked, so that opening stays under 4 N + 64 MiB.
const UNPACKED_BASE: u64 = 32 << 20;
const READING_BASE: u64 = 16 << 20;

/// Whether the bytes begin as a bundle does.
pub fn sniff(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(litertlm::MAGIC)
}

/// The most bytes that the files inside a file of `len` bytes may come to, all together.
pub fn unpacking_limit(len: u64) -> u64 {
    len.saturating_mul(4).saturating_add(UNPACKED_BASE)
}

/// What is in a bundle, and in the bundles inside it; `None` if the source is no bundle.
///
/// # Errors
/// One sentence: the bundle's own directory is damaged.
pub fn read(source: &Source) -> Result<Option<Container>, String> {
    if !sniff(source.bytes()) {
        return Ok(None);
    }
    let mut container = Container::default();
    let mut allowance = unpacking_limit(source.len());
    // The bundles that are still to be read: the way to each, its bytes, its depth.
    let mut waiting = vec![(String::new(), source.clone(), 0)];
    let mut bundles = 0;
    while let Some((prefix, bundle, depth)) = waiting.pop() {
        bundles += 1;
        if bundles > MAX_BUNDLES || container.models.len() + container.files.len() > MAX_PARTS {
            container.warnings.push(format!("more than {MAX_BUNDLES} bundles or {MAX_PARTS} files lie in it; the rest is left out"));
            break;
        }
        let parts = match parts(&bundle) {
            Ok(parts) => parts,
            Err(problem) if depth == 0 => return Err(problem),
            Err(problem) => {
                container.warnings.push(format!("the bundle {prefix} in it can't be read: {problem}"));
                continue;
            }
        };
        container.warnings.extend(parts.warnings);
        let mut inner = Vec::new();
        for part in parts.parts {
            let name = format!("{prefix}{}", part.name);
            let head = part.content.head(8);
            if tflite::has_identifier(&head) || part.is_model {
                container.models.push(Member { name, content: part.content, siblings: part.siblings });
            } else if sniff(&head) && depth + 1 < MAX_DEPTH {
                match unpack(&part.content, &bundle.path().join(&part.name), &mut allowance) {
                    Ok(bundle) => inner.push((format!("{name}/"), bundle, depth + 1)),
                    Err(problem) => container.warnings.push(format!("the bundle {name} in it can't be read: {problem}")),
                }
            } else {
                container.files.push(AssociatedFile { name, ..AssociatedFile::new(part.content, part.kind) });
            }
        }
        waiting.extend(inner.into_iter().rev());
    }
    Ok(Some(container))
}

impl Member {
    /// The model's bytes. `bundle` is the file that it was found in.
    ///
    /// # Errors
    /// One sentence why they can't be had.
    pub fn source(&self, bundle: &Source) -> Result<Source, String> {
        let mut allowance = unpacking_limit(bundle.len());
        let source = unpack(&self.content, &self.path(bundle), &mut allowance)?;
        Ok(source.with_siblings(Arc::clone(&self.siblings)))
    }

    /// The path by which a person names the model.
    pub fn path(&self, bundle: &Source) -> PathBuf {
        bundle.path().join(&self.name)
    }
}

/// A part of a bundle, before it is known what to do with it.
struct Part {
    /// Safe to be joined to a path, and unlike all others.
    name: String,
    content: Packed,
    kind: FileKind,
    /// The bundle says so, whatever the bytes say.
    is_model: bool,
    siblings: Siblings,
}

#[derive(Default)]
struct Parts {
    parts: Vec<Part>,
    warnings: Vec<String>,
}

fn parts(bundle: &Source) -> Result<Parts, String> {
    if bundle.bytes().starts_with(litertlm::MAGIC) {
        return litertlm::read(bundle);
    }
    let archive = zip::read(bundle).ok_or("its directory is missing or damaged: the file may be cut off")?;
    let mut warnings = Vec::new();
    if archive.unlisted > 0 {
        warnings.push(format!("{} more files in it are not listed", archive.unlisted));
    }
    let files = named(archive);
    // A model may have its weights in another file of the archive.
    let siblings: Siblings =
        files.iter().filter_map(|(name, content)| Some((name.clone(), content.plain()?.clone()))).collect::<Vec<_>>().into();
    let part = |(name, content): (String, Packed)| {
        let kind = FileKind::of(&name, &content);
        Part { name, content, kind, is_model: false, siblings: Arc::clone(&siblings) }
    };
    Ok(Parts { parts: files.into_iter().map(part).collect(), warnings })
}

/// The files of the archive behind a model's flatbuffer. What they come to together is bounded by the
/// length of the file, whatever they claim.
pub fn tail(source: &Source) -> (Vec<AssociatedFile>, Option<String>) {
    let Some(archive) = zip::read(source) else { return (Vec::new(), None) };
    let more = (archive.unlisted > 0).then(|| format!("{} more files in the archive behind the model are not listed", archive.unlisted));
    let file = |(name, content): (String, Packed)| {
        let kind = FileKind::of(&name, &content);
        AssociatedFile { name, ..AssociatedFile::new(content, kind) }
    };
    (named(archive).into_iter().map(file).collect(), more)
}

/// An archive's files under names that are safe and unlike each other.
fn named(archive: zip::Archive) -> Vec<(String, Packed)> {
    let mut names = Names::default();
    archive.entries.into_iter().map(|entry| (names.unique(&plain_name(&entry.name)), entry.content)).collect()
}

/// A name that can't lead anywhere but into the folder that it is joined to: no root, no drive, no `..`,
/// nothing that a file system takes for something else.
pub fn plain_name(name: &str) -> String {
    const MAX_PART: usize = 120;
    let plain = |part: &str| -> String {
        let letter = |letter: char| if letter.is_control() || "<>:\"|?*".contains(letter) { '_' } else { letter };
        part.chars().take(MAX_PART).map(letter).collect::<String>().trim_end_matches(['.', ' ']).to_owned()
    };
    let parts: Vec<String> = name.split(['/', '\\']).map(plain).filter(|part| !part.is_empty()).take(8).collect();
    if parts.is_empty() { "unnamed".to_owned() } else { parts.join("/") }
}

/// Names in use, in lower case (to some file systems case makes no difference), each with the number
/// that the next one alike gets.
#[derive(Debug, Default)]
struct Names(HashMap<String, usize>);

impl Names {
    /// The name, with a number before its extension where it is taken already.
    fn unique(&mut self, name: &str) -> String {
        let (stem, extension) = match name.rfind('.').filter(|dot| *dot > name.rfind('/').map_or(0, |slash| slash + 1)) {
            Some(dot) => name.split_at(dot),
            None => (name, ""),
        };
        let mut candidate = name.to_owned();
        while self.0.contains_key(&candidate.to_lowercase()) {
            let number = self.0.entry(name.to_lowercase()).or_insert(1);
            *number += 1;
            candidate = format!("{stem}_{number}{extension}");
        }
        self.0.insert(candidate.to_lowercase(), 1);
        candidate
    }
}

/// The bytes of a part as a source: the same bytes, or unpacked ones.
fn unpack(content: &Packed, path: &std::path::Path, allowance: &mut u64) -> Result<Source, String> {
    if let Some(plain) = content.plain() {
        return plain.part(path, 0, plain.len()).ok_or_else(|| "its bytes lie outside the file".to_owned());
    }
    let bytes = content.bytes(*allowance)?.into_owned();
    *allowance = allowance.saturating_sub(content.len());
    Ok(Source::unpacked(path, bytes, *allowance + READING_BASE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_nowhere_else() {
        for (name, expected) in [
            ("labels.txt", "labels.txt"),
            ("a/b.txt", "a/b.txt"),
            ("../../etc/passwd", "etc/passwd"),
            ("/etc/passwd", "etc/passwd"),
            ("C:\\windows\\x", "C_/windows/x"),
            ("a\0b\n", "a_b_"),
            ("..", "unnamed"),
            ("", "unnamed"),
            (" . /x. ", "x"),
        ] {
            assert_eq!(plain_name(name), expected, "{name:?}");
        }
        assert_eq!(plain_name(&"x/".repeat(100)).len(), 15);
    }

    #[test]
    fn alike_names_get_numbers() {
        let mut taken = Names::default();
        let names = ["a.txt", "A.txt", "a.txt", "b/a.txt", "x", "x", ".x", ".x"].map(|name| taken.unique(name));
        assert_eq!(names, ["a.txt", "A_2.txt", "a_3.txt", "b/a.txt", "x", "x_2", ".x", ".x_2"]);
    }
}
