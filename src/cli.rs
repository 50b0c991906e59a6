//! The command line. Results go to standard output, messages to standard error.
//!
//! Exit status: 0 done; 1 the request could not be met; 2 wrong usage (clap's own).

mod compare;
mod extract;
mod graph;
mod inspect;
mod picture;
mod profile;
pub mod select;
mod stats;
mod verify;

use std::ffi::OsString;
use std::fmt::Write as _;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result};
use clap::{Args, Parser, Subcommand};
use serde::Serialize;

use crate::export::json::Lines;
use crate::formats::{self, OpenError, Options, one_line};
use crate::jobs::Token;
use crate::model::Model;
use crate::runtime::{self, Choice, OnDemand};
use crate::weights::Catalogue;

/// Opens neural-network model files, shows the graph and the weights every layer computes with.
#[derive(Debug, Parser)]
#[command(name = "weightscope", version, about, args_conflicts_with_subcommands = true)]
pub struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    window: WindowArguments,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List operations and their constants.
    Inspect(inspect::Arguments),
    /// Write weights to a file of arrays.
    Extract(extract::Arguments),
    /// Write a picture of a weight.
    Heatmap(picture::HeatmapArguments),
    /// Write the distribution of a weight's values.
    Histogram(picture::HistogramArguments),
    /// Write a picture of the graph.
    Graph(graph::Arguments),
    /// Compare the weights of two models.
    Compare(compare::Arguments),
    /// List figures of every weight: range, moments, percentiles, outliers, codes.
    Stats(stats::Arguments),
    /// Compare every weight with what the OpenVINO runtime computes.
    Verify(verify::Arguments),
    /// Time a model in the OpenVINO runtime: layers, kernels, precisions.
    Profile(profile::Arguments),
    /// What `verify`, `profile` and the window run the OpenVINO library in.
    #[command(name = runtime::helper::COMMAND, hide = true)]
    RuntimeHelper {
        #[arg(allow_hyphen_values = true)]
        library: OsString,
    },
}

/// How the window opens.
#[derive(Clone, Debug, Default, Args)]
pub struct WindowArguments {
    /// Model files to open: .tflite, .task, .litertlm, or OpenVINO's .xml with its .bin beside it.
    pub models: Vec<PathBuf>,
    /// Save what the window shows, once everything is there, and exit.
    #[arg(long, value_name = "OUT.png")]
    pub screenshot: Option<PathBuf>,
    /// The window's size in points.
    #[arg(long, value_name = "WxH", value_parser = parse_size)]
    pub size: Option<(f32, f32)>,
    /// Show the first layer whose name contains TEXT.
    #[arg(long, value_name = "TEXT")]
    pub layer: Option<String>,
    /// Compare two models in the window, the first one being the reference; with the pictures of the pair on display
    /// side by side, or as VIEW says.
    #[arg(long, value_name = "VIEW", value_enum, num_args = 0..=1, require_equals = true, default_missing_value = "side-by-side")]
    pub compare: Option<CompareView>,
    /// Light or dark; otherwise as the settings or the system say.
    #[arg(long, value_enum)]
    pub theme: Option<Theme>,
    /// Open the example model that comes with the program.
    #[arg(long)]
    pub example: bool,
}

/// How a comparison shows a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum CompareView {
    SideBySide,
    Swipe,
    Difference,
    Blink,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Theme {
    Light,
    Dark,
}

/// The model file that a subcommand reads.
#[derive(Clone, Debug, Args)]
struct ModelArguments {
    /// The model file: .tflite, or OpenVINO's .xml with its .bin beside it. A model in a bundle is named by a path
    /// that goes on into the bundle: bundle.task/model.tflite.
    model: PathBuf,
    /// The file with an OpenVINO model's constants, where it is not beside the .xml.
    #[arg(long, value_name = "FILE")]
    bin: Option<PathBuf>,
    /// The OpenVINO runtime: its libopenvino_c library, the folder that holds it, or a Python environment with
    /// `openvino` installed. `verify` and `profile` use it, otherwise as WEIGHTSCOPE_OPENVINO says, or the first that
    /// is found; where it is named, it also computes constants with operations that are not evaluated here.
    #[arg(long, value_name = "PATH")]
    openvino: Option<PathBuf>,
}

impl ModelArguments {
    fn open(&self) -> Result<Model, OpenError> {
        formats::open(&self.model, &self.options(), &Token::new())
    }

    fn options(&self) -> Options {
        Options { bin: self.bin.clone() }
    }

    fn runtime(&self) -> Choice {
        Choice { named: self.openvino.clone(), program: None }
    }

    fn fallback(&self) -> Arc<OnDemand> {
        Arc::new(OnDemand::new(self.runtime()))
    }

    /// The model's constants, with the runtime for what is not evaluated here, if one is named.
    fn catalogue(&self, model: &Model) -> Catalogue {
        Catalogue::of(model).with_fallback(self.fallback())
    }
}

/// Does what the arguments ask for.
///
/// # Errors
/// Whatever keeps the request from being met; one sentence in its message.
pub fn run(arguments: Arguments) -> Result<()> {
    match arguments.command {
        Some(Command::Inspect(arguments)) => inspect::run(&arguments),
        Some(Command::Extract(arguments)) => extract::run(&arguments),
        Some(Command::Heatmap(arguments)) => picture::run_heatmap(&arguments),
        Some(Command::Histogram(arguments)) => picture::run_histogram(&arguments),
        Some(Command::Graph(arguments)) => graph::run(&arguments),
        Some(Command::Compare(arguments)) => compare::run(&arguments),
        Some(Command::Stats(arguments)) => stats::run(&arguments),
        Some(Command::Verify(arguments)) => verify::run(&arguments),
        Some(Command::Profile(arguments)) => profile::run(&arguments),
        Some(Command::RuntimeHelper { library }) => Ok(runtime::helper::run(&library)?),
        None => open_window(arguments.window),
    }
}

#[cfg(feature = "gui")]
fn open_window(arguments: WindowArguments) -> Result<()> {
    crate::gui::run(arguments)
}

#[cfg(not(feature = "gui"))]
fn open_window(_arguments: WindowArguments) -> Result<()> {
    anyhow::bail!("this build has no window; use a subcommand (see --help), or build with the feature `gui`")
}

/// Writes the error and its causes as one line to standard error.
pub fn report(error: &anyhow::Error) {
    let mut line = String::from("weightscope: ");
    for (position, cause) in error.chain().enumerate() {
        let _ = write!(line, "{}{cause}", if position == 0 { "" } else { ": " });
    }
    let _ = writeln!(io::stderr(), "{}", one_line(&line));
}

/// Whether the reader of our output went away (`weightscope inspect ... | head`), which is no error.
pub fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().filter_map(|cause| cause.downcast_ref::<io::Error>()).any(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

/// Writes a whole result to standard output.
fn print(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).context("can't write the result")?;
    out.flush().context("can't write the result")
}

/// Writes a result to standard output as JSON, part by part.
fn print_json(value: &impl Serialize) -> Result<()> {
    let mut out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
    let mut serializer = serde_json::Serializer::with_formatter(&mut out, Lines::default());
    let written = value.serialize(&mut serializer).map_err(io::Error::from);
    written.and_then(|()| out.write_all(b"\n")).and_then(|()| out.flush()).context("can't write the result")
}

/// A message for the person at the terminal, in one line.
fn say(text: &str) {
    let _ = writeln!(io::stderr(), "{}", one_line(text));
}

/// A progress bar on a terminal, nothing in a pipe.
fn progress(total: u64, what: &'static str) -> indicatif::ProgressBar {
    if !io::stderr().is_terminal() || total < 2 {
        return indicatif::ProgressBar::hidden();
    }
    let style = indicatif::ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len}");
    let bar = indicatif::ProgressBar::new(total).with_message(what);
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// Does work that counts on the token on a thread of its own, and shows on the bar how far it is.
fn with_progress<T: Send, E: Into<anyhow::Error> + Send>(
    bar: &indicatif::ProgressBar,
    token: &Token,
    work: impl FnOnce() -> Result<T, E> + Send,
) -> Result<T> {
    let result = std::thread::scope(|scope| {
        let work = scope.spawn(work);
        while !bar.is_hidden() && !work.is_finished() {
            bar.set_position((token.fraction().unwrap_or(0.0) * 100.0) as u64);
            std::thread::park_timeout(std::time::Duration::from_millis(50));
        }
        work.join()
    });
    bar.finish_and_clear();
    match result {
        Ok(result) => result.map_err(Into::into),
        Err(_) => anyhow::bail!("a fault of this program ended the work, please report it"),
    }
}

fn parse_size(text: &str) -> Result<(f32, f32), String> {
    let parts = text.split_once(['x', 'X', '×']).and_then(|(width, height)| Some((width.parse().ok()?, height.parse().ok()?)));
    match parts {
        Some((width, height)) if (200.0..=8192.0).contains(&width) && (200.0..=8192.0).contains(&height) => Ok((width, height)),
        _ => Err("a size is WIDTHxHEIGHT, each from 200 to 8192, such as 1600x1000".into()),
    }
}
