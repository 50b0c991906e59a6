//! Pictures of very large tensors: `cargo bench --no-default-features --bench pictures`.
//!
//! Each case is a model of one matrix, written to a temporary folder and read once, so that it lies in the
//! system's cache. Measured are the time from opening the file to the first picture of the whole, the time
//! until that picture is exact, the frames of a tour (pan and zoom by random steps between the whole and
//! single cells, a picture of 1000 by 800 pixels each), and the memory over the mapped file.

#![expect(clippy::print_stdout, reason = "the table is what a measurement is run for")]

use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use weightscope::formats::{self, Options};
use weightscope::jobs::{self, Look, Origin, Token};
use weightscope::render::Viewport;
use weightscope::render::theme::DARK;
use weightscope::weights::Reading;

#[path = "pictures/models.rs"]
mod models;

use models::{Stored, matrix, plant};

const WIDTH: u32 = 1000;
const HEIGHT: u32 = 800;
const FRAMES: usize = 200;

fn main() {
    let folder = tempfile::tempdir().expect("a folder for the models");
    println!("| tensor | first picture | exact after | frame: median | 95 % | worst | CPU of the median | memory over the map |");
    println!("| --- | --- | --- | --- | --- | --- | --- | --- |");
    for (name, stored, rows, columns) in [
        ("16,384 × 16,384 float32, 1 GiB", Stored::F32, 16_384, 16_384),
        ("16,384 × 16,384 int8", Stored::I8, 16_384, 16_384),
        ("256,000 × 4,096 uint4", Stored::U4, 256_000, 4_096),
    ] {
        let model = matrix(folder.path(), "matrix", stored, rows, columns);
        fill(&model, stored, rows * columns);
        // An outlier, as real weights have them.
        plant(&model, 4096, &3.0f32.to_le_bytes());
        measure(name, &model);
        let _ = fs::remove_file(model.with_extension("bin"));
    }
}

/// Random numbers: float32 of about normal distribution, or bytes of any codes.
fn fill(model: &Path, stored: Stored, elements: u64) {
    let file = File::options().write(true).open(model.with_extension("bin")).expect("the weights are there");
    let mut out = BufWriter::with_capacity(1 << 20, file);
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    match stored {
        Stored::F32 => {
            for _ in 0..elements / 2 {
                let bits = next();
                for half in [bits as u32, (bits >> 32) as u32] {
                    let sum = (half & 0xffff) as f32 + (half >> 16) as f32;
                    out.write_all(&((sum / 65_536.0 - 1.0) * 0.05).to_le_bytes()).expect("room for the weights");
                }
            }
        }
        Stored::I8 => (0..elements / 8).for_each(|_| out.write_all(&next().to_le_bytes()).expect("room for the weights")),
        Stored::U4 => (0..elements / 16).for_each(|_| out.write_all(&next().to_le_bytes()).expect("room for the weights")),
    }
    out.flush().expect("room for the weights");
    let _ = fs::read(model.with_extension("bin")).map(|bytes| bytes.len());
}

fn measure(name: &str, model: &Path) {
    let token = Token::new();
    let before = anonymous_bytes();
    let start = Instant::now();
    let options = Options::default();
    let opened = jobs::open(|| formats::open(model, &options, &token), Origin::File(options.clone()), None).expect("it opens");
    let weight = opened.catalogue.weights().next().cloned().expect("it has a weight");
    let loaded = Arc::new(jobs::load(opened, weight, Vec::new(), Reading::Effective, &token).expect("it loads"));
    let look = Look::new(&loaded, loaded.default_view(1.0));
    let (rows, columns) = (look.view.rows() as f64, look.view.columns() as f64);
    let fit = (f64::from(WIDTH) / columns).min(f64::from(HEIGHT) / rows);
    let viewport = |scale: f64, x: f64, y: f64| Viewport { origin: [x, y], scale: [scale; 2], width: WIDTH, height: HEIGHT };
    let draw = |viewport: &Viewport| look.draw(&loaded, viewport, DARK.ink(), &token).expect("it draws");
    draw(&viewport(fit, 0.0, 0.0));
    let first = start.elapsed();
    look.build_pyramid(&loaded, &token).expect("it is built");
    draw(&viewport(fit, 0.0, 0.0));
    let exact = start.elapsed();

    // A tour: zoom between the whole and 60 pixels a cell, at places all over the picture.
    let mut frames = Vec::new();
    for frame in 0..FRAMES {
        let turn = frame as f64 / FRAMES as f64 * std::f64::consts::TAU * 3.0;
        let zoom = fit * (60.0 / fit).powf(0.5 - 0.5 * turn.cos());
        let place = |cells: f64, pixels: u32, part: f64| (cells - f64::from(pixels) / zoom).max(0.0) * part;
        let view = viewport(zoom, place(columns, WIDTH, (turn * 1.7).sin().abs()), place(rows, HEIGHT, (turn * 2.3).cos().abs()));
        let (start, cpu) = (Instant::now(), cpu_time());
        draw(&view);
        frames.push((start.elapsed(), cpu_time().saturating_sub(cpu)));
    }
    let memory = anonymous_bytes().saturating_sub(before);
    frames.sort_unstable();
    let wall = |part: f64| frames[((frames.len() - 1) as f64 * part) as usize].0;
    let mut cpu: Vec<Duration> = frames.iter().map(|(_, cpu)| *cpu).collect();
    cpu.sort_unstable();
    println!(
        "| {name} | {} | {} | {} | {} | {} | {} | {} MiB |",
        millis(first),
        millis(exact),
        millis(wall(0.5)),
        millis(wall(0.95)),
        millis(wall(1.0)),
        millis(cpu[cpu.len() / 2]),
        memory >> 20
    );
}

fn millis(duration: Duration) -> String {
    format!("{:.1} ms", duration.as_secs_f64() * 1000.0)
}

/// The most memory that the process had for itself so far, without mapped files; 0 where the system does not
/// tell.
fn anonymous_bytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kib = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name))?;
        line.split_whitespace().nth(1)?.parse::<u64>().ok()
    };
    kib("RssAnon:").unwrap_or(0) << 10
}

/// The processor time of all threads so far; zero where the system does not tell.
fn cpu_time() -> Duration {
    let text = fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    let mut all = text.split_whitespace().next().and_then(|nanos| nanos.parse::<u64>().ok()).unwrap_or(0);
    if let Ok(tasks) = fs::read_dir("/proc/self/task") {
        all = tasks
            .flatten()
            .filter_map(|task| fs::read_to_string(task.path().join("schedstat")).ok())
            .filter_map(|text| text.split_whitespace().next()?.parse::<u64>().ok())
            .sum();
    }
    Duration::from_nanos(all)
}
