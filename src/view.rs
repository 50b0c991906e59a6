//! An N-dimensional tensor laid out as a two-dimensional picture.
//!
//! Every axis of the tensor has a [`Place`]: it runs along the rows or columns of an outer grid of
//! *blocks*, along the rows or columns inside a block, or it is a slider, held at one index. Axes
//! that share a place are merged in C order. A convolution's kernel is a grid of blocks, one a
//! kernel, each of `H` by `W` cells; in a matrix every block is a single cell. Blocks that use one
//! outer direction only (a depthwise kernel, a vector) are wrapped like words in a paragraph.
//!
//! A [`View`] knows shapes only, no values. It maps a cell of the picture to the tensor's element
//! and back, exactly and without tables; [`default`](View::default_for) chooses the places.

mod choose;
mod group;
mod marks;
mod order;

use std::sync::Arc;

use group::Group;
pub use marks::{Mark, Span};
pub use order::Order;

/// What an axis of the tensor does in the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// Down the grid of blocks.
    Rows,
    /// Across the grid of blocks.
    Columns,
    /// Down the cells of a block.
    CellRows,
    /// Across the cells of a block.
    CellColumns,
    /// Not laid out: one index is shown.
    Slider,
    /// Its three indices are red, green and blue of every cell.
    Colour,
}

/// How a tensor of a given shape, in C order, is laid out as a picture.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    shape: Vec<usize>,
    names: Vec<String>,
    /// The index shown of every axis; used where the axis is a slider.
    fixed: Vec<usize>,
    rows: Vec<usize>,
    columns: Vec<usize>,
    cell_rows: Vec<usize>,
    cell_columns: Vec<usize>,
    colour: Option<usize>,
    /// For every axis the order of its indices, where it is not the file's.
    orders: Vec<Option<Arc<Order>>>,
    /// Blocks a row, where the blocks are wrapped. Never 0.
    wrap: Option<usize>,
    gaps: bool,
    marks: Vec<Mark>,
    grid: Grid,
}

/// Extents and strides that follow from the places; see [`View::update`].
#[derive(Clone, Debug, PartialEq, Default)]
struct Grid {
    /// Whether the tensor has elements at all, and not more than can be counted.
    has_elements: bool,
    /// Offset of the element that all sliders point at, every other index being 0.
    base: usize,
    rows: Group,
    columns: Group,
    cell_rows: Group,
    cell_columns: Group,
    /// Rows and columns as one sequence; used where blocks are wrapped.
    blocks: Group,
}

/// The elements of one row of a picture: cell `column` is element `start + offset(column)`, the
/// offsets being those of [`View::column_offsets`], for every column below `columns`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    pub start: usize,
    pub columns: usize,
}

impl View {
    /// A view with every axis on a slider. Axes without a name are called `d0`, `d1`, ...
    pub fn new(shape: &[usize], names: Option<Vec<String>>) -> Self {
        let names = names.filter(|names| names.len() == shape.len());
        let mut view = Self {
            shape: shape.to_vec(),
            names: names.unwrap_or_else(|| (0..shape.len()).map(|axis| format!("d{axis}")).collect()),
            fixed: vec![0; shape.len()],
            rows: Vec::new(),
            columns: Vec::new(),
            cell_rows: Vec::new(),
            cell_columns: Vec::new(),
            colour: None,
            orders: vec![None; shape.len()],
            wrap: None,
            gaps: true,
            marks: Vec::new(),
            grid: Grid::default(),
        };
        view.update();
        view
    }

    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The axes' names: the letters of the layout (`O`, `I`, `H`, `W`), else `d0`, `d1`, ...
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The axes in a place, slowest first; for sliders in the tensor's order.
    pub fn axes(&self, place: Place) -> Vec<usize> {
        match place {
            Place::Rows => self.rows.clone(),
            Place::Columns => self.columns.clone(),
            Place::CellRows => self.cell_rows.clone(),
            Place::CellColumns => self.cell_columns.clone(),
            Place::Colour => self.colour.into_iter().collect(),
            Place::Slider => (0..self.shape.len()).filter(|axis| self.place(*axis) == Place::Slider).collect(),
        }
    }

    pub fn place(&self, axis: usize) -> Place {
        if self.colour == Some(axis) {
            return Place::Colour;
        }
        [Place::Rows, Place::Columns, Place::CellRows, Place::CellColumns]
            .into_iter()
            .find(|place| self.list(*place).is_some_and(|axes| axes.contains(&axis)))
            .unwrap_or(Place::Slider)
    }

    /// Moves an axis to a place, before the axis that is there at `position` (or to the end). The
    /// blocks are wrapped anew if that leaves one outer direction only. An axis that the tensor
    /// does not have is ignored, and one as colours that has not three indices. The axis that was
    /// colours before becomes a slider.
    pub fn move_axis(&mut self, axis: usize, place: Place, position: usize) {
        if axis >= self.shape.len() || (place == Place::Colour && !self.can_be_colours(axis)) {
            return;
        }
        self.colour = if place == Place::Colour { Some(axis) } else { self.colour.filter(|colour| *colour != axis) };
        for list in [&mut self.rows, &mut self.columns, &mut self.cell_rows, &mut self.cell_columns] {
            list.retain(|other| *other != axis);
        }
        if let Some(list) = self.list_mut(place) {
            list.insert(position.min(list.len()), axis);
        }
        self.update();
        self.fold(1.0);
    }

    /// Whether an axis can be red, green and blue.
    pub fn can_be_colours(&self, axis: usize) -> bool {
        self.shape.get(axis) == Some(&3)
    }

    /// The axis that is red, green and blue.
    pub fn colour_axis(&self) -> Option<usize> {
        self.colour
    }

    /// The picture of one of the three colours alone, 0 to 2.
    pub fn colour_channel(&self, channel: usize) -> Self {
        let Some(axis) = self.colour else { return self.clone() };
        let mut view = Self { colour: None, ..self.clone() };
        view.set_fixed(axis, channel);
        view
    }

    /// The order in which an axis is laid out, where it is not the file's.
    pub fn order(&self, axis: usize) -> Option<&Order> {
        self.orders.get(axis).and_then(Option::as_deref)
    }

    /// Lays an axis out in another order, or in the file's again. One of another length is ignored.
    pub fn set_order(&mut self, axis: usize, order: Option<Arc<Order>>) {
        let fits = order.as_ref().is_none_or(|order| self.shape.get(axis) == Some(&order.len()));
        if let Some(own) = self.orders.get_mut(axis).filter(|_| fits) {
            *own = order;
        }
        self.update();
    }

    /// The index that stands at a position of a direction of blocks, where one axis makes it; else the position.
    pub fn index_at(&self, place: Place, position: usize) -> usize {
        let long = |axis: &usize| self.shape.get(*axis).is_some_and(|extent| *extent > 1);
        let axes: Vec<usize> = match (place, self.wrap) {
            (Place::Rows | Place::Columns, Some(_)) => self.rows.iter().chain(&self.columns).copied().filter(long).collect(),
            _ => self.axes(place).into_iter().filter(long).collect(),
        };
        match axes.as_slice() {
            [axis] => self.order(*axis).map_or(position, |order| order.index(position)),
            _ => position,
        }
    }

    /// What the orders follow, for a title: `O by norm`.
    pub fn order_text(&self) -> String {
        let ordered = (0..self.shape.len()).filter_map(|axis| Some((self.names.get(axis)?, self.order(axis)?)));
        ordered.map(|(name, order)| format!("{name} by {}", order.name())).collect::<Vec<_>>().join(", ")
    }

    /// Whether neighbours in memory lie below one another rather than side by side.
    pub fn runs_down(&self) -> bool {
        let finest = |cell: &Group, outer: &Group| cell.finest().or(outer.finest());
        let across = finest(&self.grid.cell_columns, &self.grid.columns);
        let down = finest(&self.grid.cell_rows, &self.grid.rows);
        matches!((across, down), (Some(across), Some(down)) if across > down)
    }

    /// The index at which a slider stands.
    pub fn fixed(&self, axis: usize) -> usize {
        self.fixed.get(axis).copied().unwrap_or(0)
    }

    /// Sets a slider; an index beyond the axis becomes the last one.
    pub fn set_fixed(&mut self, axis: usize, index: usize) {
        let Some(&extent) = self.shape.get(axis) else { return };
        if let Some(fixed) = self.fixed.get_mut(axis) {
            *fixed = index.min(extent.saturating_sub(1));
        }
        self.update();
    }

    /// Blocks a row, where blocks are wrapped.
    pub fn wrap(&self) -> Option<usize> {
        self.wrap
    }

    /// Wraps the sequence of all blocks after `blocks` of them; `None`: the plain grid.
    pub fn set_wrap(&mut self, blocks: Option<usize>) {
        self.wrap = blocks.map(|blocks| blocks.max(1));
    }

    /// Wraps the blocks so that the picture comes near `aspect` (width over height), if they use
    /// one outer direction only; else leaves the plain grid. At aspect 1 and square blocks that
    /// is `ceil(sqrt(n))` blocks a row. A vector of up to 16 elements stays one row; a longer one
    /// breaks at a multiple of 8, so that an index can be read off its place.
    pub fn fold(&mut self, aspect: f64) {
        self.wrap = choose::wrap(self, aspect);
    }

    /// Whether blocks are set apart: there are several, and they have more than one cell.
    pub fn has_gaps(&self) -> bool {
        self.gaps && self.has_blocks()
    }

    /// Turns the gaps between blocks off or on.
    pub fn set_gaps(&mut self, gaps: bool) {
        self.gaps = gaps;
    }

    /// Whether a block has more than one cell and there is more than one block.
    pub fn has_blocks(&self) -> bool {
        let (height, width) = self.block_size();
        (height > 1 || width > 1) && self.grid.blocks.len() > 1
    }

    /// This view with the axes laid out as in another one; `None` where the axes are not the same. A folded
    /// sequence is folded anew for the aspect.
    pub fn arranged_like(&self, other: &Self, aspect: f64) -> Option<Self> {
        let has_colours = other.colour.is_none_or(|axis| self.can_be_colours(axis));
        if self.names != other.names || !has_colours {
            return None;
        }
        let mut view = Self {
            rows: other.rows.clone(),
            columns: other.columns.clone(),
            cell_rows: other.cell_rows.clone(),
            cell_columns: other.cell_columns.clone(),
            colour: other.colour,
            ..self.clone()
        };
        for axis in view.axes(Place::Slider) {
            view.set_fixed(axis, other.fixed(axis));
        }
        view.update();
        view.fold(aspect);
        Some(view)
    }

    /// The same picture with rows and columns exchanged. `None` where blocks are wrapped.
    pub fn transposed(&self) -> Option<Self> {
        if self.wrap.is_some() {
            return None;
        }
        let mut view = Self {
            rows: self.columns.clone(),
            columns: self.rows.clone(),
            cell_rows: self.cell_columns.clone(),
            cell_columns: self.cell_rows.clone(),
            ..self.clone()
        };
        view.update();
        Some(view)
    }

    /// The number of cells, down.
    pub fn rows(&self) -> usize {
        self.block_rows().saturating_mul(self.grid.cell_rows.len())
    }

    /// The number of cells, across.
    pub fn columns(&self) -> usize {
        self.block_columns().saturating_mul(self.grid.cell_columns.len())
    }

    /// Rows and columns of cells in a block. Blocks begin at multiples of these.
    pub fn block_size(&self) -> (usize, usize) {
        (self.grid.cell_rows.len(), self.grid.cell_columns.len())
    }

    /// The number of blocks, down.
    pub fn block_rows(&self) -> usize {
        self.wrap.map_or(self.grid.rows.len(), |wrap| self.grid.blocks.len().div_ceil(wrap))
    }

    /// The number of blocks, across.
    pub fn block_columns(&self) -> usize {
        self.wrap.map_or(self.grid.columns.len(), |wrap| self.grid.blocks.len().min(wrap))
    }

    /// The position in the tensor's C order of the element that a cell shows. `None` outside the
    /// picture and in the empty end of the last row of wrapped blocks.
    pub fn offset(&self, row: usize, column: usize) -> Option<usize> {
        let grid = &self.grid;
        let (height, width) = self.block_size();
        if !grid.has_elements || row >= self.rows() || column >= self.columns() {
            return None;
        }
        let (block_row, block_column) = (row / height, column / width);
        let block = match self.wrap {
            Some(wrap) => {
                let block = block_row * wrap + block_column;
                if block >= grid.blocks.len() {
                    return None;
                }
                grid.blocks.offset(block)
            }
            None => grid.rows.offset(block_row) + grid.columns.offset(block_column),
        };
        Some(grid.base + block + grid.cell_rows.offset(row % height) + grid.cell_columns.offset(column % width))
    }

    /// The index along every axis of the element that a cell shows.
    pub fn index(&self, row: usize, column: usize) -> Option<Vec<usize>> {
        self.unravel(self.offset(row, column)?)
    }

    /// The index along every axis of the element at a position in C order.
    pub fn unravel(&self, offset: usize) -> Option<Vec<usize>> {
        let mut rest = offset;
        let mut index = vec![0; self.shape.len()];
        for (place, &extent) in index.iter_mut().zip(&self.shape).rev() {
            *place = rest.checked_rem(extent)?;
            rest /= extent;
        }
        (rest == 0).then_some(index)
    }

    /// The cell (row, column) that shows the element of an index. `None` for an index that the
    /// tensor does not have, or where a slider stands elsewhere.
    pub fn cell(&self, index: &[usize]) -> Option<(usize, usize)> {
        let is_inside = index.len() == self.shape.len() && index.iter().zip(&self.shape).all(|(index, extent)| index < extent);
        if !is_inside || !self.grid.has_elements {
            return None;
        }
        if self.axes(Place::Slider).iter().any(|&axis| index.get(axis) != self.fixed.get(axis)) {
            return None;
        }
        let (height, width) = self.block_size();
        let (row, column) = (self.merge(&self.rows, index), self.merge(&self.columns, index));
        let (block_row, block_column) = match self.wrap {
            Some(wrap) => {
                let block = row * self.grid.columns.len() + column;
                (block / wrap, block % wrap)
            }
            None => (row, column),
        };
        let cell = (self.merge(&self.cell_rows, index), self.merge(&self.cell_columns, index));
        Some((block_row * height + cell.0, block_column * width + cell.1))
    }

    /// The cell that shows the element at a position in C order; see [`cell`](Self::cell).
    pub fn cell_of(&self, offset: usize) -> Option<(usize, usize)> {
        self.cell(&self.unravel(offset)?)
    }

    /// A row of the picture for a renderer, if cells lie at a sum of a row's and a column's offset.
    /// They do but where several axes that are not neighbours are wrapped together.
    pub fn row(&self, row: usize) -> Option<Row> {
        let grid = &self.grid;
        let (height, width) = self.block_size();
        if !grid.has_elements || row >= self.rows() {
            return Some(Row { start: 0, columns: 0 });
        }
        let start = grid.base + grid.cell_rows.offset(row % height);
        let block_row = row / height;
        let Some(wrap) = self.wrap else {
            return Some(Row { start: start + grid.rows.offset(block_row), columns: self.columns() });
        };
        let first = block_row * wrap;
        let blocks = grid.blocks.len().saturating_sub(first).min(wrap);
        Some(Row { start: start + first * grid.blocks.stride()?, columns: blocks * width })
    }

    /// The offsets of a range of columns, cut to the picture, to be added to a [`Row`]'s start.
    pub fn column_offsets(&self, columns: std::ops::Range<usize>) -> Vec<usize> {
        let grid = &self.grid;
        let (_, width) = self.block_size();
        let end = if grid.has_elements { columns.end.min(self.columns()) } else { 0 };
        (columns.start.min(end)..end)
            .map(|column| {
                let block = column / width;
                let block = match self.wrap {
                    Some(_) => block * grid.blocks.stride().unwrap_or(0),
                    None => grid.columns.offset(block),
                };
                block + grid.cell_columns.offset(column % width)
            })
            .collect()
    }

    /// Where the sliders stand, for a title: `D 3, d0 1`. Sliders of one position are left out.
    pub fn slice_text(&self) -> String {
        let sliders = self.axes(Place::Slider).into_iter();
        let parts: Vec<_> = sliders
            .filter(|&axis| self.shape.get(axis).is_some_and(|extent| *extent > 1))
            .map(|axis| format!("{} {}", self.names.get(axis).map_or("", String::as_str), self.fixed(axis)))
            .collect();
        parts.join(", ")
    }

    fn list(&self, place: Place) -> Option<&Vec<usize>> {
        match place {
            Place::Rows => Some(&self.rows),
            Place::Columns => Some(&self.columns),
            Place::CellRows => Some(&self.cell_rows),
            Place::CellColumns => Some(&self.cell_columns),
            Place::Slider | Place::Colour => None,
        }
    }

    fn list_mut(&mut self, place: Place) -> Option<&mut Vec<usize>> {
        match place {
            Place::Rows => Some(&mut self.rows),
            Place::Columns => Some(&mut self.columns),
            Place::CellRows => Some(&mut self.cell_rows),
            Place::CellColumns => Some(&mut self.cell_columns),
            Place::Slider | Place::Colour => None,
        }
    }

    /// The position of an index along axes merged in C order.
    fn merge(&self, axes: &[usize], index: &[usize]) -> usize {
        axes.iter().fold(0, |merged, &axis| match (self.shape.get(axis), index.get(axis)) {
            (Some(extent), Some(index)) => merged * extent + self.order(axis).map_or(*index, |order| order.position(*index)),
            _ => merged,
        })
    }

    /// Brings extents and strides in line with the places.
    fn update(&mut self) {
        let count = self.shape.iter().try_fold(1usize, |count, extent| count.checked_mul(*extent));
        let has_elements = count.is_some_and(|count| count > 0);
        // Of a shape with a 0 the strides mean nothing, but they must not overflow either.
        let mut strides = vec![0; self.shape.len()];
        let mut stride = 1usize;
        for (place, extent) in strides.iter_mut().zip(&self.shape).rev() {
            *place = if has_elements { stride } else { 0 };
            stride = stride.saturating_mul(*extent);
        }
        let group = |axes: &[usize]| Group::new(axes, &self.shape, &strides, &self.orders);
        let fixed = self.axes(Place::Slider).into_iter();
        self.grid = Grid {
            has_elements,
            base: fixed.map(|axis| self.fixed(axis) * strides.get(axis).copied().unwrap_or(0)).sum(),
            rows: group(&self.rows),
            columns: group(&self.columns),
            cell_rows: group(&self.cell_rows),
            cell_columns: group(&self.cell_columns),
            blocks: group(&[self.rows.as_slice(), &self.columns].concat()),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every cell maps to an element and back, every element of the slice is shown once.
    fn check_is_inverse(view: &View) {
        let mut seen = std::collections::HashSet::new();
        for row in 0..view.rows() {
            let plan = view.row(row);
            let offsets = view.column_offsets(0..view.columns());
            for column in 0..view.columns() {
                let offset = view.offset(row, column);
                if let Some(plan) = plan {
                    let planned = offsets.get(column).filter(|_| column < plan.columns).map(|offset| plan.start + offset);
                    assert_eq!(planned, offset, "{view:?} {row} {column}");
                }
                let Some(offset) = offset else { continue };
                assert!(seen.insert(offset), "{view:?}");
                assert_eq!(view.cell_of(offset), Some((row, column)), "{view:?}");
                let index = view.index(row, column).unwrap();
                let strides = (0..view.shape().len()).map(|axis| view.shape()[axis + 1..].iter().product::<usize>());
                assert_eq!(index.iter().zip(strides).map(|(index, stride)| index * stride).sum::<usize>(), offset);
            }
        }
        let sliders = view.axes(Place::Slider).iter().map(|axis| view.shape()[*axis]).product::<usize>();
        assert_eq!(seen.len() * sliders, view.shape().iter().product::<usize>(), "{view:?}");
        assert_eq!((view.offset(view.rows(), 0), view.offset(0, view.columns())), (None, None));
    }

    #[test]
    fn every_arrangement_is_its_own_inverse() {
        use Place::{CellColumns, CellRows, Columns, Rows, Slider};
        let places = [Rows, Columns, CellRows, CellColumns, Slider];
        for shape in [vec![3, 2, 4, 2], vec![1, 5, 1, 3], vec![2, 1, 2, 7]] {
            for code in 0..5usize.pow(4) {
                let mut view = View::new(&shape, None);
                for axis in 0..4 {
                    // The position is turned with the code, so that axes are merged in any order.
                    view.move_axis(axis, places[code / 5usize.pow(axis as u32) % 5], code % 3);
                    view.set_fixed(axis, code % shape[axis]);
                }
                for wrap in [view.wrap(), None, Some(1), Some(3), Some(100)] {
                    view.set_wrap(wrap);
                    check_is_inverse(&view);
                }
            }
        }
    }

    #[test]
    fn ordered_axes_are_their_own_inverse() {
        let order = |indices: &[u32]| Some(Arc::new(Order::new("norm", indices.to_vec()).unwrap()));
        for (shape, layout) in
            [(&[4usize, 3, 2, 2][..], Some("OHWI")), (&[4, 3, 2, 2], Some("OIHW")), (&[4], Some("O")), (&[4, 3], Some("IO"))]
        {
            let mut view = View::default_for(shape, layout, 1.0);
            view.set_order(0, order(&[2, 0, 3, 1]));
            if shape.len() > 1 {
                view.set_order(1, order(&[1, 2, 0]));
            }
            view.set_order(0, order(&[0, 1]));
            for wrap in [view.wrap(), Some(3), None] {
                view.set_wrap(wrap);
                check_is_inverse(&view);
            }
            let place = view.place(0);
            assert_eq!(
                (view.index_at(place, 0), view.order_text().split(',').next()),
                (2, Some(format!("{} by norm", view.names()[0])).as_deref())
            );
        }
    }

    #[test]
    fn three_channels_are_colours() {
        let mut view = View::default_for(&[8, 5, 5, 3], Some("OHWI"), 1.0);
        view.move_axis(0, Place::Colour, 0);
        assert_eq!(view.colour_axis(), None, "eight channels are no colours");
        view.move_axis(3, Place::Colour, 0);
        assert_eq!((view.colour_axis(), view.wrap(), view.rows(), view.columns()), (Some(3), Some(3), 15, 15));
        assert_eq!((view.axes(Place::Slider), view.slice_text()), (vec![], String::new()));
        assert_eq!((view.offset(0, 1), view.colour_channel(2).offset(0, 1)), (Some(3), Some(5)));
        assert_eq!((view.cell(&[0, 0, 1, 0]), view.cell(&[0, 0, 1, 2])), (Some((0, 1)), Some((0, 1))));
        view.move_axis(3, Place::Columns, 0);
        assert_eq!(view.colour_axis(), None);
    }

    #[test]
    fn nothing_to_show() {
        for shape in [vec![0], vec![0, 5], vec![5, 0], vec![0, usize::MAX, usize::MAX], vec![3, 0, 2, 2], vec![usize::MAX, 3]] {
            let mut view = View::default_for(&shape, None, 1.0);
            assert_eq!((view.offset(0, 0), view.cell_of(0)), (None, None), "{shape:?}");
            assert!(view.rows().checked_mul(view.columns()).is_none_or(|cells| cells == 0 || shape.contains(&usize::MAX)), "{shape:?}");
            view.set_wrap(Some(2));
            assert_eq!((view.offset(0, 0), view.row(0).map(|row| row.columns)), (None, Some(0)), "{shape:?}");
        }
    }

    #[test]
    fn sliders_choose_a_slice() {
        let mut view = View::default_for(&[2, 3, 4, 5, 6], Some("OIDHW"), 1.0);
        assert_eq!(view.axes(Place::Slider), [2]);
        view.set_fixed(2, 99);
        assert_eq!((view.fixed(2), view.slice_text()), (3, "D 3".into()));
        assert_eq!(view.index(0, 0), Some(vec![0, 0, 3, 0, 0]));
        assert_eq!(view.cell(&[0, 0, 2, 0, 0]), None);
        assert_eq!(view.cell(&[1, 2, 3, 4, 5]), Some((9, 17)));
    }
}
