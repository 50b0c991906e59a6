//! The bar at the top (menus, open models, search) and the status line at the bottom.

use egui::{Align, Layout, RichText, Sense, vec2};

use crate::jobs::Pool;

use super::action::{Action, Menu};
use super::command::Command;
use super::compare::{Comparison, Request};
use super::execute;
use super::names;
use super::state::State;
use super::theme::{self, BAR_HEIGHT, STATUS_HEIGHT, Tokens};
use super::widgets::{self, Glyph};

pub fn top(ui: &mut egui::Ui, state: &State, commands: &mut Vec<Command>) {
    let tokens = Tokens::of(ui);
    let frame = egui::Frame::NONE.fill(tokens.panel).inner_margin(egui::Margin::symmetric(12, 0));
    egui::Panel::top("top bar").exact_size(BAR_HEIGHT).frame(frame).resizable(false).show(ui, |ui| {
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            widgets::logo(ui, 18.0);
            ui.add_space(4.0);
            for menu in Menu::ALL {
                show_menu(ui, menu, state, commands);
            }
            ui.add_space(12.0);
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                theme_button(ui, commands);
                search_button(ui, commands);
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| tabs(ui, state, commands));
            });
        });
    });
    ui.add_space(PANEL_TOP_GAP);
}

const PANEL_TOP_GAP: f32 = theme::PANEL_GAP;

fn show_menu(ui: &mut egui::Ui, menu: Menu, state: &State, commands: &mut Vec<Command>) {
    let tokens = Tokens::of(ui);
    let text = RichText::new(menu.name()).color(tokens.dim);
    let button = egui::Button::new(text).frame(false);
    egui::containers::menu::MenuButton::from_button(button).ui(ui, |ui| {
        ui.set_min_width(240.0);
        for action in menu.actions() {
            let enabled = is_enabled(action, state);
            let keys = action.shortcuts().first().map(|keys| ui.ctx().format_shortcut(keys)).unwrap_or_default();
            let button = egui::Button::new(action.name()).shortcut_text(keys).min_size(vec2(224.0, 24.0));
            if ui.add_enabled(enabled, button).accessible_name(action.name()).on_hover_text(action.tooltip()).clicked() {
                commands.push(Command::Do(action));
            }
            if action == Action::OpenExample {
                recent_menu(ui, state, commands);
            }
            if [
                Action::CloseModel,
                Action::CompareWithReference,
                Action::CopyGraph,
                Action::Settings,
                Action::CloseAllGroups,
                Action::WheelZooms,
                Action::ResetInterface,
                Action::PreviousHit,
            ]
            .contains(&action)
            {
                ui.separator();
            }
        }
    });
}

fn recent_menu(ui: &mut egui::Ui, state: &State, commands: &mut Vec<Command>) {
    ui.add_enabled_ui(!state.settings.recent.is_empty(), |ui| {
        ui.menu_button("Open recent", |ui| {
            for path in state.settings.recent.iter().take(12) {
                let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
                if ui.button(name).on_hover_text(path.display().to_string()).clicked() {
                    commands.push(Command::OpenFiles(vec![path.clone()]));
                }
            }
        });
    });
}

/// Whether an action can be carried out now.
pub fn is_enabled(action: Action, state: &State) -> bool {
    match state.document() {
        // Of a comparison.
        None if action == Action::CloseModel => state.versus.shown.is_some(),
        None if matches!(action, Action::SaveImage | Action::CopyImage) => {
            state.versus.on_display().is_some_and(|comparison| comparison.facing.ready().is_some())
        }
        None if matches!(action, Action::NextModel | Action::PreviousModel) => {
            state.versus.shown.is_some() && state.documents.len() + state.versus.comparisons.len() > 1
        }
        None => !action.needs_model(),
        Some(document) => match action {
            Action::Back => document.history.can_go_back(),
            Action::Forward => document.history.can_go_forward(),
            Action::ChooseConstants => document.takes_constants(),
            Action::NextModel | Action::PreviousModel => state.documents.len() + state.versus.comparisons.len() > 1,
            Action::SetReference => document.weight.is_some(),
            Action::CompareWithReference => document.weight.is_some() && state.versus.reference.is_some(),
            // Strings can be saved, but neither drawn nor counted.
            Action::SaveNumbers => document.shown.ready().is_some(),
            _ => !action.needs_weight() || document.shown.ready().is_some_and(|loaded| loaded.has_numbers()),
        },
    }
}

fn tabs(ui: &mut egui::Ui, state: &State, commands: &mut Vec<Command>) {
    egui::ScrollArea::horizontal()
        .auto_shrink([true, false])
        .scroll_bar_visibility(egui::scroll_area::ScrollBarVisibility::AlwaysHidden)
        .show(ui, |ui| {
            ui.spacing_mut().item_spacing.x = 4.0;
            for comparison in &state.versus.comparisons {
                let sides = &comparison.sides;
                let hint = format!("A {}\nB {}", sides.a.model.file.display(), sides.b.model.file.display());
                let tab = Tab {
                    name: &sides.title(),
                    shown: &comparison_name(comparison, 26),
                    badge: "compare",
                    hint: &hint,
                    is_active: state.versus.shown == Some(comparison.number),
                };
                let (activate, close) = (Request::Activate(comparison.number), Request::Close(comparison.number));
                tab.show(ui, comparison.number, activate.into(), close.into(), commands);
            }
            for (position, document) in state.documents.iter().enumerate() {
                let opened = &document.opened;
                let hint = opened.model.file.display().to_string();
                let is_active = position == state.active && state.versus.shown.is_none();
                let name = opened.model.file_name();
                let tab = Tab { name: &name, shown: &names::elide_middle(&name, 36), badge: &opened.main_dtype, hint: &hint, is_active };
                let (activate, close) = (Command::ActivateDocument(position), Command::CloseDocument(position));
                tab.show(ui, document.number, activate, close, commands);
            }
        });
}

/// The tab of a model or a comparison.
struct Tab<'t> {
    name: &'t str,
    shown: &'t str,
    badge: &'t str,
    hint: &'t str,
    is_active: bool,
}

impl Tab<'_> {
    fn show(self, ui: &mut egui::Ui, number: u64, activate: Command, close: Command, commands: &mut Vec<Command>) {
        let Self { name, shown, badge, hint, is_active } = self;
        let tokens = Tokens::of(ui);
        let color = if is_active { tokens.text } else { tokens.dim };
        let galley = ui.painter().layout_no_wrap(shown.to_owned(), theme::text_font(), color);
        let badge_width = if badge.is_empty() { 0.0 } else { widgets::badge_width(ui, badge) + 8.0 };
        let size = vec2(12.0 + galley.size().x + 8.0 + badge_width + 20.0 + 4.0, BAR_HEIGHT);
        let (rect, response) = ui.allocate_exact_size(size, Sense::click());
        response.widget_info(|| egui::WidgetInfo::selected(egui::accesskit::Role::Tab, true, is_active, name));
        let mut x = rect.left() + 12.0;
        let text_position = egui::pos2(x, rect.center().y - galley.size().y / 2.0);
        x += galley.size().x + 8.0;
        ui.painter().galley(text_position, galley, color);
        if !badge.is_empty() {
            widgets::paint_badge(ui, egui::pos2(x, rect.center().y), badge);
            x += badge_width;
        }
        let cross = egui::Rect::from_center_size(egui::pos2(x + 8.0, rect.center().y), vec2(16.0, 16.0));
        let cross = widgets::glyph_at(ui, cross, Glyph::Close, &format!("Close {name}"), ("close", number));
        let on_display = egui::Id::unique("tab on display");
        if is_active && ui.data(|data| data.get_temp::<u64>(on_display)) != Some(number) {
            // Of more tabs than there is room for, the one on display is in sight.
            ui.data_mut(|data| data.insert_temp(on_display, number));
            ui.scroll_to_rect(rect, None);
        }
        if is_active {
            let line = egui::Rect::from_min_max(egui::pos2(rect.left(), rect.bottom() - 2.0), rect.right_bottom());
            ui.painter().rect_filled(line, 0.0, tokens.accent);
        }
        if cross.clicked() || response.middle_clicked() {
            commands.push(close);
        } else if response.on_hover_text(hint).clicked() {
            commands.push(activate);
        }
    }
}

fn search_button(ui: &mut egui::Ui, commands: &mut Vec<Command>) {
    let tokens = Tokens::of(ui);
    let width = (ui.available_width() * 0.4).clamp(120.0, 330.0);
    let (rect, response) = ui.allocate_exact_size(vec2(width, 26.0), Sense::click());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::accesskit::Role::Button, true, Action::FindAnything.name()));
    let fill = if response.hovered() { theme::mix(tokens.control, tokens.text, 0.06) } else { tokens.control };
    ui.painter().rect_filled(rect, 4.0, fill);
    let keys = ui.ctx().format_shortcut(&Action::FindAnything.shortcuts()[0]);
    let keys = ui.painter().layout_no_wrap(keys, theme::small_number_font(), tokens.dim);
    let keys_at = egui::pos2(rect.right() - 10.0 - keys.size().x, rect.center().y - keys.size().y / 2.0);
    let room = keys_at.x - rect.left() - 20.0;
    let hint = widgets::fit_text(ui, "Find operations, tensors, actions", theme::text_font(), tokens.dim, room);
    ui.painter().galley(egui::pos2(rect.left() + 10.0, rect.center().y - hint.size().y / 2.0), hint, tokens.dim);
    ui.painter().galley(keys_at, keys, tokens.dim);
    if response.on_hover_text(Action::FindAnything.tooltip()).clicked() {
        commands.push(Command::Do(Action::FindAnything));
    }
}

fn theme_button(ui: &mut egui::Ui, commands: &mut Vec<Command>) {
    let glyph = if ui.visuals().dark_mode { Glyph::Moon } else { Glyph::Sun };
    if widgets::glyph_button(ui, glyph, Action::ToggleTheme.name()).on_hover_text(Action::ToggleTheme.tooltip()).clicked() {
        commands.push(Command::Do(Action::ToggleTheme));
    }
}

pub fn status(ui: &mut egui::Ui, state: &State, pool: &Pool, commands: &mut Vec<Command>) {
    let tokens = Tokens::of(ui);
    let frame = egui::Frame::NONE.fill(tokens.panel).inner_margin(egui::Margin::symmetric(12, 0));
    egui::Panel::bottom("status").exact_size(STATUS_HEIGHT).frame(frame).resizable(false).show(ui, |ui| {
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            let line = match state.versus.on_display() {
                Some(comparison) => comparison_line(comparison),
                None => state.document().map(status_line).unwrap_or_else(|| "No model open".to_owned()),
            };
            ui.label(RichText::new(line).color(tokens.dim).size(11.5));
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| match state.openings.last() {
                Some(opening) => {
                    if ui.small_button("Cancel").clicked() {
                        commands.push(Command::CancelOpening(opening.number));
                    }
                    let name = names::elide_middle(&opening.path.file_name().unwrap_or_default().to_string_lossy(), 40);
                    ui.label(RichText::new(format!("Opening {name}")).color(tokens.text).size(11.5));
                    ui.add(egui::Spinner::new().size(12.0));
                }
                None => match pool.longest() {
                    Some((key, title, fraction)) => {
                        if execute::can_cancel(key) && ui.small_button("Cancel").clicked() {
                            commands.push(Command::CancelJob(key));
                        }
                        ui.add(egui::ProgressBar::new(fraction).desired_width(120.0).desired_height(6.0));
                        ui.label(RichText::new(title.to_owned()).color(tokens.text).size(11.5));
                    }
                    None => {
                        ui.label(RichText::new("Ready").color(tokens.dim).size(11.5));
                    }
                },
            });
        });
    });
}

/// Both names, each with its middle gone where it is too long.
fn comparison_name(comparison: &Comparison, most: usize) -> String {
    let sides = &comparison.sides;
    let title = sides.title();
    title.split(" ↔ ").map(|name| names::elide_middle(name, most)).collect::<Vec<_>>().join(" ↔ ")
}

fn comparison_line(comparison: &Comparison) -> String {
    let name = |opened: &crate::jobs::Opened| names::elide_middle(&opened.model.file_name(), 44);
    let (a, b) = (name(&comparison.sides.a), name(&comparison.sides.b));
    let compared = format!("{} of {} compared", comparison.rows.len(), comparison.pairs().len());
    format!("A {a} · B {b} · {compared}")
}

fn status_line(document: &super::state::Document) -> String {
    let model = &document.opened.model;
    let operations: usize = model.graphs.iter().map(|graph| graph.operations.len()).sum();
    let mut line = format!(
        "{} · {} {} · {} operation{} · opened in {}",
        names::elide_middle(&model.file_name(), 60),
        model.format,
        names::version(model),
        names::thousands(operations as u64),
        if operations == 1 { "" } else { "s" },
        names::duration(document.opened.took),
    );
    if let [warning] = model.warnings.as_slice() {
        line.push_str(&format!(" · {warning}"));
    } else if !model.warnings.is_empty() {
        line.push_str(&format!(" · {} warnings (inspector)", model.warnings.len()));
    }
    line
}
