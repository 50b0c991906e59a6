//! How long the window's thread is busy in a frame while a graph of 100,000 operations is panned, at
//! every zoom: `cargo bench --bench graph --features gui-tests`.
//!
//! Runs the graph's panel of the real application, as large as the window, without a display. The
//! model is an IR file of the graph that the layout's measurements use: a decoder whose layers read
//! one mask and one pair of tables. A frame is input, panel and commands, and the making of triangles
//! (egui's tessellation), each measured by itself; drawing them is not in it.

#![expect(clippy::print_stdout, reason = "the table is what a measurement is run for")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use egui::{Event, Modifiers, PointerButton, Pos2, RawInput, Rect, Vec2, pos2, vec2};
use weightscope::cli::WindowArguments;
use weightscope::gui::App;
use weightscope::layout::LayoutGraph;

#[path = "layout/graphs.rs"]
#[allow(dead_code, reason = "other measurements use the other graphs")]
mod graphs;

/// Frames at one zoom.
const FRAMES: u32 = 120;
const SIZE: Vec2 = vec2(1600.0, 1000.0);

fn main() {
    let operations = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(100_000);
    let folder = tempfile::tempdir().expect("a folder for the model");
    let path = write(folder.path(), &graphs::transformer(operations));
    let mut window = Window::open(&path);
    // It opens as a few groups; what is measured is all of it.
    window.app.draw_every_operation();
    window.rest();
    println!(
        "| zoom | boxes drawn one by one | meshes made anew | median frame | worst frame | median of triangles | worst of triangles |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- |");
    window.press(egui::Key::F);
    window.rest();
    let (mut frames, mut triangles) = (Vec::new(), Vec::new());
    while let Some(zoom) = window.app.graph_zoom().filter(|zoom| *zoom < 3.9) {
        let before = window.app.graph_builds();
        let pan = window.pan();
        let builds = window.app.graph_builds() - before;
        let boxes = window.app.graph_boxes();
        println!(
            "| {zoom:.5} | {boxes} | {builds} | {} | {} | {} | {} |",
            millis(median(&pan.frames)),
            millis(worst(&pan.frames)),
            millis(median(&pan.triangles)),
            millis(worst(&pan.triangles))
        );
        frames.extend(pan.frames);
        triangles.extend(pan.triangles);
        window.zoom(1.6);
    }
    println!(
        "| all | | | {} | {} | {} | {} |",
        millis(median(&frames)),
        millis(worst(&frames)),
        millis(median(&triangles)),
        millis(worst(&triangles))
    );
}

struct Window {
    ctx: egui::Context,
    app: App,
    time: f64,
    pointer: Pos2,
}

/// What the frames of one zoom took: all but drawing, and of that the making of triangles.
#[derive(Default)]
struct Pan {
    frames: Vec<Duration>,
    triangles: Vec<Duration>,
}

impl Window {
    fn open(path: &Path) -> Self {
        let ctx = egui::Context::default();
        let app = App::bare(&ctx, WindowArguments { models: vec![path.to_owned()], ..WindowArguments::default() });
        let mut window = Self { ctx, app, time: 0.0, pointer: (SIZE / 2.0).to_pos2() };
        window.rest();
        window
    }

    /// Steps until no work is under way.
    fn rest(&mut self) {
        let mut resting = 0;
        while resting < 20 {
            self.step(Vec::new());
            resting = if self.app.is_settled() { resting + 1 } else { 0 };
            if resting == 0 {
                std::thread::park_timeout(Duration::from_millis(5));
            }
        }
    }

    /// One frame; how long all of it took, and how long the triangles.
    fn step(&mut self, events: Vec<Event>) -> (Duration, Duration) {
        self.time += 1.0 / 60.0;
        let input = RawInput {
            screen_rect: Some(Rect::from_min_size(Pos2::ZERO, SIZE)),
            time: Some(self.time),
            predicted_dt: 1.0 / 60.0,
            focused: true,
            events,
            ..RawInput::default()
        };
        let start = Instant::now();
        let app = &mut self.app;
        let mut output = self.ctx.run_ui(input, |ui| app.graph_alone(ui));
        // Nothing is drawn, so no pictures are taken over.
        output.textures_delta.clear();
        let drawn = Instant::now();
        let triangles = self.ctx.tessellate(output.shapes, output.pixels_per_point);
        let end = Instant::now();
        drop(triangles);
        (end - start, end - drawn)
    }

    fn press(&mut self, key: egui::Key) {
        let event = |pressed| Event::Key { key, physical_key: None, pressed, repeat: false, modifiers: Modifiers::NONE };
        self.step(vec![event(true), event(false)]);
    }

    /// Zooms at the pointer, as a pinch does, and comes to rest.
    fn zoom(&mut self, factor: f32) {
        self.step(vec![Event::PointerMoved(self.pointer)]);
        self.step(vec![Event::Zoom(factor)]);
        self.rest();
    }

    /// Drags the graph about, forth and back, quickly.
    fn pan(&mut self) -> Pan {
        let button = |pos, pressed| Event::PointerButton { pos, button: PointerButton::Primary, pressed, modifiers: Modifiers::NONE };
        let mut pan = Pan::default();
        let start = (SIZE / 2.0).to_pos2();
        self.step(vec![Event::PointerMoved(start)]);
        self.step(vec![button(start, true)]);
        for frame in 0..FRAMES {
            // A round of the hand: 24 points a frame at its fastest.
            let turn = frame as f32 / FRAMES as f32 * std::f32::consts::TAU;
            self.pointer = pos2(start.x + 180.0 * turn.sin(), start.y + 450.0 * (2.0 * turn).sin());
            let (all, triangles) = self.step(vec![Event::PointerMoved(self.pointer)]);
            pan.frames.push(all);
            pan.triangles.push(triangles);
        }
        self.step(vec![Event::PointerMoved(start)]);
        self.pointer = start;
        self.step(vec![button(start, false)]);
        self.rest();
        pan
    }
}

fn median(times: &[Duration]) -> Duration {
    let mut times = times.to_vec();
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn worst(times: &[Duration]) -> Duration {
    times.iter().max().copied().unwrap_or_default()
}

fn millis(duration: Duration) -> String {
    format!("{:.2} ms", duration.as_secs_f64() * 1000.0)
}

/// Writes a graph as an OpenVINO model: matrix products with a constant where a box has a second line,
/// additions where several inputs meet, activations elsewhere. The `.bin` is a file with holes.
fn write(folder: &Path, graph: &LayoutGraph) -> PathBuf {
    const SIDE: u64 = 64;
    /// The port of every operation's output.
    const OUTPUT: usize = 99;
    let dims = format!("<dim>1</dim><dim>{SIDE}</dim><dim>{SIDE}</dim>");
    let mut inputs = vec![Vec::new(); graph.nodes.len()];
    for (from, to) in &graph.edges {
        inputs[*to as usize].push(*from);
    }
    let mut layers = String::new();
    let mut edges = String::new();
    let mut bytes = 0;
    let mut extra = graph.nodes.len();
    let mut edge = |from: usize, port: usize, to: usize, to_port: usize| {
        let _ = writeln!(edges, "<edge from-layer=\"{from}\" from-port=\"{port}\" to-layer=\"{to}\" to-port=\"{to_port}\"/>");
    };
    for (node, inputs) in inputs.iter().enumerate() {
        let has_weight = graph.nodes[node].height > 34.0 && inputs.len() == 1;
        let kind = match (inputs.len(), has_weight) {
            (0, _) => "Parameter",
            (_, true) => "MatMul",
            (1, _) => ["Relu", "Power", "Transpose", "Softmax"][node % 4],
            _ => "Add",
        };
        let data = match kind {
            "Parameter" => format!("<data shape=\"1,{SIDE},{SIDE}\" element_type=\"f32\"/>"),
            "MatMul" => "<data transpose_a=\"false\" transpose_b=\"true\"/>".to_owned(),
            _ => String::new(),
        };
        let ports = inputs.len() + usize::from(has_weight);
        let input = (0..ports).fold(String::new(), |text, port| text + &format!("<port id=\"{port}\" precision=\"FP32\">{dims}</port>"));
        let input = if ports > 0 { format!("<input>{input}</input>") } else { String::new() };
        let _ = writeln!(
            layers,
            "<layer id=\"{node}\" name=\"layers.{}/op_{node}\" type=\"{kind}\" version=\"opset1\">{data}{input}<output><port id=\"{OUTPUT}\" precision=\"FP32\">{dims}</port></output></layer>",
            node / 64
        );
        for (port, from) in inputs.iter().enumerate() {
            edge(*from as usize, OUTPUT, node, port);
        }
        if has_weight {
            let _ = writeln!(
                layers,
                "<layer id=\"{extra}\" name=\"layers.{}/op_{node}/weight\" type=\"Const\" version=\"opset1\"><data element_type=\"f32\" shape=\"{SIDE},{SIDE}\" offset=\"{bytes}\" size=\"{}\"/><output><port id=\"0\" precision=\"FP32\"><dim>{SIDE}</dim><dim>{SIDE}</dim></port></output></layer>",
                node / 64,
                SIDE * SIDE * 4
            );
            edge(extra, 0, node, inputs.len());
            bytes += SIDE * SIDE * 4;
            extra += 1;
        }
    }
    let path = folder.join("decoder.xml");
    let text = format!(
        "<?xml version=\"1.0\"?>\n<net name=\"decoder\" version=\"11\"><layers>\n{layers}</layers>\n<edges>\n{edges}</edges></net>"
    );
    std::fs::write(&path, text).expect("room for the model");
    let bin = std::fs::File::create(path.with_extension("bin")).expect("room for the weights");
    bin.set_len(bytes).expect("room for the weights");
    path
}
