//! The explanation for a reader.
//!
//! ```text
//! dev
//!   region eu-west-1 (/home/jon/.aws/config:2 [default])
//!
//!   1  access key of 'jon'
//!   2  sts:GetSessionToken for 'jon'  8h, MFA arn:aws:iam::111122223333:mfa/jon
//!   3  sts:AssumeRole for 'dev'       1h
//!
//! MFA is asked once: arn:aws:iam::111122223333:mfa/jon
//! ```

use std::fmt;

use super::super::duration::compact;
use super::super::error::shown;
use super::{ExplainedStep, Explanation, From, Named, Value};

impl fmt::Display for Explanation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", shown(self.profile))?;
        self.told(f, "region", self.region.as_ref())?;
        self.told(f, "endpoint", self.endpoint_url.as_ref())?;
        writeln!(f)?;
        let width = self
            .steps
            .iter()
            .map(|step| step.head().chars().count())
            .max()
            .unwrap_or(0);
        for (number, step) in (1..).zip(&self.steps) {
            let line = format!("{number:>3}  {:width$}  {}", step.head(), step.tail());
            writeln!(f, "{}", line.trim_end())?;
            if let (Some(asked), Some(reason)) = (step.capped_from_seconds, step.cap_reason) {
                writeln!(
                    f,
                    "     not {} as asked: {reason}",
                    compact(u64::from(asked))
                )?;
            }
        }
        writeln!(f, "\n{}", self.mfa())?;
        for step in &self.steps {
            self.settings(f, &step.head(), &step.settings)?;
        }
        self.settings(f, "console", &self.console)?;
        let before_notes = if self.notes.is_empty() { "" } else { "\n" };
        f.write_str(before_notes)?;
        for note in self.notes {
            writeln!(f, "note: {}", shown(note))?;
        }
        Ok(())
    }
}

impl Explanation<'_> {
    fn told(
        &self,
        f: &mut fmt::Formatter<'_>,
        what: &str,
        value: Option<&Value<'_>>,
    ) -> fmt::Result {
        match value {
            Some(value) => writeln!(
                f,
                "  {what} {} ({})",
                shown(&value.value),
                self.place(&value.origin)
            ),
            None => Ok(()),
        }
    }

    fn settings(
        &self,
        f: &mut fmt::Formatter<'_>,
        head: &str,
        settings: &[Named<'_>],
    ) -> fmt::Result {
        if !settings.is_empty() {
            writeln!(f, "\n{head}")?;
        }
        for Named { key, value } in settings {
            writeln!(
                f,
                "  {key} = {} ({})",
                shown(&value.value),
                self.place(&value.origin)
            )?;
        }
        Ok(())
    }

    fn place(&self, origin: &From<'_>) -> String {
        match origin {
            From::Flag { name } => (*name).to_owned(),
            From::Environment { name } => format!("${name}"),
            From::File { line, section } => {
                format!("{}:{line} [{}]", shown(&self.config_file), shown(section))
            }
            From::Default { reason } => (*reason).to_owned(),
        }
    }

    fn mfa(&self) -> String {
        let asked: Vec<String> = self
            .steps
            .iter()
            .filter(|step| step.mfa_asked)
            .filter_map(|step| step.mfa_serial.map(shown))
            .collect();
        let needed = self.steps.iter().any(|step| step.mfa_serial.is_some());
        match asked.as_slice() {
            [] if needed => "MFA is not asked: the cache answers".to_owned(),
            [] => "MFA is not asked: no step needs it".to_owned(),
            [serial] => format!("MFA is asked once: {serial}"),
            several => format!(
                "MFA is asked {} times: {}",
                several.len(),
                several.join(", ")
            ),
        }
    }
}

impl ExplainedStep<'_> {
    fn head(&self) -> String {
        let profile = shown(self.profile);
        match (self.call, self.kind) {
            (Some(call), _) => format!("{call} for '{profile}'"),
            (None, "access_key") => format!("access key of '{profile}'"),
            (None, "static_key") => format!("access key of '{profile}' in clear text"),
            (None, kind) => format!("{kind} of '{profile}'"),
        }
    }

    /// What is good to know at a glance.
    fn tail(&self) -> String {
        let parts = [
            self.role_arn.map(shown),
            self.duration_seconds
                .map(|seconds| compact(u64::from(seconds))),
            self.mfa_serial
                .map(|serial| format!("MFA {}", shown(serial))),
        ];
        let facts = parts.into_iter().flatten().collect::<Vec<_>>().join(", ");
        match self.cached_seconds {
            Some(left) => format!("{facts} (cached, {} left)", compact(left)),
            None if self.runs => facts,
            None => format!("{facts} (not needed)").trim_start().to_owned(),
        }
    }
}
