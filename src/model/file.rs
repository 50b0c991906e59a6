//! Files that come with a model inside its file: labels, vocabularies, tokenizers.

use crate::source::Packed;

/// A file inside a model's file, or beside the model in its bundle.
#[derive(Clone, Debug)]
pub struct AssociatedFile {
    /// Unlike those of the model's other files, and safe to be joined to a folder.
    pub name: String,
    pub kind: FileKind,
    pub description: Option<String>,
    /// The tensors that it is about (`output scores`), where the file's metadata says so.
    pub about: Vec<String>,
    pub content: Packed,
}

/// What a file is for, where the model says so (`AssociatedFileType` of TensorFlow Lite's metadata), else
/// what its bytes look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    AxisLabels,
    ValueLabels,
    Vocabulary,
    Descriptions,
    ScoreCalibration,
    Index,
    Tokenizer,
    Weights,
    Text,
    Binary,
}

impl AssociatedFile {
    pub fn new(content: Packed, kind: FileKind) -> Self {
        Self { name: String::new(), kind, description: None, about: Vec::new(), content }
    }
}

impl FileKind {
    /// What a file's name and first bytes tell.
    pub fn of(name: &str, content: &Packed) -> Self {
        let name = name.to_lowercase();
        match () {
            () if !is_text(content) => Self::Binary,
            () if name.contains("label") => Self::AxisLabels,
            () if name.contains("vocab") => Self::Vocabulary,
            () => Self::Text,
        }
    }

    /// The word in `inspect --json`.
    pub fn name(self) -> &'static str {
        match self {
            Self::AxisLabels => "labels",
            Self::ValueLabels => "value_labels",
            Self::Vocabulary => "vocabulary",
            Self::Descriptions => "descriptions",
            Self::ScoreCalibration => "score_calibration",
            Self::Index => "index",
            Self::Tokenizer => "tokenizer",
            Self::Weights => "weights",
            Self::Text => "text",
            Self::Binary => "binary",
        }
    }
}

/// Whether the first bytes are text of one encoding that everybody reads.
fn is_text(content: &Packed) -> bool {
    const LOOKED_AT: usize = 512;
    let head = content.head(LOOKED_AT);
    let text = match std::str::from_utf8(&head) {
        Ok(text) => text,
        // A letter may be cut in two at the end.
        Err(error) if error.error_len().is_none() => std::str::from_utf8(&head[..error.valid_up_to()]).unwrap_or_default(),
        Err(_) => return false,
    };
    !text.chars().any(|letter| letter.is_control() && !"\n\r\t\u{c}".contains(letter))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Packing, Source};

    #[test]
    fn kinds_by_name_and_bytes() {
        for (name, bytes, kind) in [
            ("labels.txt", &b"cat\ndog"[..], FileKind::AxisLabels),
            ("Vocab.txt", b"the", FileKind::Vocabulary),
            ("config.json", "é".repeat(400).as_bytes(), FileKind::Text),
            ("labels.txt", b"\0\x01", FileKind::Binary),
            ("x", b"\xff\xfe", FileKind::Binary),
            ("x", &[b"a".as_slice(), "é".repeat(400).as_bytes()].concat(), FileKind::Text),
            ("empty", b"", FileKind::Text),
        ] {
            let content = Packed::new(Source::from_bytes(name, bytes.to_vec()), Packing::Plain, bytes.len() as u64, None);
            assert_eq!(FileKind::of(name, &content), kind, "{name}");
        }
    }
}
