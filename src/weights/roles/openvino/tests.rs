//! Roles on small documents, by the tables of the operation specifications.

use super::*;
use crate::formats::{FORMATS, Options};
use crate::jobs::Token;
use crate::model::{Data, Model};
use crate::source::Source;
use crate::weights::Kind;

/// A document of layers `id kind version attributes inputs shape`, where the inputs name layers.
/// Constants have the kind `Const`, activations `Parameter`.
fn model(layers: &[(&str, &str, &[usize], &str)]) -> Model {
    let mut text = String::from(r#"<net name="m" version="11"><layers>"#);
    let mut edges = String::new();
    for (id, (kind, attributes, inputs, shape)) in layers.iter().enumerate() {
        let (kind, version) = kind.split_once('@').unwrap_or((kind, "opset1"));
        let (kind, dtype) = kind.split_once(':').unwrap_or((kind, "f32"));
        let data = match kind {
            "Const" => format!(r#"element_type="{dtype}" shape="{shape}" offset="0" size="0""#),
            _ => (*attributes).to_owned(),
        };
        let ports: String = (0..inputs.len()).map(|port| format!(r#"<port id="{port}"/>"#)).collect();
        let dims: String = shape.split(',').filter(|dim| !dim.is_empty()).map(|dim| format!("<dim>{dim}</dim>")).collect();
        text += &format!(
            r#"<layer id="{id}" name="l{id}" type="{kind}" version="{version}"><data {data}/><input>{ports}</input>
            <output><port id="99" precision="{dtype}">{dims}</port></output></layer>"#
        );
        for (port, from) in inputs.iter().enumerate() {
            edges += &format!(r#"<edge from-layer="{from}" from-port="99" to-layer="{id}" to-port="{port}"/>"#);
        }
    }
    text += &format!("</layers><edges>{edges}</edges></net>");
    let open = FORMATS.iter().find(|format| format.name == crate::model::FormatName::OpenvinoIr).unwrap().open;
    let model = open(Source::from_bytes("m.xml", text.into_bytes()), &Options::default(), &Token::new()).unwrap();
    assert!(model.main().tensors.iter().all(|tensor| !matches!(tensor.data, Data::Stored(_))));
    model
}

/// Role, kind and layout of an input of the last layer.
fn found(layers: &[(&str, &str, &[usize], &str)], input: usize) -> Role {
    let model = model(layers);
    role(model.main(), OperationId(layers.len() as u32 - 1), input)
}

const X: (&str, &str, &[usize], &str) = ("Parameter", "", &[], "1,3,8,8");

#[test]
fn kernels_and_their_layouts() {
    for (kind, attributes, shape, layout) in [
        ("Convolution", "", "8,3,3", Some("OIW")),
        ("Convolution", "", "8,3,3,3", Some("OIHW")),
        ("Convolution", "", "8,3,3,3,3", Some("OIDHW")),
        ("GroupConvolution", "", "2,8,3,3", Some("GOIW")),
        ("GroupConvolution", "", "2,8,3,3,3", Some("GOIHW")),
        ("ConvolutionBackpropData", "", "8,3,3,3", Some("IOHW")),
        ("GroupConvolutionBackpropData", "", "2,8,3,3,3", Some("GIOHW")),
        ("Convolution", "", "8,3", None),
        ("MatMul", r#"transpose_b="true""#, "8,3", Some("OI")),
        ("MatMul", r#"transpose_b="1""#, "8,3", Some("OI")),
        ("MatMul", "", "3,8", Some("IO")),
        ("MatMul", "", "2,3,8", None),
    ] {
        let expected = Role::weight("kernel", layout);
        assert_eq!(found(&[X, ("Const", "", &[], shape), (kind, attributes, &[0, 1], "1,8")], 1), expected, "{kind} {shape}");
    }
    for (attributes, layout) in [("", "OI"), (r#"transpose_a="true""#, "IO")] {
        let layers = [("Const", "", &[][..], "8,3"), X, ("MatMul", attributes, &[0, 1], "8,1")];
        assert_eq!(found(&layers, 0), Role::weight("kernel", Some(layout)));
    }
}

#[test]
fn roles_by_position() {
    use Kind::{Parameter, Weight};
    for (kind, input, shape, expected) in [
        ("BatchNormInference", 0, "3", (Weight, "gamma")),
        ("BatchNormInference", 1, "3", (Weight, "beta")),
        ("BatchNormInference", 4, "3", (Weight, "variance")),
        ("BatchNormInference@opset5", 1, "3", (Weight, "gamma")),
        ("BatchNormInference@opset5", 3, "3", (Weight, "mean")),
        ("PReLU", 1, "3", (Weight, "alpha")),
        ("DeformableConvolution", 2, "8,3,3,3", (Weight, "kernel")),
        ("LSTMCell@opset4", 3, "8,2", (Weight, "input_kernel")),
        ("LSTMCell", 6, "6", (Weight, "peephole")),
        ("LSTMSequence@opset5", 5, "1,8,2", (Weight, "recurrent_kernel")),
        ("LSTMSequence@opset5", 3, "1", (Parameter, "parameter")),
        ("GRUCell@opset3", 4, "6", (Weight, "bias")),
        ("GRUSequence@opset5", 3, "1,6,2", (Weight, "input_kernel")),
        ("RNNCell", 3, "2,2", (Weight, "recurrent_kernel")),
        ("Gather", 0, "9,2", (Weight, "table")),
        ("Gather", 2, "1", (Parameter, "axes")),
        ("EmbeddingBagOffsetsSum@opset3", 0, "9,2", (Weight, "table")),
        ("GroupNormalization@opset12", 2, "3", (Weight, "beta")),
        ("FakeQuantize", 4, "1", (Parameter, "range")),
        ("Reshape", 1, "2", (Parameter, "shape")),
        ("Transpose", 1, "2", (Parameter, "axes")),
        ("ReduceMean", 1, "2", (Parameter, "axes")),
        ("StridedSlice", 2, "2", (Parameter, "indices")),
        ("Slice", 4, "2", (Parameter, "axes")),
        ("Pad", 3, "1", (Parameter, "parameter")),
        ("VariadicSplit", 2, "2", (Parameter, "shape")),
        ("Interpolate@opset4", 3, "2", (Parameter, "axes")),
        ("Range", 0, "", (Parameter, "range")),
        ("Swish", 1, "", (Parameter, "parameter")),
        ("ReadValue@opset6", 0, "1,3", (Parameter, "parameter")),
        ("Gather", 0, "9", (Weight, "operand")),
        ("Broadcast", 0, "1,3", (Weight, "operand")),
        ("Concat", 1, "1,3", (Weight, "operand")),
        ("ScatterNDUpdate", 2, "1,3", (Weight, "operand")),
        ("Greater", 1, "", (Weight, "operand")),
        ("ScaledDotProductAttention@opset13", 4, "", (Weight, "scale")),
        ("ScaledDotProductAttention@opset13", 3, "8,8", (Weight, "operand")),
        ("GroupedMatMul@opset17", 1, "4,8,3", (Weight, "kernel")),
        ("EmbeddingBagPackedSum@opset3", 2, "2,3", (Weight, "operand")),
        ("BinaryConvolution", 1, "8,3,3,3", (Weight, "kernel")),
        ("AUGRUSequence@opset5", 3, "1,6,2", (Weight, "input_kernel")),
        ("GroupNormalization@opset12", 1, "3", (Weight, "gamma")),
        ("Multiply", 1, "1,3,1,1", (Weight, "scale")),
        ("Multiply", 1, "1", (Weight, "operand")),
        ("Add", 0, "3", (Weight, "shift")),
        ("Subtract", 1, "1,3,1,1", (Weight, "shift")),
        ("Add", 1, "3,8", (Weight, "operand")),
        ("Mine@custom", 1, "3,8", (Weight, "operand")),
    ] {
        let mut inputs = vec![0; 8];
        inputs[input] = 1;
        let role = found(&[X, ("Const", "", &[], shape), (kind, "", &inputs, "1,3,8,8")], input);
        assert_eq!((role.kind, role.name), expected, "{kind} {input}");
    }
    let whole = found(&[X, ("Const:i64", "", &[], "3"), ("Add", "", &[0, 1], "3")], 1);
    assert_eq!(whole, Role::parameter("parameter"));
}

/// Gates as `name start`, directions behind a bar.
fn stacked_in(layer: (&str, &str), input: usize, shape: &str) -> String {
    let mut inputs = vec![0; 8];
    inputs[input] = 1;
    let layers = [X, ("Const", "", &[][..], shape), (layer.0, layer.1, &inputs, "1,3,8,8")];
    let model = model(&layers);
    let sections = sections(model.main(), OperationId(2), input).unwrap_or_default();
    let text = |sections: &[crate::weights::Section]| {
        sections.iter().map(|section| format!("{} {}@{}", section.name, section.start, section.axis)).collect::<Vec<_>>().join(", ")
    };
    format!("{} | {}", text(&sections.gates), text(&sections.parts)).trim_end_matches(" | ").to_owned()
}

/// The specifications of LSTMCell, LSTMSequence, GRUCell and GRUSequence.
#[test]
fn gates_are_stacked_in_the_order_of_the_specification() {
    for (kind, attributes, input, shape, expected) in [
        ("LSTMCell@opset4", "", 3, "8,2", "forget 0@0, input 2@0, cell 4@0, output 6@0"),
        ("LSTMCell@opset4", "", 4, "8,2", "forget 0@0, input 2@0, cell 4@0, output 6@0"),
        ("LSTMCell@opset4", "", 5, "8", "forget 0@0, input 2@0, cell 4@0, output 6@0"),
        ("LSTMCell", r#"weights_format="ifco""#, 3, "8,2", "input 0@0, forget 2@0, cell 4@0, output 6@0"),
        ("LSTMCell", r#"weights_format="what""#, 3, "8,2", ""),
        ("LSTMCell", "", 6, "6", ""),
        ("LSTMSequence@opset5", "", 4, "1,8,2", "forget 0@1, input 2@1, cell 4@1, output 6@1"),
        ("LSTMSequence@opset5", "", 6, "2,4", "forget 0@1, input 1@1, cell 2@1, output 3@1 | forward 0@0, backward 1@0"),
        ("GRUCell@opset3", "", 2, "6,2", "update 0@0, reset 2@0, candidate 4@0"),
        ("GRUCell@opset3", "", 4, "6", "update 0@0, reset 2@0, candidate 4@0"),
        ("GRUCell@opset3", r#"linear_before_reset="true""#, 4, "8", "update 0@0, reset 2@0, candidate 4@0, candidate_recurrent 6@0"),
        ("GRUSequence@opset5", r#"linear_before_reset="true""#, 3, "1,6,2", "update 0@1, reset 2@1, candidate 4@1"),
        ("RNNSequence@opset5", "", 3, "2,6,2", " | forward 0@0, backward 1@0"),
        ("RNNCell", "", 2, "6,2", ""),
        ("GRUCell@opset3", "", 2, "7,2", ""),
        ("Convolution", "", 1, "8,3,3,3", ""),
    ] {
        assert_eq!(stacked_in((kind, attributes), input, shape), expected, "{kind} {attributes} {input}");
    }
}

#[test]
fn biases_follow_their_layer() {
    let conv = |bias: (&'static str, usize)| {
        let shape = "1,8,6,6";
        let mut layers = vec![X, ("Const", "", &[][..], "8,3,3,3"), ("Convolution", "", &[0, 1], shape), ("Const", "", &[], bias.0)];
        layers.push(if bias.1 == 0 { ("Add", "", &[3, 2], shape) } else { ("Add", "", &[2, 3], shape) });
        let model = model(&layers);
        (bias_of(model.main(), OperationId(4)), role(model.main(), OperationId(4), bias.1).name)
    };
    for (shape, input, expected) in [
        ("1,8,1,1", 1, (Some(OperationId(2)), "bias")),
        ("8,1,1", 0, (Some(OperationId(2)), "bias")),
        ("8", 1, (None, "shift")),
        ("1,1,1,1", 1, (None, "operand")),
        ("1,8,6,6", 1, (None, "operand")),
    ] {
        assert_eq!(conv((shape, input)), expected, "{shape}");
    }
}

/// A Reshape between a convolution and its bias is exact where the channels stay an axis.
#[test]
fn biases_behind_a_reshape() {
    for (shape, bias, expected) in [("1,8,36", "1,8,1", true), ("8,36", "8,1", true), ("1,36,8", "8", false), ("1,4,8,9", "8,1", false)] {
        let layers = [
            X,
            ("Const", "", &[][..], "8,3,3,3"),
            ("Convolution", "", &[0, 1], "1,8,6,6"),
            ("Const:i64", "", &[], "3"),
            ("Reshape", "", &[2, 3], shape),
            ("Const", "", &[], bias),
            ("Add", "", &[4, 5], shape),
        ];
        assert_eq!(bias_of(model(&layers).main(), OperationId(6)), expected.then_some(OperationId(2)), "{shape}");
    }
}

#[test]
fn gamma_and_beta_of_normalisations_in_pieces() {
    let x = "1,5,8";
    let layer_norm = [
        ("Parameter", "", &[][..], x),
        ("Const:i64", "", &[], "1"),
        ("MVN@opset6", "", &[0, 1], x),
        ("Const", "", &[], "8"),
        ("Multiply", "", &[2, 3], x),
        ("Const", "", &[], "8"),
        ("Add", "", &[5, 4], x),
    ];
    let found_in = model(&layer_norm);
    assert_eq!(role(found_in.main(), OperationId(4), 1), Role::weight("gamma", Some("O")));
    assert_eq!(role(found_in.main(), OperationId(6), 0), Role::weight("beta", Some("O")));

    // x / sqrt(mean(x^2) + epsilon) * gamma, and the same with the reciprocal root.
    for reciprocal in [false, true] {
        let mut layers = vec![
            ("Parameter", "", &[][..], x),
            ("Const", "", &[], ""),
            ("Power", "", &[0, 1], x),
            ("Const:i64", "", &[], "1"),
            ("ReduceMean", "", &[2, 3], "1,5,1"),
            ("Const", "", &[], ""),
            ("Add", "", &[4, 5], "1,5,1"),
            ("Sqrt", "", &[6], "1,5,1"),
        ];
        match reciprocal {
            true => layers.extend([("Divide", "", &[5, 7][..], "1,5,1"), ("Multiply", "", &[0, 8], x)]),
            false => layers.extend([("Convert", "", &[7][..], "1,5,1"), ("Divide", "", &[0, 8], x)]),
        }
        layers.extend([("Const", "", &[][..], "1,1,8"), ("Multiply", "", &[9, 10], x)]);
        assert_eq!(found(&layers, 1).name, "gamma", "{reciprocal}");
    }
    // A mean without a root is an average, not a norm.
    let average = [
        ("Parameter", "", &[][..], x),
        ("Const:i64", "", &[], "1"),
        ("ReduceMean", "", &[0, 1], "1,5,1"),
        ("Divide", "", &[0, 2], x),
        ("Const", "", &[], "8"),
        ("Multiply", "", &[3, 4], x),
    ];
    assert_eq!(found(&average, 1).name, "scale");
}

#[test]
fn einsum_names_the_letter_that_is_summed() {
    for (equation, shape, layout) in [
        ("abc,cd-&gt;abd", "8,4", Some("IO")),
        ("abc,dc-&gt;abd", "4,8", Some("OI")),
        ("abc,adc-&gt;abd", "1,4,8", None),
        ("abc", "4,8", None),
    ] {
        let attributes = format!(r#"equation="{equation}""#);
        let layers = [("Parameter", "", &[][..], "1,5,8"), ("Const", "", &[], shape), ("Einsum@opset7", &attributes, &[0, 1], "1,5,4")];
        assert_eq!(found(&layers, 1), Role::weight("kernel", layout), "{equation}");
    }
}

/// A learnt table that is cut to a length that only the running model knows.
#[test]
fn data_of_operations_that_nobody_can_fold_are_weights() {
    let cut = [("Const", "", &[][..], "1,512,8"), ("Parameter", "", &[], "1"), ("Slice@opset8", "", &[0, 1, 1, 1, 1], "1,5,8")];
    assert_eq!(found(&cut, 0), Role::weight("operand", None));
    let folded = [("Const", "", &[][..], "1,512,8"), ("Const:i64", "", &[], "1"), ("Slice@opset8", "", &[0, 1, 1, 1, 1], "1,5,8")];
    assert_eq!(found(&folded, 0), Role::parameter("parameter"));
}

#[test]
fn biases_of_matrix_products_and_through_converts() {
    let shape = "1,8";
    let layers = [
        ("Parameter", "", &[][..], "1,3"),
        ("Const", "", &[], "3,8"),
        ("MatMul", "", &[0, 1], shape),
        ("Convert", r#"destination_type="f32""#, &[2], shape),
        ("Const:f16", "", &[], "8"),
        ("Convert", r#"destination_type="f32""#, &[4], "8"),
        ("Add", "", &[3, 5], shape),
    ];
    let model = model(&layers);
    assert_eq!(bias_of(model.main(), OperationId(6)), Some(OperationId(2)));
    assert_eq!(role(model.main(), OperationId(6), 1), Role::weight("bias", Some("O")));
    assert_eq!(role(model.main(), OperationId(5), 0), Role::parameter("parameter"));
    assert_eq!(bias_of(model.main(), OperationId(2)), None);
}

#[test]
fn operations_on_a_chain_pass_weights_on() {
    let layers = [
        ("Const:i8", "", &[][..], "8,3"),
        ("Convert", "", &[0], "8,3"),
        ("Const", "", &[], "8,1"),
        ("Subtract", "", &[1, 2], "8,3"),
        ("Const", "", &[], "8,1"),
        ("Multiply", "", &[3, 4], "8,3"),
    ];
    let model = model(&layers);
    let role = |operation, input| role(model.main(), OperationId(operation), input);
    for (operation, input, name) in [(1, 0, "parameter"), (3, 0, "parameter"), (3, 1, "zero_point"), (5, 0, "parameter"), (5, 1, "scale")] {
        assert_eq!(role(operation, input), Role::parameter(name), "{operation} {input}");
    }
}
