//! Behaviour 20. Attendant Console: design and overwrite decide who sees which design; visibility decides whose members the
//! search shows.
//!
//! The operator passes these settings on and decides nothing.

pub mod platform_only {
    use nimbus_operator::settings::tabs::attendant_console::DESIGNS;
    use reqwest::Method;
    use serde_json::{Value, json};

    use crate::behaviours::fixture::BehaviourFixture;

    impl BehaviourFixture {
        /// A service with two members, and three licensed users; the script has granted the search.
        async fn service_with_members(&self) {
            self.live("{}").await;
            for (user, design) in [("anna", "old"), ("bob", "new"), ("eve", "old")] {
                let body = json!({ "licenses": ["users/attendantConsole"], "design": design });
                self.act(Method::PUT, &format!("/users/{user}"), body).await;
            }
            for (user, state) in [("anna", "Available"), ("bob", "Busy")] {
                self.act(Method::PUT, &format!("/users/{user}/state"), json!({ "state": state })).await;
            }
            let service = json!({
                "displayName": "Answers", "upn": "answers@contoso.onmicrosoft.com", "members": ["anna", "bob"]
            });
            self.act(Method::PUT, "/services/answers", service).await;
            self.base.platform.run_script(&self.base.id).await.unwrap();
        }

        async fn search(&self, user: &str) -> Value {
            self.see(&format!("/search?as={user}&text=Answers")).await
        }
    }

    /// "Use new Attendant Console Design: If toggled on, Nimbus users of this tenant can switch to the new Attendant Console
    /// design (AC2)." "Overwrite User Settings: Applies the old/new Attendant Console design to all users, depending on whether
    /// "Use new Attendant Console Design" is toggled on or off."
    #[tokio::test(flavor = "multi_thread")]
    async fn design_and_overwrite_decide_the_design() {
        let fixture = BehaviourFixture::start("b20-design").await;
        fixture.service_with_members().await;
        // New design, overwrite; what a user sees who chose the old design and one who chose the new; the wording of the
        // manual.
        let rows = [
            (false, false, "old", "old", "the old design"),
            (true, false, "old", "new", "the design of their choice"),
            (false, true, "old", "old", "the old design, regardless of their choice"),
            (true, true, "new", "new", "the new design, regardless of their choice"),
        ];
        for (new, overwrite, of_anna, of_bob, words) in rows {
            assert!(DESIGNS.contains(&format!("| {new} | {overwrite} | {words} |")), "the table of the manual");
            let spec = format!(
                "extensions: {{attendantConsole: {{useNewDesign: {new}, overwriteUserSettings: {overwrite}}}}}"
            );
            fixture.live(&spec).await;
            for (user, design) in [("anna", of_anna), ("bob", of_bob)] {
                let seen = fixture.search(user).await;
                let expected = (json!(design), json!(new && !overwrite));
                assert_eq!(
                    expected,
                    (seen["design"].clone(), seen["maySwitchDesign"].clone()),
                    "{new} {overwrite} {user}"
                );
            }
        }
    }

    /// "Do not show any members - Only limits the search to Nimbus services and their overall availability. […] Shown own
    /// members - will only show available team members of Nimbus services that the Attendant user themself is a part of. Show
    /// all members - will show the availability of all team members of any Nimbus service."
    #[tokio::test(flavor = "multi_thread")]
    async fn visibility_decides_which_members_are_shown() {
        let fixture = BehaviourFixture::start("b20-members").await;
        fixture.service_with_members().await;
        let all = json!([{ "id": "anna", "available": true }, { "id": "bob", "available": false }]);
        let available = json!([{ "id": "anna", "available": true }]);
        // Visibility, what a member of the service sees, what another user sees.
        let rows = [
            ("HideMembers", json!([]), json!([])),
            ("ShowOwnMembers", available, json!([])),
            ("ShowAllMembers", all.clone(), all),
        ];
        for (visibility, member, stranger) in rows {
            fixture.live(&format!("extensions: {{attendantConsole: {{teamVisibility: {visibility}}}}}")).await;
            for (user, expected) in [("bob", &member), ("eve", &stranger)] {
                let service = fixture.search(user).await["services"][0].clone();
                assert_eq!(
                    (&json!(true), expected),
                    (&service["available"], &service["members"]),
                    "{visibility} {user}"
                );
            }
        }
    }
}
