//! The few controls that panels share.

#[allow(dead_code, reason = "generated: a glyph is drawn before the control that will show it is written")]
mod glyph;
mod glyph_paint;

use std::sync::Arc;

use egui::accesskit::Role;
use egui::{Align, Color32, FontId, Galley, Layout, Pos2, Rect, Response, RichText, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2};

use super::theme::{self, HEAD_HEIGHT, Tokens};

pub use glyph::Glyph;

/// A box over everything else, with the margins of a window.
pub fn modal(ctx: &egui::Context, name: &str) -> egui::Modal {
    egui::Modal::new(egui::Id::unique(name)).frame(egui::Frame::window(&ctx.style_of(ctx.theme())))
}

/// A box to tick, with a line around it that is seen on any ground.
pub fn checkbox(ui: &mut Ui, is_ticked: &mut bool, text: &str) -> Response {
    let style = Arc::clone(ui.style());
    let line = Stroke::new(1.0, Tokens::of(ui).dim);
    let states = &mut ui.visuals_mut().widgets;
    (states.inactive.bg_stroke, states.hovered.bg_stroke) = (line, line);
    let response = ui.checkbox(is_ticked, text);
    ui.set_style(style);
    response
}

/// A panel's one-line head: title, what it shows, and its few controls at the right. Returns
/// whether the person began to drag the panel by it.
pub fn head(ui: &mut Ui, title: &str, shows: &str, controls: impl FnOnce(&mut Ui)) -> bool {
    head_with(ui, title, &[shows], controls)
}

/// [`head`] with what the panel shows in several lengths, longest first: the first that fits is
/// written, and only the last is ever cut (a number with its middle gone is another number).
pub fn head_with(ui: &mut Ui, title: &str, shows: &[&str], controls: impl FnOnce(&mut Ui)) -> bool {
    let tokens = Tokens::of(ui);
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), HEAD_HEIGHT), Sense::hover());
    ui.painter().hline(rect.x_range(), rect.bottom(), Stroke::new(1.0, tokens.line));
    let title_galley = ui.painter().layout_no_wrap(title.to_owned(), theme::strong_font(), tokens.text);
    let at = pos2(rect.left() + 12.0, rect.center().y - title_galley.size().y / 2.0);
    let title_end = at.x + title_galley.size().x;
    ui.painter().galley(at, title_galley, tokens.text);
    let right = Rect::from_min_max(pos2(title_end + 12.0, rect.top()), pos2(rect.right() - 8.0, rect.bottom()));
    let builder = egui::UiBuilder::new().max_rect(right).layout(Layout::right_to_left(Align::Center));
    let controls_left = ui.scope_builder(builder, |ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        controls(ui);
        let room = ui.available_width() - 8.0;
        let font = FontId::proportional(12.0);
        let width = |text: &str| ui.painter().layout_no_wrap(text.to_owned(), font.clone(), tokens.dim).size().x;
        let fitting = shows.iter().find(|text| width(text) <= room).or(shows.last());
        if let Some(text) = fitting.filter(|text| !text.is_empty() && room > 24.0) {
            let galley = fit_text(ui, text, font.clone(), tokens.dim, room);
            let at = pos2(right.left(), rect.center().y - galley.size().y / 2.0);
            ui.painter().galley(at, galley, tokens.dim);
        }
        ui.cursor().right()
    });
    // The controls may be fewer than the head is high; what follows begins below it all the same.
    ui.advance_cursor_after_rect(rect);
    // Only beside the controls: a press on a button must not take the panel along. And a click on
    // the handle is none: a panel moves by a real movement.
    let grip = rect.with_max_x(controls_left.inner.max(rect.left()));
    let handle = ui.interact(grip, ui.scope_id().with(("head", title)), Sense::click_and_drag());
    let all_shown = shows.first().copied().unwrap_or_default();
    let spoken = if all_shown.is_empty() { format!("{title} panel") } else { format!("{title} panel: {all_shown}") };
    handle.widget_info(|| WidgetInfo::labeled(Role::Heading, true, &spoken));
    // A long press without a movement is a drag to egui, and its release would drop the panel.
    const DRAG_DISTANCE: f32 = 8.0;
    let travelled = ui.input(|input| input.pointer.press_origin().zip(input.pointer.latest_pos()));
    handle.dragged() && travelled.is_some_and(|(from, to)| from.distance(to) > DRAG_DISTANCE)
}

/// A small button on the control colour.
pub fn chip(ui: &mut Ui, text: &str) -> Response {
    ui.add(egui::Button::new(RichText::new(text).size(12.0)).min_size(vec2(0.0, 20.0)))
}

/// A chip that is on or off.
pub fn toggle(ui: &mut Ui, text: &str, on: bool) -> Response {
    named_toggle(ui, text, text, on)
}

/// A chip that is on or off, with a name that says more than its text.
pub fn named_toggle(ui: &mut Ui, text: &str, name: &str, on: bool) -> Response {
    let tokens = Tokens::of(ui);
    let mut button = egui::Button::new(RichText::new(text).size(12.0)).min_size(vec2(0.0, 20.0)).selected(on);
    if on {
        button = button.fill(tokens.selection).stroke(Stroke::new(1.0, tokens.accent));
    }
    let response = ui.add(button);
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, on, name));
    response
}

/// A head of a section in the inspector.
pub fn section(ui: &mut Ui, text: &str) {
    let tokens = Tokens::of(ui);
    ui.add_space(10.0);
    ui.label(RichText::new(text.to_uppercase()).font(FontId::new(11.0, theme::semibold())).color(tokens.dim));
    ui.add_space(2.0);
}

/// A section's head with a link at its right; whether that was clicked.
pub fn section_with_link(ui: &mut Ui, text: &str, link: &str) -> bool {
    section(ui, text);
    let tokens = Tokens::of(ui);
    let galley = ui.painter().layout_no_wrap(link.to_owned(), theme::small_font(), tokens.accent);
    let bottom = ui.cursor().top() - 4.0;
    let at = Rect::from_min_size(pos2(ui.max_rect().right() - galley.size().x, bottom - galley.size().y), galley.size());
    let response = ui.interact(at.expand(3.0), ui.scope_id().with((text, link)), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Link, true, format!("{link} {text}")));
    ui.painter().galley(at.min, galley, tokens.accent);
    response.on_hover_cursor(egui::CursorIcon::PointingHand).clicked()
}

/// A line of the inspector: a key at the left, a value at the right, all of it on hover.
pub fn key_value(ui: &mut Ui, key: &str, value: &str, hover: &str) -> Response {
    Line { indent: 0.0, shown: key, key, color: Tokens::of(ui).dim, value, hover, role: Role::Label }.show(ui)
}

/// How much further in the next depth of a tree is, in points.
const STEP: f32 = 10.0;

/// A line whose key leads somewhere; whether it was clicked.
pub fn key_value_link(ui: &mut Ui, key: &str, value: &str, hover: &str) -> bool {
    entry_link(ui, key, value, hover, 0)
}

/// [`key_value_link`], `depth` steps further in.
pub fn entry_link(ui: &mut Ui, key: &str, value: &str, hover: &str, depth: usize) -> bool {
    let line = Line { indent: STEP * depth as f32, shown: key, key, color: Tokens::of(ui).accent, value, hover, role: Role::Link };
    line.show(ui).on_hover_cursor(egui::CursorIcon::PointingHand).clicked()
}

/// A line of a tree: `way` is the whole way to it, of which the last step is shown, `depth` steps further in.
pub fn entry(ui: &mut Ui, way: &str, value: &str, depth: usize) {
    let shown = if depth == 0 { way } else { way.rsplit('/').next().unwrap_or(way) };
    Line { indent: STEP * depth as f32, shown, key: way, color: Tokens::of(ui).dim, value, hover: "", role: Role::Label }.show(ui);
}

/// A key and its value on one line.
struct Line<'l> {
    /// In points.
    indent: f32,
    /// The key as it is shown, and as it is said in full.
    shown: &'l str,
    key: &'l str,
    color: Color32,
    value: &'l str,
    /// In place of the value, where there is more to say.
    hover: &'l str,
    role: Role,
}

impl Line<'_> {
    fn show(self, ui: &mut Ui) -> Response {
        let tokens = Tokens::of(ui);
        let (whole, response) = ui.allocate_exact_size(vec2(ui.available_width(), 20.0), Sense::click());
        let rect = whole.with_min_x((whole.left() + self.indent).min(whole.center().x));
        // The key yields to the value, which is what the line is for, as long as it can still be told.
        let room_for_both = rect.width() - 12.0;
        let value_width = ui.painter().layout_no_wrap(self.value.to_owned(), theme::number_font(), tokens.text).size().x;
        let key_room = (room_for_both - value_width).max(room_for_both * 0.4);
        let key_galley = fit_text(ui, self.shown, theme::text_font(), self.color, key_room);
        let room = room_for_both - key_galley.size().x;
        let value_galley = fit_text(ui, self.value, theme::number_font(), tokens.text, room);
        if ui.is_rect_visible(rect) {
            ui.painter().galley(pos2(rect.left(), rect.center().y - key_galley.size().y / 2.0), key_galley, self.color);
            let at = pos2(rect.right() - value_galley.size().x, rect.center().y - value_galley.size().y / 2.0);
            ui.painter().galley(at, value_galley, tokens.text);
        }
        response.widget_info(|| WidgetInfo::labeled(self.role, true, format!("{} {}", self.key, self.value)));
        let full = if self.hover.is_empty() { self.value } else { self.hover };
        let response = response.on_hover_text(format!("{}: {full}", self.key));
        response.context_menu(|ui| {
            if ui.button("Copy value").clicked() {
                ui.ctx().copy_text(full.to_owned());
            }
        });
        response
    }
}

/// Text on one line that fits the width; what is too long loses its middle.
pub fn fit_text(ui: &Ui, text: &str, font: FontId, color: Color32, width: f32) -> Arc<Galley> {
    fit_text_at(ui, text, font, color, width, 0.5)
}

/// [`fit_text`] with the part of the room that stands before the ellipsis, 0 to 1.
#[expect(clippy::needless_pass_by_value, reason = "every caller makes its font on the spot")]
pub fn fit_text_at(ui: &Ui, text: &str, font: FontId, color: Color32, width: f32, head: f32) -> Arc<Galley> {
    let text = text.replace(['\n', '\r', '\t'], " ");
    let lay = |text: String| ui.painter().layout_no_wrap(text, font.clone(), color);
    let whole = lay(text.clone());
    if whole.size().x <= width {
        return whole;
    }
    let count = text.chars().count();
    let (mut low, mut high) = (3usize, count.max(3));
    while low + 1 < high {
        let middle = usize::midpoint(low, high);
        let cut = super::names::elide(&text, middle, head);
        if lay(cut).size().x <= width { low = middle } else { high = middle }
    }
    lay(super::names::elide(&text, low, head))
}

/// The width that [`paint_badge`] takes.
pub fn badge_width(ui: &Ui, text: &str) -> f32 {
    ui.painter().layout_no_wrap(text.to_owned(), theme::small_number_font(), Color32::WHITE).size().x + 8.0
}

/// A small framed word (an element type); `left_center` is the middle of its left side.
pub fn paint_badge(ui: &Ui, left_center: Pos2, text: &str) {
    let tokens = Tokens::of(ui);
    let galley = ui.painter().layout_no_wrap(text.to_owned(), theme::small_number_font(), tokens.dim);
    let rect = Rect::from_min_size(pos2(left_center.x, left_center.y - 8.0), vec2(galley.size().x + 8.0, 16.0));
    ui.painter().rect(rect, 3.0, Color32::TRANSPARENT, Stroke::new(1.0, tokens.line), StrokeKind::Inside);
    ui.painter().galley(pos2(rect.left() + 4.0, rect.center().y - galley.size().y / 2.0), galley, tokens.dim);
}

/// A square button with a glyph; `name` is for screen readers and tests.
pub fn glyph_button(ui: &mut Ui, glyph: Glyph, name: &str) -> Response {
    let (rect, response) = ui.allocate_exact_size(vec2(24.0, 24.0), Sense::click());
    paint_glyph_button(ui, rect, glyph, name, response)
}

/// [`glyph_button`] at a given place.
pub fn glyph_at(ui: &Ui, rect: Rect, glyph: Glyph, name: &str, salt: impl std::hash::Hash + std::fmt::Debug) -> Response {
    let response = ui.interact(rect, ui.scope_id().with(salt), Sense::click());
    paint_glyph_button(ui, rect, glyph, name, response)
}

fn paint_glyph_button(ui: &Ui, rect: Rect, glyph: Glyph, name: &str, response: Response) -> Response {
    let tokens = Tokens::of(ui);
    response.widget_info(|| WidgetInfo::labeled(Role::Button, ui.is_enabled(), name));
    if response.hovered() {
        ui.painter().rect_filled(rect, 4.0, tokens.control);
    }
    let color = if response.hovered() { tokens.text } else { tokens.dim };
    let side = (rect.width().min(rect.height()) - 4.0).min(16.0);
    glyph.paint(ui.painter(), Rect::from_center_size(rect.center(), vec2(side, side)), color);
    response
}

/// The program's sign: four cells of a kernel.
pub fn logo(ui: &mut Ui, side: f32) -> Response {
    let (rect, response) = ui.allocate_exact_size(vec2(side, side), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, "Weightscope"));
    paint_logo(ui.painter(), rect);
    response
}

pub fn paint_logo(painter: &egui::Painter, rect: Rect) {
    let unit = rect.width() / 18.0;
    painter.rect_filled(rect, 4.0 * unit, theme::LOGO[0]);
    for (position, color) in (0u8..).zip(&theme::LOGO[1..]) {
        let (column, row) = (f32::from(position % 2), f32::from(position / 2));
        let corner = rect.min + vec2(3.5 + column * 5.75, 3.5 + row * 5.75) * unit;
        painter.rect_filled(Rect::from_min_size(corner, vec2(5.25, 5.25) * unit), unit, *color);
    }
}

/// The designed state of a panel that has nothing to show: a sentence, and the one thing that helps.
pub fn empty_state(ui: &mut Ui, sentence: &str, help: Option<&str>) -> bool {
    let tokens = Tokens::of(ui);
    let mut clicked = false;
    let area = ui.available_rect_before_wrap();
    let middle = Rect::from_center_size(area.center(), vec2((area.width() - 32.0).clamp(40.0, 380.0), 72.0));
    ui.scope_builder(egui::UiBuilder::new().max_rect(middle).layout(Layout::top_down(Align::Center)), |ui| {
        ui.label(RichText::new(sentence).color(tokens.dim));
        if let Some(help) = help {
            ui.add_space(8.0);
            clicked = ui.button(help).clicked();
        }
    });
    ui.advance_cursor_after_rect(area);
    clicked
}
