//! The graph of operations: pan, zoom, select, walk. Drawn with culling and three levels of detail.

mod canvas;
mod minimap;
mod paint;

use egui::accesskit::Role;
use egui::{Pos2, Rect, Sense, Vec2, WidgetInfo, pos2, vec2};

use self::canvas::Canvas;
use crate::gui::command::Command;
use crate::gui::state::{Document, Progress};
use crate::gui::theme::Tokens;
use crate::gui::views::{Flight, GraphView};
use crate::gui::widgets;
use crate::jobs::GraphPicture;
use crate::layout::Node;
use crate::model::{GraphId, OperationId, OperationRef};

/// A movement of the pointer up to this many points is a click.
const CLICK_TOLERANCE: f32 = 3.0;
const FLIGHT_SECONDS: f64 = 0.15;

pub fn show(ui: &mut egui::Ui, document: &Document, view: &mut GraphView, wheel_zooms: bool, commands: &mut Vec<Command>) -> bool {
    let is_dragged = widgets::head(ui, "Graph", &crumbs(document), |ui| {
        if widgets::chip(ui, "Fit").on_hover_text("Show the whole graph (F)").clicked() {
            view.fit_wanted = true;
        }
        if document.graph != GraphId(0) && widgets::chip(ui, "Main graph").on_hover_text("Leave the body").clicked() {
            commands.push(Command::ShowGraph(GraphId(0)));
        }
        if document.opened.model.graphs.len() > 1 {
            graph_menu(ui, document, commands);
        }
    });
    match document.layouts.get(&document.graph) {
        Some(Progress::Ready(picture)) if picture.cards.is_empty() => {
            widgets::empty_state(ui, "This graph has no operations", None);
        }
        Some(Progress::Ready(picture)) => show_canvas(ui, document, picture, view, wheel_zooms, commands),
        Some(Progress::Failed(problem)) => {
            widgets::empty_state(ui, problem, None);
        }
        _ => {
            widgets::empty_state(ui, "Laying out the graph…", None);
        }
    }
    is_dragged
}

fn crumbs(document: &Document) -> String {
    let graph = document.opened.model.graph(document.graph);
    let place = match graph.path.last() {
        None if document.graph == GraphId(0) => "main",
        None => graph.name.as_str(),
        Some(last) => last.as_str(),
    };
    match document.selected {
        Some(operation) => format!("{place} › {}", document.label(document.graph, operation)),
        None => place.to_owned(),
    }
}

fn graph_menu(ui: &mut egui::Ui, document: &Document, commands: &mut Vec<Command>) {
    let title = egui::RichText::new(format!("{} graphs", document.opened.model.graphs.len())).size(12.0);
    egui::containers::menu::MenuButton::from_button(egui::Button::new(title).min_size(vec2(0.0, 20.0))).ui(ui, |ui| {
        egui::ScrollArea::vertical().max_height(400.0).show(ui, |ui| {
            for (id, graph) in (0..).map(GraphId).zip(&document.opened.model.graphs) {
                let name = if graph.path.is_empty() { graph.name.clone() } else { graph.path.join(" › ") };
                let name = if name.is_empty() { format!("graph {}", id.0) } else { name };
                if ui.selectable_label(id == document.graph, name).clicked() {
                    commands.push(Command::ShowGraph(id));
                }
            }
        });
    });
}

fn show_canvas(
    ui: &mut egui::Ui,
    document: &Document,
    picture: &GraphPicture,
    view: &mut GraphView,
    wheel_zooms: bool,
    commands: &mut Vec<Command>,
) {
    let rect = ui.available_rect_before_wrap().shrink2(vec2(1.0, 1.0));
    let response = ui.allocate_rect(rect, Sense::click_and_drag());
    response.widget_info(|| {
        let selected = document.selected.map_or(String::new(), |id| format!(", {} selected", document.label(document.graph, id)));
        let operations = picture.drawn.nodes.iter().filter(|node| matches!(node, Node::Operation(_))).count();
        WidgetInfo::labeled(
            Role::Canvas,
            true,
            format!("Graph of {operations} operation{}{selected}", if operations == 1 { "" } else { "s" }),
        )
    });
    let size = vec2(picture.layout.size.width as f32, picture.layout.size.height as f32);
    if !view.is_fitted {
        (view.center, view.zoom) = first_sight(picture, document.selected, size, rect.size());
        view.is_fitted = true;
    }
    if std::mem::take(&mut view.fit_wanted) {
        fly_to(ui, view, whole(size, rect.size()));
    }
    if let Some(factor) = view.zoom_wanted.take() {
        zoom_at(view, rect, rect.center(), factor);
    }
    if let Some((operation, always)) = view.reveal.take() {
        reveal(ui, picture, view, rect, operation, always);
    }
    advance_flight(ui, view);
    let map = minimap::place(rect, size, view);
    let over_map = map.is_some_and(|map| ui.rect_contains_pointer(map));
    if !over_map {
        pan_and_zoom(ui, &response, view, rect, wheel_zooms);
    }
    let canvas = Canvas { rect, center: view.center, zoom: view.zoom };
    let hovered = response.hover_pos().filter(|_| !over_map).and_then(|at| canvas.node_at(picture, at));
    paint::graph(ui, document, picture, &canvas, hovered, commands);
    if let Some(map) = map {
        minimap::show(ui, picture, map, view, rect);
    }
    if over_map {
        return;
    }
    click(ui, &response, document, picture, hovered, view, commands);
    // Where nothing has the keyboard, and no dialog lies above.
    let is_free = ui.memory(|memory| memory.focused().is_none() && memory.allows_interaction(ui.layer_id()));
    if response.has_focus() && ui.input(|input| input.key_pressed(egui::Key::Space)) {
        view.fit_wanted = true;
    }
    if response.has_focus() || (document.selected.is_some() && is_free) {
        walk(ui, &response, document, picture, commands);
    }
    if let Some(node) = hovered {
        let card = &picture.cards[node];
        let full = match picture.drawn.nodes[node] {
            Node::Operation(at) => document.opened.model.operation(at).name.as_str(),
            _ => card.name.as_str(),
        };
        response.on_hover_ui_at_pointer(|ui| {
            ui.label(full);
            ui.label(egui::RichText::new(format!("{}  {}", card.kind, card.detail)).color(Tokens::of(ui).dim));
        });
    }
}

/// The whole graph if it can be read then, else its beginning at a size that can.
fn first_sight(picture: &GraphPicture, selected: Option<OperationId>, size: Vec2, room: Vec2) -> (Pos2, f32) {
    const READABLE: f32 = 0.72;
    /// A graph of a few boxes is seen whole even if its details can't be read.
    const FEW_BOXES: usize = 24;
    let (center, zoom) = whole(size, room);
    let enough = if picture.cards.len() <= FEW_BOXES { 0.5 } else { READABLE };
    if zoom >= enough {
        return (center, zoom);
    }
    let zoom = (room.x / (size.x + 48.0)).clamp(READABLE, 1.0);
    // Of a graph too wide for the panel the column of the selected operation, else of the first.
    let selected = selected.and_then(|operation| picture.drawn.node_of(OperationRef { graph: picture.graph, operation }));
    let column = picture.layout.nodes.get(selected.unwrap_or(0) as usize).map_or(size.x / 2.0, |place| place.center().x as f32);
    let x = if size.x * zoom > room.x { column } else { size.x / 2.0 };
    (pos2(x, room.y / zoom / 2.0 - 24.0), zoom)
}

fn whole(size: Vec2, room: Vec2) -> (Pos2, f32) {
    let zoom = (room.x / (size.x + 48.0)).min(room.y / (size.y + 48.0)).clamp(0.001, 1.0);
    (pos2(size.x / 2.0, size.y / 2.0), zoom)
}

fn fly_to(ui: &egui::Ui, view: &mut GraphView, to: (Pos2, f32)) {
    let start = ui.input(|input| input.time);
    if ui.style().animation_time == 0.0 {
        (view.center, view.zoom) = to;
        return;
    }
    view.flight = Some(Flight { from: (view.center, view.zoom), to, start });
}

fn advance_flight(ui: &egui::Ui, view: &mut GraphView) {
    let Some(flight) = view.flight else { return };
    let part = ((ui.input(|input| input.time) - flight.start) / FLIGHT_SECONDS).clamp(0.0, 1.0) as f32;
    let eased = part * part * (3.0 - 2.0 * part);
    view.center = flight.from.0 + (flight.to.0 - flight.from.0) * eased;
    view.zoom = flight.from.1 * (flight.to.1 / flight.from.1).powf(eased);
    if part >= 1.0 {
        view.flight = None;
    } else {
        ui.ctx().request_repaint();
    }
}

/// Moves the view to an operation; if not `always`, only where it is outside the inner 90 %.
fn reveal(ui: &egui::Ui, picture: &GraphPicture, view: &mut GraphView, rect: Rect, operation: OperationId, always: bool) {
    let Some(node) = picture.drawn.node_of(OperationRef { graph: picture.graph, operation }) else { return };
    let place = &picture.layout.nodes[node as usize];
    let canvas = Canvas { rect, center: view.center, zoom: view.zoom };
    let on_screen = canvas.rect_on_screen(place);
    let inner = rect.shrink2(rect.size() * 0.05);
    if !always && inner.contains_rect(on_screen) && view.zoom > 0.3 {
        return;
    }
    let center = place.center();
    fly_to(ui, view, (pos2(center.x as f32, center.y as f32), view.zoom.clamp(0.72, 1.25)));
}

fn pan_and_zoom(ui: &egui::Ui, response: &egui::Response, view: &mut GraphView, rect: Rect, wheel_zooms: bool) {
    if response.dragged() {
        view.center -= response.drag_delta() / view.zoom;
        view.flight = None;
    }
    if !response.hovered() {
        return;
    }
    let (pinch, scroll, modifiers, pointer) =
        ui.input(|input| (input.zoom_delta(), input.smooth_scroll_delta(), input.modifiers, input.pointer.hover_pos()));
    let at = pointer.unwrap_or(rect.center());
    if pinch != 1.0 {
        zoom_at(view, rect, at, pinch);
    } else if scroll != Vec2::ZERO {
        if wheel_zooms && !modifiers.shift {
            zoom_at(view, rect, at, (scroll.y / 240.0).exp());
        } else {
            view.center -= scroll / view.zoom;
        }
        view.flight = None;
    }
}

/// Zooms so that the point of the graph under `at` stays there.
fn zoom_at(view: &mut GraphView, rect: Rect, at: Pos2, factor: f32) {
    let zoom = (view.zoom * factor).clamp(0.002, 4.0);
    let offset = at - rect.center();
    view.center += offset / view.zoom - offset / zoom;
    view.zoom = zoom;
    view.flight = None;
}

fn click(
    ui: &egui::Ui,
    response: &egui::Response,
    document: &Document,
    picture: &GraphPicture,
    hovered: Option<usize>,
    view: &mut GraphView,
    commands: &mut Vec<Command>,
) {
    // What egui calls a drag may still be a click to the hand.
    let moved =
        ui.input(|input| input.pointer.press_origin().zip(input.pointer.interact_pos()).map_or(0.0, |(from, to)| from.distance(to)));
    // By the pointer: Enter and Space click what has the keyboard, too.
    let is_click = response.clicked_by(egui::PointerButton::Primary) || (response.drag_stopped() && moved <= CLICK_TOLERANCE);
    if !is_click {
        return;
    }
    response.request_focus();
    let operation = hovered.and_then(|node| match picture.drawn.nodes[node] {
        Node::Operation(at) => Some(at.operation),
        _ => None,
    });
    match operation {
        Some(operation) => {
            commands.push(Command::Select { graph: document.graph, operation, fly: false });
            if response.double_clicked() {
                view.reveal = Some((operation, true));
            }
        }
        None => commands.push(Command::Deselect),
    }
}

/// Arrow keys walk along edges and within a layer; Enter opens the weight or the body.
fn walk(ui: &egui::Ui, response: &egui::Response, document: &Document, picture: &GraphPicture, commands: &mut Vec<Command>) {
    let filter = egui::EventFilter { horizontal_arrows: true, vertical_arrows: true, ..Default::default() };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, filter));
    let Some(selected) = document.selected else { return };
    let key = |key| ui.input(|input| input.key_pressed(key) && input.modifiers.is_none());
    let Some(node) = picture.drawn.node_of(OperationRef { graph: picture.graph, operation: selected }) else { return };
    let next = if key(egui::Key::ArrowUp) {
        canvas::neighbour(picture, node, canvas::Direction::Producer)
    } else if key(egui::Key::ArrowDown) {
        canvas::neighbour(picture, node, canvas::Direction::Consumer)
    } else if key(egui::Key::ArrowLeft) {
        canvas::neighbour(picture, node, canvas::Direction::Left)
    } else if key(egui::Key::ArrowRight) {
        canvas::neighbour(picture, node, canvas::Direction::Right)
    } else {
        None
    };
    if let Some(operation) = next {
        commands.push(Command::Select { graph: document.graph, operation, fly: true });
    }
    if key(egui::Key::Enter) {
        let operation = document.opened.model.graph(document.graph).operation(selected);
        if let Some(body) = operation.graphs.first() {
            commands.push(Command::ShowGraph(*body));
        } else if let Some(site) = document.main_weight(document.graph, selected) {
            commands.push(Command::ShowWeight(site));
        }
    }
}
