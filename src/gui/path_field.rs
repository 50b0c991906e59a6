//! A field for a path, with completion, for systems without a file dialog.

use std::path::{Path, PathBuf};

use egui::{Key, RichText, TextEdit};

use super::command::Command;
use super::theme::{self, Tokens};

/// What was typed, and the completions for it.
#[derive(Clone, Debug, Default)]
pub struct PathField {
    pub text: String,
    completions: Vec<String>,
    completed_for: Option<String>,
    is_fresh: bool,
}

impl PathField {
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), is_fresh: true, ..Self::default() }
    }

    pub fn path(&self) -> PathBuf {
        expand_home(self.text.trim())
    }

    /// The dialog that opens a model.
    pub fn show_open(&mut self, ctx: &egui::Context, commands: &mut Vec<Command>) {
        let modal = egui::Modal::new(egui::Id::unique("open path")).show(ctx, |ui| {
            ui.set_width(560.0);
            ui.label(RichText::new("Open model").font(egui::FontId::new(16.0, theme::semibold())));
            ui.label(
                RichText::new("This system has no file dialog; type the path of a .tflite or .xml file. Tab completes.")
                    .color(Tokens::of(ui).dim),
            );
            ui.add_space(8.0);
            let submitted = self.show(ui, "Path of the model");
            ui.add_space(8.0);
            ui.horizontal(|ui| {
                let can_open = !self.text.trim().is_empty();
                if (ui.add_enabled(can_open, egui::Button::new("Open")).clicked() || submitted) && can_open {
                    commands.push(Command::OpenFiles(vec![self.path()]));
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
    pub fn show(&mut self, ui: &mut egui::Ui, label: &str) -> bool {
        let id = ui.scope_id().with("path field");
        let tab = ui.memory(|memory| memory.has_focus(id)) && ui.input_mut(|input| input.consume_key(egui::Modifiers::NONE, Key::Tab));
        if tab && let Some(completion) = self.completions.first().cloned() {
            self.text = completion;
            place_cursor_at_end(ui.ctx(), id, &self.text);
        }
        let field =
            ui.add(TextEdit::singleline(&mut self.text).id(id).desired_width(f32::INFINITY).font(theme::number_font()).lock_focus(true));
        let field = field.accessible_name(label);
        if std::mem::take(&mut self.is_fresh) {
            field.request_focus();
            place_cursor_at_end(ui.ctx(), id, &self.text);
        }
        if self.completed_for.as_deref() != Some(&self.text) {
            self.completions = completions(&self.text);
            self.completed_for = Some(self.text.clone());
        }
        let tokens = Tokens::of(ui);
        for completion in self.completions.iter().take(6) {
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

/// Folder entries that begin with what was typed, folders first. Reads one folder of at most a few
/// thousand entries; a path being typed changes by a key at a time.
fn completions(text: &str) -> Vec<String> {
    const ENTRIES_READ: usize = 4096;
    let (folder_text, prefix) = text.rsplit_once('/').map_or(("", text), |(folder, prefix)| (&text[..=folder.len()], prefix));
    let folder = if folder_text.is_empty() { PathBuf::from(".") } else { expand_home(folder_text) };
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut found: Vec<(bool, String)> = entries
        .take(ENTRIES_READ)
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let is_hidden = name.starts_with('.') && !prefix.starts_with('.');
            let is_folder = entry.file_type().ok()?.is_dir();
            let is_match = name.starts_with(prefix) && name != prefix && !is_hidden;
            is_match.then(|| (!is_folder, format!("{folder_text}{name}{}", if is_folder { "/" } else { "" })))
        })
        .collect();
    found.sort();
    found.into_iter().map(|(_, path)| path).collect()
}

fn expand_home(text: &str) -> PathBuf {
    let home = || directories::UserDirs::new().map(|folders| folders.home_dir().to_owned());
    match text.strip_prefix('~').filter(|rest| rest.is_empty() || rest.starts_with('/')).zip(home()) {
        Some((rest, home)) => home.join(Path::new(rest.trim_start_matches('/'))),
        None => PathBuf::from(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn completes_folders_before_files() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("models")).unwrap();
        for name in ["model.tflite", "other", ".mode"] {
            std::fs::write(folder.path().join(name), "x").unwrap();
        }
        let typed = format!("{}/mod", folder.path().display());
        let found = completions(&typed);
        let names: Vec<_> = found.iter().map(|path| path.rsplit_once("mod").unwrap().1).collect();
        assert_eq!(names, ["els/", "el.tflite"]);
        assert!(completions("/no such folder/x").is_empty());
    }
}
