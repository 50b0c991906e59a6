//! `weightscope stats`: figures of every weight's real values and codes, as a table for people, JSON
//! or CSV. Weights are read block by block, so that a model may be larger than memory.

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::Args;

use super::ModelArguments;
use super::select::Selection;
use crate::export::atomic;
use crate::formats::one_line;
use crate::jobs::{self, Failure, Opened, Origin, Row, Statistics, Token};
use crate::render::number::{grouped, significant};
use crate::stats::{Figure, Figures, report};
use crate::weights::{Query, Weight};

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    model: ModelArguments,
    #[command(flatten)]
    selection: Selection,
    /// Only weights that fit, such as 'sparsity>0.5 dtype:i8', 'type:conv kurtosis>=10' or 'codes<200'.
    #[arg(long, value_name = "QUERY")]
    filter: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// Write a table of comma-separated values to FILE; - is standard output.
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
}

/// Figures that are printed for people: name, width.
const PRINTED: [(Figure, usize); 10] = [
    (Figure::Count, 12),
    (Figure::Min, 11),
    (Figure::Max, 11),
    (Figure::Mean, 11),
    (Figure::Std, 10),
    (Figure::Kurtosis, 9),
    (Figure::Sparsity, 9),
    (Figure::Outliers, 9),
    (Figure::DeadChannels, 9),
    (Figure::CodesUsed, 6),
];

pub fn run(arguments: &Arguments) -> Result<()> {
    let opened = jobs::open(|| arguments.model.open(), Origin::File(arguments.model.options()), Some(arguments.model.fallback())).map_err(
        |failure| match failure {
            Failure::Cancelled => anyhow::anyhow!("cancelled"),
            Failure::Failed(problem) => anyhow::anyhow!(problem),
        },
    )?;
    let selected = rows(&opened, arguments)?;
    let query = Query::parse(arguments.filter.as_deref().unwrap_or_default());
    // What the graphs alone tell is told before any value is read.
    let rows: Vec<&Row> = selected.into_iter().filter(|row| query.needs_figures() || query.matches(&row.subject(None))).collect();
    let weights: Vec<&Weight> = rows.iter().map(|row| &row.weight).collect();
    let table = Statistics::new(weights.len());
    let token = Token::new();
    let bar = super::progress(100, "Reading weights");
    super::with_progress(&bar, &token, || table.compute(&opened.model, &weights, &token))?;
    let lines: Vec<(&Row, Result<&Figures, &str>)> = rows
        .iter()
        .enumerate()
        .filter_map(|(line, row)| Some((*row, table.get(line)?)))
        .filter(|(row, figures)| query.matches(&row.subject(figures.ok())))
        .collect();
    let records: Vec<report::Line<'_>> = lines.iter().map(|(row, figures)| (&row.weight, *figures)).collect();
    if let Some(path) = &arguments.csv {
        let text = report::to_csv(&opened.model, &records);
        if path.as_os_str() == "-" {
            return super::print(&text);
        }
        atomic::write(path, |out| out.write_all(text.as_bytes())).with_context(|| format!("can't write {}", path.display()))?;
        super::say(&format!("Saved {}", path.display()));
        if !arguments.json {
            return Ok(());
        }
    }
    if arguments.json {
        let mut text = serde_json::to_string_pretty(&report::to_json(&opened.model, &records)).context("can't write JSON")?;
        text.push('\n');
        return super::print(&text);
    }
    super::print(&to_text(&opened, &lines))
}

/// The rows of the weights that are selected.
fn rows<'o>(opened: &'o Opened, arguments: &Arguments) -> Result<Vec<&'o Row>> {
    if arguments.selection.is_empty() {
        return Ok(opened.rows.iter().collect());
    }
    let chosen = arguments.selection.weights(&opened.model, &opened.catalogue, false)?;
    let is_chosen = |row: &&Row| chosen.iter().any(|weight| weight.site == row.weight.site);
    let rows: Vec<&Row> = opened.rows.iter().filter(is_chosen).collect();
    if rows.is_empty() {
        bail!("what is selected has no weights: {}", opened.model.file.display());
    }
    Ok(rows)
}

fn to_text(opened: &Opened, lines: &[(&Row, Result<&Figures, &str>)]) -> String {
    let model = &opened.model;
    let mut text = format!("{}: {} {}\n\n", model.file.display(), model.format, model.format_version);
    let name = |row: &Row| one_line(&row.full_name);
    let longest = lines.iter().map(|(row, _)| name(row).chars().count()).max().unwrap_or(0).clamp(5, 60);
    let _ = write!(text, "{:<longest$}  {:<14} {:<5}", "layer", "role", "dtype");
    for (figure, width) in PRINTED {
        let _ = write!(text, " {:>width$}", figure.title());
    }
    text.push('\n');
    for (row, figures) in lines {
        let _ = write!(text, "{:<longest$}  {:<14} {:<5}", name(row), row.weight.role.name, row.dtype);
        match figures {
            Ok(figures) => {
                for (figure, width) in PRINTED {
                    let _ = write!(text, " {:>width$}", shown(figures, figure));
                }
            }
            Err(problem) => {
                let _ = write!(text, " {}", one_line(problem));
            }
        }
        text.push('\n');
    }
    let all = opened.rows.len();
    let of_all = if lines.len() == all { String::new() } else { format!(" of {}", grouped(all as u64)) };
    let known = lines.iter().filter_map(|(_, figures)| figures.ok());
    let values: u64 = known.map(|figures| figures.summary.moments.count).sum();
    let _ = writeln!(text, "\n{}{of_all} weights, {} values", grouped(lines.len() as u64), grouped(values));
    text
}

fn shown(figures: &Figures, figure: Figure) -> String {
    match figures.get(figure) {
        None => "-".to_owned(),
        Some(value) if figure.is_count() => grouped(value as u64),
        Some(value) => significant(value, 4),
    }
}
