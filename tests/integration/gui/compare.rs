//! Comparisons: two models dropped together, the table of pairs, the pictures, weights against a reference.

use std::path::PathBuf;

use egui::accesskit::Role;
use egui::{Event, Key, Modifiers, Vec2, pos2};
use weightscope::cli::{CompareView, WindowArguments};

use super::stage::{CTRL, Stage, file_of_project};

fn digits(names: [&str; 2]) -> Vec<PathBuf> {
    names.iter().map(|name| file_of_project("assets/example").join(name)).collect()
}

/// The example as floats against its 8-bit form.
fn comparison() -> Stage {
    compare_at(Vec2::new(1600.0, 1000.0))
}

fn compare_at(size: Vec2) -> Stage {
    let models = digits(["digits_f32.tflite", "digits_int8.tflite"]);
    let arguments = WindowArguments { models, compare: Some(CompareView::SideBySide), ..WindowArguments::default() };
    Stage::with(arguments, size, egui::Theme::Light)
}

const PAIR: &str = "conv3 kernel, bad";

#[test]
fn two_files_dropped_together_are_compared() {
    let mut stage = Stage::empty();
    stage.drop_files(&digits(["digits_f32.tflite", "digits_int8.tflite"]));
    assert_eq!(stage.labels_of(Role::Tab), ["digits_f32.tflite ↔ digits_int8.tflite", "digits_f32.tflite", "digits_int8.tflite"]);
    stage.expect(&["Pairs panel: 10 of 10 paired", "A digits_f32.tflite · B digits_int8.tflite · 10 of 10 compared"]);
    // By numpy from the values that LiteRT gives of both models: SQNR 43.358 dB, the worst channel 15 with 0.0 dB,
    // the largest error 0.00185214.
    let rows = stage.rows();
    assert!(rows[0].starts_with(PAIR), "the worst comes first: {rows:#?}");
    for figure in ["SQNR dB 43.4", "worst channel dB 0.0 (ch 15)", "max |e| 0.001852", "codes used 245/256"] {
        assert!(rows[0].contains(figure), "{figure} in {}", rows[0]);
    }
    // And of another layer 47.6197, channel 11 with 45.7165, 0.00336974.
    let other = rows.iter().find(|row| row.starts_with("pointwise2 kernel")).unwrap();
    for figure in ["SQNR dB 47.6", "worst channel dB 45.7 (ch 11)", "max |e| 0.00337"] {
        assert!(other.contains(figure), "{figure} in {other}");
    }
    stage.expect(&[
        "conv3 panel: kernel 32×3×3×24",
        "Heatmap of A, 6912 values",
        "Heatmap of B, 6912 values",
        "Heatmap of the difference, 6912 values",
        "SQNR of 32 channels, worst: 15",
        "Histograms of A and B with ",
        "Error: rounding ",
    ]);
    // Closing it leaves the models.
    stage.press(CTRL, Key::W);
    assert_eq!(stage.labels_of(Role::Tab), ["digits_f32.tflite", "digits_int8.tflite"]);
}

#[test]
fn formats_are_brought_to_one_layout() {
    let mut stage = Stage::empty();
    stage.drop_files(&digits(["digits_f32.tflite", "digits_int8.xml"]));
    stage.expect(&["Pairs panel: 10 of 10 paired", "Heatmap of the difference, 6912 values"]);
    assert!(stage.rows()[0].starts_with("conv3 kernel"), "{:#?}", stage.rows());
}

#[test]
fn a_file_dropped_on_a_model_is_opened_or_compared() {
    let mut stage = Stage::example();
    let file = digits(["digits_int8.tflite", "digits_f32.tflite"]);
    stage.drop_files(&file[..1]);
    stage.expect(&["Open", "Compare with digits_f32.tflite"]);
    stage.click("Compare with digits_f32.tflite");
    stage.expect(&["Pairs panel: 10 of 10 paired"]);
    assert_eq!(stage.labels_of(Role::Tab)[0], "digits_f32.tflite ↔ digits_int8.tflite");

    // Where the pointer is seen first decides: here on the left half.
    stage.click_first("digits_f32.tflite");
    stage.drop_files(&[file_of_project("fixtures/tflite/conv_f32.tflite")]);
    stage.harness.event(Event::PointerMoved(pos2(300.0, 500.0)));
    stage.settle();
    stage.expect(&["conv_f32.tflite · TensorFlow Lite v3"]);
    stage.expect_none(&["Compare with digits"]);
}

#[test]
fn compare_with_offers_the_models_that_are_open() {
    let mut stage = Stage::open(&["assets/example/digits_f32.tflite", "assets/example/digits_int8.tflite"]);
    stage.choose("File", "Compare with…");
    stage.expect(&["Compare digits_int8.tflite with", "Path of the other model"]);
    stage.click_button("digits_f32.tflite");
    stage.expect(&["Pairs panel: 10 of 10 paired"]);
    assert_eq!(stage.labels_of(Role::Tab)[0], "digits_int8.tflite ↔ digits_f32.tflite");
}

#[test]
fn pictures_side_by_side_swiped_and_blinking() {
    let mut stage = comparison();
    let difference = stage.pixels("Heatmap of the difference");
    stage.click("Difference: |B - A|");
    assert!(stage.pixels("Heatmap of the difference") != difference, "the magnitude has other colours");
    let reference = stage.pixels("Heatmap of A");
    let other = stage.pixels("Heatmap of B");
    assert!(reference != other, "B differs where its channels are dead");
    // Held, Shift shows the reference everywhere, Ctrl the other.
    let at = stage.node("Heatmap of B").rect().right_bottom() - egui::vec2(3.0, 3.0);
    stage.harness.hover_at(at);
    stage.harness.event(Event::ModifiersChanged(Modifiers::SHIFT));
    stage.settle();
    assert!(stage.pixels("Heatmap of B") != other, "Shift shows A in B's place");
    stage.expect_none(&["B i8, per channel"]);
    stage.harness.event(Event::ModifiersChanged(CTRL));
    stage.settle();
    stage.expect_none(&["A reference, f32"]);
    stage.harness.event(Event::ModifiersChanged(Modifiers::NONE));
    stage.settle();
    stage.expect(&["A reference, f32", "B i8, per channel"]);

    stage.click("Swipe");
    let rect = stage.node("Heatmap of A").rect();
    stage.expect(&["Swipe between A and B"]);
    let middle = stage.pixels("Heatmap of A");
    stage.drag(rect.center(), pos2(rect.left() + 4.0, rect.center().y));
    assert!(stage.pixels("Heatmap of A") != middle, "B takes the place of A");

    stage.click("Blink");
    stage.expect(&["Blink interval"]);
    stage.click("Difference");
    stage.expect_none(&["Heatmap of A"]);
    stage.expect(&["Heatmap of the difference, 6912 values"]);
}

#[test]
fn the_readout_tells_both_sides() {
    let mut stage = comparison();
    let rect = stage.node("Heatmap of A").rect();
    // The first kernel's first cell is the picture's corner.
    stage.harness.hover_at(pos2(rect.center().x, rect.top() + 1.0));
    stage.settle();
    let readout = stage.labels().into_iter().find(|label| label.starts_with("O 0, ")).unwrap();
    for part in ["A ", "B ", "B-A ", "code B ", "ULPs"] {
        assert!(readout.contains(&format!("  {part}")) || readout.ends_with(part), "{part} in {readout}");
    }
    // A click on a channel's bar leads to its first element.
    stage.click_inside("SQNR of 32 channels", (0.03, 0.5));
    stage.point_nowhere();
    stage.expect(&["O 0, H 0, W 0, I 0   A "]);
}

#[test]
fn pairs_are_filtered_sorted_and_told_by_more_figures() {
    let mut stage = comparison();
    stage.fill("Filter pairs", "worst_channel_sqnr<42");
    let layers = |stage: &Stage| stage.rows().iter().map(|row| row.split(',').next().unwrap_or_default().to_owned()).collect::<Vec<_>>();
    assert_eq!(layers(&stage), ["conv3 kernel", "logits kernel"]);
    stage.fill("Filter pairs", "sqnr<");
    stage.expect(&["after 'sqnr<' a number is missing"]);
    stage.fill("Filter pairs", "bias conv3");
    assert!(layers(&stage).iter().all(|name| *name == "conv3 bias"), "{:?}", layers(&stage));
    stage.fill("Filter pairs", "no such layer");
    stage.click("Clear the filter");
    assert!(stage.rows().len() > 5, "{:?}", stage.rows());

    stage.click("Sort by cosine");
    assert_eq!(layers(&stage)[0], "logits kernel");
    stage.click("Sort by cosine");
    assert!(layers(&stage)[0] != "logits kernel");
    stage.choose("Columns", "Wasserstein-1");
    assert!(stage.rows()[0].contains("Wasserstein-1 "), "{}", stage.rows()[0]);
    assert!(!stage.rows()[0].contains("Wasserstein-1 –"), "it is computed: {}", stage.rows()[0]);
}

#[test]
fn pairs_are_broken_and_made_by_hand() {
    let folder = tempfile::tempdir().unwrap();
    let mut stage = comparison();
    stage.click("Break pair");
    stage.expect(&["Pairs panel: 9 of 10 paired · 1 only in A · 1 only in B"]);
    stage.click("unpaired 2");
    stage.click("Only in A: conv3 kernel, f32 32×3×3×24");
    stage.click("Only in B: conv3 kernel, i8 32×3×3×24");
    stage.click("Make a pair");
    stage.expect(&["Pairs panel: 10 of 10 paired", "quantised · paired by hand · B: conv3"]);

    let file = folder.path().join("pairs.json");
    stage.choose("More", "Save pairs…");
    stage.fill("Path to save to", file.to_str().unwrap());
    stage.click("Save");
    assert!(std::fs::read_to_string(&file).unwrap().contains("conv3"));
    stage.click("Break pair");
    stage.expect(&["Pairs panel: 9 of 10 paired"]);
    stage.choose("More", "Load pairs…");
    stage.fill("Path of the pairs", file.to_str().unwrap());
    stage.click("Load");
    stage.expect(&["Pairs panel: 10 of 10 paired"]);
}

#[test]
fn reports_are_written() {
    let folder = tempfile::tempdir().unwrap();
    let mut stage = comparison();
    for (name, begins) in [("report.html", "<!doctype html>"), ("report.csv", "layer_a,"), ("report.json", "{")] {
        let file = folder.path().join(name);
        stage.click("Save report…");
        stage.fill("Path to save to", file.to_str().unwrap());
        stage.click("Save");
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.starts_with(begins) && text.contains("conv3"), "{name}");
    }
    stage.click("Save report…");
    stage.fill("Path to save to", "report.txt");
    stage.expect(&["The file's name must end in .html, .csv or .json"]);
}

#[test]
fn ticked_layers_are_a_fix_list() {
    let mut stage = comparison();
    stage.click("Tick conv3 kernel for the fix list");
    stage.click("1 ticked");
    stage.expect(&["Copy 1 ticked layer as a fix list for"]);
    stage.click("NNCF IgnoredScope");
    stage.expect(&["1 layer is on the clipboard"]);
}

#[test]
fn two_weights_of_one_model_are_compared() {
    let mut stage = Stage::example();
    stage.click("conv1 kernel, f32, 12×5×5×1");
    stage.press(Modifiers::NONE, Key::R);
    stage.expect(&["conv1 kernel is the reference"]);
    stage.click("conv3 kernel, f32, 32×3×3×24");
    stage.press(Modifiers::SHIFT, Key::R);
    stage.expect(&["Pairs panel: two weights", "Heatmap of A, 300 values", "Heatmap of B, 6912 values"]);
    // What can't be laid beside each other says why, and both are shown.
    stage.expect_none(&["Heatmap of the difference"]);
    stage.expect(&["A has 300 values and B 6912, so they can't be laid beside each other"]);
}

#[test]
fn narrow_windows_keep_everything_within_reach() {
    let mut stage = compare_at(Vec2::new(800.0, 700.0));
    stage.expect(&[PAIR, "Heatmap of A", "Scroll the figures"]);
    stage.click("Channels");
    stage.expect(&["SQNR of 32 channels"]);
    stage.click("Error");
    stage.expect(&["Error: rounding"]);
}

/// At 1600 points all usual figures are in sight, at 1200 they scroll between the names and what a row reads as.
#[test]
fn the_usual_columns_fit_and_the_last_row_is_free() {
    for (size, fits) in [(Vec2::new(1600.0, 1000.0), true), (Vec2::new(1200.0, 800.0), false)] {
        let mut stage = compare_at(size);
        assert_eq!(stage.shows("Scroll the figures"), !fits, "{size}");
        // The panel takes two thirds of the window.
        let reads = stage.node("Sort by reads as").rect();
        assert!(reads.width() > 110.0 && reads.right() < 0.67 * size.x, "{reads:?}");
        if fits {
            for column in ["SQNR dB", "worst channel dB", "kurtosis", "bytes"] {
                let head = stage.node(&format!("Sort by {column}")).rect();
                assert!(head.right() <= reads.left() && head.width() > 30.0, "{column}: {head:?}");
            }
            continue;
        }
        let bar = stage.node("Scroll the figures").rect();
        stage.harness.hover_at(reads.center_bottom() + Vec2::new(0.0, 40.0));
        stage.harness.event(Event::MouseWheel {
            unit: egui::MouseWheelUnit::Point,
            delta: Vec2::new(0.0, -2000.0),
            modifiers: Modifiers::NONE,
            phase: egui::TouchPhase::Move,
            source: egui::MouseWheelSource::Unknown,
        });
        stage.settle();
        let lowest = stage.rows().last().cloned().unwrap();
        let row = stage.node(&lowest).rect();
        assert!(row.bottom() <= bar.top() + 2.5, "{row:?} above {bar:?}");
        // The figures that were out of sight come into it.
        assert!(!stage.shows("Sort by bytes"));
        stage.drag(bar.center(), bar.center() + Vec2::new(600.0, 0.0));
        stage.expect(&["Sort by bytes", "Sort by reads as"]);
    }
}

/// A row selects the operation in both models, an operation its pair; the graph tells where it stands and is coloured by it.
#[test]
fn tables_and_graphs_lead_to_each_other() {
    let mut stage = comparison();
    let row = stage.rows().into_iter().find(|row| row.starts_with("pointwise2 kernel")).unwrap();
    stage.click(&row);
    stage.expect(&["pointwise2 panel: kernel"]);
    for tab in ["digits_f32.tflite", "digits_int8.tflite"] {
        stage.click_first(tab);
        stage.expect(&["Heatmap panel: pointwise2 · kernel"]);
        assert!(stage.labels().iter().any(|label| label.ends_with("pointwise2 selected")), "{tab}");
    }
    stage.click_first("digits_f32.tflite");
    stage.click("conv3 kernel, f32, 32×3×3×24");
    // By numpy: SQNR 43.358 dB, the worst channel 15 with 0.0 dB.
    stage.expect(&["Pair: SQNR 43.4 dB, worst channel 0.0 dB (ch 15)"]);
    stage.choose("Colour: family", "Error of the comparison");
    stage.expect(&["Colour: error"]);
    stage.click("Pair: SQNR 43.4 dB, worst channel 0.0 dB (ch 15)");
    stage.expect(&["conv3 panel: kernel 32×3×3×24", "Heatmap of the difference, 6912 values"]);
    // A comparison that is closed takes its colours along.
    stage.press(CTRL, Key::W);
    stage.expect_none(&["Pair: "]);
    stage.expect(&["Colour: family"]);
}

#[test]
fn context_menus_offer_the_reference() {
    let mut stage = Stage::example();
    let heatmap = stage.node("Heatmap of 300 values").rect();
    stage.secondary_click_at(heatmap.center());
    stage.expect(&["Set as reference", "Compare with reference", "Copy image"]);
    stage.click("Set as reference");
    stage.expect(&["conv1 kernel is the reference"]);
    let graph = stage.node("Graph of 8 operations").rect();
    // The middle of the fourth of ten boxes: an operation with a kernel, pointwise2.
    stage.secondary_click_at(pos2(graph.center().x, graph.top() + 0.35 * graph.height()));
    stage.click("Compare with reference");
    stage.expect(&["Pairs panel: two weights", "Heatmap of A, 300 values"]);
}

/// What is on display is saved: as wide as it is shown, and what it is of is written into the file.
#[test]
fn pictures_are_saved_and_copied() {
    let folder = tempfile::tempdir().unwrap();
    let mut stage = comparison();
    let mut sizes = Vec::new();
    for (mode, colours) in [("Side by side", 3), ("Swipe", 2), ("Difference", 1), ("Blink", 2)] {
        stage.click(mode);
        let file = folder.path().join(format!("{mode}.png"));
        stage.press(CTRL, Key::S);
        stage.fill("Path to save to", file.to_str().unwrap());
        stage.click("Save");
        let bytes = std::fs::read(&file).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        assert_eq!(text.matches("Colours of ").count(), colours, "{mode}");
        for part in ["conv3", "digits_f32.tflite", "digits_int8.tflite", "i8, per channel", "Model A SHA-256"] {
            assert!(text.contains(part), "no {part} in {mode}");
        }
        sizes.push(u32::from_be_bytes([bytes[16], bytes[17], bytes[18], bytes[19]]));
    }
    assert!(sizes[0] > 2 * sizes[2] && sizes[3] > sizes[1] && 2 * sizes[1] > sizes[2], "{sizes:?}");
    stage.click("Side by side");
    stage.click("Image");
    stage.click("Save pictures…");
    stage.click("svg");
    let file = folder.path().join("pair.svg");
    stage.fill("Path to save to", file.to_str().unwrap());
    stage.click("Save");
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(["A reference, f32", "B i8, per channel", "B - A", "conv3 · kernel"].iter().all(|part| text.contains(part)));
    stage.press(CTRL, Key::C);
    stage.expect(&["The picture is on the clipboard"]);
}

/// Gates that one model stacks are rows of their own.
#[test]
fn gates_have_rows_and_pictures() {
    let models = ["gates.tflite", "gates_cell.xml"].map(|name| file_of_project("fixtures/compare").join(name)).to_vec();
    let arguments = WindowArguments { models, compare: Some(CompareView::SideBySide), ..WindowArguments::default() };
    let mut stage = Stage::with(arguments, Vec2::new(1600.0, 1000.0), egui::Theme::Light);
    stage.expect(&["Pairs panel: 12 of 12 paired", "lstm panel: input_kernel.output 16×12", "Heatmap of B, 192 values"]);
    assert!(stage.rows()[0].starts_with("lstm input_kernel.output, "), "{:#?}", stage.rows());
    // The elements of the last of four gates, as they lie in the stack.
    let rect = stage.node("Heatmap of A").rect();
    stage.harness.hover_at(pos2(rect.center().x, rect.top() + 2.0));
    stage.settle();
    assert!(stage.labels().iter().any(|label| label.starts_with("O 0, I ") && label.contains("   B-A ")), "{:#?}", stage.labels());
}
