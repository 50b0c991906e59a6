//! A constant as the file holds it: all of its elements in C order, whatever the file's own order
//! and number, and how their codes become real values.

use std::borrow::Cow;

use super::evaluate::{ALLOWANCE, GROWTH};
use super::{DType, FoldError};
use crate::model::{Blocks, Data, Graph, Model, Packing, Quantization, Shape, Sparsity, Tensor, TensorId};
use crate::values::affine::Affine;
use crate::values::sparse::Sparse;
use crate::values::spread::Spread;
use crate::values::{check_size, decode_f32, decode_i64};

/// Rows and columns of a block of shuffled weights.
const BLOCK_ROWS: usize = 4;
const BLOCK_COLUMNS: usize = 16;
/// What the shuffled form flips in every byte.
const SIGN: u8 = 0x80;

/// A constant's elements, all of them in C order and packed flat.
#[derive(Clone, Debug)]
pub struct Elements<'m> {
    /// The type in `bytes`: the tensor's, but for 4-bit integers that lie a byte each, and for complex
    /// numbers, which are two floats each.
    pub dtype: DType,
    pub bytes: Cow<'m, [u8]>,
}

/// A constant's elements. Those of a sparse or shuffled constant, and bits in the other order, are a copy.
///
/// # Errors
/// One sentence why the file does not hold them; a shape that is open; a sparse form that would take
/// memory out of proportion to what is stored.
pub fn elements<'m>(model: &'m Model, tensor: &Tensor) -> Result<Elements<'m>, FoldError> {
    let bytes = stored_bytes(model, tensor)?;
    let dtype = stored_type(tensor);
    let count = tensor.shape.dims().and_then(|_| tensor.shape.count());
    let Some(count) = count else { return FoldError::problem("the shape is not fully known") };
    let bytes = match &tensor.packing {
        Packing::Flat | Packing::OneAByte => {
            check_size(dtype, count, bytes.len() as u64, false)?;
            Cow::Borrowed(bytes)
        }
        Packing::Shuffled4x16 => Cow::Owned(unshuffled(bytes, &tensor.shape)?),
        Packing::LowBitFirst => {
            check_size(dtype, count, bytes.len() as u64, false)?;
            Cow::Owned(bytes.iter().map(|byte| byte.reverse_bits()).collect())
        }
        Packing::Sparse(sparsity) => Cow::Owned(dense(model, sparsity, dtype, bytes, count)?),
    };
    Ok(Elements { dtype: dtype.complex_part().unwrap_or(dtype), bytes })
}

/// The stored code of one element, without looking at the others. `None` for floats and for what the
/// file does not hold.
pub fn code(model: &Model, tensor: &Tensor, element: usize) -> Option<i64> {
    let bytes = stored_bytes(model, tensor).ok()?;
    let dtype = stored_type(tensor);
    if !dtype.is_integer() || element as u64 >= tensor.shape.count()? {
        return None;
    }
    let at = |element: usize| {
        let mut code = [0];
        decode_i64(dtype, bytes, element, &mut code).ok().map(|()| code[0])
    };
    match &tensor.packing {
        Packing::Flat | Packing::OneAByte => at(element),
        Packing::Shuffled4x16 => at(shuffled_place(element, columns(&tensor.shape)?)).map(|code| code ^ i64::from(SIGN)),
        // The place in the byte counted from the other end.
        Packing::LowBitFirst => at(element ^ 7),
        Packing::Sparse(sparsity) => match Sparse::new(sparsity, |bytes| model.bytes(bytes)).ok()?.stored_at(element) {
            Some(stored) => at(stored),
            None => Some(0),
        },
    }
}

/// How a tensor's codes become real values; `None` where they are the values.
///
/// # Errors
/// One sentence why the scales can't be had.
pub fn affine(model: &Model, graph: &Graph, tensor: &Tensor) -> Result<Option<Affine>, FoldError> {
    let Some(quantization) = tensor.quantization.as_deref().filter(|_| tensor.dtype.is_integer()) else { return Ok(None) };
    let Some(shape) = tensor.shape.dims() else { return FoldError::problem("the shape is not fully known") };
    let along = |axis: usize, count: usize| {
        let own: Vec<usize> =
            if count == 1 { Vec::new() } else { (0..shape.len()).map(|other| if other == axis { count } else { 1 }).collect() };
        Spread::broadcast(&shape, &own)
    };
    let (scales, zero_points, spread) = match quantization {
        Quantization::Custom { .. } => return Ok(None),
        Quantization::Unusable(problem) => return FoldError::problem(problem.clone()),
        Quantization::Affine { axis, scales, zero_points } => {
            (scales.iter().copied().map(f64::from).collect(), zero_points.clone(), along(*axis, scales.len()))
        }
        Quantization::Derived { input, kernel } => {
            let scales = derived_scales(graph, *input, *kernel);
            let spread = along(0, scales.len());
            (scales, vec![0], spread)
        }
        Quantization::Blockwise(blocks) => {
            let (scales, zero_points) = block_scales(model, graph, blocks)?;
            (scales, zero_points, Spread::new(&shape, &lengths(&blocks.block), &lengths(&blocks.grid)))
        }
    };
    match spread.and_then(|spread| Affine::new(scales, zero_points, spread)) {
        Some(affine) => Ok(Some(affine)),
        None => FoldError::problem("the quantisation has another number of scales than the shape asks for"),
    }
}

/// The scale of the accumulator: input times kernel, in float64 (`GetQuantizedConvolutionMultipler`
/// and its kin in TensorFlow Lite's `kernels/kernel_util.cc`).
fn derived_scales(graph: &Graph, input: TensorId, kernel: TensorId) -> Vec<f64> {
    let scales = |id: TensorId| match graph.tensor(id).quantization.as_deref() {
        Some(Quantization::Affine { scales, .. }) => scales.as_slice(),
        _ => &[],
    };
    let input = scales(input).first().copied().map_or(1.0, f64::from);
    scales(kernel).iter().map(|scale| input * f64::from(*scale)).collect()
}

/// Scales and zero points that are constants themselves, in C order.
fn block_scales(model: &Model, graph: &Graph, blocks: &Blocks) -> Result<(Vec<f64>, Vec<i64>), FoldError> {
    let elements_of = |id: TensorId| {
        let tensor = graph.tensor(id);
        let count = tensor.shape.count().and_then(|count| usize::try_from(count).ok()).unwrap_or(0);
        elements(model, tensor).map(|elements| (elements, count)).map_err(|error| match error {
            FoldError::Cancelled(cancelled) => FoldError::Cancelled(cancelled),
            error => FoldError::Problem(format!("its scales or zero points, tensor {} ({}): {error}", id.0, tensor.name).into()),
        })
    };
    let (scales, count) = elements_of(blocks.scales)?;
    let mut numbers = vec![0.0; count];
    decode_f32(scales.dtype, &scales.bytes, 0, &mut numbers)?;
    let mut zero_points = vec![0];
    if let Some(id) = blocks.zero_points {
        let (elements, count) = elements_of(id)?;
        zero_points = vec![0; count];
        decode_i64(elements.dtype, &elements.bytes, 0, &mut zero_points)?;
    }
    Ok((numbers.into_iter().map(f64::from).collect(), zero_points))
}

/// A constant's bytes as they lie in the file.
///
/// # Errors
/// One sentence why the file does not hold them.
pub fn stored_bytes<'m>(model: &'m Model, tensor: &Tensor) -> Result<&'m [u8], FoldError> {
    match &tensor.data {
        Data::Stored(bytes) => Ok(model.bytes(*bytes)),
        Data::Unavailable(problem) => FoldError::problem(problem.clone()),
        Data::Computed => FoldError::problem("the values are computed when the model runs"),
    }
}

fn stored_type(tensor: &Tensor) -> DType {
    match (&tensor.packing, tensor.dtype) {
        (Packing::OneAByte, DType::U4) => DType::U8,
        (Packing::OneAByte, _) => DType::I8,
        (_, dtype) => dtype,
    }
}

fn dense(model: &Model, sparsity: &Sparsity, dtype: DType, stored: &[u8], count: u64) -> Result<Vec<u8>, FoldError> {
    check_size(dtype, sparsity.stored, stored.len() as u64, false)?;
    let limit = (stored.len() as u64).saturating_mul(GROWTH).saturating_add(ALLOWANCE);
    let len = dtype.packed_bytes(count).filter(|len| *len <= limit).and_then(|len| usize::try_from(len).ok());
    let Some(len) = len else { return FoldError::problem("its shape is out of proportion to the elements that are stored") };
    let sparse = Sparse::new(sparsity, |bytes| model.bytes(bytes))?;
    sparse.check()?;
    Ok(sparse.densify(dtype.bits() as usize, stored, len)?)
}

fn unshuffled(stored: &[u8], shape: &Shape) -> Result<Vec<u8>, FoldError> {
    let Some(columns) = columns(shape).filter(|columns| *columns > 0) else {
        return FoldError::problem("the shape is not that of a matrix");
    };
    let mut dense = vec![0; stored.len()];
    let (blocks, _) = stored.as_chunks::<BLOCK_COLUMNS>();
    for (number, block) in blocks.iter().enumerate() {
        let (group, row) = (number / BLOCK_ROWS, number % BLOCK_ROWS);
        let per_row = columns / BLOCK_COLUMNS;
        let start = (group / per_row.max(1) * BLOCK_ROWS + row) * columns + group % per_row.max(1) * BLOCK_COLUMNS;
        if let Some(target) = dense.get_mut(start..start + BLOCK_COLUMNS) {
            target.iter_mut().zip(block).for_each(|(target, byte)| *target = byte ^ SIGN);
        }
    }
    Ok(dense)
}

/// Where an element of a shuffled matrix is stored.
fn shuffled_place(element: usize, columns: usize) -> usize {
    let (row, column) = (element / columns.max(1), element % columns.max(1));
    let block = row / BLOCK_ROWS * (columns / BLOCK_COLUMNS) + column / BLOCK_COLUMNS;
    (block * BLOCK_ROWS + row % BLOCK_ROWS) * BLOCK_COLUMNS + column % BLOCK_COLUMNS
}

fn columns(shape: &Shape) -> Option<usize> {
    match shape.dims()?[..] {
        [_, columns] => Some(columns),
        _ => None,
    }
}

fn lengths(dims: &[u64]) -> Vec<usize> {
    dims.iter().map(|dim| usize::try_from(*dim).unwrap_or(usize::MAX)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The loops of toco's `shuffle_fc_weights.cc`, which write block by block.
    #[test]
    fn shuffled_blocks() {
        let (rows, columns) = (8usize, 32usize);
        let matrix: Vec<u8> = (0..rows * columns).map(|index| (index * 7 % 251) as u8).collect();
        let mut shuffled = Vec::new();
        for row in (0..rows).step_by(4) {
            for column in (0..columns).step_by(16) {
                for i in 0..4 {
                    shuffled.extend((0..16).map(|j| matrix[(row + i) * columns + column + j] ^ 0x80));
                }
            }
        }
        assert_eq!(unshuffled(&shuffled, &Shape::fixed([8, 32])).unwrap(), matrix);
        let by_place: Vec<u8> = (0..matrix.len()).map(|element| shuffled[shuffled_place(element, columns)] ^ SIGN).collect();
        assert_eq!(by_place, matrix);
    }
}
