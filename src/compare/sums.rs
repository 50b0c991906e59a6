//! What one pass over two weights adds up, for every output channel.
//!
//! Only pairs in which both values are finite count; the others are told by their number. Everything
//! is added up in float64. Powers of R about its mean are taken in each run about the run's own mean
//! and brought together by the formulas of Chan, Golub and LeVeque (1983) and Pébay (2008), so that one
//! pass over the memory is enough and nothing cancels.

use fearless_simd::{Level, dispatch};

use super::walk::Stretch;
use crate::stats::extremes;

/// Sums over pairs of R (the reference) and T, with e = T - R.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Sums {
    /// Pairs in which both are finite.
    pub count: u64,
    /// The others.
    pub excluded: u64,
    /// Pairs that are equal in value: 0 and -0 are, two NaN are, too.
    pub equal: u64,
    /// Pairs further apart than the tolerance of the caller.
    pub beyond: u64,
    /// e^2 of those.
    pub beyond_e2: f64,
    /// Pairs that numpy's `isclose` takes for equal.
    pub close: u64,
    pub r: f64,
    pub e: f64,
    pub r2: f64,
    pub t2: f64,
    pub rt: f64,
    pub e2: f64,
    pub max_e: f64,
    pub max_r: f64,
    pub min_r: f64,
    /// e in steps of the quantiser, squared.
    pub steps2: f64,
    /// Powers of the distance of R from its mean.
    m2: f64,
    m3: f64,
    m4: f64,
    /// Squared distance of e from its mean.
    e_m2: f64,
}

/// `numpy.isclose`: relative to R.
const RTOL: f64 = 1e-5;
const ATOL: f64 = 1e-8;

/// Independent partial sums: shorter chains of additions lose less, and the compiler takes several at
/// once.
const LANES: usize = 8;

impl Sums {
    /// Adds a stretch of pairs.
    pub fn add(&mut self, stretch: &Stretch<'_>, tolerance: &Tolerance, spare: &mut Spare) {
        let (a, b) = (stretch.a, stretch.b);
        let (equal, sums) = dispatch!(Level::new(), _ => of_stretch(stretch, tolerance));
        self.equal += u64::from(equal);
        if let Some(sums) = sums {
            self.plus(&sums);
            return;
        }
        let (finite_a, finite_b, steps) = spare.finite(stretch);
        self.excluded += (a.len() - finite_a.len()) as u64;
        self.equal += a.iter().zip(b).filter(|(r, t)| r.is_nan() && t.is_nan()).count() as u64;
        // Equal infinities are close; NaN is not.
        self.close += a.iter().zip(b).filter(|(r, t)| r.is_infinite() && r == t).count() as u64;
        self.plus(&of(finite_a, finite_b, steps, tolerance));
    }

    /// Adds what was added up elsewhere.
    pub fn plus(&mut self, other: &Self) {
        if other.count > 0 && self.count > 0 {
            let (n_a, n_b) = (self.count as f64, other.count as f64);
            let n = n_a + n_b;
            let delta = other.r / n_b - self.r / n_a;
            let (d2, part) = (delta * delta, n_a * n_b / n);
            let m4 = self.m4
                + other.m4
                + d2 * d2 * part * (n_a * n_a - n_a * n_b + n_b * n_b) / (n * n)
                + 6.0 * d2 * (n_a * n_a * other.m2 + n_b * n_b * self.m2) / (n * n)
                + 4.0 * delta * (n_a * other.m3 - n_b * self.m3) / n;
            let m3 = self.m3 + other.m3 + d2 * delta * part * (n_a - n_b) / n + 3.0 * delta * (n_a * other.m2 - n_b * self.m2) / n;
            self.m2 += other.m2 + d2 * part;
            self.e_m2 += other.e_m2 + (other.e / n_b - self.e / n_a).powi(2) * part;
            (self.m3, self.m4) = (m3, m4);
        } else if other.count > 0 {
            (self.m2, self.m3, self.m4, self.e_m2) = (other.m2, other.m3, other.m4, other.e_m2);
        }
        if other.count > 0 {
            self.min_r = if self.count == 0 { other.min_r } else { self.min_r.min(other.min_r) };
            self.max_r = if self.count == 0 { other.max_r } else { self.max_r.max(other.max_r) };
        }
        self.count += other.count;
        self.excluded += other.excluded;
        self.equal += other.equal;
        self.beyond += other.beyond;
        self.beyond_e2 += other.beyond_e2;
        self.close += other.close;
        self.r += other.r;
        self.e += other.e;
        self.r2 += other.r2;
        self.t2 += other.t2;
        self.rt += other.rt;
        self.e2 += other.e2;
        self.steps2 += other.steps2;
        self.max_e = self.max_e.max(other.max_e);
    }

    /// Biased excess kurtosis of R (`scipy.stats.kurtosis`); NaN where R is all but constant.
    pub fn kurtosis(&self) -> f64 {
        let n = self.count as f64;
        let (mean, m2) = (self.r / n, self.m2 / n);
        if m2 <= (f64::EPSILON * mean).powi(2) { f64::NAN } else { self.m4 / n / (m2 * m2) - 3.0 }
    }

    /// Population standard deviation of e.
    pub fn error_std(&self) -> f64 {
        (self.e_m2 / self.count as f64).sqrt()
    }

    /// The largest magnitude of R.
    pub fn peak_r(&self) -> f64 {
        self.max_r.abs().max(self.min_r.abs())
    }

    /// The least-squares factor g in T = g R; NaN where R is zero.
    pub fn gain(&self) -> f64 {
        self.rt / self.r2
    }

    /// What is left of T's power after its best fit to R.
    pub fn left_by_gain(&self) -> f64 {
        if self.r2 == 0.0 { self.t2 } else { (self.t2 - self.rt * self.rt / self.r2).max(0.0) }
    }

    /// The correlation of R and T, means not taken off.
    pub fn cosine(&self) -> f64 {
        match (self.r2 == 0.0, self.t2 == 0.0) {
            (true, true) => 1.0,
            (false, false) => (self.rt / (self.r2.sqrt() * self.t2.sqrt())).clamp(-1.0, 1.0),
            _ => 0.0,
        }
    }

    /// `20 log10(norm R / norm e)`; infinite where there is no error, negative infinite where there is nothing else.
    pub fn sqnr_db(&self) -> f64 {
        sqnr_db(self.r2, self.e2)
    }
}

/// The ratio of two powers in decibels; no error is infinite, R of zero alone negative infinite.
pub(super) fn sqnr_db(signal: f64, error: f64) -> f64 {
    match (signal == 0.0, error == 0.0) {
        (_, true) => f64::INFINITY,
        (true, false) => f64::NEG_INFINITY,
        _ => 20.0 * (signal.sqrt() / error.sqrt()).log10(),
    }
}

/// Room for the finite pairs of a stretch that has others.
#[derive(Default)]
pub(super) struct Spare {
    a: Vec<f32>,
    b: Vec<f32>,
    steps: Vec<f32>,
}

impl Spare {
    fn finite(&mut self, stretch: &Stretch<'_>) -> (&[f32], &[f32], &[f32]) {
        self.a.clear();
        self.b.clear();
        self.steps.clear();
        for (at, (a, b)) in stretch.a.iter().zip(stretch.b).enumerate() {
            if a.is_finite() && b.is_finite() {
                self.a.push(*a);
                self.b.push(*b);
                self.steps.extend(stretch.step.get(at));
            }
        }
        (&self.a, &self.b, &self.steps)
    }
}

/// Whether no value is NaN or infinite.
#[inline(always)]
pub(super) fn all_finite(values: &[f32]) -> bool {
    const EXPONENT: u32 = 0x7f80_0000;
    let most = values.iter().fold(0u32, |most, value| most.max(value.to_bits() & EXPONENT));
    most != EXPONENT
}

/// How many pairs are equal, and their sums if all are finite.
#[inline(always)]
fn of_stretch(stretch: &Stretch<'_>, tolerance: &Tolerance) -> (u32, Option<Sums>) {
    let (a, b) = (stretch.a, stretch.b);
    let equal = a.iter().zip(b).map(|(r, t)| u32::from(r == t)).sum();
    (equal, (all_finite(a) && all_finite(b)).then(|| of(a, b, stretch.step, tolerance)))
}

/// The sums of finite pairs.
#[inline(always)]
fn of(a: &[f32], b: &[f32], steps: &[f32], tolerance: &Tolerance) -> Sums {
    let mut lanes = Lanes::default();
    let (chunks_a, rest_a) = a.as_chunks::<LANES>();
    let (chunks_b, rest_b) = b.as_chunks::<LANES>();
    for (a, b) in chunks_a.iter().zip(chunks_b) {
        lanes.add(a, b, tolerance);
    }
    if !rest_a.is_empty() {
        // A zero beside a zero adds nothing but closeness, which is taken off again below.
        let (mut a, mut b) = ([0.0; LANES], [0.0; LANES]);
        a[..rest_a.len()].copy_from_slice(rest_a);
        b[..rest_b.len()].copy_from_slice(rest_b);
        lanes.add(&a, &b, tolerance);
    }
    let count = a.len() as f64;
    let mut sums = lanes.sums(a.len() as u64);
    sums.close -= if rest_a.is_empty() { 0 } else { (LANES - rest_a.len()) as u64 };
    // Only what is there, for the zeros may lie outside.
    let (low, high, _) = extremes(a);
    (sums.min_r, sums.max_r) = (low.into(), high.into());
    [sums.m2, sums.m3, sums.m4] = central_powers(a, sums.r / count);
    let mean = sums.e / count;
    // Where the mean is most of it, the difference of the two would cancel.
    sums.e_m2 = match sums.e2 > 2.0 * count * mean * mean {
        true => sums.e2 - count * mean * mean,
        false => a.iter().zip(b).map(|(r, t)| (f64::from(*t) - f64::from(*r) - mean).powi(2)).sum(),
    };
    if steps.is_empty() {
        sums.steps2 = sums.e2 / (tolerance.step * tolerance.step);
    } else {
        (sums.beyond, sums.beyond_e2) = (0, 0.0);
        for ((r, t), step) in a.iter().zip(b).zip(steps) {
            let (r, t, step) = (f64::from(*r), f64::from(*t), f64::from(*step));
            sums.steps2 += ((t - r) / step).powi(2);
            if (t - r).abs() > tolerance.slack * step + tolerance.limit + tolerance.relative * r.abs() {
                sums.beyond += 1;
                sums.beyond_e2 += (t - r).powi(2);
            }
        }
    }
    if a.is_empty() {
        return Sums::default();
    }
    sums
}

/// How far apart rounding may bring a pair.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tolerance {
    /// The quantiser's step, where all share it; else a stretch brings its own.
    pub step: f64,
    /// So far whatever the values are, half the steps of all that share them.
    pub limit: f64,
    /// In steps that a stretch brings.
    pub slack: f64,
    /// Relative to R.
    pub relative: f64,
}

#[derive(Default)]
struct Lanes {
    r: [f64; LANES],
    e: [f64; LANES],
    r2: [f64; LANES],
    t2: [f64; LANES],
    rt: [f64; LANES],
    e2: [f64; LANES],
    max_e: [f64; LANES],
    close: [u64; LANES],
    beyond: [u64; LANES],
    beyond_e2: [f64; LANES],
}

impl Lanes {
    #[inline(always)]
    fn add(&mut self, a: &[f32; LANES], b: &[f32; LANES], tolerance: &Tolerance) {
        for lane in 0..LANES {
            let (r, t) = (f64::from(a[lane]), f64::from(b[lane]));
            let e = t - r;
            self.r[lane] += r;
            self.e[lane] += e;
            self.r2[lane] += r * r;
            self.t2[lane] += t * t;
            self.rt[lane] += r * t;
            self.e2[lane] += e * e;
            let (size, distance) = (r.abs(), e.abs());
            self.max_e[lane] = if distance > self.max_e[lane] { distance } else { self.max_e[lane] };
            self.close[lane] += u64::from(distance <= ATOL + RTOL * size);
            let is_beyond = distance > tolerance.limit + tolerance.relative * size;
            self.beyond[lane] += u64::from(is_beyond);
            self.beyond_e2[lane] += if is_beyond { e * e } else { 0.0 };
        }
    }

    fn sums(&self, count: u64) -> Sums {
        let sum = |lanes: &[f64; LANES]| lanes.iter().sum::<f64>();
        Sums {
            count,
            r: sum(&self.r),
            e: sum(&self.e),
            r2: sum(&self.r2),
            t2: sum(&self.t2),
            rt: sum(&self.rt),
            e2: sum(&self.e2),
            max_e: self.max_e.iter().copied().fold(0.0, f64::max),
            close: self.close.iter().sum(),
            beyond: self.beyond.iter().sum(),
            beyond_e2: sum(&self.beyond_e2),
            min_r: f64::INFINITY,
            max_r: f64::NEG_INFINITY,
            ..Sums::default()
        }
    }
}

/// Sums of the second, third and fourth powers of the distance from `mean`.
#[inline(always)]
fn central_powers(values: &[f32], mean: f64) -> [f64; 3] {
    let mut sums = [[0.0f64; LANES]; 3];
    let mut add = |lane: usize, value: f32| {
        let distance = f64::from(value) - mean;
        let square = distance * distance;
        sums[0][lane] += square;
        sums[1][lane] += square * distance;
        sums[2][lane] += square * square;
    };
    let (chunks, rest) = values.as_chunks::<LANES>();
    for chunk in chunks {
        for (lane, value) in chunk.iter().enumerate() {
            add(lane, *value);
        }
    }
    for (lane, value) in rest.iter().enumerate() {
        add(lane, *value);
    }
    sums.map(|lanes| lanes.iter().sum())
}
