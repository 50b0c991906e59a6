//! Axes that are merged into one direction, in C order.

use std::sync::Arc;

use super::Order;

/// The strides of merged axes. Axes that lie next to each other in memory are joined, so that
/// most groups are a single stride and cost one multiplication.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Group {
    len: usize,
    /// Slowest first; extents of 1 are left out.
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq)]
struct Part {
    extent: usize,
    stride: usize,
    order: Option<Arc<Order>>,
}

impl Part {
    fn offset(&self, position: usize) -> usize {
        let index = self.order.as_ref().map_or(position, |order| order.index(position));
        index * self.stride
    }
}

impl Group {
    pub fn new(axes: &[usize], shape: &[usize], strides: &[usize], orders: &[Option<Arc<Order>>]) -> Self {
        let mut len = 1usize;
        let mut parts: Vec<Part> = Vec::new();
        for &axis in axes {
            let (Some(&extent), Some(&stride)) = (shape.get(axis), strides.get(axis)) else { continue };
            let order = orders.get(axis).cloned().flatten();
            len = len.saturating_mul(extent);
            match parts.last_mut() {
                _ if extent == 1 => {}
                Some(last) if order.is_none() && last.order.is_none() && stride.checked_mul(extent) == Some(last.stride) => {
                    *last = Part { extent: last.extent.saturating_mul(extent), stride, order: None };
                }
                _ => parts.push(Part { extent, stride, order }),
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
            [Part { stride, order: None, .. }] => Some(*stride),
            _ => None,
        }
    }

    /// The distance of neighbours along the fastest axis, in the file's order.
    pub fn finest(&self) -> Option<usize> {
        self.parts.last().map(|part| part.stride)
    }

    /// The element's distance from the group's first one. `position` must be below `len`.
    pub fn offset(&self, position: usize) -> usize {
        match self.parts.as_slice() {
            [] => 0,
            [part] => part.offset(position),
            parts => {
                let mut rest = position;
                let mut offset = 0;
                for part in parts.iter().rev() {
                    offset += part.offset(rest % part.extent);
                    rest /= part.extent;
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
            let group = Group::new(&axes, &shape, &strides, &[]);
            assert_eq!((group.len(), group.stride()), (len, stride), "{axes:?}");
        }
        let group = Group::new(&[2, 0], &shape, &strides, &[]);
        assert_eq!((0..8).map(|position| group.offset(position)).collect::<Vec<_>>(), [0, 12, 1, 13, 2, 14, 3, 15]);
    }

    #[test]
    fn an_ordered_axis_is_not_joined() {
        let order = Some(Arc::new(Order::new("norm", vec![2, 0, 1]).unwrap()));
        let group = Group::new(&[0, 1], &[2, 3, 4], &[12, 4, 1], &[None, order, None]);
        assert_eq!((group.len(), group.stride(), group.finest()), (6, None, Some(4)));
        assert_eq!((0..6).map(|position| group.offset(position)).collect::<Vec<_>>(), [8, 0, 4, 20, 12, 16]);
    }
}
