//! What AWS says of stored keys: whose they are, how old, when used last. Asked of several at once, and never about a secret.

use std::sync::Mutex;
use std::time::SystemTime;

use crate::aws::iam_report::LastUsed;
use crate::aws::{Aws, Error};
use crate::config::chain::Service;
use crate::credentials::Credentials;

/// Keys that are asked about at the same time: AWS limits IAM's rate for each account, and a laptop its sockets.
const AT_ONCE: usize = 8;

/// One key to ask about.
#[derive(Debug)]
pub struct Question {
    pub name: String,
    pub key: Credentials,
    /// A session with MFA, if one was there: IAM may want one.
    pub session: Option<Credentials>,
    pub service: Service,
}

/// What was learned; `None` where it could not be, with the reason in `problems`.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Answer {
    pub name: String,
    pub account: Option<String>,
    pub user: Option<String>,
    pub arn: Option<String>,
    pub created: Option<SystemTime>,
    pub last_used: Option<LastUsed>,
    /// Serial numbers of the user's devices.
    pub mfa_devices: Option<Vec<String>>,
    /// How many keys the user has.
    pub keys_of_user: Option<usize>,
    /// One sentence each.
    pub problems: Vec<String>,
}

/// Asks about every key, a few at a time; in the order of the questions.
pub fn ask_all(questions: &[Question]) -> Vec<Answer> {
    let next = Mutex::new(questions.iter().enumerate());
    let answers = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE.min(questions.len()) {
            scope.spawn(|| {
                // A runtime and connections of its own: what is shared within a run is not shared between threads.
                let aws = Aws::default();
                loop {
                    let question = next.lock().ok().and_then(|mut next| next.next());
                    let Some((index, question)) = question else {
                        return;
                    };
                    let answer = ask(&aws, question);
                    if let Ok(mut answers) = answers.lock() {
                        answers.push((index, answer));
                    }
                }
            });
        }
    });
    let mut answers = answers.into_inner().unwrap_or_default();
    answers.sort_by_key(|(index, _)| *index);
    answers.into_iter().map(|(_, answer)| answer).collect()
}

/// The last use first: every other call is one.
fn ask(aws: &Aws, question: &Question) -> Answer {
    let mut answer = Answer {
        name: question.name.clone(),
        ..Answer::default()
    };
    let id = question.key.access_key_id();
    let signer = question.session.as_ref().unwrap_or(&question.key);
    let used = aws
        .iam(signer, &question.service, None)
        .access_key_last_used(id);
    let identity = match aws.caller_identity(&question.key, &question.service) {
        Ok(identity) => identity,
        Err(error) => {
            answer.problems.push(told(&error));
            return answer;
        }
    };
    answer.last_used = noted(used, &mut answer.problems);
    let path = identity.arn.split_once(":user/").map(|(_, path)| path);
    answer.user = path
        .and_then(|path| path.rsplit('/').next())
        .map(str::to_owned);
    let iam = aws.iam(signer, &question.service, answer.user.as_deref());
    let keys = noted(iam.list_access_keys(), &mut answer.problems);
    let devices = noted(iam.mfa_devices(), &mut answer.problems);
    answer.created = keys
        .iter()
        .flatten()
        .find(|key| key.access_key_id == id)
        .and_then(|key| key.created);
    answer.keys_of_user = keys.map(|keys| keys.len());
    answer.mfa_devices = devices;
    answer.account = Some(identity.account);
    answer.arn = Some(identity.arn);
    answer
}

fn noted<T>(result: Result<T, Error>, problems: &mut Vec<String>) -> Option<T> {
    result.map_err(|error| problems.push(told(&error))).ok()
}

fn told(error: &Error) -> String {
    match error.refused_action() {
        Some(action) if error.is_denied() => format!("{action} is not allowed"),
        _ if error.is_dead_credentials() => {
            "the key does not exist any more, or is inactive".to_owned()
        }
        _ => error.to_string(),
    }
}
