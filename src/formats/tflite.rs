//! TensorFlow Lite (LiteRT) models: a flatbuffer with identifier `TFL3`, maybe followed by weights
//! or by a zip archive of label files.
//!
//! The walk: `flatbuffer` reads tables and vectors with every offset checked; `buffers` finds
//! which bytes of the file are whose; `tensors` and `operations` read one subgraph each;
//! `flow` finds the constants that come from another graph, `external` those in other files; `metadata`
//! reads what the file says about itself, `debug` what its operations came from. Damage costs the tensor, operation or graph that it lies in;
//! only a file whose main graph can't be read is refused.

mod buffers;
mod debug;
mod external;
pub(super) mod flatbuffer;
mod flexbuffer;
mod flow;
mod metadata;
mod nodedef;
mod operations;
mod options;
mod quantization;
pub(crate) mod schema;
mod sparsity;
#[cfg(test)]
mod storage_tests;
mod tensors;
#[cfg(test)]
mod testing;
mod usage;
mod warnings;

use std::collections::HashSet;

pub use self::debug::NAME as DEBUG_METADATA;
pub(crate) use self::tensors::type_code;

use self::buffers::Buffers;
use self::flatbuffer::{Damage, Reader, Table, lenient};
use self::metadata::About;
use self::operations::{Code, Context, tensor_ids};
#[cfg(test)]
pub(crate) use self::schema::BUILTIN_OPERATOR;
use self::schema::{model, operator_code, signature_def, sub_graph, tensor};
use self::warnings::Warnings;
use super::{Format, OpenError, Options, container};
use crate::jobs::Token;
use crate::model::{AssociatedFile, Data, FormatName, Graph, Model, Operation, Quantization};
use crate::source::Source;
use crate::weights::Weight;

pub const FORMAT: Format = Format { name: FormatName::Tflite, extensions: &["tflite", "lite", "tfl"], sniff, open };

const IDENTIFIER: &str = "TFL3";
/// The version that every file of this format bears.
const VERSION: u32 = 3;

/// What a graph takes in memory beside what is in it, in bytes.
const GRAPH_COST: u64 = 96;

/// What is in a file, before it becomes a [`Model`].
struct Contents {
    version: u32,
    about: About,
    files: Vec<AssociatedFile>,
    graphs: Vec<Graph>,
    /// The files beside the model's own that constants lie in.
    others: Vec<Source>,
    warnings: Vec<String>,
}

/// Why a file is refused.
enum Refusal {
    Malformed(String),
    /// A schema before version 3: other field ids, other operator codes.
    Old(u32),
    Cancelled,
}

impl From<Damage> for Refusal {
    fn from(damage: Damage) -> Self {
        Self::Malformed(match damage {
            Damage::Outside => "its tables point outside the file, which may be cut off".to_owned(),
            Damage::Exhausted => "its tables are shared so often that it describes far more than it holds".to_owned(),
        })
    }
}

/// Whether the file bears the identifier or, without one, is built like a model of version 3 or
/// earlier.
fn sniff(source: &Source) -> bool {
    let bytes = source.bytes();
    if has_identifier(bytes) {
        return true;
    }
    let reader = Reader::new(bytes);
    reader.root().is_ok_and(|root| is_without_identifier(root) || old_version(root).is_some())
}

fn open(source: Source, _: &Options, token: &Token) -> Result<Model, OpenError> {
    let path = source.path().to_owned();
    match read(&source, token) {
        Ok(Contents { version, about, files, graphs, others, warnings }) => Ok(Model {
            file: path,
            bundle: None,
            format: FormatName::Tflite,
            format_version: version.to_string(),
            producer: about.producer,
            metadata: about.entries,
            signatures: about.signatures,
            files,
            graphs,
            sources: std::iter::once(source).chain(others).collect(),
            warnings,
        }),
        Err(Refusal::Malformed(what)) => Err(OpenError::Malformed { path, format: FormatName::Tflite, what }),
        Err(Refusal::Old(version)) => Err(OpenError::Version {
            path,
            format: FormatName::Tflite,
            version: format!("schema version {version}"),
            hint: "it is from before 2018, and no runtime reads it any more; convert the original model again".to_owned(),
        }),
        Err(Refusal::Cancelled) => Err(OpenError::Cancelled { path }),
    }
}

fn read(source: &Source, token: &Token) -> Result<Contents, Refusal> {
    let reader = Reader::with_budget(source.bytes(), source.allowance());
    let root = reader.root()?;
    let mut warnings = Warnings::default();
    let version = root.scalar(model::VERSION, 0u32)?;
    if !has_identifier(source.bytes()) {
        if let Some(version) = old_version(root).filter(|_| !is_without_identifier(root)) {
            return Err(Refusal::Old(version));
        }
        warnings.push(|| "the file lacks the identifier TFL3".to_owned());
    }
    if version != VERSION {
        warnings.push(|| format!("the file says that it is of version {version}; it was read as version {VERSION}"));
    }

    let buffers = Buffers::read(root, source, &mut warnings)?;
    let codes = operations::codes(root, &mut warnings)?;
    let subgraphs = root.tables(model::SUBGRAPHS)?;
    let graph_count = subgraphs.map_or(0, flatbuffer::Tables::len);
    let mut graphs = Vec::new();
    for (index, table) in subgraphs.into_iter().flat_map(flatbuffer::Tables::iter).enumerate() {
        token.check().map_err(|_| Refusal::Cancelled)?;
        let place = Place { index, graph_count, source, buffers: &buffers, codes: &codes };
        match table.and_then(|table| graph(table, &place, &mut warnings)) {
            Ok(graph) => reader.push(&mut graphs, graph)?,
            Err(Damage::Outside) if index > 0 => {
                warnings.push(|| format!("graph {index} is damaged"));
                reader.push(&mut graphs, Graph::default())?;
            }
            Err(damage) => return Err(damage.into()),
        }
    }
    if graphs.is_empty() {
        warnings.push(|| "the file holds no graph".to_owned());
        graphs.push(Graph::default());
    }
    flow::trace(&mut graphs, &entries(root)?);
    warn_of_compiled_code(&graphs, &mut warnings);
    let mut about = metadata::read(root, source, &buffers, &graphs, &mut warnings)?;
    if let Some(bytes) = metadata::content(root, debug::NAME, source, &buffers)? {
        debug::attach(root, bytes, &mut graphs, &mut about.entries, &mut warnings);
    }
    let (mut files, unlisted) = container::tail(source);
    if let Some(sentence) = unlisted {
        warnings.push(|| sentence);
    }
    for name in metadata::describe_files(&about.entries, &mut files) {
        warnings.push(|| format!("the metadata names the file {name:?}, which is not behind the model"));
    }
    Ok(Contents { version, about, files, graphs, others: buffers.into_sources(), warnings: warnings.into_lines() })
}

/// Says which operations are a vendor's compiled code, whose weights are nobody's to read.
fn warn_of_compiled_code(graphs: &[Graph], warnings: &mut Warnings) {
    /// Coral's compiler, and LiteRT's plug-ins for neural processors (`dispatch_op_schema.h`).
    const COMPILED: [&str; 2] = ["edgetpu-custom-op", "DISPATCH_OP"];
    for kind in COMPILED {
        let count = graphs.iter().flat_map(|graph| &graph.operations).filter(|operation| operation.kind == kind).count();
        if count > 0 {
            let operations = if count == 1 { "1 operation is".to_owned() } else { format!("{count} operations are") };
            warnings.push(|| format!("{operations} code compiled for a device ({kind}); the weights in it can't be read"));
        }
    }
}

/// The graphs that a program may call: the main one, and those of signatures.
fn entries(root: Table<'_>) -> Result<HashSet<usize>, Damage> {
    let mut entries = HashSet::from([0]);
    for table in lenient(root.tables(model::SIGNATURE_DEFS))?.flatten().into_iter().flat_map(flatbuffer::Tables::iter) {
        let graph = lenient(table.and_then(|table| table.scalar(signature_def::SUBGRAPH_INDEX, 0u32)))?;
        entries.extend(graph.map(|graph| graph as usize));
    }
    Ok(entries)
}

/// Where a subgraph stands in its model.
struct Place<'p> {
    index: usize,
    graph_count: usize,
    source: &'p Source,
    buffers: &'p Buffers,
    codes: &'p [Code],
}

fn graph(table: Table<'_>, place: &Place<'_>, warnings: &mut Warnings) -> Result<Graph, Damage> {
    let index = place.index;
    table.reader().spend(GRAPH_COST)?;
    let name = lenient(table.string(sub_graph::NAME))?.flatten().unwrap_or_default();
    let tensors::Found { tensors, doubtful, open } = match table.tables(sub_graph::TENSORS)? {
        Some(tables) => tensors::read(tables, index, place.buffers, warnings)?,
        None => tensors::Found::default(),
    };
    let context = Context {
        reader: table.reader(),
        source: place.source,
        codes: place.codes,
        graph: index,
        graph_count: place.graph_count,
        tensors: tensors.as_slice(),
    };
    let operations = match table.tables(sub_graph::OPERATORS)? {
        Some(tables) => operations::read(tables, &context, warnings)?,
        None => Vec::new(),
    };
    let mut ends = |field, what: &str| -> Result<Vec<_>, Damage> {
        let Some(indices) = lenient(table.vector::<i32>(field))? else {
            warnings.push(|| format!("the list of {what} of graph {index} lies outside the file"));
            return Ok(Vec::new());
        };
        let ids = tensor_ids(&indices.unwrap_or_default(), tensors.len(), warnings, || format!("the {what} of graph {index}"));
        Ok(ids.into_iter().flatten().collect())
    };
    let (inputs, outputs) = (ends(sub_graph::INPUTS, "inputs")?, ends(sub_graph::OUTPUTS, "outputs")?);
    let mut graph = Graph { name, inputs, outputs, operations, tensors, ..Graph::default() };
    for id in graph.link() {
        warnings.push(|| format!("tensor {} of graph {index} ({}) is computed by several operations", id.0, graph.tensor(id).name));
    }
    settle(&mut graph, index, &doubtful, warnings);
    settle_blocks(&mut graph, index, &open, warnings);
    usage::settle(&mut graph, index, warnings);
    let constants = graph.tensors.iter().filter(|tensor| tensor.is_constant() && tensor.consumers.is_empty());
    table.reader().spend(constants.map(|tensor| (size_of::<Operation>() + size_of::<Weight>() + tensor.name.len() + 32) as u64).sum())?;
    graph.list_unread();
    Ok(graph)
}

/// Finds the scales of tensors whose scales are tensors.
fn settle_blocks(graph: &mut Graph, index: usize, open: &[(usize, quantization::Open)], warnings: &mut Warnings) {
    let mut is_read: Vec<bool> = graph.tensors.iter().map(|tensor| !tensor.consumers.is_empty()).collect();
    for id in &graph.inputs {
        is_read[id.0 as usize] = true;
    }
    for (position, parameters) in open {
        let quantization = quantization::settle(parameters, *position, &graph.tensors, &is_read);
        if matches!(&quantization, Quantization::Blockwise(blocks) if blocks.is_multi_axis) {
            warnings.push(|| {
                let name = &graph.tensors[*position].name;
                format!("tensor {position} of graph {index} ({name}) is quantised along several axes, which no runtime computes yet: its real values are unverified")
            });
        }
        graph.tensors[*position].quantization = Some(Box::new(quantization));
    }
}

/// A tensor that an operation or the caller fills in is no constant just because its buffer looks
/// like one's: without elements, both have an empty buffer, and an activation's may be damaged.
fn settle(graph: &mut Graph, index: usize, doubtful: &[usize], warnings: &mut Warnings) {
    let mut is_filled_in: Vec<bool> = graph.tensors.iter().map(|tensor| tensor.producer.is_some()).collect();
    for id in &graph.inputs {
        is_filled_in[id.0 as usize] = true;
    }
    for position in doubtful {
        if is_filled_in[*position] {
            graph.tensors[*position].data = Data::Computed;
        }
    }
    for ((position, tensor), is_filled_in) in graph.tensors.iter().enumerate().zip(is_filled_in) {
        if is_filled_in && tensor.is_constant() {
            warnings.push(|| {
                format!("tensor {position} of graph {index} ({}) is stored in the file and filled in when the model runs", tensor.name)
            });
        }
    }
}

/// Whether the bytes begin as a model does.
pub(super) fn has_identifier(bytes: &[u8]) -> bool {
    // A root offset and the identifier take eight bytes.
    bytes.len() >= 8 && flatbuffers::buffer_has_identifier(bytes, IDENTIFIER, false)
}

/// Whether the root is a model of version 3: its lists are in the file and consist of tables.
fn is_without_identifier(root: Table<'_>) -> bool {
    let lists = [model::OPERATOR_CODES, model::SUBGRAPHS, model::BUFFERS];
    root.scalar(model::VERSION, 0u32) == Ok(VERSION)
        && lists.into_iter().all(|list| match root.tables(list) {
            Ok(Some(tables)) => tables.iter().take(16).all(|table| table.is_ok()),
            Ok(None) => list == model::OPERATOR_CODES,
            Err(_) => false,
        })
}

/// The version, if the root is a model of the schemas before 3, which had no identifier: operator
/// codes, and a graph with tensors and operators.
fn old_version(root: Table<'_>) -> Option<u32> {
    let version = root.scalar(model::VERSION, 0u32).ok().filter(|version| *version < VERSION)?;
    let first = |table: Table<'_>, field| table.tables(field).ok().flatten().and_then(|tables| tables.get(0).ok()).is_some();
    let graph = root.tables(model::SUBGRAPHS).ok()??.get(0).ok()?;
    let tensor = graph.tables(sub_graph::TENSORS).ok()??.get(0).ok()?;
    let code = root.tables(model::OPERATOR_CODES).ok()??.get(0).ok()?;
    let is_model = first(graph, sub_graph::OPERATORS)
        && tensor.vector::<i32>(tensor::SHAPE).is_ok_and(|shape| shape.is_some())
        && code.string(operator_code::CUSTOM_CODE).is_ok();
    is_model.then_some(version)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::testing::{Buffer, TestModel, TestOperator, TestTensor};
    use super::*;
    use crate::model::{Bytes, DType, GraphId, OperationId, TensorId};

    fn try_open(bytes: Vec<u8>) -> Result<Model, OpenError> {
        open(Source::from_bytes("x.tflite", bytes), &Options::default(), &Token::new())
    }

    fn model(test: &TestModel) -> Model {
        try_open(test.bytes()).unwrap()
    }

    #[test]
    fn a_whole_model() {
        let model = model(&TestModel::convolution());
        assert_eq!((model.format_version.as_str(), model.producer.as_deref()), ("3", Some("made by a test")));
        assert_eq!(json!(model.metadata), json!({"description": "made by a test", "min_runtime_version": "1.5.0"}));
        assert!(model.warnings.is_empty(), "{:?}", model.warnings);
        let graph = model.main();
        assert_eq!(
            (graph.name.as_str(), graph.inputs.as_slice(), graph.outputs.as_slice()),
            ("main", &[TensorId(0)][..], &[TensorId(3)][..])
        );
        let operation = graph.operation(OperationId(0));
        assert_eq!((operation.name.as_str(), operation.kind.as_str(), operation.version.as_str()), ("conv", "CONV_2D", "1"));
        assert_eq!(
            json!(operation.attributes),
            json!({"padding": "SAME", "stride_w": 2, "stride_h": 2, "fused_activation_function": "RELU",
                "dilation_w_factor": 1, "dilation_h_factor": 1, "quantized_bias_type": "FLOAT32"})
        );
        assert_eq!(graph.tensor(TensorId(0)).shape.to_string(), "?×4×4×3");
        let kernel = graph.tensor(TensorId(1));
        assert_eq!((kernel.name.as_str(), kernel.dtype, kernel.shape.to_string().as_str()), ("kernel", DType::I8, "2×1×1×3"));
        let expected = Quantization::Affine { axis: 0, scales: vec![0.5, 0.25], zero_points: vec![0] };
        assert_eq!(kernel.quantization.as_deref(), Some(&expected));
        let Data::Stored(bytes) = kernel.data else { panic!("{:?}", kernel.data) };
        assert_eq!(model.bytes(bytes), [0, 1, 2, 3, 4, 5]);
        assert_eq!(graph.tensor(TensorId(3)).producer, Some(OperationId(0)));
    }

    #[test]
    fn identification() {
        let opens = |change: &dyn Fn(&mut TestModel)| {
            let mut test = TestModel::convolution();
            change(&mut test);
            let bytes = test.bytes();
            (sniff(&Source::from_bytes("x", bytes.clone())), try_open(bytes).map(|model| model.warnings.len()))
        };
        assert!(matches!(opens(&|_| {}), (true, Ok(0))));
        assert!(matches!(opens(&|test| test.version = 2), (true, Ok(1))));
        assert!(matches!(opens(&|test| test.identifier = None), (true, Ok(1))));
        let old = opens(&|test| (test.identifier, test.version) = (None, 1));
        assert!(matches!(old, (true, Err(OpenError::Version { .. }))), "{old:?}");
        assert!(!opens(&|test| (test.identifier, test.version) = (None, 4)).0);
        for other in [&b"hello, this is no model at all"[..], b"", b"TFL3", &[0; 64], &[0xff; 64], b"PK\x03\x04aaaaaaaaaaaaaaaaaaaaaaaaa"] {
            assert!(!sniff(&Source::from_bytes("x", other.to_vec())));
        }
        assert!(matches!(try_open(b"\xff\xff\xff\xffTFL3".to_vec()), Err(OpenError::Malformed { .. })));
    }

    #[test]
    fn operator_codes() {
        let kind = |code| {
            let mut test = TestModel::convolution();
            test.codes = vec![code];
            model(&test).main().operations[0].kind.clone()
        };
        assert_eq!(kind((3, 0, None)), "CONV_2D");
        assert_eq!(kind((0, 3, None)), "CONV_2D");
        assert_eq!(kind((127, 150, None)), "GELU");
        assert_eq!(kind((-1, 0, None)), "ADD");
        assert_eq!(kind((127, 250, None)), "BUILTIN_250");
        assert_eq!(kind((32, 32, Some("FlexErf"))), "FlexErf");
        assert_eq!(kind((32, 32, None)), "CUSTOM");
        assert_eq!(kind((3, 3, Some("aeq"))), "CONV_2D");
    }

    #[test]
    fn oddities_cost_what_they_are_in() {
        let mut test = TestModel::convolution();
        let operator = &mut test.operators[0];
        (operator.inputs, operator.outputs) = (vec![0, 1, -1, 99, -7], vec![77, 3]);
        test.operators.push(TestOperator { code: 9, ..TestOperator::default() });
        test.operators.push(TestOperator {
            options: Some((250, vec![], vec![])),
            custom_options: Some(vec![1, 2]),
            ..TestOperator::default()
        });
        test.inputs = vec![0, 55];
        test.tensors[1].buffer = 4_000_000_000;
        test.tensors[2].shape = vec![3];
        test.tensors[2].scales = vec![1.0, 2.0];
        let model = model(&test);
        let graph = model.main();
        assert_eq!(graph.operations[0].inputs, [Some(TensorId(0)), Some(TensorId(1)), None, None, None]);
        assert_eq!(graph.operations[0].outputs, [TensorId(3)]);
        assert_eq!((graph.operations[1].kind.as_str(), graph.operations[1].name.as_str()), ("UNKNOWN", "UNKNOWN_1"));
        assert_eq!(graph.operations[2].name, "CONV_2D_2");
        assert_eq!(
            json!(graph.operations[2].attributes),
            json!({"builtin_options_type": 250, "custom_options_bytes": 2, "custom_options_hex": "0102"})
        );
        assert_eq!(graph.inputs, [TensorId(0)]);
        assert!(matches!(&graph.tensors[1].data, Data::Unavailable(why) if why.contains("4000000000")));
        assert!(matches!(&graph.tensors[2].data, Data::Unavailable(why) if why.contains("12 bytes")));
        assert!(graph.tensors[2].quantization.as_ref().is_some_and(|quantization| quantization.problem().is_some()));
        assert_eq!(model.warnings.len(), 5, "{:#?}", model.warnings);
    }

    #[test]
    fn constants_without_elements_and_outside() {
        let mut test = TestModel::convolution();
        let empty = Buffer { data: Some(Vec::new()), ..Buffer::default() };
        test.buffers.extend([empty, Buffer { data: None, offset: 4, size: 4 }]);
        let tensor = |shape: &[i32], kind, buffer| TestTensor { shape: shape.to_vec(), kind, buffer, ..TestTensor::default() };
        let external = TestTensor { external: 1 << 31, ..tensor(&[4], 0, 0) };
        test.tensors.extend([tensor(&[0, 3], 0, 4), tensor(&[3], 0, 4), tensor(&[1], 0, 5), tensor(&[5], 5, 1), external]);
        // The convolution's output looks like a constant without elements, but is none.
        (test.tensors[3].shape, test.tensors[3].buffer) = (vec![0], 4);
        let model = model(&test);
        let graph = model.main();
        let data = |index: usize| &graph.tensors[index].data;
        assert!(matches!(data(4), Data::Stored(Bytes { len: 0, .. })));
        assert_eq!((data(3), data(5)), (&Data::Computed, &Data::Computed));
        assert_eq!(data(6), &Data::Stored(Bytes { source: 0, offset: 4, len: 4 }));
        assert!(matches!(data(7), Data::Stored(Bytes { len: 6, .. })), "strings have no size to check");
        assert!(matches!(data(8), Data::Unavailable(_)));
    }

    #[test]
    fn no_graph_and_a_tail() {
        let mut bytes = TestModel::convolution().bytes();
        bytes.extend(b"PK\x03\x04 and what else a zip archive has");
        assert!(try_open(bytes).unwrap().warnings.is_empty());
        let model = model(&TestModel { graph_count: 0, ..TestModel::default() });
        assert_eq!((model.graphs.len(), model.warnings.len()), (1, 1));
    }

    #[test]
    fn called_graphs() {
        let mut test = TestModel::convolution();
        test.graph_count = 2;
        // WHILE: cond 1, body 7 of 2 graphs.
        test.codes = vec![(119, 0, None)];
        test.operators[0].options = Some((93, vec![(0, 1), (1, 7)], vec![]));
        let model = model(&test);
        let operation = &model.main().operations[0];
        assert_eq!((operation.kind.as_str(), operation.graphs.as_slice()), ("WHILE", &[GraphId(1)][..]));
        assert_eq!(json!(operation.attributes), json!({"cond_subgraph_index": 1, "body_subgraph_index": 7}));
    }

    #[test]
    fn shared_graphs_are_refused_not_expanded() {
        let mut test = TestModel::convolution();
        test.tensors.resize(2000, TestTensor::default());
        test.graph_count = 2000;
        assert!(matches!(try_open(test.bytes()), Err(OpenError::Malformed { what, .. }) if what.contains("shared")));
    }

    /// Truncations, single bytes and words set to bad values, and random bytes: no panic, and nothing
    /// that breaks the model's invariants.
    #[test]
    fn damage_is_survived() {
        let check = |bytes: Vec<u8>| {
            let Ok(model) = try_open(bytes) else { return };
            assert!(!model.graphs.is_empty());
            for graph in &model.graphs {
                let ids = graph.operations.iter().flat_map(|operation| operation.inputs.iter().flatten().chain(&operation.outputs));
                for id in ids.chain(&graph.inputs).chain(&graph.outputs) {
                    assert!((id.0 as usize) < graph.tensors.len());
                }
                for tensor in &graph.tensors {
                    if let Data::Stored(bytes) = tensor.data {
                        assert!(model.sources[0].range(bytes.offset, bytes.len).is_some());
                    }
                    if let Some(Quantization::Affine { scales, zero_points, .. }) = tensor.quantization.as_deref() {
                        assert!(!scales.is_empty() && [1, scales.len()].contains(&zero_points.len()));
                    }
                }
            }
        };
        let bytes = TestModel::convolution().bytes();
        for len in 0..bytes.len() {
            check(bytes[..len].to_vec());
        }
        for position in 0..bytes.len() {
            for value in [0, 1, 0x7f, 0x80, 0xff] {
                let mut bytes = bytes.clone();
                bytes[position] = value;
                check(bytes);
            }
            for word in [0u32, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 0xffff_fff0] {
                let mut bytes = bytes.clone();
                if let Some(target) = bytes.get_mut(position..position + 4) {
                    target.copy_from_slice(&word.to_le_bytes());
                }
                check(bytes);
            }
        }
        let mut state = 1u64;
        let mut random = |below: usize| {
            // Knuth's MMIX generator; the upper bits are the good ones.
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % below
        };
        for _ in 0..2000 {
            let mut bytes = bytes.clone();
            for _ in 0..=random(8) {
                let position = random(bytes.len());
                bytes[position] = random(256) as u8;
            }
            check(bytes);
        }
    }
}
