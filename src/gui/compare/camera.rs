//! Which part of a picture is in sight, for pictures that move together.

use egui::Rect;

use super::views::{FacesView, Links};
use crate::gui::panels::heatmap_fit as fit;
use crate::gui::views::{Camera, Vec2d};
use crate::view::View;

/// The camera of a picture; of one that nobody moved the whole picture.
pub fn of(faces: &FacesView, slot: usize, view: &View, rect: Rect, pixels_per_point: f32) -> Camera {
    faces.cameras[slot].unwrap_or_else(|| fit(view, rect, pixels_per_point))
}

/// Zooms and pans the picture under the pointer, and those that are linked to it.
pub fn steer(ui: &egui::Ui, response: &egui::Response, faces: &mut FacesView, slot: usize, view: &View, rect: Rect) {
    let pixels_per_point = ui.ctx().pixels_per_point();
    let fitted = fit(view, rect, pixels_per_point);
    if response.double_clicked() {
        for other in linked(slot, faces.links.pan || faces.links.zoom) {
            faces.cameras[other] = None;
        }
        return;
    }
    let before = faces.cameras[slot].unwrap_or(fitted);
    let mut camera = before;
    if response.dragged_by(egui::PointerButton::Primary) {
        let delta = response.drag_delta() * pixels_per_point;
        camera.origin.x -= f64::from(delta.x) / camera.scale[0];
        camera.origin.y -= f64::from(delta.y) / camera.scale[1];
    }
    if response.hovered() {
        let (pinch, scroll, pointer) = ui.input(|input| (input.zoom_delta(), input.smooth_scroll_delta(), input.pointer.hover_pos()));
        let factor = if pinch == 1.0 { f64::from(scroll.y / 240.0).exp() } else { f64::from(pinch) };
        if factor != 1.0 {
            let at = (pointer.unwrap_or(rect.center()) - rect.min) * pixels_per_point;
            camera = zoomed(camera, fitted, factor, [f64::from(at.x), f64::from(at.y)], 256.0 * f64::from(pixels_per_point));
        }
    }
    if camera != before {
        faces.cameras[slot] = Some(camera);
        follow(faces, slot, before, camera);
    }
}

/// Zoomed by a factor; the cell at a place, in pixels, stays there.
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

/// The other pictures take over what is linked.
fn follow(faces: &mut FacesView, slot: usize, before: Camera, now: Camera) {
    let Links { pan, zoom, .. } = faces.links;
    for other in linked(slot, pan || zoom).filter(|other| *other != slot) {
        let mut camera = faces.cameras[other].unwrap_or(before);
        if pan && zoom {
            camera = now;
        } else if pan && now.scale == before.scale {
            camera.origin.x += now.origin.x - before.origin.x;
            camera.origin.y += now.origin.y - before.origin.y;
        } else if zoom {
            camera.scale = now.scale;
        }
        faces.cameras[other] = Some(camera);
    }
}

fn linked(slot: usize, is_linked: bool) -> impl Iterator<Item = usize> {
    (0..3).filter(move |other| is_linked || *other == slot)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn camera(x: f64, scale: f64) -> Camera {
        Camera { origin: Vec2d { x, y: 0.0 }, scale: [scale; 2] }
    }

    #[test]
    fn linked_pictures_follow_and_others_stay() {
        let mut faces = FacesView::default();
        follow(&mut faces, 0, camera(0.0, 2.0), camera(3.0, 4.0));
        assert_eq!((faces.cameras[1], faces.cameras[2]), (Some(camera(3.0, 4.0)), Some(camera(3.0, 4.0))));
        faces.links.pan = false;
        follow(&mut faces, 0, camera(3.0, 4.0), camera(5.0, 8.0));
        assert_eq!(faces.cameras[1], Some(camera(3.0, 8.0)));
        (faces.links.pan, faces.links.zoom) = (true, false);
        follow(&mut faces, 0, camera(5.0, 8.0), camera(6.0, 8.0));
        assert_eq!(faces.cameras[1], Some(camera(4.0, 8.0)));
        faces.links.pan = false;
        follow(&mut faces, 0, camera(6.0, 8.0), camera(9.0, 9.0));
        assert_eq!(faces.cameras[1], Some(camera(4.0, 8.0)));
    }

    #[test]
    fn zooming_keeps_the_cell_under_the_pointer() {
        let (before, at) = (camera(2.0, 4.0), [12.0, 8.0]);
        let after = zoomed(before, camera(0.0, 4.0), 2.0, at, 256.0);
        let cell = |camera: Camera| camera.origin.x + at[0] / camera.scale[0];
        assert_eq!((cell(before), cell(after), after.scale), (5.0, 5.0, [8.0, 8.0]));
        // Not beyond the largest cells.
        assert_eq!(zoomed(before, camera(0.0, 4.0), 1e6, at, 256.0).scale, [256.0; 2]);
    }
}
