//! The bar that tells which colour means which value, with the distribution beside it.

use egui::accesskit::Role;
use egui::{Align2, Color32, Key, Mesh, Rect, Sense, Shape, Stroke, StrokeKind, WidgetInfo, pos2, vec2};

use crate::colormap::{self, Colours, Kind, Limits, Map, Range};
use crate::gui::command::Command;
use crate::gui::names::signed;
use crate::gui::theme::{self, Tokens};
use crate::gui::views::{HeatmapView, LimitsDrag};
use crate::jobs::{Figures, Loaded, Look, Sought};

/// The width that the bar takes with its figures.
pub const WIDTH: f32 = 116.0;

pub fn show(
    ui: &mut egui::Ui,
    area: Rect,
    heatmap: &mut HeatmapView,
    look: &Look,
    colours: &Colours,
    loaded: &Loaded,
    commands: &mut Vec<Command>,
) {
    let tokens = Tokens::of(ui);
    let figures = loaded.figures_of(look.shows).filter(|_| !look.has_own_scales());
    // Below there are lines for numbers that are none, or for whose scale it is.
    let lines = figures.map_or(2, |figures| {
        let moments = &figures.moments;
        [moments.nan, moments.pos_inf, moments.neg_inf].into_iter().filter(|count| *count > 0).count()
    });
    let below = 22.0 + 13.0 * lines as f32;
    let bar = Rect::from_min_max(pos2(area.left() + 14.0, area.top() + 8.0), pos2(area.left() + 28.0, area.bottom() - below));
    if bar.height() < 40.0 {
        return;
    }
    paint_table(ui, bar, colours.map, true);
    ui.painter().rect_stroke(bar, 0.0, Stroke::new(1.0, tokens.line), StrokeKind::Outside);
    if let Some(figures) = figures {
        distribution(ui, bar, colours, figures);
        handles(ui, bar, heatmap, colours);
        outside(ui, bar, colours, figures, commands);
        odd(ui, bar, figures, commands);
    } else {
        let at = pos2(bar.left() - 6.0, bar.bottom() + 15.0);
        ui.painter().text(at, Align2::LEFT_TOP, "parts of each kernel's", theme::small_font(), tokens.warn);
        ui.painter().text(at + vec2(0.0, 13.0), Align2::LEFT_TOP, "largest magnitude", theme::small_font(), tokens.warn);
    }
    let ticks = if bar.height() > 180.0 { 5 } else { 3 };
    for tick in 0..ticks {
        let part = f64::from(tick) / f64::from(ticks - 1);
        let value = colours.norm.value(part, colours.limits);
        let y = bar.bottom() - part as f32 * bar.height();
        let at = pos2(bar.right() + 34.0, y);
        ui.painter().text(at, Align2::LEFT_CENTER, compact(value), theme::small_number_font(), tokens.dim);
    }
}

/// The limits as handles that are dragged, or moved by the arrow keys; a double click on the bar lets the
/// range be the weight's own again.
fn handles(ui: &egui::Ui, bar: Rect, heatmap: &mut HeatmapView, colours: &Colours) {
    let tokens = Tokens::of(ui);
    let whole =
        ui.interact(bar, ui.scope_id().with("colour bar"), Sense::click()).on_hover_text("Double-click: the weight's own range again");
    whole.widget_info(|| WidgetInfo::labeled(Role::Image, true, format!("Colour bar, {}", colours.map.name())));
    let mut is_reset = whole.double_clicked();
    let limits = colours.limits;
    for (is_high, y, name) in
        [(true, bar.top(), "Highest value of the colour bar"), (false, bar.bottom(), "Lowest value of the colour bar")]
    {
        let rect = Rect::from_center_size(pos2(bar.left() - 2.0, y), vec2(18.0, 14.0));
        let handle = ui.interact(rect, ui.scope_id().with(name), Sense::click_and_drag());
        let value = if is_high { limits.high } else { limits.low };
        handle.widget_info(|| WidgetInfo::slider(true, value.into(), name));
        let color = if handle.hovered() || handle.dragged() || handle.has_focus() { tokens.accent } else { tokens.text };
        let at = pos2(bar.left(), y);
        let head = vec![at + vec2(-2.0, 0.0), at + vec2(-10.0, -5.0), at + vec2(-10.0, 5.0)];
        ui.painter().add(Shape::convex_polygon(head, color, Stroke::NONE));
        let handle = handle.on_hover_cursor(egui::CursorIcon::ResizeVertical);
        is_reset |= handle.double_clicked();
        if handle.drag_started() {
            heatmap.drag = Some(LimitsDrag { from: limits, moved: egui::Vec2::ZERO });
        }
        if let Some(drag) = heatmap.drag.as_mut().filter(|_| handle.dragged()) {
            drag.moved += handle.drag_delta();
            let from = drag.from;
            let part = -f64::from(drag.moved.y / bar.height());
            set_limit(heatmap, colours, from, is_high, part);
        }
        if handle.drag_stopped() {
            heatmap.drag = None;
        }
        if handle.clicked() {
            handle.request_focus();
        }
        if handle.has_focus() {
            let filter = egui::EventFilter { vertical_arrows: true, ..Default::default() };
            ui.memory_mut(|memory| memory.set_focus_lock_filter(handle.id, filter));
            let pressed = |key| ui.input(|input| i32::from(input.key_pressed(key)));
            let steps = pressed(Key::ArrowUp) - pressed(Key::ArrowDown);
            if steps != 0 {
                set_limit(heatmap, colours, limits, is_high, f64::from(steps) / 50.0);
            }
        }
    }
    if is_reset {
        heatmap.is_range_own = true;
        heatmap.manual = Default::default();
    }
}

/// Moves a limit by a part of the bar's length. A diverging map keeps 0 in its middle: both limits move.
fn set_limit(heatmap: &mut HeatmapView, colours: &Colours, from: Limits, is_high: bool, part: f64) {
    let position = if is_high { 1.0 + part } else { part };
    let value = colours.norm.value(position, from) as f32;
    let is_symmetric = colours.map.kind() == Kind::Diverging;
    let limits = match (is_symmetric, is_high) {
        (true, true) => Limits::new(-value.max(0.0), value.max(0.0)),
        (true, false) => Limits::new(value.min(0.0), -value.min(0.0)),
        (false, true) => Limits::new(from.low, value.max(from.low)),
        (false, false) => Limits::new(value.min(from.high), from.high),
    };
    heatmap.range = Range::Manual(limits);
    heatmap.is_range_own = false;
}

/// Six characters or so: there is no room for more beside the bar.
fn compact(value: f64) -> String {
    let text = signed(value);
    if text.len() <= 8 { text } else { format!("{value:+.1e}") }
}

/// Values beyond the limits are told, not hidden; a click goes to the farthest.
fn outside(ui: &egui::Ui, bar: Rect, colours: &Colours, figures: &Figures, commands: &mut Vec<Command>) {
    let tokens = Tokens::of(ui);
    let mut mark = |at: egui::Pos2, sign: &str, count: f64, what: &str, sought: Sought| {
        let response = ui.interact(Rect::from_center_size(at, vec2(14.0, 10.0)), ui.scope_id().with(what), Sense::click());
        let percent = 100.0 * count;
        response.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("Values {what} the colours")));
        ui.painter().text(at, Align2::CENTER_CENTER, sign, theme::small_number_font(), tokens.warn);
        if response.on_hover_text(format!("{percent:.2} % of the values lie {what} the colours; go to the farthest")).clicked() {
            commands.push(Command::Seek(sought));
        }
    };
    let (low, high) = (f64::from(colours.limits.low), f64::from(colours.limits.high));
    if figures.moments.max > high {
        mark(pos2(bar.center().x, bar.top() - 6.0), "▲", 1.0 - figures.part_up_to(high), "above", Sought::Maximum);
    }
    if figures.moments.min < low {
        mark(pos2(bar.center().x, bar.bottom() + 7.0), "▼", figures.part_below(low), "below", Sought::Minimum);
    }
}

/// Numbers that are none, counted; a click goes to the next one.
fn odd(ui: &egui::Ui, bar: Rect, figures: &Figures, commands: &mut Vec<Command>) {
    let tokens = Tokens::of(ui);
    let moments = &figures.moments;
    let mut y = bar.bottom() + 13.0;
    for (count, name, color, sought) in [
        (moments.nan, "NaN", colormap::NAN, Sought::NextNan),
        (moments.pos_inf, "+Inf", colormap::POSITIVE_INFINITY, Sought::NextInfinity),
        (moments.neg_inf, "-Inf", colormap::NEGATIVE_INFINITY, Sought::NextInfinity),
    ] {
        if count == 0 {
            continue;
        }
        let rect = Rect::from_min_size(pos2(bar.left() - 6.0, y), vec2(WIDTH - 12.0, 12.0));
        let text = format!("{} {name}", crate::gui::names::thousands(count));
        let response = ui.interact(rect, ui.scope_id().with(name), Sense::click());
        response.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("Next of {text}")));
        let swatch = Rect::from_min_size(rect.min + vec2(0.0, 2.0), vec2(8.0, 8.0));
        ui.painter().rect_filled(swatch, 1.0, Color32::from_rgb(color[0], color[1], color[2]));
        let ink = if response.hovered() { tokens.text } else { tokens.dim };
        ui.painter().text(swatch.right_center() + vec2(5.0, 0.0), Align2::LEFT_CENTER, &text, theme::small_font(), ink);
        if response.on_hover_text("Go to the next one").clicked() {
            commands.push(Command::Seek(sought));
        }
        y += 13.0;
    }
}

/// How the values spread along the bar, within its limits.
fn distribution(ui: &egui::Ui, bar: Rect, colours: &Colours, figures: &Figures) {
    const BINS: u16 = 64;
    let tokens = Tokens::of(ui);
    // As in a histogram, a bin holds its lower edge and the last one its upper edge too.
    let edge = |bin: u16| {
        let value = colours.norm.value(f64::from(bin) / f64::from(BINS), colours.limits);
        if bin < BINS { figures.part_below(value) } else { figures.part_up_to(value) }
    };
    let parts: Vec<f64> = (0..BINS).map(|bin| edge(bin + 1) - edge(bin)).collect();
    let peak = parts.iter().copied().fold(0.0, f64::max);
    let height = bar.height() / f32::from(BINS);
    for (bin, part) in (0u16..).zip(parts).filter(|(_, part)| *part > 0.0) {
        let width = ((part / peak) as f32 * 30.0).max(1.0);
        let bottom = bar.bottom() - f32::from(bin) * height;
        let rect = Rect::from_min_max(pos2(bar.right() + 3.0, bottom - height), pos2(bar.right() + 3.0 + width, bottom));
        ui.painter().rect_filled(rect, 0.0, tokens.shade);
    }
}

/// The map's 256 colours along a rectangle, lowest at the left or at the bottom.
pub fn paint_table(ui: &egui::Ui, rect: Rect, map: Map, is_vertical: bool) {
    let table = map.table();
    let mut mesh = Mesh::default();
    for (position, [red, green, blue]) in (0u16..).zip(table) {
        let (from, to) = (f32::from(position) / 256.0, f32::from(position + 1) / 256.0);
        let piece = if is_vertical {
            Rect::from_min_max(
                pos2(rect.left(), rect.bottom() - to * rect.height()),
                pos2(rect.right(), rect.bottom() - from * rect.height()),
            )
        } else {
            Rect::from_min_max(pos2(rect.left() + from * rect.width(), rect.top()), pos2(rect.left() + to * rect.width(), rect.bottom()))
        };
        mesh.add_colored_rect(piece, Color32::from_rgb(*red, *green, *blue));
    }
    ui.painter().add(Shape::mesh(mesh));
}
