//! `apply` is killed at every call that changes something, before AWS did it and after. The next one finishes, the one after that
//! changes nothing, and whatever is not ours is as it was.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use aws_sim::{Fault, FaultKind, Server, World};
use rustix::process::Signal;
use serde_json::{Value, json};

use super::support::Stage;
use crate::support::{Ran, Running};

/// As long as a killed process could wait at most.
const FOR_EVER: u64 = 60_000;
const AT_ONCE: usize = 4;

const SMALL: &str = r#"
[bastion]
account = "111122223333"
[admin]
profile = "martin"
role = "OrganizationAccountAccessRole"
[accounts.Master]
id = "222233334444"
[accounts.Product]
id = "333344445555"
[roles.DeveloperRole]
accounts = ["*"]
managed_policies = ["PowerUserAccess"]
[roles.DeveloperRole.inline_policies]
Look = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:List*","Resource":"*"}]}'
[groups.Developers]
assume = ["DeveloperRole"]
[users.elmerfudd]
groups = ["Developers"]
"#;

/// The same a year later: a role, a group and a user's membership go, another role comes, and one changes.
const LATER: &str = r#"
[bastion]
account = "111122223333"
[admin]
profile = "martin"
role = "OrganizationAccountAccessRole"
[accounts.Master]
id = "222233334444"
[accounts.Product]
id = "333344445555"
[roles.DeveloperRole]
accounts = ["Master"]
managed_policies = ["ReadOnlyAccess"]
max_session_duration = "2h"
mfa_max_age = "1h"
[groups.Readers]
assume = ["DeveloperRole"]
[users.elmerfudd]
groups = ["Readers"]
"#;

/// One home for all points: what is tried is between us and AWS.
struct Points {
    stage: Stage,
    /// What was applied before, if anything, and what is applied now.
    files: [Option<String>; 2],
}

impl Points {
    fn new(before: Option<&str>, text: &str) -> Self {
        let stage = Stage::new();
        let written = |name: &str, text: &str| {
            let path = stage.home.path(name);
            std::fs::write(&path, text).unwrap();
            path.to_str().unwrap().to_owned()
        };
        let before = before.map(|text| written("before.toml", text));
        let files = [before, Some(written("now.toml", text))];
        Self { stage, files }
    }

    /// Accounts with a role of somebody else, and with what was applied before.
    fn accounts(&self, point: &str) -> Server {
        let mut world: Value = serde_json::from_str(World::EMPTY).unwrap();
        world["accounts"]["222233334444"]["roles"]["Theirs"] = json!({ "trust": {
            "Version": "2012-10-17",
            "Statement": [{ "Effect": "Allow", "Principal": { "Service": "ec2.amazonaws.com" }, "Action": "sts:AssumeRole" }]
        } });
        let sim = Server::start(World::from_json(&world.to_string()).unwrap()).unwrap();
        if self.files[0].is_some() {
            self.apply(&sim, point, 0).finish().ok();
        }
        sim.clear_calls();
        sim
    }

    /// Each point has a state directory of its own: two runs at once on one computer would be refused.
    fn apply(&self, sim: &Server, point: &str, file: usize) -> Running {
        let file = self.files[file].as_deref().unwrap();
        let words = ["bastion", "apply", "--yes", "--file", file];
        let mut command = self.stage.home.command(words);
        command
            .env("AWS_ENDPOINT_URL", &sim.endpoint)
            .env("AWS_VAULT_SESSION_DIR", self.stage.home.path(point));
        Running::start(&mut command)
    }

    /// A run that is killed when it has sent so many changes and waits for the answer of the next.
    fn killed(&self, after: usize, kind: &FaultKind) {
        let point = format!("state-{after}-{}", kind.name());
        let sim = self.accounts(&point);
        sim.set_faults(vec![Fault {
            writes: true,
            skip: u32::try_from(after).unwrap(),
            ..Fault::always(kind.clone())
        }]);
        let running = self.apply(&sim, &point, 1);
        let start = Instant::now();
        while sim.calls().iter().all(|call| call.fault.is_none()) {
            assert!(start.elapsed().as_secs() < 60, "{point}: no call is left");
            std::thread::sleep(Duration::from_millis(5));
        }
        running.kill(Signal::KILL);
        running.finish();
        sim.set_faults(vec![]);
        self.apply(&sim, &point, 1).finish().ok();
        sim.clear_calls();
        let third = self.apply(&sim, &point, 1).finish().ok();
        assert!(is_clean(&third), "{point}: {third:#?}");
        assert!(writes(&sim).is_empty(), "{point}: {:?}", writes(&sim));
        assert!(
            sim.world().accounts["222233334444"]
                .roles
                .contains_key("Theirs"),
            "{point}"
        );
    }
}

fn is_clean(ran: &Ran) -> bool {
    ran.stdout.contains("0 to create, 0 to change, 0 to delete")
}

fn writes(sim: &Server) -> Vec<String> {
    let reads = ["Get", "List", "Assume"];
    let calls = sim.calls().into_iter().map(|call| call.action);
    calls
        .filter(|action| !reads.iter().any(|verb| action.starts_with(verb)))
        .collect()
}

/// Before and after each change, several points at once.
fn everywhere(points: &Points) -> usize {
    let sim = points.accounts("state");
    points.apply(&sim, "state", 1).finish().ok();
    let total = writes(&sim).len();
    let kinds = [
        FaultKind::Hang { ms: FOR_EVER },
        FaultKind::Latency { ms: FOR_EVER },
    ];
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let point = next.fetch_add(1, Ordering::SeqCst);
                    let (after, kind) = (point / kinds.len(), &kinds[point % kinds.len()]);
                    if after >= total {
                        return;
                    }
                    points.killed(after, kind);
                }
            });
        }
    });
    total
}

#[test]
fn nothing_is_lost_while_it_is_built() {
    let total = everywhere(&Points::new(None, SMALL));
    assert!(total > 10, "{total} changes");
}

#[test]
fn nothing_is_lost_while_it_changes() {
    let total = everywhere(&Points::new(Some(SMALL), LATER));
    assert!(total > 10, "{total} changes");
}
