//! What jobs brought for comparisons, taken in.

use std::sync::Arc;

use egui::TextureOptions;

use super::execute::{keep_pairs, select};
use super::links;
use super::state::{Comparison, Status};
use super::views::Shown;
use crate::compare::table::{Row, worst_first};
use crate::gui::absorb::color_image;
use crate::gui::app::App;
use crate::gui::state::{NoticeKind, Progress};
use crate::jobs::versus::{Brought, Plane, Slot, Told, Work};
use crate::jobs::{Failure, Job, Key, Output, Picture};
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
            links::tell_models(app, number);
        }
        (Slot::Face, result) => {
            comparison.facing = progress(result, |brought| if let Brought::Facing(facing) = brought { Some(facing) } else { None });
            let planes = comparison.facing.ready().map(|facing| vec![Arc::clone(&facing.a), Arc::clone(&facing.b)]);
            count(app, number, Slot::Counts, planes.unwrap_or_default());
        }
        (Slot::Difference, result) => {
            comparison.difference = progress(result, |brought| if let Brought::Difference(plane) = brought { Some(plane) } else { None });
            let plane = comparison.difference.ready().cloned();
            count(app, number, Slot::CountDifference, plane.into_iter().collect());
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
        // Figures and pyramids that are more exact are found where the planes are.
        (Slot::Picture(_) | Slot::Pairs | Slot::Counts | Slot::CountDifference | Slot::Pyramid(_), _) => {}
    }
}

/// Counts all values of planes whose figures are a sample's. What asks for it once does not get it again if the pool is
/// full: the colours stay those of the sample.
fn count(app: &mut App, number: u64, slot: Slot, mut planes: Vec<Arc<Plane>>) {
    planes.retain(|plane| !plane.is_counted());
    if !planes.is_empty() {
        app.pool.submit(Key::Versus(number, slot), Job::Versus(Work::Count(planes)));
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
    // A kernel tells more than a bias that was corrected for it.
    let order = worst_first(&comparison.rows);
    let rows = || order.iter().filter_map(|number| comparison.rows.get(*number));
    let has_channels = |row: &&Row| row.outcome.as_ref().is_ok_and(|compared| compared.channels.len() > 1);
    let worst = rows().find(has_channels).or_else(|| rows().next()).map(key)?;
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
