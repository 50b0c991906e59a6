//! Everything that decides about a weight's picture: one description for the window, the command line
//! and files, and the one place where it becomes pixels.

use std::sync::Arc;

use super::loaded::{Loaded, PictureKey, Shows};
use super::pool::Failure;
use super::{Cancelled, Token};
use crate::colormap::{Colours, Kind, Limits, Map, Norm, Range};
use crate::render::{self, Image, Ink, Marked, Numbers, Options, Pyramid, Reduction, Test, Viewport};
use crate::values::Blocks;
use crate::view::{Place, View};
use crate::weights::Reading;

/// How a weight is looked at.
#[derive(Clone, Debug, PartialEq)]
pub struct Look {
    pub view: View,
    pub shows: Shows,
    /// Ignored where three channels are colours.
    pub map: Map,
    pub range: Range,
    pub norm: Norm,
    /// Each kernel on its own scale; where there are no kernels, nothing.
    pub own_scale: bool,
    /// Codes at the ends of their type are painted.
    pub saturated: bool,
    /// Real values, from and to, that are meant: the others are dimmed.
    pub marked: Option<(f32, f32)>,
    pub reduction: Reduction,
}

impl Look {
    /// The usual one, in a view.
    pub fn new(loaded: &Loaded, view: View) -> Self {
        let map = loaded.default_map();
        Self {
            view,
            shows: Shows::Real,
            map,
            range: loaded.default_range(map.kind() == Kind::Diverging),
            norm: Norm::Linear,
            own_scale: false,
            saturated: false,
            marked: None,
            reduction: Reduction::Extreme,
        }
    }

    /// Diverging for real values of both signs, sequential for others.
    pub fn default_map(loaded: &Loaded, shows: Shows) -> Map {
        if shows == Shows::Real { loaded.default_map() } else { Map::default_for(false) }
    }

    /// The range to begin with: full, or where outliers would take most of the colours, percentiles.
    pub fn default_range(&self, loaded: &Loaded) -> Range {
        loaded.figures_of(self.shows).map_or(Range::Full, |figures| figures.default_range(self.map.kind() == Kind::Diverging))
    }

    /// The axis of input channels, where the layout names one.
    pub fn input_axis(loaded: &Loaded) -> Option<usize> {
        let layout = loaded.weight.role.layout.filter(|layout| layout.len() == loaded.shape().len())?;
        layout.find('I')
    }

    /// Whether each kernel has its own scale indeed.
    pub fn has_own_scales(&self) -> bool {
        self.own_scale && self.view.has_blocks() && !self.is_rgb()
    }

    pub fn is_rgb(&self) -> bool {
        self.view.colour_axis().is_some()
    }

    pub fn key(&self) -> PictureKey {
        PictureKey { view: self.view.clone(), shows: self.shows, own_scale: self.has_own_scales() }
    }

    /// The colours that follow; `None` until the figures of what is shown are counted. On scales of their
    /// own the limits are parts of each kernel's largest magnitude.
    pub fn colours(&self, loaded: &Loaded) -> Option<Colours> {
        let map = if self.is_rgb() { Map::Greys } else { self.map };
        let symmetric = map.kind() == Kind::Diverging || self.is_rgb();
        let figures = loaded.figures_of(self.shows)?;
        let limits = match self.has_own_scales() {
            true if symmetric || figures.moments.min < 0.0 => Limits::new(-1.0, 1.0),
            true => Limits::new(0.0, 1.0),
            false if self.is_rgb() => figures.limits(self.range, true).symmetric(),
            false => figures.limits(self.range, symmetric),
        };
        Some(Colours { map, limits, norm: self.norm })
    }

    /// What must be known to read the picture.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        match self.shows {
            Shows::Real => {}
            Shows::Codes => notes.push("stored codes".to_owned()),
            Shows::Magnitude => notes.push("magnitudes".to_owned()),
        }
        if self.has_own_scales() {
            notes.push("each kernel on its own scale, its largest magnitude is 1".to_owned());
        }
        if let Some(axis) = self.view.colour_axis() {
            notes.push(format!("{} as red, green and blue, 0 is mid-grey", self.view.names()[axis]));
        }
        let order = self.view.order_text();
        if !order.is_empty() {
            notes.push(format!("{order}, not in the file's order"));
        }
        if let Some((low, high)) = self.marked {
            notes.push(format!("{low} to {high} marked"));
        }
        if self.saturated {
            notes.push("saturated codes blue".to_owned());
        }
        if self.reduction == Reduction::Mean {
            notes.push("means where reduced".to_owned());
        }
        notes
    }

    /// The options of `weightscope heatmap` that make this picture, whatever would be usual.
    pub fn arguments(&self, loaded: &Loaded) -> Vec<String> {
        let mut arguments = Vec::new();
        let mut say = |option: &str, value: String| arguments.extend([format!("--{option}"), value]);
        say("role", loaded.weight.role.name.to_owned());
        for (option, sections) in [("gate", &loaded.weight.sections.gates), ("part", &loaded.weight.sections.parts)] {
            if let Some(section) = loaded.sections.iter().find(|section| sections.contains(section)) {
                say(option, section.name.to_owned());
            }
        }
        match loaded.reading {
            Reading::Effective => {}
            Reading::Float => say("fake-quantize", "float".to_owned()),
            Reading::Levels => say("fake-quantize", "levels".to_owned()),
        }
        // First out of the way, then each to its place, in the order there.
        let axes = 0..self.view.shape().len();
        axes.clone().for_each(|axis| say("axis", format!("{axis}={}", self.view.fixed(axis))));
        for (place, name) in [
            (Place::Rows, "rows"),
            (Place::Columns, "columns"),
            (Place::CellRows, "cell-rows"),
            (Place::CellColumns, "cell-columns"),
            (Place::Colour, "rgb"),
        ] {
            self.view.axes(place).into_iter().for_each(|axis| say("axis", format!("{axis}={name}")));
        }
        if let Some(wrap) = self.view.wrap() {
            say("wrap", wrap.to_string());
        }
        for axis in axes {
            if let Some(order) = self.view.order(axis) {
                say("sort", format!("{axis}={}", order.name()));
            }
        }
        say("show", self.shows.name().to_owned());
        say("colormap", self.map.name().to_owned());
        say("range", self.range.text());
        say("norm", self.norm.name().to_owned());
        say("reduce", self.reduction.name().to_owned());
        if let Some((low, high)) = self.marked {
            say("mark", format!("{low}:{high}"));
        }
        arguments.extend(self.own_scale.then(|| "--own-scale".to_owned()));
        arguments.extend(self.saturated.then(|| "--saturated".to_owned()));
        arguments
    }

    /// Numbers of this look's cells, and how to draw them, for `then`. With `is_complete` the pyramid is
    /// built to its end first, so that the picture is the final one.
    ///
    /// # Errors
    /// [`Failure`]: cancelled, or there are no such numbers.
    pub fn with_options<R>(
        &self,
        loaded: &Loaded,
        ink: Ink,
        is_complete: bool,
        token: &Token,
        then: impl FnOnce(&dyn Blocks, &Options<'_>) -> R,
    ) -> Result<R, Failure> {
        loaded.count_figures(self.shows, token)?;
        let no_codes = || Failure::Failed("The weight's values do not come from stored integers one by one".to_owned());
        let numbers = loaded.numbers(self.shows, token).ok_or_else(no_codes)?;
        let key = self.key();
        let scales = loaded.kernel_scales(&key, token)?;
        let pyramid = loaded.pyramid(&key);
        let numbers_of_cells = Numbers { values: &*numbers, view: &self.view, scales: scales.as_deref(), test: None };
        if let Some(pyramid) = pyramid.as_ref().filter(|pyramid| is_complete && !pyramid.is_complete()) {
            pyramid.build(numbers_of_cells, token)?;
        }
        let codes = if self.saturated { Some(loaded.codes(token).ok_or_else(no_codes)?) } else { None };
        let options = Options {
            reduction: self.reduction,
            pyramid: pyramid.as_deref(),
            scales: scales.as_deref(),
            marked: self.marked.map(|(low, high)| Marked { values: &*loaded.values, test: Test::Within(low, high) }),
            saturated: codes.as_ref().map(|codes| {
                let (low, high) = codes.ends();
                Marked { values: &**codes, test: Test::AtEnds(low, high) }
            }),
            token: Some(token),
            ..Options::new(ink)
        };
        Ok(then(&*numbers, &options))
    }

    /// Pixels of a part of the picture, with as much of the pyramid as there is.
    ///
    /// # Errors
    /// As for [`with_options`](Self::with_options).
    pub fn draw(&self, loaded: &Loaded, viewport: &Viewport, ink: Ink, token: &Token) -> Result<Image, Failure> {
        loaded.count_figures(self.shows, token)?;
        let Some(colours) = self.colours(loaded) else { return Err(Cancelled.into()) };
        let image = self
            .with_options(loaded, ink, false, token, |values, options| render::heatmap(values, &self.view, &colours, viewport, options))?;
        token.check()?;
        Ok(image)
    }

    /// Builds the picture's pyramid.
    ///
    /// # Errors
    /// As for [`with_options`](Self::with_options).
    pub fn build_pyramid(&self, loaded: &Loaded, token: &Token) -> Result<(), Failure> {
        let ink = Ink { background: [0; 4], gap: [0; 3] };
        Self { saturated: false, ..self.clone() }.with_options(loaded, ink, true, token, |_, _| ())
    }

    /// The pyramid, where this look has one at a scale.
    pub fn pyramid(&self, loaded: &Loaded, viewport: &Viewport) -> Option<Arc<Pyramid>> {
        let is_far = viewport.scale.iter().all(|scale| *scale <= 0.125);
        if is_far { loaded.pyramid(&self.key()) } else { None }
    }
}
