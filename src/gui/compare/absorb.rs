//! What jobs brought for comparisons, taken in.

use std::collections::HashMap;
use std::sync::Arc;

use egui::TextureOptions;

use super::execute::{keep_pairs, select};
use super::state::{Comparison, Status};
use super::views::Shown;
use crate::compare::table::{Row, worst_first};
use crate::gui::absorb::color_image;
use crate::gui::app::App;
use crate::gui::state::{NoticeKind, Progress};
use crate::jobs::versus::{Brought, Slot, Told};
use crate::jobs::{Failure, Measure, Measures, Output, Picture};
use crate::model::{GraphId, OperationId};
use crate::weights::Site;

/// Takes in the end of a job.
pub fn absorb(app: &mut App, ctx: &egui::Context, number: u64, slot: Slot, result: Result<Output, Failure>) {
    let result = result.and_then(|output| match output {
        Output::Versus(brought) => Ok(brought),
        _ => Err(Failure::Cancelled),
    });
    if slot == Slot::Table {
        // Everything that was told is there by now.
        listen(app, number);
    }
    let Some(comparison) = app.state.versus.by_number_mut(number) else { return };
    match (slot, result) {
        (Slot::Table, result) => {
            comparison.told = None;
            comparison.status = match result {
                Ok(_) => Status::Done,
                Err(Failure::Cancelled) => Status::Cancelled,
                Err(Failure::Failed(problem)) => Status::Failed(problem),
            };
            colour_graphs(app, number);
        }
        (Slot::Face, result) => {
            comparison.facing = progress(result, |brought| if let Brought::Facing(facing) = brought { Some(facing) } else { None });
        }
        (Slot::Difference, result) => {
            comparison.difference = progress(result, |brought| if let Brought::Difference(plane) = brought { Some(plane) } else { None });
        }
        (Slot::Histograms, result) => {
            comparison.histograms = progress(result, |brought| if let Brought::Histograms(both) = brought { Some(both) } else { None });
        }
        (Slot::Picture(slot), Ok(Brought::Picture(picture))) => show_picture(comparison, ctx, usize::from(slot), &picture),
        (Slot::Pairs, Ok(Brought::Decisions(decisions))) => {
            let (made, broken) = (decisions.made.len(), decisions.broken.len());
            comparison.decisions = decisions;
            app.commands.push(super::Request::Continue(number).into());
            app.state.notify(NoticeKind::Done, format!("{made} pairs are made as the file has them, {broken} are broken"));
        }
        (Slot::Picture(_) | Slot::Pairs, Err(Failure::Failed(problem))) => app.state.notify(NoticeKind::Error, problem),
        (Slot::Picture(_) | Slot::Pairs, _) => {}
    }
}

/// Both models' graphs can be coloured by the error that was found: the normalised L2 error of each layer's kernel.
fn colour_graphs(app: &mut App, number: u64) {
    let Some(comparison) = app.state.versus.by_number(number).filter(|comparison| comparison.of_weights.is_none()) else { return };
    let mut found = Vec::new();
    for (opened, is_of_a) in [(&comparison.sides.a, true), (&comparison.sides.b, false)] {
        let mut graphs: HashMap<GraphId, Vec<(OperationId, f64)>> = HashMap::new();
        for row in &comparison.rows {
            let site = if is_of_a { row.pair.a } else { row.pair.b };
            let (Some(weight), Ok(compared)) = (opened.catalogue.at(site).filter(|weight| weight.role.is_main()), &row.outcome) else {
                continue;
            };
            graphs.entry(site.graph).or_default().push((weight.layer(), compared.metrics.nmse.sqrt()));
        }
        found.push((Arc::clone(opened), graphs));
    }
    for (opened, graphs) in found {
        for document in app.state.documents.iter_mut().filter(|document| Arc::ptr_eq(&document.opened, &opened)) {
            for (graph, values) in &graphs {
                let measures = Measures::new(*graph, Measure::Error, values.iter().copied()).grouped(opened.groups(*graph));
                document.measures.insert((*graph, Measure::Error), Progress::Ready(Arc::new(measures)));
            }
        }
    }
}

fn progress<T>(result: Result<Brought, Failure>, take: impl FnOnce(Brought) -> Option<T>) -> Progress<T> {
    match result {
        Ok(brought) => take(brought).map_or(Progress::None, Progress::Ready),
        Err(Failure::Cancelled) => Progress::None,
        Err(Failure::Failed(problem)) => Progress::Failed(problem),
    }
}

/// Takes in what was told so far.
pub fn listen(app: &mut App, number: u64) {
    let Some(comparison) = app.state.versus.by_number_mut(number) else { return };
    let Some(told) = comparison.told.clone() else { return };
    let mut is_new = false;
    while let Ok(told) = told.try_recv() {
        is_new = true;
        match told {
            Told::Pairing(pairing) => {
                comparison.pairing = Some(*pairing);
                keep_pairs(comparison);
            }
            Told::Row(row) => comparison.take(*row),
        }
    }
    if !is_new {
        return;
    }
    if let Some(pair) = to_show(comparison) {
        select(app, number, pair);
    }
}

/// The pair to show now: the one that waits for its row, or until somebody chooses one the worst.
fn to_show(comparison: &Comparison) -> Option<(Site, Site)> {
    let key = |row: &Row| (row.pair.a, row.pair.b);
    let waits = comparison.facing.ready().is_none();
    if comparison.is_chosen || comparison.of_weights.is_some() {
        return comparison.selected.filter(|pair| waits && comparison.row(*pair).is_some());
    }
    if let Some(wanted) = &comparison.layer_wanted {
        let row = comparison.rows.iter().find(|row| row.a.name.contains(wanted.as_str()) || row.b.name.contains(wanted.as_str()));
        if let Some(row) = row {
            return (comparison.selected != Some(key(row))).then(|| key(row));
        }
    }
    let worst = worst_first(&comparison.rows).first().and_then(|number| comparison.rows.get(*number)).map(key)?;
    (comparison.selected != Some(worst)).then_some(worst)
}

fn show_picture(comparison: &mut Comparison, ctx: &egui::Context, slot: usize, picture: &Picture) {
    let faces = &mut comparison.views.faces;
    let Some(of) = faces.asked.get(slot).cloned().flatten().filter(|asked| asked.viewport == picture.viewport) else { return };
    let image = color_image(&picture.image);
    match &mut faces.shown[slot] {
        Some(shown) => {
            shown.texture.set(image, TextureOptions::NEAREST);
            shown.of = of;
        }
        none => {
            let texture = ctx.load_texture(format!("comparison {slot}"), image, TextureOptions::NEAREST);
            *none = Some(Shown { texture, of });
        }
    }
}
