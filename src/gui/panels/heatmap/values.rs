//! The menus of what is shown: which numbers, on which scale, what is painted, and what is looked for.

use egui::containers::menu::{MenuButton, MenuConfig};
use egui::{Button, RichText, vec2};

use super::Look;
use crate::gui::action::Action;
use crate::gui::command::Command;
use crate::gui::names;
use crate::gui::theme::Tokens;
use crate::gui::views::HeatmapView;
use crate::gui::widgets;
use crate::jobs::{Loaded, Shows};
use crate::render::Reduction;
use crate::view::Place;

/// What the button of the menu says.
pub fn title(shows: Shows) -> &'static str {
    match shows {
        Shows::Real => "real values",
        Shows::Codes => "stored codes",
        Shows::Magnitude => "magnitudes",
    }
}

pub fn menu(ui: &mut egui::Ui, heatmap: &mut HeatmapView, loaded: &Loaded) {
    let button = Button::new(RichText::new(title(heatmap.shows)).size(12.0)).min_size(vec2(0.0, 20.0));
    let config = MenuConfig::new().close_behavior(egui::PopupCloseBehavior::CloseOnClickOutside);
    let (response, _) = MenuButton::from_button(button).config(config).ui(ui, |ui| {
        ui.set_min_width(230.0);
        let dim = Tokens::of(ui).dim;
        let head = |ui: &mut egui::Ui, text: &str| ui.label(RichText::new(text).size(11.0).color(dim));
        head(ui, "Numbers shown");
        for shows in Shows::ALL {
            let is_there = shows != Shows::Codes || loaded.has_codes();
            let label = ui.add_enabled(is_there, Button::selectable(heatmap.shows == shows, title(shows)));
            if label.clicked() && heatmap.shows != shows {
                heatmap.shows = shows;
                heatmap.map = None;
                heatmap.is_range_own = true;
            }
        }
        ui.separator();
        let Some(view) = &mut heatmap.view else { return };
        ui.add_enabled_ui(view.has_blocks() && view.colour_axis().is_none(), |ui| {
            widgets::checkbox(ui, &mut heatmap.own_scale, "each kernel on its own scale")
                .on_hover_text("The colours end at each kernel's largest magnitude");
        });
        let input = Look::input_axis(loaded).filter(|axis| view.can_be_colours(*axis));
        ui.add_enabled_ui(input.is_some(), |ui| {
            let mut is_rgb = view.colour_axis().is_some();
            if widgets::checkbox(ui, &mut is_rgb, "input channels as RGB")
                .on_hover_text("Three input channels, scaled jointly, 0 is mid-grey")
                .changed()
                && let Some(axis) = input
            {
                view.move_axis(axis, if is_rgb { Place::Colour } else { Place::Columns }, usize::MAX);
                heatmap.camera = None;
                heatmap.pinned = None;
                heatmap.is_arranged = true;
            }
        });
        ui.add_enabled_ui(loaded.has_codes(), |ui| {
            widgets::checkbox(ui, &mut heatmap.saturated, "saturated codes in blue")
                .on_hover_text("Codes at the lowest and highest number that their type can hold");
        });
        ui.separator();
        head(ui, "A pixel of many cells shows");
        for (reduction, name, hint) in
            [(Reduction::Extreme, "the farthest value", "No outlier vanishes"), (Reduction::Mean, "the mean", "Outliers fade")]
        {
            if ui.selectable_label(heatmap.reduction == reduction, name).on_hover_text(hint).clicked() {
                heatmap.reduction = reduction;
            }
        }
    });
    response.on_hover_text("Which numbers are shown, and how");
}

/// Places worth a look.
pub fn find_menu(ui: &mut egui::Ui, loaded: &Loaded, commands: &mut Vec<Command>) {
    let button = Button::new(RichText::new("Find").size(12.0)).min_size(vec2(0.0, 20.0));
    let (response, _) = MenuButton::from_button(button).ui(ui, |ui| {
        ui.set_min_width(200.0);
        let moments = &loaded.summary.moments;
        let counted = |count: u64| if loaded.is_sampled { None } else { Some(count) };
        for (action, count) in [
            (Action::GoToIndex, None),
            (Action::FindMinimum, None),
            (Action::FindMaximum, None),
            (Action::NextOutlier, counted(loaded.summary.outliers)),
            (Action::NextNan, counted(moments.nan)),
            (Action::NextInfinity, counted(moments.inf())),
        ] {
            let name = count.map_or(action.name().to_owned(), |count| format!("{} ({})", action.name(), names::thousands(count)));
            let keys = action.shortcuts().first().map(|keys| ui.ctx().format_shortcut(keys)).unwrap_or_default();
            let entry = ui.add_enabled(count != Some(0), Button::new(name).shortcut_text(keys));
            if entry.on_hover_text(action.tooltip()).clicked() {
                commands.push(Command::Do(action));
                ui.close();
            }
        }
    });
    response.on_hover_text("Go to an index, an extreme, an outlier");
}

/// What must be known to read the picture, in one line; nothing for the usual picture.
pub fn badge(ui: &mut egui::Ui, heatmap: &HeatmapView, loaded: &Loaded) {
    let Some(look) = super::look(heatmap, loaded) else { return };
    let mut notes = look.notes();
    if loaded.is_sampled {
        notes.push("colours from a sample, counting…".to_owned());
    }
    if notes.is_empty() {
        return;
    }
    ui.horizontal(|ui| {
        ui.add_space(12.0);
        let room = ui.available_width() - 12.0;
        let text = notes.join(" · ");
        let galley = widgets::fit_text(ui, &text, egui::FontId::proportional(11.5), Tokens::of(ui).warn, room);
        let label = ui.label(galley);
        // However much of it there is room for, all of it is said.
        label.widget_info(|| egui::WidgetInfo::labeled(egui::accesskit::Role::Label, true, &text));
        label.on_hover_text(text);
    });
}
