//! Scripted faults: what networks, proxies and a busy AWS do to an answer.

use serde::{Deserialize, Serialize};

use crate::error::ApiError;
use crate::response::{Delivery, Response};
use crate::xml::Element;

/// How the names of operations begin that change nothing.
const READS: [&str; 6] = ["Get", "List", "Assume", "Simulate", "Generate", "Describe"];
const WRONG_NAMESPACE: &str = "https://sts.example.com/doc/1999-01-01/";

/// One fault and the calls it befalls.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Fault {
    /// Only calls of this service (`sts`, `iam`, `signin`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// Only calls of this action.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// Only calls that change something.
    #[serde(default)]
    pub writes: bool,
    /// Leaves so many matching calls alone first.
    #[serde(default)]
    pub skip: u32,
    /// Befalls so many calls, then is used up; without it, every one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
    /// What happens.
    #[serde(flatten)]
    pub kind: Kind,
}

/// What happens to a call.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Kind {
    /// The work is done; the answer comes late.
    Latency {
        /// Milliseconds.
        ms: u64,
    },
    /// Nothing is done; an error is answered.
    Error {
        /// HTTP status.
        status: u16,
        /// For example `Throttling`.
        code: String,
        /// One sentence.
        message: String,
        /// Seconds for a `Retry-After` header.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_after: Option<u64>,
    },
    /// Nothing is done; 200 and this text, as from a captive portal.
    Garbage {
        /// The whole body.
        body: String,
    },
    /// The work is done; the second half of the answer is missing.
    Truncated {
        /// The connection breaks off before the announced length; otherwise the half document is announced as whole.
        #[serde(default)]
        mid_connection: bool,
    },
    /// Nothing is done; 200 and a body of so many spaces.
    Oversize {
        /// Length of the body.
        bytes: usize,
    },
    /// The work is done; the answer has a foreign XML namespace.
    WrongNamespace,
    /// The work is done; an element is missing from the answer.
    MissingField {
        /// Element name (JSON: member name).
        name: String,
    },
    /// The work is done; an element of the answer has another text.
    Field {
        /// Element name (JSON: member name).
        name: String,
        /// Its new text.
        value: String,
    },
    /// Nothing is done; the connection closes.
    Reset,
    /// The work is done; the connection closes without an answer.
    LostReply,
    /// Nothing is done; silence, then the connection closes.
    Hang {
        /// Milliseconds of silence.
        ms: u64,
    },
    /// The work is done; the answer trickles.
    Drip {
        /// Bytes a second.
        bytes_per_s: u64,
    },
    /// Nothing is done; 307 to another place.
    Redirect {
        /// The `Location` header.
        location: String,
    },
}

/// What to do before the work, if a fault says so.
#[derive(Debug)]
pub enum Instead {
    /// An error document of the service.
    Error(ApiError, Option<u64>),
    /// A ready answer.
    Answer(Response),
}

/// The script.
#[derive(Debug, Clone, Default)]
pub struct Faults(Vec<Fault>);

impl Faults {
    /// A new script, replacing the old one.
    pub fn new(faults: Vec<Fault>) -> Self {
        Self(faults)
    }

    /// What is left of the script.
    pub fn remaining(&self) -> &[Fault] {
        &self.0
    }

    /// The first fault that befalls this call; counts it.
    pub fn next(&mut self, service: &str, action: &str) -> Option<Kind> {
        for fault in self
            .0
            .iter_mut()
            .filter(|fault| fault.matches(service, action))
        {
            if fault.skip > 0 {
                fault.skip -= 1;
                continue;
            }
            if fault.count == Some(0) {
                continue;
            }
            fault.count = fault.count.map(|left| left - 1);
            return Some(fault.kind.clone());
        }
        None
    }
}

impl Fault {
    /// A fault that befalls every call; narrow it by setting the other fields.
    pub fn always(kind: Kind) -> Self {
        Self {
            service: None,
            action: None,
            writes: false,
            skip: 0,
            count: None,
            kind,
        }
    }

    fn matches(&self, service: &str, action: &str) -> bool {
        let fits = |wanted: &Option<String>, given: &str| {
            wanted.as_deref().is_none_or(|wanted| wanted == given)
        };
        let change = !READS.iter().any(|verb| action.starts_with(verb));
        fits(&self.service, service) && fits(&self.action, action) && (change || !self.writes)
    }
}

impl Kind {
    /// The kind's name as in the script.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Latency { .. } => "latency",
            Self::Error { .. } => "error",
            Self::Garbage { .. } => "garbage",
            Self::Truncated { .. } => "truncated",
            Self::Oversize { .. } => "oversize",
            Self::WrongNamespace => "wrong_namespace",
            Self::MissingField { .. } => "missing_field",
            Self::Field { .. } => "field",
            Self::Reset => "reset",
            Self::LostReply => "lost_reply",
            Self::Hang { .. } => "hang",
            Self::Drip { .. } => "drip",
            Self::Redirect { .. } => "redirect",
        }
    }

    /// The answer of a fault that leaves the work undone.
    pub fn instead(&self) -> Option<Instead> {
        let answer = |status, kind, body: Vec<u8>| Response::new(status, kind, body);
        Some(match self {
            Self::Error {
                status,
                code,
                message,
                retry_after,
            } => Instead::Error(ApiError::new(*status, code, message), *retry_after),
            Self::Garbage { body } => {
                Instead::Answer(answer(200, "text/html", body.clone().into_bytes()))
            }
            Self::Oversize { bytes } => {
                Instead::Answer(answer(200, "text/xml", vec![b' '; *bytes]))
            }
            Self::Reset => Instead::Answer(Response {
                delivery: Delivery::Closed,
                ..answer(0, "text/plain", vec![])
            }),
            Self::Hang { ms } => Instead::Answer(Response {
                delivery: Delivery::Silent(*ms),
                ..answer(0, "text/plain", vec![])
            }),
            Self::Redirect { location } => {
                Instead::Answer(answer(307, "text/plain", vec![]).with_header("location", location))
            }
            _ => return None,
        })
    }

    /// Changes an XML answer before it is written.
    pub fn edit_xml(&self, document: &mut Element) {
        match self {
            Self::MissingField { name } => document.remove(name),
            Self::Field { name, value } => document.replace(name, value),
            Self::WrongNamespace => *document = document.clone().with_namespace(WRONG_NAMESPACE),
            _ => {}
        }
    }

    /// Changes a JSON answer before it is written.
    pub fn edit_json(&self, document: &mut serde_json::Value) {
        let Some(members) = document.as_object_mut() else {
            return;
        };
        match self {
            Self::MissingField { name } => drop(members.remove(name)),
            Self::Field { name, value } => {
                drop(members.insert(name.clone(), value.as_str().into()));
            }
            _ => {}
        }
    }

    /// Changes how a finished answer travels.
    pub fn deliver(&self, mut response: Response) -> Response {
        match self {
            Self::Latency { ms } => response.delivery = Delivery::Delayed(*ms),
            Self::LostReply => {
                response.status = 0;
                response.delivery = Delivery::Closed;
            }
            Self::Drip { bytes_per_s } => response.delivery = Delivery::Dripped(*bytes_per_s),
            Self::Truncated {
                mid_connection: true,
            } => response.delivery = Delivery::Cut,
            Self::Truncated {
                mid_connection: false,
            } => response.body.truncate(response.body.len() / 2),
            _ => {}
        }
        response
    }
}
