//! What was drawn is kept: the lines and boxes in and around the view as meshes, which are moved while
//! the view pans and made anew when it zooms, leaves what they cover, or other things are lit.
//!
//! Three sights by zoom: stretches of colour where a box is less than a few pixels high, blocks of
//! colour where its type can't be read, and boxes with texts, which [`super::boxes`] adds.

use std::sync::Arc;

use egui::epaint::{Mesh, TessellationOptions, Tessellator};
use egui::{Color32, Galley, Painter, Pos2, Rect, Shape, Stroke, pos2, vec2};

use super::canvas::Canvas;
use super::colour::Colours;
use super::lit::Lit;
use super::strokes;
use crate::gui::theme::Tokens;
use crate::jobs::GraphPicture;
use crate::layout::{self, Piece, Point};

/// Below this zoom boxes are blocks of colour.
pub const TYPE_ZOOM: f64 = 0.3;
/// From this zoom on names, details and edge labels are drawn.
pub const NAME_ZOOM: f64 = 0.55;
/// Below this zoom boxes are too small to be drawn one by one.
const BLOCK_ZOOM: f64 = 0.06;
/// Rows of boxes seen from far away are at least so high, in points of the screen.
const LEAST_ROW: f64 = 2.0;
/// Shorter pieces of edges are not drawn, in points of the screen.
const LEAST_PIECE: f64 = 3.0;
/// What is drawn around the view, in points of the screen: so far it can pan before more is drawn.
const AROUND: f32 = 128.0;

#[derive(Clone, Default)]
pub struct Scene {
    of: Option<Sight>,
    /// The part of the layout that is covered.
    area: layout::Rect,
    /// The layout's point that the meshes' origin stands for.
    anchor: Point,
    edges: Layer,
    boxes: Layer,
    lit_edges: Layer,
    marks: Layer,
    lit: Option<Lit>,
    /// The boxes in `area` where they are drawn one by one.
    pub nodes: Vec<u32>,
    /// The first pieces of edges in `area`, where they are labelled.
    pub starts: Vec<Piece>,
    /// The texts of those edges that have room for one, and their places; `None` until they are placed.
    pub labels: Option<Vec<(layout::Rect, Arc<Galley>)>>,
    /// How often boxes and edges were looked for: for tests of what is kept.
    pub builds: u64,
}

/// What the meshes show; if anything of it changes they are made anew.
#[derive(Clone)]
struct Sight {
    picture: Arc<GraphPicture>,
    zoom: f64,
    pixels_per_point: f32,
    is_dark: bool,
    colours: Colours,
}

impl Sight {
    fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.picture, &other.picture)
            && self.zoom == other.zoom
            && self.pixels_per_point == other.pixels_per_point
            && self.is_dark == other.is_dark
            && self.colours.are(&other.colours)
    }
}

/// A mesh, and where it was put last.
#[derive(Clone, Default)]
struct Layer {
    mesh: Mesh,
    placed: Option<(Pos2, Arc<Mesh>)>,
}

impl Layer {
    fn new(mesh: Mesh) -> Self {
        Self { mesh, placed: None }
    }

    fn paint(&mut self, painter: &Painter, at: Pos2) {
        if self.mesh.is_empty() {
            return;
        }
        let mesh = match &self.placed {
            Some((place, mesh)) if *place == at => Arc::clone(mesh),
            _ => {
                let mut mesh = self.mesh.clone();
                mesh.translate(at.to_vec2());
                let mesh = Arc::new(mesh);
                self.placed = Some((at, Arc::clone(&mesh)));
                mesh
            }
        };
        painter.add(Shape::Mesh(mesh));
    }
}

/// Draws into a mesh at its own origin.
pub struct Pen<'p> {
    pub picture: &'p GraphPicture,
    pub tokens: &'static Tokens,
    pub colours: &'p Colours,
    pub zoom: f64,
    anchor: Point,
    pub tessellator: Tessellator,
}

impl Pen<'_> {
    pub fn at(&self, point: Point) -> Pos2 {
        pos2(((point.x - self.anchor.x) * self.zoom) as f32, ((point.y - self.anchor.y) * self.zoom) as f32)
    }

    pub fn rect(&self, rect: &layout::Rect) -> Rect {
        let size = vec2((rect.width * self.zoom) as f32, (rect.height * self.zoom) as f32);
        Rect::from_min_size(self.at(Point { x: rect.x, y: rect.y }), size)
    }

    /// Whether the lines of edges are drawn as the curves that they are.
    pub fn has_curves(&self) -> bool {
        self.zoom >= TYPE_ZOOM
    }
}

impl Scene {
    /// The layout that was drawn last.
    pub fn picture(&self) -> Option<&Arc<GraphPicture>> {
        self.of.as_ref().map(|of| &of.picture)
    }

    /// Makes what is not there yet.
    pub fn prepare(&mut self, ui: &egui::Ui, picture: &Arc<GraphPicture>, canvas: &Canvas, colours: &Colours, lit: &Lit) {
        let sight = Sight {
            picture: Arc::clone(picture),
            zoom: canvas.zoom,
            pixels_per_point: ui.ctx().pixels_per_point(),
            is_dark: ui.visuals().dark_mode,
            colours: colours.clone(),
        };
        let options = ui.ctx().tessellation_options(|options| *options);
        let is_same = self.of.as_ref().is_some_and(|of| of.is(&sight));
        if !is_same || !self.covers(&canvas.visible()) {
            // While the zoom changes from frame to frame nothing that is out of sight is worth drawing.
            let is_zooming = self.of.as_ref().is_some_and(|of| of.zoom != sight.zoom);
            self.build(sight, canvas, if is_zooming { 0.0 } else { AROUND }, options);
        }
        if self.lit.as_ref() != Some(lit) {
            self.light(ui, lit, options);
        }
    }

    /// Draws what is below the texts: edges, those that are lit, boxes, and marks on them.
    pub fn paint(&mut self, ui: &egui::Ui, canvas: &Canvas) {
        let at = canvas.screen_from_layout(self.anchor);
        let painter = ui.painter();
        self.edges.paint(painter, at);
        self.lit_edges.paint(painter, at);
        self.boxes.paint(painter, at);
        self.marks.paint(painter, at);
    }

    fn covers(&self, part: &layout::Rect) -> bool {
        let slack = 0.5 / self.of.as_ref().map_or(1.0, |of| of.zoom);
        part.x + slack >= self.area.x
            && part.y + slack >= self.area.y
            && part.right() - slack <= self.area.right()
            && part.bottom() - slack <= self.area.bottom()
    }

    fn build(&mut self, sight: Sight, canvas: &Canvas, around: f32, options: TessellationOptions) {
        self.builds += 1;
        // On a whole pixel, as the canvas is.
        let corner = (canvas.rect.min - vec2(around, around)) * sight.pixels_per_point;
        let corner = pos2(corner.x.floor(), corner.y.floor()) / sight.pixels_per_point;
        let covered = Rect::from_min_max(corner, canvas.rect.max + vec2(around + 1.0, around + 1.0));
        (self.anchor, self.area) = (canvas.layout_from_screen(corner), canvas.part(covered));
        let mut pen = self.pen(&sight, options);
        let (mut nodes, mut starts, mut edges) = (Vec::new(), Vec::new(), Mesh::default());
        let stroke = strokes::plain(pen.tokens, pen.zoom);
        let picture = &sight.picture;
        let tips = if pen.has_curves() { 8.0 / pen.zoom } else { 0.0 };
        let wide = layout::Rect {
            x: self.area.x - tips,
            y: self.area.y - tips,
            width: self.area.width + 2.0 * tips,
            height: self.area.height + 2.0 * tips,
        };
        let least = if pen.has_curves() { 0.0 } else { LEAST_PIECE / pen.zoom };
        picture.index.pieces_in(&picture.layout, &wide, least, |piece| {
            strokes::piece(&mut pen, piece, stroke, &mut edges);
            if piece.point == 0 && sight.zoom >= NAME_ZOOM {
                starts.push(piece);
            }
        });
        let mut boxes = Mesh::default();
        if sight.zoom >= BLOCK_ZOOM {
            picture.index.boxes_in(&picture.layout, &self.area, |node| nodes.push(node));
            // In the order of the file, whatever cells they lie in.
            nodes.sort_unstable();
            for node in &nodes {
                super::boxes::shape(&mut pen, *node, &mut boxes);
            }
        } else {
            stretches(&pen, &self.area, &mut boxes);
        }
        (self.nodes, self.starts, self.labels) = (nodes, starts, None);
        (self.edges, self.boxes, self.lit) = (Layer::new(edges), Layer::new(boxes), None);
        self.of = Some(sight);
    }

    fn pen<'p>(&self, sight: &'p Sight, options: TessellationOptions) -> Pen<'p> {
        let tokens = if sight.is_dark { &crate::gui::theme::DARK } else { &crate::gui::theme::LIGHT };
        let tessellator = Tessellator::new(sight.pixels_per_point, options, [1, 1], Vec::new());
        Pen { picture: &sight.picture, tokens, colours: &sight.colours, zoom: sight.zoom, anchor: self.anchor, tessellator }
    }

    /// Draws what is lit anew.
    fn light(&mut self, ui: &egui::Ui, lit: &Lit, options: TessellationOptions) {
        let Some(sight) = &self.of else { return };
        let mut pen = self.pen(sight, options);
        let tokens = Tokens::of(ui);
        let (mut path, mut near) = (Mesh::default(), Mesh::default());
        if lit.lights_edges() {
            let picture = &sight.picture;
            let width = strokes::width(pen.zoom);
            let least = if pen.has_curves() { 0.0 } else { LEAST_PIECE / pen.zoom };
            picture.index.pieces_in(&picture.layout, &self.area, least, |piece| {
                // A piece that several edges share is that of the first: the others are lit through it.
                let route = &picture.layout.edges[piece.route as usize];
                if lit.is_beside_selected(picture, piece) {
                    strokes::piece(&mut pen, piece, Stroke::new(width * 1.6, tokens.accent), &mut near);
                } else if lit.is_on_path(route) {
                    strokes::piece(&mut pen, piece, Stroke::new(width * 1.4, tokens.dim), &mut path);
                }
            });
        }
        path.append(near);
        let mut marks = Mesh::default();
        for node in lit.marked() {
            let rect = pen.rect(&sight.picture.layout.nodes[node as usize]);
            mark(&mut pen, rect, &self.area, &mut marks);
        }
        (self.lit_edges, self.marks) = (Layer::new(path), Layer::new(marks));
        self.lit = Some(lit.clone());
    }
}

/// Boxes seen from far away: stretches of colour, in rows of a few pixels.
fn stretches(pen: &Pen<'_>, area: &layout::Rect, mesh: &mut Mesh) {
    let Some(band) = pen.picture.index.band(LEAST_ROW / pen.zoom) else { return };
    let height = (band.height * pen.zoom) as f32;
    for run in band.in_area(area) {
        let corner = pen.at(Point { x: f64::from(run.left), y: f64::from(run.row) * band.height });
        let width = (f64::from(run.right - run.left) * pen.zoom) as f32;
        let rect = Rect::from_min_size(corner, vec2(width.max(2.0), (height * 0.85).max(1.0)));
        mesh.add_colored_rect(rect, pen.colours.block(pen.tokens, pen.picture, run.node));
    }
}

/// A frame around a box that was found; where boxes are small, a spot in its place.
fn mark(pen: &mut Pen<'_>, rect: Rect, area: &layout::Rect, mesh: &mut Mesh) {
    const SPOT: f32 = 4.0;
    if !pen.rect(area).expand(SPOT).intersects(rect) {
        return;
    }
    let color = pen.tokens.warn;
    if rect.height() < 3.0 * SPOT {
        let side = rect.size().max(vec2(SPOT, SPOT));
        mesh.add_colored_rect(Rect::from_center_size(rect.center(), side), color);
        return;
    }
    let shape = egui::epaint::RectShape::new(
        rect.expand(2.0),
        (6.0 * pen.zoom as f32).min(7.0),
        Color32::TRANSPARENT,
        Stroke::new(2.0, color),
        egui::StrokeKind::Inside,
    );
    pen.tessellator.tessellate_rect(&shape, mesh);
}
