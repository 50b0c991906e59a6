//! What holds for every layout, on graphs of many kinds.

use super::metrics::{enters, measure};
use super::*;

/// A graph whose boxes have various sizes.
fn graph(count: u32, edges: Vec<(u32, u32)>) -> LayoutGraph {
    let size = |node: u32| NodeSize { width: 60.0 + f64::from(node * 37 % 90), height: 24.0 + f64::from(node * 11 % 40) };
    LayoutGraph { nodes: (0..count).map(size).collect(), edges, ..LayoutGraph::default() }
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
            for line in route.points.windows(2).chain(route.flattened(layout.direction, 8).points.windows(2)) {
                for (node, rect) in layout.nodes.iter().enumerate() {
                    assert!(!enters(rect, line[0], line[1]), "{name}: {route:?} runs through {node} {rect:?}");
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
        assert_eq!(measure(&layout.nodes, &layout.edges).crossings, 0, "{name}");
    }
}

/// Two boxes that both read four branches: 6 crossings while they stand side by side, 4 once one stands further
/// down, or up where they feed the branches.
#[test]
fn boxes_with_the_same_branches_are_staggered() {
    // From the forks 1 to 4 to 5, and over a box each to 6, which is not needed for two more layers.
    let forks = (1..=4).flat_map(|fork| [(0, fork), (fork, fork + 8), (fork, fork + 12), (fork + 8, 5), (fork + 12, 6)]);
    let edges: Vec<(u32, u32)> = forks.chain([(5, 7), (7, 8), (8, 17), (6, 17)]).collect();
    let upwards = edges.iter().map(|(from, to)| (17 - to, 17 - from)).collect();
    for (name, edges) in [("down", edges), ("up", upwards)] {
        let layout = of(&graph(18, edges));
        let crossings = measure(&layout.nodes, &layout.edges).crossings;
        assert!(crossings <= 4, "{name}: {crossings}");
    }
}

#[test]
fn large_graphs() {
    let wide = graph(20_001, (1..=10_000).flat_map(|node| [(0, node), (node, node + 10_000)]).collect());
    for (name, graph) in [
        ("chain", chain(100_000)),
        ("residual", residual(25_000)),
        ("random", random(20_000, 26_000, 5, true)),
        ("cyclic", random(8_000, 10_000, 6, false)),
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
    let layout = of(&LayoutGraph { nodes, edges: vec![(0, 1), (1, 2), (2, 3), (3, 4), (0, 4)], ..LayoutGraph::default() });
    assert!(layout.nodes.iter().all(|rect| [rect.x, rect.y, rect.right(), rect.bottom()].iter().all(|value| value.is_finite())));
}

/// Boxes of one line each, one output an operation.
fn with_lines(count: u32, edges: Vec<(u32, u32)>) -> LayoutGraph {
    let lines = edges.iter().map(|(from, _)| *from).collect();
    LayoutGraph { lines, ..graph(count, edges) }
}

#[test]
fn readers_of_one_tensor_share_its_line() {
    // 0 → 1 → … → 9, and 0 is read by 4 and 7 as well.
    let edges: Vec<(u32, u32)> = (1..10).map(|node| (node - 1, node)).chain([(0, 4), (0, 7)]).collect();
    let alone = LayoutGraph { nodes: vec![NodeSize { width: 100.0, height: 40.0 }; 10], edges, ..LayoutGraph::default() };
    let shared = LayoutGraph { lines: alone.edges.iter().map(|(from, _)| *from).collect(), ..alone.clone() };
    let layout = of(&shared);
    let (near, far) = (&layout.edges[9].points, &layout.edges[10].points);
    assert_eq!(near[..2], far[..2]);
    assert_eq!(near[2].x, far[2].x);
    // By themselves they run side by side.
    let layout = of(&alone);
    assert_ne!(layout.edges[9].points[0], layout.edges[10].points[0]);
}

/// A chain with an operation beside it that every `step`th of the chain reads.
fn supplied(readers: u32, step: u32) -> LayoutGraph {
    let chain = (1..readers * step).map(|node| (node, node + 1));
    with_lines(readers * step + 1, chain.chain((0..readers).map(|reader| (0, 1 + reader * step))).collect())
}

#[test]
fn far_readers_of_a_supply_become_references() {
    // As few as eight: the line is drawn however long it is. More: only where it is short.
    assert_eq!(of(&supplied(8, 60)).references.len(), 0);
    assert_eq!(of(&supplied(20, 1)).references.len(), 0);
    let layout = of(&supplied(9, 60));
    assert_eq!(
        layout.references.iter().map(|reference| reference.to).collect::<Vec<_>>(),
        (1..9).map(|reader| 1 + reader * 60).collect::<Vec<_>>()
    );
    assert_eq!(layout.edges.iter().filter(|route| route.from == 0).count(), 1);
    // A long link of its own is structure.
    let skip = (1..400).map(|node| (node - 1, node)).chain([(0, 399)]).collect();
    assert_eq!(of(&with_lines(400, skip)).references.len(), 0);
}

/// The thresholds, as [`Spacing`] and `rank` have them: more than 8 readers and more than 24 layers; more
/// than 64 edges at one node.
#[test]
fn where_references_begin() {
    let spans = |step: u32| {
        let layout = of(&supplied(9, step));
        let ranks: Vec<u32> = layout.references.iter().map(|reference| reference.to).collect();
        let first = layout.references.iter().map(|reference| reference.to - 1).min();
        (ranks.len(), first)
    };
    // Readers stand 1, 1 + step, … layers below the supply: the last one 1 + 8 × step.
    assert_eq!(spans(2), (0, None));
    assert_eq!(spans(3), (1, Some(24)));
    assert_eq!(spans(4), (3, Some(24)));
    let star = |leaves: u32| of(&graph(leaves + 1, (1..=leaves).map(|node| (0, node)).collect()));
    assert_eq!([64, 65].map(|leaves| star(leaves).references.len()), [0, 65]);
}

/// What is between a supply that many read and the one that needs it stands beside the latter.
#[test]
fn what_a_supply_feeds_stands_where_it_is_needed() {
    let readers = 12;
    let mut edges: Vec<(u32, u32)> = (1..readers * 30).map(|node| (node - 1, node)).collect();
    let supply = readers * 30;
    edges.extend((0..readers).flat_map(|reader| [(supply, supply + 1 + reader), (supply + 1 + reader, reader * 30 + 29)]));
    let layout = of(&with_lines(supply + 1 + readers, edges));
    for reader in 0..readers {
        let (from, to) = (layout.nodes[(supply + 1 + reader) as usize], layout.nodes[(reader * 30 + 29) as usize]);
        assert!((0.0..=100.0).contains(&(to.y - from.bottom())), "{reader}: {from:?} {to:?}");
    }
}

/// Blocks of three branches and a line around them, one after another.
fn blocks(count: u32) -> LayoutGraph {
    let size = NodeSize { width: 100.0, height: 40.0 };
    let mut edges = Vec::new();
    for first in (0..count).map(|block| block * 6) {
        edges.extend([(first, first + 1), (first, first + 2), (first, first + 3), (first + 2, first + 4)]);
        edges.extend([(first + 1, first + 5), (first + 4, first + 5), (first + 3, first + 5), (first, first + 6), (first + 5, first + 6)]);
    }
    LayoutGraph { nodes: vec![size; count as usize * 6 + 1], edges, ..LayoutGraph::default() }
}

#[test]
fn alike_blocks_are_laid_out_alike() {
    let layout = of(&blocks(8));
    for block in 1..8 {
        let shift = |node: usize| (layout.nodes[node].x - layout.nodes[block * 6].x, layout.nodes[node].y - layout.nodes[block * 6].y);
        for node in 0..6 {
            let first = (layout.nodes[node].x - layout.nodes[0].x, layout.nodes[node].y - layout.nodes[0].y);
            assert_eq!(shift(block * 6 + node), first, "block {block}, node {node}");
        }
    }
}

/// One more operation inside a block moves what is below it down, and nothing outside of the block aside.
#[test]
fn an_edit_in_one_block_leaves_the_others_as_they_are() {
    let before = of(&blocks(8));
    let mut graph = blocks(8);
    let new = graph.nodes.len() as u32;
    graph.nodes.push(graph.nodes[0]);
    let cut = graph.edges.iter().position(|edge| *edge == (3 * 6 + 2, 3 * 6 + 4)).unwrap();
    graph.edges[cut] = (3 * 6 + 2, new);
    graph.edges.push((new, 3 * 6 + 4));
    let after = of(&graph);
    for (node, (old, now)) in before.nodes.iter().zip(&after.nodes).enumerate() {
        if !(19..24).contains(&node) {
            assert_eq!(old.x, now.x, "node {node}");
        }
        let moved = now.y - old.y;
        match node {
            0..=18 => assert_eq!(moved, 0.0, "node {node}"),
            24.. => assert_eq!(moved, 80.0, "node {node}"),
            _ => assert!((0.0..=80.0).contains(&moved), "node {node}"),
        }
    }
}

#[test]
fn left_to_right_is_top_down_with_the_axes_swapped() {
    let graph = residual(10);
    let turned = LayoutGraph { nodes: graph.nodes.iter().map(|size| size.turned()).collect(), ..graph.clone() };
    let spacing = Spacing { direction: Direction::Right, ..Spacing::default() };
    let mut layout = layout_spaced(&turned, &spacing, &Token::new()).unwrap();
    for route in layout.edges.iter().filter(|route| route.from != route.to) {
        assert!(layout.nodes[route.from as usize].right() < layout.nodes[route.to as usize].x);
        for line in route.flattened(Direction::Right, 8).points.windows(2) {
            assert!(layout.nodes.iter().all(|rect| !enters(rect, line[0], line[1])), "{route:?}");
        }
    }
    layout.turn();
    layout.direction = Direction::Down;
    assert_eq!(layout, of(&graph));
}

/// Curves stay between their points and join without a corner.
#[test]
fn curves_are_smooth() {
    let layout = of(&residual(12));
    for route in &layout.edges {
        let pieces: Vec<[Point; 4]> = route.curve(Direction::Down).collect();
        assert_eq!((pieces[0][0], pieces[pieces.len() - 1][3]), (route.points[0], route.points[route.points.len() - 1]));
        for pair in pieces.windows(2) {
            assert_eq!(pair[0][3], pair[1][0]);
            assert_eq!((pair[0][2].x, pair[1][1].x), (pair[0][3].x, pair[1][0].x), "{route:?}");
        }
    }
}

/// Boxes of one height.
fn boxes(widths: &[f64], edges: Vec<(u32, u32)>) -> LayoutGraph {
    let nodes = widths.iter().map(|width| NodeSize { width: *width, height: 40.0 }).collect();
    LayoutGraph { nodes, edges, ..LayoutGraph::default() }
}

/// LeNet's case: a chain with one wide box at its top, and at its foot a branch. Both stand below the wide box.
#[test]
fn a_branch_takes_the_room_that_a_wide_box_has() {
    let mut widths = vec![100.0; 26];
    widths[3] = 244.0;
    let edges = (1..25).map(|node| (node - 1, node)).chain([(20, 25), (25, 23)]).collect();
    let layout = of(&boxes(&widths, edges));
    assert_eq!(layout.size.width - Spacing::default().nodes, 244.0);
    assert_eq!(measure(&layout.nodes, &layout.edges).lines_through_boxes, 0);
}

/// Branches of one, two, three and four boxes: those that have a choice make no layer of four.
#[test]
fn short_branches_stand_where_there_is_room() {
    let edges = vec![(0, 1), (0, 2), (2, 3), (0, 4), (4, 5), (5, 6), (0, 7), (7, 8), (8, 9), (9, 10), (1, 11), (3, 11), (6, 11), (10, 11)];
    let layout = of(&boxes(&[244.0; 12], edges));
    let in_layer = |of: &Rect| layout.nodes.iter().filter(|other| (other.y - of.y).abs() < 1.0).count();
    assert_eq!(layout.nodes.iter().map(in_layer).max(), Some(3));
}

/// A box with two lines in and one out gives way by a layer, which makes one line longer: the picture is the
/// narrower for it. What has but one neighbour stays beside it.
#[test]
fn a_box_steps_down_where_its_layer_is_the_widest() {
    let mut widths = vec![100.0; 24];
    let mut edges: Vec<(u32, u32)> = (1..22).map(|node| (node - 1, node)).collect();
    // Beside 10 stand 22 and 23; the line from 2 to 22 is there anyway.
    edges.extend([(9, 22), (2, 22), (22, 21), (9, 23), (23, 21)]);
    for node in [10, 22, 23] {
        widths[node] = 244.0;
    }
    let layout = of(&boxes(&widths, edges.clone()));
    assert_ne!(layout.nodes[22].y, layout.nodes[10].y);
    assert!(layout.size.width < 3.0 * 244.0, "{:?}", layout.size);
    // Nothing is gained where all layers are as wide.
    widths = vec![100.0; 24];
    widths[22] = 50.0;
    let leaf = of(&boxes(&widths, (1..22).map(|node| (node - 1, node)).chain([(9, 22)]).collect()));
    assert_eq!(leaf.nodes[22].y, leaf.nodes[10].y);
}

/// Layers of a planar strip in which neighbours are shuffled: an order without crossings is found again.
#[test]
fn planar_strips_have_no_crossings() {
    for seed in 1..=12 {
        let graph = strip(seed);
        let layout = of(&graph);
        assert_eq!(measure(&layout.nodes, &layout.edges).crossings, 0, "{seed}");
    }
}

/// Columns of boxes between a top and a foot, with lines straight down, some slanting to the right, and long
/// ones in between.
fn strip(seed: u32) -> LayoutGraph {
    const ROWS: u32 = 14;
    const COLUMNS: u32 = 7;
    let mut state = seed;
    let mut draw = |below: u32| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) % below
    };
    let mut name: Vec<u32> = (0..ROWS * COLUMNS).collect();
    for place in (1..ROWS * COLUMNS).rev() {
        name.swap(place as usize, draw(place + 1) as usize);
    }
    let at = |row: u32, column: u32| name[(row * COLUMNS + column) as usize];
    let (top, foot) = (ROWS * COLUMNS, ROWS * COLUMNS + 1);
    let mut edges = Vec::new();
    for column in 0..COLUMNS {
        edges.extend([(top, at(0, column)), (at(ROWS - 1, column), foot)]);
        let mut row = 0;
        while row + 1 < ROWS {
            edges.push((at(row, column), at(row + 1, column)));
            if column + 1 < COLUMNS {
                // Between two columns one line at a time.
                match draw(4) {
                    0 => edges.push((at(row, column), at(row + 1, column + 1))),
                    1 if row + 4 < ROWS => {
                        edges.push((at(row, column), at(row + 4, column + 1)));
                        (row..row + 3).for_each(|row| edges.push((at(row + 1, column), at(row + 2, column))));
                        row += 3;
                    }
                    _ => {}
                }
            }
            row += 1;
        }
    }
    graph(ROWS * COLUMNS + 2, edges)
}

/// What must hold on graphs that nobody drew by hand.
#[test]
fn random_graphs() {
    for seed in 10..60 {
        let (count, is_forward) = (2 + seed % 23 * 3, seed % 3 != 0);
        let drawn = random(count, (count + seed % 40) as usize, seed, is_forward);
        let mut graph =
            if seed % 2 == 0 { LayoutGraph { lines: drawn.edges.iter().map(|(from, _)| *from).collect(), ..drawn } } else { drawn };
        if seed % 5 == 0 {
            graph.edges.iter_mut().take(3).for_each(|edge| edge.1 = edge.0);
        }
        let layout = of(&graph);
        assert_eq!(layout.edges.len() + layout.references.len(), graph.edges.len(), "{seed}");
        let curves: Vec<Route> = layout.edges.iter().map(|route| route.flattened(Direction::Down, 6)).collect();
        for routes in [&layout.edges, &curves] {
            let quality = measure(&layout.nodes, routes);
            assert_eq!((quality.lines_through_boxes, quality.overlaps), (0, 0), "{seed}");
            assert!(quality.width <= layout.size.width + 1e-6 && quality.height <= layout.size.height + 1e-6, "{seed}: {quality:?}");
        }
    }
}

/// Small parts stand beside the large one where that leaves room, and add nothing to the picture.
#[test]
fn small_parts_fill_gaps() {
    let wide = |edges: Vec<(u32, u32)>, count| LayoutGraph {
        nodes: vec![NodeSize { width: 100.0, height: 40.0 }; count],
        edges,
        ..LayoutGraph::default()
    };
    // A chain with three branches at its end.
    let edges: Vec<(u32, u32)> = (1..8).map(|node| (node - 1, node)).chain([(7, 8), (7, 9), (7, 10), (7, 11), (7, 12)]).collect();
    let alone = of(&wide(edges.clone(), 13));
    let filled = of(&wide(edges, 16));
    assert_eq!(filled.size, alone.size);
    assert_eq!(filled.nodes[..13], alone.nodes);
}

#[test]
fn deep_and_wide_without_end() {
    let deep = of(&chain(50_000));
    assert_eq!((deep.edges.len(), deep.references.len()), (49_999, 0));
    assert!(deep.nodes.windows(2).all(|pair| pair[0].bottom() < pair[1].y));
    let wide = of(&graph(10_001, (1..=10_000).map(|node| (node, 0)).collect()));
    assert_eq!((wide.edges.len(), wide.references.len()), (0, 10_000));
}

#[test]
fn cancelled() {
    let token = Token::new();
    token.cancel();
    assert_eq!(layout(&chain(3), &token), Err(Cancelled));
}
