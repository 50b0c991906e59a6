//! Values to colours: tables of 256 colours, the range of values they span, and the norm between.
//!
//! [`Map`] is a table, [`Range`] a wish ("between the percentiles 0.5 and 99.5"), [`Limits`] what
//! became of it for given values, [`Norm`] how values spread between the limits. [`Colours`] joins
//! them and answers with a colour for every float there is: NaN and infinities are told apart here,
//! before any arithmetic, and have colours that no table contains.

mod map;
mod norm;
mod range;

pub use map::{Kind, Map};
pub use norm::Norm;
pub use range::{Limits, Range};

use fearless_simd::{Level, dispatch};

use crate::jobs::{Cancelled, Token};
use crate::stats::Value;
use crate::values::Blocks;
use crate::values::blocks::per_block;

/// A colour, sRGB, 8 bits a channel.
pub type Rgb = [u8; 3];

/// Solid magenta.
pub const NAN: Rgb = [255, 0, 255];
/// Pure green.
pub const POSITIVE_INFINITY: Rgb = [0, 255, 0];
/// Pure cyan.
pub const NEGATIVE_INFINITY: Rgb = [0, 255, 255];

/// Pure blue: codes at the ends of their type, where they are to be seen. Of all colours it lies farthest (58
/// in CIELAB's ΔE) from everything else that a picture has: yellow ends viridis, orange lies in turbo.
pub const SATURATED: Rgb = [0, 0, 255];

/// What kind of number a float is, relative to the limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    Inside,
    Below,
    Above,
    Nan,
    PositiveInfinity,
    NegativeInfinity,
}

/// All that decides about the colour of a value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Colours {
    pub map: Map,
    pub limits: Limits,
    pub norm: Norm,
}

/// How many values lie where, for the ends of a colour bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Census {
    pub below: u64,
    pub above: u64,
    pub nan: u64,
    pub positive_infinity: u64,
    pub negative_infinity: u64,
}

impl Colours {
    /// The limits taken from values: symmetric about 0 if the map is a diverging one.
    ///
    /// # Errors
    /// [`Cancelled`].
    pub fn for_values(map: Map, range: Range, norm: Norm, values: &[f32], token: &Token) -> Result<Self, Cancelled> {
        Ok(Self { map, limits: range.limits(values, map.kind() == Kind::Diverging, token)?, norm })
    }

    pub fn class(&self, value: f32) -> Class {
        if value.is_nan() {
            Class::Nan
        } else if value == f32::INFINITY {
            Class::PositiveInfinity
        } else if value == f32::NEG_INFINITY {
            Class::NegativeInfinity
        } else if value < self.limits.low {
            Class::Below
        } else if value > self.limits.high {
            Class::Above
        } else {
            Class::Inside
        }
    }

    /// The colour of a value. Values outside the limits take the table's end.
    pub fn colour(&self, value: f32) -> Rgb {
        if value.is_finite() {
            return self.map.table()[usize::from(self.entry(value))];
        }
        match self.class(value) {
            Class::PositiveInfinity => POSITIVE_INFINITY,
            Class::NegativeInfinity => NEGATIVE_INFINITY,
            _ => NAN,
        }
    }

    /// The table's entry for a finite value: `floor(256 x)`, as matplotlib's `Colormap` has it.
    fn entry(&self, value: f32) -> u8 {
        let position = self.norm.position(f64::from(value), self.limits);
        (position * 256.0).clamp(0.0, 255.0) as u8
    }

    /// The same colours, prepared for very many values.
    pub fn lookup(&self) -> Lookup {
        Lookup::new(*self)
    }

    /// # Errors
    /// [`Cancelled`].
    pub fn census(&self, values: &(impl Blocks + ?Sized), token: &Token) -> Result<Census, Cancelled> {
        let count = |chunk: &[f32]| {
            let mut census = Census::default();
            for value in chunk {
                match self.class(*value) {
                    Class::Inside => {}
                    Class::Below => census.below += 1,
                    Class::Above => census.above += 1,
                    Class::Nan => census.nan += 1,
                    Class::PositiveInfinity => census.positive_infinity += 1,
                    Class::NegativeInfinity => census.negative_infinity += 1,
                }
            }
            census
        };
        Ok(per_block(values, token, count)?.into_iter().fold(Census::default(), |a, b| Census {
            below: a.below + b.below,
            above: a.above + b.above,
            nan: a.nan + b.nan,
            positive_infinity: a.positive_infinity + b.positive_infinity,
            negative_infinity: a.negative_infinity + b.negative_infinity,
        }))
    }
}

/// [`Colours`] as the 255 values at which the colour changes: the answer is the same as
/// [`Colours::colour`]'s to the bit, without a logarithm a value.
#[derive(Clone, Debug)]
pub struct Lookup {
    colours: Colours,
    /// The map's table, and from 256 on the colours of NaN and the infinities.
    table: Box<[Rgb; 512]>,
    /// `thresholds[i]` is the lowest float that takes entry `i + 1` or a higher one.
    thresholds: Option<Box<[f32; 255]>>,
}

impl Lookup {
    fn new(colours: Colours) -> Self {
        let thresholds = (colours.norm != Norm::Linear).then(|| {
            let mut thresholds = Box::new([0.0; 255]);
            for (entry, threshold) in (1u8..=255).zip(thresholds.iter_mut()) {
                *threshold = lowest(|value| colours.entry(value) >= entry);
            }
            thresholds
        });
        let mut table = Box::new([NAN; 512]);
        table[..256].copy_from_slice(colours.map.table());
        table[257] = POSITIVE_INFINITY;
        table[258] = NEGATIVE_INFINITY;
        Self { colours, table, thresholds }
    }

    /// The middle of the limits.
    pub fn centre(&self) -> f32 {
        self.colours.limits.centre()
    }

    /// The light of a finite value where it is one of three colours: none at the low limit, 255 at the high
    /// one, rounded; 128 for 0 between symmetric limits.
    #[inline]
    pub fn level(&self, value: f32) -> u8 {
        (self.colours.norm.position(f64::from(value), self.colours.limits) * 255.0).round().clamp(0.0, 255.0) as u8
    }

    /// The colours of many values, appended: as [`colour`](Self::colour) has them, but many at once.
    pub fn colours(&self, values: &[f32], out: &mut Vec<Rgb>) {
        let Limits { low, high } = self.colours.limits;
        if self.colours.norm != Norm::Linear || low >= high {
            out.extend(values.iter().map(|value| self.colour(*value)));
            return;
        }
        let (low, span) = (f64::from(low), f64::from(high) - f64::from(low));
        let mut entries = [0u16; 256];
        for values in values.chunks(entries.len()) {
            let entries = &mut entries[..values.len()];
            dispatch!(Level::new(), _ => linear_entries(values, low, span, entries));
            out.extend(entries.iter().map(|entry| self.table[usize::from(*entry) % self.table.len()]));
        }
    }

    #[inline]
    pub fn colour(&self, value: f32) -> Rgb {
        match &self.thresholds {
            Some(thresholds) if value.is_finite() => self.table[thresholds.partition_point(|threshold| *threshold <= value)],
            _ => self.colours.colour(value),
        }
    }
}

/// Entries of the table as [`Colours::entry`] has them for a linear norm; 256 for NaN, 257 and 258 for the infinities.
#[inline(always)]
fn linear_entries(values: &[f32], low: f64, span: f64, entries: &mut [u16]) {
    for (value, entry) in values.iter().zip(entries) {
        let place = (f64::from(*value) - low) / span * 256.0;
        let place = if place > 0.0 { place } else { 0.0 };
        let place = if place < 255.0 { place } else { 255.0 } as i32;
        let odd = match *value {
            value if value.is_nan() => 256,
            f32::INFINITY => 257,
            f32::NEG_INFINITY => 258,
            _ => place,
        };
        *entry = odd as u16;
    }
}

/// The lowest finite float for which a monotone condition holds; infinity if there is none.
fn lowest(holds: impl Fn(f32) -> bool) -> f32 {
    // Ordered as integers, floats can be halved like any sorted list: 32 steps.
    let (mut low, mut high) = (f32::MIN.key(), f32::INFINITY.key());
    while low < high {
        let middle = low + (high - low) / 2;
        if holds(f32::from_key(middle)) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    f32::from_key(low)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { low: -2.0, high: 2.0 };

    #[test]
    fn every_float_has_a_colour() {
        let colours = Colours { map: Map::Vik, limits: LIMITS, norm: Norm::Linear };
        let table = Map::Vik.table();
        for (value, class, colour) in [
            (0.0, Class::Inside, table[128]),
            (-0.0, Class::Inside, table[128]),
            (-2.0, Class::Inside, table[0]),
            (2.0, Class::Inside, table[255]),
            (-2.000_001, Class::Below, table[0]),
            (f32::MAX, Class::Above, table[255]),
            (f32::NAN, Class::Nan, NAN),
            (-f32::NAN, Class::Nan, NAN),
            (f32::INFINITY, Class::PositiveInfinity, POSITIVE_INFINITY),
            (f32::NEG_INFINITY, Class::NegativeInfinity, NEGATIVE_INFINITY),
        ] {
            assert_eq!((colours.class(value), colours.colour(value)), (class, colour), "{value}");
        }
        assert!(
            Map::ALL.iter().all(|map| [NAN, POSITIVE_INFINITY, NEGATIVE_INFINITY, SATURATED].iter().all(|own| !map.table().contains(own)))
        );
    }

    #[test]
    fn lookup_is_exact() {
        for norm in [Norm::Linear, Norm::Asinh { width: 0.05 }, Norm::SymLog { threshold: 0.01 }] {
            for limits in [LIMITS, Limits { low: 0.0, high: 1e-3 }, Limits { low: 5.0, high: 5.0 }, Limits { low: -1e30, high: 3e38 }] {
                let colours = Colours { map: Map::Turbo, limits, norm };
                let lookup = colours.lookup();
                let mut bits = 12_345u32;
                for _ in 0..20_000 {
                    bits = bits.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    let spread = f32::from_bits(bits);
                    let near = limits.low + (limits.high - limits.low) * (bits as f32 / u32::MAX as f32);
                    let many = [spread, near, f32::NAN, f32::INFINITY, f32::NEG_INFINITY];
                    let mut found = Vec::new();
                    lookup.colours(&many, &mut found);
                    for (value, found) in many.into_iter().zip(found) {
                        let expected = colours.colour(value);
                        assert_eq!((lookup.colour(value), found), (expected, expected), "{norm:?} {limits:?} {value}");
                    }
                }
            }
        }
    }

    #[test]
    fn census_counts_what_the_bar_cannot_show() {
        let values = [0.0, -3.0, 3.0, 4.0, f32::NAN, f32::INFINITY, f32::INFINITY, f32::NEG_INFINITY, 2.0];
        let colours = Colours { map: Map::Vik, limits: LIMITS, norm: Norm::Linear };
        let census = colours.census(&values, &Token::new()).unwrap();
        assert_eq!(census, Census { below: 1, above: 2, nan: 1, positive_infinity: 2, negative_infinity: 1 });
    }
}
