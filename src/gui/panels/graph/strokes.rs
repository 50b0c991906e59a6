//! The lines of edges: the curves of [`crate::layout::Route::curve`], with a head where they end.

use egui::epaint::{Mesh, PathShape};
use egui::{Pos2, Stroke, pos2, vec2};

use super::scene::{Pen, TYPE_ZOOM};
use crate::gui::theme::{self, Tokens};
use crate::layout::{Direction, Piece};

pub fn width(zoom: f64) -> f32 {
    (zoom as f32).clamp(0.75, 1.5)
}

/// The stroke of an edge that nothing lights; lighter the more of them there are to a point.
pub fn plain(tokens: &Tokens, zoom: f64) -> Stroke {
    let strength = (zoom as f32 / 0.2).clamp(0.45, 1.0);
    Stroke::new(width(zoom), theme::mix(tokens.panel, tokens.faint, strength))
}

/// Draws one piece, and the head of its edge if it is the last.
pub fn piece(pen: &mut Pen<'_>, piece: Piece, stroke: Stroke, mesh: &mut Mesh) {
    let layout = &pen.picture.layout;
    let [from, to] = piece.ends(layout);
    let (a, b) = (pen.at(from), pen.at(to));
    let is_straight = (a.x - b.x).abs() < 0.5 || (a.y - b.y).abs() < 0.5;
    if is_straight || !pen.has_curves() {
        pen.tessellator.tessellate_line_segment([a, b], stroke, mesh);
    } else {
        let points = curve(a, b, layout.direction);
        pen.tessellator.tessellate_path(&PathShape::line(points, stroke), mesh);
    }
    if pen.has_curves() && piece.is_last(layout) {
        head(a, b, layout.direction, pen.zoom, stroke, mesh);
    }
}

/// Draws an edge that is on its way, through points of the screen.
pub fn on_the_way(painter: &egui::Painter, points: &[Pos2], direction: Direction, zoom: f64, stroke: Stroke) {
    for pair in points.windows(2) {
        painter.add(PathShape::line(curve(pair[0], pair[1], direction), stroke));
    }
    if let [.., a, tip] = points[..]
        && zoom >= TYPE_ZOOM
    {
        painter.add(PathShape::convex_polygon(corners(a, tip, direction, zoom).to_vec(), stroke.color, Stroke::NONE));
    }
}

/// The curve between two points of an edge, as [`crate::layout::Route::curve`] has it: it leaves and
/// enters in the direction of the layout.
fn curve(a: Pos2, b: Pos2, direction: Direction) -> Vec<Pos2> {
    let steps = (a.distance(b) / 10.0).clamp(6.0, 16.0) as u16;
    let middle = a.lerp(b, 0.5);
    let (c, d) = match direction {
        Direction::Down => (pos2(a.x, middle.y), pos2(b.x, middle.y)),
        Direction::Right => (pos2(middle.x, a.y), pos2(middle.x, b.y)),
    };
    (0..=steps)
        .map(|step| {
            let t = f32::from(step) / f32::from(steps);
            let u = 1.0 - t;
            let sum =
                a.to_vec2() * (u * u * u) + c.to_vec2() * (3.0 * u * u * t) + d.to_vec2() * (3.0 * u * t * t) + b.to_vec2() * (t * t * t);
            sum.to_pos2()
        })
        .collect()
}

fn head(a: Pos2, tip: Pos2, direction: Direction, zoom: f64, stroke: Stroke, mesh: &mut Mesh) {
    let first = mesh.vertices.len() as u32;
    for point in corners(a, tip, direction, zoom) {
        mesh.colored_vertex(point, stroke.color);
    }
    mesh.add_triangle(first, first + 1, first + 2);
}

/// The corners of a head, which points the way that the curve arrives.
fn corners(a: Pos2, tip: Pos2, direction: Direction, zoom: f64) -> [Pos2; 3] {
    let way = tip - a;
    let along_y = if direction == Direction::Down { way.y != 0.0 } else { way.x == 0.0 };
    let forth = if along_y { vec2(0.0, way.y.signum()) } else { vec2(way.x.signum(), 0.0) };
    let side = 3.5 * (zoom as f32).clamp(0.5, 1.4);
    let (base, across) = (tip - forth * 1.7 * side, vec2(forth.y, forth.x) * side);
    [tip, base - across, base + across]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::{Point, Route};

    /// The same curve as the layout promises to run through no box.
    #[test]
    fn curves_are_those_of_the_layout() {
        for direction in [Direction::Down, Direction::Right] {
            let points = vec![Point { x: 10.0, y: 20.0 }, Point { x: 130.0, y: 60.0 }];
            let ours = curve(pos2(10.0, 20.0), pos2(130.0, 60.0), direction);
            let steps = ours.len() as u32 - 1;
            let theirs = Route { edge: 0, from: 0, to: 1, points }.flattened(direction, steps);
            assert_eq!(theirs.points.len(), ours.len());
            for (ours, theirs) in ours.iter().zip(&theirs.points) {
                assert!(ours.distance(pos2(theirs.x as f32, theirs.y as f32)) < 1e-3, "{ours:?} {theirs:?}");
            }
        }
    }
}
