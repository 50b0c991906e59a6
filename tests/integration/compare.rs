//! Two models compared: which weights are paired, how they are related, and the command's files and exit status.
//!
//! The models in `fixtures/compare/` are one trained network in many forms; the names of their layers, or the numbers
//! in names that say nothing, tell which layer is which (`fixtures/make_compare.py`).

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::program::weightscope;
use crate::reference::{report, root};

const LAYERS: [&str; 6] = ["stem", "depthwise", "pointwise", "body_a", "body_b", "logits"];

fn path(file: &str) -> String {
    root().join(file).to_string_lossy().into_owned()
}

fn compare(a: &str, b: &str) -> Value {
    weightscope(["compare", &path(a), &path(b), "--json"]).json()
}

fn network(file: &str) -> String {
    format!("fixtures/compare/{file}")
}

/// The layer that an operation's name stands for.
fn layer(name: &str) -> &'static str {
    let last = name.rsplit('/').next().unwrap_or_default().trim_start_matches("u_");
    let named = LAYERS.iter().find(|layer| last.starts_with(**layer));
    // Other names end in numbers, too, but only these are a layer's.
    let number = ["q", "x", "node_"].iter().find_map(|prefix| last.strip_prefix(prefix)?.parse::<usize>().ok());
    named.copied().or_else(|| number.and_then(|number| LAYERS.get(number).copied())).unwrap_or("none")
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_default()
}

fn kernels(found: &Value) -> Vec<&Value> {
    found["pairs"].as_array().unwrap().iter().filter(|pair| pair["a"]["role"] == "kernel").collect()
}

/// Every form of the network against others: each kernel with its own, and what they are to each other.
#[test]
fn one_network_in_many_forms() {
    let rounded = ["quantised"; 6];
    let same = ["identical"; 6];
    let folded = ["gain", "gain", "gain", "gain", "gain", "layout"];
    // The converter leaves small kernels in float.
    let dynamic = ["identical", "identical", "identical", "quantised", "quantised", "identical"];
    // BatchNorm folded by another converter: equal but for the last bits.
    let refolded = ["quantised", "quantised", "quantised", "quantised", "quantised", "identical"];
    let with = |relation: &'static str, others: &'static str| [others, others, others, relation, others, others];
    let cases: Vec<(&str, &str, [&str; 6])> = vec![
        ("net_f32.tflite", "net_f16.tflite", rounded),
        ("net_f32.tflite", "net_dynamic.tflite", dynamic),
        ("net_f32.tflite", "net_int8.tflite", rounded),
        ("net_f32.tflite", "net_fp32.xml", refolded),
        ("net_f32.tflite", "net_fp16.xml", rounded),
        ("net_f32.tflite", "net_int8.xml", rounded),
        ("net_f32.tflite", "net_int4.xml", rounded),
        ("net_f32.tflite", "renamed.tflite", same),
        ("net_f32.tflite", "renamed.xml", refolded),
        ("net_f32.tflite", "shuffled.tflite", same),
        ("net_fp32.xml", "shuffled.xml", same),
        ("net_fp32.xml", "renamed.xml", same),
        ("shuffled.tflite", "shuffled.xml", refolded),
        ("net_int8.tflite", "net_fp16.xml", rounded),
        ("net_int8.xml", "shuffled.tflite", rounded),
        ("net_int4.xml", "renamed.tflite", rounded),
        ("net_f32.tflite", "unfolded.xml", folded),
        ("unfolded.xml", "shuffled.tflite", folded),
        ("net_f32.tflite", "retrained_int8.tflite", with("retrained", "quantised")),
        ("net_fp16.xml", "replaced_int8.tflite", with("different", "quantised")),
        ("net_f32.tflite", "permuted.tflite", ["identical", "identical", "identical", "permuted", "permuted", "identical"]),
        ("twins_f32.tflite", "twins_int8.tflite", rounded),
    ];
    let mut faults = Vec::new();
    for (a, b, relations) in cases {
        let found = compare(&network(a), &network(b));
        let kernels = kernels(&found);
        if kernels.len() != LAYERS.len() {
            faults.push(format!("{a} {b}: {} kernels are paired", kernels.len()));
        }
        for pair in &kernels {
            let (of_a, of_b) = (layer(text(&pair["a"], "name")), layer(text(&pair["b"], "name")));
            if of_a != of_b {
                faults.push(format!("{a} {b}: {} with {}: {}", pair["a"]["name"], pair["b"]["name"], pair["reasons"]));
            }
            let expected = LAYERS.iter().position(|layer| *layer == of_a).map(|number| relations[number]);
            if Some(text(pair, "relation")) != expected && !(expected == Some("identical") && pair["relation"] == "layout") {
                faults.push(format!("{a} {b}: {of_a} is {}, not {expected:?}", pair["relation"]));
            }
        }
        for pair in found["pairs"].as_array().unwrap() {
            let (of_a, of_b) = (layer(text(&pair["a"], "name")), layer(text(&pair["b"], "name")));
            if of_a != "none" && of_b != "none" && of_a != of_b {
                faults.push(format!("{a} {b}: {} of {of_a} with that of {of_b}", pair["a"]["role"]));
            }
        }
    }
    report(&faults);
}

/// One network in four forms, by converters that name layers alike.
#[test]
fn the_example_in_four_forms() {
    let files = ["digits_f32.tflite", "digits_int8.tflite", "digits_fp16.xml", "digits_int8.xml"];
    for a in files {
        for b in files {
            let found = compare(&format!("assets/example/{a}"), &format!("assets/example/{b}"));
            let pairs = found["pairs"].as_array().unwrap();
            assert_eq!((pairs.len(), &found["only_a"], &found["only_b"]), (10, &Value::Array(vec![]), &Value::Array(vec![])), "{a} {b}");
            for pair in pairs {
                let name = |side: &str| text(&pair[side], "name").trim_end_matches("/bias").to_owned();
                assert_eq!(name("a"), name("b"), "{a} {b}");
                let expected: &[&str] = if a == b { &["identical"] } else { &["quantised", "identical", "layout"] };
                if pair["a"]["role"] == "kernel" {
                    assert!(expected.contains(&text(pair, "relation")), "{a} {b}: {pair}");
                }
            }
        }
    }
}

/// Two models that have nothing to do with each other share no pair that content or name would not bear out.
#[test]
fn strangers_stay_alone() {
    let found = compare("assets/example/digits_f32.tflite", &network("renamed.xml"));
    assert_eq!(kernels(&found).len(), 0, "{:#}", found["pairs"]);
}

#[test]
fn equal_layers_are_told() {
    let found = compare(&network("twins_f32.tflite"), &network("net_f32.tflite"));
    let groups = found["repeated_a"].as_array().unwrap();
    let has_kernels = groups.iter().any(|group| {
        let names: Vec<_> = group["weights"].as_array().unwrap().iter().map(|weight| layer(text(weight, "name"))).collect();
        names == ["body_a", "body_b"]
    });
    assert!(has_kernels, "{groups:#?}");
}

#[test]
fn conditions_decide_the_exit_status() {
    let (a, b) = (path(&network("net_f32.tflite")), path(&network("replaced_int8.tflite")));
    let failed = weightscope(["compare", &a, &b, "--fail-on", "worst_channel_sqnr<20"]);
    assert_eq!(failed.status, Some(1));
    assert!(failed.err.contains("net/body_a (kernel)") && !failed.err.contains("net/stem"), "{}", failed.err);
    let passed = weightscope(["compare", &a, &path(&network("net_int8.tflite")), "--fail-on", "cosine<0.9 or relation=different"]);
    assert_eq!((passed.status, passed.err.as_str()), (Some(0), ""));
    let unknown = weightscope(["compare", &a, &b, "--fail-on", "snr<3"]);
    assert!(unknown.status == Some(1) && unknown.err.contains("'snr' is no figure"), "{}", unknown.err);
    let list = weightscope(["compare", &a, &b, "--fail-on", "relation=different and role=kernel", "--fix-list", "tflite"]);
    assert_eq!(
        list.text(),
        "debug_options = tf.lite.experimental.QuantizationDebugOptions(\n    denylisted_nodes=[\n        \"net/body_a\",\n    ]\n)\n"
    );
}

#[test]
fn pairs_are_saved_changed_and_loaded() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pairs.json");
    let (a, b) = (path(&network("net_f32.tflite")), path(&network("net_fp16.xml")));
    let run = |extra: &[&str]| weightscope(["compare", &a, &b, "--json"].iter().copied().chain(extra.iter().copied()));
    let first = run(&["--save-pairs", &file.to_string_lossy()]).json();
    let mut saved: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    let entries = saved["pairs"].as_array().unwrap().clone();
    assert_eq!(entries.len(), first["pairs"].as_array().unwrap().len());
    // The two layers of one shape are made each other's, the stem's kernel nobody's.
    let kernel =
        |name: &str| entries.iter().find(|entry| entry["a"]["role"] == "kernel" && layer(text(&entry["a"], "name")) == name).unwrap();
    let swapped = |a: &str, b: &str| serde_json::json!({ "a": kernel(a)["a"], "b": kernel(b)["b"] });
    saved["pairs"] = Value::Array(vec![swapped("body_a", "body_b"), swapped("body_b", "body_a")]);
    saved["broken"] = Value::Array(vec![kernel("stem").clone()]);
    fs::write(&file, saved.to_string()).unwrap();
    let second = run(&["--pairs", &file.to_string_lossy()]).json();
    let of = |name: &str| kernels(&second).into_iter().find(|pair| layer(text(&pair["a"], "name")) == name).cloned();
    let made = of("body_a").unwrap();
    assert_eq!(
        (layer(text(&made["b"], "name")), &made["reasons"], &made["confidence"]),
        ("body_b", &serde_json::json!(["hand"]), &serde_json::json!(1.0))
    );
    assert!(of("stem").is_none() && of("logits").is_some());
    fs::write(&file, "{}").unwrap();
    let refused = run(&["--pairs", &file.to_string_lossy()]);
    assert!(refused.status == Some(1) && refused.err.contains("no file of pairs"), "{}", refused.err);
}

/// Every figure a column, every pair a line; a report that asks for nothing from anywhere.
#[test]
fn tables_and_reports_are_files() {
    let folder = tempfile::tempdir().unwrap();
    let (csv, html) = (folder.path().join("table.csv"), folder.path().join("report.html"));
    let run = weightscope([
        Path::new("compare"),
        Path::new(&path(&network("net_f32.tflite"))),
        Path::new(&path(&network("net_int8.tflite"))),
        Path::new("--csv"),
        &csv,
        Path::new("--html"),
        &html,
    ]);
    assert_eq!((run.status, run.err.as_str()), (Some(0), ""));
    let table = fs::read_to_string(&csv).unwrap();
    let widths: Vec<usize> = table.lines().map(|line| line.split(',').count()).collect();
    assert!(widths.len() == 13 && widths.iter().all(|width| *width == widths[0]), "{table}");
    assert!(table.lines().next().unwrap().contains("worst_channel_sqnr") && !table.contains("NaN"));
    let report = fs::read_to_string(&html).unwrap();
    for part in ["default-src 'none'", "data:image/png;base64,", "Where the error comes from", "net/body_a", "</html>"] {
        assert!(report.contains(part), "no {part}");
    }
    for part in ["http://", "https://", "url(", "@import", "<link rel=\"stylesheet\""] {
        assert!(!report.contains(part), "the report asks for {part}");
    }
}

/// `fixtures/compare/errors.json`: numpy's figures of layers whose error has one cause each. One step for 16 channels whose
/// gain falls by the square root of 2 leaves the layer 33.2 dB and its worst channel 0.09: it is ranked worst.
#[test]
fn causes_of_errors_are_told() {
    let (a, b) = (path(&network("errors_f32.tflite")), path(&network("errors_int8.tflite")));
    let found = weightscope(["compare", &a, &b, "--json"]).json();
    let reference: Value = serde_json::from_str(&fs::read_to_string(root().join(network("errors.json"))).unwrap()).unwrap();
    let pairs = found["pairs"].as_array().unwrap();
    assert_eq!(text(&pairs[0]["a"], "name"), "gains");
    let of = |name: &str| pairs.iter().find(|pair| pair["a"]["name"] == name).unwrap();
    let number = |value: &Value| value.as_f64().unwrap_or(f64::NAN);
    let close = |what: &str, found: &Value, expected: &Value| {
        let (found, expected) = (number(found), number(expected));
        assert!((found - expected).abs() <= 1e-9 * expected.abs().max(1e-3), "{what}: {found} instead of {expected}");
    };
    for (name, expected) in reference.as_object().unwrap() {
        let pair = of(name);
        for figure in
            ["sqnr_db", "mse", "rmse_over_scale", "cosine", "gain", "kurtosis", "median_relative_error", "js_distance", "max_abs_error"]
        {
            close(&format!("{name} {figure}"), &pair["metrics"][figure], &expected[figure]);
        }
        for part in ["rounding", "saturation", "gain", "offset", "remainder"] {
            close(&format!("{name} {part}"), &pair["anatomy"]["shares"][part], &expected["shares"][part]);
        }
        let channels: Vec<f64> = expected["channels_db"].as_array().unwrap().iter().map(number).collect();
        let worst = channels.iter().copied().fold(f64::INFINITY, f64::min);
        assert!((number(&pair["metrics"]["worst_channel_sqnr_db"]) - worst).abs() < 1e-9, "{name}");
    }
    let gains = of("gains");
    assert_eq!(
        format!("{:.1} {:.2}", number(&gains["metrics"]["sqnr_db"]), number(&gains["metrics"]["worst_channel_sqnr_db"])),
        "33.2 0.09"
    );
    close("per channel", &gains["anatomy"]["narrow"]["gain_db"], &reference["gains"]["per_channel_gain_db"]);
    close("its worst", &gains["anatomy"]["narrow"]["worst_channel_gain_db"], &reference["gains"]["per_channel_worst_gain_db"]);
    assert_eq!(gains["reads_as"], "narrow channels");
    let outlier = of("outlier");
    close("outlier", &outlier["anatomy"]["outliers"]["gain_db"], &reference["outlier"]["outlier_gain_db"]);
    assert_eq!(outlier["reads_as"], "rounding + outlier");
    assert_eq!(outlier["sentences"][0], "Without 1 of 4,096 values the layer gains 17.0 dB (O 0, I 7).");
    for (name, reads_as) in [("plain", "rounding"), ("clipped", "saturation"), ("gained", "gain by channel"), ("shifted", "offset")] {
        assert_eq!(of(name)["reads_as"], reads_as, "{name}: {:#}", of(name)["anatomy"]);
    }
    // A figure of the whole layer alone would not have told: by it the layer is the third best.
    let by_layer = weightscope(["compare", &a, &b, "--json", "--sort", "sqnr"]).json();
    let place = by_layer["pairs"].as_array().unwrap().iter().position(|pair| pair["a"]["name"] == "gains");
    assert!(place > Some(2), "{place:?}");
}

/// `fixtures/compare/gates.json`: an LSTM with a tensor a gate against one that stacks them, by numpy. Two biases have the
/// same values, so that the gate's name has to tell them apart; the output gate's kernel was trained further.
#[test]
fn stacked_gates_are_compared_one_by_one() {
    let reference: Value = serde_json::from_str(&fs::read_to_string(root().join(network("gates.json"))).unwrap()).unwrap();
    for (file, figures) in reference.as_object().unwrap() {
        for is_turned in [false, true] {
            let (single, stacked) = (network("gates.tflite"), network(file));
            let found = if is_turned { compare(&stacked, &single) } else { compare(&single, &stacked) };
            let pairs = found["pairs"].as_array().unwrap();
            assert_eq!((pairs.len(), &found["only_a"], &found["only_b"]), (12, &serde_json::json!([]), &serde_json::json!([])), "{file}");
            for pair in pairs {
                let role = text(&pair["a"], "role");
                assert_eq!(role, text(&pair["b"], "role"), "{file}");
                let expected = &figures[role];
                let relation = match (file.as_str(), role) {
                    ("gates_cell.xml", "input_kernel.output") => "retrained",
                    ("gates_int8.xml", role) if !role.starts_with("bias") => "quantised",
                    _ => "identical",
                };
                assert_eq!(text(pair, "relation"), relation, "{file} {role}");
                // Of a part of the other's values, the signal is another one.
                for figure in ["sqnr_db", "max_abs_error", "worst_channel_sqnr_db"].into_iter().filter(|_| !is_turned) {
                    let (found, expected) = (&pair["metrics"][figure], &expected[figure]);
                    let is_close = match (found.as_f64(), expected.as_f64()) {
                        (Some(found), Some(expected)) => (found - expected).abs() <= 1e-9 * expected.abs(),
                        _ => found == expected,
                    };
                    assert!(is_close, "{file} {role} {figure}: {found} instead of {expected}");
                }
                if relation == "quantised" && !is_turned {
                    assert_eq!(pair["anatomy"]["shares"]["rounding"], 1.0, "{role}");
                    assert!(pair["metrics"]["rmse_over_scale"].as_f64().unwrap() < 0.4, "{role}: {}", pair["metrics"]["rmse_over_scale"]);
                    assert!(pair["metrics"]["codes_used"].as_u64().unwrap() > 50, "{role}: {}", pair["metrics"]["codes_used"]);
                }
            }
        }
    }
    // Two that stack the same gates are compared as they are.
    let found = compare(&network("gates_cell.xml"), &network("gates_int8.xml"));
    let roles: Vec<&str> = found["pairs"].as_array().unwrap().iter().map(|pair| text(&pair["a"], "role")).collect();
    assert_eq!(roles.len(), 3, "{roles:?}");
}

/// A pair of a gate's tensor and a stack outlives a file of pairs.
#[test]
fn pairs_of_gates_are_saved_and_broken() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pairs.json");
    let (a, b) = (path(&network("gates.tflite")), path(&network("gates_cell.xml")));
    let run = |extra: &[&str]| weightscope(["compare", &a, &b, "--json"].iter().copied().chain(extra.iter().copied())).json();
    run(&["--save-pairs", &file.to_string_lossy()]);
    let mut saved: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    let entries = saved["pairs"].as_array().unwrap().clone();
    assert_eq!(entries.len(), 12);
    let (broken, kept): (Vec<Value>, Vec<Value>) = entries.into_iter().partition(|entry| entry["a"]["role"] == "bias.cell");
    (saved["pairs"], saved["broken"]) = (Value::Array(kept), Value::Array(broken));
    fs::write(&file, saved.to_string()).unwrap();
    let found = run(&["--pairs", &file.to_string_lossy()]);
    assert_eq!(found["pairs"].as_array().unwrap().len(), 11);
    assert!(found["pairs"].as_array().unwrap().iter().all(|pair| pair["reasons"] == serde_json::json!(["hand"])));
    assert_eq!(text(&found["only_a"][0], "role"), "bias.cell");
}

/// `fixtures/compare/codes.json`: the parts of the error where codes do not lie at equal distances, by numpy.
#[test]
fn errors_of_codebooks_are_taken_apart() {
    let found = compare(&network("codes_f32.xml"), &network("codes_nf4.xml"));
    let reference: Value = serde_json::from_str(&fs::read_to_string(root().join(network("codes.json"))).unwrap()).unwrap();
    let pairs = found["pairs"].as_array().unwrap();
    assert_eq!(pairs.len(), 4);
    for (name, expected) in reference.as_object().unwrap() {
        let pair = pairs.iter().find(|pair| pair["a"]["name"] == name.as_str()).unwrap();
        assert_eq!(pair["anatomy"]["codebook"], if name == "f4" { "f4e2m1" } else { "nf4" });
        for (part, expected) in expected.as_object().unwrap() {
            let (found, expected) = (pair["anatomy"]["shares"][part].as_f64().unwrap(), expected.as_f64().unwrap());
            assert!((found - expected).abs() < 1e-6, "{name} {part}: {found} instead of {expected}");
        }
        let (reads_as, sentence) = match name.as_str() {
            "nearest" => ("rounding", "Rounding to the 16 codes of nf4 with a scale for each block is all there is."),
            "f4" => ("rounding", "Rounding to the 15 codes of f4e2m1 with a scale for each channel is all there is."),
            "moved" => ("more than rounding + rounding", "61 % of the error is more than this quantiser's rounding explains."),
            _ => ("saturation", ""),
        };
        assert_eq!(text(pair, "reads_as"), reads_as, "{name}");
        assert!(text(pair, "relation") != "different" && pair["sentences"][0].as_str().unwrap().contains(sentence), "{name}: {pair:#}");
    }
}
