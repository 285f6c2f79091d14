//! An answer, and how it travels.

/// What goes back to the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// Header names in lower case.
    pub headers: Vec<(String, String)>,
    /// The whole body.
    pub body: Vec<u8>,
    /// How the body travels; anything but [`Delivery::Whole`] is a scripted fault.
    pub delivery: Delivery,
}

/// How an answer reaches the client, or does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// At once and complete.
    Whole,
    /// Complete, after so many milliseconds.
    Delayed(u64),
    /// The connection closes without an answer.
    Closed,
    /// Nothing for so many milliseconds, then the connection closes.
    Silent(u64),
    /// So many bytes a second.
    Dripped(u64),
    /// The first half of the announced bytes, then the connection closes.
    Cut,
}

impl Response {
    /// An answer with a body of the given type.
    pub fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let headers = vec![("content-type".to_owned(), content_type.to_owned())];
        Self {
            status,
            headers,
            body: body.into(),
            delivery: Delivery::Whole,
        }
    }

    /// The same answer with one more header.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// A JSON answer.
    pub fn json(status: u16, value: &serde_json::Value) -> Self {
        Self::new(status, "application/json", value.to_string())
    }
}
