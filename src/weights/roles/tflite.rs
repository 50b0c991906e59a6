//! Roles and layouts of TensorFlow Lite operations' constant inputs.
//!
//! Most operations fix what each input is for (`fixed`); elementwise ones leave it to the shapes:
//! an addition of one value per output channel right after a convolution is its bias.

mod recurrent;

use serde_json::Value;

use self::recurrent::{bidirectional_lstm, bidirectional_rnn, lstm};
use crate::model::{Graph, Operation, OperationId, Shape, Tensor, TensorId};
use crate::weights::Role;

/// A constant operand with no closer meaning.
const OPERAND: Role = Role::weight("operand", None);
const PARAMETER: Role = Role::parameter("parameter");
const SHAPE: Role = Role::parameter("shape");
const AXES: Role = Role::parameter("axes");
const INDICES: Role = Role::parameter("indices");
const RANGE: Role = Role::parameter("range");
const TABLE: Role = Role::weight("table", None);
const BIAS: Role = Role::weight("bias", Some("O"));

/// The role of a constant input of an operation: operand tables of the TensorFlow Lite dialect
/// (`tfl_ops.td`), layouts of its kernels.
pub fn role(graph: &Graph, operation: OperationId, input: usize) -> Role {
    let op = graph.operation(operation);
    let role = match op.kind.as_str() {
        "ADD" if input_bias_of(graph, op, input).is_some() => BIAS,
        "ADD" | "SUB" if is_per_channel(graph, op, input) => Role::weight("shift", Some("O")),
        "MUL" if is_per_channel(graph, op, input) => Role::weight("scale", Some("O")),
        "DIV" if input == 1 && is_per_channel(graph, op, input) => Role::weight("scale", Some("O")),
        "LSTM" | "UNIDIRECTIONAL_SEQUENCE_LSTM" if !is_named(op, "kernel_type", "BASIC") => {
            lstm(input, is_set(op, "diagonal_recurrent_tensors"))
        }
        "BIDIRECTIONAL_SEQUENCE_LSTM" => bidirectional_lstm(input),
        "FULLY_CONNECTED" if input == 1 => fully_connected(op),
        "BATCH_MATMUL" => batch_matmul(op, input),
        "STABLEHLO_CONVOLUTION" if input == 1 => Role::weight("kernel", stablehlo_layout(op)),
        kind => fixed(kind, input),
    };
    // A layout names every axis or nothing.
    let rank = tensor(graph, op, input).and_then(|tensor| tensor.shape.rank());
    Role { layout: role.layout.filter(|layout| Some(layout.len()) == rank), ..role }
}

/// The convolution or matrix product whose bias an ADD adds: it feeds the ADD without an activation
/// in between, and the ADD's other input is a vector with a value per output channel.
pub fn bias_of(graph: &Graph, operation: OperationId) -> Option<OperationId> {
    let op = graph.operation(operation);
    (0..op.inputs.len()).find_map(|input| input_bias_of(graph, op, input))
}

fn input_bias_of(graph: &Graph, op: &Operation, input: usize) -> Option<OperationId> {
    if op.kind != "ADD" || !is_per_channel(graph, op, input) || !tensor(graph, op, input).is_some_and(|tensor| is_constant(graph, tensor)) {
        return None;
    }
    let producer = tensor(graph, op, 1 - input)?.producer?;
    let layer = graph.operation(producer);
    let is_layer = matches!(
        layer.kind.as_str(),
        "CONV_2D" | "DEPTHWISE_CONV_2D" | "TRANSPOSE_CONV" | "CONV_3D" | "CONV_3D_TRANSPOSE" | "FULLY_CONNECTED" | "BATCH_MATMUL"
    );
    let activation = layer.attributes.get("fused_activation_function");
    (is_layer && activation.is_none_or(|activation| activation == "NONE")).then_some(producer)
}

/// Whether an input of a binary operation is a vector along the last axis, which is the channels, of
/// the other input.
fn is_per_channel(graph: &Graph, op: &Operation, input: usize) -> bool {
    let (Some(own), Some(other)) = (tensor(graph, op, input), 1usize.checked_sub(input).and_then(|other| tensor(graph, op, other))) else {
        return false;
    };
    // Two constants: neither is a channel's factor or term.
    if is_constant(graph, other) {
        return false;
    }
    let Some(dims) = own.shape.dims() else { return false };
    let Some((channels, outer)) = dims.split_last() else { return false };
    if outer.iter().any(|dim| *dim != 1) {
        return false;
    }
    match last_dim(&other.shape).or_else(|| op.outputs.first().and_then(|output| last_dim(&graph.tensor(*output).shape))) {
        Some(of_other) => of_other == *channels as u64,
        None => *channels > 1,
    }
}

/// Whether a tensor is a constant or a constant's decompression.
fn is_constant<'g>(graph: &'g Graph, mut tensor: &'g Tensor) -> bool {
    // Longer chains than this don't occur, and a ring would be endless.
    for _ in 0..8 {
        let Some(producer) = tensor.producer else { return tensor.is_constant() };
        let op = graph.operation(producer);
        let is_passed_on = matches!(
            op.kind.as_str(),
            "DEQUANTIZE" | "QUANTIZE" | "DENSIFY" | "CAST" | "RESHAPE" | "TRANSPOSE" | "EXPAND_DIMS" | "SQUEEZE" | "BROADCAST_TO"
        );
        match self::tensor(graph, op, 0) {
            Some(from) if is_passed_on => tensor = from,
            _ => return false,
        }
    }
    false
}

/// The last dimension, if it is known.
fn last_dim(shape: &Shape) -> Option<u64> {
    match shape {
        Shape::Ranked(dims) => dims.last().copied().flatten(),
        Shape::Unknown => None,
    }
}

fn tensor<'g>(graph: &'g Graph, op: &Operation, input: usize) -> Option<&'g Tensor> {
    let id: TensorId = (*op.inputs.get(input)?)?;
    graph.tensors.get(id.0 as usize)
}

fn is_named(op: &Operation, attribute: &str, name: &str) -> bool {
    op.attributes.get(attribute).is_some_and(|value| value == name)
}

fn is_set(op: &Operation, attribute: &str) -> bool {
    op.attributes.get(attribute) == Some(&Value::Bool(true))
}

/// Operations whose inputs mean the same whatever the options.
fn fixed(kind: &str, input: usize) -> Role {
    let kernel = |layout| Role::weight("kernel", Some(layout));
    match (kind, input) {
        ("CONV_2D" | "Convolution2DTransposeBias", 1) => kernel("OHWI"),
        ("DEPTHWISE_CONV_2D", 1) => kernel("1HWO"),
        ("CONV_3D", 1) => kernel("DHWIO"),
        ("CONV_2D" | "DEPTHWISE_CONV_2D" | "CONV_3D" | "FULLY_CONNECTED" | "Convolution2DTransposeBias", 2) => BIAS,
        ("TRANSPOSE_CONV" | "CONV_3D_TRANSPOSE", 0) => SHAPE,
        ("TRANSPOSE_CONV", 1) => kernel("OHWI"),
        ("CONV_3D_TRANSPOSE", 1) => kernel("DHWOI"),
        ("TRANSPOSE_CONV" | "CONV_3D_TRANSPOSE", 3) => BIAS,
        ("LceBconv2d", 1) => Role::weight("kernel", None),
        ("STABLEHLO_DOT_GENERAL", 0 | 1) => Role::weight("kernel", None),

        ("EMBEDDING_LOOKUP" | "EMBEDDING_LOOKUP_SPARSE" | "HASHTABLE_LOOKUP", 0) => INDICES,
        ("EMBEDDING_LOOKUP", 1) | ("EMBEDDING_LOOKUP_SPARSE", 4) => TABLE,
        ("EMBEDDING_LOOKUP_SPARSE", 1) => INDICES,
        ("EMBEDDING_LOOKUP_SPARSE", 2) => SHAPE,
        ("HASHTABLE_LOOKUP" | "HASHTABLE_IMPORT", 1) => INDICES,
        ("HASHTABLE_LOOKUP" | "HASHTABLE_IMPORT", 2) => TABLE,
        ("GATHER" | "GATHER_ND" | "STABLEHLO_GATHER", 0) => TABLE,
        ("GATHER" | "GATHER_ND" | "STABLEHLO_GATHER", 1) => INDICES,
        ("PRELU", 1) => Role::weight("alpha", None),

        // Basic LSTM: one matrix over [input, state], gates in the order input, cell, forget, output.
        ("LSTM", 2) => kernel("OI"),
        ("LSTM", 3) => BIAS,
        ("RNN" | "UNIDIRECTIONAL_SEQUENCE_RNN", 1) => Role::weight("input_kernel", Some("OI")),
        ("RNN" | "UNIDIRECTIONAL_SEQUENCE_RNN", 2) => Role::weight("recurrent_kernel", Some("OI")),
        ("RNN" | "UNIDIRECTIONAL_SEQUENCE_RNN", 3) => BIAS,
        ("BIDIRECTIONAL_SEQUENCE_RNN", input) => bidirectional_rnn(input),
        ("SVDF", 1) => Role::weight("kernel.feature", Some("OI")),
        ("SVDF", 2) => Role::weight("kernel.time", None),
        ("SVDF", 3) => BIAS,
        ("UNIDIRECTIONAL_SEQUENCE_GRU", 2) => Role::weight("kernel.gate", Some("OI")),
        ("UNIDIRECTIONAL_SEQUENCE_GRU", 3) => Role::weight("bias.gate", Some("O")),
        ("UNIDIRECTIONAL_SEQUENCE_GRU", 4) => Role::weight("kernel.candidate", Some("OI")),
        ("UNIDIRECTIONAL_SEQUENCE_GRU", 5) => Role::weight("bias.candidate", Some("O")),

        // What passes through is a weight further on, not here.
        ("DEQUANTIZE" | "QUANTIZE" | "DENSIFY" | "CAST" | "BITCAST" | "SQUEEZE", 0) => PARAMETER,
        ("RESHAPE" | "TRANSPOSE" | "EXPAND_DIMS" | "BROADCAST_TO", 0) => PARAMETER,
        _ => parameter(kind, input).unwrap_or(OPERAND),
    }
}

/// Inputs that say how an operation works rather than with which numbers.
fn parameter(kind: &str, input: usize) -> Option<Role> {
    Some(match (kind, input) {
        ("RESHAPE" | "BROADCAST_TO" | "RESIZE_BILINEAR" | "RESIZE_NEAREST_NEIGHBOR" | "RFFT2D", 1) => SHAPE,
        ("BATCH_TO_SPACE_ND" | "SPACE_TO_BATCH_ND", 1) => SHAPE,
        ("FILL" | "RANDOM_UNIFORM" | "RANDOM_STANDARD_NORMAL", 0) => SHAPE,
        ("SLICE", 2) | ("SPLIT_V", 1) | ("SCATTER_ND", 2) | ("SPARSE_TO_DENSE", 1) => SHAPE,

        ("TRANSPOSE" | "EXPAND_DIMS" | "SUM" | "MEAN" | "CUMSUM" | "REVERSE_V2" | "ARG_MAX" | "ARG_MIN", 1) => AXES,
        ("REDUCE_MIN" | "REDUCE_MAX" | "REDUCE_PROD" | "REDUCE_ANY" | "REDUCE_ALL", 1) => AXES,
        ("SPLIT", 0) | ("SPLIT_V", 2) => AXES,

        ("SLICE" | "STRIDED_SLICE", 1) | ("STRIDED_SLICE", 2) | ("DYNAMIC_UPDATE_SLICE", 2) => INDICES,
        ("SCATTER_ND" | "SPARSE_TO_DENSE" | "ONE_HOT", 0) => INDICES,
        ("SEGMENT_SUM" | "UNSORTED_SEGMENT_PROD" | "UNSORTED_SEGMENT_MAX", 1) => INDICES,
        ("UNSORTED_SEGMENT_MIN" | "UNSORTED_SEGMENT_SUM", 1) => INDICES,
        ("STABLEHLO_SCATTER" | "STABLEHLO_DYNAMIC_SLICE", 1) => INDICES,

        ("RANGE", 0..=2) => RANGE,

        ("PAD" | "PADV2" | "MIRROR_PAD" | "TILE" | "TOPK_V2" | "REVERSE_SEQUENCE" | "MULTINOMIAL" | "DILATE", 1) => PARAMETER,
        ("PADV2" | "DILATE" | "BATCH_TO_SPACE_ND" | "SPACE_TO_BATCH_ND" | "HASHTABLE_FIND", 2) => PARAMETER,
        ("STRIDED_SLICE" | "SPARSE_TO_DENSE", 3) | ("FILL", 1) | ("ONE_HOT", 1..=3) => PARAMETER,
        ("SELECT" | "SELECT_V2", 0..=2) | ("WHERE" | "IF", 0) | ("LSH_PROJECTION", 0) => PARAMETER,
        ("UNSORTED_SEGMENT_PROD" | "UNSORTED_SEGMENT_MAX" | "UNSORTED_SEGMENT_MIN" | "UNSORTED_SEGMENT_SUM", 2) => PARAMETER,
        ("NON_MAX_SUPPRESSION_V4" | "NON_MAX_SUPPRESSION_V5", 2..) => PARAMETER,
        ("STABLEHLO_PAD", 1) => PARAMETER,
        _ => return None,
    })
}

/// `[out, in]`, unless the rows are shuffled in blocks for an old processor.
fn fully_connected(op: &Operation) -> Role {
    let is_shuffled = op.attributes.get("weights_format").is_some_and(|format| format != "DEFAULT");
    Role::weight("kernel", (!is_shuffled).then_some("OI"))
}

/// The right side is `[in, out]` and its transpose with `adj_y`; the left side `[out, in]`.
fn batch_matmul(op: &Operation, input: usize) -> Role {
    let layout = match input {
        0 if is_set(op, "adj_x") => "IO",
        0 => "OI",
        _ if is_set(op, "adj_y") => "OI",
        _ => "IO",
    };
    Role::weight("kernel", Some(layout))
}

/// The kernel's layout as the options give it: a number of a dimension for O and I each, and a list
/// for the spatial ones.
fn stablehlo_layout(op: &Operation) -> Option<&'static str> {
    const KNOWN: [&str; 15] =
        ["OWI", "OIW", "WIO", "WOI", "IOW", "OHWI", "OIHW", "HWIO", "HWOI", "IOHW", "IHWO", "ODHWI", "OIDHW", "DHWIO", "DHWOI"];
    let spatial = op.attributes.get("kernel_spatial_dimensions")?.as_array()?;
    let names = match spatial.len() {
        1 => "W",
        2 => "HW",
        3 => "DHW",
        _ => return None,
    };
    let mut letters = vec!['?'; names.len() + 2];
    let mut place = |dimension: &Value, letter| {
        let slot = letters.get_mut(usize::try_from(dimension.as_u64()?).ok()?)?;
        *slot = letter;
        Some(())
    };
    place(op.attributes.get("kernel_output_feature_dimension")?, 'O')?;
    place(op.attributes.get("kernel_input_feature_dimension")?, 'I')?;
    for (dimension, letter) in spatial.iter().zip(names.chars()) {
        place(dimension, letter)?;
    }
    let layout: String = letters.into_iter().collect();
    KNOWN.into_iter().find(|known| *known == layout)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::{Bytes, DType, Data};
    use crate::weights::Kind;

    const DATA: Data = Data::Stored(Bytes { source: 0, offset: 0, len: 0 });

    /// One operation whose inputs have these shapes; the first is computed, the rest are constants.
    fn graph(kind: &str, attributes: &Value, shapes: &[&[u64]]) -> Graph {
        let mut graph = Graph::default();
        for (position, dims) in shapes.iter().enumerate() {
            let tensor = Tensor::computed("t", DType::F32, Shape::fixed(dims.iter().copied()));
            graph.tensors.push(if position == 0 { tensor } else { Tensor { data: DATA, ..tensor } });
        }
        let inputs = (0..shapes.len() as u32).map(|id| Some(TensorId(id))).collect();
        let attributes = attributes.as_object().cloned().unwrap_or_default();
        graph.operations.push(Operation { kind: kind.to_owned(), attributes, inputs, ..Operation::default() });
        graph.link();
        graph
    }

    fn check(kind: &str, attributes: &Value, shapes: &[&[u64]], input: usize, expected: (&str, Option<&str>)) {
        let role = role(&graph(kind, attributes, shapes), OperationId(0), input);
        assert_eq!((role.name, role.layout), expected, "{kind} input {input}");
    }

    #[test]
    fn layers() {
        let (x, matrix, vector): (&[u64], &[u64], &[u64]) = (&[1, 8, 8, 3], &[1, 3], &[3]);
        let none = &json!({});
        check("CONV_2D", none, &[x, &[4, 3, 3, 3], &[4]], 1, ("kernel", Some("OHWI")));
        check("CONV_2D", none, &[x, &[4, 3, 3, 3], &[4]], 2, ("bias", Some("O")));
        check("DEPTHWISE_CONV_2D", none, &[x, &[1, 3, 3, 3]], 1, ("kernel", Some("1HWO")));
        check("TRANSPOSE_CONV", none, &[&[4], &[4, 3, 3, 3], x, &[4]], 0, ("shape", None));
        check("TRANSPOSE_CONV", none, &[&[4], &[4, 3, 3, 3], x, &[4]], 1, ("kernel", Some("OHWI")));
        check("TRANSPOSE_CONV", none, &[&[4], &[4, 3, 3, 3], x, &[4]], 3, ("bias", Some("O")));
        check("CONV_3D", none, &[x, &[3, 3, 3, 2, 4]], 1, ("kernel", Some("DHWIO")));
        check("CONV_3D_TRANSPOSE", none, &[&[5], &[3, 3, 3, 4, 2]], 1, ("kernel", Some("DHWOI")));
        check("FULLY_CONNECTED", none, &[&[1, 3], &[4, 3]], 1, ("kernel", Some("OI")));
        check("FULLY_CONNECTED", none, &[&[1, 3], &[1, 1, 4, 3]], 1, ("kernel", None));
        check("FULLY_CONNECTED", &json!({"weights_format": "SHUFFLED4x16INT8"}), &[&[1, 3], &[4, 3]], 1, ("kernel", None));
        check("BATCH_MATMUL", &json!({"adj_y": false}), &[&[1, 3], &[3, 4]], 1, ("kernel", Some("IO")));
        check("BATCH_MATMUL", &json!({"adj_y": true}), &[&[1, 3], &[4, 3]], 1, ("kernel", Some("OI")));
        check("BATCH_MATMUL", none, &[&[1, 3], &[2, 3, 4]], 1, ("kernel", None));
        check("EMBEDDING_LOOKUP", none, &[&[1], &[9, 4]], 1, ("table", None));
        check("GATHER", none, &[&[9, 4], &[2]], 1, ("indices", None));
        check("PRELU", none, &[x, &[1, 1, 3]], 1, ("alpha", None));
        check("LSTM", &json!({"kernel_type": "FULL"}), &[matrix; 24], 6, ("recurrent_kernel.forget", Some("OI")));
        check("LSTM", &json!({"kernel_type": "BASIC"}), &[matrix; 5], 2, ("kernel", Some("OI")));
        check("BIDIRECTIONAL_SEQUENCE_LSTM", none, &[matrix; 48], 19, ("input_kernel.forget.backward", Some("OI")));
        check("BIDIRECTIONAL_SEQUENCE_LSTM", none, &[vector; 48], 31, ("bias.cell.backward", Some("O")));
        check("BIDIRECTIONAL_SEQUENCE_LSTM", none, &[matrix; 48], 47, ("input_kernel.output.backward.auxiliary", Some("OI")));
        check("RESHAPE", none, &[x, &[2]], 1, ("shape", None));
        check("MEAN", none, &[x, &[2]], 1, ("axes", None));
        check("DEQUANTIZE", none, &[x], 0, ("parameter", None));
        check("SomethingCustom", none, &[x, &[2]], 1, ("operand", None));
        check("CONV_2D", none, &[x], 9, ("operand", None));
    }

    #[test]
    fn stablehlo_convolutions_name_their_axes() {
        let options = |o: u8, i: u8, spatial: &[u8]| json!({"kernel_output_feature_dimension": o, "kernel_input_feature_dimension": i, "kernel_spatial_dimensions": spatial});
        let shapes: &[&[u64]] = &[&[1, 8, 8, 3], &[3, 3, 3, 4]];
        check("STABLEHLO_CONVOLUTION", &options(3, 2, &[0, 1]), shapes, 1, ("kernel", Some("HWIO")));
        check("STABLEHLO_CONVOLUTION", &options(0, 1, &[2, 3]), shapes, 1, ("kernel", Some("OIHW")));
        check("STABLEHLO_CONVOLUTION", &options(0, 1, &[3, 2]), shapes, 1, ("kernel", None));
        check("STABLEHLO_CONVOLUTION", &options(9, 1, &[2, 3]), shapes, 1, ("kernel", None));
    }

    #[test]
    fn elementwise_operands_go_by_their_shape() {
        let x: &[u64] = &[1, 8, 8, 3];
        for (kind, dims, expected) in [
            ("MUL", &[3][..], ("scale", Some("O"))),
            ("MUL", &[1, 1, 1, 3], ("scale", None)),
            ("DIV", &[3], ("scale", Some("O"))),
            ("SUB", &[3], ("shift", Some("O"))),
            ("ADD", &[1, 1, 1, 3], ("shift", None)),
            ("ADD", &[1], ("operand", None)),
            ("ADD", &[], ("operand", None)),
            ("ADD", &[1, 8, 8, 3], ("operand", None)),
            ("MAXIMUM", &[3], ("operand", None)),
        ] {
            check(kind, &json!({}), &[x, dims], 1, expected);
        }
    }

    /// CONV_2D, then ADD of a constant; fixture `elementwise.tflite` gives the roles.
    fn convolution_and_add(activation: &str, dims: &[u64]) -> Graph {
        let mut graph = graph("CONV_2D", &json!({"fused_activation_function": activation}), &[&[1, 4, 4, 3], &[4, 3, 3, 3]]);
        graph.tensors.push(Tensor::computed("conv", DType::F32, Shape::fixed([1, 4, 4, 4])));
        graph.tensors.push(Tensor { data: DATA, ..Tensor::computed("b", DType::F32, Shape::fixed(dims.iter().copied())) });
        graph.operations[0].outputs = vec![TensorId(2)];
        let inputs = vec![Some(TensorId(3)), Some(TensorId(2))];
        graph.operations.push(Operation { kind: "ADD".to_owned(), inputs, ..Operation::default() });
        graph.link();
        graph
    }

    #[test]
    fn an_addition_after_a_layer_is_its_bias() {
        for (activation, dims, expected) in [
            ("NONE", &[4][..], ("bias", Some(OperationId(0)))),
            ("NONE", &[1, 1, 1, 4], ("bias", Some(OperationId(0)))),
            ("RELU", &[4], ("shift", None)),
            ("NONE", &[1], ("operand", None)),
            ("NONE", &[4, 1, 4], ("operand", None)),
        ] {
            let graph = convolution_and_add(activation, dims);
            let role = role(&graph, OperationId(1), 0);
            assert_eq!((role.name, bias_of(&graph, OperationId(1))), expected, "{activation} {dims:?}");
            assert_eq!(role.kind, Kind::Weight);
        }
        // A computed vector is no bias, one behind DEQUANTIZE is.
        let mut graph = convolution_and_add("NONE", &[4]);
        graph.tensors[3].data = Data::Computed;
        assert_eq!(bias_of(&graph, OperationId(1)), None);
        graph.tensors.push(Tensor { data: DATA, ..Tensor::computed("f16", DType::F16, Shape::fixed([4])) });
        let (inputs, outputs) = (vec![Some(TensorId(4))], vec![TensorId(3)]);
        graph.operations.push(Operation { kind: "DEQUANTIZE".to_owned(), inputs, outputs, ..Operation::default() });
        graph.link();
        assert_eq!(bias_of(&graph, OperationId(1)), Some(OperationId(0)));
    }
}
