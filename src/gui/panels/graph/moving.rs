//! From one layout of a graph to the next: what was clicked stays where it is on the screen, and the
//! rest moves there while one looks on.

use std::collections::HashMap;
use std::sync::Arc;

use super::scene::Scene;
use crate::gui::views::{GraphView, Held};
use crate::jobs::GraphPicture;
use crate::layout::{Direction, FrameOf, Layout, Node, Point, Rect, Route};

const SECONDS: f64 = 0.15;
/// Of more boxes in sight none moves: they are too small to be followed.
const MOST: usize = 600;

/// Boxes on their way.
#[derive(Clone)]
pub struct Moving {
    /// Where boxes were, in the new layout's coordinates.
    before: HashMap<Node, Rect>,
    /// Where frames were.
    frames: HashMap<FrameOf, Rect>,
    /// Where boxes come from that were not there.
    out_of: Rect,
    /// In the time of the frame's input, seconds.
    start: f64,
}

impl Moving {
    /// Where a box is at a time between then and now; `part` is 0 to 1.
    pub fn rect(&self, node: &Node, after: &Rect, part: f64) -> Rect {
        between(self.before.get(node).unwrap_or(&self.out_of), after, part)
    }

    /// Where a frame is. One that was not there comes at its place.
    pub fn frame(&self, frame: &FrameOf, after: &Rect, part: f64) -> Rect {
        between(self.frames.get(frame).unwrap_or(after), after, part)
    }

    /// The points of an edge: its ends stay at their boxes, and what is between goes along with the nearer one.
    pub fn points(&self, nodes: &[Node], layout: &Layout, route: &Route, part: f64) -> Vec<Point> {
        let (Some(first), Some(last)) = (route.points.first(), route.points.last()) else { return Vec::new() };
        let shift_at = |node: u32, end: &Point| {
            let after = &layout.nodes[node as usize];
            let now = self.rect(&nodes[node as usize], after, part);
            let scale = |now: f64, after: f64| if after > 0.0 { now / after } else { 1.0 };
            let at = Point {
                x: now.x + (end.x - after.x) * scale(now.width, after.width),
                y: now.y + (end.y - after.y) * scale(now.height, after.height),
            };
            (at.x - end.x, at.y - end.y)
        };
        let (from, to) = (shift_at(route.from, first), shift_at(route.to, last));
        let along = |point: &Point| if layout.direction == Direction::Down { point.y } else { point.x };
        let (start, length) = (along(first), along(last) - along(first));
        let shifted = |point: &Point| {
            let nearer = if length == 0.0 { 0.5 } else { ((along(point) - start) / length).clamp(0.0, 1.0) };
            let mix = |from: f64, to: f64| from + (to - from) * nearer;
            Point { x: point.x + mix(from.0, to.0), y: point.y + mix(from.1, to.1) }
        };
        route.points.iter().map(shifted).collect()
    }

    /// How far the way is done; `None` at its end.
    pub fn part(&self, now: f64) -> Option<f64> {
        Some((now - self.start) / SECONDS).filter(|part| (0.0..1.0).contains(part))
    }
}

/// Between two places; slow at either end.
fn between(before: &Rect, after: &Rect, part: f64) -> Rect {
    let eased = part * part * (3.0 - 2.0 * part);
    let mix = |from: f64, to: f64| from + (to - from) * eased;
    Rect {
        x: mix(before.x, after.x),
        y: mix(before.y, after.y),
        width: mix(before.width, after.width),
        height: mix(before.height, after.height),
    }
}

/// Another layout of the same graph has come: moves the view so that what was `held` stays in its place.
/// `moves` tells whether boxes may move at all.
pub fn take_over(view: &mut GraphView, picture: &Arc<GraphPicture>, now: f64, moves: bool) {
    let Some(before) = view.scene.picture().filter(|before| !Arc::ptr_eq(before, picture)).cloned() else { return };
    view.reveal = view.reveal_next.take().or(view.reveal);
    let held = view.held.take().and_then(|key| Some((place_of(&before, &key)?, place_of(picture, &key)?)));
    let Some((old, new)) = held.or_else(|| nearest(view, &before, picture)) else {
        view.is_fitted = false;
        return;
    };
    let (x, y) = (new.x - old.x, new.y - old.y);
    view.center = Point { x: view.center.x + x, y: view.center.y + y };
    view.flight = None;
    let Scene { nodes, .. } = &view.scene;
    let shifted = |rect: &Rect| Rect { x: rect.x + x, y: rect.y + y, ..*rect };
    view.moving = (moves && !nodes.is_empty() && nodes.len() <= MOST).then(|| Moving {
        before: nodes.iter().map(|node| (before.drawn.nodes[*node as usize], shifted(&before.layout.nodes[*node as usize]))).collect(),
        frames: before.drawn.frames.iter().zip(&before.layout.frames).map(|(frame, place)| (*frame, shifted(place))).collect(),
        out_of: new,
        start: now,
    });
}

/// Where what is held is in a layout: its box, or the frame that stands for it when it is open.
fn place_of(picture: &GraphPicture, held: &Held) -> Option<Rect> {
    let GraphPicture { drawn, layout, .. } = picture;
    match held {
        Held::Group(group) => {
            let in_frame = drawn.frames.iter().position(|frame| *frame == FrameOf::Group(*group));
            let in_box = || drawn.nodes.iter().position(|node| *node == Node::Group(*group));
            in_frame.map(|frame| layout.frames[frame]).or_else(|| in_box().map(|node| layout.nodes[node]))
        }
        Held::Operation(operation) => drawn.node_of(*operation).map(|node| layout.nodes[node as usize]),
        Held::Node(node) => drawn.nodes.iter().position(|other| other == node).map(|node| layout.nodes[node]),
    }
}

/// Without anything held: of what is in sight the box nearest to the middle that both layouts have.
fn nearest(view: &GraphView, before: &GraphPicture, after: &GraphPicture) -> Option<(Rect, Rect)> {
    let distance = |rect: &Rect| {
        let center = rect.center();
        (center.x - view.center.x).hypot(center.y - view.center.y)
    };
    let mut seen: Vec<u32> = view.scene.nodes.clone();
    seen.sort_by(|a, b| distance(&before.layout.nodes[*a as usize]).total_cmp(&distance(&before.layout.nodes[*b as usize])));
    seen.into_iter().take(16).find_map(|node| {
        let new = place_of(after, &Held::Node(*before.drawn.nodes.get(node as usize)?))?;
        Some((before.layout.nodes[node as usize], new))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{GraphId, OperationId, OperationRef};

    fn node(index: u32) -> Node {
        Node::Operation(OperationRef { graph: GraphId(0), operation: OperationId(index) })
    }

    /// Ends of edges stay at their boxes, which move and grow; at the end all is as the layout has it.
    #[test]
    fn edges_stay_at_boxes_that_move() {
        let rect = |x: f64, y: f64, width: f64| Rect { x, y, width, height: 40.0 };
        let route = Route {
            edge: 0,
            from: 0,
            to: 1,
            points: [(30.0, 40.0), (30.0, 60.0), (250.0, 80.0), (250.0, 120.0)].map(|(x, y)| Point { x, y }).to_vec(),
        };
        let layout =
            Layout { nodes: vec![rect(0.0, 0.0, 120.0), rect(200.0, 120.0, 100.0)], edges: vec![route.clone()], ..Layout::default() };
        let before = HashMap::from([(node(0), rect(-50.0, 10.0, 60.0)), (node(1), rect(200.0, 220.0, 100.0))]);
        let moving = Moving { before, frames: HashMap::new(), out_of: Rect::default(), start: 0.0 };
        let nodes = [node(0), node(1)];
        // A quarter along the upper side of the first box; half of the lower one.
        let first = moving.points(&nodes, &layout, &route, 0.0);
        assert_eq!((first[0], first[3]), (Point { x: -35.0, y: 50.0 }, Point { x: 250.0, y: 220.0 }));
        let half = moving.points(&nodes, &layout, &route, 0.5);
        assert_eq!((half[0], half[3]), (Point { x: -2.5, y: 45.0 }, Point { x: 250.0, y: 170.0 }));
        assert_eq!(moving.points(&nodes, &layout, &route, 1.0), route.points);
    }
}
