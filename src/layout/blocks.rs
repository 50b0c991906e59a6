//! Orders whole lines at once: global sifting (Bachmaier, Brandenburg, Brunner and Hübner 2011).
//!
//! A box is a block, and so are all bends of a line together. All blocks of a graph stand in one order,
//! from left to right, of which every layer has its part; so no line winds around another. Each block in
//! turn is taken out and put back where it causes the fewest crossings, in all its layers together. What
//! moving vertices layer by layer can't reach, since each step on the way would be worse, is one step here.

use super::layered::Layered;
use super::order::Lot;

/// Of how many blocks one is moved by lot.
const ONE_OF: usize = 16;

/// The blocks of a graph, in their order.
pub(super) struct Blocks {
    /// The block of each vertex.
    of: Vec<u32>,
    /// The vertices of each block, from its first layer down.
    members: Vec<Vec<u32>>,
    first: Vec<u32>,
    order: Vec<u32>,
    /// Place of each block in the order.
    place: Vec<u32>,
}

impl Blocks {
    /// Orders blocks by where their vertices stand in their layers, in the mean.
    pub fn of(layered: &Layered) -> Self {
        let mut of = vec![0; layered.len()];
        let mut members: Vec<Vec<u32>> = Vec::new();
        let mut first = Vec::new();
        // From above: a bend comes after the bend that it continues.
        for (rank, layer) in (0u32..).zip(&layered.layers) {
            for vertex in layer.iter().copied() {
                let above = layered.up.of(vertex).first().map(|(above, _)| *above);
                let line = above.filter(|above| layered.is_bend(vertex) && layered.is_bend(*above));
                let block = line.map_or(members.len(), |above| of[above as usize] as usize);
                if line.is_none() {
                    members.push(Vec::new());
                    first.push(rank);
                }
                members[block].push(vertex);
                of[vertex as usize] = block as u32;
            }
        }
        let mut blocks = Self { of, members, first, order: Vec::new(), place: Vec::new() };
        blocks.order = (0..blocks.members.len() as u32).collect();
        blocks.place = blocks.order.clone();
        blocks.take_over(layered);
        blocks
    }

    /// Takes the order from that of the layers.
    pub fn take_over(&mut self, layered: &Layered) {
        let mean = |block: u32| {
            let members = &self.members[block as usize];
            let part = |vertex: &u32| {
                let len = layered.layers[layered.rank[*vertex as usize] as usize].len();
                (f64::from(layered.position[*vertex as usize]) + 0.5) / len as f64
            };
            members.iter().map(part).sum::<f64>() / members.len() as f64
        };
        let mut order: Vec<(f64, u32)> = (0..self.members.len() as u32).map(|block| (mean(block), block)).collect();
        order.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        self.order = order.into_iter().map(|(_, block)| block).collect();
        self.number();
    }

    /// Puts the layers in the order of the blocks.
    pub fn hand_over(&self, layered: &mut Layered) {
        for layer in 0..layered.layers.len() {
            layered.layers[layer].sort_by_key(|vertex| self.place[self.of[*vertex as usize] as usize]);
            layered.number(layer);
        }
    }

    /// Moves some blocks to other places in the order, by lot.
    pub fn mix(&mut self, lot: &mut Lot) {
        let count = self.order.len();
        for _ in 0..(count / ONE_OF).max(2) {
            let block = self.order.remove(lot.draw(count));
            self.order.insert(lot.draw(count), block);
        }
        self.number();
    }

    /// Moves some blocks to other places in all their layers, by lot; the others keep the order of the layers.
    pub fn shake(&self, layered: &mut Layered, lot: &mut Lot) {
        const PARTS: usize = 64;
        for _ in 0..(self.members.len() / ONE_OF).max(2) {
            let members = &self.members[lot.draw(self.members.len())];
            let part = lot.draw(PARTS);
            for vertex in members {
                let layer = layered.rank[*vertex as usize] as usize;
                let row = &mut layered.layers[layer];
                row.remove(layered.position[*vertex as usize] as usize);
                row.insert((row.len() + 1) * part / PARTS, *vertex);
                layered.number(layer);
            }
        }
    }

    fn number(&mut self) {
        for (place, block) in (0u32..).zip(&self.order) {
            self.place[*block as usize] = place;
        }
    }

    /// Sifts every block, again and again while that brings more and there is effort left.
    pub fn sift(&mut self, layered: &Layered, effort: &mut usize) {
        const ROUNDS: usize = 10;
        for _ in 0..ROUNDS {
            let mut saved = 0;
            for block in 0..self.members.len() as u32 {
                if *effort == 0 {
                    return;
                }
                saved += self.sift_one(layered, block, effort);
            }
            if saved == 0 {
                return;
            }
        }
    }

    /// Puts a block where it causes the fewest crossings; returns how many that saves.
    fn sift_one(&mut self, layered: &Layered, block: u32, effort: &mut usize) -> i64 {
        let start = self.place[block as usize] as usize;
        let mut best = (0i64, start);
        // To the left, then to the right, by what each step past a block changes.
        for is_left in [true, false] {
            let mut change = 0;
            let others = if is_left { 0..start } else { start + 1..self.order.len() };
            let count = others.len();
            *effort = effort.saturating_sub(count / 4);
            for step in 0..count {
                let place = if is_left { start - 1 - step } else { start + 1 + step };
                let (before, after) = self.crossings(layered, block, self.order[place], effort);
                change += if is_left { before - after } else { after - before };
                if change < best.0 {
                    best = (change, place);
                }
            }
        }
        if best.0 < 0 {
            if best.1 < start {
                self.order[best.1..=start].rotate_right(1);
            } else {
                self.order[start..=best.1].rotate_left(1);
            }
            let touched = best.1.min(start)..=best.1.max(start);
            for place in touched {
                self.place[self.order[place] as usize] = place as u32;
            }
        }
        -best.0
    }

    /// Crossings that depend on which of two neighbouring blocks is left of the other: with `a` before `b`, and
    /// after it. `a` stands beside `b` for that, wherever it stands now.
    fn crossings(&self, layered: &Layered, a: u32, b: u32, effort: &mut usize) -> (i64, i64) {
        let (in_a, in_b) = (&self.members[a as usize], &self.members[b as usize]);
        let (first_a, first_b) = (self.first[a as usize], self.first[b as usize]);
        let from = first_a.max(first_b);
        let to = (first_a + in_a.len() as u32).min(first_b + in_b.len() as u32);
        let (mut before, mut after) = (0, 0);
        let has_ports = layered.has_fixed_ends();
        let beside = i64::from(self.place[b as usize]) * 2;
        for layer in from..to {
            let (of_a, of_b) = (in_a[(layer - first_a) as usize], in_b[(layer - first_b) as usize]);
            for (side, is_above) in [(&layered.up, true), (&layered.down, false)] {
                // Where the far end of a segment stands, with `a` at a place.
                let key = |vertex: u32, segment: u32, place: i64| {
                    let block = self.of[vertex as usize];
                    let place = if block == a { place } else { i64::from(self.place[block as usize]) * 2 };
                    let port = if !has_ports {
                        0
                    } else if is_above {
                        layered.port(segment).0
                    } else {
                        layered.port(segment).1
                    };
                    (place << 32) | i64::from(port)
                };
                for (end_a, segment_a) in side.of(of_a) {
                    let (left, right) = (key(*end_a, *segment_a, beside - 1), key(*end_a, *segment_a, beside + 1));
                    for (end_b, segment_b) in side.of(of_b) {
                        let weight = i64::from(layered.weight(*segment_a)) * i64::from(layered.weight(*segment_b));
                        // If `b` continues to a block beside `a`, that is none of the two.
                        before += weight * i64::from(left > key(*end_b, *segment_b, beside - 1));
                        after += weight * i64::from(right < key(*end_b, *segment_b, beside + 1));
                    }
                }
                *effort = effort.saturating_sub(1 + side.len(of_a) * side.len(of_b));
            }
        }
        (before, after)
    }
}
