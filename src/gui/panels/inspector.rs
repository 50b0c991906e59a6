//! Everything about the selected operation: attributes, its weights' figures, inputs and outputs.

mod group;
mod origin;
mod structure;

use egui::ScrollArea;
use serde_json::Value;

use super::heatmap::{CellFacts, cell_facts};
use crate::groups::GroupRef;
use crate::gui::action::Action;
use crate::gui::command::Command;
use crate::gui::file_view::kind_name;
use crate::gui::names::{self, exact, figure, signed};
use crate::gui::profile;
use crate::gui::state::{Document, Progress};
use crate::gui::verify::verdict;
use crate::gui::views::HeatmapView;
use crate::gui::widgets::{entry, entry_link, key_value, key_value_link, section, section_with_link};
use crate::gui::{theme::Tokens, widgets};
use crate::jobs::Loaded;
use crate::model::{Graph, Operation, OperationId, OperationRef, TensorId};
use crate::runtime::Profile;
use crate::values::text::Lengths;
use crate::weights::fold::data_input;
use crate::weights::{Scheme, Section, Weight, notes};

/// `chosen` is the closed group that is selected in the place of an operation.
pub fn show(ui: &mut egui::Ui, document: &Document, chosen: Option<GroupRef>, heatmap: &HeatmapView, commands: &mut Vec<Command>) -> bool {
    let of = match (document.selected, chosen) {
        (Some(_), _) => "",
        (None, Some(_)) => "group",
        (None, None) => "model",
    };
    let is_dragged = widgets::head(ui, "Inspector", of, |_| {});
    ScrollArea::vertical().auto_shrink(false).id_salt("inspector").show(ui, |ui| {
        let margin = egui::Margin { left: 12, right: 12, top: 0, bottom: 12 };
        egui::Frame::NONE.inner_margin(margin).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 2.0;
            match (document.selected, chosen) {
                (Some(operation), _) => of_operation(ui, document, operation, heatmap, commands),
                (None, Some(chosen)) => group::show(ui, document, chosen, commands),
                (None, None) => of_model(ui, document, commands),
            }
        });
    });
    is_dragged
}

fn of_operation(ui: &mut egui::Ui, document: &Document, id: OperationId, heatmap: &HeatmapView, commands: &mut Vec<Command>) {
    let model = &document.opened.model;
    let graph = model.graph(document.graph);
    let operation = graph.operation(id);
    let is_unread = graph.is_unread(id);
    section(ui, if is_unread { "Tensor" } else { "Operation" });
    if let Some(note) = notes::of_operation(model, document.graph, operation) {
        ui.colored_label(Tokens::of(ui).warn, note);
    }
    key_value(ui, "name", document.label(document.graph, id), &operation.name);
    if !is_unread {
        let version = if operation.version.is_empty() { String::new() } else { version_text(&operation.version) };
        key_value(ui, "type", &format!("{}{version}", operation.kind), "");
    }
    key_value(ui, "index", &operation.index.to_string(), "");
    if is_unread {
        ui.label(egui::RichText::new("No operation reads this constant").color(Tokens::of(ui).dim));
    }
    if operation.attributes.iter().any(|(key, _)| !origin::is_origin(key)) {
        section(ui, "Attributes");
        attributes(ui, operation);
    }
    origin::show(ui, operation);
    if let Some(profile) = document.profiled.ready().filter(|_| !is_unread) {
        executed(ui, document, profile, id, commands);
    }
    let weights = document.opened.catalogue.of_layer(document.graph, id);
    for weight in &weights {
        of_weight(ui, document, weight, weights.len(), commands);
    }
    if let Some(loaded) = document.shown.ready().filter(|loaded| loaded.has_numbers()) {
        pointer(ui, loaded, heatmap);
    }
    if is_unread {
        return;
    }
    section(ui, "Inputs and outputs");
    tensors(ui, document, graph, operation);
    for (position, body) in operation.graphs.iter().enumerate() {
        let name = body_name(model.graph(*body), position);
        if ui.button(format!("Open body {name}")).clicked() {
            commands.push(Command::ShowGraph(*body));
        }
    }
}

/// What the runtime makes of an operation: each layer that it went into.
fn executed(ui: &mut egui::Ui, document: &Document, profile: &Profile, id: OperationId, commands: &mut Vec<Command>) {
    section(ui, &format!("{} on the CPU", profile.name));
    let mut layers = profile.of(OperationRef { graph: document.graph, operation: id }).peekable();
    if layers.peek().is_none() {
        let why = if document.graph.0 > 0 {
            "The runtime measures bodies as a whole, in the operation that calls them"
        } else {
            "No layer bears its name: the runtime folded it, or put others in its place"
        };
        ui.label(egui::RichText::new(why).color(Tokens::of(ui).dim));
    }
    for layer in layers {
        key_value(ui, "layer", &layer.kind, &layer.name);
        if !layer.kernel.is_empty() {
            key_value(ui, "kernel", &layer.kernel, "");
        }
        key_value(ui, "computes in", &layer.precision, &format!("outputs {} as {}", layer.output_precisions, layer.output_layouts));
        let share = profile::share(profile, layer);
        let (time, about) = match (layer.microseconds, layer.is_constant) {
            (Some(_), true) => {
                (format!("{} µs, once", profile::time(layer)), "computed from constants alone, when the model is compiled".to_owned())
            }
            (Some(_), false) => (
                format!("{} µs, {share}", profile::time(layer)),
                format!(
                    "{} µs of {} in the mean of {} inferences on zeros",
                    profile::time(layer),
                    names::thousands(profile.total_microseconds()),
                    profile.inferences
                ),
            ),
            (None, _) => ("–".to_owned(), "not run, or in less than a microsecond".to_owned()),
        };
        key_value(ui, "time", &time, &about);
        let others: Vec<OperationId> = layer.operations.iter().copied().filter(|other| *other != id).collect();
        if !others.is_empty() {
            key_value(ui, "fused with", &names::thousands(others.len() as u64), &profile::labels(document, &others));
        }
        for other in others {
            let (label, operation) = (document.label(document.graph, other), document.opened.model.main().operation(other));
            if entry_link(ui, label, &operation.kind, &format!("{} {}", operation.kind, operation.name), 1) {
                commands.push(Command::Select { graph: document.graph, operation: other, fly: true });
            }
        }
    }
}

fn version_text(version: &str) -> String {
    if version.chars().all(|c| c.is_ascii_digit()) { format!(" v{version}") } else { format!(" {version}") }
}

fn body_name(graph: &Graph, position: usize) -> String {
    let name = graph.path.last().map_or(graph.name.as_str(), String::as_str);
    if name.is_empty() { position.to_string() } else { name.to_owned() }
}

/// The attributes as the file names them; pairs that belong together (`stride_h`, `stride_w`) on
/// one line.
fn attributes(ui: &mut egui::Ui, operation: &Operation) {
    let mut merged: Vec<&str> = Vec::new();
    for (key, value) in &operation.attributes {
        if merged.contains(&key) || origin::is_origin(key) {
            continue;
        }
        let partner = [("_w", "_h"), ("_w_factor", "_h_factor"), ("_width", "_height")].iter().find_map(|(wide, high)| {
            let stem = key.strip_suffix(wide)?;
            let (partner, height) = operation.attributes.get_key_value(&format!("{stem}{high}"))?;
            Some((stem, partner, height))
        });
        match partner {
            Some((stem, partner, height)) => {
                merged.push(partner);
                key_value(
                    ui,
                    stem,
                    &format!("{} × {}", text(height), text(value)),
                    &format!("{partner} × {key}: {} × {}", text(height), text(value)),
                );
            }
            None if merged_later(operation, key) => {}
            None => metadata(ui, key, value, 0),
        }
    }
}

/// Whether a `_h` attribute will be shown with its `_w`.
fn merged_later(operation: &Operation, key: &str) -> bool {
    [("_h", "_w"), ("_h_factor", "_w_factor"), ("_height", "_width")]
        .iter()
        .any(|(high, wide)| key.strip_suffix(high).is_some_and(|stem| operation.attributes.contains_key(&format!("{stem}{wide}"))))
}

/// An entry, those of an object or a list of objects a line each below it, further in.
fn metadata(ui: &mut egui::Ui, key: &str, value: &Value, depth: usize) {
    const DEEPEST: usize = 12;
    match value {
        Value::Object(entries) if depth < DEEPEST && !entries.is_empty() => {
            entry(ui, key, "", depth);
            for (inner, value) in entries {
                metadata(ui, &format!("{key}/{inner}"), value, depth + 1);
            }
        }
        Value::Array(items) if depth < DEEPEST && items.iter().any(Value::is_object) => {
            entry(ui, key, "", depth);
            // One alone needs no number.
            let only = if let [Value::Object(entries)] = items.as_slice() { Some(entries) } else { None };
            for (inner, value) in only.into_iter().flatten() {
                metadata(ui, &format!("{key}/0/{inner}"), value, depth + 1);
            }
            for (position, item) in items.iter().enumerate().filter(|_| only.is_none()) {
                metadata(ui, &format!("{key}/{position}"), item, depth + 1);
            }
        }
        _ => entry(ui, key, &text(value), depth),
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(text).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

fn of_weight(ui: &mut egui::Ui, document: &Document, weight: &Weight, count: usize, commands: &mut Vec<Command>) {
    let model = &document.opened.model;
    let data = weight.data_tensor(model);
    let is_shown = document.weight == Some(weight.site);
    let is_unread = weight.graph(model).is_unread(weight.site.operation);
    if is_unread {
        section(ui, "values");
    } else if count > 1 && !is_shown {
        if section_with_link(ui, weight.role.name, "show") {
            commands.push(Command::ShowWeight(weight.site));
        }
    } else {
        section(ui, weight.role.name);
    }
    key_value(ui, "shape", &weight.graph(model).tensor(weight.tensor).shape.to_string(), "");
    if let Some(layout) = weight.role.layout.filter(|layout| layout.len() > 1) {
        key_value(ui, "layout", layout, layout_words(layout).as_str());
    }
    if let Some(groups) = weight.groups(model).filter(|groups| *groups > 1) {
        key_value(ui, "groups", &groups.to_string(), "");
    }
    stacked(ui, "gates", &weight.sections.gates);
    stacked(ui, "parts", &weight.sections.parts);
    let bytes = weight.stored_bytes(model).map_or("no bytes".to_owned(), |bytes| names::bytes(bytes.len() as u64));
    key_value(ui, "stored", &format!("{}, {bytes}", data.dtype), &format!("{}: {} of type {}, {bytes}", data.name, data.shape, data.dtype));
    if is_shown || weight.scheme != Scheme::None {
        key_value(ui, "quantisation", weight.scheme.name(), "");
    }
    for note in weight.notes(model) {
        ui.label(egui::RichText::new(note).color(Tokens::of(ui).dim));
    }
    let levels = weight.chain_operations(model).filter(|operation| operation.kind == "FakeQuantize");
    if let Some(levels) = levels.filter_map(|operation| operation.attributes.get("levels")).last() {
        key_value(ui, "levels", &text(levels), "");
    }
    if !weight.chain.is_empty() && is_shown {
        way(ui, document, weight, commands);
    } else if !weight.chain.is_empty() {
        let chain: Vec<_> = weight.chain_operations(model).map(|operation| operation.kind.as_str()).collect();
        key_value(ui, "chain", &chain.join(" → "), "");
    }
    if let Some(name) = weight.computed_by() {
        key_value(ui, "computed by", &name, "an operation on its way is not evaluated here; the runtime computed the values");
    }
    let problem = weight.problem(model);
    if let Some(problem) = &problem {
        ui.colored_label(Tokens::of(ui).warn, problem);
    }
    let verified =
        document.verified.ready().and_then(|report| report.rows.iter().find(|row| row.site == weight.site).map(|row| (report, row)));
    if let Some((report, row)) = verified {
        let (words, _) = verdict(row, Tokens::of(ui));
        key_value(ui, &report.name, row.verdict.name(), &words);
    }
    match (&document.shown, is_shown) {
        (Progress::Ready(loaded), true) => {
            if !loaded.sections.is_empty() {
                let names: Vec<_> = loaded.sections.iter().map(|section| section.name).collect();
                key_value(ui, "figures of", &names.join(" "), "");
            }
            match &loaded.text_lengths {
                Some(found) => lengths(ui, found),
                None => {
                    figures(ui, loaded);
                    structure::show(ui, document, loaded, commands);
                }
            }
        }
        (Progress::Failed(_), true) if problem.is_some() => {}
        (Progress::Failed(problem), true) => {
            ui.colored_label(Tokens::of(ui).warn, problem);
        }
        _ => {
            if let Some(glance) = document.glances.get(&weight.site).and_then(Progress::ready) {
                key_value(ui, "range", &format!("{} to {}", signed(glance.min), signed(glance.max)), "");
            }
        }
    }
}

/// What a weight holds one after the other, in its order.
fn stacked(ui: &mut egui::Ui, key: &str, sections: &[Section]) {
    if !sections.is_empty() {
        let names: Vec<_> = sections.iter().map(|section| section.name).collect();
        let range = |section: &Section| format!("{}: {} to {} along axis {}", section.name, section.start, section.end - 1, section.axis);
        key_value(ui, key, &names.join(" "), &sections.iter().map(range).collect::<Vec<_>>().join("\n"));
    }
}

/// The way from the stored constant to the layer: every operation with the constants that it takes, each a
/// link to itself.
fn way(ui: &mut egui::Ui, document: &Document, weight: &Weight, commands: &mut Vec<Command>) {
    let (model, catalogue) = (&document.opened.model, &document.opened.catalogue);
    ui.add_space(4.0);
    let data = weight.data_tensor(model);
    key_value(ui, &format!("from {}", data.name), &format!("{} {}", data.dtype, data.shape), &data.name);
    for place in &weight.chain {
        let operation = model.operation(*place);
        let output = operation.outputs.first().map(|output| model.graph(place.graph).tensor(*output));
        let made = output.map_or(String::new(), |output| format!("{} {}", output.dtype, output.shape));
        if key_value_link(ui, &format!("→ {}", operation.kind), &made, &format!("{} {}, {made}", operation.kind, operation.name)) {
            commands.push(Command::Select { graph: place.graph, operation: place.operation, fly: true });
        }
        let on_the_way = data_input(model.graph(place.graph), operation);
        for side in catalogue.of_operation(place.graph, place.operation).iter().filter(|side| Some(side.site.input) != on_the_way) {
            let stored = side.data_tensor(model);
            let text = format!("{} {}", stored.dtype, stored.shape);
            let name = match (operation.kind.as_str(), side.site.input) {
                ("FakeQuantize", input @ 1..=4) => ["input low", "input high", "output low", "output high"][input - 1],
                _ => side.role.name,
            };
            if entry_link(ui, name, &text, &format!("{} {text}", stored.name), 2) {
                commands.push(Command::ShowWeight(side.site));
            }
        }
    }
    ui.add_space(4.0);
}

fn layout_words(layout: &str) -> String {
    let words: Vec<_> = layout
        .chars()
        .map(|letter| match letter {
            'O' => "output channel",
            'I' => "input channel",
            'G' => "group",
            'H' => "height",
            'W' => "width",
            'D' => "depth",
            '1' => "one",
            _ => "axis",
        })
        .collect();
    format!("{layout}: {}", words.join(", "))
}

/// What strings have instead of figures.
fn lengths(ui: &mut egui::Ui, lengths: &Lengths) {
    key_value(ui, "strings", &names::thousands(lengths.count), "");
    key_value(ui, "length", &format!("{} to {} bytes", names::thousands(lengths.shortest), names::thousands(lengths.longest)), "");
    key_value(ui, "empty", &names::thousands(lengths.empty), "");
}

fn figures(ui: &mut egui::Ui, loaded: &Loaded) {
    let moments = &loaded.summary.moments;
    let line = |ui: &mut egui::Ui, key: &str, value: f64, is_signed: bool| {
        key_value(ui, key, &if is_signed { signed(value) } else { figure(value) }, &exact(value));
    };
    if !loaded.scales.scales.is_empty() {
        let range = |values: &[f64]| {
            let low = values.iter().copied().fold(f64::INFINITY, f64::min);
            let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            if low == high { figure(low) } else { format!("{} to {}", figure(low), figure(high)) }
        };
        let count = loaded.scales.scales.len();
        let axis = loaded.scales.axis.map_or(String::new(), |axis| format!(" along axis {axis}"));
        let many = format!("{} scale{}", names::thousands(count as u64), if count == 1 { "" } else { "s" });
        let blocks = loaded.scales.block.iter().map(ToString::to_string).collect::<Vec<_>>().join("×");
        if !blocks.is_empty() {
            key_value(ui, "block", &blocks, &format!("{many}{axis}, one for each block of so many neighbours"));
        }
        let derived = if loaded.scales.is_derived { ", derived from the input's and the kernel's" } else { "" };
        key_value(ui, "scale", &range(&loaded.scales.scales), &format!("{many}{axis}{derived}"));
        if !loaded.scales.zero_points.is_empty() {
            key_value(ui, "zero point", &range(&loaded.scales.zero_points), "");
        }
    }
    line(ui, "min", moments.min, true);
    line(ui, "max", moments.max, true);
    line(ui, "mean", moments.mean, true);
    line(ui, "std", moments.std, false);
    line(ui, "median", loaded.summary.percentiles.p50, true);
    line(ui, "skew", moments.skew, true);
    line(ui, "kurtosis", moments.kurtosis, true);
    let of_all = |count: u64| format!("{} of {}", names::thousands(count), names::thousands(moments.count));
    key_value(ui, "zeros", &of_all(moments.zeros), "");
    key_value(ui, "outliers", &of_all(loaded.summary.outliers), "values further than 6 × 1.4826 × MAD from the median");
    if moments.nan + moments.inf() > 0 {
        key_value(ui, "NaN, infinite", &format!("{}, {}", moments.nan, moments.inf()), "");
    }
    if let Some((axis, channels)) = &loaded.channels {
        let dead = channels.iter().filter(|channel| channel.is_dead()).count();
        key_value(
            ui,
            "dead channels",
            &format!("{dead} of {}", names::thousands(channels.len() as u64)),
            &format!("output channels (axis {axis}) whose values are all zero"),
        );
    }
}

/// The pinned cell, which the arrow keys move, and the one under the pointer.
fn pointer(ui: &mut egui::Ui, loaded: &Loaded, heatmap: &HeatmapView) {
    let facts_of = |cell| cell_facts(loaded, heatmap, cell);
    let pinned = heatmap.pinned.and_then(facts_of);
    if let Some(facts) = &pinned {
        section(ui, "Pinned cell");
        cell(ui, facts);
    }
    match heatmap.hovered.filter(|hovered| Some(*hovered) != heatmap.pinned).and_then(facts_of) {
        Some(facts) => {
            section(ui, "Pointer");
            cell(ui, &facts);
        }
        None if pinned.is_none() => {
            section(ui, "Pointer");
            ui.label(egui::RichText::new("Point at the heatmap").color(Tokens::of(ui).dim));
        }
        None => {}
    }
}

fn cell(ui: &mut egui::Ui, facts: &CellFacts) {
    if !facts.axes.is_empty() {
        key_value(ui, &facts.axes, &facts.index, "");
    }
    key_value(ui, "layout", &facts.layout, "the axes of the values, slowest first");
    if !facts.gate.is_empty() {
        key_value(ui, "gate", &facts.gate, "");
    }
    key_value(ui, "value", &signed(facts.value.into()), &facts.value.to_string());
    if let Some(code) = facts.code {
        key_value(ui, "stored code", &code.to_string(), "");
    }
    if let Some((scale, zero_point)) = facts.scale {
        key_value(ui, "scale, zero", &format!("{}, {zero_point}", figure(scale)), &format!("scale {scale}, zero point {zero_point}"));
    }
    if let Some(percentile) = facts.percentile {
        key_value(ui, "percentile", &format!("{percentile:.1}"), "");
    }
}

fn tensors(ui: &mut egui::Ui, document: &Document, graph: &Graph, operation: &Operation) {
    let constant = |id: TensorId| document.opened.catalogue.is_constant(document.graph, id);
    let line = |ui: &mut egui::Ui, key: String, id: TensorId| {
        let tensor = graph.tensor(id);
        let note = if constant(id) { "constant, " } else { "" };
        key_value(ui, &key, &tensor.shape.to_string(), &format!("{}: {note}{} {}", tensor.name, tensor.dtype, tensor.shape));
    };
    for (position, input) in operation.inputs.iter().enumerate() {
        match input {
            Some(id) => line(ui, format!("{position} {}", names::elide_middle(&graph.tensor(*id).name, 22)), *id),
            None => {
                key_value(ui, &format!("{position}"), "not fed", "");
            }
        }
    }
    for id in &operation.outputs {
        line(ui, format!("→ {}", names::elide_middle(&graph.tensor(*id).name, 22)), *id);
    }
}

fn of_model(ui: &mut egui::Ui, document: &Document, commands: &mut Vec<Command>) {
    let model = &document.opened.model;
    section(ui, "Model");
    key_value(ui, "file", &model.file_name(), &model.file.display().to_string());
    key_value(ui, "format", &format!("{} {}", model.format, names::version(model)), "");
    if let Some(producer) = &model.producer {
        key_value(ui, "made by", producer, "");
    }
    let operations: usize = model.graphs.iter().map(|graph| graph.operations.len()).sum();
    key_value(ui, "graphs", &model.graphs.len().to_string(), "");
    key_value(ui, "operations", &names::thousands(operations as u64), "");
    let size: u64 = model.sources.iter().map(crate::source::Source::len).sum();
    key_value(ui, "size", &names::bytes(size), &format!("{} bytes", names::thousands(size)));
    let main = model.main();
    section(ui, "Inputs");
    for id in &main.inputs {
        let tensor = main.tensor(*id);
        key_value(ui, &tensor.name, &format!("{} {}", tensor.dtype, tensor.shape), "");
    }
    section(ui, "Outputs");
    for id in &main.outputs {
        let tensor = main.tensor(*id);
        key_value(ui, &tensor.name, &format!("{} {}", tensor.dtype, tensor.shape), "");
    }
    for signature in &model.signatures {
        section(ui, "Signature");
        key_value(ui, "key", &signature.key, "The name by which a program calls it");
        let graph = model.graph(signature.graph);
        if model.graphs.len() > 1 {
            let name = if graph.name.is_empty() { signature.graph.0.to_string() } else { graph.name.clone() };
            if key_value_link(ui, "graph", &name, "show the graph") {
                commands.push(Command::ShowGraph(signature.graph));
            }
        }
        for (arrow, ends) in [("", &signature.inputs), ("→ ", &signature.outputs)] {
            for (name, id) in ends {
                let tensor = graph.tensor(*id);
                key_value(ui, &format!("{arrow}{name}"), &format!("{} {}", tensor.dtype, tensor.shape), &tensor.name);
            }
        }
    }
    if !model.files.is_empty() {
        section(ui, "Files");
        for (position, file) in model.files.iter().enumerate() {
            let value = format!("{}, {}", kind_name(file), names::bytes(file.content.len()));
            let about = file.about.iter().map(|about| format!("\nof {about}")).collect::<String>();
            let description = file.description.as_ref().map_or(String::new(), |text| format!("\n{text}"));
            let problem = file.content.problem().map_or(String::new(), |problem| format!("\n{problem}"));
            if key_value_link(ui, &file.name, &value, &format!("show the file{description}{about}{problem}")) {
                commands.push(Command::ShowFile(position));
            }
        }
    }
    if !model.warnings.is_empty() {
        section(ui, "Warnings");
        for warning in &model.warnings {
            ui.colored_label(Tokens::of(ui).warn, warning);
        }
        if document.opened.lacks_constants && document.takes_constants() && ui.button(Action::ChooseConstants.name()).clicked() {
            commands.push(Command::Do(Action::ChooseConstants));
        }
    }
    if !model.metadata.is_empty() {
        section(ui, "Metadata");
        for (key, value) in &model.metadata {
            metadata(ui, key, value, 0);
        }
    }
}
