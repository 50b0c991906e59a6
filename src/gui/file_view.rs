//! A file that comes with a model (labels, a vocabulary), to be read, searched, copied and saved.

use std::sync::Arc;

use egui::{Align, Layout, RichText, ScrollArea, TextEdit, vec2};

use super::command::Command;
use super::names;
use super::state::{Progress, State};
use super::theme::{self, Tokens};
use super::widgets;
use crate::jobs::FileText;
use crate::model::AssociatedFile;

/// The file on display, over the panels.
pub struct FileView {
    /// The document that the file came with, and its place there.
    pub document: u64,
    pub file: usize,
    pub text: Progress<Arc<FileText>>,
    search: String,
    /// Positions of the lines that the search leaves, and the search that they were found for.
    found: Option<(String, Vec<u32>)>,
    is_fresh: bool,
}

const WIDTH: f32 = 760.0;
const ROW: f32 = 18.0;
const NUMBER_WIDTH: f32 = 64.0;

impl FileView {
    pub fn new(document: u64, file: usize) -> Self {
        Self { document, file, text: Progress::Loading, search: String::new(), found: None, is_fresh: true }
    }
}

pub fn show(ctx: &egui::Context, view: &mut FileView, state: &State, commands: &mut Vec<Command>) {
    let file = state.by_number(view.document).and_then(|document| document.opened.model.files.get(view.file));
    let Some(file) = file else {
        // Its model was closed meanwhile.
        commands.push(Command::CloseOverlay);
        return;
    };
    let modal = widgets::modal(ctx, "file").show(ctx, |ui| {
        let room = ctx.content_rect().size() - vec2(64.0, 200.0);
        ui.set_width(room.x.min(WIDTH));
        heading(ui, file);
        match &view.text {
            Progress::Ready(text) => {
                let text = Arc::clone(text);
                search_field(ui, view, &text);
                ui.add_space(4.0);
                lines(ui, view, &text, room.y.max(120.0));
                ui.add_space(8.0);
                ui.horizontal(|ui| buttons(ui, view, Some(&text), commands));
            }
            Progress::Failed(problem) => {
                ui.label(RichText::new(problem).color(Tokens::of(ui).warn));
                ui.add_space(8.0);
                ui.horizontal(|ui| buttons(ui, view, None, commands));
            }
            Progress::None | Progress::Loading => {
                ui.label(RichText::new("Reading the file…").color(Tokens::of(ui).dim));
            }
        }
    });
    if modal.should_close() {
        commands.push(Command::CloseOverlay);
    }
}

fn heading(ui: &mut egui::Ui, file: &AssociatedFile) {
    let dim = Tokens::of(ui).dim;
    ui.add(egui::Label::new(RichText::new(&file.name).font(egui::FontId::new(16.0, theme::semibold()))).truncate());
    let about = if file.about.is_empty() { String::new() } else { format!(" · of {}", file.about.join(", ")) };
    let line = format!("{} · {}{about}", kind_name(file), names::bytes(file.content.len()));
    ui.label(RichText::new(line).color(dim));
    if let Some(description) = &file.description {
        ui.label(RichText::new(description).color(dim));
    }
    ui.add_space(8.0);
}

/// The kind in words.
pub fn kind_name(file: &AssociatedFile) -> String {
    file.kind.name().replace('_', " ")
}

fn search_field(ui: &mut egui::Ui, view: &mut FileView, text: &FileText) {
    ui.horizontal(|ui| {
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let shown = view.found.as_ref().map_or(text.lines.len(), |(_, found)| found.len());
            let what = if text.is_text { "line" } else { "row" };
            let plural = if text.lines.len() == 1 { "" } else { "s" };
            let all = names::thousands(text.lines.len() as u64);
            let count = match view.found {
                Some(_) => format!("{} of {all} {what}{plural}", names::thousands(shown as u64)),
                None => format!("{all} {what}{plural}"),
            };
            ui.label(RichText::new(count).color(Tokens::of(ui).dim));
            let field = TextEdit::singleline(&mut view.search).hint_text("Search").desired_width(ui.available_width());
            let field = ui.add(field).accessible_name("Search in the file");
            if std::mem::take(&mut view.is_fresh) {
                field.request_focus();
            }
        });
    });
    let wanted = view.search.trim().to_lowercase();
    if wanted.is_empty() {
        view.found = None;
    } else if view.found.as_ref().is_none_or(|(found_for, _)| *found_for != wanted) {
        let matching = (0..).zip(&text.lines).filter(|(_, line)| line.text.to_lowercase().contains(&wanted));
        view.found = Some((wanted.clone(), matching.map(|(position, _)| position).collect()));
    }
}

fn lines(ui: &mut egui::Ui, view: &FileView, text: &FileText, height: f32) {
    let tokens = Tokens::of(ui);
    let count = view.found.as_ref().map_or(text.lines.len(), |(_, found)| found.len());
    egui::Frame::NONE.fill(tokens.background).corner_radius(4.0).inner_margin(6.0).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        if count == 0 {
            ui.set_min_size(vec2(ui.available_width(), ROW));
            ui.label(RichText::new(if text.lines.is_empty() { "The file is empty" } else { "No line matches" }).color(tokens.dim));
            return;
        }
        ScrollArea::both().auto_shrink([false, true]).max_height(height).show_rows(ui, ROW, count, |ui, rows| {
            for row in rows {
                let position = view.found.as_ref().map_or(Some(row), |(_, found)| found.get(row).map(|position| *position as usize));
                let Some(line) = position.and_then(|position| text.lines.get(position)) else { continue };
                ui.horizontal(|ui| {
                    ui.set_height(ROW);
                    let number = match line.number {
                        Some(number) if text.is_text => number.to_string(),
                        Some(offset) => format!("{offset:06x}"),
                        None => String::new(),
                    };
                    let (rect, _) = ui.allocate_exact_size(vec2(NUMBER_WIDTH, ROW), egui::Sense::hover());
                    let galley = ui.painter().layout_no_wrap(number, theme::small_number_font(), tokens.faint);
                    let at = egui::pos2(rect.right() - 12.0 - galley.size().x, rect.center().y - galley.size().y / 2.0);
                    ui.painter().galley(at, galley, tokens.faint);
                    let font = if text.is_text { theme::text_font() } else { theme::number_font() };
                    ui.add(egui::Label::new(RichText::new(&line.text).font(font)).extend());
                });
            }
        });
    });
    if text.is_cut {
        ui.label(RichText::new("Only the beginning is shown; Save writes the whole file").color(tokens.dim));
    }
}

fn buttons(ui: &mut egui::Ui, view: &FileView, text: Option<&FileText>, commands: &mut Vec<Command>) {
    if let Some(text) = text {
        let copies = if view.found.is_some() { "Copy these lines" } else { "Copy" };
        if widgets::chip(ui, copies).clicked() {
            ui.ctx().copy_text(joined(view, text));
        }
        if widgets::chip(ui, "Save…").clicked() {
            commands.push(Command::SaveFile { document: view.document, file: view.file });
        }
    }
    if widgets::chip(ui, "Close").clicked() {
        commands.push(Command::CloseOverlay);
    }
}

/// The lines on display as one text.
fn joined(view: &FileView, text: &FileText) -> String {
    let mut joined = String::new();
    let positions: Box<dyn Iterator<Item = usize>> = match &view.found {
        Some((_, found)) => Box::new(found.iter().map(|position| *position as usize)),
        None => Box::new(0..text.lines.len()),
    };
    for line in positions.filter_map(|position| text.lines.get(position)) {
        if line.number.is_some() && !joined.is_empty() {
            joined.push('\n');
        }
        joined.push_str(&line.text);
    }
    joined
}
