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
mod overlay;
mod pairs;
mod picture;
mod readout;
mod request;
mod rows;
mod state;
mod unpaired;
pub mod views;

pub use request::Request;
pub use state::{AtStart, Comparison, Versus, name_of};

/// The context menu of a weight: the reference, and what is held against it.
pub fn weight_menu(response: &egui::Response, document: u64, site: crate::weights::Site, commands: &mut Vec<super::command::Command>) {
    response.context_menu(|ui| {
        if ui.button("Set as reference").clicked() {
            commands.push(Request::SetReference { document, site }.into());
        }
        if ui.button("Compare with reference").clicked() {
            commands.push(Request::WithReference { document, site }.into());
        }
    });
}
