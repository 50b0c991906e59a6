//! What leads from a model's own tab to a comparison and back: a click on an operation selects its pair, a click in the
//! table selects the operations, and graphs are coloured by the error that was found.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::cells::decibels;
use super::state::Comparison;
use crate::compare::table::Row;
use crate::gui::app::App;
use crate::gui::execute::show_weight;
use crate::gui::state::{Document, NoticeKind, Progress};
use crate::jobs::versus::Slot;
use crate::jobs::{Key, Measure, Measures, Opened};
use crate::model::{GraphId, OperationId};
use crate::weights::Site;

/// Where a weight of a document stands in a comparison.
#[derive(Clone, Debug)]
pub struct Paired {
    pub comparison: u64,
    /// `SQNR 43.4 dB, worst channel 0.0 dB (ch 15)`; where there is no error, what the two are to each other.
    pub summary: String,
}

/// Both models' documents get to know the pairs, and their graphs can be coloured by the normalised L2 error of each
/// layer's kernel.
pub fn tell_models(app: &mut App, number: u64) {
    let Some(comparison) = app.state.versus.by_number(number).filter(|comparison| comparison.of_weights.is_none()) else { return };
    for is_of_a in [true, false] {
        let opened = side(comparison, is_of_a);
        let mut graphs: HashMap<GraphId, BTreeMap<OperationId, f64>> = HashMap::new();
        let mut paired = Vec::new();
        for row in &comparison.rows {
            let site = if is_of_a { row.pair.a } else { row.pair.b };
            paired.push((site, Paired { comparison: number, summary: summary(row) }));
            if let (Some(weight), Ok(compared)) = (opened.catalogue.at(site).filter(|weight| weight.role.is_main()), &row.outcome) {
                // Of several kernels the worst.
                let error = graphs.entry(site.graph).or_default().entry(weight.layer()).or_insert(0.0);
                *error = error.max(compared.metrics.nmse.sqrt());
            }
        }
        let documents = app.state.documents.iter_mut().filter(|document| Arc::ptr_eq(&document.opened, opened));
        for document in documents {
            forget_in(document, number);
            document.paired.extend(paired.iter().cloned());
            for (graph, values) in &graphs {
                let measures = Measures::new(*graph, Measure::Error, values.iter().map(|(operation, error)| (*operation, *error)))
                    .grouped(opened.groups(*graph));
                document.measures.insert((*graph, Measure::Error), Progress::Ready(Arc::new(measures)));
            }
        }
    }
}

fn summary(row: &Row) -> String {
    match &row.outcome {
        Ok(compared) if compared.metrics.sqnr_db < f64::INFINITY => {
            let worst = compared.metrics.worst_channel;
            let worst = worst.map_or(String::new(), |(channel, db)| format!(", worst channel {} dB (ch {channel})", decibels(db)));
            format!("SQNR {} dB{worst}", decibels(compared.metrics.sqnr_db))
        }
        _ => row.reads_as.clone(),
    }
}

/// A comparison is closed: documents know nothing of it any more.
pub fn forget(app: &mut App, number: u64) {
    app.state.documents.iter_mut().for_each(|document| forget_in(document, number));
}

fn forget_in(document: &mut Document, number: u64) {
    let before = document.paired.len();
    document.paired.retain(|_, paired| paired.comparison != number);
    if document.paired.len() < before && document.paired.is_empty() {
        document.measures.retain(|(_, of), _| *of != Measure::Error);
        if document.views.graph.colour_by == Some(Measure::Error) {
            document.views.graph.colour_by = None;
        }
    }
}

fn side(comparison: &Comparison, is_of_a: bool) -> &Arc<Opened> {
    if is_of_a { &comparison.sides.a } else { &comparison.sides.b }
}

/// The pair that a weight of a model is in: by the tensor at the place itself, else by its layer's.
fn pair_of(comparison: &Comparison, opened: &Arc<Opened>, site: Site) -> Option<(Site, Site)> {
    let pick = |is_of_a: bool| {
        let of = move |pair: &crate::compare::Pair| if is_of_a { pair.a } else { pair.b };
        comparison.pairs().iter().find(|pair| of(pair) == site && Arc::ptr_eq(side(comparison, is_of_a), opened))
    };
    pick(true).or_else(|| pick(false)).map(|pair| (pair.a, pair.b))
}

/// A weight was selected in a model: comparisons select its pair, to be shown when they are.
pub fn follow(app: &mut App, document: u64, site: Site) {
    let Some(opened) = app.state.by_number(document).map(|document| Arc::clone(&document.opened)) else { return };
    for comparison in &mut app.state.versus.comparisons {
        let Some(pair) = pair_of(comparison, &opened, site).filter(|pair| comparison.selected != Some(*pair)) else { continue };
        // What is under way shows the pair before.
        Slot::OF_A_PAIR.iter().for_each(|slot| app.pool.cancel(Key::Versus(comparison.number, *slot)));
        comparison.selected = Some(pair);
        comparison.is_chosen = true;
        (comparison.facing, comparison.difference, comparison.histograms) = (Progress::None, Progress::None, Progress::None);
        comparison.views.table.reveal = Some(pair);
    }
}

/// Shows the pair of a document's weight.
pub fn show_pair(app: &mut App, document: u64, site: Site) {
    follow(app, document, site);
    let Some(opened) = app.state.by_number(document).map(|document| Arc::clone(&document.opened)) else { return };
    let found = app.state.versus.comparisons.iter().rev().find(|comparison| pair_of(comparison, &opened, site).is_some());
    match found.map(|comparison| comparison.number) {
        Some(number) => app.state.versus.shown = Some(number),
        None => {
            app.state.notify(NoticeKind::Error, "No open comparison has a pair for this weight: compare the model with another one first");
        }
    }
}

/// A pair was selected: both models' documents select the operations, and show the weights when they come on display.
pub fn select_in_models(app: &mut App, number: u64, pair: (Site, Site)) {
    let Some(comparison) = app.state.versus.by_number(number) else { return };
    for (opened, site) in [(&comparison.sides.a, pair.0), (&comparison.sides.b, pair.1)] {
        for document in app.state.documents.iter_mut().filter(|document| Arc::ptr_eq(&document.opened, opened)) {
            document.follow = Some(site);
        }
    }
}

/// The document on display shows what was selected for it meanwhile.
pub fn catch_up(app: &mut App) {
    if let Some(site) = app.state.document_mut().and_then(|document| document.follow.take()) {
        show_weight(app, site, true);
    }
}

/// Shows a weight of A or B in its model's own tab.
pub fn show_in_model(app: &mut App, number: u64, is_of_a: bool, site: Site) {
    let Some(comparison) = app.state.versus.by_number(number) else { return };
    let opened = side(comparison, is_of_a);
    let Some(position) = app.state.documents.iter().position(|document| Arc::ptr_eq(&document.opened, opened)) else {
        let name = opened.model.file_name();
        app.state.notify(NoticeKind::Error, format!("{name} has no tab any more: open it again to see its graph"));
        return;
    };
    app.state.versus.shown = None;
    app.state.active = position;
    app.state.documents[position].follow = None;
    show_weight(app, site, true);
}
