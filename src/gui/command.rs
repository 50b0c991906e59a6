//! Every way to change the window's state. Panels push commands; [`super::execute`] carries them
//! out, one after the other, after the panels were drawn.

use std::path::PathBuf;
use std::sync::Arc;

use crate::groups::GroupRef;
use crate::jobs::{Key, Loaded, Measure, SavePlan, Shows, Sought};
use crate::model::{GraphId, OperationId, OperationRef};
use crate::sorting::SortKey;
use crate::weights::{Reading, Section, Site};

use super::action::Action;
use super::compare::Request;
use super::settings::ThemeChoice;

#[derive(Debug)]
pub enum Command {
    /// A menu entry, a shortcut, a palette row.
    Do(Action),
    OpenFiles(Vec<PathBuf>),
    /// Reads the model on display again, with its constants from this file.
    UseConstants(PathBuf),
    CancelOpening(u64),
    ActivateDocument(usize),
    CloseDocument(usize),
    /// Selects an operation of the document's graph on display and shows its weight.
    Select {
        graph: GraphId,
        operation: OperationId,
        fly: bool,
    },
    Deselect,
    /// The pointer is on an operation's row in a list: it is lit in the graph as long as it is.
    PointAt(OperationRef),
    /// Asks for the operations that match a query.
    NeedFound(String),
    /// Asks for figures to colour the operations of the graph on display by.
    NeedMeasures(Measure),
    CancelMeasures,
    /// Selects a closed group in the place of an operation.
    ChooseGroup(GroupRef),
    /// Opens or closes a part of the graph on display.
    Fold(FoldChange),
    ShowGraph(GraphId),
    /// Shows a weight, and selects the operation that uses it.
    ShowWeight(Site),
    /// Shows a gate alone, or the whole weight on display again.
    ShowSections(Vec<Section>),
    /// What is shown of weights that `FakeQuantize` quantises when the model runs.
    ReadAs(Reading),
    /// Asks for the figures and the small picture of a weight that came into sight.
    NeedGlance(Site),
    /// Asks for the picture on display to be drawn anew.
    NeedPicture(Box<super::views::PictureWanted>),
    /// Asks for what makes the picture on display exact.
    NeedPyramid(Box<super::views::PictureWanted>),
    /// Asks for the figures that the colours of codes or magnitudes follow.
    NeedFigures(Shows),
    /// Lays an axis of the weight on display out in an order.
    Sort {
        axis: usize,
        key: SortKey,
    },
    /// Looks for a value of the weight on display, and goes there.
    Seek(Sought),
    /// Looks for a row by the name that a file of the model gives it.
    SeekName(String),
    /// Gives up reading the weight on display.
    CancelLoad,
    /// Gives up work of which nothing else depends.
    CancelJob(Key),
    /// Puts a text on the clipboard.
    CopyText(String),
    NeedCompletions(String),
    NeedHistogram(super::views::HistogramWanted),
    NeedRidges(Arc<Loaded>),
    NeedStructure(Arc<Loaded>),
    /// Computes the figures of every weight of the model on display.
    NeedStatistics,
    CancelStatistics,
    /// Asks where lines of the statistics table are to be saved.
    SaveStatistics(Vec<u32>),
    Save(Box<SavePlan>),
    /// Shows a file that came with the model on display.
    ShowFile(usize),
    /// Asks where a file that came with a model is to be saved.
    SaveFile {
        document: u64,
        file: usize,
    },
    ForgetRecent(PathBuf),
    CloseOverlay,
    DismissNotice(usize),
    /// The answer of the system's file dialog, or that there is none.
    Picked {
        purpose: Pick,
        paths: Option<Vec<PathBuf>>,
        was_instant: bool,
    },
    /// Opens the system's dialog for the file to write to.
    BrowseForSave,
    /// Compares the document with this number with what the OpenVINO runtime computes.
    Verify(u64),
    CancelVerify(u64),
    /// Has the OpenVINO runtime compile and run the document with this number.
    Profile(u64),
    CancelProfile(u64),
    SetTheme(ThemeChoice),
    /// Whether the wheel zooms the graph, or scrolls it.
    SetWheelZooms(bool),
    /// Where the OpenVINO runtime lies; `None`: wherever it is found. It is looked for.
    SetRuntime(Option<PathBuf>),
    BrowseForRuntime,
    /// All about comparisons.
    Versus(Box<Request>),
    /// A sentence in the corner: something is done.
    Say(String),
}

impl From<Request> for Command {
    fn from(request: Request) -> Self {
        Self::Versus(Box::new(request))
    }
}

/// What is to be open or closed; `true`: open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FoldChange {
    Group(GroupRef, bool),
    /// A group and all that are built alike.
    Alike(GroupRef, bool),
    /// All groups.
    All(bool),
    /// Whether groups are drawn at all.
    Grouped(bool),
    /// The bodies of an operation, in its place.
    Bodies(OperationRef, bool),
    /// What prepares an operation's constants.
    Chains(OperationRef, bool),
}

/// What the system's file dialog was opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pick {
    Open,
    /// The file with an OpenVINO model's constants.
    Constants,
    Save,
    Runtime,
    /// The file to compare the document with this number with.
    Other(u64),
}
