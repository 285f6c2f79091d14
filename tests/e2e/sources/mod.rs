//! Credentials that do not start from a stored access key.

mod ambient;
mod federated;
mod kinds;
mod policies;
mod process;
mod programs;
mod static_keys;

use serde_json::{Value, json};

use crate::support::{Home, KEY, Sim, account_role};

/// Role that anybody of the bastion account or of its own may assume.
const ROLE: &str = "arn:aws:iam::222233334444:role/Open";
const ISSUER: &str = "https://token.example.com/ci";
const OIDC_KEY: &str = "the key of the OIDC provider";
const IDP: &str = "https://idp.example.com/";
const SAML_PROVIDER: &str = "arn:aws:iam::222233334444:saml-provider/Example";
const CONTAINER_TOKEN: &str = "CANARY-token-of-the-container";

/// The deck with that role, roles for tokens of others, a machine with a role, an instance of Identity Center, and a browser in
/// which the user is signed in to the console.
fn sim() -> Sim {
    Sim::with(|world| {
        let account = &mut world["accounts"]["222233334444"];
        let mut open = account_role("111122223333", &["sts:*"]);
        open["trust"]["Statement"][0]["Principal"] =
            json!({ "AWS": ["111122223333", "222233334444"] });
        account["roles"]["Open"] = open;
        account["oidc_providers"]["token.example.com/ci"] =
            json!({ "audiences": ["sts.amazonaws.com"], "key": OIDC_KEY });
        account["saml_providers"]["Example"] = IDP.into();
        account["roles"]["Ci"] = federated_role(
            "arn:aws:iam::222233334444:oidc-provider/token.example.com/ci",
            "sts:AssumeRoleWithWebIdentity",
            &json!({ "token.example.com/ci:sub": "repo:acme/web" }),
        );
        account["roles"]["Staff"] = federated_role(
            SAML_PROVIDER,
            "sts:AssumeRoleWithSAML",
            &json!({ "SAML:aud": "https://signin.aws.amazon.com/saml" }),
        );
        account["roles"]["Machine"] = account_role("222233334444", &["sts:*"]);
        world["identity_center"] = json!({
            "start_url": "https://corp.awsapps.com/start",
            "assignments": { "222233334444": { "name": "Master", "roles": ["Machine"] } },
        });
        world["options"]["console_user"] = "111122223333/elmerfudd".into();
        let user = &mut world["accounts"]["111122223333"]["users"]["elmerfudd"];
        user["policies"]["Console"] = json!({ "Statement": [
            { "Effect": "Allow", "Action": "sts:GetFederationToken", "Resource": "*" }
        ] });
        world["machine"] = json!({
            "role_arn": "arn:aws:iam::222233334444:role/Machine",
            "container_token": CONTAINER_TOKEN,
        });
    })
}

fn federated_role(provider: &str, action: &str, equal: &Value) -> Value {
    let mut role = account_role("222233334444", &["sts:*"]);
    role["trust"] = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow",
        "Principal": { "Federated": provider },
        "Action": action,
        "Condition": { "StringEquals": equal },
    }] });
    role
}

/// A profile `dev` that assumes the role with the credentials of another.
fn role_behind(source: &str) -> String {
    format!("\n[profile dev]\nrole_arn = {ROLE}\nsource_profile = {source}\nregion = eu-west-1\n")
}

/// A web identity token that lives for so many seconds from now.
pub fn web_identity(seconds: i64) -> String {
    let now = crate::support::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    let expires = i64::try_from(now.as_secs()).unwrap() + seconds;
    let claims = json!({
        "iss": ISSUER, "aud": "sts.amazonaws.com", "sub": "repo:acme/web", "exp": expires,
    });
    aws_sim::web_identity_token(OIDC_KEY, &claims)
}

/// A SAML response that is good until this time.
fn saml_response(until: &str) -> String {
    let pair = format!("arn:aws:iam::222233334444:role/Staff,{SAML_PROVIDER}");
    aws_sim::saml_response(IDP, &pair, "jon@example.com", until)
}

/// Somebody else's program in a home of its own: it counts how often it ran and prints what `export` prints there.
struct Helper {
    home: Home,
    program: String,
}

impl Helper {
    /// With these words it prints long-term keys or a session of the bastion user.
    fn of(sim: &Sim, words: &str) -> Self {
        let home = Home::of(sim, "[profile bastion]\nregion = eu-west-1\n");
        home.add("bastion", KEY);
        let variables: Vec<String> = home
            .vars
            .iter()
            .map(|(name, value)| format!("'{}={}'", name.display(), value.display()))
            .collect();
        let variables = variables.join(" ");
        let ran = home.path("ran");
        let program = home.script(
            "helper",
            &format!(
                "echo ran >> '{}'\necho 'the helper speaks' >&2\nexec env -i {variables} '{}' export --format=json {words}",
                ran.display(),
                env!("CARGO_BIN_EXE_aws-vault"),
            ),
        );
        Self { home, program }
    }

    fn runs(&self) -> usize {
        std::fs::read_to_string(self.home.path("ran")).map_or(0, |ran| ran.lines().count())
    }
}
