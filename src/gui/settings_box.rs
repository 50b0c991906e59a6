//! The settings: what survives a restart and is not chosen where it is seen.

use egui::RichText;

use super::command::Command;
use super::path_field::PathField;
use super::settings::{Settings, ThemeChoice};
use super::state::{Progress, State};
use super::theme::{self, Tokens};
use super::widgets;
use crate::runtime::find::VARIABLE;

pub struct SettingsBox {
    /// Where the runtime lies; empty: wherever it is found.
    pub runtime: PathField,
    /// The place that was looked at last.
    looked_for: Option<String>,
}

impl SettingsBox {
    pub fn new(settings: &Settings) -> Self {
        let text = settings.openvino.as_ref().map(|path| path.to_string_lossy().into_owned()).unwrap_or_default();
        Self { runtime: PathField::new(text), looked_for: None }
    }
}

pub fn show(ctx: &egui::Context, dialog: &mut SettingsBox, state: &State, commands: &mut Vec<Command>) {
    let modal = widgets::modal(ctx, "settings").show(ctx, |ui| {
        let tokens = Tokens::of(ui);
        ui.set_width(640.0_f32.min(ctx.content_rect().width() - 64.0));
        ui.label(RichText::new("Settings").font(egui::FontId::new(16.0, theme::semibold())));
        widgets::section(ui, "Appearance");
        ui.horizontal(|ui| {
            for (choice, name) in [(ThemeChoice::System, "as the system"), (ThemeChoice::Light, "light"), (ThemeChoice::Dark, "dark")] {
                if widgets::toggle(ui, name, state.settings.theme == choice).clicked() {
                    commands.push(Command::SetTheme(choice));
                }
            }
        });
        widgets::section(ui, "Graph");
        ui.horizontal(|ui| {
            for (zooms, name) in [(true, "wheel zooms"), (false, "wheel scrolls")] {
                if widgets::toggle(ui, name, state.settings.wheel_zooms == zooms).clicked() {
                    commands.push(Command::SetWheelZooms(zooms));
                }
            }
            ui.label(RichText::new("Ctrl and wheel zoom, Shift and wheel go sideways").color(tokens.dim));
        });
        widgets::section(ui, "OpenVINO runtime");
        ui.label(
            RichText::new("Its library, the folder that holds it, or a Python environment with openvino installed. Empty: the first that is found. It verifies and profiles models when you ask for it; where a place is named, it also computes constants with operations that Weightscope does not evaluate.")
                .color(tokens.dim),
        );
        ui.add_space(4.0);
        ui.horizontal(|ui| {
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Min), |ui| {
                if ui.button("Browse…").on_hover_text("Choose the folder in the system's dialog").clicked() {
                    commands.push(Command::BrowseForRuntime);
                }
                ui.with_layout(egui::Layout::top_down(egui::Align::Min), |ui| dialog.runtime.show(ui, "Place of the OpenVINO runtime", commands));
            });
        });
        let typed = dialog.runtime.text.trim().to_owned();
        if dialog.looked_for.as_ref() != Some(&typed) {
            dialog.looked_for = Some(typed.clone());
            commands.push(Command::SetRuntime((!typed.is_empty()).then(|| dialog.runtime.path())));
        }
        ui.add_space(4.0);
        match &state.runtime {
            Progress::None | Progress::Loading => {
                ui.horizontal(|ui| {
                    ui.add(egui::Spinner::new().size(12.0));
                    ui.label(RichText::new("Looking for the runtime").color(tokens.dim));
                });
            }
            Progress::Failed(problem) => {
                ui.label(RichText::new(problem).color(tokens.warn));
            }
            Progress::Ready(found) => {
                let path = found.library.display().to_string();
                ui.label(RichText::new(format!("Found {} ({})", found.name, found.version)).color(tokens.good));
                let place = super::names::elide_middle(&path, 90);
                ui.label(RichText::new(place).font(theme::small_number_font()).color(tokens.dim)).on_hover_text(path);
            }
        }
        if typed.is_empty() && std::env::var_os(VARIABLE).is_some_and(|value| !value.is_empty()) {
            ui.label(RichText::new(format!("{VARIABLE} names the place")).color(tokens.dim));
        }
        ui.add_space(12.0);
        if ui.button("Close").clicked() {
            commands.push(Command::CloseOverlay);
        }
    });
    if modal.should_close() {
        commands.push(Command::CloseOverlay);
    }
}
