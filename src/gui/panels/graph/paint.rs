//! Drawing the graph: edges first, then boxes, in as much detail as can be read.

use egui::epaint::CubicBezierShape;
use egui::{Color32, FontId, Pos2, Rect, Sense, Shape, Stroke, StrokeKind, pos2, vec2};

use super::canvas::Canvas;
use crate::gui::command::Command;
use crate::gui::panels::weights::family_color;
use crate::gui::state::{Document, Progress};
use crate::gui::theme::{self, Tokens};
use crate::gui::{names, widgets};
use crate::jobs::{Card, GraphPicture, THUMBNAIL_HEIGHT};
use crate::layout::{Node, Point, Route};
use crate::model::OperationRef;

/// Below this zoom boxes are blocks of colour.
const TYPE_ZOOM: f32 = 0.3;
/// From this zoom on names, details and edge labels are drawn.
const NAME_ZOOM: f32 = 0.55;

pub fn graph(
    ui: &mut egui::Ui,
    document: &Document,
    picture: &GraphPicture,
    canvas: &Canvas,
    hovered: Option<usize>,
    commands: &mut Vec<Command>,
) {
    let selected = document.selected.and_then(|operation| picture.drawn.node_of(OperationRef { graph: picture.graph, operation }));
    let clip = ui.clip_rect().intersect(canvas.rect);
    ui.scope(|ui| {
        ui.set_clip_rect(clip);
        edges(ui, document, picture, canvas, selected, hovered);
        let visible = canvas.visible();
        for (position, place) in picture.layout.nodes.iter().enumerate() {
            let is_visible = place.right() as f32 >= visible.left()
                && place.x as f32 <= visible.right()
                && place.bottom() as f32 >= visible.top()
                && place.y as f32 <= visible.bottom();
            if is_visible {
                let state = BoxState { is_selected: selected == Some(position as u32), is_hovered: hovered == Some(position) };
                card(ui, document, &picture.cards[position], canvas.rect_on_screen(place), canvas.zoom, state, commands);
            }
        }
        if canvas.zoom >= NAME_ZOOM {
            references(ui, picture, canvas, commands);
        }
    });
}

#[derive(Clone, Copy)]
struct BoxState {
    is_selected: bool,
    is_hovered: bool,
}

fn card(ui: &egui::Ui, document: &Document, card: &Card, rect: Rect, zoom: f32, state: BoxState, commands: &mut Vec<Command>) {
    let tokens = Tokens::of(ui);
    let color = card.family.map_or(tokens.faint, |family| family_color(tokens, family));
    let painter = ui.painter();
    if zoom < TYPE_ZOOM {
        let fill = if state.is_selected { tokens.accent } else { color.gamma_multiply(0.8) };
        painter.rect_filled(rect, 2.0 * zoom.min(1.0), fill);
        return;
    }
    let radius = (5.0 * zoom).min(6.0);
    let outline = match state {
        BoxState { is_selected: true, .. } => Stroke::new(1.5, tokens.accent),
        BoxState { is_hovered: true, .. } => Stroke::new(1.0, tokens.dim),
        _ => Stroke::new(1.0, tokens.line),
    };
    let fill = if state.is_selected { theme::mix(tokens.raised, tokens.selection, 0.45) } else { tokens.raised };
    painter.rect(rect, radius, fill, outline, StrokeKind::Inside);
    let edge = Rect::from_min_size(rect.min, vec2((4.0 * zoom).clamp(2.0, 4.0), rect.height()));
    let corner = radius as u8;
    painter.rect_filled(edge, egui::CornerRadius { nw: corner, sw: corner, ne: 0, se: 0 }, color);
    let left = rect.left() + 13.0 * zoom;
    let room = rect.right() - left - 8.0 * zoom;
    let title = match (card.kind.is_empty(), zoom < NAME_ZOOM) {
        (true, _) => card.name.clone(),
        (false, true) => card.kind.clone(),
        (false, false) => format!("{} · {}", card.kind, card.name),
    };
    let scale = zoom.clamp(0.6, 2.0);
    let title = widgets::fit_text(ui, &title, FontId::new(12.0 * scale, theme::semibold()), tokens.text, room);
    let title_y =
        if card.detail.is_empty() || zoom < NAME_ZOOM && card.thumbnail.is_none() { rect.center().y } else { rect.top() + 17.0 * zoom };
    painter.galley(pos2(left, title_y - title.size().y / 2.0), title, tokens.text);
    if zoom < NAME_ZOOM {
        return;
    }
    if !card.detail.is_empty() {
        let detail = widgets::fit_text(ui, &card.detail, FontId::monospace(10.5 * scale), tokens.dim, room);
        painter.galley(pos2(left, rect.top() + 34.0 * zoom - detail.size().y / 2.0), detail, tokens.dim);
    }
    if let Some(site) = card.thumbnail {
        match document.glances.get(&site) {
            None | Some(Progress::None) => commands.push(Command::NeedGlance(site)),
            Some(Progress::Ready(_)) => {
                if let Some(texture) = document.thumbnails.get(&site) {
                    let size = texture.size_vec2() * zoom / 2.0;
                    let top = rect.bottom() - THUMBNAIL_HEIGHT as f32 * zoom + 2.0 * zoom;
                    let at = Rect::from_min_size(pos2(left, top), size);
                    let whole = Rect::from_min_max(Pos2::ZERO, pos2(1.0, 1.0));
                    painter.image(texture.id(), at, whole, Color32::WHITE);
                }
            }
            Some(Progress::Loading | Progress::Failed(_)) => {}
        }
    }
}

fn edges(ui: &egui::Ui, document: &Document, picture: &GraphPicture, canvas: &Canvas, selected: Option<u32>, hovered: Option<usize>) {
    let tokens = Tokens::of(ui);
    let visible = canvas.visible().expand(8.0);
    let lit = |route: &Route| selected.is_some_and(|node| route.from == node || route.to == node);
    let warm = |route: &Route| hovered.is_some_and(|node| route.from as usize == node || route.to as usize == node);
    let width = canvas.zoom.clamp(0.5, 1.5);
    let mut labelled = std::collections::HashSet::new();
    let (plain, bright): (Vec<_>, Vec<_>) =
        picture.layout.edges.iter().filter(|route| touches(route, visible)).partition(|route| !lit(route));
    for route in plain.into_iter().chain(bright) {
        let stroke = if lit(route) {
            Stroke::new(width * 1.6, tokens.accent)
        } else if warm(route) {
            Stroke::new(width * 1.3, tokens.dim)
        } else {
            Stroke::new(width, tokens.faint)
        };
        edge(ui, canvas, &route.points, stroke);
        let tensor = picture.drawn.tensors[route.edge as usize];
        if canvas.zoom >= NAME_ZOOM && labelled.insert(tensor) {
            edge_label(ui, canvas, route, &document.opened.model.tensor(tensor).shape.to_string());
        }
    }
}

fn touches(route: &Route, visible: Rect) -> bool {
    let (mut low, mut high) = ((f64::INFINITY, f64::INFINITY), (f64::NEG_INFINITY, f64::NEG_INFINITY));
    for point in &route.points {
        low = (low.0.min(point.x), low.1.min(point.y));
        high = (high.0.max(point.x), high.1.max(point.y));
    }
    low.0 as f32 <= visible.right() && high.0 as f32 >= visible.left() && low.1 as f32 <= visible.bottom() && high.1 as f32 >= visible.top()
}

/// Curves that leave and enter every point vertically, an arrow head at the end.
fn edge(ui: &egui::Ui, canvas: &Canvas, points: &[Point], stroke: Stroke) {
    let at = |point: &Point| canvas.screen_from_layout(pos2(point.x as f32, point.y as f32));
    for pair in points.windows(2) {
        let (from, to) = (at(&pair[0]), at(&pair[1]));
        if (from.x - to.x).abs() < 0.5 || (from.y - to.y).abs() < 0.5 || canvas.zoom < TYPE_ZOOM {
            ui.painter().line_segment([from, to], stroke);
        } else {
            let middle = f32::midpoint(from.y, to.y);
            let curve = [from, pos2(from.x, middle), pos2(to.x, middle), to];
            ui.painter().add(CubicBezierShape::from_points_stroke(curve, false, Color32::TRANSPARENT, stroke));
        }
    }
    if let Some(end) = points.last().filter(|_| canvas.zoom >= TYPE_ZOOM) {
        let tip = at(end);
        let side = 3.5 * canvas.zoom.clamp(0.5, 1.4);
        let head = vec![tip, tip + vec2(-side, -1.7 * side), tip + vec2(side, -1.7 * side)];
        ui.painter().add(Shape::convex_polygon(head, stroke.color, Stroke::NONE));
    }
}

/// The shape that flows along an edge, beside its beginning.
fn edge_label(ui: &egui::Ui, canvas: &Canvas, route: &Route, shape: &str) {
    let tokens = Tokens::of(ui);
    let Some(start) = route.points.first() else { return };
    let start = canvas.screen_from_layout(pos2(start.x as f32, start.y as f32));
    let font = FontId::monospace(10.5 * canvas.zoom.clamp(0.7, 1.4));
    let text = names::elide_middle(shape, 32);
    ui.painter().text(start + vec2(6.0, 11.0) * canvas.zoom, egui::Align2::LEFT_CENTER, text, font, tokens.dim);
}

/// Edges that would be too long to draw: a label at the consumer; a click walks to the producer.
fn references(ui: &mut egui::Ui, picture: &GraphPicture, canvas: &Canvas, commands: &mut Vec<Command>) {
    let tokens = Tokens::of(ui);
    let mut above: std::collections::HashMap<u32, u16> = std::collections::HashMap::new();
    for reference in &picture.layout.references {
        let place = canvas.rect_on_screen(&picture.layout.nodes[reference.to as usize]);
        if !place.expand(40.0).intersects(canvas.rect) {
            continue;
        }
        let row = above.entry(reference.to).or_default();
        if *row >= 3 {
            continue;
        }
        let name = names::elide_middle(&picture.cards[reference.from as usize].name, 26);
        let font = FontId::proportional(10.5 * canvas.zoom.clamp(0.7, 1.4));
        let galley = ui.painter().layout_no_wrap(format!("← {name}"), font, tokens.accent);
        let at = pos2(place.right() - galley.size().x - 4.0, place.top() - (f32::from(*row) + 1.0) * (galley.size().y + 1.0));
        *row += 1;
        let area = Rect::from_min_size(at, galley.size());
        let response = ui.interact(area, ui.scope_id().with(("reference", reference.edge)), Sense::click());
        response.widget_info(|| egui::WidgetInfo::labeled(egui::accesskit::Role::Link, true, format!("Go to {name}")));
        ui.painter().galley(at, galley, tokens.accent);
        if response.clicked()
            && let Node::Operation(at) = picture.drawn.nodes[reference.from as usize]
        {
            commands.push(Command::Select { graph: at.graph, operation: at.operation, fly: true });
        }
    }
}
