//! What the window asks of the OpenVINO runtime: to compare a model, to run it, to be found.

use std::path::PathBuf;
use std::sync::Arc;

use crate::gui::app::App;
use crate::gui::profile::ProfileBox;
use crate::gui::state::{Overlay, Progress};
use crate::gui::verify::VerifyBox;
use crate::jobs::{Job, Key};
use crate::runtime::Choice;

/// The runtime as the settings name it.
pub fn choice(app: &App) -> Choice {
    Choice { named: app.state.settings.openvino.clone(), program: app.helper.clone() }
}

/// Shows what the comparison of the model on display found, and begins it if nobody did.
pub fn open_verify(app: &mut App) {
    let Some(document) = app.state.document() else { return };
    let number = document.number;
    if !matches!(document.verified, Progress::Ready(_) | Progress::Loading) {
        verify(app, number);
    }
    app.state.overlay = Some(Overlay::Verify(VerifyBox::new(number)));
}

pub fn verify(app: &mut App, number: u64) {
    let Some(document) = app.state.by_number(number) else { return };
    let job = Job::Verify { opened: Arc::clone(&document.opened), choice: choice(app) };
    let progress = progress(app.pool.submit(Key::Verify(number), job).is_some());
    if let Some(document) = app.state.by_number_mut(number) {
        document.verified = progress;
    }
}

pub fn cancel_verify(app: &mut App, number: u64) {
    app.pool.cancel(Key::Verify(number));
    if let Some(document) = app.state.by_number_mut(number) {
        document.verified = Progress::None;
    }
}

/// Shows what running the model on display found, and runs it if nobody did.
pub fn open_profile(app: &mut App) {
    let Some(document) = app.state.document() else { return };
    let number = document.number;
    if !matches!(document.profiled, Progress::Ready(_) | Progress::Loading) {
        profile(app, number);
    }
    app.state.overlay = Some(Overlay::Profile(ProfileBox::new(number)));
}

pub fn profile(app: &mut App, number: u64) {
    let Some(document) = app.state.by_number(number) else { return };
    let job = Job::Profile { opened: Arc::clone(&document.opened), choice: choice(app) };
    let progress = progress(app.pool.submit(Key::Profile(number), job).is_some());
    if let Some(document) = app.state.by_number_mut(number) {
        document.profiled = progress;
    }
}

pub fn cancel_profile(app: &mut App, number: u64) {
    app.pool.cancel(Key::Profile(number));
    if let Some(document) = app.state.by_number_mut(number) {
        document.profiled = Progress::None;
    }
}

fn progress<T>(is_queued: bool) -> Progress<T> {
    match is_queued {
        true => Progress::Loading,
        false => Progress::Failed("Too much is being done at once; ask again in a moment".into()),
    }
}

/// Takes another place for the runtime's, and looks what is there.
pub fn set(app: &mut App, path: Option<PathBuf>) {
    if app.state.settings.openvino != path {
        app.state.settings.openvino = path;
        app.fallback.set(choice(app));
        for document in &mut app.state.documents {
            // What could not be had may be there now.
            document.glances.retain(|_, glance| !matches!(glance, Progress::Failed(_)));
        }
    }
    // A full lane refuses; the next key asks again.
    if app.pool.submit(Key::Runtime, Job::FindRuntime(choice(app))).is_some() {
        app.state.runtime = Progress::Loading;
    }
}
