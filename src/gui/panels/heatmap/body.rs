//! The picture itself: asks a worker to draw what is in sight, shows it, zooms, pans and reads cells.

use std::sync::Arc;

use egui::accesskit::Role;
use egui::{Key, Pos2, Rect, Sense, Stroke, StrokeKind, WidgetInfo, pos2, vec2};

use super::{axes, colour_bar};
use crate::colormap::{Colours, Limits, Range};
use crate::gui::camera;
use crate::gui::command::Command;
use crate::gui::theme::Tokens;
use crate::gui::views::{Camera, HeatmapView, LimitsDrag, PictureWanted, Vec2d};
use crate::jobs::{Loaded, Look};
use crate::render::{self, Viewport};
use crate::view::View;

/// A cell that the view flies to is at least so many points large.
const SEEN: f64 = 12.0;
/// Steps in which a picture that is being refined is drawn anew.
const COMPLETE: usize = 16;

pub fn show(
    ui: &mut egui::Ui,
    heatmap: &mut HeatmapView,
    loaded: &Arc<Loaded>,
    (look, colours): (&Look, &Colours),
    commands: &mut Vec<Command>,
) -> egui::Response {
    let view = &look.view;
    let area = ui.available_rect_before_wrap().shrink2(vec2(4.0, 4.0));
    let corner = area.min + axes::margins(ui, view);
    let picture = Rect::from_min_max(
        corner,
        pos2((area.right() - colour_bar::WIDTH).max(corner.x + 16.0), (area.bottom() - 8.0).max(corner.y + 16.0)),
    );
    let pixels_per_point = ui.ctx().pixels_per_point();
    let picture = camera::pixel_aligned(picture, pixels_per_point);
    let response = ui.interact(picture, ui.scope_id().with("picture"), Sense::click_and_drag());
    response.widget_info(|| {
        let shape: Vec<_> = view.shape().iter().map(ToString::to_string).collect();
        WidgetInfo::labeled(Role::Image, true, format!("Heatmap of {} values, {}", loaded.count(), shape.join("×")))
    });
    ui.advance_cursor_after_rect(area);

    let fitted = camera::fit(view, picture, pixels_per_point);
    if std::mem::take(&mut heatmap.fit_wanted) || response.double_clicked() {
        heatmap.camera = None;
    }
    let before = heatmap.camera.unwrap_or(fitted);
    let moved = camera::pan_and_zoom(ui, &response, before, fitted, picture);
    if moved != before {
        heatmap.camera = Some(moved);
    }
    fly(heatmap, fitted, picture, pixels_per_point);
    let viewport = heatmap.camera.unwrap_or(fitted).viewport(picture, pixels_per_point);
    let theme = if ui.visuals().dark_mode { &render::theme::DARK } else { &render::theme::LIGHT };
    let mut wanted = PictureWanted { loaded: Arc::clone(loaded), look: look.clone(), colours: *colours, viewport, theme, detail: COMPLETE };
    refine(ui, heatmap, &mut wanted, commands);
    if heatmap.asked.as_ref() != Some(&wanted) {
        heatmap.asked = Some(wanted.clone());
        commands.push(Command::NeedPicture(Box::new(wanted.clone())));
    }
    paint(ui, heatmap, &wanted, picture);
    axes::show(ui, picture, view, &viewport, pixels_per_point);
    let bar = Rect::from_min_max(pos2(picture.right() + 2.0, picture.top() - 4.0), area.right_bottom());
    colour_bar::show(ui, bar, heatmap, look, colours, loaded, commands);
    drag_limits(&response, heatmap, colours);
    read_cells(ui, &response, heatmap, view, &viewport, picture, pixels_per_point);
    response
}

/// Asks for the pyramid where the picture lacks it, and for a better picture from time to time while it is
/// built.
fn refine(ui: &egui::Ui, heatmap: &mut HeatmapView, wanted: &mut PictureWanted, commands: &mut Vec<Command>) {
    let Some(pyramid) = wanted.look.pyramid(&wanted.loaded, &wanted.viewport) else { return };
    wanted.detail = pyramid.progress(COMPLETE);
    if pyramid.is_complete() {
        return;
    }
    let key = wanted.look.key();
    if heatmap.coarse.as_ref() == Some(&key) {
        return;
    }
    if heatmap.refining.as_ref() != Some(&key) {
        heatmap.refining = Some(key);
        commands.push(Command::NeedPyramid(Box::new(wanted.clone())));
    }
    // The picture that was asked for last comes first: newer ones would cancel it again and again.
    if let Some(asked) = heatmap.asked.as_ref().filter(|asked| asked.shows_the_same(wanted) && asked.viewport == wanted.viewport)
        && heatmap.shown.as_ref().is_none_or(|shown| shown.of != *asked)
    {
        wanted.detail = asked.detail;
    }
    ui.ctx().request_repaint_after(std::time::Duration::from_millis(50));
}

/// Brings a cell into the middle, large enough to be seen.
fn fly(heatmap: &mut HeatmapView, fitted: Camera, picture: Rect, pixels_per_point: f32) {
    let Some((row, column)) = heatmap.fly_to.take() else { return };
    let mut camera = heatmap.camera.unwrap_or(fitted);
    let sides = [picture.width(), picture.height()].map(|side| f64::from(side * pixels_per_point));
    let seen = [column, row].into_iter().zip([camera.origin.x, camera.origin.y]).zip(camera.scale.into_iter().zip(sides));
    let is_in_sight = seen.into_iter().all(|((cell, origin), (scale, side))| {
        let place = (cell as f64 + 0.5 - origin) * scale;
        scale >= SEEN && (0.05 * side..=0.95 * side).contains(&place)
    });
    if is_in_sight {
        return;
    }
    let factor = (SEEN * f64::from(pixels_per_point) / camera.scale[0].min(camera.scale[1])).max(1.0);
    camera.scale = camera.scale.map(|scale| scale * factor);
    camera.origin =
        Vec2d { x: column as f64 + 0.5 - sides[0] / 2.0 / camera.scale[0], y: row as f64 + 0.5 - sides[1] / 2.0 / camera.scale[1] };
    heatmap.camera = Some(camera);
}

/// A drag with the right button sets the limits: across their middle, down their width. Symmetric limits
/// stay so.
fn drag_limits(response: &egui::Response, heatmap: &mut HeatmapView, colours: &Colours) {
    let button = egui::PointerButton::Secondary;
    if response.drag_started_by(button) {
        heatmap.drag = Some(LimitsDrag { from: colours.limits, moved: egui::Vec2::ZERO });
    }
    if response.dragged_by(button)
        && let Some(drag) = &mut heatmap.drag
    {
        drag.moved += response.drag_delta();
        let from = drag.from;
        let width = f64::from(from.high) - f64::from(from.low);
        let middle = f64::midpoint(from.low.into(), from.high.into()) + width * f64::from(drag.moved.x) / 300.0;
        let half = width / 2.0 * f64::from(drag.moved.y / 150.0).exp();
        heatmap.range = Range::Manual(Limits::new((middle - half) as f32, (middle + half) as f32));
        heatmap.is_range_own = false;
    }
    if response.drag_stopped_by(button) {
        heatmap.drag = None;
    }
}

/// Shows the newest picture. One of another place or zoom is shown moved and stretched until the
/// right one is there; one of other values or colours is not shown at all.
fn paint(ui: &egui::Ui, heatmap: &HeatmapView, wanted: &PictureWanted, picture: Rect) {
    if let Some(shown) = heatmap.shown.as_ref().filter(|shown| shown.of.shows_the_same(wanted)) {
        camera::paint_moved(ui, shown.texture.id(), &shown.of.viewport, &wanted.viewport, picture, picture);
    }
}

fn read_cells(
    ui: &egui::Ui,
    response: &egui::Response,
    heatmap: &mut HeatmapView,
    view: &View,
    viewport: &Viewport,
    picture: Rect,
    pixels_per_point: f32,
) {
    let cell_at = |at: Pos2| {
        let at = (at - picture.min) * pixels_per_point;
        viewport.cell_at(f64::from(at.x), f64::from(at.y)).filter(|(row, column)| view.offset(*row, *column).is_some())
    };
    heatmap.hovered = response.hover_pos().and_then(cell_at);
    // By the pointer: Enter and Space click what has the keyboard, too.
    if response.clicked_by(egui::PointerButton::Primary) {
        response.request_focus();
        heatmap.pinned = response.interact_pointer_pos().and_then(cell_at);
    }
    if response.has_focus() {
        let filter = egui::EventFilter { horizontal_arrows: true, vertical_arrows: true, ..Default::default() };
        ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, filter));
        if let Some((row, column)) = heatmap.pinned {
            let moved = ui.input(|input| {
                let pressed = |key| usize::from(input.key_pressed(key));
                let down = (row + pressed(Key::ArrowDown)).saturating_sub(pressed(Key::ArrowUp));
                let right = (column + pressed(Key::ArrowRight)).saturating_sub(pressed(Key::ArrowLeft));
                (down, right)
            });
            if view.offset(moved.0, moved.1).is_some() {
                heatmap.pinned = Some(moved);
            }
        }
    }
    let tokens = Tokens::of(ui);
    let painter = ui.painter().with_clip_rect(picture.expand(2.0).intersect(ui.clip_rect()));
    for (cell, color) in [(heatmap.pinned, tokens.accent), (heatmap.hovered, tokens.text)] {
        let Some((row, column)) = cell else { continue };
        let to_points = |cells: f64, axis: usize| ((cells - viewport.origin[axis]) * viewport.scale[axis]) as f32 / pixels_per_point;
        let corner = picture.min + vec2(to_points(column as f64, 0), to_points(row as f64, 1));
        let side = viewport.scale.map(|scale| (scale as f32 / pixels_per_point).max(3.0));
        painter.rect_stroke(Rect::from_min_size(corner, vec2(side[0], side[1])), 0.0, Stroke::new(1.5, color), StrokeKind::Outside);
    }
}
