//! Where an operation comes from in the sources of its program, as far as the converter kept that: whole, since the end
//! of a location says as much as its beginning.

use egui::{Label, RichText};
use serde_json::Value;

use crate::formats::tflite::DEBUG_METADATA;
use crate::gui::theme::{self, Tokens};
use crate::gui::widgets::{key_value, section};
use crate::model::Operation;

/// Whether an attribute is shown here.
pub fn is_origin(key: &str) -> bool {
    key == DEBUG_METADATA
}

pub fn show(ui: &mut egui::Ui, operation: &Operation) {
    let Some(origin) = operation.attributes.get(DEBUG_METADATA) else { return };
    section(ui, "Debug metadata");
    let one = std::slice::from_ref(origin);
    for part in origin.as_array().map_or(one, Vec::as_slice) {
        match part {
            Value::Object(items) => {
                for (key, value) in items {
                    let text = value.as_str().unwrap_or_default();
                    key_value(ui, key, text, text);
                }
            }
            location => {
                let text = location.as_str().unwrap_or_default();
                let text = RichText::new(text).font(theme::number_font()).color(Tokens::of(ui).text);
                ui.add(Label::new(text).wrap().selectable(true));
            }
        }
    }
}
