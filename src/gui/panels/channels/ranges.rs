//! A bar a channel, from its least value to its greatest, with its mean. Where there are more
//! channels than pixels, a bar is that of all channels in its pixel.

use egui::{CornerRadius, Rect, Sense, Stroke, WidgetInfo, accesskit::Role, pos2, vec2};

use super::about;
use crate::gui::state::Document;
use crate::gui::theme::{self, Tokens};
use crate::gui::views::ChannelsView;
use crate::render::number;
use crate::stats::Channel;

/// Draws the part in sight; the wheel zooms it at the pointer, dragging moves it. Returns the channel
/// that was clicked.
pub fn show(ui: &mut egui::Ui, document: &Document, channels: &[Channel], view: &mut ChannelsView) -> Option<usize> {
    let tokens = Tokens::of(ui);
    let whole = ui.available_rect_before_wrap();
    let plot = Rect::from_min_max(whole.min + vec2(56.0, 10.0), whole.max - vec2(12.0, 22.0));
    if plot.width() < 40.0 || plot.height() < 30.0 {
        return None;
    }
    let response = ui.interact(plot, ui.scope_id().with(("channel ranges", document.number)), Sense::click_and_drag());
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, format!("Ranges of {} channels", channels.len())));
    navigate(ui, &response, plot, channels.len(), view);
    let finite = |end: f64| if end.is_finite() { end } else { 0.0 };
    let (low, high) =
        channels.iter().fold((0.0f64, 0.0f64), |(low, high), channel| (low.min(finite(channel.min)), high.max(finite(channel.max))));
    let (low, high) = if low < high { (low, high) } else { (low - 0.5, high + 0.5) };
    let y = |value: f64| plot.bottom() - ((value - low) / (high - low)) as f32 * plot.height();
    let painter = ui.painter().with_clip_rect(whole);
    for (value, label) in number::ticks(low, high, (plot.height() / 36.0).clamp(2.0, 8.0) as usize) {
        painter.hline(plot.x_range(), y(value), Stroke::new(1.0, tokens.line));
        let galley = painter.layout_no_wrap(label, theme::small_number_font(), tokens.dim);
        painter.galley(pos2(plot.left() - 8.0 - galley.size().x, y(value) - galley.size().y / 2.0), galley, tokens.dim);
    }
    painter.hline(plot.x_range(), y(0.0), Stroke::new(1.0, tokens.faint));
    let count = channels.len() as f64;
    let (first, part) = view.window;
    let x = |place: f64| plot.left() + (((place / count) - first) / part) as f32 * plot.width();
    let step = (f64::from(plot.width()) / (count * part)) as f32;
    let shown = |column: &[u32]| Column::of(channels, column, view);
    let hovered = response.hover_pos().and_then(|at| {
        let place = (first + f64::from((at.x - plot.left()) / plot.width()) * part) * count;
        (0.0..count).contains(&place).then_some(place as usize)
    });
    let per_bar = (2.0 / step).ceil().max(1.0) as usize;
    let begin = ((first * count) as usize / per_bar) * per_bar;
    let end = (((first + part) * count).ceil() as usize).min(view.order.len());
    let inside = painter.with_clip_rect(plot.expand2(vec2(0.0, 8.0)));
    for start in (begin..end).step_by(per_bar) {
        let column = &view.order[start..(start + per_bar).min(view.order.len())];
        let bar = shown(column);
        let (left, right) = (x(start as f64), x((start + per_bar) as f64));
        let gap = if step > 6.0 { 1.0 } else { 0.0 };
        let range = Rect::from_min_max(pos2(left, y(bar.max)), pos2((right - gap).max(left + 1.0), y(bar.min).max(y(bar.max) + 1.0)));
        let is_hovered = hovered.is_some_and(|place| (start..start + per_bar).contains(&place));
        if is_hovered {
            inside.rect_filled(range.with_min_y(plot.top()).with_max_y(plot.bottom()), CornerRadius::ZERO, tokens.raised);
        }
        let color = if bar.is_outlier { tokens.warn } else { tokens.plot };
        inside.rect_filled(range, CornerRadius::ZERO, color);
        if bar.is_outlier {
            // A sign above, for those who don't tell the colours apart.
            let top = pos2(range.center().x, plot.top() - 4.0);
            let sign = vec![top + vec2(-3.5, -3.0), top + vec2(3.5, -3.0), top + vec2(0.0, 3.0)];
            inside.add(egui::Shape::convex_polygon(sign, tokens.warn, Stroke::NONE));
        }
        if bar.is_dead {
            let middle = pos2(range.center().x, y(0.0));
            for slope in [-1.0, 1.0] {
                inside.line_segment([middle + vec2(-3.5, -3.5 * slope), middle + vec2(3.5, 3.5 * slope)], Stroke::new(1.5, tokens.bad));
            }
        }
        if step >= 2.0 || per_bar > 1 {
            let mean = y(bar.mean);
            inside.hline(range.x_range(), mean, Stroke::new(if step > 6.0 { 2.0 } else { 1.0 }, tokens.text));
        }
        if view.chosen.is_some_and(|chosen| column.contains(&(chosen as u32))) {
            inside.rect_stroke(range.expand(1.5), CornerRadius::ZERO, Stroke::new(1.5, tokens.accent), egui::StrokeKind::Outside);
        }
    }
    place_labels(&painter, plot, tokens, view, begin, end, &x);
    let place = hovered?;
    let column = &view.order[place / per_bar * per_bar..(place / per_bar * per_bar + per_bar).min(view.order.len())];
    // Of several channels in a pixel the one with the widest range is what one sees.
    let widest = column.iter().copied().max_by(|a, b| channels[*a as usize].width().total_cmp(&channels[*b as usize].width()))? as usize;
    let mut text = about(channels.get(widest)?, widest, view);
    if column.len() > 1 {
        text += &format!("\nwidest of {} channels in this bar", column.len());
    }
    let clicked = response.clicked();
    response.on_hover_cursor(egui::CursorIcon::PointingHand).on_hover_text_at_pointer(text);
    clicked.then_some(widest)
}

/// What a bar shows.
struct Column {
    min: f64,
    max: f64,
    mean: f64,
    is_outlier: bool,
    is_dead: bool,
}

impl Column {
    fn of(channels: &[Channel], column: &[u32], view: &ChannelsView) -> Self {
        let (mut min, mut max, mut sum, mut count) = (f64::INFINITY, f64::NEG_INFINITY, 0.0, 0.0);
        for channel in column.iter().filter_map(|channel| channels.get(*channel as usize)).filter(|channel| channel.min.is_finite()) {
            min = min.min(channel.min);
            max = max.max(channel.max);
            sum += channel.mean;
            count += 1.0;
        }
        let holds = |marked: &[u32]| column.iter().any(|channel| marked.binary_search(channel).is_ok());
        let is_empty = count == 0.0;
        Self {
            min: if is_empty { 0.0 } else { min },
            max: if is_empty { 0.0 } else { max },
            mean: if is_empty { 0.0 } else { sum / count },
            is_outlier: holds(&view.outliers),
            is_dead: holds(&view.dead),
        }
    }
}

fn place_labels(
    painter: &egui::Painter,
    plot: Rect,
    tokens: &Tokens,
    view: &ChannelsView,
    begin: usize,
    end: usize,
    x: &dyn Fn(f64) -> f32,
) {
    let by_index = view.sort == crate::gui::views::ChannelSort::Index && !view.descending;
    let wanted = (plot.width() / 70.0).clamp(1.0, 12.0) as usize;
    for (place, _) in number::ticks(begin as f64, end as f64, wanted).into_iter().filter(|(place, _)| place.fract() == 0.0) {
        let Some(channel) = view.order.get(place as usize) else { continue };
        let label = if by_index { channel.to_string() } else { format!("#{}", place as usize + 1) };
        let galley = painter.layout_no_wrap(label, theme::small_number_font(), tokens.dim);
        let middle = x(place + 0.5);
        if plot.x_range().contains(middle) {
            painter.galley(pos2(middle - galley.size().x / 2.0, plot.bottom() + 5.0), galley, tokens.dim);
        }
    }
}

/// Wheel, pinch and drag; a double click shows all channels again.
fn navigate(ui: &egui::Ui, response: &egui::Response, plot: Rect, count: usize, view: &mut ChannelsView) {
    const FEWEST: f64 = 8.0;
    let (mut first, mut part) = view.window;
    if response.double_clicked() {
        (first, part) = (0.0, 1.0);
    }
    if let Some(at) = response.hover_pos() {
        let (wheel, pinch) = ui.input(|input| (input.smooth_scroll_delta.y, input.zoom_delta()));
        let factor = f64::from(pinch) * f64::from(wheel / 200.0).exp();
        if factor != 1.0 {
            let pointer = f64::from((at.x - plot.left()) / plot.width());
            let zoomed = (part / factor).clamp((FEWEST / count as f64).min(1.0), 1.0);
            first += pointer * (part - zoomed);
            part = zoomed;
        }
    }
    if response.dragged() {
        first -= f64::from(response.drag_delta().x / plot.width()) * part;
    }
    view.window = (first.clamp(0.0, (1.0 - part).max(0.0)), part);
}
