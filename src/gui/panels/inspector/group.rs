//! The page of a closed group of operations: what it was found by, how many are built like it, what it
//! holds by families, and its operations as links.

use crate::groups::{Count, GroupRef, Groups, Origin};
use crate::gui::command::Command;
use crate::gui::names::{bytes, thousands};
use crate::gui::state::Document;
use crate::gui::theme::Tokens;
use crate::gui::widgets::{entry_link, key_value, section};
use crate::model::OperationId;

/// Operations that are listed; of more their number is said.
const LISTED: usize = 300;

pub fn show(ui: &mut egui::Ui, document: &Document, at: GroupRef, commands: &mut Vec<Command>) {
    let groups = document.opened.groups(at.graph);
    let Some(group) = groups.get(at.group) else { return };
    section(ui, "Group");
    key_value(ui, "name", &group.name, "");
    let found_by = match group.origin {
        Origin::Names => "names that begin alike",
        Origin::Repeated => "operations that come again",
        Origin::Section => "few tensors at its ends",
    };
    key_value(ui, "found by", found_by, "");
    if group.alike > 1 {
        let about = "the same operations with parameters of the same shapes, connected in the same way; itself included";
        key_value(ui, "built alike", &thousands(u64::from(group.alike)), about);
    }
    key_value(ui, "operations", &thousands(group.total.operations), "");
    key_value(ui, "parameters", &thousands(group.total.parameters), "");
    key_value(ui, "bytes", &bytes(group.total.bytes), &format!("{} bytes, as stored in the file", thousands(group.total.bytes)));
    section(ui, "By family");
    for (family, count) in &group.shares {
        key_value(ui, family.name(), &short(count), &full(count));
    }
    section(ui, "Operations of the group");
    let mut operations = Vec::new();
    collect(groups, at, &mut operations);
    operations.sort_unstable_by_key(|operation| operation.0);
    let graph = document.opened.model.graph(at.graph);
    for id in operations.iter().take(LISTED) {
        let operation = graph.operation(*id);
        if entry_link(ui, document.label(at.graph, *id), &operation.kind, &format!("{} {}", operation.kind, operation.name), 0) {
            commands.push(Command::Select { graph: at.graph, operation: *id, fly: true });
        }
    }
    if operations.len() > LISTED {
        let more = thousands((operations.len() - LISTED) as u64);
        ui.label(egui::RichText::new(format!("and {more} more: open the group")).color(Tokens::of(ui).dim));
    }
}

/// All operations in a group, however deep.
fn collect(groups: &Groups, at: GroupRef, operations: &mut Vec<OperationId>) {
    let mut open = vec![at.group];
    while let Some(group) = open.pop().and_then(|id| groups.get(id)) {
        operations.extend(&group.operations);
        open.extend(&group.groups);
    }
}

fn short(count: &Count) -> String {
    let operations = thousands(count.operations);
    if count.bytes == 0 { operations } else { format!("{operations}, {}", bytes(count.bytes)) }
}

fn full(count: &Count) -> String {
    let (operations, parameters) = (thousands(count.operations), thousands(count.parameters));
    format!("operations {operations}, parameters {parameters}, bytes stored {}", thousands(count.bytes))
}
