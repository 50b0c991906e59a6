//! `FakeQuantize`: values that are rounded to levels when the model runs, and what can be read of them.

use std::sync::Arc;

use super::elementwise::{Step, broadcast_shape, filled, over};
use super::value::blocks;
use super::{FoldError, Value};
use crate::jobs::Token;
use crate::values::spread::Spread;

/// `FakeQuantize-1` with its four ranges spread over the data.
///
/// Source: `src/core/reference/include/openvino/reference/fake_quantize.hpp`. Rounding is half to even. The CPU
/// plugin computes so with the numbers of levels of 4 and 8 bits, which it may turn into integers, and takes all
/// others apart into arithmetic with one scale
/// (`src/common/transformations/src/transformations/op_conversions/fq_decomposition.cpp`). Found by experiment with
/// 2026.4.1: which numbers of levels are which; that the plugin fuses multiplication and addition where the data
/// has two axes or more and the ranges differ along the second at most, and then shifts by `low * steps / (high - low)`,
/// else by `low * (steps / (high - low))`; that it clamps to the high end first; and that it leaves 65536 levels out
/// where the range that comes out is the one that goes in, without clamping, in a layer as well as alone.
#[derive(Clone, Debug)]
pub(super) struct FakeQuantize {
    /// Input low and high, output low and high.
    ranges: [Vec<f32>; 4],
    spreads: [Spread; 4],
    steps: f32,
    /// Whether it is computed in one piece.
    is_whole: bool,
    /// Where it is taken apart, whether a multiplication and the addition behind it are rounded once, together.
    is_fused: bool,
    reading: Reading,
}

/// What is read of a tensor that is quantised on the way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Reading {
    /// What the layer computes with.
    #[default]
    Effective,
    /// As it was before `FakeQuantize`.
    Float,
    /// The level of each element: from 0, or from below 0 where the range of the output is symmetric, so
    /// that the level times the step is the effective value.
    Levels,
}

/// So many levels are left out where both ranges are the same, which ends are that differ by no more than this.
const LEFT_OUT: f32 = 65536.0;
const SAME: f32 = 1e-6;

/// As [`FakeQuantize`] says, of a whole value.
pub(super) fn fake_quantize<'m>(
    x: Value<'m>,
    ranges: [Value<'m>; 4],
    levels: f32,
    reading: Reading,
    token: &Token,
) -> Result<Value<'m>, FoldError> {
    let dtype = x.dtype;
    let mut shape = x.shape.clone();
    for range in &ranges {
        shape = broadcast_shape(&shape, &range.shape)?;
    }
    let x = if x.shape == shape { x } else { filled(x, &shape, token)? };
    let [a, b, c, d] = &ranges;
    let is_left_out = levels == LEFT_OUT && reading == Reading::Effective && is_alike(a, c, token)? && is_alike(b, d, token)?;
    if reading == Reading::Float || is_left_out {
        return Ok(x);
    }
    let is_fused = shape.len() > 1 && ranges.iter().all(|range| has_second_axis_alone(&range.shape, shape.len()));
    let spreads = [over(&a.shape, &shape)?, over(&b.shape, &shape)?, over(&c.shape, &shape)?, over(&d.shape, &shape)?];
    let [a, b, c, d] = ranges;
    let ranges = [a.into_f32(token)?, b.into_f32(token)?, c.into_f32(token)?, d.into_f32(token)?];
    let is_whole = [15.0, 16.0, 255.0, 256.0].contains(&levels);
    let step = FakeQuantize { ranges, spreads, steps: levels - 1.0, is_whole, is_fused, reading };
    if x.can_wait() {
        return Ok(x.then(Step::FakeQuantize(Arc::new(step))));
    }
    let mut numbers = x.into_f32(token)?;
    blocks(&mut numbers, token, |start, block| {
        step.apply(start, block);
        Ok(())
    })?;
    Ok(Value::float(dtype, shape, numbers))
}

/// Whether two ranges are the same, as far as the plugin looks.
fn is_alike(a: &Value<'_>, b: &Value<'_>, token: &Token) -> Result<bool, FoldError> {
    let ends = |value: &Value<'_>| value.clone().into_f32(token);
    Ok(match (ends(a)?.as_slice(), ends(b)?.as_slice()) {
        ([one], others) | (others, [one]) => others.iter().all(|other| (one - other).abs() <= SAME),
        (a, b) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() <= SAME),
    })
}

/// Whether an array that is spread over another of some rank differs along its second axis at most.
fn has_second_axis_alone(shape: &[usize], rank: usize) -> bool {
    let lead = rank.saturating_sub(shape.len());
    shape.iter().enumerate().all(|(axis, dim)| *dim == 1 || axis + lead == 1)
}

impl FakeQuantize {
    /// Bytes of memory of its own.
    pub(super) fn own_bytes(&self) -> u64 {
        self.ranges.iter().map(|range| range.len() as u64 * 4).sum()
    }

    pub(super) fn apply(&self, start: usize, block: &mut [f32]) {
        let mut done = 0;
        while done < block.len() {
            let position = start + done;
            // As far as no range changes.
            let runs = self.spreads.each_ref().map(|spread| spread.run(position));
            let still = runs.iter().map(|run| if run.step == 0 { run.len } else { 1 }).min().unwrap_or(1);
            let end = block.len().min(done.saturating_add(still));
            let at = |range: usize| self.ranges[range].get(runs[range].at).copied().unwrap_or(0.0);
            self.run([at(0), at(1), at(2), at(3)], &mut block[done..end]);
            done = end;
        }
    }

    fn run(&self, [input_low, input_high, output_low, output_high]: [f32; 4], block: &mut [f32]) {
        let steps = self.steps;
        let (low, high) = (input_low.min(input_high), input_low.max(input_high));
        let scale = steps / (input_high - input_low);
        // In one piece with the arithmetic around it the plugin computes the shift in its own order.
        let shift = if self.is_fused { input_low * steps / (input_high - input_low) } else { input_low * scale };
        let scaled = |x: f32| {
            let exact = if self.is_fused { x.mul_add(scale, -shift) } else { x * scale - shift };
            exact.round_ties_even()
        };
        let level = |x: f32| {
            if x <= low {
                0.0
            } else if x > high {
                steps
            } else if self.is_whole {
                ((x - input_low) / (input_high - input_low) * steps).round_ties_even()
            } else {
                scaled(x)
            }
        };
        let step = (output_high - output_low) / steps;
        match self.reading {
            Reading::Effective if self.is_whole => block.iter_mut().for_each(|x| {
                *x = if *x <= low {
                    output_low
                } else if *x > high {
                    output_high
                } else {
                    level(*x) / steps * (output_high - output_low) + output_low
                };
            }),
            Reading::Effective => block.iter_mut().for_each(|x| {
                // In this order, which matters where the ends have changed places.
                let x_in_range = if *x > input_high { input_high } else { *x };
                let x_in_range = if x_in_range < input_low { input_low } else { x_in_range };
                let level = scaled(x_in_range);
                *x = if self.is_fused { level.mul_add(step, output_low) } else { level * step + output_low };
            }),
            Reading::Float | Reading::Levels => {
                let is_symmetric = output_low < 0.0 && (output_low + output_high).abs() <= step * 1.01;
                let first = if is_symmetric { (output_low / step).round_ties_even() } else { 0.0 };
                block.iter_mut().for_each(|x| *x = level(*x) + first);
            }
        }
    }
}
