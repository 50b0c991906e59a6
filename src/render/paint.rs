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
            field.with_row(row, first, count, numbers, |values| self.lookup.colours(values, colours));
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
        chunks.for_each_init(Default::default, |(values, colours): &mut (Vec<f32>, Vec<Rgb>), (chunk, pixels)| {
            values.clear();
            colours.clear();
            if let [plane] = planes.as_slice() {
                // What is nothing is not looked at below.
                values.extend(plane.iter().skip(chunk * CHUNK).take(CHUNK).map(|number| number.unwrap_or(0.0)));
                self.lookup.colours(values, colours);
                if marked.is_none() && saturated.is_none() {
                    let numbers = plane.iter().skip(chunk * CHUNK);
                    let pixels = pixels.as_chunks_mut::<4>().0.iter_mut().zip(&*colours).zip(numbers);
                    for ((pixel, [red, green, blue]), _) in pixels.filter(|(_, number)| number.is_some()) {
                        *pixel = [*red, *green, *blue, 255];
                    }
                    return;
                }
            }
            for (at, pixel) in (chunk * CHUNK..).zip(pixels.as_chunks_mut::<4>().0) {
                let number = |plane: &[Option<f32>]| plane.get(at).copied().flatten();
                let colour = match planes.as_slice() {
                    [plane] => number(plane).and_then(|_| colours.get(at - chunk * CHUNK).copied()),
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

#[cfg(test)]
mod tests {
    use super::super::field::{KernelScales, Test};
    use super::super::heatmap::{Ink, Viewport, heatmap};
    use super::*;
    use crate::colormap::{Limits, Map, Norm};
    use crate::view::Place;

    const INK: Ink = Ink { background: [0; 4], gap: [9, 9, 9] };
    const UNIT: Colours = Colours { map: Map::Viridis, limits: Limits { low: -1.0, high: 1.0 }, norm: Norm::Linear };

    fn plain<'a>() -> Options<'a> {
        Options { grid: false, numbers: false, ..Options::new(INK) }
    }

    /// The colours of the cells, at one pixel each.
    fn drawn(values: &dyn Blocks, view: &View, options: &Options<'_>) -> Vec<Vec<Rgb>> {
        let image = heatmap(values, view, &UNIT, &Viewport::whole(view, [1.0; 2]), options);
        let rows = 0..image.height();
        let pixel = |x, y| image.pixel(x, y).map(|[red, green, blue, _]| [red, green, blue]).unwrap_or_default();
        rows.map(|y| (0..image.width()).map(|x| pixel(x, y)).collect()).collect()
    }

    #[test]
    fn three_channels_are_mixed_jointly() {
        let mut view = View::default_for(&[4, 1, 1, 3], Some("OHWI"), 1.0);
        view.move_axis(3, Place::Colour, 0);
        let nan = f32::NAN;
        let values = [1.0, 0.0, -1.0, 0.0, 0.0, 0.0, 9.0, -9.0, 0.5, nan, 0.0, 0.0];
        // 0 is mid-grey, the limits are no light and full light: 127.5 (1 + v), rounded.
        assert_eq!(drawn(&values, &view, &plain()), [[[255, 128, 0], [128; 3], [255, 0, 191], colormap::NAN]]);
        // Reduced, the channels are means.
        let means = [1.0, -1.0, 0.0, 0.0, 1.0, 0.0];
        let mut pair = View::default_for(&[2, 1, 1, 3], Some("OHWI"), 1.0);
        pair.move_axis(3, Place::Colour, 0);
        let image = heatmap(&means, &pair, &UNIT, &Viewport::whole(&pair, [0.5, 0.5]), &plain());
        assert_eq!(image.pixel(0, 0), Some([191, 128, 128, 255]));
    }

    #[test]
    fn each_kernel_on_its_own_scale() {
        let view = View::default_for(&[3, 1, 2, 1], Some("OHWI"), 1.0);
        let values = [2.0, -1.0, 200.0, 100.0, 0.0, 0.0];
        let scales = KernelScales::of(&values, &view, &Token::new()).unwrap();
        let options = Options { scales: Some(&scales), ..plain() };
        let own = drawn(&values, &view, &options).concat();
        let expected: Vec<Rgb> = [1.0, -0.5, 1.0, 0.5, 0.0, 0.0].map(|part| UNIT.colour(part)).to_vec();
        let cells: Vec<Rgb> =
            (0..6).map(|offset| view.cell_of(offset).unwrap()).map(|(row, column)| own[row * view.columns() + column]).collect();
        assert_eq!(cells, expected);
    }

    #[test]
    fn marks_dim_the_others_and_saturated_codes_are_painted() {
        let view = View::default_for(&[1, 4], None, 1.0);
        let (values, codes) = ([-0.5, 0.0, 0.25, 0.5], [-8.0, 0.0, 3.0, 7.0]);
        let marked = Options { marked: Some(Marked { values: &values, test: Test::Within(0.0, 0.25) }), ..plain() };
        let cells = drawn(&values, &view, &marked).concat();
        let expected = [-0.5, 0.0, 0.25, 0.5].map(|value| UNIT.colour(value));
        assert_eq!(cells[1..3], expected[1..3]);
        assert_eq!([cells[0], cells[3]], [expected[0], expected[3]].map(|colour| blend(colour, INK.gap, DIMMED)));
        let saturated = Options { saturated: Some(Marked { values: &codes, test: Test::AtEnds(-8.0, 7.0) }), ..plain() };
        let cells = drawn(&values, &view, &saturated).concat();
        assert_eq!(cells, [colormap::SATURATED, expected[1], expected[2], colormap::SATURATED]);
        // In a pixel of many cells one is enough.
        let image = heatmap(&values, &view, &UNIT, &Viewport::whole(&view, [0.25, 1.0]), &saturated);
        assert_eq!(image.pixel(0, 0), Some([0, 0, 255, 255]));
    }

    #[test]
    fn dead_kernels_are_hatched() {
        let view = View::default_for(&[2, 3, 3, 1], Some("OHWI"), 1.0);
        let mut values = vec![0.0; 18];
        values[17] = 0.01;
        let image = heatmap(&values, &view, &UNIT, &Viewport::whole(&view, [8.0; 2]), &plain());
        let colours = |from: u32| {
            let pixels = (2..22).flat_map(|y| (from + 2..from + 13).map(move |x| (x, y)));
            pixels.filter_map(|(x, y)| image.pixel(x, y)).collect::<std::collections::HashSet<_>>().len()
        };
        assert_eq!((colours(0), colours(24)), (2, 1), "the dead one has strokes, the other not");
        let no = Options { hatched: false, ..plain() };
        let image = heatmap(&values, &view, &UNIT, &Viewport::whole(&view, [8.0; 2]), &no);
        assert!((2..22).all(|x| image.pixel(x, 10) == image.pixel(2, 10)));
    }
}
