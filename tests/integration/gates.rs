//! Gates of recurrent layers one by one, and kernels in the layouts of other frameworks, as a process.

use std::fs::File;
use std::path::{Path, PathBuf};

use ndarray::{ArrayD, Axis, IxDyn, concatenate};
use ndarray_npy::NpzReader;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::program::{Run, weightscope};
use crate::reference::root;

const RECURRENT: &str = "fixtures/ir/recurrent.xml";

fn run(command: &str, model: &str, output: &Path, options: &[&str]) -> Run {
    let model = root().join(model);
    let fixed = [Path::new(command), &model, Path::new("-o"), output];
    weightscope(fixed.into_iter().chain(options.iter().map(Path::new)))
}

/// An extracted archive.
struct Arrays {
    _folder: TempDir,
    npz: PathBuf,
    entries: Vec<Value>,
}

impl Arrays {
    fn of(model: &str, options: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let npz = folder.path().join("weights.npz");
        let run = run("extract", model, &npz, options);
        assert_eq!(run.status, Some(0), "{}", run.err);
        let manifest: Value = serde_json::from_reader(File::open(npz.with_extension("json")).unwrap()).unwrap();
        let entries = manifest["arrays"].as_array().unwrap().clone();
        Self { _folder: folder, npz, entries }
    }

    fn names(&self) -> Vec<&str> {
        self.entries.iter().map(|entry| entry["array"].as_str().unwrap()).collect()
    }

    fn array(&self, name: &str) -> ArrayD<f32> {
        NpzReader::new(File::open(&self.npz).unwrap())
            .unwrap()
            .by_name(&format!("{name}.npy"))
            .unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    fn codes(&self, name: &str) -> ArrayD<i8> {
        NpzReader::new(File::open(&self.npz).unwrap())
            .unwrap()
            .by_name(&format!("{name}.npy"))
            .unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    fn entry(&self, name: &str) -> &Value {
        self.entries.iter().find(|entry| entry["array"] == name).unwrap_or_else(|| panic!("{name}: {:?}", self.names()))
    }
}

/// LSTMCell-4: `fico`. GRUCell-3: `zrh`, and with `linear_before_reset` a fourth part in the bias.
#[test]
fn split_gates_make_up_the_whole() {
    let whole = Arrays::of(RECURRENT, &[]);
    let split = Arrays::of(RECURRENT, &["--split-gates"]);
    let lstm = &["forget", "input", "cell", "output"][..];
    let gru = &["update", "reset", "candidate"][..];
    let gru_bias = &["update", "reset", "candidate", "candidate_recurrent"][..];
    for (name, gates) in [
        ("lstm/input_kernel", lstm),
        ("lstm/recurrent_kernel", lstm),
        ("lstm/bias", lstm),
        ("gru/input_kernel", gru),
        ("gru/recurrent_kernel", gru),
        ("gru/bias", gru_bias),
    ] {
        let parts: Vec<_> = gates.iter().map(|gate| split.array(&format!("{name}.{gate}"))).collect();
        let views: Vec<_> = parts.iter().map(|part| part.view()).collect();
        assert_eq!(concatenate(Axis(0), &views).unwrap(), whole.array(name), "{name}");
    }
    let entry = split.entry("lstm/input_kernel.cell");
    assert_eq!((&entry["role"], &entry["shape"], &entry["layout"]), (&json!("input_kernel.cell"), &json!([4, 3]), &json!("OI")));
    assert_eq!(entry["sections"], json!([{ "name": "cell", "axis": 0, "start": 8, "end": 12 }]));
    // What has no gates comes as it is.
    assert_eq!(split.array("norm/gamma"), whole.array("norm/gamma"));
    assert!(split.entry("norm/gamma").get("sections").is_none());
}

#[test]
fn one_gate_alone() {
    let whole = Arrays::of(RECURRENT, &[]);
    let reset = Arrays::of(RECURRENT, &["--layer", "gru", "--role", "recurrent_kernel", "--gate", "reset"]);
    assert_eq!(reset.names(), ["gru/recurrent_kernel.reset"]);
    assert_eq!(reset.array("gru/recurrent_kernel.reset").shape(), [4, 4]);
    let first_row = |array: ArrayD<f32>, row| array.index_axis_move(Axis(0), row);
    assert_eq!(first_row(reset.array("gru/recurrent_kernel.reset"), 0), first_row(whole.array("gru/recurrent_kernel"), 4));

    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("weights.npz");
    let unknown = run("extract", RECURRENT, &output, &["--layer", "gru", "--gate", "forget"]);
    for word in ["forget", "update", "reset", "candidate"] {
        assert!(unknown.error().contains(word), "{}", unknown.err);
    }
    let none = run("extract", RECURRENT, &output, &["--layer", "norm", "--gate", "forget"]);
    assert!(none.error().contains("there are none"), "{}", none.err);
}

#[test]
fn pictures_of_a_gate() {
    let folder = tempfile::tempdir().unwrap();
    let selection = ["--layer", "lstm", "--role", "input_kernel"];
    for (command, extension) in [("heatmap", "svg"), ("histogram", "svg"), ("histogram", "csv")] {
        let mut seen = Vec::new();
        for gate in [&[][..], &["--gate", "forget"], &["--gate", "cell"]] {
            let output = folder.path().join(format!("picture.{extension}"));
            let run = run(command, RECURRENT, &output, &[&selection[..], gate].concat());
            assert_eq!(run.status, Some(0), "{}", run.err);
            let text = std::fs::read_to_string(&output).unwrap();
            if let ([_, gate], "svg") = (gate, extension) {
                assert!(text.contains(&format!("input_kernel.{gate}")), "{command} {gate}");
            }
            // All gates together have their names at the edge.
            if gate.is_empty() && command == "heatmap" {
                assert!(["forget", "input", "cell", "output"].iter().all(|name| text.contains(&format!(">{name}<"))), "{text}");
            }
            assert!(!seen.contains(&text), "{command} {gate:?}");
            seen.push(text);
        }
    }
}

/// Keras stacks `i, f, c, o` and `z, r, h`, the basic LSTM `i, j, f, o`; the converter's files keep that.
#[test]
fn gates_of_tensorflow_lite() {
    let lstm = &["input", "forget", "cell", "output"][..];
    let gru = &["update", "reset", "candidate"][..];
    for (file, operations, gates) in [
        ("keras_lstm", &["FULLY_CONNECTED", "ADD"][..], lstm),
        ("keras_lstm_dynamic", &["FULLY_CONNECTED", "ADD"], lstm),
        ("keras_gru", &["FULLY_CONNECTED"], gru),
        ("lstm_basic", &["LSTM"], &["input", "cell", "forget", "output"]),
        ("gru_custom", &["UNIDIRECTIONAL_SEQUENCE_GRU"], &["reset", "update"]),
    ] {
        let model = root().join(format!("fixtures/tflite/{file}.tflite"));
        let listing = weightscope([Path::new("inspect"), &model, Path::new("--json")]).json();
        let all = |value: &Value| value.as_array().unwrap().clone();
        let of_operation =
            |operation: Value| all(&operation["constants"]).into_iter().map(move |constant| (operation["type"].clone(), constant));
        let constants = all(&listing["graphs"]).into_iter().flat_map(|graph| all(&graph["operations"])).flat_map(of_operation);
        let stacked: Vec<_> = constants.filter(|(_, constant)| constant.get("gates").is_some()).collect();
        for (kind, constant) in &stacked {
            let names: Vec<_> = all(&constant["gates"]).iter().map(|gate| gate["name"].as_str().unwrap().to_owned()).collect();
            assert_eq!(names, gates, "{file}: {constant}");
            assert!(operations.contains(&kind.as_str().unwrap()), "{file}: {kind}");
            assert!(kind != "ADD" || constant["role"] == "bias", "{file}: {constant}");
        }
        assert!(operations.iter().all(|wanted| stacked.iter().any(|(kind, _)| kind == wanted)), "{file}: {stacked:?}");
    }
}

#[test]
fn inspect_lists_gates_with_their_rows() {
    let listing = weightscope([Path::new("inspect"), &root().join(RECURRENT), Path::new("--json")]).json();
    let operations = listing["graphs"][0]["operations"].as_array().unwrap();
    let lstm = operations.iter().find(|operation| operation["type"] == "LSTMCell").unwrap();
    let section = |name: &str, start: u8| json!({ "name": name, "axis": 0, "start": start, "end": start + 4 });
    let expected = json!([section("forget", 0), section("input", 4), section("cell", 8), section("output", 12)]);
    assert_eq!(lstm["constants"][0]["gates"], expected);
    let norm = operations.iter().find(|operation| operation["type"] == "BatchNormInference").unwrap();
    assert!(norm["constants"][0].get("gates").is_none());
}

/// The layouts that PyTorch and Keras have, of kernels whose axes the README's table names.
#[test]
fn kernels_in_the_layout_of_another_framework() {
    for (model, name, layout, axes, shape) in [
        ("assets/example/digits_int8.tflite", "conv3/kernel", "OIHW", &[0, 3, 1, 2][..], &[32, 24, 3, 3][..]),
        ("assets/example/digits_int8.tflite", "conv3/kernel", "HWIO", &[1, 2, 3, 0], &[3, 3, 24, 32]),
        ("assets/example/digits_int8.tflite", "depthwise2/kernel", "OIHW", &[3, 0, 1, 2], &[12, 1, 3, 3]),
        ("assets/example/digits_int8.tflite", "depthwise2/kernel", "HWIM", &[1, 2, 3, 0], &[3, 3, 12, 1]),
        ("assets/example/digits_fp16.xml", "conv3/kernel", "HWIO", &[2, 3, 1, 0], &[3, 3, 24, 32]),
        ("fixtures/ir/convolutions.xml", "depthwise/kernel", "OIHW", &[0, 1, 2, 3, 4], &[4, 1, 3, 3]),
        ("fixtures/ir/convolutions.xml", "grouped/kernel", "OIHW", &[0, 1, 2, 3, 4], &[6, 2, 3, 3]),
        ("fixtures/ir/convolutions.xml", "deconv/kernel", "OIHW", &[1, 0, 2, 3], &[3, 4, 2, 2]),
        ("fixtures/ir/recurrent.xml", "lstm/input_kernel", "IO", &[1, 0], &[3, 16]),
    ] {
        let layer = name.split_once('/').unwrap().0;
        let plain = Arrays::of(model, &["--layer", layer]);
        let turned = Arrays::of(model, &["--layer", layer, "--layout", layout]);
        let expected = plain.array(name).permuted_axes(IxDyn(axes));
        let expected = expected.as_standard_layout().into_owned().into_shape_with_order(IxDyn(shape)).unwrap();
        assert_eq!(turned.array(name), expected, "{name} as {layout}");
        let (before, after) = (plain.entry(name), turned.entry(name));
        assert_eq!((&after["layout"], &after["layout_in_model"], &after["shape"]), (&json!(layout), &before["layout"], &json!(shape)));
        assert!(before.get("layout_in_model").is_none());
    }
}

#[test]
fn stored_codes_in_another_layout() {
    let model = "assets/example/digits_int8.tflite";
    let selection = ["--layer", "conv3", "--role", "kernel", "--stored"];
    let plain = Arrays::of(model, &selection).codes("conv3/kernel");
    let turned = Arrays::of(model, &[&selection[..], &["--layout", "oihw"]].concat()).codes("conv3/kernel");
    assert_eq!(turned, plain.permuted_axes(IxDyn(&[0, 3, 1, 2])));
}

/// A whole model for PyTorch: convolutions turned, the matrix as it is, biases too.
#[test]
fn a_whole_model_in_one_layout() {
    let turned = Arrays::of("assets/example/digits_f32.tflite", &["--layout", "OIHW"]);
    for (name, layout) in [("conv1/kernel", "OIHW"), ("depthwise2/kernel", "OIHW"), ("logits/kernel", "OI"), ("conv1/bias", "O")] {
        assert_eq!(turned.entry(name)["layout"], layout, "{name}");
    }
    let keras = Arrays::of("assets/example/digits_f32.tflite", &["--layout", "HWIM,HWIO,IO"]);
    for (name, layout) in [("conv1/kernel", "HWIO"), ("depthwise2/kernel", "HWIM"), ("logits/kernel", "IO")] {
        assert_eq!(keras.entry(name)["layout"], layout, "{name}");
    }
}

#[test]
fn layouts_that_do_not_fit_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("weights.npz");
    for (model, options, words) in [
        ("fixtures/ir/convolutions.xml", &["--layer", "conv3d", "--layout", "OIHW"][..], &["OIHW", "OIDHW"][..]),
        ("fixtures/tflite/tables.tflite", &["--layout", "OIHW"], &["OIHW"]),
        ("fixtures/ir/recurrent.xml", &["--layer", "lstm", "--layout", "OIHW"], &["OIHW"]),
    ] {
        let run = run("extract", model, &output, options);
        assert!(words.iter().all(|word| run.error().contains(word)), "{}", run.err);
        assert!(!output.exists());
    }
    let unknown = run("extract", "fixtures/ir/convolutions.xml", &output, &["--layout", "OIXX"]);
    assert_eq!(unknown.status, Some(2), "{}", unknown.err);
}
