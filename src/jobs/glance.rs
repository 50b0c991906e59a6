//! What a list row and an operation's box show of a weight: range, distribution, first kernels.

use std::sync::Arc;

use super::job::{Glance, Opened};
use super::numbers::Values;
use super::pool::Failure;
use super::{Cancelled, Token, cards};
use crate::colormap::{Colours, Limits, Map, Norm};
use crate::model::Model;
use crate::render::{self, Image};
use crate::stats::{Bins, Histogram, Moments};
use crate::values::Blocks;
use crate::values::blocks::{per_block, sample};
use crate::view::View;
use crate::weights::{Kind, Reading, Weight};

/// Bars of a row's distribution.
const SPARK_BINS: usize = 40;
/// Values that the distribution of a larger weight is taken from.
const SAMPLE: usize = 1 << 20;

/// Range, distribution and small picture of a weight. The range is that of all values; the distribution of a
/// large weight is a sample's.
pub fn glance(opened: &Arc<Opened>, weight: &Weight, token: &Token) -> Result<Glance, Failure> {
    let value = weight.value(&opened.model, Reading::Effective, token)?;
    let (values, _) = Values::new(opened, value, &[], token)?;
    let (min, max) = range(&values, token)?;
    let some = sample(&values, SAMPLE);
    let ends = (min.is_finite() && max.is_finite()).then_some((min, max));
    let histogram = Histogram::of(&some, ends, Bins::Count(SPARK_BINS), token)?;
    let peak = histogram.peak().max(1) as f32;
    let spark = histogram.counts.iter().map(|count| *count as f32 / peak).collect();
    Ok(Glance { min, max, spark, thumbnail: kernels(weight, &values, min, max) })
}

/// Lowest and highest finite value; NaN where there is none.
fn range(values: &Values, token: &Token) -> Result<(f64, f64), Cancelled> {
    let of_block = |block: &[f32]| {
        let finite = block.iter().copied().filter(|value| value.is_finite());
        finite.fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)))
    };
    let blocks = per_block(values, token, of_block)?.into_iter();
    let (low, high) = blocks.fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), block| (low.min(block.0), high.max(block.1)));
    Ok(if low <= high { (low.into(), high.into()) } else { (f64::NAN, f64::NAN) })
}

/// The first kernels of a convolution, as a box of the graph shows them; `None` for what has none, and
/// where the values can't be had.
///
/// # Errors
/// [`Cancelled`].
pub fn thumbnail(model: &Model, weight: &Weight, token: &Token) -> Result<Option<Image>, Cancelled> {
    let Ok(real) = weight.real(model, token) else { return token.check().map(|()| None) };
    let moments = Moments::of(&real.values, token)?;
    let values = Values::from(real);
    Ok(kernels(weight, &values, moments.min, moments.max))
}

/// The first kernels of a convolution, small, side by side: as many as fit in rows of the same
/// height.
fn kernels(weight: &Weight, values: &Values, min: f64, max: f64) -> Option<Image> {
    let view = View::default_for(values.shape(), weight.role.layout, 1.0);
    let (height, width) = view.block_size();
    if weight.role.name != "kernel" || weight.role.kind != Kind::Weight || height.max(width) < 2 || values.is_empty() {
        return None;
    }
    let colours = Colours { map: Map::default_for(true), limits: Limits::new(min as f32, max as f32).symmetric(), norm: Norm::Linear };
    render::kernel_strip(values, &view, &colours, cards::THUMBNAIL_PIXELS)
}
