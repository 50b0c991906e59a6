//! A heatmap with everything that is needed to read it.

use super::bar::Bar;
use super::{FigureError, LABEL, MARGIN, Sketch, TEXT, TITLE, check_area, growth};
use crate::colormap::Colours;
use crate::jobs::{Cancelled, Token};
use crate::render::font::{self, Anchor, Font};
use crate::render::scene::{Item, Rect, Scene, Text, opaque};
use crate::render::theme::Theme;
use crate::render::{self, Image, MAX_SIDE, Options, Viewport, number};
use crate::values::Blocks;
use crate::view::{Place, Span, View};

/// A weight as a figure. Long titles are cut in the middle.
#[derive(Clone)]
pub struct HeatmapFigure<'a> {
    pub title: String,
    pub subtitle: String,
    /// In C order of the view's shape.
    pub values: &'a dyn Blocks,
    pub view: &'a View,
    pub colours: Colours,
    pub theme: &'a Theme,
    /// Pixels a cell; `None`: what makes a picture of a pleasant size, reduced to
    /// [`max_side`](Self::max_side) where it would be larger.
    pub cell: Option<u32>,
    /// The longest side of the picture itself, in units, when `cell` is `None`.
    pub max_side: u32,
    /// The picture alone, without title, axes and colour bar.
    pub bare: bool,
    /// How the cells are drawn; ink and token are the figure's own.
    pub options: Options<'a>,
    /// What must be known to read the colours: that each kernel has its own scale, that an order is not the file's.
    pub notes: Vec<String>,
    pub token: &'a Token,
}

/// The usual longest side of a small picture, in units.
const PLEASANT: f64 = 900.0;
/// A narrow picture may become longer, so that its short side comes near [`NARROW`].
const LONG: f64 = 1400.0;
const NARROW: f64 = 240.0;
/// Cells do not grow beyond this unasked.
const MAX_CELL: f64 = 96.0;
/// A picture of few rows or columns is stretched to at least this many units.
const MIN_SIDE: f64 = 64.0;
/// The least height of a colour bar.
const MIN_BAR: f32 = 170.0;
/// Beside a picture higher than this the colour bar is shorter.
const MAX_BAR: f32 = 960.0;
/// So much room a title may take unasked.
const TITLE_ROOM: f32 = 560.0;
/// From the picture to the colour bar.
const TO_BAR: f32 = 28.0;

impl<'a> HeatmapFigure<'a> {
    /// A figure with the usual choices.
    pub fn new(
        title: impl Into<String>,
        values: &'a dyn Blocks,
        view: &'a View,
        colours: Colours,
        theme: &'a Theme,
        token: &'a Token,
    ) -> Self {
        Self {
            title: title.into(),
            subtitle: String::new(),
            values,
            view,
            colours,
            theme,
            cell: None,
            max_side: 4096,
            bare: false,
            options: Options::new(theme.ink()),
            notes: Vec::new(),
            token,
        }
    }

    /// The figure in pixels, `scale` (1, 2 or 4) to a unit. Cells are drawn anew for every scale, so
    /// that a reduced picture shows more at a larger one.
    ///
    /// # Errors
    /// [`FigureError`]: nothing to draw, or too much.
    pub fn image(&self, scale: u32) -> Result<Image, FigureError> {
        let scale = scale.max(1) as f32;
        let scene = self.scene(scale)?;
        check_area(scene.width, scene.height, scale)?;
        Ok(scene.image(scale))
    }

    /// The figure as shapes, its picture drawn with `pixel_ratio` pixels a unit.
    ///
    /// # Errors
    /// [`FigureError`]: nothing to draw, or too much.
    pub fn scene(&self, pixel_ratio: f32) -> Result<Scene, FigureError> {
        let scale = self.cell_scale()?;
        let (width, height) =
            (units(self.view.columns() as f64 * scale[0], pixel_ratio), units(self.view.rows() as f64 * scale[1], pixel_ratio));
        check_area(width, height, pixel_ratio)?;
        let picture = Rect::new(0.0, 0.0, width, height);
        if self.bare {
            let mut scene = Scene::new(width, height, None);
            self.picture(&mut scene, picture, scale, pixel_ratio);
            self.token.check()?;
            return Ok(scene);
        }
        let grown = growth(width, height);
        let mut sketch = Sketch { scene: Scene::new(0.0, 0.0, Some(self.theme.panel)), theme: self.theme, grown };
        self.compose(&mut sketch, picture, scale, pixel_ratio)?;
        self.token.check()?;
        Ok(sketch.scene)
    }

    /// Units a cell: across, down.
    fn cell_scale(&self) -> Result<[f64; 2], FigureError> {
        let (columns, rows) = (self.view.columns() as f64, self.view.rows() as f64);
        if columns < 1.0 || rows < 1.0 || self.values.is_empty() {
            return Err(FigureError::Empty);
        }
        if let Some(cell) = self.cell {
            let cell = f64::from(cell.max(1));
            return Ok([cell; 2]);
        }
        let (long, short) = (columns.max(rows), columns.min(rows));
        let max_side = f64::from(self.max_side.clamp(16, MAX_SIDE));
        let scale = if long > max_side {
            // A whole number of cells a pixel.
            1.0 / (long / max_side).ceil()
        } else {
            let pleasant = PLEASANT / long;
            let scale = if short * pleasant < NARROW { (NARROW / short).min(LONG / long).max(pleasant) } else { pleasant };
            scale.clamp(1.0, MAX_CELL).min(max_side / long).max(1.0).floor()
        };
        let stretch = |cells: f64| if cells * scale < MIN_SIDE { (MIN_SIDE / cells).max(scale) } else { scale };
        // Cells are square but in pictures that would be a hair.
        Ok(if scale < 3.0 { [stretch(columns), stretch(rows)] } else { [scale; 2] })
    }

    fn compose(&self, sketch: &mut Sketch<'_>, mut picture: Rect, scale: [f64; 2], pixel_ratio: f32) -> Result<(), Cancelled> {
        let axes = Axes::new(self.view, scale, sketch.grown);
        // As high as the picture, but not as a mast beside a tower.
        let is_tower = picture.height > sketch.u(MAX_BAR);
        let bar_height = if is_tower { sketch.u(0.7 * MAX_BAR) } else { picture.height.max(sketch.u(MIN_BAR)) };
        // On scales of their own values have no common place along the bar.
        let counted = Some(self.values).filter(|_| self.options.scales.is_none());
        let bar = Bar::new(counted, &self.colours, bar_height / sketch.grown, self.token)?;
        let (bar_width, below_bar) = bar.size(sketch.grown);

        let margin = sketch.u(MARGIN);
        let caption = Some(caption(self.view)).filter(|text| !text.is_empty());
        let captions = caption.iter().chain(&self.notes);
        let size = LABEL * sketch.grown;
        let width = (axes.left + picture.width + sketch.u(TO_BAR) + bar_width).ceil();
        let title = font::width(Font::SansBold, TITLE * sketch.grown, &self.title);
        let subtitle = font::width(Font::Sans, TEXT * sketch.grown, &self.subtitle);
        let width = width.max(title.max(subtitle).min(sketch.u(TITLE_ROOM)).ceil());
        let top = sketch.head(&self.title, &self.subtitle, width);
        picture.x = margin + axes.left;
        picture.y = top + axes.top;
        self.picture(&mut sketch.scene, picture, scale, pixel_ratio);
        axes.draw(sketch, picture);
        bar.draw(sketch, picture.right() + sketch.u(TO_BAR), picture.y, bar_height);

        let mut bottom = picture.bottom().max(picture.y + bar_height + below_bar);
        for caption in captions {
            bottom += sketch.u(20.0);
            let text = font::elided(Font::Sans, size, caption, width);
            let colour = self.theme.dim;
            sketch.scene.text([margin, bottom], text, Font::Sans, size, colour, Anchor::Start);
        }
        sketch.scene.width = width + 2.0 * margin;
        sketch.scene.height = (bottom + margin).ceil();
        Ok(())
    }

    /// The cells, the numbers in them as text.
    fn picture(&self, scene: &mut Scene, rect: Rect, scale: [f64; 2], pixel_ratio: f32) {
        let pixels = |length: f32| (length * pixel_ratio).round() as u32;
        let scale = scale.map(|scale| scale * f64::from(pixel_ratio));
        let viewport = Viewport { origin: [0.0; 2], scale, width: pixels(rect.width), height: pixels(rect.height) };
        let ink = if self.bare { transparent(self.theme) } else { self.theme.ink() };
        let options = Options { ink, numbers: false, token: Some(self.token), ..self.options };
        scene.image_at(rect, render::heatmap(self.values, self.view, &self.colours, &viewport, &options));
        if self.options.numbers {
            for label in render::labels(self.values, self.view, &self.colours, &viewport, &options) {
                let size = label.size / pixel_ratio;
                let [x, y] = label.at.map(|place| place as f32 / pixel_ratio);
                let at = [rect.x + x, rect.y + y + font::cap_height(Font::Mono, size) / 2.0];
                let colour = opaque(label.colour);
                scene.items.push(Item::Text(Text { at, text: label.text, font: Font::Mono, size, colour, anchor: Anchor::Middle }));
            }
        }
    }
}

fn transparent(theme: &Theme) -> render::Ink {
    render::Ink { background: [0; 4], ..theme.ink() }
}

/// A length in units that is a whole number of pixels, none of the picture cut off.
fn units(length: f64, pixel_ratio: f32) -> f32 {
    let ratio = f64::from(pixel_ratio);
    ((length * ratio - 1e-6).ceil().max(1.0) / ratio) as f32
}

/// The labels at the edges of a picture, thinned until they have room.
struct Axes {
    /// The room that they take.
    left: f32,
    top: f32,
    corner: String,
    /// Place along the edge, from the picture's corner, and text.
    rows: Vec<(f32, String)>,
    columns: Vec<(f32, String)>,
    /// Marked ranges: start and end along the edge, and name. They stand outside of the indices.
    row_marks: Vec<Mark>,
    column_marks: Vec<Mark>,
    /// The room of the names beside the rows.
    names: f32,
}

struct Mark {
    start: f32,
    end: f32,
    name: String,
}

impl Axes {
    fn new(view: &View, scale: [f64; 2], grown: f32) -> Self {
        let size = LABEL * grown;
        let (block_rows, block_columns) = view.block_size();
        let (down, across) = (block_rows as f64 * scale[1], block_columns as f64 * scale[0]);
        // Wrapped blocks count on from row to row: a row is named after its first block.
        let (row_count, column_count) = (view.block_rows(), view.block_columns());
        let (per_row, sign) = view.wrap().map_or((1, ""), |wrap| (wrap, if row_count > 1 { "+" } else { "" }));

        let line_height = f64::from(size) * 1.5;
        let rows = places(row_count, down, line_height, |row| view.index_at(Place::Rows, row * per_row).to_string());
        let widest = |labels: &[(f32, String)]| labels.iter().map(|(_, text)| font::width(Font::Mono, size, text)).fold(0.0, f32::max);
        let longest = format!("{sign}{}", column_count.saturating_sub(1));
        let room = f64::from(font::width(Font::Mono, size, &longest)) + f64::from(size) * 1.2;
        let columns = places(column_count, across, room, |column| {
            // Of a sequence in another order the place in a row says nothing.
            if view.wrap().is_some() { format!("{sign}{column}") } else { view.index_at(Place::Columns, column).to_string() }
        });
        // A single row or column needs no number.
        let rows = if row_count > 1 { rows } else { Vec::new() };
        let columns = if column_count > 1 { columns } else { Vec::new() };
        let corner = corner(view, !rows.is_empty(), !columns.is_empty());
        let left = widest(&rows).max(font::width(Font::SansBold, size, &corner));
        let left = if left > 0.0 { (left + 10.0 * grown).ceil() } else { 0.0 };
        let top = if columns.is_empty() && corner.is_empty() { 0.0 } else { (20.0 * grown).round() };
        let width = |name: &str| font::width(Font::Sans, size, name);
        let row_marks = marks(&view.row_spans(), scale[1], |_| line_height as f32);
        let column_marks = marks(&view.column_spans(), scale[0], |name| width(name) + size);
        let names = row_marks.iter().map(|mark| width(&mark.name)).fold(0.0, f32::max);
        let names = if names > 0.0 { (names + 14.0 * grown).ceil() } else { 0.0 };
        Self {
            left: left + names,
            top: top + if column_marks.is_empty() { 0.0 } else { (20.0 * grown).round() },
            corner,
            rows,
            columns,
            row_marks,
            column_marks,
            names,
        }
    }

    fn draw(self, sketch: &mut Sketch<'_>, picture: Rect) {
        let drop = font::cap_height(Font::Mono, LABEL * sketch.grown) / 2.0;
        let (right, baseline) = (picture.x - sketch.u(8.0), picture.y - sketch.u(7.0));
        if !self.corner.is_empty() {
            // Not in the numbers' face, in which an O looks like a 0.
            let (size, colour) = (LABEL * sketch.grown, sketch.theme.text);
            sketch.scene.text([right, baseline], self.corner, Font::SansBold, size, colour, Anchor::End);
        }
        for (y, text) in self.rows {
            sketch.label([right, picture.y + y + drop], text, Anchor::End);
        }
        for (x, text) in self.columns {
            sketch.label([picture.x + x, baseline], text, Anchor::Middle);
        }
        // A stroke along each range, its name beside it.
        let (size, line, colour) = (LABEL * sketch.grown, opaque(sketch.theme.faint), sketch.theme.dim);
        let (edge, gap) = (picture.x - self.left + self.names, sketch.u(2.0));
        for mark in self.row_marks {
            let (top, bottom) = (picture.y + mark.start + gap, picture.y + mark.end - gap);
            let rect = Rect::new(edge - sketch.u(6.0), top, sketch.u(2.0), bottom - top);
            sketch.scene.items.push(Item::Rect { rect, radius: 0.0, fill: Some(line), stroke: None });
            let at = [edge - sketch.u(12.0), f32::midpoint(top, bottom) + drop];
            sketch.scene.text(at, mark.name, Font::Sans, size, colour, Anchor::End);
        }
        let edge = picture.y - self.top + sketch.u(20.0);
        for mark in self.column_marks {
            let (left, right) = (picture.x + mark.start + gap, picture.x + mark.end - gap);
            let rect = Rect::new(left, edge - sketch.u(4.0), right - left, sketch.u(2.0));
            sketch.scene.items.push(Item::Rect { rect, radius: 0.0, fill: Some(line), stroke: None });
            let at = [f32::midpoint(left, right), edge - sketch.u(9.0)];
            sketch.scene.text(at, mark.name, Font::Sans, size, colour, Anchor::Middle);
        }
    }
}

/// The marked ranges that are long enough for their names.
fn marks(spans: &[Span], scale: f64, room: impl Fn(&str) -> f32) -> Vec<Mark> {
    let mark = |span: &Span| Mark {
        start: (span.cells.start as f64 * scale) as f32,
        end: (span.cells.end as f64 * scale) as f32,
        name: span.name.clone(),
    };
    spans.iter().map(mark).filter(|mark| mark.end - mark.start >= room(&mark.name)).collect()
}

/// Every so manieth block, at its middle, so that labels are `room` apart at least.
fn places(count: usize, block: f64, room: f64, name: impl Fn(usize) -> String) -> Vec<(f32, String)> {
    let every = if block >= room { 1 } else { number::round_step(room / block).max(1.0) as usize };
    (0..count).step_by(every.max(1)).map(|index| (((index as f64 + 0.5) * block) as f32, name(index))).collect()
}

/// The names of the axes that the labels count: `O ↓  I →`.
pub fn corner(view: &View, has_rows: bool, has_columns: bool) -> String {
    let (rows, columns) = (names(view, Place::Rows), names(view, Place::Columns));
    if view.wrap().is_some() {
        // Read like words in a paragraph.
        let name = joined([rows, columns], "·");
        return if name.is_empty() || !has_columns { name } else { format!("{name} →") };
    }
    arrows(if has_rows { rows } else { String::new() }, if has_columns { columns } else { String::new() })
}

/// The names of the axes that indices of single rows and columns of cells count: `O:H ↓  I:W →`. Of blocks that
/// are wrapped rows and columns have the same.
pub fn cell_corner(view: &View) -> String {
    let outer = [names(view, Place::Rows), names(view, Place::Columns)];
    let [rows, columns] = match view.wrap() {
        None => outer,
        Some(_) => {
            let both = joined(outer, "·");
            [view.block_rows(), view.block_columns()].map(|blocks| if blocks > 1 { both.clone() } else { String::new() })
        }
    };
    let with_cells = |outer: String, inner: Place| joined([outer, names(view, inner)], ":");
    arrows(with_cells(rows, Place::CellRows), with_cells(columns, Place::CellColumns))
}

/// The names of the axes in a place, those of one index left out.
fn names(view: &View, place: Place) -> String {
    long_axes(view, place).collect::<Vec<_>>().join("·")
}

/// What runs down and what runs to the right; nothing of what has no name.
fn arrows(rows: String, columns: String) -> String {
    let directed = |name: String, arrow: &str| if name.is_empty() { name } else { format!("{name} {arrow}") };
    joined([directed(rows, "↓"), directed(columns, "→")], "  ")
}

fn joined(parts: [String; 2], between: &str) -> String {
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(between)
}

/// What the labels do not say: the cells of a block, the sliders.
fn caption(view: &View) -> String {
    let mut parts = Vec::new();
    if view.has_blocks() {
        let (rows, columns) = view.block_size();
        let cells = [(Place::CellRows, rows), (Place::CellColumns, columns)].into_iter().filter(|(_, count)| *count > 1);
        let cells = cells.map(|(place, count)| format!("{} {count}", names(view, place)));
        parts.push(format!("each block {}", cells.collect::<Vec<_>>().join(" × ")));
    }
    let slice = view.slice_text();
    if !slice.is_empty() {
        parts.push(format!("at {slice}"));
    }
    parts.join(", ")
}

/// The names of a place's axes, those of one index left out.
fn long_axes(view: &View, place: Place) -> impl Iterator<Item = String> {
    let axes = view.axes(place).into_iter().filter(|axis| view.shape().get(*axis).is_some_and(|extent| *extent > 1));
    axes.filter_map(|axis| view.names().get(axis).cloned())
}

#[cfg(test)]
mod tests {
    use super::super::tests::check_layout;
    use super::*;
    use crate::colormap::{Limits, Map, Norm};
    use crate::render::theme::{DARK, LIGHT};
    use crate::view;

    const COLOURS: Colours = Colours { map: Map::Vik, limits: Limits { low: -1.0, high: 1.0 }, norm: Norm::Linear };

    fn values(view: &View) -> Vec<f32> {
        let count: usize = view.shape().iter().product();
        (0..count).map(|value| [(value as f32 * 0.7).sin() * 1.2, f32::NAN][usize::from(value == 5)]).collect()
    }

    const SHAPES: &[(&[usize], Option<&str>)] = &[
        (&[], None),
        (&[1], Some("O")),
        (&[10], Some("O")),
        (&[1001], None),
        (&[8, 3, 3, 3], Some("OHWI")),
        (&[32, 3, 5, 5], Some("OIHW")),
        (&[1, 3, 3, 256], Some("1HWO")),
        (&[64, 1, 1, 32], Some("OHWI")),
        (&[500, 300], Some("OI")),
        (&[2, 3000], None),
        (&[3000, 2], None),
        (&[4, 3, 3, 3, 6], Some("DHWIO")),
        (&[2, 3, 4, 5, 6], None),
    ];

    #[test]
    fn nothing_is_cut_off_or_covered() {
        let token = Token::new();
        for (shape, layout) in SHAPES {
            let view = View::default_for(shape, *layout, 1.0);
            let values = values(&view);
            for (theme, norm, title, cell) in [
                (&DARK, Norm::Linear, "Conv2d_0 · kernel".to_owned(), None),
                (&LIGHT, Norm::SYMLOG, "a/very/long/name/".repeat(40), Some(3)),
                (&DARK, Norm::Linear, String::new(), Some(1)),
            ] {
                let mut figure = HeatmapFigure::new(title, &values, &view, Colours { norm, ..COLOURS }, theme, &token);
                figure.subtitle = "subtitle".into();
                figure.cell = cell;
                for ratio in [1.0, 2.0] {
                    check_layout(&figure.scene(ratio).unwrap());
                }
            }
        }
    }

    #[test]
    fn names_of_marked_ranges_stand_at_the_edge() {
        let token = Token::new();
        let mark = |name: &str, axis, indices| view::Mark { name: name.into(), axis, indices };
        for (shape, layout) in [(&[16usize, 7][..], Some("OI")), (&[16], Some("O")), (&[2, 16, 3], None), (&[400, 90], Some("OI"))] {
            let mut view = View::default_for(shape, layout, 1.0);
            let (axis, quarter) = if shape.len() == 3 { (1, 4) } else { (0, shape[0] / 4) };
            let mut marks: Vec<_> = ["input", "forget", "cell", "output"]
                .into_iter()
                .zip(0..)
                .map(|(name, at)| mark(name, axis, at * quarter..(at + 1) * quarter))
                .collect();
            if shape.len() == 2 {
                marks.extend([mark("input", 1, 0..3), mark("state", 1, 3..shape[1])]);
            }
            view.set_marks(marks);
            let values = values(&view);
            let mut figure = HeatmapFigure::new("lstm", &values, &view, COLOURS, &LIGHT, &token);
            for cell in [None, Some(1), Some(20)] {
                figure.cell = cell;
                let scene = figure.scene(1.0).unwrap();
                check_layout(&scene);
                let has = |name: &str| scene.items.iter().any(|item| matches!(item, Item::Text(text) if text.text == name));
                assert!(has("forget") || cell == Some(1), "{shape:?} {cell:?}");
            }
        }
    }

    #[test]
    fn pleasant_sizes() {
        let token = Token::new();
        for (shape, layout, size) in [
            (&[8usize, 3, 3, 3][..], Some("OHWI"), [333.0, 888.0]),
            (&[32, 3, 5, 5], Some("OIHW"), [120.0, 1280.0]),
            (&[10], None, [960.0, 96.0]),
            (&[], None, [96.0, 96.0]),
            (&[1000, 4096], None, [4096.0, 1000.0]),
            (&[1000, 4097], None, [2049.0, 500.0]),
            (&[2, 3000], None, [3000.0, 64.0]),
        ] {
            let view = View::default_for(shape, layout, 1.0);
            let values = vec![0.5; shape.iter().product()];
            let mut figure = HeatmapFigure::new("", &values, &view, COLOURS, &DARK, &token);
            figure.bare = true;
            let scene = figure.scene(1.0).unwrap();
            assert_eq!([scene.width, scene.height], size, "{shape:?}");
        }
    }

    /// What is saved is what is seen: the picture in a figure is the window's, to the byte.
    #[test]
    fn bare_pictures_are_the_heatmap() {
        let token = Token::new();
        let view = View::default_for(&[8, 3, 3, 3], Some("OHWI"), 1.0);
        let values = values(&view);
        let mut figure = HeatmapFigure::new("", &values, &view, COLOURS, &LIGHT, &token);
        figure.bare = true;
        for (cell, scale) in [(1, 1), (4, 1), (10, 2), (60, 1)] {
            figure.cell = Some(cell);
            let size = [f64::from(cell * scale); 2];
            let viewport = Viewport::whole(&view, size);
            let options = Options::new(transparent(&LIGHT));
            let seen = render::heatmap(&values, &view, &COLOURS, &viewport, &options);
            assert!(figure.image(scale).unwrap() == seen, "{cell} {scale}");
        }
    }

    #[test]
    fn too_much_and_nothing() {
        let token = Token::new();
        let view = View::default_for(&[2000, 2000], None, 1.0);
        let values = vec![0.0; 4_000_000];
        let mut figure = HeatmapFigure::new("", &values, &view, COLOURS, &DARK, &token);
        figure.cell = Some(u32::MAX);
        assert!(matches!(figure.image(1), Err(FigureError::TooLarge { .. })));
        let empty = View::default_for(&[0, 3], None, 1.0);
        assert_eq!(HeatmapFigure::new("", &[0.0; 0], &empty, COLOURS, &DARK, &token).image(1).unwrap_err(), FigureError::Empty);
    }
}
