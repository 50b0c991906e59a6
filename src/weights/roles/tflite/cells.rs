//! Recurrent cells that Keras unrolls into matrix products, and the gates stacked in their kernels.
//!
//! The converter writes a Keras LSTM or GRU as a WHILE whose body has two matrix products, whose sum
//! is cut into pieces, one a gate. Nothing names them, but what becomes of each piece does: an
//! LSTM's `forget` is the one that multiplies the old state, and so on. Gates are named where that
//! proves each of them, and nowhere else. The equations: Keras' `LSTMCell` and `GRUCell`.

use crate::model::{DType, Data, Graph, Model, Operation, OperationId, TensorId};
use crate::weights::Section;

/// How many operations a piece is followed through.
const MAX_STEPS: usize = 8;
/// How many consumers of a tensor are looked at.
const MAX_USES: usize = 16;

/// A range of the last axis of the sum, and the tensor that it is cut out into.
struct Piece {
    start: usize,
    end: usize,
    tensor: TensorId,
}

/// What a piece goes into, perhaps after terms were added.
#[derive(Clone, Copy)]
struct Activated<'g> {
    kind: &'g str,
    output: TensorId,
}

/// The gates in an operand of a matrix product or of the addition behind it, along `axis`.
pub fn gates(model: &Model, graph: &Graph, operation: &Operation, axis: usize, extent: usize) -> Option<Vec<Section>> {
    let activation = operation.attributes.get("fused_activation_function");
    if activation.is_some_and(|activation| activation != "NONE") {
        return None;
    }
    let pieces = pieces(model, graph, *operation.outputs.first()?, extent)?;
    let names = match pieces.len() {
        4 => lstm(graph, &pieces)?,
        2 | 3 => gru(graph, &pieces)?,
        _ => return None,
    };
    let section = |(piece, name): (&Piece, &'static str)| Section { name, axis, start: piece.start, end: piece.end };
    Some(pieces.iter().zip(names).map(section).collect())
}

/// The pieces that a tensor is cut into along its last axis, behind additions, in their order.
fn pieces(model: &Model, graph: &Graph, mut tensor: TensorId, extent: usize) -> Option<Vec<Piece>> {
    for _ in 0..MAX_STEPS {
        if last_dim(graph, tensor)? != extent {
            return None;
        }
        let consumers = &graph.tensor(tensor).consumers;
        let first = graph.operation(*consumers.first()?);
        match first.kind.as_str() {
            "SPLIT" if first.inputs.get(1) == Some(&Some(tensor)) => {
                let length = extent / first.outputs.len().max(1);
                let piece = |(position, output): (usize, &TensorId)| {
                    let is_piece = last_dim(graph, *output) == Some(length);
                    is_piece.then_some(Piece { start: position * length, end: (position + 1) * length, tensor: *output })
                };
                return first.outputs.iter().enumerate().map(piece).collect::<Option<Vec<_>>>().filter(|pieces| cover(pieces, extent));
            }
            "STRIDED_SLICE" => {
                let slice = |id: &OperationId| slice(model, graph, graph.operation(*id), tensor, extent);
                let mut pieces: Vec<Piece> = consumers.iter().take(MAX_USES).map(slice).collect::<Option<_>>()?;
                pieces.sort_by_key(|piece| piece.start);
                return Some(pieces).filter(|pieces| cover(pieces, extent));
            }
            kind if consumers.len() == 1 && (kind == "ADD" || passes(kind)) => tensor = *first.outputs.first()?,
            _ => return None,
        }
    }
    None
}

/// Whether the pieces are equally long and leave nothing out.
fn cover(pieces: &[Piece], extent: usize) -> bool {
    let length = pieces.first().map_or(0, |piece| piece.end);
    let is_next = |(position, piece): (usize, &Piece)| piece.start == position * length && piece.end == piece.start + length;
    length > 0 && pieces.len() * length == extent && pieces.iter().enumerate().all(is_next)
}

/// A STRIDED_SLICE that cuts the last axis alone, by constants.
fn slice(model: &Model, graph: &Graph, operation: &Operation, tensor: TensorId, extent: usize) -> Option<Piece> {
    let number = |name: &str| operation.attributes.get(name).and_then(serde_json::Value::as_i64);
    let is_plain = ["ellipsis_mask", "new_axis_mask", "shrink_axis_mask"].iter().all(|mask| number(mask) == Some(0));
    let &[Some(data), Some(begin), Some(end), Some(strides)] = operation.inputs.as_slice() else { return None };
    let rank = graph.tensor(tensor).shape.rank()?;
    if operation.kind != "STRIDED_SLICE" || data != tensor || !is_plain || rank == 0 {
        return None;
    }
    let last = rank - 1;
    let is_masked = |mask: &str| number(mask).is_some_and(|bits| bits >> last & 1 == 1);
    let at = |tensor: TensorId| usize::try_from(*whole_numbers(model, graph, tensor)?.get(last)?).ok();
    let start = if is_masked("begin_mask") { 0 } else { at(begin)? };
    let end = if is_masked("end_mask") { extent } else { at(end)?.min(extent) };
    let output = *operation.outputs.first()?;
    let (whole, part) = (graph.tensor(tensor).shape.dims()?, graph.tensor(output).shape.dims()?);
    let cuts_last_alone = whole.get(..last) == part.get(..last) && part.get(last).copied() == end.checked_sub(start);
    (at(strides)? == 1 && cuts_last_alone).then_some(Piece { start, end, tensor: output })
}

/// The elements of a small constant of 32-bit integers.
fn whole_numbers(model: &Model, graph: &Graph, tensor: TensorId) -> Option<Vec<i32>> {
    let tensor = graph.tensor(tensor);
    let Data::Stored(bytes) = tensor.data else { return None };
    let is_small = tensor.dtype == DType::I32 && bytes.len <= 64;
    is_small.then(|| model.bytes(bytes).as_chunks::<4>().0.iter().map(|bytes| i32::from_le_bytes(*bytes)).collect())
}

/// `c = f * c_before + i * tanh(c')`, `h = o * tanh(c)`: the gates of the four pieces.
fn lstm(graph: &Graph, pieces: &[Piece]) -> Option<Vec<&'static str>> {
    let activated: Vec<_> = pieces.iter().map(|piece| activated(graph, piece.tensor)).collect();
    let position = |tensor: TensorId| activated.iter().position(|found| found.is_some_and(|found| found.output == tensor));
    // The one product of two pieces is input times cell.
    let mut products = Vec::new();
    for (one, found) in activated.iter().enumerate() {
        for product in uses(graph, found.map(|found| found.output), "MUL") {
            if let Some(other) = others(graph, product, found.map(|found| found.output)).and_then(position).filter(|other| *other > one) {
                products.push((one, other, *product.outputs.first()?));
            }
        }
    }
    let &[(one, other, product)] = products.as_slice() else { return None };
    // The state is that product, and unless this is the first step, forget times the state before.
    let rest: Vec<usize> = (0..pieces.len()).filter(|position| ![one, other].contains(position)).collect();
    let &[third, fourth] = rest.as_slice() else { return None };
    let multiplies = |position: usize, tensor: TensorId| {
        let output = activated.get(position).copied().flatten().map(|found| found.output);
        uses(graph, output, "MUL").any(|operation| others(graph, operation, output) == Some(tensor))
    };
    let is_summand = |position: usize, sum: &Operation| {
        let output = activated.get(position).copied().flatten().map(|found| found.output);
        uses(graph, output, "MUL")
            .any(|operation| sum.inputs.iter().flatten().any(|input| operation.outputs.contains(&origin(graph, *input))))
    };
    let mut sums = uses(graph, Some(product), "ADD");
    let (forget, output) = match sums.next() {
        Some(sum) => {
            let state = activated_of_state(graph, *sum.outputs.first()?)?;
            let of = |forget: usize, output: usize| is_summand(forget, sum) && multiplies(output, state.output);
            if of(third, fourth) {
                (third, fourth)
            } else if of(fourth, third) {
                (fourth, third)
            } else {
                return None;
            }
        }
        None => {
            // No state before: what would have multiplied it goes nowhere.
            let state = activated_of_state(graph, product)?;
            let is_dead = |position: usize| graph.tensor(pieces[position].tensor).consumers.is_empty();
            match (is_dead(third), is_dead(fourth)) {
                (true, false) if multiplies(fourth, state.output) => (third, fourth),
                (false, true) if multiplies(third, state.output) => (fourth, third),
                _ => return None,
            }
        }
    };
    // Of input and cell, the gate is the one with the activation of the other gates.
    let kind = |position: usize| activated.get(position).copied().flatten().map(|found| found.kind);
    let (input, cell) = match (kind(one) == kind(output), kind(other) == kind(output)) {
        (true, false) => (one, other),
        (false, true) => (other, one),
        _ => return None,
    };
    let name = |position: usize| {
        [(input, "input"), (forget, "forget"), (cell, "cell"), (output, "output")].into_iter().find(|(at, _)| *at == position)
    };
    (0..4).map(|position| name(position).map(|(_, name)| name)).collect()
}

/// `h = z * h_before + (1 - z) * c`, where `c` comes of the product of `r`: the gates of three
/// pieces, or of the two that a kernel without the candidate has.
fn gru(graph: &Graph, pieces: &[Piece]) -> Option<Vec<&'static str>> {
    let outputs: Vec<TensorId> =
        pieces.iter().map(|piece| activated(graph, piece.tensor).map(|found| found.output)).collect::<Option<_>>()?;
    // 1 - z times the candidate: the two that belong together.
    let complement = |gate: TensorId| uses(graph, Some(gate), "SUB").find(|operation| operation.inputs.get(1) == Some(&Some(gate)));
    let candidate_of = |gate: TensorId| {
        let complement = *complement(gate)?.outputs.first()?;
        uses(graph, Some(complement), "MUL").find_map(|operation| others(graph, operation, Some(complement)))
    };
    let mut updates = outputs.iter().filter_map(|gate| candidate_of(*gate).map(|candidate| (*gate, candidate)));
    let (update, candidate) = updates.next().filter(|_| updates.next().is_none())?;
    let is_reset = |gate: TensorId| {
        uses(graph, Some(gate), "MUL").any(|operation| {
            let product = operation.outputs.first().copied();
            product.and_then(|product| activated_through_product(graph, product)).is_some_and(|found| found.output == candidate)
        })
    };
    let name = |gate: &TensorId| match *gate {
        gate if gate == update => Some("update"),
        gate if gate == candidate => Some("candidate"),
        gate if is_reset(gate) => Some("reset"),
        _ => None,
    };
    let names: Vec<_> = outputs.iter().map(name).collect::<Option<_>>()?;
    let has_once = |wanted: &str| names.iter().filter(|name| **name == wanted).count() == 1;
    let is_whole = has_once("update") && has_once("reset") && (names.len() == 2 || has_once("candidate"));
    is_whole.then_some(names)
}

/// The activation that a tensor goes into, perhaps after terms were added or after it was multiplied
/// with a gate.
fn activated(graph: &Graph, tensor: TensorId) -> Option<Activated<'_>> {
    follow(graph, tensor, &["ADD", "MUL"])
}

/// The activation that the new state goes into. It goes elsewhere, too: to the next step.
fn activated_of_state(graph: &Graph, state: TensorId) -> Option<Activated<'_>> {
    let found = graph.tensor(state).consumers.iter().take(MAX_USES).map(|id| graph.operation(*id));
    let mut found = found.filter(|operation| is_activation(&operation.kind));
    let operation = found.next().filter(|_| found.next().is_none())?;
    Some(Activated { kind: &operation.kind, output: *operation.outputs.first()? })
}

/// The activation that the product of state and reset gate goes into, perhaps through the recurrent
/// kernel.
fn activated_through_product(graph: &Graph, product: TensorId) -> Option<Activated<'_>> {
    follow(graph, product, &["ADD", "FULLY_CONNECTED", "BATCH_MATMUL"])
}

fn follow<'g>(graph: &'g Graph, mut tensor: TensorId, through: &[&str]) -> Option<Activated<'g>> {
    for _ in 0..MAX_STEPS {
        let &[consumer] = graph.tensor(tensor).consumers.as_slice() else { return None };
        let operation = graph.operation(consumer);
        let output = *operation.outputs.first()?;
        if is_activation(&operation.kind) {
            return Some(Activated { kind: &operation.kind, output });
        }
        if !through.contains(&operation.kind.as_str()) && !passes(&operation.kind) {
            return None;
        }
        tensor = output;
    }
    None
}

/// The operations of a type that read a tensor, perhaps behind those that change its form alone.
fn uses<'g>(graph: &'g Graph, tensor: Option<TensorId>, kind: &str) -> impl Iterator<Item = &'g Operation> {
    let mut found = Vec::new();
    let mut open: Vec<TensorId> = tensor.into_iter().collect();
    let mut steps = 0;
    while let Some(tensor) = open.pop().filter(|_| steps < MAX_USES) {
        steps += 1;
        for id in graph.tensor(tensor).consumers.iter().take(MAX_USES) {
            let operation = graph.operation(*id);
            if operation.kind == kind {
                found.push(operation);
            } else if passes(&operation.kind) {
                open.extend(operation.outputs.first());
            }
        }
    }
    found.into_iter()
}

/// The other input of an operation of two.
fn others(graph: &Graph, operation: &Operation, tensor: Option<TensorId>) -> Option<TensorId> {
    let &[Some(first), Some(second)] = operation.inputs.as_slice() else { return None };
    let (first, second, tensor) = (origin(graph, first), origin(graph, second), tensor?);
    match (first == tensor, second == tensor) {
        (true, false) => Some(second),
        (false, true) => Some(first),
        _ => None,
    }
}

/// The tensor in front of operations that change its form alone.
fn origin(graph: &Graph, mut tensor: TensorId) -> TensorId {
    for _ in 0..MAX_STEPS {
        let producer = graph.tensor(tensor).producer.map(|id| graph.operation(id)).filter(|operation| passes(&operation.kind));
        let Some(from) = producer.and_then(|operation| operation.inputs.first().copied().flatten()) else { break };
        tensor = from;
    }
    tensor
}

fn passes(kind: &str) -> bool {
    matches!(kind, "RESHAPE" | "QUANTIZE" | "DEQUANTIZE")
}

fn is_activation(kind: &str) -> bool {
    matches!(kind, "LOGISTIC" | "TANH" | "RELU" | "RELU6" | "HARD_SWISH" | "ELU" | "GELU" | "SOFTMAX")
}

fn last_dim(graph: &Graph, tensor: TensorId) -> Option<usize> {
    graph.tensor(tensor).shape.dims()?.last().copied()
}

#[cfg(test)]
mod tests {
    use super::super::tests::model_of;
    use super::*;
    use crate::model::{Operation, Shape, Tensor};

    /// A graph by lines `KIND inputs -> outputs`; a tensor is a name with its last dimension, `x:8`,
    /// in front of it one of length 1.
    fn graph(lines: &str) -> Graph {
        let mut graph = Graph::default();
        let mut names: Vec<String> = Vec::new();
        for line in lines.lines().filter(|line| !line.trim().is_empty()) {
            let (left, right) = line.split_once("->").unwrap();
            let mut words = left.split_whitespace();
            let kind = words.next().unwrap().to_owned();
            let mut id = |word: &str| {
                let (name, dim) = word.split_once(':').unwrap_or((word, ""));
                let position = names.iter().position(|other| other == name).unwrap_or_else(|| {
                    let dims = [1, dim.parse().unwrap()];
                    graph.tensors.push(Tensor::computed(name, DType::F32, Shape::fixed(dims)));
                    names.push(name.to_owned());
                    names.len() - 1
                });
                TensorId(position as u32)
            };
            let inputs = words.map(|word| Some(id(word))).collect();
            let outputs = right.split_whitespace().map(id).collect();
            graph.operations.push(Operation { kind, inputs, outputs, ..Operation::default() });
        }
        graph.link();
        graph
    }

    /// Names of the gates of the first operation's kernel, with their starts.
    fn found(lines: &str, extent: usize) -> String {
        let model = model_of(graph(lines));
        let gates = gates(&model, model.main(), &model.main().operations[0], 0, extent).unwrap_or_default();
        gates.iter().map(|gate| format!("{} {}", gate.name, gate.start)).collect::<Vec<_>>().join(", ")
    }

    /// As the converter of TensorFlow 2.21 writes one step of `keras.layers.LSTM(4)`.
    const LSTM: &str = "
        FULLY_CONNECTED h:4 r:4 -> a:16
        RESHAPE a shape:1 -> b:16
        FULLY_CONNECTED x:3 w:3 -> c:16
        ADD c b -> d:16
        ADD d bias:16 -> e:16
        SPLIT axis:1 e -> i:4 f:4 g:4 o:4
        LOGISTIC i -> si:4
        LOGISTIC f -> sf:4
        MUL sf before:4 -> kept:4
        LOGISTIC o -> so:4
        TANH g -> tg:4
        MUL si tg -> new:4
        ADD kept new -> state:4
        TANH state -> ts:4
        MUL so ts -> out:4";

    #[test]
    fn gates_of_an_lstm() {
        assert_eq!(found(LSTM, 16), "input 0, forget 4, cell 8, output 12");
        // The names follow what is computed, not the place.
        assert_eq!(found(&LSTM.replace("i:4 f:4 g:4 o:4", "o:4 g:4 f:4 i:4"), 16), "output 0, cell 4, forget 8, input 12");
        // In an integer model the sum is quantised anew.
        let quantised =
            LSTM.replace("MUL so ts", "QUANTIZE ts -> ts2:4\nMUL so ts2").replace("SPLIT axis:1 e", "QUANTIZE e -> e2:16\nSPLIT axis:1 e2");
        assert_eq!(found(&quantised, 16), "input 0, forget 4, cell 8, output 12");
    }

    #[test]
    fn gates_that_are_not_proven_have_no_names() {
        for (from, to) in [
            ("TANH g", "LOGISTIC g"),
            ("MUL sf before:4", "ADD sf before:4"),
            ("TANH state", "ABS state"),
            ("MUL so ts", "ADD so ts"),
            ("MUL si tg", "MUL si si"),
            ("i:4 f:4 g:4 o:4", "i:5 f:5 g:5 o:1"),
            ("ADD c b", "MUL c b"),
        ] {
            assert_eq!(found(&LSTM.replace(from, to), 16), "", "{to}");
        }
        assert_eq!(found(LSTM, 8), "");
        assert_eq!(found("FULLY_CONNECTED x:3 w:3 -> a:16\nRELU a -> b:16", 16), "");
        // A ring of additions ends.
        assert_eq!(found("FULLY_CONNECTED x:3 w:3 -> a:16\nADD a a -> a", 16), "");
    }

    /// The first step of an unrolled LSTM has no state before: the forget gate goes nowhere.
    #[test]
    fn the_first_step_of_an_unrolled_lstm() {
        let first = LSTM.replace("LOGISTIC f -> sf:4", "").replace("MUL sf before:4 -> kept:4", "").replace("ADD kept new -> state:4", "");
        assert_eq!(found(&first.replace("TANH state", "TANH new"), 16), "input 0, forget 4, cell 8, output 12");
    }

    /// `keras.layers.GRU(4)`, with the reset gate behind and before the recurrent product.
    #[test]
    fn gates_of_a_gru() {
        let step = "
            ADD xz:4 hz:4 -> z:4
            LOGISTIC z -> sz:4
            MUL sz h:4 -> kept:4
            SUB one:1 sz -> rest:4
            ADD xr:4 hr:4 -> r:4
            LOGISTIC r -> sr:4
            MUL sr hh:4 -> reset:4
            ADD xh:4 reset -> c:4
            TANH c -> tc:4
            MUL rest tc -> new:4
            ADD kept new -> out:4";
        let recurrent = "FULLY_CONNECTED h:4 r1:4 -> a:12\nSPLIT axis:1 a -> hz:4 hr:4 hh:4";
        let input = "FULLY_CONNECTED x:3 w:3 -> b:12\nSPLIT axis:1 b -> xz:4 xr:4 xh:4";
        for first in [recurrent, input] {
            let lines = format!("{first}\n{}\n{step}", if first == input { recurrent } else { input });
            assert_eq!(found(&lines, 12), "update 0, reset 4, candidate 8");
        }
        let before = step.replace("MUL sr hh:4 -> reset:4", "MUL sr h -> rh:4\nFULLY_CONNECTED rh r2:4 -> reset:4");
        let recurrent = "FULLY_CONNECTED h:4 r1:4 -> a:8\nSPLIT axis:1 a -> hz:4 hr:4";
        assert_eq!(found(&format!("{recurrent}\n{input}\n{before}"), 8), "update 0, reset 4");
        assert_eq!(found(&format!("{input}\n{recurrent}\n{before}"), 12), "update 0, reset 4, candidate 8");
        assert_eq!(found(&format!("{input}\n{recurrent}\n{}", before.replace("SUB", "ADD")), 12), "");
    }
}
