//! A weight's heatmap or histogram as a file. The window and the command line describe what they
//! want with the same [`PictureFile`], so that the same view makes the same bytes.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use thiserror::Error;

use super::{atomic, manifest, png, svg};
use crate::colormap::Colours;
use crate::jobs::{Cancelled, Failure, Loaded, Token};
use crate::render::figure::{FigureError, HeatmapFigure, HistogramFigure};
use crate::render::number::{grouped, significant};
use crate::render::theme::{self, Theme};
use crate::render::{Image, Viewport};
use crate::stats::{Bins, Histogram, Rule};
use crate::view::View;
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
    Heatmap { view: Box<View>, colours: Colours },
    Histogram { rule: Rule, log_counts: bool },
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
        let bytes = self.encode(path, token)?;
        atomic::write(path, |out| out.write_all(&bytes)).map_err(|error| PictureError::File { path: path.to_owned(), error })
    }

    /// The file's bytes, the same every time.
    fn encode(&self, path: &Path, token: &Token) -> Result<Vec<u8>, PictureError> {
        let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase()).unwrap_or_default();
        let in_file = |error: io::Error| PictureError::File { path: path.to_owned(), error };
        match (&self.content, extension.as_str()) {
            (Content::Histogram { rule, .. }, "csv") => Ok(histogram_csv(&self.histogram(*rule, token)?)),
            (_, "png") => {
                let image = self.image(token)?;
                png::encode(&image, &borrowed(&self.entries(token)?)).map_err(|error| in_file(io::Error::other(error)))
            }
            (_, "svg") => {
                let scene = match &self.content {
                    Content::Heatmap { view, colours } => self.heatmap(view, *colours, |figure| figure.scene(self.options.scale.into()))?,
                    Content::Histogram { .. } => self.histogram_figure(token, |figure| Ok(figure.scene()))?,
                };
                let text = svg::encode(&scene, &self.title(), &borrowed(&self.entries(token)?))
                    .map_err(|error| in_file(io::Error::other(error)))?;
                Ok(text.into_bytes())
            }
            (Content::Histogram { .. }, _) => Err(PictureError::Format { formats: ".png, .svg or .csv", path: path.to_owned() }),
            (Content::Heatmap { .. }, _) => Err(PictureError::Format { formats: ".png or .svg", path: path.to_owned() }),
        }
    }

    /// The picture's pixels.
    ///
    /// # Errors
    /// [`PictureError`]: cancelled, nothing to draw, or too much.
    pub fn image(&self, token: &Token) -> Result<Image, PictureError> {
        let scale = u32::from(self.options.scale.max(1));
        match &self.content {
            Content::Heatmap { view, colours } => self.heatmap(view, *colours, |figure| figure.image(scale)),
            Content::Histogram { .. } => self.histogram_figure(token, |figure| figure.image(scale)),
        }
    }

    fn heatmap<R>(
        &self,
        view: &View,
        colours: Colours,
        then: impl FnOnce(&HeatmapFigure<'_>) -> Result<R, FigureError>,
    ) -> Result<R, PictureError> {
        // So far out that a pyramid is of use; the figure decides on its scale later.
        let far = Viewport { origin: [0.0; 2], scale: [0.0625; 2], width: 1, height: 1 };
        let is_reduced = view.rows().max(view.columns()) > 4096;
        let pyramid = is_reduced.then(|| self.loaded.pyramid(view, &far)).flatten();
        let figure = HeatmapFigure {
            subtitle: self.subtitle(),
            cell: self.options.cell,
            bare: self.options.bare,
            pyramid: pyramid.as_deref(),
            ..HeatmapFigure::new(self.title(), &self.loaded.real.values, view, colours, self.options.theme.theme())
        };
        Ok(then(&figure)?)
    }

    fn histogram(&self, rule: Rule, token: &Token) -> Result<Histogram, Cancelled> {
        Histogram::of(&self.loaded.real.values, None, Bins::Rule(rule), token)
    }

    fn histogram_figure<R>(
        &self,
        token: &Token,
        then: impl FnOnce(&HistogramFigure<'_>) -> Result<R, FigureError>,
    ) -> Result<R, PictureError> {
        let Content::Histogram { rule, log_counts } = self.content else { return Err(FigureError::Empty.into()) };
        let histogram = self.histogram(rule, token)?;
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

    fn title(&self) -> String {
        let weight = &self.loaded.weight;
        let graph = weight.graph(&self.loaded.opened.model);
        format!("{} · {}", graph.operation(weight.layer()).name, self.loaded.role_name())
    }

    fn subtitle(&self) -> String {
        let model = &self.loaded.opened.model;
        let weight = &self.loaded.weight;
        let shape: Vec<_> = self.loaded.real.shape.iter().map(ToString::to_string).collect();
        let layout = weight.role.layout.filter(|layout| layout.len() > 1).map_or(String::new(), |layout| format!(" {layout}"));
        let mut text = format!("{} · {} · {}{layout}", model.file_name(), weight.data_tensor(model).dtype, shape.join("×"));
        match self.loaded.reading {
            Reading::Effective => {}
            Reading::Float => text.push_str(" · before FakeQuantize"),
            Reading::Levels => text.push_str(" · levels of FakeQuantize"),
        }
        if let Some(slice) = self.slice() {
            text.push_str(" · ");
            text.push_str(&slice);
        }
        text
    }

    /// The sliders' places, as in `D 1`.
    fn slice(&self) -> Option<String> {
        let Content::Heatmap { view, .. } = &self.content else { return None };
        Some(view.slice_text()).filter(|slice| !slice.is_empty())
    }

    /// What the file says about itself.
    fn entries(&self, token: &Token) -> Result<Vec<(&'static str, String)>, Cancelled> {
        let model = &self.loaded.opened.model;
        let weight = &self.loaded.weight;
        let data = weight.data_tensor(model);
        let mut entries = vec![
            ("Software", format!("Weightscope {}", env!("CARGO_PKG_VERSION"))),
            ("Title", self.title()),
            ("Model", model.file_name()),
            ("Tensor", data.name.clone()),
            ("DType", data.dtype.to_string()),
            ("Layout", weight.role.layout.unwrap_or("unknown").to_owned()),
        ];
        if !self.loaded.sections.is_empty() {
            let section = |section: &Section| format!("{} {}..{} along axis {}", section.name, section.start, section.end, section.axis);
            entries.push(("Sections", self.loaded.sections.iter().map(section).collect::<Vec<_>>().join(", ")));
        }
        if let Some(slice) = self.slice() {
            entries.push(("Slice", slice));
        }
        if let Content::Heatmap { colours, .. } = &self.content {
            entries.push(("Colour map", colours.map.name().to_owned()));
            entries.push(("Limits", format!("{} {}", colours.limits.low, colours.limits.high)));
            entries.push(("Norm", colours.norm.name().to_owned()));
        }
        entries.extend(manifest::model_digest(model, token)?.map(|digest| ("Model SHA-256", digest)));
        Ok(entries)
    }
}

fn borrowed<'e>(entries: &'e [(&'static str, String)]) -> Vec<(&'e str, &'e str)> {
    entries.iter().map(|(key, text)| (*key, text.as_str())).collect()
}

/// A line a bin; the values outside all bins follow.
fn histogram_csv(histogram: &Histogram) -> Vec<u8> {
    let mut out = Vec::new();
    let _ = writeln!(out, "from,to,count");
    for (count, edges) in histogram.counts.iter().zip(histogram.edges.windows(2)) {
        let _ = writeln!(out, "{},{},{count}", edges[0], edges[1]);
    }
    for (name, count) in [("nan", histogram.nan), ("inf", histogram.pos_inf), ("-inf", histogram.neg_inf)] {
        if count > 0 {
            let _ = writeln!(out, "{name},{name},{count}");
        }
    }
    out
}

impl From<PictureError> for Failure {
    fn from(error: PictureError) -> Self {
        match error {
            PictureError::Cancelled(_) => Self::Cancelled,
            error => Self::of(&error),
        }
    }
}
