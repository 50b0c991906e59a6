//! What a person can ask for without saying more: every entry of a menu, shortcut or palette row.
//!
//! One enum in the order of the menus; names, tooltips and shortcuts are exhaustive matches, so an
//! action can't be without them. Requests that carry something are [`super::command::Command`]s.

use egui::{Key, KeyboardShortcut, Modifiers};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    Open,
    OpenExample,
    ChooseConstants,
    Reload,
    CloseModel,
    CompareWith,
    SetReference,
    CompareWithReference,
    SaveImage,
    SaveNumbers,
    SaveHistogram,
    SaveAllImages,
    CopyImage,
    SaveGraph,
    CopyGraph,
    Verify,
    Profile,
    Settings,
    Quit,
    FindAnything,
    FilterWeights,
    FindInGraph,
    NextHit,
    PreviousHit,
    FitGraph,
    FitPicture,
    ShowTable,
    ZoomGraphIn,
    ZoomGraphOut,
    TurnGraph,
    OpenAllGroups,
    CloseAllGroups,
    ToggleTheme,
    FollowSystemTheme,
    WheelZooms,
    EnlargeInterface,
    ReduceInterface,
    ResetInterface,
    ResetPanels,
    ShowHistogram,
    ShowChannels,
    ShowStatistics,
    FullScreen,
    Back,
    Forward,
    NextWeight,
    PreviousWeight,
    NextModel,
    PreviousModel,
    Deselect,
    GoToIndex,
    FindMinimum,
    FindMaximum,
    NextNan,
    NextInfinity,
    NextOutlier,
    Shortcuts,
    About,
}

/// A menu of the bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Menu {
    File,
    View,
    Go,
    Help,
}

const CTRL: Modifiers = Modifiers::COMMAND;
const CTRL_SHIFT: Modifiers = Modifiers::COMMAND.plus(Modifiers::SHIFT);

impl Action {
    pub const ALL: &'static [Self] = &[
        Self::Open,
        Self::OpenExample,
        Self::ChooseConstants,
        Self::Reload,
        Self::CloseModel,
        Self::CompareWith,
        Self::SetReference,
        Self::CompareWithReference,
        Self::SaveImage,
        Self::SaveNumbers,
        Self::SaveHistogram,
        Self::SaveAllImages,
        Self::CopyImage,
        Self::SaveGraph,
        Self::CopyGraph,
        Self::Verify,
        Self::Profile,
        Self::Settings,
        Self::Quit,
        Self::FindAnything,
        Self::FilterWeights,
        Self::FindInGraph,
        Self::NextHit,
        Self::PreviousHit,
        Self::FitGraph,
        Self::FitPicture,
        Self::ShowTable,
        Self::ZoomGraphIn,
        Self::ZoomGraphOut,
        Self::TurnGraph,
        Self::OpenAllGroups,
        Self::CloseAllGroups,
        Self::ToggleTheme,
        Self::FollowSystemTheme,
        Self::WheelZooms,
        Self::EnlargeInterface,
        Self::ReduceInterface,
        Self::ResetInterface,
        Self::ResetPanels,
        Self::ShowHistogram,
        Self::ShowChannels,
        Self::ShowStatistics,
        Self::FullScreen,
        Self::Back,
        Self::Forward,
        Self::NextWeight,
        Self::PreviousWeight,
        Self::NextModel,
        Self::PreviousModel,
        Self::Deselect,
        Self::GoToIndex,
        Self::FindMinimum,
        Self::FindMaximum,
        Self::NextNan,
        Self::NextInfinity,
        Self::NextOutlier,
        Self::Shortcuts,
        Self::About,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "Open…",
            Self::OpenExample => "Open the example model",
            Self::ChooseConstants => "Choose the .bin…",
            Self::Reload => "Reload",
            Self::CloseModel => "Close model",
            Self::CompareWith => "Compare with…",
            Self::SetReference => "Set weight as reference",
            Self::CompareWithReference => "Compare weight with reference",
            Self::SaveImage => "Save image…",
            Self::SaveNumbers => "Save numbers…",
            Self::SaveHistogram => "Save histogram…",
            Self::CopyImage => "Copy image",
            Self::SaveAllImages => "Save all images…",
            Self::GoToIndex => "Go to index…",
            Self::FindMinimum => "Lowest value",
            Self::FindMaximum => "Highest value",
            Self::NextNan => "Next NaN",
            Self::NextInfinity => "Next infinite value",
            Self::NextOutlier => "Next outlier",
            Self::ShowTable => "Values as a table",
            Self::SaveGraph => "Save graph…",
            Self::CopyGraph => "Copy graph",
            Self::TurnGraph => "Graph top-down or left to right",
            Self::OpenAllGroups => "Open all groups",
            Self::CloseAllGroups => "Close all groups",
            Self::Verify => "Verify against OpenVINO…",
            Self::Profile => "Profile on OpenVINO…",
            Self::Settings => "Settings…",
            Self::Quit => "Quit",
            Self::FindAnything => "Find operations, tensors, actions…",
            Self::FilterWeights => "Filter weights",
            Self::FindInGraph => "Find in the graph",
            Self::NextHit => "Next hit",
            Self::PreviousHit => "Previous hit",
            Self::FitGraph => "Fit graph",
            Self::FitPicture => "Fit picture",
            Self::ZoomGraphIn => "Zoom graph in",
            Self::ZoomGraphOut => "Zoom graph out",
            Self::ToggleTheme => "Light or dark",
            Self::FollowSystemTheme => "Theme of the system",
            Self::WheelZooms => "Wheel zooms or scrolls the graph",
            Self::EnlargeInterface => "Larger interface",
            Self::ReduceInterface => "Smaller interface",
            Self::ResetInterface => "Normal interface size",
            Self::ResetPanels => "Reset panels",
            Self::ShowHistogram => "Show the histogram",
            Self::ShowChannels => "Show the channels",
            Self::ShowStatistics => "Show the statistics table",
            Self::FullScreen => "Full screen",
            Self::Back => "Back",
            Self::Forward => "Forward",
            Self::NextWeight => "Next weight",
            Self::PreviousWeight => "Previous weight",
            Self::NextModel => "Next model",
            Self::PreviousModel => "Previous model",
            Self::Deselect => "Deselect",
            Self::Shortcuts => "Keyboard shortcuts",
            Self::About => "About Weightscope",
        }
    }

    pub fn tooltip(self) -> &'static str {
        match self {
            Self::Open => "Choose model files to open",
            Self::OpenExample => "A small convolutional network trained on handwritten digits",
            Self::ChooseConstants => "Read the constants of this OpenVINO model from another file",
            Self::Reload => "Read the model's file again",
            Self::CloseModel => "Close the model or comparison on display",
            Self::CompareWith => "Hold another model against the one on display, layer by layer",
            Self::SetReference => "Keep the weight on display, to compare others with it",
            Self::CompareWithReference => "Hold the weight on display against the reference",
            Self::SaveImage => "Write the picture on display as PNG or SVG",
            Self::SaveNumbers => "Write the weight on display as npy, npz or CSV",
            Self::SaveHistogram => "Write the histogram on display as PNG, SVG or CSV",
            Self::SaveGraph => "Write the graph, or the part in sight, as PNG or SVG",
            Self::CopyGraph => "Put the part of the graph in sight on the clipboard as a picture",
            Self::TurnGraph => "Whether the graph runs down or to the right",
            Self::OpenAllGroups => "Show every operation of the graph, in frames",
            Self::CloseAllGroups => "Show the graph as its outermost groups",
            Self::CopyImage => "Put the picture on display on the clipboard",
            Self::SaveAllImages => "Write the heatmap of every weight of the model into a folder",
            Self::GoToIndex => "Type where to go in the weight on display: an index, a row number or a row's name",
            Self::FindMinimum => "Go to the lowest value of the weight on display",
            Self::FindMaximum => "Go to the highest value of the weight on display",
            Self::NextNan => "Go to the next value that is no number",
            Self::NextInfinity => "Go to the next infinite value",
            Self::NextOutlier => "Go to the next value farther than 6 × 1.4826 × MAD from the median",
            Self::ShowTable => "Show the values on display as a table, or as a picture again",
            Self::Verify => "Compare every constant with what the OpenVINO runtime computes",
            Self::Profile => "Run the model with the OpenVINO runtime, and show its kernels and times",
            Self::Settings => "Theme, and where the OpenVINO runtime lies",
            Self::Quit => "Close the window",
            Self::FindAnything => "Search every layer, action and recent file",
            Self::FindInGraph => "Type words to mark and list operations of the graph",
            Self::NextHit => "Show the next of the operations that were found",
            Self::PreviousHit => "Show the one before of the operations that were found",
            Self::FilterWeights => "Type words to narrow the list of weights",
            Self::FitGraph => "Show the whole graph",
            Self::FitPicture => "Show the whole picture",
            Self::ZoomGraphIn => "Show the graph larger",
            Self::ZoomGraphOut => "Show the graph smaller",
            Self::ToggleTheme => "Switch between the light and the dark theme",
            Self::FollowSystemTheme => "Light or dark as the system says",
            Self::WheelZooms => "Whether the mouse wheel zooms the graph or scrolls it; Ctrl and wheel always zoom",
            Self::EnlargeInterface => "Draw the interface larger",
            Self::ReduceInterface => "Draw the interface smaller",
            Self::ResetInterface => "Draw the interface at its normal size",
            Self::ResetPanels => "Put all panels back where they were at first",
            Self::ShowHistogram => "How the values of the weight on display are distributed",
            Self::ShowChannels => "Range, mean and distribution of every output channel of the weight on display",
            Self::ShowStatistics => "Figures of every weight of the model, to sort, to filter and to export",
            Self::FullScreen => "Fill the screen with the window, or stop doing so",
            Self::Back => "Show what was selected before",
            Self::Forward => "Undo the last step back",
            Self::NextWeight => "Show the next weight of the list",
            Self::PreviousWeight => "Show the previous weight of the list",
            Self::NextModel => "Show the next open model",
            Self::PreviousModel => "Show the previous open model",
            Self::Deselect => "Select nothing",
            Self::Shortcuts => "List every shortcut",
            Self::About => "Version, licence and what the program is for",
        }
    }

    /// The main shortcut first; others do the same.
    pub fn shortcuts(self) -> &'static [KeyboardShortcut] {
        const fn keys(modifiers: Modifiers, key: Key) -> KeyboardShortcut {
            KeyboardShortcut::new(modifiers, key)
        }
        match self {
            Self::Open => const { &[keys(CTRL, Key::O)] },
            Self::OpenExample => const { &[keys(CTRL_SHIFT, Key::O)] },
            Self::Reload => const { &[keys(Modifiers::NONE, Key::F5)] },
            Self::CloseModel => const { &[keys(CTRL, Key::W)] },
            Self::CompareWith => const { &[keys(CTRL_SHIFT, Key::D)] },
            Self::SetReference => const { &[keys(Modifiers::NONE, Key::R)] },
            Self::CompareWithReference => const { &[keys(Modifiers::SHIFT, Key::R)] },
            Self::SaveImage => const { &[keys(CTRL, Key::S), keys(CTRL_SHIFT, Key::E)] },
            Self::SaveNumbers => const { &[keys(CTRL_SHIFT, Key::S)] },
            Self::SaveHistogram | Self::SaveAllImages | Self::Verify | Self::Profile => &[],
            Self::Settings => const { &[keys(CTRL, Key::Comma)] },
            Self::CopyImage => const { &[keys(CTRL, Key::C)] },
            Self::GoToIndex => const { &[keys(CTRL, Key::G)] },
            Self::FindMinimum => const { &[keys(CTRL_SHIFT, Key::ArrowDown)] },
            Self::FindMaximum => const { &[keys(CTRL_SHIFT, Key::ArrowUp)] },
            Self::NextNan => const { &[keys(Modifiers::NONE, Key::N)] },
            Self::NextInfinity => const { &[keys(Modifiers::SHIFT, Key::N)] },
            Self::NextOutlier => const { &[keys(Modifiers::NONE, Key::O)] },
            Self::ShowTable => const { &[keys(CTRL_SHIFT, Key::T)] },
            Self::Quit => const { &[keys(CTRL, Key::Q)] },
            Self::FindAnything => const { &[keys(CTRL, Key::K), keys(CTRL_SHIFT, Key::P)] },
            Self::FilterWeights => const { &[keys(CTRL_SHIFT, Key::F)] },
            Self::FindInGraph => const { &[keys(CTRL, Key::F)] },
            Self::NextHit => const { &[keys(Modifiers::NONE, Key::F3)] },
            Self::PreviousHit => const { &[keys(Modifiers::SHIFT, Key::F3)] },
            Self::FitGraph => const { &[keys(Modifiers::NONE, Key::F), keys(Modifiers::NONE, Key::Space)] },
            Self::FitPicture => const { &[keys(Modifiers::SHIFT, Key::F)] },
            Self::ZoomGraphIn => const { &[keys(Modifiers::NONE, Key::Plus)] },
            Self::ZoomGraphOut => const { &[keys(Modifiers::NONE, Key::Minus)] },
            Self::ToggleTheme => const { &[keys(CTRL, Key::T)] },
            Self::SaveGraph | Self::CopyGraph | Self::TurnGraph | Self::OpenAllGroups | Self::CloseAllGroups => &[],
            Self::ChooseConstants | Self::FollowSystemTheme | Self::WheelZooms | Self::ResetPanels | Self::About => &[],
            Self::ShowHistogram => const { &[keys(CTRL_SHIFT, Key::H)] },
            Self::ShowChannels => const { &[keys(CTRL_SHIFT, Key::J)] },
            Self::ShowStatistics => const { &[keys(CTRL_SHIFT, Key::L)] },
            Self::EnlargeInterface => const { &[keys(CTRL, Key::Plus), keys(CTRL, Key::Equals)] },
            Self::ReduceInterface => const { &[keys(CTRL, Key::Minus)] },
            Self::ResetInterface => const { &[keys(CTRL, Key::Num0)] },
            Self::FullScreen => const { &[keys(Modifiers::NONE, Key::F11)] },
            Self::Back => const { &[keys(Modifiers::ALT, Key::ArrowLeft)] },
            Self::Forward => const { &[keys(Modifiers::ALT, Key::ArrowRight)] },
            Self::NextWeight => const { &[keys(Modifiers::NONE, Key::PageDown)] },
            Self::PreviousWeight => const { &[keys(Modifiers::NONE, Key::PageUp)] },
            Self::NextModel => const { &[keys(Modifiers::CTRL, Key::Tab)] },
            Self::PreviousModel => const { &[keys(Modifiers::CTRL.plus(Modifiers::SHIFT), Key::Tab)] },
            Self::Deselect => const { &[keys(Modifiers::NONE, Key::Escape)] },
            Self::Shortcuts => const { &[keys(CTRL, Key::Slash)] },
        }
    }

    /// Every shortcut, those with the most modifiers first: egui takes Ctrl+Shift+S for Ctrl+S too.
    pub fn all_shortcuts() -> Vec<(KeyboardShortcut, Self)> {
        let pairs = Self::ALL.iter().flat_map(|action| action.shortcuts().iter().map(|keys| (*keys, *action)));
        let mut pairs: Vec<_> = pairs.collect();
        let count = |modifiers: Modifiers| {
            [modifiers.alt, modifiers.shift, modifiers.ctrl, modifiers.command].into_iter().filter(|held| *held).count()
        };
        pairs.sort_by_key(|(keys, _)| std::cmp::Reverse(count(keys.modifiers)));
        pairs
    }

    pub fn menu(self) -> Menu {
        match self {
            Self::Open
            | Self::OpenExample
            | Self::ChooseConstants
            | Self::Reload
            | Self::CloseModel
            | Self::CompareWith
            | Self::SetReference
            | Self::CompareWithReference
            | Self::SaveImage
            | Self::SaveNumbers
            | Self::SaveHistogram
            | Self::SaveAllImages
            | Self::CopyImage
            | Self::SaveGraph
            | Self::CopyGraph
            | Self::Verify
            | Self::Profile
            | Self::Settings
            | Self::Quit => Menu::File,
            Self::FitGraph
            | Self::FitPicture
            | Self::ShowTable
            | Self::ZoomGraphIn
            | Self::ZoomGraphOut
            | Self::TurnGraph
            | Self::OpenAllGroups
            | Self::CloseAllGroups
            | Self::ToggleTheme
            | Self::FollowSystemTheme
            | Self::WheelZooms
            | Self::EnlargeInterface
            | Self::ReduceInterface
            | Self::ResetInterface
            | Self::ResetPanels
            | Self::ShowHistogram
            | Self::ShowChannels
            | Self::ShowStatistics
            | Self::FullScreen => Menu::View,
            Self::FindAnything
            | Self::FilterWeights
            | Self::FindInGraph
            | Self::NextHit
            | Self::PreviousHit
            | Self::Back
            | Self::Forward
            | Self::NextWeight
            | Self::PreviousWeight
            | Self::NextModel
            | Self::PreviousModel
            | Self::Deselect
            | Self::GoToIndex
            | Self::FindMinimum
            | Self::FindMaximum
            | Self::NextNan
            | Self::NextInfinity
            | Self::NextOutlier => Menu::Go,
            Self::Shortcuts | Self::About => Menu::Help,
        }
    }

    /// Whether the action needs a model on display.
    pub fn needs_model(self) -> bool {
        matches!(
            self,
            Self::ChooseConstants
                | Self::Reload
                | Self::CloseModel
                | Self::CompareWith
                | Self::SetReference
                | Self::CompareWithReference
                | Self::Verify
                | Self::Profile
                | Self::FilterWeights
                | Self::ShowHistogram
                | Self::ShowChannels
                | Self::ShowStatistics
                | Self::FindInGraph
                | Self::NextHit
                | Self::PreviousHit
                | Self::FitGraph
                | Self::ZoomGraphIn
                | Self::ZoomGraphOut
                | Self::TurnGraph
                | Self::OpenAllGroups
                | Self::CloseAllGroups
                | Self::SaveGraph
                | Self::CopyGraph
                | Self::Back
                | Self::Forward
                | Self::NextWeight
                | Self::PreviousWeight
                | Self::NextModel
                | Self::PreviousModel
                | Self::Deselect
        ) || self.needs_weight()
    }

    /// Whether the action needs a weight on display.
    pub fn needs_weight(self) -> bool {
        matches!(
            self,
            Self::SaveImage
                | Self::SaveNumbers
                | Self::SaveHistogram
                | Self::SaveAllImages
                | Self::CopyImage
                | Self::FitPicture
                | Self::ShowTable
                | Self::GoToIndex
                | Self::FindMinimum
                | Self::FindMaximum
                | Self::NextNan
                | Self::NextInfinity
                | Self::NextOutlier
        )
    }
}

impl Menu {
    pub const ALL: [Self; 4] = [Self::File, Self::View, Self::Go, Self::Help];

    pub fn name(self) -> &'static str {
        match self {
            Self::File => "File",
            Self::View => "View",
            Self::Go => "Go",
            Self::Help => "Help",
        }
    }

    pub fn actions(self) -> impl Iterator<Item = Action> {
        Action::ALL.iter().copied().filter(move |action| action.menu() == self)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use super::*;

    #[test]
    fn no_two_actions_share_a_shortcut() {
        // On macOS COMMAND is the command key, elsewhere it is Ctrl: look at both.
        for is_mac in [false, true] {
            let mut owners: HashMap<(Modifiers, Key), Action> = HashMap::new();
            for action in Action::ALL {
                for shortcut in action.shortcuts() {
                    let mut modifiers = shortcut.modifiers;
                    if modifiers.command {
                        modifiers.command = false;
                        if is_mac {
                            modifiers.mac_cmd = true;
                        } else {
                            modifiers.ctrl = true;
                        }
                    }
                    let other = owners.insert((modifiers, shortcut.logical_key), *action);
                    assert_eq!(other, None, "{shortcut:?} of {action:?}");
                }
            }
        }
    }

    #[test]
    fn every_action_is_listed_once_and_named() {
        let listed: HashSet<_> = Action::ALL.iter().collect();
        assert_eq!(listed.len(), Action::ALL.len());
        let names: HashSet<_> = Action::ALL.iter().map(|action| action.name()).collect();
        assert_eq!(names.len(), Action::ALL.len());
        for action in Action::ALL {
            assert!(!action.tooltip().ends_with('.'), "{action:?}: no full stop on a single sentence");
        }
    }
}
