//! The bar that tells which colour means which value, with the distribution beside it.

use egui::{Align2, Color32, Mesh, Rect, Shape, Stroke, StrokeKind, pos2, vec2};

use crate::colormap::{Colours, Map};
use crate::gui::names::signed;
use crate::gui::theme::{self, Tokens};
use crate::jobs::Loaded;

/// The width that the bar takes with its figures.
pub const WIDTH: f32 = 116.0;

pub fn show(ui: &egui::Ui, area: Rect, colours: &Colours, loaded: &Loaded) {
    let tokens = Tokens::of(ui);
    let bar = Rect::from_min_max(pos2(area.left() + 14.0, area.top() + 8.0), pos2(area.left() + 28.0, area.bottom() - 24.0));
    if bar.height() < 40.0 {
        return;
    }
    paint_table(ui, bar, colours.map, true);
    ui.painter().rect_stroke(bar, 0.0, Stroke::new(1.0, tokens.line), StrokeKind::Outside);
    for at in [bar.left_top(), bar.left_bottom()] {
        let head = vec![at + vec2(-2.0, 0.0), at + vec2(-9.0, -4.5), at + vec2(-9.0, 4.5)];
        ui.painter().add(Shape::convex_polygon(head, tokens.text, Stroke::NONE));
    }
    distribution(ui, bar, colours, loaded);
    let ticks = if bar.height() > 180.0 { 5 } else { 3 };
    for tick in 0..ticks {
        let part = f64::from(tick) / f64::from(ticks - 1);
        let value = colours.norm.value(part, colours.limits);
        let y = bar.bottom() - part as f32 * bar.height();
        let at = pos2(bar.right() + 34.0, y);
        ui.painter().text(at, Align2::LEFT_CENTER, compact(value), theme::small_number_font(), tokens.dim);
    }
    outside(ui, bar, colours, loaded);
}

/// Six characters or so: there is no room for more beside the bar.
fn compact(value: f64) -> String {
    let text = signed(value);
    if text.len() <= 8 { text } else { format!("{value:+.1e}") }
}

/// Values beyond the limits and those that are no numbers are told, not hidden.
fn outside(ui: &egui::Ui, bar: Rect, colours: &Colours, loaded: &Loaded) {
    let tokens = Tokens::of(ui);
    let moments = &loaded.summary.moments;
    let mark = |at: egui::Pos2, sign: &str| {
        ui.painter().text(at, Align2::CENTER_CENTER, sign, theme::small_number_font(), tokens.warn);
    };
    if moments.max > f64::from(colours.limits.high) {
        mark(pos2(bar.center().x, bar.top() - 6.0), "▲");
    }
    if moments.min < f64::from(colours.limits.low) {
        mark(pos2(bar.center().x, bar.bottom() + 7.0), "▼");
    }
    let odd = moments.nan + moments.inf();
    if odd > 0 {
        let at = pos2(bar.left() - 6.0, bar.bottom() + 15.0);
        ui.painter().text(at, Align2::LEFT_TOP, format!("{} NaN, {} Inf", moments.nan, moments.inf()), theme::small_font(), tokens.warn);
    }
}

/// How the values spread along the bar, within its limits.
fn distribution(ui: &egui::Ui, bar: Rect, colours: &Colours, loaded: &Loaded) {
    const BINS: u16 = 64;
    let tokens = Tokens::of(ui);
    // As in a histogram, a bin holds its lower edge and the last one its upper edge too.
    let edge = |bin: u16| {
        let value = colours.norm.value(f64::from(bin) / f64::from(BINS), colours.limits);
        if bin < BINS { loaded.part_below(value) } else { loaded.part_up_to(value) }
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
