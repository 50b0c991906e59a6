//! Where texts beside edges may stand: on no line, no box, and no other text. A text that finds no such
//! place is left out, for one that is crossed reads as another one.

use std::collections::{HashMap, HashSet};

use super::{Direction, Index, Layout, LayoutGraph, Point, Rect, Route};

/// From a line to a text beside it, and between the texts of one row.
const GAP: f64 = 6.0;
/// From a box to the texts of the edges that leave or enter it.
const BELOW: f64 = 4.0;
/// Before the end of an edge its head takes more room.
const HEAD: f64 = 6.0;

/// Places that are taken, and what lies in a layout.
pub struct Labels<'a> {
    layout: &'a Layout,
    index: &'a Index,
    /// Nodes that are drawn as frames: texts may stand in them.
    framed: HashSet<u32>,
    /// By rows of [`Labels::ROW`] points.
    taken: HashMap<i64, Vec<Rect>>,
}

impl<'a> Labels<'a> {
    const ROW: f64 = 32.0;

    pub fn of(graph: &LayoutGraph, layout: &'a Layout, index: &'a Index) -> Self {
        let framed = graph.frames.iter().filter_map(|frame| frame.node).collect();
        Self { layout, index, framed, taken: HashMap::new() }
    }

    /// Takes a place of that width and height, in points, for the text of an edge: beside its beginning,
    /// else beside its end.
    pub fn place(&mut self, route: &Route, width: f64, height: f64) -> Option<Rect> {
        let (start, end) = (*route.points.first()?, *route.points.last()?);
        let at = |x: f64, y: f64| Rect { x, y, width, height };
        let places = match self.layout.direction {
            Direction::Down => {
                let above = end.y - HEAD - BELOW - height;
                vec![
                    at(start.x + GAP, start.y + BELOW),
                    at(start.x - GAP - width, start.y + BELOW),
                    at(end.x + GAP, above),
                    at(end.x - GAP - width, above),
                ]
            }
            Direction::Right => {
                let before = end.x - HEAD - GAP - width;
                vec![
                    at(start.x + GAP, start.y - 1.0 - height),
                    at(start.x + GAP, start.y + 1.0),
                    at(before, end.y - 1.0 - height),
                    at(before, end.y + 1.0),
                ]
            }
        };
        let place = places.into_iter().find(|place| self.is_free(place))?;
        for row in rows(&place) {
            self.taken.entry(row).or_default().push(place);
        }
        Some(place)
    }

    fn is_free(&self, place: &Rect) -> bool {
        let wide = Rect { x: place.x - GAP / 2.0, width: place.width + GAP, ..*place };
        if rows(place).any(|row| self.taken.get(&row).is_some_and(|taken| taken.iter().any(|other| other.touches(&wide)))) {
            return false;
        }
        let mut is_free = true;
        self.index.boxes_in(self.layout, place, |node| is_free &= self.framed.contains(&node));
        if is_free {
            self.index.pieces_in(self.layout, place, 0.0, |piece| {
                let [from, to] = piece.ends(self.layout);
                is_free = is_free && !passes(from, to, self.layout.direction, place);
            });
        }
        is_free
    }
}

fn rows(place: &Rect) -> std::ops::RangeInclusive<i64> {
    let row = |y: f64| (y / Labels::ROW).floor() as i64;
    row(place.y)..=row(place.bottom())
}

/// Whether the curve between two points of an edge passes through a rectangle.
fn passes(from: Point, to: Point, direction: Direction, place: &Rect) -> bool {
    const STEPS: u32 = 12;
    let piece = Route { edge: 0, from: 0, to: 0, points: vec![from, to] }.flattened(direction, STEPS);
    piece.points.windows(2).any(|pair| crosses(pair[0], pair[1], place))
}

/// Whether a straight line has a point in a rectangle: what of it lies between left and right, and
/// what between top and bottom, overlap.
fn crosses(a: Point, b: Point, place: &Rect) -> bool {
    let (mut first, mut last) = (0.0_f64, 1.0_f64);
    for (from, to, low, high) in [(a.x, b.x, place.x, place.right()), (a.y, b.y, place.y, place.bottom())] {
        let way = to - from;
        if way == 0.0 {
            if from < low || from > high {
                return false;
            }
            continue;
        }
        let (enters, leaves) = ((low - from) / way, (high - from) / way);
        (first, last) = (first.max(enters.min(leaves)), last.min(enters.max(leaves)));
    }
    first <= last
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::{NodeSize, layout};

    #[test]
    fn lines_cross_what_they_have_a_point_in() {
        let place = Rect { x: 10.0, y: 10.0, width: 20.0, height: 10.0 };
        let point = |x: f64, y: f64| Point { x, y };
        for (a, b, expected) in [
            (point(0.0, 15.0), point(40.0, 15.0), true),
            (point(15.0, 0.0), point(15.0, 40.0), true),
            (point(12.0, 12.0), point(14.0, 13.0), true),
            (point(0.0, 0.0), point(12.0, 11.9), true),
            // Past the corner, beside, and not as far.
            (point(0.0, 15.0), point(12.0, 27.0), false),
            (point(9.0, 0.0), point(9.0, 40.0), false),
            (point(0.0, 15.0), point(9.0, 15.0), false),
        ] {
            assert_eq!(crosses(a, b, &place), expected, "{a:?} {b:?}");
            assert_eq!(crosses(b, a, &place), expected, "{b:?} {a:?}");
        }
    }

    /// Edges that leave one box close together, as those of an operation with many results.
    #[test]
    fn texts_stand_on_nothing() {
        for (readers, width) in [(3u32, 40.0), (6, 70.0), (9, 90.0)] {
            let graph = LayoutGraph {
                nodes: vec![NodeSize { width: 112.0, height: 34.0 }; readers as usize + 1],
                edges: (1..=readers).map(|reader| (0, reader)).collect(),
                lines: (0..readers).collect(),
                ..LayoutGraph::default()
            };
            let drawn = layout(&graph, &crate::jobs::Token::default()).unwrap();
            let index = Index::of(&graph, &drawn);
            let mut labels = Labels::of(&graph, &drawn, &index);
            let places: Vec<Rect> = drawn.edges.iter().filter_map(|route| labels.place(route, width, 12.0)).collect();
            assert!(places.len() >= 2, "{readers}: {places:?}");
            for (number, place) in places.iter().enumerate() {
                assert!(places[..number].iter().all(|other| !other.touches(place)), "{places:?}");
                assert!(drawn.nodes.iter().all(|node| !node.touches(place)));
                for route in &drawn.edges {
                    let line = route.flattened(drawn.direction, 36).points;
                    assert!(line.iter().all(|at| !Rect { x: at.x, y: at.y, width: 0.0, height: 0.0 }.touches(place)), "{place:?} {line:?}");
                }
            }
        }
    }
}
