//! Elements picked by an index (`Gather` and its kin), put in the place of others (`ScatterUpdate` and its
//! kin), and arrays put end to end (`Concat`).

use super::operations::Call;
use super::shapes::{axis, dims};
use super::value::{blocks, count_of};
use super::view::strides;
use super::{FoldError, Numbers, Value};
use crate::jobs::Token;

/// Indices decoded at a time.
const INDICES: usize = 1 << 10;

/// The shape of [`gather`]'s result (`Gather-8`): the data's, the axis replaced by the indices' axes
/// behind the batch axes.
pub(super) fn gather_shape(data: &[usize], indices: &[usize], axis: usize, batch: usize) -> Result<Vec<usize>, FoldError> {
    let are_alike = data.get(..batch).is_some_and(|dims| indices.get(..batch) == Some(dims));
    if axis >= data.len() || batch > axis || !are_alike {
        return FoldError::problem("the axes of the data and the indices do not fit");
    }
    Ok([&data[..axis], &indices[batch..], &data[axis + 1..]].concat())
}

/// `Gather-8`: negative indices count from the end; others beyond the axis are refused. Indices are
/// decoded a few at a time, so that a codebook's need no memory of their own.
pub(super) fn gather<'m>(data: Value<'m>, indices: &Value<'m>, axis: usize, batch: usize, token: &Token) -> Result<Value<'m>, FoldError> {
    let shape = gather_shape(&data.shape, &indices.shape, axis, batch)?;
    let plan = Plan {
        batches: count_of(&data.shape[..batch])?,
        outer: count_of(&data.shape[batch..axis])?,
        axis: data.shape[axis],
        picks: count_of(&indices.shape[batch..])?,
        inner: count_of(&data.shape[axis + 1..])?,
    };
    let data = data.decoded(token)?;
    let numbers = match &data.numbers {
        Numbers::Float(numbers) => Numbers::Float(pick(numbers, indices, &plan, token)?),
        Numbers::Int(numbers) => Numbers::Int(pick(numbers, indices, &plan, token)?),
        Numbers::Stored(_) => return FoldError::problem("the value is not decoded"),
    };
    Ok(Value { dtype: data.dtype, shape, numbers })
}

/// The data as `[batches, outer, axis, inner]`, the indices as `[batches, picks]`.
struct Plan {
    batches: usize,
    outer: usize,
    axis: usize,
    picks: usize,
    inner: usize,
}

fn pick<T: Copy + Default + Send + Sync>(data: &[T], indices: &Value<'_>, plan: &Plan, token: &Token) -> Result<Vec<T>, FoldError> {
    let &Plan { batches, outer, axis, picks, inner } = plan;
    let mut out = vec![T::default(); count_of(&[batches, outer, picks, inner])?];
    blocks(&mut out, token, |start, block| {
        let mut buffer = [0i64; INDICES];
        let mut buffered = 0..0;
        let mut done = 0;
        while done < block.len() {
            let position = start + done;
            let (column, row) = (position % inner, position / inner);
            let (number, before) = (row % picks, row / picks);
            let wanted = before / outer * picks + number;
            if !buffered.contains(&wanted) {
                let end = batches.saturating_mul(picks).min(wanted + INDICES);
                indices.read_i64(wanted, &mut buffer[..end - wanted])?;
                buffered = wanted..end;
            }
            let index = buffer[wanted - buffered.start];
            let index = if index < 0 { index.saturating_add(axis as i64) } else { index };
            let Some(index) = usize::try_from(index).ok().filter(|index| *index < axis) else {
                return FoldError::problem("an index goes beyond the axis");
            };
            let length = (inner - column).min(block.len() - done);
            let from = (before * axis + index) * inner + column;
            block[done..done + length].copy_from_slice(&data[from..from + length]);
            done += length;
        }
        Ok(())
    })?;
    Ok(out)
}

/// The shape of [`concat`]'s result.
pub(super) fn concat_shape(parts: &[&[usize]], axis: usize) -> Result<Vec<usize>, FoldError> {
    let mut shape = parts.first().map(|first| first.to_vec()).unwrap_or_default();
    let Some(total) = parts.iter().try_fold(0usize, |total, part| total.checked_add(*part.get(axis)?)) else {
        return FoldError::problem("the axis does not exist");
    };
    for part in parts {
        let is_alike = part.len() == shape.len() && part.iter().zip(&shape).enumerate().all(|(at, (a, b))| at == axis || a == b);
        if !is_alike {
            return FoldError::problem("the shapes of the parts differ");
        }
    }
    if let Some(dim) = shape.get_mut(axis) {
        *dim = total;
    }
    Ok(shape)
}

/// `Concat-1`. The result has the first part's type.
pub(super) fn concat<'m>(parts: Vec<Value<'m>>, axis: usize, token: &Token) -> Result<Value<'m>, FoldError> {
    let shapes: Vec<&[usize]> = parts.iter().map(|part| &part.shape[..]).collect();
    let shape = concat_shape(&shapes, axis)?;
    let Some(dtype) = parts.first().map(|part| part.dtype) else { return FoldError::problem("there are no parts") };
    let outer = count_of(&shape[..axis])?;
    if parts.iter().any(Value::needs_integers) {
        let parts = parts.into_iter().map(|part| part.into_i64(token)).collect::<Result<Vec<_>, _>>()?;
        return Ok(Value::int(dtype, shape, interleave(&parts, outer, token)?));
    }
    let parts = parts.into_iter().map(|part| part.into_f32(token)).collect::<Result<Vec<_>, _>>()?;
    Ok(Value::float(dtype, shape, interleave(&parts, outer, token)?))
}

/// A row of each part in turn, `outer` times.
fn interleave<T: Copy>(parts: &[Vec<T>], outer: usize, token: &Token) -> Result<Vec<T>, FoldError> {
    let mut out = Vec::with_capacity(parts.iter().map(Vec::len).sum());
    // Rows without elements may be any number.
    let outer = if out.capacity() == 0 { 0 } else { outer };
    for row in 0..outer {
        token.check()?;
        for part in parts {
            let length = part.len() / outer;
            out.extend_from_slice(&part[row * length..(row + 1) * length]);
        }
    }
    Ok(out)
}

/// Elements of `value`, or beyond its end of `others`, one a place. The result has the type of `value`.
pub(super) fn taken<'m>(
    value: Value<'m>,
    others: Option<Value<'m>>,
    shape: Vec<usize>,
    places: &[usize],
    token: &Token,
) -> Result<Value<'m>, FoldError> {
    let dtype = value.dtype;
    if value.needs_integers() {
        let (numbers, others) = (value.into_i64(token)?, others.map(|others| others.into_i64(token)).transpose()?.unwrap_or_default());
        return Ok(Value::int(dtype, shape, picked(&numbers, &others, places, token)?));
    }
    let (numbers, others) = (value.into_f32(token)?, others.map(|others| others.into_f32(token)).transpose()?.unwrap_or_default());
    Ok(Value::float(dtype, shape, picked(&numbers, &others, places, token)?))
}

fn picked<T: Copy + Default + Send + Sync>(numbers: &[T], others: &[T], places: &[usize], token: &Token) -> Result<Vec<T>, FoldError> {
    let mut out = vec![T::default(); places.len()];
    blocks(&mut out, token, |start, block| {
        for (slot, place) in block.iter_mut().zip(&places[start..]) {
            let number = numbers.get(*place).or_else(|| others.get(place.checked_sub(numbers.len())?));
            let Some(number) = number else { return FoldError::problem("an index goes beyond the data") };
            *slot = *number;
        }
        Ok(())
    })?;
    Ok(out)
}

/// An index that may count from the end.
fn index(number: i64, dim: usize) -> Result<usize, FoldError> {
    let number = if number < 0 { number.saturating_add(dim as i64) } else { number };
    match usize::try_from(number) {
        Ok(index) if index < dim => Ok(index),
        _ => FoldError::problem("an index goes beyond the axis"),
    }
}

/// Runs of elements that are next to each other.
struct Runs {
    starts: Vec<usize>,
    /// Elements of each.
    length: usize,
    /// Axes that an index takes.
    depth: usize,
    /// The shape of the indices without their last axis.
    outer: Vec<usize>,
}

impl<'m> Call<'_, 'm> {
    pub(super) fn gather(&mut self) -> Result<Value<'m>, FoldError> {
        let number = match self.optional_ints(2)? {
            Some(numbers) => numbers.first().copied().unwrap_or(0),
            None => self.whole("axis").unwrap_or(0),
        };
        let (data, indices) = (self.take(0)?, self.take(1)?);
        let axis = axis(number, data.shape.len())?;
        let batch = self.whole("batch_dims").unwrap_or(0);
        let batch = if batch < 0 { batch.saturating_add(indices.shape.len() as i64) } else { batch };
        let Ok(batch) = usize::try_from(batch) else { return FoldError::problem("its batch axes do not exist") };
        self.allow(&gather_shape(&data.shape, &indices.shape, axis, batch)?)?;
        gather(data, &indices, axis, batch, self.token)
    }

    /// `GatherElements-6`: an index for each element of the result, along one axis.
    pub(super) fn gather_elements(&mut self) -> Result<Value<'m>, FoldError> {
        let (data, indices) = (self.take(0)?, self.take(1)?);
        let axis = axis(self.whole("axis").unwrap_or(0), data.shape.len())?;
        let shape = indices.shape.clone();
        let places = self.along(&data.shape, axis, indices)?;
        taken(data, None, shape, &places, self.token)
    }

    /// `ScatterElementsUpdate-3`: a place for each element of the updates, along one axis.
    pub(super) fn scatter_elements(&mut self) -> Result<Value<'m>, FoldError> {
        if self.attribute("reduction").and_then(|value| value.as_str()).is_some_and(|reduction| reduction != "none") {
            return FoldError::problem("it is evaluated without a reduction only");
        }
        let number = self.int(3)?;
        let (data, indices, updates) = (self.take(0)?, self.take(1)?, self.take(2)?);
        let axis = axis(number, data.shape.len())?;
        let targets = self.along(&data.shape, axis, indices)?;
        self.updated(data, updates, &targets, 1)
    }

    /// The places in `shape` that an index for each element of a smaller array means, along one axis.
    fn along(&self, shape: &[usize], axis: usize, indices: Value<'m>) -> Result<Vec<usize>, FoldError> {
        let own = indices.shape.clone();
        let fits = own.len() == shape.len() && own.iter().zip(shape).enumerate().all(|(at, (own, dim))| at == axis || own <= dim);
        if !fits {
            return FoldError::problem("the shapes of data and indices do not fit");
        }
        self.allow(&[own.iter().product(), 2])?;
        let strides = strides(shape);
        let numbers = indices.into_i64(self.token)?;
        let place = |(position, number): (usize, &i64)| -> Result<usize, FoldError> {
            let (mut rest, mut place) = (position, 0);
            for (at, (dim, stride)) in own.iter().zip(&strides).enumerate().rev() {
                let index = if at == axis { index(*number, shape[axis])? } else { rest % dim };
                rest /= dim;
                place += index * stride.unsigned_abs();
            }
            Ok(place)
        };
        numbers.iter().enumerate().map(place).collect()
    }

    /// `GatherND-8`: the last axis of the indices is an index of several axes.
    pub(super) fn gather_nd(&mut self) -> Result<Value<'m>, FoldError> {
        if self.whole("batch_dims").unwrap_or(0) != 0 {
            return FoldError::problem("it is evaluated without batch axes only");
        }
        let (data, indices) = (self.take(0)?, self.take(1)?);
        let runs = self.runs(&data.shape, indices)?;
        let shape = [&runs.outer[..], &data.shape[runs.depth..]].concat();
        self.allow(&[count_of(&shape)?, 2])?;
        let places: Vec<usize> = runs.starts.iter().flat_map(|start| *start..start + runs.length).collect();
        taken(data, None, shape, &places, self.token)
    }

    /// `ScatterNDUpdate-3`.
    pub(super) fn scatter_nd(&mut self) -> Result<Value<'m>, FoldError> {
        if self.attribute("reduction").and_then(|value| value.as_str()).is_some_and(|reduction| reduction != "none") {
            return FoldError::problem("it is evaluated without a reduction only");
        }
        let (data, indices, updates) = (self.take(0)?, self.take(1)?, self.take(2)?);
        let runs = self.runs(&data.shape, indices)?;
        self.updated(data, updates, &runs.starts, runs.length)
    }

    /// The runs of elements in `shape` that indices of several axes mean.
    fn runs(&self, shape: &[usize], indices: Value<'m>) -> Result<Runs, FoldError> {
        let mut outer = indices.shape.clone();
        let depth = outer.pop().filter(|depth| *depth <= shape.len());
        let Some(depth) = depth else { return FoldError::problem("the indices have more axes than the data") };
        let strides = strides(shape);
        let length = count_of(&shape[depth..])?;
        let count = count_of(&outer)?;
        self.allow(&[count, 2])?;
        let numbers = indices.into_i64(self.token)?;
        let start = |number: usize| -> Result<usize, FoldError> {
            let index_of = |at: usize| index(numbers.get(number * depth + at).copied().unwrap_or(0), shape[at]);
            (0..depth).try_fold(0, |place, at| Ok(place + index_of(at)? * strides[at].unsigned_abs()))
        };
        let starts = (0..count).map(start).collect::<Result<Vec<_>, _>>()?;
        Ok(Runs { starts, length, depth, outer })
    }

    /// `ScatterUpdate-3`: whole slices along one axis.
    pub(super) fn scatter_update(&mut self) -> Result<Value<'m>, FoldError> {
        let number = self.int(3)?;
        let (data, indices, updates) = (self.take(0)?, self.take(1)?, self.take(2)?);
        let axis = axis(number, data.shape.len())?;
        let indices = indices.into_i64(self.token)?;
        let (outer, inner) = (count_of(&data.shape[..axis])?, count_of(&data.shape[axis + 1..])?);
        let dim = data.shape[axis];
        self.allow(&[outer, indices.len(), 2])?;
        let mut targets = Vec::with_capacity(outer.saturating_mul(indices.len()));
        // Without indices there may be any number of rows.
        for row in 0..if indices.is_empty() { 0 } else { outer } {
            for number in &indices {
                targets.push((row * dim + index(*number, dim)?) * inner);
            }
        }
        self.updated(data, updates, &targets, inner)
    }

    /// The data with runs of `run` elements replaced by those of `updates`, in order.
    fn updated(&self, data: Value<'m>, updates: Value<'m>, starts: &[usize], run: usize) -> Result<Value<'m>, FoldError> {
        let count = data.count();
        if updates.count() != starts.len().saturating_mul(run) {
            return FoldError::problem("there are not as many updates as places for them");
        }
        self.allow(&[count, 2])?;
        let mut places: Vec<usize> = (0..count).collect();
        for (number, start) in starts.iter().enumerate() {
            for (offset, place) in places.iter_mut().skip(*start).take(run).enumerate() {
                *place = count + number * run + offset;
            }
        }
        let shape = data.shape.clone();
        taken(data, Some(updates), shape, &places, self.token)
    }

    /// A new axis on which one place is on and the others are off.
    pub(super) fn one_hot(&mut self) -> Result<Value<'m>, FoldError> {
        let depth = dims(&[self.int(1)?])?[0];
        let (indices, on, off) = (self.take(0)?, self.take(2)?, self.take(3)?);
        let mut shape = indices.shape.clone();
        let at = axis(self.whole("axis").unwrap_or(-1), shape.len() + 1)?;
        let inner = count_of(&shape[at..])?;
        shape.insert(at, depth);
        self.allow(&[count_of(&shape)?, 2])?;
        let numbers = indices.into_i64(self.token)?;
        let mut places = vec![0; count_of(&shape)?];
        for (position, number) in numbers.into_iter().enumerate() {
            // What is out of range is on nowhere.
            let Ok(index) = usize::try_from(number) else { continue };
            let place = (position / inner * depth + index) * inner + position % inner;
            if let Some(place) = places.get_mut(place).filter(|_| index < depth) {
                *place = 1;
            }
        }
        taken(off, Some(on), shape, &places, self.token)
    }
}
