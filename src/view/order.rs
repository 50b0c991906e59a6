//! The order in which the indices of an axis are laid out, where it is not the file's.

/// A permutation of an axis' indices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    name: String,
    /// For every position the index that stands there.
    indices: Vec<u32>,
    positions: Vec<u32>,
}

impl Order {
    /// `name` says what the order follows. `None` if the indices are not 0 to n - 1, each once.
    pub fn new(name: impl Into<String>, indices: Vec<u32>) -> Option<Self> {
        let mut positions = vec![u32::MAX; indices.len()];
        for (position, index) in (0..).zip(&indices) {
            let slot = positions.get_mut(*index as usize).filter(|slot| **slot == u32::MAX)?;
            *slot = position;
        }
        Some(Self { name: name.into(), indices, positions })
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn len(&self) -> usize {
        self.indices.len()
    }

    pub fn is_empty(&self) -> bool {
        self.indices.is_empty()
    }

    /// The index that stands at a position.
    pub fn index(&self, position: usize) -> usize {
        self.indices.get(position).map_or(position, |index| *index as usize)
    }

    /// The position at which an index stands.
    pub fn position(&self, index: usize) -> usize {
        self.positions.get(index).map_or(index, |position| *position as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permutations_and_others() {
        let order = Order::new("norm", vec![2, 0, 1]).unwrap();
        assert_eq!([0, 1, 2].map(|position| order.index(position)), [2, 0, 1]);
        assert_eq!([0, 1, 2].map(|index| order.position(index)), [1, 2, 0]);
        assert!(Order::new("", vec![0, 0]).is_none() && Order::new("", vec![1, 2]).is_none());
    }
}
