//! A weight's heatmap or histogram as a file. The window and the command line describe what they
//! want with the same [`PictureFile`], so that the same view makes the same bytes.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use thiserror::Error;

use super::drawing::{self, Drawing};
use crate::jobs::{Cancelled, Counting, Distribution, Failure, Loaded, Look, Opened, Token};
use crate::render::figure::{FigureError, HeatmapFigure, HistogramFigure};
use crate::render::number::{grouped, significant};
use crate::render::scene::Scene;
use crate::render::theme::{self, Theme};
use crate::render::{Image, Options};
use crate::stats::Histogram;
use crate::view::{Place, View};
use crate::weights::{Reading, Section};

/// A picture to be written.
#[derive(Debug)]
pub struct PictureFile {
    pub loaded: Arc<Loaded>,
    pub content: Content,
    pub options: PictureOptions,
}

#[derive(Clone, Debug)]
pub enum Content {
    Heatmap(Box<Look>),
    Histogram { counting: Counting, log_counts: bool },
}

/// How the file looks, whatever it shows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PictureOptions {
    pub theme: ThemeName,
    /// Pixels a unit: 1, 2 or 4.
    pub scale: u8,
    /// The picture alone, without title, axes and colour bar.
    pub bare: bool,
    /// Pixels a cell of a heatmap; `None`: what makes a picture of a pleasant size.
    pub cell: Option<u32>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ThemeName {
    #[default]
    Light,
    Dark,
}

/// Why a picture can't be written.
#[derive(Debug, Error)]
pub enum PictureError {
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
    #[error(transparent)]
    Figure(#[from] FigureError),
    /// One sentence why there is nothing to draw.
    #[error("{0}")]
    Values(String),
    #[error("{0}; an .svg has no such limit, and with more groups closed the picture is smaller")]
    LargeGraph(FigureError),
    #[error("which format? name the file {formats}: {path}", path = .path.display())]
    Format { formats: &'static str, path: PathBuf },
    #[error("can't write: {error}: {path}", path = .path.display())]
    File { path: PathBuf, error: io::Error },
}

impl Default for PictureOptions {
    fn default() -> Self {
        Self { theme: ThemeName::Light, scale: 1, bare: false, cell: None }
    }
}

impl ThemeName {
    pub fn theme(self) -> &'static Theme {
        match self {
            Self::Light => &theme::LIGHT,
            Self::Dark => &theme::DARK,
        }
    }
}

impl PictureFile {
    /// Writes the file; its extension gives the format.
    ///
    /// # Errors
    /// [`PictureError`]; there is no file then, or the one that was there before.
    pub fn save(&self, path: &Path, token: &Token) -> Result<(), PictureError> {
        drawing::save(self, path, token)
    }

    /// The picture's pixels.
    ///
    /// # Errors
    /// [`PictureError`]: cancelled, nothing to draw, or too much.
    pub fn image(&self, token: &Token) -> Result<Image, PictureError> {
        let scale = u32::from(self.options.scale.max(1));
        match &self.content {
            Content::Heatmap(look) => self.heatmap(look, token, |figure| figure.image(scale)),
            Content::Histogram { .. } => self.histogram_figure(token, |figure| figure.image(scale)),
        }
    }

    fn heatmap<R>(
        &self,
        look: &Look,
        token: &Token,
        then: impl FnOnce(&HeatmapFigure<'_>) -> Result<R, FigureError>,
    ) -> Result<R, PictureError> {
        let theme = self.options.theme.theme();
        self.loaded.count_figures(look.shows, token)?;
        let Some(colours) = look.colours(&self.loaded) else { return Err(FigureError::Empty.into()) };
        // The figure decides on its scale later; a large picture is reduced.
        let is_reduced = look.view.rows().max(look.view.columns()) > 4096;
        let figure = look.with_options(&self.loaded, theme.ink(), is_reduced, token, |values, options| {
            let figure = HeatmapFigure {
                subtitle: self.subtitle(),
                cell: self.options.cell,
                bare: self.options.bare,
                options: Options { pyramid: options.pyramid.filter(|pyramid| pyramid.is_complete()), ..*options },
                notes: look.notes(),
                ..HeatmapFigure::new(self.title(), values, &look.view, colours, theme, token)
            };
            then(&figure)
        })?;
        Ok(figure?)
    }

    fn histogram(&self, counting: Counting, token: &Token) -> Result<Histogram, PictureError> {
        match Distribution::of(&self.loaded, counting, token) {
            Ok(distribution) => Ok(distribution.histogram),
            Err(Failure::Cancelled) => Err(Cancelled.into()),
            Err(Failure::Failed(problem)) => Err(PictureError::Values(problem)),
        }
    }

    fn histogram_figure<R>(
        &self,
        token: &Token,
        then: impl FnOnce(&HistogramFigure<'_>) -> Result<R, FigureError>,
    ) -> Result<R, PictureError> {
        let Content::Histogram { counting, log_counts } = self.content else { return Err(FigureError::Empty.into()) };
        let histogram = self.histogram(counting, token)?;
        let statistics = self.statistics();
        let figure = HistogramFigure {
            subtitle: self.subtitle(),
            statistics: &statistics,
            log: log_counts,
            bare: self.options.bare,
            ..HistogramFigure::new(self.title(), &histogram, self.options.theme.theme())
        };
        Ok(then(&figure)?)
    }

    /// Four significant digits, as everywhere in the program.
    fn statistics(&self) -> Vec<(String, String)> {
        let summary = &self.loaded.summary;
        let moments = &summary.moments;
        let mut rows = vec![
            ("count", grouped(moments.count)),
            ("min", significant(moments.min, 4)),
            ("max", significant(moments.max, 4)),
            ("mean", significant(moments.mean, 4)),
            ("std", significant(moments.std, 4)),
            ("median", significant(summary.percentiles.p50, 4)),
            ("skew", significant(moments.skew, 4)),
            ("kurtosis", significant(moments.kurtosis, 4)),
            ("zeros", grouped(moments.zeros)),
            ("outliers", grouped(summary.outliers)),
        ];
        if moments.nan + moments.inf() > 0 {
            rows.push(("NaN", moments.nan.to_string()));
            rows.push(("infinite", moments.inf().to_string()));
        }
        rows.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    fn subtitle(&self) -> String {
        let model = &self.loaded.opened.model;
        let weight = &self.loaded.weight;
        let shape: Vec<_> = self.loaded.shape().iter().map(ToString::to_string).collect();
        let layout = weight.role.layout.filter(|layout| layout.len() > 1).map_or(String::new(), |layout| format!(" {layout}"));
        let mut text = format!("{} · {} · {}{layout}", model.file_name(), weight.data_tensor(model).dtype, shape.join("×"));
        match self.loaded.reading {
            Reading::Effective => {}
            Reading::Float => text.push_str(" · before FakeQuantize"),
            Reading::Levels => text.push_str(" · levels of FakeQuantize"),
        }
        if matches!(&self.content, Content::Histogram { counting, .. } if counting.of_codes) {
            text.push_str(" · stored codes");
        }
        if let Some(slice) = self.slice() {
            text.push_str(" · ");
            text.push_str(&slice);
        }
        text
    }

    /// The sliders' places, as in `D 1`.
    fn slice(&self) -> Option<String> {
        let Content::Heatmap(look) = &self.content else { return None };
        Some(look.view.slice_text()).filter(|slice| !slice.is_empty())
    }

    /// What the file says about how it is looked at.
    fn look_entries(&self, look: &Look) -> Vec<(&'static str, String)> {
        let mut entries = vec![("Axes", axes(&look.view)), ("Shows", look.shows.name().to_owned())];
        if let Some(colours) = look.colours(&self.loaded) {
            let map = if look.is_rgb() { "RGB" } else { colours.map.name() };
            entries.extend([
                ("Colour map", map.to_owned()),
                ("Limits", format!("{} {}", colours.limits.low, colours.limits.high)),
                ("Range", if look.has_own_scales() { "each kernel's largest magnitude".to_owned() } else { look.range.text() }),
                ("Norm", colours.norm.name().to_owned()),
                ("Reduction", look.reduction.name().to_owned()),
            ]);
        }
        let order = look.view.order_text();
        entries.extend(Some(("Order", order)).filter(|(_, order)| !order.is_empty()));
        entries.extend(look.marked.map(|(low, high)| ("Marked", format!("{low} {high}"))));
        entries.extend(look.saturated.then(|| ("Saturated codes", "painted".to_owned())));
        entries
    }
}

impl Drawing for PictureFile {
    fn formats(&self) -> &'static str {
        match self.content {
            Content::Heatmap(_) => ".png or .svg",
            Content::Histogram { .. } => ".png, .svg or .csv",
        }
    }

    fn opened(&self) -> &Opened {
        &self.loaded.opened
    }

    fn title(&self) -> String {
        let weight = &self.loaded.weight;
        let graph = weight.graph(&self.loaded.opened.model);
        format!("{} · {}", graph.operation(weight.layer()).name, self.loaded.role_name())
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        let weight = &self.loaded.weight;
        let data = weight.data_tensor(&self.loaded.opened.model);
        let mut facts = vec![
            ("Tensor", data.name.clone()),
            ("DType", data.dtype.to_string()),
            ("Layout", weight.role.layout.unwrap_or("unknown").to_owned()),
        ];
        if !self.loaded.sections.is_empty() {
            let section = |section: &Section| format!("{} {}..{} along axis {}", section.name, section.start, section.end, section.axis);
            facts.push(("Sections", self.loaded.sections.iter().map(section).collect::<Vec<_>>().join(", ")));
        }
        facts.extend(self.slice().map(|slice| ("Slice", slice)));
        if let Content::Heatmap(look) = &self.content {
            facts.extend(self.look_entries(look));
        }
        facts
    }

    fn pixels(&self, token: &Token) -> Result<Image, PictureError> {
        self.image(token)
    }

    fn shapes(&self, token: &Token) -> Result<Scene, PictureError> {
        match &self.content {
            Content::Heatmap(look) => self.heatmap(look, token, |figure| figure.scene(self.options.scale.into())),
            Content::Histogram { .. } => self.histogram_figure(token, |figure| Ok(figure.scene())),
        }
    }

    fn special(&self, extension: &str, token: &Token) -> Result<Option<Vec<u8>>, PictureError> {
        match (&self.content, extension) {
            (Content::Histogram { counting, .. }, "csv") => Ok(Some(histogram_csv(&self.histogram(*counting, token)?))),
            _ => Ok(None),
        }
    }
}

/// The axes in every place, as in `rows O, columns I, cell rows H, cell columns W`.
fn axes(view: &View) -> String {
    let places = [
        (Place::Rows, "rows"),
        (Place::Columns, "columns"),
        (Place::CellRows, "cell rows"),
        (Place::CellColumns, "cell columns"),
        (Place::Slider, "slice"),
        (Place::Colour, "colours"),
    ];
    let named = places.into_iter().filter_map(|(place, name)| {
        let axes = view.axes(place);
        let names: Vec<_> = axes.iter().filter_map(|axis| view.names().get(*axis)).map(String::as_str).collect();
        (!names.is_empty()).then(|| format!("{name} {}", names.join(" ")))
    });
    named.collect::<Vec<_>>().join(", ")
}

/// A line a bin; the values outside all bins follow.
fn histogram_csv(histogram: &Histogram) -> Vec<u8> {
    let mut out = Vec::new();
    let _ = writeln!(out, "from,to,count");
    for (count, edges) in histogram.counts.iter().zip(histogram.edges.windows(2)) {
        let _ = writeln!(out, "{},{},{count}", edges[0], edges[1]);
    }
    for (name, count) in [
        ("below", histogram.below),
        ("above", histogram.above),
        ("nan", histogram.nan),
        ("inf", histogram.pos_inf),
        ("-inf", histogram.neg_inf),
    ] {
        if count > 0 {
            let _ = writeln!(out, "{name},{name},{count}");
        }
    }
    out
}

impl From<Failure> for PictureError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Cancelled => Self::Cancelled(Cancelled),
            Failure::Failed(sentence) => Self::Values(sentence),
        }
    }
}

impl From<PictureError> for Failure {
    fn from(error: PictureError) -> Self {
        match error {
            PictureError::Cancelled(_) => Self::Cancelled,
            error => Self::of(&error),
        }
    }
}
