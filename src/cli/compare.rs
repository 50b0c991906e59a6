//! `weightscope compare A B`: which weight of B is which of A, and how far apart they are.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};

use crate::compare::fix_list::{self, Tool};
use crate::compare::pair::{Decisions, PairsFile, Repeated};
use crate::compare::table::{self, Options, sorted, worst_first};
use crate::compare::{Column, Expression, Grade, Preset, Row, Subject, Table};
use crate::export::atomic;
use crate::export::compare::{Report, html};
use crate::formats::{self, Options as OpenOptions, one_line};
use crate::jobs::Token;
use crate::render::number::{grouped, significant};
use crate::weights::{Catalogue, Labels, Query, Site};

#[derive(Debug, Args)]
pub struct Arguments {
    /// The reference.
    a: PathBuf,
    /// The model that is held against it.
    b: PathBuf,
    /// The file with A's constants, where it is not beside the .xml.
    #[arg(long, value_name = "FILE")]
    bin_a: Option<PathBuf>,
    /// The file with B's constants.
    #[arg(long, value_name = "FILE")]
    bin_b: Option<PathBuf>,
    /// Print JSON, every figure.
    #[arg(long)]
    json: bool,
    /// Write the table as CSV, every figure.
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// Write a report to look at, in one file.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Pairs that stand, and pairs that are not to be made, as --save-pairs writes them.
    #[arg(long, value_name = "FILE")]
    pairs: Option<PathBuf>,
    /// Write the pairs, to be changed and given to --pairs.
    #[arg(long, value_name = "FILE")]
    save_pairs: Option<PathBuf>,
    /// Exit with status 1 if a layer meets this, such as 'worst_channel_sqnr<20 or gain>1.1'; or a preset of thresholds:
    /// int8, int4, half, exact.
    #[arg(long, value_name = "EXPR")]
    fail_on: Option<String>,
    /// The figure to sort by, the bad end first; - before it turns the order. Otherwise the worst channel.
    #[arg(long, value_name = "FIGURE", allow_hyphen_values = true)]
    sort: Option<String>,
    /// Only the layers that these words find, as in the window: conv1 role:kernel type:conv dtype:i8 >1M.
    #[arg(long, value_name = "WORDS")]
    filter: Option<String>,
    /// Only the weights that meet this, as in --fail-on.
    #[arg(long = "where", value_name = "EXPR")]
    condition: Option<String>,
    /// Only so many rows.
    #[arg(long, value_name = "N")]
    top: Option<usize>,
    /// The thresholds that mark rows: rank (within the model), int8, int4, half, exact.
    #[arg(long, value_name = "NAME", default_value = "rank")]
    preset: String,
    /// More columns, or all: mse, psnr, wasserstein, ...
    #[arg(long, value_name = "FIGURES", value_delimiter = ',')]
    columns: Vec<String>,
    /// Print the layers that --fail-on names, without it those that the preset calls bad, as text for a tool.
    #[arg(long, value_name = "TOOL", value_enum)]
    fix_list: Option<FixTool>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum FixTool {
    Nncf,
    Tflite,
    Aieq,
    Ort,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let request = Request::of(arguments)?;
    let token = Token::new();
    let open = |path: &Path, bin: &Option<PathBuf>| formats::open(path, &OpenOptions { bin: bin.clone() }, &token);
    let (model_a, model_b) = (open(&arguments.a, &arguments.bin_a)?, open(&arguments.b, &arguments.bin_b)?);
    let (catalogue_a, catalogue_b) = (Catalogue::of(&model_a), Catalogue::of(&model_b));
    let (a, b) = (Subject { model: &model_a, catalogue: &catalogue_a }, Subject { model: &model_b, catalogue: &catalogue_b });
    let decisions = match &arguments.pairs {
        Some(path) => decisions(path, a, b)?,
        None => Decisions::default(),
    };
    let bar = super::progress(100, "Comparing");
    let table = super::with_progress(&bar, &token, || table::compare_models(a, b, &decisions, request.options, &token, |_, _| ()))?;
    if let Some(path) = &arguments.save_pairs {
        let text = PairsFile::of(a, b, &table.pairing.pairs, &decisions.broken).text().context("can't write the pairs")?;
        write(path, &text)?;
    }
    let order = request.order(&table, a);
    let grades = request.preset.grades(&table.rows);
    let report = Report { a, b, table: &table, order: &order, grades: &grades };
    if let Some(path) = &arguments.csv {
        write(path, &report.csv())?;
    }
    if let Some(path) = &arguments.html {
        write(path, &html::text(&report, &token)?)?;
    }
    let failed: Vec<&Row> = match &request.fail_on {
        Some(condition) => {
            worst_first(&table.rows).into_iter().map(|number| &table.rows[number]).filter(|row| condition.holds(row)).collect()
        }
        None => Vec::new(),
    };
    match request.fix_list {
        Some(tool) => {
            let is_bad = |(row, grade): (&Row, &Option<Grade>)| {
                if request.fail_on.is_some() { request.fails(row) } else { *grade == Some(Grade::Bad) }
            };
            let sites: Vec<(Site, Site)> = table
                .rows
                .iter()
                .zip(&grades)
                .filter(|(row, grade)| is_bad((row, grade)))
                .map(|(row, _)| (row.pair.a, row.pair.b))
                .collect();
            super::print(&fix_list::text(tool, a, b, &sites))?;
        }
        None if arguments.json => {
            let mut text = serde_json::to_string_pretty(&report.json()).context("can't write JSON")?;
            text.push('\n');
            super::print(&text)?;
        }
        None => super::print(&Listing { report: &report, columns: &request.columns }.text())?,
    }
    match failed.len() {
        0 => Ok(()),
        count => bail!(
            "{count} {} {}: {}",
            if count == 1 { "weight meets" } else { "weights meet" },
            arguments.fail_on.as_deref().unwrap_or_default(),
            failed.iter().map(|row| format!("{} ({})", row.a.name, row.a.role)).collect::<Vec<_>>().join(", ")
        ),
    }
}

/// What the arguments ask for.
struct Request {
    options: Options,
    fail_on: Option<Expression>,
    condition: Option<Expression>,
    filter: Query,
    sort: Option<(Column, bool)>,
    top: usize,
    preset: Preset,
    columns: Vec<Column>,
    fix_list: Option<Tool>,
}

impl Request {
    fn of(arguments: &Arguments) -> Result<Self> {
        let expression = |text: &Option<String>| -> Result<Option<Expression>> {
            let Some(text) = text else { return Ok(None) };
            let named = Preset::from_name(text.trim()).and_then(Preset::expressions).map(|(bad, _)| bad);
            Ok(Some(Expression::parse(named.unwrap_or(text)).map_err(anyhow::Error::msg)?))
        };
        let column = |name: &str| {
            let all = || Column::ALL.map(Column::name).join(", ");
            Column::from_name(name).with_context(|| format!("'{name}' is no figure; those are {}", all()))
        };
        let presets = || Preset::ALL.map(Preset::name).join(", ");
        let preset = Preset::from_name(&arguments.preset);
        let preset = preset.with_context(|| format!("'{}' is no preset; those are {}", arguments.preset, presets()))?;
        let mut columns = Column::DEFAULT.to_vec();
        if arguments.columns.iter().any(|name| name == "all") {
            columns = Column::ALL.to_vec();
        } else {
            for name in &arguments.columns {
                let column = column(name)?;
                if !columns.contains(&column) {
                    columns.push(column);
                }
            }
        }
        let sort = match &arguments.sort {
            Some(text) => Some((column(text.trim_start_matches('-'))?, text.starts_with('-'))),
            None => None,
        };
        let (fail_on, condition) = (expression(&arguments.fail_on)?, expression(&arguments.condition)?);
        let asked = columns.iter().chain(sort.as_ref().map(|(column, _)| column)).copied();
        let asked: Vec<Column> = asked.chain(fail_on.iter().chain(&condition).flat_map(Expression::columns)).collect();
        let needs_sorting = |column: &Column| matches!(column, Column::MedianRelativeError | Column::Wasserstein | Column::JsDistance);
        let options = Options { distribution: arguments.json || arguments.csv.is_some() || asked.iter().any(needs_sorting), anatomy: true };
        Ok(Self {
            options,
            fail_on,
            condition,
            filter: Query::parse(arguments.filter.as_deref().unwrap_or_default()),
            sort,
            top: arguments.top.unwrap_or(usize::MAX),
            preset,
            columns,
            fix_list: arguments.fix_list.map(|tool| match tool {
                FixTool::Nncf => Tool::Nncf,
                FixTool::Tflite => Tool::Tflite,
                FixTool::Aieq => Tool::Aieq,
                FixTool::Ort => Tool::Ort,
            }),
        })
    }

    fn fails(&self, row: &Row) -> bool {
        self.fail_on.as_ref().is_some_and(|condition| condition.holds(row))
    }

    /// The rows that are told, in their order.
    fn order(&self, table: &Table, a: Subject<'_>) -> Vec<usize> {
        let order = match self.sort {
            Some((column, is_reversed)) => sorted(&table.rows, column, is_reversed),
            None => worst_first(&table.rows),
        };
        let is_meant = |number: &usize| {
            let row = &table.rows[*number];
            let finds = self.filter.is_empty() || subject_matches(&self.filter, row, a);
            finds && self.condition.as_ref().is_none_or(|condition| condition.holds(row))
        };
        order.into_iter().filter(is_meant).take(self.top).collect()
    }
}

fn subject_matches(query: &Query, row: &Row, a: Subject<'_>) -> bool {
    let Some(weight) = a.catalogue.at(row.pair.a) else { return false };
    let operation = weight.operation(a.model);
    let dims = weight.graph(a.model).tensor(weight.tensor).shape.dims().unwrap_or_default();
    query.matches(&crate::weights::Subject {
        name: &operation.name,
        label: &row.b.name,
        kind: &operation.kind,
        role: weight.role.name,
        dtype: weight.data_tensor(a.model).dtype.name(),
        shape: &dims.iter().map(ToString::to_string).collect::<Vec<_>>().join("×"),
        parameters: dims.iter().product::<usize>() as u64,
        figures: None,
    })
}

fn decisions(path: &Path, a: Subject<'_>, b: Subject<'_>) -> Result<Decisions> {
    let text = std::fs::read_to_string(path).with_context(|| format!("can't read the pairs: {}", path.display()))?;
    let file = PairsFile::parse(&text).map_err(|error| anyhow::anyhow!("{error}: {}", path.display()))?;
    file.decisions(a, b).map_err(|error| anyhow::anyhow!("{error}: {}", path.display()))
}

fn write(path: &Path, text: &str) -> Result<()> {
    atomic::write(path, |out| out.write_all(text.as_bytes())).with_context(|| format!("can't write {}", path.display()))
}

/// The table as text.
struct Listing<'l> {
    report: &'l Report<'l>,
    columns: &'l [Column],
}

impl Listing<'_> {
    fn text(&self) -> String {
        let Report { a, b, table, order, grades } = *self.report;
        let mut text = String::new();
        for (letter, model) in [('A', a.model), ('B', b.model)] {
            let _ = writeln!(text, "{letter}  {}: {} {}", one_line(&model.file.to_string_lossy()), model.format, model.format_version);
        }
        let pairing = &table.pairing;
        let _ = writeln!(text, "{}\n", summary(table));
        let labels = Labels::of_graph(a.model.main());
        let mut lines: Vec<Vec<String>> = Vec::new();
        let mut head = vec![String::new(), "layer".into(), "role".into(), "relation".into()];
        head.extend(self.columns.iter().map(|column| column.title().to_owned()));
        head.push("reads as".into());
        lines.push(head);
        for number in order {
            let row = &table.rows[*number];
            lines.push(self.line(row, grades.get(*number).copied().flatten(), &labels));
        }
        text += &aligned(&lines);
        for (title, model, catalogue, sites) in
            [("only in A", a.model, a.catalogue, &pairing.only_a), ("only in B", b.model, b.catalogue, &pairing.only_b)]
        {
            for site in sites {
                if let Some(weight) = catalogue.at(*site) {
                    let _ = writeln!(text, "{title}: {} ({})", one_line(&weight.operation(model).name), weight.role.name);
                }
            }
        }
        for (letter, subject, groups) in [('A', a, &pairing.repeated_a), ('B', b, &pairing.repeated_b)] {
            groups.iter().for_each(|group| text += &repeated_line(letter, subject, group));
        }
        text
    }

    fn line(&self, row: &Row, grade: Option<Grade>, labels: &Labels) -> Vec<String> {
        let mark = match grade {
            Some(Grade::Bad) => "!!",
            Some(Grade::Doubtful) => "!",
            _ => "",
        };
        let name = self.report.a.catalogue.at(row.pair.a).filter(|weight| weight.site.graph.0 == 0);
        let name = name.map_or(row.a.name.as_str(), |weight| labels.of(weight.layer()));
        let relation = row.relation().map_or("-", |relation| relation.name());
        let mut line = vec![mark.to_owned(), one_line(name), row.a.role.clone(), relation.to_owned()];
        line.extend(self.columns.iter().map(|column| cell(row, *column)));
        line.push(match &row.outcome {
            Ok(_) => row.reads_as.clone(),
            Err(problem) => one_line(problem),
        });
        line
    }
}

/// One line on what was paired.
pub(super) fn summary(table: &Table) -> String {
    let pairing = &table.pairing;
    let mut text = format!("{} paired", grouped(pairing.pairs.len() as u64));
    for (sites, name) in [(&pairing.only_a, "A"), (&pairing.only_b, "B")] {
        if !sites.is_empty() {
            let _ = write!(text, ", {} only in {name}", grouped(sites.len() as u64));
        }
    }
    text
}

fn repeated_line(letter: char, subject: Subject<'_>, group: &Repeated) -> String {
    let name = |site: &Site| subject.catalogue.at(*site).map(|weight| one_line(&weight.operation(subject.model).name));
    let names: Vec<String> = group.sites.iter().filter_map(name).collect();
    format!("{} in {letter}: {}\n", if group.is_tied { "tied" } else { "stored more than once" }, names.join(", "))
}

/// A figure as a person reads it.
fn cell(row: &Row, column: Column) -> String {
    let Some(value) = column.of(row) else { return "-".into() };
    let compared = row.outcome.as_ref().ok();
    match column {
        Column::Sqnr | Column::Psnr | Column::OutlierCost => decibels(value),
        Column::WorstChannelSqnr => {
            let channel = compared.and_then(|compared| compared.metrics.worst_channel).map_or(0, |(channel, _)| channel);
            format!("{} (ch {channel})", decibels(value))
        }
        Column::RmseOverScale => format!("{value:.3}"),
        Column::Bytes | Column::Excluded => grouped(value as u64),
        Column::CodesUsed => {
            let possible = compared.and_then(|compared| compared.metrics.codes).map_or(0, |codes| codes.possible);
            format!("{value}/{possible}")
        }
        Column::Saturation | Column::CloseFraction => format!("{:.2} %", value * 100.0),
        Column::Cosine if value.is_finite() => format!("{value:.6}"),
        Column::Gain if value.is_finite() => format!("{value:.4}"),
        _ => significant(value, 4),
    }
}

fn decibels(value: f64) -> String {
    if value.is_finite() { format!("{value:.2}") } else { significant(value, 4).to_lowercase() }
}

/// Columns of equal width: words to the left, figures to the right.
fn aligned(lines: &[Vec<String>]) -> String {
    const WIDEST: usize = 48;
    let columns = lines.first().map_or(0, Vec::len);
    let shortened = |text: &str| -> String {
        if text.chars().count() <= WIDEST {
            return text.to_owned();
        }
        let tail: Vec<char> = text.chars().rev().take(WIDEST - 1).collect();
        std::iter::once('…').chain(tail.into_iter().rev()).collect()
    };
    let cells: Vec<Vec<String>> = lines
        .iter()
        .map(|line| line.iter().enumerate().map(|(at, cell)| if at + 1 == columns { cell.clone() } else { shortened(cell) }).collect())
        .collect();
    let width = |column: usize| cells.iter().filter_map(|line| line.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for line in &cells {
        let mut out = String::new();
        for (column, (cell, width)) in line.iter().zip(&widths).enumerate() {
            let gap = if column == 0 { "" } else { "  " };
            let _ = match column {
                0..4 => write!(out, "{gap}{cell:<width$}"),
                _ if column + 1 == columns => write!(out, "{gap}{cell}"),
                _ => write!(out, "{gap}{cell:>width$}"),
            };
        }
        text += out.trim_end();
        text.push('\n');
    }
    text
}
