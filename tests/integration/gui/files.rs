//! Opening by drop, and files that cannot be read or read only in part.

use egui::accesskit::Role;
use egui_kittest::kittest::NodeT;

use super::stage::{Stage, file_of_project};

#[test]
fn a_dropped_file_opens() {
    let mut stage = Stage::empty();
    stage.drop_files(&[file_of_project("fixtures/tflite/conv_f32.tflite")]);
    stage.expect(&["conv_f32.tflite · TensorFlow Lite v3", "Heatmap of "]);
    // A second one opens beside it.
    stage.drop_files(&[file_of_project("fixtures/ir/conv_f32.xml")]);
    stage.click("Open");
    assert_eq!(stage.labels_of(Role::Tab), ["conv_f32.tflite", "conv_f32.xml"]);
    stage.expect(&["conv_f32.xml · OpenVINO IR v11"]);
}

#[test]
fn a_pair_with_different_names_dropped_together_is_one_model() {
    let folder = tempfile::tempdir().unwrap();
    let (xml, bin) = (folder.path().join("model.xml"), folder.path().join("weights.bin"));
    std::fs::copy(file_of_project("fixtures/ir/conv_f32.xml"), &xml).unwrap();
    std::fs::copy(file_of_project("fixtures/ir/conv_f32.bin"), &bin).unwrap();
    let mut stage = Stage::empty();
    stage.drop_files(&[bin, xml.clone()]);
    assert_eq!(stage.labels_of(Role::Tab), ["model.xml"]);
    stage.expect(&["Heatmap of 108 values, 4×3×3×3"]);
    stage.expect_none(&["Error"]);

    // Without its other half the same graph opens, without values.
    stage.press(super::stage::CTRL, egui::Key::W);
    stage.drop_files(&[xml]);
    stage.expect(&["Graph of 5 operations, conv1 selected", "The file with the constants is missing"]);
}

#[test]
fn the_bin_of_a_pair_opens_the_model() {
    let mut stage = Stage::empty();
    stage.drop_files(&[file_of_project("fixtures/ir/conv_f32.bin")]);
    assert_eq!(stage.labels_of(Role::Tab), ["conv_f32.xml"]);
}

#[test]
fn a_missing_bin_leaves_the_graph_and_says_why_there_are_no_values() {
    let stage = Stage::open(&["fixtures/ir/no_bin.xml"]);
    stage.expect(&[
        "conv1 kernel, f32, 4×3×3×3",
        "Graph of 4 operations, conv1 selected",
        "The values can't be had; the heatmap says why",
        "stored f32, no bytes",
    ]);
    let why = stage.labels().into_iter().filter(|label| label.to_lowercase().starts_with("the file with the constants is missing"));
    // Once in the heatmap, and in the inspector once for the kernel and once for the bias.
    assert_eq!(why.count(), 3, "{:#?}", stage.labels());
    assert!(stage.node("Save image…").accesskit_node().is_disabled());
}

/// Half a pair is made whole by dropping the other half on it.
#[test]
fn another_bin_gives_a_model_its_values() {
    let folder = tempfile::tempdir().unwrap();
    let (xml, bin) = (folder.path().join("model.xml"), folder.path().join("weights.bin"));
    std::fs::copy(file_of_project("fixtures/ir/conv_f32.xml"), &xml).unwrap();
    std::fs::copy(file_of_project("fixtures/ir/conv_f32.bin"), &bin).unwrap();
    let mut stage = Stage::empty();
    stage.drop_files(&[xml]);
    stage.expect(&["The file with the constants is missing", "Choose the .bin…"]);
    stage.drop_files(&[bin]);
    assert_eq!(stage.labels_of(Role::Tab), ["model.xml"]);
    stage.expect(&["Heatmap of 108 values, 4×3×3×3"]);
    stage.expect_none(&["The file with the constants is missing", "Choose the .bin…"]);

    // Reading the model again keeps the choice.
    stage.press(egui::Modifiers::NONE, egui::Key::F5);
    stage.expect(&["Heatmap of 108 values, 4×3×3×3"]);
}

#[test]
fn what_cannot_be_read_is_one_sentence_and_the_rest_goes_on() {
    for (file, sentence) in [
        ("fixtures/hostile/random.tflite", "The file is of no model format that is known here"),
        ("fixtures/hostile/lfs_pointer.tflite", "The file is a git-lfs pointer"),
        ("fixtures/hostile/empty.tflite", "The file is empty"),
        ("fixtures/hostile/no_such_file.tflite", "Can't read the file"),
    ] {
        let mut stage = Stage::open(&["assets/example/digits_f32.tflite", file]);
        assert_eq!(stage.labels_of(Role::Tab), ["digits_f32.tflite"], "{file}");
        stage.expect(&["Error", sentence, "Heatmap of 300 values"]);
        stage.click("Dismiss");
        stage.expect_none(&["Error", sentence]);
        stage.click("conv3 kernel, f32, 32×3×3×24");
        stage.expect(&["Heatmap of 6912 values"]);
    }
}

/// Whatever a file holds, the window shows it or says why not, and goes on.
#[test]
fn no_fixture_stops_the_window() {
    let mut files: Vec<_> = ["fixtures/hostile", "fixtures/ir", "fixtures/tflite"]
        .iter()
        .flat_map(|folder| std::fs::read_dir(file_of_project(folder)).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "tflite" || extension == "xml"))
        .collect();
    files.sort();
    assert!(files.len() > 100, "only {} files", files.len());
    let mut stage = Stage::empty();
    // Names of any bytes: a box stands for what no font can draw.
    stage.harness.ctx.set_missing_glyph_policy(egui::MissingGlyphPolicy::Tofu);
    for file in files {
        stage.drop_files(std::slice::from_ref(&file));
        let tabs = stage.labels_of(Role::Tab).len();
        assert!(tabs == 1 || stage.shows("Error"), "{}: neither open nor refused", file.display());
        // Everything that can be said of the selected and of the whole model was drawn by now.
        stage.press(egui::Modifiers::NONE, egui::Key::Escape);
        for _ in 0..tabs {
            stage.press(super::stage::CTRL, egui::Key::W);
        }
        while stage.shows("Dismiss") {
            stage.click_first("Dismiss");
        }
    }
}

#[test]
fn models_without_weights_or_operations() {
    let stage = Stage::open(&["fixtures/tflite/zero_graphs.tflite"]);
    stage.expect(&["This model has no weights", "This graph has no operations", "graphs 1", "the file holds no graph"]);
}

#[test]
fn a_file_behind_a_model_is_shown_searched_and_saved() {
    let mut stage = Stage::open(&["fixtures/container/metadata.tflite"]);
    stage.press(egui::Modifiers::NONE, egui::Key::Escape);
    stage.expect(&["labels.txt labels, ", "vocab.txt vocabulary, ", "TFLITE_METADATA/name Fixture classifier"]);
    stage.click("labels.txt labels, 66 B");
    stage.expect(&["labels · ", "Classes of the output.", "class 1: żółw", "4 lines"]);
    stage.type_text("DOG");
    stage.expect(&["1 of 4 lines", "class 3: dog"]);
    stage.expect_none(&["class 1: żółw"]);

    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("saved.txt");
    stage.click("Save…");
    stage.expect(&["Save file"]);
    stage.fill("Path to save to", target.to_str().unwrap());
    stage.click("Save");
    stage.expect(&["Saved "]);
    assert!(std::fs::read_to_string(&target).unwrap().ends_with("class 3: dog\n"));
}

#[test]
fn each_model_of_a_bundle_is_a_tab_of_its_own() {
    let mut stage = Stage::open(&["fixtures/container/two.task"]);
    assert_eq!(stage.labels_of(Role::Tab), ["two.task > encoder.tflite", "two.task > nested > decoder.tflite"]);
    stage.expect_none(&["Error"]);
    stage.press(super::stage::CTRL, egui::Key::W);
    stage.press(super::stage::CTRL, egui::Key::W);
    // What is remembered opens again, by itself.
    stage.click("Open encoder.tflite");
    assert_eq!(stage.labels_of(Role::Tab), ["two.task > encoder.tflite"]);
}

#[test]
fn signatures_lead_to_their_graphs() {
    let mut stage = Stage::open(&["fixtures/tflite/signatures.tflite"]);
    stage.press(egui::Modifiers::NONE, egui::Key::Escape);
    stage.expect(&["SIGNATURE", "key serving_default", "key encode", "tokens f32 1×4", "→ encoded f32 1×5"]);
    stage.click("graph encode");
    stage.expect(&["Graph of 2 operations"]);
}

#[test]
fn a_file_of_weights_alone_is_a_list_in_groups() {
    let stage = Stage::open(&["fixtures/tflite/weights_only.tflite"]);
    assert!(!stage.rows().is_empty());
    stage.expect(&["TENSOR", "No operation reads this constant"]);
}

/// What a converter kept of the sources is shown whole: the end of a location says as much as its beginning.
#[test]
fn an_operation_says_where_it_comes_from() {
    let stage = Stage::open(&["fixtures/container/debug_metadata.tflite"]);
    stage.expect(&[
        "DEBUG METADATA",
        r#"fused["tfl.mul", "jit(relu)/jit(main)/max"(callsite("<ipython-input-7>":1:4 at "interactiveshell.py":3066:16))]"#,
    ]);
    stage.expect_none(&["debug_metadata:"]);
}
