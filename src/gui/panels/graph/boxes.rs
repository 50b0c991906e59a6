//! Operations as boxes: a block of colour, its type, its name and shapes, its attributes and kernels,
//! by how large it is on the screen.

use std::collections::HashMap;
use std::sync::Arc;

use egui::epaint::{Mesh, RectShape};
use egui::{Color32, CornerRadius, FontId, Galley, Pos2, Rect, Stroke, StrokeKind, pos2, vec2};

use super::canvas::Canvas;
use super::colour::Colours;
use super::scene::{NAME_ZOOM, Pen, Scene, TYPE_ZOOM};
use crate::gui::command::Command;
use crate::gui::state::{Document, Progress};
use crate::gui::theme::{self, Tokens};
use crate::gui::{names, widgets};
use crate::jobs::{Card, DETAIL_SIZE, GraphPicture, OPEN_ROOM, THUMBNAIL_HEIGHT, TITLE_SIZE, alike_text};

/// From this zoom on attributes are listed where a box has room.
const ATTRIBUTES_ZOOM: f64 = 1.5;
/// Texts grow with the zoom up to this scale; from there on there is more of them.
const LARGEST_SCALE: f32 = 1.3;
const SMALLEST_SCALE: f32 = 0.6;
/// Texts are laid out for these zooms, and fit at any other up to the next: fonts of a few sizes, not
/// of any.
const STEPS: [f64; 17] = [TYPE_ZOOM, 0.4, 0.5, NAME_ZOOM, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3, ATTRIBUTES_ZOOM, 1.75, 2.0, 2.5, 3.0];
/// Left of the texts in a box, and right of them, at zoom 1.
const INDENT: f32 = 13.0;
const OUTDENT: f32 = 8.0;
/// Texts that are laid out in one frame at most; of more the rest follows in the next.
const TEXTS_A_FRAME: usize = 160;

/// Draws the box itself, without its texts.
pub fn shape(pen: &mut Pen<'_>, node: u32, mesh: &mut Mesh) {
    let rect = pen.rect(&pen.picture.layout.nodes[node as usize]);
    if pen.zoom < TYPE_ZOOM {
        let side = rect.size().max(vec2(1.5, 1.5));
        mesh.add_colored_rect(Rect::from_min_size(rect.min, side), pen.colours.block(pen.tokens, pen.picture, node));
        return;
    }
    let radius = radius(pen.zoom);
    let outline = Stroke::new(1.0, pen.tokens.line);
    let fill = pen.colours.fill(pen.tokens, pen.picture, node);
    if super::group(pen.picture, node).is_some() {
        // The box behind it says that there is more in this one.
        let behind = rect.translate(vec2(4.0, 4.0) * pen.zoom as f32);
        pen.tessellator.tessellate_rect(&RectShape::new(behind, radius, pen.tokens.raised, outline, StrokeKind::Inside), mesh);
    }
    pen.tessellator.tessellate_rect(&RectShape::new(rect, radius, fill, outline, StrokeKind::Inside), mesh);
    let (edge, corners) = edge(rect, pen.zoom);
    pen.tessellator.tessellate_rect(&RectShape::filled(edge, corners, pen.colours.edge(pen.tokens, pen.picture, node)), mesh);
}

/// Draws a box that is on its way, where it is now.
pub fn on_the_way(ui: &egui::Ui, picture: &GraphPicture, colours: &Colours, node: u32, rect: Rect, zoom: f64) {
    let tokens = Tokens::of(ui);
    let painter = ui.painter();
    if zoom < TYPE_ZOOM {
        painter.rect_filled(rect, 0.0, colours.block(tokens, picture, node));
        return;
    }
    painter.rect(rect, radius(zoom), colours.fill(tokens, picture, node), Stroke::new(1.0, tokens.line), StrokeKind::Inside);
    let (strip, corners) = edge(rect, zoom);
    painter.rect_filled(strip, corners, colours.edge(tokens, picture, node));
}

fn radius(zoom: f64) -> f32 {
    (5.0 * zoom as f32).min(6.0)
}

/// The strip of colour at a box's left.
fn edge(rect: Rect, zoom: f64) -> (Rect, CornerRadius) {
    let corner = radius(zoom) as u8;
    let strip = Rect::from_min_size(rect.min, vec2((4.0 * zoom as f32).clamp(2.0, 4.0), rect.height()));
    (strip, CornerRadius { nw: corner, sw: corner, ne: 0, se: 0 })
}

/// How a box stands out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Emphasis {
    Selected,
    Hovered,
    /// The selection is made from it, or goes into it.
    Neighbour,
}

/// Draws a box once more, over what the scene has of it.
pub fn emphasise(ui: &egui::Ui, picture: &GraphPicture, canvas: &Canvas, node: u32, edge_color: Option<Color32>, emphasis: Emphasis) {
    let tokens = Tokens::of(ui);
    let rect = canvas.rect_on_screen(&picture.layout.nodes[node as usize]);
    if !rect.intersects(canvas.rect) {
        return;
    }
    let painter = ui.painter();
    if canvas.zoom < TYPE_ZOOM {
        let color = if emphasis == Emphasis::Hovered { tokens.text } else { tokens.accent };
        let spot = Rect::from_center_size(rect.center(), rect.size().max(vec2(4.0, 3.0)));
        match emphasis {
            Emphasis::Selected => painter.rect(spot.expand(1.0), 1.0, color, Stroke::new(1.0, tokens.panel), StrokeKind::Outside),
            _ => painter.rect_stroke(spot.expand(1.0), 1.0, Stroke::new(1.0, color), StrokeKind::Outside),
        };
        return;
    }
    let radius = radius(canvas.zoom);
    match emphasis {
        Emphasis::Selected => {
            // What lies in a frame is not covered.
            if let Some(edge_color) = edge_color {
                painter.rect_filled(rect, radius, theme::mix(tokens.raised, tokens.selection, 0.45));
                let (strip, corners) = edge(rect, canvas.zoom);
                painter.rect_filled(strip, corners, edge_color);
            }
            painter.rect_stroke(rect, radius, Stroke::new(1.5, tokens.accent), StrokeKind::Inside);
        }
        Emphasis::Neighbour => {
            let color = theme::mix(tokens.line, tokens.accent, 0.6);
            painter.rect_stroke(rect, radius, Stroke::new(1.0, color), StrokeKind::Inside);
        }
        Emphasis::Hovered => {
            painter.rect_stroke(rect, radius, Stroke::new(1.0, tokens.dim), StrokeKind::Inside);
        }
    }
}

/// The texts of boxes as they were laid out for one scale.
#[derive(Clone, Default)]
pub struct Texts {
    of: Option<Arc<GraphPicture>>,
    /// A letter as egui laid it out in the frame before.
    letter: Option<Arc<Galley>>,
    step: usize,
    pixels_per_point: f32,
    cards: HashMap<u32, CardTexts>,
}

#[derive(Clone)]
struct CardTexts {
    title: Arc<Galley>,
    /// Of a group that is one of several alike, at the right.
    alike: Option<Arc<Galley>>,
    detail: Option<Arc<Galley>>,
    attributes: Vec<Arc<Galley>>,
}

impl Texts {
    /// Forgets all texts if egui has drawn its glyphs anew, as it does when their texture is full or the theme is
    /// another: kept texts would show whatever letters stand in the old places now. Returns whether it has; what
    /// else is kept is then to be forgotten, too. To be asked in every frame: egui keeps one text as long as it is
    /// laid out in each, and makes all of them anew together with the glyphs.
    pub fn forget_stale(&mut self, ui: &egui::Ui) -> bool {
        let letter = ui.painter().layout_no_wrap("a".to_owned(), FontId::proportional(DETAIL_SIZE), Color32::PLACEHOLDER);
        let is_stale = self.letter.as_ref().is_some_and(|known| !Arc::ptr_eq(known, &letter));
        if is_stale {
            self.cards.clear();
        }
        self.letter = Some(letter);
        is_stale
    }

    /// Writes what can be read of the boxes in sight, and shows their kernels.
    pub fn paint(
        &mut self,
        ui: &egui::Ui,
        document: &Document,
        canvas: &Canvas,
        scene: &Scene,
        place: impl Fn(u32) -> Rect,
        commands: &mut Vec<Command>,
    ) {
        let Some(picture) = scene.picture() else { return };
        if canvas.zoom < TYPE_ZOOM {
            return;
        }
        let step = step_of(canvas.zoom);
        let pixels_per_point = ui.ctx().pixels_per_point();
        let is_same = self.of.as_ref().is_some_and(|of| Arc::ptr_eq(of, picture));
        if !is_same || self.step != step || self.pixels_per_point != pixels_per_point || self.cards.len() > 8192 {
            let letter = self.letter.take();
            *self = Self { of: Some(Arc::clone(picture)), letter, step, pixels_per_point, cards: HashMap::new() };
        }
        let mut new = 0;
        for node in &scene.nodes {
            let rect = place(*node);
            if !rect.intersects(canvas.rect) {
                continue;
            }
            let card = &picture.cards[*node as usize];
            if !self.cards.contains_key(node) {
                new += 1;
                if new > TEXTS_A_FRAME {
                    continue;
                }
                let attributes = if canvas.zoom >= ATTRIBUTES_ZOOM { attributes(document, picture, *node) } else { Vec::new() };
                let width = picture.layout.nodes[*node as usize].width as f32;
                self.cards.insert(*node, lay_out(ui, card, &attributes, step, width));
            }
            if let Some(texts) = self.cards.get(node) {
                write(ui, card, texts, rect, canvas.zoom as f32);
            }
            if canvas.zoom >= NAME_ZOOM {
                thumbnail(ui, document, card, rect, canvas.zoom as f32, commands);
            }
        }
        if new > TEXTS_A_FRAME {
            ui.ctx().request_repaint();
        }
    }
}

/// The last step that is not above a zoom.
fn step_of(zoom: f64) -> usize {
    STEPS.partition_point(|step| *step <= zoom).saturating_sub(1)
}

fn scale_of(step: usize) -> f32 {
    (STEPS[step] as f32).clamp(SMALLEST_SCALE, LARGEST_SCALE)
}

fn lay_out(ui: &egui::Ui, card: &Card, attributes: &[String], step: usize, width: f32) -> CardTexts {
    let zoom = STEPS[step] as f32;
    let scale = scale_of(step);
    let room = (width - INDENT - OUTDENT) * zoom;
    let is_named = STEPS[step] >= NAME_ZOOM;
    let small = |text: &str| widgets::fit_text(ui, text, FontId::monospace(DETAIL_SIZE * scale), Color32::PLACEHOLDER, room);
    let alike = card.alike.filter(|_| is_named).map(|alike| small(&alike_text(alike)));
    let title = if is_named || card.kind.is_empty() { card.title() } else { card.kind.clone() };
    let title_room = room - alike.as_ref().map_or(0.0, |alike| alike.size().x + 8.0 * zoom);
    let title = widgets::fit_text(ui, &title, FontId::new(TITLE_SIZE * scale, theme::semibold()), Color32::PLACEHOLDER, title_room);
    let detail_room = if card.shares.is_empty() { room } else { room - OPEN_ROOM as f32 * zoom };
    let font = FontId::monospace(DETAIL_SIZE * scale);
    let detail =
        (is_named && !card.detail.is_empty()).then(|| widgets::fit_text(ui, &card.detail, font, Color32::PLACEHOLDER, detail_room));
    CardTexts { title, alike, detail, attributes: attributes.iter().map(|text| small(text)).collect() }
}

fn write(ui: &egui::Ui, card: &Card, texts: &CardTexts, rect: Rect, zoom: f32) {
    let tokens = Tokens::of(ui);
    let painter = ui.painter();
    // Texts stay at the top of a box when they do not grow with it any more.
    let scale = zoom.min(LARGEST_SCALE);
    let left = rect.left() + INDENT * zoom;
    let line = |y: f32, galley: &Arc<Galley>, color: Color32| {
        painter.galley(pos2(left, y - galley.size().y / 2.0), Arc::clone(galley), color);
    };
    let is_alone = texts.detail.is_none() && texts.attributes.is_empty();
    let title_y = if is_alone && card.thumbnail.is_none() { rect.center().y } else { rect.top() + 17.0 * scale };
    line(title_y, &texts.title, tokens.text);
    if let Some(alike) = &texts.alike {
        let at = pos2(rect.right() - OUTDENT * zoom - alike.size().x, title_y - alike.size().y / 2.0);
        painter.galley(at, Arc::clone(alike), tokens.dim);
    }
    shares(ui, card, rect, zoom);
    let mut y = title_y;
    if let Some(detail) = &texts.detail {
        y += 17.0 * scale;
        line(y, detail, tokens.dim);
    }
    let bottom = rect.bottom() - if card.thumbnail.is_some() { THUMBNAIL_HEIGHT as f32 * zoom } else { 2.0 * zoom };
    for attribute in &texts.attributes {
        y += 16.0 * scale;
        if y + 8.0 * scale > bottom {
            break;
        }
        line(y, attribute, tokens.dim);
    }
}

/// The bar of a group: what part of it each family has.
fn shares(ui: &egui::Ui, card: &Card, rect: Rect, zoom: f32) {
    let tokens = Tokens::of(ui);
    let room = rect.width() - (INDENT + OUTDENT) * zoom;
    let mut left = rect.left() + INDENT * zoom;
    for (family, part) in &card.shares {
        let width = room * part;
        let at = Rect::from_min_size(pos2(left, rect.bottom() - 9.0 * zoom), vec2((width - 1.0).max(0.5), (3.0 * zoom).max(1.0)));
        ui.painter().rect_filled(at, 0.0, tokens.families.of(*family));
        left += width;
    }
}

/// What an operation does with its inputs, a line each.
fn attributes(document: &Document, picture: &GraphPicture, node: u32) -> Vec<String> {
    const LINES: usize = 12;
    let Some(place) = super::operation(picture, node) else { return Vec::new() };
    let operation = document.opened.model.operation(place);
    let text = |value: &serde_json::Value| match value {
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Array(items) => {
            items.iter().map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned)).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    };
    operation.attributes.iter().take(LINES).map(|(key, value)| names::elide_middle(&format!("{key} {}", text(value)), 120)).collect()
}

/// The first kernels of a weight, as lists and heatmap have them.
fn thumbnail(ui: &egui::Ui, document: &Document, card: &Card, rect: Rect, zoom: f32, commands: &mut Vec<Command>) {
    let Some(site) = card.thumbnail else { return };
    match document.glances.get(&site) {
        None | Some(Progress::None) => commands.push(Command::NeedGlance(site)),
        Some(Progress::Ready(_)) => {
            if let Some(texture) = document.thumbnails.get(&site) {
                let size = texture.size_vec2() * zoom / 2.0;
                let top = rect.bottom() - (THUMBNAIL_HEIGHT as f32 - 2.0) * zoom;
                let at = Rect::from_min_size(pos2(rect.left() + INDENT * zoom, top), size);
                ui.painter().image(texture.id(), at, Rect::from_min_max(Pos2::ZERO, pos2(1.0, 1.0)), Color32::WHITE);
            }
        }
        Some(Progress::Loading | Progress::Failed(_)) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_rise_and_each_zoom_has_the_one_below_it() {
        assert!(STEPS.is_sorted());
        for (zoom, step) in [(0.1, TYPE_ZOOM), (0.3, 0.3), (0.549, 0.5), (NAME_ZOOM, 0.55), (1.49, 1.3), (9.0, 3.0)] {
            assert_eq!(STEPS[step_of(zoom)], step, "{zoom}");
        }
        assert_eq!((scale_of(step_of(0.3)), scale_of(step_of(4.0))), (SMALLEST_SCALE, LARGEST_SCALE));
    }
}
