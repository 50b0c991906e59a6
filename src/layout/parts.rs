//! Parts of the graph that hang together, and packing them side by side.

use super::{Link, NodeSize, Point};

/// Nodes that drawn links join, in ascending order, and those links.
#[derive(Clone, Debug, Default)]
pub(super) struct Part {
    pub nodes: Vec<u32>,
    /// Indices of the drawn links, ascending.
    pub links: Vec<u32>,
}

/// For each node the part that it belongs to, numbered in the order of their first nodes.
pub(super) fn of(count: usize, links: &[Link]) -> Vec<u32> {
    let mut parent: Vec<u32> = (0..count as u32).collect();
    for link in links.iter().filter(|link| link.is_drawn) {
        let (a, b) = (find(&mut parent, link.upper), find(&mut parent, link.lower));
        // The lower number leads; path halving alone keeps the search short.
        parent[a.max(b) as usize] = a.min(b);
    }
    let mut numbers = vec![u32::MAX; count];
    let mut parts = 0;
    (0..count as u32)
        .map(|node| {
            let number = &mut numbers[find(&mut parent, node) as usize];
            if *number == u32::MAX {
                *number = parts;
                parts += 1;
            }
            *number
        })
        .collect()
}

fn find(parent: &mut [u32], mut node: u32) -> u32 {
    while parent[node as usize] != node {
        parent[node as usize] = parent[parent[node as usize] as usize];
        node = parent[node as usize];
    }
    node
}

/// The parts with their nodes and drawn links, the largest first.
pub(super) fn split(part_of: &[u32], links: &[Link]) -> Vec<Part> {
    let count = part_of.iter().max().map_or(0, |last| *last as usize + 1);
    let mut parts = vec![Part::default(); count];
    for (node, part) in (0u32..).zip(part_of) {
        parts[*part as usize].nodes.push(node);
    }
    for (index, link) in (0u32..).zip(links).filter(|(_, link)| link.is_drawn) {
        parts[part_of[link.upper as usize] as usize].links.push(index);
    }
    parts.sort_by_key(|part| std::cmp::Reverse(part.nodes.len()));
    parts
}

/// Puts frames in rows, in the given order, about as wide as a screen is to its height. Returns the
/// upper left corner of each, and the size of the whole.
pub(super) fn pack(frames: &[NodeSize], gap: f64) -> (Vec<Point>, NodeSize) {
    const ASPECT: f64 = 1.6;
    let area: f64 = frames.iter().map(|frame| (frame.width + gap) * (frame.height + gap)).sum();
    let widest = frames.iter().map(|frame| frame.width).fold(0.0, f64::max);
    let limit = widest.max((area * ASPECT).sqrt());
    let mut size = NodeSize::default();
    let (mut x, mut y, mut row_height) = (0.0, 0.0, 0.0);
    let corners = frames
        .iter()
        .map(|frame| {
            if x > 0.0 && x + frame.width > limit {
                (x, y, row_height) = (0.0, y + row_height + gap, 0.0);
            }
            let corner = Point { x, y };
            x += frame.width + gap;
            row_height = frame.height.max(row_height);
            size = NodeSize { width: size.width.max(corner.x + frame.width), height: size.height.max(y + frame.height) };
            corner
        })
        .collect();
    (corners, size)
}
