//! A histogram with axes, and a table of figures beside it.

use super::{FigureError, LABEL, MARGIN, Sketch, TEXT, check_area};
use crate::render::Image;
use crate::render::font::{self, Anchor, Font};
use crate::render::number::{decades, grouped, ticks};
use crate::render::scene::{Rect, Scene, Stroke};
use crate::render::theme::Theme;
use crate::stats::Histogram;

/// The values of a weight by frequency.
#[derive(Clone, Debug)]
pub struct HistogramFigure<'a> {
    pub title: String,
    pub subtitle: String,
    pub histogram: &'a Histogram,
    /// Name and figure, for the table; none: no table.
    pub statistics: &'a [(String, String)],
    pub log: bool,
    pub theme: &'a Theme,
    /// The plot's own size, in units.
    pub plot: (u32, u32),
    /// The plot alone, without title and table.
    pub bare: bool,
}

/// The height of a row of the table.
const ROW: f32 = 21.0;

impl<'a> HistogramFigure<'a> {
    /// A figure with the usual choices.
    pub fn new(title: impl Into<String>, histogram: &'a Histogram, theme: &'a Theme) -> Self {
        Self { title: title.into(), subtitle: String::new(), histogram, statistics: &[], log: false, theme, plot: (760, 360), bare: false }
    }

    /// The figure in pixels, `scale` (1, 2 or 4) to a unit.
    ///
    /// # Errors
    /// [`FigureError`]: too large.
    pub fn image(&self, scale: u32) -> Result<Image, FigureError> {
        let scale = scale.max(1) as f32;
        let scene = self.scene();
        check_area(scene.width, scene.height, scale)?;
        Ok(scene.image(scale))
    }

    /// The figure as shapes.
    pub fn scene(&self) -> Scene {
        let mut sketch = Sketch { scene: Scene::new(0.0, 0.0, Some(self.theme.panel)), theme: self.theme, grown: 1.0 };
        let (plot_width, plot_height) = (self.plot.0.clamp(40, 16_384) as f32, self.plot.1.clamp(40, 16_384) as f32);
        let statistics = if self.bare { &[] } else { self.statistics };
        let levels = self.levels(plot_height);
        let widest =
            |texts: &mut dyn Iterator<Item = &str>, size| texts.map(|text| font::width(Font::Mono, size, text)).fold(0.0, f32::max);
        let left = (widest(&mut levels.iter().map(|(_, text)| text.as_str()), LABEL) + 8.0).ceil();
        let names = statistics.iter().map(|(name, _)| font::width(Font::Sans, TEXT, name)).fold(0.0, f32::max);
        let figures = widest(&mut statistics.iter().map(|(_, figure)| figure.as_str()), TEXT);
        let table = if statistics.is_empty() { 0.0 } else { (32.0 + names + 24.0 + figures).ceil() };

        let width = left + plot_width + table;
        let top = if self.bare { MARGIN } else { sketch.head(&self.title, &self.subtitle, width) };
        let plot = Rect::new(MARGIN + left, top + 4.0, plot_width, plot_height);
        self.draw_levels(&mut sketch, plot, &levels);
        self.draw_bars(&mut sketch, plot);
        self.draw_axis(&mut sketch, plot);
        let mut bottom = plot.bottom() + 22.0;
        let notes = self.notes();
        if !notes.is_empty() {
            bottom += 22.0;
            sketch.label([plot.x, bottom], notes, Anchor::Start);
        }
        let mut y = plot.y + 10.0;
        for (name, figure) in statistics {
            let x = plot.right() + 32.0;
            sketch.scene.text([x, y], name.clone(), Font::Sans, TEXT, self.theme.dim, Anchor::Start);
            let end = MARGIN + width;
            sketch.scene.text([end, y], figure.clone(), Font::Mono, TEXT, self.theme.text, Anchor::End);
            bottom = bottom.max(y + 4.0);
            y += ROW;
        }
        sketch.scene.width = (width + 2.0 * MARGIN).ceil();
        sketch.scene.height = (bottom + MARGIN - 4.0).ceil();
        sketch.scene
    }

    /// The height of a count, 0 to 1.
    fn height(&self, count: u64) -> f32 {
        let most = self.histogram.peak().max(1) as f64;
        if self.log {
            // A bin of one value must be seen: the axis begins below 1.
            let base = LOG_BASE.ln();
            if count == 0 { 0.0 } else { (((count as f64).ln() - base) / (most.max(2.0).ln() - base)) as f32 }
        } else {
            (count as f64 / most) as f32
        }
    }

    /// The ticks of the upright axis: height, 0 to 1, and label.
    fn levels(&self, plot_height: f32) -> Vec<(f32, String)> {
        let most = self.histogram.peak();
        let room = (plot_height / 60.0).clamp(2.0, 12.0) as usize;
        if self.log {
            return decades(most.max(1) as f64, room).into_iter().map(|(value, text)| (self.height(value as u64), text)).collect();
        }
        let whole = ticks(0.0, most.max(1) as f64, room).into_iter().filter(|(value, _)| value.fract() == 0.0);
        whole.map(|(value, _)| (self.height(value as u64), grouped(value as u64))).collect()
    }

    fn draw_levels(&self, sketch: &mut Sketch<'_>, plot: Rect, levels: &[(f32, String)]) {
        let drop = font::cap_height(Font::Mono, LABEL) / 2.0;
        for (height, text) in levels {
            // On the middle of a pixel, so that the line is sharp.
            let y = (plot.bottom() - height * plot.height).round() - 0.5;
            sketch.scene.polyline(&[[plot.x, y], [plot.right(), y]], Stroke::new(self.theme.line, 1.0));
            sketch.label([plot.x - 8.0, y + drop], text, Anchor::End);
        }
    }

    fn draw_bars(&self, sketch: &mut Sketch<'_>, plot: Rect) {
        let Some((low, high)) = self.span() else { return };
        let x = |edge: f64| plot.x + ((edge - low) / (high - low)) as f32 * plot.width;
        let bars = self.histogram.edges.windows(2).zip(&self.histogram.counts);
        let narrow = plot.width / self.histogram.counts.len().max(1) as f32;
        let gap = if narrow >= 4.0 { 1.0 } else { 0.0 };
        if narrow >= 2.0 {
            for (edges, count) in bars.filter(|(_, count)| **count > 0) {
                let [from, to] = [edges.first(), edges.last()].map(|edge| x(edge.copied().unwrap_or(low)).round());
                let height = (self.height(*count) * plot.height).max(1.0).round();
                let bar = Rect::new(from, plot.bottom() - height, (to - from - gap).max(1.0), height);
                sketch.scene.rect(bar, self.theme.plot);
            }
            return;
        }
        // More bins than two pixels each: an outline, the highest bin of every pixel.
        let mut columns = vec![0u64; plot.width as usize];
        for (edges, count) in bars {
            let [from, to] = [edges.first(), edges.last()].map(|edge| x(edge.copied().unwrap_or(low)) - plot.x);
            let first = (from.max(0.0) as usize).min(columns.len().saturating_sub(1));
            let last = ((to.ceil().max(0.0) as usize).max(first + 1)).min(columns.len());
            for column in columns.get_mut(first..last).unwrap_or_default() {
                *column = (*column).max(*count);
            }
        }
        let mut outline = vec![[plot.x, plot.bottom()]];
        for (column, count) in columns.iter().enumerate() {
            let height = if *count == 0 { 0.0 } else { (self.height(*count) * plot.height).max(1.0) };
            let (x, y) = (plot.x + column as f32, plot.bottom() - height);
            outline.extend([[x, y], [x + 1.0, y]]);
        }
        outline.push([plot.right(), plot.bottom()]);
        sketch.scene.polygon(&outline, self.theme.plot);
    }

    fn draw_axis(&self, sketch: &mut Sketch<'_>, plot: Rect) {
        let y = plot.bottom() + 0.5;
        sketch.scene.polyline(&[[plot.x, y], [plot.right(), y]], Stroke::new(self.theme.faint, 1.0));
        let Some((low, high)) = self.span() else { return };
        for (value, text) in ticks(low, high, (plot.width / 90.0) as usize) {
            let x = (plot.x + ((value - low) / (high - low)) as f32 * plot.width).round() - 0.5;
            sketch.scene.polyline(&[[x, y], [x, y + 4.0]], Stroke::new(self.theme.faint, 1.0));
            // A label at an end may hang over it, but not out of the figure.
            let half = font::width(Font::Mono, LABEL, &text) / 2.0;
            let middle = x.min(plot.right() + MARGIN - half).max(half);
            sketch.label([middle, y + 17.0], text, Anchor::Middle);
        }
    }

    /// The first and last edge, if there is something between them.
    fn span(&self) -> Option<(f64, f64)> {
        let (low, high) = (*self.histogram.edges.first()?, *self.histogram.edges.last()?);
        (low < high && (high - low).is_finite()).then_some((low, high))
    }

    /// What lies in no bin.
    fn notes(&self) -> String {
        let Histogram { below, above, nan, pos_inf, neg_inf, .. } = *self.histogram;
        let notes = [(below, "below"), (above, "above"), (nan, "NaN"), (pos_inf, "+Inf"), (neg_inf, "-Inf")];
        let notes = notes.into_iter().filter(|(count, _)| *count > 0).map(|(count, name)| format!("{} {name}", grouped(count)));
        notes.collect::<Vec<_>>().join("   ")
    }
}

/// The count at the foot of a logarithmic axis.
const LOG_BASE: f64 = 0.7;

#[cfg(test)]
mod tests {
    use super::super::tests::check_layout;
    use super::*;
    use crate::render::scene::Item;
    use crate::render::theme::{DARK, LIGHT};

    fn histogram(low: f64, high: f64, counts: Vec<u64>) -> Histogram {
        let bins = counts.len();
        let edges = (0..=bins).map(|edge| low + (high - low) * edge as f64 / bins as f64).collect();
        Histogram { edges, counts, below: 3, nan: 1, ..Histogram::default() }
    }

    #[test]
    fn nothing_is_cut_off_or_covered() {
        let statistics = [("mean", "-0.0207"), ("standard deviation", "0.2731")].map(|(name, figure)| (name.into(), figure.into()));
        for histogram in [
            histogram(-1.84, 1.25, vec![1, 0, 5, 900, 40, 2]),
            histogram(-128.5, 127.5, (0..256).collect()),
            histogram(0.0, 1e-7, (0..5000).map(|bin| bin % 977).collect()),
            histogram(-3e38, 3e38, vec![u64::MAX, 1]),
            histogram(0.0, 0.0, vec![7]),
            histogram(0.0, 1.0, vec![0, 0]),
            Histogram::default(),
        ] {
            for (theme, log, bare) in [(&DARK, false, false), (&LIGHT, true, false), (&LIGHT, false, true)] {
                let figure = HistogramFigure { log, bare, statistics: &statistics, ..HistogramFigure::new("Title", &histogram, theme) };
                check_layout(&figure.scene());
                assert!(figure.image(1).is_ok());
            }
        }
    }

    #[test]
    fn bars_have_the_height_of_their_counts() {
        let histogram = histogram(0.0, 4.0, vec![10, 0, 5, 1]);
        let figure = HistogramFigure { plot: (400, 100), ..HistogramFigure::new("", &histogram, &DARK) };
        let bars = |figure: &HistogramFigure<'_>| -> Vec<(f32, f32)> {
            let items = figure.scene().items.into_iter();
            items.filter_map(|item| if let Item::Rect { rect, .. } = item { Some((rect.width, rect.height)) } else { None }).collect()
        };
        assert_eq!(bars(&figure), [(99.0, 100.0), (99.0, 50.0), (99.0, 10.0)]);
        // log 10, log 5 and log 1 above log 0.7.
        let log = HistogramFigure { log: true, ..figure };
        assert_eq!(bars(&log), [(99.0, 100.0), (99.0, 74.0), (99.0, 13.0)]);
    }

    /// Where bins are narrower than pixels the highest shows, none vanishes.
    #[test]
    fn narrow_bins_keep_their_peaks() {
        let mut counts = vec![0; 5000];
        counts[1234] = 100;
        counts[4999] = 50;
        let histogram = histogram(0.0, 1.0, counts);
        let scene = HistogramFigure { plot: (500, 100), ..HistogramFigure::new("", &histogram, &DARK) }.scene();
        let outline = scene.items.iter().find_map(|item| match item {
            Item::Path { steps, fill: Some(_), .. } => Some(steps),
            _ => None,
        });
        let heights = outline.unwrap().iter().filter_map(|step| match step {
            crate::render::scene::Step::Line([_, y]) => Some(*y),
            _ => None,
        });
        let bottom = heights.clone().fold(0.0, f32::max);
        assert_eq!(heights.clone().fold(f32::MAX, f32::min), bottom - 100.0);
        assert_eq!(heights.filter(|y| *y == bottom - 50.0).count(), 2);
    }
}
