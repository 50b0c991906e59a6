//! The heatmap: reading cells, colours, axes.

use egui::{Key, Modifiers};

use super::stage::{CTRL, CTRL_SHIFT, Stage};

const PICTURE: &str = "Heatmap of 300 values";

/// Pins the cell in the top left corner of the picture.
fn pin_first_cell(stage: &mut Stage, picture: &str) {
    stage.click_inside(picture, (0.5, 0.1));
    stage.point_nowhere();
    stage.press_times(Key::ArrowLeft, 80);
    stage.press_times(Key::ArrowUp, 12);
}

#[test]
fn a_pinned_cell_moves_by_the_arrow_keys_and_is_read_out() {
    let mut stage = Stage::example();
    stage.expect(&["Point at the heatmap"]);
    pin_first_cell(&mut stage, PICTURE);
    // The values are LiteRT's.
    stage.expect(&["O, H, W 0, 0, 0", "value -0.0829"]);
    stage.press(Modifiers::NONE, Key::ArrowRight);
    stage.expect(&["O, H, W 0, 0, 1", "value -0.1845"]);
    stage.press(Modifiers::NONE, Key::ArrowDown);
    stage.expect(&["O, H, W 0, 1, 1", "value -0.1486"]);
    // The arrow keys were the picture's, not the graph's.
    stage.expect(&["Graph of 8 operations, conv1 selected"]);

    // Another weight has no cell pinned.
    stage.press_times(Key::PageDown, 1);
    stage.expect(&["Point at the heatmap"]);
}

#[test]
fn a_quantised_cell_tells_its_code_and_scale() {
    let mut stage = Stage::open(&["assets/example/digits_int8.tflite"]);
    pin_first_cell(&mut stage, PICTURE);
    // Code -23 of LiteRT's tensor; its scale is numpy's float32 0.00367444.
    stage.expect(&["O, H, W 0, 0, 0", "stored code -23", "scale, zero 0.003674, 0", "value -0.08451"]);
}

#[test]
fn the_pointer_reads_the_cell_below_it() {
    let mut stage = Stage::example();
    let rect = stage.node(PICTURE).rect();
    stage.harness.hover_at(rect.center_top() + egui::vec2(0.0, 12.0));
    stage.settle();
    stage.expect(&["O, H, W ", "value ", "percentile "]);
    stage.point_nowhere();
    stage.expect(&["Point at the heatmap"]);
}

#[test]
fn colour_map_range_and_norm_change_the_picture() {
    let mut stage = Stage::example();
    let mut seen = vec![stage.pixels(PICTURE)];
    for (menu, choice) in [
        ("vik", "viridis"),
        ("viridis", "greys"),
        ("greys", "RdBu"),
        ("Full range", "Mean ± 1 std"),
        ("Mean ± 1 std", "2 to 98 %"),
        ("2 to 98 %", "asinh"),
    ] {
        stage.choose(menu, choice);
        let picture = stage.pixels(PICTURE);
        assert!(seen.iter().all(|other| *other != picture), "{choice} looks like something before");
        seen.push(picture);
    }
    stage.expect(&["Graph of 8 operations, conv1 selected"]);
    // The colour map is the person's for every weight; the range is the weight's own.
    stage.click("conv3 kernel, f32, 32×3×3×24");
    stage.expect(&["RdBu", "Full range"]);
}

#[test]
fn limits_by_hand() {
    let mut stage = Stage::example();
    let before = stage.pixels(PICTURE);
    stage.click("Full range");
    stage.fill("Lowest value of the colours", "-0.1");
    stage.fill("Highest value of the colours", "0.1");
    stage.press(Modifiers::NONE, Key::Escape);
    stage.expect(&["Manual"]);
    stage.point_nowhere();
    assert_ne!(stage.pixels(PICTURE), before);
}

#[test]
fn an_axis_goes_where_its_chip_sends_it() {
    let mut stage = Stage::example();
    let before = stage.pixels(PICTURE);
    stage.choose("O 12", "Slider");
    stage.expect(&["O of 12", "Index along O", "Slice"]);
    stage.point_nowhere();
    let first = stage.pixels(PICTURE);
    assert_ne!(first, before);

    // The slider chooses the kernel; its arrow keys move it by one.
    stage.focus_slider("Index along O");
    stage.press_times(Key::ArrowRight, 1);
    let second = stage.pixels(PICTURE);
    assert_ne!(second, first);
    stage.press_times(Key::ArrowLeft, 1);
    assert!(stage.pixels(PICTURE) == first, "the slider leads back");
}

#[test]
fn zoom_and_fit() {
    let mut stage = Stage::example();
    let fitted = stage.pixels(PICTURE);
    let at = stage.node(PICTURE).rect().center();
    stage.harness.hover_at(at);
    stage.harness.event(egui::Event::Zoom(2.0));
    stage.point_nowhere();
    assert_ne!(stage.pixels(PICTURE), fitted);
    stage.press(Modifiers::SHIFT, Key::F);
    stage.point_nowhere();
    assert!(stage.pixels(PICTURE) == fitted, "fitting leads back to the same picture");
}

#[test]
fn numbers_that_are_none_are_told() {
    Stage::open(&["fixtures/tflite/special_values.tflite"]).expect(&["NaN, infinite "]);
}

const LSTM: &str = "lstm input_kernel, f32, 16×3";

#[test]
fn gates_of_a_recurrent_layer_are_shown_one_by_one() {
    let mut stage = Stage::open(&["fixtures/ir/recurrent.xml"]);
    stage.click(LSTM);
    stage.expect(&["Gate: all", "Gate: forget", "Gate: output", "gates forget input cell output", "Heatmap of 48 values"]);
    stage.click("Gate: cell");
    stage.expect(&["Heatmap of 12 values", "figures of cell"]);
    let cell = stage.pixels("Heatmap of 12 values");
    stage.click("Gate: forget");
    stage.expect(&["figures of forget"]);
    assert!(stage.pixels("Heatmap of 12 values") != cell, "another gate looks the same");

    // The other kernel of the layer shows the same gate; another layer none.
    stage.click("lstm recurrent_kernel, f32, 16×4");
    stage.expect(&["figures of forget", "Heatmap of 16 values"]);
    stage.click("Gate: all");
    stage.expect(&["Heatmap of 64 values"]);
    stage.click("gru bias, f32, 16");
    stage.expect(&["Gate: candidate recurrent", "Heatmap of 16 values"]);
}

#[test]
fn what_is_typed_and_looked_for_is_pinned() {
    let mut stage = Stage::example();
    stage.press(CTRL, Key::G);
    stage.type_text("3, 1, 1, 0");
    stage.press(Modifiers::NONE, Key::Enter);
    // LiteRT's tensor at [3, 1, 1, 0], its maximum at [0, 3, 1, 0] and its minimum at [1, 0, 1, 0].
    stage.expect(&["O, H, W 3, 1, 1", "value -0.1654", "layout OHWI 12×5×5×1"]);
    stage.press(CTRL_SHIFT, Key::ArrowUp);
    stage.expect(&["O, H, W 0, 3, 1", "value +0.4667"]);
    stage.press(CTRL_SHIFT, Key::ArrowDown);
    stage.expect(&["O, H, W 1, 0, 1", "value -0.3461"]);
    // In a slice: the slider follows.
    stage.choose("O 12", "Slider");
    stage.press(CTRL_SHIFT, Key::ArrowUp);
    stage.expect(&["O, H, W 0, 3, 1"]);
    // What is not there is said.
    stage.press(CTRL, Key::G);
    stage.type_text("12");
    stage.press(Modifiers::NONE, Key::Enter);
    stage.expect(&["O has 12 indices, from 0 to 11"]);
}

#[test]
fn a_chip_is_dragged_to_another_place() {
    let mut stage = Stage::example();
    let before = stage.pixels(PICTURE);
    let (from, to) = (stage.node("O 12").rect().center(), stage.node("Cell").rect().center());
    // While it is dragged, every place is there; it is dropped on the cells' rows.
    stage.drag(from, to);
    stage.point_nowhere();
    assert_ne!(stage.pixels(PICTURE), before);
    stage.expect_none(&["Rows"]);
    // The next layer of the same axes is laid out so too.
    stage.click("conv3 kernel, f32, 32×3×3×24");
    stage.expect_none(&["Rows"]);
}

#[test]
fn numbers_that_are_none_are_found() {
    let mut stage = Stage::open(&["fixtures/tflite/special_values.tflite"]);
    stage.expect(&["Next of 1 NaN"]);
    // LiteRT's tensor is NaN at [0, 0, 0, 0], +Inf at [0, 0, 0, 1] and -Inf at [0, 0, 1, 0], and nowhere else.
    stage.press(Modifiers::NONE, Key::N);
    stage.expect(&["O, H, W, I 0, 0, 0, 0", "value NaN"]);
    for (index, value) in [("0, 0, 0, 1", "value +Inf"), ("0, 0, 1, 0", "value -Inf"), ("0, 0, 0, 1", "value +Inf")] {
        stage.press(Modifiers::SHIFT, Key::N);
        stage.expect(&[&format!("O, H, W, I {index}"), value]);
    }
    let mut example = Stage::example();
    example.press(Modifiers::NONE, Key::N);
    example.expect(&["There is no NaN"]);
}

#[test]
fn codes_scales_and_orders_are_shown_and_said() {
    let mut stage = Stage::open(&["assets/example/digits_int8.tflite"]);
    let mut seen = vec![stage.pixels(PICTURE)];
    // Each from its menu, whose button says what is shown.
    for (menu, choice, badge) in [
        // First: the largest code of every kernel is the same, so that its own scale changes nothing about codes.
        ("real values", "each kernel on its own scale", "each kernel on its own scale, its largest magnitude is 1"),
        ("real values", "stored codes", "stored codes · each kernel on its own scale, its largest magnitude is 1"),
        (
            "stored codes",
            "saturated codes in blue",
            "stored codes · each kernel on its own scale, its largest magnitude is 1 · saturated codes blue",
        ),
        ("stored codes", "magnitudes", "magnitudes · each kernel on its own scale, its largest magnitude is 1 · saturated codes blue"),
        (
            "O 12",
            "By norm",
            "magnitudes · each kernel on its own scale, its largest magnitude is 1 · O by norm, not in the file's order · saturated codes blue",
        ),
    ] {
        stage.choose_in_menu(menu, choice);
        stage.expect(&[badge]);
        let picture = stage.pixels(PICTURE);
        assert!(seen.iter().all(|other| *other != picture), "{choice} looks like something before");
        seen.push(picture);
    }
    stage.choose("O 12 ↕", "As in the file");
    stage.expect(&["O 12"]);
}

#[test]
fn limits_are_dragged_and_come_back() {
    let mut stage = Stage::example();
    let before = stage.pixels(PICTURE);
    stage.focus_slider("Highest value of the colour bar");
    stage.press_times(Key::ArrowDown, 5);
    stage.expect(&["Manual"]);
    stage.point_nowhere();
    assert_ne!(stage.pixels(PICTURE), before);
    stage.double_click("Colour bar, vik");
    stage.expect(&["Full range"]);
    stage.point_nowhere();
    assert!(stage.pixels(PICTURE) == before, "the weight's own range is back");
}

#[test]
fn values_are_a_table_and_are_copied_with_tabs() {
    let mut stage = Stage::example();
    stage.press(CTRL_SHIFT, Key::T);
    stage.expect(&["Table of 15 rows and 20 columns"]);
    stage.press(CTRL, Key::G);
    stage.type_text("0, 0, 0, 0");
    stage.press(Modifiers::NONE, Key::Enter);
    let table = stage.node("Table of").rect();
    // Indices stand beside the rows and above the columns.
    for (from, to) in [((-40.0, 0.0), (0.0, 80.0)), ((0.0, -18.0), (80.0, 0.0))] {
        let beside = egui::Rect::from_min_max(table.min + egui::Vec2::from(from), table.min + egui::Vec2::from(to));
        let pixels = stage.pixels_of(beside);
        assert!(pixels.iter().any(|pixel| *pixel != pixels[0]), "nothing is written in {beside}");
    }
    let cell = |row: f32, column: f32| table.min + egui::vec2((column + 0.5) * 92.0, (row + 0.5) * 20.0);
    stage.drag(cell(0.0, 0.0), cell(0.0, 2.0));
    stage.harness.event(egui::Event::Copy);
    stage.harness.step();
    let commands = stage.harness.output().platform_output.commands.clone();
    // The first three values of LiteRT's tensor, as float32.
    let copied = commands.iter().any(|command| match command {
        egui::OutputCommand::CopyText(text) => text == "-0.08289729\t-0.18451345\t-0.1332291\n",
        _ => false,
    });
    assert!(copied, "{commands:?}");
    stage.settle();
    stage.press(CTRL_SHIFT, Key::T);
    stage.expect(&[PICTURE]);
}
