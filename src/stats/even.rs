//! Float32 values into evenly spaced bins, quickly and exactly.
//!
//! A value's place in bins is computed in float32, many values at once. That is not exact, but it is
//! monotone: where it holds just below and at every edge, within a tolerance, it holds between them.
//! [`Even::new`] checks that for the edges at hand; values closer to an edge than twice the
//! tolerance are compared with the edges themselves.

use super::Histogram;
use super::blocks::{Readable, pieces};
use super::loops::{self, Grid, NEAR_EDGE, SLOTS, Slots, TURNS, USED};
use crate::jobs::Token;

/// Edges that float32 arithmetic finds the bins between.
pub(super) struct Even {
    grid: Grid,
    /// The least float32 of every bin, and the least above the last bin, which holds its upper edge.
    least: Vec<f32>,
}

impl Even {
    /// `None` where the edges are not evenly spaced, or so close to each other that float32 can't
    /// tell.
    pub fn new(edges: &[f64]) -> Option<Self> {
        let (low, high) = (*edges.first()?, *edges.last()?);
        let bins = edges.len() - 1;
        if bins == 0 || bins > SLOTS - 2 {
            return None;
        }
        let grid = Grid { low: low as f32, scale: (bins as f64 / (high - low)) as f32, bins: bins as f32 };
        let mut least: Vec<f32> = edges.iter().map(|edge| least_from(*edge)).collect();
        if let Some(top) = least.last_mut().filter(|top| f64::from(**top) == high) {
            *top = top.next_up();
        }
        let is_usable = grid.scale.is_finite() && grid.scale > 0.0 && grid.low.is_finite();
        let tolerance = f64::from(NEAR_EDGE) / 2.0;
        let place = |value: f32| f64::from(grid.place(value)) + 0.5;
        let holds = |(edge, least): (usize, &f32)| {
            let edge = edge as f64;
            place(*least) >= edge - tolerance && place(least.next_down()) <= edge + tolerance
        };
        (is_usable && least.iter().enumerate().all(holds)).then_some(Self { grid, least })
    }

    /// Counts; the edges are left out.
    pub fn count<S: Readable + ?Sized>(&self, values: &S, token: &Token) -> Result<Histogram, S::Error> {
        let bins = self.least.len() - 1;
        let empty = || Histogram { counts: vec![0; bins], ..Histogram::default() };
        let slots = || -> Box<Slots> { vec![0u32; 1 << 16].try_into().unwrap_or_else(|_| Box::new([0; 1 << 16])) };
        pieces(
            values,
            token,
            slots,
            |slots, piece| {
                slots[..USED].fill(0);
                let (mut found, mut odd) = (empty(), Vec::new());
                piece.for_each_block(|_, block| {
                    loops::count_bins(block, self.grid, slots, &mut odd);
                    odd.drain(..).for_each(|value| self.look_up(value, &mut found));
                })?;
                let sums = slots.chunks(TURNS).map(|turns| turns.iter().copied().map(u64::from).sum::<u64>());
                for (slot, sum) in sums.enumerate().take(bins + 2) {
                    match slot.checked_sub(1) {
                        None => found.below += sum,
                        Some(bin) => *found.counts.get_mut(bin).unwrap_or(&mut found.above) += sum,
                    }
                }
                Ok(found)
            },
            empty,
            |a, b| super::histogram::sum(a, &b),
        )
    }

    fn look_up(&self, value: f32, found: &mut Histogram) {
        let slot = match value {
            _ if value.is_nan() => &mut found.nan,
            f32::INFINITY => &mut found.pos_inf,
            f32::NEG_INFINITY => &mut found.neg_inf,
            _ => match self.edges_below(value).checked_sub(1) {
                None => &mut found.below,
                Some(bin) => found.counts.get_mut(bin).unwrap_or(&mut found.above),
            },
        };
        *slot += 1;
    }

    /// Edges that are not above a finite value. The place in bins is right but for one.
    fn edges_below(&self, value: f32) -> usize {
        let place = (self.grid.place(value) + 0.5).clamp(0.0, self.grid.bins) as usize;
        let start = place.saturating_sub(1);
        let near = self.least.get(start..(place + 3).min(self.least.len())).unwrap_or_default();
        start + near.iter().take_while(|least| **least <= value).count()
    }
}

/// The least float32 that is not below `edge`.
fn least_from(edge: f64) -> f32 {
    let nearest = edge as f32;
    if f64::from(nearest) >= edge { nearest } else { nearest.next_up() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_next_to_every_edge() {
        for (low, high, bins) in
            [(0.0, 1.0, 10usize), (-0.3, 0.7, 512), (1e-3, 1.7e-3, 37), (-1e30, 1e30, 64), (-128.5, 127.5, 256), (5.0, 6.0, 1)]
        {
            let edges: Vec<f64> = (0..=bins).map(|edge| low + (high - low) * edge as f64 / bins as f64).collect();
            let even = Even::new(&edges).unwrap();
            let near = |edge: &f64| {
                let value = *edge as f32;
                [value.next_down().next_down(), value.next_down(), value, value.next_up(), value.next_up().next_up()]
            };
            let mut values: Vec<f32> = edges.iter().flat_map(near).collect();
            values.extend([f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MIN, f32::MAX, 0.0, -0.0, 1e-45]);
            values.extend((0..5000u32).map(|i| (low + (high - low) * f64::from(i) / 4999.0) as f32));
            let found = even.count(&values, &Token::new()).unwrap();
            let mut expected = Histogram { counts: vec![0; bins], nan: 1, pos_inf: 1, neg_inf: 1, ..Histogram::default() };
            for x in values.iter().filter(|value| value.is_finite()).map(|value| f64::from(*value)) {
                match x {
                    _ if x < low => expected.below += 1,
                    _ if x > edges[bins] => expected.above += 1,
                    _ => expected.counts[(edges.partition_point(|edge| *edge <= x) - 1).min(bins - 1)] += 1,
                }
            }
            assert_eq!(found, expected, "{low} {high} {bins}");
        }
    }

    #[test]
    fn what_float32_cant_tell_is_refused() {
        for edges in [&[0.0, 1.0, 3.0][..], &[0.0, 1e-44, 2e-44], &[0.0], &[], &[-1e300, 0.0, 1e300]] {
            assert!(Even::new(edges).is_none(), "{edges:?}");
        }
    }
}
