//! Inputs that an operation of versions 10 and 11 leaves out and that the runtime fills with constants when
//! it reads the file: the layer computes with them, so they are inputs here too, behind those of the file.
//!
//! Source: what `read_model` of openvino 2026.4.1 adds, as the references of `fixtures/ir/left_out.xml` have it.
//! Other operations of which it reads no more inputs than the file gives them get none here; nor do inputs that are
//! longer than [`Bytes::zeros`] and its like reach, as of a cell with thousands of hidden units.

use super::attribute::is_opset;
use super::record::Layer;
use crate::model::{Bytes, DType, Data, Shape, Tensor};

/// An input: its name in the operation's specification, its type, its number of elements (`None` for a
/// scalar), and its values.
struct Filled(&'static str, DType, Option<u64>, Fill);

enum Fill {
    Zeros,
    Ones,
    Counting,
}

/// How many inputs of a layer the runtime may fill in.
pub fn most(layer: &Layer) -> usize {
    let fed = layer.inputs.len();
    let all = match (layer.kind.as_str(), layer.version.as_str()) {
        (_, version) if !is_opset(version) => 0,
        ("Pad" | "StridedSlice", _) if fed >= 3 => 4,
        ("Slice", _) if fed >= 4 => 5,
        ("Broadcast", "opset1" | "opset2") if fed >= 2 => 3,
        ("NonMaxSuppression", "opset1" | "opset2" | "opset3" | "opset4") if fed >= 2 => 5,
        ("LSTMCell", "opset1" | "opset2" | "opset3") if fed >= 5 => 7,
        _ => 0,
    };
    usize::saturating_sub(all, fed)
}

/// The constants that a layer with these inputs, one for each of its ports, gets behind them.
pub fn of(layer: &Layer, inputs: &[Option<&Tensor>]) -> Vec<Tensor> {
    let Layer { name, attributes, .. } = layer;
    let input = |position: usize| inputs.get(position).copied().flatten();
    let data = input(0).map_or(DType::Dynamic, |tensor| tensor.dtype);
    // How many axes a list is about.
    let axes = |position: usize| match input(position)?.shape.dims()?.as_slice() {
        [count] => u64::try_from(*count).ok(),
        _ => None,
    };
    let is_pdpd = attributes.get("mode").is_some_and(|mode| mode == "pdpd");
    let gates = |count: u64| attributes.get("hidden_size")?.as_u64()?.checked_mul(count);
    let filled = |position: usize| {
        Some(match (layer.kind.as_str(), position) {
            ("Pad", 3) => Filled("pad_value", data, None, Fill::Zeros),
            ("StridedSlice", 3) => Filled("strides", DType::I64, Some(axes(1).or(axes(2))?), Fill::Ones),
            ("Slice", 4) => Filled("axes", DType::I64, Some(axes(1)?), Fill::Counting),
            ("Broadcast", 2) if !is_pdpd => Filled("axes_mapping", DType::U8, None, Fill::Zeros),
            ("NonMaxSuppression", 2) => Filled("max_output_boxes_per_class", DType::I32, None, Fill::Zeros),
            ("NonMaxSuppression", 3) => Filled("iou_threshold", DType::F32, None, Fill::Zeros),
            ("NonMaxSuppression", 4) => Filled("score_threshold", DType::F32, None, Fill::Zeros),
            ("LSTMCell", 5) => Filled("B", data, Some(gates(4)?), Fill::Zeros),
            ("LSTMCell", 6) => Filled("P", data, Some(gates(3)?), Fill::Zeros),
            _ => return None,
        })
    };
    let tensor = |Filled(input, dtype, count, fill)| {
        let len = dtype.packed_bytes(count.unwrap_or(1)).filter(|len| *len > 0)?;
        let bytes = match fill {
            Fill::Zeros => Bytes::zeros(len),
            Fill::Ones => Bytes::ones(count?),
            Fill::Counting => Bytes::counting(count?),
        };
        let shape = Shape::fixed(count);
        Some(Tensor { data: Data::Stored(bytes?), ..Tensor::computed(format!("{name}/{input}"), dtype, shape) })
    };
    // One that can't be told ends the list, since inputs go by position.
    let positions = inputs.len()..inputs.len() + most(layer);
    positions.map_while(|position| tensor(filled(position)?)).collect()
}
