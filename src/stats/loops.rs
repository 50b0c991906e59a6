//! The innermost loops over float32 values, written so that the compiler takes several values at
//! once, and compiled again for processors with wider registers (`dispatch!` chooses at run time).
//! Every sum has a fixed number of lanes, so that all forms give the same bits.

#![allow(clippy::needless_range_loop, reason = "the lanes of several arrays keep step, which the compiler turns into wide registers")]

use fearless_simd::{Level, dispatch};

use super::moments::Part;

/// Values that are looked at together while they lie in the processor's first cache.
const SUB: usize = 4096;
const LANES: usize = 16;
const WIDE: usize = 32;

/// Leading bits of a float32 that make a bucket.
pub(super) const PREFIXES: usize = 1 << 16;

/// The figures of a block, and, if wanted, how many values begin with each 16 bits.
pub(super) fn scan(block: &[f32], counts: Option<&mut [u32; PREFIXES]>) -> Part {
    dispatch!(Level::new(), _ => scan_with(block, counts))
}

#[inline(always)]
fn scan_with(block: &[f32], mut counts: Option<&mut [u32; PREFIXES]>) -> Part {
    let mut parts = [Part::NONE; super::BLOCK / SUB];
    for (part, sub) in parts.iter_mut().zip(block.chunks(SUB)) {
        *part = figures(sub);
        if let Some(counts) = &mut counts {
            for value in sub {
                counts[usize::from((value.to_bits() >> 16) as u16)] += 1;
            }
        }
    }
    if block.len() <= SUB { parts[0] } else { Part::join(&parts) }
}

#[inline(always)]
fn figures(sub: &[f32]) -> Part {
    let center = about(sub);
    let sums = powers(sub, center);
    if !sums[3].is_finite() {
        return figures_of_finite(sub);
    }
    let (min, max, zeros) = extremes(sub);
    let n = sub.len() as f64;
    let part = |center: f64, sums: [f64; 4]| Part { zeros, min, max, ..Part::of_sums(sub.len() as u64, center, sums) };
    // Far from the mean, what the powers have in common would take their last digits.
    if sums[0] * sums[0] > 0.5 * n * sums[1] {
        let mean = center + sums[0] / n;
        return part(mean, powers(sub, mean));
    }
    part(center, sums)
}

/// [`figures`] of what holds values that are not finite.
#[inline(never)]
fn figures_of_finite(sub: &[f32]) -> Part {
    let finite: Vec<f32> = sub.iter().copied().filter(|value| value.is_finite()).collect();
    let counted = |is_it: fn(&f32) -> bool| sub.iter().filter(|value| is_it(value)).count() as u64;
    let part = if finite.is_empty() { Part::NONE } else { figures(&finite) };
    Part {
        nan: counted(|value| value.is_nan()),
        pos_inf: counted(|value| *value == f32::INFINITY),
        neg_inf: counted(|value| *value == f32::NEG_INFINITY),
        ..part
    }
}

/// Roughly the mean: that of the first values. Looking further would wait for the memory.
#[inline(always)]
fn about(sub: &[f32]) -> f64 {
    let first = &sub[..sub.len().min(LANES)];
    let sum: f64 = first.iter().copied().map(f64::from).sum();
    if first.is_empty() { 0.0 } else { sum / first.len() as f64 }
}

/// Sums of the first four powers of the distances from `center`.
#[inline(always)]
fn powers(sub: &[f32], center: f64) -> [f64; 4] {
    let [mut a, mut b, mut c, mut d] = [[0.0f64; LANES]; 4];
    let (chunks, rest) = sub.as_chunks::<LANES>();
    for chunk in chunks {
        for lane in 0..LANES {
            let distance = f64::from(chunk[lane]) - center;
            let square = distance * distance;
            a[lane] += distance;
            b[lane] += square;
            c[lane] += square * distance;
            d[lane] += square * square;
        }
    }
    for (lane, value) in rest.iter().enumerate() {
        let distance = f64::from(*value) - center;
        let square = distance * distance;
        a[lane] += distance;
        b[lane] += square;
        c[lane] += square * distance;
        d[lane] += square * square;
    }
    [a, b, c, d].map(|lanes| lanes.iter().sum())
}

/// Of finite values the least, the greatest, and how many are zero; the infinities and none of nothing. For loops that
/// are compiled for several kinds of processors.
#[inline(always)]
pub fn extremes(sub: &[f32]) -> (f32, f32, u64) {
    let mut low = [f32::INFINITY; WIDE];
    let mut high = [f32::NEG_INFINITY; WIDE];
    let mut zeros = [0u32; WIDE];
    let (chunks, rest) = sub.as_chunks::<WIDE>();
    for chunk in chunks {
        for lane in 0..WIDE {
            let value = chunk[lane];
            low[lane] = if value < low[lane] { value } else { low[lane] };
            high[lane] = if value > high[lane] { value } else { high[lane] };
            zeros[lane] += u32::from(value == 0.0);
        }
    }
    let (low, high) = (low.into_iter().fold(f32::INFINITY, f32::min), high.into_iter().fold(f32::NEG_INFINITY, f32::max));
    let more = rest.iter().filter(|value| **value == 0.0).count();
    let zeros = zeros.iter().copied().map(u64::from).sum::<u64>() + more as u64;
    (rest.iter().copied().fold(low, f32::min), rest.iter().copied().fold(high, f32::max), zeros)
}

/// Appends to `out` the values whose first 16 bits are marked.
pub(super) fn collect(block: &[f32], marks: &[u8; PREFIXES], out: &mut Vec<f32>) {
    dispatch!(Level::new(), _ => collect_with(block, marks, out));
}

#[inline(always)]
fn collect_with(block: &[f32], marks: &[u8; PREFIXES], out: &mut Vec<f32>) {
    for sub in block.chunks(SUB) {
        // Every value is written down, and only those that are marked move the place on: no branch is guessed.
        let mut found = [0.0f32; SUB];
        let mut count = 0;
        for value in sub {
            found[count & (SUB - 1)] = *value;
            count += usize::from(marks[usize::from((value.to_bits() >> 16) as u16)]);
        }
        out.extend(&found[..count]);
    }
}

/// Counters that are taken in turn, so that equal neighbours don't wait for each other.
pub(super) const TURNS: usize = 4;
/// Bins with one more at either end for what lies outside; a power of two.
pub(super) const SLOTS: usize = 1024;

/// For each slot its counters, one after the other. As many as 16 bits tell apart, so that no index has to be
/// checked; those behind [`USED`] stay as they are.
pub(super) type Slots = [u32; 1 << 16];
pub(super) const USED: usize = SLOTS * TURNS;

/// Evenly spaced bins, by a multiplication in float32. Monotone in the value, which is what lets its
/// users prove that it is right (see `histogram`).
#[derive(Clone, Copy, Debug)]
pub(super) struct Grid {
    pub low: f32,
    /// Bins a unit.
    pub scale: f32,
    pub bins: f32,
}

/// Closer to an edge than this part of a bin a value's bin has to be looked up.
pub(super) const NEAR_EDGE: f32 = 1.0 / 1024.0;

impl Grid {
    /// Place of a value in bins, less a half: a value in bin `k` is between `k - 1/2` and `k + 1/2`.
    #[inline(always)]
    pub fn place(self, value: f32) -> f32 {
        (value - self.low) * self.scale - 0.5
    }
}

/// Counts a block into slots: the bin and one more, 0 for what is below and the last but one for
/// what is above. Values that are too close to an edge or not finite are left over, in `odd`.
pub(super) fn count_bins(block: &[f32], grid: Grid, slots: &mut Slots, odd: &mut Vec<f32>) {
    dispatch!(Level::new(), _ => count_bins_with(block, grid, slots, odd));
}

#[inline(always)]
fn count_bins_with(block: &[f32], grid: Grid, slots: &mut Slots, odd: &mut Vec<f32>) {
    /// Added to a small number, it leaves the nearest whole one in the last bits.
    const WHOLE: f32 = 8_388_608.0;
    let slot = |value: f32| {
        let place = grid.place(value);
        let place = if place > -1.0 { place } else { -1.0 };
        let place = if place < grid.bins { place } else { grid.bins };
        let whole = place + (WHOLE + 1.0);
        let is_near = (place - (whole - (WHOLE + 1.0))).abs() >= 0.5 - NEAR_EDGE;
        let is_odd = value.to_bits() & 0x7f80_0000 == 0x7f80_0000;
        (whole.to_bits() & (SLOTS as u32 - 1), u32::from(is_near) | u32::from(is_odd))
    };
    let (chunks, rest) = block.as_chunks::<LANES>();
    let (mut places, mut odds) = ([0u16; LANES], [0u32; LANES]);
    for chunk in chunks {
        let mut any = 0;
        for lane in 0..LANES {
            let (slot, is_odd) = slot(chunk[lane]);
            places[lane] = (slot as usize * TURNS + lane % TURNS) as u16;
            odds[lane] = is_odd;
            any |= is_odd;
        }
        if any == 0 {
            for place in places {
                slots[usize::from(place)] += 1;
            }
        } else {
            for lane in 0..LANES {
                match odds[lane] {
                    0 => slots[usize::from(places[lane])] += 1,
                    _ => odd.push(chunk[lane]),
                }
            }
        }
    }
    odd.extend_from_slice(rest);
}
