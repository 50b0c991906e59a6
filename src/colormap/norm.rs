//! How values spread between the limits.

use super::Limits;

/// From a value to its position in the colour table.
///
/// The parameters are fractions of the larger of the limits' absolute values, so that a norm
/// serves weights of any size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Norm {
    Linear,
    /// Inverse hyperbolic sine: linear near 0, logarithmic beyond `width` (matplotlib,
    /// `AsinhNorm(linear_width)`).
    Asinh {
        width: f32,
    },
    /// Linear within `threshold` of 0, where it takes as much room as a decade, and the decimal
    /// logarithm beyond (matplotlib, `SymLogNorm(linthresh, linscale=1, base=10)`).
    SymLog {
        threshold: f32,
    },
}

impl Norm {
    pub const ASINH: Self = Self::Asinh { width: 0.05 };
    pub const SYMLOG: Self = Self::SymLog { threshold: 0.01 };

    /// The name that people know and that the command line takes.
    pub fn name(self) -> &'static str {
        match self {
            Self::Linear => "linear",
            Self::Asinh { .. } => "asinh",
            Self::SymLog { .. } => "symlog",
        }
    }

    /// The norm of a name, with its usual parameter.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Linear, Self::ASINH, Self::SYMLOG].into_iter().find(|norm| norm.name().eq_ignore_ascii_case(name))
    }

    /// Where a finite value lies between the limits: 0 at the low one, 1 at the high one, beyond
    /// that outside of 0 to 1. Where the limits are equal, 0.5 for their value.
    pub fn position(self, value: f64, limits: Limits) -> f64 {
        let (low, high) = (f64::from(limits.low), f64::from(limits.high));
        if low >= high {
            return match value.total_cmp(&low) {
                std::cmp::Ordering::Less if value < low => 0.0,
                std::cmp::Ordering::Greater if value > low => 1.0,
                _ => 0.5,
            };
        }
        let scale = low.abs().max(high.abs());
        let bend = |value| self.bend(value, scale);
        (bend(value) - bend(low)) / (bend(high) - bend(low))
    }

    /// The value at a position; the inverse of [`position`](Self::position) for unequal limits.
    pub fn value(self, position: f64, limits: Limits) -> f64 {
        let (low, high) = (f64::from(limits.low), f64::from(limits.high));
        let scale = low.abs().max(high.abs());
        let (from, to) = (self.bend(low, scale), self.bend(high, scale));
        self.unbend(from + position * (to - from), scale)
    }

    fn bend(self, value: f64, scale: f64) -> f64 {
        match self {
            Self::Linear => value,
            Self::Asinh { width } => {
                let width = positive(width, scale);
                width * (value / width).asinh()
            }
            Self::SymLog { threshold } => {
                let threshold = positive(threshold, scale);
                if value.abs() <= threshold {
                    value * LINEAR_DECADE
                } else {
                    value.signum() * threshold * (LINEAR_DECADE + (value.abs() / threshold).log10())
                }
            }
        }
    }

    fn unbend(self, bent: f64, scale: f64) -> f64 {
        match self {
            Self::Linear => bent,
            Self::Asinh { width } => {
                let width = positive(width, scale);
                width * (bent / width).sinh()
            }
            Self::SymLog { threshold } => {
                let threshold = positive(threshold, scale);
                if bent.abs() <= threshold * LINEAR_DECADE {
                    bent / LINEAR_DECADE
                } else {
                    bent.signum() * threshold * 10f64.powf(bent.abs() / threshold - LINEAR_DECADE)
                }
            }
        }
    }
}

/// matplotlib's `linscale / (1 - 1 / base)` for a `linscale` of 1 and base 10.
const LINEAR_DECADE: f64 = 1.0 / 0.9;

/// A parameter in the values' unit; a tiny one where it would be 0 or less.
fn positive(fraction: f32, scale: f64) -> f64 {
    let width = f64::from(fraction) * scale;
    if width > 0.0 { width } else { f64::from(f32::MIN_POSITIVE) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// matplotlib 3.11.2: `AsinhNorm(linear_width=0.1, vmin=-1, vmax=2)` and
    /// `SymLogNorm(linthresh=0.02, linscale=1, base=10, vmin=-1, vmax=2)`.
    #[test]
    fn positions_are_matplotlibs() {
        let limits = Limits { low: -1.0, high: 2.0 };
        let asinh = Norm::Asinh { width: 0.05 };
        let symlog = Norm::SymLog { threshold: 0.01 };
        for (value, in_asinh, in_symlog) in MATPLOTLIB {
            for (norm, expected) in [(asinh, in_asinh), (symlog, in_symlog)] {
                let position = norm.position(value, limits);
                assert!((position - expected).abs() < 1e-6, "{norm:?} {value}: {position}, {expected} expected");
                assert!((norm.value(position, limits) - value).abs() < 1e-6);
            }
        }
    }

    const MATPLOTLIB: [(f64, f64, f64); 10] = [
        (-1.0, 0.0000000, 0.0000000),
        (-0.5, 0.1025438, 0.0508394),
        (-0.02, 0.4186075, 0.2869304),
        (-0.01, 0.4333892, 0.3807553),
        (0.0, 0.4483172, 0.4745803),
        (0.005, 0.4557905, 0.5214928),
        (0.1, 0.5801069, 0.7802757),
        (1.0, 0.8966344, 0.9491606),
        (2.0, 1.0000000, 1.0000000),
        (3.0, 1.0605764, 1.0297392),
    ];

    #[test]
    fn equal_limits() {
        let limits = Limits { low: 3.0, high: 3.0 };
        for (value, position) in [(2.0, 0.0), (3.0, 0.5), (4.0, 1.0)] {
            assert_eq!(Norm::Linear.position(value, limits), position);
        }
        let zero = Limits { low: 0.0, high: 0.0 };
        assert_eq!([-0.0, 0.0].map(|value| Norm::SYMLOG.position(value, zero)), [0.5, 0.5]);
    }
}
