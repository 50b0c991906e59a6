//! Where the boxes and edges of a graph go: a layered layout, top-down.
//!
//! The classic passes of Sugiyama's method, each near-linear, deterministic and safe on any graph:
//! `acyclic` turns the edges that close cycles, `rank` gives every node its layer, `order`
//! puts each layer's nodes in an order with few crossings, `place` finds coordinates that keep
//! chains straight (Brandes and Köpf), `route` runs the edges around the boxes. Parts of the graph
//! that hang together are laid out one by one and packed in rows.
//!
//! Edges that would only clutter the picture, those of hubs and those that span very many layers,
//! are not drawn; they become [`Reference`]s, which the picture labels at both ends.
//!
//! Coordinates are points of the screen at zoom 1, `x` to the right and `y` down.

use crate::jobs::{Cancelled, Token};

mod acyclic;
mod adjacency;
mod drawn;
mod layered;
mod order;
mod parts;
mod place;
mod rank;
mod route;

pub use drawn::{Drawn, Node};

/// What is to be laid out. Edges that name nodes that there are not are left out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LayoutGraph {
    pub nodes: Vec<NodeSize>,
    /// From and to, indices of `nodes`. Loops, parallel edges and cycles are fine.
    pub edges: Vec<(u32, u32)>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct NodeSize {
    pub width: f64,
    pub height: f64,
}

/// Distances, and what is too much to draw.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spacing {
    /// Between neighbouring boxes of a layer.
    pub nodes: f64,
    /// Between neighbouring lines; between a line and a box it is the mean of this and `nodes`.
    pub lines: f64,
    /// Between layers, at least: where edges run far to the side it is more.
    pub layers: f64,
    /// Between parts that do not hang together.
    pub parts: f64,
    /// A node with more edges out, or more edges in, is a hub: those edges become references.
    pub hub: usize,
}

impl Default for Spacing {
    fn default() -> Self {
        Self { nodes: 28.0, lines: 14.0, layers: 40.0, parts: 64.0, hub: 64 }
    }
}

/// The result. Nodes and edges bear the indices that they have in the [`LayoutGraph`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Layout {
    /// As many as the graph has nodes; no two overlap.
    pub nodes: Vec<Rect>,
    /// The drawn edges, in the order of the graph's edges.
    pub edges: Vec<Route>,
    /// The edges that are not drawn, in the order of the graph's edges.
    pub references: Vec<Reference>,
    pub size: NodeSize,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rect {
    pub x: f64,
    pub y: f64,
    pub width: f64,
    pub height: f64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Point {
    pub x: f64,
    pub y: f64,
}

/// A drawn edge.
#[derive(Clone, Debug, PartialEq)]
pub struct Route {
    /// Index of the graph's edges.
    pub edge: u32,
    pub from: u32,
    pub to: u32,
    /// From the border of `from` to the border of `to`; at least two. Straight lines between them
    /// touch no other box. Nor does a curve that leaves and enters each point vertically: a slanting
    /// piece always lies in the gap between two layers.
    pub points: Vec<Point>,
}

/// An edge that is told by labels instead of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reference {
    /// Index of the graph's edges.
    pub edge: u32,
    pub from: u32,
    pub to: u32,
}

impl Rect {
    pub fn right(&self) -> f64 {
        self.x + self.width
    }

    pub fn bottom(&self) -> f64 {
        self.y + self.height
    }

    pub fn center(&self) -> Point {
        Point { x: self.x + self.width / 2.0, y: self.y + self.height / 2.0 }
    }
}

/// An edge between two different nodes, turned so that there are no cycles.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Link {
    /// Index of the graph's edges.
    edge: u32,
    upper: u32,
    lower: u32,
    /// Whether `upper` is where the edge leads to.
    is_turned: bool,
    is_drawn: bool,
}

/// Lays out a graph with the default distances.
///
/// # Errors
/// [`Cancelled`].
pub fn layout(graph: &LayoutGraph, token: &Token) -> Result<Layout, Cancelled> {
    layout_spaced(graph, &Spacing::default(), token)
}

/// Lays out a graph with distances of the caller's choice.
///
/// # Errors
/// [`Cancelled`].
pub fn layout_spaced(graph: &LayoutGraph, spacing: &Spacing, token: &Token) -> Result<Layout, Cancelled> {
    let count = graph.nodes.len();
    let exists = |node: u32| (node as usize) < count;
    let edges =
        || (0u32..).zip(&graph.edges).map(|(edge, (from, to))| (edge, *from, *to)).filter(|(_, from, to)| exists(*from) && exists(*to));
    let loops: Vec<(u32, u32)> = edges().filter(|(_, from, to)| from == to).map(|(edge, node, _)| (edge, node)).collect();
    let mut links: Vec<Link> = edges()
        .filter(|(_, from, to)| from != to)
        .map(|(edge, upper, lower)| Link { edge, upper, lower, is_turned: false, is_drawn: true })
        .collect();
    acyclic::turn_back_edges(count, &mut links);
    token.check()?;
    rank::hide_hubs(count, spacing.hub, &mut links);
    let part_of = parts::of(count, &links);
    let ranks = rank::ranks(count, &links, &part_of, token)?;
    rank::hide_long(count, &ranks, &mut links);
    token.check()?;

    let sizes: Vec<NodeSize> = graph.nodes.iter().map(|size| NodeSize { width: sane(size.width), height: sane(size.height) }).collect();
    let mut has_loop = vec![false; count];
    loops.iter().for_each(|(_, node)| has_loop[*node as usize] = true);
    let mut result = Layout { nodes: vec![Rect::default(); count], ..Layout::default() };
    let mut frames = Vec::new();
    let mut placed = Vec::new();
    for part in parts::split(&part_of, &links) {
        token.check()?;
        let mut layered = layered::Layered::of(&part, &links, &ranks, &sizes, &has_loop, spacing);
        order::order(&mut layered, token)?;
        let xs = place::place(&layered, token)?;
        let picture = route::draw(&layered, &xs, &part, &links, &sizes, spacing);
        frames.push(picture.size);
        placed.push((part, picture));
    }
    let (corners, size) = parts::pack(&frames, spacing.parts);
    for ((part, picture), corner) in placed.into_iter().zip(corners) {
        for (node, rect) in part.nodes.iter().zip(picture.rects) {
            result.nodes[*node as usize] = Rect { x: rect.x + corner.x, y: rect.y + corner.y, ..rect };
        }
        result.edges.extend(picture.routes.into_iter().map(|mut route| {
            route.points.iter_mut().for_each(|point| *point = Point { x: point.x + corner.x, y: point.y + corner.y });
            route
        }));
    }
    result.edges.extend(route::loops(&loops, &result.nodes, spacing));
    result.edges.sort_by_key(|route| route.edge);
    result.references = links
        .iter()
        .filter(|link| !link.is_drawn)
        .map(|link| {
            let (from, to) = link.ends();
            Reference { edge: link.edge, from, to }
        })
        .collect();
    result.size = size;
    Ok(result)
}

impl Link {
    /// From and to, as the graph has them.
    fn ends(&self) -> (u32, u32) {
        if self.is_turned { (self.lower, self.upper) } else { (self.upper, self.lower) }
    }
}

/// A length that can be reckoned with.
fn sane(length: f64) -> f64 {
    if length.is_finite() { length.clamp(0.0, 1e6) } else { 0.0 }
}

#[cfg(test)]
mod tests;
