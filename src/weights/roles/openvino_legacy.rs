//! Roles and layouts of the blobs in OpenVINO IR of versions 2 to 7.
//!
//! Sources as in `formats::openvino`'s `legacy`: OpenVINO 2020, `mkldnn_batchnorm_node.cpp` (its
//! `weights` are the variance, its `biases` the mean), `mkldnn_rnn.cpp` (each row of a cell's matrix
//! is for the data first, then for the state), `mkldnn_deconv_node.cpp`.

use serde_json::Value;

use crate::formats::openvino::BLOBS;
use crate::model::{Graph, Operation, Shape};
use crate::weights::fold::is_constant_fed;
use crate::weights::sections::stacked;
use crate::weights::{Role, Section, Sections};

/// The role of a layer's input where it is another than in the versions since: a blob, a kernel or bias
/// that came to an input's place with versions 6 and 7, a constant on the way of another.
pub fn role(graph: &Graph, operation: &Operation, input: usize) -> Option<Role> {
    let shape = &graph.tensor((*operation.inputs.get(input)?)?).shape;
    if operation.kind == "Const" {
        return Some(Role::parameter("parameter"));
    }
    match blob_at(operation, input) {
        Some(blob) => of_blob(operation, blob, shape),
        None => of_edge(graph, operation, input, shape),
    }
}

fn of_blob(operation: &Operation, blob: &str, shape: &Shape) -> Option<Role> {
    let vector = (shape.rank() == Some(1)).then_some("O");
    let is_grouped = operation.attributes.get("group").and_then(Value::as_u64).is_some_and(|group| group > 1);
    Some(match (operation.kind.as_str(), blob) {
        ("Convolution" | "BinaryConvolution" | "DeformableConvolution", "weights") if is_grouped => {
            Role::weight("kernel", spatial(shape, 3, &["GOIW", "GOIHW", "GOIDHW"]))
        }
        ("Deconvolution", "weights") if is_grouped => Role::weight("kernel", spatial(shape, 3, &["GIOW", "GIOHW", "GIODHW"])),
        ("Convolution" | "BinaryConvolution" | "DeformableConvolution", "weights") => kernel(shape),
        ("Deconvolution", "weights") => Role::weight("kernel", spatial(shape, 2, &["IOW", "IOHW", "IODHW"])),
        ("FullyConnected" | "InnerProduct", "weights") => matrix(shape),
        ("Convolution" | "BinaryConvolution" | "DeformableConvolution" | "Deconvolution", "biases") => Role::weight("bias", vector),
        ("FullyConnected" | "InnerProduct", "biases") => Role::weight("bias", vector),
        ("ScaleShift" | "Normalize", "weights") => Role::weight("scale", vector),
        ("ScaleShift", "biases") => Role::weight("shift", vector),
        ("PReLU", "weights") => Role::weight("alpha", vector),
        ("BatchNormalization", "weights") => Role::weight("variance", vector),
        ("BatchNormalization", "biases") => Role::weight("mean", vector),
        (kind, "weights") if is_recurrent(kind) => matrix(shape),
        (kind, "biases") if is_recurrent(kind) => Role::weight("bias", None),
        (kind, mean) if kind.eq_ignore_ascii_case("Input") && mean.starts_with("mean.") => Role::weight("mean", None),
        _ => return None,
    })
}

/// A kernel that came by an edge has its port's shape, without an axis for the groups.
fn of_edge(graph: &Graph, operation: &Operation, input: usize, shape: &Shape) -> Option<Role> {
    let vector = (shape.rank() == Some(1)).then_some("O");
    let passes_on = || operation.inputs.iter().flatten().all(|input| is_constant_fed(graph, *input));
    Some(match (operation.kind.as_str(), input) {
        ("Convolution" | "BinaryConvolution", 1) => kernel(shape),
        ("Deconvolution", 1) => Role::weight("kernel", spatial(shape, 2, &["IOW", "IOHW", "IODHW"])),
        ("FullyConnected" | "InnerProduct", 1) => matrix(shape),
        ("Convolution" | "BinaryConvolution" | "Deconvolution" | "FullyConnected" | "InnerProduct", 2) => Role::weight("bias", vector),
        ("Quantize", 1..=4) => Role::parameter("range"),
        ("Quantize" | "Permute" | "Reshape" | "Split" | "Slice" | "Eltwise" | "Flatten" | "StridedSlice" | "Tile" | "Power", _)
            if passes_on() =>
        {
            Role::parameter("parameter")
        }
        _ => return None,
    })
}

fn kernel(shape: &Shape) -> Role {
    Role::weight("kernel", spatial(shape, 2, &["OIW", "OIHW", "OIDHW"]))
}

fn matrix(shape: &Shape) -> Role {
    Role::weight("kernel", (shape.rank() == Some(2)).then_some("OI"))
}

/// The layout of a kernel with `lead` axes in front of one to three spatial ones.
fn spatial(shape: &Shape, lead: usize, layouts: &[&'static str]) -> Option<&'static str> {
    layouts.get(shape.rank()?.checked_sub(lead + 1)?).copied()
}

/// The gates of a recurrent layer's blob, and which columns of its matrix are for what.
pub fn sections(graph: &Graph, operation: &Operation, input: usize) -> Option<Sections> {
    let cell = operation.kind.strip_suffix("Cell").or(operation.kind.strip_suffix("Sequence"))?;
    let shape = graph.tensor((*operation.inputs.get(input)?)?).shape.dims()?;
    let is_linear = operation.attributes.get("linear_before_reset").is_some_and(|flag| flag.as_bool() == Some(true));
    let names: &[&str] = match (cell, blob_at(operation, input)?) {
        ("LSTM", "weights" | "biases") => &["forget", "input", "cell", "output"],
        ("GRU", "biases") if is_linear => &["update", "reset", "candidate", "candidate_recurrent"],
        ("GRU", "weights" | "biases") => &["update", "reset", "candidate"],
        ("RNN", "weights") => &[],
        _ => return None,
    };
    let rows = *shape.first()?;
    let parts = match shape.get(1) {
        Some(columns) => {
            let data = columns.checked_sub(rows / names.len().max(1))?;
            let section = |name, start, end| Section { name, axis: 1, start, end };
            vec![section("input", 0, data), section("state", data, *columns)]
        }
        None => Vec::new(),
    };
    Some(Sections { gates: stacked(names, 0, rows), parts })
}

fn blob_at(operation: &Operation, input: usize) -> Option<&str> {
    let blobs = operation.attributes.get(BLOBS)?.as_object()?;
    // They stand in a row, so that the first says where all are.
    let first = blobs.values().next()?.as_u64()?;
    blobs.keys().nth(input.checked_sub(usize::try_from(first).ok()?)?).map(String::as_str)
}

fn is_recurrent(kind: &str) -> bool {
    let cell = kind.strip_suffix("Cell").or(kind.strip_suffix("Sequence"));
    matches!(cell, Some("LSTM" | "GRU" | "RNN"))
}

#[cfg(test)]
mod tests {
    use crate::formats::{Options, open};
    use crate::jobs::Token;
    use crate::model::OperationId;

    /// As the reorder in `mkldnn_rnn.cpp` reads them: FICO and URO, each row the data's part first.
    #[test]
    fn gates_and_columns_of_cells() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/legacy/v6_recurrent.xml");
        let model = open(&path, &Options::default(), &Token::new()).unwrap();
        let graph = model.main();
        let found = |name: &str, blob: usize| {
            let (id, operation) = graph.operations().find(|(_, operation)| operation.name == name).unwrap();
            let input = operation.inputs.len() - 2 + blob;
            let sections = super::super::openvino::sections(graph, id, input).unwrap();
            let shown = sections.iter().map(|section| format!("{} {}:{}..{}", section.name, section.axis, section.start, section.end));
            shown.collect::<Vec<_>>().join(", ")
        };
        let columns = "input 1:0..3, state 1:3..7";
        let lstm = "forget 0:0..4, input 0:4..8, cell 0:8..12, output 0:12..16";
        let gru = "update 0:0..4, reset 0:4..8, candidate 0:8..12";
        assert_eq!((found("lstm", 0), found("lstm", 1)), (format!("{lstm}, {columns}"), lstm.to_owned()));
        assert_eq!((found("lstm_sequence", 0), found("gru", 0)), (format!("{lstm}, {columns}"), format!("{gru}, {columns}")));
        assert_eq!(found("gru_linear", 1), format!("{gru}, candidate_recurrent 0:12..16"));
        assert_eq!(found("rnn", 0), columns);
        assert_eq!(super::super::openvino::sections(graph, OperationId(3), 0), None);
    }
}
