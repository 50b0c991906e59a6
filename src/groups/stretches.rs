//! Groups where names tell none, or too little: a long list of items is cut into stretches of the order
//! in which edges lead.
//!
//! What comes again is looked for first. Of every short run of types it is known where it occurs; runs
//! that occur at one and the same distance over and over tell the length of a block. The blocks begin
//! where the fewest tensors pass. What does not repeat is cut into sections of about equal length, each
//! cut again at the place nearby where the fewest tensors pass. Every stretch follows the ones before it
//! in the order, so no circle can arise.

use std::collections::HashMap;
use std::ops::Range;

use super::Origin;
use super::classes::hash;
use super::convex::Level;
use super::flow::Flow;
use super::tree::{Item, Node, ROOT, Tree};
use crate::model::{Graph, OperationId};

/// More items than this are cut.
const MOST_ITEMS: usize = 64;
/// Blocks in a row, up to so many, are a chain that can be taken in.
const MOST_BLOCKS: usize = 48;
/// Items that a run of types is made of.
const RUN: usize = 6;
/// The shortest block.
const SHORTEST: usize = 4;
/// Lengths of blocks that are tried.
const LENGTHS: usize = 8;

impl Tree {
    pub fn cut_stretches(&mut self, graph: &Graph, flow: &Flow) {
        let mut open = vec![ROOT];
        while let Some(node) = open.pop() {
            if self.nodes[node as usize].items.len() > MOST_ITEMS {
                self.cut(node, graph, flow);
            }
            open.extend(self.groups_in(node));
        }
    }

    fn cut(&mut self, node: u32, graph: &Graph, flow: &Flow) {
        let level = Level::of(self, node, flow);
        // By layers, blocks look alike even if what feeds them all was written within the first one.
        let found = [level.sorted(), level.by_layers()].map(|order| {
            let types: Vec<u64> = order.iter().map(|place| self.type_of(level.items[*place as usize], graph)).collect();
            let blocks = blocks(&types, &passing(&level, &order));
            (blocks.iter().map(Range::len).sum::<usize>(), order, blocks)
        });
        let [(in_order, ..), (by_layers, ..)] = &found;
        let use_layers = by_layers > in_order;
        let [in_order, by_layers] = found;
        let (_, order, blocks) = if use_layers { by_layers } else { in_order };
        let block = |(number, range): (u32, &Range<usize>)| Node {
            label: format!("block {number}"),
            origin: Origin::Repeated,
            items: range.clone().map(|at| level.items[order[at] as usize]).collect(),
        };
        let new: Vec<Node> = (1..).zip(&blocks).map(block).collect();
        let first_block = self.nodes.len() as u32;
        self.gather(node, new);
        if self.nodes[node as usize].items.len() <= MOST_ITEMS {
            return;
        }
        // What is left, each block being one item now; blocks and others are cut by themselves.
        let level = Level::of(self, node, flow);
        let order = level.sorted();
        let passing = passing(&level, &order);
        let is_block = |at: &usize| matches!(level.items[order[*at] as usize], Item::Group(group) if group >= first_block);
        let places: Vec<usize> = (0..order.len()).collect();
        let mut stretches: Vec<Range<usize>> = Vec::new();
        let runs: Vec<&[usize]> = places.chunk_by(|a, b| is_block(a) == is_block(b)).collect();
        for run in &runs {
            let range = run[0]..run[0] + run.len();
            match (runs.len(), run.len(), is_block(&run[0])) {
                // Blocks that can be taken in stand by themselves.
                (_, 0..=MOST_BLOCKS, true) => {}
                (1, ..) | (_, MOST_ITEMS.., _) => {
                    stretches.extend(
                        sections(run.len(), &passing[range.clone()])
                            .into_iter()
                            .map(|part| part.start + range.start..part.end + range.start),
                    );
                }
                _ => stretches.push(range),
            }
        }
        let section = |(number, range): (u32, Range<usize>)| Node {
            label: format!("section {number}"),
            origin: Origin::Section,
            items: range.map(|at| level.items[order[at] as usize]).collect(),
        };
        let new = (1..).zip(stretches.into_iter().filter(|range| range.len() > 1)).map(section).collect();
        self.gather(node, new);
        // Many short runs: sections of sections.
        if self.nodes[node as usize].items.len() > MOST_ITEMS {
            let level = Level::of(self, node, flow);
            let order = level.sorted();
            let parts = sections(order.len(), &self::passing(&level, &order));
            let part = |(number, range): (u32, Range<usize>)| Node {
                label: format!("part {number}"),
                origin: Origin::Section,
                items: range.map(|at| level.items[order[at] as usize]).collect(),
            };
            let new = (1..).zip(parts.into_iter().filter(|range| range.len() > 1)).map(part).collect();
            self.gather(node, new);
        }
    }

    /// What an item is, whatever its name and size: an operation's type, a group's types.
    fn type_of(&self, item: Item, graph: &Graph) -> u64 {
        let kind = |operation: u32| graph.operation(OperationId(operation)).kind.as_str();
        match item {
            Item::Operation(operation) => hash(&kind(operation)),
            Item::Group(group) => {
                let mut kinds: Vec<&str> = self.operations_in(group).into_iter().map(kind).collect();
                kinds.sort_unstable();
                hash(&kinds)
            }
        }
    }
}

/// For each place in an order, how many items before it feed items from it on.
fn passing(level: &Level, order: &[u32]) -> Vec<u32> {
    let mut at = vec![0; order.len()];
    order.iter().enumerate().for_each(|(index, place)| at[*place as usize] = index);
    let mut change = vec![0i64; order.len() + 1];
    for (index, place) in order.iter().enumerate() {
        if let Some(last) = level.after.at(*place).iter().map(|reader| at[*reader as usize]).max().filter(|last| *last > index) {
            change[index + 1] += 1;
            change[last + 1] -= 1;
        }
    }
    let sums = change.iter().scan(0i64, |sum, change| {
        *sum += change;
        Some(*sum as u32)
    });
    sums.take(order.len()).collect()
}

/// Stretches that come at least twice, one after the other, in order.
fn blocks(types: &[u64], passing: &[u32]) -> Vec<Range<usize>> {
    let mut is_taken = vec![false; types.len()];
    let mut found: Vec<Range<usize>> = Vec::new();
    for length in lengths(types) {
        let is_same = |at: usize| at + length < types.len() && types[at] == types[at + length] && !is_taken[at] && !is_taken[at + length];
        // Stretches in which everything comes again one length later.
        let mut runs: Vec<Range<usize>> = Vec::new();
        let mut begin = None;
        for at in 0..=types.len() {
            match (at < types.len() && is_same(at), begin) {
                (true, None) => begin = Some(at),
                (false, Some(first)) => {
                    runs.push(first..at);
                    begin = None;
                }
                _ => {}
            }
        }
        for run in runs.into_iter().filter(|run| run.len() >= length) {
            let whole = run.start..run.end + length;
            // Where the blocks begin: where few pass, then where most blocks fit, then early.
            let cost = |first: usize| {
                let starts = (first..=whole.end).step_by(length).filter(|at| *at < passing.len());
                let count = (whole.end - first) / length;
                let sum: u64 = starts.take(count + 1).map(|at| u64::from(passing[at])).sum();
                (sum / (count as u64 + 1), std::cmp::Reverse(count), first)
            };
            let firsts = whole.start..(whole.start + length).min(whole.end - 2 * length + 1);
            let Some(first) = firsts.min_by_key(|first| cost(*first)) else { continue };
            for start in (first..=whole.end - length).step_by(length) {
                if is_taken[start..start + length].contains(&true) {
                    break;
                }
                is_taken[start..start + length].fill(true);
                found.push(start..start + length);
            }
        }
    }
    found.sort_by_key(|range| range.start);
    found
}

/// Lengths that blocks may have, the likeliest first: those at which the most runs of types come again
/// and again, and nowhere else.
fn lengths(types: &[u64]) -> Vec<usize> {
    let mut places: HashMap<u64, Vec<usize>> = HashMap::new();
    for (at, run) in types.windows(RUN).enumerate() {
        places.entry(hash(&run)).or_default().push(at);
    }
    let mut votes: HashMap<usize, usize> = HashMap::new();
    for places in places.values().filter(|places| places.len() > 1) {
        let mut distances: HashMap<usize, usize> = HashMap::new();
        places.windows(2).for_each(|pair| *distances.entry(pair[1] - pair[0]).or_default() += 1);
        // A run that also occurs within its block has several distances.
        if let Some((distance, count)) = distances.into_iter().max_by_key(|(distance, count)| (*count, *distance))
            && 2 * count + 2 > places.len()
        {
            *votes.entry(distance).or_default() += count;
        }
    }
    let mut lengths: Vec<(usize, usize)> = votes.into_iter().filter(|(length, _)| *length >= SHORTEST).collect();
    // Longer blocks hold shorter ones; those are found when the block is cut in turn.
    lengths.sort_by_key(|(length, count)| std::cmp::Reverse((count * length.ilog2() as usize, *length)));
    lengths.into_iter().take(LENGTHS).map(|(length, _)| length).collect()
}

/// About equal stretches that begin where few pass.
fn sections(count: usize, passing: &[u32]) -> Vec<Range<usize>> {
    let wanted = ((count as f64).sqrt().ceil() as usize).clamp(2, MOST_ITEMS * 3 / 4);
    let length = count / wanted;
    let mut cuts = vec![0];
    for index in 1..wanted {
        let middle = index * count / wanted;
        let around = (middle - length * 2 / 5).max(cuts[index - 1] + 1)..(middle + length * 2 / 5 + 1).min(count);
        let cut = around.min_by_key(|at| (passing[*at], at.abs_diff(middle))).unwrap_or(middle);
        cuts.push(cut);
    }
    cuts.push(count);
    cuts.windows(2).map(|pair| pair[0]..pair[1]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_again_is_found() {
        // Three items, then five times eight, then two.
        let types: Vec<u64> = (100..103).chain((0..40).map(|at| at % 8)).chain([200, 201]).collect();
        assert_eq!(lengths(&types)[0], 8);
        // One tensor passes before each fourth of eight, else two.
        let passing: Vec<u32> = (0..types.len()).map(|at| if at >= 3 && (at - 3) % 8 == 4 { 1 } else { 2 }).collect();
        assert_eq!(blocks(&types, &passing), [7..15, 15..23, 23..31, 31..39]);
        let even = vec![1; types.len()];
        assert_eq!(blocks(&types, &even), [3..11, 11..19, 19..27, 27..35, 35..43]);
    }

    #[test]
    fn nothing_comes_again() {
        let types: Vec<u64> = (0..100).collect();
        assert_eq!((lengths(&types), blocks(&types, &[1; 100])), (vec![], vec![]));
    }

    #[test]
    fn sections_begin_where_few_pass() {
        let passing: Vec<u32> = (0..100).map(|at| if at % 10 == 3 { 1 } else { 5 }).collect();
        let sections = sections(100, &passing);
        assert_eq!(sections.len(), 10);
        assert!(sections[1..].iter().all(|section| section.start % 10 == 3), "{sections:?}");
        assert_eq!((sections[0].start, sections[9].end), (0, 100));
    }
}
