//! Which axis goes where, before anybody says otherwise.

use super::{Place, View};

/// More blocks than this are not laid out unasked where the axes have no names.
const MAX_NAMELESS_BLOCKS: usize = 4096;

impl View {
    /// The usual view of a weight.
    ///
    /// With a layout (`OHWI`, `1HWO`, `GOIHW`, `OI`, ...; one character an axis): output channels
    /// down, input channels across, each block one kernel of `H` by `W` cells, `D` on a slider;
    /// groups run before output channels. Without: vectors as a strip, matrices as they are, and
    /// of more axes the last two as cells. `aspect` is the width over the height of the place
    /// where the picture will be; see [`View::fold`].
    pub fn default_for(shape: &[usize], layout: Option<&str>, aspect: f64) -> Self {
        let letters: Option<Vec<char>> = layout.map(|layout| layout.chars().collect());
        let mut view = match letters {
            Some(letters) if letters.len() == shape.len() => lettered(shape, &letters),
            _ => nameless(shape),
        };
        view.update();
        view.fold(aspect);
        view
    }
}

/// Blocks a row; `None` for a plain grid. See [`View::fold`].
pub fn wrap(view: &View, aspect: f64) -> Option<usize> {
    let (rows, columns) = (view.grid.rows.len(), view.grid.columns.len());
    if (rows > 1) == (columns > 1) {
        return None;
    }
    if let Some(row) = view.marked_row() {
        return Some(row);
    }
    let count = view.grid.blocks.len().max(1);
    let (height, width) = view.block_size();
    let aspect = if aspect.is_finite() && aspect > 0.0 { aspect } else { 1.0 };
    let (height, width) = (height.max(1), width.max(1));
    let exact = (count as f64 * height as f64 / width as f64 * aspect).sqrt();
    // How large a cell can be drawn with so many blocks a row.
    let scale = |wrap: usize| (aspect / (wrap * width) as f64).min(1.0 / (count.div_ceil(wrap) * height) as f64);
    let (fewer, more) = (exact.floor().max(1.0) as usize, exact.ceil().max(1.0) as usize);
    let best = if scale(fewer) > scale(more) { fewer } else { more };
    Some(match height * width {
        1 if count <= 16 => count,
        1 if best >= 8 => best.checked_next_multiple_of(8).unwrap_or(best).min(count),
        _ => best.min(count),
    })
}

fn lettered(shape: &[usize], letters: &[char]) -> View {
    let mut view = View::new(shape, Some(letters.iter().map(char::to_string).collect()));
    let has_cells = letters.contains(&'W');
    // Groups hold output channels, whichever stands first in the file.
    for wanted in ['G', 'O', 'I', 'H', 'W'] {
        for (axis, letter) in letters.iter().enumerate() {
            if *letter == wanted {
                let place = match letter {
                    'G' | 'O' => Place::Rows,
                    'I' => Place::Columns,
                    'H' => Place::CellRows,
                    _ => Place::CellColumns,
                };
                put(&mut view, axis, place);
            }
        }
    }
    // Letters that are not known: a further axis of rows if it has several indices.
    for (axis, letter) in letters.iter().enumerate() {
        let is_known = "GOIHWD1".contains(*letter);
        if !is_known && !has_cells && shape.get(axis).is_some_and(|extent| *extent > 1) {
            put(&mut view, axis, Place::Rows);
        }
    }
    view
}

fn nameless(shape: &[usize]) -> View {
    let mut view = View::new(shape, None);
    // Axes of one index say nothing: they stay on their sliders, unless there is nothing else.
    let long: Vec<usize> = shape.iter().enumerate().filter(|(_, extent)| **extent != 1).map(|(axis, _)| axis).collect();
    match *long.as_slice() {
        [] => {}
        [only] => put(&mut view, only, Place::Columns),
        [row, column] => {
            put(&mut view, row, Place::Rows);
            put(&mut view, column, Place::Columns);
        }
        [ref outer @ .., cell_row, cell_column] => {
            put(&mut view, cell_row, Place::CellRows);
            put(&mut view, cell_column, Place::CellColumns);
            let blocks = outer.iter().fold(1usize, |count, axis| count.saturating_mul(shape.get(*axis).copied().unwrap_or(1)));
            match outer {
                [row, column] => {
                    put(&mut view, *row, Place::Rows);
                    put(&mut view, *column, Place::Columns);
                }
                [.., row, column] if blocks > MAX_NAMELESS_BLOCKS => {
                    put(&mut view, *row, Place::Rows);
                    put(&mut view, *column, Place::Columns);
                }
                _ => outer.iter().for_each(|axis| put(&mut view, *axis, Place::Rows)),
            }
        }
    }
    view
}

fn put(view: &mut View, axis: usize, place: Place) {
    if let Some(list) = view.list_mut(place) {
        list.push(axis);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layouts() {
        // Shape, layout, then: rows, columns, wrap, and the index that the cell (1, 1) shows.
        for (shape, layout, rows, columns, wrap, index) in [
            (&[8, 3, 3, 3][..], "OHWI", 24, 9, None, &[0, 1, 1, 0][..]),
            (&[8, 3, 5, 5], "OIHW", 40, 15, None, &[0, 0, 1, 1]),
            (&[3, 8, 5, 5], "IOHW", 40, 15, None, &[0, 0, 1, 1]),
            (&[8, 3, 5], "OIW", 8, 15, None, &[1, 0, 1]),
            (&[2, 4, 3, 5, 5], "GOIHW", 40, 15, None, &[0, 0, 0, 1, 1]),
            (&[2, 3, 4, 5, 5], "GIOHW", 40, 15, None, &[0, 0, 0, 1, 1]),
            (&[256, 1, 1, 3, 3], "GOIHW", 48, 48, Some(16), &[0, 0, 0, 1, 1]),
            (&[1, 3, 3, 10], "1HWO", 9, 12, Some(4), &[0, 1, 1, 0]),
            (&[4, 3, 3, 2, 6], "DHWIO", 18, 6, None, &[0, 1, 1, 0, 0]),
            (&[4, 3, 3, 2, 6], "DHWOI", 6, 18, None, &[0, 1, 1, 0, 0]),
            (&[8, 3, 4, 5, 5], "OIDHW", 40, 15, None, &[0, 0, 0, 1, 1]),
            (&[16, 1, 1, 8], "OHWI", 16, 8, None, &[1, 0, 0, 1]),
            (&[16, 8], "OI", 16, 8, None, &[1, 1]),
            (&[16, 8], "IO", 8, 16, None, &[1, 1]),
            // Lines one below the other rather than two beside each other.
            (&[258, 1, 256], "OIW", 258, 256, Some(1), &[1, 0, 1]),
            (&[256], "O", 16, 16, Some(16), &[17]),
        ] {
            let view = View::default_for(shape, Some(layout), 1.0);
            assert_eq!((view.rows(), view.columns(), view.wrap()), (rows, columns, wrap), "{layout}");
            assert_eq!(view.index(1, 1).as_deref(), Some(index), "{layout}");
            assert!(view.names().iter().map(String::as_str).eq(layout.split("").filter(|name| !name.is_empty())));
        }
    }

    #[test]
    fn without_a_layout() {
        for (shape, rows, columns, wrap) in [
            (&[][..], 1, 1, None),
            (&[1, 1], 1, 1, None),
            (&[10], 1, 10, Some(10)),
            (&[1, 1, 100], 7, 16, Some(16)),
            (&[3, 4], 3, 4, None),
            (&[1, 3, 4], 3, 4, None),
            (&[5, 3, 4], 9, 8, Some(2)),
            (&[2, 5, 3, 4], 6, 20, None),
            (&[2, 3, 2, 5, 5], 15, 20, Some(4)),
            (&[100, 30, 20, 5, 5], 150, 100, None),
        ] {
            let view = View::default_for(shape, None, 1.0);
            assert_eq!((view.rows(), view.columns(), view.wrap()), (rows, columns, wrap), "{shape:?}");
        }
        // A layout that does not fit the shape is no layout.
        assert_eq!(View::default_for(&[3, 4], Some("OIHW"), 1.0).names(), ["d0", "d1"]);
    }

    #[test]
    fn strips_follow_the_aspect() {
        for (aspect, wrap) in [(1.0, 32), (4.0, 64), (0.25, 16), (1e9, 1000), (0.0, 32), (f64::NAN, 32)] {
            assert_eq!(View::default_for(&[1000], None, aspect).wrap(), Some(wrap), "{aspect}");
        }
    }

    #[test]
    fn gaps_only_between_kernels() {
        for (shape, layout, gaps) in [
            (&[8, 3, 3, 3][..], "OHWI", true),
            (&[8, 1, 1, 3], "OHWI", false),
            (&[8, 3], "OI", false),
            (&[8], "O", false),
            (&[1, 3, 3, 1], "OHWI", false),
        ] {
            assert_eq!(View::default_for(shape, Some(layout), 1.0).has_gaps(), gaps, "{shape:?}");
        }
    }
}
