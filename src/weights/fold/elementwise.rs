//! Arithmetic element by element, with numpy's broadcasting: a step on the way of a constant that is
//! still in the file, else in place where an operand has the result's shape.

use std::sync::Arc;

use super::convert::wrap;
use super::fake_quantize::FakeQuantize;
use super::value::{blocks, count_of};
use super::view::{View, copy};
use super::{DType, FoldError, Value};
use crate::jobs::Token;
use crate::values::spread::Spread;

/// An operation of two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Binary {
    Add,
    Subtract,
    Multiply,
    /// Of integers rounded down.
    Divide,
    /// Of integers rounded towards zero.
    Quotient,
    /// Rounded down, of floats too.
    FloorDivide,
    /// With the sign of the dividend; of floats as OpenVINO's `ConvertMod` takes it apart: the quotient is cut
    /// off, multiplied and subtracted, each step rounded.
    Remainder,
    /// With the sign of the divisor.
    FloorMod,
    Power,
    Maximum,
    Minimum,
    SquaredDifference,
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    And,
    Or,
    Xor,
}

/// An operation of one operand.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Unary {
    Abs,
    Negative,
    Sign,
    Floor,
    Ceiling,
    RoundToEven,
    /// To even as TensorFlow Lite does it, which gives no negative zero.
    RoundWithoutSign,
    RoundAwayFromZero,
    Sqrt,
    Rsqrt,
    Square,
    Exp,
    Log,
    Sin,
    Cos,
    Tanh,
    Sigmoid,
    Erf,
    /// With the error function, in float64 as the runtime's reference does it.
    Gelu,
    Not,
    /// What is not above zero, a negative zero too, becomes zero.
    Relu,
    Clamp(f32, f32),
    Elu(f32),
}

/// Something that is done to every element of a constant when it is read.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// The element and one of the operand's, the first of them on the left unless `is_swapped`.
    Binary {
        op: Binary,
        operand: Arc<[f32]>,
        spread: Spread,
        is_swapped: bool,
    },
    Unary(Unary),
    /// To half precision.
    Round(DType),
    FakeQuantize(Arc<FakeQuantize>),
}

/// `a op b`; the result has the type of `a`, or is boolean. Floats in float32, integers exactly, wrapped to
/// their type.
pub(super) fn binary<'m>(op: Binary, a: Value<'m>, b: Value<'m>, token: &Token) -> Result<Value<'m>, FoldError> {
    let shape = broadcast_shape(&a.shape, &b.shape)?;
    let operands = a.dtype;
    let dtype = if op.is_boolean() { DType::Bool } else { operands };
    let is_whole = |dtype: DType| dtype.is_integer() || dtype == DType::Bool;
    if is_whole(operands) && is_whole(b.dtype) {
        let (a, b) = (Grid::int(a, token)?, Grid::int(b, token)?);
        let numbers = combine(a, b, &shape, token, |x, y| op.whole(operands, x, y))?;
        return Ok(Value::int(dtype, shape, numbers));
    }
    // What is small beside a constant that is read later waits with it.
    if a.shape == shape && is_slight(&b, &a) && a.can_wait() && dtype == operands {
        return Ok(a.then(Step::binary(op, b, &shape, false, token)?));
    }
    if b.shape == shape && is_slight(&a, &b) && b.can_wait() && dtype == operands {
        return Ok(Value { dtype, ..b.then(Step::binary(op, a, &shape, true, token)?) });
    }
    let (a, b) = (Grid::float(a, token)?, Grid::float(b, token)?);
    let numbers = op.with_floats(Combine { a, b, shape: &shape, token })?;
    Ok(Value::float(dtype, shape, numbers))
}

/// What a function makes of the whole numbers of two values, spread over one shape.
pub(super) fn combine_whole(
    a: Value<'_>,
    b: Value<'_>,
    token: &Token,
    f: impl Fn(i64, i64) -> i64 + Sync,
) -> Result<(Vec<usize>, Vec<i64>), FoldError> {
    let shape = broadcast_shape(&a.shape, &b.shape)?;
    let numbers = combine(Grid::int(a, token)?, Grid::int(b, token)?, &shape, token, |x, y| Ok(f(x, y)))?;
    Ok((shape, numbers))
}

/// One number to one number.
pub(super) fn unary<'m>(op: Unary, value: Value<'m>, token: &Token) -> Result<Value<'m>, FoldError> {
    let (dtype, shape) = (value.dtype, value.shape.clone());
    if dtype.is_integer() || dtype == DType::Bool {
        let mut numbers = value.into_i64(token)?;
        blocks(&mut numbers, token, |_, block| block.iter_mut().try_for_each(|number| op.whole(dtype, *number).map(|new| *number = new)))?;
        return Ok(Value::int(dtype, shape, numbers));
    }
    if value.can_wait() {
        return Ok(value.then(Step::Unary(op)));
    }
    let mut numbers = value.into_f32(token)?;
    blocks(&mut numbers, token, |_, block| {
        op.apply(block);
        Ok(())
    })?;
    Ok(Value::float(dtype, shape, numbers))
}

/// Whether a value is so much smaller than another that keeping it costs nothing.
fn is_slight(value: &Value<'_>, beside: &Value<'_>) -> bool {
    value.count() <= beside.count() / 4 + 1
}

impl Step {
    fn binary(op: Binary, operand: Value<'_>, shape: &[usize], is_swapped: bool, token: &Token) -> Result<Self, FoldError> {
        let spread = over(&operand.shape, shape)?;
        Ok(Self::Binary { op, operand: operand.into_f32(token)?.into(), spread, is_swapped })
    }

    /// Does it to a block of elements, the first of them element `start`.
    pub(super) fn apply(&self, start: usize, block: &mut [f32]) {
        match self {
            Self::Binary { op, operand, spread, is_swapped } => {
                op.with_floats(Update { block, start, operand, spread, is_swapped: *is_swapped });
            }
            Self::Unary(op) => op.apply(block),
            Self::Round(dtype) => super::convert::round_block(*dtype, block),
            Self::FakeQuantize(fake_quantize) => fake_quantize.apply(start, block),
        }
    }

    /// Bytes of memory of its own.
    pub(super) fn own_bytes(&self) -> u64 {
        match self {
            Self::Binary { operand, .. } => operand.len() as u64 * 4,
            Self::FakeQuantize(fake_quantize) => fake_quantize.own_bytes(),
            Self::Unary(_) | Self::Round(_) => 0,
        }
    }
}

/// What is done with a function of two floats: a trait, so that each function is compiled into the loop.
trait WithFloats {
    type Output;

    fn call(self, f: impl Fn(f32, f32) -> f32 + Sync) -> Self::Output;
}

struct Combine<'a> {
    a: Grid<f32>,
    b: Grid<f32>,
    shape: &'a [usize],
    token: &'a Token,
}

impl WithFloats for Combine<'_> {
    type Output = Result<Vec<f32>, FoldError>;

    fn call(self, f: impl Fn(f32, f32) -> f32 + Sync) -> Self::Output {
        combine(self.a, self.b, self.shape, self.token, |x, y| Ok(f(x, y)))
    }
}

struct Update<'a> {
    block: &'a mut [f32],
    start: usize,
    operand: &'a [f32],
    spread: &'a Spread,
    is_swapped: bool,
}

impl WithFloats for Update<'_> {
    type Output = ();

    fn call(self, f: impl Fn(f32, f32) -> f32 + Sync) {
        let Self { block, start, operand, spread, is_swapped } = self;
        // The function can't fail.
        let _ = match is_swapped {
            false => update(block, start, operand, spread, |x, y| Ok(f(x, y))),
            true => update(block, start, operand, spread, |x, y| Ok(f(y, x))),
        };
    }
}

impl Binary {
    fn is_boolean(self) -> bool {
        use Binary::*;
        matches!(self, Equal | NotEqual | Less | LessEqual | Greater | GreaterEqual)
    }

    fn with_floats<W: WithFloats>(self, with: W) -> W::Output {
        let flag = |is_true: bool| f32::from(u8::from(is_true));
        match self {
            Self::Add => with.call(|x, y| x + y),
            Self::Subtract => with.call(|x, y| x - y),
            Self::Multiply => with.call(|x, y| x * y),
            Self::Divide | Self::Quotient => with.call(|x, y| x / y),
            Self::FloorDivide => with.call(|x, y| (x / y).floor()),
            Self::Remainder => with.call(remainder),
            Self::FloorMod => with.call(floor_mod),
            Self::Power => with.call(f32::powf),
            Self::Maximum => with.call(|x, y| if x > y { x } else { y }),
            Self::Minimum => with.call(|x, y| if x < y { x } else { y }),
            Self::SquaredDifference => with.call(|x, y| (x - y) * (x - y)),
            Self::Equal => with.call(|x, y| flag(x == y)),
            Self::NotEqual => with.call(|x, y| flag(x != y)),
            Self::Less => with.call(|x, y| flag(x < y)),
            Self::LessEqual => with.call(|x, y| flag(x <= y)),
            Self::Greater => with.call(|x, y| flag(x > y)),
            Self::GreaterEqual => with.call(|x, y| flag(x >= y)),
            Self::And => with.call(|x, y| flag(x != 0.0 && y != 0.0)),
            Self::Or => with.call(|x, y| flag(x != 0.0 || y != 0.0)),
            Self::Xor => with.call(|x, y| flag((x != 0.0) != (y != 0.0))),
        }
    }

    fn whole(self, dtype: DType, x: i64, y: i64) -> Result<i64, FoldError> {
        let is_u64 = dtype == DType::U64;
        let order = || if is_u64 { (x as u64).cmp(&(y as u64)) } else { x.cmp(&y) };
        let divides = matches!(self, Self::Divide | Self::Quotient | Self::FloorDivide | Self::Remainder | Self::FloorMod);
        if divides && y == 0 {
            return FoldError::problem("an integer is divided by zero");
        }
        let is_uneven = || x.wrapping_rem(y) != 0 && (x < 0) != (y < 0);
        let result = match self {
            Self::Add => x.wrapping_add(y),
            Self::Subtract => x.wrapping_sub(y),
            Self::Multiply => x.wrapping_mul(y),
            Self::SquaredDifference => x.wrapping_sub(y).wrapping_mul(x.wrapping_sub(y)),
            Self::Maximum => {
                if order().is_ge() {
                    x
                } else {
                    y
                }
            }
            Self::Minimum => {
                if order().is_le() {
                    x
                } else {
                    y
                }
            }
            Self::Divide | Self::Quotient | Self::FloorDivide if is_u64 => (x as u64 / y as u64) as i64,
            Self::Quotient => x.wrapping_div(y),
            Self::Divide | Self::FloorDivide => x.wrapping_div(y).wrapping_sub(i64::from(is_uneven())),
            Self::Remainder | Self::FloorMod if is_u64 => (x as u64 % y as u64) as i64,
            Self::Remainder => x.wrapping_rem(y),
            Self::FloorMod => x.wrapping_rem(y).wrapping_add(if is_uneven() { y } else { 0 }),
            Self::Power => (x as f64).powf(y as f64) as i64,
            Self::Equal => i64::from(x == y),
            Self::NotEqual => i64::from(x != y),
            Self::Less => i64::from(order().is_lt()),
            Self::LessEqual => i64::from(order().is_le()),
            Self::Greater => i64::from(order().is_gt()),
            Self::GreaterEqual => i64::from(order().is_ge()),
            Self::And => i64::from(x != 0 && y != 0),
            Self::Or => i64::from(x != 0 || y != 0),
            Self::Xor => i64::from((x != 0) != (y != 0)),
        };
        Ok(if self.is_boolean() { result } else { wrap(dtype, result) })
    }
}

impl Unary {
    fn apply(self, block: &mut [f32]) {
        fn map(block: &mut [f32], f: impl Fn(f32) -> f32) {
            block.iter_mut().for_each(|number| *number = f(*number));
        }
        match self {
            Self::Abs => map(block, f32::abs),
            Self::Negative => map(block, |x| -x),
            Self::Sign => map(block, |x| f32::from(i8::from(x > 0.0) - i8::from(x < 0.0))),
            Self::Floor => map(block, f32::floor),
            Self::Ceiling => map(block, f32::ceil),
            Self::RoundToEven => map(block, f32::round_ties_even),
            Self::RoundWithoutSign => map(block, |x| if x == 0.0 { x } else { x.round_ties_even() + 0.0 }),
            Self::RoundAwayFromZero => map(block, f32::round),
            Self::Sqrt => map(block, f32::sqrt),
            Self::Rsqrt => map(block, |x| 1.0 / x.sqrt()),
            Self::Square => map(block, |x| x * x),
            Self::Exp => map(block, f32::exp),
            Self::Log => map(block, f32::ln),
            Self::Sin => map(block, f32::sin),
            Self::Cos => map(block, f32::cos),
            Self::Tanh => map(block, f32::tanh),
            Self::Sigmoid => map(block, |x| 1.0 / (1.0 + (-x).exp())),
            Self::Erf => map(block, libm::erff),
            Self::Gelu => map(block, |x| (0.5 * f64::from(x) * (1.0 + libm::erf(f64::from(x) / 2f64.sqrt()))) as f32),
            Self::Not => map(block, |x| f32::from(u8::from(x == 0.0))),
            Self::Relu => map(block, |x| if x > 0.0 { x } else { 0.0 }),
            Self::Clamp(low, high) => map(block, |x| {
                if x < low {
                    low
                } else if x > high {
                    high
                } else {
                    x
                }
            }),
            Self::Elu(alpha) => map(block, |x| if x < 0.0 { alpha * (x.exp() - 1.0) } else { x }),
        }
    }

    fn whole(self, dtype: DType, x: i64) -> Result<i64, FoldError> {
        let result = match self {
            Self::Abs => x.wrapping_abs(),
            Self::Negative => x.wrapping_neg(),
            Self::Sign => x.signum(),
            Self::Square => x.wrapping_mul(x),
            Self::Not => i64::from(x == 0),
            Self::Relu => x.max(0),
            Self::Clamp(low, high) => x.clamp(low as i64, (high as i64).max(low as i64)),
            Self::Floor | Self::Ceiling | Self::RoundToEven | Self::RoundWithoutSign | Self::RoundAwayFromZero => x,
            _ => return FoldError::problem("it is evaluated on floats only"),
        };
        Ok(wrap(dtype, result))
    }
}

fn remainder(x: f32, y: f32) -> f32 {
    let rest = x.abs() - (x.abs() / y.abs()).trunc() * y.abs();
    if x < 0.0 { -rest } else { rest }
}

fn floor_mod(x: f32, y: f32) -> f32 {
    let rest = x % y;
    if rest != 0.0 && (rest < 0.0) != (y < 0.0) { rest + y } else { rest }
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

/// `condition ? a : b`, all of them spread over one shape.
pub(super) fn select<'m>(condition: Value<'m>, a: Value<'m>, b: Value<'m>, token: &Token) -> Result<Value<'m>, FoldError> {
    let shape = broadcast_shape(&broadcast_shape(&condition.shape, &a.shape)?, &b.shape)?;
    let dtype = a.dtype;
    let condition = filled(condition, &shape, token)?.into_f32(token)?;
    let (a, b) = (filled(a, &shape, token)?, filled(b, &shape, token)?);
    if a.needs_integers() || b.needs_integers() {
        let (mut numbers, b) = (a.into_i64(token)?, b.into_i64(token)?);
        pick(&mut numbers, &b, &condition, token)?;
        return Ok(Value::int(dtype, shape, numbers));
    }
    let (mut numbers, b) = (a.into_f32(token)?, b.into_f32(token)?);
    pick(&mut numbers, &b, &condition, token)?;
    Ok(Value::float(dtype, shape, numbers))
}

fn pick<T: Copy + Send + Sync>(numbers: &mut [T], others: &[T], condition: &[f32], token: &Token) -> Result<(), FoldError> {
    blocks(numbers, token, |start, block| {
        for ((number, other), condition) in block.iter_mut().zip(&others[start..]).zip(&condition[start..]) {
            if *condition == 0.0 {
                *number = *other;
            }
        }
        Ok(())
    })
}

/// A value repeated to fill a shape.
pub(super) fn filled<'m>(value: Value<'m>, shape: &[usize], token: &Token) -> Result<Value<'m>, FoldError> {
    let view = View::whole(&value.shape).broadcast(shape)?;
    copy(value, view, token)
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
}

impl Grid<i64> {
    fn int(value: Value<'_>, token: &Token) -> Result<Self, FoldError> {
        Ok(Self { shape: value.shape.clone(), numbers: value.into_i64(token)? })
    }
}

/// Applies `f`, into the buffer of the operand that has the result's shape, if one has.
fn combine<T: Copy + Default + Send + Sync>(
    a: Grid<T>,
    b: Grid<T>,
    shape: &[usize],
    token: &Token,
    f: impl Fn(T, T) -> Result<T, FoldError> + Sync,
) -> Result<Vec<T>, FoldError> {
    if a.shape == shape {
        let spread = over(&b.shape, shape)?;
        let mut out = a.numbers;
        blocks(&mut out, token, |start, block| update(block, start, &b.numbers, &spread, &f))?;
        return Ok(out);
    }
    if b.shape == shape {
        let spread = over(&a.shape, shape)?;
        let mut out = b.numbers;
        blocks(&mut out, token, |start, block| update(block, start, &a.numbers, &spread, |y, x| f(x, y)))?;
        return Ok(out);
    }
    let (of_a, of_b) = (over(&a.shape, shape)?, over(&b.shape, shape)?);
    let mut out = vec![T::default(); count_of(shape)?];
    blocks(&mut out, token, |start, block| {
        for (index, slot) in (start..).zip(block) {
            *slot = f(a.numbers[of_a.at(index)], b.numbers[of_b.at(index)])?;
        }
        Ok(())
    })?;
    Ok(out)
}

/// `block = f(block, operand)`, run by run: within one the operand stands still or keeps step.
fn update<T: Copy>(
    block: &mut [T],
    start: usize,
    operand: &[T],
    spread: &Spread,
    f: impl Fn(T, T) -> Result<T, FoldError>,
) -> Result<(), FoldError> {
    let mut done = 0;
    while done < block.len() {
        let run = spread.run(start + done);
        let length = run.len.min(block.len() - done);
        let slots = &mut block[done..done + length];
        if run.step == 0 {
            let still = operand[run.at];
            for slot in slots {
                *slot = f(*slot, still)?;
            }
        } else {
            for (slot, other) in slots.iter_mut().zip(&operand[run.at..run.at + length]) {
                *slot = f(*slot, *other)?;
            }
        }
        done += length;
    }
    Ok(())
}

/// Where in an operand each element of a result of `shape` reads.
pub(super) fn over(operand: &[usize], shape: &[usize]) -> Result<Spread, FoldError> {
    Spread::broadcast(shape, operand).ok_or_else(|| FoldError::Problem("the shapes can't be broadcast".into()))
}
