//! Rules 8 to 10, and common mistakes as kubectl reports them.

use serde_json::{Value, json};

use super::samples::{self, Transition};
use super::schema::{PLURALS, installed, put, root, walk};
use super::{apply, kubectl, kubectl_file};
use crate::support::fixture::{Fixture, refused};
use crate::support::users::PLATFORM_ADMIN;

/// A manifest with one value at a path in dots.
fn with(fixture: &Fixture, path: &str, value: Value) -> Value {
    let mut manifest = fixture.manifest(json!({}));
    let place = path.split('.').fold(&mut manifest, |at, name| &mut at[name]);
    *place = value;
    manifest
}

/// A mistake: name, path, bad value, what kubectl says in addition to the path, good value.
type Mistake = (&'static str, &'static str, Value, &'static str, Value);

fn mistakes(platform: &str) -> Vec<Mistake> {
    let mut all = number_and_format_mistakes();
    all.extend(name_and_enum_mistakes(platform));
    all
}

fn number_and_format_mistakes() -> Vec<Mistake> {
    let session = "spec.extensions.interact.sessionRecoveryTimeoutSeconds";
    let email_tasks = "spec.modalities.email.maxConcurrentTasksPerService";
    let group = "spec.general.tenantAdministrationGroupId";
    let guid = "6f1b2a9c-0d3e-4f5a-8b7c-9d0e1f2a3b4c";
    vec![
        ("wrong type", email_tasks, json!("many"), "must be of type integer", json!(7)),
        ("below", session, json!(4), "should be greater than or equal to 5", json!(5)),
        ("above", session, json!(61), "should be less than or equal to 60", json!(60)),
        ("below", email_tasks, json!(0), "should be greater than or equal to 1", json!(1)),
        ("above", email_tasks, json!(201), "should be less than or equal to 200", json!(200)),
        ("bad GUID", group, json!("administrators"), "must be a GUID such as '6f1b2a9c", json!(guid)),
        ("nil GUID", group, json!("00000000-0000-0000-0000-000000000000"), "not all of them zero", json!(guid)),
        (
            "bad phone",
            "spec.contact.phone",
            json!("044 555 12 34"),
            "E.164 format, such as '+41445551234'",
            json!("+41445551234"),
        ),
        (
            "bad e-mail",
            "spec.contact.email",
            json!("ops at contoso"),
            "one e-mail address, such as 'ops@contoso.com'",
            json!("ops@contoso.com"),
        ),
        (
            "bad country",
            "spec.general.billingAddress.country",
            json!("Schweiz"),
            "ISO 3166-1 alpha-2 in capitals",
            json!("CH"),
        ),
        (
            "bad country",
            "spec.general.billingAddress.country",
            json!("UK"),
            "ISO 3166-1 alpha-2 in capitals, such as 'CH'",
            json!("GB"),
        ),
    ]
}

fn name_and_enum_mistakes(platform: &str) -> Vec<Mistake> {
    vec![
        ("too long", "spec.general.name", json!("x".repeat(257)), "1 to 256 characters on one line", json!("Contoso")),
        (
            "unknown enum",
            "spec.extensions.interact.authorization",
            json!("Verify"),
            "supported values: \"None\", \"VerifyToken\", \"VerifyTokenAndTenant\"",
            json!("VerifyToken"),
        ),
        (
            "unknown enum",
            "spec.driftPolicy",
            json!("Ignore"),
            "supported values: \"Correct\", \"Report\"",
            json!("Report"),
        ),
        (
            "bad name",
            "spec.platformRef.name",
            json!("EUWE_01"),
            "lower-case letters, digits, '-' and '.', such as",
            json!(platform),
        ),
        ("too often", "spec.syncIntervalSeconds", json!(1), "should be greater than or equal to 60", json!(60)),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn kubectl_reports_field_and_allowed_values() {
    let fixture = Fixture::new("mistakes").await;
    let (mut refused, mut applied) = (0, 0);
    for (what, path, bad, says, good) in mistakes(&fixture.env.platform) {
        let output = kubectl_file(&fixture, &["apply"], &with(&fixture, path, bad)).await;
        assert!(!output.status.success(), "{what} at {path} was accepted");
        for word in [path, says] {
            assert!(output.stderr.contains(word), "{what} at {path}: '{word}' is not in: {}", output.stderr);
        }
        refused += 1;
        apply(&fixture, &[], &with(&fixture, path, good)).await;
        applied += 1;
    }
    // Server-side apply rejects null; create treats it as absent (refusals.rs covers all fields).
    let null = with(&fixture, "spec.general.companyName", Value::Null);
    let output = kubectl_file(&fixture, &["apply", "--server-side", "--force-conflicts"], &null).await;
    assert!(!output.status.success() && output.stderr.contains("spec.general.companyName"), "{output:?}");
    println!("{} mistakes refused, {applied} good values applied", refused + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_08_conditions_are_keyed_by_type() {
    let fixture = Fixture::new("keyed").await;
    fixture.create(json!({})).await;
    let condition = |reason: &str| {
        json!({
            "type": "Ready", "status": "False", "reason": reason, "message": "",
            "lastTransitionTime": "2026-01-01T00:00:00Z", "observedGeneration": 1
        })
    };
    let status = |conditions: Value| {
        let mut manifest = fixture.manifest(json!({}));
        manifest.as_object_mut().unwrap().remove("spec");
        manifest["status"] = json!({ "observedGeneration": 1, "conditions": conditions });
        manifest
    };
    let write = async |manager: &str, conditions: Value| {
        let file = super::file(&status(conditions));
        let manager = format!("--field-manager={manager}");
        let words = ["apply", "--server-side", "--subresource=status", &manager, "-f", file.path().to_str().unwrap()];
        // Only operators write status.
        kubectl(&fixture, &fixture.env.operator_user, &words).await
    };

    let twice = write("one", json!([condition("First"), condition("Second")])).await;
    assert!(!twice.status.success(), "{twice:?}");
    assert!(twice.stderr.contains("duplicate entries for key [type=\"Ready\"]"), "{}", twice.stderr);

    // Two managers each own their entry, which an atomic list would not allow.
    let once = write("one", json!([condition("First")])).await;
    assert!(once.status.success(), "{once:?}");
    let mut other = condition("Other");
    other["type"] = json!("Accepted");
    let other = write("two", json!([other])).await;
    assert!(other.status.success(), "{other:?}");
    let conditions = fixture.get().await.status.unwrap().conditions;
    assert_eq!(["Ready", "Accepted"], *conditions.iter().map(|c| c.type_.as_str()).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_09_unknown_field_is_rejected_with_its_path() {
    let fixture = Fixture::new("typo").await;
    for (path, says) in [
        ("spec.general.compnayName", "unknown field \"spec.general.compnayName\""),
        ("spec.modality", "unknown field \"spec.modality\""),
    ] {
        let typo = with(&fixture, path, json!("Contoso"));
        let client_side = kubectl_file(&fixture, &["apply", "--dry-run=server"], &typo).await;
        assert!(!client_side.status.success(), "{client_side:?}");
        assert!(client_side.stderr.contains("strict decoding error"), "{}", client_side.stderr);
        assert!(client_side.stderr.contains(says), "{}", client_side.stderr);

        let server_side = kubectl_file(&fixture, &["apply", "--server-side", "--dry-run=server"], &typo).await;
        assert!(!server_side.status.success(), "{server_side:?}");
        let says = format!(".{path}: field not declared in schema");
        assert!(server_side.stderr.contains(&says), "'{says}' is not in {}", server_side.stderr);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_10_immutable_fields_cannot_change() {
    let fixture = Fixture::new("fixed").await;
    fixture.create(json!({})).await;
    let before = fixture.get().await;

    let moved = fixture.try_patch(json!({ "spec": { "platformRef": { "name": "another" } } })).await;
    let says =
        ["spec.platformRef: Invalid value", "cannot be changed once set: a move to another platform is a migration"];
    let message = refused(moved, 422, &says).unwrap();
    assert!(!message.contains("immutable"), "Flux and kubectl delete and re-create on that word: {message}");

    let other = uuid::Uuid::new_v4().to_string();
    let renamed = fixture.try_patch(json!({ "spec": { "general": { "tenantId": other } } })).await;
    let says = ["spec.general.tenantId: Invalid value", "it identifies the tenant; create another Tenant instead"];
    let message = refused(renamed, 422, &says).unwrap();
    assert!(!message.contains("immutable"), "{message}");

    // If it could be removed, it could be set to another value.
    for (patch, path) in [
        (json!({ "spec": { "platformRef": null } }), "spec.platformRef: Required value"),
        (json!({ "spec": { "platformRef": { "name": null } } }), "spec.platformRef.name: Required value"),
        (json!({ "spec": { "general": { "tenantId": null } } }), "spec.general.tenantId: Required value"),
        (json!({ "spec": { "general": null } }), "spec.general: Required value"),
    ] {
        refused(fixture.try_patch(patch).await, 422, &[path]).unwrap();
    }
    assert_eq!(before.metadata.resource_version, fixture.get().await.metadata.resource_version, "nothing was written");

    // The same GUID in upper case is the same tenant.
    let capitals = fixture.id.to_uppercase();
    let same = fixture.patch(json!({ "spec": { "general": { "tenantId": capitals } } })).await;
    assert_eq!(capitals, same.spec.settings.general.tenant_id.as_str());
}

/// Every transition rule of every kind: what it accepts and what it rejects.
#[tokio::test(flavor = "multi_thread")]
async fn rule_10_transition_rules_accept_and_reject() {
    let fixture = Fixture::new("edits").await;
    let mut judged = 0;
    for plural in PLURALS {
        let crd = installed(&fixture.env, plural).await;
        for node in walk(root(&crd), "spec") {
            for (_, message) in node.rules().filter(|(rule, _)| rule.contains("oldSelf")) {
                let sample = samples::transitions().into_iter().find(|sample| sample.message == message);
                let Transition { before, accepted, refused, .. } = sample.expect("every rule has a sample");
                let name = format!("{}-{judged}", fixture.env.instance);
                let object = |value: Value| {
                    let mut object = json!({
                        "apiVersion": "nimbus.luware.com/v1alpha1", "kind": crd["spec"]["names"]["kind"],
                        "metadata": { "name": name }, "spec": super::schema::good(&root(&crd)["properties"]["spec"])
                    });
                    put(&mut object, root(&crd), &node.path, value);
                    object
                };
                for (value, expected) in [(before, true), (accepted, true), (refused, false)] {
                    let output = kubectl_file(&fixture, &["apply", "--server-side"], &object(value.clone())).await;
                    assert_eq!(expected, output.status.success(), "{} {value}: {output:?}", node.name());
                    let says = format!("{}: Invalid value", node.name());
                    assert!(expected || output.stderr.contains(message) && output.stderr.contains(&says), "{output:?}");
                }
                let gone = kubectl(&fixture, PLATFORM_ADMIN, &["delete", plural, &name]).await;
                assert!(gone.status.success(), "{gone:?}");
                judged += 1;
            }
        }
    }
    assert_eq!(4, judged, "rules about an edit");
}
