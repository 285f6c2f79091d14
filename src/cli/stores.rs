//! Which keystore, and where its items are: flags, variables and defaults. Pure but for the question which stores work here.

use std::path::PathBuf;

use aws_vault_keystore::{self as keystore, Backend, OnePassword, Settings};

use super::args::{self, Global};
use crate::environment::Environment;

/// Where each store keeps its items; `None` when the home directory is not known.
///
/// Names and defaults are the Go tool's; `pass` and `passage` also have variables of their own.
pub fn settings(environment: &Environment, global: &Global) -> Option<Settings> {
    let home = environment.home()?;
    let expanded = |path: PathBuf| match path.strip_prefix("~") {
        // Variables reach us unexpanded.
        Ok(rest) => home.join(rest),
        Err(_) => path,
    };
    let dir = |given: &Option<PathBuf>, variable: Option<&str>, default: &str| {
        let configured = variable.and_then(|name| environment.var_os(name));
        expanded(
            given
                .clone()
                .or_else(|| configured.map(PathBuf::from))
                .unwrap_or_else(|| PathBuf::from(default)),
        )
    };
    let base = Settings::new(dir(&global.file_dir, None, "~/.awsvault/keys"));
    Some(Settings {
        keychain: global.keychain.clone().unwrap_or(base.keychain),
        secret_service_collection: global
            .secret_service_collection
            .clone()
            .unwrap_or(base.secret_service_collection),
        pass_dir: dir(
            &global.pass_dir,
            Some("PASSWORD_STORE_DIR"),
            "~/.password-store",
        ),
        passage_dir: dir(&global.pass_dir, Some("PASSAGE_DIR"), "~/.passage/store"),
        pass_cmd: global.pass_cmd.clone(),
        pass_prefix: global.pass_prefix.clone().unwrap_or_default(),
        one_password: one_password(environment, &global.one_password, base.one_password),
        ..base
    })
}

/// 1Password's own variables count last.
fn one_password(
    environment: &Environment,
    flags: &args::OnePassword,
    base: OnePassword,
) -> OnePassword {
    let or_variable = |given: &Option<String>, name| {
        let variable = || environment.var(name).map(str::to_owned);
        given.clone().or_else(variable).unwrap_or_default()
    };
    OnePassword {
        vault: or_variable(&flags.op_vault_id, "OP_VAULT_ID"),
        title_prefix: flags
            .op_item_title_prefix
            .clone()
            .unwrap_or(base.title_prefix),
        tag: flags.op_item_tag.clone().unwrap_or(base.tag),
        connect_host: or_variable(&flags.op_connect_host, "OP_CONNECT_HOST"),
        timeout: flags.op_timeout.unwrap_or(base.timeout),
    }
}

/// Where the keys go when nobody said: the first store that works here. The last of the order, files, works everywhere.
/// `DISABLE_KWALLET=1` leaves KDE Wallet out, as in the Go tool.
pub fn default_backend(environment: &Environment, settings: &Settings) -> Backend {
    let no_kwallet = environment.var("DISABLE_KWALLET") == Some("1");
    let mut order = Backend::DEFAULT_ORDER.iter().copied();
    order
        .find(|backend| {
            !(no_kwallet && *backend == Backend::Kwallet)
                && keystore::probe(*backend, settings).is_ok()
        })
        .unwrap_or(Backend::File)
}

impl args::Backend {
    pub fn keystore(self) -> Backend {
        match self {
            Self::File => Backend::File,
            Self::Keychain => Backend::Keychain,
            Self::Keyctl => Backend::Keyctl,
            Self::Kwallet => Backend::Kwallet,
            Self::Op => Backend::Op,
            Self::OpConnect => Backend::OpConnect,
            Self::Pass => Backend::Pass,
            Self::Passage => Backend::Passage,
            Self::SecretService => Backend::SecretService,
            Self::Wincred => Backend::Wincred,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)], global: &Global) -> Settings {
        let environment: Environment = variables.iter().copied().collect();
        settings(&environment, global).unwrap()
    }

    #[test]
    fn flags_then_variables_then_defaults() {
        let home = ("HOME", "/h");
        let plain = of(&[home], &Global::default());
        assert_eq!(plain.file_dir, PathBuf::from("/h/.awsvault/keys"));
        assert_eq!(plain.pass_dir, PathBuf::from("/h/.password-store"));
        assert_eq!(plain.passage_dir, PathBuf::from("/h/.passage/store"));
        assert_eq!(plain.secret_service_collection, "awsvault");

        let theirs = of(&[home, ("PASSWORD_STORE_DIR", "/p")], &Global::default());
        assert_eq!(theirs.pass_dir, PathBuf::from("/p"));

        let mut flags = Global::default();
        flags.file_dir.replace("~/keys".into());
        flags.pass_dir.replace("/q".into());
        let ours = of(&[home, ("PASSWORD_STORE_DIR", "/p")], &flags);
        assert_eq!(ours.file_dir, PathBuf::from("/h/keys"));
        assert_eq!(ours.pass_dir, PathBuf::from("/q"));
    }
}
