//! What hand and keyboard do on the canvas: select, walk, open, point.

use std::sync::Arc;

use egui::{Key, Rect};

use super::camera;
use super::canvas::{self, Canvas, Way};
use super::{crumbs, groups, minimap};
use crate::gui::command::{Command, FoldChange};
use crate::gui::state::Document;
use crate::gui::views::{GraphView, Held};
use crate::jobs::GraphPicture;
use crate::layout::Node;
use crate::model::OperationRef;

/// A movement of the pointer up to this many points is a click.
const CLICK_TOLERANCE: f32 = 3.0;
/// So long a row of a list is pointed at before the view moves to its operation.
const DWELL_SECONDS: f64 = 0.2;
/// A pointer that was moved so long ago at most is on the move.
const MOVING_SECONDS: f32 = 0.1;

/// Carries out what was asked for from outside since the last frame.
pub fn asked(ui: &egui::Ui, picture: &Arc<GraphPicture>, view: &mut GraphView, rect: Rect, selected: Option<u32>, smallest: f64) {
    if !view.is_fitted {
        // As much as the minimap will leave free.
        let (_, zoom) = camera::first_sight(picture, selected, rect.size());
        let free = minimap::free(rect, minimap::place(rect, picture, zoom));
        // And below the way that leads out of a body.
        let free = if view.shows_body() { free.with_min_y(rect.top() + crumbs::TAKEN) } else { free };
        let (center, zoom) = camera::first_sight(picture, selected, free.size());
        (view.center, view.zoom) = (canvas::moved(center, rect.center() - free.center(), zoom), zoom);
        view.is_fitted = true;
    }
    if std::mem::take(&mut view.fit_wanted) {
        camera::fly_to(ui, view, camera::whole(picture, rect.size()));
    }
    if let Some(factor) = view.zoom_wanted.take() {
        camera::zoom_at(view, rect, rect.center(), f64::from(factor), smallest);
    }
    if let Some((place, always)) = view.reveal.take()
        && let Some(node) = picture.drawn.node_of(place)
    {
        let canvas = camera::canvas(view, rect, ui.ctx().pixels_per_point());
        camera::reveal(ui, view, &canvas, &picture.layout.nodes[node as usize], always);
    }
}

/// How far the pointing at a row has come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pointed {
    /// The row came below the pointer by itself, as the list changed or scrolled.
    Passed,
    /// The pointer was moved there at this time.
    Since(f64),
    /// The view has gone there.
    Shown,
}

/// The box of the operation whose row in a list is pointed at. After a moment the view moves there,
/// unless it is in sight.
pub fn pointed(ui: &egui::Ui, document: &Document, picture: &GraphPicture, view: &mut GraphView, canvas: &Canvas) -> Option<u32> {
    let node = document.pointed.and_then(|place| picture.drawn.node_of(place));
    let (now, is_moving) = ui.input(|input| {
        // In this frame or in the one before, however slow they are.
        let recently = MOVING_SECONDS.max(1.5 * input.stable_dt);
        (input.time, input.pointer.time_since_last_movement() <= recently)
    });
    if view.pointed.map(|(node, _)| node) != node {
        view.pointed = node.map(|node| (node, Pointed::Passed));
    }
    match view.pointed {
        Some((node, Pointed::Passed)) if is_moving => {
            view.pointed = Some((node, Pointed::Since(now)));
            ui.ctx().request_repaint_after_secs(DWELL_SECONDS as f32);
        }
        Some((_, Pointed::Since(since))) if now - since < DWELL_SECONDS => {
            ui.ctx().request_repaint_after_secs((DWELL_SECONDS - (now - since)) as f32);
        }
        Some((node, Pointed::Since(_))) => {
            view.pointed = Some((node, Pointed::Shown));
            camera::reveal(ui, view, canvas, &picture.layout.nodes[node as usize], false);
        }
        _ => {}
    }
    node
}

pub fn click(
    ui: &egui::Ui,
    response: &egui::Response,
    picture: &GraphPicture,
    hovered: Option<u32>,
    view: &mut GraphView,
    commands: &mut Vec<Command>,
) {
    // What egui calls a drag may still be a click to the hand. When the button is up egui has forgotten where it went down.
    let (origin, pointer) = ui.input(|input| (input.pointer.press_origin(), input.pointer.interact_pos()));
    view.pressed_at = origin.or(view.pressed_at);
    let moved = view.pressed_at.zip(pointer).map_or(0.0, |(from, to)| from.distance(to));
    // By the pointer: Enter and Space click what has the keyboard, too.
    let is_click = response.clicked_by(egui::PointerButton::Primary) || (response.drag_stopped() && moved <= CLICK_TOLERANCE);
    if !is_click {
        return;
    }
    response.request_focus();
    let is_double = response.double_clicked();
    match hovered.and_then(|node| picture.drawn.nodes.get(node as usize)) {
        Some(Node::Group(group)) if is_double => {
            // Both clicks may have come in one frame.
            commands.push(Command::ChooseGroup(*group));
            groups::fold(view, Held::Group(*group), FoldChange::Group(*group, true), commands);
        }
        Some(Node::Group(group)) => commands.push(Command::ChooseGroup(*group)),
        Some(Node::Operation(OperationRef { graph, operation })) => {
            commands.push(Command::Select { graph: *graph, operation: *operation, fly: false });
            if let Some(node) = hovered.filter(|_| is_double) {
                camera::fit_box(ui, view, response.rect, &picture.layout.nodes[node as usize]);
            }
        }
        _ => commands.push(Command::Deselect),
    }
}

/// Arrow keys walk along edges and within a layer; Enter opens the body or the weight.
pub fn keys(
    ui: &egui::Ui,
    response: &egui::Response,
    document: &Document,
    picture: &GraphPicture,
    view: &mut GraphView,
    selected: Option<u32>,
    commands: &mut Vec<Command>,
) {
    let has_focus = response.has_focus();
    if has_focus && ui.input(|input| input.key_pressed(Key::Space)) {
        view.fit_wanted = true;
    }
    // Where nothing has the keyboard, and no dialog lies above.
    let is_free = ui.memory(|memory| memory.focused().is_none() && memory.allows_interaction(ui.layer_id()));
    if !(has_focus || (document.selected.is_some() && is_free)) {
        return;
    }
    let filter = egui::EventFilter { horizontal_arrows: true, vertical_arrows: true, ..Default::default() };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, filter));
    let pressed = |key| ui.input(|input| input.key_pressed(key) && input.modifiers.is_none());
    let Some(node) = selected else {
        // Nothing is selected: the arrows begin at the first operation or group.
        let first = (0..).take(picture.cards.len()).find_map(|node| super::select(picture, node));
        if has_focus && document.selected.is_none() && (pressed(Key::ArrowDown) || pressed(Key::ArrowRight)) {
            commands.extend(first);
        }
        return;
    };
    let arrows = [Key::ArrowUp, Key::ArrowDown, Key::ArrowLeft, Key::ArrowRight];
    let way = arrows.into_iter().filter(|key| pressed(*key)).find_map(|key| Way::of(key, picture.layout.direction));
    let can_be_selected = |other| super::select(picture, other).is_some();
    if let Some(next) = way.and_then(|way| canvas::neighbour(picture, node, way, can_be_selected)) {
        commands.extend(super::select(picture, next));
        if super::group(picture, next).is_some() {
            let canvas = camera::canvas(view, response.rect, ui.ctx().pixels_per_point());
            camera::reveal(ui, view, &canvas, &picture.layout.nodes[next as usize], false);
        }
    }
    if !pressed(Key::Enter) {
        return;
    }
    match super::operation(picture, node) {
        Some(place) => {
            let operation = document.opened.model.operation(place);
            if let Some(body) = operation.graphs.first() {
                commands.push(Command::ShowGraph(*body));
            } else if let Some(site) = document.main_weight(place.graph, place.operation) {
                commands.push(Command::ShowWeight(site));
            }
        }
        None => {
            groups::open(document, picture, node, view, commands);
        }
    }
}
