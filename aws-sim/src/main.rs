//! `aws-sim`: serves a simulated AWS, prints its built-in world, computes MFA codes.

mod arguments;

use std::error::Error;
use std::io::{Read, Write, stdin, stdout};
use std::time::{SystemTime, UNIX_EPOCH};

use aws_sim::{Server, World, step_at, token_code};
use clap::Parser;

use arguments::{Arguments, Command};

fn main() -> Result<(), Box<dyn Error>> {
    match Arguments::parse().command {
        Command::Serve {
            world,
            listen,
            die_with_parent,
            until_stdin_closes,
        } => {
            if die_with_parent {
                ask_to_die_with_parent()?;
            }
            let text = match world.to_str() {
                Some("deck") => World::DECK.to_owned(),
                Some("empty") => World::EMPTY.to_owned(),
                _ => std::fs::read_to_string(world)?,
            };
            let server = Server::listen(World::from_json(&text)?, listen)?;
            writeln!(
                stdout(),
                "{}",
                serde_json::json!({ "endpoint": server.endpoint })
            )?;
            wait(until_stdin_closes)?;
        }
        Command::Totp { seed, step } => {
            let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
            writeln!(
                stdout(),
                "{}",
                token_code(&seed, step_at(now).saturating_add_signed(step))?
            )?;
        }
        Command::World { name } if name == "empty" => write!(stdout(), "{}", World::EMPTY)?,
        Command::World { .. } => write!(stdout(), "{}", World::DECK)?,
    }
    Ok(())
}

fn wait(until_stdin_closes: bool) -> std::io::Result<()> {
    if until_stdin_closes {
        return stdin().read_to_end(&mut Vec::new()).map(drop);
    }
    loop {
        std::thread::park();
    }
}

#[cfg(target_os = "linux")]
fn ask_to_die_with_parent() -> std::io::Result<()> {
    use rustix::process::{Signal, set_parent_process_death_signal};
    Ok(set_parent_process_death_signal(Some(Signal::TERM))?)
}

#[cfg(not(target_os = "linux"))]
fn ask_to_die_with_parent() -> std::io::Result<()> {
    Err(std::io::Error::other(
        "--die-with-parent works on Linux only; use --until-stdin-closes",
    ))
}
