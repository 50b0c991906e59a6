//! "Verify against OpenVINO" and the settings, with the runtime that `script/test` installs; without one
//! these tests are left out, but for what the window then says.

use std::env;
use std::path::PathBuf;

use egui::{Key, Modifiers};

use super::stage::{CTRL, Stage, file_of_project};

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
