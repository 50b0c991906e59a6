//! What survives a restart: theme, recent files, choices. A damaged file costs the settings, never
//! the start.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// Recent files kept; the first nine have shortcuts.
const RECENT_FILES: usize = 20;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    pub theme: ThemeChoice,
    /// Newest first, absolute paths.
    pub recent: Vec<PathBuf>,
    /// Whether the wheel zooms the graph (or scrolls it).
    pub wheel_zooms: bool,
    /// Whether graphs run to the right (or down).
    pub graph_runs_right: bool,
    /// Where pictures and arrays were last written to.
    pub save_folder: Option<PathBuf>,
    /// Where the OpenVINO runtime lies; `None`: wherever it is found.
    pub openvino: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ThemeChoice {
    #[default]
    System,
    Light,
    Dark,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            theme: ThemeChoice::System,
            recent: Vec::new(),
            wheel_zooms: true,
            graph_runs_right: false,
            save_folder: None,
            openvino: None,
        }
    }
}

impl Settings {
    /// Reads what [`Settings::to_text`] wrote; anything else gives the defaults.
    pub fn from_text(text: Option<&str>) -> Self {
        text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    }

    pub fn to_text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Puts a file first in the list of recent ones.
    pub fn remember(&mut self, file: &Path) {
        let file = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
        self.recent.retain(|other| *other != file);
        self.recent.insert(0, file);
        self.recent.truncate(RECENT_FILES);
    }
}

impl From<ThemeChoice> for egui::ThemePreference {
    fn from(choice: ThemeChoice) -> Self {
        match choice {
            ThemeChoice::System => Self::System,
            ThemeChoice::Light => Self::Light,
            ThemeChoice::Dark => Self::Dark,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_survive_and_damage_costs_only_the_settings() {
        let mut settings = Settings { wheel_zooms: false, ..Settings::default() };
        settings.remember(Path::new("a.tflite"));
        assert_eq!(Settings::from_text(Some(&settings.to_text())), settings);
        assert_eq!(Settings::from_text(Some("{\"theme\":")), Settings::default());
        assert_eq!(Settings::from_text(None), Settings::default());
        // A field that an older version did not write gets its default.
        assert!(Settings::from_text(Some("{\"recent\":[]}")).wheel_zooms);
    }

    #[test]
    fn the_newest_file_is_first_and_listed_once() {
        let mut settings = Settings::default();
        for name in ["/a", "/b", "/a"] {
            settings.remember(Path::new(name));
        }
        assert_eq!(settings.recent, [PathBuf::from("/a"), PathBuf::from("/b")]);
        for number in 0..30 {
            settings.remember(Path::new(&format!("/{number}")));
        }
        assert_eq!(settings.recent.len(), RECENT_FILES);
    }
}
