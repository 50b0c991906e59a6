//! The dialog that writes what is on display: where to, and how it should look.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use egui::RichText;

use super::command::Command;
use super::execute::graph::file as graph_file;
use super::path_field::PathField;
use super::state::{Document, State};
use super::theme::{self, Tokens};
use super::widgets;
use crate::export::layout::Layout;
use crate::export::picture::{Content, PictureFile, PictureOptions, ThemeName};
use crate::export::pictures::PictureSet;
use crate::jobs::{SaveContent, SavePlan};

/// What is to be saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    Heatmap,
    /// The heatmaps of all weights, into a folder.
    AllHeatmaps,
    Histogram,
    Numbers,
    /// Lines of the statistics table.
    Statistics,
    /// The graph on the canvas.
    Graph,
    /// A file that came with the model, by its place there.
    File(usize),
}

pub struct SaveDialog {
    /// The document that the dialog was opened for; meanwhile another one may come on display.
    document: u64,
    what: What,
    pub path: PathField,
    options: PictureOptions,
    /// All weights of the model instead of the one on display.
    all_weights: bool,
    axes: AxesOrder,
    /// The format of the pictures of all weights.
    set_format: &'static str,
    /// Of the statistics table, in the order on display.
    lines: Vec<u32>,
    /// Of a graph the part in sight alone.
    part_only: bool,
}

/// The order of a kernel's axes in a file of numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum AxesOrder {
    #[default]
    Own,
    ChannelsFirst,
    ChannelsLast,
}

impl AxesOrder {
    const ALL: [(Self, &'static str, &'static str); 3] = [
        (Self::Own, "own axes", "Kernels with their axes in the model's order"),
        (Self::ChannelsFirst, "OIHW", "Kernels of convolutions as PyTorch has them"),
        (Self::ChannelsLast, "HWIO", "Kernels of convolutions as Keras has them"),
    ];

    /// The layouts for convolutions along two axes, one and three.
    fn layouts(self) -> Vec<Layout> {
        let names: &[&str] = match self {
            Self::Own => &[],
            Self::ChannelsFirst => &["OIHW", "OIW", "OIDHW"],
            Self::ChannelsLast => &["HWIO", "WIO", "DHWIO"],
        };
        names.iter().filter_map(|name| Layout::parse(name).ok()).collect()
    }
}

impl SaveDialog {
    /// The dialog with a name made of the model, the layer and the role.
    pub fn new(what: What, document: &Document, folder: Option<PathBuf>, is_dark: bool) -> Option<Self> {
        let theme = if is_dark { ThemeName::Dark } else { ThemeName::Light };
        if what == What::Graph {
            return Some(Self::for_graph(document, folder, theme));
        }
        let weight = document.weight()?;
        let stem = document.opened.model.file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let layer = document.label(weight.site.graph, weight.layer());
        let layer: String = layer.chars().map(|c| if c.is_alphanumeric() || "-_.".contains(c) { c } else { '_' }).collect();
        let (kind, extension) = match what {
            What::Heatmap => ("", "png"),
            What::AllHeatmaps => ("", ""),
            What::Histogram => (".histogram", "png"),
            What::Numbers => ("", "npy"),
            What::Statistics => return Some(Self::for_statistics(document, (0..document.opened.rows.len() as u32).collect(), folder)),
            What::Graph => return None,
            What::File(file) => return Self::for_file(document, file, folder),
        };
        let layer: String = layer.chars().take(80).collect();
        let name = match what {
            What::AllHeatmaps => format!("{stem}.heatmaps"),
            _ => format!("{stem}.{layer}.{}{kind}.{extension}", weight.role.with_sections(&document.sections)),
        };
        let folder = or_current(folder);
        let options = PictureOptions { theme, ..PictureOptions::default() };
        Some(Self {
            document: document.number,
            what,
            path: PathField::new(folder.join(name).to_string_lossy()),
            options,
            all_weights: false,
            axes: AxesOrder::Own,
            set_format: "png",
            lines: Vec::new(),
            part_only: false,
        })
    }

    /// The dialog for lines of the statistics table.
    pub fn for_statistics(document: &Document, lines: Vec<u32>, folder: Option<PathBuf>) -> Self {
        let stem = document.opened.model.file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        Self {
            document: document.number,
            what: What::Statistics,
            path: PathField::new(or_current(folder).join(format!("{stem}.statistics.csv")).to_string_lossy()),
            options: PictureOptions::default(),
            all_weights: false,
            axes: AxesOrder::Own,
            set_format: "png",
            lines,
            part_only: false,
        }
    }

    fn for_graph(document: &Document, folder: Option<PathBuf>, theme: ThemeName) -> Self {
        let stem = document.opened.model.file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        Self {
            document: document.number,
            what: What::Graph,
            path: PathField::new(or_current(folder).join(format!("{stem}.graph.svg")).to_string_lossy()),
            options: PictureOptions { theme, ..PictureOptions::default() },
            all_weights: false,
            axes: AxesOrder::Own,
            set_format: "png",
            part_only: false,
            lines: Vec::new(),
        }
    }

    /// The dialog for a file that came with the model, with its own name.
    pub fn for_file(document: &Document, file: usize, folder: Option<PathBuf>) -> Option<Self> {
        let name = &document.opened.model.files.get(file)?.name;
        let name = name.rsplit('/').next().unwrap_or(name);
        Some(Self {
            document: document.number,
            what: What::File(file),
            path: PathField::new(or_current(folder).join(name).to_string_lossy()),
            options: PictureOptions::default(),
            all_weights: false,
            axes: AxesOrder::Own,
            set_format: "png",
            lines: Vec::new(),
            part_only: false,
        })
    }

    fn title(&self) -> &'static str {
        match self.what {
            What::Heatmap => "Save image",
            What::AllHeatmaps => "Save all images",
            What::Histogram => "Save histogram",
            What::Numbers => "Save numbers",
            What::Statistics => "Save statistics",
            What::Graph => "Save graph",
            What::File(_) => "Save file",
        }
    }

    fn plan(&self, document: &Document) -> Option<SavePlan> {
        let content = match self.what {
            What::File(file) => SaveContent::File { opened: Arc::clone(&document.opened), file },
            What::Statistics => SaveContent::Statistics {
                opened: Arc::clone(&document.opened),
                table: Arc::clone(&document.statistics),
                lines: self.lines.clone(),
            },
            What::Numbers if self.all_weights => SaveContent::Numbers {
                opened: Arc::clone(&document.opened),
                layouts: self.axes.layouts(),
                weights: document.opened.catalogue.weights().map(|weight| (weight.clone(), Vec::new())).collect(),
            },
            What::Numbers => {
                let loaded = document.shown.ready()?;
                let weights = vec![(loaded.weight.clone(), loaded.sections.clone())];
                SaveContent::Numbers { opened: Arc::clone(&document.opened), layouts: self.axes.layouts(), weights }
            }
            What::Graph => SaveContent::Graph(Box::new(graph_file(document, self.part_only, self.options)?)),
            What::Heatmap => SaveContent::Picture(Box::new(heatmap_file(document, self.options)?)),
            What::AllHeatmaps => SaveContent::Pictures(Box::new(PictureSet {
                opened: Arc::clone(&document.opened),
                weights: document.opened.catalogue.weights().map(|weight| (weight.clone(), Vec::new())).collect(),
                reading: document.reading,
                options: self.options,
                format: self.set_format.to_owned(),
            })),
            What::Histogram => {
                let view = &document.views.histogram;
                let loaded = Arc::clone(document.shown.ready()?);
                let content = Content::Histogram { counting: view.counting(&loaded), log_counts: view.log_counts };
                SaveContent::Picture(Box::new(PictureFile { loaded, content, options: self.options }))
            }
        };
        Some(SavePlan { path: self.path.path(), content })
    }
}

fn or_current(folder: Option<PathBuf>) -> PathBuf {
    folder.or_else(|| std::env::current_dir().ok()).unwrap_or_default()
}

/// The picture on display as a file: the same axes, colours and limits.
pub fn heatmap_file(document: &Document, options: PictureOptions) -> Option<PictureFile> {
    let loaded = Arc::clone(document.shown.ready()?);
    let look = super::panels::heatmap_on_display(&document.views.heatmap, &loaded);
    Some(PictureFile { loaded, content: Content::Heatmap(Box::new(look)), options })
}

pub fn show(ctx: &egui::Context, dialog: &mut SaveDialog, state: &State, commands: &mut Vec<Command>) {
    let modal = widgets::modal(ctx, "save").show(ctx, |ui| {
        ui.set_width(600.0_f32.min(ctx.content_rect().width() - 64.0));
        let tokens = Tokens::of(ui);
        ui.label(RichText::new(dialog.title()).font(egui::FontId::new(16.0, theme::semibold())));
        ui.add_space(8.0);
        let submitted = ui
            .horizontal(|ui| {
                ui.with_layout(egui::Layout::right_to_left(egui::Align::Min), |ui| {
                    if ui.button("Browse…").on_hover_text("Choose the file in the system's dialog").clicked() {
                        commands.push(Command::BrowseForSave);
                    }
                    ui.with_layout(egui::Layout::top_down(egui::Align::Min), |ui| dialog.path.show(ui, "Path to save to", commands)).inner
                })
                .inner
            })
            .inner;
        ui.add_space(8.0);
        let problem = match dialog.what {
            What::Numbers => number_options(ui, dialog),
            What::File(_) => None,
            What::Statistics => {
                ui.horizontal(|ui| {
                    choose_extension(ui, dialog, &["csv", "json"]);
                    ui.separator();
                    ui.label(format!("{} weights, in the order on display", super::names::thousands(dialog.lines.len() as u64)));
                });
                (!["csv", "json"].contains(&extension_of(dialog).as_str())).then_some("The file's name must end in .csv or .json")
            }
            What::Heatmap | What::Histogram | What::Graph => picture_options(ui, dialog),
            What::AllHeatmaps => {
                set_options(ui, dialog);
                None
            }
        };
        if let Some(problem) = problem {
            ui.label(RichText::new(problem).color(tokens.warn));
        } else if dialog.path.is_file() {
            ui.label(RichText::new("The file exists and will be replaced").color(tokens.warn));
        }
        ui.add_space(8.0);
        ui.horizontal(|ui| {
            let can_save = problem.is_none();
            if (ui.add_enabled(can_save, egui::Button::new("Save")).clicked() || submitted)
                && can_save
                && let Some(plan) = state.by_number(dialog.document).and_then(|document| dialog.plan(document))
            {
                commands.push(Command::CloseOverlay);
                commands.push(Command::Save(Box::new(plan)));
            }
            if ui.button("Cancel").clicked() {
                commands.push(Command::CloseOverlay);
            }
        });
    });
    if modal.should_close() {
        commands.push(Command::CloseOverlay);
    }
}

fn extension_of(dialog: &SaveDialog) -> String {
    // As typed: where `~` is does not matter here.
    Path::new(dialog.path.text.trim()).extension().map(|extension| extension.to_string_lossy().to_lowercase()).unwrap_or_default()
}

fn choose_extension(ui: &mut egui::Ui, dialog: &mut SaveDialog, choices: &[&str]) {
    let current = extension_of(dialog);
    for choice in choices {
        if widgets::toggle(ui, choice, current == *choice).clicked() {
            dialog.path = PathField::new(dialog.path.path().with_extension(choice).to_string_lossy());
        }
    }
}

/// What the pictures of all weights look like.
fn set_options(ui: &mut egui::Ui, dialog: &mut SaveDialog) {
    ui.label("A picture of every weight, in its usual view, is written into this folder");
    ui.horizontal(|ui| {
        for format in ["png", "svg"] {
            if widgets::toggle(ui, format, dialog.set_format == format).clicked() {
                dialog.set_format = format;
            }
        }
        ui.separator();
        theme_and_scale(ui, &mut dialog.options);
        ui.separator();
        widgets::checkbox(ui, &mut dialog.options.bare, "picture only").on_hover_text("Without title, axes and colour bar");
    });
}

/// The controls of a picture's theme and of its pixels a unit.
pub fn theme_and_scale(ui: &mut egui::Ui, options: &mut PictureOptions) {
    for (theme, name) in [(ThemeName::Light, "light"), (ThemeName::Dark, "dark")] {
        if widgets::toggle(ui, name, options.theme == theme).clicked() {
            options.theme = theme;
        }
    }
    ui.separator();
    for scale in [1u8, 2, 4] {
        if widgets::toggle(ui, &format!("{scale}×"), options.scale == scale).clicked() {
            options.scale = scale;
        }
    }
}

fn picture_options(ui: &mut egui::Ui, dialog: &mut SaveDialog) -> Option<&'static str> {
    let is_histogram = dialog.what == What::Histogram;
    ui.horizontal(|ui| {
        choose_extension(ui, dialog, if is_histogram { &["png", "svg", "csv"] } else { &["png", "svg"] });
        ui.separator();
        theme_and_scale(ui, &mut dialog.options);
        if !is_histogram {
            ui.separator();
            let without = if dialog.what == What::Graph { "Without title and legend" } else { "Without title, axes and colour bar" };
            widgets::checkbox(ui, &mut dialog.options.bare, "picture only").on_hover_text(without);
        }
        if dialog.what == What::Graph {
            ui.separator();
            widgets::checkbox(ui, &mut dialog.part_only, "part in sight")
                .on_hover_text("Only what the canvas shows now, not the whole graph");
        }
    });
    if dialog.what == What::Heatmap {
        ui.add_space(4.0);
        ui.horizontal(|ui| cell_size(ui, dialog));
    }
    let known: &[&str] = if is_histogram { &["png", "svg", "csv"] } else { &["png", "svg"] };
    let is_known = known.contains(&extension_of(dialog).as_str());
    match (is_known, is_histogram) {
        (true, _) => None,
        (false, true) => Some("The file's name must end in .png, .svg or .csv"),
        (false, false) => Some("The file's name must end in .png or .svg"),
    }
}

/// One cell as so many pixels, or as many as make a pleasant picture.
fn cell_size(ui: &mut egui::Ui, dialog: &mut SaveDialog) {
    let mut is_fixed = dialog.options.cell.is_some();
    if widgets::checkbox(ui, &mut is_fixed, "one cell is").on_hover_text("Otherwise a size that makes a pleasant picture").changed() {
        dialog.options.cell = is_fixed.then_some(8);
    }
    let mut cell = dialog.options.cell.unwrap_or(8);
    ui.add_enabled_ui(is_fixed, |ui| {
        let field = ui.add(egui::DragValue::new(&mut cell).range(1..=512).suffix(" px"));
        field.widget_info(|| egui::WidgetInfo::labeled(egui::accesskit::Role::SpinButton, is_fixed, "Pixels a cell"));
        if field.changed() {
            dialog.options.cell = Some(cell);
        }
    });
}

fn number_options(ui: &mut egui::Ui, dialog: &mut SaveDialog) -> Option<&'static str> {
    ui.horizontal(|ui| {
        choose_extension(ui, dialog, &["npy", "npz", "csv", "safetensors"]);
        ui.separator();
        widgets::checkbox(ui, &mut dialog.all_weights, "all weights of the model");
    });
    ui.add_space(4.0);
    ui.horizontal(|ui| {
        for (axes, name, hint) in AxesOrder::ALL {
            if widgets::toggle(ui, name, dialog.axes == axes).on_hover_text(hint).clicked() {
                dialog.axes = axes;
            }
        }
    });
    match extension_of(dialog).as_str() {
        "npz" | "safetensors" => None,
        "npy" | "csv" if dialog.all_weights => Some("All weights go into one .npz or .safetensors file"),
        "npy" | "csv" => None,
        _ => Some("The file's name must end in .npy, .npz, .csv or .safetensors"),
    }
}
