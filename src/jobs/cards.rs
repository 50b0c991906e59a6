//! A graph ready to be drawn: what every box says, how large it is, and where it stands.

use std::cell::RefCell;

use super::job::Opened;
use super::{Cancelled, Token};
use crate::layout::{self, Drawn, Layout, Node, NodeSize};
use crate::model::{Graph, GraphId, OperationId, TensorId};
use crate::weights::{Family, Site, Weight};

/// A laid out graph with the texts of its boxes.
#[derive(Debug)]
pub struct GraphPicture {
    pub drawn: Drawn,
    pub layout: Layout,
    /// One a node of the layout.
    pub cards: Vec<Card>,
}

/// What a box says.
#[derive(Clone, Debug)]
pub struct Card {
    /// The operation's type; empty for inputs and outputs of the graph.
    pub kind: String,
    pub name: String,
    /// The weights' roles, shapes and layouts; the type and shape of an input.
    pub detail: String,
    pub family: Option<Family>,
    /// The weight whose first kernels are shown in the box.
    pub thumbnail: Option<Site>,
}

pub const CARD_WIDTH: f64 = 244.0;
/// The space for kernels inside a box: width and height in pixels, drawn at two a point.
pub const THUMBNAIL_PIXELS: (u32, u32) = (436, 96);
/// Larger kernels would be drawn with less than a point a cell.
const LARGEST_KERNEL: usize = 48;
const TITLE_HEIGHT: f64 = 34.0;
const DETAIL_HEIGHT: f64 = 18.0;
/// The height of the picture inside a box, its margin included.
pub const THUMBNAIL_HEIGHT: f64 = 56.0;

/// Derives the graph that is drawn, and lays it out.
///
/// # Errors
/// [`Cancelled`].
pub fn draw(opened: &Opened, graph_id: GraphId, token: &Token) -> Result<GraphPicture, Cancelled> {
    let graph = opened.model.graph(graph_id);
    let card_of = |node: Node| match node {
        Node::Operation(id) => operation_card(opened, graph_id, graph, id),
        Node::Input(id) => end_card(graph, id, "input"),
        Node::Output(id) => end_card(graph, id, "output"),
    };
    let constant: Vec<bool> = (0..graph.tensors.len()).map(|id| opened.catalogue.is_constant(graph_id, TensorId(id as u32))).collect();
    // Every node's size is asked for once, in the order of the nodes.
    let cards = RefCell::new(Vec::new());
    let drawn = Drawn::of(graph, &constant, |node| {
        let card = card_of(node);
        let size = size(&card);
        cards.borrow_mut().push(card);
        size
    });
    token.check()?;
    let layout = layout::layout(&drawn.graph, token)?;
    let cards = cards.into_inner();
    Ok(GraphPicture { drawn, layout, cards })
}

fn size(card: &Card) -> NodeSize {
    let detail = if card.detail.is_empty() { 0.0 } else { DETAIL_HEIGHT };
    let thumbnail = if card.thumbnail.is_some() { THUMBNAIL_HEIGHT } else { 0.0 };
    NodeSize { width: CARD_WIDTH, height: TITLE_HEIGHT + detail + thumbnail }
}

fn operation_card(opened: &Opened, graph_id: GraphId, graph: &Graph, id: OperationId) -> Card {
    let operation = graph.operation(id);
    let weights: Vec<&Weight> = opened.catalogue.of_layer(graph_id, id);
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
        name: opened.labels.get(graph_id.0 as usize).map_or("", |labels| labels.of(id)).to_owned(),
        detail: detail.join(" · "),
        family: Some(Family::of(&operation.kind)),
        thumbnail: weights
            .iter()
            .find(|weight| has_kernels(graph, weight) && weight.problem(&opened.model).is_none())
            .map(|weight| weight.site),
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

fn end_card(graph: &Graph, id: TensorId, what: &str) -> Card {
    let tensor = graph.tensor(id);
    let name = if tensor.name.is_empty() { what.to_owned() } else { tensor.name.clone() };
    Card { kind: String::new(), name, detail: format!("{} {}", tensor.dtype, tensor.shape), family: None, thumbnail: None }
}
