//! From one layout of a graph to the next: what was clicked stays where it is on the screen, and the
//! rest moves there while one looks on.

use std::collections::HashMap;
use std::sync::Arc;

use super::scene::Scene;
use crate::gui::views::{GraphView, Held};
use crate::jobs::GraphPicture;
use crate::layout::{FrameOf, Node, Point, Rect};

const SECONDS: f64 = 0.15;
/// Of more boxes in sight none moves: they are too small to be followed.
const MOST: usize = 600;

/// Boxes on their way.
#[derive(Clone)]
pub struct Moving {
    /// Where boxes were, in the new layout's coordinates.
    before: HashMap<Node, Rect>,
    /// Where boxes come from that were not there.
    out_of: Rect,
    /// In the time of the frame's input, seconds.
    start: f64,
}

impl Moving {
    /// Where a box is at a time between then and now; `part` is 0 to 1.
    pub fn rect(&self, node: &Node, after: &Rect, part: f64) -> Rect {
        let before = self.before.get(node).unwrap_or(&self.out_of);
        let eased = part * part * (3.0 - 2.0 * part);
        let mix = |from: f64, to: f64| from + (to - from) * eased;
        Rect {
            x: mix(before.x, after.x),
            y: mix(before.y, after.y),
            width: mix(before.width, after.width),
            height: mix(before.height, after.height),
        }
    }

    /// How far the way is done; `None` at its end.
    pub fn part(&self, now: f64) -> Option<f64> {
        Some((now - self.start) / SECONDS).filter(|part| (0.0..1.0).contains(part))
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
