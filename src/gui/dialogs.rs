//! The system's file dialogs, never on the window's thread.
//!
//! Where no portal answers (a bare window manager, a container) the dialog's answer is "nothing" at
//! once, faster than any person; then the window shows a path field of its own.

use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, bounded};

use crate::formats;

use super::command::{Command, Pick};

/// At most one dialog at a time.
#[derive(Default)]
pub struct Dialogs {
    pending: Option<Pending>,
}

struct Pending {
    purpose: Pick,
    since: Instant,
    answer: Receiver<Option<Vec<std::path::PathBuf>>>,
}

/// No person closes a dialog sooner.
const HUMAN_TIME: Duration = Duration::from_millis(400);

impl Dialogs {
    /// Asks for model files to open.
    pub fn pick_models(&mut self, ctx: &egui::Context) {
        let dialog = rfd::AsyncFileDialog::new()
            .set_title("Open model")
            .add_filter("Models", &formats::extensions())
            .add_filter("All files", &["*"]);
        let choice = dialog.pick_files();
        self.wait(ctx, Pick::Open, async move { choice.await.map(|files| files.iter().map(|file| file.path().to_owned()).collect()) });
    }

    /// Asks for a file to compare the document with this number with.
    pub fn pick_compared(&mut self, ctx: &egui::Context, number: u64) {
        let dialog = rfd::AsyncFileDialog::new()
            .set_title("Compare with")
            .add_filter("Models", &formats::extensions())
            .add_filter("All files", &["*"]);
        let choice = dialog.pick_file();
        self.wait(ctx, Pick::Other(number), async move { choice.await.map(|file| vec![file.path().to_owned()]) });
    }

    /// Asks for the file with an OpenVINO model's constants.
    pub fn pick_constants(&mut self, ctx: &egui::Context, model: &std::path::Path) {
        let mut dialog =
            rfd::AsyncFileDialog::new().set_title("Choose the .bin").add_filter("Constants", &["bin"]).add_filter("All files", &["*"]);
        if let Some(folder) = model.parent().filter(|folder| folder.is_dir()) {
            dialog = dialog.set_directory(folder);
        }
        let choice = dialog.pick_file();
        self.wait(ctx, Pick::Constants, async move { choice.await.map(|file| vec![file.path().to_owned()]) });
    }

    /// Asks for the file to write to.
    pub fn pick_target(&mut self, ctx: &egui::Context, suggested: &std::path::Path) {
        let mut dialog = rfd::AsyncFileDialog::new().set_title("Save as");
        if let Some(folder) = suggested.parent().filter(|folder| folder.is_dir()) {
            dialog = dialog.set_directory(folder);
        }
        if let Some(name) = suggested.file_name() {
            dialog = dialog.set_file_name(name.to_string_lossy());
        }
        let choice = dialog.save_file();
        self.wait(ctx, Pick::Save, async move { choice.await.map(|file| vec![file.path().to_owned()]) });
    }

    /// Asks for the folder that the OpenVINO runtime lies in.
    pub fn pick_folder(&mut self, ctx: &egui::Context, suggested: &std::path::Path) {
        let mut dialog = rfd::AsyncFileDialog::new().set_title("Folder of the OpenVINO runtime");
        if suggested.is_dir() {
            dialog = dialog.set_directory(suggested);
        }
        let choice = dialog.pick_folder();
        self.wait(ctx, Pick::Runtime, async move { choice.await.map(|folder| vec![folder.path().to_owned()]) });
    }

    fn wait(&mut self, ctx: &egui::Context, purpose: Pick, choice: impl Future<Output = Option<Vec<std::path::PathBuf>>> + Send + 'static) {
        if self.pending.is_some() {
            return;
        }
        let (sender, answer) = bounded(1);
        let ctx = ctx.clone();
        std::thread::spawn(move || {
            let _ = sender.send(pollster::block_on(choice));
            ctx.request_repaint();
        });
        self.pending = Some(Pending { purpose, since: Instant::now(), answer });
    }

    /// The answer, once there is one.
    pub fn poll(&mut self) -> Option<Command> {
        let pending = self.pending.as_ref()?;
        let paths = match pending.answer.try_recv() {
            Ok(paths) => paths,
            Err(crossbeam_channel::TryRecvError::Empty) => return None,
            // The dialog's thread died: the same as no dialog at all.
            Err(crossbeam_channel::TryRecvError::Disconnected) => None,
        };
        let command = Command::Picked { purpose: pending.purpose, paths, was_instant: pending.since.elapsed() < HUMAN_TIME };
        self.pending = None;
        Some(command)
    }
}
