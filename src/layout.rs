//! Where the boxes and edges of a graph go: a layered layout, top-down or left to right.
//!
//! The passes of Sugiyama's method, each near-linear, deterministic and safe on any graph:
//! `acyclic` turns the edges that close cycles. `rank` gives every node its layer, with the least sum
//! of spans (`reduce` takes chains and branches away, `simplex` solves the rest), and `relieve` takes out of
//! the widest layers what may as well stand in others. `layered` puts a bend in every layer that a line
//! passes. Where a layer has a single vertex the graph is cut into sections, which are solved alone, and of
//! those that are alike one: alike blocks of a model come out alike, and an edit in one moves nothing in
//! another. `order` finds orders with few crossings (with `blocks`, which moves lines as a whole), `place`
//! columns with short and straight lines (from a first guess by `align`), and `narrow` bends what alone makes
//! the picture wide. `ports` and `route` run the lines around the boxes. Parts of the graph that hang together
//! are laid out one by one and packed. `metrics` measures the result.
//!
//! Nodes may lie in frames (groups of a model, bodies of loops). `compound` lays the inside of each out
//! by itself and places it as one box in its surroundings, so that what is opened or closed changes
//! nothing within other frames, and no order outside of it. `level` is the layout of one such inside.
//!
//! Edges that would only clutter the picture, those of hubs and those of tensors that many operations
//! far away read, are not drawn; they become [`Reference`]s, which the picture labels at both ends.
//!
//! Coordinates are points of the screen at zoom 1, `x` to the right and `y` down. Within the passes
//! layers always lie below one another.

use crate::jobs::{Cancelled, Token};

mod acyclic;
mod adjacency;
mod align;
mod blocks;
mod compound;
mod drawn;
mod grid;
mod index;
mod labels;
mod layered;
mod level;
pub mod metrics;
mod narrow;
mod order;
mod parts;
mod place;
mod ports;
mod rank;
mod reduce;
mod relieve;
mod route;
mod simplex;
mod stagger;

pub use drawn::{Drawn, FrameOf, Node, Source};
pub use index::{Band, Index, Piece, Run};
pub use labels::Labels;

/// What is to be laid out. Edges that name nodes that there are not are left out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LayoutGraph {
    pub nodes: Vec<NodeSize>,
    /// From and to, indices of `nodes`. Loops, parallel edges and cycles are fine.
    pub edges: Vec<(u32, u32)>,
    /// For each edge the line that it belongs to, such as its tensor: edges of one node and one line
    /// run together as far as they go the same way. May be empty: then each runs alone.
    pub lines: Vec<u32>,
    /// Rectangles around nodes, outer before inner.
    pub frames: Vec<Frame>,
    /// For each node the frame that it lies in directly. May be empty: then none lies in any.
    pub frame_of: Vec<Option<u32>>,
}

/// A rectangle around those nodes, and frames, that lie in it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Frame {
    /// A frame before this one in the list.
    pub parent: Option<u32>,
    /// The node that the frame is drawn for: its edges end at the frame's border. Whatever frame that
    /// node is said to lie in, it lies where its frame does.
    pub node: Option<u32>,
    /// The least width, for the title.
    pub width: f64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct NodeSize {
    pub width: f64,
    pub height: f64,
}

/// Which way the edges lead.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Direction {
    #[default]
    Down,
    Right,
}

/// Distances, and what is too much to draw.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spacing {
    pub direction: Direction,
    /// Between neighbouring boxes of a layer.
    pub nodes: f64,
    /// Between neighbouring lines; between a line and a box it is the mean of this and `nodes`.
    pub lines: f64,
    /// Between layers, at least: where edges run far to the side it is more.
    pub layers: f64,
    /// Between parts that do not hang together.
    pub parts: f64,
    /// Between a frame's border and what lies in it.
    pub padding: f64,
    /// The height of a frame's title, which stands at its top.
    pub title: f64,
    /// A node with more edges out, or more edges in, is a hub: those edges become references.
    pub hub: usize,
    /// Of a line that more than this many nodes read, edges that lead far become references.
    pub many_out: usize,
}

impl Default for Spacing {
    fn default() -> Self {
        Self {
            direction: Direction::Down,
            nodes: 28.0,
            lines: 14.0,
            layers: 40.0,
            parts: 64.0,
            padding: 20.0,
            title: 30.0,
            hub: 64,
            many_out: 8,
        }
    }
}

/// The result. Nodes and edges bear the indices that they have in the [`LayoutGraph`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Layout {
    /// As many as the graph has nodes; no two overlap, but that a node with a frame has the frame's place.
    pub nodes: Vec<Rect>,
    /// As many as the graph has frames. Two either lie one in the other or have nothing in common.
    pub frames: Vec<Rect>,
    /// The drawn edges, in the order of the graph's edges.
    pub edges: Vec<Route>,
    /// The edges that are not drawn, in the order of the graph's edges.
    pub references: Vec<Reference>,
    pub size: NodeSize,
    pub direction: Direction,
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
    /// touch no other box, and neither does the [`Route::curve`] through them: a slanting piece always
    /// lies in the gap between two layers.
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

impl Route {
    /// The line as cubic Bézier curves, one for each piece, that join smoothly: they leave and enter
    /// each point in the layout's direction. A straight piece has its control points on itself.
    pub fn curve(&self, direction: Direction) -> impl Iterator<Item = [Point; 4]> + '_ {
        self.points.windows(2).map(move |pair| {
            let (a, b) = (pair[0], pair[1]);
            let middle = Point { x: f64::midpoint(a.x, b.x), y: f64::midpoint(a.y, b.y) };
            match direction {
                Direction::Down => [a, Point { x: a.x, y: middle.y }, Point { x: b.x, y: middle.y }, b],
                Direction::Right => [a, Point { x: middle.x, y: a.y }, Point { x: middle.x, y: b.y }, b],
            }
        })
    }

    /// The curve as straight lines, `steps` for each piece.
    pub fn flattened(&self, direction: Direction, steps: u32) -> Self {
        let at = |[a, b, c, d]: [Point; 4], t: f64| {
            let mix = |a: f64, b: f64, c: f64, d: f64| {
                let u = 1.0 - t;
                u * u * u * a + 3.0 * u * u * t * b + 3.0 * u * t * t * c + t * t * t * d
            };
            Point { x: mix(a.x, b.x, c.x, d.x), y: mix(a.y, b.y, c.y, d.y) }
        };
        let pieces = self.curve(direction).flat_map(|piece| (1..=steps).map(move |step| at(piece, f64::from(step) / f64::from(steps))));
        Self { points: self.points.first().copied().into_iter().chain(pieces).collect(), ..self.clone() }
    }
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

    /// Whether the two have a point in common, be it of their borders.
    pub fn touches(&self, other: &Self) -> bool {
        self.x <= other.right() && self.right() >= other.x && self.y <= other.bottom() && self.bottom() >= other.y
    }
}

/// An edge between two different nodes, turned so that there are no cycles.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Link {
    /// Index of the graph's edges.
    edge: u32,
    /// As [`LayoutGraph::lines`] has it, or the edge's own index.
    line: u32,
    upper: u32,
    lower: u32,
    /// Whether `upper` is where the edge leads to.
    is_turned: bool,
    is_drawn: bool,
    /// Where at the lower side of `upper` the link leaves, from the middle, if that is given.
    leaves: Option<f64>,
    /// Where at the upper side of `lower` it enters.
    enters: Option<f64>,
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
    let turn = |size: NodeSize| if spacing.direction == Direction::Right { size.turned() } else { size };
    let sizes: Vec<NodeSize> =
        graph.nodes.iter().map(|size| turn(NodeSize { width: sane(size.width), height: sane(size.height) })).collect();
    let mut result =
        if graph.frames.is_empty() { flat(graph, &sizes, spacing, token)? } else { compound::layout(graph, &sizes, spacing, token)? };
    if spacing.direction == Direction::Right {
        result.turn();
    }
    Ok(result)
}

/// A graph without frames, top-down.
fn flat(graph: &LayoutGraph, sizes: &[NodeSize], spacing: &Spacing, token: &Token) -> Result<Layout, Cancelled> {
    let count = graph.nodes.len();
    let loops: Vec<(u32, u32)> = graph.sound_edges().filter(|(_, from, to)| from == to).map(|(edge, node, _)| (edge, node)).collect();
    let mut links: Vec<Link> = graph
        .sound_edges()
        .filter(|(_, from, to)| from != to)
        .map(|(edge, upper, lower)| Link::new(edge, graph.line_of(edge), upper, lower))
        .collect();
    acyclic::turn_back_edges(count, &mut links);
    token.check()?;
    rank::hide_hubs(count, spacing.hub, &mut links);
    let mut part_of = parts::of(count, &links);
    let mut ranks = rank::ranks(count, &links, &part_of, spacing.many_out, token)?;
    if rank::hide_long(count, &ranks, spacing.many_out, &mut links) {
        part_of = parts::of(count, &links);
        ranks = rank::ranks(count, &links, &part_of, spacing.many_out, token)?;
    }
    token.check()?;
    let mut has_loop = vec![false; count];
    loops.iter().for_each(|(_, node)| has_loop[*node as usize] = true);
    let level = level::Level { sizes, links: &links, ranks: &ranks, part_of: &part_of, has_loop: &has_loop, is_port: &[] };
    let drawing = level.draw(spacing, token)?;
    let mut result = Layout { nodes: drawing.rects, edges: drawing.routes, size: drawing.size, ..Layout::default() };
    result.edges.extend(route::loops(&loops, &result.nodes, spacing));
    result.edges.sort_by_key(|route| route.edge);
    let hidden = links.iter().filter(|link| !link.is_drawn);
    result.references = hidden
        .map(|link| {
            let (from, to) = link.ends();
            Reference { edge: link.edge, from, to }
        })
        .collect();
    Ok(result)
}

impl LayoutGraph {
    /// Index, from and to of the edges whose ends there are.
    fn sound_edges(&self) -> impl Iterator<Item = (u32, u32, u32)> + '_ {
        let exists = |node: u32| (node as usize) < self.nodes.len();
        (0u32..).zip(&self.edges).map(|(edge, (from, to))| (edge, *from, *to)).filter(move |(_, from, to)| exists(*from) && exists(*to))
    }

    fn line_of(&self, edge: u32) -> u32 {
        self.lines.get(edge as usize).copied().unwrap_or(edge)
    }
}

impl Spacing {
    /// Room left, right, above and below what lies in a frame, as the layers run down. Where lines pass
    /// the upper or the lower border, the room there is that of the layers.
    fn around_frame(&self, has_ports_above: bool, has_ports_below: bool) -> [f64; 4] {
        let Self { padding, title, .. } = *self;
        let (left, above) = match self.direction {
            Direction::Down => (padding, title + padding / 2.0),
            Direction::Right => (padding + title, padding),
        };
        let unless = |has_ports: bool, room: f64| if has_ports { 0.0 } else { room };
        [left, padding, unless(has_ports_above, above), unless(has_ports_below, padding)]
    }

    /// How far lines run straight on inside a frame's first border: past its title.
    fn straight_on(&self) -> f64 {
        if self.direction == Direction::Down { self.title } else { 0.0 }
    }
}

impl NodeSize {
    fn turned(self) -> Self {
        Self { width: self.height, height: self.width }
    }
}

impl Layout {
    /// Swaps the axes.
    fn turn(&mut self) {
        self.direction = Direction::Right;
        self.size = self.size.turned();
        let rects = self.nodes.iter_mut().chain(&mut self.frames);
        rects.for_each(|rect| *rect = Rect { x: rect.y, y: rect.x, width: rect.height, height: rect.width });
        let points = self.edges.iter_mut().flat_map(|route| &mut route.points);
        points.for_each(|point| *point = Point { x: point.y, y: point.x });
    }
}

impl Link {
    fn new(edge: u32, line: u32, upper: u32, lower: u32) -> Self {
        Self { edge, line, upper, lower, is_turned: false, is_drawn: true, leaves: None, enters: None }
    }

    /// Links with the same trunk run together: those of one line out of one node. A turned link runs
    /// alone.
    fn trunk(&self) -> (u32, u32, u32) {
        if self.is_turned { (self.upper, u32::MAX, self.edge) } else { (self.upper, self.line, u32::MAX) }
    }

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

#[cfg(test)]
mod frame_tests;
