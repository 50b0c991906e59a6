//! Arithmetic of TensorFlow Lite's operations on quantised constants: in fixed point, as its reference kernels do it, so
//! that every code comes out as the interpreter has it. What lies in a [`Value`] are real values all the time; they are
//! brought to codes here and back.
//!
//! Source: `tflite/kernels/add.cc`, `sub.cc`, `mul.cc`, `squared_difference.cc`, `maximum_minimum.cc`, `activations.cc` and
//! `elementwise.cc` with `kernels/internal/reference`; `CalculateActivationRangeQuantized` in `kernels/kernel_util.cc`.

use serde_json::Value as Json;

use super::convert::{Multiplier, divided_by_power};
use super::elementwise::{Binary, Unary, combine_whole};
use super::operations::Call;
use super::value::blocks;
use super::{DType, FoldError, Value};
use crate::model::{Quantization, Tensor};
use crate::values::dequantize;

/// Operations that hand codes on without computing with them, and those that change one quantisation for another.
const HAND_ON: [&str; 33] = [
    "BROADCAST_TO",
    "CAST",
    "CONCATENATION",
    "DENSIFY",
    "DEPTH_TO_SPACE",
    "DEQUANTIZE",
    "EXPAND_DIMS",
    "FILL",
    "GATHER",
    "GATHER_ND",
    "MIRROR_PAD",
    "PACK",
    "PAD",
    "PADV2",
    "QUANTIZE",
    "RANK",
    "REDUCE_MAX",
    "REDUCE_MIN",
    "RESHAPE",
    "REVERSE_SEQUENCE",
    "REVERSE_V2",
    "SELECT",
    "SELECT_V2",
    "SHAPE",
    "SLICE",
    "SPACE_TO_DEPTH",
    "SPLIT",
    "SPLIT_V",
    "SQUEEZE",
    "STRIDED_SLICE",
    "TILE",
    "TRANSPOSE",
    "UNPACK",
];
/// Of these the first changes the quantisation, and the others have none behind them.
const CHANGE: [&str; 5] = ["QUANTIZE", "DEQUANTIZE", "CAST", "SHAPE", "RANK"];

/// How codes of one scale become real values.
#[derive(Clone, Copy, PartialEq)]
struct Codes {
    scale: f32,
    zero: i64,
    low: i64,
    high: i64,
}

/// Whether an operation of TensorFlow Lite reads or gives quantised integers.
pub(super) fn is_quantized(call: &Call<'_, '_>) -> bool {
    let inputs = (0..call.operation.inputs.len()).filter_map(|input| call.input_tensor(input));
    call.is_tflite() && inputs.chain(call.output()).any(|tensor| tensor.quantization.is_some())
}

/// Refuses what would take codes for numbers: operations that are not evaluated on quantised integers, and those that hand
/// codes on to a tensor of another scale.
pub(super) fn check(call: &Call<'_, '_>) -> Result<(), FoldError> {
    let kind = call.operation.kind.as_str();
    if !HAND_ON.contains(&kind) {
        return if is_evaluated(kind) { Ok(()) } else { FoldError::problem(format!("{kind} of quantised constants is not evaluated")) };
    }
    let single = |tensor: &Tensor| match tensor.quantization.as_deref() {
        Some(Quantization::Affine { scales, zero_points, .. }) if scales.len() == 1 => Some((scales.clone(), zero_points.clone())),
        _ => None,
    };
    let Some(of_output) = call.output().and_then(single).filter(|_| !CHANGE.contains(&kind)) else { return Ok(()) };
    let mut inputs = (0..call.operation.inputs.len()).filter_map(|input| call.input_tensor(input).and_then(single));
    match inputs.any(|of_input| of_input != of_output) {
        true => FoldError::problem(format!("{kind} hands quantised constants on to a tensor of another scale, which is not evaluated")),
        false => Ok(()),
    }
}

fn is_evaluated(kind: &str) -> bool {
    matches!(kind, "ADD" | "SUB" | "MUL" | "SQUARED_DIFFERENCE" | "MAXIMUM" | "MINIMUM" | "ABS")
        || matches!(kind, "RELU" | "RELU6" | "RELU_N1_TO_1" | "RELU_0_TO_1")
}

/// An operation of two operands.
pub(super) fn binary<'m>(call: &mut Call<'_, 'm>, op: Binary) -> Result<Value<'m>, FoldError> {
    let dtype = call.output_type()?;
    let (of_a, of_b, of_out) =
        (codes(call, call.input_tensor(0), dtype)?, codes(call, call.input_tensor(1), dtype)?, codes(call, call.output(), dtype)?);
    let (low, high) = activation_range(call, of_out)?;
    let (a, b) = (shifted(call, 0, of_a)?, shifted(call, 1, of_b)?);
    call.allow(&super::elementwise::broadcast_shape(&a.shape, &b.shape)?)?;
    let (scale_a, scale_b, scale) = (f64::from(of_a.scale), f64::from(of_b.scale), f64::from(of_out.scale));
    // As in the kernels, twice the larger scale takes both operands.
    let twice = 2.0 * scale_a.max(scale_b);
    let (of_first, mut of_second) = (Multiplier::of(scale_a / twice), Multiplier::of(scale_b / twice));
    let token = call.token;
    let (shape, numbers) = match op {
        Binary::Add | Binary::Subtract => {
            let sign = if op == Binary::Add { 1 } else { -1 };
            if let Some([right_a, right_b]) = powers(call, dtype, [of_a, of_b, of_out])? {
                let bounds = (i64::from(i16::MIN), i64::from(i16::MAX));
                combine_whole(a, b, token, |a, b| {
                    (divided_by_power(a, right_a) + sign * divided_by_power(b, right_b)).clamp(bounds.0, bounds.1).clamp(low, high)
                })?
            } else {
                let left = if dtype == DType::I16 { 15 } else { 20 };
                let of_sum = Multiplier::of(twice / (f64::from(1u32 << left) * scale));
                // The factor bears the sign, and with it halves are rounded the other way.
                of_second.negate_if(sign < 0);
                combine_whole(a, b, token, |a, b| {
                    let sum = of_first.times(a << left) + of_second.times(b << left);
                    (of_sum.times(sum) + of_out.zero).clamp(low, high)
                })?
            }
        }
        Binary::Multiply => {
            // All of it in float32, in this order.
            let factor = Multiplier::of(f64::from(of_a.scale * of_b.scale / of_out.scale));
            combine_whole(a, b, token, |a, b| (factor.times(a * b) + of_out.zero).clamp(low, high))?
        }
        Binary::SquaredDifference if dtype == DType::I8 => {
            const LEFT: u32 = 7;
            let of_square = Multiplier::of(twice * twice / (f64::from(1u32 << (2 * LEFT)) * scale));
            combine_whole(a, b, token, |a, b| {
                let difference = of_first.times(a << LEFT) - of_second.times(b << LEFT);
                (of_square.times(difference * difference) + of_out.zero).clamp(low, high)
            })?
        }
        // Of the codes, whatever they stand for.
        Binary::Maximum => combine_whole(a, b, token, |a, b| (a + of_a.zero).max(b + of_b.zero))?,
        Binary::Minimum => combine_whole(a, b, token, |a, b| (a + of_a.zero).min(b + of_b.zero))?,
        _ => return FoldError::problem(format!("{} of quantised {dtype} is not evaluated", call.operation.kind)),
    };
    real(call, dtype, shape, &numbers, of_out)
}

/// An operation of one operand.
pub(super) fn unary<'m>(call: &mut Call<'_, 'm>, op: Unary) -> Result<Value<'m>, FoldError> {
    let dtype = call.output_type()?;
    let (of_x, of_out) = (codes(call, call.input_tensor(0), dtype)?, codes(call, call.output(), dtype)?);
    let (low, high) = match op {
        Unary::Abs if dtype != DType::U8 => (of_out.low, of_out.high),
        Unary::Clamp(low, high) => {
            let low = of_out.low.max(of_out.code(low));
            (low, if high.is_finite() { of_out.high.min(of_out.code(high)) } else { of_out.high })
        }
        _ => return FoldError::problem(format!("{} of quantised {dtype} is not evaluated", call.operation.kind)),
    };
    let x = shifted(call, 0, of_x)?;
    let shape = x.shape.clone();
    let mut numbers = x.into_i64(call.token)?;
    let factor = match op {
        Unary::Abs if of_x.scale == of_out.scale => None,
        Unary::Abs => Some(Multiplier::of(f64::from(of_x.scale) / f64::from(of_out.scale))),
        _ => Some(Multiplier::of(f64::from(of_x.scale / of_out.scale))),
    };
    blocks(&mut numbers, call.token, |_, block| {
        for number in block {
            let x = if op == Unary::Abs { number.abs() } else { *number };
            *number = (factor.as_ref().map_or(x, |factor| factor.times(x)) + of_out.zero).clamp(low, high);
        }
        Ok(())
    })?;
    real(call, dtype, shape, &numbers, of_out)
}

impl Codes {
    /// The code nearest to a number, within 32 bits.
    fn code(&self, number: f32) -> i64 {
        self.zero.saturating_add(i64::from((number / self.scale).round() as i32))
    }
}

/// Scale, zero point and range of a tensor that the kernels compute with.
fn codes(call: &Call<'_, '_>, tensor: Option<&Tensor>, dtype: DType) -> Result<Codes, FoldError> {
    let found = match tensor.map(|tensor| (tensor.dtype, tensor.quantization.as_deref())) {
        Some((own, Some(Quantization::Affine { scales, zero_points, .. }))) if own == dtype && scales.len() == 1 => {
            scales.first().copied().zip(zero_points.first().copied())
        }
        _ => None,
    };
    // Scales so small that float32 would not hold all codes' real values are nobody's.
    let found = found.filter(|(scale, _)| *scale > 1e-30 && *scale < 1e30);
    match (found, dtype) {
        (Some((scale, zero)), DType::I8 | DType::U8 | DType::I16) => {
            let (low, high) = dtype.integer_range().map_or((0, 0), |(low, high)| (low as i64, high as i64));
            Ok(Codes { scale, zero: zero.clamp(low, high), low, high })
        }
        _ => {
            FoldError::problem(format!("{} of constants that are not all {dtype} of one scale each is not evaluated", call.operation.kind))
        }
    }
}

/// An input's codes less their zero point.
fn shifted<'m>(call: &mut Call<'_, 'm>, input: usize, codes: Codes) -> Result<Value<'m>, FoldError> {
    let value = call.take(input)?;
    let shape = value.shape.clone();
    let scale = f64::from(codes.scale);
    // A real value is the product rounded once, so that the quotient is nearest to the number that it was made of.
    let numbers = value.into_f32(call.token)?.into_iter().map(|number| (f64::from(number) / scale).round_ties_even() as i64).collect();
    Ok(Value::int(DType::I64, shape, numbers))
}

/// The real values of codes.
fn real<'m>(call: &Call<'_, 'm>, dtype: DType, shape: Vec<usize>, codes: &[i64], of: Codes) -> Result<Value<'m>, FoldError> {
    let mut numbers = vec![0.0; codes.len()];
    blocks(&mut numbers, call.token, |start, block| {
        for (slot, code) in block.iter_mut().zip(codes.get(start..).unwrap_or_default()) {
            *slot = dequantize(*code, of.zero, f64::from(of.scale));
        }
        Ok(())
    })?;
    Ok(Value::float(dtype, shape, numbers))
}

/// The codes that an operation's activation leaves.
fn activation_range(call: &Call<'_, '_>, of: Codes) -> Result<(i64, i64), FoldError> {
    let from = |low: f32| of.low.max(of.code(low));
    match call.attribute("fused_activation_function").and_then(Json::as_str) {
        None | Some("NONE") => Ok((of.low, of.high)),
        Some("RELU") => Ok((from(0.0), of.high)),
        Some("RELU6") => Ok((from(0.0), of.high.min(of.code(6.0)))),
        Some("RELU_N1_TO_1") => Ok((from(-1.0), of.high.min(of.code(1.0)))),
        Some(other) => FoldError::problem(format!("the activation {other} on constants is not evaluated")),
    }
}

/// Sums of 16-bit numbers whose scales are powers of two have a way of their own: by how many bits each operand is shifted
/// to the right.
fn powers(call: &Call<'_, '_>, dtype: DType, of: [Codes; 3]) -> Result<Option<[u32; 2]>, FoldError> {
    if dtype != DType::I16 || !call.flag("pot_scale_int16") || of.iter().any(|codes| codes.zero != 0) {
        return Ok(None);
    }
    let [Some(a), Some(b), Some(out)] = of.map(|codes| power_of_two(codes.scale)) else { return Ok(None) };
    match (u32::try_from(out - a), u32::try_from(out - b)) {
        (Ok(a), Ok(b)) if (a == 0 || b == 0) && a.max(b) < 31 => Ok(Some([a, b])),
        _ => FoldError::problem("the scales of its operands and its result are powers of two that the runtime refuses"),
    }
}

/// The exponent of a power of two, or of what the runtime takes for one (`CheckedLog2`).
fn power_of_two(scale: f32) -> Option<i32> {
    let exponent = scale.ln() * (1.0 / 2f32.ln());
    let rounded = exponent.round();
    ((exponent - rounded).abs() < 1e-3).then_some(rounded as i32)
}
