//! Between points of the layout and points of the screen; what is where, and what lies beside what.

use egui::{Pos2, Rect, Vec2, pos2, vec2};

use crate::jobs::GraphPicture;
use crate::layout::{self, Direction, Point};

/// A rectangle of the screen that shows a part of the layout.
#[derive(Clone, Copy, Debug)]
pub struct Canvas {
    pub rect: Rect,
    pub zoom: f64,
    /// Where the layout's corner is on the screen: on a whole pixel, so that nothing shimmers while it
    /// moves. As float64: the end of a long graph is millions of points away.
    origin: [f64; 2],
}

impl Canvas {
    /// With the layout's point `center` in the middle of `rect`.
    pub fn new(rect: Rect, center: Point, zoom: f64, pixels_per_point: f32) -> Self {
        let pixels = f64::from(pixels_per_point);
        let snapped = |middle: f32, at: f64| ((f64::from(middle) - at * zoom) * pixels).round() / pixels;
        Self { rect, zoom, origin: [snapped(rect.center().x, center.x), snapped(rect.center().y, center.y)] }
    }

    pub fn screen_from_layout(&self, at: Point) -> Pos2 {
        pos2((self.origin[0] + at.x * self.zoom) as f32, (self.origin[1] + at.y * self.zoom) as f32)
    }

    pub fn layout_from_screen(&self, at: Pos2) -> Point {
        Point { x: (f64::from(at.x) - self.origin[0]) / self.zoom, y: (f64::from(at.y) - self.origin[1]) / self.zoom }
    }

    pub fn rect_on_screen(&self, place: &layout::Rect) -> Rect {
        let size = vec2((place.width * self.zoom) as f32, (place.height * self.zoom) as f32);
        Rect::from_min_size(self.screen_from_layout(Point { x: place.x, y: place.y }), size)
    }

    /// The part of the layout that is in a rectangle of the screen.
    pub fn part(&self, rect: Rect) -> layout::Rect {
        let corner = self.layout_from_screen(rect.min);
        let size = rect.size();
        layout::Rect { x: corner.x, y: corner.y, width: f64::from(size.x) / self.zoom, height: f64::from(size.y) / self.zoom }
    }

    /// The part of the layout that is on the screen.
    pub fn visible(&self) -> layout::Rect {
        self.part(self.rect)
    }
}

/// A distance on the screen as one in the layout.
pub fn moved(from: Point, by: Vec2, zoom: f64) -> Point {
    Point { x: from.x + f64::from(by.x) / zoom, y: from.y + f64::from(by.y) / zoom }
}

/// Where an arrow key leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Producer,
    Consumer,
    /// To what stands beside it: left in a graph that runs down, above in one that runs to the right.
    Before,
    After,
}

impl Way {
    /// What a key means in a graph that runs down or to the right.
    pub fn of(key: egui::Key, direction: Direction) -> Option<Self> {
        let (back, forth, before, after) = match direction {
            Direction::Down => (egui::Key::ArrowUp, egui::Key::ArrowDown, egui::Key::ArrowLeft, egui::Key::ArrowRight),
            Direction::Right => (egui::Key::ArrowLeft, egui::Key::ArrowRight, egui::Key::ArrowUp, egui::Key::ArrowDown),
        };
        match key {
            _ if key == back => Some(Self::Producer),
            _ if key == forth => Some(Self::Consumer),
            _ if key == before => Some(Self::Before),
            _ if key == after => Some(Self::After),
            _ => None,
        }
    }
}

/// The box beside another one that `is_wanted`; along edges the one nearest to the same line of flow.
pub fn neighbour(picture: &GraphPicture, node: u32, way: Way, is_wanted: impl Fn(u32) -> bool) -> Option<u32> {
    let layout = &picture.layout;
    let here = layout.nodes.get(node as usize)?;
    let is_down = layout.direction == Direction::Down;
    let across = |rect: &layout::Rect| if is_down { rect.center().x } else { rect.center().y };
    let distance = |other: u32| (across(&layout.nodes[other as usize]) - across(here)).abs().to_bits();
    let nearest = |others: &[(u32, u32)]| {
        let others = others.iter().map(|(other, _)| *other).filter(|other| *other != node && is_wanted(*other));
        others.min_by_key(|other| distance(*other))
    };
    match way {
        Way::Producer => nearest(picture.index.producers(node)),
        Way::Consumer => nearest(picture.index.consumers(node)),
        Way::Before | Way::After => {
            // The stretch of the same layer on that side.
            let far = layout.size.width.max(layout.size.height) + 1.0;
            let area = match (is_down, way) {
                (true, Way::Before) => layout::Rect { x: here.x - far, width: far, ..*here },
                (true, _) => layout::Rect { x: here.right(), width: far, ..*here },
                (false, Way::Before) => layout::Rect { y: here.y - far, height: far, ..*here },
                (false, _) => layout::Rect { y: here.bottom(), height: far, ..*here },
            };
            let mut found = Vec::new();
            picture.index.boxes_in(layout, &area, |other| found.push(other));
            found.retain(|other| *other != node && is_wanted(*other));
            found.into_iter().min_by_key(|other| (distance(*other), *other))
        }
    }
}
