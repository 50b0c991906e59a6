//! The controls in the head of the graph's panel. Where there is little room all but the first are in
//! one menu.

use egui::containers::menu::MenuButton;
use egui::{Button, RichText, ScrollArea, vec2};

use super::{colour, crumbs};
use crate::gui::action::Action;
use crate::gui::command::{Command, FoldChange};
use crate::gui::state::{Document, Progress};
use crate::gui::views::GraphView;
use crate::gui::widgets;
use crate::jobs::GraphPicture;
use crate::model::{GraphId, OperationRef};

/// A panel of this width has room for everything.
const WIDE: f32 = 280.0;

pub fn controls(ui: &mut egui::Ui, document: &Document, view: &mut GraphView, commands: &mut Vec<Command>) {
    let is_wide = ui.available_width() > WIDE;
    chip_menu(ui, "…", "Graph menu", |ui| {
        if !is_wide {
            ui.menu_button("Colour by", |ui| colour::menu(ui, document, view));
        }
        entry(ui, Action::FindInGraph, commands);
        entry(ui, Action::FitGraph, commands);
        entry(ui, Action::TurnGraph, commands);
        entry(ui, Action::WheelZooms, commands);
        widgets::checkbox(ui, &mut view.legend, "Legend");
        if let Some(picture) = document.layouts.get(&document.in_view).and_then(Progress::ready) {
            if let Some(operation) = document.selected {
                super::groups::of_operation(ui, document, picture, OperationRef { graph: document.graph, operation }, view, commands);
            }
            of_groups(ui, document, picture, view, commands);
        }
        ui.separator();
        entry(ui, Action::SaveGraph, commands);
        entry(ui, Action::CopyGraph, commands);
    });
    if is_wide {
        let name = format!("Colour: {}", colour::short_name(view.colour_by));
        chip_menu(ui, &name, &name, |ui| colour::menu(ui, document, view));
    }
    if widgets::chip(ui, "Fit").on_hover_text("Show the whole graph (F)").clicked() {
        view.fit_wanted = true;
    }
    let graphs = document.opened.model.graphs.len();
    if graphs > 1 {
        let name = format!("{graphs} graphs");
        chip_menu(ui, &name, &name, |ui| graph_list(ui, document, commands));
    }
}

/// What can be done with all groups, if there are any.
pub fn of_groups(ui: &mut egui::Ui, document: &Document, picture: &GraphPicture, view: &mut GraphView, commands: &mut Vec<Command>) {
    if document.opened.groups(document.in_view).is_empty() {
        return;
    }
    ui.separator();
    let mut is_grouped = picture.fold.is_grouped;
    if widgets::checkbox(ui, &mut is_grouped, "Groups").on_hover_text("Draw groups of operations as boxes that open").changed() {
        view.held = None;
        commands.push(Command::Fold(FoldChange::Grouped(is_grouped)));
    }
    if is_grouped {
        entry(ui, Action::OpenAllGroups, commands);
        entry(ui, Action::CloseAllGroups, commands);
    }
}

fn chip_menu(ui: &mut egui::Ui, text: &str, name: &str, content: impl FnOnce(&mut egui::Ui)) {
    let button = Button::new(RichText::new(text).size(12.0)).min_size(vec2(0.0, 20.0));
    let (response, _) = MenuButton::from_button(button).ui(ui, content);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::accesskit::Role::Button, true, name));
}

fn entry(ui: &mut egui::Ui, action: Action, commands: &mut Vec<Command>) {
    let keys = action.shortcuts().first().map(|keys| ui.ctx().format_shortcut(keys)).unwrap_or_default();
    let button = Button::new(action.name()).shortcut_text(keys);
    if ui.add(button).accessible_name(action.name()).on_hover_text(action.tooltip()).clicked() {
        commands.push(Command::Do(action));
    }
}

fn graph_list(ui: &mut egui::Ui, document: &Document, commands: &mut Vec<Command>) {
    ScrollArea::vertical().max_height(400.0).show(ui, |ui| {
        for (id, graph) in (0..).map(GraphId).zip(&document.opened.model.graphs) {
            let name = if graph.path.is_empty() { crumbs::graph_name(document, id) } else { graph.path.join(" › ") };
            if ui.selectable_label(id == document.in_view, name).clicked() {
                commands.push(Command::ShowGraph(id));
            }
        }
    });
}
