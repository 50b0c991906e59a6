//! Groups while they are being found: a tree that is taken apart and put together.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::classes::Classes;
use super::flow::Flow;
use super::names::Paths;
use super::{Count, Group, GroupId, Groups, Load, Origin, sorted_shares};
use crate::model::{Graph, OperationId};
use crate::weights::Family;

/// A group of fewer operations is no help.
const FEWEST: usize = 3;

pub(super) struct Tree {
    /// The root first; it is all of the graph, and no group itself.
    pub nodes: Vec<Node>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Node {
    pub label: String,
    pub origin: Origin,
    pub items: Vec<Item>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Item {
    /// By position in the file.
    Operation(u32),
    /// By index in the tree.
    Group(u32),
}

pub(super) const ROOT: u32 = 0;

impl Tree {
    /// By names alone.
    pub fn of_names(graph: &Graph, flow: &Flow) -> Self {
        let mut tree = Self { nodes: vec![Node::default()] };
        let paths = Paths::of(graph.operations.iter().map(|operation| operation.name.as_str()));
        let mut known: HashMap<(u32, &str), u32> = HashMap::new();
        for (id, operation) in graph.operations().filter(|(id, _)| flow.is_drawn[id.0 as usize]) {
            let mut at = ROOT;
            // What stands for an input or output of the graph is found beside it.
            let is_end = matches!(operation.kind.as_str(), "Parameter" | "Result" | "Output" | "Input");
            for part in paths.groups(&operation.name).into_iter().filter(|_| !is_end) {
                let next = tree.nodes.len() as u32;
                let group = *known.entry((at, part)).or_insert(next);
                if group == next {
                    tree.nodes.push(Node { label: part.to_owned(), ..Node::default() });
                    tree.nodes[at as usize].items.push(Item::Group(group));
                }
                at = group;
            }
            tree.nodes[at as usize].items.push(Item::Operation(id.0));
        }
        tree
    }

    /// How many operations each node holds, however deep. Children have no order in the list.
    pub fn sizes(&self) -> Vec<usize> {
        let mut sizes = vec![0; self.nodes.len()];
        for node in self.inner_first() {
            let size = |item: &Item| match item {
                Item::Operation(_) => 1,
                Item::Group(group) => sizes[*group as usize],
            };
            sizes[node as usize] = self.nodes[node as usize].items.iter().map(size).sum();
        }
        sizes
    }

    /// All nodes that hang on the root, outer before inner.
    pub fn outer_first(&self) -> Vec<u32> {
        let mut order = vec![ROOT];
        let mut next = 0;
        while let Some(node) = order.get(next).copied() {
            next += 1;
            order.extend(self.groups_in(node));
        }
        order
    }

    pub fn inner_first(&self) -> Vec<u32> {
        let mut order = self.outer_first();
        order.reverse();
        order
    }

    pub fn groups_in(&self, node: u32) -> impl Iterator<Item = u32> + '_ {
        self.nodes[node as usize].items.iter().filter_map(|item| match item {
            Item::Group(group) => Some(*group),
            Item::Operation(_) => None,
        })
    }

    /// The operations in a node, however deep.
    pub fn operations_in(&self, node: u32) -> Vec<u32> {
        let mut operations = Vec::new();
        let mut open = vec![node];
        while let Some(node) = open.pop() {
            for item in &self.nodes[node as usize].items {
                match item {
                    Item::Operation(operation) => operations.push(*operation),
                    Item::Group(group) => open.push(*group),
                }
            }
        }
        operations.sort_unstable();
        operations
    }

    /// Takes out groups that say nothing: of too few operations, the only thing in another one, or nearly
    /// all of the graph.
    pub fn simplify(&mut self) {
        let sizes = self.sizes();
        for node in self.inner_first() {
            self.dissolve(node, |_, group| sizes[group as usize] < FEWEST);
        }
        for node in self.inner_first() {
            let [Item::Group(inner)] = self.nodes[node as usize].items[..] else { continue };
            let inner = std::mem::take(&mut self.nodes[inner as usize]);
            let outer = &mut self.nodes[node as usize];
            if node != ROOT {
                outer.label = if inner.origin == Origin::Names { format!("{}/{}", outer.label, inner.label) } else { outer.label.clone() };
            }
            outer.items = inner.items;
        }
        // The whole model in one box is no picture.
        while let [only] = self.groups_in(ROOT).collect::<Vec<_>>()[..]
            && self.groups_in(only).next().is_some()
        {
            self.dissolve(ROOT, |_, group| group == only);
        }
    }

    /// Puts what lies in some of a node's groups in their place.
    pub fn dissolve(&mut self, node: u32, is_needless: impl Fn(&Self, u32) -> bool) {
        let items = std::mem::take(&mut self.nodes[node as usize].items);
        let mut kept = Vec::with_capacity(items.len());
        for item in items {
            match item {
                Item::Group(group) if is_needless(self, group) => kept.append(&mut self.nodes[group as usize].items),
                item => kept.push(item),
            }
        }
        self.nodes[node as usize].items = kept;
    }

    /// Makes groups of some of a node's items, each in the place of its first.
    pub fn gather(&mut self, node: u32, groups: Vec<Node>) {
        let mut group_of: HashMap<Item, u32> = HashMap::new();
        for group in groups {
            let index = self.nodes.len() as u32;
            group_of.extend(group.items.iter().map(|item| (*item, index)));
            self.nodes.push(group);
        }
        let mut is_placed: HashSet<u32> = HashSet::new();
        let items = std::mem::take(&mut self.nodes[node as usize].items);
        let kept = items.into_iter().filter_map(|item| match group_of.get(&item) {
            Some(group) => is_placed.insert(*group).then_some(Item::Group(*group)),
            None => Some(item),
        });
        self.nodes[node as usize].items = kept.collect();
    }

    /// The tree as it is kept.
    pub fn finish(mut self, graph: &Graph, flow: &Flow, loads: &[Load]) -> Groups {
        // Groups stand where their first operations do.
        let mut first = vec![u32::MAX; self.nodes.len()];
        for node in self.inner_first() {
            let first_of = |item: &Item| match item {
                Item::Operation(operation) => *operation,
                Item::Group(group) => first[*group as usize],
            };
            let mut items = std::mem::take(&mut self.nodes[node as usize].items);
            items.sort_by_key(first_of);
            first[node as usize] = items.iter().map(first_of).min().unwrap_or(u32::MAX);
            self.nodes[node as usize].items = items;
        }
        let mut groups = Groups { of_operation: vec![None; graph.operations.len()], operations: flow.order.len(), ..Groups::default() };
        let mut id_of = vec![GroupId(0); self.nodes.len()];
        let order = self.outer_first();
        for node in &order[1..] {
            id_of[*node as usize] = GroupId(groups.all.len() as u32);
            groups.all.push(Group {
                label: self.nodes[*node as usize].label.clone(),
                origin: self.nodes[*node as usize].origin,
                ..Group::default()
            });
        }
        for node in &order {
            let own = (*node != ROOT).then(|| id_of[*node as usize]);
            for item in &self.nodes[*node as usize].items {
                match (item, own) {
                    (Item::Group(inner), Some(own)) => {
                        let inner = id_of[*inner as usize];
                        groups.all[inner.0 as usize].parent = Some(own);
                        groups.all[own.0 as usize].groups.push(inner);
                    }
                    (Item::Group(inner), None) => groups.top.push(id_of[*inner as usize]),
                    (Item::Operation(operation), Some(own)) => {
                        groups.all[own.0 as usize].operations.push(OperationId(*operation));
                        groups.of_operation[*operation as usize] = Some(own);
                    }
                    (Item::Operation(_), None) => groups.alone += 1,
                }
            }
        }
        groups.name_and_count(graph, loads);
        let mut classes = Classes::new(graph, flow, loads);
        for (node, id) in order[1..].iter().map(|node| (*node, id_of[*node as usize])) {
            let class = classes.of(&self.operations_in(node));
            groups.all[id.0 as usize].class = class;
            if class as usize == groups.classes.len() {
                groups.classes.push(Vec::new());
            }
            groups.classes[class as usize].push(id);
        }
        for group in &mut groups.all {
            group.alike = groups.classes[group.class as usize].len() as u32;
        }
        groups
    }
}

impl Groups {
    fn name_and_count(&mut self, graph: &Graph, loads: &[Load]) {
        let mut shares: Vec<BTreeMap<Family, Count>> = vec![BTreeMap::new(); self.all.len()];
        for (index, shares) in shares.iter_mut().enumerate() {
            let outer = self.all[index].parent.map(|parent| self.all[parent.0 as usize].name.clone());
            let group = &mut self.all[index];
            group.name = outer.map_or_else(|| group.label.clone(), |outer| format!("{outer}/{}", group.label));
            for operation in &group.operations {
                let load = loads.get(operation.0 as usize).copied().unwrap_or_default();
                let count = Count { operations: 1, parameters: load.parameters, bytes: load.bytes };
                shares.entry(Family::of(&graph.operation(*operation).kind)).or_default().add(count);
            }
        }
        for index in (0..self.all.len()).rev() {
            let own = std::mem::take(&mut shares[index]);
            own.values().for_each(|count| self.all[index].total.add(*count));
            if let Some(parent) = self.all[index].parent {
                own.iter().for_each(|(family, count)| shares[parent.0 as usize].entry(*family).or_default().add(*count));
            }
            self.all[index].shares = sorted_shares(own);
        }
    }
}
