//! The picture itself: asks a worker to draw what is in sight, shows it, zooms, pans and reads cells.

use std::sync::Arc;

use egui::accesskit::Role;
use egui::{Color32, Key, Pos2, Rect, Sense, Stroke, StrokeKind, WidgetInfo, pos2, vec2};

use super::{axes, colour_bar, pixel_aligned};
use crate::colormap::{Colours, Limits, Range};
use crate::gui::command::Command;
use crate::gui::theme::Tokens;
use crate::gui::views::{Camera, HeatmapView, LimitsDrag, PictureWanted, Vec2d};
use crate::jobs::{Loaded, Look};
use crate::render::{self, Viewport};
use crate::view::View;

/// The largest cell that fitting makes, in points: a scalar need not fill the panel.
const LARGEST_CELL: f64 = 96.0;
/// A cell that the view flies to is at least so many points large.
const SEEN: f64 = 12.0;
/// Steps in which a picture that is being refined is drawn anew.
const COMPLETE: usize = 16;
/// The short side of a stretched picture, in points.
const SHORT_SIDE: f64 = 64.0;

pub fn show(
    ui: &mut egui::Ui,
    heatmap: &mut HeatmapView,
    loaded: &Arc<Loaded>,
    (look, colours): (&Look, &Colours),
    commands: &mut Vec<Command>,
) {
    let view = &look.view;
    let area = ui.available_rect_before_wrap().shrink2(vec2(4.0, 4.0));
    let corner = area.min + axes::margins(ui, view);
    let picture = Rect::from_min_max(
        corner,
        pos2((area.right() - colour_bar::WIDTH).max(corner.x + 16.0), (area.bottom() - 8.0).max(corner.y + 16.0)),
    );
    let pixels_per_point = ui.ctx().pixels_per_point();
    let picture = pixel_aligned(picture, pixels_per_point);
    let response = ui.interact(picture, ui.scope_id().with("picture"), Sense::click_and_drag());
    response.widget_info(|| {
        let shape: Vec<_> = view.shape().iter().map(ToString::to_string).collect();
        WidgetInfo::labeled(Role::Image, true, format!("Heatmap of {} values, {}", loaded.count(), shape.join("×")))
    });
    ui.advance_cursor_after_rect(area);

    let fitted = fit(view, picture, pixels_per_point);
    if std::mem::take(&mut heatmap.fit_wanted) || response.double_clicked() {
        heatmap.camera = None;
    }
    zoom_and_pan(ui, &response, heatmap, fitted, picture, pixels_per_point);
    fly(heatmap, fitted, picture, pixels_per_point);
    let camera = heatmap.camera.unwrap_or(fitted);
    let viewport = Viewport {
        origin: [camera.origin.x, camera.origin.y],
        scale: camera.scale,
        width: (picture.width() * pixels_per_point).round() as u32,
        height: (picture.height() * pixels_per_point).round() as u32,
    };
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

/// The whole picture, as large as the panel allows, top and centred; whole pixels a cell where cells
/// are large enough to see.
pub fn fit(view: &View, picture: Rect, pixels_per_point: f32) -> Camera {
    let (width, height) = (f64::from(picture.width() * pixels_per_point), f64::from(picture.height() * pixels_per_point));
    let (columns, rows) = (view.columns().max(1) as f64, view.rows().max(1) as f64);
    let even = (width / columns).min(height / rows).min(LARGEST_CELL * f64::from(pixels_per_point));
    // A few long rows would be a thin line: their cells are stretched until it can be seen.
    let stretched = |cells: f64, room: f64| even.max((SHORT_SIDE * f64::from(pixels_per_point)).min(room) / cells);
    let has_cells_of_one = view.block_size() == (1, 1);
    let scale = if has_cells_of_one { [stretched(columns, width), stretched(rows, height)] } else { [even; 2] };
    let scale = scale.map(|scale| if scale >= 2.0 { scale.floor() } else { scale });
    let left = ((width / scale[0] - columns) / 2.0 * scale[0]).floor() / scale[0];
    Camera { origin: Vec2d { x: -left.max(0.0), y: 0.0 }, scale }
}

fn zoom_and_pan(ui: &egui::Ui, response: &egui::Response, heatmap: &mut HeatmapView, fitted: Camera, picture: Rect, pixels_per_point: f32) {
    let mut camera = heatmap.camera.unwrap_or(fitted);
    let before = camera;
    if response.dragged_by(egui::PointerButton::Primary) {
        let delta = response.drag_delta() * pixels_per_point;
        camera.origin.x -= f64::from(delta.x) / camera.scale[0];
        camera.origin.y -= f64::from(delta.y) / camera.scale[1];
    }
    if response.hovered() {
        let (pinch, scroll, pointer) = ui.input(|input| (input.zoom_delta(), input.smooth_scroll_delta(), input.pointer.hover_pos()));
        let factor = if pinch == 1.0 { f64::from(scroll.y / 240.0).exp() } else { f64::from(pinch) };
        if factor != 1.0 {
            let at = (pointer.unwrap_or(picture.center()) - picture.min) * pixels_per_point;
            let largest = 256.0 * f64::from(pixels_per_point);
            // Both directions by the same factor, within what either allows.
            let least = [0, 1].map(|axis| (fitted.scale[axis] * 0.5).min(1.0) / camera.scale[axis]);
            let most = camera.scale.map(|scale| largest / scale);
            let factor = factor.clamp(least[0].min(least[1]).min(1.0), most[0].min(most[1]).max(1.0));
            let scale = camera.scale.map(|scale| scale * factor);
            // The cell under the pointer stays under it.
            camera.origin.x += f64::from(at.x) / camera.scale[0] - f64::from(at.x) / scale[0];
            camera.origin.y += f64::from(at.y) / camera.scale[1] - f64::from(at.y) / scale[1];
            camera.scale = scale;
        }
    }
    if camera != before {
        heatmap.camera = Some(camera);
    }
}

/// Shows the newest picture. One of another place or zoom is shown moved and stretched until the
/// right one is there; one of other values or colours is not shown at all.
fn paint(ui: &egui::Ui, heatmap: &HeatmapView, wanted: &PictureWanted, picture: Rect) {
    let Some(shown) = heatmap.shown.as_ref().filter(|shown| shown.of.shows_the_same(wanted)) else { return };
    let painter = ui.painter().with_clip_rect(picture.intersect(ui.clip_rect()));
    let whole = Rect::from_min_max(Pos2::ZERO, pos2(1.0, 1.0));
    let (drawn, now) = (&shown.of.viewport, &wanted.viewport);
    let stretch = [0, 1].map(|axis| now.scale[axis] / drawn.scale[axis]);
    let to_points = |pixels: f64| pixels as f32 / ui.ctx().pixels_per_point();
    let corner =
        vec2(to_points((drawn.origin[0] - now.origin[0]) * now.scale[0]), to_points((drawn.origin[1] - now.origin[1]) * now.scale[1]));
    let size = vec2(to_points(f64::from(drawn.width) * stretch[0]), to_points(f64::from(drawn.height) * stretch[1]));
    painter.image(shown.texture.id(), Rect::from_min_size(picture.min + corner, size), whole, Color32::WHITE);
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
