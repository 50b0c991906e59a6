//! Stored numbers in another order than the file has them: one gate of several, or a kernel in another
//! layout.

use std::borrow::Cow;

use ndarray::{ArrayView, Axis, IxDyn, Slice};

use super::layout::Arrangement;
use crate::model::DType;
use crate::values;
use crate::weights::Section;

/// Stored numbers, copied. Those smaller than a byte are widened, as they are when they are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rearranged {
    pub shape: Vec<usize>,
    pub dtype: DType,
    pub bytes: Vec<u8>,
}

impl Rearranged {
    /// The numbers of the sections alone, in the arrangement's order. `None` if bytes, shape, sections
    /// and arrangement don't belong together, and for types without a size.
    pub fn of(dtype: DType, bytes: &[u8], shape: &[usize], sections: &[Section], arrangement: Option<&Arrangement>) -> Option<Self> {
        let count = shape.iter().try_fold(1usize, |count, extent| count.checked_mul(*extent))?;
        let (dtype, bytes) = widened(dtype, bytes, count)?;
        let (shape, bytes) = match dtype.bits() {
            8 => rearranged::<1>(&bytes, shape, sections, arrangement)?,
            16 => rearranged::<2>(&bytes, shape, sections, arrangement)?,
            32 => rearranged::<4>(&bytes, shape, sections, arrangement)?,
            64 => rearranged::<8>(&bytes, shape, sections, arrangement)?,
            128 => rearranged::<16>(&bytes, shape, sections, arrangement)?,
            _ => return None,
        };
        Some(Self { shape, dtype, bytes })
    }
}

/// Whole bytes an element.
fn widened(dtype: DType, bytes: &[u8], count: usize) -> Option<(DType, Cow<'_, [u8]>)> {
    if dtype.bits() >= 8 && dtype.bits().is_multiple_of(8) {
        let size = count.checked_mul(dtype.bits() as usize / 8)?;
        return Some((dtype, Cow::Borrowed(bytes.get(..size)?)));
    }
    values::check_size(dtype, count as u64, bytes.len() as u64, false).ok()?;
    if dtype.is_float() {
        let mut floats = vec![0.0; count];
        values::decode_f32(dtype, bytes, 0, &mut floats).ok()?;
        return Some((DType::F32, floats.iter().flat_map(|value| value.to_le_bytes()).collect()));
    }
    let mut codes = vec![0; count];
    values::decode_i64(dtype, bytes, 0, &mut codes).ok()?;
    let is_signed = dtype.integer_range().is_some_and(|(least, _)| least < 0);
    let low_bytes = codes.iter().map(|code| code.to_le_bytes()[0]).collect();
    Some((if is_signed { DType::I8 } else { DType::U8 }, low_bytes))
}

fn rearranged<const SIZE: usize>(
    bytes: &[u8],
    shape: &[usize],
    sections: &[Section],
    arrangement: Option<&Arrangement>,
) -> Option<(Vec<usize>, Vec<u8>)> {
    let mut view = ArrayView::from_shape(IxDyn(shape), bytes.as_chunks::<SIZE>().0).ok()?;
    for section in sections {
        if !section.fits(shape) {
            return None;
        }
        view.slice_axis_inplace(Axis(section.axis), Slice::from(section.start..section.end));
    }
    let (shape, elements) = (view.shape().to_vec(), view.iter().copied().collect::<Vec<_>>());
    let (shape, elements) = match arrangement {
        Some(arrangement) => (arrangement.shape.clone(), arrangement.apply(&elements)?),
        None => (shape, elements),
    };
    Some((shape, elements.concat()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::layout::Layout;

    /// numpy: `a = arange(12, dtype=...).reshape(4, 3)`, `a[2:4].T`
    #[test]
    fn every_size_of_element() {
        let transposed = Layout::parse("IO").unwrap().arrange("OI", &[2, 3], None);
        let sections = [Section { name: "cell", axis: 0, start: 2, end: 4 }];
        for (dtype, size) in [(DType::U8, 1), (DType::F16, 2), (DType::I32, 4), (DType::F64, 8)] {
            let bytes: Vec<u8> = (0..12u8).flat_map(|value| [&[value][..], &vec![0; size - 1]].concat()).collect();
            let found = Rearranged::of(dtype, &bytes, &[4, 3], &sections, transposed.as_ref()).unwrap();
            let firsts: Vec<u8> = found.bytes.iter().step_by(size).copied().collect();
            assert_eq!((found.shape, found.dtype, firsts), (vec![3, 2], dtype, vec![6, 9, 7, 10, 8, 11]));
        }
    }

    #[test]
    fn nibbles_are_widened() {
        let of = |dtype| Rearranged::of(dtype, &[0x21, 0xf3], &[4, 1], &[Section { name: "a", axis: 0, start: 1, end: 4 }], None).unwrap();
        assert_eq!((of(DType::I4).dtype, of(DType::I4).bytes), (DType::I8, vec![2, 3, 0xff]));
        assert_eq!((of(DType::U4).dtype, of(DType::U4).bytes), (DType::U8, vec![2, 3, 15]));
        let floats: Vec<u8> = [1.0f32, 1.5, -6.0].iter().flat_map(|value| value.to_le_bytes()).collect();
        assert_eq!((of(DType::F4E2M1).dtype, of(DType::F4E2M1).bytes), (DType::F32, floats));
    }

    #[test]
    fn what_does_not_belong_together() {
        let section = Section { name: "a", axis: 0, start: 1, end: 5 };
        assert_eq!(Rearranged::of(DType::U8, &[0; 4], &[4], &[section], None), None);
        assert_eq!(Rearranged::of(DType::U8, &[0; 3], &[4], &[], None), None);
        assert_eq!(Rearranged::of(DType::I4, &[0; 1], &[4], &[], None), None);
        assert_eq!(Rearranged::of(DType::U8, &[0; 3], &[usize::MAX, 3], &[], None), None);
    }
}
