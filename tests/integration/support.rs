//! What the tests of the real window stand on: a display, and somebody who drags files onto it.

pub mod xdnd;
pub mod xvfb;
