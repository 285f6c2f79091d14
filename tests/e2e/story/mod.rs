//! The commands as people use them, one after another.

mod add;
mod exec;
mod export;
mod list;
mod remove;
mod rotate;
mod rotate_faults;
