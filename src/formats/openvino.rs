//! OpenVINO IR, versions 2 to 7, 10 and 11: an `.xml` with the graph and a `.bin` with the constants.
//!
//! Reading has two stages. `record` reads the document, which `encoding` makes text of and `xml`
//! streams, into a faithful record (`Net`, `Layer`, `Port`, `Edge`), with `attribute` giving attribute
//! texts the type that a person expects; `build` turns the record into graphs, `flow` finds what goes
//! into bodies and out of them, `defaults` the inputs that the runtime fills in, and `constants` the
//! bytes of every constant in the `.bin`. What is different about versions 2 to 7 is in `legacy`. Where
//! the file contradicts itself, the graph is shown and the model bears a warning.
//!
//! Source: OpenVINO, `src/core/xml_util/src/xml_deserialize_util.cpp`.

use std::borrow::Cow;

use super::{Format, OpenError, Options};
use crate::jobs::Token;
use crate::model::{FormatName, Model};
use crate::source::Source;

mod attribute;
mod build;
mod constants;
mod defaults;
mod encoding;
mod flow;
mod legacy;
mod metadata;
mod record;
mod warnings;
mod xml;

pub use attribute::{element_type, is_opset};
pub use legacy::{BLOBS, is_legacy};
use warnings::Warnings;

pub const FORMAT: Format = Format { name: FormatName::OpenvinoIr, extensions: &["xml", "bin"], sniff, open };

/// As far into the file as a root element is looked for, behind comments and a declaration.
const SNIFFED_BYTES: usize = 16 << 10;
/// What the reader may take in memory beside the files themselves: so much, and so many times the
/// files' size. Real files take about twice the size of their `.xml`.
const FREE_BYTES: u64 = 48 << 20;
const BYTES_A_BYTE: u64 = 4;

/// Whether the first element is `<net>`.
fn sniff(source: &Source) -> bool {
    let bytes = source.bytes();
    let (head, _) = encoding::decode(&bytes[..bytes.len().min(SNIFFED_BYTES)]);
    let head = head.as_bytes();
    let mut rest = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    loop {
        let end: &[u8] = if rest.starts_with(b"<!--") {
            b"-->"
        } else if rest.starts_with(b"<?") {
            b"?>"
        } else if rest.starts_with(b"<!") {
            // A document type; its declarations stand in brackets.
            let has_declarations = rest.iter().find(|byte| matches!(byte, b'[' | b'>')) == Some(&b'[');
            if has_declarations { b"]>" } else { b">" }
        } else {
            break;
        };
        match rest.windows(end.len()).position(|window| window == end) {
            Some(position) => rest = rest[position + end.len()..].trim_ascii_start(),
            None => return false,
        }
    }
    let is_net = rest.get(..4).is_some_and(|tag| tag.eq_ignore_ascii_case(b"<net"));
    is_net && rest.get(4).is_some_and(|next| next.is_ascii_whitespace() || matches!(next, b'>' | b'/'))
}

#[expect(clippy::needless_pass_by_value, reason = "every format's `open` has this signature")]
fn open(source: Source, options: &Options, token: &Token) -> Result<Model, OpenError> {
    let path = source.path().to_owned();
    let mut warnings = Warnings::default();
    let bin = options.bin.clone().unwrap_or_else(|| path.with_extension("bin"));
    let mut constants = constants::Constants::new(bin);
    let (text, complaint) = encoding::decode(source.bytes());
    complaint.into_iter().for_each(|complaint| warnings.once(complaint));
    let copied = if matches!(text, Cow::Owned(_)) { text.len() as u64 } else { 0 };
    let files = source.len().saturating_add(constants.file_bytes());
    let budget = files.saturating_mul(BYTES_A_BYTE).saturating_add(FREE_BYTES).saturating_sub(copied);
    let net = match record::read(&mut xml::Document::new(&text, budget, token, &mut warnings)) {
        Ok(net) => net,
        Err(xml::Error::Cancelled(_)) => return Err(OpenError::Cancelled { path }),
        Err(xml::Error::Malformed(what)) => return Err(OpenError::Malformed { path, format: FormatName::OpenvinoIr, what }),
        Err(xml::Error::Version(version)) => {
            let hint = "versions 2 to 7, 10 and 11 can".into();
            return Err(OpenError::Version { path, format: FormatName::OpenvinoIr, version, hint });
        }
    };
    let format_version = net.version.clone();
    let (graphs, metadata) = build::graphs(net, &mut constants, &mut warnings);
    let producer = metadata::producer(&metadata);
    constants.warn(metadata::runtime_release(&metadata), &mut warnings);
    Ok(Model {
        file: path,
        format: FormatName::OpenvinoIr,
        format_version,
        producer,
        metadata,
        bundle: None,
        signatures: Vec::new(),
        files: Vec::new(),
        graphs,
        sources: constants.into_sources(),
        warnings: warnings.into_sentences(),
    })
}

#[cfg(test)]
mod tests;
