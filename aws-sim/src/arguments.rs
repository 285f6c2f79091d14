//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Parser, Subcommand};

/// A simulated AWS for tests and demos.
#[derive(Parser)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Subcommand)]
pub enum Command {
    /// Serve a world; prints {"endpoint": "http://127.0.0.1:PORT"} when ready
    Serve {
        /// A world file, or the name of a built-in world
        #[arg(long, default_value = "deck")]
        world: PathBuf,
        /// Port 0 picks a free one
        #[arg(long, default_value = "127.0.0.1:0")]
        listen: SocketAddr,
        /// End when the process that started this one ends (Linux)
        #[arg(long)]
        die_with_parent: bool,
        /// End when standard input is closed
        #[arg(long)]
        until_stdin_closes: bool,
    },
    /// Print the code of an MFA device
    Totp {
        /// The device's seed in base32
        seed: String,
        /// So many 30-second steps from now
        #[arg(long, default_value_t = 0, allow_negative_numbers = true)]
        step: i64,
    },
    /// Print a built-in world: deck, or empty
    World {
        #[arg(value_parser = ["deck", "empty"])]
        name: String,
    },
}
