//! What operations say about how their constants are stored: weights in shuffled blocks, and biases
//! whose scale follows from the input's and the kernel's.

use super::warnings::Warnings;
use crate::model::{DType, Data, Graph, Operation, Packing, Quantization, Tensor, TensorId};

/// Marks the constants of a graph by the operations that read them.
pub fn settle(graph: &mut Graph, index: usize, warnings: &mut Warnings) {
    let mut shuffled = Vec::new();
    let mut derived: Vec<(TensorId, TensorId, TensorId)> = Vec::new();
    for operation in &graph.operations {
        shuffled.extend(shuffled_weights(operation));
        derived.extend(bias_without_scale(graph, operation));
    }
    for id in shuffled {
        let Some(tensor) = graph.tensors.get_mut(id.0 as usize) else { continue };
        match shuffled_packing(tensor) {
            Ok(()) => tensor.packing = Packing::Shuffled4x16,
            Err(why) => tensor.data = Data::Unavailable(why),
        }
    }
    derived.sort_unstable();
    for users in derived.chunk_by(|a, b| a.0 == b.0) {
        let Some(&(bias, input, kernel)) = users.first() else { continue };
        let is_alike = |user: &(TensorId, TensorId, TensorId)| {
            scales(graph, user.1) == scales(graph, input) && scales(graph, user.2) == scales(graph, kernel)
        };
        if users.iter().all(is_alike) {
            graph.tensors[bias.0 as usize].quantization = Some(Box::new(Quantization::Derived { input, kernel }));
        } else {
            let name = &graph.tensor(bias).name;
            warnings.push(|| {
                format!("the bias {name} of graph {index} has no scale, and the operations that share it would give it different ones")
            });
        }
    }
}

fn scales(graph: &Graph, id: TensorId) -> &[f32] {
    match graph.tensor(id).quantization.as_deref() {
        Some(Quantization::Affine { scales, .. }) => scales,
        _ => &[],
    }
}

/// The weights of a `FULLY_CONNECTED` that wants them in blocks.
fn shuffled_weights(operation: &Operation) -> Option<TensorId> {
    let format = operation.attributes.get("weights_format")?.as_str()?;
    (operation.kind == "FULLY_CONNECTED" && format == "SHUFFLED4x16INT8").then(|| operation.inputs.get(1).copied().flatten())?
}

/// Whether a tensor can be in shuffled blocks (toco's `shuffle_fc_weights.cc`); one that is computed
/// is left alone.
fn shuffled_packing(tensor: &Tensor) -> Result<(), String> {
    let dims = tensor.shape.dims().unwrap_or_default();
    let is_whole = matches!(dims[..], [rows, columns] if rows % 4 == 0 && columns % 16 == 0);
    match tensor.data {
        Data::Stored(_) if tensor.dtype == DType::U8 && tensor.packing == Packing::Flat && is_whole => Ok(()),
        Data::Stored(_) => Err(format!(
            "its operation wants weights in shuffled blocks of 4 by 16, which {} of shape {} can't be in",
            tensor.dtype, tensor.shape
        )),
        _ => Ok(()),
    }
}

/// A constant int32 or int64 bias without parameters, with the quantised input and kernel that it is
/// added to the product of.
fn bias_without_scale(graph: &Graph, operation: &Operation) -> Option<(TensorId, TensorId, TensorId)> {
    let (input, kernel, bias) = match operation.kind.as_str() {
        "CONV_2D" | "DEPTHWISE_CONV_2D" | "FULLY_CONNECTED" | "CONV_3D" => (0, 1, 2),
        "TRANSPOSE_CONV" | "CONV_3D_TRANSPOSE" => (2, 1, 3),
        _ => return None,
    };
    let at = |position: usize| operation.inputs.get(position).copied().flatten();
    let (input, kernel, bias) = (at(input)?, at(kernel)?, at(bias)?);
    let tensor = graph.tensor(bias);
    let is_bare = tensor.is_constant() && tensor.quantization.is_none() && matches!(tensor.dtype, DType::I32 | DType::I64);
    let (of_input, of_kernel) = (scales(graph, input).len(), scales(graph, kernel).len() as u64);
    let fits =
        of_input == 1 && (of_kernel == 1 || (of_kernel > 0 && tensor.shape.count() == Some(of_kernel) && tensor.shape.rank() == Some(1)));
    (is_bare && fits).then_some((bias, input, kernel))
}
