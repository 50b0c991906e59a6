//! `weightscope extract`: weights as arrays that numpy and others load.

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};

use super::ModelArguments;
use super::select::Selection;
use crate::export::layout::Layout;
use crate::export::weights::{self, Format, Item, Request};
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
    /// An array for each gate that a recurrent layer stacks in one tensor, and for the columns for data and state.
    #[arg(long)]
    split_gates: bool,
    /// Kernels with their axes in this order: OIHW (PyTorch), HWIO (Keras), GOIHW, HWIM, IO, ...; of several the first that fits.
    #[arg(long, value_name = "LAYOUT,...", value_delimiter = ',', value_parser = Layout::parse)]
    layout: Vec<Layout>,
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
    let item = |weight| Item { weight, sections: arguments.selection.sections(weight) };
    let items = chosen.into_iter().map(item);
    let items: Vec<_> = if arguments.split_gates { items.flat_map(|item| item.split()).collect() } else { items.collect() };
    let request = Request { model: &model, items: &items, stored: arguments.stored, layouts: &arguments.layout, format };
    let token = Token::new();
    let bar = super::progress(100, "Writing");
    let written = std::thread::scope(|scope| {
        let work = scope.spawn(|| weights::write(&request, &arguments.output, &token));
        while !bar.is_hidden() && !work.is_finished() {
            bar.set_position((token.fraction().unwrap_or(0.0) * 100.0) as u64);
            std::thread::park_timeout(std::time::Duration::from_millis(50));
        }
        work.join()
    });
    bar.finish_and_clear();
    let Ok(written) = written else { bail!("writing failed by a fault of this program, please report it") };
    let written = written?;
    for skipped in &written.skipped {
        super::say(&format!("weightscope: left out {skipped}"));
    }
    let files: Vec<_> = written.files.iter().map(|file| file.display().to_string()).collect();
    super::say(&format!("{} array{} in {}", written.arrays, if written.arrays == 1 { "" } else { "s" }, files.join(", ")));
    Ok(())
}
