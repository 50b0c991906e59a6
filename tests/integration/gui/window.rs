//! The real program in a real window on a virtual display: files come from another program by drag
//! and drop, keys from a keyboard.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use super::stage::file_of_project;
use crate::program;
use crate::support::person::{Area, CONTROL, ENTER, Person, TAB};
use crate::support::xdnd;
use crate::support::xvfb::Xvfb;

const MODEL: &str = "assets/example/digits_f32.tflite";

/// Where the graph and the picture of the heatmap stand in a window of 1400 by 900.
const GRAPH: Area = Area { x: 390, y: 90, width: 300, height: 740 };
const HEATMAP: Area = Area { x: 770, y: 130, width: 250, height: 400 };

/// The left end of a dialog's text field, which is framed in the accent colour of the dark theme
/// (design.md) once it has the keyboard.
const DIALOG: Area = Area { x: 394, y: 380, width: 46, height: 120 };
const ACCENT: u32 = 0x5a_a9_e6;

/// The whole job: drop a model, see its graph and its kernels, save the picture.
#[test]
fn a_dropped_model_shows_its_graph_and_saves_its_heatmap() {
    let window = Window::open(&["--layer", "conv3", "--theme", "dark"]);
    let person = window.person("Weightscope");
    let before = person.await_sight(GRAPH, is_drawn).unwrap();

    xdnd::drop_files(window.display(), "Weightscope", (600, 400), &[file_of_project(MODEL)]).unwrap();
    person.await_title("digits_f32.tflite – Weightscope").unwrap();
    person.await_sight(GRAPH, |graph| graph != before && colours(graph) > 40).unwrap();
    // The heatmap has as many colours as its map, nearly.
    person.await_sight(HEATMAP, |picture| colours(picture) > 100).unwrap();

    person.press(&[CONTROL], u32::from('s')).unwrap();
    person.await_sight(DIALOG, |dialog| dialog.contains(&ACCENT)).unwrap();
    person.press(&[], ENTER).unwrap();
    let saved = window.folder().join("digits_f32.conv3.kernel.png");
    person.await_that("no picture was saved", || Ok(saved.exists().then_some(()))).unwrap();

    let same = window.folder().join("program.png");
    let model = file_of_project(MODEL);
    let words = ["--layer", "conv3", "--theme", "dark", "-o"];
    let run = program::weightscope([Path::new("heatmap"), &model].into_iter().chain(words.map(Path::new)).chain([same.as_path()]));
    assert_eq!(run.status, Some(0), "{}", run.err);
    assert!(std::fs::read(&saved).unwrap() == std::fs::read(&same).unwrap(), "the two pictures are the same bytes");
}

#[test]
fn two_dropped_models_are_compared() {
    let window = Window::open(&[]);
    let person = window.person("Weightscope");
    person.await_sight(GRAPH, is_drawn).unwrap();
    let names = ["digits_f32.tflite", "digits_int8.xml"];
    let files: Vec<PathBuf> = names.iter().map(|name| file_of_project("assets/example").join(name)).collect();
    xdnd::drop_files(window.display(), "Weightscope", (700, 300), &files).unwrap();
    // The window system tells of one file after the other: which of them is A is its affair.
    let seen = person.await_that("the two are not compared", || {
        let title = person.title()?;
        Ok((title.contains('↔') && names.iter().all(|name| title.contains(name))).then_some(()))
    });
    seen.unwrap();
    // The models have tabs of their own beside it.
    person.press(&[CONTROL], TAB).unwrap();
    let seen = person.await_that("no model is shown", || Ok((!person.title()?.contains('↔')).then_some(())));
    seen.unwrap();
}

/// Where no portal answers, Ctrl+O asks for the path in the window.
#[test]
fn the_open_dialog_has_a_field_where_the_system_has_none() {
    let window = Window::open(&["--theme", "dark"]);
    std::fs::copy(file_of_project(MODEL), window.folder().join("model.tflite")).unwrap();
    let person = window.person("Weightscope");
    person.await_sight(HEATMAP, is_drawn).unwrap();
    person.press(&[CONTROL], u32::from('o')).unwrap();
    person.await_sight(DIALOG, |dialog| dialog.contains(&ACCENT)).unwrap();
    person.type_text("model.tflite").unwrap();
    person.press(&[], ENTER).unwrap();
    person.await_title("model.tflite – Weightscope").unwrap();
}

#[test]
fn a_screenshot_has_the_size_that_was_asked_for() {
    let xvfb = Xvfb::start(1400, 900).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let picture = folder.path().join("window.png");
    let mut command = private(&xvfb, folder.path());
    command.args(["--example", "--size", "900x600", "--theme", "light", "--screenshot"]).arg(&picture);
    let run = program::finish(command);
    assert_eq!((run.status, run.err.as_str()), (Some(0), ""));
    let bytes = std::fs::read(&picture).unwrap();
    // Signature, then IHDR with width and height (PNG, 5.2 and 11.2.1).
    assert_eq!(&bytes[..8], b"\x89PNG\r\n\x1a\n");
    assert_eq!((&bytes[16..20], &bytes[20..24]), (&900u32.to_be_bytes()[..], &600u32.to_be_bytes()[..]));
}

#[test]
fn a_screenshot_of_what_is_not_there_fails_with_one_sentence() {
    let xvfb = Xvfb::start(1400, 900).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let picture = folder.path().join("window.png");
    for (arguments, sentence) in [
        (vec![file_of_project("fixtures/hostile/random.tflite")], "The file is of no model format"),
        (vec![file_of_project(MODEL), "--layer".into(), "no such layer".into()], "No layer with weights has 'no such layer' in its name"),
    ] {
        let mut command = private(&xvfb, folder.path());
        command.args(arguments).arg("--screenshot").arg(&picture);
        let run = program::finish(command);
        assert!(run.error().starts_with(&format!("weightscope: {sentence}")), "{}", run.err);
        assert!(!picture.exists());
    }
}

#[test]
fn without_a_display_one_sentence_says_so() {
    let mut command = program::command();
    for name in ["DISPLAY", "WAYLAND_DISPLAY", "WAYLAND_SOCKET"] {
        command.env_remove(name);
    }
    let run = program::finish(command);
    assert!(run.error().starts_with("weightscope: there is no display for the window"), "{}", run.err);
}

/// Whether the window has drawn its first frame: more than one colour.
fn is_drawn(pixels: &[u32]) -> bool {
    colours(pixels) > 1
}

fn colours(pixels: &[u32]) -> usize {
    let mut all = pixels.to_vec();
    all.sort_unstable();
    all.dedup();
    all.len()
}

/// The program, running on a display of its own with settings of its own.
struct Window {
    program: Child,
    xvfb: Xvfb,
    folder: TempDir,
}

impl Window {
    fn open(arguments: &[&str]) -> Self {
        let xvfb = Xvfb::start(1500, 1000).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let mut command = private(&xvfb, folder.path());
        command.args(["--size", "1400x900"]).args(arguments).stdout(Stdio::null()).stderr(Stdio::null());
        Self { program: command.spawn().unwrap(), xvfb, folder }
    }

    fn display(&self) -> &str {
        self.xvfb.display()
    }

    fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn person(&self, title: &str) -> Person {
        Person::at(self.display(), title).unwrap()
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        // Either fails only if the program has ended by itself.
        drop(self.program.kill());
        drop(self.program.wait());
    }
}

/// The program with its home, its settings and its working folder in `folder`, and no desktop that
/// would answer for file dialogs.
fn private(xvfb: &Xvfb, folder: &Path) -> Command {
    let mut command = xvfb.command(env!("CARGO_BIN_EXE_weightscope"));
    for name in ["HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR", "PATH"] {
        command.env(name, folder);
    }
    command.env("DBUS_SESSION_BUS_ADDRESS", "disabled:").current_dir(folder).stdin(Stdio::null());
    command
}
