//! "What if" for a quantised weight: its values before, quantised anew with the same number of codes but
//! without a few outliers, or with a scale for each channel.
//!
//! Quantising is what TensorFlow Lite does: symmetric scales are `max |R| / last code`, others `(max - min) /
//! (codes - 1)` over a range that holds zero; codes are rounded half to even, all in float32.

use fearless_simd::{Level, dispatch};
use rayon::prelude::*;

use super::align::Alignment;
use super::anatomy::{Narrow, OutlierCost};
use super::metrics::{ChannelError, worst};
use super::quantiser::{Granularity, Grid};
use super::sums::{all_finite, sqnr_db};
use super::walk::{Source, Stretch, walk};
use crate::jobs::Token;
use crate::stats::{self, Summary, extremes};
use crate::weights::FoldError;

/// Less is not worth a sentence.
const WORTH_DB: f64 = 3.0;
/// One value in so many may be left out as an outlier.
const RARE: usize = 1000;
/// No more than so many are left out.
const MOST: usize = 1024;
/// Values that are read at a time.
const BLOCK: usize = 1 << 16;

pub(super) struct Question<'a> {
    pub alignment: &'a Alignment,
    /// R.
    pub before: &'a dyn Source,
    pub grid: &'a Grid<'a>,
}

/// A quantiser made anew.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Anew {
    scale: f32,
    zero_point: f32,
    first: f32,
    last: f32,
}

/// One channel's least and largest value, zero among them, and the largest magnitudes.
#[derive(Clone, Debug, Default)]
struct Extremes {
    low: f32,
    high: f32,
    /// Largest first.
    top: Vec<f32>,
}

/// Error and signal of one channel, quantised anew.
#[derive(Clone, Copy, Debug, Default)]
struct Powers {
    signal: f64,
    error: f64,
}

impl Question<'_> {
    /// What outliers cost; `None` where it is little, or where scales are by block.
    pub fn outliers(&self, current_db: f64, token: &Token) -> Result<Option<OutlierCost>, FoldError> {
        let most = (self.alignment.count() / RARE).clamp(1, MOST);
        if self.grid.granularity() == Granularity::Block || self.alignment.count() < 16 {
            return Ok(None);
        }
        let is_by_tensor = self.grid.granularity() == Granularity::Tensor;
        let channels = self.extremes(if is_by_tensor { most } else { 1 } + 1, token)?;
        let limits = match is_by_tensor {
            true => vec![Self::of_tensor(&channels, most); channels.len()],
            false => channels.iter().map(Self::of_channel).collect(),
        };
        let Some(limit) = limits.iter().flatten().copied().reduce(f32::min) else { return Ok(None) };
        // Only a true outlier is called one.
        let summary = Summary::of(&Read { source: self.before, count: self.alignment.count() }, token)?;
        let reach = 6.0 * 1.4826 * summary.mad;
        if (f64::from(limit) - summary.percentiles.p50.abs()).abs() <= reach {
            return Ok(None);
        }
        let mut left_out = self.beyond(&limits, limit, token)?;
        let places: Vec<usize> = left_out.iter().map(|(place, _)| *place).collect();
        left_out.sort_by(|a, b| b.1.total_cmp(&a.1));
        let first_places = left_out.iter().take(3).map(|(place, _)| *place).collect();
        let without = self.extremes_within(&limits, token)?;
        let quantisers = self.quantisers(&without, is_by_tensor);
        let powers = self.powers(&quantisers, &places, token)?;
        let total = powers.iter().fold(Powers::default(), |sum, channel| sum.plus(*channel));
        let gain_db = sqnr_db(total.signal, total.error) - current_db;
        let cost = OutlierCost { count: places.len() as u64, of: self.alignment.count() as u64, gain_db, places: first_places };
        Ok((gain_db >= WORTH_DB).then_some(cost))
    }

    /// Which channels span few codes under one step for all, and what a scale for each would give; `None` where
    /// there are none or it is little.
    pub fn narrow(&self, current_db: f64, errors: &[ChannelError], token: &Token) -> Result<Option<Narrow>, FoldError> {
        let (Granularity::Tensor, Some((step, _)), true) = (self.grid.granularity(), self.grid.of_channel(0), errors.len() > 1) else {
            return Ok(None);
        };
        let (first, last) = self.grid.quantiser.codes;
        let few = ((last - first + 1) / 32).max(3) as u64;
        let channels = self.extremes(0, token)?;
        let codes = |extremes: &Extremes| {
            let code = |value: f32| (f64::from(value) / step).round_ties_even();
            (code(extremes.high) - code(extremes.low)) as u64 + 1
        };
        let mut narrow: Vec<(u64, usize)> = channels
            .iter()
            .enumerate()
            .filter(|(_, extremes)| extremes.low < extremes.high)
            .map(|(channel, extremes)| (codes(extremes), channel))
            .filter(|(codes, _)| *codes <= few)
            .collect();
        narrow.sort_unstable();
        if narrow.is_empty() {
            return Ok(None);
        }
        let quantisers = self.quantisers(&channels, false);
        let powers = self.powers(&quantisers, &[], token)?;
        let total = powers.iter().fold(Powers::default(), |sum, channel| sum.plus(*channel));
        let gain_db = sqnr_db(total.signal, total.error) - current_db;
        let worst_now = worst(errors).map_or(f64::NAN, |channel| channel.sqnr_db);
        let worst_then = powers.iter().map(|channel| sqnr_db(channel.signal, channel.error)).fold(f64::INFINITY, f64::min);
        let worst_channel_gain_db = worst_then - worst_now;
        let codes = narrow.iter().map(|(codes, _)| *codes).max().unwrap_or(0);
        let channels = narrow.into_iter().map(|(_, channel)| channel).collect();
        Ok((gain_db.max(worst_channel_gain_db) >= WORTH_DB).then_some(Narrow { channels, codes, gain_db, worst_channel_gain_db }))
    }

    /// From which magnitude on values are left out under a common step: the fewest whose absence shrinks it by nine
    /// tenths, in decibels, of what any number of them would.
    fn of_tensor(channels: &[Extremes], most: usize) -> Option<f32> {
        let mut top: Vec<f32> = channels.iter().flat_map(|channel| channel.top.iter().copied()).collect();
        top.sort_by(|a, b| b.total_cmp(a));
        top.truncate(most + 1);
        let peak = *top.first()?;
        let saved = |count: usize| 20.0 * f64::from(peak / top[count].max(f32::MIN_POSITIVE)).log10();
        let best = (1..top.len()).map(saved).fold(0.0, f64::max);
        let count = (1..top.len()).find(|count| saved(*count) >= 0.9 * best)?;
        (best >= WORTH_DB).then(|| top[count - 1])
    }

    /// The same of a channel with a step of its own, for one value: it has to double the step.
    fn of_channel(extremes: &Extremes) -> Option<f32> {
        match extremes.top[..] {
            [first, second, ..] if first > 2.0 * second => Some(first),
            _ => None,
        }
    }

    /// Of every channel, with its `top` largest magnitudes.
    fn extremes(&self, top: usize, token: &Token) -> Result<Vec<Extremes>, FoldError> {
        self.extremes_by(top, token, |extremes, stretch| extremes.add(stretch.a, top))
    }

    /// Of every channel, without the values that reach its limit.
    fn extremes_within(&self, limits: &[Option<f32>], token: &Token) -> Result<Vec<Extremes>, FoldError> {
        self.extremes_by(0, token, |extremes, stretch| {
            let limit = limits.get(stretch.channel).copied().flatten().unwrap_or(f32::INFINITY);
            stretch.a.iter().filter(|value| value.abs() < limit).for_each(|value| extremes.add_one(*value, 0));
        })
    }

    fn extremes_by(&self, top: usize, token: &Token, add: impl Fn(&mut Extremes, &Stretch<'_>) + Sync) -> Result<Vec<Extremes>, FoldError> {
        let visit = |state: &mut Vec<Extremes>, local: usize, stretch: &Stretch<'_>| {
            if let Some(extremes) = state.get_mut(local) {
                add(extremes, stretch);
            }
        };
        let alignment = self.alignment.with_itself();
        let nothing = Marks { places: &[] };
        let pieces = walk(&alignment, [self.before, &nothing], None, token, |channels| vec![Extremes::default(); channels], visit)?;
        let mut channels = vec![Extremes::default(); self.alignment.channels().unwrap_or(1)];
        for (first, states) in pieces {
            channels.iter_mut().skip(first).zip(&states).for_each(|(channel, state)| channel.plus(state, top));
        }
        Ok(channels)
    }

    /// Where finite values reach the limit of their channel, in order, and their magnitudes. `least` is the least limit.
    fn beyond(&self, limits: &[Option<f32>], least: f32, token: &Token) -> Result<Vec<(usize, f32)>, FoldError> {
        let count = self.alignment.count();
        let is_left_out = |place: usize, size: f32| {
            let limit = limits.get(self.alignment.channel_of(place).unwrap_or(0)).copied().flatten();
            limit.is_some_and(|limit| size >= limit)
        };
        let of_block = |block: &mut Vec<f32>, number: usize| -> Result<Vec<(usize, f32)>, FoldError> {
            token.check()?;
            let start = number * BLOCK;
            block.resize(BLOCK.min(count - start), 0.0);
            self.before.read(start, block)?;
            let sizes = block.iter().enumerate().map(|(at, value)| (start + at, value.abs()));
            Ok(sizes.filter(|(place, size)| *size >= least && size.is_finite() && is_left_out(*place, *size)).collect())
        };
        let blocks = (0..count.div_ceil(BLOCK)).into_par_iter().map_init(Vec::new, of_block);
        Ok(blocks.collect::<Result<Vec<_>, _>>()?.concat())
    }

    /// A quantiser a channel, or the same for all.
    fn quantisers(&self, channels: &[Extremes], is_by_tensor: bool) -> Vec<Anew> {
        let of = |low: f32, high: f32| self.anew(low, high);
        if !is_by_tensor {
            return channels.iter().map(|extremes| of(extremes.low, extremes.high)).collect();
        }
        let low = channels.iter().map(|extremes| extremes.low).fold(0.0, f32::min);
        let high = channels.iter().map(|extremes| extremes.high).fold(0.0, f32::max);
        vec![of(low, high); channels.len()]
    }

    fn anew(&self, low: f32, high: f32) -> Anew {
        let (first, last) = self.grid.quantiser.codes;
        let zero_point = self.grid.of_channel(0).map_or(0.0, |(_, zero_point)| zero_point);
        let middle = (first as f64 + last as f64) / 2.0;
        let (first, last) = (first as f32, last as f32);
        if (zero_point - middle).abs() <= 0.75 {
            // As many codes above zero as below it.
            let most = ((last - first) / 2.0).floor();
            return Anew { scale: high.max(-low) / most, zero_point: 0.0, first: -most, last: most };
        }
        let scale = (high - low) / (last - first);
        Anew { scale, zero_point: (first - low / scale).round_ties_even(), first, last }
    }

    /// Of every channel, quantised anew; the places left out count for nothing.
    fn powers(&self, quantisers: &[Anew], left_out: &[usize], token: &Token) -> Result<Vec<Powers>, FoldError> {
        let visit = |state: &mut Vec<Powers>, local: usize, stretch: &Stretch<'_>| {
            let (Some(powers), Some(quantiser)) = (state.get_mut(local), quantisers.get(stretch.channel)) else { return };
            for (r, _) in stretch.a.iter().zip(stretch.b).filter(|(r, mark)| r.is_finite() && **mark == 0.0) {
                let (r, e) = (f64::from(*r), f64::from(quantiser.value(*r)) - f64::from(*r));
                powers.signal += r * r;
                powers.error += e * e;
            }
        };
        let marks = Marks { places: left_out };
        let alignment = self.alignment.with_itself();
        let pieces = walk(&alignment, [self.before, &marks], None, token, |channels| vec![Powers::default(); channels], visit)?;
        let mut channels = vec![Powers::default(); self.alignment.channels().unwrap_or(1)];
        for (first, states) in pieces {
            channels.iter_mut().skip(first).zip(&states).for_each(|(channel, state)| *channel = channel.plus(*state));
        }
        Ok(channels)
    }
}

/// A side's values in its own order, for figures.
struct Read<'a> {
    source: &'a dyn Source,
    count: usize,
}

impl stats::Readable for Read<'_> {
    type Error = FoldError;

    fn count(&self) -> usize {
        self.count
    }

    fn block<'b>(&'b self, start: usize, len: usize, room: &'b mut Vec<f32>) -> Result<&'b [f32], FoldError> {
        room.resize(len, 0.0);
        self.source.read(start, room)?;
        Ok(room)
    }
}

/// 1 at some places, by ascending position, else 0.
struct Marks<'a> {
    places: &'a [usize],
}

impl Source for Marks<'_> {
    fn read(&self, start: usize, out: &mut [f32]) -> Result<(), FoldError> {
        out.fill(0.0);
        let from = self.places.partition_point(|place| *place < start);
        for place in &self.places[from..] {
            let Some(slot) = out.get_mut(place - start) else { break };
            *slot = 1.0;
        }
        Ok(())
    }
}

impl Anew {
    fn value(&self, r: f32) -> f32 {
        if self.scale == 0.0 {
            return 0.0;
        }
        let code = ((r / self.scale).round_ties_even() + self.zero_point).clamp(self.first, self.last);
        (code - self.zero_point) * self.scale
    }
}

impl Extremes {
    fn add(&mut self, values: &[f32], top: usize) {
        dispatch!(Level::new(), _ => self.add_parts(values, top));
    }

    #[inline(always)]
    fn add_parts(&mut self, values: &[f32], top: usize) {
        const PART: usize = 256;
        for part in values.chunks(PART) {
            if !all_finite(part) {
                part.iter().filter(|value| value.is_finite()).for_each(|value| self.add_one(*value, top));
                continue;
            }
            let (low, high, _) = extremes(part);
            (self.low, self.high) = (self.low.min(low), self.high.max(high));
            // Few parts hold one of the largest.
            if top > 0 && high.max(-low) > self.floor(top) {
                part.iter().for_each(|value| self.add_one(*value, top));
            }
        }
    }

    fn add_one(&mut self, value: f32, top: usize) {
        (self.low, self.high) = (self.low.min(value), self.high.max(value));
        if top > 0 && value.abs() > self.floor(top) {
            self.note(value.abs(), top);
        }
    }

    /// What a magnitude has to be above to be one of the largest.
    fn floor(&self, top: usize) -> f32 {
        self.top.get(top - 1).copied().unwrap_or(-1.0)
    }

    fn note(&mut self, magnitude: f32, top: usize) {
        let at = self.top.partition_point(|other| *other >= magnitude);
        self.top.insert(at, magnitude);
        self.top.truncate(top);
    }

    fn plus(&mut self, other: &Self, top: usize) {
        self.low = self.low.min(other.low);
        self.high = self.high.max(other.high);
        other.top.iter().for_each(|magnitude| self.note(*magnitude, top));
    }
}

impl Powers {
    fn plus(self, other: Self) -> Self {
        Self { signal: self.signal + other.signal, error: self.error + other.error }
    }
}
