//! Where the error of the pair on display comes from: one stacked bar, and the same in words.

use egui::accesskit::Role;
use egui::{Color32, Rect, RichText, ScrollArea, Sense, WidgetInfo, pos2, vec2};

use super::state::Comparison;
use crate::compare::words;
use crate::gui::theme::{self, Tokens};
use crate::gui::widgets;

pub fn show(ui: &mut egui::Ui, comparison: &Comparison) -> bool {
    let row = comparison.selected_row();
    let grid = row.and_then(|row| row.anatomy.as_ref()).map_or(String::new(), |anatomy| {
        let side = if anatomy.is_of_a { "A" } else { "B" };
        let codes = anatomy.codebook.map_or_else(|| format!("{} bits", anatomy.bits), |(name, count)| format!("{name}, {count} codes"));
        format!("{side}: {codes}, {}", words::grid_text(anatomy))
    });
    let is_dragged = widgets::head(ui, "Where the error comes from", &grid, |_| {});
    let Some(row) = row else {
        widgets::empty_state(ui, "Select a pair to see where its error comes from", None);
        return is_dragged;
    };
    let tokens = Tokens::of(ui);
    let area = ui.available_rect_before_wrap().shrink2(vec2(14.0, 10.0));
    ui.scope_builder(egui::UiBuilder::new().max_rect(area), |ui| {
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            if let Some(anatomy) = &row.anatomy {
                let parts: Vec<(&str, f64, Color32)> = anatomy
                    .shares
                    .parts()
                    .into_iter()
                    .zip(colours(tokens))
                    .filter(|((_, share), _)| *share > 0.0)
                    .map(|((name, share), colour)| (name, share, colour))
                    .collect();
                bar(ui, &parts);
                legend(ui, &parts);
                ui.add_space(8.0);
            }
            for (number, sentence) in row.sentences.iter().enumerate() {
                let colour = if number == 0 { tokens.text } else { tokens.dim };
                ui.label(RichText::new(sentence).color(colour));
            }
            if let Some(advice) = words::advice(row.anatomy.as_ref()) {
                ui.add_space(2.0);
                ui.label(RichText::new(advice).color(tokens.dim));
            }
        });
    });
    is_dragged
}

/// In the order of `Shares::parts`.
fn colours(tokens: &Tokens) -> [Color32; 5] {
    let families = &tokens.families;
    [families.convolution, families.matrix, families.depthwise, families.elementwise, families.movement]
}

fn bar(ui: &mut egui::Ui, parts: &[(&str, f64, Color32)]) {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 22.0), Sense::hover());
    let spoken: Vec<String> = parts.iter().map(|(name, share, _)| format!("{name} {}", percent(*share))).collect();
    let spoken = format!("Error: {}", spoken.join(", "));
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, &spoken));
    let total: f64 = parts.iter().map(|(_, share, _)| share).sum();
    let mut left = rect.left();
    for (_, share, colour) in parts {
        let right = left + (share / total.max(f64::MIN_POSITIVE)) as f32 * rect.width();
        ui.painter().rect_filled(Rect::from_min_max(pos2(left, rect.top()), pos2(right, rect.bottom())), 0.0, *colour);
        left = right;
    }
    response.on_hover_text(spoken);
}

fn legend(ui: &mut egui::Ui, parts: &[(&str, f64, Color32)]) {
    ui.add_space(6.0);
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 18.0;
        for (name, share, colour) in parts {
            let galley = ui.painter().layout_no_wrap(format!("{name} {}", percent(*share)), theme::text_font(), Tokens::of(ui).text);
            let (rect, _) = ui.allocate_exact_size(vec2(galley.size().x + 16.0, 20.0), Sense::hover());
            let square = Rect::from_center_size(pos2(rect.left() + 4.0, rect.center().y), vec2(8.0, 8.0));
            ui.painter().rect_filled(square, 1.0, *colour);
            ui.painter().galley(pos2(rect.left() + 16.0, rect.center().y - galley.size().y / 2.0), galley, Tokens::of(ui).text);
        }
    });
}

fn percent(share: f64) -> String {
    if share < 0.005 { "under 1 %".to_owned() } else { format!("{:.0} %", share * 100.0) }
}
