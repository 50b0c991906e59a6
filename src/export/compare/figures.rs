//! The pictures of a report: heatmaps as PNG, charts as SVG, each as text to be put into HTML.

use std::fmt::Write as _;

use crate::colormap::{Colours, Map, Norm, Range};
use crate::compare::metrics::standing_out;
use crate::compare::{Anatomy, ChannelError};
use crate::export::{png, svg};
use crate::jobs::{Cancelled, Token};
use crate::render::number::{significant, ticks};
use crate::render::theme;
use crate::render::{Options, Viewport, heatmap};
use crate::stats::{self, Histogram, Moments};
use crate::view::View;

/// A heatmap's room, in pixels.
const ROOM: (f64, f64) = (330.0, 420.0);
/// A picture takes at least such a part of its room, one over this, in both directions.
const FLATTEST: f64 = 4.0;
/// A chart's width and height.
const CHART: (f64, f64) = (420.0, 150.0);

/// Colours for values: symmetric, and where outliers would take most of them, without those.
pub(super) fn colours(values: &[f32], token: &Token) -> Result<Colours, Cancelled> {
    let moments = Moments::of(values, token)?;
    let percentile =
        |percent: f64| stats::percentiles(values, &[percent], token).ok().and_then(|found| found.first().copied()).unwrap_or(f64::NAN);
    let range = Range::default_from(&moments, percentile, true);
    Ok(Colours { map: Map::default_for(true), limits: range.limits_from(&moments, percentile, true), norm: Norm::Linear })
}

/// An `img` of the values, cells of whole pixels where there is room for them.
pub(super) fn picture(values: &[f32], view: &View, colours: &Colours, title: &str) -> Result<String, png::EncodingError> {
    let (columns, rows) = (view.columns().max(1) as f64, view.rows().max(1) as f64);
    let square = (ROOM.0 / columns).min(ROOM.1 / rows);
    // Long and thin ones get cells that are no squares, so that there is something to see.
    let along = |room: f64, cells: f64| {
        let scale = square.max((room / FLATTEST / cells).min(room / cells));
        if scale >= 1.0 { scale.floor().min(28.0) } else { scale }
    };
    let scale = [along(ROOM.0, columns), along(ROOM.1, rows)];
    let mut ink = theme::LIGHT.ink();
    ink.background = [0; 4];
    let options = Options { numbers: false, ..Options::new(ink) };
    let image = heatmap(&values, view, colours, &Viewport::whole(view, scale), &options);
    let data = svg::base64(&png::encode(&image, &[])?);
    Ok(format!(
        r#"<img alt="{}" width="{}" height="{}" src="data:image/png;base64,{data}">"#,
        svg::escape(title),
        image.width(),
        image.height()
    ))
}

/// SQNR by output channel: a bar each, those that stand out marked; many channels share a bar, the lowest of them.
pub(super) fn channels(channels: &[ChannelError]) -> String {
    const BARS: usize = 140;
    /// Room for the numbers at the left.
    const LEFT: f64 = 34.0;
    let a_bar = channels.len().div_ceil(BARS).max(1);
    let marked = standing_out(channels);
    let is_marked = |chunk: &[ChannelError]| chunk.iter().any(|channel| marked.contains(&channel.channel));
    let lowest =
        |chunk: &[ChannelError]| chunk.iter().map(|channel| channel.sqnr_db).filter(|db| !db.is_nan()).fold(f64::INFINITY, f64::min);
    let bars: Vec<(f64, bool)> = channels.chunks(a_bar).map(|chunk| (lowest(chunk), is_marked(chunk))).collect();
    let finite = || bars.iter().map(|(db, _)| *db).filter(|db| db.is_finite());
    let (top, bottom) = (finite().fold(0.0, f64::max), finite().fold(0.0, f64::min));
    let span = (top - bottom).max(1e-9);
    let (width, height) = CHART;
    let step = (width - LEFT) / bars.len().max(1) as f64;
    let y = |db: f64| height - (db.clamp(bottom, top) - bottom) / span * height;
    let mut text = open(width, height + 18.0, "SQNR by output channel");
    for (value, label) in ticks(bottom, top, 4) {
        let at = y(value);
        let _ = write!(
            text,
            r#"<path class="grid" d="M{LEFT} {at:.1}H{width}"/><text class="tick" x="{:.0}" y="{:.1}" text-anchor="end">{label}</text>"#,
            LEFT - 6.0,
            (at + 4.0).clamp(9.0, height)
        );
    }
    for (at, (db, is_marked)) in bars.iter().enumerate() {
        let class = if *is_marked { "bad" } else { "bar" };
        let (from, to) = (y(db.min(top)), y(0.0));
        let _ = write!(
            text,
            r#"<rect class="{class}" x="{:.2}" y="{:.2}" width="{:.2}" height="{:.2}"><title>channel {}: {} dB</title></rect>"#,
            LEFT + at as f64 * step,
            from.min(to),
            (step * 0.82).max(0.6),
            (from - to).abs().max(0.8),
            at * a_bar,
            significant(*db, 4)
        );
    }
    let _ = write!(text, r#"<text class="tick" x="{LEFT}" y="{:.0}">0</text>"#, height + 14.0);
    let last = channels.len().saturating_sub(1);
    let _ = write!(text, r#"<text class="tick" x="{width:.0}" y="{:.0}" text-anchor="end">{last}</text>"#, height + 14.0);
    text + "</svg>"
}

/// Both histograms on their shared edges: A filled, B as a line. Heights are logarithmic, for tails.
pub(super) fn histograms([a, b]: &[Histogram; 2]) -> String {
    let (width, height) = CHART;
    let peak = a.peak().max(b.peak()).max(1);
    let bins = a.counts.len().max(1);
    let step = width / bins as f64;
    let level = |count: u64| height - (count as f64 + 1.0).ln() / (peak as f64 + 1.0).ln() * height;
    let mut text = open(width, height + 18.0, "Histogram of A and B");
    text += r#"<path class="shade" d=""#;
    let _ = write!(text, "M0 {height:.1}");
    for (bin, count) in a.counts.iter().enumerate() {
        let _ = write!(text, "L{:.2} {:.2}H{:.2}", bin as f64 * step, level(*count), (bin + 1) as f64 * step);
    }
    let _ = write!(text, r#"V{height:.1}Z"/><path class="line" d="M0 {height:.1}"#);
    for (bin, count) in b.counts.iter().enumerate() {
        let _ = write!(text, "V{:.2}H{:.2}", level(*count), (bin + 1) as f64 * step);
    }
    let _ = write!(text, r#"V{height:.1}"/>"#);
    for (edge, x, anchor) in [(a.edges.first(), 0.0, "start"), (a.edges.last(), width, "end")] {
        if let Some(edge) = edge {
            let _ = write!(
                text,
                r#"<text class="tick" x="{x:.0}" y="{:.0}" text-anchor="{anchor}">{}</text>"#,
                height + 14.0,
                significant(*edge, 3)
            );
        }
    }
    text + "</svg>"
}

/// One bar of the parts of the squared error, with what each colour is.
pub(super) fn parts(anatomy: &Anatomy) -> String {
    let shown: Vec<(&str, f64)> = anatomy.shares.parts().into_iter().filter(|(_, share)| *share > 0.0).collect();
    let mut text = String::from(r#"<div class="parts">"#);
    for (name, share) in &shown {
        let _ = write!(text, r#"<i class="{name}" style="flex-grow:{:.5}" title="{name} {}"></i>"#, share, percent(*share));
    }
    text += r#"</div><div class="keys">"#;
    for (name, share) in &shown {
        let _ = write!(text, r#"<span><i class="{name}"></i>{name} {}</span>"#, percent(*share));
    }
    text + "</div>"
}

fn percent(share: f64) -> String {
    if share > 0.0 && share < 0.01 { "&lt; 1 %".into() } else { format!("{:.0} %", share * 100.0) }
}

fn open(width: f64, height: f64, title: &str) -> String {
    format!(r#"<svg role="img" aria-label="{title}" viewBox="0 0 {width:.0} {height:.0}">"#)
}
