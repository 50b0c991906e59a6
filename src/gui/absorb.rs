//! What jobs brought, taken in: the other place, beside [`super::execute`], where the window's state
//! changes.

use std::path::PathBuf;
use std::sync::Arc;

use egui::TextureOptions;

use super::app::App;
use super::compare;
use super::execute::{cancel_work, open_files, show_graph, show_weight};
use super::state::{Document, NoticeKind, Opening, Overlay, Progress};
use super::views::ShownPicture;
use crate::jobs::{Event, Failure, Glance, Job, Key, Opened, Origin, Output, Picture};
use crate::layout::Direction;
use crate::model::GraphId;
use crate::render::Image;
use crate::weights::Site;

/// Takes in what a job brought.
pub fn absorb(app: &mut App, ctx: &egui::Context, event: Event) {
    let Event { key, result, .. } = event;
    match (key, result) {
        (Key::Open(number), result) => opened(app, number, result),
        (Key::Layout { model, graph }, result) => {
            let layout = progress(result, |output| if let Output::Layout(layout) = output { Some(layout) } else { None });
            if let Some(document) = app.state.by_number_mut(model) {
                document.layouts.insert(GraphId(graph), layout);
            }
        }
        (Key::Load(model), result) => {
            let loaded = progress(result, |output| if let Output::Loaded(loaded) = output { Some(loaded) } else { None });
            if let Some(document) = app.state.by_number_mut(model) {
                document.shown = loaded;
            }
            count_sampled(app, model);
        }
        (Key::Sort(model), Ok(Output::Sorted { axis, order })) => {
            if let Some(view) = app.state.by_number_mut(model).and_then(|document| document.views.heatmap.view.as_mut()) {
                view.set_order(axis, order);
            }
        }
        (Key::Find(model), Ok(Output::Found { what, offset })) => {
            let found = app.state.by_number_mut(model).is_some_and(|document| document.views.heatmap.go(offset));
            if !found {
                app.state.notify(NoticeKind::Done, what.absence());
            }
        }
        (Key::Pyramid(model), Err(_)) => {
            if let Some(document) = app.state.by_number_mut(model) {
                document.views.heatmap.refining = None;
            }
        }
        (Key::Picture(model), Ok(Output::Picture(picture))) => show_picture(app, ctx, model, &picture),
        (Key::Histogram(model), result) => {
            let histogram = progress(result, |output| if let Output::Histogram(histogram) = output { Some(histogram) } else { None });
            if let Some(document) = app.state.by_number_mut(model) {
                document.histogram = histogram;
            }
        }
        (Key::Ridges(model), result) => {
            let ridges = progress(result, |output| if let Output::Ridges(ridges) = output { Some(ridges) } else { None });
            if let Some(document) = app.state.by_number_mut(model) {
                document.ridges = ridges;
            }
        }
        (Key::Structure(model), result) => {
            let structure = progress(result, |output| if let Output::Structure(structure) = output { Some(structure) } else { None });
            if let Some(document) = app.state.by_number_mut(model) {
                document.structure = structure;
            }
        }
        (Key::Glance { model, site }, result) => {
            let mut glance = progress(result, |output| if let Output::Glance(glance) = output { Some(*glance) } else { None });
            if let Some(document) = app.state.by_number_mut(model) {
                if let Progress::Ready(glance) = &mut glance {
                    keep_thumbnail(document, ctx, site, glance);
                }
                document.glances.insert(site, glance);
            }
        }
        (Key::Search(model), result) => {
            let found = progress(result, |output| if let Output::Searched(found) = output { Some(found) } else { None });
            if let Some(document) = app.state.by_number_mut(model) {
                document.found = found;
            }
        }
        (Key::Measures { model, graph, of }, result) => {
            let Some(document) = app.state.by_number_mut(model) else { return };
            match result {
                Ok(Output::Measures(all)) => {
                    let all = all.into_iter().map(|measures| ((measures.graph, measures.of), Progress::Ready(measures)));
                    document.measures.extend(all);
                }
                other => {
                    document.measures.insert((GraphId(graph), of), progress(other, |_| None));
                }
            }
        }
        (Key::Verify(model), result) => {
            let report = progress(result, |output| if let Output::Verified(report) = output { Some(report) } else { None });
            if let Some(document) = app.state.by_number_mut(model) {
                document.verified = report;
            }
        }
        (Key::Profile(model), result) => {
            let profile = progress(result, |output| if let Output::Profiled(profile) = output { Some(profile) } else { None });
            if let Some(document) = app.state.by_number_mut(model) {
                document.profiled = profile;
            }
        }
        (Key::Statistics(model), result) => {
            let state = progress(result, |output| matches!(output, Output::Statistics).then_some(()));
            if let Some(document) = app.state.by_number_mut(model) {
                document.statistics_state = state;
            }
        }
        (Key::Runtime, result) => {
            app.state.runtime = progress(result, |output| if let Output::Runtime(found) = output { Some(found) } else { None });
        }
        (Key::Complete, Ok(Output::Completed(completions))) => match &mut app.state.overlay {
            Some(Overlay::Save(dialog)) => dialog.path.complete(completions),
            Some(Overlay::Versus(dialog)) => dialog.path.complete(completions),
            Some(Overlay::OpenPath { field, .. }) => field.complete(completions),
            Some(Overlay::Settings(dialog)) => dialog.runtime.complete(completions),
            _ => {}
        },
        (Key::File, result) => {
            let text = progress(result, |output| if let Output::File(text) = output { Some(text) } else { None });
            if let Some(Overlay::File(view)) = &mut app.state.overlay {
                view.text = text;
            }
        }
        (Key::Save(_), Ok(Output::Saved(files))) => {
            let names: Vec<_> = files.iter().map(|file| file.display().to_string()).collect();
            app.state.notify(NoticeKind::Done, format!("Saved {}", names.join(" and ")));
        }
        (Key::Save(_), Ok(Output::SavedAll { folder, files, skipped })) => {
            let left_out = if skipped.is_empty() { String::new() } else { format!("; left out: {}", skipped.join(", ")) };
            app.state.notify(NoticeKind::Done, format!("Saved {files} pictures in {}{left_out}", folder.display()));
        }
        (Key::Save(_), Ok(Output::Copied(image))) => {
            ctx.copy_image(color_image(&image));
            app.state.notify(NoticeKind::Done, "The picture is on the clipboard");
        }
        (Key::Save(_) | Key::Picture(_) | Key::Figures(_) | Key::Sort(_) | Key::Find(_), Err(Failure::Failed(problem))) => {
            app.state.notify(NoticeKind::Error, problem);
        }
        (Key::Versus(number, slot), result) => compare::absorb::absorb(app, ctx, number, slot, result),
        (Key::Save(_) | Key::Picture(_) | Key::Complete | Key::Figures(_) | Key::Sort(_) | Key::Find(_) | Key::Pyramid(_), _) => {}
    }
}

/// A large weight came with the figures of a sample: those of all its values follow.
fn count_sampled(app: &mut App, model: u64) {
    let sampled = app.state.by_number(model).and_then(|document| document.shown.ready()).filter(|loaded| loaded.is_sampled);
    if let Some(job) = sampled.map(|loaded| Job::Count(Arc::clone(loaded))) {
        app.pool.submit(Key::Load(model), job);
    }
}

fn progress<T>(result: Result<Output, Failure>, take: impl FnOnce(Output) -> Option<T>) -> Progress<T> {
    match result {
        Ok(output) => take(output).map_or(Progress::None, Progress::Ready),
        Err(Failure::Cancelled) => Progress::None,
        Err(Failure::Failed(problem)) => Progress::Failed(problem),
    }
}

fn opened(app: &mut App, number: u64, result: Result<Output, Failure>) {
    let Some(position) = app.state.openings.iter().position(|opening| opening.number == number) else { return };
    let opening = app.state.openings.remove(position);
    match result {
        Ok(Output::Opened(opened)) => add_document(app, opened, &opening),
        Ok(Output::Folder(models)) => open_folder(app, models),
        Ok(_) | Err(Failure::Cancelled) => {}
        Err(Failure::Failed(problem)) => app.state.notify(NoticeKind::Error, problem),
    }
    compare::execute::look_at_pending(app);
    if app.state.openings.is_empty() {
        // What is opened from now on was not named on the command line.
        app.state.show_layer_at_start = None;
    }
}

fn open_folder(app: &mut App, models: Vec<PathBuf>) {
    const AT_ONCE: usize = 16;
    let more = models.len().saturating_sub(AT_ONCE);
    if more > 0 {
        app.state.notify(NoticeKind::Done, format!("The first {AT_ONCE} models in it are opened; there are {more} more"));
    }
    open_files(app, models.into_iter().take(AT_ONCE).collect());
}

fn add_document(app: &mut App, opened: Arc<Opened>, opening: &Opening) {
    if matches!(opened.origin, Origin::File(_)) {
        app.state.settings.remember(&opened.model.file);
    }
    let mut document = Document::new(opening.number, opened);
    if app.state.settings.graph_runs_right {
        document.direction = Direction::Right;
    }
    // A model that is read again stays behind the comparison on display; a new one comes before it.
    let comparing = app.state.versus.shown.take();
    let replaced = opening.replaces.and_then(|replaced| app.state.documents.iter().position(|document| document.number == replaced));
    let on_display = match replaced {
        Some(position) => {
            let replaced = std::mem::replace(&mut app.state.documents[position], document);
            app.state.active = position;
            cancel_work(app, replaced.number);
            position
        }
        None => {
            // In the order in which they were asked for, whichever is there first; the last stays on display.
            let newer = app.state.documents.iter().position(|other| other.number > opening.number);
            let position = newer.unwrap_or(app.state.documents.len());
            app.state.documents.insert(position, document);
            let on_display = newer.map_or(position, |_| app.state.active + usize::from(app.state.active >= position));
            app.state.active = position;
            on_display
        }
    };
    show_graph(app, GraphId(0));
    show_first_weight(app);
    app.state.active = on_display;
    app.state.versus.shown = comparing.filter(|_| opening.replaces.is_some());
}

/// A new model shows its first kernel, or the layer that the command line asked for.
fn show_first_weight(app: &mut App) {
    let wanted = app.state.show_layer_at_start.clone();
    let Some(document) = app.state.document() else { return };
    let rows = &document.opened.rows;
    let named = wanted.as_deref().and_then(|text| {
        let exact = rows.iter().find(|row| row.full_name == text);
        exact.or_else(|| rows.iter().find(|row| row.full_name.contains(text) || row.name.contains(text)))
    });
    let problem = match (&wanted, named) {
        (Some(text), None) => Some(format!("No layer with weights has '{text}' in its name")),
        _ => None,
    };
    let first = named.or_else(|| rows.iter().find(|row| row.weight.role.name == "kernel" && row.problem.is_none())).or(rows.first());
    let site = first.map(|row| row.weight.site);
    if let Some(problem) = problem {
        app.state.notify(NoticeKind::Error, problem);
    }
    if let Some(site) = site {
        show_weight(app, site, true);
    }
}

fn show_picture(app: &mut App, ctx: &egui::Context, model: u64, picture: &Picture) {
    let Some(document) = app.state.by_number_mut(model) else { return };
    let heatmap = &mut document.views.heatmap;
    // Newest wins: the picture that arrives is the one that was asked for last.
    let Some(of) = heatmap.asked.clone().filter(|asked| asked.viewport == picture.viewport) else { return };
    let image = color_image(&picture.image);
    match &mut heatmap.shown {
        Some(shown) => {
            shown.texture.set(image, TextureOptions::NEAREST);
            shown.of = of;
        }
        None => {
            let texture = ctx.load_texture(format!("heatmap {model}"), image, TextureOptions::NEAREST);
            heatmap.shown = Some(ShownPicture { texture, of });
        }
    }
}

/// Brings the small picture to the graphics card; it is needed there alone.
fn keep_thumbnail(document: &mut Document, ctx: &egui::Context, site: Site, glance: &mut Glance) {
    if let Some(image) = glance.thumbnail.take() {
        let texture = ctx.load_texture("thumbnail", color_image(&image), TextureOptions::NEAREST);
        document.thumbnails.insert(site, texture);
    }
}

pub(super) fn color_image(image: &Image) -> egui::ColorImage {
    egui::ColorImage::from_rgba_unmultiplied([image.width() as usize, image.height() as usize], image.pixels())
}
