//! A CRD that is newer than the operator: what it does not know is named, nothing is applied as if it were everything, and nothing of
//! it is lost. The CRDs are cluster-wide, so these tests have control planes of their own.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::Api;
use kube::api::{ApiResource, DeleteParams, DynamicObject, Patch, PatchParams, PostParams};
use nimbus_operator::resources::{Partner, Platform, Tenant};
use serde_json::{Value, json};

use crate::support::controlplane::{ControlPlane, Options};
use crate::support::fixture::{FixtureOn, NAME};
use crate::support::tenant::TenantHandle;
use crate::support::users;
use crate::support::wait::{PATIENCE, until};

/// What later versions add, by the plural of the kind: a place in the schema of its spec, and the schema.
fn additions() -> [(&'static str, &'static str, Value); 6] {
    let text = json!({ "type": "string" });
    [
        ("tenants", "properties/reporting", json!({ "type": "object", "properties": { "schedule": text } })),
        ("tenants", "properties/extensions/properties/interact/properties/greeting", text.clone()),
        ("tenants", "properties/driftPolicy/enum/-", json!("Notify")),
        ("tenants", "properties/deletionPolicy/enum/-", json!("Archive")),
        ("platforms", "properties/proxyUrl", text.clone()),
        ("partners", "properties/tier", text),
    ]
}

/// Updates the CRDs under a running operator, and waits until they are served.
async fn update_crds(fixture: &FixtureOn<'_>) {
    let crds: Api<CustomResourceDefinition> = Api::all(fixture.client(users::ADMIN));
    for (plural, place, schema) in additions() {
        let path = format!("/spec/versions/0/schema/openAPIV3Schema/properties/spec/{place}");
        let patch: json_patch::Patch =
            serde_json::from_value(json!([{ "op": "add", "path": path, "value": schema }])).unwrap();
        let name = format!("{plural}.nimbus.luware.com");
        crds.patch(&name, &PatchParams::default(), &Patch::Json::<()>(patch)).await.unwrap();
    }
    let spec = json!({
        "reporting": { "schedule": "daily" }, "driftPolicy": "Notify", "deletionPolicy": "Archive",
        "extensions": { "interact": { "greeting": "Hello" } }
    });
    let probe = TenantHandle::new(fixture, "probe").manifest(spec);
    let probe: DynamicObject = serde_json::from_value(probe).unwrap();
    let params = PostParams { dry_run: true, ..PostParams::default() };
    until("the new schema is served", PATIENCE, async || {
        let kept = raw(fixture).create(&params, &probe).await.map_err(|error| error.to_string())?;
        if kept.data.pointer("/spec/extensions/interact/greeting").is_some() {
            Ok(())
        } else {
            Err("pruned".to_owned())
        }
    })
    .await;
}

fn raw(fixture: &FixtureOn<'_>) -> Api<DynamicObject> {
    let resource = ApiResource::erase::<Tenant>(&());
    Api::namespaced_with(fixture.client(users::PLATFORM_ADMIN), &fixture.env.namespace, &resource)
}

async fn edit(fixture: &FixtureOn<'_>, spec: Value) -> DynamicObject {
    raw(fixture).patch(NAME, &PatchParams::default(), &Patch::Merge(json!({ "spec": spec }))).await.unwrap()
}

/// The condition of an object, as status, reason and message.
fn said(object: &DynamicObject, kind: &str) -> Option<[String; 3]> {
    let conditions = object.data.pointer("/status/conditions")?.as_array()?;
    let found = conditions.iter().find(|condition| condition["type"] == kind)?;
    Some(["status", "reason", "message"].map(|name| found[name].as_str().unwrap_or_default().to_owned()))
}

/// Waits until an object reports for its present generation that the operator is too old, and returns it and the message of Ready.
async fn too_old(api: &Api<DynamicObject>, name: &str) -> (DynamicObject, String) {
    until(&format!("{name} says OperatorTooOld"), PATIENCE, async || {
        let object = api.get(name).await.map_err(|error| error.to_string())?;
        let current = object.data["status"]["observedGeneration"] == json!(object.metadata.generation);
        match said(&object, "Ready") {
            Some([status, reason, message]) if current && status == "False" && reason == "OperatorTooOld" => {
                Ok((object, message))
            }
            _ => Err(object.data["status"].to_string()),
        }
    })
    .await
}

async fn company(fixture: &FixtureOn<'_>) -> Value {
    fixture.platform.tenant(&fixture.id).await.unwrap().1["settings"]["general"]["companyName"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_settings_and_words_stop_a_tenant_and_nothing_is_lost() {
    let control_plane = ControlPlane::start(Options::default()).await.unwrap();
    let fixture = FixtureOn::on(&control_plane, "newer-crd").await;
    let operator = fixture.connect().await;
    fixture.create(json!({ "general": { "companyName": "Contoso AG" } })).await;
    fixture.ready().await;
    update_crds(&fixture).await;

    // A setting of a section that is known, a section that is not, and an edit of what is known.
    let spec = json!({
        "general": { "companyName": "Fabrikam AG" }, "reporting": { "schedule": "daily" },
        "extensions": { "interact": { "greeting": "Hello" } }
    });
    edit(&fixture, spec).await;
    let (stopped, message) = too_old(&raw(&fixture), NAME).await;
    assert!(message.contains("spec.extensions.interact.greeting and 1 more"), "{message}");
    for (kind, status) in [("Accepted", "False"), ("Synced", "Unknown"), ("Stalled", "True")] {
        let [found, reason, _] = said(&stopped, kind).unwrap_or_default();
        assert_eq!((status, "OperatorTooOld"), (found.as_str(), reason.as_str()), "{kind}");
    }
    assert_eq!(json!("Contoso AG"), company(&fixture).await, "nothing is applied as if it were everything");
    assert_eq!(json!("daily"), stopped.data["spec"]["reporting"]["schedule"], "and nothing is lost");

    // A word that is not known does not make the object unreadable, also where it is there when the operator starts.
    edit(&fixture, json!({ "reporting": null, "extensions": null, "driftPolicy": "Notify" })).await;
    let (_, message) = too_old(&raw(&fixture), NAME).await;
    assert!(message.contains("spec.driftPolicy 'Notify'"), "{message}");
    operator.stop().await;
    let restarted = fixture.connect().await;
    edit(&fixture, json!({ "general": { "division": "Care" } })).await;
    too_old(&raw(&fixture), NAME).await;

    edit(&fixture, json!({ "driftPolicy": null })).await;
    fixture.ready().await;
    assert_eq!(json!("Fabrikam AG"), company(&fixture).await, "without them everything is applied");
    deletions(&fixture).await;
    restarted.stop().await;
}

/// Retain works, and a deletion is asked for only where everything that decides about it is understood.
async fn deletions(fixture: &FixtureOn<'_>) {
    fixture.platform.auto_run(true).await.unwrap();
    edit(fixture, json!({ "deletionPolicy": "Archive" })).await;
    too_old(&raw(fixture), NAME).await;
    raw(fixture).delete(NAME, &DeleteParams::default()).await.unwrap();
    let (_, message) = too_old(&raw(fixture), NAME).await;
    assert!(message.contains("spec.deletionPolicy 'Archive'") && message.contains("abandon"), "{message}");
    assert_eq!(200, fixture.platform.tenant(&fixture.id).await.unwrap().0);
    // Understood again, it is retained.
    edit(fixture, json!({ "deletionPolicy": "Retain", "reporting": { "schedule": "daily" } })).await;
    fixture.gone().await;
    let (status, document) = fixture.platform.tenant(&fixture.id).await.unwrap();
    assert_eq!((200, &Value::Null), (status, &document["owner"]));

    let confirmed = crate::support::confirmation::confirming(json!({ "deletionPolicy": "Delete" }), &fixture.id);
    fixture.create(confirmed).await;
    fixture.ready().await;
    edit(fixture, json!({ "reporting": { "schedule": "daily" } })).await;
    too_old(&raw(fixture), NAME).await;
    raw(fixture).delete(NAME, &DeleteParams::default()).await.unwrap();
    let (_, message) = too_old(&raw(fixture), NAME).await;
    assert!(message.contains("spec.reporting"), "{message}");
    assert_eq!(200, fixture.platform.tenant(&fixture.id).await.unwrap().0, "a section that is not known may govern it");
    edit(fixture, json!({ "reporting": null, "extensions": { "interact": { "greeting": "Hello" } } })).await;
    fixture.gone().await;
    assert_eq!(404, fixture.platform.tenant(&fixture.id).await.unwrap().0, "a setting of the tenant does not");
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_settings_of_a_platform_and_a_partner_stop_their_tenants() {
    let control_plane = ControlPlane::start(Options::default()).await.unwrap();
    let fixture = FixtureOn::on(&control_plane, "newer-refs").await;
    let _operator = fixture.connect().await;
    let name = fixture.env.namespace.clone();
    let any = |resource: ApiResource| Api::<DynamicObject>::all_with(fixture.client(users::PLATFORM_ADMIN), &resource);
    let (platforms, partners) = (any(ApiResource::erase::<Platform>(&())), any(ApiResource::erase::<Partner>(&())));
    let partner = json!({
        "apiVersion": "nimbus.luware.com/v1alpha1", "kind": "Partner", "metadata": { "name": name },
        "spec": { "displayName": "Northwind", "platformPartnerId": "northwind" }
    });
    partners.create(&PostParams::default(), &serde_json::from_value(partner).unwrap()).await.unwrap();
    fixture
        .create(json!({ "general": { "companyName": "Contoso AG" }, "partner": { "partnerRef": { "name": name } } }))
        .await;
    fixture.ready().await;
    update_crds(&fixture).await;
    let set = async |api: &Api<DynamicObject>, name: &str, spec: Value| {
        api.patch(name, &PatchParams::default(), &Patch::Merge(json!({ "spec": spec }))).await.unwrap();
    };

    // The API server ends the watches of the older CRD a moment later: until then they deliver objects without what is new.
    until("the Partner is watched by the new CRD", PATIENCE, async || {
        set(&partners, &name, json!({ "tier": uuid::Uuid::new_v4().to_string() })).await;
        let partner = partners.get(&name).await.map_err(|error| error.to_string())?;
        match said(&partner, "Ready") {
            Some([_, reason, _]) if reason == "OperatorTooOld" => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
    let (_, message) = too_old(&partners, &name).await;
    assert!(message.contains("spec.tier"), "{message}");
    let (_, message) = too_old(&raw(&fixture), NAME).await;
    assert!(message.contains(&format!("Partner {name}")) && message.contains("spec.tier"), "{message}");
    set(&partners, &name, json!({ "tier": null })).await;
    fixture.ready().await;

    let platform = fixture.env.platform.clone();
    set(&platforms, &platform, json!({ "proxyUrl": "https://proxy.example" })).await;
    let (_, message) = too_old(&platforms, &platform).await;
    assert!(message.contains("spec.proxyUrl"), "{message}");
    edit(&fixture, json!({ "general": { "companyName": "Fabrikam AG" } })).await;
    let stopped = fixture.condition("Ready", "False", "PlatformUnavailable").await;
    let (_, _, message) = crate::support::fixture::condition(&stopped, "Ready").unwrap();
    assert!(message.contains("OperatorTooOld"), "{message}");
    assert_eq!(json!("Contoso AG"), company(&fixture).await);
    set(&platforms, &platform, json!({ "proxyUrl": null })).await;
    fixture.ready().await;
    assert_eq!(json!("Fabrikam AG"), company(&fixture).await);
}
