//! The output channels of the weight on display: the range and mean of each, or its distribution, to
//! be sorted and to be gone to. Channels that stand out are marked by shape as well as by colour.

mod ranges;
mod ridges;

use std::sync::Arc;

use egui::{Align, Layout, RichText, vec2};

use crate::gui::command::Command;
use crate::gui::names::{self, figure, signed};
use crate::gui::state::{Document, Progress};
use crate::gui::theme::Tokens;
use crate::gui::views::{ChannelSort, ChannelsView};
use crate::gui::{panels, widgets};
use crate::jobs::Loaded;
use crate::stats::{Channel, outlier_channels};

pub fn show(
    ui: &mut egui::Ui,
    document: &Document,
    view: &mut ChannelsView,
    reveal: &mut Option<Vec<usize>>,
    commands: &mut Vec<Command>,
) -> bool {
    let Some(loaded) = document.shown.ready() else {
        let sentence = match document.shown {
            Progress::Loading => "Reading the weight…",
            Progress::Failed(_) => "The values can't be had; the heatmap says why",
            _ => "Select a weight to see its channels",
        };
        return panels::placeholder(ui, document, "Channels", sentence);
    };
    if loaded.is_sampled {
        return panels::placeholder(ui, document, "Channels", "Counting values…");
    }
    let Some((axis, channels)) = loaded.channels.as_ref().filter(|(_, channels)| !channels.is_empty()) else {
        return panels::placeholder(ui, document, "Channels", "The layout of this weight names no output channels");
    };
    prepare(loaded, channels, view);
    let (outliers, dead) = (view.outliers.len(), view.dead.len());
    let count = format!("{} channels", names::thousands(channels.len() as u64));
    let told = format!("{count} · {outliers} outlier{} · {dead} dead", if outliers == 1 { "" } else { "s" });
    let is_dragged = widgets::head_with(ui, "Channels", &[&told, &count], |ui| {
        sort_menu(ui, view);
        for (name, ridges, hint) in [
            ("ridges", true, "The distribution of every channel, a curve each"),
            ("ranges", false, "The least value, the mean and the greatest value of every channel"),
        ] {
            if widgets::toggle(ui, name, view.shows_ridges == ridges).on_hover_text(hint).clicked() {
                view.shows_ridges = ridges;
            }
        }
    });
    let is_marked = outliers + dead > 0;
    let foot = if is_marked { 26.0 } else { 0.0 };
    let area = ui.available_rect_before_wrap();
    let area = area.with_max_y(area.bottom() - foot);
    let clicked = ui
        .scope_builder(egui::UiBuilder::new().max_rect(area), |ui| {
            if view.shows_ridges {
                ridges::show(ui, document, loaded, channels, view, commands)
            } else {
                ranges::show(ui, document, channels, view)
            }
        })
        .inner;
    ui.advance_cursor_after_rect(area);
    let named = if is_marked { links(ui, view) } else { None };
    if let Some(channel) = clicked.or(named) {
        let mut element = vec![0; loaded.shape().len()];
        if let Some(index) = element.get_mut(*axis) {
            *index = channel;
        }
        view.chosen = Some(channel);
        *reveal = Some(element);
    }
    is_dragged
}

/// Sorts and finds what stands out, once for a weight and an order.
fn prepare(loaded: &Arc<Loaded>, channels: &[Channel], view: &mut ChannelsView) {
    let is_same = |(of, sort, descending): &(Arc<Loaded>, ChannelSort, bool)| {
        Arc::ptr_eq(of, loaded) && *sort == view.sort && *descending == view.descending
    };
    if view.ordered_for.as_ref().is_some_and(is_same) {
        return;
    }
    if view.ordered_for.as_ref().is_none_or(|(of, ..)| !Arc::ptr_eq(of, loaded)) {
        view.chosen = None;
        view.window = (0.0, 1.0);
    }
    let mut order: Vec<u32> = (0..channels.len() as u32).collect();
    let key = |channel: u32| {
        let channel = &channels[channel as usize];
        match view.sort {
            ChannelSort::Index => f64::NAN,
            ChannelSort::Width => channel.width(),
            ChannelSort::Norm => channel.norm(),
            ChannelSort::Mean => channel.mean,
        }
    };
    order.sort_by(|a, b| key(*a).total_cmp(&key(*b)));
    if view.descending {
        order.reverse();
    }
    view.order = order;
    let numbered =
        |is_it: &dyn Fn(usize) -> bool| (0..channels.len()).filter(|channel| is_it(*channel)).map(|channel| channel as u32).collect();
    let outliers = outlier_channels(channels);
    view.outliers = numbered(&|channel| outliers[channel]);
    view.dead = numbered(&|channel| channels[channel].is_dead());
    view.ordered_for = Some((Arc::clone(loaded), view.sort, view.descending));
}

fn sort_menu(ui: &mut egui::Ui, view: &mut ChannelsView) {
    const SORTS: [(ChannelSort, &str); 4] = [
        (ChannelSort::Index, "by index"),
        (ChannelSort::Width, "by width"),
        (ChannelSort::Norm, "by norm"),
        (ChannelSort::Mean, "by mean"),
    ];
    let name = SORTS.iter().find(|(sort, _)| *sort == view.sort).map_or("", |(_, name)| name);
    let title = RichText::new(format!("{name} {}", if view.descending { "↓" } else { "↑" })).size(12.0);
    let (response, _) = egui::containers::menu::MenuButton::from_button(egui::Button::new(title).min_size(vec2(0.0, 20.0))).ui(ui, |ui| {
        for (sort, name) in SORTS {
            if ui.selectable_label(view.sort == sort, name).clicked() {
                // The same key again turns the order round; figures begin with the largest.
                view.descending = if view.sort == sort { !view.descending } else { sort != ChannelSort::Index };
                view.sort = sort;
            }
        }
    });
    response.on_hover_text("The order of the channels: index, width of the range, Euclidean norm, mean; the same again turns it round");
}

/// The channels that stand out, each a link to itself.
fn links(ui: &mut egui::Ui, view: &ChannelsView) -> Option<usize> {
    const SHOWN: usize = 12;
    let tokens = Tokens::of(ui);
    let mut clicked = None;
    ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
        ui.add_space(12.0);
        ui.spacing_mut().item_spacing.x = 6.0;
        for (name, color, channels) in [("outliers", tokens.warn, &view.outliers), ("dead", tokens.bad, &view.dead)] {
            if channels.is_empty() {
                continue;
            }
            ui.label(RichText::new(name).size(12.0).color(color));
            for channel in channels.iter().take(SHOWN) {
                if ui.available_width() < 40.0 {
                    break;
                }
                let link = ui.add(egui::Link::new(RichText::new(channel.to_string()).monospace().size(11.5)));
                link.widget_info(|| {
                    egui::WidgetInfo::labeled(
                        egui::accesskit::Role::Link,
                        true,
                        format!("Go to channel {channel}, {}", name.trim_end_matches('s')),
                    )
                });
                if link.on_hover_text(format!("Show channel {channel} in the heatmap")).clicked() {
                    clicked = Some(*channel as usize);
                }
            }
            if channels.len() > SHOWN {
                ui.label(RichText::new(format!("and {} more", channels.len() - SHOWN)).size(12.0).color(tokens.dim));
            }
            ui.add_space(8.0);
        }
    });
    clicked
}

/// All about one channel, for hovering.
fn about(channel: &Channel, index: usize, view: &ChannelsView) -> String {
    let mut text = format!(
        "Channel {index}\n{} to {}\nmean {}, std {}\nnorm {}",
        signed(channel.min),
        signed(channel.max),
        signed(channel.mean),
        figure(channel.std),
        figure(channel.norm())
    );
    if view.outliers.binary_search(&(index as u32)).is_ok() {
        text += "\noutlier: its range leaves Tukey's fences of all channels' ranges";
    }
    if view.dead.binary_search(&(index as u32)).is_ok() {
        text += "\ndead: every value is zero";
    }
    if channel.not_finite > 0 {
        text += &format!("\n{} not finite", names::thousands(channel.not_finite));
    }
    text
}
