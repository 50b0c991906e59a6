//! The report to look at: one HTML file with the table, and the worst weights with pictures. It asks for nothing
//! else: pictures lie in it, fonts are the reader's own, and a policy in its head forbids every request.

use std::fmt::Write as _;

use super::{Report, figures};
use crate::compare::{Column, Compared, Grade, Row, Side, distribution, words};
use crate::export::png::EncodingError;
use crate::export::svg::escape as escaped;
use crate::jobs::{Cancelled, Token};
use crate::render::number::{grouped, nines, significant};
use crate::stats::{Bins, Rule};
use crate::view::View;
use crate::weights::{FoldError, Site};
use thiserror::Error;

/// Weights that are shown with pictures.
const SHOWN: usize = 8;
/// Larger weights are shown without: their values are copied.
const MAX_VALUES: usize = 1 << 27;

/// Why a report can't be made.
#[derive(Debug, Error)]
pub enum HtmlError {
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
    #[error(transparent)]
    Fold(#[from] FoldError),
    #[error("a picture can't be made: {0}")]
    Picture(#[from] EncodingError),
}

/// The file's text.
///
/// # Errors
/// [`HtmlError`]: cancelled, or values that can't be read.
pub fn text(report: &Report<'_>, token: &Token) -> Result<String, HtmlError> {
    let (name_a, name_b) = (report.a.model.file_name(), report.b.model.file_name());
    let title = format!("{} ↔ {}", escaped(&name_a), escaped(&name_b));
    let mut out = String::new();
    let _ = write!(
        out,
        r#"<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark"><link rel="icon" href="data:,">
<style>{STYLE}</style></head><body>
<header><b>{}</b><span class="dim">↔</span><b>{}</b><span class="chip">compare</span><span class="grow"></span><button id="theme" title="Light or dark">Theme</button></header>
"#,
        escaped(&name_a),
        escaped(&name_b)
    );
    out += &pairs(report);
    let has_error = |row: &&Row| row.outcome.as_ref().is_ok_and(|compared| compared.metrics.mse > 0.0 && compared.metrics.count > 1);
    // Kernels first: a bias that was corrected for its kernel tells less.
    let has_channels = |row: &&Row| row.outcome.as_ref().is_ok_and(|compared| compared.channels.len() > 1);
    let (kernels, others): (Vec<&Row>, Vec<&Row>) = report.rows().filter(has_error).partition(has_channels);
    for row in kernels.into_iter().chain(others).take(SHOWN) {
        token.check()?;
        out += &card(report, row, token)?;
    }
    out += &alone(report);
    let _ = write!(
        out,
        "<footer>A {} · B {} · e = B - A · Weightscope {}</footer>\n<script>{SCRIPT}</script></body></html>\n",
        escaped(&name_a),
        escaped(&name_b),
        env!("CARGO_PKG_VERSION")
    );
    Ok(out)
}

fn pairs(report: &Report<'_>) -> String {
    let pairing = &report.table.pairing;
    let mut count = format!("{} paired", grouped(pairing.pairs.len() as u64));
    for (sites, side) in [(&pairing.only_a, "A"), (&pairing.only_b, "B")] {
        if !sites.is_empty() {
            let _ = write!(count, " · {} only in {side}", grouped(sites.len() as u64));
        }
    }
    let mut out = format!(
        r#"<section><h2>Pairs <span class="dim">{count}</span></h2><div class="scroll"><table><thead><tr><th data-text>Layer</th><th data-text>role</th><th data-text>relation</th>"#
    );
    for column in Column::DEFAULT.iter().copied() {
        let _ = write!(out, r#"<th title="{}">{}</th>"#, escaped(column.explanation()), escaped(column.title()));
    }
    out += "<th data-text>reads as</th></tr></thead><tbody>\n";
    for number in report.order {
        if let Some(row) = report.table.rows.get(*number) {
            out += &line(row, report.grades.get(*number).copied().flatten());
        }
    }
    out + "</tbody></table></div></section>\n"
}

fn line(row: &Row, grade: Option<Grade>) -> String {
    let grade = match grade {
        Some(Grade::Bad) => ("bad", "bad"),
        Some(Grade::Doubtful) => ("warn", "doubtful"),
        Some(Grade::Good) => ("good", "good"),
        None => ("none", "not compared"),
    };
    let title = match row.a.name == row.b.name {
        true => String::new(),
        false => format!(r#" title="B: {}""#, escaped(&row.b.name)),
    };
    let mut out = format!(
        r#"<tr><td class="name"{title}><i class="grade {}" title="{}"></i>{}</td><td class="word">{}</td><td class="word">{}</td>"#,
        grade.0,
        grade.1,
        escaped(&row.a.name),
        escaped(&row.a.role),
        row.relation().map_or("-", |relation| relation.name())
    );
    for column in Column::DEFAULT.iter().copied() {
        let value = column.of(row);
        let sort = value.filter(|value| !value.is_nan()).map_or(String::new(), |value| value.clamp(-1e300, 1e300).to_string());
        let _ = write!(out, r#"<td data-v="{sort}">{}</td>"#, escaped(&cell(row, column, value)));
    }
    let reads = row.outcome.as_ref().err().unwrap_or(&row.reads_as);
    let _ = writeln!(out, r#"<td class="word dim">{}</td></tr>"#, escaped(reads));
    out
}

fn cell(row: &Row, column: Column, value: Option<f64>) -> String {
    let Some(value) = value.filter(|value| !value.is_nan()) else { return "–".into() };
    let metrics = row.outcome.as_ref().ok().map(|compared| &compared.metrics);
    let decibels = |value: f64| if value.is_finite() { format!("{value:.1}") } else { if value > 0.0 { "∞" } else { "-∞" }.into() };
    match column {
        Column::Sqnr => decibels(value),
        Column::WorstChannelSqnr => {
            format!("{} (ch {})", decibels(value), metrics.and_then(|metrics| metrics.worst_channel).map_or(0, |worst| worst.0))
        }
        Column::RmseOverScale => format!("{value:.3}"),
        Column::Cosine => nines(value),
        Column::Gain => format!("{value:.3}"),
        Column::CodesUsed => format!("{value} of {}", metrics.and_then(|metrics| metrics.codes).map_or(0, |codes| codes.possible)),
        Column::Saturation => format!("{:.1} %", value * 100.0),
        Column::Bytes => grouped(value as u64),
        _ => significant(value, 3),
    }
}

/// A weight with its pictures.
fn card(report: &Report<'_>, row: &Row, token: &Token) -> Result<String, HtmlError> {
    let (Some(of_a), Some(of_b)) = (report.a.catalogue.at(row.pair.a), report.b.catalogue.at(row.pair.b)) else { return Ok(String::new()) };
    let Ok(compared) = &row.outcome else { return Ok(String::new()) };
    let shape: Vec<String> = compared.alignment.shape.iter().map(ToString::to_string).collect();
    let mut out = format!(
        r#"<section class="card"><h2>{} <span class="dim">· {} {}{}</span></h2><div class="body"><div class="pictures">"#,
        escaped(&row.a.name),
        escaped(&row.a.role),
        shape.join("×"),
        compared.alignment.layout.map_or(String::new(), |layout| format!(" {layout}"))
    );
    let mut histogram = String::new();
    if compared.alignment.count() <= MAX_VALUES {
        let [side_a, side_b] = Side::both((report.a.model, of_a), (report.b.model, of_b), token)?;
        let (a, b) = (side_a.values(token)?, side_b.values(token)?);
        let b = compared.alignment.bring(&b).unwrap_or(b);
        let difference = distribution::differences(&a, &b);
        let view = View::default_for(&compared.alignment.shape, compared.alignment.layout, 0.8);
        let (shared, own) = (figures::colours(&a, token)?, figures::colours(&difference, token)?);
        let captions = [
            format!("A reference, {}", side_a.text()),
            format!("B {}", side_b.text()),
            format!("B - A, own scale ±{}", significant(f64::from(own.limits.high), 2)),
        ];
        for ((values, colours), caption) in [(&a, &shared), (&b, &shared), (&difference, &own)].into_iter().zip(captions) {
            let picture = figures::picture(values, &view, colours, &caption)?;
            let _ = write!(out, "<figure><figcaption>{}</figcaption>{picture}</figure>", escaped(&caption));
        }
        histogram = figures::histograms(&distribution::shared_histograms(&a, &b, Bins::Rule(Rule::Auto), token)?);
    }
    out += r#"</div><div class="side">"#;
    if compared.channels.len() > 1 {
        let _ = write!(out, "<h3>SQNR by output channel</h3>{}", figures::channels(&compared.channels));
    }
    if !histogram.is_empty() {
        let _ = write!(out, r#"<h3>Histogram <span class="dim">A filled, B as a line, logarithmic heights</span></h3>{histogram}"#);
    }
    out += "<h3>Where the error comes from</h3>";
    if let Some(anatomy) = &row.anatomy {
        out += &figures::parts(anatomy);
    }
    out += &told(row, compared);
    Ok(out + "</div></div></section>\n")
}

fn told(row: &Row, compared: &Compared) -> String {
    let mut out = String::new();
    for sentence in &row.sentences {
        let _ = write!(out, "<p>{}</p>", escaped(sentence));
    }
    if let Some(advice) = words::advice(row.anatomy.as_ref()) {
        let _ = write!(out, r#"<p class="dim">{advice}</p>"#);
    }
    let reasons: Vec<&str> = row.pair.reasons.iter().map(|reason| reason.name()).collect();
    // What the two are to each other may have been said.
    let relation = compared.relation.sentence();
    let relation = if row.sentences.iter().any(|sentence| sentence == relation) { "" } else { relation };
    let sure = row.pair.confidence * 100.0;
    let _ = write!(out, r#"<p class="dim">{relation} Pair by {}, {sure:.0} % sure</p>"#, reasons.join(", "));
    out
}

/// What has no partner, and what is there more than once.
fn alone(report: &Report<'_>) -> String {
    let pairing = &report.table.pairing;
    let name = |subject: crate::compare::Subject<'_>, site: &Site| {
        subject
            .catalogue
            .at(*site)
            .map(|weight| format!("{} ({})", weight.operation(subject.model).name, weight.role.name))
            .unwrap_or_default()
    };
    let mut items = String::new();
    for (title, subject, sites) in [("Only in A", report.a, &pairing.only_a), ("Only in B", report.b, &pairing.only_b)] {
        if !sites.is_empty() {
            let names: Vec<String> = sites.iter().map(|site| escaped(&name(subject, site))).collect();
            let _ = write!(items, "<h3>{title}</h3><p>{}</p>", names.join("<br>"));
        }
    }
    for (letter, subject, groups) in [('A', report.a, &pairing.repeated_a), ('B', report.b, &pairing.repeated_b)] {
        for group in groups {
            let names: Vec<String> = group.sites.iter().map(|site| escaped(&name(subject, site))).collect();
            let title = if group.is_tied { "Tied" } else { "Stored more than once" };
            let _ = write!(items, "<h3>{title} in {letter}</h3><p>{}</p>", names.join("<br>"));
        }
    }
    if items.is_empty() {
        items
    } else {
        format!(r#"<section><h2>Without a partner, and repeated</h2><div class="pad">{items}</div></section>"#)
    }
}

const STYLE: &str = include_str!("report.css");
/// What the report may ask for: nothing. Written in itself, since it comes from no server.
const POLICY: &str = include_str!("policy.txt");
const SCRIPT: &str = include_str!("report.js");
