//! The heatmap of the weight on display: kernel grid, matrix or vector, with its axes and colours.

mod axes;
mod body;
mod chips;
mod colour_bar;
mod controls;
mod go_to;
mod table;
mod texts;
mod values;

use std::sync::Arc;

use egui::Rect;

use crate::colormap::{Kind, Range};
use crate::gui::action::Action;
use crate::gui::command::Command;
use crate::gui::compare;
use crate::gui::state::{Document, Progress};
use crate::gui::views::{HeatmapView, TableView};
use crate::gui::widgets;
use crate::jobs::{Loaded, Look, Shows};
use crate::view::Place;
use crate::weights::{Reading, Scheme};

pub use colour_bar::paint_table;

pub fn show(
    ui: &mut egui::Ui,
    document: &Document,
    view: &mut HeatmapView,
    reveal: &mut Option<Vec<usize>>,
    commands: &mut Vec<Command>,
) -> bool {
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
            if widgets::empty_state(ui, "Reading the weight…", Some("Cancel")) {
                commands.push(Command::CancelLoad);
            }
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
    if loaded.count() == 0 {
        widgets::empty_state(ui, "This weight has no elements", None);
        return is_dragged;
    }
    adopt(view, &loaded, ui.available_rect_before_wrap());
    if let Some(index) = reveal.take() {
        view.go_to_index(&index);
    }
    controls::show(ui, view, &loaded, commands);
    go_to::show(ui, view, &loaded, commands);
    let Some(look) = look(view, &loaded) else { return is_dragged };
    let Some(colours) = look.colours(&loaded) else {
        commands.push(Command::NeedFigures(look.shows));
        widgets::empty_state(ui, "Counting what is shown…", None);
        return is_dragged;
    };
    if view.table.is_some() {
        table::show(ui, view, &loaded, &look, &colours);
    } else {
        let response = body::show(ui, view, &loaded, (&look, &colours), commands);
        response.context_menu(|ui| {
            compare::weight_entries(ui, document.number, loaded.weight.site, commands);
            ui.separator();
            for action in [Action::SaveImage, Action::CopyImage, Action::FitPicture] {
                let keys = action.shortcuts().first().map(|keys| ui.ctx().format_shortcut(keys)).unwrap_or_default();
                let button = egui::Button::new(action.name()).shortcut_text(keys);
                if ui.add(button).accessible_name(action.name()).on_hover_text(action.tooltip()).clicked() {
                    commands.push(Command::Do(action));
                }
            }
        });
    }
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

/// A newly shown weight begins with its usual view, or with that of the weight before it where the axes
/// are the same; the colour map and what is shown stay as the person chose them.
fn adopt(view: &mut HeatmapView, loaded: &Arc<Loaded>, room: Rect) {
    if has_adopted(view, loaded) {
        if view.is_range_own {
            view.range = default_range(view, loaded);
        }
        return;
    }
    let aspect = f64::from(room.width().max(80.0) - 160.0).max(80.0) / f64::from((room.height() - 100.0).max(80.0));
    let usual = loaded.default_view(aspect);
    view.view = Some(match view.view.take().filter(|_| view.is_arranged) {
        Some(before) => usual.arranged_like(&before, aspect).unwrap_or(usual),
        None => usual,
    });
    view.site = Some(loaded.weight.site);
    view.reading = loaded.reading;
    if view.shows == Shows::Codes && !loaded.has_codes() {
        view.shows = Shows::Real;
    }
    view.saturated &= loaded.has_codes();
    view.is_range_own = true;
    view.range = default_range(view, loaded);
    view.manual = Default::default();
    view.camera = None;
    view.pinned = None;
    view.hovered = None;
    view.refining = None;
    view.go_to = None;
    if view.table.is_some() {
        view.table = Some(TableView::default());
    }
}

fn has_adopted(view: &HeatmapView, loaded: &Loaded) -> bool {
    let is_same = view.site == Some(loaded.weight.site) && view.reading == loaded.reading;
    is_same && view.view.as_ref().is_some_and(|view| view.shape() == loaded.shape())
}

fn default_range(view: &HeatmapView, loaded: &Loaded) -> Range {
    let map = view.map.unwrap_or(Look::default_map(loaded, view.shows));
    loaded.figures_of(view.shows).map_or(Range::Full, |figures| figures.default_range(map.kind() == Kind::Diverging))
}

/// How the weight on display is looked at; of one that the panel, folded away, has not met yet, as it would
/// begin.
pub fn on_display(heatmap: &HeatmapView, loaded: &Loaded) -> Look {
    let is_met = has_adopted(heatmap, loaded);
    look(heatmap, loaded).filter(|_| is_met).unwrap_or_else(|| {
        let look = Look::new(loaded, loaded.default_view(1.0));
        Look { map: heatmap.map.unwrap_or(look.map), norm: heatmap.norm, ..look }
    })
}

/// The values that are selected in the table, as text.
pub fn table_text(document: &Document) -> Option<String> {
    let (loaded, heatmap) = (document.shown.ready()?, &document.views.heatmap);
    table::text(heatmap, loaded, &look(heatmap, loaded)?)
}

fn look(view: &HeatmapView, loaded: &Loaded) -> Option<Look> {
    Some(Look {
        view: view.view.clone()?,
        shows: view.shows,
        map: view.map.unwrap_or(Look::default_map(loaded, view.shows)),
        range: view.range,
        norm: view.norm,
        own_scale: view.own_scale,
        saturated: view.saturated,
        marked: view.brush,
        reduction: view.reduction,
    })
}

impl HeatmapView {
    /// Pins an element by its place in C order and brings it into sight; whether there is one.
    pub fn go(&mut self, offset: Option<usize>) -> bool {
        let index = self.view.as_ref().zip(offset).and_then(|(view, offset)| view.unravel(offset));
        index.is_some_and(|index| self.go_to_index(&index))
    }

    /// Pins an element and brings it into sight, whatever slice it lies in; whether there is such an index.
    pub fn go_to_index(&mut self, index: &[usize]) -> bool {
        let Some(view) = &mut self.view else { return false };
        if index.len() != view.shape().len() || index.iter().zip(view.shape()).any(|(index, extent)| index >= extent) {
            return false;
        }
        for axis in view.axes(Place::Slider) {
            view.set_fixed(axis, index[axis]);
        }
        self.pinned = view.cell(index);
        self.fly_to = self.pinned;
        if let (Some(table), Some(cell)) = (&mut self.table, self.pinned) {
            table.selected = Some([cell, cell]);
        }
        self.pinned.is_some()
    }
}

/// What is known of a cell under the pointer.
pub struct CellFacts {
    /// The axes' names, as in `O, H, W, I`.
    pub axes: String,
    /// The names of all axes and their lengths, as in `OHWI 8×3×3×3`.
    pub layout: String,
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
    let value = loaded.value(offset)?;
    let index = view.unravel(offset)?;
    let long: Vec<usize> = (0..index.len()).filter(|axis| view.shape()[*axis] > 1 || view.shape().len() == 1).collect();
    let join = |text: &dyn Fn(usize) -> String| long.iter().map(|axis| text(*axis)).collect::<Vec<_>>().join(", ");
    Some(CellFacts {
        axes: join(&|axis| view.names()[axis].clone()),
        index: join(&|axis| index[axis].to_string()),
        value,
        layout: layout_text(loaded),
        code: loaded.code(offset),
        scale: loaded.scale(offset),
        percentile: loaded.rank_of(value),
        gate: view.marks_at(&index),
    })
}

fn layout_text(loaded: &Loaded) -> String {
    let shape = loaded.shape().iter().map(ToString::to_string).collect::<Vec<_>>().join("×");
    let layout = loaded.weight.role.layout.filter(|layout| layout.len() == loaded.shape().len());
    layout.map_or(shape.clone(), |layout| format!("{layout} {shape}"))
}

#[cfg(all(test, feature = "gui-tests"))]
mod tests;
