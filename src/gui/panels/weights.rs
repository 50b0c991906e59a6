//! The table of weights: one row a weight, sortable, with a filter.

use egui::accesskit::Role;
use egui::{Align, Color32, CornerRadius, Key, Layout, Rect, RichText, ScrollArea, Sense, TextEdit, WidgetInfo, pos2, vec2};

use crate::gui::command::Command;
use crate::gui::compare;
use crate::gui::state::{Document, Progress};
use crate::gui::theme::{self, ROW_HEIGHT, Tokens};
use crate::gui::views::{Sort, WeightsView};
use crate::gui::{names, widgets};
use crate::jobs::{Glance, Row};
use crate::model::OperationRef;
use crate::runtime::ExecutedLayer;
use crate::weights::Query;

/// A column that is shown while there is room for it; the first ones longest.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Column {
    DType,
    Shape,
    Spark,
    Parameters,
    Range,
    Kind,
    /// What the runtime computes with it takes, and in which kernel; where the model was profiled.
    Time,
    Kernel,
}

/// In order of importance: column, its head, sort key, width.
const COLUMNS: [(Column, &str, Sort, f32); 8] = [
    (Column::DType, "dtype", Sort::DType, 36.0),
    (Column::Shape, "shape", Sort::Size, 86.0),
    (Column::Time, "CPU, µs", Sort::Time, 52.0),
    (Column::Kernel, "kernel", Sort::Kernel, 150.0),
    (Column::Spark, "", Sort::Range, 40.0),
    (Column::Parameters, "parameters", Sort::Parameters, 84.0),
    (Column::Range, "range", Sort::Range, 132.0),
    (Column::Kind, "type", Sort::Kind, 150.0),
];
/// Left to right.
const PLACES: [Column; 8] =
    [Column::Kind, Column::DType, Column::Shape, Column::Parameters, Column::Kernel, Column::Time, Column::Range, Column::Spark];
const NAME_WIDTH: f32 = 130.0;
/// The widest that names make their column at the expense of the columns after type and shape.
const NAME_WIDEST: f32 = 320.0;
/// A character of a name, about.
const CHARACTER: f32 = 7.0;
/// Rows that are looked at to find where names are alike.
const ROWS_COMPARED: usize = 1000;
const SIDE: f32 = 10.0;

pub fn show(ui: &mut egui::Ui, document: &Document, view: &mut WeightsView, focus_filter: bool, commands: &mut Vec<Command>) -> bool {
    let is_dragged = widgets::head(ui, "Weights", "", |ui| {
        sort_menu(ui, view, document.profiled.ready().is_some());
        let label = if view.kernels_only { "kernels" } else { "all roles" };
        if widgets::toggle(ui, label, view.kernels_only)
            .on_hover_text("List kernels and tables only, or biases, scales and the like too")
            .clicked()
        {
            view.kernels_only = !view.kernels_only;
        }
    });
    if document.opened.rows.is_empty() {
        widgets::empty_state(ui, "This model has no weights", None);
        return is_dragged;
    }
    filter_field(ui, view, focus_filter);
    order_rows(document, view, commands);
    let columns = visible_columns(ui.available_width(), name_width(document), type_width(document), document.profiled.ready().is_some());
    find_name_cut(document, view, name_room(ui.available_width(), &columns) - 16.0);
    header(ui, view, &columns);
    let footer_height = 28.0;
    let list_height = (ui.available_height() - footer_height).max(0.0);
    let area = Rect::from_min_size(ui.cursor().min, vec2(ui.available_width(), list_height));
    ui.scope_builder(egui::UiBuilder::new().max_rect(area), |ui| list(ui, document, view, &columns, commands));
    ui.advance_cursor_after_rect(area);
    footer(ui, document, view);
    is_dragged
}

fn sort_menu(ui: &mut egui::Ui, view: &mut WeightsView, is_profiled: bool) {
    let arrow = if view.sort == Sort::FileOrder {
        ""
    } else if view.descending {
        " ↓"
    } else {
        " ↑"
    };
    let title = RichText::new(format!("{}{arrow}", sort_name(view.sort))).size(12.0);
    egui::containers::menu::MenuButton::from_button(egui::Button::new(title).min_size(vec2(0.0, 20.0))).ui(ui, |ui| {
        for sort in [
            Sort::FileOrder,
            Sort::Name,
            Sort::Role,
            Sort::Kind,
            Sort::DType,
            Sort::Parameters,
            Sort::Size,
            Sort::Range,
            Sort::Time,
            Sort::Kernel,
        ] {
            if matches!(sort, Sort::Time | Sort::Kernel) && !is_profiled {
                continue;
            }
            if ui.selectable_label(view.sort == sort, sort_name(sort)).clicked() {
                sort_by(view, sort);
            }
        }
    });
}

fn sort_name(sort: Sort) -> &'static str {
    match sort {
        Sort::FileOrder => "file order",
        Sort::Name => "by name",
        Sort::Role => "by role",
        Sort::Kind => "by type",
        Sort::DType => "by dtype",
        Sort::Parameters => "by parameters",
        Sort::Size => "by size",
        Sort::Range => "by range",
        Sort::Time => "by time",
        Sort::Kernel => "by kernel",
    }
}

/// The same key again turns the order round; figures begin with the largest.
fn sort_by(view: &mut WeightsView, sort: Sort) {
    let largest_first = matches!(sort, Sort::Parameters | Sort::Size | Sort::Range | Sort::Time);
    view.descending = if view.sort == sort && sort != Sort::FileOrder { !view.descending } else { largest_first };
    view.sort = sort;
}

fn filter_field(ui: &mut egui::Ui, view: &mut WeightsView, focus: bool) {
    let hint = "Filter: name, type:conv, dtype:u8, sparsity>0.5";
    ui.add_space(8.0);
    ui.horizontal(|ui| {
        ui.add_space(8.0);
        let width = ui.available_width() - 8.0;
        let field = ui.add_sized(vec2(width, 26.0), TextEdit::singleline(&mut view.filter).hint_text(hint));
        let field = field.accessible_name("Filter weights");
        if focus {
            field.request_focus();
        }
        if field.lost_focus() && ui.input(|input| input.key_pressed(Key::Escape)) {
            view.filter.clear();
        }
        field.on_hover_text("Words are ANDed, \"quotes\" are exact; type: dtype: role: shape:3x3, >10k parameters, and figures: sparsity>0.5 kurtosis>=10 codes<200 dead>0");
    });
    ui.add_space(4.0);
}

fn order_rows(document: &Document, view: &mut WeightsView, commands: &mut Vec<Command>) {
    let query = Query::parse(&view.filter);
    let mut ready = match view.sort {
        Sort::Range => document.glances.values().filter(|glance| glance.ready().is_some()).count(),
        // A number that another run hardly has.
        Sort::Time | Sort::Kernel => document.profiled.ready().map_or(0, |profile| profile.inferences as usize + 1),
        _ => 0,
    };
    if query.needs_figures() {
        ready += document.statistics.known();
        if document.statistics_state.is_none() {
            commands.push(Command::NeedStatistics);
        }
    }
    let wanted = (view.filter.clone(), view.sort, view.descending, view.kernels_only, ready);
    if view.ordered_for.as_ref() == Some(&wanted) {
        return;
    }
    let rows = &document.opened.rows;
    let is_listed = |line: u32, row: &Row| {
        (!view.kernels_only || is_main(row)) && query.matches(&row.subject(document.statistics.figures(line as usize)))
    };
    let mut order: Vec<u32> = (0..).zip(rows).filter(|(line, row)| is_listed(*line, row)).map(|(position, _)| position).collect();
    let row = |position: u32| &rows[position as usize];
    let spread = |position: u32| {
        let glance = document.glances.get(&row(position).weight.site).and_then(Progress::ready);
        glance.map_or(f64::NEG_INFINITY, |glance| glance.max - glance.min)
    };
    match view.sort {
        Sort::FileOrder => {}
        Sort::Name => order.sort_by(|a, b| row(*a).name.cmp(&row(*b).name)),
        Sort::Role => order.sort_by_key(|position| row(*position).weight.role.name),
        Sort::Kind => order.sort_by(|a, b| row(*a).kind.cmp(&row(*b).kind)),
        Sort::DType => order.sort_by_key(|position| row(*position).dtype),
        Sort::Parameters => order.sort_by_key(|position| row(*position).parameters),
        Sort::Size => order.sort_by_key(|position| row(*position).stored_bytes),
        Sort::Range => order.sort_by(|a, b| spread(*a).total_cmp(&spread(*b))),
        Sort::Time => order.sort_by_key(|position| executed(document, row(*position)).map(|(time, _)| time)),
        Sort::Kernel => order.sort_by_key(|position| executed(document, row(*position)).map(|(_, kernel)| kernel)),
    }
    if view.descending {
        order.reverse();
    }
    view.headings = if view.sort == Sort::FileOrder { headings(&order, rows) } else { Vec::new() };
    view.order = order;
    view.ordered_for = Some(wanted);
}

/// In a file of weights alone, names such as `layers.0.attention.query` say which tensors belong
/// together: a heading over each run of rows whose names are alike up to their last dot.
fn headings(order: &[u32], rows: &[Row]) -> Vec<(usize, String)> {
    let mut headings: Vec<(usize, String)> = Vec::new();
    if rows.iter().any(|row| row.weight.role.name != "tensor") {
        return headings;
    }
    for (position, row) in order.iter().enumerate() {
        let name = &rows[*row as usize].full_name;
        let group = name.rsplit_once(['.', '/']).map_or("", |(group, _)| group);
        if headings.last().is_none_or(|(_, last)| last != group) {
            headings.push((position, group.to_owned()));
        }
    }
    if headings.iter().all(|(_, group)| group.is_empty()) {
        headings.clear();
    }
    headings
}

/// What stands in the line of the list: a heading, or the row of a place in the order.
fn entry(view: &WeightsView, line: usize) -> Result<usize, &str> {
    // The headings before the line, each of which stands its own number further down than its row.
    let before = view.headings.iter().enumerate().take_while(|(number, (position, _))| position + number < line).count();
    match view.headings.get(before) {
        Some((position, group)) if position + before == line => Err(group),
        _ => Ok(line - before),
    }
}

/// The time in microseconds and the kernels, with the precision, of the layers that a weight's operation went
/// into; `None` where the model was not profiled, or no layer bears the operation's name.
fn executed(document: &Document, row: &Row) -> Option<(Option<u64>, String)> {
    let profile = document.profiled.ready()?;
    let place = OperationRef { graph: row.weight.site.graph, operation: row.weight.site.operation };
    let kernel =
        |layer: &ExecutedLayer| format!("{} {}", if layer.kernel.is_empty() { &layer.kind } else { &layer.kernel }, layer.precision);
    let mut kernels: Vec<String> = profile.of(place).map(kernel).collect();
    kernels.dedup();
    (!kernels.is_empty()).then(|| (profile.microseconds(place), kernels.join(", ")))
}

fn is_main(row: &Row) -> bool {
    row.weight.role.is_main()
}

/// The width at which every name could be read.
fn name_width(document: &Document) -> f32 {
    let characters = |row: &Row| row.name.chars().count() + row.weight.role.name.chars().count() + 1;
    let longest = document.opened.rows.iter().take(ROWS_COMPARED).map(characters).max().unwrap_or(0);
    (longest as f32 * CHARACTER + 16.0).clamp(NAME_WIDTH, NAME_WIDEST)
}

/// Names that are too long are cut where the rows are alike, not where they differ.
fn find_name_cut(document: &Document, view: &mut WeightsView, room: f32) {
    let characters = (room / CHARACTER).max(0.0) as usize;
    let wanted = (characters, view.order.len());
    if view.name_cut.is_some_and(|(found_for, _)| found_for == wanted) {
        return;
    }
    let rows = view.order.iter().take(ROWS_COMPARED).map(|row| &document.opened.rows[*row as usize]);
    let names = rows.map(|row| (row.name.as_str(), characters.saturating_sub(row.weight.role.name.chars().count() + 1).max(6)));
    view.name_cut = Some((wanted, names::telling_head(&names)));
}

/// The columns there is room for, left to right, each with the distance of its right edge from the
/// right side. Type and shape stay as long as a name can be made out; the others only where no name
/// is cut for them.
fn visible_columns(width: f32, name_width: f32, type_width: f32, is_profiled: bool) -> Vec<(Column, f32, f32)> {
    let mut shown = Vec::new();
    let mut taken = 2.0 * SIDE;
    for (column, _, _, column_width) in COLUMNS {
        if matches!(column, Column::Time | Column::Kernel) && !is_profiled {
            continue;
        }
        let column_width = if column == Column::DType { type_width.max(column_width) } else { column_width };
        let name = if matches!(column, Column::DType | Column::Shape | Column::Time) { NAME_WIDTH } else { name_width };
        if width - taken - name < column_width + 8.0 {
            break;
        }
        taken += column_width + 8.0;
        shown.push((column, column_width));
    }
    let mut right = SIDE;
    let mut placed = Vec::new();
    for column in PLACES.iter().rev() {
        if let Some((_, column_width)) = shown.iter().find(|(other, _)| other == column) {
            placed.push((*column, right, *column_width));
            right += column_width + 8.0;
        }
    }
    placed.reverse();
    placed
}

/// The width of the longest type's badge, of the types that the model has.
fn type_width(document: &Document) -> f32 {
    let longest = document.opened.rows.iter().map(|row| row.dtype.len()).max().unwrap_or(0);
    longest as f32 * CHARACTER + 8.0
}

fn name_room(width: f32, columns: &[(Column, f32, f32)]) -> f32 {
    let taken = columns.first().map_or(SIDE, |(_, right, column_width)| right + column_width + 8.0);
    width - taken - SIDE
}

fn header(ui: &mut egui::Ui, view: &mut WeightsView, columns: &[(Column, f32, f32)]) {
    let tokens = Tokens::of(ui);
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 22.0), Sense::hover());
    let mut click = None;
    let mut head = |text: &str, sort: Sort, at: Rect| {
        if text.is_empty() {
            return;
        }
        let response = ui.interact(at, ui.scope_id().with(("sort", text)), Sense::click());
        response.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("Sort by {text}")));
        let is_key = view.sort == sort;
        let arrow = if !is_key {
            ""
        } else if view.descending {
            " ↓"
        } else {
            " ↑"
        };
        let color = if is_key || response.hovered() { tokens.text } else { tokens.dim };
        let galley = ui.painter().layout_no_wrap(format!("{text}{arrow}"), theme::small_font(), color);
        ui.painter().galley(pos2(at.left(), at.center().y - galley.size().y / 2.0), galley, color);
        if response.clicked() {
            click = Some(sort);
        }
    };
    let name_at =
        Rect::from_min_size(pos2(rect.left() + SIDE + 14.0, rect.top()), vec2(name_room(rect.width(), columns) - 14.0, rect.height()));
    head("name", Sort::Name, name_at);
    for (column, right, width) in columns {
        let at = Rect::from_min_max(pos2(rect.right() - right - width, rect.top()), pos2(rect.right() - right, rect.bottom()));
        let (_, text, sort, _) = COLUMNS.iter().find(|(other, ..)| other == column).unwrap_or(&COLUMNS[0]);
        head(text, *sort, at);
    }
    if let Some(sort) = click {
        sort_by(view, sort);
    }
    ui.painter().hline(rect.x_range(), rect.bottom(), egui::Stroke::new(1.0, tokens.line));
}

fn list(ui: &mut egui::Ui, document: &Document, view: &mut WeightsView, columns: &[(Column, f32, f32)], commands: &mut Vec<Command>) {
    ui.spacing_mut().item_spacing.y = 0.0;
    if view.order.is_empty() {
        if widgets::empty_state(ui, "No weight matches the filter", Some("Clear the filter")) {
            view.filter.clear();
            view.kernels_only = false;
        }
        return;
    }
    let mut scroll = ScrollArea::vertical().auto_shrink(false).id_salt(("weights", document.number));
    if let Some(site) = view.reveal.take()
        && let Some(position) = view.order.iter().position(|row| document.opened.rows[*row as usize].weight.site == site)
    {
        let line = position + view.headings.iter().take_while(|(first, _)| *first <= position).count();
        let (top, height) = (line as f32 * ROW_HEIGHT, ui.available_height());
        let id = ui.make_persistent_id(("weights", document.number));
        let offset = egui::containers::scroll_area::State::load(ui.ctx(), id).map_or(0.0, |state| state.clamped_offset().y);
        if top < offset || top + ROW_HEIGHT > offset + height {
            scroll = scroll.vertical_scroll_offset((top - height / 2.0).max(0.0));
        }
    }
    let wants_all_ranges = view.sort == Sort::Range;
    if wants_all_ranges {
        let rows = view.order.iter().map(|row| &document.opened.rows[*row as usize]);
        let missing = rows.filter(|row| !row.is_text()).map(|row| row.weight.site);
        let missing = missing.filter(|site| document.glances.get(site).is_none_or(Progress::is_none));
        commands.extend(missing.take(64).map(Command::NeedGlance));
    }
    let head = view.name_cut.map_or(0.5, |(_, head)| head);
    scroll.show_rows(ui, ROW_HEIGHT, view.order.len() + view.headings.len(), |ui, range| {
        for line in range {
            match entry(view, line) {
                Ok(position) => show_row(ui, document, &document.opened.rows[view.order[position] as usize], columns, head, commands),
                Err(group) => show_heading(ui, group),
            }
        }
    });
}

fn show_heading(ui: &mut egui::Ui, group: &str) {
    let tokens = Tokens::of(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW_HEIGHT), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Heading, true, group));
    let galley = widgets::fit_text(ui, group, theme::small_font(), tokens.dim, rect.width() - 2.0 * SIDE);
    ui.painter().galley(pos2(rect.left() + SIDE, rect.center().y - galley.size().y / 2.0), galley, tokens.dim);
    ui.painter().hline(rect.x_range(), rect.bottom(), egui::Stroke::new(1.0, tokens.line));
}

fn show_row(ui: &mut egui::Ui, document: &Document, row: &Row, columns: &[(Column, f32, f32)], head: f32, commands: &mut Vec<Command>) {
    let tokens = Tokens::of(ui);
    let site = row.weight.site;
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW_HEIGHT), Sense::click());
    let is_selected = document.weight == Some(site);
    let role = row.weight.role.name;
    response.widget_info(|| {
        WidgetInfo::selected(Role::ListItem, true, is_selected, format!("{} {role}, {}, {}", row.name, row.dtype, row.shape))
    });
    let glance = document.glances.get(&site);
    if row.problem.is_none() && !row.is_text() && glance.is_none_or(Progress::is_none) {
        commands.push(Command::NeedGlance(site));
    }
    if is_selected {
        ui.painter().rect_filled(rect, 0.0, tokens.selection);
    } else if response.hovered() {
        ui.painter().rect_filled(rect, 0.0, tokens.raised);
    }
    let middle = rect.center().y;
    let square = Rect::from_center_size(pos2(rect.left() + SIDE + 4.0, middle), vec2(8.0, 8.0));
    ui.painter().rect_filled(square, 2.0, tokens.families.of(row.family));
    let room = name_room(rect.width(), columns) - 16.0;
    let color = if row.problem.is_some() { tokens.warn } else { tokens.text };
    // The role has gates and directions at its end, which tell rows of one layer apart.
    let role_galley = widgets::fit_text_at(ui, &format!(" {role}"), theme::text_font(), tokens.dim, (room - 48.0).max(room * 0.6), 0.3);
    let name_room = (room - role_galley.size().x).max(48.0);
    let name = widgets::fit_text_at(ui, &row.name, theme::text_font(), color, name_room, head);
    let at = pos2(rect.left() + SIDE + 16.0, middle - name.size().y / 2.0);
    let role_at = pos2(at.x + name.size().x, at.y);
    let clip = ui.painter().with_clip_rect(Rect::from_min_max(rect.min, pos2(at.x + room, rect.bottom())));
    clip.galley(at, name, color);
    clip.galley(role_at, role_galley, tokens.dim);
    for (column, right, width) in columns {
        let cell = Rect::from_min_max(pos2(rect.right() - right - width, rect.top()), pos2(rect.right() - right, rect.bottom()));
        show_cell(ui, *column, cell, document, row, glance);
    }
    if response.clicked() {
        commands.push(Command::ShowWeight(site));
    }
    if response.hovered() {
        commands.push(Command::PointAt(OperationRef { graph: site.graph, operation: row.weight.layer() }));
    }
    compare::weight_menu(&response, document.number, site, commands);
    let gates: Vec<_> = row.weight.sections.gates.iter().map(|gate| gate.name).collect();
    let gates = if gates.is_empty() { String::new() } else { format!("\ngates {}", gates.join(" ")) };
    let found = glance.and_then(|glance| if let Progress::Failed(problem) = glance { Some(problem) } else { None });
    let problem = row.problem.as_ref().or(found).map(|problem| format!("\n{problem}")).unwrap_or_default();
    let hover = format!(
        "{}\n{} · {role} · {} {}\n{} parameters, {}{gates}{problem}",
        row.full_name,
        row.kind,
        row.dtype,
        row.shape,
        names::thousands(row.parameters),
        names::bytes(row.stored_bytes)
    );
    response.on_hover_text(hover);
}

fn show_cell(ui: &egui::Ui, column: Column, cell: Rect, document: &Document, row: &Row, glance: Option<&Progress<Glance>>) {
    let tokens = Tokens::of(ui);
    let text = |text: &str, color: Color32| {
        let galley = widgets::fit_text(ui, text, egui::FontId::monospace(11.5), color, cell.width());
        ui.painter().galley(pos2(cell.left(), cell.center().y - galley.size().y / 2.0), galley, color);
    };
    match column {
        Column::DType => widgets::paint_badge(ui, cell.left_center(), row.dtype),
        Column::Shape => text(&row.shape, tokens.dim),
        Column::Parameters => text(&names::thousands(row.parameters), tokens.dim),
        Column::Kind => text(&row.kind, tokens.dim),
        Column::Range => match (glance, &row.problem) {
            (Some(Progress::Ready(glance)), _) => text(&format!("{} {}", names::signed(glance.min), names::signed(glance.max)), tokens.dim),
            (Some(Progress::Failed(_)), _) | (_, Some(_)) => text("no values", tokens.warn),
            _ if row.is_text() => text("strings", tokens.dim),
            _ => text("…", tokens.dim),
        },
        Column::Time => {
            let time = executed(document, row).and_then(|(time, _)| time);
            text(&time.map_or_else(|| "–".to_owned(), names::thousands), tokens.dim);
        }
        Column::Kernel => text(&executed(document, row).map_or_else(|| "–".to_owned(), |(_, kernel)| kernel), tokens.dim),
        Column::Spark => {
            if let Some(Progress::Ready(glance)) = glance {
                spark(ui, cell, &glance.spark);
            }
        }
    }
}

/// The distribution as a small filled curve on a base line.
fn spark(ui: &egui::Ui, cell: Rect, heights: &[f32]) {
    let tokens = Tokens::of(ui);
    let area = cell.shrink2(vec2(0.0, 6.0));
    let step = area.width() / heights.len().max(1) as f32;
    for (position, height) in (0u16..).zip(heights) {
        if *height > 0.0 {
            let left = area.left() + f32::from(position) * step;
            let top = area.bottom() - (height * area.height()).max(1.0);
            let bar = Rect::from_min_max(pos2(left, top), pos2(left + step, area.bottom()));
            ui.painter().rect_filled(bar, CornerRadius::ZERO, tokens.faint);
        }
    }
    ui.painter().hline(area.x_range(), area.bottom(), egui::Stroke::new(1.0, tokens.faint));
}

fn footer(ui: &mut egui::Ui, document: &Document, view: &WeightsView) {
    let tokens = Tokens::of(ui);
    let rows = view.order.iter().map(|row| &document.opened.rows[*row as usize]);
    let (parameters, bytes) = rows.fold((0u64, 0u64), |(parameters, bytes), row| (parameters + row.parameters, bytes + row.stored_bytes));
    let all = document.opened.rows.len();
    let count = view.order.len();
    let of_all = if count == all { String::new() } else { format!(" of {}", names::thousands(all as u64)) };
    let line = format!(
        "{}{of_all} weight{} · {} parameters · {}",
        names::thousands(count as u64),
        if all == 1 { "" } else { "s" },
        names::thousands(parameters),
        names::bytes(bytes)
    );
    ui.painter().hline(ui.max_rect().x_range(), ui.cursor().top(), egui::Stroke::new(1.0, tokens.line));
    ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
        ui.add_space(12.0);
        ui.add(egui::Label::new(RichText::new(line).size(12.0).color(tokens.dim)).truncate());
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_a_list_with_headings() {
        let headings = vec![(0, "a".to_owned()), (2, "b".to_owned()), (3, "c".to_owned())];
        let view = WeightsView { headings, ..WeightsView::default() };
        let lines: Vec<_> = (0..7).map(|line| entry(&view, line)).collect();
        assert_eq!(lines, [Err("a"), Ok(0), Ok(1), Err("b"), Ok(2), Err("c"), Ok(3)]);
        assert_eq!(entry(&WeightsView::default(), 5), Ok(5));
    }
}
