//! Puts the vertices of each layer in an order with few crossings.
//!
//! A depth-first search gives the first order; then layers are swept down and up, each vertex going
//! to the barycentre of its neighbours (Sugiyama and others 1981), and the best order seen is kept;
//! at last neighbours swap places where that saves crossings. The number of sweeps falls with the
//! size of the graph.

use super::adjacency::Adjacency;
use super::layered::Layered;
use crate::jobs::{Cancelled, Token};

pub(super) fn order(layered: &mut Layered, token: &Token) -> Result<(), Cancelled> {
    /// Segments and vertices looked at in all sweeps together.
    const EFFORT: usize = 12_000_000;
    const MOST_SWEEPS: usize = 24;
    /// Sweeps without a better order after which to stop.
    const PATIENCE: usize = 6;
    first_order(layered);
    let sweeps = (EFFORT / (layered.segments + layered.len() + 1)).clamp(4, MOST_SWEEPS);
    let mut best = layered.layers.clone();
    let mut fewest = crossings(layered);
    let mut since_best = 0;
    for sweep in 0..sweeps {
        if fewest == 0 || since_best >= PATIENCE {
            break;
        }
        let keeps_ties = sweep % 4 < 2;
        if sweep % 2 == 0 {
            for layer in 1..layered.layers.len() {
                to_barycentres(layered, layer, true, keeps_ties);
            }
        } else {
            for layer in (0..layered.layers.len().saturating_sub(1)).rev() {
                to_barycentres(layered, layer, false, keeps_ties);
            }
        }
        token.check()?;
        let now = crossings(layered);
        if now < fewest {
            fewest = now;
            best.clone_from(&layered.layers);
            since_best = 0;
        } else {
            since_best += 1;
        }
    }
    layered.layers = best;
    (0..layered.layers.len()).for_each(|layer| layered.number(layer));
    if fewest > 0 {
        swap_neighbours(layered, token)?;
    }
    Ok(())
}

/// Vertices in the order in which a depth-first search comes upon them.
fn first_order(layered: &mut Layered) {
    let mut is_seen = vec![false; layered.len()];
    let mut starts: Vec<u32> = (0..layered.len() as u32).filter(|vertex| layered.up.len(*vertex) == 0).collect();
    starts.sort_by_key(|vertex| layered.rank[*vertex as usize]);
    let mut stack = Vec::new();
    for start in starts {
        stack.push(start);
        while let Some(vertex) = stack.pop() {
            if std::mem::replace(&mut is_seen[vertex as usize], true) {
                continue;
            }
            layered.layers[layered.rank[vertex as usize] as usize].push(vertex);
            stack.extend(layered.down.of(vertex).iter().rev().map(|(below, _)| *below).filter(|below| !is_seen[*below as usize]));
        }
    }
    (0..layered.layers.len()).for_each(|layer| layered.number(layer));
}

/// Sorts a layer by the mean position of each vertex's neighbours one layer up, or down. Vertices
/// without any keep their places.
fn to_barycentres(layered: &mut Layered, layer: usize, is_from_above: bool, keeps_ties: bool) {
    let neighbours = if is_from_above { &layered.up } else { &layered.down };
    let position = &layered.position;
    let barycentre = |vertex: u32| {
        let of = neighbours.of(vertex);
        let sum: f64 = of.iter().map(|(neighbour, _)| f64::from(position[*neighbour as usize])).sum();
        (!of.is_empty()).then(|| sum / of.len() as f64)
    };
    let mut moving: Vec<(f64, u32, u32)> =
        layered.layers[layer].iter().filter_map(|vertex| Some((barycentre(*vertex)?, position[*vertex as usize], *vertex))).collect();
    moving.sort_by(|a, b| a.0.total_cmp(&b.0).then(if keeps_ties { a.1.cmp(&b.1) } else { b.1.cmp(&a.1) }));
    let mut moved = moving.into_iter().map(|(_, _, vertex)| vertex);
    for slot in &mut layered.layers[layer] {
        if neighbours.len(*slot) > 0 {
            *slot = moved.next().unwrap_or(*slot);
        }
    }
    layered.number(layer);
}

/// Crossings of all segments: between two layers, the inversions in the lower ends when the
/// segments are in the order of their upper ends (Barth, Jünger and Mutzel 2002).
fn crossings(layered: &Layered) -> u64 {
    let mut total = 0;
    let mut tree: Vec<u32> = Vec::new();
    let mut ends: Vec<u32> = Vec::new();
    for pair in layered.layers.windows(2) {
        tree.clear();
        tree.resize(pair[1].len() + 1, 0);
        let mut seen = 0u64;
        for vertex in &pair[0] {
            ends.clear();
            ends.extend(layered.down.of(*vertex).iter().map(|(below, _)| layered.position[*below as usize]));
            for end in &ends {
                // Segments that began further left and end further right.
                total += seen - prefix(&tree, *end as usize + 1);
            }
            for end in &ends {
                let mut slot = *end as usize + 1;
                while let Some(count) = tree.get_mut(slot) {
                    *count += 1;
                    slot += slot & slot.wrapping_neg();
                }
                seen += 1;
            }
        }
    }
    total
}

/// The sum of the first `slot` counts of a Fenwick tree.
fn prefix(tree: &[u32], mut slot: usize) -> u64 {
    let mut sum = 0;
    while slot > 0 {
        sum += u64::from(tree[slot]);
        slot &= slot - 1;
    }
    sum
}

/// Swaps neighbours in a layer while that saves crossings, a few times through the graph.
fn swap_neighbours(layered: &mut Layered, token: &Token) -> Result<(), Cancelled> {
    const ROUNDS: usize = 6;
    for _ in 0..ROUNDS {
        let mut is_better = false;
        for layer in 0..layered.layers.len() {
            for place in 1..layered.layers[layer].len() {
                let (left, right) = (layered.layers[layer][place - 1], layered.layers[layer][place]);
                let (above, below) = (&layered.up, &layered.down);
                let count = |a, b| pair_crossings(above, &layered.position, a, b) + pair_crossings(below, &layered.position, a, b);
                if count(right, left) < count(left, right) {
                    layered.layers[layer].swap(place - 1, place);
                    layered.position.swap(left as usize, right as usize);
                    is_better = true;
                }
            }
        }
        token.check()?;
        if !is_better {
            break;
        }
    }
    Ok(())
}

/// Crossings between the segments of two vertices of a layer, `left` standing left of `right`.
fn pair_crossings(neighbours: &Adjacency, position: &[u32], left: u32, right: u32) -> usize {
    // No vertex has many drawn neighbours (hubs have none), so every pair may be looked at.
    let at = |vertex: &(u32, u32)| position[vertex.0 as usize];
    neighbours.of(left).iter().map(|a| neighbours.of(right).iter().filter(|b| at(a) > at(b)).count()).sum()
}
