//! One part of the graph as layers of vertices: its nodes, and a bend for every layer that a link
//! passes on its way.

use super::adjacency::Adjacency;
use super::parts::Part;
use super::{Link, NodeSize, Spacing};

#[derive(Clone, Debug)]
pub(super) struct Layered {
    /// The vertices of each layer from left to right. The first vertices are the part's nodes, in
    /// its order; the others are bends.
    pub layers: Vec<Vec<u32>>,
    pub rank: Vec<u32>,
    /// Place of each vertex in its layer.
    pub position: Vec<u32>,
    /// Room to either side of a vertex's middle, half of the gap to its neighbour included.
    pub half: Vec<f64>,
    /// Vertices one layer up, and one layer down; the edges are segments of links.
    pub up: Adjacency,
    pub down: Adjacency,
    pub segments: usize,
    /// Number of nodes.
    pub nodes: u32,
    /// For each of the part's links its ends as vertices, and its first bend; the others follow.
    pub chains: Vec<Chain>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Chain {
    pub upper: u32,
    pub lower: u32,
    pub first_bend: u32,
    pub bends: u32,
}

impl Layered {
    pub fn of(part: &Part, links: &[Link], ranks: &[u32], sizes: &[NodeSize], has_loop: &[bool], spacing: &Spacing) -> Self {
        let vertex_of = |node: u32| part.nodes.binary_search(&node).unwrap_or(0) as u32;
        let nodes = part.nodes.len() as u32;
        let mut rank: Vec<u32> = part.nodes.iter().map(|node| ranks[*node as usize]).collect();
        let half_of = |node: &u32| {
            // The middle stays in the middle: a loop takes room on both sides.
            let extra = if has_loop[*node as usize] { spacing.nodes / 2.0 } else { 0.0 };
            sizes[*node as usize].width / 2.0 + extra + spacing.nodes / 2.0
        };
        let mut half: Vec<f64> = part.nodes.iter().map(half_of).collect();
        let mut segments = Vec::with_capacity(part.links.len());
        let mut chains = Vec::with_capacity(part.links.len());
        for link in part.links.iter().map(|index| &links[*index as usize]) {
            let (upper, lower) = (vertex_of(link.upper), vertex_of(link.lower));
            let first_bend = rank.len() as u32;
            let mut above = upper;
            for layer in rank[upper as usize] + 1..rank[lower as usize] {
                let bend = rank.len() as u32;
                rank.push(layer);
                half.push(spacing.lines / 2.0);
                segments.push((above, bend));
                above = bend;
            }
            segments.push((above, lower));
            chains.push(Chain { upper, lower, first_bend, bends: rank.len() as u32 - first_bend });
        }
        let count = rank.len();
        let indexed = || (0u32..).zip(&segments);
        let up = Adjacency::new(count, indexed().map(|(segment, (above, below))| (*below, *above, segment)));
        let down = Adjacency::new(count, indexed().map(|(segment, (above, below))| (*above, *below, segment)));
        let mut layered =
            Self { layers: Vec::new(), position: vec![0; count], rank, half, up, down, segments: segments.len(), nodes, chains };
        layered.layers = vec![Vec::new(); layered.rank.iter().max().map_or(0, |last| *last as usize + 1)];
        layered
    }

    pub fn is_bend(&self, vertex: u32) -> bool {
        vertex >= self.nodes
    }

    /// Number of vertices.
    pub fn len(&self) -> usize {
        self.rank.len()
    }

    /// Sets the positions of a layer's vertices after their order changed.
    pub fn number(&mut self, layer: usize) {
        for (position, vertex) in (0u32..).zip(&self.layers[layer]) {
            self.position[*vertex as usize] = position;
        }
    }
}
