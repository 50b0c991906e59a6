//! Shapes, with dimensions that a file may leave open.

use std::fmt;

/// A tensor's shape. A dimension that is only known when the model runs is `None`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub enum Shape {
    /// Not even the rank is known.
    #[default]
    Unknown,
    Ranked(Vec<Option<u64>>),
}

impl Shape {
    /// A shape all of whose dimensions are known.
    pub fn fixed(dims: impl IntoIterator<Item = u64>) -> Self {
        Self::Ranked(dims.into_iter().map(Some).collect())
    }

    /// The dimensions, if all are known and fit the machine.
    pub fn dims(&self) -> Option<Vec<usize>> {
        match self {
            Self::Unknown => None,
            Self::Ranked(dims) => dims.iter().map(|dim| dim.and_then(|dim| usize::try_from(dim).ok())).collect(),
        }
    }

    pub fn rank(&self) -> Option<usize> {
        match self {
            Self::Unknown => None,
            Self::Ranked(dims) => Some(dims.len()),
        }
    }

    /// The number of elements (1 for a scalar), if every dimension is known and the product fits.
    pub fn count(&self) -> Option<u64> {
        match self {
            Self::Unknown => None,
            Self::Ranked(dims) if dims.contains(&Some(0)) => Some(0),
            Self::Ranked(dims) => dims.iter().try_fold(1u64, |product, dim| product.checked_mul((*dim)?)),
        }
    }
}

impl fmt::Display for Shape {
    /// `8×3×3×3`, `?×128`, `scalar`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str("unknown shape"),
            Self::Ranked(dims) if dims.is_empty() => f.write_str("scalar"),
            Self::Ranked(dims) => {
                for (position, dim) in dims.iter().enumerate() {
                    if position > 0 {
                        f.write_str("×")?;
                    }
                    match dim {
                        Some(dim) => write!(f, "{dim}")?,
                        None => f.write_str("?")?,
                    }
                }
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn count_checks_overflow() {
        assert_eq!(Shape::fixed([2, 3]).count(), Some(6));
        assert_eq!(Shape::fixed([]).count(), Some(1));
        assert_eq!(Shape::fixed([u64::MAX, 2]).count(), None);
        assert_eq!(Shape::fixed([u64::MAX, 2, 0]).count(), Some(0));
        assert_eq!(Shape::Ranked(vec![Some(2), None]).count(), None);
        assert_eq!(Shape::Unknown.count(), None);
    }

    #[test]
    fn display() {
        assert_eq!(Shape::fixed([8, 3, 3, 3]).to_string(), "8×3×3×3");
        assert_eq!(Shape::Ranked(vec![None, Some(128)]).to_string(), "?×128");
        assert_eq!(Shape::fixed([]).to_string(), "scalar");
    }
}
