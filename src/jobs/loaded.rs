//! A weight with its values in memory, and the figures that panels and pictures ask for.

use std::sync::{Arc, Mutex, PoisonError};

use super::job::Opened;
use super::pool::Failure;
use super::{Cancelled, Token};
use crate::colormap::{Limits, Map, Range};
use crate::render::{Pyramid, Viewport};
use crate::stats::{self, Channel, Summary};
use crate::values::text::{Lengths, Texts};
use crate::view::{Mark, View};
use crate::weights::{Reading, Real, Scales, Section, Weight};

/// A weight with its values.
#[derive(Debug)]
pub struct Loaded {
    pub opened: Arc<Opened>,
    pub weight: Weight,
    /// The sections that these are the values of, one gate and one part at most; none for all of it.
    pub sections: Vec<Section>,
    /// What the values are of a weight that `FakeQuantize` quantises when the model runs.
    pub reading: Reading,
    pub real: Real,
    pub summary: Summary,
    /// Values at 0, 0.1, ... 100 percent.
    pub quantiles: Vec<f64>,
    pub scales: Scales,
    /// The axis of output channels and its figures, where the layout names one.
    pub channels: Option<(usize, Vec<Channel>)>,
    /// The shape of the whole weight.
    whole: Vec<usize>,
    /// How long they are, if the constant holds strings: then there are no values, but
    /// [`texts`](Self::texts).
    pub text_lengths: Option<Lengths>,
    /// For pictures in which a pixel covers many cells, and the view it was made for.
    pyramid: Mutex<Option<(View, Arc<Pyramid>)>>,
}

/// A weight, or some sections of it, with values and figures.
///
/// # Errors
/// [`Failure`]: cancelled, or one sentence why the values can't be had.
pub fn load(opened: Arc<Opened>, weight: Weight, sections: Vec<Section>, reading: Reading, token: &Token) -> Result<Loaded, Failure> {
    if weight.is_text(&opened.model) {
        let lengths = weight.texts(&opened.model)?.lengths();
        let none = Real { shape: vec![0], values: Vec::new() };
        return Ok(Loaded { text_lengths: Some(lengths), ..Loaded::of(opened, weight, Vec::new(), reading, none, token)? });
    }
    let real = weight.real_as(&opened.model, reading, token)?;
    Ok(Loaded::of(opened, weight, sections, reading, real, token)?)
}

/// The axis of output channels in a layout of the same rank. Grouped kernels have two; the group is
/// the one that tells channels apart where there is one output a group.
pub fn output_axis(layout: &str, rank: usize) -> Option<usize> {
    if layout.len() != rank {
        return None;
    }
    layout.find('G').or_else(|| layout.find('O'))
}

impl Loaded {
    fn of(
        opened: Arc<Opened>,
        weight: Weight,
        sections: Vec<Section>,
        reading: Reading,
        real: Real,
        token: &Token,
    ) -> Result<Self, Cancelled> {
        let whole = real.shape.clone();
        // Sections lie in the weight's shape; one that its values don't have cuts nothing.
        let (sections, real) = match real.part(&sections) {
            Some(part) if !sections.is_empty() => (sections, part),
            _ => (Vec::new(), real),
        };
        let summary = Summary::of(&real.values, token)?;
        let percents: Vec<f64> = (0..=1000).map(|tenth| f64::from(tenth) / 10.0).collect();
        let quantiles = stats::percentiles(&real.values, &percents, token)?;
        // What they are needed for, a readout, can do without them.
        let scales = weight.scales(&opened.model, token).unwrap_or_default();
        let axis = weight.role.layout.and_then(|layout| output_axis(layout, real.shape.len()));
        let channels = match axis {
            Some(axis) => Some((axis, stats::channels(&real.values, &real.shape, axis, token)?)),
            None => None,
        };
        Ok(Self {
            opened,
            weight,
            sections,
            reading,
            real,
            summary,
            quantiles,
            scales,
            channels,
            whole,
            text_lengths: None,
            pyramid: Mutex::default(),
        })
    }

    /// The usual view of the values, the sections that are not cut out marked. The layout is that of
    /// the values' shape; a weight brought to another rank has none.
    pub fn default_view(&self, aspect: f64) -> View {
        let mut view = View::default_for(&self.real.shape, self.weight.role.layout, aspect);
        let is_cut = |section: &&Section| self.sections.iter().any(|cut| cut.axis == section.axis);
        let mark = |section: &Section| Mark { name: section.name.to_owned(), axis: section.axis, indices: section.start..section.end };
        view.set_marks(self.weight.sections.iter().filter(|section| !is_cut(section)).map(mark).collect());
        view
    }

    /// The role, with the names of the sections: `input_kernel.forget`.
    pub fn role_name(&self) -> String {
        self.weight.role.with_sections(&self.sections)
    }

    /// The position in the whole weight's C order of an element of the values.
    pub fn whole_offset(&self, offset: usize) -> Option<usize> {
        let (mut rest, mut whole, mut stride) = (offset, 0, 1);
        for (axis, (extent, extent_of_whole)) in self.real.shape.iter().zip(&self.whole).enumerate().rev() {
            let start = self.sections.iter().find(|section| section.axis == axis).map_or(0, |section| section.start);
            whole += (rest.checked_rem(*extent)? + start) * stride;
            rest /= extent;
            stride *= extent_of_whole;
        }
        (rest == 0).then_some(whole)
    }

    /// The strings, where the constant holds strings; they were checked when it was loaded.
    pub fn texts(&self) -> Option<Texts<'_>> {
        let model = &self.opened.model;
        let count = self.weight.data_tensor(model).shape.count().filter(|_| self.text_lengths.is_some())?;
        Texts::known(model.format, self.weight.stored_bytes(model).ok()?, count).ok()
    }

    /// Whether there are numbers to draw and to count.
    pub fn has_numbers(&self) -> bool {
        self.text_lengths.is_none()
    }

    /// The values at the ends of the colours, as [`Range::limits`] has them, but from the figures
    /// that are there already: quick enough for every frame.
    pub fn limits(&self, range: Range, symmetric: bool) -> Limits {
        range.limits_from(&self.summary.moments, |percent| self.percentile(percent), symmetric)
    }

    /// The range to begin with: full, or where outliers would take most of the colours, percentiles.
    pub fn default_range(&self, symmetric: bool) -> Range {
        Range::default_from(&self.summary.moments, |percent| self.percentile(percent), symmetric)
    }

    /// Diverging for weights of both signs, sequential for others.
    pub fn default_map(&self) -> Map {
        Map::default_for(self.summary.moments.min < 0.0)
    }

    /// A percentile of the finite values: numpy's at every tenth of a percent, interpolated between.
    pub fn percentile(&self, percent: f64) -> f64 {
        let tenths = (percent * 10.0).clamp(0.0, 1000.0);
        let at = |index: f64| self.quantiles.get(index as usize).copied().unwrap_or(f64::NAN);
        let (below, part) = (tenths.floor(), tenths.fract());
        if part == 0.0 { at(below) } else { at(below) + (at(below + 1.0) - at(below)) * part }
    }

    /// The part of the finite values, 0 to 1, that are below a value; interpolated between the tenths
    /// of a percent.
    pub fn part_below(&self, value: f64) -> f64 {
        self.part(value, |quantile| quantile < value)
    }

    /// The part of the finite values, 0 to 1, that are not above a value; interpolated as
    /// [`part_below`](Self::part_below).
    pub fn part_up_to(&self, value: f64) -> f64 {
        self.part(value, |quantile| quantile <= value)
    }

    /// `is_before` holds for the quantiles up to some place.
    fn part(&self, value: f64, is_before: impl Fn(f64) -> bool) -> f64 {
        let after = self.quantiles.partition_point(|quantile| is_before(*quantile));
        let below = after.checked_sub(1).and_then(|below| self.quantiles.get(below));
        let (Some(low), Some(high)) = (below, self.quantiles.get(after)) else {
            return if after == 0 { 0.0 } else { 1.0 };
        };
        ((after - 1) as f64 + (value - low) / (high - low)) / 1000.0
    }

    /// The percentile that a finite value stands at; of equal values the middle.
    pub fn rank_of(&self, value: f32) -> Option<f64> {
        let value = f64::from(value);
        (value.is_finite() && self.summary.moments.finite > 0).then(|| 50.0 * (self.part_below(value) + self.part_up_to(value)))
    }

    /// Makes reduced pictures quick; built once a view, where it is of use.
    pub fn pyramid(&self, view: &View, viewport: &Viewport) -> Option<Arc<Pyramid>> {
        const MANY: usize = 1 << 20;
        if self.real.values.len() < MANY || viewport.scale.iter().all(|scale| *scale > 0.125) {
            return None;
        }
        let mut held = self.pyramid.lock().unwrap_or_else(PoisonError::into_inner);
        match &*held {
            Some((of, pyramid)) if of == view => Some(Arc::clone(pyramid)),
            _ => {
                let pyramid = Arc::new(Pyramid::new(&self.real.values, view));
                *held = Some((view.clone(), Arc::clone(&pyramid)));
                Some(pyramid)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::{self, Options};
    use crate::jobs::{Origin, open};
    use crate::source::Source;
    use crate::stats::percentiles;

    /// A weight of the example with other values.
    fn loaded(values: &[f32]) -> Loaded {
        let bytes = include_bytes!("../../assets/example/digits_f32.tflite");
        let source = Source::from_bytes("digits_f32.tflite", bytes.to_vec());
        let token = Token::new();
        let opened = open(|| formats::open_source(source, &Options::default(), &token), Origin::BuiltIn, None).unwrap();
        let weight = opened.catalogue.weights().next().unwrap().clone();
        let real = Real { shape: vec![values.len()], values: values.to_vec() };
        Loaded::of(opened, weight, Vec::new(), Reading::Effective, real, &token).unwrap()
    }

    /// `numpy.percentile`
    #[test]
    fn percentiles_at_tenths_are_exact() {
        let values: Vec<f32> = (0..777u16).map(|i| (f32::from(i) * 0.37).sin() * 3.0 - 1.0).collect();
        let loaded = loaded(&values);
        for percent in [0.0, 0.1, 0.5, 1.1, 2.3, 50.0, 57.3, 99.5, 99.9, 100.0] {
            let exact = percentiles(&values, &[percent], &Token::new()).unwrap();
            assert_eq!(loaded.percentile(percent), exact[0], "{percent}");
        }
        let between = loaded.percentile(0.05);
        assert!(loaded.percentile(0.0) < between && between < loaded.percentile(0.1));
    }

    #[test]
    fn ranks() {
        // Of n different values, number i stands at i / (n - 1), as `numpy.percentile` has it.
        let four = loaded(&[0.0, 1.0, 2.0, 3.0, f32::NAN, f32::INFINITY]);
        for (value, rank) in [(0.0, 0.0), (1.0, 100.0 / 3.0), (1.5, 50.0), (3.0, 100.0), (-1.0, 0.0), (9.0, 100.0)] {
            let found = four.rank_of(value).unwrap();
            assert!((found - rank).abs() < 1e-9, "{value} stands at {found}");
        }
        assert_eq!((four.rank_of(f32::NAN), four.rank_of(f32::INFINITY)), (None, None));
        assert_eq!(loaded(&[f32::NAN]).rank_of(1.0), None);
        assert_eq!(loaded(&[5.0; 8]).rank_of(5.0), Some(50.0));
    }

    #[test]
    fn equal_values_are_on_one_side_of_an_edge() {
        // Half of the values are 0, the other half lies evenly above.
        let values: Vec<f32> = (0..1000u16).map(|i| f32::from(i.saturating_sub(500))).collect();
        let loaded = loaded(&values);
        assert_eq!(loaded.part_below(0.0), 0.0);
        assert!((loaded.part_up_to(0.0) - 0.5).abs() < 2e-3, "{}", loaded.part_up_to(0.0));
        assert_eq!((loaded.part_below(-1.0), loaded.part_up_to(499.0), loaded.part_below(500.0)), (0.0, 1.0, 1.0));
        let empty = self::loaded(&[]);
        assert_eq!((empty.part_below(0.0), empty.part_up_to(0.0)), (0.0, 0.0));
    }

    /// `numpy.arange(24).reshape(4, 6)[2:4, 1:3]`
    #[test]
    fn sections_know_their_place_in_the_whole() {
        let values: Vec<f32> = (0..24u8).map(f32::from).collect();
        let whole = loaded(&values);
        let real = Real { shape: vec![4, 6], values };
        let sections = vec![Section { name: "cell", axis: 0, start: 2, end: 4 }, Section { name: "state", axis: 1, start: 1, end: 3 }];
        let part =
            Loaded::of(Arc::clone(&whole.opened), whole.weight.clone(), sections, Reading::Effective, real.clone(), &Token::new()).unwrap();
        assert_eq!(part.real.values, [13.0, 14.0, 19.0, 20.0]);
        let offsets: Vec<_> = (0..5).map(|offset| part.whole_offset(offset)).collect();
        assert_eq!(offsets, [Some(13), Some(14), Some(19), Some(20), None]);
        assert_eq!(whole.whole_offset(7), Some(7));
        let outside = vec![Section { name: "cell", axis: 3, start: 2, end: 4 }];
        let all = Loaded::of(Arc::clone(&whole.opened), whole.weight.clone(), outside, Reading::Effective, real, &Token::new()).unwrap();
        assert!(all.sections.is_empty() && all.real.values.len() == 24);
    }

    #[test]
    fn the_channel_axis() {
        for (layout, rank, axis) in [("OHWI", 4, Some(0)), ("1HWO", 4, Some(3)), ("GOIHW", 5, Some(0)), ("O", 1, Some(0)), ("OI", 3, None)]
        {
            assert_eq!(output_axis(layout, rank), axis, "{layout}");
        }
    }
}
