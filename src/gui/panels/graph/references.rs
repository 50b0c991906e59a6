//! Edges that would be too long to draw: a label at either end. At the reader it names the maker, and
//! a click walks there; at the maker it says how many read from afar, and lists them.

use egui::accesskit::Role;
use egui::{Color32, FontId, Rect, Response, Sense, WidgetInfo, pos2, vec2};

use super::canvas::Canvas;
use super::scene::NAME_ZOOM;
use crate::gui::command::Command;
use crate::gui::names;
use crate::gui::theme::Tokens;
use crate::jobs::GraphPicture;
use crate::layout::Direction;

/// Labels at one box; of more the rest is in its inspector.
const ROWS: usize = 3;
/// Readers that a list holds.
const LISTED: usize = 200;

pub fn show(ui: &mut egui::Ui, picture: &GraphPicture, canvas: &Canvas, nodes: &[u32], commands: &mut Vec<Command>) {
    if canvas.zoom < NAME_ZOOM || picture.layout.references.is_empty() {
        return;
    }
    for node in nodes {
        let place = canvas.rect_on_screen(&picture.layout.nodes[*node as usize]);
        if !place.expand(40.0).intersects(canvas.rect) {
            continue;
        }
        let into = picture.index.references_into(*node);
        for (row, (from, edge)) in (0u8..).zip(into.iter().take(ROWS)) {
            let name = names::elide_middle(&picture.cards[*from as usize].name, 26);
            let at = Label { place, row, is_above: true, direction: picture.layout.direction };
            let response = at.show(ui, canvas, &format!("← {name}"), ("reference", *edge));
            response.widget_info(|| WidgetInfo::labeled(Role::Link, true, format!("Go to {name}")));
            if response.on_hover_text(format!("Made by {}; show it", picture.cards[*from as usize].name)).clicked() {
                commands.extend(super::select(picture, *from));
            }
        }
        readers(ui, picture, canvas, *node, place, commands);
    }
}

fn readers(ui: &mut egui::Ui, picture: &GraphPicture, canvas: &Canvas, node: u32, place: Rect, commands: &mut Vec<Command>) {
    let readers = picture.index.references_from(node);
    let text = match readers {
        [] => return,
        [(reader, _)] => format!("→ {}", names::elide_middle(&picture.cards[*reader as usize].name, 26)),
        _ => format!("→ {} operations", names::thousands(readers.len() as u64)),
    };
    let at = Label { place, row: 0, is_above: false, direction: picture.layout.direction };
    let response = at.show(ui, canvas, &text, ("readers", node));
    let name = &picture.cards[node as usize].name;
    if let [(reader, _)] = readers {
        let reader_name = &picture.cards[*reader as usize].name;
        response.widget_info(|| WidgetInfo::labeled(Role::Link, true, format!("Go to reader {reader_name}")));
        if response.on_hover_text(format!("Read by {reader_name}; show it")).clicked() {
            commands.extend(super::select(picture, *reader));
        }
        return;
    }
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("{} readers of {name}", readers.len())));
    egui::Popup::menu(&response).show(|ui| {
        egui::ScrollArea::vertical().max_height(320.0).show(ui, |ui| {
            for (reader, _) in readers.iter().take(LISTED) {
                let card = &picture.cards[*reader as usize];
                let text = format!("{} · {}", card.kind, names::elide_middle(&card.name, 48));
                if ui.selectable_label(false, text).clicked() {
                    commands.extend(super::select(picture, *reader));
                    ui.close();
                }
            }
            if readers.len() > LISTED {
                ui.label(format!("and {} more", names::thousands((readers.len() - LISTED) as u64)));
            }
        });
    });
}

/// Where a label is.
struct Label {
    place: Rect,
    row: u8,
    /// On the side where edges come in.
    is_above: bool,
    direction: Direction,
}

impl Label {
    fn show(&self, ui: &mut egui::Ui, canvas: &Canvas, text: &str, salt: impl std::hash::Hash + std::fmt::Debug) -> Response {
        let tokens = Tokens::of(ui);
        // Sizes of a few steps, as all texts of the canvas have.
        let scale = ((canvas.zoom as f32).clamp(0.7, 1.3) * 10.0).floor() / 10.0;
        let galley = ui.painter().layout_no_wrap(text.to_owned(), FontId::proportional(10.5 * scale), Color32::PLACEHOLDER);
        let size = galley.size();
        let step = f32::from(self.row) * (size.y + 1.0);
        let at = match (self.direction, self.is_above) {
            (Direction::Down, true) => pos2(self.place.right() - size.x - 4.0, self.place.top() - step - size.y - 2.0),
            (Direction::Down, false) => pos2(self.place.right() - size.x - 4.0, self.place.bottom() + 2.0),
            (Direction::Right, true) => pos2(self.place.left() + 4.0, self.place.top() - step - size.y - 2.0),
            (Direction::Right, false) => pos2(self.place.right() - size.x - 4.0, self.place.bottom() + 2.0),
        };
        let area = Rect::from_min_size(at, size);
        let response = ui.interact(area, ui.scope_id().with(salt), Sense::click());
        // Lines may run below it.
        ui.painter().rect_filled(area.expand2(vec2(2.0, 0.0)), 2.0, tokens.panel.gamma_multiply(0.85));
        ui.painter().galley(at, galley, tokens.accent);
        if response.hovered() || response.has_focus() {
            ui.painter().hline(area.x_range(), area.bottom(), egui::Stroke::new(1.0, tokens.accent));
        }
        response.on_hover_cursor(egui::CursorIcon::PointingHand)
    }
}
