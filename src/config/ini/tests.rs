use proptest::prelude::*;

use super::*;

/// Every section as `[header]@line key=value@line …`, sub-values as `parent.key`.
fn shape(text: &str) -> Result<String, String> {
    let ini = Ini::parse(text).map_err(|error| error.to_string())?;
    let mut shape = Vec::new();
    for section in ini.sections() {
        shape.push(format!("[{}]@{}", section.header(), section.line()));
        let mut parent = "";
        for entry in section.entries() {
            let Property { key, value, line } = entry.property(&ini);
            let prefix = if entry.nested {
                format!("{parent}.")
            } else {
                String::new()
            };
            parent = if entry.nested { parent } else { key };
            shape.push(format!("{prefix}{key}={value}@{line}"));
        }
    }
    Ok(shape.join(" "))
}

#[test]
fn what_each_text_reads_as() {
    let cases = [
        // Plain.
        ("", ""),
        ("[a]\nk=v\n", "[a]@1 k=v@2"),
        ("[a]\nk = v", "[a]@1 k=v@2"),
        ("[a]\n\tk\t:\tv\t\n", "[a]@1 k=v@2"),
        ("[a]\nk = v = w : x\n", "[a]@1 k=v = w : x@2"),
        ("[a]\nk : v = w\n", "[a]@1 k=v = w@2"),
        ("[a]\nk=\n", "[a]@1 k=@2"),
        ("k = above the first section\n[a]\n", "[a]@2"),
        ("[a]\nk=1\n[b]\n[a]\nk=2\n", "[a]@1 k=1@2 [b]@3 [a]@4 k=2@5"),
        // Encodings and line endings.
        ("\u{feff}[a]\nk=v", "[a]@1 k=v@2"),
        ("[a]\r\nk=v\r\n", "[a]@1 k=v@2"),
        ("[a]\rk=v\rl=w", "[a]@1 k=v@2 l=w@3"),
        ("[a]\n\r\nk=v", "[a]@1 k=v@3"),
        ("[a]\nk=\u{e9}\u{1f512}", "[a]@1 k=\u{e9}\u{1f512}@2"),
        // Comments.
        ("# c\n; c\n[a]\n  # c\n\t; c\nk=v", "[a]@3 k=v@6"),
        (
            "[a]\nk=v # c\nl=v ; c\nm=v ; c # d\nn=v # c ; d",
            "[a]@1 k=v@2 l=v@3 m=v ; c@4 n=v@5",
        ),
        ("[a]\nk=v#c;d\nl=v\t# c", "[a]@1 k=v#c;d@2 l=v\t# c@3"),
        (
            "[a]\nk=https://x/start#/ # c",
            "[a]@1 k=https://x/start#/@2",
        ),
        ("[a]\nk= # c", "[a]@1 k=# c@2"),
        // Headers.
        ("[ profile x ]", "[profile x]@1"),
        ("  [profile   x]  ", "[profile   x]@1"),
        ("[profile x] # see [y]", "[profile x]@1"),
        ("[profile x]; see [y]", "[profile x]@1"),
        ("[profile a]b]", "[profile a]b]@1"),
        ("[profile x] y", "[profile x]@1"),
        ("[profile \"a b\"]", "[profile \"a b\"]@1"),
        // Quotes.
        ("[a]\nk=\"v w\"\nl='v w'", "[a]@1 k=v w@2 l=v w@3"),
        (
            "[a]\nk=\"v\" \"w\"\nl='\nm=\"",
            "[a]@1 k=\"v\" \"w\"@2 l='@3 m=\"@4",
        ),
        ("[a]\nk=\"v\" # c", "[a]@1 k=v@2"),
        ("[a]\nk=\"v # w\"", "[a]@1 k=\"v@2"),
        ("[a]\nk=`v # w`\nl=1", "[a]@1 k=v # w@2 l=1@3"),
        ("[a]\nk=\"\"\"v # w\"\"\"", "[a]@1 k=v # w@2"),
        (
            "[a]\nk=\"\"\"v\nw = 1\n[x]\"\"\"\nl=1",
            "[a]@1 k=v\nw = 1\n[x]@2 l=1@5",
        ),
        ("[a]\nk=`v\nw`\nl=1", "[a]@1 k=v\nw@2 l=1@4"),
        ("[a]\n\"k 1\" = v\n`l`=w", "[a]@1 k 1=v@2 l=w@3"),
        // Continuation.
        ("[a]\nk=v \\\n  w \\\n  x\nl=1", "[a]@1 k=v w x@2 l=1@5"),
        ("[a]\nk=v\\\n\nl=1", "[a]@1 k=v@2 l=1@4"),
        ("[a]\nk=v\\", "[a]@1 k=v@2"),
        ("[a]\nk=v\\\nw # x", "[a]@1 k=vw # x@2"),
        // Sub-values.
        (
            "[a]\ns3 =\n  x = 1\n\n  # c\n\ty: 2\nk=v",
            "[a]@1 s3=@2 s3.x=1@3 s3.y=2@6 k=v@7",
        ),
        (
            "[a]\ns3 =\n  whatever\n  x = 1 # c\n",
            "[a]@1 s3=@2 s3.x=1@4",
        ),
        ("[a]\n  s3 =\n  k = v\n", "[a]@1 s3=@2 k=v@3"),
        (
            "[a]\n  s3 =\n    x = 1\n  k = v",
            "[a]@1 s3=@2 s3.x=1@3 k=v@4",
        ),
        ("[a]\ns3 =\n  [b]\nk=v", "[a]@1 s3=@2 [b]@3 k=v@4"),
        ("[a]\nk=v\n  l=w", "[a]@1 k=v@2 l=w@3"),
    ];
    for (text, expected) in cases {
        assert_eq!(shape(text).as_deref(), Ok(expected), "{text:?}");
    }
}

#[test]
fn mistakes_have_a_line() {
    for (text, error) in [
        ("[a]\nk", "line 2: no `=` or `:` after the key"),
        (
            "[a]\r\n\r\nAKIAIOSFODNN7EXAMPLE\r\n",
            "line 3: no `=` or `:` after the key",
        ),
        ("k", "line 1: no `=` or `:` after the key"),
        ("[a]\n=v", "line 2: no key before the `=`"),
        ("[a]\n\"\"=v", "line 2: no key before the `=`"),
        ("[a]\n\"k=v", "line 2: the key's closing quote is missing"),
        ("[a]\n\"k\"", "line 2: no `=` or `:` after the key"),
        ("[a", "line 1: the section's closing ] is missing"),
        ("\n[]", "line 2: the section has no name"),
        ("\n[ ]", "line 2: the section has no name"),
        (
            "[a]\nk=`v\nl=w\n",
            "line 2: the value's closing quote is missing",
        ),
        (
            "[a]\nk=\"\"\"v\nl=w\n",
            "line 2: the value's closing quote is missing",
        ),
    ] {
        assert_eq!(shape(text), Err(error.to_owned()), "{text:?}");
    }
}

#[test]
fn lookups_ignore_case_and_prefer_the_last() {
    let ini = Ini::parse("[a]\nRegion=1\nREGION=2\nsts =\n  Endpoint_URL = 3\n").unwrap();
    let section = ini.section(0).unwrap();
    assert_eq!(section.property("region").unwrap().value, "2");
    assert_eq!(section.property("endpoint_url"), None);
    assert_eq!(section.nested("STS", "endpoint_url").unwrap().value, "3");
    assert_eq!(section.nested("iam", "endpoint_url"), None);
    assert!(ini.section(1).is_none());
}

proptest! {
    #[test]
    fn never_panics(text in any::<String>()) {
        let _ = shape(&text);
    }

    #[test]
    fn never_panics_on_what_looks_like_ini(text in r#"([\[\]#;=:"'`\\ \t\r\n]|"""|[a-b]|é|﻿){0,60}"#) {
        let _ = shape(&text);
    }

    #[test]
    fn keeps_the_text(text in "(\\[a\\]|k = v|# c|\r|\n|\r\n){0,20}") {
        if let Ok(ini) = Ini::parse(text.as_str()) {
            prop_assert_eq!(ini.text(), text);
        }
    }
}
