//! The line of chips above the picture: which axis goes where, colour map, range.

use egui::containers::menu::{MenuButton, MenuConfig};
use egui::{Align, Button, Layout, RichText, vec2};

use super::{chips, values};
use crate::colormap::{Kind, Limits, Map, Norm, Range};
use crate::gui::command::Command;
use crate::gui::theme::Tokens;
use crate::gui::views::HeatmapView;
use crate::gui::widgets;
use crate::jobs::{Loaded, Look};
use crate::view::Place;

pub fn show(ui: &mut egui::Ui, view: &mut HeatmapView, loaded: &Loaded, commands: &mut Vec<Command>) {
    ui.add_space(6.0);
    // Where one line has no room for everything, the axes get the first: none may be out of reach.
    let is_narrow = chips::width(ui, view) + menus_width(ui, view, loaded) > ui.available_width() - 32.0;
    if is_narrow {
        // Chips that have no room in a line go on in the next.
        let margin = egui::Margin { left: 12, right: 8, top: 0, bottom: 0 };
        egui::Frame::NONE.inner_margin(margin).show(ui, |ui| {
            ui.horizontal_wrapped(|ui| {
                ui.spacing_mut().item_spacing = vec2(6.0, 4.0);
                chips::show(ui, view, commands);
            });
        });
    } else {
        ui.horizontal(|ui| {
            ui.add_space(12.0);
            ui.spacing_mut().item_spacing.x = 6.0;
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                ui.add_space(8.0);
                values::find_menu(ui, loaded, commands);
                range_menu(ui, view, loaded);
                map_menu(ui, view, loaded);
                values::menu(ui, view, loaded);
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| chips::show(ui, view, commands));
            });
        });
    }
    if is_narrow {
        ui.horizontal(|ui| {
            ui.add_space(12.0);
            ui.spacing_mut().item_spacing.x = 6.0;
            values::menu(ui, view, loaded);
            map_menu(ui, view, loaded);
            range_menu(ui, view, loaded);
            values::find_menu(ui, loaded, commands);
        });
    }
    ui.add_space(2.0);
    sections(ui, loaded, commands);
    sliders(ui, view);
    values::badge(ui, view, loaded);
}

/// Which of the gates and parts that a weight holds are on display.
fn sections(ui: &mut egui::Ui, loaded: &Loaded, commands: &mut Vec<Command>) {
    let stacked = &loaded.weight.sections;
    if stacked.is_empty() {
        return;
    }
    let chips = |ui: &mut egui::Ui| {
        ui.spacing_mut().item_spacing = vec2(6.0, 4.0);
        let has_directions = stacked.parts.iter().any(|section| section.name == "forward");
        for (title, sections) in [("Gate", &stacked.gates), (if has_directions { "Direction" } else { "Columns" }, &stacked.parts)] {
            let Some(first) = sections.first() else { continue };
            ui.label(RichText::new(title).size(12.0).color(Tokens::of(ui).dim));
            let chosen = loaded.sections.iter().find(|section| section.axis == first.axis);
            let others = || loaded.sections.iter().filter(|section| section.axis != first.axis).cloned();
            if widgets::named_toggle(ui, "all", &format!("{title}: all"), chosen.is_none()).clicked() {
                commands.push(Command::ShowSections(others().collect()));
            }
            for section in sections {
                let name = section.name.replace('_', " ");
                if widgets::named_toggle(ui, &name, &format!("{title}: {name}"), chosen == Some(section)).clicked() {
                    commands.push(Command::ShowSections(others().chain([section.clone()]).collect()));
                }
            }
            ui.add_space(6.0);
        }
    };
    let margin = egui::Margin { left: 12, right: 8, top: 0, bottom: 0 };
    egui::Frame::NONE.inner_margin(margin).show(ui, |ui| ui.horizontal_wrapped(chips));
    ui.add_space(2.0);
}

fn menus_width(ui: &egui::Ui, heatmap: &HeatmapView, loaded: &Loaded) -> f32 {
    let map = heatmap.map.unwrap_or(Look::default_map(loaded, heatmap.shows));
    let texts = [values::title(heatmap.shows), map.name(), &range_name(heatmap.range), "Find"];
    texts.into_iter().map(|text| chips::chip_width(ui, text)).sum()
}

fn sliders(ui: &mut egui::Ui, heatmap: &mut HeatmapView) {
    let Some(view) = &mut heatmap.view else { return };
    for axis in view.axes(Place::Slider) {
        let len = view.shape()[axis];
        if len < 2 {
            continue;
        }
        ui.horizontal(|ui| {
            ui.add_space(12.0);
            ui.label(RichText::new(format!("{} of {len}", view.names()[axis])).size(12.0).color(Tokens::of(ui).dim));
            let mut index = view.fixed(axis);
            ui.spacing_mut().slider_width = (ui.available_width() - 90.0).clamp(60.0, 320.0);
            let slider = ui.add(egui::Slider::new(&mut index, 0..=len - 1).step_by(1.0));
            let name = format!("Index along {}", view.names()[axis]);
            slider.widget_info(|| egui::WidgetInfo::slider(true, index as f64, name.clone()));
            if slider.changed() {
                view.set_fixed(axis, index);
            }
        });
    }
}

fn map_menu(ui: &mut egui::Ui, view: &mut HeatmapView, loaded: &Loaded) {
    let current = view.map.unwrap_or(Look::default_map(loaded, view.shows));
    let button = Button::new(RichText::new(current.name()).size(12.0)).min_size(vec2(0.0, 20.0));
    let (response, _) = MenuButton::from_button(button).ui(ui, |ui| {
        ui.set_min_width(220.0);
        for kind in [Kind::Diverging, Kind::Sequential] {
            let title = if kind == Kind::Diverging { "Diverging, 0 in the middle" } else { "Sequential" };
            ui.label(RichText::new(title).size(11.0).color(Tokens::of(ui).dim));
            for map in Map::ALL.iter().copied().filter(|map| map.kind() == kind) {
                if map_row(ui, map, map == current) {
                    view.map = Some(map);
                    ui.close();
                }
            }
        }
    });
    response.on_hover_text("Colour map");
}

/// A row with the map's colours and name.
fn map_row(ui: &mut egui::Ui, map: Map, is_current: bool) -> bool {
    let name = if map.is_uniform() { map.name().to_owned() } else { format!("{} (not uniform)", map.name()) };
    let (rect, response) = ui.allocate_exact_size(vec2(212.0, 22.0), egui::Sense::click());
    response.widget_info(|| egui::WidgetInfo::selected(egui::accesskit::Role::MenuItem, true, is_current, &name));
    let tokens = Tokens::of(ui);
    if response.hovered() || is_current {
        ui.painter().rect_filled(rect, 4.0, if is_current { tokens.selection } else { tokens.control });
    }
    let strip = egui::Rect::from_min_size(rect.left_top() + vec2(6.0, 5.0), vec2(72.0, 12.0));
    super::colour_bar::paint_table(ui, strip, map, false);
    ui.painter().text(
        strip.right_center() + vec2(10.0, 0.0),
        egui::Align2::LEFT_CENTER,
        name,
        egui::FontId::proportional(12.5),
        tokens.text,
    );
    response.clicked()
}

fn range_menu(ui: &mut egui::Ui, view: &mut HeatmapView, loaded: &Loaded) {
    let button = Button::new(RichText::new(range_name(view.range)).size(12.0)).min_size(vec2(0.0, 20.0));
    // A click into its text fields must not close the menu.
    let config = MenuConfig::new().close_behavior(egui::PopupCloseBehavior::CloseOnClickOutside);
    let (response, _) = MenuButton::from_button(button).config(config).ui(ui, |ui| {
        ui.set_min_width(220.0);
        let tokens = Tokens::of(ui);
        ui.label(RichText::new("Range of the colours").size(11.0).color(tokens.dim));
        let choices =
            [Range::Full, Range::PERCENTILE, Range::Percentile { low: 2.0, high: 98.0 }, Range::Deviations(3.0), Range::Deviations(1.0)];
        for range in choices {
            if ui.selectable_label(view.range == range, range_name(range)).clicked() {
                view.range = range;
                view.is_range_own = false;
            }
        }
        manual(ui, view, loaded);
        ui.separator();
        ui.label(RichText::new("Norm").size(11.0).color(tokens.dim));
        for norm in [Norm::Linear, Norm::ASINH, Norm::SYMLOG] {
            if ui.selectable_label(view.norm == norm, norm.name()).clicked() {
                view.norm = norm;
            }
        }
    });
    response.on_hover_text("Range and norm of the colours");
}

fn manual(ui: &mut egui::Ui, view: &mut HeatmapView, loaded: &Loaded) {
    let limits = super::look(view, loaded).and_then(|look| look.colours(loaded)).map(|colours| colours.limits).unwrap_or_default();
    ui.horizontal(|ui| {
        ui.label("From");
        let low = ui.add(egui::TextEdit::singleline(&mut view.manual.0).desired_width(64.0).hint_text(limits.low.to_string()));
        let low = low.accessible_name("Lowest value of the colours");
        ui.label("to");
        let high = ui.add(egui::TextEdit::singleline(&mut view.manual.1).desired_width(64.0).hint_text(limits.high.to_string()));
        let high = high.accessible_name("Highest value of the colours");
        if low.changed() || high.changed() {
            let low = view.manual.0.trim().parse().unwrap_or(limits.low);
            let high = view.manual.1.trim().parse().unwrap_or(limits.high);
            view.range = Range::Manual(Limits::new(low, high));
            view.is_range_own = false;
        }
    });
}

fn range_name(range: Range) -> String {
    match range {
        Range::Full => "Full range".to_owned(),
        Range::Percentile { low, high } => format!("{low} to {high} %"),
        Range::Deviations(k) => format!("Mean ± {k} std"),
        Range::Manual(_) => "Manual".to_owned(),
    }
}
