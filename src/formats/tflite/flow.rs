//! How values get from graph to graph: operands of calls and loops, and resource variables.
//!
//! Source: the kernels `if.cc`, `while.cc`, `stablehlo_case.cc`, `call_once.cc`, `var_handle.cc`, `assign_variable.cc` and
//! `read_variable.cc` in `tflite/kernels`; `CALL` and `STABLEHLO_COMPOSITE` by the schema's comments.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use crate::model::{Graph, GraphId, Joins, Operation, OperationId, TensorId, TensorRef};

/// Finds the tensors that are a constant of another graph. `entries`: the graphs that may be called from
/// outside the file, so that anything may be passed in.
pub fn trace(graphs: &mut [Graph], entries: &HashSet<usize>) {
    let mut joins = Joins::default();
    for (id, graph) in (0..).map(GraphId).zip(&*graphs) {
        for operation in &graph.operations {
            calls(graphs, id, operation, &mut joins);
        }
        if entries.contains(&(id.0 as usize)) {
            graph.inputs.iter().for_each(|input| joins.add(TensorRef { graph: id, tensor: *input }, None));
        }
    }
    variables(graphs, &mut joins);
    joins.settle(graphs);
}

/// What an operation passes to the graphs that it calls, and what they give back.
fn calls(graphs: &[Graph], caller: GraphId, operation: &Operation, joins: &mut Joins) {
    let callee = |key: &str| {
        let index = operation.attributes.get(key).and_then(Value::as_u64).and_then(|index| u32::try_from(index).ok());
        index.map(GraphId).filter(|id| (id.0 as usize) < graphs.len())
    };
    let mut call = Call { graphs, caller, operation, joins };
    match operation.kind.as_str() {
        "IF" => {
            for branch in [callee("then_subgraph_index"), callee("else_subgraph_index")] {
                call.pass(branch, 1);
                call.give_back(branch);
            }
        }
        "WHILE" | "STABLEHLO_WHILE" => {
            let (condition, body) = (callee("cond_subgraph_index"), callee("body_subgraph_index"));
            for part in [condition, body] {
                call.pass(part, 0);
                call.pass_on(body, part);
            }
            // A loop that is left at once gives back what it was given.
            call.give_back(body);
            call.give_back_operands();
        }
        "CALL" => {
            call.pass(callee("subgraph"), 0);
            call.give_back(callee("subgraph"));
        }
        "STABLEHLO_COMPOSITE" => {
            call.pass(callee("decomposition_subgraph_index"), 0);
            call.give_back(callee("decomposition_subgraph_index"));
        }
        "STABLEHLO_CASE" => {
            let is_whole =
                operation.attributes.get("branch_subgraph_indices").and_then(Value::as_array).map(Vec::len) == Some(operation.graphs.len());
            for branch in &operation.graphs {
                call.pass(Some(*branch), 1);
                call.give_back(Some(*branch));
            }
            // Without a branch, or with one that the file lacks, nothing is known of the result.
            if !is_whole || operation.graphs.is_empty() {
                call.give_back(None);
            }
        }
        // Reductions, sorts and the like pass what they make themselves.
        _ => operation.graphs.iter().for_each(|callee| call.pass_anything(*callee)),
    }
}

struct Call<'c> {
    graphs: &'c [Graph],
    caller: GraphId,
    operation: &'c Operation,
    joins: &'c mut Joins,
}

impl Call<'_> {
    /// The operation's inputs from `first` on are the graph's inputs.
    fn pass(&mut self, callee: Option<GraphId>, first: usize) {
        let Some(callee) = callee else { return };
        for (position, input) in self.inputs_of(callee).enumerate() {
            let operand = self.operation.inputs.get(first + position).copied().flatten();
            self.arrive(input, operand.map(|tensor| TensorRef { graph: self.caller, tensor }));
        }
    }

    /// The outputs of a loop's body are the inputs of the next turn.
    fn pass_on(&mut self, body: Option<GraphId>, part: Option<GraphId>) {
        let Some(part) = part else { return };
        for (position, input) in self.inputs_of(part).enumerate() {
            self.arrive(input, self.output_of(body, position));
        }
    }

    /// A graph's input that an operation of the graph writes too may hold anything.
    fn arrive(&mut self, input: TensorRef, source: Option<TensorRef>) {
        let is_written = self.graphs.get(input.graph.0 as usize).is_some_and(|graph| graph.tensor(input.tensor).producer.is_some());
        self.joins.add(input, source.filter(|_| !is_written));
    }

    fn pass_anything(&mut self, callee: GraphId) {
        self.inputs_of(callee).for_each(|input| self.joins.add(input, None));
    }

    /// The graph's outputs are the operation's.
    fn give_back(&mut self, callee: Option<GraphId>) {
        for (position, tensor) in self.operation.outputs.iter().enumerate() {
            let source = self.output_of(callee, position);
            self.joins.add(TensorRef { graph: self.caller, tensor: *tensor }, source);
        }
    }

    fn give_back_operands(&mut self) {
        for (position, tensor) in self.operation.outputs.iter().enumerate() {
            let operand = self.operation.inputs.get(position).copied().flatten();
            let operand = operand.map(|tensor| TensorRef { graph: self.caller, tensor });
            self.joins.add(TensorRef { graph: self.caller, tensor: *tensor }, operand);
        }
    }

    /// A graph's inputs, by position.
    fn inputs_of(&self, callee: GraphId) -> impl Iterator<Item = TensorRef> + use<> {
        let inputs: Vec<TensorId> = self.graphs.get(callee.0 as usize).map_or_else(Vec::new, |graph| graph.inputs.clone());
        inputs.into_iter().map(move |tensor| TensorRef { graph: callee, tensor })
    }

    fn output_of(&self, callee: Option<GraphId>, position: usize) -> Option<TensorRef> {
        let graph = callee?;
        self.graphs.get(graph.0 as usize)?.outputs.get(position).map(|tensor| TensorRef { graph, tensor: *tensor })
    }
}

/// A variable that one operation of the file alone assigns to is what is assigned. Variables go by
/// container and name; a handle may be passed to another graph like any operand.
fn variables(graphs: &[Graph], joins: &mut Joins) {
    let mut first_of: HashMap<(String, String), TensorRef> = HashMap::new();
    let mut first_handle: HashMap<TensorRef, TensorRef> = HashMap::new();
    for (place, operation) in of_kind(graphs, "VAR_HANDLE") {
        let text = |key: &str| operation.attributes.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        for output in &operation.outputs {
            let handle = TensorRef { graph: place.0, tensor: *output };
            let first = *first_of.entry((text("container"), text("shared_name"))).or_insert(handle);
            first_handle.insert(handle, first);
        }
    }
    if first_handle.is_empty() {
        return;
    }
    let passed = joins.solve(graphs, |tensor, _| first_handle.get(&tensor).copied());
    let input = |graph: GraphId, operation: &Operation, position: usize| {
        operation.inputs.get(position).copied().flatten().map(|tensor| TensorRef { graph, tensor })
    };
    let variable = |graph: GraphId, operation: &Operation| {
        let handle = input(graph, operation, 0)?;
        first_handle.get(&handle).or_else(|| passed.get(&handle)).copied()
    };
    // For each variable, what the only assignment sets; `None` once there is a second one.
    let mut assigned: HashMap<TensorRef, Option<TensorRef>> = HashMap::new();
    for ((graph, _), operation) in of_kind(graphs, "ASSIGN_VARIABLE") {
        // Of an unknown handle: it may be any variable's.
        let Some(handle) = variable(graph, operation) else { return };
        let value = input(graph, operation, 1);
        assigned.entry(handle).and_modify(|value| *value = None).or_insert(value);
    }
    for ((graph, _), operation) in of_kind(graphs, "READ_VARIABLE") {
        let value = variable(graph, operation).and_then(|handle| assigned.get(&handle).copied().flatten());
        for output in &operation.outputs {
            joins.add(TensorRef { graph, tensor: *output }, value);
        }
    }
}

fn of_kind<'g>(graphs: &'g [Graph], kind: &'static str) -> impl Iterator<Item = ((GraphId, OperationId), &'g Operation)> {
    let all = (0..).map(GraphId).zip(graphs).flat_map(|(id, graph)| graph.operations().map(move |(of, operation)| ((id, of), operation)));
    all.filter(move |(_, operation)| operation.kind == kind)
}
