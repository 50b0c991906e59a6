//! A file that comes with a model, as lines that a person reads.

use super::Failure;
use crate::model::{AssociatedFile, FileKind};

/// The lines of a text, or of a table of bytes where the file is none.
#[derive(Clone, Debug, Default)]
pub struct FileText {
    pub lines: Vec<Line>,
    pub is_text: bool,
    /// Only the beginning is there.
    pub is_cut: bool,
}

/// A line, or a part of a very long one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// From 0, as labels are counted; for bytes the offset. `None` for what continues a line.
    pub number: Option<usize>,
    pub text: String,
}

/// What is read of a text, and of other bytes.
const MAX_TEXT: usize = 16 << 20;
const MAX_BYTES: usize = 64 << 10;
/// Letters that are shown in one row.
const ROW_LETTERS: usize = 240;
const ROW_BYTES: usize = 16;

impl FileText {
    /// Reads a file, or the beginning of a long one.
    ///
    /// # Errors
    /// One sentence: the file is damaged.
    pub fn of(file: &AssociatedFile) -> Result<Self, Failure> {
        let most = if file.kind == FileKind::Binary { MAX_BYTES } else { MAX_TEXT };
        let is_cut = file.content.len() > most as u64;
        let head;
        let whole;
        let bytes: &[u8] = if is_cut {
            if let Some(problem) = file.content.problem() {
                return Err(Failure::of(&format!("{problem}: {}", file.name)));
            }
            head = file.content.head(most);
            &head
        } else {
            whole = file.content.bytes(most as u64).map_err(|problem| Failure::of(&format!("{problem}: {}", file.name)))?;
            &whole
        };
        let text = std::str::from_utf8(bytes).or_else(|error| match error.error_len() {
            // The end cuts a letter in two.
            None if is_cut => std::str::from_utf8(&bytes[..error.valid_up_to()]),
            _ => Err(error),
        });
        Ok(match text {
            Ok(text) if file.kind != FileKind::Binary => Self { lines: text_lines(text), is_text: true, is_cut },
            _ => {
                Self { lines: byte_lines(&bytes[..bytes.len().min(MAX_BYTES)]), is_text: false, is_cut: is_cut || bytes.len() > MAX_BYTES }
            }
        })
    }
}

impl FileText {
    /// What the lines of a whole text say, very long ones cut: names of rows or classes.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let is_whole = self.is_text && !self.is_cut;
        self.lines.iter().filter(move |line| is_whole && line.number.is_some()).map(|line| line.text.trim())
    }
}

fn text_lines(text: &str) -> Vec<Line> {
    let mut lines = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let mut rest = line;
        let mut number = Some(number);
        while let Some((end, _)) = rest.char_indices().nth(ROW_LETTERS) {
            lines.push(Line { number: number.take(), text: rest[..end].to_owned() });
            rest = &rest[end..];
        }
        lines.push(Line { number, text: rest.to_owned() });
    }
    lines
}

fn byte_lines(bytes: &[u8]) -> Vec<Line> {
    let row = |(position, row): (usize, &[u8])| {
        let hex: String = row.iter().map(|byte| format!("{byte:02x} ")).collect();
        let letters: String = row.iter().map(|byte| if (0x20..0x7f).contains(byte) { *byte as char } else { '·' }).collect();
        Line { number: Some(position * ROW_BYTES), text: format!("{hex:<width$} {letters}", width = 3 * ROW_BYTES) }
    };
    bytes.chunks(ROW_BYTES).enumerate().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Packed, Packing, Source};

    fn file(bytes: &[u8]) -> AssociatedFile {
        let content = Packed::new(Source::from_bytes("m", bytes.to_vec()), Packing::Plain, bytes.len() as u64, None);
        let kind = FileKind::of("f", &content);
        AssociatedFile { name: "f".to_owned(), ..AssociatedFile::new(content, kind) }
    }

    fn lines(bytes: &[u8]) -> Vec<(Option<usize>, String)> {
        FileText::of(&file(bytes)).unwrap().lines.into_iter().map(|line| (line.number, line.text)).collect()
    }

    #[test]
    fn labels_are_numbered_from_zero() {
        assert_eq!(lines("cat\r\nd\u{f6}g\n".as_bytes()), [(Some(0), "cat".to_owned()), (Some(1), "dög".to_owned())]);
        assert_eq!(lines(b""), []);
    }

    #[test]
    fn long_lines_go_on_in_the_next_row() {
        let long = "ä".repeat(ROW_LETTERS + 1) + "\nb";
        let found = lines(long.as_bytes());
        assert_eq!(found.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [Some(0), None, Some(1)]);
        assert_eq!((found[1].1.as_str(), found[2].1.as_str()), ("ä", "b"));
    }

    #[test]
    fn bytes_are_a_table() {
        let text = FileText::of(&file(b"PK\x00\xff")).unwrap();
        assert!(!text.is_text && !text.is_cut);
        assert_eq!(text.lines.len(), 1);
        assert!(text.lines[0].text.starts_with("50 4b 00 ff ") && text.lines[0].text.ends_with(" PK··"), "{:?}", text.lines);
        let long = FileText::of(&file(&[0; MAX_BYTES + 1])).unwrap();
        assert_eq!((long.lines.len(), long.is_cut), (MAX_BYTES / ROW_BYTES, true));
    }
}
