//! Real values that are read block by block, so that a tensor of gigabytes need not be in memory.

use std::sync::Arc;

use rayon::prelude::*;

use crate::jobs::{Cancelled, Token};

/// Elements that are read at a time where all are needed.
pub const BLOCK: usize = 1 << 16;

/// Real values in C order. What lies in memory as it is can be borrowed; the rest is decoded where
/// it is read.
pub trait Blocks: Send + Sync {
    fn len(&self) -> usize;

    /// All of them, where they lie in memory as float32.
    fn as_slice(&self) -> Option<&[f32]>;

    /// Fills `out` with the values from `start` on. What lies beyond the end is NaN; reading can't
    /// fail otherwise, since types and sizes are checked when such a thing is made.
    fn read(&self, start: usize, out: &mut [f32]);

    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Copies from a slice; NaN beyond its end.
fn copy(values: &[f32], start: usize, out: &mut [f32]) {
    let there = values.get(start.min(values.len())..).unwrap_or_default();
    let count = there.len().min(out.len());
    out[..count].copy_from_slice(&there[..count]);
    out[count..].fill(f32::NAN);
}

macro_rules! in_memory {
    ($($type:ty [$($generic:tt)*]),*) => {
        $(impl<$($generic)*> Blocks for $type {
            fn len(&self) -> usize {
                (self as &[f32]).len()
            }

            fn as_slice(&self) -> Option<&[f32]> {
                Some(self)
            }

            fn read(&self, start: usize, out: &mut [f32]) {
                copy(self, start, out);
            }
        })*
    };
}

in_memory!(Vec<f32> [], [f32] [], &[f32] [], [f32; N] [const N: usize]);

impl<B: Blocks + ?Sized> Blocks for Arc<B> {
    fn len(&self) -> usize {
        (**self).len()
    }

    fn as_slice(&self) -> Option<&[f32]> {
        (**self).as_slice()
    }

    fn read(&self, start: usize, out: &mut [f32]) {
        (**self).read(start, out);
    }
}

/// `work` of every block of [`BLOCK`] values, in the order of the blocks, on all threads.
///
/// # Errors
/// [`Cancelled`].
pub fn per_block<R: Send>(
    values: &(impl Blocks + ?Sized),
    token: &Token,
    work: impl Fn(&[f32]) -> R + Send + Sync,
) -> Result<Vec<R>, Cancelled> {
    if let Some(values) = values.as_slice() {
        let one = |block| token.check().map(|()| work(block));
        if values.len() <= BLOCK {
            return values.chunks(BLOCK).map(one).collect();
        }
        return values.par_chunks(BLOCK).map(one).collect();
    }
    let len = values.len();
    let one = |scratch: &mut Vec<f32>, block: usize| {
        token.check()?;
        let start = block * BLOCK;
        scratch.resize(BLOCK.min(len - start), 0.0);
        values.read(start, scratch);
        Ok(work(scratch))
    };
    (0..len.div_ceil(BLOCK)).into_par_iter().map_init(Vec::new, one).collect()
}

/// So many values at most, from places spread evenly: what a first look needs of a tensor that takes
/// long to read. All of them, if they are not more.
pub fn sample(values: &(impl Blocks + ?Sized), count: usize) -> Vec<f32> {
    const RUN: usize = 1 << 12;
    let len = values.len();
    if len <= count {
        let mut all = vec![0.0; len];
        values.read(0, &mut all);
        return all;
    }
    let runs = (count / RUN).max(1);
    let mut found = vec![0.0; runs * RUN.min(len)];
    let places = found.par_chunks_mut(RUN.min(len)).enumerate();
    places.for_each(|(run, out)| {
        let last = len - out.len();
        values.read((run as u128 * last as u128 / (runs.max(2) - 1) as u128) as usize, out);
    });
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same values, but to be read only.
    struct Hidden(Vec<f32>);

    impl Blocks for Hidden {
        fn len(&self) -> usize {
            self.0.len()
        }

        fn as_slice(&self) -> Option<&[f32]> {
            None
        }

        fn read(&self, start: usize, out: &mut [f32]) {
            self.0.read(start, out);
        }
    }

    #[test]
    fn blocks_are_the_same_borrowed_and_read() {
        let values: Vec<f32> = (0..200_000u32).map(|value| value as f32).collect();
        let sums = |values: &dyn Blocks| per_block(values, &Token::new(), |block| block.iter().map(|value| f64::from(*value)).sum::<f64>());
        assert_eq!(sums(&values), sums(&Hidden(values.clone())));
        assert_eq!(sums(&values).unwrap().iter().sum::<f64>(), 199_999.0 * 100_000.0);
        let token = Token::new();
        token.cancel();
        assert_eq!(per_block(&values, &token, <[f32]>::len), Err(Cancelled));
    }

    #[test]
    fn beyond_the_end_there_is_nothing() {
        let mut out = [0.0; 3];
        [1.0, 2.0].read(1, &mut out);
        assert!(out[0] == 2.0 && out[1].is_nan() && out[2].is_nan());
        [1.0, 2.0].read(7, &mut out);
        assert!(out[0].is_nan());
    }

    #[test]
    fn samples_reach_both_ends() {
        let values = Hidden((0..1_000_000u32).map(|value| value as f32).collect());
        let found = sample(&values, 1 << 14);
        assert_eq!((found.len(), found[0], found[found.len() - 1]), (1 << 14, 0.0, 999_999.0));
        assert_eq!(sample(&values, 1_000_000), values.0);
        assert!(sample(&Hidden(Vec::new()), 10).is_empty());
    }
}
