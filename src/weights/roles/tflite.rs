//! Roles and layouts of TensorFlow Lite operations' constant inputs.
//!
//! Most operations fix what each input is for (`fixed`); elementwise ones leave it to the shapes:
//! an addition of one value per output channel right after a convolution is its bias.

mod cells;
mod operands;
mod recurrent;

use serde_json::Value;

use self::recurrent::{bidirectional_lstm, bidirectional_rnn, lstm};
use crate::model::{Graph, Model, Operation, OperationId, Shape, Tensor, TensorId};
use crate::weights::fold::is_constant_fed;
use crate::weights::sections::stacked;
use crate::weights::{Role, Section, Sections, Site};

/// A constant operand with no closer meaning.
const OPERAND: Role = Role::weight("operand", None);
const PARAMETER: Role = Role::parameter("parameter");
const BIAS: Role = Role::weight("bias", Some("O"));

/// RESHAPEs between a layer and the addition of its bias that are followed.
const MAX_BETWEEN: usize = 3;

/// The role of a constant input of an operation: operand tables of the TensorFlow Lite dialect
/// (`tfl_ops.td`), layouts of its kernels.
pub fn role(graph: &Graph, operation: OperationId, input: usize) -> Role {
    let op = graph.operation(operation);
    let role = match op.kind.as_str() {
        "ADD" if input_bias_of(graph, op, input).is_some() => BIAS,
        "ADD" | "SUB" if is_per_channel(graph, op, input) => Role::weight("shift", Some("O")),
        "MUL" if is_per_channel(graph, op, input) => Role::weight("scale", Some("O")),
        "DIV" if input == 1 && is_per_channel(graph, op, input) => Role::weight("scale", Some("O")),
        "LSTM" | "UNIDIRECTIONAL_SEQUENCE_LSTM" if !is_basic_lstm(op) => lstm(input, is_set(op, "diagonal_recurrent_tensors")),
        "BIDIRECTIONAL_SEQUENCE_LSTM" => bidirectional_lstm(input),
        "BIDIRECTIONAL_SEQUENCE_RNN" => bidirectional_rnn(input),
        "FULLY_CONNECTED" if input == 1 => Role::weight("kernel", Some("OI")),
        "BATCH_MATMUL" => batch_matmul(op, input),
        "STABLEHLO_CONVOLUTION" if input == 1 => Role::weight("kernel", stablehlo_layout(op)),
        "STABLEHLO_DOT_GENERAL" if input < 2 => Role::weight("kernel", dot_layout(op, input)),
        // Values, then an initial value for each.
        "STABLEHLO_REDUCE" | "STABLEHLO_REDUCE_WINDOW" if input >= op.inputs.len() / 2 => PARAMETER,
        kind => operands::role(kind, input),
    };
    let role = if is_prepared_only(graph, op, input, &role) { PARAMETER } else { as_passed_on(graph, op, input, role) };
    // A layout names every axis or nothing.
    let rank = tensor(graph, op, input).and_then(|tensor| tensor.shape.rank());
    Role { layout: role.layout.filter(|layout| Some(layout.len()) == rank), ..role }
}

/// The number of groups of a convolution whose kernel is at `input`: its channels by the kernel's.
/// TensorFlow Lite has no attribute for it. `None` for other inputs and where a shape is not known.
pub fn groups(graph: &Graph, operation: OperationId, input: usize) -> Option<u64> {
    let op = graph.operation(operation);
    let channels = || last_dim(&tensor(graph, op, 0)?.shape);
    let kernel = || tensor(graph, op, 1)?.shape.dims();
    match (op.kind.as_str(), input) {
        ("DEPTHWISE_CONV_2D", 1) => channels(),
        // OHWI and DHWIO: I is the fourth axis of both.
        ("CONV_2D" | "CONV_3D", 1) => {
            let of_kernel = *kernel()?.get(3)? as u64;
            channels().filter(|channels| of_kernel > 0 && channels % of_kernel == 0).map(|channels| channels / of_kernel)
        }
        ("STABLEHLO_CONVOLUTION", 1) => op.attributes.get("feature_group_count")?.as_u64(),
        _ => None,
    }
}

/// The gates that a constant holds one above the other, and its columns for data and state.
///
/// Basic LSTM: `kernels/lstm.cc` of TensorFlow Lite, rows in the order input, cell ("new input"),
/// forget, output. GRU: `kernels/gru_cell.cc`, rows reset, update. For what Keras makes of its
/// recurrent layers see `cells`.
pub fn sections(model: &Model, site: Site) -> Option<Sections> {
    const BASIC: [&str; 4] = ["input", "cell", "forget", "output"];
    const RESET_UPDATE: [&str; 2] = ["reset", "update"];
    let graph = model.graph(site.graph);
    let op = graph.operation(site.operation);
    let shape = tensor(graph, op, site.input)?.shape.dims()?;
    let last = shape.len().checked_sub(1)?;
    let rows = *shape.first()?;
    // [units, data + state] or, with gates, a multiple of the units.
    let columns = |gates: usize| data_and_state(*shape.get(1)?, rows.checked_div(gates)?);
    let cells = |axis: usize| Some(Sections { gates: cells::gates(model, graph, op, axis, *shape.get(axis)?)?, parts: Vec::new() });
    match (op.kind.as_str(), site.input) {
        ("LSTM", 2) if is_basic_lstm(op) => Some(Sections { gates: stacked(&BASIC, 0, rows), parts: columns(4)? }),
        ("LSTM", 3) if is_basic_lstm(op) => Some(Sections { gates: stacked(&BASIC, 0, rows), parts: Vec::new() }),
        ("UNIDIRECTIONAL_SEQUENCE_GRU", 2) => Some(Sections { gates: stacked(&RESET_UPDATE, 0, rows), parts: columns(2)? }),
        ("UNIDIRECTIONAL_SEQUENCE_GRU", 3) => Some(Sections { gates: stacked(&RESET_UPDATE, 0, rows), parts: Vec::new() }),
        ("UNIDIRECTIONAL_SEQUENCE_GRU", 4) => Some(Sections { gates: Vec::new(), parts: columns(1)? }),
        ("FULLY_CONNECTED", 1) => cells(last.checked_sub(1)?),
        ("BATCH_MATMUL", 1) if is_set(op, "adj_y") => cells(last.checked_sub(1)?),
        ("FULLY_CONNECTED", 2) | ("BATCH_MATMUL", 1) | ("ADD", _) => cells(last),
        _ => None,
    }
}

/// Columns for the data in front of `units` columns for the state.
fn data_and_state(columns: usize, units: usize) -> Option<Vec<Section>> {
    let data = columns.checked_sub(units).filter(|data| *data > 0 && units > 0)?;
    Some(vec![Section { name: "input", axis: 1, start: 0, end: data }, Section { name: "state", axis: 1, start: data, end: columns }])
}

/// Whether an operand is no weight here: the operation prepares a constant for others, or computes
/// with whole numbers, which are shapes, positions and counters.
fn is_prepared_only(graph: &Graph, op: &Operation, input: usize, role: &Role) -> bool {
    if !["operand", "scale", "shift"].contains(&role.name) || !operands::is_builtin(&op.kind) {
        return false;
    }
    let is_whole = tensor(graph, op, input)
        .is_some_and(|tensor| tensor.quantization.is_none() && (tensor.dtype.is_integer() || tensor.dtype == crate::model::DType::Bool));
    is_whole || op.outputs.first().is_some_and(|output| is_constant_fed(graph, *output))
}

/// An operation that only passes a constant on lists it as a parameter. Where what it does is not
/// known before the model runs, nobody else has the constant: there it is a weight.
fn as_passed_on(graph: &Graph, op: &Operation, input: usize, role: Role) -> Role {
    let moves = matches!(op.kind.as_str(), "RESHAPE" | "TRANSPOSE" | "EXPAND_DIMS" | "BROADCAST_TO");
    let is_last_seen = moves && input == 0 && !op.outputs.first().is_some_and(|output| is_constant_fed(graph, *output));
    if is_last_seen && tensor(graph, op, 0).is_some_and(|tensor| tensor.dtype.is_float() || tensor.quantization.is_some()) {
        OPERAND
    } else {
        role
    }
}

/// The convolution or matrix product whose bias an ADD adds: it feeds the ADD without an activation
/// in between, and the ADD's other input is a vector with a value per output channel.
pub fn bias_of(graph: &Graph, operation: OperationId) -> Option<OperationId> {
    let op = graph.operation(operation);
    (0..op.inputs.len()).find_map(|input| input_bias_of(graph, op, input))
}

fn input_bias_of(graph: &Graph, op: &Operation, input: usize) -> Option<OperationId> {
    let constant = (*op.inputs.get(input)?)?;
    if op.kind != "ADD" || !is_per_channel(graph, op, input) || !is_constant_fed(graph, constant) {
        return None;
    }
    let mut other = tensor(graph, op, 1 - input)?;
    for _ in 0..MAX_BETWEEN {
        let Some(between) = other.producer.map(|producer| graph.operation(producer)).filter(|producer| producer.kind == "RESHAPE") else {
            break;
        };
        // The channels stay the last axis.
        let from = tensor(graph, between, 0)?;
        if last_dim(&from.shape).is_none() || last_dim(&from.shape) != last_dim(&other.shape) {
            return None;
        }
        other = from;
    }
    let producer = other.producer?;
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

fn is_basic_lstm(op: &Operation) -> bool {
    op.kind == "LSTM" && op.attributes.get("kernel_type").is_some_and(|value| value == "BASIC")
}

fn is_set(op: &Operation, attribute: &str) -> bool {
    op.attributes.get(attribute) == Some(&Value::Bool(true))
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
    const KNOWN: [&str; 20] = [
        "OI", "IO", "OWI", "OIW", "WIO", "WOI", "IOW", "IWO", "OHWI", "OIHW", "HWIO", "HWOI", "IOHW", "IHWO", "ODHWI", "OIDHW", "DHWIO",
        "DHWOI", "IODHW", "IDHWO",
    ];
    let spatial = op.attributes.get("kernel_spatial_dimensions")?.as_array()?;
    let names = match spatial.len() {
        0 => "",
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

/// The layout of a matrix at either side of a dot product; the dimension that is summed over is I.
/// One with batches or several such dimensions has none.
fn dot_layout(op: &Operation, input: usize) -> Option<&'static str> {
    let of_side = |dimensions: &str| {
        let side = if input == 0 { "lhs" } else { "rhs" };
        op.attributes.get(&format!("{side}_{dimensions}_dimensions")).and_then(Value::as_array)
    };
    if of_side("batching").is_some_and(|batches| !batches.is_empty()) {
        return None;
    }
    match of_side("contracting")?.as_slice() {
        [dimension] if dimension == 0 => Some("IO"),
        [dimension] if dimension == 1 => Some("OI"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::{Bytes, DType, Data, FormatName, GraphId};
    use crate::weights::Kind;

    const DATA: Data = Data::Stored(Bytes { source: 0, offset: 0, len: 0 });

    /// A model of one graph.
    pub fn model_of(graph: Graph) -> Model {
        Model {
            file: "m".into(),
            format: FormatName::Tflite,
            format_version: String::new(),
            producer: None,
            metadata: serde_json::Map::new(),
            bundle: None,
            signatures: Vec::new(),
            files: Vec::new(),
            graphs: vec![graph],
            sources: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// One operation whose inputs have these shapes; the first is computed, the rest are constants.
    fn graph(kind: &str, attributes: &Value, shapes: &[&[u64]]) -> Graph {
        let mut graph = Graph::default();
        for (position, dims) in shapes.iter().enumerate() {
            let tensor = Tensor::computed("t", DType::F32, Shape::fixed(dims.iter().copied()));
            graph.tensors.push(if position == 0 { tensor } else { Tensor { data: DATA, ..tensor } });
        }
        let inputs = (0..shapes.len() as u32).map(|id| Some(TensorId(id))).collect();
        let attributes = attributes.as_object().cloned().unwrap_or_default();
        graph.operations.push(Operation { kind: kind.to_owned(), attributes: attributes.into(), inputs, ..Operation::default() });
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
        check("FULLY_CONNECTED", &json!({"weights_format": "SHUFFLED4x16INT8"}), &[&[1, 3], &[4, 3]], 1, ("kernel", Some("OI")));
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
    fn dot_products_name_the_axis_that_is_summed() {
        let options = |lhs: &[u8], rhs: &[u8]| json!({"lhs_contracting_dimensions": lhs, "rhs_contracting_dimensions": rhs});
        let shapes: &[&[u64]] = &[&[4, 3], &[3, 5]];
        check("STABLEHLO_DOT_GENERAL", &options(&[1], &[0]), shapes, 1, ("kernel", Some("IO")));
        check("STABLEHLO_DOT_GENERAL", &options(&[1], &[1]), shapes, 1, ("kernel", Some("OI")));
        check("STABLEHLO_DOT_GENERAL", &options(&[1], &[0]), shapes, 0, ("kernel", Some("OI")));
        check("STABLEHLO_DOT_GENERAL", &options(&[1], &[0, 1]), shapes, 1, ("kernel", None));
        let batched = json!({"rhs_batching_dimensions": [0], "rhs_contracting_dimensions": [1]});
        check("STABLEHLO_DOT_GENERAL", &batched, shapes, 1, ("kernel", None));
    }

    #[test]
    fn initial_values_of_a_reduction_are_parameters() {
        let shapes: &[&[u64]] = &[&[4], &[4], &[], &[]];
        check("STABLEHLO_REDUCE", &json!({}), shapes, 1, ("operand", None));
        check("STABLEHLO_REDUCE", &json!({}), shapes, 2, ("parameter", None));
        check("STABLEHLO_REDUCE_WINDOW", &json!({}), shapes, 3, ("parameter", None));
    }

    /// Channels of the data by channels of a filter: `tflite/kernels/conv.cc`.
    #[test]
    fn groups_of_convolutions() {
        for (kind, shapes, expected) in [
            ("CONV_2D", [&[1, 8, 8, 6][..], &[4, 3, 3, 3]], Some(2)),
            ("CONV_2D", [&[1, 8, 8, 3], &[4, 3, 3, 3]], Some(1)),
            ("CONV_2D", [&[1, 8, 8, 7], &[4, 3, 3, 3]], None),
            ("CONV_2D", [&[1, 8, 8, 7], &[4, 3, 3, 0]], None),
            ("CONV_3D", [&[1, 8, 8, 8, 6], &[3, 3, 3, 2, 4]], Some(3)),
            ("DEPTHWISE_CONV_2D", [&[1, 8, 8, 6], &[1, 3, 3, 12]], Some(6)),
            ("FULLY_CONNECTED", [&[1, 6], &[4, 6]], None),
        ] {
            assert_eq!(groups(&graph(kind, &json!({}), &shapes), OperationId(0), 1), expected, "{kind} {shapes:?}");
        }
    }

    /// `kernels/lstm.cc` (basic: `weights_feature_map` over data and state) and `kernels/gru_cell.cc`:
    /// two units, three columns of data.
    #[test]
    fn gates_and_columns_of_kernels_over_data_and_state() {
        let of = |kind: &str, options: &Value, shapes: &[&[u64]], input: usize| {
            let model = model_of(graph(kind, options, shapes));
            let sections = sections(&model, Site { graph: GraphId(0), operation: OperationId(0), input }).unwrap_or_default();
            sections
                .iter()
                .map(|section| format!("{} {}..{}@{}", section.name, section.start, section.end, section.axis))
                .collect::<Vec<_>>()
                .join(", ")
        };
        let basic = json!({"kernel_type": "BASIC"});
        let lstm: &[&[u64]] = &[&[1, 3], &[1, 2], &[8, 5], &[8], &[1, 2]];
        assert_eq!(of("LSTM", &basic, lstm, 2), "input 0..2@0, cell 2..4@0, forget 4..6@0, output 6..8@0, input 0..3@1, state 3..5@1");
        assert_eq!(of("LSTM", &basic, lstm, 3), "input 0..2@0, cell 2..4@0, forget 4..6@0, output 6..8@0");
        assert_eq!(of("LSTM", &json!({"kernel_type": "FULL"}), lstm, 2), "");
        let gru: &[&[u64]] = &[&[1, 3], &[1, 2], &[4, 5], &[4], &[2, 5], &[2]];
        let gru = |input| of("UNIDIRECTIONAL_SEQUENCE_GRU", &json!({}), gru, input);
        assert_eq!(gru(2), "reset 0..2@0, update 2..4@0, input 0..3@1, state 3..5@1");
        assert_eq!((gru(3), gru(4), gru(5)), ("reset 0..2@0, update 2..4@0".into(), "input 0..3@1, state 3..5@1".into(), String::new()));
        // Shapes that contradict each other name nothing.
        assert_eq!(of("LSTM", &basic, &[&[1, 3], &[1, 2], &[8, 1]], 2), "");
    }

    #[test]
    fn whole_numbers_are_positions_and_counters() {
        let of = |kind: &str, dtype: DType| {
            let mut graph = graph(kind, &json!({}), &[&[1, 3], &[3]]);
            graph.tensors[1].dtype = dtype;
            role(&graph, OperationId(0), 1).kind
        };
        for (kind, dtype, expected) in [
            ("ADD", DType::I32, Kind::Parameter),
            ("LESS", DType::I64, Kind::Parameter),
            ("LOGICAL_AND", DType::Bool, Kind::Parameter),
            ("ADD", DType::F32, Kind::Weight),
            ("GATHER_ND", DType::I32, Kind::Parameter),
            ("SomethingCustom", DType::I32, Kind::Weight),
        ] {
            assert_eq!(of(kind, dtype), expected, "{kind} {dtype}");
        }
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
