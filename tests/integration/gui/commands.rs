//! Palette, menus, shortcuts, theme, open models.

use egui::accesskit::Role;
use egui::{Key, Modifiers};
use egui_kittest::kittest::NodeT;
use weightscope::gui::{Action, Settings, ThemeChoice};

use super::stage::{CTRL, CTRL_SHIFT, Stage};

#[test]
fn the_palette_finds_layers_and_actions() {
    let mut stage = Stage::example();
    stage.press(CTRL, Key::K);
    stage.type_text("conv3");
    assert_eq!(stage.rows()[10..], ["conv3 kernel", "conv3 bias", "conv3"]);
    stage.press(Modifiers::NONE, Key::ArrowDown);
    stage.press(Modifiers::NONE, Key::Enter);
    stage.expect(&["Heatmap panel: conv3 · bias"]);

    stage.press(CTRL_SHIFT, Key::P);
    stage.type_text("keyboard shortcuts");
    stage.press(Modifiers::NONE, Key::Enter);
    stage.expect(&["Keyboard shortcuts"]);
    stage.press(Modifiers::NONE, Key::Escape);

    stage.press(CTRL, Key::K);
    stage.type_text("nothing is called this");
    stage.expect(&["Nothing has that name"]);
    stage.press(Modifiers::NONE, Key::Enter);
    stage.press(Modifiers::NONE, Key::Escape);
    stage.expect_none(&["Nothing has that name"]);
    stage.expect(&["Heatmap panel: conv3 · bias"]);
}

/// Ctrl+Shift+O is Ctrl+O too, to egui: the one with more keys must win.
#[test]
fn the_longest_shortcut_wins() {
    let mut stage = Stage::empty();
    stage.press(CTRL_SHIFT, Key::O);
    stage.expect(&["digits_f32.tflite · TensorFlow Lite v3"]);
    stage.press(CTRL_SHIFT, Key::S);
    stage.expect(&["Save numbers"]);
    stage.press(Modifiers::NONE, Key::Escape);
    stage.press(CTRL, Key::S);
    stage.expect(&["Save image"]);
}

#[test]
fn the_list_of_shortcuts_holds_every_one() {
    let mut stage = Stage::example();
    stage.press(CTRL, Key::Slash);
    let labels = stage.labels();
    for action in Action::ALL.iter().filter(|action| !action.shortcuts().is_empty()) {
        assert!(labels.iter().any(|label| label == action.name()), "{action:?} is not listed");
    }
    stage.expect(&["Ctrl+S  Ctrl+Shift+E"]);
    stage.press(Modifiers::NONE, Key::Escape);
    stage.expect_none(&["Keyboard shortcuts"]);
}

#[test]
fn menus_hold_every_action_and_disable_what_cannot_be_done() {
    let mut stage = Stage::empty();
    for menu in ["File", "View", "Go", "Help"] {
        stage.click(menu);
        let names: Vec<_> = Action::ALL.iter().filter(|action| action.menu().name() == menu).map(|action| action.name()).collect();
        stage.expect(&names);
        stage.press(Modifiers::NONE, Key::Escape);
    }
    stage.click("File");
    assert!(stage.node("Close model").accesskit_node().is_disabled());
    assert!(stage.node("Save numbers…").accesskit_node().is_disabled());
    assert!(!stage.node("Quit").accesskit_node().is_disabled());
}

#[test]
fn the_theme_changes_by_button_and_key() {
    let mut stage = Stage::example();
    let is_dark = |stage: &Stage| stage.harness.ctx.global_style().visuals.dark_mode;
    assert!(is_dark(&stage));
    stage.click("Light or dark");
    assert!(!is_dark(&stage));
    stage.press(CTRL, Key::T);
    assert!(is_dark(&stage));
}

#[test]
fn models_stand_as_tabs_and_close() {
    let mut stage = Stage::open(&["assets/example/digits_f32.tflite", "assets/example/digits_int8.xml"]);
    let mut tabs = stage.labels_of(Role::Tab);
    tabs.sort();
    assert_eq!(tabs, ["digits_f32.tflite", "digits_int8.xml"]);
    stage.click("digits_f32.tflite");
    stage.expect(&["digits_f32.tflite · TensorFlow Lite v3"]);
    stage.click("conv3 kernel, f32, 32×3×3×24");
    stage.press(Modifiers::CTRL, Key::Tab);
    stage.expect(&["digits_int8.xml · OpenVINO IR v11"]);
    // Every model remembers what was looked at.
    stage.press(Modifiers::CTRL | Modifiers::SHIFT, Key::Tab);
    stage.expect(&["digits_f32.tflite · TensorFlow Lite v3", "Heatmap panel: conv3 · kernel"]);

    stage.click("Close digits_int8.xml");
    assert_eq!(stage.labels_of(Role::Tab), ["digits_f32.tflite"]);
    stage.press(CTRL, Key::W);
    stage.expect(&["Drop a model here", "RECENT FILES", "Open digits_f32.tflite", "Open digits_int8.xml"]);

    // The list opens what was open; Ctrl+2 its second file.
    let recent: Vec<_> = stage.labels().into_iter().filter(|label| label.starts_with("Open digits_")).collect();
    stage.press(CTRL, Key::Num2);
    assert_eq!(stage.labels_of(Role::Tab), [recent[1].trim_start_matches("Open ")]);
}

#[test]
fn a_model_is_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("model.tflite");
    std::fs::copy(super::stage::file_of_project("fixtures/tflite/conv_f32.tflite"), &file).unwrap();
    let mut stage = Stage::empty();
    stage.drop_files(std::slice::from_ref(&file));
    stage.expect(&["model.tflite · TensorFlow Lite v3"]);
    let before = stage.rows();

    std::fs::copy(super::stage::file_of_project("fixtures/tflite/fully_connected.tflite"), &file).unwrap();
    stage.press(Modifiers::NONE, Key::F5);
    assert_eq!(stage.labels_of(Role::Tab), ["model.tflite"]);
    assert_ne!(stage.rows(), before);

    // The file is gone: one sentence, and the model stays.
    std::fs::remove_file(&file).unwrap();
    let rows = stage.rows();
    stage.press(Modifiers::NONE, Key::F5);
    stage.expect(&["Error"]);
    assert_eq!(stage.rows(), rows);
}

#[test]
fn the_interface_scales() {
    let mut stage = Stage::example();
    stage.press(CTRL, Key::Plus);
    assert!((stage.harness.ctx.zoom_factor() - 1.1).abs() < 1e-6);
    stage.press(CTRL, Key::Num0);
    assert!((stage.harness.ctx.zoom_factor() - 1.0).abs() < 1e-6);
}

/// What the window writes when it closes, it reads when it opens; damage costs only the settings.
#[test]
fn settings_survive_a_restart() {
    let mut settings = Settings { theme: ThemeChoice::Light, wheel_zooms: false, ..Settings::default() };
    settings.remember(&super::stage::file_of_project("assets/example/digits_f32.tflite"));
    settings.save_folder = Some(super::stage::file_of_project("assets"));
    assert_eq!(Settings::from_text(Some(&settings.to_text())), settings);
    assert_eq!(Settings::from_text(Some("{\"theme\":\"Purple\"}")), Settings::default());
}

#[test]
fn the_box_about_the_program() {
    let mut stage = Stage::empty();
    stage.click("Help");
    stage.click("About Weightscope");
    stage.expect(&[&format!("Version {}", env!("CARGO_PKG_VERSION")), "Licensed under MIT or Apache 2.0"]);
    stage.click("Close");
    stage.expect_none(&["Licensed"]);
}
