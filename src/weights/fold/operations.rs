//! Which operations are evaluated, and how each reads its inputs and attributes. OpenVINO's types and
//! TensorFlow Lite's share what does the work.

use serde_json::Value as Json;

use super::convert::{cast, convert, quantize};
use super::elementwise::{Binary, binary, broadcast_shape, fake_quantize, unary};
use super::gather::{concat, concat_shape, gather, gather_shape};
use super::shapes::{StridedSlice, axis, dims, reshape, span, squeeze, unsqueeze};
use super::value::count_of;
use super::view::{View, copy};
use super::{DType, FoldError, Value};
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
    /// An input is taken out when it is read.
    pub inputs: Vec<Option<Value<'m>>>,
}

/// The values of the operation's outputs.
pub(super) fn apply<'m>(mut call: Call<'_, 'm>) -> Result<Vec<Value<'m>>, FoldError> {
    let token = call.token;
    if is_legacy(call.operation)
        && let Some(values) = legacy::apply(&mut call)
    {
        return values;
    }
    let one = match call.operation.kind.as_str() {
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
        "CAST" => {
            let to = call.output_type()?;
            cast(call.take(0)?, to, token)
        }
        "DEQUANTIZE" => {
            let to = call.output_type()?;
            convert(call.take(0)?, to, token)
        }
        "QUANTIZE" => {
            let output = call.output().ok_or(FoldError::Problem("it has no output".into()))?;
            match output.quantization.as_deref() {
                Some(quantization) => quantize(call.take(0)?, output.dtype, quantization, token),
                None => FoldError::problem("its output has no quantisation"),
            }
        }
        "Add" => call.binary(Binary::Add),
        "Subtract" => call.binary(Binary::Subtract),
        "Multiply" => call.binary(Binary::Multiply),
        "Divide" => call.binary(Binary::Divide),
        "Power" => call.binary(Binary::Power),
        "Maximum" | "MAXIMUM" => call.binary(Binary::Maximum),
        "Minimum" | "MINIMUM" => call.binary(Binary::Minimum),
        "ADD" => call.activated(Binary::Add),
        "SUB" => call.activated(Binary::Subtract),
        "MUL" => call.activated(Binary::Multiply),
        "DIV" => call.activated(Binary::Divide),
        "Sqrt" | "SQRT" => call.unary(f32::sqrt),
        "Negative" | "NEG" => call.unary(|x| -x),
        "Abs" | "ABS" => call.unary(f32::abs),
        "Exp" | "EXP" => call.unary(f32::exp),
        "Floor" | "FLOOR" => call.unary(f32::floor),
        "Ceiling" | "CEIL" => call.unary(f32::ceil),
        "FakeQuantize" => call.fake_quantize(),
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
        "RESHAPE" | "SQUEEZE" | "EXPAND_DIMS" => call.reshape_as_output(),
        "Transpose" | "TRANSPOSE" => call.transpose(),
        "Concat" | "CONCATENATION" => call.concat(),
        "Split" | "VariadicSplit" => return call.split(),
        "Slice" => call.slice(),
        "StridedSlice" => call.strided_slice(),
        "Reverse" | "REVERSE_V2" => call.reverse(),
        "Broadcast" | "BROADCAST_TO" => call.broadcast(),
        "Tile" | "TILE" => call.tile(),
        "Gather" | "GATHER" => call.gather(),
        "ShapeOf" | "SHAPE" => call.shape_of(),
        "Range" | "RANGE" => call.range(),
        other => FoldError::problem(format!("{other} is not evaluated")),
    };
    Ok(vec![one?])
}

impl<'m> Call<'_, 'm> {
    fn take(&mut self, input: usize) -> Result<Value<'m>, FoldError> {
        match self.inputs.get_mut(input).and_then(Option::take) {
            Some(value) => Ok(value),
            None => FoldError::problem(format!("input {input} is missing")),
        }
    }

    /// An input that holds a few whole numbers: a shape, axes.
    fn ints(&mut self, input: usize) -> Result<Vec<i64>, FoldError> {
        let token = self.token;
        self.take(input)?.into_i64(token)
    }

    fn optional_ints(&mut self, input: usize) -> Result<Option<Vec<i64>>, FoldError> {
        match self.inputs.get(input) {
            Some(Some(_)) => self.ints(input).map(Some),
            _ => Ok(None),
        }
    }

    fn int(&mut self, input: usize) -> Result<i64, FoldError> {
        match self.ints(input)?[..] {
            [number] => Ok(number),
            _ => FoldError::problem(format!("input {input} is not a single number")),
        }
    }

    fn attribute(&self, key: &str) -> Option<&'m Json> {
        self.operation.attributes.get(key)
    }

    fn flag(&self, key: &str) -> bool {
        self.attribute(key).is_some_and(|value| value.as_bool().unwrap_or(value.as_i64() == Some(1)))
    }

    fn list(&self, key: &str) -> Vec<i64> {
        let list = self.attribute(key).and_then(Json::as_array);
        list.map(|list| list.iter().filter_map(Json::as_i64).collect()).unwrap_or_default()
    }

    fn output(&self) -> Option<&'m Tensor> {
        self.operation.outputs.first().map(|output| self.graph.tensor(*output))
    }

    fn output_type(&self) -> Result<DType, FoldError> {
        self.output().map(|output| output.dtype).ok_or(FoldError::Problem("it has no output".into()))
    }

    /// Refuses a result that is out of proportion to what it is made of.
    fn allow(&self, shape: &[usize]) -> Result<(), FoldError> {
        match (count_of(shape)? as u64).checked_mul(4) {
            Some(bytes) if bytes <= self.budget => Ok(()),
            _ => FoldError::problem("its result is out of proportion to the constants it is made of"),
        }
    }

    fn copy(&self, value: Value<'m>, view: View) -> Result<Value<'m>, FoldError> {
        self.allow(&view.shape)?;
        copy(value, view, self.token)
    }

    fn binary(&mut self, op: Binary) -> Result<Value<'m>, FoldError> {
        let (a, b) = (self.take(0)?, self.take(1)?);
        self.allow(&broadcast_shape(&a.shape, &b.shape)?)?;
        binary(op, a, b, self.token)
    }

    /// TensorFlow Lite's arithmetic, of floats only: of quantised operands it requantises.
    fn activated(&mut self, op: Binary) -> Result<Value<'m>, FoldError> {
        let activation = self.attribute("fused_activation_function").and_then(Json::as_str).unwrap_or("NONE");
        if activation != "NONE" {
            return FoldError::problem(format!("the activation {activation} on constants is not evaluated"));
        }
        if self.output().is_some_and(|output| output.quantization.is_some()) {
            return FoldError::problem("arithmetic on quantised constants is not evaluated");
        }
        self.binary(op)
    }

    fn unary(&mut self, f: fn(f32) -> f32) -> Result<Value<'m>, FoldError> {
        unary(self.take(0)?, self.token, f)
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
        fake_quantize(x, ranges, levels as f32, self.token)
    }

    /// TensorFlow Lite's operations that only change the shape: the output tensor bears the new
    /// one. Where it does not, the second input does.
    fn reshape_as_output(&mut self) -> Result<Value<'m>, FoldError> {
        let declared = self.output().and_then(|output| output.shape.dims());
        let value = self.take(0)?;
        let count = count_of(&value.shape)?;
        let shape = match declared.filter(|dims| count_of(dims).is_ok_and(|declared| declared == count)) {
            Some(dims) => dims,
            None if self.operation.kind == "RESHAPE" => reshape(&value.shape, &self.ints(1)?, false)?,
            None => return FoldError::problem("its output has a shape that does not fit"),
        };
        Ok(Value { shape, ..value })
    }

    fn transpose(&mut self) -> Result<Value<'m>, FoldError> {
        let order = self.optional_ints(1)?.unwrap_or_default();
        let value = self.take(0)?;
        let rank = value.shape.len();
        let order = match order.len() {
            0 => (0..rank).rev().collect(),
            _ => order.iter().map(|number| axis(*number, rank)).collect::<Result<Vec<_>, _>>()?,
        };
        let view = View::whole(&value.shape).transposed(&order)?;
        self.copy(value, view)
    }

    fn concat(&mut self) -> Result<Value<'m>, FoldError> {
        let parts = (0..self.inputs.len()).map(|input| self.take(input)).collect::<Result<Vec<_>, _>>()?;
        let number = self.attribute("axis").and_then(Json::as_i64).unwrap_or(0);
        let axis = axis(number, parts.first().map_or(0, |part| part.shape.len()))?;
        let shapes: Vec<&[usize]> = parts.iter().map(|part| &part.shape[..]).collect();
        self.allow(&concat_shape(&shapes, axis)?)?;
        concat(parts, axis, self.token)
    }

    fn split(&mut self) -> Result<Vec<Value<'m>>, FoldError> {
        let number = self.int(1)?;
        let lengths = self.optional_ints(2)?;
        let value = self.take(0)?;
        let axis = axis(number, value.shape.len())?;
        let dim = value.shape[axis];
        let lengths = match lengths {
            Some(lengths) => {
                let known = lengths.iter().filter(|length| **length >= 0).try_fold(0i64, |sum, length| sum.checked_add(*length));
                let rest = known.map_or(-1, |known| dim as i64 - known);
                dims(&lengths.into_iter().map(|length| if length == -1 { rest } else { length }).collect::<Vec<_>>())?
            }
            None => {
                let parts = self.operation.outputs.len().max(1);
                vec![dim / parts; parts]
            }
        };
        self.parts(value, axis, lengths)
    }

    /// The value cut along an axis into parts of the lengths, one an output.
    fn parts(&self, value: Value<'m>, axis: usize, lengths: Vec<usize>) -> Result<Vec<Value<'m>>, FoldError> {
        let dim = value.shape[axis];
        if lengths.len() != self.operation.outputs.len()
            || lengths.iter().try_fold(0usize, |sum, length| sum.checked_add(*length)) != Some(dim)
        {
            return FoldError::problem("the parts do not make up the axis");
        }
        self.allow(&value.shape)?;
        let value = value.decoded(self.token)?;
        let mut start = 0;
        let mut parts = Vec::with_capacity(lengths.len());
        for length in lengths {
            self.token.check()?;
            let view = View::whole(&value.shape).sliced(axis, start, 1, length)?;
            parts.push(super::view::copy_of(&value, view, self.token)?);
            start += length;
        }
        Ok(parts)
    }

    /// `Slice-8`: start, stop, step and, if not all, the axes.
    fn slice(&mut self) -> Result<Value<'m>, FoldError> {
        let (starts, stops, steps) = (self.ints(1)?, self.ints(2)?, self.ints(3)?);
        let axes = self.optional_ints(4)?;
        let value = self.take(0)?;
        let mut view = View::whole(&value.shape);
        let axes = axes.unwrap_or_else(|| (0..starts.len() as i64).collect());
        if [stops.len(), steps.len(), axes.len()] != [starts.len(); 3] {
            return FoldError::problem("the lists of the slice differ in length");
        }
        for (((start, stop), step), number) in starts.into_iter().zip(stops).zip(steps).zip(axes) {
            let axis = axis(number, value.shape.len())?;
            let (first, count) = span(value.shape[axis], Some(start), Some(stop), step)?;
            view = view.sliced(axis, first, step as isize, count)?;
        }
        self.copy(value, view)
    }

    fn strided_slice(&mut self) -> Result<Value<'m>, FoldError> {
        let (begin, end) = (self.ints(1)?, self.ints(2)?);
        let steps = self.optional_ints(3)?.unwrap_or_default();
        let value = self.take(0)?;
        let slice = StridedSlice {
            begin: &begin,
            end: &end,
            steps: &steps,
            begin_mask: &self.list("begin_mask"),
            end_mask: &self.list("end_mask"),
            new_axis_mask: &self.list("new_axis_mask"),
            shrink_axis_mask: &self.list("shrink_axis_mask"),
            ellipsis_mask: &self.list("ellipsis_mask"),
        };
        let (view, shape) = slice.view(&value.shape)?;
        let value = self.copy(value, view)?;
        Ok(Value { shape, ..value })
    }

    /// `Reverse-1`: the axes as indices, or as a mask of booleans.
    fn reverse(&mut self) -> Result<Value<'m>, FoldError> {
        let is_mask = self.attribute("mode").and_then(Json::as_str) == Some("mask");
        let axes = self.optional_ints(1)?.unwrap_or_default();
        let value = self.take(0)?;
        let mut view = View::whole(&value.shape);
        for (position, number) in axes.into_iter().enumerate() {
            let axis = match (is_mask, number) {
                (true, 0) => continue,
                (true, _) => axis(position as i64, value.shape.len())?,
                (false, _) => axis(number, value.shape.len())?,
            };
            let dim = value.shape[axis];
            view = view.sliced(axis, dim.saturating_sub(1), -1, dim)?;
        }
        self.copy(value, view)
    }

    fn broadcast(&mut self) -> Result<Value<'m>, FoldError> {
        let mut target = dims(&self.ints(1)?)?;
        let mapping = self.optional_ints(2)?;
        let mut value = self.take(0)?;
        match (self.attribute("mode").and_then(Json::as_str), mapping) {
            (Some("bidirectional"), _) => target = broadcast_shape(&value.shape, &target)?,
            (Some("explicit"), Some(mapping)) => {
                // Axis `i` of the data is axis `mapping[i]` of the result; the order does not change.
                let axes = mapping.iter().map(|number| axis(*number, target.len())).collect::<Result<Vec<_>, _>>()?;
                if axes.len() != value.shape.len() || !axes.is_sorted_by(|a, b| a < b) {
                    return FoldError::problem("the mapping of axes does not fit");
                }
                let mut shape = vec![1; target.len()];
                for (axis, dim) in axes.into_iter().zip(&value.shape) {
                    shape[axis] = *dim;
                }
                value.shape = shape;
            }
            _ => {}
        }
        let view = View::whole(&value.shape).broadcast(&target)?;
        self.copy(value, view)
    }

    /// `Tile-1`, as a broadcast along an extra axis in front of each.
    fn tile(&mut self) -> Result<Value<'m>, FoldError> {
        let mut repeats = dims(&self.ints(1)?)?;
        let mut value = self.take(0)?;
        while repeats.len() < value.shape.len() {
            repeats.insert(0, 1);
        }
        while value.shape.len() < repeats.len() {
            value.shape.insert(0, 1);
        }
        let pairs = || repeats.iter().zip(&value.shape);
        let total = pairs().map(|(repeat, dim)| repeat.checked_mul(*dim)).collect::<Option<Vec<_>>>();
        let Some(total) = total else { return FoldError::problem("the shape has too many elements") };
        let from: Vec<usize> = pairs().flat_map(|(_, dim)| [1, *dim]).collect();
        let to: Vec<usize> = pairs().flat_map(|(repeat, dim)| [*repeat, *dim]).collect();
        let view = View::whole(&from).broadcast(&to)?;
        let value = self.copy(Value { shape: from, ..value }, view)?;
        Ok(Value { shape: total, ..value })
    }

    fn gather(&mut self) -> Result<Value<'m>, FoldError> {
        let number = match self.optional_ints(2)? {
            Some(numbers) => numbers.first().copied().unwrap_or(0),
            None => self.attribute("axis").and_then(Json::as_i64).unwrap_or(0),
        };
        let (data, indices) = (self.take(0)?, self.take(1)?);
        let axis = axis(number, data.shape.len())?;
        let batch = self.attribute("batch_dims").and_then(Json::as_i64).unwrap_or(0);
        let batch = if batch < 0 { batch.saturating_add(indices.shape.len() as i64) } else { batch };
        let Ok(batch) = usize::try_from(batch) else { return FoldError::problem("its batch axes do not exist") };
        self.allow(&gather_shape(&data.shape, &indices.shape, axis, batch)?)?;
        gather(data, &indices, axis, batch, self.token)
    }

    fn shape_of(&mut self) -> Result<Value<'m>, FoldError> {
        let input = self.operation.inputs.first().copied().flatten();
        let declared = input.and_then(|input| self.graph.tensor(input).shape.dims());
        let shape = match declared {
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
        let numbers = (0..count).map(|position| start as f32 + step as f32 * position as f32).collect();
        Ok(Value::float(dtype, vec![count], numbers))
    }
}
