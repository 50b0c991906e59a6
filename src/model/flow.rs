//! Tensors that are a constant of another graph: operands of a call, what a loop hands on unchanged, a
//! variable that is set once.
//!
//! A format's reader tells by [`Joins`] which tensors' values may arrive at which; [`Joins::settle`] proves
//! what can be proven. It is the constant propagation of Wegman and Zadeck (ACM TOPLAS 13, 1991), with whole
//! tensors for values: every tensor begins as undecided, is lowered to one constant tensor when all that
//! arrives is that one, and to varying when two differ. So the operand of a loop is a constant in the body if
//! the body hands it on unchanged, through whatever other loops and calls, and recursion needs no bound.

use std::collections::HashMap;

use super::{Graph, GraphId, Operation, OperationId, Tensor, TensorId, TensorRef};

/// For tensors that no operation of their own graph computes: the tensors whose values may arrive there.
#[derive(Debug, Default)]
pub struct Joins {
    /// `None`: a value may arrive that is not known.
    sources: HashMap<TensorRef, Option<Vec<TensorRef>>>,
}

/// What is known of a tensor: nothing yet, the one tensor whose value it has, or that it varies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Undecided,
    Is(usize),
    Varies,
}

impl Joins {
    /// `source` is one of the tensors whose values may arrive at `tensor`; `None`: any value may.
    pub fn add(&mut self, tensor: TensorRef, source: Option<TensorRef>) {
        let sources = self.sources.entry(tensor).or_insert_with(|| Some(Vec::new()));
        match (source, sources) {
            (Some(source), Some(sources)) => sources.push(source),
            (None, sources) => *sources = None,
            (Some(_), None) => {}
        }
    }

    /// Sets [`Tensor::alias`] of every tensor at which one constant alone arrives.
    pub fn settle(&self, graphs: &mut [Graph]) {
        for (tensor, value) in self.solve(graphs, |place, graphs| at(graphs, place).is_some_and(Tensor::is_constant).then_some(place)) {
            if let Some(tensor) = graphs.get_mut(tensor.graph.0 as usize).and_then(|graph| graph.tensors.get_mut(tensor.tensor.0 as usize))
                && !tensor.is_constant()
            {
                tensor.alias = Some(value);
            }
        }
    }

    /// The tensor whose value each joined tensor has, where there is one. `known` gives the tensors to
    /// begin with: for tensors of one value always the same.
    pub fn solve(&self, graphs: &[Graph], known: impl Fn(TensorRef, &[Graph]) -> Option<TensorRef>) -> HashMap<TensorRef, TensorRef> {
        if self.sources.is_empty() {
            return HashMap::new();
        }
        let mut solver = Solver::new(self, graphs, known);
        while let Some(changed) = solver.changed.pop() {
            solver.spread(changed);
        }
        let places = solver.places;
        let value = |tensor: TensorRef| match solver.states[places.number(tensor)?] {
            State::Is(value) => Some((tensor, places.place(value))).filter(|(tensor, value)| tensor != value),
            State::Undecided | State::Varies => None,
        };
        self.sources.keys().filter_map(|tensor| value(*tensor)).collect()
    }
}

/// All tensors of all graphs in one row, and the operations likewise.
struct Places {
    first_tensors: Vec<usize>,
    first_operations: Vec<usize>,
}

impl Places {
    fn new(graphs: &[Graph]) -> Self {
        let firsts = |count: fn(&Graph) -> usize| {
            let mut next = 0;
            let mut firsts = vec![0];
            firsts.extend(graphs.iter().map(|graph| {
                next += count(graph);
                next
            }));
            firsts
        };
        Self { first_tensors: firsts(|graph| graph.tensors.len()), first_operations: firsts(|graph| graph.operations.len()) }
    }

    fn number(&self, place: TensorRef) -> Option<usize> {
        let graph = place.graph.0 as usize;
        let number = self.first_tensors.get(graph)?.checked_add(place.tensor.0 as usize)?;
        (number < *self.first_tensors.get(graph + 1)?).then_some(number)
    }

    fn place(&self, number: usize) -> TensorRef {
        // Graphs without tensors begin where the next does; the last of those is meant.
        let graph = self.first_tensors.partition_point(|first| *first <= number).saturating_sub(1);
        TensorRef::new(graph, number - self.first_tensors[graph])
    }

    fn operation(&self, graph: GraphId, operation: OperationId) -> usize {
        self.first_operations[graph.0 as usize] + operation.0 as usize
    }
}

/// Instead of the number of inputs that are waited for.
const VARIES: u32 = u32::MAX;

struct Solver<'g> {
    graphs: &'g [Graph],
    places: Places,
    states: Vec<State>,
    /// Inputs of an operation that are not decided yet, each counted once; [`VARIES`] when one varies.
    waiting: Vec<u32>,
    /// For a tensor, the joins at which it arrives.
    targets: HashMap<usize, Vec<usize>>,
    /// Tensors whose state was lowered, and is to be told to those that depend on it.
    changed: Vec<usize>,
}

impl<'g> Solver<'g> {
    fn new(joins: &Joins, graphs: &'g [Graph], known: impl Fn(TensorRef, &[Graph]) -> Option<TensorRef>) -> Self {
        let places = Places::new(graphs);
        let mut solver = Self {
            graphs,
            states: vec![State::Varies; places.first_tensors.last().copied().unwrap_or(0)],
            waiting: vec![0; places.first_operations.last().copied().unwrap_or(0)],
            places,
            targets: HashMap::new(),
            changed: Vec::new(),
        };
        for (graph_id, graph) in (0..).map(GraphId).zip(graphs) {
            for (id, operation) in graph.operations().filter(|(_, operation)| operation.is_pure()) {
                let needed = operation.inputs.iter().flatten().copied().filter(|input| graph.is_needed(operation, *input));
                let mut inputs: Vec<_> = needed.collect();
                inputs.sort_unstable();
                inputs.dedup();
                let place = solver.places.operation(graph_id, id);
                solver.waiting[place] = inputs.len() as u32;
                for output in solver.outputs(graph_id, id, operation) {
                    solver.states[output] = if inputs.is_empty() { State::Is(output) } else { State::Undecided };
                }
            }
        }
        for (tensor, sources) in &joins.sources {
            let (Some(tensor), Some(sources)) = (solver.places.number(*tensor), sources) else { continue };
            solver.states[tensor] = State::Undecided;
            for source in sources {
                match solver.places.number(*source) {
                    Some(source) => solver.targets.entry(source).or_default().push(tensor),
                    None => solver.states[tensor] = State::Varies,
                }
            }
        }
        for number in 0..solver.states.len() {
            if let Some(value) = known(solver.places.place(number), graphs).and_then(|value| solver.places.number(value)) {
                solver.states[number] = State::Is(value);
            }
            if solver.states[number] != State::Undecided {
                solver.changed.push(number);
            }
        }
        solver
    }

    /// The tensors that an operation computes and nothing else gives.
    fn outputs(&self, graph: GraphId, id: OperationId, operation: &Operation) -> Vec<usize> {
        let own = |output: &&TensorId| {
            let tensor = self.graphs[graph.0 as usize].tensor(**output);
            tensor.producer == Some(id) && !tensor.is_constant()
        };
        operation.outputs.iter().filter(own).filter_map(|output| self.places.number(TensorRef { graph, tensor: *output })).collect()
    }

    /// Tells a tensor's state to the operations that read it and the joins at which it arrives.
    fn spread(&mut self, number: usize) {
        let state = self.states[number];
        let TensorRef { graph: graph_id, tensor } = self.places.place(number);
        let graph = &self.graphs[graph_id.0 as usize];
        for &consumer in &graph.tensor(tensor).consumers {
            let operation = graph.operation(consumer);
            if !operation.is_pure() || !graph.is_needed(operation, tensor) {
                continue;
            }
            // Outputs are lowered twice at most: when the last input is decided, and when the first varies.
            let waiting = &mut self.waiting[self.places.operation(graph_id, consumer)];
            match state {
                State::Is(_) if *waiting != VARIES => *waiting = waiting.saturating_sub(1),
                State::Varies if *waiting != VARIES => *waiting = VARIES,
                _ => continue,
            }
            if *waiting == 0 || *waiting == VARIES {
                for output in self.outputs(graph_id, consumer, operation) {
                    self.lower(output, if state == State::Varies { State::Varies } else { State::Is(output) });
                }
            }
        }
        for target in self.targets.get(&number).cloned().unwrap_or_default() {
            let state = match state {
                State::Is(value) if !self.are_alike(value, target) => State::Varies,
                state => state,
            };
            self.lower(target, state);
        }
    }

    /// What is known of a tensor, with one thing more.
    fn lower(&mut self, number: usize, state: State) {
        let before = self.states[number];
        let after = match (before, state) {
            (State::Undecided, state) | (state, State::Undecided) => state,
            (State::Is(a), State::Is(b)) if a == b => before,
            _ => State::Varies,
        };
        if after != before {
            self.states[number] = after;
            self.changed.push(number);
        }
    }

    /// Whether the bytes of one tensor mean the same in another.
    fn are_alike(&self, a: usize, b: usize) -> bool {
        let (a, b) = (at(self.graphs, self.places.place(a)), at(self.graphs, self.places.place(b)));
        a.zip(b).is_some_and(|(a, b)| a.dtype == b.dtype && a.quantization == b.quantization)
    }
}

fn at(graphs: &[Graph], place: TensorRef) -> Option<&Tensor> {
    graphs.get(place.graph.0 as usize)?.tensors.get(place.tensor.0 as usize)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Bytes, DType, Data, Shape};

    /// Graphs of tensors `t0`, `t1`, ... of which the marked ones are constants.
    fn graphs(counts: &[usize], constants: &[Place]) -> Vec<Graph> {
        let tensor = || Tensor::computed("t", DType::F32, Shape::fixed([2]));
        let mut graphs: Vec<Graph> = counts.iter().map(|count| Graph { tensors: vec![tensor(); *count], ..Graph::default() }).collect();
        for (graph, tensor) in constants {
            graphs[*graph].tensors[*tensor].data = Data::Stored(Bytes { source: 0, offset: 0, len: 8 });
        }
        graphs
    }

    /// Graph and tensor.
    type Place = (usize, usize);

    fn settled(graphs: &mut [Graph], joins: &[(Place, Option<Place>)]) -> Vec<Option<TensorRef>> {
        graphs.iter_mut().for_each(|graph| assert!(graph.link().is_empty()));
        let mut all = Joins::default();
        let place = |(graph, tensor)| TensorRef::new(graph, tensor);
        joins.iter().for_each(|(tensor, source)| all.add(place(*tensor), source.map(place)));
        all.settle(graphs);
        joins.iter().map(|((graph, tensor), _)| graphs[*graph].tensors[*tensor].alias).collect()
    }

    const C: Place = (0, 0);
    const IS_C: Option<TensorRef> = Some(TensorRef { graph: GraphId(0), tensor: TensorId(0) });

    #[test]
    fn what_two_callers_pass_must_be_the_same() {
        let mut same = graphs(&[2, 1], &[C, (0, 1)]);
        assert_eq!(settled(&mut same, &[((1, 0), Some(C)), ((1, 0), Some(C))]), [IS_C; 2]);
        let mut different = graphs(&[2, 1], &[C, (0, 1)]);
        assert_eq!(settled(&mut different, &[((1, 0), Some(C)), ((1, 0), Some((0, 1)))]), [None; 2]);
        let mut open = graphs(&[1, 1], &[C]);
        assert_eq!(settled(&mut open, &[((1, 0), Some(C)), ((1, 0), None)]), [None; 2]);
        let mut computed = graphs(&[1, 1], &[]);
        assert_eq!(settled(&mut computed, &[((1, 0), Some(C))]), [None]);
    }

    #[test]
    fn loops_and_recursion() {
        // Two variables of a loop that change places at each turn, and begin as the same constant.
        let mut swapped = graphs(&[1, 2], &[C]);
        let joins = [((1, 0), Some(C)), ((1, 1), Some(C)), ((1, 0), Some((1, 1))), ((1, 1), Some((1, 0)))];
        assert_eq!(settled(&mut swapped, &joins), [IS_C; 4]);
        // As different ones.
        let mut apart = graphs(&[2, 2], &[C, (0, 1)]);
        let joins = [((1, 0), Some(C)), ((1, 1), Some((0, 1))), ((1, 0), Some((1, 1))), ((1, 1), Some((1, 0)))];
        assert_eq!(settled(&mut apart, &joins), [None; 4]);
        // Two graphs that call each other and are called by none.
        let mut ring = graphs(&[1, 1], &[]);
        assert_eq!(settled(&mut ring, &[((0, 0), Some((1, 0))), ((1, 0), Some((0, 0)))]), [None; 2]);
    }

    /// `NEG` of what is passed in: a constant of the body where that is one, and never the constant itself.
    fn negating(graphs: &mut [Graph]) {
        let negate = |kind: &str, input, output| Operation {
            kind: kind.into(),
            inputs: vec![Some(TensorId(input))],
            outputs: vec![TensorId(output)],
            ..Operation::default()
        };
        graphs[1].operations = vec![negate("NEG", 0, 1), negate("RANDOM_UNIFORM", 0, 2)];
    }

    #[test]
    fn operations_of_constants_are_constants_of_their_own() {
        let mut called = graphs(&[4, 3], &[C]);
        negating(&mut called);
        let joins = [((1, 0), Some(C)), ((0, 1), Some((1, 1))), ((0, 2), Some((1, 2)))];
        assert_eq!(settled(&mut called, &joins), [IS_C, Some(TensorRef::new(1, 1)), None]);
        // As a loop: the second turn has another value than the first.
        let mut turned = graphs(&[2, 3], &[C]);
        negating(&mut turned);
        assert_eq!(settled(&mut turned, &[((1, 0), Some(C)), ((1, 0), Some((1, 1))), ((0, 1), Some((1, 1)))]), [None; 3]);
    }

    #[test]
    fn other_types_are_other_values() {
        let mut mixed = graphs(&[1, 1], &[C]);
        mixed[1].tensors[0].dtype = DType::I32;
        assert_eq!(settled(&mut mixed, &[((1, 0), Some(C))]), [None]);
    }

    #[test]
    fn places_that_do_not_exist() {
        let mut small = graphs(&[0, 1, 0], &[]);
        let mut joins = Joins::default();
        joins.add(TensorRef::new(7, 0), Some(TensorRef::new(1, 0)));
        joins.add(TensorRef::new(1, 0), Some(TensorRef::new(1, 9)));
        joins.settle(&mut small);
        assert_eq!(small[1].tensors[0].alias, None);
    }
}
