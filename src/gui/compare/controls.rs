//! The controls of the pictures: what is linked, which difference, axes and slices, colours.

use egui::containers::menu::{MenuButton, MenuConfig};
use egui::{Button, RichText, vec2};

use super::faces;
use super::state::Comparison;
use super::views::{A, B, DIFFERENCE, FacesView, Mode};
use crate::colormap::{Map, Range};
use crate::compare::difference::Kind;
use crate::gui::action::Action;
use crate::gui::command::Command;
use crate::gui::theme::Tokens;
use crate::gui::widgets;
use crate::jobs::versus::Facing;
use crate::view::{Place, View};

fn menu(ui: &mut egui::Ui, title: &str, hint: &str, add: impl FnOnce(&mut egui::Ui)) {
    let button = Button::new(RichText::new(title).size(12.0)).min_size(vec2(0.0, 20.0));
    let config = MenuConfig::new().close_behavior(egui::PopupCloseBehavior::CloseOnClickOutside);
    let (response, _) = MenuButton::from_button(button).config(config).ui(ui, add);
    response.on_hover_text(hint);
}

/// Where the pictures on display can go.
pub fn picture_menu(ui: &mut egui::Ui, comparison: &Comparison, commands: &mut Vec<Command>) {
    ui.add_enabled_ui(comparison.facing.ready().is_some(), |ui| {
        let entry = |ui: &mut egui::Ui, name: &str, action: Action| {
            let keys = action.shortcuts().first().map(|keys| ui.ctx().format_shortcut(keys)).unwrap_or_default();
            ui.add(Button::new(name).shortcut_text(keys)).accessible_name(name).on_hover_text(action.tooltip()).clicked()
        };
        menu(ui, "Image", "Save or copy the pictures on display", |ui| {
            if entry(ui, "Save pictures…", Action::SaveImage) {
                commands.push(Command::Do(Action::SaveImage));
                ui.close();
            }
            if entry(ui, "Copy pictures", Action::CopyImage) {
                commands.push(Command::Do(Action::CopyImage));
                ui.close();
            }
        });
    });
}

/// What moves together, each with its switch.
pub fn links(ui: &mut egui::Ui, faces: &mut FacesView) {
    let links = &mut faces.links;
    let all = [links.pan, links.zoom, links.cursor, links.slice, links.limits, links.colours];
    let title = match all.iter().filter(|is_linked| **is_linked).count() {
        6 => "linked: all".to_owned(),
        0 => "linked: nothing".to_owned(),
        count => format!("linked: {count} of 6"),
    };
    menu(ui, &title, "What is the same in all pictures", |ui| {
        for (name, hint, is_linked) in [
            ("pan", "All pictures move together", &mut links.pan),
            ("zoom", "All pictures have one scale", &mut links.zoom),
            ("cursor", "The cell under the pointer is marked in all pictures", &mut links.cursor),
            ("slice", "All pictures show the same axes and slices", &mut links.slice),
            ("limits", "A and B have the same limits of colours", &mut links.limits),
            ("colours", "A and B have the same colour map", &mut links.colours),
        ] {
            widgets::checkbox(ui, is_linked, name).on_hover_text(hint);
        }
    });
}

/// The line above the pictures.
pub fn line(ui: &mut egui::Ui, faces: &mut FacesView, facing: &Facing) {
    ui.add_space(4.0);
    ui.horizontal(|ui| {
        ui.add_space(12.0);
        ui.spacing_mut().item_spacing.x = 6.0;
        if matches!(faces.mode, Mode::SideBySide | Mode::Difference) && facing.alignment().is_ok() {
            for kind in Kind::ALL {
                if widgets::named_toggle(ui, kind.name(), &format!("Difference: {}", kind.name()), faces.kind == kind)
                    .on_hover_text(explanation(kind))
                    .clicked()
                {
                    faces.kind = kind;
                }
            }
        }
        if faces.mode == Mode::Blink {
            let slider = egui::Slider::new(&mut faces.blink_secs, 0.2..=3.0).suffix(" s").fixed_decimals(1);
            ui.add(slider).accessible_name("Blink interval").on_hover_text("How long each of the two is shown");
        }
        axes_menu(ui, faces);
        map_menu(ui, faces, facing);
        range_menu(ui, faces);
        let slots: &[usize] = if faces.links.slice { &[A] } else { &[A, B, DIFFERENCE] };
        for slot in slots {
            sliders(ui, faces, *slot);
        }
    });
    ui.add_space(2.0);
}

fn explanation(kind: Kind) -> &'static str {
    match kind {
        Kind::Difference => "Signed, on a scale of its own around 0",
        Kind::Absolute => "The magnitude of the difference",
        Kind::Relative => "The magnitude of the difference over the magnitude of A (and 1e-6)",
        Kind::Ulps => "How many float32 numbers lie between the two",
    }
}

/// Lets a change of one picture's axes reach those that are linked to it.
fn change_view(faces: &mut FacesView, slot: usize, change: impl Fn(&mut View)) {
    let Some(shape) = faces.views[slot].as_ref().map(|view| view.shape().to_vec()) else { return };
    let is_linked = faces.links.slice;
    for (other, view) in faces.views.iter_mut().enumerate() {
        if let Some(view) = view.as_mut().filter(|view| other == slot || is_linked && view.shape() == shape) {
            change(view);
        }
    }
}

fn sliders(ui: &mut egui::Ui, faces: &mut FacesView, slot: usize) {
    let Some(view) = faces.views[slot].clone() else { return };
    for axis in view.axes(Place::Slider).into_iter().filter(|axis| view.shape()[*axis] > 1) {
        let mut index = view.fixed(axis);
        let side = if faces.links.slice { "" } else { ["A ", "B ", "B-A "][slot] };
        let name = format!("{side}{}", view.names()[axis]);
        let last = view.shape()[axis] - 1;
        ui.label(RichText::new(&name).size(12.0).color(Tokens::of(ui).dim));
        let slider = ui.add(egui::Slider::new(&mut index, 0..=last)).accessible_name(format!("Index along {name}"));
        if slider.changed() {
            change_view(faces, slot, |view| view.set_fixed(axis, index));
        }
    }
}

fn axes_menu(ui: &mut egui::Ui, faces: &mut FacesView) {
    let Some(view) = faces.views[A].clone() else { return };
    if view.shape().iter().filter(|extent| **extent > 1).count() < 2 {
        return;
    }
    menu(ui, "Axes", "Which axis goes where, and which one has a slider", |ui| {
        let places = [
            (Place::Rows, "rows"),
            (Place::Columns, "columns"),
            (Place::CellRows, "cell rows"),
            (Place::CellColumns, "cell columns"),
            (Place::Slider, "slider"),
        ];
        for axis in (0..view.shape().len()).filter(|axis| view.shape()[*axis] > 1) {
            ui.horizontal(|ui| {
                ui.label(format!("{} {}", view.names()[axis], view.shape()[axis]));
                for (place, name) in places {
                    let is_there = view.place(axis) == place;
                    let spoken = format!("{} to {name}", view.names()[axis]);
                    if widgets::named_toggle(ui, name, &spoken, is_there).clicked() && !is_there {
                        change_view(faces, A, |view| view.move_axis(axis, place, usize::MAX));
                        faces.cameras = [None; 3];
                    }
                }
            });
        }
    });
}

/// The pictures whose colours can be chosen apart.
fn choices(faces: &FacesView, is_linked: bool) -> Vec<(usize, &'static str)> {
    match (faces.mode, is_linked) {
        (Mode::Difference, _) => vec![(DIFFERENCE, "difference")],
        (Mode::SideBySide, true) => vec![(A, "A and B"), (DIFFERENCE, "difference")],
        (_, true) => vec![(A, "A and B")],
        (Mode::SideBySide, false) => vec![(A, "A"), (B, "B"), (DIFFERENCE, "difference")],
        (_, false) => vec![(A, "A"), (B, "B")],
    }
}

fn map_menu(ui: &mut egui::Ui, faces: &mut FacesView, facing: &Facing) {
    let first = if faces.mode == Mode::Difference { DIFFERENCE } else { A };
    let title = faces::map(faces, facing, first).name();
    menu(ui, title, "The colour maps", |ui| {
        egui::ScrollArea::vertical().max_height(420.0).show(ui, |ui| {
            for (slot, name) in choices(faces, faces.links.colours) {
                widgets::section(ui, name);
                let current = faces::map(faces, facing, slot);
                for map in Map::ALL.iter().copied() {
                    if ui.selectable_label(current == map, map.name()).clicked() {
                        faces.maps[slot] = Some(map);
                    }
                }
            }
        });
    });
}

fn range_menu(ui: &mut egui::Ui, faces: &mut FacesView) {
    let name = |range: Option<Range>| match range {
        None => "range: usual",
        Some(Range::Full) => "range: full",
        Some(_) => "range: 0.5 to 99.5 %",
    };
    let first = if faces.mode == Mode::Difference { DIFFERENCE } else { A };
    menu(ui, name(faces.ranges[first]), "Which values the colours span", |ui| {
        for (slot, title) in choices(faces, faces.links.limits) {
            widgets::section(ui, title);
            for range in [None, Some(Range::Full), Some(Range::PERCENTILE)] {
                let text = match range {
                    None => "full, percentiles where outliers bite",
                    Some(Range::Full) => "full",
                    Some(_) => "percentiles 0.5 and 99.5",
                };
                if ui.selectable_label(faces.ranges[slot] == range, text).clicked() {
                    faces.ranges[slot] = range;
                }
            }
        }
    });
}
