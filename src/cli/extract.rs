//! `weightscope extract`: weights as arrays that numpy and others load.

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};

use super::ModelArguments;
use super::select::Selection;
use crate::export::weights::{self, Format, Request};
use crate::jobs::Token;
use crate::weights::Catalogue;

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    model: ModelArguments,
    /// The file to write; its extension gives the format unless --format does.
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
    #[arg(long, value_enum)]
    format: Option<FormatArgument>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum FormatArgument {
    Npz,
    Npy,
    Safetensors,
    Csv,
}

pub fn run(arguments: &Arguments) -> Result<()> {
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
    let catalogue = Catalogue::of(&model);
    let chosen = arguments.selection.weights(&model, &catalogue, arguments.all)?;
    let request = Request { model: &model, weights: &chosen, stored: arguments.stored, format };
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
