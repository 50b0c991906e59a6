//! Thresholds with names. What is bad depends on the number of bits, so there is no one scale of decibels:
//! the usual preset ranks within the model.

use super::expression::Expression;
use super::table::{Row, worst_first};

/// How a row stands in a preset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grade {
    Good,
    Doubtful,
    Bad,
}

/// Thresholds by name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Preset {
    /// The worst tenth of those with an error is bad, the next two tenths are doubtful.
    #[default]
    Rank,
    Int8,
    Int4,
    Half,
    Exact,
}

impl Preset {
    pub const ALL: [Self; 5] = [Self::Rank, Self::Int8, Self::Int4, Self::Half, Self::Exact];

    /// The word on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rank => "rank",
            Self::Int8 => "int8",
            Self::Int4 => "int4",
            Self::Half => "half",
            Self::Exact => "exact",
        }
    }

    pub fn title(self) -> &'static str {
        match self {
            Self::Rank => "Rank within the model",
            Self::Int8 => "8-bit weights",
            Self::Int4 => "4-bit weights",
            Self::Half => "Half precision",
            Self::Exact => "Equal values",
        }
    }

    /// What is bad, and what is doubtful, as expressions; `None` for the rank.
    pub fn expressions(self) -> Option<(&'static str, &'static str)> {
        Some(match self {
            Self::Rank => return None,
            Self::Int8 => (
                "worst_channel_sqnr < 15 or sqnr < 20 or rmse_over_scale > 0.7",
                "worst_channel_sqnr < 25 or sqnr < 30 or rmse_over_scale > 0.4",
            ),
            Self::Int4 => (
                "worst_channel_sqnr < 6 or sqnr < 10 or rmse_over_scale > 0.7",
                "worst_channel_sqnr < 12 or sqnr < 15 or rmse_over_scale > 0.4",
            ),
            Self::Half => ("worst_channel_sqnr < 50 or sqnr < 50", "worst_channel_sqnr < 60 or sqnr < 60"),
            Self::Exact => ("max_abs_error > 0", "max_abs_error > 0"),
        })
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|preset| preset.name() == name)
    }

    /// The grade of every row; `None` of those that are not compared.
    pub fn grades(self, rows: &[Row]) -> Vec<Option<Grade>> {
        let is_compared = |row: &Row| row.outcome.is_ok();
        let Some((bad, doubtful)) = self.expressions() else { return ranks(rows) };
        let (Ok(bad), Ok(doubtful)) = (Expression::parse(bad), Expression::parse(doubtful)) else { return vec![None; rows.len()] };
        let grade = |row: &Row| match (bad.holds(row), doubtful.holds(row)) {
            (true, _) => Grade::Bad,
            (false, true) => Grade::Doubtful,
            _ => Grade::Good,
        };
        rows.iter().map(|row| is_compared(row).then(|| grade(row))).collect()
    }
}

fn ranks(rows: &[Row]) -> Vec<Option<Grade>> {
    let mut grades: Vec<Option<Grade>> = rows.iter().map(|row| row.outcome.is_ok().then_some(Grade::Good)).collect();
    let has_error = |number: &usize| rows[*number].outcome.as_ref().is_ok_and(|compared| compared.metrics.mse > 0.0);
    let order: Vec<usize> = worst_first(rows).into_iter().filter(has_error).collect();
    let (bad, doubtful) = (order.len().div_ceil(10), (order.len() * 3).div_ceil(10));
    for (rank, number) in order.into_iter().enumerate().take(doubtful) {
        grades[number] = Some(if rank < bad { Grade::Bad } else { Grade::Doubtful });
    }
    grades
}
