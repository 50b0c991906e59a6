//! What holds for graphs with frames, on frames that somebody drew and on such that nobody would.

use super::metrics::{enters, measure};
use super::*;

/// Draws numbers, the same every time (a linear congruential generator).
struct Lot(u32);

impl Lot {
    fn below(&mut self, count: u32) -> u32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 8) % count.max(1)
    }
}

fn frame(parent: Option<u32>) -> Frame {
    Frame { parent, node: None, width: 120.0 }
}

fn boxes(count: usize) -> Vec<NodeSize> {
    (0..count).map(|node| NodeSize { width: 60.0 + (node * 37 % 90) as f64, height: 24.0 + (node * 11 % 40) as f64 }).collect()
}

/// Any nodes and edges in a tree of frames; nodes next to each other are often in one frame.
fn random(seed: u32) -> LayoutGraph {
    let mut lot = Lot(seed);
    let (count, frames) = (2 + lot.below(60), 1 + lot.below(9));
    let parents: Vec<Option<u32>> = (0..frames).map(|index| Some(lot.below(index + 1)).filter(|parent| *parent < index)).collect();
    let mut frame_of = Vec::new();
    let mut current = None;
    for _ in 0..count {
        if lot.below(4) == 0 {
            current = Some(lot.below(frames + 1)).filter(|frame| *frame < frames);
        }
        frame_of.push(current);
    }
    let is_forward = !seed.is_multiple_of(3);
    let edge = |lot: &mut Lot| {
        let (a, near) = (lot.below(count), lot.below(8));
        let b = if lot.below(3) == 0 { lot.below(count) } else { (a + near) % count };
        if is_forward { (a.min(b), a.max(b)) } else { (a, b) }
    };
    let edges: Vec<(u32, u32)> = (0..count + lot.below(count)).map(|_| edge(&mut lot)).collect();
    let lines = if seed.is_multiple_of(2) { edges.iter().map(|(from, _)| *from).collect() } else { Vec::new() };
    let mut frames: Vec<Frame> = parents.into_iter().map(frame).collect();
    if seed % 4 == 1 {
        // The last frame stands for a node of its surroundings, and nothing inside has to do with others.
        let last = frames.len() as u32 - 1;
        let inside = |node: u32| frame_of[node as usize] == Some(last);
        let edges = edges.into_iter().filter(|(from, to)| inside(*from) == inside(*to)).collect();
        if let Some(node) = (0..count).find(|node| frame_of[*node as usize] != Some(last)) {
            frames[last as usize].node = Some(node);
        }
        return LayoutGraph { nodes: boxes(count as usize), edges, lines: Vec::new(), frames, frame_of };
    }
    LayoutGraph { nodes: boxes(count as usize), edges, lines, frames, frame_of }
}

/// Blocks in a row, each in a frame with two inner frames; a tensor that all read, and skips.
fn nested(blocks: u32) -> LayoutGraph {
    let mut graph = LayoutGraph { nodes: boxes(1), frame_of: vec![None], ..LayoutGraph::default() };
    let mut last = 0;
    for _ in 0..blocks {
        let outer = graph.frames.len() as u32;
        graph.frames.extend([frame(None), frame(Some(outer)), frame(Some(outer))]);
        let base = graph.nodes.len() as u32;
        graph.nodes.extend(boxes(8));
        graph.frame_of.extend([1, 1, 1, 0, 2, 2, 2, 0].map(|inner| Some(outer + inner)));
        let node = |index: u32| base + index;
        graph.edges.extend([(last, node(0)), (node(0), node(1)), (node(0), node(2)), (node(1), node(3)), (node(2), node(3))]);
        graph.edges.extend([(last, node(3)), (node(3), node(4)), (node(4), node(5)), (node(5), node(6)), (node(6), node(7))]);
        graph.edges.extend([(node(3), node(7)), (0, node(5))]);
        last = node(7);
    }
    graph.lines = graph.edges.iter().map(|(from, _)| *from).collect();
    graph
}

fn of(graph: &LayoutGraph) -> Layout {
    layout(graph, &Token::new()).unwrap()
}

/// The frames around a node, from the inside out; not its own.
fn around(graph: &LayoutGraph, node: u32) -> Vec<u32> {
    let own = graph.frames.iter().position(|frame| frame.node == Some(node));
    let first = own.map_or(graph.frame_of[node as usize], |own| graph.frames[own].parent);
    std::iter::successors(first, |frame| graph.frames[*frame as usize].parent).collect()
}

fn holds(outer: &Rect, inner: &Rect) -> bool {
    const NEAR: f64 = 1e-6;
    inner.x > outer.x - NEAR && inner.y > outer.y - NEAR && inner.right() < outer.right() + NEAR && inner.bottom() < outer.bottom() + NEAR
}

fn are_apart(a: &Rect, b: &Rect) -> bool {
    (b.x - a.right()).max(a.x - b.right()).max(b.y - a.bottom()).max(a.y - b.bottom()) >= 10.0
}

fn check(name: &str, graph: &LayoutGraph, layout: &Layout) {
    assert_eq!((layout.nodes.len(), layout.frames.len()), (graph.nodes.len(), graph.frames.len()), "{name}");
    let is_box = |node: u32| !graph.frames.iter().any(|frame| frame.node == Some(node));
    let rect = |node: u32| &layout.nodes[node as usize];
    let nodes: Vec<u32> = (0..graph.nodes.len() as u32).filter(|node| is_box(*node)).collect();
    for node in &nodes {
        let frames = around(graph, *node);
        for (index, frame) in (0u32..).zip(&layout.frames) {
            let is_right = if frames.contains(&index) { holds(frame, rect(*node)) } else { are_apart(frame, rect(*node)) };
            assert!(is_right, "{name}: node {node} {:?} and frame {index} {frame:?}", rect(*node));
        }
        for other in nodes.iter().filter(|other| *other < node) {
            assert!(are_apart(rect(*node), rect(*other)), "{name}: {node} {:?} and {other} {:?}", rect(*node), rect(*other));
        }
    }
    for (index, frame) in layout.frames.iter().enumerate() {
        for (other, other_frame) in layout.frames[..index].iter().enumerate() {
            let outer = std::iter::successors(graph.frames[index].parent, |frame| graph.frames[*frame as usize].parent);
            let is_inside = outer.into_iter().any(|outer| outer as usize == other);
            assert!(
                if is_inside { holds(other_frame, frame) } else { are_apart(frame, other_frame) },
                "{name}: frames {other} and {index}"
            );
        }
        let whole = Rect { x: 0.0, y: 0.0, width: layout.size.width, height: layout.size.height };
        assert!(holds(&whole, frame), "{name}: {frame:?}");
    }
    for route in &layout.edges {
        let passed: Vec<u32> = around(graph, route.from).into_iter().chain(around(graph, route.to)).collect();
        let own = |frame: u32| graph.frames[frame as usize].node.is_some_and(|node| node == route.from || node == route.to);
        for line in route.points.windows(2).chain(route.flattened(layout.direction, 8).points.windows(2)) {
            for node in nodes.iter().filter(|node| **node != route.from && **node != route.to) {
                assert!(!enters(rect(*node), line[0], line[1]), "{name}: {route:?} runs through {node}");
            }
            for (index, frame) in (0u32..).zip(&layout.frames) {
                let is_passed = passed.contains(&index) || (own(index) && route.from == route.to);
                assert!(is_passed || !enters(frame, line[0], line[1]), "{name}: {route:?} runs through frame {index} {frame:?}");
            }
        }
    }
    let mut all: Vec<u32> = layout.edges.iter().map(|route| route.edge).collect();
    all.extend(layout.references.iter().map(|reference| reference.edge));
    all.sort_unstable();
    assert_eq!(all, (0..graph.edges.len() as u32).collect::<Vec<_>>(), "{name}");
}

#[test]
fn blocks_in_frames() {
    for blocks in [1, 2, 12] {
        let graph = nested(blocks);
        let layout = of(&graph);
        check(&format!("{blocks} blocks"), &graph, &layout);
        assert_eq!(measure(&layout.nodes, &layout.edges).lines_through_boxes, 0);
        for block in 1..blocks as usize {
            for inner in 0..3 {
                let (first, other) = (&layout.frames[3 + inner], &layout.frames[3 * block + inner]);
                assert!(block == 0 || (first.width, first.height) == (other.width, other.height) || blocks < 3, "block {block} is another");
            }
        }
    }
}

#[test]
fn random_frames() {
    for seed in 0..120 {
        let graph = random(seed);
        let layout = of(&graph);
        check(&format!("seed {seed}"), &graph, &layout);
        assert_eq!(layout, of(&graph), "seed {seed}");
    }
}

#[test]
fn random_frames_from_left_to_right() {
    for seed in 0..40 {
        let graph = random(seed);
        let spacing = Spacing { direction: Direction::Right, ..Spacing::default() };
        check(&format!("seed {seed}"), &graph, &layout_spaced(&graph, &spacing, &Token::new()).unwrap());
    }
}

/// Frames that are said to lie in themselves, in later ones or in none there is; nodes likewise.
#[test]
fn frames_that_can_not_be() {
    let frames = vec![frame(Some(0)), frame(Some(7)), frame(Some(u32::MAX)), Frame { node: Some(99), ..frame(Some(1)) }];
    let frame_of = vec![Some(9), Some(0), Some(u32::MAX), Some(3)];
    let graph =
        LayoutGraph { nodes: boxes(5), edges: vec![(0, 1), (1, 2), (2, 3), (3, 4), (4, 0), (1, 1)], lines: Vec::new(), frames, frame_of };
    let layout = of(&graph);
    assert_eq!((layout.nodes.len(), layout.frames.len(), layout.edges.len() + layout.references.len()), (5, 4, 6));
    // A node that is to lie in its own frame.
    let own = LayoutGraph {
        nodes: boxes(2),
        edges: vec![(0, 1)],
        frames: vec![Frame { node: Some(0), ..frame(None) }],
        frame_of: vec![Some(0), Some(0)],
        ..LayoutGraph::default()
    };
    assert_eq!(of(&own).references.len(), 1);
}

/// A frame of 50,000 operations one after the other, and one whose tensor 10,000 read.
#[test]
fn large_frames() {
    let count = 50_000u32;
    let deep = LayoutGraph {
        nodes: boxes(count as usize),
        edges: (1..count).map(|node| (node - 1, node)).collect(),
        lines: Vec::new(),
        frames: vec![frame(None), frame(Some(0))],
        frame_of: (0..count).map(|node| [None, Some(0), Some(1)][(node * 3 / count) as usize]).collect(),
    };
    assert_eq!(of(&deep).edges.len(), 49_999);
    let wide = LayoutGraph {
        nodes: boxes(10_001),
        edges: (1..=10_000).map(|node| (node, 0)).collect(),
        frames: vec![frame(None)],
        frame_of: (0..=10_000).map(|node| Some(0).filter(|_| node > 0)).collect(),
        ..LayoutGraph::default()
    };
    assert_eq!(of(&wide).references.len(), 10_000);
}

#[test]
fn cancelled_within_frames() {
    let token = Token::new();
    token.cancel();
    assert_eq!(layout(&nested(3), &token), Err(Cancelled));
}
