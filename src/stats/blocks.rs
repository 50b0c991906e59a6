//! Values as figures read them: a block at a time, so that they need not be in memory all at once.
//!
//! Work is cut into pieces that follow from the number of values, whatever the number of threads, and
//! the pieces' results are put together in order: a figure is the same on every machine.

use rayon::prelude::*;

use super::BLOCK;
use crate::jobs::{Cancelled, Token};
use crate::values::Blocks;
use crate::weights::fold::{FoldError, Numbers, Value};

/// Blocks that one piece of work holds: enough that what a piece sets up is little beside it, and few
/// enough that there is work for every thread.
fn piece_blocks(count: usize) -> usize {
    (count / BLOCK / 32).clamp(4, 64)
}

/// A row of float32 values that can be read from any place. All [`Blocks`] are, and never fail of it but when they are
/// cancelled; a weight's values, which are computed on the way, may.
pub trait Readable: Sync {
    /// Why they can't be read.
    type Error: From<Cancelled> + Send;

    fn count(&self) -> usize;

    /// `len` values from `start` on, all of which are there: where they lie, or read into `room`.
    ///
    /// # Errors
    /// Why they can't be read.
    fn block<'a>(&'a self, start: usize, len: usize, room: &'a mut Vec<f32>) -> Result<&'a [f32], Self::Error>;
}

impl<B: Blocks + ?Sized> Readable for B {
    type Error = Cancelled;

    fn count(&self) -> usize {
        self.len()
    }

    fn block<'a>(&'a self, start: usize, len: usize, room: &'a mut Vec<f32>) -> Result<&'a [f32], Cancelled> {
        if let Some(values) = self.as_slice() {
            return Ok(values.get(start..start + len).unwrap_or_default());
        }
        room.resize(len, 0.0);
        self.read(start, room);
        Ok(room)
    }
}

/// A weight's real values are decoded on the way.
impl Readable for Value<'_> {
    type Error = FoldError;

    fn count(&self) -> usize {
        Value::count(self)
    }

    fn block<'a>(&'a self, start: usize, len: usize, room: &'a mut Vec<f32>) -> Result<&'a [f32], FoldError> {
        if let Numbers::Float(numbers) = &self.numbers {
            return Ok(numbers.get(start..start + len).unwrap_or_default());
        }
        room.resize(len, 0.0);
        self.read_f32(start, room)?;
        Ok(room)
    }
}

/// Values whose reading counts on a token: one for each value each time it is read.
pub(super) struct Watched<'a, S: ?Sized> {
    pub source: &'a S,
    pub token: &'a Token,
}

impl<S: Readable + ?Sized> Readable for Watched<'_, S> {
    type Error = S::Error;

    fn count(&self) -> usize {
        self.source.count()
    }

    fn block<'a>(&'a self, start: usize, len: usize, room: &'a mut Vec<f32>) -> Result<&'a [f32], S::Error> {
        let block = self.source.block(start, len, room);
        self.token.advance(len as u64);
        block
    }
}

/// What `work` makes of every piece, put together in order. It is called with a state of its thread,
/// and reads the piece's blocks by the function that it is given.
pub(super) fn pieces<S: Readable + ?Sized, T: Send, R: Send>(
    source: &S,
    token: &Token,
    state: impl Fn() -> T + Sync + Send,
    work: impl Fn(&mut T, &Piece<'_, S>) -> Result<R, S::Error> + Sync + Send,
    empty: impl Fn() -> R + Sync + Send,
    join: impl Fn(R, R) -> R + Sync + Send,
) -> Result<R, S::Error> {
    let count = source.count();
    let piece_len = piece_blocks(count) * BLOCK;
    let piece = |start: usize| Piece { source, token, start, end: count.min(start + piece_len) };
    if count <= BLOCK {
        // Most tensors are small; starting threads would take longer than the work.
        return work(&mut state(), &piece(0));
    }
    let pieces = count.div_ceil(piece_len);
    let each = |state: &mut T, number: usize| work(state, &piece(number * piece_len));
    (0..pieces).into_par_iter().map_init(state, each).try_reduce(empty, |a, b| Ok(join(a, b)))
}

/// Some blocks that follow one another.
pub(super) struct Piece<'a, S: ?Sized> {
    source: &'a S,
    token: &'a Token,
    start: usize,
    end: usize,
}

impl<S: Readable + ?Sized> Piece<'_, S> {
    /// Calls `each` with the place of every block's first value and the block.
    pub fn for_each_block(&self, mut each: impl FnMut(usize, &[f32])) -> Result<(), S::Error> {
        let mut room = Vec::new();
        let mut start = self.start;
        while start < self.end {
            self.token.check()?;
            let len = BLOCK.min(self.end - start);
            each(start, self.source.block(start, len, &mut room)?);
            start += len;
        }
        Ok(())
    }
}
