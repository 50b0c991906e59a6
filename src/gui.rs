//! The window: an immediate-mode interface over the core.
//!
//! `app` runs a frame: it collects what jobs brought, draws the panels (functions of shared
//! references and their own view state, which push commands), and lets `execute` carry the
//! commands out. No panel waits, reads a file or computes with weights.

mod absorb;
mod action;
mod app;
mod bars;
mod camera;
mod command;
mod compare;
mod dialogs;
mod dock;
mod execute;
mod file_view;
mod history;
mod names;
mod notices;
mod palette;
mod panels;
mod path_field;
mod profile;
mod save;
mod screenshot;
mod settings;
mod settings_box;
mod shortcuts;
mod state;
mod table;
pub mod theme;
mod verify;
mod views;
mod widgets;

use anyhow::{Result, anyhow, bail};

use crate::cli::WindowArguments;

pub use action::Action;
pub use app::App;
pub use settings::{Settings, ThemeChoice};

/// Opens the window and returns when it is closed.
///
/// # Errors
/// There is no display, or no way to draw on it; or the screenshot that was asked for failed.
pub fn run(arguments: WindowArguments) -> Result<()> {
    if cfg!(target_os = "linux")
        && ["DISPLAY", "WAYLAND_DISPLAY"].iter().all(|name| std::env::var_os(name).is_none_or(|value| value.is_empty()))
    {
        bail!(
            "there is no display for the window (neither DISPLAY nor WAYLAND_DISPLAY is set); the subcommands inspect, extract, heatmap and histogram need none"
        );
    }
    let outcome = screenshot::Outcome::default();
    let app_outcome = outcome.clone();
    let mut options = eframe::NativeOptions {
        viewport: egui::ViewportBuilder::default()
            .with_title("Weightscope")
            .with_app_id("weightscope")
            .with_inner_size(arguments.size.unwrap_or((1600.0, 1000.0)))
            .with_min_inner_size([640.0, 420.0])
            .with_drag_and_drop(true)
            .with_icon(icon()),
        ..Default::default()
    };
    // A picture for the README must not depend on what somebody's settings say.
    let scratch = arguments.screenshot.is_some().then(tempfile::tempdir).transpose()?;
    if let Some(folder) = &scratch {
        options.persistence_path = Some(folder.path().join("settings.ron"));
        options.persist_window = false;
    }
    eframe::run_native("weightscope", options, Box::new(move |creation| Ok(Box::new(App::new(creation, arguments, app_outcome)))))
        .map_err(|error| anyhow!("can't open the window: {error}"))?;
    outcome.into_result()
}

fn icon() -> egui::IconData {
    eframe::icon_data::from_png_bytes(include_bytes!("../icons/weightscope-256.png")).unwrap_or_default()
}
