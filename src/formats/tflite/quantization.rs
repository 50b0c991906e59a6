//! A tensor's scales and zero points, checked against its shape.
//!
//! A tensor is quantised only if it has scales: many float models carry `min` and `max` left over
//! from calibration, which mean nothing to the runtime. Scales of a floating-point tensor mean
//! nothing either (`reference/dequantize.h` widens and ignores them).

use super::flatbuffer::{Damage, Table};
use super::schema::{blockwise_quantization, multi_axis_quantization, quantization_parameters as q, tensor};
use crate::model::{DType, Quantization, Shape};

/// A tensor's quantisation and what was odd about it.
#[derive(Debug, Default, PartialEq)]
pub struct Found {
    pub quantization: Option<Quantization>,
    pub warning: Option<String>,
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
        Err(Damage::Outside) => Ok(undecoded("its quantisation parameters lie outside the file".to_owned())),
        found => found,
    }
}

fn parameters(table: Table<'_>, shape: &Shape) -> Result<Found, Damage> {
    let Some(table) = table.table(tensor::QUANTIZATION)? else { return Ok(Found::default()) };
    if let Some(problem) = details(table)? {
        return Ok(undecoded(problem));
    }
    let scales = table.vector::<f32>(q::SCALE)?.unwrap_or_default();
    if scales.is_empty() {
        return Ok(Found::default());
    }
    let zero_points = table.vector::<i64>(q::ZERO_POINT)?.unwrap_or_default();
    Ok(affine(scales, zero_points, table.scalar(q::QUANTIZED_DIMENSION, 0i32)?, shape))
}

/// `real = scale * (stored - zero_point)` with the scales along `declared_axis`.
fn affine(scales: Vec<f32>, mut zero_points: Vec<i64>, declared_axis: i32, shape: &Shape) -> Found {
    let count = scales.len();
    let mut problem = None;
    if !matches!(zero_points.len(), 0 | 1) && zero_points.len() != count {
        problem = Some(format!("it has {} zero points for {count} scales", zero_points.len()));
        zero_points.clear();
    }
    // One zero point holds for every scale, none means 0.
    zero_points.resize(count, zero_points.first().copied().unwrap_or(0));

    let mut warning = None;
    let declared = usize::try_from(declared_axis).ok();
    let axis = if count == 1 {
        declared.unwrap_or(0)
    } else {
        match fitting_axis(count, declared, shape) {
            Some(axis) => {
                if Some(axis) != declared {
                    warning = Some(format!("names dimension {declared_axis} for its {count} scales, which fit dimension {axis} alone"));
                }
                axis
            }
            None => {
                problem = Some(format!("its {count} scales fit no dimension of the shape {shape}"));
                declared.unwrap_or(0)
            }
        }
    };
    Found { quantization: Some(Quantization { axis, scales, zero_points, problem }), warning }
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

/// Why the parameters are of a scheme that is not decoded. With `details` the affine fields are void.
fn details(table: Table<'_>) -> Result<Option<String>, Damage> {
    let tag: u8 = table.scalar(q::DETAILS_TYPE, 0)?;
    let Some(details) = table.table(q::DETAILS)? else { return Ok(None) };
    Ok(match tag {
        0 => None,
        1 => Some("its quantisation is of a custom kind, which is not decoded".to_owned()),
        2 => {
            let block: i32 = details.scalar(blockwise_quantization::BLOCK_SIZE, 0)?;
            Some(format!("it is quantised in blocks of {block}, which is not decoded yet"))
        }
        3 => {
            let axes: Vec<i32> = details.vector(multi_axis_quantization::QUANTIZED_DIMENSIONS)?.unwrap_or_default();
            Some(format!("it is quantised along {} dimensions at once, which is not decoded yet", axes.len()))
        }
        other => Some(format!("its quantisation is of kind {other}, which is not known")),
    })
}

/// Parameters that can't be used; the scale stands in, for there is always one.
fn undecoded(problem: String) -> Found {
    let quantization = Quantization { axis: 0, scales: vec![1.0], zero_points: vec![0], problem: Some(problem) };
    Found { quantization: Some(quantization), warning: None }
}

#[cfg(test)]
mod tests {
    use super::*;

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
            let found = affine(vec![0.5; count], vec![], declared, &Shape::fixed(dims.clone()));
            let quantization = found.quantization.unwrap();
            assert_eq!(quantization.problem.is_none().then_some(quantization.axis), expected, "{count} {declared} {dims:?}");
            assert_eq!(found.warning.is_some(), warns, "{count} {declared} {dims:?}");
        }
        let dynamic = Shape::Ranked(vec![None, Some(4)]);
        assert_eq!(fitting_axis(8, Some(0), &dynamic), Some(0));
        assert_eq!(fitting_axis(8, Some(0), &Shape::Unknown), None);
    }

    #[test]
    fn zero_points() {
        let shape = Shape::fixed([3]);
        for (given, expected, has_problem) in
            [(vec![], [0, 0, 0], false), (vec![7], [7, 7, 7], false), (vec![1, 2, 3], [1, 2, 3], false), (vec![1, 2], [0, 0, 0], true)]
        {
            let quantization = affine(vec![1.0, 2.0, 3.0], given, 0, &shape).quantization.unwrap();
            assert_eq!(quantization.zero_points, expected);
            assert_eq!(quantization.problem.is_some(), has_problem);
        }
    }
}
