//! Elements picked by an index (`Gather`) and arrays put end to end (`Concat`).

use super::value::{blocks, count_of};
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
    for row in 0..outer {
        token.check()?;
        for part in parts {
            let length = part.len() / outer;
            out.extend_from_slice(&part[row * length..(row + 1) * length]);
        }
    }
    Ok(out)
}
