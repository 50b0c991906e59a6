//! From a model's graph to the graph that is drawn: constants are folded away, and the graph's
//! inputs and outputs are nodes.

use super::{LayoutGraph, NodeSize};
use crate::model::{Graph, OperationId, TensorId};

/// What a drawn node stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Node {
    Operation(OperationId),
    /// An input of the graph that no operation of it stands for.
    Input(TensorId),
    /// An output of the graph that no operation of it stands for.
    Output(TensorId),
}

/// The graph to lay out, and what its nodes and edges stand for.
#[derive(Clone, Debug, Default)]
pub struct Drawn {
    pub graph: LayoutGraph,
    /// Inputs, operations in file order, outputs.
    pub nodes: Vec<Node>,
    /// For each edge the tensor that flows along it.
    pub tensors: Vec<TensorId>,
    /// For each operation its node, if it is drawn.
    pub node_of: Vec<Option<u32>>,
}

impl Drawn {
    /// Operations that only prepare constants are hidden: those of kind `Const`, and those whose
    /// outputs are all fed by constants alone. `constant` tells that of every tensor
    /// ([`crate::weights::fold::constant_tensors`]); `size` gives every node its box.
    pub fn of(graph: &Graph, constant: &[bool], size: impl Fn(Node) -> NodeSize) -> Self {
        let is_constant = |id: &TensorId| constant.get(id.0 as usize).copied().unwrap_or(false);
        let tensor = |id: &TensorId| graph.tensors.get(id.0 as usize);
        let mut drawn = Self { node_of: vec![None; graph.operations.len()], ..Self::default() };
        // Which node makes a tensor.
        let mut maker: Vec<Option<u32>> = vec![None; graph.tensors.len()];
        for id in &graph.inputs {
            if let Some(slot) = maker.get_mut(id.0 as usize)
                && slot.is_none()
                && tensor(id).is_some_and(|tensor| tensor.producer.is_none())
            {
                *slot = Some(drawn.add(Node::Input(*id), &size));
            }
        }
        for (id, operation) in graph.operations() {
            let is_folded = !operation.outputs.is_empty() && operation.outputs.iter().all(is_constant);
            if is_folded {
                continue;
            }
            let node = drawn.add(Node::Operation(id), &size);
            drawn.node_of[id.0 as usize] = Some(node);
            for output in &operation.outputs {
                if let Some(slot) = maker.get_mut(output.0 as usize)
                    && slot.is_none()
                {
                    *slot = Some(node);
                }
            }
        }
        for (id, operation) in graph.operations() {
            let Some(node) = drawn.node_of[id.0 as usize] else { continue };
            let mut inputs: Vec<TensorId> = operation.inputs.iter().flatten().copied().collect();
            inputs.sort_unstable();
            inputs.dedup();
            for input in inputs {
                drawn.connect(maker.get(input.0 as usize).copied().flatten(), node, input);
            }
        }
        let mut outputs: Vec<TensorId> = graph.outputs.clone();
        let mut seen = std::collections::HashSet::new();
        outputs.retain(|id| seen.insert(*id));
        for id in outputs {
            // OpenVINO has operations for outputs; graphs of what was executed call them `Output`.
            let is_result = |id: &OperationId| {
                graph.operations.get(id.0 as usize).is_some_and(|operation| matches!(operation.kind.as_str(), "Result" | "Output"))
            };
            let is_drawn_already =
                tensor(&id).is_none_or(|tensor| tensor.consumers.iter().any(is_result) || tensor.producer.as_ref().is_some_and(is_result));
            if !is_drawn_already {
                let node = drawn.add(Node::Output(id), &size);
                drawn.connect(maker.get(id.0 as usize).copied().flatten(), node, id);
            }
        }
        drawn
    }

    fn add(&mut self, node: Node, size: &impl Fn(Node) -> NodeSize) -> u32 {
        let index = self.nodes.len() as u32;
        self.nodes.push(node);
        self.graph.nodes.push(size(node));
        index
    }

    fn connect(&mut self, from: Option<u32>, to: u32, tensor: TensorId) {
        if let Some(from) = from {
            self.graph.edges.push((from, to));
            self.graph.lines.push(tensor.0);
            self.tensors.push(tensor);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{DType, Operation, Shape, Tensor};

    fn operation(kind: &str, inputs: &[u32], outputs: &[u32]) -> Operation {
        Operation {
            kind: kind.into(),
            inputs: inputs.iter().map(|id| Some(TensorId(*id))).collect(),
            outputs: outputs.iter().copied().map(TensorId).collect(),
            ..Operation::default()
        }
    }

    fn graph(tensors: usize, operations: Vec<Operation>, inputs: &[u32], outputs: &[u32]) -> Graph {
        let mut graph = Graph {
            inputs: inputs.iter().copied().map(TensorId).collect(),
            outputs: outputs.iter().copied().map(TensorId).collect(),
            operations,
            tensors: (0..tensors).map(|id| Tensor::computed(id.to_string(), DType::F32, Shape::Unknown)).collect(),
            ..Graph::default()
        };
        graph.link();
        graph
    }

    #[test]
    fn constants_are_folded() {
        // in 0 -> conv(0, 3) -> 4 -> add(4, 4) -> 5 out; 1 const -> convert -> 2 -> multiply -> 3.
        let graph = graph(
            6,
            vec![
                operation("Const", &[], &[1]),
                operation("Convert", &[1], &[2]),
                operation("Multiply", &[2], &[3]),
                operation("Convolution", &[0, 3], &[4]),
                operation("Add", &[4, 4], &[5]),
            ],
            &[0],
            &[5, 5],
        );
        let constant = [false, true, true, true, false, false];
        let drawn = Drawn::of(&graph, &constant, |_| NodeSize { width: 1.0, height: 1.0 });
        let operation = |id| Node::Operation(OperationId(id));
        assert_eq!(drawn.nodes, [Node::Input(TensorId(0)), operation(3), operation(4), Node::Output(TensorId(5))]);
        assert_eq!(drawn.graph.edges, [(0, 1), (1, 2), (2, 3)]);
        assert_eq!(drawn.tensors, [TensorId(0), TensorId(4), TensorId(5)]);
        assert_eq!(drawn.node_of, [None, None, None, Some(1), Some(2)]);
    }

    #[test]
    fn parameters_and_results_stand_for_themselves() {
        let operations = vec![operation("Parameter", &[], &[0]), operation("Relu", &[0], &[1]), operation("Result", &[1], &[])];
        let drawn = Drawn::of(&graph(2, operations, &[0], &[1]), &[], |_| NodeSize::default());
        assert_eq!(drawn.nodes, [0, 1, 2].map(|id| Node::Operation(OperationId(id))));
        assert_eq!(drawn.graph.edges, [(0, 1), (1, 2)]);
    }

    /// A graph of what was executed: its constants hold nothing, and are layers like others.
    #[test]
    fn constants_without_data_are_drawn() {
        let operations = vec![operation("Const", &[], &[0]), operation("Reorder", &[0], &[1]), operation("Output", &[1], &[])];
        let drawn = Drawn::of(&graph(2, operations, &[], &[1]), &[false, false], |_| NodeSize::default());
        assert_eq!(drawn.nodes, [0, 1, 2].map(|id| Node::Operation(OperationId(id))));
        assert_eq!(drawn.graph.edges, [(0, 1), (1, 2)]);
    }
}
