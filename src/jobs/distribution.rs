//! The distribution of a weight on display, of its real values or of its stored codes: the same for
//! the window and for files.

use super::pool::Failure;
use super::{Loaded, Token};
use crate::stats::{Bins, CodeFigures, Histogram, Rule, code_counts};

/// What is counted, and into which bins.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Counting {
    pub rule: Rule,
    /// Real values between these; `None`: all.
    pub range: Option<(f64, f64)>,
    /// Stored codes, one bar each, instead of real values.
    pub of_codes: bool,
}

/// The counts, and what is told of the codes, where there are some.
#[derive(Clone, Debug, PartialEq)]
pub struct Distribution {
    pub histogram: Histogram,
    pub codes: Option<CodeFigures>,
}

impl Distribution {
    /// Counts the values of a weight, or the codes of one that [has some](has_codes).
    ///
    /// # Errors
    /// [`Failure`]: cancelled, or one sentence.
    pub fn of(loaded: &Loaded, counting: Counting, token: &Token) -> Result<Self, Failure> {
        let counts = if has_codes(loaded) { code_counts(&loaded.opened.model, &loaded.weight, token)? } else { None };
        let codes = counts.as_ref().map(|counts| CodeFigures::of_counts(counts, loaded.weight.scheme));
        let bins = Bins::Rule(counting.rule);
        let histogram = match (&counts, counting.range) {
            (Some(counts), _) if counting.of_codes => Histogram::of_codes(counts),
            (_, Some(range)) => Histogram::of(&loaded.as_slice(), Some(range), bins, token)?,
            _ => Histogram::of_summarised(&loaded.values, &loaded.summary, bins, token)?,
        };
        Ok(Self { histogram, codes })
    }
}

/// Whether a weight is stored as integers of up to 16 bits. Those of a section are not told apart.
pub fn has_codes(loaded: &Loaded) -> bool {
    let dtype = loaded.weight.data_tensor(&loaded.opened.model).dtype;
    loaded.sections.is_empty() && dtype.is_integer() && dtype.bits() <= 16
}
