//! A tensor's scales and zero points, checked against its shape.
//!
//! A tensor is quantised only if it has scales: many float models carry `min` and `max` left over
//! from calibration, which mean nothing to the runtime. Scales of a floating-point tensor mean
//! nothing either (`reference/dequantize.h` widens and ignores them).
//!
//! With `details` the scales are tensors of the same graph. What they are to a tensor can be told
//! only when all tensors are known, so such parameters are read in two steps ([`read`], [`settle`]).

use super::flatbuffer::{Damage, Table};
use super::schema::{blockwise_quantization as b, custom_quantization, multi_axis_quantization as m, quantization_parameters as q, tensor};
use crate::model::{Blocks, DType, Quantization, Shape, Tensor, TensorId};

/// A tensor's quantisation and what was odd about it.
#[derive(Debug, Default, PartialEq)]
pub struct Found {
    pub quantization: Option<Quantization>,
    /// Parameters that name other tensors, for [`settle`].
    pub open: Option<Open>,
    pub warning: Option<String>,
}

/// Blockwise or multi-axis parameters as the file has them.
#[derive(Clone, Debug, PartialEq)]
pub struct Open {
    scales: i32,
    zero_points: i32,
    block_size: i32,
    /// Blockwise: elements an axis; empty where blocks run along one axis.
    block_shape: Vec<i32>,
    /// Multi-axis: the axes that have scales.
    axes: Option<Vec<i32>>,
}

/// Reads the quantisation of a tensor.
///
/// # Errors
/// [`Damage::Exhausted`] only; parameters outside the file are a problem of the tensor.
pub fn read(table: Table<'_>, dtype: DType, shape: &Shape) -> Result<Found, Damage> {
    if !dtype.is_integer() {
        return Ok(Found::default());
    }
    match parameters(table, shape) {
        Err(Damage::Outside) => Ok(unusable("its quantisation parameters lie outside the file".to_owned())),
        found => found,
    }
}

fn parameters(table: Table<'_>, shape: &Shape) -> Result<Found, Damage> {
    let Some(table) = table.table(tensor::QUANTIZATION)? else { return Ok(Found::default()) };
    if let Some(found) = details(table)? {
        return Ok(found);
    }
    let scales = table.vector::<f32>(q::SCALE)?.unwrap_or_default();
    if scales.is_empty() {
        return Ok(Found::default());
    }
    let (mut zero_points, zero_point_count) = table.vector_or_one::<i64>(q::ZERO_POINT)?.unwrap_or_default();
    if zero_points.is_empty() {
        zero_points.push(0);
    }
    Ok(affine(scales, zero_points, zero_point_count, table.scalar(q::QUANTIZED_DIMENSION, 0i32)?, shape))
}

/// `real = scale * (stored - zero_point)` with the scales along `declared_axis`. The file has `zero_point_count` zero
/// points; of those that are all alike one is given.
fn affine(scales: Vec<f32>, zero_points: Vec<i64>, zero_point_count: usize, declared_axis: i32, shape: &Shape) -> Found {
    let count = scales.len();
    if zero_point_count > 1 && zero_point_count != count {
        return unusable(format!("it has {zero_point_count} zero points for {count} scales"));
    }
    let declared = usize::try_from(declared_axis).ok();
    if count == 1 {
        let quantization = Quantization::Affine { axis: declared.unwrap_or(0), scales, zero_points };
        return Found { quantization: Some(quantization), ..Found::default() };
    }
    let Some(axis) = fitting_axis(count, declared, shape) else {
        return unusable(format!("its {count} scales fit no dimension of the shape {shape}"));
    };
    let warning = (Some(axis) != declared)
        .then(|| format!("names dimension {declared_axis} for its {count} scales, which fit dimension {axis} alone"));
    Found { quantization: Some(Quantization::Affine { axis, scales, zero_points }), warning, ..Found::default() }
}

/// The declared axis if it is as long as there are scales, else the only one that is. Files with a
/// bias quantised along "dimension 3", as its kernel is, exist.
fn fitting_axis(count: usize, declared: Option<usize>, shape: &Shape) -> Option<usize> {
    let Shape::Ranked(dims) = shape else { return None };
    let fits = |dim: &Option<u64>| *dim == Some(count as u64);
    if let Some(declared) = declared
        && dims.get(declared).is_some_and(|dim| dim.is_none() || fits(dim))
    {
        return Some(declared);
    }
    let mut fitting = dims.iter().enumerate().filter(|(_, dim)| fits(dim));
    match (fitting.next(), fitting.next()) {
        (Some((axis, _)), None) => Some(axis),
        _ => None,
    }
}

/// Parameters in `details`; with them the affine fields are void.
fn details(table: Table<'_>) -> Result<Option<Found>, Damage> {
    let tag: u8 = table.scalar(q::DETAILS_TYPE, 0)?;
    let Some(details) = table.table(q::DETAILS)? else { return Ok(None) };
    let open = |open| Found { open: Some(open), ..Found::default() };
    Ok(match tag {
        0 => None,
        1 => {
            let bytes = details.bytes(custom_quantization::CUSTOM)?.map_or(0, |range| range.len() as u64);
            Some(Found { quantization: Some(Quantization::Custom { bytes }), ..Found::default() })
        }
        2 => Some(open(Open {
            scales: details.scalar(b::SCALES, 0)?,
            zero_points: details.scalar(b::ZERO_POINTS, 0)?,
            block_size: details.scalar(b::BLOCK_SIZE, 0)?,
            block_shape: details.vector(b::BLOCK_SHAPE)?.unwrap_or_default(),
            axes: None,
        })),
        3 => Some(open(Open {
            scales: details.scalar(m::SCALES, 0)?,
            zero_points: details.scalar(m::ZERO_POINTS, 0)?,
            block_size: details.scalar(m::BLOCK_SIZE, 0)?,
            block_shape: Vec::new(),
            axes: Some(details.vector(m::QUANTIZED_DIMENSIONS)?.unwrap_or_default()),
        })),
        other => Some(unusable(format!("its quantisation is of kind {other}, which is not known"))),
    })
}

fn unusable(problem: String) -> Found {
    Found { quantization: Some(Quantization::Unusable(problem)), ..Found::default() }
}

/// What blockwise or multi-axis parameters mean for tensor `index` of its graph, now that all of the
/// graph's tensors are known. `is_read` tells whether an operation reads a tensor, or the caller
/// fills it in.
pub fn settle(open: &Open, index: usize, tensors: &[Tensor], is_read: &[bool]) -> Quantization {
    match blocks(open, index, tensors, is_read) {
        Ok(blocks) => Quantization::Blockwise(blocks),
        Err(problem) => Quantization::Unusable(problem),
    }
}

fn blocks(open: &Open, index: usize, tensors: &[Tensor], is_read: &[bool]) -> Result<Blocks, String> {
    let shape: Option<Vec<u64>> = tensors.get(index).and_then(|tensor| dims(&tensor.shape));
    let shape = shape.ok_or("it is quantised in blocks, but its shape is not known")?;
    let scales = position(open.scales, tensors).ok_or_else(|| format!("its scales are tensor {}, which does not exist", open.scales))?;
    let scale = &tensors[scales];
    if !scale.is_constant() || !scale.dtype.is_float() || scales == index {
        return Err(format!("its scales are tensor {scales} ({}), which is no constant of floats", scale.name));
    }
    let own = dims(&scale.shape).ok_or_else(|| format!("the shape of its scales, tensor {scales}, is not known"))?;
    let (block, grid) = match &open.axes {
        None => blockwise(open, &shape, &own),
        Some(axes) => multi_axis(open.block_size, axes, &shape, &own),
    }
    .ok_or_else(|| {
        let size = if open.block_shape.is_empty() { open.block_size.to_string() } else { format!("{:?}", open.block_shape) };
        format!("its scales of shape {} don't fit its shape {} in blocks of {size}", scale.shape, tensors[index].shape)
    })?;
    Ok(Blocks {
        scales: id(scales),
        zero_points: zero_points(open.zero_points, tensors, is_read, scale).map(id),
        block,
        grid,
        is_multi_axis: open.axes.is_some(),
    })
}

/// Blocks and their number along each axis. The axis is told by the shapes: writers leave
/// `quantized_dimension` at 0 whatever it is. `None`: the scales don't fit.
fn blockwise(open: &Open, shape: &[u64], own: &[u64]) -> Option<(Vec<u64>, Vec<u64>)> {
    if !open.block_shape.is_empty() {
        let block: Option<Vec<u64>> = open.block_shape.iter().map(|size| u64::try_from(*size).ok().filter(|size| *size > 0)).collect();
        return fit(block?, shape, own);
    }
    let size = u64::try_from(open.block_size).ok().filter(|size| *size > 0)?;
    let along = |axis: usize| {
        let mut block = vec![1; shape.len()];
        *block.get_mut(axis)? = size;
        Some(block)
    };
    // The last axis first: it is the one that the runtime's kernels reduce along.
    let exact = (0..shape.len()).rev().find(|axis| {
        own.len() == shape.len()
            && (0..own.len()).all(|k| if k == *axis { own[k].checked_mul(size) == Some(shape[k]) } else { own[k] == shape[k] })
    });
    fit(along(exact.unwrap_or(shape.len().checked_sub(1)?))?, shape, own)
}

/// Scales along several axes, blocks along the last of them. Nothing computes with these yet: what is
/// here follows from the schema's words alone.
fn multi_axis(block_size: i32, axes: &[i32], shape: &[u64], own: &[u64]) -> Option<(Vec<u64>, Vec<u64>)> {
    let mut block = shape.to_vec();
    let mut last = None;
    for axis in axes {
        let axis = usize::try_from(*axis).ok()?;
        *block.get_mut(axis)? = 1;
        last = Some(axis);
    }
    if block_size > 0 {
        *block.get_mut(last?)? = u64::try_from(block_size).ok()?;
    }
    last.and_then(|_| fit(block, shape, own))
}

/// The blocks and the grid they make, if an array of shape `own` has a scale for each: in the grid's
/// shape, in one that numpy would broadcast to it, or flattened.
fn fit(mut block: Vec<u64>, shape: &[u64], own: &[u64]) -> Option<(Vec<u64>, Vec<u64>)> {
    if block.len() != shape.len() {
        return None;
    }
    let mut grid: Vec<u64> = shape.iter().zip(&block).map(|(dim, block)| dim.div_ceil((*block).max(1))).collect();
    let count = |dims: &[u64]| dims.iter().try_fold(1u64, |product, dim| product.checked_mul(*dim));
    let is_flat = own.len() == 1 && count(own) == count(&grid);
    if own != grid && !is_flat {
        let missing = grid.len().checked_sub(own.len())?;
        let own = std::iter::repeat_n(1, missing).chain(own.iter().copied());
        for ((own, grid), (block, dim)) in own.zip(&mut grid).zip(block.iter_mut().zip(shape)) {
            if own == 1 {
                (*grid, *block) = (1, (*dim).max(1));
            } else if own != *grid {
                return None;
            }
        }
    }
    Some((block, grid))
}

/// The tensor of zero points, if there is one. The schema says -1 for none, but the flatbuffer's
/// default is 0 and writers leave it there: tensor 0 counts only if it can be nothing else.
fn zero_points(index: i32, tensors: &[Tensor], is_read: &[bool], scales: &Tensor) -> Option<usize> {
    let position = position(index, tensors)?;
    let tensor = &tensors[position];
    let is_free = position != 0 || is_read.first() != Some(&true);
    let fits = tensor.shape.count().is_some_and(|count| Some(count) == scales.shape.count());
    (tensor.is_constant() && tensor.dtype.is_integer() && fits && is_free).then_some(position)
}

fn position(index: i32, tensors: &[Tensor]) -> Option<usize> {
    usize::try_from(index).ok().filter(|index| *index < tensors.len())
}

fn id(position: usize) -> TensorId {
    TensorId(position as u32)
}

/// The dimensions, if their product fits 64 bits.
fn dims(shape: &Shape) -> Option<Vec<u64>> {
    shape.count()?;
    match shape {
        Shape::Ranked(dims) => dims.iter().copied().collect(),
        Shape::Unknown => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Data;

    #[test]
    fn axes() {
        let cases = [
            // scales, declared axis, shape, expected axis, warns
            (1, 3, vec![8], Some(3), false),
            (8, 0, vec![8, 3, 3, 3], Some(0), false),
            (8, 3, vec![1, 3, 3, 8], Some(3), false),
            (8, 3, vec![8], Some(0), true),
            (8, -1, vec![8], Some(0), true),
            (8, 0, vec![1, 3, 3, 8], Some(3), true),
            (8, 2, vec![8, 8], None, false),
            (3, 0, vec![4, 5], None, false),
            (2, 0, vec![], None, false),
        ];
        for (count, declared, dims, expected, warns) in cases {
            let found = affine(vec![0.5; count], vec![0], 0, declared, &Shape::fixed(dims.clone()));
            let axis = match found.quantization {
                Some(Quantization::Affine { axis, .. }) => Some(axis),
                _ => None,
            };
            assert_eq!(axis, expected, "{count} {declared} {dims:?}");
            assert_eq!(found.warning.is_some(), warns, "{count} {declared} {dims:?}");
        }
        let dynamic = Shape::Ranked(vec![None, Some(4)]);
        assert_eq!(fitting_axis(8, Some(0), &dynamic), Some(0));
        assert_eq!(fitting_axis(8, Some(0), &Shape::Unknown), None);
    }

    #[test]
    fn zero_points_of_scales_in_the_description() {
        let shape = Shape::fixed([3]);
        for (given, expected) in [
            ((vec![0], 0), Some(vec![0])),
            ((vec![7], 1), Some(vec![7])),
            ((vec![7], 3), Some(vec![7])),
            ((vec![1, 2, 3], 3), Some(vec![1, 2, 3])),
        ]
        .into_iter()
        .chain([((vec![1, 2], 2), None), ((vec![7], 2), None)])
        {
            let (zero_points, count) = given;
            let found = affine(vec![1.0, 2.0, 3.0], zero_points, count, 0, &shape).quantization;
            let zero_points = match found {
                Some(Quantization::Affine { zero_points, .. }) => Some(zero_points),
                _ => None,
            };
            assert_eq!(zero_points, expected);
        }
    }

    fn open(scales: i32, zero_points: i32, block_size: i32) -> Open {
        Open { scales, zero_points, block_size, block_shape: Vec::new(), axes: None }
    }

    /// What `settle` makes of scales of one shape for a tensor of another: block and grid.
    fn fitted(open: &Open, shape: &[u64], own: &[u64]) -> Option<(Vec<u64>, Vec<u64>)> {
        let constant = |dtype, dims: &[u64]| Tensor {
            data: Data::Unavailable(String::new()),
            ..Tensor::computed("t", dtype, Shape::fixed(dims.iter().copied()))
        };
        let tensors = [constant(DType::I4, shape), constant(DType::F16, own)];
        match settle(open, 0, &tensors, &[true, false]) {
            Quantization::Blockwise(Blocks { block, grid, .. }) => Some((block, grid)),
            _ => None,
        }
    }

    #[test]
    fn blocks_are_told_by_the_shapes() {
        /// Block size, shape, shape of the scales; block and grid.
        type Case<'c> = (i32, &'c [u64], &'c [u64], Option<(&'c [u64], &'c [u64])>);
        let cases: &[Case<'_>] = &[
            (32, &[8, 64], &[8, 2], Some((&[1, 32], &[8, 2]))),
            // Along the first axis, whatever `quantized_dimension` says.
            (4, &[8, 64], &[2, 64], Some((&[4, 1], &[2, 64]))),
            (32, &[64], &[2], Some((&[32], &[2]))),
            // TensorFlow Lite's own test helper writes the scales flat.
            (32, &[8, 64], &[16], Some((&[1, 32], &[8, 2]))),
            (32, &[8, 3, 64], &[8, 3, 2], Some((&[1, 1, 32], &[8, 3, 2]))),
            // A last block that is cut off, and scales that hold for a whole axis.
            (32, &[8, 40], &[8, 2], Some((&[1, 32], &[8, 2]))),
            (32, &[8, 64], &[1, 2], Some((&[8, 32], &[1, 2]))),
            (32, &[8, 64], &[], Some((&[8, 64], &[1, 1]))),
            (32, &[8, 64], &[8, 3], None),
            (0, &[8, 64], &[8, 2], None),
            (-32, &[8, 64], &[8, 2], None),
            (32, &[], &[], None),
        ];
        for (size, shape, own, expected) in cases {
            let expected = expected.map(|(block, grid)| (block.to_vec(), grid.to_vec()));
            assert_eq!(fitted(&open(1, -1, *size), shape, own), expected, "{size} {shape:?} {own:?}");
        }
        let shaped = Open { block_shape: vec![2, 32], ..open(1, -1, 0) };
        assert_eq!(fitted(&shaped, &[8, 64], &[4, 2]), Some((vec![2, 32], vec![4, 2])));
        assert_eq!(fitted(&Open { block_shape: vec![2, 0], ..open(1, -1, 0) }, &[8, 64], &[4, 2]), None);
        let channels = Open { axes: Some(vec![0, 2]), ..open(1, -1, 0) };
        assert_eq!(fitted(&channels, &[4, 5, 6], &[4, 1, 6]), Some((vec![1, 5, 1], vec![4, 1, 6])));
        let blocked = Open { axes: Some(vec![0, 1]), ..open(1, -1, 32) };
        assert_eq!(fitted(&blocked, &[8, 64], &[8, 2]), Some((vec![1, 32], vec![8, 2])));
        assert_eq!(fitted(&Open { axes: Some(vec![3]), ..open(1, -1, 0) }, &[8, 64], &[8, 1]), None);
        assert_eq!(fitted(&Open { axes: Some(vec![]), ..open(1, -1, 0) }, &[8, 64], &[1, 1]), None);
    }

    #[test]
    fn zero_points_in_tensors() {
        let constant = |dtype, dims: &[u64]| Tensor {
            data: Data::Unavailable(String::new()),
            ..Tensor::computed("t", dtype, Shape::fixed(dims.iter().copied()))
        };
        let tensors = [
            constant(DType::I8, &[8, 2]),
            constant(DType::I4, &[8, 64]),
            constant(DType::F32, &[8, 2]),
            constant(DType::I32, &[8, 2]),
            constant(DType::I32, &[8, 3]),
            Tensor::computed("x", DType::I32, Shape::fixed([8, 2])),
        ];
        let of = |index, is_read: bool| match settle(&open(2, index, 32), 1, &tensors, &[is_read, true, false, false, false, true]) {
            Quantization::Blockwise(blocks) => blocks.zero_points,
            other => panic!("{other:?}"),
        };
        assert_eq!(
            (of(3, true), of(-1, true), of(4, true), of(5, true), of(2, true), of(99, true)),
            (Some(TensorId(3)), None, None, None, None, None)
        );
        // The default index 0 means none, unless tensor 0 serves nothing else.
        assert_eq!((of(0, true), of(0, false)), (None, Some(TensorId(0))));
    }

    #[test]
    fn scales_that_can_not_be() {
        let of = |scales| {
            let tensor = |dtype| Tensor::computed("t", dtype, Shape::fixed([8, 2]));
            let tensors = [tensor(DType::I4), tensor(DType::F16), Tensor { data: Data::Unavailable(String::new()), ..tensor(DType::I8) }];
            settle(&open(scales, -1, 32), 0, &tensors, &[true; 3]).problem().map(str::to_owned)
        };
        for scales in [-1, 0, 1, 2, 3] {
            assert!(of(scales).is_some(), "{scales}");
        }
    }
}
