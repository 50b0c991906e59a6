//! The bytes of a file, mapped into memory. The only `unsafe` of the crate is here.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use memmap2::Mmap;

/// A file's bytes. Pages are read when they are touched, so that a file of gigabytes opens at once.
#[derive(Debug)]
pub struct Source {
    path: PathBuf,
    bytes: Backing,
}

#[derive(Debug)]
enum Backing {
    Mapped(Mmap),
    Owned(Vec<u8>),
}

impl Source {
    /// Maps a regular file for reading.
    ///
    /// # Errors
    /// The system's error, or one that says that the path is not a regular file.
    #[expect(unsafe_code, reason = "mapping a file is unsafe by nature; see the comment")]
    pub fn open(path: &Path) -> io::Result<Self> {
        // Before it is opened: opening a pipe waits for whoever writes into it.
        let metadata = std::fs::metadata(path)?;
        if metadata.is_dir() {
            return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a folder"));
        }
        if !metadata.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"));
        }
        let file = File::open(path)?;
        let bytes = if file.metadata()?.len() == 0 {
            Backing::Owned(Vec::new())
        } else {
            // SAFETY: the map is private to this struct, read-only, and lives as long as the slices
            // lent from it. Should another program shorten the file meanwhile, touching the lost
            // pages ends the process (SIGBUS), as for every program that maps files; other changes
            // only change the numbers shown.
            Backing::Mapped(unsafe { Mmap::map(&file)? })
        };
        Ok(Self { path: path.to_owned(), bytes })
    }

    /// Bytes that are in memory already: an embedded model, or a test's.
    pub fn from_bytes(path: impl Into<PathBuf>, bytes: Vec<u8>) -> Self {
        Self { path: path.into(), bytes: Backing::Owned(bytes) }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn bytes(&self) -> &[u8] {
        match &self.bytes {
            Backing::Mapped(map) => map,
            Backing::Owned(bytes) => bytes,
        }
    }

    pub fn len(&self) -> u64 {
        self.bytes().len() as u64
    }

    pub fn is_empty(&self) -> bool {
        self.bytes().is_empty()
    }

    /// `len` bytes from `offset`; `None` if they do not all lie in the file.
    pub fn range(&self, offset: u64, len: u64) -> Option<&[u8]> {
        let start = usize::try_from(offset).ok()?;
        let end = start.checked_add(usize::try_from(len).ok()?)?;
        self.bytes().get(start..end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_checked() {
        let source = Source::from_bytes("x", vec![1, 2, 3]);
        assert_eq!(source.range(1, 2), Some(&[2, 3][..]));
        assert_eq!(source.range(3, 0), Some(&[][..]));
        assert_eq!(source.range(2, 2), None);
        assert_eq!(source.range(u64::MAX, 1), None);
        assert_eq!(source.range(1, u64::MAX), None);
    }

    #[test]
    fn folders_and_empty_files() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Source::open(folder.path()).is_err());
        let path = folder.path().join("empty");
        std::fs::write(&path, b"").unwrap();
        assert!(Source::open(&path).unwrap().is_empty());
    }

    /// Opening a pipe to read would wait for a writer, for ever.
    #[cfg(unix)]
    #[test]
    fn pipes_are_refused_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        assert_eq!(Source::open(&path).unwrap_err().to_string(), "it is not a regular file");
    }

    /// A file that is mostly a hole, larger than the machine's memory.
    #[cfg(unix)]
    #[test]
    fn a_file_of_tens_of_gigabytes_is_only_mapped() {
        use std::os::unix::fs::FileExt;
        const SIZE: u64 = 48 << 30;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("large.bin");
        let file = File::create(&path).unwrap();
        file.set_len(SIZE).unwrap();
        file.write_all_at(b"end", SIZE - 3).unwrap();
        let source = Source::open(&path).unwrap();
        assert_eq!(source.len(), SIZE);
        assert_eq!(source.range(SIZE - 3, 3), Some(&b"end"[..]));
        assert_eq!(source.range(SIZE - 2, 3), None);
    }
}
