//! What the window shows while files hover over it: where they will go.

use egui::{Align2, Id, LayerId, Order, Stroke, StrokeKind};

use crate::gui::compare::drop_choice;
use crate::gui::state::State;
use crate::gui::theme::{self, DARK, LIGHT};

pub fn show(ctx: &egui::Context, state: &State) {
    let hovered = ctx.input(|input| input.raw.hovered_files.len());
    if hovered == 0 {
        return;
    }
    let tokens = if ctx.global_style().visuals.dark_mode { &DARK } else { &LIGHT };
    let rect = ctx.content_rect();
    let painter = ctx.layer_painter(LayerId::new(Order::Foreground, Id::unique("drop target")));
    painter.rect(rect, 0.0, tokens.background.gamma_multiply(0.85), Stroke::NONE, StrokeKind::Inside);
    if hovered == 1
        && let Some(texts) = drop_choice::texts(state)
    {
        for (place, text) in drop_choice::places(rect).into_iter().zip(texts) {
            drop_choice::paint(&painter, tokens, place, &text, false);
        }
        return;
    }
    let frame = rect.shrink(24.0);
    let corners = [frame.left_top(), frame.right_top(), frame.right_bottom(), frame.left_bottom(), frame.left_top()];
    painter.extend(egui::Shape::dashed_line(&corners, Stroke::new(2.0, tokens.accent), 10.0, 6.0));
    let text = match hovered {
        1 => "Open".to_owned(),
        2 => "Open and compare".to_owned(),
        count => format!("Open {count} files"),
    };
    let font = egui::FontId::new(22.0, theme::semibold());
    painter.text(rect.center(), Align2::CENTER_CENTER, text, font, tokens.text);
}
