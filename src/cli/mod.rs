pub mod args;
pub mod parse;
