pub mod args;
pub mod formats;
pub mod parse;
pub mod table;
