//! `weightscope inspect`: operations and their constants, as text or JSON. The JSON is a contract
//! (README, "inspect --json"): names and fields stay as they are.

use std::fmt::Write as _;

use anyhow::Result;
use clap::Args;
use serde::Serialize;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use self::document::{ConstantFields, Document, GraphFields, Made, OperationFields, QuantizationFields};
use super::ModelArguments;
use crate::export::json::number;
use crate::export::manifest::hex;
use crate::formats::one_line;
use crate::jobs::Token;
use crate::model::{AssociatedFile, Graph, GraphId, Model, Operation, OperationId, Signature, TensorId};
use crate::stats::Moments;
use crate::weights::{Catalogue, Kind, Scales, Scheme, Weight, notes};

mod document;

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    model: ModelArguments,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// Read every constant and give the figures of its real values.
    #[arg(long)]
    stats: bool,
    /// Give SHA-256 digests of the stored bytes and of the real values; includes --stats.
    #[arg(long)]
    hash: bool,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let model = arguments.model.open()?;
    let catalogue = arguments.model.catalogue(&model);
    let listing = Listing { model: &model, catalogue: &catalogue, stats: arguments.stats || arguments.hash, hash: arguments.hash };
    if arguments.json { listing.print_json() } else { super::print(&listing.to_text()) }
}

struct Listing<'m> {
    model: &'m Model,
    catalogue: &'m Catalogue,
    stats: bool,
    hash: bool,
}

impl Listing<'_> {
    fn print_json(&self) -> Result<()> {
        let bar = super::progress(self.catalogue.all().len() as u64, "Reading constants");
        let document = Document {
            schema: 1,
            file: self.model.file.to_string_lossy(),
            format: self.model.format.name(),
            format_version: &self.model.format_version,
            producer: self.model.producer.as_deref(),
            metadata: &self.model.metadata,
            signatures: self.model.signatures.iter().map(|signature| self.signature(signature)).collect(),
            files: self.model.files.iter().map(file).collect(),
            graphs: Made(|| (0..).map(GraphId).zip(&self.model.graphs).map(|(id, graph)| self.graph(id, graph, &bar))),
            warnings: &self.model.warnings,
        };
        super::print_json(&document)?;
        bar.finish_and_clear();
        Ok(())
    }

    fn signature(&self, signature: &Signature) -> Value {
        let graph = self.model.graph(signature.graph);
        let tensors = |ends: &[(String, TensorId)]| -> Map<String, Value> {
            ends.iter().map(|(name, id)| (name.clone(), graph.tensor(*id).name.as_str().into())).collect()
        };
        json!({
            "key": signature.key,
            "graph": signature.graph.0,
            "inputs": tensors(&signature.inputs),
            "outputs": tensors(&signature.outputs),
        })
    }

    fn graph<'s>(&'s self, id: GraphId, graph: &'s Graph, bar: &'s indicatif::ProgressBar) -> impl Serialize + 's {
        GraphFields {
            name: &graph.name,
            path: &graph.path,
            inputs: names(graph, &graph.inputs),
            outputs: names(graph, &graph.outputs),
            operations: Made(move || {
                graph.operations().map(move |(operation_id, operation)| self.operation(id, graph, operation_id, operation, bar))
            }),
            tensors: Made(move || self.unread(id, graph, bar)),
        }
    }

    /// The constants that no operation reads.
    fn unread<'s>(&'s self, id: GraphId, graph: &'s Graph, bar: &'s indicatif::ProgressBar) -> impl Iterator<Item = ConstantFields> + 's {
        let weights = graph.unread().flat_map(move |(unread, _)| self.catalogue.of_operation(id, unread));
        weights.map(|weight| {
            let mut constant = self.constant(weight, bar);
            constant.before.insert("input".into(), Value::Null);
            constant
        })
    }

    fn operation<'s>(
        &'s self,
        id: GraphId,
        graph: &'s Graph,
        operation_id: OperationId,
        operation: &'s Operation,
        bar: &'s indicatif::ProgressBar,
    ) -> impl Serialize + 's {
        OperationFields {
            index: operation.index,
            name: &operation.name,
            kind: &operation.kind,
            version: &operation.version,
            attributes: &operation.attributes,
            inputs: operation.inputs.iter().map(|input| input.map(|id| graph.tensor(id).name.as_str())).collect(),
            outputs: names(graph, &operation.outputs),
            graphs: operation.graphs.iter().map(|id| id.0).collect(),
            constants: Made(move || self.catalogue.of_operation(id, operation_id).iter().map(|weight| self.constant(weight, bar))),
            notes: notes::of_operation(self.model, id, operation).into_iter().collect(),
        }
    }

    fn constant(&self, weight: &Weight, bar: &indicatif::ProgressBar) -> ConstantFields {
        let graph = weight.graph(self.model);
        let tensor = weight.data_tensor(self.model);
        let stored = weight.stored_bytes(self.model).ok();
        let mut problem = weight.problem(self.model);
        let mut constant = ConstantFields::default();
        let before = &mut constant.before;
        before.insert("input".into(), weight.site.input.into());
        before.insert("kind".into(), weight.role.kind.name().into());
        before.insert("role".into(), weight.role.name.into());
        before.insert("tensor".into(), tensor.name.as_str().into());
        before.insert("dtype".into(), tensor.dtype.name().into());
        before.insert("shape".into(), json!(tensor.shape.dims()));
        before.insert("layout".into(), weight.role.layout.into());
        before.insert("chain".into(), weight.chain_operations(self.model).map(|operation| operation.kind.as_str()).collect());
        if let Some(operation) = weight.bias_of {
            before.insert("bias_of".into(), graph.operation(operation).name.as_str().into());
        }
        for (key, sections) in [("gates", &weight.sections.gates), ("parts", &weight.sections.parts)] {
            if !sections.is_empty() {
                before.insert(key.into(), json!(sections));
            }
        }
        if let Some(groups) = weight.groups(self.model).filter(|groups| *groups > 1) {
            before.insert("groups".into(), groups.into());
        }
        constant.quantization = self.quantization(weight, &mut problem);
        let after = &mut constant.after;
        after.insert("stored_bytes".into(), stored.map(<[u8]>::len).into());
        if self.hash {
            after.insert("stored_sha256".into(), stored.map(|bytes| hex(&Sha256::digest(bytes))).into());
        }
        if self.stats {
            after.insert("values".into(), self.values(weight, &mut problem));
        }
        after.extend(weight.computed_by().map(|name| ("computed_by".to_owned(), name.into())));
        after.extend(Some(weight.notes(self.model)).filter(|notes| !notes.is_empty()).map(|notes| ("notes".to_owned(), notes.into())));
        after.insert("problem".into(), problem.map(|problem| one_line(&problem)).into());
        bar.inc(1);
        constant
    }

    fn quantization(&self, weight: &Weight, problem: &mut Option<String>) -> QuantizationFields {
        let scales = if weight.scheme == Scheme::None { Ok(Scales::default()) } else { weight.scales(self.model, &Token::new()) };
        let scales = scales.unwrap_or_else(|error| {
            problem.get_or_insert_with(|| error.to_string());
            Scales::default()
        });
        QuantizationFields::new(weight.scheme.name(), scales)
    }

    fn values(&self, weight: &Weight, problem: &mut Option<String>) -> Value {
        if problem.is_some() {
            return Value::Null;
        }
        if weight.is_text(self.model) {
            return texts(weight, self.model, problem);
        }
        let token = Token::new();
        let real = match weight.real(self.model, &token) {
            Ok(real) => real,
            Err(error) => {
                *problem = Some(error.to_string());
                return Value::Null;
            }
        };
        let Ok(moments) = Moments::of(&real.values, &token) else { return Value::Null };
        let mut values = json!({
            "shape": real.shape,
            "count": moments.count,
            "min": number(moments.min),
            "max": number(moments.max),
            "mean": number(moments.mean),
            "std": number(moments.std),
            "zeros": moments.zeros,
            "nan": moments.nan,
            "inf": moments.inf(),
        });
        if let Some(fields) = values.as_object_mut().filter(|_| self.hash) {
            fields.insert("sha256".into(), hex(&digest_f32(&real.values)).into());
        }
        values
    }

    fn to_text(&self) -> String {
        let model = self.model;
        let mut lines = vec![format!("{}: {} {}", model.file.display(), model.format, model.format_version)];
        lines.extend(model.producer.iter().map(|producer| format!("made by {producer}")));
        lines.extend(model.warnings.iter().map(|warning| format!("warning: {warning}")));
        lines.extend(model.signatures.iter().map(|signature| self.signature_line(signature)));
        lines.extend(model.files.iter().map(file_line));
        for (id, graph) in (0..).map(GraphId).zip(&model.graphs) {
            let title = if graph.path.is_empty() { graph.name.clone() } else { graph.path.join("/") };
            let count = graph.operations.len();
            lines.push(String::new());
            lines.push(format!("graph {} {title}: {count} operation{}", id.0, if count == 1 { "" } else { "s" }));
            for (operation_id, operation) in graph.operations() {
                lines.push(format!("{:>6}  {}  {}", operation.index, operation.kind, operation.name));
                lines.extend(notes::of_operation(model, id, operation).map(|note| format!("        {note}")));
                for weight in self.catalogue.of_operation(id, operation_id) {
                    lines.push(self.constant_line(weight));
                    lines.extend(weight.notes(model).into_iter().map(|note| format!("          {note}")));
                }
            }
            for (position, (unread, named)) in graph.unread().enumerate() {
                if position == 0 {
                    lines.push(format!("constants that no operation reads: {}", graph.unread.len()));
                }
                lines.push(format!("{:>6}  {}", named.index, named.name));
                lines.extend(self.catalogue.of_operation(id, unread).iter().map(|weight| self.constant_line(weight)));
            }
        }
        // Names may hold line ends.
        lines.iter().map(|line| one_line(line) + "\n").collect()
    }

    fn signature_line(&self, signature: &Signature) -> String {
        let graph = self.model.graph(signature.graph);
        let ends = |ends: &[(String, TensorId)]| {
            let end = |(name, id): &(String, TensorId)| {
                let tensor = graph.tensor(*id);
                format!("{name} {} {}", tensor.dtype, tensor.shape)
            };
            ends.iter().map(end).collect::<Vec<_>>().join(", ")
        };
        format!("signature {} (graph {}): {} → {}", signature.key, signature.graph.0, ends(&signature.inputs), ends(&signature.outputs))
    }

    fn constant_line(&self, weight: &Weight) -> String {
        let tensor = weight.data_tensor(self.model);
        let shape = weight.graph(self.model).tensor(weight.tensor).shape.to_string();
        let layout = weight.role.layout.unwrap_or_default();
        let scheme = if weight.scheme == Scheme::None { "" } else { weight.scheme.name() };
        let mark = if weight.role.kind == Kind::Weight { "*" } else { " " };
        let mut problem = weight.problem(self.model);
        let figures = if self.stats { self.values(weight, &mut problem) } else { Value::Null };
        let (input, role, dtype) = (weight.site.input, weight.role.name, tensor.dtype.name());
        let mut line = format!("      {mark} {input:<2} {role:<12} {dtype:<5} {shape:<16} {layout:<6} {scheme}");
        if !weight.sections.is_empty() {
            let names: Vec<_> = weight.sections.iter().map(|section| section.name).collect();
            let _ = write!(line, "  [{}]", names.join(" "));
        }
        if let Some(groups) = weight.groups(self.model).filter(|groups| *groups > 1) {
            let _ = write!(line, "  {groups} groups");
        }
        if let Some(figures) = figures.as_object() {
            if let Some(texts) = figures.get("texts") {
                let _ = write!(line, "  {} strings of {} to {} bytes", figures["count"], texts["shortest"], texts["longest"]);
            } else {
                for key in ["min", "max", "mean", "std"] {
                    let _ = write!(line, "  {key} {}", figures[key]);
                }
            }
            if let Some(name) = weight.computed_by() {
                let _ = write!(line, "  computed by {name}");
            }
            if let Some(digest) = figures.get("sha256").and_then(Value::as_str) {
                let _ = write!(line, "  sha256 {digest}");
            }
        }
        if let Some(problem) = problem {
            let _ = write!(line, "  problem: {problem}");
        }
        line.truncate(line.trim_end().len());
        line
    }
}

/// A file that comes with the model.
fn file(file: &AssociatedFile) -> Value {
    json!({
        "name": file.name,
        "kind": file.kind.name(),
        "bytes": file.content.len(),
        "stored_bytes": file.content.stored_len(),
        "description": file.description,
        "about": file.about,
        "problem": file.content.problem(),
    })
}

fn file_line(file: &AssociatedFile) -> String {
    let about = if file.about.is_empty() { String::new() } else { format!(", of {}", file.about.join(", ")) };
    let problem = file.content.problem().map_or(String::new(), |problem| format!("  problem: {problem}"));
    format!("file {}: {}, {} bytes{about}{problem}", file.name, file.kind.name(), file.content.len())
}

fn names<'g>(graph: &'g Graph, tensors: &[TensorId]) -> Vec<&'g str> {
    tensors.iter().map(|id| graph.tensor(*id).name.as_str()).collect()
}

/// The figures of a constant of strings: no number has a meaning, but how many there are and how long.
fn texts(weight: &Weight, model: &Model, problem: &mut Option<String>) -> Value {
    /// As many as tell what the strings are.
    const FIRST: usize = 8;
    let texts = match weight.texts(model) {
        Ok(texts) => texts,
        Err(error) => {
            *problem = Some(error.to_string());
            return Value::Null;
        }
    };
    let lengths = texts.lengths();
    let first: Vec<_> = texts.iter().take(FIRST).map(|text| String::from_utf8_lossy(text)).collect();
    json!({
        "shape": weight.data_tensor(model).shape.dims(),
        "count": texts.len(),
        "texts": {
            "bytes": lengths.total,
            "shortest": lengths.shortest,
            "longest": lengths.longest,
            "empty": lengths.empty,
            "first": first,
        },
    })
}

/// SHA-256 over the little-endian float32 bytes.
fn digest_f32(values: &[f32]) -> Vec<u8> {
    let mut hasher = Sha256::new();
    let mut block = Vec::with_capacity(1 << 16);
    for chunk in values.chunks(1 << 14) {
        block.clear();
        block.extend(chunk.iter().flat_map(|value| value.to_le_bytes()));
        hasher.update(&block);
    }
    hasher.finalize().to_vec()
}
