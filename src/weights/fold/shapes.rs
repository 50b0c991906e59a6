//! Shapes and axes: the arithmetic that `Reshape`, `Squeeze`, `StridedSlice` and the like do before
//! any element is touched.

use super::FoldError;
use super::value::count_of;
use super::view::View;

/// An axis that may count from the end.
pub(super) fn axis(number: i64, rank: usize) -> Result<usize, FoldError> {
    let number = if number < 0 { number.saturating_add(rank as i64) } else { number };
    match usize::try_from(number) {
        Ok(axis) if axis < rank => Ok(axis),
        _ => FoldError::problem("an axis does not exist"),
    }
}

/// The dimensions that a shape-giving input holds.
pub(super) fn dims(numbers: &[i64]) -> Result<Vec<usize>, FoldError> {
    let dims = numbers.iter().map(|number| usize::try_from(*number).ok()).collect::<Option<Vec<_>>>();
    dims.ok_or(FoldError::Problem("a dimension is negative".into()))
}

/// `Reshape-1`: `-1` is what remains; `0` copies the dimension where `special_zero` is set.
pub(super) fn reshape(from: &[usize], target: &[i64], special_zero: bool) -> Result<Vec<usize>, FoldError> {
    let mut shape = Vec::with_capacity(target.len());
    let mut open = None;
    for (position, &number) in target.iter().enumerate() {
        shape.push(match number {
            -1 if open.replace(position).is_none() => 1,
            0 if special_zero => match from.get(position) {
                Some(dim) => *dim,
                None => return FoldError::problem("the new shape copies a dimension that does not exist"),
            },
            _ => dims(&[number])?[0],
        });
    }
    let (count, known) = (count_of(from)?, count_of(&shape)?);
    if let Some(position) = open {
        match count.checked_rem(known) {
            Some(0) => shape[position] = count / known,
            _ => return FoldError::problem("the new shape does not divide the number of elements"),
        }
    } else if count != known {
        return FoldError::problem("the new shape has another number of elements");
    }
    Ok(shape)
}

/// `Squeeze`: without axes, every dimension of one goes.
pub(super) fn squeeze(from: &[usize], axes: Option<&[i64]>) -> Result<Vec<usize>, FoldError> {
    let axes = match axes {
        Some(axes) => axes.iter().map(|number| axis(*number, from.len())).collect::<Result<Vec<_>, _>>()?,
        None => (0..from.len()).filter(|axis| from[*axis] == 1).collect(),
    };
    if axes.iter().any(|axis| from[*axis] != 1) {
        return FoldError::problem("an axis that is longer than one can't be squeezed");
    }
    Ok(from.iter().enumerate().filter(|(axis, _)| !axes.contains(axis)).map(|(_, dim)| *dim).collect())
}

/// `Unsqueeze`: the axes are those of the result.
pub(super) fn unsqueeze(from: &[usize], axes: &[i64]) -> Result<Vec<usize>, FoldError> {
    let rank = from.len().saturating_add(axes.len());
    let axes = axes.iter().map(|number| axis(*number, rank)).collect::<Result<Vec<_>, _>>()?;
    let mut rest = from.iter();
    let shape: Vec<usize> = (0..rank).map_while(|axis| if axes.contains(&axis) { Some(1) } else { rest.next().copied() }).collect();
    if shape.len() != rank {
        return FoldError::problem("an axis is given twice");
    }
    Ok(shape)
}

/// First element and number of elements of `begin..end` with a step, as numpy counts; `None` is the
/// end that the step comes from or goes to.
pub(super) fn span(dim: usize, begin: Option<i64>, end: Option<i64>, step: i64) -> Result<(usize, usize), FoldError> {
    if step == 0 {
        return FoldError::problem("a slice has a step of zero");
    }
    let length = dim as i64;
    let (low, high) = if step > 0 { (0, length) } else { (-1, length - 1) };
    let place = |number: i64| (if number < 0 { number.saturating_add(length) } else { number }).clamp(low, high);
    let first = begin.map_or(if step > 0 { low } else { high }, place);
    let last = end.map_or(if step > 0 { high } else { low }, place);
    let distance = if step > 0 { last - first } else { first - last };
    let count = if distance <= 0 { 0 } else { (distance as u64).div_ceil(step.unsigned_abs()) };
    Ok((usize::try_from(first).unwrap_or(0), count as usize))
}

/// The inputs and attributes of `StridedSlice-1`. Masks may be shorter than the lists.
pub(super) struct StridedSlice<'a> {
    pub begin: &'a [i64],
    pub end: &'a [i64],
    pub steps: &'a [i64],
    pub begin_mask: &'a [i64],
    pub end_mask: &'a [i64],
    pub new_axis_mask: &'a [i64],
    pub shrink_axis_mask: &'a [i64],
    pub ellipsis_mask: &'a [i64],
}

impl StridedSlice<'_> {
    /// The view of the elements and the shape of the result, which lacks the shrunk axes and has the
    /// new ones.
    pub fn view(&self, from: &[usize]) -> Result<(View, Vec<usize>), FoldError> {
        let is_set = |mask: &[i64], position: usize| mask.get(position).is_some_and(|bit| *bit != 0);
        let entries = self.begin.len().max(self.end.len());
        let takes_none = |position: &usize| is_set(self.new_axis_mask, *position) || is_set(self.ellipsis_mask, *position);
        let taken = entries - (0..entries).filter(takes_none).count();
        let mut view = View::whole(from);
        let mut shape = Vec::new();
        let mut axis = 0;
        for position in 0..entries {
            if is_set(self.ellipsis_mask, position) {
                for _ in 0..from.len().saturating_sub(taken) {
                    shape.extend(from.get(axis));
                    axis += 1;
                }
                continue;
            }
            if is_set(self.new_axis_mask, position) {
                shape.push(1);
                continue;
            }
            let Some(&dim) = from.get(axis) else { return FoldError::problem("a slice has more axes than the data") };
            let bound = |list: &[i64], mask: &[i64]| if is_set(mask, position) { None } else { list.get(position).copied() };
            let (begin, end) = (bound(self.begin, self.begin_mask), bound(self.end, self.end_mask));
            if is_set(self.shrink_axis_mask, position) {
                let at = self::axis(begin.unwrap_or(0), dim)?;
                view = view.sliced(axis, at, 1, 1)?;
            } else {
                let step = self.steps.get(position).copied().unwrap_or(1);
                let (first, count) = span(dim, begin, end, step)?;
                view = view.sliced(axis, first, step as isize, count)?;
                shape.push(count);
            }
            axis += 1;
        }
        shape.extend(from.get(axis..).unwrap_or_default());
        Ok((view, shape))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reshapes() {
        for (from, target, special_zero, expected) in [
            (&[2, 3, 4][..], &[-1, 4][..], false, Some(vec![6, 4])),
            (&[2, 3, 4], &[0, -1], true, Some(vec![2, 12])),
            (&[2, 3], &[0, 6], false, None),
            (&[2, 3], &[-1, -1], false, None),
            (&[2, 3], &[4, -1], false, None),
            (&[2, 3], &[0, 0, 0], true, None),
            (&[0, 3], &[-1, 3], false, Some(vec![0, 3])),
            (&[1], &[], false, Some(vec![])),
        ] {
            assert_eq!(reshape(from, target, special_zero).ok(), expected, "{from:?} {target:?}");
        }
    }

    #[test]
    fn axes_come_and_go() {
        assert_eq!(squeeze(&[1, 3, 1], None).unwrap(), [3]);
        assert_eq!(squeeze(&[1, 3, 1], Some(&[-1])).unwrap(), [1, 3]);
        assert!(squeeze(&[1, 3], Some(&[1])).is_err());
        assert_eq!(unsqueeze(&[3], &[0, -1]).unwrap(), [1, 3, 1]);
        assert!(unsqueeze(&[3], &[0, 0]).is_err() && unsqueeze(&[3], &[5]).is_err());
    }

    #[test]
    fn spans_count_as_numpy_does() {
        for (dim, begin, end, step, expected) in [
            (5, Some(1), Some(4), 1, (1, 3)),
            (5, Some(-2), None, 1, (3, 2)),
            (5, None, None, -2, (4, 3)),
            (5, Some(10), Some(i64::MIN), -1, (4, 5)),
            (5, Some(0), Some(i64::MAX), 2, (0, 3)),
            (5, Some(4), Some(1), 1, (4, 0)),
            (0, None, None, 1, (0, 0)),
        ] {
            assert_eq!(span(dim, begin, end, step).unwrap(), expected, "{dim} {begin:?}:{end:?}:{step}");
        }
        assert!(span(5, None, None, 0).is_err());
    }

    #[test]
    fn strided_slice_with_masks() {
        // a[..., newaxis, 1] of shape (2, 3, 4).
        let slice = StridedSlice {
            begin: &[0, 0, 1],
            end: &[0, 0, 2],
            steps: &[1, 1, 1],
            begin_mask: &[],
            end_mask: &[],
            new_axis_mask: &[0, 1, 0],
            shrink_axis_mask: &[0, 0, 1],
            ellipsis_mask: &[1],
        };
        let (view, shape) = slice.view(&[2, 3, 4]).unwrap();
        assert_eq!(shape, [2, 3, 1]);
        assert_eq!((view.offset, view.shape), (1, vec![2, 3, 1]));
    }
}
