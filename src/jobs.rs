//! Long work on worker threads, with progress and cancellation. No window is known here.
//!
//! A [`Job`] goes in with a [`Key`], an [`Event`] comes out. Of two jobs with one key the newest
//! wins: the older is cancelled and its result dropped. A panic in a job is that job's failure.

mod cards;
mod complete;
mod file_text;
mod job;
mod loaded;
mod pool;
mod token;

pub use cards::{
    CARD_MARGINS, Card, DETAIL_SIZE, FrameCard, GraphPicture, GraphPlan, THUMBNAIL_HEIGHT, THUMBNAIL_PIXELS, TITLE_SIZE, alike_text,
};
pub use complete::{Completions, expand_home};
pub use file_text::{FileText, Line};
pub use job::{Glance, Job, Opened, Origin, Output, Picture, Row, RuntimeFound, SaveContent, SavePlan, open, thumbnail};
pub use loaded::{Loaded, load, output_axis};
pub use pool::{Event, Failure, Key, Lane, Pool, Ticket};
pub use token::{Cancelled, Token};
