//! Elements in another order: everything that only moves elements (transpose, slice, reverse, split,
//! broadcast, tile) is one strided view of the input, copied out.

use super::value::{blocks, count_of};
use super::{FoldError, Numbers, Value};
use crate::jobs::Token;

/// A way through the elements of an array: output index `(i, j, ..)` reads the element at
/// `offset + i * strides[0] + j * strides[1] + ..`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct View {
    pub offset: usize,
    pub shape: Vec<usize>,
    pub strides: Vec<isize>,
}

impl View {
    /// All elements in their order.
    pub fn whole(shape: &[usize]) -> Self {
        Self { offset: 0, shape: shape.to_vec(), strides: strides(shape) }
    }

    /// The same elements with the axes in another order. `order` must be a permutation.
    pub fn transposed(&self, order: &[usize]) -> Result<Self, FoldError> {
        let mut seen = vec![false; self.shape.len()];
        for &axis in order {
            match seen.get_mut(axis) {
                Some(flag @ false) => *flag = true,
                _ => return FoldError::problem("the order of axes is not a permutation"),
            }
        }
        if order.len() != self.shape.len() {
            return FoldError::problem("the order of axes has another length than the shape");
        }
        let pick = |axis: &usize| (self.shape[*axis], self.strides[*axis]);
        let (shape, strides) = order.iter().map(pick).unzip();
        Ok(Self { offset: self.offset, shape, strides })
    }

    /// `count` elements of an axis from `start`, `step` apart. They must exist.
    pub fn sliced(mut self, axis: usize, start: usize, step: isize, count: usize) -> Result<Self, FoldError> {
        let (Some(dim), Some(stride)) = (self.shape.get_mut(axis), self.strides.get_mut(axis)) else {
            return FoldError::problem("an axis does not exist");
        };
        if count > 0 {
            let last =
                isize::try_from(count - 1).ok().and_then(|steps| steps.checked_mul(step)).and_then(|way| start.checked_add_signed(way));
            if start >= *dim || last.is_none_or(|last| last >= *dim) {
                return FoldError::problem("a slice goes beyond the axis");
            }
            self.offset = self.offset.wrapping_add_signed((start as isize).wrapping_mul(*stride));
        }
        *dim = count;
        *stride = stride.wrapping_mul(step);
        Ok(self)
    }

    /// Repeats axes of length one, and adds axes in front, to reach a shape (numpy's rules).
    pub fn broadcast(&self, target: &[usize]) -> Result<Self, FoldError> {
        let missing = target.len().checked_sub(self.shape.len());
        let Some(missing) = missing else { return FoldError::problem("the shape has fewer axes than what is broadcast to it") };
        let mut strides = vec![0; missing];
        for ((&dim, &stride), &wanted) in self.shape.iter().zip(&self.strides).zip(&target[missing..]) {
            match dim {
                _ if dim == wanted => strides.push(stride),
                1 => strides.push(0),
                _ => return FoldError::problem("the shapes can't be broadcast"),
            }
        }
        Ok(Self { offset: self.offset, shape: target.to_vec(), strides })
    }
}

/// Row-major strides.
pub(super) fn strides(shape: &[usize]) -> Vec<isize> {
    let mut stride = 1isize;
    let mut strides: Vec<isize> = shape
        .iter()
        .rev()
        .map(|dim| {
            let this = stride;
            stride = stride.wrapping_mul(isize::try_from(*dim).unwrap_or(1).max(1));
            this
        })
        .collect();
    strides.reverse();
    strides
}

/// Copies a view out into a value of its own. The result has the view's shape.
pub(super) fn copy<'m>(value: Value<'m>, view: View, token: &Token) -> Result<Value<'m>, FoldError> {
    if view == View::whole(&value.shape) {
        return Ok(value);
    }
    copy_of(&value.decoded(token)?, view, token)
}

/// As [`copy`], of a value that is decoded and stays.
pub(super) fn copy_of<'m>(value: &Value<'m>, view: View, token: &Token) -> Result<Value<'m>, FoldError> {
    let numbers = match &value.numbers {
        Numbers::Float(numbers) => Numbers::Float(gather(numbers, &view, token)?),
        Numbers::Int(numbers) => Numbers::Int(gather(numbers, &view, token)?),
        Numbers::Stored(_) => return FoldError::problem("the value is not decoded"),
    };
    Ok(Value { dtype: value.dtype, shape: view.shape, numbers })
}

fn gather<T: Copy + Default + Send + Sync>(from: &[T], view: &View, token: &Token) -> Result<Vec<T>, FoldError> {
    let mut out = vec![T::default(); count_of(&view.shape)?];
    let (mut shape, mut strides) = coalesced(view);
    let (inner, step) = (shape.pop().unwrap_or(1), strides.pop().unwrap_or(1));
    blocks(&mut out, token, |start, block| {
        let mut done = 0;
        while done < block.len() {
            let position = start + done;
            let (row, column) = (position / inner, position % inner);
            let length = (inner - column).min(block.len() - done);
            // Where the row begins: the row number in mixed radix, a digit an axis.
            let mut rest = row;
            let mut at = view.offset as isize + column as isize * step;
            for (dim, stride) in shape.iter().zip(&strides).rev() {
                at += (rest % dim) as isize * stride;
                rest /= dim;
            }
            let slots = &mut block[done..done + length];
            match step {
                1 => slots.copy_from_slice(&from[at as usize..at as usize + length]),
                0 => slots.fill(from[at as usize]),
                _ => {
                    for slot in slots {
                        *slot = from[at as usize];
                        at += step;
                    }
                }
            }
            done += length;
        }
        Ok(())
    })?;
    Ok(out)
}

/// The view's axes with neighbours joined where they are one run.
fn coalesced(view: &View) -> (Vec<usize>, Vec<isize>) {
    let mut shape: Vec<usize> = Vec::new();
    let mut strides: Vec<isize> = Vec::new();
    for (&dim, &stride) in view.shape.iter().zip(&view.strides).filter(|(dim, _)| **dim != 1) {
        match (shape.last_mut(), strides.last_mut()) {
            (Some(last_dim), Some(last)) if *last == stride.wrapping_mul(dim as isize) => {
                *last_dim *= dim;
                *last = stride;
            }
            _ => {
                shape.push(dim);
                strides.push(stride);
            }
        }
    }
    (shape, strides)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn copied(view: &View) -> Vec<i64> {
        gather(&[0, 1, 2, 3, 4, 5], view, &Token::new()).unwrap()
    }

    #[test]
    fn views_of_two_by_three() {
        // Expected values: numpy, `a = arange(6).reshape(2, 3)`.
        let whole = View::whole(&[2, 3]);
        assert_eq!(copied(&whole.transposed(&[1, 0]).unwrap()), [0, 3, 1, 4, 2, 5]);
        assert_eq!(copied(&whole.clone().sliced(1, 2, -1, 3).unwrap()), [2, 1, 0, 5, 4, 3]);
        assert_eq!(copied(&whole.clone().sliced(1, 0, 2, 2).unwrap()), [0, 2, 3, 5]);
        assert_eq!(copied(&whole.clone().sliced(0, 1, 1, 1).unwrap().broadcast(&[2, 1, 3]).unwrap()), [3, 4, 5, 3, 4, 5]);
        assert_eq!(copied(&whole.sliced(1, 0, 1, 0).unwrap()), [0i64; 0]);
    }

    #[test]
    fn views_that_do_not_exist() {
        let whole = View::whole(&[2, 3]);
        assert!(whole.transposed(&[0, 0]).is_err() && whole.transposed(&[0]).is_err() && whole.transposed(&[0, 2]).is_err());
        assert!(
            whole.clone().sliced(1, 2, 1, 2).is_err()
                && whole.clone().sliced(0, 0, -1, 2).is_err()
                && whole.clone().sliced(2, 0, 1, 1).is_err()
        );
        assert!(whole.broadcast(&[3]).is_err() && whole.broadcast(&[2, 4]).is_err());
    }
}
