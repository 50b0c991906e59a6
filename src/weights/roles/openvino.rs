//! Roles and layouts of OpenVINO operations' constant inputs.
//!
//! Source: the operation specifications of opset1 to opset17; `BatchNormInference` has its data in
//! front since opset5.

mod normalisation;

use self::normalisation::{is_normalised, is_scaled_after};
use crate::formats::openvino::{is_legacy, is_opset};
use crate::model::{DType, Graph, Operation, OperationId, Shape, TensorId};
use crate::weights::fold::{data_input, is_constant_fed};
use crate::weights::roles::openvino_legacy;
use crate::weights::sections::stacked;
use crate::weights::{Role, Sections};

/// Operations between a layer and its bias that leave the channels as they are.
const MAX_BETWEEN: usize = 3;

/// The role of an input that is fed by constants alone.
pub fn role(graph: &Graph, id: OperationId, input: usize) -> Role {
    let operation = graph.operation(id);
    if is_legacy(operation)
        && let Some(role) = openvino_legacy::role(graph, operation, input)
    {
        return role;
    }
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
        ("MatMul", 0 | 1) => Role::weight("kernel", matrix(operation, input, rank)),
        ("FullyConnected" | "FullyConnectedCompressed", 1) => Role::weight("kernel", (rank == Some(2)).then_some("OI")),
        ("FullyConnected" | "FullyConnectedCompressed", 2) => Role::weight("bias", vector()),
        ("FullyConnectedCompressed", 3) => Role::parameter("scale"),
        ("FullyConnectedCompressed", 4) => Role::parameter("zero_point"),
        ("GroupedMatMul" | "MOE", 1) => Role::weight("kernel", None),
        ("Einsum", _) if is_float(graph, operation, input) => Role::weight("kernel", einsum(operation, input)),
        ("Gather", 0) if is_float(graph, operation, input) && rank != Some(1) => Role::weight("table", None),
        ("EmbeddingBagOffsetsSum" | "EmbeddingBagPackedSum" | "EmbeddingSegmentsSum" | "EmbeddingBagOffsets" | "EmbeddingBagPacked", _) => {
            embedding(graph, operation, input)
        }
        ("LSTMCell" | "LSTMSequence" | "GRUCell" | "GRUSequence" | "RNNCell" | "RNNSequence" | "AUGRUCell" | "AUGRUSequence", _) => {
            recurrent(&operation.kind, input)
        }
        ("BatchNormInference", _) => batch_norm(&operation.version, input, vector()),
        // In files that name classes instead of types, too.
        ("PReLU" | "PRelu", 1) => Role::weight("alpha", vector()),
        ("GroupNormalization", 1) | ("RMS", 1) => Role::weight("gamma", vector()),
        ("GroupNormalization", 2) => Role::weight("beta", vector()),
        ("ScaledDotProductAttention", 4) => Role::weight("scale", None),
        ("Add" | "Subtract" | "Multiply" | "Divide", _) => arithmetic(graph, id, input),
        (kind, input) => match parameter(kind, input) {
            Some(name) if name != "parameter" || is_opset(&operation.version) => Role::parameter(name),
            _ => operand(graph, operation, input),
        },
    }
}

/// Inputs that say how an operation works: axes, shapes, positions, and whatever else stands behind
/// the data. `None` where a constant is a number that the operation computes with.
fn parameter(kind: &str, input: usize) -> Option<&'static str> {
    Some(match (kind, input) {
        ("Transpose" | "Squeeze" | "Unsqueeze" | "Split" | "VariadicSplit" | "Reverse" | "MVN" | "NormalizeL2" | "CumSum", 1) => "axes",
        ("DFT" | "IDFT" | "RDFT" | "IRDFT" | "Unique", 1) | ("Roll", 2) => "axes",
        ("Gather" | "Broadcast", 2) | ("ScatterUpdate" | "ScatterElementsUpdate" | "Interpolate", 3) | ("Slice", 4) => "axes",
        (kind, 1) if kind.starts_with("Reduce") => "axes",
        ("Reshape" | "Broadcast" | "DynamicReshape" | "AdaptiveAvgPool" | "AdaptiveMaxPool", 1) => "shape",
        ("ConvolutionBackpropData" | "GroupConvolutionBackpropData" | "VariadicSplit", 2) => "shape",
        ("BatchToSpace" | "SpaceToBatch" | "Interpolate", 1) | ("RandomUniform", 0) => "shape",
        ("DFT" | "IDFT" | "RDFT" | "IRDFT", 2) | ("Col2Im", 1 | 2) => "shape",
        ("Gather" | "GatherND" | "GatherElements" | "ScatterUpdate" | "ScatterElementsUpdate" | "ScatterNDUpdate", 1) => "indices",
        ("StridedSlice" | "Slice", 1..=3) | ("OneHot", 0) => "indices",
        ("FakeQuantize", 1..=4) | ("FakeConvert", 1 | 2) | ("RandomUniform", 1 | 2) | ("Range", _) => "range",
        ("ReadValue" | "Assign" | "Result" | "Proposal" | "PriorBox" | "PriorBoxClustered", _) => "parameter",

        ("Power" | "Maximum" | "Minimum" | "SquaredDifference" | "Mod" | "FloorMod" | "Atan2" | "Concat" | "Select", _) => return None,
        ("Equal" | "NotEqual" | "Less" | "LessEqual" | "Greater" | "GreaterEqual", _) => return None,
        ("Loop" | "TensorIterator" | "If", _) => return None,
        ("ScatterUpdate" | "ScatterElementsUpdate" | "ScatterNDUpdate", 2) => return None,
        ("ScaledDotProductAttention", 1..=3) | ("GridSample" | "STFT", 1) | ("AUGRUCell", 5) | ("AUGRUSequence", 6) => return None,
        // The data of all others.
        (_, 0) => return None,
        _ => "parameter",
    })
}

/// The number of groups of a convolution whose kernel is at `input`. `None` for other inputs.
pub fn groups(graph: &Graph, id: OperationId, input: usize) -> Option<u64> {
    let operation = graph.operation(id);
    let group = |attribute: &str| operation.attributes.get(attribute).and_then(|group| group.as_u64().or(group.as_str()?.parse().ok()));
    match (operation.kind.as_str(), input) {
        ("GroupConvolution" | "GroupConvolutionBackpropData", 1) => {
            shape_of(graph, operation, 1)?.dims()?.first().map(|groups| *groups as u64)
        }
        ("Convolution" | "ConvolutionBackpropData" | "BinaryConvolution", 1) => Some(1),
        ("DeformableConvolution", 2) => group("group"),
        _ => None,
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
                let of_layer = &graph.tensor(*layer.outputs.first()?).shape;
                let (constant, result) = (&graph.tensor(constant).shape, &graph.tensor(output).shape);
                let fits = match is_reshaped {
                    true => is_along_reshaped(constant, result, of_layer, channel),
                    false => is_along(constant, result, channel, dim_of(of_layer, channel)),
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
    Some(if is_true(operation, key) == (input == 0) { "IO" } else { "OI" })
}

/// The layout of a matrix among the operands of an `Einsum`: a letter that the result lacks is summed
/// over. One with batches, or several letters of a kind, has none.
fn einsum(operation: &Operation, input: usize) -> Option<&'static str> {
    let equation = operation.attributes.get("equation")?.as_str()?.replace(' ', "");
    let (operands, result) = equation.split_once("->")?;
    let operands: Vec<&str> = operands.split(',').collect();
    let own = operands.get(input)?;
    let is_output = |letter: char| {
        let in_others = operands.iter().enumerate().any(|(position, operand)| position != input && operand.contains(letter));
        match (result.contains(letter), in_others) {
            (true, false) => Some('O'),
            (false, true) => Some('I'),
            _ => None,
        }
    };
    match own.chars().map(is_output).collect::<Option<String>>()?.as_str() {
        "OI" => Some("OI"),
        "IO" => Some("IO"),
        _ => None,
    }
}

/// The table stands first, the weights of the samples last; between them are positions, and what a
/// bag without samples gets.
fn embedding(graph: &Graph, operation: &Operation, input: usize) -> Role {
    match input {
        0 => Role::weight("table", None),
        _ if is_float(graph, operation, input) => operand(graph, operation, input),
        _ => Role::parameter("indices"),
    }
}

/// The kernels stand behind the data and the states, in a sequence behind the lengths too. Those of a
/// cell are matrices; those of a sequence have an axis of directions in front.
fn recurrent(kind: &str, input: usize) -> Role {
    let of_cell = |layout| kind.ends_with("Cell").then_some(layout);
    match recurrent_position(kind, input) {
        Some(0) => Role::weight("input_kernel", of_cell("OI")),
        Some(1) => Role::weight("recurrent_kernel", of_cell("OI")),
        Some(2) => Role::weight("bias", of_cell("O")),
        Some(3) if kind.starts_with("LSTM") => Role::weight("peephole", None),
        // The attention that scales the update gate.
        Some(3) if kind.starts_with("AUGRU") => Role::weight("operand", None),
        _ => Role::parameter("parameter"),
    }
}

/// 0 for the input kernel, 1 for the recurrent one, 2 for the bias, 3 for what follows.
fn recurrent_position(kind: &str, input: usize) -> Option<usize> {
    let states = if kind.starts_with("LSTM") { 2 } else { 1 };
    input.checked_sub(1 + states + usize::from(kind.ends_with("Sequence")))
}

/// The gates that a recurrent layer stacks in its kernels and its bias, and the directions of a
/// sequence. Orders: the specifications of LSTMCell-4 (`fico`; LSTMCell-1 names its own in
/// `weights_format`) and GRUCell-3 (`zrh`; with `linear_before_reset` the bias has a fourth part, of
/// the recurrent product).
pub fn sections(graph: &Graph, id: OperationId, input: usize) -> Option<Sections> {
    let operation = graph.operation(id);
    if is_legacy(operation) {
        return openvino_legacy::sections(graph, operation, input);
    }
    let kind = operation.kind.as_str();
    let is_recurrent = matches!(kind, "LSTMCell" | "LSTMSequence" | "GRUCell" | "GRUSequence" | "AUGRUCell" | "AUGRUSequence");
    let is_sequence = kind.ends_with("Sequence");
    if !is_recurrent && !matches!(kind, "RNNSequence") {
        return None;
    }
    let position = recurrent_position(kind, input).filter(|position| *position < 3)?;
    let shape = shape_of(graph, operation, input)?.dims()?;
    let parts = match (is_sequence, shape.first()) {
        (true, Some(2)) => stacked(&["forward", "backward"], 0, 2),
        _ => Vec::new(),
    };
    let axis = usize::from(is_sequence);
    let names: Vec<&'static str> = match kind {
        "LSTMCell" | "LSTMSequence" => lstm_gates(operation)?,
        "RNNSequence" => Vec::new(),
        _ if position == 2 && is_true(operation, "linear_before_reset") => vec!["update", "reset", "candidate", "candidate_recurrent"],
        _ => vec!["update", "reset", "candidate"],
    };
    Some(Sections { gates: stacked(&names, axis, *shape.get(axis)?), parts })
}

fn lstm_gates(operation: &Operation) -> Option<Vec<&'static str>> {
    let format = operation.attributes.get("weights_format").and_then(|format| format.as_str()).unwrap_or("fico");
    let name = |letter| [('f', "forget"), ('i', "input"), ('c', "cell"), ('o', "output")].into_iter().find(|(of, _)| *of == letter);
    format.chars().map(|letter| name(letter).map(|(_, name)| name)).collect()
}

fn is_true(operation: &Operation, attribute: &str) -> bool {
    operation.attributes.get(attribute).is_some_and(|value| value.as_bool() == Some(true))
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
    let other = operation.inputs.get(1usize.saturating_sub(input)).copied().flatten();
    let is_many = shape.and_then(Shape::count).is_some_and(|count| count > 1);
    match operation.kind.as_str() {
        "Multiply" if is_many && other.is_some_and(|other| is_normalised(graph, other)) => Role::weight("gamma", layout),
        "Add" if is_many && other.is_some_and(|other| is_scaled_after(graph, other)) => Role::weight("beta", layout),
        _ if !is_per_channel => operand(graph, operation, input),
        "Multiply" | "Divide" => Role::weight("scale", layout),
        _ => Role::weight("shift", layout),
    }
}

/// A constant that an operation computes with: floats, other than a shape's arithmetic. Where all
/// inputs are constant, the operation prepares a weight for others.
fn operand(graph: &Graph, operation: &Operation, input: usize) -> Role {
    let is_passed_on = operation.outputs.first().is_some_and(|output| is_constant_fed(graph, *output));
    let is_weight = is_float(graph, operation, input) && !(is_passed_on && is_opset(&operation.version));
    if is_weight { Role::weight("operand", None) } else { Role::parameter("parameter") }
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

/// The same for a result that is the layer's output in another shape: the channels are still an axis
/// of their own, with as many elements in front of it.
fn is_along_reshaped(constant: &Shape, result: &Shape, of_layer: &Shape, channel: Axis) -> bool {
    let (Some((axis, length)), Some(rank), Some(result_rank)) = (sole_axis(constant), constant.rank(), result.rank()) else { return false };
    let Some(axis) = result_rank.checked_sub(rank).map(|shift| shift + axis) else { return false };
    let outer = |shape: &Shape, axis: usize| match shape {
        Shape::Ranked(dims) => dims.get(..axis)?.iter().try_fold(1u64, |product, dim| product.checked_mul((*dim)?)),
        Shape::Unknown => None,
    };
    let of_channel = of_layer.rank().and_then(|rank| channel.of(rank)).and_then(|axis| outer(of_layer, axis));
    dim_of(of_layer, channel) == Some(length) && (of_channel.is_none() || of_channel == outer(result, axis))
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

#[cfg(test)]
mod tests;
