//! Whether two weights are the same up to the order of their channels: of the outputs, as after pruning or
//! sorting, and of the inputs, as where the layer before was sorted.
//!
//! A row (one output channel) keeps its multiset of values whatever the order of the inputs, and a column
//! (one input channel) whatever the order of the outputs. So rows and columns are known by hashes of their
//! sorted values, are put into the order of the hashes, and then every value has to agree.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::align::Alignment;
use super::side::Side;
use crate::jobs::Token;
use crate::weights::FoldError;

/// Larger weights are not looked at: both are copied.
const MAX_VALUES: usize = 1 << 26;

pub(super) fn is_permuted(a: &Side<'_>, b: &Side<'_>, alignment: &Alignment, token: &Token) -> Result<bool, FoldError> {
    let count = alignment.count();
    if !(2..=MAX_VALUES).contains(&count) {
        return Ok(false);
    }
    let read = |side: &Side<'_>| side.value.clone().into_f32(token);
    let (a_values, b_values) = (read(a)?, read(b)?);
    let Some(b_values) = alignment.bring(&b_values) else { return Ok(false) };
    if multiset(a_values.iter().copied()) != multiset(b_values.iter().copied()) {
        return Ok(false);
    }
    let Some(channels) = alignment.channels() else { return Ok(true) };
    let inputs = inputs(a);
    let (a_grid, b_grid) = (Ordered::of(&a_values, alignment, channels, inputs), Ordered::of(&b_values, alignment, channels, inputs));
    Ok(a_grid.sorted == b_grid.sorted)
}

/// Stride and extent of A's axis of input channels.
fn inputs(a: &Side<'_>) -> (usize, usize) {
    let layout = a.form.layout.unwrap_or_default();
    let axis = layout.find('I').filter(|_| layout.len() == a.form.shape.len());
    axis.map_or((1, 1), |axis| (a.form.shape[axis + 1..].iter().product(), a.form.shape[axis]))
}

/// A weight's values, rows and columns in the order of their hashes.
struct Ordered {
    sorted: Vec<u32>,
}

impl Ordered {
    fn of(values: &[f32], alignment: &Alignment, channels: usize, (stride, inputs): (usize, usize)) -> Self {
        let inner = values.len() / channels.max(1);
        // By row: where its values lie, input by input.
        let mut cells: Vec<Vec<Vec<u32>>> = vec![vec![Vec::new(); inputs.max(1)]; channels];
        for (row, cells) in cells.iter_mut().enumerate() {
            for position in row * inner..(row + 1) * inner {
                let place = alignment.places(position).0;
                let input = place / stride.max(1) % inputs.max(1);
                cells[input].push(bits(values[place]));
            }
        }
        let row_hash = |row: &Vec<Vec<u32>>| multiset(row.iter().flatten().map(|bits| f32::from_bits(*bits)));
        let column_hash = |input: usize| multiset(cells.iter().flat_map(|row| &row[input]).map(|bits| f32::from_bits(*bits)));
        let mut columns: Vec<usize> = (0..inputs.max(1)).collect();
        columns.sort_by_cached_key(|input| column_hash(*input));
        let mut rows: Vec<&Vec<Vec<u32>>> = cells.iter().collect();
        // Rows of the same values in another order are told apart by the order of the inputs.
        rows.sort_by_cached_key(|row| (row_hash(row), columns.iter().flat_map(|input| row[*input].clone()).collect::<Vec<_>>()));
        let sorted = rows.into_iter().flat_map(|row| columns.iter().flat_map(|input| row[*input].iter().copied())).collect();
        Self { sorted }
    }
}

fn bits(value: f32) -> u32 {
    // Both zeros are one.
    if value == 0.0 { 0 } else { value.to_bits() }
}

fn multiset(values: impl Iterator<Item = f32>) -> u64 {
    let mut bits: Vec<u32> = values.map(bits).collect();
    bits.sort_unstable();
    let mut hasher = DefaultHasher::new();
    bits.hash(&mut hasher);
    hasher.finish()
}
