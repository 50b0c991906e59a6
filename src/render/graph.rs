//! A graph as a picture: frames, lines, boxes and their texts, as the window draws them at zoom 1.
//!
//! One function for SVG and PNG, the whole or a part. Lengths are points of the layout; a margin and the
//! title come around them.

use std::collections::{HashMap, HashSet};

use super::figure::FigureError;
use super::font::{self, Anchor, Font};
use super::scene::{Item, Rect, Scene, Step, Stroke};
use super::theme::Theme;
use super::{Image, blend};
use crate::colormap::Rgb;
use crate::jobs::{Card, DETAIL_SIZE, FrameCard, GraphPicture, THUMBNAIL_HEIGHT, TITLE_SIZE, alike_text};
use crate::layout::{self, Direction, FrameOf, Labels, Node, Point, Route};
use crate::model::{Model, TensorRef};
use crate::weights::{Family, Site};

/// What is drawn, and how.
pub struct GraphFigure<'a> {
    pub picture: &'a GraphPicture,
    pub model: &'a Model,
    pub title: String,
    pub subtitle: String,
    /// The part of the layout that is drawn; `None`: all of it.
    pub part: Option<layout::Rect>,
    /// The drawing alone, without title and legend.
    pub bare: bool,
    /// The pictures of kernels that are there, at two pixels a point.
    pub thumbnails: &'a HashMap<Site, Image>,
    pub theme: &'a Theme,
}

/// Around everything.
const MARGIN: f32 = 24.0;
const RADIUS: f32 = 5.0;
/// From a box's left side to its texts, the coloured edge included.
const INDENT: f32 = 13.0;
const EDGE: f32 = 4.0;
/// Sizes of type in the head, as in other figures.
const HEAD_TITLE: f32 = 15.0;
const HEAD_TEXT: f32 = 12.0;
const LEGEND: f32 = 11.0;

impl GraphFigure<'_> {
    /// The scene, and its pixels at a scale.
    ///
    /// # Errors
    /// [`FigureError`]: nothing to draw, or too large.
    pub fn image(&self, scale: u32) -> Result<Image, FigureError> {
        let scene = self.scene()?;
        super::figure::check_area(scene.width, scene.height, scale as f32)?;
        Ok(scene.image(scale as f32))
    }

    /// # Errors
    /// [`FigureError::Empty`].
    pub fn scene(&self) -> Result<Scene, FigureError> {
        let size = self.picture.layout.size;
        let part = self.part.unwrap_or(layout::Rect { x: 0.0, y: 0.0, width: size.width, height: size.height });
        if self.picture.cards.is_empty() || part.width <= 0.0 || part.height <= 0.0 {
            return Err(FigureError::Empty);
        }
        let of_card = |card: &Card| card.family.into_iter().chain(card.shares.iter().map(|(family, _)| *family)).collect::<Vec<_>>();
        let families: HashSet<Family> = self.picture.cards.iter().flat_map(of_card).collect();
        let mut families: Vec<Family> = families.into_iter().collect();
        families.sort_unstable();
        let head = if self.bare { 0.0 } else { 64.0 };
        let least = if self.bare { 0.0 } else { self.head_width(&families) };
        let width = (part.width as f32).max(least) + 2.0 * MARGIN;
        let left = (width - part.width as f32) / 2.0;
        let mut pen = Pen {
            scene: Scene::new(width.ceil(), (part.height as f32 + head + 2.0 * MARGIN).ceil(), Some(self.theme.panel)),
            theme: self.theme,
            shift: [left - part.x as f32, MARGIN + head - part.y as f32],
            part,
        };
        self.draw(&mut pen);
        if !self.bare {
            // What sticks out of a part is covered.
            let cover = Rect::new(0.0, 0.0, pen.scene.width, head);
            pen.scene.rect(cover, self.theme.panel);
            self.head(&mut pen.scene, &families);
        }
        Ok(pen.scene)
    }

    /// The room that title and legend need; a very long title is cut.
    fn head_width(&self, families: &[Family]) -> f32 {
        const MOST: f32 = 560.0;
        let title = font::width(Font::SansBold, HEAD_TITLE, &self.title);
        let subtitle = font::width(Font::Sans, HEAD_TEXT, &self.subtitle);
        title.max(subtitle).min(MOST).max(families.iter().copied().map(legend_entry).sum())
    }

    fn head(&self, scene: &mut Scene, families: &[Family]) {
        let room = scene.width - 2.0 * MARGIN;
        let title = font::elided(Font::SansBold, HEAD_TITLE, &self.title, room);
        scene.text([MARGIN, 32.0], title, Font::SansBold, HEAD_TITLE, self.theme.text, Anchor::Start);
        let subtitle = font::elided(Font::Sans, HEAD_TEXT, &self.subtitle, room);
        scene.text([MARGIN, 50.0], subtitle, Font::Sans, HEAD_TEXT, self.theme.dim, Anchor::Start);
        let mut x = MARGIN;
        for family in families {
            scene.items.push(Item::Rect {
                rect: Rect::new(x, 61.0, 10.0, 10.0),
                radius: 2.0,
                fill: Some(super::scene::opaque(self.theme.families.of(*family))),
                stroke: None,
            });
            scene.text([x + 15.0, 70.0], family.name(), Font::Sans, LEGEND, self.theme.dim, Anchor::Start);
            x += legend_entry(*family);
        }
    }

    fn draw(&self, pen: &mut Pen<'_>) {
        let GraphPicture { drawn, layout, cards, frames, .. } = self.picture;
        let depth = |index: usize| {
            std::iter::successors(drawn.graph.frames[index].parent, |frame| drawn.graph.frames[*frame as usize].parent).count()
        };
        for (index, (rect, card)) in layout.frames.iter().zip(frames).enumerate() {
            if pen.sees(rect) {
                pen.frame(rect, card, depth(index), matches!(drawn.frames[index], FrameOf::Operation(_)));
            }
        }
        let seen: Vec<&Route> = layout.edges.iter().filter(|route| pen.passes(route)).collect();
        for route in &seen {
            pen.line(route, layout.direction);
        }
        for (index, (rect, card)) in layout.frames.iter().zip(frames).enumerate() {
            if pen.sees(rect) {
                pen.frame_title(rect, card, depth(index));
            }
        }
        let mut labels = Labels::of(&drawn.graph, layout, &self.picture.index);
        let mut labelled: HashSet<(u32, TensorRef)> = HashSet::new();
        for route in seen {
            let tensor = drawn.tensors[route.edge as usize];
            let count = drawn.counts[route.edge as usize];
            if labelled.contains(&(route.from, tensor)) {
                continue;
            }
            let shape = self.model.tensor(tensor).shape.to_string();
            let text = if count > 1 { format!("{count} tensors") } else { shape };
            if pen.shape(route, layout.direction, &text, &mut labels) {
                labelled.insert((route.from, tensor));
            }
        }
        let has_frame: HashSet<u32> = drawn.graph.frames.iter().filter_map(|frame| frame.node).collect();
        for (index, (rect, card)) in (0u32..).zip(layout.nodes.iter().zip(cards)) {
            if pen.sees(rect) && !has_frame.contains(&index) {
                let thumbnail = card.thumbnail.and_then(|site| self.thumbnails.get(&site));
                pen.card(rect, card, matches!(drawn.nodes[index as usize], Node::Group(_)), thumbnail);
            }
        }
        self.references(pen);
    }

    /// What is told by labels: above each reader what it reads, below each source how many read it.
    fn references(&self, pen: &mut Pen<'_>) {
        let layout = &self.picture.layout;
        let mut rows: HashMap<u32, Vec<u32>> = HashMap::new();
        let mut readers: HashMap<u32, HashSet<u32>> = HashMap::new();
        for reference in &layout.references {
            let row = rows.entry(reference.to).or_default();
            if !row.contains(&reference.from) {
                row.push(reference.from);
            }
            readers.entry(reference.from).or_default().insert(reference.to);
        }
        let mut rows: Vec<(u32, Vec<u32>)> = rows.into_iter().collect();
        rows.sort_unstable();
        for (node, sources) in rows {
            let rect = &layout.nodes[node as usize];
            let names: Vec<&str> = sources.iter().map(|source| self.picture.cards[*source as usize].name.as_str()).collect();
            let shown = match names[..] {
                [ref first @ .., _, _] if names.len() > 3 => {
                    first.iter().take(2).map(|name| format!("← {name}")).chain([format!("← {} more", names.len() - 2)]).collect()
                }
                _ => names.iter().map(|name| format!("← {name}")).collect::<Vec<String>>(),
            };
            pen.told(rect, &shown, true);
        }
        let mut readers: Vec<(u32, usize)> = readers.into_iter().map(|(node, readers)| (node, readers.len())).collect();
        readers.sort_unstable();
        for (node, count) in readers {
            pen.told(&layout.nodes[node as usize], &[format!("→ {count} readers")], false);
        }
    }
}

fn legend_entry(family: Family) -> f32 {
    15.0 + font::width(Font::Sans, LEGEND, family.name()) + 16.0
}

/// Draws on a scene in points of the layout.
struct Pen<'a> {
    scene: Scene,
    theme: &'a Theme,
    shift: [f32; 2],
    part: layout::Rect,
}

impl Pen<'_> {
    fn at(&self, x: f64, y: f64) -> [f32; 2] {
        [x as f32 + self.shift[0], y as f32 + self.shift[1]]
    }

    fn rect(&self, rect: &layout::Rect) -> Rect {
        let [x, y] = self.at(rect.x, rect.y);
        Rect::new(x, y, rect.width as f32, rect.height as f32)
    }

    fn sees(&self, rect: &layout::Rect) -> bool {
        rect.x < self.part.right() && rect.right() > self.part.x && rect.y < self.part.bottom() && rect.bottom() > self.part.y
    }

    fn passes(&self, route: &Route) -> bool {
        let (mut low, mut high) = (Point { x: f64::INFINITY, y: f64::INFINITY }, Point { x: f64::NEG_INFINITY, y: f64::NEG_INFINITY });
        for point in &route.points {
            low = Point { x: low.x.min(point.x), y: low.y.min(point.y) };
            high = Point { x: high.x.max(point.x), y: high.y.max(point.y) };
        }
        low.x <= self.part.right() && high.x >= self.part.x && low.y <= self.part.bottom() && high.y >= self.part.y
    }

    fn frame(&mut self, rect: &layout::Rect, card: &FrameCard, depth: usize, is_operation: bool) {
        let theme = self.theme;
        let stroke = Stroke::new(theme.line, 1.0);
        let place = self.rect(rect);
        let fill = self.ground(depth);
        self.scene.items.push(Item::Rect { rect: place, radius: 8.0, fill: Some(super::scene::opaque(fill)), stroke: Some(stroke) });
        if let (true, Some(family)) = (is_operation, card.family) {
            self.edge(place, theme.families.of(family), 8.0);
        }
    }

    /// Frames in each other are told apart by their ground.
    fn ground(&self, depth: usize) -> Rgb {
        if depth.is_multiple_of(2) { blend(self.theme.panel, self.theme.background, 200) } else { self.theme.panel }
    }

    /// Over the lines that pass below it.
    fn frame_title(&mut self, rect: &layout::Rect, card: &FrameCard, depth: usize) {
        let theme = self.theme;
        let place = self.rect(rect);
        let (x, room) = (place.x + INDENT, place.width - INDENT - 8.0);
        let title = font::elided(Font::SansBold, TITLE_SIZE, &card.title, room);
        let used = font::width(Font::SansBold, TITLE_SIZE, &title);
        let alike = card.alike.map(|alike| format!(" · {}", alike_text(alike))).unwrap_or_default();
        let mut detail = format!("{}{alike}", card.detail);
        let gap = if detail.is_empty() { 0.0 } else { 12.0 };
        if room - used - gap > 60.0 {
            detail = font::elided(Font::Mono, DETAIL_SIZE, &detail, room - used - gap);
        } else {
            detail.clear();
        }
        let width = used + if detail.is_empty() { 0.0 } else { gap + font::width(Font::Mono, DETAIL_SIZE, &detail) };
        self.scene.rect(Rect::new(x - 4.0, place.y + 7.0, width + 8.0, 18.0), self.ground(depth));
        self.scene.text([x, place.y + 20.0], title, Font::SansBold, TITLE_SIZE, theme.text, Anchor::Start);
        if !detail.is_empty() {
            self.scene.text([x + used + gap, place.y + 20.0], detail, Font::Mono, DETAIL_SIZE, theme.dim, Anchor::Start);
        }
    }

    /// The coloured left side of a box.
    fn edge(&mut self, place: Rect, colour: Rgb, radius: f32) {
        let (left, top, right, bottom) = (place.x, place.y, place.x + EDGE, place.bottom());
        let turn = radius.min(place.height / 2.0);
        let steps = vec![
            Step::Move([right, top]),
            Step::Line([left + turn.max(EDGE).min(turn), top]),
            Step::Cubic([left + turn * 0.45, top], [left, top + turn * 0.45], [left, top + turn]),
            Step::Line([left, bottom - turn]),
            Step::Cubic([left, bottom - turn * 0.45], [left + turn * 0.45, bottom], [left + turn, bottom]),
            Step::Line([right, bottom]),
            Step::Close,
        ];
        self.scene.items.push(Item::Path { steps, fill: Some(super::scene::opaque(colour)), stroke: None });
    }

    fn card(&mut self, rect: &layout::Rect, card: &Card, is_group: bool, thumbnail: Option<&Image>) {
        let theme = self.theme;
        let place = self.rect(rect);
        let colour = card.family.map_or(theme.faint, |family| theme.families.of(family));
        let (fill, stroke) = (super::scene::opaque(theme.raised), Stroke::new(theme.line, 1.0));
        if is_group {
            // The box behind it says that there is more in this one.
            let behind = Rect::new(place.x + 4.0, place.y + 4.0, place.width, place.height);
            self.scene.items.push(Item::Rect { rect: behind, radius: RADIUS, fill: Some(fill), stroke: Some(stroke) });
        }
        let inner = Rect::new(place.x + 0.5, place.y + 0.5, place.width - 1.0, place.height - 1.0);
        self.scene.items.push(Item::Rect { rect: inner, radius: RADIUS, fill: Some(fill), stroke: Some(stroke) });
        self.edge(place, colour, RADIUS);
        let (x, room) = (place.x + INDENT, place.width - INDENT - 8.0);
        let mut title_room = room;
        let baseline = if card.detail.is_empty() { place.y + place.height / 2.0 + 4.4 } else { place.y + 21.0 };
        if let Some(alike) = card.alike {
            let text = alike_text(alike);
            title_room -= font::width(Font::Mono, DETAIL_SIZE, &text) + 8.0;
            self.scene.text([place.right() - 8.0, baseline], text, Font::Mono, DETAIL_SIZE, theme.dim, Anchor::End);
        }
        let title = font::elided(Font::SansBold, TITLE_SIZE, &card.title(), title_room);
        self.scene.text([x, baseline], title, Font::SansBold, TITLE_SIZE, theme.text, Anchor::Start);
        if !card.detail.is_empty() {
            let detail = font::elided(Font::Mono, DETAIL_SIZE, &card.detail, room);
            self.scene.text([x, place.y + 38.0], detail, Font::Mono, DETAIL_SIZE, theme.dim, Anchor::Start);
        }
        if let Some(image) = thumbnail {
            let top = place.bottom() - THUMBNAIL_HEIGHT as f32 + 2.0;
            self.scene.image_at(Rect::new(x, top, image.width() as f32 / 2.0, image.height() as f32 / 2.0), image.clone());
        }
        let mut left = x;
        for (family, part) in &card.shares {
            let width = room * part;
            self.scene.rect(Rect::new(left, place.bottom() - 9.0, (width - 1.0).max(0.5), 3.0), theme.families.of(*family));
            left += width;
        }
    }

    fn line(&mut self, route: &Route, direction: Direction) {
        let stroke = Stroke::new(self.theme.faint, 1.2);
        let Some(first) = route.points.first() else { return };
        let mut steps = vec![Step::Move(self.at(first.x, first.y))];
        for [_, b, c, d] in route.curve(direction) {
            steps.push(Step::Cubic(self.at(b.x, b.y), self.at(c.x, c.y), self.at(d.x, d.y)));
        }
        self.scene.items.push(Item::Path { steps, fill: None, stroke: Some(stroke) });
        if let [.., a, b] = route.points[..] {
            let along = match direction {
                _ if a.y == b.y => [(b.x - a.x).signum(), 0.0],
                Direction::Right if a.x != b.x => [(b.x - a.x).signum(), 0.0],
                _ => [0.0, (b.y - a.y).signum()],
            };
            let (side, back) = (3.5, 6.0);
            let tip = self.at(b.x, b.y);
            let corner = |turn: f32| {
                let [x, y] = along.map(|part| part as f32);
                [tip[0] - x * back - y * side * turn, tip[1] - y * back + x * side * turn]
            };
            self.scene.polygon(&[tip, corner(1.0), corner(-1.0)], self.theme.faint);
        }
    }

    /// What flows along a line, beside it. Returns whether there was room.
    fn shape(&mut self, route: &Route, direction: Direction, text: &str, labels: &mut Labels<'_>) -> bool {
        const HEIGHT: f64 = 12.0;
        let room = if direction == Direction::Down { 150.0 } else { 80.0 };
        let text = font::elided(Font::Mono, DETAIL_SIZE, text, room);
        let width = f64::from(font::width(Font::Mono, DETAIL_SIZE, &text));
        let place = labels.place(route, width, HEIGHT);
        if let Some(place) = place {
            // The baseline.
            self.scene.text(self.at(place.x, place.bottom() - 2.5), text, Font::Mono, DETAIL_SIZE, self.theme.dim, Anchor::Start);
        }
        place.is_some()
    }

    /// Labels above a box, or one below it.
    fn told(&mut self, rect: &layout::Rect, texts: &[String], is_above: bool) {
        if !self.sees(rect) {
            return;
        }
        let place = self.rect(rect);
        for (row, text) in texts.iter().enumerate() {
            let text = font::elided(Font::Sans, DETAIL_SIZE, text, 150.0);
            let y = if is_above { place.y - 4.0 - 12.0 * row as f32 } else { place.bottom() + 12.0 };
            self.scene.text([place.right() - 4.0, y], text, Font::Sans, DETAIL_SIZE, self.theme.accent, Anchor::End);
        }
    }
}
