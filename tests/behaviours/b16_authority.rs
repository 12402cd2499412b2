//! Behaviour 16. Fields above the author's authority are denied, and other edits of the same object succeed.
//!
//! Two decisions: the admission policies check the author, and the plan checks what the operator's credentials may write.

use serde_json::json;

use super::fixture::{BehaviourFixture, condition_state, pair, tab_state};
use crate::support::fixture::{Fixture, NAME, condition, message};
use crate::support::users;

/// "single tenant admin permissions may restrict you to only edit non-technical information such as: Company Name / Division,
/// Billing Address, Technical Contact" "If fields are greyed-out they are managed by a higher permission level."
#[tokio::test(flavor = "multi_thread")]
async fn editor_is_denied_only_higher_fields() {
    let fixture = BehaviourFixture::start("b16-editor").await;
    fixture.live("general: {companyName: Contoso AG}\nprovisioning: {multihomingEnabled: false}").await;
    let edit = async |spec: &str| {
        let patch = json!({ "spec": serde_yaml::from_str::<serde_json::Value>(spec).unwrap() }).to_string();
        let words = ["patch", "nten", NAME, "--type=merge", "--patch", &patch];
        fixture.base.kubectl(users::TENANT_EDITOR, &words).await
    };
    // A field, and the term by which the manual names its authority.
    let above = [
        ("general: {name: Fabrikam}", "spec.general.name"),
        ("general: {tenantAdministrationGroupId: 11111111-0d3e-4f5a-8b7c-9d0e1f2a3b4c}", "tenantAdministrationGroupId"),
        ("provisioning: {multihomingEnabled: true}", "spec.provisioning.multihomingEnabled"),
        ("extensions: {outbound: {directlyInvitePstn: true}}", "spec.extensions.outbound.directlyInvitePstn"),
        ("dataPrivacy: {allowSharingPii: true}", "spec.dataPrivacy.allowSharingPii"),
        ("licenses: {tenantState: Active}", "spec.licenses.tenantState"),
        ("deletionPolicy: Delete", "spec.deletionPolicy"),
    ];
    let mark = fixture.base.platform.mark().await.unwrap();
    for (spec, field) in above {
        let refused = edit(spec).await.unwrap_err().to_string();
        assert!(refused.contains("Forbidden") && refused.contains(field), "{spec}: {refused}");
        // One forbidden field denies the whole edit.
        let both = format!("{spec}\ncontact: {{name: Adele Vance}}");
        edit(&both).await.unwrap_err();
    }
    assert_eq!([""; 0], *fixture.base.platform.effects(mark).await.unwrap());

    // Editing the rest of the same object is allowed.
    edit("general: {companyName: Contoso SE, division: Care}\ncontact: {name: Adele Vance}").await.unwrap();
    fixture.base.ready().await;
    assert_eq!(json!("Contoso SE"), fixture.setting("/general/companyName").await);
    assert_eq!(json!("Adele Vance"), fixture.setting("/contact/name").await);
    assert_eq!(json!(false), fixture.setting("/provisioning/multihomingEnabled").await);
}

/// "If you need to change restricted fields or have questions, get in touch with with your support partner or - in case of
/// further issues - Luware customer support." The partner credentials limit what can be written, independent of the author
/// of the YAML.
#[tokio::test(flavor = "multi_thread")]
async fn forbidden_setting_is_skipped_and_rest_saved() {
    let fixture = Fixture::new("b16-partner").await;
    fixture.secret(&fixture.env.operator_namespace, "partner", json!({ "client-secret": "partner-secret" })).await;
    fixture.platform_object_as(&fixture.platform.url(), "partner", "partner").await;
    let fixture = BehaviourFixture::on(fixture).await;
    fixture.name_support().await;
    fixture.live("{}").await;
    fixture.apply("provisioning: {multihomingEnabled: true}\ngeneral: {crmId: C-1042}").await;
    let greyed = fixture.base.condition("Ready", "False", "FieldNotPermitted").await;
    let happened = "1 setting may not be changed with the Platform's credentials: spec.provisioning.multihomingEnabled";
    assert_eq!(Some(happened.to_owned()), condition(&greyed, "Ready").map(|(.., message)| message));
    let advice = "contact your support partner or raise a ticket. See https://helpdesk.luware.cloud";
    assert!(message(&greyed, "Ready").unwrap().ends_with(advice));
    assert_eq!(pair("True", "FieldNotPermitted"), condition_state(&greyed, "Stalled"));
    assert_eq!(pair("True", "Accepted"), condition_state(&greyed, "Accepted"));
    let tab = "1 setting may not be changed with the Platform's credentials";
    assert_eq!(pair("Restricted", tab), tab_state(&greyed, "Provisioning"));
    assert_eq!(pair("InSync", ""), tab_state(&greyed, "General"));
    assert_eq!(json!("C-1042"), fixture.setting("/general/crmId").await);
    assert_eq!(json!(false), fixture.setting("/provisioning/multihomingEnabled").await);

    // The vendor makes the change, and the spec is live.
    fixture.vendor(json!({ "provisioning": { "multihomingEnabled": true } })).await;
    fixture.base.pass().await;
    let ready = fixture.base.ready().await;
    assert_eq!(pair("InSync", ""), tab_state(&ready, "Provisioning"));
}
