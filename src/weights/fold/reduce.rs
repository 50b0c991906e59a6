//! Sums and their kin along axes, running sums, and products of small matrices, in the runtimes' order of
//! summation.

use rayon::prelude::*;

use super::convert::wrap;
use super::shapes::axis;
use super::value::count_of;
use super::view::{View, copy};
use super::{DType, FoldError, Value};
use crate::jobs::Token;

/// Multiplications of one matrix product, beyond which it is not evaluated: tens of seconds.
const MAX_PRODUCTS: u64 = 1 << 34;

/// What many elements become one by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reduction {
    /// With Kahan's compensation.
    Sum,
    /// One after the other.
    PlainSum,
    Mean,
    PlainMean,
    Product,
    Maximum,
    Minimum,
    L1,
    L2,
    And,
    Or,
}

impl Reduction {
    /// The reduction of this type of operation. OpenVINO compensates its sums
    /// (`src/core/reference/include/openvino/reference/reduce_sum.hpp`), TensorFlow Lite does not.
    pub(super) fn named(kind: &str) -> Option<Self> {
        Some(match kind {
            "ReduceSum" => Self::Sum,
            "SUM" => Self::PlainSum,
            "ReduceMean" => Self::Mean,
            "MEAN" => Self::PlainMean,
            "ReduceProd" | "REDUCE_PROD" => Self::Product,
            "ReduceMax" | "REDUCE_MAX" => Self::Maximum,
            "ReduceMin" | "REDUCE_MIN" => Self::Minimum,
            "ReduceL1" => Self::L1,
            "ReduceL2" => Self::L2,
            "ReduceLogicalAnd" | "REDUCE_ALL" => Self::And,
            "ReduceLogicalOr" | "REDUCE_ANY" => Self::Or,
            _ => return None,
        })
    }

    /// One number of many.
    pub(super) fn of(self, numbers: &[f32]) -> f32 {
        let plain = || numbers.iter().fold(0.0f32, |sum, number| sum + number);
        let flag = |is_true: bool| f32::from(u8::from(is_true));
        match self {
            Self::Sum => compensated(numbers.iter().copied()),
            Self::Mean => compensated(numbers.iter().copied()) / numbers.len() as f32,
            Self::PlainSum => plain(),
            Self::PlainMean => plain() / numbers.len() as f32,
            Self::Product => numbers.iter().product(),
            Self::Maximum => numbers.iter().fold(f32::NEG_INFINITY, |most, number| if *number > most { *number } else { most }),
            Self::Minimum => numbers.iter().fold(f32::INFINITY, |least, number| if *number < least { *number } else { least }),
            Self::L1 => numbers.iter().fold(0.0f32, |sum, number| sum + number.abs()),
            Self::L2 => numbers.iter().fold(0.0f32, |sum, number| sum + number * number).sqrt(),
            Self::And => flag(numbers.iter().all(|number| *number != 0.0)),
            Self::Or => flag(numbers.iter().any(|number| *number != 0.0)),
        }
    }

    fn of_whole(self, numbers: &[i64]) -> i64 {
        let sum = || numbers.iter().fold(0i64, |sum, number| sum.wrapping_add(*number));
        match self {
            Self::Sum | Self::PlainSum => sum(),
            Self::Mean | Self::PlainMean => sum().checked_div(numbers.len() as i64).unwrap_or(0),
            Self::Product => numbers.iter().fold(1i64, |product, number| product.wrapping_mul(*number)),
            Self::Maximum => numbers.iter().copied().max().unwrap_or(i64::MIN),
            Self::Minimum => numbers.iter().copied().min().unwrap_or(i64::MAX),
            Self::L1 => numbers.iter().fold(0i64, |sum, number| sum.wrapping_add(number.wrapping_abs())),
            Self::L2 => (numbers.iter().fold(0i64, |sum, number| sum.wrapping_add(number.wrapping_mul(*number))) as f64).sqrt() as i64,
            Self::And => i64::from(numbers.iter().all(|number| *number != 0)),
            Self::Or => i64::from(numbers.iter().any(|number| *number != 0)),
        }
    }
}

/// Kahan's sum: what an addition rounds away is taken off the next number.
fn compensated(numbers: impl Iterator<Item = f32>) -> f32 {
    let (mut sum, mut lost) = (0.0f32, 0.0f32);
    for number in numbers {
        if number.is_finite() && sum.is_finite() {
            let next = number - lost;
            let total = sum + next;
            lost = (total - sum) - next;
            sum = total;
        } else {
            sum += number;
        }
    }
    sum
}

/// Reduces axes to one element each, which `keep` keeps in the shape.
pub(super) fn reduce<'m>(
    reduction: Reduction,
    value: Value<'m>,
    axes: &[usize],
    keep: bool,
    token: &Token,
) -> Result<Value<'m>, FoldError> {
    let dtype = value.dtype;
    let from = value.shape.clone();
    let (kept, reduced): (Vec<usize>, Vec<usize>) = (0..from.len()).partition(|axis| !axes.contains(axis));
    // The reduced axes last: then every result is made of a run of neighbours.
    let order: Vec<usize> = kept.iter().chain(&reduced).copied().collect();
    let moved = copy(value, View::whole(&from).transposed(&order)?, token)?;
    let run = count_of(&reduced.iter().map(|axis| from[*axis]).collect::<Vec<_>>())?;
    let shape: Vec<usize> = if keep {
        from.iter().enumerate().map(|(axis, dim)| if axes.contains(&axis) { 1 } else { *dim }).collect()
    } else {
        kept.iter().map(|axis| from[*axis]).collect()
    };
    let count = count_of(&shape)?;
    if run == 0 {
        return FoldError::problem("a reduction of no elements is not evaluated");
    }
    if dtype.is_integer() || dtype == DType::Bool {
        let numbers = moved.into_i64(token)?;
        let whole = numbers.chunks(run).take(count).map(|numbers| wrap(dtype, reduction.of_whole(numbers))).collect();
        return Ok(Value::int(dtype, shape, whole));
    }
    let numbers = moved.into_f32(token)?;
    token.check()?;
    Ok(Value::float(dtype, shape, numbers.par_chunks(run).take(count).map(|numbers| reduction.of(numbers)).collect()))
}

/// Running sums along an axis, each with its own element or (`exclusive`) without, from the end if
/// `reverse`.
pub(super) fn cumulate<'m>(along: usize, value: Value<'m>, exclusive: bool, reverse: bool, token: &Token) -> Result<Value<'m>, FoldError> {
    let (dtype, shape) = (value.dtype, value.shape.clone());
    let (dim, inner) = (shape[along], count_of(&shape[along + 1..])?);
    if dtype.is_integer() {
        let mut numbers = value.into_i64(token)?;
        run_sums(&mut numbers, dim, inner, exclusive, reverse, 0, |a, b| wrap(dtype, a.wrapping_add(b)));
        return Ok(Value::int(dtype, shape, numbers));
    }
    let mut numbers = value.into_f32(token)?;
    run_sums(&mut numbers, dim, inner, exclusive, reverse, 0.0, |a, b| a + b);
    Ok(Value::float(dtype, shape, numbers))
}

fn run_sums<T: Copy>(numbers: &mut [T], dim: usize, inner: usize, exclusive: bool, reverse: bool, zero: T, add: impl Fn(T, T) -> T) {
    for rows in numbers.chunks_mut((dim * inner).max(1)) {
        for column in 0..inner {
            let mut sum = zero;
            for step in 0..dim {
                let at = (if reverse { dim - 1 - step } else { step }) * inner + column;
                let number = rows[at];
                let next = add(sum, number);
                rows[at] = if exclusive { sum } else { next };
                sum = next;
            }
        }
    }
}

/// `MatMul-1` of two constants: numpy's product, either side transposed first.
///
/// # Errors
/// Shapes that do not fit, or so large a product that it would take minutes.
pub(super) fn matrix_product<'m>(
    a: Value<'m>,
    b: Value<'m>,
    (transpose_a, transpose_b): (bool, bool),
    budget: u64,
    token: &Token,
) -> Result<Value<'m>, FoldError> {
    let dtype = a.dtype;
    let (is_row, is_column) = (a.shape.len() == 1, b.shape.len() == 1);
    let a = matrix(a, transpose_a && !is_row, true, token)?;
    let b = matrix(b, transpose_b && !is_column, false, token)?;
    let (outer_a, [rows, depth]) = split_last(&a.shape)?;
    let (outer_b, [other_depth, columns]) = split_last(&b.shape)?;
    if depth != other_depth {
        return FoldError::problem("the inner dimensions of the product differ");
    }
    let outer = super::elementwise::broadcast_shape(outer_a, outer_b)?;
    let shape: Vec<usize> = [&outer[..], &[rows, columns]].concat();
    let products = (count_of(&shape)? as u64).checked_mul(depth as u64).filter(|products| *products <= MAX_PRODUCTS);
    // Where the product has no elements, its factors may still be many.
    let of_factors = [[&outer[..], &[rows, depth]].concat(), [&outer[..], &[depth, columns]].concat()];
    let counts = [count_of(&shape)?, count_of(&of_factors[0])?, count_of(&of_factors[1])?];
    if products.is_none() || counts.iter().any(|count| (*count as u64).saturating_mul(4) > budget) {
        return FoldError::problem("the product of the constants is too large to be evaluated");
    }
    let a = super::elementwise::filled(a, &of_factors[0], token)?.into_f32(token)?;
    let b = super::elementwise::filled(b, &of_factors[1], token)?.into_f32(token)?;
    let mut out = vec![0.0f32; count_of(&shape)?];
    if columns > 0 && depth > 0 {
        out.par_chunks_mut(columns).enumerate().try_for_each(|(row, out)| -> Result<(), FoldError> {
            token.check()?;
            let left = &a[row * depth..(row + 1) * depth];
            let right = &b[row / rows * depth * columns..];
            for (factor, right) in left.iter().zip(right.chunks(columns)) {
                for (sum, number) in out.iter_mut().zip(right) {
                    *sum += factor * number;
                }
            }
            Ok(())
        })?;
    }
    let mut shape = shape;
    if is_column {
        shape.remove(axis(-1, shape.len())?);
    }
    if is_row {
        let at = shape.len().saturating_sub(if is_column { 1 } else { 2 });
        shape.remove(at);
    }
    Ok(Value::float(dtype, shape, out))
}

/// At least two axes, the last two exchanged if `transposed`; a vector is a row or a column.
fn matrix<'m>(mut value: Value<'m>, transposed: bool, is_left: bool, token: &Token) -> Result<Value<'m>, FoldError> {
    match value.shape.len() {
        0 => return FoldError::problem("a product of single numbers is not one of matrices"),
        1 => value.shape.insert(usize::from(!is_left), 1),
        _ => {}
    }
    if !transposed {
        return Ok(value);
    }
    let rank = value.shape.len();
    let mut order: Vec<usize> = (0..rank).collect();
    order.swap(rank - 1, rank - 2);
    let view = View::whole(&value.shape).transposed(&order)?;
    copy(value, view, token)
}

fn split_last(shape: &[usize]) -> Result<(&[usize], [usize; 2]), FoldError> {
    match shape.split_last_chunk::<2>() {
        Some((outer, last)) => Ok((outer, *last)),
        None => FoldError::problem("it is no matrix"),
    }
}
