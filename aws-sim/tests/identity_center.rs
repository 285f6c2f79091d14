//! IAM Identity Center by AWS's own clients: OIDC with its refusals, and the portal.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use aws_sdk_ssooidc::operation::register_client::RegisterClientOutput;
use aws_sim::{Server, SsoUser};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use common::{MASTER, get, refusal, run};
use serde_json::json;
use sha2::{Digest as _, Sha256};

const START_URL: &str = "https://corp.awsapps.com/start";
const REDIRECT: &str = "http://127.0.0.1/oauth/callback";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const DEVICE: &str = "urn:ietf:params:oauth:grant-type:device_code";

fn center() -> Server {
    common::deck_with(|world| {
        world["identity_center"] = json!({
            "start_url": START_URL,
            "assignments": { MASTER: { "name": "Master", "roles": ["DeveloperRole"] } },
            "generated_accounts": 5,
            "generated_roles": ["A", "B"],
            "script": { "page_size": 2 },
        });
    })
}

fn oidc(server: &Server) -> aws_sdk_ssooidc::Client {
    aws_sdk_ssooidc::Client::from_conf(
        aws_sdk_ssooidc::Config::builder()
            .behavior_version(aws_sdk_ssooidc::config::BehaviorVersion::latest())
            .endpoint_url(&server.endpoint)
            .region(aws_sdk_ssooidc::config::Region::new("eu-west-1"))
            .retry_config(aws_sdk_ssooidc::config::retry::RetryConfig::disabled())
            .build(),
    )
}

fn portal(server: &Server) -> aws_sdk_sso::Client {
    aws_sdk_sso::Client::from_conf(
        aws_sdk_sso::Config::builder()
            .behavior_version(aws_sdk_sso::config::BehaviorVersion::latest())
            .endpoint_url(&server.endpoint)
            .region(aws_sdk_sso::config::Region::new("eu-west-1"))
            .retry_config(aws_sdk_sso::config::retry::RetryConfig::disabled())
            .build(),
    )
}

async fn registered(server: &Server, grant: &str) -> RegisterClientOutput {
    oidc(server)
        .register_client()
        .client_name("test")
        .client_type("public")
        .scopes("sso:account:access")
        .grant_types(grant)
        .grant_types("refresh_token")
        .redirect_uris(REDIRECT)
        .issuer_url(START_URL)
        .send()
        .await
        .unwrap()
}

fn challenge() -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER))
}

/// Where the browser is sent.
fn authorized(server: &Server, client: &RegisterClientOutput, redirect: &str) -> Option<String> {
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("response_type", "code")
        .append_pair("client_id", client.client_id().unwrap())
        .append_pair("redirect_uri", redirect)
        .append_pair("state", "the state")
        .append_pair("code_challenge_method", "S256")
        .append_pair("code_challenge", &challenge())
        .append_pair("scopes", "sso:account:access")
        .finish();
    let answer = get(server, &format!("/authorize?{query}"));
    answer.header("location").map(str::to_owned)
}

fn code(location: &str) -> String {
    let (_, query) = location.split_once('?').unwrap();
    form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| name == "code")
        .unwrap()
        .1
        .into_owned()
}

/// An access token and a refresh token, by the code that a person's browser brings.
async fn signed_in(server: &Server) -> (RegisterClientOutput, String, String) {
    let client = registered(server, "authorization_code").await;
    let redirect = "http://127.0.0.1:4321/oauth/callback";
    let location = authorized(server, &client, redirect).unwrap();
    assert!(location.starts_with("http://127.0.0.1:4321/oauth/callback?code="));
    assert!(location.ends_with("&state=the+state"), "{location}");
    let tokens = token(server, &client)
        .grant_type("authorization_code")
        .code(code(&location))
        .redirect_uri(redirect)
        .code_verifier(VERIFIER)
        .send()
        .await
        .unwrap();
    let (access, refresh) = (
        tokens.access_token().unwrap(),
        tokens.refresh_token().unwrap(),
    );
    (client, access.to_owned(), refresh.to_owned())
}

fn token(
    server: &Server,
    client: &RegisterClientOutput,
) -> aws_sdk_ssooidc::operation::create_token::builders::CreateTokenFluentBuilder {
    oidc(server)
        .create_token()
        .client_id(client.client_id().unwrap())
        .client_secret(client.client_secret().unwrap())
}

#[test]
fn codes_are_good_once_for_who_asked() {
    run(async {
        let server = center();
        signed_in(&server).await;
        let client = registered(&server, "authorization_code").await;
        let location = authorized(&server, &client, "http://127.0.0.1:1/oauth/callback").unwrap();
        let exchange = |code: &str, redirect: &str, verifier: &str| {
            token(&server, &client)
                .grant_type("authorization_code")
                .code(code)
                .redirect_uri(redirect)
                .code_verifier(verifier)
                .send()
        };
        let right = "http://127.0.0.1:1/oauth/callback";
        for (redirect, verifier) in [
            ("http://127.0.0.1:2/oauth/callback", VERIFIER),
            (right, "another verifier that is as long as it has to be"),
        ] {
            let location = authorized(&server, &client, right).unwrap();
            let refused = refusal(exchange(&code(&location), redirect, verifier).await);
            assert_eq!(refused.0, "InvalidGrantException");
        }
        exchange(&code(&location), right, VERIFIER).await.unwrap();
        let again = refusal(exchange(&code(&location), right, VERIFIER).await);
        assert_eq!(again.0, "InvalidGrantException");
        assert_eq!(
            authorized(&server, &client, "http://127.0.0.1:1/elsewhere"),
            None,
            "the redirect is the registered one"
        );
    });
}

#[test]
fn the_person_decides() {
    run(async {
        let server = center();
        let client = registered(&server, "authorization_code").await;
        server.world().identity_center.script.user = SsoUser::Denies;
        let location = authorized(&server, &client, "http://127.0.0.1:1/oauth/callback").unwrap();
        assert!(location.contains("?error=access_denied&"), "{location}");
        server.world().identity_center.script.user = SsoUser::Waits;
        assert_eq!(
            authorized(&server, &client, "http://127.0.0.1:1/oauth/callback"),
            None
        );
    });
}

#[test]
fn refresh_tokens_belong_to_their_client() {
    run(async {
        let server = center();
        let (client, _, refresh) = signed_in(&server).await;
        let other = registered(&server, "authorization_code").await;
        let by = |client: &RegisterClientOutput, refresh: &str| {
            token(&server, client)
                .grant_type("refresh_token")
                .refresh_token(refresh)
                .send()
        };
        assert_eq!(
            refusal(by(&other, &refresh).await).0,
            "InvalidGrantException"
        );
        let tokens = by(&client, &refresh).await.unwrap();
        assert_ne!(tokens.refresh_token().unwrap(), refresh);
        server.world().identity_center.revoke_refresh_tokens();
        let revoked = by(&client, tokens.refresh_token().unwrap()).await;
        assert_eq!(refusal(revoked).0, "InvalidGrantException");
        server.world().set_clock_offset(91 * 86_400);
        assert_eq!(refusal(by(&client, "x").await).0, "InvalidClientException");
    });
}

#[test]
fn device_codes_pend_slow_down_expire_and_are_denied() {
    run(async {
        let server = center();
        let client = registered(&server, DEVICE).await;
        let start = || {
            oidc(&server)
                .start_device_authorization()
                .client_id(client.client_id().unwrap())
                .client_secret(client.client_secret().unwrap())
                .start_url(START_URL)
                .send()
        };
        let poll = |code: &str| {
            token(&server, &client)
                .grant_type(DEVICE)
                .device_code(code)
                .send()
        };
        let visit = |page: &str| {
            let target = page.strip_prefix(&server.endpoint).unwrap();
            assert_eq!(get(&server, target).status, 200);
        };
        let ahead = |seconds| server.world().set_clock_offset(seconds);

        let device = start().await.unwrap();
        let code = device.device_code().unwrap();
        assert_eq!(refusal(poll(code).await).0, "AuthorizationPendingException");
        assert_eq!(refusal(poll(code).await).0, "SlowDownException");
        visit(device.verification_uri_complete().unwrap());
        ahead(10);
        assert!(poll(code).await.unwrap().refresh_token().is_some());

        let device = start().await.unwrap();
        ahead(10 + 601);
        let expired = refusal(poll(device.device_code().unwrap()).await);
        assert_eq!(expired.0, "ExpiredTokenException");

        let device = start().await.unwrap();
        server.world().identity_center.script.user = SsoUser::Denies;
        visit(device.verification_uri_complete().unwrap());
        let denied = refusal(poll(device.device_code().unwrap()).await);
        assert_eq!(denied.0, "AccessDeniedException");

        let wrong = oidc(&server)
            .start_device_authorization()
            .client_id(client.client_id().unwrap())
            .client_secret(client.client_secret().unwrap())
            .start_url("https://other.awsapps.com/start");
        assert_eq!(refusal(wrong.send().await).0, "InvalidRequestException");
    });
}

#[test]
fn the_portal_pages_and_gives_credentials_that_work() {
    run(async {
        let server = center();
        let (_, access, _) = signed_in(&server).await;
        let portal = portal(&server);
        let mut names = Vec::new();
        let mut next = None;
        loop {
            let page = portal
                .list_accounts()
                .access_token(&access)
                .set_next_token(next)
                .send()
                .await
                .unwrap();
            assert!(page.account_list().len() <= 2);
            let list = page.account_list().iter();
            names.extend(list.map(|account| account.account_name().unwrap().to_owned()));
            next = page.next_token().map(str::to_owned);
            if next.is_none() {
                break;
            }
        }
        assert_eq!(names.len(), 6);
        assert_eq!(names[0], "Master");
        let roles = portal
            .list_account_roles()
            .access_token(&access)
            .account_id(MASTER)
            .send()
            .await
            .unwrap();
        assert_eq!(roles.role_list()[0].role_name(), Some("DeveloperRole"));

        let ask = |role: &str| {
            portal
                .get_role_credentials()
                .access_token(&access)
                .account_id(MASTER)
                .role_name(role)
                .send()
        };
        assert_eq!(refusal(ask("Admin").await).0, "ForbiddenException");
        let given = ask("DeveloperRole")
            .await
            .unwrap()
            .role_credentials
            .unwrap();
        let credentials = aws_sdk_sts::config::Credentials::new(
            given.access_key_id().unwrap(),
            given.secret_access_key().unwrap(),
            given.session_token.clone(),
            None,
            "test",
        );
        let caller = common::sts(&server, credentials);
        let identity = caller.get_caller_identity().send().await.unwrap();
        assert_eq!(
            identity.arn(),
            Some("arn:aws:sts::222233334444:assumed-role/DeveloperRole/elmerfudd")
        );

        portal.logout().access_token(&access).send().await.unwrap();
        assert_eq!(
            refusal(ask("DeveloperRole").await).0,
            "UnauthorizedException"
        );
    });
}

#[test]
fn the_portal_throttles_and_the_log_holds_no_token() {
    run(async {
        let server = center();
        let (_, access, _) = signed_in(&server).await;
        server.world().identity_center.script.portal_rate = Some(0);
        let refused = portal(&server)
            .list_accounts()
            .access_token(&access)
            .send()
            .await;
        assert_eq!(refusal(refused).0, "TooManyRequestsException");
        let log = serde_json::to_string(&server.calls()).unwrap();
        assert!(
            log.contains("ListAccounts") && !log.contains(&access[..40]),
            "{log}"
        );
    });
}

#[test]
fn the_script_is_set_over_the_control_plane() {
    let server = center();
    let answer = common::put(
        &server,
        "/_sim/identity-center",
        &json!({ "user": "denies" }),
    );
    assert_eq!(answer.status, 200);
    assert_eq!(server.world().identity_center.script.user, SsoUser::Denies);
    assert_eq!(
        server.world().identity_center.script.page_size,
        2,
        "the rest stays"
    );
    let answer = common::put(
        &server,
        "/_sim/identity-center",
        &json!({ "usr": "denies" }),
    );
    assert_eq!(answer.status, 400);
}
