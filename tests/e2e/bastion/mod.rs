//! `aws-vault bastion`: from empty accounts to the deck's layout, and everything that can go wrong on the way.

mod apply;
mod bad_input;
mod kill;
mod many;
mod moto;
mod others;
mod seed;
mod support;
mod users;
mod verify;
