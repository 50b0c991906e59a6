//! Two weights, and two models, beside each other: A is the reference, B what is held against it.
//!
//! For two weights: [`align`] brings the layouts to one, [`metrics`] has the figures, errors by output
//! channel and the relation of the two from one pass over both, [`distribution`] those that need sorting,
//! [`anatomy`] tells where a quantiser's error comes from, [`words`] says it, [`difference`] is what a picture
//! shows. For two models: [`mod@pair`] finds which weight is which, [`table`] compares all pairs, with [`mod@column`]s,
//! [`preset`]s of thresholds and [`expression`]s over them; [`fix_list`] writes down which layers to leave in float.

pub mod align;
pub mod anatomy;
pub mod brought;
pub mod column;
pub mod difference;
pub mod distribution;
pub mod expression;
pub mod fix_list;
mod gates;
pub mod metrics;
pub mod pair;
mod permuted;
pub mod preset;
mod quantiser;
mod relation;
mod requantise;
mod side;
mod sums;
pub mod table;
mod walk;
pub mod words;

pub use align::{AlignError, Alignment, Form};
pub use anatomy::Anatomy;
pub use column::Column;
pub use distribution::Distribution;
pub use expression::Expression;
pub use gates::{role_against, sections_between};
pub use metrics::{ChannelError, CodeFigures, CompareError, Compared, Metrics, compare};
pub use pair::{Pair, Pairing, Subject, pair};
pub use preset::{Grade, Preset};
pub use quantiser::{Granularity, Quantiser};
pub use relation::Relation;
pub use side::Side;
pub use table::{Row, Table, compare_models};
