//! Which part of a heatmap is in sight: fitting, panning, zooming, and the picture that is there moved to where it
//! belongs. For the heatmap's panel and for the pictures of a comparison.

use egui::{Color32, Pos2, Rect, pos2, vec2};

use super::views::{Camera, Vec2d};
use crate::render::Viewport;
use crate::view::View;

/// The largest cell that fitting makes, in points: a scalar need not fill the panel.
const LARGEST_CELL: f64 = 96.0;
/// The largest cell that zooming makes, in points.
const LARGEST_ZOOMED: f64 = 256.0;
/// The short side of a stretched picture, in points.
const SHORT_SIDE: f64 = 64.0;

/// The rectangle in physical pixels, so that a picture's pixels are the screen's.
pub fn pixel_aligned(rect: Rect, pixels_per_point: f32) -> Rect {
    let align = |value: f32| (value * pixels_per_point).round() / pixels_per_point;
    Rect::from_min_max(pos2(align(rect.left()), align(rect.top())), pos2(align(rect.right()), align(rect.bottom())))
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

/// Where a person's hand moves the camera: a drag pans, wheel and pinch zoom at the pointer.
pub fn pan_and_zoom(ui: &egui::Ui, response: &egui::Response, mut camera: Camera, fitted: Camera, picture: Rect) -> Camera {
    let pixels_per_point = ui.ctx().pixels_per_point();
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
            let largest = LARGEST_ZOOMED * f64::from(pixels_per_point);
            camera = zoomed(camera, fitted, factor, [f64::from(at.x), f64::from(at.y)], largest);
        }
    }
    camera
}

/// Zoomed by a factor, in both directions by the same, within what either allows; the cell at a place, in pixels,
/// stays there.
fn zoomed(camera: Camera, fitted: Camera, factor: f64, at: [f64; 2], largest: f64) -> Camera {
    let least = [0, 1].map(|axis| (fitted.scale[axis] * 0.5).min(1.0) / camera.scale[axis]);
    let most = camera.scale.map(|scale| largest / scale);
    let factor = factor.clamp(least[0].min(least[1]).min(1.0), most[0].min(most[1]).max(1.0));
    let scale = camera.scale.map(|scale| scale * factor);
    let origin = Vec2d {
        x: camera.origin.x + at[0] / camera.scale[0] - at[0] / scale[0],
        y: camera.origin.y + at[1] / camera.scale[1] - at[1] / scale[1],
    };
    Camera { origin, scale }
}

impl Camera {
    /// The part of the picture that it shows in a rectangle.
    pub fn viewport(&self, picture: Rect, pixels_per_point: f32) -> Viewport {
        let pixels = |points: f32| (points * pixels_per_point).round() as u32;
        let (width, height) = (pixels(picture.width()), pixels(picture.height()));
        Viewport { origin: [self.origin.x, self.origin.y], scale: self.scale, width, height }
    }
}

/// Shows a picture that was drawn for one part where another one is in sight now: moved and stretched, until
/// the right one is there.
pub fn paint_moved(ui: &egui::Ui, texture: egui::TextureId, drawn: &Viewport, now: &Viewport, picture: Rect, clip: Rect) {
    let painter = ui.painter().with_clip_rect(clip.intersect(ui.clip_rect()));
    let whole = Rect::from_min_max(Pos2::ZERO, pos2(1.0, 1.0));
    let to_points = |pixels: f64| pixels as f32 / ui.ctx().pixels_per_point();
    let place = |axis: usize| to_points((drawn.origin[axis] - now.origin[axis]) * now.scale[axis]);
    let side = |axis: usize, pixels: u32| to_points(f64::from(pixels) * now.scale[axis] / drawn.scale[axis]);
    let size = vec2(side(0, drawn.width), side(1, drawn.height));
    painter.image(texture, Rect::from_min_size(picture.min + vec2(place(0), place(1)), size), whole, Color32::WHITE);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zooming_keeps_the_cell_under_the_pointer() {
        let camera = |x: f64| Camera { origin: Vec2d { x, y: 0.0 }, scale: [4.0; 2] };
        let (before, at) = (camera(2.0), [12.0, 8.0]);
        let after = zoomed(before, camera(0.0), 2.0, at, 256.0);
        let cell = |camera: Camera| camera.origin.x + at[0] / camera.scale[0];
        assert_eq!((cell(before), cell(after), after.scale), (5.0, 5.0, [8.0, 8.0]));
        // Not beyond the largest cells.
        assert_eq!(zoomed(before, camera(0.0), 1e6, at, 256.0).scale, [256.0; 2]);
    }
}
