//! A weight with its values at hand, and the figures that panels and pictures ask for.
//!
//! A large weight comes twice: at once, with figures of a sample, so that there is a picture to look
//! at, and again when all its values are counted ([`Loaded::counted`]). Both share their values.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::figures::Figures;
use super::job::Opened;
use super::numbers::{Codes, Magnitudes, Values};
use super::pool::Failure;
use super::{Cancelled, Token};
use crate::colormap::{Limits, Map, Range};
use crate::render::{KernelScales, Pyramid};
use crate::stats::{self, Channel, Moments, Summary};
use crate::values::Blocks;
use crate::values::blocks::sample;
use crate::values::text::{Lengths, Texts};
use crate::view::{Mark, View};
use crate::weights::{CodeWay, Reading, Real, Scales, Section, Weight};

/// A weight with its values.
#[derive(Debug)]
pub struct Loaded {
    pub opened: Arc<Opened>,
    pub weight: Weight,
    /// The sections that these are the values of, one gate and one part at most; none for all of it.
    pub sections: Vec<Section>,
    /// What the values are of a weight that `FakeQuantize` quantises when the model runs.
    pub reading: Reading,
    pub values: Arc<Values>,
    /// Whether the figures are those of a sample: good for colours, not to be told.
    pub is_sampled: bool,
    pub summary: Summary,
    /// What the limits of the real values' colours are taken from.
    pub figures: Figures,
    pub scales: Scales,
    /// The axis of output channels and its figures, where the layout names one.
    pub channels: Option<(usize, Vec<Channel>)>,
    /// The shape of the whole weight.
    whole: Vec<usize>,
    /// How long they are, if the constant holds strings: then there are no values, but
    /// [`texts`](Self::texts).
    pub text_lengths: Option<Lengths>,
    /// The way from values to stored codes, where there is one.
    way: Option<CodeWay>,
    kept: Arc<Kept>,
}

/// What is shown of a weight.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Shows {
    #[default]
    Real,
    /// The integers that the file holds.
    Codes,
    /// Absolute values.
    Magnitude,
}

/// What was made of the values for some picture, for the next one.
#[derive(Debug, Default)]
struct Kept {
    codes: OnceLock<Option<Arc<Codes>>>,
    code_figures: OnceLock<Figures>,
    magnitude_figures: OnceLock<Figures>,
    pyramids: Mutex<Vec<(PictureKey, Arc<Pyramid>)>>,
    scales: Mutex<Option<(PictureKey, Arc<KernelScales>)>>,
}

/// The cells of a picture: what is shown, where, and whether each kernel is on its own scale.
#[derive(Clone, Debug, PartialEq)]
pub struct PictureKey {
    pub view: View,
    pub shows: Shows,
    pub own_scale: bool,
}

/// Pyramids that are kept; each takes about an eighth of the values' room as float32.
const PYRAMIDS: usize = 1;
/// Weights above this come with figures of a sample first.
const MANY: usize = 1 << 22;
/// Values that are decoded at once for the figures of channels.
const AT_ONCE: usize = 1 << 22;
/// The values of a sample.
const SAMPLE: usize = 1 << 20;

impl Shows {
    pub const ALL: [Self; 3] = [Self::Real, Self::Codes, Self::Magnitude];

    /// The name that the command line takes.
    pub fn name(self) -> &'static str {
        match self {
            Self::Real => "real",
            Self::Codes => "codes",
            Self::Magnitude => "magnitude",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|shows| shows.name().eq_ignore_ascii_case(name))
    }
}

/// A weight, or some sections of it, with its values; of a large one the figures are a sample's.
///
/// # Errors
/// [`Failure`]: cancelled, or one sentence why the values can't be had.
pub fn load(opened: Arc<Opened>, weight: Weight, sections: Vec<Section>, reading: Reading, token: &Token) -> Result<Loaded, Failure> {
    if weight.is_text(&opened.model) {
        let lengths = weight.texts(&opened.model)?.lengths();
        let none = Values::from(Real { shape: vec![0], values: Vec::new() });
        return Ok(Loaded { text_lengths: Some(lengths), ..Loaded::of(opened, weight, Vec::new(), reading, (none, vec![0]), token)? });
    }
    let value = weight.value(&opened.model, reading, token)?;
    let whole = value.shape.clone();
    let (values, has_sections) = Values::new(&opened, value, &sections, token)?;
    // Sections lie in the weight's shape; one that its values don't have cuts nothing.
    let sections = if has_sections { sections } else { Vec::new() };
    Ok(Loaded::of(opened, weight, sections, reading, (values, whole), token)?)
}

/// [`load`], with the figures of all values however many they are.
///
/// # Errors
/// As for [`load`].
pub fn load_counted(
    opened: Arc<Opened>,
    weight: Weight,
    sections: Vec<Section>,
    reading: Reading,
    token: &Token,
) -> Result<Loaded, Failure> {
    let loaded = load(opened, weight, sections, reading, token)?;
    Ok(if loaded.is_sampled { loaded.counted(token)? } else { loaded })
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
        (values, whole): (Values, Vec<usize>),
        token: &Token,
    ) -> Result<Self, Cancelled> {
        let is_sampled = values.len() > MANY;
        // What they are needed for, a readout, can do without them.
        let scales = weight.scales(&opened.model, token).unwrap_or_default();
        let way = weight.code_way(&opened.model, token);
        let loaded = Self {
            opened,
            weight,
            sections,
            reading,
            values: Arc::new(values),
            is_sampled,
            summary: Summary::of(&[], token)?,
            figures: Figures::of(&[], token)?,
            scales,
            channels: None,
            whole,
            text_lengths: None,
            way,
            kept: Arc::default(),
        };
        if is_sampled {
            let some = sample(&*loaded.values, SAMPLE);
            let summary = Summary::of(&some, token)?;
            let figures = Figures::of(&some, token)?;
            return Ok(Self { summary, figures, ..loaded });
        }
        loaded.counted(token)
    }

    /// The same weight with the figures of all its values.
    ///
    /// # Errors
    /// [`Cancelled`].
    pub fn counted(&self, token: &Token) -> Result<Self, Cancelled> {
        token.expect(3);
        let summary = Summary::of(&self.values, token)?;
        token.advance(1);
        let figures = Figures::of_blocks(&*self.values, summary.moments, token)?;
        token.advance(1);
        let channels = self.channels_of_all(token)?;
        token.advance(1);
        Ok(Self {
            opened: Arc::clone(&self.opened),
            weight: self.weight.clone(),
            sections: self.sections.clone(),
            reading: self.reading,
            values: Arc::clone(&self.values),
            is_sampled: false,
            summary,
            figures,
            scales: self.scales.clone(),
            channels,
            whole: self.whole.clone(),
            text_lengths: self.text_lengths,
            way: self.way.clone(),
            kept: Arc::clone(&self.kept),
        })
    }

    /// The figures of the output channels. Values that are decoded on the way are read some channels at a
    /// time, where their axis is the first; where it is another one, they have none.
    fn channels_of_all(&self, token: &Token) -> Result<Option<(usize, Vec<Channel>)>, Cancelled> {
        let Some(axis) = self.weight.role.layout.and_then(|layout| output_axis(layout, self.shape().len())) else { return Ok(None) };
        if let Some(values) = self.values.as_slice() {
            return Ok(Some((axis, stats::channels(values, self.shape(), axis, token)?)));
        }
        let Some((count, rest)) = self.shape().split_first().filter(|_| axis == 0) else { return Ok(None) };
        let each: usize = rest.iter().product();
        let at_once = (AT_ONCE / each.max(1)).clamp(1, (*count).max(1));
        let mut channels = Vec::new();
        for first in (0..*count).step_by(at_once) {
            token.check()?;
            let some = at_once.min(count - first);
            let mut values = vec![0.0; some * each];
            self.values.read(first * each, &mut values);
            let shape = [&[some], rest].concat();
            channels.extend(stats::channels(&values, &shape, 0, token)?);
        }
        Ok(Some((axis, channels)))
    }

    /// All values as a slice; a copy where they are decoded block by block.
    pub fn as_slice(&self) -> Cow<'_, [f32]> {
        match self.values.as_slice() {
            Some(values) => Cow::Borrowed(values),
            None => Cow::Owned(sample(&*self.values, usize::MAX)),
        }
    }

    pub fn shape(&self) -> &[usize] {
        self.values.shape()
    }

    /// The number of values.
    pub fn count(&self) -> usize {
        self.values.len()
    }

    /// The usual view of the values, the sections that are not cut out marked. The layout is that of
    /// the values' shape; a weight brought to another rank has none.
    pub fn default_view(&self, aspect: f64) -> View {
        let mut view = View::default_for(self.shape(), self.weight.role.layout, aspect);
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
        Section::place_in_whole(&self.sections, &self.whole, offset)
    }

    /// One value.
    pub fn value(&self, offset: usize) -> Option<f32> {
        let mut value = [0.0];
        (offset < self.count()).then(|| self.values.read(offset, &mut value)).map(|()| value[0])
    }

    /// The stored integer behind one value.
    pub fn code(&self, offset: usize) -> Option<i64> {
        self.weight.code_at(&self.opened.model, self.way.as_ref()?, self.whole_offset(offset)?)
    }

    /// Scale and zero point behind one value.
    pub fn scale(&self, offset: usize) -> Option<(f64, f64)> {
        self.weight.scale_at(&self.opened.model, &self.scales, self.way.as_ref()?, self.whole_offset(offset)?)
    }

    /// Whether there are stored integers to show.
    pub fn has_codes(&self) -> bool {
        self.way.is_some() && self.weight.data_tensor(&self.opened.model).dtype.is_integer()
    }

    /// The stored integers; `None` where the values do not come from integers one by one.
    pub fn codes(&self, token: &Token) -> Option<Arc<Codes>> {
        let find = || Codes::new(&self.opened, &self.weight, &self.whole, &self.sections, token).map(Arc::new);
        self.kept.codes.get_or_init(find).clone()
    }

    /// The numbers that a picture shows; `None` of codes that there are not.
    pub fn numbers(&self, shows: Shows, token: &Token) -> Option<Arc<dyn Blocks>> {
        match shows {
            Shows::Real => Some(Arc::<Values>::clone(&self.values)),
            Shows::Codes => Some(self.codes(token)?),
            Shows::Magnitude => Some(Arc::new(Magnitudes(Arc::clone(&self.values)))),
        }
    }

    /// Their figures, if they are there already.
    pub fn figures_of(&self, shows: Shows) -> Option<&Figures> {
        match shows {
            Shows::Real => Some(&self.figures),
            Shows::Codes => self.kept.code_figures.get(),
            Shows::Magnitude => self.kept.magnitude_figures.get(),
        }
    }

    /// Counts what is needed for the colours of other numbers than the real values.
    ///
    /// # Errors
    /// [`Failure`]: cancelled, or there are no such numbers.
    pub fn count_figures(&self, shows: Shows, token: &Token) -> Result<(), Failure> {
        let kept = match shows {
            Shows::Real => return Ok(()),
            Shows::Codes => &self.kept.code_figures,
            Shows::Magnitude => &self.kept.magnitude_figures,
        };
        if kept.get().is_none() {
            let no_codes = || Failure::Failed("The weight's values do not come from stored integers one by one".to_owned());
            let numbers = self.numbers(shows, token).ok_or_else(no_codes)?;
            let moments = Moments::of(&numbers, token)?;
            let _ = kept.set(Figures::of_blocks(&*numbers, moments, token)?);
        }
        Ok(())
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
        self.figures.limits(range, symmetric)
    }

    /// The range to begin with: full, or where outliers would take most of the colours, percentiles.
    pub fn default_range(&self, symmetric: bool) -> Range {
        self.figures.default_range(symmetric)
    }

    /// Diverging for weights of both signs, sequential for others.
    pub fn default_map(&self) -> Map {
        Map::default_for(self.summary.moments.min < 0.0)
    }

    /// The percentile that a finite value stands at; of equal values the middle.
    pub fn rank_of(&self, value: f32) -> Option<f64> {
        self.figures.rank_of(value)
    }

    /// The pyramid of a picture, complete or not; `None` where reading the cells is quick enough.
    /// [`Pyramid::build`] completes it.
    pub fn pyramid(&self, key: &PictureKey) -> Option<Arc<Pyramid>> {
        const LEAST: usize = 1 << 20;
        if self.count() < LEAST || key.view.colour_axis().is_some() {
            return None;
        }
        let mut held = self.kept.pyramids.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, pyramid)) = held.iter().find(|(of, _)| of == key) {
            return Some(Arc::clone(pyramid));
        }
        let pyramid = Arc::new(Pyramid::new(&key.view, self.count()));
        if held.len() >= PYRAMIDS {
            held.remove(0);
        }
        held.push((key.clone(), Arc::clone(&pyramid)));
        Some(pyramid)
    }

    /// The largest magnitude of each kernel of a picture, which its colours end at where each kernel
    /// has its own scale.
    ///
    /// # Errors
    /// [`Cancelled`].
    pub fn kernel_scales(&self, key: &PictureKey, token: &Token) -> Result<Option<Arc<KernelScales>>, Cancelled> {
        if !key.own_scale || !key.view.has_blocks() {
            return Ok(None);
        }
        if let Some((of, scales)) = &*self.kept.scales.lock().unwrap_or_else(PoisonError::into_inner)
            && of == key
        {
            return Ok(Some(Arc::clone(scales)));
        }
        let Some(numbers) = self.numbers(key.shows, token) else { return Ok(None) };
        let scales = Arc::new(KernelScales::of(&*numbers, &key.view, token)?);
        *self.kept.scales.lock().unwrap_or_else(PoisonError::into_inner) = Some((key.clone(), Arc::clone(&scales)));
        Ok(Some(scales))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::{self, Options};
    use crate::jobs::{Origin, open};
    use crate::source::Source;

    /// A weight of the example with other values.
    fn loaded(values: &[f32]) -> Loaded {
        let bytes = include_bytes!("../../assets/example/digits_f32.tflite");
        let source = Source::from_bytes("digits_f32.tflite", bytes.to_vec());
        let token = Token::new();
        let opened = open(|| formats::open_source(source, &Options::default(), &token), Origin::BuiltIn, None).unwrap();
        let weight = opened.catalogue.weights().next().unwrap().clone();
        let real = Real { shape: vec![values.len()], values: values.to_vec() };
        let values = (Values::from(real.clone()), real.shape);
        Loaded::of(opened, weight, Vec::new(), Reading::Effective, values, &token).unwrap()
    }

    /// `numpy.arange(24).reshape(4, 6)[2:4, 1:3]`
    #[test]
    fn sections_know_their_place_in_the_whole() {
        let whole = loaded(&[0.0; 24]);
        let part = Loaded {
            sections: vec![Section { name: "cell", axis: 0, start: 2, end: 4 }, Section { name: "state", axis: 1, start: 1, end: 3 }],
            values: Arc::new(Values::from(Real { shape: vec![2, 2], values: vec![13.0, 14.0, 19.0, 20.0] })),
            whole: vec![4, 6],
            ..loaded(&[])
        };
        let offsets: Vec<_> = (0..5).map(|offset| part.whole_offset(offset)).collect();
        assert_eq!(offsets, [Some(13), Some(14), Some(19), Some(20), None]);
        assert_eq!((whole.whole_offset(7), part.value(2), part.value(4)), (Some(7), Some(19.0), None));
    }

    #[test]
    fn the_channel_axis() {
        for (layout, rank, axis) in [("OHWI", 4, Some(0)), ("1HWO", 4, Some(3)), ("GOIHW", 5, Some(0)), ("O", 1, Some(0)), ("OI", 3, None)]
        {
            assert_eq!(output_axis(layout, rank), axis, "{layout}");
        }
    }
}
