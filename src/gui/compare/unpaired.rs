//! What is only in A or only in B, side by side, to be made pairs by hand; and what is in a model twice.

use egui::accesskit::Role;
use egui::{Rect, RichText, ScrollArea, Sense, WidgetInfo, pos2, vec2};

use super::state::Comparison;
use super::views::TableView;
use super::{Request, name_of};
use crate::gui::command::Command;
use crate::gui::theme::{self, ROW_HEIGHT, Tokens};
use crate::gui::widgets;
use crate::jobs::Opened;
use crate::weights::Site;

const FOOTER: f32 = 34.0;

pub fn show(ui: &mut egui::Ui, comparison: &Comparison, view: &mut TableView, commands: &mut Vec<Command>) {
    let Some(pairing) = &comparison.pairing else { return };
    let area = ui.available_rect_before_wrap();
    let lists = area.with_max_y((area.bottom() - FOOTER).max(area.top()));
    let middle = lists.center().x;
    let halves = [lists.with_max_x(middle - 4.0), lists.with_min_x(middle + 4.0)];
    let sides = [
        (&comparison.sides.a, &pairing.only_a, "Only in A", &mut view.chosen.0),
        (&comparison.sides.b, &pairing.only_b, "Only in B", &mut view.chosen.1),
    ];
    for (half, (opened, sites, title, chosen)) in halves.into_iter().zip(sides) {
        ui.scope_builder(egui::UiBuilder::new().max_rect(half), |ui| list(ui, opened, sites, title, chosen));
    }
    let tokens = Tokens::of(ui);
    ui.painter().hline(area.x_range(), lists.bottom(), egui::Stroke::new(1.0, tokens.line));
    let foot = area.with_min_y(lists.bottom() + 4.0);
    ui.scope_builder(egui::UiBuilder::new().max_rect(foot.shrink2(vec2(12.0, 0.0))), |ui| {
        ui.horizontal(|ui| {
            let both = view.chosen.0.zip(view.chosen.1);
            if ui.add_enabled(both.is_some(), egui::Button::new("Make a pair")).clicked()
                && let Some(pair) = both
            {
                commands.push(Request::MakePair { comparison: comparison.number, pair }.into());
                view.lists_unpaired = false;
            }
            if ui.button("Back to the pairs").clicked() {
                view.lists_unpaired = false;
            }
            let repeated = [("A", &pairing.repeated_a), ("B", &pairing.repeated_b)];
            for (side, groups) in repeated.into_iter().filter(|(_, groups)| !groups.is_empty()) {
                let count: usize = groups.iter().map(|group| group.sites.len()).sum();
                let opened = if side == "A" { &comparison.sides.a } else { &comparison.sides.b };
                let lines: Vec<String> = groups
                    .iter()
                    .map(|group| {
                        let names: Vec<String> = group.sites.iter().map(|site| name_of(opened, *site).0).collect();
                        format!("{}: {}", if group.is_tied { "tied" } else { "stored more than once" }, names.join(", "))
                    })
                    .collect();
                ui.label(RichText::new(format!("{count} in {side} are equal to another")).color(tokens.dim).size(12.0))
                    .on_hover_text(lines.join("\n"));
            }
        });
    });
    ui.advance_cursor_after_rect(area);
}

fn list(ui: &mut egui::Ui, opened: &Opened, sites: &[Site], title: &str, chosen: &mut Option<Site>) {
    let tokens = Tokens::of(ui);
    ui.spacing_mut().item_spacing.y = 0.0;
    ui.horizontal(|ui| {
        ui.add_space(12.0);
        ui.label(RichText::new(format!("{title} · {}", sites.len())).font(theme::small_font()).color(tokens.dim));
    });
    ui.add_space(4.0);
    if sites.is_empty() {
        widgets::empty_state(ui, "Nothing: every weight has a pair", None);
        return;
    }
    ScrollArea::vertical().auto_shrink(false).id_salt(title).show_rows(ui, ROW_HEIGHT, sites.len(), |ui, range| {
        for site in &sites[range] {
            let (label, full, role) = name_of(opened, *site);
            let row = opened.rows.iter().find(|row| row.weight.site == *site);
            let facts = row.map_or(String::new(), |row| format!("{} {}", row.dtype, row.shape));
            let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW_HEIGHT), Sense::click());
            let is_chosen = *chosen == Some(*site);
            response.widget_info(|| WidgetInfo::selected(Role::ListItem, true, is_chosen, format!("{title}: {label} {role}, {facts}")));
            if is_chosen {
                ui.painter().rect_filled(rect, 0.0, tokens.selection);
            } else if response.hovered() {
                ui.painter().rect_filled(rect, 0.0, tokens.raised);
            }
            let at = rect.shrink2(vec2(12.0, 0.0));
            let facts_galley = widgets::fit_text(ui, &facts, egui::FontId::monospace(11.5), tokens.dim, at.width() * 0.45);
            let facts_left = at.right() - facts_galley.size().x;
            ui.painter().galley(pos2(facts_left, at.center().y - facts_galley.size().y / 2.0), facts_galley, tokens.dim);
            let room = Rect::from_min_max(at.min, pos2(facts_left - 8.0, at.bottom()));
            let name = widgets::fit_text(ui, &format!("{label} {role}"), theme::text_font(), tokens.text, room.width());
            ui.painter().galley(pos2(room.left(), room.center().y - name.size().y / 2.0), name, tokens.text);
            if response.clicked() {
                *chosen = if is_chosen { None } else { Some(*site) };
            }
            response.on_hover_text(full);
        }
    });
}
