//! What can be asked of comparisons, beyond actions without more to say.

use std::path::PathBuf;
use std::sync::Arc;

use super::views::PictureWanted;
use crate::compare::difference::Kind;
use crate::export::picture::PictureOptions;
use crate::jobs::versus::Plane;
use crate::view::View;
use crate::weights::Site;

#[derive(Debug)]
pub enum Request {
    /// Compares two open models, the first one being the reference.
    Models {
        a: u64,
        b: u64,
    },
    /// Opens files and compares the first one with an open model; without one, two files with each other.
    Files {
        with: Option<u64>,
        paths: Vec<PathBuf>,
    },
    /// Asks the system for the file to compare a model with.
    BrowseForOther {
        a: u64,
    },
    /// Keeps a weight of a document as the reference.
    SetReference {
        document: u64,
        site: Site,
    },
    /// Compares a weight of a document with the reference.
    WithReference {
        document: u64,
        site: Site,
    },
    /// Shows the pair of a document's weight, in a comparison that has one.
    ShowPair {
        document: u64,
        site: Site,
    },
    Activate(u64),
    Close(u64),
    /// Shows a pair.
    Select {
        comparison: u64,
        pair: (Site, Site),
    },
    /// Compares the pairs that are not compared yet.
    Continue(u64),
    Cancel(u64),
    Swap(u64),
    /// Figures that sort both sides are wanted.
    NeedDistributions(u64),
    NeedDifference {
        comparison: u64,
        kind: Kind,
    },
    NeedHistograms(u64),
    /// The values of the pair that was selected while the comparison was not on display.
    NeedFace(u64),
    /// What makes a picture from afar exact.
    NeedPyramid {
        comparison: u64,
        slot: usize,
        plane: Arc<Plane>,
        view: Box<View>,
    },
    NeedPicture {
        comparison: u64,
        slot: usize,
        wanted: Box<PictureWanted>,
    },
    /// Ticks a pair for the fix list, or takes the tick away.
    Tick {
        comparison: u64,
        pair: (Site, Site),
    },
    BreakPair {
        comparison: u64,
        pair: (Site, Site),
    },
    MakePair {
        comparison: u64,
        pair: (Site, Site),
    },
    /// Forgets what was decided by hand.
    ForgetDecisions(u64),
    SavePictures {
        comparison: u64,
        options: PictureOptions,
        path: PathBuf,
    },
    OpenReport(u64),
    OpenSavePairs(u64),
    OpenLoadPairs(u64),
    SaveReport {
        comparison: u64,
        path: PathBuf,
    },
    SavePairs {
        comparison: u64,
        path: PathBuf,
    },
    LoadPairs {
        comparison: u64,
        path: PathBuf,
    },
    /// Shows a weight of A or B in its model's own tab.
    ShowInModel {
        comparison: u64,
        is_of_a: bool,
        site: Site,
    },
    /// What becomes of a file that was dropped onto an open model.
    DropTo {
        compare: bool,
    },
}
