//! Groups of operations: what belongs together in a graph, so that a large one can be shown as a few
//! boxes, each of which opens.
//!
//! The groups come from the hierarchy that converters leave in names (`names`), and where names carry
//! none, from the order of the operations: stretches that repeat, else sections where few tensors pass
//! (`stretches`). A group that a path leaves and enters again would close a cycle once it is one box;
//! `convex` takes such groups apart as far as needed. `classes` tells which groups are built alike, up
//! to names: the layers of a transformer. [`Fold`] says which groups are open.
//!
//! Nothing here is taken from a format or a framework; a group is its operations and a label.

use std::collections::BTreeMap;

use crate::model::{Graph, GraphId, OperationId};
use crate::weights::Family;

mod classes;
mod convex;
mod flow;
mod fold;
mod names;
mod stretches;
mod tree;

pub use fold::{Fold, GroupRef};
pub use names::own_part;

use flow::Flow;
use tree::Tree;

/// The position of a group in [`Groups::all`]; the same every time for the same graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GroupId(pub u32);

/// The groups of one graph, as a tree.
#[derive(Clone, Debug, Default)]
pub struct Groups {
    all: Vec<Group>,
    top: Vec<GroupId>,
    of_operation: Vec<Option<GroupId>>,
    /// The groups of each class.
    classes: Vec<Vec<GroupId>>,
    /// Operations that are drawn, and those of them that no group holds.
    operations: usize,
    alone: usize,
}

/// Operations that are shown together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Group {
    /// What a box says.
    pub label: String,
    /// The labels of all groups around it, then its own, with `/` between.
    pub name: String,
    pub origin: Origin,
    pub parent: Option<GroupId>,
    pub groups: Vec<GroupId>,
    /// The operations that lie in no inner group, in file order.
    pub operations: Vec<OperationId>,
    /// Groups of one class are built alike: the same operations with parameters of the same shapes,
    /// connected in the same way.
    pub class: u32,
    /// How many groups the class has.
    pub alike: u32,
    /// All that lies in the group, however deep.
    pub total: Count,
    /// The same by families of operations, those with the most parameters first, then those with the
    /// most operations.
    pub shares: Vec<(Family, Count)>,
}

/// What a group was found by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Origin {
    /// Names that begin alike.
    #[default]
    Names,
    /// A stretch of operations that comes again.
    Repeated,
    /// A stretch between places where few tensors pass.
    Section,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    pub operations: u64,
    pub parameters: u64,
    /// As stored in the file.
    pub bytes: u64,
}

/// What an operation carries: its weights' sizes, and a number that differs where their shapes do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Load {
    pub parameters: u64,
    pub bytes: u64,
    pub shapes: u64,
}

impl Groups {
    /// Finds the groups of a graph. `is_drawn` tells which operations are boxes of their own (those that
    /// only prepare constants are not, and belong to no group); `loads` has one entry for each operation.
    pub fn of(graph: &Graph, is_drawn: impl Fn(OperationId) -> bool, loads: &[Load]) -> Self {
        let flow = Flow::of(graph, is_drawn);
        let mut tree = Tree::of_names(graph, &flow);
        tree.make_convex(&flow);
        tree.simplify();
        tree.cut_stretches(graph, &flow);
        tree.simplify();
        tree.finish(graph, &flow, loads)
    }

    /// Parents before children, else in file order.
    pub fn all(&self) -> &[Group] {
        &self.all
    }

    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    pub fn group(&self, id: GroupId) -> &Group {
        &self.all[id.0 as usize]
    }

    pub fn get(&self, id: GroupId) -> Option<&Group> {
        self.all.get(id.0 as usize)
    }

    /// The groups that lie in no other.
    pub fn top(&self) -> &[GroupId] {
        &self.top
    }

    /// The innermost group that holds an operation.
    pub fn of_operation(&self, operation: OperationId) -> Option<GroupId> {
        self.of_operation.get(operation.0 as usize).copied().flatten()
    }

    /// The group itself, the one around it, and so on outwards.
    pub fn ancestors(&self, id: GroupId) -> impl Iterator<Item = GroupId> + '_ {
        std::iter::successors(Some(id), |id| self.group(*id).parent)
    }

    /// All groups that are built like this one, itself included.
    pub fn alike(&self, id: GroupId) -> &[GroupId] {
        self.classes.get(self.group(id).class as usize).map_or(&[], Vec::as_slice)
    }

    /// How many operations are boxes when nothing is grouped.
    pub fn operations(&self) -> usize {
        self.operations
    }

    /// How many operations no group holds.
    pub fn alone(&self) -> usize {
        self.alone
    }

    /// The group as part of a model.
    pub fn at(graph: GraphId, group: GroupId) -> GroupRef {
        GroupRef { graph, group }
    }
}

impl Group {
    /// Boxes inside once it is open and all inner groups are closed.
    pub fn items(&self) -> usize {
        self.groups.len() + self.operations.len()
    }

    /// The family with the largest part.
    pub fn family(&self) -> Option<Family> {
        self.shares.first().map(|(family, _)| *family)
    }
}

impl Count {
    fn add(&mut self, other: Self) {
        self.operations += other.operations;
        self.parameters = self.parameters.saturating_add(other.parameters);
        self.bytes = self.bytes.saturating_add(other.bytes);
    }
}

/// Sums by family, the largest first.
fn sorted_shares(shares: BTreeMap<Family, Count>) -> Vec<(Family, Count)> {
    let mut shares: Vec<(Family, Count)> = shares.into_iter().collect();
    shares.sort_by_key(|(family, count)| (std::cmp::Reverse((count.parameters, count.operations)), *family));
    shares
}

#[cfg(test)]
mod tests;
