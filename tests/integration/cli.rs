//! The command line as a process: what stands on standard output and on standard error, the exit
//! status, and the fields of `inspect --json`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Stdio;

use serde_json::Value;

use crate::program::{command, finish, weightscope};
use crate::reference::{Expect, example, fixture_of, fixtures, is_one_line, report, root};

#[test]
fn inspect_lists_operations_and_constants() {
    let run = weightscope(["inspect", &model("digits_int8.tflite")]);
    assert_eq!((run.status, run.err.as_str()), (Some(0), ""));
    for words in [
        &["TensorFlow Lite"][..],
        &["0", "CONV_2D", "conv1"],
        &["1", "kernel", "i8", "12×5×5×1", "OHWI", "per-axis"],
        &["2", "bias", "i32", "12", "per-axis"],
        &["DEPTHWISE_CONV_2D", "depthwise2"],
        &["1", "kernel", "i8", "1×3×3×12", "1HWO"],
        &["FULLY_CONNECTED", "logits"],
    ] {
        let is_there = run.text().lines().any(|line| words.iter().all(|word| line.contains(word)));
        assert!(is_there, "no line with {words:?} in\n{}", run.text());
    }
    let hashed = weightscope(["inspect", &model("digits_int8.tflite"), "--hash"]);
    let digest = example("digits_int8.tflite").constant("conv1", "kernel").f32.unwrap();
    assert!(hashed.text().contains(&digest), "--hash gives the digest of the real values:\n{}", hashed.text());
}

/// Names come from the file; none of them breaks the listing's lines.
#[test]
fn inspect_keeps_to_its_lines_whatever_a_name_holds() {
    for file in ["fixtures/tflite/names.tflite", "fixtures/ir/names.xml"] {
        let path = fixture_of(file).path();
        let run = weightscope([Path::new("inspect"), &path]);
        let odd: Vec<_> = run.text().lines().filter(|line| line.chars().any(char::is_control)).collect();
        assert!(run.status == Some(0) && odd.is_empty(), "{file}: {odd:?}");
        let operations = weightscope([Path::new("inspect"), &path, Path::new("--json")]).json()["graphs"][0]["operations"].clone();
        let kinds: Vec<_> = operations.as_array().unwrap().iter().map(|operation| text(&operation["type"])).collect();
        let listed = run.text().lines().filter(|line| kinds.iter().any(|kind| line.split_whitespace().nth(1) == Some(kind)));
        assert_eq!(listed.count(), kinds.len(), "{file}: a line an operation in\n{}", run.text());
    }
}

#[test]
fn the_fields_of_inspect_json_are_those_of_the_contract() {
    let mut faults = Vec::new();
    for fixture in fixtures().iter().filter(|fixture| fixture.expect == Expect::Open) {
        let path = fixture.path();
        let run = weightscope([Path::new("inspect"), &path, Path::new("--json"), Path::new("--hash")]);
        if (run.status, run.err.as_str()) != (Some(0), "") {
            faults.push(format!("{}: status {:?}: {}", fixture.file, run.status, run.err));
            continue;
        }
        let listing: Value = serde_json::from_slice(&run.out).unwrap();
        let mut contract = Contract { file: &fixture.file, with_values: true, with_digests: true, faults: &mut faults };
        contract.model(&listing);
        if text(&listing["format"]) != fixture.format || text(&listing["file"]) != path.to_string_lossy() {
            faults.push(format!("{}: format {}, file {}", fixture.file, listing["format"], listing["file"]));
        }
    }
    report(&faults);
}

#[test]
fn figures_come_with_stats_and_digests_with_hash() {
    let mut faults = Vec::new();
    for name in ["digits_int8.tflite", "digits_int8.xml"] {
        for (options, with_values, with_digests) in
            [(&["--json"][..], false, false), (&["--json", "--stats"], true, false), (&["--json", "--hash"], true, true)]
        {
            let listing = weightscope(["inspect", &model(name)].iter().chain(options)).json();
            Contract { file: name, with_values, with_digests, faults: &mut faults }.model(&listing);
        }
    }
    report(&faults);
}

/// The values of one constant, as the reference has them; all others are compared in `fixtures`.
#[test]
fn inspect_json_gives_the_reference_values() {
    let listing = weightscope(["inspect", &model("digits_int8.tflite"), "--json", "--hash"]).json();
    let constant = &listing["graphs"][0]["operations"][0]["constants"][0];
    let expected = example("digits_int8.tflite").constant("conv1", "kernel");
    assert_eq!(listing["schema"], 1);
    assert_eq!((listing["format"].as_str(), listing["format_version"].as_str()), (Some("tflite"), Some("3")));
    assert_eq!((text(&constant["kind"]), text(&constant["role"]), text(&constant["layout"])), ("weight", "kernel", "OHWI"));
    assert_eq!((text(&constant["dtype"]), &constant["shape"]), ("i8", &Value::from(vec![12, 5, 5, 1])));
    assert_eq!((&constant["stored_bytes"], constant["stored_sha256"].as_str()), (&Value::from(300), expected.raw.as_deref()));
    assert_eq!((&constant["values"]["count"], constant["values"]["sha256"].as_str()), (&Value::from(300), expected.f32.as_deref()));
    assert_eq!(constant["values"]["min"].as_f64(), expected.min);
    assert_eq!(constant["quantization"]["scheme"], "per-axis");
    assert_eq!(constant["quantization"]["scales"].as_array().map(Vec::len), Some(12));

    let listing = weightscope(["inspect", &model("digits_fp16.xml"), "--json"]).json();
    assert_eq!((listing["format"].as_str(), listing["format_version"].as_str()), (Some("openvino-ir"), Some("11")));
    let operations = listing["graphs"][0]["operations"].as_array().unwrap();
    let biases: Vec<_> =
        operations.iter().flat_map(|operation| operation["constants"].as_array().unwrap()).filter(|c| c["role"] == "bias").collect();
    assert!(biases.iter().any(|bias| bias["bias_of"] == "conv1"), "the bias of conv1 names it: {biases:?}");
}

#[test]
fn exit_statuses() {
    let good = model("digits_f32.tflite");
    for (arguments, status) in [
        (&["inspect", &good][..], 0),
        (&["--help"], 0),
        (&["--version"], 0),
        (&["inspect", "--help"], 0),
        (&["inspect", "no such file.tflite"], 1),
        (&["inspect"], 2),
        (&["inspect", &good, "--nonsense"], 2),
        (&["inspect", &good, &good], 2),
        (&["extract", &good], 2),
        (&["extract", &good, "-o", "x.npz", "--format", "pickle"], 2),
        (&["--screenshot", "x.png", "--size", "ten"], 2),
    ] {
        let run = weightscope(arguments);
        assert_eq!(run.status, Some(status), "{arguments:?}: {}", run.err);
        assert_eq!(run.out.is_empty(), status != 0, "{arguments:?}: results, and only they, go to standard output");
        assert_eq!(run.err.is_empty(), status == 0, "{arguments:?}: {}", run.err);
    }
}

#[test]
fn a_file_that_cannot_be_read_is_an_error_with_the_path_last() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("no such file.tflite");
    let empty = folder.path().join("empty.xml");
    fs::write(&empty, b"").unwrap();
    for path in [&missing, &empty, &folder.path().to_path_buf(), &root().join("Cargo.toml")] {
        for subcommand in [&["--json"][..], &[]] {
            let run = weightscope([Path::new("inspect"), path].into_iter().chain(subcommand.iter().map(Path::new)));
            assert!(run.error().ends_with(&format!(": {}", path.display())), "{}", run.err);
        }
        let output = folder.path().join("out.npz");
        let run = weightscope([Path::new("extract"), path, Path::new("-o"), &output]);
        assert!(run.error().ends_with(&format!(": {}", path.display())) && !output.exists(), "{}", run.err);
    }
}

/// What a selection misses, the error lists.
#[test]
fn a_selection_without_a_match_lists_what_there_is() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("out.npz");
    for (file, options, listed) in [
        ("digits_int8.tflite", &["--layer", "nonesuch"][..], &["conv1", "depthwise2", "pointwise2", "conv3", "logits"][..]),
        ("digits_int8.tflite", &["--layer", "conv1", "--role", "gamma"], &["kernel", "bias"]),
        ("digits_int8.tflite", &["--op", "NONESUCH"], &["CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"]),
        ("digits_int8.tflite", &["--op", "CONV_2D", "--layer", "nonesuch", "--first"], &["conv1", "logits"]),
        ("digits_int8.xml", &["--layer", "nonesuch"], &["conv1", "depthwise2", "pointwise2", "conv3", "logits"]),
        ("digits_int8.xml", &["--layer", "conv1", "--role", "gamma"], &["kernel", "bias"]),
        ("digits_int8.xml", &["--op", "NONESUCH", "--first"], &["Convolution", "GroupConvolution", "MatMul"]),
    ] {
        let path = model(file);
        let run = weightscope(["extract", &path, "-o", &output.to_string_lossy()].iter().chain(options));
        let error = run.error();
        for name in listed {
            assert!(error.contains(name), "{file} {options:?}: {name} is not in: {error}");
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "{file} {options:?}: nothing is written");
    }
}

#[test]
fn an_error_is_one_line_whatever_a_name_holds() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("out.npz").to_string_lossy().into_owned();
    for file in ["fixtures/tflite/names.tflite", "fixtures/ir/names.xml"] {
        let path = fixture_of(file).path().to_string_lossy().into_owned();
        let run = weightscope(["extract", &path, "-o", &output, "--layer", "nonesuch"]);
        assert!(is_one_line(run.error()), "{file}");
    }
    assert!(weightscope(["inspect", "two\nlines.tflite"]).error().contains("two"));
}

#[cfg(unix)]
#[test]
fn a_path_that_is_not_utf8_opens() {
    use std::os::unix::ffi::OsStrExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(std::ffi::OsStr::from_bytes(b"n\xffme.tflite"));
    fs::copy(example("digits_f32.tflite").path(), &path).unwrap();
    let run = weightscope([Path::new("inspect"), &path, Path::new("--json")]);
    assert!(text(&run.json()["file"]).ends_with("n\u{fffd}me.tflite"));
}

/// `weightscope inspect MODEL --json | head`: the reader goes away, and that is no error.
#[test]
fn a_reader_that_goes_away_is_no_error() {
    for options in [&["--json", "--hash"][..], &[]] {
        let mut child = command()
            .args(["inspect", &model("digits_int8.xml")])
            .args(options)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()), (Some(0), ""), "{options:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_result_that_cannot_be_written_is_an_error() {
    let mut inspect = command();
    inspect.args(["inspect", &model("digits_f32.tflite"), "--json"]);
    // `finish` takes standard output for itself, so a shell does the redirection.
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", "exec \"$0\" \"$@\" > /dev/full"]).arg(inspect.get_program()).args(inspect.get_args());
    finish(shell).error();
}

#[test]
fn messages_go_to_standard_error() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("out.npz").to_string_lossy().into_owned();
    let run = weightscope(["extract", &model("digits_f32.tflite"), "-o", &output]);
    assert_eq!((run.status, run.out.len()), (Some(0), 0), "{}", run.err);
    assert!(
        run.err.contains(&output) && !run.err.contains('\u{1b}') && !run.err.contains('\r'),
        "no progress bar in a pipe: {:?}",
        run.err
    );
}

#[test]
fn a_bin_of_another_name_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let (xml, bin) = (folder.path().join("model.xml"), folder.path().join("constants"));
    fs::copy(example("digits_fp16.xml").path(), &xml).unwrap();
    fs::copy(example("digits_fp16.xml").path().with_extension("bin"), &bin).unwrap();
    let run = weightscope([Path::new("inspect"), &xml, Path::new("--json"), Path::new("--hash"), Path::new("--bin"), &bin]);
    let mut found = run.json();
    let mut expected = weightscope(["inspect", &model("digits_fp16.xml"), "--json", "--hash"]).json();
    for listing in [&mut found, &mut expected] {
        listing["file"] = Value::Null;
    }
    assert_eq!(found, expected);
}

/// `--help` lists a subcommand once it works: each is called here the way a person first would.
#[test]
fn help_lists_only_what_works() {
    let folder = tempfile::tempdir().unwrap();
    let model = model("digits_int8.tflite");
    let out = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let (npz, heatmap, histogram, graph) = (out("a.npz"), out("b.png"), out("c.png"), out("d.svg"));
    let calls = [
        ("inspect", vec!["inspect", &model]),
        ("extract", vec!["extract", &model, "-o", &npz]),
        ("heatmap", vec!["heatmap", &model, "-o", &heatmap, "--layer", "conv1"]),
        ("histogram", vec!["histogram", &model, "-o", &histogram, "--layer", "conv1"]),
        ("stats", vec!["stats", &model]),
        ("compare", vec!["compare", &model, &model]),
        ("graph", vec!["graph", &model, "-o", &graph]),
        ("verify", vec!["verify", &model]),
        ("profile", vec!["profile", &model]),
    ];
    let help = weightscope(["--help"]);
    let commands = help.text().lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let listed: Vec<_> = commands.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help").collect();
    assert!(listed.contains(&"inspect") && listed.contains(&"extract"), "{listed:?}");
    for name in listed {
        let Some((_, call)) = calls.iter().find(|(known, _)| *known == name) else {
            panic!("--help lists {name}, which this test does not call")
        };
        let run = weightscope(call);
        // Where no runtime is installed, or none can be used, they say so.
        let is_named = std::env::var_os("WEIGHTSCOPE_OPENVINO").is_some() && cfg!(feature = "openvino");
        let lacks_runtime = ["verify", "profile"].contains(&name) && !is_named && run.err.contains("OpenVINO");
        assert!(run.status == Some(0) || lacks_runtime, "{call:?}: {}", run.err);
        assert_eq!(weightscope([name, "--help"]).status, Some(0), "{name} --help");
    }
}

/// The fields of `inspect --json`, checked against their contract: no field lacks, none is too many,
/// each has its type.
struct Contract<'f> {
    file: &'f str,
    with_values: bool,
    with_digests: bool,
    faults: &'f mut Vec<String>,
}

/// What a field may hold.
type Check = fn(&Value) -> bool;

impl Contract<'_> {
    fn model(&mut self, value: &Value) {
        self.object(
            "model",
            value,
            &[
                ("schema", |value| value == 1),
                ("file", Value::is_string),
                ("format", |value| ["tflite", "openvino-ir", "onnx", "safetensors"].contains(&text(value))),
                ("format_version", Value::is_string),
                ("producer", |value| value.is_string() || value.is_null()),
                ("metadata", Value::is_object),
                ("signatures", Value::is_array),
                ("files", Value::is_array),
                ("graphs", |value| value.as_array().is_some_and(|graphs| !graphs.is_empty())),
                ("warnings", is_list_of_sentences),
            ],
        );
        let graphs = elements(&value["graphs"]);
        for graph in graphs {
            self.object(
                "graph",
                graph,
                &[
                    ("name", Value::is_string),
                    ("path", is_list_of_strings),
                    ("inputs", is_list_of_strings),
                    ("outputs", is_list_of_strings),
                    ("operations", Value::is_array),
                    ("tensors", Value::is_array),
                ],
            );
            for operation in elements(&graph["operations"]) {
                self.operation(operation, graphs.len());
            }
            for tensor in elements(&graph["tensors"]) {
                self.constant(tensor);
            }
        }
        for signature in elements(&value["signatures"]) {
            let fields: [(&str, Check); 4] =
                [("key", Value::is_string), ("graph", Value::is_u64), ("inputs", is_object_of_strings), ("outputs", is_object_of_strings)];
            self.object("signature", signature, &fields);
        }
        for file in elements(&value["files"]) {
            let fields: [(&str, Check); 7] = [
                ("name", Value::is_string),
                ("kind", |value| FILE_KINDS.split_whitespace().any(|known| known == text(value))),
                ("bytes", Value::is_u64),
                ("stored_bytes", Value::is_u64),
                ("description", |value| value.is_string() || value.is_null()),
                ("about", is_list_of_strings),
                ("problem", |value| value.is_null() || value.as_str().is_some_and(is_one_line)),
            ];
            self.object("file", file, &fields);
        }
    }

    fn operation(&mut self, value: &Value, graphs: usize) {
        const ALL: [(&str, Check); 10] = [
            ("index", Value::is_u64),
            ("name", Value::is_string),
            ("type", Value::is_string),
            ("version", Value::is_string),
            ("attributes", Value::is_object),
            ("inputs", |value| is_list(value, |name| name.is_string() || name.is_null())),
            ("outputs", is_list_of_strings),
            ("graphs", |value| is_list(value, Value::is_u64)),
            ("constants", Value::is_array),
            ("notes", is_list_of_sentences),
        ];
        let due: Vec<_> = ALL.into_iter().filter(|(name, _)| *name != "notes" || value.get("notes").is_some()).collect();
        self.object("operation", value, &due);
        let calls_nothing = elements(&value["graphs"]).iter().filter_map(Value::as_u64).any(|graph| graph >= graphs as u64);
        if calls_nothing {
            self.faults.push(format!("{}: operation {}: calls a graph that is not there: {}", self.file, value["index"], value["graphs"]));
        }
        let inputs = elements(&value["inputs"]).len();
        let mut before = None;
        for constant in elements(&value["constants"]) {
            self.constant(constant);
            let input = constant["input"].as_u64();
            if input <= before || input.is_none_or(|input| input >= inputs as u64) {
                self.faults.push(format!("{}: operation {}: constants out of order or place: {:?}", self.file, value["index"], input));
            }
            before = input;
        }
    }

    fn constant(&mut self, value: &Value) {
        const ALL: [(&str, Check); 19] = [
            // Null for a constant that no operation reads.
            ("input", |value| value.is_u64() || value.is_null()),
            ("kind", |value| ["weight", "parameter"].contains(&text(value))),
            ("role", is_role),
            ("tensor", Value::is_string),
            ("dtype", is_dtype),
            // Null where a dimension is no number.
            ("shape", |value| value.is_null() || is_list(value, Value::is_u64)),
            ("layout", |value| value.is_null() || is_layout(text(value))),
            ("chain", is_list_of_strings),
            ("quantization", Value::is_object),
            // Null, as the digest, where the file does not hold the bytes.
            ("stored_bytes", |value| value.is_u64() || value.is_null()),
            ("problem", |value| value.is_null() || value.as_str().is_some_and(is_one_line)),
            ("stored_sha256", |value| value.is_null() || is_digest(value)),
            ("values", |value| value.is_object() || value.is_null()),
            ("bias_of", Value::is_string),
            ("computed_by", Value::is_string),
            ("gates", is_list_of_sections),
            ("parts", is_list_of_sections),
            ("groups", |value| value.as_u64().is_some_and(|groups| groups > 1)),
            ("notes", is_list_of_sentences),
        ];
        let is_due = |name: &str| match name {
            "stored_sha256" => self.with_digests,
            "values" => self.with_values,
            "bias_of" | "computed_by" | "gates" | "parts" | "groups" | "notes" => value.get(name).is_some(),
            _ => true,
        };
        let due: Vec<_> = ALL.into_iter().filter(|(name, _)| is_due(name)).collect();
        self.object("constant", value, &due);
        const QUANTIZATION: [(&str, Check); 6] = [
            ("scheme", |value| SCHEMES.contains(&text(value))),
            ("axis", |value| value.is_u64() || value.is_null()),
            ("scales", |value| is_list(value, is_number)),
            ("zero_points", |value| is_list(value, is_number)),
            ("block_shape", |value| is_list(value, Value::is_u64)),
            ("derived", |value| *value == Value::Bool(true)),
        ];
        let quantization = &value["quantization"];
        let due: Vec<_> = QUANTIZATION
            .into_iter()
            .filter(|(name, _)| quantization.get(name).is_some() || !["block_shape", "derived"].contains(name))
            .collect();
        self.object("quantization", quantization, &due);
        if value.get("values").is_some_and(Value::is_object) {
            self.values(&value["values"]);
        }
        let has_values = value["values"].is_object();
        if self.with_values && has_values != value["problem"].is_null() {
            self.faults.push(format!("{}: values {} with problem {}", self.file, value["values"], value["problem"]));
        }
    }

    fn values(&mut self, value: &Value) {
        if let Some(texts) = value.get("texts") {
            const TEXTS: [(&str, Check); 3] =
                [("shape", |value| is_list(value, Value::is_u64)), ("count", Value::is_u64), ("texts", Value::is_object)];
            const LENGTHS: [(&str, Check); 5] = [
                ("bytes", Value::is_u64),
                ("shortest", Value::is_u64),
                ("longest", Value::is_u64),
                ("empty", Value::is_u64),
                ("first", is_list_of_strings),
            ];
            self.object("values", value, &TEXTS);
            return self.object("texts", texts, &LENGTHS);
        }
        const ALL: [(&str, Check); 10] = [
            ("shape", |value| is_list(value, Value::is_u64)),
            ("count", Value::is_u64),
            ("min", is_number),
            ("max", is_number),
            ("mean", is_number),
            ("std", is_number),
            ("zeros", Value::is_u64),
            ("nan", Value::is_u64),
            ("inf", Value::is_u64),
            ("sha256", is_digest),
        ];
        let due: Vec<_> = ALL.into_iter().filter(|(name, _)| self.with_digests || *name != "sha256").collect();
        self.object("values", value, &due);
        let product: u64 = elements(&value["shape"]).iter().filter_map(Value::as_u64).product();
        if value["count"] != product {
            self.faults.push(format!("{}: count {} of shape {}", self.file, value["count"], value["shape"]));
        }
    }

    /// The keys are exactly these, and each field is what its check says.
    fn object(&mut self, what: &str, value: &Value, fields: &[(&str, Check)]) {
        let found: BTreeSet<_> = value.as_object().into_iter().flatten().map(|(key, _)| key.as_str()).collect();
        let due: BTreeSet<_> = fields.iter().map(|(key, _)| *key).collect();
        for key in due.symmetric_difference(&found) {
            let fault = if found.contains(key) { "has a field that the contract lacks" } else { "lacks a field" };
            self.faults.push(format!("{}: {what} {fault}: {key}", self.file));
        }
        for (key, is_right) in fields {
            if value.get(key).is_some_and(|field| !is_right(field)) {
                self.faults.push(format!("{}: {what}: {key} can't be {}", self.file, value[*key]));
            }
        }
    }
}

/// Ranges of indices with names, and at least one.
fn is_list_of_sections(value: &Value) -> bool {
    let is_section = |section: &Value| {
        let at = |key: &str| section[key].as_u64();
        section["name"].is_string() && at("axis").is_some() && at("start").is_some() && at("start") < at("end")
    };
    is_list(value, is_section) && !elements(value).is_empty()
}

const SCHEMES: [&str; 8] = ["none", "per-tensor", "per-axis", "blockwise", "affine-chain", "fake-quantize", "codebook", "custom"];

const DTYPES: &str = "f32 f16 bf16 f64 i8 u8 i16 u16 i32 u32 i64 u64 i4 u4 i2 u2 u1 u3 u6 nf4 f8e4m3 f8e5m2 f8e8m0 f4e2m1 bool string \
                      complex64 complex128";

const ROLES: &str = "kernel bias table alpha gamma beta mean variance scale shift operand input_kernel recurrent_kernel peephole projection \
                     shape axes indices range zero_point codebook parameter tensor";

const FILE_KINDS: &str = "labels value_labels vocabulary descriptions score_calibration index tokenizer weights text binary";

const LAYOUTS: &str = "OHWI 1HWO DHWIO DHWOI OI OIW OIHW OIDHW GOIHW IOHW GIOHW IO O";

fn is_role(value: &Value) -> bool {
    let (role, gate) = text(value).split_once('.').map_or((text(value), ""), |(role, gate)| (role, gate));
    let has_gates = ["kernel", "input_kernel", "recurrent_kernel", "peephole", "projection", "bias", "gamma"].contains(&role);
    ROLES.split_whitespace().any(|known| known == role) && (has_gates || gate.is_empty())
}

fn is_dtype(value: &Value) -> bool {
    // `unknown`: a number that no version of the format has given a meaning yet.
    DTYPES.split_whitespace().chain(["unknown"]).any(|known| known == text(value))
}

fn is_layout(layout: &str) -> bool {
    LAYOUTS.split_whitespace().any(|known| known == layout)
}

fn is_object_of_strings(value: &Value) -> bool {
    value.as_object().is_some_and(|object| object.values().all(Value::is_string))
}

fn is_digest(value: &Value) -> bool {
    text(value).len() == 64 && text(value).bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
}

/// A number, or the word for what JSON has no number for.
fn is_number(value: &Value) -> bool {
    value.is_number() || ["nan", "inf", "-inf"].contains(&text(value))
}

fn is_list(value: &Value, is_right: fn(&Value) -> bool) -> bool {
    value.as_array().is_some_and(|list| list.iter().all(is_right))
}

fn is_list_of_strings(value: &Value) -> bool {
    is_list(value, Value::is_string)
}

fn is_list_of_sentences(value: &Value) -> bool {
    is_list(value, |value| value.as_str().is_some_and(is_one_line))
}

fn elements(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// The string, or nothing.
fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// The path of an example model.
fn model(name: &str) -> String {
    example(name).path().to_string_lossy().into_owned()
}
