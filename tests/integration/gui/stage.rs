//! A window without a screen, and the hands and eyes in front of it.
//!
//! Nothing waits for a time: the window is stepped until it is settled, and between two steps the
//! test blocks until a job asks for the next frame.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use egui::accesskit::Role;
use egui::{Key, Modifiers, Pos2, Rect, Vec2, pos2};
use egui_kittest::kittest::{AccessKitNode, NodeT, Queryable};
use egui_kittest::{Harness, Node};
use weightscope::cli::WindowArguments;
use weightscope::gui::App;

/// Ctrl, as a keyboard sends it.
pub const CTRL: Modifiers = Modifiers { ctrl: true, command: true, ..Modifiers::NONE };
pub const CTRL_SHIFT: Modifiers = Modifiers { shift: true, ..CTRL };

/// The longest to wait for the window to come to rest. Generous: a good run never waits this long.
const PATIENCE: Duration = Duration::from_secs(90);
/// Frames without any work after which the window is at rest.
const REST: usize = 3;

/// A running window and its input.
pub struct Stage {
    pub harness: Harness<'static, App>,
    /// A message whenever a job or a panel asks for a frame.
    woken: Receiver<()>,
    /// The picture that the window put on the clipboard last.
    pub copied_image: Option<egui::ColorImage>,
}

impl Stage {
    /// A dark window of 1600 by 1000 points without a model.
    pub fn empty() -> Self {
        Self::with(WindowArguments::default(), Vec2::new(1600.0, 1000.0), egui::Theme::Dark)
    }

    /// With the example that comes with the program.
    pub fn example() -> Self {
        Self::with(example(), Vec2::new(1600.0, 1000.0), egui::Theme::Dark)
    }

    /// With files of the project open, named from its root.
    pub fn open(files: &[&str]) -> Self {
        let arguments = WindowArguments { models: files.iter().map(|file| file_of_project(file)).collect(), ..WindowArguments::default() };
        Self::with(arguments, Vec2::new(1600.0, 1000.0), egui::Theme::Dark)
    }

    /// With one model open, wherever it lies.
    pub fn of(model: PathBuf) -> Self {
        let arguments = WindowArguments { models: vec![model], ..WindowArguments::default() };
        Self::with(arguments, Vec2::new(1600.0, 1000.0), egui::Theme::Dark)
    }

    /// A window at rest.
    pub fn with(arguments: WindowArguments, size: Vec2, theme: egui::Theme) -> Self {
        let (wake, woken) = mpsc::channel();
        let builder = Harness::builder().with_size(size).with_theme(theme).with_render_cursor(false).with_max_steps(1);
        let harness = builder.build_eframe(|creation| {
            creation.egui_ctx.set_request_repaint_callback(move |_| {
                // Nobody listens any more once the stage is gone.
                let _ = wake.send(());
            });
            App::bare(&creation.egui_ctx, arguments)
        });
        let mut stage = Self { harness, woken, copied_image: None };
        stage.settle();
        stage
    }

    /// Draws frames until all queued input is taken in and no work is under way.
    ///
    /// # Panics
    /// The window does not come to rest, or a control has no name that could be said.
    #[track_caller]
    pub fn settle(&mut self) {
        let deadline = Instant::now() + PATIENCE;
        let mut resting = 0;
        while resting < REST {
            self.harness.step();
            for command in &self.harness.output().platform_output.commands {
                if let egui::OutputCommand::CopyImage(image) = command {
                    self.copied_image = Some(image.clone());
                }
            }
            resting = if self.harness.state().is_settled() { resting + 1 } else { 0 };
            if resting == 0 {
                self.await_frame(deadline);
            }
        }
        self.harness.check_accessibility();
    }

    /// Blocks until somebody asks for a frame.
    #[track_caller]
    fn await_frame(&self, deadline: Instant) {
        match self.woken.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(()) => while self.woken.try_recv().is_ok() {},
            Err(RecvTimeoutError::Timeout) => panic!("the window did not come to rest; it shows {:#?}", self.labels()),
            Err(RecvTimeoutError::Disconnected) => unreachable!("the window holds the sender"),
        }
    }

    /// Drops files of the project on the window.
    pub fn drop_files(&mut self, files: &[PathBuf]) {
        let dropped = files.iter().map(|file| Arc::new(Dropped(file.clone())) as egui::DroppedFileHandle);
        self.harness.input_mut().dropped_files = dropped.collect();
        self.settle();
    }

    /// Clicks the control with exactly this name.
    #[track_caller]
    pub fn click(&mut self, name: &str) {
        self.harness.get_by_label(name).click();
        self.settle();
    }

    /// Clicks the button with exactly this name, where other things have that name, too.
    #[track_caller]
    pub fn click_button(&mut self, name: &str) {
        self.harness.get_by_role_and_label(Role::Button, name).click();
        self.settle();
    }

    /// Clicks the first of the controls with exactly this name.
    #[track_caller]
    pub fn click_first(&mut self, name: &str) {
        self.harness.get_all_by_label(name).next().unwrap().click();
        self.settle();
    }

    /// Clicks into the control whose name begins like this, at a part of its width and height.
    #[track_caller]
    pub fn click_inside(&mut self, start: &str, part: (f32, f32)) {
        let rect = self.node(start).rect();
        let at = pos2(rect.left() + part.0 * rect.width(), rect.top() + part.1 * rect.height());
        self.harness.hover_at(at);
        self.harness.drag_at(at);
        self.harness.event(egui::Event::PointerButton {
            pos: at,
            button: egui::PointerButton::Primary,
            pressed: false,
            modifiers: Modifiers::NONE,
        });
        self.settle();
    }

    /// Clicks twice into the middle of the control whose name begins like this.
    #[track_caller]
    pub fn double_click(&mut self, start: &str) {
        self.double_click_at(self.node(start).rect().center());
    }

    /// Opens a menu and chooses an entry, which may be called what the menu's button is called: it is the last.
    #[track_caller]
    pub fn choose_in_menu(&mut self, menu: &str, entry: &str) {
        self.click_button(menu);
        self.harness.get_all_by_label(entry).last().unwrap().click();
        self.settle();
        self.press(Modifiers::NONE, Key::Escape);
        self.point_nowhere();
    }

    /// Clicks at a point of the window.
    pub fn click_at(&mut self, at: Pos2) {
        self.tap(at, egui::PointerButton::Primary);
        self.settle();
    }

    /// Clicks twice at a point of the window. A queued event takes a frame of a quarter of a second, which is
    /// too slow for a double click: here a press and its release share one.
    pub fn double_click_at(&mut self, pos: Pos2) {
        self.harness.hover_at(pos);
        self.harness.step();
        let button =
            |pressed| egui::Event::PointerButton { pos, button: egui::PointerButton::Primary, pressed, modifiers: Modifiers::NONE };
        for _ in 0..2 {
            self.harness.input_mut().events.extend([button(true), button(false)]);
            self.harness.step();
        }
        self.settle();
    }

    /// Clicks at a point of the window with the button that opens menus.
    pub fn secondary_click_at(&mut self, at: Pos2) {
        self.tap(at, egui::PointerButton::Secondary);
        self.settle();
    }

    fn tap(&mut self, at: Pos2, button: egui::PointerButton) {
        self.harness.hover_at(at);
        self.harness.step();
        for pressed in [true, false] {
            self.harness.event(egui::Event::PointerButton { pos: at, button, pressed, modifiers: Modifiers::NONE });
            self.harness.step();
        }
    }

    /// Draws frames until what moves has arrived: a second of the window's time.
    pub fn finish_motion(&mut self) {
        let second = (1.0 / self.harness.ctx.input(|input| input.predicted_dt)).ceil() as usize;
        (0..second).for_each(|_| self.harness.step());
        self.settle();
    }

    /// Opens a menu and chooses an entry.
    #[track_caller]
    pub fn choose(&mut self, menu: &str, entry: &str) {
        self.click(menu);
        self.click(entry);
        if egui::Popup::is_any_open(&self.harness.ctx) {
            self.press(Modifiers::NONE, Key::Escape);
        }
        self.point_nowhere();
    }

    /// Drags from one point to another.
    pub fn drag(&mut self, from: Pos2, to: Pos2) {
        self.harness.hover_at(from);
        self.harness.drag_at(from);
        self.harness.hover_at(from.lerp(to, 0.5));
        self.harness.hover_at(to);
        self.harness.drop_at(to);
        self.settle();
    }

    /// Gives the keyboard to the slider with exactly this name.
    #[track_caller]
    pub fn focus_slider(&mut self, name: &str) {
        self.harness.get_by_role_and_label(Role::Slider, name).focus();
        self.settle();
    }

    /// Takes the pointer out of the window, so that nothing is hovered.
    pub fn point_nowhere(&mut self) {
        self.harness.remove_cursor();
        self.settle();
    }

    pub fn press(&mut self, modifiers: Modifiers, key: Key) {
        self.harness.key_press_modifiers(modifiers, key);
        self.settle();
    }

    /// Presses a key so many times.
    pub fn press_times(&mut self, key: Key, times: usize) {
        for _ in 0..times {
            self.harness.key_press(key);
        }
        self.settle();
    }

    /// Types into whatever has the keyboard.
    pub fn type_text(&mut self, text: &str) {
        self.harness.event(egui::Event::Text(text.to_owned()));
        self.settle();
    }

    /// Replaces what stands in the text field with exactly this name.
    #[track_caller]
    pub fn fill(&mut self, field: &str, text: &str) {
        self.click(field);
        self.press(CTRL, Key::A);
        self.type_text(text);
    }

    /// The one thing on the window whose name begins like this.
    #[track_caller]
    pub fn node<'node>(&'node self, start: &'node str) -> Node<'node> {
        self.harness.get_by(move |node| name_of(node).is_some_and(|name| name.starts_with(start)))
    }

    /// Whether something has a name that begins like this.
    pub fn shows(&self, start: &str) -> bool {
        self.labels().iter().any(|label| label.starts_with(start))
    }

    /// # Panics
    /// Nothing has a name that begins like this.
    #[track_caller]
    pub fn expect(&self, starts: &[&str]) {
        let labels = self.labels();
        for start in starts {
            assert!(labels.iter().any(|label| label.starts_with(start)), "nothing begins with {start:?} in {labels:#?}");
        }
    }

    /// # Panics
    /// Something has a name that begins like this.
    #[track_caller]
    pub fn expect_none(&self, starts: &[&str]) {
        for label in self.labels() {
            assert!(!starts.iter().any(|start| label.starts_with(start)), "{label:?} is shown");
        }
    }

    /// What a screen reader would say of the window, in order.
    pub fn labels(&self) -> Vec<String> {
        self.harness.root().children_recursive().filter_map(|node| name_of(&node.accesskit_node())).collect()
    }

    /// The names of a role, in order.
    pub fn labels_of(&self, role: Role) -> Vec<String> {
        self.harness.query_all_by_role(role).filter_map(|node| name_of(&node.accesskit_node())).collect()
    }

    /// The rows of the weights table, as they stand.
    pub fn rows(&self) -> Vec<String> {
        self.labels_of(Role::ListItem)
    }

    /// The pixels of the thing whose name begins like this, as RGBA.
    #[track_caller]
    pub fn pixels(&mut self, start: &str) -> Vec<[u8; 4]> {
        let rect = self.node(start).rect();
        self.pixels_of(rect)
    }

    /// The pixels of a rectangle, as RGBA.
    pub fn pixels_of(&mut self, rect: Rect) -> Vec<[u8; 4]> {
        let image = self.harness.render().unwrap();
        let (left, top, right, bottom) = (rect.left() as u32, rect.top() as u32, rect.right() as u32, rect.bottom() as u32);
        let across = left..right.min(image.width());
        (top..bottom.min(image.height())).flat_map(|y| across.clone().map(move |x| (x, y))).map(|(x, y)| image.get_pixel(x, y).0).collect()
    }
}

/// What a screen reader calls a thing; a text is its own name.
fn name_of(node: &AccessKitNode<'_>) -> Option<String> {
    node.label().or_else(|| if node.role() == Role::Label { node.value() } else { None })
}

/// Arguments that open the example.
pub fn example() -> WindowArguments {
    WindowArguments { example: true, ..WindowArguments::default() }
}

/// A path from the root of the project.
pub fn file_of_project(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(file)
}

#[derive(Debug)]
struct Dropped(PathBuf);

impl egui::DroppedFile for Dropped {
    fn path(&self) -> &Path {
        &self.0
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        std::fs::read(&self.0).map_err(|error| error.to_string())
    }
}
