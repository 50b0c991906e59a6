//! What all pictures in files have in common: pixels as PNG, shapes as SVG, what the file says about
//! itself, and that it is whole or as it was before.

use std::io;
use std::path::Path;

use super::picture::PictureError;
use super::{atomic, png, svg};
use crate::jobs::{Opened, Token};
use crate::render::Image;
use crate::render::scene::Scene;

/// A picture that can be written.
pub(super) trait Drawing {
    /// The formats that there are, as a sentence has them.
    fn formats(&self) -> &'static str {
        ".png or .svg"
    }

    fn opened(&self) -> &Opened;
    fn title(&self) -> String;
    /// What the file says about itself beside program, title and model.
    fn facts(&self) -> Vec<(&'static str, String)>;
    fn pixels(&self, token: &Token) -> Result<Image, PictureError>;
    fn shapes(&self, token: &Token) -> Result<Scene, PictureError>;
    /// The bytes in a format that no other picture has.
    fn special(&self, _extension: &str, _token: &Token) -> Result<Option<Vec<u8>>, PictureError> {
        Ok(None)
    }
}

/// Writes the file; its extension gives the format.
///
/// # Errors
/// [`PictureError`]; there is no file then, or the one that was there before.
pub(super) fn save(drawing: &impl Drawing, path: &Path, token: &Token) -> Result<(), PictureError> {
    let bytes = encode(drawing, path, token)?;
    atomic::write(path, |out| out.write_all(&bytes)).map_err(|error| PictureError::File { path: path.to_owned(), error })
}

/// The file's bytes, the same every time.
fn encode(drawing: &impl Drawing, path: &Path, token: &Token) -> Result<Vec<u8>, PictureError> {
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase()).unwrap_or_default();
    let in_file = |error: io::Error| PictureError::File { path: path.to_owned(), error };
    if let Some(bytes) = drawing.special(&extension, token)? {
        return Ok(bytes);
    }
    match extension.as_str() {
        "png" => {
            let image = drawing.pixels(token)?;
            png::encode(&image, &borrowed(&entries(drawing, token)?)).map_err(|error| in_file(io::Error::other(error)))
        }
        "svg" => {
            let scene = drawing.shapes(token)?;
            let text = svg::encode(&scene, &drawing.title(), &borrowed(&entries(drawing, token)?));
            text.map(String::into_bytes).map_err(|error| in_file(io::Error::other(error)))
        }
        _ => Err(PictureError::Format { formats: drawing.formats(), path: path.to_owned() }),
    }
}

/// What the file says about itself.
fn entries(drawing: &impl Drawing, token: &Token) -> Result<Vec<(&'static str, String)>, PictureError> {
    let opened = drawing.opened();
    let mut entries = vec![
        ("Software", format!("Weightscope {}", env!("CARGO_PKG_VERSION"))),
        ("Title", drawing.title()),
        ("Model", opened.model.file_name()),
    ];
    entries.extend(drawing.facts());
    entries.extend(opened.digest(token)?.map(|digest| ("Model SHA-256", digest)));
    Ok(entries)
}

fn borrowed<'e>(entries: &'e [(&'static str, String)]) -> Vec<(&'e str, &'e str)> {
    entries.iter().map(|(key, text)| (*key, text.as_str())).collect()
}
