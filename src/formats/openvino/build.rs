//! From the record of a document to graphs: ports become tensors, edges become inputs, blobs become
//! constant inputs of their layer, bodies become graphs of their own.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::attribute;
use super::constants::Constants;
use super::defaults;
use super::flow;
use super::legacy;
use super::record::{Layer, Net, Port};
use super::warnings::Warnings;
use crate::model::{Attributes, DType, Data, Graph, GraphId, Joins, Operation, Shape, Tensor, TensorId};

/// The graph of the net, those of its bodies behind it in document order, and what the net says about
/// itself.
pub fn graphs(net: Net, constants: &mut Constants, warnings: &mut Warnings) -> (Vec<Graph>, Map<String, Value>) {
    let dialect = if net.is_legacy() {
        Dialect::Legacy {
            version: format!("v{}", net.version),
            precision: net.info.get("precision").and_then(Value::as_str).map(str::to_owned),
        }
    } else if is_executed(&net) {
        warnings.once("this is a graph of what the runtime executed, with its counters; such a file holds no weights");
        Dialect::Executed
    } else {
        Dialect::Current
    };
    let mut builder = Builder { graphs: Vec::new(), info: Map::new(), joins: Joins::default(), dialect, constants, warnings };
    let name = net.name.clone();
    builder.add(net, name, Vec::new());
    builder.joins.settle(&mut builder.graphs);
    (builder.graphs, builder.info)
}

/// What the layers of a document mean.
enum Dialect {
    /// Versions 10 and 11: operations of opsets; `Const` layers.
    Current,
    /// Versions 2 to 7: layers with blobs. `version` stands for their opset; `precision` is the type
    /// of layers that name none.
    Legacy { version: String, precision: Option<String> },
    /// What a compiled model's runtime graph was saved as.
    Executed,
}

struct Builder<'a> {
    graphs: Vec<Graph>,
    /// What operations and their bodies hand to each other.
    joins: Joins,
    /// The main net's.
    info: Map<String, Value>,
    dialect: Dialect,
    constants: &'a mut Constants,
    warnings: &'a mut Warnings,
}

impl Builder<'_> {
    /// Adds a net and, behind it, the bodies of its layers. Recursion is as deep as the record is,
    /// which the XML reader bounds.
    fn add(&mut self, mut net: Net, name: String, path: Vec<String>) -> GraphId {
        let id = GraphId(u32::try_from(self.graphs.len()).unwrap_or(u32::MAX));
        self.graphs.push(Graph::default());
        if let Dialect::Legacy { precision, .. } = &self.dialect {
            legacy::prepare(&mut net, precision.as_deref());
        }
        let connected = connect(&net, self.warnings);
        net.edges = Vec::new();
        let tensors: usize = net.layers.iter().map(|layer| output_count(layer) + layer.blobs.len()).sum();
        let mut graph = Graph {
            name,
            path,
            operations: Vec::with_capacity(net.layers.len()),
            tensors: Vec::with_capacity(tensors),
            ..Graph::default()
        };
        let mut first_tensors = Vec::with_capacity(net.layers.len());
        for (position, layer) in net.layers.iter_mut().enumerate() {
            first_tensors.push(graph.tensors.len());
            self.add_tensors(layer, &mut graph.tensors);
            if !attribute::is_known_opset(&layer.version) {
                self.warnings.add("an operation belongs to an opset that is not OpenVINO's own", || {
                    format!("`{}` of type {} in {}", layer.name, layer.kind, layer.version)
                });
            }
            if layer.id.is_none() {
                self.warnings.add("a layer has no whole number as its id", || format!("layer `{}` at position {position}", layer.name));
            }
        }
        let tensor = |(layer, output): (usize, usize)| first_tensors.get(layer).map(|first| id_of(first + output));
        let resolve = |fed: Vec<Option<(usize, usize)>>| fed.into_iter().map(|source| source.and_then(tensor)).collect();
        let mut inputs: Vec<Vec<Option<TensorId>>> = connected.into_iter().map(resolve).collect();
        let mut unfed = Vec::new();
        if let Dialect::Legacy { precision, .. } = &self.dialect {
            let precision = precision.clone();
            unfed = self.add_blobs(&mut net, precision.as_deref(), &first_tensors, &mut inputs, &mut graph);
        }
        if matches!(self.dialect, Dialect::Current) {
            add_defaults(&net, &mut inputs, &mut graph);
        }
        for ((position, layer), inputs) in net.layers.into_iter().enumerate().zip(inputs) {
            let outputs: Vec<TensorId> = (0..output_count(&layer)).filter_map(|output| tensor((position, output))).collect();
            match (&self.dialect, layer.kind.as_str()) {
                (Dialect::Current | Dialect::Executed, "Parameter") | (Dialect::Executed, "Input") => graph.inputs.extend(&outputs),
                (Dialect::Current | Dialect::Executed, "Result") | (Dialect::Executed, "Output") => {
                    graph.outputs.extend(inputs.first().copied().flatten());
                }
                (Dialect::Legacy { .. }, _) if legacy::is_input(&layer) => graph.inputs.extend(&outputs),
                _ => {}
            }
            let mut bodies = Vec::with_capacity(layer.bodies.len());
            for (tag, body) in layer.bodies {
                let mut path = graph.path.clone();
                path.push(format!("{}/{tag}", layer.name));
                bodies.push((tag, self.add(body, path.join("/"), path)));
            }
            let version = match &self.dialect {
                Dialect::Legacy { version, .. } => version.clone(),
                Dialect::Current | Dialect::Executed => layer.version,
            };
            let operation = Operation {
                graphs: bodies.iter().map(|(_, body)| *body).collect(),
                index: layer.id.unwrap_or(position as u64),
                name: layer.name,
                kind: layer.kind,
                version,
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
        graph.inputs.extend(unfed);
        graph.link();
        if id.0 == 0 {
            self.info = net.info;
        }
        if matches!(self.dialect, Dialect::Legacy { .. }) {
            graph.outputs = unread(&graph);
        }
        if let Some(place) = self.graphs.get_mut(id.0 as usize) {
            *place = graph;
        }
        id
    }

    /// One tensor an output port, whose name and dimensions it takes; a constant has one even where it lists no port.
    fn add_tensors(&mut self, layer: &mut Layer, tensors: &mut Vec<Tensor>) {
        let is_declared = matches!(self.dialect, Dialect::Current) && (layer.kind == "Parameter" || is_constant(layer));
        // The shapes of legacy blobs follow from their layer's ports.
        let is_legacy = matches!(self.dialect, Dialect::Legacy { .. });
        for output in 0..output_count(layer) {
            let Port { name, dims, dtype, .. } = match layer.outputs.get_mut(output) {
                Some(port) if is_legacy => port.clone(),
                Some(port) => {
                    let id = port.id;
                    std::mem::replace(port, Port { id, ..Port::default() })
                }
                None => Port::default(),
            };
            let name = match (name, layer.outputs.len()) {
                (Some(name), _) => name,
                (None, 0 | 1) => layer.name.clone(),
                (None, _) => format!("{}:{output}", layer.name),
            };
            let declared = is_declared.then(|| declared_type(&layer.attributes)).flatten();
            let dtype = declared.or(dtype).unwrap_or(DType::Dynamic);
            if let DType::Unknown(_) = dtype {
                self.warnings.add("an element type is not known", || format!("layer `{}`", layer.name));
            }
            let declared = is_declared.then(|| declared_shape(&layer.attributes)).flatten();
            let mut tensor = Tensor::computed(name, dtype, declared.unwrap_or(Shape::Ranked(dims)));
            if is_declared && is_constant(layer) && output == 0 {
                let whole = |key: &str| layer.attributes.get(key).and_then(Value::as_u64);
                let range = whole("offset").zip(whole("size"));
                tensor.data = self.constants.data(&layer.name, dtype, &tensor.shape, range);
            }
            tensors.push(tensor);
        }
    }

    /// The blobs of a legacy net's layers and the mean images of its input, as inputs behind the
    /// ports. A `Const` layer's blob is its output's data too. Returns a tensor for every port that no
    /// edge feeds, which the runtime makes an input of the net.
    fn add_blobs(
        &mut self,
        net: &mut Net,
        precision: Option<&str>,
        first_tensors: &[usize],
        inputs: &mut [Vec<Option<TensorId>>],
        graph: &mut Graph,
    ) -> Vec<TensorId> {
        let mut unfed = Vec::new();
        let mut means = legacy::mean_images(net);
        for (position, (layer, inputs)) in net.layers.iter_mut().zip(inputs).enumerate() {
            for (index, (input, port)) in inputs.iter_mut().zip(&layer.inputs).enumerate().filter(|(_, (input, _))| input.is_none()) {
                let name = if layer.inputs.len() == 1 { layer.name.clone() } else { format!("{}:{index}", layer.name) };
                let tensor = Tensor::computed(name, port.dtype.unwrap_or(DType::Dynamic), Shape::Ranked(port.dims.clone()));
                *input = Some(id_of(graph.tensors.len()));
                unfed.extend(*input);
                graph.tensors.push(tensor);
            }
            let mut constants = legacy::constants(layer, precision);
            if means.as_ref().is_some_and(|(input, _)| *input == position) {
                constants.extend(means.take().into_iter().flat_map(|(_, images)| images));
            }
            let mut positions = Map::new();
            for constant in constants {
                if !constant.fits {
                    let what = "a blob's size does not fit its layer's attributes; it is shown as a plain list";
                    self.warnings.add(what, || format!("{} of layer `{}`", constant.name, layer.name));
                }
                let mut tensor = Tensor::computed(format!("{}/{}", layer.name, constant.name), constant.dtype, constant.shape);
                tensor.quantization = constant.quantization.map(Box::new);
                tensor.packing = constant.packing;
                tensor.data = self.constants.data(&layer.name, tensor.dtype, &tensor.shape, constant.range);
                if let (true, Some(output)) =
                    (is_constant(layer), first_tensors.get(position).and_then(|first| graph.tensors.get_mut(*first)))
                {
                    let Tensor { dtype, quantization, packing, data, .. } = tensor.clone();
                    (output.dtype, output.quantization, output.packing, output.data) = (dtype, quantization, packing, data);
                }
                positions.insert(constant.name, inputs.len().into());
                inputs.push(Some(id_of(graph.tensors.len())));
                graph.tensors.push(tensor);
            }
            if !positions.is_empty() {
                layer.attributes.insert(legacy::BLOBS, Value::Object(positions));
            }
        }
        unfed
    }
}

/// What the runtime fills in of the inputs that layers leave out, behind those that they have.
fn add_defaults(net: &Net, inputs: &mut [Vec<Option<TensorId>>], graph: &mut Graph) {
    for (layer, inputs) in net.layers.iter().zip(inputs).filter(|(layer, _)| defaults::most(layer) > 0) {
        let fed: Vec<_> = inputs.iter().map(|input| input.map(|id| graph.tensor(id))).collect();
        for tensor in defaults::of(layer, &fed) {
            inputs.push(Some(id_of(graph.tensors.len())));
            graph.tensors.push(tensor);
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

/// The tensors that a layer computes and none reads: the outputs of a net that does not list its own.
fn unread(graph: &Graph) -> Vec<TensorId> {
    let computed = graph.operations.iter().flat_map(|operation| &operation.outputs).copied();
    computed.filter(|id| graph.tensor(*id).consumers.is_empty() && graph.tensor(*id).data == Data::Computed).collect()
}

/// Whether the net is a graph of what was executed: its layers have the runtime's counters.
fn is_executed(net: &Net) -> bool {
    net.layers.iter().any(|layer| layer.attributes.contains_key("execTimeMcs") && layer.attributes.contains_key("primitiveType"))
}

fn output_count(layer: &Layer) -> usize {
    layer.outputs.len().max(usize::from(is_constant(layer)))
}

fn is_constant(layer: &Layer) -> bool {
    matches!(layer.kind.as_str(), "Const" | "Constant")
}

fn declared_type(attributes: &Attributes) -> Option<DType> {
    attributes.get("element_type").and_then(Value::as_str).map(attribute::element_type)
}

/// The `shape` attribute of a `Parameter` or `Const`: whole numbers, `?` or `1..8` for dimensions
/// that are open, `...` for an open rank.
fn declared_shape(attributes: &Attributes) -> Option<Shape> {
    let entries = attributes.get("shape")?.as_array()?;
    if entries.iter().any(|entry| entry.as_str() == Some("...")) {
        return Some(Shape::Unknown);
    }
    Some(Shape::Ranked(entries.iter().map(Value::as_u64).collect()))
}

fn id_of(position: usize) -> TensorId {
    TensorId(u32::try_from(position).unwrap_or(u32::MAX))
}
