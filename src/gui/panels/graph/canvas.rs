//! Between points of the layout and points of the screen; what is where.

use egui::{Pos2, Rect, pos2, vec2};

use crate::jobs::GraphPicture;
use crate::layout::{self, Node};
use crate::model::OperationId;

/// A rectangle of the screen that shows a part of the layout.
#[derive(Clone, Copy, Debug)]
pub struct Canvas {
    pub rect: Rect,
    /// The layout's point in the middle of `rect`.
    pub center: Pos2,
    pub zoom: f32,
}

impl Canvas {
    pub fn screen_from_layout(&self, at: Pos2) -> Pos2 {
        self.rect.center() + (at - self.center) * self.zoom
    }

    pub fn layout_from_screen(&self, at: Pos2) -> Pos2 {
        self.center + (at - self.rect.center()) / self.zoom
    }

    pub fn rect_on_screen(&self, place: &layout::Rect) -> Rect {
        let corner = self.screen_from_layout(pos2(place.x as f32, place.y as f32));
        Rect::from_min_size(corner, vec2(place.width as f32, place.height as f32) * self.zoom)
    }

    /// The part of the layout that is on the screen.
    pub fn visible(&self) -> Rect {
        Rect::from_min_max(self.layout_from_screen(self.rect.min), self.layout_from_screen(self.rect.max))
    }

    pub fn node_at(&self, picture: &GraphPicture, at: Pos2) -> Option<usize> {
        let at = self.layout_from_screen(at);
        let (x, y) = (f64::from(at.x), f64::from(at.y));
        picture.layout.nodes.iter().position(|place| (place.x..=place.right()).contains(&x) && (place.y..=place.bottom()).contains(&y))
    }
}

/// Where an arrow key leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    Producer,
    Consumer,
    Left,
    Right,
}

/// The operation beside another one; along edges the one nearest to the same column.
pub fn neighbour(picture: &GraphPicture, node: u32, direction: Direction) -> Option<OperationId> {
    let edges = &picture.drawn.graph.edges;
    let nodes = &picture.layout.nodes;
    let here = nodes.get(node as usize)?;
    let operation = |candidate: u32| match picture.drawn.nodes.get(candidate as usize) {
        Some(Node::Operation(at)) => Some((candidate, at.operation)),
        _ => None,
    };
    let column_distance = |candidate: u32| {
        let distance = nodes.get(candidate as usize).map_or(f64::INFINITY, |place| (place.center().x - here.center().x).abs());
        ordered(distance)
    };
    let found = match direction {
        Direction::Producer => {
            let producers = edges.iter().filter(|(_, to)| *to == node).filter_map(|(from, _)| operation(*from));
            producers.min_by_key(|(candidate, _)| column_distance(*candidate))
        }
        Direction::Consumer => {
            let consumers = edges.iter().filter(|(from, _)| *from == node).filter_map(|(_, to)| operation(*to));
            consumers.min_by_key(|(candidate, _)| column_distance(*candidate))
        }
        Direction::Left | Direction::Right => {
            let in_layer = (0u32..).zip(nodes).filter(|(_, place)| place.y < here.bottom() && place.bottom() > here.y);
            let beside =
                in_layer.filter(|(_, place)| if direction == Direction::Left { place.right() <= here.x } else { place.x >= here.right() });
            beside.filter_map(|(candidate, _)| operation(candidate)).min_by_key(|(candidate, _)| column_distance(*candidate))
        }
    };
    found.map(|(_, id)| id)
}

/// A non-negative float as a key of the same order.
fn ordered(value: f64) -> u64 {
    value.max(0.0).to_bits()
}
