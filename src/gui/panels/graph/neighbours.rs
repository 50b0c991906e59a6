//! The selected operation, what it reads from and what reads it, without the canvas: links for the
//! keyboard and for screen readers, each of which is said with its type.
//!
//! They take no room and no clicks: the box of the one that has the keyboard is framed in the canvas.

use egui::accesskit::Role;
use egui::{Rect, Sense, Stroke, StrokeKind, WidgetInfo};

use super::canvas::Canvas;
use crate::gui::command::Command;
use crate::gui::theme::Tokens;
use crate::jobs::GraphPicture;

/// Links of each kind.
const LISTED: usize = 24;

pub fn show(ui: &mut egui::Ui, picture: &GraphPicture, canvas: &Canvas, selected: u32, commands: &mut Vec<Command>) {
    let mut links = vec![("Selected", selected)];
    let listed = |nodes: &[(u32, u32)]| {
        let mut seen: Vec<u32> = Vec::new();
        for (node, _) in nodes {
            if seen.len() < LISTED && !seen.contains(node) {
                seen.push(*node);
            }
        }
        seen
    };
    links.extend(listed(picture.index.producers(selected)).into_iter().map(|node| ("Producer", node)));
    links.extend(listed(picture.index.consumers(selected)).into_iter().map(|node| ("Consumer", node)));
    for (what, node) in links {
        let card = &picture.cards[node as usize];
        let rect = canvas.rect_on_screen(&picture.layout.nodes[node as usize]);
        let id = ui.scope_id().with(("neighbour", what, node));
        let response = ui
            .scope(|ui| {
                // Nothing of it can be pointed at.
                ui.set_clip_rect(Rect::NOTHING);
                ui.interact(rect, id, Sense::click())
            })
            .inner;
        response.widget_info(|| {
            let kind = if card.kind.is_empty() { "" } else { &format!(", {}", card.kind) };
            let detail = if card.detail.is_empty() { "" } else { &format!(", {}", card.detail) };
            WidgetInfo::labeled(Role::Link, true, format!("{what}: {}{kind}{detail}", card.name))
        });
        if response.has_focus() {
            let tokens = Tokens::of(ui);
            let shown = rect.expand(3.0).intersect(canvas.rect.shrink(2.0));
            if shown.is_positive() {
                ui.painter().rect_stroke(shown, 6.0, Stroke::new(2.0, tokens.accent), StrokeKind::Inside);
            }
        }
        if response.clicked() {
            commands.extend(super::select(picture, node));
        }
    }
}
