//! Behaviour 1. SAVE is one transaction over all tabs: one invalid tab blocks everything, and the status marks which tabs.
//!
//! The operator decides: it validates the settings as they would be after the save, saves nothing while one tab is invalid,
//! and reports which.

use super::fixture::{BehaviourFixture, condition_state, pair, tab, tab_state};
use crate::support::fixture::condition;

/// "Clicking SAVE affects changes in all tabs. For that reason, warning icons in the tabs will indicate when there is missing
/// or wrong information that prevents saving." "Before saving, review the marked tabs first"
#[tokio::test(flavor = "multi_thread")]
async fn two_invalid_tabs_block_all_and_are_marked() {
    let fixture = BehaviourFixture::start("b01-missing").await;
    fixture.live("general: {companyName: Contoso AG}").await;
    let before = fixture.document().await["settings"].clone();
    let mark = fixture.base.platform.mark().await.unwrap();

    // Valid in General and Contact; Extensions and Modalities lack what they need once they are on.
    let more = "general: {companyName: Contoso SE}
contact: {email: ops@contoso.com}
";
    fixture
        .apply(&format!(
            "{more}extensions: {{interact: {{enabled: true}}}}
modalities: {{instantMessaging: {{enabled: true}}}}
"
        ))
        .await;
    two_tabs_are_marked(&fixture).await;
    assert_eq!(before, fixture.document().await["settings"], "nothing at all was saved");
    assert_eq!([""; 0], *fixture.base.platform.effects(mark).await.unwrap());

    // Once no tab is marked, everything is saved in one request.
    let ready = fixture
        .live(&format!(
            "{more}extensions: {{interact: {{enabled: true, acsConnectionStringRef: {{name: acs, key: connection-string}}}}}}
modalities: {{instantMessaging: {{enabled: true, primaryAccount: im@contoso.com}}}}
"
        ))
        .await;
    let calls = fixture.base.platform.calls(&fixture.base.id, mark).await.unwrap();
    let saves: Vec<_> = calls.iter().filter(|seen| seen.effect.is_some()).collect();
    let mut pointers: Vec<String> = serde_json::from_value(saves[0].entry["changedPointers"].clone()).unwrap();
    pointers.sort();
    let expected = [
        "/contact/email",
        "/extensions/interact/acsConnectionString",
        "/extensions/interact/enabled",
        "/general/companyName",
        "/modalities/instantMessaging/enabled",
        "/modalities/instantMessaging/primaryAccount",
    ];
    assert_eq!((1, expected.to_vec()), (saves.len(), pointers.iter().map(String::as_str).collect()));
    for name in ["General", "Contact", "Extensions", "Modalities"] {
        assert_eq!("InSync", tab(&ready, name).state.as_str(), "{name}");
    }
}

async fn two_tabs_are_marked(fixture: &BehaviourFixture) {
    let blocked = fixture.base.condition("Ready", "False", "InvalidSettings").await;
    let extensions = "spec.extensions.interact.acsConnectionStringRef must be set while \
                      spec.extensions.interact.enabled is true";
    let modalities = "spec.modalities.instantMessaging.primaryAccount must be set while \
                      spec.modalities.instantMessaging.enabled is true";
    assert_eq!(pair("Invalid", extensions), tab_state(&blocked, "Extensions"));
    assert_eq!(pair("Invalid", modalities), tab_state(&blocked, "Modalities"));
    for valid in ["General", "Contact", "Provisioning"] {
        assert_ne!("Invalid", tab(&blocked, valid).state.as_str(), "{valid}");
    }
    let message = condition(&blocked, "Ready").unwrap().2;
    assert_eq!(format!("{extensions}; {modalities}"), message);
    for kind in ["Accepted", "Synced"] {
        assert_eq!(pair("False", "InvalidSettings"), condition_state(&blocked, kind));
    }
    assert_eq!(pair("True", "InvalidSettings"), condition_state(&blocked, "Stalled"));
    assert!(fixture.column("MESSAGE").await.unwrap().starts_with(extensions), "who looks with kubectl sees which");
}

/// The same for an error that only the platform can detect: a well-formed ID of a unit that does not exist.
#[tokio::test(flavor = "multi_thread")]
async fn platform_rejection_blocks_all_and_marks_its_tab() {
    let fixture = BehaviourFixture::start("b01-wrong").await;
    fixture.live("general: {companyName: Contoso AG}").await;
    let before = fixture.document().await["settings"].clone();
    fixture
        .apply(
            "general: {companyName: Contoso SE}
provisioning: {defaultOrganizationUnitId: 44444444-0d3e-4f5a-8b7c-9d0e1f2a3b4c}
",
        )
        .await;
    let blocked = fixture.base.condition("Ready", "False", "OrganizationUnitNotFound").await;
    assert_eq!(
        pair("Invalid", "spec.provisioning.defaultOrganizationUnitId was rejected"),
        tab_state(&blocked, "Provisioning")
    );
    assert_ne!("Invalid", tab(&blocked, "General").state.as_str());
    assert_eq!(before, fixture.document().await["settings"], "nothing at all was saved");
}
