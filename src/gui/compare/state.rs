//! What is known of a comparison so far.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;

use crossbeam_channel::Receiver;

use super::views::Views;
use crate::compare::difference::Kind;
use crate::compare::pair::Decisions;
use crate::compare::table::{Row, Table};
use crate::compare::{Pair, Pairing, Preset};
use crate::gui::state::Progress;
use crate::jobs::Opened;
use crate::jobs::versus::{Facing, Plane, Sides, Told};
use crate::stats::Histogram;
use crate::weights::Site;

/// All comparisons of the window, and what will become one.
#[derive(Default)]
pub struct Versus {
    pub comparisons: Vec<Comparison>,
    /// The number of the comparison on display, in the place of a document.
    pub shown: Option<u64>,
    pub pending: Vec<Pending>,
    /// The weight that others are compared with.
    pub reference: Option<Reference>,
    /// Files that were dropped onto an open model, until it is known whether to open or to compare them.
    pub dropped: Option<Vec<PathBuf>>,
    /// What the command line asks to show of the comparison that it starts.
    pub at_start: Option<AtStart>,
}

/// What the command line asked for.
#[derive(Clone, Debug)]
pub struct AtStart {
    pub mode: super::views::Mode,
    pub layer: Option<String>,
}

/// Two models, one or both still being opened, that are compared when both are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pending {
    pub a: u64,
    pub b: u64,
}

#[derive(Clone)]
pub struct Reference {
    pub opened: Arc<Opened>,
    pub site: Site,
}

/// Two models held against each other.
pub struct Comparison {
    pub number: u64,
    pub sides: Sides,
    /// Whether two weights were chosen, instead of two models.
    pub of_weights: Option<(Site, Site)>,
    pub decisions: Decisions,
    pub pairing: Option<Pairing>,
    /// As far as they are known, in A's order.
    pub rows: Vec<Row>,
    pub status: Status,
    pub told: Option<Receiver<Told>>,
    /// Whether the rows have the figures that sort both sides.
    pub has_distributions: bool,
    pub selected: Option<(Site, Site)>,
    /// Whether the person chose the pair; until then the worst one is shown.
    pub is_chosen: bool,
    pub facing: Progress<Arc<Facing>>,
    pub difference: Progress<Arc<Plane>>,
    pub difference_kind: Kind,
    pub histograms: Progress<Arc<[Histogram; 2]>>,
    /// Pairs for the list of layers to leave in float.
    pub ticked: HashSet<(Site, Site)>,
    pub views: Views,
    /// The part of a name for which the first pair is shown.
    pub layer_wanted: Option<String>,
}

/// How far the table is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    Running,
    Done,
    Cancelled,
    /// One sentence.
    Failed(String),
}

impl Versus {
    pub fn on_display(&self) -> Option<&Comparison> {
        self.by_number(self.shown?)
    }

    pub fn by_number(&self, number: u64) -> Option<&Comparison> {
        self.comparisons.iter().find(|comparison| comparison.number == number)
    }

    pub fn by_number_mut(&mut self, number: u64) -> Option<&mut Comparison> {
        self.comparisons.iter_mut().find(|comparison| comparison.number == number)
    }
}

impl Comparison {
    pub fn new(number: u64, sides: Sides, of_weights: Option<(Site, Site)>) -> Self {
        Self {
            number,
            sides,
            of_weights,
            decisions: Decisions::default(),
            pairing: None,
            rows: Vec::new(),
            status: Status::Running,
            told: None,
            has_distributions: false,
            selected: of_weights,
            is_chosen: false,
            facing: Progress::None,
            difference: Progress::None,
            difference_kind: Kind::default(),
            histograms: Progress::None,
            ticked: HashSet::new(),
            views: Views::default(),
            layer_wanted: None,
        }
    }

    pub fn row(&self, pair: (Site, Site)) -> Option<&Row> {
        self.rows.iter().find(|row| (row.pair.a, row.pair.b) == pair)
    }

    pub fn selected_row(&self) -> Option<&Row> {
        self.row(self.selected?)
    }

    /// Takes in a row; the order stays A's.
    pub fn take(&mut self, row: Row) {
        let key = |row: &Row| (row.pair.a, row.pair.b);
        match self.rows.binary_search_by_key(&key(&row), key) {
            Ok(place) => self.rows[place] = row,
            Err(place) => self.rows.insert(place, row),
        }
        self.views.table.ordered_for = None;
    }

    /// Of `28 of 30`: pairs, and weights of A.
    pub fn paired(&self) -> Option<(usize, usize)> {
        let pairing = self.pairing.as_ref()?;
        Some((pairing.pairs.len(), pairing.pairs.len() + pairing.only_a.len()))
    }

    /// The table as far as it is known, for reports.
    pub fn table(&self) -> Table {
        Table { pairing: self.pairing.clone().unwrap_or_default(), rows: self.rows.clone() }
    }

    /// The pairs that were found or decided.
    pub fn pairs(&self) -> &[Pair] {
        self.pairing.as_ref().map_or(&[], |pairing| &pairing.pairs)
    }

    pub fn preset(&self) -> Preset {
        self.views.table.preset
    }
}

/// The short name of a weight's layer, the name as the file has it, and the role.
pub fn name_of(opened: &Opened, site: Site) -> (String, String, String) {
    let Some(weight) = opened.catalogue.at(site) else { return Default::default() };
    let label = opened.labels.get(site.graph.0 as usize).map_or("", |labels| labels.of(weight.layer()));
    (label.to_owned(), weight.operation(&opened.model).name.clone(), weight.role.name.to_owned())
}
