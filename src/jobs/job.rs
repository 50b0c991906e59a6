//! The kinds of long work, each with what it needs and what it brings.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::pool::{Failure, Lane};
use super::{Cancelled, Token};
use crate::colormap::{Colours, Map, Norm, Range};
use crate::export::picture::PictureFile;
use crate::formats::{self, OpenError, Options};
use crate::layout::{self, Layout};
use crate::model::{GraphId, Model};
use crate::render::{self, Image, Reduced, Viewport};
use crate::source::Source;
use crate::stats::{self, Bins, Channel, Histogram, Moments, Summary};
use crate::view::View;
use crate::weights::{Catalogue, Family, FoldError, Kind, Label, Real, Scales, Weight, label};

/// One piece of work for a worker thread.
pub enum Job {
    Open { path: PathBuf, options: Options },
    /// A model whose bytes are part of the program.
    OpenBuiltIn { name: &'static str, bytes: &'static [u8] },
    Layout { opened: Arc<Opened>, graph: GraphId },
    /// The values and figures of one weight.
    Load { opened: Arc<Opened>, weight: Weight },
    /// A part of a weight's picture, at the window's resolution.
    Picture { loaded: Arc<Loaded>, view: View, colours: Colours, viewport: Viewport },
    Histogram { loaded: Arc<Loaded>, bins: Bins },
    /// Range, distribution and small picture of a weight in a list.
    Glance { opened: Arc<Opened>, weight: Weight },
    Save(Box<SavePlan>),
}

/// What a job brings.
#[derive(Debug)]
pub enum Output {
    Opened(Arc<Opened>),
    Layout(Arc<Layout>),
    Loaded(Arc<Loaded>),
    Picture(Box<Picture>),
    Histogram(Arc<Histogram>),
    Glance(Arc<Glance>),
    /// The files that were written.
    Saved(Vec<PathBuf>),
}

/// A model and what its graphs alone tell.
#[derive(Debug)]
pub struct Opened {
    pub model: Model,
    pub catalogue: Catalogue,
    /// Short operation names, a list a graph.
    pub labels: Vec<Label>,
    /// One row a weight, in file order.
    pub rows: Vec<Row>,
    /// The type that most of the weights' elements are stored in; empty without weights.
    pub main_dtype: String,
    pub took: Duration,
}

/// A line of the weights table: texts that are shown and searched.
#[derive(Clone, Debug)]
pub struct Row {
    pub weight: Weight,
    pub name: String,
    /// The name as the file has it.
    pub full_name: String,
    pub kind: String,
    pub family: Family,
    pub dtype: &'static str,
    /// At the operation's input: `8×3×3×3`.
    pub shape: String,
    pub parameters: u64,
    pub stored_bytes: u64,
    pub problem: Option<String>,
}

/// A weight with its values in memory.
#[derive(Debug)]
pub struct Loaded {
    pub opened: Arc<Opened>,
    pub weight: Weight,
    pub real: Real,
    pub summary: Summary,
    /// Values at 0, 0.1, ... 100 percent.
    pub quantiles: Vec<f64>,
    pub scales: Scales,
    /// The axis of output channels and its figures, where the layout names one.
    pub channels: Option<(usize, Vec<Channel>)>,
    /// For pictures in which a pixel covers many cells; keyed by the view it was made for.
    pub reduced: Reduced,
}

#[derive(Debug)]
pub struct Picture {
    pub image: Image,
    pub viewport: Viewport,
}

/// What a list row and an operation's box show of a weight.
#[derive(Clone, Debug)]
pub struct Glance {
    pub min: f64,
    pub max: f64,
    /// The distribution: heights from 0 to 1.
    pub spark: Vec<f32>,
    /// A convolution's first kernels; `None` for what has no kernels to show.
    pub thumbnail: Option<Image>,
}

/// A file to be written.
pub struct SavePlan {
    pub path: PathBuf,
    pub content: SaveContent,
}

pub enum SaveContent {
    Picture(Box<PictureFile>),
    /// The real values of weights, in the format of the path's extension.
    Numbers { opened: Arc<Opened>, weights: Vec<Weight> },
}

impl std::fmt::Debug for SavePlan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SavePlan").field("path", &self.path).finish_non_exhaustive()
    }
}

/// Bars of a row's distribution.
const SPARK_BINS: usize = 40;

impl Job {
    pub fn title(&self) -> String {
        match self {
            Self::Open { path, .. } => format!("Opening {}", path.file_name().unwrap_or_default().to_string_lossy()),
            Self::OpenBuiltIn { name, .. } => format!("Opening {name}"),
            Self::Layout { .. } => "Laying out the graph".to_owned(),
            Self::Load { .. } => "Reading the weight".to_owned(),
            Self::Picture { .. } => "Drawing the heatmap".to_owned(),
            Self::Histogram { .. } => "Counting values".to_owned(),
            Self::Glance { .. } => "Looking at weights".to_owned(),
            Self::Save(plan) => format!("Writing {}", plan.path.file_name().unwrap_or_default().to_string_lossy()),
        }
    }

    pub fn lane(&self) -> Lane {
        match self {
            Self::Picture { .. } | Self::Histogram { .. } | Self::Load { .. } => Lane::Interactive,
            Self::Open { .. } | Self::OpenBuiltIn { .. } | Self::Layout { .. } | Self::Glance { .. } | Self::Save(_) => Lane::Bulk,
        }
    }

    /// Does the work, on the calling thread.
    ///
    /// # Errors
    /// [`Failure`]: cancelled, or one sentence.
    pub fn run(self, token: &Token) -> Result<Output, Failure> {
        match self {
            Self::Open { path, options } => Ok(Output::Opened(open(|| formats::open(&path, &options, token))?)),
            Self::OpenBuiltIn { name, bytes } => {
                let source = || Source::from_bytes(name, bytes.to_vec());
                Ok(Output::Opened(open(|| formats::open_source(source(), &Options::default(), token))?))
            }
            Self::Layout { opened, graph } => {
                let boxes = crate::jobs::boxes::of(&opened, graph);
                let layout = layout::layout(&boxes, token)?;
                Ok(Output::Layout(Arc::new(layout)))
            }
            Self::Load { opened, weight } => Ok(Output::Loaded(Arc::new(load(opened, weight, token)?))),
            Self::Picture { loaded, view, colours, viewport } => {
                let image = render::heatmap(&loaded.real.values, &view, &colours, &viewport, Some(&loaded.reduced));
                Ok(Output::Picture(Box::new(Picture { image, viewport })))
            }
            Self::Histogram { loaded, bins } => {
                Ok(Output::Histogram(Arc::new(Histogram::of(&loaded.real.values, None, bins, token)?)))
            }
            Self::Glance { opened, weight } => Ok(Output::Glance(Arc::new(glance(&opened.model, &weight, token)?))),
            Self::Save(plan) => Ok(Output::Saved(crate::export::save(*plan, token).map_err(|error| Failure::Failed(error.to_string()))?)),
        }
    }
}

fn open(read: impl FnOnce() -> Result<Model, OpenError>) -> Result<Arc<Opened>, Failure> {
    let start = Instant::now();
    let model = read().map_err(|error| match error {
        OpenError::Cancelled { .. } => Failure::Cancelled,
        error => Failure::Failed(sentence(&error.to_string())),
    })?;
    let catalogue = Catalogue::of(&model);
    let labels: Vec<Label> = model.graphs.iter().map(label).collect();
    let rows: Vec<Row> = catalogue.weights().map(|weight| row(&model, &labels, weight)).collect();
    let main_dtype = main_dtype(&rows);
    Ok(Arc::new(Opened { model, catalogue, labels, rows, main_dtype, took: start.elapsed() }))
}

/// With a capital letter, as a notice begins.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn row(model: &Model, labels: &[Label], weight: &Weight) -> Row {
    let graph = weight.graph(model);
    let operation = weight.operation(model);
    let data = weight.data_tensor(model);
    let shape = &graph.tensor(weight.tensor).shape;
    // A bias in an addition of its own goes by the name of the layer that it belongs to.
    let named = weight.bias_of.unwrap_or(weight.site.operation);
    Row {
        weight: weight.clone(),
        name: labels.get(weight.site.graph.0 as usize).map_or("", |labels| labels.of(named)).to_owned(),
        full_name: operation.name.clone(),
        kind: operation.kind.clone(),
        family: Family::of(&graph.operation(named).kind),
        dtype: data.dtype.name(),
        shape: shape.to_string(),
        parameters: shape.count().unwrap_or(0),
        stored_bytes: weight.stored_bytes(model).map_or(0, |bytes| bytes.len() as u64),
        problem: weight.problem(model),
    }
}

fn main_dtype(rows: &[Row]) -> String {
    let mut totals: Vec<(&str, u64)> = Vec::new();
    for row in rows {
        match totals.iter_mut().find(|(dtype, _)| *dtype == row.dtype) {
            Some((_, total)) => *total += row.parameters,
            None => totals.push((row.dtype, row.parameters)),
        }
    }
    totals.iter().max_by_key(|(_, total)| *total).map(|(dtype, _)| (*dtype).to_owned()).unwrap_or_default()
}

fn load(opened: Arc<Opened>, weight: Weight, token: &Token) -> Result<Loaded, Failure> {
    let real = weight.real(&opened.model, token)?;
    let summary = Summary::of(&real.values, token)?;
    let percents: Vec<f64> = (0..=1000).map(|tenth| f64::from(tenth) / 10.0).collect();
    let quantiles = stats::percentiles(&real.values, &percents, token)?;
    let scales = weight.scales(&opened.model, token).unwrap_or_default();
    let axis = weight.role.layout.and_then(|layout| output_axis(layout, real.shape.len()));
    let channels = match axis {
        Some(axis) => Some((axis, stats::channels(&real.values, &real.shape, axis, token)?)),
        None => None,
    };
    Ok(Loaded { opened, weight, real, summary, quantiles, scales, channels, reduced: Reduced::default() })
}

/// The axis of output channels in a layout of the same rank. Grouped kernels have two; the group is
/// the one that tells channels apart where there is one output a group.
pub fn output_axis(layout: &str, rank: usize) -> Option<usize> {
    if layout.len() != rank {
        return None;
    }
    layout.find('G').or_else(|| layout.find('O'))
}

fn glance(model: &Model, weight: &Weight, token: &Token) -> Result<Glance, Failure> {
    let real = weight.real(model, token)?;
    let moments = Moments::of(&real.values, token)?;
    let histogram = Histogram::of(&real.values, None, Bins::Count(SPARK_BINS), token)?;
    let peak = histogram.peak().max(1) as f32;
    let spark = histogram.counts.iter().map(|count| *count as f32 / peak).collect();
    Ok(Glance { min: moments.min, max: moments.max, spark, thumbnail: thumbnail(weight, &real) })
}

/// The first kernels of a convolution, small.
fn thumbnail(weight: &Weight, real: &Real) -> Option<Image> {
    const WIDTH: usize = 208;
    const HEIGHT: usize = 48;
    let view = View::default_for(&real.shape, weight.role.layout, 4.0);
    let (height, width) = view.block_size();
    if weight.role.name != "kernel" || weight.role.kind != Kind::Weight || height.max(width) < 2 || real.values.is_empty() {
        return None;
    }
    let colours = Colours::for_values(Map::Vik, Range::Full, Norm::Linear, &real.values);
    render::kernel_strip(&real.values, &view, &colours, WIDTH, HEIGHT)
}

impl From<Cancelled> for Failure {
    fn from(_: Cancelled) -> Self {
        Self::Cancelled
    }
}

impl From<FoldError> for Failure {
    fn from(error: FoldError) -> Self {
        match error {
            FoldError::Cancelled(_) => Self::Cancelled,
            error => Self::Failed(sentence(&error.to_string())),
        }
    }
}
