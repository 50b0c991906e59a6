//! Takes boxes out of the widest layers where they may as well stand in others.
//!
//! Layers are chosen for short lines alone. A branch that is shorter than the one beside it can stand
//! anywhere along that, at no cost; and what costs a layer's height of one line may save a box's width of the
//! whole picture. From the widest layer down, a branch or a box is moved along its lines to where it makes
//! no layer as wide as the one that it leaves, until a widest layer is left that nothing can leave. At last boxes
//! side by side are staggered where that keeps lines apart ([`super::stagger`]).

use std::collections::BinaryHeap;

use super::adjacency::Adjacency;
use super::level::Level;
use super::parts::Part;
use super::{Link, Spacing};
use crate::jobs::{Cancelled, Token};

/// Layers that a branch is moved by at most.
const FAR: i64 = 24;
/// Boxes to either side of one that are moved with it.
const LONG: usize = 64;
/// Looks at layers and nodes for each node, and some more for few nodes.
const EFFORT: usize = 200;
const MORE_EFFORT: usize = 1_000_000;
/// The part of the width that is saved must be so many times the part of the lines' length that is added.
const WORTH: f64 = 3.0;

pub(super) struct Layers<'a> {
    pub(super) links: &'a [Link],
    /// Numbers of the links out of and into each node of the level, those that are drawn first.
    pub(super) out: Adjacency,
    pub(super) into: Adjacency,
    pub(super) ranks: Vec<u32>,
    /// Width of each layer, the room of lines included.
    widths: Vec<f64>,
    width_of: Vec<f64>,
    line: f64,
    /// The layers that boxes may stand in: those of ports are a frame's borders.
    pub(super) free: (i64, i64),
    pub(super) effort: usize,
}

/// The layers of all nodes, as they are to be.
pub(super) fn relieve(parts: &[Part], level: &Level<'_>, spacing: &Spacing, token: &Token) -> Result<Vec<u32>, Cancelled> {
    let mut layers = Layers::of(level, spacing);
    for part in parts {
        token.check()?;
        layers.relieve(part, level);
    }
    Ok(layers.ranks)
}

impl<'a> Layers<'a> {
    fn of(level: &Level<'a>, spacing: &Spacing) -> Self {
        let links = level.links;
        let nodes = level.ranks.len();
        // Also links that are not drawn lead down.
        let within = || (0u32..).zip(links).filter(|(_, link)| level.part_of[link.upper as usize] == level.part_of[link.lower as usize]);
        Self {
            links,
            out: Adjacency::new(nodes, within().map(|(index, link)| (link.upper, link.lower, index))),
            into: Adjacency::new(nodes, within().map(|(index, link)| (link.lower, link.upper, index))),
            ranks: level.ranks.to_vec(),
            widths: Vec::new(),
            width_of: level.sizes.iter().map(|size| size.width + spacing.nodes).collect(),
            line: spacing.lines,
            free: (0, 0),
            effort: 0,
        }
    }

    fn relieve(&mut self, part: &Part, level: &Level<'_>) {
        let count = part.nodes.iter().map(|node| self.rank(*node) as usize + 1).max().unwrap_or(0);
        if part.nodes.len() <= count {
            return;
        }
        let boxes = || part.nodes.iter().filter(|node| !level.is_port(**node)).map(|node| self.rank(*node));
        self.free = (boxes().min().unwrap_or(0), boxes().max().unwrap_or(0));
        self.widths = vec![0.0; count];
        self.effort = EFFORT * part.nodes.len() + MORE_EFFORT;
        let mut members: Vec<Vec<u32>> = vec![Vec::new(); count];
        for node in &part.nodes {
            let layer = self.rank(*node) as usize;
            members[layer].push(*node);
            self.widths[layer] += self.width_of[*node as usize];
        }
        let mut length = 1.0;
        for link in part.links.iter().map(|link| &level.links[*link as usize]) {
            self.add_line(link, self.line);
            length += (self.rank(link.lower) - self.rank(link.upper)) as f64;
        }
        // Whole points, so that the heap can order them; an entry that is not true any more is left out.
        let key = |width: f64| width.round() as u64;
        let mut widest: BinaryHeap<(u64, usize)> = self.widths.iter().enumerate().map(|(layer, width)| (key(*width), layer)).collect();
        while let Some((width, layer)) = widest.pop() {
            if key(self.widths[layer]) != width {
                continue;
            }
            let movable = members[layer].iter().copied().filter(|node| !level.is_port(*node));
            let moves = movable.filter_map(|node| self.best_move(node, length));
            let Some((_, branch, by)) = moves.min_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.cmp(&b.1))) else { break };
            for node in &branch {
                let from = self.rank(*node) as usize;
                members[from].retain(|other| other != node);
                members[(from as i64 + by) as usize].push(*node);
            }
            for touched in self.shift(&branch, by) {
                widest.push((key(self.widths[touched]), touched));
            }
        }
        self.stagger(part, level);
    }

    pub(super) fn rank(&self, node: u32) -> i64 {
        i64::from(self.ranks[node as usize])
    }

    /// The room of a line in the layers that it passes.
    fn add_line(&mut self, link: &Link, room: f64) {
        let (above, below) = (self.rank(link.upper) as usize, self.rank(link.lower) as usize);
        self.effort = self.effort.saturating_sub(below - above);
        if link.is_drawn {
            self.widths[above + 1..below].iter_mut().for_each(|width| *width += room);
        }
    }

    pub(super) fn drawn(&self, of: &[(u32, u32)]) -> usize {
        of.iter().filter(|(_, link)| self.links[*link as usize].is_drawn).count()
    }

    /// Whether a node is one of a row: one line in, one out.
    pub(super) fn is_inner(&self, node: u32) -> bool {
        self.into.len(node) == 1 && self.out.len(node) == 1
    }

    /// The branch that a node is part of, from above.
    fn branch(&self, node: u32) -> Vec<u32> {
        let mut branch = vec![node];
        if !self.is_inner(node) {
            return branch;
        }
        while let [(above, _)] = self.into.of(branch[branch.len() - 1])
            && branch.len() < LONG
            && self.is_inner(*above)
            && self.rank(*above) + 1 == self.rank(branch[branch.len() - 1])
        {
            branch.push(*above);
        }
        branch.reverse();
        while let [(below, _)] = self.out.of(branch[branch.len() - 1])
            && branch.len() < 2 * LONG
            && self.is_inner(*below)
            && self.rank(*below) == self.rank(branch[branch.len() - 1]) + 1
        {
            branch.push(*below);
        }
        branch
    }

    /// What moving the node's branch costs, the branch, and the best way to move it.
    fn best_move(&mut self, node: u32, length: f64) -> Option<(f64, Vec<u32>, i64)> {
        let before = self.widths[self.rank(node) as usize];
        let branch = self.branch(node);
        let (first, last) = (branch[0], branch[branch.len() - 1]);
        let up = self.into.of(first).iter().map(|(above, _)| self.rank(first) - self.rank(*above) - 1).min();
        let down = self.out.of(last).iter().map(|(below, _)| self.rank(*below) - self.rank(last) - 1).min();
        let up = up.unwrap_or(FAR).min(self.rank(first) - self.free.0).min(FAR);
        let down = down.unwrap_or(FAR).min(self.free.1 - self.rank(last)).min(FAR);
        let (lines_in, lines_out) = (self.drawn(self.into.of(first)) as i64, self.drawn(self.out.of(last)) as i64);
        let net = lines_in - lines_out;
        // What has lines on one side alone stays beside what it belongs to.
        let is_between = lines_in > 0 && lines_out > 0;
        let mut best: Option<(f64, i64)> = None;
        for by in (1..=down).chain((1..=up).map(|by| -by)) {
            if self.effort == 0 {
                return None;
            }
            let touched = self.shift(&branch, by);
            // In the layer that it leaves, and in those that it comes to.
            let now = touched.map(|layer| self.widths[layer]).fold(0.0, f64::max);
            self.shift(&branch, -by);
            let cost = (net * by) as f64 / length;
            let saved = (before - now) / before;
            if now < before - 1.0 && (cost <= 0.0 || (is_between && saved > WORTH * cost)) {
                let cost = cost * WORTH - saved;
                if best.is_none_or(|(least, _)| cost < least - 1e-9) {
                    best = Some((cost, by));
                }
            }
        }
        best.map(|(cost, by)| (cost, branch, by))
    }

    /// Moves a branch, and returns the layers that this touches.
    pub(super) fn shift(&mut self, branch: &[u32], by: i64) -> std::ops::Range<usize> {
        let (first, last) = (branch[0], branch[branch.len() - 1]);
        let (old_first, old_last) = (self.rank(first), self.rank(last));
        self.effort = self.effort.saturating_sub(2 * branch.len() + by.unsigned_abs() as usize);
        self.add_lines(branch, -self.line);
        for node in branch {
            let rank = &mut self.ranks[*node as usize];
            self.widths[*rank as usize] -= self.width_of[*node as usize];
            *rank = (i64::from(*rank) + by) as u32;
            self.widths[*rank as usize] += self.width_of[*node as usize];
        }
        self.add_lines(branch, self.line);
        let from = old_first.min(self.rank(first)) as usize;
        from..old_last.max(self.rank(last)) as usize + 1
    }

    fn add_lines(&mut self, branch: &[u32], room: f64) {
        let links = self.links;
        let above = self.into.of(branch[0]).to_vec();
        let below = self.out.of(branch[branch.len() - 1]).to_vec();
        above.iter().chain(&below).for_each(|(_, link)| self.add_line(&links[*link as usize], room));
    }
}
