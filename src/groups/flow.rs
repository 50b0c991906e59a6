//! Which operations feed which, and an order in which every operation comes after what it reads.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::model::{Graph, OperationId};

/// The drawn operations of a graph, by their positions in the file.
pub(super) struct Flow {
    pub is_drawn: Vec<bool>,
    /// For each operation the drawn ones that it reads, each once.
    pub before: Lists,
    /// For each operation the drawn ones that read it, each once.
    pub after: Lists,
    /// The drawn operations in an order that edges follow, as near to the file's as can be.
    pub order: Vec<u32>,
}

/// A list of numbers for each of many things, in one array.
#[derive(Clone, Debug, Default)]
pub(super) struct Lists {
    starts: Vec<usize>,
    entries: Vec<u32>,
}

impl Lists {
    /// From pairs in any order; each list is ascending and has no number twice.
    pub fn of(count: usize, mut pairs: Vec<(u32, u32)>) -> Self {
        pairs.sort_unstable();
        pairs.dedup();
        let mut starts = vec![0; count + 1];
        pairs.iter().for_each(|(from, _)| starts[*from as usize + 1] += 1);
        for index in 0..count {
            starts[index + 1] += starts[index];
        }
        Self { starts, entries: pairs.into_iter().map(|(_, to)| to).collect() }
    }

    pub fn at(&self, index: u32) -> &[u32] {
        &self.entries[self.starts[index as usize]..self.starts[index as usize + 1]]
    }
}

impl Flow {
    pub fn of(graph: &Graph, is_drawn: impl Fn(OperationId) -> bool) -> Self {
        let count = graph.operations.len();
        let is_drawn: Vec<bool> = (0..count as u32).map(|id| is_drawn(OperationId(id))).collect();
        let mut pairs = Vec::new();
        for (id, operation) in graph.operations().filter(|(id, _)| is_drawn[id.0 as usize]) {
            for input in operation.inputs.iter().flatten() {
                let producer = graph.tensors.get(input.0 as usize).and_then(|tensor| tensor.producer);
                if let Some(from) = producer.filter(|from| *from != id && is_drawn.get(from.0 as usize) == Some(&true)) {
                    pairs.push((from.0, id.0));
                }
            }
        }
        let before = Lists::of(count, pairs.iter().map(|(from, to)| (*to, *from)).collect());
        let after = Lists::of(count, pairs);
        let drawn = (0..count as u32).filter(|id| is_drawn[*id as usize]);
        let order = sorted(count, drawn, &before, &after);
        Self { is_drawn, before, after, order }
    }
}

/// Members in an order that follows the lists, the lowest number first where there is a choice (Kahn's
/// order). What lies on cycles, and behind them, comes last.
pub(super) fn sorted(count: usize, members: impl Iterator<Item = u32> + Clone, before: &Lists, after: &Lists) -> Vec<u32> {
    let mut is_member = vec![false; count];
    members.clone().for_each(|member| is_member[member as usize] = true);
    let mut missing = vec![0usize; count];
    let mut ready: BinaryHeap<Reverse<u32>> = BinaryHeap::new();
    for member in members.clone() {
        missing[member as usize] = before.at(member).iter().filter(|from| is_member[**from as usize]).count();
        if missing[member as usize] == 0 {
            ready.push(Reverse(member));
        }
    }
    let mut order = Vec::new();
    let mut is_done = vec![false; count];
    while let Some(Reverse(member)) = ready.pop() {
        order.push(member);
        is_done[member as usize] = true;
        for next in after.at(member).iter().filter(|next| is_member[**next as usize]) {
            missing[*next as usize] -= 1;
            if missing[*next as usize] == 0 {
                ready.push(Reverse(*next));
            }
        }
    }
    order.extend(members.filter(|member| !is_done[*member as usize]));
    order
}
