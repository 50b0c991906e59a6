//! `weightscope profile`: what the OpenVINO runtime executes of a model, with kernels and times.

use std::fmt::Write as _;

use anyhow::Result;
use clap::Args;
use serde_json::{Value, json};

use super::ModelArguments;
use crate::formats::one_line;
use crate::jobs::Token;
use crate::model::{GraphId, Model, Operation, OperationId, OperationRef};
use crate::runtime::{self, ExecutedLayer, Profile, Runtime, seconds};
use crate::weights::Catalogue;

/// Operations that compute nothing.
const ENDS: [&str; 2] = ["Parameter", "Result"];

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    model: ModelArguments,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let model = arguments.model.open()?;
    let token = Token::new();
    let choice = arguments.model.runtime();
    let mut runtime = Runtime::start(&choice, &token)?;
    let profile = runtime::profile(&model, &mut runtime, &token)?;
    let listing = Listing { model: &model, profile: &profile };
    if arguments.json { super::print_json(&listing.to_json()) } else { super::print(&listing.to_text()) }
}

struct Listing<'l> {
    model: &'l Model,
    profile: &'l Profile,
}

impl Listing<'_> {
    fn to_json(&self) -> Value {
        let profile = self.profile;
        let index = |operation: &OperationId| self.model.main().operation(*operation).index;
        let layers = profile.layers.iter().map(|layer| {
            json!({
                "name": layer.name,
                "type": layer.kind,
                "kernel": layer.kernel,
                "precision": layer.precision,
                "output_precisions": layer.output_precisions,
                "output_layouts": layer.output_layouts,
                "microseconds": layer.microseconds,
                "constant": layer.is_constant,
                "operations": layer.operations.iter().map(index).collect::<Vec<_>>(),
            })
        });
        let operations = self.model.main().operations().map(|(id, operation)| {
            let layers = profile.of(OperationRef { graph: GraphId(0), operation: id });
            json!({
                "index": operation.index,
                "name": operation.name,
                "type": operation.kind,
                "layers": layers.map(|layer| layer.name.as_str()).collect::<Vec<_>>(),
                "microseconds": profile.microseconds(OperationRef { graph: GraphId(0), operation: id }),
            })
        });
        json!({
            "schema": 1,
            "file": self.model.file.to_string_lossy(),
            "runtime": { "version": profile.version, "library": profile.library.to_string_lossy(), "device": "CPU" },
            "compile_seconds": profile.compile_seconds,
            "inferences": profile.inferences,
            "inference_seconds": (profile.inferences > 0).then_some(profile.inference_seconds),
            "notes": profile.notes,
            "layers": layers.collect::<Vec<_>>(),
            "operations": operations.collect::<Vec<_>>(),
        })
    }

    fn to_text(&self) -> String {
        let profile = self.profile;
        let mut text = format!("{}: {} {}\n", self.model.file.display(), self.model.format, self.model.format_version);
        let _ = writeln!(text, "{} ({}): {}", profile.name, profile.version, profile.library.display());
        let _ = writeln!(
            text,
            "compiled for the CPU in {}{}",
            seconds(profile.compile_seconds),
            match profile.inferences {
                0 => String::new(),
                count => format!("; the mean of {count} inferences is {}", seconds(profile.inference_seconds)),
            }
        );
        profile.notes.iter().for_each(|note| text += &format!("{}\n", one_line(note)));
        let width = |of: fn(&ExecutedLayer) -> &str, least: usize| {
            profile.layers.iter().map(|layer| of(layer).chars().count()).max().unwrap_or(0).clamp(least, 30)
        };
        let (kind, kernel, precision) =
            (width(|layer| &layer.kind, 5), width(|layer| &layer.kernel, 6), width(|layer| &layer.precision, 9));
        let _ = writeln!(
            text,
            "\n{:<kind$}  {:<kernel$}  {:<precision$}  {:>10}  {:>6}  operations",
            "layer", "kernel", "precision", "time (µs)", "share"
        );
        for layer in &profile.layers {
            let time = layer.microseconds.map_or("-".to_owned(), |time| time.to_string());
            let share = match (layer.is_constant, profile.share(layer)) {
                (true, _) => "once".to_owned(),
                (_, Some(share)) => format!("{:.1}%", share * 100.0),
                _ => String::new(),
            };
            let _ = writeln!(
                text,
                "{:<kind$}  {:<kernel$}  {:<precision$}  {time:>10}  {share:>6}  {}",
                layer.kind,
                layer.kernel,
                layer.precision,
                self.operations_of(layer)
            );
        }
        let catalogue = Catalogue::of(self.model);
        let runs = |operation: &Operation| !ENDS.contains(&operation.kind.as_str()) && !catalogue.is_folded(GraphId(0), operation);
        let is_joined = |id| profile.of(OperationRef { graph: GraphId(0), operation: id }).next().is_some();
        let (joined, lost): (Vec<_>, Vec<_>) =
            self.model.main().operations().filter(|(_, operation)| runs(operation)).partition(|(id, _)| is_joined(*id));
        let _ = writeln!(
            text,
            "\nthe layers take {} µs together; {} of {} operations are in them, the others were folded or bear other names there",
            profile.total_microseconds(),
            joined.len(),
            joined.len() + lost.len()
        );
        text
    }

    /// What a layer came from: the operations by name, or the layer's own name.
    fn operations_of(&self, layer: &ExecutedLayer) -> String {
        let name = |operation: &OperationId| one_line(&self.model.main().operation(*operation).name);
        match layer.operations.as_slice() {
            [] => format!("({})", one_line(&layer.name)),
            operations => operations.iter().map(name).collect::<Vec<_>>().join(", "),
        }
    }
}
