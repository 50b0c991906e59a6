//! The figures of a pair as the table writes them.

use crate::compare::Column;
use crate::compare::table::Row;
use crate::gui::names;
use crate::render::number;

/// Its head, shorter than where there is room for units.
pub fn head(column: Column) -> &'static str {
    match column {
        Column::WorstChannelSqnr => "worst channel dB",
        Column::Psnr => "PSNR dB",
        Column::CodeEntropy => "entropy bits",
        Column::MedianRelativeError => "median rel. e",
        column => column.title(),
    }
}

/// In points: the wider of the head and of what usually stands below it.
pub fn width(column: Column) -> f32 {
    match column {
        Column::Gain => 36.0,
        Column::Kurtosis => 52.0,
        Column::Sqnr | Column::Mse | Column::Nmse | Column::CloseFraction | Column::MeanError | Column::ErrorStd => 50.0,
        Column::Cosine => 56.0,
        Column::Saturation => 53.0,
        Column::Excluded | Column::Bytes | Column::Psnr => 56.0,
        Column::RmseOverScale => 66.0,
        Column::MaxAbsError | Column::CodesUsed | Column::Confidence => 61.0,
        Column::JsDistance | Column::CodeEntropy => 70.0,
        Column::MedianRelativeError | Column::OutlierCost | Column::Wasserstein => 86.0,
        Column::WorstChannelSqnr => 91.0,
    }
}

/// A figure with the digits that a person compares by; a dash where there is none.
pub fn text(row: &Row, column: Column) -> String {
    let Some(value) = column.of(row) else { return "–".into() };
    let compared = row.outcome.as_ref().ok();
    match column {
        Column::Sqnr | Column::Psnr | Column::OutlierCost => decibels(value),
        Column::WorstChannelSqnr => {
            let channel = compared.and_then(|compared| compared.metrics.worst_channel).map_or(0, |(channel, _)| channel);
            if value == f64::INFINITY { decibels(value) } else { format!("{} (ch {channel})", decibels(value)) }
        }
        Column::RmseOverScale if value.is_finite() => format!("{value:.3}"),
        Column::Bytes => names::bytes(value as u64),
        Column::Excluded => names::thousands(value as u64),
        Column::CodesUsed => {
            let possible = compared.and_then(|compared| compared.metrics.codes).map_or(0, |codes| codes.possible);
            format!("{value}/{possible}")
        }
        Column::Saturation | Column::CloseFraction | Column::Confidence => format!("{:.1} %", value * 100.0),
        Column::Cosine if value.is_finite() => number::nines(value),
        Column::Kurtosis if value.abs() < 0.0005 => "0.000".to_owned(),
        Column::Gain | Column::Kurtosis if value.abs() < 100.0 => format!("{value:.3}"),
        _ => names::figure(value),
    }
}

/// All digits, for hovering.
pub fn exact(row: &Row, column: Column) -> String {
    column.of(row).map_or_else(|| "There is no such figure for this pair".to_owned(), names::exact)
}

pub fn decibels(value: f64) -> String {
    match value {
        value if value.is_nan() => "–".to_owned(),
        f64::INFINITY => "∞".to_owned(),
        f64::NEG_INFINITY => "-∞".to_owned(),
        value => format!("{value:.1}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decibels_without_end() {
        assert_eq!([14.23, f64::INFINITY, f64::NEG_INFINITY, f64::NAN].map(decibels), ["14.2", "∞", "-∞", "–"]);
    }
}
