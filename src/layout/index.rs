//! What of a layout is where, and what hangs together: so that a picture of 100,000 boxes is drawn,
//! pointed at and walked through at the cost of what is in sight.
//!
//! Seen from far away boxes become [`Run`]s: stretches of a row, each with the box that stands for it.
//! [`Index::band`] has them for rows of twice, four times, ... the finest height.

use std::collections::HashSet;

use super::adjacency::Adjacency;
use super::grid::Grid;
use super::{Layout, LayoutGraph, Point, Rect, Route};

/// Rows of the finest band, in points.
const FINEST_ROW: f64 = 64.0;

/// Made once for a layout.
#[derive(Clone, Debug, Default)]
pub struct Index {
    boxes: Vec<u32>,
    boxes_in: Grid,
    pieces: Vec<Piece>,
    pieces_in: Grid,
    bands: Vec<Band>,
    consumers: Adjacency,
    producers: Adjacency,
    references_from: Adjacency,
    references_into: Adjacency,
}

/// A part of a drawn edge, from one of its points to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Index of [`Layout::edges`].
    pub route: u32,
    /// The first of the two points.
    pub point: u32,
}

/// Boxes seen from far away, in rows of one height.
#[derive(Clone, Debug, Default)]
pub struct Band {
    /// Of a row, in points.
    pub height: f64,
    /// By row, then from left to right.
    pub runs: Vec<Run>,
}

/// Boxes of a row that can't be told from one another at the row's height.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Run {
    /// The row's number from the top of the layout.
    pub row: i32,
    pub left: f32,
    pub right: f32,
    /// The box that stands for all: the largest one.
    pub node: u32,
    /// That box's area.
    weight: f32,
}

impl Index {
    pub fn of(graph: &LayoutGraph, layout: &Layout) -> Self {
        let pieces = pieces(layout);
        // A node that is drawn as a frame is no box: what lies in it is in the same place.
        let mut is_box = vec![true; layout.nodes.len()];
        for node in graph.frames.iter().filter_map(|frame| frame.node) {
            is_box.get_mut(node as usize).into_iter().for_each(|is_box| *is_box = false);
        }
        let boxes: Vec<(u32, Rect)> =
            (0..).zip(&layout.nodes).filter(|(node, _)| is_box[*node as usize]).map(|(node, rect)| (node, *rect)).collect();
        let rects = pieces.iter().map(|piece| piece.rect(layout));
        let count = layout.nodes.len();
        let edges = (0..).zip(&graph.edges).filter(|(_, (from, to))| (*from as usize) < count && (*to as usize) < count);
        let edges = edges.map(|(edge, (from, to))| (edge, *from, *to));
        let references = layout.references.iter().map(|reference| (reference.edge, reference.from, reference.to));
        Self {
            boxes_in: Grid::of(boxes.iter().map(|(_, rect)| *rect)),
            pieces_in: Grid::of(rects),
            bands: bands(layout, &boxes),
            boxes: boxes.into_iter().map(|(node, _)| node).collect(),
            consumers: Adjacency::new(count, edges.clone().map(|(edge, from, to)| (from, to, edge))),
            producers: Adjacency::new(count, edges.map(|(edge, from, to)| (to, from, edge))),
            references_from: Adjacency::new(count, references.clone().map(|(edge, from, to)| (from, to, edge))),
            references_into: Adjacency::new(count, references.map(|(edge, from, to)| (to, from, edge))),
            pieces,
        }
    }

    /// Calls `visit` with every box that touches `area`.
    pub fn boxes_in(&self, layout: &Layout, area: &Rect, mut visit: impl FnMut(u32)) {
        self.boxes_in.visit(area, 0.0, |number| {
            let node = self.boxes[number as usize];
            if layout.nodes[node as usize].touches(area) {
                visit(node);
            }
        });
    }

    /// Calls `visit` with every piece of an edge that touches `area` and is at least so long.
    pub fn pieces_in(&self, layout: &Layout, area: &Rect, least: f64, mut visit: impl FnMut(Piece)) {
        self.pieces_in.visit(area, least, |number| {
            let piece = self.pieces[number as usize];
            let rect = piece.rect(layout);
            if rect.touches(area) && rect.width.max(rect.height) >= least {
                visit(piece);
            }
        });
    }

    /// The box at a point.
    pub fn box_at(&self, layout: &Layout, at: Point) -> Option<u32> {
        let mut found = None;
        self.boxes_in(layout, &Rect { x: at.x, y: at.y, width: 0.0, height: 0.0 }, |node| found = Some(node));
        found
    }

    /// The finest band whose rows are at least so high; the coarsest if there is none.
    pub fn band(&self, least_height: f64) -> Option<&Band> {
        self.bands.iter().find(|band| band.height >= least_height).or(self.bands.last())
    }

    /// Nodes that read what this one makes, each with the graph's edge to it.
    pub fn consumers(&self, node: u32) -> &[(u32, u32)] {
        self.consumers.of(node)
    }

    /// Nodes that make what this one reads, each with the graph's edge from it.
    pub fn producers(&self, node: u32) -> &[(u32, u32)] {
        self.producers.of(node)
    }

    /// The readers of a node that no line is drawn to, each with the graph's edge.
    pub fn references_from(&self, node: u32) -> &[(u32, u32)] {
        self.references_from.of(node)
    }

    /// The makers of what a node reads that no line is drawn from, each with the graph's edge.
    pub fn references_into(&self, node: u32) -> &[(u32, u32)] {
        self.references_into.of(node)
    }

    /// Everything that leads to a node, and everything that it leads to: nodes, itself among them, in
    /// no order. Of very many those that are fewest steps away, about `most` of each.
    pub fn path(&self, node: u32, most: usize) -> (HashSet<u32>, HashSet<u32>) {
        (reach(node, most, |node| self.producers(node)), reach(node, most, |node| self.consumers(node)))
    }
}

fn reach<'a>(from: u32, most: usize, next: impl Fn(u32) -> &'a [(u32, u32)]) -> HashSet<u32> {
    let mut seen = HashSet::from([from]);
    let mut front = vec![from];
    while !front.is_empty() && seen.len() < most {
        let mut coming = Vec::new();
        for node in front {
            coming.extend(next(node).iter().map(|(other, _)| *other).filter(|other| seen.insert(*other)));
        }
        front = coming;
    }
    seen
}

impl Piece {
    pub fn ends(&self, layout: &Layout) -> [Point; 2] {
        let points = &layout.edges[self.route as usize].points;
        [points[self.point as usize], points[self.point as usize + 1]]
    }

    /// Whether the edge ends with it.
    pub fn is_last(&self, layout: &Layout) -> bool {
        self.point as usize + 2 == layout.edges[self.route as usize].points.len()
    }

    pub fn rect(&self, layout: &Layout) -> Rect {
        let [a, b] = self.ends(layout);
        Rect { x: a.x.min(b.x), y: a.y.min(b.y), width: (a.x - b.x).abs(), height: (a.y - b.y).abs() }
    }
}

impl Band {
    /// The runs that touch an area.
    pub fn in_area(&self, area: &Rect) -> impl Iterator<Item = &Run> {
        let row = |y: f64| (y / self.height).floor() as i32;
        let (first, last) = (row(area.y), row(area.bottom()));
        let (left, right) = (area.x as f32, area.right() as f32);
        let start = self.runs.partition_point(|run| run.row < first);
        self.runs[start..].iter().take_while(move |run| run.row <= last).filter(move |run| run.right >= left && run.left <= right)
    }
}

/// The pieces of all edges; where edges of one node run together, once.
fn pieces(layout: &Layout) -> Vec<Piece> {
    let mut edges_of = vec![0u32; layout.nodes.len()];
    layout.edges.iter().for_each(|route| edges_of[route.from as usize] += 1);
    let mut seen = HashSet::new();
    let mut pieces = Vec::new();
    for (number, route) in (0..).zip(&layout.edges) {
        let may_repeat = edges_of[route.from as usize] > 1;
        for point in 0..route.points.len().saturating_sub(1) {
            if !may_repeat || seen.insert((route.from, bits(route, point), bits(route, point + 1))) {
                pieces.push(Piece { route: number, point: point as u32 });
            }
        }
    }
    pieces
}

fn bits(route: &Route, point: usize) -> [u64; 2] {
    [route.points[point].x.to_bits(), route.points[point].y.to_bits()]
}

/// Every band from the finest to the one in which the layout is a few rows.
fn bands(layout: &Layout, boxes: &[(u32, Rect)]) -> Vec<Band> {
    const FEWEST_ROWS: f64 = 16.0;
    let run = |(node, rect): &(u32, Rect)| Run {
        row: (rect.center().y / FINEST_ROW).floor() as i32,
        left: rect.x as f32,
        right: rect.right() as f32,
        node: *node,
        weight: (rect.width * rect.height) as f32,
    };
    let mut bands = vec![band(FINEST_ROW, boxes.iter().map(run).collect())];
    let extent = layout.size.width.max(layout.size.height);
    while let Some(last) = bands.last().filter(|band| band.height * FEWEST_ROWS < extent) {
        let runs = last.runs.iter().map(|run| Run { row: run.row.div_euclid(2), ..*run }).collect();
        bands.push(band(last.height * 2.0, runs));
    }
    bands
}

fn band(height: f64, mut runs: Vec<Run>) -> Band {
    runs.sort_by(|a, b| a.row.cmp(&b.row).then(a.left.total_cmp(&b.left)));
    let cell = height as f32;
    let mut merged: Vec<Run> = Vec::with_capacity(runs.len());
    for run in runs {
        match merged.last_mut() {
            Some(last) if last.row == run.row && run.left - last.right < cell && last.is_one_with(&run, cell) => {
                last.right = last.right.max(run.right);
                if run.weight > last.weight {
                    (last.node, last.weight) = (run.node, run.weight);
                }
            }
            _ => merged.push(run),
        }
    }
    merged.shrink_to_fit();
    Band { height, runs: merged }
}

impl Run {
    /// Whether two neighbours overlap, or one is too small to be seen alone.
    fn is_one_with(&self, next: &Self, cell: f32) -> bool {
        next.left < self.right || self.right - self.left < cell || next.right - next.left < cell
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jobs::Token;
    use crate::layout::{NodeSize, layout};

    /// A ladder: two chains with a rung at each step, and a hub above.
    fn ladder(steps: u32) -> (LayoutGraph, Layout) {
        let mut graph = LayoutGraph { nodes: vec![NodeSize { width: 100.0, height: 40.0 }; 2 * steps as usize], ..LayoutGraph::default() };
        for step in 0..steps {
            let (left, right) = (2 * step, 2 * step + 1);
            graph.edges.push((left, right));
            if step + 1 < steps {
                graph.edges.extend([(left, left + 2), (right, right + 2)]);
            }
        }
        let picture = layout(&graph, &Token::new()).unwrap();
        (graph, picture)
    }

    #[test]
    fn boxes_and_pieces_in_sight_are_those_that_touch_it() {
        let (graph, picture) = ladder(100);
        let index = Index::of(&graph, &picture);
        let area = Rect { x: -10.0, y: picture.size.height / 3.0, width: picture.size.width + 20.0, height: 500.0 };
        let mut boxes = Vec::new();
        index.boxes_in(&picture, &area, |node| boxes.push(node));
        boxes.sort_unstable();
        let wanted: Vec<u32> = (0..).zip(&picture.nodes).filter(|(_, rect)| rect.touches(&area)).map(|(node, _)| node).collect();
        assert_eq!(boxes, wanted);
        let mut pieces = 0;
        index.pieces_in(&picture, &area, 0.0, |_| pieces += 1);
        let all = picture.edges.iter().flat_map(|route| route.points.windows(2));
        let touching = all.filter(|pair| {
            let (a, b) = (pair[0], pair[1]);
            Rect { x: a.x.min(b.x), y: a.y.min(b.y), width: (a.x - b.x).abs(), height: (a.y - b.y).abs() }.touches(&area)
        });
        // Edges without lines of their own share nothing but the pieces that are alike.
        assert!(pieces > 0 && pieces <= touching.count());
    }

    #[test]
    fn a_point_finds_its_box() {
        let (graph, picture) = ladder(10);
        let index = Index::of(&graph, &picture);
        for (node, rect) in (0..).zip(&picture.nodes) {
            assert_eq!(index.box_at(&picture, rect.center()), Some(node));
        }
        assert_eq!(index.box_at(&picture, Point { x: -1e9, y: 3.0 }), None);
    }

    #[test]
    fn neighbours_and_paths() {
        let (graph, picture) = ladder(3);
        let index = Index::of(&graph, &picture);
        let nodes = |found: &[(u32, u32)]| found.iter().map(|(node, _)| *node).collect::<Vec<_>>();
        assert_eq!(nodes(index.consumers(2)), [3, 4]);
        assert_eq!(nodes(index.producers(3)), [1, 2]);
        let (up, down) = index.path(3, 100);
        assert_eq!(up, HashSet::from([0, 1, 2, 3]));
        assert_eq!(down, HashSet::from([3, 5]));
        assert!(index.path(0, 2).1.len() < 6, "a long way is cut");
    }

    /// However far away, every box is within a run of its row, and coarse bands are short.
    #[test]
    fn every_box_is_in_a_run_of_every_band() {
        let (graph, picture) = ladder(1000);
        let index = Index::of(&graph, &picture);
        assert!(index.bands.len() > 5);
        for band in &index.bands {
            for rect in &picture.nodes {
                let row = (rect.center().y / band.height).floor() as i32;
                let holds = |run: &&Run| run.row == row && run.left <= rect.x as f32 && run.right >= rect.right() as f32;
                assert_eq!(band.runs.iter().filter(holds).count(), 1, "{rect:?} at {}", band.height);
            }
            let whole = Rect { x: 0.0, y: 0.0, width: picture.size.width, height: picture.size.height };
            assert_eq!(band.in_area(&whole).count(), band.runs.len());
        }
        assert!(index.bands.last().unwrap().runs.len() <= 32);
        assert_eq!(index.band(1e12).unwrap().height, index.bands.last().unwrap().height);
        assert_eq!(index.band(100.0).unwrap().height, 128.0);
    }

    #[test]
    fn nothing_is_in_an_empty_layout() {
        let index = Index::of(&LayoutGraph::default(), &Layout::default());
        assert_eq!(index.box_at(&Layout::default(), Point::default()), None);
        assert!(index.band(1.0).unwrap().runs.is_empty());
    }
}
