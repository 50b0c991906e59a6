//! The colour bar: the table upright, the histogram of the values beside it, and what the bar can't
//! show counted below.

use super::{LABEL, Sketch};
use crate::colormap::{self, Census, Colours, Norm, Rgb};
use crate::jobs::{Cancelled, Token};
use crate::render::Image;
use crate::render::font::{self, Anchor, Font};
use crate::render::number::{grouped, signed};
use crate::render::scene::{Rect, opaque};
use crate::values::Blocks;
use crate::values::blocks::per_block;

/// Widths, in units before they grow.
const BAR: f32 = 14.0;
const HISTOGRAM: f32 = 46.0;
/// The triangles that say that values lie beyond an end.
const TIP: f32 = 7.0;
/// A line of counts below.
const LINE: f32 = 17.0;

/// What a bar shows, taken from the values once.
pub struct Bar {
    colours: Colours,
    census: Census,
    /// Values a stretch of the bar, from the low end.
    counts: Vec<u64>,
    /// Position (0 to 1) and text.
    ticks: Vec<(f32, String)>,
    notes: Vec<(Option<Rgb>, String)>,
}

impl Bar {
    /// For a bar of so many units, before they grow. Without values it has no histogram.
    ///
    /// # Errors
    /// [`Cancelled`].
    pub fn new(values: Option<&dyn Blocks>, colours: &Colours, height: f32, token: &Token) -> Result<Self, Cancelled> {
        let census = values.map_or(Ok(Census::default()), |values| colours.census(values, token))?;
        let stretches = (height / 3.0).clamp(16.0, 128.0) as usize;
        let segments = if height < 130.0 {
            2
        } else if height < 420.0 {
            4
        } else {
            8
        };
        Ok(Self {
            colours: *colours,
            census,
            counts: values.map_or(Ok(vec![0; stretches]), |values| counts(values, colours, stretches, token))?,
            ticks: ticks(colours, segments),
            notes: notes(census, colours),
        })
    }

    /// The width and the height below the bar that are needed, grown.
    pub fn size(&self, grown: f32) -> (f32, f32) {
        let size = LABEL * grown;
        let widest = |texts: &mut dyn Iterator<Item = &String>| texts.map(|text| font::width(Font::Mono, size, text)).fold(0.0, f32::max);
        let beside = (BAR + HISTOGRAM + 14.0) * grown + widest(&mut self.ticks.iter().map(|tick| &tick.1));
        let below = 18.0 * grown + widest(&mut self.notes.iter().map(|note| &note.1));
        let room = if self.notes.is_empty() { 0.0 } else { (10.0 + LINE * self.notes.len() as f32) * grown };
        (beside.max(below).ceil(), room.ceil())
    }

    /// Draws the bar from a corner down, `height` units long, tips included.
    pub fn draw(&self, sketch: &mut Sketch<'_>, x: f32, top: f32, height: f32) {
        let (width, tip) = (sketch.u(BAR), sketch.u(TIP));
        let table = self.colours.map.table();
        let [above, below] = [self.census.above, self.census.below].map(|count| if count > 0 { tip } else { 0.0 });
        let bar = Rect::new(x, top + above, width, (height - above - below).max(1.0));
        let (bottom_colour, top_colour) = (table[0], table[255]);
        sketch.scene.image_at(bar, ramp(&self.colours));
        // Beyond the ends: a triangle each, where there are such values.
        let middle = x + width / 2.0;
        if self.census.above > 0 {
            sketch.scene.polygon(&[[x, bar.y], [middle, top], [x + width, bar.y]], top_colour);
        }
        if self.census.below > 0 {
            sketch.scene.polygon(&[[x, bar.bottom()], [middle, bar.bottom() + tip], [x + width, bar.bottom()]], bottom_colour);
        }

        let left = bar.right() + sketch.u(5.0);
        let reach = sketch.u(HISTOGRAM) - sketch.u(6.0);
        let most = self.counts.iter().copied().max().unwrap_or(0).max(1) as f32;
        let step = bar.height / self.counts.len().max(1) as f32;
        // Square roots: a thin tail is still seen beside a tall peak.
        let edge = |count: u64| left + if count == 0 { 0.0 } else { ((count as f32 / most).sqrt() * reach).max(1.0) };
        let mut outline = vec![[left, bar.bottom()]];
        for (stretch, count) in self.counts.iter().enumerate() {
            let y = bar.bottom() - stretch as f32 * step;
            outline.extend([[edge(*count), y], [edge(*count), y - step]]);
        }
        outline.push([left, bar.y]);
        let shade = sketch.theme.shade;
        sketch.scene.polygon(&outline, shade);

        let right = bar.right() + sketch.u(HISTOGRAM) + sketch.u(8.0);
        let size = LABEL * sketch.grown;
        let drop = font::cap_height(Font::Mono, size) / 2.0;
        // All numbers end at the same place, as in a table.
        let width = self.ticks.iter().map(|(_, text)| font::width(Font::Mono, size, text)).fold(0.0, f32::max);
        for (position, text) in &self.ticks {
            let y = bar.bottom() - position * bar.height;
            sketch.label([right + width, y + drop], text, Anchor::End);
        }

        for (line, (colour, text)) in (0u8..).zip(&self.notes) {
            let y = top + height + sketch.u(10.0) + f32::from(line) * sketch.u(LINE);
            let swatch = Rect::new(x, y + sketch.u(2.0), sketch.u(9.0), sketch.u(9.0));
            let fill = colour.map(opaque);
            let item = crate::render::scene::Item::Rect { rect: swatch, radius: sketch.u(2.0), fill, stroke: None };
            sketch.scene.items.push(item);
            sketch.label([x + sketch.u(18.0), y + sketch.u(2.0) + sketch.u(9.0) / 2.0 + drop], text, Anchor::Start);
        }
    }
}

/// The table as a picture, high values on top. Some pixels wide, for viewers that smooth pictures against
/// the orders: the edges stay clean.
fn ramp(colours: &Colours) -> Image {
    const WIDTH: u32 = 32;
    let mut image = Image::filled(WIDTH, 256, [0, 0, 0, 255]);
    // A bar whose ends are the same value has one colour.
    let is_point = colours.limits.low >= colours.limits.high;
    let table = colours.map.table();
    let rows = image.pixels.chunks_exact_mut(WIDTH as usize * 4);
    for (row, colour) in rows.rev().zip(table) {
        let colour = opaque(if is_point { table[128] } else { *colour });
        row.as_chunks_mut::<4>().0.fill(colour);
    }
    image
}

/// The finite values inside the limits, counted by their position.
fn counts(values: &dyn Blocks, colours: &Colours, stretches: usize, token: &Token) -> Result<Vec<u64>, Cancelled> {
    let (norm, limits) = (colours.norm, colours.limits);
    let count = |chunk: &[f32]| {
        let mut counts = vec![0u64; stretches];
        for value in chunk.iter().filter(|value| (limits.low..=limits.high).contains(*value)) {
            let position = norm.position(f64::from(*value), limits) * stretches as f64;
            if let Some(count) = counts.get_mut((position.max(0.0) as usize).min(stretches - 1)) {
                *count += 1;
            }
        }
        counts
    };
    let mut all = vec![0; stretches];
    for counts in per_block(values, token, count)? {
        all.iter_mut().zip(counts).for_each(|(all, count)| *all += count);
    }
    Ok(all)
}

/// The limits and what lies evenly between them.
fn ticks(colours: &Colours, segments: u8) -> Vec<(f32, String)> {
    let limits = colours.limits;
    if limits.low >= limits.high {
        return vec![(0.5, signed(f64::from(limits.low), 4))];
    }
    let end = f64::from(limits.high).abs().max(f64::from(limits.low).abs());
    // Even steps get even decimals: three digits of the larger end, one more where it is a whole number.
    let is_even = colours.norm == Norm::Linear && (1e-3..1e5).contains(&end);
    let decimals = is_even.then(|| (2.0 - end.log10().floor()).max(if end < 1000.0 { 1.0 } else { 0.0 }) as usize);
    (0..=segments)
        .map(|tick| {
            let position = f32::from(tick) / f32::from(segments);
            let value = match tick {
                0 => f64::from(limits.low),
                tick if tick == segments => f64::from(limits.high),
                _ => colours.norm.value(f64::from(position), limits),
            };
            // What rounding leaves of 0.
            let value = if value.abs() < 1e-9 * end { 0.0 } else { value };
            let text = match decimals {
                Some(decimals) => format!("{value:+.decimals$}"),
                None => signed(value, 3),
            };
            (position, text)
        })
        .collect()
}

fn notes(census: Census, colours: &Colours) -> Vec<(Option<Rgb>, String)> {
    let table = colours.map.table();
    [
        (census.above, Some(table[255]), "above"),
        (census.below, Some(table[0]), "below"),
        (census.nan, Some(colormap::NAN), "NaN"),
        (census.positive_infinity, Some(colormap::POSITIVE_INFINITY), "+Inf"),
        (census.negative_infinity, Some(colormap::NEGATIVE_INFINITY), "-Inf"),
    ]
    .into_iter()
    .filter(|(count, ..)| *count > 0)
    .map(|(count, colour, name)| (colour, format!("{} {name}", grouped(count))))
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::colormap::{Limits, Map};

    #[test]
    fn every_value_is_counted_once() {
        let colours = Colours { map: Map::Vik, limits: Limits { low: -1.0, high: 1.0 }, norm: Norm::Linear };
        let values = [-1.0, -0.99, 0.0, 0.49, 1.0, 1.5, -9.0, f32::NAN, f32::INFINITY];
        let bar = Bar::new(Some(&values), &colours, 100.0, &Token::new()).unwrap();
        assert_eq!(bar.counts.iter().sum::<u64>(), 5);
        let texts: Vec<_> = bar.notes.iter().map(|(_, text)| text.as_str()).collect();
        assert_eq!(texts, ["1 above", "1 below", "1 NaN", "1 +Inf"]);
        assert_eq!(counts(&values, &colours, 4, &Token::new()).unwrap(), [2, 0, 2, 1]);
    }

    #[test]
    fn ticks_are_evenly_placed() {
        let ticks_of = |low, high, norm| {
            let colours = Colours { map: Map::Vik, limits: Limits { low, high }, norm };
            ticks(&colours, 4).into_iter().map(|tick| tick.1).collect::<Vec<_>>()
        };
        assert_eq!(ticks_of(-1.84, 1.84, Norm::Linear), ["-1.84", "-0.92", "+0.00", "+0.92", "+1.84"]);
        assert_eq!(ticks_of(0.0, 255.0, Norm::Linear), ["+0.0", "+63.8", "+127.5", "+191.2", "+255.0"]);
        assert_eq!(ticks_of(-1e6, 1e6, Norm::Linear), ["-1e6", "-5e5", "0", "+5e5", "+1e6"]);
        assert_eq!(ticks_of(-1.0, 1.0, Norm::SYMLOG), ["-1", "-0.0278", "0", "+0.0278", "+1"]);
        assert_eq!(ticks_of(2.0, 2.0, Norm::Linear), ["+2"]);
    }
}
