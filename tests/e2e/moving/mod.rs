//! From store to store, and out of clear text.

mod backends;
mod import;
mod import_files;
mod import_kill;
mod import_undo;
mod migrate;
