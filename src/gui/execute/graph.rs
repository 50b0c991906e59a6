//! Commands about the graph: what is selected in it, what is open, what is looked for, what it is
//! coloured by.

use std::sync::Arc;

use crate::export::graph::GraphFile;
use crate::groups::{Fold, GroupRef};
use crate::gui::app::App;
use crate::gui::command::FoldChange;
use crate::gui::state::{Document, NoticeKind, Progress};
use crate::jobs::{Found, GraphPlan, Job, Key, Measure};
use crate::layout::Direction;
use crate::model::{GraphId, OperationRef};

/// Selects an operation, and shows its weight.
pub fn select(app: &mut App, place: OperationRef, fly: bool) {
    let OperationRef { graph, operation } = place;
    if !app.state.document().is_some_and(|document| document.has(graph, operation)) {
        return;
    }
    bring(app, place);
    let Some(document) = app.state.document_mut() else { return };
    document.selected = Some(operation);
    if fly {
        document.views.graph.reveal = Some((place, false));
    }
    match document.main_weight(graph, operation) {
        Some(site) => super::show_weight(app, site, false),
        None => {
            document.weight = None;
            document.shown = Progress::None;
            document.histogram = Progress::None;
            let place = document.place();
            document.history.visit(place);
            let number = document.number;
            super::cancel_views(app, number);
        }
    }
}

/// Puts the graph on the canvas in which an operation can be seen. If that has it in a body that is
/// open in place it stays the same; closed groups around the operation are opened.
pub fn bring(app: &mut App, place: OperationRef) {
    let Some(document) = app.state.document_mut().filter(|document| document.has(place.graph, place.operation)) else { return };
    let in_view = document.layouts.get(&document.in_view).and_then(Progress::ready).cloned();
    let Some(picture) = in_view.filter(|picture| picture.drawn.node_of(place).is_some()) else {
        show_graph(app, place.graph);
        return;
    };
    if document.graph != place.graph {
        document.graph = place.graph;
        document.selected = None;
    }
    let graph = document.in_view;
    let mut fold = document.folds.get(&graph).unwrap_or(&picture.fold).clone();
    if fold.reveal(document.opened.groups(place.graph), place) {
        document.views.graph.reveal_next = Some((place, false));
        document.folds.insert(graph, fold);
        lay_out_again(app);
    }
}

/// Puts a graph on the canvas.
pub fn show_graph(app: &mut App, graph: GraphId) {
    let Some(document) = app.state.document_mut().filter(|document| (graph.0 as usize) < document.opened.model.graphs.len()) else {
        return;
    };
    if document.graph != graph {
        document.graph = graph;
        document.selected = None;
    }
    document.in_view = graph;
    if !matches!(document.layouts.get(&graph), Some(Progress::Loading | Progress::Ready(_))) {
        lay_out_again(app);
    }
}

/// Asks for the layout of the graph on the canvas as it is to be now. What is there stays until then.
fn lay_out_again(app: &mut App) {
    let Some(document) = app.state.document_mut() else { return };
    let graph = document.in_view;
    let key = Key::Layout { model: document.number, graph: graph.0 };
    let plan = GraphPlan { fold: document.folds.get(&graph).cloned(), direction: document.direction };
    let is_queued = app.pool.submit(key, Job::Layout { opened: Arc::clone(&document.opened), graph, plan }).is_some();
    if document.layouts.get(&graph).and_then(Progress::ready).is_none() {
        let busy = || Progress::Failed("Too much is being done at once; show the graph again in a moment".into());
        document.layouts.insert(graph, if is_queued { Progress::Loading } else { busy() });
    } else if !is_queued {
        app.state.notify(NoticeKind::Error, "Too much is being done at once; try again in a moment");
    }
}

/// Opens or closes a part of the graph on the canvas.
pub fn fold(app: &mut App, change: FoldChange) {
    let Some(document) = app.state.document_mut() else { return };
    let graph = document.in_view;
    let Some(picture) = document.layouts.get(&graph).and_then(Progress::ready) else { return };
    let before = document.folds.get(&graph).unwrap_or(&picture.fold);
    let mut fold = before.clone();
    let groups = |graph| document.opened.groups(graph);
    match change {
        FoldChange::Group(group, true) => drop(fold.open.insert(group)),
        FoldChange::Group(group, false) => drop(fold.open.remove(&group)),
        FoldChange::Alike(group, is_open) => fold.set_alike(groups(group.graph), group, is_open),
        FoldChange::All(true) => fold = Fold { bodies: fold.bodies, chains: fold.chains, ..Fold::all_open(graph, groups(graph)) },
        FoldChange::All(false) => fold = Fold { bodies: fold.bodies, chains: fold.chains, ..Fold::closed() },
        FoldChange::Grouped(is_grouped) => fold.is_grouped = is_grouped,
        FoldChange::Bodies(operation, true) => drop(fold.bodies.insert(operation)),
        FoldChange::Bodies(operation, false) => drop(fold.bodies.remove(&operation)),
        FoldChange::Chains(operation, true) => drop(fold.chains.insert(operation)),
        FoldChange::Chains(operation, false) => drop(fold.chains.remove(&operation)),
    }
    if fold == *before {
        document.views.graph.held = None;
        return;
    }
    // Of a body that is closed nothing stays selected.
    if let FoldChange::Bodies(at, false) = change
        && document.graph != graph
    {
        document.graph = at.graph;
        document.selected = Some(at.operation);
    }
    if let FoldChange::Group(group, true) | FoldChange::Alike(group, true) = change
        && document.views.graph.chosen == Some(group)
    {
        document.views.graph.chosen = None;
        choose_first_of(document, group);
    }
    document.folds.insert(graph, fold);
    lay_out_again(app);
}

/// A group that is opened hands the selection on to its first operation, so that the keys walk on from there.
fn choose_first_of(document: &mut Document, group: GroupRef) {
    let first = document.opened.groups(group.graph).get(group.group).and_then(|group| group.operations.first().copied());
    if let Some(first) = first {
        document.graph = group.graph;
        document.selected = Some(first);
    }
}

/// Top-down or left to right, for all graphs of all models from now on.
pub fn turn(app: &mut App) {
    let Some(document) = app.state.document_mut() else { return };
    let direction = if document.direction == Direction::Down { Direction::Right } else { Direction::Down };
    document.direction = direction;
    // Those that are not on display are laid out when they are shown.
    let (in_view, number) = (document.in_view, document.number);
    document.layouts.retain(|graph, _| *graph == in_view);
    app.state.settings.graph_runs_right = direction == Direction::Right;
    app.pool.cancel_where(|key| matches!(key, Key::Layout { model, .. } if model == number));
    lay_out_again(app);
}

/// The graph on the canvas as a file, all of it or the part in sight.
pub fn file(document: &Document, part_only: bool, options: crate::export::picture::PictureOptions) -> Option<GraphFile> {
    let picture = Arc::clone(document.layouts.get(&document.in_view)?.ready()?);
    let part = document.views.graph.seen.filter(|_| part_only);
    Some(GraphFile { opened: Arc::clone(&document.opened), picture, part, options })
}

/// The part in sight goes to the clipboard as a picture.
pub fn copy(app: &mut App, ctx: &egui::Context) {
    use crate::export::picture::{PictureOptions, ThemeName};
    let theme = if ctx.global_style().visuals.dark_mode { ThemeName::Dark } else { ThemeName::Light };
    let options = PictureOptions { theme, ..PictureOptions::default() };
    let Some(file) = app.state.document().and_then(|document| file(document, true, options)) else { return };
    let number = app.state.next_number();
    if app.pool.submit(Key::Save(number), Job::CopyGraph(Box::new(file))).is_none() {
        app.state.notify(NoticeKind::Error, "Too much is being done at once; copy again in a moment");
    }
}

/// Looks for operations; nothing is looked for without words.
pub fn need_found(app: &mut App, text: String) {
    let Some(document) = app.state.document_mut() else { return };
    let (number, opened) = (document.number, Arc::clone(&document.opened));
    if text.trim().is_empty() {
        document.found = Progress::Ready(Arc::new(Found { text, ..Found::default() }));
        app.pool.cancel(Key::Search(number));
        return;
    }
    // What was found before stays until there is something new: the list does not flicker.
    if app.pool.submit(Key::Search(number), Job::Search { opened, text }).is_none() {
        document.found = Progress::Failed("Too much is being done at once; type another letter in a moment".into());
    }
}

pub fn need_measures(app: &mut App, of: Measure) {
    let Some(document) = app.state.document_mut() else { return };
    let (number, graph) = (document.number, document.in_view);
    let job = Job::Measures { opened: Arc::clone(&document.opened), graph, of };
    // A full lane refuses; the next frame asks again.
    if app.pool.submit(Key::Measures { model: number, graph: graph.0, of }, job).is_some() {
        document.measures.insert((graph, of), Progress::Loading);
    }
}

/// Measures that are under way are not wanted any more; they may be asked for again.
pub fn cancel_measures(app: &mut App) {
    let Some(document) = app.state.document_mut() else { return };
    let number = document.number;
    document.measures.retain(|_, figures| !matches!(figures, Progress::Loading));
    app.pool.cancel_where(|key| matches!(key, Key::Measures { model, .. } if model == number));
}
