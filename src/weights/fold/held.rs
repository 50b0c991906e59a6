//! A value that outlives the borrow of its model: what is in the file stays there, and is found again
//! when it is read.

use std::borrow::Cow;
use std::sync::Arc;

use super::elementwise::Step;
use super::value::{Coding, int_to_f32};
use super::{DType, FoldError, Numbers, Stored, Value};
use crate::model::{Bytes, Model};
use crate::values::affine::Affine;

/// A [`Value`] without a lifetime, for the model that it was made of.
#[derive(Clone, Debug)]
pub struct Held {
    shape: Vec<usize>,
    dtype: DType,
    numbers: HeldNumbers,
}

#[derive(Clone, Debug)]
enum HeldNumbers {
    /// Bytes of the file, read through the steps.
    Mapped {
        place: Bytes,
        dtype: DType,
        affine: Option<Arc<Affine>>,
        steps: Vec<Step>,
    },
    /// Bytes in memory, read through the steps.
    Copied {
        bytes: Vec<u8>,
        dtype: DType,
        affine: Option<Arc<Affine>>,
        steps: Vec<Step>,
    },
    Float(Vec<f32>),
    Int(Vec<i64>),
}

impl Held {
    /// # Errors
    /// The values can't be decoded after all.
    pub fn new(value: Value<'_>, model: &Model) -> Result<Self, FoldError> {
        let count = value.count();
        let (shape, dtype) = (value.shape, value.dtype);
        let numbers = match value.numbers {
            Numbers::Float(numbers) => HeldNumbers::Float(numbers),
            Numbers::Int(numbers) => HeldNumbers::Int(numbers),
            Numbers::Stored(Stored { dtype, bytes, affine, steps }) => match (model_place(model, &bytes), bytes) {
                (Some(place), Cow::Borrowed(_)) => HeldNumbers::Mapped { place, dtype, affine, steps },
                (_, bytes) => HeldNumbers::Copied { bytes: bytes.into_owned(), dtype, affine, steps },
            },
        };
        let held = Self { shape, dtype, numbers };
        // The last element tells whether type and length are right for all.
        if count > 0 {
            held.try_read(model, count - 1, &mut [0.0])?;
        }
        Ok(held)
    }

    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// All values, where they lie in memory as they are: the constant's own bytes, if they are float32 and
    /// lie at a multiple of four.
    pub fn as_slice<'m>(&'m self, model: &'m Model) -> Option<&'m [f32]> {
        let bytes = match &self.numbers {
            HeldNumbers::Float(numbers) => return Some(numbers),
            HeldNumbers::Mapped { place, dtype: DType::F32, affine: None, steps } if steps.is_empty() => model.bytes(*place),
            _ => return None,
        };
        let count: usize = self.shape.iter().product();
        let bytes = bytes.get(..count.checked_mul(4)?).filter(|_| cfg!(target_endian = "little"))?;
        bytemuck::try_cast_slice(bytes).ok()
    }

    /// Real values from element `start` on; NaN where there are none.
    pub fn read(&self, model: &Model, start: usize, out: &mut [f32]) {
        if self.try_read(model, start, out).is_err() {
            out.fill(f32::NAN);
        }
    }

    fn try_read(&self, model: &Model, start: usize, out: &mut [f32]) -> Result<(), FoldError> {
        match &self.numbers {
            HeldNumbers::Float(numbers) => {
                let numbers = numbers.get(start..).unwrap_or_default().iter().copied();
                out.iter_mut().zip(numbers.chain(std::iter::repeat(f32::NAN))).for_each(|(slot, number)| *slot = number);
                Ok(())
            }
            HeldNumbers::Int(numbers) => {
                let numbers = numbers.get(start..).unwrap_or_default().iter().map(|number| int_to_f32(self.dtype, *number));
                out.iter_mut().zip(numbers.chain(std::iter::repeat(f32::NAN))).for_each(|(slot, number)| *slot = number);
                Ok(())
            }
            HeldNumbers::Mapped { place, dtype, affine, steps } => {
                Coding { dtype: *dtype, affine: affine.as_deref(), steps }.read(model.bytes(*place), start, out)
            }
            HeldNumbers::Copied { bytes, dtype, affine, steps } => {
                Coding { dtype: *dtype, affine: affine.as_deref(), steps }.read(bytes, start, out)
            }
        }
    }
}

/// Where bytes that were borrowed from a model lie in its files.
fn model_place(model: &Model, bytes: &[u8]) -> Option<Bytes> {
    let start = bytes.as_ptr().addr();
    model.sources.iter().enumerate().find_map(|(source, file)| {
        let all = file.bytes();
        let offset = start.checked_sub(all.as_ptr().addr())?;
        let is_inside = offset.checked_add(bytes.len()).is_some_and(|end| end <= all.len());
        is_inside.then_some(Bytes { source, offset: offset as u64, len: bytes.len() as u64 })
    })
}
