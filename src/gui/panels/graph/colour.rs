//! What the colours of boxes tell: the family of an operation, or a figure of its weights.

use std::sync::Arc;

use egui::accesskit::Role;
use egui::{Align, Color32, Layout, Rect, RichText, WidgetInfo, pos2, vec2};

use crate::colormap::Map;
use crate::gui::command::Command;
use crate::gui::state::{Document, Progress};
use crate::gui::theme::{self, Tokens};
use crate::gui::views::GraphView;
use crate::gui::{names, widgets};
use crate::jobs::{GraphPicture, Measure, Measures};
use crate::layout::Node;
use crate::weights::Family;

/// The colours of one frame.
#[derive(Clone, Default)]
pub struct Colours {
    /// `None`: families.
    figures: Option<Arc<Measures>>,
}

impl Colours {
    pub fn new(figures: Option<Arc<Measures>>) -> Self {
        Self { figures }
    }

    pub fn are(&self, other: &Self) -> bool {
        match (&self.figures, &other.figures) {
            (Some(ours), Some(theirs)) => Arc::ptr_eq(ours, theirs),
            (None, None) => true,
            _ => false,
        }
    }

    /// The strip at a box's left.
    pub fn edge(&self, tokens: &Tokens, picture: &GraphPicture, node: u32) -> Color32 {
        match &self.figures {
            None => picture.cards[node as usize].family.map_or(tokens.faint, |family| tokens.families.of(family)),
            Some(figures) => figure(figures, picture, node).map_or(tokens.line, color_at),
        }
    }

    /// A whole box that is too small for more than its colour.
    pub fn block(&self, tokens: &Tokens, picture: &GraphPicture, node: u32) -> Color32 {
        match &self.figures {
            None => theme::mix(tokens.panel, self.edge(tokens, picture, node), 0.8),
            Some(_) => self.edge(tokens, picture, node),
        }
    }

    /// The ground of a box with texts: of a figure a trace, so that what is written can be read.
    pub fn fill(&self, tokens: &Tokens, picture: &GraphPicture, node: u32) -> Color32 {
        let value = self.figures.as_ref().and_then(|figures| figure(figures, picture, node));
        value.map_or(tokens.raised, |part| theme::mix(tokens.raised, color_at(part), 0.22))
    }
}

/// Where between the smallest and the largest figure a box stands, 0 to 1.
fn figure(figures: &Measures, picture: &GraphPicture, node: u32) -> Option<f32> {
    match picture.drawn.nodes.get(node as usize)? {
        Node::Operation(at) if at.graph == figures.graph => figures.part(at.operation),
        Node::Group(at) if at.graph == figures.graph => figures.part_of_group(at.group),
        _ => None,
    }
}

fn color_at(part: f32) -> Color32 {
    let [r, g, b] = Map::Viridis.table()[(part.clamp(0.0, 1.0) * 255.0).round() as usize];
    Color32::from_rgb(r, g, b)
}

/// The entries of the menu.
pub fn menu(ui: &mut egui::Ui, document: &Document, view: &mut GraphView) {
    let mut choose = |ui: &mut egui::Ui, choice: Option<Measure>, name: &str, about: &str| {
        if ui.selectable_label(view.colour_by == choice, name).on_hover_text(about).clicked() {
            view.colour_by = choice;
            view.legend |= choice.is_some();
        }
    };
    choose(ui, None, "Operation family", "Convolution, matrix product, activation, …");
    for of in Measure::ALL.iter().copied().filter(|of| *of != Measure::Error || document.measures.contains_key(&(document.in_view, *of))) {
        choose(ui, Some(of), of.name(), of.about());
    }
}

/// The name for the chip in the head.
pub fn short_name(choice: Option<Measure>) -> &'static str {
    choice.map_or("family", Measure::short_name)
}

/// The colours that the view asks for, as far as they are known; asks for them if nobody did.
pub fn wanted(document: &Document, view: &GraphView, commands: &mut Vec<Command>) -> Colours {
    let Some(of) = view.colour_by else { return Colours::default() };
    match document.measures.get(&(document.in_view, of)) {
        None | Some(Progress::None) => commands.push(Command::NeedMeasures(of)),
        Some(Progress::Ready(figures)) => return Colours::new(Some(Arc::clone(figures))),
        Some(Progress::Loading | Progress::Failed(_)) => {}
    }
    Colours::default()
}

/// What the colours mean, in the lower left corner of the canvas; the place that it takes.
pub fn legend(
    ui: &mut egui::Ui,
    document: &Document,
    view: &mut GraphView,
    picture: &GraphPicture,
    canvas: Rect,
    commands: &mut Vec<Command>,
) -> Rect {
    let tokens = Tokens::of(ui);
    let lines = match view.colour_by {
        None => families(picture).len() as f32,
        Some(_) => 2.4,
    };
    let size = vec2(if view.colour_by.is_some() { 168.0 } else { 150.0 }, lines * 17.0 + 12.0);
    let at = Rect::from_min_size(pos2(canvas.left() + 10.0, canvas.bottom() - size.y - 10.0), size);
    if !view.legend || canvas.width() < size.x + 24.0 || canvas.height() < size.y + 100.0 {
        return Rect::NOTHING;
    }
    ui.painter().rect(at, 4.0, tokens.raised.gamma_multiply(0.94), egui::Stroke::new(1.0, tokens.line), egui::StrokeKind::Inside);
    let inner = egui::UiBuilder::new().max_rect(at.shrink2(vec2(8.0, 6.0))).layout(Layout::top_down(Align::Min));
    ui.scope_builder(inner, |ui| {
        ui.spacing_mut().item_spacing = vec2(6.0, 0.0);
        match view.colour_by {
            None => {
                for family in families(picture).iter().copied() {
                    let (line, response) = ui.allocate_exact_size(vec2(ui.available_width(), 17.0), egui::Sense::hover());
                    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, family.name()));
                    let square = Rect::from_center_size(pos2(line.left() + 4.0, line.center().y), vec2(8.0, 8.0));
                    ui.painter().rect_filled(square, 2.0, tokens.families.of(family));
                    let text = widgets::fit_text(ui, family.name(), theme::small_font(), tokens.dim, line.width() - 16.0);
                    ui.painter().galley(pos2(line.left() + 14.0, line.center().y - text.size().y / 2.0), text, tokens.dim);
                }
            }
            Some(of) => of_figures(ui, document, of, view, commands),
        }
    });
    at
}

fn families(picture: &GraphPicture) -> &[Family] {
    &picture.families
}

fn of_figures(ui: &mut egui::Ui, document: &Document, of: Measure, view: &mut GraphView, commands: &mut Vec<Command>) {
    let tokens = Tokens::of(ui);
    let small = |text: String| RichText::new(text).size(11.0).color(tokens.dim);
    ui.label(small(of.name().to_owned()));
    match document.measures.get(&(document.in_view, of)) {
        Some(Progress::Ready(figures)) if figures.is_empty() => {
            ui.label(small("No weights in this graph".to_owned()));
        }
        Some(Progress::Ready(figures)) => {
            let (bar, response) = ui.allocate_exact_size(vec2(ui.available_width(), 8.0), egui::Sense::hover());
            let (low, high) = (text(of, figures.low), text(of, figures.high));
            response.widget_info(|| WidgetInfo::labeled(Role::Image, true, format!("Colours from {low} to {high}")));
            let steps = 32u8;
            let width = bar.width() / f32::from(steps);
            for step in 0..steps {
                let left = bar.left() + f32::from(step) * width;
                let cell = Rect::from_min_size(pos2(left, bar.top() + 1.0), vec2(width + 0.5, 6.0));
                ui.painter().rect_filled(cell, 0.0, color_at(f32::from(step) / f32::from(steps - 1)));
            }
            ui.horizontal(|ui| {
                ui.label(small(low));
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                    ui.label(small(high));
                    if of.is_logarithmic() {
                        ui.label(small("log".to_owned()));
                    }
                });
            });
        }
        Some(Progress::Failed(problem)) => {
            ui.add(egui::Label::new(small(names::elide_middle(problem, 60))).truncate()).on_hover_text(problem);
        }
        _ => {
            ui.horizontal(|ui| {
                ui.add(egui::Spinner::new().size(11.0));
                ui.label(small("Reading weights".to_owned()));
                if ui.add(egui::Button::new(small("Cancel".to_owned())).small()).clicked() {
                    view.colour_by = None;
                    commands.push(Command::CancelMeasures);
                }
            });
        }
    }
}

fn text(of: Measure, value: f64) -> String {
    match of {
        Measure::Bytes => names::bytes(value as u64),
        Measure::Parameters => names::thousands(value as u64),
        Measure::Std | Measure::Error => names::figure(value),
        Measure::Sparsity => format!("{} %", names::figure(value * 100.0)),
    }
}
