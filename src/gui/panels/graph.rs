//! The graph of operations: pan, zoom, select, walk, find. What is drawn is what is in sight, in the
//! detail that can be made out; everything is found by the layout's index, at a cost that does not
//! grow with the graph.

mod boxes;
mod camera;
mod canvas;
mod colour;
mod crumbs;
mod find;
mod groups;
mod hand;
mod lit;
mod menu;
mod minimap;
mod moving;
mod neighbours;
mod pair;
mod references;
mod scene;
mod strokes;

use std::collections::HashSet;
use std::sync::Arc;

use egui::accesskit::Role;
use egui::{Color32, FontId, Galley, Pos2, Sense, Stroke, WidgetInfo, vec2};

use self::boxes::Emphasis;
pub use self::boxes::Texts;
use self::canvas::Canvas;
use self::colour::Colours;
pub use self::find::FindView;
pub use self::hand::Pointed;
pub use self::lit::Lit;
pub use self::minimap::Minimap;
pub use self::moving::Moving;
pub use self::scene::Scene;
use crate::groups::GroupRef;
use crate::gui::command::Command;
use crate::gui::state::{Document, Progress};
use crate::gui::theme::Tokens;
use crate::gui::views::GraphView;
use crate::gui::{names, widgets};
use crate::jobs::{DETAIL_SIZE, GraphPicture};
use crate::layout::{self, Labels, Node, Piece};
use crate::model::{GraphId, OperationRef};

pub fn show(ui: &mut egui::Ui, document: &Document, view: &mut GraphView, wheel_zooms: bool, commands: &mut Vec<Command>) -> bool {
    view.enter(document.in_view);
    if document.selected.is_some() {
        view.chosen = None;
    }
    let is_dragged = widgets::head(ui, "Graph", &place(document), |ui| menu::controls(ui, document, view, commands));
    match document.layouts.get(&document.in_view) {
        Some(Progress::Ready(picture)) if picture.cards.is_empty() => {
            let is_body = document.in_view != GraphId(0);
            if widgets::empty_state(ui, "This graph has no operations", is_body.then_some("Main graph")) {
                commands.push(Command::ShowGraph(GraphId(0)));
            }
        }
        Some(Progress::Ready(picture)) => show_canvas(ui, document, picture, view, wheel_zooms, commands),
        Some(Progress::Failed(problem)) => {
            if widgets::empty_state(ui, problem, Some("Try again")) {
                commands.push(Command::ShowGraph(document.in_view));
            }
        }
        _ => {
            widgets::empty_state(ui, "Laying out the graph…", None);
        }
    }
    is_dragged
}

/// The operation that a box stands for.
fn operation(picture: &GraphPicture, node: u32) -> Option<OperationRef> {
    match picture.drawn.nodes.get(node as usize)? {
        Node::Operation(operation) => Some(*operation),
        _ => None,
    }
}

/// The closed group that a box stands for.
fn group(picture: &GraphPicture, node: u32) -> Option<GroupRef> {
    match picture.drawn.nodes.get(node as usize)? {
        Node::Group(group) => Some(*group),
        _ => None,
    }
}

/// The box of a closed group.
fn box_of_group(picture: &GraphPicture, group: GroupRef) -> Option<u32> {
    picture.drawn.nodes.iter().position(|node| *node == Node::Group(group)).map(|node| node as u32)
}

/// Selects what a box stands for, and shows it.
fn select(picture: &GraphPicture, node: u32) -> Option<Command> {
    match picture.drawn.nodes.get(node as usize)? {
        Node::Operation(OperationRef { graph, operation }) => Some(Command::Select { graph: *graph, operation: *operation, fly: true }),
        Node::Group(group) => Some(Command::ChooseGroup(*group)),
        _ => None,
    }
}

fn place(document: &Document) -> String {
    let place = crumbs::graph_name(document, document.in_view);
    match document.selected {
        Some(operation) => format!("{place} › {}", document.label(document.graph, operation)),
        None => place,
    }
}

fn show_canvas(
    ui: &mut egui::Ui,
    document: &Document,
    picture: &Arc<GraphPicture>,
    view: &mut GraphView,
    wheel_zooms: bool,
    commands: &mut Vec<Command>,
) {
    let rect = ui.available_rect_before_wrap().shrink2(vec2(1.0, 1.0));
    let response = ui.allocate_rect(rect, Sense::click_and_drag());
    response.widget_info(|| WidgetInfo::labeled(Role::Canvas, true, spoken(document, picture)));
    if !rect.is_positive() {
        return;
    }
    let selected = document
        .selected
        .and_then(|operation| picture.drawn.node_of(OperationRef { graph: document.graph, operation }))
        .or_else(|| view.chosen.and_then(|group| box_of_group(picture, group)));
    let pixels = ui.ctx().pixels_per_point();
    let now = ui.input(|input| input.time);
    moving::take_over(view, picture, now, ui.style().animation_time > 0.0);
    let smallest = camera::smallest_zoom(picture, rect.size());
    hand::asked(ui, picture, view, rect, selected, smallest);
    camera::advance_flight(ui, view);
    let map = minimap::place(rect, picture, view.zoom);
    let colours = colour::wanted(document, view, commands);
    let clip = ui.clip_rect().intersect(rect);
    ui.scope(|ui| {
        ui.set_clip_rect(clip);
        // What lies over the canvas comes first in the frame's reckoning of who has the pointer: egui
        // gives it to the widget that is added last, so those below are added after `response`.
        let is_over = |area: egui::Rect| ui.rect_contains_pointer(area);
        let is_covered = map.is_some_and(is_over) || view.covered.iter().any(|area| is_over(*area));
        let is_moved = !is_covered && camera::pan_and_zoom(ui, &response, view, rect, wheel_zooms, smallest);
        let canvas = camera::canvas(view, rect, pixels);
        let pointer = response.hover_pos().filter(|_| !is_covered);
        let hovered = pointer.and_then(|at| picture.index.box_at(&picture.layout, canvas.layout_from_screen(at)));
        let pointed = hand::pointed(ui, document, picture, view, &canvas);
        let mut lit = std::mem::take(&mut view.lit);
        lit.select(selected);
        // The way through a box is lit where the pointer rests, not for every box that it passes.
        let rests = hovered.is_some() && hovered == view.hovered_before && !is_moved;
        lit.light_path(picture, if rests { hovered } else { pointed });
        if hovered.is_some() && !rests {
            ui.ctx().request_repaint();
        }
        view.hovered_before = hovered;
        view.seen = Some(canvas.visible());
        lit.mark(view.find.marks(document, picture));
        let mut scene = std::mem::take(&mut view.scene);
        scene.prepare(ui, picture, &canvas, &colours, &lit);
        let mut texts = std::mem::take(&mut view.texts);
        if texts.forget_stale(ui) {
            scene.labels = None;
        }
        let moving = view.moving.take().and_then(|moving| Some((moving.part(now)?, moving)));
        groups::frames(ui, picture, &canvas, |index| {
            let after = &picture.layout.frames[index];
            moving.as_ref().map_or(*after, |(part, moving)| moving.frame(&picture.drawn.frames[index], after, *part))
        });
        // Titles that are larger than the room they have would cover boxes.
        let titles_fit = groups::titles_fit(&canvas);
        if !titles_fit {
            groups::titles(ui, picture, view, &canvas, commands);
        }
        if let Some((part, moving)) = moving {
            moving_edges(ui, picture, &canvas, &moving, part);
            let rect_of = |node: u32| {
                let after = &picture.layout.nodes[node as usize];
                canvas.rect_on_screen(&moving.rect(&picture.drawn.nodes[node as usize], after, part))
            };
            for node in &scene.nodes {
                boxes::on_the_way(ui, picture, &colours, *node, rect_of(*node), view.zoom);
            }
            texts.paint(ui, document, &canvas, &scene, rect_of, commands);
            view.moving = Some(moving);
            ui.ctx().request_repaint();
        } else {
            scene.paint(ui, &canvas);
            emphasis(ui, picture, &canvas, &colours, selected, hovered.or(pointed));
            let rect_of = |node: u32| canvas.rect_on_screen(&picture.layout.nodes[node as usize]);
            texts.paint(ui, document, &canvas, &scene, rect_of, commands);
            edge_labels(ui, document, picture, &canvas, &mut scene);
            references::show(ui, picture, &canvas, &scene.nodes, commands);
            groups::boxes(ui, picture, view, &canvas, &scene.nodes, commands);
        }
        if titles_fit {
            groups::titles(ui, picture, view, &canvas, commands);
        }
        (view.scene, view.texts) = (scene, texts);
        if let Some(selected) = selected {
            neighbours::show(ui, picture, &canvas, selected, commands);
        }
        if let Some(map) = map {
            minimap::show(ui, picture, &colours, map, view, &canvas, &lit);
        }
        view.lit = lit;
        overlays(ui, document, picture, view, rect, map, commands);
        if !is_covered {
            hand::click(ui, &response, picture, hovered, view, commands);
            groups::context_menu(&response, document, picture, hovered, view, commands);
        }
        hand::keys(ui, &response, document, picture, view, selected, commands);
        if let Some(node) = hovered {
            hover_text(&response, document, picture, node);
        }
    });
}

/// What a screen reader says of the canvas.
fn spoken(document: &Document, picture: &GraphPicture) -> String {
    let selected = document.selected.map_or(String::new(), |id| format!(", {} selected", document.label(document.graph, id)));
    let operations = picture.operations;
    format!("Graph of {operations} operation{}{selected}", if operations == 1 { "" } else { "s" })
}

/// Field, way and legend over the canvas. The pointer is theirs where they are, from the next frame on.
fn overlays(
    ui: &mut egui::Ui,
    document: &Document,
    picture: &GraphPicture,
    view: &mut GraphView,
    rect: egui::Rect,
    map: Option<egui::Rect>,
    commands: &mut Vec<Command>,
) {
    let mut find = std::mem::take(&mut view.find);
    let field = find::show(ui, document, &mut find, minimap::free(rect, map), commands);
    view.find = find;
    let below = if field.is_positive() { rect.with_min_y(field.bottom()) } else { rect };
    let owners = view.owners.get_or_insert_with(|| crumbs::owners(&document.opened.model));
    let way = crumbs::show(ui, document, owners, minimap::free(below, map), commands);
    let legend = colour::legend(ui, document, view, picture, rect, commands);
    let pair = pair::show(ui, document, if legend.is_positive() { rect.with_max_y(legend.top()) } else { rect }, commands);
    view.covered = [field, way, legend, pair].into_iter().filter(egui::Rect::is_positive).collect();
}

/// Draws the edges in sight while their boxes are on their way.
fn moving_edges(ui: &egui::Ui, picture: &GraphPicture, canvas: &Canvas, moving: &Moving, part: f64) {
    let mut routes = Vec::new();
    picture.index.pieces_in(&picture.layout, &canvas.visible(), 0.0, |piece| routes.push(piece.route));
    routes.sort_unstable();
    routes.dedup();
    let plain = strokes::plain(Tokens::of(ui), canvas.zoom);
    // Those that are new come in as they move.
    let stroke = Stroke::new(plain.width, plain.color.gamma_multiply(0.4 + 0.6 * part as f32));
    for route in routes {
        let points = moving.points(&picture.drawn.nodes, &picture.layout, &picture.layout.edges[route as usize], part);
        let points: Vec<Pos2> = points.into_iter().map(|point| canvas.screen_from_layout(point)).collect();
        strokes::on_the_way(ui.painter(), &points, picture.layout.direction, canvas.zoom, stroke);
    }
}

/// Draws what stands out once more: the neighbours of the selection, the selection, what is pointed at.
fn emphasis(ui: &egui::Ui, picture: &GraphPicture, canvas: &Canvas, colours: &Colours, selected: Option<u32>, hovered: Option<u32>) {
    const NEIGHBOURS: usize = 256;
    let tokens = Tokens::of(ui);
    let draw = |node: u32, emphasis: Emphasis| {
        let is_frame = picture.drawn.own_frame(node).is_some();
        boxes::emphasise(ui, picture, canvas, node, (!is_frame).then(|| colours.edge(tokens, picture, node)), emphasis);
    };
    if let Some(selected) = selected {
        let beside = picture.index.producers(selected).iter().chain(picture.index.consumers(selected)).take(NEIGHBOURS);
        beside.for_each(|(node, _)| draw(*node, Emphasis::Neighbour));
        draw(selected, Emphasis::Selected);
    }
    if let Some(hovered) = hovered.filter(|hovered| Some(*hovered) != selected) {
        draw(hovered, Emphasis::Hovered);
    }
}

/// The shapes that flow along edges, beside them; once where edges begin together. They are placed once
/// for what the scene covers, so that none comes or goes while the view pans.
fn edge_labels(ui: &egui::Ui, document: &Document, picture: &GraphPicture, canvas: &Canvas, scene: &mut Scene) {
    if canvas.zoom < scene::NAME_ZOOM {
        return;
    }
    let tokens = Tokens::of(ui);
    let labels = scene.labels.get_or_insert_with(|| place_labels(ui, document, picture, canvas.zoom, &scene.starts));
    for (place, text) in labels {
        let at = canvas.rect_on_screen(place);
        if at.intersects(canvas.rect) {
            ui.painter().galley(at.min, Arc::clone(text), tokens.dim);
        }
    }
}

fn place_labels(
    ui: &egui::Ui,
    document: &Document,
    picture: &GraphPicture,
    zoom: f64,
    starts: &[Piece],
) -> Vec<(layout::Rect, Arc<Galley>)> {
    let scale = ((zoom as f32).clamp(0.7, 1.3) * 10.0).floor() / 10.0;
    let font = FontId::monospace(DETAIL_SIZE * scale);
    let mut labels = Labels::of(&picture.drawn.graph, &picture.layout, &picture.index);
    let mut labelled = HashSet::new();
    let mut placed = Vec::new();
    for piece in starts {
        let route = &picture.layout.edges[piece.route as usize];
        let tensor = picture.drawn.tensors[route.edge as usize];
        if labelled.contains(&(route.from, tensor)) {
            continue;
        }
        let text = match picture.drawn.counts[route.edge as usize] {
            // Of several tensors none stands for all.
            count if count > 1 => format!("{count} tensors"),
            _ => names::elide_middle(&document.opened.model.tensor(tensor).shape.to_string(), 32),
        };
        let galley = ui.painter().layout_no_wrap(text, font.clone(), Color32::PLACEHOLDER);
        if let Some(place) = labels.place(route, f64::from(galley.size().x) / zoom, f64::from(galley.size().y) / zoom) {
            labelled.insert((route.from, tensor));
            placed.push((place, galley));
        }
    }
    placed
}

fn hover_text(response: &egui::Response, document: &Document, picture: &GraphPicture, node: u32) {
    let card = &picture.cards[node as usize];
    let full = operation(picture, node).map_or(card.name.as_str(), |place| document.opened.model.operation(place).name.as_str());
    response.clone().on_hover_ui_at_pointer(|ui| {
        ui.label(full);
        ui.label(egui::RichText::new(format!("{}  {}", card.kind, card.detail)).color(Tokens::of(ui).dim));
        if let Some(alike) = card.alike {
            ui.label(egui::RichText::new(format!("One of {alike} that are built alike")).color(Tokens::of(ui).dim));
        }
    });
}
