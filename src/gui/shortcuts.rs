//! The list of shortcuts, and the box about the program.

use egui::{Grid, RichText};

use super::action::Menu;
use super::command::Command;
use super::theme::{self, Tokens};
use super::widgets;

/// The width of the list with its three columns.
const WIDTH: f32 = 1200.0;

pub fn show_list(ctx: &egui::Context, commands: &mut Vec<Command>) {
    let modal = widgets::modal(ctx, "shortcuts").show(ctx, |ui| {
        ui.label(RichText::new("Keyboard shortcuts").font(egui::FontId::new(16.0, theme::semibold())));
        ui.add_space(8.0);
        // Wide enough for the three columns, where the window is.
        let room = ui.ctx().content_rect().size() - egui::vec2(64.0, 160.0);
        ui.set_width(room.x.min(WIDTH));
        // It scrolls only where the window has no room for it.
        egui::ScrollArea::both().max_height(room.y).min_scrolled_height(room.y).show(ui, |ui| {
            ui.style_mut().wrap_mode = Some(egui::TextWrapMode::Extend);
            ui.horizontal_top(|ui| {
                for menus in [&[Menu::File, Menu::Help][..], &[Menu::View], &[Menu::Go]] {
                    ui.vertical(|ui| {
                        for menu in menus {
                            widgets::section(ui, menu.name());
                            list(ui, *menu);
                        }
                    });
                    ui.add_space(24.0);
                }
            });
            ui.add_space(8.0);
            for line in [
                "In the graph: arrow keys walk, Enter shows the weight, drag pans",
                "In the heatmap: wheel zooms, drag pans, double-click fits, click pins",
            ] {
                ui.label(RichText::new(line).color(Tokens::of(ui).dim));
            }
        });
    });
    if modal.should_close() {
        commands.push(Command::CloseOverlay);
    }
}

fn list(ui: &mut egui::Ui, menu: Menu) {
    let tokens = Tokens::of(ui);
    Grid::new(menu.name()).num_columns(2).spacing([24.0, 4.0]).show(ui, |ui| {
        for action in menu.actions().filter(|action| !action.shortcuts().is_empty()) {
            ui.label(action.name());
            let keys: Vec<_> = action.shortcuts().iter().map(|keys| ui.ctx().format_shortcut(keys)).collect();
            ui.label(RichText::new(keys.join("  ")).font(theme::number_font()).color(tokens.dim));
            ui.end_row();
        }
    });
}

pub fn show_about(ctx: &egui::Context, commands: &mut Vec<Command>) {
    let modal = widgets::modal(ctx, "about").show(ctx, |ui| {
        ui.set_width(420.0);
        ui.horizontal(|ui| {
            widgets::logo(ui, 36.0);
            ui.vertical(|ui| {
                ui.label(RichText::new("Weightscope").font(egui::FontId::new(16.0, theme::semibold())));
                ui.label(RichText::new(format!("Version {}", env!("CARGO_PKG_VERSION"))).color(Tokens::of(ui).dim));
            });
        });
        ui.add_space(8.0);
        ui.label("Opens neural-network model files, shows the graph of operations and the weights that every layer really computes with.");
        ui.add_space(4.0);
        ui.label("Licensed under MIT or Apache 2.0, as you like. The fonts Inter and JetBrains Mono are under the SIL Open Font License.");
        ui.add_space(8.0);
        if ui.button("Close").clicked() {
            commands.push(Command::CloseOverlay);
        }
    });
    if modal.should_close() {
        commands.push(Command::CloseOverlay);
    }
}
