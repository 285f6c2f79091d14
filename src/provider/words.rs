//! A command line in words, by the quoting rules of the AWS CLI, which are those of Python's `shlex.split`, which are a shell's.

/// What a command line is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Words {
    Plain(Vec<String>),
    /// It has something that only a shell understands: a pipe, a variable, `~/`.
    ForShell,
}

/// A quotation mark or a backslash at the end has nothing that closes it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unclosed;

/// Splits as POSIX, "Shell Command Language", 2.2 Quoting, has it.
pub(super) fn split(line: &str) -> Result<Words, Unclosed> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut for_shell = false;
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match c {
            ' ' | '\t' | '\r' | '\n' => words.extend(word.take()),
            '\'' => {
                let word = word.get_or_insert_default();
                loop {
                    match chars.next().ok_or(Unclosed)? {
                        '\'' => break,
                        c => word.push(c),
                    }
                }
            }
            '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match chars.next().ok_or(Unclosed)? {
                        '"' => break,
                        '\\' => {
                            let c = chars.next().ok_or(Unclosed)?;
                            // A shell also takes the backslash from \$ and \`, and a line's end from \newline.
                            for_shell |= matches!(c, '$' | '`' | '\n');
                            if !matches!(c, '"' | '\\') {
                                word.push('\\');
                            }
                            word.push(c);
                        }
                        c => {
                            for_shell |= matches!(c, '$' | '`');
                            word.push(c);
                        }
                    }
                }
            }
            '\\' => word
                .get_or_insert_default()
                .push(chars.next().ok_or(Unclosed)?),
            c => {
                for_shell |= is_shells(c, word.as_deref(), words.is_empty());
                word.get_or_insert_default().push(c);
            }
        }
    }
    words.extend(word);
    Ok(if for_shell {
        Words::ForShell
    } else {
        Words::Plain(words)
    })
}

/// Whether an unquoted character means something to a shell where it stands.
fn is_shells(c: char, word: Option<&str>, is_first_word: bool) -> bool {
    match c {
        '|' | '&' | ';' | '<' | '>' | '(' | ')' | '$' | '`' | '*' | '?' | '[' => true,
        '~' | '#' => word.is_none(),
        // `AWS_PROFILE=x helper`.
        '=' => is_first_word,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::process::{Command, Stdio};

    use super::*;

    /// Every line of up to five of these characters, against what the AWS CLI splits with.
    #[test]
    fn the_same_words_as_pythons_shlex() {
        const SCRIPT: &str = "\
import json, shlex, sys
def split(line):
    try: return shlex.split(line)
    except ValueError: return None
print(json.dumps([split(line) for line in json.load(sys.stdin)]))";
        let mut lines = vec![String::new()];
        for length in 1..=5 {
            let shorter: Vec<_> = lines
                .iter()
                .filter(|line| line.len() == length - 1)
                .cloned()
                .collect();
            for line in shorter {
                lines.extend(['a', ' ', '\'', '"', '\\'].map(|c| format!("{line}{c}")));
            }
        }
        let mut python = Command::new("python3")
            .args(["-c", SCRIPT])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("install the Debian package python3");
        let mut input = python.stdin.take().unwrap();
        input
            .write_all(&serde_json::to_vec(&lines).unwrap())
            .unwrap();
        drop(input);
        let output = python.wait_with_output().unwrap().stdout;
        let expected: Vec<Option<Vec<String>>> = serde_json::from_slice(&output).unwrap();
        for (line, expected) in lines.iter().zip(expected) {
            let words = expected.map(Words::Plain).ok_or(Unclosed);
            assert_eq!(split(line), words, "{line:?}");
        }
    }

    #[test]
    fn words_and_what_needs_a_shell() {
        let plain = |words: &[&str]| Ok(Words::Plain(words.iter().map(|&it| it.into()).collect()));
        for (line, expected) in [
            ("", plain(&[])),
            ("  helper\t a  b ", plain(&["helper", "a", "b"])),
            (
                r#""/a b/helper" --x "c d""#,
                plain(&["/a b/helper", "--x", "c d"]),
            ),
            (r"'/a b/helper' 'c\d'", plain(&["/a b/helper", r"c\d"])),
            (r"/a\ b/helper", plain(&["/a b/helper"])),
            (r#"a "\"\\\x""#, plain(&["a", r#""\\x"#])),
            (r#"a"b"'c'd"#, plain(&["abcd"])),
            ("a '' \"\"", plain(&["a", "", ""])),
            ("a '$x | `y` ~ *'", plain(&["a", "$x | `y` ~ *"])),
            (
                r"a \$x \| b=c d#e f~",
                plain(&["a", "$x", "|", "b=c", "d#e", "f~"]),
            ),
            ("a | b", Ok(Words::ForShell)),
            ("a $HOME", Ok(Words::ForShell)),
            (r#"a "$HOME""#, Ok(Words::ForShell)),
            (r#"a "\$HOME""#, Ok(Words::ForShell)),
            ("~/helper", Ok(Words::ForShell)),
            ("a;b", Ok(Words::ForShell)),
            ("X=1 helper", Ok(Words::ForShell)),
            ("a 'b", Err(Unclosed)),
            ("a \"b", Err(Unclosed)),
            ("a \\", Err(Unclosed)),
        ] {
            assert_eq!(split(line), expected, "{line}");
        }
    }
}
