//! The simulated AWS, with the world of the talk: a bastion account with one user, a master account with a role behind MFA.

use std::ops::Deref;

use aws_sim::{Fault, FaultKind, Server, World};
use serde_json::{Value, json};

/// Serial of the user's MFA device.
pub const SERIAL: &str = "arn:aws:iam::111122223333:mfa/elmerfudd";
/// What the device is seeded with.
const SEED: &str = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";
/// Codes are good for five minutes, not for one: a loaded machine takes its time between asking for one and using it.
pub const EXTRA_MFA_STEPS: u64 = 10;
/// The user's key.
pub const KEY: Key<'static> = Key {
    id: "AKIACANARYBASTIONKEY",
    secret: "CANARYsecretOfTheBastionUser/+0123456789",
};

/// The profile with the key.
pub const BASTION: &str = "\
[profile bastion]
region = eu-west-1
mfa_serial = arn:aws:iam::111122223333:mfa/elmerfudd
";

/// Both profiles of the talk.
pub const DECK: &str = "\
[profile bastion]
region = eu-west-1
mfa_serial = arn:aws:iam::111122223333:mfa/elmerfudd

[profile master]
source_profile = bastion
mfa_serial = arn:aws:iam::111122223333:mfa/elmerfudd
role_arn = arn:aws:iam::222233334444:role/DeveloperRole
";

#[derive(Clone, Copy, Debug)]
pub struct Key<'a> {
    pub id: &'a str,
    pub secret: &'a str,
}

pub struct Sim(Server);

impl Deref for Sim {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.0
    }
}

impl Sim {
    pub fn deck() -> Self {
        Self::with(|_| ())
    }

    /// The deck with changes to its world file.
    pub fn with(change: impl FnOnce(&mut Value)) -> Self {
        let mut world: Value = serde_json::from_str(World::DECK).unwrap();
        let user = &mut world["accounts"]["111122223333"]["users"]["elmerfudd"];
        user["access_keys"] = json!([{ "id": KEY.id, "secret": KEY.secret }]);
        user["mfa_devices"] = json!([{ "serial": SERIAL, "seed": SEED }]);
        user["policies"]["Roles"] = json!({
            "Version": "2012-10-17",
            "Statement": [{
                "Effect": "Allow",
                "Action": ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"],
                "Resource": "*"
            }]
        });
        change(&mut world);
        world["options"]["extra_mfa_steps"] = EXTRA_MFA_STEPS.into();
        let world = World::from_json(&world.to_string()).unwrap();
        Self(Server::start(world).unwrap())
    }

    /// An unused code of the user's device.
    pub fn code(&self) -> String {
        self.token_code(SERIAL)
            .expect("the codes of this minute are used up")
    }

    /// Two codes that are accepted now, if they come in this order.
    pub fn codes() -> [String; 2] {
        let step = aws_sim::step_at(
            super::now()
                .duration_since(std::time::UNIX_EPOCH)
                .unwrap()
                .as_secs(),
        );
        [step, step + 1].map(|step| aws_sim::token_code(SEED, step).unwrap())
    }

    /// `sts:GetSessionToken` and so on, since the log was last cleared.
    pub fn actions(&self) -> Vec<String> {
        self.calls()
            .iter()
            .map(|call| format!("{}:{}", call.service, call.action))
            .collect()
    }

    pub fn count(&self, action: &str) -> usize {
        self.calls()
            .iter()
            .filter(|call| call.action == action)
            .count()
    }

    /// The parameters of the last call of an action.
    #[track_caller]
    pub fn parameters(&self, action: &str) -> std::collections::BTreeMap<String, String> {
        let calls = self.calls();
        let call = calls.iter().rfind(|call| call.action == action);
        call.unwrap_or_else(|| panic!("no {action} in {calls:#?}"))
            .parameters
            .clone()
    }

    pub fn faults(&self, faults: impl IntoIterator<Item = Fault>) {
        self.set_faults(faults.into_iter().collect());
    }
}

/// What befalls every call of an action.
pub fn fault(action: &str, kind: FaultKind) -> Fault {
    Fault {
        action: Some(action.to_owned()),
        ..Fault::always(kind)
    }
}

/// What befalls the next call of an action.
pub fn once(action: &str, kind: FaultKind) -> Fault {
    Fault {
        count: Some(1),
        ..fault(action, kind)
    }
}

pub fn error(status: u16, code: &str, message: &str) -> FaultKind {
    FaultKind::Error {
        status,
        code: code.to_owned(),
        message: message.to_owned(),
        retry_after: None,
    }
}

/// A role that the whole account `trusted` may assume, MFA or not.
pub fn account_role(trusted: &str, actions: &[&str]) -> Value {
    json!({
        "max_session_duration": 43200,
        "trust": { "Version": "2012-10-17", "Statement": [{
            "Effect": "Allow",
            "Principal": { "AWS": format!("arn:aws:iam::{trusted}:root") },
            "Action": ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]
        }] },
        "policies": { "All": { "Version": "2012-10-17", "Statement": [
            { "Effect": "Allow", "Action": actions, "Resource": "*" }
        ] } }
    })
}

impl Sim {
    /// Ids and states of the user's keys: `AKIA… Active`.
    pub fn keys(&self) -> Vec<String> {
        let world = self.world();
        let user = &world.accounts["111122223333"].users["elmerfudd"];
        user.access_keys
            .iter()
            .map(|key| format!("{} {:?}", key.id, key.status))
            .collect()
    }

    /// Somebody deletes a key of the user in the console.
    pub fn delete_key(&self, id: &str) {
        let mut world = self.world();
        let account = world.accounts.get_mut("111122223333").unwrap();
        let user = account.users.get_mut("elmerfudd").unwrap();
        user.access_keys.retain(|key| key.id != id);
    }

    /// Calls that change something at IAM.
    pub fn writes(&self) -> Vec<String> {
        let actions = self.actions();
        actions
            .into_iter()
            .filter(|action| {
                ["Create", "Update", "Delete"]
                    .iter()
                    .any(|verb| action.contains(verb))
            })
            .collect()
    }
}

impl Sim {
    /// Waits until so many calls of an action have arrived.
    #[track_caller]
    pub fn wait_for(&self, action: &str, calls: usize) {
        let start = std::time::Instant::now();
        while self.count(action) < calls {
            assert!(
                start.elapsed().as_secs() < 80,
                "no {calls} {action} in {:?}",
                self.actions()
            );
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
    }
}
