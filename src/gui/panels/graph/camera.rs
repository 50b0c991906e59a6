//! Where the view is: fitting, flying, panning and zooming.

use egui::{Pos2, Rect, Vec2};

use super::canvas::{self, Canvas};
use crate::gui::views::{Flight, GraphView};
use crate::jobs::GraphPicture;
use crate::layout::{self, Point};

const FLIGHT_SECONDS: f64 = 0.15;
/// Around a graph that is fitted, in points of the layout.
const MARGIN: f64 = 24.0;
/// Texts of boxes can be read from here on.
const READABLE: f64 = 0.72;
const LARGEST: f64 = 4.0;

/// The canvas as the view stands.
pub fn canvas(view: &GraphView, rect: Rect, pixels_per_point: f32) -> Canvas {
    Canvas::new(rect, view.center, view.zoom, pixels_per_point)
}

/// The whole graph if it can be read then, else its beginning at a size that can.
pub fn first_sight(picture: &GraphPicture, selected: Option<u32>, room: Vec2) -> (Point, f64) {
    /// A graph of a few boxes is seen whole even if its details can't be read.
    const FEW_BOXES: usize = 24;
    let size = picture.layout.size;
    let (width, height) = (f64::from(room.x), f64::from(room.y));
    let (center, zoom) = whole(picture, room);
    let enough = if picture.cards.len() <= FEW_BOXES { 0.5 } else { READABLE };
    if zoom >= enough {
        return (center, zoom);
    }
    let is_down = picture.layout.direction == layout::Direction::Down;
    let first = picture.layout.nodes.get(selected.unwrap_or(0) as usize).map_or(center, layout::Rect::center);
    if is_down {
        let zoom = (width / (size.width + 2.0 * MARGIN)).clamp(READABLE, 1.0);
        // Of a graph too wide for the panel the column of the selected operation, else of the first.
        let x = if size.width * zoom > width { first.x } else { center.x };
        (Point { x, y: height / zoom / 2.0 - MARGIN }, zoom)
    } else {
        let zoom = (height / (size.height + 2.0 * MARGIN)).clamp(READABLE, 1.0);
        let y = if size.height * zoom > height { first.y } else { center.y };
        (Point { x: width / zoom / 2.0 - MARGIN, y }, zoom)
    }
}

pub fn whole(picture: &GraphPicture, room: Vec2) -> (Point, f64) {
    let size = picture.layout.size;
    let zoom = (f64::from(room.x) / (size.width + 2.0 * MARGIN)).min(f64::from(room.y) / (size.height + 2.0 * MARGIN));
    (Point { x: size.width / 2.0, y: size.height / 2.0 }, zoom.clamp(1e-7, 1.0))
}

pub fn fly_to(ui: &egui::Ui, view: &mut GraphView, to: (Point, f64)) {
    if ui.style().animation_time == 0.0 {
        (view.center, view.zoom) = to;
        view.flight = None;
        return;
    }
    let start = ui.input(|input| input.time);
    view.flight = Some(Flight { from: (view.center, view.zoom), to, start });
}

pub fn advance_flight(ui: &egui::Ui, view: &mut GraphView) {
    let Some(flight) = view.flight else { return };
    let part = ((ui.input(|input| input.time) - flight.start) / FLIGHT_SECONDS).clamp(0.0, 1.0);
    if part >= 1.0 {
        (view.center, view.zoom) = flight.to;
        view.flight = None;
        return;
    }
    let eased = part * part * (3.0 - 2.0 * part);
    let mix = |from: f64, to: f64| from + (to - from) * eased;
    view.center = Point { x: mix(flight.from.0.x, flight.to.0.x), y: mix(flight.from.0.y, flight.to.0.y) };
    view.zoom = flight.from.1 * (flight.to.1 / flight.from.1).powf(eased);
    ui.ctx().request_repaint();
}

/// Moves the view to a box; if not `always`, only where it is outside the inner 90 % or too small to
/// be made out.
pub fn reveal(ui: &egui::Ui, view: &mut GraphView, canvas: &Canvas, place: &layout::Rect, always: bool) {
    const SEEN: f64 = 0.3;
    let inner = canvas.rect.shrink2(canvas.rect.size() * 0.05);
    let on_screen = canvas.rect_on_screen(place);
    // A box that is larger than the view is in sight if it fills it.
    let is_in_sight = inner.contains_rect(on_screen) || on_screen.contains_rect(inner);
    if !always && is_in_sight && view.zoom >= SEEN {
        return;
    }
    let fitting = (f64::from(inner.width()) / place.width).min(f64::from(inner.height()) / place.height);
    fly_to(ui, view, (place.center(), view.zoom.clamp(READABLE, 1.25).min(fitting.max(0.01))));
}

/// Shows a box as large as it can be read in full.
pub fn fit_box(ui: &egui::Ui, view: &mut GraphView, rect: Rect, place: &layout::Rect) {
    const NEAREST: f64 = 2.0;
    let room = rect.size() * 0.8;
    let zoom = (f64::from(room.x) / place.width).min(f64::from(room.y) / place.height).min(NEAREST);
    fly_to(ui, view, (place.center(), zoom));
}

/// Drag, wheel and pinch; whether the view was moved by them.
pub fn pan_and_zoom(ui: &egui::Ui, response: &egui::Response, view: &mut GraphView, rect: Rect, wheel_zooms: bool, smallest: f64) -> bool {
    let mut is_moved = false;
    if response.dragged() && response.drag_delta() != Vec2::ZERO {
        view.center = canvas::moved(view.center, -response.drag_delta(), view.zoom);
        view.flight = None;
        is_moved = true;
    }
    if !response.hovered() {
        return is_moved;
    }
    let (pinch, scroll, modifiers, pointer) =
        ui.input(|input| (input.zoom_delta(), input.smooth_scroll_delta(), input.modifiers, input.pointer.hover_pos()));
    let at = pointer.unwrap_or(rect.center());
    if pinch != 1.0 {
        zoom_at(view, rect, at, f64::from(pinch), smallest);
        is_moved = true;
    } else if scroll != Vec2::ZERO {
        // With Shift the wheel's way is sideways already.
        if wheel_zooms && !modifiers.shift {
            zoom_at(view, rect, at, (f64::from(scroll.y) / 240.0).exp(), smallest);
        } else {
            view.center = canvas::moved(view.center, -scroll, view.zoom);
        }
        view.flight = None;
        is_moved = true;
    }
    is_moved
}

/// Zooms so that the point of the graph under `at` stays there.
pub fn zoom_at(view: &mut GraphView, rect: Rect, at: Pos2, factor: f64, smallest: f64) {
    let zoom = (view.zoom * factor).clamp(smallest.min(view.zoom), LARGEST);
    let offset = at - rect.center();
    let fixed = canvas::moved(view.center, offset, view.zoom);
    view.center = canvas::moved(fixed, -offset, zoom);
    view.zoom = zoom;
    view.flight = None;
}

/// As far away as the wheel leads: the whole graph in half of the view, and never nearer than what a
/// small graph may be seen from.
pub fn smallest_zoom(picture: &GraphPicture, room: Vec2) -> f64 {
    (whole(picture, room).1 / 2.0).min(0.05)
}
