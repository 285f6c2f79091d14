//! One request in, one answer out.

use std::time::SystemTime;

use crate::api::{ApiCall, invalid_action};
use crate::error::ApiError;
use crate::faults::{Instead, Kind};
use crate::identity::{self, Caller};
use crate::log::{self, Call};
use crate::parameters::Parameters;
use crate::request::Request;
use crate::response::Response;
use crate::sigv4::Authorization;
use crate::world::World;
use crate::xml::Element;
use crate::{
    control, federated, iam, identity_center, metadata, oauth, organizations, signin, sts,
};

/// Answers a request at the machine's time `now` and notes it in the world's log.
pub fn respond(world: &mut World, request: &Request, now: SystemTime) -> Response {
    let now = world.time(now);
    let response = match request.path.strip_prefix("/_sim/") {
        Some(resource) => control::respond(world, request, resource, now),
        None => answer(world, request, now),
    };
    response.with_header("date", httpdate::fmt_http_date(now))
}

/// What is asked, before anybody knows who asks.
struct Asked {
    service: String,
    action: String,
    parameters: Parameters,
}

fn answer(world: &mut World, request: &Request, now: SystemTime) -> Response {
    let asked = Asked::of(request);
    let fault = world.faults.next(&asked.service, &asked.action);
    let (caller, outcome) = match fault.as_ref().and_then(Kind::instead) {
        Some(Instead::Answer(response)) => {
            (authenticated(world, request, now), Outcome::Ready(response))
        }
        Some(Instead::Error(error, retry_after)) => (
            authenticated(world, request, now),
            Outcome::Error(error, retry_after),
        ),
        None if asked.service == "signin" => {
            let (caller, response) = signin::respond(world, request, &asked.parameters, now);
            (caller, Outcome::Ready(response))
        }
        None if asked.service == oauth::SERVICE => {
            let (caller, response) =
                oauth::respond(world, request, &asked.action, &asked.parameters, now);
            (caller, Outcome::Ready(response))
        }
        None if identity_center::is_service(&asked.service) => {
            let answer =
                identity_center::respond(world, request, &asked.action, &asked.parameters, now);
            let outcome = answer.map_or_else(|error| Outcome::Error(error, None), Outcome::Ready);
            (None, outcome)
        }
        None if asked.service == "metadata" => {
            let response = metadata::respond(world, request, now);
            (None, Outcome::Ready(response))
        }
        None if asked.service == organizations::SERVICE => {
            let (caller, response) = organizations::respond(world, request, &asked.action, now);
            (caller, Outcome::Ready(response))
        }
        None => api(world, request, &asked, now),
    };
    let error = outcome.error_code();
    let mfa = caller
        .as_ref()
        .is_some_and(|caller| caller.mfa_at().is_some());
    let caller = caller.map(|caller| caller.arn(world));
    let response = render(world, &asked, outcome, fault.as_ref());
    world.calls.push(Call {
        seq: world.served + 1,
        at: crate::clock::iso8601(now),
        access_key_id: Authorization::of(request)
            .ok()
            .map(|authorization| authorization.access_key_id),
        parameters: log::shown(&asked.parameters),
        user_agent: request.header("user-agent").map(str::to_owned),
        service: asked.service,
        action: asked.action,
        caller,
        mfa,
        status: response.status,
        error,
        fault: fault.map(|fault| fault.name().to_owned()),
    });
    world.served += 1;
    response
}

impl Asked {
    fn of(request: &Request) -> Self {
        if let Some((service, action)) = identity_center::route(&request.method, &request.path) {
            return Self {
                service: service.to_owned(),
                action: action.to_owned(),
                parameters: identity_center::parameters(request),
            };
        }
        if let Some(action) = oauth::route(&request.method, &request.path) {
            return Self {
                service: oauth::SERVICE.to_owned(),
                action: action.to_owned(),
                parameters: identity_center::parameters(request),
            };
        }
        let parameters = Parameters(request.form());
        if metadata::serves(&request.path) {
            return Self {
                service: "metadata".into(),
                action: format!("{} {}", request.method, request.path),
                parameters,
            };
        }
        if signin::serves(&request.path) {
            let action = signin::action(&request.path, &parameters);
            return Self {
                service: "signin".into(),
                action,
                parameters,
            };
        }
        let service = Authorization::of(request)
            .map_or_else(|_| "sts".into(), |authorization| authorization.service);
        let action = match request.header("x-amz-target") {
            Some(target) => target.rsplit('.').next().unwrap_or_default().to_owned(),
            None => parameters.optional("Action").unwrap_or_default().to_owned(),
        };
        Self {
            service,
            action,
            parameters,
        }
    }

    fn namespace(&self) -> &'static str {
        if self.service == "iam" {
            iam::NAMESPACE
        } else {
            sts::NAMESPACE
        }
    }
}

enum Outcome {
    Result(Option<Vec<Element>>),
    Error(ApiError, Option<u64>),
    Ready(Response),
}

impl Outcome {
    fn error_code(&self) -> Option<String> {
        match self {
            Self::Error(error, _) => Some(error.code.clone()),
            _ => None,
        }
    }
}

fn authenticated(world: &World, request: &Request, now: SystemTime) -> Option<Caller> {
    identity::authenticate(world, request, now).ok()
}

fn api(
    world: &mut World,
    request: &Request,
    asked: &Asked,
    now: SystemTime,
) -> (Option<Caller>, Outcome) {
    if matches!(
        asked.action.as_str(),
        federated::WEB_IDENTITY | federated::SAML
    ) {
        let result = check_version(asked)
            .and_then(|()| federated::perform(world, &asked.action, &asked.parameters, now));
        let outcome = match result {
            Ok(result) => Outcome::Result(Some(result)),
            Err(error) => Outcome::Error(error, None),
        };
        return (None, outcome);
    }
    let caller = match identity::authenticate(world, request, now) {
        Ok(caller) => caller,
        Err(error) => return (None, Outcome::Error(error, None)),
    };
    let context = caller.context(world, request, now);
    let call = ApiCall {
        caller: &caller,
        parameters: &asked.parameters,
        context,
        now,
    };
    let result = check_version(asked).and_then(|()| match asked.service.as_str() {
        "sts" => sts::perform(world, &asked.action, call).map(Some),
        _ => iam::perform(world, &asked.action, &call),
    });
    // AWS notes a use late: the call that asks for the last one does not see itself.
    if let Ok(authorization) = Authorization::of(request) {
        identity::touch(world, &caller, &authorization, now);
    }
    let outcome = match result {
        Ok(result) => Outcome::Result(result),
        Err(error) => Outcome::Error(error, None),
    };
    (Some(caller), outcome)
}

fn check_version(asked: &Asked) -> Result<(), ApiError> {
    let expected = match asked.service.as_str() {
        "sts" => sts::VERSION,
        "iam" => iam::VERSION,
        _ => {
            let message = "Credential should be scoped to correct service: 'sts'.";
            return Err(ApiError::signature_does_not_match(message));
        }
    };
    if asked.action.is_empty() {
        return Err(ApiError::new(
            400,
            "MissingAction",
            "The request must contain the parameter Action",
        ));
    }
    match asked.parameters.optional("Version") {
        Some(version) if version == expected => Ok(()),
        version => {
            let version = version.unwrap_or("NO_VERSION_SPECIFIED");
            Err(invalid_action(&asked.action, version))
        }
    }
}

fn render(world: &mut World, asked: &Asked, outcome: Outcome, fault: Option<&Kind>) -> Response {
    let response = match outcome {
        Outcome::Ready(mut response) => {
            if let (Some(fault), Ok(mut json)) = (fault, serde_json::from_slice(&response.body)) {
                fault.edit_json(&mut json);
                response.body = json.to_string().into_bytes();
            }
            response
        }
        Outcome::Result(result) => {
            let id = world.ids.request_id();
            xml(200, result_document(asked, result, &id), &id, fault)
        }
        Outcome::Error(error, retry_after) => {
            let id = world.ids.request_id();
            let response = if identity_center::is_service(&asked.service) {
                identity_center::error_response(&asked.service, &error)
            } else {
                xml(error.status, error_document(asked, &error, &id), &id, fault)
            };
            match retry_after {
                Some(seconds) => response.with_header("retry-after", seconds.to_string()),
                None => response,
            }
        }
    };
    match fault {
        Some(fault) => fault.deliver(response),
        None => response,
    }
}

fn xml(status: u16, mut document: Element, request_id: &str, fault: Option<&Kind>) -> Response {
    if let Some(fault) = fault {
        fault.edit_xml(&mut document);
    }
    Response::new(status, "text/xml", document.document())
        .with_header("x-amzn-requestid", request_id)
}

fn result_document(asked: &Asked, result: Option<Vec<Element>>, request_id: &str) -> Element {
    let action = &asked.action;
    let metadata = Element::new(
        "ResponseMetadata",
        vec![Element::text("RequestId", request_id)],
    );
    let result = result.map(|children| Element::new(format!("{action}Result"), children));
    let children = result.into_iter().chain([metadata]).collect();
    Element::new(format!("{action}Response"), children).with_namespace(asked.namespace())
}

fn error_document(asked: &Asked, error: &ApiError, request_id: &str) -> Element {
    let side = if error.status < 500 {
        "Sender"
    } else {
        "Receiver"
    };
    let children = vec![
        Element::text("Type", side),
        Element::text("Code", &error.code),
        Element::text("Message", &error.message),
    ];
    let children = vec![
        Element::new("Error", children),
        Element::text("RequestId", request_id),
    ];
    Element::new("ErrorResponse", children).with_namespace(asked.namespace())
}
