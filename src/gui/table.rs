//! A table in a box: heads that sort it, rows of one height that lead somewhere.

use egui::accesskit::Role;
use egui::{Color32, FontId, Rect, Response, ScrollArea, Sense, WidgetInfo, pos2, vec2};

use super::theme::{self, ROW_HEIGHT, Tokens};
use super::widgets;

/// Space at both sides of a row, in points.
pub const SIDE: f32 = 10.0;
/// The most that the rows take.
const HEIGHT: f32 = 420.0;
/// Between a figure's right end and the next column.
const GAP: f32 = 16.0;

pub struct Column {
    pub head: &'static str,
    /// Figures stand at the right of their column.
    pub is_figure: bool,
}

/// The column that the rows are sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    pub column: usize,
    pub is_reversed: bool,
}

impl Order {
    pub fn by(column: usize) -> Self {
        Self { column, is_reversed: false }
    }

    /// The same column again turns the order round.
    fn click(&mut self, column: usize) {
        self.is_reversed = self.column == column && !self.is_reversed;
        self.column = column;
    }
}

pub struct Cell<'c> {
    pub text: &'c str,
    pub font: FontId,
    pub color: Color32,
}

/// The columns' left edges and the right edge of the last, of a row of this width. `widths` are points,
/// where they are more than 1; else shares of what the others leave.
pub fn edges(width: f32, widths: &[f32]) -> Vec<f32> {
    let fixed: f32 = widths.iter().filter(|width| **width > 1.0).sum();
    let left = (width - 2.0 * SIDE - fixed).max(0.0);
    let mut at = SIDE;
    let mut edges = vec![at];
    edges.extend(widths.iter().map(|width| {
        at += if *width > 1.0 { *width } else { (left * width).max(60.0) };
        at
    }));
    edges
}

/// The heads, named `Sort by ...`; a click sorts.
pub fn header(ui: &mut egui::Ui, columns: &[Column], edges: &[f32], order: &mut Order) {
    let tokens = Tokens::of(ui);
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 22.0), Sense::hover());
    for (position, (column, ends)) in columns.iter().zip(edges.windows(2)).enumerate() {
        let at = Rect::from_min_max(pos2(rect.left() + ends[0], rect.top()), pos2(rect.left() + ends[1], rect.bottom()));
        let response = ui.interact(at, ui.scope_id().with(("table sort", column.head)), Sense::click());
        response.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("Sort by {}", column.head)));
        let is_key = order.column == position;
        let arrow = match (is_key, order.is_reversed) {
            (false, _) => "",
            (true, false) => " ↓",
            (true, true) => " ↑",
        };
        let color = if is_key || response.hovered() { tokens.text } else { tokens.dim };
        let galley = ui.painter().layout_no_wrap(format!("{}{arrow}", column.head), theme::small_font(), color);
        let x = if column.is_figure { at.right() - GAP - galley.size().x } else { at.left() };
        ui.painter().galley(pos2(x, at.center().y - galley.size().y / 2.0), galley, color);
        if response.clicked() {
            order.click(position);
        }
    }
    ui.painter().hline(rect.x_range(), rect.bottom(), egui::Stroke::new(1.0, tokens.line));
}

/// The rows, of which those in sight are drawn.
pub fn rows(ui: &mut egui::Ui, count: usize, mut show: impl FnMut(&mut egui::Ui, usize)) {
    let height = HEIGHT.min((ui.ctx().content_rect().height() - 340.0).max(ROW_HEIGHT * 3.0));
    ui.spacing_mut().item_spacing.y = 0.0;
    // The box was smaller while the work ran, and would leave the table that little.
    let least = height.min(ROW_HEIGHT * count as f32);
    let scroll = ScrollArea::vertical().auto_shrink([false, true]).max_height(height).min_scrolled_height(least);
    scroll.show_rows(ui, ROW_HEIGHT, count, |ui, range| range.for_each(|position| show(ui, position)));
}

/// A row with a name of its own; the caller does what a click is for.
pub fn row(ui: &mut egui::Ui, columns: &[Column], edges: &[f32], cells: &[Cell<'_>], name: &str) -> Response {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW_HEIGHT), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::ListItem, true, name));
    if response.hovered() {
        ui.painter().rect_filled(rect, 0.0, Tokens::of(ui).raised);
    }
    for ((column, cell), ends) in columns.iter().zip(cells).zip(edges.windows(2)) {
        let (left, right) = (rect.left() + ends[0], rect.left() + ends[1]);
        let galley = widgets::fit_text(ui, cell.text, cell.font.clone(), cell.color, right - left - 12.0);
        let x = if column.is_figure { right - GAP - galley.size().x } else { left };
        ui.painter().galley(pos2(x, rect.center().y - galley.size().y / 2.0), galley, cell.color);
    }
    response.on_hover_text(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_fill_what_fixed_columns_leave() {
        assert_eq!(edges(320.0, &[0.25, 100.0, 0.75]), [10.0, 70.0, 170.0, 320.0]);
    }

    #[test]
    fn a_column_twice_turns_round() {
        let mut order = Order::by(0);
        order.click(2);
        assert_eq!(order, Order { column: 2, is_reversed: false });
        order.click(2);
        assert!(order.is_reversed);
        order.click(1);
        assert_eq!(order, Order::by(1));
    }
}
