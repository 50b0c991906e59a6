//! Finds a column for every vertex, so that lines are short, chains straight, and the picture narrow.
//!
//! From the columns of [`super::align`] the bends of a long line that stand in a row become one block;
//! blocks and nodes then move, keeping their order and distances, to where the lines' sideways runs
//! are least in sum ([`super::simplex`]). What is too large for that at once is done window by window,
//! with everything around a window held fast.

use super::adjacency::Adjacency;
use super::align;
use super::layered::Layered;
use super::simplex::{Tie, minimise};
use crate::jobs::{Cancelled, Token};

/// A wish that two blocks stand above each other: a variable and what is added to it, twice, and how much it counts.
type Run = ((u32, i64), (u32, i64), i64);

/// Columns are whole numbers of this part of a point while they are looked for.
const UNITS: f64 = 8.0;
/// What a unit of sideways run costs. A box that has both a box and a line that passes below stands
/// in line with the box.
const BOX_TO_BOX: i64 = 40;
const LINE: i64 = 32;
const TO_FRAME: i64 = 4;
/// Where two long lines cross, one of them has to yield, but neither for little.
const ALONG_LINE: i64 = 96;
/// The ends of a section are pulled to one column, lest a long chain of sections lean.
const END_TO_END: i64 = 48;
/// One box of each layer is drawn to the middle column, lest the picture lean where it is long.
const TO_MIDDLE: i64 = 1;
/// Vertices that are placed at once.
const WINDOW: usize = 1000;
/// Looks of the simplex method for each vertex, and some more for few vertices.
const STEPS: u64 = 1_200;
const MORE_STEPS: u64 = 8_000_000;

/// The middle of every vertex, from about 0 on. Neighbours in a layer keep their distance.
///
/// # Errors
/// [`Cancelled`].
pub(super) fn place(layered: &mut Layered, token: &Token) -> Result<Vec<f64>, Cancelled> {
    let position = &layered.position;
    layered.up.sort_by_key(|vertex| position[vertex as usize]);
    layered.down.sort_by_key(|vertex| position[vertex as usize]);
    if layered.layers.iter().all(|layer| layer.len() < 2) {
        return Ok(vec![0.0; layered.len()]);
    }
    let xs = align::columns(layered, token)?;
    let mut columns = Columns::new(layered, &xs, layered.len() > WINDOW);
    let mut steps = STEPS * layered.len() as u64 + MORE_STEPS;
    for window in windows(layered, (0, layered.layers.len() - 1)) {
        token.check()?;
        columns.shorten(window, None, &mut steps);
    }
    Ok(columns.xs())
}

/// First and last layers of stretches with about `WINDOW` vertices, each begun in the middle of the
/// one before.
pub(super) fn windows(layered: &Layered, (mut first, last): (usize, usize)) -> Vec<(usize, usize)> {
    let mut windows = Vec::new();
    loop {
        let mut vertices = 0;
        let mut middle = first;
        let mut end = first;
        while end < last && (vertices < WINDOW || end < first + 2) {
            vertices += layered.layers[end].len();
            end += 1;
            if vertices < WINDOW * 3 / 4 {
                middle = end;
            }
        }
        windows.push((first, end));
        if end == last {
            return windows;
        }
        first = middle.max(first + 1);
    }
}

/// Borders beyond which the picture would be wider, in units; and what each unit beyond costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Walls {
    pub left: i64,
    pub right: i64,
    pub weight: i64,
}

pub(super) struct Columns<'a> {
    layered: &'a Layered,
    /// The block of each vertex.
    block: Vec<u32>,
    /// Column of each block, in units.
    pub at: Vec<i64>,
    /// First and last layer of each block.
    reach: Vec<(u32, u32)>,
    /// For each layer the block of the box that is nearest to the middle column, and that column.
    main: Vec<Option<u32>>,
    middle: i64,
    /// Number of each block among those of the window at hand; `NONE` outside.
    own: Vec<u32>,
}

const NONE: u32 = u32::MAX;

impl<'a> Columns<'a> {
    /// `joins_chains`: chains of boxes that are straight stay so, which makes it quicker.
    pub fn new(layered: &'a Layered, xs: &[f64], joins_chains: bool) -> Self {
        const STRAIGHT: f64 = 1e-3;
        let mut columns = Self {
            layered,
            block: vec![NONE; layered.len()],
            at: Vec::new(),
            reach: Vec::new(),
            main: Vec::new(),
            middle: 0,
            own: Vec::new(),
        };
        for (rank, layer) in (0u32..).zip(&layered.layers) {
            for vertex in layer {
                let above = layered.up.of(*vertex).first().map(|(above, _)| *above);
                let in_line = above.filter(|above| {
                    let is_line = layered.is_bend(*vertex) && layered.is_bend(*above);
                    // A chain of boxes could move apart, but hardly gains by it.
                    let is_chain = joins_chains && layered.up.len(*vertex) == 1 && layered.down.len(*above) == 1;
                    (is_line || is_chain) && (xs[*above as usize] - xs[*vertex as usize]).abs() < STRAIGHT
                });
                let block = in_line.map_or(columns.at.len() as u32, |above| columns.block[above as usize]);
                if in_line.is_none() {
                    columns.at.push((xs[*vertex as usize] * UNITS).round() as i64);
                    columns.reach.push((rank, rank));
                }
                columns.block[*vertex as usize] = block;
                columns.reach[block as usize].1 = rank;
            }
        }
        columns.own = vec![NONE; columns.at.len()];
        columns.keep_apart();
        columns.find_middle();
        columns
    }

    /// The middle of every vertex.
    pub fn xs(&self) -> Vec<f64> {
        self.block.iter().map(|block| self.at[*block as usize] as f64 / UNITS).collect()
    }

    /// The left and right side of all that is in a stretch of layers.
    pub fn sides(&self, (first, last): (usize, usize)) -> (i64, i64) {
        let layers = &self.layered.layers[first..=last];
        let left = layers.iter().filter_map(|layer| layer.first()).map(|vertex| self.of(*vertex) - self.half(*vertex)).min();
        let right = layers.iter().filter_map(|layer| layer.last()).map(|vertex| self.of(*vertex) + self.half(*vertex)).max();
        (left.unwrap_or(0), right.unwrap_or(0))
    }

    fn of(&self, vertex: u32) -> i64 {
        self.at[self.block[vertex as usize] as usize]
    }

    fn half(&self, vertex: u32) -> i64 {
        (self.layered.half[vertex as usize] * UNITS).ceil() as i64
    }

    fn find_middle(&mut self) {
        let layered = self.layered;
        let boxes = || layered.layers.iter().map(|layer| layer.iter().copied().filter(|vertex| !layered.is_bend(*vertex)));
        let at = |vertex: u32| self.at[self.block[vertex as usize] as usize];
        let mut firsts: Vec<i64> = boxes().filter_map(|mut layer| layer.next()).map(at).collect();
        firsts.sort_unstable();
        let middle = firsts.get(firsts.len() / 2).copied().unwrap_or(0);
        let main = boxes()
            .map(|layer| layer.min_by_key(|vertex| (at(*vertex) - middle).abs()).map(|vertex| self.block[vertex as usize]))
            .collect();
        (self.main, self.middle) = (main, middle);
    }

    /// The least distance of two neighbours.
    fn distance(&self, left: u32, right: u32) -> i64 {
        ((self.layered.half[left as usize] + self.layered.half[right as usize]) * UNITS).ceil() as i64
    }

    /// Restores the distances that rounding took a unit from: from left to right, along the order of
    /// the blocks.
    fn keep_apart(&mut self) {
        let pairs = self.layered.layers.iter().flat_map(|layer| layer.windows(2));
        let ties: Vec<(u32, u32, i64)> =
            pairs.map(|pair| (self.block[pair[0] as usize], self.block[pair[1] as usize], self.distance(pair[0], pair[1]))).collect();
        let right_of = Adjacency::new(self.at.len(), (0u32..).zip(&ties).map(|(index, (left, right, _))| (*left, *right, index)));
        let mut missing = vec![0u32; self.at.len()];
        ties.iter().for_each(|(_, right, _)| missing[*right as usize] += 1);
        let mut sorted: Vec<u32> = (0..self.at.len() as u32).filter(|block| missing[*block as usize] == 0).collect();
        let mut next = 0;
        while let Some(block) = sorted.get(next).copied() {
            next += 1;
            for (right, index) in right_of.of(block) {
                let least = self.at[block as usize] + ties[*index as usize].2;
                self.at[*right as usize] = self.at[*right as usize].max(least);
                missing[*right as usize] -= 1;
                if missing[*right as usize] == 0 {
                    sorted.push(*right);
                }
            }
        }
    }

    /// Moves the blocks of a stretch of layers to where their lines are shortest, and between the walls if
    /// there are any. Blocks that reach beyond the stretch, and those in its first and last layers if the
    /// picture goes on there, stay.
    pub fn shorten(&mut self, (first, last): (usize, usize), walls: Option<Walls>, steps: &mut u64) {
        let layered = self.layered;
        let vertices: usize = layered.layers[first..=last].iter().map(Vec::len).sum();
        // Layers so wide that a few of them fill many windows gain little and take long.
        if *steps == 0 || vertices > 4 * WINDOW {
            return;
        }
        let bottom = layered.layers.len() - 1;
        let free_from = if first == 0 { 0 } else { first as u32 + 1 };
        let free_to = if last == bottom { bottom as u32 } else { last as u32 - 1 };
        // Node 0 stands still, and with it all that may not move.
        let mut members: Vec<u32> = Vec::new();
        let mut values = vec![0i64];
        for vertex in layered.layers[first..=last].iter().flatten() {
            let block = self.block[*vertex as usize];
            let (from, to) = self.reach[block as usize];
            if self.own[block as usize] == NONE && from >= free_from && to <= free_to {
                self.own[block as usize] = values.len() as u32;
                members.push(block);
                values.push(self.at[block as usize]);
            }
        }
        // Where a block is for the simplex method: its number, and what to add to that number's value.
        let spot = |block: u32| match self.own[block as usize] {
            NONE => (0, self.at[block as usize]),
            own => (own, 0),
        };
        let mut ties: Vec<Tie> = Vec::new();
        let mut apart = |left: u32, right: u32, distance: i64| {
            let ((tail, from), (head, to)) = (spot(left), spot(right));
            if tail != head {
                ties.push(Tie { tail, head, length: distance + from - to, weight: 0 });
            }
        };
        for pair in layered.layers[first..=last].iter().flat_map(|layer| layer.windows(2)) {
            apart(self.block[pair[0] as usize], self.block[pair[1] as usize], self.distance(pair[0], pair[1]));
        }
        // A run of a line from one block to another costs by its length to either side: a node of its
        // own stands left of both and costs by its distance from both.
        let mut runs: Vec<Run> = Vec::new();
        let units = |offset: Option<f64>| (offset.unwrap_or(0.0) * UNITS).round() as i64;
        let spot_at = |block: u32, offset: i64| {
            let (own, at) = spot(block);
            (own, at + offset)
        };
        for vertex in layered.layers[first..last].iter().flatten() {
            for (below, segment) in layered.down.of(*vertex) {
                let (leaves, enters) = layered.fixed(*segment);
                let weight = match (layered.is_bend(*vertex), layered.is_bend(*below)) {
                    // What leads past others into a frame, or out of it, does not pull at so large a thing.
                    (true, false) if enters.is_some() => TO_FRAME,
                    (false, true) if leaves.is_some() => TO_FRAME,
                    (false, false) => BOX_TO_BOX,
                    (true, true) => ALONG_LINE,
                    _ => LINE,
                };
                let (upper, lower) = (self.block[*vertex as usize], self.block[*below as usize]);
                runs.push((spot_at(upper, units(leaves)), spot_at(lower, units(enters)), weight));
            }
        }
        if let ([top], [foot]) = (&layered.layers[first][..], &layered.layers[last][..]) {
            runs.push((spot(self.block[*top as usize]), spot(self.block[*foot as usize]), END_TO_END));
        }
        runs.retain(|(a, b, _)| a.0 != b.0);
        runs.extend(
            self.main[first..=last].iter().flatten().map(|block| (spot(*block), (0, self.middle), TO_MIDDLE)).filter(|(a, _, _)| a.0 != 0),
        );
        runs.sort_unstable();
        for same in runs.chunk_by(|one, other| (one.0, one.1) == (other.0, other.1)) {
            let ((a, from), (b, to), _) = same[0];
            let weight = same.iter().map(|(_, _, weight)| weight).sum();
            let node = values.len() as u32;
            values.push((values[a as usize] + from).min(values[b as usize] + to));
            ties.push(Tie { tail: node, head: a, length: -from, weight });
            ties.push(Tie { tail: node, head: b, length: -to, weight });
        }
        if let Some(walls) = walls {
            let (left, right) = self.sides((first, last));
            let wall = values.len() as u32;
            values.extend([left.min(walls.left), right.max(walls.right)]);
            ties.push(Tie { tail: wall, head: 0, length: -walls.left, weight: walls.weight });
            ties.push(Tie { tail: 0, head: wall + 1, length: walls.right, weight: walls.weight });
            for layer in &layered.layers[first..=last] {
                if let (Some(leftmost), Some(rightmost)) = (layer.first().copied(), layer.last().copied()) {
                    let ((head, from), (tail, to)) = (spot(self.block[leftmost as usize]), spot(self.block[rightmost as usize]));
                    ties.push(Tie { tail: wall, head, length: self.half(leftmost) - from, weight: 0 });
                    ties.push(Tie { tail, head: wall + 1, length: self.half(rightmost) + to, weight: 0 });
                }
            }
        }
        minimise(&ties, &mut values, steps);
        for block in members {
            self.at[block as usize] = values[self.own[block as usize] as usize] - values[0];
            self.own[block as usize] = NONE;
        }
    }
}
