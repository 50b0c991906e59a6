//! The files that come with a model, written out: one by one, or all into a folder.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::atomic;
use crate::formats::container::unpacking_limit;
use crate::jobs::Token;
use crate::model::AssociatedFile;

/// Writes one file.
///
/// # Errors
/// What the file system says; `InvalidData`: the file is damaged in the model, or unpacks to more than
/// belongs into a file of the model's length.
pub fn write(file: &AssociatedFile, path: &Path, token: &Token) -> io::Result<()> {
    check_len(std::slice::from_ref(file))?;
    atomic::write(path, |out| file.content.copy_to(out, token))
}

/// Writes all the files into a folder, which is made if it is not there. Returns what was written, and
/// for each file that could not be a sentence with its name last.
///
/// # Errors
/// What the file system says; `InvalidData`: together the files unpack to more than belongs into a file
/// of the model's length.
pub fn write_all(files: &[AssociatedFile], folder: &Path, token: &Token) -> io::Result<(Vec<PathBuf>, Vec<String>)> {
    check_len(files)?;
    fs::create_dir_all(folder)?;
    let (mut written, mut skipped) = (Vec::new(), Vec::new());
    for file in files {
        // Names lead nowhere but into the folder (`container::plain_name`).
        let path = folder.join(&file.name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        match atomic::write(&path, |out| file.content.copy_to(out, token)) {
            Ok(()) => written.push(path),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => skipped.push(format!("{error}: {}", file.name)),
            Err(error) => return Err(error),
        }
    }
    Ok((written, skipped))
}

/// A small archive may claim to hold terabytes.
fn check_len(files: &[AssociatedFile]) -> io::Result<()> {
    let len = files.iter().fold(0u64, |len, file| len.saturating_add(file.content.len()));
    let around = files.iter().map(|file| file.content.len_around()).max().unwrap_or(0);
    if len <= unpacking_limit(around) {
        return Ok(());
    }
    let problem = format!("unpacked it would be {len} bytes, which is too much for a file of {around}");
    Err(io::Error::new(io::ErrorKind::InvalidData, problem))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::FileKind;
    use crate::source::{Packed, Packing, Source};

    fn file(name: &str, bytes: &[u8], packing: Packing, len: u64) -> AssociatedFile {
        let content = Packed::new(Source::from_bytes("m.tflite", bytes.to_vec()), packing, len, None);
        AssociatedFile { name: name.to_owned(), ..AssociatedFile::new(content, FileKind::Text) }
    }

    #[test]
    fn all_files_but_the_damaged_ones() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("new");
        let files = [
            file("labels.txt", b"cat\ndog\n", Packing::Plain, 8),
            file("damaged.txt", b"\xff\xff", Packing::Deflate, 9),
            file("sub/vocab.txt", b"", Packing::Plain, 0),
        ];
        let (written, skipped) = write_all(&files, &target, &Token::new()).unwrap();
        assert_eq!(written, [target.join("labels.txt"), target.join("sub/vocab.txt")]);
        assert!(matches!(skipped.as_slice(), [sentence] if sentence.ends_with(": damaged.txt")), "{skipped:?}");
        assert_eq!(fs::read(target.join("labels.txt")).unwrap(), b"cat\ndog\n");
        assert!(!target.join("damaged.txt").exists());
    }

    #[test]
    fn bombs_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bomb");
        let bombs = [file("a", &[0; 60_000], Packing::Deflate, 20 << 20), file("b", &[0; 60_000], Packing::Deflate, 20 << 20)];
        assert!(write_all(&bombs, &path, &Token::new()).is_err_and(|error| error.to_string().contains("too much")));
        let bomb = file("a", &[0; 60_000], Packing::Deflate, 60 << 20);
        assert!(write(&bomb, &path, &Token::new()).is_err_and(|error| error.to_string().contains("too much")));
        assert!(!path.exists());
    }
}
