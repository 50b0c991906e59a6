//! Reading a [`Value`]: as floats, as integers, whole or block by block.

use std::borrow::Cow;
use std::sync::Arc;

use rayon::prelude::*;

use super::elementwise::Step;
use super::{DType, Elements, FoldError, Numbers, Stored, Value, affine, elements};
use crate::jobs::Token;
use crate::model::{Graph, Model, Tensor};
use crate::values::affine::Affine;
use crate::values::{decode_f32, decode_i64};

/// Elements that one thread works on between two looks at the token. A multiple of every packing's
/// group, so that blocks begin on whole bytes.
pub(super) const BLOCK: usize = 1 << 16;

/// Elements that go through all steps together.
const STEP_BLOCK: usize = 1 << 12;

impl<'m> Value<'m> {
    /// A constant as the file holds it. Complex numbers have one axis more, of real and imaginary
    /// part.
    ///
    /// # Errors
    /// An open shape, bytes that are too few for it, or a quantisation that can't be used.
    pub(super) fn stored(model: &'m Model, graph: &Graph, tensor: &Tensor) -> Result<Self, FoldError> {
        let Elements { dtype, bytes } = elements(model, tensor)?;
        let Some(mut shape) = tensor.shape.dims() else { return FoldError::problem("the shape is not fully known") };
        shape.extend(tensor.dtype.complex_part().map(|_| 2));
        count_of(&shape)?;
        let affine = affine(model, graph, tensor)?.map(Arc::new);
        let stored = Stored { dtype, bytes, affine, steps: Vec::new() };
        Ok(Self { dtype: tensor.dtype, shape, numbers: Numbers::Stored(stored) })
    }

    /// The stored numbers of a constant, without what makes real values of them.
    pub(crate) fn codes(elements: Elements<'m>, shape: Vec<usize>) -> Self {
        let Elements { dtype, bytes } = elements;
        Self { dtype, shape, numbers: Numbers::Stored(Stored { dtype, bytes, affine: None, steps: Vec::new() }) }
    }

    pub(crate) fn float(dtype: DType, shape: Vec<usize>, numbers: Vec<f32>) -> Self {
        Self { dtype, shape, numbers: Numbers::Float(numbers) }
    }

    pub(super) fn int(dtype: DType, shape: Vec<usize>, numbers: Vec<i64>) -> Self {
        Self { dtype, shape, numbers: Numbers::Int(numbers) }
    }

    /// The number of elements.
    pub fn count(&self) -> usize {
        match &self.numbers {
            // Checked when the value was made.
            Numbers::Stored(_) => self.shape.iter().product(),
            Numbers::Float(numbers) => numbers.len(),
            Numbers::Int(numbers) => numbers.len(),
        }
    }

    /// The real values as float32, row-major. TensorFlow Lite's quantised integers are dequantised:
    /// `f32(f64(scale) * (q - zero_point))`, per tensor, along an axis or in blocks.
    ///
    /// # Errors
    /// Cancelled, a type that is not decoded, or a quantisation that can't be used.
    pub fn into_f32(self, token: &Token) -> Result<Vec<f32>, FoldError> {
        match self.numbers {
            Numbers::Float(numbers) => Ok(numbers),
            _ => {
                let mut out = vec![0.0; self.count()];
                blocks(&mut out, token, |start, block| self.read_f32(start, block))?;
                Ok(out)
            }
        }
    }

    /// Real values from element `start` on, as [`into_f32`](Self::into_f32) gives all of them. Enough
    /// elements must be there. On all threads, if there are many.
    ///
    /// # Errors
    /// A type that is not decoded, or a quantisation that can't be used.
    pub fn read_f32(&self, start: usize, out: &mut [f32]) -> Result<(), FoldError> {
        match &self.numbers {
            Numbers::Float(numbers) => {
                for (slot, number) in out.iter_mut().zip(numbers.get(start..).unwrap_or_default()) {
                    *slot = *number;
                }
            }
            Numbers::Int(numbers) => {
                for (slot, number) in out.iter_mut().zip(numbers.get(start..).unwrap_or_default()) {
                    *slot = int_to_f32(self.dtype, *number);
                }
            }
            Numbers::Stored(stored) => stored.coding().read(&stored.bytes, start, out)?,
        }
        Ok(())
    }

    /// Whether it is more than a constant as the file holds it.
    pub(super) fn is_computed(&self) -> bool {
        !matches!(&self.numbers, Numbers::Stored(stored) if stored.steps.is_empty())
    }

    /// Whether what is done to the elements may wait until they are read.
    pub(super) fn can_wait(&self) -> bool {
        matches!(self.numbers, Numbers::Stored(_)) && !self.needs_integers()
    }

    /// With one thing more that is done to every element when it is read. For values that can wait.
    pub(super) fn then(mut self, step: Step) -> Self {
        if let Numbers::Stored(stored) = &mut self.numbers {
            stored.steps.push(step);
        }
        self
    }

    /// The integers as the file holds them, row-major: codes where they are quantised. Floats are
    /// refused.
    ///
    /// # Errors
    /// Cancelled, or not integers.
    pub fn into_i64(self, token: &Token) -> Result<Vec<i64>, FoldError> {
        if let Numbers::Int(numbers) = self.numbers {
            return Ok(numbers);
        }
        let mut out = vec![0; self.count()];
        blocks(&mut out, token, |start, block| self.read_i64(start, block))?;
        Ok(out)
    }

    /// Integers from element `start` on. Enough elements must be there.
    pub(super) fn read_i64(&self, start: usize, out: &mut [i64]) -> Result<(), FoldError> {
        let is_whole = self.dtype.is_integer() || self.dtype == DType::Bool;
        match &self.numbers {
            _ if !is_whole => return FoldError::problem("whole numbers are expected where there are floats"),
            Numbers::Stored(stored) => decode_i64(stored.dtype, &stored.bytes, start, out)?,
            Numbers::Int(numbers) => {
                for (slot, number) in out.iter_mut().zip(numbers.get(start..).unwrap_or_default()) {
                    *slot = *number;
                }
            }
            Numbers::Float(numbers) => {
                for (slot, number) in out.iter_mut().zip(numbers.get(start..).unwrap_or_default()) {
                    *slot = *number as i64;
                }
            }
        }
        Ok(())
    }

    /// Whether integers are needed to hold the values exactly: float32 holds those of up to 24 bits.
    pub(super) fn needs_integers(&self) -> bool {
        let is_wide = matches!(self.dtype, DType::I32 | DType::U32 | DType::I64 | DType::U64);
        match &self.numbers {
            Numbers::Stored(stored) => is_wide && stored.affine.is_none(),
            Numbers::Int(_) => true,
            Numbers::Float(_) => false,
        }
    }

    /// The same elements, decoded: as integers where float32 would not hold them.
    pub(super) fn decoded(self, token: &Token) -> Result<Self, FoldError> {
        let (dtype, shape) = (self.dtype, self.shape.clone());
        if self.needs_integers() {
            Ok(Self::int(dtype, shape, self.into_i64(token)?))
        } else {
            Ok(Self::float(dtype, shape, self.into_f32(token)?))
        }
    }

    /// Bytes of memory of its own.
    pub(crate) fn own_bytes(&self) -> u64 {
        match &self.numbers {
            Numbers::Stored(Stored { bytes, steps, .. }) => {
                let copied = if matches!(bytes, Cow::Owned(_)) { bytes.len() as u64 } else { 0 };
                copied + steps.iter().map(Step::own_bytes).sum::<u64>()
            }
            Numbers::Float(numbers) => numbers.len() as u64 * 4,
            Numbers::Int(numbers) => numbers.len() as u64 * 8,
        }
    }
}

impl Stored<'_> {
    pub(super) fn coding(&self) -> Coding<'_> {
        Coding { dtype: self.dtype, affine: self.affine.as_deref(), steps: &self.steps }
    }
}

/// How stored bytes become real values.
pub(super) struct Coding<'a> {
    pub dtype: DType,
    pub affine: Option<&'a Affine>,
    pub steps: &'a [Step],
}

impl Coding<'_> {
    /// Real values from element `start` on.
    pub fn read(&self, bytes: &[u8], start: usize, out: &mut [f32]) -> Result<(), FoldError> {
        // So few at a time that they stay in the processor's cache from step to step.
        for (part, block) in out.chunks_mut(STEP_BLOCK).enumerate() {
            let start = start + part * STEP_BLOCK;
            match self.affine {
                None => decode_f32(self.dtype, bytes, start, block)?,
                Some(affine) => affine.decode(self.dtype, bytes, start, block)?,
            }
            self.steps.iter().for_each(|step| step.apply(start, block));
        }
        Ok(())
    }
}

/// The product of the dimensions. As in numpy, an array without elements may not be of a shape whose other
/// dimensions are too large, so that no product of some of them ever overflows.
pub(super) fn count_of(shape: &[usize]) -> Result<usize, FoldError> {
    let product = shape.iter().filter(|dim| **dim != 0).try_fold(1usize, |product, dim| product.checked_mul(*dim));
    match product.filter(|count| isize::try_from(*count).is_ok()) {
        Some(_) if shape.contains(&0) => Ok(0),
        Some(count) => Ok(count),
        None => FoldError::problem("the shape has too many elements"),
    }
}

/// Fills `out` block by block, on all threads; `fill` gets the position of the block's first element.
pub(super) fn blocks<T: Send>(
    out: &mut [T],
    token: &Token,
    fill: impl Fn(usize, &mut [T]) -> Result<(), FoldError> + Sync,
) -> Result<(), FoldError> {
    let one = |(number, block): (usize, &mut [T])| {
        token.check()?;
        fill(number * BLOCK, block)
    };
    if out.len() <= BLOCK {
        return out.chunks_mut(BLOCK).enumerate().try_for_each(one);
    }
    out.par_chunks_mut(BLOCK).enumerate().try_for_each(one)
}

/// Unsigned 64-bit integers above `i64::MAX` are kept as their bits.
pub(super) fn int_to_f32(dtype: DType, number: i64) -> f32 {
    if dtype == DType::U64 { number as u64 as f32 } else { number as f32 }
}
