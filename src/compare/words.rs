//! What a comparison says, in words: one phrase for a table, sentences beside a picture.

use super::anatomy::{Anatomy, Narrow, OutlierCost};
use super::metrics::Compared;
use super::quantiser::Granularity;
use super::relation::Relation;
use crate::render::number::{grouped, significant};

/// A share of the error that is worth a word.
const WORTH: f64 = 0.1;

/// `rounding to f16`: to the coarser of the two types.
fn rounding_to(compared: &Compared) -> String {
    let (a, b) = compared.stored_types;
    let coarser = if b.bits() <= a.bits() { b } else { a };
    if coarser.bits() >= 32 { "float rounding".to_owned() } else { format!("rounding to {coarser}") }
}

/// One phrase: where the difference comes from.
pub fn reads_as(compared: &Compared, anatomy: Option<&Anatomy>) -> String {
    let of_relation = match compared.relation {
        Relation::Identical => Some("identical"),
        Relation::Layout => Some("identical, other layout"),
        Relation::Permuted => Some("channels permuted"),
        Relation::Different => Some("different values"),
        Relation::Gain => Some("gain by channel"),
        Relation::Retrained if anatomy.is_none() => Some("retrained"),
        Relation::Quantised if anatomy.is_none() => return rounding_to(compared),
        Relation::Quantised | Relation::Retrained => None,
    };
    if let Some(phrase) = of_relation {
        return phrase.to_owned();
    }
    let Some(anatomy) = anatomy else { return String::new() };
    if anatomy.narrow.is_some() {
        return if anatomy.outliers.is_some() { "narrow channels + outlier" } else { "narrow channels" }.to_owned();
    }
    let mut parts: Vec<(&str, f64)> = anatomy.shares.parts().into_iter().filter(|(_, share)| *share >= WORTH).collect();
    parts.sort_by(|a, b| b.1.total_cmp(&a.1));
    let mut words: Vec<&str> =
        parts.iter().take(2).map(|(name, _)| if *name == "remainder" { "more than rounding" } else { *name }).collect();
    if anatomy.outliers.is_some() {
        words.truncate(1);
        words.push("outlier");
    }
    words.join(" + ")
}

/// Sentences for a person, the most telling first.
pub fn sentences(compared: &Compared, anatomy: Option<&Anatomy>) -> Vec<String> {
    let mut sentences = Vec::new();
    if let Some(anatomy) = anatomy {
        sentences.extend(anatomy.outliers.as_ref().map(|outliers| outlier_sentence(outliers, compared)));
        sentences.extend(anatomy.narrow.iter().flat_map(narrow_sentences));
        if anatomy.shares.saturation >= WORTH {
            let (share, of) = (percent(anatomy.shares.saturation), grouped(compared.metrics.count));
            sentences
                .push(format!("{} of {of} values are cut off at the ends of the range: {share} of the error.", grouped(anatomy.saturated)));
        }
        if anatomy.shares.gain >= WORTH {
            sentences.push(format!("A factor explains {} of the error.", percent(anatomy.shares.gain)));
        }
        if anatomy.shares.offset >= WORTH {
            sentences.push(format!("A shift explains {} of the error.", percent(anatomy.shares.offset)));
        }
        if anatomy.shares.remainder >= WORTH {
            sentences.push(format!("{} of the error is more than this quantiser's rounding explains.", percent(anatomy.shares.remainder)));
        }
        if sentences.is_empty() && anatomy.shares.rounding > 0.0 {
            let codes = match anatomy.codebook {
                Some((name, count)) => format!("the {count} codes of {name}"),
                None => format!("{} bits", anatomy.bits),
            };
            sentences.push(format!("Rounding to {codes} with {} is all there is.", grid_text(anatomy)));
        }
    }
    if sentences.is_empty() || !matches!(compared.relation, Relation::Quantised | Relation::Retrained) {
        sentences.insert(0, compared.relation.sentence().to_owned());
    }
    sentences.extend(faint_channel(compared));
    if compared.metrics.excluded > 0 {
        sentences.push(format!("{} pairs with a value that is not finite are left out.", grouped(compared.metrics.excluded)));
    }
    sentences
}

/// Who shares a step, or a codebook's scale.
pub fn grid_text(anatomy: &Anatomy) -> &'static str {
    match (anatomy.granularity, anatomy.codebook) {
        (Granularity::Tensor, None) => "one step for the tensor",
        (Granularity::Channel, None) => "a step for each channel",
        (Granularity::Block, None) => "a step for each block",
        (Granularity::Tensor, Some(_)) => "one scale for the tensor",
        (Granularity::Channel, Some(_)) => "a scale for each channel",
        (Granularity::Block, Some(_)) => "a scale for each block",
    }
}

/// Of a worst channel that is nearly zero: it is worst because there is nothing in it.
fn faint_channel(compared: &Compared) -> Option<String> {
    const FAINT: f64 = 1e-4;
    let (number, db) = compared.metrics.worst_channel?;
    let (low, high) = compared.channels.get(number)?.range;
    let peak = high.abs().max(low.abs());
    let is_faint = peak > 0.0 && peak < FAINT * compared.metrics.peak && db < 20.0;
    is_faint.then(|| format!("Channel {number}, the worst, is all but zero: its largest value is {}.", significant(peak, 2)))
}

/// What to do about it, where there is something to do.
pub fn advice(anatomy: Option<&Anatomy>) -> Option<&'static str> {
    let anatomy = anatomy?;
    match (&anatomy.narrow, &anatomy.outliers, anatomy.granularity) {
        (Some(_), ..) => Some("Quantise with a scale for each channel, or keep this layer in float"),
        (_, Some(_), Granularity::Tensor) => Some("Keep this layer in float, or quantise with a scale for each channel"),
        (_, Some(_), _) => Some("Keep this layer in float, or clip its outliers before it is quantised"),
        _ if anatomy.shares.saturation >= WORTH => Some("Widen the range, or keep this layer in float"),
        _ => None,
    }
}

fn outlier_sentence(outliers: &OutlierCost, compared: &Compared) -> String {
    let place = outliers.places.first().map(|place| place_text(*place, compared)).filter(|_| outliers.count == 1);
    let place = place.map_or(String::new(), |place| format!(" ({place})"));
    format!("Without {} of {} values the layer gains {:.1} dB{place}.", grouped(outliers.count), grouped(outliers.of), outliers.gain_db)
}

/// `O 27, I 11`: the index along each axis of more than one element.
pub fn place_text(place: usize, compared: &Compared) -> String {
    let shape = &compared.alignment.shape;
    let layout = compared.alignment.layout.filter(|layout| layout.len() == shape.len());
    let mut rest = place;
    let mut parts = Vec::new();
    for (axis, extent) in shape.iter().enumerate().rev() {
        let index = rest % (*extent).max(1);
        rest /= (*extent).max(1);
        if *extent > 1 {
            let name = layout.and_then(|layout| layout.get(axis..=axis)).map_or_else(|| format!("axis {axis}"), str::to_owned);
            parts.push(format!("{name} {index}"));
        }
    }
    parts.reverse();
    parts.join(", ")
}

fn narrow_sentences(narrow: &Narrow) -> [String; 2] {
    const NAMED: usize = 3;
    let mut channels = narrow.channels.clone();
    let more = channels.len().saturating_sub(NAMED);
    channels.truncate(NAMED);
    channels.sort_unstable();
    let mut names: Vec<String> = channels.iter().map(ToString::to_string).collect();
    if more > 0 {
        names.push(format!("{more} more"));
    }
    let (subject, verb, them) = match &names[..] {
        [one] => (format!("Channel {one}"), "is", "it"),
        [rest @ .., last] => (format!("Channels {} and {last}", rest.join(", ")), "are", "them"),
        [] => (String::new(), "are", "them"),
    };
    let (up_to, codes) = (if channels.len() + more > 1 { "up to " } else { "" }, narrow.codes);
    let plural = if codes == 1 { "code" } else { "codes" };
    let layer = if narrow.gain_db.is_finite() { format!("{:+.1} dB for the layer", narrow.gain_db) } else { "no error at all".to_owned() };
    let worst = match narrow.worst_channel_gain_db.is_finite() {
        true => format!(" and {:+.1} dB for its worst channel", narrow.worst_channel_gain_db),
        false => String::new(),
    };
    [
        format!("{subject} {verb} narrow: a per-tensor step leaves {them} {up_to}{codes} {plural}."),
        format!("Per-channel scales would give {layer}{worst}."),
    ]
}

fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}
