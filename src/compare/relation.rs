//! What two weights are to each other, told from their values.

use super::align::Alignment;
use super::permuted;
use super::quantiser::Grid;
use super::side::Side;
use super::sums::Sums;
use crate::jobs::Token;
use crate::weights::FoldError;

/// The words of `relation` in `compare --json`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Relation {
    /// Every value is the same, at the same place. A negative zero is zero.
    Identical,
    /// Every value is the same, after a permutation of axes.
    Layout,
    /// As near as rounding to a quantiser's grid, or to a smaller float type, brings them.
    Quantised,
    /// Equal up to a factor for each output channel (a folded BatchNorm), and to rounding.
    Gain,
    /// Equal after a permutation of channels.
    Permuted,
    /// Alike, but not explained by any of these: trained further.
    Retrained,
    Different,
}

impl Relation {
    pub const ALL: [Self; 7] =
        [Self::Identical, Self::Layout, Self::Quantised, Self::Gain, Self::Permuted, Self::Retrained, Self::Different];

    /// The word in `compare --json`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Identical => "identical",
            Self::Layout => "layout",
            Self::Quantised => "quantised",
            Self::Gain => "gain",
            Self::Permuted => "permuted",
            Self::Retrained => "retrained",
            Self::Different => "different",
        }
    }

    /// A sentence for a person.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Identical => "Every value is the same.",
            Self::Layout => "Every value is the same, in another order of axes.",
            Self::Quantised => "Equal up to rounding.",
            Self::Gain => "Equal up to a factor for each output channel, as when a BatchNorm is folded.",
            Self::Permuted => "Equal after a permutation of channels.",
            Self::Retrained => "Alike, but further apart than rounding explains.",
            Self::Different => "The values have nothing to do with each other.",
        }
    }
}

/// Such a part of the pairs, or of the squared error, may be more than rounding explains.
const STRAYS: f64 = 0.01;
/// So few pairs, with so little of the signal's power (90 dB below it), are no sign of anything.
const RARE: f64 = 1e-4;
const NEGLIGIBLE: f64 = 1e-9;
/// Weights that correlate less are different.
const ALIKE: f64 = 0.3;
/// A correlation of so many standard deviations is no chance.
const SIGNIFICANT: f64 = 5.0;

pub(super) fn of(
    a: &Side<'_>,
    b: &Side<'_>,
    alignment: &Alignment,
    grids: &[Option<Grid<'_>>; 2],
    channels: &[Sums],
    total: &Sums,
    token: &Token,
) -> Result<Relation, FoldError> {
    let all = total.count + total.excluded;
    if total.equal == all {
        return Ok(if alignment.is_reordered { Relation::Layout } else { Relation::Identical });
    }
    let correlation = correlation(total);
    if is_rounding(total, grids) {
        return Ok(Relation::Quantised);
    }
    if is_gain(channels, grids, super::metrics::rounding(a, b)) {
        return Ok(Relation::Gain);
    }
    if correlation < 0.99 && permuted::is_permuted(a, b, alignment, token)? {
        return Ok(Relation::Permuted);
    }
    let is_chance = total.count < 3 || correlation * (total.count as f64).sqrt() < SIGNIFICANT.min((total.count as f64).sqrt() * 0.9);
    Ok(if correlation >= ALIKE && !is_chance { Relation::Retrained } else { Relation::Different })
}

/// Pearson's correlation; of constants 1 where they are proportional.
fn correlation(total: &Sums) -> f64 {
    let n = total.count as f64;
    let (r, t) = (total.r, total.r + total.e);
    let (var_r, var_t) = (total.r2 - r * r / n, total.t2 - t * t / n);
    if var_r <= 1e-12 * total.r2 || var_t <= 1e-12 * total.t2 {
        return total.cosine();
    }
    (total.rt - r * t / n) / (var_r * var_t).sqrt()
}

/// Whether rounding explains the difference, but for values that are cut off at the ends of the grid, or channels that are
/// all but zero. Steps that are not small beside the values would explain anything.
fn is_rounding(total: &Sums, grids: &[Option<Grid<'_>>; 2]) -> bool {
    let has_grid = grids.iter().any(Option::is_some);
    let few = has_grid && total.beyond as f64 <= STRAYS * total.count as f64;
    // OpenVINO's converters make the least normal of what float16 has no normal number for.
    let is_negligible = total.beyond as f64 <= RARE * total.count as f64 && total.beyond_e2 <= NEGLIGIBLE * total.r2;
    let is_explained = total.beyond == 0 || few || is_negligible || total.beyond_e2 <= STRAYS * total.e2;
    // A codebook's steps are its widest, which explain too much: their mean square is asked, too. Errors are counted in
    // steps of B, where it has some.
    let mean_step = grids[1].as_ref().or(grids[0].as_ref()).map_or(1.0, mean_step);
    let is_explained = is_explained && (mean_step == 1.0 || total.steps2 <= total.count as f64 * mean_step * mean_step / 6.0);
    is_explained && (!has_grid || total.cosine() > 0.5 || total.t2 == 0.0)
}

/// Of a codebook the root mean square of its steps, in parts of the widest; of an even grid 1.
fn mean_step(grid: &Grid<'_>) -> f64 {
    grid.quantiser.codebook.as_ref().map_or(1.0, |codebook| codebook.mean_gap() / codebook.widest())
}

/// Whether a factor for each channel explains the difference.
fn is_gain(channels: &[Sums], grids: &[Option<Grid<'_>>; 2], (rounding, absolute): (f64, f64)) -> bool {
    // One channel may miss for each hundred.
    let mut missed = 0;
    let mut scaled = 0;
    for (channel, sums) in channels.iter().enumerate() {
        if sums.count == 0 || (sums.r2 == 0.0 && sums.t2 == 0.0) {
            continue;
        }
        let step = |grid: &Option<Grid<'_>>| match grid {
            None => 0.0,
            Some(grid) => {
                let shared = grid.of_channel(channel).map(|(step, _)| step);
                shared.unwrap_or_else(|| (sums.e2 / sums.steps2.max(f64::MIN_POSITIVE)).sqrt()) * mean_step(grid)
            }
        };
        let gain = if sums.r2 == 0.0 { 0.0 } else { sums.gain() };
        let steps = step(&grids[1]).powi(2) + (gain * step(&grids[0])).powi(2);
        let n = sums.count as f64;
        // A twelfth is what rounding leaves on the average, a quarter the most there can be.
        let share = if n >= 64.0 { 1.0 / 9.0 } else { 0.25 };
        let allowed = n * steps * share + (4.0 * rounding).powi(2) * sums.t2 + n * absolute * absolute;
        if sums.left_by_gain() > allowed || sums.cosine().abs() < 0.8 {
            missed += 1;
        } else {
            scaled += usize::from((gain - 1.0).powi(2) * sums.r2 > allowed / n);
        }
    }
    // A single value is proportional to any other.
    let is_told = channels.iter().filter(|sums| sums.count > 2).count() * 2 > channels.len();
    is_told && missed * 100 <= channels.len() && scaled > 0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A subnormal float16 that a converter made the least normal one, among 124,416 values: a kernel of a real model.
    #[test]
    fn one_value_that_hardly_counts() {
        let (tiny, least) = (3.051_757_8e-5f64, 6.103_515_6e-5f64);
        let sums = |beyond: u64, e2: f64| {
            let mut sums = Sums::default();
            (sums.count, sums.equal, sums.beyond) = (124_416, 124_415, beyond);
            (sums.beyond_e2, sums.e2, sums.r2) = (e2, e2, 43.6);
            sums
        };
        assert!(is_rounding(&sums(1, (least - tiny).powi(2)), &[None, None]));
        assert!(!is_rounding(&sums(1, 1e-4), &[None, None]), "a value that counts");
        assert!(!is_rounding(&sums(1000, 1e-9), &[None, None]), "many values");
    }
}
