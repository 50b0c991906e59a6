//! The box that shows what "Profile on OpenVINO" found: the layers that the runtime makes of the model, with
//! kernels, precisions and times.

use std::sync::Arc;

use egui::RichText;

use super::action::Action;
use super::command::Command;
use super::names;
use super::state::{Document, Progress, State};
use super::table::{self, Cell, Column, Order};
use super::theme::{self, Tokens};
use super::widgets;
use crate::model::{GraphId, OperationId};
use crate::runtime::{ExecutedLayer, Profile};

const COLUMNS: [Column; 7] = [
    Column { head: "order", is_figure: true },
    Column { head: "operations", is_figure: false },
    Column { head: "layer", is_figure: false },
    Column { head: "kernel", is_figure: false },
    Column { head: "precision", is_figure: false },
    Column { head: "time, µs", is_figure: true },
    Column { head: "share", is_figure: true },
];
const WIDTHS: [f32; 7] = [60.0, 0.55, 120.0, 0.45, 76.0, 96.0, 76.0];
const WIDTH: f32 = 980.0;

pub struct ProfileBox {
    /// The document that it was opened for.
    pub document: u64,
    order: Order,
    /// Layers in the order shown, and what that order was made for.
    rows: Vec<usize>,
    ordered_for: Option<(Arc<Profile>, Order)>,
}

impl ProfileBox {
    pub fn new(document: u64) -> Self {
        Self { document, order: Order::by(0), rows: Vec::new(), ordered_for: None }
    }

    fn arrange(&mut self, document: &Document, profile: &Arc<Profile>) {
        let is_current = self.ordered_for.as_ref().is_some_and(|(of, order)| Arc::ptr_eq(of, profile) && *order == self.order);
        if is_current {
            return;
        }
        let layers = &profile.layers;
        self.rows = (0..layers.len()).collect();
        self.rows.sort_by(|a, b| {
            let (a, b) = (&layers[*a], &layers[*b]);
            match self.order.column {
                0 => std::cmp::Ordering::Equal,
                1 => operations(document, a).cmp(&operations(document, b)),
                2 => a.kind.cmp(&b.kind),
                3 => a.kernel.cmp(&b.kernel),
                4 => a.precision.cmp(&b.precision),
                // The slowest first, and what runs once behind the others.
                _ => (a.is_constant, b.microseconds).cmp(&(b.is_constant, a.microseconds)),
            }
        });
        if self.order.is_reversed {
            self.rows.reverse();
        }
        self.ordered_for = Some((Arc::clone(profile), self.order));
    }
}

/// The operations that went into a layer; of one that the runtime added, what that calls it.
fn operations(document: &Document, layer: &ExecutedLayer) -> String {
    match layer.operations.as_slice() {
        [] => layer.name.clone(),
        operations => labels(document, operations),
    }
}

/// Short names of operations of the main graph.
pub fn labels(document: &Document, operations: &[OperationId]) -> String {
    operations.iter().map(|operation| document.label(GraphId(0), *operation)).collect::<Vec<_>>().join(", ")
}

pub fn show(ctx: &egui::Context, dialog: &mut ProfileBox, state: &State, commands: &mut Vec<Command>) {
    let Some(document) = state.by_number(dialog.document) else {
        commands.push(Command::CloseOverlay);
        return;
    };
    let modal = widgets::modal(ctx, "profile").show(ctx, |ui| {
        let tokens = Tokens::of(ui);
        ui.set_width(WIDTH.min(ctx.content_rect().width() - 64.0));
        ui.label(RichText::new("Profile on OpenVINO").font(egui::FontId::new(16.0, theme::semibold())));
        ui.label(RichText::new(names::elide_middle(&document.opened.model.file_name(), 100)).color(tokens.dim));
        ui.add_space(8.0);
        let is_running = matches!(document.profiled, Progress::Loading);
        match &document.profiled {
            Progress::None => {
                ui.label("The run was cancelled.");
            }
            Progress::Loading => {
                ui.horizontal(|ui| {
                    ui.add(egui::Spinner::new().size(12.0));
                    ui.label("The runtime compiles the model for the CPU and runs it on zeros.");
                });
            }
            Progress::Failed(problem) => {
                ui.label(RichText::new(problem).color(tokens.warn));
            }
            Progress::Ready(profile) => {
                head(ui, profile);
                table(ui, dialog, document, profile, commands);
            }
        }
        ui.add_space(12.0);
        ui.horizontal(|ui| {
            if is_running {
                if ui.button("Cancel").clicked() {
                    commands.push(Command::CancelProfile(document.number));
                }
                return;
            }
            if ui.button("Close").clicked() {
                commands.push(Command::CloseOverlay);
            }
            if ui.button("Run again").clicked() {
                commands.push(Command::Profile(document.number));
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

fn head(ui: &mut egui::Ui, profile: &Profile) {
    let tokens = Tokens::of(ui);
    ui.label(RichText::new(profile.summary()).strong());
    let library = profile.library.display().to_string();
    let version = RichText::new(format!("{}  ·  {}", profile.version, names::elide_middle(&library, 80))).color(tokens.dim).size(12.0);
    ui.label(version).on_hover_text(library);
    for note in &profile.notes {
        ui.label(RichText::new(capital(note)).color(tokens.warn).size(12.0));
    }
    ui.add_space(8.0);
}

fn capital(sentence: &str) -> String {
    let mut letters = sentence.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn table(ui: &mut egui::Ui, dialog: &mut ProfileBox, document: &Document, profile: &Arc<Profile>, commands: &mut Vec<Command>) {
    let edges = table::edges(ui.available_width(), &WIDTHS);
    table::header(ui, &COLUMNS, &edges, &mut dialog.order);
    dialog.arrange(document, profile);
    table::rows(ui, dialog.rows.len(), |ui, position| {
        if let Some((number, layer)) = dialog.rows.get(position).and_then(|row| Some((*row, profile.layers.get(*row)?))) {
            show_row(ui, &edges, document, profile, (number, layer), commands);
        }
    });
}

fn show_row(
    ui: &mut egui::Ui,
    edges: &[f32],
    document: &Document,
    profile: &Profile,
    (number, layer): (usize, &ExecutedLayer),
    commands: &mut Vec<Command>,
) {
    let tokens = Tokens::of(ui);
    let operations = operations(document, layer);
    let name_color = if layer.operations.is_empty() { tokens.dim } else { tokens.text };
    let order = (number + 1).to_string();
    let (time, share) = (time(layer), share(profile, layer));
    let cells = [
        Cell { text: &order, font: theme::number_font(), color: tokens.dim },
        Cell { text: &operations, font: theme::text_font(), color: name_color },
        Cell { text: &layer.kind, font: theme::text_font(), color: tokens.text },
        Cell { text: &layer.kernel, font: theme::number_font(), color: tokens.dim },
        Cell { text: &layer.precision, font: theme::number_font(), color: tokens.text },
        Cell { text: &time, font: theme::number_font(), color: tokens.text },
        Cell { text: &share, font: theme::number_font(), color: tokens.dim },
    ];
    let how: Vec<_> =
        [&layer.kind, &layer.kernel, &layer.precision].into_iter().filter(|word| !word.is_empty()).map(String::as_str).collect();
    let name = format!("{operations}: {}, {time} µs", how.join(" "));
    let clicked = table::row(ui, &COLUMNS, edges, &cells, &name).clicked();
    if let Some(operation) = layer.operations.first().filter(|_| clicked) {
        commands.push(Command::CloseOverlay);
        commands.push(Command::Select { graph: GraphId(0), operation: *operation, fly: true });
    }
}

/// In microseconds.
pub fn time(layer: &ExecutedLayer) -> String {
    layer.microseconds.map_or_else(|| "–".to_owned(), names::thousands)
}

/// The part of the time of an inference, or that the layer has none.
pub fn share(profile: &Profile, layer: &ExecutedLayer) -> String {
    match profile.share(layer) {
        Some(share) => format!("{:.1} %", share * 100.0),
        None if layer.is_constant => "once".to_owned(),
        None => String::new(),
    }
}
