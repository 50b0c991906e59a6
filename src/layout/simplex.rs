//! Values for nodes that keep given distances and make the weighted sum of all distances least.
//!
//! This is the network simplex method of Gansner, Koutsofios, North and Vo, "A Technique for Drawing
//! Directed Graphs" (1993), which serves for layers (distances are spans of edges) and for columns
//! (distances are gaps between boxes and sideways runs of lines). A spanning tree of edges that are
//! as short as they may be stands for a solution; an edge of the tree by whose stretching the sum
//! falls is exchanged for the first edge that gets in the way, until there is none.
//!
//! Two things differ from the paper. The cut value of a tree edge is the sum of out-weights minus
//! in-weights of the nodes below it, because edges inside the subtree cancel out: it falls out of
//! numbering the tree and needs no update of its own. And the work is bounded: when the steps are
//! used up, the better of what was given and what was reached remains.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::adjacency::Adjacency;

/// `value[head] - value[tail] >= length`, and each unit of that difference costs `weight`, which is
/// not negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tie {
    pub tail: u32,
    pub head: u32,
    pub length: i64,
    pub weight: i64,
}

/// Changes `values`, which keep all distances, to such whose weighted sum is least. Takes about
/// `steps` looks at nodes and ties at most, and subtracts what it took.
pub(super) fn minimise(ties: &[Tie], values: &mut [i64], steps: &mut u64) {
    let before = (cost(ties, values), values.to_vec());
    let mut tree = Tree::new(ties, values);
    *steps = steps.saturating_sub(8 * (ties.len() + values.len()) as u64);
    while *steps > 0
        && let Some(child) = tree.next_to_leave(steps)
    {
        let Some(entering) = tree.entering(child, values, steps) else { break };
        tree.exchange(child, entering, values, steps);
    }
    if cost(ties, values) > before.0 {
        values.copy_from_slice(&before.1);
    }
}

fn cost(ties: &[Tie], values: &[i64]) -> i64 {
    ties.iter().map(|tie| tie.weight.saturating_mul(slack(tie, values))).fold(0, i64::saturating_add)
}

fn slack(tie: &Tie, values: &[i64]) -> i64 {
    values[tie.head as usize] - values[tie.tail as usize] - tie.length
}

const NONE: u32 = u32::MAX;

/// A spanning tree of tight ties, or one for each part that hangs together.
struct Tree<'a> {
    ties: &'a [Tie],
    /// All ties of each node.
    around: Adjacency,
    /// The ties of the tree, at each of their two nodes.
    joins: Vec<Vec<u32>>,
    is_joined: Vec<bool>,
    /// The tie towards the root; `NONE` at a root.
    parent: Vec<u32>,
    root: Vec<u32>,
    /// Place in postorder, and the lowest place in the node's subtree.
    place: Vec<u32>,
    lowest: Vec<u32>,
    /// Nodes in postorder: a subtree is a run of it.
    order: Vec<u32>,
    /// Weights of ties out minus ties in, for each node and for its subtree.
    net: Vec<i64>,
    sum: Vec<i64>,
    /// Where the search for the next tie to leave goes on.
    next: usize,
    /// Memory of `number`: a node, and how many of its joins were followed.
    stack: Vec<(u32, usize)>,
}

impl<'a> Tree<'a> {
    /// Grows trees by the tie with the least slack, moving the tree until that tie is tight.
    fn new(ties: &'a [Tie], values: &mut [i64]) -> Self {
        let count = values.len();
        let indexed = || (0u32..).zip(ties);
        let both = indexed().flat_map(|(index, tie)| [(tie.tail, tie.head, index), (tie.head, tie.tail, index)]);
        let mut net = vec![0i64; count];
        for tie in ties {
            net[tie.tail as usize] += tie.weight;
            net[tie.head as usize] -= tie.weight;
        }
        let mut tree = Self {
            ties,
            around: Adjacency::new(count, both),
            joins: vec![Vec::new(); count],
            is_joined: vec![false; ties.len()],
            parent: vec![NONE; count],
            root: vec![NONE; count],
            place: vec![0; count],
            lowest: vec![0; count],
            order: vec![0; count],
            sum: vec![0; count],
            net,
            next: 0,
            stack: Vec::new(),
        };
        let mut first = 0;
        for start in 0..count as u32 {
            if tree.root[start as usize] == NONE {
                tree.grow(start, values);
                first = tree.number(start, NONE, first);
            }
        }
        tree
    }

    fn grow(&mut self, start: u32, values: &mut [i64]) {
        // Ties out of the tree and into it by slack. The tree is moved by `shift` as a whole; what is
        // outside stays where it is, so a slack is the key minus, or plus, the shift.
        let mut out: BinaryHeap<Reverse<(i64, u32)>> = BinaryHeap::new();
        let mut into: BinaryHeap<Reverse<(i64, u32)>> = BinaryHeap::new();
        let mut shift = 0;
        let mut members = vec![start];
        let mut newest = start;
        self.root[start as usize] = start;
        loop {
            for (other, index) in self.around.of(newest) {
                if self.root[*other as usize] == NONE {
                    let tie = &self.ties[*index as usize];
                    let key = slack(tie, values);
                    if tie.tail == newest { out.push(Reverse((key, *index))) } else { into.push(Reverse((key, *index))) }
                }
            }
            let (ties, root) = (self.ties, &self.root);
            let outside = |index: u32, is_out: bool| {
                let tie = &ties[index as usize];
                let node = if is_out { tie.head } else { tie.tail };
                (root[node as usize] == NONE).then_some(node)
            };
            while out.peek().is_some_and(|Reverse((_, index))| outside(*index, true).is_none()) {
                out.pop();
            }
            while into.peek().is_some_and(|Reverse((_, index))| outside(*index, false).is_none()) {
                into.pop();
            }
            let least_out = out.peek().map(|Reverse((key, index))| (key - shift, *index));
            let least_into = into.peek().map(|Reverse((key, index))| (key + shift, *index));
            let (index, node) = match (least_out, least_into) {
                (Some((a, index)), b) if b.is_none_or(|(b, _)| a <= b) => {
                    shift += a;
                    (index, self.ties[index as usize].head)
                }
                (_, Some((b, index))) => {
                    shift -= b;
                    (index, self.ties[index as usize].tail)
                }
                (_, None) => break,
            };
            // Inside, values are kept as if the tree had not been moved.
            values[node as usize] -= shift;
            self.root[node as usize] = start;
            self.join(index);
            members.push(node);
            newest = node;
        }
        members.into_iter().for_each(|node| values[node as usize] += shift);
    }

    fn join(&mut self, index: u32) {
        let tie = self.ties[index as usize];
        self.is_joined[index as usize] = true;
        self.joins[tie.tail as usize].push(index);
        self.joins[tie.head as usize].push(index);
    }

    fn part(&mut self, index: u32) {
        let tie = self.ties[index as usize];
        self.is_joined[index as usize] = false;
        for node in [tie.tail, tie.head] {
            self.joins[node as usize].retain(|join| *join != index);
        }
    }

    fn other(&self, index: u32, node: u32) -> u32 {
        let tie = &self.ties[index as usize];
        if tie.tail == node { tie.head } else { tie.tail }
    }

    /// Numbers the subtree of `top` in postorder from `first` on; returns the number after.
    fn number(&mut self, top: u32, parent: u32, first: u32) -> u32 {
        let mut next = first;
        let mut stack = std::mem::take(&mut self.stack);
        let enter = |tree: &mut Self, stack: &mut Vec<(u32, usize)>, node: u32, parent: u32, next: u32| {
            (tree.parent[node as usize], tree.lowest[node as usize], tree.sum[node as usize]) = (parent, next, tree.net[node as usize]);
            stack.push((node, 0));
        };
        enter(self, &mut stack, top, parent, next);
        while let Some((node, followed)) = stack.last_mut() {
            let node = *node;
            if let Some(index) = self.joins[node as usize].get(*followed).copied() {
                *followed += 1;
                if index != self.parent[node as usize] {
                    let child = self.other(index, node);
                    enter(self, &mut stack, child, index, next);
                }
                continue;
            }
            self.place[node as usize] = next;
            self.order[next as usize] = node;
            next += 1;
            stack.pop();
            if let Some((above, _)) = stack.last() {
                self.sum[*above as usize] += self.sum[node as usize];
            }
        }
        self.stack = stack;
        next
    }

    /// The lower node of a tree tie by whose stretching the sum falls: of the next few the best.
    fn next_to_leave(&mut self, steps: &mut u64) -> Option<u32> {
        const FEW: usize = 100;
        let mut best: Option<(i64, u32)> = None;
        let mut found = 0;
        let count = self.parent.len();
        for _ in 0..count {
            let node = self.next;
            self.next = if node + 1 == count { 0 } else { node + 1 };
            *steps = steps.saturating_sub(1);
            let cut = self.cut(node as u32);
            if cut < 0 {
                found += 1;
                if best.is_none_or(|(least, _)| cut < least) {
                    best = Some((cut, node as u32));
                }
                if found == FEW {
                    break;
                }
            }
        }
        best.map(|(_, node)| node)
    }

    /// By how much the sum changes for each unit that the tie above a node is stretched.
    fn cut(&self, node: u32) -> i64 {
        let index = self.parent[node as usize];
        if index == NONE {
            return 0;
        }
        if self.ties[index as usize].tail == node { self.sum[node as usize] } else { -self.sum[node as usize] }
    }

    fn is_below(&self, node: u32, top: u32) -> bool {
        (self.lowest[top as usize]..=self.place[top as usize]).contains(&self.place[node as usize])
    }

    /// The tie that gets in the way first when the tie above `child` is stretched.
    fn entering(&self, child: u32, values: &[i64], steps: &mut u64) -> Option<u32> {
        let is_tail = self.ties[self.parent[child as usize] as usize].tail == child;
        let mut best: Option<(i64, u32)> = None;
        for (from, to) in self.smaller_side(child) {
            for node in &self.order[from..to] {
                *steps = steps.saturating_sub(1 + self.around.len(*node) as u64);
                for (other, index) in self.around.of(*node) {
                    let tie = &self.ties[*index as usize];
                    let is_inside = self.is_below(*node, child);
                    // Only ties that lead from the side of the leaving tie's head to that of its tail.
                    let leads_back = (tie.tail == *node) == (is_inside != is_tail);
                    if leads_back && self.is_below(*other, child) != is_inside {
                        let key = (slack(tie, values), *index);
                        if best.is_none_or(|best| key < best) {
                            best = Some(key);
                        }
                    }
                }
            }
        }
        best.map(|(_, index)| index)
    }

    /// Runs of `order`: the subtree of `child`, or all else of its tree, whichever is less.
    fn smaller_side(&self, child: u32) -> [(usize, usize); 2] {
        let run = |top: u32| (self.lowest[top as usize] as usize, self.place[top as usize] as usize + 1);
        let (inner, whole) = (run(child), run(self.root[child as usize]));
        if 2 * (inner.1 - inner.0) <= whole.1 - whole.0 { [inner, (0, 0)] } else { [(whole.0, inner.0), (inner.1, whole.1)] }
    }

    fn exchange(&mut self, child: u32, entering: u32, values: &mut [i64], steps: &mut u64) {
        let leaving = self.parent[child as usize];
        let gap = slack(&self.ties[entering as usize], values);
        // The sides move apart by the gap; it does not matter which one moves.
        let is_inner = self.smaller_side(child)[1].1 == 0;
        let is_up = (self.ties[leaving as usize].tail == child) == is_inner;
        for (from, to) in self.smaller_side(child) {
            for node in &self.order[from..to] {
                values[*node as usize] += if is_up { -gap } else { gap };
            }
        }
        let tie = self.ties[entering as usize];
        let outer = if self.is_below(tie.tail, child) { tie.head } else { tie.tail };
        let mut top = outer;
        while !self.is_below(child, top) {
            top = self.other(self.parent[top as usize], top);
        }
        self.part(leaving);
        self.join(entering);
        let first = self.lowest[top as usize];
        *steps = steps.saturating_sub(u64::from(self.place[top as usize] - first) * 3);
        self.number(top, self.parent[top as usize], first);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tie(tail: u32, head: u32, length: i64, weight: i64) -> Tie {
        Tie { tail, head, length, weight }
    }

    /// The least cost by trying all values up to a limit.
    fn least(ties: &[Tie], count: usize, limit: i64) -> i64 {
        let mut best = i64::MAX;
        let mut values = vec![0; count];
        loop {
            if ties.iter().all(|tie| slack(tie, &values) >= 0) {
                best = best.min(cost(ties, &values));
            }
            let Some(digit) = values.iter().position(|value| *value < limit) else { return best };
            values[digit] += 1;
            values[..digit].fill(0);
        }
    }

    /// Longest paths.
    fn feasible(ties: &[Tie], count: usize) -> Vec<i64> {
        let mut values = vec![0; count];
        for _ in 0..count {
            for tie in ties {
                values[tie.head as usize] = values[tie.head as usize].max(values[tie.tail as usize] + tie.length);
            }
        }
        values
    }

    #[test]
    fn as_good_as_trying_everything() {
        let mut state = 7u32;
        let mut draw = |below: u32| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) % below
        };
        for case in 0..300 {
            let count = 3 + draw(4);
            let ties: Vec<Tie> = (0..count + draw(5))
                .map(|_| (draw(count), draw(count), i64::from(draw(2)), i64::from(draw(4))))
                .filter(|(a, b, ..)| a != b)
                .map(|(a, b, length, weight)| tie(a.min(b), a.max(b), length, weight))
                .collect();
            let mut values = feasible(&ties, count as usize);
            let mut steps = 1_000_000;
            minimise(&ties, &mut values, &mut steps);
            assert!(ties.iter().all(|tie| slack(tie, &values) >= 0), "{case}: {ties:?}");
            assert_eq!(cost(&ties, &values), least(&ties, count as usize, 6), "{case}: {ties:?}");
        }
    }

    #[test]
    fn without_steps_nothing_gets_worse() {
        let ties: Vec<Tie> =
            (1..40).flat_map(|node| [tie(node - 1, node, 1, 1), tie(node / 2, node, 1, 5)]).filter(|t| t.tail != t.head).collect();
        let start = feasible(&ties, 40);
        for budget in [0, 100, 500, 1000, 5000] {
            let (mut values, mut steps) = (start.clone(), budget);
            minimise(&ties, &mut values, &mut steps);
            assert!(ties.iter().all(|tie| slack(tie, &values) >= 0));
            assert!(cost(&ties, &values) <= cost(&ties, &start));
        }
    }
}
