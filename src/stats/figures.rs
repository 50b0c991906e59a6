//! The figures of a whole weight: what `weightscope stats`, the statistics table and its filter know
//! of it, each with a name and a definition.

use super::blocks::Watched;
use super::{CodeCounts, CodeError, Summary, dead_channels};
use crate::jobs::{Token, output_axis};
use crate::model::Model;
use crate::weights::{FoldError, Reading, Scheme, Weight};

/// Everything that is told about a weight.
#[derive(Clone, Debug, PartialEq)]
pub struct Figures {
    pub summary: Summary,
    /// Output channels that hold nothing but zeros; `None` where the layout names no such axis, and of
    /// vectors, in which a channel is one value.
    pub dead_channels: Option<u64>,
    /// Of what is stored as integers of up to 16 bits.
    pub codes: Option<CodeFigures>,
    pub stored_bytes: u64,
}

/// What is told about stored codes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CodeFigures {
    pub used: u64,
    /// Codes that the type has.
    pub possible: u64,
    pub entropy_bits: f64,
    /// `None` of indices into a codebook, whose ends mean nothing.
    pub saturation: Option<f64>,
}

/// One number of [`Figures`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Figure {
    Count,
    Min,
    Max,
    Mean,
    Std,
    Skew,
    Kurtosis,
    P01,
    P1,
    P25,
    P50,
    P75,
    P99,
    P999,
    Zeros,
    Sparsity,
    Nan,
    Inf,
    Outliers,
    DeadChannels,
    CodesUsed,
    EffectiveBits,
    EntropyBits,
    Saturation,
    StoredBytes,
}

impl Figures {
    /// Reads a weight's values, block by block, two times or three, and its codes once. The token
    /// counts values: [`Figures::work`] of them.
    ///
    /// # Errors
    /// [`FoldError`]: cancelled, or one sentence why the values can't be had.
    pub fn of(model: &Model, weight: &Weight, token: &Token) -> Result<Self, FoldError> {
        let value = weight.value(model, Reading::Effective, token)?;
        let values = Watched { source: &value, token };
        let summary = Summary::of(&values, token)?;
        let dead_channels = match channel_axis(weight, value.shape.len()) {
            Some(axis) => dead_channels(&values, &value.shape, axis, token)?,
            None => None,
        };
        let codes = CodeFigures::of(model, weight, token)?;
        Ok(Self { summary, dead_channels, codes, stored_bytes: stored_bytes(model, weight) })
    }

    /// How far [`Figures::of`] will advance its token.
    pub fn work(model: &Model, weight: &Weight) -> u64 {
        let shape = &weight.graph(model).tensor(weight.tensor).shape;
        let rank = shape.dims().map_or(0, |dims| dims.len());
        let passes = if channel_axis(weight, rank).is_some() { 3 } else { 2 };
        shape.count().unwrap_or(0).saturating_mul(passes)
    }

    /// One of the figures; `None` where it does not apply.
    pub fn get(&self, figure: Figure) -> Option<f64> {
        let Summary { moments, percentiles, outliers, .. } = &self.summary;
        Some(match figure {
            Figure::Count => moments.count as f64,
            Figure::Min => moments.min,
            Figure::Max => moments.max,
            Figure::Mean => moments.mean,
            Figure::Std => moments.std,
            Figure::Skew => moments.skew,
            Figure::Kurtosis => moments.kurtosis,
            Figure::P01 => percentiles.p01,
            Figure::P1 => percentiles.p1,
            Figure::P25 => percentiles.p25,
            Figure::P50 => percentiles.p50,
            Figure::P75 => percentiles.p75,
            Figure::P99 => percentiles.p99,
            Figure::P999 => percentiles.p999,
            Figure::Zeros => moments.zeros as f64,
            Figure::Sparsity => moments.sparsity(),
            Figure::Nan => moments.nan as f64,
            Figure::Inf => moments.inf() as f64,
            Figure::Outliers => *outliers as f64,
            Figure::DeadChannels => self.dead_channels? as f64,
            Figure::CodesUsed => self.codes?.used as f64,
            Figure::EffectiveBits => (self.codes?.used as f64).log2(),
            Figure::EntropyBits => self.codes?.entropy_bits,
            Figure::Saturation => self.codes?.saturation?,
            Figure::StoredBytes => self.stored_bytes as f64,
        })
    }
}

impl CodeFigures {
    /// `None` of what is stored as floats or as wide integers.
    ///
    /// # Errors
    /// [`FoldError`]: cancelled, or one sentence why the codes can't be had.
    pub fn of(model: &Model, weight: &Weight, token: &Token) -> Result<Option<Self>, FoldError> {
        let Some(counts) = code_counts(model, weight, token)? else { return Ok(None) };
        Ok(Some(Self::of_counts(&counts, weight.scheme)))
    }

    pub fn of_counts(counts: &CodeCounts, scheme: Scheme) -> Self {
        let saturation = (scheme != Scheme::Codebook).then(|| counts.saturation());
        Self { used: counts.used() as u64, possible: counts.possible() as u64, entropy_bits: counts.entropy_bits(), saturation }
    }
}

/// How often each stored code of a weight occurs; `None` of what is stored as floats or as wide
/// integers.
///
/// # Errors
/// [`FoldError`]: cancelled, or one sentence why the codes can't be had.
pub fn code_counts(model: &Model, weight: &Weight, token: &Token) -> Result<Option<CodeCounts>, FoldError> {
    let data = weight.data_tensor(model);
    if !data.dtype.is_integer() || data.dtype.bits() > 16 {
        return Ok(None);
    }
    let elements = weight.elements(model)?;
    let count = data.shape.count().and_then(|count| usize::try_from(count).ok()).unwrap_or(0);
    match CodeCounts::of_stored(data.dtype, elements.dtype, &elements.bytes, count, token) {
        Ok(counts) => Ok(Some(counts)),
        Err(CodeError::Cancelled(cancelled)) => Err(cancelled.into()),
        Err(CodeError::Decode(error)) => Err(error.into()),
        Err(CodeError::Type(_)) => Ok(None),
    }
}

/// Where output channels lie, of more than vectors.
fn channel_axis(weight: &Weight, rank: usize) -> Option<usize> {
    weight.role.layout.filter(|_| rank > 1).and_then(|layout| output_axis(layout, rank))
}

fn stored_bytes(model: &Model, weight: &Weight) -> u64 {
    weight.stored_bytes(model).map_or(0, |bytes| bytes.len() as u64)
}

impl Figure {
    /// In the order of `stats --json`.
    pub const ALL: &[Self] = &[
        Self::Count,
        Self::Min,
        Self::Max,
        Self::Mean,
        Self::Std,
        Self::Skew,
        Self::Kurtosis,
        Self::P01,
        Self::P1,
        Self::P25,
        Self::P50,
        Self::P75,
        Self::P99,
        Self::P999,
        Self::Zeros,
        Self::Sparsity,
        Self::Nan,
        Self::Inf,
        Self::Outliers,
        Self::DeadChannels,
        Self::CodesUsed,
        Self::EffectiveBits,
        Self::EntropyBits,
        Self::Saturation,
        Self::StoredBytes,
    ];

    /// The key in JSON and CSV, and the word in a filter.
    pub fn name(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Min => "min",
            Self::Max => "max",
            Self::Mean => "mean",
            Self::Std => "std",
            Self::Skew => "skew",
            Self::Kurtosis => "kurtosis",
            Self::P01 => "p01",
            Self::P1 => "p1",
            Self::P25 => "p25",
            Self::P50 => "p50",
            Self::P75 => "p75",
            Self::P99 => "p99",
            Self::P999 => "p999",
            Self::Zeros => "zeros",
            Self::Sparsity => "sparsity",
            Self::Nan => "nan",
            Self::Inf => "inf",
            Self::Outliers => "outliers",
            Self::DeadChannels => "dead_channels",
            Self::CodesUsed => "codes_used",
            Self::EffectiveBits => "effective_bits",
            Self::EntropyBits => "code_entropy_bits",
            Self::Saturation => "saturation",
            Self::StoredBytes => "stored_bytes",
        }
    }

    /// The figure with this name, or with what a person is likely to type for it.
    pub fn from_name(name: &str) -> Option<Self> {
        let other = match name {
            "parameters" | "n" => Some(Self::Count),
            "median" => Some(Self::P50),
            "dead" => Some(Self::DeadChannels),
            "codes" => Some(Self::CodesUsed),
            "entropy" => Some(Self::EntropyBits),
            "bits" => Some(Self::EffectiveBits),
            "bytes" | "size" => Some(Self::StoredBytes),
            _ => None,
        };
        other.or_else(|| Self::ALL.iter().copied().find(|figure| figure.name() == name))
    }

    /// The head of a column.
    pub fn title(self) -> &'static str {
        match self {
            Self::Count => "values",
            Self::P01 => "0.1 %",
            Self::P1 => "1 %",
            Self::P25 => "25 %",
            Self::P50 => "median",
            Self::P75 => "75 %",
            Self::P99 => "99 %",
            Self::P999 => "99.9 %",
            Self::Nan => "NaN",
            Self::Inf => "Inf",
            Self::DeadChannels => "dead ch.",
            Self::CodesUsed => "codes",
            Self::EffectiveBits => "eff. bits",
            Self::EntropyBits => "entropy",
            Self::StoredBytes => "bytes",
            other => other.name(),
        }
    }

    /// What it is, in a sentence.
    pub fn definition(self) -> &'static str {
        match self {
            Self::Count => "The number of values",
            Self::Min => "The least finite value",
            Self::Max => "The greatest finite value",
            Self::Mean => "The mean of the finite values",
            Self::Std => "The population standard deviation (ddof 0) of the finite values",
            Self::Skew => "m3 / m2^1.5, biased: 0 for a symmetric distribution",
            Self::Kurtosis => "m4 / m2² − 3, biased: 0 for a normal distribution, large where there are outliers",
            Self::P01 => "The 0.1th percentile, linearly interpolated",
            Self::P1 => "The 1st percentile, linearly interpolated",
            Self::P25 => "The 25th percentile, linearly interpolated",
            Self::P50 => "The median",
            Self::P75 => "The 75th percentile, linearly interpolated",
            Self::P99 => "The 99th percentile, linearly interpolated",
            Self::P999 => "The 99.9th percentile, linearly interpolated",
            Self::Zeros => "Values equal to zero; of codes, those at the zero point",
            Self::Sparsity => "The part of the values that is zero, 0 to 1",
            Self::Nan => "Values that are not a number",
            Self::Inf => "Infinite values, of either sign",
            Self::Outliers => "Values further from the median than 6 · 1.4826 times the median absolute deviation",
            Self::DeadChannels => "Output channels in which every value is zero",
            Self::CodesUsed => "Distinct stored codes",
            Self::EffectiveBits => "log2 of the number of distinct codes: the bits that would be enough for them",
            Self::EntropyBits => "−Σ p log2 p of the stored codes, in bits",
            Self::Saturation => "The part of the codes at the type's lowest or highest, 0 to 1",
            Self::StoredBytes => "Bytes in the file",
        }
    }

    /// Whether it is a whole number.
    pub fn is_count(self) -> bool {
        use Figure::*;
        matches!(self, Count | Zeros | Nan | Inf | Outliers | DeadChannels | CodesUsed | StoredBytes)
    }

    /// Whether `stats --json` has it.
    pub fn is_listed(self) -> bool {
        self != Self::EffectiveBits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let mut names: Vec<_> = Figure::ALL.iter().map(|figure| figure.name()).collect();
        for figure in Figure::ALL {
            assert_eq!(Figure::from_name(figure.name()), Some(*figure));
            assert!(!figure.definition().ends_with('.') && !figure.title().is_empty());
        }
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Figure::ALL.len());
        assert_eq!(Figure::from_name("layer"), None);
    }
}
