//! What a person should know about a weight or an operation that its numbers do not tell: that it is
//! stored in another basis, packed by its writer, or compiled by a vendor; what fills its variable or table.

use super::Weight;
use crate::model::{DType, Graph, GraphId, Model, Operation, OperationId, Packing, Quantization, TensorId};

mod resources;

/// The operation that rotates activations for `ai-edge-quantizer`'s recipes `..._hr`.
const ROTATION: &str = "aeq.hadamard_rotation";
/// Operations that may stand between a rotation and the layer that it is for.
const PASS_ON: [&str; 4] = ["RESHAPE", "QUANTIZE", "DEQUANTIZE", "CAST"];
/// How many of those.
const MAX_STEPS: usize = 4;

/// What is compiled into a form that only a vendor's own tools read, and where a variable or a table that the
/// operation reads is filled.
pub fn of_operation(model: &Model, graph: GraphId, operation: &Operation) -> Option<String> {
    let whose = match operation.kind.as_str() {
        "edgetpu-custom-op" => "Edge TPU",
        "DISPATCH_OP" => "LiteRT's accelerator",
        "ethos-u" => "Arm Ethos-U",
        "READ_VARIABLE" => return resources::variable(model, graph, operation),
        "HASHTABLE_FIND" => return resources::table(model, graph, operation),
        _ => return None,
    };
    Some(format!("compiled for {whose}: its weights lie in the vendor's own format and can't be extracted"))
}

impl Weight {
    /// Notes, a sentence each.
    pub fn notes(&self, model: &Model) -> Vec<String> {
        let graph = self.graph(model);
        let data = self.data_tensor(model);
        let mut notes = Vec::new();
        if is_rotated(graph, self.site.operation, self.site.input) {
            notes.push(format!("rotated: stored in the basis of the Hadamard rotation that {ROTATION} applies; shown as stored"));
        }
        if self.operation(model).kind == "LceBconv2d" && self.site.input == 1 && data.dtype == DType::I32 {
            notes.push("bit-packed: each integer holds 32 binary weights; shown as stored".to_owned());
        }
        // Found by experiment with 2026.4.1, with one to three outputs and 8 to 64 channels.
        if self.operation(model).kind == "BinaryConvolution" && data.dtype == DType::U1 && data.packing == Packing::Flat {
            notes.push(
                "bits are shown as OpenVINO reads constants, highest first; its CPU plugin takes them lowest first when it convolves"
                    .to_owned(),
            );
        }
        if data.is_filled() {
            notes.push(format!("not in the file: OpenVINO fills it in, as `{}` leaves it out", self.operation(model).kind));
        }
        if data.dtype.complex_part().is_some() {
            notes.push("complex: real and imaginary part stand along one more axis at the end".to_owned());
        }
        match &data.packing {
            Packing::Flat => {}
            Packing::OneAByte => notes.push(format!("stored a byte each, although {} takes less", data.dtype)),
            Packing::Shuffled4x16 => notes.push("stored in shuffled blocks of 4 by 16; shown in order".to_owned()),
            Packing::LowBitFirst => notes.push("stored lowest bit first, as versions before 10 did; shown in order".to_owned()),
            Packing::Sparse(sparsity) => {
                let count = data.shape.count().unwrap_or(0);
                let others = if data.quantization.is_some() { "have the code 0" } else { "are 0" };
                notes.push(format!("stored sparse: {} of {count} elements, the others {others}", sparsity.stored));
            }
        }
        match data.quantization.as_deref() {
            Some(Quantization::Custom { bytes }) => {
                notes.push(format!(
                    "quantised by a scheme of its writer's own, described in {bytes} byte{}: real values are the stored codes",
                    if *bytes == 1 { "" } else { "s" }
                ));
            }
            Some(Quantization::Derived { .. }) => {
                notes.push("scale derived: the file has none, it is that of the input times that of the kernel".to_owned());
            }
            Some(Quantization::Blockwise(blocks)) if blocks.is_multi_axis => {
                notes.push("unverified: quantised along several axes, which no runtime computes yet".to_owned());
            }
            _ => {}
        }
        notes
    }
}

/// Whether a layer's input, or the output of a table's lookup, passes through a Hadamard rotation.
fn is_rotated(graph: &Graph, operation: OperationId, input: usize) -> bool {
    let layer = graph.operation(operation);
    match layer.kind.as_str() {
        "FULLY_CONNECTED" if input == 1 => {
            let before = |id: TensorId| graph.tensor(id).producer;
            leads_to_rotation(graph, layer.inputs.first().copied().flatten().and_then(before), |operation| {
                operation.inputs.first().copied().flatten().and_then(before)
            })
        }
        "EMBEDDING_LOOKUP" if input == 1 => {
            let after = |operation: &Operation| match graph.tensor(*operation.outputs.first()?).consumers[..] {
                [only] => Some(only),
                _ => None,
            };
            leads_to_rotation(graph, after(layer), after)
        }
        _ => false,
    }
}

fn leads_to_rotation(graph: &Graph, mut next: Option<OperationId>, step: impl Fn(&Operation) -> Option<OperationId>) -> bool {
    for _ in 0..MAX_STEPS {
        let Some(operation) = next.map(|id| graph.operation(id)) else { return false };
        match operation.kind.as_str() {
            ROTATION => return true,
            kind if PASS_ON.contains(&kind) => next = step(operation),
            _ => return false,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::formats::{self, Options};
    use crate::jobs::Token;
    use crate::weights::Catalogue;

    #[test]
    fn what_no_file_holds_is_said_to_be_so() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/ir/left_out.xml");
        let model = formats::open(&path, &Options::default(), &Token::new()).unwrap();
        let catalogue = Catalogue::of(&model);
        let of_cell = |input: usize| {
            let weight = catalogue.all().iter().find(|weight| weight.operation(&model).name == "cell" && weight.site.input == input);
            weight.unwrap().notes(&model)
        };
        assert_eq!(of_cell(3), Vec::<String>::new());
        assert_eq!(of_cell(5), ["not in the file: OpenVINO fills it in, as `LSTMCell` leaves it out"]);
    }

    #[test]
    fn in_which_order_bits_are_read() {
        for (file, expected) in [
            ("fixtures/ir/binary_convolution.xml", "lowest first when it convolves"),
            ("fixtures/legacy/v7_const.xml", "stored lowest bit first"),
        ] {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
            let model = formats::open(&path, &Options::default(), &Token::new()).unwrap();
            let catalogue = Catalogue::of(&model);
            let kernel = catalogue.weights().find(|weight| weight.operation(&model).kind == "BinaryConvolution").unwrap();
            let notes = kernel.notes(&model);
            assert!(notes.len() == 1 && notes[0].contains(expected), "{file}: {notes:?}");
        }
    }
}
