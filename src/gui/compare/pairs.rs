//! The table of pairs: a row a pair with its figures, the worst first, filled while they are computed.

use egui::containers::menu::{MenuButton, MenuConfig};
use egui::{Button, RichText, TextEdit, vec2};

use super::state::{Comparison, Status};
use super::views::{Sorting, TableView};
use super::{Request, cells, name_of, rows, unpaired};
use crate::compare::table::{Row, sorted, worst_first};
use crate::compare::{Column, Expression, Preset, fix_list};
use crate::gui::command::Command;
use crate::gui::theme::Tokens;
use crate::gui::{names, widgets};
use crate::weights::Query;

pub fn show(ui: &mut egui::Ui, comparison: &Comparison, view: &mut TableView, commands: &mut Vec<Command>) -> bool {
    order_rows(comparison, view);
    let head = head_texts(comparison);
    let head: Vec<&str> = head.iter().map(String::as_str).collect();
    let is_dragged = widgets::head_with(ui, "Pairs", &head, |ui| {
        let has_rows = !comparison.rows.is_empty();
        ui.add_enabled_ui(has_rows, |ui| {
            if widgets::chip(ui, "Save report…").on_hover_text("Write the table as HTML, CSV or JSON").clicked() {
                commands.push(Request::OpenReport(comparison.number).into());
            }
        });
        sort_chip(ui, view);
        columns_menu(ui, comparison, view, commands);
        more_menu(ui, comparison, view, commands);
    });
    filter_line(ui, comparison, view);
    match (&comparison.status, comparison.rows.is_empty(), &comparison.pairing) {
        (Status::Failed(problem), true, _) => {
            if widgets::empty_state(ui, problem, Some("Try again")) {
                commands.push(Request::Continue(comparison.number).into());
            }
        }
        (Status::Cancelled, true, _) => {
            if widgets::empty_state(ui, "The comparison was cancelled", Some("Compare")) {
                commands.push(Request::Continue(comparison.number).into());
            }
        }
        (Status::Running, true, None) => {
            if widgets::empty_state(ui, "Pairing the weights by name, shape, neighbourhood and values…", Some("Cancel")) {
                commands.push(Request::Cancel(comparison.number).into());
            }
        }
        _ if view.lists_unpaired => unpaired::show(ui, comparison, view, commands),
        (_, true, Some(pairing)) if pairing.pairs.is_empty() => {
            if widgets::empty_state(ui, "No weight of A has a counterpart in B", Some("Make pairs by hand")) {
                view.lists_unpaired = true;
            }
        }
        (_, true, _) => {
            widgets::empty_state(ui, "Comparing the first pairs…", None);
        }
        _ => rows::show(ui, comparison, view, commands),
    }
    is_dragged
}

/// What the head says, longest first.
fn head_texts(comparison: &Comparison) -> Vec<String> {
    let Some((paired, of)) = comparison.paired() else { return vec!["pairing…".to_owned()] };
    if comparison.of_weights.is_some() {
        return vec!["two weights".to_owned()];
    }
    let mut text = format!("{paired} of {of} paired");
    let pairing = comparison.pairing.as_ref();
    for (sites, side) in [(pairing.map(|pairing| &pairing.only_a), "A"), (pairing.map(|pairing| &pairing.only_b), "B")] {
        if let Some(count) = sites.map(Vec::len).filter(|count| *count > 0) {
            text.push_str(&format!(" · {count} only in {side}"));
        }
    }
    let state = match comparison.status {
        Status::Running => format!(" · {} compared so far", comparison.rows.len()),
        Status::Cancelled => format!(" · cancelled after {}", comparison.rows.len()),
        Status::Done | Status::Failed(_) => String::new(),
    };
    let short = format!("{paired} of {of}");
    if state.is_empty() { vec![text, short] } else { vec![format!("{text}{state}"), text, short] }
}

/// Finds the order of the rows, the filter applied, and their grades.
fn order_rows(comparison: &Comparison, view: &mut TableView) {
    let wanted = (view.sorting, view.filter.clone(), view.preset);
    if view.ordered_for.as_ref() == Some(&wanted) {
        return;
    }
    let all = match view.sorting {
        Sorting::Worst => worst_first(&comparison.rows),
        Sorting::By(column, is_reversed) => sorted(&comparison.rows, column, is_reversed),
        Sorting::Name { is_reversed } => {
            let mut order: Vec<usize> = (0..comparison.rows.len()).collect();
            order.sort_by_cached_key(|number| name_of(&comparison.sides.a, comparison.rows[*number].pair.a));
            if is_reversed {
                order.reverse();
            }
            order
        }
    };
    let text = view.filter.trim();
    let is_condition = text.contains(['<', '>', '=']) && !text.starts_with('>');
    view.filter_problem = None;
    let is_meant: Box<dyn Fn(&Row) -> bool> = match Expression::parse(text) {
        _ if text.is_empty() => Box::new(|_| true),
        Ok(condition) if is_condition => Box::new(move |row| condition.holds(row)),
        Err(problem) if is_condition => {
            view.filter_problem = Some(problem);
            Box::new(|_| true)
        }
        _ => {
            let query = Query::parse(text);
            Box::new(move |row| matches(&query, comparison, row))
        }
    };
    view.order = all.into_iter().filter(|number| is_meant(&comparison.rows[*number])).collect();
    view.grades = view.preset.grades(&comparison.rows);
    view.ordered_for = Some(wanted);
}

fn matches(query: &Query, comparison: &Comparison, row: &Row) -> bool {
    let Some(of_a) = comparison.sides.a.rows.iter().find(|other| other.weight.site == row.pair.a) else { return false };
    let label = format!("{} {}", of_a.name, row.reads_as);
    query.matches(&crate::weights::Subject {
        name: &format!("{} {}", of_a.full_name, row.b.name),
        label: &label,
        kind: &of_a.kind,
        role: of_a.weight.role.name,
        dtype: of_a.dtype,
        shape: &of_a.shape,
        parameters: of_a.parameters,
        figures: None,
    })
}

fn filter_line(ui: &mut egui::Ui, comparison: &Comparison, view: &mut TableView) {
    ui.add_space(6.0);
    ui.horizontal(|ui| {
        ui.add_space(8.0);
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            ui.add_space(8.0);
            preset_menu(ui, view);
            let alone = comparison.pairing.as_ref().map_or(0, |pairing| pairing.only_a.len() + pairing.only_b.len());
            if comparison.of_weights.is_none()
                && widgets::toggle(ui, &format!("unpaired {}", names::thousands(alone as u64)), view.lists_unpaired)
                    .on_hover_text("List what is only in A or only in B, and make pairs by hand")
                    .clicked()
            {
                view.lists_unpaired = !view.lists_unpaired;
            }
            let hint = "Filter: name, dtype:i8, worst_channel_sqnr<20 or gain>1.1";
            let field = ui.add_sized(vec2(ui.available_width(), 24.0), TextEdit::singleline(&mut view.filter).hint_text(hint));
            let problem = view.filter_problem.clone();
            let field = field.accessible_name("Filter pairs");
            field.on_hover_text(problem.unwrap_or_else(|| {
                let columns = Column::ALL.map(Column::name).join(", ");
                format!("Words as in the weights list, or a condition on figures with and, or, not: {columns}, relation, role, name")
            }));
        });
    });
    if let Some(problem) = &view.filter_problem {
        ui.horizontal(|ui| {
            ui.add_space(12.0);
            ui.label(RichText::new(problem).size(12.0).color(Tokens::of(ui).warn));
        });
    }
    ui.add_space(2.0);
}

fn small_menu(ui: &mut egui::Ui, title: &str, hint: &str, stays_open: bool, add: impl FnOnce(&mut egui::Ui)) {
    let button = Button::new(RichText::new(title).size(12.0)).min_size(vec2(0.0, 20.0));
    let mut menu = MenuButton::from_button(button);
    if stays_open {
        menu = menu.config(MenuConfig::new().close_behavior(egui::PopupCloseBehavior::CloseOnClickOutside));
    }
    let (response, _) = menu.ui(ui, add);
    response.on_hover_text(hint);
}

fn sort_chip(ui: &mut egui::Ui, view: &mut TableView) {
    let title = match view.sorting {
        Sorting::Worst => "worst first ↓".to_owned(),
        Sorting::Name { is_reversed } => format!("by name {}", if is_reversed { "↓" } else { "↑" }),
        Sorting::By(column, is_reversed) => {
            let up = column.is_worse_when_low() != is_reversed;
            format!("{} {}", cells::head(column), if up { "↑" } else { "↓" })
        }
    };
    small_menu(ui, &title, "What the pairs are sorted by", false, |ui| {
        if ui.selectable_label(view.sorting == Sorting::Worst, "worst first (worst channel's SQNR)").clicked() {
            view.sorting = Sorting::Worst;
        }
        if ui.selectable_label(matches!(view.sorting, Sorting::Name { .. }), "by name").clicked() {
            view.sorting = Sorting::Name { is_reversed: false };
        }
        for column in view.columns.clone() {
            let is_key = matches!(view.sorting, Sorting::By(by, _) if by == column);
            if ui.selectable_label(is_key, format!("by {}", cells::head(column))).clicked() {
                sort_by(view, column);
            }
        }
    });
}

/// The bad end first; the same column again turns the order round.
pub fn sort_by(view: &mut TableView, column: Column) {
    view.sorting = match view.sorting {
        Sorting::By(by, is_reversed) if by == column => Sorting::By(column, !is_reversed),
        _ => Sorting::By(column, false),
    };
}

fn columns_menu(ui: &mut egui::Ui, comparison: &Comparison, view: &mut TableView, commands: &mut Vec<Command>) {
    small_menu(ui, "Columns", "Which figures the table shows", true, |ui| {
        for column in Column::ALL {
            let mut is_shown = view.columns.contains(&column);
            if widgets::checkbox(ui, &mut is_shown, column.title()).on_hover_text(column.explanation()).clicked() {
                view.columns.retain(|other| *other != column);
                if is_shown {
                    view.columns.push(column);
                    view.columns.sort();
                }
                let sorts_both = matches!(column, Column::MedianRelativeError | Column::Wasserstein | Column::JsDistance);
                if is_shown && sorts_both {
                    commands.push(Request::NeedDistributions(comparison.number).into());
                }
            }
        }
        ui.separator();
        if ui.button("Usual columns").clicked() {
            view.columns = Column::DEFAULT.to_vec();
        }
    });
}

fn preset_menu(ui: &mut egui::Ui, view: &mut TableView) {
    let title = format!("marks: {}", view.preset.title().to_lowercase());
    small_menu(ui, &title, "Which pairs are marked as bad (!!) and doubtful (!)", false, |ui| {
        for preset in Preset::ALL {
            let hint = preset.expressions().map_or_else(
                || "The worst tenth is bad, the next two tenths are doubtful".to_owned(),
                |(bad, doubtful)| format!("Bad: {bad}\nDoubtful: {doubtful}"),
            );
            if ui.selectable_label(view.preset == preset, preset.title()).on_hover_text(hint).clicked() {
                view.preset = preset;
            }
        }
    });
}

fn more_menu(ui: &mut egui::Ui, comparison: &Comparison, view: &TableView, commands: &mut Vec<Command>) {
    let number = comparison.number;
    let ticked: Vec<_> =
        comparison.rows.iter().map(|row| (row.pair.a, row.pair.b)).filter(|pair| comparison.ticked.contains(pair)).collect();
    let bad: Vec<_> = comparison
        .rows
        .iter()
        .zip(&view.grades)
        .filter(|(_, grade)| **grade == Some(crate::compare::Grade::Bad))
        .map(|(row, _)| (row.pair.a, row.pair.b))
        .collect();
    let title = if ticked.is_empty() { "More".to_owned() } else { format!("{} ticked", ticked.len()) };
    small_menu(ui, &title, "Fix list, pairs by hand, A and B exchanged", false, |ui| {
        let (listed, what) = if ticked.is_empty() { (&bad, "bad") } else { (&ticked, "ticked") };
        let plural = if listed.len() == 1 { "" } else { "s" };
        let text = format!("Copy {} {what} layer{plural} as a fix list for", listed.len());
        ui.label(RichText::new(text).color(Tokens::of(ui).dim).size(12.0));
        ui.add_enabled_ui(!listed.is_empty(), |ui| {
            for tool in fix_list::Tool::ALL {
                if ui.button(tool.title()).clicked() {
                    let (a, b) = (comparison.sides.subject_a(), comparison.sides.subject_b());
                    ui.ctx().copy_text(fix_list::text(tool, a, b, listed));
                    let are = if listed.len() == 1 { "is" } else { "are" };
                    let text = format!("{} layer{plural} {are} on the clipboard for {}", listed.len(), tool.title());
                    commands.push(Command::Say(text));
                }
            }
        });
        ui.separator();
        if ui.button("Exchange A and B").clicked() {
            commands.push(Request::Swap(number).into());
        }
        if comparison.of_weights.is_some() {
            return;
        }
        ui.separator();
        if ui.button("Save pairs…").clicked() {
            commands.push(Request::OpenSavePairs(number).into());
        }
        if ui.button("Load pairs…").clicked() {
            commands.push(Request::OpenLoadPairs(number).into());
        }
        let has_decisions = !comparison.decisions.made.is_empty() || !comparison.decisions.broken.is_empty();
        if ui.add_enabled(has_decisions, Button::new("Pair anew")).on_hover_text("Forget pairs made and broken by hand").clicked() {
            commands.push(Request::ForgetDecisions(number).into());
        }
    });
}
