//! The hand on the graph's canvas: clicks, drags, the minimap, the clipboard.

use egui::{Key, Modifiers, PointerButton, Pos2, Vec2, vec2};

use super::graph::{blocks, choose_in_graph, select_by_name};
use super::stage::Stage;

/// Presses at one point and lets go at another; between the two the pointer moves there.
fn press_and_release(stage: &mut Stage, from: Pos2, to: Pos2) {
    stage.harness.hover_at(from);
    stage.harness.drag_at(from);
    stage.harness.hover_at(to);
    stage.harness.event(egui::Event::PointerButton { pos: to, button: PointerButton::Primary, pressed: false, modifiers: Modifiers::NONE });
    stage.settle();
}

/// The first click selects the group, the second opens it.
#[test]
fn a_double_click_opens_a_closed_group() {
    let folder = tempfile::tempdir().unwrap();
    let mut stage = Stage::of(blocks(folder.path()));
    choose_in_graph(&mut stage, "Groups");
    let button = stage.labels().into_iter().find(|label| label.starts_with("Open block")).unwrap();
    // Left of its button is the rest of the box.
    let beside = stage.node(&button).rect().left_center() - vec2(20.0, 0.0);
    stage.double_click_at(beside);
    stage.expect(&[&button.replace("Open ", "Close ")]);
    // The selection goes on to the first operation in it.
    let selected = stage.labels().into_iter().find(|label| label.starts_with("Selected: ")).unwrap();
    assert!(selected.contains("relu") && selected.contains("Relu"), "{selected}");
}

#[test]
fn a_double_click_fits_an_operation() {
    let mut stage = Stage::example();
    stage.press(Modifiers::NONE, Key::F);
    stage.finish_motion();
    let before = stage.node("Selected: ").rect();
    stage.double_click_at(before.center());
    stage.finish_motion();
    let after = stage.node("Selected: ").rect();
    assert!(after.width() > before.width() * 1.2, "{before:?}, {after:?}");
    let canvas = stage.node("Graph of 8 operations").rect();
    assert!(after.center().distance(canvas.center()) < 2.0, "{after:?} in {canvas:?}");
}

/// A hand trembles: 3 points at least are still a click; a drag selects nothing and takes the graph along.
#[test]
fn a_small_movement_is_a_click_and_a_larger_one_a_drag() {
    let mut stage = Stage::example();
    stage.press(Modifiers::NONE, Key::F);
    stage.finish_motion();
    let selected = |stage: &Stage| stage.labels().into_iter().find(|label| label.starts_with("Selected: "));
    let first = selected(&stage).unwrap();
    let below = stage.node("Consumer: ").rect().center();
    press_and_release(&mut stage, below, below + vec2(3.0, 0.0));
    assert_ne!(selected(&stage).unwrap(), first);
    let (second, before) = (selected(&stage).unwrap(), stage.node("Selected: ").rect());
    let above = stage.node("Producer: ").rect().center();
    press_and_release(&mut stage, above, above + vec2(12.0, 5.0));
    assert_eq!(selected(&stage).unwrap(), second);
    assert_eq!(stage.node("Selected: ").rect().min - before.min, vec2(12.0, 5.0));
}

#[test]
fn the_minimap_leads_to_where_it_is_dragged() {
    let folder = tempfile::tempdir().unwrap();
    let mut stage = Stage::of(blocks(folder.path()));
    select_by_name(&mut stage, "block.4/tanh");
    stage.press(Modifiers::NONE, Key::F);
    stage.finish_motion();
    stage.expect_none(&["Minimap"]);
    (0..8).for_each(|_| stage.press(Modifiers::NONE, Key::Plus));
    stage.finish_motion();
    let name = stage.labels().into_iter().find(|label| label.starts_with("Selected: ")).unwrap();
    let map = stage.node("Minimap").rect();
    let at = |stage: &Stage| stage.node("Selected: ").rect().center().y;
    let before = at(&stage);
    stage.drag(map.center(), map.center() + vec2(0.0, map.height() * 0.3));
    let below = at(&stage);
    stage.drag(map.center(), map.center() - vec2(0.0, map.height() * 0.3));
    let above = at(&stage);
    assert!(below < before && before < above, "the selection is at {below}, {before}, {above}");
    stage.expect(&[&name]);
}

#[test]
fn a_drag_pans_a_graph_that_runs_right() {
    let mut stage = Stage::example();
    choose_in_graph(&mut stage, "Graph top-down or left to right");
    stage.finish_motion();
    let canvas = stage.node("Graph of 8 operations").rect();
    let before = stage.node("Selected: ").rect();
    let by: Vec2 = vec2(-40.0, 24.0);
    let from = canvas.left_bottom() + vec2(80.0, -30.0);
    stage.drag(from, from + by);
    let after = stage.node("Selected: ").rect();
    assert!((after.min - before.min - by).length() < 1.0, "{before:?}, {after:?}");
    stage.expect(&["Graph of 8 operations, conv1 selected"]);
}

/// What is copied is the part in sight, as the theme has it, at one pixel a point of the layout.
#[test]
fn the_graph_is_copied_as_a_picture() {
    let mut stage = Stage::example();
    stage.press(Modifiers::NONE, Key::F);
    stage.finish_motion();
    choose_in_graph(&mut stage, "Copy graph");
    let whole = stage.copied_image.take().unwrap();
    (0..5).for_each(|_| stage.press(Modifiers::NONE, Key::Plus));
    stage.finish_motion();
    choose_in_graph(&mut stage, "Copy graph");
    let part = stage.copied_image.take().unwrap();
    assert!(part.height() < whole.height(), "{:?}, {:?}", part.size, whole.size);
    for image in [whole, part] {
        let ground = image.pixels[0];
        assert!(ground.r() < 60 && image.pixels.iter().any(|pixel| pixel.r() > 200), "light texts on a dark ground");
    }
}

/// egui draws its glyphs anew for another theme; texts that were laid out before must not be drawn with them.
#[test]
fn texts_in_boxes_stay_legible_when_the_theme_changes() {
    let mut stage = Stage::example();
    let dark = stage.pixels("Graph of 8 operations");
    stage.harness.ctx.set_theme(egui::Theme::Light);
    stage.settle();
    let light = stage.pixels("Graph of 8 operations");
    let arguments = super::stage::example();
    let mut fresh = Stage::with(arguments, vec2(1600.0, 1000.0), egui::Theme::Light);
    let is_alike = |(a, b): (&[u8; 4], &[u8; 4])| a.iter().zip(b).all(|(a, b)| a.abs_diff(*b) <= 2);
    assert!(fresh.pixels("Graph of 8 operations").iter().zip(&light).all(is_alike), "as in a window that was light from the start");
    stage.harness.ctx.set_theme(egui::Theme::Dark);
    stage.settle();
    assert!(stage.pixels("Graph of 8 operations").iter().zip(&dark).all(is_alike), "as before");
}
