//! Evaluation of a constant subgraph: which operations are needed in which order, each computed once,
//! each value dropped after its last use, all without recursion.

use std::collections::HashMap;

use super::convert::round;
use super::operations::{Call, apply};
use super::{FoldError, Numbers, Value};
use crate::jobs::Token;
use crate::model::{DType, Data, Graph, GraphId, Model, Operation, OperationId, Tensor, TensorId};

/// What a subgraph may take in memory: so many times the bytes of the constants that feed it (a
/// 1-bit constant takes 32 times its bytes as float32) ...
const GROWTH: u64 = 64;
/// ... and so many bytes more.
const ALLOWANCE: u64 = 256 << 20;
/// The operations that are evaluated for one tensor. Real constant subgraphs have a few dozen.
const MAX_OPERATIONS: usize = 1 << 12;

/// Computes a constant-fed tensor as the runtime would.
///
/// # Errors
/// [`FoldError`]: cancelled, bytes that can't be decoded, an operation that is not evaluated, or a
/// tensor that is not fed by constants alone.
pub fn evaluate<'m>(model: &'m Model, graph: GraphId, tensor: TensorId, token: &Token) -> Result<Value<'m>, FoldError> {
    let Some(graph) = model.graphs.get(graph.0 as usize) else { return FoldError::problem("there is no such graph") };
    let plan = Plan::new(graph, tensor, token)?;
    let fed: u64 = plan.constants.iter().map(|id| stored_bytes(graph.tensor(*id))).sum();
    let mut run =
        Run { model, graph, uses: plan.uses, values: HashMap::new(), live: 0, limit: fed.saturating_mul(GROWTH).saturating_add(ALLOWANCE) };
    for id in plan.operations {
        token.check()?;
        run.operation(id, token)?;
    }
    let value = run.input(tensor)?;
    let is_half = matches!(value.dtype, DType::F16 | DType::Bf16);
    match value.numbers {
        Numbers::Float(mut numbers) if is_half => {
            round(value.dtype, &mut numbers, token)?;
            Ok(Value::float(value.dtype, value.shape, numbers))
        }
        numbers => Ok(Value { numbers, ..value }),
    }
}

/// What is needed for a tensor.
struct Plan {
    /// Each behind those that feed it.
    operations: Vec<OperationId>,
    /// How often each tensor is read.
    uses: HashMap<TensorId, usize>,
    constants: Vec<TensorId>,
}

impl Plan {
    fn new(graph: &Graph, tensor: TensorId, token: &Token) -> Result<Self, FoldError> {
        let mut plan = Self { operations: Vec::new(), uses: HashMap::from([(tensor, 1)]), constants: Vec::new() };
        // Whether an operation's inputs are all done; it is absent before it is met.
        let mut is_done: HashMap<OperationId, bool> = HashMap::new();
        // Operations on the way, with the next input to look at.
        let mut way: Vec<(OperationId, usize)> = Vec::new();
        plan.meet(graph, tensor, &mut is_done, &mut way)?;
        while let Some((id, position)) = way.last_mut() {
            let operation = graph.operation(*id);
            if let Some(input) = needed_inputs(graph, operation).nth(*position) {
                *position += 1;
                *plan.uses.entry(input).or_insert(0) += 1;
                plan.meet(graph, input, &mut is_done, &mut way)?;
            } else {
                is_done.insert(*id, true);
                plan.operations.push(*id);
                way.pop();
                token.check()?;
            }
        }
        Ok(plan)
    }

    fn meet(
        &mut self,
        graph: &Graph,
        tensor: TensorId,
        is_done: &mut HashMap<OperationId, bool>,
        way: &mut Vec<(OperationId, usize)>,
    ) -> Result<(), FoldError> {
        let found = graph.tensor(tensor);
        if found.is_constant() {
            if self.uses.get(&tensor) == Some(&1) {
                self.constants.push(tensor);
            }
            return Ok(());
        }
        let Some(producer) = found.producer else {
            return FoldError::problem(format!("`{}` is not constant", found.name));
        };
        match is_done.get(&producer) {
            Some(true) => Ok(()),
            Some(false) => FoldError::problem(format!("`{}` depends on itself", found.name)),
            None if is_done.len() == MAX_OPERATIONS => {
                FoldError::problem(format!("more than {MAX_OPERATIONS} operations lie between it and its constants"))
            }
            None => {
                is_done.insert(producer, false);
                way.push((producer, 0));
                Ok(())
            }
        }
    }
}

/// The inputs whose values are needed. A shape is known without them.
fn needed_inputs(graph: &Graph, operation: &Operation) -> impl Iterator<Item = TensorId> {
    let is_shape = matches!(operation.kind.as_str(), "ShapeOf" | "SHAPE");
    let inputs = operation.inputs.iter().flatten().copied();
    inputs.filter(move |input| !is_shape || graph.tensor(*input).shape.dims().is_none())
}

struct Run<'m> {
    model: &'m Model,
    graph: &'m Graph,
    /// Uses that are still to come.
    uses: HashMap<TensorId, usize>,
    values: HashMap<TensorId, Value<'m>>,
    /// Bytes that `values` hold.
    live: u64,
    limit: u64,
}

impl<'m> Run<'m> {
    fn operation(&mut self, id: OperationId, token: &Token) -> Result<(), FoldError> {
        let operation = self.graph.operation(id);
        let explain = |error: FoldError| match error {
            FoldError::Cancelled(cancelled) => FoldError::Cancelled(cancelled),
            error => FoldError::Problem(format!("the {} `{}` can't be evaluated: {error}", operation.kind, operation.name).into()),
        };
        let needed: Vec<TensorId> = needed_inputs(self.graph, operation).collect();
        let mut inputs = Vec::with_capacity(operation.inputs.len());
        for input in &operation.inputs {
            inputs.push(match input {
                Some(input) if needed.contains(input) => Some(self.input(*input)?),
                _ => None,
            });
        }
        let call = Call { graph: self.graph, operation, token, budget: self.limit.saturating_sub(self.live), inputs };
        let outputs = apply(call).map_err(explain)?;
        for (output, value) in operation.outputs.iter().zip(outputs) {
            if self.uses.get(output).is_some_and(|uses| *uses > 0) {
                self.live = self.live.saturating_add(value.own_bytes());
                self.values.insert(*output, value);
            }
        }
        if self.live > self.limit {
            return Err(explain(FoldError::Problem("its result is out of proportion to the constants it is made of".into())));
        }
        Ok(())
    }

    /// The value of a tensor, for one use of it; the last use takes it away.
    fn input(&mut self, id: TensorId) -> Result<Value<'m>, FoldError> {
        let tensor = self.graph.tensor(id);
        match &tensor.data {
            Data::Unavailable(why) => return FoldError::problem(why.clone()),
            Data::Stored(bytes) => {
                let source = self.model.sources.get(bytes.source);
                let Some(bytes) = source.and_then(|source| source.range(bytes.offset, bytes.len)) else {
                    return FoldError::problem("its bytes lie outside the file");
                };
                return Value::stored(tensor, bytes);
            }
            Data::Computed => {}
        }
        let uses = self.uses.entry(id).or_insert(1);
        *uses = uses.saturating_sub(1);
        let value = if *uses == 0 { self.values.remove(&id) } else { self.values.get(&id).cloned() };
        let Some(value) = value else { return FoldError::problem(format!("`{}` has no value", tensor.name)) };
        if *uses == 0 {
            self.live = self.live.saturating_sub(value.own_bytes());
        }
        Ok(value)
    }
}

fn stored_bytes(tensor: &Tensor) -> u64 {
    match &tensor.data {
        Data::Stored(bytes) => bytes.len,
        _ => 0,
    }
}
