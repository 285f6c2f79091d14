//! The bookmark file that every browser imports: the format of Netscape, with its unclosed tags.
//!
//! Source: Microsoft, "Netscape Bookmark File Format".

/// One folder of links. Control characters have no place in it.
pub fn file<'a>(folder: &str, links: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut text = format!(
        "<!DOCTYPE NETSCAPE-Bookmark-file-1>\n\
         <META HTTP-EQUIV=\"Content-Type\" CONTENT=\"text/html; charset=UTF-8\">\n\
         <TITLE>Bookmarks</TITLE>\n\
         <H1>Bookmarks</H1>\n\
         <DL><p>\n    <DT><H3>{}</H3>\n    <DL><p>\n",
        escaped(folder)
    );
    text.extend(links.map(|(name, url)| {
        let (name, url) = (escaped(name), escaped(url));
        format!("        <DT><A HREF=\"{url}\">{name}</A>\n")
    }));
    text + "    </DL><p>\n</DL><p>\n"
}

fn escaped(text: &str) -> String {
    text.chars().fold(String::new(), |mut escaped, c| {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            c if c.is_control() => {}
            c => escaped.push(c),
        }
        escaped
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_links_cannot_break_out() {
        let text = file(
            "AWS",
            [("a<b>\n\"c\" & d", "https://x/?a=1&b=\"")].into_iter(),
        );
        assert!(
            text.contains(
                "<DT><A HREF=\"https://x/?a=1&amp;b=&quot;\">a&lt;b&gt;&quot;c&quot; &amp; d</A>\n"
            ),
            "{text}"
        );
        assert!(text.starts_with("<!DOCTYPE NETSCAPE-Bookmark-file-1>\n"));
        assert_eq!(text.matches("<DL>").count(), text.matches("</DL>").count());
    }
}
