//! What the log says, and in which form.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::{Value, json};

use super::start;
use crate::support::fixture::Fixture;

/// The members of a JSON object in their order: a key that is there twice is there twice.
struct Members(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;
        impl<'de> Visitor<'de> for Visit {
            type Value = Members;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = vec![];
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Visit)
    }
}

/// The log of an operator that served one Tenant: created, ready, then invalid.
async fn log_of_a_life(fixture: &Fixture, format: &str) -> String {
    let operator = start(&fixture.env, None, &["--log-format", format]).unwrap();
    fixture.connected().await;
    fixture.create(json!({ "general": { "companyName": "Unlogged AG" } })).await;
    fixture.ready().await;
    let missing = json!({ "acsConnectionStringRef": { "name": "missing", "key": "x" }, "enabled": true });
    fixture.patch(json!({ "spec": { "extensions": { "interact": missing } } })).await;
    fixture.condition("Ready", "False", "SecretNotFound").await;
    assert!(operator.stop().await.unwrap().success(), "{}", operator.log());
    operator.log()
}

#[tokio::test(flavor = "multi_thread")]
async fn json_lines_are_flat_and_each_key_is_there_once() {
    let fixture = Fixture::new("json-log").await;
    let log = log_of_a_life(&fixture, "json").await;
    let mut lines: Vec<BTreeMap<String, Value>> = vec![];
    for line in log.lines() {
        let Members(members) = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        let count = members.len();
        let line_of: BTreeMap<_, _> = members.into_iter().collect();
        assert_eq!(count, line_of.len(), "a key is there twice: {line}");
        assert!(!line_of.values().any(|value| value.is_object() || value.is_array()), "not flat: {line}");
        for key in ["timestamp", "level", "message", "target"] {
            assert!(line_of.contains_key(key), "{key}: {line}");
        }
        lines.push(line_of);
    }
    let of_tenant: Vec<_> = lines.iter().filter(|line| line.get("controller") == Some(&json!("tenant"))).collect();
    assert!(of_tenant.len() >= 2, "{log}");
    for line in of_tenant {
        assert_eq!(Some(&json!(fixture.env.namespace)), line.get("namespace"), "{line:?}");
        assert_eq!(Some(&json!("contoso")), line.get("name"), "{line:?}");
        assert_eq!(Some(&json!(fixture.env.platform)), line.get("platform"), "{line:?}");
        for key in ["generation", "reconcileID"] {
            assert!(line.contains_key(key), "{key}: {line:?}");
        }
    }
    let saying = |text: &str| lines.iter().find(|line| line["message"].as_str().is_some_and(|it| it.contains(text)));
    assert_eq!(Some(&json!(env!("NIMBUS_VERSION"))), saying("operator started").unwrap().get("version"));
    let not_ready = lines.iter().find(|line| line.get("reason") == Some(&json!("SecretNotFound"))).unwrap();
    assert_eq!(json!("WARN"), not_ready["level"], "{not_ready:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn text_lines_have_no_colors_in_a_file_and_name_the_tenant_once() {
    let fixture = Fixture::new("text-log").await;
    let operator = {
        let kubeconfig = fixture.env.operator_kubeconfig(None).unwrap();
        let arguments = super::arguments(&fixture.env);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        // Without NO_COLOR, as from a shell.
        crate::support::operator::OperatorProcess::start(&kubeconfig, &arguments, &[("NO_COLOR", "")]).unwrap()
    };
    fixture.connected().await;
    fixture.create(json!({})).await;
    fixture.ready().await;
    operator.stop().await.unwrap();
    let log = operator.log();
    assert!(!log.contains('\u{1b}'), "{log}");
    let of_tenant: Vec<_> = log.lines().filter(|line| line.contains("name=\"contoso\"")).collect();
    assert!(!of_tenant.is_empty(), "{log}");
    for line in of_tenant {
        assert_eq!(1, line.matches("contoso").count(), "{line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_write_to_the_platform_is_one_line() {
    let fixture = Fixture::new("write-log").await;
    let log = log_of_a_life(&fixture, "json").await;
    let written: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .filter(|line: &Value| line["message"] == "written to the platform")
        .collect();
    assert_eq!(1, written.len(), "{log}");
    let line = &written[0];
    assert_eq!("PUT /v1/tenants/{id}", line["route"]);
    assert_eq!(json!(fixture.id), line["tenant"]);
    assert_eq!(json!(201), line["status"]);
    assert!(line["requestId"].as_str().is_some_and(|id| id.len() >= 8), "{line}");
    assert!(line["ms"].is_u64(), "{line}");
    let pointers = line["pointers"].as_str().unwrap();
    assert!(pointers.contains("/general/companyName") && pointers.contains("/general/name"), "{line}");
    assert!(!log.contains("Unlogged AG"), "no value is logged: {log}");
}
