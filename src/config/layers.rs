//! The sections that one profile is made of, nearest first: its own, those it includes, and `[default]`.

use std::collections::HashSet;

use super::error::{Error, LoopStep, shown};
use super::file::{ConfigFile, NamedSection};
use super::profile::Setting;

/// Loops are found at once; this stops a file made to waste memory.
pub(super) const MAX_DEPTH: usize = 2_000;

const INCLUDE_PROFILE: &str = "include_profile";

#[derive(Debug)]
pub(super) struct Layers<'a> {
    /// Without those that do not exist.
    sections: Vec<NamedSection<'a>>,
    pub(super) notes: Vec<String>,
}

/// One run of `include_profile` lines.
struct Run {
    steps: Vec<LoopStep>,
    names: HashSet<String>,
}

impl<'a> Layers<'a> {
    /// Follows `include_profile` from `name`, then from `[default]`, which every profile ends in.
    ///
    /// A profile that leads back to itself is a loop. One that `[default]` includes and that is there already is not: without
    /// that rule no profile could be included by `[default]`, since that profile ends in `[default]` as well.
    pub(super) fn of(config: &'a ConfigFile, name: &str) -> Result<Self, Error> {
        let mut layers = Self {
            sections: Vec::new(),
            notes: Vec::new(),
        };
        let own = layers.follow(config, name, &HashSet::new())?;
        if !own.names.contains("default") {
            layers.follow(config, "default", &own.names)?;
        }
        Ok(layers)
    }

    /// The nearest value that is not empty.
    pub(super) fn setting(&self, key: &str) -> Option<Setting<String>> {
        self.sections
            .iter()
            .find_map(|section| section.setting(key))
    }

    /// Nearest first.
    pub(super) fn sections(&self) -> impl Iterator<Item = &NamedSection<'a>> {
        self.sections.iter()
    }

    fn follow(
        &mut self,
        config: &'a ConfigFile,
        start: &str,
        merged: &HashSet<String>,
    ) -> Result<Run, Error> {
        let mut run = Run {
            steps: Vec::new(),
            names: HashSet::new(),
        };
        let mut name = start.to_owned();
        while !merged.contains(&name) {
            let Some(section) = config.profile(&name) else {
                if let Some(LoopStep { profile, line, .. }) = run.steps.last() {
                    let line = line.map_or_else(String::new, |line| format!(" (line {line})"));
                    self.notes.push(format!(
                        "profile '{}' includes '{}', which does not exist{line}",
                        shown(profile),
                        shown(&name)
                    ));
                }
                run.names.insert(name);
                break;
            };
            let include = section.setting(INCLUDE_PROFILE);
            run.steps.push(LoopStep {
                profile: name.clone(),
                line: include.as_ref().and_then(|include| include.origin.line()),
                inherited_from: None,
            });
            self.sections.push(section);
            run.names.insert(name.clone());
            let Some(include) = include else { break };
            config.canonical(&include.value).clone_into(&mut name);
            if run.names.contains(&name) {
                return Err(loop_error(config, INCLUDE_PROFILE, run.steps, name));
            }
            if run.steps.len() >= MAX_DEPTH {
                return Err(Error::TooDeep {
                    path: config.path().to_owned(),
                    key: INCLUDE_PROFILE,
                    profile: start.to_owned(),
                    limit: MAX_DEPTH,
                });
            }
        }
        Ok(run)
    }
}

/// The part of `steps` that goes round, from `again` to `again`.
pub(super) fn loop_error(
    config: &ConfigFile,
    key: &'static str,
    steps: Vec<LoopStep>,
    again: String,
) -> Error {
    let mut steps: Vec<LoopStep> = steps
        .into_iter()
        .skip_while(|step| step.profile != again)
        .collect();
    steps.push(LoopStep {
        profile: again,
        line: None,
        inherited_from: None,
    });
    Error::Loop {
        path: config.path().to_owned(),
        key,
        steps,
    }
}
