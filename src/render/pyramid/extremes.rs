//! The least and the greatest of rows of numbers, many at once: as pairs of (low, high), see the parent.

use std::ops::Range;

use fearless_simd::{Level, dispatch};

/// The extremes of extremes.
fn fold(low: &[f32], high: &[f32]) -> (f32, f32) {
    let mut all = (f32::INFINITY, f32::NEG_INFINITY);
    for (low, high) in low.iter().zip(high) {
        widen_one(&mut all.0, &mut all.1, *low, *high);
    }
    all
}

/// Spans of entries in a row, sorted for looking at many rows. The extremes of a span are those of the window of 1, 2,
/// 4, ... entries at its start and of the one at its end; the windows at all places are found many at once.
pub(super) struct Spans {
    /// By the window: the span's number, where its first window begins, and where the last.
    by_window: Vec<Vec<(u32, u32, u32)>>,
}

impl Spans {
    pub fn new(spans: impl Iterator<Item = Range<usize>>) -> Self {
        let mut by_window: Vec<Vec<(u32, u32, u32)>> = Vec::new();
        for (number, span) in (0..).zip(spans) {
            let Some(level) = span.len().checked_ilog2() else { continue };
            by_window.resize_with(by_window.len().max(level as usize + 1), Vec::new);
            by_window[level as usize].push((number, span.start as u32, (span.end - (1 << level)) as u32));
        }
        Self { by_window }
    }

    /// Calls `each` with the number of every span that is not empty and the extremes of its entries. Uses up `row`.
    pub fn each(&self, row: &mut Extremes, wide: &mut Extremes, mut each: impl FnMut(usize, f32, f32)) {
        for (level, spans) in self.by_window.iter().enumerate() {
            // Of the instructions that all processors have, a choice between floats would become a branch, which is
            // guessed wrong every other time.
            dispatch!(Level::new(), _ => row.each(spans, &mut each));
            if level + 1 < self.by_window.len() {
                row.double(1 << level, wide);
            }
        }
    }
}

/// A row of extremes.
#[derive(Default)]
pub(super) struct Extremes {
    low: Vec<f32>,
    high: Vec<f32>,
}

impl Extremes {
    /// Of no cells yet.
    pub fn clear(&mut self, len: usize) {
        self.low.clear();
        self.low.resize(len, f32::INFINITY);
        self.high.clear();
        self.high.resize(len, f32::NEG_INFINITY);
    }

    pub fn widen(&mut self, lows: &[f32], highs: &[f32]) {
        widen(&mut self.low, &mut self.high, lows, highs);
    }

    /// Appends the extremes of every so many neighbours.
    pub fn fold_by(&self, count: usize, low: &mut Vec<f32>, high: &mut Vec<f32>) {
        for (lows, highs) in self.low.chunks(count).zip(self.high.chunks(count)) {
            let (least, most) = fold(lows, highs);
            low.push(least);
            high.push(most);
        }
    }

    #[inline(always)]
    fn each(&self, spans: &[(u32, u32, u32)], each: &mut impl FnMut(usize, f32, f32)) {
        for (number, first, last) in spans {
            let (Some((mut low, mut high)), Some(more)) = (self.get(*first), self.get(*last)) else { continue };
            widen_one(&mut low, &mut high, more.0, more.1);
            each(*number as usize, low, high);
        }
    }

    #[inline(always)]
    fn get(&self, place: u32) -> Option<(f32, f32)> {
        Some((*self.low.get(place as usize)?, *self.high.get(place as usize)?))
    }

    /// Joins each entry with the one so many places behind it.
    fn double(&mut self, window: usize, wide: &mut Self) {
        let len = self.low.len().saturating_sub(window);
        for (numbers, wide) in [(&self.low, &mut wide.low), (&self.high, &mut wide.high)] {
            wide.clear();
            wide.extend_from_slice(&numbers[..len]);
        }
        wide.widen(self.low.get(window..).unwrap_or_default(), self.high.get(window..).unwrap_or_default());
        std::mem::swap(self, wide);
    }
}

/// The extremes of the rows above and of one more.
fn widen(low: &mut [f32], high: &mut [f32], lows: &[f32], highs: &[f32]) {
    dispatch!(Level::new(), _ => widen_each(low, high, lows, highs));
}

#[inline(always)]
fn widen_each(low: &mut [f32], high: &mut [f32], lows: &[f32], highs: &[f32]) {
    for ((to_low, to_high), (low, high)) in low.iter_mut().zip(high).zip(lows.iter().zip(highs)) {
        widen_one(to_low, to_high, *low, *high);
    }
}

/// Comparisons without branches, so that the loops above become vector instructions. A NaN once in
/// `low` stays: no comparison with it holds.
#[inline(always)]
fn widen_one(to_low: &mut f32, to_high: &mut f32, low: f32, high: f32) {
    *to_low = if (low < *to_low) | low.is_nan() { low } else { *to_low };
    *to_high = if high > *to_high { high } else { *to_high };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nan_stays() {
        for values in [[1.0, f32::NAN, 2.0], [f32::NAN, 1.0, 2.0], [1.0, 2.0, f32::NAN]] {
            assert!(fold(&values, &values).0.is_nan());
        }
        assert_eq!(fold(&[3.0, -1.0], &[3.0, -1.0]), (-1.0, 3.0));
    }

    /// The referee folds each span by itself.
    #[test]
    fn spans_by_windows() {
        let numbers: Vec<f32> = (0..100u32).map(|place| if place == 60 { f32::NAN } else { (place * 37 % 101) as f32 }).collect();
        let spans: Vec<Range<usize>> = (0..30).map(|place| place * 3..(place * 3 + place % 11).min(100)).collect();
        let mut found = vec![None; spans.len()];
        let mut row = Extremes::default();
        row.clear(numbers.len());
        row.widen(&numbers, &numbers);
        Spans::new(spans.iter().cloned()).each(&mut row, &mut Extremes::default(), |span, low, high| found[span] = Some((low, high)));
        for (span, found) in spans.iter().zip(found) {
            let (low, high) = fold(&numbers[span.clone()], &numbers[span.clone()]);
            let expected = (!span.is_empty()).then_some((low, high));
            assert_eq!(format!("{found:?}"), format!("{expected:?}"), "{span:?}");
        }
    }
}
