//! Commands carried out: with [`super::absorb`], the one place where the window's state changes.

mod pictures;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use egui::ViewportCommand;

use crate::formats::Options;
use crate::jobs::{Job, Key, Loaded, Origin, SavePlan, Sought};
use crate::model::OperationRef;
use crate::weights::{Reading, Scheme, Section, Site, Weight};

use super::action::Action;
use super::app::App;
use super::command::{Command, FoldChange, Pick};
use super::compare;
use super::dock::Pane;
use super::file_view::FileView;
use super::palette::Palette;
use super::path_field::PathField;
use super::save::{SaveDialog, What};
use super::settings::ThemeChoice;
use super::settings_box::SettingsBox;
use super::state::{Document, NoticeKind, Opening, Overlay, Place, Progress};
use super::views::{GoTo, HistogramWanted, TableView};

pub(super) use pictures::can_cancel;

pub(super) mod graph;
pub(super) mod runtime;

pub(super) use graph::show_graph;

/// The model that comes with the program.
const EXAMPLE: (&str, &[u8]) = ("digits_f32.tflite", include_bytes!("../../assets/example/digits_f32.tflite"));

pub fn execute(app: &mut App, ctx: &egui::Context, command: Command) {
    match command {
        Command::Do(action) => act(app, ctx, action),
        Command::OpenFiles(paths) => open_files(app, paths),
        Command::UseConstants(path) => use_constants(app, path),
        Command::CancelOpening(number) => {
            app.pool.cancel(Key::Open(number));
            app.state.openings.retain(|opening| opening.number != number);
        }
        Command::ActivateDocument(position) => {
            app.state.versus.shown = None;
            app.state.active = position.min(app.state.documents.len().saturating_sub(1));
        }
        Command::CloseDocument(position) => close(app, position),
        Command::Select { graph, operation, fly } => graph::select(app, OperationRef { graph, operation }, fly),
        Command::Deselect => {
            if let Some(document) = app.state.document_mut() {
                document.selected = None;
                document.views.graph.chosen = None;
            }
        }
        Command::PointAt(place) => on_views(app, |document| {
            if document.pointed != Some(place) {
                document.pointed = Some(place);
                ctx.request_repaint();
            }
        }),
        Command::NeedFound(text) => graph::need_found(app, text),
        Command::NeedMeasures(of) => graph::need_measures(app, of),
        Command::CancelMeasures => graph::cancel_measures(app),
        Command::ChooseGroup(group) => on_views(app, |document| {
            document.selected = None;
            document.views.graph.chosen = Some(group);
        }),
        Command::Fold(change) => graph::fold(app, change),
        Command::ShowGraph(graph) => show_graph(app, graph),
        Command::ShowWeight(site) => show_weight(app, site, true),
        Command::ShowSections(sections) => show_sections(app, sections),
        Command::ReadAs(reading) => read_as(app, reading),
        Command::NeedGlance(site) => need_glance(app, site),
        Command::NeedPicture(wanted) => pictures::need_picture(app, &wanted),
        Command::NeedPyramid(_)
        | Command::NeedFigures(_)
        | Command::Sort { .. }
        | Command::Seek(_)
        | Command::SeekName(_)
        | Command::CancelLoad
        | Command::CancelJob(_)
        | Command::CopyText(_) => pictures::execute(app, ctx, command),
        Command::NeedHistogram(wanted) => need_histogram(app, wanted),
        Command::NeedRidges(loaded) => need_ridges(app, loaded),
        Command::NeedStructure(loaded) => need_structure(app, loaded),
        Command::NeedCompletions(text) => {
            // A full lane refuses; the next key asks again.
            app.pool.submit(Key::Complete, Job::Complete(text));
        }
        Command::NeedStatistics => need_statistics(app),
        Command::CancelStatistics => {
            if let Some(document) = app.state.document_mut() {
                document.statistics_state = Progress::Failed("Stopped".into());
                app.pool.cancel(Key::Statistics(document.number));
            }
        }
        Command::SaveStatistics(lines) => {
            let folder = app.state.settings.save_folder.clone();
            if let Some(document) = app.state.document() {
                app.state.overlay = Some(Overlay::Save(SaveDialog::for_statistics(document, lines, folder)));
            }
        }
        Command::Save(plan) => save(app, *plan),
        Command::ShowFile(file) => show_file(app, file),
        Command::SaveFile { document, file } => {
            let folder = app.state.settings.save_folder.clone();
            let dialog = app.state.by_number(document).and_then(|document| SaveDialog::for_file(document, file, folder));
            if let Some(dialog) = dialog {
                app.state.overlay = Some(Overlay::Save(dialog));
            }
        }
        Command::ForgetRecent(path) => app.state.settings.recent.retain(|other| *other != path),
        Command::CloseOverlay => app.state.overlay = None,
        Command::DismissNotice(position) => {
            if position < app.state.notices.len() {
                app.state.notices.remove(position);
            }
        }
        Command::Picked { purpose, paths, was_instant } => picked(app, purpose, paths, was_instant),
        Command::Verify(number) => runtime::verify(app, number),
        Command::CancelVerify(number) => runtime::cancel_verify(app, number),
        Command::Profile(number) => runtime::profile(app, number),
        Command::CancelProfile(number) => runtime::cancel_profile(app, number),
        Command::SetTheme(theme) => set_theme(app, ctx, theme),
        Command::SetWheelZooms(zooms) => app.state.settings.wheel_zooms = zooms,
        Command::SetRuntime(path) => runtime::set(app, path),
        Command::BrowseForRuntime => {
            if let Some(Overlay::Settings(dialog)) = &app.state.overlay {
                app.dialogs.pick_folder(ctx, &dialog.runtime.path());
            }
        }
        Command::Versus(request) => compare::execute::execute(app, ctx, *request),
        Command::Say(text) => app.state.notify(NoticeKind::Done, text),
        Command::BrowseForSave => compare::execute::browse_for_save(app, ctx),
    }
    let on_display = match app.state.versus.on_display() {
        Some(comparison) => Some(comparison.sides.title()),
        None => app.state.document().map(|document| document.opened.model.file_name()),
    };
    let title = on_display.map_or("Weightscope".to_owned(), |name| format!("{name} – Weightscope"));
    if app.title != title {
        ctx.send_viewport_cmd(ViewportCommand::Title(title.clone()));
        app.title = title;
    }
}

fn act(app: &mut App, ctx: &egui::Context, action: Action) {
    if !super::bars::is_enabled(action, &app.state) {
        return;
    }
    match action {
        Action::Open => app.dialogs.pick_models(ctx),
        Action::OpenExample => {
            let (name, bytes) = EXAMPLE;
            let _ = start_opening(app, PathBuf::from(name), Job::OpenBuiltIn { name, bytes }, None);
        }
        Action::ChooseConstants => {
            if let Some(document) = app.state.document() {
                app.dialogs.pick_constants(ctx, &document.opened.model.file);
            }
        }
        Action::Reload => reload(app),
        Action::CloseModel => match app.state.versus.shown {
            Some(number) => compare::execute::close(app, number),
            None => close(app, app.state.active),
        },
        Action::CompareWith | Action::SetReference | Action::CompareWithReference => compare::execute::act(app, action),
        Action::SaveImage | Action::CopyImage if app.state.versus.shown.is_some() => compare::execute::act_on_pictures(app, ctx, action),
        Action::SaveImage => open_save_dialog(app, ctx, What::Heatmap),
        Action::SaveHistogram => open_save_dialog(app, ctx, What::Histogram),
        Action::SaveNumbers => open_save_dialog(app, ctx, What::Numbers),
        Action::Verify => runtime::open_verify(app),
        Action::Profile => runtime::open_profile(app),
        Action::SaveAllImages => open_save_dialog(app, ctx, What::AllHeatmaps),
        Action::CopyImage => pictures::copy_image(app, ctx),
        Action::GoToIndex => on_views(app, |document| document.views.heatmap.go_to = Some(GoTo::default())),
        Action::ShowTable => on_views(app, |document| {
            let heatmap = &mut document.views.heatmap;
            heatmap.table = if heatmap.table.is_some() { None } else { Some(TableView::default()) };
        }),
        Action::FindMinimum => execute(app, ctx, Command::Seek(Sought::Minimum)),
        Action::FindMaximum => execute(app, ctx, Command::Seek(Sought::Maximum)),
        Action::NextNan => execute(app, ctx, Command::Seek(Sought::NextNan)),
        Action::NextInfinity => execute(app, ctx, Command::Seek(Sought::NextInfinity)),
        Action::NextOutlier => execute(app, ctx, Command::Seek(Sought::NextOutlier)),
        Action::Settings => app.state.overlay = Some(Overlay::Settings(SettingsBox::new(&app.state.settings))),
        Action::Quit => ctx.send_viewport_cmd(ViewportCommand::Close),
        Action::FindAnything => app.state.overlay = Some(Overlay::Palette(Palette::default())),
        Action::FilterWeights => app.focus_filter = true,
        Action::FindInGraph => {
            app.dock.bring_to_front(Pane::Graph);
            on_views(app, |document| document.views.graph.find.open());
        }
        Action::NextHit => on_views(app, |document| document.views.graph.find.steps += 1),
        Action::PreviousHit => on_views(app, |document| document.views.graph.find.steps -= 1),
        Action::FitGraph => on_views(app, |document| document.views.graph.fit_wanted = true),
        Action::FitPicture => on_views(app, |document| document.views.heatmap.fit_wanted = true),
        Action::ZoomGraphIn => on_views(app, |document| document.views.graph.zoom_wanted = Some(1.25)),
        Action::ZoomGraphOut => on_views(app, |document| document.views.graph.zoom_wanted = Some(0.8)),
        Action::ToggleTheme => {
            let is_dark = ctx.global_style().visuals.dark_mode;
            set_theme(app, ctx, if is_dark { ThemeChoice::Light } else { ThemeChoice::Dark });
        }
        Action::FollowSystemTheme => set_theme(app, ctx, ThemeChoice::System),
        Action::WheelZooms => {
            app.state.settings.wheel_zooms = !app.state.settings.wheel_zooms;
            let does = if app.state.settings.wheel_zooms { "zooms" } else { "scrolls" };
            app.state.notify(NoticeKind::Done, format!("The wheel {does} the graph now; Ctrl and wheel zoom"));
        }
        Action::EnlargeInterface => ctx.set_zoom_factor((ctx.zoom_factor() + 0.1).min(3.0)),
        Action::ReduceInterface => ctx.set_zoom_factor((ctx.zoom_factor() - 0.1).max(0.5)),
        Action::ResetInterface => ctx.set_zoom_factor(1.0),
        Action::ResetPanels => app.dock.reset(),
        Action::ShowStatistics => app.dock.bring_to_front(Pane::Statistics),
        Action::ShowChannels => app.dock.bring_to_front(Pane::Channels),
        Action::ShowHistogram => app.dock.bring_to_front(Pane::Histogram),
        Action::FullScreen => {
            let is_full = ctx.input(|input| input.viewport().fullscreen.unwrap_or(false));
            ctx.send_viewport_cmd(ViewportCommand::Fullscreen(!is_full));
        }
        Action::Back => travel(app, |document| document.history.back()),
        Action::Forward => travel(app, |document| document.history.forward()),
        Action::NextWeight => step_weight(app, 1),
        Action::PreviousWeight => step_weight(app, -1),
        Action::NextModel => compare::execute::step_tab(app, 1),
        Action::PreviousModel => compare::execute::step_tab(app, -1),
        Action::Deselect => on_views(app, |document| {
            document.selected = None;
            document.views.graph.chosen = None;
        }),
        Action::OpenAllGroups => graph::fold(app, FoldChange::All(true)),
        Action::CloseAllGroups => graph::fold(app, FoldChange::All(false)),
        Action::TurnGraph => graph::turn(app),
        Action::SaveGraph => open_save_dialog(app, ctx, What::Graph),
        Action::CopyGraph => graph::copy(app, ctx),
        Action::Shortcuts => app.state.overlay = Some(Overlay::Shortcuts),
        Action::About => app.state.overlay = Some(Overlay::About),
    }
}

fn on_views(app: &mut App, change: impl FnOnce(&mut Document)) {
    if let Some(document) = app.state.document_mut() {
        change(document);
    }
}

fn set_theme(app: &mut App, ctx: &egui::Context, theme: ThemeChoice) {
    app.state.settings.theme = theme;
    ctx.set_theme(theme);
}

/// Opens files; of an OpenVINO pair that is dropped together the `.bin` comes with its `.xml`. A
/// folder comes back as the models in it. A `.bin` alone, while the model on display lacks constants,
/// is taken for theirs, unless it has an `.xml` of its own.
pub(super) fn open_files(app: &mut App, paths: Vec<PathBuf>) {
    open_numbered(app, paths);
}

/// [`open_files`]; the numbers that the models will have as documents.
pub(super) fn open_numbered(app: &mut App, paths: Vec<PathBuf>) -> Vec<u64> {
    if let [path] = paths.as_slice()
        && has_extension(path, "bin")
        && app.state.document().is_some_and(|document| document.takes_constants() && document.opened.lacks_constants)
        && !path.with_extension("xml").is_file()
    {
        use_constants(app, path.clone());
        return Vec::new();
    }
    let mut numbers = Vec::new();
    for (path, options) in plan_opening(paths) {
        let job = Job::Open { path: path.clone(), options, fallback: Arc::clone(&app.fallback) };
        numbers.extend(start_opening(app, path, job, None));
    }
    numbers
}

/// What to open of the files that were named.
fn plan_opening(paths: Vec<PathBuf>) -> Vec<(PathBuf, Options)> {
    let (bins, others): (Vec<_>, Vec<_>) = paths.into_iter().partition(|path| has_extension(path, "bin"));
    let xmls: Vec<_> = others.iter().filter(|path| has_extension(path, "xml")).cloned().collect();
    // A pair with different names, dropped together, is one model.
    let stray: Vec<_> = bins.iter().filter(|bin| !xmls.contains(&bin.with_extension("xml"))).cloned().collect();
    if let ([xml], [bin], true) = (xmls.as_slice(), stray.as_slice(), others.len() == 1) {
        return vec![(xml.clone(), Options { bin: Some(bin.clone()) })];
    }
    others.into_iter().chain(stray).map(|path| (path, Options::default())).collect()
}

fn has_extension(path: &Path, wanted: &str) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case(wanted))
}

/// The number that the document will have, unless too much is being opened.
fn start_opening(app: &mut App, path: PathBuf, job: Job, replaces: Option<u64>) -> Option<u64> {
    let number = app.state.next_number();
    if app.pool.submit(Key::Open(number), job).is_none() {
        app.state.notify(NoticeKind::Error, "Too many files are being opened; try again when some are there");
        return None;
    }
    app.state.openings.push(Opening { number, path, replaces });
    Some(number)
}

fn reload(app: &mut App) {
    let Some(document) = app.state.document() else { return };
    let (path, number) = (document.opened.model.file.clone(), document.number);
    let options = match &document.opened.origin {
        Origin::File(options) => options.clone(),
        Origin::BuiltIn => {
            app.state.notify(NoticeKind::Done, "The example is part of the program: there is no file to read again");
            return;
        }
    };
    cancel_reload(app, number);
    start_opening(app, path.clone(), Job::Open { path, options, fallback: Arc::clone(&app.fallback) }, Some(number));
}

/// Reads the model on display again, with its constants from another file.
fn use_constants(app: &mut App, bin: PathBuf) {
    let Some(document) = app.state.document().filter(|document| document.takes_constants()) else { return };
    let (path, number) = (document.opened.model.file.clone(), document.number);
    cancel_reload(app, number);
    let options = Options { bin: Some(bin) };
    start_opening(app, path.clone(), Job::Open { path, options, fallback: Arc::clone(&app.fallback) }, Some(number));
}

/// Gives up reading a document's file again: it is closed, or read once more.
fn cancel_reload(app: &mut App, number: u64) {
    let pool = &mut app.pool;
    app.state.openings.retain(|opening| {
        let is_kept = opening.replaces != Some(number);
        if !is_kept {
            pool.cancel(Key::Open(opening.number));
        }
        is_kept
    });
}

fn close(app: &mut App, position: usize) {
    if position >= app.state.documents.len() {
        return;
    }
    let document = app.state.documents.remove(position);
    app.state.versus.pending.retain(|pending| pending.a != document.number && pending.b != document.number);
    cancel_reload(app, document.number);
    cancel_work(app, document.number);
    if app.state.active > position || app.state.active >= app.state.documents.len() {
        app.state.active = app.state.active.saturating_sub(1);
    }
}

/// Nothing of what is under way for a document is wanted any more.
pub(super) fn cancel_work(app: &mut App, number: u64) {
    cancel_views(app, number);
    app.pool.cancel_where(|key| {
        matches!(
            key,
            Key::Glance { model, .. } | Key::Layout { model, .. } | Key::Measures { model, .. } | Key::Search(model) | Key::Verify(model) | Key::Profile(model) | Key::Statistics(model)
                if model == number
        )
    });
}

/// Another weight is on display: what is under way shows the one before.
fn cancel_views(app: &mut App, number: u64) {
    for key in [Key::Load, Key::Picture, Key::Histogram, Key::Pyramid, Key::Figures, Key::Sort, Key::Find, Key::Ridges, Key::Structure] {
        app.pool.cancel(key(number));
    }
    if let Some(document) = app.state.by_number_mut(number) {
        (document.views.brush, document.views.reveal_element) = (None, None);
        document.views.heatmap.refining = None;
    }
}

pub(super) fn show_weight(app: &mut App, site: Site, follow: bool) {
    let Some(weight) = app.state.document().and_then(|document| document.opened.catalogue.at(site)).cloned() else { return };
    let place = OperationRef { graph: site.graph, operation: weight.layer() };
    graph::bring(app, place);
    let Some(document) = app.state.document_mut() else { return };
    if follow {
        document.selected = Some(place.operation);
        document.views.graph.reveal = Some((place, false));
    }
    document.views.weights.reveal = Some(site);
    let is_there = document.weight == Some(site) && !document.shown.is_none();
    if document.weight != Some(site) {
        document.sections = sections_carried_over(document, &weight);
    }
    document.weight = Some(site);
    let place = document.place();
    document.history.visit(place);
    let number = document.number;
    if !is_there {
        load(app, weight);
    }
    compare::links::follow(app, number, site);
}

/// Shows sections of the weight on display.
fn show_sections(app: &mut App, sections: Vec<Section>) {
    let Some(document) = app.state.document_mut().filter(|document| document.sections != sections) else { return };
    let Some(weight) = document.weight().cloned() else { return };
    document.sections = sections;
    load(app, weight);
}

/// Shows the weight on display in another reading, and the others of its kind from now on.
fn read_as(app: &mut App, reading: Reading) {
    let Some(document) = app.state.document_mut().filter(|document| document.reading != reading) else { return };
    document.reading = reading;
    if let Some(weight) = document.weight().cloned() {
        load(app, weight);
    }
}

/// Asks for the values of the weight on display, or of its sections.
fn load(app: &mut App, weight: Weight) {
    let Some(document) = app.state.document_mut() else { return };
    document.histogram = Progress::None;
    document.ridges = Progress::None;
    document.structure = Progress::None;
    document.views.brush = None;
    document.shown = Progress::Loading;
    let (number, opened, sections) = (document.number, Arc::clone(&document.opened), document.sections.clone());
    let reading = if weight.scheme == Scheme::FakeQuantize { document.reading } else { Reading::Effective };
    cancel_views(app, number);
    let is_queued = app.pool.submit(Key::Load(number), Job::Load { opened, weight, sections, reading }).is_some();
    if let Some(document) = app.state.document_mut().filter(|_| !is_queued) {
        document.shown = Progress::Failed("Too much is being done at once; select the weight again".into());
    }
}

/// From one kernel of a layer to another the gate stays the same.
fn sections_carried_over(document: &Document, weight: &Weight) -> Vec<Section> {
    let is_same_layer = document.weight().is_some_and(|before| (before.site.graph, before.layer()) == (weight.site.graph, weight.layer()));
    let is_chosen = |section: &&Section| document.sections.iter().any(|chosen| chosen.name == section.name);
    let alike = |sections: &[Section]| sections.iter().find(is_chosen).cloned();
    if !is_same_layer {
        return Vec::new();
    }
    alike(&weight.sections.gates).into_iter().chain(alike(&weight.sections.parts)).collect()
}

fn travel(app: &mut App, step: impl FnOnce(&mut Document) -> Option<Place>) {
    let Some(place) = app.state.document_mut().and_then(step) else { return };
    match place.selected {
        Some(operation) => graph::bring(app, OperationRef { graph: place.graph, operation }),
        None => show_graph(app, place.graph),
    }
    match place.weight {
        Some(site) => {
            // Before the weight is shown: the place must be the one that history stands at, else it
            // would be a new one.
            if let Some(document) = app.state.document_mut() {
                document.selected = place.selected;
            }
            show_weight(app, site, false);
            if let Some(document) = app.state.document_mut() {
                document.views.graph.reveal = place.selected.map(|operation| (OperationRef { graph: place.graph, operation }, false));
            }
        }
        None => {
            if let Some(operation) = place.selected {
                graph::select(app, OperationRef { graph: place.graph, operation }, true);
            }
        }
    }
}

fn step_weight(app: &mut App, step: isize) {
    let Some(document) = app.state.document() else { return };
    let sites: Vec<Site> = document.views.weights.order.iter().map(|row| document.opened.rows[*row as usize].weight.site).collect();
    let at = document.weight.and_then(|site| sites.iter().position(|other| *other == site));
    let next = match at {
        Some(at) => at.checked_add_signed(step).filter(|next| *next < sites.len()),
        None => (!sites.is_empty()).then_some(0),
    };
    if let Some(next) = next {
        show_weight(app, sites[next], true);
    }
}

fn need_glance(app: &mut App, site: Site) {
    let Some(document) = app.state.document_mut() else { return };
    let Some(weight) = document.opened.catalogue.at(site).cloned() else { return };
    if document.glances.get(&site).is_some_and(|glance| !glance.is_none()) {
        return;
    }
    let job = Job::Glance { opened: Arc::clone(&document.opened), weight };
    // A full lane refuses; the row asks again in the next frame that shows it.
    if app.pool.submit(Key::Glance { model: document.number, site }, job).is_some() {
        document.glances.insert(site, Progress::Loading);
    }
}

fn need_statistics(app: &mut App) {
    let Some(document) = app.state.document_mut() else { return };
    let job = Job::Statistics { opened: Arc::clone(&document.opened), table: Arc::clone(&document.statistics) };
    // A full lane refuses; the next frame that needs them asks again.
    if app.pool.submit(Key::Statistics(document.number), job).is_some() {
        document.statistics_state = Progress::Loading;
    }
}

fn need_histogram(app: &mut App, wanted: HistogramWanted) {
    let Some(document) = app.state.document_mut() else { return };
    let job = Job::Histogram { loaded: wanted.loaded, counting: wanted.counting };
    if app.pool.submit(Key::Histogram(document.number), job).is_none() {
        document.views.histogram.asked = None;
    }
}

fn need_ridges(app: &mut App, loaded: Arc<Loaded>) {
    let Some(document) = app.state.document_mut() else { return };
    // A full lane refuses; the next frame asks again.
    if app.pool.submit(Key::Ridges(document.number), Job::Ridges(loaded)).is_some() {
        document.ridges = Progress::Loading;
    }
}

fn need_structure(app: &mut App, loaded: Arc<Loaded>) {
    let Some(document) = app.state.document_mut() else { return };
    // A full lane refuses; the next frame asks again.
    if app.pool.submit(Key::Structure(document.number), Job::Structure(loaded)).is_some() {
        document.structure = Progress::Loading;
    }
}

fn open_save_dialog(app: &mut App, ctx: &egui::Context, what: What) {
    let folder = app.state.settings.save_folder.clone();
    let is_dark = ctx.global_style().visuals.dark_mode;
    let dialog = app.state.document().and_then(|document| SaveDialog::new(what, document, folder, is_dark));
    if let Some(dialog) = dialog {
        app.state.overlay = Some(Overlay::Save(dialog));
    }
}

fn show_file(app: &mut App, file: usize) {
    let Some(document) = app.state.document().filter(|document| file < document.opened.model.files.len()) else { return };
    let (number, opened) = (document.number, Arc::clone(&document.opened));
    let mut view = FileView::new(number, file);
    if app.pool.submit(Key::File, Job::ReadFile { opened, file }).is_none() {
        view.text = Progress::Failed("Too much is being done at once; show the file again in a moment".into());
    }
    app.state.overlay = Some(Overlay::File(view));
}

fn save(app: &mut App, plan: SavePlan) {
    app.state.settings.save_folder = plan.path.parent().filter(|folder| folder.is_dir()).map(PathBuf::from);
    let number = app.state.next_number();
    if app.pool.submit(Key::Save(number), Job::Save(Box::new(plan))).is_none() {
        app.state.notify(NoticeKind::Error, "Too much is being done at once; save again in a moment");
    }
}

fn picked(app: &mut App, purpose: Pick, paths: Option<Vec<PathBuf>>, was_instant: bool) {
    match (purpose, paths) {
        (Pick::Open, Some(paths)) => open_files(app, paths),
        (Pick::Other(number), Some(paths)) => {
            app.state.overlay = None;
            app.commands.push(compare::Request::Files { with: Some(number), paths }.into());
        }
        (Pick::Save, Some(paths)) => {
            if let (Some(Overlay::Versus(dialog)), Some(path)) = (&mut app.state.overlay, paths.first()) {
                dialog.path = PathField::new(path.to_string_lossy());
            }
            if let (Some(Overlay::Save(dialog)), Some(path)) = (&mut app.state.overlay, paths.first()) {
                dialog.path = PathField::new(path.to_string_lossy());
            }
        }
        (Pick::Runtime, Some(paths)) => {
            if let (Some(Overlay::Settings(dialog)), Some(path)) = (&mut app.state.overlay, paths.first()) {
                dialog.runtime = PathField::new(path.to_string_lossy());
            }
        }
        (Pick::Constants, Some(paths)) => {
            if let Some(path) = paths.into_iter().next() {
                use_constants(app, path);
            }
        }
        (Pick::Open | Pick::Constants, None) if was_instant => {
            let beside =
                app.state.document().filter(|_| purpose == Pick::Constants).and_then(|document| document.opened.model.file.parent());
            let folder = beside.map(Path::to_owned).or_else(|| std::env::current_dir().ok()).unwrap_or_default();
            app.state.overlay = Some(Overlay::OpenPath { field: PathField::new(format!("{}/", folder.display())), purpose });
        }
        (Pick::Save | Pick::Runtime | Pick::Other(_), None) if was_instant => {
            app.state.notify(NoticeKind::Error, "This system has no file dialog: type the path in the field");
        }
        (_, None) => {}
    }
}

#[cfg(test)]
mod tests;
