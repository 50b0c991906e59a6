//! `weightscope extract`: weights as arrays that numpy and others load, and the files that come with a
//! model as they are.

use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow, bail};
use clap::{Args, ValueEnum};

use super::ModelArguments;
use super::select::{Selection, listing};
use crate::export::files;
use crate::export::layout::Layout;
use crate::export::weights::{self, Format, Item, Request};
use crate::jobs::Token;
use crate::model::Model;
use crate::weights::Reading;

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    model: ModelArguments,
    /// The file to write; its extension gives the format unless --format does. For --files a folder.
    #[arg(short, long, value_name = "OUT")]
    output: PathBuf,
    #[command(flatten)]
    selection: Selection,
    /// Shapes, axes and the constants of decompression chains too.
    #[arg(long)]
    all: bool,
    /// The numbers as the file stores them instead of real values; smaller than 8 bits widened to 8.
    #[arg(long)]
    stored: bool,
    /// Of weights that FakeQuantize quantises when the model runs: what the layer computes with, the
    /// floats before it, or the level of each.
    #[arg(long, value_enum, value_name = "READING", default_value = "effective", conflicts_with = "stored")]
    fake_quantize: ReadingArgument,
    #[arg(long, value_enum)]
    format: Option<FormatArgument>,
    /// A file that comes with the model (labels, a vocabulary) instead of weights; `inspect` lists them.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["layer", "op", "first", "role", "all", "stored", "format", "split_gates", "layout", "files"])]
    file: Option<String>,
    /// All files that come with the model, into a folder.
    #[arg(long, conflicts_with_all = ["layer", "op", "first", "role", "all", "stored", "format", "split_gates", "layout"])]
    files: bool,
    /// An array for each gate that a recurrent layer stacks in one tensor, and for the columns for data and state.
    #[arg(long)]
    split_gates: bool,
    /// Kernels with their axes in this order: OIHW (PyTorch), HWIO (Keras), GOIHW, HWIM, IO, ...; of several the first that fits.
    #[arg(long, value_name = "LAYOUT,...", value_delimiter = ',', value_parser = Layout::parse)]
    layout: Vec<Layout>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum ReadingArgument {
    Effective,
    Float,
    Levels,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum FormatArgument {
    Npz,
    Npy,
    Safetensors,
    Csv,
}

impl ReadingArgument {
    pub fn reading(self) -> Reading {
        match self {
            Self::Effective => Reading::Effective,
            Self::Float => Reading::Float,
            Self::Levels => Reading::Levels,
        }
    }
}

pub fn run(arguments: &Arguments) -> Result<()> {
    if arguments.files || arguments.file.is_some() {
        return write_files(&arguments.model.open()?, arguments.file.as_deref(), &arguments.output);
    }
    let format = match (arguments.format, Format::of(&arguments.output)) {
        (Some(FormatArgument::Npz), _) => Format::Npz,
        (Some(FormatArgument::Npy), _) => Format::Npy,
        (Some(FormatArgument::Safetensors), _) => Format::Safetensors,
        (Some(FormatArgument::Csv), _) => Format::Csv,
        (None, Some(format)) => format,
        (None, None) => {
            bail!("which format? name the file .npz, .npy, .safetensors or .csv, or say --format: {}", arguments.output.display())
        }
    };
    let model = arguments.model.open()?;
    let catalogue = arguments.model.catalogue(&model);
    let chosen = arguments.selection.weights(&model, &catalogue, arguments.all)?;
    let item = |weight| Item { weight, sections: arguments.selection.sections(weight) };
    let items = chosen.into_iter().map(item);
    let items: Vec<_> = if arguments.split_gates { items.flat_map(|item| item.split()).collect() } else { items.collect() };
    let reading = arguments.fake_quantize.reading();
    let (stored, layouts) = (arguments.stored, &arguments.layout[..]);
    let request = Request { model: &model, items: &items, stored, layouts, reading, format };
    let token = Token::new();
    let bar = super::progress(100, "Writing");
    let written = super::with_progress(&bar, &token, || weights::write(&request, &arguments.output, &token))?;
    for skipped in &written.skipped {
        super::say(&format!("weightscope: left out {skipped}"));
    }
    let files: Vec<_> = written.files.iter().map(|file| file.display().to_string()).collect();
    super::say(&format!("{} array{} in {}", written.arrays, if written.arrays == 1 { "" } else { "s" }, files.join(", ")));
    Ok(())
}

/// Writes the file of a name, or all files into a folder.
fn write_files(model: &Model, name: Option<&str>, output: &Path) -> Result<()> {
    let token = Token::new();
    let names: Vec<_> = model.files.iter().map(|file| file.name.clone()).collect();
    if names.is_empty() {
        bail!("no files come with the model: {}", model.file.display());
    }
    let Some(name) = name else {
        let (written, skipped) = files::write_all(&model.files, output, &token)
            .map_err(|error| anyhow!("can't write the files: {error}: {}", output.display()))?;
        for skipped in &skipped {
            super::say(&format!("weightscope: left out: {skipped}"));
        }
        super::say(&format!("{} of {} files in {}", written.len(), names.len(), output.display()));
        return Ok(());
    };
    let Some(file) = model.files.iter().find(|file| file.name == name) else {
        bail!("no file '{name}' comes with the model; files there: {}", listing(names));
    };
    files::write(file, output, &token).map_err(|error| anyhow!("can't write {name}: {error}: {}", output.display()))?;
    super::say(&format!("{} bytes in {}", file.content.len(), output.display()));
    Ok(())
}
