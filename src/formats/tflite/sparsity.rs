//! A sparse tensor's levels, checked as TensorFlow Lite's verifier does
//! (`VerifyAndCountSparseElements` in `tflite/core/tools/verifier.cc`), but for the numbers in the index
//! lists: those are checked when the elements are read.

use super::flatbuffer::{Damage, Table};
use super::schema::{dimension_metadata as d, int32_vector, sparsity_parameters as s, uint8_vector, uint16_vector};
use crate::model::{Bytes, Csr, IndexList, Level, Sparsity};

/// More than any tensor has; the walk through the levels is as deep as there are levels.
const MAX_LEVELS: usize = 64;

/// Reads the sparsity of a tensor of shape `dims`; else one sentence why it can't be right.
///
/// # Errors
/// [`Damage::Exhausted`] only.
pub fn read(table: Table<'_>, dims: &[u64]) -> Result<Result<Sparsity, String>, Damage> {
    match levels(table, dims) {
        Err(Damage::Outside) => Ok(Err("its index lists lie outside the file, which may be cut off".to_owned())),
        found => found.map(|found| found.map_err(|what| format!("its sparse form contradicts itself: {what}"))),
    }
}

fn levels(table: Table<'_>, dims: &[u64]) -> Result<Result<Sparsity, String>, Damage> {
    let order: Vec<i32> = table.vector(s::TRAVERSAL_ORDER)?.unwrap_or_default();
    let block_map: Vec<i32> = table.vector(s::BLOCK_MAP)?.unwrap_or_default();
    let count = table.vector_len::<u32>(s::DIM_METADATA)?;
    let rank = dims.len();
    if order.len() > MAX_LEVELS {
        return Ok(Err(format!("it has {} levels", order.len())));
    }
    if order.len() != count || order.len() != rank + block_map.len() {
        return Ok(Err(format!(
            "{count} levels, {} in their order, and {} blocks are not those of {rank} dimensions",
            order.len(),
            block_map.len()
        )));
    }
    let mut records = Vec::with_capacity(count);
    for metadata in table.tables(s::DIM_METADATA)?.into_iter().flat_map(super::flatbuffer::Tables::iter) {
        records.push(record(metadata?)?);
    }
    Ok(resolve(&order, &block_map, &records, dims))
}

/// One level as the file has it.
struct Record {
    is_dense: bool,
    dense_size: i32,
    csr: Option<Csr>,
}

fn record(table: Table<'_>) -> Result<Record, Damage> {
    let list = |tag, field| -> Result<Option<IndexList>, Damage> {
        let Some(list) = table.table(field)? else { return Ok(None) };
        let (values, width) = match table.scalar(tag, 0u8)? {
            1 => (list.elements::<i32>(int32_vector::VALUES)?, 4),
            2 => (list.elements::<u16>(uint16_vector::VALUES)?, 2),
            3 => (list.elements::<u8>(uint8_vector::VALUES)?, 1),
            _ => return Ok(None),
        };
        let bytes = |range: std::ops::Range<usize>| Bytes { source: 0, offset: range.start as u64, len: range.len() as u64 };
        Ok(values.map(|range| IndexList { bytes: bytes(range), width }))
    };
    let segments = list(d::ARRAY_SEGMENTS_TYPE, d::ARRAY_SEGMENTS)?;
    let indices = list(d::ARRAY_INDICES_TYPE, d::ARRAY_INDICES)?;
    Ok(Record {
        is_dense: table.scalar(d::FORMAT, 0i8)? == 0,
        dense_size: table.scalar(d::DENSE_SIZE, 0i32)?,
        csr: segments.zip(indices).map(|(segments, indices)| Csr { segments, indices }),
    })
}

/// Levels with strides. The first `rank` of the traversal order are the dimensions, the others the
/// blocks, whose levels are dense and divide the dimension that each maps to.
fn resolve(order: &[i32], block_map: &[i32], records: &[Record], dims: &[u64]) -> Result<Sparsity, String> {
    let rank = dims.len();
    let axes = order.iter().map(|axis| usize::try_from(*axis).ok()).collect::<Option<Vec<_>>>().unwrap_or_default();
    let (outer, inner) = axes.split_at_checked(rank).unwrap_or_default();
    if !is_permutation(outer, 0) || !is_permutation(inner, rank) || axes.len() != order.len() {
        return Err(format!("its traversal order {order:?} is none of {rank} dimensions and their blocks"));
    }
    // Of each dimension, what one step adds to the position in C order; blocks are its finest steps.
    let mut strides = vec![1u64; rank];
    for axis in (1..rank).rev() {
        strides[axis - 1] = strides[axis].checked_mul(dims[axis]).ok_or("it has too many elements")?;
    }
    let mut sizes = dims.to_vec();
    let mut levels = vec![Level { stride: 0, size: 0, csr: None }; records.len()];
    // From the innermost out: what a block takes away from a dimension, the levels before it step over.
    for ((level, record), axis) in levels.iter_mut().zip(records).zip(&axes).rev() {
        if *axis < rank {
            (level.stride, level.size) = (strides[*axis], sizes[*axis]);
            continue;
        }
        let mapped = block_map.get(axis - rank).and_then(|axis| usize::try_from(*axis).ok()).filter(|axis| *axis < rank);
        let size = u64::try_from(record.dense_size).ok().filter(|size| *size > 0);
        let (Some(mapped), Some(size), true) = (mapped, size, record.is_dense) else {
            return Err(format!("block {} is none of its dimensions", axis - rank));
        };
        if !sizes[mapped].is_multiple_of(size) {
            return Err(format!("blocks of {size} don't divide its dimension {mapped}"));
        }
        sizes[mapped] /= size;
        (level.stride, level.size) = (strides[mapped], size);
        strides[mapped] = strides[mapped].checked_mul(size).ok_or("it has too many elements")?;
    }
    let mut stored = 1u64;
    for (position, (level, record)) in levels.iter_mut().zip(records).enumerate() {
        if record.is_dense {
            if u64::try_from(record.dense_size) != Ok(level.size) {
                return Err(format!("level {position} has size {}, not {}", record.dense_size, level.size));
            }
            stored = stored.checked_mul(level.size).ok_or("it has too many elements")?;
            continue;
        }
        let csr = record.csr.ok_or_else(|| format!("level {position} lacks its index lists"))?;
        if stored.checked_add(1) != Some(csr.segments.len()) {
            return Err(format!("level {position} has {} segments for {stored} rows", csr.segments.len()));
        }
        stored = csr.indices.len();
        level.csr = Some(csr);
    }
    Ok(Sparsity { levels, stored })
}

/// Whether the numbers are `first`, `first` + 1, ... in some order.
fn is_permutation(numbers: &[usize], first: usize) -> bool {
    let mut sorted = numbers.to_vec();
    sorted.sort_unstable();
    sorted.into_iter().eq(first..first + numbers.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dense(size: i32) -> Record {
        Record { is_dense: true, dense_size: size, csr: None }
    }

    fn csr(rows: u64, indices: u64) -> Record {
        let list = |len| IndexList { bytes: Bytes { source: 0, offset: 0, len }, width: 1 };
        Record { is_dense: false, dense_size: 0, csr: Some(Csr { segments: list(rows + 1), indices: list(indices) }) }
    }

    fn steps(found: &Sparsity) -> Vec<(u64, u64)> {
        found.levels.iter().map(|level| (level.stride, level.size)).collect()
    }

    #[test]
    fn strides() {
        // Rows in C order, columns compressed.
        let found = resolve(&[0, 1], &[], &[dense(3), csr(3, 5)], &[3, 4]).unwrap();
        assert_eq!((steps(&found), found.stored), (vec![(4, 3), (1, 4)], 5));
        // Columns first.
        let found = resolve(&[1, 0], &[], &[dense(4), csr(4, 5)], &[3, 4]).unwrap();
        assert_eq!((steps(&found), found.stored), (vec![(1, 4), (4, 3)], 5));
        // 4 by 8 in blocks of 2 by 4: the example of the schema.
        let found = resolve(&[0, 1, 2, 3], &[0, 1], &[dense(2), csr(2, 3), dense(2), dense(4)], &[4, 8]).unwrap();
        assert_eq!((steps(&found), found.stored), (vec![(16, 2), (4, 2), (8, 2), (1, 4)], 24));
        // Two blocks of one dimension nest: the later is the finer.
        let found = resolve(&[0, 1, 2], &[0, 0], &[dense(2), dense(3), dense(2)], &[12]).unwrap();
        assert_eq!(steps(&found), [(6, 2), (2, 3), (1, 2)]);
    }

    #[test]
    fn contradictions() {
        let one = |order: &[i32], block_map: &[i32], records: &[Record], dims: &[u64]| resolve(order, block_map, records, dims).is_err();
        assert!(one(&[0, 0], &[], &[dense(3), dense(4)], &[3, 4]));
        assert!(one(&[0, -1], &[], &[dense(3), dense(4)], &[3, 4]));
        assert!(one(&[0, 2, 1], &[1], &[dense(3), dense(2), dense(2)], &[3, 4]));
        assert!(one(&[0, 1], &[], &[dense(3), dense(5)], &[3, 4]));
        assert!(one(&[0, 1], &[], &[dense(3), csr(2, 5)], &[3, 4]));
        assert!(one(&[0, 1], &[], &[dense(3), Record { is_dense: false, dense_size: 4, csr: None }], &[3, 4]));
        assert!(one(&[0, 1, 2], &[1], &[dense(3), dense(1), dense(3)], &[3, 4]));
        assert!(one(&[0, 1, 2], &[2], &[dense(3), dense(2), dense(2)], &[3, 4]));
        assert!(one(&[0, 1, 2], &[1], &[dense(3), dense(2), csr(6, 2)], &[3, 4]));
        assert!(one(&[0, 1, 2], &[1], &[dense(3), dense(0), dense(0)], &[3, 4]));
        assert!(one(&[0, 1], &[], &[dense(3), csr(3, 5)], &[3]));
    }
}
