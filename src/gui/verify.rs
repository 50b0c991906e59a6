//! The box that shows what "Verify against OpenVINO" found: a line for the whole model, and a table of
//! its constants, the worst first. Of a TensorFlow Lite model it tells too what the runtime's frontend keeps.

use std::cmp::Ordering;
use std::sync::Arc;

use egui::{Color32, RichText};

use super::action::Action;
use super::command::Command;
use super::names;
use super::state::{Document, Progress, State};
use super::table::{self, Cell, Column, Order};
use super::theme::{self, Tokens};
use super::widgets;
use crate::jobs::{Key, Pool};
use crate::runtime::{Checked, Report, Verdict};
use crate::weights::Weight;

const COLUMNS: [Column; 6] = [
    Column { head: "layer", is_figure: false },
    Column { head: "role", is_figure: false },
    Column { head: "elements", is_figure: true },
    Column { head: "largest difference", is_figure: true },
    Column { head: "verdict", is_figure: false },
    Column { head: "in the frontend's model", is_figure: false },
];
const WIDTHS: [f32; 6] = [0.45, 120.0, 84.0, 140.0, 0.55, 170.0];
/// The worst first.
const BY_VERDICT: usize = 4;
/// The last column, which a model of OpenVINO's own form goes without.
const FRONTEND: usize = 5;
const WIDTH: f32 = 980.0;

pub struct VerifyBox {
    /// The document that it was opened for.
    pub document: u64,
    order: Order,
    /// Rows in the order shown, and what that order was made for.
    rows: Vec<usize>,
    ordered_for: Option<(Arc<Report>, Order)>,
}

impl VerifyBox {
    pub fn new(document: u64) -> Self {
        Self { document, order: Order::by(BY_VERDICT), rows: Vec::new(), ordered_for: None }
    }

    fn arrange(&mut self, document: &Document, report: &Arc<Report>) {
        let is_current = self.ordered_for.as_ref().is_some_and(|(of, order)| Arc::ptr_eq(of, report) && *order == self.order);
        if is_current {
            return;
        }
        let rows = &report.rows;
        let name = |row: &Checked| layer(document, row);
        self.rows = (0..rows.len()).collect();
        self.rows.sort_by(|a, b| {
            let (a, b) = (&rows[*a], &rows[*b]);
            match self.order.column {
                0 => name(a).cmp(name(b)),
                1 => role(document, a).cmp(role(document, b)),
                2 => b.elements.cmp(&a.elements),
                3 => b.max_difference.total_cmp(&a.max_difference),
                FRONTEND => worse_kept(a).cmp(&worse_kept(b)),
                _ => worse(a, b),
            }
        });
        if self.order.is_reversed {
            self.rows.reverse();
        }
        self.ordered_for = Some((Arc::clone(report), self.order));
    }
}

/// What differs first, then what is not kept.
fn worse_kept(row: &Checked) -> u8 {
    match &row.kept {
        Some(kept) if kept.differing > 0 => 0,
        None => 1,
        Some(_) => 2,
    }
}

/// The worse first: the largest difference, then what was not compared, then what is noted.
fn worse(a: &Checked, b: &Checked) -> Ordering {
    let rank = |row: &Checked| match row.verdict {
        _ if row.is_different() => 0,
        Verdict::Refused(_) => 1,
        Verdict::Unresolved(_) => 2,
        _ if row.note.is_some() => 3,
        _ => 4,
    };
    rank(a).cmp(&rank(b)).then(b.max_difference.total_cmp(&a.max_difference))
}

fn weight<'d>(document: &'d Document, row: &Checked) -> Option<&'d Weight> {
    document.opened.catalogue.at(row.site)
}

fn layer<'d>(document: &'d Document, row: &Checked) -> &'d str {
    document.label(row.site.graph, row.site.operation)
}

fn role(document: &Document, row: &Checked) -> &'static str {
    weight(document, row).map_or("", |weight| weight.role.name)
}

pub fn show(ctx: &egui::Context, dialog: &mut VerifyBox, state: &State, pool: &Pool, commands: &mut Vec<Command>) {
    let Some(document) = state.by_number(dialog.document) else {
        commands.push(Command::CloseOverlay);
        return;
    };
    let modal = widgets::modal(ctx, "verify").show(ctx, |ui| {
        let tokens = Tokens::of(ui);
        ui.set_width(WIDTH.min(ctx.content_rect().width() - 64.0));
        ui.label(RichText::new("Verify against OpenVINO").font(egui::FontId::new(16.0, theme::semibold())));
        ui.label(RichText::new(names::elide_middle(&document.opened.model.file_name(), 100)).color(tokens.dim));
        ui.add_space(8.0);
        let is_running = matches!(document.verified, Progress::Loading);
        match &document.verified {
            Progress::None => {
                ui.label("The comparison was cancelled.");
            }
            Progress::Loading => {
                let fraction = pool.fraction(Key::Verify(document.number)).unwrap_or(0.0);
                ui.horizontal(|ui| {
                    ui.add(egui::Spinner::new().size(12.0));
                    ui.label("The runtime computes every constant of the model too.");
                });
                ui.add_space(4.0);
                ui.add(egui::ProgressBar::new(fraction).desired_height(6.0));
            }
            Progress::Failed(problem) => {
                ui.label(RichText::new(problem).color(tokens.warn));
            }
            Progress::Ready(report) => {
                head(ui, report);
                table(ui, dialog, document, report, commands);
            }
        }
        ui.add_space(12.0);
        ui.horizontal(|ui| {
            if is_running {
                if ui.button("Cancel").clicked() {
                    commands.push(Command::CancelVerify(document.number));
                }
                return;
            }
            if ui.button("Close").clicked() {
                commands.push(Command::CloseOverlay);
            }
            if ui.button("Compare again").clicked() {
                commands.push(Command::Verify(document.number));
            }
            if ui.button(Action::Settings.name()).on_hover_text("Where the runtime lies").clicked() {
                commands.push(Command::Do(Action::Settings));
            }
        });
    });
    if modal.should_close() {
        commands.push(Command::CloseOverlay);
    }
}

fn head(ui: &mut egui::Ui, report: &Report) {
    let tokens = Tokens::of(ui);
    let color = if report.differing() > 0 { tokens.bad } else { tokens.good };
    ui.label(RichText::new(report.summary()).color(color).strong());
    let library = report.library.display().to_string();
    let version = RichText::new(format!("{}  ·  {}", report.version, names::elide_middle(&library, 80))).color(tokens.dim).size(12.0);
    ui.label(version).on_hover_text(library);
    if let Some(Err(why)) = &report.reads {
        ui.label(RichText::new(format!("It does not read the model itself: {why}")).color(tokens.warn).size(12.0));
    }
    if let Some(Err(why)) = &report.frontend {
        let text = format!("Constants were not looked for in the model that it reads: {why}");
        ui.label(RichText::new(text).color(tokens.warn).size(12.0));
    }
    ui.add_space(8.0);
}

fn table(ui: &mut egui::Ui, dialog: &mut VerifyBox, document: &Document, report: &Arc<Report>, commands: &mut Vec<Command>) {
    let count = if report.frontend == Some(Ok(())) { COLUMNS.len() } else { FRONTEND };
    let (columns, widths) = (&COLUMNS[..count], &WIDTHS[..count]);
    let edges = table::edges(ui.available_width(), widths);
    table::header(ui, columns, &edges, &mut dialog.order);
    dialog.arrange(document, report);
    table::rows(ui, dialog.rows.len(), |ui, position| {
        if let Some(row) = dialog.rows.get(position).and_then(|row| report.rows.get(*row)) {
            show_row(ui, columns, &edges, document, row, commands);
        }
    });
}

fn show_row(ui: &mut egui::Ui, columns: &[Column], edges: &[f32], document: &Document, row: &Checked, commands: &mut Vec<Command>) {
    let tokens = Tokens::of(ui);
    let name = layer(document, row);
    let role = role(document, row);
    let (verdict, color) = verdict(row, tokens);
    let (kept, kept_color) = match &row.kept {
        None => ("not kept".to_owned(), tokens.dim),
        Some(kept) if kept.differing > 0 => (format!("{} differ", names::thousands(kept.differing)), tokens.bad),
        Some(_) => ("equal".to_owned(), tokens.good),
    };
    let is_compared = row.verdict.problem().is_none();
    let elements = if is_compared { names::thousands(row.elements) } else { String::new() };
    let difference = if is_compared { names::figure(row.max_difference) } else { String::new() };
    let cells = [
        Cell { text: name, font: theme::text_font(), color: tokens.text },
        Cell { text: role, font: theme::text_font(), color: tokens.dim },
        Cell { text: &elements, font: theme::number_font(), color: tokens.text },
        Cell { text: &difference, font: theme::number_font(), color: tokens.text },
        Cell { text: &verdict, font: theme::text_font(), color },
        Cell { text: &kept, font: theme::text_font(), color: kept_color },
    ];
    let of_frontend = if columns.len() > FRONTEND { format!("; in the frontend's model: {kept}") } else { String::new() };
    if table::row(ui, columns, edges, &cells, &format!("{name} {role}: {verdict}{of_frontend}")).clicked() {
        commands.push(Command::CloseOverlay);
        commands.push(Command::ShowWeight(row.site));
    }
}

/// What came of one constant, in words, and their colour.
pub fn verdict(row: &Checked, tokens: &Tokens) -> (String, Color32) {
    let note = row.note.as_deref().map(|note| format!(": {note}")).unwrap_or_default();
    match (&row.verdict, row.worst) {
        (Verdict::Equal, _) => (format!("equal{note}"), tokens.good),
        (Verdict::Different, Some(worst)) => {
            let (count, element) = (names::thousands(row.differing), names::thousands(worst.element));
            (format!("{count} differ; element {element} is {} here, {} there{note}", worst.ours, worst.theirs), tokens.bad)
        }
        (Verdict::Different, None) => (format!("different{note}"), tokens.bad),
        (Verdict::Refused(why), _) => (format!("refused: {why}"), tokens.warn),
        (Verdict::Unresolved(why), _) => (format!("not compared: {why}"), tokens.warn),
    }
}
