//! Roles and layouts of the blobs in OpenVINO IR of versions 2 to 7.
//!
//! Sources as in `formats::openvino`'s `legacy`: OpenVINO 2020, `mkldnn_batchnorm_node.cpp` (its
//! `weights` are the variance, its `biases` the mean), `mkldnn_rnn.cpp` (each row of a cell's matrix
//! is for the data first, then for the state), `mkldnn_deconv_node.cpp`.

use crate::formats::openvino::BLOBS;
use crate::model::{Graph, Operation};
use crate::weights::sections::stacked;
use crate::weights::{Role, Section, Sections};

/// The role of a layer's input, if it is a blob, or a kernel or bias that came to an input's place
/// with versions 6 and 7. `None`: as in the versions since.
pub fn role(graph: &Graph, operation: &Operation, input: usize) -> Option<Role> {
    let shape = &graph.tensor((*operation.inputs.get(input)?)?).shape;
    let vector = (shape.rank() == Some(1)).then_some("O");
    if operation.kind == "Const" {
        return Some(Role::parameter("parameter"));
    }
    let blob = blob_at(operation, input);
    let place = match (blob, input) {
        (Some("weights"), _) | (None, 1) => Place::Weights,
        (Some("biases"), _) | (None, 2) => Place::Biases,
        (Some(mean), _) if operation.kind.eq_ignore_ascii_case("Input") && mean.starts_with("mean.") => {
            return Some(Role::weight("mean", None));
        }
        _ => return None,
    };
    let layout = |plain: &[&'static str], grouped: &[&'static str]| {
        let is_grouped = operation.attributes.get("group").and_then(serde_json::Value::as_u64).is_some_and(|group| group > 1);
        // A kernel that came by an edge has its ports' shape, without an axis for the groups.
        let (layouts, lead) = if is_grouped && blob.is_some() { (grouped, 4) } else { (plain, 3) };
        layouts.get(shape.rank()?.checked_sub(lead)?).copied()
    };
    Some(match (operation.kind.as_str(), place) {
        ("Convolution" | "BinaryConvolution", Place::Weights) => {
            Role::weight("kernel", layout(&["OIW", "OIHW", "OIDHW"], &["GOIW", "GOIHW", "GOIDHW"]))
        }
        ("DeformableConvolution", Place::Weights) if blob.is_some() => Role::weight("kernel", layout(&["OIW", "OIHW"], &["GOIW", "GOIHW"])),
        ("Deconvolution", Place::Weights) => Role::weight("kernel", layout(&["IOW", "IOHW", "IODHW"], &["GIOW", "GIOHW", "GIODHW"])),
        ("FullyConnected" | "InnerProduct", Place::Weights) => Role::weight("kernel", (shape.rank() == Some(2)).then_some("OI")),
        ("Convolution" | "BinaryConvolution" | "Deconvolution" | "FullyConnected" | "InnerProduct", Place::Biases) => {
            Role::weight("bias", vector)
        }
        _ if blob.is_none() => return None,
        ("DeformableConvolution", Place::Biases) => Role::weight("bias", vector),
        ("ScaleShift" | "Normalize", Place::Weights) => Role::weight("scale", vector),
        ("ScaleShift", Place::Biases) => Role::weight("shift", vector),
        ("PReLU", Place::Weights) => Role::weight("alpha", vector),
        ("BatchNormalization", Place::Weights) => Role::weight("variance", vector),
        ("BatchNormalization", Place::Biases) => Role::weight("mean", vector),
        (kind, Place::Weights) if is_recurrent(kind) => Role::weight("kernel", (shape.rank() == Some(2)).then_some("OI")),
        (kind, Place::Biases) if is_recurrent(kind) => Role::weight("bias", None),
        _ => return None,
    })
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

/// Whether an operation is of one of these versions.
pub fn is_legacy(operation: &Operation) -> bool {
    matches!(operation.version.as_str(), "v2" | "v3" | "v4" | "v5" | "v6" | "v7")
}

enum Place {
    Weights,
    Biases,
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
