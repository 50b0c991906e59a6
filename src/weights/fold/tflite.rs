//! What TensorFlow Lite's operations on constants do differently, or have alone.
//!
//! Source: the reference kernels in `tflite/kernels` and `tflite/kernels/internal/reference`.

use serde_json::Value as Json;

use super::convert::{cast, convert, quantize, requantize};
use super::elementwise::{Unary, filled};
use super::gather::concat;
use super::operations::Call;
use super::shapes::{axis, dims};
use super::view::{View, copy_of};
use super::{FoldError, Value};

/// The values of the outputs of an operation that only TensorFlow Lite has.
pub(super) fn apply<'m>(mut call: Call<'_, 'm>) -> Result<Vec<Value<'m>>, FoldError> {
    let token = call.token;
    let one = match call.operation.kind.as_str() {
        "CAST" => {
            let to = call.output_type()?;
            cast(call.take(0)?, to, token)
        }
        "DEQUANTIZE" => {
            let to = call.output_type()?;
            convert(call.take(0)?, to, token)
        }
        "QUANTIZE" => {
            let output = call.output().ok_or(FoldError::Problem("it has no output".into()))?;
            let Some(to) = output.quantization.as_deref() else { return FoldError::problem("its output has no quantisation") };
            match call.input_tensor(0).and_then(|input| input.quantization.as_deref().map(|from| (input.dtype, from))) {
                Some((_, from)) => requantize(call.take(0)?, from, output.dtype, to, token),
                None => quantize(call.take(0)?, output.dtype, to, token),
            }
        }
        "RESHAPE" | "SQUEEZE" | "EXPAND_DIMS" => call.reshape_as_output(),
        "SLICE" => slice(&mut call),
        "PACK" => pack(&mut call),
        "UNPACK" => return unpack(&mut call),
        "FILL" => {
            let shape = dims(&call.ints(0)?)?;
            call.allow(&shape)?;
            filled(call.take(1)?, &shape, token)
        }
        "ZEROS_LIKE" => {
            let value = call.take(0)?;
            Ok(Value::float(value.dtype, value.shape.clone(), vec![0.0; value.count()]))
        }
        "RANK" => {
            let rank = match call.input_tensor(0).and_then(|input| input.shape.rank()) {
                Some(rank) => rank,
                None => call.take(0)?.shape.len(),
            };
            Ok(Value::int(call.output_type()?, Vec::new(), vec![rank as i64]))
        }
        other => Err(FoldError::Unsupported(format!("{other} is not evaluated").into())),
    };
    Ok(vec![one?])
}

/// The activation that an operation applies to its result; `None` for none.
pub(super) fn activation(call: &Call<'_, '_>) -> Result<Option<Unary>, FoldError> {
    Ok(Some(match call.attribute("fused_activation_function").and_then(Json::as_str) {
        None | Some("NONE") => return Ok(None),
        Some("RELU") => Unary::Clamp(0.0, f32::INFINITY),
        Some("RELU6") => Unary::Clamp(0.0, 6.0),
        Some("RELU_N1_TO_1") => Unary::Clamp(-1.0, 1.0),
        Some(other) => return FoldError::problem(format!("the activation {other} on constants is not evaluated")),
    }))
}

/// Begins and sizes, of which -1 is all that is left.
fn slice<'m>(call: &mut Call<'_, 'm>) -> Result<Value<'m>, FoldError> {
    let (begins, sizes) = (call.ints(1)?, call.ints(2)?);
    let value = call.take(0)?;
    if [begins.len(), sizes.len()] != [value.shape.len(); 2] {
        return FoldError::problem("the lists of the slice differ in length from the shape");
    }
    let mut view = View::whole(&value.shape);
    for (axis, (begin, size)) in begins.into_iter().zip(sizes).enumerate() {
        let begin = dims(&[begin])?[0];
        let size = if size == -1 { value.shape[axis].saturating_sub(begin) } else { dims(&[size])?[0] };
        view = view.sliced(axis, begin, 1, size)?;
    }
    call.copy(value, view)
}

/// Arrays put beside each other along a new axis.
fn pack<'m>(call: &mut Call<'_, 'm>) -> Result<Value<'m>, FoldError> {
    let number = call.whole("axis").unwrap_or(0);
    let mut parts = (0..call.inputs.len()).map(|input| call.take(input)).collect::<Result<Vec<_>, _>>()?;
    let Some(first) = parts.first() else { return FoldError::problem("it has no inputs") };
    let at = axis(number, first.shape.len() + 1)?;
    call.allow(&[first.count(), parts.len()])?;
    for part in &mut parts {
        let rank = part.shape.len();
        part.shape.insert(at.min(rank), 1);
    }
    concat(parts, at, call.token)
}

fn unpack<'m>(call: &mut Call<'_, 'm>) -> Result<Vec<Value<'m>>, FoldError> {
    let number = call.whole("axis").unwrap_or(0);
    let value = call.take(0)?;
    let at = axis(number, value.shape.len())?;
    call.allow(&value.shape)?;
    let value = value.decoded(call.token)?;
    let parts = (0..value.shape[at].min(call.operation.outputs.len())).map(|position| {
        let view = View::whole(&value.shape).sliced(at, position, 1, 1)?;
        let mut part = copy_of(&value, view, call.token)?;
        part.shape.remove(at);
        Ok(part)
    });
    parts.collect()
}

/// The bits of a mask, lowest first, as flags.
pub(super) fn mask(call: &Call<'_, '_>, key: &str) -> Vec<i64> {
    let bits = call.whole(key).unwrap_or(0);
    (0..32).map(|bit| bits >> bit & 1).collect()
}
