//! What a weight's values look like, from a few hundred of them: enough to tell weights apart, and to know one
//! again in another layout, rounded, or scaled by channel.
//!
//! Samples are taken at places told by the letters of the axes, the same for every layout: some output
//! channels, and in each some places counted in the order I, D, H, W. Weights without letters are sampled in
//! their own order as well.

use crate::compare::align::Form;
use crate::weights::{FoldError, Value};

/// Output channels and places in each that are sampled at most.
const CHANNELS: usize = 24;
const INNER: usize = 24;
const FLAT: usize = CHANNELS * INNER;

/// Samples of a weight.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Sketch {
    /// By letters; a row a channel. Empty without letters.
    by_letter: Vec<f32>,
    /// Samples of one channel.
    row: usize,
    /// In the weight's own order.
    flat: Vec<f32>,
}

/// How alike two sketches are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Likeness {
    /// Too few or too plain values to tell.
    Unknown,
    /// Correlation, and whether it is more than chance would give.
    Correlation { value: f64, is_chance: bool },
    /// The same constant, which many weights are (zeros, ones).
    SameConstant,
}

impl Sketch {
    pub fn of(value: &Value<'_>, form: &Form) -> Result<Self, FoldError> {
        let count: usize = form.shape.iter().product();
        let read = |place: usize| -> Result<f32, FoldError> {
            let mut one = [0.0];
            value.read_f32(place, &mut one)?;
            Ok(one[0])
        };
        let flat = (0..count.min(FLAT)).map(|sample| read(spread(sample, FLAT, count))).collect::<Result<_, _>>()?;
        let mut sketch = Self { flat, ..Self::default() };
        let Some(axes) = lettered(form).filter(|_| count > 0) else { return Ok(sketch) };
        let extent = |is_output: bool| axes.iter().filter(|axis| (axis.0 == 'O') == is_output).map(|axis| axis.1).product::<usize>();
        let (channels, inner) = (extent(true), extent(false));
        let most = if channels < CHANNELS { FLAT / channels } else { INNER };
        let rows = channels.min(if inner < INNER { FLAT / inner.max(1) } else { CHANNELS });
        sketch.row = inner.min(most);
        for row in 0..rows {
            let channel = spread(row, rows, channels);
            for sample in 0..sketch.row {
                let place = place(&axes, channel, spread(sample + row, most, inner));
                sketch.by_letter.push(read(place)?);
            }
        }
        Ok(sketch)
    }

    /// A value that the same weight has however often it is written, for finding duplicates.
    pub fn bits(&self) -> impl Iterator<Item = u32> {
        self.flat.iter().map(|value| value.to_bits())
    }

    /// Which of the first samples are above their mean: weights that are alike have most of these alike.
    pub fn signs(&self) -> u128 {
        let samples = if self.by_letter.is_empty() { &self.flat } else { &self.by_letter };
        let samples = &samples[..samples.len().min(128)];
        let mean = samples.iter().sum::<f32>() / samples.len().max(1) as f32;
        samples.iter().enumerate().fold(0, |signs, (bit, value)| signs | u128::from(*value > mean) << bit)
    }

    /// Scale does not count, nor does a scale for each channel.
    pub fn likeness(&self, other: &Self) -> Likeness {
        if !self.by_letter.is_empty() && self.by_letter.len() == other.by_letter.len() && self.row == other.row {
            let whole = correlation(&self.by_letter, &other.by_letter);
            if self.row < 4 {
                return whole;
            }
            let by_channel = mean_correlation(&self.by_letter, &other.by_letter, self.row);
            // Scaled by channel, each channel correlates and the whole does not.
            return match (whole, by_channel) {
                (Likeness::Correlation { value: a, .. }, Likeness::Correlation { value: b, .. }) if b > a => by_channel,
                (Likeness::Unknown, _) => by_channel,
                _ => whole,
            };
        }
        if self.flat.len() == other.flat.len() { correlation(&self.flat, &other.flat) } else { Likeness::Unknown }
    }
}

/// The number of one of `of` samples among `count`, spread evenly and, where it is one in many, off any period.
fn spread(sample: usize, of: usize, count: usize) -> usize {
    if count <= of {
        return sample % count.max(1);
    }
    let turn = (sample as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
    ((u128::from(turn) * count as u128) >> 32) as usize
}

/// Letter, extent and stride of every axis, the outputs first, then I, D, H, W; the slower first.
fn lettered(form: &Form) -> Option<Vec<(char, usize, usize)>> {
    let layout = form.layout.filter(|layout| layout.len() == form.shape.len())?;
    let mut stride = 1;
    let mut axes = Vec::new();
    for (letter, extent) in layout.chars().rev().zip(form.shape.iter().rev()) {
        let letter = match letter {
            'G' | 'M' => 'O',
            '1' => 'I',
            other => other,
        };
        axes.push((letter, *extent, stride));
        stride *= extent;
    }
    axes.reverse();
    axes.sort_by_key(|(letter, ..)| "OIDHW".find(*letter));
    Some(axes)
}

fn place(axes: &[(char, usize, usize)], channel: usize, inner: usize) -> usize {
    let (mut channel, mut inner, mut place) = (channel, inner, 0);
    for (letter, extent, stride) in axes.iter().rev() {
        let rest = if *letter == 'O' { &mut channel } else { &mut inner };
        place += *rest % extent * stride;
        *rest /= extent;
    }
    place
}

/// Standard errors beyond which a correlation is no chance.
const SIGNIFICANT: f64 = 4.5;

fn correlation(a: &[f32], b: &[f32]) -> Likeness {
    let pairs: Vec<(f64, f64)> =
        a.iter().zip(b).filter(|(a, b)| a.is_finite() && b.is_finite()).map(|(a, b)| (f64::from(*a), f64::from(*b))).collect();
    let n = pairs.len() as f64;
    if pairs.is_empty() {
        return Likeness::Unknown;
    }
    let is_same = pairs.iter().all(|(a, b)| a == b);
    match pearson(&pairs) {
        None if is_same => Likeness::SameConstant,
        None => Likeness::Unknown,
        Some(_) if is_same && pairs.len() > 3 => Likeness::Correlation { value: 1.0, is_chance: false },
        Some(_) if pairs.len() < 4 => Likeness::Unknown,
        Some(value) => {
            // Fisher's transformation.
            let z = value.clamp(-0.999_999, 0.999_999).atanh() * (n - 3.0).sqrt();
            Likeness::Correlation { value, is_chance: z < SIGNIFICANT }
        }
    }
}

fn mean_correlation(a: &[f32], b: &[f32], row: usize) -> Likeness {
    let mut values = Vec::new();
    for (a, b) in a.chunks(row).zip(b.chunks(row)) {
        let pairs: Vec<(f64, f64)> = a.iter().zip(b).map(|(a, b)| (f64::from(*a), f64::from(*b))).collect();
        values.extend(pearson(&pairs).filter(|value| value.is_finite()));
    }
    if values.is_empty() {
        return Likeness::Unknown;
    }
    let n = values.len() as f64;
    let value = values.iter().sum::<f64>() / n;
    Likeness::Correlation { value, is_chance: value * (n * (row as f64 - 1.0)).sqrt() < SIGNIFICANT }
}

/// `None` where one side does not change.
fn pearson(pairs: &[(f64, f64)]) -> Option<f64> {
    let n = pairs.len() as f64;
    let mean = |pick: fn(&(f64, f64)) -> f64| pairs.iter().map(pick).sum::<f64>() / n;
    let (mean_a, mean_b) = (mean(|pair| pair.0), mean(|pair| pair.1));
    let sums = pairs.iter().fold([0.0; 3], |[aa, bb, ab], (a, b)| {
        let (a, b) = (a - mean_a, b - mean_b);
        [aa + a * a, bb + b * b, ab + a * b]
    });
    let is_flat = |power: f64, mean: f64| power <= 1e-12 * n * mean * mean || power == 0.0;
    if is_flat(sums[0], mean_a) || is_flat(sums[1], mean_b) {
        return None;
    }
    Some((sums[2] / (sums[0] * sums[1]).sqrt()).clamp(-1.0, 1.0))
}
