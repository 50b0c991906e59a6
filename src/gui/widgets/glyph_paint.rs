//! Painting the interface glyphs.

use egui::{Color32, Painter, Pos2, Rect, Shape, Stroke, pos2};

use super::glyph::{GRID, Glyph, Part, STROKE};

impl Glyph {
    /// Draws the glyph into a square.
    pub fn paint(self, painter: &Painter, rect: Rect, color: Color32) {
        let unit = rect.width() / GRID;
        let stroke = Stroke::new(STROKE * unit, color);
        let at = |point: &[f32; 2]| -> Pos2 { pos2(rect.left() + point[0] * unit, rect.top() + point[1] * unit) };
        for part in self.parts() {
            match part {
                Part::Line(points) => {
                    let points: Vec<Pos2> = points.iter().map(at).collect();
                    // Round ends, which a plain line has not.
                    for end in [points.first(), points.last()].into_iter().flatten() {
                        painter.circle_filled(*end, stroke.width / 2.0, color);
                    }
                    painter.add(Shape::line(points, stroke));
                }
                Part::Loop(points) => {
                    painter.add(Shape::closed_line(points.iter().map(at).collect(), stroke));
                }
                Part::Circle { center, radius } => {
                    painter.circle_stroke(at(center), radius * unit, stroke);
                }
                Part::Dot { center, radius } => {
                    painter.circle_filled(at(center), radius * unit, color);
                }
            }
        }
    }
}
