//! One line in the log for each write that is sent to a platform: what was written where, and what came of it. No value is logged.

use std::time::Instant;

use ::http::Method;
use serde_json::Value;
use tracing::info;

use super::call::Call;
use crate::http::{HttpError, ResponseHead};
use crate::text::identifier;

/// In characters: a platform chooses it.
const LONGEST_ID: usize = 64;
const REQUEST_ID: &str = "nimbus-request-id";

/// Logs a call that was sent, unless it only reads.
pub(super) fn log(call: &Call, started: Instant, sent: &Result<ResponseHead, HttpError>) {
    if call.method == Method::GET {
        return;
    }
    let head = sent.as_ref().ok();
    let request_id = head.and_then(|head| head.header(REQUEST_ID)).and_then(|id| identifier(id, LONGEST_ID));
    let failure = match sent {
        Ok(_) => None,
        Err(HttpError::Throttled { .. }) => Some("asked to wait"),
        Err(HttpError::Unreachable(unreachable)) => Some(unreachable.failure.as_str()),
        Err(HttpError::Unexpected(_)) => Some("not a whole answer"),
    };
    info!(
        route = format!("{} {}", call.method, call.route),
        tenant = call.tenant.map(|id| id.to_string()),
        pointers = pointers(call.body.as_ref()),
        status = head.map(|head| head.status().as_u16()),
        failure,
        requestId = request_id,
        ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        "written to the platform"
    );
}

/// Where the settings of a body are, without their values.
fn pointers(body: Option<&Value>) -> Option<String> {
    let mut pointers = vec![];
    walk(&mut String::new(), body?.get("settings")?, &mut pointers);
    (!pointers.is_empty()).then(|| pointers.join(" "))
}

fn walk(path: &mut String, value: &Value, pointers: &mut Vec<String>) {
    let Some(members) = value.as_object().filter(|members| !members.is_empty()) else {
        pointers.push(path.clone());
        return;
    };
    for (name, value) in members {
        let length = path.len();
        path.push('/');
        path.push_str(&name.replace('~', "~0").replace('/', "~1"));
        walk(path, value, pointers);
        path.truncate(length);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn pointers_name_the_settings_and_no_value() {
        let body = json!({
            "settings": {
                "general": { "companyName": "Contoso", "crmId": null }, "extensions": { "interact": { "key": "secret" } },
                "licenses": { "features": { "a/b": 1 } }
            },
            "triggers": { "widgetKeyRotation": "token" }
        });
        let expected = "/extensions/interact/key /general/companyName /general/crmId /licenses/features/a~1b";
        let found = pointers(Some(&body)).unwrap_or_default();
        let mut found: Vec<_> = found.split(' ').collect();
        found.sort_unstable();
        assert_eq!(expected, found.join(" "));
        assert_eq!((None, None), (pointers(None), pointers(Some(&json!({ "token": "x" })))));
    }
}
