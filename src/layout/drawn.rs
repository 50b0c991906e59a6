//! From a model's graphs to the graph that is drawn: constants are folded away, inputs and outputs are
//! nodes, closed groups are one node each, and what is open lies in a frame.

use std::collections::{HashMap, HashSet};

use super::{Frame, LayoutGraph, NodeSize};
use crate::groups::{Fold, GroupId, GroupRef, Groups};
use crate::model::{Graph, GraphId, Operation, OperationId, OperationRef, TensorId, TensorRef};

/// What a drawn node stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Node {
    Operation(OperationRef),
    /// An input of the graph that no operation of it stands for.
    Input(TensorRef),
    /// An output of the graph that no operation of it stands for.
    Output(TensorRef),
    /// A stored constant that no operation stands for, at the far end of a chain that is shown.
    Constant(TensorRef),
    /// A closed group.
    Group(GroupRef),
}

/// What a frame is drawn around.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FrameOf {
    /// An open group.
    Group(GroupRef),
    /// An operation with its bodies; it is a node, too.
    Operation(OperationRef),
    /// One of several bodies of an operation.
    Body(GraphId),
}

/// What is known of a model, and what of it is open.
#[derive(Clone, Copy)]
pub struct Source<'a> {
    pub graphs: &'a [Graph],
    /// Whether a tensor is fed by constants alone ([`crate::weights::fold::constant_tensors`]).
    pub is_constant: &'a dyn Fn(GraphId, TensorId) -> bool,
    pub groups: &'a dyn Fn(GraphId) -> &'a Groups,
    pub fold: &'a Fold,
}

/// The graph to lay out, and what its nodes, frames and edges stand for.
#[derive(Clone, Debug, Default)]
pub struct Drawn {
    /// Nodes and frames have no size yet.
    pub graph: LayoutGraph,
    /// Of each graph its inputs, operations and groups in file order, its outputs.
    pub nodes: Vec<Node>,
    pub frames: Vec<FrameOf>,
    /// For each edge the tensor that flows along it; of several the first.
    pub tensors: Vec<TensorRef>,
    /// For each edge how many tensors flow along it: between closed groups there is one edge for all.
    pub counts: Vec<u32>,
    node_of: HashMap<GraphId, Vec<Option<u32>>>,
}

impl Drawn {
    /// Operations that only prepare constants are hidden, unless a chain is open: those of kind `Const`, and
    /// those whose outputs are all fed by constants alone.
    pub fn of(source: &Source<'_>, graph: GraphId) -> Self {
        let mut builder = Builder { source: *source, drawn: Self::default(), merged: HashMap::new(), seen: HashSet::new() };
        let mut open = vec![(graph, None)];
        // A graph is drawn once, so that bodies which call each other come to an end.
        let mut seen = HashSet::from([graph]);
        while let Some((graph, around)) = open.pop() {
            builder.add_graph(graph, around);
            for (body, frame) in builder.add_bodies(graph, &mut seen).into_iter().rev() {
                open.push((body, Some(frame)));
            }
        }
        builder.drawn
    }

    /// The node that shows an operation: its own, or the closed group that holds it.
    pub fn node_of(&self, operation: OperationRef) -> Option<u32> {
        self.node_of.get(&operation.graph)?.get(operation.operation.0 as usize).copied().flatten()
    }

    /// The frame of a node that is an operation with its bodies.
    pub fn own_frame(&self, node: u32) -> Option<u32> {
        self.graph.frames.iter().position(|frame| frame.node == Some(node)).map(|frame| frame as u32)
    }
}

struct Builder<'a> {
    source: Source<'a>,
    drawn: Drawn,
    /// The edges at closed groups.
    merged: HashMap<(u32, u32), u32>,
    /// The tensors that flow along them.
    seen: HashSet<(u32, u32, TensorRef)>,
}

/// How a group is shown.
#[derive(Clone, Copy)]
enum Shown {
    Open(u32),
    /// Within the closed group.
    Closed(GroupId),
}

impl Builder<'_> {
    fn add_graph(&mut self, id: GraphId, around: Option<u32>) {
        let Some(graph) = self.source.graphs.get(id.0 as usize) else { return };
        let tensor = |tensor: &TensorId| graph.tensors.get(tensor.0 as usize);
        let at = |tensor: TensorId| TensorRef { graph: id, tensor };
        // Which node makes a tensor.
        let mut maker: Vec<Option<u32>> = vec![None; graph.tensors.len()];
        for input in &graph.inputs {
            if let Some(slot) = maker.get_mut(input.0 as usize)
                && slot.is_none()
                && tensor(input).is_some_and(|tensor| tensor.producer.is_none())
            {
                *slot = Some(self.add(Node::Input(at(*input)), around));
            }
        }
        let node_of = self.add_operations(id, graph, around, &mut maker);
        self.add_chains(id, graph, &mut maker);
        let node_of = self.drawn.node_of.entry(id).or_insert(node_of).clone();
        for (operation_id, operation) in graph.operations() {
            let Some(node) = node_of[operation_id.0 as usize] else { continue };
            let mut inputs: Vec<TensorId> = operation.inputs.iter().flatten().copied().collect();
            inputs.sort_unstable();
            inputs.dedup();
            for input in inputs {
                self.connect(maker.get(input.0 as usize).copied().flatten(), node, at(input));
            }
        }
        let mut outputs: Vec<TensorId> = graph.outputs.clone();
        let mut seen = HashSet::new();
        outputs.retain(|output| seen.insert(*output));
        for output in outputs {
            // OpenVINO has operations for outputs; graphs of what was executed call them `Output`.
            let is_result = |id: &OperationId| {
                graph.operations.get(id.0 as usize).is_some_and(|operation| matches!(operation.kind.as_str(), "Result" | "Output"))
            };
            let is_drawn_already = tensor(&output)
                .is_none_or(|tensor| tensor.consumers.iter().any(is_result) || tensor.producer.as_ref().is_some_and(is_result));
            if !is_drawn_already {
                let node = self.add(Node::Output(at(output)), around);
                self.connect(maker.get(output.0 as usize).copied().flatten(), node, at(output));
            }
        }
    }

    /// Nodes for operations and closed groups, frames for open ones. Returns the node of each operation.
    fn add_operations(&mut self, id: GraphId, graph: &Graph, around: Option<u32>, maker: &mut [Option<u32>]) -> Vec<Option<u32>> {
        let groups = (self.source.groups)(id);
        let fold = self.source.fold;
        let mut shown: Vec<Shown> = Vec::new();
        let all = if fold.is_grouped { groups.all() } else { &[] };
        for (group_id, group) in (0..).map(GroupId).zip(all) {
            let at = GroupRef { graph: id, group: group_id };
            let outer = group.parent.map(|parent| shown[parent.0 as usize]);
            shown.push(match outer {
                Some(Shown::Closed(closed)) => Shown::Closed(closed),
                _ if !fold.open.contains(&at) => Shown::Closed(group_id),
                Some(Shown::Open(frame)) => Shown::Open(self.add_frame(FrameOf::Group(at), Some(frame), None)),
                None => Shown::Open(self.add_frame(FrameOf::Group(at), around, None)),
            });
        }
        let mut closed: HashMap<GroupId, u32> = HashMap::new();
        let mut node_of = vec![None; graph.operations.len()];
        for (operation_id, operation) in graph.operations() {
            if self.is_folded(id, operation) {
                continue;
            }
            let inner = groups.of_operation(operation_id).and_then(|group| shown.get(group.0 as usize));
            let node = match inner {
                Some(Shown::Closed(group)) => match closed.get(group) {
                    Some(node) => *node,
                    None => {
                        let frame = groups.group(*group).parent.and_then(|parent| match shown[parent.0 as usize] {
                            Shown::Open(frame) => Some(frame),
                            Shown::Closed(_) => None,
                        });
                        let node = self.add(Node::Group(GroupRef { graph: id, group: *group }), frame.or(around));
                        closed.insert(*group, node);
                        node
                    }
                },
                Some(Shown::Open(frame)) => self.add(Node::Operation(OperationRef { graph: id, operation: operation_id }), Some(*frame)),
                None => self.add(Node::Operation(OperationRef { graph: id, operation: operation_id }), around),
            };
            node_of[operation_id.0 as usize] = Some(node);
            for output in &operation.outputs {
                if let Some(slot) = maker.get_mut(output.0 as usize)
                    && slot.is_none()
                {
                    *slot = Some(node);
                }
            }
        }
        self.drawn.node_of.insert(id, node_of.clone());
        node_of
    }

    /// Nodes for what prepares the constants of operations whose chains are open.
    fn add_chains(&mut self, id: GraphId, graph: &Graph, maker: &mut [Option<u32>]) {
        /// Chains in real models are below twenty operations.
        const MOST: usize = 1024;
        let first = OperationRef { graph: id, operation: OperationId(0) };
        let last = OperationRef { graph: id, operation: OperationId(u32::MAX) };
        for reader in self.source.fold.chains.range(first..=last) {
            let Some(node) = self.drawn.node_of(*reader).filter(|node| self.drawn.nodes[*node as usize] == Node::Operation(*reader)) else {
                continue;
            };
            let frame = self.drawn.graph.frame_of[node as usize];
            let mut open: Vec<TensorId> = graph.operation(reader.operation).inputs.iter().flatten().copied().rev().collect();
            let mut rest = MOST;
            while let Some(tensor) = open.pop() {
                let slot = tensor.0 as usize;
                if maker.get(slot) != Some(&None) || !(self.source.is_constant)(id, tensor) || rest == 0 {
                    continue;
                }
                rest -= 1;
                match graph.tensor(tensor).producer {
                    None => maker[slot] = Some(self.add(Node::Constant(TensorRef { graph: id, tensor }), frame)),
                    Some(operation) => {
                        let node = self.add(Node::Operation(OperationRef { graph: id, operation }), frame);
                        let of_graph = self.drawn.node_of.entry(id).or_default();
                        of_graph.iter_mut().skip(operation.0 as usize).take(1).for_each(|slot| *slot = Some(node));
                        let operation = graph.operation(operation);
                        operation.outputs.iter().for_each(|output| maker[output.0 as usize] = Some(node));
                        open.extend(operation.inputs.iter().flatten().rev());
                    }
                }
            }
        }
    }

    /// Frames for the bodies of a graph's operations; returns the bodies, each with its frame.
    fn add_bodies(&mut self, id: GraphId, seen: &mut HashSet<GraphId>) -> Vec<(GraphId, u32)> {
        let first = OperationRef { graph: id, operation: OperationId(0) };
        let last = OperationRef { graph: id, operation: OperationId(u32::MAX) };
        let mut found = Vec::new();
        for caller in self.source.fold.bodies.range(first..=last) {
            let Some(node) = self.drawn.node_of(*caller).filter(|node| self.drawn.nodes[*node as usize] == Node::Operation(*caller)) else {
                continue;
            };
            let graphs = &self.source.graphs[id.0 as usize].operation(caller.operation).graphs;
            let bodies: Vec<GraphId> =
                graphs.iter().copied().filter(|body| (body.0 as usize) < self.source.graphs.len() && seen.insert(*body)).collect();
            if bodies.is_empty() {
                continue;
            }
            let around = self.drawn.graph.frame_of[node as usize];
            let frame = self.add_frame(FrameOf::Operation(*caller), around, Some(node));
            match bodies[..] {
                [body] => found.push((body, frame)),
                _ => found.extend(bodies.into_iter().map(|body| (body, self.add_frame(FrameOf::Body(body), Some(frame), None)))),
            }
        }
        found
    }

    fn is_folded(&self, graph: GraphId, operation: &Operation) -> bool {
        !operation.outputs.is_empty() && operation.outputs.iter().all(|output| (self.source.is_constant)(graph, *output))
    }

    fn add(&mut self, node: Node, frame: Option<u32>) -> u32 {
        let index = self.drawn.nodes.len() as u32;
        self.drawn.nodes.push(node);
        self.drawn.graph.nodes.push(NodeSize::default());
        self.drawn.graph.frame_of.push(frame);
        index
    }

    fn add_frame(&mut self, of: FrameOf, parent: Option<u32>, node: Option<u32>) -> u32 {
        let index = self.drawn.frames.len() as u32;
        self.drawn.frames.push(of);
        self.drawn.graph.frames.push(Frame { parent, node, width: 0.0 });
        index
    }

    fn connect(&mut self, from: Option<u32>, to: u32, tensor: TensorRef) {
        let Some(from) = from else { return };
        let is_group = |node: u32| matches!(self.drawn.nodes[node as usize], Node::Group(_));
        if is_group(from) || is_group(to) {
            if from == to || !self.seen.insert((from, to, tensor)) {
                return;
            }
            if let Some(edge) = self.merged.get(&(from, to)) {
                self.drawn.counts[*edge as usize] += 1;
                return;
            }
            self.merged.insert((from, to), self.drawn.tensors.len() as u32);
        }
        self.drawn.graph.edges.push((from, to));
        self.drawn.graph.lines.push(tensor.tensor.0);
        self.drawn.tensors.push(tensor);
        self.drawn.counts.push(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{DType, Shape, Tensor};

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

    fn drawn(graphs: &[Graph], constant: &[bool], fold: &Fold) -> Drawn {
        let groups: Vec<Groups> = graphs.iter().map(|graph| Groups::of(graph, |_| true, &[])).collect();
        let is_constant = |graph: GraphId, id: TensorId| graph == GraphId(0) && constant.get(id.0 as usize) == Some(&true);
        Drawn::of(&Source { graphs, is_constant: &is_constant, groups: &|graph| &groups[graph.0 as usize], fold }, GraphId(0))
    }

    fn op(id: u32) -> OperationRef {
        OperationRef { graph: GraphId(0), operation: OperationId(id) }
    }

    fn at(id: u32) -> TensorRef {
        TensorRef { graph: GraphId(0), tensor: TensorId(id) }
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
        let graphs = [graph];
        let folded = drawn(&graphs, &constant, &Fold::flat());
        let operation = |id| Node::Operation(op(id));
        assert_eq!(folded.nodes, [Node::Input(at(0)), operation(3), operation(4), Node::Output(at(5))]);
        assert_eq!(folded.graph.edges, [(0, 1), (1, 2), (2, 3)]);
        assert_eq!(folded.tensors, [at(0), at(4), at(5)]);
        assert_eq!([0, 1, 2, 3, 4].map(|id| folded.node_of(op(id))), [None, None, None, Some(1), Some(2)]);
        // The chain of the convolution's kernel, and nothing else.
        let open = drawn(&graphs, &constant, &Fold { chains: [op(3)].into(), ..Fold::flat() });
        assert_eq!(open.nodes[..3], [Node::Input(at(0)), operation(3), operation(4)]);
        assert_eq!(open.nodes[3..], [operation(2), operation(1), operation(0), Node::Output(at(5))]);
        assert_eq!(open.graph.edges, [(5, 4), (4, 3), (0, 1), (3, 1), (1, 2), (2, 6)]);
        assert_eq!(open.node_of(op(1)), Some(4));
    }

    #[test]
    fn parameters_and_results_stand_for_themselves() {
        let operations = vec![operation("Parameter", &[], &[0]), operation("Relu", &[0], &[1]), operation("Result", &[1], &[])];
        let drawn = drawn(&[graph(2, operations, &[0], &[1])], &[], &Fold::flat());
        assert_eq!(drawn.nodes, [0, 1, 2].map(|id| Node::Operation(op(id))));
        assert_eq!(drawn.graph.edges, [(0, 1), (1, 2)]);
    }

    /// A graph of what was executed: its constants hold nothing, and are layers like others.
    #[test]
    fn constants_without_data_are_drawn() {
        let operations = vec![operation("Const", &[], &[0]), operation("Reorder", &[0], &[1]), operation("Output", &[1], &[])];
        let drawn = drawn(&[graph(2, operations, &[], &[1])], &[false, false], &Fold::flat());
        assert_eq!(drawn.nodes, [0, 1, 2].map(|id| Node::Operation(op(id))));
        assert_eq!(drawn.graph.edges, [(0, 1), (1, 2)]);
    }

    /// Two groups of three operations; two tensors pass from the first to the second, one of them to two
    /// readers.
    #[test]
    fn groups_open_and_closed() {
        let named = |name: &str, operation: Operation| Operation { name: name.into(), ..operation };
        let operations = vec![
            named("a/1", operation("Relu", &[0], &[1])),
            named("a/2", operation("Relu", &[1], &[2])),
            named("a/3", operation("Add", &[1, 2], &[3])),
            named("b/1", operation("Relu", &[3], &[4])),
            named("b/2", operation("Add", &[4, 2], &[5])),
            named("b/3", operation("Add", &[5, 3], &[6])),
        ];
        let graphs = [graph(7, operations, &[0], &[6])];
        let group = |id: u32| GroupRef { graph: GraphId(0), group: GroupId(id) };
        let closed = drawn(&graphs, &[], &Fold::closed());
        assert_eq!(closed.nodes, [Node::Input(at(0)), Node::Group(group(0)), Node::Group(group(1)), Node::Output(at(6))]);
        assert_eq!((closed.graph.edges, closed.counts), (vec![(0, 1), (1, 2), (2, 3)], vec![1, 2, 1]));
        assert!(closed.frames.is_empty());
        let half = drawn(&graphs, &[], &Fold { open: [group(1)].into(), ..Fold::closed() });
        assert_eq!(half.frames, [FrameOf::Group(group(1))]);
        assert_eq!(half.graph.frame_of, [None, None, Some(0), Some(0), Some(0), None]);
        assert_eq!(half.graph.edges, [(0, 1), (1, 2), (1, 3), (2, 3), (1, 4), (3, 4), (4, 5)]);
        assert_eq!((half.node_of(op(2)), half.node_of(op(4))), (Some(1), Some(3)));
        assert_eq!(drawn(&graphs, &[], &Fold::flat()).nodes.len(), 8);
    }

    /// A body is drawn in its operation's frame, once, even if it calls itself.
    #[test]
    fn bodies_in_place() {
        let calls = |mut operation: Operation, graphs: &[u32]| {
            operation.graphs = graphs.iter().copied().map(GraphId).collect();
            operation
        };
        let graphs = [
            graph(3, vec![operation("Relu", &[0], &[1]), calls(operation("If", &[1], &[2]), &[1, 2, 9])], &[0], &[2]),
            graph(2, vec![calls(operation("Loop", &[0], &[1]), &[1])], &[0], &[1]),
            graph(2, vec![operation("Exp", &[0], &[1])], &[0], &[1]),
        ];
        let inner = OperationRef { graph: GraphId(1), operation: OperationId(0) };
        let open = drawn(&graphs, &[], &Fold { bodies: [op(1), inner].into(), ..Fold::flat() });
        assert_eq!(open.frames, [FrameOf::Operation(op(1)), FrameOf::Body(GraphId(1)), FrameOf::Body(GraphId(2))]);
        assert_eq!((open.own_frame(2), open.graph.frames[0].node), (Some(0), Some(2)));
        assert_eq!(open.nodes.len(), 4 + 3 + 3);
        assert_eq!(open.graph.frame_of[4..], [Some(1), Some(1), Some(1), Some(2), Some(2), Some(2)]);
        assert_eq!(drawn(&graphs, &[], &Fold::flat()).nodes.len(), 4);
    }
}
