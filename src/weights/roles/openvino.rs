//! Roles and layouts of OpenVINO operations' constant inputs.
//!
//! Source: the operation specifications of opset1 to opset17; `BatchNormInference` has its data in
//! front since opset5.

use crate::model::{DType, Graph, Operation, OperationId, Shape, TensorId};
use crate::weights::Role;
use crate::weights::fold::{data_input, is_constant_fed};

/// Operations between a layer and its bias that leave the channels as they are.
const MAX_BETWEEN: usize = 3;

/// The role of an input that is fed by constants alone.
pub fn role(graph: &Graph, id: OperationId, input: usize) -> Role {
    let operation = graph.operation(id);
    if let Some(role) = on_chain(graph, operation, input) {
        return role;
    }
    let rank = shape_of(graph, operation, input).and_then(Shape::rank);
    let vector = || (rank == Some(1)).then_some("O");
    match (operation.kind.as_str(), input) {
        ("Convolution" | "BinaryConvolution", 1) | ("DeformableConvolution", 2) => {
            Role::weight("kernel", spatial(rank, 2, &["OIW", "OIHW", "OIDHW"]))
        }
        ("GroupConvolution", 1) => Role::weight("kernel", spatial(rank, 3, &["GOIW", "GOIHW", "GOIDHW"])),
        ("ConvolutionBackpropData", 1) => Role::weight("kernel", spatial(rank, 2, &["IOW", "IOHW", "IODHW"])),
        ("GroupConvolutionBackpropData", 1) => Role::weight("kernel", spatial(rank, 3, &["GIOW", "GIOHW", "GIODHW"])),
        ("ConvolutionBackpropData" | "GroupConvolutionBackpropData", 2) => Role::parameter("shape"),
        ("MatMul", 0 | 1) => Role::weight("kernel", matrix(operation, input, rank)),
        ("FullyConnected" | "FullyConnectedCompressed", 1) => Role::weight("kernel", (rank == Some(2)).then_some("OI")),
        ("FullyConnected" | "FullyConnectedCompressed", 2) => Role::weight("bias", vector()),
        ("FullyConnectedCompressed", 3) => Role::parameter("scale"),
        ("FullyConnectedCompressed", 4) => Role::parameter("zero_point"),
        ("GroupedMatMul", 1) => Role::weight("kernel", None),
        ("Gather", 0) if is_float(graph, operation, input) => Role::weight("table", None),
        ("EmbeddingBagOffsetsSum" | "EmbeddingBagPackedSum" | "EmbeddingSegmentsSum" | "EmbeddingBagOffsets" | "EmbeddingBagPacked", _) => {
            embedding(graph, operation, input)
        }
        ("Gather" | "GatherND" | "GatherElements", 1) => Role::parameter("indices"),
        ("Gather", 2) => Role::parameter("axes"),
        ("ScatterUpdate" | "ScatterElementsUpdate" | "ScatterNDUpdate", 1) => Role::parameter("indices"),
        ("ScatterUpdate" | "ScatterElementsUpdate", 3) => Role::parameter("axes"),
        ("LSTMCell" | "LSTMSequence" | "GRUCell" | "GRUSequence" | "RNNCell" | "RNNSequence" | "AUGRUCell" | "AUGRUSequence", _) => {
            recurrent(&operation.kind, input)
        }
        ("BatchNormInference", _) => batch_norm(&operation.version, input, vector()),
        ("PReLU", 1) => Role::weight("alpha", vector()),
        ("GroupNormalization", 1) | ("RMS", 1) => Role::weight("gamma", vector()),
        ("GroupNormalization", 2) => Role::weight("beta", vector()),
        ("FakeQuantize", 1..=4) | ("FakeConvert", 1 | 2) => Role::parameter("range"),
        ("Reshape" | "Broadcast" | "DynamicReshape", 1) => Role::parameter("shape"),
        ("Interpolate", 1) => Role::parameter("shape"),
        ("Interpolate", 3) => Role::parameter("axes"),
        ("Interpolate", 2) if !is_float(graph, operation, input) => Role::parameter("axes"),
        ("Transpose" | "Squeeze" | "Unsqueeze" | "Split" | "VariadicSplit" | "Reverse" | "MVN" | "NormalizeL2" | "CumSum", 1) => {
            Role::parameter("axes")
        }
        ("Broadcast", 2) | ("Slice", 4) => Role::parameter("axes"),
        ("StridedSlice" | "Slice", 1..=3) => Role::parameter("indices"),
        (kind, 1) if kind.starts_with("Reduce") => Role::parameter("axes"),
        ("Add" | "Subtract" | "Multiply" | "Divide", _) => arithmetic(graph, id, input),
        (
            "Power" | "Maximum" | "Minimum" | "SquaredDifference" | "Mod" | "FloorMod" | "Select" | "Concat" | "Loop" | "TensorIterator"
            | "If",
            _,
        ) => operand(graph, operation, input),
        (_, _) if !is_opset(&operation.version) => operand(graph, operation, input),
        _ => Role::parameter("parameter"),
    }
}

/// The layer whose bias an `Add` holds: a convolution or matrix product on its other input, with a
/// constant for each output channel.
pub fn bias_of(graph: &Graph, id: OperationId) -> Option<OperationId> {
    let operation = graph.operation(id);
    if operation.kind != "Add" {
        return None;
    }
    let (&[Some(first), Some(second)], output) = (operation.inputs.get(..2)?, *operation.outputs.first()?) else { return None };
    let (constant, mut other) = match (is_constant_fed(graph, first), is_constant_fed(graph, second)) {
        (false, true) => (second, first),
        (true, false) => (first, second),
        _ => return None,
    };
    let mut is_reshaped = false;
    for _ in 0..=MAX_BETWEEN {
        let layer_id = graph.tensor(other).producer?;
        let layer = graph.operation(layer_id);
        match layer.kind.as_str() {
            "Convert" | "FakeQuantize" | "Reshape" | "Squeeze" | "Unsqueeze" => {
                is_reshaped |= !matches!(layer.kind.as_str(), "Convert" | "FakeQuantize");
                other = layer.inputs.first().copied().flatten()?;
            }
            _ => {
                let channel = channel_axis(graph, layer)?;
                let channels = dim_of(&graph.tensor(*layer.outputs.first()?).shape, channel);
                let constant = &graph.tensor(constant).shape;
                let fits = match is_reshaped {
                    true => sole_axis(constant).is_some_and(|(_, length)| Some(length) == channels),
                    false => is_along(constant, &graph.tensor(output).shape, channel, channels),
                };
                return fits.then_some(layer_id);
            }
        }
    }
    None
}

/// The role on an operation all of whose inputs are constant: it passes a weight on, and what it
/// does it with are parameters.
fn on_chain(graph: &Graph, operation: &Operation, input: usize) -> Option<Role> {
    let passes = matches!(
        operation.kind.as_str(),
        "Convert" | "ConvertLike" | "Subtract" | "Add" | "Multiply" | "Divide" | "FakeQuantize" | "Gather" | "Concat" | "Power"
    );
    if !passes || !operation.inputs.iter().flatten().all(|input| is_constant_fed(graph, *input)) {
        return None;
    }
    let data = data_input(graph, operation)?;
    Some(match (operation.kind.as_str(), input) {
        ("Gather", 0) if data == 1 => Role::parameter("codebook"),
        ("Gather", 1) => Role::parameter("indices"),
        ("Gather", 2) => Role::parameter("axes"),
        ("FakeQuantize", 1..=4) => Role::parameter("range"),
        ("Multiply" | "Divide", _) if input != data => Role::parameter("scale"),
        ("Subtract", 1) if data == 0 => Role::parameter("zero_point"),
        _ => Role::parameter("parameter"),
    })
}

/// The layout of a kernel with `lead` axes in front of one to three spatial ones.
fn spatial(rank: Option<usize>, lead: usize, layouts: &[&'static str]) -> Option<&'static str> {
    layouts.get(rank?.checked_sub(lead + 1)?).copied()
}

/// The constant side of a matrix product. On the right, `[K, N]` is input by output; on the left,
/// `[M, K]` is output by input, for there the weight is multiplied by columns of data.
fn matrix(operation: &Operation, input: usize, rank: Option<usize>) -> Option<&'static str> {
    if rank != Some(2) {
        return None;
    }
    let key = if input == 0 { "transpose_a" } else { "transpose_b" };
    let is_transposed = operation.attributes.get(key).is_some_and(|value| value.as_bool() == Some(true));
    Some(if is_transposed == (input == 0) { "IO" } else { "OI" })
}

fn embedding(graph: &Graph, operation: &Operation, input: usize) -> Role {
    match input {
        0 => Role::weight("table", None),
        _ if is_float(graph, operation, input) => operand(graph, operation, input),
        _ => Role::parameter("indices"),
    }
}

/// The kernels stand behind the data and the states, in a sequence behind the lengths too.
fn recurrent(kind: &str, input: usize) -> Role {
    let states = if kind.starts_with("LSTM") { 2 } else { 1 };
    let first = 1 + states + usize::from(kind.ends_with("Sequence"));
    match input.checked_sub(first) {
        Some(0) => Role::weight("input_kernel", None),
        Some(1) => Role::weight("recurrent_kernel", None),
        Some(2) => Role::weight("bias", None),
        Some(3) if kind.starts_with("LSTM") => Role::weight("peephole", None),
        _ => Role::parameter("parameter"),
    }
}

fn batch_norm(version: &str, input: usize, layout: Option<&'static str>) -> Role {
    let is_first = version == "opset1" || version.is_empty();
    let names = if is_first { ["gamma", "beta", "", "mean", "variance"] } else { ["", "gamma", "beta", "mean", "variance"] };
    match names.get(input) {
        Some(name) if !name.is_empty() => Role::weight(name, layout),
        _ => Role::parameter("parameter"),
    }
}

fn arithmetic(graph: &Graph, id: OperationId, input: usize) -> Role {
    let operation = graph.operation(id);
    if !is_float(graph, operation, input) {
        return Role::parameter("parameter");
    }
    let shape = shape_of(graph, operation, input);
    let layout = shape.is_some_and(|shape| shape.rank() == Some(1)).then_some("O");
    if bias_of(graph, id).is_some() {
        return Role::weight("bias", layout);
    }
    let is_per_channel = shape.and_then(sole_axis).is_some();
    match operation.kind.as_str() {
        _ if !is_per_channel => operand(graph, operation, input),
        "Multiply" | "Divide" => Role::weight("scale", layout),
        _ => Role::weight("shift", layout),
    }
}

/// A constant that an operation computes with: floats, other than a shape's arithmetic.
fn operand(graph: &Graph, operation: &Operation, input: usize) -> Role {
    if is_float(graph, operation, input) { Role::weight("operand", None) } else { Role::parameter("parameter") }
}

/// The axis of the output channels in the output of a convolution or matrix product.
fn channel_axis(graph: &Graph, layer: &Operation) -> Option<Axis> {
    let is_constant = |input: usize| layer.inputs.get(input).copied().flatten().is_some_and(|input| is_constant_fed(graph, input));
    match layer.kind.as_str() {
        "Convolution"
        | "GroupConvolution"
        | "ConvolutionBackpropData"
        | "GroupConvolutionBackpropData"
        | "DeformableConvolution"
        | "BinaryConvolution" => Some(Axis::FromFront(1)),
        "FullyConnected" | "FullyConnectedCompressed" => Some(Axis::FromBack(1)),
        "MatMul" if is_constant(1) => Some(Axis::FromBack(1)),
        "MatMul" if is_constant(0) => Some(Axis::FromBack(2)),
        _ => None,
    }
}

#[derive(Clone, Copy)]
enum Axis {
    FromFront(usize),
    FromBack(usize),
}

impl Axis {
    fn of(self, rank: usize) -> Option<usize> {
        match self {
            Self::FromFront(axis) => (axis < rank).then_some(axis),
            Self::FromBack(axis) => rank.checked_sub(axis),
        }
    }
}

/// Whether a constant, broadcast to a result, varies along the channels alone, with a value each.
fn is_along(constant: &Shape, result: &Shape, channel: Axis, channels: Option<u64>) -> bool {
    let (Some(dims), Some(rank)) = (constant.dims(), result.rank()) else { return false };
    let Some(axis) = channel.of(rank) else { return false };
    let Some(shift) = rank.checked_sub(dims.len()) else { return false };
    let mut others = dims.iter().enumerate().filter(|(at, _)| at + shift != axis);
    let along = axis.checked_sub(shift).and_then(|at| dims.get(at)).copied().unwrap_or(1) as u64;
    others.all(|(_, dim)| *dim == 1) && channels.map_or(along > 1, |channels| along == channels)
}

/// The only axis longer than one, and its length.
fn sole_axis(shape: &Shape) -> Option<(usize, u64)> {
    let dims = shape.dims()?;
    let mut long = dims.iter().enumerate().filter(|(_, dim)| **dim != 1);
    match (long.next(), long.next()) {
        (Some((axis, dim)), None) => Some((axis, *dim as u64)),
        _ => None,
    }
}

fn dim_of(shape: &Shape, axis: Axis) -> Option<u64> {
    match shape {
        Shape::Ranked(dims) => *dims.get(axis.of(dims.len())?)?,
        Shape::Unknown => None,
    }
}

fn is_float(graph: &Graph, operation: &Operation, input: usize) -> bool {
    tensor_of(operation, input).is_some_and(|id| graph.tensor(id).dtype.is_float() && graph.tensor(id).dtype != DType::F8E8M0)
}

fn shape_of<'g>(graph: &'g Graph, operation: &Operation, input: usize) -> Option<&'g Shape> {
    tensor_of(operation, input).map(|id| &graph.tensor(id).shape)
}

fn tensor_of(operation: &Operation, input: usize) -> Option<TensorId> {
    operation.inputs.get(input).copied().flatten()
}

/// Whether an operation is one of OpenVINO's own.
fn is_opset(version: &str) -> bool {
    version.strip_prefix("opset").is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests;
