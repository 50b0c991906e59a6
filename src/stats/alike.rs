//! Output channels that hold the same kernel: exactly, or up to a factor.

use crate::jobs::{Cancelled, Token};

/// Groups of channels that are alike, each with two or more, in the order of their first. Dead
/// channels are in none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Alike {
    /// Equal in every value.
    pub equal: Vec<Vec<u32>>,
    /// Equal in every value but for one factor, which may be negative, to about six digits: what
    /// quantisation with a scale for each channel and float32 leave. Those of `equal` are among them.
    pub scaled: Vec<Vec<u32>>,
}

/// How far values of unit vectors may be apart, in parts of the largest.
const TOLERANCE: f64 = 2e-6;

impl Alike {
    /// Compares the slices of a row-major tensor along `axis`; nothing where `shape` has no such axis or
    /// another number of elements than there are values, and for slices of a single value, which are all
    /// alike.
    ///
    /// # Errors
    /// [`Cancelled`].
    pub fn of(values: &[f32], shape: &[usize], axis: usize, token: &Token) -> Result<Self, Cancelled> {
        let Some(slices) = Slices::of(values, shape, axis).filter(|slices| slices.length > 1) else { return Ok(Self::default()) };
        let mut units = Vec::new();
        for channel in 0..slices.channels {
            token.check()?;
            units.extend(slices.unit(channel));
        }
        units.sort_by(|a, b| a.print.total_cmp(&b.print));
        // Channels that are alike have nearly the same print; each is compared with the first of every group
        // whose print is as near.
        let mut groups: Vec<Vec<&Unit>> = Vec::new();
        let mut first_near = 0;
        for unit in &units {
            token.check()?;
            while groups.get(first_near).is_some_and(|group| unit.print - group[0].print > slices.print_tolerance()) {
                first_near += 1;
            }
            let near = groups.iter().enumerate().skip(first_near);
            match near.into_iter().find(|(_, group)| slices.are_alike(group[0], unit)).map(|(number, _)| number) {
                Some(number) => groups[number].push(unit),
                None => groups.push(vec![unit]),
            }
        }
        let mut scaled: Vec<Vec<u32>> = Vec::new();
        let mut equal: Vec<Vec<u32>> = Vec::new();
        for group in groups.iter().filter(|group| group.len() > 1) {
            let mut channels: Vec<u32> = group.iter().map(|unit| unit.channel as u32).collect();
            channels.sort_unstable();
            let mut same: Vec<Vec<u32>> = Vec::new();
            for channel in &channels {
                match same.iter_mut().find(|same| slices.are_equal(same[0] as usize, *channel as usize)) {
                    Some(same) => same.push(*channel),
                    None => same.push(vec![*channel]),
                }
            }
            equal.extend(same.into_iter().filter(|same| same.len() > 1));
            scaled.push(channels);
        }
        equal.sort_unstable();
        scaled.sort_unstable();
        Ok(Self { equal, scaled })
    }

    /// How many channels could go, since another holds the same.
    pub fn surplus(groups: &[Vec<u32>]) -> usize {
        groups.iter().map(|group| group.len() - 1).sum()
    }
}

/// A channel as a vector of length 1 whose largest value is positive.
struct Unit {
    channel: usize,
    factor: f64,
    largest: f64,
    /// A number that nearly equal vectors have nearly alike.
    print: f64,
}

struct Slices<'a> {
    values: &'a [f32],
    channels: usize,
    inner: usize,
    length: usize,
}

impl<'a> Slices<'a> {
    fn of(values: &'a [f32], shape: &[usize], axis: usize) -> Option<Self> {
        let product = |dims: &[usize]| dims.iter().try_fold(1usize, |product, dim| product.checked_mul(*dim));
        let channels = *shape.get(axis)?;
        let inner = product(shape.get(axis + 1..)?)?;
        let is_right = !values.is_empty() && product(shape)? == values.len();
        is_right.then(|| Self { values, channels, inner, length: values.len() / channels })
    }

    fn slice(&self, channel: usize) -> impl Iterator<Item = f32> {
        let begin = channel * self.inner;
        self.values.chunks(self.channels * self.inner).flat_map(move |row| row[begin..begin + self.inner].iter().copied())
    }

    /// `None` of a dead channel, and of one with values that are not finite.
    fn unit(&self, channel: usize) -> Option<Unit> {
        let (mut squares, mut largest, mut print) = (0.0, 0.0f64, 0.0);
        for (place, value) in self.slice(channel).enumerate() {
            let value = f64::from(value);
            squares += value * value;
            // Of opposite values the first counts.
            if value.abs() > largest.abs() * (1.0 + TOLERANCE) {
                largest = value;
            }
            print += value * weight(place);
        }
        let norm = squares.sqrt();
        (norm > 0.0 && norm.is_finite()).then(|| {
            let factor = largest.signum() / norm;
            Unit { channel, factor, largest: largest.abs() / norm, print: print * factor }
        })
    }

    /// By how much the prints of vectors that are alike may differ.
    fn print_tolerance(&self) -> f64 {
        TOLERANCE * self.length as f64
    }

    fn are_alike(&self, a: &Unit, b: &Unit) -> bool {
        let limit = TOLERANCE * a.largest.max(b.largest);
        self.slice(a.channel).zip(self.slice(b.channel)).all(|(x, y)| (f64::from(x) * a.factor - f64::from(y) * b.factor).abs() <= limit)
    }

    fn are_equal(&self, a: usize, b: usize) -> bool {
        self.slice(a).zip(self.slice(b)).all(|(x, y)| x == y)
    }
}

/// Numbers from -1 to 1 without a pattern.
fn weight(place: usize) -> f64 {
    let z = (place as u64).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    ((z ^ (z >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 11) as f64 / (1u64 << 52) as f64 - 1.0
}

#[cfg(test)]
mod tests {
    use super::super::golden::vector;
    use super::*;

    #[test]
    fn planted_kernels_are_found() {
        let mut values = vector()[..32 * 100].to_vec();
        let copy = |values: &mut Vec<f32>, from: usize, to: usize, factor: f32| {
            (0..100).for_each(|place| values[to * 100 + place] = values[from * 100 + place] * factor);
        };
        copy(&mut values, 3, 20, 1.0);
        copy(&mut values, 3, 9, 1.0);
        copy(&mut values, 5, 6, -1.0);
        copy(&mut values, 5, 30, 0.0371);
        copy(&mut values, 1, 2, 0.0);
        copy(&mut values, 1, 4, 0.0);
        let expected = Alike { equal: vec![vec![3, 9, 20]], scaled: vec![vec![3, 9, 20], vec![5, 6, 30]] };
        assert_eq!(Alike::of(&values, &[32, 100], 0, &Token::new()), Ok(expected.clone()));
        assert_eq!((Alike::surplus(&expected.equal), Alike::surplus(&expected.scaled)), (2, 4));
        // The same along another axis.
        let transposed: Vec<f32> = (0..3200).map(|place| values[place % 32 * 100 + place / 32]).collect();
        assert_eq!(Alike::of(&transposed, &[100, 32], 1, &Token::new()), Ok(expected));
        // One value that differs a little is another kernel.
        values[20 * 100 + 50] *= 1.001;
        assert_eq!(Alike::of(&values, &[32, 100], 0, &Token::new()).unwrap().equal, [[3, 9]]);
    }

    #[test]
    fn what_has_none() {
        assert_eq!(Alike::of(&[1.0; 6], &[6, 1], 0, &Token::new()), Ok(Alike::default()));
        assert_eq!(Alike::of(&[1.0; 6], &[4], 0, &Token::new()), Ok(Alike::default()));
        assert_eq!(Alike::of(&[f32::NAN; 6], &[3, 2], 0, &Token::new()), Ok(Alike::default()));
        assert_eq!(Alike::of(&vector(), &[64, 64], 0, &Token::new()), Ok(Alike::default()));
        let all = Alike::of(&[1.0; 3000], &[1000, 3], 0, &Token::new()).unwrap();
        assert_eq!((all.equal.len(), all.equal[0].len(), all.scaled), (1, 1000, all.equal));
    }
}
