//! Which layers come before and after a layer, with whatever lies between them left out.

use std::collections::{HashMap, HashSet, VecDeque};

use crate::model::{Graph, GraphId, Model, OperationId};
use crate::weights::Catalogue;

/// For each layer with a kernel or table the nearest of its kind on either side; for what lies between them, too.
pub(super) struct Surroundings {
    before: HashMap<(GraphId, OperationId), Vec<OperationId>>,
    after: HashMap<(GraphId, OperationId), Vec<OperationId>>,
}

/// How many operations are looked at from one, and how many layers are taken.
const REACH: usize = 96;
const LAYERS: usize = 6;

impl Surroundings {
    pub fn of(model: &Model, catalogue: &Catalogue) -> Self {
        let layers: HashSet<_> =
            catalogue.weights().filter(|weight| weight.role.is_main()).map(|weight| (weight.site.graph, weight.site.operation)).collect();
        let asked: HashSet<_> = catalogue.weights().map(|weight| (weight.site.graph, weight.layer())).collect();
        let (mut before, mut after) = (HashMap::new(), HashMap::new());
        for place in asked {
            let graph = model.graph(place.0);
            if graph.is_unread(place.1) {
                continue;
            }
            let is_layer = |operation: OperationId| layers.contains(&(place.0, operation));
            before.insert(place, nearest(place.1, is_layer, |operation| producers(graph, operation)));
            after.insert(place, nearest(place.1, is_layer, |operation| consumers(graph, operation)));
        }
        Self { before, after }
    }

    pub fn before(&self, place: (GraphId, OperationId)) -> Vec<OperationId> {
        self.before.get(&place).cloned().unwrap_or_default()
    }

    pub fn after(&self, place: (GraphId, OperationId)) -> Vec<OperationId> {
        self.after.get(&place).cloned().unwrap_or_default()
    }
}

fn nearest(from: OperationId, is_layer: impl Fn(OperationId) -> bool, next: impl Fn(OperationId) -> Vec<OperationId>) -> Vec<OperationId> {
    let (mut queue, mut seen, mut found) = (VecDeque::from([from]), HashSet::from([from]), Vec::new());
    while let Some(operation) = queue.pop_front() {
        if operation != from && is_layer(operation) {
            found.push(operation);
            if found.len() == LAYERS {
                break;
            }
            continue;
        }
        for next in next(operation) {
            if seen.len() < REACH && seen.insert(next) {
                queue.push_back(next);
            }
        }
    }
    found
}

fn producers(graph: &Graph, operation: OperationId) -> Vec<OperationId> {
    graph.operation(operation).inputs.iter().flatten().filter_map(|tensor| graph.tensor(*tensor).producer).collect()
}

fn consumers(graph: &Graph, operation: OperationId) -> Vec<OperationId> {
    graph.operation(operation).outputs.iter().flat_map(|tensor| graph.tensor(*tensor).consumers.iter().copied()).collect()
}
