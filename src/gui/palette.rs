//! Find anything: every action, every layer, every recent file, by a few typed letters.

use std::path::PathBuf;

use egui::accesskit::Role;
use egui::{Key, Rect, RichText, ScrollArea, Sense, TextEdit, WidgetInfo, pos2, vec2};

use super::action::Action;
use super::bars;
use super::command::Command;
use super::state::{Document, State};
use super::theme::{self, ROW_HEIGHT, Tokens};
use super::widgets;
use crate::model::{GraphId, OperationId};
use crate::weights::Site;

/// What was typed, and the rows for it.
#[derive(Default)]
pub struct Palette {
    text: String,
    selected: usize,
    rows: Vec<Entry>,
    /// The text, and the number of the document on display.
    rows_for: Option<(String, Option<u64>)>,
}

#[derive(Clone)]
struct Entry {
    target: Target,
    title: String,
    detail: String,
}

#[derive(Clone)]
enum Target {
    Action(Action),
    Weight(Site),
    Operation(GraphId, OperationId),
    File(PathBuf),
}

/// Rows listed at most.
const LIMIT: usize = 200;

pub fn show(ctx: &egui::Context, palette: &mut Palette, state: &State, commands: &mut Vec<Command>) {
    let area = egui::Modal::default_area(egui::Id::unique("palette")).anchor(egui::Align2::CENTER_TOP, vec2(0.0, 84.0));
    let modal = egui::Modal::new(egui::Id::unique("palette")).area(area).show(ctx, |ui| {
        ui.set_width(620.0_f32.min(ctx.content_rect().width() - 64.0));
        let (down, up, enter) = ui.input_mut(|input| {
            let mut pressed = |key| input.consume_key(egui::Modifiers::NONE, key);
            (pressed(Key::ArrowDown), pressed(Key::ArrowUp), pressed(Key::Enter))
        });
        let hint = "Find operations, tensors, actions";
        let field = ui.add(TextEdit::singleline(&mut palette.text).hint_text(hint).desired_width(f32::INFINITY).margin(vec2(8.0, 6.0)));
        field.accessible_name("Find").request_focus();
        let wanted = (palette.text.clone(), state.document().map(|document| document.number));
        if palette.rows_for.as_ref() != Some(&wanted) {
            palette.rows = find(&palette.text, state);
            palette.rows_for = Some(wanted);
            palette.selected = 0;
        }
        let last = palette.rows.len().saturating_sub(1);
        palette.selected = (palette.selected + usize::from(down)).saturating_sub(usize::from(up)).min(last);
        ui.add_space(4.0);
        if palette.rows.is_empty() {
            ui.label(RichText::new("Nothing has that name").color(Tokens::of(ui).dim));
        }
        ui.spacing_mut().item_spacing.y = 0.0;
        let mut chosen = None;
        // The list grows again after it was short: egui would leave it as it was in the frame before.
        let height = 420.0_f32.min(ctx.content_rect().height() - 160.0).max(ROW_HEIGHT);
        let list = ScrollArea::vertical().max_height(height).min_scrolled_height(height).auto_shrink([false, true]);
        list.show_rows(ui, ROW_HEIGHT, palette.rows.len(), |ui, range| {
            for position in range {
                if row(ui, &palette.rows[position], position == palette.selected, down || up) {
                    chosen = Some(position);
                }
            }
        });
        if enter && !palette.rows.is_empty() {
            chosen = Some(palette.selected);
        }
        if let Some(entry) = chosen.and_then(|position| palette.rows.get(position)) {
            commands.push(Command::CloseOverlay);
            commands.push(match entry.target.clone() {
                Target::Action(action) => Command::Do(action),
                Target::Weight(site) => Command::ShowWeight(site),
                Target::Operation(graph, operation) => Command::Select { graph, operation, fly: true },
                Target::File(path) => Command::OpenFiles(vec![path]),
            });
        }
    });
    if modal.should_close() {
        commands.push(Command::CloseOverlay);
    }
}

fn row(ui: &mut egui::Ui, entry: &Entry, is_selected: bool, reveal: bool) -> bool {
    let tokens = Tokens::of(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW_HEIGHT), Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::ListItem, true, is_selected, &entry.title));
    if is_selected {
        ui.painter().rect_filled(rect, theme::CONTROL_RADIUS, tokens.selection);
        if reveal {
            ui.scroll_to_rect(rect, None);
        }
    } else if response.hovered() {
        ui.painter().rect_filled(rect, theme::CONTROL_RADIUS, tokens.control);
    }
    let inner = Rect::from_min_max(pos2(rect.left() + 8.0, rect.top()), pos2(rect.right() - 8.0, rect.bottom()));
    let detail = widgets::fit_text(ui, &entry.detail, egui::FontId::monospace(11.0), tokens.dim, inner.width() * 0.45);
    let room = inner.width() - detail.size().x - 12.0;
    let title = widgets::fit_text(ui, &entry.title, theme::text_font(), tokens.text, room);
    ui.painter().galley(pos2(inner.left(), inner.center().y - title.size().y / 2.0), title, tokens.text);
    let at = pos2(inner.right() - detail.size().x, inner.center().y - detail.size().y / 2.0);
    ui.painter().galley(at, detail, tokens.dim);
    response.clicked()
}

fn find(text: &str, state: &State) -> Vec<Entry> {
    let words: Vec<String> = text.to_lowercase().split_whitespace().map(str::to_owned).collect();
    let matches = |parts: &[&str]| words.iter().all(|word| parts.iter().any(|part| part.to_lowercase().contains(word.as_str())));
    let mut rows = Vec::new();
    let actions = Action::ALL.iter().copied().filter(|action| *action != Action::FindAnything && bars::is_enabled(*action, state));
    for action in actions.filter(|action| matches(&[action.name(), action.tooltip()])) {
        let keys = action.shortcuts().first().map(|keys| keys.format(&egui::ModifierNames::NAMES, false)).unwrap_or_default();
        rows.push(Entry { target: Target::Action(action), title: action.name().to_owned(), detail: keys });
    }
    if let Some(document) = state.document() {
        let layers = layers(document, &matches);
        // What a person types words for is a layer rather than an action.
        if words.is_empty() {
            rows.extend(layers);
        } else {
            rows.splice(0..0, layers);
        }
    }
    for path in state.settings.recent.iter().filter(|path| matches(&[&path.to_string_lossy()])) {
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        rows.push(Entry { target: Target::File(path.clone()), title: format!("Open {name}"), detail: "recent file".into() });
    }
    rows.truncate(LIMIT);
    rows
}

fn layers(document: &Document, matches: &dyn Fn(&[&str]) -> bool) -> Vec<Entry> {
    let opened = &document.opened;
    let mut rows: Vec<Entry> = opened
        .rows
        .iter()
        .filter(|row| matches(&[&row.full_name, &row.name, &row.kind, row.weight.role.name]))
        .take(LIMIT)
        .map(|row| Entry {
            target: Target::Weight(row.weight.site),
            title: format!("{} {}", row.name, row.weight.role.name),
            detail: format!("{} {} {}", row.kind, row.dtype, row.shape),
        })
        .collect();
    for (graph_id, graph) in (0..).map(GraphId).zip(&opened.model.graphs) {
        let drawn = graph.operations().filter(|(_, operation)| !opened.catalogue.is_folded(graph_id, operation));
        let named = drawn.filter(|(_, operation)| {
            let tensors = operation.outputs.iter().map(|id| graph.tensor(*id).name.as_str());
            let parts: Vec<&str> = [operation.name.as_str(), operation.kind.as_str()].into_iter().chain(tensors).collect();
            matches(&parts)
        });
        rows.extend(named.take(LIMIT).map(|(id, operation)| Entry {
            target: Target::Operation(graph_id, id),
            title: document.label(graph_id, id).to_owned(),
            detail: operation.kind.clone(),
        }));
    }
    rows
}
