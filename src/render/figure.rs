//! Whole figures.
