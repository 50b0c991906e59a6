//! Which layers and weights a command is about.

use std::collections::BTreeSet;

use anyhow::{Result, bail};
use clap::Args;

use crate::model::{Model, Operation};
use crate::weights::{Catalogue, Kind, Section, Weight};

/// The selection that `extract`, `heatmap` and `histogram` share.
#[derive(Clone, Debug, Default, Args)]
pub struct Selection {
    /// The operations whose name contains TEXT; an operation of exactly that name comes first.
    #[arg(long, value_name = "TEXT")]
    pub layer: Option<String>,
    /// The operations of this type: CONV_2D, Convolution.
    #[arg(long, value_name = "TYPE")]
    pub op: Option<String>,
    /// Only the first operation that matches.
    #[arg(long)]
    pub first: bool,
    /// Only constants with this role: kernel, bias, scale, table, ...
    #[arg(long)]
    pub role: Option<String>,
    /// Only this gate of a recurrent layer: input, forget, cell, output, update, reset, candidate.
    #[arg(long)]
    pub gate: Option<String>,
    /// Only these columns of a kernel over data and state (input, state), or this direction (forward, backward).
    #[arg(long)]
    pub part: Option<String>,
}

impl Selection {
    /// Whether nothing was said: everything is meant.
    pub fn is_empty(&self) -> bool {
        self.layer.is_none() && self.op.is_none() && self.role.is_none() && !self.first
    }

    /// The selected weights in file order: all that the selected layers compute with, with the
    /// bias in an addition that follows. With `parameters`, shapes and axes too.
    ///
    /// # Errors
    /// Nothing matches: a sentence that lists what there is.
    pub fn weights<'c>(&self, model: &Model, catalogue: &'c Catalogue, parameters: bool) -> Result<Vec<&'c Weight>> {
        let layers = self.layers(model, catalogue)?;
        let mut chosen: Vec<&Weight> = Vec::new();
        for layer in &layers {
            let (graph, operation) = (layer.site.graph, layer.site.operation);
            let of_layer = catalogue.of_layer(graph, operation);
            let own = catalogue.of_operation(graph, operation).iter().filter(|weight| parameters && weight.role.kind == Kind::Parameter);
            chosen.extend(own.chain(of_layer));
        }
        chosen.sort_by_key(|weight| weight.site);
        chosen.dedup_by_key(|weight| weight.site);
        let Some(role) = &self.role else {
            let chosen = self.with_sections(chosen)?;
            if chosen.is_empty() {
                bail!(
                    "{} no weights; layers with weights: {}",
                    self.subject(&layers, model),
                    listing(layers_with_weights(model, catalogue))
                );
            }
            return Ok(chosen);
        };
        // With a gate named apart, `input_kernel` is every gate's.
        let is_meant = |weight: &&Weight| weight.role.name == role || (self.gate.is_some() && weight.role.base() == role);
        let with_role: Vec<_> = chosen.iter().copied().filter(is_meant).collect();
        if with_role.is_empty() {
            let roles: BTreeSet<_> = chosen.iter().map(|weight| weight.role.name).collect();
            bail!("no constant with role '{role}' there; roles there: {}", listing(roles.into_iter().map(str::to_owned).collect()));
        }
        self.with_sections(with_role)
    }

    /// The weights that have the gate and the part that are asked for.
    fn with_sections<'c>(&self, weights: Vec<&'c Weight>) -> Result<Vec<&'c Weight>> {
        for (option, wanted) in [("gate", &self.gate), ("part", &self.part)] {
            let Some(wanted) = wanted else { continue };
            if !weights.iter().any(|weight| has_section(weight, wanted)) {
                let names: BTreeSet<_> = weights.iter().flat_map(|weight| section_names(weight)).collect();
                let there =
                    if names.is_empty() { "there are none".to_owned() } else { listing(names.into_iter().map(str::to_owned).collect()) };
                bail!("no constant with the {option} '{wanted}' there; gates and parts there: {there}");
            }
        }
        let has = |weight: &&Weight| [&self.gate, &self.part].into_iter().flatten().all(|wanted| has_section(weight, wanted));
        Ok(weights.into_iter().filter(has).collect())
    }

    /// The sections of a selected weight that are asked for; none where a tensor is one gate's alone.
    pub fn sections(&self, weight: &Weight) -> Vec<Section> {
        let of = |sections: &[Section], wanted: &Option<String>| {
            sections.iter().find(|section| wanted.as_deref() == Some(section.name)).cloned()
        };
        of(&weight.sections.gates, &self.gate).into_iter().chain(of(&weight.sections.parts, &self.part)).collect()
    }

    /// One constant an operation that matches `layer` and `op`; any of the operation's constants.
    fn layers<'c>(&self, model: &Model, catalogue: &'c Catalogue) -> Result<Vec<&'c Weight>> {
        let mut layers: Vec<&Weight> = catalogue.all().iter().filter(|weight| self.matches(weight.operation(model))).collect();
        layers.dedup_by_key(|weight| (weight.site.graph, weight.site.operation));
        // An operation without a constant may be named too; then there is nothing to extract from it.
        let named = || model.graphs.iter().flat_map(|graph| &graph.operations).find(|operation| self.matches(operation));
        if let Some(exact) = &self.layer
            && layers.iter().any(|weight| weight.operation(model).name == *exact)
        {
            layers.retain(|weight| weight.operation(model).name == *exact);
        }
        if self.first {
            let first = layers.iter().position(|weight| !catalogue.of_layer(weight.site.graph, weight.site.operation).is_empty());
            layers = first.map(|first| vec![layers[first]]).unwrap_or_default();
        }
        if layers.is_empty() {
            match (named(), &self.op) {
                (Some(operation), _) => {
                    bail!(
                        "'{}' ({}) has no constants; layers with weights: {}",
                        operation.name,
                        operation.kind,
                        listing(layers_with_weights(model, catalogue))
                    )
                }
                (None, Some(op)) if self.layer.is_none() => {
                    bail!("no operation of type '{op}'; types with constants: {}", listing(types(model, catalogue)))
                }
                (None, _) => {
                    bail!("no layer matches '{}'; layers with weights: {}", self.text(), listing(layers_with_weights(model, catalogue)))
                }
            }
        }
        Ok(layers)
    }

    fn matches(&self, operation: &Operation) -> bool {
        let layer = self.layer.as_ref().is_none_or(|text| operation.name.contains(text.as_str()));
        let kind = self.op.as_ref().is_none_or(|kind| operation.kind.eq_ignore_ascii_case(kind));
        layer && kind
    }

    fn text(&self) -> String {
        [self.layer.as_deref(), self.op.as_deref()].into_iter().flatten().collect::<Vec<_>>().join(" ")
    }

    fn subject(&self, layers: &[&Weight], model: &Model) -> String {
        match layers {
            [layer] => format!("'{}' has", layer.operation(model).name),
            _ if self.layer.is_none() && self.op.is_none() => "the model has".to_owned(),
            _ => "the selected operations have".to_owned(),
        }
    }
}

fn layers_with_weights(model: &Model, catalogue: &Catalogue) -> Vec<String> {
    let mut names: Vec<String> = catalogue.weights().map(|weight| weight.operation(model).name.clone()).collect();
    names.dedup();
    names
}

fn types(model: &Model, catalogue: &Catalogue) -> Vec<String> {
    let kinds: BTreeSet<_> = catalogue.all().iter().map(|weight| weight.operation(model).kind.clone()).collect();
    kinds.into_iter().collect()
}

/// The names, or the first forty and how many more there are.
pub fn listing(names: Vec<String>) -> String {
    const SHOWN: usize = 40;
    let more = names.len().saturating_sub(SHOWN);
    let shown = names.into_iter().take(SHOWN).collect::<Vec<_>>().join(", ");
    match (shown.is_empty(), more) {
        (true, _) => "none".to_owned(),
        (_, 0) => shown,
        (_, more) => format!("{shown} and {more} more"),
    }
}

/// Gates and parts that a weight holds or is.
fn section_names(weight: &Weight) -> impl Iterator<Item = &'static str> {
    weight.sections.iter().map(|section| section.name).chain(weight.role.name.split('.').skip(1))
}

fn has_section(weight: &Weight, wanted: &str) -> bool {
    section_names(weight).any(|name| name == wanted)
}
