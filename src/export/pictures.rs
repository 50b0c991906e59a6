//! The heatmaps of many weights, a file each, in one folder.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::picture::{Content, PictureFile, PictureOptions};
use crate::jobs::{self, Failure, Loaded, Look, Opened, Token};
use crate::weights::{Reading, Section, Weight};

/// Weights to be drawn.
#[derive(Debug)]
pub struct PictureSet {
    pub opened: Arc<Opened>,
    pub weights: Vec<(Weight, Vec<Section>)>,
    pub reading: Reading,
    pub options: PictureOptions,
    /// `png` or `svg`.
    pub format: String,
}

/// What became of them.
#[derive(Debug, Default)]
pub struct WrittenPictures {
    pub files: Vec<PathBuf>,
    /// Weights without a picture, each with why, as in `conv1 kernel: no elements`.
    pub skipped: Vec<String>,
}

impl PictureSet {
    /// Draws one after the other into a folder, which is made if need be. Every file is whole; a
    /// cancelled set keeps those that are done. `look` says how a weight is looked at.
    ///
    /// # Errors
    /// [`Failure`]: cancelled, or the folder can't be written to.
    pub fn save(
        &self,
        folder: &Path,
        look: impl Fn(&Arc<Loaded>) -> Result<Look, Failure>,
        token: &Token,
    ) -> Result<WrittenPictures, Failure> {
        let cant_make = |error: std::io::Error| Failure::Failed(format!("Can't make the folder: {error}: {}", folder.display()));
        fs::create_dir_all(folder).map_err(cant_make)?;
        let mut written = WrittenPictures::default();
        let mut taken = HashSet::new();
        token.expect(self.weights.len() as u64);
        for (weight, sections) in &self.weights {
            token.check()?;
            let named = || format!("{} {}", self.label(weight), weight.role.with_sections(sections));
            let path = folder.join(unique(&mut taken, &file_stem(&named()), &self.format));
            match self.one(weight, sections, &path, &look, &token.part()) {
                Ok(()) => written.files.push(path),
                Err(Failure::Cancelled) => return Err(Failure::Cancelled),
                Err(Failure::Failed(problem)) if !folder.is_dir() => return Err(Failure::Failed(problem)),
                Err(Failure::Failed(problem)) => written.skipped.push(format!("{}: {problem}", named())),
            }
            token.advance(1);
        }
        // Nothing at all is no set.
        if let (true, Some(problem)) = (written.files.is_empty(), written.skipped.first()) {
            return Err(Failure::Failed(format!("No picture could be written; {problem}")));
        }
        Ok(written)
    }

    fn one(
        &self,
        weight: &Weight,
        sections: &[Section],
        path: &Path,
        look: impl Fn(&Arc<Loaded>) -> Result<Look, Failure>,
        token: &Token,
    ) -> Result<(), Failure> {
        let loaded = jobs::load_counted(Arc::clone(&self.opened), weight.clone(), sections.to_vec(), self.reading, token)?;
        if !loaded.has_numbers() {
            return Err(Failure::Failed("strings have no picture".to_owned()));
        }
        let loaded = Arc::new(loaded);
        let content = Content::Heatmap(Box::new(look(&loaded)?));
        Ok(PictureFile { loaded, content, options: self.options }.save(path, token)?)
    }

    fn label(&self, weight: &Weight) -> &str {
        let labels = self.opened.labels.get(weight.site.graph.0 as usize);
        labels.map_or("", |labels| labels.of(weight.layer()))
    }
}

/// A name that every file system takes.
pub fn file_stem(name: &str) -> String {
    let plain = |letter: char| if letter.is_alphanumeric() || "-_.".contains(letter) { letter } else { '_' };
    let stem: String = name.chars().map(plain).take(120).collect();
    stem.trim_matches('.').to_owned()
}

/// The first of `stem.png`, `stem.2.png`, ... that is not taken, upper and lower case alike.
fn unique(taken: &mut HashSet<String>, stem: &str, format: &str) -> String {
    let numbered = (1u64..).map(|number| if number == 1 { format!("{stem}.{format}") } else { format!("{stem}.{number}.{format}") });
    let name = numbered.into_iter().find(|name| !taken.contains(&name.to_lowercase())).unwrap_or_default();
    taken.insert(name.to_lowercase());
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files() {
        assert_eq!(file_stem("a/b;c conv2d kernel"), "a_b_c_conv2d_kernel");
        assert_eq!(file_stem("../x"), "_x");
        let mut taken = HashSet::new();
        let names = ["A kernel", "a kernel", "a kernel"].map(|name| unique(&mut taken, &file_stem(name), "png"));
        assert_eq!(names, ["A_kernel.png", "a_kernel.2.png", "a_kernel.3.png"]);
    }
}
