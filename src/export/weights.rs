//! A selection of weights written as one file of arrays, with a manifest beside it.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::atomic::Staged;
use super::json;
use super::manifest::{DataFile, Entry, Manifest, Quantization, model_digest, sha256};
use super::names::{Names, array_name};
use super::{Array, Element, Values, csv, npy, npz, safetensors};
use crate::jobs::{Cancelled, Token};
use crate::model::Model;
use crate::weights::fold::Elements;
use crate::weights::{FoldError, Real, Weight};

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
    pub weights: &'a [&'a Weight],
    /// The numbers as the file holds them instead of real values.
    pub stored: bool,
    pub format: Format,
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
    if !request.format.holds_many() && request.weights.len() != 1 {
        return Err(WriteError::OneArrayOnly { count: request.weights.len(), format: request.format });
    }
    let mut written = Written::default();
    let mut names = Names::new();
    let mut planned = Vec::new();
    let mut room = KEPT_ELEMENTS;
    for weight in request.weights {
        match Plan::of(request, weight, &mut names, &mut room, token) {
            Ok(plan) => planned.push(plan),
            Err(FoldError::Cancelled(cancelled)) => return Err(cancelled.into()),
            Err(problem) => written.skipped.push(format!("{}: {problem}", base_name(request.model, weight))),
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
    let staged = write_arrays(request, &mut planned, path, token).map_err(at(path))?;
    written.arrays = planned.len();
    written.files.push(path.to_owned());
    if let Some(arrays) = staged {
        // Both files, or none: neither gets its name before the other is on the disk.
        let manifest_path = path.with_extension("json");
        let manifest = manifest(request.model, planned, token)?.stage(&manifest_path).map_err(at(&manifest_path))?;
        arrays.commit().map_err(at(path))?;
        manifest.commit().map_err(at(&manifest_path))?;
        written.files.push(manifest_path);
    }
    Ok(written)
}

/// One array that will be written.
struct Plan<'a> {
    weight: &'a Weight,
    entry: Entry,
    /// Values that had to be computed to know that they can be; kept while there is room.
    ready: Option<Real>,
}

/// Real values of all arrays together that are kept between planning and writing (256 MiB); the others
/// are computed again.
const KEPT_ELEMENTS: usize = 1 << 26;

impl<'a> Plan<'a> {
    fn of(request: &Request<'a>, weight: &'a Weight, names: &mut Names, room: &mut usize, token: &Token) -> Result<Self, FoldError> {
        let model = request.model;
        let data = weight.data_tensor(model);
        let operation = weight.operation(model);
        let (shape, element, ready) = if request.stored {
            let elements = weight.elements(model)?;
            let shape = data.shape.dims().ok_or_else(|| FoldError::Problem("the shape is not fixed".into()))?;
            let array = Array::new(&shape, Values::Stored(elements.dtype, &elements.bytes));
            let element = array.map_err(|error| FoldError::Problem(error.to_string().into()))?.element();
            (shape, element, None)
        } else {
            let real = weight.real(model, token)?;
            let shape = real.shape.clone();
            let rest = room.checked_sub(real.values.len());
            *room = rest.unwrap_or(*room);
            (shape, Element::F32, rest.map(|_| real))
        };
        let scales = weight.scales(model, token).unwrap_or_default();
        let entry = Entry {
            array: names.unique(&base_name(model, weight)),
            file: None,
            graph: weight.site.graph.0,
            index: operation.index,
            name: operation.name.clone(),
            kind: operation.kind.clone(),
            input: weight.site.input,
            role: weight.role.name.to_owned(),
            tensor: data.name.clone(),
            bias_of: weight.bias_of.map(|id| weight.graph(model).operation(id).name.clone()),
            // Stored in another rank than it is used (groups, say), the axes are not those of the layout.
            layout: weight.role.layout.filter(|layout| layout.len() == shape.len()).map(str::to_owned),
            shape,
            dtype: element.to_string(),
            stored_dtype: data.dtype.name().to_owned(),
            quantization: Quantization {
                scheme: weight.scheme.name().to_owned(),
                axis: scales.axis,
                scales: scales.scales.iter().copied().map(json::scale).collect(),
                zero_points: scales.zero_points.iter().copied().map(json::scale).collect(),
            },
        };
        Ok(Self { weight, entry, ready })
    }

    /// Hands the array over, computed now if it was not kept.
    fn with_array<R>(&mut self, request: &Request<'_>, token: &Token, then: impl FnOnce(&mut Array<'_>) -> io::Result<R>) -> io::Result<R> {
        let model = request.model;
        if request.stored {
            let elements = self.weight.elements(model).map_err(io::Error::other)?;
            return then(&mut Array::new(&self.entry.shape, Values::Stored(elements.dtype, &elements.bytes))?);
        }
        let real = match self.ready.take() {
            Some(real) => real,
            None => self.weight.real(model, token).map_err(|error| match error {
                FoldError::Cancelled(cancelled) => io::Error::other(cancelled),
                error => io::Error::other(error),
            })?,
        };
        then(&mut Array::of_f32(&real.shape, &real.values)?)
    }
}

/// Writes the arrays; a file that a manifest goes with lacks its name yet.
fn write_arrays(request: &Request<'_>, planned: &mut [Plan<'_>], path: &Path, token: &Token) -> io::Result<Option<Staged>> {
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
            planned.iter_mut().try_for_each(|plan| plan.with_array(request, token, |array| npy::write(path, array, token)))?;
            Ok(None)
        }
        Format::Csv => {
            planned.iter_mut().try_for_each(|plan| {
                let layout = plan.entry.layout.clone();
                plan.with_array(request, token, |array| csv::write(path, array, csv::Form::Indexed, layout.as_deref(), token))
            })?;
            Ok(None)
        }
    }
}

/// The header comes first and needs only shapes; the values are computed one array after the other
/// as they are written.
fn stage_safetensors(request: &Request<'_>, planned: &mut [Plan<'_>], path: &Path, token: &Token) -> io::Result<Staged> {
    let metadata = [("source".to_owned(), request.model.file_name())];
    type Compute<'a> = Box<dyn FnMut(usize, &mut [f32]) -> io::Result<()> + 'a>;
    let mut computers: Vec<(String, Vec<usize>, Compute<'_>)> = Vec::new();
    let mut stored: Vec<(String, Vec<usize>, Elements<'_>)> = Vec::new();
    for plan in planned {
        let (name, shape, weight) = (plan.entry.array.clone(), plan.entry.shape.clone(), plan.weight);
        if request.stored {
            stored.push((name, shape, weight.elements(request.model).map_err(io::Error::other)?));
            continue;
        }
        let mut held: Option<Real> = plan.ready.take();
        let compute = move |start: usize, block: &mut [f32]| {
            if held.is_none() {
                held = Some(weight.real(request.model, token).map_err(io::Error::other)?);
            }
            let values = held.as_ref().and_then(|real| real.values.get(start..start + block.len()));
            block.copy_from_slice(values.ok_or_else(|| io::Error::other("the values changed while they were written"))?);
            if held.as_ref().is_some_and(|real| start + block.len() == real.values.len()) {
                held = None;
            }
            Ok(())
        };
        computers.push((name, shape, Box::new(compute)));
    }
    let mut arrays = Vec::new();
    for (name, shape, elements) in &stored {
        arrays.push((name.clone(), Array::new(shape, Values::Stored(elements.dtype, &elements.bytes))?));
    }
    for (name, shape, compute) in &mut computers {
        arrays.push((name.clone(), Array::new(shape, Values::Computed(compute.as_mut()))?));
    }
    safetensors::stage(path, &mut arrays, &metadata, token)
}

fn base_name(model: &Model, weight: &Weight) -> String {
    let graph = weight.graph(model);
    let body = (weight.site.graph.0 > 0).then(|| if graph.path.is_empty() { graph.name.clone() } else { graph.path.join("/") });
    array_name(body.as_deref(), &weight.operation(model).name, weight.role.name)
}

fn manifest(model: &Model, planned: Vec<Plan<'_>>, token: &Token) -> Result<Manifest, Cancelled> {
    let mut manifest = Manifest::new(model.file.to_string_lossy(), model_digest(model, token)?);
    for source in model.sources.iter().filter(|source| source.path() != model.file) {
        let file = source.path().to_string_lossy().into_owned();
        manifest.data_files.push(DataFile { file, sha256: sha256(source.bytes(), token)? });
    }
    manifest.data_files.sort_by(|a, b| a.file.cmp(&b.file));
    manifest.data_files.dedup_by(|a, b| a.file == b.file);
    manifest.arrays = planned.into_iter().map(|plan| plan.entry).collect();
    Ok(manifest)
}
