//! What the window writes: the same bytes as the command line's.

use std::path::{Path, PathBuf};
use std::process::Command;

use egui::{Key, Modifiers, Vec2};
use weightscope::cli::WindowArguments;

use super::stage::{CTRL, CTRL_SHIFT, Stage, file_of_project};

const MODEL: &str = "assets/example/digits_f32.tflite";

#[test]
fn a_saved_picture_is_the_command_lines() {
    let folder = tempfile::tempdir().unwrap();
    for (theme, name) in [(egui::Theme::Dark, "dark"), (egui::Theme::Light, "light")] {
        for (layer, role) in [("conv3", "kernel"), ("logits", "kernel"), ("pointwise2", "kernel")] {
            let mut stage = stage(theme, layer);
            let window = folder.path().join(format!("{name}.{layer}.png"));
            save(&mut stage, CTRL, &window);
            let same = heatmap(folder.path(), "png", &["--layer", layer, "--role", role, "--theme", name]);
            assert!(std::fs::read(&window).unwrap() == same, "{layer} in {name}");
        }
    }
}

#[test]
fn what_was_chosen_is_what_is_saved() {
    let folder = tempfile::tempdir().unwrap();
    let mut stage = stage(egui::Theme::Dark, "conv3");
    for (menu, choice) in [("vik", "inferno"), ("Full range", "2 to 98 %"), ("2 to 98 %", "asinh")] {
        stage.choose(menu, choice);
    }
    stage.choose("I 24", "Slider");
    stage.focus_slider("Index along I");
    stage.press_times(Key::ArrowRight, 3);

    let look = ["--layer", "conv3", "--role", "kernel", "--colormap", "inferno", "--range", "2-98%", "--norm", "asinh", "--axis", "I=3"];
    let png = folder.path().join("window.png");
    stage.press(CTRL, Key::S);
    for toggle in ["light", "2×", "picture only"] {
        stage.click(toggle);
    }
    finish_saving(&mut stage, &png);
    let options: Vec<_> = look.iter().copied().chain(["--theme", "light", "--scale", "2", "--bare"]).collect();
    assert!(std::fs::read(&png).unwrap() == heatmap(folder.path(), "png", &options));

    let svg = folder.path().join("window.svg");
    save(&mut stage, CTRL, &svg);
    let options: Vec<_> = look.iter().copied().chain(["--theme", "dark"]).collect();
    assert!(std::fs::read(&svg).unwrap() == heatmap(folder.path(), "svg", &options));
}

#[test]
fn a_gate_on_display_is_what_is_saved() {
    let folder = tempfile::tempdir().unwrap();
    let model = "fixtures/ir/recurrent.xml";
    let mut stage = Stage::open(&[model]);
    stage.click("lstm recurrent_kernel, f32, 16×4");
    for (click, options) in [("Gate: all", &[][..]), ("Gate: cell", &["--gate", "cell"])] {
        stage.click(click);
        let selection = [&["--layer", "lstm", "--role", "recurrent_kernel"], options].concat();
        let png = folder.path().join("window.png");
        save(&mut stage, CTRL, &png);
        let picture = [&selection[..], &["--theme", "dark"]].concat();
        assert!(std::fs::read(&png).unwrap() == run_on(model, folder.path(), "heatmap", "png", &picture), "{click}");
        let npy = folder.path().join("window.npy");
        save(&mut stage, CTRL_SHIFT, &npy);
        assert!(std::fs::read(&npy).unwrap() == run_on(model, folder.path(), "extract", "npy", &selection), "{click}");
    }
}

/// A sequence of kernels is folded to the panel's aspect; `--wrap` asks for the same rows.
#[test]
fn a_folded_picture_is_the_command_lines() {
    let folder = tempfile::tempdir().unwrap();
    let mut stage = stage(egui::Theme::Dark, "conv1");
    let window = folder.path().join("window.png");
    save(&mut stage, CTRL, &window);
    let window = std::fs::read(&window).unwrap();
    let look = ["--layer", "conv1", "--role", "kernel", "--theme", "dark", "--wrap"];
    let is_same = |wrap: &u32| heatmap(folder.path(), "png", &[&look[..], &[&wrap.to_string()]].concat()) == window;
    assert_eq!((1..=12).filter(is_same).count(), 1);
}

#[test]
fn the_histogram_is_the_command_lines() {
    let folder = tempfile::tempdir().unwrap();
    let mut stage = stage(egui::Theme::Dark, "conv3");
    stage.click("log y");
    for extension in ["png", "svg", "csv"] {
        stage.click("File");
        stage.click("Save histogram…");
        let window = folder.path().join(format!("window.{extension}"));
        finish_saving(&mut stage, &window);
        let options = ["--layer", "conv3", "--role", "kernel", "--theme", "dark", "--log"];
        assert!(std::fs::read(&window).unwrap() == run(folder.path(), "histogram", extension, &options), "{extension}");
    }
}

#[test]
fn numbers_are_the_command_lines() {
    let folder = tempfile::tempdir().unwrap();
    let mut stage = stage(egui::Theme::Dark, "conv3");
    let npy = folder.path().join("window.npy");
    save(&mut stage, CTRL_SHIFT, &npy);
    assert!(std::fs::read(&npy).unwrap() == run(folder.path(), "extract", "npy", &["--layer", "conv3", "--role", "kernel"]));

    let turned = folder.path().join("turned.npy");
    stage.press(CTRL_SHIFT, Key::S);
    stage.click("HWIO");
    finish_saving(&mut stage, &turned);
    let options = ["--layer", "conv3", "--role", "kernel", "--layout", "HWIO"];
    assert!(std::fs::read(&turned).unwrap() == run(folder.path(), "extract", "npy", &options));

    let npz = folder.path().join("window.npz");
    stage.press(CTRL_SHIFT, Key::S);
    stage.click("npz");
    stage.click("all weights of the model");
    finish_saving(&mut stage, &npz);
    assert!(std::fs::read(&npz).unwrap() == run(folder.path(), "extract", "npz", &[]));
    assert!(folder.path().join("window.json").exists(), "the manifest lies beside the arrays");
}

#[test]
fn what_cannot_be_saved_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let mut stage = stage(egui::Theme::Dark, "conv3");
    stage.press(CTRL, Key::S);
    stage.fill("Path to save to", "picture.jpeg");
    stage.expect(&["The file's name must end in .png or .svg"]);
    stage.press(Modifiers::NONE, Key::Enter);
    stage.expect(&["Save image"]);

    let existing = folder.path().join("there.png");
    std::fs::write(&existing, "x").unwrap();
    stage.fill("Path to save to", &existing.to_string_lossy());
    stage.expect(&["The file exists and will be replaced"]);
    stage.click("Cancel");
    stage.expect_none(&["Path to save to"]);
    assert_eq!(std::fs::read(&existing).unwrap(), b"x");

    stage.press(CTRL, Key::S);
    stage.fill("Path to save to", &folder.path().join("no such folder/a.png").to_string_lossy());
    stage.press(Modifiers::NONE, Key::Enter);
    stage.expect(&["Error"]);
    stage.expect(&["Heatmap of 6912 values"]);
}

/// Enter in the very frame after Ctrl+S.
#[test]
fn a_fast_hand_saves_too() {
    let folder = tempfile::tempdir().unwrap();
    let mut stage = stage(egui::Theme::Dark, "conv3");
    // The folder that was saved to last is the one that is offered.
    save(&mut stage, CTRL, &folder.path().join("first.png"));
    stage.harness.key_press_modifiers(CTRL, Key::S);
    stage.harness.key_press(Key::Enter);
    stage.settle();
    assert!(folder.path().join("digits_f32.conv3.kernel.png").exists());
}

/// The example's file, a layer shown, in a window of the usual size.
fn stage(theme: egui::Theme, layer: &str) -> Stage {
    let arguments = WindowArguments { models: vec![file_of_project(MODEL)], layer: Some(layer.to_owned()), ..WindowArguments::default() };
    Stage::with(arguments, Vec2::new(1600.0, 1000.0), theme)
}

/// Ctrl+S, the path, Enter; and the notice that says where the file is.
fn save(stage: &mut Stage, modifiers: Modifiers, path: &Path) {
    stage.press(modifiers, Key::S);
    finish_saving(stage, path);
}

fn finish_saving(stage: &mut Stage, path: &Path) {
    stage.fill("Path to save to", &path.to_string_lossy());
    stage.press(Modifiers::NONE, Key::Enter);
    stage.expect(&["Saved "]);
}

fn heatmap(folder: &Path, extension: &str, options: &[&str]) -> Vec<u8> {
    run(folder, "heatmap", extension, options)
}

/// The bytes that the program itself writes.
fn run(folder: &Path, subcommand: &str, extension: &str, options: &[&str]) -> Vec<u8> {
    run_on(MODEL, folder, subcommand, extension, options)
}

fn run_on(model: &str, folder: &Path, subcommand: &str, extension: &str, options: &[&str]) -> Vec<u8> {
    let output: PathBuf = folder.join(format!("program.{extension}"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_weightscope"));
    let ran = command.arg(subcommand).arg(file_of_project(model)).args(options).arg("-o").arg(&output).output().unwrap();
    assert!(ran.status.success(), "{subcommand} {options:?}: {}", String::from_utf8_lossy(&ran.stderr));
    std::fs::read(output).unwrap()
}
