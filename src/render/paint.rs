//! The colours of a picture's cells: by the colour map, as red, green and blue, dimmed or painted over.

use rayon::prelude::*;

use super::blend;
use super::field::{Field, Numbers};
use super::heatmap::{Marked, Options};
use super::pyramid::{self, Cut, Reduction};
use crate::colormap::{self, Colours, Lookup, Rgb};
use crate::jobs::Token;
use crate::values::Blocks;
use crate::view::View;

/// How far cells that are not meant go towards the background, of 255.
const DIMMED: u8 = 190;
/// Pixels that are coloured at a time.
const CHUNK: usize = 1 << 14;

/// Everything that decides about the colour of a cell.
pub struct Paint<'a> {
    pub view: &'a View,
    pub options: &'a Options<'a>,
    lookup: Lookup,
    /// One, or of three colours three.
    planes: Vec<(Numbers<'a>, Field<'a>)>,
    marked: Option<(Numbers<'a>, Field<'a>)>,
    saturated: Option<(Numbers<'a>, Field<'a>)>,
}

/// Memory that is used row after row.
#[derive(Default)]
pub struct Scratch {
    /// The colours of a row's cells.
    pub colours: Vec<Rgb>,
    numbers: Vec<f32>,
    planes: [Vec<f32>; 3],
}

/// The views of a picture's planes: its own, or of three colours three.
pub fn planes(view: &View) -> Vec<View> {
    let channels = if view.colour_axis().is_some() { 3 } else { 1 };
    (0..channels).map(|channel| view.colour_channel(channel)).collect()
}

impl<'a> Paint<'a> {
    /// `planes` are those of the view.
    pub fn new(values: &'a dyn Blocks, planes: &'a [View], colours: &Colours, options: &'a Options<'a>) -> Self {
        let with_field = |numbers: Numbers<'a>| (numbers, Field::new(numbers));
        let plane = |view: &'a View| with_field(Numbers { values, view, scales: options.scales, test: None });
        let view = &planes[0];
        let told = |marked: Marked<'a>| with_field(Numbers { values: marked.values, view, scales: None, test: Some(marked.test) });
        Self {
            view,
            options,
            lookup: colours.lookup(),
            planes: planes.iter().map(plane).collect(),
            marked: options.marked.map(told),
            saturated: options.saturated.map(told),
        }
    }

    /// The colours of a row's cells, `count` of them from column `first` on, into `scratch.colours`; fewer
    /// where the row ends early.
    pub fn row(&self, row: usize, first: usize, count: usize, scratch: &mut Scratch) {
        let Scratch { colours, numbers, planes } = scratch;
        colours.clear();
        if let [(_, field)] = self.planes.as_slice() {
            field.with_row(row, first, count, numbers, |values| colours.extend(values.iter().map(|value| self.lookup.colour(*value))));
        } else {
            for ((_, field), plane) in self.planes.iter().zip(&mut *planes) {
                plane.clear();
                field.with_row(row, first, count, numbers, |values| plane.extend_from_slice(values));
            }
            let [red, green, blue] = planes;
            colours.extend(red.iter().zip(&*green).zip(&*blue).map(|((red, green), blue)| self.mixed([*red, *green, *blue])));
        }
        if let Some((_, field)) = &self.marked {
            field.with_row(row, first, count, numbers, |told| {
                let others = colours.iter_mut().zip(told).filter(|(_, told)| **told == 0.0);
                others.for_each(|(colour, _)| *colour = self.dimmed(*colour));
            });
        }
        if let Some((_, field)) = &self.saturated {
            field.with_row(row, first, count, numbers, |told| {
                let meant = colours.iter_mut().zip(told).filter(|(_, told)| **told == 1.0);
                meant.for_each(|(colour, _)| *colour = colormap::SATURATED);
            });
        }
    }

    fn dimmed(&self, colour: Rgb) -> Rgb {
        blend(colour, self.options.ink.gap, DIMMED)
    }

    /// Three numbers as one colour: 0 is mid-grey, the limits are no light and full light.
    fn mixed(&self, channels: [f32; 3]) -> Rgb {
        if channels.iter().any(|channel| channel.is_nan()) {
            return colormap::NAN;
        }
        if let Some(odd) = channels.iter().find(|channel| channel.is_infinite()) {
            return if *odd > 0.0 { colormap::POSITIVE_INFINITY } else { colormap::NEGATIVE_INFINITY };
        }
        channels.map(|channel| self.lookup.level(channel))
    }

    /// Colours pixels that cover many cells each. `pixels` are the rows of the cut, four bytes a pixel.
    pub fn reduced(&self, cut: &Cut<'_>, pixels: &mut [u8], options: &Options<'_>) {
        let endless = Token::new();
        let token = options.token.unwrap_or(&endless);
        let centre = self.lookup.centre();
        let reduce = |numbers: Numbers<'_>, reduction| pyramid::reduce(numbers, options.pyramid, cut, reduction, centre, token);
        let planes: Vec<Vec<Option<f32>>> = match self.planes.as_slice() {
            [(numbers, _)] => vec![reduce(*numbers, options.reduction)],
            // Each extreme would be another cell's: colours are mixed of means.
            planes => planes.iter().map(|(numbers, _)| reduce(*numbers, Reduction::Mean)).collect(),
        };
        let tell = |(numbers, _): &(Numbers<'_>, Field<'_>)| pyramid::reduce(*numbers, None, cut, Reduction::Extreme, 0.0, token);
        let (marked, saturated) = (self.marked.as_ref().map(tell), self.saturated.as_ref().map(tell));
        let chunks = pixels.par_chunks_mut(4 * CHUNK).enumerate();
        chunks.for_each(|(chunk, pixels)| {
            for (at, pixel) in (chunk * CHUNK..).zip(pixels.as_chunks_mut::<4>().0) {
                let number = |plane: &[Option<f32>]| plane.get(at).copied().flatten();
                let colour = match planes.as_slice() {
                    [plane] => number(plane).map(|value| self.lookup.colour(value)),
                    [red, green, blue] => {
                        let channels = number(red).zip(number(green)).zip(number(blue));
                        channels.map(|((red, green), blue)| self.mixed([red, green, blue]))
                    }
                    _ => None,
                };
                let Some(mut colour) = colour else { continue };
                if marked.as_deref().is_some_and(|marked| number(marked) == Some(0.0)) {
                    colour = self.dimmed(colour);
                }
                if saturated.as_deref().is_some_and(|saturated| number(saturated) == Some(1.0)) {
                    colour = colormap::SATURATED;
                }
                let [red, green, blue] = colour;
                *pixel = [red, green, blue, 255];
            }
        });
    }
}
