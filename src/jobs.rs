//! Long work on worker threads, with progress and cancellation. No window is known here.
//!
//! A [`Job`] goes in with a [`Key`], an [`Event`] comes out. Of two jobs with one key the newest
//! wins: the older is cancelled and its result dropped. A panic in a job is that job's failure.

mod cards;
mod complete;
mod distribution;
mod figures;
mod file_text;
mod find;
mod glance;
mod job;
mod kind;
mod loaded;
mod look;
mod measures;
mod numbers;
mod pool;
mod search;
mod statistics;
mod structure;
mod token;
pub mod versus;

pub use cards::{
    CARD_MARGINS, Card, DETAIL_SIZE, FrameCard, GraphPicture, GraphPlan, OPEN_ROOM, THUMBNAIL_HEIGHT, THUMBNAIL_PIXELS, TITLE_SIZE,
    alike_text,
};
pub use complete::{Completions, expand_home};
pub use distribution::{Counting, Distribution, has_codes};
pub use figures::Figures;
pub use file_text::{FileText, Line};
pub use find::{Find, Sought};
pub use glance::thumbnail;
pub use job::{Glance, Job, Opened, Origin, Output, Picture, Row, RuntimeFound, SaveContent, SavePlan, open};
pub use loaded::{Loaded, PictureKey, Shows, load, load_counted, output_axis};
pub use look::Look;
pub use measures::{Measure, Measures};
pub use numbers::{Codes, Values};
pub use pool::{Event, Failure, Key, Lane, Pool, Ticket};
pub use search::Found;
pub use statistics::{Statistics, statistics_of};
pub use structure::Structure;
pub use token::{Cancelled, Token};
