//! Sentences in the corner: what was done, and what could not be done. The rest goes on.

use egui::{Align, Align2, Id, Layout, RichText, vec2};

use super::command::Command;
use super::state::{NoticeKind, State};
use super::theme::Tokens;
use super::widgets::{self, Glyph};

pub fn show(ctx: &egui::Context, state: &State, commands: &mut Vec<Command>) {
    if state.notices.is_empty() {
        return;
    }
    ctx.request_repaint_after(std::time::Duration::from_secs(1));
    egui::Area::new(Id::unique("notices")).anchor(Align2::RIGHT_BOTTOM, vec2(-16.0, -40.0)).order(egui::Order::Foreground).show(
        ctx,
        |ui| {
            ui.set_max_width(440.0);
            for (position, notice) in state.notices.iter().enumerate() {
                show_one(ui, position, notice.kind, &notice.text, commands);
                ui.add_space(8.0);
            }
        },
    );
}

fn show_one(ui: &mut egui::Ui, position: usize, kind: NoticeKind, text: &str, commands: &mut Vec<Command>) {
    let tokens = Tokens::of(ui);
    let (color, word) = match kind {
        NoticeKind::Done => (tokens.good, "Done"),
        NoticeKind::Error => (tokens.bad, "Error"),
    };
    let frame = egui::Frame::popup(ui.style()).inner_margin(egui::Margin { left: 16, right: 8, top: 8, bottom: 10 });
    let shown = frame.show(ui, |ui| {
        ui.set_width(400.0);
        ui.with_layout(Layout::right_to_left(Align::Min), |ui| {
            if widgets::glyph_button(ui, Glyph::Close, "Dismiss").clicked() {
                commands.push(Command::DismissNotice(position));
            }
            ui.with_layout(Layout::top_down(Align::Min), |ui| {
                ui.label(RichText::new(word).color(color).size(11.0));
                ui.add(egui::Label::new(RichText::new(text).color(tokens.text)).wrap());
            });
        });
    });
    let edge = shown.response.rect.with_max_x(shown.response.rect.left() + 4.0);
    ui.painter().rect_filled(edge, egui::CornerRadius { nw: 6, sw: 6, ne: 0, se: 0 }, color);
}
