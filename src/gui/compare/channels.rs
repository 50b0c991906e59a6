//! The error by output channel: a bar a channel, the worst ones marked; a click leads to the channel.

use egui::accesskit::Role;
use egui::{Rect, RichText, Sense, WidgetInfo, pos2, vec2};

use super::cells::decibels;
use super::state::Comparison;
use super::views::{ChannelsView, FacesView};
use crate::compare::ChannelError;
use crate::compare::metrics::standing_out;
use crate::gui::theme::{self, Tokens};
use crate::gui::{names, widgets};

pub fn show(ui: &mut egui::Ui, comparison: &Comparison, view: &mut ChannelsView, faces: &mut FacesView) -> bool {
    let row = comparison.selected_row();
    let compared = row.and_then(|row| row.outcome.as_ref().ok());
    let [long, middle, short] = compared.map_or([const { String::new() }; 3], |compared| {
        let count = format!("{} channels", names::thousands(compared.channels.len() as u64));
        let worst = compared.metrics.worst_channel.filter(|(_, db)| db.is_finite());
        let worst = worst.map_or_else(|| count.clone(), |(channel, db)| format!("worst {} dB at {channel}", decibels(db)));
        [if worst == count { count.clone() } else { format!("{count} · {worst}") }, worst, count]
    });
    let is_dragged = widgets::head_with(ui, "SQNR by output channel", &[&long, &middle, &short, ""], |ui| {
        let title = if view.worst_first { "sort: worst" } else { "sort: index" };
        if widgets::named_toggle(ui, title, "Sort channels worst first", view.worst_first)
            .on_hover_text("In their order, or the worst first")
            .clicked()
        {
            view.worst_first = !view.worst_first;
        }
    });
    let Some(compared) = compared else {
        let sentence = row.map_or("Select a pair to see its channels", |_| "The two are not compared, so there are no channels");
        widgets::empty_state(ui, sentence, None);
        return is_dragged;
    };
    if compared.channels.len() < 2 {
        widgets::empty_state(ui, "This weight has no output channels to tell apart", None);
        return is_dragged;
    }
    let mut channels: Vec<&ChannelError> = compared.channels.iter().collect();
    if view.worst_first {
        channels.sort_by(|a, b| a.sqnr_db.total_cmp(&b.sqnr_db));
    }
    let marked = standing_out(&compared.channels);
    let narrow = row.and_then(|row| row.anatomy.as_ref()).and_then(|anatomy| anatomy.narrow.as_ref());
    let sentences: Vec<&str> = row.map_or(Vec::new(), |row| {
        row.sentences.iter().map(String::as_str).filter(|text| text.contains("hannel") && narrow.is_some()).take(2).collect()
    });
    let words = if sentences.is_empty() { 8.0 } else { 12.0 + 20.0 * sentences.len() as f32 };
    let area = ui.available_rect_before_wrap();
    let bars = Rect::from_min_max(area.min + vec2(44.0, 14.0), area.max - vec2(16.0, words + 22.0));
    if bars.height() > 30.0 {
        paint(ui, bars, &channels, &marked, view, faces);
    }
    let below = Rect::from_min_max(pos2(area.left() + 14.0, bars.bottom() + 24.0), area.right_bottom());
    ui.scope_builder(egui::UiBuilder::new().max_rect(below), |ui| {
        for (number, sentence) in sentences.iter().enumerate() {
            let tokens = Tokens::of(ui);
            let text = RichText::new(*sentence).color(if number == 0 { tokens.text } else { tokens.dim });
            ui.add(egui::Label::new(text).truncate());
        }
    });
    ui.advance_cursor_after_rect(area);
    is_dragged
}

fn paint(ui: &mut egui::Ui, area: Rect, channels: &[&ChannelError], marked: &[usize], view: &ChannelsView, faces: &mut FacesView) {
    let tokens = Tokens::of(ui);
    let response = ui.interact(area.expand2(vec2(0.0, 6.0)), ui.scope_id().with("channels"), Sense::click());
    response.widget_info(|| {
        let worst: Vec<String> = marked.iter().map(ToString::to_string).collect();
        WidgetInfo::labeled(Role::Image, true, format!("SQNR of {} channels, worst: {}", channels.len(), worst.join(", ")))
    });
    let finite = channels.iter().map(|channel| channel.sqnr_db).filter(|db| db.is_finite());
    let (low, high) = finite.fold((0.0f64, 1.0f64), |(low, high), db| (low.min(db), high.max(db)));
    let y = |db: f64| {
        let part = (db.clamp(low, high) - low) / (high - low);
        area.bottom() - part as f32 * area.height()
    };
    for (value, text) in crate::render::number::ticks(low, high, (area.height() / 34.0).clamp(2.0, 6.0) as usize) {
        ui.painter().hline(area.x_range(), y(value), egui::Stroke::new(1.0, tokens.line));
        ui.painter().text(pos2(area.left() - 6.0, y(value)), egui::Align2::RIGHT_CENTER, text, theme::small_number_font(), tokens.dim);
    }
    let step = area.width() / channels.len() as f32;
    let pixel = 1.0 / ui.ctx().pixels_per_point();
    // Where several channels share a pixel the worst of them is drawn.
    let per_bar = (pixel / step).ceil().max(1.0) as usize;
    for (number, group) in channels.chunks(per_bar).enumerate() {
        let Some(channel) = group.iter().min_by(|a, b| a.sqnr_db.total_cmp(&b.sqnr_db)) else { continue };
        let left = area.left() + (number * per_bar) as f32 * step;
        // Bars without a gap between them share whole pixels, so that no line shows there.
        let snapped = |x: f32| (x / pixel).round() * pixel;
        let whole = step * per_bar as f32;
        let (left, width) =
            if step > 3.0 { (left, whole * 0.82) } else { (snapped(left), (snapped(left + whole) - snapped(left)).max(pixel)) };
        let is_marked = group.iter().any(|channel| marked.contains(&channel.channel));
        let colour = if is_marked { tokens.bad } else { tokens.plot };
        let db = if channel.sqnr_db.is_nan() { low } else { channel.sqnr_db };
        // Without an error at all: as high as there is room for, and pale.
        let colour = if db == f64::INFINITY { tokens.shade } else { colour };
        // Up from zero or down from it.
        let (top, bottom) = (y(db).min(y(0.0)).min(area.bottom() - 1.0), y(db).max(y(0.0)));
        ui.painter().rect_filled(Rect::from_min_max(pos2(left, top), pos2(left + width, bottom.max(top + 1.0))), 0.0, colour);
    }
    let label = |x: f32, align: egui::Align2, text: String| {
        ui.painter().text(pos2(x, area.bottom() + 4.0), align, text, theme::small_number_font(), tokens.dim);
    };
    let (first, last) = (channels[0].channel, channels[channels.len() - 1].channel);
    label(area.left(), egui::Align2::LEFT_TOP, first.to_string());
    label(area.right(), egui::Align2::RIGHT_TOP, last.to_string());
    if view.worst_first {
        label(area.center().x, egui::Align2::CENTER_TOP, "worst first".to_owned());
    }
    let at = |pointer: egui::Pos2| {
        let number = ((pointer.x - area.left()) / step).floor();
        (number >= 0.0).then(|| channels.get(number as usize).copied()).flatten()
    };
    if response.clicked()
        && let Some(channel) = response.interact_pointer_pos().and_then(at)
    {
        faces.reveal_channel = Some(channel.channel);
    }
    if let Some(channel) = response.hover_pos().and_then(at) {
        let codes = channel.rmse_over_scale.map_or(String::new(), |part| format!("\nRMSE/scale {part:.3}"));
        let text = format!(
            "channel {}\nSQNR {} dB\nmax |e| {}\ncosine {:.6}\ngain {:.4}{codes}\nA from {} to {}",
            channel.channel,
            decibels(channel.sqnr_db),
            names::figure(channel.max_abs_error),
            channel.cosine,
            channel.gain,
            names::signed(channel.range.0),
            names::signed(channel.range.1),
        );
        response.on_hover_ui_at_pointer(|ui| {
            ui.label(text);
        });
    }
}
