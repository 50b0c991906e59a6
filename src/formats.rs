//! Which formats there are, how a file is recognised, and opening one.
//!
//! A file is recognised by what it holds, never by its extension. Each format is one module with a
//! `sniff` and an `open`; to add one, add a module and a line in [`FORMATS`]. Files that only hold models
//! are no format but a [`container`].

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::jobs::Token;
use crate::model::{FormatName, Model};
use crate::source::Source;

pub mod container;
pub mod openvino;
pub mod tflite;

use container::{Container, Member};

/// A file format that can be opened.
pub struct Format {
    pub name: FormatName,
    /// Usual extensions, without the dot; for dialogs and hints only.
    pub extensions: &'static [&'static str],
    /// Whether the bytes look like this format. Cheap, and never reads past the first kilobytes
    /// unless that settles it.
    pub sniff: fn(&Source) -> bool,
    pub open: fn(Source, &Options, &Token) -> Result<Model, OpenError>,
}

/// Every format, in the order in which they are tried.
pub const FORMATS: &[Format] = &[tflite::FORMAT, openvino::FORMAT];

/// The usual extensions of files that can be opened: the formats', and those of bundles.
pub fn extensions() -> Vec<&'static str> {
    let formats = FORMATS.iter().flat_map(|format| format.extensions).copied();
    formats.chain(container::EXTENSIONS.iter().copied()).collect()
}

/// Whether the bytes look like a model, or like a bundle with models in it.
pub fn is_model(source: &Source) -> bool {
    FORMATS.iter().any(|format| (format.sniff)(source)) || matches!(container::read(source), Ok(Some(bundle)) if !bundle.models.is_empty())
}

/// What the user may say about a file beside its path.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The file that holds an OpenVINO IR's constants, where it does not bear the same name.
    pub bin: Option<PathBuf>,
}

/// Why a file can't be opened: one sentence that says what, and the path last.
#[derive(Debug, Error)]
pub enum OpenError {
    #[error("can't read the file: {error}: {path}", path = path.display())]
    Read { path: PathBuf, error: io::Error },
    #[error("the file is empty: {path}", path = path.display())]
    Empty { path: PathBuf },
    #[error("{what}; Weightscope reads TensorFlow Lite (.tflite, .task, .litertlm) and OpenVINO IR (.xml with .bin): {path}", path = path.display())]
    Unrecognised { path: PathBuf, what: String },
    #[error("not a valid {format} file: {what}: {path}", path = path.display())]
    Malformed { path: PathBuf, format: FormatName, what: String },
    #[error("{format} {version} can't be read: {hint}: {path}", path = path.display())]
    Version { path: PathBuf, format: FormatName, version: String, hint: String },
    #[error("the file holds {count} models, name one of them: {names}: {path}", count = models.len(), names = list(models), path = path.display())]
    SeveralModels { path: PathBuf, models: Vec<PathBuf> },
    #[error("{what}: {path}", path = path.display())]
    Bundle { path: PathBuf, what: String },
    #[error("opening was cancelled: {path}", path = path.display())]
    Cancelled { path: PathBuf },
}

/// Opens a model file of any known format. The path may go on into a bundle, to one of the models in it:
/// `bundle.task/model.tflite`.
///
/// # Errors
/// One [`OpenError`]: the file can't be read, is of no known format, holds several models, or is too
/// damaged to show even its graph. Anything smaller is a warning in the model or a problem of one tensor.
pub fn open(path: &Path, options: &Options, token: &Token) -> Result<Model, OpenError> {
    let path = &xml_beside_bin(path);
    match Source::open(path) {
        Ok(source) => open_source(source, options, token),
        Err(error) => match file_on_the_way(path) {
            Some((file, name)) => {
                let source = Source::open(file).map_err(|error| OpenError::Read { path: file.to_owned(), error })?;
                open_named(&source, &name, options, token)
            }
            None => Err(OpenError::Read { path: path.clone(), error }),
        },
    }
}

/// Opens a model whose bytes are there already.
///
/// # Errors
/// As [`open`].
pub fn open_source(source: Source, options: &Options, token: &Token) -> Result<Model, OpenError> {
    if source.is_empty() {
        return Err(OpenError::Empty { path: source.path().to_owned() });
    }
    if let Some(format) = FORMATS.iter().find(|format| (format.sniff)(&source)) {
        return open_as(format, source, options, token);
    }
    match read_container(&source)? {
        Some(mut container) if container.models.len() == 1 => {
            let model = container.models.remove(0);
            // The bundle's own path names it well enough.
            let named_by_bundle = |model| Model { file: source.path().to_owned(), ..model };
            open_member(&source, container, &model, options, token)
                .map(named_by_bundle)
                .map_err(|error| in_bundle(error, &model, source.path()))
        }
        Some(container) if !container.models.is_empty() => {
            let models = container.models.iter().map(|model| model.path(&source)).collect();
            Err(OpenError::SeveralModels { path: source.path().to_owned(), models })
        }
        _ => Err(OpenError::Unrecognised { path: source.path().to_owned(), what: describe(source.bytes()) }),
    }
}

/// Opens the model of a name in a bundle.
fn open_named(source: &Source, name: &str, options: &Options, token: &Token) -> Result<Model, OpenError> {
    let missing = |what: String| OpenError::Bundle { path: source.path().to_owned(), what };
    let Some(mut container) = read_container(source)? else {
        return Err(missing(format!("the file is no bundle, so there is no {} in it", excerpt(name))));
    };
    match container.models.iter().position(|model| model.name == name) {
        Some(position) => {
            let model = container.models.remove(position);
            open_member(source, container, &model, options, token).map_err(|error| in_bundle(error, &model, &model.path(source)))
        }
        None => {
            let models: Vec<_> = container.models.iter().map(|model| PathBuf::from(&model.name)).collect();
            let models = if models.is_empty() { "none".to_owned() } else { list(&models) };
            Err(missing(format!("there is no model {} in it; models in it: {models}", excerpt(name))))
        }
    }
}

/// Opens a model that was found in a bundle; what else the bundle holds comes with it.
fn open_member(bundle: &Source, container: Container, member: &Member, options: &Options, token: &Token) -> Result<Model, OpenError> {
    let problem = |what| OpenError::Bundle { path: member.path(bundle), what };
    let source = member.source(bundle).map_err(problem)?;
    let Some(format) = FORMATS.iter().find(|format| (format.sniff)(&source)) else {
        return Err(problem(describe(source.bytes())));
    };
    let mut model = open_as(format, source, options, token)?;
    model.bundle = Some(bundle.path().to_owned());
    model.files.extend(container.files);
    model.warnings.extend(container.warnings.iter().map(|warning| one_line(warning)));
    Ok(model)
}

/// An error about a model in a bundle, with the path that a person gave.
fn in_bundle(error: OpenError, member: &Member, path: &Path) -> OpenError {
    let path = path.to_owned();
    let name = excerpt(&member.name);
    let what = match error {
        OpenError::Cancelled { .. } => return OpenError::Cancelled { path },
        OpenError::Malformed { format, what, .. } => format!("the model {name} in the bundle is no valid {format} file: {what}"),
        OpenError::Version { format, version, hint, .. } => format!("the model {name} in the bundle is {format} {version}: {hint}"),
        OpenError::Bundle { what, .. } => format!("the model {name} in the bundle can't be read: {what}"),
        other => format!("the model {name} in the bundle can't be read: {other}"),
    };
    OpenError::Bundle { path, what }
}

fn open_as(format: &Format, source: Source, options: &Options, token: &Token) -> Result<Model, OpenError> {
    match (format.open)(source, options, token) {
        Ok(mut model) => {
            model.warnings.iter_mut().for_each(|warning| *warning = one_line(warning));
            Ok(model)
        }
        Err(OpenError::Malformed { path, format, what }) => Err(OpenError::Malformed { path, format, what: excerpt(&what) }),
        Err(error) => Err(error),
    }
}

fn read_container(source: &Source) -> Result<Option<Container>, OpenError> {
    container::read(source)
        .map_err(|what| OpenError::Bundle { path: source.path().to_owned(), what: format!("the bundle can't be read: {}", excerpt(&what)) })
}

/// The file that a path goes into, and the rest of the path.
fn file_on_the_way(path: &Path) -> Option<(&Path, String)> {
    let file = path.ancestors().skip(1).find(|ancestor| ancestor.is_file())?;
    let rest = path.strip_prefix(file).ok()?;
    let names: Vec<_> = rest.components().map(|part| part.as_os_str().to_string_lossy()).collect();
    Some((file, names.join("/")))
}

/// Paths in a sentence: the first few, and how many more there are.
fn list(paths: &[PathBuf]) -> String {
    const SHOWN: usize = 12;
    let shown: Vec<_> = paths.iter().take(SHOWN).map(|path| excerpt(&path.to_string_lossy())).collect();
    let more = paths.len().saturating_sub(SHOWN);
    if more > 0 { format!("{} and {more} more", shown.join(", ")) } else { shown.join(", ") }
}

/// The text with line ends and other control characters escaped: a sentence may quote what a file
/// holds, and stays in its line.
pub fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_control() {
            line.extend(letter.escape_default());
        } else {
            line.push(letter);
        }
    }
    line
}

/// One line of a length that a person reads.
fn excerpt(text: &str) -> String {
    const MAX_LETTERS: usize = 300;
    let line = one_line(text);
    match line.char_indices().nth(MAX_LETTERS) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// The `.xml` of an OpenVINO pair when the `.bin` was named; else the path itself. TensorFlow Lite
/// files may end in `.bin` too, so the content of the file that was named comes first.
fn xml_beside_bin(path: &Path) -> PathBuf {
    let is_bin = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("bin"));
    let xml = path.with_extension("xml");
    if !is_bin || !xml.is_file() || Source::open(path).is_ok_and(|source| (tflite::FORMAT.sniff)(&source)) {
        return path.to_owned();
    }
    match Source::open(&xml) {
        Ok(source) if (openvino::FORMAT.sniff)(&source) => xml,
        _ => path.to_owned(),
    }
}

/// What a file that is no model seems to be, as the start of a sentence.
fn describe(bytes: &[u8]) -> String {
    let known: &[(&[u8], &str)] = &[
        (b"version https://git-lfs", "the file is a git-lfs pointer, not the file itself (fetch it with `git lfs pull`)"),
        (b"PK\x03\x04", "the file is a zip archive without a TensorFlow Lite model in it"),
        (b"LITERTLM", "the file is a LiteRT-LM bundle without a model in it"),
        (b"\x89PNG", "the file is a PNG picture"),
        (b"\xff\xd8\xff", "the file is a JPEG picture"),
        (b"%PDF", "the file is a PDF document"),
        (b"\x1f\x8b", "the file is gzip-compressed"),
        (b"\x7fELF", "the file is a program"),
        (b"\x89HDF", "the file is HDF5 (Keras keeps weights in it)"),
        (b"\x93NUMPY", "the file is a NumPy array"),
        (b"GGUF", "the file is GGUF"),
    ];
    if let Some((_, what)) = known.iter().find(|(magic, _)| bytes.starts_with(magic)) {
        return (*what).to_owned();
    }
    let head = &bytes[..bytes.len().min(512)];
    let is_text = std::str::from_utf8(head).is_ok_and(|text| !text.contains('\0'));
    let kind =
        if is_text { "the file is text, but no model that is known here" } else { "the file is of no model format that is known here" };
    kind.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_text_stays_in_its_line() {
        assert_eq!(one_line("a\tb\r\nc\u{1b}[0m \u{85} ä"), "a\\tb\\r\\nc\\u{1b}[0m \\u{85} ä");
        assert_eq!(excerpt(&"ä".repeat(301)), "ä".repeat(300) + "…");
        let file = Source::from_bytes("x.xml", b"<net version=\"11\"><layers></lay\ners></net>".to_vec());
        let error = open_source(file, &Options::default(), &Token::new()).unwrap_err().to_string();
        assert!(!error.contains('\n') && error.ends_with(": x.xml"), "{error}");
    }
}
