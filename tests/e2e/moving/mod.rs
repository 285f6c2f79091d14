//! From store to store, and out of clear text.

mod backends;
