//! Neighbours of every node, in one array.

/// For each node its neighbours and the edges that lead to them, in the order of the edges.
#[derive(Clone, Debug, Default)]
pub(super) struct Adjacency {
    /// Where each node's neighbours begin, and at last the end.
    starts: Vec<usize>,
    entries: Vec<(u32, u32)>,
}

impl Adjacency {
    /// From edges as (node, neighbour, edge); both nodes are below `count`.
    pub fn new(count: usize, edges: impl Iterator<Item = (u32, u32, u32)> + Clone) -> Self {
        let mut starts = vec![0usize; count + 1];
        for (node, _, _) in edges.clone() {
            starts[node as usize + 1] += 1;
        }
        for node in 0..count {
            starts[node + 1] += starts[node];
        }
        let mut next = starts.clone();
        let mut entries = vec![(0, 0); starts[count]];
        for (node, neighbour, edge) in edges {
            let slot = &mut next[node as usize];
            entries[*slot] = (neighbour, edge);
            *slot += 1;
        }
        Self { starts, entries }
    }

    /// Neighbour and edge.
    pub fn of(&self, node: u32) -> &[(u32, u32)] {
        &self.entries[self.starts[node as usize]..self.starts[node as usize + 1]]
    }

    pub fn len(&self, node: u32) -> usize {
        self.of(node).len()
    }

    /// Puts every node's neighbours in ascending order of `key`.
    pub fn sort_by_key(&mut self, key: impl Fn(u32) -> u32) {
        for bounds in self.starts.windows(2) {
            self.entries[bounds[0]..bounds[1]].sort_by_key(|(neighbour, _)| key(*neighbour));
        }
    }
}
