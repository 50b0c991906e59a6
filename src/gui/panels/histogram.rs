//! The distribution of the weight on display: of its real values, or of its stored codes, one bar
//! each. Dragging across it brushes a range of values, which the heatmap marks.

mod plot;

use std::sync::Arc;

use egui::{RichText, TextEdit, vec2};

use crate::gui::command::Command;
use crate::gui::names::{self, figure, signed};
use crate::gui::state::{Document, Progress};
use crate::gui::theme::Tokens;
use crate::gui::views::{HistogramRange, HistogramView, HistogramWanted};
use crate::gui::{panels, widgets};
use crate::jobs::{Distribution, Loaded, has_codes};
use crate::stats::{CodeFigures, Histogram, Rule};

pub fn show(
    ui: &mut egui::Ui,
    document: &Document,
    view: &mut HistogramView,
    brush: &mut Option<(f32, f32)>,
    commands: &mut Vec<Command>,
) -> bool {
    let Some(loaded) = document.shown.ready() else {
        let sentence = match document.shown {
            Progress::Loading => "Reading the weight…",
            Progress::Failed(_) => "The values can't be had; the heatmap says why",
            _ => "Select a weight to see how its values are distributed",
        };
        return panels::placeholder(ui, document, "Histogram", sentence);
    };
    if !loaded.has_numbers() {
        return panels::placeholder(ui, document, "Histogram", "Strings have no distribution");
    }
    if loaded.is_sampled {
        return panels::placeholder(ui, document, "Histogram", "Counting values…");
    }
    let wanted = HistogramWanted { loaded: Arc::clone(loaded), counting: view.counting(loaded) };
    if view.asked.as_ref() != Some(&wanted) {
        view.asked = Some(wanted.clone());
        commands.push(Command::NeedHistogram(wanted));
    }
    let distribution = document.histogram.ready().cloned();
    let moments = &loaded.summary.moments;
    let number = names::thousands(moments.count);
    let count = format!("{number} values");
    let with_mean = format!("{count} · mean {}", signed(moments.mean));
    let with_std = format!("{with_mean} · std {}", figure(moments.std));
    let is_dragged = widgets::head_with(ui, "Histogram", &[&with_std, &with_mean, &count, &number, ""], |ui| {
        if !view.counting(loaded).of_codes {
            rule_menu(ui, view, distribution.as_deref().map(|distribution| &distribution.histogram));
            range_menu(ui, view, loaded, *brush);
        }
        if widgets::toggle(ui, "log y", view.log_counts).on_hover_text("Logarithmic counts").clicked() {
            view.log_counts = !view.log_counts;
        }
        if has_codes(loaded) {
            let hint = "One bar a stored code, or bins of real values";
            if widgets::toggle(ui, "codes", !view.shows_values).on_hover_text(hint).clicked() {
                view.shows_values = !view.shows_values;
            }
        }
    });
    match distribution {
        Some(distribution) if distribution.histogram.total() > 0 => body(ui, document, loaded, view, &distribution, brush),
        Some(distribution) => {
            let outside = distribution.histogram.below + distribution.histogram.above;
            let sentence = if outside > 0 { "No value lies in this range" } else { "There are no finite values to count" };
            if widgets::empty_state(ui, sentence, (outside > 0).then_some("Show the full range")) {
                view.range = HistogramRange::Full;
            }
        }
        None => {
            let problem = if let Progress::Failed(problem) = &document.histogram { problem } else { "Counting values…" };
            widgets::empty_state(ui, problem, None);
        }
    }
    is_dragged
}

fn body(
    ui: &mut egui::Ui,
    document: &Document,
    loaded: &Loaded,
    view: &mut HistogramView,
    distribution: &Arc<Distribution>,
    brush: &mut Option<(f32, f32)>,
) {
    let tokens = Tokens::of(ui);
    let small = |text: String, color| egui::Label::new(RichText::new(text).size(11.5).color(color)).truncate();
    if let Some(codes) = &distribution.codes {
        ui.add_space(4.0);
        ui.horizontal(|ui| {
            ui.add_space(12.0);
            let dtype = loaded.weight.data_tensor(&loaded.opened.model).dtype;
            ui.add(small(format!("{dtype} · {}", code_words(codes)), tokens.dim)).on_hover_text(
                "Codes used: distinct stored codes. Effective bits: log2 of their number. Entropy: −Σ p log2 p. \
                 Saturated: codes at the type's lowest or highest",
            );
        });
    }
    let note = note(&distribution.histogram, loaded, *brush);
    let foot = if note.is_empty() { 0.0 } else { 20.0 };
    plot::show(ui, document, loaded, view, distribution, brush, foot);
    if !note.is_empty() {
        ui.horizontal(|ui| {
            ui.add_space(12.0);
            if brush.is_some() && widgets::chip(ui, "Clear").on_hover_text("Mark no values in the heatmap").clicked() {
                *brush = None;
            }
            ui.add(small(note, tokens.warn));
        });
    }
}

/// What the codes tell, in words.
fn code_words(codes: &CodeFigures) -> String {
    let mut words = format!(
        "{} of {} codes used · {:.2} effective bits · entropy {:.2} bits",
        names::thousands(codes.used),
        names::thousands(codes.possible),
        (codes.used as f64).log2(),
        codes.entropy_bits
    );
    if let Some(saturation) = codes.saturation {
        words += &format!(" · {} % saturated", figure(100.0 * saturation));
    }
    words
}

fn rule_menu(ui: &mut egui::Ui, view: &mut HistogramView, histogram: Option<&Histogram>) {
    let bins = histogram.map_or(String::new(), |histogram| {
        let one = histogram.counts.len() == 1;
        format!("{} bin{}, ", histogram.counts.len(), if one { "" } else { "s" })
    });
    let title = RichText::new(format!("{bins}{}", view.rule.name())).size(12.0);
    let button = egui::Button::new(title).min_size(vec2(0.0, 20.0));
    let (response, _) = egui::containers::menu::MenuButton::from_button(button).ui(ui, |ui| {
        for rule in Rule::ALL.iter().copied() {
            if ui.selectable_label(view.rule == rule, rule.name()).clicked() {
                view.rule = rule;
            }
        }
    });
    response.on_hover_text("How the number of bins is found (numpy's rules)");
}

fn range_menu(ui: &mut egui::Ui, view: &mut HistogramView, loaded: &Loaded, brush: Option<(f32, f32)>) {
    let name = |range: HistogramRange| match range {
        HistogramRange::Full => "full range".to_owned(),
        HistogramRange::Percentiles(low, high) => format!("{low}–{high} %"),
        HistogramRange::Deviations(count) => format!("±{count} std"),
        HistogramRange::Between(low, high) => format!("{} to {}", signed(low), signed(high)),
    };
    let title = RichText::new(name(view.range)).size(12.0);
    let button = egui::Button::new(title).min_size(vec2(0.0, 20.0));
    let config = egui::containers::menu::MenuConfig::new().close_behavior(egui::PopupCloseBehavior::CloseOnClickOutside);
    let (response, _) = egui::containers::menu::MenuButton::from_button(button).config(config).ui(ui, |ui| {
        let choices = [
            HistogramRange::Full,
            HistogramRange::Percentiles(0.1, 99.9),
            HistogramRange::Percentiles(0.5, 99.5),
            HistogramRange::Deviations(3.0),
        ];
        for range in choices {
            if ui.selectable_label(view.range == range, name(range)).clicked() {
                view.range = range;
                ui.close();
            }
        }
        if let Some((low, high)) = brush.filter(|(low, high)| low < high)
            && ui.button("What is marked").clicked()
        {
            view.range = HistogramRange::Between(low.into(), high.into());
            ui.close();
        }
        ui.separator();
        ui.horizontal(|ui| {
            let moments = &loaded.summary.moments;
            let (low, high) = &mut view.manual;
            for (field, hint, name) in [(low, moments.min, "Lowest value"), (high, moments.max, "Highest value")] {
                ui.add(TextEdit::singleline(field).desired_width(76.0).hint_text(signed(hint))).accessible_name(name);
            }
            let ends = view.manual.0.trim().parse().ok().zip(view.manual.1.trim().parse().ok());
            let ends = ends.filter(|(low, high): &(f64, f64)| low < high && low.is_finite() && high.is_finite());
            if ui.add_enabled(ends.is_some(), egui::Button::new("Set")).clicked()
                && let Some((low, high)) = ends
            {
                view.range = HistogramRange::Between(low, high);
                ui.close();
            }
        });
    });
    response.on_hover_text("Which values the bins span; those outside are counted beside");
}

/// What the bars don't show.
fn note(histogram: &Histogram, loaded: &Loaded, brush: Option<(f32, f32)>) -> String {
    let mut parts = Vec::new();
    if let Some((low, high)) = brush {
        let part = 100.0 * (loaded.figures.part_up_to(high.into()) - loaded.figures.part_below(low.into())).max(0.0);
        parts.push(format!("marked {} to {}, about {} % of the values", signed(low.into()), signed(high.into()), figure(part)));
    }
    for (count, what) in [
        (histogram.below, "below"),
        (histogram.above, "above"),
        (histogram.nan, "NaN"),
        (histogram.pos_inf, "+Inf"),
        (histogram.neg_inf, "-Inf"),
    ] {
        if count > 0 {
            parts.push(format!("{} {what}", names::thousands(count)));
        }
    }
    if histogram.capped {
        parts.push(format!("capped at {} bins", histogram.counts.len()));
    }
    parts.join(" · ")
}
