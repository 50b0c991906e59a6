//! The graph of operations: selecting, walking, bodies.

use egui::{Key, Modifiers};

use super::stage::{CTRL, Stage};

#[test]
fn arrow_keys_walk_along_the_edges() {
    let mut stage = Stage::example();
    for (key, operation) in [
        (Key::ArrowDown, "depthwise2"),
        (Key::ArrowDown, "pointwise2"),
        (Key::ArrowDown, "pool2"),
        (Key::ArrowDown, "conv3"),
        (Key::ArrowUp, "pool2"),
        // Nothing stands beside it.
        (Key::ArrowLeft, "pool2"),
        (Key::ArrowRight, "pool2"),
    ] {
        stage.press(Modifiers::NONE, key);
        stage.expect(&[&format!("Graph of 8 operations, {operation} selected")]);
    }
    stage.expect(&["This operation has no weights", "type MAX_POOL_2D"]);
    stage.press_times(Key::ArrowUp, 9);
    stage.expect(&["Graph of 8 operations, conv1 selected", "Heatmap panel: conv1 · kernel"]);
}

#[test]
fn escape_deselects_and_the_inspector_tells_about_the_model() {
    let mut stage = Stage::example();
    stage.press(Modifiers::NONE, Key::Escape);
    stage.expect(&["file digits_f32.tflite", "format TensorFlow Lite v3", "made by TensorFlow 2.21.0", "operations 8"]);
    assert!(stage.shows("Graph of 8 operations") && !stage.shows("Graph of 8 operations,"));
}

/// A menu takes Escape for itself: what was selected stays.
#[test]
fn escape_closes_an_open_menu_first() {
    let mut stage = Stage::example();
    stage.click("vik");
    stage.expect(&["viridis"]);
    stage.press(Modifiers::NONE, Key::Escape);
    stage.expect_none(&["viridis"]);
    stage.expect(&["Graph of 8 operations, conv1 selected"]);
}

#[test]
fn a_click_selects_and_a_click_beside_deselects() {
    let mut stage = Stage::example();
    stage.press(Modifiers::NONE, Key::Escape);
    // The fitted graph is one column of ten boxes: the middle of the fourth is an operation.
    stage.click_inside("Graph of 8 operations", (0.5, 0.35));
    assert!(stage.shows("Graph of 8 operations, "));
    stage.click_inside("Graph of 8 operations", (0.02, 0.98));
    assert!(!stage.shows("Graph of 8 operations, "));
}

#[test]
fn zoom_and_fit_change_what_is_seen() {
    let mut stage = Stage::example();
    stage.press(Modifiers::NONE, Key::F);
    let fitted = stage.pixels("Graph of 8 operations");
    stage.press(Modifiers::NONE, Key::Plus);
    assert_ne!(stage.pixels("Graph of 8 operations"), fitted);
    stage.click("Fit");
    stage.point_nowhere();
    assert!(stage.pixels("Graph of 8 operations") == fitted, "fitting leads back to the same sight");
}

#[test]
fn bodies_open_and_lead_back() {
    let mut stage = Stage::open(&["fixtures/ir/bodies.xml"]);
    // The first kernel of the model lies in the loop's body, which is shown at once.
    stage.expect(&["Graph panel: loop/body › body_dense", "4 graphs"]);
    stage.click("Main graph");
    stage.expect(&["Graph panel: main"]);
    stage.expect_none(&["Main graph"]);

    stage.click("4 graphs");
    stage.click("loop/body › choice/then_body");
    stage.expect(&["Graph panel: choice/then_body"]);
    stage.click("then_dense bias, f32, 1×4");
    stage.expect(&["Graph panel: choice/then_body › then_dense", "Heatmap panel: then_dense · bias"]);
}

#[test]
fn enter_opens_the_body_of_the_selected_operation() {
    let mut stage = Stage::open(&["fixtures/tflite/two_subgraphs.tflite"]);
    select_by_name(&mut stage, "choice");
    stage.expect(&["Graph of 1 operation, choice selected", "Open body then_branch", "Open body else_branch"]);
    stage.press(Modifiers::NONE, Key::Enter);
    stage.expect(&["Graph panel: then_branch"]);
    select_by_name(&mut stage, "choice");
    stage.click("Open body else_branch");
    stage.expect(&["Graph panel: else_branch"]);
}

/// Selects an operation through the palette.
fn select_by_name(stage: &mut Stage, name: &str) {
    stage.press(CTRL, Key::K);
    stage.type_text(name);
    stage.press(Modifiers::NONE, Key::Enter);
}
