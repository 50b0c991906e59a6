//! NumPy's `.npz`: a zip archive with one `.npy` an array, not compressed, as `numpy.savez` does.
//!
//! Arrays are added one after the other, each streamed into the file. Entries of 4 GiB and more use
//! the 64-bit form of the format; the others do without, so that simple readers know them.

use std::fs::File;
use std::io::{self, BufWriter, Seek, Write};
use std::path::Path;

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::{Array, atomic, invalid, npy};
use crate::jobs::Token;

/// An archive that is being written.
pub struct Archive<W: Write + Seek + Send> {
    zip: ZipWriter<W>,
}

/// Writes a file; `fill` adds the arrays.
///
/// # Errors
/// What `fill` or the file system says.
pub fn write(path: &Path, fill: impl FnOnce(&mut Archive<&mut BufWriter<File>>) -> io::Result<()>) -> io::Result<()> {
    stage(path, fill)?.commit()
}

/// [`write()`], but for the file's name.
///
/// # Errors
/// As for [`write()`].
pub fn stage(path: &Path, fill: impl FnOnce(&mut Archive<&mut BufWriter<File>>) -> io::Result<()>) -> io::Result<atomic::Staged> {
    atomic::stage(path, |out| {
        let mut archive = Archive::new(out);
        fill(&mut archive)?;
        archive.finish()?;
        Ok(())
    })
}

impl<W: Write + Seek + Send> Archive<W> {
    pub fn new(out: W) -> Self {
        Self { zip: ZipWriter::new(out) }
    }

    /// Adds an array under a name that the archive does not have yet; it may contain `/`. That is
    /// the name by which `numpy.load` knows the array.
    ///
    /// # Errors
    /// A name that is taken, or longer than 64 KiB; whatever else as for [`npy::write`].
    pub fn add(&mut self, name: &str, array: &mut Array<'_>, token: &Token) -> io::Result<()> {
        /// What an entry of the usual form may hold.
        const SMALL: u64 = u32::MAX as u64;
        let entry = format!("{name}.npy");
        if entry.len() > usize::from(u16::MAX) {
            return Err(invalid("the name of an array is longer than an archive can hold"));
        }
        let header = npy::header(array.element(), array.shape())?;
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .unix_permissions(0o644)
            .large_file(array.byte_len().saturating_add(header.len() as u64) >= SMALL);
        self.zip.start_file(entry, options)?;
        self.zip.write_all(&header)?;
        array.write_bytes(&mut self.zip, token)
    }

    /// Writes the list of entries.
    ///
    /// # Errors
    /// What the writer says.
    pub fn finish(self) -> io::Result<W> {
        Ok(self.zip.finish()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.npz");
        let token = Token::new();
        write(&path, |archive| {
            archive.add("conv/kernel", &mut Array::of_f32(&[2], &[1.0, 2.0])?, &token)?;
            archive.add("/Länge/bias#2", &mut Array::of_f32(&[], &[3.0])?, &token)
        })
        .unwrap();
        let mut zip = zip::ZipArchive::new(File::open(&path).unwrap()).unwrap();
        let names: Vec<String> = zip.file_names().map(str::to_owned).collect();
        assert_eq!(names, ["conv/kernel.npy", "/Länge/bias#2.npy"]);
        let mut bytes = Vec::new();
        io::copy(&mut zip.by_name("conv/kernel.npy").unwrap(), &mut bytes).unwrap();
        assert_eq!(bytes[128..], [0, 0, 0x80, 0x3f, 0, 0, 0, 0x40]);
        // Sizes stand in the entry's own header, for readers that do not look at the list.
        let file = std::fs::read(&path).unwrap();
        assert_eq!(file[18..26], [136, 0, 0, 0, 136, 0, 0, 0]);
    }

    #[test]
    fn names_are_checked() {
        let token = Token::new();
        let mut archive = Archive::new(io::Cursor::new(Vec::new()));
        archive.add("a", &mut Array::of_f32(&[1], &[1.0]).unwrap(), &token).unwrap();
        assert!(archive.add("a", &mut Array::of_f32(&[1], &[1.0]).unwrap(), &token).is_err());
        assert!(archive.add(&"x".repeat(70_000), &mut Array::of_f32(&[1], &[1.0]).unwrap(), &token).is_err());
    }

    #[test]
    fn a_cancelled_archive_leaves_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.npz");
        let token = Token::new();
        token.cancel();
        let failed = write(&path, |archive| archive.add("a", &mut Array::of_f32(&[1], &[1.0])?, &token));
        assert!(failed.is_err() && !path.exists());
    }
}
