//! The integration tests: one binary, a module for each intent.

mod tidy;
