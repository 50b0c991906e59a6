//! Comparisons: a tab like a document's, with panes of its own.
//!
//! A [`Comparison`] holds two models (or one twice) and what is known of their pairs so far. Its panes are
//! functions of it and of [`views`]; they push [`Request`]s, which [`execute`] carries out. What jobs bring
//! comes in through [`absorb`].

pub mod absorb;
mod anatomy;
mod camera;
mod cells;
mod channels;
mod controls;
pub mod dialog;
pub mod dock;
pub mod drop_choice;
pub mod execute;
mod faces;
pub mod links;
mod overlay;
mod pairs;
mod picture;
mod readout;
mod request;
mod rows;
mod save;
mod state;
mod unpaired;
pub mod views;

use super::command::Command;
use crate::weights::Site;

pub use request::Request;
pub use state::{AtStart, Comparison, Versus, name_of};

/// The context menu of a weight in a list.
pub fn weight_menu(response: &egui::Response, document: u64, site: Site, commands: &mut Vec<Command>) {
    response.context_menu(|ui| weight_entries(ui, document, site, commands));
}

/// What a context menu offers of a weight: to be the reference, to be held against it, and the pair that it is in.
pub fn weight_entries(ui: &mut egui::Ui, document: u64, site: Site, commands: &mut Vec<Command>) {
    let mut entry = |name: &str, hint: &str, request: Request| {
        if ui.button(name).on_hover_text(hint).clicked() {
            commands.push(request.into());
        }
    };
    entry("Set as reference", "Keep this weight, to compare others with it", Request::SetReference { document, site });
    entry("Compare with reference", "Hold this weight against the reference", Request::WithReference { document, site });
    entry("Show its pair", "Where this weight is in an open comparison", Request::ShowPair { document, site });
}
