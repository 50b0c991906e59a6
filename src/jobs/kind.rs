//! What each kind of job is called, and which lane it goes in.

use super::job::Job;
use super::pool::Lane;

impl Job {
    pub fn title(&self) -> String {
        match self {
            Self::Open { path, .. } => format!("Opening {}", path.file_name().unwrap_or_default().to_string_lossy()),
            Self::OpenBuiltIn { name, .. } => format!("Opening {name}"),
            Self::Layout { .. } => "Laying out the graph".to_owned(),
            Self::Load { .. } => "Reading the weight".to_owned(),
            Self::Count(_) => "Counting values".to_owned(),
            Self::Picture { .. } => "Drawing the heatmap".to_owned(),
            Self::Pyramid { .. } => "Refining the heatmap".to_owned(),
            Self::Figures { .. } => "Counting what is shown".to_owned(),
            Self::Sort { .. } => "Sorting channels".to_owned(),
            Self::Find { .. } | Self::FindName { .. } => "Looking for a value".to_owned(),
            Self::Histogram { .. } | Self::Ridges(_) => "Counting values".to_owned(),
            Self::Structure(_) => "Decomposing the weight".to_owned(),
            Self::Glance { .. } => "Looking at weights".to_owned(),
            Self::Measures { of, .. } => format!("{} of every operation", of.name()),
            Self::Search { .. } => "Looking for operations".to_owned(),
            Self::Verify { .. } => "Comparing with OpenVINO".to_owned(),
            Self::Profile { .. } => "Running the model with OpenVINO".to_owned(),
            Self::FindRuntime(_) => "Looking for OpenVINO".to_owned(),
            Self::Statistics { .. } => "Computing statistics".to_owned(),
            Self::Complete(_) => "Reading a folder".to_owned(),
            Self::ReadFile { .. } => "Reading a file".to_owned(),
            Self::Copy(_) | Self::CopyGraph(_) => "Drawing the picture".to_owned(),
            Self::Versus(work) => work.title(),
            #[cfg(test)]
            Self::Test(..) => "Testing".to_owned(),
            Self::Save(plan) => format!("Writing {}", plan.path.file_name().unwrap_or_default().to_string_lossy()),
        }
    }

    pub fn lane(&self) -> Lane {
        match self {
            Self::Picture { .. }
            | Self::Histogram { .. }
            | Self::Ridges(_)
            | Self::Load { .. }
            | Self::Complete(_)
            | Self::Search { .. }
            | Self::ReadFile { .. } => Lane::Interactive,
            Self::Open { .. }
            | Self::OpenBuiltIn { .. }
            | Self::Count(_)
            | Self::Pyramid { .. }
            | Self::Figures { .. }
            | Self::Sort { .. }
            | Self::Find { .. }
            | Self::FindName { .. }
            | Self::Layout { .. }
            | Self::Save(_)
            | Self::Copy(_)
            | Self::CopyGraph(_)
            | Self::Verify { .. }
            | Self::Profile { .. }
            | Self::FindRuntime(_)
            | Self::Statistics { .. } => Lane::Bulk,
            Self::Glance { .. } | Self::Structure(_) | Self::Measures { .. } => Lane::Background,
            Self::Versus(work) => work.lane(),
            #[cfg(test)]
            Self::Test(lane, _) => *lane,
        }
    }
}
