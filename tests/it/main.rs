//! Tests of the whole, a module each.

mod documents;
