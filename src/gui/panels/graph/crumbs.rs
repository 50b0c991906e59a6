//! Which body of which operation is on display, and the way back out.

use std::collections::HashMap;

use egui::accesskit::Role;
use egui::{Rect, Sense, WidgetInfo, pos2, vec2};

use crate::gui::command::Command;
use crate::gui::names;
use crate::gui::state::Document;
use crate::gui::theme::{self, Tokens};
use crate::model::{GraphId, Model, OperationRef};

const HEIGHT: f32 = 24.0;
/// From the canvas' top to below the way.
pub const TAKEN: f32 = HEIGHT + 12.0;

/// For each body the first operation that runs it.
pub fn owners(model: &Model) -> HashMap<GraphId, OperationRef> {
    let mut owners = HashMap::new();
    for (graph_id, graph) in (0..).map(GraphId).zip(&model.graphs) {
        for (operation, found) in graph.operations() {
            for body in found.graphs.iter().filter(|body| **body != graph_id) {
                owners.entry(*body).or_insert(OperationRef { graph: graph_id, operation });
            }
        }
    }
    owners
}

/// From the graph on display outwards: each body with the operation that runs it.
fn way(owners: &HashMap<GraphId, OperationRef>, graph: GraphId) -> Vec<(GraphId, Option<OperationRef>)> {
    let mut way = Vec::new();
    let mut at = graph;
    // Functions may call one another in a circle.
    while way.iter().all(|(seen, _)| *seen != at) {
        let owner = owners.get(&at).copied();
        way.push((at, owner));
        match owner {
            Some(owner) => at = owner.graph,
            None => break,
        }
    }
    way.reverse();
    way
}

pub fn graph_name(document: &Document, graph: GraphId) -> String {
    let found = document.opened.model.graph(graph);
    match found.path.last() {
        _ if graph == GraphId(0) => "main".to_owned(),
        Some(last) => last.clone(),
        None if found.name.is_empty() => format!("graph {}", graph.0),
        None => found.name.clone(),
    }
}

/// Shows the way to a body over the canvas, each step but the last a link; the place that it takes.
pub fn show(
    ui: &mut egui::Ui,
    document: &Document,
    owners: &HashMap<GraphId, OperationRef>,
    canvas: Rect,
    commands: &mut Vec<Command>,
) -> Rect {
    if document.in_view == GraphId(0) {
        return Rect::NOTHING;
    }
    let tokens = Tokens::of(ui);
    let mut way = way(owners, document.in_view);
    if way.first().is_some_and(|(graph, _)| *graph != GraphId(0)) {
        // No operation runs it: a graph of its own beside the main one.
        way.insert(0, (GraphId(0), None));
    }
    let longest = if canvas.width() < 340.0 { 14 } else { 28 };
    let last = way.len() - 1;
    let texts: Vec<_> = way.iter().map(|(graph, _)| names::elide_middle(&graph_name(document, *graph), longest)).collect();
    let galleys: Vec<_> = texts
        .into_iter()
        .enumerate()
        .map(|(step, text)| ui.painter().layout_no_wrap(text, theme::small_font(), if step == last { tokens.text } else { tokens.accent }))
        .collect();
    let arrow = ui.painter().layout_no_wrap("›".to_owned(), theme::small_font(), tokens.dim);
    let gap = arrow.size().x + 10.0;
    let width = galleys.iter().map(|galley| galley.size().x).sum::<f32>() + gap * last as f32 + 20.0;
    let at = Rect::from_min_size(canvas.min + vec2(8.0, 8.0), vec2(width.min(canvas.width() - 16.0), HEIGHT));
    ui.painter().rect(at, 4.0, tokens.raised.gamma_multiply(0.94), egui::Stroke::new(1.0, tokens.line), egui::StrokeKind::Inside);
    let painter = ui.painter().with_clip_rect(at.intersect(ui.clip_rect()));
    let mut x = at.left() + 10.0;
    for (step, galley) in galleys.into_iter().enumerate() {
        let area = Rect::from_min_size(pos2(x, at.top()), vec2(galley.size().x, HEIGHT));
        painter.galley(pos2(x, at.center().y - galley.size().y / 2.0), galley, tokens.text);
        x = area.right() + gap;
        if step == last {
            continue;
        }
        painter.galley(pos2(area.right() + 5.0, at.center().y - arrow.size().y / 2.0), arrow.clone(), tokens.dim);
        let graph = way[step].0;
        let response = ui.interact(area.expand2(vec2(4.0, 0.0)).intersect(at), ui.scope_id().with(("crumb", step)), Sense::click());
        let name = graph_name(document, graph);
        response.widget_info(|| WidgetInfo::labeled(Role::Link, true, format!("Back to {name}")));
        if response.hovered() || response.has_focus() {
            painter.hline(area.x_range(), at.center().y + 7.0, egui::Stroke::new(1.0, tokens.accent));
        }
        if response.on_hover_cursor(egui::CursorIcon::PointingHand).clicked() {
            // The operation that runs the body is what one comes back to.
            commands.push(match way[step + 1].1 {
                Some(OperationRef { graph, operation }) => Command::Select { graph, operation, fly: true },
                None => Command::ShowGraph(graph),
            });
        }
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::OperationId;

    #[test]
    fn the_way_out_ends_even_in_a_circle() {
        let owner = |graph, operation| OperationRef { graph: GraphId(graph), operation: OperationId(operation) };
        let owners =
            HashMap::from([(GraphId(2), owner(1, 5)), (GraphId(1), owner(0, 3)), (GraphId(8), owner(9, 0)), (GraphId(9), owner(8, 0))]);
        let steps = |graph| way(&owners, GraphId(graph)).into_iter().map(|(graph, _)| graph.0).collect::<Vec<_>>();
        assert_eq!(steps(2), [0, 1, 2]);
        assert_eq!(steps(0), [0]);
        assert_eq!(steps(8), [9, 8]);
    }
}
