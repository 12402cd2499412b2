//! Checks against Microsoft as the operator runs them: separately from reconciliation, rate-limited, once per check, and
//! robust against any response.

mod connection_strings;
mod credentials;
mod hostile;
mod independence;
mod kept_results;
mod request_counts;
mod requested;

use serde_json::{Value, json};

use crate::support::fixture::Fixture;
use crate::support::microsoft::{ACCESS_KEY, GRANTS, object};

const GROUP: &str = "TenantAdministrationGroup";
const INTERACT: &str = "InteractConnectionString";
const KEY: &str = "connection-string";
const UPN: &str = "ada.lovelace@contoso.com";

/// A fixture in which every check of `all` passes.
async fn fixture(name: &str) -> Fixture {
    let mut fixture = Fixture::new(name).await;
    fixture.microsoft().await;
    fixture.platform.grant(&fixture.id, &GRANTS).await;
    fixture.platform.group(&fixture.id, &object(10), json!({ "displayName": "Admins" })).await;
    fixture.platform.group(&fixture.id, &object(11), json!({ "displayName": "Others" })).await;
    let properties = json!({ "city": "Bern" });
    fixture.platform.user(&fixture.id, &object(1), json!({ "userPrincipalName": UPN, "properties": properties })).await;
    fixture.platform.acs("contoso", true).await;
    let value = fixture.connection_string("contoso", ACCESS_KEY);
    fixture.secret(&fixture.env.namespace, "acs", json!({ KEY: value })).await;
    fixture
}

fn group(number: usize) -> Value {
    json!({ "general": { "tenantAdministrationGroupId": object(number) } })
}

fn interact() -> Value {
    let reference = json!({ "name": "acs", "key": KEY });
    json!({ "extensions": { "interact": { "enabled": true, "acsConnectionStringRef": reference } } })
}

/// A spec with a check of each kind.
fn all() -> Value {
    let mut spec = interact();
    json_patch::merge(&mut spec, &group(10));
    spec["extensions"]["attendantConsole"] = json!({ "globalContactSearchFilter": "city eq 'Bern'" });
    spec["extensions"]["presenceTracking"] = json!({ "testUpn": UPN });
    spec
}

/// The results of `all` once they passed.
const PASSED: [&str; 5] = [
    "GlobalContactSearchFilter Passed FilterMatches",
    "InteractConnectionString Passed TokenIssued",
    "PresenceGrant Passed PresenceGranted",
    "PresenceTest Passed PresenceUnknownToTeams",
    "TenantAdministrationGroup Passed SecurityGroup",
];

/// The results of checks against Microsoft.
fn of_microsoft(tenant: &nimbus_operator::resources::Tenant) -> Vec<String> {
    let mut checks = crate::support::microsoft::checks(tenant);
    checks.retain(|check| !check.starts_with("Available ") && !check.starts_with("Licensed "));
    checks
}
