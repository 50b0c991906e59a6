//! The whole graph, small, for graphs that are larger than the view.

use std::sync::Arc;

use egui::accesskit::Role;
use egui::epaint::Mesh;
use egui::{Pos2, Rect, Sense, Shape, Stroke, StrokeKind, Vec2, WidgetInfo, pos2, vec2};

use super::canvas::Canvas;
use super::colour::Colours;
use super::lit::Lit;
use crate::gui::theme::Tokens;
use crate::gui::views::GraphView;
use crate::jobs::GraphPicture;
use crate::layout::{self, Point};

const LARGEST: Vec2 = vec2(72.0, 132.0);
const INSET: f32 = 5.0;
/// Between it and the canvas' borders.
const MARGIN: f32 = 10.0;
/// A panel narrower than this has no room beside its boxes.
const NARROWEST: f32 = 300.0;

/// The boxes as they were drawn last.
#[derive(Clone, Default)]
pub struct Minimap {
    of: Option<(Arc<GraphPicture>, Colours, bool, Rect)>,
    mesh: Arc<Mesh>,
}

/// Where the minimap stands, if the graph is larger than the view.
pub fn place(rect: Rect, picture: &GraphPicture, zoom: f64) -> Option<Rect> {
    let size = picture.layout.size;
    let is_larger = size.width * zoom > f64::from(rect.width()) * 1.6 || size.height * zoom > f64::from(rect.height()) * 1.6;
    if !is_larger || rect.width() < NARROWEST || rect.height() < 160.0 {
        return None;
    }
    // It is turned with a graph that runs to the right.
    let largest = match picture.layout.direction {
        layout::Direction::Down => vec2(LARGEST.x.min(rect.width() * 0.16), LARGEST.y),
        layout::Direction::Right => vec2(LARGEST.y.min(rect.width() * 0.5), LARGEST.x),
    };
    let scale = (f64::from(largest.x) / size.width).min(f64::from(largest.y) / size.height);
    let side = vec2((size.width * scale) as f32, (size.height * scale) as f32).max(vec2(16.0, 16.0)) + vec2(2.0 * INSET, 2.0 * INSET);
    Some(Rect::from_min_size(pos2(rect.right() - side.x - MARGIN, rect.top() + MARGIN), side))
}

/// The part of the canvas that the minimap leaves free, for what is to be seen in full.
pub fn free(rect: Rect, map: Option<Rect>) -> Rect {
    match map {
        Some(map) if map.width() < rect.width() * 0.4 => rect.with_max_x(map.left() - MARGIN / 2.0),
        _ => rect,
    }
}

pub fn show(
    ui: &mut egui::Ui,
    picture: &Arc<GraphPicture>,
    colours: &Colours,
    map: Rect,
    view: &mut GraphView,
    canvas: &Canvas,
    lit: &Lit,
) {
    let tokens = Tokens::of(ui);
    let response = ui.interact(map, ui.scope_id().with("minimap"), Sense::click_and_drag());
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, "Minimap"));
    ui.painter().rect(map, 4.0, tokens.raised.gamma_multiply(0.94), Stroke::new(1.0, tokens.line), StrokeKind::Inside);
    let scale = Scale::new(map.shrink(INSET), picture);
    draw(ui, picture, colours, map, view);
    ui.painter().add(Shape::Mesh(Arc::clone(&view.minimap.mesh)));
    let spot = |node: u32, color| {
        let center = scale.on_map(picture.layout.nodes[node as usize].center());
        ui.painter().rect_filled(Rect::from_center_size(center, vec2(5.0, 3.0)), 1.0, color);
    };
    for node in lit.marked().take(500) {
        spot(node, tokens.warn);
    }
    if let Some(selected) = lit.selected {
        spot(selected, tokens.accent);
    }
    let seen = canvas.visible();
    let frame = Rect::from_min_max(scale.on_map(Point { x: seen.x, y: seen.y }), scale.on_map(Point { x: seen.right(), y: seen.bottom() }));
    // A view of a few boxes of very many is no smaller than can be seen and grasped.
    let frame = Rect::from_center_size(frame.center(), frame.size().max(vec2(8.0, 6.0))).intersect(map.shrink(1.0));
    let is_held = response.hovered() || response.dragged();
    let fill = tokens.accent.gamma_multiply(if is_held { 0.22 } else { 0.10 });
    ui.painter().rect(frame, 2.0, fill, Stroke::new(1.0, tokens.accent), StrokeKind::Inside);
    if let Some(at) = response.interact_pointer_pos() {
        view.center = scale.in_layout(at);
        view.flight = None;
    }
    response.on_hover_cursor(if is_held { egui::CursorIcon::Grab } else { egui::CursorIcon::Default });
}

fn draw(ui: &egui::Ui, picture: &Arc<GraphPicture>, colours: &Colours, map: Rect, view: &mut GraphView) {
    let tokens = Tokens::of(ui);
    let is_same = view.minimap.of.as_ref().is_some_and(|(of, had, is_dark, place)| {
        Arc::ptr_eq(of, picture) && had.are(colours) && *is_dark == tokens.is_dark && *place == map
    });
    if is_same {
        return;
    }
    let scale = Scale::new(map.shrink(INSET), picture);
    let mut mesh = Mesh::default();
    let size = picture.layout.size;
    let whole = layout::Rect { x: 0.0, y: 0.0, width: size.width, height: size.height };
    if let Some(band) = picture.index.band(1.0 / f64::from(scale.y)) {
        for run in band.in_area(&whole) {
            let corner = scale.on_map(Point { x: f64::from(run.left), y: f64::from(run.row) * band.height });
            let side = vec2((run.right - run.left) * scale.x, band.height as f32 * scale.y * 0.8).max(vec2(2.0, 1.0));
            mesh.add_colored_rect(Rect::from_min_size(corner, side), colours.block(tokens, picture, run.node));
        }
    }
    view.minimap = Minimap { of: Some((Arc::clone(picture), colours.clone(), tokens.is_dark, map)), mesh: Arc::new(mesh) };
}

/// From the layout to the map; the two directions differ where the map would be thinner than can be seen.
struct Scale {
    corner: Pos2,
    x: f32,
    y: f32,
}

impl Scale {
    fn new(inner: Rect, picture: &GraphPicture) -> Self {
        let size = picture.layout.size;
        Self {
            corner: inner.min,
            x: (f64::from(inner.width()) / size.width.max(1.0)) as f32,
            y: (f64::from(inner.height()) / size.height.max(1.0)) as f32,
        }
    }

    fn on_map(&self, at: Point) -> Pos2 {
        self.corner + vec2(at.x as f32 * self.x, at.y as f32 * self.y)
    }

    fn in_layout(&self, at: Pos2) -> Point {
        Point { x: f64::from((at.x - self.corner.x) / self.x), y: f64::from((at.y - self.corner.y) / self.y) }
    }
}
