//! Evaluation of a constant subgraph: which operations are needed in which order, each computed once,
//! each value dropped after its last use, all without recursion.

use std::collections::HashMap;

use super::convert::round;
use super::operations::{Call, apply};
use super::{FoldError, Reading, Value};
use crate::jobs::Token;
use crate::model::{DType, Data, Model, OperationRef, Tensor, TensorId, TensorRef};

/// What a subgraph may take in memory: so many times the bytes of the constants that feed it (a
/// 1-bit constant takes 32 times its bytes as float32) ...
pub(super) const GROWTH: u64 = 64;
/// ... and so many bytes more. Little for a fuzzer, whose inputs are small and many: a kilobyte that asks for
/// hundreds of megabytes takes as long as a thousand others.
pub(super) const ALLOWANCE: u64 = if cfg!(fuzzing) { 1 << 20 } else { 256 << 20 };
/// The operations that are evaluated for one tensor. Real constant subgraphs have a few dozen.
const MAX_OPERATIONS: usize = 1 << 12;

/// Computes a constant-fed tensor as the runtime would.
///
/// # Errors
/// [`FoldError`]: cancelled, bytes that can't be decoded, an operation that is not evaluated, or a
/// tensor that is not fed by constants alone.
pub fn evaluate<'m>(model: &'m Model, tensor: TensorRef, token: &Token) -> Result<Value<'m>, FoldError> {
    evaluate_as(model, tensor, Reading::Effective, token)
}

/// [`evaluate`], with a choice of what `FakeQuantize` gives.
///
/// # Errors
/// As for [`evaluate`].
pub fn evaluate_as<'m>(model: &'m Model, tensor: TensorRef, reading: Reading, token: &Token) -> Result<Value<'m>, FoldError> {
    let plan = Plan::new(model, tensor, token)?;
    let fed: u64 = plan.constants.iter().map(|place| stored_bytes(model.tensor(*place))).sum();
    let limit = fed.saturating_mul(GROWTH).saturating_add(ALLOWANCE);
    let mut run = Run { model, reading, uses: plan.uses, values: HashMap::new(), live: 0, limit };
    for place in plan.operations {
        token.check()?;
        run.operation(place, token)?;
    }
    let value = run.input(tensor)?;
    // Half precision that was computed is float32 so far.
    let is_half = matches!(value.dtype, DType::F16 | DType::Bf16);
    if value.is_computed() && is_half { round(value.dtype, value, token) } else { Ok(value) }
}

/// What is needed for a tensor.
struct Plan {
    /// Each behind those that feed it.
    operations: Vec<OperationRef>,
    /// How often each tensor is read.
    uses: HashMap<TensorRef, usize>,
    constants: Vec<TensorRef>,
}

/// Where planning has come to.
#[derive(Default)]
struct Way {
    /// Whether an operation's inputs are all done; it is absent before it is met.
    is_done: HashMap<OperationRef, bool>,
    /// Operations on the way, with the inputs that are still to be looked at.
    open: Vec<(OperationRef, std::vec::IntoIter<TensorRef>)>,
}

impl Plan {
    fn new(model: &Model, tensor: TensorRef, token: &Token) -> Result<Self, FoldError> {
        let mut plan = Self { operations: Vec::new(), uses: HashMap::new(), constants: Vec::new() };
        let mut way = Way::default();
        plan.meet(model, tensor, &mut way)?;
        while let Some((place, inputs)) = way.open.last_mut() {
            if let Some(input) = inputs.next() {
                plan.meet(model, input, &mut way)?;
            } else {
                way.is_done.insert(*place, true);
                plan.operations.push(*place);
                way.open.pop();
                token.check()?;
            }
        }
        Ok(plan)
    }

    /// Counts a use of a tensor; at the first, its constants or its operation are noted.
    fn meet(&mut self, model: &Model, tensor: TensorRef, way: &mut Way) -> Result<(), FoldError> {
        let tensor = origin(model, tensor);
        let uses = self.uses.entry(tensor).or_insert(0);
        *uses += 1;
        let found = model.tensor(tensor);
        if found.is_constant() {
            if *uses == 1 {
                self.constants.push(tensor);
            }
            return Ok(());
        }
        let Some(producer) = found.producer else {
            return FoldError::problem(format!("`{}` is not constant", found.name));
        };
        let producer = OperationRef { graph: tensor.graph, operation: producer };
        match way.is_done.get(&producer) {
            Some(true) => Ok(()),
            Some(false) => FoldError::problem(format!("`{}` depends on itself", found.name)),
            None if way.is_done.len() == MAX_OPERATIONS => {
                FoldError::problem(format!("more than {MAX_OPERATIONS} operations lie between it and its constants"))
            }
            None => {
                way.is_done.insert(producer, false);
                let inputs: Vec<_> = needed_inputs(model, producer).into_iter().flatten().collect();
                way.open.push((producer, inputs.into_iter()));
                Ok(())
            }
        }
    }
}

/// The tensor whose value a tensor has.
fn origin(model: &Model, tensor: TensorRef) -> TensorRef {
    model.tensor(tensor).alias.unwrap_or(tensor)
}

/// An operation's inputs, `None` where no value is needed.
fn needed_inputs(model: &Model, place: OperationRef) -> Vec<Option<TensorRef>> {
    let (graph, operation) = (model.graph(place.graph), model.operation(place));
    let reference = |tensor: TensorId| TensorRef { graph: place.graph, tensor };
    operation.inputs.iter().map(|input| input.filter(|input| graph.is_needed(operation, *input)).map(reference)).collect()
}

struct Run<'m> {
    model: &'m Model,
    reading: Reading,
    /// Uses that are still to come.
    uses: HashMap<TensorRef, usize>,
    values: HashMap<TensorRef, Value<'m>>,
    /// Bytes that `values` hold.
    live: u64,
    limit: u64,
}

impl<'m> Run<'m> {
    fn operation(&mut self, place: OperationRef, token: &Token) -> Result<(), FoldError> {
        let (graph, operation) = (self.model.graph(place.graph), self.model.operation(place));
        let explain = |error: FoldError| match error {
            FoldError::Cancelled(cancelled) => FoldError::Cancelled(cancelled),
            error => {
                let sentence = format!("the {} `{}` can't be evaluated: {error}", operation.kind, operation.name).into();
                if matches!(error, FoldError::Unsupported(_)) { FoldError::Unsupported(sentence) } else { FoldError::Problem(sentence) }
            }
        };
        let inputs = needed_inputs(self.model, place).into_iter().map(|input| input.map(|input| self.input(input)).transpose());
        let inputs = inputs.collect::<Result<Vec<_>, _>>()?;
        if inputs.iter().flatten().any(|value| value.dtype.complex_part().is_some()) && operation.kind != "DENSIFY" {
            return Err(explain(FoldError::Problem("complex numbers are not computed with".into())));
        }
        let budget = self.limit.saturating_sub(self.live);
        let call = Call { graph, operation, token, budget, reading: self.reading, inputs };
        let outputs = apply(call).map_err(explain)?;
        for (output, value) in operation.outputs.iter().zip(outputs) {
            let output = TensorRef { graph: place.graph, tensor: *output };
            if self.uses.get(&output).is_some_and(|uses| *uses > 0) {
                self.live = self.live.saturating_add(value.own_bytes());
                self.values.insert(output, value);
            }
        }
        if self.live > self.limit {
            return Err(explain(FoldError::Problem("its result is out of proportion to the constants it is made of".into())));
        }
        Ok(())
    }

    /// The value of a tensor, for one use of it; the last use takes it away.
    fn input(&mut self, place: TensorRef) -> Result<Value<'m>, FoldError> {
        let place = origin(self.model, place);
        let tensor = self.model.tensor(place);
        if tensor.is_constant() {
            return Value::stored(self.model, self.model.graph(place.graph), tensor);
        }
        let uses = self.uses.entry(place).or_insert(1);
        *uses = uses.saturating_sub(1);
        let value = if *uses == 0 { self.values.remove(&place) } else { self.values.get(&place).cloned() };
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
