//! Normalisations that converters write as several operations: which constant is gamma, which beta.
//!
//! `MVN`, or data over the root of a mean (of squares for RMS normalisation), then a factor, then a
//! term.

use crate::model::{Graph, Operation, TensorId};
use crate::weights::fold::is_constant_fed;

/// How far back a pattern is looked for.
const MAX_LOOK: usize = 8;

/// Whether a tensor is normalised data, or the reciprocal root that data are multiplied with: a
/// factor here is gamma.
pub fn is_normalised(graph: &Graph, tensor: TensorId) -> bool {
    let Some(operation) = producer(graph, tensor) else { return false };
    let side = |position: usize| operation.inputs.get(position).copied().flatten();
    let is_root = |position: usize| side(position).is_some_and(|input| is_root_of_mean(graph, input));
    match operation.kind.as_str() {
        "MVN" => true,
        "Divide" => is_root(1),
        "Multiply" => is_root(0) || is_root(1),
        "Power" => is_root_of_mean(graph, tensor),
        _ => false,
    }
}

/// Whether a tensor is normalised data, perhaps times gamma: a term here is beta.
pub fn is_scaled_after(graph: &Graph, tensor: TensorId) -> bool {
    if is_normalised(graph, tensor) {
        return true;
    }
    let Some(operation) = producer(graph, tensor).filter(|operation| operation.kind == "Multiply") else { return false };
    let &[Some(first), Some(second)] = operation.inputs.as_slice() else { return false };
    match (is_constant_fed(graph, first), is_constant_fed(graph, second)) {
        (true, false) => is_normalised(graph, second),
        (false, true) => is_normalised(graph, first),
        _ => false,
    }
}

/// Whether a tensor is the root of a mean, or its reciprocal: `Sqrt(ReduceMean + epsilon)` and the
/// like.
fn is_root_of_mean(graph: &Graph, mut tensor: TensorId) -> bool {
    let mut has_root = false;
    for _ in 0..MAX_LOOK {
        let Some(operation) = producer(graph, tensor) else { return false };
        match operation.kind.as_str() {
            "ReduceMean" => return has_root,
            "Sqrt" | "Power" => has_root = true,
            "Add" | "Maximum" | "Divide" => {}
            _ => return false,
        }
        // The other side is epsilon, an exponent, or the 1 of a reciprocal.
        let Some(input) = operation.inputs.iter().flatten().find(|input| !is_constant_fed(graph, **input)) else { return false };
        tensor = *input;
    }
    false
}

/// The operation that computes a tensor, behind those that change its type or shape alone.
fn producer(graph: &Graph, mut tensor: TensorId) -> Option<&Operation> {
    for _ in 0..MAX_LOOK {
        let operation = graph.operation(graph.tensor(tensor).producer?);
        if !matches!(operation.kind.as_str(), "Convert" | "Reshape" | "Squeeze" | "Unsqueeze" | "Transpose") {
            return Some(operation);
        }
        tensor = operation.inputs.first().copied().flatten()?;
    }
    None
}
