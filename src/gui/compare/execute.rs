//! Requests carried out: with [`super::absorb`], the place where the state of comparisons changes.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;

use super::dialog::Dialog;
use super::state::{Comparison, Pending, Reference, Status, name_of};
use super::views::PictureWanted;
use super::{Request, absorb, links, save as pictures};
use crate::compare::difference::Kind;
use crate::compare::pair::{Decisions, Reason};
use crate::compare::table::Options;
use crate::compare::{Pair, table};
use crate::gui::action::Action;
use crate::gui::app::App;
use crate::gui::execute::open_numbered;
use crate::gui::state::{NoticeKind, Overlay, Progress};
use crate::jobs::versus::{Comparing, Drawing, Sides, Slot, Work};
use crate::jobs::{Job, Key};
use crate::weights::Site;

const BUSY: &str = "Too much is being done at once; try again in a moment";

pub fn execute(app: &mut App, ctx: &egui::Context, request: Request) {
    match request {
        Request::Models { a, b } => compare_documents(app, Pending { a, b }),
        Request::Files { with, paths } => compare_files(app, with, paths),
        Request::BrowseForOther { a } => app.dialogs.pick_compared(ctx, a),
        Request::SetReference { document, site } => set_reference(app, document, site),
        Request::ShowPair { document, site } => links::show_pair(app, document, site),
        Request::WithReference { document, site } => with_reference(app, document, site),
        Request::Activate(number) => app.state.versus.shown = Some(number),
        Request::Close(number) => close(app, number),
        Request::Select { comparison, pair } => {
            if let Some(comparison) = app.state.versus.by_number_mut(comparison) {
                comparison.is_chosen = true;
            }
            select(app, comparison, pair);
            links::select_in_models(app, comparison, pair);
        }
        Request::Continue(number) => run(app, number),
        Request::Cancel(number) => {
            app.pool.cancel(Key::Versus(number, Slot::Table));
            if let Some(comparison) = app.state.versus.by_number_mut(number) {
                comparison.status = Status::Cancelled;
            }
        }
        Request::Swap(number) => swap(app, number),
        Request::NeedDistributions(number) => {
            if let Some(comparison) = app.state.versus.by_number_mut(number).filter(|comparison| !comparison.has_distributions) {
                comparison.has_distributions = true;
                run(app, number);
            }
        }
        Request::NeedDifference { comparison, kind } => need_difference(app, comparison, kind),
        Request::NeedHistograms(number) => need_histograms(app, number),
        Request::NeedFace(number) => {
            if let Some(pair) = app.state.versus.by_number(number).and_then(|comparison| comparison.selected) {
                select(app, number, pair);
            }
        }
        Request::NeedPyramid { comparison, slot, plane, view } => {
            let work = Work::Pyramid { plane, view };
            if app.pool.submit(Key::Versus(comparison, Slot::Pyramid(slot as u8)), Job::Versus(work)).is_none()
                && let Some(comparison) = app.state.versus.by_number_mut(comparison)
            {
                comparison.views.faces.refining[slot] = None;
            }
        }
        Request::NeedPicture { comparison, slot, wanted } => need_picture(app, comparison, slot, *wanted),
        Request::Tick { comparison, pair } => {
            if let Some(comparison) = app.state.versus.by_number_mut(comparison)
                && !comparison.ticked.remove(&pair)
            {
                comparison.ticked.insert(pair);
            }
        }
        Request::BreakPair { comparison, pair } => decide(app, comparison, |decisions| {
            decisions.made.retain(|made| *made != pair);
            decisions.broken.push(pair);
        }),
        Request::MakePair { comparison, pair } => {
            decide(app, comparison, |decisions| {
                decisions.broken.retain(|broken| *broken != pair);
                decisions.made.retain(|(a, b)| *a != pair.0 && *b != pair.1);
                decisions.made.push(pair);
            });
            select(app, comparison, pair);
        }
        Request::ForgetDecisions(number) => decide(app, number, |decisions| *decisions = Decisions::default()),
        Request::OpenReport(number) => open_dialog(app, number, Dialog::report),
        Request::OpenSavePairs(number) => open_dialog(app, number, Dialog::save_pairs),
        Request::OpenLoadPairs(number) => open_dialog(app, number, Dialog::load_pairs),
        Request::SaveReport { comparison, path } => save_report(app, comparison, path),
        Request::SavePictures { comparison, options, path } => {
            let picture = app.state.versus.by_number(comparison).and_then(|comparison| pictures::pictures(comparison, options));
            match picture {
                Some(picture) => save(app, Work::SavePicture { picture: Box::new(picture), path }),
                None => app.state.notify(NoticeKind::Error, "The pictures are not all there yet; save again in a moment"),
            }
        }
        Request::SavePairs { comparison, path } => save_pairs(app, comparison, path),
        Request::LoadPairs { comparison, path } => {
            let Some(sides) = app.state.versus.by_number(comparison).map(|comparison| comparison.sides.clone()) else { return };
            submit(app, comparison, Slot::Pairs, Work::LoadPairs { sides, path });
        }
        Request::ShowInModel { comparison, is_of_a, site } => links::show_in_model(app, comparison, is_of_a, site),
        Request::DropTo { compare } => {
            let Some(paths) = app.state.versus.dropped.take() else { return };
            match app.state.document().map(|document| document.number).filter(|_| compare) {
                Some(number) => compare_files(app, Some(number), paths),
                None => crate::gui::execute::open_files(app, paths),
            }
        }
    }
}

/// The actions of comparisons, on the model and weight on display.
pub fn act(app: &mut App, action: Action) {
    let Some((document, weight)) = app.state.document().map(|document| (document.number, document.weight)) else { return };
    match (action, weight) {
        (Action::CompareWith, _) => app.state.overlay = Some(Overlay::Versus(Dialog::choose(document, &app.state))),
        (Action::SetReference, Some(site)) => set_reference(app, document, site),
        (Action::CompareWithReference, Some(site)) => with_reference(app, document, site),
        _ => {}
    }
}

/// Saves or copies the pictures on display.
pub fn act_on_pictures(app: &mut App, ctx: &egui::Context, action: Action) {
    let options = pictures::options(ctx);
    let folder = app.state.settings.save_folder.clone();
    let Some(comparison) = app.state.versus.on_display() else { return };
    if action == Action::SaveImage {
        app.state.overlay = Some(Overlay::Versus(Dialog::pictures(comparison, folder, options)));
        return;
    }
    match pictures::pictures(comparison, options) {
        Some(picture) => save(app, Work::CopyPicture(Box::new(picture))),
        None => app.state.notify(NoticeKind::Error, "The pictures are not all there yet; copy again in a moment"),
    }
}

/// Compares two models when both are there; at once if they are.
pub fn compare_documents(app: &mut App, pending: Pending) {
    let opened = |number: u64| app.state.by_number(number).map(|document| Arc::clone(&document.opened));
    let (Some(a), Some(b)) = (opened(pending.a), opened(pending.b)) else {
        if !app.state.versus.pending.contains(&pending) {
            app.state.versus.pending.push(pending);
        }
        return;
    };
    start(app, Sides { a, b }, None);
}

/// Of comparisons that wait for models those that can begin, and those that never will.
pub fn look_at_pending(app: &mut App) {
    for pending in std::mem::take(&mut app.state.versus.pending) {
        let is_there = |number: u64| app.state.by_number(number).is_some();
        let is_coming = |number: u64| app.state.openings.iter().any(|opening| opening.number == number);
        let (a, b) = (pending.a, pending.b);
        if is_there(a) && is_there(b) || [a, b].into_iter().all(|number| is_there(number) || is_coming(number)) {
            compare_documents(app, pending);
        }
    }
}

fn compare_files(app: &mut App, with: Option<u64>, paths: Vec<PathBuf>) {
    let numbers = open_numbered(app, paths);
    match (with, numbers.as_slice()) {
        (Some(a), [b, ..]) => compare_documents(app, Pending { a, b: *b }),
        (None, [a, b]) => compare_documents(app, Pending { a: *a, b: *b }),
        _ => {}
    }
}

fn start(app: &mut App, sides: Sides, of_weights: Option<(Site, Site)>) {
    let is_same = |comparison: &&Comparison| {
        Arc::ptr_eq(&comparison.sides.a, &sides.a) && Arc::ptr_eq(&comparison.sides.b, &sides.b) && comparison.of_weights == of_weights
    };
    if let Some(there) = app.state.versus.comparisons.iter().find(is_same) {
        app.state.versus.shown = Some(there.number);
        return;
    }
    let number = app.state.next_number();
    let mut comparison = Comparison::new(number, sides, of_weights);
    if let Some(at_start) = app.state.versus.at_start.take() {
        comparison.views.faces.mode = at_start.mode;
        comparison.layer_wanted = at_start.layer;
    }
    app.state.versus.comparisons.push(comparison);
    app.state.versus.shown = Some(number);
    run(app, number);
}

/// Pairs and compares what is not compared yet.
fn run(app: &mut App, number: u64) {
    let Some(comparison) = app.state.versus.by_number_mut(number) else { return };
    let with_distributions = comparison.has_distributions;
    let is_known = |row: &&table::Row| !with_distributions || row.distribution.is_some() || row.outcome.is_err();
    let known = comparison.rows.iter().filter(is_known).map(|row| (row.pair.a, row.pair.b)).collect();
    let by_hand = |(a, b)| vec![Pair { a, b, confidence: 1.0, reasons: vec![Reason::Hand] }];
    let (tell, told) = crossbeam_channel::unbounded();
    let work = Work::Compare(Box::new(Comparing {
        sides: comparison.sides.clone(),
        pairs: comparison.of_weights.map(by_hand),
        decisions: comparison.decisions.clone(),
        known,
        options: Options { distribution: with_distributions, anatomy: true },
        tell,
    }));
    comparison.told = Some(told);
    comparison.status = Status::Running;
    if app.pool.submit(Key::Versus(number, Slot::Table), Job::Versus(work)).is_none()
        && let Some(comparison) = app.state.versus.by_number_mut(number)
    {
        comparison.status = Status::Failed(BUSY.to_owned());
    }
}

fn submit(app: &mut App, number: u64, slot: Slot, work: Work) -> bool {
    let is_queued = app.pool.submit(Key::Versus(number, slot), Job::Versus(work)).is_some();
    if !is_queued {
        app.state.notify(NoticeKind::Error, BUSY);
    }
    is_queued
}

/// Shows a pair, once it is compared.
pub fn select(app: &mut App, number: u64, pair: (Site, Site)) {
    for slot in Slot::OF_A_PAIR {
        app.pool.cancel(Key::Versus(number, slot));
    }
    let Some(comparison) = app.state.versus.by_number_mut(number) else { return };
    comparison.selected = Some(pair);
    comparison.facing = Progress::Loading;
    comparison.difference = Progress::None;
    comparison.histograms = Progress::None;
    comparison.views.table.reveal = Some(pair);
    comparison.views.faces.asked = [const { None }; 3];
    comparison.views.faces.refining = [const { None }; 3];
    // Its row may be on the way; `absorb` goes on then.
    let Some(row) = comparison.row(pair).cloned() else { return };
    let work = Work::Face { sides: comparison.sides.clone(), row: Box::new(row) };
    if !submit(app, number, Slot::Face, work)
        && let Some(comparison) = app.state.versus.by_number_mut(number)
    {
        comparison.facing = Progress::Failed(BUSY.to_owned());
    }
}

fn need_difference(app: &mut App, number: u64, kind: Kind) {
    let Some(comparison) = app.state.versus.by_number_mut(number) else { return };
    let Some(facing) = comparison.facing.ready().cloned() else { return };
    if facing.alignment().is_err() {
        return;
    }
    comparison.difference = Progress::Loading;
    comparison.difference_kind = kind;
    submit(app, number, Slot::Difference, Work::Difference { facing, kind });
}

fn need_histograms(app: &mut App, number: u64) {
    let Some(comparison) = app.state.versus.by_number_mut(number) else { return };
    let Some(facing) = comparison.facing.ready().cloned() else { return };
    comparison.histograms = Progress::Loading;
    submit(app, number, Slot::Histograms, Work::Histograms { facing });
}

fn need_picture(app: &mut App, number: u64, slot: usize, wanted: PictureWanted) {
    let PictureWanted { plane, view, colours, viewport, theme, detail: _ } = wanted;
    let work = Work::Picture(Box::new(Drawing { plane, view, colours, viewport, theme }));
    if app.pool.submit(Key::Versus(number, Slot::Picture(slot as u8)), Job::Versus(work)).is_none()
        && let Some(comparison) = app.state.versus.by_number_mut(number)
    {
        comparison.views.faces.asked[slot] = None;
    }
}

pub fn close(app: &mut App, number: u64) {
    app.pool.cancel_where(|key| matches!(key, Key::Versus(other, _) if other == number));
    links::forget(app, number);
    let versus = &mut app.state.versus;
    versus.comparisons.retain(|comparison| comparison.number != number);
    if versus.shown == Some(number) {
        versus.shown = None;
    }
    if app.state.documents.is_empty() {
        app.state.versus.shown = app.state.versus.comparisons.last().map(|comparison| comparison.number);
    }
}

fn swap(app: &mut App, number: u64) {
    let Some(comparison) = app.state.versus.by_number(number) else { return };
    let Sides { a, b } = comparison.sides.clone();
    let of_weights = comparison.of_weights.map(|(a, b)| (b, a));
    let turned = |pairs: &[(Site, Site)]| pairs.iter().map(|(a, b)| (*b, *a)).collect::<Vec<_>>();
    let decisions = Decisions { made: turned(&comparison.decisions.made), broken: turned(&comparison.decisions.broken) };
    let selected = comparison.selected.filter(|_| comparison.is_chosen).map(|(a, b)| (b, a));
    let (mode, columns, preset) = (comparison.views.faces.mode, comparison.views.table.columns.clone(), comparison.views.table.preset);
    app.pool.cancel_where(|key| matches!(key, Key::Versus(other, _) if other == number));
    let Some(place) = app.state.versus.by_number_mut(number) else { return };
    let mut turned = Comparison::new(number, Sides { a: b, b: a }, of_weights);
    turned.decisions = decisions;
    turned.is_chosen = selected.is_some();
    turned.selected = of_weights.or(selected);
    (turned.views.faces.mode, turned.views.table.columns, turned.views.table.preset) = (mode, columns, preset);
    turned.has_distributions = place.has_distributions;
    *place = turned;
    run(app, number);
}

fn decide(app: &mut App, number: u64, change: impl FnOnce(&mut Decisions)) {
    let Some(comparison) = app.state.versus.by_number_mut(number) else { return };
    change(&mut comparison.decisions);
    run(app, number);
}

/// The pairs are known anew: rows of pairs that are none any more go.
pub fn keep_pairs(comparison: &mut Comparison) {
    let pairs: HashSet<(Site, Site)> = comparison.pairs().iter().map(|pair| (pair.a, pair.b)).collect();
    comparison.rows.retain(|row| pairs.contains(&(row.pair.a, row.pair.b)));
    comparison.ticked.retain(|pair| pairs.contains(pair));
    if let Some(pairing) = &comparison.pairing {
        let found: std::collections::HashMap<_, _> = pairing.pairs.iter().map(|pair| ((pair.a, pair.b), pair)).collect();
        for row in &mut comparison.rows {
            if let Some(pair) = found.get(&(row.pair.a, row.pair.b)) {
                row.pair = (*pair).clone();
            }
        }
    }
    if comparison.selected.is_some_and(|pair| !pairs.contains(&pair)) {
        comparison.selected = None;
        comparison.is_chosen = false;
        comparison.facing = Progress::None;
        comparison.difference = Progress::None;
        comparison.histograms = Progress::None;
    }
    comparison.views.table.chosen = (None, None);
    comparison.views.table.ordered_for = None;
}

fn open_dialog(app: &mut App, number: u64, make: impl FnOnce(&Comparison, Option<PathBuf>) -> Dialog) {
    let folder = app.state.settings.save_folder.clone();
    if let Some(comparison) = app.state.versus.by_number(number) {
        app.state.overlay = Some(Overlay::Versus(make(comparison, folder)));
    }
}

fn save_report(app: &mut App, number: u64, path: PathBuf) {
    let Some(comparison) = app.state.versus.by_number(number) else { return };
    let table = comparison.table();
    let (order, grades) = (comparison.views.table.order.clone(), comparison.preset().grades(&table.rows));
    let work = Work::Report { sides: comparison.sides.clone(), table: Box::new(table), order, grades, path };
    save(app, work);
}

fn save_pairs(app: &mut App, number: u64, path: PathBuf) {
    let Some(comparison) = app.state.versus.by_number(number) else { return };
    let (pairs, broken) = (comparison.pairs().to_vec(), comparison.decisions.broken.clone());
    let work = Work::SavePairs { sides: comparison.sides.clone(), pairs, broken, path };
    save(app, work);
}

fn save(app: &mut App, work: Work) {
    if let Work::Report { path, .. } | Work::SavePairs { path, .. } | Work::SavePicture { path, .. } = &work {
        app.state.settings.save_folder = path.parent().filter(|folder| folder.is_dir()).map(PathBuf::from);
    }
    let number = app.state.next_number();
    if app.pool.submit(Key::Save(number), Job::Versus(work)).is_none() {
        app.state.notify(NoticeKind::Error, BUSY);
    }
}

fn set_reference(app: &mut App, document: u64, site: Site) {
    let Some(opened) = app.state.by_number(document).map(|document| Arc::clone(&document.opened)) else { return };
    let (name, _, role) = name_of(&opened, site);
    app.state.versus.reference = Some(Reference { opened, site });
    app.state.notify(NoticeKind::Done, format!("{name} {role} is the reference; Shift+R compares another weight with it"));
}

fn with_reference(app: &mut App, document: u64, site: Site) {
    let Some(opened) = app.state.by_number(document).map(|document| Arc::clone(&document.opened)) else { return };
    let Some(reference) = app.state.versus.reference.clone() else {
        app.state.notify(NoticeKind::Error, "No weight is the reference yet: R makes the one on display the reference");
        return;
    };
    start(app, Sides { a: reference.opened, b: opened }, Some((reference.site, site)));
}

/// Opens the system's dialog for the file that the box on display writes to.
pub fn browse_for_save(app: &mut App, ctx: &egui::Context) {
    let path = match &app.state.overlay {
        Some(Overlay::Save(dialog)) => dialog.path.path(),
        Some(Overlay::Versus(dialog)) if dialog.writes() => dialog.path.path(),
        _ => return,
    };
    app.dialogs.pick_target(ctx, &path);
}

/// The next tab: documents, then comparisons.
pub fn step_tab(app: &mut App, step: isize) {
    let (documents, comparisons) = (app.state.documents.len(), &app.state.versus.comparisons);
    let shown = app.state.versus.shown.and_then(|number| comparisons.iter().position(|comparison| comparison.number == number));
    let tab = shown.map_or(app.state.active, |place| documents + place);
    let count = documents + comparisons.len();
    let next = (tab as isize + step).rem_euclid(count.max(1) as isize) as usize;
    app.state.versus.shown = next.checked_sub(documents).and_then(|place| comparisons.get(place)).map(|comparison| comparison.number);
    if next < documents {
        app.state.active = next;
    }
}

/// What the jobs of comparisons told since the last frame.
pub fn collect(app: &mut App, ctx: &egui::Context) {
    links::catch_up(app);
    let running: Vec<u64> = app.state.versus.comparisons.iter().filter(|comparison| comparison.told.is_some()).map(|c| c.number).collect();
    for number in running {
        absorb::listen(app, number);
    }
    if app.state.versus.comparisons.iter().any(|comparison| comparison.status == Status::Running) {
        ctx.request_repaint_after(std::time::Duration::from_millis(60));
    }
}
