//! The box that shows what "Verify against OpenVINO" found: a line for the whole model, and a table of
//! its constants, the worst first.

use std::cmp::Ordering;
use std::sync::Arc;

use egui::accesskit::Role;
use egui::{Color32, Rect, RichText, ScrollArea, Sense, WidgetInfo, pos2, vec2};

use super::action::Action;
use super::command::Command;
use super::names;
use super::state::{Document, Progress, State};
use super::theme::{self, ROW_HEIGHT, Tokens};
use super::widgets;
use crate::jobs::{Key, Pool};
use crate::runtime::{Checked, Report, Verdict};
use crate::weights::Weight;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Sort {
    Layer,
    Role,
    Elements,
    Difference,
    #[default]
    Verdict,
}

/// Head, sort key, the width's share of what is left beside the fixed columns.
const COLUMNS: [(&str, Sort); 5] = [
    ("layer", Sort::Layer),
    ("role", Sort::Role),
    ("elements", Sort::Elements),
    ("largest difference", Sort::Difference),
    ("verdict", Sort::Verdict),
];
const SIDE: f32 = 10.0;
const WIDTH: f32 = 980.0;
const TABLE_HEIGHT: f32 = 420.0;

pub struct VerifyBox {
    /// The document that it was opened for.
    pub document: u64,
    sort: Sort,
    is_reversed: bool,
    /// Rows in the order shown, and what that order was made for.
    order: Vec<usize>,
    ordered_for: Option<(Arc<Report>, Sort, bool)>,
}

impl VerifyBox {
    pub fn new(document: u64) -> Self {
        Self { document, sort: Sort::default(), is_reversed: false, order: Vec::new(), ordered_for: None }
    }

    fn arrange(&mut self, document: &Document, report: &Arc<Report>) {
        let is_current = self
            .ordered_for
            .as_ref()
            .is_some_and(|(of, sort, reversed)| Arc::ptr_eq(of, report) && (*sort, *reversed) == (self.sort, self.is_reversed));
        if is_current {
            return;
        }
        let rows = &report.rows;
        let name = |row: &Checked| layer(document, row);
        self.order = (0..rows.len()).collect();
        self.order.sort_by(|a, b| {
            let (a, b) = (&rows[*a], &rows[*b]);
            match self.sort {
                Sort::Layer => name(a).cmp(name(b)),
                Sort::Role => role(document, a).cmp(role(document, b)),
                Sort::Elements => b.elements.cmp(&a.elements),
                Sort::Difference => b.max_difference.total_cmp(&a.max_difference),
                Sort::Verdict => worse(a, b),
            }
        });
        if self.is_reversed {
            self.order.reverse();
        }
        self.ordered_for = Some((Arc::clone(report), self.sort, self.is_reversed));
    }
}

/// The worse first: the largest difference, then what was not compared, then what is noted.
fn worse(a: &Checked, b: &Checked) -> Ordering {
    let rank = |row: &Checked| match row.verdict {
        Verdict::Different => 0,
        Verdict::Refused(_) => 1,
        Verdict::Unresolved(_) => 2,
        Verdict::Equal if row.note.is_some() => 3,
        Verdict::Equal => 4,
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
    let modal = egui::Modal::new(egui::Id::unique("verify")).show(ctx, |ui| {
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
    let color = if report.count("different") > 0 { tokens.bad } else { tokens.good };
    ui.label(RichText::new(report.summary()).color(color).strong());
    let library = report.library.display().to_string();
    let version = RichText::new(format!("{}  ·  {}", report.version, names::elide_middle(&library, 80))).color(tokens.dim).size(12.0);
    ui.label(version).on_hover_text(library);
    if let Some(Err(why)) = &report.reads {
        ui.label(RichText::new(format!("It does not read the model itself: {why}")).color(tokens.warn).size(12.0));
    }
    ui.add_space(8.0);
}

/// The left edges of the columns, and the right edge of the last; figures end at the next one's left.
fn edges(width: f32) -> [f32; 6] {
    let [role, elements, difference] = [120.0, 84.0, 140.0];
    let name = ((width - role - elements - difference) * 0.45).max(120.0);
    let mut at = SIDE;
    let mut edges = [at; 6];
    for (edge, step) in edges.iter_mut().skip(1).zip([name, role, elements, difference]) {
        at += step;
        *edge = at;
    }
    edges[5] = width - SIDE;
    edges
}

fn table(ui: &mut egui::Ui, dialog: &mut VerifyBox, document: &Document, report: &Arc<Report>, commands: &mut Vec<Command>) {
    header(ui, dialog);
    dialog.arrange(document, report);
    let height = TABLE_HEIGHT.min((ui.ctx().content_rect().height() - 320.0).max(ROW_HEIGHT * 3.0));
    ui.spacing_mut().item_spacing.y = 0.0;
    let rows_height = ROW_HEIGHT * dialog.order.len() as f32;
    // The box was smaller while the comparison ran, and would leave the table that little.
    let scroll = ScrollArea::vertical().auto_shrink([false, true]).max_height(height).min_scrolled_height(height.min(rows_height));
    scroll.show_rows(ui, ROW_HEIGHT, dialog.order.len(), |ui, range| {
        for position in range {
            if let Some(row) = dialog.order.get(position).and_then(|row| report.rows.get(*row)) {
                show_row(ui, document, row, commands);
            }
        }
    });
}

fn header(ui: &mut egui::Ui, dialog: &mut VerifyBox) {
    let tokens = Tokens::of(ui);
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 22.0), Sense::hover());
    let edges = edges(rect.width());
    for (column, (text, sort)) in COLUMNS.iter().enumerate() {
        let at = Rect::from_min_max(pos2(rect.left() + edges[column], rect.top()), pos2(rect.left() + edges[column + 1], rect.bottom()));
        let response = ui.interact(at, ui.scope_id().with(("verify sort", text)), Sense::click());
        response.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("Sort by {text}")));
        let is_key = dialog.sort == *sort;
        let arrow = match (is_key, dialog.is_reversed) {
            (false, _) => "",
            (true, false) => " ↓",
            (true, true) => " ↑",
        };
        let color = if is_key || response.hovered() { tokens.text } else { tokens.dim };
        let galley = ui.painter().layout_no_wrap(format!("{text}{arrow}"), theme::small_font(), color);
        let x = if is_figure(*sort) { at.right() - 16.0 - galley.size().x } else { at.left() };
        ui.painter().galley(pos2(x, at.center().y - galley.size().y / 2.0), galley, color);
        if response.clicked() {
            dialog.is_reversed = is_key && !dialog.is_reversed;
            dialog.sort = *sort;
        }
    }
    ui.painter().hline(rect.x_range(), rect.bottom(), egui::Stroke::new(1.0, tokens.line));
}

fn is_figure(sort: Sort) -> bool {
    matches!(sort, Sort::Elements | Sort::Difference)
}

fn show_row(ui: &mut egui::Ui, document: &Document, row: &Checked, commands: &mut Vec<Command>) {
    let tokens = Tokens::of(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW_HEIGHT), Sense::click());
    let name = layer(document, row);
    let role = role(document, row);
    let (verdict, color) = verdict(row, tokens);
    response.widget_info(|| WidgetInfo::labeled(Role::ListItem, true, format!("{name} {role}: {verdict}")));
    if response.hovered() {
        ui.painter().rect_filled(rect, 0.0, tokens.raised);
    }
    let is_compared = row.verdict.problem().is_none();
    let elements = if is_compared { names::thousands(row.elements) } else { String::new() };
    let difference = if is_compared { names::figure(row.max_difference) } else { String::new() };
    let edges = edges(rect.width());
    let cells: [(&str, egui::FontId, Color32); 5] = [
        (name, theme::text_font(), tokens.text),
        (role, theme::text_font(), tokens.dim),
        (&elements, theme::number_font(), tokens.text),
        (&difference, theme::number_font(), tokens.text),
        (&verdict, theme::text_font(), color),
    ];
    for (column, (text, font, color)) in cells.into_iter().enumerate() {
        let (left, right) = (rect.left() + edges[column], rect.left() + edges[column + 1]);
        let galley = widgets::fit_text(ui, text, font, color, right - left - 12.0);
        let x = if COLUMNS.get(column).is_some_and(|(_, sort)| is_figure(*sort)) { right - 16.0 - galley.size().x } else { left };
        ui.painter().galley(pos2(x, rect.center().y - galley.size().y / 2.0), galley, color);
    }
    if response.on_hover_text(format!("{name} {role}: {verdict}")).clicked() {
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
