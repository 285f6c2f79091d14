//! The parameters of one action, and the checks AWS makes on them before anything else.

use std::fmt::Display;
use std::str::FromStr;

use crate::error::ApiError;

/// Decoded name-value pairs of a query-protocol request.
#[derive(Debug, Clone, Default)]
pub struct Parameters(pub Vec<(String, String)>);

impl Parameters {
    /// A parameter, if present.
    pub fn optional(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// A parameter that must be there.
    pub fn required(&self, name: &str) -> Result<&str, ApiError> {
        self.optional(name)
            .ok_or_else(|| constraint("null", name, "Member must not be null"))
    }

    /// `Name.member.1`, `Name.member.2`, … with an optional suffix such as `.Key`.
    pub fn list(&self, name: &str, suffix: &str) -> Vec<&str> {
        (1..)
            .map_while(|index| self.optional(&format!("{name}.member.{index}{suffix}")))
            .collect()
    }

    /// A whole number between two bounds, or the default.
    pub fn seconds(
        &self,
        name: &str,
        default: u64,
        least: u64,
        most: u64,
    ) -> Result<u64, ApiError> {
        let Some(text) = self.optional(name) else {
            return Ok(default);
        };
        let value: u64 = number(text)?;
        if value < least {
            return Err(constraint(
                text,
                name,
                &format!("Member must have value greater than or equal to {least}"),
            ));
        }
        if value > most {
            return Err(constraint(
                text,
                name,
                &format!("Member must have value less than or equal to {most}"),
            ));
        }
        Ok(value)
    }

    /// Checks length and characters of a parameter if it is there. `allowed` are the characters besides ASCII letters,
    /// digits and the underscore; `pattern` is AWS's way to write the same.
    pub fn check(
        &self,
        name: &str,
        lengths: (usize, usize),
        allowed: &str,
        pattern: &str,
    ) -> Result<(), ApiError> {
        let Some(text) = self.optional(name) else {
            return Ok(());
        };
        let (least, most) = lengths;
        if text.len() < least {
            let rule = format!("Member must have length greater than or equal to {least}");
            return Err(constraint(text, name, &rule));
        }
        if text.len() > most {
            return Err(constraint(
                text,
                name,
                &format!("Member must have length less than or equal to {most}"),
            ));
        }
        if text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '_' || allowed.contains(c))
        {
            return Ok(());
        }
        Err(constraint(
            text,
            name,
            &format!("Member must satisfy regular expression pattern: {pattern}"),
        ))
    }
}

/// The one wording AWS has for every broken constraint.
pub fn constraint(value: impl Display, name: &str, rule: &str) -> ApiError {
    let quoted = if is_null(&value) {
        "null".to_owned()
    } else {
        format!("'{value}'")
    };
    let mut member = name.to_owned();
    if let Some(first) = member.get_mut(..1) {
        first.make_ascii_lowercase();
    }
    ApiError::validation(format!(
        "1 validation error detected: Value {quoted} at '{member}' failed to satisfy constraint: {rule}"
    ))
}

fn is_null(value: &impl Display) -> bool {
    value.to_string() == "null"
}

fn number<T: FromStr>(text: &str) -> Result<T, ApiError> {
    text.parse()
        .map_err(|_| ApiError::new(400, "MalformedInput", "Invalid number format"))
}
