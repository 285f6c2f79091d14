//! `exec` and `export` run all day, often by the dozen, and building the whole command line costs a third of a warm run: when
//! their word comes first, only their own flags are built. What they do not understand is left to the whole command line,
//! which also has the words for what is wrong.

use std::ffi::OsString;

use clap::{Args, Parser};

use super::args::{Cli, Command, Exec, Export, Global};

#[derive(Parser)]
#[command(version, disable_version_flag = true)]
struct Only<A: Args> {
    #[command(flatten)]
    global: Global,
    #[command(flatten)]
    args: A,
}

/// The command line, if it is one of these commands and makes sense.
pub(super) fn parse(words: &[OsString]) -> Option<Cli> {
    match words.first()?.to_str()? {
        "exec" => only::<Exec>(words, Command::Exec),
        "export" => only::<Export>(words, Command::Export),
        _ => None,
    }
}

/// The command's word stands where clap expects the program's name.
fn only<A: Args>(words: &[OsString], command: impl FnOnce(A) -> Command) -> Option<Cli> {
    let Only { global, args } = Only::<A>::try_parse_from(words).ok()?;
    Some(Cli {
        global,
        command: command(args),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_short_way_leads_where_the_long_one_does() {
        for line in [
            "exec",
            "exec work",
            "exec work -- aws s3 ls --region x",
            "exec work aws s3 ls --region x -n --help",
            "exec -nd 1h work --region eu-west-1 -t 123456 -- cmd --debug",
            "exec --debug --backend file --file-dir /k work -- -x",
            "exec -- work ls -l",
            "exec work - x @y",
            "export work",
            "export --format=json --no-session work --unlock-ttl 1h",
        ] {
            let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            let short = parse(&words).unwrap_or_else(|| panic!("{line}"));
            let long = Cli::try_parse_from([OsString::from("aws-vault")].into_iter().chain(words));
            assert_eq!(
                format!("{short:?}"),
                format!("{:?}", long.unwrap()),
                "{line}"
            );
        }
        for line in [
            "exec --help",
            "exec -v",
            "exec --no-stdout work",
            "exec --frob",
            "export a b",
            "list",
            "--debug exec work",
        ] {
            let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            assert!(parse(&words).is_none(), "{line}");
        }
    }
}
