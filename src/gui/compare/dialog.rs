//! The boxes of comparisons: with which model, and where reports and pairs go to or come from.

use std::path::{Path, PathBuf};

use egui::{RichText, ScrollArea};

use super::state::Comparison;
use super::{Request, save};
use crate::export::picture::PictureOptions;
use crate::gui::command::Command;
use crate::gui::path_field::PathField;
use crate::gui::state::State;
use crate::gui::theme::{self, Tokens};
use crate::gui::{names, widgets};

/// A box over the panes.
pub struct Dialog {
    kind: Kind,
    pub path: PathField,
    /// How pictures look.
    options: PictureOptions,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    /// With which model to compare the document with this number.
    Choose(u64),
    Report(u64),
    SavePairs(u64),
    LoadPairs(u64),
    Pictures(u64),
}

impl Dialog {
    pub fn choose(a: u64, state: &State) -> Self {
        let beside = state.by_number(a).and_then(|document| document.opened.model.file.parent()).filter(|folder| folder.is_dir());
        let folder = beside.map(Path::to_path_buf).or_else(|| std::env::current_dir().ok()).unwrap_or_default();
        Self { kind: Kind::Choose(a), path: PathField::new(format!("{}/", folder.display())), options: PictureOptions::default() }
    }

    pub fn report(comparison: &Comparison, folder: Option<PathBuf>) -> Self {
        Self::at(Kind::Report(comparison.number), comparison, folder, "html")
    }

    pub fn save_pairs(comparison: &Comparison, folder: Option<PathBuf>) -> Self {
        Self::at(Kind::SavePairs(comparison.number), comparison, folder, "pairs.json")
    }

    pub fn load_pairs(comparison: &Comparison, folder: Option<PathBuf>) -> Self {
        Self::at(Kind::LoadPairs(comparison.number), comparison, folder, "pairs.json")
    }

    fn at(kind: Kind, comparison: &Comparison, folder: Option<PathBuf>, extension: &str) -> Self {
        let stem = |opened: &crate::jobs::Opened| opened.model.file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let name = format!("{}.{}.{extension}", stem(&comparison.sides.a), stem(&comparison.sides.b));
        Self::named(kind, Path::new(&name), folder, PictureOptions::default())
    }

    pub fn pictures(comparison: &Comparison, folder: Option<PathBuf>, options: PictureOptions) -> Self {
        Self::named(Kind::Pictures(comparison.number), &save::name(comparison), folder, options)
    }

    fn named(kind: Kind, name: &Path, folder: Option<PathBuf>, options: PictureOptions) -> Self {
        let folder = folder.or_else(|| std::env::current_dir().ok()).unwrap_or_default();
        Self { kind, path: PathField::new(folder.join(name).to_string_lossy()), options }
    }

    /// Whether the system's dialog for a file to write to helps.
    pub fn writes(&self) -> bool {
        matches!(self.kind, Kind::Report(_) | Kind::SavePairs(_) | Kind::Pictures(_))
    }

    fn extension(&self) -> String {
        // As typed: where `~` is does not matter here.
        Path::new(self.path.text.trim()).extension().map(|extension| extension.to_string_lossy().to_lowercase()).unwrap_or_default()
    }

    fn problem(&self) -> Option<&'static str> {
        match self.kind {
            Kind::Report(_) if !["html", "csv", "json"].contains(&self.extension().as_str()) => {
                Some("The file's name must end in .html, .csv or .json")
            }
            Kind::Pictures(_) if !["png", "svg"].contains(&self.extension().as_str()) => Some("The file's name must end in .png or .svg"),
            _ => None,
        }
    }
}

pub fn show(ctx: &egui::Context, dialog: &mut Dialog, state: &State, commands: &mut Vec<Command>) {
    let modal = widgets::modal(ctx, "comparison box").show(ctx, |ui| {
        ui.set_width(600.0_f32.min(ctx.content_rect().width() - 64.0));
        match dialog.kind {
            Kind::Choose(a) => choose(ui, dialog, a, state, commands),
            _ => file(ui, dialog, commands),
        }
    });
    if modal.should_close() {
        commands.push(Command::CloseOverlay);
    }
}

fn heading(ui: &mut egui::Ui, text: &str) {
    ui.label(RichText::new(text).font(egui::FontId::new(16.0, theme::semibold())));
    ui.add_space(8.0);
}

fn choose(ui: &mut egui::Ui, dialog: &mut Dialog, a: u64, state: &State, commands: &mut Vec<Command>) {
    let Some(document) = state.by_number(a) else { return };
    let name = names::elide_middle(&document.opened.model.file_name(), 48);
    heading(ui, &format!("Compare {name} with"));
    let mut asked = None;
    let others: Vec<_> = state.documents.iter().filter(|other| other.number != a).collect();
    if !others.is_empty() {
        widgets::section(ui, "Open models");
        ScrollArea::vertical().max_height(160.0).show(ui, |ui| {
            for other in others {
                let (name, path) = (other.opened.model.file_name(), other.opened.model.file.display().to_string());
                if ui.button(names::elide_middle(&name, 64)).on_hover_text(path).clicked() {
                    asked = Some(Request::Models { a, b: other.number });
                }
            }
        });
    }
    widgets::section(ui, "A file");
    let submitted = with_browse(ui, dialog, "Path of the other model", commands, Request::BrowseForOther { a }.into());
    ui.add_space(8.0);
    ui.horizontal(|ui| {
        let can_open = !dialog.path.text.trim().is_empty();
        if (ui.add_enabled(can_open, egui::Button::new("Compare")).clicked() || submitted) && can_open {
            asked = Some(Request::Files { with: Some(a), paths: vec![dialog.path.path()] });
        }
        if ui.button("Cancel").clicked() {
            commands.push(Command::CloseOverlay);
        }
    });
    ui.label(RichText::new(format!("{name} is the reference, A; the other is B")).color(Tokens::of(ui).dim).size(12.0));
    if let Some(asked) = asked {
        commands.push(Command::CloseOverlay);
        commands.push(asked.into());
    }
}

fn file(ui: &mut egui::Ui, dialog: &mut Dialog, commands: &mut Vec<Command>) {
    let tokens = Tokens::of(ui);
    let (title, verb, label) = match dialog.kind {
        Kind::Report(_) => ("Save report", "Save", "Path to save to"),
        Kind::Pictures(_) => ("Save pictures", "Save", "Path to save to"),
        Kind::SavePairs(_) => ("Save pairs", "Save", "Path to save to"),
        Kind::LoadPairs(_) | Kind::Choose(_) => ("Load pairs", "Load", "Path of the pairs"),
    };
    heading(ui, title);
    let submitted = if dialog.writes() {
        with_browse(ui, dialog, label, commands, Command::BrowseForSave)
    } else {
        dialog.path.show(ui, label, commands)
    };
    ui.add_space(8.0);
    if let Kind::Report(_) = dialog.kind {
        ui.horizontal(|ui| {
            let current = dialog.extension();
            for (extension, hint) in [
                ("html", "One file with the table and pictures of the worst layers, for a browser"),
                ("csv", "A line a pair, every figure a column"),
                ("json", "Everything, as compare --json prints it"),
            ] {
                if widgets::toggle(ui, extension, current == extension).on_hover_text(hint).clicked() {
                    dialog.path = PathField::new(dialog.path.path().with_extension(extension).to_string_lossy());
                }
            }
        });
        ui.add_space(8.0);
    }
    if let Kind::Pictures(_) = dialog.kind {
        picture_options(ui, dialog);
        ui.add_space(8.0);
    }
    let problem = dialog.problem();
    if let Some(problem) = problem {
        ui.label(RichText::new(problem).color(tokens.warn));
    } else if dialog.writes() && dialog.path.is_file() {
        ui.label(RichText::new("The file exists and will be replaced").color(tokens.warn));
    }
    ui.horizontal(|ui| {
        let is_ready = problem.is_none() && !dialog.path.text.trim().is_empty();
        if (ui.add_enabled(is_ready, egui::Button::new(verb)).clicked() || submitted) && is_ready {
            let path = dialog.path.path();
            commands.push(Command::CloseOverlay);
            match dialog.kind {
                Kind::Report(comparison) => commands.push(Request::SaveReport { comparison, path }.into()),
                Kind::SavePairs(comparison) => commands.push(Request::SavePairs { comparison, path }.into()),
                Kind::LoadPairs(comparison) => commands.push(Request::LoadPairs { comparison, path }.into()),
                Kind::Pictures(comparison) => {
                    commands.push(Request::SavePictures { comparison, options: dialog.options, path }.into());
                }
                Kind::Choose(_) => {}
            }
        }
        if ui.button("Cancel").clicked() {
            commands.push(Command::CloseOverlay);
        }
    });
}

fn picture_options(ui: &mut egui::Ui, dialog: &mut Dialog) {
    ui.horizontal(|ui| {
        let current = dialog.extension();
        for extension in ["png", "svg"] {
            if widgets::toggle(ui, extension, current == extension).clicked() {
                dialog.path = PathField::new(dialog.path.path().with_extension(extension).to_string_lossy());
            }
        }
        ui.separator();
        crate::gui::save::theme_and_scale(ui, &mut dialog.options);
        ui.separator();
        widgets::checkbox(ui, &mut dialog.options.bare, "pictures only").on_hover_text("Without title, axes and colour bars");
    });
}

/// The field with a button for the system's dialog at its right; whether Enter was pressed.
fn with_browse(ui: &mut egui::Ui, dialog: &mut Dialog, label: &str, commands: &mut Vec<Command>, browse: Command) -> bool {
    let field = ui.horizontal(|ui| {
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Min), |ui| {
            if ui.button("Browse…").on_hover_text("Choose the file in the system's dialog").clicked() {
                commands.push(browse);
            }
            ui.with_layout(egui::Layout::top_down(egui::Align::Min), |ui| dialog.path.show(ui, label, commands)).inner
        })
        .inner
    });
    field.inner
}
