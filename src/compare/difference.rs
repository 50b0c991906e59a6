//! What a picture of the difference of two weights shows.

use std::sync::Arc;

use crate::values::Blocks;

/// A kind of difference of T (B) from R (A).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Kind {
    /// T - R.
    #[default]
    Difference,
    /// |T - R|.
    Absolute,
    /// |T - R| / (|R| + 1e-6).
    Relative,
    /// How many float32 numbers lie between the two.
    Ulps,
}

impl Kind {
    pub const ALL: [Self; 4] = [Self::Difference, Self::Absolute, Self::Relative, Self::Ulps];

    pub fn name(self) -> &'static str {
        match self {
            Self::Difference => "B - A",
            Self::Absolute => "|B - A|",
            Self::Relative => "Relative",
            Self::Ulps => "ULPs",
        }
    }

    /// Whether it has a sign, so that its colours diverge from zero.
    pub fn is_signed(self) -> bool {
        self == Self::Difference
    }

    /// The difference of one pair.
    pub fn of(self, r: f32, t: f32) -> f32 {
        let e = f64::from(t) - f64::from(r);
        match self {
            Self::Difference => e as f32,
            Self::Absolute => e.abs() as f32,
            Self::Relative => (e.abs() / (f64::from(r).abs() + 1e-6)) as f32,
            Self::Ulps => ulps(r, t).map_or(f32::NAN, |ulps| ulps as f32),
        }
    }
}

/// The differences of values that lie in one order, subtracted where they are read.
#[derive(Clone)]
pub struct Difference {
    pub a: Arc<dyn Blocks>,
    pub b: Arc<dyn Blocks>,
    pub kind: Kind,
}

impl Difference {
    /// All of them.
    pub fn to_vec(&self) -> Vec<f32> {
        use rayon::prelude::*;

        const CHUNK: usize = 1 << 14;
        let mut all = vec![0.0; self.len()];
        all.par_chunks_mut(CHUNK).enumerate().for_each(|(chunk, out)| self.read(chunk * CHUNK, out));
        all
    }
}

impl Blocks for Difference {
    fn len(&self) -> usize {
        self.a.len().min(self.b.len())
    }

    fn as_slice(&self) -> Option<&[f32]> {
        None
    }

    fn read(&self, start: usize, out: &mut [f32]) {
        // So few at a time that both stay in the processor's cache.
        let mut room = [0.0f32; 1 << 11];
        for (part, out) in out.chunks_mut(room.len()).enumerate() {
            let start = start + part * (1 << 11);
            let other = &mut room[..out.len()];
            self.a.read(start, out);
            self.b.read(start, other);
            out.iter_mut().zip(other).for_each(|(r, t)| *r = self.kind.of(*r, *t));
        }
    }
}

/// The differences of values that lie in one order.
pub fn values(kind: Kind, a: &[f32], b: &[f32]) -> Vec<f32> {
    use rayon::prelude::*;

    a.par_iter().zip(b).with_min_len(1 << 14).map(|(r, t)| kind.of(*r, *t)).collect()
}

/// The float32 numbers from one to the other; both zeros are one. `None` where one is NaN.
pub fn ulps(a: f32, b: f32) -> Option<u32> {
    let order = |value: f32| {
        let bits = value.to_bits();
        let magnitude = i64::from(bits & 0x7fff_ffff);
        if bits >> 31 == 0 { magnitude } else { -magnitude }
    };
    (!a.is_nan() && !b.is_nan()).then(|| (order(a) - order(b)).unsigned_abs() as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `abs(a.view(i4) - b.view(i4))` where both have one sign; numpy's `nextafter` counted across zero.
    #[test]
    fn numbers_between() {
        assert_eq!(ulps(1.0, 1.0), Some(0));
        assert_eq!(ulps(1.0, 1.0f32.next_up()), Some(1));
        assert_eq!((ulps(0.0, -0.0), ulps(f32::from_bits(1), -f32::from_bits(1))), (Some(0), Some(2)));
        assert_eq!(ulps(1.0, 2.0), Some(1 << 23));
        assert_eq!((ulps(f32::NAN, 1.0), ulps(f32::MAX, f32::INFINITY)), (None, Some(1)));
    }

    #[test]
    fn kinds() {
        let of = |kind: Kind| values(kind, &[1.0, -2.0], &[1.5, -2.0]);
        assert_eq!(of(Kind::Difference), [0.5, 0.0]);
        assert_eq!(of(Kind::Absolute), [0.5, 0.0]);
        assert_eq!(of(Kind::Relative)[1], 0.0);
        assert!((of(Kind::Relative)[0] - 0.5).abs() < 1e-5);
        assert!(Kind::Ulps.of(f32::NAN, 1.0).is_nan() && Kind::Difference.of(f32::INFINITY, f32::INFINITY).is_nan());
    }

    #[test]
    fn subtracted_where_it_is_read() {
        let a: Vec<f32> = (0..5000u16).map(f32::from).collect();
        let b: Vec<f32> = a.iter().map(|value| value * 1.5).collect();
        let whole = values(Kind::Difference, &a, &b);
        let difference = Difference { a: Arc::new(a), b: Arc::new(b), kind: Kind::Difference };
        assert_eq!(difference.to_vec(), whole);
        let mut out = [0.0; 3000];
        difference.read(2001, &mut out);
        assert!(out[..2999] == whole[2001..] && out[2999].is_nan());
    }
}
