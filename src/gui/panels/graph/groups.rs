//! Groups and bodies on the canvas: frames around what is open, and the controls that open and close.

use std::sync::Arc;

use egui::{Color32, FontId, Rect, Stroke, StrokeKind, pos2, vec2};

use super::canvas::Canvas;
use super::scene::TYPE_ZOOM;
use crate::gui::command::{Command, FoldChange};
use crate::gui::state::Document;
use crate::gui::theme::{self, Tokens};
use crate::gui::views::{GraphView, Held};
use crate::gui::widgets::{self, Glyph};
use crate::jobs::{DETAIL_SIZE, GraphPicture, TITLE_SIZE, alike_text};
use crate::layout::{self, FrameOf, Node};
use crate::model::OperationRef;

/// The height of a frame's title at zoom 1, and the least on the screen.
const TITLE_BAND: f32 = 30.0;
const LEAST_BAND: f32 = 16.0;
const BUTTON: f32 = 18.0;

/// Asks for another fold; what is held stays where it is on the screen.
pub fn fold(view: &mut GraphView, held: Held, change: FoldChange, commands: &mut Vec<Command>) {
    view.held = Some(held);
    commands.push(Command::Fold(change));
}

/// Draws the frames in sight, outer ones below inner ones, without their titles. `place_of` tells where each
/// is now.
pub fn frames(ui: &egui::Ui, picture: &GraphPicture, canvas: &Canvas, place_of: impl Fn(usize) -> layout::Rect) {
    let tokens = Tokens::of(ui);
    let part = canvas.visible();
    for (index, place) in (0..picture.layout.frames.len()).map(|index| (index, place_of(index))).filter(|(_, place)| place.touches(&part)) {
        let rect = canvas.rect_on_screen(&place);
        let radius = (8.0 * canvas.zoom as f32).min(8.0);
        ui.painter().rect(rect, radius, ground(tokens, picture, index), Stroke::new(1.0, tokens.line), StrokeKind::Inside);
        let of = picture.drawn.frames[index];
        if let (FrameOf::Operation(_), Some(family)) = (of, picture.frames[index].family) {
            let strip = Rect::from_min_size(rect.min, vec2((4.0 * canvas.zoom as f32).clamp(2.0, 4.0), rect.height()));
            ui.painter().rect_filled(strip, 0.0, tokens.families.of(family));
        }
    }
}

/// Each frame is a little further from the ground than the one around it.
fn ground(tokens: &Tokens, picture: &GraphPicture, index: usize) -> Color32 {
    let frames = &picture.drawn.graph.frames;
    let depth = std::iter::successors(frames[index].parent, |frame| frames[*frame as usize].parent).count();
    if depth.is_multiple_of(2) { theme::mix(tokens.panel, tokens.background, 0.75) } else { tokens.panel }
}

/// Whether titles stay in the room that the layout leaves for them.
pub fn titles_fit(canvas: &Canvas) -> bool {
    TITLE_BAND * canvas.zoom as f32 >= LEAST_BAND
}

/// Writes the titles of the frames in sight; where they fit, over the edges that enter through them.
pub fn titles(ui: &mut egui::Ui, picture: &GraphPicture, view: &mut GraphView, canvas: &Canvas, commands: &mut Vec<Command>) {
    if canvas.zoom < TYPE_ZOOM / 2.0 {
        return;
    }
    let part = canvas.visible();
    for (index, place) in picture.layout.frames.iter().enumerate().filter(|(_, place)| place.touches(&part)) {
        let rect = canvas.rect_on_screen(place);
        if rect.width() > 60.0 && rect.height() > 2.0 * TITLE_BAND * canvas.zoom as f32 {
            title(ui, picture, view, canvas, index, rect, commands);
        }
    }
}

/// The title of a frame, with the button that closes it.
fn title(
    ui: &mut egui::Ui,
    picture: &GraphPicture,
    view: &mut GraphView,
    canvas: &Canvas,
    index: usize,
    rect: Rect,
    commands: &mut Vec<Command>,
) {
    let tokens = Tokens::of(ui);
    let card = &picture.frames[index];
    let zoom = canvas.zoom as f32;
    let scale = ((zoom.clamp(0.6, 1.3)) * 10.0).floor() / 10.0;
    let height = (TITLE_BAND * zoom).max(LEAST_BAND);
    let band = Rect::from_min_size(rect.min, vec2(rect.width(), height)).intersect(canvas.rect);
    if band.height() < 12.0 || band.width() < 40.0 {
        return;
    }
    let left = band.left() + 13.0 * zoom;
    let is_closable = !matches!(picture.drawn.frames[index], FrameOf::Body(_));
    let room = band.right() - left - if is_closable { BUTTON + 12.0 } else { 8.0 };
    let text = widgets::fit_text(ui, &card.title, FontId::new(TITLE_SIZE * scale, theme::semibold()), Color32::PLACEHOLDER, room);
    let used = text.size().x;
    let fill = ground(tokens, picture, index);
    let write = |left: f32, text: Arc<egui::Galley>, color: Color32| {
        let at = Rect::from_min_size(pos2(left, band.center().y - text.size().y / 2.0), text.size());
        ui.painter().rect_filled(at.expand2(vec2(4.0, 1.0)), 0.0, fill);
        ui.painter().galley(at.min, text, color);
    };
    write(left, text, tokens.text);
    if room - used > 80.0 {
        let alike = card.alike.map(|alike| format!(" · {}", alike_text(alike))).unwrap_or_default();
        let detail = format!("{}{alike}", card.detail);
        let detail = widgets::fit_text(ui, &detail, FontId::monospace(DETAIL_SIZE * scale), Color32::PLACEHOLDER, room - used - 12.0);
        write(left + used + 12.0, detail, tokens.dim);
    }
    let (held, change) = match picture.drawn.frames[index] {
        FrameOf::Group(group) => (Held::Group(group), FoldChange::Group(group, false)),
        FrameOf::Operation(operation) => (Held::Operation(operation), FoldChange::Bodies(operation, false)),
        FrameOf::Body(_) => return,
    };
    let button = Rect::from_center_size(pos2(band.right() - BUTTON / 2.0 - 5.0, band.center().y), vec2(BUTTON, BUTTON));
    ui.painter().rect_filled(button, 4.0, fill);
    if widgets::glyph_at(ui, button, Glyph::Minus, &format!("Close {}", card.title), ("close frame", index)).clicked() {
        fold(view, held, change, commands);
    }
}

/// The button on every closed group in sight, and on every operation with bodies.
pub fn boxes(ui: &mut egui::Ui, picture: &GraphPicture, view: &mut GraphView, canvas: &Canvas, nodes: &[u32], commands: &mut Vec<Command>) {
    if canvas.zoom < TYPE_ZOOM {
        return;
    }
    for node in nodes {
        let Some(group) = super::group(picture, *node) else { continue };
        let rect = canvas.rect_on_screen(&picture.layout.nodes[*node as usize]);
        if !rect.intersects(canvas.rect) {
            continue;
        }
        let side = (BUTTON * canvas.zoom as f32).clamp(12.0, BUTTON);
        let at = Rect::from_center_size(
            pos2(rect.right() - side / 2.0 - 6.0, rect.bottom() - side / 2.0 - 10.0 * canvas.zoom as f32),
            vec2(side, side),
        );
        let name = format!("Open {}", picture.cards[*node as usize].name);
        if widgets::glyph_at(ui, at, Glyph::Plus, &name, ("open group", group.graph.0, group.group.0)).clicked() {
            fold(view, Held::Group(group), FoldChange::Group(group, true), commands);
        }
    }
}

/// Opens a closed group, or the bodies of an operation in place; whether there was anything to open.
pub fn open(document: &Document, picture: &GraphPicture, node: u32, view: &mut GraphView, commands: &mut Vec<Command>) -> bool {
    match picture.drawn.nodes.get(node as usize) {
        Some(Node::Group(group)) => fold(view, Held::Group(*group), FoldChange::Group(*group, true), commands),
        Some(Node::Operation(operation)) if !document.opened.model.operation(*operation).graphs.is_empty() => {
            fold(view, Held::Operation(*operation), FoldChange::Bodies(*operation, true), commands);
        }
        _ => return false,
    }
    true
}

/// What can be done with the box below the pointer.
pub fn context_menu(
    response: &egui::Response,
    document: &Document,
    picture: &GraphPicture,
    hovered: Option<u32>,
    view: &mut GraphView,
    commands: &mut Vec<Command>,
) {
    if response.secondary_clicked() {
        view.menu_on = hovered.and_then(|node| picture.drawn.nodes.get(node as usize).copied());
    }
    response.context_menu(|ui| {
        let fold_now = &picture.fold;
        match view.menu_on {
            Some(Node::Group(group)) => {
                if ui.button("Open group").clicked() {
                    fold(view, Held::Group(group), FoldChange::Group(group, true), commands);
                }
                let alike = document.opened.groups(group.graph).get(group.group).map_or(1, |group| group.alike);
                if alike > 1 && ui.button(format!("Open all {alike} alike")).clicked() {
                    fold(view, Held::Group(group), FoldChange::Alike(group, true), commands);
                }
            }
            Some(Node::Operation(at)) => {
                of_operation(ui, document, picture, at, view, commands);
                if let Some(site) = document.main_weight(at.graph, at.operation) {
                    crate::gui::compare::weight_entries(ui, document.number, site, commands);
                }
                // The innermost open group around it.
                let groups = document.opened.groups(at.graph);
                if let Some(group) = groups.of_operation(at.operation).filter(|_| fold_now.is_grouped) {
                    let group = crate::groups::GroupRef { graph: at.graph, group };
                    if ui.button(format!("Close {}", groups.group(group.group).label)).clicked() {
                        fold(view, Held::Group(group), FoldChange::Group(group, false), commands);
                    }
                    let alike = groups.group(group.group).alike;
                    if alike > 1 && ui.button(format!("Close all {alike} alike")).clicked() {
                        fold(view, Held::Group(group), FoldChange::Alike(group, false), commands);
                    }
                }
                if ui.button("Copy name").clicked() {
                    ui.ctx().copy_text(document.opened.model.operation(at).name.clone());
                }
            }
            _ => {}
        }
        super::menu::of_groups(ui, document, picture, view, commands);
    });
}

/// What of an operation can be opened: its bodies, and what prepares its constants.
pub fn of_operation(
    ui: &mut egui::Ui,
    document: &Document,
    picture: &GraphPicture,
    at: OperationRef,
    view: &mut GraphView,
    commands: &mut Vec<Command>,
) {
    let operation = document.opened.model.operation(at);
    let has_open_bodies = picture.fold.bodies.contains(&at);
    if !operation.graphs.is_empty() && !has_open_bodies && ui.button("Open bodies in place").clicked() {
        fold(view, Held::Operation(at), FoldChange::Bodies(at, true), commands);
    }
    let has_chain = !document.opened.catalogue.of_operation(at.graph, at.operation).is_empty();
    let is_shown = picture.fold.chains.contains(&at);
    let words = if is_shown { "Hide what prepares its constants" } else { "Show what prepares its constants" };
    if has_chain && ui.button(words).on_hover_text("The raw chain from the stored constants to the operation").clicked() {
        fold(view, Held::Operation(at), FoldChange::Chains(at, !is_shown), commands);
    }
}
