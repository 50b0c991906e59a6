//! The values on display as a table: as many rows and columns as the picture has, of which only those
//! in sight are read.

use std::fmt::Write as _;

use egui::accesskit::Role;
use egui::{Align2, Key, Rect, ScrollArea, Sense, WidgetInfo, pos2, vec2};

use crate::colormap::Colours;
use crate::gui::theme::{self, Tokens};
use crate::gui::views::HeatmapView;
use crate::jobs::{Loaded, Look, Shows, Token};
use crate::render::figure::cell_corner;
use crate::render::number::significant;
use crate::view::{Place, View};

/// A cell's size in points.
const CELL: egui::Vec2 = vec2(92.0, 20.0);
/// The room of the indices beside the rows.
const INDICES: f32 = 84.0;
/// Cells that are copied at most.
const MOST_COPIED: usize = 1 << 20;

pub fn show(ui: &mut egui::Ui, heatmap: &mut HeatmapView, loaded: &Loaded, look: &Look, colours: &Colours) {
    let view = &look.view;
    let tokens = Tokens::of(ui);
    let font = theme::small_number_font();
    let area = ui.available_rect_before_wrap().shrink2(vec2(8.0, 4.0));
    let body = Rect::from_min_max(area.min + vec2(INDICES, CELL.y), area.max);
    if body.width() < CELL.x || body.height() < CELL.y {
        return;
    }
    let (rows, columns) = (view.rows(), view.columns());
    let size = vec2(columns as f32 * CELL.x, rows as f32 * CELL.y);
    let fly_to = heatmap.fly_to.take();
    let table = heatmap.table.get_or_insert_with(Default::default);
    let (origin, rows_in_sight, columns_in_sight) = ui
        .scope_builder(egui::UiBuilder::new().max_rect(body), |ui| {
            let mut scroll = ScrollArea::both().auto_shrink(false).id_salt("values");
            if let Some((row, column)) = fly_to {
                let middle = vec2(column as f32 * CELL.x, row as f32 * CELL.y) - (body.size() - CELL) / 2.0;
                scroll = scroll.scroll_offset(middle.max(egui::Vec2::ZERO));
            }
            let shown = scroll.show_viewport(ui, |ui, seen| {
                ui.set_min_size(size);
                let origin = ui.min_rect().min;
                let response = ui.interact(
                    Rect::from_min_size(origin + seen.min.to_vec2(), seen.size()),
                    ui.scope_id().with("cells"),
                    Sense::click_and_drag(),
                );
                response.widget_info(|| WidgetInfo::labeled(Role::Table, true, format!("Table of {rows} rows and {columns} columns")));
                let range = |from: f32, to: f32, step: f32, count: usize| {
                    ((from / step).floor().max(0.0) as usize).min(count)..((to / step).ceil().max(0.0) as usize).min(count)
                };
                let (seen_rows, seen_columns) =
                    (range(seen.top(), seen.bottom(), CELL.y, rows), range(seen.left(), seen.right(), CELL.x, columns));
                let cell_at = |at: egui::Pos2| {
                    let at = (at - origin).max(egui::Vec2::ZERO);
                    (((at.y / CELL.y) as usize).min(rows - 1), ((at.x / CELL.x) as usize).min(columns - 1))
                };
                select(ui, &response, table, cell_at, (rows, columns));
                let numbers = loaded.numbers(look.shows, &Token::new());
                for row in seen_rows.clone() {
                    for column in seen_columns.clone() {
                        let Some(offset) = view.offset(row, column) else { continue };
                        let mut value = [f32::NAN];
                        if let Some(numbers) = &numbers {
                            numbers.read(offset, &mut value);
                        }
                        let rect = Rect::from_min_size(origin + vec2(column as f32 * CELL.x, row as f32 * CELL.y), CELL);
                        let is_selected = table.selected.is_some_and(|corners| contains(corners, (row, column)));
                        let ground = if look.has_own_scales() { None } else { Some(colours.colour(value[0])) };
                        if let Some([red, green, blue]) = ground {
                            let strip = Rect::from_min_max(rect.min + vec2(1.0, 1.0), pos2(rect.left() + 5.0, rect.bottom() - 1.0));
                            ui.painter().rect_filled(strip, 0.0, egui::Color32::from_rgb(red, green, blue));
                        }
                        if is_selected {
                            ui.painter().rect_filled(Rect::from_min_max(rect.min + vec2(5.0, 0.0), rect.max), 0.0, tokens.selection);
                        }
                        ui.painter().text(
                            rect.right_center() - vec2(6.0, 0.0),
                            Align2::RIGHT_CENTER,
                            text_of(value[0], look.shows),
                            font.clone(),
                            tokens.text,
                        );
                    }
                }
                (origin, seen_rows, seen_columns)
            });
            shown.inner
        })
        .inner;
    indices(ui, view, body, origin, (rows_in_sight, columns_in_sight));
    heatmap.pinned = heatmap.table.as_ref().and_then(|table| table.selected).map(|corners| corners[1]);
    ui.advance_cursor_after_rect(area);
}

/// Indices of rows and columns, at the table's edges whatever is in sight.
fn indices(ui: &egui::Ui, view: &View, body: Rect, origin: egui::Pos2, (rows, columns): (std::ops::Range<usize>, std::ops::Range<usize>)) {
    let tokens = Tokens::of(ui);
    let font = theme::small_number_font();
    let painter = ui.painter();
    let name = |cell: usize, is_row: bool| {
        let (outer, inner, block) = if is_row {
            (Place::Rows, Place::CellRows, view.block_size().0)
        } else {
            (Place::Columns, Place::CellColumns, view.block_size().1)
        };
        let block = block.max(1);
        let position = cell / block * if is_row { view.wrap().unwrap_or(1) } else { 1 };
        let outer = if view.wrap().is_some() && !is_row { position } else { view.index_at(outer, position) };
        if block > 1 { format!("{outer}:{}", view.index_at(inner, cell % block)) } else { outer.to_string() }
    };
    painter.text(body.left_top() - vec2(8.0, 4.0), Align2::RIGHT_BOTTOM, cell_corner(view), theme::small_font(), tokens.text);
    for row in rows {
        let y = origin.y + (row as f32 + 0.5) * CELL.y;
        if (body.top()..body.bottom()).contains(&y) {
            painter.text(pos2(body.left() - 8.0, y), Align2::RIGHT_CENTER, name(row, true), font.clone(), tokens.dim);
        }
    }
    for column in columns {
        let x = origin.x + (column as f32 + 1.0) * CELL.x - 6.0;
        if (body.left()..body.right()).contains(&x) {
            painter.text(pos2(x, body.top() - 4.0), Align2::RIGHT_BOTTOM, name(column, false), font.clone(), tokens.dim);
        }
    }
}

/// Click, drag, Shift and the arrow keys.
fn select(
    ui: &egui::Ui,
    response: &egui::Response,
    table: &mut crate::gui::views::TableView,
    cell_at: impl Fn(egui::Pos2) -> (usize, usize),
    (rows, columns): (usize, usize),
) {
    let shift = ui.input(|input| input.modifiers.shift);
    // A drag is noticed once the pointer has moved: it began where the button went down.
    let place = if response.drag_started() { ui.input(|input| input.pointer.press_origin()) } else { response.interact_pointer_pos() };
    let at = place.map(cell_at);
    if response.clicked() || response.drag_started() {
        response.request_focus();
    }
    match (at, table.selected) {
        (Some(at), Some([from, _])) if response.dragged() && !response.drag_started() || (response.clicked() && shift) => {
            table.selected = Some([from, at]);
        }
        (Some(at), _) if response.clicked() || response.drag_started() => table.selected = Some([at, at]),
        _ => {}
    }
    if !response.has_focus() {
        return;
    }
    let filter = egui::EventFilter { horizontal_arrows: true, vertical_arrows: true, ..Default::default() };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, filter));
    if let Some([from, (row, column)]) = table.selected {
        let to = ui.input(|input| {
            let pressed = |key| usize::from(input.key_pressed(key));
            let down = (row + pressed(Key::ArrowDown)).saturating_sub(pressed(Key::ArrowUp)).min(rows - 1);
            let right = (column + pressed(Key::ArrowRight)).saturating_sub(pressed(Key::ArrowLeft)).min(columns - 1);
            (down, right)
        });
        if to != (row, column) {
            table.selected = Some([if shift { from } else { to }, to]);
        }
    }
}

fn contains([a, b]: [(usize, usize); 2], (row, column): (usize, usize)) -> bool {
    (a.0.min(b.0)..=a.0.max(b.0)).contains(&row) && (a.1.min(b.1)..=a.1.max(b.1)).contains(&column)
}

fn text_of(value: f32, shows: Shows) -> String {
    if shows == Shows::Codes { value.to_string() } else { significant(value.into(), 6) }
}

/// The selected values, tabs between columns and a line a row, with all digits; `None` without a table or a
/// selection. Cells that show nothing are empty.
pub fn text(heatmap: &HeatmapView, loaded: &Loaded, look: &Look) -> Option<String> {
    let [a, b] = heatmap.table.as_ref()?.selected?;
    let numbers = loaded.numbers(look.shows, &Token::new())?;
    let (rows, columns) = (a.0.min(b.0)..=a.0.max(b.0), a.1.min(b.1)..=a.1.max(b.1));
    let mut text = String::new();
    let width = columns.clone().count().max(1);
    for row in rows.take((MOST_COPIED / width).max(1)) {
        for (place, column) in columns.clone().take(MOST_COPIED).enumerate() {
            if place > 0 {
                text.push('\t');
            }
            if let Some(offset) = look.view.offset(row, column) {
                let mut value = [f32::NAN];
                numbers.read(offset, &mut value);
                let _ = write!(text, "{}", value[0]);
            }
        }
        text.push('\n');
    }
    Some(text)
}
