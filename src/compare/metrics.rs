//! The figures of two aligned weights: R, the reference, is A; T is B; e = T - R.
//!
//! Definitions: `metrics.md` of the specification, which names numpy, scipy and the tools whose figures these
//! are; the README's table repeats them. Over the pairs in which both values are finite; the others are
//! counted as `excluded`.

use super::align::{AlignError, Alignment, all};
use super::quantiser::{Granularity, Grid};
use super::relation::{self, Relation};
use super::side::Side;
use super::sums::{Spare, Sums, Tolerance, sqnr_db};
use super::walk::{Extras, Side as Which, Source, walk};
use crate::jobs::Token;
use crate::model::DType;
use crate::weights::FoldError;
use thiserror::Error;

/// What is known of a pair of weights after one pass over both.
#[derive(Clone, Debug)]
pub struct Compared {
    pub relation: Relation,
    pub metrics: Metrics,
    /// By output channel, in the order of the channels; empty where there are none.
    pub channels: Vec<ChannelError>,
    pub alignment: Alignment,
    /// What the two files store.
    pub stored_types: (DType, DType),
    /// What the figures were computed of: one a channel, or one for all.
    pub(super) sums: Vec<Sums>,
}

/// Figures of a whole weight. Those that don't apply are `None`; those that numbers don't give are NaN or
/// infinite.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Metrics {
    /// Pairs in which both values are finite.
    pub count: u64,
    /// The others, left out of everything else.
    pub excluded: u64,
    /// `20 log10(norm R / norm e)`.
    pub sqnr_db: f64,
    /// The output channel of the least SQNR, and it.
    pub worst_channel: Option<(usize, f64)>,
    /// Root of the mean squared error in steps of the quantiser: 0.2887 is rounding alone. Where steps are by channel
    /// or block, each error is taken in its own. Of B's quantiser, else A's.
    pub rmse_over_scale: Option<f64>,
    pub mse: f64,
    pub mean_error: f64,
    /// Population standard deviation of e.
    pub error_std: f64,
    pub max_abs_error: f64,
    pub cosine: f64,
    /// `20 log10(max |R| / sqrt(mse))`.
    pub psnr_db: f64,
    /// `sum e^2 / sum R^2`; its square root is the normalised L2 distance.
    pub nmse: f64,
    /// The least-squares g in T = g R.
    pub gain: f64,
    /// All pairs are close as `numpy.allclose` has it: rtol 1e-5, atol 1e-8, relative to R.
    pub allclose: bool,
    /// The part of all pairs that is close.
    pub close_fraction: f64,
    /// Biased excess kurtosis of R.
    pub kurtosis: f64,
    /// The largest magnitude of R, PSNR's peak.
    pub peak: f64,
    /// Of the quantised side's codes: how many occur, of how many, and the part at either end.
    pub codes: Option<CodeFigures>,
    /// In the files.
    pub stored_bytes: (u64, u64),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CodeFigures {
    pub used: usize,
    pub possible: usize,
    pub entropy_bits: f64,
    pub saturation: f64,
}

/// The error of one output channel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChannelError {
    pub channel: usize,
    pub count: u64,
    pub sqnr_db: f64,
    pub mse: f64,
    pub mean_error: f64,
    pub max_abs_error: f64,
    pub cosine: f64,
    pub gain: f64,
    /// In the quantiser's steps of this channel.
    pub rmse_over_scale: Option<f64>,
    /// The least and the largest value of R.
    pub range: (f64, f64),
}

/// Why two weights are not compared.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum CompareError {
    #[error(transparent)]
    Align(#[from] AlignError),
    #[error(transparent)]
    Fold(#[from] FoldError),
}

/// Compares B with A, the reference: the metrics of the default columns, errors by channel, and how the two
/// are related. One pass over the values of both, another over the codes.
///
/// # Errors
/// [`CompareError`]: cancelled, values that can't be had, or shapes that can't be aligned; one sentence.
pub fn compare(a: &Side<'_>, b: &Side<'_>, token: &Token) -> Result<Compared, CompareError> {
    let alignment = choose(a, b)?;
    compare_aligned(a, b, alignment, token)
}

/// As [`compare`], in an order of axes that is known.
///
/// # Errors
/// As for [`compare`].
pub fn compare_aligned(a: &Side<'_>, b: &Side<'_>, alignment: Alignment, token: &Token) -> Result<Compared, CompareError> {
    let grids =
        [a.quantiser.as_ref().and_then(|q| q.grid(&alignment, Which::A)), b.quantiser.as_ref().and_then(|q| q.grid(&alignment, Which::B))];
    let sums = channel_sums(&alignment, [&a.value, &b.value], &grids, rounding(a, b), token)?;
    let total = total(&sums);
    let relation = relation::of(a, b, &alignment, &grids, &sums, &total, token)?;
    let channels = match alignment.channels() {
        Some(_) => sums.iter().enumerate().map(|(channel, sums)| ChannelError::of(channel, sums, &grids)).collect(),
        None => Vec::new(),
    };
    let mut metrics = Metrics::of(&total, &channels, &grids);
    let quantised = if b.quantiser.is_some() { b } else { a };
    metrics.codes = quantised.codes(token)?.map(|counts| CodeFigures {
        used: counts.used(),
        possible: counts.possible(),
        entropy_bits: counts.entropy_bits(),
        saturation: counts.saturation(),
    });
    metrics.stored_bytes = (a.stored_bytes(), b.stored_bytes());
    let stored_types = (a.stored_type(), b.stored_type());
    Ok(Compared { relation, metrics, channels, alignment, stored_types, sums })
}

/// What rounding both sides to their types may make together.
pub(super) fn rounding(a: &Side<'_>, b: &Side<'_>) -> (f64, f64) {
    let (a, b) = (a.rounding(), b.rounding());
    (a.0 + b.0, a.1 + b.1)
}

/// The order of B's axes: by the layouts, unless the values say otherwise.
///
/// # Errors
/// [`CompareError`]: no order fits, or the values can't be read.
pub fn choose(a: &Side<'_>, b: &Side<'_>) -> Result<Alignment, CompareError> {
    const ALIKE: f64 = 0.9;
    const MARGIN: f64 = 0.1;
    let candidates = all(&a.form, &b.form);
    let Some(first) = candidates.first() else {
        return Err(super::align::align(&a.form, &b.form)
            .err()
            .map_or(CompareError::Fold(FoldError::Problem("the shapes can't be laid beside each other".into())), CompareError::Align));
    };
    if candidates.len() == 1 {
        return Ok(first.clone());
    }
    let likeness = |alignment: &Alignment| sample_correlation(alignment, &a.value, &b.value);
    let (mut best, mut best_likeness) = (first, likeness(first)?);
    for candidate in &candidates[1..] {
        if best_likeness >= ALIKE {
            break;
        }
        let found = likeness(candidate)?;
        if found >= ALIKE && found > best_likeness + MARGIN {
            (best, best_likeness) = (candidate, found);
        }
    }
    Ok(best.clone())
}

/// The correlation of values at some places, from all over the weight.
fn sample_correlation(alignment: &Alignment, a: &dyn Source, b: &dyn Source) -> Result<f64, FoldError> {
    const SAMPLES: usize = 1024;
    let count = alignment.count();
    let mut sums = Sums::default();
    let (mut left, mut right) = (Vec::new(), Vec::new());
    for sample in 0..SAMPLES.min(count) {
        // Steps of the golden ratio meet every axis.
        let position = if count <= SAMPLES { sample } else { (sample as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) as usize % count };
        let (in_a, in_b) = alignment.places(position);
        let (mut one_a, mut one_b) = ([0.0], [0.0]);
        a.read(in_a, &mut one_a)?;
        b.read(in_b, &mut one_b)?;
        left.extend(one_a);
        right.extend(one_b);
    }
    let stretch = super::walk::Stretch { channel: 0, a: &left, b: &right, step: &[], zero_point: &[] };
    sums.add(&stretch, &Tolerance { step: 1.0, ..Tolerance::default() }, &mut Spare::default());
    Ok(sums.cosine())
}

/// The sums of every output channel, one for all where there are none.
pub(super) fn channel_sums(
    alignment: &Alignment,
    sources: [&dyn Source; 2],
    grids: &[Option<Grid<'_>>; 2],
    (relative, absolute): (f64, f64),
    token: &Token,
) -> Result<Vec<Sums>, FoldError> {
    let steps =
        |grid: &Option<Grid<'_>>, channel: usize| grid.as_ref().and_then(|grid| grid.of_channel(channel)).map_or(0.0, |(step, _)| step);
    let side = if grids[1].is_some() { Which::B } else { Which::A };
    let grid = grids[1].as_ref().or(grids[0].as_ref());
    let numbers = grid.and_then(|grid| Some((grid.steps()?, grid.zero_points()?)));
    let extras = numbers.as_ref().map(|(steps, zero_points)| Extras { steps, zero_points, side });
    let tolerance = |channel: usize| Tolerance {
        step: grid.and_then(|grid| grid.of_channel(channel)).map_or(0.0, |(step, _)| step),
        // A hair more than half a step, for the rounding of what was rounded.
        limit: 0.5005 * (steps(&grids[0], channel) + steps(&grids[1], channel)) + absolute + f64::from(f32::MIN_POSITIVE),
        slack: 0.5005,
        relative,
    };
    let pieces = walk(
        alignment,
        sources,
        extras,
        token,
        |channels| (vec![Sums::default(); channels], Spare::default()),
        |(sums, spare), local, stretch| {
            if let Some(sums) = sums.get_mut(local) {
                sums.add(stretch, &tolerance(stretch.channel), spare);
            }
        },
    )?;
    let mut channels = vec![Sums::default(); alignment.channels().unwrap_or(1)];
    for (first, (sums, _)) in pieces {
        for (channel, sums) in channels.iter_mut().skip(first).zip(&sums) {
            channel.plus(sums);
        }
    }
    Ok(channels)
}

/// The sums of all channels.
pub(super) fn total(channels: &[Sums]) -> Sums {
    channels.iter().fold(Sums::default(), |mut total, channel| {
        total.plus(channel);
        total
    })
}

impl Metrics {
    pub(super) fn of(total: &Sums, channels: &[ChannelError], grids: &[Option<Grid<'_>>; 2]) -> Self {
        let n = total.count as f64;
        let mse = total.e2 / n;
        let mean_error = total.e / n;
        let peak = if total.count > 0 { total.peak_r() } else { f64::NAN };
        let all = (total.count + total.excluded) as f64;
        let grid = grids[1].as_ref().or(grids[0].as_ref());
        Self {
            count: total.count,
            excluded: total.excluded,
            sqnr_db: if total.count > 0 { total.sqnr_db() } else { f64::NAN },
            worst_channel: worst(channels).map(|channel| (channel.channel, channel.sqnr_db)),
            rmse_over_scale: grid.filter(|grid| grid.has_codes()).map(|grid| match (grid.granularity(), grid.of_channel(0)) {
                (Granularity::Tensor, Some((step, _))) => mse.sqrt() / step,
                _ => (total.steps2 / n).sqrt(),
            }),
            mse,
            mean_error,
            error_std: total.error_std(),
            max_abs_error: if total.count > 0 { total.max_e } else { f64::NAN },
            cosine: if total.count > 0 { total.cosine() } else { f64::NAN },
            psnr_db: match (peak == 0.0, mse == 0.0) {
                (_, true) => f64::INFINITY,
                (true, false) => f64::NEG_INFINITY,
                _ => 20.0 * (peak / mse.sqrt()).log10(),
            },
            nmse: if total.e2 == 0.0 { 0.0 } else { total.e2 / total.r2 },
            gain: total.gain(),
            allclose: total.close as f64 == all,
            close_fraction: total.close as f64 / all,
            kurtosis: total.kurtosis(),
            peak,
            codes: None,
            stored_bytes: (0, 0),
        }
    }
}

/// The channel of the least SQNR; of equals the first.
pub fn worst(channels: &[ChannelError]) -> Option<&ChannelError> {
    channels.iter().filter(|channel| !channel.sqnr_db.is_nan()).min_by(|a, b| a.sqnr_db.total_cmp(&b.sqnr_db))
}

/// The channels to be marked where all are drawn: the worst one, where it has an error, and up to seven more that are
/// ten decibels below the middle one.
pub fn standing_out(channels: &[ChannelError]) -> Vec<usize> {
    const FAR: f64 = 10.0;
    const MOST: usize = 8;
    let order: Vec<ChannelError> = worst_first(channels).into_iter().filter(|channel| !channel.sqnr_db.is_nan()).collect();
    let middle = order.get(order.len() / 2).map_or(f64::NAN, |channel| channel.sqnr_db);
    let is_marked =
        |(rank, channel): &(usize, &ChannelError)| channel.sqnr_db < f64::INFINITY && (*rank == 0 || channel.sqnr_db < middle - FAR);
    order.iter().enumerate().filter(is_marked).take(MOST).map(|(_, channel)| channel.channel).collect()
}

/// The channels, worst first.
pub fn worst_first(channels: &[ChannelError]) -> Vec<ChannelError> {
    let mut sorted = channels.to_vec();
    sorted.sort_by(|a, b| a.sqnr_db.total_cmp(&b.sqnr_db).then(a.channel.cmp(&b.channel)));
    sorted
}

impl ChannelError {
    fn of(channel: usize, sums: &Sums, grids: &[Option<Grid<'_>>; 2]) -> Self {
        let n = sums.count as f64;
        let has_grid = grids.iter().flatten().any(Grid::has_codes);
        Self {
            channel,
            count: sums.count,
            sqnr_db: if sums.count > 0 { sqnr_db(sums.r2, sums.e2) } else { f64::NAN },
            mse: sums.e2 / n,
            mean_error: sums.e / n,
            max_abs_error: if sums.count > 0 { sums.max_e } else { f64::NAN },
            cosine: sums.cosine(),
            gain: sums.gain(),
            rmse_over_scale: has_grid.then(|| (sums.steps2 / n).sqrt()),
            range: (sums.min_r, sums.max_r),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use serde_json::Value;

    use super::super::align::{Form, align};
    use super::super::distribution::Distribution;
    use super::*;
    use crate::stats::golden::{assert_close, codes, vector};

    fn metrics_of(r: &[f32], t: &[f32], shape: &[usize]) -> (Metrics, Vec<ChannelError>) {
        let form = Form { shape: shape.to_vec(), layout: (shape.len() == 2).then_some("OI") };
        let alignment = align(&form, &form).unwrap();
        let sums = channel_sums(&alignment, [&r, &t], &[None, None], (0.0, 0.0), &Token::new()).unwrap();
        let total = total(&sums);
        let channels: Vec<_> = sums.iter().enumerate().map(|(channel, sums)| ChannelError::of(channel, sums, &[None, None])).collect();
        (Metrics::of(&total, &channels, &[None, None]), channels)
    }

    /// `metrics_golden.json`: numpy 2.4.6 and scipy 1.17.1.
    #[test]
    fn golden_figures() {
        let r = vector();
        let (codes, scale) = codes();
        let t: Vec<f32> = codes.iter().map(|code| *code as f32 * scale).collect();
        for shape in [&[4096usize][..], &[16, 256], &[4096, 1]] {
            let (metrics, _) = metrics_of(&r, &t, shape);
            for (found, expected) in [
                (metrics.mean_error, -1.500_151_482_147_771_3e-6),
                (metrics.error_std, 0.003_416_794_148_745_501),
                (metrics.max_abs_error, 0.005_904_622_375_965_118),
                (metrics.mse, 1.167_448_450_535_596_1e-5),
                (metrics.mse.sqrt() / f64::from(scale), 0.289_288_600_220_774_5),
                (metrics.sqnr_db, 24.110_115_862_014_712),
                (metrics.nmse, 0.003_881_400_109_699_402_5),
                (metrics.cosine, 0.998_064_150_093_412_2),
                (metrics.psnr_db, 52.849_448_050_121_41),
                (metrics.kurtosis, 135.911_195_622_658_82),
                (metrics.close_fraction, 0.000_244_140_625),
            ] {
                assert_close(found, expected);
            }
            assert!(!metrics.allclose);
        }
        let found = Distribution::of_values(&r, &t, &Token::new()).unwrap();
        for (found, expected) in [
            (found.median_relative_error, 0.084_381_046_008_241_38),
            (found.js_distance, 0.424_311_935_636_705_1),
            (found.kl, f64::INFINITY),
            (found.wasserstein, 0.002_960_885_378_724_853_5),
            (found.ks, 0.050_781_25),
        ] {
            assert_close(found, expected);
        }
    }

    /// 200 pairs with NaN, infinities, zero tensors and single elements: `fixtures/make_compare_reference.py` with numpy 2.4.6
    /// and scipy 1.17.1.
    #[test]
    fn random_pairs_are_what_numpy_and_scipy_say() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/compare");
        let bytes = fs::read(folder.join("random_pairs.bin")).unwrap();
        let mut values = bytes.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes));
        let listing: Vec<Value> = serde_json::from_str(&fs::read_to_string(folder.join("random_pairs.json")).unwrap()).unwrap();
        assert_eq!(listing.len(), 200);
        let mut faults = Vec::new();
        for (number, entry) in listing.iter().enumerate() {
            let shape: Vec<usize> = entry["shape"].as_array().unwrap().iter().map(|extent| extent.as_u64().unwrap() as usize).collect();
            let count = shape.iter().product();
            let r: Vec<f32> = values.by_ref().take(count).collect();
            let t: Vec<f32> = values.by_ref().take(count).collect();
            let (metrics, channels) = metrics_of(&r, &t, &shape);
            let distribution = Distribution::of_values(&r, &t, &Token::new()).unwrap();
            assert_eq!((metrics.count, metrics.excluded), (entry["count"].as_u64().unwrap(), entry["excluded"].as_u64().unwrap()));
            assert_eq!(Value::Bool(metrics.allclose), entry["allclose"], "{number}");
            let mut check = |name: &str, found: f64, expected: f64, scale: f64| {
                let is_close = found == expected
                    || (found.is_nan() && expected.is_nan())
                    || (found - expected).abs() <= 1e-12 * expected.abs().max(scale);
                if !is_close {
                    faults.push(format!("{number} {shape:?} {name}: {found:e} instead of {expected:e}"));
                }
            };
            let expected = |name: &str| number_of(&entry[name]);
            for (name, found, scale) in [
                ("sqnr_db", metrics.sqnr_db, 1.0),
                ("mse", metrics.mse, 0.0),
                // Sums of both signs: to the digits of what was added up.
                ("mean_error", metrics.mean_error, metrics.max_abs_error),
                ("error_std", metrics.error_std, 0.0),
                ("max_abs_error", metrics.max_abs_error, 0.0),
                ("cosine", metrics.cosine, 1.0),
                ("gain", metrics.gain, 1.0),
                ("close_fraction", metrics.close_fraction, 0.0),
                ("kurtosis", metrics.kurtosis, 1.0),
                ("nmse", metrics.nmse, 0.0),
                ("psnr_db", metrics.psnr_db, 1.0),
                ("median_relative_error", distribution.median_relative_error, 0.0),
                ("wasserstein", distribution.wasserstein, 0.0),
                ("ks", distribution.ks, 0.0),
                // The root of a sum that cancels.
                ("js_distance", distribution.js_distance, 1e4),
                ("kl", distribution.kl, 1.0),
            ] {
                check(name, found, expected(name), scale);
            }
            for (channel, expected) in channels.iter().zip(entry["channels_db"].as_array().into_iter().flatten()) {
                check("channel", channel.sqnr_db, number_of(expected), 1.0);
            }
        }
        assert!(values.next().is_none());
        assert!(faults.is_empty(), "{} faults\n{}", faults.len(), faults.join("\n"));
    }

    fn number_of(value: &Value) -> f64 {
        value.as_f64().unwrap_or_else(|| value.as_str().unwrap().parse().unwrap())
    }

    /// T = 2R, and T = 2R + 0.1: what a cosine alone does not show.
    #[test]
    fn golden_blind_spots() {
        let r = vector();
        let doubled: Vec<f32> = r.iter().map(|value| value * 2.0).collect();
        let (metrics, _) = metrics_of(&r, &doubled, &[4096]);
        assert_close(metrics.cosine, 1.0);
        assert_close(metrics.gain, 2.0);
        assert!(metrics.sqnr_db.abs() < 1e-12, "{}", metrics.sqnr_db);
    }
}
