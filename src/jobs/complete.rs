//! What the file system has: completions for a path that is being typed, the models of a folder.

use std::path::{Path, PathBuf};

use super::Token;
use super::pool::Failure;
use crate::formats;
use crate::source::Source;

/// What the file system says about a typed path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Completions {
    /// What was typed.
    pub text: String,
    /// Folder entries that begin with it, folders first, each as the whole path to type.
    pub paths: Vec<String>,
    /// Whether there is a file of exactly that name.
    pub is_file: bool,
}

/// Entries of a folder that are looked at.
const ENTRIES_READ: usize = 4096;

/// Looks at one folder.
pub fn complete(text: String) -> Completions {
    let is_file = expand_home(text.trim()).is_file();
    let (folder_text, prefix) = text.rsplit_once('/').map_or(("", text.as_str()), |(folder, prefix)| (&text[..=folder.len()], prefix));
    let folder = if folder_text.is_empty() { PathBuf::from(".") } else { expand_home(folder_text) };
    let mut found: Vec<(bool, String)> = std::fs::read_dir(folder)
        .into_iter()
        .flat_map(|entries| entries.take(ENTRIES_READ).flatten())
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let is_hidden = name.starts_with('.') && !prefix.starts_with('.');
            if !name.starts_with(prefix) || name == prefix || is_hidden {
                return None;
            }
            // Through links, too.
            let is_folder = entry.path().is_dir();
            Some((!is_folder, format!("{folder_text}{name}{}", if is_folder { "/" } else { "" })))
        })
        .collect();
    found.sort();
    let paths = found.into_iter().map(|(_, path)| path).collect();
    Completions { text, paths, is_file }
}

/// `~` and `~/...` in the person's own folder.
pub fn expand_home(text: &str) -> PathBuf {
    match text.strip_prefix('~').filter(|rest| rest.is_empty() || rest.starts_with('/')).zip(std::env::home_dir()) {
        Some((rest, home)) => home.join(Path::new(rest.trim_start_matches('/'))),
        None => PathBuf::from(text),
    }
}

/// The files of a folder that are models, by name. Folders in it are left alone.
pub(super) fn models_in(folder: &Path, token: &Token) -> Result<Vec<PathBuf>, Failure> {
    let cant_read = |error: std::io::Error| Failure::Failed(format!("Can't read the folder: {error}: {}", folder.display()));
    let mut models = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(cant_read)? {
        token.check()?;
        let path = entry.map_err(cant_read)?.path();
        let is_model = path.is_file() && Source::open(&path).is_ok_and(|source| formats::is_model(&source));
        models.extend(is_model.then_some(path));
    }
    if models.is_empty() {
        return Err(Failure::Failed(format!("There is no model in the folder: {}", folder.display())));
    }
    models.sort();
    Ok(models)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_come_before_files() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("models")).unwrap();
        for name in ["model.tflite", "other", ".mode"] {
            std::fs::write(folder.path().join(name), "x").unwrap();
        }
        let found = complete(format!("{}/mod", folder.path().display()));
        let names: Vec<_> = found.paths.iter().map(|path| path.rsplit_once("mod").unwrap().1).collect();
        assert_eq!(names, ["els/", "el.tflite"]);
        assert!(!found.is_file && complete(format!("{}/other", folder.path().display())).is_file);
        assert!(complete("/no such folder/x".into()).paths.is_empty());
    }
}
