use super::*;

fn choices(names: &[&str]) -> Vec<Choice> {
    names
        .iter()
        .map(|name| {
            let (name, detail) = name.split_once('|').unwrap_or((name, ""));
            Choice {
                name: name.to_owned(),
                detail: detail.to_owned(),
            }
        })
        .collect()
}

/// The names that match what is typed, in order.
fn matching(picker: &Picker<'_>) -> Vec<String> {
    let name = |position: &usize| picker.choices[*position].name.clone();
    picker.matches.iter().map(name).collect()
}

fn typed<'a>(choices: &'a [Choice], text: &str) -> Picker<'a> {
    let mut picker = Picker::new(choices, 24);
    for c in text.chars() {
        assert_eq!(picker.press(Key::Char(c)), Step::Stay);
    }
    picker
}

#[test]
fn typing_filters_and_the_best_match_is_first() {
    let choices = choices(&[
        "prod-admin|222233334444 Administrator",
        "dev-admin",
        "PROD",
        "p-read-other-dev",
        "sandbox|111122223333 Prod",
    ]);
    for (text, names) in [
        (
            "",
            &[
                "prod-admin",
                "dev-admin",
                "PROD",
                "p-read-other-dev",
                "sandbox",
            ][..],
        ),
        (
            "prod",
            &["PROD", "prod-admin", "sandbox", "p-read-other-dev"],
        ),
        (
            "PrOd",
            &["PROD", "prod-admin", "sandbox", "p-read-other-dev"],
        ),
        ("admin", &["prod-admin", "dev-admin"]),
        ("2222", &["prod-admin", "sandbox"]),
        ("pdm", &["prod-admin"]),
        ("dv", &["dev-admin", "p-read-other-dev"]),
        (" dev-admin ", &["dev-admin"]),
        ("nothing", &[]),
    ] {
        assert_eq!(matching(&typed(&choices, text)), names, "{text}");
    }
}

#[test]
fn what_is_typed_can_be_taken_back() {
    let choices = choices(&["one", "two"]);
    for (key, left) in [
        (Key::Delete, "a on"),
        (Key::DeleteWord, "a "),
        (Key::DeleteAll, ""),
    ] {
        let mut picker = typed(&choices, "a one");
        picker.press(key);
        assert_eq!(picker.typed(), left, "{key:?}");
    }
    let mut picker = typed(&choices, "");
    picker.press(Key::Delete);
    assert_eq!(matching(&picker), ["one", "two"]);
}

#[test]
fn the_mark_moves_and_return_picks() {
    let names: Vec<_> = (0..25).map(|number| format!("p{number:02}")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let choices = choices(&names);
    for (keys, picked) in [
        (vec![], 0),
        (vec![Key::Down, Key::Down, Key::Up], 1),
        (vec![Key::Up], 24),
        (vec![Key::Up, Key::Down], 0),
        (vec![Key::PageDown], 10),
        (vec![Key::PageDown; 3], 24),
        (vec![Key::PageDown, Key::PageUp], 0),
        (vec![Key::Last], 24),
        (vec![Key::Last, Key::First], 0),
        (vec![Key::Down, Key::Char('2'), Key::Down], 12),
        (vec![Key::Other], 0),
    ] {
        let mut picker = Picker::new(&choices, 24);
        for key in &keys {
            assert_eq!(picker.press(*key), Step::Stay);
        }
        assert_eq!(picker.press(Key::Enter), Step::Picked(picked), "{keys:?}");
    }
}

#[test]
fn nothing_is_picked_by_accident() {
    let choices = choices(&["one"]);
    assert_eq!(typed(&choices, "x").press(Key::Enter), Step::Stay);
    assert_eq!(typed(&choices, "").press(Key::Close), Step::Closed);
    assert_eq!(typed(&choices, "").press(Key::Interrupt), Step::Interrupted);
    let mut empty = Picker::new(&[], 24);
    for key in [Key::Up, Key::Down, Key::PageDown, Key::Last, Key::Enter] {
        assert_eq!(empty.press(key), Step::Stay);
    }
}

#[test]
fn what_is_shown() {
    let many = choices(&[
        "bastion|key stored",
        "master|222233334444 DeveloperRole",
        "x",
    ]);
    let mut picker = Picker::new(&many, 24);
    picker.press(Key::Down);
    assert_eq!(
        picker.lines(79, false),
        [
            "  bastion  key stored",
            "> master   222233334444 DeveloperRole",
            "  x"
        ]
    );
    assert_eq!(
        picker.lines(12, false),
        ["  bastion  k", "> master   2", "  x"]
    );
    assert_eq!(
        picker.lines(79, true)[1],
        "\u{1b}[1m> master \u{1b}[0m\u{1b}[2m  222233334444 DeveloperRole\u{1b}[0m"
    );
    assert_eq!(
        typed(&many, "ma").lines(79, false),
        ["> master  222233334444 DeveloperRole", "  1 of 3"]
    );
    assert_eq!(typed(&many, "q").lines(79, false), ["  nothing matches"]);
}

#[test]
fn ten_at_a_time_or_as_many_as_the_screen_holds() {
    let names: Vec<_> = (0..25).map(|number| format!("p{number:02}")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let choices = choices(&names);
    for (rows, lines) in [(24, 11), (80, 11), (8, 6), (2, 2), (0, 2)] {
        let mut picker = Picker::new(&choices, rows);
        assert_eq!(picker.lines(80, false).len(), lines, "{rows}");
        picker.press(Key::Last);
        let shown = picker.lines(80, false);
        assert!(shown.contains(&"> p24".to_owned()), "{shown:?}");
        assert_eq!(shown.last().unwrap(), "  25 of 25");
    }
}

#[test]
fn a_name_cannot_drive_the_terminal() {
    let choices = choices(&["\u{1b}]0;x\u{7}\nnext|\u{202e}\u{1b}[2J"]);
    let shown = Picker::new(&choices, 24).lines(200, false).concat();
    assert!(
        shown.chars().all(|c| !c.is_control() && c != '\u{202e}'),
        "{shown:?}"
    );
}
