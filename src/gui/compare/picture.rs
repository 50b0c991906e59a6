//! One picture of a side or of the difference: shown, swiped, pointed at.

use egui::accesskit::Role;
use egui::{CursorIcon, Rect, Response, Sense, Stroke, StrokeKind, WidgetInfo, pos2, vec2};

use super::camera;
use super::views::{A, B, DIFFERENCE, FacesView};
use crate::gui::camera as gui_camera;
use crate::gui::theme::{self, Tokens};
use crate::jobs::versus::Facing;
use crate::render::Viewport;
use crate::view::{Place, View};

pub fn sense(ui: &egui::Ui, rect: Rect, slot: usize, facing: &Facing) -> Response {
    let response = ui.interact(rect, ui.scope_id().with(("picture", slot)), Sense::click_and_drag());
    response.widget_info(|| {
        let (name, count) = match slot {
            A => ("A", facing.a.count()),
            B => ("B", facing.b.count()),
            _ => ("the difference", facing.a.count()),
        };
        WidgetInfo::labeled(Role::Image, true, format!("Heatmap of {name}, {count} values"))
    });
    response
}

/// Shows the newest picture of a slot, the part of it within `clip`. One of another place or zoom is shown moved
/// and stretched until the right one is there; one of other values or colours is not shown at all.
pub fn paint(ui: &egui::Ui, faces: &FacesView, slot: usize, now: Viewport, rect: Rect, clip: Rect) {
    let (Some(shown), Some(asked)) = (&faces.shown[slot], &faces.asked[slot]) else { return };
    if !shown.of.shows_the_same(asked) {
        return;
    }
    gui_camera::paint_moved(ui, shown.texture.id(), &shown.of.viewport, &now, rect, clip);
}

/// A left of the line, B right of it. The line stands at a column of the picture; where that is out of sight, at the
/// edge.
pub fn swipe(ui: &egui::Ui, faces: &mut FacesView, view: &View, now: Viewport, rect: Rect) {
    let tokens = Tokens::of(ui);
    let pixels_per_point = ui.ctx().pixels_per_point();
    let columns = view.columns().max(1) as f64;
    let to_points = |cells: f64, axis: usize| ((cells - now.origin[axis]) * now.scale[axis]) as f32 / pixels_per_point;
    let x_of = |swipe: f32| (rect.left() + to_points(f64::from(swipe) * columns, 0)).clamp(rect.left(), rect.right());
    let rows = Rect::from_min_max(
        pos2(rect.left(), rect.top() + to_points(0.0, 1).max(0.0)),
        pos2(rect.right(), (rect.top() + to_points(view.rows() as f64, 1)).min(rect.bottom())),
    );
    let grip = Rect::from_center_size(pos2(x_of(faces.swipe), rows.center().y), vec2(14.0, rows.height().max(32.0)));
    let line = ui.interact(grip, ui.scope_id().with("swipe"), Sense::drag()).on_hover_cursor(CursorIcon::ResizeHorizontal);
    line.widget_info(|| WidgetInfo::slider(true, f64::from(faces.swipe), "Swipe between A and B"));
    if line.dragged()
        && let Some(at) = line.interact_pointer_pos()
    {
        let cells = now.origin[0] + f64::from((at.x - rect.left()) * pixels_per_point) / now.scale[0];
        faces.swipe = (cells / columns).clamp(0.0, 1.0) as f32;
    }
    let x = x_of(faces.swipe);
    paint(ui, faces, A, now, rect, rect.with_max_x(x));
    paint(ui, faces, B, now, rect, rect.with_min_x(x));
    let color = if line.hovered() || line.dragged() { tokens.accent } else { tokens.text };
    // Two lines, so that it is seen on any colour.
    ui.painter().vline(x, rows.y_range(), Stroke::new(4.0, tokens.panel));
    ui.painter().vline(x, rows.y_range(), Stroke::new(1.5, color));
    let middle = pos2(x, rows.center().y);
    ui.painter().rect(Rect::from_center_size(middle, vec2(10.0, 32.0)), 3.0, tokens.panel, Stroke::new(1.5, color), StrokeKind::Inside);
    for (text, at, align) in
        [("A", pos2(x - 8.0, rows.top() + 6.0), egui::Align2::RIGHT_TOP), ("B", pos2(x + 8.0, rows.top() + 6.0), egui::Align2::LEFT_TOP)]
    {
        let galley = ui.painter().layout_no_wrap(text.to_owned(), theme::strong_font(), tokens.text);
        let place = align.anchor_size(at, galley.size());
        ui.painter().rect_filled(place.expand2(vec2(4.0, 1.0)), 3.0, tokens.panel);
        ui.painter().galley(place.min, galley, tokens.text);
    }
}

/// The cell under the pointer, row and column.
pub fn cell_under(response: &Response, view: &View, viewport: &Viewport, rect: Rect, pixels_per_point: f32) -> Option<(usize, usize)> {
    let at = (response.hover_pos()? - rect.min) * pixels_per_point;
    viewport.cell_at(f64::from(at.x), f64::from(at.y)).filter(|(row, column)| view.offset(*row, *column).is_some())
}

/// The cells that are pointed at and pinned, in every picture that they are linked to.
pub fn cursors(ui: &egui::Ui, faces: &FacesView, slot: usize, viewport: Viewport, rect: Rect) {
    let tokens = Tokens::of(ui);
    let pixels_per_point = ui.ctx().pixels_per_point();
    let painter = ui.painter().with_clip_rect(rect.expand(2.0).intersect(ui.clip_rect()));
    let to_points = |cells: f64, axis: usize| ((cells - viewport.origin[axis]) * viewport.scale[axis]) as f32 / pixels_per_point;
    for (cursor, color) in [(faces.pinned, tokens.accent), (faces.hovered, tokens.text)] {
        let Some((of, (row, column))) = cursor.filter(|(of, _)| *of == slot || faces.links.cursor) else { continue };
        if of != slot && faces.views[slot].as_ref().is_none_or(|view| view.offset(row, column).is_none()) {
            continue;
        }
        let corner = rect.min + vec2(to_points(column as f64, 0), to_points(row as f64, 1));
        let side = viewport.scale.map(|scale| (scale as f32 / pixels_per_point).max(4.0));
        let cell = Rect::from_min_size(corner, vec2(side[0], side[1]));
        // Two lines, so that it is seen on any colour.
        painter.rect_stroke(cell, 0.0, Stroke::new(1.5, tokens.panel), StrokeKind::Inside);
        painter.rect_stroke(cell, 0.0, Stroke::new(1.5, color), StrokeKind::Outside);
    }
}

/// Where output channels have a slider, it goes to a channel.
pub fn slide_to(faces: &mut FacesView, facing: &Facing, channel: usize) {
    for (slot, view) in faces.views.iter_mut().enumerate() {
        let plane = if slot == B { &facing.b } else { &facing.a };
        let index = first_of_channel(plane.layout, &plane.shape, channel);
        let (Some(view), Some(index), Some(layout)) = (view, index, plane.layout) else { continue };
        for (axis, letter) in layout.char_indices() {
            if matches!(letter, 'O' | 'G') && view.place(axis) == Place::Slider {
                view.set_fixed(axis, index[axis]);
            }
        }
    }
}

/// Brings an output channel into sight and pins its first element.
pub fn reveal(faces: &mut FacesView, slot: usize, facing: &Facing, view: &View, channel: usize, rect: Rect, pixels_per_point: f32) {
    let plane = if slot == B { &facing.b } else { &facing.a };
    let Some(mut index) = first_of_channel(plane.layout, &plane.shape, channel) else { return };
    // Of the slice on display.
    let sliders = view.axes(Place::Slider);
    sliders.into_iter().for_each(|axis| index[axis] = view.fixed(axis));
    let Some((row, column)) = view.cell(&index) else { return };
    let first = if slot == DIFFERENCE && faces.views[A].is_some() { A } else { slot };
    faces.pinned = Some((first, (row, column)));
    let mut camera = camera::of(faces, slot, view, rect, pixels_per_point);
    for (axis, (cell, side)) in [(column, rect.width()), (row, rect.height())].into_iter().enumerate() {
        let cells = f64::from(side * pixels_per_point) / camera.scale[axis];
        let origin = if axis == 0 { &mut camera.origin.x } else { &mut camera.origin.y };
        let is_seen = (*origin..*origin + cells - 1.0).contains(&(cell as f64));
        if !is_seen {
            *origin = cell as f64 + 0.5 - cells / 2.0;
        }
    }
    if camera != camera::of(faces, slot, view, rect, pixels_per_point) {
        faces.cameras[slot] = Some(camera);
    }
}

/// The index of an output channel's first element.
fn first_of_channel(layout: Option<&str>, shape: &[usize], channel: usize) -> Option<Vec<usize>> {
    let layout = layout.filter(|layout| layout.len() == shape.len())?;
    let mut index = vec![0; shape.len()];
    match (layout.find('G'), layout.find('O')) {
        (Some(group), Some(output)) => {
            let outputs = shape[output].max(1);
            (index[group], index[output]) = (channel / outputs, channel % outputs);
        }
        (Some(only), None) | (None, Some(only)) => index[only] = channel,
        (None, None) => return None,
    }
    index.iter().zip(shape).all(|(index, extent)| index < extent).then_some(index)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_begin_where_the_layout_says() {
        assert_eq!(first_of_channel(Some("OHWI"), &[8, 3, 3, 4], 5), Some(vec![5, 0, 0, 0]));
        assert_eq!(first_of_channel(Some("1HWO"), &[1, 3, 3, 16], 9), Some(vec![0, 0, 0, 9]));
        assert_eq!(first_of_channel(Some("GOIHW"), &[4, 2, 3, 3, 3], 5), Some(vec![2, 1, 0, 0, 0]));
        assert_eq!(first_of_channel(Some("OHWI"), &[8, 3, 3, 4], 8), None);
        assert_eq!(first_of_channel(None, &[8], 1), None);
    }
}
