//! The rows of the table of pairs, its head line and the line about the pair on display.

use egui::accesskit::Role;
use egui::{Align, Color32, Layout, Rect, RichText, ScrollArea, Sense, WidgetInfo, pos2, vec2};

use super::state::{Comparison, Status};
use super::views::{Sorting, TableView};
use super::{Request, cells, name_of, pairs};
use crate::compare::table::Row;
use crate::compare::{Column, Grade};
use crate::gui::command::Command;
use crate::gui::theme::{self, Tokens};
use crate::gui::widgets;

const ROW_HEIGHT: f32 = theme::ROW_HEIGHT;
const SIDE: f32 = 10.0;
const GAP: f32 = 10.0;
/// The least and the most room for names.
const NAME: (f32, f32) = (196.0, 320.0);
/// The least room for the phrase at the end of a row.
const READS_AS: f32 = 126.0;
const FOOTER: f32 = 30.0;
/// The strip with the bar that scrolls the figures, where they don't all fit.
const SCROLL: f32 = 10.0;

/// Where things stand in a row. Name and phrase stay where they are; the figures between them have a window of
/// their own, in which they can be scrolled.
struct Places {
    name: f32,
    figures: f32,
    window: f32,
    reads: f32,
}

impl Places {
    fn of(width: f32, columns: &[Column]) -> Self {
        let room = (width - 2.0 * SIDE).max(0.0);
        let figures: f32 = columns.iter().map(|column| cells::width(*column) + GAP).sum();
        let name = (room - figures - READS_AS - GAP).clamp(NAME.0.min(room * 0.36), NAME.1);
        let reads = READS_AS.min(room * 0.24);
        let window = figures.min((room - name - reads - GAP).max(40.0));
        Self { name, figures, window, reads: (room - name - window - GAP).max(0.0) }
    }

    /// Points that the figures can be scrolled.
    fn most(&self) -> f32 {
        (self.figures - self.window).max(0.0)
    }
}

pub fn show(ui: &mut egui::Ui, comparison: &Comparison, view: &mut TableView, commands: &mut Vec<Command>) {
    ui.spacing_mut().item_spacing.y = 0.0;
    let width = ui.available_width();
    let places = Places::of(width, &view.columns);
    if ui.rect_contains_pointer(ui.max_rect()) {
        view.scroll_x -= ui.input(|input| input.smooth_scroll_delta().x);
    }
    view.scroll_x = view.scroll_x.clamp(0.0, places.most());
    header(ui, view, &places);
    let below = FOOTER + if places.most() > 0.0 { SCROLL } else { 0.0 };
    let area = Rect::from_min_size(ui.cursor().min, vec2(width, (ui.available_height() - below).max(0.0)));
    ui.scope_builder(egui::UiBuilder::new().max_rect(area), |ui| list(ui, comparison, view, &places, commands));
    ui.advance_cursor_after_rect(area);
    if places.most() > 0.0 {
        let (strip, _) = ui.allocate_exact_size(vec2(width, SCROLL), Sense::hover());
        scroll_bar(ui, view, &places, strip);
    }
    footer(ui, comparison, commands);
}

/// Tells that there are more figures than are in sight, and moves them.
fn scroll_bar(ui: &egui::Ui, view: &mut TableView, places: &Places, strip: Rect) {
    let track = Rect::from_min_size(pos2(strip.left() + SIDE + places.name, strip.top() + 2.0), vec2(places.window, 6.0));
    let part = places.window / places.figures;
    let thumb = Rect::from_min_size(
        pos2(track.left() + view.scroll_x / places.figures * track.width(), track.top()),
        vec2(track.width() * part, track.height()),
    );
    let response = ui.interact(thumb.expand(2.0), ui.scope_id().with("scroll figures"), Sense::drag());
    response.widget_info(|| WidgetInfo::labeled(Role::ScrollBar, true, "Scroll the figures"));
    if response.dragged() {
        view.scroll_x = (view.scroll_x + response.drag_delta().x / part).clamp(0.0, places.most());
    }
    let tokens = Tokens::of(ui);
    let color = if response.hovered() || response.dragged() { tokens.dim } else { tokens.faint };
    ui.painter().rect_filled(track, 3.0, tokens.control);
    ui.painter().rect_filled(thumb, 3.0, color);
}

/// The window of the figures in a row, the place of each column that is in it as a whole, left to right, and of the
/// phrase: a number that is cut is another number.
fn columns(view: &TableView, places: &Places, row: Rect) -> (Rect, Vec<(Column, Rect)>, Rect) {
    let window = Rect::from_min_size(pos2(row.left() + SIDE + places.name, row.top()), vec2(places.window, row.height()));
    let mut left = window.left() - view.scroll_x;
    let mut found = Vec::new();
    for column in &view.columns {
        let width = cells::width(*column);
        left += GAP;
        if left >= window.left() - 1.0 && left + width <= window.right() + 1.0 {
            found.push((*column, Rect::from_min_size(pos2(left, row.top()), vec2(width, row.height()))));
        }
        left += width;
    }
    let reads = Rect::from_min_max(pos2(row.right() - SIDE - places.reads, row.top()), pos2(row.right() - SIDE, row.bottom()));
    (window, found, reads)
}

fn header(ui: &mut egui::Ui, view: &mut TableView, places: &Places) {
    let tokens = Tokens::of(ui);
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 24.0), Sense::hover());
    let (window, columns, reads) = columns(view, places, rect);
    let head = |ui: &egui::Ui, text: &str, at: Rect, clip: Rect, is_key: bool, is_right: bool, hint: &str| {
        let at_seen = at.intersect(clip);
        if at_seen.width() < 4.0 {
            return false;
        }
        let response = ui.interact(at_seen, ui.scope_id().with(("sort", text)), Sense::click());
        response.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("Sort by {text}")));
        let color = if is_key || response.hovered() { tokens.text } else { tokens.dim };
        let galley = widgets::fit_text(ui, text, theme::small_font(), color, at.width());
        let x = if is_right { at.right() - galley.size().x } else { at.left() };
        ui.painter().with_clip_rect(clip.intersect(ui.clip_rect())).galley(pos2(x, at.center().y - galley.size().y / 2.0), galley, color);
        response.on_hover_text(hint).clicked()
    };
    let at = Rect::from_min_max(pos2(rect.left() + SIDE + 42.0, rect.top()), pos2(window.left(), rect.bottom()));
    let is_named = matches!(view.sorting, Sorting::Name { .. });
    if head(ui, "Layer", at, rect, is_named, false, "The layer and the weight's role in A") {
        view.sorting = Sorting::Name { is_reversed: view.sorting == Sorting::Name { is_reversed: false } };
    }
    for (column, at) in columns {
        let is_key = matches!(view.sorting, Sorting::By(by, _) if by == column)
            || (view.sorting == Sorting::Worst && column == Column::WorstChannelSqnr);
        if head(ui, cells::head(column), at, window, is_key, true, column.explanation()) {
            pairs::sort_by(view, column);
        }
    }
    if head(ui, "reads as", reads, rect, false, true, "Where the difference comes from; a click sorts the worst first") {
        view.sorting = Sorting::Worst;
    }
    ui.painter().hline(rect.x_range(), rect.bottom(), egui::Stroke::new(1.0, tokens.line));
}

fn list(ui: &mut egui::Ui, comparison: &Comparison, view: &mut TableView, places: &Places, commands: &mut Vec<Command>) {
    ui.spacing_mut().item_spacing.y = 0.0;
    if view.order.is_empty() {
        if widgets::empty_state(ui, "No pair matches the filter", Some("Clear the filter")) {
            view.filter.clear();
        }
        return;
    }
    let salt = ("pairs", comparison.number);
    let mut scroll = ScrollArea::vertical().auto_shrink(false).id_salt(salt);
    let is_at = |number: &usize, pair| {
        let of = &comparison.rows[*number].pair;
        (of.a, of.b) == pair
    };
    if let Some(pair) = view.reveal.take()
        && let Some(line) = view.order.iter().position(|number| is_at(number, pair))
    {
        let (top, height) = (line as f32 * ROW_HEIGHT, ui.available_height());
        let id = ui.make_persistent_id(salt);
        let offset = egui::containers::scroll_area::State::load(ui.ctx(), id).map_or(0.0, |state| state.clamped_offset().y);
        if top < offset || top + ROW_HEIGHT > offset + height {
            scroll = scroll.vertical_scroll_offset((top - height / 2.0).max(0.0));
        }
    }
    scroll.show_rows(ui, ROW_HEIGHT, view.order.len(), |ui, range| {
        for line in range {
            let number = view.order[line];
            let grade = view.grades.get(number).copied().flatten();
            show_row(ui, comparison, &comparison.rows[number], grade, view, places, commands);
        }
    });
}

fn show_row(
    ui: &mut egui::Ui,
    comparison: &Comparison,
    row: &Row,
    grade: Option<Grade>,
    view: &TableView,
    places: &Places,
    commands: &mut Vec<Command>,
) {
    let tokens = Tokens::of(ui);
    let pair = (row.pair.a, row.pair.b);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW_HEIGHT), Sense::click());
    let (label, full, _) = name_of(&comparison.sides.a, row.pair.a);
    let role = row.a.role.as_str();
    let is_selected = comparison.selected == Some(pair);
    let (word, sign, color) = verdict(grade, tokens);
    response.widget_info(|| {
        let figures: Vec<String> =
            view.columns.iter().map(|column| format!("{} {}", cells::head(*column), cells::text(row, *column))).collect();
        let text = format!("{label} {role}, {word}, {}, {}", row.reads_as, figures.join(", "));
        WidgetInfo::selected(Role::ListItem, true, is_selected, text)
    });
    if is_selected {
        ui.painter().rect_filled(rect, 0.0, tokens.selection);
    } else if response.hovered() {
        ui.painter().rect_filled(rect, 0.0, tokens.raised);
    }
    let middle = rect.center().y;
    let tick = Rect::from_center_size(pos2(rect.left() + SIDE + 6.0, middle), vec2(14.0, 14.0));
    tick_box(ui, comparison, pair, tick, &format!("{label} {role}"), commands);
    let square = Rect::from_center_size(pos2(rect.left() + SIDE + 26.0, middle), vec2(8.0, 8.0));
    ui.painter().rect_filled(square, 2.0, color);
    ui.painter().text(pos2(square.right() + 2.0, middle), egui::Align2::LEFT_CENTER, sign, theme::small_number_font(), color);
    let (window, columns, reads) = columns(view, places, rect);
    let name_left = rect.left() + SIDE + 46.0;
    let room = window.left() - name_left;
    let dimmed = widgets::fit_text(ui, &format!(" {role}"), theme::text_font(), tokens.dim, room * 0.4);
    let name = widgets::fit_text(ui, &label, theme::text_font(), tokens.text, (room - dimmed.size().x).max(40.0));
    let clip = ui.painter().with_clip_rect(rect.with_max_x(window.left()).intersect(ui.clip_rect()));
    let role_at = pos2(name_left + name.size().x, middle - dimmed.size().y / 2.0);
    clip.galley(pos2(name_left, middle - name.size().y / 2.0), name, tokens.text);
    clip.galley(role_at, dimmed, tokens.dim);
    let clip = ui.painter().with_clip_rect(window.intersect(ui.clip_rect()));
    let pointer = response.hover_pos();
    let mut hovered_figure = None;
    for (column, at) in columns {
        let text = cells::text(row, column);
        let colour = if text == "–" { tokens.faint } else { tokens.text };
        let galley = widgets::fit_text(ui, &text, egui::FontId::monospace(11.5), colour, at.width() + GAP - 4.0);
        clip.galley(pos2(at.right() - galley.size().x, middle - galley.size().y / 2.0), galley, colour);
        if pointer.is_some_and(|pointer| at.intersect(window).contains(pointer)) {
            hovered_figure = Some(format!("{}: {}\n{}", column.title(), cells::exact(row, column), column.explanation()));
        }
    }
    let words = row.outcome.as_ref().map_or_else(String::as_str, |_| row.reads_as.as_str());
    let galley = widgets::fit_text(ui, words, egui::FontId::proportional(12.0), tokens.dim, reads.width());
    let phrase_at = pos2(reads.right() - galley.size().x, middle - galley.size().y / 2.0);
    ui.painter().galley(phrase_at, galley, tokens.dim);
    if response.clicked() {
        commands.push(Request::Select { comparison: comparison.number, pair }.into());
    }
    context_menu(&response, comparison, row, commands);
    response.on_hover_text(hovered_figure.unwrap_or_else(|| hover(comparison, row, &full)));
}

/// A word, a sign and a colour.
pub fn verdict(grade: Option<Grade>, tokens: &Tokens) -> (&'static str, &'static str, Color32) {
    match grade {
        Some(Grade::Good) => ("good", "", tokens.good),
        Some(Grade::Doubtful) => ("doubtful", "!", tokens.warn),
        Some(Grade::Bad) => ("bad", "‼", tokens.bad),
        None => ("not compared", "?", tokens.faint),
    }
}

fn tick_box(
    ui: &egui::Ui,
    comparison: &Comparison,
    pair: (crate::weights::Site, crate::weights::Site),
    rect: Rect,
    label: &str,
    commands: &mut Vec<Command>,
) {
    let tokens = Tokens::of(ui);
    let is_ticked = comparison.ticked.contains(&pair);
    let response = ui.interact(rect.expand(3.0), ui.scope_id().with(("tick", pair)), Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::CheckBox, true, is_ticked, format!("Tick {label} for the fix list")));
    let stroke = egui::Stroke::new(1.0, if is_ticked || response.hovered() { tokens.text } else { tokens.faint });
    ui.painter().rect_stroke(rect, 3.0, stroke, egui::StrokeKind::Inside);
    if is_ticked {
        let at = |x: f32, y: f32| rect.min + vec2(x, y);
        ui.painter().line(vec![at(3.0, 7.0), at(6.0, 10.5), at(11.0, 4.0)], egui::Stroke::new(1.6, tokens.text));
    }
    if response.on_hover_text("Tick it for the fix list: layers to leave in float").clicked() {
        commands.push(Request::Tick { comparison: comparison.number, pair }.into());
    }
}

fn context_menu(response: &egui::Response, comparison: &Comparison, row: &Row, commands: &mut Vec<Command>) {
    let (number, pair) = (comparison.number, (row.pair.a, row.pair.b));
    response.context_menu(|ui| {
        if ui.button("Show A in its graph").clicked() {
            commands.push(Request::ShowInModel { comparison: number, is_of_a: true, site: pair.0 }.into());
        }
        if ui.button("Show B in its graph").clicked() {
            commands.push(Request::ShowInModel { comparison: number, is_of_a: false, site: pair.1 }.into());
        }
        if comparison.of_weights.is_none() && ui.button("Break this pair").clicked() {
            commands.push(Request::BreakPair { comparison: number, pair }.into());
        }
        if ui.button("Copy name").clicked() {
            ui.ctx().copy_text(row.a.name.clone());
        }
    });
}

fn hover(comparison: &Comparison, row: &Row, full: &str) -> String {
    let (_, full_b, _) = name_of(&comparison.sides.b, row.pair.b);
    let role_b = &row.b.role;
    let sentences = row.sentences.join("\n");
    format!("A {full}\nB {full_b} ({role_b})\n{}\n{sentences}", evidence(row))
}

/// What speaks for a pair: `97 % sure: name, shape, content`.
fn evidence(row: &Row) -> String {
    let reasons: Vec<&str> = row.pair.reasons.iter().map(|reason| reason.name()).collect();
    if reasons == ["hand"] {
        "paired by hand".to_owned()
    } else {
        format!("{:.0} % sure: {}", row.pair.confidence * 100.0, reasons.join(", "))
    }
}

/// What speaks for the pair on display, and what can be done with it; or how far the work is.
fn footer(ui: &mut egui::Ui, comparison: &Comparison, commands: &mut Vec<Command>) {
    let tokens = Tokens::of(ui);
    ui.painter().hline(ui.max_rect().x_range(), ui.cursor().top(), egui::Stroke::new(1.0, tokens.line));
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        ui.add_space(8.0);
        ui.spacing_mut().item_spacing.x = 6.0;
        match comparison.status {
            Status::Running => {
                if widgets::chip(ui, "Cancel").clicked() {
                    commands.push(Request::Cancel(comparison.number).into());
                }
            }
            Status::Cancelled | Status::Failed(_) => {
                if widgets::chip(ui, "Compare the rest").clicked() {
                    commands.push(Request::Continue(comparison.number).into());
                }
            }
            Status::Done => {}
        }
        let Some(row) = comparison.selected_row() else { return };
        let pair = (row.pair.a, row.pair.b);
        if comparison.of_weights.is_none() && widgets::chip(ui, "Break pair").on_hover_text("These two do not belong together").clicked() {
            commands.push(Request::BreakPair { comparison: comparison.number, pair }.into());
        }
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            ui.add_space(12.0);
            let (_, full_b, _) = name_of(&comparison.sides.b, pair.1);
            let relation = row.relation().map_or("not compared", |relation| relation.name());
            let line = format!("{relation} · {} · B: {full_b}", evidence(row));
            let galley = widgets::fit_text(ui, &line, egui::FontId::proportional(12.0), tokens.dim, ui.available_width() - 8.0);
            let label = ui.add(egui::Label::new(RichText::new(galley.text()).size(12.0).color(tokens.dim)));
            label.on_hover_text(row.relation().map_or(line.as_str(), |relation| relation.sentence()));
        });
    });
}
