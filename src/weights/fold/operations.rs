//! Which operations are evaluated, and how each reads its inputs and attributes. OpenVINO's types and
//! TensorFlow Lite's share what does the work.

use serde_json::Value as Json;

use super::convert::convert;
use super::elementwise::{Binary, Unary, binary, broadcast_shape, select, unary};
use super::fake_quantize::{Reading, fake_quantize};
use super::reduce::{Reduction, cumulate, matrix_product, reduce};
use super::shapes::{axis, reshape, squeeze, unsqueeze};
use super::value::count_of;
use super::view::{View, copy};
use super::{DType, FoldError, Value, normalise, quantized, tflite};
use crate::formats::openvino::{element_type, is_legacy};
use crate::jobs::Token;
use crate::model::{Graph, Operation, Tensor};

mod legacy;

/// What an operation is evaluated with.
pub(super) struct Call<'c, 'm> {
    pub graph: &'m Graph,
    pub operation: &'m Operation,
    pub token: &'c Token,
    /// Bytes that may still be allocated.
    pub budget: u64,
    /// What is read of constants that are quantised on the way.
    pub reading: Reading,
    /// An input is taken out when it is read.
    pub inputs: Vec<Option<Value<'m>>>,
}

/// The values of the operation's outputs.
pub(super) fn apply<'m>(mut call: Call<'_, 'm>) -> Result<Vec<Value<'m>>, FoldError> {
    if is_legacy(call.operation)
        && let Some(values) = legacy::apply(&mut call)
    {
        return values;
    }
    if quantized::is_quantized(&call) {
        quantized::check(&call)?;
    }
    let kind = call.operation.kind.as_str();
    if let Some(op) = binary_of(kind) {
        return Ok(vec![call.binary(op)?]);
    }
    if let Some(op) = unary_of(kind) {
        return Ok(vec![call.unary(op)?]);
    }
    if let Some(reduction) = Reduction::named(kind) {
        return Ok(vec![call.reduce(reduction)?]);
    }
    let token = call.token;
    let one = match kind {
        "Convert" => {
            let to = call.attribute("destination_type").and_then(Json::as_str).map(element_type);
            let to = to.or(call.output().map(|output| output.dtype)).unwrap_or(DType::Dynamic);
            convert(call.take(0)?, to, token)
        }
        "ConvertLike" => {
            let to = call.take(1)?.dtype;
            convert(call.take(0)?, to, token)
        }
        "Identity" | "DENSIFY" => call.take(0),
        "Clamp" => {
            let (low, high) = (call.number("min")?, call.number("max")?);
            call.unary(Unary::Clamp(low, high))
        }
        "Elu" => {
            let alpha = call.number("alpha")?;
            call.unary(Unary::Elu(alpha))
        }
        "Round" => {
            let is_away =
                call.attribute("mode").and_then(Json::as_str).is_some_and(|mode| mode.eq_ignore_ascii_case("half_away_from_zero"));
            call.unary(if is_away { Unary::RoundAwayFromZero } else { Unary::RoundToEven })
        }
        "Gelu" if !call.attribute("approximation_mode").and_then(Json::as_str).is_some_and(|mode| mode.eq_ignore_ascii_case("tanh")) => {
            call.unary(Unary::Gelu)
        }
        "Select" | "SELECT" | "SELECT_V2" => call.select(),
        "FakeQuantize" => call.fake_quantize(),
        "FakeConvert" => call.fake_convert(),
        "Reshape" => {
            let (target, special) = (call.ints(1)?, call.flag("special_zero"));
            let value = call.take(0)?;
            let shape = reshape(&value.shape, &target, special)?;
            Ok(Value { shape, ..value })
        }
        "Squeeze" => {
            let axes = call.optional_ints(1)?;
            let value = call.take(0)?;
            let shape = squeeze(&value.shape, axes.as_deref())?;
            Ok(Value { shape, ..value })
        }
        "Unsqueeze" => {
            let axes = call.ints(1)?;
            let value = call.take(0)?;
            let shape = unsqueeze(&value.shape, &axes)?;
            Ok(Value { shape, ..value })
        }
        "Transpose" | "TRANSPOSE" => call.transpose(),
        "Concat" | "CONCATENATION" => call.concat(),
        "Split" | "VariadicSplit" => return call.split(0, 1, Some(2)),
        "SPLIT" => return call.split(1, 0, None),
        "SPLIT_V" => return call.split(0, 2, Some(1)),
        "Slice" => call.slice(),
        "StridedSlice" | "STRIDED_SLICE" => call.strided_slice(false),
        "Reverse" | "REVERSE_V2" => call.reverse(),
        "ReverseSequence" | "REVERSE_SEQUENCE" => call.reverse_sequence(),
        "Broadcast" | "BROADCAST_TO" => call.broadcast(),
        "Tile" | "TILE" => call.tile(),
        "Pad" | "PAD" | "PADV2" | "MIRROR_PAD" => call.pad(),
        "Roll" => call.roll(),
        "DepthToSpace" | "DEPTH_TO_SPACE" | "SpaceToDepth" | "SPACE_TO_DEPTH" => call.depth_and_space(),
        "Gather" | "GATHER" => call.gather(),
        "GatherElements" => call.gather_elements(),
        "GatherND" | "GATHER_ND" => call.gather_nd(),
        "ScatterUpdate" => call.scatter_update(),
        "ScatterElementsUpdate" => call.scatter_elements(),
        "ScatterNDUpdate" => call.scatter_nd(),
        "OneHot" | "ONE_HOT" => call.one_hot(),
        "ShapeOf" | "SHAPE" => call.shape_of(),
        "Range" | "RANGE" => call.range(),
        "CumSum" | "CUMSUM" => {
            let along = call.optional_ints(1)?.and_then(|axes| axes.first().copied()).unwrap_or(0);
            let (exclusive, reverse) = (call.flag("exclusive"), call.flag("reverse"));
            let value = call.take(0)?;
            cumulate(axis(along, value.shape.len())?, value, exclusive, reverse, token)
        }
        "SOFTMAX" => {
            let beta = call.attribute("beta").map_or(Ok(1.0), |_| call.number("beta"))?;
            normalise::softmax(call.take(0)?, -1, beta, Reduction::PlainSum, token)
        }
        "SoftMax" | "Softmax" => {
            let along = call.whole("axis").unwrap_or(1);
            normalise::softmax(call.take(0)?, along, 1.0, Reduction::Sum, token)
        }
        "LOG_SOFTMAX" => normalise::log_softmax(call.take(0)?, -1, Reduction::PlainSum, token),
        "LogSoftmax" => {
            let along = call.whole("axis").unwrap_or(-1);
            normalise::log_softmax(call.take(0)?, along, Reduction::Sum, token)
        }
        "L2_NORMALIZATION" => {
            let activation = tflite::activation(&call)?;
            let value = normalise::to_unit_length(call.take(0)?, token)?;
            match activation {
                Some(activation) => unary(activation, value, token),
                None => Ok(value),
            }
        }
        "MatMul" => {
            let transposed = (call.flag("transpose_a"), call.flag("transpose_b"));
            let (a, b) = (call.take(0)?, call.take(1)?);
            matrix_product(a, b, transposed, call.budget, token)
        }
        _ => return tflite::apply(call),
    };
    Ok(vec![one?])
}

/// Operations of two operands that mean the same in every format, or are one format's alone.
fn binary_of(kind: &str) -> Option<Binary> {
    Some(match kind {
        "Add" | "ADD" => Binary::Add,
        "Subtract" | "SUB" => Binary::Subtract,
        "Multiply" | "MUL" => Binary::Multiply,
        "Divide" => Binary::Divide,
        "DIV" => Binary::Quotient,
        "FLOOR_DIV" => Binary::FloorDivide,
        "Mod" => Binary::Remainder,
        "FloorMod" | "FLOOR_MOD" => Binary::FloorMod,
        "Power" | "POW" => Binary::Power,
        "Maximum" | "MAXIMUM" => Binary::Maximum,
        "Minimum" | "MINIMUM" => Binary::Minimum,
        "SquaredDifference" | "SQUARED_DIFFERENCE" => Binary::SquaredDifference,
        "Equal" | "EQUAL" => Binary::Equal,
        "NotEqual" | "NOT_EQUAL" => Binary::NotEqual,
        "Less" | "LESS" => Binary::Less,
        "LessEqual" | "LESS_EQUAL" => Binary::LessEqual,
        "Greater" | "GREATER" => Binary::Greater,
        "GreaterEqual" | "GREATER_EQUAL" => Binary::GreaterEqual,
        "LogicalAnd" | "LOGICAL_AND" => Binary::And,
        "LogicalOr" | "LOGICAL_OR" => Binary::Or,
        "LogicalXor" => Binary::Xor,
        _ => return None,
    })
}

/// Operations of one operand and without attributes.
fn unary_of(kind: &str) -> Option<Unary> {
    Some(match kind {
        "Abs" | "ABS" => Unary::Abs,
        "Negative" | "NEG" => Unary::Negative,
        "Sign" | "SIGN" => Unary::Sign,
        "Floor" | "FLOOR" => Unary::Floor,
        "Ceiling" | "CEIL" => Unary::Ceiling,
        "ROUND" => Unary::RoundWithoutSign,
        "Sqrt" | "SQRT" => Unary::Sqrt,
        "RSQRT" => Unary::Rsqrt,
        "SQUARE" => Unary::Square,
        "Exp" | "EXP" => Unary::Exp,
        "Log" | "LOG" => Unary::Log,
        "Sin" | "SIN" => Unary::Sin,
        "Cos" | "COS" => Unary::Cos,
        "Tanh" | "TANH" => Unary::Tanh,
        "Sigmoid" | "LOGISTIC" => Unary::Sigmoid,
        "Erf" => Unary::Erf,
        "LogicalNot" | "LOGICAL_NOT" => Unary::Not,
        "ReLU" | "Relu" => Unary::Relu,
        "RELU" => Unary::Clamp(0.0, f32::INFINITY),
        "RELU6" => Unary::Clamp(0.0, 6.0),
        "RELU_N1_TO_1" => Unary::Clamp(-1.0, 1.0),
        "RELU_0_TO_1" => Unary::Clamp(0.0, 1.0),
        _ => return None,
    })
}

impl<'m> Call<'_, 'm> {
    pub(super) fn take(&mut self, input: usize) -> Result<Value<'m>, FoldError> {
        match self.inputs.get_mut(input).and_then(Option::take) {
            Some(value) => Ok(value),
            None => FoldError::problem(format!("input {input} is missing")),
        }
    }

    pub(super) fn optional(&mut self, input: usize) -> Option<Value<'m>> {
        self.inputs.get_mut(input).and_then(Option::take)
    }

    /// An input that holds a few whole numbers: a shape, axes.
    pub(super) fn ints(&mut self, input: usize) -> Result<Vec<i64>, FoldError> {
        let token = self.token;
        self.take(input)?.into_i64(token)
    }

    pub(super) fn optional_ints(&mut self, input: usize) -> Result<Option<Vec<i64>>, FoldError> {
        match self.inputs.get(input) {
            Some(Some(_)) => self.ints(input).map(Some),
            _ => Ok(None),
        }
    }

    pub(super) fn int(&mut self, input: usize) -> Result<i64, FoldError> {
        match self.ints(input)?[..] {
            [number] => Ok(number),
            _ => FoldError::problem(format!("input {input} is not a single number")),
        }
    }

    pub(super) fn attribute(&self, key: &str) -> Option<&'m Json> {
        self.operation.attributes.get(key)
    }

    pub(super) fn flag(&self, key: &str) -> bool {
        self.attribute(key).is_some_and(|value| value.as_bool().unwrap_or(value.as_i64() == Some(1)))
    }

    pub(super) fn whole(&self, key: &str) -> Option<i64> {
        self.attribute(key).and_then(Json::as_i64)
    }

    fn list(&self, key: &str) -> Vec<i64> {
        let list = self.attribute(key).and_then(Json::as_array);
        list.map(|list| list.iter().filter_map(Json::as_i64).collect()).unwrap_or_default()
    }

    /// A real number; float attributes may be written as whole ones.
    fn number(&self, key: &str) -> Result<f32, FoldError> {
        let number = self.attribute(key).and_then(|value| value.as_f64().or_else(|| value.as_str()?.trim().parse().ok()));
        number.map(|number| number as f32).ok_or_else(|| FoldError::Problem(format!("it has no {key}").into()))
    }

    pub(super) fn is_mode(&self, mode: &str) -> bool {
        self.attribute("mode").and_then(Json::as_str).is_some_and(|own| own.eq_ignore_ascii_case(mode))
    }

    /// TensorFlow Lite's types are written in capitals.
    pub(super) fn is_tflite(&self) -> bool {
        self.operation.kind.chars().all(|letter| !letter.is_ascii_lowercase())
    }

    pub(super) fn output(&self) -> Option<&'m Tensor> {
        self.operation.outputs.first().map(|output| self.graph.tensor(*output))
    }

    pub(super) fn input_tensor(&self, input: usize) -> Option<&'m Tensor> {
        self.operation.inputs.get(input).copied().flatten().map(|id| self.graph.tensor(id))
    }

    pub(super) fn output_type(&self) -> Result<DType, FoldError> {
        self.output().map(|output| output.dtype).ok_or(FoldError::Problem("it has no output".into()))
    }

    /// Refuses a result that is out of proportion to what it is made of.
    pub(super) fn allow(&self, shape: &[usize]) -> Result<(), FoldError> {
        match (count_of(shape)? as u64).checked_mul(4) {
            Some(bytes) if bytes <= self.budget => Ok(()),
            _ => FoldError::problem("its result is out of proportion to the constants it is made of"),
        }
    }

    pub(super) fn copy(&self, value: Value<'m>, view: View) -> Result<Value<'m>, FoldError> {
        self.allow(&view.shape)?;
        copy(value, view, self.token)
    }

    fn binary(&mut self, op: Binary) -> Result<Value<'m>, FoldError> {
        if quantized::is_quantized(self) {
            return quantized::binary(self, op);
        }
        let activation = tflite::activation(self)?;
        let (a, b) = (self.take(0)?, self.take(1)?);
        self.allow(&broadcast_shape(&a.shape, &b.shape)?)?;
        let value = binary(op, a, b, self.token)?;
        match activation {
            Some(activation) => unary(activation, value, self.token),
            None => Ok(value),
        }
    }

    fn unary(&mut self, op: Unary) -> Result<Value<'m>, FoldError> {
        if quantized::is_quantized(self) {
            return quantized::unary(self, op);
        }
        unary(op, self.take(0)?, self.token)
    }

    fn reduce(&mut self, reduction: Reduction) -> Result<Value<'m>, FoldError> {
        let axes = self.ints(1)?;
        let keep = self.flag("keep_dims");
        let mut value = self.take(0)?;
        let axes = axes.iter().map(|number| axis(*number, value.shape.len())).collect::<Result<Vec<_>, _>>()?;
        self.allow(&value.shape)?;
        let dtype = value.dtype;
        if quantized::is_quantized(self) {
            // The extremes of real values, not of whole numbers.
            value.dtype = DType::F32;
        }
        Ok(Value { dtype, ..reduce(reduction, value, &axes, keep, self.token)? })
    }

    fn select(&mut self) -> Result<Value<'m>, FoldError> {
        let (condition, a, b) = (self.take(0)?, self.take(1)?, self.take(2)?);
        self.allow(&broadcast_shape(&broadcast_shape(&condition.shape, &a.shape)?, &b.shape)?)?;
        select(condition, a, b, self.token)
    }

    fn fake_quantize(&mut self) -> Result<Value<'m>, FoldError> {
        let levels = self.attribute("levels").and_then(Json::as_u64).filter(|levels| (2..=1 << 24).contains(levels));
        let Some(levels) = levels else { return FoldError::problem("it has no levels") };
        let x = self.take(0)?;
        let ranges = [self.take(1)?, self.take(2)?, self.take(3)?, self.take(4)?];
        let mut shape = x.shape.clone();
        for range in &ranges {
            shape = broadcast_shape(&shape, &range.shape)?;
        }
        self.allow(&shape)?;
        fake_quantize(x, ranges, levels as f32, self.reading, self.token)
    }

    /// `FakeConvert-13`: `(f8(x * scale - shift) + shift) / scale`, by way of half precision.
    ///
    /// Source: `src/core/reference/include/openvino/reference/fake_convert.hpp`.
    fn fake_convert(&mut self) -> Result<Value<'m>, FoldError> {
        let to = self.attribute("destination_type").and_then(Json::as_str).map(element_type).unwrap_or(DType::F8E4M3);
        let (x, scale, shift) = (self.take(0)?, self.take(1)?, self.optional(2));
        self.allow(&broadcast_shape(&x.shape, &scale.shape)?)?;
        let dtype = x.dtype;
        let mut value = binary(Binary::Multiply, x, scale.clone(), self.token)?;
        if let Some(shift) = &shift {
            value = binary(Binary::Subtract, value, shift.clone(), self.token)?;
        }
        value = convert(convert(value, to, self.token)?, dtype, self.token)?;
        if let Some(shift) = shift {
            value = binary(Binary::Add, value, shift, self.token)?;
        }
        binary(Binary::Divide, value, scale, self.token)
    }

    fn shape_of(&mut self) -> Result<Value<'m>, FoldError> {
        let shape = match self.input_tensor(0).and_then(|input| input.shape.dims()) {
            Some(shape) => shape,
            None => self.take(0)?.shape,
        };
        let numbers = shape.iter().map(|dim| *dim as i64).collect();
        Ok(Value::int(self.output_type()?, vec![shape.len()], numbers))
    }

    fn range(&mut self) -> Result<Value<'m>, FoldError> {
        let (start, stop, step) = (self.take(0)?, self.take(1)?, self.take(2)?);
        let dtype = self.output_type()?;
        let token = self.token;
        let single = |value: Value<'m>| -> Result<f64, FoldError> {
            match value.needs_integers() {
                true => Ok(value.into_i64(token)?.first().copied().unwrap_or(0) as f64),
                false => Ok(f64::from(value.into_f32(token)?.first().copied().unwrap_or(0.0))),
            }
        };
        let (start, stop, step) = (single(start)?, single(stop)?, single(step)?);
        let count = ((stop - start) / step).ceil().max(0.0);
        if !count.is_finite() || count > 1e15 {
            return FoldError::problem("its range has no end");
        }
        let count = count as usize;
        self.allow(&[count])?;
        if dtype.is_integer() {
            let (start, step) = (start as i64, step as i64);
            let numbers = (0..count as i64).map(|position| start.wrapping_add(step.wrapping_mul(position))).collect();
            return Ok(Value::int(dtype, vec![count], numbers));
        }
        // Both runtimes add the step again and again, with what that rounds.
        let numbers = std::iter::successors(Some(start as f32), |number| Some(number + step as f32)).take(count).collect();
        Ok(Value::float(dtype, vec![count], numbers))
    }
}
