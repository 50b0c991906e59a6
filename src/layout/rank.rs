//! Gives every node its layer so that all drawn links together span as few layers as can be, and
//! decides which links are too much to draw.

use super::Link;
use super::adjacency::Adjacency;
use super::reduce::reduce;
use super::simplex::{Tie, minimise};
use crate::jobs::{Cancelled, Token};

/// Nodes with more than `limit` links out, or in, become hubs: those links are not drawn.
pub(super) fn hide_hubs(count: usize, limit: usize, links: &mut [Link]) {
    let mut out = vec![0usize; count];
    let mut into = vec![0usize; count];
    for link in links.iter() {
        let (from, to) = link.ends();
        out[from as usize] += 1;
        into[to as usize] += 1;
    }
    for link in links {
        let (from, to) = link.ends();
        link.is_drawn = out[from as usize] <= limit && into[to as usize] <= limit;
    }
}

/// Stops drawing links whose ends nobody would see together, and whose lines would fill the picture.
///
/// A screen shows about a dozen layers at a size that can be read. A tensor that more than
/// `many_out` nodes read (an attention mask, a rotary table) is a supply, not a path: where it leads
/// further than two screens, it is told by labels. A long link of a tensor with few readers, as in a
/// U-Net, is the structure itself and stays. All lines together may pass as many layers as four times
/// the nodes, and some more, so that time and memory stay in proportion; the longest go first.
///
/// Returns whether any link that was drawn no longer is.
pub(super) fn hide_long(count: usize, ranks: &[u32], many_out: usize, links: &mut [Link]) -> bool {
    const MANY_LAYERS: u32 = 24;
    let span = |link: &Link| ranks[link.lower as usize].saturating_sub(ranks[link.upper as usize]);
    // Links of one line are neighbours in this order, the longest last.
    let mut order: Vec<u32> = (0..links.len() as u32).filter(|index| links[*index as usize].is_drawn).collect();
    order.sort_by_key(|index| {
        let link = &links[*index as usize];
        (link.trunk(), span(link), *index)
    });
    let drawn_before = order.len();
    let mut trunks: Vec<&[u32]> = order.chunk_by(|a, b| links[*a as usize].trunk() == links[*b as usize].trunk()).collect();
    let mut hidden: Vec<u32> = Vec::new();
    for trunk in &mut trunks {
        if trunk.len() > many_out {
            let near = trunk.partition_point(|index| span(&links[*index as usize]) <= MANY_LAYERS);
            hidden.extend(&trunk[near..]);
            *trunk = &trunk[..near];
        }
    }
    let length = |trunk: &[u32]| trunk.last().map_or(0, |index| span(&links[*index as usize]).saturating_sub(1));
    trunks.sort_by_key(|trunk| length(trunk));
    let mut budget = 4 * count as u64 + 2_000;
    for trunk in trunks {
        let mut kept = trunk;
        while u64::from(length(kept)) > budget {
            hidden.extend(kept.last());
            kept = &kept[..kept.len() - 1];
        }
        budget -= u64::from(length(kept));
    }
    debug_assert!(hidden.len() <= drawn_before);
    hidden.iter().for_each(|index| links[*index as usize].is_drawn = false);
    !hidden.is_empty()
}

/// The layer of every node, from 0 in every part and without gaps; `upper` is always above `lower`,
/// whether the link is drawn or not, if both are in one part.
///
/// # Errors
/// [`Cancelled`].
pub(super) fn ranks(count: usize, links: &[Link], part_of: &[u32], many_out: usize, token: &Token) -> Result<Vec<u32>, Cancelled> {
    /// Looks of the simplex method at nodes and ties for each node and link, and some more for few.
    const STEPS: u64 = 100;
    const MORE_STEPS: u64 = 8_000_000;
    let is_within = |(_, link): &(usize, &Link)| part_of[link.upper as usize] == part_of[link.lower as usize];
    let readers = readers(links);
    // What many read is told by labels where it is long, so its length matters less.
    let weight = |index: usize, link: &Link| match link.is_drawn {
        true if readers[index] > many_out => 1,
        true => 4,
        false => 0,
    };
    let tie = |(index, link): (usize, &Link)| Tie { tail: link.upper, head: link.lower, length: 1, weight: weight(index, link) };
    let reduced = reduce(count, links.iter().enumerate().filter(is_within).map(tie));
    token.check()?;
    let mut values = longest_paths(count, &reduced.ties);
    let mut steps = STEPS * (count + links.len()) as u64 + MORE_STEPS;
    solve_core(&reduced.ties, &mut values, &mut steps);
    token.check()?;
    for (node, at, distance) in &reduced.follows {
        values[*node as usize] = values[*at as usize] + distance;
    }
    Ok(numbered(&values, part_of))
}

/// For each link how many links its line has.
fn readers(links: &[Link]) -> Vec<usize> {
    let mut order: Vec<u32> = (0..links.len() as u32).collect();
    order.sort_by_key(|index| links[*index as usize].trunk());
    let mut readers = vec![0; links.len()];
    for trunk in order.chunk_by(|a, b| links[*a as usize].trunk() == links[*b as usize].trunk()) {
        trunk.iter().for_each(|index| readers[*index as usize] = trunk.len());
    }
    readers
}

/// The simplex method on the nodes that have ties left.
fn solve_core(ties: &[Tie], values: &mut [i64], steps: &mut u64) {
    let mut core: Vec<u32> = ties.iter().flat_map(|tie| [tie.tail, tie.head]).collect();
    core.sort_unstable();
    core.dedup();
    let place = |node: u32| core.binary_search(&node).unwrap_or(0) as u32;
    let inner: Vec<Tie> = ties.iter().map(|tie| Tie { tail: place(tie.tail), head: place(tie.head), ..*tie }).collect();
    let mut own: Vec<i64> = core.iter().map(|node| values[*node as usize]).collect();
    minimise(&inner, &mut own, steps);
    for (node, value) in core.iter().zip(own) {
        values[*node as usize] = value;
    }
}

/// Values as low as the ties let them be (Kahn's order). There are no cycles left.
fn longest_paths(count: usize, ties: &[Tie]) -> Vec<i64> {
    let below = Adjacency::new(count, (0u32..).zip(ties).map(|(index, tie)| (tie.tail, tie.head, index)));
    let mut missing = vec![0u32; count];
    ties.iter().for_each(|tie| missing[tie.head as usize] += 1);
    let mut sorted: Vec<u32> = (0..count as u32).filter(|node| missing[*node as usize] == 0).collect();
    let mut values = vec![0i64; count];
    let mut next = 0;
    while let Some(node) = sorted.get(next).copied() {
        next += 1;
        for (head, index) in below.of(node) {
            let value = values[node as usize] + ties[*index as usize].length;
            values[*head as usize] = values[*head as usize].max(value);
            missing[*head as usize] -= 1;
            if missing[*head as usize] == 0 {
                sorted.push(*head);
            }
        }
    }
    debug_assert_eq!(sorted.len(), count, "a cycle is left");
    values
}

/// Numbers the layers of each part from 0 on.
fn numbered(values: &[i64], part_of: &[u32]) -> Vec<u32> {
    let mut nodes: Vec<usize> = (0..values.len()).collect();
    nodes.sort_by_key(|node| (part_of[*node], values[*node]));
    let mut ranks = vec![0; values.len()];
    let mut before: Option<(u32, i64)> = None;
    let mut number = 0;
    for node in nodes {
        let now = (part_of[node], values[node]);
        number = match before {
            Some(before) if before == now => number,
            Some((part, _)) if part == now.0 => number + 1,
            _ => 0,
        };
        before = Some(now);
        ranks[node] = number;
    }
    ranks
}
