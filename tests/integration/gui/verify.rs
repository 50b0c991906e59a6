//! "Verify against OpenVINO", "Profile on OpenVINO" and the settings, with the runtime that `script/test` installs; without one
//! these tests are left out, but for what the window then says.

use std::env;
use std::path::PathBuf;

use egui::{Key, Modifiers};
use weightscope::cli::WindowArguments;

use super::stage::{CTRL, Stage, file_of_project};
use crate::verify::einsum_model;

/// A window with a model, whose helper is the program that was built: the test itself is none.
fn stage(file: &str) -> Stage {
    let mut stage = Stage::open(&[file]);
    stage.harness.state_mut().set_helper(PathBuf::from(env!("CARGO_BIN_EXE_weightscope")));
    stage
}

fn has_runtime() -> bool {
    env::var_os("WEIGHTSCOPE_OPENVINO").is_some()
}

#[test]
fn a_model_is_compared_and_a_row_leads_to_its_layer() {
    if !has_runtime() {
        return;
    }
    let mut stage = stage("assets/example/digits_int8.xml");
    stage.choose("File", "Verify against OpenVINO…");
    stage.expect(&["48 of 48 constants equal to OpenVINO", "conv1 kernel: equal"]);
    // By name, then turned round: the last layer's row is in sight only then.
    stage.click("Sort by layer");
    stage.click("Sort by layer");
    stage.click_first("to_nhwc axes: equal");
    stage.expect_none(&["48 of 48 constants equal"]);
    stage.choose("File", "Verify against OpenVINO…");
    stage.click_first("conv1 kernel: equal");
    stage.expect(&["Heatmap panel: conv1 · kernel"]);
    // The inspector knows it too.
    assert!(stage.labels().iter().any(|label| label.starts_with("OpenVINO 2") && label.ends_with(" equal")), "{:#?}", stage.labels());
}

/// A TensorFlow Lite model is compared twice, and a column tells what the frontend keeps.
#[test]
fn what_the_frontend_keeps_has_a_column() {
    if !has_runtime() {
        return;
    }
    let mut stage = stage("assets/example/digits_f32.tflite");
    stage.choose("File", "Verify against OpenVINO…");
    stage.expect(&["11 of 11 constants equal to OpenVINO", "conv3 kernel: equal; in the frontend's model: equal"]);
    let labels = stage.labels();
    assert!(labels.iter().any(|label| label.contains("11 are the same in the model that it reads, 0 different")), "{labels:#?}");
    stage.click("Sort by in the frontend's model");
    stage.click_first("logits bias: equal; in the frontend's model: equal");
    stage.expect(&["Heatmap panel: logits · bias"]);
}

#[test]
fn settings_say_which_runtime_is_found() {
    let mut stage = stage("assets/example/digits_int8.xml");
    stage.press(CTRL, Key::Comma);
    stage.expect(&["Settings", "Place of the OpenVINO runtime"]);
    let nowhere = file_of_project("fixtures").display().to_string();
    stage.type_text(&nowhere);
    stage.expect(&["There is no OpenVINO runtime at this place"]);
    stage.press(Modifiers::NONE, Key::Escape);
    // What is compared is what the settings name.
    stage.choose("File", "Verify against OpenVINO…");
    stage.expect(&["There is no OpenVINO runtime at this place", "Compare again"]);
    stage.press(Modifiers::NONE, Key::Escape);
    if has_runtime() {
        stage.press(CTRL, Key::Comma);
        stage.press(CTRL, Key::A);
        stage.press(Modifiers::NONE, Key::Delete);
        stage.expect(&["Found OpenVINO 2"]);
    }
}

#[test]
fn a_model_is_profiled_and_its_operations_know_their_kernels() {
    if !has_runtime() {
        return;
    }
    let mut stage = stage("assets/example/digits_int8.xml");
    stage.expect_none(&["Sort by kernel"]);
    stage.choose("File", "Profile on OpenVINO…");
    stage.expect(&["OpenVINO 2026", "Sort by time, µs", "Sort by share"]);
    let labels = stage.labels();
    assert!(labels.iter().any(|label| label.contains("compiled the model for the CPU") && label.contains("inferences")), "{labels:#?}");
    // The slowest first; whatever it is, a convolution's row leads to its operation.
    stage.click("Sort by time, µs");
    let rows = stage.labels();
    let row = rows.iter().find(|label| label.contains(": Convolution ")).unwrap().clone();
    stage.click_first(&row);
    stage.expect_none(&["Profile on OpenVINO…", "Run again"]);
    stage.expect(&["layer Convolution", "computes in "]);
    assert!(
        stage.labels().iter().any(|label| label.to_lowercase().starts_with("openvino 2") && label.to_lowercase().ends_with("on the cpu"))
    );
    stage.expect(&["Sort by CPU, µs"]);
}

/// A weight behind an operation that is not evaluated here: the settings say who computes it.
#[test]
fn what_is_not_evaluated_here_is_computed_by_the_runtime_and_says_so() {
    if !has_runtime() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let model = einsum_model(folder.path());
    let arguments = WindowArguments { models: vec![model], ..WindowArguments::default() };
    let mut stage = Stage::with(arguments, egui::vec2(1600.0, 1000.0), egui::Theme::Dark);
    // Read again, since what the first reading started in the helper's place is this test.
    stage.harness.state_mut().set_helper(PathBuf::from(env!("CARGO_BIN_EXE_weightscope")));
    stage.press(Modifiers::NONE, Key::F5);
    stage.expect(&["Heatmap panel: dense · kernel", "computed by OpenVINO 2", "max +18.5"]);
}
