//! Placeholder.
use super::{Format, OpenError, Options};
use crate::jobs::Token;
use crate::model::{FormatName, Model};
use crate::source::Source;
pub const FORMAT: Format = Format { name: FormatName::Tflite, extensions: &[], sniff: |_| false, open };
fn open(source: Source, _: &Options, _: &Token) -> Result<Model, OpenError> {
    Err(OpenError::Empty { path: source.path().to_owned() })
}
