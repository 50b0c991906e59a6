//! Changes of the element type: OpenVINO's `Convert`, TensorFlow Lite's `CAST`, `DEQUANTIZE` and
//! `QUANTIZE`.

use half::slice::HalfFloatSliceExt as _;
use half::{bf16, f16};

use super::elementwise::Step;
use super::value::blocks;
use super::{DType, FoldError, Numbers, Stored, Value};
use crate::jobs::Token;
use crate::model::Quantization;

/// The value in another type. Between types where the target holds every value of the source,
/// nothing is touched.
///
/// Floats become integers by truncation, integers narrower ones by their low bits, as a C cast does.
/// For floats that the type can't hold the C standard leaves the result open; it is here what the
/// runtime's casts yield on x86-64.
pub(super) fn convert<'m>(value: Value<'m>, to: DType, token: &Token) -> Result<Value<'m>, FoldError> {
    let from = value.dtype;
    if from == to || (holds(to, from) && (to.is_float() || !is_quantized(&value))) {
        return Ok(Value { dtype: to, ..value });
    }
    let shape = value.shape.clone();
    match to {
        // Constants are read as float32 in any case.
        DType::F32 | DType::F64 if matches!(value.numbers, Numbers::Stored(_)) => Ok(Value { dtype: to, ..value }),
        DType::F32 | DType::F64 => Ok(Value::float(to, shape, value.into_f32(token)?)),
        DType::F16 | DType::Bf16 | DType::F8E4M3 | DType::F8E5M2 => round(to, value, token),
        DType::Bool => {
            let numbers = value.into_f32(token)?;
            Ok(Value::float(to, shape, numbers.into_iter().map(|number| f32::from(u8::from(number != 0.0))).collect()))
        }
        _ if to.integer_range().is_none() => FoldError::problem(format!("conversion to {to} is not evaluated")),
        _ if from.is_float() => {
            let numbers = value.into_f32(token)?;
            Ok(Value::int(to, shape, numbers.into_iter().map(|number| float_to_int(to, number)).collect()))
        }
        _ => {
            let mut numbers = value.into_i64(token)?;
            numbers.iter_mut().for_each(|number| *number = wrap(to, *number));
            Ok(Value::int(to, shape, numbers))
        }
    }
}

/// TensorFlow Lite's `CAST`: like [`convert`], but of codes, not of the real values behind them.
pub(super) fn cast<'m>(mut value: Value<'m>, to: DType, token: &Token) -> Result<Value<'m>, FoldError> {
    if let Numbers::Stored(Stored { affine, .. }) = &mut value.numbers {
        *affine = None;
    }
    convert(value, to, token)
}

/// TensorFlow Lite's `QUANTIZE` of floats: the real values that the codes stand for.
///
/// Source: `AffineQuantize` in `tflite/kernels/internal/reference/quantize.h`.
pub(super) fn quantize<'m>(value: Value<'m>, to: DType, quantization: &Quantization, token: &Token) -> Result<Value<'m>, FoldError> {
    if !value.dtype.is_float() {
        return FoldError::problem("changing one quantisation for another is not evaluated");
    }
    let (Some((low, high)), Quantization::Affine { scales, zero_points, .. }) = (to.integer_range(), quantization) else {
        return FoldError::problem(format!("this quantisation to {to} is not evaluated"));
    };
    let ([scale], [zero_point]) = (&scales[..], &zero_points[..]) else {
        return FoldError::problem(format!("quantisation to {to} with more than one scale is not evaluated"));
    };
    let shape = value.shape.clone();
    let mut numbers = value.into_f32(token)?;
    blocks(&mut numbers, token, |_, block| {
        for number in block {
            // `f32::round` goes away from zero at halves, as TfLiteRound does.
            let code = i128::from((*number / scale).round() as i64) + i128::from(*zero_point);
            *number = crate::values::dequantize(code.clamp(low, high) as i64, *zero_point, f64::from(*scale));
        }
        Ok(())
    })?;
    Ok(Value::float(to, shape, numbers))
}

/// TensorFlow Lite's `QUANTIZE` of codes that have a quantisation already: in fixed-point arithmetic.
///
/// Source: `Requantize` in `tflite/kernels/internal/reference/requantize.h`, `QuantizeMultiplier` and
/// `MultiplyByQuantizedMultiplier` in `tflite/kernels/internal`.
pub(super) fn requantize<'m>(
    value: Value<'m>,
    from: &Quantization,
    to: DType,
    quantization: &Quantization,
    token: &Token,
) -> Result<Value<'m>, FoldError> {
    let single = |quantization: &Quantization| match quantization {
        Quantization::Affine { scales, zero_points, .. } if scales.len() == 1 => Some((*scales.first()?, *zero_points.first()?)),
        _ => None,
    };
    let (Some((low, high)), Some((old_scale, _)), Some((scale, zero))) = (to.integer_range(), single(from), single(quantization)) else {
        return FoldError::problem(format!("quantisation to {to} with more than one scale is not evaluated"));
    };
    let factor = Multiplier::of(f64::from(old_scale) / f64::from(scale));
    let shape = value.shape.clone();
    let mut numbers = value.into_f32(token)?;
    blocks(&mut numbers, token, |_, block| {
        for number in block {
            // The code less its zero point, which the real value was made of.
            let code = (f64::from(*number) / f64::from(old_scale)).round_ties_even() as i64;
            let code = (factor.times(code) + zero).clamp(low as i64, high as i64);
            *number = crate::values::dequantize(code, zero, f64::from(scale));
        }
        Ok(())
    })?;
    Ok(Value::float(to, shape, numbers))
}

/// A factor as a 31-bit fraction and a power of two.
pub(super) struct Multiplier {
    fraction: i64,
    shift: i32,
}

impl Multiplier {
    pub(super) fn of(factor: f64) -> Self {
        if factor == 0.0 || !factor.is_finite() {
            return Self { fraction: 0, shift: 0 };
        }
        // The fraction is at least a half and below one.
        let mut shift = (factor.abs().log2().floor() as i32).saturating_add(1);
        let mut fraction = (factor / 2f64.powi(shift) * f64::from(1u32 << 31)).round() as i64;
        if fraction == 1 << 31 {
            fraction /= 2;
            shift += 1;
        }
        if shift < -31 {
            return Self { fraction: 0, shift: 0 };
        }
        Self { fraction, shift }
    }

    /// Makes it the factor of the other sign.
    pub(super) fn negate_if(&mut self, is_negated: bool) {
        if is_negated {
            self.fraction = -self.fraction;
        }
    }

    /// The product, rounded to a whole number.
    pub(super) fn times(&self, number: i64) -> i64 {
        let (left, right) = (self.shift.max(0), self.shift.min(0).unsigned_abs());
        let product = (number << left.min(30)).saturating_mul(self.fraction);
        // The upper half of twice the product, rounded away from zero at halves; then the same for the shift.
        let nudge = if product >= 0 { 1i64 << 30 } else { 1 - (1i64 << 30) };
        divided_by_power(product.saturating_add(nudge) / (1i64 << 31), right)
    }
}

/// A number less its last bits, which are rounded: halves away from zero (`RoundingDivideByPOT` of gemmlowp).
pub(super) fn divided_by_power(number: i64, bits: u32) -> i64 {
    let mask = (1i64 << bits) - 1;
    let threshold = (mask >> 1) + i64::from(number < 0);
    (number >> bits) + i64::from(number & mask > threshold)
}

/// Rounds to a narrower float type as the runtime does, and keeps the result as float32.
pub(super) fn round<'m>(to: DType, value: Value<'m>, token: &Token) -> Result<Value<'m>, FoldError> {
    if value.can_wait() {
        return Ok(Value { dtype: to, ..value.then(Step::Round(to)) });
    }
    let shape = value.shape.clone();
    let mut numbers = value.into_f32(token)?;
    blocks(&mut numbers, token, |_, block| {
        round_block(to, block);
        Ok(())
    })?;
    Ok(Value::float(to, shape, numbers))
}

/// [`round`], of a block. Other types stay.
pub(super) fn round_block(to: DType, block: &mut [f32]) {
    match to {
        DType::F16 => {
            let mut halves = [f16::ZERO; 256];
            for part in block.chunks_mut(halves.len()) {
                let halves = &mut halves[..part.len()];
                halves.convert_from_f32_slice(part);
                halves.convert_to_f32_slice(part);
            }
        }
        DType::Bf16 => block.iter_mut().for_each(|number| *number = bf16_of(*number).to_f32()),
        DType::F8E4M3 => block.iter_mut().for_each(|number| *number = f8_of(*number, 3, -6, 448.0)),
        DType::F8E5M2 => block.iter_mut().for_each(|number| *number = f8_of(*number, 2, -14, 57_344.0)),
        _ => {}
    }
}

/// An 8-bit float by way of half precision, to the nearest, halves to even, what is too large to the
/// largest.
fn f8_of(number: f32, mantissa_bits: i32, least_exponent: i32, largest: f32) -> f32 {
    let half = f16::from_f32(number).to_f32();
    if half.is_nan() || half == 0.0 {
        return half;
    }
    let exponent = ((half.abs().to_bits() >> 23) as i32 - 127).max(least_exponent);
    let step = f32::from_bits(((exponent - mantissa_bits + 127) as u32) << 23);
    // Powers of two apart, the quotient and the product are exact.
    ((half / step).round_ties_even() * step).clamp(-largest, largest)
}

/// The runtime rounds to bfloat16 by adding half of the last place where the last bit that stays is
/// set, and nothing where it is not: odd, but what its constants hold.
///
/// Source: `bfloat16::round_to_nearest_even` in `src/core/include/openvino/core/type/bfloat16.hpp`.
fn bf16_of(number: f32) -> bf16 {
    let bits = number.to_bits();
    if number.is_nan() {
        return bf16::from_f32(number);
    }
    bf16::from_bits((bits.wrapping_add((bits & 0x1_0000) >> 1) >> 16) as u16)
}

/// The integer that a type of fewer bits keeps of a wider one.
pub(super) fn wrap(to: DType, number: i64) -> i64 {
    let Some((low, _)) = to.integer_range() else { return number };
    let spare = 64 - to.bits().clamp(1, 64);
    if low < 0 { number << spare >> spare } else { ((number << spare) as u64 >> spare) as i64 }
}

fn float_to_int(to: DType, number: f32) -> i64 {
    // 2^63 and 2^31 are float32 numbers; the highest integers below them are none.
    let within = |limit: f32| (-limit..limit).contains(&number);
    match to {
        DType::U64 => number as u64 as i64,
        DType::I64 | DType::U32 if within(9_223_372_036_854_775_808.0) => wrap(to, number as i64),
        DType::I64 | DType::U32 => wrap(to, i64::MIN),
        _ if within(2_147_483_648.0) => wrap(to, number as i64),
        _ => wrap(to, i64::from(i32::MIN)),
    }
}

/// Whether every value of one type is a value of the other, bit for bit, once it is read as float32
/// (or as an integer). Signalling not-a-numbers aside.
fn holds(to: DType, from: DType) -> bool {
    match (from.integer_range(), to.integer_range()) {
        (Some((low, high)), Some((to_low, to_high))) => return to_low <= low && high <= to_high,
        (None, Some((_, to_high))) => return from == DType::Bool && to_high >= 1,
        _ => {}
    }
    // The width of integers, without sign, that the type holds without gaps.
    let bits = match to {
        DType::F32 | DType::F64 => 24,
        DType::F16 => 11,
        DType::Bf16 => 8,
        _ => return false,
    };
    if let Some((low, high)) = from.integer_range() {
        return -low <= 1 << bits && high <= 1 << bits;
    }
    match from {
        DType::Bool | DType::F8E4M3 | DType::F8E5M2 | DType::F4E2M1 => true,
        DType::F8E8M0 => to != DType::F16,
        DType::F16 | DType::Bf16 | DType::Nf4 | DType::F32 => bits == 24,
        _ => false,
    }
}

fn is_quantized(value: &Value<'_>) -> bool {
    matches!(&value.numbers, Numbers::Stored(stored) if stored.affine.is_some())
}
