//! The axes as chips that are dragged, or sent by their menus, to rows, columns, cells and sliders; their
//! menus order them, too.

use egui::containers::menu::MenuButton;
use egui::{Button, DragAndDrop, RichText, vec2};

use crate::gui::command::Command;
use crate::gui::theme::Tokens;
use crate::gui::views::HeatmapView;
use crate::sorting::SortKey;
use crate::view::{Place, View};

const PLACES: [(Place, &str); 6] = [
    (Place::Rows, "Rows"),
    (Place::Columns, "Columns"),
    (Place::CellRows, "Cell rows"),
    (Place::CellColumns, "Cell columns"),
    (Place::Slider, "Slider"),
    (Place::Colour, "Red, green, blue"),
];

/// An axis on its way.
#[derive(Clone, Copy)]
struct Dragged(usize);

/// The chips of all axes, by the places that they have.
pub fn show(ui: &mut egui::Ui, heatmap: &mut HeatmapView, commands: &mut Vec<Command>) {
    let Some(view) = &mut heatmap.view else { return };
    let before = view.clone();
    let is_dragging = DragAndDrop::has_payload_of_type::<Dragged>(ui.ctx());
    for (place, title, axes) in groups(&before, is_dragging) {
        group(ui, view, place, title, &axes, commands);
    }
    if *view != before {
        heatmap.camera = None;
        heatmap.pinned = None;
        heatmap.is_arranged = true;
    }
}

/// The places that have axes of several indices, or all while an axis is dragged. Those of the cells are told
/// apart only then.
fn groups(view: &View, all: bool) -> Vec<(Place, &'static str, Vec<usize>)> {
    let axes_in = |place: Place| -> Vec<usize> {
        view.axes(place).into_iter().filter(|axis| view.shape()[*axis] > 1 || view.shape().len() == 1).collect()
    };
    let mut groups = vec![(Place::Rows, "Rows", axes_in(Place::Rows)), (Place::Columns, "Columns", axes_in(Place::Columns))];
    if all {
        groups.push((Place::CellRows, "Cell rows", axes_in(Place::CellRows)));
        groups.push((Place::CellColumns, "Cell columns", axes_in(Place::CellColumns)));
    } else {
        groups.push((Place::CellRows, "Cell", [axes_in(Place::CellRows), axes_in(Place::CellColumns)].concat()));
    }
    groups.push((Place::Slider, "Slice", axes_in(Place::Slider)));
    groups.push((Place::Colour, "RGB", axes_in(Place::Colour)));
    let can_be_colours = (0..view.shape().len()).any(|axis| view.can_be_colours(axis));
    groups.retain(|(place, _, axes)| !axes.is_empty() || (all && (*place != Place::Colour || can_be_colours)));
    groups
}

/// A place's chips. An axis that is dropped on them goes before the chip behind the pointer.
fn group(ui: &mut egui::Ui, view: &mut View, place: Place, title: &str, axes: &[usize], commands: &mut Vec<Command>) {
    let tokens = Tokens::of(ui);
    let mut middles = Vec::new();
    let mut rect = ui.label(RichText::new(title).size(12.0).color(tokens.dim)).rect;
    for axis in axes {
        let chip = axis_chip(ui, view, *axis, commands);
        middles.push(chip.center().x);
        rect |= chip;
    }
    if axes.is_empty() {
        rect |= ui.label(RichText::new("drop here").size(12.0).color(tokens.dim)).rect;
    }
    ui.add_space(4.0);
    let is_over = ui.input(|input| input.pointer.interact_pos()).is_some_and(|at| rect.expand(4.0).contains(at));
    if !is_over || !DragAndDrop::has_payload_of_type::<Dragged>(ui.ctx()) {
        return;
    }
    ui.painter().rect_stroke(rect.expand(3.0), 4.0, egui::Stroke::new(1.0, tokens.accent), egui::StrokeKind::Outside);
    if !ui.input(|input| input.pointer.any_released()) {
        return;
    }
    if let Some(dragged) = DragAndDrop::take_payload::<Dragged>(ui.ctx()) {
        let at = ui.input(|input| input.pointer.interact_pos()).map_or(f32::INFINITY, |at| at.x);
        let before = middles.iter().zip(axes).find(|(middle, axis)| **middle > at && **axis != dragged.0).map(|(_, axis)| *axis);
        let others: Vec<usize> = view.axes(place).into_iter().filter(|axis| *axis != dragged.0).collect();
        let position = before.and_then(|before| others.iter().position(|axis| *axis == before)).unwrap_or(others.len());
        view.move_axis(dragged.0, place, position);
    }
}

fn chip_text(view: &View, axis: usize) -> String {
    let order = if view.order(axis).is_some() { " ↕" } else { "" };
    format!("{} {}{order}", view.names()[axis], view.shape()[axis])
}

fn text_width(ui: &egui::Ui, text: &str) -> f32 {
    ui.painter().layout_no_wrap(text.to_owned(), egui::FontId::proportional(12.0), Tokens::of(ui).text).size().x
}

/// The width that a chip takes, with the gap behind it.
pub fn chip_width(ui: &egui::Ui, text: &str) -> f32 {
    text_width(ui, text) + 2.0 * ui.spacing().button_padding.x + 6.0
}

/// The width that all chips take.
pub fn width(ui: &egui::Ui, heatmap: &HeatmapView) -> f32 {
    let Some(view) = &heatmap.view else { return 0.0 };
    let chips = |axes: &[usize]| axes.iter().map(|axis| chip_width(ui, &chip_text(view, *axis))).sum::<f32>();
    groups(view, false).iter().map(|(_, title, axes)| text_width(ui, title) + 16.0 + chips(axes)).sum()
}

/// A chip with an axis' name and length; it can be dragged, and its menu moves and orders it.
fn axis_chip(ui: &mut egui::Ui, view: &mut View, axis: usize, commands: &mut Vec<Command>) -> egui::Rect {
    let tokens = Tokens::of(ui);
    let text = RichText::new(chip_text(view, axis)).size(12.0);
    let mut button = Button::new(text).min_size(vec2(0.0, 20.0)).sense(egui::Sense::click_and_drag());
    if matches!(view.place(axis), Place::Rows | Place::Columns) {
        button = button.fill(tokens.selection).stroke(egui::Stroke::new(1.0, tokens.accent));
    }
    let (response, _) = MenuButton::from_button(button).ui(ui, |ui| {
        let name = view.names()[axis].clone();
        ui.label(RichText::new(format!("Lay axis {name} out as")).color(tokens.dim));
        for (place, title) in PLACES {
            if place == Place::Colour && !view.can_be_colours(axis) {
                continue;
            }
            if ui.selectable_label(view.place(axis) == place, title).clicked() {
                view.move_axis(axis, place, usize::MAX);
            }
        }
        if view.shape()[axis] < 2 {
            return;
        }
        ui.separator();
        ui.label(RichText::new(format!("Order of {name}")).color(tokens.dim));
        let current = view.order(axis).map(|order| order.name().to_owned());
        if ui.selectable_label(current.is_none(), "As in the file").clicked() {
            view.set_order(axis, None);
        }
        for (key, title) in [(SortKey::Norm, "By norm"), (SortKey::Range, "By range"), (SortKey::Similarity, "By similarity")] {
            if ui.selectable_label(current.as_deref() == Some(key.name()), title).clicked() {
                commands.push(Command::Sort { axis, key });
            }
        }
    });
    response.dnd_set_drag_payload(Dragged(axis));
    if response.dragged()
        && let Some(at) = ui.input(|input| input.pointer.interact_pos())
    {
        let painter = ui.ctx().layer_painter(egui::LayerId::new(egui::Order::Tooltip, response.id));
        let galley = painter.layout_no_wrap(chip_text(view, axis), egui::FontId::proportional(12.0), tokens.text);
        let rect = egui::Rect::from_min_size(at + vec2(10.0, 6.0), galley.size() + vec2(12.0, 6.0));
        painter.rect(rect, 4.0, tokens.raised, egui::Stroke::new(1.0, tokens.accent), egui::StrokeKind::Outside);
        painter.galley(rect.min + vec2(6.0, 3.0), galley, tokens.text);
    }
    response.rect
}
