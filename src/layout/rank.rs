//! Gives every node its layer, and decides which links are too much to draw.

use super::Link;
use super::adjacency::Adjacency;
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

/// Stops drawing links that span many layers: those of nodes with many links out, and then the
/// longest of all if the lines would outnumber the boxes many times over.
pub(super) fn hide_long(count: usize, ranks: &[u32], links: &mut [Link]) {
    const MANY_OUT: usize = 8;
    const MANY_LAYERS: u32 = 24;
    let mut out = vec![0usize; count];
    links.iter().for_each(|link| out[link.ends().0 as usize] += 1);
    let span = |link: &Link| ranks[link.lower as usize].saturating_sub(ranks[link.upper as usize]);
    for link in links.iter_mut() {
        link.is_drawn &= span(link) <= MANY_LAYERS || out[link.ends().0 as usize] <= MANY_OUT;
    }
    let mut budget = 4 * count as u64 + 2_000;
    let mut by_span: Vec<usize> = (0..links.len()).filter(|index| links[*index].is_drawn && span(&links[*index]) > 1).collect();
    by_span.sort_by_key(|index| span(&links[*index]));
    for index in by_span {
        let cost = u64::from(span(&links[index]) - 1);
        links[index].is_drawn = cost <= budget;
        budget = budget.saturating_sub(cost);
    }
}

/// The layer of every node, from 0 in every part and without gaps; `upper` is always above `lower`.
/// As high as possible first (longest path), then nodes move to where their drawn links are
/// shortest.
///
/// # Errors
/// [`Cancelled`].
pub(super) fn ranks(count: usize, links: &[Link], part_of: &[u32], token: &Token) -> Result<Vec<u32>, Cancelled> {
    let indexed = || (0u32..).zip(links);
    let down = Adjacency::new(count, indexed().map(|(index, link)| (link.upper, link.lower, index)));
    let up = Adjacency::new(count, indexed().map(|(index, link)| (link.lower, link.upper, index)));
    let sorted = topological(count, &down, &up);
    token.check()?;
    let mut ranks = vec![0u32; count];
    for node in &sorted {
        ranks[*node as usize] = up.of(*node).iter().map(|(above, _)| ranks[*above as usize] + 1).max().unwrap_or(0);
    }
    let drawn = |adjacency: &Adjacency, node: u32| adjacency.of(node).iter().filter(|(_, link)| links[*link as usize].is_drawn).count();
    // Down where that shortens at least as many links as it lengthens: what feeds a late node goes
    // next to it.
    for node in sorted.iter().rev().copied() {
        if drawn(&down, node) >= drawn(&up, node)
            && let Some(lowest) = down.of(node).iter().map(|(below, _)| ranks[*below as usize]).min()
        {
            ranks[node as usize] = lowest.saturating_sub(1).max(ranks[node as usize]);
        }
    }
    // And up where it makes no difference, so that a branch begins where it leaves.
    for node in sorted.iter().copied() {
        if drawn(&up, node) >= drawn(&down, node)
            && let Some(highest) = up.of(node).iter().map(|(above, _)| ranks[*above as usize]).max()
        {
            ranks[node as usize] = (highest + 1).min(ranks[node as usize]);
        }
    }
    token.check()?;
    compact(&mut ranks, part_of);
    Ok(ranks)
}

/// Nodes so that links lead forwards only (Kahn). There are no cycles left.
fn topological(count: usize, down: &Adjacency, up: &Adjacency) -> Vec<u32> {
    let mut missing: Vec<usize> = (0..count as u32).map(|node| up.len(node)).collect();
    let mut sorted: Vec<u32> = (0..count as u32).filter(|node| missing[*node as usize] == 0).collect();
    let mut next = 0;
    while let Some(node) = sorted.get(next).copied() {
        next += 1;
        for (below, _) in down.of(node) {
            missing[*below as usize] -= 1;
            if missing[*below as usize] == 0 {
                sorted.push(*below);
            }
        }
    }
    debug_assert_eq!(sorted.len(), count, "a cycle is left");
    sorted
}

/// Numbers the layers of each part from 0 on.
fn compact(ranks: &mut [u32], part_of: &[u32]) {
    let mut nodes: Vec<usize> = (0..ranks.len()).collect();
    nodes.sort_by_key(|node| (part_of[*node], ranks[*node]));
    let mut before: Option<(u32, u32)> = None;
    let mut number = 0;
    for node in nodes {
        let now = (part_of[node], ranks[node]);
        number = match before {
            Some(before) if before == now => number,
            Some((part, _)) if part == now.0 => number + 1,
            _ => 0,
        };
        before = Some(now);
        ranks[node] = number;
    }
}
