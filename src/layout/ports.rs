//! Where lines leave and enter boxes.
//!
//! A line leaves where its way is shortest: below the bend or box that it goes to, as far as its own
//! box reaches. Lines at one side of a box keep the order of what they lead to, so that no crossing
//! arises, and a distance from each other.

use super::adjacency::Adjacency;
use super::layered::Layered;
use super::{NodeSize, Spacing};

/// For each segment that begins, or ends, at a box the column where it does.
pub(super) struct Ports {
    pub out: Vec<f64>,
    pub into: Vec<f64>,
}

/// A line at one side of a box: where it would best be, and how much that matters.
struct Wish {
    segment: u32,
    x: f64,
    weight: f64,
}

/// The distance of a port from its box's corner, if the box is wide enough.
const CORNER: f64 = 12.0;
/// The distance of ports, as a part of that of lines.
const CLOSER: f64 = 0.75;
/// How much it matters that a line between two boxes is straight.
const STRAIGHT: f64 = 16.0;

pub(super) fn ports(layered: &Layered, xs: &[f64], size_of: &impl Fn(u32) -> NodeSize, spacing: &Spacing) -> Ports {
    let mut ports = Ports { out: vec![0.0; layered.segments], into: vec![0.0; layered.segments] };
    // Half of the stretch of a vertex's side where ports can be.
    let half = |vertex: u32| {
        let width = size_of(vertex).width;
        (width / 2.0 - CORNER).max(width / 4.0)
    };
    let mut others: Vec<(f64, u32, u32)> = Vec::new();
    let mut wishes: Vec<Wish> = Vec::new();
    let mut serve = |vertex: u32, is_below: bool, neighbours: &Adjacency, results: &mut Vec<f64>| {
        let (middle, room) = (xs[vertex as usize], half(vertex));
        // Parallel segments keep their order at both ends.
        others.clear();
        others.extend(neighbours.of(vertex).iter().map(|(other, segment)| {
            let fixed = layered.fixed(*segment);
            (xs[*other as usize] + if is_below { fixed.1 } else { fixed.0 }.unwrap_or(0.0), *segment, *other)
        }));
        others.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        wishes.clear();
        for (beside, segment, other) in others.iter().copied() {
            let fixed = layered.fixed(segment);
            let is_fixed = if is_below { fixed.1 } else { fixed.0 }.is_some();
            let reach = if layered.is_bend(other) || is_fixed { 0.0 } else { half(other) };
            let (low, high) = ((middle - room).max(beside - reach), (middle + room).min(beside + reach));
            let wish = if layered.is_bend(other) {
                Wish { segment, x: beside.clamp(middle - room, middle + room), weight: 1.0 }
            } else if low <= high {
                Wish { segment, x: f64::midpoint(middle, beside).clamp(low, high), weight: STRAIGHT }
            } else {
                Wish { segment, x: if beside < middle { middle - room } else { middle + room }, weight: 1.0 }
            };
            wishes.push(wish);
        }
        let step = (spacing.lines * CLOSER).min(2.0 * room / wishes.len().saturating_sub(1).max(1) as f64);
        for (wish, x) in wishes.iter().zip(spread(&wishes, step, middle - room, middle + room)) {
            results[wish.segment as usize] = x;
        }
    };
    for vertex in 0..layered.nodes {
        serve(vertex, true, &layered.down, &mut ports.out);
        serve(vertex, false, &layered.up, &mut ports.into);
    }
    if layered.has_fixed_ends() {
        for vertex in 0..layered.len() as u32 {
            for (below, segment) in layered.down.of(vertex) {
                let (leaves, enters) = layered.fixed(*segment);
                leaves.into_iter().for_each(|offset| ports.out[*segment as usize] = xs[vertex as usize] + offset);
                enters.into_iter().for_each(|offset| ports.into[*segment as usize] = xs[*below as usize] + offset);
            }
        }
    }
    ports
}

/// Places in ascending order, `step` apart and between `low` and `high`, as near to the wishes as can
/// be: isotonic regression (pool adjacent violators).
fn spread(wishes: &[Wish], step: f64, low: f64, high: f64) -> Vec<f64> {
    // Mean, weight and number of wishes in each pool, the steps taken off.
    let mut pools: Vec<(f64, f64, usize)> = Vec::with_capacity(wishes.len());
    for (index, wish) in wishes.iter().enumerate() {
        let mut pool = (wish.x - step * index as f64, wish.weight, 1);
        while let Some(before) = pools.pop_if(|before| before.0 > pool.0) {
            let weight = before.1 + pool.1;
            pool = ((before.0 * before.1 + pool.0 * pool.1) / weight, weight, before.2 + pool.2);
        }
        pools.push(pool);
    }
    let highest = (high - step * wishes.len().saturating_sub(1) as f64).max(low);
    let places = pools.into_iter().flat_map(|(mean, _, count)| std::iter::repeat_n(mean.clamp(low, highest), count));
    places.enumerate().map(|(index, x)| x + step * index as f64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(wishes: &[(f64, f64)], step: f64) -> Vec<f64> {
        let wishes: Vec<Wish> = wishes.iter().map(|(x, weight)| Wish { segment: 0, x: *x, weight: *weight }).collect();
        spread(&wishes, step, 0.0, 100.0)
    }

    #[test]
    fn wishes_that_agree_are_granted() {
        assert_eq!(of(&[(10.0, 1.0), (50.0, 1.0), (90.0, 1.0)], 10.0), [10.0, 50.0, 90.0]);
        assert_eq!(of(&[], 10.0), [0.0; 0]);
    }

    #[test]
    fn lines_with_one_wish_stand_around_it() {
        assert_eq!(of(&[(50.0, 1.0), (50.0, 1.0), (50.0, 1.0)], 10.0), [40.0, 50.0, 60.0]);
        assert_eq!(of(&[(100.0, 1.0), (100.0, 1.0)], 10.0), [90.0, 100.0]);
        assert_eq!(of(&[(0.0, 1.0), (0.0, 1.0)], 10.0), [0.0, 10.0]);
        // The heavier one gives way less.
        assert_eq!(of(&[(50.0, 3.0), (50.0, 1.0)], 8.0), [48.0, 56.0]);
    }
}
