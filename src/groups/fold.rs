//! What of a model is open in a picture: groups, bodies, and the chains that prepare constants.

use std::collections::BTreeSet;

use super::{GroupId, Groups, Origin};
use crate::model::{GraphId, OperationId, OperationRef};

/// A group of one of a model's graphs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GroupRef {
    pub graph: GraphId,
    pub group: GroupId,
}

/// What is open. What is not named is closed; names of what is not there mean nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fold {
    /// Whether groups are drawn at all; else every operation is a box by itself.
    pub is_grouped: bool,
    /// Groups that are frames around what lies in them, if everything around them is open too.
    pub open: BTreeSet<GroupRef>,
    /// Operations whose bodies are drawn within their boxes.
    pub bodies: BTreeSet<OperationRef>,
    /// Operations whose constants are drawn with all that prepares them.
    pub chains: BTreeSet<OperationRef>,
}

impl Fold {
    /// Up to this many operations a graph is clear without groups.
    pub const CLEAR: usize = 300;
    /// Above this many a graph is never drawn without groups unless somebody asks for it.
    pub const MOST: usize = 2_000;
    /// Boxes of a picture that can be taken in.
    pub const READABLE: usize = 64;

    /// Without groups.
    pub fn flat() -> Self {
        Self::default()
    }

    /// Groups, all closed.
    pub fn closed() -> Self {
        Self { is_grouped: true, ..Self::default() }
    }

    /// Groups of a graph, all open.
    pub fn all_open(graph: GraphId, groups: &Groups) -> Self {
        let open = (0..groups.all().len() as u32).map(|group| GroupRef { graph, group: GroupId(group) });
        Self { is_grouped: true, open: open.collect(), ..Self::default() }
    }

    /// As a graph is first shown: a small one without groups; of a large one as much as gives a picture
    /// with a readable number of boxes. What is one of several alike stays closed.
    pub fn auto(graph: GraphId, groups: &Groups) -> Self {
        if !Self::is_worth_grouping(groups) {
            return Self::flat();
        }
        let mut fold = Self::closed();
        let mut boxes = groups.top().len() + groups.alone();
        let mut closed: Vec<GroupId> = groups.top().to_vec();
        loop {
            // Those that hold groups: of plain operations a box tells enough.
            let can_open = |id: &GroupId| {
                let group = groups.group(*id);
                group.alike == 1 && !group.groups.is_empty() && boxes + group.items() - 1 <= Self::READABLE
            };
            let largest =
                closed.iter().copied().filter(can_open).max_by_key(|id| (groups.group(*id).total.operations, std::cmp::Reverse(*id)));
            let Some(id) = largest else { return fold };
            boxes += groups.group(id).items() - 1;
            fold.open.insert(GroupRef { graph, group: id });
            closed.retain(|other| *other != id);
            closed.extend(&groups.group(id).groups);
        }
    }

    fn is_worth_grouping(groups: &Groups) -> bool {
        let operations = groups.operations();
        if groups.is_empty() || operations <= Self::CLEAR {
            return false;
        }
        // Sections are there to keep a very large picture together; they tell nothing about the model.
        let told = groups.top().iter().map(|id| groups.group(*id)).filter(|group| group.origin != Origin::Section);
        operations > Self::MOST || 2 * told.map(|group| group.total.operations as usize).sum::<usize>() >= operations
    }

    /// Opens or closes a group and all that are built alike.
    pub fn set_alike(&mut self, groups: &Groups, at: GroupRef, is_open: bool) {
        for group in groups.alike(at.group) {
            let group = GroupRef { graph: at.graph, group: *group };
            if is_open {
                self.open.insert(group);
            } else {
                self.open.remove(&group);
            }
        }
    }

    /// Opens all groups around an operation, so that it is a box. Returns whether that changed anything.
    pub fn reveal(&mut self, groups: &Groups, operation: OperationRef) -> bool {
        let inner = groups.of_operation(operation.operation).filter(|_| self.is_grouped);
        let mut has_changed = false;
        for group in inner.into_iter().flat_map(|inner| groups.ancestors(inner)) {
            has_changed |= self.open.insert(GroupRef { graph: operation.graph, group });
        }
        has_changed
    }

    /// The outermost closed group that hides an operation.
    pub fn hiding(&self, groups: &Groups, graph: GraphId, operation: OperationId) -> Option<GroupId> {
        let inner = groups.of_operation(operation).filter(|_| self.is_grouped)?;
        groups.ancestors(inner).filter(|group| !self.open.contains(&GroupRef { graph, group: *group })).last()
    }
}
