//! How values get into bodies and out of them: the port maps and back edges of `TensorIterator`, `Loop`
//! and `If`.
//!
//! Source: OpenVINO, `docs/articles_en/documentation/openvino-ir-format/operation-sets/operation-specs/`
//! (`infrastructure/loop-5.rst`, `tensor-iterator-1.rst`, `condition/if-8.rst`). `external_port_id` is a port's
//! id, `internal_layer_id` the id of a `Parameter` or `Result` of the body.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::record::Port;
use crate::model::{Graph, GraphId, Joins, Operation, TensorRef};

/// An operation with bodies, and where its ports are among its inputs and outputs.
pub struct Caller<'c> {
    pub graph: GraphId,
    pub operation: &'c Operation,
    pub inputs: HashMap<u64, usize>,
    pub outputs: HashMap<u64, usize>,
}

/// The positions of ports, by their ids.
pub fn positions(ports: &[Port]) -> HashMap<u64, usize> {
    ports.iter().enumerate().rev().filter_map(|(position, port)| Some((port.id?, position))).collect()
}

/// What the operation and the body with this tag hand to each other.
pub fn join(caller: &Caller<'_>, id: GraphId, body: &Graph, tag: &str, joins: &mut Joins) {
    let place = |tensor| TensorRef { graph: id, tensor };
    let outer = |tensor| TensorRef { graph: caller.graph, tensor };
    let mut parameters = HashMap::new();
    let mut results = HashMap::new();
    for operation in body.operations.iter().rev() {
        match operation.kind.as_str() {
            "Parameter" => parameters.extend(operation.outputs.first().map(|output| (operation.index, place(*output)))),
            "Result" => results.extend(operation.inputs.first().copied().flatten().map(|input| (operation.index, place(input)))),
            _ => {}
        }
    }
    let attribute = |name: &str| caller.operation.attributes.get(&tag.replace("body", name));
    let map = attribute("port_map");
    for entry in entries(map, "input") {
        let Some(parameter) = number(entry, "internal_layer_id").and_then(|layer| parameters.get(&layer)) else { continue };
        let position = number(entry, "external_port_id").and_then(|port| caller.inputs.get(&port));
        let operand = position.and_then(|position| caller.operation.inputs.get(*position).copied().flatten());
        // With an axis, a turn gets a slice of the operand.
        let operand = operand.filter(|_| !entry.contains_key("axis"));
        joins.add(*parameter, operand.map(outer));
    }
    let mut next_turn = HashMap::new();
    for entry in entries(attribute("back_edges"), "edge") {
        let from = number(entry, "from-layer").and_then(|layer| Some((layer, *results.get(&layer)?)));
        if let Some(parameter) = number(entry, "to-layer").and_then(|layer| parameters.get(&layer)) {
            joins.add(*parameter, from.map(|(_, tensor)| tensor));
            next_turn.extend(from.map(|(layer, _)| (layer, *parameter)));
        }
    }
    let mut is_fed = vec![false; caller.operation.outputs.len()];
    for entry in entries(map, "output") {
        let position = number(entry, "external_port_id").and_then(|port| caller.outputs.get(&port).copied());
        let Some((output, is_fed)) = position.and_then(|at| caller.operation.outputs.get(at).zip(is_fed.get_mut(at))) else { continue };
        *is_fed = true;
        let output = outer(*output);
        let layer = number(entry, "internal_layer_id");
        // With an axis, the turns' values are put end to end.
        let result = layer.and_then(|layer| results.get(&layer).copied()).filter(|_| !entry.contains_key("axis"));
        joins.add(output, result);
        if caller.operation.kind == "Loop" {
            // Without any turn, what goes in comes out.
            joins.add(output, layer.and_then(|layer| next_turn.get(&layer).copied()));
        }
    }
    let outputs = caller.operation.outputs.iter().zip(is_fed);
    outputs.filter(|(_, is_fed)| !is_fed).for_each(|(output, _)| joins.add(outer(*output), None));
}

fn entries<'m>(map: Option<&'m Value>, tag: &str) -> impl Iterator<Item = &'m Map<String, Value>> {
    map.and_then(|map| map.get(tag)).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object)
}

fn number(entry: &Map<String, Value>, key: &str) -> Option<u64> {
    entry.get(key).and_then(Value::as_u64)
}
