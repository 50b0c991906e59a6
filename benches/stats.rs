//! How long figures take beside numpy on the same arrays: `cargo bench --no-default-features --bench
//! stats [-- PYTHON]`.
//!
//! Writes 1 GiB of float32 and 256 MiB of int8 to a folder, lets numpy measure itself on them (the
//! program that is named, else `python3`), measures ours, and prints one table. Everything is
//! measured three times in turn and the best time counts, so that both meet the same machine.

#![expect(clippy::print_stdout, reason = "the table is what a measurement is run for")]

use std::collections::HashMap;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use rayon::prelude::*;
use weightscope::formats::{self, Options};
use weightscope::jobs::Token;
use weightscope::model::Model;
use weightscope::stats::{Bins, Figures, Histogram, Moments, Summary};
use weightscope::weights::{Catalogue, Reading, Weight};

const FLOATS: usize = 1 << 28;
const CODES: usize = 1 << 28;
const ROUNDS: usize = 3;
const BINS: usize = 128;

fn main() {
    let python = std::env::args().skip(1).find(|argument| !argument.starts_with('-')).unwrap_or_else(|| "python3".to_owned());
    let folder = tempfile::tempdir().expect("a folder for the arrays");
    let floats: Vec<f32> = (0..FLOATS).into_par_iter().map(bell).collect();
    write(&folder.path().join("floats.bin"), &floats);
    let model = int8_model(folder.path());
    let catalogue = Catalogue::of(&model);
    let weight = catalogue.weights().next().expect("a weight");
    let mut best: HashMap<String, Duration> = HashMap::new();
    let mut note = |name: &str, time: Duration| {
        let slot = best.entry(name.to_owned()).or_insert(time);
        *slot = time.min(*slot);
    };
    for _ in 0..ROUNDS {
        for (name, time) in numpy(&python, folder.path()) {
            note(&name, time);
        }
        ours(&floats, &model, weight, &mut note);
    }
    let time = |name: &str| best.get(name).copied().unwrap_or_default().as_secs_f64();
    println!("{} threads\n", rayon::current_num_threads());
    println!("| what | numpy | ours | ratio |\n| --- | --- | --- | --- |");
    let max = time("numpy max");
    let numpys = ["min", "max", "mean", "std", "histogram"].map(|name| time(&format!("numpy {name}"))).iter().sum::<f64>();
    let line = |what: &str, numpy: f64, ours: f64| println!("| {what} | {numpy:.3} s | {ours:.3} s | {:.1} |", numpy / ours);
    line("1 GiB float32: min, max, mean, std, histogram", numpys, time("moments and histogram"));
    line("the same, with skew, kurtosis, 9 percentiles, MAD, outliers", numpys, time("summary and histogram"));
    let int8 = time("numpy int8");
    line("256 Mi int8: dequantise, min, max, mean, std, histogram", int8, time("int8 moments and histogram"));
    line("the same, with percentiles, outliers, codes, dead channels", int8, time("int8 figures"));
    println!(
        "\none `np.max` pass over the float32: {max:.3} s; moments and histogram take {:.1} of them",
        time("moments and histogram") / max
    );
}

/// Like the weights of a layer: a bell of four uniform draws.
fn bell(place: usize) -> f32 {
    let mut state = place as u64;
    let mut draw = || {
        // SplitMix64
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z >> 40) as f64 / f64::from(1 << 24)
    };
    ((draw() + draw() + draw() + draw() - 2.0) * 0.1) as f32
}

fn write(path: &Path, floats: &[f32]) {
    let mut file = std::io::BufWriter::with_capacity(1 << 22, std::fs::File::create(path).expect("room for the array"));
    for float in floats {
        file.write_all(&float.to_le_bytes()).expect("room for the array");
    }
}

/// One matrix product of int8 weights with a scale a row, as OpenVINO has it.
fn int8_model(folder: &Path) -> Model {
    let (rows, columns) = (1usize << 14, CODES >> 14);
    let mut bytes: Vec<u8> = (0..CODES).into_par_iter().map(|place| ((bell(place) * 600.0) as i8).to_le_bytes()[0]).collect();
    (0..rows).for_each(|row| bytes.extend((0.01f32 + row as f32 * 1e-6).to_le_bytes()));
    std::fs::write(folder.join("int8.bin"), &bytes).expect("room for the model");
    let port = |id: usize, precision: &str, dims: &[usize]| {
        let dims: String = dims.iter().map(|dim| format!("<dim>{dim}</dim>")).collect();
        format!("<port id=\"{id}\" precision=\"{precision}\">{dims}</port>")
    };
    let (matrix, column) = ([rows, columns], [rows, 1]);
    let text = format!(
        r#"<?xml version="1.0"?><net name="bench" version="11"><layers>
<layer id="0" name="input" type="Parameter" version="opset1"><data shape="1,{columns}" element_type="f32"/><output>{}</output></layer>
<layer id="1" name="codes" type="Const" version="opset1"><data element_type="i8" shape="{rows},{columns}" offset="0" size="{CODES}"/><output>{}</output></layer>
<layer id="2" name="convert" type="Convert" version="opset1"><data destination_type="f32"/><input>{}</input><output>{}</output></layer>
<layer id="3" name="scales" type="Const" version="opset1"><data element_type="f32" shape="{rows},1" offset="{CODES}" size="{}"/><output>{}</output></layer>
<layer id="4" name="scaled" type="Multiply" version="opset1"><data auto_broadcast="numpy"/><input>{}{}</input><output>{}</output></layer>
<layer id="5" name="product" type="MatMul" version="opset1"><data transpose_a="false" transpose_b="true"/><input>{}{}</input><output>{}</output></layer>
<layer id="6" name="output" type="Result" version="opset1"><input>{}</input></layer></layers>
<edges><edge from-layer="1" from-port="0" to-layer="2" to-port="0"/><edge from-layer="2" from-port="1" to-layer="4" to-port="0"/>
<edge from-layer="3" from-port="0" to-layer="4" to-port="1"/><edge from-layer="0" from-port="0" to-layer="5" to-port="0"/>
<edge from-layer="4" from-port="2" to-layer="5" to-port="1"/><edge from-layer="5" from-port="2" to-layer="6" to-port="0"/></edges></net>"#,
        port(0, "FP32", &[1, columns]),
        port(0, "I8", &matrix),
        port(0, "I8", &matrix),
        port(1, "FP32", &matrix),
        rows * 4,
        port(0, "FP32", &column),
        port(0, "FP32", &matrix),
        port(1, "FP32", &column),
        port(2, "FP32", &matrix),
        port(0, "FP32", &[1, columns]),
        port(1, "FP32", &matrix),
        port(2, "FP32", &[1, rows]),
        port(0, "FP32", &[1, rows]),
    );
    let path = folder.join("int8.xml");
    std::fs::write(&path, text).expect("room for the model");
    formats::open(&path, &Options::default(), &Token::new()).expect("a model")
}

/// What numpy says it took: a line a figure, name and seconds.
fn numpy(python: &str, folder: &Path) -> Vec<(String, Duration)> {
    let output = Command::new(python).arg("benches/stats.py").arg(folder).arg(BINS.to_string()).output().expect("python with numpy");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = |line: &str| {
        line.rsplit_once(' ').and_then(|(name, seconds)| Some((name.to_owned(), Duration::from_secs_f64(seconds.parse().ok()?))))
    };
    text.lines().filter_map(line).collect()
}

fn ours(floats: &[f32], model: &Model, weight: &Weight, note: &mut impl FnMut(&str, Duration)) {
    let token = Token::new();
    let start = Instant::now();
    let moments = Moments::of(floats, &token).expect("moments");
    let edges: Vec<f64> = (0..=BINS).map(|edge| moments.min + (moments.max - moments.min) * edge as f64 / BINS as f64).collect();
    std::hint::black_box(Histogram::with_edges(floats, &edges, &token).expect("a histogram"));
    note("moments and histogram", start.elapsed());
    let start = Instant::now();
    let summary = Summary::of(floats, &token).expect("a summary");
    std::hint::black_box(Histogram::of_summarised(floats, &summary, Bins::Count(BINS), &token).expect("a histogram"));
    note("summary and histogram", start.elapsed());
    let start = Instant::now();
    let value = weight.value(model, Reading::Effective, &token).expect("values");
    let moments = Moments::of(&value, &token).expect("moments");
    let range = Summary { moments, ..summary };
    std::hint::black_box(Histogram::of_summarised(&value, &range, Bins::Count(BINS), &token).expect("a histogram"));
    note("int8 moments and histogram", start.elapsed());
    let start = Instant::now();
    std::hint::black_box(Figures::of(model, weight, &token).expect("figures"));
    note("int8 figures", start.elapsed());
}
