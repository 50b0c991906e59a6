//! Sparse constants: which element of the dense array each stored one is.
//!
//! Source: `FormatConverter::Populate` in TensorFlow Lite's
//! `kernels/internal/utils/sparsity_format_converter.cc`.

use super::DecodeError;
use crate::model::{Bytes, IndexList, Sparsity};

/// A sparse form whose index lists are at hand.
#[derive(Clone, Debug)]
pub struct Sparse<'a> {
    levels: Vec<Level<'a>>,
}

#[derive(Clone, Debug)]
struct Level<'a> {
    stride: usize,
    size: usize,
    rows: Option<Rows<'a>>,
}

/// Compressed rows: segments and indices.
#[derive(Clone, Copy, Debug)]
struct Rows<'a> {
    segments: List<'a>,
    indices: List<'a>,
}

/// Little-endian numbers of 1, 2 or 4 bytes; a negative one can't be read.
#[derive(Clone, Copy, Debug)]
struct List<'a> {
    bytes: &'a [u8],
    width: usize,
}

impl<'a> Sparse<'a> {
    /// Takes up the lists; `bytes_of` gives the bytes of a range of the model.
    ///
    /// # Errors
    /// [`DecodeError::Overflow`].
    pub fn new(sparsity: &Sparsity, bytes_of: impl Fn(Bytes) -> &'a [u8]) -> Result<Self, DecodeError> {
        let fits = |number: u64| usize::try_from(number).map_err(|_| DecodeError::Overflow);
        let list = |list: IndexList| List { bytes: bytes_of(list.bytes), width: usize::from(list.width) };
        let mut levels = Vec::with_capacity(sparsity.levels.len());
        for level in &sparsity.levels {
            let rows = level.csr.map(|csr| Rows { segments: list(csr.segments), indices: list(csr.indices) });
            levels.push(Level { stride: fits(level.stride)?, size: fits(level.size)?, rows });
        }
        Ok(Self { levels })
    }

    /// Checks the lists: segments ascend up to the number of indices, and every index is one of its
    /// level.
    ///
    /// # Errors
    /// [`DecodeError::Sparse`].
    pub fn check(&self) -> Result<(), DecodeError> {
        let is_sound = |level: &Level<'_>| level.rows.is_none_or(|rows| rows.are_sound(level.size));
        self.levels.iter().position(|level| !is_sound(level)).map_or(Ok(()), |level| Err(DecodeError::Sparse(level)))
    }

    /// All elements of `bits` bits, packed flat: `bytes` long, zero where nothing is stored.
    ///
    /// # Errors
    /// [`DecodeError::Sparse`]: an element lies outside the array or the stored ones.
    pub fn densify(&self, bits: usize, stored: &[u8], bytes: usize) -> Result<Vec<u8>, DecodeError> {
        let mut dense = vec![0; bytes];
        let mut is_whole = true;
        self.walk(0, 0, 0, None, &mut |position, number| {
            let copied = match bits {
                0..8 => copy_bits(stored, number, &mut dense, position, bits),
                _ => copy_bytes(stored, number, &mut dense, position, bits / 8),
            };
            is_whole &= copied.is_some();
        });
        if is_whole { Ok(dense) } else { Err(DecodeError::Sparse(self.levels.len())) }
    }

    /// Which stored element an element of the dense array is; `None` for one that is not stored.
    pub fn stored_at(&self, position: usize) -> Option<usize> {
        let mut found = None;
        // As when all are copied, the last of several counts.
        self.walk(0, 0, 0, Some(position), &mut |_, number| found = Some(number));
        found
    }

    /// Visits position and number of every stored element below `parent` of a level, or of those at one
    /// position. As deep as there are levels, of which there are few.
    fn walk(&self, depth: usize, parent: usize, position: usize, only: Option<usize>, visit: &mut impl FnMut(usize, usize)) {
        let Some(level) = self.levels.get(depth) else { return visit(position, parent) };
        let wanted = only.map(|only| self.index_at(depth, only));
        match level.rows {
            None => {
                let indices = wanted.map_or(0..level.size, |index| index..index + 1);
                for index in indices {
                    self.walk(depth + 1, parent * level.size + index, position + index * level.stride, only, visit);
                }
            }
            Some(rows) => {
                for number in rows.of(parent) {
                    let Some(index) = rows.indices.get(number).filter(|index| wanted.is_none_or(|wanted| wanted == *index)) else {
                        continue;
                    };
                    self.walk(depth + 1, number, position + index * level.stride, only, visit);
                }
            }
        }
    }

    /// The index that an element of the dense array has at a level.
    fn index_at(&self, depth: usize, position: usize) -> usize {
        let level = &self.levels[depth];
        // The level steps within what the next larger stride leaves.
        position / level.stride.max(1) % level.size.max(1)
    }
}

impl Rows<'_> {
    fn are_sound(&self, size: usize) -> bool {
        let mut last = 0;
        let ascend = (0..self.segments.len()).all(|row| match self.segments.get(row) {
            Some(segment) if segment >= last => {
                last = segment;
                true
            }
            _ => false,
        });
        ascend && last == self.indices.len() && (0..last).all(|number| self.indices.get(number).is_some_and(|index| index < size))
    }

    /// The numbers of the indices of one row.
    fn of(&self, row: usize) -> std::ops::Range<usize> {
        match (self.segments.get(row), self.segments.get(row + 1)) {
            (Some(start), Some(end)) => start..end.min(self.indices.len()),
            _ => 0..0,
        }
    }
}

impl List<'_> {
    fn len(&self) -> usize {
        self.bytes.len() / self.width.max(1)
    }

    fn get(&self, index: usize) -> Option<usize> {
        let bytes = self.bytes.get(index.checked_mul(self.width)?..)?;
        match self.width {
            1 => bytes.first().map(|byte| usize::from(*byte)),
            2 => bytes.first_chunk().map(|chunk| usize::from(u16::from_le_bytes(*chunk))),
            _ => bytes.first_chunk().and_then(|chunk| usize::try_from(i32::from_le_bytes(*chunk)).ok()),
        }
    }
}

/// Copies one element of `size` bytes.
fn copy_bytes(from: &[u8], number: usize, to: &mut [u8], position: usize, size: usize) -> Option<()> {
    let range = |index: usize| Some(index.checked_mul(size)?..index.checked_add(1)?.checked_mul(size)?);
    to.get_mut(range(position)?)?.copy_from_slice(from.get(range(number)?)?);
    Some(())
}

/// Copies one element of `size` bits, of which bytes hold several, lowest bits first.
fn copy_bits(from: &[u8], number: usize, to: &mut [u8], position: usize, size: usize) -> Option<()> {
    let (per_byte, mask) = (8 / size, (1u8 << size) - 1);
    let code = from.get(number / per_byte)? >> (number % per_byte * size) & mask;
    let (byte, shift) = (to.get_mut(position / per_byte)?, position % per_byte * size);
    *byte = *byte & !(mask << shift) | code << shift;
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Csr, Level};

    /// Rows dense, columns compressed, by lists in one buffer: segments, then indices.
    fn matrix(rows: u64, columns: u64, segments: u64, lists: &[u8]) -> Result<Sparse<'_>, DecodeError> {
        let list = |offset, len| IndexList { bytes: Bytes { source: 0, offset, len }, width: 1 };
        let csr = Csr { segments: list(0, segments), indices: list(segments, lists.len() as u64 - segments) };
        let levels = vec![Level { stride: columns, size: rows, csr: None }, Level { stride: 1, size: columns, csr: Some(csr) }];
        let sparse = Sparse::new(&Sparsity { levels, stored: 0 }, |bytes| &lists[bytes.offset as usize..][..bytes.len as usize])?;
        sparse.check().map(|()| sparse)
    }

    /// `scipy.sparse.csr_array((data, indices, indptr)).toarray()`
    #[test]
    fn compressed_rows() {
        let lists = [0, 2, 2, 3, 1, 3, 0];
        let sparse = matrix(3, 4, 4, &lists).unwrap();
        assert_eq!(sparse.densify(8, &[7, 8, 9], 12).unwrap(), [0, 7, 0, 8, 0, 0, 0, 0, 9, 0, 0, 0]);
        assert_eq!(sparse.densify(16, &[7, 1, 8, 1, 9, 1], 24).unwrap()[..8], [0, 0, 7, 1, 0, 0, 8, 1]);
        assert_eq!(sparse.densify(4, &[0x87, 0x09], 6).unwrap(), [0x70, 0x80, 0, 0, 0x09, 0]);
        let found: Vec<_> = (0..12).map(|position| sparse.stored_at(position)).collect();
        let stored: Vec<_> = found.iter().enumerate().filter_map(|(position, number)| number.map(|number| (position, number))).collect();
        assert_eq!(stored, [(1, 0), (3, 1), (8, 2)]);
        assert!(sparse.densify(8, &[7, 8], 12).is_err() && sparse.densify(8, &[7, 8, 9], 8).is_err());
    }

    #[test]
    fn lists_that_can_not_be() {
        assert!(matrix(3, 4, 4, &[0, 2, 1, 3, 1, 3, 0]).is_err(), "segments that go back");
        assert!(matrix(3, 4, 4, &[0, 2, 2, 2, 1, 3, 0]).is_err(), "an index too many");
        assert!(matrix(3, 4, 4, &[0, 2, 2, 4, 1, 3, 0]).is_err(), "an index too few");
        assert!(matrix(3, 4, 4, &[0, 2, 2, 3, 1, 4, 0]).is_err(), "an index beyond the columns");
    }

    #[test]
    fn blocks_and_wide_lists() {
        // 4 by 4 in blocks of 2 by 2, one block in each row of blocks.
        let lists: Vec<u8> = [0i32, 1, 2, 1, 0].iter().flat_map(|number| number.to_le_bytes()).collect();
        let list = |offset, len| IndexList { bytes: Bytes { source: 0, offset, len }, width: 4 };
        let csr = Csr { segments: list(0, 12), indices: list(12, 8) };
        let level = |stride, size, csr| Level { stride, size, csr };
        let levels = vec![level(8, 2, None), level(2, 2, Some(csr)), level(4, 2, None), level(1, 2, None)];
        let sparse = Sparse::new(&Sparsity { levels, stored: 8 }, |bytes| &lists[bytes.offset as usize..][..bytes.len as usize]).unwrap();
        let dense = sparse.densify(8, &[1, 2, 3, 4, 5, 6, 7, 8], 16).unwrap();
        assert_eq!(dense, [0, 0, 1, 2, 0, 0, 3, 4, 5, 6, 0, 0, 7, 8, 0, 0]);
        for (position, value) in dense.iter().enumerate() {
            assert_eq!(sparse.stored_at(position).map_or(0, |number| number + 1), usize::from(*value), "{position}");
        }
    }
}
