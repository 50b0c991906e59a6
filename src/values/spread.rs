//! Which of a few numbers stands at each element of an array: scales along an axis or a block each.

/// An array of numbers spread over a larger one, both in C order.
#[derive(Clone, Debug, PartialEq)]
pub struct Spread {
    /// From the outermost in; neighbours are joined where they can be.
    axes: Vec<Axis>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Axis {
    extent: usize,
    /// Neighbours along the axis that share a number.
    block: usize,
    /// From one number to the next; 0 where the whole axis shares one.
    stride: usize,
}

/// Elements in a row from one position on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Run {
    /// The number of the first.
    pub at: usize,
    pub len: usize,
    /// 0 where all share the first's number, 1 where each has the next one.
    pub step: usize,
}

impl Spread {
    /// Numbers of shape `grid` over an array of `shape`, where `block[k]` neighbours along axis `k`
    /// share one. `None` where there are not enough of them.
    pub fn new(shape: &[usize], block: &[usize], grid: &[usize]) -> Option<Self> {
        if shape.len() != block.len() || shape.len() != grid.len() {
            return None;
        }
        let mut axes: Vec<Axis> = Vec::new();
        let mut stride = 1usize;
        for ((&extent, &block), &count) in shape.iter().zip(block).zip(grid).rev() {
            if extent.div_ceil(block.max(1)) > count || block == 0 {
                return None;
            }
            if extent != 1 {
                let outer =
                    if count == 1 || block >= extent { Axis { extent, block: extent, stride: 0 } } else { Axis { extent, block, stride } };
                match axes.last().and_then(|inner| outer.joined(*inner)) {
                    Some(joined) => axes.splice(axes.len() - 1.., [joined]).for_each(drop),
                    None => axes.push(outer),
                }
            }
            stride = stride.checked_mul(count)?;
        }
        axes.reverse();
        Some(Self { axes })
    }

    /// Numbers of shape `own` as numpy broadcasts them to `shape`. `None` where they can't be.
    pub fn broadcast(shape: &[usize], own: &[usize]) -> Option<Self> {
        let missing = shape.len().checked_sub(own.len())?;
        let grid: Vec<usize> = std::iter::repeat_n(1, missing).chain(own.iter().copied()).collect();
        if grid.iter().zip(shape).any(|(own, extent)| own != extent && *own != 1) {
            return None;
        }
        let block: Vec<usize> = grid.iter().zip(shape).map(|(own, extent)| if own == extent { 1 } else { (*extent).max(1) }).collect();
        Self::new(shape, &block, &grid)
    }

    /// The number of one element.
    pub fn at(&self, position: usize) -> usize {
        let mut rest = position;
        let mut at = 0;
        for axis in self.axes.iter().rev() {
            at += rest % axis.extent / axis.block * axis.stride;
            rest /= axis.extent;
        }
        at
    }

    /// The elements from a position on for which one rule holds; at least one.
    pub fn run(&self, position: usize) -> Run {
        let Some(inner) = self.axes.last() else { return Run { at: 0, len: usize::MAX, step: 0 } };
        let column = position % inner.extent;
        let at = self.at(position);
        match (inner.stride, inner.block) {
            (0, _) if self.axes.len() == 1 => Run { at, len: usize::MAX, step: 0 },
            (1, 1) => Run { at, len: inner.extent - column, step: 1 },
            _ => Run { at, len: (inner.block - column % inner.block).min(inner.extent - column), step: 0 },
        }
    }
}

impl Axis {
    /// This axis and the one inside it as one.
    fn joined(self, inner: Self) -> Option<Self> {
        let extent = self.extent.checked_mul(inner.extent)?;
        match (self.stride, inner.stride) {
            (0, 0) => Some(Self { extent, block: extent, stride: 0 }),
            (_, 0) => Some(Self { extent, block: self.block.checked_mul(inner.extent)?, stride: self.stride }),
            (outer, stride) if self.block == 1 && inner.block == 1 && outer == stride.checked_mul(inner.extent)? => {
                Some(Self { extent, block: 1, stride })
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every element's number, by `at` and by runs.
    fn all(spread: &Spread, count: usize) -> Vec<usize> {
        let by_element: Vec<usize> = (0..count).map(|position| spread.at(position)).collect();
        let mut by_runs = Vec::new();
        while by_runs.len() < count {
            let run = spread.run(by_runs.len());
            assert!(run.len > 0);
            by_runs.extend((0..run.len.min(count - by_runs.len())).map(|step| run.at + step * run.step));
        }
        assert_eq!(by_element, by_runs);
        by_element
    }

    /// `numpy.broadcast_to(numpy.arange(n).reshape(own), shape).ravel()`
    #[test]
    fn broadcasting_is_numpys() {
        let of = |shape: &[usize], own: &[usize]| Spread::broadcast(shape, own).map(|spread| all(&spread, shape.iter().product()));
        assert_eq!(of(&[2, 2], &[]), Some(vec![0; 4]));
        assert_eq!(of(&[2, 3], &[2, 1]), Some(vec![0, 0, 0, 1, 1, 1]));
        assert_eq!(of(&[2, 3], &[3]), Some(vec![0, 1, 2, 0, 1, 2]));
        assert_eq!(of(&[2, 3], &[2, 3]), Some(vec![0, 1, 2, 3, 4, 5]));
        assert_eq!(of(&[2, 2, 2], &[2, 2, 1]), Some(vec![0, 0, 1, 1, 2, 2, 3, 3]));
        assert_eq!(of(&[2, 2, 2], &[2, 1, 2]), Some(vec![0, 1, 0, 1, 2, 3, 2, 3]));
        assert_eq!(of(&[2, 1, 2], &[1, 1, 2]), Some(vec![0, 1, 0, 1]));
        assert_eq!((of(&[2, 3], &[2]), of(&[2, 2], &[1, 1, 2])), (None, None));
        assert_eq!(of(&[0, 3], &[3]), Some(vec![]));
    }

    /// `numpy.repeat` along the blocked axis of `numpy.arange(n).reshape(grid)`, cut to the shape.
    #[test]
    fn blocks() {
        let of = |shape: &[usize], block: &[usize], grid: &[usize]| {
            Spread::new(shape, block, grid).map(|spread| all(&spread, shape.iter().product()))
        };
        assert_eq!(of(&[2, 4], &[1, 2], &[2, 2]), Some(vec![0, 0, 1, 1, 2, 2, 3, 3]));
        assert_eq!(of(&[4, 2], &[2, 1], &[2, 2]), Some(vec![0, 1, 0, 1, 2, 3, 2, 3]));
        assert_eq!(of(&[2, 5], &[1, 2], &[2, 3]), Some(vec![0, 0, 1, 1, 2, 3, 3, 4, 4, 5]));
        assert_eq!(of(&[3, 3], &[2, 2], &[2, 2]), Some(vec![0, 0, 1, 0, 0, 1, 2, 2, 3]));
        assert_eq!(of(&[2, 2, 2], &[1, 2, 1], &[2, 1, 2]), Some(vec![0, 1, 0, 1, 2, 3, 2, 3]));
        assert_eq!(of(&[2, 4], &[2, 4], &[1, 1]), Some(vec![0; 8]));
        assert_eq!((of(&[2, 4], &[1, 2], &[2, 1]), of(&[4], &[0], &[4]), of(&[4], &[1], &[])), (None, None, None));
    }
}
