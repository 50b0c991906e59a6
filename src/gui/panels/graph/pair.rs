//! Where the selected operation stands in an open comparison, in the lower left corner of the canvas; a click leads to
//! the pair.

use egui::accesskit::Role;
use egui::{Rect, Sense, Stroke, StrokeKind, WidgetInfo, pos2, vec2};

use crate::gui::command::Command;
use crate::gui::compare::Request;
use crate::gui::state::Document;
use crate::gui::theme::{self, Tokens};
use crate::gui::widgets;

const HEIGHT: f32 = 26.0;

/// The place that it takes; nothing where there is no pair.
pub fn show(ui: &egui::Ui, document: &Document, canvas: Rect, commands: &mut Vec<Command>) -> Rect {
    let weight = document.selected.and(document.weight);
    let Some((site, paired)) = weight.and_then(|site| Some((site, document.paired.get(&site)?))) else { return Rect::NOTHING };
    let tokens = Tokens::of(ui);
    let room = (canvas.width() - 16.0).max(0.0);
    let text = format!("Pair: {}", paired.summary);
    let galley = widgets::fit_text(ui, &text, theme::small_font(), tokens.accent, room - 20.0);
    let size = vec2(galley.size().x + 20.0, HEIGHT);
    let rect = Rect::from_min_size(pos2(canvas.left() + 8.0, canvas.bottom() - 8.0 - HEIGHT), size);
    if rect.width() > room || !canvas.contains_rect(rect) {
        return Rect::NOTHING;
    }
    let response = ui.interact(rect, ui.scope_id().with("pair of the selection"), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Link, true, &text));
    let fill = if response.hovered() { tokens.selection } else { tokens.panel };
    ui.painter().rect(rect, theme::CONTROL_RADIUS, fill, Stroke::new(1.0, tokens.line), StrokeKind::Inside);
    ui.painter().galley(pos2(rect.left() + 10.0, rect.center().y - galley.size().y / 2.0), galley, tokens.accent);
    let response = response.on_hover_cursor(egui::CursorIcon::PointingHand).on_hover_text("Show the pair in the comparison");
    if response.clicked() {
        commands.push(Request::ShowPair { document: document.number, site }.into());
    }
    rect
}
