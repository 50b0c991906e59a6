//! Graphs with frames: the inside of each frame is laid out by itself, innermost first, and stands in
//! its surroundings as one box.
//!
//! An edge that leads into a frame or out of it is cut at the borders. Each piece is a link of its
//! level: inside, it ends at a port, a place on the frame's upper or lower border that keeps its column
//! when the frame becomes a box; outside, it begins where that port is. So a line runs through frames
//! without a break and around those that are not its own. Which edges are told by labels is decided
//! beforehand, on the layers of all levels, so that an edge is drawn from end to end or not at all.

use std::collections::HashMap;

use super::level::{Drawing, Level};
use super::{Direction, Layout, LayoutGraph, Link, NodeSize, Point, Rect, Reference, Route, Spacing, acyclic, parts, rank, route};
use crate::jobs::{Cancelled, Token};

/// What an edge's piece begins or ends at: a node, a frame, or a port of the level's own frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum End {
    Item(u32),
    Port(u32),
}

/// Frames as a tree, with the root after them; items are nodes, then frames.
struct Tree {
    nodes: u32,
    /// For each item the frame that it lies in; the root's number is that of the frames.
    parent: Vec<u32>,
    depth: Vec<u32>,
    root: u32,
    /// For each node its own frame as an item, if it has one, else itself.
    item_of: Vec<u32>,
}

/// A place on a frame's border where a line passes.
#[derive(Clone, Copy, Debug)]
struct Port {
    frame: u32,
    is_above: bool,
    /// From the middle of the frame's border, once its inside is laid out.
    offset: f64,
}

/// A piece of one or several edges on one level; `from` is above `to` unless it is turned.
#[derive(Clone, Copy, Debug)]
struct Piece {
    level: u32,
    from: End,
    to: End,
    net: u32,
    is_turned: bool,
}

/// All pieces, and for each edge its own from beginning to end; none for an edge that is not drawn.
#[derive(Default)]
struct Pieces {
    pieces: Vec<Piece>,
    ports: Vec<Port>,
    of_edge: Vec<Vec<u32>>,
}

/// One level's pieces as links between nodes that are numbered anew.
struct Inside {
    /// Items, then ports.
    ends: Vec<End>,
    /// The piece of each link.
    pieces: Vec<u32>,
    links: Vec<Link>,
    is_port: Vec<bool>,
    part_of: Vec<u32>,
    ranks: Vec<u32>,
}

/// An edge between different items of one level: the level, the items, the net.
type Meeting = (u32, (u32, u32), u32);

/// How an edge runs through frames.
struct Way {
    /// The level on which it leads from one item to another.
    level: u32,
    items: (u32, u32),
    /// Frames that it leaves before, and enters after, in the order in which it does.
    left: Vec<u32>,
    entered: Vec<u32>,
}

pub(super) fn layout(graph: &LayoutGraph, sizes: &[NodeSize], spacing: &Spacing, token: &Token) -> Result<Layout, Cancelled> {
    let tree = Tree::of(graph);
    let nets = nets(graph);
    let mut is_told = hubs(graph, spacing);
    let turned = turned(graph, &tree, &nets, &is_told);
    token.check()?;
    let mut pieces = Pieces::of(graph, &tree, &nets, &turned, &is_told);
    let mut insides = insides(&tree, &pieces, spacing, token)?;
    if tell_long(&pieces, &mut insides, spacing, &mut is_told) {
        pieces = Pieces::of(graph, &tree, &nets, &turned, &is_told);
        insides = self::insides(&tree, &pieces, spacing, token)?;
    }
    let mut loops: Vec<(u32, u32)> = Vec::new();
    let mut has_loop = vec![false; tree.parent.len()];
    for (edge, from, _) in graph.sound_edges().filter(|(_, from, to)| from == to) {
        loops.push((edge, from));
        has_loop[tree.item_of[from as usize] as usize] = true;
    }
    let mut size_of: Vec<NodeSize> = sizes.to_vec();
    size_of.resize(tree.parent.len(), NodeSize::default());
    let mut drawings: Vec<Drawing> = vec![Drawing::default(); tree.root as usize + 1];
    let mut corners: Vec<Point> = vec![Point::default(); tree.root as usize];
    // Frames follow those that they lie in.
    for level in (0..tree.root).rev() {
        token.check()?;
        let drawing = draw(level, &mut insides[level as usize], &pieces, &size_of, &has_loop, spacing, token)?;
        let least = graph.frames[level as usize].width;
        let (size, corner) = around(&insides[level as usize], &pieces, &drawing, least, spacing);
        for (port, index) in ports_of(&insides[level as usize]) {
            pieces.ports[port as usize].offset = drawing.rects[index].center().x + corner.x - size.width / 2.0;
        }
        size_of[(tree.nodes + level) as usize] = size;
        corners[level as usize] = corner;
        drawings[level as usize] = drawing;
    }
    let root = draw(tree.root, &mut insides[tree.root as usize], &pieces, &size_of, &has_loop, spacing, token)?;
    let size = root.size;
    drawings[tree.root as usize] = root;
    let mut result = compose(graph, &tree, &pieces, &insides, &drawings, &corners);
    result.size = size;
    result.edges.extend(route::loops(&loops, &result.nodes, spacing));
    result.edges.sort_by_key(|route| route.edge);
    let told = graph.sound_edges().filter(|(edge, from, to)| from != to && pieces.of_edge[*edge as usize].is_empty());
    result.references = told.map(|(edge, from, to)| Reference { edge, from, to }).collect();
    Ok(result)
}

impl Tree {
    fn of(graph: &LayoutGraph) -> Self {
        let (nodes, root) = (graph.nodes.len() as u32, graph.frames.len() as u32);
        let mut parent = vec![root; (nodes + root) as usize];
        let mut item_of: Vec<u32> = (0..nodes).collect();
        for (node, frame) in graph.frame_of.iter().take(nodes as usize).enumerate() {
            parent[node] = frame.filter(|frame| *frame < root).unwrap_or(root);
        }
        let mut depth = vec![0; root as usize + 1];
        for (index, frame) in (0u32..).zip(&graph.frames) {
            let around = frame.parent.filter(|parent| *parent < index);
            parent[(nodes + index) as usize] = around.unwrap_or(root);
            depth[index as usize] = 1 + around.map_or(0, |around| depth[around as usize]);
            if let Some(item) = frame.node.and_then(|node| item_of.get_mut(node as usize)) {
                *item = nodes + index;
            }
        }
        Self { nodes, parent, depth, root, item_of }
    }

    fn parent(&self, item: u32) -> u32 {
        self.parent[item as usize]
    }

    /// The way from one node to another; `None` if one lies in the other.
    fn way(&self, from: u32, to: u32) -> Option<Way> {
        let (mut a, mut b) = (self.item_of[from as usize], self.item_of[to as usize]);
        let (mut left, mut entered) = (Vec::new(), Vec::new());
        while self.parent(a) != self.parent(b) {
            let (around_a, around_b) = (self.parent(a), self.parent(b));
            if self.depth[around_a as usize] >= self.depth[around_b as usize] && around_a != self.root {
                left.push(around_a);
                a = self.nodes + around_a;
            } else {
                entered.push(around_b);
                b = self.nodes + around_b;
            }
        }
        entered.reverse();
        (a != b).then(|| Way { level: self.parent(a), items: (a, b), left, entered })
    }
}

/// Numbers of what runs together: the edges of one node and one line.
fn nets(graph: &LayoutGraph) -> Vec<u32> {
    let mut numbers: HashMap<(u32, u32), u32> = HashMap::new();
    let mut nets = vec![u32::MAX; graph.edges.len()];
    for (edge, from, _) in graph.sound_edges() {
        let next = numbers.len() as u32;
        nets[edge as usize] = *numbers.entry((from, graph.line_of(edge))).or_insert(next);
    }
    nets
}

/// The edges of nodes that have too many.
fn hubs(graph: &LayoutGraph, spacing: &Spacing) -> Vec<bool> {
    let mut links: Vec<Link> = graph.sound_edges().map(|(edge, from, to)| Link::new(edge, 0, from, to)).collect();
    rank::hide_hubs(graph.nodes.len(), spacing.hub, &mut links);
    let mut is_told = vec![false; graph.edges.len()];
    links.iter().filter(|link| !link.is_drawn).for_each(|link| is_told[link.edge as usize] = true);
    is_told
}

/// The meetings that would close a cycle of their level's items.
fn turned(graph: &LayoutGraph, tree: &Tree, nets: &[u32], is_told: &[bool]) -> HashMap<Meeting, bool> {
    let mut by_level: Vec<Vec<Meeting>> = vec![Vec::new(); tree.root as usize + 1];
    let mut seen: HashMap<Meeting, bool> = HashMap::new();
    for (edge, from, to) in graph.sound_edges().filter(|(edge, from, to)| from != to && !is_told[*edge as usize]) {
        let Some(Way { level, items, .. }) = tree.way(from, to) else { continue };
        let meeting = (level, items, nets[edge as usize]);
        if seen.insert(meeting, false).is_none() {
            by_level[level as usize].push(meeting);
        }
    }
    let mut own = vec![0u32; tree.parent.len()];
    for meetings in by_level {
        let mut items: Vec<u32> = meetings.iter().flat_map(|(_, (from, to), _)| [*from, *to]).collect();
        items.sort_unstable();
        items.dedup();
        (0u32..).zip(&items).for_each(|(index, item)| own[*item as usize] = index);
        let link = |(index, (_, (from, to), _)): (u32, &Meeting)| Link::new(index, index, own[*from as usize], own[*to as usize]);
        let mut links: Vec<Link> = (0u32..).zip(&meetings).map(link).collect();
        acyclic::turn_back_edges(items.len(), &mut links);
        for link in links.iter().filter(|link| link.is_turned) {
            seen.insert(meetings[link.edge as usize], true);
        }
    }
    seen
}

impl Pieces {
    fn of(graph: &LayoutGraph, tree: &Tree, nets: &[u32], turned: &HashMap<Meeting, bool>, is_told: &[bool]) -> Self {
        let mut all = Self { of_edge: vec![Vec::new(); graph.edges.len()], ..Self::default() };
        let mut known: HashMap<(u32, End, End, u32), u32> = HashMap::new();
        // Ports by frame, net, whether the line leaves, and the border.
        let mut ports: HashMap<(u32, u32, bool, bool), u32> = HashMap::new();
        for (edge, from, to) in graph.sound_edges().filter(|(edge, from, to)| from != to && !is_told[*edge as usize]) {
            let net = nets[edge as usize];
            let Some(Way { level, items, left, entered }) = tree.way(from, to) else { continue };
            let is_turned = turned.get(&(level, items, net)).copied().unwrap_or(false);
            let mut piece = |level: u32, from: End, to: End| {
                let next = all.pieces.len() as u32;
                let index = *known.entry((level, from, to, net)).or_insert(next);
                if index == next {
                    all.pieces.push(Piece { level, from, to, net, is_turned });
                }
                all.of_edge[edge as usize].push(index);
            };
            let mut port = |frame: u32, leaves: bool| {
                // A line leaves below and enters above, but where it runs against the others.
                let is_above = leaves == is_turned;
                let next = all.ports.len() as u32;
                let index = *ports.entry((frame, net, leaves, is_above)).or_insert(next);
                if index == next {
                    all.ports.push(Port { frame, is_above, offset: 0.0 });
                }
                End::Port(index)
            };
            let mut at = End::Item(tree.item_of[from as usize]);
            for frame in left {
                let out = port(frame, true);
                piece(frame, at, out);
                at = out;
            }
            let ways: Vec<(u32, End)> = entered.iter().map(|frame| (*frame, port(*frame, false))).collect();
            let last = End::Item(tree.item_of[to as usize]);
            piece(level, at, ways.first().map_or(last, |(_, port)| *port));
            for (index, (frame, way)) in ways.iter().enumerate() {
                piece(*frame, *way, ways.get(index + 1).map_or(last, |(_, port)| *port));
            }
        }
        all
    }

    /// The item that an end is at on a level: a port of an inner frame is at that frame.
    fn end_on(&self, end: End, level: u32, tree: &Tree) -> End {
        match end {
            End::Port(port) if self.ports[port as usize].frame != level => End::Item(tree.nodes + self.ports[port as usize].frame),
            end => end,
        }
    }
}

/// The links of every level, with layers.
fn insides(tree: &Tree, pieces: &Pieces, spacing: &Spacing, token: &Token) -> Result<Vec<Inside>, Cancelled> {
    let levels = tree.root as usize + 1;
    let mut ends: Vec<Vec<End>> = vec![Vec::new(); levels];
    for (item, level) in (0u32..).zip(&tree.parent) {
        let has_own_frame = tree.item_of.get(item as usize).is_some_and(|own| *own != item);
        if !has_own_frame {
            ends[*level as usize].push(End::Item(item));
        }
    }
    (0u32..).zip(&pieces.ports).for_each(|(index, port)| ends[port.frame as usize].push(End::Port(index)));
    let mut of_level: Vec<Vec<u32>> = vec![Vec::new(); levels];
    (0u32..).zip(&pieces.pieces).for_each(|(index, piece)| of_level[piece.level as usize].push(index));
    let mut own_item = vec![0u32; tree.parent.len()];
    let mut own_port = vec![0u32; pieces.ports.len()];
    let mut insides = Vec::with_capacity(levels);
    for (level, (ends, own_pieces)) in (0u32..).zip(ends.into_iter().zip(of_level)) {
        token.check()?;
        for (index, end) in (0u32..).zip(&ends) {
            match end {
                End::Item(item) => own_item[*item as usize] = index,
                End::Port(port) => own_port[*port as usize] = index,
            }
        }
        let own = |end: End| match pieces.end_on(end, level, tree) {
            End::Item(item) => own_item[item as usize],
            End::Port(port) => own_port[port as usize],
        };
        let link = |index: &u32| {
            let piece = &pieces.pieces[*index as usize];
            let mut link = Link::new(*index, piece.net, own(piece.from), own(piece.to));
            if piece.is_turned {
                (link.upper, link.lower, link.is_turned) = (link.lower, link.upper, true);
            }
            link
        };
        let mut inside = Inside {
            links: own_pieces.iter().map(link).collect(),
            is_port: ends.iter().map(|end| matches!(end, End::Port(_))).collect(),
            ends,
            pieces: own_pieces,
            part_of: Vec::new(),
            ranks: Vec::new(),
        };
        inside.rank(pieces, spacing, token)?;
        insides.push(inside);
    }
    Ok(insides)
}

impl Inside {
    /// Gives items their layers; ports stand on the frame's borders, above and below all of them.
    fn rank(&mut self, pieces: &Pieces, spacing: &Spacing, token: &Token) -> Result<(), Cancelled> {
        let count = self.ends.len();
        if !self.is_port.contains(&true) {
            self.part_of = parts::of(count, &self.links);
            self.ranks = rank::ranks(count, &self.links, &self.part_of, spacing.many_out, token)?;
            return Ok(());
        }
        let is_inner = |link: &&Link| !self.is_port[link.upper as usize] && !self.is_port[link.lower as usize];
        let inner: Vec<Link> = self.links.iter().filter(is_inner).copied().collect();
        // All stands between the borders, side by side if it does not hang together.
        self.part_of = vec![0; count];
        self.ranks = rank::ranks(count, &inner, &self.part_of, spacing.many_out, token)?;
        let is_above = |end: &End| matches!(end, End::Port(port) if pieces.ports[*port as usize].is_above);
        let first = u32::from(self.ends.iter().any(is_above));
        let items = self.ranks.iter().zip(&self.is_port).filter(|(_, is_port)| !**is_port);
        let last = items.map(|(rank, _)| rank + first + 1).max().unwrap_or(first);
        for (rank, end) in self.ranks.iter_mut().zip(&self.ends) {
            *rank = match end {
                End::Item(_) => *rank + first,
                End::Port(_) if is_above(end) => 0,
                End::Port(_) => last,
            };
        }
        Ok(())
    }
}

/// Finds the edges with a piece too long to be drawn. Returns whether there are any.
fn tell_long(pieces: &Pieces, insides: &mut [Inside], spacing: &Spacing, is_told: &mut [bool]) -> bool {
    let mut is_long = vec![false; pieces.pieces.len()];
    let mut has_long = false;
    for inside in insides {
        has_long |= rank::hide_long(inside.ends.len(), &inside.ranks, spacing.many_out, &mut inside.links);
        inside.links.iter().filter(|link| !link.is_drawn).for_each(|link| is_long[link.edge as usize] = true);
    }
    for (is_told, of_edge) in is_told.iter_mut().zip(&pieces.of_edge) {
        *is_told |= of_edge.iter().any(|piece| is_long[*piece as usize]);
    }
    has_long
}

/// Draws one level whose inner frames are drawn.
fn draw(
    level: u32,
    inside: &mut Inside,
    pieces: &Pieces,
    size_of: &[NodeSize],
    has_loop: &[bool],
    spacing: &Spacing,
    token: &Token,
) -> Result<Drawing, Cancelled> {
    let offset = |end: End| match end {
        End::Port(port) if pieces.ports[port as usize].frame != level => Some(pieces.ports[port as usize].offset),
        _ => None,
    };
    for (link, piece) in inside.links.iter_mut().zip(&inside.pieces) {
        let piece = &pieces.pieces[*piece as usize];
        (link.leaves, link.enters) = (offset(piece.from), offset(piece.to));
        if link.is_turned {
            (link.leaves, link.enters) = (link.enters, link.leaves);
        }
    }
    let size = |end: &End| match end {
        End::Item(item) => size_of[*item as usize],
        End::Port(port) if pieces.ports[*port as usize].is_above => NodeSize { width: 0.0, height: spacing.straight_on() },
        End::Port(_) => NodeSize::default(),
    };
    let sizes: Vec<NodeSize> = inside.ends.iter().map(size).collect();
    let has_loop: Vec<bool> = inside.ends.iter().map(|end| matches!(end, End::Item(item) if has_loop[*item as usize])).collect();
    let level = Level {
        sizes: &sizes,
        links: &inside.links,
        ranks: &inside.ranks,
        part_of: &inside.part_of,
        has_loop: &has_loop,
        is_port: &inside.is_port,
    };
    level.draw(spacing, token)
}

/// The ports of an inside, and where they are among its ends.
fn ports_of(inside: &Inside) -> impl Iterator<Item = (u32, usize)> + '_ {
    inside.ends.iter().enumerate().filter_map(|(index, end)| match end {
        End::Port(port) => Some((*port, index)),
        End::Item(_) => None,
    })
}

/// A frame's size, and where in it its drawing begins.
fn around(inside: &Inside, pieces: &Pieces, drawing: &Drawing, least_width: f64, spacing: &Spacing) -> (NodeSize, Point) {
    let has_ports = |is_above: bool| ports_of(inside).any(|(port, _)| pieces.ports[port as usize].is_above == is_above);
    let [left, right, above, below] = spacing.around_frame(has_ports(true), has_ports(false));
    // A title stands along the layers then, and there is room enough.
    let least_width = if spacing.direction == Direction::Down { super::sane(least_width) } else { 0.0 };
    let width = (drawing.size.width + left + right).max(least_width);
    let spare = (width - drawing.size.width - left - right) / 2.0;
    let size = NodeSize { width, height: drawing.size.height + above + below };
    (size, Point { x: left + spare, y: above })
}

/// Puts the levels into each other.
fn compose(graph: &LayoutGraph, tree: &Tree, pieces: &Pieces, insides: &[Inside], drawings: &[Drawing], corners: &[Point]) -> Layout {
    let mut origin = vec![Point::default(); tree.root as usize + 1];
    let mut result = Layout { nodes: vec![Rect::default(); graph.nodes.len()], ..Layout::default() };
    result.frames = vec![Rect::default(); graph.frames.len()];
    // Outer levels first: the root, then the frames in order.
    for level in std::iter::once(tree.root).chain(0..tree.root) {
        let at = origin[level as usize];
        for (end, rect) in insides[level as usize].ends.iter().zip(&drawings[level as usize].rects) {
            let End::Item(item) = end else { continue };
            let rect = Rect { x: rect.x + at.x, y: rect.y + at.y, ..*rect };
            match item.checked_sub(tree.nodes) {
                None => result.nodes[*item as usize] = rect,
                Some(frame) => {
                    let corner = corners[frame as usize];
                    origin[frame as usize] = Point { x: rect.x + corner.x, y: rect.y + corner.y };
                    result.frames[frame as usize] = rect;
                }
            }
        }
    }
    for (node, item) in tree.item_of.iter().enumerate() {
        if let Some(frame) = item.checked_sub(tree.nodes) {
            result.nodes[node] = result.frames[frame as usize];
        }
    }
    let mut lines: Vec<&[Point]> = vec![&[]; pieces.pieces.len()];
    for drawing in drawings {
        drawing.routes.iter().for_each(|route| lines[route.edge as usize] = &route.points);
    }
    for (edge, from, to) in graph.sound_edges() {
        let mut points: Vec<Point> = Vec::new();
        for index in &pieces.of_edge[edge as usize] {
            let at = origin[pieces.pieces[*index as usize].level as usize];
            points.extend(lines[*index as usize].iter().map(|point| Point { x: point.x + at.x, y: point.y + at.y }));
        }
        if !points.is_empty() {
            result.edges.push(Route { edge, from, to, points: route::without_needless(points) });
        }
    }
    result
}
