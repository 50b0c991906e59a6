//! The kinds of long work, each with what it needs and what it brings.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use super::cards::{self, GraphPicture, GraphPlan};
use super::complete::{Completions, complete, models_in};
use super::distribution::{Counting, Distribution};
use super::file_text::FileText;
use super::find::{self, Find, Sought};
use super::glance::glance;
use super::loaded::{Loaded, Shows, load};
use super::look::Look;
use super::measures::{self, Measure, Measures};
use super::pool::Failure;
#[cfg(test)]
use super::pool::Lane;
use super::search::{self, Found};
use super::statistics::Statistics;
use super::structure::Structure;
use super::{Cancelled, Token, versus};
use crate::export::graph::GraphFile;
use crate::export::layout::Layout;
use crate::export::picture::PictureFile;
use crate::export::pictures::PictureSet;
use crate::export::weights::{self as arrays, Format, Item, Request};
use crate::export::{atomic, files, manifest};
use crate::formats::{self, OpenError, Options};
use crate::groups::Groups;
use crate::model::{DType, Data, GraphId, Model, Tensor};
use crate::render::theme::Theme;
use crate::render::{Image, Viewport};
use crate::runtime::{self, Choice, OnDemand, Profile, Report, Runtime};
use crate::sorting::{self, SortKey};
use crate::source::Source;
use crate::stats::{Figures, Ridges, report};
use crate::view::Order;
use crate::weights::{Catalogue, Evaluator, Family, Labels, Reading, Section, Subject, Weight};

/// One piece of work for a worker thread.
pub enum Job {
    Open {
        path: PathBuf,
        options: Options,
        /// Who computes constants that are not evaluated here.
        fallback: Arc<OnDemand>,
    },
    /// A model whose bytes are part of the program.
    OpenBuiltIn {
        name: &'static str,
        bytes: &'static [u8],
    },
    Layout {
        opened: Arc<Opened>,
        graph: GraphId,
        plan: GraphPlan,
    },
    /// The values of one weight; of a large one with the figures of a sample.
    Load {
        opened: Arc<Opened>,
        weight: Weight,
        /// The gate and the like to be shown alone.
        sections: Vec<Section>,
        reading: Reading,
    },
    /// The figures of all values of a large weight.
    Count(Arc<Loaded>),
    /// A part of a weight's picture, at the window's resolution.
    Picture {
        loaded: Arc<Loaded>,
        look: Box<Look>,
        viewport: Viewport,
        theme: &'static Theme,
    },
    /// What makes pictures of a large weight quick and exact; they are drawn meanwhile.
    Pyramid {
        loaded: Arc<Loaded>,
        look: Box<Look>,
    },
    /// The figures of stored codes or of magnitudes, which their colours follow.
    Figures {
        loaded: Arc<Loaded>,
        shows: Shows,
    },
    /// An order of an axis' indices.
    Sort {
        loaded: Arc<Loaded>,
        axis: usize,
        key: SortKey,
    },
    /// A value that is looked for, in the slice on display.
    Find {
        loaded: Arc<Loaded>,
        request: Find,
    },
    /// A row that is looked for by the name that a file of the model gives it.
    FindName {
        loaded: Arc<Loaded>,
        name: String,
    },
    Histogram {
        loaded: Arc<Loaded>,
        counting: Counting,
    },
    /// How the values of every channel of a weight are distributed.
    Ridges(Arc<Loaded>),
    /// Singular values and alike kernels of a weight with output channels.
    Structure(Arc<Loaded>),
    /// Range, distribution and small picture of a weight in a list.
    Glance {
        opened: Arc<Opened>,
        weight: Weight,
    },
    /// A figure for every operation of a graph.
    Measures {
        opened: Arc<Opened>,
        graph: GraphId,
        of: Measure,
    },
    /// The operations that match a query.
    Search {
        opened: Arc<Opened>,
        text: String,
    },
    /// Every constant of the model, compared with what the OpenVINO runtime computes.
    Verify {
        opened: Arc<Opened>,
        choice: Choice,
    },
    /// The model, compiled and run by the OpenVINO runtime.
    Profile {
        opened: Arc<Opened>,
        choice: Choice,
    },
    FindRuntime(Choice),
    /// The figures of every weight, filled into a table that the window looks at meanwhile.
    Statistics {
        opened: Arc<Opened>,
        table: Arc<Statistics>,
    },
    /// What the file system has for a typed path.
    Complete(String),
    /// The lines of a file that comes with the model.
    ReadFile {
        opened: Arc<Opened>,
        file: usize,
    },
    Save(Box<SavePlan>),
    /// The picture as it would be saved, for the clipboard.
    Copy(Box<PictureFile>),
    /// The same of a graph.
    CopyGraph(Box<GraphFile>),
    /// Two models, or two weights, held against each other.
    Versus(versus::Work),
    /// Anything, in any lane.
    #[cfg(test)]
    Test(Lane, TestWork),
}

#[cfg(test)]
pub type TestWork = Box<dyn FnOnce(&Token) -> Result<Output, Failure> + Send>;

/// What a job brings.
#[derive(Debug)]
pub enum Output {
    Opened(Arc<Opened>),
    /// The path was a folder, or a bundle of several models: the models in it.
    Folder(Vec<PathBuf>),
    Layout(Arc<GraphPicture>),
    Loaded(Arc<Loaded>),
    Picture(Box<Picture>),
    /// More of a picture can be had than before.
    Refined,
    /// The order of an axis; `None` where there is nothing to sort.
    Sorted {
        axis: usize,
        order: Option<Arc<Order>>,
    },
    /// The element that was looked for, by its place in C order.
    Found {
        what: Sought,
        offset: Option<usize>,
    },
    Histogram(Arc<Distribution>),
    Ridges(Arc<Ridges>),
    Structure(Arc<Structure>),
    Glance(Box<Glance>),
    /// The measures that were asked for, and what the same work brought.
    Measures(Vec<Arc<Measures>>),
    Searched(Arc<Found>),
    Verified(Arc<Report>),
    Profiled(Arc<Profile>),
    Runtime(RuntimeFound),
    /// The table is complete.
    Statistics,
    /// The files that were written.
    Saved(Vec<PathBuf>),
    /// Pictures of many weights, and those that have none, each with why.
    SavedAll {
        folder: PathBuf,
        files: usize,
        skipped: Vec<String>,
    },
    Copied(Box<Image>),
    Completed(Completions),
    File(Arc<FileText>),
    Versus(versus::Brought),
}

/// A runtime that can be used.
#[derive(Clone, Debug)]
pub struct RuntimeFound {
    /// `OpenVINO 2026.4`
    pub name: String,
    /// As the library says it.
    pub version: String,
    pub library: PathBuf,
}

/// A model and what its graphs alone tell.
#[derive(Debug)]
pub struct Opened {
    pub model: Model,
    pub catalogue: Catalogue,
    /// Short operation names, a list a graph.
    pub labels: Vec<Labels>,
    /// One row a weight, in file order.
    pub rows: Vec<Row>,
    /// The type that most of the weights' elements are stored in; empty without weights.
    pub main_dtype: String,
    /// Whether constants that a file beside the model should hold can't be had.
    pub lacks_constants: bool,
    pub took: Duration,
    pub origin: Origin,
    /// Of each graph; found when somebody asks.
    groups: Vec<OnceLock<Groups>>,
    digest: OnceLock<Option<String>>,
}

impl Opened {
    /// The groups of one of the model's graphs. They are found at the first call, which takes a while for
    /// a large graph.
    pub fn groups(&self, graph: GraphId) -> &Groups {
        static NONE: OnceLock<Groups> = OnceLock::new();
        let slot = self.groups.get(graph.0 as usize).unwrap_or(&NONE);
        slot.get_or_init(|| cards::groups(self, graph))
    }

    /// The SHA-256 of the model's file, computed once; `None` of a file that is gone.
    ///
    /// # Errors
    /// [`Cancelled`].
    pub fn digest(&self, token: &Token) -> Result<Option<String>, Cancelled> {
        if let Some(digest) = self.digest.get() {
            return Ok(digest.clone());
        }
        let digest = manifest::model_digest(&self.model, token)?;
        Ok(self.digest.get_or_init(|| digest).clone())
    }
}

/// Where a model came from, for opening it again.
#[derive(Clone, Debug)]
pub enum Origin {
    File(Options),
    /// The model is part of the program.
    BuiltIn,
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

impl Row {
    /// What a filter looks at.
    pub fn subject<'a>(&'a self, figures: Option<&'a Figures>) -> Subject<'a> {
        Subject {
            name: &self.full_name,
            label: &self.name,
            kind: &self.kind,
            role: self.weight.role.name,
            dtype: self.dtype,
            shape: &self.shape,
            parameters: self.parameters,
            figures,
        }
    }

    /// Whether it is a constant of strings, of which there is no range.
    pub fn is_text(&self) -> bool {
        self.dtype == DType::String.name()
    }
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
    /// The whole graph, or a part of it.
    Graph(Box<GraphFile>),
    /// The real values of weights, or of sections of them, in the format of the path's extension.
    Numbers {
        opened: Arc<Opened>,
        weights: Vec<(Weight, Vec<Section>)>,
        /// As in [`Request::layouts`].
        layouts: Vec<Layout>,
    },
    /// The heatmaps of many weights; the path is a folder.
    Pictures(Box<PictureSet>),
    /// Lines of the statistics table, as JSON or CSV.
    Statistics {
        opened: Arc<Opened>,
        table: Arc<Statistics>,
        lines: Vec<u32>,
    },
    /// A file that comes with the model, as it is.
    File {
        opened: Arc<Opened>,
        file: usize,
    },
}

impl std::fmt::Debug for SavePlan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SavePlan").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Job {
    /// Does the work, on the calling thread.
    ///
    /// # Errors
    /// [`Failure`]: cancelled, or one sentence.
    pub fn run(self, token: &Token) -> Result<Output, Failure> {
        match self {
            Self::Open { path, .. } if path.is_dir() => Ok(Output::Folder(models_in(&path, token)?)),
            Self::Open { path, options, fallback } => {
                // Each of a bundle's models is a document of its own.
                let mut models = Vec::new();
                let read = || {
                    formats::open(&path, &options, token).inspect_err(|error| {
                        if let OpenError::SeveralModels { models: found, .. } = error {
                            models.clone_from(found);
                        }
                    })
                };
                match open(read, Origin::File(options.clone()), Some(fallback)) {
                    Err(_) if !models.is_empty() => Ok(Output::Folder(models)),
                    opened => Ok(Output::Opened(opened?)),
                }
            }
            Self::OpenBuiltIn { name, bytes } => {
                let source = || Source::from_bytes(name, bytes.to_vec());
                let read = || formats::open_source(source(), &Options::default(), token);
                Ok(Output::Opened(open(read, Origin::BuiltIn, None)?))
            }
            Self::Layout { opened, graph, plan } => Ok(Output::Layout(Arc::new(cards::draw(&opened, graph, &plan, token)?))),
            Self::Load { opened, weight, sections, reading } => {
                Ok(Output::Loaded(Arc::new(load(opened, weight, sections, reading, token)?)))
            }
            Self::Count(loaded) => Ok(Output::Loaded(Arc::new(loaded.counted(token)?))),
            Self::Picture { loaded, look, viewport, theme } => {
                let image = look.draw(&loaded, &viewport, theme.ink(), token)?;
                Ok(Output::Picture(Box::new(Picture { image, viewport })))
            }
            Self::Pyramid { loaded, look } => {
                look.build_pyramid(&loaded, token)?;
                Ok(Output::Refined)
            }
            Self::Figures { loaded, shows } => {
                loaded.count_figures(shows, token)?;
                Ok(Output::Refined)
            }
            Self::Sort { loaded, axis, key } => {
                let order = sorting::order(&*loaded.values, loaded.shape(), axis, key, token)?;
                Ok(Output::Sorted { axis, order: order.map(Arc::new) })
            }
            Self::FindName { loaded, name } => Ok(Output::Found { what: Sought::Name, offset: find::named_row(&loaded, &name, token)? }),
            Self::Find { loaded, request } => Ok(Output::Found { what: request.what, offset: request.run(&loaded, token)? }),
            Self::Histogram { loaded, counting } => Ok(Output::Histogram(Arc::new(Distribution::of(&loaded, counting, token)?))),
            Self::Ridges(loaded) => {
                let axis = loaded.channels.as_ref().map_or(0, |(axis, _)| *axis);
                let moments = &loaded.summary.moments;
                let ends = if moments.min < moments.max { (moments.min, moments.max) } else { (moments.min - 0.5, moments.max + 0.5) };
                Ok(Output::Ridges(Arc::new(Ridges::of(&loaded.as_slice(), loaded.shape(), axis, ends, token)?)))
            }
            Self::Structure(loaded) => Ok(Output::Structure(Arc::new(Structure::of(&loaded, token)?))),
            Self::Glance { opened, weight } => Ok(Output::Glance(Box::new(glance(&opened, &weight, token)?))),
            Self::Measures { opened, graph, of } => Ok(Output::Measures(measures::measures(&opened, graph, of, token)?)),
            Self::Search { opened, text } => Ok(Output::Searched(Arc::new(search::search(&opened, text, token)?))),
            Self::Verify { opened, choice } => {
                let weights: Vec<&Weight> = opened.catalogue.all().iter().collect();
                let mut runtime = Runtime::start(&choice, token)?;
                Ok(Output::Verified(Arc::new(runtime::verify(&opened.model, &weights, &mut runtime, token)?)))
            }
            Self::Profile { opened, choice } => {
                let mut runtime = Runtime::start(&choice, token)?;
                Ok(Output::Profiled(Arc::new(runtime::profile(&opened.model, &mut runtime, token)?)))
            }
            Self::FindRuntime(choice) => {
                let runtime = Runtime::start(&choice, token)?;
                let (name, version, library) = (runtime.name(), runtime.version().to_owned(), runtime.library().to_path_buf());
                Ok(Output::Runtime(RuntimeFound { name, version, library }))
            }
            Self::Statistics { opened, table } => {
                let weights: Vec<&Weight> = opened.rows.iter().map(|row| &row.weight).collect();
                table.compute(&opened.model, &weights, token)?;
                Ok(Output::Statistics)
            }
            Self::Save(plan) => save(*plan, token),
            Self::Complete(text) => Ok(Output::Completed(complete(text))),
            Self::ReadFile { opened, file } => match opened.model.files.get(file) {
                Some(file) => Ok(Output::File(Arc::new(FileText::of(file)?))),
                None => Err(Failure::Failed("The model has no such file".to_owned())),
            },
            Self::CopyGraph(graph) => Ok(Output::Copied(Box::new(graph.image(token)?))),
            Self::Copy(picture) => Ok(Output::Copied(Box::new(picture.image(token)?))),
            Self::Versus(work) => work.run(token),
            #[cfg(test)]
            Self::Test(_, work) => work(token),
        }
    }
}

#[cfg(test)]
impl Opened {
    /// The example that comes with the program.
    pub(super) fn example() -> Arc<Self> {
        let read = || formats::open(std::path::Path::new("assets/example/digits_f32.tflite"), &Options::default(), &Token::new());
        open(read, Origin::BuiltIn, None).expect("the example can be read")
    }
}

/// Opens a model and looks at its graphs.
///
/// # Errors
/// [`Failure`]: cancelled, or one sentence.
pub fn open(
    read: impl FnOnce() -> Result<Model, OpenError>,
    origin: Origin,
    fallback: Option<Arc<dyn Evaluator>>,
) -> Result<Arc<Opened>, Failure> {
    let start = Instant::now();
    let model = read().map_err(|error| match error {
        OpenError::Cancelled { .. } => Failure::Cancelled,
        error => Failure::of(&error),
    })?;
    let catalogue = Catalogue::of(&model);
    let catalogue = match fallback {
        Some(evaluator) => catalogue.with_fallback(evaluator),
        None => catalogue,
    };
    let labels: Vec<Labels> = model.graphs.iter().map(Labels::of_graph).collect();
    let rows: Vec<Row> = catalogue.weights().map(|weight| row(&model, &labels, weight)).collect();
    let main_dtype = main_dtype(&rows);
    let is_lost = |tensor: &Tensor| matches!(tensor.data, Data::Unavailable(_));
    let lacks_constants = model.graphs.iter().flat_map(|graph| &graph.tensors).any(is_lost);
    let groups = model.graphs.iter().map(|_| OnceLock::new()).collect();
    Ok(Arc::new(Opened {
        model,
        catalogue,
        labels,
        rows,
        main_dtype,
        lacks_constants,
        took: start.elapsed(),
        origin,
        groups,
        digest: OnceLock::new(),
    }))
}

fn row(model: &Model, labels: &[Labels], weight: &Weight) -> Row {
    let graph = weight.graph(model);
    let operation = weight.operation(model);
    let data = weight.data_tensor(model);
    let shape = &graph.tensor(weight.tensor).shape;
    // A bias in an addition of its own goes by the name of the layer that it belongs to.
    let named = weight.layer();
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

fn save(plan: SavePlan, token: &Token) -> Result<Output, Failure> {
    match plan.content {
        SaveContent::Picture(picture) => {
            picture.save(&plan.path, token)?;
            Ok(Output::Saved(vec![plan.path]))
        }
        SaveContent::Statistics { opened, table, lines } => {
            let known = |line: &u32| Some((&opened.rows.get(*line as usize)?.weight, table.get(*line as usize)?));
            let lines: Vec<_> = lines.iter().filter_map(known).collect();
            let is_json = plan.path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
            let text =
                if is_json { format!("{:#}\n", report::to_json(&opened.model, &lines)) } else { report::to_csv(&opened.model, &lines) };
            let failed = |error: std::io::Error| Failure::Failed(format!("Can't write the statistics: {error}: {}", plan.path.display()));
            atomic::write(&plan.path, |out| out.write_all(text.as_bytes())).map_err(failed)?;
            Ok(Output::Saved(vec![plan.path]))
        }
        SaveContent::Graph(graph) => {
            graph.save(&plan.path, token)?;
            Ok(Output::Saved(vec![plan.path]))
        }
        SaveContent::Pictures(set) => {
            let written = set.save(&plan.path, |loaded| Ok(Look::new(loaded, loaded.default_view(1.0))), token)?;
            Ok(Output::SavedAll { folder: plan.path, files: written.files.len(), skipped: written.skipped })
        }
        SaveContent::File { opened, file } => {
            let Some(file) = opened.model.files.get(file) else { return Err(Failure::Failed("The model has no such file".to_owned())) };
            let failed = |error: std::io::Error| Failure::Failed(format!("Can't write {}: {error}: {}", file.name, plan.path.display()));
            files::write(file, &plan.path, token).map_err(|error| if token.is_cancelled() { Failure::Cancelled } else { failed(error) })?;
            Ok(Output::Saved(vec![plan.path]))
        }
        SaveContent::Numbers { opened, weights, layouts } => {
            let Some(format) = Format::of(&plan.path) else {
                return Err(Failure::Failed(format!(
                    "Which format? Name the file .npz, .npy, .safetensors or .csv: {}",
                    plan.path.display()
                )));
            };
            let items: Vec<_> = weights.iter().map(|(weight, sections)| Item { weight, sections: sections.clone() }).collect();
            let request =
                Request { model: &opened.model, items: &items, stored: false, layouts: &layouts, reading: Reading::Effective, format };
            match arrays::write(&request, &plan.path, token) {
                Ok(written) => Ok(Output::Saved(written.files)),
                Err(arrays::WriteError::Cancelled(_)) => Err(Failure::Cancelled),
                Err(error) => Err(Failure::of(&error)),
            }
        }
    }
}
