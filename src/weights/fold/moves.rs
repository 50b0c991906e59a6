//! Operations that only move elements: transpose, slice, split, reverse, broadcast, tile, concatenate, pad,
//! and the rearrangements of blocks. Most are one strided view of the input.

use serde_json::Value as Json;

use super::elementwise::broadcast_shape;
use super::gather::{concat, concat_shape, taken};
use super::operations::Call;
use super::shapes::{StridedSlice, axis, dims, reshape, span};
use super::value::count_of;
use super::view::{View, copy_of, strides};
use super::{FoldError, Value, tflite};

impl<'m> Call<'_, 'm> {
    /// Operations that only change the shape, and whose output tensor bears the new one (TensorFlow Lite,
    /// OpenVINO IR before version 10). Where it does not, the second input does.
    pub(super) fn reshape_as_output(&mut self) -> Result<Value<'m>, FoldError> {
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

    pub(super) fn transpose(&mut self) -> Result<Value<'m>, FoldError> {
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

    pub(super) fn concat(&mut self) -> Result<Value<'m>, FoldError> {
        let parts = (0..self.inputs.len()).map(|input| self.take(input)).collect::<Result<Vec<_>, _>>()?;
        let number = self.whole("axis").unwrap_or(0);
        let axis = axis(number, parts.first().map_or(0, |part| part.shape.len()))?;
        let shapes: Vec<&[usize]> = parts.iter().map(|part| &part.shape[..]).collect();
        self.allow(&concat_shape(&shapes, axis)?)?;
        concat(parts, axis, self.token)
    }

    /// The inputs that hold the data, the axis and the lengths; without lengths the parts are equal.
    pub(super) fn split(&mut self, data: usize, along: usize, lengths: Option<usize>) -> Result<Vec<Value<'m>>, FoldError> {
        let number = self.int(along)?;
        let lengths = match lengths {
            Some(input) => self.optional_ints(input)?,
            None => None,
        };
        let value = self.take(data)?;
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
    pub(super) fn parts(&self, value: Value<'m>, axis: usize, lengths: Vec<usize>) -> Result<Vec<Value<'m>>, FoldError> {
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
            parts.push(copy_of(&value, view, self.token)?);
            start += length;
        }
        Ok(parts)
    }

    /// `Slice-8`: start, stop, step and, if not all, the axes.
    pub(super) fn slice(&mut self) -> Result<Value<'m>, FoldError> {
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

    /// Masks are lists of flags in OpenVINO, bits of a number in TensorFlow Lite.
    /// `StridedSlice-1` and `STRIDED_SLICE`; in IR before version 10 the masks of begin and end meant the opposite,
    /// and say where the lists count (`is_inverted`).
    pub(super) fn strided_slice(&mut self, is_inverted: bool) -> Result<Value<'m>, FoldError> {
        let (begin, end) = (self.ints(1)?, self.ints(2)?);
        let steps = self.optional_ints(3)?.unwrap_or_default();
        let value = self.take(0)?;
        let mask = |key: &str| match self.attribute(key) {
            Some(Json::Array(flags)) => flags.iter().filter_map(Json::as_i64).collect(),
            _ if self.is_tflite() => tflite::mask(self, key),
            _ => Vec::new(),
        };
        let of_ends = |key: &str| -> Vec<i64> {
            let flags: Vec<i64> = mask(key);
            if is_inverted { flags.into_iter().map(|flag| i64::from(flag == 0)).collect() } else { flags }
        };
        let slice = StridedSlice {
            begin: &begin,
            end: &end,
            steps: &steps,
            begin_mask: &of_ends("begin_mask"),
            end_mask: &of_ends("end_mask"),
            new_axis_mask: &mask("new_axis_mask"),
            shrink_axis_mask: &mask("shrink_axis_mask"),
            ellipsis_mask: &mask("ellipsis_mask"),
        };
        let (view, shape) = slice.view(&value.shape)?;
        let value = self.copy(value, view)?;
        Ok(Value { shape, ..value })
    }

    /// `Reverse-1`: the axes as indices, or as a mask of booleans.
    pub(super) fn reverse(&mut self) -> Result<Value<'m>, FoldError> {
        let is_mask = self.is_mode("mask");
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

    /// The first elements along one axis turned around, as many as a second axis says for each of its places.
    pub(super) fn reverse_sequence(&mut self) -> Result<Value<'m>, FoldError> {
        let keys = if self.is_tflite() { ["seq_dim", "batch_dim"] } else { ["seq_axis", "batch_axis"] };
        let [along, batch] = keys.map(|key| self.whole(key).unwrap_or(0));
        let lengths = dims(&self.ints(1)?)?;
        let value = self.take(0)?;
        let (along, batch) = (axis(along, value.shape.len())?, axis(batch, value.shape.len())?);
        let (dim, stride) = (value.shape[along], strides(&value.shape)[along].unsigned_abs());
        let of_batch = strides(&value.shape)[batch].unsigned_abs();
        if lengths.len() != value.shape[batch] || lengths.iter().any(|length| *length > dim) {
            return FoldError::problem("the lengths of the sequences do not fit");
        }
        self.allow(&[value.count(), 2])?;
        let place = |at: usize| {
            let (step, length) = (at / stride % dim, lengths[at / of_batch % lengths.len()]);
            if step < length { at - step * stride + (length - 1 - step) * stride } else { at }
        };
        let places: Vec<usize> = (0..value.count()).map(place).collect();
        let shape = value.shape.clone();
        taken(value, None, shape, &places, self.token)
    }

    pub(super) fn broadcast(&mut self) -> Result<Value<'m>, FoldError> {
        let mut target = dims(&self.ints(1)?)?;
        // A single number stands for none.
        let has_mapping = self.inputs.get(2).and_then(Option::as_ref).is_some_and(|mapping| mapping.shape.len() == 1);
        let mapping = if has_mapping { Some(self.ints(2)?) } else { None };
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
    pub(super) fn tile(&mut self) -> Result<Value<'m>, FoldError> {
        let repeats = dims(&self.ints(1)?)?;
        let value = self.take(0)?;
        self.repeated(value, repeats)
    }

    /// The value so many times along each axis; what is shorter, the list or the shape, is filled up with ones in front.
    pub(super) fn repeated(&self, mut value: Value<'m>, mut repeats: Vec<usize>) -> Result<Value<'m>, FoldError> {
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

    /// `Pad-1` and `Pad-12`: lists of what comes before and behind, negative to cut off; TensorFlow Lite
    /// has both in one matrix. What is added is one number, the edge, or a mirror image with the edge or
    /// without.
    pub(super) fn pad(&mut self) -> Result<Value<'m>, FoldError> {
        let (before, behind, filler) = if self.is_tflite() {
            let pads = self.ints(1)?;
            (pads.iter().step_by(2).copied().collect(), pads.iter().skip(1).step_by(2).copied().collect(), self.optional(2))
        } else {
            (self.ints(1)?, self.ints(2)?, self.optional(3))
        };
        let mode = match self.operation.kind.as_str() {
            "Pad" => self.attribute("pad_mode").and_then(Json::as_str).unwrap_or("constant"),
            "MIRROR_PAD" if self.is_mode("SYMMETRIC") => "symmetric",
            "MIRROR_PAD" => "reflect",
            _ => "constant",
        };
        let value = self.take(0)?;
        if [before.len(), behind.len()] != [value.shape.len(); 2] {
            return FoldError::problem("the lists of the padding differ in length from the shape");
        }
        // For each axis the index that each place of the result has in the data; `None`: it is filled.
        let mut axes: Vec<Vec<Option<usize>>> = Vec::new();
        let mut shape = Vec::new();
        for ((dim, before), behind) in value.shape.iter().zip(before).zip(behind) {
            let dim = *dim as i64;
            let total = dim.checked_add(before).and_then(|sum| sum.checked_add(behind)).and_then(|sum| usize::try_from(sum).ok());
            let Some(total) = total else { return FoldError::problem("a dimension is negative") };
            shape.push(total);
            self.allow(&shape)?;
            axes.push((0..total as i64).map(|place| padded(place - before, dim, mode)).collect());
        }
        let strides = strides(&value.shape);
        let beyond = value.count();
        let mut places = vec![0; count_of(&shape)?];
        for (number, place) in places.iter_mut().enumerate() {
            let mut rest = number;
            for (axis, stride) in axes.iter().zip(&strides).rev() {
                let index = axis.get(rest % axis.len()).copied().flatten();
                rest /= axis.len();
                *place = match index {
                    Some(index) if *place < beyond => *place + index * stride.unsigned_abs(),
                    _ => beyond,
                };
            }
        }
        let filler = filler.unwrap_or_else(|| Value::float(value.dtype, Vec::new(), vec![0.0]));
        taken(value, Some(filler), shape, &places, self.token)
    }

    /// `Roll-7`: elements move along axes and come in again at the other end.
    pub(super) fn roll(&mut self) -> Result<Value<'m>, FoldError> {
        let (shifts, axes) = (self.ints(1)?, self.ints(2)?);
        let mut value = self.take(0)?;
        for (position, number) in axes.iter().enumerate() {
            let shift = if shifts.len() == 1 { shifts.first() } else { shifts.get(position) };
            let Some(shift) = shift else { return FoldError::problem("there are fewer shifts than axes") };
            let at = axis(*number, value.shape.len())?;
            let dim = value.shape[at];
            if dim == 0 {
                continue;
            }
            // What stands at the end comes first.
            let first = dim - shift.rem_euclid(dim as i64) as usize;
            self.allow(&value.shape)?;
            let whole = value.decoded(self.token)?;
            let view = |start: usize, count: usize| View::whole(&whole.shape).sliced(at, start, 1, count);
            let parts = vec![
                copy_of(&whole, view(first % dim, dim - first % dim)?, self.token)?,
                copy_of(&whole, view(0, first % dim)?, self.token)?,
            ];
            value = concat(parts, at, self.token)?;
        }
        Ok(value)
    }

    /// Blocks of the spatial axes to channels and back, as a transposition of a finer shape. OpenVINO has
    /// the channels in front of the spatial axes, TensorFlow Lite behind them.
    pub(super) fn depth_and_space(&mut self) -> Result<Value<'m>, FoldError> {
        let value = self.take(0)?;
        let block = self.whole("block_size").and_then(|block| usize::try_from(block).ok()).filter(|block| *block > 0);
        let spatial = value.shape.len().checked_sub(2);
        let (Some(block), Some(spatial)) = (block, spatial) else { return FoldError::problem("its block size or its shape does not fit") };
        let is_to_depth = matches!(self.operation.kind.as_str(), "SpaceToDepth" | "SPACE_TO_DEPTH");
        let is_depth_first = self.is_mode("depth_first");
        let channel_axis = if self.is_tflite() { spatial + 1 } else { 1 };
        let spatial_axes: Vec<usize> = (1..value.shape.len()).filter(|axis| *axis != channel_axis).collect();
        let Some(blocks) = u32::try_from(spatial).ok().and_then(|spatial| block.checked_pow(spatial)) else {
            return FoldError::problem("its block size is too large");
        };
        // The finer shape, with the number of the axis that each part belongs to, and whether it is a block's.
        let divided = |dim: usize, by: usize| dim.checked_div(by).filter(|part| part * by == dim);
        let mut fine = Vec::new();
        for (at, dim) in value.shape.iter().enumerate() {
            let parts = match (at == channel_axis, spatial_axes.contains(&at), is_to_depth) {
                (true, _, false) => {
                    let Some(rest) = divided(*dim, blocks) else { return FoldError::problem("the channels do not divide into blocks") };
                    let mut parts: Vec<_> = spatial_axes.iter().map(|axis| (block, *axis, true)).collect();
                    parts.insert(if is_depth_first { 0 } else { parts.len() }, (rest, at, false));
                    parts
                }
                (_, true, true) => {
                    let Some(rest) = divided(*dim, block) else { return FoldError::problem("an axis does not divide into blocks") };
                    vec![(rest, at, false), (block, at, true)]
                }
                _ => vec![(*dim, at, false)],
            };
            fine.extend(parts);
        }
        let place = |axis: usize, is_block: bool| fine.iter().position(|part| (part.1, part.2) == (axis, is_block)).unwrap_or(0);
        let mut order = Vec::new();
        let mut shape = Vec::new();
        for (at, dim) in value.shape.iter().enumerate() {
            if at == channel_axis && is_to_depth {
                let mut parts: Vec<_> = spatial_axes.iter().map(|axis| place(*axis, true)).collect();
                parts.insert(if is_depth_first { 0 } else { parts.len() }, place(at, false));
                order.extend(parts);
                shape.push(dim.saturating_mul(blocks));
            } else if at == channel_axis {
                order.push(place(at, false));
                shape.push(dim / blocks);
            } else if spatial_axes.contains(&at) && is_to_depth {
                order.push(place(at, false));
                shape.push(dim / block);
            } else if spatial_axes.contains(&at) {
                order.extend([place(at, false), place(at, true)]);
                shape.push(dim.saturating_mul(block));
            } else {
                order.push(place(at, false));
                shape.push(*dim);
            }
        }
        let from: Vec<usize> = fine.iter().map(|part| part.0).collect();
        let view = View::whole(&from).transposed(&order)?;
        let value = self.copy(Value { shape: from, ..value }, view)?;
        Ok(Value { shape, ..value })
    }
}

/// The index in an axis of `dim` elements that stands at `place`, which may lie outside.
fn padded(place: i64, dim: i64, mode: &str) -> Option<usize> {
    let inside = match mode {
        _ if (0..dim).contains(&place) => place,
        "edge" => place.clamp(0, dim - 1),
        "reflect" if place < 0 => -place,
        "reflect" => 2 * (dim - 1) - place,
        "symmetric" if place < 0 => -place - 1,
        "symmetric" => 2 * dim - 1 - place,
        _ => return None,
    };
    usize::try_from(inside).ok().filter(|index| (*index as i64) < dim)
}
