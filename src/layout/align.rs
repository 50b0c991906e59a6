//! First columns: every vertex in line with its neighbours, as far as it can be.
//!
//! Brandes and Köpf, "Fast and Simple Horizontal Coordinate Assignment" (2001): vertices are aligned
//! with their median neighbours four times (from above and below, from the left and right), each
//! alignment is made as narrow as it can be, and a vertex goes to the mean of the middle two of its
//! four places. Compaction works on the graph of blocks, by longest paths, which suits boxes of
//! different widths and avoids the known flaw of the paper's class shifts (2020 erratum). Long lines
//! are straight, unless two of them cross.

use super::layered::Layered;
use crate::jobs::{Cancelled, Token};

/// The middle of every vertex, from about 0 on. Neighbours in a layer keep their distance. The
/// neighbours of each vertex are in the order of their positions.
///
/// # Errors
/// [`Cancelled`].
pub(super) fn columns(layered: &Layered, token: &Token) -> Result<Vec<f64>, Cancelled> {
    let conflicts = conflicts(layered);
    let mut places: Vec<Vec<f64>> = Vec::with_capacity(4);
    for is_from_above in [true, false] {
        for is_mirrored in [false, true] {
            token.check()?;
            let root = align(layered, &conflicts, is_from_above, is_mirrored);
            places.push(compact(layered, &root, is_mirrored));
        }
    }
    shift_to_narrowest(layered, &mut places);
    let mut xs: Vec<f64> = (0..layered.len())
        .map(|vertex| {
            let mut four = [places[0][vertex], places[1][vertex], places[2][vertex], places[3][vertex]];
            four.sort_by(f64::total_cmp);
            f64::midpoint(four[1], four[2])
        })
        .collect();
    keep_apart(layered, &mut xs);
    Ok(xs)
}

/// For each segment, whether it crosses a piece of a longer line (both of whose ends are bends).
/// Such segments give way, so that long lines are straight.
fn conflicts(layered: &Layered) -> Vec<bool> {
    let mut is_conflict = vec![false; layered.segments];
    let inner_end = |vertex: u32| {
        let (above, _) = layered.up.of(vertex).first().filter(|_| layered.is_bend(vertex))?;
        layered.is_bend(*above).then(|| layered.position[*above as usize])
    };
    for pair in layered.layers.windows(2) {
        let (upper, lower) = (&pair[0], &pair[1]);
        let (mut left, mut first) = (0, 0);
        for (place, vertex) in lower.iter().enumerate() {
            let end = inner_end(*vertex);
            if end.is_none() && place + 1 < lower.len() {
                continue;
            }
            let right = end.unwrap_or(upper.len() as u32);
            for between in &lower[first..=place] {
                if inner_end(*between).is_some() {
                    continue;
                }
                for (above, segment) in layered.up.of(*between) {
                    let at = layered.position[*above as usize];
                    is_conflict[*segment as usize] |= at < left || at > right;
                }
            }
            (left, first) = (right, place + 1);
        }
    }
    is_conflict
}

/// Joins vertices to blocks that will stand straight: for each vertex the root of its block.
fn align(layered: &Layered, conflicts: &[bool], is_from_above: bool, is_mirrored: bool) -> Vec<u32> {
    let neighbours = if is_from_above { &layered.up } else { &layered.down };
    let count = layered.len();
    let mut root: Vec<u32> = (0..count as u32).collect();
    // Whether a vertex has a successor in its block already.
    let mut is_taken = vec![false; count];
    let layers = layered.layers.len();
    for step in 1..layers {
        let (layer, beside) = if is_from_above { (step, step - 1) } else { (layers - 1 - step, layers - step) };
        let last = layered.layers[beside].len() as i64 - 1;
        let seen_at = |vertex: u32| {
            let position = i64::from(layered.position[vertex as usize]);
            if is_mirrored { last - position } else { position }
        };
        let mut reached = -1;
        let len = layered.layers[layer].len();
        for place in 0..len {
            let vertex = layered.layers[layer][if is_mirrored { len - 1 - place } else { place }];
            let near = neighbours.of(vertex);
            if near.is_empty() {
                continue;
            }
            let medians = [(near.len() - 1) / 2, near.len() / 2];
            for median in if is_mirrored { [medians[1], medians[0]] } else { medians } {
                let (neighbour, segment) = near[median];
                let at = seen_at(neighbour);
                if !conflicts[segment as usize] && reached < at && !is_taken[neighbour as usize] {
                    is_taken[neighbour as usize] = true;
                    root[vertex as usize] = root[neighbour as usize];
                    reached = at;
                    break;
                }
            }
        }
    }
    root
}

/// Places blocks next to each other, then closes what gaps are left.
fn compact(layered: &Layered, root: &[u32], is_mirrored: bool) -> Vec<f64> {
    let count = layered.len();
    // A block stands right of another, by at least a distance.
    let mut constraints: Vec<(u32, u32, f64)> = Vec::with_capacity(count);
    for layer in &layered.layers {
        for pair in layer.windows(2) {
            let (left, right) = if is_mirrored { (pair[1], pair[0]) } else { (pair[0], pair[1]) };
            let distance = layered.half[left as usize] + layered.half[right as usize];
            constraints.push((root[left as usize], root[right as usize], distance));
        }
    }
    let indexed = (0u32..).zip(&constraints);
    let right_of = super::adjacency::Adjacency::new(count, indexed.map(|(index, (left, right, _))| (*left, *right, index)));
    let mut missing = vec![0u32; count];
    constraints.iter().for_each(|(_, right, _)| missing[*right as usize] += 1);
    let mut sorted: Vec<u32> =
        (0..count as u32).filter(|vertex| root[*vertex as usize] == *vertex && missing[*vertex as usize] == 0).collect();
    let mut at = vec![0.0f64; count];
    let mut next = 0;
    while let Some(block) = sorted.get(next).copied() {
        next += 1;
        for (right, constraint) in right_of.of(block) {
            let distance = constraints[*constraint as usize].2;
            at[*right as usize] = at[*right as usize].max(at[block as usize] + distance);
            missing[*right as usize] -= 1;
            if missing[*right as usize] == 0 {
                sorted.push(*right);
            }
        }
    }
    for block in sorted.into_iter().rev() {
        let room = right_of.of(block).iter().map(|(right, constraint)| at[*right as usize] - constraints[*constraint as usize].2);
        let furthest = room.fold(f64::INFINITY, f64::min);
        if furthest.is_finite() {
            at[block as usize] = at[block as usize].max(furthest);
        }
    }
    root.iter().map(|root| if is_mirrored { -at[*root as usize] } else { at[*root as usize] }).collect()
}

/// Moves the four results to where the narrowest lies: by their left sides those that were pushed
/// from the left, by their right sides the others.
fn shift_to_narrowest(layered: &Layered, places: &mut [Vec<f64>]) {
    let sides = |xs: &[f64]| {
        xs.iter()
            .zip(&layered.half)
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(left, right), (x, half)| (left.min(x - half), right.max(x + half)))
    };
    let all: Vec<(f64, f64)> = places.iter().map(|xs| sides(xs)).collect();
    let Some((left, right)) = all.iter().copied().min_by(|a, b| (a.1 - a.0).total_cmp(&(b.1 - b.0))) else {
        return;
    };
    for (index, (xs, own)) in places.iter_mut().zip(all).enumerate() {
        let shift = if index % 2 == 0 { left - own.0 } else { right - own.1 };
        xs.iter_mut().for_each(|x| *x += shift);
    }
}

/// Neighbours are far enough apart already; this takes out what rounding adds up to.
fn keep_apart(layered: &Layered, xs: &mut [f64]) {
    for layer in &layered.layers {
        for pair in layer.windows(2) {
            let least = xs[pair[0] as usize] + layered.half[pair[0] as usize] + layered.half[pair[1] as usize];
            let x = &mut xs[pair[1] as usize];
            *x = x.max(least);
        }
    }
}
