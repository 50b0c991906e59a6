//! Which groups are built alike.
//!
//! Every operation of a group gets a number that stands for its type, the shapes of its parameters and,
//! through the numbers of what it reads within the group, all that leads to it there; a group's number
//! stands for those of its operations with how often each is read within the group and beyond. Names
//! and the order in the file play no part. This is colour refinement (Weisfeiler and Leman 1968) along
//! the edges: alike groups always get the same number, and others only if they differ in nothing but
//! which of several alike operations reads which.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::Load;
use super::flow::Flow;
use crate::model::{Graph, OperationId};

pub(super) struct Classes<'a> {
    graph: &'a Graph,
    flow: &'a Flow,
    loads: &'a [Load],
    /// Place of each operation in the flow's order.
    place: Vec<u32>,
    /// The number of each member of the group at hand.
    number: HashMap<u32, u64>,
    known: HashMap<u64, u32>,
}

impl<'a> Classes<'a> {
    pub fn new(graph: &'a Graph, flow: &'a Flow, loads: &'a [Load]) -> Self {
        let mut place = vec![0; graph.operations.len()];
        (0u32..).zip(&flow.order).for_each(|(index, operation)| place[*operation as usize] = index);
        Self { graph, flow, loads, place, number: HashMap::new(), known: HashMap::new() }
    }

    /// The class of a group, numbered in the order of first use.
    pub fn of(&mut self, operations: &[u32]) -> u32 {
        let number = self.number_of(operations);
        let next = self.known.len() as u32;
        *self.known.entry(number).or_insert(next)
    }

    fn number_of(&mut self, operations: &[u32]) -> u64 {
        let mut members = operations.to_vec();
        members.sort_unstable_by_key(|operation| self.place[*operation as usize]);
        self.number.clear();
        let is_member: std::collections::HashSet<u32> = members.iter().copied().collect();
        for operation in &members {
            let number = self.number_of_operation(*operation, &is_member);
            self.number.insert(*operation, number);
        }
        let whole = |operation: &u32| {
            let readers = self.flow.after.at(*operation);
            let mut inner: Vec<u64> = readers.iter().filter_map(|reader| self.number.get(reader).copied()).collect();
            inner.sort_unstable();
            let is_read_outside = inner.len() < readers.len();
            hash(&(self.number[operation], inner, is_read_outside))
        };
        let mut numbers: Vec<u64> = members.iter().map(whole).collect();
        numbers.sort_unstable();
        hash(&numbers)
    }

    fn number_of_operation(&self, operation: u32, is_member: &std::collections::HashSet<u32>) -> u64 {
        let own = self.graph.operation(OperationId(operation));
        let inputs: Vec<(u8, u64, usize)> = own
            .inputs
            .iter()
            .map(|input| {
                let Some(tensor) = input.and_then(|input| self.graph.tensors.get(input.0 as usize)) else { return (0, 0, 0) };
                match tensor.producer {
                    Some(producer) if is_member.contains(&producer.0) => {
                        let number = self.number.get(&producer.0).copied().unwrap_or_default();
                        let outputs = &self.graph.operation(producer).outputs;
                        let output = outputs.iter().position(|output| Some(output) == input.as_ref());
                        (1, number, output.unwrap_or_default())
                    }
                    Some(producer) if self.flow.is_drawn.get(producer.0 as usize) == Some(&true) => (2, 0, 0),
                    _ => (3, 0, 0),
                }
            })
            .collect();
        let shapes = self.loads.get(operation as usize).map_or(0, |load| load.shapes);
        hash(&(own.kind.as_str(), shapes, inputs, own.graphs.len()))
    }
}

/// The same in every run.
pub(super) fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}
