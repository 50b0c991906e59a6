//! What a model is once it is open: graphs of operations and tensors, the same for every format.
//!
//! A [`Model`] is immutable after load and shared behind an `Arc`. It holds no weight data of its
//! own: a constant [`Tensor`] knows in which mapped [`Source`] its bytes lie, and they are read
//! when somebody asks. Everything here was checked by the format's reader: the ids in a graph
//! point at existing tensors, and the byte ranges lie inside their source.

use std::fmt;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::source::Source;

mod attributes;
mod dtype;
mod file;
mod filled;
mod flow;
mod shape;
mod storage;

pub use attributes::Attributes;
pub use dtype::DType;
pub use file::{AssociatedFile, FileKind};
pub use flow::Joins;
pub use shape::Shape;
pub use storage::{Blocks, Csr, IndexList, Level, Packing, Quantization, Sparsity};

/// One opened model file, or a pair of files.
#[derive(Debug)]
pub struct Model {
    /// The file that was opened; for an OpenVINO pair the `.xml`, for one of several models in a bundle
    /// the bundle's path with the model's name after it.
    pub file: PathBuf,
    /// The file that the model is a part of.
    pub bundle: Option<PathBuf>,
    pub format: FormatName,
    /// As the format counts its versions: `3` for TensorFlow Lite, `11` for OpenVINO IR.
    pub format_version: String,
    /// The program that wrote the file, where the file says so.
    pub producer: Option<String>,
    /// What the file says about itself, by the file's own keys.
    pub metadata: Map<String, Value>,
    /// Named ways to call the model.
    pub signatures: Vec<Signature>,
    /// Files inside the model's file or beside it in its bundle.
    pub files: Vec<AssociatedFile>,
    /// The main graph first. Never empty.
    pub graphs: Vec<Graph>,
    /// The mapped files that constants lie in; [`Bytes::source`] is an index into this list.
    pub sources: Vec<Source>,
    /// What is odd about the file, a sentence each. The model opened all the same.
    pub warnings: Vec<String>,
}

/// The formats that can be opened, by the names that `inspect --json` uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FormatName {
    Tflite,
    OpenvinoIr,
}

/// A list of operations and tensors: the main graph, or a body that an operation calls.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    pub name: String,
    /// Empty for the main graph and for TensorFlow Lite subgraphs; for an OpenVINO body the way
    /// to it, one `operation/body` a level.
    pub path: Vec<String>,
    pub inputs: Vec<TensorId>,
    pub outputs: Vec<TensorId>,
    pub operations: Vec<Operation>,
    pub tensors: Vec<Tensor>,
    /// For every constant that no operation reads (in a file of weights alone, all of them) something to
    /// name it by: an operation of the tensor's name and number with the constant as its one input. It is
    /// none of the graph's operations; its id follows theirs.
    pub unread: Vec<Operation>,
}

/// A named way to call a model: a graph, and names for its inputs and outputs (TensorFlow Lite's
/// `SignatureDef`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    pub key: String,
    pub graph: GraphId,
    pub inputs: Vec<(String, TensorId)>,
    pub outputs: Vec<(String, TensorId)>,
}

/// The position of a tensor in its graph's `tensors`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TensorId(pub u32);

/// The position of an operation in its graph's `operations`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OperationId(pub u32);

/// The position of a graph in the model's `graphs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GraphId(pub u32);

/// A tensor of one of the model's graphs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TensorRef {
    pub graph: GraphId,
    pub tensor: TensorId,
}

/// An operation of one of the model's graphs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OperationRef {
    pub graph: GraphId,
    pub operation: OperationId,
}

/// A node of the graph. OpenVINO's `Const` layers are operations too: of kind `Const`, without
/// inputs, their one output tensor holding the data.
#[derive(Clone, Debug, Default)]
pub struct Operation {
    /// The operation's number in the file: its place among the subgraph's operators (TensorFlow
    /// Lite), the layer's `id` (OpenVINO).
    pub index: u64,
    pub name: String,
    /// The format's own name of the type: `CONV_2D`, `Convolution`.
    pub kind: String,
    /// Operator version (TensorFlow Lite) or opset (OpenVINO); empty where there is none.
    pub version: String,
    pub attributes: Attributes,
    /// `None`: an optional input that is not fed.
    pub inputs: Vec<Option<TensorId>>,
    pub outputs: Vec<TensorId>,
    /// The bodies that the operation calls.
    pub graphs: Vec<GraphId>,
}

/// A value that flows along an edge; a constant where `data` is [`Data::Stored`].
#[derive(Clone, Debug)]
pub struct Tensor {
    pub name: String,
    pub dtype: DType,
    pub shape: Shape,
    /// How stored integers become real values, where the tensor itself says so (TensorFlow Lite).
    pub quantization: Option<Box<Quantization>>,
    /// How the elements of a constant lie in its bytes.
    pub packing: Packing,
    pub data: Data,
    /// The tensor, of another graph as a rule, whose value this one always has: an operand of a call, a
    /// loop's invariant, a variable that is set once. Set by [`Joins::settle`] where it is proven; the
    /// other tensor is fed by constants alone and has no alias itself.
    pub alias: Option<TensorRef>,
    /// The operation that computes the tensor.
    pub producer: Option<OperationId>,
    /// The operations that read the tensor, ascending, each once.
    pub consumers: Vec<OperationId>,
}

/// Where a tensor's values come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Data {
    /// Computed when the model runs.
    Computed,
    /// A constant; its bytes lie in one of the model's sources.
    Stored(Bytes),
    /// A constant whose bytes can't be had; one sentence why.
    Unavailable(String),
}

/// A range of bytes in one of the model's sources, checked to lie inside it; or of such as no file holds
/// (see [`Bytes::zeros`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Bytes {
    pub source: usize,
    pub offset: u64,
    pub len: u64,
}

/// The kind of what stands for a constant that no operation reads.
const UNREAD: &str = "TENSOR";

impl Model {
    pub fn graph(&self, id: GraphId) -> &Graph {
        &self.graphs[id.0 as usize]
    }

    pub fn tensor(&self, place: TensorRef) -> &Tensor {
        self.graph(place.graph).tensor(place.tensor)
    }

    pub fn operation(&self, place: OperationRef) -> &Operation {
        self.graph(place.graph).operation(place.operation)
    }

    pub fn main(&self) -> &Graph {
        &self.graphs[0]
    }

    /// The bytes of a stored range. Empty if the range does not lie in its source, which a
    /// reader that keeps the invariants never lets happen.
    pub fn bytes(&self, bytes: Bytes) -> &[u8] {
        let range = match bytes.filled() {
            Some(range) => Some(range),
            None => self.sources.get(bytes.source).and_then(|source| source.range(bytes.offset, bytes.len)),
        };
        debug_assert!(range.is_some(), "a stored range outside its source");
        range.unwrap_or_default()
    }

    /// The file's name without its folder; for a model in a bundle after the bundle's.
    pub fn file_name(&self) -> String {
        let name = |path: &Path| path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        match &self.bundle {
            Some(bundle) if *bundle != self.file => {
                let inside = self.file.strip_prefix(bundle).unwrap_or(&self.file);
                let inside: Vec<_> = inside.iter().map(|part| part.to_string_lossy()).collect();
                format!("{} > {}", name(bundle), inside.join(" > "))
            }
            _ => name(&self.file),
        }
    }
}

impl Graph {
    pub fn tensor(&self, id: TensorId) -> &Tensor {
        &self.tensors[id.0 as usize]
    }

    /// The operation of an id, or what names an unread constant.
    pub fn operation(&self, id: OperationId) -> &Operation {
        let position = id.0 as usize;
        self.operations.get(position).unwrap_or_else(|| &self.unread[position - self.operations.len()])
    }

    /// Whether the id is that of an unread constant.
    pub fn is_unread(&self, id: OperationId) -> bool {
        (id.0 as usize) >= self.operations.len()
    }

    /// Ids and names of the constants that no operation reads, in file order.
    pub fn unread(&self) -> impl Iterator<Item = (OperationId, &Operation)> {
        (self.operations.len() as u32..).map(OperationId).zip(&self.unread)
    }

    /// Whether an operation needs the values of one of its inputs. A shape that is fixed is known without.
    pub fn is_needed(&self, operation: &Operation, input: TensorId) -> bool {
        !matches!(operation.kind.as_str(), "ShapeOf" | "SHAPE" | "RANK") || self.tensor(input).shape.dims().is_none()
    }

    /// Ids and operations, in file order.
    pub fn operations(&self) -> impl Iterator<Item = (OperationId, &Operation)> {
        (0..).map(OperationId).zip(&self.operations)
    }

    /// Fills in every tensor's producer and consumers from the operations. A reader calls this
    /// once, last. The first producer wins; later ones are returned for a warning.
    pub fn link(&mut self) -> Vec<TensorId> {
        let mut contested = Vec::new();
        for (position, operation) in (0..).zip(&self.operations) {
            for id in &operation.outputs {
                let producer = &mut self.tensors[id.0 as usize].producer;
                match producer {
                    None => *producer = Some(OperationId(position)),
                    Some(_) => contested.push(*id),
                }
            }
            for id in operation.inputs.iter().flatten() {
                let consumers = &mut self.tensors[id.0 as usize].consumers;
                if consumers.last() != Some(&OperationId(position)) {
                    consumers.push(OperationId(position));
                }
            }
        }
        contested
    }

    /// Fills in `unread`. A reader of a format whose constants are no operations calls this after
    /// [`link`](Self::link).
    pub fn list_unread(&mut self) {
        // Scales and zero points of other tensors are read with these.
        let mut scaling = vec![false; self.tensors.len()];
        for tensor in &self.tensors {
            if let Some(Quantization::Blockwise(blocks)) = tensor.quantization.as_deref() {
                for id in [Some(blocks.scales), blocks.zero_points].into_iter().flatten() {
                    scaling[id.0 as usize] = true;
                }
            }
        }
        let is_unread =
            |id: usize, tensor: &Tensor| tensor.is_constant() && tensor.consumers.is_empty() && tensor.producer.is_none() && !scaling[id];
        let unread = (0u32..).zip(&self.tensors).filter(|(id, tensor)| is_unread(*id as usize, tensor));
        let name = |(position, tensor): (u32, &Tensor)| Operation {
            index: position.into(),
            name: if tensor.name.is_empty() { format!("tensor_{position}") } else { tensor.name.clone() },
            kind: UNREAD.to_owned(),
            inputs: vec![Some(TensorId(position))],
            ..Operation::default()
        };
        self.unread = unread.map(name).collect();
    }
}

impl TensorRef {
    /// By positions, of the graph and of the tensor in it.
    pub fn new(graph: usize, tensor: usize) -> Self {
        let id = |position: usize| u32::try_from(position).unwrap_or(u32::MAX);
        Self { graph: GraphId(id(graph)), tensor: TensorId(id(tensor)) }
    }
}

impl Operation {
    /// Whether the outputs depend on nothing but the inputs, so that constants make constants.
    pub fn is_pure(&self) -> bool {
        let state = [
            "Parameter",
            "Input",
            "Result",
            "ReadValue",
            "Assign",
            "Multinomial",
            "Loop",
            "TensorIterator",
            "If",
            "VAR_HANDLE",
            "READ_VARIABLE",
            "ASSIGN_VARIABLE",
            "CALL",
            "CALL_ONCE",
            "IF",
            "WHILE",
            "MULTINOMIAL",
            "CUSTOM",
        ];
        let is_volatile = state.contains(&self.kind.as_str())
            || ["Random", "RANDOM_", "HASHTABLE", "STABLEHLO_RNG"].iter().any(|prefix| self.kind.starts_with(prefix));
        self.inputs.iter().any(Option::is_some) && self.graphs.is_empty() && !is_volatile
    }
}

impl Tensor {
    /// A tensor that the model computes, with nothing known but its name, type and shape.
    pub fn computed(name: impl Into<String>, dtype: DType, shape: Shape) -> Self {
        Self {
            name: name.into(),
            dtype,
            shape,
            quantization: None,
            packing: Packing::Flat,
            data: Data::Computed,
            alias: None,
            producer: None,
            consumers: Vec::new(),
        }
    }

    /// Whether the value is there before any operation of the graph runs: the file holds it, or it is a
    /// constant of another graph.
    pub fn is_given(&self) -> bool {
        self.is_constant() || self.alias.is_some()
    }

    /// Whether the values are known though no file holds them: the runtime fills them in.
    pub fn is_filled(&self) -> bool {
        matches!(self.data, Data::Stored(bytes) if bytes.is_filled())
    }

    /// Whether the file holds the tensor's values, or says it does.
    pub fn is_constant(&self) -> bool {
        self.data != Data::Computed
    }
}

impl FormatName {
    /// The name in `inspect --json`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tflite => "tflite",
            Self::OpenvinoIr => "openvino-ir",
        }
    }

    /// The name that a person reads.
    pub fn title(self) -> &'static str {
        match self {
            Self::Tflite => "TensorFlow Lite",
            Self::OpenvinoIr => "OpenVINO IR",
        }
    }
}

impl fmt::Display for FormatName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.title())
    }
}
