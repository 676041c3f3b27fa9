//! What a run leaves for people and programs to read. Renders what it was told, and fetches nothing.

pub mod console;
