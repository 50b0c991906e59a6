//! What the tests of the real window stand on: a display, somebody in front of it,
//! and somebody who drags files onto it.

mod client;
pub mod person;
pub mod xdnd;
pub mod xvfb;
