//! A constant of strings as a list of texts, which stands where the heatmap of numbers would.

use egui::{RichText, ScrollArea};

use crate::formats::one_line;
use crate::gui::theme::{ROW_HEIGHT, Tokens};
use crate::gui::{names, widgets};
use crate::values::text::Texts;

/// Characters of a text in its row, and in the tooltip.
const IN_ROW: usize = 400;
const IN_TOOLTIP: usize = 4000;
const SIZE: f32 = 12.0;

pub fn show(ui: &mut egui::Ui, document: u64, texts: &Texts<'_>) {
    if texts.is_empty() {
        widgets::empty_state(ui, "This constant holds no strings", None);
        return;
    }
    let tokens = Tokens::of(ui);
    let margin = egui::Margin { left: 12, right: 12, top: 8, bottom: 8 };
    egui::Frame::NONE.inner_margin(margin).show(ui, |ui| {
        let count = texts.len();
        ui.label(
            RichText::new(format!("{} string{}", names::thousands(count as u64), if count == 1 { "" } else { "s" })).color(tokens.dim),
        );
        ui.add_space(4.0);
        // As many digits as the last number has, so that the texts stand in line.
        let digits = count.saturating_sub(1).to_string().len();
        ScrollArea::both().auto_shrink(false).id_salt(("texts", document)).show_rows(ui, ROW_HEIGHT, count, |ui, range| {
            for index in range {
                ui.horizontal(|ui| {
                    ui.label(RichText::new(format!("{index:>digits$}")).font(egui::FontId::monospace(SIZE)).color(tokens.dim));
                    let text = beginning(texts.get(index), IN_ROW);
                    let label = egui::Label::new(RichText::new(&text).font(egui::FontId::monospace(SIZE))).extend();
                    ui.add(label).on_hover_ui(|ui| {
                        ui.label(beginning(texts.get(index), IN_TOOLTIP));
                    });
                });
            }
        });
    });
}

/// So many characters of a text, on one line; an empty one shows that it is one.
fn beginning(text: &[u8], characters: usize) -> String {
    // A character has up to four bytes.
    let part = text.get(..characters * 4).unwrap_or(text);
    let decoded = String::from_utf8_lossy(part);
    let shown: String = decoded.chars().take(characters).collect();
    let more = if shown.len() < decoded.len() || part.len() < text.len() { "…" } else { "" };
    if text.is_empty() { "(empty)".to_owned() } else { one_line(&shown) + more }
}
