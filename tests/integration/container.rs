//! Bundles, the files inside them and behind models, constants in other files, custom options and
//! metadata: what the fixtures' scripts put in comes out.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;
use weightscope::formats::{self, OpenError, Options};
use weightscope::jobs::Token;
use weightscope::model::{Data, Model};
use weightscope::weights::Catalogue;

use crate::program::{Run, weightscope};
use crate::reference::{is_one_line, root};

fn open(file: &str) -> Result<Model, OpenError> {
    formats::open(&root().join("fixtures").join(file), &Options::default(), &Token::new())
}

fn inspect(file: &str) -> Value {
    let run = weightscope([Path::new("inspect"), &root().join("fixtures").join(file), Path::new("--json")]);
    assert_eq!(run.status, Some(0), "{file}: {}", run.err);
    run.json()
}

fn extract(file: &str, arguments: &[&str], output: &Path) -> Run {
    let path = root().join("fixtures").join(file);
    let first = [Path::new("extract"), &path, Path::new("-o"), output];
    weightscope(first.into_iter().chain(arguments.iter().map(Path::new)))
}

const LABELS: &str = "class 0: background\nclass 1: żółw\nclass 2: кот\nclass 3: dog\n";
const VOCABULARY: &str = "[PAD]\n[UNK]\nthe\n##ing\nnaïve\n😀\n";

#[test]
fn files_behind_a_model_are_listed_and_written() {
    let model = inspect("container/metadata.tflite");
    let files = json!([
        {"name": "labels.txt", "kind": "labels", "bytes": LABELS.len(), "description": "Classes of the output.", "about": ["output score"],
            "problem": null},
        {"name": "vocab.txt", "kind": "vocabulary", "bytes": VOCABULARY.len(), "description": "Words.", "about": [], "problem": null},
    ]);
    let mut found = model["files"].clone();
    let stored: Vec<_> = found.as_array_mut().unwrap().iter_mut().filter_map(|file| file.as_object_mut()?.remove("stored_bytes")).collect();
    assert_eq!(found, files);
    assert!(stored[0].as_u64().unwrap() < LABELS.len() as u64 && stored[1] == VOCABULARY.len(), "{stored:?}");

    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("out.txt");
    assert_eq!(extract("container/metadata.tflite", &["--file", "labels.txt"], &target).status, Some(0));
    assert_eq!(fs::read_to_string(&target).unwrap(), LABELS);
    let all = folder.path().join("all");
    assert_eq!(extract("container/metadata.tflite", &["--files"], &all).status, Some(0));
    assert_eq!(fs::read_to_string(all.join("vocab.txt")).unwrap(), VOCABULARY);

    let run = extract("container/metadata.tflite", &["--file", "no.txt"], &target);
    assert_eq!(run.status, Some(1));
    assert!(run.err.contains("labels.txt, vocab.txt") && is_one_line(run.err.trim_end()), "{}", run.err);
    let run = extract("tflite/conv_f32.tflite", &["--files"], &all);
    assert_eq!((run.status, run.err.contains("no files")), (Some(1), true), "{}", run.err);
}

#[test]
fn the_metadata_says_what_its_flatbuffer_holds() {
    let model = inspect("container/metadata.tflite");
    let metadata = &model["metadata"]["TFLITE_METADATA"];
    assert_eq!(metadata["name"], "Fixture classifier");
    assert_eq!(metadata["description"], "Tells four classes apart.\nMade by make_container.py.");
    let texts = ["version", "author", "license", "min_parser_version"].map(|key| metadata[key].as_str().unwrap());
    assert_eq!(texts, ["v1", "Weightscope", "MIT or Apache-2.0", "1.1.0"]);
    let input = &metadata["subgraph_metadata"][0]["input_tensor_metadata"][0];
    assert_eq!(input["process_units"], json!([{"options": {"NormalizationOptions": {"mean": [127.5], "std": [127.5, 64.0]}}}]));
    let image = json!({"ImageProperties": {"color_space": "RGB", "default_size": {"width": 4, "height": 4}}});
    assert_eq!(input["content"]["content_properties"], image);
    assert_eq!(input["stats"], json!({"max": [255.0], "min": [0.0]}));
    let output = &metadata["subgraph_metadata"][0]["output_tensor_metadata"][0];
    assert_eq!((&output["name"], &output["dimension_names"]), (&json!("score"), &json!(["batch", "class"])));
    assert_eq!(output["associated_files"][0]["type"], "TENSOR_AXIS_LABELS");
    assert_eq!(model["metadata"]["min_runtime_version"], "1.14.0");
    assert_eq!(model["metadata"]["reduced_precision_support"], "fp16accfp32");
}

/// The locations of `make_container.py`, as MLIR writes them.
#[test]
fn operations_know_where_they_come_from() {
    let model = inspect("container/debug_metadata.tflite");
    let summary = &model["metadata"]["debug_metadata"];
    assert_eq!([&summary["subgraphs"], &summary["operators"], &summary["attributes"]], [2, 4, 9], "{summary}");
    let of = |graph: usize, operation: usize| model["graphs"][graph]["operations"][operation]["attributes"]["debug_metadata"].clone();
    let call = r#"callsite("<ipython-input-7>":1:4 at "interactiveshell.py":3066:16)"#;
    let max = format!(r#""jit(relu)/jit(main)/max"({call})"#);
    assert_eq!(of(0, 0), json!(format!(r#"fused["tfl.mul", {max}]"#)));
    assert_eq!(of(0, 1), json!([{"pass": "żółw"}, r#""opaque"("interactiveshell.py":3066:16)"#]));
    assert_eq!(of(1, 0), json!(max));
    // Files without them have no such attribute.
    assert!(inspect("container/metadata.tflite")["graphs"][0]["operations"][0]["attributes"].get("debug_metadata").is_none());
}

/// Entries of files from before they had names, among them some of buffers that are not there.
#[test]
fn unnamed_metadata_are_listed() {
    let model = inspect("hostile/claims.tflite");
    assert_eq!(model["metadata"]["metadata_buffer"], json!(["1.2.3", "", "", "", ""]));
    let problems = model["graphs"][0]["operations"].as_array().unwrap().iter().filter(|operation| operation["type"] == "FULLY_CONNECTED");
    assert!(
        problems.clone().all(|operation| operation["constants"][0]["problem"].as_str().unwrap().contains("outside the file")),
        "{model:#}"
    );
    assert_eq!(problems.count(), 5);
    assert_eq!(model["signatures"], json!([{"key": "half", "graph": 0, "inputs": {"x": "x"}, "outputs": {}}]));
}

#[test]
fn debug_metadata_that_lie_cost_themselves_alone() {
    let warnings = |file: &str| inspect(file)["warnings"].to_string();
    assert!(warnings("hostile/debug_noise.tflite").contains("the debug metadata are damaged"));
    assert!(warnings("hostile/debug_indices.tflite").contains("debug metadata of graph"));
    for file in ["hostile/debug_bomb.tflite", "hostile/debug_circle.tflite"] {
        let text = inspect(file)["graphs"][0]["operations"][0]["attributes"]["debug_metadata"].as_str().unwrap().to_owned();
        assert!(text.contains('…') && text.chars().count() < 1100, "{file}: {text}");
    }
}

#[test]
fn signatures_name_their_tensors() {
    let expected = json!([
        {"key": "serving_default", "graph": 0, "inputs": {"x": "x", "flag": "flag"}, "outputs": {"dense": "dense", "choice": "choice"}},
        {"key": "encode", "graph": 1, "inputs": {"tokens": "tokens", "given": "given"}, "outputs": {"encoded": "encode/dense"}},
    ]);
    assert_eq!(inspect("tflite/signatures.tflite")["signatures"], expected);
    let run = weightscope([Path::new("inspect"), &root().join("fixtures/tflite/signatures.tflite")]);
    assert!(run.text().contains("\nsignature encode (graph 1): tokens f32 1×4, given f32 5×4 → encoded f32 1×5\n"), "{}", run.text());
}

#[test]
fn one_model_in_a_bundle_opens_as_itself() {
    for (file, name, others) in [
        ("container/one.task", "one.task", vec!["settings.json"]),
        ("container/outside.task", "outside.task", vec!["readme.txt"]),
        ("container/two.task/nested/decoder.tflite", "two.task > nested > decoder.tflite", vec!["settings.json"]),
        ("container/one.litertlm", "one.litertlm", vec!["section_0.bin"]),
        ("container/two.litertlm/tf_lite_embedder", "two.litertlm > tf_lite_embedder", vec!["section_1.bin"]),
    ] {
        let model = open(file).unwrap();
        assert_eq!(model.file_name(), name);
        let files: Vec<_> = model.files.iter().map(|file| file.name.as_str()).collect();
        assert_eq!(files, others, "{file}");
        // The path that the model bears opens it again.
        assert_eq!(formats::open(&model.file, &Options::default(), &Token::new()).unwrap().file, model.file);
        let bundle = model.bundle.unwrap();
        assert!(bundle.is_file() && model.file.starts_with(&bundle), "{}", model.file.display());
    }
    let settings = open("container/one.task").unwrap().files.remove(0);
    assert_eq!(settings.content.bytes(100).unwrap().as_ref(), b"{\"threshold\": 0.5}\n");
}

#[test]
fn several_models_in_a_bundle_are_listed() {
    for (file, names) in [
        ("container/two.task", ["encoder.tflite", "nested/decoder.tflite"]),
        ("container/two.litertlm", ["tf_lite_embedder", "tf_lite_prefill_decode"]),
    ] {
        let path = root().join("fixtures").join(file);
        let Err(OpenError::SeveralModels { models, .. }) = open(file) else { panic!("{file} opened") };
        assert_eq!(models, names.map(|name| path.join(name)));
        for (member, says) in [("", "holds 2 models"), ("/no.tflite", "there is no model no.tflite in it")] {
            let sentence = open(&format!("{file}{member}")).unwrap_err().to_string();
            assert!(
                sentence.contains(says) && sentence.ends_with(&format!(": {}", path.display())) && is_one_line(&sentence),
                "{sentence}"
            );
            assert!(names.iter().all(|name| sentence.contains(name)), "{sentence}");
        }
    }
    let sentence = open("tflite/conv_f32.tflite/x.tflite").unwrap_err().to_string();
    assert!(sentence.contains("is no bundle"), "{sentence}");
}

#[test]
fn weights_in_another_file_stay_in_the_models_folder() {
    let missing = open("tflite/external_missing.tflite").unwrap();
    let problems: Vec<_> = Catalogue::of(&missing).weights().filter_map(|weight| weight.problem(&missing)).collect();
    assert_eq!(problems, ["not available: no_such_weights.bin (the file is missing)"; 2]);
    let escaping = open("hostile/external_paths.tflite").unwrap();
    let kernels: Vec<_> = Catalogue::of(&escaping).weights().cloned().collect();
    assert_eq!(kernels.len(), 10);
    for kernel in &kernels {
        assert!(kernel.problem(&escaping).is_some(), "{}", kernel.data_tensor(&escaping).name);
    }
    assert_eq!(escaping.sources.len(), 1, "a file outside the folder was opened");
}

#[test]
fn custom_options_are_attributes() {
    let options = |file: &str, operation: usize| open(file).unwrap().main().operations[operation].attributes.clone();
    let nested = options("tflite/flexbuffer_options.tflite", 0);
    let expected = json!({"axis": -1, "eps": 1e-5, "name": "żółw", "flags": [true, false], "shape": [1, 2, 300],
        "inner": {"a": 1, "deeper": {"b": [0.5, 1.5]}}, "mixed": [1, "two", 3.0, null], "blob": "3 bytes: 0001ff"});
    let found = nested["custom_options"].as_object().unwrap();
    assert_eq!(found.len(), 8);
    for (key, value) in expected.as_object().unwrap() {
        assert!(found[key] == *value || key == "eps" && (found[key].as_f64().unwrap() - 1e-5).abs() < 1e-11, "{key}: {}", found[key]);
    }
    assert_eq!(options("tflite/flexbuffer_options.tflite", 1)["custom_options"], json!([1, 2, 3]));
    let raw = options("tflite/flexbuffer_options.tflite", 2);
    assert_eq!((&raw["custom_options_bytes"], &raw["custom_options_hex"]), (&json!(8), &json!("070000000000803f")));
    assert!(!raw.contains_key("custom_options"));

    let outside = options("tflite/large_custom_options.tflite", 0);
    assert_eq!(outside["custom_options"], json!({"threshold": 0.25, "classes": 90, "name": "outside"}));
    let flex = options("tflite/flex_op.tflite", 0);
    let attributes = json!({"T": "DT_FLOAT", "label": "text", "alpha": 0.5, "sizes": [1, 2, 3]});
    assert_eq!(flex["custom_options"], json!({"name": "erfinv", "op": "Erfinv", "attr": attributes}));

    for file in ["hostile/flexbuffer_bomb.tflite", "hostile/flexbuffer_deep.tflite"] {
        let bomb = options(file, 0);
        assert!(bomb.contains_key("custom_options_hex") && !bomb.contains_key("custom_options"), "{file}");
    }
}

#[test]
fn a_file_of_weights_alone_is_a_list_of_tensors() {
    let model = inspect("tflite/weights_only.tflite");
    let graph = &model["graphs"][0];
    assert_eq!(graph["operations"], json!([]));
    let tensors = graph["tensors"].as_array().unwrap();
    assert!(!tensors.is_empty());
    assert!(
        tensors.iter().all(|tensor| tensor["kind"] == "weight" && tensor["role"] == "tensor" && tensor["input"].is_null()),
        "{tensors:?}"
    );
    let folder = tempfile::tempdir().unwrap();
    let run = extract("tflite/weights_only.tflite", &["--all"], &folder.path().join("out.npz"));
    assert_eq!(run.status, Some(0), "{}", run.err);
    let manifest: Value = serde_json::from_slice(&fs::read(folder.path().join("out.json")).unwrap()).unwrap();
    assert_eq!(manifest["arrays"].as_array().unwrap().len(), tensors.len());
    // In a model with operations they are left-overs.
    assert_eq!(inspect("tflite/conv_f32.tflite")["graphs"][0]["tensors"], json!([]));
}

/// The flatbuffer of a fixture moved in front of three gibibytes of nothing, its constants behind them. A
/// hole in a file takes no room where file systems know holes.
#[cfg(unix)]
#[test]
fn constants_beyond_two_gibibytes() {
    const FAR: u64 = 3 << 30;
    let mut model = Vec::new();
    File::open(root().join("fixtures/tflite/outside_flatbuffer.tflite")).unwrap().read_to_end(&mut model).unwrap();
    let near = open("tflite/outside_flatbuffer.tflite").unwrap();
    let stored: Vec<_> =
        near.main().tensors.iter().filter_map(|tensor| if let Data::Stored(bytes) = &tensor.data { Some(*bytes) } else { None }).collect();
    let first = stored.iter().map(|bytes| bytes.offset).min().unwrap();
    // Offsets are u64 fields of the buffers: each is found by its value.
    let mut far = model.clone();
    for offset in stored.iter().map(|bytes| bytes.offset) {
        let old = offset.to_le_bytes();
        let places: Vec<_> = (0..first as usize - 8).filter(|at| model[*at..*at + 8] == old).collect();
        assert!(!places.is_empty(), "no buffer with offset {offset}");
        for at in places {
            far[at..at + 8].copy_from_slice(&(offset + FAR).to_le_bytes());
        }
    }
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("far.tflite");
    let mut file = File::create(&path).unwrap();
    file.write_all(&far[..first as usize]).unwrap();
    file.seek(SeekFrom::Start(FAR + first)).unwrap();
    file.write_all(&model[first as usize..]).unwrap();
    drop(file);
    let far = formats::open(&path, &Options::default(), &Token::new()).unwrap();
    let real =
        |model: &Model| -> Vec<_> { Catalogue::of(model).weights().map(|weight| weight.real(model, &Token::new()).unwrap()).collect() };
    assert_eq!(real(&far), real(&near));
}
