//! Gives two boxes of one layer that read the same branches layers of their own, where there is room.
//!
//! Lines from n forks to each of two boxes side by side cross n (n - 1) / 2 times, in whatever order they stand. If
//! one of the two stands a layer further away, some of its lines pass the other on its left and some on its right,
//! and cross only lines of their own side; and the fewer of both what leads on from the other box.

use super::level::Level;
use super::parts::Part;
use super::relieve::Layers;

/// Of a node with more lines on one side no branches are looked at.
const MOST_LINES: usize = 64;
/// Nodes of all branches of one node that are walked.
const LONGEST: usize = 256;
/// Fewer shared branches are not worth a longer line each.
const LEAST_SHARED: usize = 3;
/// Layers that all lines together may get longer by for a crossing that is saved.
const WORTH: i64 = 2;

#[derive(Clone, Copy)]
enum Way {
    Up,
    Down,
}

impl Way {
    fn back(self) -> Self {
        match self {
            Self::Up => Self::Down,
            Self::Down => Self::Up,
        }
    }

    /// From a layer to the next one.
    fn step(self) -> i64 {
        match self {
            Self::Up => -1,
            Self::Down => 1,
        }
    }
}

impl Layers<'_> {
    pub(super) fn stagger(&mut self, part: &Part, level: &Level<'_>) {
        // Downwards what reads the same branches, upwards what feeds them.
        for way in [Way::Down, Way::Up] {
            for node in part.nodes.iter().copied().filter(|node| !level.is_port(*node)) {
                let Some((other, shared)) = self.most_alike(node, way).filter(|(other, _)| !level.is_port(*other)) else { continue };
                let choice = [node, other].map(|node| self.cost(node, way).map(|cost| (cost, node)));
                if let Some((_, moved)) = choice.into_iter().flatten().min().filter(|(cost, _)| *cost <= WORTH * saved(shared)) {
                    self.shift(&[moved], way.step());
                }
            }
        }
    }

    /// The box of the same layer that shares the most branches with this one, and how many.
    fn most_alike(&mut self, node: u32, forth: Way) -> Option<(u32, usize)> {
        if !(LEAST_SHARED..=MOST_LINES).contains(&self.side(node, forth.back()).len()) {
            return None;
        }
        let forks = self.ends(node, forth.back())?;
        let mut shared: Vec<(u32, u32)> = Vec::new();
        for fork in forks {
            if self.side(fork, forth).len() <= MOST_LINES {
                let others = self.ends(fork, forth)?;
                shared.extend(
                    others.into_iter().filter(|other| *other != node && self.rank(*other) == self.rank(node)).map(|other| (other, fork)),
                );
            }
        }
        shared.sort_unstable();
        shared.dedup();
        let counts = shared.chunk_by(|a, b| a.0 == b.0).map(|of_one| (of_one.len(), of_one[0].0));
        // Of several the first one.
        let (count, other) = counts.max_by(|a, b| a.0.cmp(&b.0).then(b.1.cmp(&a.1)))?;
        (count >= LEAST_SHARED).then_some((other, count))
    }

    /// Where the drawn branches on one side of a node end: the first nodes that are not one of a row. `None` if
    /// there is no time to look.
    fn ends(&mut self, node: u32, way: Way) -> Option<Vec<u32>> {
        let mut ends = Vec::new();
        let mut steps = 0;
        for (next, link) in self.side(node, way) {
            let (mut end, mut is_drawn) = (*next, self.links[*link as usize].is_drawn);
            while let (true, true, [(next, link)]) = (is_drawn, self.is_inner(end), self.side(end, way)) {
                (end, is_drawn) = (*next, self.links[*link as usize].is_drawn);
                steps += 1;
                if steps > LONGEST {
                    break;
                }
            }
            if is_drawn {
                ends.push(end);
            }
            steps += 1;
        }
        self.effort = self.effort.checked_sub(steps)?;
        Some(ends)
    }

    fn side(&self, node: u32, way: Way) -> &[(u32, u32)] {
        match way {
            Way::Up => self.into.of(node),
            Way::Down => self.out.of(node),
        }
    }

    /// By how many layers all lines get longer if a box is moved by one; `None` if there is no room, or no time to look.
    fn cost(&mut self, node: u32, forth: Way) -> Option<i64> {
        let back = forth.back();
        self.effort = self.effort.checked_sub(self.side(node, back).len() + self.side(node, forth).len())?;
        let rank = self.rank(node);
        let room = self.side(node, forth).iter().map(|(other, _)| (self.rank(*other) - rank).abs() - 1).min()?;
        let is_free = room > 0 && (self.free.0..=self.free.1).contains(&(rank + forth.step()));
        is_free.then(|| self.drawn(self.side(node, back)) as i64 - self.drawn(self.side(node, forth)) as i64)
    }
}

/// The crossings that are saved with so many shared branches.
fn saved(shared: usize) -> i64 {
    let pairs = |lines: usize| (lines * lines.saturating_sub(1) / 2) as i64;
    let left = (0..=shared / 2).map(|side| pairs(side) + pairs(shared - side) + side as i64).min();
    pairs(shared) - left.unwrap_or(0)
}
