//! The bytes of a file, or of a part of one, mapped into memory. The only `unsafe` of the crate is here.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use memmap2::Mmap;

mod packed;

pub use packed::{Packed, Packing};

/// A file's bytes, or those of a part of it. Pages are read when they are touched, so that a file of
/// gigabytes opens at once.
#[derive(Clone, Debug)]
pub struct Source {
    path: Arc<Path>,
    backing: Arc<Backing>,
    range: Range<usize>,
    /// What [`Source::companion`] finds beside a part of a file, by name; `None` for a file of its own.
    siblings: Option<Arc<[(String, Source)]>>,
    allowance: u64,
}

#[derive(Debug)]
enum Backing {
    Mapped(Mmap),
    Owned(Vec<u8>),
}

impl Backing {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Mapped(map) => map,
            Self::Owned(bytes) => bytes,
        }
    }
}

/// What a format's reader may use whatever the length of the file, in bytes: with four times the length,
/// and what the catalogue of weights and the program itself take, opening stays under 4 N + 64 MiB.
const BASE_ALLOWANCE: u64 = 24 << 20;

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
        Ok(Self::of(path, bytes))
    }

    /// Bytes that are in memory already: the example model, or a test's.
    pub fn from_bytes(path: impl Into<PathBuf>, bytes: Vec<u8>) -> Self {
        Self::of(&path.into(), Backing::Owned(bytes))
    }

    fn of(path: &Path, backing: Backing) -> Self {
        let len = backing.bytes().len();
        let allowance = (len as u64).saturating_mul(4).saturating_add(BASE_ALLOWANCE);
        Self { path: path.into(), backing: Arc::new(backing), range: 0..len, siblings: None, allowance }
    }

    /// A part of the file under a path of its own; no byte is copied. `None` if it does not lie in the
    /// file.
    pub fn part(&self, path: &Path, offset: u64, len: u64) -> Option<Self> {
        let start = self.range.start.checked_add(usize::try_from(offset).ok()?)?;
        let end = start.checked_add(usize::try_from(len).ok()?)?;
        let allowance = len.saturating_mul(4).saturating_add(BASE_ALLOWANCE);
        (end <= self.range.end).then(|| Self {
            path: path.into(),
            backing: Arc::clone(&self.backing),
            range: start..end,
            siblings: Some(Arc::default()),
            allowance,
        })
    }

    /// Bytes that were unpacked from a file. Reading them may take no more memory than `allowance`,
    /// whatever their length, since a small file can unpack to a long one.
    pub fn unpacked(path: &Path, bytes: Vec<u8>, allowance: u64) -> Self {
        let source = Self::of(path, Backing::Owned(bytes));
        Self { allowance: source.allowance.min(allowance), siblings: Some(Arc::default()), ..source }
    }

    /// The part of a file with what lies beside it there.
    pub fn with_siblings(self, siblings: Arc<[(String, Self)]>) -> Self {
        Self { siblings: Some(siblings), ..self }
    }

    /// For a file its path; for a part of one the file's path with the part's name after it.
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn bytes(&self) -> &[u8] {
        self.backing.bytes().get(self.range.clone()).unwrap_or_default()
    }

    pub fn len(&self) -> u64 {
        self.range.len() as u64
    }

    /// The length of the file that this is a part of, in bytes; the same as `len` for a whole file.
    pub fn len_around(&self) -> u64 {
        self.backing.bytes().len() as u64
    }

    pub fn is_empty(&self) -> bool {
        self.range.is_empty()
    }

    /// `len` bytes from `offset`; `None` if they do not all lie in the file.
    pub fn range(&self, offset: u64, len: u64) -> Option<&[u8]> {
        let start = usize::try_from(offset).ok()?;
        let end = start.checked_add(usize::try_from(len).ok()?)?;
        self.bytes().get(start..end)
    }

    /// How much memory reading the model in these bytes may take, in bytes.
    pub fn allowance(&self) -> u64 {
        self.allowance
    }

    /// Another file that the model names: beside its own file, or beside it in the file that both are
    /// parts of. A model may come from anywhere, so nothing outside its folder is ever opened.
    ///
    /// # Errors
    /// Why there is no such file, as the rest of a sentence.
    pub fn companion(&self, name: &str) -> Result<Self, String> {
        if let Some(siblings) = &self.siblings {
            let found = siblings.iter().find(|(sibling, _)| sibling == name);
            return found.map(|(_, source)| source.clone()).ok_or_else(|| "it is not in the model's bundle".to_owned());
        }
        let is_plain = |part: Component<'_>| matches!(part, Component::Normal(_) | Component::CurDir);
        // Another system's separators and drive letters are refused here too: a model means the same everywhere.
        if name.is_empty() || name.contains(['\\', ':', '\0']) || !Path::new(name).components().all(is_plain) {
            return Err("it is not in the model's folder".to_owned());
        }
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let path = folder.join(name);
        let because = |error: io::Error| match error.kind() {
            io::ErrorKind::NotFound => "the file is missing".to_owned(),
            _ => error.to_string(),
        };
        let real = path.canonicalize().map_err(because)?;
        if !real.starts_with(folder.canonicalize().map_err(because)?) {
            return Err("it is not in the model's folder".to_owned());
        }
        Self::open(&path).map_err(because)
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
    fn parts_of_parts() {
        let source = Source::from_bytes("x", vec![0, 1, 2, 3, 4]);
        let part = source.part(Path::new("x/a"), 1, 3).unwrap();
        assert_eq!((part.bytes(), part.len(), part.path()), (&[1, 2, 3][..], 3, Path::new("x/a")));
        let inner = part.part(Path::new("x/a/b"), 2, 1).unwrap();
        assert_eq!((inner.bytes(), inner.range(0, 1), inner.range(0, 2)), (&[3][..], Some(&[3][..]), None));
        for (offset, len) in [(2, 2), (4, 0), (u64::MAX, 1), (1, u64::MAX)] {
            assert!(part.part(Path::new("x/b"), offset, len).is_none(), "{len} from {offset}");
        }
    }

    #[test]
    fn folders_and_empty_files() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Source::open(folder.path()).is_err());
        let path = folder.path().join("empty");
        std::fs::write(&path, b"").unwrap();
        assert!(Source::open(&path).unwrap().is_empty());
    }

    #[test]
    fn companions_stay_in_the_folder() {
        let outside = tempfile::tempdir().unwrap();
        let folder = outside.path().join("models");
        std::fs::create_dir_all(folder.join("sub")).unwrap();
        for name in ["secret", "models/m.tflite", "models/weights.bin", "models/sub/more.bin"] {
            std::fs::write(outside.path().join(name), name).unwrap();
        }
        let model = Source::open(&folder.join("m.tflite")).unwrap();
        for (name, found) in [
            ("weights.bin", true),
            ("./weights.bin", true),
            ("sub/more.bin", true),
            ("missing.bin", false),
            ("sub", false),
            ("", false),
            ("../secret", false),
            ("sub/../../secret", false),
            ("..\\secret", false),
            ("C:secret", false),
            (outside.path().join("secret").to_str().unwrap(), false),
        ] {
            assert_eq!(model.companion(name).is_ok(), found, "{name:?}");
        }
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(outside.path().join("secret"), folder.join("link")).unwrap();
            std::os::unix::fs::symlink(folder.join("weights.bin"), folder.join("good_link")).unwrap();
            assert!(model.companion("link").is_err());
            assert!(model.companion("good_link").is_ok());
        }
    }

    #[test]
    fn a_part_finds_companions_beside_it_alone() {
        let source = Source::from_bytes("bundle", vec![7; 4]);
        let part = |name: &str| source.part(&Path::new("bundle").join(name), 0, 4).unwrap();
        let model = part("m").with_siblings([("weights".to_owned(), part("weights"))].into());
        assert_eq!(model.companion("weights").unwrap().len(), 4);
        assert!(model.companion("Cargo.toml").is_err());
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
