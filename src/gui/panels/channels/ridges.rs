//! The distribution of every channel as a filled curve, one below the other, all on one scale of
//! values. Only the rows in sight are drawn.

use std::sync::Arc;

use egui::{Rect, ScrollArea, Sense, Shape, Stroke, WidgetInfo, accesskit::Role, pos2, vec2};

use super::about;
use crate::gui::command::Command;
use crate::gui::names::signed;
use crate::gui::state::{Document, Progress};
use crate::gui::theme::{self, Tokens};
use crate::gui::views::ChannelsView;
use crate::gui::widgets;
use crate::jobs::Loaded;
use crate::stats::{Channel, RIDGE_BINS, Ridges};

const ROW: f32 = 22.0;
/// How far a curve may rise into the rows above.
const RISE: f32 = 34.0;
/// More channels would take too much memory for a picture nobody reads to its end.
const MOST: usize = 65_536;

pub fn show(
    ui: &mut egui::Ui,
    document: &Document,
    loaded: &Arc<Loaded>,
    channels: &[Channel],
    view: &ChannelsView,
    commands: &mut Vec<Command>,
) -> Option<usize> {
    if channels.len() > MOST {
        widgets::empty_state(ui, "Too many channels for a curve each; their ranges show them all", None);
        return None;
    }
    let ridges = match &document.ridges {
        Progress::Ready(ridges) => Arc::clone(ridges),
        Progress::Failed(problem) => {
            widgets::empty_state(ui, problem, None);
            return None;
        }
        progress => {
            if progress.is_none() {
                commands.push(Command::NeedRidges(Arc::clone(loaded)));
            }
            widgets::empty_state(ui, "Counting values…", None);
            return None;
        }
    };
    let tokens = Tokens::of(ui);
    let mut clicked = None;
    let area = ui.available_rect_before_wrap();
    let foot = 20.0;
    ui.spacing_mut().item_spacing.y = 0.0;
    let rows = area.with_max_y(area.bottom() - foot);
    ui.scope_builder(egui::UiBuilder::new().max_rect(rows), |ui| {
        ScrollArea::vertical().auto_shrink(false).id_salt(("ridges", document.number)).show_rows(ui, ROW, view.order.len(), |ui, range| {
            for place in range {
                let Some(channel) = view.order.get(place).map(|channel| *channel as usize) else { continue };
                let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::click());
                response.widget_info(|| WidgetInfo::labeled(Role::ListItem, true, format!("Distribution of channel {channel}")));
                ridge(ui, rect, &ridges, channel, view, response.hovered());
                if response.clicked() {
                    clicked = Some(channel);
                }
                if let Some(figures) = channels.get(channel) {
                    response.on_hover_cursor(egui::CursorIcon::PointingHand).on_hover_text_at_pointer(about(figures, channel, view));
                }
            }
        });
    });
    let plot = plot_of(area);
    for (value, at) in [(ridges.low, 0.0), (ridges.high, 1.0)] {
        let galley = ui.painter().layout_no_wrap(signed(value), theme::small_number_font(), tokens.dim);
        let x = plot.left() + at * (plot.width() - galley.size().x);
        ui.painter().galley(pos2(x, area.bottom() - foot + 4.0), galley, tokens.dim);
    }
    clicked
}

/// Where curves are, across.
fn plot_of(row: Rect) -> Rect {
    row.with_min_x(row.left() + 56.0).with_max_x(row.right() - 16.0)
}

fn ridge(ui: &egui::Ui, row: Rect, ridges: &Ridges, channel: usize, view: &ChannelsView, is_hovered: bool) {
    let tokens = Tokens::of(ui);
    let (is_outlier, is_dead) =
        (view.outliers.binary_search(&(channel as u32)).is_ok(), view.dead.binary_search(&(channel as u32)).is_ok());
    let is_chosen = view.chosen == Some(channel);
    if is_chosen || is_hovered {
        ui.painter().rect_filled(row, 0.0, if is_chosen { tokens.selection } else { tokens.raised });
    }
    let color = match (is_outlier, is_dead) {
        (_, true) => tokens.bad,
        (true, _) => tokens.warn,
        _ => tokens.dim,
    };
    let sign = if is_dead {
        "× "
    } else if is_outlier {
        "▾ "
    } else {
        ""
    };
    let label = ui.painter().layout_no_wrap(format!("{sign}{channel}"), theme::small_number_font(), color);
    ui.painter().galley(pos2(row.left() + 48.0 - label.size().x, row.bottom() - label.size().y - 2.0), label, color);
    let plot = plot_of(row);
    let counts = ridges.channel(channel);
    let peak = counts.iter().copied().max().unwrap_or(0).max(1) as f32;
    let base = row.bottom() - 1.0;
    let step = plot.width() / RIDGE_BINS as f32;
    let points: Vec<_> = (0u16..)
        .zip(counts)
        .map(|(bin, count)| pos2(plot.left() + (f32::from(bin) + 0.5) * step, base - *count as f32 / peak * RISE.min(row.height() + 12.0)))
        .collect();
    ui.painter().hline(plot.x_range(), base, Stroke::new(1.0, tokens.line));
    let fill = if is_outlier { tokens.warn } else { tokens.plot }.gamma_multiply(0.55);
    for pair in points.windows(2) {
        let [a, b] = [pair[0], pair[1]];
        if a.y < base || b.y < base {
            ui.painter().add(Shape::convex_polygon(vec![a, b, pos2(b.x, base), pos2(a.x, base)], fill, Stroke::NONE));
        }
    }
    ui.painter().add(Shape::line(points, Stroke::new(1.0, tokens.text)));
}
