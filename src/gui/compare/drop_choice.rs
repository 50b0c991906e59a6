//! Where a file goes that is dropped while a model is open: beside it, or into a comparison with it.
//!
//! While files hover, the window system tells no place. So both places are shown, and where the pointer is
//! first seen after the drop decides; where it is not seen, a click or a key does.

use std::path::PathBuf;

use egui::accesskit::Role;
use egui::{Align2, Id, Order, Rect, Sense, Stroke, StrokeKind, WidgetInfo, vec2};

use super::Request;
use crate::gui::command::Command;
use crate::gui::names;
use crate::gui::state::State;
use crate::gui::theme::{self, DARK, LIGHT, Tokens};

/// The two places: left and right.
pub fn places(whole: Rect) -> [Rect; 2] {
    let frame = whole.shrink(24.0);
    let half = vec2((frame.width() - 16.0) / 2.0, frame.height());
    [Rect::from_min_size(frame.min, half), Rect::from_min_size(frame.min + vec2(half.x + 16.0, 0.0), half)]
}

/// What the two places are for.
pub fn texts(state: &State) -> Option<[String; 2]> {
    let name = state.document()?.opened.model.file_name();
    Some(["Open".to_owned(), format!("Compare with {}", names::elide_middle(&name, 40))])
}

/// Paints a place.
pub fn paint(painter: &egui::Painter, tokens: &Tokens, rect: Rect, text: &str, is_hovered: bool) {
    let fill = if is_hovered { tokens.selection } else { tokens.panel };
    painter.rect(rect, 8.0, fill, Stroke::NONE, StrokeKind::Inside);
    let corners = [rect.left_top(), rect.right_top(), rect.right_bottom(), rect.left_bottom(), rect.left_top()];
    painter.extend(egui::Shape::dashed_line(&corners, Stroke::new(2.0, tokens.accent), 10.0, 6.0));
    let galley = painter.layout(text.to_owned(), egui::FontId::new(20.0, theme::semibold()), tokens.text, rect.width() - 32.0);
    painter.galley(Align2::CENTER_CENTER.anchor_size(rect.center(), galley.size()).min, galley, tokens.text);
}

/// What becomes of files that were dropped: one beside an open model waits for the choice, two are compared.
pub fn dropped(state: &mut State, paths: Vec<PathBuf>) -> Option<Command> {
    let is_part = |path: &PathBuf| path.is_dir() || path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("bin"));
    match paths.as_slice() {
        [path] if state.document().is_some() && !is_part(path) => {
            state.versus.dropped = Some(paths);
            None
        }
        [first, second] if !is_part(first) && !is_part(second) => Some(Request::Files { with: None, paths }.into()),
        _ => Some(Command::OpenFiles(paths)),
    }
}

/// The choice after a drop.
pub fn show(ctx: &egui::Context, state: &State, commands: &mut Vec<Command>) {
    let (Some(_), Some(texts)) = (&state.versus.dropped, texts(state)) else { return };
    let tokens = if ctx.global_style().visuals.dark_mode { &DARK } else { &LIGHT };
    let whole = ctx.content_rect();
    let moved_to =
        ctx.input(|input| input.events.iter().find_map(|event| if let egui::Event::PointerMoved(at) = event { Some(*at) } else { None }));
    let mut chosen = None;
    egui::Area::new(Id::unique("drop choice")).order(Order::Foreground).fixed_pos(whole.min).show(ctx, |ui| {
        ui.painter().rect_filled(whole, 0.0, tokens.background.gamma_multiply(0.85));
        for (number, (place, text)) in places(whole).into_iter().zip(texts).enumerate() {
            let response = ui.interact(place, ui.scope_id().with(number), Sense::click());
            response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &text));
            paint(ui.painter(), tokens, place, &text, response.hovered() || response.has_focus());
            if response.clicked() || moved_to.is_some_and(|at| place.contains(at)) {
                chosen = Some(number == 1);
            }
        }
    });
    if ctx.input_mut(|input| input.consume_key(egui::Modifiers::NONE, egui::Key::Escape)) {
        chosen = Some(false);
    }
    if let Some(compare) = chosen {
        commands.push(Request::DropTo { compare }.into());
    }
}
