//! The welcome page, the table of weights, the inspector and the histogram.

use egui::{Key, Modifiers};
use egui_kittest::kittest::{NodeT, Queryable};

use super::stage::{CTRL_SHIFT, Stage};

/// The example's weights as `fixtures/README.md` and its reference file describe them.
const EXAMPLE_ROWS: [&str; 10] = [
    "conv1 kernel, f32, 12×5×5×1",
    "conv1 bias, f32, 12",
    "depthwise2 kernel, f32, 1×3×3×12",
    "depthwise2 bias, f32, 12",
    "pointwise2 kernel, f32, 24×1×1×12",
    "pointwise2 bias, f32, 24",
    "conv3 kernel, f32, 32×3×3×24",
    "conv3 bias, f32, 32",
    "logits kernel, f32, 10×512",
    "logits bias, f32, 10",
];

#[test]
fn the_welcome_page_offers_a_drop_zone_a_dialog_and_the_example() {
    let mut stage = Stage::empty();
    stage.expect(&["Drop a model here", "TensorFlow Lite (.tflite) or OpenVINO IR", "Open…", "Open the example model", "No model open"]);

    stage.click("Open the example model");
    stage.expect_none(&["Drop a model here"]);
    assert_eq!(stage.rows(), EXAMPLE_ROWS);
    stage.expect(&[
        "digits_f32.tflite · TensorFlow Lite v3 · 8 operations · opened in",
        "10 weights · 12,818 parameters · 50.1 KiB",
        "Graph of 8 operations, conv1 selected",
        "Heatmap of 300 values, 12×5×5×1",
        "Histogram with 13 bins",
    ]);
}

#[test]
fn the_inspector_tells_all_about_the_first_convolution() {
    // The figures are numpy's over the values that LiteRT returns.
    Stage::example().expect(&[
        "name conv1",
        "type CONV_2D v1",
        "index 0",
        "padding SAME",
        "stride 1 × 1",
        "fused_activation_function RELU",
        "layout OHWI",
        "stored f32, 1.17 KiB",
        "quantisation none",
        "min -0.3461",
        "max +0.4667",
        "mean +0.04409",
        "std 0.1595",
        "zeros 0 of 300",
        "dead channels 0 of 12",
        "0 image 1×16×16×1",
        "→ conv1 1×16×16×12",
    ]);
}

#[test]
fn a_click_on_a_row_shows_that_weight() {
    let mut stage = Stage::example();
    stage.click("conv3 kernel, f32, 32×3×3×24");
    stage.expect(&[
        "Graph of 8 operations, conv3 selected",
        "Heatmap panel: conv3 · kernel",
        "Heatmap of 6912 values, 32×3×3×24",
        "Histogram panel: 6,912 values · mean -0.01487 · std 0.1027",
        "Histogram with 72 bins",
        "name conv3",
    ]);
    let row = stage.node("conv3 kernel, f32");
    assert_eq!(row.accesskit_node().toggled(), Some(egui::accesskit::Toggled::True));

    // The other weight of the layer, by the chip and by the inspector's link.
    stage.click("bias");
    stage.expect(&["Heatmap panel: conv3 · bias", "Heatmap of 32 values, 32"]);
    stage.click("show kernel");
    stage.expect(&["Heatmap panel: conv3 · kernel"]);
}

/// Every operation between the stored constant and the layer, and what it takes, is a link to itself.
#[test]
fn the_way_of_a_weight_is_a_list_of_links() {
    let mut stage = Stage::open(&["fixtures/ir/weights_int4_asym.xml"]);
    stage.expect(&[
        "from dense_oi/kernel u4 64×2×32",
        "→ Convert f16 64×2×32",
        "zero_point u4 64×2×1",
        "scale f16 64×2×1",
        "→ Reshape f16 64×64",
    ]);
    stage.click("scale f16 64×2×1");
    stage.expect(&["Heatmap of 128 values, 64×2×1", "type Multiply opset1"]);
    stage.press(Modifiers::ALT, Key::ArrowLeft);
    stage.click("→ Subtract f16 64×2×32");
    stage.expect(&["type Subtract opset1"]);
}

#[test]
fn weights_behind_fake_quantize_have_three_readings() {
    let mut stage = Stage::open(&["fixtures/ir/fake_quantize.xml"]);
    stage.expect(&["quantisation fake-quantize", "levels 2", "input low f32 scalar", "min -0.5", "max +0.5"]);
    stage.click("levels");
    stage.expect(&["min 0", "max +1"]);
    stage.click("before");
    stage.expect_none(&["min 0", "min -0.5"]);
    stage.click("effective");
    stage.expect(&["min -0.5", "max +0.5"]);
}

#[test]
fn page_keys_step_through_the_table_and_history_leads_back() {
    let mut stage = Stage::example();
    stage.press_times(Key::PageDown, 2);
    stage.expect(&["Heatmap panel: depthwise2 · kernel"]);
    stage.press_times(Key::PageUp, 1);
    stage.expect(&["Heatmap panel: conv1 · bias"]);
    stage.press_times(Key::PageUp, 5);
    stage.expect(&["Heatmap panel: conv1 · kernel"]);

    stage.press(Modifiers::ALT, Key::ArrowLeft);
    stage.expect(&["Heatmap panel: conv1 · bias"]);
    stage.press(Modifiers::ALT, Key::ArrowLeft);
    stage.expect(&["Heatmap panel: depthwise2 · kernel"]);
    stage.press(Modifiers::ALT, Key::ArrowRight);
    stage.expect(&["Heatmap panel: conv1 · bias"]);
}

#[test]
fn the_filter_narrows_the_table_and_the_empty_table_clears_it() {
    let mut stage = Stage::example();
    stage.press(CTRL_SHIFT, Key::F);
    assert!(stage.harness.get_by_label("Filter weights").is_focused());
    for (text, rows) in [
        ("conv1", &EXAMPLE_ROWS[..2]),
        ("type:depthwise role:bias", &EXAMPLE_ROWS[3..4]),
        (">5k", &[EXAMPLE_ROWS[6], EXAMPLE_ROWS[8]][..]),
        ("shape:3x3 conv3", &EXAMPLE_ROWS[6..7]),
        ("no such layer", &[]),
    ] {
        stage.fill("Filter weights", text);
        assert_eq!(stage.rows(), rows, "{text}");
    }
    stage.expect(&["No weight matches the filter", "0 of 10 weights · 0 parameters · 0 B"]);
    stage.click("Clear the filter");
    assert_eq!(stage.rows(), EXAMPLE_ROWS);

    // Escape empties the field, and the letters typed there are no shortcuts.
    stage.fill("Filter weights", "f");
    stage.press(Modifiers::NONE, Key::Escape);
    assert_eq!(stage.rows(), EXAMPLE_ROWS);
    stage.expect(&["Graph of 8 operations, conv1 selected"]);
}

#[test]
fn only_kernels_on_demand() {
    let mut stage = Stage::example();
    stage.click("all roles");
    assert_eq!(stage.rows(), EXAMPLE_ROWS.iter().copied().step_by(2).collect::<Vec<_>>());
    stage.click("kernels");
    assert_eq!(stage.rows(), EXAMPLE_ROWS);
}

#[test]
fn heads_and_the_menu_sort() {
    let mut stage = Stage::example();
    let names =
        |stage: &Stage| -> Vec<String> { stage.rows().iter().map(|row| row.split(',').next().unwrap_or_default().to_owned()).collect() };
    stage.click("Sort by name");
    assert_eq!(names(&stage)[..3], ["conv1 kernel", "conv1 bias", "conv3 kernel"]);
    stage.click("Sort by name");
    assert_eq!(names(&stage)[0], "pointwise2 bias");
    stage.click("Sort by shape");
    assert_eq!(names(&stage)[..2], ["conv3 kernel", "logits kernel"]);

    stage.click("by size ↓");
    stage.click("by range");
    // From numpy's max - min of each weight.
    assert_eq!(names(&stage)[..5], ["pointwise2 kernel", "depthwise2 kernel", "logits kernel", "conv3 kernel", "conv1 kernel"]);
    stage.click("by range ↓");
    stage.click("file order");
    assert_eq!(stage.rows(), EXAMPLE_ROWS);
}

#[test]
fn the_histogram_counts_by_numpys_rules() {
    let mut stage = Stage::example();
    // numpy.histogram_bin_edges of the first kernel.
    let mut current = "13 bins, auto".to_owned();
    for (rule, bins) in [("sqrt", 18), ("sturges", 10), ("rice", 14), ("doane", 11)] {
        stage.click(&current);
        stage.click(rule);
        stage.expect(&[&format!("Histogram with {bins} bins")]);
        current = format!("{bins} bins, {rule}");
    }
    let before = stage.pixels("Histogram with");
    stage.click("log y");
    stage.point_nowhere();
    assert_ne!(stage.pixels("Histogram with"), before);
}

#[test]
fn quantised_weights_show_their_codes() {
    let mut stage = Stage::open(&["assets/example/digits_int8.tflite"]);
    stage.expect(&["conv1 kernel, i8, 12×5×5×1", "quantisation per-axis", "stored i8, 300 B", "zero point 0"]);
    stage.click("conv1 bias, i32, 12");
    stage.expect(&["Heatmap panel: conv1 · bias"]);
}
