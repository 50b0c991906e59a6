//! Every constant-fed input computed by the runtime too, and compared bit for bit.
//!
//! Many weights go into one model with as many outputs, as far as memory is to stay bounded. Where the
//! runtime refuses such a model, its halves are tried, down to the weights that it refuses.

use std::collections::HashMap;
use std::io::{self, Read};

use super::frontend::{self, Kept};
use super::net::{self, Needs};
use super::process::{self, Answer};
use super::profile::{self, MAX_COMPARED_BYTES};
use super::protocol::Output;
use super::{Runtime, RuntimeError, tflite};
use crate::jobs::Token;
use crate::model::{DType, FormatName, Model, Packing, TensorRef};
use crate::source::Source;
use crate::values;
use crate::weights::{FoldError, Real, Site, Weight};

/// The bytes that one model's constants and outputs may take together; a larger weight goes alone.
const BATCH_BYTES: u64 = 64 << 20;
/// The runtime's compilation takes more than its share of time for models of thousands of outputs.
const BATCH_LEN: usize = 256;
/// Elements that are compared at a time.
const BLOCK: usize = 1 << 14;

/// What came of one weight.
#[derive(Clone, Debug, PartialEq)]
pub struct Checked {
    pub site: Site,
    /// The elements that were compared.
    pub elements: u64,
    pub differing: u64,
    /// The largest absolute difference; infinite where one of the two is not a finite number.
    pub max_difference: f64,
    /// The first element with the largest difference.
    pub worst: Option<Difference>,
    pub verdict: Verdict,
    /// What to know about weights that count as equal: one sentence.
    pub note: Option<String>,
    /// The same constant in the model that the runtime's frontend makes of a TensorFlow Lite file; `None` where it keeps
    /// none that is known to be the same.
    pub kept: Option<Kept>,
}

/// One element that differs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Difference {
    /// Its place in C order.
    pub element: u64,
    pub ours: f32,
    pub theirs: f32,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Bit for bit. Of numbers that are none any two are equal.
    Equal,
    Different,
    /// The runtime does not compute it: its own words.
    Refused(String),
    /// It has no values here: one sentence why.
    Unresolved(String),
}

/// What came of a whole model.
#[derive(Clone, Debug)]
pub struct Report {
    /// `OpenVINO 2026.4`
    pub name: String,
    /// As the library says it.
    pub version: String,
    pub library: std::path::PathBuf,
    /// Whether the runtime reads the model; if not, its words. `None` where the model is none that it could be given:
    /// the example, of OpenVINO's form.
    pub reads: Option<Result<(), String>>,
    /// Whether the constants were looked for in the model that the frontend made of a TensorFlow Lite file; if not, one
    /// sentence why. `None` where there is no such model.
    pub frontend: Option<Result<(), String>>,
    /// One a weight, in the order of the weights.
    pub rows: Vec<Checked>,
}

impl Verdict {
    /// The word in `verify --json`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Equal => "equal",
            Self::Different => "different",
            Self::Refused(_) => "refused",
            Self::Unresolved(_) => "unresolved",
        }
    }

    /// Why nothing was compared.
    pub fn problem(&self) -> Option<&str> {
        match self {
            Self::Equal | Self::Different => None,
            Self::Refused(why) | Self::Unresolved(why) => Some(why),
        }
    }
}

impl Report {
    /// How many weights have the verdict with this word.
    pub fn count(&self, verdict: &str) -> usize {
        self.rows.iter().filter(|row| row.verdict.name() == verdict).count()
    }

    /// How many weights the frontend's model holds as they are here, and how many it holds otherwise.
    pub fn kept(&self) -> (usize, usize) {
        let kept = self.rows.iter().filter_map(|row| row.kept.as_ref());
        let different = kept.clone().filter(|kept| kept.differing > 0).count();
        (kept.count() - different, different)
    }

    /// How many weights differ in either comparison.
    pub fn differing(&self) -> usize {
        self.rows.iter().filter(|row| row.is_different()).count()
    }

    /// What came of it, in one sentence.
    pub fn summary(&self) -> String {
        let (equal, different) = (self.count("equal"), self.count("different"));
        let mut text = format!("{equal} of {} constants equal to {}, {different} different", self.rows.len(), self.name);
        for (verdict, what) in [("refused", "refused by it"), ("unresolved", "not compared")] {
            match self.count(verdict) {
                0 => {}
                count => text += &format!(", {count} {what}"),
            }
        }
        if let Some(Ok(())) = self.frontend {
            let (equal, different) = self.kept();
            text += &format!(
                "; {equal} are the same in the model that it reads, {different} different, {} not kept",
                self.rows.len() - equal - different
            );
        }
        text
    }
}

/// Compares the weights with what the runtime computes. The token counts bytes.
///
/// # Errors
/// [`RuntimeError`]: cancelled, or the runtime can't be started again after a crash.
pub fn verify(model: &Model, weights: &[&Weight], runtime: &mut Runtime, token: &Token) -> Result<Report, RuntimeError> {
    let mut run = Run { model, weights, token, rows: vec![None; weights.len()] };
    let tasks = run.tasks();
    token.expect(tasks.iter().map(|task| task.bytes).sum::<u64>().max(1));
    let WholeModel { reads, frontend, kept } = read(model, weights, runtime, token)?;
    let mut open: Vec<&[Task]> = batches(&tasks);
    open.reverse();
    while let Some(batch) = open.pop() {
        let mut again = Vec::new();
        match run.batch(batch, runtime, &mut again)? {
            Answer::Refused(_) if batch.len() > 1 => {
                let (first, second) = batch.split_at(batch.len() / 2);
                open.extend([second, first]);
                continue;
            }
            Answer::Done(()) => {}
            Answer::Refused(words) => {
                for task in batch {
                    run.settle(task, |site| Checked::without(site, Verdict::Refused(words.clone())));
                }
            }
        }
        let (done, left) = (batch.iter().map(|task| task.bytes).sum::<u64>(), again.iter().map(|task| task.bytes).sum::<u64>());
        token.advance(done - left);
        open.extend(again.into_iter().map(std::slice::from_ref));
    }
    let rows = run.rows.into_iter().zip(weights).zip(kept).map(|((row, weight), kept)| {
        let row = row.unwrap_or_else(|| Checked::without(weight.site, Verdict::Unresolved("it was not compared".into())));
        Checked { kept, ..row }
    });
    Ok(Report {
        name: runtime.name(),
        version: runtime.version().to_owned(),
        library: runtime.library().to_path_buf(),
        reads,
        frontend,
        rows: rows.collect(),
    })
}

/// What comes of having the runtime read a whole model.
struct WholeModel {
    reads: Option<Result<(), String>>,
    frontend: Option<Result<(), String>>,
    /// One a weight.
    kept: Vec<Option<Kept>>,
}

/// Has the runtime read the model, and, where its frontend makes another model of it, looks for the constants there.
fn read(model: &Model, weights: &[&Weight], runtime: &mut Runtime, token: &Token) -> Result<WholeModel, RuntimeError> {
    let mut read = WholeModel { reads: None, frontend: None, kept: vec![None; weights.len()] };
    let is_converted = model.format == FormatName::Tflite;
    if !is_converted && !model.file.is_file() {
        return Ok(read);
    }
    let failed = |error: io::Error| RuntimeError::Process(format!("it has no folder to work in: {error}"));
    let folder = tempfile::tempdir().map_err(failed)?;
    let written = tempfile::tempdir().map_err(failed)?;
    let is_small = model.sources.iter().map(Source::len).sum::<u64>() <= MAX_COMPARED_BYTES;
    let file = match profile::place(model, folder.path()) {
        Ok(file) => file,
        // The runtime says itself what it does not read.
        Err(_) if model.file.is_file() => model.file.clone(),
        Err(why) => {
            read.reads = Some(Err(why));
            return Ok(read);
        }
    };
    let target = Some(written.path()).filter(|_| is_converted && is_small);
    read.reads = Some(match runtime.read((&file, process::bin(model)), target, token)? {
        Answer::Done(()) => Ok(()),
        Answer::Refused(words) => Err(words),
    });
    if !is_converted || read.reads != Some(Ok(())) {
        return Ok(read);
    }
    read.frontend = Some(match target.map(|folder| profile::read_model(folder, token)) {
        None => {
            Err(format!("the model has more than {} MB, and no copy of what the frontend makes of it is written", MAX_COMPARED_BYTES >> 20))
        }
        Some(None) => Err("the runtime does not hand out the model that its frontend makes".into()),
        Some(Some(made)) => {
            read.kept = frontend::kept(model, weights, &made, token)?;
            Ok(())
        }
    });
    Ok(read)
}

/// A tensor that is computed once, however many inputs it feeds.
struct Task {
    tensor: TensorRef,
    needs: Needs,
    /// Positions among the weights; never empty.
    weights: Vec<usize>,
    /// Of its constants, and of its values.
    bytes: u64,
}

struct Run<'r> {
    model: &'r Model,
    weights: &'r [&'r Weight],
    token: &'r Token,
    rows: Vec<Option<Checked>>,
}

impl Run<'_> {
    /// What is to be computed. Weights that can't be are settled at once.
    fn tasks(&mut self) -> Vec<Task> {
        let mut tasks: Vec<Task> = Vec::new();
        let mut known: HashMap<TensorRef, usize> = HashMap::new();
        for (position, weight) in self.weights.iter().enumerate() {
            let found = match weight.problem(self.model) {
                Some(problem) => Err(problem),
                None => self.source(weight),
            };
            let (tensor, needs) = match found {
                Ok(found) => found,
                Err(why) => {
                    if let Some(row) = self.rows.get_mut(position) {
                        *row = Some(Checked::without(weight.site, Verdict::Unresolved(why)));
                    }
                    continue;
                }
            };
            match known.get(&tensor).and_then(|known| tasks.get_mut(*known)) {
                Some(task) => task.weights.push(position),
                None => {
                    known.insert(tensor, tasks.len());
                    let values = weight.graph(self.model).tensor(weight.tensor).shape.count().unwrap_or(0).saturating_mul(4);
                    let bytes = needs.bytes.saturating_add(values);
                    tasks.push(Task { tensor, needs, weights: vec![position], bytes });
                }
            }
        }
        tasks
    }

    /// The tensor that the runtime computes, and what from.
    fn source(&self, weight: &Weight) -> Result<(TensorRef, Needs), String> {
        let data = weight.data_tensor(self.model);
        if data.is_filled() {
            return Err("it is not in the file: the runtime fills it in".into());
        }
        if !values::can_decode(data.dtype) {
            return Err(format!("values of type {} are not compared", data.dtype));
        }
        let is_legacy =
            self.model.format == FormatName::OpenvinoIr && self.model.format_version.parse().is_ok_and(|version: u32| version < 10);
        if is_legacy && (data.quantization.is_some() || !weight.chain.is_empty()) {
            return Err(format!("the runtime has none of the operations and fixed-point types of version {}", self.model.format_version));
        }
        if self.model.format == FormatName::OpenvinoIr && data.packing != Packing::Flat {
            return Err("the runtime packs bits in another order".into());
        }
        let tensor = match self.model.format {
            FormatName::Tflite => tflite::constant(self.model, weight)?,
            FormatName::OpenvinoIr => net::origin(self.model, TensorRef { graph: weight.site.graph, tensor: weight.tensor }),
        };
        Ok((tensor, Needs::of(self.model, tensor)?))
    }

    /// Has the runtime compute a batch, and compares each output as it comes. What differs in company
    /// goes to `again`: the value that counts is what the runtime makes of the subgraph alone. In company
    /// it may choose other kernels, whose tables differ in the last place (NF4 in 2026.4).
    fn batch<'t>(&mut self, batch: &'t [Task], runtime: &mut Runtime, again: &mut Vec<&'t Task>) -> Result<Answer, RuntimeError> {
        let net = match self.model.format {
            FormatName::Tflite => tflite::file(self.model, &batch.iter().map(|task| task.tensor).collect::<Vec<_>>()),
            FormatName::OpenvinoIr => {
                let tensors: Vec<_> = batch.iter().map(|task| (task.tensor, &task.needs)).collect();
                net::ir(self.model, &tensors)
            }
        };
        runtime.compute(&net, self.token, |position, output, bytes| {
            let Some(task) = batch.get(position) else { return Err(io::ErrorKind::InvalidData.into()) };
            let checked = self.compare(task, output, bytes)?;
            if checked.verdict == Verdict::Different && batch.len() > 1 {
                again.push(task);
            } else {
                self.settle(task, |site| Checked { site, ..checked.clone() });
            }
            Ok(())
        })
    }

    /// Reads an output and compares it with the values here.
    fn compare(&self, task: &Task, output: &Output, bytes: &mut dyn Read) -> io::Result<Checked> {
        let Some(weight) = task.weights.first().and_then(|position| self.weights.get(*position)) else {
            return Err(io::ErrorKind::InvalidData.into());
        };
        // What the runtime itself computed proves nothing.
        match weight.without_fallback().real(self.model, self.token) {
            Ok(real) => compare(&real, output, bytes, self.leniency(weight), weight.site),
            Err(error @ FoldError::Cancelled(_)) => Err(io::Error::other(error)),
            Err(error) => {
                io::copy(bytes, &mut io::sink())?;
                Ok(Checked::without(weight.site, Verdict::Unresolved(error.to_string())))
            }
        }
    }

    fn leniency(&self, weight: &Weight) -> Leniency {
        let data = weight.data_tensor(self.model);
        let is_tflite = self.model.format == FormatName::Tflite;
        Leniency {
            rounds: is_tflite && data.quantization.is_some() && matches!(data.dtype, DType::I32 | DType::I64),
            is_truth: is_tflite && data.dtype == DType::Bool,
        }
    }

    fn settle(&mut self, task: &Task, checked: impl Fn(Site) -> Checked) {
        for position in &task.weights {
            if let (Some(row), Some(weight)) = (self.rows.get_mut(*position), self.weights.get(*position)) {
                *row = Some(checked(weight.site));
            }
        }
    }
}

/// What OpenVINO's TensorFlow Lite frontend is known to do otherwise.
#[derive(Clone, Copy, Debug, Default)]
struct Leniency {
    /// TensorFlow Lite dequantises 32-bit and 64-bit integers in float64, the frontend in float32.
    rounds: bool,
    /// Any byte but 0 is true; the frontend's conversion to float32 takes it for a number.
    is_truth: bool,
}

/// Neighbours, each batch small enough.
fn batches(tasks: &[Task]) -> Vec<&[Task]> {
    let mut batches = Vec::new();
    let mut start = 0;
    let mut bytes = 0u64;
    for (position, task) in tasks.iter().enumerate() {
        bytes = bytes.saturating_add(task.bytes);
        if position > start && (bytes > BATCH_BYTES || position - start == BATCH_LEN) {
            batches.push(&tasks[start..position]);
            (start, bytes) = (position, task.bytes);
        }
    }
    if start < tasks.len() {
        batches.push(&tasks[start..]);
    }
    batches
}

impl Checked {
    fn without(site: Site, verdict: Verdict) -> Self {
        Self { site, elements: 0, differing: 0, max_difference: 0.0, worst: None, verdict, note: None, kept: None }
    }

    /// Whether the runtime computes something else, or its frontend has something else.
    pub fn is_different(&self) -> bool {
        self.verdict == Verdict::Different || self.kept.as_ref().is_some_and(|kept| kept.differing > 0)
    }

    fn add(&mut self, found: Difference) {
        let difference = (f64::from(found.ours) - f64::from(found.theirs)).abs();
        let difference = if difference.is_nan() { f64::INFINITY } else { difference };
        if self.worst.is_none() || difference > self.max_difference {
            self.worst = Some(found);
            self.max_difference = difference;
        }
        self.differing += 1;
    }
}

/// Compares block by block, whatever it finds on the way: all of the output is read.
fn compare(real: &Real, output: &Output, bytes: &mut dyn Read, leniency: Leniency, site: Site) -> io::Result<Checked> {
    let shape: Vec<u64> = real.shape.iter().map(|dim| *dim as u64).collect();
    let dtype = DType::ALL.iter().copied().find(|dtype| dtype.name() == output.dtype && net::is_plain(*dtype));
    let element = dtype.map_or(0, |dtype| dtype.bits() as usize / 8);
    let mut checked = Checked {
        site,
        elements: real.values.len() as u64,
        differing: 0,
        max_difference: 0.0,
        worst: None,
        verdict: Verdict::Equal,
        note: None,
        kept: None,
    };
    let Some(dtype) = dtype.filter(|_| output.shape == shape && output.bytes == (real.values.len() * element) as u64) else {
        io::copy(bytes, &mut io::sink())?;
        let note = format!("the runtime's value is {} of shape {:?}, here it has shape {:?}", output.dtype, output.shape, real.shape);
        return Ok(Checked {
            differing: checked.elements,
            max_difference: f64::INFINITY,
            verdict: Verdict::Different,
            note: Some(note),
            ..checked
        });
    };
    let (mut flushed, mut rounded, mut signs) = (0u64, 0u64, None);
    let mut raw = vec![0; BLOCK * element];
    let mut theirs = vec![0.0; BLOCK];
    for (block, ours) in (0u64..).zip(real.values.chunks(BLOCK)) {
        let raw = &mut raw[..ours.len() * element];
        let theirs = &mut theirs[..ours.len()];
        bytes.read_exact(raw)?;
        values::decode_f32(dtype, raw, 0, theirs).map_err(io::Error::other)?;
        if leniency.is_truth {
            theirs.iter_mut().for_each(|value| *value = f32::from(u8::from(*value != 0.0)));
        }
        for ((place, ours), theirs) in (0u64..).zip(ours).zip(&*theirs) {
            let difference = (f64::from(*ours) - f64::from(*theirs)).abs();
            let found = Difference { element: block * BLOCK as u64 + place, ours: *ours, theirs: *theirs };
            if ours.to_bits() == theirs.to_bits() || (ours.is_nan() && theirs.is_nan()) {
            } else if ours.is_subnormal() && *theirs == 0.0 {
                flushed += 1;
            } else if *ours == *theirs {
                signs = signs.map_or(Some((1, found)), |(count, first)| Some((count + 1, first)));
            } else if leniency.rounds && difference <= f64::from(ours.abs()) * f64::from(f32::EPSILON) * 2.0 {
                rounded += 1;
            } else {
                checked.add(found);
            }
        }
    }
    // Where a constant has subnormal numbers, the runtime's CPU plugin makes them 0, and -0 with them.
    if let Some((count, first)) = signs.filter(|_| flushed == 0) {
        checked.differing += count;
        checked.worst.get_or_insert(first);
    }
    if checked.differing > 0 {
        checked.verdict = Verdict::Different;
    }
    checked.note = match (flushed, rounded) {
        (0, 0) => None,
        (0, count) => Some(format!("the runtime dequantises in float32, which rounds {count} of the values otherwise")),
        (count, _) => Some(format!("the runtime takes {count} subnormal numbers for 0")),
    };
    Ok(checked)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{GraphId, OperationId, TensorId};

    const SITE: Site = Site { graph: GraphId(0), operation: OperationId(0), input: 0 };

    fn compared(ours: &[f32], theirs: &[f32], rounds: bool) -> Checked {
        let real = Real { shape: vec![ours.len()], values: ours.to_vec() };
        let bytes: Vec<u8> = theirs.iter().flat_map(|value| value.to_le_bytes()).collect();
        let output = Output { dtype: "f32".into(), shape: vec![theirs.len() as u64], bytes: bytes.len() as u64 };
        let mut input = bytes.as_slice();
        let checked = compare(&real, &output, &mut input, Leniency { rounds, is_truth: false }, SITE).unwrap();
        assert!(input.is_empty(), "the output was not read to its end");
        checked
    }

    #[test]
    fn bits_are_compared() {
        let nan = f32::from_bits(0xffc0_0001);
        for (ours, theirs, differing, max) in [
            (vec![1.0, -0.5, f32::NAN], vec![1.0, -0.5, nan], 0, 0.0),
            (vec![1.0, 2.0], vec![1.0, 2.5], 1, 0.5),
            (vec![0.0], vec![-0.0], 1, 0.0),
            (vec![1.0], vec![1.0 + f32::EPSILON], 1, f64::from(f32::EPSILON)),
            (vec![f32::NAN, f32::INFINITY], vec![0.0, f32::NEG_INFINITY], 2, f64::INFINITY),
            (vec![1.0], vec![1.0, 2.0], 1, f64::INFINITY),
            (vec![], vec![], 0, 0.0),
        ] {
            let checked = compared(&ours, &theirs, false);
            let verdict = if differing == 0 { Verdict::Equal } else { Verdict::Different };
            assert_eq!((checked.differing, checked.max_difference, checked.verdict), (differing, max, verdict), "{ours:?} and {theirs:?}");
        }
        let far = compared(&[0.0, 1.0, 1.0, 1.0], &[-0.0, 2.0, 4.0, 4.0], false);
        assert_eq!((far.differing, far.worst), (4, Some(Difference { element: 2, ours: 1.0, theirs: 4.0 })));
        let long: Vec<f32> = (0..BLOCK as u16 * 2 + 7).map(f32::from).collect();
        let mut other = long.clone();
        other[BLOCK + 3] += 2.0;
        assert_eq!((compared(&long, &other, false).differing, compared(&long, &other, false).max_difference), (1, 2.0));
    }

    #[test]
    fn what_the_runtime_is_known_to_do_is_noted() {
        let flushed = compared(&[1e-40, 1.0], &[0.0, 1.0], false);
        assert!(flushed.verdict == Verdict::Equal && flushed.note.unwrap().contains("1 subnormal"));
        assert_eq!(compared(&[0.0], &[1e-40], false).verdict, Verdict::Different);
        assert_eq!(compared(&[1e-40, -0.0], &[0.0, 0.0], false).verdict, Verdict::Equal);
        let rounded = compared(&[3.0], &[3.0 + 2.0 * f32::EPSILON], true);
        assert!(rounded.verdict == Verdict::Equal && rounded.note.is_some());
        assert_eq!(compared(&[3.0], &[3.00001], true).verdict, Verdict::Different);
    }

    #[test]
    fn batches_are_small() {
        let tensor = TensorRef { graph: GraphId(0), tensor: TensorId(0) };
        let task = |mebibytes: u64| Task { tensor, needs: Needs::default(), weights: vec![0], bytes: mebibytes << 20 };
        let lens = |tasks: &[Task]| batches(tasks).iter().map(|batch| batch.len()).collect::<Vec<_>>();
        assert_eq!(lens(&[30, 30, 30, 100, 1].map(task)), [2, 1, 1, 1]);
        assert_eq!(lens(&(0..=BATCH_LEN).map(|_| task(0)).collect::<Vec<_>>()), [BATCH_LEN, 1]);
        assert!(lens(&[]).is_empty());
    }
}
