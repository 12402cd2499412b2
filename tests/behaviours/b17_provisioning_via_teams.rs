//! Behaviour 17. Provisioning via Teams: the minimum role decides who can provision from Teams; administrators can still
//! provision other services; the default owner role applies to future services only; removing the tab removes nothing.
//!
//! The operator passes these settings on and decides nothing. For a new service it shows that the script has to run, which
//! is behaviour 14.

pub mod platform_only {
    use reqwest::Method;
    use serde_json::{Value, json};

    use crate::behaviours::fixture::{BehaviourFixture, fails, outcome, succeeds};

    impl BehaviourFixture {
        /// Provisions a service as a known user.
        async fn provision(&self, via: &str, role: &str, assignment: Option<&str>) -> Value {
            let mut body = json!({ "displayName": "Help", "via": via, "as": role, "by": "anna" });
            if let Some(assignment) = assignment {
                body["assignment"] = json!(assignment);
            }
            self.act(Method::POST, "/services", body).await
        }

        async fn all_services(&self) -> Vec<Value> {
            self.see("/services").await["items"].as_array().unwrap().clone()
        }
    }

    const ROLES: [&str; 3] = ["user", "organization-unit-administrator", "tenant-administrator"];

    /// "Set the minimum roles required to Provision a new Nimbus team directly from the MS-Teams UI. Settings are: Everyone
    /// (default), Tenant & Organization Unit Administrators, Tenant Administrators, No one → provisioning disabled on MS Teams
    /// side"
    #[tokio::test(flavor = "multi_thread")]
    async fn minimum_role_is_required_to_provision() {
        let fixture = BehaviourFixture::start("b17-role").await;
        fixture.live("{}").await;
        assert_eq!(json!("Everyone"), fixture.setting("/provisioning/allowServiceProvisioningViaTeams").await);
        let rows = [
            ("Everyone", [true, true, true]),
            ("TenantAndOrganizationUnitAdministrators", [false, true, true]),
            ("TenantAdministrators", [false, false, true]),
            ("NoOne", [false, false, false]),
        ];
        for (allowed, expected) in rows {
            fixture.live(&format!("provisioning: {{allowServiceProvisioningViaTeams: {allowed}}}")).await;
            for (role, may) in ROLES.into_iter().zip(expected) {
                let expected = if may { succeeds("provisioned") } else { fails("refused", "role") };
                assert_eq!(expected, outcome(&fixture.provision("teams", role, None).await), "{allowed} {role}");
            }
        }
    }

    /// "Non MS-Teams synched Service types can still be provisioned via the backend by any administrator, regardless of the
    /// setting made here."
    #[tokio::test(flavor = "multi_thread")]
    async fn admins_can_always_provision_other_services() {
        let fixture = BehaviourFixture::start("b17-portal").await;
        fixture.live("provisioning: {allowServiceProvisioningViaTeams: NoOne}").await;
        let rows = [
            ("user", "skill-based", fails("refused", "role")),
            ("organization-unit-administrator", "skill-based", succeeds("provisioned")),
            ("tenant-administrator", "none", succeeds("provisioned")),
            ("tenant-administrator", "teams-based", fails("refused", "needs-teams")),
        ];
        for (role, assignment, expected) in rows {
            let answer = fixture.provision("portal", role, Some(assignment)).await;
            assert_eq!(expected, outcome(&answer), "{role} {assignment}");
        }
    }

    /// "Existing services are not affected by this change and changing this setting will only affect future services
    /// provisioned via MS Teams"
    #[tokio::test(flavor = "multi_thread")]
    async fn owner_role_applies_to_future_services() {
        let fixture = BehaviourFixture::start("b17-owner").await;
        for role in ["TeamOwner", "TeamOwnerLimited", "TeamOwner"] {
            fixture.live(&format!("provisioning: {{defaultTeamOwnerRole: {role}}}")).await;
            assert_eq!(json!(role), fixture.provision("teams", "user", None).await["ownerRole"]);
        }
        let roles: Vec<Value> =
            fixture.all_services().await.iter().map(|service| service["ownerRole"].clone()).collect();
        let mut roles: Vec<&str> = roles.iter().map(|role| role.as_str().unwrap()).collect();
        roles.sort_unstable();
        assert_eq!(["TeamOwner", "TeamOwner", "TeamOwnerLimited"], *roles);
    }

    /// "Users without the permission to Provision new services may still remove the Nimbus tab from MS Teams (as Nimbus cannot
    /// impact or restrict the default MS Teams interface). However, they can not trigger a removal of the service itself and
    /// its data and the Nimbus tab can be re-added."
    #[tokio::test(flavor = "multi_thread")]
    async fn removing_the_tab_removes_no_service() {
        let fixture = BehaviourFixture::start("b17-tab").await;
        fixture.live("provisioning: {allowServiceProvisioningViaTeams: TenantAdministrators}").await;
        let id = fixture.provision("teams", "tenant-administrator", None).await["id"].as_str().unwrap().to_owned();
        let before = fixture.all_services().await;
        for present in [false, true] {
            fixture.act(Method::PUT, &format!("/services/{id}/tab"), json!({ "present": present })).await;
            let mut expected = before.clone();
            expected[0]["tab"] = json!(present);
            assert_eq!(expected, fixture.all_services().await);
        }
    }
}
