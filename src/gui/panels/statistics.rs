//! The figures of every weight of the model, as a table: sorted by any column, filtered with
//! comparisons, exported. Lines appear while the rest is still being computed.

use egui::accesskit::Role;
use egui::{Align, Color32, FontId, Key, Layout, ProgressBar, Rect, RichText, ScrollArea, Sense, TextEdit, WidgetInfo, pos2, vec2};

use crate::gui::command::Command;
use crate::gui::state::{Document, Progress};
use crate::gui::theme::{self, ROW_HEIGHT, Tokens};
use crate::gui::views::{StatisticsColumn as Column, StatisticsView};
use crate::gui::{names, widgets};
use crate::jobs::Row;
use crate::stats::{Figure, Figures};
use crate::weights::Query;

const NAME_WIDTH: f32 = 190.0;
const SIDE: f32 = 10.0;
const HEADER_HEIGHT: f32 = 22.0;

pub fn show(ui: &mut egui::Ui, document: &Document, view: &mut StatisticsView, commands: &mut Vec<Command>) -> bool {
    if document.statistics_state.is_none() && !document.opened.rows.is_empty() {
        commands.push(Command::NeedStatistics);
    }
    let is_dragged = widgets::head(ui, "Statistics", "", |ui| {
        let save = widgets::chip(ui, "Save…");
        save.widget_info(|| WidgetInfo::labeled(Role::Button, true, "Save statistics"));
        if save.on_hover_text("Write the lines on display as CSV or JSON").clicked() {
            commands.push(Command::SaveStatistics(view.order.clone()));
        }
        column_menu(ui, view);
    });
    if document.opened.rows.is_empty() {
        widgets::empty_state(ui, "This model has no weights", None);
        return is_dragged;
    }
    filter_field(ui, view);
    order_lines(document, view);
    let footer_height = 28.0;
    let area = Rect::from_min_size(ui.cursor().min, vec2(ui.available_width(), (ui.available_height() - footer_height).max(0.0)));
    ui.scope_builder(egui::UiBuilder::new().max_rect(area), |ui| table(ui, document, view, commands));
    ui.advance_cursor_after_rect(area);
    footer(ui, document, view, commands);
    is_dragged
}

fn column_menu(ui: &mut egui::Ui, view: &mut StatisticsView) {
    let button = egui::Button::new(RichText::new("columns").size(12.0)).min_size(vec2(0.0, 20.0));
    let (response, _) = egui::containers::menu::MenuButton::from_button(button)
        .config(egui::containers::menu::MenuConfig::new().close_behavior(egui::PopupCloseBehavior::CloseOnClickOutside))
        .ui(ui, |ui| {
            ScrollArea::vertical().max_height(420.0).show(ui, |ui| {
                for column in every_column() {
                    let mut is_shown = view.columns.contains(&column);
                    let hover = if let Column::Figure(figure) = column { figure.definition() } else { "" };
                    let label = if let Column::Figure(figure) = column { figure.name() } else { title(column) };
                    if widgets::checkbox(ui, &mut is_shown, label).on_hover_text(hover).changed() {
                        // Always in one order, whichever was chosen first.
                        let chosen = every_column().filter(|other| if *other == column { is_shown } else { view.columns.contains(other) });
                        view.columns = chosen.collect();
                    }
                }
            });
        });
    response.on_hover_text("Which figures the table shows");
}

/// Those beside the name.
fn every_column() -> impl Iterator<Item = Column> {
    [Column::Kind, Column::DType, Column::Shape].into_iter().chain(Figure::ALL.iter().copied().map(Column::Figure))
}

fn title(column: Column) -> &'static str {
    match column {
        Column::Number => "file order",
        Column::Name => "name",
        Column::Kind => "type",
        Column::DType => "dtype",
        Column::Shape => "shape",
        Column::Figure(figure) => figure.title(),
    }
}

fn width(column: Column) -> f32 {
    match column {
        Column::Number | Column::Name => NAME_WIDTH,
        Column::Kind => 140.0,
        Column::DType => 48.0,
        Column::Shape => 96.0,
        Column::Figure(Figure::Count | Figure::Zeros | Figure::StoredBytes) => 92.0,
        Column::Figure(Figure::CodesUsed | Figure::Nan | Figure::Inf) => 52.0,
        Column::Figure(Figure::DeadChannels | Figure::Outliers | Figure::EffectiveBits | Figure::EntropyBits) => 66.0,
        Column::Figure(_) => 78.0,
    }
}

fn filter_field(ui: &mut egui::Ui, view: &mut StatisticsView) {
    ui.add_space(8.0);
    ui.horizontal(|ui| {
        ui.add_space(8.0);
        let width = ui.available_width() - 8.0;
        let field =
            ui.add_sized(vec2(width, 26.0), TextEdit::singleline(&mut view.filter).hint_text("Filter: sparsity>0.5 dtype:i8 kurtosis>=10"));
        let field = field.accessible_name("Filter statistics");
        if field.lost_focus() && ui.input(|input| input.key_pressed(Key::Escape)) {
            view.filter.clear();
        }
        let figures: Vec<_> = Figure::ALL.iter().map(|figure| figure.name()).collect();
        field.on_hover_text(format!(
            "Words, type: dtype: role: shape:3x3, and comparisons (> >= < <= =) of {}; 10k and 50% are numbers",
            figures.join(", ")
        ));
    });
    ui.add_space(4.0);
}

fn order_lines(document: &Document, view: &mut StatisticsView) {
    let statistics = &document.statistics;
    let known = statistics.known();
    let wanted = (view.filter.clone(), view.sort, view.descending, known);
    if view.ordered_for.as_ref() == Some(&wanted) {
        return;
    }
    let rows = &document.opened.rows;
    let query = Query::parse(&view.filter);
    let figures = |line: u32| statistics.figures(line as usize);
    let row = |line: u32| &rows[line as usize];
    let mut order: Vec<u32> = (0..rows.len() as u32).filter(|line| query.matches(&row(*line).subject(figures(*line)))).collect();
    match view.sort {
        Column::Number => {}
        Column::Name => order.sort_by(|a, b| row(*a).name.cmp(&row(*b).name)),
        Column::Kind => order.sort_by(|a, b| row(*a).kind.cmp(&row(*b).kind)),
        Column::DType => order.sort_by_key(|line| row(*line).dtype),
        Column::Shape => order.sort_by_key(|line| row(*line).parameters),
        Column::Figure(figure) => {
            let value = |line: u32| figures(line).and_then(|figures| figures.get(figure)).filter(|value| !value.is_nan());
            // What has no such figure comes last, whichever way the rest goes.
            order.sort_by(|a, b| match (value(*a), value(*b)) {
                (Some(a), Some(b)) if view.descending => b.total_cmp(&a),
                (Some(a), Some(b)) => a.total_cmp(&b),
                (a, b) => b.is_some().cmp(&a.is_some()),
            });
        }
    }
    if view.descending && !matches!(view.sort, Column::Figure(_)) {
        order.reverse();
    }
    view.order = order;
    view.ordered_for = Some(wanted);
}

fn sort_by(view: &mut StatisticsView, column: Column) {
    let largest_first = matches!(column, Column::Figure(_) | Column::Shape);
    view.descending = if view.sort == column { !view.descending } else { largest_first };
    view.sort = column;
}

fn table(ui: &mut egui::Ui, document: &Document, view: &mut StatisticsView, commands: &mut Vec<Command>) {
    let (header_rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), HEADER_HEIGHT), Sense::hover());
    ui.spacing_mut().item_spacing = vec2(0.0, 0.0);
    if view.order.is_empty() {
        header(ui, view, header_rect, 0.0);
        let sentence = if Query::parse(&view.filter).needs_figures() && !document.statistics.is_complete() {
            "No weight whose figures are known matches the filter"
        } else {
            "No weight matches the filter"
        };
        if widgets::empty_state(ui, sentence, Some("Clear the filter")) {
            view.filter.clear();
        }
        return;
    }
    let content = NAME_WIDTH + SIDE + view.columns.iter().map(|column| width(*column) + 10.0).sum::<f32>() + SIDE;
    let scroll = ScrollArea::both().auto_shrink(false).id_salt(("statistics", document.number));
    let shown = scroll.show_viewport(ui, |ui, viewport| {
        ui.set_width(content.max(ui.available_width()));
        ui.set_height(view.order.len() as f32 * ROW_HEIGHT);
        let origin = ui.max_rect().min;
        let first = (viewport.top() / ROW_HEIGHT).floor().max(0.0) as usize;
        let last = ((viewport.bottom() / ROW_HEIGHT).ceil().max(0.0) as usize).min(view.order.len());
        for position in first..last {
            let line = view.order[position] as usize;
            let top = origin.y + position as f32 * ROW_HEIGHT;
            let rect = Rect::from_min_size(pos2(origin.x + viewport.left(), top), vec2(viewport.width(), ROW_HEIGHT));
            show_line(ui, document, view, line, rect, viewport.left(), commands);
        }
        viewport.left()
    });
    header(ui, view, header_rect, shown.inner);
}

fn header(ui: &mut egui::Ui, view: &mut StatisticsView, rect: Rect, offset: f32) {
    let tokens = Tokens::of(ui);
    let mut click = None;
    let mut head = |ui: &egui::Ui, column: Column, at: Rect, clip: Rect| {
        let shown = at.intersect(clip);
        if shown.width() < 8.0 {
            return;
        }
        let response = ui.interact(shown, ui.scope_id().with(("sort statistics", column)), Sense::click());
        let name = if let Column::Figure(figure) = column { figure.name() } else { title(column) };
        response.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("Sort statistics by {name}")));
        let is_key = view.sort == column;
        let arrow = match (is_key, view.descending) {
            (false, _) => "",
            (true, true) => " ↓",
            (true, false) => " ↑",
        };
        let color = if is_key || response.hovered() { tokens.text } else { tokens.dim };
        let galley = ui.painter().layout_no_wrap(format!("{}{arrow}", title(column)), theme::small_font(), color);
        let left = if is_number(column) { at.right() - galley.size().x } else { at.left() };
        ui.painter().with_clip_rect(clip).galley(pos2(left, at.center().y - galley.size().y / 2.0), galley, color);
        let hover = if let Column::Figure(figure) = column { figure.definition() } else { "" };
        let response = if hover.is_empty() { response } else { response.on_hover_text(hover) };
        if response.clicked() {
            click = Some(column);
        }
    };
    let name_at = Rect::from_min_size(rect.min + vec2(SIDE + 14.0, 0.0), vec2(NAME_WIDTH - 14.0, rect.height()));
    head(ui, Column::Name, name_at, rect);
    let clip = rect.with_min_x(rect.left() + SIDE + NAME_WIDTH);
    for (column, left) in places(&view.columns) {
        let at = Rect::from_min_size(pos2(rect.left() + left - offset, rect.top()), vec2(width(column), rect.height()));
        head(ui, column, at, clip);
    }
    if let Some(column) = click {
        sort_by(view, column);
    }
    ui.painter().hline(rect.x_range(), rect.bottom(), egui::Stroke::new(1.0, tokens.line));
}

/// The columns with their left edges.
fn places(columns: &[Column]) -> impl Iterator<Item = (Column, f32)> {
    columns.iter().scan(SIDE + NAME_WIDTH + 10.0, |left, column| {
        let at = *left;
        *left += width(*column) + 10.0;
        Some((*column, at))
    })
}

fn is_number(column: Column) -> bool {
    matches!(column, Column::Figure(_))
}

fn show_line(ui: &egui::Ui, document: &Document, view: &StatisticsView, line: usize, rect: Rect, offset: f32, commands: &mut Vec<Command>) {
    let tokens = Tokens::of(ui);
    let row = &document.opened.rows[line];
    let known = document.statistics.get(line);
    let figures = known.and_then(Result::ok);
    let site = row.weight.site;
    let response = ui.interact(rect, ui.scope_id().with(("statistics line", line)), Sense::click());
    let is_selected = document.weight == Some(site);
    response.widget_info(|| {
        let told = view
            .columns
            .iter()
            .filter(|column| is_number(**column))
            .map(|column| format!("{} {}", title(*column), text(*column, row, figures)));
        let figures = told.collect::<Vec<_>>().join(", ");
        WidgetInfo::selected(Role::ListItem, true, is_selected, format!("{} {} statistics: {figures}", row.name, row.weight.role.name))
    });
    let fill = if is_selected {
        tokens.selection
    } else if response.hovered() {
        tokens.raised
    } else {
        tokens.panel
    };
    ui.painter().rect_filled(rect, 0.0, fill);
    let middle = rect.center().y;
    let cells = ui.painter().with_clip_rect(rect.with_min_x(rect.left() + SIDE + NAME_WIDTH).intersect(ui.clip_rect()));
    let font = FontId::monospace(11.5);
    if let Some(Err(problem)) = known {
        let galley = widgets::fit_text(ui, problem, theme::small_font(), tokens.warn, rect.width() - NAME_WIDTH - 3.0 * SIDE);
        cells.galley(pos2(rect.left() + SIDE + NAME_WIDTH + 10.0, middle - galley.size().y / 2.0), galley, tokens.warn);
    } else {
        for (column, left) in places(&view.columns) {
            let at = rect.left() + left - offset;
            if at > rect.right() || at + width(column) < rect.left() + NAME_WIDTH {
                continue;
            }
            let color = if is_number(column) && stands_out(column, figures) { tokens.text } else { tokens.dim };
            let galley = widgets::fit_text(ui, &text(column, row, figures), font.clone(), color, width(column));
            let x = if is_number(column) { at + width(column) - galley.size().x } else { at };
            cells.galley(pos2(x, middle - galley.size().y / 2.0), galley, color);
        }
    }
    let square = Rect::from_center_size(pos2(rect.left() + SIDE + 4.0, middle), vec2(8.0, 8.0));
    ui.painter().rect_filled(square, 2.0, tokens.families.of(row.family));
    let color = if row.problem.is_some() { tokens.warn } else { tokens.text };
    let room = NAME_WIDTH - 16.0;
    let role = widgets::fit_text(ui, &format!(" {}", row.weight.role.name), theme::text_font(), tokens.dim, room * 0.6);
    let name = widgets::fit_text(ui, &row.name, theme::text_font(), color, (room - role.size().x).max(48.0));
    let at = pos2(rect.left() + SIDE + 16.0, middle - name.size().y / 2.0);
    let role_at = pos2(at.x + name.size().x, at.y);
    ui.painter().galley(at, name, color);
    ui.painter().galley(role_at, role, tokens.dim);
    if response.clicked() {
        commands.push(Command::ShowWeight(site));
    }
    response.on_hover_text(format!("{}\n{} · {} · {} {}", row.full_name, row.kind, row.weight.role.name, row.dtype, row.shape));
}

/// What a person looks for in the table is written stronger.
fn stands_out(column: Column, figures: Option<&Figures>) -> bool {
    let Column::Figure(figure) = column else { return false };
    let value = figures.and_then(|figures| figures.get(figure)).unwrap_or(0.0);
    match figure {
        Figure::Nan | Figure::Inf | Figure::DeadChannels => value > 0.0,
        Figure::Sparsity => value > 0.5,
        Figure::Kurtosis => value > 10.0,
        Figure::Saturation => value > 0.01,
        _ => false,
    }
}

fn text(column: Column, row: &Row, figures: Option<&Figures>) -> String {
    match column {
        Column::Number | Column::Name => row.name.clone(),
        Column::Kind => row.kind.clone(),
        Column::DType => row.dtype.to_owned(),
        Column::Shape => row.shape.clone(),
        Column::Figure(figure) => match (figures, figures.and_then(|figures| figures.get(figure))) {
            (None, _) => "…".to_owned(),
            (_, None) => "–".to_owned(),
            (_, Some(value)) if figure.is_count() => names::thousands(value as u64),
            (_, Some(value)) if value.is_nan() => "NaN".to_owned(),
            (_, Some(value)) => {
                use Figure::{EffectiveBits, EntropyBits, Kurtosis, Saturation, Sparsity, Std};
                if matches!(figure, Sparsity | Saturation | EffectiveBits | EntropyBits | Std | Kurtosis) {
                    names::figure(value)
                } else {
                    names::signed(value)
                }
            }
        },
    }
}

fn footer(ui: &mut egui::Ui, document: &Document, view: &StatisticsView, commands: &mut Vec<Command>) {
    let tokens = Tokens::of(ui);
    ui.painter().hline(ui.max_rect().x_range(), ui.cursor().top(), egui::Stroke::new(1.0, tokens.line));
    let small = |text: String, color: Color32| egui::Label::new(RichText::new(text).size(12.0).color(color)).truncate();
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        ui.add_space(8.0);
        let (known, all) = (document.statistics.known(), document.statistics.len());
        match &document.statistics_state {
            Progress::Loading => {
                ui.ctx().request_repaint_after(std::time::Duration::from_millis(100));
                let cancel = widgets::chip(ui, "Stop");
                cancel.widget_info(|| WidgetInfo::labeled(Role::Button, true, "Stop computing statistics"));
                if cancel.clicked() {
                    commands.push(Command::CancelStatistics);
                }
                ui.add(ProgressBar::new(known as f32 / all.max(1) as f32).desired_width(90.0).desired_height(6.0));
            }
            Progress::Failed(_) if known < all => {
                let go_on = widgets::chip(ui, "Go on");
                go_on.widget_info(|| WidgetInfo::labeled(Role::Button, true, "Go on computing statistics"));
                if go_on.clicked() {
                    commands.push(Command::NeedStatistics);
                }
            }
            _ => {}
        }
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            ui.add_space(12.0);
            let shown = view.order.len();
            let of_all = if shown == all { String::new() } else { format!(" of {}", names::thousands(all as u64)) };
            let so_far = if known < all { format!(", figures of {} known", names::thousands(known as u64)) } else { String::new() };
            ui.add(small(format!("{}{of_all} weights{so_far}", names::thousands(shown as u64)), tokens.dim));
        });
    });
}
