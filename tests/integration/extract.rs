//! `weightscope extract` as a process: what other programs read back from its files is, bit for bit,
//! what the references say.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use ndarray::ArrayD;
use ndarray_npy::{NpzReader, ReadableElement};
use serde_json::Value;
use tempfile::TempDir;

use crate::program::{Run, weightscope};
use crate::reference::{Constant, Expect, Fixture, GraphKey, example, fixture_of, fixtures, is_one_line, report, sha256, sha256_f32};

/// The issue's own words: "`extract MODEL.tflite --op CONV_2D --first` gives the first convolution's
/// kernel and bias".
#[test]
fn the_first_convolution_of_a_tflite_model() {
    let fixture = example("digits_int8.tflite");
    let files = Extracted::of(&fixture, &["--op", "CONV_2D", "--first"]);
    assert_eq!(files.names(), ["conv1/bias", "conv1/kernel"]);
    for role in ["kernel", "bias"] {
        let expected = fixture.constant("conv1", role);
        assert_eq!(files.real(&format!("conv1/{role}")), expected_real(&expected), "{role}");
    }
}

#[test]
fn stored_integers_are_the_bytes_of_the_file() {
    let fixture = example("digits_int8.tflite");
    let files = Extracted::of(&fixture, &["--op", "CONV_2D", "--first", "--stored"]);
    assert_eq!(files.names(), ["conv1/bias", "conv1/kernel"]);
    let (kernel, bias) = (files.array::<i8>("conv1/kernel"), files.array::<i32>("conv1/bias"));
    assert_eq!((kernel.shape(), bias.shape()), (&[12, 5, 5, 1][..], &[12][..]));
    let kernel: Vec<_> = kernel.iter().flat_map(|value| value.to_le_bytes()).collect();
    let bias: Vec<_> = bias.iter().flat_map(|value| value.to_le_bytes()).collect();
    assert_eq!(Some(sha256(&kernel)), fixture.constant("conv1", "kernel").raw);
    assert_eq!(Some(sha256(&bias)), fixture.constant("conv1", "bias").raw);
}

/// `numpy.load` gives what TensorFlow Lite's interpreter holds: texts as texts, complex numbers as pairs.
#[test]
fn strings_and_complex_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = fixture_of("fixtures/tflite/later_types.tflite").path();
    let extract = |name: &str, more: &[&str]| {
        let target = folder.path().join(name);
        let arguments = [&["extract", fixture.to_str().unwrap(), "--op", "Sink", "-o", target.to_str().unwrap()], more].concat();
        let run = weightscope(&arguments);
        (run, fs::read(&target).unwrap_or_default())
    };
    let (run, _) = extract("all.safetensors", &[]);
    assert!(run.err.contains("a safetensors file can't hold strings"), "{}", run.err);
    let (_, archive) = extract("all.npz", &[]);
    let descriptions = String::from_utf8_lossy(&archive);
    assert!(descriptions.contains("'descr': '<U"), "no texts among the arrays");
    let complex = descriptions.matches("'shape': (1, 2)").count();
    assert_eq!(complex, 1, "one complex number is real and imaginary part");
}

/// 4-bit codes are widened to 8; packed again they are the file's bytes.
#[test]
fn stored_nibbles_are_widened() {
    for (file, is_signed) in [("fixtures/ir/weights_int4_sym.xml", true), ("fixtures/ir/weights_int4_asym.xml", false)] {
        let fixture = fixture_of(file);
        let files = Extracted::of(&fixture, &["--op", "MatMul", "--role", "kernel", "--stored"]);
        for name in files.names() {
            let codes: Vec<u8> = match is_signed {
                true => files.array::<i8>(&name).iter().map(|code| code.to_le_bytes()[0]).collect(),
                false => files.array::<u8>(&name).iter().copied().collect(),
            };
            let packed: Vec<u8> = codes.chunks(2).map(|pair| pair[0] & 15 | pair.get(1).unwrap_or(&0) << 4).collect();
            let stored = fixture.constant(name.strip_suffix("/kernel").unwrap(), "kernel").stored.unwrap();
            assert_eq!(sha256(&packed), stored.raw, "{file}: {name}");
        }
    }
}

/// Weights behind `FakeQuantize`: the floats before it are the file's own, the levels whole numbers, of both
/// signs where the range is symmetric, that tell the effective values up to the step.
#[test]
fn weights_before_fake_quantize_and_their_levels() {
    let fixture = fixture_of("fixtures/ir/fake_quantize.xml");
    let read = |reading: &str| Extracted::of(&fixture, &["--op", "Convolution", "--role", "kernel", "--fake-quantize", reading]);
    let [effective, float, levels] = ["effective", "float", "levels"].map(read);
    for (layer, most) in [("conv1", 127.0), ("conv2", 255.0), ("conv3", 1.0)] {
        let name = format!("{layer}/kernel");
        let expected = fixture.constant(layer, "kernel");
        assert_eq!(float.real(&name).1, expected.stored.as_ref().unwrap().raw, "{layer}");
        assert_eq!(effective.real(&name), expected_real(&expected), "{layer}");
        let (values, levels) = (effective.array::<f32>(&name), levels.array::<f32>(&name));
        assert!(levels.iter().all(|level| level.fract() == 0.0 && level.abs() <= most), "{layer}: {levels:?}");
        // Within a channel, equal levels are equal values, and higher ones higher.
        for (values, levels) in values.outer_iter().zip(levels.outer_iter()) {
            let mut pairs: Vec<(f32, f32)> = levels.iter().copied().zip(values.iter().copied()).collect();
            pairs.sort_by(|a, b| a.partial_cmp(b).unwrap());
            assert!(pairs.windows(2).all(|pair| (pair[0].0 < pair[1].0) == (pair[0].1 < pair[1].1)), "{layer}: {pairs:?}");
        }
    }
    assert_eq!((&levels.entry("conv1/kernel")["reading"], effective.entry("conv1/kernel").get("reading")), (&"levels".into(), None));
}

/// In OpenVINO the bias is an addition of its own; it comes with its layer.
#[test]
fn the_first_convolution_of_an_ir_with_the_bias_of_the_addition() {
    for name in ["digits_fp16.xml", "digits_int8.xml"] {
        let fixture = example(name);
        let files = Extracted::of(&fixture, &["--op", "Convolution", "--first"]);
        assert_eq!(files.names(), ["conv1/bias/bias", "conv1/kernel"], "{name}");
        assert_eq!(files.real("conv1/kernel"), expected_real(&fixture.constant("conv1", "kernel")), "{name}");
        assert_eq!(files.real("conv1/bias/bias"), expected_real(&fixture.constant("conv1/bias", "bias")), "{name}");
        let entry = files.entry("conv1/bias/bias");
        assert_eq!((&entry["bias_of"], &entry["type"], &entry["role"]), (&"conv1".into(), &"Add".into(), &"bias".into()));
    }
}

/// Every constant of every fixture: out through the process, back through another reader.
#[test]
fn every_array_is_what_the_reference_says() {
    let mut faults = Vec::new();
    let mut compared = 0;
    for fixture in fixtures().iter().filter(|fixture| fixture.expect == Expect::Open) {
        let expected = fixture.reference().map(|reference| reference.constants).unwrap_or_default();
        if !expected.iter().any(|constant| constant.count.is_some()) {
            continue;
        }
        let files = Extracted::of(fixture, &["--all"]);
        let graphs = graph_paths(fixture);
        for constant in expected.iter().filter(|constant| constant.count.is_some()) {
            let entries: Vec<_> = files.entries().iter().filter(|entry| is_meant(entry, constant, &graphs)).collect();
            let is_right = |entry: &&Value| files.real(entry["array"].as_str().unwrap()) == expected_real(constant);
            if !entries.iter().any(is_right) {
                faults.push(format!("{}: {}: {} arrays, none of them right", fixture.file, constant.place(), entries.len()));
            }
            compared += 1;
        }
    }
    report(&faults);
    assert!(compared >= 360, "only {compared} arrays were compared");
}

#[test]
fn npy_csv_and_safetensors_hold_the_same_values() {
    let fixture = example("digits_int8.tflite");
    let expected = fixture.constant("conv1", "kernel");
    let (shape, digest) = expected_real(&expected);
    let folder = tempfile::tempdir().unwrap();
    let selection = ["--layer", "conv1", "--role", "kernel"];

    let npy = folder.path().join("kernel.npy");
    succeed(extract(&fixture, &selection, &npy));
    let array: ArrayD<f32> = ndarray_npy::read_npy(&npy).unwrap();
    assert_eq!((array.shape(), digest_of(&array)), (&shape[..], digest.clone()));

    let csv = folder.path().join("kernel.csv");
    succeed(extract(&fixture, &selection, &csv));
    let text = fs::read_to_string(&csv).unwrap();
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("o,h,w,i,value"));
    let rows: Vec<Vec<&str>> = lines.map(|line| line.split(',').collect()).collect();
    let values: Vec<f32> = rows.iter().map(|row| row[4].parse().unwrap()).collect();
    assert_eq!((&rows[0][..4], &rows[299][..4]), (&["0", "0", "0", "0"][..], &["11", "4", "4", "0"][..]));
    assert_eq!(sha256_f32(&values), digest);

    let safetensors = folder.path().join("kernel.safetensors");
    succeed(extract(&fixture, &["--layer", "conv1"], &safetensors));
    let (header, data) = read_safetensors(&safetensors);
    let kernel = &header["conv1/kernel"];
    assert_eq!((&kernel["dtype"], &kernel["shape"]), (&"F32".into(), &shape.clone().into()));
    let range = kernel["data_offsets"][0].as_u64().unwrap() as usize..kernel["data_offsets"][1].as_u64().unwrap() as usize;
    assert_eq!(sha256(&data[range]), digest);
    assert_eq!(header.as_object().unwrap().keys().filter(|key| *key != "__metadata__").count(), 2);

    // Named by --format, whatever the extension.
    let odd = folder.path().join("kernel.bin");
    succeed(extract(&fixture, &[&selection[..], &["--format", "npy"]].concat(), &odd));
    assert_eq!(fs::read(&odd).unwrap(), fs::read(&npy).unwrap());
    let unknown = extract(&fixture, &selection, &folder.path().join("kernel.what"));
    assert!(unknown.error().contains("--format"), "{}", unknown.err);
}

#[cfg(unix)]
#[test]
fn an_array_goes_down_a_pipe() {
    let fixture = example("digits_int8.tflite");
    let run = extract(&fixture, &["--layer", "conv1", "--role", "kernel", "--format", "npy"], Path::new("/dev/stdout"));
    assert_eq!(run.status, Some(0), "{}", run.err);
    let array = <ArrayD<f32> as ndarray_npy::ReadNpyExt>::read_npy(&run.out[..]).unwrap();
    assert_eq!(digest_of(&array), fixture.constant("conv1", "kernel").f32.unwrap());
}

#[test]
fn the_manifest_says_where_each_array_comes_from() {
    let fixture = example("digits_int8.tflite");
    let files = Extracted::of(&fixture, &["--layer", "conv1"]);
    assert_eq!(files.manifest["schema"], 1);
    assert_eq!(files.manifest["file"], fixture.path().to_string_lossy().as_ref());
    assert_eq!(files.manifest["sha256"], sha256(&fs::read(fixture.path()).unwrap()));
    let entry = files.entry("conv1/kernel");
    let fields: Vec<_> = entry.as_object().unwrap().keys().map(String::as_str).collect();
    let expected =
        ["array", "graph", "index", "name", "type", "input", "role", "tensor", "layout", "shape", "dtype", "stored_dtype", "quantization"];
    assert_eq!(fields, expected);
    for (field, value) in [
        ("graph", Value::from(0)),
        ("index", 0.into()),
        ("name", "conv1".into()),
        ("type", "CONV_2D".into()),
        ("input", 1.into()),
        ("role", "kernel".into()),
        ("layout", "OHWI".into()),
        ("shape", vec![12, 5, 5, 1].into()),
        ("dtype", "f32".into()),
        ("stored_dtype", "i8".into()),
    ] {
        assert_eq!(entry[field], value, "{field}");
    }
    assert_eq!((&entry["quantization"]["scheme"], &entry["quantization"]["axis"]), (&"per-axis".into(), &0.into()));
    assert_eq!(entry["quantization"]["scales"].as_array().map(Vec::len), Some(12));

    let pair = example("digits_fp16.xml");
    let files = Extracted::of(&pair, &["--layer", "conv1"]);
    assert_eq!(files.manifest["sha256"], sha256(&fs::read(pair.path()).unwrap()));
    let bin = pair.path().with_extension("bin");
    let expected = serde_json::json!([{ "file": bin.to_string_lossy(), "sha256": sha256(&fs::read(&bin).unwrap()) }]);
    assert_eq!(files.manifest["data_files"], expected);
}

#[test]
fn alike_names_are_numbered_and_bodies_name_their_graph() {
    let letters = "n".repeat(4000);
    for (file, expected) in [
        (
            "fixtures/tflite/names.tflite",
            vec![
                "dense/kernel",
                "dense/kernel#2",
                "a \"b\" <c> &amp;\n\tsecond line/kernel",
                "层/ядро/κ/🙂/kernel",
                &format!("{letters}/kernel"),
            ],
        ),
        ("fixtures/ir/names.xml", vec!["twice/shift", "twice/shift#2", "two\nlines\tand tab/shift", " leading and trailing /shift"]),
        (
            "fixtures/tflite/two_subgraphs.tflite",
            vec!["then_branch/then_dense/kernel", "then_branch/then_dense/bias", "else_branch/else_dense/kernel"],
        ),
        (
            "fixtures/ir/bodies.xml",
            vec![
                "loop/body/body_dense/kernel",
                "loop/body/choice/then_body/then_dense/kernel",
                "loop/body/choice/else_body/else_dense/bias/bias",
            ],
        ),
    ] {
        let names = Extracted::of(&fixture_of(file), &[]).names();
        for name in expected {
            assert!(names.iter().any(|found| found == name), "{file}: {name} is not among {names:?}");
        }
    }
}

#[test]
fn layers_are_chosen_by_name_type_and_role() {
    let fixture = example("digits_int8.tflite");
    for (options, expected) in [
        (&["--layer", "conv1"][..], &["conv1/bias", "conv1/kernel"][..]),
        (&["--layer", "conv", "--role", "bias"], &["conv1/bias", "conv3/bias"]),
        (&["--layer", "conv", "--first", "--role", "kernel"], &["conv1/kernel"]),
        (&["--op", "depthwise_conv_2d"], &["depthwise2/bias", "depthwise2/kernel"]),
        (&["--op", "CONV_2D", "--layer", "3"], &["conv3/bias", "conv3/kernel"]),
        (&["--role", "kernel"], &["conv1/kernel", "conv3/kernel", "depthwise2/kernel", "logits/kernel", "pointwise2/kernel"]),
    ] {
        assert_eq!(Extracted::of(&fixture, options).names(), expected, "{options:?}");
    }
    // A layer of exactly that name comes before those that contain it.
    let exact = Extracted::of(&example("digits_fp16.xml"), &["--layer", "conv1"]);
    assert_eq!(exact.names(), ["conv1/bias/bias", "conv1/kernel"]);
}

#[test]
fn what_has_no_values_is_left_out_with_a_word() {
    let files = Extracted::of(&fixture_of("fixtures/ir/short_bin.xml"), &["--layer", "conv1"]);
    assert_eq!(files.names(), ["conv1/kernel"]);
    let skipped = files.run.err.lines().find(|line| line.contains("left out")).unwrap();
    assert!(skipped.contains("conv1/bias/bias") && skipped.contains("442 bytes"), "{skipped}");
}

#[test]
fn a_failure_leaves_everything_as_it_was() {
    let good = example("digits_int8.tflite");
    let without_values = fixture_of("fixtures/ir/no_bin.xml");
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("kept.npz"), "arrays of yesterday").unwrap();
    fs::write(at("kept.json"), "manifest of yesterday").unwrap();
    fs::write(at("kept.npy"), "array of yesterday").unwrap();
    fs::create_dir(at("taken.npz")).unwrap();
    // A folder where the manifest would go.
    fs::write(at("half.npz"), "arrays of yesterday").unwrap();
    fs::create_dir(at("half.json")).unwrap();
    let before = content(folder.path());
    for (fixture, options, output) in [
        (&without_values, &[][..], "kept.npz"),
        (&without_values, &[], "new.npz"),
        (&without_values, &["--role", "kernel"], "kept.npy"),
        (&good, &[], "kept.npy"),
        (&good, &[], "new.csv"),
        (&good, &["--layer", "nonesuch"], "kept.npz"),
        (&good, &[], "taken.npz"),
        (&good, &[], "half.npz"),
        (&good, &[], "kept.npz/below a file.npz"),
        (&good, &[], "no such folder/new.npz"),
        (&good, &["--format", "safetensors"], "no such folder/new.npz"),
    ] {
        let run = extract(fixture, options, &at(output));
        assert_eq!(run.fault_of_failure(), None, "{options:?} {output}");
        assert_eq!(content(folder.path()), before, "{options:?} {output}: {}", run.err);
    }
}

/// Root may write anywhere, so the folder is one that nobody can write to.
#[cfg(target_os = "linux")]
#[test]
fn an_unwritable_target_is_an_error() {
    let fixture = example("digits_int8.tflite");
    for output in ["/proc/weightscope.npz", "/proc/weightscope.npy", "/dev/full", "/dev/null"] {
        let options: &[&str] = match output {
            // To a device goes what needs no going back; a full one takes nothing.
            "/dev/full" => &["--layer", "conv1", "--role", "kernel", "--format", "npy"],
            "/dev/null" => &["--format", "npz"],
            _ => &["--layer", "conv1", "--role", "kernel"],
        };
        let run = extract(&fixture, options, Path::new(output));
        assert_eq!(run.fault_of_failure(), None, "{output}");
        assert!(run.error().ends_with(&format!(": {output}")) && !run.error().contains(".part"), "{}", run.err);
    }
    let null = fs::metadata("/dev/null").unwrap();
    assert!(!null.is_file(), "a device is not replaced by a file");
}

/// An archive and its manifest, read back.
struct Extracted {
    run: Run,
    npz: PathBuf,
    manifest: Value,
    _folder: TempDir,
}

impl Extracted {
    fn of(fixture: &Fixture, options: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let npz = folder.path().join("weights.npz");
        let run = succeed(extract(fixture, options, &npz));
        let manifest = serde_json::from_slice(&fs::read(folder.path().join("weights.json")).unwrap()).unwrap();
        let found = Self { run, npz, manifest, _folder: folder };
        let mut listed: Vec<_> = found.entries().iter().map(|entry| entry["array"].as_str().unwrap().to_owned()).collect();
        listed.sort();
        assert_eq!(found.names(), listed, "{}: archive and manifest list the same arrays", fixture.file);
        found
    }

    /// Sorted.
    fn names(&self) -> Vec<String> {
        let mut names = self.reader().names().unwrap();
        names.sort();
        names
    }

    fn entries(&self) -> &[Value] {
        self.manifest["arrays"].as_array().unwrap()
    }

    fn entry(&self, array: &str) -> &Value {
        self.entries().iter().find(|entry| entry["array"] == array).unwrap()
    }

    fn array<T: ReadableElement>(&self, name: &str) -> ArrayD<T> {
        // With the extension: `name` alone may be that of another entry.
        self.reader().by_name(&format!("{name}.npy")).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Shape, and SHA-256 over the values in row-major order.
    fn real(&self, name: &str) -> (Vec<usize>, String) {
        let array = self.array::<f32>(name);
        (array.shape().to_vec(), digest_of(&array))
    }

    fn reader(&self) -> NpzReader<File> {
        NpzReader::new(File::open(&self.npz).unwrap()).unwrap()
    }
}

fn extract(fixture: &Fixture, options: &[&str], output: &Path) -> Run {
    let path = fixture.path();
    let fixed = [Path::new("extract"), &path, Path::new("-o"), output];
    weightscope(fixed.into_iter().chain(options.iter().map(Path::new)))
}

fn succeed(run: Run) -> Run {
    assert_eq!((run.status, run.out.len()), (Some(0), 0), "{}", run.err);
    assert!(run.err.lines().all(is_one_line), "{:?}", run.err);
    run
}

fn digest_of(array: &ArrayD<f32>) -> String {
    sha256_f32(&array.iter().copied().collect::<Vec<_>>())
}

/// Shape and digest of a reference's real values. An empty array has no digest there.
fn expected_real(constant: &Constant) -> (Vec<usize>, String) {
    let shape = constant.shape.iter().flatten().map(|dim| usize::try_from(*dim).unwrap()).collect();
    (shape, constant.f32.clone().unwrap_or_else(|| sha256(b"")))
}

/// The graphs of a model by the references' key: their index, or the path that names them.
fn graph_paths(fixture: &Fixture) -> Vec<String> {
    let path = fixture.path();
    let listing = weightscope([Path::new("inspect"), &path, Path::new("--json")]).json();
    let join = |graph: &Value| graph["path"].as_array().unwrap().iter().map(|part| part.as_str().unwrap()).collect::<Vec<_>>().join("|");
    listing["graphs"].as_array().unwrap().iter().map(join).collect()
}

/// Whether a manifest's entry is about the reference's constant, as far as that names it.
fn is_meant(entry: &Value, constant: &Constant, graphs: &[String]) -> bool {
    let graph = entry["graph"].as_u64().unwrap() as usize;
    let in_graph = match &constant.graph {
        GraphKey::Index(index) => graph == *index,
        GraphKey::Path(path) => graphs.get(graph) == Some(path),
    };
    let is_operation = match constant.op {
        Some(op) => entry["index"] == op,
        None => entry["name"].as_str() == constant.name.as_deref() && entry["type"].as_str() == constant.kind.as_deref(),
    };
    in_graph && is_operation && entry["input"] == constant.input
}

/// The header, and the data behind it.
fn read_safetensors(path: &Path) -> (Value, Vec<u8>) {
    let bytes = fs::read(path).unwrap();
    let (length, rest) = bytes.split_first_chunk::<8>().unwrap();
    let (header, data) = rest.split_at(u64::from_le_bytes(*length) as usize);
    (serde_json::from_slice(header).unwrap(), data.to_vec())
}

/// What lies in a folder: files with their bytes, folders without.
fn content(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.clone(), fs::read(&path).unwrap_or_default()))
        .collect()
}
