//! Puts the vertices of each layer in an order with few crossings.
//!
//! From several first orders layers are swept down and up, each vertex going to the barycentre of its
//! neighbours (Sugiyama and others 1981); then each vertex is sifted through its layer to where it
//! causes the fewest crossings (Matuszewski and others 1999). In between the best order so far is shaken,
//! and whole lines are sifted in it ([`super::blocks`]). The best of all is kept. The work is bounded by the
//! size of what is ordered.
//!
//! Where several edges run as one line, what crosses it crosses all of them, and counts as often.

use std::ops::Range;

use super::blocks::Blocks;
use super::layered::Layered;
use crate::jobs::{Cancelled, Token};

/// Looks at vertices and segments for each vertex and segment, and further ones where there are few.
const EFFORT: usize = 400;
const MORE_EFFORT: usize = 1_600;
const FEW: usize = 4_000;
/// In a picture of so few vertices there is time for more, for what is small in it above all.
const SMALL: usize = 16_384;
const SMALL_EFFORT: usize = 20_000;
const SMALL_FEW: usize = 1_200;
/// First orders that are tried, and so many in any case where there is time.
const STARTS: u32 = 96;
const LEAST_STARTS: u32 = 12;
/// Orders that are equally good by their crossings, of which columns decide.
const CHOICE: usize = 6;

/// Finds orders of the layers with the fewest crossings, the first one found first: one, or where there is
/// time several. `picture` is the number of vertices of all the picture.
///
/// # Errors
/// [`Cancelled`].
pub(super) fn orders(layered: &mut Layered, picture: usize, token: &Token) -> Result<Vec<Vec<Vec<u32>>>, Cancelled> {
    if layered.layers.iter().all(|layer| layer.len() < 2) {
        return Ok(vec![layered.layers.clone()]);
    }
    let size = layered.segments + layered.len();
    let is_small = picture <= SMALL;
    let mut effort = EFFORT * size + if is_small { SMALL_EFFORT * size.min(SMALL_FEW) } else { MORE_EFFORT * size.min(FEW) };
    let (choice, least) = if is_small { (CHOICE, LEAST_STARTS) } else { (1, 0) };
    let mut fewest = u64::MAX;
    let mut best: Vec<Vec<Vec<u32>>> = Vec::new();
    let mut lot = Lot(1);
    for start in 0..STARTS {
        // The best so far, shaken, and what was not tried yet take turns.
        match (start, best.first()) {
            (2.., Some(layers)) if start % 3 != 1 && size <= FEW => {
                layered.layers.clone_from(layers);
                (0..layered.layers.len()).for_each(|layer| layered.number(layer));
                let mut blocks = Blocks::of(layered);
                if start % 3 == 0 {
                    blocks.shake(layered, &mut lot);
                } else {
                    if start > 2 {
                        blocks.mix(&mut lot);
                    }
                    blocks.sift(layered, &mut effort);
                    blocks.hand_over(layered);
                }
            }
            _ => {
                begin(layered, start, &mut lot);
                sweep(layered, &mut effort, token)?;
            }
        }
        let crossings = polish(layered, &mut effort, token)?;
        orient(layered);
        if crossings < fewest {
            fewest = crossings;
            best.clear();
        }
        if crossings == fewest && best.len() < choice && !best.contains(&layered.layers) {
            best.push(layered.layers.clone());
        }
        if effort == 0 || (fewest == 0 && (start + 1 >= least || best.len() == choice)) {
            break;
        }
    }
    Ok(best)
}

/// Numbers as if drawn by lot, the same every time.
pub(super) struct Lot(u32);

impl Lot {
    /// A number below another one.
    pub fn draw(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 8) as usize % below.max(1)
    }
}

/// A first order. The first two come from depth-first searches downwards and upwards, the others are
/// drawn by lot, the same every time.
fn begin(layered: &mut Layered, start: u32, lot: &mut Lot) {
    if start < 2 {
        first_order(layered, start == 0);
    } else {
        for layer in &mut layered.layers {
            for place in (1..layer.len()).rev() {
                layer.swap(place, lot.draw(place + 1));
            }
        }
    }
    (0..layered.layers.len()).for_each(|layer| layered.number(layer));
}

/// Vertices in the order in which a depth-first search comes upon them.
fn first_order(layered: &mut Layered, is_downwards: bool) {
    let (ahead, back) = if is_downwards { (&layered.down, &layered.up) } else { (&layered.up, &layered.down) };
    let mut is_seen = vec![false; layered.len()];
    let mut starts: Vec<u32> = (0..layered.len() as u32).filter(|vertex| back.len(*vertex) == 0).collect();
    let last = layered.layers.len() as u32;
    starts.sort_by_key(|vertex| if is_downwards { layered.rank[*vertex as usize] } else { last - layered.rank[*vertex as usize] });
    layered.layers.iter_mut().for_each(Vec::clear);
    let mut stack = Vec::new();
    for start in starts {
        stack.push(start);
        while let Some(vertex) = stack.pop() {
            if std::mem::replace(&mut is_seen[vertex as usize], true) {
                continue;
            }
            layered.layers[layered.rank[vertex as usize] as usize].push(vertex);
            stack.extend(ahead.of(vertex).iter().rev().map(|(next, _)| *next).filter(|next| !is_seen[*next as usize]));
        }
    }
}

/// Sweeps until that brings no more, or the effort is used up.
fn sweep(layered: &mut Layered, effort: &mut usize, token: &Token) -> Result<(), Cancelled> {
    const MOST_SWEEPS: usize = 24;
    /// Sweeps without a better order after which to stop.
    const PATIENCE: usize = 5;
    let size = layered.segments + layered.len();
    let mut fewest = crossings(layered, 0..layered.layers.len());
    let mut best = layered.layers.clone();
    let mut since_best = 0;
    for sweep in 0..MOST_SWEEPS {
        if fewest == 0 || since_best >= PATIENCE || *effort == 0 {
            break;
        }
        let keeps_ties = sweep % 4 < 2;
        let layers = layered.layers.len();
        for step in 1..layers {
            let is_downwards = sweep % 2 == 0;
            to_barycentres(layered, if is_downwards { step } else { layers - 1 - step }, is_downwards, keeps_ties);
        }
        // Sorting and counting weigh more than looking.
        *effort = effort.saturating_sub(12 * size);
        token.check()?;
        let now = crossings(layered, 0..layered.layers.len());
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
    Ok(())
}

/// Sifts until that brings no more, or the effort is used up. Returns the crossings.
fn polish(layered: &mut Layered, effort: &mut usize, token: &Token) -> Result<u64, Cancelled> {
    let mut fewest = crossings(layered, 0..layered.layers.len());
    let paths = paths(layered);
    while fewest > 0 && *effort > 0 {
        let mut saved = 0;
        let layers = layered.layers.len();
        for step in 0..2 * layers {
            let layer = if step < layers { step } else { 2 * layers - 1 - step };
            saved += sift(layered, layer, effort);
            if step % 256 == 0 {
                token.check()?;
            }
        }
        if saved == 0 {
            saved = shift_paths(layered, &paths, effort);
        }
        if saved == 0 {
            break;
        }
        fewest -= saved;
    }
    Ok(fewest)
}

/// Sorts a layer by the mean position of each vertex's neighbours one layer up, or down. Vertices
/// without any keep their places.
fn to_barycentres(layered: &mut Layered, layer: usize, is_from_above: bool, keeps_ties: bool) {
    if layered.layers[layer].len() < 2 {
        return;
    }
    let neighbours = if is_from_above { &layered.up } else { &layered.down };
    let position = &layered.position;
    let has_ports = layered.has_fixed_ends();
    let barycentre = |vertex: u32| {
        let of = neighbours.of(vertex);
        let port = |segment: u32| if is_from_above { layered.port(segment).0 } else { layered.port(segment).1 };
        // Lines of a frame leave it in an order of their own.
        let place = |neighbour: u32, segment: u32| {
            let position = f64::from(position[neighbour as usize]);
            if !has_ports {
                return position;
            }
            let port = f64::from(port(segment));
            position + port / (port + 1.0)
        };
        let sum: f64 = of.iter().map(|(neighbour, segment)| place(*neighbour, *segment)).sum();
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

/// Runs of vertices one below the other with no other neighbours: long lines and side branches, which
/// sifting can't move past each other one vertex at a time.
fn paths(layered: &Layered) -> Vec<Vec<u32>> {
    let is_inner = |vertex: u32| layered.up.len(vertex) == 1 && layered.down.len(vertex) <= 1;
    let mut paths = Vec::new();
    for vertex in 0..layered.len() as u32 {
        let is_start = layered.down.len(vertex) <= 1
            && layered.up.len(vertex) <= 1
            && layered.up.of(vertex).first().is_none_or(|(above, _)| layered.down.len(*above) != 1 || !is_inner(*above));
        if !is_start {
            continue;
        }
        let mut path = vec![vertex];
        let mut last = vertex;
        while let [(below, _)] = layered.down.of(last)
            && is_inner(*below)
        {
            path.push(*below);
            last = *below;
        }
        if path.len() > 1 {
            paths.push(path);
        }
    }
    paths
}

/// Moves whole paths to either side, a few places or all the way, where that saves crossings. Returns
/// how many it saves.
fn shift_paths(layered: &mut Layered, paths: &[Vec<u32>], effort: &mut usize) -> u64 {
    const SHIFTS: [i64; 6] = [-1, 1, -2, 2, i64::MIN / 2, i64::MAX / 2];
    let mut saved = 0;
    for path in paths {
        let first = layered.rank[path[0] as usize] as usize;
        let last = first + path.len() - 1;
        let around = first.saturating_sub(1)..(last + 2).min(layered.layers.len());
        let size: usize = layered.layers[around.clone()].iter().map(Vec::len).sum();
        *effort = effort.saturating_sub(16 * size);
        if *effort == 0 {
            break;
        }
        let mut fewest = crossings(layered, around.clone());
        for shift in SHIFTS {
            if fewest == 0 || *effort == 0 {
                break;
            }
            let start: Vec<usize> = path.iter().map(|vertex| layered.position[*vertex as usize] as usize).collect();
            let places: Vec<usize> = (first..=last)
                .zip(&start)
                .map(|(layer, place)| (*place as i64).saturating_add(shift).clamp(0, layered.layers[layer].len() as i64 - 1) as usize)
                .collect();
            if places == start {
                continue;
            }
            *effort = effort.saturating_sub(16 * size);
            move_path(layered, first, &start, &places);
            let now = crossings(layered, around.clone());
            if now < fewest {
                saved += fewest - now;
                fewest = now;
            } else {
                move_path(layered, first, &places, &start);
            }
        }
    }
    saved
}

/// Takes the vertex at one place of each layer, from `first` on, to another place.
fn move_path(layered: &mut Layered, first: usize, from: &[usize], to: &[usize]) {
    for (layer, (from, to)) in (first..).zip(from.iter().zip(to)) {
        let row = &mut layered.layers[layer];
        if from <= to {
            row[*from..=*to].rotate_left(1);
        } else {
            row[*to..=*from].rotate_right(1);
        }
        layered.number(layer);
    }
}

/// Crossings of all segments between some layers: between two layers, the inversions in the lower ends
/// when the segments are in the order of their upper ends (Barth, Jünger and Mutzel 2002).
fn crossings(layered: &Layered, layers: Range<usize>) -> u64 {
    let mut total = 0;
    let mut tree: Vec<u32> = Vec::new();
    // Where each segment leaves and enters, and its weight.
    let mut ends: Vec<(u32, u32, u32)> = Vec::new();
    for pair in layered.layers[layers].windows(2) {
        // The lines of a single frame may cross each other.
        if (pair[0].len() < 2 || pair[1].len() < 2) && !layered.has_fixed_ends() {
            continue;
        }
        tree.clear();
        tree.resize(pair[1].len() + 1, 0);
        let mut seen = 0u64;
        let slots = if layered.has_fixed_ends() { slots(layered, &pair[1]) } else { Vec::new() };
        if let Some(last) = slots.last() {
            tree.resize(*last as usize + 1, 0);
        }
        for vertex in &pair[0] {
            ends.clear();
            ends.extend(layered.down.of(*vertex).iter().map(|(below, segment)| {
                let position = layered.position[*below as usize];
                let (upper, lower) = layered.port(*segment);
                (upper, slots.get(position as usize).map_or(position, |slot| slot + lower), layered.weight(*segment))
            }));
            // Segments that leave at one place.
            if layered.has_fixed_ends() {
                ends.sort_unstable();
            }
            for ends in ends.chunk_by(|a, b| a.0 == b.0) {
                for (_, end, weight) in ends {
                    // Segments that began further left and end further right.
                    total += u64::from(*weight) * (seen - prefix(&tree, *end as usize + 1));
                }
                for (_, end, weight) in ends {
                    let mut slot = *end as usize + 1;
                    while let Some(count) = tree.get_mut(slot) {
                        *count += weight;
                        slot += slot & slot.wrapping_neg();
                    }
                    seen += u64::from(*weight);
                }
            }
        }
    }
    total
}

/// Where the places begin at which lines enter each vertex of a layer, and at last the end.
fn slots(layered: &Layered, layer: &[u32]) -> Vec<u32> {
    let mut slots = Vec::with_capacity(layer.len() + 1);
    let mut end = 0;
    for vertex in layer {
        slots.push(end);
        end += 1 + layered.up.of(*vertex).iter().map(|(_, segment)| layered.port(*segment).1).max().unwrap_or(0);
    }
    slots.push(end);
    slots
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

/// Moves each vertex of a layer to the place where it causes the fewest crossings. Returns how many
/// that saves.
fn sift(layered: &mut Layered, layer: usize, effort: &mut usize) -> u64 {
    let mut saved = 0;
    if layered.layers[layer].len() < 2 {
        return 0;
    }
    let vertices = layered.layers[layer].clone();
    let vertices_in_layer = vertices.len();
    for vertex in vertices {
        if *effort == 0 {
            break;
        }
        let start = layered.position[vertex as usize] as usize;
        let row = &layered.layers[layer];
        // How much better or worse the vertex would stand further left, then further right.
        let mut best = (0i64, start);
        for is_left in [true, false] {
            let mut change = 0i64;
            let others = if is_left { 0..start } else { start + 1..row.len() };
            for step in 0..others.len() {
                let place = if is_left { start - 1 - step } else { start + 1 + step };
                let (before, after) = pair_crossings(layered, vertex, row[place], effort);
                // `before`: with the vertex to the left of the other one.
                change += if is_left { before - after } else { after - before };
                if change < best.0 {
                    best = (change, place);
                }
            }
        }
        if best.0 < 0 {
            let row = &mut layered.layers[layer];
            if best.1 < start {
                row[best.1..=start].rotate_right(1);
            } else {
                row[start..=best.1].rotate_left(1);
            }
            saved += best.0.unsigned_abs();
            layered.number(layer);
            *effort = effort.saturating_sub(vertices_in_layer);
        }
    }
    saved
}

/// Crossings between the segments of two vertices of a layer: with `a` left of `b`, and the other
/// way round.
fn pair_crossings(layered: &Layered, a: u32, b: u32, effort: &mut usize) -> (i64, i64) {
    let (mut left, mut right) = (0, 0);
    let has_ports = layered.has_fixed_ends();
    for (side, is_above) in [(&layered.up, true), (&layered.down, false)] {
        // Vertex and port in one number.
        let place = |vertex: u32, segment: u32| {
            let position = u64::from(layered.position[vertex as usize]) << 32;
            if !has_ports {
                return position;
            }
            let port = layered.port(segment);
            position | u64::from(if is_above { port.0 } else { port.1 })
        };
        // No vertex has many drawn neighbours (hubs have none), so every pair may be looked at.
        for (of_a, segment) in side.of(a) {
            let (at, weight) = (place(*of_a, *segment), i64::from(layered.weight(*segment)));
            for (of_b, segment) in side.of(b) {
                let (beside, weight) = (place(*of_b, *segment), weight * i64::from(layered.weight(*segment)));
                left += weight * i64::from(at > beside);
                right += weight * i64::from(at < beside);
            }
        }
        *effort = effort.saturating_sub(1 + side.len(a) * side.len(b));
    }
    (left, right)
}

/// Of the picture and its mirror image, takes the one in which the nodes of a layer are more nearly
/// in the order of the file.
fn orient(layered: &mut Layered) {
    let mut agreement = 0i64;
    for layer in &layered.layers {
        let nodes: Vec<u32> = layer.iter().copied().filter(|vertex| !layered.is_bend(*vertex)).collect();
        agreement += nodes.windows(2).map(|pair| if pair[0] < pair[1] { 1 } else { -1 }).sum::<i64>();
    }
    if agreement < 0 {
        layered.layers.iter_mut().for_each(|layer| layer.reverse());
    }
    (0..layered.layers.len()).for_each(|layer| layered.number(layer));
}

#[cfg(test)]
mod tests {
    use super::super::layered::Segment;
    use super::*;

    /// Vertices by their layers, the first `nodes` of which are boxes.
    fn layered(nodes: u32, rank: Vec<u32>, segments: &[(u32, u32, u32)]) -> Layered {
        let segments: Vec<Segment> = segments
            .iter()
            .map(|(upper, lower, weight)| Segment { upper: *upper, lower: *lower, ends: (None, None), weight: *weight })
            .collect();
        let half = vec![10.0; rank.len()];
        Layered::new(nodes, rank, half, &segments)
    }

    #[test]
    fn what_crosses_a_line_of_many_edges_crosses_all_of_them() {
        let mut graph = layered(4, vec![0, 0, 1, 1], &[(0, 3, 3), (1, 2, 2)]);
        assert_eq!(crossings(&graph, 0..2), 6);
        assert_eq!(pair_crossings(&graph, 2, 3, &mut 100), (6, 0));
        let found = orders(&mut graph, 4, &Token::new()).unwrap();
        graph.layers.clone_from(&found[0]);
        (0..2).for_each(|layer| graph.number(layer));
        assert_eq!(crossings(&graph, 0..2), 0);
    }

    /// Two lines that wind around each other between boxes in the right order: untwisting them one bend at a time
    /// changes nothing until the last.
    #[test]
    fn lines_are_sifted_as_a_whole() {
        let bends = |first: u32| [(0, first), (first, first + 2), (first + 2, first + 4), (first + 4, 2)];
        let line = |start: u32, end: u32, first: u32| {
            let mut line = bends(first);
            (line[0].0, line[3].1) = (start, end);
            line.map(|(upper, lower)| (upper, lower, 1))
        };
        let segments = [line(0, 2, 5), line(1, 3, 4)].concat();
        let mut graph = layered(4, vec![0, 0, 4, 4, 1, 1, 2, 2, 3, 3], &segments);
        assert_eq!(crossings(&graph, 0..5), 2);
        let mut blocks = Blocks::of(&graph);
        blocks.sift(&graph, &mut 10_000);
        blocks.hand_over(&mut graph);
        assert_eq!(crossings(&graph, 0..5), 0);
    }
}
