//! Takes apart groups that can't be one box: those that a path of edges leaves and enters again, so that
//! boxes would feed each other in a circle.
//!
//! On each level the boxes that do so are found (strongly connected components, Tarjan 1972), and the
//! smallest group among them gives its items to the level, until there is no circle. Then each group
//! that was taken apart is put together again, without what lies on the wrong side of others: its items
//! are counted off by how often a path has left and come back before them, and those with one count can
//! be one box. Circles of operations that the model itself has stay.

use std::collections::{HashMap, HashSet};

use super::Origin;
use super::flow::{Flow, Lists, sorted};
use super::tree::{Item, Node, ROOT, Tree};

/// Rounds after which all groups of a circle are taken apart at once.
const PATIENCE: usize = 16;
/// Groups of a level that are put together again.
const MOST_MENDED: usize = 64;

impl Tree {
    pub fn make_convex(&mut self, flow: &Flow) {
        let mut open = vec![ROOT];
        while let Some(node) = open.pop() {
            self.untangle(node, flow);
            open.extend(self.groups_in(node));
        }
    }

    fn untangle(&mut self, node: u32, flow: &Flow) {
        if self.groups_in(node).next().is_none() {
            return;
        }
        // Label and operations of what was taken apart, in order.
        let mut apart: Vec<(String, Vec<Item>)> = Vec::new();
        for round in 0.. {
            let level = Level::of(self, node, flow);
            let circles = level.circles();
            if circles.is_empty() {
                break;
            }
            let sizes = self.sizes();
            for circle in circles {
                let mut groups: Vec<u32> = circle
                    .into_iter()
                    .filter_map(|place| match level.items[place as usize] {
                        Item::Group(group) => Some(group),
                        Item::Operation(_) => None,
                    })
                    .collect();
                groups.sort_by_key(|group| (sizes[*group as usize], *group));
                groups.truncate(if round < PATIENCE { 1 } else { usize::MAX });
                for group in &groups {
                    apart.push((self.nodes[*group as usize].label.clone(), self.nodes[*group as usize].items.clone()));
                }
                self.dissolve(node, |_, group| groups.contains(&group));
            }
        }
        let mended = apart.len().min(MOST_MENDED);
        for (label, items) in apart.into_iter().rev().take(mended) {
            self.mend(node, &label, &items, flow);
        }
    }

    /// Makes groups of those items that still stand on a level and can be one box together.
    fn mend(&mut self, node: u32, label: &str, wanted: &[Item], flow: &Flow) {
        const FEWEST: usize = 3;
        let level = Level::of(self, node, flow);
        let wanted: HashSet<&Item> = wanted.iter().collect();
        let is_wanted: Vec<bool> = level.items.iter().map(|item| wanted.contains(item)).collect();
        let returns = level.returns(&is_wanted);
        let mut pieces: HashMap<u32, Vec<Item>> = HashMap::new();
        for (place, item) in level.items.iter().enumerate().filter(|(place, _)| is_wanted[*place]) {
            pieces.entry(returns[place]).or_default().push(*item);
        }
        let mut pieces: Vec<(u32, Vec<Item>)> = pieces.into_iter().filter(|(_, piece)| piece.len() >= FEWEST).collect();
        pieces.sort_by_key(|(returns, _)| *returns);
        let groups = pieces.into_iter().enumerate().map(|(index, (_, items))| {
            let label = if index == 0 { label.to_owned() } else { format!("{label} ({})", index + 1) };
            Node { label, origin: Origin::Names, items }
        });
        self.gather(node, groups.collect());
    }
}

/// The items of one node and the edges between them.
pub(super) struct Level {
    pub items: Vec<Item>,
    pub before: Lists,
    pub after: Lists,
}

impl Level {
    pub fn of(tree: &Tree, node: u32, flow: &Flow) -> Self {
        let items = tree.nodes[node as usize].items.clone();
        let mut place_of: HashMap<u32, u32> = HashMap::new();
        for (place, item) in (0u32..).zip(&items) {
            match item {
                Item::Operation(operation) => drop(place_of.insert(*operation, place)),
                Item::Group(group) => place_of.extend(tree.operations_in(*group).into_iter().map(|operation| (operation, place))),
            }
        }
        let mut pairs = Vec::new();
        for (operation, place) in &place_of {
            let before = flow.before.at(*operation).iter().filter_map(|from| place_of.get(from));
            pairs.extend(before.filter(|from| *from != place).map(|from| (*from, *place)));
        }
        let before = Lists::of(items.len(), pairs.iter().map(|(from, to)| (*to, *from)).collect());
        Self { before, after: Lists::of(items.len(), pairs), items }
    }

    /// Places in an order that edges follow.
    pub fn sorted(&self) -> Vec<u32> {
        sorted(self.items.len(), 0..self.items.len() as u32, &self.before, &self.after)
    }

    /// Places by how long the longest way to them is, then in order.
    pub fn by_layers(&self) -> Vec<u32> {
        let mut order = self.sorted();
        let mut depth = vec![0u32; self.items.len()];
        for place in &order {
            depth[*place as usize] = self.before.at(*place).iter().map(|from| depth[*from as usize] + 1).max().unwrap_or(0);
        }
        order.sort_by_key(|place| (depth[*place as usize], *place));
        order
    }

    /// The circles with a group in them.
    fn circles(&self) -> Vec<Vec<u32>> {
        let has_group = |circle: &Vec<u32>| circle.iter().any(|place| matches!(self.items[*place as usize], Item::Group(_)));
        strong(self.items.len(), &self.after).into_iter().filter(|circle| circle.len() > 1 && has_group(circle)).collect()
    }

    /// For each place how often a path that began at a wanted one has left the wanted ones and come back.
    fn returns(&self, is_wanted: &[bool]) -> Vec<u32> {
        // How often, and whether any wanted place leads here.
        let mut state = vec![(0u32, false); self.items.len()];
        for place in self.sorted() {
            let own = is_wanted[place as usize];
            let mut now = (0, own);
            for from in self.before.at(place) {
                let (count, is_reached) = state[*from as usize];
                let comes_back = own && is_reached && !is_wanted[*from as usize];
                now = (now.0.max(count + u32::from(comes_back)), now.1 || is_reached);
            }
            state[place as usize] = now;
        }
        state.into_iter().map(|(count, _)| count).collect()
    }
}

/// Strongly connected components, without recursion.
fn strong(count: usize, after: &Lists) -> Vec<Vec<u32>> {
    const NEW: u32 = u32::MAX;
    let mut number = vec![NEW; count];
    let mut lowest = vec![0u32; count];
    let mut is_open = vec![false; count];
    let (mut open, mut found) = (Vec::new(), Vec::new());
    let mut next = 0;
    let mut stack: Vec<(u32, usize)> = Vec::new();
    for start in 0..count as u32 {
        if number[start as usize] != NEW {
            continue;
        }
        stack.push((start, 0));
        while let Some((place, followed)) = stack.last_mut() {
            let place = *place;
            if *followed == 0 {
                (number[place as usize], lowest[place as usize]) = (next, next);
                next += 1;
                open.push(place);
                is_open[place as usize] = true;
            }
            if let Some(to) = after.at(place).get(*followed) {
                *followed += 1;
                if number[*to as usize] == NEW {
                    stack.push((*to, 0));
                } else if is_open[*to as usize] {
                    lowest[place as usize] = lowest[place as usize].min(number[*to as usize]);
                }
                continue;
            }
            stack.pop();
            if let Some((outer, _)) = stack.last() {
                lowest[*outer as usize] = lowest[*outer as usize].min(lowest[place as usize]);
            }
            if lowest[place as usize] == number[place as usize] {
                let begin = open.iter().rposition(|member| *member == place).unwrap_or(0);
                let component = open.split_off(begin);
                component.iter().for_each(|member| is_open[*member as usize] = false);
                found.push(component);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components() {
        let after = Lists::of(6, vec![(0, 1), (1, 2), (2, 0), (2, 3), (3, 4), (4, 3), (4, 5)]);
        let mut found = strong(6, &after);
        found.iter_mut().for_each(|component| component.sort_unstable());
        found.sort();
        assert_eq!(found, [vec![0, 1, 2], vec![3, 4], vec![5]]);
        let deep = Lists::of(200_000, (1..200_000).map(|place| (place - 1, place)).collect());
        assert_eq!(strong(200_000, &deep).len(), 200_000);
    }
}
