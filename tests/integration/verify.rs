//! `weightscope verify` and `profile` as processes, and constants that the runtime computes for other
//! subcommands, with the OpenVINO runtime that `script/test` installs.
//!
//! A run of `cargo test` by hand may lack the runtime; then these tests say so and are left out.
//! `script/test` sets `WEIGHTSCOPE_OPENVINO`, and there a runtime that can't be used is a failure.

use std::env;
use std::path::{Path, PathBuf};

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

/// The frontend turns kernels to OpenVINO's order of axes and gives them other names and types; there they are found,
/// brought back, and compared. That nothing is kept is said, too.
#[test]
fn constants_are_found_again_in_the_model_that_the_frontend_makes() {
    if !has_runtime() {
        return;
    }
    for (file, layers) in [
        ("assets/example/digits_f32.tflite", &[("conv1", "kernel"), ("conv1", "bias"), ("depthwise2", "kernel"), ("logits", "kernel")][..]),
        ("assets/example/digits_int8.tflite", &[("conv1", "kernel"), ("conv1", "bias"), ("depthwise2", "kernel"), ("logits", "bias")]),
        ("fixtures/tflite/conv_uint8.tflite", &[("conv1", "kernel")]),
        ("fixtures/tflite/transpose_conv.tflite", &[("up", "kernel"), ("up", "bias")]),
        // The runtime gets the model in a bundle as a file of its own.
        ("fixtures/container/one.task", &[]),
    ] {
        let (run, json) = verified(&root().join(file));
        assert_eq!((run.status, &json["frontend"]["different"], &json["reads"]), (Some(0), &0.into(), &true.into()), "{file}: {}", run.err);
        for (layer, role) in layers {
            let rows = json["weights"].as_array().unwrap();
            let row = rows.iter().find(|row| row["name"] == *layer && row["role"] == *role).unwrap();
            let kept = &row["frontend"];
            assert_eq!((&kept["verdict"], &kept["differing"]), (&"equal".into(), &0.into()), "{file} {layer} {role}: {row}");
        }
    }
    let run = weightscope([Path::new("verify"), &root().join("assets/example/digits_f32.tflite")]);
    let text = run.text();
    assert!(text.lines().any(|line| line.starts_with("layer ") && line.ends_with("frontend   verdict")), "{text}");
    assert!(
        text.lines().any(|line| line.starts_with("conv3 ") && line.contains("kernel") && line.ends_with("  equal      equal")),
        "{text}"
    );
    assert!(text.lines().last().unwrap().contains("are the same in the model that it reads"), "{text}");
    // What lies beside a model in its bundle is not there for the runtime.
    let (run, json) = verified(&root().join("fixtures/container/outside.task"));
    assert_eq!((run.status, &json["reads"]), (Some(0), &false.into()), "{json}");
    // OpenVINO's own form is read as it is, and has no such column.
    let (_, json) = verified(&root().join("assets/example/digits_int8.xml"));
    assert!(json["frontend"].is_null() && json["weights"][0]["frontend"].is_null());
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

/// The operations of a profile, by name.
fn operation<'p>(profile: &'p Value, name: &str) -> &'p Value {
    profile["operations"].as_array().unwrap().iter().find(|operation| operation["name"] == name).unwrap()
}

#[test]
fn a_model_is_run_and_its_layers_are_joined_to_operations() {
    if !has_runtime() {
        return;
    }
    let profile = weightscope([Path::new("profile"), &root().join("assets/example/digits_int8.xml"), Path::new("--json")]).json();
    assert!(profile["inferences"].as_u64().unwrap() >= 3 && profile["inference_seconds"].as_f64().unwrap() > 0.0, "{profile}");
    assert!(profile["compile_seconds"].as_f64().unwrap() > 0.0 && profile["runtime"]["version"].as_str().unwrap().starts_with('2'));
    let layers = profile["layers"].as_array().unwrap();
    let operations = profile["operations"].as_array().unwrap();
    // Every layer knows its operations, and they know it.
    let mut faults = Vec::new();
    for layer in layers {
        for index in layer["operations"].as_array().unwrap() {
            let back = operations.iter().find(|operation| operation["index"] == *index).unwrap();
            if !back["layers"].as_array().unwrap().contains(&layer["name"]) {
                faults.push(format!("{} does not know its layer {}", back["name"], layer["name"]));
            }
        }
    }
    report(&faults);
    // A convolution is one, whatever is fused into it.
    let convolution = operations.iter().find(|operation| operation["type"] == "Convolution").unwrap();
    let name = &convolution["layers"][0];
    let layer = layers.iter().find(|layer| layer["name"] == *name).unwrap();
    assert_eq!(layer["type"], "Convolution", "{layer}");
    assert!(!layer["kernel"].as_str().unwrap().is_empty() && !layer["precision"].as_str().unwrap().is_empty(), "{layer}");
    assert!(layers.iter().any(|layer| layer["operations"].as_array().unwrap().len() > 1), "nothing is fused: {layers:#?}");
    // The one model of a bundle.
    let profile = weightscope([Path::new("profile"), &root().join("fixtures/container/one.task"), Path::new("--json")]).json();
    let layers = profile["layers"].as_array().unwrap();
    assert!(layers.iter().any(|layer| layer["type"] == "FullyConnected" && layer["operations"] != Value::Array(Vec::new())), "{layers:#?}");
}

#[test]
fn a_profile_is_a_table_for_a_person_too() {
    if !has_runtime() {
        return;
    }
    let run = weightscope([Path::new("profile"), &root().join("assets/example/digits_f32.tflite")]);
    assert_eq!((run.status, run.err.as_str()), (Some(0), ""));
    let text = run.text();
    assert!(text.contains("compiled for the CPU in ") && text.contains(" inferences is "), "{text}");
    assert!(text.contains("frontend gives layers names of its own"), "{text}");
    // Each convolution is found by its kernel, whatever the frontend calls it.
    for name in ["conv1", "depthwise2", "pointwise2", "conv3"] {
        let is_there = |line: &str| line.starts_with("Convolution ") && line.split_whitespace().any(|word| word == name);
        assert!(text.lines().any(is_there), "{name}: {text}");
    }
}

/// A model whose kernel is an Einsum of two constants, and whose input has any number of rows.
pub fn einsum_model(folder: &Path) -> PathBuf {
    let a: [f32; 6] = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
    let b: [f32; 12] = [1.0, 0.0, 2.0, -1.0, 0.5, 1.0, 0.0, 3.0, 2.0, -2.0, 1.0, 0.0];
    let bytes: Vec<u8> = a.iter().chain(&b).flat_map(|value| value.to_le_bytes()).collect();
    let port = |id: u32, dims: &[i64]| {
        let dims: String = dims.iter().map(|dim| format!("<dim>{dim}</dim>")).collect();
        format!("<port id=\"{id}\" precision=\"FP32\">{dims}</port>")
    };
    let constant = |id: u32, shape: &[i64], offset: u32| {
        let text: Vec<_> = shape.iter().map(i64::to_string).collect();
        format!(
            "<layer id=\"{id}\" name=\"c{id}\" type=\"Const\" version=\"opset1\">\
             <data element_type=\"f32\" shape=\"{}\" offset=\"{offset}\" size=\"{}\"/><output>{}</output></layer>",
            text.join(","),
            shape.iter().product::<i64>() * 4,
            port(0, shape)
        )
    };
    let layers = [
        format!(
            "<layer id=\"0\" name=\"x\" type=\"Parameter\" version=\"opset1\"><data shape=\"?,4\" element_type=\"f32\"/><output>{}</output></layer>",
            port(0, &[-1, 4])
        ),
        constant(1, &[2, 3], 0),
        constant(2, &[3, 4], 24),
        format!(
            "<layer id=\"3\" name=\"mix\" type=\"Einsum\" version=\"opset7\"><data equation=\"ij,jk->ki\"/><input>{}{}</input><output>{}</output></layer>",
            port(0, &[2, 3]),
            port(1, &[3, 4]),
            port(2, &[4, 2])
        ),
        format!(
            "<layer id=\"4\" name=\"dense\" type=\"MatMul\" version=\"opset1\"><data transpose_a=\"false\" transpose_b=\"false\"/>\
             <input>{}{}</input><output>{}</output></layer>",
            port(0, &[-1, 4]),
            port(1, &[4, 2]),
            port(2, &[-1, 2])
        ),
        format!("<layer id=\"5\" name=\"y\" type=\"Result\" version=\"opset1\"><input>{}</input></layer>", port(0, &[-1, 2])),
    ];
    let edges = [(1, 0, 3, 0), (2, 0, 3, 1), (0, 0, 4, 0), (3, 2, 4, 1), (4, 2, 5, 0)];
    let edges: String = edges
        .iter()
        .map(|(from, port, to, at)| format!("<edge from-layer=\"{from}\" from-port=\"{port}\" to-layer=\"{to}\" to-port=\"{at}\"/>"))
        .collect();
    let path = folder.join("einsum.xml");
    let text = format!(
        "<?xml version=\"1.0\"?><net name=\"einsum\" version=\"11\"><layers>{}</layers><edges>{edges}</edges></net>",
        layers.concat()
    );
    std::fs::write(&path, text).unwrap();
    std::fs::write(path.with_extension("bin"), bytes).unwrap();
    path
}

/// `numpy.einsum("ij,jk->ki", a, b)` of the constants of [`einsum_model`].
const EINSUM: [f32; 8] = [8.0, 18.5, -4.0, -7.0, 5.0, 14.0, 5.0, 11.0];

fn kernel(inspected: &Value) -> &Value {
    let operations = inspected["graphs"][0]["operations"].as_array().unwrap();
    let dense = operations.iter().find(|operation| operation["name"] == "dense").unwrap();
    &dense["constants"][0]
}

#[test]
fn what_is_not_evaluated_here_the_named_runtime_computes() {
    let folder = tempfile::tempdir().unwrap();
    let model = einsum_model(folder.path());
    // Nobody is asked where nobody is named.
    let inspect = |is_named: bool| {
        let mut command = command();
        command.args(["inspect".as_ref(), model.as_os_str(), "--json".as_ref(), "--stats".as_ref(), "--hash".as_ref()]);
        if !is_named {
            command.env_remove("WEIGHTSCOPE_OPENVINO");
        }
        finish(command).json()
    };
    let without = inspect(false);
    let problem = kernel(&without)["problem"].as_str().unwrap();
    assert!(problem.contains("the Einsum `mix` can't be evaluated") && problem.contains("--openvino"), "{problem}");
    assert!(kernel(&without)["computed_by"].is_null());
    if !has_runtime() {
        return;
    }
    let with = inspect(true);
    let found = kernel(&with);
    assert!(found["problem"].is_null() && found["computed_by"].as_str().unwrap().starts_with("OpenVINO 2"), "{found}");
    assert_eq!((&found["values"]["min"], &found["values"]["max"], &found["values"]["count"]), (&(-7.0).into(), &18.5.into(), &8.into()));

    let out = folder.path().join("weights.csv");
    let arguments: [&Path; 6] = ["extract".as_ref(), &model, "--layer".as_ref(), "dense".as_ref(), "-o".as_ref(), &out];
    assert_eq!(weightscope(arguments).status, Some(0));
    let text = std::fs::read_to_string(&out).unwrap();
    let numbers: Vec<f32> = text.lines().skip(1).filter_map(|line| line.rsplit(',').next()?.parse().ok()).collect();
    assert_eq!(numbers, EINSUM, "{text}");

    // The runtime is no witness for its own values.
    let (run, json) = verified(&model);
    assert_eq!(run.status, Some(0));
    assert!(with_verdict(&json, "unresolved").iter().any(|row| row.contains("dense")), "{json}");
    // Where the named one can't be used, that is the reason.
    let nowhere = folder.path().join("nowhere");
    let arguments: [&Path; 5] = ["inspect".as_ref(), &model, "--json".as_ref(), "--stats".as_ref(), "--openvino".as_ref()];
    let run = weightscope(arguments.iter().copied().chain([nowhere.as_path()]));
    let inspected = run.json();
    let problem = kernel(&inspected)["problem"].as_str().unwrap();
    assert!(problem.contains("there is no OpenVINO runtime at this place"), "{problem}");
}

#[test]
fn an_open_shape_is_run_as_one_and_said() {
    if !has_runtime() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let model = einsum_model(folder.path());
    let profile = weightscope([Path::new("profile"), &model, Path::new("--json")]).json();
    let notes = profile["notes"].as_array().unwrap();
    assert!(notes.iter().any(|note| note.as_str().unwrap().contains("it was run with 1×4")), "{notes:?}");
    assert!(profile["inferences"].as_u64().unwrap() >= 3);
    assert_eq!(operation(&profile, "dense")["layers"].as_array().unwrap().len(), 1);
    // Folded when the model was compiled.
    assert!(operation(&profile, "mix")["layers"].as_array().unwrap().is_empty());
}

#[test]
fn what_the_runtime_does_not_read_is_a_sentence() {
    if !has_runtime() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let model = einsum_model(folder.path());
    let text = std::fs::read_to_string(&model).unwrap().replace("Einsum", "Mystery");
    std::fs::write(&model, text).unwrap();
    let run = weightscope([Path::new("profile"), &model]);
    assert!(run.error().contains("OpenVINO does not run this model: ") && run.error().ends_with("einsum.xml"), "{}", run.error());
}
