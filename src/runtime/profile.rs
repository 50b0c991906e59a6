//! What becomes of a model on the CPU: the layers that the OpenVINO runtime executes, each with kernel,
//! precision and time, and joined to the operations that went into it.
//!
//! The runtime fuses operations, replaces some by others and folds what is constant. A layer of its
//! execution graph lists the operations that it came from by name (`originalLayersNames`), and each of
//! these gets the layer's row.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::process::{self, Answer};
use super::protocol::Ran;
use super::{Runtime, RuntimeError};
use crate::formats::{self, Options};
use crate::jobs::{Cancelled, Token};
use crate::model::{DType, FormatName, Graph, Model, Operation, OperationId, OperationRef, TensorId};
use crate::source::Source;
use crate::weights::{Catalogue, FoldError};

/// Layers that compute nothing.
const ENDS: [&str; 3] = ["Const", "Input", "Output"];

/// The bytes of a model whose kernels are compared with those of the runtime's: it has a copy written.
pub(super) const MAX_COMPARED_BYTES: u64 = 256 << 20;

/// A layer of the execution graph.
#[derive(Clone, Debug, PartialEq)]
pub struct ExecutedLayer {
    pub name: String,
    /// `Convolution`, `FullyConnected`, `Subgraph`, `Reorder`, ...
    pub kind: String,
    /// The implementation that the runtime chose: `brgconv_avx512`; empty where it names none.
    pub kernel: String,
    /// What it computes in, as OpenVINO names types.
    pub precision: String,
    pub output_precisions: String,
    /// How its outputs lie in memory: `abcd`, `acdb`, `aBcd16b`.
    pub output_layouts: String,
    /// The mean of all inferences, in whole microseconds; `None` below one, and where it was not run.
    pub microseconds: Option<u64>,
    /// Whether it is computed from constants alone: once, and not at every inference.
    pub is_constant: bool,
    /// The operations of the main graph that went into it, in file order.
    pub operations: Vec<OperationId>,
}

/// A compiled model, and what running it took.
#[derive(Clone, Debug)]
pub struct Profile {
    /// `OpenVINO 2026.4`
    pub name: String,
    /// As the library says it.
    pub version: String,
    pub library: PathBuf,
    pub compile_seconds: f64,
    /// How often the model was run, the first time among them; 0 where it can't be.
    pub inferences: u32,
    /// The mean of them.
    pub inference_seconds: f64,
    /// What to know about the figures: a sentence each.
    pub notes: Vec<String>,
    /// In the order of execution.
    pub layers: Vec<ExecutedLayer>,
    /// The positions among `layers`.
    of_operation: HashMap<OperationId, Vec<usize>>,
}

impl Profile {
    /// The layers that an operation of the main graph went into, in the order of execution.
    pub fn of(&self, operation: OperationRef) -> impl Iterator<Item = &ExecutedLayer> {
        let positions = (operation.graph.0 == 0).then(|| self.of_operation.get(&operation.operation)).flatten();
        positions.into_iter().flatten().filter_map(|position| self.layers.get(*position))
    }

    /// The time of the layers that an operation went into, in microseconds; `None` where none was measured.
    pub fn microseconds(&self, operation: OperationRef) -> Option<u64> {
        self.of(operation).filter(|layer| !layer.is_constant).filter_map(|layer| layer.microseconds).reduce(|a, b| a + b)
    }

    /// The time of all layers that run at every inference, in microseconds.
    pub fn total_microseconds(&self) -> u64 {
        self.layers.iter().filter(|layer| !layer.is_constant).filter_map(|layer| layer.microseconds).sum()
    }

    /// A layer's part of that; `None` for what is not part of it.
    pub fn share(&self, layer: &ExecutedLayer) -> Option<f64> {
        let total = self.total_microseconds();
        (total > 0 && !layer.is_constant).then(|| layer.microseconds.map(|time| time as f64 / total as f64)).flatten()
    }

    /// What came of it, in one sentence.
    pub fn summary(&self) -> String {
        let compiled = format!("{} compiled the model for the CPU in {}", self.name, seconds(self.compile_seconds));
        match self.inferences {
            0 => compiled,
            count => format!("{compiled}; the mean of {count} inferences is {}", seconds(self.inference_seconds)),
        }
    }
}

/// A length of time with three digits: `12.3 ms`.
pub fn seconds(seconds: f64) -> String {
    let (number, unit) = match seconds {
        s if s < 1e-3 => (s * 1e6, "µs"),
        s if s < 1.0 => (s * 1e3, "ms"),
        s => (s, "s"),
    };
    let digits = if number < 10.0 { 2 } else { usize::from(number < 100.0) };
    format!("{number:.digits$} {unit}")
}

/// Compiles a model, runs it on zeros, and joins what was executed to its operations.
///
/// # Errors
/// [`RuntimeError`]: cancelled, or the runtime does not take the model.
pub fn profile(model: &Model, runtime: &mut Runtime, token: &Token) -> Result<Profile, RuntimeError> {
    let refused = |why: String| RuntimeError::Refused { why, path: model.file.clone() };
    let failed = |error: std::io::Error| RuntimeError::Process(format!("it has no folder to work in: {error}"));
    let folder = tempfile::tempdir().map_err(failed)?;
    let place = place(model, folder.path()).map_err(refused)?;
    let graphs = folder.path().join("graphs");
    fs::create_dir(&graphs).map_err(failed)?;
    // OpenVINO's frontend gives TensorFlow Lite's operations names of its own.
    let is_renamed = model.format == FormatName::Tflite;
    let as_read = folder.path().join("source");
    fs::create_dir(&as_read).map_err(failed)?;
    let as_read =
        Some(as_read.as_path()).filter(|_| is_renamed && model.sources.iter().map(Source::len).sum::<u64>() <= MAX_COMPARED_BYTES);
    let (ran, graph) = match runtime.run((&place, process::bin(model)), (&graphs, as_read), token)? {
        Answer::Done(ran) => ran,
        Answer::Refused(words) => return Err(refused(words)),
    };
    let mut names = Names::of(model);
    if let Some(renamed) = as_read.and_then(|folder| read_model(folder, token)) {
        names.add_by_kernels(model, &renamed, token)?;
    }
    let source = Source::from_bytes("execution graph.xml", graph);
    let executed = formats::open_source(source, &Options::default(), token).map_err(|error| match error {
        formats::OpenError::Cancelled { .. } => RuntimeError::Cancelled(Cancelled),
        error => RuntimeError::Process(format!("its execution graph can't be read: {error}")),
    })?;
    let layers = layers(&names, executed.main());
    let mut of_operation: HashMap<OperationId, Vec<usize>> = HashMap::new();
    for (position, layer) in layers.iter().enumerate() {
        layer.operations.iter().for_each(|operation| of_operation.entry(*operation).or_default().push(position));
    }
    Ok(Profile {
        name: runtime.name(),
        version: runtime.version().to_owned(),
        library: runtime.library().to_path_buf(),
        compile_seconds: ran.compile_seconds,
        inferences: ran.inferences,
        inference_seconds: ran.inference_seconds,
        notes: notes(model, &ran),
        layers,
        of_operation,
    })
}

/// The file that the runtime reads: the model's own, or a copy of a model that is a member of a bundle.
pub(super) fn place(model: &Model, folder: &Path) -> Result<PathBuf, String> {
    if model.format == FormatName::OpenvinoIr && model.format_version.parse().is_ok_and(|version: u32| version < 10) {
        return Err(format!("it reads IR from version 10 on, and this is version {}", model.format_version));
    }
    // A bundle of one model goes by the bundle's own name.
    let is_whole = model.bundle.is_none() && model.file.is_file();
    match model.sources.first().filter(|_| model.format == FormatName::Tflite) {
        _ if is_whole => Ok(model.file.clone()),
        Some(source) => {
            let path = folder.join("model.tflite");
            fs::write(&path, source.bytes()).map_err(|error| format!("a copy of it can't be written: {error}"))?;
            Ok(path)
        }
        None => Err("it reads models of this format from files of their own only".into()),
    }
}

fn notes(model: &Model, ran: &Ran) -> Vec<String> {
    let mut notes = Vec::new();
    for (name, shape) in &ran.open_inputs {
        let shape = shape.iter().map(ToString::to_string).collect::<Vec<_>>().join("×");
        notes.push(format!("the model leaves the shape of `{name}` open; it was run with {shape}"));
    }
    if let Some(problem) = &ran.problem {
        notes.push(format!("the model was compiled but can't be run on zeros: {problem}"));
    }
    if model.format == FormatName::Tflite {
        notes.push(
            "OpenVINO's TensorFlow Lite frontend gives layers names of its own; operations with kernels are found by these, others not always"
                .to_owned(),
        );
    }
    notes
}

/// The model that the runtime wrote into a folder, if it did and it can be read.
pub(super) fn read_model(folder: &Path, token: &Token) -> Option<Model> {
    let path = fs::read_dir(folder)
        .ok()?
        .find_map(|entry| Some(entry.ok()?.path()).filter(|path| path.extension().is_some_and(|end| end == "xml")))?;
    formats::open(&path, &Options::default(), token).ok()
}

/// The layers of an execution graph in the order of execution, joined to the operations of a model by their
/// names.
fn layers(names: &Names, executed: &Graph) -> Vec<ExecutedLayer> {
    let mut order: Vec<&Operation> = executed.operations.iter().collect();
    order.sort_by_key(|layer| number(layer, "execOrder").unwrap_or(u64::MAX));
    let mut constant: HashSet<TensorId> = HashSet::new();
    let mut layers = Vec::new();
    for layer in order {
        let kind = text(layer, "layerType").unwrap_or(&layer.kind);
        let is_fed_by_constants =
            layer.inputs.iter().flatten().count() > 0 && layer.inputs.iter().flatten().all(|id| constant.contains(id));
        let is_constant = kind == "Const" || is_fed_by_constants;
        if is_constant {
            constant.extend(&layer.outputs);
        }
        if ENDS.contains(&kind) {
            continue;
        }
        let attribute = |key: &str| text(layer, key).unwrap_or_default().to_owned();
        let primitive = attribute("primitiveType");
        // A type is the end of the primitive's name; of integers `I8`, whichever they are.
        let is_type = |end: &str| DType::ALL.iter().any(|dtype| dtype.name().eq_ignore_ascii_case(end));
        let kernel = primitive.rsplit_once('_').filter(|(_, end)| is_type(end)).map_or(primitive.as_str(), |(kernel, _)| kernel);
        layers.push(ExecutedLayer {
            name: layer.name.clone(),
            kind: kind.to_owned(),
            kernel: if kernel == "unknown" { String::new() } else { kernel.to_owned() },
            precision: attribute("runtimePrecision"),
            output_precisions: attribute("outputPrecisions"),
            output_layouts: attribute("outputLayouts"),
            microseconds: number(layer, "execTimeMcs"),
            is_constant,
            operations: names.in_list(text(layer, "originalLayersNames").unwrap_or_default()),
        });
    }
    correct(names, &mut layers);
    layers
}

/// A layer behind one that was only reshaped bears that one's list, without its own name (2026.4). What
/// others list beside their own names is none of its operations then, and the one of its name is.
fn correct(names: &Names, layers: &mut [ExecutedLayer]) {
    let own = |layer: &ExecutedLayer| names.operations.get(&layer.name).copied().flatten();
    let is_proper = |layer: &ExecutedLayer| own(layer).is_none_or(|own| layer.operations.contains(&own));
    let proper = layers.iter().filter(|layer| is_proper(layer));
    let listed: HashSet<OperationId> = proper.flat_map(|layer| layer.operations.iter().copied()).collect();
    for layer in layers.iter_mut() {
        if let Some(own) = own(layer).filter(|own| !layer.operations.contains(own)) {
            layer.operations.retain(|operation| !listed.contains(operation));
            layer.operations.push(own);
            layer.operations.sort_unstable();
        }
    }
}

fn text<'l>(layer: &'l Operation, key: &str) -> Option<&'l str> {
    layer.attributes.get(key).and_then(Value::as_str)
}

fn number(layer: &Operation, key: &str) -> Option<u64> {
    layer.attributes.get(key).and_then(Value::as_u64)
}

/// The main graph's operations by the names that the runtime has for them; those that share a name are
/// left out, since the runtime renames all but one of them.
struct Names {
    operations: HashMap<String, Option<OperationId>>,
    /// The commas in the name that has most.
    most_commas: usize,
}

impl Names {
    fn of(model: &Model) -> Self {
        let mut names = Self { operations: HashMap::new(), most_commas: 0 };
        for (id, operation) in model.main().operations() {
            // TensorFlow Lite's operators have no names; the frontend counts them.
            let name = if model.format == FormatName::Tflite { operation.index.to_string() } else { operation.name.clone() };
            names.most_commas = names.most_commas.max(name.matches(',').count());
            names.operations.entry(name).and_modify(|known| *known = None).or_insert(Some(id));
        }
        names
    }

    /// The names that the runtime has for operations of a model that it reads under other names, by their
    /// kernels: the same numbers in whatever order, where no other kernel has them.
    fn add_by_kernels(&mut self, model: &Model, renamed: &Model, token: &Token) -> Result<(), RuntimeError> {
        let ours = kernels(model, token)?;
        for (numbers, operation) in kernels(renamed, token)? {
            if let (Some(theirs), Some(Some(ours))) = (operation, ours.get(&numbers)) {
                let name = renamed.main().operation(theirs).name.clone();
                self.most_commas = self.most_commas.max(name.matches(',').count());
                self.operations.insert(name, Some(*ours));
            }
        }
        Ok(())
    }

    /// The operations in a list of names between commas, which names may have too: the longest that is one
    /// counts.
    fn in_list(&self, list: &str) -> Vec<OperationId> {
        let parts: Vec<&str> = list.split(',').collect();
        let mut found = Vec::new();
        let mut start = 0;
        while start < parts.len() {
            let most = (start + 1 + self.most_commas).min(parts.len());
            let longest = (start + 1..=most).rev().find_map(|end| Some((end, self.operations.get(&parts[start..end].join(","))?)));
            let (end, operation) = longest.map_or((start + 1, None), |(end, operation)| (end, *operation));
            found.extend(operation);
            start = end;
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}

/// The operations of the main graph by a digest of the numbers of their kernels; `None` for several with the
/// same numbers.
fn kernels(model: &Model, token: &Token) -> Result<HashMap<[u8; 32], Option<OperationId>>, Cancelled> {
    let mut found = HashMap::new();
    for weight in Catalogue::of(model).weights().filter(|weight| weight.site.graph.0 == 0 && weight.role.name == "kernel") {
        let mut numbers = match weight.real(model, token) {
            Ok(real) => real.values,
            Err(FoldError::Cancelled(cancelled)) => return Err(cancelled),
            Err(_) => continue,
        };
        numbers.sort_unstable_by(f32::total_cmp);
        let mut digest = Sha256::new();
        numbers.iter().for_each(|number| digest.update(number.to_le_bytes()));
        let operation = Some(weight.site.operation);
        found.entry(digest.finalize().into()).and_modify(|known| *known = None).or_insert(operation);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(layers: &str, edges: &str) -> Model {
        let text = format!("<net name=\"n\" version=\"11\"><layers>{layers}</layers><edges>{edges}</edges></net>");
        formats::open_source(Source::from_bytes("n.xml", text.into_bytes()), &Options::default(), &Token::new()).unwrap()
    }

    fn port(id: u32) -> String {
        format!("<port id=\"{id}\" precision=\"FP32\"><dim>4</dim></port>")
    }

    /// A chain of operations with these names behind an input.
    fn chain(names: &[&str]) -> Model {
        let (mut layers, mut edges) = (String::new(), String::new());
        layers += &format!(
            "<layer id=\"0\" name=\"x\" type=\"Parameter\" version=\"opset1\"><data shape=\"4\" element_type=\"f32\"/><output>{}</output></layer>",
            port(0)
        );
        for (id, name) in (1..).zip(names) {
            let (before, inputs, outputs) = (id - 1, port(0), port(1));
            layers += &format!(
                "<layer id=\"{id}\" name=\"{name}\" type=\"ReLU\" version=\"opset1\"><input>{inputs}</input><output>{outputs}</output></layer>"
            );
            edges += &format!("<edge from-layer=\"{before}\" from-port=\"{}\" to-layer=\"{id}\" to-port=\"0\"/>", u8::from(before > 0));
        }
        opened(&layers, &edges)
    }

    /// As OpenVINO 2026.4 writes them: an input, a constant that is brought into another order once, and two
    /// layers, the first fused of two operations.
    fn executed() -> Model {
        let layer = |id: u32, kind: &str, attributes: &str, inputs: u32| {
            let inputs: String = (0..inputs).map(port).collect();
            format!(
                "<layer id=\"{id}\" name=\"l{id}\" type=\"{kind}\"><data execOrder=\"{id}\" outputLayouts=\"a\" outputPrecisions=\"bf16\" {attributes}/>\
                 <input>{inputs}</input><output>{}</output></layer>",
                port(9)
            )
        };
        let edge =
            |from: u32, to: u32, port: u32| format!("<edge from-layer=\"{from}\" from-port=\"9\" to-layer=\"{to}\" to-port=\"{port}\"/>");
        let layers = [
            layer(
                0,
                "Input",
                "execTimeMcs=\"not_executed\" originalLayersNames=\"x\" primitiveType=\"unknown_f32\" runtimePrecision=\"f32\"",
                0,
            ),
            layer(
                1,
                "Const",
                "execTimeMcs=\"not_executed\" originalLayersNames=\"w\" primitiveType=\"unknown_f32\" runtimePrecision=\"f32\"",
                0,
            ),
            layer(2, "Reorder", "execTimeMcs=\"46\" originalLayersNames=\"\" primitiveType=\"jit_uni_f32\" runtimePrecision=\"f32\"", 1),
            layer(
                4,
                "Softmax",
                "execTimeMcs=\"not_executed\" originalLayersNames=\"c\" primitiveType=\"unknown_f32\" runtimePrecision=\"f32\"",
                1,
            ),
            layer(
                3,
                "FullyConnected",
                "execTimeMcs=\"12\" originalLayersNames=\"b,more,gone,a\" primitiveType=\"brgemm_avx512_I8\" runtimePrecision=\"u8\"",
                2,
            ),
        ];
        opened(&layers.concat(), &[edge(1, 2, 0), edge(0, 3, 0), edge(2, 3, 1), edge(3, 4, 0)].concat())
    }

    #[test]
    fn fused_operations_share_a_layer() {
        let model = chain(&["a", "b,more", "c", "twice", "twice", "b"]);
        let layers = layers(&Names::of(&model), executed().main());
        let names: Vec<_> = layers.iter().map(|layer| (layer.name.as_str(), layer.kind.as_str(), layer.is_constant)).collect();
        assert_eq!(names, [("l2", "Reorder", true), ("l3", "FullyConnected", false), ("l4", "Softmax", false)]);
        let fused = &layers[1];
        assert_eq!((fused.kernel.as_str(), fused.precision.as_str(), fused.microseconds), ("brgemm_avx512", "u8", Some(12)));
        let of = |layer: &ExecutedLayer| -> Vec<_> {
            layer.operations.iter().map(|operation| model.main().operation(*operation).name.clone()).collect()
        };
        assert_eq!(of(fused), ["a", "b,more"]);
        assert_eq!((of(&layers[2]), layers[2].microseconds, layers[2].kernel.as_str()), (vec!["c".to_owned()], None, ""));
    }

    #[test]
    fn a_list_that_was_handed_on_is_no_layers_own() {
        let names = Names::of(&chain(&["a", "b", "c", "d"]));
        let layer = |name: &str, list: &str| ExecutedLayer {
            name: name.into(),
            kind: String::new(),
            kernel: String::new(),
            precision: String::new(),
            output_precisions: String::new(),
            output_layouts: String::new(),
            microseconds: None,
            is_constant: false,
            operations: names.in_list(list),
        };
        let mut layers = [layer("b", "a,b"), layer("c", "a,b,d"), layer("added", "")];
        correct(&names, &mut layers);
        assert_eq!(layers.map(|layer| layer.operations), [names.in_list("a,b"), names.in_list("c,d"), Vec::new()]);
    }

    #[test]
    fn names_that_two_operations_share_are_joined_to_none() {
        let names = Names::of(&chain(&["a", "twice", "twice"]));
        assert_eq!(names.in_list("a").len(), 1);
        assert!(names.in_list("twice").is_empty() && names.in_list("").is_empty());
    }

    #[test]
    fn lengths_of_time_have_three_digits() {
        let texts = [0.000_001_234, 0.000_45, 0.0123, 0.4567, 12.0].map(seconds);
        assert_eq!(texts, ["1.23 µs", "450 µs", "12.3 ms", "457 ms", "12.0 s"]);
    }
}
