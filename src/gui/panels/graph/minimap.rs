//! The whole graph, small, for graphs that are larger than the view.

use egui::accesskit::Role;
use egui::{Pos2, Rect, Sense, Stroke, StrokeKind, Vec2, WidgetInfo, pos2, vec2};

use crate::gui::panels::weights::family_color;
use crate::gui::theme::Tokens;
use crate::gui::views::GraphView;
use crate::jobs::GraphPicture;

const LARGEST: Vec2 = vec2(72.0, 132.0);
/// Boxes drawn at most; of more, every so many are left out.
const BOXES: usize = 1500;

/// Where the minimap stands, if the graph is larger than the view.
pub fn place(rect: Rect, size: Vec2, view: &GraphView) -> Option<Rect> {
    let on_screen = size * view.zoom;
    let is_larger = on_screen.x > rect.width() * 1.6 || on_screen.y > rect.height() * 1.6;
    // A narrow panel has no room beside its boxes.
    if !is_larger || rect.width() < 340.0 || rect.height() < 200.0 {
        return None;
    }
    let scale = (LARGEST.x / size.x).min(LARGEST.y / size.y);
    let side = (size * scale).max(vec2(16.0, 16.0)) + vec2(10.0, 10.0);
    Some(Rect::from_min_size(pos2(rect.right() - side.x - 10.0, rect.top() + 10.0), side))
}

pub fn show(ui: &mut egui::Ui, picture: &GraphPicture, map: Rect, view: &mut GraphView, rect: Rect) {
    let tokens = Tokens::of(ui);
    let response = ui.interact(map, ui.scope_id().with("minimap"), Sense::click_and_drag());
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, "Minimap"));
    ui.painter().rect(map, 4.0, tokens.raised.gamma_multiply(0.92), Stroke::new(1.0, tokens.line), StrokeKind::Inside);
    let inner = map.shrink(5.0);
    let size = vec2(picture.layout.size.width as f32, picture.layout.size.height as f32).max(vec2(1.0, 1.0));
    let scale = inner.size() / size;
    let on_map = |x: f64, y: f64| pos2(inner.left() + x as f32 * scale.x, inner.top() + y as f32 * scale.y);
    let step = picture.layout.nodes.len().div_ceil(BOXES).max(1);
    for (place, card) in picture.layout.nodes.iter().zip(&picture.cards).step_by(step) {
        let color = card.family.map_or(tokens.faint, |family| family_color(tokens, family));
        let corner = on_map(place.x, place.y);
        let side = (vec2(place.width as f32, place.height as f32) * scale).max(vec2(2.0, 1.0));
        ui.painter().rect_filled(Rect::from_min_size(corner, side), 0.0, color.gamma_multiply(0.85));
    }
    let half = rect.size() / view.zoom / 2.0;
    let seen = Rect::from_min_max(view.center - half, view.center + half);
    let frame = Rect::from_min_max(on_map(seen.left().into(), seen.top().into()), on_map(seen.right().into(), seen.bottom().into()));
    ui.painter().rect_stroke(frame.intersect(map.shrink(1.0)), 2.0, Stroke::new(1.0, tokens.accent), StrokeKind::Inside);
    if let Some(at) = response.interact_pointer_pos() {
        let to: Pos2 = pos2((at.x - inner.left()) / scale.x, (at.y - inner.top()) / scale.y);
        view.center = to;
        view.flight = None;
    }
}
