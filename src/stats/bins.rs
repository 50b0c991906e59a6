//! How many bins a histogram gets: a number, or one of numpy's rules by name.
//!
//! The rules are those of `numpy.histogram_bin_edges` (`numpy/lib/_histograms_impl.py`, numpy 2.4):
//! each estimates the width of a bin from the values inside the range.

use std::fmt;
use std::str::FromStr;

use super::select::{Value, percentiles_within};
use super::{Summary, per_block};
use crate::jobs::{Cancelled, Token};

/// A histogram never has more bins.
pub const MAX_BINS: usize = 512;

/// How many bins there shall be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Bins {
    /// So many; 0 is taken as 1.
    Count(usize),
    Rule(Rule),
}

/// A rule that finds a number of bins that suits the data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Rule {
    Sturges,
    Sqrt,
    Rice,
    Scott,
    FreedmanDiaconis,
    Doane,
    /// The narrower of Sturges's width and Freedman and Diaconis's, the latter at least half that
    /// of the square root (numpy 2.3 and later).
    #[default]
    Auto,
}

impl Rule {
    pub const ALL: &[Self] = &[Self::Sturges, Self::Sqrt, Self::Rice, Self::Scott, Self::FreedmanDiaconis, Self::Doane, Self::Auto];

    /// The name that numpy knows it by.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sturges => "sturges",
            Self::Sqrt => "sqrt",
            Self::Rice => "rice",
            Self::Scott => "scott",
            Self::FreedmanDiaconis => "fd",
            Self::Doane => "doane",
            Self::Auto => "auto",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|rule| rule.name() == name)
    }
}

impl Default for Bins {
    fn default() -> Self {
        Self::Rule(Rule::default())
    }
}

impl fmt::Display for Bins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(count) => write!(f, "{count}"),
            Self::Rule(rule) => f.write_str(rule.name()),
        }
    }
}

impl FromStr for Bins {
    /// One sentence.
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(rule) = Rule::from_name(text) {
            return Ok(Self::Rule(rule));
        }
        match text.parse() {
            Ok(count) if (1..=MAX_BINS).contains(&count) => Ok(Self::Count(count)),
            _ => {
                let names: Vec<_> = Rule::ALL.iter().map(|rule| rule.name()).collect();
                Err(format!("bins are a number from 1 to {MAX_BINS} or one of {}, not {text:?}", names.join(", ")))
            }
        }
    }
}

/// The number of bins for the values in `range`, before the cap; at least 1.
pub(super) fn count<T: Value>(values: &[T], range: (f64, f64), bins: Bins, token: &Token) -> Result<usize, Cancelled> {
    let rule = match bins {
        Bins::Count(count) => return Ok(count.max(1)),
        Bins::Rule(rule) => rule,
    };
    let mut width = width(values, range, rule, token)?;
    if T::IS_INTEGER && width > 0.0 {
        width = width.max(1.0);
    }
    Ok(count_of_width(range, width))
}

/// [`count`] of all finite values, from their figures. `range` is their range.
pub(super) fn count_of_summarised(summary: &Summary, range: (f64, f64), bins: Bins) -> usize {
    let Bins::Rule(rule) = bins else { return if let Bins::Count(count) = bins { count.max(1) } else { 1 } };
    let Summary { moments, percentiles, .. } = summary;
    let inside = Inside { n: moments.finite as f64, spread: moments.max - moments.min, mean: moments.mean, std: moments.std };
    if moments.finite == 0 {
        return 1;
    }
    let skew = || if moments.skew.is_nan() { 0.0 } else { moments.skew };
    count_of_width(range, inside.width(rule, || percentiles.p75 - percentiles.p25, skew))
}

fn count_of_width(range: (f64, f64), width: f64) -> usize {
    // A float becomes the nearest integer that there is; a width of 0 or NaN means one bin.
    if width > 0.0 { ((range.1 - range.0) / width).ceil().max(1.0) as usize } else { 1 }
}

fn width<T: Value>(values: &[T], range: (f64, f64), rule: Rule, token: &Token) -> Result<f64, Cancelled> {
    let inside = Inside::of(values, range, token)?;
    if inside.n == 0.0 {
        return Ok(0.0);
    }
    let quartiles = match rule {
        Rule::FreedmanDiaconis | Rule::Auto => percentiles_within(values, range, &[25.0, 75.0], token)?,
        _ => Vec::new(),
    };
    let skew = if rule == Rule::Doane { skew(values, range, &inside, token)? } else { 0.0 };
    let spread_of_half = || quartiles.last().zip(quartiles.first()).map_or(0.0, |(q3, q1)| q3 - q1);
    Ok(inside.width(rule, spread_of_half, || skew))
}

/// Figures of the values inside the range.
struct Inside {
    n: f64,
    /// Largest less smallest.
    spread: f64,
    mean: f64,
    std: f64,
}

impl Inside {
    fn of<T: Value>(values: &[T], range: (f64, f64), token: &Token) -> Result<Self, Cancelled> {
        let blocks = per_block(values, token, |block| {
            numbers(block, range)
                .fold((0.0, 0.0, f64::INFINITY, f64::NEG_INFINITY), |(n, sum, min, max), x| (n + 1.0, sum + x, x.min(min), x.max(max)))
        })?;
        let (n, sum, min, max) =
            blocks.iter().fold((0.0, 0.0, f64::INFINITY, f64::NEG_INFINITY), |a, b| (a.0 + b.0, a.1 + b.1, b.2.min(a.2), b.3.max(a.3)));
        let mean = sum / n;
        let squares = per_block(values, token, |block| numbers(block, range).map(|x| (x - mean).powi(2)).sum::<f64>())?;
        Ok(Self { n, spread: max - min, mean, std: (squares.iter().sum::<f64>() / n).sqrt() })
    }

    /// The width of a bin. The interquartile range and the skew are asked for by the rules that need
    /// them.
    fn width(&self, rule: Rule, interquartile_range: impl Fn() -> f64, skew: impl Fn() -> f64) -> f64 {
        let n = self.n;
        let fd = || 2.0 * interquartile_range() * n.powf(-1.0 / 3.0);
        let sturges = self.spread / (n.log2() + 1.0);
        let sqrt = self.spread / n.sqrt();
        match rule {
            Rule::Sturges => sturges,
            Rule::Sqrt => sqrt,
            Rule::Rice => self.spread / (2.0 * n.powf(1.0 / 3.0)),
            Rule::Scott => (24.0 * std::f64::consts::PI.sqrt() / n).powf(1.0 / 3.0) * self.std,
            Rule::FreedmanDiaconis => fd(),
            Rule::Doane if n <= 2.0 || self.std <= 0.0 => 0.0,
            Rule::Doane => {
                let skew_std = (6.0 * (n - 2.0) / ((n + 1.0) * (n + 3.0))).sqrt();
                self.spread / (1.0 + n.log2() + (1.0 + skew().abs() / skew_std).log2())
            }
            Rule::Auto => fd().max(sqrt / 2.0).min(sturges),
        }
    }
}

fn skew<T: Value>(values: &[T], range: (f64, f64), inside: &Inside, token: &Token) -> Result<f64, Cancelled> {
    if inside.std <= 0.0 {
        return Ok(0.0);
    }
    let cubes = per_block(values, token, |block| numbers(block, range).map(|x| ((x - inside.mean) / inside.std).powi(3)).sum::<f64>())?;
    Ok(cubes.iter().sum::<f64>() / inside.n)
}

fn numbers<T: Value>(block: &[T], (lo, hi): (f64, f64)) -> impl Iterator<Item = f64> {
    block.iter().map(|value| value.to_f64()).filter(move |x| (lo..=hi).contains(x))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for rule in Rule::ALL {
            assert_eq!(rule.name().parse(), Ok(Bins::Rule(*rule)));
        }
        assert_eq!("64".parse(), Ok(Bins::Count(64)));
        for text in ["", "0", "513", "stone", "-1"] {
            assert!(text.parse::<Bins>().is_err(), "{text}");
        }
    }
}
