//! Which tensors are constant, and what the constants at the far end of a chain are for.
//!
//! The labels imitate OpenVINO's
//! `src/common/transformations/src/transformations/low_precision/mark_dequantization_subgraph.cpp`:
//! low-precision constant, `Convert`, perhaps `Subtract` of a zero point, `Multiply` by a scale; zero
//! point and scale perhaps through their own `Convert`, `Reshape` or `Unsqueeze`.

use super::{Chain, DType, Graph, OperationId, Scheme, TensorId};
use crate::model::{Model, Operation, OperationRef, Quantization, Tensor, TensorRef};

/// How far [`is_constant_fed`] looks. Chains in real models are below twenty operations.
const MAX_LOOK: usize = 64;
/// How far a chain is followed, so that labelling every step of an endless one stays bounded.
const MAX_CHAIN: usize = 1024;

/// For every tensor of the graph, whether it is fed by constants alone. Safe on cycles; linear in
/// the number of edges.
pub fn constant_tensors(graph: &Graph) -> Vec<bool> {
    let mut is_constant: Vec<bool> = graph.tensors.iter().map(Tensor::is_given).collect();
    let mut waiting: Vec<usize> = Vec::with_capacity(graph.operations.len());
    let mut ready = Vec::new();
    for (id, operation) in graph.operations() {
        let mut open: Vec<TensorId> = operation.inputs.iter().flatten().copied().filter(|input| !graph.tensor(*input).is_given()).collect();
        open.sort_unstable();
        open.dedup();
        if !open.is_empty() {
            waiting.push(open.len());
        } else {
            waiting.push(0);
            ready.push(id);
        }
    }
    while let Some(id) = ready.pop() {
        let operation = graph.operation(id);
        if !operation.is_pure() {
            continue;
        }
        for &output in &operation.outputs {
            let Some(flag) = is_constant.get_mut(output.0 as usize) else { continue };
            if *flag || graph.tensor(output).producer != Some(id) {
                continue;
            }
            *flag = true;
            for &consumer in &graph.tensor(output).consumers {
                let Some(open) = waiting.get_mut(consumer.0 as usize) else { continue };
                *open = open.saturating_sub(1);
                if *open == 0 {
                    ready.push(consumer);
                }
            }
        }
    }
    is_constant
}

/// Whether one tensor is fed by constants alone. Looks only as far as a chain is long, so that asking
/// for an activation stays cheap.
pub fn is_constant_fed(graph: &Graph, tensor: TensorId) -> bool {
    let mut open = vec![tensor];
    let mut seen = Vec::new();
    while let Some(id) = open.pop() {
        if graph.tensor(id).is_given() {
            continue;
        }
        let Some(operation) = graph.tensor(id).producer else { return false };
        if seen.contains(&operation) {
            continue;
        }
        if seen.len() == MAX_LOOK || !graph.operation(operation).is_pure() {
            return false;
        }
        seen.push(operation);
        let operation = graph.operation(operation);
        open.extend(operation.inputs.iter().flatten().filter(|input| graph.is_needed(operation, **input)));
    }
    true
}

/// Follows a constant-fed tensor back to the data constant at the far end.
pub fn chain(model: &Model, tensor: TensorRef) -> Chain {
    let mut chain = Chain::bare(tensor);
    let mut has_fake_quantize = false;
    walk(model, &mut chain, |chain, id, operation, data| {
        let other = |side: usize| Some(TensorRef { graph: id.graph, tensor: operation.inputs.get(side).copied().flatten()? });
        match operation.kind.as_str() {
            "FakeQuantize" | "Quantize" if data == 0 => has_fake_quantize = true,
            "Gather" if data == 1 => chain.codebook = other(0),
            // The nearest to the data counts, so later ones replace earlier ones.
            "Multiply" | "MUL" => chain.scale = other(1 - data.min(1)),
            "Divide" | "DIV" if data == 0 => chain.scale = other(1),
            "Subtract" | "SUB" if data == 0 => chain.zero_point = other(1),
            _ => {}
        }
    });
    let data = model.tensor(chain.data);
    let is_affine = is_low_precision(data.dtype) && (chain.scale.is_some() || chain.zero_point.is_some());
    if !is_affine {
        // A factor on a weight that was not compressed belongs to the weight's value.
        (chain.scale, chain.zero_point) = (None, None);
    }
    let end = |side: TensorRef| {
        let mut way = Chain::bare(side);
        walk(model, &mut way, |_, _, _, _| {});
        way.data
    };
    chain.scale = chain.scale.map(end);
    chain.zero_point = chain.zero_point.map(end);
    chain.codebook = chain.codebook.map(end);
    chain.scheme = match data.quantization.as_deref() {
        _ if chain.codebook.is_some() => Scheme::Codebook,
        _ if has_fake_quantize => Scheme::FakeQuantize,
        _ if is_affine => Scheme::AffineChain,
        Some(quantization) => scheme(model.graph(chain.data.graph), quantization),
        None => Scheme::None,
    };
    chain
}

/// The word for a tensor's own quantisation. What can't be used is of a kind that only its writer knows.
fn scheme(graph: &Graph, quantization: &Quantization) -> Scheme {
    match quantization {
        Quantization::Custom { .. } | Quantization::Unusable(_) => Scheme::Custom,
        Quantization::Blockwise(_) => Scheme::Blockwise,
        Quantization::Derived { kernel, .. } => graph.tensor(*kernel).quantization.as_deref().map_or(Scheme::PerTensor, scheme_of_affine),
        Quantization::Affine { .. } => scheme_of_affine(quantization),
    }
}

fn scheme_of_affine(quantization: &Quantization) -> Scheme {
    if quantization.is_per_tensor() { Scheme::PerTensor } else { Scheme::PerAxis }
}

/// Which input of an operation on a constant chain the data come through; the other inputs are
/// scales, shapes, axes. `None` for an operation without inputs.
pub fn data_input(graph: &Graph, operation: &Operation) -> Option<usize> {
    let fed = || operation.inputs.iter().enumerate().filter_map(|(position, input)| input.map(|input| (position, input)));
    let first = fed().next()?.0;
    let count = |input: TensorId| {
        let shape = &graph.tensor(input).shape;
        shape.count().or_else(|| graph.tensor(far_end(graph, input)).shape.count()).unwrap_or(0)
    };
    Some(match operation.kind.as_str() {
        "Gather" if is_codebook(graph, operation) => 1,
        "SPLIT" | "FILL" => 1,
        "Add" | "Subtract" | "Multiply" | "Divide" | "Power" | "Maximum" | "Minimum" | "Mod" | "FloorMod" | "SquaredDifference"
        | "Select" | "MatMul" | "Concat" | "ADD" | "SUB" | "MUL" | "DIV" | "POW" | "MAXIMUM" | "MINIMUM" | "FLOOR_DIV" | "FLOOR_MOD"
        | "SQUARED_DIFFERENCE" | "SELECT" | "SELECT_V2" | "PACK" | "CONCATENATION" => {
            // The largest, of equals the first; but of two equally large factors the one that was
            // widened from a narrow type.
            let narrow = |input: TensorId| usize::from(is_low_precision(graph.tensor(far_end(graph, input)).dtype));
            let largest = fed().map(|(_, input)| count(input)).max()?;
            let mut candidates = fed().filter(|(_, input)| count(*input) == largest);
            match candidates.clone().count() {
                2 => candidates.max_by_key(|(position, input)| (narrow(*input), usize::MAX - position))?.0,
                _ => candidates.next()?.0,
            }
        }
        _ => first,
    })
}

/// `Gather-8` of a one-dimensional float table with narrow indices that outnumber it: NNCF's codebook
/// compression (`CB4`, `CODEBOOK`, `ADAPTIVE_CODEBOOK`).
fn is_codebook(graph: &Graph, operation: &Operation) -> bool {
    let input = |position: usize| operation.inputs.get(position).copied().flatten().map(|id| graph.tensor(id));
    let (Some(table), Some(indices)) = (input(0), input(1)) else { return false };
    let are_narrow = matches!(indices.dtype, DType::U8 | DType::U16 | DType::U4 | DType::U2 | DType::I8 | DType::I4);
    table.dtype.is_float() && table.shape.rank() == Some(1) && are_narrow && indices.shape.rank().is_some_and(|rank| rank > 1)
}

/// Types that a weight is compressed to; half precision is none of them.
fn is_low_precision(dtype: DType) -> bool {
    let is_wide = matches!(dtype, DType::F16 | DType::Bf16 | DType::F32 | DType::F64 | DType::I64 | DType::U64 | DType::I32 | DType::U32);
    !is_wide && (dtype.is_float() || dtype.is_integer())
}

/// The constant at the far end of the way that first inputs make; for types only.
fn far_end(graph: &Graph, mut tensor: TensorId) -> TensorId {
    for _ in 0..MAX_LOOK {
        let Some(producer) = producer(graph, tensor) else { break };
        let Some(input) = producer.1.inputs.iter().flatten().next() else { break };
        tensor = *input;
    }
    tensor
}

/// Walks from `chain.data` back along the data inputs, calling `visit` with each operation and the
/// position of its data input, and fills in `operations` and `data`.
fn walk(model: &Model, chain: &mut Chain, mut visit: impl FnMut(&mut Chain, OperationRef, &Operation, usize)) {
    // The bound is what ends a cycle, too.
    for _ in 0..MAX_CHAIN {
        let graph_id = chain.data.graph;
        let (graph, tensor) = (model.graph(graph_id), model.tensor(chain.data));
        let step = tensor.producer.filter(|_| !tensor.is_constant());
        let reference = |operation: OperationId| OperationRef { graph: graph_id, operation };
        if let Some(alias) = tensor.alias {
            // A variable is read by an operation with an input; calls, loops and parameters hand the value over as
            // it is.
            let is_step = |id: &OperationId| graph.operation(*id).graphs.is_empty() && !graph.operation(*id).inputs.is_empty();
            chain.operations.extend(step.filter(is_step).map(reference));
            chain.data = alias;
            continue;
        }
        let Some((id, operation)) = step.map(|id| (reference(id), graph.operation(id))) else { break };
        let Some(position) = data_input(graph, operation) else { break };
        // The shape of what the model computes has no constant at its far end.
        let leads_on = |input: &TensorId| graph.is_needed(operation, *input) || is_constant_fed(graph, *input);
        let Some(input) = operation.inputs.get(position).copied().flatten().filter(leads_on) else { break };
        chain.operations.push(id);
        chain.data.tensor = input;
        visit(chain, id, operation, position);
    }
    chain.operations.reverse();
}

/// The operation that computes a tensor, unless it is there without.
fn producer(graph: &Graph, tensor: TensorId) -> Option<(OperationId, &Operation)> {
    let tensor = graph.tensor(tensor);
    tensor.producer.filter(|_| !tensor.is_given()).map(|id| (id, graph.operation(id)))
}
