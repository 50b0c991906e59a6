//! How long the window's thread is busy in a frame while models open and heatmaps are zoomed: `cargo bench
//! --bench frames --features gui-tests`.
//!
//! Runs the real application without a display (egui's test harness, no drawing) and opens models
//! as a drop does. A frame is everything our code and egui do on the thread: input, layout of all
//! panels, commands, shapes. The work itself is on worker threads; what is looked for is the frame
//! in which a result arrives.

#![expect(clippy::print_stdout, reason = "the table is what a measurement is run for")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use weightscope::cli::WindowArguments;
use weightscope::gui::App;

#[path = "pictures/models.rs"]
mod models;

use models::{Stored, matrix, plant};

fn main() {
    let folder = tempfile::tempdir().expect("a folder for the models");
    let models = [
        ("example, 8 operations", PathBuf::from("assets/example/digits_int8.tflite")),
        ("IR, 1,000 convolutions, 1 GiB of weights", generate(folder.path(), "large", 1_000, 1 << 20)),
        ("IR, 20,000 convolutions, 80 MB of weights", generate(folder.path(), "long", 20_000, 4 << 10)),
    ];
    println!("| model | until shown | frames | median | worst |\n| --- | --- | --- | --- | --- |");
    for (name, path) in models {
        let (shown, mut frames) = open(&path);
        frames.sort_unstable();
        let median = frames.get(frames.len() / 2).copied().unwrap_or_default();
        let worst = frames.last().copied().unwrap_or_default();
        println!("| {name} | {} | {} | {} | {} |", millis(shown), frames.len(), millis(median), millis(worst));
    }
    println!("\n| zooming a heatmap | frames | median | worst |\n| --- | --- | --- | --- |");
    for (name, stored, rows, columns) in [
        ("16,384 × 16,384 float32, 1 GiB", Stored::F32, 16_384, 16_384),
        ("16,384 × 16,384 int8", Stored::I8, 16_384, 16_384),
        ("256,000 × 4,096 uint4", Stored::U4, 256_000, 4_096),
    ] {
        let path = matrix(folder.path(), "matrix", stored, rows, columns);
        plant(&path, 4096, &3.0f32.to_le_bytes());
        let mut frames = tour(&path);
        frames.sort_unstable();
        println!("| {name} | {} | {} | {} |", frames.len(), millis(frames[frames.len() / 2]), millis(frames[frames.len() - 1]));
    }
}

/// Opens a model of one large matrix and pans and zooms its heatmap: the time of every frame.
fn tour(path: &Path) -> Vec<Duration> {
    let mut harness =
        Harness::builder().with_size([1600.0, 1000.0]).build_eframe(|creation| App::bare(&creation.egui_ctx, WindowArguments::default()));
    let arguments = WindowArguments { models: vec![path.to_owned()], ..WindowArguments::default() };
    harness.state_mut().open(arguments);
    let start = Instant::now();
    while !harness.state().is_settled() || start.elapsed() < Duration::from_millis(500) {
        harness.step();
        std::thread::park_timeout(Duration::from_millis(16));
    }
    let picture = harness.get_by(|node| node.label().is_some_and(|label| label.starts_with("Heatmap of"))).rect();
    let mut frames = Vec::new();
    for number in 0..200u16 {
        let turn = f32::from(number) / 20.0;
        let at = picture.center() + egui::vec2(turn.cos() * 0.4 * picture.width(), turn.sin() * 0.4 * picture.height());
        harness.hover_at(at);
        // In for a while, then out again; in between the pointer drags.
        harness.event(egui::Event::Zoom(if number % 100 < 50 { 1.1 } else { 1.0 / 1.1 }));
        let frame = Instant::now();
        harness.step();
        frames.push(frame.elapsed());
        std::thread::park_timeout(Duration::from_millis(16).saturating_sub(frame.elapsed()));
    }
    frames
}

/// Opens a model and steps the window until nothing is under way: the time until then, and the
/// time of every frame.
fn open(path: &Path) -> (Duration, Vec<Duration>) {
    let mut harness =
        Harness::builder().with_size([1600.0, 1000.0]).build_eframe(|creation| App::bare(&creation.egui_ctx, WindowArguments::default()));
    harness.run_steps(5);
    let start = Instant::now();
    let arguments = WindowArguments { models: vec![path.to_owned()], ..WindowArguments::default() };
    harness.state_mut().open(arguments);
    let mut frames = Vec::new();
    let mut settled = 0;
    while settled < 10 && start.elapsed() < Duration::from_secs(120) {
        let frame = Instant::now();
        harness.step();
        frames.push(frame.elapsed());
        settled = if harness.state().is_settled() { settled + 1 } else { 0 };
        // A display shows 60 frames a second.
        std::thread::park_timeout(Duration::from_millis(16).saturating_sub(frame.elapsed()));
    }
    (start.elapsed(), frames)
}

fn millis(duration: Duration) -> String {
    format!("{:.1} ms", duration.as_secs_f64() * 1000.0)
}

/// A chain of convolutions with additions of a bias, `bytes_each` bytes of float32 weights a layer.
/// The `.bin` is a file with holes: zeros that take no room on the disk.
fn generate(folder: &Path, name: &str, layers: u64, bytes_each: u64) -> PathBuf {
    let channels = (bytes_each / 4 / 9) as f64;
    let channels = channels.sqrt() as u64;
    let weight_bytes = channels * channels * 9 * 4;
    let dims = |dims: &[u64]| dims.iter().fold(String::new(), |text, dim| text + &format!("<dim>{dim}</dim>"));
    let activation = dims(&[1, channels, 8, 8]);
    let kernel = dims(&[channels, channels, 3, 3]);
    let mut xml = String::from("<?xml version=\"1.0\"?>\n<net name=\"bench\" version=\"11\"><layers>\n");
    let _ = writeln!(
        xml,
        "<layer id=\"0\" name=\"input\" type=\"Parameter\" version=\"opset1\"><data shape=\"1,{channels},8,8\" element_type=\"f32\"/><output><port id=\"0\" precision=\"FP32\">{activation}</port></output></layer>"
    );
    let mut edges = String::new();
    for layer in 0..layers {
        let (constant, convolution, previous) = (1 + layer * 2, 2 + layer * 2, if layer == 0 { 0 } else { layer * 2 });
        let _ = writeln!(
            xml,
            "<layer id=\"{constant}\" name=\"block{layer}/weights\" type=\"Const\" version=\"opset1\"><data element_type=\"f32\" shape=\"{channels}, {channels}, 3, 3\" offset=\"{}\" size=\"{weight_bytes}\"/><output><port id=\"0\" precision=\"FP32\">{kernel}</port></output></layer>\n<layer id=\"{convolution}\" name=\"block{layer}/conv\" type=\"Convolution\" version=\"opset1\"><data strides=\"1, 1\" dilations=\"1, 1\" pads_begin=\"1, 1\" pads_end=\"1, 1\" auto_pad=\"explicit\"/><input><port id=\"0\" precision=\"FP32\">{activation}</port><port id=\"1\" precision=\"FP32\">{kernel}</port></input><output><port id=\"2\" precision=\"FP32\">{activation}</port></output></layer>",
            layer * weight_bytes
        );
        let from_port = if layer == 0 { 0 } else { 2 };
        let _ = writeln!(
            edges,
            "<edge from-layer=\"{previous}\" from-port=\"{from_port}\" to-layer=\"{convolution}\" to-port=\"0\"/><edge from-layer=\"{constant}\" from-port=\"0\" to-layer=\"{convolution}\" to-port=\"1\"/>"
        );
    }
    let last = layers * 2;
    let _ = write!(
        xml,
        "<layer id=\"{}\" name=\"output\" type=\"Result\" version=\"opset1\"><input><port id=\"0\" precision=\"FP32\">{activation}</port></input></layer></layers><edges>{edges}<edge from-layer=\"{last}\" from-port=\"2\" to-layer=\"{}\" to-port=\"0\"/></edges></net>",
        last + 1,
        last + 1
    );
    let path = folder.join(name).with_extension("xml");
    std::fs::write(&path, xml).expect("room for the model");
    let bin = std::fs::File::create(path.with_extension("bin")).expect("room for the weights");
    bin.set_len(layers * weight_bytes).expect("room for the weights");
    path
}
