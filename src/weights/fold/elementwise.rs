//! Arithmetic element by element, with numpy's broadcasting, in place where an operand has the
//! result's shape.

use super::convert::wrap;
use super::value::{blocks, count_of};
use super::view::{View, copy, strides};
use super::{DType, FoldError, Value};
use crate::jobs::Token;

/// An operation of two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Binary {
    Add,
    Subtract,
    Multiply,
    Divide,
    Power,
    Maximum,
    Minimum,
}

/// `a op b`; the result has the type of `a`. Floats in float32, integers exactly, wrapped to their
/// type; an integer quotient is rounded down (`Divide-1` with `m_pythondiv`, its default).
pub(super) fn binary<'m>(op: Binary, a: Value<'m>, b: Value<'m>, token: &Token) -> Result<Value<'m>, FoldError> {
    let dtype = a.dtype;
    let shape = broadcast_shape(&a.shape, &b.shape)?;
    if dtype.is_integer() && b.dtype.is_integer() {
        let (a, b) = (Grid::int(a, token)?, Grid::int(b, token)?);
        let numbers = apply(a, b, &shape, token, |x, y| integer(op, dtype, x, y))?;
        return Ok(Value::int(dtype, shape, numbers));
    }
    let (a, b) = (Grid::float(a, token)?, Grid::float(b, token)?);
    let run = |f: fn(f32, f32) -> f32| apply(a, b, &shape, token, |x, y| Ok(f(x, y)));
    let numbers = match op {
        Binary::Add => run(|x, y| x + y),
        Binary::Subtract => run(|x, y| x - y),
        Binary::Multiply => run(|x, y| x * y),
        Binary::Divide => run(|x, y| x / y),
        Binary::Power => run(f32::powf),
        Binary::Maximum => run(f32::max),
        Binary::Minimum => run(f32::min),
    }?;
    Ok(Value::float(dtype, shape, numbers))
}

/// One number to one number.
pub(super) fn unary<'m>(value: Value<'m>, token: &Token, f: fn(f32) -> f32) -> Result<Value<'m>, FoldError> {
    let (dtype, shape) = (value.dtype, value.shape.clone());
    if dtype.is_integer() {
        return FoldError::problem("it is evaluated on floats only");
    }
    let mut numbers = value.into_f32(token)?;
    blocks(&mut numbers, token, |_, block| {
        block.iter_mut().for_each(|number| *number = f(*number));
        Ok(())
    })?;
    Ok(Value::float(dtype, shape, numbers))
}

/// `FakeQuantize-1` of `x` with the four ranges.
///
/// Source: `src/core/reference/include/openvino/reference/fake_quantize.hpp`. Rounding is half to even.
pub(super) fn fake_quantize<'m>(x: Value<'m>, ranges: [Value<'m>; 4], levels: f32, token: &Token) -> Result<Value<'m>, FoldError> {
    let dtype = x.dtype;
    let mut shape = x.shape.clone();
    for range in &ranges {
        shape = broadcast_shape(&shape, &range.shape)?;
    }
    let x = Grid::float(x, token)?.filled(&shape, token)?;
    let [input_low, input_high, output_low, output_high] = ranges;
    let ranges = [
        Grid::float(input_low, token)?,
        Grid::float(input_high, token)?,
        Grid::float(output_low, token)?,
        Grid::float(output_high, token)?,
    ];
    let pace = ranges.iter().map(|range| Pace::new(&range.shape, &shape)).collect::<Result<Vec<_>, _>>()?;
    let mut numbers = x.numbers;
    let steps = levels - 1.0;
    blocks(&mut numbers, token, |start, block| {
        for (index, number) in (start..).zip(block) {
            let at = |range: usize| ranges[range].numbers[pace[range].at(index)];
            let (input_low, input_high, output_low, output_high) = (at(0), at(1), at(2), at(3));
            *number = if *number <= input_low.min(input_high) {
                output_low
            } else if *number > input_low.max(input_high) {
                output_high
            } else {
                let level = ((*number - input_low) / (input_high - input_low) * steps).round_ties_even();
                level / steps * (output_high - output_low) + output_low
            };
        }
        Ok(())
    })?;
    Ok(Value::float(dtype, shape, numbers))
}

/// The shape of a result by numpy's rules.
pub(super) fn broadcast_shape(a: &[usize], b: &[usize]) -> Result<Vec<usize>, FoldError> {
    let rank = a.len().max(b.len());
    let dim = |shape: &[usize], axis: usize| (axis + shape.len()).checked_sub(rank).and_then(|axis| shape.get(axis).copied()).unwrap_or(1);
    (0..rank)
        .map(|axis| match (dim(a, axis), dim(b, axis)) {
            (x, y) if x == y => Ok(x),
            (1, y) => Ok(y),
            (x, 1) => Ok(x),
            _ => FoldError::problem("the shapes of the operands can't be broadcast"),
        })
        .collect()
}

/// Decoded elements with their shape.
struct Grid<T> {
    shape: Vec<usize>,
    numbers: Vec<T>,
}

impl Grid<f32> {
    fn float(value: Value<'_>, token: &Token) -> Result<Self, FoldError> {
        Ok(Self { shape: value.shape.clone(), numbers: value.into_f32(token)? })
    }

    fn filled(self, shape: &[usize], token: &Token) -> Result<Self, FoldError> {
        if self.shape == shape {
            return Ok(self);
        }
        let view = View::whole(&self.shape).broadcast(shape)?;
        let value = copy(Value::float(DType::F32, self.shape, self.numbers), view, token)?;
        Self::float(value, token)
    }
}

impl Grid<i64> {
    fn int(value: Value<'_>, token: &Token) -> Result<Self, FoldError> {
        Ok(Self { shape: value.shape.clone(), numbers: value.into_i64(token)? })
    }
}

/// Applies `f`, into the buffer of the operand that has the result's shape, if one has.
fn apply<T: Copy + Default + Send + Sync>(
    a: Grid<T>,
    b: Grid<T>,
    shape: &[usize],
    token: &Token,
    f: impl Fn(T, T) -> Result<T, FoldError> + Sync,
) -> Result<Vec<T>, FoldError> {
    if a.shape == shape {
        let pace = Pace::new(&b.shape, shape)?;
        let mut out = a.numbers;
        update(&mut out, &b.numbers, &pace, token, f)?;
        return Ok(out);
    }
    if b.shape == shape {
        let pace = Pace::new(&a.shape, shape)?;
        let mut out = b.numbers;
        update(&mut out, &a.numbers, &pace, token, |y, x| f(x, y))?;
        return Ok(out);
    }
    let (of_a, of_b) = (Pace::new(&a.shape, shape)?, Pace::new(&b.shape, shape)?);
    let mut out = vec![T::default(); count_of(shape)?];
    blocks(&mut out, token, |start, block| {
        for (index, slot) in (start..).zip(block) {
            *slot = f(a.numbers[of_a.at(index)], b.numbers[of_b.at(index)])?;
        }
        Ok(())
    })?;
    Ok(out)
}

/// `out = f(out, other)`, run by run: within one the other operand stands still or keeps step.
fn update<T: Copy + Send + Sync>(
    out: &mut [T],
    other: &[T],
    pace: &Pace,
    token: &Token,
    f: impl Fn(T, T) -> Result<T, FoldError> + Sync,
) -> Result<(), FoldError> {
    blocks(out, token, |start, block| {
        let mut done = 0;
        while done < block.len() {
            let position = start + done;
            let length = (pace.inner - position % pace.inner).min(block.len() - done);
            let (at, slots) = (pace.at(position), &mut block[done..done + length]);
            if pace.step == 0 {
                let still = other[at];
                for slot in slots {
                    *slot = f(*slot, still)?;
                }
            } else {
                for (slot, other) in slots.iter_mut().zip(&other[at..at + length]) {
                    *slot = f(*slot, *other)?;
                }
            }
            done += length;
        }
        Ok(())
    })
}

/// Where in a broadcast operand each element of the result reads: the result's axes, neighbours
/// joined where the operand runs or repeats through both.
struct Pace {
    /// Outer axes: length and stride in the operand.
    outer: Vec<(usize, usize)>,
    inner: usize,
    /// 1 or 0.
    step: usize,
}

impl Pace {
    fn new(operand: &[usize], shape: &[usize]) -> Result<Self, FoldError> {
        let view = View { offset: 0, shape: operand.to_vec(), strides: strides(operand) }.broadcast(shape)?;
        let mut axes: Vec<(usize, usize)> = Vec::new();
        for (&dim, &stride) in view.shape.iter().zip(&view.strides).filter(|(dim, _)| **dim != 1) {
            let stride = stride.unsigned_abs();
            match axes.last_mut() {
                Some((last_dim, last)) if *last == stride.wrapping_mul(dim) => (*last_dim, *last) = (*last_dim * dim, stride),
                _ => axes.push((dim, stride)),
            }
        }
        // The innermost stride is 1 or 0, or there is only one axis of one element.
        let (inner, step) = axes.pop().unwrap_or((1, 0));
        if step > 1 {
            axes.push((inner, step));
            return Ok(Self { outer: axes, inner: 1, step: 0 });
        }
        Ok(Self { outer: axes, inner, step })
    }

    fn at(&self, index: usize) -> usize {
        let (mut rest, column) = (index / self.inner, index % self.inner);
        let mut at = column * self.step;
        for (dim, stride) in self.outer.iter().rev() {
            at += rest % dim * stride;
            rest /= dim;
        }
        at
    }
}

fn integer(op: Binary, dtype: DType, x: i64, y: i64) -> Result<i64, FoldError> {
    let is_u64 = dtype == DType::U64;
    let result = match op {
        Binary::Add => x.wrapping_add(y),
        Binary::Subtract => x.wrapping_sub(y),
        Binary::Multiply => x.wrapping_mul(y),
        Binary::Maximum if is_u64 => (x as u64).max(y as u64) as i64,
        Binary::Minimum if is_u64 => (x as u64).min(y as u64) as i64,
        Binary::Maximum => x.max(y),
        Binary::Minimum => x.min(y),
        Binary::Divide if y == 0 => return FoldError::problem("an integer is divided by zero"),
        Binary::Divide if is_u64 => (x as u64 / y as u64) as i64,
        Binary::Divide => {
            let quotient = x.wrapping_div(y);
            quotient - i64::from(x.wrapping_rem(y) != 0 && (x < 0) != (y < 0))
        }
        Binary::Power => (x as f64).powf(y as f64) as i64,
    };
    Ok(wrap(dtype, result))
}
