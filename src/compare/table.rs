//! Two models compared: every pair with its figures.

use rayon::prelude::*;

use super::anatomy::Anatomy;
use super::column::Column;
use super::distribution::Distribution;
use super::gates::role_against;
use super::metrics::{CompareError, Compared, compare};
use super::pair::{Decisions, Pair, Pairing, Place, Subject, pair};
use super::relation::Relation;
use super::side::Side;
use super::words;
use crate::jobs::{Cancelled, Token};
use crate::weights::{FoldError, Site};

/// Two models, paired and compared.
#[derive(Clone, Debug)]
pub struct Table {
    pub pairing: Pairing,
    /// As [`Pairing::pairs`], in A's order.
    pub rows: Vec<Row>,
}

/// A pair and what comparing it gave.
#[derive(Clone, Debug)]
pub struct Row {
    pub pair: Pair,
    pub a: Place,
    pub b: Place,
    /// Or one sentence why the two are not compared.
    pub outcome: Result<Compared, String>,
    pub anatomy: Option<Anatomy>,
    /// Where it was asked for.
    pub distribution: Option<Distribution>,
    /// One phrase.
    pub reads_as: String,
    pub sentences: Vec<String>,
}

/// What is computed beside the default columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// The figures that sort both sides.
    pub distribution: bool,
    /// Where the errors of quantised weights come from.
    pub anatomy: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { distribution: false, anatomy: true }
    }
}

/// Pairs two models and compares every pair. `tell` gets each row with its place as soon as it is there, from
/// whatever thread made it.
///
/// # Errors
/// [`Cancelled`].
pub fn compare_models(
    a: Subject<'_>,
    b: Subject<'_>,
    decisions: &Decisions,
    options: Options,
    token: &Token,
    tell: impl Fn(usize, &Row) + Sync,
) -> Result<Table, Cancelled> {
    let pairing = pair(a, b, decisions, token)?;
    let rows = compare_pairs(a, b, &pairing.pairs, options, token, tell)?;
    Ok(Table { pairing, rows })
}

/// Compares pairs that are known. As [`compare_models`].
///
/// # Errors
/// [`Cancelled`].
pub fn compare_pairs(
    a: Subject<'_>,
    b: Subject<'_>,
    pairs: &[Pair],
    options: Options,
    token: &Token,
    tell: impl Fn(usize, &Row) + Sync,
) -> Result<Vec<Row>, Cancelled> {
    let size = |site: Site| {
        let weight = a.catalogue.at(site);
        weight.and_then(|weight| weight.graph(a.model).tensor(weight.tensor).shape.count()).unwrap_or(1).max(1)
    };
    token.expect(pairs.iter().map(|pair| size(pair.a)).sum());
    let one = |(number, pair): (usize, &Pair)| -> Result<Option<Row>, Cancelled> {
        token.check()?;
        let row = row(a, b, pair, options, token)?;
        token.advance(size(pair.a));
        if let Some(row) = &row {
            tell(number, row);
        }
        Ok(row)
    };
    let rows: Vec<Option<Row>> = pairs.par_iter().enumerate().with_max_len(1).map(one).collect::<Result<_, _>>()?;
    Ok(rows.into_iter().flatten().collect())
}

/// One pair compared; `None` where the models don't have it.
///
/// # Errors
/// [`Cancelled`].
pub fn row(a: Subject<'_>, b: Subject<'_>, pair: &Pair, options: Options, token: &Token) -> Result<Option<Row>, Cancelled> {
    let (Some(of_a), Some(of_b)) = (a.catalogue.at(pair.a), b.catalogue.at(pair.b)) else { return Ok(None) };
    let (Some(mut place_a), Some(mut place_b)) = (Place::of(a, pair.a), Place::of(b, pair.b)) else { return Ok(None) };
    (place_a.role, place_b.role) = (role_against(of_a, of_b), role_against(of_b, of_a));
    let mut row = Row {
        pair: pair.clone(),
        a: place_a,
        b: place_b,
        outcome: Err(String::new()),
        anatomy: None,
        distribution: None,
        reads_as: "not compared".into(),
        sentences: Vec::new(),
    };
    let sides = Side::both((a.model, of_a), (b.model, of_b), token);
    let outcome = sides.map_err(CompareError::Fold).and_then(|[of_a, of_b]| {
        let compared = compare(&of_a, &of_b, token)?;
        if options.anatomy {
            row.anatomy = Anatomy::of(&of_a, &of_b, &compared, token)?;
        }
        if options.distribution {
            row.distribution = Some(Distribution::of(&of_a, &of_b, &compared.alignment, token)?);
        }
        Ok(compared)
    });
    row.outcome = match outcome {
        Err(CompareError::Fold(FoldError::Cancelled(cancelled))) => return Err(cancelled),
        Ok(compared) => {
            row.reads_as = words::reads_as(&compared, row.anatomy.as_ref());
            row.sentences = words::sentences(&compared, row.anatomy.as_ref());
            Ok(compared)
        }
        Err(error) => {
            row.sentences = vec![error.to_string()];
            Err(error.to_string())
        }
    };
    Ok(Some(row))
}

impl Row {
    pub fn relation(&self) -> Option<Relation> {
        self.outcome.as_ref().ok().map(|compared| compared.relation)
    }
}

/// The numbers of the rows, worst first: by the worst channel's SQNR, where there are no channels by the weight's. Rows
/// without figures come last.
pub fn worst_first(rows: &[Row]) -> Vec<usize> {
    let rank = |row: &Row| Column::WorstChannelSqnr.of(row).or(Column::Sqnr.of(row)).unwrap_or(f64::NAN);
    by(rows, |a, b| rank(a).total_cmp(&rank(b)))
}

/// The numbers of the rows by a column, the bad end first unless `is_reversed`. Rows without the figure come last.
pub fn sorted(rows: &[Row], column: Column, is_reversed: bool) -> Vec<usize> {
    let from_low = column.is_worse_when_low() != is_reversed;
    by(rows, |a, b| match (column.of(a).filter(|value| !value.is_nan()), column.of(b).filter(|value| !value.is_nan())) {
        (Some(a), Some(b)) if from_low => a.total_cmp(&b),
        (Some(a), Some(b)) => b.total_cmp(&a),
        (a, b) => a.is_none().cmp(&b.is_none()),
    })
}

fn by(rows: &[Row], order: impl Fn(&Row, &Row) -> std::cmp::Ordering) -> Vec<usize> {
    let mut numbers: Vec<usize> = (0..rows.len()).collect();
    numbers.sort_by(|a, b| order(&rows[*a], &rows[*b]).then(a.cmp(b)));
    numbers
}
