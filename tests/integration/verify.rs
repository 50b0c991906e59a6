//! `weightscope verify` as a process, with the OpenVINO runtime that `script/test` installs.
//!
//! A run of `cargo test` by hand may lack the runtime; then these tests say so and are left out.
//! `script/test` sets `WEIGHTSCOPE_OPENVINO`, and there a runtime that can't be used is a failure.

use std::env;
use std::path::Path;

use serde_json::Value;

use crate::program::{Run, command, finish, weightscope};
use crate::reference::{Expect, fixtures, report, root};

/// Whether a runtime is named; else the reason is printed.
#[expect(clippy::print_stderr, reason = "whoever runs the tests by hand must see what was left out")]
fn has_runtime() -> bool {
    let is_named = env::var_os("WEIGHTSCOPE_OPENVINO").is_some() && cfg!(feature = "openvino");
    if !is_named {
        eprintln!("left out: WEIGHTSCOPE_OPENVINO names no OpenVINO runtime, or the program is built without the feature `openvino`");
    }
    is_named
}

fn verified(file: &Path) -> (Run, Value) {
    let run = weightscope([Path::new("verify"), file, Path::new("--json")]);
    let json = serde_json::from_slice(&run.out).unwrap_or_else(|_| panic!("{}: {}", file.display(), run.err));
    (run, json)
}

/// The constants of a report with this verdict: name, role, and why.
fn with_verdict(json: &Value, verdict: &str) -> Vec<String> {
    let rows = json["weights"].as_array().unwrap().iter().filter(|row| row["verdict"] == verdict);
    rows.map(|row| format!("{} {}: {}", row["name"], row["role"], row["problem"])).collect()
}

#[test]
fn every_ir_is_what_the_runtime_computes() {
    if !has_runtime() {
        return;
    }
    let mut faults = Vec::new();
    let mut equal = 0;
    for fixture in fixtures().iter().filter(|fixture| fixture.expect == Expect::Open && fixture.format == "openvino-ir") {
        let (run, json) = verified(&fixture.path());
        equal += json["equal"].as_u64().unwrap();
        let differ = with_verdict(&json, "different");
        if run.status != Some(0) || !differ.is_empty() {
            faults.push(format!("{}: status {:?}: {differ:?}: {}", fixture.file, run.status, run.err));
        }
        let refused = with_verdict(&json, "refused");
        if !refused.is_empty() {
            faults.push(format!("{}: refused: {refused:?}", fixture.file));
        }
    }
    report(&faults);
    assert!(equal >= 250, "only {equal} constants were compared");
}

#[test]
fn every_tflite_constant_is_what_the_frontend_makes_of_it() {
    if !has_runtime() {
        return;
    }
    let mut faults = Vec::new();
    let mut equal = 0;
    for fixture in fixtures().iter().filter(|fixture| fixture.expect == Expect::Open && fixture.format == "tflite") {
        let (run, json) = verified(&fixture.path());
        equal += json["equal"].as_u64().unwrap();
        let differ = with_verdict(&json, "different");
        if run.status != Some(0) || !differ.is_empty() {
            faults.push(format!("{}: status {:?}: {differ:?}: {}", fixture.file, run.status, run.err));
        }
    }
    report(&faults);
    assert!(equal >= 100, "only {equal} constants were compared");
}

#[test]
fn a_layer_is_chosen_and_the_table_is_text() {
    if !has_runtime() {
        return;
    }
    let model = root().join("assets/example/digits_int8.xml");
    let run = weightscope([Path::new("verify"), &model, Path::new("--layer"), Path::new("conv1")]);
    assert_eq!((run.status, run.err.as_str()), (Some(0), ""));
    let text = run.text();
    assert!(text.contains("it reads the model") && text.contains("layer") && text.contains("conv1"), "{text}");
    assert!(!text.contains("logits"), "{text}");
    let line = text.lines().find(|line| line.starts_with("conv1 ") && line.contains("kernel")).unwrap();
    assert!(line.contains(" 300 ") && line.ends_with("  0  equal"), "{line}");
}

#[test]
fn without_a_runtime_a_sentence_says_what_to_do() {
    let model = root().join("assets/example/digits_int8.xml");
    let folder = tempfile::tempdir().unwrap();
    let run = weightscope([Path::new("verify"), &model, Path::new("--openvino"), folder.path()]);
    let expected =
        if cfg!(feature = "openvino") { "there is no OpenVINO runtime at this place" } else { "build it with the feature `openvino`" };
    assert!(run.error().contains(expected), "{}", run.error());
    // Nothing is found where nothing is.
    let mut command = command();
    command.args(["verify".as_ref(), model.as_os_str()]).env_clear().env("PATH", folder.path());
    let run = finish(command);
    assert!(run.error().contains("OpenVINO"), "{}", run.error());
}

/// A file that is no library, and a library that is not OpenVINO's, are refused by the helper.
#[test]
fn another_library_is_refused() {
    if !cfg!(feature = "openvino") {
        return;
    }
    let model = root().join("assets/example/digits_int8.xml");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("libopenvino_c.so");
    std::fs::write(&file, "no library").unwrap();
    let run = weightscope([Path::new("verify"), &model, Path::new("--openvino"), &file]);
    assert!(run.error().contains("can't be used as the OpenVINO runtime"), "{}", run.error());
    assert!(run.error().ends_with(&format!(": {}", file.display())), "{}", run.error());
}
