//! The figures of a row of the table, by name: for columns, sorting and expressions.

use super::table::Row;

/// A figure of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Column {
    Sqnr,
    WorstChannelSqnr,
    RmseOverScale,
    MaxAbsError,
    Cosine,
    Gain,
    CodesUsed,
    Saturation,
    Kurtosis,
    Bytes,
    Mse,
    MeanError,
    ErrorStd,
    Psnr,
    Nmse,
    CloseFraction,
    CodeEntropy,
    MedianRelativeError,
    Wasserstein,
    JsDistance,
    OutlierCost,
    Excluded,
    Confidence,
}

impl Column {
    pub const ALL: [Self; 23] = [
        Self::Sqnr,
        Self::WorstChannelSqnr,
        Self::RmseOverScale,
        Self::MaxAbsError,
        Self::Cosine,
        Self::Gain,
        Self::CodesUsed,
        Self::Saturation,
        Self::Kurtosis,
        Self::Bytes,
        Self::Mse,
        Self::MeanError,
        Self::ErrorStd,
        Self::Psnr,
        Self::Nmse,
        Self::CloseFraction,
        Self::CodeEntropy,
        Self::MedianRelativeError,
        Self::Wasserstein,
        Self::JsDistance,
        Self::OutlierCost,
        Self::Excluded,
        Self::Confidence,
    ];
    /// What a table shows unless it is asked for more: the first ten, as metrics.md has them.
    pub const DEFAULT: &'static [Self] = {
        let all: &'static [Self] = &Self::ALL;
        all.split_at(10).0
    };

    /// The word in expressions and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sqnr => "sqnr",
            Self::WorstChannelSqnr => "worst_channel_sqnr",
            Self::RmseOverScale => "rmse_over_scale",
            Self::MaxAbsError => "max_abs_error",
            Self::Cosine => "cosine",
            Self::Gain => "gain",
            Self::CodesUsed => "codes_used",
            Self::Saturation => "saturation",
            Self::Kurtosis => "kurtosis",
            Self::Bytes => "bytes",
            Self::Mse => "mse",
            Self::MeanError => "mean_error",
            Self::ErrorStd => "error_std",
            Self::Psnr => "psnr",
            Self::Nmse => "nmse",
            Self::CloseFraction => "close_fraction",
            Self::CodeEntropy => "code_entropy",
            Self::MedianRelativeError => "median_relative_error",
            Self::Wasserstein => "wasserstein",
            Self::JsDistance => "js_distance",
            Self::OutlierCost => "outlier_cost",
            Self::Excluded => "excluded",
            Self::Confidence => "confidence",
        }
    }

    /// The head of the column, with the unit.
    pub fn title(self) -> &'static str {
        match self {
            Self::Sqnr => "SQNR dB",
            Self::WorstChannelSqnr => "worst channel dB",
            Self::RmseOverScale => "RMSE/scale",
            Self::MaxAbsError => "max |e|",
            Self::Cosine => "cosine",
            Self::Gain => "gain",
            Self::CodesUsed => "codes used",
            Self::Saturation => "saturation",
            Self::Kurtosis => "kurtosis",
            Self::Bytes => "bytes",
            Self::Mse => "MSE",
            Self::MeanError => "mean e",
            Self::ErrorStd => "std e",
            Self::Psnr => "PSNR dB (peak max |A|)",
            Self::Nmse => "NMSE",
            Self::CloseFraction => "close",
            Self::CodeEntropy => "code entropy bits",
            Self::MedianRelativeError => "median relative e",
            Self::Wasserstein => "Wasserstein-1",
            Self::JsDistance => "JS distance",
            Self::OutlierCost => "outlier cost dB",
            Self::Excluded => "not finite",
            Self::Confidence => "confidence",
        }
    }

    /// A tooltip.
    pub fn explanation(self) -> &'static str {
        match self {
            Self::Sqnr => "20 log10(norm A / norm e): the signal over the error",
            Self::WorstChannelSqnr => "The least SQNR of an output channel, and which it is",
            Self::RmseOverScale => "Root mean squared error in quantiser steps: 0.289 is rounding alone, above 0.7 is suspect",
            Self::MaxAbsError => "The largest magnitude of B - A",
            Self::Cosine => "Cosine of the angle between A and B",
            Self::Gain => "The least-squares factor g in B = g A",
            Self::CodesUsed => "Codes that occur, of those that the type has",
            Self::Saturation => "The part of the codes at the type's lowest or highest",
            Self::Kurtosis => "Excess kurtosis of A: heavy tails are hard to quantise",
            Self::Bytes => "Bytes of B in its file",
            Self::Mse => "Mean of (B - A)^2",
            Self::MeanError => "Mean of B - A",
            Self::ErrorStd => "Standard deviation of B - A",
            Self::Psnr => "20 log10(max |A| / root mean squared error)",
            Self::Nmse => "Sum of (B - A)^2 over sum of A^2",
            Self::CloseFraction => "The part that numpy's isclose takes for equal",
            Self::CodeEntropy => "Information in the codes, in bits",
            Self::MedianRelativeError => "Median of |B - A| / (|A| + 1e-6)",
            Self::Wasserstein => "Mean distance of the sorted values",
            Self::JsDistance => "Root of the Jensen-Shannon divergence of both histograms, 256 shared bins",
            Self::OutlierCost => "SQNR that the layer would gain without its outliers",
            Self::Excluded => "Pairs with a value that is not finite",
            Self::Confidence => "How sure the pair is",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        let name = name.trim().to_ascii_lowercase().replace('-', "_");
        let name = name.strip_suffix("_db").unwrap_or(&name);
        let name = if name == "worst_channel" { "worst_channel_sqnr" } else { name };
        Self::ALL.into_iter().find(|column| column.name() == name)
    }

    /// Whether small figures are the bad ones.
    pub fn is_worse_when_low(self) -> bool {
        matches!(
            self,
            Self::Sqnr
                | Self::WorstChannelSqnr
                | Self::Cosine
                | Self::Psnr
                | Self::CodesUsed
                | Self::CodeEntropy
                | Self::CloseFraction
                | Self::Confidence
        )
    }

    /// The figure of a row; `None` where there is none.
    pub fn of(self, row: &Row) -> Option<f64> {
        if self == Self::Confidence {
            return Some(row.pair.confidence);
        }
        let compared = row.outcome.as_ref().ok()?;
        let metrics = &compared.metrics;
        Some(match self {
            Self::Sqnr => metrics.sqnr_db,
            Self::WorstChannelSqnr => metrics.worst_channel?.1,
            Self::RmseOverScale => metrics.rmse_over_scale?,
            Self::MaxAbsError => metrics.max_abs_error,
            Self::Cosine => metrics.cosine,
            Self::Gain => metrics.gain,
            Self::CodesUsed => metrics.codes?.used as f64,
            Self::Saturation => metrics.codes?.saturation,
            Self::Kurtosis => metrics.kurtosis,
            Self::Bytes => metrics.stored_bytes.1 as f64,
            Self::Mse => metrics.mse,
            Self::MeanError => metrics.mean_error,
            Self::ErrorStd => metrics.error_std,
            Self::Psnr => metrics.psnr_db,
            Self::Nmse => metrics.nmse,
            Self::CloseFraction => metrics.close_fraction,
            Self::CodeEntropy => metrics.codes?.entropy_bits,
            Self::MedianRelativeError => row.distribution?.median_relative_error,
            Self::Wasserstein => row.distribution?.wasserstein,
            Self::JsDistance => row.distribution?.js_distance,
            Self::OutlierCost => row.anatomy.as_ref()?.outliers.as_ref()?.gain_db,
            Self::Excluded => metrics.excluded as f64,
            Self::Confidence => row.pair.confidence,
        })
    }
}
