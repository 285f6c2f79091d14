//! Answers as element trees, so that a scripted fault can drop or change a field before the text is written.

use std::fmt::Write as _;

/// One element: text, or children.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Element {
    name: String,
    namespace: Option<&'static str>,
    content: Content,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Content {
    Text(String),
    Children(Vec<Element>),
}

impl Element {
    /// An element with children.
    pub fn new(name: impl Into<String>, children: Vec<Element>) -> Self {
        Self {
            name: name.into(),
            namespace: None,
            content: Content::Children(children),
        }
    }

    /// An element with text.
    pub fn text(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            namespace: None,
            content: Content::Text(text.into()),
        }
    }

    /// A list as the query protocol writes it: `<name><member>…</member></name>`.
    pub fn list(name: impl Into<String>, members: Vec<Vec<Element>>) -> Self {
        Self::new(
            name,
            members
                .into_iter()
                .map(|children| Element::new("member", children))
                .collect(),
        )
    }

    /// The same element with an `xmlns` attribute.
    #[must_use]
    pub fn with_namespace(mut self, namespace: &'static str) -> Self {
        self.namespace = Some(namespace);
        self
    }

    /// Removes every element of that name below this one.
    pub fn remove(&mut self, name: &str) {
        if let Content::Children(children) = &mut self.content {
            children.retain(|child| child.name != name);
            for child in children {
                child.remove(name);
            }
        }
    }

    /// Sets the text of every element of that name below this one.
    pub fn replace(&mut self, name: &str, text: &str) {
        if let Content::Children(children) = &mut self.content {
            for child in children {
                if child.name == name {
                    child.content = Content::Text(text.to_owned());
                } else {
                    child.replace(name, text);
                }
            }
        }
    }

    /// The element as a document.
    pub fn document(&self) -> String {
        let mut out = String::new();
        self.write(&mut out, 0);
        out
    }

    fn write(&self, out: &mut String, depth: usize) {
        let name = &self.name;
        let namespace = self
            .namespace
            .map(|uri| format!(" xmlns=\"{uri}\""))
            .unwrap_or_default();
        let indent = "  ".repeat(depth);
        // Writing to a String cannot fail.
        let _ = match &self.content {
            Content::Text(text) => {
                writeln!(out, "{indent}<{name}{namespace}>{}</{name}>", escaped(text))
            }
            Content::Children(children) if children.is_empty() => {
                writeln!(out, "{indent}<{name}{namespace}/>")
            }
            Content::Children(children) => {
                let _ = writeln!(out, "{indent}<{name}{namespace}>");
                for child in children {
                    child.write(out, depth + 1);
                }
                writeln!(out, "{indent}</{name}>")
            }
        };
    }
}

/// Text that is safe in element content, attribute values and HTML.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Element {
        Element::new(
            "A",
            vec![
                Element::text("B", "x < y"),
                Element::new("C", vec![Element::text("B", "2")]),
            ],
        )
    }

    #[test]
    fn text_is_escaped_and_nested_elements_are_indented() {
        let expected =
            "<A xmlns=\"urn:x\">\n  <B>x &lt; y</B>\n  <C>\n    <B>2</B>\n  </C>\n</A>\n";
        assert_eq!(sample().with_namespace("urn:x").document(), expected);
    }

    #[test]
    fn fields_are_changed_at_any_depth() {
        let mut changed = sample();
        changed.replace("B", "0");
        assert_eq!(
            changed.document(),
            "<A>\n  <B>0</B>\n  <C>\n    <B>0</B>\n  </C>\n</A>\n"
        );
        changed.remove("B");
        assert_eq!(changed.document(), "<A>\n  <C/>\n</A>\n");
    }
}
