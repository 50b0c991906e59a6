//! `weightscope heatmap` and `weightscope histogram`: pictures of a weight, by the same code that
//! draws them in the window.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Result, anyhow, bail};
use clap::{Args, ValueEnum};

use super::extract::ReadingArgument;
use super::select::Selection;
use super::{ModelArguments, Theme};
use crate::colormap::{Limits, Map, Norm, Range};
use crate::export::picture::{Content, PictureFile, PictureOptions, ThemeName};
use crate::export::pictures::PictureSet;
use crate::jobs::{self, Counting, Failure, Loaded, Look, Origin, Shows, Token};
use crate::render::Reduction;
use crate::sorting::{self, SortKey};
use crate::stats::Rule;
use crate::view::{Place, View};
use crate::weights::{Reading, Weight};

#[derive(Debug, Args)]
pub struct HeatmapArguments {
    #[command(flatten)]
    model: ModelArguments,
    /// The picture to write, .png or .svg; with --all a folder.
    #[arg(short, long, value_name = "OUT")]
    output: PathBuf,
    #[command(flatten)]
    selection: Selection,
    #[command(flatten)]
    style: Style,
    /// Colour map: vik, RdBu, PuOr, broc, roma, berlin, viridis, cividis, batlow, magma, inferno, turbo, greys.
    #[arg(long, value_name = "NAME", value_parser = parse_map)]
    colormap: Option<Map>,
    /// The values at the ends of the colours: full, 0.5-99.5% (any two percentiles), 3std, or LOW:HIGH.
    #[arg(long, value_name = "RANGE", value_parser = parse_range, allow_hyphen_values = true)]
    range: Option<Range>,
    #[arg(long, value_enum, default_value_t)]
    norm: NormArgument,
    /// Pixels a cell.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=512))]
    cell: Option<u32>,
    /// Where an axis goes, by its letter or number: O=rows, I=columns, H=cell-rows, W=cell-columns, I=rgb, D=3 (that index).
    #[arg(long, value_name = "AXIS=PLACE", value_parser = parse_axis)]
    axis: Vec<(String, Where)>,
    /// Kernels (or elements of a vector) in a row, where they follow one another.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    wrap: Option<u32>,
    /// The numbers shown: real values, the stored integer codes, or magnitudes.
    #[arg(long, value_name = "WHAT", default_value = "real", value_parser = parse_shows)]
    show: Shows,
    /// Three input channels as red, green and blue.
    #[arg(long)]
    rgb: bool,
    /// Each kernel on its own scale, that of its largest magnitude.
    #[arg(long)]
    own_scale: bool,
    /// Lays an axis out in an order of its own: O=norm, O=range or O=similarity.
    #[arg(long, value_name = "AXIS=KEY", value_parser = parse_sort)]
    sort: Vec<(String, SortKey)>,
    /// Paints codes at the ends of their type blue.
    #[arg(long)]
    saturated: bool,
    /// Dims all real values but those from LOW to HIGH.
    #[arg(long, value_name = "LOW:HIGH", value_parser = parse_marked, allow_hyphen_values = true)]
    mark: Option<(f32, f32)>,
    /// What a pixel shows of many cells: the value farthest from the middle of the colours, or their mean.
    #[arg(long, value_name = "HOW", default_value = "extreme", value_parser = parse_reduction)]
    reduce: Reduction,
    /// What an OpenVINO weight behind FakeQuantize shows: what the layer computes with, the floats before, or their levels.
    #[arg(long, value_name = "WHAT", value_enum, default_value = "effective")]
    fake_quantize: ReadingArgument,
    /// A picture of every weight that is selected, into the folder OUT.
    #[arg(long)]
    all: bool,
    /// The format of the pictures of --all.
    #[arg(long, value_name = "FORMAT", default_value = "png", value_parser = ["png", "svg"], requires = "all")]
    format: String,
}

#[derive(Debug, Args)]
pub struct HistogramArguments {
    #[command(flatten)]
    model: ModelArguments,
    /// The file to write, .png, .svg or .csv.
    #[arg(short, long, value_name = "OUT")]
    output: PathBuf,
    #[command(flatten)]
    selection: Selection,
    #[command(flatten)]
    style: Style,
    /// How the number of bins is found: auto, fd, sturges, sqrt, rice, scott, doane.
    #[arg(long, value_name = "RULE", default_value = "auto", value_parser = parse_rule)]
    bins: Rule,
    /// Logarithmic counts.
    #[arg(long)]
    log: bool,
    /// The values to count: full, 0.5-99.5% (any two percentiles), 3std, or LOW:HIGH; the others are told beside.
    #[arg(long, value_name = "RANGE", value_parser = parse_range, allow_hyphen_values = true, conflicts_with = "codes")]
    range: Option<Range>,
    /// Count stored codes, one bar each, instead of real values.
    #[arg(long)]
    codes: bool,
}

/// How both kinds of picture look.
#[derive(Debug, Args)]
struct Style {
    #[arg(long, value_enum, default_value_t = Theme::Light)]
    theme: Theme,
    /// Pixels a unit: 1, 2 or 4.
    #[arg(long, default_value_t = 1, value_parser = parse_scale)]
    scale: u8,
    /// The picture alone, without title, axes and colour bar.
    #[arg(long)]
    bare: bool,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum NormArgument {
    #[default]
    Linear,
    Asinh,
    Symlog,
}

/// Where an axis goes.
#[derive(Clone, Copy, Debug)]
enum Where {
    Place(Place),
    Index(usize),
}

pub fn run_heatmap(arguments: &HeatmapArguments) -> Result<()> {
    let options = PictureOptions { cell: arguments.cell, ..arguments.style.options() };
    if arguments.all {
        return run_all(arguments, options);
    }
    let loaded = load_one(&arguments.model, &arguments.selection, arguments.fake_quantize.reading())?;
    let look = look(arguments, &loaded)?;
    write(&PictureFile { loaded, content: Content::Heatmap(Box::new(look)), options }, &arguments.output)
}

/// A weight's look, as the options say.
fn look(arguments: &HeatmapArguments, loaded: &Loaded) -> Result<Look> {
    let token = Token::new();
    let mut view = loaded.default_view(1.0);
    if arguments.rgb {
        let axis = Look::input_axis(loaded).filter(|axis| view.can_be_colours(*axis));
        let Some(axis) = axis else { bail!("--rgb: the weight has no three input channels; its axes are {}", axes_of(&view)) };
        view.move_axis(axis, Place::Colour, 0);
    }
    for (axis, to) in &arguments.axis {
        move_axis(&mut view, axis, *to)?;
    }
    if let Some(wrap) = arguments.wrap {
        if view.wrap().is_none() {
            bail!("--wrap: this picture is a grid of rows and columns; put both on one side first, as with --axis I=rows");
        }
        view.set_wrap(Some(wrap as usize));
    }
    for (name, key) in &arguments.sort {
        let axis = axis_of(&view, name)?;
        view.set_order(axis, sorting::order(&*loaded.values, loaded.shape(), axis, *key, &token)?.map(Arc::new));
    }
    if arguments.show == Shows::Codes || arguments.saturated {
        let problem = "the weight's values do not come from stored integers one by one";
        let option = if arguments.saturated { "--saturated" } else { "--show codes" };
        loaded.codes(&token).ok_or_else(|| anyhow!("{option}: {problem}"))?;
    }
    loaded.count_figures(arguments.show, &token).map_err(of_failure)?;
    let map = arguments.colormap.unwrap_or(Look::default_map(loaded, arguments.show));
    let look = Look {
        shows: arguments.show,
        map,
        norm: match arguments.norm {
            NormArgument::Linear => Norm::Linear,
            NormArgument::Asinh => Norm::ASINH,
            NormArgument::Symlog => Norm::SYMLOG,
        },
        own_scale: arguments.own_scale,
        saturated: arguments.saturated,
        marked: arguments.mark,
        reduction: arguments.reduce,
        ..Look::new(loaded, view)
    };
    let range = match arguments.range {
        Some(range) => range,
        None => look.default_range(loaded),
    };
    Ok(Look { range, ..look })
}

/// A picture of every weight that is selected, as `weightscope extract` selects them.
fn run_all(arguments: &HeatmapArguments, options: PictureOptions) -> Result<()> {
    let opened = jobs::open(|| arguments.model.open(), Origin::File(arguments.model.options()), Some(arguments.model.fallback()))
        .map_err(of_failure)?;
    let weights = arguments.selection.weights(&opened.model, &opened.catalogue, arguments.selection.role.is_some())?;
    let weights = weights.into_iter().map(|weight| (weight.clone(), arguments.selection.sections(weight))).collect();
    let (reading, format) = (arguments.fake_quantize.reading(), arguments.format.clone());
    let set = PictureSet { opened: Arc::clone(&opened), weights, reading, options, format };
    let look_of = |loaded: &Arc<Loaded>| look(arguments, loaded).map_err(|error| Failure::Failed(format!("{error:#}")));
    let token = Token::new();
    let bar = super::progress(100, "Drawing");
    let written = super::with_progress(&bar, &token, || set.save(&arguments.output, look_of, &token).map_err(of_failure))?;
    for skipped in &written.skipped {
        super::say(&format!("Left out {skipped}"));
    }
    super::say(&format!("Saved {} pictures in {}", written.files.len(), arguments.output.display()));
    Ok(())
}

pub fn run_histogram(arguments: &HistogramArguments) -> Result<()> {
    let loaded = load_one(&arguments.model, &arguments.selection, Reading::Effective)?;
    if arguments.codes && !jobs::has_codes(&loaded) {
        bail!("--codes: this weight is not stored as integers of up to 16 bits");
    }
    let range = match arguments.range {
        None | Some(Range::Full) => None,
        Some(range) => {
            let limits = loaded.figures.limits(range, false);
            Some((f64::from(limits.low), f64::from(limits.high)))
        }
    };
    let counting = Counting { rule: arguments.bins, range, of_codes: arguments.codes };
    let content = Content::Histogram { counting, log_counts: arguments.log };
    write(&PictureFile { loaded, content, options: arguments.style.options() }, &arguments.output)
}

fn write(file: &PictureFile, output: &Path) -> Result<()> {
    file.save(output, &Token::new())?;
    super::say(&format!("Saved {}", output.display()));
    Ok(())
}

impl Style {
    fn options(&self) -> PictureOptions {
        let theme = match self.theme {
            Theme::Light => ThemeName::Light,
            Theme::Dark => ThemeName::Dark,
        };
        PictureOptions { theme, scale: self.scale, bare: self.bare, cell: None }
    }
}

/// The one weight that is selected; of a layer with several, its kernel or table.
fn load_one(model: &ModelArguments, selection: &Selection, reading: Reading) -> Result<Arc<Loaded>> {
    let token = Token::new();
    let opened = jobs::open(|| model.open(), Origin::File(model.options()), Some(model.fallback())).map_err(of_failure)?;
    let mut chosen: Vec<&Weight> = selection.weights(&opened.model, &opened.catalogue, selection.role.is_some())?;
    if chosen.len() > 1 && selection.role.is_none() {
        let layer_of = |weight: &Weight| (weight.site.graph, weight.layer());
        if chosen.iter().all(|weight| layer_of(weight) == layer_of(chosen[0])) {
            let main = chosen.iter().position(|weight| weight.role.is_main()).unwrap_or(0);
            chosen = vec![chosen[main]];
        }
    }
    let [weight] = chosen.as_slice() else {
        let describe = |weight: &&Weight| format!("{} ({})", weight.operation(&opened.model).name, weight.role.name);
        let names: Vec<_> = chosen.iter().take(20).map(describe).collect();
        let more = if chosen.len() > 20 { format!(" and {} more", chosen.len() - 20) } else { String::new() };
        bail!(
            "{} weights are selected and a picture shows one; choose with --layer, --role or --first: {}{more}",
            chosen.len(),
            names.join(", ")
        );
    };
    let (weight, sections) = ((*weight).clone(), selection.sections(weight));
    Ok(Arc::new(jobs::load_counted(Arc::clone(&opened), weight, sections, reading, &token).map_err(of_failure)?))
}

pub(super) fn of_failure(failure: Failure) -> anyhow::Error {
    match failure {
        Failure::Cancelled => anyhow!("cancelled"),
        Failure::Failed(sentence) => anyhow!(sentence),
    }
}

fn move_axis(view: &mut View, name: &str, to: Where) -> Result<()> {
    let axis = axis_of(view, name)?;
    match to {
        Where::Place(Place::Colour) if !view.can_be_colours(axis) => {
            bail!("axis {name} has {} indices; three are red, green and blue", view.shape()[axis])
        }
        Where::Place(place) => view.move_axis(axis, place, usize::MAX),
        Where::Index(index) if index >= view.shape()[axis] => {
            bail!("axis {name} has {} indices, so there is no {index}", view.shape()[axis])
        }
        Where::Index(index) => {
            view.move_axis(axis, Place::Slider, 0);
            view.set_fixed(axis, index);
        }
    }
    Ok(())
}

fn axis_of(view: &View, name: &str) -> Result<usize> {
    let by_name = view.names().iter().position(|other| other.eq_ignore_ascii_case(name));
    let by_number = name.parse().ok().filter(|axis| *axis < view.shape().len());
    by_name.or(by_number).ok_or_else(|| anyhow!("the weight has no axis '{name}'; its axes are {}", view.names().join(", ")))
}

fn axes_of(view: &View) -> String {
    view.names().iter().zip(view.shape()).map(|(name, extent)| format!("{name} {extent}")).collect::<Vec<_>>().join(", ")
}

fn parse_shows(text: &str) -> Result<Shows, String> {
    Shows::from_name(text).ok_or_else(|| "what is shown is real, codes or magnitude".to_owned())
}

fn parse_reduction(text: &str) -> Result<Reduction, String> {
    Reduction::ALL.into_iter().find(|how| how.name() == text).ok_or_else(|| "cells are reduced to their extreme or mean".to_owned())
}

fn parse_sort(text: &str) -> Result<(String, SortKey), String> {
    let sort = text.split_once('=').and_then(|(axis, key)| Some((axis.to_owned(), SortKey::from_name(key)?)));
    sort.ok_or_else(|| "an axis is sorted like O=norm, O=range or O=similarity".to_owned())
}

fn parse_marked(text: &str) -> Result<(f32, f32), String> {
    let number = |text: &str| text.trim().parse::<f32>().ok().filter(|number| number.is_finite());
    let ends = text.split_once(':').and_then(|(low, high)| number(low).zip(number(high)));
    ends.filter(|(low, high)| low <= high).ok_or_else(|| "values are marked from LOW:HIGH".to_owned())
}

fn parse_map(text: &str) -> Result<Map, String> {
    let names: Vec<_> = Map::ALL.iter().map(|map| map.name()).collect();
    Map::from_name(text).ok_or_else(|| format!("the colour maps are {}", names.join(", ")))
}

pub(super) fn parse_scale(text: &str) -> Result<u8, String> {
    text.parse().ok().filter(|scale| [1, 2, 4].contains(scale)).ok_or_else(|| "a scale is 1, 2 or 4".to_owned())
}

fn parse_rule(text: &str) -> Result<Rule, String> {
    let names: Vec<_> = Rule::ALL.iter().map(|rule| rule.name()).collect();
    Rule::from_name(text).ok_or_else(|| format!("the rules are {}", names.join(", ")))
}

fn parse_axis(text: &str) -> Result<(String, Where), String> {
    let wrong = || "an axis is placed like O=rows, I=columns, H=cell-rows, W=cell-columns, I=rgb, D=slider or D=3".to_owned();
    let (axis, place) = text.split_once('=').ok_or_else(wrong)?;
    let to = match place {
        "rows" => Where::Place(Place::Rows),
        "columns" => Where::Place(Place::Columns),
        "cell-rows" => Where::Place(Place::CellRows),
        "cell-columns" => Where::Place(Place::CellColumns),
        "slider" => Where::Place(Place::Slider),
        "rgb" => Where::Place(Place::Colour),
        index => Where::Index(index.parse().map_err(|_| wrong())?),
    };
    Ok((axis.to_owned(), to))
}

fn parse_range(text: &str) -> Result<Range, String> {
    let wrong = || "a range is full, 0.5-99.5%, 3std or LOW:HIGH".to_owned();
    let number = |text: &str| text.trim().parse::<f64>().ok().filter(|number| number.is_finite());
    if text == "full" {
        return Ok(Range::Full);
    }
    if let Some(k) = text.strip_suffix("std") {
        return number(k).map(Range::Deviations).ok_or_else(wrong);
    }
    if let Some(percents) = text.strip_suffix('%') {
        let (low, high) = percents.split_once('-').ok_or_else(wrong)?;
        let (low, high) =
            number(low).zip(number(high)).filter(|(low, high)| 0.0 <= *low && low < high && *high <= 100.0).ok_or_else(wrong)?;
        return Ok(Range::Percentile { low, high });
    }
    let (low, high) = text.split_once(':').ok_or_else(wrong)?;
    let (low, high) = number(low).zip(number(high)).filter(|(low, high)| low < high).ok_or_else(wrong)?;
    Ok(Range::Manual(Limits::new(low as f32, high as f32)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        assert_eq!(parse_range("full"), Ok(Range::Full));
        assert_eq!(parse_range("0.5-99.5%"), Ok(Range::PERCENTILE));
        assert_eq!(parse_range("3std"), Ok(Range::Deviations(3.0)));
        assert_eq!(parse_range("-1:0.5"), Ok(Range::Manual(Limits::new(-1.0, 0.5))));
        for wrong in ["", "1:1", "5%", "std", "90-10%", "nan:1"] {
            assert!(parse_range(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn axes_by_letter_and_number() {
        let mut view = View::default_for(&[2, 3, 3, 4], Some("OHWI"), 1.0);
        move_axis(&mut view, "o", Where::Place(Place::Columns)).unwrap();
        assert_eq!(view.place(0), Place::Columns);
        move_axis(&mut view, "3", Where::Index(2)).unwrap();
        assert_eq!((view.place(3), view.fixed(3)), (Place::Slider, 2));
        assert!(move_axis(&mut view, "Q", Where::Index(0)).is_err());
        assert!(move_axis(&mut view, "I", Where::Index(4)).is_err());
    }
}
