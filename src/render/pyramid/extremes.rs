//! The least and the greatest of rows of numbers, many at once: as pairs of (low, high), see the parent.

use std::ops::Range;

use fearless_simd::{Level, dispatch};

/// The extremes of extremes.
pub(super) fn fold(low: &[f32], high: &[f32]) -> (f32, f32) {
    let mut all = (f32::INFINITY, f32::NEG_INFINITY);
    for (low, high) in low.iter().zip(high) {
        widen_one(&mut all.0, &mut all.1, *low, *high);
    }
    all
}

/// Calls `each` with the number of every span that is not empty and the extremes of its entries. Those of a span are
/// those of the window of 1, 2, 4, ... entries at its start and of the one at its end, and the windows at all places are
/// found many at once.
pub(super) fn each_span(
    [low, high]: [&mut Vec<f32>; 2],
    [wide_low, wide_high]: &mut [Vec<f32>; 2],
    spans: &[Range<usize>],
    mut each: impl FnMut(usize, f32, f32),
) {
    let longest = spans.iter().map(Range::len).max().unwrap_or(0);
    let mut window = 1;
    while window <= longest {
        for (number, span) in spans.iter().enumerate().filter(|(_, span)| (window..2 * window).contains(&span.len())) {
            let (a, b) = (span.start, span.end - window);
            if let (Some(a), Some(b)) = (low.get(a).zip(high.get(a)), low.get(b).zip(high.get(b))) {
                let (mut least, mut most) = (*a.0, *a.1);
                widen_one(&mut least, &mut most, *b.0, *b.1);
                each(number, least, most);
            }
        }
        for (numbers, wide) in [(&mut *low, &mut *wide_low), (&mut *high, &mut *wide_high)] {
            wide.clear();
            wide.extend_from_slice(numbers.get(..numbers.len().saturating_sub(window)).unwrap_or_default());
        }
        let [further_low, further_high] = [&*low, &*high].map(|numbers| numbers.get(window..).unwrap_or_default());
        widen(wide_low, wide_high, further_low, further_high);
        std::mem::swap(low, wide_low);
        std::mem::swap(high, wide_high);
        window *= 2;
    }
}

/// The extremes of the rows above and of one more.
pub(super) fn widen(low: &mut [f32], high: &mut [f32], lows: &[f32], highs: &[f32]) {
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
#[inline]
pub(super) fn widen_one(to_low: &mut f32, to_high: &mut f32, low: f32, high: f32) {
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
        let mut low = numbers.clone();
        // As `widen` leaves it: a NaN is in `low` alone.
        let mut high: Vec<f32> = numbers.iter().map(|number| if number.is_nan() { f32::NEG_INFINITY } else { *number }).collect();
        each_span([&mut low, &mut high], &mut Default::default(), &spans, |span, low, high| found[span] = Some((low, high)));
        for (span, found) in spans.iter().zip(found) {
            let (low, high) = fold(&numbers[span.clone()], &numbers[span.clone()]);
            let expected = (!span.is_empty()).then_some((low, high));
            assert_eq!(format!("{found:?}"), format!("{expected:?}"), "{span:?}");
        }
    }
}
