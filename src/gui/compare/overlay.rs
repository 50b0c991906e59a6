//! Both distributions on shared edges: A as filled bars, B as an outline.

use egui::accesskit::Role;
use egui::{Rect, Sense, Stroke, WidgetInfo, pos2, vec2};

use super::Request;
use super::state::Comparison;
use super::views::HistogramView;
use crate::gui::command::Command;
use crate::gui::state::Progress;
use crate::gui::theme::{self, Tokens};
use crate::gui::{names, widgets};
use crate::render::number;
use crate::stats::Histogram;

pub fn show(ui: &mut egui::Ui, comparison: &Comparison, view: &mut HistogramView, commands: &mut Vec<Command>) -> bool {
    let is_dragged = widgets::head(ui, "Histogram", "A and B on shared edges", |ui| {
        if widgets::toggle(ui, "log y", view.log_counts).on_hover_text("Logarithmic counts").clicked() {
            view.log_counts = !view.log_counts;
        }
    });
    if comparison.facing.ready().is_some() && comparison.histograms.is_none() {
        commands.push(Request::NeedHistograms(comparison.number).into());
    }
    let sentence = match (&comparison.facing, &comparison.histograms) {
        (Progress::Ready(_), Progress::Ready(both)) if both[0].total() + both[1].total() > 0 => {
            plot(ui, both, view.log_counts);
            return is_dragged;
        }
        (Progress::Ready(_), Progress::Ready(_)) => "There are no finite values to count",
        (_, Progress::Failed(problem)) => problem.as_str(),
        (Progress::Failed(_), _) => "The values can't be had; the picture says why",
        (Progress::None, _) => "Select a pair to see how its values are distributed",
        _ => "Counting values…",
    };
    widgets::empty_state(ui, sentence, None);
    is_dragged
}

fn plot(ui: &mut egui::Ui, both: &[Histogram; 2], is_log: bool) {
    let tokens = Tokens::of(ui);
    let whole = ui.available_rect_before_wrap();
    let note = note(both);
    let foot = if note.is_empty() { 24.0 } else { 42.0 };
    let area = Rect::from_min_max(whole.min + vec2(48.0, 26.0), whole.max - vec2(16.0, foot));
    ui.advance_cursor_after_rect(whole);
    if area.height() < 24.0 || area.width() < 40.0 {
        return;
    }
    let response = ui.interact(area, ui.scope_id().with("overlay"), Sense::hover());
    let [a, b] = both;
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, format!("Histograms of A and B with {} shared bins", a.counts.len())));
    legend(ui, pos2(area.left(), whole.top() + 13.0));
    let height_of = |count: u64| if is_log { (count as f64 + 1.0).log10() } else { count as f64 };
    let peak = a.peak().max(b.peak());
    let (first, last) = (a.edges[0], a.edges[a.edges.len() - 1]);
    let x = |value: f64| area.left() + ((value - first) / (last - first)) as f32 * area.width();
    let y = |count: u64| area.bottom() - (height_of(count) / height_of(peak).max(f64::MIN_POSITIVE)) as f32 * area.height();
    let room = (area.height() / 34.0).clamp(1.0, 6.0) as usize;
    let ticks = if is_log { number::decades(peak as f64, room) } else { number::ticks(0.0, peak as f64, room) };
    for (value, text) in ticks.into_iter().filter(|(value, _)| value.fract() == 0.0 && *value <= peak as f64) {
        let at = y(value as u64);
        ui.painter().hline(area.x_range(), at, Stroke::new(1.0, tokens.line));
        ui.painter().text(pos2(area.left() - 6.0, at), egui::Align2::RIGHT_CENTER, text, theme::small_number_font(), tokens.dim);
    }
    for (count, edges) in a.counts.iter().zip(a.edges.windows(2)).filter(|(count, _)| **count > 0) {
        let bar = Rect::from_min_max(pos2(x(edges[0]), y(*count).min(area.bottom() - 1.0)), pos2(x(edges[1]), area.bottom()));
        ui.painter().rect_filled(bar, 0.0, fill(tokens));
    }
    let mut line = vec![pos2(x(first), area.bottom())];
    for (count, edges) in b.counts.iter().zip(b.edges.windows(2)) {
        let top = if *count == 0 { area.bottom() } else { y(*count).min(area.bottom() - 1.0) };
        line.extend([pos2(x(edges[0]), top), pos2(x(edges[1]), top)]);
    }
    line.push(pos2(x(last), area.bottom()));
    ui.painter().line(line, Stroke::new(1.5, tokens.bad));
    for (value, text) in number::ticks(first, last, (area.width() / 70.0).clamp(2.0, 10.0) as usize) {
        ui.painter().text(pos2(x(value), area.bottom() + 4.0), egui::Align2::CENTER_TOP, text, theme::small_number_font(), tokens.dim);
    }
    if !note.is_empty() {
        let at = pos2(area.left(), area.bottom() + 22.0);
        ui.painter().text(at, egui::Align2::LEFT_TOP, note, theme::small_font(), tokens.warn);
    }
    if let Some(pointer) = response.hover_pos() {
        let value = first + f64::from((pointer.x - area.left()) / area.width()) * (last - first);
        let bin = a.edges.partition_point(|edge| *edge <= value).saturating_sub(1).min(a.counts.len().saturating_sub(1));
        if let (Some(edges), Some(in_a), Some(in_b)) = (a.edges.get(bin..bin + 2), a.counts.get(bin), b.counts.get(bin)) {
            let text = format!(
                "{} to {}\nA {}\nB {}",
                names::signed(edges[0]),
                names::signed(edges[1]),
                names::thousands(*in_a),
                names::thousands(*in_b)
            );
            response.on_hover_ui_at_pointer(|ui| {
                ui.label(text);
            });
        }
    }
}

fn fill(tokens: &Tokens) -> egui::Color32 {
    theme::mix(tokens.panel, tokens.plot, if tokens.is_dark { 0.45 } else { 0.28 })
}

fn legend(ui: &egui::Ui, at: egui::Pos2) {
    let tokens = Tokens::of(ui);
    ui.painter().rect_filled(Rect::from_center_size(at + vec2(6.0, 0.0), vec2(12.0, 10.0)), 0.0, fill(tokens));
    ui.painter().text(at + vec2(18.0, 0.0), egui::Align2::LEFT_CENTER, "A", theme::small_font(), tokens.dim);
    ui.painter().line_segment([at + vec2(40.0, 0.0), at + vec2(52.0, 0.0)], Stroke::new(1.5, tokens.bad));
    ui.painter().text(at + vec2(58.0, 0.0), egui::Align2::LEFT_CENTER, "B", theme::small_font(), tokens.dim);
}

/// What the bars don't show.
fn note(both: &[Histogram; 2]) -> String {
    let mut parts = Vec::new();
    for (side, histogram) in ["A", "B"].into_iter().zip(both) {
        for (count, what) in [(histogram.nan, "NaN"), (histogram.pos_inf, "+Inf"), (histogram.neg_inf, "-Inf")] {
            if count > 0 {
                parts.push(format!("{} {what} in {side}", names::thousands(count)));
            }
        }
    }
    if both[0].capped {
        parts.push(format!("capped at {} bins", both[0].counts.len()));
    }
    parts.join(" · ")
}
