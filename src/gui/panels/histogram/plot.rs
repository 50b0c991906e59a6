//! The bars with their axes, the grid of a quantised weight's levels, and the brush.

use std::sync::Arc;

use egui::{Rect, Stroke, vec2};
use egui_plot::{AxisHints, Bar, BarChart, GridMark, Plot, PlotBounds, Span, VLine};

use crate::gui::names::{self, signed};
use crate::gui::state::Document;
use crate::gui::theme::Tokens;
use crate::gui::views::HistogramView;
use crate::jobs::{Distribution, Loaded};
use crate::render::number;
use crate::stats::Histogram;

pub fn show(
    ui: &mut egui::Ui,
    document: &Document,
    loaded: &Loaded,
    view: &mut HistogramView,
    distribution: &Arc<Distribution>,
    brush: &mut Option<(f32, f32)>,
    foot: f32,
) {
    let tokens = Tokens::of(ui);
    let histogram = &distribution.histogram;
    let of_codes = view.counting(loaded).of_codes;
    let is_log = view.log_counts;
    let height_of = move |count: u64| if is_log { (count as f64 + 1.0).log10() } else { count as f64 };
    let bars: Vec<Bar> = histogram
        .counts
        .iter()
        .zip(histogram.edges.windows(2))
        .filter(|(count, _)| **count > 0)
        .map(|(count, edges)| {
            let width = edges[1] - edges[0];
            let gap = if histogram.counts.len() > 160 { 1.0 } else { 0.92 };
            let bar = Bar::new(f64::midpoint(edges[0], edges[1]), height_of(*count)).width(width * gap);
            bar.fill(tokens.plot).stroke(Stroke::NONE)
        })
        .collect();
    let peak = height_of(histogram.peak());
    let (first, last) = (histogram.edges[0], histogram.edges[histogram.edges.len() - 1]);
    let margin = (last - first) * 0.02;
    let x_labels = number::ticks(first, last, (ui.available_width() / 60.0).clamp(2.0, 12.0) as usize);
    let x_step = x_labels.windows(2).next().map_or(1.0, |pair| pair[1].0 - pair[0].0);
    let x_marks: Vec<GridMark> = x_labels.iter().map(|(value, _)| GridMark { value: *value, step_size: x_step }).collect();
    let y_marks = count_marks(histogram.peak(), is_log, ui.available_height() - foot, height_of);
    let area = ui.available_rect_before_wrap();
    let area = Rect::from_min_max(area.min + vec2(8.0, 6.0), area.max - vec2(10.0, foot + 6.0));
    if area.width() < 60.0 || area.height() < 40.0 {
        return;
    }
    let levels = levels(loaded, of_codes, first, last, area.width());
    let zero_point = of_codes.then(|| zero_point(loaded)).flatten();
    let scale = CodeScale::of(loaded, of_codes);
    let brushed = brush.and_then(|(low, high)| scale.to_plot(low.into(), high.into()));
    ui.scope_builder(egui::UiBuilder::new().max_rect(area), |ui| {
        ui.style_mut().text_styles.insert(egui::TextStyle::Body, egui::FontId::monospace(11.0));
        ui.visuals_mut().override_text_color = Some(tokens.dim);
        let (line, accent, faint) = (tokens.line, tokens.accent, tokens.faint);
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
            .sense(egui::Sense::click_and_drag())
            // There are as many marks as have room; none is to fade.
            .custom_x_axes(vec![AxisHints::new_x().label_spacing(egui::Rangef::new(8.0, 9.0))])
            .y_axis_min_width(30.0)
            .y_axis_formatter(move |mark, _| count_label(mark.value, is_log))
            .x_grid_spacer(move |_| x_marks.clone())
            .y_grid_spacer(move |_| y_marks.clone())
            .x_axis_formatter(move |mark, _| {
                x_labels.iter().find(|(value, _)| *value == mark.value).map_or(String::new(), |(_, text)| text.clone())
            })
            .show(ui, |plot| {
                plot.set_plot_bounds(PlotBounds::from_min_max([first - margin, 0.0], [last + margin, peak * 1.06]));
                for level in levels {
                    plot.vline(VLine::new("level", level).color(line).width(1.0).allow_hover(false));
                }
                if let Some((low, high)) = brushed {
                    plot.span(Span::new("marked", low..=high).axis(egui_plot::Axis::X).fill(accent.gamma_multiply(0.18)));
                }
                if let Some(zero_point) = zero_point {
                    plot.vline(VLine::new("zero point", zero_point).color(faint).width(1.5).allow_hover(false));
                }
                plot.bar_chart(BarChart::new("values", bars).allow_hover(false));
                plot.pointer_coordinate()
            });
        let pointer = shown.inner;
        let response = shown.response;
        response.widget_info(|| {
            let what = if of_codes { "codes" } else { "bins" };
            egui::WidgetInfo::labeled(egui::accesskit::Role::Image, true, format!("Histogram with {} {what}", histogram.counts.len()))
        });
        take_brush(&response, pointer.map(|at| at.x), (first, last), histogram, &scale, view, brush);
        let text = pointer.filter(|_| response.hovered()).and_then(|at| bar_text(histogram, at.x, &scale));
        if let Some(text) = text {
            response.on_hover_cursor(egui::CursorIcon::Crosshair).on_hover_ui_at_pointer(|ui| {
                ui.visuals_mut().override_text_color = Some(tokens.text);
                ui.label(text);
            });
        }
    });
    ui.advance_cursor_after_rect(area.expand2(vec2(0.0, 3.0)));
}

/// A drag brushes from bar to bar; a click brushes its bar, or takes the brush away.
fn take_brush(
    response: &egui::Response,
    pointer: Option<f64>,
    (first, last): (f64, f64),
    histogram: &Histogram,
    scale: &CodeScale,
    view: &mut HistogramView,
    brush: &mut Option<(f32, f32)>,
) {
    let edges = &histogram.edges;
    let bin = |x: f64| edges.partition_point(|edge| *edge <= x.clamp(first, last)).clamp(1, edges.len() - 1) - 1;
    let between = |a: f64, b: f64| {
        let (low, high) = (bin(a.min(b)), bin(a.max(b)));
        scale.to_values(edges[low], edges[high + 1])
    };
    if response.drag_started() {
        let origin = pointer.or(view.brush_from);
        view.brush_from = origin;
    }
    if response.dragged()
        && let (Some(from), Some(to)) = (view.brush_from, pointer)
    {
        *brush = between(from, to);
    }
    if response.drag_stopped() {
        view.brush_from = None;
    }
    if response.clicked()
        && let Some(at) = pointer
    {
        let clicked = between(at, at);
        *brush = if brush.is_some() { None } else { clicked };
    }
}

/// How the plot's units become real values: they are those, or codes with one scale.
enum CodeScale {
    Values,
    /// Scale and zero point.
    Codes(f64, f64),
    /// Codes that mean another value in every channel.
    Many,
}

impl CodeScale {
    fn of(loaded: &Loaded, of_codes: bool) -> Self {
        match (of_codes, loaded.scales.scales.as_slice(), loaded.scales.zero_points.as_slice()) {
            (false, ..) => Self::Values,
            (true, [scale], [] | [_]) if *scale > 0.0 => Self::Codes(*scale, loaded.scales.zero_points.first().copied().unwrap_or(0.0)),
            _ => Self::Many,
        }
    }

    /// Both ends as finite float32, the lower first; those within the plot's bars.
    fn to_values(&self, low: f64, high: f64) -> Option<(f32, f32)> {
        let (low, high) = match self {
            Self::Values => (low, high),
            Self::Codes(scale, zero_point) => ((low - zero_point) * scale, (high - zero_point) * scale),
            Self::Many => return None,
        };
        let (low, high) = (low as f32, high as f32);
        (low.is_finite() && high.is_finite() && low <= high).then_some((low, high))
    }

    fn to_plot(&self, low: f64, high: f64) -> Option<(f64, f64)> {
        match self {
            Self::Values => Some((low, high)),
            Self::Codes(scale, zero_point) => Some((low / scale + zero_point, high / scale + zero_point)),
            Self::Many => None,
        }
    }
}

/// Where the levels of a quantised weight lie, if there is room to tell them apart.
fn levels(loaded: &Loaded, of_codes: bool, first: f64, last: f64, width: f32) -> Vec<f64> {
    const ROOM: f64 = 7.0;
    let (step, origin) = match CodeScale::of(loaded, of_codes) {
        CodeScale::Codes(..) | CodeScale::Many => (1.0, 0.0),
        CodeScale::Values => match (loaded.scales.scales.as_slice(), loaded.scales.zero_points.len()) {
            // The zero point is a whole number of levels: zero is a level.
            ([scale], 0 | 1) if *scale > 0.0 && crate::jobs::has_codes(loaded) => (*scale, 0.0),
            _ => return Vec::new(),
        },
    };
    let count = (last - first) / step;
    if !(1.0..f64::from(width) / ROOM).contains(&count) {
        return Vec::new();
    }
    let begin = ((first - origin) / step).ceil() as i64;
    (begin..=begin + count as i64).map(|level| origin + level as f64 * step).filter(|level| (first..=last).contains(level)).collect()
}

/// The one that all codes share.
fn zero_point(loaded: &Loaded) -> Option<f64> {
    let zero_points = &loaded.scales.zero_points;
    let first = zero_points.first().copied().or_else(|| (!loaded.scales.scales.is_empty()).then_some(0.0))?;
    zero_points.iter().all(|other| *other == first).then_some(first)
}

/// The bin under the pointer: its range and its count.
fn bar_text(histogram: &Histogram, x: f64, scale: &CodeScale) -> Option<String> {
    let bin = histogram.edges.partition_point(|edge| *edge <= x).checked_sub(1)?;
    let (count, edges) = (histogram.counts.get(bin)?, histogram.edges.get(bin..bin + 2)?);
    let part = 100.0 * *count as f64 / histogram.total().max(1) as f64;
    let values = if *count == 1 { "value" } else { "values" };
    let counted = format!("{} {values}, {part:.2} %", names::thousands(*count));
    let is_one = edges[1] - edges[0] == 1.0;
    let code = f64::midpoint(edges[0], edges[1]);
    Some(match scale {
        CodeScale::Values => format!("{} to {}\n{counted}", signed(edges[0]), signed(edges[1])),
        CodeScale::Codes(scale, zero_point) if is_one => format!("code {code}, value {}\n{counted}", signed((code - zero_point) * scale)),
        _ if is_one => format!("code {code}\n{counted}"),
        _ => format!("codes {} to {}\n{counted}", edges[0] + 0.5, edges[1] - 0.5),
    })
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
