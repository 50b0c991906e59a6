//! Every fixture opens, or is refused, as the index says, and every constant is what the reference
//! says: stored bytes, type, shape, role, layout and real values, bit for bit.
//!
//! All faults of all files are shown at once, a line each: file, graph, operation, input, and what
//! differs.

use std::path::{Path, PathBuf};

use weightscope::formats::{self, Options};
use weightscope::jobs::Token;
use weightscope::model::{GraphId, Model};
use weightscope::stats::Moments;
use weightscope::weights::{Catalogue, Weight};

use crate::reference::{Constant, Expect, Fixture, GraphKey, Stored, fixtures, is_one_line, model_files, report, root, sha256, sha256_f32};

#[test]
fn every_constant_is_what_the_reference_says() {
    let mut faults = Vec::new();
    let mut compared = 0;
    for fixture in fixtures().iter().filter(|fixture| fixture.expect == Expect::Open) {
        let mut fault = |what: String| faults.push(format!("{}: {what}", fixture.file));
        let model = match open(fixture) {
            Ok(model) => model,
            Err(error) => {
                fault(format!("does not open: {error}"));
                continue;
            }
        };
        if model.format.name() != fixture.format {
            fault(format!("opened as {}, expected {}", model.format.name(), fixture.format));
        }
        let catalogue = Catalogue::of(&model);
        for constant in fixture.reference().map(|reference| reference.constants).unwrap_or_default() {
            compared += 1;
            if let Err(what) = compare_any(&model, &catalogue, &constant) {
                fault(format!("{}: {what}", constant.place()));
            }
        }
    }
    report(&faults);
    assert!(compared >= 378, "only {compared} constants were compared");
}

/// The other way round: the reference tool saw every constant whose bytes can be had, so there is no
/// weight beside those that it lists.
#[test]
fn nothing_but_the_references_weights_is_found() {
    let mut faults = Vec::new();
    for fixture in fixtures().iter().filter(|fixture| fixture.expect == Expect::Open && fixture.reference.is_some()) {
        let Ok(model) = open(fixture) else { continue };
        let constants = fixture.reference().unwrap().constants;
        let catalogue = Catalogue::of(&model);
        // The interpreter knows no constants but those that an operation reads.
        let is_read = |weight: &&Weight| !weight.graph(&model).is_unread(weight.site.operation);
        for weight in catalogue.weights().filter(is_read).filter(|weight| weight.stored_bytes(&model).is_ok()) {
            let is_known =
                constants.iter().any(|constant| candidates(&model, &catalogue, constant).iter().any(|found| found.site == weight.site));
            if !is_known {
                let operation = weight.operation(&model);
                let (name, kind, input) = (&operation.name, &operation.kind, weight.site.input);
                faults.push(format!("{}: {kind} {name:?}, input {input}: {} without a reference", fixture.file, weight.role.name));
            }
        }
    }
    report(&faults);
}

#[test]
fn what_is_refused_is_refused_in_a_sentence() {
    let mut faults = Vec::new();
    for fixture in fixtures().iter().filter(|fixture| fixture.expect == Expect::Refuse) {
        match open(fixture) {
            Ok(model) => faults.push(format!("{}: opened as {}", fixture.file, model.format)),
            Err(sentence) => faults.extend(fault_of_sentence(&sentence, fixture).map(|what| format!("{}: {what}", fixture.file))),
        }
    }
    report(&faults);
}

#[test]
fn the_rest_opens_or_is_refused() {
    let mut faults = Vec::new();
    for fixture in fixtures().iter().filter(|fixture| matches!(fixture.expect, Expect::Any | Expect::Later)) {
        if let Err(sentence) = open(fixture) {
            faults.extend(fault_of_sentence(&sentence, fixture).map(|what| format!("{}: {what}", fixture.file)));
        }
    }
    report(&faults);
}

/// What is not read in full yet has its reference values all the same, in their own form.
#[test]
fn references_for_later_are_sound() {
    let later = fixtures().into_iter().filter(|fixture| fixture.expect == Expect::Later);
    let faults: Vec<_> = later
        .filter_map(|fixture| fixture.reference().map(|reference| (fixture, reference)))
        .filter(|(_, reference)| reference.constants.iter().any(|constant| constant.f32.as_ref().is_some_and(|digest| digest.len() != 64)))
        .map(|(fixture, _)| format!("{}: a digest that is none", fixture.file))
        .collect();
    report(&faults);
}

#[test]
fn warnings_are_sentences() {
    let mut faults = Vec::new();
    for fixture in fixtures() {
        let Ok(model) = open(&fixture) else { continue };
        let odd = model.warnings.iter().filter(|warning| !is_one_line(warning));
        faults.extend(odd.map(|warning| format!("{}: {warning:?}", fixture.file)));
    }
    report(&faults);
}

#[test]
fn the_index_lists_every_file() {
    let listed: Vec<_> = fixtures().iter().map(Fixture::path).collect();
    let folders = ["assets/example", "fixtures/tflite", "fixtures/container", "fixtures/ir", "fixtures/legacy", "fixtures/hostile"]
        .map(|folder| root().join(folder));
    let files: Vec<_> = folders.iter().flat_map(|folder| model_files(folder)).collect();
    let unlisted = files.iter().filter(|file| !listed.contains(file)).map(|file| format!("not in the index: {}", file.display()));
    // A path may name a member of a file that holds several models.
    let exists = |file: &PathBuf| file.exists() || file.ancestors().any(Path::is_file);
    let lost = listed.iter().filter(|file| !exists(file)).map(|file| format!("in the index, but not there: {}", file.display()));
    report(&unlisted.chain(lost).collect::<Vec<_>>());
}

fn open(fixture: &Fixture) -> Result<Model, String> {
    formats::open(&fixture.path(), &Options::default(), &Token::new()).map_err(|error| error.to_string())
}

/// What is wrong with the error about a file: it is one line, and the path comes last.
fn fault_of_sentence(sentence: &str, fixture: &Fixture) -> Option<String> {
    let is_good = is_one_line(sentence) && sentence.ends_with(&format!(": {}", fixture.path().display()));
    (!is_good).then(|| format!("not a sentence with the path last: {sentence:?}"))
}

/// Compares with every constant of ours that the reference may mean. More than one where operations
/// of an IR share name and type; then one that agrees is enough.
fn compare_any(model: &Model, catalogue: &Catalogue, constant: &Constant) -> Result<(), String> {
    let mut outcome = Err("not listed".to_owned());
    for weight in candidates(model, catalogue, constant) {
        outcome = compare(model, weight, constant);
        if outcome.is_ok() {
            break;
        }
    }
    outcome
}

fn candidates<'c>(model: &Model, catalogue: &'c Catalogue, constant: &Constant) -> Vec<&'c Weight> {
    let Some(graph) = graph_of(model, &constant.graph) else { return Vec::new() };
    let is_meant = |weight: &&Weight| {
        let operation = weight.operation(model);
        let by_index = constant.op == Some(operation.index);
        let by_name =
            constant.op.is_none() && constant.name.as_ref() == Some(&operation.name) && constant.kind.as_ref() == Some(&operation.kind);
        weight.site.graph == graph && weight.site.input == constant.input && (by_index || by_name)
    };
    catalogue.all().iter().filter(is_meant).collect()
}

fn graph_of(model: &Model, key: &GraphKey) -> Option<GraphId> {
    (0..).map(GraphId).zip(&model.graphs).find_map(|(id, graph)| {
        let is_it = match key {
            GraphKey::Index(index) => id.0 as usize == *index,
            GraphKey::Path(path) => graph.path.join("|") == *path,
        };
        is_it.then_some(id)
    })
}

fn compare(model: &Model, weight: &Weight, expected: &Constant) -> Result<(), String> {
    let graph = weight.graph(model);
    let operation = weight.operation(model);
    if let (Some(kind), true) = (&expected.kind, expected.op.is_some()) {
        equal("type", operation.kind.as_str(), kind)?;
    }
    if let (Some(name), true) = (&expected.name, expected.op.is_some()) {
        equal("name", operation.name.as_str(), name)?;
    }
    if let Some(role) = &expected.role {
        equal("role", weight.role.name, role)?;
    }
    if let Some(layout) = &expected.layout {
        equal("layout", weight.role.layout.unwrap_or("none"), layout)?;
    }
    if let Some(layer) = &expected.bias_of {
        equal("bias_of", weight.bias_of.map_or("none", |id| graph.operation(id).name.as_str()), layer)?;
    }
    if let Some(chain) = &expected.chain {
        let ours: Vec<_> = weight.chain_operations(model).map(|operation| operation.kind.clone()).collect();
        equal("chain", &ours, chain)?;
    }
    compare_stored(model, weight, expected)?;
    compare_real(model, weight, expected)
}

fn compare_stored(model: &Model, weight: &Weight, expected: &Constant) -> Result<(), String> {
    let direct = || {
        let (dtype, raw, shape) = (expected.dtype.clone()?, expected.raw.clone()?, expected.shape.clone()?);
        Some(Stored { dtype, raw, shape })
    };
    let stored = if expected.chain.is_some() { expected.stored.clone() } else { direct() };
    let Some(stored) = stored else { return Ok(()) };
    let tensor = weight.data_tensor(model);
    equal("stored type", tensor.dtype.name(), &stored.dtype)?;
    // A dimension that is none, such as -4, is unknown to us.
    let dims: Vec<_> = stored.shape.iter().map(|dim| usize::try_from(*dim).ok()).collect();
    equal("stored shape", &tensor.shape.dims(), &dims.into_iter().collect())?;
    match weight.stored_bytes(model) {
        Ok(bytes) => equal("stored bytes", &sha256(bytes), &stored.raw),
        // Bytes that contradict the shape are not the constant's.
        Err(_) if expected.problem => Ok(()),
        Err(problem) => Err(format!("no stored bytes: {problem}")),
    }
}

fn compare_real(model: &Model, weight: &Weight, expected: &Constant) -> Result<(), String> {
    let known_problem = weight.problem(model);
    let real = match known_problem {
        Some(problem) => Err(problem),
        None => weight.real(model, &Token::new()).map_err(|error| error.to_string()),
    };
    match (&real, expected.problem) {
        (Ok(_), true) => return Err("has values, but a problem was expected".to_owned()),
        (Err(problem), true) if is_one_line(problem) => return Ok(()),
        (Err(problem), true) => return Err(format!("the problem is no sentence: {problem:?}")),
        (_, false) => {}
    }
    let Some(count) = expected.count else { return Ok(()) };
    let real = real.map_err(|problem| format!("problem: {problem}"))?;
    let moments = Moments::of(&real.values, &Token::new()).map_err(|error| error.to_string())?;
    equal("count", &moments.count, &count)?;
    let shape: Vec<_> = expected.shape.iter().flatten().copied().collect();
    equal("shape", &real.shape.iter().map(|dim| *dim as i64).collect(), &shape)?;
    let figures = || format!("min {}, max {}, mean {}, std {}", moments.min, moments.max, moments.mean, moments.std);
    if let Some(digest) = &expected.f32
        && sha256_f32(&real.values) != *digest
    {
        let wanted = [expected.min, expected.max, expected.mean, expected.std].map(Option::unwrap_or_default);
        return Err(format!("real values differ ({}; reference {wanted:?})", figures()));
    }
    equal("nan", &moments.nan, &expected.nan)?;
    equal("inf", &moments.inf(), &expected.inf)?;
    let pairs = [(moments.min, expected.min), (moments.max, expected.max), (moments.mean, expected.mean), (moments.std, expected.std)];
    let is_right = |(ours, reference): &(f64, Option<f64>)| {
        reference.is_none_or(|reference| is_close(*ours, reference, moments.max.abs().max(moments.min.abs())))
    };
    if !pairs.iter().all(is_right) {
        return Err(format!("figures differ ({}; reference {pairs:?})", figures()));
    }
    Ok(())
}

/// Figures agree to the last digits of a float64 sum, and to float32 where the reference took them
/// over 64-bit values that are narrowed here.
fn is_close(ours: f64, reference: f64, magnitude: f64) -> bool {
    (ours - reference).abs() <= 1e-6 * reference.abs() + 1e-9 * magnitude
}

fn equal<T: PartialEq + std::fmt::Debug + ?Sized>(what: &str, ours: &T, reference: &T) -> Result<(), String> {
    if ours == reference { Ok(()) } else { Err(format!("{what} {ours:?}, reference {reference:?}")) }
}
