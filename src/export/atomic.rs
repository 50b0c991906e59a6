//! Files that are written whole or not at all.
//!
//! The content goes into a temporary file beside the target, which takes the target's name once
//! everything is written; where that replaces a file, once everything is on the disk. A failure or a
//! crash leaves what was there before.

use std::fs::{self, File, Permissions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile};

/// Writes a file. Where `path` is a link, the file that it leads to is replaced; where it is a
/// device or a pipe (`/dev/stdout`), it is written to as it stands.
///
/// # Errors
/// Whatever `fill` or the file system says; the target is then as it was.
pub fn write(path: &Path, fill: impl FnOnce(&mut (dyn Write + Send)) -> io::Result<()>) -> io::Result<()> {
    if fs::metadata(path).is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir()) {
        let mut out = BufWriter::new(File::options().write(true).open(path)?);
        fill(&mut out)?;
        return out.flush();
    }
    write_seekable(path, |out| fill(out))
}

/// [`write()`] for a content that goes back to fill in what it did not know, as a zip archive does.
///
/// # Errors
/// As for [`write()`]; or `path` is a device or a pipe, where nobody can go back.
pub fn write_seekable(path: &Path, fill: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>) -> io::Result<()> {
    stage(path, fill)?.commit()
}

/// Content that is written, but not yet under its name. It goes unless it is committed.
#[derive(Debug)]
pub struct Staged {
    temporary: NamedTempFile,
    target: PathBuf,
}

/// Writes a file up to its last step, so that several can take their names once all are there.
///
/// # Errors
/// As for [`write_seekable`].
pub fn stage(path: &Path, fill: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>) -> io::Result<Staged> {
    let target = behind_links(path);
    if fs::metadata(&target).is_ok_and(|metadata| !metadata.is_file()) {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"));
    }
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = Builder::new();
    builder.prefix(".weightscope-").suffix(".part");
    if let Some(permissions) = permissions(&target) {
        builder.permissions(permissions);
    }
    let temporary = builder.tempfile_in(folder).map_err(without_temporary_name)?;
    let mut out = BufWriter::with_capacity(1 << 18, temporary.as_file().try_clone()?);
    fill(&mut out)?;
    let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
    // Waiting for the disk takes longer than all the rest. It is worth that where a file would be lost
    // with the power, not where there was none.
    if target.exists() {
        file.sync_all()?;
    }
    Ok(Staged { temporary, target })
}

impl Staged {
    /// Gives the file its name.
    ///
    /// # Errors
    /// What the file system says; what was there before is there still.
    pub fn commit(self) -> io::Result<()> {
        self.temporary.persist(&self.target).map_err(|error| without_temporary_name(error.error))?;
        Ok(())
    }
}

/// The temporary file's name, which the error's text may hold, means nothing to a person.
fn without_temporary_name(error: io::Error) -> io::Error {
    match (error.get_ref().is_some(), error.kind()) {
        (false, _) | (_, io::ErrorKind::Other) => error,
        (true, kind) => kind.into(),
    }
}

fn behind_links(path: &Path) -> PathBuf {
    if path.is_symlink() { fs::canonicalize(path).unwrap_or_else(|_| path.to_owned()) } else { path.to_owned() }
}

/// Those of the file that is replaced, or what a new file gets (temporary files are private).
#[cfg(unix)]
fn permissions(target: &Path) -> Option<Permissions> {
    use std::os::unix::fs::PermissionsExt as _;
    let existing = fs::metadata(target).ok().filter(fs::Metadata::is_file).map(|metadata| metadata.permissions());
    Some(existing.unwrap_or(Permissions::from_mode(0o666)))
}

#[cfg(not(unix))]
fn permissions(_target: &Path) -> Option<Permissions> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaces_whole_files() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        for content in ["first, and long", "second"] {
            write(&path, |out| out.write_all(content.as_bytes())).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), content);
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_failure_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        fs::write(&path, "before").unwrap();
        let failed = write(&path, |out| {
            out.write_all(&[0; 1 << 20])?;
            Err(io::Error::other("no more"))
        });
        assert_eq!(failed.unwrap_err().to_string(), "no more");
        assert_eq!(fs::read_to_string(&path).unwrap(), "before");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(write(&folder.path().join("nowhere/a.txt"), |_| Ok(())).is_err());
        assert!(write(folder.path(), |_| Ok(())).is_err());
    }

    #[test]
    fn staged_files_wait_for_their_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        drop(stage(&path, |out| out.write_all(b"dropped")).unwrap());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        let staged = stage(&path, |out| out.write_all(b"kept")).unwrap();
        assert!(!path.exists());
        staged.commit().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "kept");
    }

    #[cfg(unix)]
    #[test]
    fn links_and_permissions() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let (real, link) = (folder.path().join("real"), folder.path().join("link"));
        fs::write(&real, "before").unwrap();
        fs::set_permissions(&real, Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        write(&link, |out| out.write_all(b"after")).unwrap();
        assert!(link.is_symlink());
        assert_eq!(fs::read_to_string(&real).unwrap(), "after");
        assert_eq!(fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o640);
        write(Path::new("/dev/null"), |out| out.write_all(b"x")).unwrap();
        assert!(write_seekable(Path::new("/dev/null"), |_| Ok(())).is_err(), "a device is not replaced by a file");
    }
}
