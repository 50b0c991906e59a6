//! Finding operations in the graph: a field over the canvas, a list of what matches, and marks on it.

use std::collections::HashSet;
use std::sync::Arc;

use egui::accesskit::Role;
use egui::{Align, Key, Layout, Rect, RichText, ScrollArea, Sense, TextEdit, WidgetInfo, pos2, vec2};

use crate::gui::command::Command;
use crate::gui::names;
use crate::gui::state::{Document, Progress};
use crate::gui::theme::{self, ROW_HEIGHT, Tokens};
use crate::gui::widgets::{self, Glyph};
use crate::jobs::{Found, GraphPicture};
use crate::model::OperationRef;
use crate::weights::Family;

const FIELD_HEIGHT: f32 = 34.0;
/// Rows of the list in sight at most.
const ROWS: f32 = 8.0;
/// The widest that the field and its list are.
const WIDEST: f32 = 420.0;

/// What is looked for.
#[derive(Clone, Default)]
pub struct FindView {
    pub is_open: bool,
    pub text: String,
    /// The field takes the keyboard in the next frame.
    pub wants_focus: bool,
    /// Steps through the hits that were asked for from outside.
    pub steps: i32,
    /// What the job was asked for.
    asked: String,
    /// The hit that was gone to last.
    at: Option<usize>,
    /// Boxes of the hits, and what they were found for.
    marks: Option<Marks>,
}

#[derive(Clone)]
struct Marks {
    of: Arc<Found>,
    on: Arc<GraphPicture>,
    boxes: Arc<HashSet<u32>>,
}

impl FindView {
    pub fn open(&mut self) {
        (self.is_open, self.wants_focus) = (true, true);
    }

    pub fn close(&mut self) {
        (self.is_open, self.at) = (false, None);
    }

    /// The boxes that hold hits.
    pub fn marks(&mut self, document: &Document, picture: &Arc<GraphPicture>) -> Option<Arc<HashSet<u32>>> {
        let found = document.found.ready().filter(|found| self.is_open && found.text == self.text && !found.operations.is_empty())?;
        if !self.marks.as_ref().is_some_and(|marks| Arc::ptr_eq(&marks.of, found) && Arc::ptr_eq(&marks.on, picture)) {
            let boxes = found.operations.iter().filter_map(|place| picture.drawn.node_of(*place));
            self.marks = Some(Marks { of: Arc::clone(found), on: Arc::clone(picture), boxes: Arc::new(boxes.collect()) });
        }
        self.marks.as_ref().map(|marks| Arc::clone(&marks.boxes))
    }
}

/// Shows the field and the list over the canvas; the place that they take.
pub fn show(ui: &mut egui::Ui, document: &Document, view: &mut FindView, canvas: Rect, commands: &mut Vec<Command>) -> Rect {
    if !view.is_open {
        return Rect::NOTHING;
    }
    if view.asked != view.text {
        view.asked.clone_from(&view.text);
        view.at = None;
        commands.push(Command::NeedFound(view.text.clone()));
    }
    // What was found for other words is not shown for these.
    let found = document.found.ready().filter(|found| found.text == view.text);
    let hits: &[OperationRef] = found.map_or(&[], |found| &found.operations);
    let tokens = Tokens::of(ui);
    let width = (canvas.width() - 16.0).min(WIDEST);
    let is_listed = !hits.is_empty();
    let room = (canvas.height() * 0.45 - FIELD_HEIGHT).max(ROW_HEIGHT);
    let list_height = if is_listed { (hits.len() as f32).min(ROWS) * ROW_HEIGHT } else { 0.0 }.min(room);
    let area = Rect::from_min_size(pos2(canvas.left() + 8.0, canvas.top() + 8.0), vec2(width, FIELD_HEIGHT + list_height));
    // Clicks beside its controls are not the canvas'.
    let ground = ui.interact(area, ui.scope_id().with("find ground"), Sense::click_and_drag());
    ground.widget_info(|| WidgetInfo::labeled(Role::Search, true, "Find in the graph"));
    ui.painter().rect(area, 6.0, tokens.raised, egui::Stroke::new(1.0, tokens.line), egui::StrokeKind::Inside);
    let mut step = std::mem::take(&mut view.steps);
    let builder = egui::UiBuilder::new().max_rect(area.with_max_y(area.top() + FIELD_HEIGHT).shrink2(vec2(6.0, 4.0)));
    ui.scope_builder(builder.layout(Layout::right_to_left(Align::Center)), |ui| {
        ui.spacing_mut().item_spacing.x = 2.0;
        if widgets::glyph_button(ui, Glyph::Close, "Close find").clicked() {
            view.close();
        }
        step += i32::from(widgets::glyph_button(ui, Glyph::SortDown, "Next hit").on_hover_text("Next (Enter, F3)").clicked());
        step -= i32::from(widgets::glyph_button(ui, Glyph::SortUp, "Previous hit").on_hover_text("Previous (Shift+Enter)").clicked());
        let (count, words) = count(view, document, hits.len());
        if !count.is_empty() {
            let label = ui.label(RichText::new(count).font(theme::small_number_font()).color(tokens.dim));
            label.widget_info(|| WidgetInfo::labeled(Role::Label, true, &words));
        }
        step += field(ui, view);
    });
    if step != 0 && !hits.is_empty() {
        let last = hits.len() as i64 - 1;
        let next = match view.at {
            None if step > 0 => 0,
            None => last,
            // Round and round.
            Some(at) => (at as i64 + i64::from(step)).rem_euclid(last + 1),
        };
        view.at = Some(next as usize);
        let OperationRef { graph, operation } = hits[next as usize];
        commands.push(Command::Select { graph, operation, fly: true });
    }
    if is_listed {
        let list = area.with_min_y(area.top() + FIELD_HEIGHT);
        ui.painter().hline(list.x_range(), list.top(), egui::Stroke::new(1.0, tokens.line));
        let inner = egui::UiBuilder::new().max_rect(list.shrink(1.0)).layout(Layout::top_down(Align::Min));
        ui.scope_builder(inner, |ui| rows(ui, document, view, hits, step != 0, commands));
    }
    area
}

/// What the field says beside the words: short, and to be said.
fn count(view: &FindView, document: &Document, hits: usize) -> (String, String) {
    if view.text.trim().is_empty() {
        return Default::default();
    }
    match (&document.found, hits) {
        (Progress::Ready(found), 0) if found.text == view.text => ("none".to_owned(), "No operation matches".to_owned()),
        (_, 0) => ("…".to_owned(), "Looking".to_owned()),
        (_, hits) => {
            let all = names::thousands(hits as u64);
            let plural = if hits == 1 { "" } else { "s" };
            match view.at {
                Some(at) => (format!("{}/{all}", at + 1), format!("Hit {} of {all}", at + 1)),
                None => (all.clone(), format!("{all} operation{plural} found")),
            }
        }
    }
}

/// The text field; how many steps its keys ask for.
fn field(ui: &mut egui::Ui, view: &mut FindView) -> i32 {
    let hint = "Find: name, type:conv, shape:3x3";
    let edit = TextEdit::singleline(&mut view.text)
        .id_salt("find in the graph")
        .hint_text(hint)
        .desired_width(ui.available_width())
        .margin(vec2(6.0, 4.0));
    let field = ui.add(edit).accessible_name("Find operations in the graph");
    if std::mem::take(&mut view.wants_focus) {
        field.request_focus();
        // What stands there is replaced by what is typed.
        if let Some(mut state) = egui::text_edit::TextEditState::load(ui.ctx(), field.id) {
            let all = egui::text::CCursorRange::two(egui::text::CCursor::new(0), egui::text::CCursor::new(view.text.chars().count()));
            state.cursor.set_char_range(Some(all));
            state.store(ui.ctx(), field.id);
        }
    }
    let mut step = 0;
    if field.lost_focus() {
        let (enter, shift, escape) =
            ui.input(|input| (input.key_pressed(Key::Enter), input.modifiers.shift, input.key_pressed(Key::Escape)));
        if enter {
            step = if shift { -1 } else { 1 };
            field.request_focus();
        } else if escape {
            view.close();
        }
    }
    field.on_hover_text("Words are ANDed, \"quotes\" are exact; type:conv dtype:i8 role:bias shape:3x3 and >1M parameters");
    step
}

fn rows(ui: &mut egui::Ui, document: &Document, view: &mut FindView, hits: &[OperationRef], is_new: bool, commands: &mut Vec<Command>) {
    ui.spacing_mut().item_spacing.y = 0.0;
    let mut scroll = ScrollArea::vertical().auto_shrink(false).id_salt("hits");
    if let Some(at) = view.at.filter(|_| is_new) {
        let middle = ui.available_height() / 2.0 - ROW_HEIGHT / 2.0;
        scroll = scroll.vertical_scroll_offset((at as f32 * ROW_HEIGHT - middle).max(0.0));
    }
    scroll.show_rows(ui, ROW_HEIGHT, hits.len(), |ui, range| {
        for at in range {
            let OperationRef { graph, operation } = hits[at];
            let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW_HEIGHT), Sense::click());
            let found = document.opened.model.operation(hits[at]);
            let name = document.label(graph, operation);
            let is_at = view.at == Some(at);
            response.widget_info(|| WidgetInfo::selected(Role::ListItem, true, is_at, format!("Hit {name}, {}", found.kind)));
            let tokens = Tokens::of(ui);
            if is_at {
                ui.painter().rect_filled(rect, 0.0, tokens.selection);
            } else if response.hovered() {
                ui.painter().rect_filled(rect, 0.0, tokens.control);
            }
            let square = Rect::from_center_size(pos2(rect.left() + 13.0, rect.center().y), vec2(8.0, 8.0));
            ui.painter().rect_filled(square, 2.0, tokens.families.of(Family::of(&found.kind)));
            let kind = widgets::fit_text(ui, &found.kind, theme::small_number_font(), tokens.dim, rect.width() * 0.4);
            let kind_at = pos2(rect.right() - 10.0 - kind.size().x, rect.center().y - kind.size().y / 2.0);
            let room = kind_at.x - rect.left() - 34.0;
            ui.painter().galley(kind_at, kind, tokens.dim);
            let name = widgets::fit_text(ui, name, theme::text_font(), tokens.text, room);
            ui.painter().galley(pos2(rect.left() + 24.0, rect.center().y - name.size().y / 2.0), name, tokens.text);
            if response.hovered() {
                commands.push(Command::PointAt(hits[at]));
            }
            if response.clicked() {
                view.at = Some(at);
                commands.push(Command::Select { graph, operation, fly: true });
            }
            response.on_hover_text(found.name.as_str());
        }
    });
}
