//! `weightscope stats`: its figures beside those of numpy and scipy, its forms and its filter.

use serde_json::Value;

use crate::program::weightscope;

const FIGURES: [&str; 23] = [
    "count",
    "min",
    "max",
    "mean",
    "std",
    "skew",
    "kurtosis",
    "p01",
    "p1",
    "p25",
    "p50",
    "p75",
    "p99",
    "p999",
    "zeros",
    "sparsity",
    "nan",
    "inf",
    "outliers",
    "dead_channels",
    "codes_used",
    "code_entropy_bits",
    "saturation",
];

fn model(name: &str) -> String {
    format!("{}/assets/example/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn stats(name: &str, arguments: &[&str]) -> Value {
    let model = model(name);
    weightscope(["stats", &model, "--json"].iter().chain(arguments)).json()
}

/// `fixtures/stats/digits_int8.json`: numpy 2.4.6 and scipy 1.17.1 of the codes that LiteRT reads.
#[test]
fn figures_are_numpys() {
    let expected: Value = serde_json::from_str(include_str!("../../fixtures/stats/digits_int8.json")).unwrap();
    let found = stats("digits_int8.tflite", &[]);
    let found = found["weights"].as_array().unwrap();
    let expected = expected.as_array().unwrap();
    assert_eq!(found.len(), expected.len());
    for expected in expected {
        let is_it = |found: &&Value| found["operation"] == expected["operation"] && found["input"] == expected["input"];
        let found = found.iter().find(is_it).unwrap();
        for (name, expected) in expected.as_object().unwrap() {
            let found = &found[name];
            let is_close = match (found.as_f64(), expected.as_f64()) {
                (Some(found), Some(expected)) => (found - expected).abs() <= 1e-12 * expected.abs(),
                _ => found == expected,
            };
            assert!(is_close, "{name} of {}: {found} instead of {expected}", expected["operation"]);
        }
    }
}

#[test]
fn the_fields_are_those_of_the_contract() {
    let found = stats("digits_int8.xml", &[]);
    assert_eq!(found["schema"], 1);
    assert_eq!(found["file"], model("digits_int8.xml"));
    let head = ["graph", "operation", "name", "type", "input", "role", "dtype", "shape", "layout"];
    let expected: Vec<&str> = head.into_iter().chain(FIGURES).chain(["stored_bytes", "problem"]).collect();
    let weights = found["weights"].as_array().unwrap();
    assert!(weights.len() > 5);
    for weight in weights {
        let fields: Vec<&String> = weight.as_object().unwrap().keys().collect();
        assert_eq!(fields, expected);
        // Floats have no codes, vectors no dead channels.
        assert_eq!(weight["codes_used"].is_null(), weight["dtype"] != "i8", "{weight}");
        assert_eq!(weight["dead_channels"].is_null(), weight["role"] != "kernel", "{weight}");
        assert!(weight["kurtosis"].is_number() && weight["problem"].is_null(), "{weight}");
    }
}

#[test]
fn csv_holds_what_json_holds() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("stats.csv");
    let run = weightscope(["stats", &model("digits_int8.tflite"), "--csv", file.to_str().unwrap()]);
    assert_eq!((run.status, run.text()), (Some(0), ""), "{}", run.err);
    let text = std::fs::read_to_string(&file).unwrap();
    let mut lines = text.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let header = lines.next().unwrap();
    let weights = stats("digits_int8.tflite", &[]);
    let weights = weights["weights"].as_array().unwrap();
    let lines: Vec<_> = lines.collect();
    assert_eq!(lines.len(), weights.len());
    for (line, weight) in lines.iter().zip(weights) {
        assert_eq!(line.len(), header.len());
        for (name, field) in header.iter().zip(line) {
            let expected = match &weight[*name] {
                Value::Null => String::new(),
                Value::String(text) => text.clone(),
                Value::Array(dims) => dims.iter().map(Value::to_string).collect::<Vec<_>>().join("x"),
                other => other.to_string(),
            };
            // The parser of JSON may be a digit off at the end.
            let is_close = match (field.parse::<f64>(), expected.parse::<f64>()) {
                (Ok(found), Ok(expected)) => (found - expected).abs() <= 1e-15 * expected.abs(),
                _ => *field == expected,
            };
            assert!(is_close, "{name}: {field} instead of {expected}");
        }
    }
    let printed = weightscope(["stats", &model("digits_int8.tflite"), "--csv", "-"]);
    assert_eq!(printed.text(), text);
    let nowhere = weightscope(["stats", &model("digits_int8.tflite"), "--csv", "/nowhere/stats.csv"]);
    assert!(nowhere.error().contains("can't write /nowhere/stats.csv"), "{}", nowhere.err);
}

#[test]
fn a_filter_compares_figures() {
    let all = stats("digits_int8.tflite", &[]);
    let expected: Vec<&Value> = all["weights"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|weight| weight["dtype"] == "i8" && weight["kurtosis"].as_f64().unwrap() > 0.0)
        .collect();
    assert!(!expected.is_empty() && expected.len() < all["weights"].as_array().unwrap().len());
    let found = stats("digits_int8.tflite", &["--filter", "kurtosis>0 dtype:i8"]);
    assert_eq!(found["weights"].as_array().unwrap().iter().collect::<Vec<_>>(), expected);
    let none = stats("digits_int8.tflite", &["--filter", "nan>0"]);
    assert_eq!(none["weights"].as_array().unwrap().len(), 0);
    let biases = stats("digits_int8.tflite", &["--filter", "role:bias"]);
    assert!(biases["weights"].as_array().unwrap().iter().all(|weight| weight["role"] == "bias" && weight["codes_used"].is_null()));
}

#[test]
fn text_is_a_table() {
    let run = weightscope(["stats", &model("digits_f32.tflite"), "--op", "CONV_2D"]);
    assert_eq!((run.status, run.err.as_str()), (Some(0), ""));
    let lines: Vec<&str> = run.text().lines().collect();
    assert!(lines.iter().any(|line| line.starts_with("layer") && line.ends_with("codes")), "{lines:#?}");
    assert!(lines.iter().any(|line| line.starts_with("conv1") && line.contains("kernel") && line.ends_with(" -")), "{lines:#?}");
    assert!(!lines.iter().any(|line| line.starts_with("depthwise2")));
    let wrong = weightscope(["stats", &model("digits_f32.tflite"), "--layer", "nothing like it"]);
    assert!(!wrong.error().is_empty());
}
