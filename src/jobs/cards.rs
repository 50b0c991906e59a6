//! A graph ready to be drawn: what every box says, how large it is, and where it stands.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::job::Opened;
use super::{Cancelled, Token};
use crate::groups::{Count, Fold, GroupRef, Groups, Load, own_part};
use crate::layout::{self, Direction, Drawn, FrameOf, Index, Layout, Node, NodeSize, Route, Source, Spacing};
use crate::model::{Graph, GraphId, OperationRef, TensorRef};
use crate::render::font::{self, Font};
use crate::render::number;
use crate::weights::{Family, Site, Weight};

/// How a graph is to be drawn.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GraphPlan {
    /// What is open; `None`: as it is first shown ([`Fold::auto`]).
    pub fold: Option<Fold>,
    pub direction: Direction,
}

/// A laid out graph with the texts of its boxes.
#[derive(Debug)]
pub struct GraphPicture {
    pub graph: GraphId,
    pub drawn: Drawn,
    pub layout: Layout,
    pub index: Index,
    /// One a node of the layout.
    pub cards: Vec<Card>,
    /// One a frame of the layout; of an operation with its bodies it says what its card does.
    pub frames: Vec<FrameCard>,
    /// What is open in it.
    pub fold: Fold,
    /// How many of the boxes are operations.
    pub operations: usize,
    /// The families that the boxes have, sorted.
    pub families: Vec<Family>,
}

impl GraphPicture {
    /// The line of an edge of the graph, if it is drawn as one.
    pub fn route_of(&self, edge: u32) -> Option<&Route> {
        let routes = &self.layout.edges;
        routes.binary_search_by_key(&edge, |route| route.edge).ok().map(|position| &routes[position])
    }
}

/// What a box says.
#[derive(Clone, Debug, Default)]
pub struct Card {
    /// The operation's type; empty for groups, inputs and outputs of the graph.
    pub kind: String,
    pub name: String,
    /// The weights' roles, shapes and layouts; the type and shape of an input; what is in a group.
    pub detail: String,
    /// Of a group that of its largest part.
    pub family: Option<Family>,
    /// The weight whose first kernels are shown in the box.
    pub thumbnail: Option<Site>,
    /// Of a group that is one of several alike: how many there are.
    pub alike: Option<u32>,
    /// Of a group the parts of its families, from 0 to 1, together 1.
    pub shares: Vec<(Family, f32)>,
}

/// What the title of a frame says.
#[derive(Clone, Debug, Default)]
pub struct FrameCard {
    pub title: String,
    pub detail: String,
    pub alike: Option<u32>,
    pub family: Option<Family>,
}

/// The space for kernels inside a box: width and height in pixels, drawn at two a point.
pub const THUMBNAIL_PIXELS: (u32, u32) = (436, 96);
/// Larger kernels would be drawn with less than a point a cell.
const LARGEST_KERNEL: usize = 48;
/// The width of a box with kernels, and the bounds of what texts give others.
const THUMBNAIL_WIDTH: f64 = 244.0;
const LEAST_WIDTH: f64 = 112.0;
const MOST_WIDTH: f64 = 288.0;
/// Left and right of the texts together, the coloured edge included.
pub const CARD_MARGINS: f64 = 26.0;
const TITLE_HEIGHT: f64 = 34.0;
const DETAIL_HEIGHT: f64 = 18.0;
/// The bar that shows a group's families.
const SHARES_HEIGHT: f64 = 6.0;
/// The room at the right of a group's second line, where the window has the button that opens it.
pub const OPEN_ROOM: f64 = 20.0;
/// The height of the picture inside a box, its margin included.
pub const THUMBNAIL_HEIGHT: f64 = 56.0;
/// Sizes of type in boxes: the title in [`Font::SansBold`], the detail in [`Font::Mono`].
pub const TITLE_SIZE: f32 = 12.0;
pub const DETAIL_SIZE: f32 = 10.5;

/// Derives the graph that is drawn, and lays it out.
///
/// # Errors
/// [`Cancelled`].
pub fn draw(opened: &Opened, graph: GraphId, plan: &GraphPlan, token: &Token) -> Result<GraphPicture, Cancelled> {
    let fold = plan.fold.clone().unwrap_or_else(|| Fold::auto(graph, opened.groups(graph)));
    token.check()?;
    let is_constant = |graph, tensor| opened.catalogue.is_constant(graph, tensor);
    let groups = |graph| opened.groups(graph);
    let source = Source { graphs: &opened.model.graphs, is_constant: &is_constant, groups: &groups, fold: &fold };
    let mut drawn = Drawn::of(&source, graph);
    let cards: Vec<Card> = drawn.nodes.iter().map(|node| card(opened, *node, &fold)).collect();
    let frames: Vec<FrameCard> = drawn.frames.iter().map(|frame| frame_card(opened, *frame)).collect();
    token.check()?;
    drawn.graph.nodes = cards.iter().map(size).collect();
    for (frame, card) in drawn.graph.frames.iter_mut().zip(&frames) {
        frame.width = frame_width(card);
    }
    // From left to right the shapes beside lines need room between layers.
    let spacing = match plan.direction {
        Direction::Down => Spacing::default(),
        Direction::Right => Spacing { direction: Direction::Right, layers: 92.0, ..Spacing::default() },
    };
    let layout = layout::layout_spaced(&drawn.graph, &spacing, token)?;
    let index = Index::of(&drawn.graph, &layout);
    let families: BTreeSet<Family> = cards.iter().filter_map(|card| card.family).collect();
    let operations = drawn.nodes.iter().filter(|node| matches!(node, Node::Operation(_))).count();
    Ok(GraphPicture { graph, drawn, layout, index, cards, frames, fold, operations, families: families.into_iter().collect() })
}

/// The groups of a graph, with what its operations carry.
pub(super) fn groups(opened: &Opened, id: GraphId) -> Groups {
    let Some(graph) = opened.model.graphs.get(id.0 as usize) else { return Groups::default() };
    let mut loads = vec![Load::default(); graph.operations.len()];
    for weight in opened.catalogue.weights().filter(|weight| weight.site.graph == id) {
        let Some(load) = loads.get_mut(weight.site.operation.0 as usize) else { continue };
        let shape = &graph.tensor(weight.tensor).shape;
        load.parameters = load.parameters.saturating_add(shape.count().unwrap_or(0));
        load.bytes = load.bytes.saturating_add(weight.stored_bytes(&opened.model).map_or(0, |bytes| bytes.len() as u64));
        let mut hasher = DefaultHasher::new();
        (load.shapes, weight.site.input, shape.to_string()).hash(&mut hasher);
        load.shapes = hasher.finish();
    }
    Groups::of(graph, |operation| !opened.catalogue.is_folded(id, graph.operation(operation)), &loads)
}

impl Card {
    /// The first line: type and name, or the name alone where it begins with the type.
    pub fn title(&self) -> String {
        let (kind, name) = (self.kind.as_str(), self.name.as_str());
        let says_kind = name.get(..kind.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(kind));
        if name.is_empty() || (says_kind && name.len() == kind.len()) {
            kind.to_owned()
        } else if says_kind {
            name.to_owned()
        } else {
            format!("{kind} · {name}")
        }
    }
}

/// As wide as the texts need, within bounds: longer ones are cut in the middle.
fn size(card: &Card) -> NodeSize {
    let title = font::width(Font::SansBold, TITLE_SIZE, &card.title()) + alike_width(card.alike);
    let button = if card.shares.is_empty() { 0.0 } else { OPEN_ROOM as f32 };
    let detail = font::width(Font::Mono, DETAIL_SIZE, &card.detail) + button;
    let wide = (f64::from(title.max(detail)) + CARD_MARGINS).ceil().clamp(LEAST_WIDTH, MOST_WIDTH);
    // Even, so that middles lie on whole points.
    let width = if card.thumbnail.is_some() { wide.max(THUMBNAIL_WIDTH) } else { wide };
    let detail = if card.detail.is_empty() { 0.0 } else { DETAIL_HEIGHT };
    let thumbnail = if card.thumbnail.is_some() { THUMBNAIL_HEIGHT } else { 0.0 };
    let shares = if card.shares.is_empty() { 0.0 } else { SHARES_HEIGHT };
    NodeSize { width: (width / 2.0).ceil() * 2.0, height: TITLE_HEIGHT + detail + thumbnail + shares }
}

fn frame_width(card: &FrameCard) -> f64 {
    const MOST: f64 = 420.0;
    let title = font::width(Font::SansBold, TITLE_SIZE, &card.title) + alike_width(card.alike);
    let detail = font::width(Font::Mono, DETAIL_SIZE, &card.detail);
    (f64::from(title + detail) + 2.0 * CARD_MARGINS).ceil().min(MOST)
}

/// How the number of groups that are built alike is written, the group itself included.
pub fn alike_text(alike: u32) -> String {
    format!("×{alike} alike")
}

fn alike_width(alike: Option<u32>) -> f32 {
    alike.map_or(0.0, |alike| 12.0 + font::width(Font::Mono, DETAIL_SIZE, &alike_text(alike)))
}

fn card(opened: &Opened, node: Node, fold: &Fold) -> Card {
    match node {
        Node::Operation(at) if fold.is_grouped && opened.groups(at.graph).of_operation(at.operation).is_some() => {
            // The frames around it say the rest of the name.
            Card { name: own_part(&opened.model.operation(at).name).to_owned(), ..operation_card(opened, at) }
        }
        Node::Operation(at) => operation_card(opened, at),
        Node::Input(at) => end_card(opened, at, "input"),
        Node::Output(at) => end_card(opened, at, "output"),
        Node::Constant(at) => end_card(opened, at, "constant"),
        Node::Group(at) => group_card(opened, at),
    }
}

fn group_card(opened: &Opened, at: GroupRef) -> Card {
    let group = opened.groups(at.graph).group(at.group);
    let parts: Vec<f64> = group.shares.iter().map(|(_, count)| weight_of(count, &group.total)).collect();
    let sum: f64 = parts.iter().sum();
    Card {
        name: group.label.clone(),
        detail: contents(&group.total),
        family: group.family(),
        alike: (group.alike > 1).then_some(group.alike),
        shares: group.shares.iter().zip(parts).map(|((family, _), part)| (*family, (part / sum.max(1e-9)) as f32)).collect(),
        ..Card::default()
    }
}

/// A family's part of a group: half by operations, half by parameters.
fn weight_of(count: &Count, total: &Count) -> f64 {
    let part = |part: u64, whole: u64| part as f64 / whole.max(1) as f64;
    part(count.operations, total.operations) + part(count.parameters, total.parameters)
}

/// `58 operations · 12.6M parameters`
fn contents(total: &Count) -> String {
    let plural = if total.operations == 1 { "" } else { "s" };
    let operations = format!("{} operation{plural}", number::grouped(total.operations));
    if total.parameters == 0 {
        return operations;
    }
    format!("{operations} · {} parameters", number::compact(total.parameters))
}

fn frame_card(opened: &Opened, frame: FrameOf) -> FrameCard {
    match frame {
        FrameOf::Group(at) => {
            let card = group_card(opened, at);
            FrameCard { title: card.name, detail: card.detail, alike: card.alike, family: card.family }
        }
        FrameOf::Operation(at) => {
            let card = operation_card(opened, at);
            FrameCard { title: card.title(), detail: card.detail, alike: None, family: card.family }
        }
        FrameOf::Body(graph) => {
            let graph = opened.model.graph(graph);
            let name = graph.path.last().and_then(|step| step.rsplit('/').next()).unwrap_or(&graph.name);
            FrameCard { title: name.to_owned(), ..FrameCard::default() }
        }
    }
}

fn operation_card(opened: &Opened, at: OperationRef) -> Card {
    let graph = opened.model.graph(at.graph);
    let operation = graph.operation(at.operation);
    let weights: Vec<&Weight> = opened.catalogue.of_layer(at.graph, at.operation);
    let describe = |weight: &&Weight| {
        let shape = &graph.tensor(weight.tensor).shape;
        // Vectors come in many shapes (`1×32×1×1`); what counts is how many numbers there are.
        let is_vector = shape.dims().is_some_and(|dims| dims.iter().filter(|len| **len > 1).count() <= 1);
        if let (true, Some(count)) = (is_vector, shape.count()) {
            return format!("{} {count}", weight.role.name);
        }
        let layout = weight.role.layout.filter(|layout| layout.len() > 1).map_or(String::new(), |layout| format!(" {layout}"));
        format!("{} {shape}{layout}", weight.role.name)
    };
    let detail: Vec<String> = weights.iter().take(3).map(describe).collect();
    Card {
        kind: operation.kind.clone(),
        name: opened.labels.get(at.graph.0 as usize).map_or("", |labels| labels.of(at.operation)).to_owned(),
        detail: detail.join(" · "),
        family: Some(Family::of(&operation.kind)),
        thumbnail: weights
            .iter()
            .find(|weight| has_kernels(graph, weight) && weight.problem(&opened.model).is_none())
            .map(|weight| weight.site),
        ..Card::default()
    }
}

/// Whether the weight has kernels of more than one cell, and small enough to be seen in a box.
fn has_kernels(graph: &Graph, weight: &Weight) -> bool {
    let dims = graph.tensor(weight.tensor).shape.dims().unwrap_or_default();
    let layout = weight.role.layout.filter(|layout| layout.len() == dims.len()).unwrap_or_default();
    let sides: Vec<usize> = layout.chars().zip(&dims).filter(|(letter, _)| "HW".contains(*letter)).map(|(_, len)| *len).collect();
    let is_small = sides.iter().all(|side| *side <= LARGEST_KERNEL);
    weight.role.name == "kernel" && sides.iter().any(|side| *side > 1) && is_small && !dims.contains(&0)
}

fn end_card(opened: &Opened, at: TensorRef, what: &str) -> Card {
    let tensor = opened.model.tensor(at);
    let name = if tensor.name.is_empty() { what.to_owned() } else { tensor.name.clone() };
    Card { name, detail: format!("{} {}", tensor.dtype, tensor.shape), ..Card::default() }
}
