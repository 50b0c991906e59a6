//! Where a quantiser's error comes from.
//!
//! R are the values before, T those on the quantiser's grid, e = T - R. The squared error is taken apart,
//! so that the parts add up to all of it:
//!
//! 1. **Saturation**: e^2 of the values that lie beyond the grid's ends by more than half a step and became the
//!    end.
//! 2. A channel all of whose other errors (but one in a hundred) are half a step or less is explained by
//!    rounding, and no more is looked for in it.
//! 3. **Offset** and **gain**, in the other channels: the least-squares line e = o + (g - 1)(R - mean R). Its two parts
//!    and what is left of e are orthogonal, so their squares add up to e^2 exactly: n o^2, (g - 1)^2 sum (R -
//!    mean R)^2, and the rest. Either is taken only where it is more than five standard errors from zero.
//! 4. Of what is left of each value's error, u: **rounding** is `min(|u|, step / 2)^2`, which is what rounding to the
//!    grid may do, and the **remainder** `u^2` less that: more than this quantiser explains. Where codes do not lie
//!    at equal distances (nf4, f4, a codebook), the step is the distance from T's code to the next one towards R.
//!
//! Beside that, two questions of "what if", answered by quantising R anew with the same number of codes:
//! what the layer would gain without its outliers ([`OutlierCost`]), and with a scale for each channel
//! ([`Narrow`]).

use super::metrics::{Compared, total};
use super::quantiser::{Codebook, Granularity, Grid};
use super::relation::Relation;
use super::requantise;
use super::side::Side;
use super::walk::{Extras, Side as Which, Source, Stretch, walk};
use crate::jobs::Token;
use crate::weights::FoldError;

/// Where the error of a quantised weight comes from.
#[derive(Clone, Debug, PartialEq)]
pub struct Anatomy {
    /// Whether A is the quantised side, and B what it is held against.
    pub is_of_a: bool,
    pub granularity: Granularity,
    pub bits: u32,
    /// What the codes are called, and how many there are, where they do not lie at equal distances: `nf4`.
    pub codebook: Option<(&'static str, usize)>,
    pub shares: Shares,
    /// Values cut off at the ends of the grid.
    pub saturated: u64,
    pub outliers: Option<OutlierCost>,
    pub narrow: Option<Narrow>,
}

/// Parts of the squared error; they add up to 1, or are all 0 where there is no error.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Shares {
    pub rounding: f64,
    pub saturation: f64,
    pub gain: f64,
    pub offset: f64,
    pub remainder: f64,
}

/// What a few values cost all others: without them the step could be smaller.
#[derive(Clone, Debug, PartialEq)]
pub struct OutlierCost {
    /// Further than 6 * 1.4826 median absolute deviations from the median, and the farthest of all.
    pub count: u64,
    pub of: u64,
    /// SQNR of the other values, quantised anew with the step that they need, less the layer's SQNR now.
    pub gain_db: f64,
    /// The positions of up to three of them, the farthest first, in A's order.
    pub places: Vec<usize>,
}

/// Channels whose values span few codes, because a step for the whole tensor is too large for them.
#[derive(Clone, Debug, PartialEq)]
pub struct Narrow {
    /// The narrowest first.
    pub channels: Vec<usize>,
    /// The most codes that one of them spans.
    pub codes: u64,
    /// What a scale for each channel would give the layer, in dB of SQNR.
    pub gain_db: f64,
    /// And its worst channel.
    pub worst_channel_gain_db: f64,
}

impl Shares {
    /// Names and parts, in the order in which they are drawn.
    pub fn parts(&self) -> [(&'static str, f64); 5] {
        [
            ("rounding", self.rounding),
            ("saturation", self.saturation),
            ("gain", self.gain),
            ("offset", self.offset),
            ("remainder", self.remainder),
        ]
    }
}

/// Up to so many errors of a hundred beyond half a step are no sign of more than rounding.
const STRAYS: f64 = 0.01;
/// Standard errors from zero.
const SIGNIFICANT: f64 = 5.0;
/// Half a step, and a hair for the rounding of what was rounded.
const HALF: f64 = 0.5005;

impl Anatomy {
    /// Of a pair that was compared. `None` where neither side is quantised, or there is no error. Where both are,
    /// B is held against A.
    ///
    /// # Errors
    /// [`FoldError`]: cancelled, or values that can't be read.
    pub fn of(a: &Side<'_>, b: &Side<'_>, compared: &Compared, token: &Token) -> Result<Option<Self>, FoldError> {
        let has_error = compared.metrics.mse > 0.0 && !matches!(compared.relation, Relation::Identical | Relation::Layout);
        let is_of_a = b.quantiser.is_none();
        let (before, after) = if is_of_a { (b, a) } else { (a, b) };
        let alignment = if is_of_a { compared.alignment.swapped(&b.form) } else { compared.alignment.clone() };
        let Some(grid) = after.quantiser.as_ref().filter(|_| has_error).and_then(|quantiser| quantiser.grid(&alignment, Which::B)) else {
            return Ok(None);
        };
        let apart = Apart { alignment: &alignment, sources: [&before.value, &after.value], grid: &grid };
        let codebook = grid.quantiser.codebook.as_ref();
        // Steps of a codebook are its widest: what lies within them may be more than its codes explain.
        let is_rounding_alone = codebook.is_none() && compared.sums.iter().all(|sums| sums.beyond == 0);
        let (shares, saturated) = match is_rounding_alone {
            true => (Shares { rounding: 1.0, ..Shares::default() }, 0),
            false => apart.shares(token)?,
        };
        let current = total(&compared.sums);
        // Where A is the quantised one, its SQNR is that against B's power.
        let signal = if is_of_a { current.t2 } else { current.r2 };
        let current_db = super::sums::sqnr_db(signal, current.e2);
        let asked = requantise::Question { alignment: &alignment, before: &before.value, grid: &grid };
        // How such a quantiser would have chosen its scales is not known.
        let mut outliers = if codebook.is_some() { None } else { asked.outliers(current_db, token)? };
        if let (Some(outliers), true) = (&mut outliers, is_of_a) {
            outliers.places.iter_mut().for_each(|place| *place = alignment.place_in_b(*place));
        }
        let narrow = if codebook.is_some() { None } else { asked.narrow(current_db, &compared.channels, token)? };
        let (granularity, bits) = (grid.granularity(), grid.quantiser.bits());
        let codebook = codebook.map(|codebook| (codebook.name, codebook.levels.len()));
        Ok(Some(Self { is_of_a, granularity, bits, codebook, shares, saturated, outliers, narrow }))
    }
}

/// What is taken apart.
pub(super) struct Apart<'a> {
    pub alignment: &'a super::Alignment,
    /// R and T.
    pub sources: [&'a dyn Source; 2],
    /// T's.
    pub grid: &'a Grid<'a>,
}

/// A channel's sums over the values that are not saturated.
#[derive(Clone, Copy, Debug, Default)]
struct Fit {
    n: f64,
    r: f64,
    e: f64,
    r2: f64,
    re: f64,
    e2: f64,
    beyond: f64,
    saturated: u64,
    saturated_e2: f64,
}

/// The line of a channel; zeros where rounding explains it.
#[derive(Clone, Copy, Debug, Default)]
struct Line {
    mean_r: f64,
    offset: f64,
    slope: f64,
}

impl Apart<'_> {
    /// The parts, and how many values are saturated.
    pub fn shares(&self, token: &Token) -> Result<(Shares, u64), FoldError> {
        let fits = self.each(token, Fit::add, Fit::plus)?;
        let lines: Vec<Line> = fits.iter().map(Fit::line).collect();
        let rests = self.each(
            token,
            |sums: &mut [f64; 2], channel, r, t, ends| {
                if r.is_finite() && t.is_finite() && !ends.is_saturated(r, t) {
                    let line = lines.get(channel).copied().unwrap_or_default();
                    let rest = (t - r - line.offset - line.slope * (r - line.mean_r)).abs();
                    let rounding = rest.min(ends.half(r, t)).powi(2);
                    sums[0] += rounding;
                    sums[1] += rest * rest - rounding;
                }
            },
            |sums, other| (0..2).for_each(|part| sums[part] += other[part]),
        )?;
        let mut parts = Shares::default();
        for ((fit, line), rest) in fits.iter().zip(&lines).zip(&rests) {
            parts.saturation += fit.saturated_e2;
            parts.offset += fit.n * line.offset * line.offset;
            parts.gain += line.slope * line.slope * (fit.r2 - fit.r * fit.r / fit.n.max(1.0)).max(0.0);
            parts.rounding += rest[0];
            parts.remainder += rest[1];
        }
        let all: f64 = parts.parts().iter().map(|(_, part)| part).sum();
        let saturated = fits.iter().map(|fit| fit.saturated).sum();
        if all == 0.0 {
            return Ok((Shares::default(), saturated));
        }
        let shares = Shares {
            rounding: parts.rounding / all,
            saturation: parts.saturation / all,
            gain: parts.gain / all,
            offset: parts.offset / all,
            remainder: parts.remainder / all,
        };
        Ok((shares, saturated))
    }

    /// Something added up for every channel: of R, T and the grid at each pair.
    fn each<S: Clone + Default + Send>(
        &self,
        token: &Token,
        add: impl Fn(&mut S, usize, f64, f64, &Ends<'_>) + Sync,
        plus: impl Fn(&mut S, &S),
    ) -> Result<Vec<S>, FoldError> {
        let numbers = self.grid.steps().zip(self.grid.zero_points());
        let extras = numbers.as_ref().map(|(steps, zero_points)| Extras { steps, zero_points, side: Which::B });
        let visit = |state: &mut Vec<S>, local: usize, stretch: &Stretch<'_>| {
            let Some(state) = state.get_mut(local) else { return };
            let shared = self.grid.of_channel(stretch.channel).map(|(step, zero_point)| Ends::of(self.grid, step, zero_point));
            for (at, (r, t)) in stretch.a.iter().zip(stretch.b).enumerate() {
                let own = || {
                    let number = |numbers: &[f32]| numbers.get(at).copied().map_or(0.0, f64::from);
                    Ends::of(self.grid, number(stretch.step), number(stretch.zero_point))
                };
                add(state, stretch.channel, f64::from(*r), f64::from(*t), &shared.unwrap_or_else(own));
            }
        };
        let pieces = walk(self.alignment, self.sources, extras, token, |channels| vec![S::default(); channels], visit)?;
        let mut channels = vec![S::default(); self.alignment.channels().unwrap_or(1)];
        for (first, states) in pieces {
            channels.iter_mut().skip(first).zip(&states).for_each(|(channel, state)| plus(channel, state));
        }
        Ok(channels)
    }
}

/// The grid at one value.
#[derive(Clone, Copy, Debug)]
struct Ends<'g> {
    step: f64,
    low: f64,
    high: f64,
    /// With the factor on its numbers.
    codebook: Option<(&'g Codebook, f64)>,
}

impl<'g> Ends<'g> {
    fn of(grid: &Grid<'g>, step: f64, zero_point: f64) -> Self {
        let Some(codebook) = &grid.quantiser.codebook else {
            let (low, high) = grid.ends(step, zero_point);
            return Self { step, low, high, codebook: None };
        };
        let scale = step / codebook.widest();
        let end = |level: Option<&f32>| level.map_or(0.0, |level| f64::from(*level) * scale);
        Self { step, low: end(codebook.levels.first()), high: end(codebook.levels.last()), codebook: Some((codebook, scale)) }
    }

    /// What rounding may change of a value: half the step to the next code.
    fn half(&self, r: f64, t: f64) -> f64 {
        match self.codebook {
            None => self.step / 2.0,
            Some((_, scale)) if scale <= 0.0 => 0.0,
            Some((codebook, scale)) => codebook.half_gap(t / scale, r > t) * scale,
        }
    }

    /// Whether R lies beyond the end that T is at. Quantisers that leave out the lowest code of a signed type
    /// have their low end one code higher.
    fn is_saturated(&self, r: f64, t: f64) -> bool {
        let step = 2.0 * self.half(r, t);
        let spared = if self.codebook.is_some() { 0.25 } else { 1.25 };
        let is_high = t >= self.high - step / 4.0 && r > t + HALF * step;
        let is_low = t <= self.low + spared * step && r < t - HALF * step;
        is_high || is_low
    }
}

impl Fit {
    fn add(&mut self, _channel: usize, r: f64, t: f64, ends: &Ends<'_>) {
        if !r.is_finite() || !t.is_finite() {
            return;
        }
        let e = t - r;
        if ends.is_saturated(r, t) {
            self.saturated += 1;
            self.saturated_e2 += e * e;
            return;
        }
        self.n += 1.0;
        self.r += r;
        self.e += e;
        self.r2 += r * r;
        self.re += r * e;
        self.e2 += e * e;
        self.beyond += f64::from(u8::from(e.abs() > 2.0 * HALF * ends.half(r, t) + 1e-6 * r.abs()));
    }

    fn plus(&mut self, other: &Self) {
        self.n += other.n;
        self.r += other.r;
        self.e += other.e;
        self.r2 += other.r2;
        self.re += other.re;
        self.e2 += other.e2;
        self.beyond += other.beyond;
        self.saturated += other.saturated;
        self.saturated_e2 += other.saturated_e2;
    }

    fn line(&self) -> Line {
        const FEWEST: f64 = 8.0;
        if self.n < FEWEST || self.beyond <= STRAYS * self.n {
            return Line::default();
        }
        let (mean_r, mean_e) = (self.r / self.n, self.e / self.n);
        let (rr, re, ee) = (self.r2 - self.r * mean_r, self.re - self.r * mean_e, (self.e2 - self.e * mean_e).max(0.0));
        let offset_error = (ee / self.n / self.n).sqrt();
        let offset = if mean_e.abs() > SIGNIFICANT * offset_error { mean_e } else { 0.0 };
        let slope = if rr > 0.0 { re / rr } else { 0.0 };
        let left = (ee - slope * re).max(0.0);
        let slope_error = (left / (self.n - 2.0) / rr).sqrt();
        let slope = if rr > 0.0 && slope.abs() > SIGNIFICANT * slope_error { slope } else { 0.0 };
        Line { mean_r, offset, slope }
    }
}
