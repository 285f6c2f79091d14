//! Reads the tables of config files and what follows from them.

/// One config file and the runs on it.
pub struct Case<'t> {
    pub about: &'t str,
    /// From the line `keys: a, b`.
    pub keys: Vec<&'t str>,
    pub config: String,
    /// What follows `> `, and the indented line below it.
    pub runs: Vec<(&'t str, &'t str)>,
}

/// A case begins with `# ` and its subject; what stands above the first one explains the table.
pub fn cases(table: &str) -> Vec<Case<'_>> {
    let cases: Vec<Case<'_>> = table.split("\n# ").skip(1).map(case).collect();
    assert!(!cases.is_empty(), "a table without cases tests nothing");
    cases
}

fn case(text: &str) -> Case<'_> {
    let (head, runs) = text.split_once("\n> ").expect("every case has a run");
    let mut lines = head.lines().peekable();
    let about = lines.next().expect("every case has a subject");
    let keys = lines
        .next_if(|line| line.starts_with("keys: "))
        .map(|line| line["keys: ".len()..].split(", ").collect())
        .unwrap_or_default();
    let runs = runs
        .split("\n> ")
        .map(|run| run.split_once('\n').expect("every run has a result"))
        .map(|(command, result)| (command, result.trim()))
        .collect();
    Case {
        about,
        keys,
        config: lines
            .map(|line| format!("{line}\n"))
            .collect::<Vec<_>>()
            .concat(),
        runs,
    }
}

/// `NAME=value …` in front of a command, and the words behind them.
pub fn variables(command: &str) -> (Vec<(&str, &str)>, &str) {
    let mut variables = Vec::new();
    let mut rest = command;
    while let Some((variable, words)) = rest.split_once(' ')
        && let Some(variable) = variable.split_once('=')
    {
        variables.push(variable);
        rest = words;
    }
    (variables, rest)
}
