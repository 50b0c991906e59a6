//! Which part of a picture is in sight, for pictures that move together.

use egui::Rect;

use super::views::{FacesView, Links};
use crate::gui::camera::{fit, pan_and_zoom};
use crate::gui::views::Camera;
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
    let camera = pan_and_zoom(ui, response, before, fitted, rect);
    if camera != before {
        faces.cameras[slot] = Some(camera);
        follow(faces, slot, before, camera);
    }
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
    use crate::gui::views::Vec2d;

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
}
