//! What is asked for about the picture of the weight on display.

use std::sync::Arc;

use crate::gui::app::App;
use crate::gui::command::Command;
use crate::gui::state::{NoticeKind, Progress};
use crate::gui::views::{HeatmapView, PictureWanted};
use crate::jobs::{Find, Job, Key, Loaded};

pub fn execute(app: &mut App, ctx: &egui::Context, command: Command) {
    match command {
        Command::NeedPyramid(wanted) => need_pyramid(app, &wanted),
        Command::NeedFigures(shows) => {
            let shown = app.state.document().and_then(|document| Some((document.number, Arc::clone(document.shown.ready()?))));
            if let Some((number, loaded)) = shown.filter(|(number, _)| !app.pool.is_busy(Key::Figures(*number))) {
                app.pool.submit(Key::Figures(number), Job::Figures { loaded, shows });
            }
        }
        Command::Sort { axis, key } => on_shown(app, Key::Sort, |loaded, _| Job::Sort { loaded, axis, key }),
        Command::Seek(what) => on_shown(app, Key::Find, |loaded, heatmap| {
            let behind = heatmap.pinned.and_then(|(row, column)| heatmap.view.as_ref()?.offset(row, column));
            Job::Find { loaded, request: Find { what, shows: heatmap.shows, behind } }
        }),
        Command::SeekName(name) => on_shown(app, Key::Find, |loaded, _| Job::FindName { loaded, name }),
        Command::CancelLoad => {
            if let Some(number) = app.state.document().map(|document| document.number) {
                app.pool.cancel(Key::Load(number));
                super::on_views(app, |document| {
                    document.shown = Progress::Failed("Reading the weight was cancelled; select it again to read it".into());
                });
            }
        }
        Command::CancelJob(key) => {
            app.pool.cancel(key);
            if let Key::Pyramid(number) = key
                && let Some(document) = app.state.by_number_mut(number)
            {
                document.views.heatmap.coarse = document.views.heatmap.refining.take();
            }
        }
        Command::CopyText(text) => {
            ctx.copy_text(text);
            app.state.notify(NoticeKind::Done, "The values are on the clipboard");
        }
        _ => {}
    }
}

/// Asks for the picture on display.
pub fn need_picture(app: &mut App, wanted: &PictureWanted) {
    let Some(document) = app.state.document_mut() else { return };
    let job = Job::Picture {
        loaded: Arc::clone(&wanted.loaded),
        look: Box::new(wanted.look.clone()),
        viewport: wanted.viewport,
        theme: wanted.theme,
    };
    if app.pool.submit(Key::Picture(document.number), job).is_none() {
        document.views.heatmap.asked = None;
    }
}

fn need_pyramid(app: &mut App, wanted: &PictureWanted) {
    let Some(document) = app.state.document_mut() else { return };
    let job = Job::Pyramid { loaded: Arc::clone(&wanted.loaded), look: Box::new(wanted.look.clone()) };
    if app.pool.submit(Key::Pyramid(document.number), job).is_none() {
        document.views.heatmap.refining = None;
    }
}

/// Work on the weight on display.
fn on_shown(app: &mut App, key: impl Fn(u64) -> Key, job: impl FnOnce(Arc<Loaded>, &HeatmapView) -> Job) {
    let Some(document) = app.state.document() else { return };
    let Some(loaded) = document.shown.ready().filter(|loaded| loaded.has_numbers()) else { return };
    let job = job(Arc::clone(loaded), &document.views.heatmap);
    if app.pool.submit(key(document.number), job).is_none() {
        app.state.notify(NoticeKind::Error, "Too much is being done at once; try again in a moment");
    }
}

/// Whether a job may be given up by itself: what it would bring is asked for again when it is wanted.
pub fn can_cancel(key: Key) -> bool {
    matches!(key, Key::Save(_) | Key::Pyramid(_) | Key::Sort(_) | Key::Find(_))
}

/// The picture as it would be saved goes to the clipboard.
pub fn copy_image(app: &mut App, ctx: &egui::Context) {
    let table = app.state.document().and_then(crate::gui::panels::table_text);
    if let Some(text) = table {
        return execute(app, ctx, Command::CopyText(text));
    }
    let theme = if ctx.global_style().visuals.dark_mode {
        crate::export::picture::ThemeName::Dark
    } else {
        crate::export::picture::ThemeName::Light
    };
    let options = crate::export::picture::PictureOptions { theme, ..Default::default() };
    let Some(file) = app.state.document().and_then(|document| crate::gui::save::heatmap_file(document, options)) else { return };
    let number = app.state.next_number();
    if app.pool.submit(Key::Save(number), Job::Copy(Box::new(file))).is_none() {
        app.state.notify(NoticeKind::Error, "Too much is being done at once; copy again in a moment");
    }
}
