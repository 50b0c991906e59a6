//! The pair on display as pictures: side by side with the difference, swiped, the difference alone, or
//! blinking. Held Shift shows the reference, held Ctrl the other.

use std::sync::Arc;

use egui::{Rect, RichText, pos2, vec2};

use super::state::Comparison;
use super::views::{A, B, DIFFERENCE, FacesView, Mode, PictureWanted};
use super::{Request, camera, controls, name_of, picture, readout};
use crate::colormap::{Colours, Kind, Limits, Map, Norm};
use crate::compare::difference;
use crate::gui::camera as gui_camera;
use crate::gui::command::Command;
use crate::gui::state::Progress;
use crate::gui::theme::{self, Tokens};
use crate::gui::{names, widgets};
use crate::jobs::versus::{Facing, Plane};
use crate::render::{self, Viewport};
use crate::view::View;

const CAPTION: f32 = 22.0;
const READOUT: f32 = 26.0;
const BETWEEN: f32 = 14.0;
/// Steps in which a picture that is being refined is drawn anew.
const COMPLETE: usize = 16;

pub fn show(ui: &mut egui::Ui, comparison: &Comparison, faces: &mut FacesView, commands: &mut Vec<Command>) -> bool {
    let (title, shows) = titles(comparison);
    let is_dragged = widgets::head(ui, &title, &shows, |ui| {
        controls::picture_menu(ui, comparison, commands);
        controls::links(ui, faces);
        for mode in Mode::ALL.into_iter().rev() {
            if widgets::toggle(ui, mode.name(), faces.mode == mode).on_hover_text(hint(mode)).clicked() {
                faces.mode = mode;
            }
        }
    });
    let facing = match &comparison.facing {
        Progress::Ready(facing) => Arc::clone(facing),
        Progress::Failed(problem) => {
            widgets::empty_state(ui, problem, None);
            return is_dragged;
        }
        Progress::Loading => {
            widgets::empty_state(ui, "Reading both weights…", None);
            return is_dragged;
        }
        Progress::None => {
            if comparison.selected_row().is_some() {
                commands.push(Request::NeedFace(comparison.number).into());
            }
            widgets::empty_state(ui, "Select a pair to see its values", None);
            return is_dragged;
        }
    };
    if facing.a.count() == 0 && facing.b.count() == 0 {
        widgets::empty_state(ui, "These weights have no elements", None);
        return is_dragged;
    }
    let is_aligned = facing.alignment().is_ok();
    if is_aligned && (comparison.difference.is_none() || comparison.difference_kind != faces.kind) {
        commands.push(Request::NeedDifference { comparison: comparison.number, kind: faces.kind }.into());
    }
    adopt(ui, comparison, faces, &facing);
    controls::line(ui, faces, &facing);
    if let Err(problem) = facing.alignment() {
        ui.horizontal(|ui| {
            ui.add_space(14.0);
            ui.add(egui::Label::new(RichText::new(problem).color(Tokens::of(ui).warn)).truncate()).on_hover_text(problem);
        });
    }
    body(ui, comparison, faces, &facing, commands);
    is_dragged
}

fn titles(comparison: &Comparison) -> (String, String) {
    let Some(pair) = comparison.selected else { return ("Two weights".to_owned(), String::new()) };
    let (label, _, role) = name_of(&comparison.sides.a, pair.0);
    let role = comparison.row(pair).map_or(role, |row| row.a.role.clone());
    let (label_b, ..) = name_of(&comparison.sides.b, pair.1);
    let shape = comparison.facing.ready().map_or(String::new(), |facing| format!(" {}", shape_text(&facing.a)));
    let against = if label_b == label { String::new() } else { format!(" · B {}", names::elide_middle(&label_b, 28)) };
    (names::elide_middle(&label, 30), format!("{role}{shape}{against}"))
}

fn shape_text(plane: &Plane) -> String {
    plane.shape.iter().map(ToString::to_string).collect::<Vec<_>>().join("×")
}

fn hint(mode: Mode) -> &'static str {
    match mode {
        Mode::SideBySide => "A, B and the difference beside each other; hold Shift for A, Ctrl for B",
        Mode::Swipe => "A left and B right of a line that can be dragged; hold Shift for A, Ctrl for B",
        Mode::Difference => "The difference alone; hold Shift for A, Ctrl for B",
        Mode::Blink => "A and B in turn; hold Shift for A, Ctrl for B",
    }
}

/// A newly shown pair begins with the usual view; colours and mode stay as the person chose them.
fn adopt(ui: &egui::Ui, comparison: &Comparison, faces: &mut FacesView, facing: &Facing) {
    if faces.adopted == comparison.selected && faces.views[A].as_ref().is_some_and(|view| view.shape() == facing.a.shape) {
        return;
    }
    let room = ui.available_size();
    let share = if faces.mode == Mode::SideBySide { 3.0 } else { 1.0 };
    let aspect = f64::from((room.x / share).max(60.0)) / f64::from((room.y - 90.0).max(60.0));
    faces.views = [Some(facing.a.default_view(aspect)), Some(facing.b.default_view(aspect)), Some(facing.a.default_view(aspect))];
    faces.cameras = [None; 3];
    faces.ranges = [None; 3];
    faces.hovered = None;
    faces.pinned = None;
    faces.adopted = comparison.selected;
}

/// What Shift and Ctrl show in the place of everything else.
fn held(ui: &egui::Ui) -> Option<usize> {
    if !ui.rect_contains_pointer(ui.max_rect()) || ui.ctx().text_edit_focused() {
        return None;
    }
    match ui.input(|input| input.modifiers) {
        modifiers if modifiers.shift_only() => Some(A),
        modifiers if modifiers.command_only() || modifiers.ctrl && !modifiers.shift && !modifiers.alt => Some(B),
        _ => None,
    }
}

fn body(ui: &mut egui::Ui, comparison: &Comparison, faces: &mut FacesView, facing: &Arc<Facing>, commands: &mut Vec<Command>) {
    let held = held(ui);
    let is_aligned = facing.alignment().is_ok();
    let mode = if is_aligned { faces.mode } else { Mode::SideBySide };
    let area = ui.available_rect_before_wrap().shrink2(vec2(14.0, 2.0));
    ui.advance_cursor_after_rect(area);
    let pictures = area.with_max_y((area.bottom() - READOUT).max(area.top() + CAPTION + 16.0));
    let slots: &[usize] = match mode {
        Mode::SideBySide if is_aligned => &[A, B, DIFFERENCE],
        Mode::SideBySide => &[A, B],
        Mode::Swipe | Mode::Blink => &[A],
        Mode::Difference => &[DIFFERENCE],
    };
    let rects = arrange(pictures, slots.len(), faces.views[A].as_ref(), ui.ctx().pixels_per_point());
    let reveal = faces.reveal_channel.take();
    if let Some(channel) = reveal {
        picture::slide_to(faces, facing, channel);
    }
    let mut hovered = None;
    for (slot, rect) in slots.iter().copied().zip(rects) {
        let frame = gui_camera::pixel_aligned(rect.with_min_y(rect.top() + CAPTION), ui.ctx().pixels_per_point());
        let Some(view) = faces.views[slot].clone() else { continue };
        if let Some(channel) = reveal {
            picture::reveal(faces, slot, facing, &view, channel, frame, ui.ctx().pixels_per_point());
        }
        let response = picture::sense(ui, frame, slot, facing);
        camera::steer(ui, &response, faces, slot, &view, frame);
        let camera = camera::of(faces, slot, &view, frame, ui.ctx().pixels_per_point());
        let viewport = camera.viewport(frame, ui.ctx().pixels_per_point());
        // What is painted here, and what may be at the next key.
        let shown = painted(ui, faces, mode, slot, held);
        let mut wanted_slots = vec![slot];
        if is_aligned && matches!(mode, Mode::Swipe | Mode::Blink | Mode::Difference) {
            wanted_slots = if slot == DIFFERENCE { vec![DIFFERENCE, A, B] } else { vec![A, B] };
        }
        for other in wanted_slots {
            ask(ui, comparison, faces, facing, other, viewport, commands);
        }
        match (mode, held) {
            (Mode::Swipe, None) => picture::swipe(ui, faces, &view, viewport, frame),
            _ => picture::paint(ui, faces, shown, viewport, frame, frame),
        }
        caption(ui, comparison, faces, facing, rect.with_max_y(rect.top() + CAPTION), shown, mode == Mode::Swipe && held.is_none());
        if let Some(cell) = picture::cell_under(&response, &view, &viewport, frame, ui.ctx().pixels_per_point()) {
            hovered = Some((slot, cell));
            if response.clicked_by(egui::PointerButton::Primary) {
                faces.pinned = if faces.pinned == Some((slot, cell)) { None } else { Some((slot, cell)) };
            }
        }
        picture::cursors(ui, faces, slot, viewport, frame);
    }
    faces.hovered = hovered;
    line_below(ui, faces, facing, area.with_min_y(pictures.bottom()), is_aligned);
}

/// The places of pictures: beside each other, or below each other where that shows them larger.
fn arrange(area: Rect, count: usize, view: Option<&View>, pixels_per_point: f32) -> Vec<Rect> {
    let parts = count as f32;
    // Whole pixels, so that all have one size and their cells, too.
    let whole = |length: f32| (length * pixels_per_point).floor() / pixels_per_point;
    let beside = vec2(whole((area.width() - BETWEEN * (parts - 1.0)) / parts), area.height());
    let below = vec2(area.width(), whole((area.height() - BETWEEN * 0.5 * (parts - 1.0)) / parts));
    let scale = |size: egui::Vec2| {
        let (columns, rows) = view.map_or((1, 1), |view| (view.columns().max(1), view.rows().max(1)));
        (size.x / columns as f32).min((size.y - CAPTION).max(8.0) / rows as f32)
    };
    let is_beside = count == 1 || scale(beside) >= scale(below);
    (0..count)
        .map(|place| {
            let place = place as f32;
            let offset = if is_beside { vec2(place * (beside.x + BETWEEN), 0.0) } else { vec2(0.0, place * (below.y + BETWEEN * 0.5)) };
            Rect::from_min_size(area.min + offset, if is_beside { beside } else { below })
        })
        .collect()
}

/// The picture that stands in a place now.
fn painted(ui: &egui::Ui, faces: &FacesView, mode: Mode, slot: usize, held: Option<usize>) -> usize {
    if let Some(held) = held.filter(|_| slot != DIFFERENCE || mode == Mode::Difference) {
        return held;
    }
    if mode == Mode::Blink {
        let secs = f64::from(faces.blink_secs.max(0.1));
        let time = ui.input(|input| input.time);
        let next = (time / secs).floor() + 1.0;
        ui.ctx().request_repaint_after(std::time::Duration::from_secs_f64((next * secs - time).max(0.01)));
        return if next as i64 % 2 == 0 { B } else { A };
    }
    slot
}

pub fn plane<'p>(comparison: &'p Comparison, facing: &'p Facing, slot: usize) -> Option<&'p Arc<Plane>> {
    match slot {
        A => Some(&facing.a),
        B => Some(&facing.b),
        _ => comparison.difference.ready(),
    }
}

/// Asks for a picture that is not there as it should be.
fn ask(
    ui: &egui::Ui,
    comparison: &Comparison,
    faces: &mut FacesView,
    facing: &Facing,
    slot: usize,
    viewport: Viewport,
    commands: &mut Vec<Command>,
) {
    let (Some(plane), Some(view)) = (plane(comparison, facing, slot), faces.views[slot].clone()) else { return };
    let theme = if ui.visuals().dark_mode { &render::theme::DARK } else { &render::theme::LIGHT };
    let colours = colours(comparison, faces, facing, slot);
    let mut wanted = PictureWanted { plane: Arc::clone(plane), view, colours, viewport, theme, detail: COMPLETE };
    refine(ui, comparison.number, faces, slot, &mut wanted, commands);
    if faces.asked[slot].as_ref() != Some(&wanted) {
        faces.asked[slot] = Some(wanted.clone());
        commands.push(Request::NeedPicture { comparison: comparison.number, slot, wanted: Box::new(wanted) }.into());
    }
}

/// Asks for the pyramid where a picture from afar lacks it, and for a better picture from time to time while it is
/// built.
fn refine(ui: &egui::Ui, number: u64, faces: &mut FacesView, slot: usize, wanted: &mut PictureWanted, commands: &mut Vec<Command>) {
    let is_far = wanted.viewport.scale.iter().all(|scale| *scale <= 0.125);
    let Some(pyramid) = wanted.plane.pyramid(&wanted.view).filter(|_| is_far) else { return };
    wanted.detail = pyramid.progress(COMPLETE);
    if pyramid.is_complete() {
        return;
    }
    let is_asked = faces.refining[slot].as_ref().is_some_and(|(plane, view)| Arc::ptr_eq(plane, &wanted.plane) && *view == wanted.view);
    if !is_asked {
        let (plane, view) = (Arc::clone(&wanted.plane), wanted.view.clone());
        faces.refining[slot] = Some((Arc::clone(&plane), view.clone()));
        commands.push(Request::NeedPyramid { comparison: number, slot, plane, view: Box::new(view) }.into());
    }
    // The picture that was asked for last comes first: newer ones would cancel it again and again.
    if let Some(asked) = faces.asked[slot].as_ref().filter(|asked| asked.shows_the_same(wanted) && asked.viewport == wanted.viewport)
        && faces.shown[slot].as_ref().is_none_or(|shown| shown.of != *asked)
    {
        wanted.detail = asked.detail;
    }
    ui.ctx().request_repaint_after(std::time::Duration::from_millis(50));
}

/// The colours of a picture: A and B on one scale where they are linked, the difference on its own.
pub fn colours(comparison: &Comparison, faces: &FacesView, facing: &Facing, slot: usize) -> Colours {
    let Some(own) = plane(comparison, facing, slot) else {
        return Colours { map: Map::default_for(true), limits: Limits::default(), norm: Norm::Linear };
    };
    let map = map(faces, facing, slot);
    let is_symmetric = map.kind() == Kind::Diverging;
    let limits_of = |slot: usize, plane: &Plane| {
        let range = faces.ranges[slot].unwrap_or_else(|| plane.default_range(is_symmetric));
        plane.limits(range, is_symmetric)
    };
    let limits = if slot != DIFFERENCE && faces.links.limits {
        let (a, b) = (limits_of(A, &facing.a), limits_of(if faces.ranges[A].is_some() { A } else { B }, &facing.b));
        Limits::new(a.low.min(b.low), a.high.max(b.high))
    } else {
        limits_of(slot, own)
    };
    Colours { map, limits, norm: Norm::Linear }
}

pub fn map(faces: &FacesView, facing: &Facing, slot: usize) -> Map {
    if slot == DIFFERENCE {
        return faces.maps[DIFFERENCE].unwrap_or_else(|| Map::default_for(faces.kind.is_signed()));
    }
    let has_both_signs = facing.a.summary().moments.min < 0.0 || facing.b.summary().moments.min < 0.0;
    let slot = if faces.links.colours { A } else { slot };
    faces.maps[slot].unwrap_or_else(|| Map::default_for(has_both_signs))
}

fn caption(ui: &mut egui::Ui, comparison: &Comparison, faces: &FacesView, facing: &Facing, rect: Rect, slot: usize, is_swiped: bool) {
    let tokens = Tokens::of(ui);
    let colours = colours(comparison, faces, facing, slot);
    let text = match slot {
        _ if is_swiped => format!("A {}, B {}", facing.forms[A], facing.forms[B]),
        A => format!("A reference, {}", facing.forms[A]),
        B => format!("B {}", facing.forms[B]),
        _ => {
            let reach = names::figure(f64::from(colours.limits.high));
            let scale = if faces.kind.is_signed() { format!("±{reach}") } else { format!("to {reach}") };
            format!("{}, own scale {scale}", if faces.kind == difference::Kind::Relative { "|B - A| / |A|" } else { faces.kind.name() })
        }
    };
    let label = ui.interact(rect, ui.scope_id().with(("caption", rect.left() as i32, rect.top() as i32)), egui::Sense::hover());
    label.widget_info(|| egui::WidgetInfo::labeled(egui::accesskit::Role::Label, true, &text));
    let bar = Rect::from_min_max(pos2(rect.right() - 56.0, rect.center().y - 4.0), pos2(rect.right(), rect.center().y + 4.0));
    let galley = widgets::fit_text(ui, &text, egui::FontId::proportional(12.0), tokens.dim, (bar.left() - rect.left() - 8.0).max(24.0));
    ui.painter().galley(pos2(rect.left(), rect.center().y - galley.size().y / 2.0), galley, tokens.dim);
    crate::gui::panels::heatmap_paint_table(ui, bar, colours.map, false);
    let response = ui.interact(bar.expand(4.0), ui.scope_id().with(("scale", rect.left() as i32, rect.top() as i32)), egui::Sense::hover());
    let (low, high) = (f64::from(colours.limits.low), f64::from(colours.limits.high));
    response.on_hover_text(format!("{} to {}, {}", names::signed(low), names::signed(high), colours.map.name()));
}

/// What is under the pointer, or pinned.
fn line_below(ui: &mut egui::Ui, faces: &FacesView, facing: &Facing, rect: Rect, is_aligned: bool) {
    let tokens = Tokens::of(ui);
    let place = faces.hovered.or(faces.pinned);
    let text = match place {
        Some((slot, (row, column))) if is_aligned => {
            let view = faces.views[slot].as_ref();
            view.and_then(|view| readout::text(facing, view, view.offset(row, column)?)).unwrap_or_default()
        }
        Some((slot, (row, column))) => {
            let plane = if slot == A { &facing.a } else { &facing.b };
            let value = faces.views[slot].as_ref().and_then(|view| view.offset(row, column)).and_then(|offset| plane.value(offset));
            value.map_or(String::new(), |value| format!("{} {}", if slot == A { "A" } else { "B" }, names::signed(f64::from(value))))
        }
        None => "Point at a cell to read it in A and in B; hold Shift for A, Ctrl for B".to_owned(),
    };
    let font = if place.is_some() { theme::small_number_font() } else { theme::small_font() };
    let galley = widgets::fit_text(ui, &text, font, tokens.dim, rect.width());
    let at = pos2(rect.left(), rect.center().y - galley.size().y / 2.0);
    let response = ui.interact(rect, ui.scope_id().with("readout"), egui::Sense::hover());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::accesskit::Role::Label, true, &text));
    ui.painter().galley(at, galley, tokens.dim);
}
