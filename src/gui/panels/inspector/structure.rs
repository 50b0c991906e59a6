//! The weight on display as quantised codes and as a matrix: figures beyond those of its values, each
//! with its definition on hover.

use std::sync::Arc;

use egui::RichText;

use crate::gui::command::Command;
use crate::gui::names::{self, exact, figure};
use crate::gui::state::{Document, Progress};
use crate::gui::theme::Tokens;
use crate::gui::widgets::{key_value, section};
use crate::jobs::{Loaded, Structure};
use crate::stats::{Alike, Spectrum, outlier_channels};

/// Up to here nobody has to ask.
const AT_ONCE: usize = 1 << 19;

pub fn show(ui: &mut egui::Ui, document: &Document, loaded: &Arc<Loaded>, commands: &mut Vec<Command>) {
    codes(ui, document);
    let Some((_, channels)) = loaded.channels.as_ref().filter(|_| loaded.shape().len() > 1) else { return };
    let outliers = outlier_channels(channels).iter().filter(|is_outlier| **is_outlier).count();
    let fences = "Output channels whose range leaves Q1 − 1.5 IQR to Q3 + 1.5 IQR of all channels' ends (Tukey)";
    key_value(ui, "outlier channels", &names::thousands(outliers as u64), fences);
    match &document.structure {
        Progress::Ready(structure) => as_matrix(ui, structure),
        Progress::Loading => {
            ui.label(RichText::new("Decomposing the matrix…").color(Tokens::of(ui).dim));
        }
        Progress::Failed(problem) => {
            ui.label(RichText::new(problem).color(Tokens::of(ui).warn));
        }
        Progress::None if loaded.count() <= AT_ONCE => commands.push(Command::NeedStructure(Arc::clone(loaded))),
        Progress::None => {
            let button = ui.button("Singular values and alike kernels");
            if button.on_hover_text("Of a weight of this size it takes a while; showing another weight ends it").clicked() {
                commands.push(Command::NeedStructure(Arc::clone(loaded)));
            }
        }
    }
}

fn codes(ui: &mut egui::Ui, document: &Document) {
    let Some(codes) = document.histogram.ready().and_then(|distribution| distribution.codes) else { return };
    let used = format!("{} of {}", names::thousands(codes.used), names::thousands(codes.possible));
    key_value(ui, "codes used", &used, "Distinct stored codes, of those that the type has");
    let bits = (codes.used as f64).log2();
    key_value(ui, "effective bits", &figure(bits), &format!("{bits}: log2 of the distinct codes, the bits that would be enough for them"));
    key_value(
        ui,
        "code entropy",
        &format!("{} bits", figure(codes.entropy_bits)),
        &format!("{} bits: −Σ p log2 p of the stored codes", codes.entropy_bits),
    );
    if let Some(saturation) = codes.saturation {
        let percent = format!("{} %", figure(100.0 * saturation));
        key_value(ui, "saturation", &percent, &format!("{saturation}: the part of the codes at the type's lowest or highest"));
    }
}

fn as_matrix(ui: &mut egui::Ui, structure: &Structure) {
    section(ui, "matrix");
    if let Some(spectrum) = &structure.spectrum {
        of_spectrum(ui, spectrum);
    } else {
        ui.label(RichText::new("No singular values: it is no matrix of finite values").color(Tokens::of(ui).dim));
    }
    let alike = |ui: &mut egui::Ui, key: &str, groups: &[Vec<u32>], what: &str| {
        let listed: Vec<String> =
            groups.iter().take(12).map(|group| group.iter().take(8).map(ToString::to_string).collect::<Vec<_>>().join(" = ")).collect();
        let listed = if listed.is_empty() { String::new() } else { format!("\n{}", listed.join("\n")) };
        key_value(ui, key, &names::thousands(Alike::surplus(groups) as u64), &format!("{what}{listed}"));
    };
    alike(ui, "duplicates", &structure.alike.equal, "Output channels that equal an earlier one in every value");
    alike(
        ui,
        "up to a factor",
        &structure.alike.scaled,
        "Output channels that are an earlier one times a factor, of either sign, to six digits",
    );
}

fn of_spectrum(ui: &mut egui::Ui, spectrum: &Spectrum) {
    let Spectrum { rows, columns, method, .. } = spectrum;
    let as_matrix = format!("{rows} × {columns}");
    key_value(ui, "as a matrix", &as_matrix, &format!("{as_matrix}, output channels by the rest; {method}"));
    let leading: Vec<String> = spectrum.values.iter().take(8).map(|value| figure(*value)).collect();
    if let Some(largest) = spectrum.values.first() {
        key_value(
            ui,
            "largest singular v.",
            &figure(*largest),
            &format!("the spectral norm; the first: {}\nby {method}", leading.join(", ")),
        );
    }
    if let Some(condition) = spectrum.condition() {
        key_value(ui, "condition", &figure(condition), "The largest singular value over the smallest");
    }
    if let Some(rank) = spectrum.rank() {
        let limit = "Singular values above the largest times the larger side times 1.19e-7 (float32's precision)";
        key_value(ui, "rank", &format!("{rank} of {}", rows.min(columns)), limit);
    }
    let stable = spectrum.stable_rank();
    let hover = format!("{}: the sum of all squares over the square of the largest singular value", exact(stable));
    key_value(ui, "stable rank", &figure(stable), &hover);
}
