//! A selection of weights written as one file of arrays, with a manifest beside it.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::atomic::Staged;
use super::layout::{self, Arrangement, Layout};
use super::manifest::{DataFile, Entry, Manifest, Quantization, model_digest, sha256};
use super::names::{Names, array_name};
use super::rearranged::Rearranged;
use super::{Array, Compute, Element, Values, csv, npy, npz, safetensors};
use crate::jobs::{Cancelled, Token};
use crate::model::Model;
use crate::values::text::Texts;
use crate::weights::fold::Elements;
use crate::weights::{FoldError, Kind, Reading, Real, Scheme, Section, Value, Weight};

/// A format for arrays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Npz,
    Npy,
    Safetensors,
    Csv,
}

/// What to write.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    pub model: &'a Model,
    pub items: &'a [Item<'a>],
    /// The numbers as the file holds them instead of real values.
    pub stored: bool,
    /// Kernels come out in the first of these layouts that has their axes; matrices and vectors stay
    /// as they are where all of them are of convolutions.
    pub layouts: &'a [Layout],
    /// What is taken of weights that `FakeQuantize` quantises when the model runs.
    pub reading: Reading,
    pub format: Format,
}

/// A weight, or sections of it: one gate of those that a recurrent layer stacks.
#[derive(Clone, Debug)]
pub struct Item<'a> {
    pub weight: &'a Weight,
    pub sections: Vec<Section>,
}

impl<'a> Item<'a> {
    /// A whole weight.
    pub fn whole(weight: &'a Weight) -> Self {
        Self { weight, sections: Vec::new() }
    }

    /// One item for every combination of the sections that are not chosen yet.
    pub fn split(&self) -> Vec<Self> {
        let mut items = vec![self.clone()];
        let is_chosen = |axis: usize| self.sections.iter().any(|section| section.axis == axis);
        for sections in [&self.weight.sections.gates, &self.weight.sections.parts] {
            if sections.first().is_some_and(|section| !is_chosen(section.axis)) {
                let with = |item: &Self, section: &Section| Self {
                    sections: [item.sections.as_slice(), std::slice::from_ref(section)].concat(),
                    ..item.clone()
                };
                items = items.iter().flat_map(|item| sections.iter().map(move |section| with(item, section))).collect();
            }
        }
        items
    }
}

/// What was written.
#[derive(Clone, Debug, Default)]
pub struct Written {
    pub files: Vec<PathBuf>,
    pub arrays: usize,
    /// Weights whose values can't be had, a sentence each.
    pub skipped: Vec<String>,
}

#[derive(Debug, Error)]
pub enum WriteError {
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
    #[error("{count} arrays are selected and a {format} file holds one: choose one, or write .npz or .safetensors", format = .format.extension())]
    OneArrayOnly { count: usize, format: Format },
    #[error("none of the selected weights has values: {0}")]
    NoValues(String),
    #[error("'{name}' can't be written as {wanted}: {reason}; choose other weights with --layer, --op or --role, or another layout")]
    Layout { name: String, wanted: String, reason: String },
    #[error("none of the selected weights is a kernel with the axes of {wanted}; 'inspect' lists the layouts that there are")]
    NothingToArrange { wanted: String },
    #[error("can't write: {error}: {path}", path = .path.display())]
    File { path: PathBuf, error: io::Error },
}

impl Format {
    /// The format by a file's extension.
    pub fn of(path: &Path) -> Option<Self> {
        let extension = path.extension()?.to_str()?.to_ascii_lowercase();
        [Self::Npz, Self::Npy, Self::Safetensors, Self::Csv].into_iter().find(|format| format.extension() == extension)
    }

    pub fn extension(self) -> &'static str {
        match self {
            Self::Npz => "npz",
            Self::Npy => "npy",
            Self::Safetensors => "safetensors",
            Self::Csv => "csv",
        }
    }

    fn holds_many(self) -> bool {
        matches!(self, Self::Npz | Self::Safetensors)
    }
}

/// Writes the arrays to `path` and, for formats that hold many, the manifest beside it: the same
/// name with the extension `json`.
///
/// # Errors
/// [`WriteError`]; nothing was written then.
pub fn write(request: &Request<'_>, path: &Path, token: &Token) -> Result<Written, WriteError> {
    if !request.format.holds_many() && request.items.len() != 1 {
        return Err(WriteError::OneArrayOnly { count: request.items.len(), format: request.format });
    }
    let arranged: Vec<_> = request.items.iter().map(|item| arrange(request, item)).collect::<Result<_, _>>()?;
    if !request.layouts.is_empty() && arranged.iter().all(Option::is_none) {
        return Err(WriteError::NothingToArrange { wanted: names(request.layouts) });
    }
    let mut written = Written::default();
    let mut names = Names::new();
    let mut planned = Vec::new();
    let mut room = KEPT_BYTES;
    for (item, arrangement) in request.items.iter().zip(arranged) {
        match Plan::of(request, item, arrangement, &mut names, &mut room, token) {
            Ok(plan) => planned.push(plan),
            Err(FoldError::Cancelled(cancelled)) => return Err(cancelled.into()),
            Err(problem) => written.skipped.push(format!("{}: {problem}", base_name(request.model, item))),
        }
    }
    if planned.is_empty() {
        return Err(WriteError::NoValues(written.skipped.join("; ")));
    }
    token.expect(planned.iter().map(|plan| plan.entry.shape.iter().product::<usize>() as u64).sum());
    let at = |path: &Path| {
        let path = path.to_owned();
        move |error: io::Error| match error.get_ref().is_some_and(<dyn std::error::Error + Send + Sync>::is::<Cancelled>) {
            true => WriteError::Cancelled(Cancelled),
            false => WriteError::File { path, error },
        }
    };
    let manifest_path = path.with_extension("json");
    // Of scales by the million the manifest takes as long as the arrays.
    let (arrays, manifest) = rayon::join(
        || write_arrays(request, &planned, path, token).map_err(at(path)),
        || -> Result<Option<Staged>, WriteError> {
            if !request.format.holds_many() {
                return Ok(None);
            }
            manifest(request.model, &planned, token)?.stage(&manifest_path).map(Some).map_err(at(&manifest_path))
        },
    );
    // Both files, or none: neither gets its name before the other is written.
    let staged = arrays?.zip(manifest?);
    written.arrays = planned.len();
    written.files.push(path.to_owned());
    if let Some((arrays, manifest)) = staged {
        arrays.commit().map_err(at(path))?;
        manifest.commit().map_err(at(&manifest_path))?;
        written.files.push(manifest_path);
    }
    Ok(written)
}

/// One array that will be written.
struct Plan<'a> {
    item: &'a Item<'a>,
    arrangement: Option<Arrangement>,
    entry: Entry,
    /// The values, kept while there is room.
    ready: Option<Ready<'a>>,
    /// With `--stored`, and of strings: the shape and what is written.
    stored: Option<(Vec<usize>, StoredValues<'a>)>,
}

/// What the file holds of a weight: numbers or strings.
enum StoredValues<'m> {
    Numbers(Elements<'m>),
    Texts(Texts<'m>),
}

impl StoredValues<'_> {
    fn values(&self) -> Values<'_> {
        match self {
            Self::Numbers(elements) => Values::Stored(elements.dtype, &elements.bytes),
            Self::Texts(texts) => Values::Texts(*texts),
        }
    }
}

/// The values of an array that is to be written.
enum Ready<'a> {
    /// As they are, to be read block by block.
    Whole(Value<'a>),
    /// Sections of them, or in another layout.
    Part(Real),
}

/// Bytes in memory of the values of all arrays together that are kept between planning and writing
/// (256 MiB); the others are computed again. Most wait in the model's file until they are read.
const KEPT_BYTES: u64 = 1 << 28;

impl<'a> Plan<'a> {
    fn of(
        request: &Request<'a>,
        item: &'a Item<'a>,
        arrangement: Option<Arrangement>,
        names: &mut Names,
        room: &mut u64,
        token: &Token,
    ) -> Result<Self, FoldError> {
        let model = request.model;
        let weight = item.weight;
        let data = weight.data_tensor(model);
        let operation = weight.operation(model);
        let mut plan = Self { item, arrangement, entry: Entry::default(), ready: None, stored: None };
        if weight.is_text(model) && request.format == Format::Safetensors {
            return Err(FoldError::Problem("a safetensors file can't hold strings; write .npz or .csv".into()));
        }
        let (shape, element) = if request.stored || weight.is_text(model) {
            plan.stored = Some(plan.stored_values(model)?);
            let problem = |error: io::Error| FoldError::Problem(error.to_string().into());
            let array = plan.stored().map_err(problem)?;
            if request.format != Format::Csv {
                array.check_texts().map_err(problem)?;
            }
            (array.shape().to_vec(), array.element())
        } else {
            let ready = plan.ready(request, token)?;
            let (shape, bytes) = match &ready {
                Ready::Whole(value) => (value.shape.clone(), value.own_bytes()),
                Ready::Part(real) => (real.shape.clone(), real.values.len() as u64 * 4),
            };
            // What can't be read is known by the first element.
            ready.read(0, &mut vec![0.0; usize::from(!shape.contains(&0))])?;
            let rest = room.checked_sub(bytes);
            *room = rest.unwrap_or(*room);
            plan.ready = rest.map(|_| ready);
            (shape, Element::F32)
        };
        let scales = weight.scales(model, token).unwrap_or_default();
        let own_layout = weight.role.layout.filter(|layout| layout.len() == shape.len() && (!request.stored || weight.keeps_order(model)));
        plan.entry = Entry {
            array: names.unique(&base_name(model, item)),
            file: None,
            graph: weight.site.graph.0,
            index: operation.index,
            name: operation.name.clone(),
            kind: operation.kind.clone(),
            input: weight.site.input,
            role: weight.role.with_sections(&item.sections),
            sections: item.sections.clone(),
            tensor: data.name.clone(),
            bias_of: weight.bias_of.map(|layer| weight.graph(model).operation(layer).name.clone()),
            layout: plan.arrangement.as_ref().map(|arrangement| arrangement.layout.clone()).or(own_layout.map(str::to_owned)),
            layout_in_model: plan.arrangement.as_ref().and(weight.role.layout).map(str::to_owned),
            reading: match request.reading {
                _ if weight.scheme != Scheme::FakeQuantize => None,
                Reading::Effective => None,
                Reading::Float => Some("float"),
                Reading::Levels => Some("levels"),
            },
            shape,
            dtype: element.to_string(),
            stored_dtype: data.dtype.name().to_owned(),
            computed_by: weight.computed_by().filter(|_| !request.stored),
            quantization: Quantization {
                scheme: weight.scheme.name().to_owned(),
                axis: scales.axis,
                scales: scales.scales,
                zero_points: scales.zero_points,
            },
        };
        Ok(plan)
    }

    /// The values as they are written: the sections alone, in the layout that is wanted.
    fn ready(&self, request: &Request<'a>, token: &Token) -> Result<Ready<'a>, FoldError> {
        let misfit = || FoldError::Problem("the values are not of the shape that the graph says".into());
        let value = self.item.weight.value(request.model, request.reading, token)?;
        if self.item.sections.is_empty() && self.arrangement.is_none() {
            return Ok(Ready::Whole(value));
        }
        let mut real = Real { shape: value.shape.clone(), values: value.into_f32(token)? };
        if !self.item.sections.is_empty() {
            real = real.part(&self.item.sections).ok_or_else(misfit)?;
        }
        match &self.arrangement {
            Some(arrangement) => {
                let values = arrangement.apply(&real.values).ok_or_else(misfit)?;
                Ok(Ready::Part(Real { shape: arrangement.shape.clone(), values }))
            }
            None => Ok(Ready::Part(real)),
        }
    }

    /// What the file holds with its shape, in the order in which it is written. A complex number is
    /// two, along one more axis.
    fn stored_values(&self, model: &'a Model) -> Result<(Vec<usize>, StoredValues<'a>), FoldError> {
        let (weight, sections) = (self.item.weight, &self.item.sections);
        let data = weight.data_tensor(model);
        let mut shape = data.shape.dims().ok_or_else(|| FoldError::Problem("the shape is not fixed".into()))?;
        if weight.is_text(model) {
            return Ok((shape, StoredValues::Texts(weight.texts(model)?)));
        }
        shape.extend(data.dtype.complex_part().map(|_| 2));
        let elements = weight.elements(model)?;
        if sections.is_empty() && self.arrangement.is_none() {
            return Ok((shape, StoredValues::Numbers(elements)));
        }
        // Sections and layouts are of the shape at the operation's input.
        if !weight.keeps_order(model) || weight.graph(model).tensor(weight.tensor).shape != data.shape {
            return Err(FoldError::Problem("the stored numbers have another shape than the weight; leave out --stored".into()));
        }
        let rearranged = Rearranged::of(elements.dtype, &elements.bytes, &shape, sections, self.arrangement.as_ref());
        let rearranged = rearranged.ok_or_else(|| FoldError::Problem("the stored numbers are not as many as the shape says".into()))?;
        Ok((rearranged.shape, StoredValues::Numbers(Elements { dtype: rearranged.dtype, bytes: rearranged.bytes.into() })))
    }

    /// The stored numbers as they are written.
    fn stored(&self) -> io::Result<Array<'_>> {
        let (shape, stored) = self.stored.as_ref().ok_or_else(|| io::Error::other("the stored numbers were not asked for"))?;
        Array::new(shape, stored.values())
    }

    /// Hands the array over.
    fn with_array<R>(&self, request: &Request<'a>, token: &Token, then: impl FnOnce(&mut Array<'_>) -> io::Result<R>) -> io::Result<R> {
        if self.stored.is_some() {
            return then(&mut self.stored()?);
        }
        let make = || self.compute(request, token);
        then(&mut Array::new(&self.entry.shape, Values::Computed(&make))?)
    }

    /// What reads the values, evaluated now if they were not kept.
    fn compute<'s>(&'s self, request: &Request<'a>, token: &Token) -> io::Result<Box<Compute<'s>>> {
        if let Some(ready) = &self.ready {
            return Ok(Box::new(|start, block| ready.read(start, block).map_err(io::Error::other)));
        }
        let ready = self.ready(request, token).map_err(|error| match error {
            FoldError::Cancelled(cancelled) => io::Error::other(cancelled),
            error => io::Error::other(error),
        })?;
        Ok(Box::new(move |start, block| ready.read(start, block).map_err(io::Error::other)))
    }
}

impl Ready<'_> {
    /// Values from element `start` on; enough must be there.
    fn read(&self, start: usize, block: &mut [f32]) -> Result<(), FoldError> {
        match self {
            Self::Whole(value) => value.read_f32(start, block),
            Self::Part(real) => {
                block.iter_mut().zip(real.values.get(start..).unwrap_or_default()).for_each(|(slot, value)| *slot = *value);
                Ok(())
            }
        }
    }
}

/// Writes the arrays; a file that a manifest goes with lacks its name yet.
fn write_arrays(request: &Request<'_>, planned: &[Plan<'_>], path: &Path, token: &Token) -> io::Result<Option<Staged>> {
    match request.format {
        Format::Npz => {
            let staged = npz::stage(path, |archive| {
                for plan in planned {
                    let name = plan.entry.array.clone();
                    plan.with_array(request, token, |array| archive.add(&name, array, token))?;
                }
                Ok(())
            });
            staged.map(Some)
        }
        Format::Safetensors => stage_safetensors(request, planned, path, token).map(Some),
        Format::Npy => {
            planned.iter().try_for_each(|plan| plan.with_array(request, token, |array| npy::write(path, array, token)))?;
            Ok(None)
        }
        Format::Csv => {
            planned.iter().try_for_each(|plan| {
                let layout = plan.entry.layout.clone();
                plan.with_array(request, token, |array| csv::write(path, array, csv::Form::Indexed, layout.as_deref(), token))
            })?;
            Ok(None)
        }
    }
}

/// The header comes first and needs only shapes; the values are computed one array after the other
/// as they are written.
fn stage_safetensors(request: &Request<'_>, planned: &[Plan<'_>], path: &Path, token: &Token) -> io::Result<Staged> {
    let metadata = [("source".to_owned(), request.model.file_name())];
    let makers: Vec<_> = planned.iter().map(|plan| (plan, move || plan.compute(request, token))).collect();
    let mut arrays = Vec::new();
    for (plan, make) in &makers {
        let array = if plan.stored.is_some() { plan.stored()? } else { Array::new(&plan.entry.shape, Values::Computed(make))? };
        arrays.push((plan.entry.array.clone(), array));
    }
    safetensors::stage(path, &mut arrays, &metadata, token)
}

fn base_name(model: &Model, item: &Item<'_>) -> String {
    let weight = item.weight;
    let graph = weight.graph(model);
    let body = (weight.site.graph.0 > 0).then(|| if graph.path.is_empty() { graph.name.clone() } else { graph.path.join("/") });
    array_name(body.as_deref(), &weight.operation(model).name, &weight.role.with_sections(&item.sections))
}

/// How an item comes into one of the layouts that are wanted. `None` for what is no kernel, and for
/// matrices where the layouts are of convolutions.
fn arrange(request: &Request<'_>, item: &Item<'_>) -> Result<Option<Arrangement>, WriteError> {
    let (model, role) = (request.model, &item.weight.role);
    if request.layouts.is_empty() || role.kind != Kind::Weight || !role.is_kernel() {
        return Ok(None);
    }
    let refuse = |reason: String| Err(WriteError::Layout { name: base_name(model, item), wanted: names(request.layouts), reason });
    let graph = item.weight.graph(model);
    let Some(mut shape) = graph.tensor(item.weight.tensor).shape.dims() else { return refuse("its shape is not fixed".into()) };
    for section in &item.sections {
        if let Some(extent) = shape.get_mut(section.axis) {
            *extent = section.end - section.start;
        }
    }
    let Some(own) = role.layout else {
        let is_matrix = shape.iter().filter(|extent| **extent > 1).count() <= 2;
        return if is_matrix { Ok(None) } else { refuse("the meaning of its axes is not known".into()) };
    };
    let groups = item.weight.groups(model);
    match request.layouts.iter().find_map(|layout| layout.arrange(own, &shape, groups)) {
        Some(arrangement) => Ok(Some(arrangement)),
        None if !layout::is_spatial(own) && request.layouts.iter().all(Layout::is_spatial) => Ok(None),
        None => refuse(format!("its layout is {own}")),
    }
}

fn names(layouts: &[Layout]) -> String {
    layouts.iter().map(Layout::name).collect::<Vec<_>>().join(" or ")
}

fn manifest<'p>(model: &Model, planned: &'p [Plan<'_>], token: &Token) -> Result<Manifest<'p>, Cancelled> {
    let mut manifest = Manifest::new(model.file.to_string_lossy(), model_digest(model, token)?);
    for source in model.sources.iter().filter(|source| source.path() != model.file) {
        let file = source.path().to_string_lossy().into_owned();
        manifest.data_files.push(DataFile { file, sha256: sha256(source.bytes(), token)? });
    }
    manifest.data_files.sort_by(|a, b| a.file.cmp(&b.file));
    manifest.data_files.dedup_by(|a, b| a.file == b.file);
    manifest.arrays = planned.iter().map(|plan| &plan.entry).collect();
    Ok(manifest)
}
