//! The operator uses every permission that it has, and has every permission that it uses: its requests over the lifetime of
//! Tenants, from the audit log, compared with `examples/rbac.yaml`.

use std::collections::BTreeSet;
use std::time::Duration;

use kube::ResourceExt;
use kube::api::{Api, Patch, PatchParams};
use nimbus_operator::controller::{LeaderElection, Options};
use nimbus_operator::lease::LeaseTiming;
use nimbus_operator::resources::Partner;
use serde_json::{Value, json};

use crate::support::audit::Request;
use crate::support::fixture::Fixture;
use crate::support::wait::{PATIENCE, until};
use crate::support::{apply, assets, users};

/// A verb on a resource, e.g. `patch nimbus.luware.com/tenants/status`.
type Permission = String;

/// Kubernetes itself grants it to every account (`system:basic-user`): asking what the account may do.
const OF_EVERY_ACCOUNT: &str = "create authorization.k8s.io/selfsubjectaccessreviews";

/// The first leader waits for the whole duration.
const LEASE: LeaseTiming = LeaseTiming {
    duration: Duration::from_secs(3),
    renew_deadline: Duration::from_millis(2500),
    retry_period: Duration::from_millis(500),
};

/// What the example grants to the operator, in any namespace.
fn granted() -> BTreeSet<Permission> {
    let yaml = std::fs::read_to_string(assets::checkout().join("examples/rbac.yaml")).unwrap();
    let objects = apply::documents(&yaml).unwrap();
    let roles = objects.iter().filter(|object| object.name_any().starts_with("nimbus-operator"));
    let rules = roles.filter_map(|role| role.data["rules"].as_array()).flatten();
    let mut all = BTreeSet::new();
    let texts = |rule: &Value, member: &str| -> Vec<String> {
        rule[member].as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
    };
    for rule in rules {
        for verb in texts(rule, "verbs") {
            for group in texts(rule, "apiGroups") {
                for resource in texts(rule, "resources") {
                    assert!(![&verb, &group, &resource].iter().any(|word| word.contains('*')), "no wildcard: {rule}");
                    all.insert(format!("{verb} {group}/{resource}"));
                }
            }
        }
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn operator_uses_every_granted_permission() {
    let fixture = Fixture::new("used").await;
    let mark = fixture.audit().mark().await.unwrap();
    let leader_election = Some(LeaderElection { identity: "used".to_owned(), timing: LEASE });
    let operator = fixture.start_with(Options { leader_election, ..fixture.options() });
    fixture.connected().await;
    fixture.platform.auto_run(true).await.unwrap();
    let reference = json!({ "name": "acs", "key": "connection-string" });
    let widget_key = json!({ "secretRef": { "name": "contoso-widget-key" } });
    let spec = json!({
        "deletionPolicy": "Delete", "partner": { "partnerRef": { "name": "nobody" } },
        "extensions": { "interact": { "enabled": true, "acsConnectionStringRef": reference, "widgetKey": widget_key } }
    });
    fixture.create(spec).await;
    fixture.condition("Ready", "False", "PartnerNotFound").await;
    let name = &fixture.env.namespace;
    let partner = json!({
        "apiVersion": "nimbus.luware.com/v1alpha1", "kind": "Partner", "metadata": { "name": name },
        "spec": { "displayName": "Northwind", "platformPartnerId": "northwind" }
    });
    let partners: Api<Partner> = Api::all(fixture.client(users::PLATFORM_ADMIN));
    partners.patch(name, &PatchParams::apply("test").force(), &Patch::Apply(partner)).await.unwrap();
    fixture.patch(json!({ "spec": { "partner": { "partnerRef": { "name": name } } } })).await;
    fixture.ready().await;
    // Operators of other tests reconcile this Partner too, and the first one writes: each edit is another chance.
    until("a status of a Partner was written", PATIENCE, async || {
        let edit = json!({ "spec": { "displayName": format!("Northwind {}", uuid::Uuid::new_v4()) } });
        partners.patch(name, &PatchParams::default(), &Patch::Merge(edit)).await.unwrap();
        let writes = fixture.audit().writes(&fixture.env.operator_user, mark).await.unwrap();
        let wrote = writes.iter().any(|write| write.resource == "partners" && write.subresource == "status");
        if wrote { Ok(()) } else { Err(format!("{writes:?}")) }
    })
    .await;
    fixture.patch(json!({ "spec": { "extensions": { "interact": { "widgetKey": { "rotation": "a" } } } } })).await;
    fixture.ready().await;
    fixture.confirm("deletion", &fixture.id).await;
    fixture.delete().await;
    fixture.gone().await;
    operator.stop().await;

    let requests = fixture.audit().requests(&fixture.env.operator_user, mark).await.unwrap();
    compare(&requests);
}

/// Compares what was used with what is granted.
fn compare(requests: &[Request]) {
    let refused: Vec<_> = requests.iter().filter(|request| [401, 403].contains(&request.code)).collect();
    assert!(refused.is_empty(), "it has every right that it uses: {refused:?}");
    let right = |request: &Request| match request.subresource.as_str() {
        "" => format!("{} {}/{}", request.verb, request.group, request.resource),
        sub => format!("{} {}/{}/{sub}", request.verb, request.group, request.resource),
    };
    let used: BTreeSet<Permission> =
        requests.iter().filter(|request| !request.resource.is_empty()).map(right).collect();
    assert!(used.contains(OF_EVERY_ACCOUNT), "the start-up checks ask: {used:?}");
    let granted = granted();
    let unused: Vec<&Permission> = granted.difference(&used).collect();
    assert_eq!(Vec::<&Permission>::new(), unused, "granted and not used");
    assert_eq!(
        Vec::<&Permission>::new(),
        used.difference(&granted).filter(|used| *used != OF_EVERY_ACCOUNT).collect::<Vec<_>>(),
        "used and not granted"
    );
}
