//! The values of one weight, read where they lie: in the mapped file, if they are float32 there, else
//! decoded block by block; in memory only where they are few or had to be computed.

use std::sync::Arc;

use super::Token;
use super::job::Opened;
use crate::model::DType;
use crate::values::Blocks;
use crate::weights::{CodeWay, FoldError, Held, Real, Section, Value, Weight};

/// Tensors of up to so many elements are decoded once and kept: 64 MiB.
const FEW: usize = 1 << 24;

/// Real values of a weight, or of some sections of it.
#[derive(Debug)]
pub struct Values {
    shape: Vec<usize>,
    numbers: Numbers,
}

#[derive(Debug)]
enum Numbers {
    Memory(Vec<f32>),
    Held {
        opened: Arc<Opened>,
        held: Held,
    },
    /// A box out of the values of all sections.
    Part {
        opened: Arc<Opened>,
        held: Held,
        part: Part,
    },
}

impl Values {
    /// The values of the sections, as far as they fit; `true` if they do.
    ///
    /// # Errors
    /// As for [`Weight::value`].
    pub fn new(opened: &Arc<Opened>, value: Value<'_>, sections: &[Section], token: &Token) -> Result<(Self, bool), FoldError> {
        let count = value.count();
        let whole = value.shape.clone();
        let part = if sections.is_empty() { None } else { Part::new(&whole, sections) };
        let has_part = part.is_some();
        let held = Held::new(value, &opened.model)?;
        let is_kept = held.as_slice(&opened.model).is_none() && count <= FEW;
        let shape = part.as_ref().map_or(whole, |part| part.shape.clone());
        let numbers = match part {
            None => Numbers::Held { opened: Arc::clone(opened), held },
            Some(part) => Numbers::Part { opened: Arc::clone(opened), held, part },
        };
        let values = Self { shape, numbers };
        let is_small_part = has_part && values.len() <= FEW;
        if !is_kept && !is_small_part {
            return Ok((values, has_part));
        }
        let mut all = vec![0.0; values.len()];
        read_all(&values, &mut all, token)?;
        Ok((Self { shape: values.shape, numbers: Numbers::Memory(all) }, has_part))
    }

    pub fn shape(&self) -> &[usize] {
        &self.shape
    }
}

impl From<Real> for Values {
    fn from(real: Real) -> Self {
        Self { shape: real.shape, numbers: Numbers::Memory(real.values) }
    }
}

fn read_all(values: &impl Blocks, out: &mut [f32], token: &Token) -> Result<(), FoldError> {
    use rayon::prelude::*;
    const CHUNK: usize = 1 << 16;
    out.par_chunks_mut(CHUNK).enumerate().try_for_each(|(chunk, out)| {
        token.check()?;
        values.read(chunk * CHUNK, out);
        Ok(())
    })
}

impl Blocks for Values {
    fn len(&self) -> usize {
        match &self.numbers {
            Numbers::Memory(values) => values.len(),
            _ => self.shape.iter().product(),
        }
    }

    fn as_slice(&self) -> Option<&[f32]> {
        match &self.numbers {
            Numbers::Memory(values) => Some(values),
            Numbers::Held { opened, held } => held.as_slice(&opened.model),
            Numbers::Part { .. } => None,
        }
    }

    fn read(&self, start: usize, out: &mut [f32]) {
        let count = self.len().saturating_sub(start).min(out.len());
        let (there, beyond) = out.split_at_mut(count);
        beyond.fill(f32::NAN);
        match &self.numbers {
            Numbers::Memory(values) => values.read(start, there),
            Numbers::Held { opened, held } => held.read(&opened.model, start, there),
            Numbers::Part { opened, held, part } => part.runs(start, there, |at, out| held.read(&opened.model, at, out)),
        }
    }
}

/// A box out of an array.
#[derive(Clone, Debug)]
struct Part {
    shape: Vec<usize>,
    starts: Vec<usize>,
    strides: Vec<usize>,
    /// The last axis of which a part is taken: from there on elements follow one another.
    run_axis: usize,
}

impl Part {
    /// `None` if a section lies outside.
    fn new(whole: &[usize], sections: &[Section]) -> Option<Self> {
        let (mut shape, mut starts) = (whole.to_vec(), vec![0; whole.len()]);
        for section in sections {
            if !section.fits(whole) {
                return None;
            }
            (shape[section.axis], starts[section.axis]) = (section.end - section.start, section.start);
        }
        let mut strides = vec![1usize; whole.len()];
        for axis in (0..whole.len().saturating_sub(1)).rev() {
            strides[axis] = strides[axis + 1].saturating_mul(whole[axis + 1]);
        }
        let run_axis = (0..whole.len()).rev().find(|axis| shape[*axis] != whole[*axis]).unwrap_or(0);
        Some(Self { shape, starts, strides, run_axis })
    }

    /// Calls `read` for every run of neighbours, with its place in the whole.
    fn runs(&self, start: usize, out: &mut [f32], read: impl Fn(usize, &mut [f32])) {
        let run: usize = self.shape.iter().skip(self.run_axis).product();
        let (mut at, mut rest) = (start, out);
        while !rest.is_empty() && run > 0 {
            let within = at % run;
            let mut outer = at / run;
            let mut place = within + self.starts.get(self.run_axis).map_or(0, |first| first * self.strides[self.run_axis]);
            for axis in (0..self.run_axis).rev() {
                place += (outer % self.shape[axis] + self.starts[axis]) * self.strides[axis];
                outer /= self.shape[axis];
            }
            let (here, next) = rest.split_at_mut((run - within).min(rest.len()));
            read(place, here);
            at += here.len();
            rest = next;
        }
    }
}

/// The integers that the file holds behind a weight's values, one a value.
#[derive(Debug)]
pub struct Codes {
    opened: Arc<Opened>,
    held: Held,
    way: CodeWay,
    dtype: DType,
    len: usize,
    part: Option<Part>,
}

impl Codes {
    /// `None` where the values do not come from integers one by one.
    pub fn new(opened: &Arc<Opened>, weight: &Weight, whole: &[usize], sections: &[Section], token: &Token) -> Option<Self> {
        let model = &opened.model;
        let dtype = weight.data_tensor(model).dtype;
        let way = weight.code_way(model, token).filter(|_| dtype.is_integer())?;
        let held = weight.codes(model).ok()?;
        let count: usize = whole.iter().product();
        if held.shape().iter().product::<usize>() != count {
            return None;
        }
        let part = if sections.is_empty() { None } else { Some(Part::new(whole, sections)?) };
        let len = part.as_ref().map_or(count, |part| part.shape.iter().product());
        Some(Self { opened: Arc::clone(opened), held, way, dtype, len, part })
    }

    /// The lowest and the highest code that the type can hold.
    pub fn ends(&self) -> (f32, f32) {
        self.dtype.integer_range().map_or((f32::MIN, f32::MAX), |(low, high)| (low as f32, high as f32))
    }

    fn read_whole(&self, start: usize, out: &mut [f32]) {
        let model = &self.opened.model;
        if self.way.keeps_order() {
            return self.held.read(model, start, out);
        }
        for (element, slot) in (start..).zip(out) {
            self.held.read(model, self.way.stored(element), std::slice::from_mut(slot));
        }
    }
}

impl Blocks for Codes {
    fn len(&self) -> usize {
        self.len
    }

    fn as_slice(&self) -> Option<&[f32]> {
        None
    }

    fn read(&self, start: usize, out: &mut [f32]) {
        let count = self.len.saturating_sub(start).min(out.len());
        let (there, beyond) = out.split_at_mut(count);
        beyond.fill(f32::NAN);
        match &self.part {
            None => self.read_whole(start, there),
            Some(part) => part.runs(start, there, |at, out| self.read_whole(at, out)),
        }
    }
}

/// Absolute values.
#[derive(Debug)]
pub struct Magnitudes(pub Arc<Values>);

impl Blocks for Magnitudes {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn as_slice(&self) -> Option<&[f32]> {
        None
    }

    fn read(&self, start: usize, out: &mut [f32]) {
        self.0.read(start, out);
        out.iter_mut().for_each(|value| *value = value.abs());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// numpy: `numpy.arange(120).reshape(4, 5, 6)[1:3, :, 2:5]`, in one run and in pieces.
    #[test]
    fn parts_are_read_by_runs() {
        let whole: Vec<f32> = (0..120u8).map(f32::from).collect();
        let section = |axis, start, end| Section { name: "s", axis, start, end };
        for (sections, expected_shape) in [
            (vec![section(0, 1, 3), section(2, 2, 5)], vec![2, 5, 3]),
            (vec![section(1, 2, 4)], vec![4, 2, 6]),
            (vec![section(0, 1, 2)], vec![1, 5, 6]),
        ] {
            let part = Part::new(&[4, 5, 6], &sections).unwrap();
            assert_eq!(part.shape, expected_shape);
            let expected = Real { shape: vec![4, 5, 6], values: whole.clone() }.part(&sections).unwrap().values;
            for (start, len) in [(0, expected.len()), (1, 7), (expected.len() - 2, 2)] {
                let mut out = vec![0.0; len];
                part.runs(start, &mut out, |at, out| whole.read(at, out));
                assert_eq!(out, expected[start..start + len]);
            }
        }
        assert!(Part::new(&[4, 5], &[section(1, 4, 6)]).is_none());
    }
}
