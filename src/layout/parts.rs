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

/// A stretch of a picture's height, and how far to the right anything reaches there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    pub top: f64,
    pub bottom: f64,
    pub right: f64,
}

/// Finds a place for frames, the largest first: beside what the first one has in its rows where it
/// leaves room, else all around it in rows or in columns, whichever takes less room. Returns the upper
/// left corner of each, and the size of the whole.
pub(super) fn pack(frames: &[NodeSize], rows: &[Row], gap: f64) -> (Vec<Point>, NodeSize) {
    /// Of a screen.
    const ASPECT: f64 = 1.6;
    let inside = fill(frames, rows, gap);
    let outside: Vec<NodeSize> = frames.iter().zip(&inside).filter(|(_, corner)| corner.is_none()).map(|(frame, _)| *frame).collect();
    let turned: Vec<NodeSize> = outside.iter().map(|frame| NodeSize { width: frame.height, height: frame.width }).collect();
    let (in_rows, rows_size) = shelves(&outside, gap, ASPECT);
    let (in_columns, columns_size) = shelves(&turned, gap, 1.0 / ASPECT);
    let (around, size) = if rows_size.width * rows_size.height <= columns_size.width * columns_size.height {
        (in_rows, rows_size)
    } else {
        let corners = in_columns.into_iter().map(|corner| Point { x: corner.y, y: corner.x }).collect();
        (corners, NodeSize { width: columns_size.height, height: columns_size.width })
    };
    let mut around = around.into_iter();
    let corners = inside.into_iter().map(|corner| corner.or_else(|| around.next()).unwrap_or_default()).collect();
    (corners, size)
}

/// Places for frames within the first one, right of what its rows have, from the top.
fn fill(frames: &[NodeSize], rows: &[Row], gap: f64) -> Vec<Option<Point>> {
    /// Rows that are looked at in all.
    const EFFORT: usize = 1_000_000;
    let mut effort = EFFORT;
    let mut rows = rows.to_vec();
    let limit = frames.first().map_or(0.0, |frame| frame.width);
    let mut place = |frame: &NodeSize| {
        let mut first = 0;
        let mut right = f64::NEG_INFINITY;
        for last in 0..rows.len() {
            effort = effort.checked_sub(1)?;
            right = right.max(rows[last].right);
            if right + gap + frame.width > limit {
                (first, right) = (last + 1, f64::NEG_INFINITY);
            } else if rows[last].bottom - rows[first].top >= frame.height + gap {
                let corner = Point { x: right + gap, y: rows[first].top };
                rows[first..=last].iter_mut().for_each(|row| row.right = corner.x + frame.width);
                return Some(corner);
            }
        }
        None
    };
    frames.iter().enumerate().map(|(index, frame)| if index == 0 { None } else { place(frame) }).collect()
}

/// Rows of the width that gives about the wanted ratio of width to height.
fn shelves(frames: &[NodeSize], gap: f64, aspect: f64) -> (Vec<Point>, NodeSize) {
    let area: f64 = frames.iter().map(|frame| (frame.width + gap) * (frame.height + gap)).sum();
    let widest = frames.iter().map(|frame| frame.width).fold(0.0, f64::max);
    let limit = widest.max((area * aspect).sqrt());
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
