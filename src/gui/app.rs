//! One frame of the window: collect events, draw, execute commands.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use egui::Key;

use crate::cli::{Theme, WindowArguments};
use crate::jobs::Pool;
use crate::layout::Point;
use crate::runtime::{Choice, OnDemand};

use super::action::Action;
use super::command::{Command, FoldChange};
use super::dialogs::Dialogs;
use super::dock::{Dock, Pane};
use super::screenshot::{Outcome, Screenshot};
use super::settings::{Settings, ThemeChoice};
use super::state::{NoticeKind, Overlay, State};
use super::theme::{self, Tokens};
use super::{absorb, bars, compare, execute, file_view, notices, palette, panels, profile, save, settings_box, shortcuts, verify};

/// The window's application.
pub struct App {
    pub(super) state: State,
    pub(super) pool: Pool,
    pub(super) dock: Dock,
    /// The arrangement of comparisons.
    pub(super) compare_dock: compare::dock::Dock,
    pub(super) dialogs: Dialogs,
    pub(super) commands: Vec<Command>,
    pub(super) screenshot: Option<Screenshot>,
    /// Set for the next frame: the filter field takes the keyboard.
    pub(super) focus_filter: bool,
    /// Whether a text field had the keyboard in the frame before.
    pub(super) was_typing: bool,
    /// The window's title as it was set last.
    pub(super) title: String,
    /// The program that the OpenVINO runtime runs in; `None`: this one.
    pub(super) helper: Option<PathBuf>,
    /// The runtime for constants that are not evaluated here, where the settings or the surroundings name one.
    pub(super) fallback: Arc<OnDemand>,
}

const SETTINGS_KEY: &str = "settings";
const DOCK_KEY: &str = "panels";
const COMPARE_DOCK_KEY: &str = "comparison panes";

impl App {
    pub fn new(creation: &eframe::CreationContext<'_>, arguments: WindowArguments, outcome: Outcome) -> Self {
        let read = |key: &str| creation.storage.and_then(|storage| storage.get_string(key));
        let settings = Settings::from_text(read(SETTINGS_KEY).as_deref());
        let dock = Dock::from_text(read(DOCK_KEY).as_deref());
        let mut app = Self::with(&creation.egui_ctx, arguments, settings, dock, outcome);
        app.compare_dock = compare::dock::Dock::from_text(read(COMPARE_DOCK_KEY).as_deref());
        app
    }

    /// An application without stored settings, for tests.
    pub fn bare(ctx: &egui::Context, arguments: WindowArguments) -> Self {
        Self::with(ctx, arguments, Settings::default(), Dock::default(), Outcome::default())
    }

    fn with(ctx: &egui::Context, arguments: WindowArguments, mut settings: Settings, dock: Dock, outcome: Outcome) -> Self {
        theme::install(ctx);
        match arguments.theme {
            Some(Theme::Light) => settings.theme = ThemeChoice::Light,
            Some(Theme::Dark) => settings.theme = ThemeChoice::Dark,
            None => {}
        }
        ctx.set_theme(settings.theme);
        // Our own shortcuts scale the interface; they are listed like all others.
        ctx.options_mut(|options| options.zoom_with_keyboard = false);
        let fallback = Arc::new(OnDemand::new(Choice { named: settings.openvino.clone(), program: None }));
        let repaint = ctx.clone();
        let mut app = Self {
            state: State::new(settings),
            pool: Pool::new(move || repaint.request_repaint()),
            dock,
            compare_dock: compare::dock::Dock::default(),
            dialogs: Dialogs::default(),
            commands: Vec::new(),
            screenshot: arguments.screenshot.clone().map(|path| Screenshot::new(path, outcome)),
            focus_filter: false,
            was_typing: false,
            title: String::new(),
            helper: None,
            fallback,
        };
        app.open(WindowArguments { screenshot: None, ..arguments });
        app
    }

    /// Opens what the arguments name, as a drop would.
    pub fn open(&mut self, arguments: WindowArguments) {
        match arguments.compare {
            Some(view) if arguments.models.len() == 2 => {
                self.state.versus.at_start = Some(compare::AtStart { mode: view.into(), layer: arguments.layer });
                self.commands.push(compare::Request::Files { with: None, paths: arguments.models }.into());
            }
            Some(_) => self.state.notify(NoticeKind::Error, "--compare takes two models: the reference, and the one to hold against it"),
            None => {
                self.state.show_layer_at_start = arguments.layer;
                if !arguments.models.is_empty() {
                    self.commands.push(Command::OpenFiles(arguments.models));
                }
            }
        }
        if arguments.example {
            self.commands.push(Command::Do(Action::OpenExample));
        }
    }

    /// Names the program that the OpenVINO runtime runs in, where this one is none of ours: a test.
    pub fn set_helper(&mut self, program: PathBuf) {
        self.helper = Some(program);
        self.fallback.set(execute::runtime::choice(self));
    }

    /// Whether nothing is under way that would still change the picture.
    pub fn is_settled(&self) -> bool {
        self.pool.is_idle() && self.state.openings.is_empty() && self.state.versus.pending.is_empty() && self.commands.is_empty()
    }

    fn collect(&mut self, ctx: &egui::Context) {
        for event in self.pool.collect() {
            absorb::absorb(self, ctx, event);
        }
        if let Some(command) = self.dialogs.poll() {
            self.commands.push(command);
        }
        let dropped: Vec<_> = ctx.input(|input| input.raw.dropped_files.iter().map(|file| file.path().to_owned()).collect());
        if !dropped.is_empty() {
            self.commands.extend(compare::drop_choice::dropped(&mut self.state, dropped));
        }
        compare::execute::collect(self, ctx);
        self.state.age_notices();
    }

    fn keys(&mut self, ctx: &egui::Context) {
        let overlay_open = self.state.overlay.is_some();
        if overlay_open {
            if ctx.input_mut(|input| input.consume_key(egui::Modifiers::NONE, Key::Escape)) {
                self.commands.push(Command::CloseOverlay);
            }
            return;
        }
        if egui::Popup::is_any_open(ctx) {
            // An open menu has the keyboard: Escape closes it, and deselects nothing.
            return;
        }
        // Escape has taken the keyboard from a text field by now, and was meant for it.
        let is_typing = ctx.text_edit_focused() || self.was_typing;
        for (shortcut, action) in Action::all_shortcuts() {
            let is_plain = shortcut.modifiers.is_none() || shortcut.modifiers == egui::Modifiers::SHIFT;
            let is_text_key = is_plain && !matches!(shortcut.logical_key, Key::F1 | Key::F3 | Key::F5 | Key::F11);
            if is_typing && is_text_key {
                continue;
            }
            // Space presses the button that has the keyboard.
            if shortcut.logical_key == Key::Space && ctx.memory(|memory| memory.focused().is_some()) {
                continue;
            }
            if ctx.input_mut(|input| input.consume_shortcut(&shortcut)) {
                self.commands.push(Command::Do(action));
            }
        }
        // Copying is an event of its own: the system turns Ctrl+C into it.
        let wants_copy = ctx.input(|input| input.events.iter().any(|event| matches!(event, egui::Event::Copy)));
        // Selected text has the first claim to it.
        let has_selection = ctx.plugin::<egui::text_selection::LabelSelectionState>().lock().has_selection();
        if wants_copy && !is_typing && !has_selection {
            self.commands.push(Command::Do(Action::CopyImage));
        }
        for (number, key) in (0..).zip([Key::Num1, Key::Num2, Key::Num3, Key::Num4, Key::Num5, Key::Num6, Key::Num7, Key::Num8, Key::Num9])
        {
            if ctx.input_mut(|input| input.consume_key(egui::Modifiers::COMMAND, key))
                && let Some(path) = self.state.settings.recent.get(number)
            {
                self.commands.push(Command::OpenFiles(vec![path.clone()]));
            }
        }
        let (back, forward) = ctx.input(|input| {
            (input.pointer.button_clicked(egui::PointerButton::Extra1), input.pointer.button_clicked(egui::PointerButton::Extra2))
        });
        self.commands.extend(back.then_some(Command::Do(Action::Back)));
        self.commands.extend(forward.then_some(Command::Do(Action::Forward)));
    }

    /// Draws everything and carries out what was asked for.
    pub fn frame(&mut self, ui: &mut egui::Ui) {
        let ctx = ui.ctx().clone();
        self.collect(&ctx);
        self.keys(&ctx);
        let tokens = Tokens::of(ui);
        ui.painter().rect_filled(ui.max_rect(), 0.0, tokens.background);
        bars::top(ui, &self.state, &mut self.commands);
        bars::status(ui, &self.state, &self.pool, &mut self.commands);
        // What a panel asks for is about the model that it shows: it comes before what may bring
        // another one on display.
        let asked_before = std::mem::take(&mut self.commands);
        let focus_filter = std::mem::take(&mut self.focus_filter);
        egui::CentralPanel::no_frame().show(ui, |ui| {
            if self.state.versus.shown.is_some() {
                self.compare_dock.show(ui, &mut self.state.versus, &mut self.commands);
            } else if self.state.documents.is_empty() {
                panels::welcome::show(ui, &self.state, &self.pool, &mut self.commands);
            } else {
                self.dock.show(ui, &mut self.state, focus_filter, &mut self.commands);
            }
        });
        self.commands.extend(asked_before);
        self.overlays(&ctx);
        panels::drop_target::show(&ctx, &self.state);
        compare::drop_choice::show(&ctx, &self.state, &mut self.commands);
        notices::show(&ctx, &self.state, &mut self.commands);
        let is_pointed = self.commands.iter().any(|command| matches!(command, Command::PointAt(_)));
        if let Some(document) = self.state.document_mut().filter(|document| !is_pointed && document.pointed.is_some()) {
            document.pointed = None;
            ctx.request_repaint();
        }
        for command in std::mem::take(&mut self.commands) {
            execute::execute(self, &ctx, command);
        }
        self.was_typing = ctx.text_edit_focused();
        if let Some(mut screenshot) = self.screenshot.take() {
            let problem = self.state.notices.iter().find(|notice| notice.kind == NoticeKind::Error);
            screenshot.step(&ctx, self.is_settled(), problem.map(|notice| notice.text.as_str()));
            self.screenshot = Some(screenshot);
        }
    }

    /// The graph's panel alone, as large as the window: for measurements.
    pub fn graph_alone(&mut self, ui: &mut egui::Ui) {
        let ctx = ui.ctx().clone();
        self.collect(&ctx);
        self.keys(&ctx);
        panels::show(Pane::Graph, ui, &mut self.state, false, &mut self.commands);
        for command in std::mem::take(&mut self.commands) {
            execute::execute(self, &ctx, command);
        }
    }

    /// Draws every operation of the graph on display, without groups: for measurements.
    pub fn draw_every_operation(&mut self) {
        self.commands.push(Command::Fold(FoldChange::Grouped(false)));
    }

    /// The zoom of the graph on display: for measurements.
    pub fn graph_zoom(&self) -> Option<f64> {
        self.state.document().map(|document| document.views.graph.zoom)
    }

    /// The point of the layout in the middle of the graph's canvas: for tests.
    pub fn graph_center(&self) -> Option<Point> {
        self.state.document().map(|document| document.views.graph.center)
    }

    /// Boxes of the graph that are drawn one by one: for measurements.
    pub fn graph_boxes(&self) -> usize {
        self.state.document().map_or(0, |document| document.views.graph.scene.nodes.len())
    }

    /// How often the graph's meshes were made: for measurements.
    pub fn graph_builds(&self) -> u64 {
        self.state.document().map_or(0, |document| document.views.graph.scene.builds)
    }

    fn overlays(&mut self, ctx: &egui::Context) {
        // The overlay is taken out while it is drawn: it may read the state and change itself.
        let Some(mut overlay) = self.state.overlay.take() else { return };
        match &mut overlay {
            Overlay::Palette(palette) => palette::show(ctx, palette, &self.state, &mut self.commands),
            Overlay::Save(dialog) => save::show(ctx, dialog, &self.state, &mut self.commands),
            Overlay::File(view) => file_view::show(ctx, view, &self.state, &mut self.commands),
            Overlay::OpenPath { field, purpose } => field.show_open(ctx, *purpose, &mut self.commands),
            Overlay::Verify(dialog) => verify::show(ctx, dialog, &self.state, &self.pool, &mut self.commands),
            Overlay::Profile(dialog) => profile::show(ctx, dialog, &self.state, &mut self.commands),
            Overlay::Versus(dialog) => compare::dialog::show(ctx, dialog, &self.state, &mut self.commands),
            Overlay::Settings(dialog) => settings_box::show(ctx, dialog, &self.state, &mut self.commands),
            Overlay::Shortcuts => shortcuts::show_list(ctx, &mut self.commands),
            Overlay::About => shortcuts::show_about(ctx, &mut self.commands),
        }
        self.state.overlay = Some(overlay);
    }
}

impl eframe::App for App {
    fn ui(&mut self, ui: &mut egui::Ui, _frame: &mut eframe::Frame) {
        self.frame(ui);
    }

    /// A screenshot shows the window as it is by itself, wherever the pointer happens to be.
    fn raw_input_hook(&mut self, _ctx: &egui::Context, raw_input: &mut egui::RawInput) {
        if self.screenshot.is_some() {
            raw_input.events.retain(|event| !matches!(event, egui::Event::PointerMoved(_) | egui::Event::MouseMoved(_)));
        }
    }

    fn save(&mut self, storage: &mut dyn eframe::Storage) {
        storage.set_string(SETTINGS_KEY, self.state.settings.to_text());
        storage.set_string(DOCK_KEY, self.dock.to_text());
        storage.set_string(COMPARE_DOCK_KEY, self.compare_dock.to_text());
    }

    fn auto_save_interval(&self) -> Duration {
        Duration::from_secs(10)
    }

    fn clear_color(&self, visuals: &egui::Visuals) -> [f32; 4] {
        let tokens = if visuals.dark_mode { &theme::DARK } else { &theme::LIGHT };
        tokens.background.to_normalized_gamma_f32()
    }
}
