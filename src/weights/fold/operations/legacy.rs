//! Operations of OpenVINO IR of versions 2 to 7 on constants, where they mean something else than
//! those of the same name since.
//!
//! Source: OpenVINO 2020, `inference-engine/src/legacy_api/include/legacy/ie_layers.h` and
//! `ie_layer_validators.cpp` (attributes and their defaults).

use serde_json::Value as Json;

use super::{Binary, Call, FoldError, Value, View, axis, binary};
use crate::weights::fold::shapes::dims;

/// The values of the operation's outputs; `None` for an operation that has not changed since.
pub fn apply<'m>(call: &mut Call<'_, 'm>) -> Option<Result<Vec<Value<'m>>, FoldError>> {
    let one = match call.operation.kind.as_str() {
        "Concat" if call.attribute("axis").is_some() => return None,
        "Convert" | "FakeQuantize" | "Gather" | "ShapeOf" => return None,
        "Quantize" => call.fake_quantize(),
        "Reshape" | "Flatten" | "Squeeze" | "Unsqueeze" => call.reshape_as_output(),
        "Permute" => permute(call),
        "Eltwise" => eltwise(call),
        "Split" | "Slice" => return Some(split(call)),
        "StridedSlice" => call.strided_slice(true),
        "Tile" => tile(call),
        "Power" => power(call),
        other => FoldError::problem(format!("{other} of OpenVINO IR before version 10 is not evaluated")),
    };
    Some(one.map(|value| vec![value]))
}

fn permute<'m>(call: &mut Call<'_, 'm>) -> Result<Value<'m>, FoldError> {
    let order = call.list("order");
    let value = call.take(0)?;
    let rank = value.shape.len();
    let order = order.iter().map(|number| axis(*number, rank)).collect::<Result<Vec<_>, _>>()?;
    let view = View::whole(&value.shape).transposed(&order)?;
    call.copy(value, view)
}

fn eltwise<'m>(call: &mut Call<'_, 'm>) -> Result<Value<'m>, FoldError> {
    let text = |key: &str| call.attribute(key).and_then(Json::as_str).unwrap_or_default();
    let operation = match text("operation") {
        "" | "sum" => Binary::Add,
        "mul" | "prod" => Binary::Multiply,
        "sub" => Binary::Subtract,
        "div" => Binary::Divide,
        "max" => Binary::Maximum,
        "min" => Binary::Minimum,
        other => return FoldError::problem(format!("the elementwise operation {other} is not evaluated")),
    };
    let has_factors = call.attribute("coeff").is_some_and(|factors| factors.as_str() != Some(""));
    if has_factors || call.inputs.len() != 2 {
        return FoldError::problem("an elementwise operation of other than two plain operands is not evaluated");
    }
    call.binary(operation)
}

/// So many times along one axis, both attributes.
fn tile<'m>(call: &mut Call<'_, 'm>) -> Result<Value<'m>, FoldError> {
    let value = call.take(0)?;
    let (Some(number), Some(tiles)) = (call.whole("axis"), call.whole("tiles")) else {
        return FoldError::problem("it has no axis or no tiles");
    };
    let (axis, tiles) = (axis(number, value.shape.len())?, dims(&[tiles])?[0]);
    let repeats = (0..value.shape.len()).map(|other| if other == axis { tiles } else { 1 }).collect();
    call.repeated(value, repeats)
}

/// `(x * scale + shift) ^ power`, each step rounded (`mkldnn_eltwise_node.cpp` computes the power so, and without
/// one the multiplication and addition alone).
fn power<'m>(call: &mut Call<'_, 'm>) -> Result<Value<'m>, FoldError> {
    let mut value = call.take(0)?;
    if !value.dtype.is_float() {
        return FoldError::problem("a power of whole numbers is not evaluated");
    }
    for (key, neutral, operation) in [("scale", 1.0, Binary::Multiply), ("shift", 0.0, Binary::Add), ("power", 1.0, Binary::Power)] {
        let number = if call.attribute(key).is_some() { call.number(key)? } else { neutral };
        if number != neutral {
            let operand = Value::float(value.dtype, Vec::new(), vec![number]);
            value = binary(operation, value, operand, call.token)?;
        }
    }
    Ok(value)
}

/// Parts as long as the outputs say, along an attribute's axis.
fn split<'m>(call: &mut Call<'_, 'm>) -> Result<Vec<Value<'m>>, FoldError> {
    let number = call.attribute("axis").and_then(Json::as_i64).unwrap_or(1);
    let value = call.take(0)?;
    let axis = axis(number, value.shape.len())?;
    let length = |output: &crate::model::TensorId| call.graph.tensor(*output).shape.dims()?.get(axis).copied();
    let lengths: Option<Vec<usize>> = call.operation.outputs.iter().map(length).collect();
    match lengths {
        Some(lengths) => call.parts(value, axis, lengths),
        None => FoldError::problem("its outputs have no shapes"),
    }
}
