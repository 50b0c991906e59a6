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
