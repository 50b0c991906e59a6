//! The window without a model: where to drop one, the recent files, the example.

use egui::accesskit::Role;
use egui::{Align, Layout, Rect, RichText, Sense, Stroke, StrokeKind, WidgetInfo, pos2, vec2};

use crate::gui::action::Action;
use crate::gui::command::Command;
use crate::gui::state::State;
use crate::gui::theme::{self, Tokens};
use crate::gui::{names, widgets};
use crate::jobs::{Key, Pool};

const WIDTH: f32 = 560.0;

pub fn show(ui: &mut egui::Ui, state: &State, pool: &Pool, commands: &mut Vec<Command>) {
    let area = ui.available_rect_before_wrap();
    let recent = state.settings.recent.len().min(9);
    let height = 300.0 + if recent > 0 { 44.0 + recent as f32 * 30.0 } else { 0.0 };
    let column = Rect::from_center_size(area.center(), vec2(WIDTH.min(area.width() - 32.0), height.min(area.height())));
    ui.scope_builder(egui::UiBuilder::new().max_rect(column).layout(Layout::top_down(Align::Center)), |ui| {
        match state.openings.last() {
            Some(opening) => {
                let fraction = pool.fraction(Key::Open(opening.number));
                let name = opening.path.file_name().unwrap_or_default().to_string_lossy();
                opening_box(ui, &name, fraction, opening.number, commands);
            }
            None => drop_zone(ui, commands),
        }
        ui.add_space(16.0);
        if recent > 0 {
            recent_files(ui, state, commands);
        }
    });
}

fn drop_zone(ui: &mut egui::Ui, commands: &mut Vec<Command>) {
    let tokens = Tokens::of(ui);
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 272.0), Sense::hover());
    ui.painter().rect(rect, theme::PANEL_RADIUS, tokens.panel, Stroke::new(1.0, tokens.line), StrokeKind::Inside);
    dashes(ui, rect.shrink(12.0), tokens.line);
    ui.scope_builder(egui::UiBuilder::new().max_rect(rect.shrink(28.0)).layout(Layout::top_down(Align::Center)), |ui| {
        ui.add_space(8.0);
        widgets::logo(ui, 44.0);
        ui.add_space(12.0);
        ui.label(RichText::new("Drop a model here").font(egui::FontId::new(20.0, theme::semibold())));
        ui.add_space(4.0);
        ui.label(RichText::new("TensorFlow Lite (.tflite) or OpenVINO IR (.xml with .bin beside it)").color(tokens.dim));
        ui.add_space(20.0);
        let open = Action::Open;
        let keys = ui.ctx().format_shortcut(&open.shortcuts()[0]);
        let button = egui::Button::new(RichText::new("Open…").color(tokens.panel)).fill(tokens.accent).min_size(vec2(132.0, 30.0));
        if ui.add(button).on_hover_text(format!("{} ({keys})", open.tooltip())).clicked() {
            commands.push(Command::Do(open));
        }
        ui.add_space(8.0);
        let example = Action::OpenExample;
        if ui.add(egui::Button::new(example.name()).min_size(vec2(132.0, 30.0))).on_hover_text(example.tooltip()).clicked() {
            commands.push(Command::Do(example));
        }
    });
}

fn opening_box(ui: &mut egui::Ui, name: &str, fraction: Option<f32>, number: u64, commands: &mut Vec<Command>) {
    let tokens = Tokens::of(ui);
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 272.0), Sense::hover());
    ui.painter().rect(rect, theme::PANEL_RADIUS, tokens.panel, Stroke::new(1.0, tokens.line), StrokeKind::Inside);
    ui.scope_builder(egui::UiBuilder::new().max_rect(rect.shrink(40.0)).layout(Layout::top_down(Align::Center)), |ui| {
        ui.add_space(40.0);
        ui.label(RichText::new(format!("Opening {}", names::elide_middle(name, 48))).font(theme::strong_font()));
        ui.add_space(12.0);
        match fraction {
            Some(fraction) => {
                ui.add(egui::ProgressBar::new(fraction).desired_width(280.0).desired_height(6.0));
            }
            None => {
                ui.spinner();
            }
        }
        ui.add_space(12.0);
        if ui.button("Cancel").clicked() {
            commands.push(Command::CancelOpening(number));
        }
    });
}

fn recent_files(ui: &mut egui::Ui, state: &State, commands: &mut Vec<Command>) {
    let tokens = Tokens::of(ui);
    ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
        ui.set_max_height(20.0);
        ui.label(RichText::new("RECENT FILES").font(egui::FontId::new(11.0, theme::semibold())).color(tokens.dim));
    });
    ui.spacing_mut().item_spacing.y = 2.0;
    for (number, path) in (1..).zip(state.settings.recent.iter().take(9)) {
        let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 28.0), Sense::click());
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
        response.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("Open {name}")));
        if response.hovered() {
            ui.painter().rect_filled(rect, theme::CONTROL_RADIUS, tokens.raised);
        }
        let keys = ui.painter().layout_no_wrap(format!("Ctrl+{number}"), theme::small_number_font(), tokens.dim);
        let keys_at = pos2(rect.right() - 10.0 - keys.size().x, rect.center().y - keys.size().y / 2.0);
        let name_galley = widgets::fit_text(ui, &name, theme::text_font(), tokens.text, rect.width() * 0.45);
        let folder = path.parent().unwrap_or(path).display().to_string();
        let name_end = rect.left() + 10.0 + name_galley.size().x;
        let folder_galley = widgets::fit_text(ui, &folder, theme::small_font(), tokens.dim, keys_at.x - name_end - 24.0);
        ui.painter().galley(pos2(rect.left() + 10.0, rect.center().y - name_galley.size().y / 2.0), name_galley, tokens.text);
        ui.painter().galley(pos2(name_end + 12.0, rect.center().y - folder_galley.size().y / 2.0), folder_galley, tokens.dim);
        ui.painter().galley(keys_at, keys, tokens.dim);
        if response.clicked() {
            commands.push(Command::OpenFiles(vec![path.clone()]));
        }
        response.on_hover_text(path.display().to_string()).context_menu(|ui| {
            if ui.button("Remove from the list").clicked() {
                commands.push(Command::ForgetRecent(path.clone()));
            }
        });
    }
}

/// A dashed frame: "put something here".
pub fn dashes(ui: &egui::Ui, rect: Rect, color: egui::Color32) {
    let corners = [rect.left_top(), rect.right_top(), rect.right_bottom(), rect.left_bottom(), rect.left_top()];
    ui.painter().extend(egui::Shape::dashed_line(&corners, Stroke::new(1.5, color), 6.0, 5.0));
}
