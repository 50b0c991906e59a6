//! A field for a path, with completion, for systems without a file dialog.

use std::path::PathBuf;

use egui::{Key, RichText, TextEdit};

use super::command::{Command, Pick};
use super::theme::{self, Tokens};
use super::widgets;
use crate::jobs::{Completions, expand_home};

/// Completions that are offered.
const OFFERED: usize = 6;

/// What was typed, and the completions for it.
#[derive(Clone, Debug, Default)]
pub struct PathField {
    pub text: String,
    completions: Completions,
    /// What completions were asked for last.
    asked: Option<String>,
    is_fresh: bool,
    /// Whether the folder that the program runs in is listed while nothing is typed.
    lists_folder: bool,
}

impl PathField {
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), is_fresh: true, ..Self::default() }
    }

    pub fn path(&self) -> PathBuf {
        expand_home(self.text.trim())
    }

    /// Takes in what a worker found; for another text than is there now it is too late.
    pub fn complete(&mut self, completions: Completions) {
        if completions.text == self.text {
            self.completions = completions;
        }
    }

    /// Whether there is a file at the path, as far as is known.
    pub fn is_file(&self) -> bool {
        self.completions.is_file && self.completions.text == self.text
    }

    /// The dialog that opens a model, or another file with a model's constants.
    pub fn show_open(&mut self, ctx: &egui::Context, purpose: Pick, commands: &mut Vec<Command>) {
        self.lists_folder = true;
        let (title, wanted, label) = match purpose {
            Pick::Constants => ("Choose the .bin", "the .bin file with the model's constants", "Path of the .bin"),
            Pick::Open | Pick::Save | Pick::Runtime | Pick::Other(_) => {
                ("Open model", "a .tflite, .task, .litertlm or .xml file", "Path of the model")
            }
        };
        let modal = widgets::modal(ctx, "open path").show(ctx, |ui| {
            ui.set_width(560.0);
            ui.label(RichText::new(title).font(egui::FontId::new(16.0, theme::semibold())));
            ui.label(
                RichText::new(format!("This system has no file dialog; type the path of {wanted}. Tab completes."))
                    .color(Tokens::of(ui).dim),
            );
            ui.add_space(8.0);
            let submitted = self.show(ui, label, commands);
            ui.add_space(8.0);
            ui.horizontal(|ui| {
                let can_open = !self.text.trim().is_empty();
                if (ui.add_enabled(can_open, egui::Button::new("Open")).clicked() || submitted) && can_open {
                    commands.push(match purpose {
                        Pick::Constants => Command::UseConstants(self.path()),
                        Pick::Open | Pick::Save | Pick::Runtime | Pick::Other(_) => Command::OpenFiles(vec![self.path()]),
                    });
                    commands.push(Command::CloseOverlay);
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

    /// The field and its completions; whether Enter was pressed.
    pub fn show(&mut self, ui: &mut egui::Ui, label: &str, commands: &mut Vec<Command>) -> bool {
        let id = ui.scope_id().with("path field");
        let offered = if self.text.is_empty() && !self.lists_folder { &[][..] } else { &self.completions.paths };
        let offered: Vec<String> = offered.iter().take(OFFERED).cloned().collect();
        let tab = ui.memory(|memory| memory.has_focus(id)) && ui.input_mut(|input| input.consume_key(egui::Modifiers::NONE, Key::Tab));
        if tab && let Some(completion) = offered.first() {
            self.text.clone_from(completion);
            place_cursor_at_end(ui.ctx(), id, &self.text);
        }
        let field =
            ui.add(TextEdit::singleline(&mut self.text).id(id).desired_width(f32::INFINITY).font(theme::number_font()).lock_focus(true));
        let field = field.accessible_name(label);
        if std::mem::take(&mut self.is_fresh) {
            field.request_focus();
            place_cursor_at_end(ui.ctx(), id, &self.text);
        }
        if self.asked.as_deref() != Some(&self.text) {
            self.asked = Some(self.text.clone());
            commands.push(Command::NeedCompletions(self.text.clone()));
        }
        let tokens = Tokens::of(ui);
        for completion in &offered {
            let line = egui::Button::new(RichText::new(completion).font(theme::number_font()).color(tokens.dim)).frame(false);
            if ui.add(line).clicked() {
                self.text.clone_from(completion);
                field.request_focus();
            }
        }
        field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter))
    }
}

fn place_cursor_at_end(ctx: &egui::Context, id: egui::Id, text: &str) {
    let mut state = TextEdit::load_state(ctx, id).unwrap_or_default();
    let end = egui::text::CCursor::new(text.chars().count());
    state.cursor.set_char_range(Some(egui::text::CCursorRange::one(end)));
    state.store(ctx, id);
}
