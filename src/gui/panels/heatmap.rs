//! The heatmap of the weight on display: kernel grid, matrix or vector, with its axes and colours.

mod axes;
mod body;
mod colour_bar;
mod controls;
mod texts;

use std::sync::Arc;

use egui::{Rect, pos2};

use crate::colormap::{Colours, Kind, Range};
use crate::gui::action::Action;
use crate::gui::command::Command;
use crate::gui::state::{Document, Progress};
use crate::gui::views::HeatmapView;
use crate::gui::widgets;
use crate::jobs::Loaded;
use crate::view::View;
use crate::weights::{Reading, Scheme};

pub fn show(ui: &mut egui::Ui, document: &Document, view: &mut HeatmapView, commands: &mut Vec<Command>) -> bool {
    let shows = document.weight().map_or("nothing selected".to_owned(), |weight| {
        format!("{} · {}", document.label(weight.site.graph, weight.layer()), weight.role.with_sections(&document.sections))
    });
    let has_values = document.shown.ready().is_some_and(|loaded| loaded.has_numbers());
    let is_dragged = widgets::head(ui, "Heatmap", &shows, |ui| {
        ui.add_enabled_ui(has_values, |ui| {
            if widgets::chip(ui, Action::SaveImage.name()).on_hover_text(Action::SaveImage.tooltip()).clicked() {
                commands.push(Command::Do(Action::SaveImage));
            }
        });
        weight_menu(ui, document, commands);
        reading_menu(ui, document, commands);
    });
    let loaded = match &document.shown {
        Progress::Ready(loaded) => Arc::clone(loaded),
        Progress::Failed(problem) => {
            let help = document.lacks_constants_of(document.weight).then_some(Action::ChooseConstants.name());
            if widgets::empty_state(ui, problem, help) {
                commands.push(Command::Do(Action::ChooseConstants));
            }
            return is_dragged;
        }
        Progress::Loading => {
            widgets::empty_state(ui, "Reading the weight…", None);
            return is_dragged;
        }
        Progress::None => {
            let sentence = match document.selected {
                Some(_) => "This operation has no weights",
                None => "Select an operation or a weight to see its values",
            };
            widgets::empty_state(ui, sentence, None);
            return is_dragged;
        }
    };
    if let Some(texts) = loaded.texts() {
        texts::show(ui, document.number, &texts);
        return is_dragged;
    }
    if loaded.real.values.is_empty() {
        widgets::empty_state(ui, "This weight has no elements", None);
        return is_dragged;
    }
    adopt(view, &loaded, ui.available_rect_before_wrap());
    controls::show(ui, view, &loaded, commands);
    let colours = colours(view, &loaded);
    body::show(ui, view, &loaded, &colours, commands);
    is_dragged
}

/// A chip a weight of the layer, where it has several.
fn weight_menu(ui: &mut egui::Ui, document: &Document, commands: &mut Vec<Command>) {
    let Some(weight) = document.weight() else { return };
    let weights = document.opened.catalogue.of_layer(weight.site.graph, weight.layer());
    if weights.len() < 2 || weights.len() > 4 {
        return;
    }
    for other in weights.iter().rev() {
        let is_shown = other.site == weight.site;
        if widgets::toggle(ui, other.role.name, is_shown).clicked() && !is_shown {
            commands.push(Command::ShowWeight(other.site));
        }
    }
}

/// A chip a reading, of a weight that is quantised when the model runs.
fn reading_menu(ui: &mut egui::Ui, document: &Document, commands: &mut Vec<Command>) {
    if document.weight().is_none_or(|weight| weight.scheme != Scheme::FakeQuantize) {
        return;
    }
    let readings = [
        (Reading::Levels, "levels", "The level that FakeQuantize gives each element"),
        (Reading::Float, "before", "The floats before FakeQuantize"),
        (Reading::Effective, "effective", "What the layer computes with, behind FakeQuantize"),
    ];
    for (reading, name, hint) in readings {
        if widgets::toggle(ui, name, document.reading == reading).on_hover_text(hint).clicked() {
            commands.push(Command::ReadAs(reading));
        }
    }
}

/// A newly shown weight begins with its usual view; the colour map stays as the person chose it.
fn adopt(view: &mut HeatmapView, loaded: &Arc<Loaded>, room: Rect) {
    if has_adopted(view, loaded) {
        return;
    }
    let aspect = f64::from(room.width().max(80.0) - 160.0).max(80.0) / f64::from((room.height() - 100.0).max(80.0));
    view.view = Some(loaded.default_view(aspect));
    view.site = Some(loaded.weight.site);
    view.reading = loaded.reading;
    view.range = default_range(loaded);
    view.manual = Default::default();
    view.camera = None;
    view.pinned = None;
    view.hovered = None;
}

fn has_adopted(view: &HeatmapView, loaded: &Loaded) -> bool {
    let is_same = view.site == Some(loaded.weight.site) && view.reading == loaded.reading;
    is_same && view.view.as_ref().is_some_and(|view| view.shape() == loaded.real.shape)
}

fn default_range(loaded: &Loaded) -> Range {
    loaded.default_range(loaded.default_map().kind() == Kind::Diverging)
}

/// The axes and colours on display; of a weight that the panel, folded away, has not met yet, those
/// that it would begin with.
pub fn on_display(heatmap: &HeatmapView, loaded: &Loaded) -> (View, Colours) {
    match &heatmap.view {
        Some(view) if has_adopted(heatmap, loaded) => (view.clone(), colours(heatmap, loaded)),
        _ => (loaded.default_view(1.0), colours_within(heatmap, default_range(loaded), loaded)),
    }
}

/// The colours that follow from the choices.
pub fn colours(view: &HeatmapView, loaded: &Loaded) -> Colours {
    colours_within(view, view.range, loaded)
}

fn colours_within(view: &HeatmapView, range: Range, loaded: &Loaded) -> Colours {
    let map = view.map.unwrap_or(loaded.default_map());
    Colours { map, limits: loaded.limits(range, map.kind() == Kind::Diverging), norm: view.norm }
}

/// What is known of a cell under the pointer.
pub struct CellFacts {
    /// The axes' names, as in `O, H, W, I`.
    pub axes: String,
    pub index: String,
    pub value: f32,
    pub code: Option<i64>,
    /// Scale and zero point.
    pub scale: Option<(f64, f64)>,
    pub percentile: Option<f64>,
    /// The gate that the cell belongs to, where several are on display.
    pub gate: String,
}

/// The facts of the element that a cell (row, column) of the picture shows.
pub fn cell_facts(loaded: &Loaded, heatmap: &HeatmapView, (row, column): (usize, usize)) -> Option<CellFacts> {
    let view = heatmap.view.as_ref().filter(|_| heatmap.site == Some(loaded.weight.site))?;
    let offset = view.offset(row, column)?;
    let value = *loaded.real.values.get(offset)?;
    let index = view.unravel(offset)?;
    let model = &loaded.opened.model;
    let long: Vec<usize> = (0..index.len()).filter(|axis| view.shape()[*axis] > 1 || view.shape().len() == 1).collect();
    let join = |text: &dyn Fn(usize) -> String| long.iter().map(|axis| text(*axis)).collect::<Vec<_>>().join(", ");
    Some(CellFacts {
        axes: join(&|axis| view.names()[axis].clone()),
        index: join(&|axis| index[axis].to_string()),
        value,
        code: loaded.weight.code_at(model, loaded.whole_offset(offset)?),
        scale: loaded.weight.scale_at(model, &loaded.scales, loaded.whole_offset(offset)?),
        percentile: loaded.rank_of(value),
        gate: view.marks_at(&index),
    })
}

/// The rectangle in physical pixels, so that a picture's pixels are the screen's.
fn pixel_aligned(rect: Rect, pixels_per_point: f32) -> Rect {
    let align = |value: f32| (value * pixels_per_point).round() / pixels_per_point;
    Rect::from_min_max(pos2(align(rect.left()), align(rect.top())), pos2(align(rect.right()), align(rect.bottom())))
}
