//! The distribution of the weight on display.

use std::sync::Arc;

use egui::{RichText, Stroke, vec2};
use egui_plot::{Bar, BarChart, GridMark, Plot, PlotBounds};

use crate::gui::command::Command;
use crate::gui::names::{self, signed};
use crate::gui::state::{Document, Progress};
use crate::gui::theme::Tokens;
use crate::gui::views::{HistogramView, HistogramWanted};
use crate::gui::{panels, widgets};
use crate::render::number;
use crate::stats::{Histogram, Rule};

pub fn show(ui: &mut egui::Ui, document: &Document, view: &mut HistogramView, commands: &mut Vec<Command>) -> bool {
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
    let wanted = HistogramWanted { loaded: Arc::clone(loaded), rule: view.rule };
    if view.asked.as_ref() != Some(&wanted) {
        view.asked = Some(wanted.clone());
        commands.push(Command::NeedHistogram(wanted));
    }
    let histogram = document.histogram.ready().cloned();
    let problem = if let Progress::Failed(problem) = &document.histogram { problem } else { "Counting values…" };
    let moments = &loaded.summary.moments;
    let count = format!("{} values", names::thousands(moments.count));
    let with_mean = format!("{count} · mean {}", signed(moments.mean));
    let with_std = format!("{with_mean} · std {}", names::figure(moments.std));
    let is_dragged = widgets::head_with(ui, "Histogram", &[&with_std, &with_mean, &count], |ui| {
        rule_menu(ui, view, histogram.as_deref());
        if widgets::toggle(ui, "log y", view.log_counts).on_hover_text("Logarithmic counts").clicked() {
            view.log_counts = !view.log_counts;
        }
    });
    match histogram {
        Some(histogram) if histogram.total() > 0 => {
            let note = note(&histogram);
            plot(ui, document, view, &histogram, !note.is_empty());
            if !note.is_empty() {
                ui.horizontal(|ui| {
                    ui.add_space(12.0);
                    ui.label(RichText::new(note).size(11.5).color(Tokens::of(ui).warn));
                });
            }
        }
        Some(_) => {
            widgets::empty_state(ui, "There are no finite values to count", None);
        }
        None => {
            widgets::empty_state(ui, problem, None);
        }
    }
    is_dragged
}

fn rule_menu(ui: &mut egui::Ui, view: &mut HistogramView, histogram: Option<&Histogram>) {
    let bins = histogram.map_or(String::new(), |histogram| format!("{} bins, ", histogram.counts.len()));
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

/// What the bars don't show.
fn note(histogram: &Histogram) -> String {
    let mut parts = Vec::new();
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

fn plot(ui: &mut egui::Ui, document: &Document, view: &HistogramView, histogram: &Arc<Histogram>, has_note: bool) {
    let tokens = Tokens::of(ui);
    let is_log = view.log_counts;
    let height_of = move |count: u64| if is_log { (count as f64 + 1.0).log10() } else { count as f64 };
    let color = tokens.plot;
    let bars: Vec<Bar> = histogram
        .counts
        .iter()
        .zip(histogram.edges.windows(2))
        .filter(|(count, _)| **count > 0)
        .map(|(count, edges)| {
            let width = edges[1] - edges[0];
            let gap = if histogram.counts.len() > 160 { 1.0 } else { 0.92 };
            Bar::new(f64::midpoint(edges[0], edges[1]), height_of(*count)).width(width * gap).fill(color).stroke(Stroke::NONE)
        })
        .collect();
    let peak = height_of(histogram.peak());
    let (first, last) = (histogram.edges[0], histogram.edges[histogram.edges.len() - 1]);
    let margin = (last - first) * 0.02;
    let x_labels = number::ticks(first, last, (ui.available_width() / 60.0).clamp(2.0, 12.0) as usize);
    let x_step = x_labels.windows(2).next().map_or(1.0, |pair| pair[1].0 - pair[0].0);
    let x_marks: Vec<GridMark> = x_labels.iter().map(|(value, _)| GridMark { value: *value, step_size: x_step }).collect();
    let y_marks = count_marks(histogram.peak(), is_log, ui.available_height(), height_of);
    let hovered = Arc::clone(histogram);
    let hover_color = tokens.text;
    let room = if has_note { 26.0 } else { 6.0 };
    let area = ui.available_rect_before_wrap();
    let area = egui::Rect::from_min_max(area.min + vec2(8.0, 6.0), area.max - vec2(10.0, room));
    if area.width() < 60.0 || area.height() < 40.0 {
        return;
    }
    ui.scope_builder(egui::UiBuilder::new().max_rect(area), |ui| {
        ui.style_mut().text_styles.insert(egui::TextStyle::Body, egui::FontId::monospace(11.0));
        ui.visuals_mut().override_text_color = Some(tokens.dim);
        let shown = Plot::new(("histogram", document.number))
            .width(area.width())
            .height(area.height())
            .show_background(false)
            .show_grid([false, true])
            .grid_color(tokens.line)
            .show_x(false)
            .show_y(false)
            .cursor_color(tokens.faint)
            .allow_scroll(false)
            .allow_boxed_zoom(false)
            .allow_zoom(false)
            .allow_drag(false)
            .y_axis_min_width(30.0)
            .y_axis_formatter(move |mark, _| count_label(mark.value, is_log))
            .x_grid_spacer(move |_| x_marks.clone())
            .y_grid_spacer(move |_| y_marks.clone())
            .x_axis_formatter(move |mark, _| {
                x_labels.iter().find(|(value, _)| *value == mark.value).map_or(String::new(), |(_, text)| text.clone())
            })
            .show(ui, |plot| {
                plot.set_plot_bounds(PlotBounds::from_min_max([first - margin, 0.0], [last + margin, peak * 1.06]));
                plot.bar_chart(BarChart::new("values", bars).allow_hover(false));
                plot.pointer_coordinate()
            });
        let text = shown.inner.filter(|_| shown.response.hovered()).and_then(|at| bar_text(&hovered, at.x));
        shown.response.widget_info(|| {
            egui::WidgetInfo::labeled(egui::accesskit::Role::Image, true, format!("Histogram with {} bins", hovered.counts.len()))
        });
        if let Some(text) = text {
            shown.response.on_hover_ui_at_pointer(|ui| {
                ui.visuals_mut().override_text_color = Some(hover_color);
                ui.label(text);
            });
        }
    });
}

/// Whole counts for the lines across the plot, as many as its height has room for labels.
fn count_marks(peak: u64, is_log: bool, height: f32, height_of: impl Fn(u64) -> f64) -> Vec<GridMark> {
    let room = (height / 45.0).clamp(1.0, 8.0) as usize;
    let ticks = if is_log { number::decades(peak as f64, room) } else { number::ticks(0.0, peak as f64, room) };
    let mut counts: Vec<u64> = ticks.iter().filter(|(value, _)| value.fract() == 0.0).map(|(value, _)| *value as u64).collect();
    counts.insert(0, 0);
    counts.dedup();
    // Every mark is as important as the next: the step is what the plot decides by whether to write a label.
    let step_size = height_of(peak) / counts.len() as f64;
    counts.into_iter().map(|count| GridMark { value: height_of(count), step_size }).collect()
}

fn count_label(value: f64, is_log: bool) -> String {
    let count = if is_log { 10f64.powf(value) - 1.0 } else { value };
    if count < 0.0 || (!is_log && count.fract().abs() > 1e-9) {
        return String::new();
    }
    match count.round() as u64 {
        count if count >= 10_000_000 => format!("{}M", count / 1_000_000),
        count if count >= 10_000 => format!("{}k", count / 1000),
        count => count.to_string(),
    }
}

/// The bin under the pointer: its range and its count.
fn bar_text(histogram: &Histogram, x: f64) -> Option<String> {
    let bin = histogram.edges.partition_point(|edge| *edge <= x).checked_sub(1)?;
    let (count, edges) = (histogram.counts.get(bin)?, histogram.edges.get(bin..bin + 2)?);
    let part = 100.0 * *count as f64 / histogram.total().max(1) as f64;
    let values = if *count == 1 { "value" } else { "values" };
    Some(format!("{} to {}\n{} {values}, {part:.2} %", signed(edges[0]), signed(edges[1]), names::thousands(*count)))
}
