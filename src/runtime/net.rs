//! Constant subgraphs as models of their own, which the runtime computes: the operations with their
//! attributes as the file has them, the constants' bytes as they lie there, and a `Result` for every
//! tensor that is asked for.

use std::collections::HashMap;
use std::fmt::Write as _;

use quick_xml::escape::escape;
use serde_json::Value;

use super::process::ALIGNMENT;
use super::protocol::Form;
use crate::model::{DType, Data, Model, Operation, OperationRef, Tensor, TensorId, TensorRef};

/// More operations than constant subgraphs have.
const MAX_OPERATIONS: usize = 1 << 12;

/// A model without inputs.
pub struct Net<'m> {
    pub form: Form,
    pub graph: Vec<u8>,
    /// In the order in which the graph counts on them, each at a multiple of [`ALIGNMENT`].
    pub constants: Vec<&'m [u8]>,
}

/// What a tensor is computed from.
#[derive(Clone, Debug, Default)]
pub struct Needs {
    /// Each behind those that feed it.
    operations: Vec<OperationRef>,
    constants: Vec<TensorRef>,
    /// Of the constants.
    pub bytes: u64,
}

/// Where the walk back has come to.
#[derive(Default)]
struct Way {
    /// Whether an operation's inputs are all met; it is absent before it is.
    is_done: HashMap<OperationRef, bool>,
    /// Operations, with the next input to look at.
    open: Vec<(OperationRef, usize)>,
}

impl Needs {
    /// Walks from a constant-fed tensor back to its constants, without recursion.
    ///
    /// # Errors
    /// One sentence why the tensor can't be a model of its own.
    pub fn of(model: &Model, tensor: TensorRef) -> Result<Self, String> {
        let mut needs = Self::default();
        let mut way = Way::default();
        needs.meet(model, tensor, &mut way)?;
        while let Some((place, position)) = way.open.last_mut() {
            let (place, operation) = (*place, model.operation(*place));
            match operation.inputs.get(*position) {
                Some(Some(input)) => {
                    *position += 1;
                    needs.meet(model, TensorRef { graph: place.graph, tensor: *input }, &mut way)?;
                }
                Some(None) => return Err(format!("input {position} of the {} `{}` is not fed", operation.kind, operation.name)),
                None => {
                    way.is_done.insert(place, true);
                    needs.operations.push(place);
                    way.open.pop();
                }
            }
        }
        Ok(needs)
    }

    /// What the values of all operations take as float32, as far as the file tells their shapes.
    pub fn value_bytes(&self, model: &Model) -> u64 {
        let outputs = self.operations.iter().flat_map(|place| {
            let graph = model.graph(place.graph);
            graph.operation(place.operation).outputs.iter().map(|output| graph.tensor(*output).shape.count().unwrap_or(0))
        });
        outputs.fold(0, |sum, count| sum.saturating_add(count.saturating_mul(4)))
    }

    fn meet(&mut self, model: &Model, tensor: TensorRef, way: &mut Way) -> Result<(), String> {
        let tensor = origin(model, tensor);
        let found = model.tensor(tensor);
        match &found.data {
            Data::Unavailable(why) => return Err(why.clone()),
            Data::Stored(bytes) => {
                if !self.constants.contains(&tensor) {
                    self.constants.push(tensor);
                    self.bytes = self.bytes.saturating_add(bytes.len);
                }
                return Ok(());
            }
            Data::Computed => {}
        }
        let Some(producer) = found.producer else { return Err(format!("`{}` is not constant", found.name)) };
        let producer = OperationRef { graph: tensor.graph, operation: producer };
        match way.is_done.get(&producer) {
            Some(true) => Ok(()),
            Some(false) => Err(format!("`{}` depends on itself", found.name)),
            None if way.is_done.len() == MAX_OPERATIONS => {
                Err(format!("more than {MAX_OPERATIONS} operations lie between it and its constants"))
            }
            None => {
                way.is_done.insert(producer, false);
                way.open.push((producer, 0));
                Ok(())
            }
        }
    }
}

/// The tensor whose value a tensor has.
pub fn origin(model: &Model, tensor: TensorRef) -> TensorRef {
    model.tensor(tensor).alias.unwrap_or(tensor)
}

/// An IR whose outputs are the tensors, in their order, of types that [`is_plain`] names.
pub fn ir<'m>(model: &'m Model, tensors: &[(TensorRef, &Needs)]) -> Net<'m> {
    let mut writer =
        Writer { model, layers: String::new(), edges: String::new(), next: 0, ports: HashMap::new(), constants: Vec::new(), offset: 0 };
    for (_, needs) in tensors {
        needs.constants.iter().for_each(|constant| writer.constant(*constant));
        needs.operations.iter().for_each(|operation| writer.operation(*operation));
    }
    for (tensor, _) in tensors {
        writer.result(*tensor);
    }
    let (layers, edges) = (&writer.layers, &writer.edges);
    let graph = format!("<net name=\"constants\" version=\"11\"><layers>{layers}</layers><edges>{edges}</edges></net>");
    Net { form: Form::Ir, graph: graph.into_bytes(), constants: writer.constants }
}

/// The types in which the runtime gives its outputs here. Others are converted to float32 by the
/// runtime itself: its CPU plugin would give packed ones as they lie in the file, and clamp 64-bit
/// integers to 32 bits. Half precision stays, since that conversion would leave its rounding out.
pub fn is_plain(dtype: DType) -> bool {
    matches!(dtype, DType::F32 | DType::F16 | DType::Bf16 | DType::I8 | DType::U8 | DType::I16 | DType::U16 | DType::I32 | DType::Bool)
}

struct Writer<'m> {
    model: &'m Model,
    layers: String,
    edges: String,
    next: usize,
    /// Layer and port of every tensor that is there.
    ports: HashMap<TensorRef, (usize, usize)>,
    constants: Vec<&'m [u8]>,
    /// Where the next constant lies.
    offset: usize,
}

impl<'m> Writer<'m> {
    fn constant(&mut self, id: TensorRef) {
        let tensor = self.model.tensor(id);
        let Data::Stored(range) = tensor.data else { return };
        if self.ports.contains_key(&id) {
            return;
        }
        let bytes = self.model.bytes(range);
        let layer = self.open("Const", "opset1");
        let (dtype, offset, size) = (element_type(tensor.dtype), self.offset, bytes.len());
        let dims = tensor.shape.dims().unwrap_or_default();
        let shape = dims.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        let _ = write!(self.layers, "<data element_type=\"{dtype}\" shape=\"{shape}\" offset=\"{offset}\" size=\"{size}\"/>");
        self.outputs(layer, 0, &[id]);
        self.constants.push(bytes);
        self.offset += bytes.len().next_multiple_of(ALIGNMENT);
    }

    fn operation(&mut self, place: OperationRef) {
        let operation = self.model.operation(place);
        let of_graph = |tensor: &TensorId| TensorRef { graph: place.graph, tensor: *tensor };
        let outputs: Vec<TensorRef> = operation.outputs.iter().map(of_graph).collect();
        if outputs.iter().any(|output| self.ports.contains_key(output)) {
            return;
        }
        let opset = if operation.version.is_empty() { "opset1" } else { &operation.version };
        let layer = self.open(&operation.kind, opset);
        self.layers.push_str("<data");
        attributes(operation, &mut self.layers);
        self.layers.push_str("/>");
        // What the runtime fills in itself is left to it.
        let given = operation.inputs.iter().flatten().map(of_graph).filter(|input| !self.model.tensor(*input).is_filled());
        let inputs: Vec<_> = given.map(|input| self.port(input)).collect();
        self.inputs(layer, &inputs);
        self.outputs(layer, inputs.len(), &outputs);
    }

    fn result(&mut self, tensor: TensorRef) {
        let mut from = self.port(tensor);
        if !is_plain(self.model.tensor(tensor).dtype) {
            let layer = self.open("Convert", "opset1");
            self.layers.push_str("<data destination_type=\"f32\"/>");
            self.inputs(layer, &[from]);
            self.layers.push_str("<output><port id=\"1\" precision=\"FP32\"/></output></layer>");
            from = (layer, 1);
        }
        let layer = self.open("Result", "opset1");
        self.inputs(layer, &[from]);
        self.layers.push_str("</layer>");
    }

    /// Layer and port of a tensor that was written.
    fn port(&self, tensor: TensorRef) -> (usize, usize) {
        self.ports.get(&origin(self.model, tensor)).copied().unwrap_or_default()
    }

    fn open(&mut self, kind: &str, opset: &str) -> usize {
        let layer = self.next;
        self.next += 1;
        let (kind, opset) = (escape(kind), escape(opset));
        let _ = write!(self.layers, "<layer id=\"{layer}\" name=\"n{layer}\" type=\"{kind}\" version=\"{opset}\">");
        layer
    }

    fn inputs(&mut self, layer: usize, from: &[(usize, usize)]) {
        self.layers.push_str("<input>");
        for (port, (from_layer, from_port)) in from.iter().enumerate() {
            let _ = write!(self.layers, "<port id=\"{port}\"/>");
            let _ =
                write!(self.edges, "<edge from-layer=\"{from_layer}\" from-port=\"{from_port}\" to-layer=\"{layer}\" to-port=\"{port}\"/>");
        }
        self.layers.push_str("</input>");
    }

    /// The output ports, numbered behind the inputs, and the end of the layer.
    fn outputs(&mut self, layer: usize, first: usize, outputs: &[TensorRef]) {
        self.layers.push_str("<output>");
        for (port, output) in (first..).zip(outputs) {
            let tensor = self.model.tensor(*output);
            let _ = write!(self.layers, "<port id=\"{port}\" precision=\"{}\">", precision(tensor));
            for dim in tensor.shape.dims().unwrap_or_default() {
                let _ = write!(self.layers, "<dim>{dim}</dim>");
            }
            self.layers.push_str("</port>");
            self.ports.insert(*output, (layer, port));
        }
        self.layers.push_str("</output></layer>");
    }
}

/// An operation's attributes as the file spells them, but for what lies beside them in the record:
/// `rt_info` and the like, which are no values.
fn attributes(operation: &Operation, out: &mut String) {
    for (key, value) in &operation.attributes {
        let text = match value {
            Value::Null | Value::Object(_) => continue,
            _ if !key.chars().all(|letter| letter.is_ascii_alphanumeric() || "_-.:".contains(letter)) => continue,
            Value::Array(entries) => entries.iter().map(plain).collect::<Vec<_>>().join(","),
            value => plain(value),
        };
        let _ = write!(out, " {key}=\"{}\"", escape(&text));
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn element_type(dtype: DType) -> &'static str {
    if dtype == DType::Bool { "boolean" } else { dtype.name() }
}

/// Ports spell some types in another way than attributes do. The runtime derives them itself, but
/// wants the attribute.
fn precision(tensor: &Tensor) -> &'static str {
    match tensor.dtype {
        DType::F32 => "FP32",
        DType::F16 => "FP16",
        DType::F64 => "FP64",
        _ => "UNSPECIFIED",
    }
}
