//! The panels, a file each. A panel is a function of shared references and its own view state; it
//! pushes commands and returns whether it is being dragged by its head.

mod channels;
pub mod drop_target;
pub mod graph;
mod heatmap;
mod histogram;
mod inspector;
mod statistics;
mod weights;
pub mod welcome;

use super::command::Command;
use super::dock::Pane;
use super::state::{Document, State};
use super::views::Views;
use super::widgets;

/// Draws a panel of the document on display.
pub fn show(pane: Pane, ui: &mut egui::Ui, state: &mut State, focus_filter: bool, commands: &mut Vec<Command>) -> bool {
    let wheel_zooms = state.settings.wheel_zooms;
    let Some(document) = state.document_mut() else { return false };
    // The panel changes its own view state and reads the rest.
    let mut views = std::mem::take(&mut document.views);
    let document = &*document;
    let is_dragged = match pane {
        Pane::Weights => weights::show(ui, document, &mut views.weights, focus_filter, commands),
        Pane::Graph => graph::show(ui, document, &mut views.graph, wheel_zooms, commands),
        Pane::Heatmap => {
            views.heatmap.brush = views.brush;
            heatmap::show(ui, document, &mut views.heatmap, &mut views.reveal_element, commands)
        }
        Pane::Histogram => histogram::show(ui, document, &mut views.histogram, &mut views.brush, commands),
        Pane::Channels => channels::show(ui, document, &mut views.channels, &mut views.reveal_element, commands),
        Pane::Statistics => statistics::show(ui, document, &mut views.statistics, commands),
        Pane::Inspector => inspector::show(ui, document, views.graph.chosen, &views.heatmap, commands),
    };
    restore(state, views);
    is_dragged
}

pub use heatmap::{on_display as heatmap_on_display, paint_table as heatmap_paint_table, table_text};

fn restore(state: &mut State, views: Views) {
    if let Some(document) = state.document_mut() {
        document.views = views;
    }
}

/// A panel that can't show its content yet, or not at all.
fn placeholder(ui: &mut egui::Ui, document: &Document, title: &str, sentence: &str) -> bool {
    let shows = if document.weight.is_some() { "" } else { "nothing selected" };
    let is_dragged = widgets::head(ui, title, shows, |_| {});
    widgets::empty_state(ui, sentence, None);
    is_dragged
}
