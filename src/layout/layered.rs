//! Layers of vertices: the nodes of one part of the graph, and a bend for every layer that a line
//! passes on its way.
//!
//! Links of one tensor run along one trunk: they share bends as far as they go the same way, as
//! wires of one net do in a circuit diagram.

use super::Spacing;
use super::adjacency::Adjacency;
use super::level::Level;
use super::parts::Part;

#[derive(Clone, Debug)]
pub(super) struct Layered {
    /// The vertices of each layer, from left to right once they are ordered. The first vertices are
    /// nodes; the others are bends.
    pub layers: Vec<Vec<u32>>,
    pub rank: Vec<u32>,
    /// Place of each vertex in its layer.
    pub position: Vec<u32>,
    /// Room to either side of a vertex's middle, half of the gap to its neighbour included.
    pub half: Vec<f64>,
    /// Vertices one layer up, and one layer down, each with the index of the segment of line between.
    pub up: Adjacency,
    pub down: Adjacency,
    /// Number of segments.
    pub segments: usize,
    /// How many edges run along each segment. Empty if none has more than one.
    weights: Vec<u32>,
    /// Of segments at frames: where they end, from the middle of their upper and of their lower vertex.
    /// Empty if there are none of the kind.
    fixed: Vec<Ends>,
    /// For each segment the places of its ends among those at its upper vertex, and at its lower one; 0
    /// where they may end anywhere. Empty if all may.
    ports: Vec<(u32, u32)>,
    /// Number of nodes.
    pub nodes: u32,
}

/// Where a segment ends, above and below, if that is given.
pub(super) type Ends = (Option<f64>, Option<f64>);

/// A piece of a line, from one layer to the next.
#[derive(Clone, Copy, Debug)]
pub(super) struct Segment {
    pub upper: u32,
    pub lower: u32,
    pub ends: Ends,
    /// How many edges run along it.
    pub weight: u32,
}

/// A link of a part: its ends as vertices, and its first bend; its other bends follow that one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Chain {
    pub upper: u32,
    pub lower: u32,
    pub first_bend: u32,
    pub bends: u32,
    /// The segments at its ends; one and the same if there are no bends.
    pub first_segment: u32,
    pub last_segment: u32,
}

impl Layered {
    /// The vertices of a part in ascending order in their layers, and the chains of its links.
    pub fn of(part: &Part, level: &Level<'_>, spacing: &Spacing) -> (Self, Vec<Chain>) {
        let Level { sizes, links, ranks, has_loop, .. } = *level;
        let vertex_of = |node: u32| part.nodes.binary_search(&node).unwrap_or(0) as u32;
        let mut rank: Vec<u32> = part.nodes.iter().map(|node| ranks[*node as usize]).collect();
        let half_of = |node: &u32| {
            if level.is_port(*node) {
                return spacing.lines / 2.0;
            }
            // The middle stays in the middle: a loop takes room on both sides.
            let extra = if has_loop[*node as usize] { spacing.nodes / 2.0 } else { 0.0 };
            sizes[*node as usize].width / 2.0 + extra + spacing.nodes / 2.0
        };
        let mut half: Vec<f64> = part.nodes.iter().map(half_of).collect();
        let mut segments: Vec<Segment> = Vec::with_capacity(part.links.len());
        let mut chains = vec![Chain { upper: 0, lower: 0, first_bend: 0, bends: 0, first_segment: 0, last_segment: 0 }; part.links.len()];
        // Links of one trunk are neighbours in this order, so that the trunk grows with each.
        let mut order: Vec<usize> = (0..part.links.len()).collect();
        let link = |index: usize| &links[part.links[index] as usize];
        order.sort_by_key(|index| (link(*index).trunk(), ranks[link(*index).lower as usize], *index));
        for trunk in order.chunk_by(|a, b| link(*a).trunk() == link(*b).trunk()) {
            let upper = vertex_of(link(trunk[0]).upper);
            let first_bend = rank.len() as u32;
            let mut bent: Option<u32> = None;
            let mut end = upper;
            for (number, index) in trunk.iter().enumerate() {
                let lower = vertex_of(link(*index).lower);
                while rank[end as usize] + 1 < rank[lower as usize] {
                    let bend = rank.len() as u32;
                    rank.push(rank[end as usize] + 1);
                    half.push(spacing.lines / 2.0);
                    bent.get_or_insert(segments.len() as u32);
                    // This link runs along it, and all that follow, which are longer.
                    let weight = (trunk.len() - number) as u32;
                    segments.push(Segment { upper: end, lower: bend, ends: (link(*index).leaves.filter(|_| end == upper), None), weight });
                    end = bend;
                }
                let last_segment = segments.len() as u32;
                let first_segment = bent.unwrap_or(last_segment);
                let ends = (link(*index).leaves.filter(|_| end == upper), link(*index).enters);
                segments.push(Segment { upper: end, lower, ends, weight: 1 });
                let bends = rank.len() as u32 - first_bend;
                chains[*index] = Chain { upper, lower, first_bend, bends, first_segment, last_segment };
            }
        }
        (Self::new(part.nodes.len() as u32, rank, half, &segments), chains)
    }

    /// Vertices in ascending order in their layers.
    pub fn new(nodes: u32, rank: Vec<u32>, half: Vec<f64>, segments: &[Segment]) -> Self {
        let count = rank.len();
        let indexed = || (0u32..).zip(segments);
        let has_fixed = segments.iter().any(|segment| segment.ends != (None, None));
        let has_weights = segments.iter().any(|segment| segment.weight > 1);
        let mut layers = vec![Vec::new(); rank.iter().max().map_or(0, |last| *last as usize + 1)];
        (0u32..).zip(&rank).for_each(|(vertex, layer)| layers[*layer as usize].push(vertex));
        let mut layered = Self {
            layers,
            position: vec![0; count],
            rank,
            half,
            up: Adjacency::new(count, indexed().map(|(index, segment)| (segment.lower, segment.upper, index))),
            down: Adjacency::new(count, indexed().map(|(index, segment)| (segment.upper, segment.lower, index))),
            segments: segments.len(),
            weights: segments.iter().filter(|_| has_weights).map(|segment| segment.weight).collect(),
            fixed: segments.iter().filter(|_| has_fixed).map(|segment| segment.ends).collect(),
            ports: Vec::new(),
            nodes,
        };
        layered.number_ports();
        (0..layered.layers.len()).for_each(|layer| layered.number(layer));
        layered
    }

    /// Where a segment ends, above and below, from the middles of its vertices, if that is given.
    pub fn fixed(&self, segment: u32) -> Ends {
        self.fixed.get(segment as usize).copied().unwrap_or_default()
    }

    /// How many edges run along a segment.
    pub fn weight(&self, segment: u32) -> u32 {
        self.weights.get(segment as usize).copied().unwrap_or(1)
    }

    /// The places of a segment's ends among those at its upper vertex, and at its lower one.
    pub fn port(&self, segment: u32) -> (u32, u32) {
        self.ports.get(segment as usize).copied().unwrap_or_default()
    }

    pub fn has_fixed_ends(&self) -> bool {
        !self.fixed.is_empty()
    }

    fn number_ports(&mut self) {
        if self.fixed.is_empty() {
            return;
        }
        self.ports = vec![(0, 0); self.segments];
        let mut ends: Vec<(f64, u32)> = Vec::new();
        for vertex in 0..self.nodes {
            for is_below in [true, false] {
                let side = if is_below { &self.down } else { &self.up };
                let end = |segment: u32| if is_below { self.fixed[segment as usize].0 } else { self.fixed[segment as usize].1 };
                ends.clear();
                ends.extend(side.of(vertex).iter().filter_map(|(_, segment)| Some((end(*segment)?, *segment))));
                ends.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
                let mut number = 0;
                for index in 0..ends.len() {
                    // Segments of one line leave at one place.
                    number += u32::from(index > 0 && ends[index].0 > ends[index - 1].0);
                    let port = &mut self.ports[ends[index].1 as usize];
                    *(if is_below { &mut port.0 } else { &mut port.1 }) = number;
                }
            }
        }
    }

    pub fn is_bend(&self, vertex: u32) -> bool {
        vertex >= self.nodes
    }

    /// Number of vertices.
    pub fn len(&self) -> usize {
        self.rank.len()
    }

    /// From the left side of the leftmost vertex to the right side of the rightmost one.
    pub fn width(&self, xs: &[f64]) -> f64 {
        let sides = xs.iter().zip(&self.half).map(|(x, half)| (x - half, x + half));
        let (left, right) = sides.fold((f64::INFINITY, f64::NEG_INFINITY), |(left, right), (a, b)| (left.min(a), right.max(b)));
        (right - left).max(0.0)
    }

    /// How long all lines are together, if layers were as far from each other as columns often are.
    pub fn run(&self, xs: &[f64]) -> f64 {
        const PITCH: f64 = 80.0;
        let length = |vertex: u32, below: u32, segment: u32| {
            f64::from(self.weight(segment)) * (xs[vertex as usize] - xs[below as usize]).hypot(PITCH)
        };
        (0..self.len() as u32)
            .flat_map(|vertex| self.down.of(vertex).iter().map(move |(below, segment)| length(vertex, *below, *segment)))
            .sum()
    }

    /// All that orders and columns follow from: two that are equal in it are laid out alike.
    pub fn key(&self) -> Vec<u64> {
        let mut key = vec![u64::from(self.nodes)];
        for vertex in 0..self.len() as u32 {
            key.extend([u64::from(self.rank[vertex as usize]), self.half[vertex as usize].to_bits()]);
            for (below, segment) in self.down.of(vertex) {
                let (leaves, enters) = self.fixed(*segment);
                key.push(u64::from(*below) << 32 | u64::from(self.weight(*segment)));
                if self.has_fixed_ends() {
                    // No number has the bits of -1.
                    key.extend([leaves, enters].map(|end| end.map_or(u64::MAX, f64::to_bits)));
                }
            }
        }
        key
    }

    /// Puts the layers in the order of the vertices' columns.
    pub fn order_by(&mut self, xs: &[f64]) {
        for layer in 0..self.layers.len() {
            self.layers[layer].sort_by(|a, b| xs[*a as usize].total_cmp(&xs[*b as usize]));
            self.number(layer);
        }
    }

    /// Sets the positions of a layer's vertices after their order changed.
    pub fn number(&mut self, layer: usize) {
        for (position, vertex) in (0u32..).zip(&self.layers[layer]) {
            self.position[*vertex as usize] = position;
        }
    }

    /// The first and last layers of the sections between layers of a single vertex. Such a layer
    /// belongs to the section above and to the one below: neither order nor columns of the one have
    /// to do with the other but for where that vertex stands, so each is solved alone, and alike
    /// blocks of a model come out alike.
    pub fn sections(&self) -> Vec<(usize, usize)> {
        let last = self.layers.len().saturating_sub(1);
        let narrow = (0..self.layers.len()).filter(|layer| self.layers[*layer].len() == 1);
        let mut cuts: Vec<usize> = std::iter::once(0).chain(narrow).chain([last]).collect();
        cuts.dedup();
        if cuts.len() < 2 {
            return vec![(0, last)];
        }
        cuts.windows(2).map(|pair| (pair[0], pair[1])).collect()
    }

    /// One section by itself, and for each of its vertices the one that it is here. `place_in` is
    /// memory as long as there are vertices.
    pub fn section(&self, (first, last): (usize, usize), place_in: &mut [u32]) -> (Self, Vec<u32>) {
        let mut members: Vec<u32> = self.layers[first..=last].iter().flatten().copied().collect();
        members.sort_unstable();
        (0u32..).zip(&members).for_each(|(own, vertex)| place_in[*vertex as usize] = own);
        let nodes = members.partition_point(|vertex| !self.is_bend(*vertex)) as u32;
        let rank = members.iter().map(|vertex| self.rank[*vertex as usize] - first as u32).collect();
        let half = members.iter().map(|vertex| self.half[*vertex as usize]).collect();
        let above = members.iter().filter(|vertex| (self.rank[**vertex as usize] as usize) < last);
        let segments: Vec<Segment> = above
            .flat_map(|vertex| self.down.of(*vertex).iter().map(|(below, segment)| (*vertex, *below, *segment)))
            .map(|(above, below, segment)| Segment {
                upper: place_in[above as usize],
                lower: place_in[below as usize],
                ends: self.fixed(segment),
                weight: self.weight(segment),
            })
            .collect();
        (Self::new(nodes, rank, half, &segments), members)
    }
}
