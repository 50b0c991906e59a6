//! `weightscope verify`: every weight computed by the OpenVINO runtime too, and compared.

use std::fmt::Write as _;

use anyhow::{Result, bail};
use clap::Args;
use serde_json::{Value, json};

use super::ModelArguments;
use super::select::Selection;
use crate::export::json::{number, short};
use crate::formats::one_line;
use crate::jobs::Token;
use crate::model::Model;
use crate::runtime::{self, Checked, Kept, Report, Runtime};
use crate::weights::{Catalogue, Weight};

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    model: ModelArguments,
    #[command(flatten)]
    selection: Selection,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let model = arguments.model.open()?;
    let catalogue = Catalogue::of(&model);
    let weights: Vec<&Weight> = if arguments.selection.is_empty() {
        catalogue.all().iter().collect()
    } else {
        arguments.selection.weights(&model, &catalogue, true)?
    };
    let token = Token::new();
    let choice = arguments.model.runtime();
    let bar = super::progress(100, "Comparing");
    let report = super::with_progress(&bar, &token, || {
        let mut runtime = Runtime::start(&choice, &token)?;
        runtime::verify(&model, &weights, &mut runtime, &token)
    })?;
    let listing = Listing { model: &model, weights: &weights, report: &report };
    if arguments.json {
        super::print_json(&listing.to_json())?;
    } else {
        super::print(&listing.to_text())?;
    }
    match report.differing() {
        0 => Ok(()),
        1 => bail!("a constant differs from what {} computes: {}", report.name, model.file.display()),
        count => bail!("{count} constants differ from what {} computes: {}", report.name, model.file.display()),
    }
}

struct Listing<'l> {
    model: &'l Model,
    weights: &'l [&'l Weight],
    report: &'l Report,
}

impl Listing<'_> {
    fn rows(&self) -> impl Iterator<Item = (&Weight, &Checked)> {
        self.weights.iter().copied().zip(&self.report.rows)
    }

    fn to_json(&self) -> Value {
        let report = self.report;
        let rows = self.rows().map(|(weight, checked)| {
            let operation = weight.operation(self.model);
            json!({
                "graph": weight.site.graph.0,
                "operation": operation.index,
                "name": operation.name,
                "type": operation.kind,
                "input": weight.site.input,
                "role": weight.role.name,
                "dtype": weight.data_tensor(self.model).dtype.name(),
                "elements": checked.elements,
                "differing": checked.differing,
                "max_difference": number(checked.max_difference),
                "worst": checked.worst.map(|worst| json!({ "element": worst.element, "here": short(worst.ours), "runtime": short(worst.theirs) })),
                "verdict": checked.verdict.name(),
                "note": checked.note,
                "problem": checked.verdict.problem(),
                "frontend": checked.kept.as_ref().map(|kept| json!({
                    "tensor": kept.tensor,
                    "shape": kept.shape,
                    "differing": kept.differing,
                    "rounded": kept.rounded,
                    "max_difference": number(kept.max_difference),
                    "verdict": if kept.differing == 0 { "equal" } else { "different" },
                })),
            })
        });
        json!({
            "schema": 1,
            "file": self.model.file.to_string_lossy(),
            "runtime": { "version": report.version, "library": report.library.to_string_lossy() },
            "reads": report.reads.as_ref().map(Result::is_ok),
            "reads_problem": report.reads.as_ref().and_then(|reads| reads.as_ref().err()),
            "equal": report.count("equal"),
            "different": report.count("different"),
            "refused": report.count("refused"),
            "unresolved": report.count("unresolved"),
            "frontend": report.frontend.as_ref().map(|found| {
                let (equal, different) = report.kept();
                let not_kept = report.rows.len() - equal - different;
                json!({ "equal": equal, "different": different, "not_kept": not_kept, "problem": found.as_ref().err() })
            }),
            "weights": rows.collect::<Vec<_>>(),
        })
    }

    fn to_text(&self) -> String {
        let report = self.report;
        let mut text = format!("{}: {} {}\n", self.model.file.display(), self.model.format, self.model.format_version);
        let _ = writeln!(text, "{} ({}): {}", report.name, report.version, report.library.display());
        match &report.reads {
            None => text.push('\n'),
            Some(Ok(())) => text += "it reads the model\n\n",
            Some(Err(why)) => {
                let _ = writeln!(text, "it does not read the model: {why}\n");
            }
        }
        if let Some(Err(why)) = &report.frontend {
            let _ = writeln!(text, "constants were not looked for in the model that it reads: {why}\n");
        }
        // A second comparison, in a column of its own.
        let has_frontend = report.frontend == Some(Ok(()));
        let layer = |weight: &Weight| one_line(&weight.operation(self.model).name);
        let longest = self.rows().map(|(weight, _)| layer(weight).chars().count()).max().unwrap_or(0).clamp(5, 60);
        let head = if has_frontend { "frontend   " } else { "" };
        let _ = writeln!(text, "{:<longest$}  {:<16} {:>12}  {:>18}  {head}verdict", "layer", "role", "elements", "maximum difference");
        for (weight, checked) in self.rows() {
            let (name, role) = (layer(weight), weight.role.name);
            let (elements, maximum) = match checked.verdict.problem() {
                None => (checked.elements.to_string(), checked.max_difference.to_string()),
                Some(_) => Default::default(),
            };
            let kept = match &checked.kept {
                _ if !has_frontend => String::new(),
                None => format!("{:<11}", "not kept"),
                Some(kept) => format!("{:<11}", if kept.differing == 0 { "equal" } else { "different" }),
            };
            let _ = write!(text, "{name:<longest$}  {role:<16} {elements:>12}  {maximum:>18}  {kept}{}", checked.verdict.name());
            if let Some(worst) = checked.worst {
                let _ = write!(
                    text,
                    ": {} elements, element {} is {} here and {} there",
                    checked.differing, worst.element, worst.ours, worst.theirs
                );
            }
            if let Some(why) = checked.verdict.problem().or(checked.note.as_deref()) {
                let _ = write!(text, ": {}", one_line(why));
            }
            if let Some(kept) = checked.kept.as_ref().filter(|kept| kept.differing > 0) {
                let Kept { tensor, differing, max_difference, .. } = kept;
                let _ = write!(text, "; {differing} elements differ by up to {max_difference} from the frontend's {}", one_line(tensor));
            }
            text.push('\n');
        }
        let _ = writeln!(text, "\n{}", report.summary());
        text
    }
}
