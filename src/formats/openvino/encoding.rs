//! The characters of a document: UTF-8, and what else an XML file may be written in.
//!
//! OpenVINO's XML parser (pugixml) takes UTF-16 and Latin-1 too, and finds out which it is in the
//! same way: by the byte order mark, by the first character, by the declaration.

use std::borrow::Cow;

/// As far as a declaration's encoding is looked for.
const DECLARATION_BYTES: usize = 200;

/// The document as text, and a sentence if some of it could not be read.
pub fn decode(bytes: &[u8]) -> (Cow<'_, str>, Option<&'static str>) {
    match bytes {
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [b'<', 0, ..] => utf16(bytes, u16::from_le_bytes),
        [0, b'<', ..] => utf16(bytes, u16::from_be_bytes),
        _ => match std::str::from_utf8(bytes) {
            Ok(text) => (Cow::Borrowed(text), None),
            Err(_) if is_latin1(bytes) => (bytes.iter().copied().map(char::from).collect(), None),
            Err(_) => (String::from_utf8_lossy(bytes), Some("some of the text is not UTF-8 and is shown with replacement characters")),
        },
    }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> (Cow<'_, str>, Option<&'static str>) {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let mut is_sound = rest.is_empty();
    let letters = char::decode_utf16(pairs.iter().map(|pair| unit(*pair)));
    let text: String = letters
        .map(|letter| {
            letter.unwrap_or_else(|_| {
                is_sound = false;
                char::REPLACEMENT_CHARACTER
            })
        })
        .collect();
    (Cow::Owned(text), (!is_sound).then_some("some of the text is not UTF-16 and is shown with replacement characters"))
}

/// Whether the XML declaration says so.
fn is_latin1(bytes: &[u8]) -> bool {
    let head = bytes[..bytes.len().min(DECLARATION_BYTES)].to_ascii_lowercase();
    let Some(end) = head.windows(2).position(|pair| pair == b"?>") else { return false };
    let has = |name: &[u8]| head[..end].windows(name.len()).any(|window| window == name);
    head.starts_with(b"<?xml") && (has(b"iso-8859-1") || has(b"latin1"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_document_may_be_written_in() {
        let little = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
        let big = |text: &str| text.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<_>>();
        for (bytes, expected, is_sound) in [
            ("<né/>".as_bytes().to_vec(), "<né/>", true),
            (little("\u{feff}<n🙂/>"), "<n🙂/>", true),
            (big("\u{feff}<n🙂/>"), "<n🙂/>", true),
            (little("<n/>"), "<n/>", true),
            (big("<n/>"), "<n/>", true),
            ([little("<n/>"), vec![b'x']].concat(), "<n/>", false),
            ([little("<"), vec![0x00, 0xd8], little(">")].concat(), "<\u{fffd}>", false),
            (b"<?xml encoding=\"ISO-8859-1\"?><n\xe9/>".to_vec(), "<?xml encoding=\"ISO-8859-1\"?><né/>", true),
            (b"<?xml encoding=\"utf-8\"?><n\xe9/>".to_vec(), "<?xml encoding=\"utf-8\"?><n\u{fffd}/>", false),
        ] {
            let (text, complaint) = decode(&bytes);
            assert_eq!((text.as_ref(), complaint.is_none()), (expected, is_sound));
        }
    }
}
