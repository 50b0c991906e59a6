//! Makes a problem of ties smaller without changing its best solutions.
//!
//! Model graphs are nearly series-parallel: chains with branches that join again. A node with one
//! tie is best as near to its neighbour as it may be. A node between one tie in and one out is best
//! at the end of the heavier one, and then both are one tie with the weight of the lighter. Ties that
//! run side by side are one. Again and again, in linear time, this leaves little or nothing for the
//! simplex method, and what it leaves is exact.

use std::collections::HashMap;

use super::simplex::Tie;

/// What is left, and how the other nodes follow from it.
pub(super) struct Reduced {
    pub ties: Vec<Tie>,
    /// The last one taken away first: node, the node that it follows, and its distance from that.
    pub follows: Vec<(u32, u32, i64)>,
}

struct Work {
    ties: Vec<Tie>,
    is_alive: Vec<bool>,
    /// Ties out and in of each node, some of them dead, and how many are alive.
    around: [Vec<Vec<u32>>; 2],
    alive: [Vec<u32>; 2],
    /// The tie from one node to another.
    between: HashMap<(u32, u32), u32>,
}

const OUT: usize = 0;
const IN: usize = 1;

/// Takes nodes away while there are any with one tie, or with one in and one out.
pub(super) fn reduce(count: usize, ties: impl Iterator<Item = Tie>) -> Reduced {
    let mut work = Work {
        ties: Vec::new(),
        is_alive: Vec::new(),
        around: [vec![Vec::new(); count], vec![Vec::new(); count]],
        alive: [vec![0; count], vec![0; count]],
        between: HashMap::new(),
    };
    ties.for_each(|tie| work.add(tie));
    let mut follows = Vec::new();
    let mut waiting: Vec<u32> = (0..count as u32).rev().collect();
    while let Some(node) = waiting.pop() {
        let at = node as usize;
        match (work.alive[IN][at], work.alive[OUT][at]) {
            (1, 0) => {
                let tie = work.take_only(node, IN);
                follows.push((node, tie.tail, tie.length));
                waiting.push(tie.tail);
            }
            (0, 1) => {
                let tie = work.take_only(node, OUT);
                follows.push((node, tie.head, -tie.length));
                waiting.push(tie.head);
            }
            (1, 1) => {
                let (above, below) = (work.take_only(node, IN), work.take_only(node, OUT));
                // If it makes no difference, a branch begins where it leaves.
                let follow =
                    if above.weight >= below.weight { (node, above.tail, above.length) } else { (node, below.head, -below.length) };
                follows.push(follow);
                work.add(Tie {
                    tail: above.tail,
                    head: below.head,
                    length: above.length + below.length,
                    weight: above.weight.min(below.weight),
                });
                waiting.extend([above.tail, below.head]);
            }
            _ => {}
        }
    }
    follows.reverse();
    let ties = work.ties.iter().zip(&work.is_alive).filter(|(_, is_alive)| **is_alive).map(|(tie, _)| *tie).collect();
    Reduced { ties, follows }
}

impl Work {
    /// Adds a tie, or adds it to one between the same nodes.
    fn add(&mut self, tie: Tie) {
        let index = self.ties.len() as u32;
        match self.between.get(&(tie.tail, tie.head)).copied() {
            Some(old) if self.is_alive[old as usize] => {
                let old = &mut self.ties[old as usize];
                (old.length, old.weight) = (old.length.max(tie.length), old.weight + tie.weight);
                return;
            }
            _ => {}
        }
        self.between.insert((tie.tail, tie.head), index);
        self.ties.push(tie);
        self.is_alive.push(true);
        for (side, node) in [(OUT, tie.tail), (IN, tie.head)] {
            self.around[side][node as usize].push(index);
            self.alive[side][node as usize] += 1;
        }
    }

    /// Takes away the one tie that a node has on a side.
    fn take_only(&mut self, node: u32, side: usize) -> Tie {
        let is_alive = &self.is_alive;
        let list = &mut self.around[side][node as usize];
        list.retain(|index| is_alive[*index as usize]);
        let index = list[0];
        let tie = self.ties[index as usize];
        self.is_alive[index as usize] = false;
        self.alive[OUT][tie.tail as usize] -= 1;
        self.alive[IN][tie.head as usize] -= 1;
        tie
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tie(tail: u32, head: u32, weight: i64) -> Tie {
        Tie { tail, head, length: 1, weight }
    }

    #[test]
    fn chains_with_branches_vanish() {
        // 0 → 1 → 2 → 3 with 1 → 4 → 3 beside, 0 → 3 around, and 5 into 3.
        let ties = [(0, 1), (1, 2), (2, 3), (1, 4), (4, 3), (0, 3), (5, 3)].map(|(tail, head)| tie(tail, head, 1));
        let reduced = reduce(6, ties.into_iter());
        assert_eq!((reduced.ties.len(), reduced.follows.len()), (0, 5));
        let mut values = [0i64; 6];
        reduced.follows.iter().for_each(|(node, at, distance)| values[*node as usize] = values[*at as usize] + distance);
        let first = values[0];
        assert_eq!(values.map(|value| value - first), [0, 1, 2, 3, 2, 2]);
    }

    #[test]
    fn the_heavier_tie_is_kept_short() {
        // 1 hangs at 2 by two ties and at 0 by one; 0 → 3 → 4 → 2 takes longer.
        let ties = [tie(0, 1, 1), tie(1, 2, 1), tie(1, 2, 1), tie(0, 3, 1), tie(3, 4, 1), tie(4, 2, 1)];
        let reduced = reduce(5, ties.into_iter());
        assert!(reduced.follows.contains(&(1, 2, -1)), "{:?}", reduced.follows);
    }

    #[test]
    fn what_is_not_series_parallel_stays() {
        let ties = [(0, 2), (0, 3), (1, 2), (1, 3), (4, 0)].map(|(tail, head)| tie(tail, head, 1));
        let reduced = reduce(5, ties.into_iter());
        assert_eq!((reduced.ties.len(), reduced.follows.len()), (4, 1));
    }
}
