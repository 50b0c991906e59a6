//! Named ranges along an axis: the gates of a recurrent kernel. They are drawn as lines in the picture
//! and names at its edge.

use std::ops::Range;

use super::{Place, View};

/// A range of indices along an axis of the tensor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    pub name: String,
    pub axis: usize,
    pub indices: Range<usize>,
}

/// Where a mark lies in the picture: a range of cells, down or across.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    pub name: String,
    pub cells: Range<usize>,
}

/// More than these can't be told apart.
const MAX_SPANS: usize = 1024;

impl View {
    /// Marks ranges of indices. A vector that is wrapped anyway gets a row a mark, where they are
    /// equally long.
    pub fn set_marks(&mut self, marks: Vec<Mark>) {
        let fits = |mark: &Mark| self.shape.get(mark.axis).is_some_and(|extent| mark.indices.end <= *extent) && !mark.indices.is_empty();
        self.marks = marks.into_iter().filter(fits).collect();
        if self.wrap.is_some() {
            self.fold(1.0);
        }
    }

    /// The marks along rows of cells, top down.
    pub fn row_spans(&self) -> Vec<Span> {
        let (block, blocks) = (self.block_size().0, self.block_rows());
        let whole_rows = |range: &Range<usize>, wrap: usize| {
            let is_whole = range.start.is_multiple_of(wrap) && range.end.is_multiple_of(wrap);
            is_whole.then(|| range.start / wrap..range.end / wrap)
        };
        self.spans(
            |mark| match self.wrap {
                Some(wrap) => self.in_sequence(mark).and_then(|range| whole_rows(&range, wrap)).into_iter().collect(),
                None => self.merged(&self.rows, mark),
            },
            &self.cell_rows,
            block,
            blocks,
        )
    }

    /// The marks along columns of cells, left to right.
    pub fn column_spans(&self) -> Vec<Span> {
        let (block, blocks) = (self.block_size().1, self.block_columns());
        self.spans(
            |mark| match self.wrap {
                Some(wrap) => self.in_sequence(mark).filter(|_| self.grid.blocks.len() <= wrap).into_iter().collect(),
                None => self.merged(&self.columns, mark),
            },
            &self.cell_columns,
            block,
            blocks,
        )
    }

    /// Elements in a row that bring marks of a vector below one another.
    pub(super) fn marked_row(&self) -> Option<usize> {
        let first = self.marks.first()?;
        let is_only_axis = self.shape.iter().enumerate().all(|(axis, extent)| axis == first.axis || *extent == 1);
        let length = first.indices.len();
        let is_even = self
            .marks
            .iter()
            .all(|mark| mark.axis == first.axis && mark.indices.len() == length && mark.indices.start.is_multiple_of(length));
        (is_only_axis && is_even && self.marks.len() > 1).then_some(length)
    }

    /// The blocks of a mark in the sequence of all blocks, where its axis alone makes that sequence.
    fn in_sequence(&self, mark: &Mark) -> Option<Range<usize>> {
        let outer = || self.rows.iter().chain(&self.columns);
        let is_alone = outer().all(|axis| *axis == mark.axis || self.shape.get(*axis) == Some(&1));
        (is_alone && outer().any(|axis| *axis == mark.axis)).then(|| mark.indices.clone())
    }

    /// The spans of all marks in one direction: `outer` gives the blocks of a mark, `inner` are the axes
    /// within a block of so many cells.
    fn spans(&self, outer: impl Fn(&Mark) -> Vec<Range<usize>>, inner: &[usize], block: usize, blocks: usize) -> Vec<Span> {
        let mut spans = Vec::new();
        // In another order than the file's a mark's indices are scattered.
        for mark in self.marks.iter().filter(|mark| self.order(mark.axis).is_none()) {
            let named = |cells: Range<usize>| Span { name: mark.name.clone(), cells };
            spans.extend(outer(mark).into_iter().map(|range| named(range.start * block..range.end * block)));
            let places = self.merged(inner, mark);
            let of_block = |first: usize| places.iter().map(move |range| first * block + range.start..first * block + range.end);
            spans.extend((0..blocks.min(MAX_SPANS)).flat_map(of_block).map(named));
            if spans.len() >= MAX_SPANS {
                return Vec::new();
            }
        }
        spans.sort_by_key(|span| span.cells.start);
        spans
    }

    /// The places of a mark along merged axes: one for every index of the slower ones.
    fn merged(&self, axes: &[usize], mark: &Mark) -> Vec<Range<usize>> {
        let Some(position) = axes.iter().position(|axis| *axis == mark.axis) else { return Vec::new() };
        let product = |axes: &[usize]| axes.iter().filter_map(|axis| self.shape.get(*axis)).product::<usize>();
        let (slower, faster) = (product(&axes[..position]), product(&axes[position + 1..]));
        let extent = self.shape.get(mark.axis).copied().unwrap_or(0);
        (0..slower.min(MAX_SPANS))
            .map(|outer| (outer * extent + mark.indices.start) * faster..(outer * extent + mark.indices.end) * faster)
            .collect()
    }

    /// The names of the marks that an index lies in, as in `forget, state`.
    pub fn marks_at(&self, index: &[usize]) -> String {
        let here = self.marks.iter().filter(|mark| index.get(mark.axis).is_some_and(|index| mark.indices.contains(index)));
        here.map(|mark| mark.name.as_str()).collect::<Vec<_>>().join(", ")
    }

    /// Whether an axis with marks is laid out in rows or columns, so that they can be shown.
    pub fn has_marks(&self) -> bool {
        self.marks.iter().any(|mark| !matches!(self.place(mark.axis), Place::Slider | Place::Colour))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(shape: &[usize], layout: Option<&str>, marks: &[(&str, usize, Range<usize>)]) -> View {
        let mut view = View::default_for(shape, layout, 1.0);
        let mark =
            |(name, axis, indices): &(&str, usize, Range<usize>)| Mark { name: (*name).into(), axis: *axis, indices: indices.clone() };
        view.set_marks(marks.iter().map(mark).collect());
        view
    }

    /// Every span holds the cells of its indices and no others.
    fn check(view: &View) {
        for (spans, is_row) in [(view.row_spans(), true), (view.column_spans(), false)] {
            for row in 0..view.rows() {
                for column in 0..view.columns() {
                    let at = if is_row { row } else { column };
                    let Some(index) = view.index(row, column) else { continue };
                    let names = view.marks_at(&index);
                    let mut here = spans.iter().filter(|span| span.cells.contains(&at));
                    assert!(here.all(|span| names.split(", ").any(|name| name == span.name)), "{view:?} {row} {column}");
                }
            }
        }
    }

    fn texts(spans: &[Span]) -> String {
        spans.iter().map(|span| format!("{} {:?}", span.name, span.cells)).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn gates_of_a_matrix() {
        let gates = [("i", 0, 0..2), ("f", 0, 2..4), ("x", 1, 0..3), ("h", 1, 3..5)];
        let view = marked(&[4, 5], Some("OI"), &gates);
        assert_eq!((texts(&view.row_spans()), texts(&view.column_spans())), ("i 0..2, f 2..4".into(), "x 0..3, h 3..5".into()));
        check(&view);
        let other = view.transposed().unwrap();
        assert_eq!((texts(&other.row_spans()), texts(&other.column_spans())), ("x 0..3, h 3..5".into(), "i 0..2, f 2..4".into()));
        assert_eq!(view.marks_at(&[2, 4]), "f, h");
    }

    #[test]
    fn gates_of_a_vector_stand_below_one_another() {
        let view = marked(&[12], Some("O"), &[("z", 0, 0..4), ("r", 0, 4..8), ("c", 0, 8..12)]);
        assert_eq!((view.wrap(), view.rows(), texts(&view.row_spans())), (Some(4), 3, "z 0..1, r 1..2, c 2..3".into()));
        check(&view);
        let mut view = view;
        view.set_wrap(Some(12));
        assert_eq!((texts(&view.row_spans()), texts(&view.column_spans())), (String::new(), "z 0..4, r 4..8, c 8..12".into()));
        view.set_wrap(Some(5));
        assert_eq!((texts(&view.row_spans()), texts(&view.column_spans())), (String::new(), String::new()));
    }

    /// The kernel of a sequence in both directions: two blocks, side by side.
    #[test]
    fn gates_within_blocks() {
        let view = marked(&[2, 4, 3], None, &[("f", 1, 0..2), ("i", 1, 2..4), ("forward", 0, 0..1)]);
        assert_eq!((texts(&view.row_spans()), texts(&view.column_spans())), ("f 0..2, i 2..4".into(), "forward 0..3".into()));
        check(&view);
        let mut below = view.clone();
        below.move_axis(0, Place::Rows, 0);
        below.set_wrap(None);
        assert_eq!(texts(&below.row_spans()), "f 0..2, forward 0..4, i 2..4, f 4..6, i 6..8");
        check(&below);
        let mut merged = below.clone();
        merged.move_axis(1, Place::Rows, 1);
        merged.set_wrap(None);
        check(&merged);
    }

    #[test]
    fn marks_that_do_not_fit_are_left_out() {
        let view = marked(&[4, 5], Some("OI"), &[("a", 0, 2..5), ("b", 2, 0..1), ("c", 0, 1..1)]);
        assert!(!view.has_marks() && view.row_spans().is_empty());
    }
}
