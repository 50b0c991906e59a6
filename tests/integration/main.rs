//! The integration tests: one binary, a module for each intent.

#[cfg(all(feature = "gui-tests", target_os = "linux"))]
mod support;
mod tidy;
