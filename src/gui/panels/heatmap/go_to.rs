//! The line in which a person types where to go: an index, a row's number, or the name that a file of
//! the model gives a row.

use egui::{Key, RichText, TextEdit};

use crate::gui::command::Command;
use crate::gui::theme::Tokens;
use crate::gui::views::HeatmapView;
use crate::jobs::Loaded;
use crate::view::View;

pub fn show(ui: &mut egui::Ui, heatmap: &mut HeatmapView, loaded: &Loaded, commands: &mut Vec<Command>) {
    let (Some(mut line), Some(view)) = (heatmap.go_to.take(), heatmap.view.clone()) else { return };
    let mut is_done = false;
    ui.horizontal(|ui| {
        ui.add_space(12.0);
        ui.label(RichText::new("Go to").size(12.0).color(Tokens::of(ui).dim));
        let has_names = !loaded.opened.model.files.is_empty();
        let hint = format!("{}{}", view.names().join(", "), if has_names { ", or a row's number or name" } else { ", or a row's number" });
        let field = ui.add(TextEdit::singleline(&mut line.text).hint_text(hint).desired_width(260.0));
        let field = field.accessible_name("Go to index");
        if !line.has_focus {
            field.request_focus();
            line.has_focus = true;
        }
        if field.changed() {
            line.problem = None;
        }
        if field.lost_focus() {
            if ui.input(|input| input.key_pressed(Key::Enter)) {
                match index(&view, &line.text) {
                    Some(Ok(index)) => {
                        heatmap.go_to_index(&index);
                        is_done = true;
                    }
                    Some(Err(problem)) => {
                        line.problem = Some(problem);
                        line.has_focus = false;
                    }
                    None => {
                        commands.push(Command::SeekName(line.text.trim().to_owned()));
                        is_done = true;
                    }
                }
            } else {
                is_done = true;
            }
        }
        if let Some(problem) = &line.problem {
            ui.label(RichText::new(problem).size(12.0).color(Tokens::of(ui).warn));
        }
    });
    if !is_done {
        heatmap.go_to = Some(line);
    }
}

/// What was typed as an index along every axis. One number is an index along the first axis that has
/// several; as many as there are axes, or such axes, an index along each. `None` where it is no numbers.
fn index(view: &View, text: &str) -> Option<Result<Vec<usize>, String>> {
    let words = text.split(|letter: char| letter == ',' || letter.is_whitespace()).filter(|word| !word.is_empty());
    let numbers: Vec<usize> = words.map(|word| word.parse().ok()).collect::<Option<_>>()?;
    let shape = view.shape();
    let long: Vec<usize> = (0..shape.len()).filter(|axis| shape[*axis] > 1).collect();
    let axes: Vec<usize> = match numbers.len() {
        0 => return None,
        count if count == shape.len() => (0..count).collect(),
        count if count <= long.len() && (count == 1 || count == long.len()) => long[..count].to_vec(),
        _ => return Some(Err(format!("An index here has {} numbers: {}", shape.len(), view.names().join(", ")))),
    };
    // What is not said stays as the sliders have it.
    let mut index: Vec<usize> = (0..shape.len()).map(|axis| view.fixed(axis)).collect();
    for (axis, number) in axes.into_iter().zip(numbers) {
        if number >= shape[axis] {
            return Some(Err(format!("{} has {} indices, from 0 to {}", view.names()[axis], shape[axis], shape[axis] - 1)));
        }
        index[axis] = number;
    }
    Some(Ok(index))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typed_indices() {
        let view = View::default_for(&[8, 1, 3, 4], Some("OHWI"), 1.0);
        let found = |text: &str| index(&view, text).and_then(Result::ok);
        for (text, expected) in [
            ("5", Some(vec![5, 0, 0, 0])),
            ("5, 0, 2, 3", Some(vec![5, 0, 2, 3])),
            ("5 2 3", Some(vec![5, 0, 2, 3])),
            ("9", None),
            ("1, 2", None),
            ("the", None),
            ("", None),
        ] {
            assert_eq!(found(text), expected, "{text}");
        }
        assert!(index(&view, "the").is_none() && matches!(index(&view, "9"), Some(Err(problem)) if problem.contains("O has 8")));
    }
}
