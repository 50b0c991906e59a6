//! Axes that are merged into one direction, in C order.

/// The strides of merged axes. Axes that lie next to each other in memory are joined, so that
/// most groups are a single stride and cost one multiplication.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Group {
    len: usize,
    /// Extent and stride, slowest first; extents of 1 are left out.
    parts: Vec<(usize, usize)>,
}

impl Group {
    pub fn new(axes: &[usize], shape: &[usize], strides: &[usize]) -> Self {
        let mut len = 1usize;
        let mut parts: Vec<(usize, usize)> = Vec::new();
        for &axis in axes {
            let (Some(&extent), Some(&stride)) = (shape.get(axis), strides.get(axis)) else { continue };
            len = len.saturating_mul(extent);
            match parts.last_mut() {
                _ if extent == 1 => {}
                Some(last) if stride.checked_mul(extent) == Some(last.1) => *last = (last.0.saturating_mul(extent), stride),
                _ => parts.push((extent, stride)),
            }
        }
        Self { len, parts }
    }

    /// The product of the extents; 1 for no axes.
    pub fn len(&self) -> usize {
        self.len
    }

    /// The distance between neighbours, if it is the same for all.
    pub fn stride(&self) -> Option<usize> {
        match self.parts.as_slice() {
            [] => Some(0),
            [(_, stride)] => Some(*stride),
            _ => None,
        }
    }

    /// The element's distance from the group's first one. `position` must be below `len`.
    pub fn offset(&self, position: usize) -> usize {
        match self.parts.as_slice() {
            [] => 0,
            [(_, stride)] => position * stride,
            parts => {
                let mut rest = position;
                let mut offset = 0;
                for (extent, stride) in parts.iter().rev() {
                    offset += rest % extent * stride;
                    rest /= extent;
                }
                offset
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_are_joined() {
        let (shape, strides) = ([2, 3, 4], [12, 4, 1]);
        for (axes, len, stride) in
            [(vec![0, 1, 2], 24, Some(1)), (vec![0, 1], 6, Some(4)), (vec![1, 2], 12, Some(1)), (vec![0, 2], 8, None), (vec![], 1, Some(0))]
        {
            let group = Group::new(&axes, &shape, &strides);
            assert_eq!((group.len(), group.stride()), (len, stride), "{axes:?}");
        }
        let group = Group::new(&[2, 0], &shape, &strides);
        assert_eq!((0..8).map(|position| group.offset(position)).collect::<Vec<_>>(), [0, 12, 1, 13, 2, 14, 3, 15]);
    }
}
