//! Figures of a weight's values that no order of channels and no scale changes: for weights that are the same with
//! their channels permuted, which samples at fixed places can't tell.

use crate::jobs::{Cancelled, Token};
use crate::weights::Value;

/// Mean magnitude, largest magnitude and root of the fourth moment, in units of the root mean square.
pub(super) type Invariants = [f64; 3];

/// Fewer values agree by chance.
pub(super) const FEWEST: usize = 64;
/// What adding up in another order may change, and rounding to half precision.
const TOLERANCE: f64 = 2e-4;
const BLOCK: usize = 1 << 14;

/// `None` of values that can't be read, are not finite, or zero.
///
/// # Errors
/// [`Cancelled`].
pub(super) fn of(value: &Value<'_>, token: &Token) -> Result<Option<Invariants>, Cancelled> {
    let count = value.count();
    let mut block = vec![0.0f32; count.min(BLOCK)];
    let (mut sum, mut square, mut fourth, mut most) = (0.0f64, 0.0f64, 0.0f64, 0.0f64);
    let mut start = 0;
    while start < count {
        token.check()?;
        let len = (count - start).min(BLOCK);
        if value.read_f32(start, &mut block[..len]).is_err() {
            return Ok(None);
        }
        for value in &block[..len] {
            let size = f64::from(value.abs());
            sum += size;
            square += size * size;
            fourth += size.powi(4);
            most = most.max(size);
        }
        start += len;
    }
    let n = count as f64;
    let rms = (square / n).sqrt();
    let found = [sum / n / rms, most / rms, (fourth / n).sqrt() / (rms * rms)];
    Ok(found.iter().all(|figure| figure.is_finite()).then_some(found))
}

pub(super) fn are_alike(a: &Invariants, b: &Invariants) -> bool {
    a.iter().zip(b).all(|(a, b)| (a - b).abs() <= TOLERANCE * a.abs())
}
