//! What holds for every layout, on graphs of many kinds.

use super::*;

/// A graph whose boxes have various sizes.
fn graph(count: u32, edges: Vec<(u32, u32)>) -> LayoutGraph {
    let size = |node: u32| NodeSize { width: 60.0 + f64::from(node * 37 % 90), height: 24.0 + f64::from(node * 11 % 40) };
    LayoutGraph { nodes: (0..count).map(size).collect(), edges }
}

fn chain(count: u32) -> LayoutGraph {
    graph(count, (1..count).map(|node| (node - 1, node)).collect())
}

/// Edges between nodes that a linear congruential generator draws.
fn random(count: u32, edges: usize, seed: u32, is_forward: bool) -> LayoutGraph {
    let mut state = seed;
    let mut draw = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) % count
    };
    let edge = |(a, b): (u32, u32)| if is_forward { (a.min(b), a.max(b)) } else { (a, b) };
    graph(count, (0..edges).map(|_| edge((draw(), draw()))).collect())
}

/// Blocks of four operations with a skip connection around each, and an input that all read.
fn residual(blocks: u32) -> LayoutGraph {
    let mut edges = Vec::new();
    for block in 0..blocks {
        let first = 1 + block * 4;
        edges.extend([(first - 1, first), (first, first + 1), (first + 1, first + 2), (first + 2, first + 3), (first - 1, first + 3)]);
        edges.push((0, first + 1));
    }
    graph(1 + blocks * 4, edges)
}

fn cases() -> Vec<(&'static str, LayoutGraph)> {
    let hub = |out: bool| (1..=300).map(|node| if out { (0, node) } else { (node, 0) }).collect();
    vec![
        ("nothing", LayoutGraph::default()),
        ("one", graph(1, vec![])),
        ("loop", graph(2, vec![(0, 0), (0, 1), (0, 0), (1, 1)])),
        ("two ways", graph(2, vec![(0, 1), (1, 0)])),
        ("parallel", graph(3, vec![(0, 1), (0, 1), (0, 1), (1, 2), (0, 2), (0, 2)])),
        ("isolated", graph(500, vec![])),
        ("parts", graph(9, vec![(0, 1), (1, 2), (3, 4), (5, 6), (6, 7), (5, 7)])),
        ("ring", graph(50, (0..50).map(|node| (node, (node + 1) % 50)).collect())),
        ("no such node", graph(2, vec![(0, 1), (0, 7), (9, 1), (u32::MAX, u32::MAX)])),
        ("diamond", graph(6, vec![(0, 1), (0, 2), (0, 3), (1, 4), (2, 4), (3, 4), (0, 4), (4, 5), (0, 5)])),
        ("chain", chain(200)),
        ("hub out", graph(301, hub(true))),
        ("hub in", graph(301, hub(false))),
        ("many parallel", graph(2, vec![(0, 1); 1000])),
        ("residual", residual(40)),
        ("forward", random(200, 400, 1, true)),
        ("sparse", random(300, 250, 2, true)),
        ("cyclic", random(150, 400, 3, false)),
        ("dense", random(60, 900, 4, false)),
    ]
}

fn of(graph: &LayoutGraph) -> Layout {
    layout(graph, &Token::new()).unwrap()
}

/// Whether an open box and a line have a point in common.
fn touches(rect: &Rect, a: Point, b: Point) -> bool {
    const MARGIN: f64 = 1e-6;
    let (mut enter, mut leave) = (0.0f64, 1.0f64);
    for (start, end, low, high) in [(a.x, b.x, rect.x, rect.right()), (a.y, b.y, rect.y, rect.bottom())] {
        let (low, high) = (low + MARGIN, high - MARGIN);
        if start == end {
            if start <= low || start >= high {
                return false;
            }
            continue;
        }
        let (t0, t1) = ((low - start) / (end - start), (high - start) / (end - start));
        (enter, leave) = (enter.max(t0.min(t1)), leave.min(t0.max(t1)));
    }
    enter < leave
}

fn is_on_border(rect: &Rect, point: Point) -> bool {
    const NEAR: f64 = 1e-6;
    let is_near = |a: f64, b: f64| (a - b).abs() <= NEAR;
    let is_within = |value: f64, low: f64, high: f64| (low - NEAR..=high + NEAR).contains(&value);
    let is_on_side = (is_near(point.x, rect.x) || is_near(point.x, rect.right())) && is_within(point.y, rect.y, rect.bottom());
    let is_on_end = (is_near(point.y, rect.y) || is_near(point.y, rect.bottom())) && is_within(point.x, rect.x, rect.right());
    is_on_side || is_on_end
}

#[test]
fn boxes_do_not_overlap_and_keep_their_sizes() {
    for (name, graph) in cases() {
        let layout = of(&graph);
        assert_eq!(layout.nodes.len(), graph.nodes.len());
        for (index, (rect, size)) in layout.nodes.iter().zip(&graph.nodes).enumerate() {
            assert_eq!((rect.width, rect.height), (size.width, size.height), "{name}");
            assert!(rect.x >= -1e-6 && rect.y >= -1e-6, "{name}: {rect:?}");
            assert!(rect.right() <= layout.size.width + 1e-6 && rect.bottom() <= layout.size.height + 1e-6, "{name}: {rect:?}");
            for other in &layout.nodes[..index] {
                let gap_x = (other.x - rect.right()).max(rect.x - other.right());
                let gap_y = (other.y - rect.bottom()).max(rect.y - other.bottom());
                assert!(gap_x.max(gap_y) >= 20.0, "{name}: {rect:?} and {other:?}");
            }
        }
    }
}

#[test]
fn every_edge_is_drawn_or_told() {
    for (name, graph) in cases() {
        let layout = of(&graph);
        let drawn = layout.edges.iter().map(|route| (route.edge, route.from, route.to));
        let mut all: Vec<_> =
            drawn.chain(layout.references.iter().map(|reference| (reference.edge, reference.from, reference.to))).collect();
        all.sort_unstable();
        let nodes = graph.nodes.len() as u32;
        let expected: Vec<_> = (0u32..)
            .zip(&graph.edges)
            .filter(|(_, (from, to))| *from < nodes && *to < nodes)
            .map(|(edge, (from, to))| (edge, *from, *to))
            .collect();
        assert_eq!(all, expected, "{name}");
    }
}

#[test]
fn lines_begin_and_end_on_borders_and_touch_no_box() {
    for (name, graph) in cases() {
        let layout = of(&graph);
        for route in &layout.edges {
            let (first, last) = (route.points[0], route.points[route.points.len() - 1]);
            assert!(route.points.len() >= 2, "{name}: {route:?}");
            assert!(is_on_border(&layout.nodes[route.from as usize], first), "{name}: {route:?}");
            assert!(is_on_border(&layout.nodes[route.to as usize], last), "{name}: {route:?}");
            for line in route.points.windows(2) {
                for (node, rect) in layout.nodes.iter().enumerate() {
                    assert!(!touches(rect, line[0], line[1]), "{name}: {route:?} runs through {node} {rect:?}");
                }
            }
        }
    }
}

#[test]
fn deterministic() {
    for (name, graph) in cases() {
        assert_eq!(of(&graph), of(&graph), "{name}");
    }
}

#[test]
fn edges_lead_down() {
    for (name, graph) in [("forward", random(200, 400, 1, true)), ("residual", residual(40)), ("chain", chain(50))] {
        let layout = of(&graph);
        for route in layout.edges.iter().filter(|route| route.from != route.to) {
            let (from, to) = (layout.nodes[route.from as usize], layout.nodes[route.to as usize]);
            assert!(from.bottom() < to.y, "{name}: {route:?}");
        }
    }
}

#[test]
fn chains_are_straight() {
    let layout = of(&chain(50));
    assert!(layout.nodes.iter().all(|rect| (rect.center().x - layout.nodes[0].center().x).abs() < 1e-6));
    assert!(layout.edges.iter().all(|route| route.points.len() == 2));
}

#[test]
fn hubs_become_references() {
    let layout = of(&graph(301, (1..=300).map(|node| (0, node)).collect()));
    assert_eq!((layout.edges.len(), layout.references.len()), (0, 300));
    let fan = of(&graph(11, (1..=10).map(|node| (0, node)).collect()));
    assert_eq!((fan.edges.len(), fan.references.len()), (10, 0));
}

/// The optimum of small graphs is known: trees and ladders have no crossings.
#[test]
fn planar_graphs_have_no_crossings() {
    let tree = graph(63, (1..63).map(|node| ((node - 1) / 2, node)).collect());
    let ladder =
        graph(40, (0..38).map(|node| (node, node + 2)).chain((0..40).step_by(2).skip(1).map(|node| (node - 2, node + 1))).collect());
    for (name, graph) in [("tree", tree), ("ladder", ladder)] {
        let layout = of(&graph);
        let lines: Vec<(Point, Point)> =
            layout.edges.iter().flat_map(|route| route.points.windows(2).map(|line| (line[0], line[1]))).collect();
        for (index, a) in lines.iter().enumerate() {
            for b in &lines[..index] {
                let is_apart = a.0 == b.0 || a.1 == b.1 || a.0.y != b.0.y || a.1.y != b.1.y;
                assert!(is_apart || (a.0.x < b.0.x) == (a.1.x < b.1.x), "{name}: {a:?} and {b:?}");
            }
        }
    }
}

#[test]
fn large_graphs() {
    let wide = graph(20_001, (1..=10_000).flat_map(|node| [(0, node), (node, node + 10_000)]).collect());
    for (name, graph) in [
        ("chain", chain(100_000)),
        ("residual", residual(25_000)),
        ("random", random(100_000, 130_000, 5, true)),
        ("cyclic", random(50_000, 60_000, 6, false)),
        ("hub", wide),
        ("isolated", graph(100_000, vec![])),
    ] {
        let layout = of(&graph);
        assert_eq!(layout.edges.len() + layout.references.len(), graph.edges.len(), "{name}");
    }
}

#[test]
fn sizes_that_make_no_sense() {
    let sizes = [f64::NAN, f64::INFINITY, -5.0, f64::MAX, 0.0];
    let nodes = sizes.map(|size| NodeSize { width: size, height: size }).to_vec();
    let layout = of(&LayoutGraph { nodes, edges: vec![(0, 1), (1, 2), (2, 3), (3, 4), (0, 4)] });
    assert!(layout.nodes.iter().all(|rect| [rect.x, rect.y, rect.right(), rect.bottom()].iter().all(|value| value.is_finite())));
}

#[test]
fn cancelled() {
    let token = Token::new();
    token.cancel();
    assert_eq!(layout(&chain(3), &token), Err(Cancelled));
}
