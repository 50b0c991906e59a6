//! From the record of a document to graphs: ports become tensors, edges become inputs, bodies become
//! graphs of their own.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::attribute;
use super::constants::Constants;
use super::flow;
use super::warnings::Warnings;
use super::xml::{Layer, Net, Port};
use crate::model::{DType, Graph, GraphId, Joins, Operation, Shape, Tensor, TensorId};

/// The graph of the net, and those of its bodies behind it in document order.
pub fn graphs(net: Net, constants: &mut Constants, warnings: &mut Warnings) -> Vec<Graph> {
    let mut builder = Builder { graphs: Vec::new(), joins: Joins::default(), constants, warnings };
    let name = net.name.clone();
    builder.add(net, name, Vec::new());
    builder.joins.settle(&mut builder.graphs);
    builder.graphs
}

struct Builder<'a> {
    graphs: Vec<Graph>,
    /// What operations and their bodies hand to each other.
    joins: Joins,
    constants: &'a mut Constants,
    warnings: &'a mut Warnings,
}

impl Builder<'_> {
    /// Adds a net and, behind it, the bodies of its layers. Recursion is as deep as the record is,
    /// which the XML reader bounds.
    fn add(&mut self, net: Net, name: String, path: Vec<String>) -> GraphId {
        let id = GraphId(u32::try_from(self.graphs.len()).unwrap_or(u32::MAX));
        self.graphs.push(Graph::default());
        let inputs = connect(&net, self.warnings);
        let mut graph = Graph { name, path, ..Graph::default() };
        let mut first_tensors = Vec::with_capacity(net.layers.len());
        for (position, layer) in net.layers.iter().enumerate() {
            first_tensors.push(graph.tensors.len());
            self.add_tensors(layer, &mut graph.tensors);
            if !is_known_opset(&layer.version) {
                self.warnings.add("an operation belongs to an opset that is not OpenVINO's own", || {
                    format!("`{}` of type {} in {}", layer.name, layer.kind, layer.version)
                });
            }
            if layer.id.is_none() {
                self.warnings.add("a layer has no whole number as its id", || format!("layer `{}` at position {position}", layer.name));
            }
        }
        let tensor = |(layer, output): (usize, usize)| first_tensors.get(layer).map(|first| id_of(first + output));
        for ((position, layer), fed) in net.layers.into_iter().enumerate().zip(inputs) {
            let inputs: Vec<Option<TensorId>> = fed.into_iter().map(|source| source.and_then(tensor)).collect();
            let outputs: Vec<TensorId> = (0..output_count(&layer)).filter_map(|output| tensor((position, output))).collect();
            match layer.kind.as_str() {
                "Parameter" => graph.inputs.extend(&outputs),
                "Result" => graph.outputs.extend(inputs.first().copied().flatten()),
                _ => {}
            }
            let mut bodies = Vec::with_capacity(layer.bodies.len());
            for (tag, body) in layer.bodies {
                let mut path = graph.path.clone();
                path.push(format!("{}/{tag}", layer.name));
                bodies.push((tag, self.add(body, path.join("/"), path)));
            }
            let operation = Operation {
                graphs: bodies.iter().map(|(_, body)| *body).collect(),
                index: layer.id.unwrap_or(position as u64),
                name: layer.name,
                kind: layer.kind,
                version: layer.version,
                attributes: layer.attributes,
                inputs,
                outputs,
            };
            if !bodies.is_empty() {
                let (inputs, outputs) = (flow::positions(&layer.inputs), flow::positions(&layer.outputs));
                let caller = flow::Caller { graph: id, operation: &operation, inputs, outputs };
                for (tag, body) in bodies {
                    if let Some(of_body) = self.graphs.get(body.0 as usize) {
                        flow::join(&caller, body, of_body, &tag, &mut self.joins);
                    }
                }
            }
            graph.operations.push(operation);
        }
        graph.link();
        if let Some(place) = self.graphs.get_mut(id.0 as usize) {
            *place = graph;
        }
        id
    }

    /// One tensor an output port; a constant has one even where it lists no port.
    fn add_tensors(&mut self, layer: &Layer, tensors: &mut Vec<Tensor>) {
        let is_constant = is_constant(layer);
        for output in 0..output_count(layer) {
            let port = layer.outputs.get(output);
            let name = match port.and_then(|port| port.name.clone()) {
                Some(name) => name,
                None if layer.outputs.len() > 1 => format!("{}:{output}", layer.name),
                None => layer.name.clone(),
            };
            let declared = matches!(layer.kind.as_str(), "Parameter") || is_constant;
            let dtype = declared.then(|| declared_type(&layer.attributes)).flatten().or(port.and_then(|port| port.dtype));
            let dtype = dtype.unwrap_or(DType::Dynamic);
            if let DType::Unknown(_) = dtype {
                self.warnings.add("an element type is not known", || format!("layer `{}`", layer.name));
            }
            let from_port = || Shape::Ranked(port.map_or_else(Vec::new, |port: &Port| port.dims.clone()));
            let mut tensor = Tensor::computed(name, dtype, Shape::Unknown);
            tensor.shape = if declared { declared_shape(&layer.attributes).unwrap_or_else(from_port) } else { from_port() };
            if is_constant && output == 0 {
                let whole = |key: &str| layer.attributes.get(key).and_then(Value::as_u64);
                let range = whole("offset").zip(whole("size"));
                tensor.data = self.constants.data(&layer.name, dtype, &tensor.shape, range);
            }
            tensors.push(tensor);
        }
    }
}

/// For every layer, for every input, the layer and output that feed it, as positions.
fn connect(net: &Net, warnings: &mut Warnings) -> Vec<Vec<Option<(usize, usize)>>> {
    let mut ids = HashSet::with_capacity(net.layers.len());
    let mut sources = HashMap::new();
    let mut targets = HashMap::new();
    for (position, layer) in net.layers.iter().enumerate() {
        let Some(id) = layer.id else { continue };
        if !ids.insert(id) {
            warnings.add("two layers have the same id; edges to it mean the first", || format!("id {id}, layer `{}`", layer.name));
        }
        for (ports, map) in [(&layer.inputs, &mut targets), (&layer.outputs, &mut sources)] {
            for (index, port) in ports.iter().enumerate() {
                let Some(port) = port.id else { continue };
                map.entry((id, port)).or_insert((position, index));
            }
        }
    }
    let mut inputs: Vec<Vec<Option<(usize, usize)>>> = net.layers.iter().map(|layer| vec![None; layer.inputs.len()]).collect();
    for edge in &net.edges {
        let whole = |(layer, port): (Option<u64>, Option<u64>)| layer.zip(port);
        let shown = || {
            let show = |id: Option<u64>| id.map_or_else(|| "?".to_owned(), |id| id.to_string());
            format!("from layer {} port {} to layer {} port {}", show(edge.from.0), show(edge.from.1), show(edge.to.0), show(edge.to.1))
        };
        let source = whole(edge.from).and_then(|key| sources.get(&key));
        let target = whole(edge.to).and_then(|key| targets.get(&key));
        let slot = target.and_then(|&(layer, index)| inputs.get_mut(layer)?.get_mut(index));
        match (source, slot) {
            (Some(source), Some(slot @ None)) => *slot = Some(*source),
            (Some(_), Some(Some(_))) => warnings.add("an input has more than one edge; the first counts", shown),
            _ => warnings.add("an edge leads from or to a port that does not exist", shown),
        }
    }
    inputs
}

fn output_count(layer: &Layer) -> usize {
    layer.outputs.len().max(usize::from(is_constant(layer)))
}

fn is_constant(layer: &Layer) -> bool {
    matches!(layer.kind.as_str(), "Const" | "Constant")
}

fn declared_type(attributes: &Map<String, Value>) -> Option<DType> {
    attributes.get("element_type").and_then(Value::as_str).map(attribute::element_type)
}

/// The `shape` attribute of a `Parameter` or `Const`: whole numbers, `?` or `1..8` for dimensions
/// that are open, `...` for an open rank.
fn declared_shape(attributes: &Map<String, Value>) -> Option<Shape> {
    let entries = attributes.get("shape")?.as_array()?;
    if entries.iter().any(|entry| entry.as_str() == Some("...")) {
        return Some(Shape::Unknown);
    }
    Some(Shape::Ranked(entries.iter().map(Value::as_u64).collect()))
}

/// OpenVINO's opsets, and the names that it gives its extensions. Graphs of what is executed have none.
fn is_known_opset(version: &str) -> bool {
    let extensions = ["", "extension", "experimental", "ie_internal_opset", "util", "framework_node_ext"];
    let number = version.strip_prefix("opset").unwrap_or_default();
    extensions.contains(&version) || (!number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

fn id_of(position: usize) -> TensorId {
    TensorId(u32::try_from(position).unwrap_or(u32::MAX))
}
