//! The empty accounts of the simulated AWS, and somebody who may administer them.

use aws_sim::{Server, World};
use serde_json::Value;

use crate::support::{EXTRA_MFA_STEPS, Home, Key, Ran};

pub const ADMIN: Key<'static> = Key {
    id: "AKIAMARTINADMEXAMPLE",
    secret: "M42Rv7NqKp1sHnT7bKcFdGmRj5zEXAMPLEKEY+/w",
};

const INIT: [&str; 11] = [
    "init",
    "--bastion",
    "111122223333",
    "--account",
    "Master=222233334444",
    "--account",
    "Product=333344445555",
    "--account",
    "Corporate=444455556666",
    "--admin-profile",
    "martin",
];

/// Accounts without a layout, and a home with the administrator's key.
pub struct Stage {
    pub sim: Server,
    pub home: Home,
}

impl Stage {
    pub fn new() -> Self {
        Self::with(|_| ())
    }

    pub fn with(change: impl FnOnce(&mut Value)) -> Self {
        let mut world: Value = serde_json::from_str(World::EMPTY).unwrap();
        world["options"]["extra_mfa_steps"] = EXTRA_MFA_STEPS.into();
        change(&mut world);
        let sim = Server::start(World::from_json(&world.to_string()).unwrap()).unwrap();
        let mut home = Home::new();
        home.set("AWS_ENDPOINT_URL", &sim.endpoint);
        home.set("AWS_ENDPOINT_URL_SIGNIN", &sim.endpoint);
        home.configure("[profile martin]\nregion = eu-west-1\n");
        home.add("martin", ADMIN);
        Self { sim, home }
    }

    /// The deck's layout as a file, with elmerfudd in it.
    pub fn deck() -> Self {
        let stage = Self::new();
        stage.init();
        stage
    }

    #[track_caller]
    pub fn init(&self) {
        let words = INIT
            .iter()
            .chain(&["--user", "elmerfudd", "--region", "eu-west-1"]);
        self.bastion(words.copied()).ok();
    }

    /// `aws-vault bastion …` in the home's directory.
    pub fn bastion<'a>(&self, words: impl IntoIterator<Item = &'a str>) -> Ran {
        let mut all = vec!["bastion".to_owned()];
        all.extend(words.into_iter().map(str::to_owned));
        all.extend(["--file".to_owned(), self.file()]);
        self.home.run(all)
    }

    pub fn file(&self) -> String {
        self.home.path("bastion.toml").to_str().unwrap().to_owned()
    }

    pub fn edit(&self, from: &str, to: &str) {
        let text = std::fs::read_to_string(self.file()).unwrap();
        assert!(text.contains(from), "no {from:?} in {text}");
        std::fs::write(self.file(), text.replace(from, to)).unwrap();
    }

    /// Calls that changed something since the log was cleared.
    pub fn writes(&self) -> Vec<String> {
        const READS: [&str; 5] = ["Get", "List", "AssumeRole", "Simulate", "Generate"];
        let calls = self.sim.calls();
        let writes = calls
            .iter()
            .filter(|call| !READS.iter().any(|verb| call.action.starts_with(verb)));
        writes.map(|call| call.action.clone()).collect()
    }

    #[track_caller]
    pub fn plan(&self) -> Value {
        let ran = self.bastion(["plan", "--json"]);
        serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {ran:#?}"))
    }
}
