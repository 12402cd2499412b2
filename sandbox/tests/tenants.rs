//! Create, read, patch and delete: versions, null, sealed leaves, unknown members, restricted paths.
use serde_json::{Value, json};

use super::support::*;

const SEALED: &str = "/extensions/assistant/acsConnectionString";

fn sealed(value: &str) -> Value {
    json!({"extensions": {"assistant": {"acsConnectionString": {"value": value}}}})
}

#[tokio::test]
async fn unset_settings_are_defaults_or_null() {
    let api = Api::start().await;
    let settings = api.create(json!({})).await["settings"].clone();
    let expected = [
        ("/general/tenantId", json!(ID)),
        ("/general/companyName", Value::Null),
        ("/partner/partnerId", Value::Null),
        ("/dataPrivacy/dataRetentionMonths", Value::Null),
        ("/provisioning/defaultOrganizationUnitId", json!("root")),
        ("/extensions/interact/acsConnectionString", json!({"set": false, "version": "none"})),
        ("/extensions/interact/sessionRecoveryTimeoutSeconds", json!(20)),
        ("/modalities/email/maxConcurrentTasksPerService", json!(50)),
        ("/licenses/tenantState", json!("Trial")),
    ];
    for (pointer, value) in expected {
        assert_eq!(Some(&value), settings.pointer(pointer), "{pointer}");
    }
}

#[tokio::test]
async fn a_tenant_is_created_once() {
    let api = Api::start().await;
    assert_eq!(json!(OWNER), api.create(json!({})).await["owner"]);
    let again = Ask::new("PUT", tenant("")).owner(OWNER).settings(json!({"general": {"name": "x"}}));
    api.send(again).await.refused(412, "tenant-exists");
}

#[tokio::test]
async fn name_and_domain_are_required_to_create() {
    let api = Api::start().await;
    let answer = api.send(Ask::new("PUT", tenant("")).settings(json!({}))).await;
    assert_eq!(
        vec![error("/general/name", "required"), error("/general/o365Domain", "required")],
        answer.errors(422, "invalid-settings")
    );
    api.send(Ask::new("GET", tenant(""))).await.refused(404, "tenant-not-found");
}

#[tokio::test]
async fn ids_and_texts_are_stored_in_canonical_spelling() {
    let api = Api::start().await;
    let settings = json!({
        "general": {
            "name": "Contoso", "o365Domain": "Contoso.COM", "tenantId": ID.to_uppercase(),
            "tenantAdministrationGroupId": OTHER_ID.to_uppercase(),
        },
        "contact": {"sipAddress": "help@contoso.com"},
    });
    let path = format!("/v1/tenants/{}", ID.to_uppercase());
    let created = api.send(Ask::new("PUT", path).settings(settings)).await.expect(201);
    assert_eq!(json!(ID), created["id"]);
    let general = &created["settings"]["general"];
    assert_eq!((&json!("contoso.com"), &json!(ID)), (&general["o365Domain"], &general["tenantId"]));
    assert_eq!(json!(OTHER_ID), general["tenantAdministrationGroupId"]);
    assert_eq!(json!("sip:help@contoso.com"), created["settings"]["contact"]["sipAddress"]);
}

#[tokio::test]
async fn another_tenant_id_is_fixed() {
    let api = Api::start().await;
    api.create(json!({})).await;
    let answer = api.patch(json!({"general": {"tenantId": OTHER_ID}})).await;
    assert_eq!(vec![error("/general/tenantId", "fixed")], answer.errors(422, "invalid-settings"));
    api.patch(json!({"general": {"tenantId": ID.to_uppercase()}})).await.expect(200);
}

#[tokio::test]
async fn missing_version_is_428() {
    let api = Api::start().await;
    api.create(json!({})).await;
    let ask = Ask::new("PATCH", tenant("")).owner(OWNER).settings(json!({}));
    api.send(ask).await.refused(428, "settings-version-required");
}

#[tokio::test]
async fn stale_version_is_412_and_nothing_is_saved() {
    let api = Api::start().await;
    let created = api.create(json!({})).await;
    let version = created["settingsVersion"].as_str().unwrap();
    let patch = |name: &str| {
        let settings = json!({"general": {"companyName": name}});
        Ask::new("PATCH", tenant("")).owner(OWNER).version(version).settings(settings)
    };
    api.send(patch("first")).await.expect(200);
    api.send(patch("second")).await.refused(412, "settings-changed");
    assert_eq!(json!("first"), api.read().await["settings"]["general"]["companyName"]);
}

#[tokio::test]
async fn an_equal_value_moves_no_version() {
    let api = Api::start().await;
    let created = api.create(json!({})).await;
    let settings = json!({"general": {"name": "Contoso"}, "provisioning": {"multihomingEnabled": false}});
    let patched = api.patch(settings).await.expect(200);
    assert_eq!(created, patched);
}

#[tokio::test]
async fn usage_never_moves_settings_version() {
    let api = Api::start().await;
    let created = api.create(json!({})).await;
    let user = json!({"licenses": ["users/interact", "modalities/email"]});
    api.world("PUT", world("/users/anna"), user).await;
    let service = json!({"displayName": "Help", "license": "contactCenter", "features": ["interact"]});
    api.world("PUT", world("/services/help"), service).await;
    let read = api.read().await;
    assert_eq!(created["settingsVersion"], read["settingsVersion"]);
    assert_ne!(created["runtimeVersion"], read["runtimeVersion"]);
    let used = &read["runtime"]["used"];
    assert_eq!(json!(1), used["users"]["interact"]);
    assert_eq!(json!(1), used["modalities"]["email"]);
    assert_eq!(json!({"interact": 1}), used["services"]["features"]);
    assert_eq!(json!(1), used["services"]["contactCenter"]);
}

#[tokio::test]
async fn an_entity_tag_that_still_holds_gives_304() {
    let api = Api::start().await;
    api.create(json!({})).await;
    let first = api.send(Ask::new("GET", tenant(""))).await;
    let body = first.json();
    let text = |name: &str| body[name].as_str().unwrap().to_owned();
    let etag = format!("\"{}.{}\"", text("settingsVersion"), text("runtimeVersion"));
    assert_eq!(etag, first.header("etag"));
    let again = || Ask::new("GET", tenant("")).header("if-none-match", format!("\"x\", {etag}"));
    let held = api.send(again()).await;
    assert_eq!((304, ""), (held.status, held.text.as_str()));
    api.world("PUT", world("/stamp"), json!({"owner": STRANGER})).await;
    api.send(again()).await.expect(200);
}

#[tokio::test]
async fn unknown_member_is_refused_with_its_pointer() {
    let api = Api::start().await;
    api.create(json!({})).await;
    let patch = json!({"general": {"companyNmae": "x", "companyName": "y"}, "a/b": {}});
    let answer = api.patch(patch).await;
    assert_eq!(
        vec![error("/a~1b", "unknown-field"), error("/general/companyNmae", "unknown-field")],
        answer.errors(422, "invalid-settings")
    );
    assert_eq!(Value::Null, api.read().await["settings"]["general"]["companyName"]);
}

#[tokio::test]
async fn planted_members_survive_every_patch() {
    let api = Api::start().await;
    api.create(json!({})).await;
    let planted = json!({"settings": {"general": {"newer": {"a": 1}}, "future": [1, 2]}});
    api.world("PATCH", world("/settings?plant=true"), planted).await;
    api.patch(json!({"general": {"companyName": "Contoso AG"}})).await.expect(200);
    let settings = api.read().await["settings"].clone();
    assert_eq!(json!({"a": 1}), settings["general"]["newer"]);
    assert_eq!(json!([1, 2]), settings["future"]);
    let answer = api.patch(json!({"general": {"newer": {"a": 1}}})).await;
    assert_eq!(vec![error("/general/newer", "unknown-field")], answer.errors(422, "invalid-settings"));
}

#[tokio::test]
async fn null_clears_only_clearable_fields() {
    let api = Api::start().await;
    api.create(json!({"general": {"division": "Care"}})).await;
    api.patch(json!({"general": {"division": null}})).await.expect(200);
    assert_eq!(Value::Null, api.read().await["settings"]["general"]["division"]);
    let answer = api.patch(json!({"general": {"name": null}, "licenses": {"tenantState": null}})).await;
    assert_eq!(
        vec![error("/general/name", "not-clearable"), error("/licenses/tenantState", "not-clearable")],
        answer.errors(422, "invalid-settings")
    );
}

fn state(document: &Value) -> &Value {
    document["settings"].pointer(SEALED).unwrap()
}

#[tokio::test]
async fn equal_sealed_value_moves_no_version() {
    let api = Api::start().await;
    api.create(json!({})).await;
    let first = api.patch(sealed(STRING)).await.expect(200);
    assert_eq!(json!(true), state(&first)["set"]);
    assert_eq!(first, api.patch(sealed(STRING)).await.expect(200));
    let other = api.patch(sealed("endpoint=https://x.communication.azure.com/;accesskey=QUJE")).await.expect(200);
    assert_eq!(json!(true), state(&other)["set"]);
    assert_ne!(state(&first)["version"], state(&other)["version"]);
    let back = api.patch(sealed(STRING)).await.expect(200);
    assert!([&first, &other].iter().all(|past| state(past)["version"] != state(&back)["version"]), "never used twice");
}

#[tokio::test]
async fn the_read_form_of_a_sealed_leaf_is_refused() {
    let api = Api::start().await;
    api.create(json!({})).await;
    let form = json!({"extensions": {"assistant": {"acsConnectionString": {"set": true, "version": "x"}}}});
    assert_eq!(vec![error(SEALED, "sealed-form")], api.patch(form).await.errors(422, "invalid-settings"));
}

#[tokio::test]
async fn a_write_is_all_or_nothing_and_lists_all_errors() {
    let api = Api::start().await;
    let created = api.create(json!({})).await;
    let answer = api
        .patch(json!({
            "general": {"companyName": "Contoso AG"},
            "extensions": {"outbound": {"maxScheduledTasksPerService": 51}, "interact": {"enabled": true}},
        }))
        .await;
    let body = answer.refused(422, "invalid-settings");
    assert_eq!(
        json!([
            {"pointer": "/extensions/interact/acsConnectionString", "code": "required"},
            {"pointer": "/extensions/outbound/maxScheduledTasksPerService", "code": "out-of-range", "min": 1, "max": 50},
        ]),
        body["errors"]
    );
    assert_eq!(answer.header("nimbus-request-id"), body["requestId"]);
    assert_eq!(created, api.read().await);
}

#[tokio::test]
async fn a_restricted_pointer_is_403_even_with_an_equal_value() {
    let api = Api::start().await;
    let partner = |ask: Ask| ask.by("partner").owner(OWNER);
    let settings = json!({"general": {"name": "Contoso", "o365Domain": "contoso.com"}});
    let created = api.send(partner(Ask::new("PUT", tenant(""))).settings(settings)).await.expect(201);
    assert_eq!(json!("northwind"), created["settings"]["partner"]["partnerId"]);
    let version = created["settingsVersion"].as_str().unwrap();
    let patch = json!({"licenses": {"tenantState": "Trial"}, "general": {"companyName": "x"}});
    let answer = api.send(partner(Ask::new("PATCH", tenant(""))).version(version).settings(patch)).await;
    assert_eq!(vec![error("/licenses/tenantState", "restricted")], answer.errors(403, "field-not-permitted"));
    assert_eq!(Value::Null, api.read().await["settings"]["general"]["companyName"]);
}

#[tokio::test]
async fn restricted_paths_agree_in_capabilities_and_documents() {
    let api = Api::start().await;
    api.create(json!({})).await;
    api.world("PUT", "/sandbox/clients".into(), json!({"id": "tenant", "tenantIds": [ID]})).await;
    for (client, restricted) in [("system", 0), ("tenant", 27)] {
        let capabilities = api.send(Ask::new("GET", "/v1/capabilities").by(client)).await.expect(200);
        assert_eq!(json!(client), capabilities["role"]);
        assert_eq!(restricted, capabilities["restrictedPaths"].as_array().unwrap().len());
        let document = api.send(Ask::new("GET", tenant("")).by(client)).await.expect(200);
        assert_eq!(capabilities["restrictedPaths"], document["restrictedPaths"]);
    }
}

#[tokio::test]
async fn deletion_needs_yes_and_ends_with_the_script() {
    let api = Api::start().await;
    api.create(json!({})).await;
    api.world("PUT", world("/services/help"), json!({"displayName": "Help"})).await;
    let delete = |query: &str| Ask::new("DELETE", tenant(query)).owner(OWNER);
    api.send(delete("")).await.refused(422, "confirmation-required");
    api.send(delete("?confirm=yes")).await.refused(422, "confirmation-required");
    let deleting = api.send(delete("?confirm=YES")).await.expect(202);
    let deletion = &deleting["runtime"]["deletion"];
    assert_eq!((&json!(1), &json!(true)), (&deletion["servicesPending"], &deletion["scriptPending"]));
    assert_eq!(json!(0), deleting["runtime"]["used"]["services"]["advancedRouting"]);
    api.patch(json!({})).await.refused(409, "tenant-deleting");
    let named = json!({"general": {"name": "Contoso", "o365Domain": "contoso.com"}});
    let repeat = Ask::new("PUT", tenant("")).owner(OWNER).settings(named);
    api.send(repeat).await.refused(412, "tenant-exists");
    assert_eq!(deleting, api.send(delete("?confirm=YES")).await.expect(202));
    let run = api.world("POST", world("/script/run"), Value::Null).await;
    assert_eq!(json!(true), run["deleted"]);
    let gone = api.send(Ask::new("GET", tenant(""))).await.refused(404, "tenant-deleted");
    assert_eq!(deletion["deletionId"], gone["deletionId"]);
}

#[tokio::test]
async fn a_tombstone_is_replaced_only_by_its_id() {
    let api = Api::start().await;
    let first = api.create(json!({})).await;
    api.send(Ask::new("DELETE", tenant("?confirm=YES")).owner(OWNER)).await.expect(202);
    api.world("POST", world("/script/run"), Value::Null).await;
    let settings = json!({"general": {"name": "Contoso", "o365Domain": "contoso.com"}});
    let create = |query: &str| Ask::new("PUT", tenant(query)).owner(OWNER).settings(settings.clone());
    let refusal = api.send(create("")).await.refused(409, "tenant-deleted");
    api.send(create("?recreate=another")).await.refused(409, "tenant-deleted");
    let query = format!("?recreate={}", refusal["deletionId"].as_str().unwrap());
    let second = api.send(create(&query)).await.expect(201);
    assert_eq!(Value::Null, second["runtime"]["deletion"]);
    assert_ne!(first["settingsVersion"], second["settingsVersion"]);
    api.send(create(&query)).await.refused(412, "tenant-exists");
    api.world("DELETE", world(""), Value::Null).await;
    api.send(Ask::new("GET", tenant(""))).await.refused(404, "tenant-not-found");
}

#[tokio::test]
async fn a_lost_tenant_is_absent_without_a_tombstone() {
    let api = Api::start().await;
    let first = api.create(sealed(STRING)).await;
    api.world("PUT", world("/services/help"), json!({"displayName": "Help"})).await;
    api.world("PUT", world("/users/anna"), json!({"licenses": ["users/interact"]})).await;
    let normaliser = json!({"pointer": "/general/crmId", "mode": "ignore"});
    api.world("PUT", world("/normaliser"), normaliser).await;
    api.world("DELETE", world(""), Value::Null).await;
    api.send(Ask::new("GET", tenant(""))).await.refused(404, "tenant-not-found");
    let created = api.create(json!({"general": {"crmId": "C-1"}})).await;
    assert_ne!(first["settingsVersion"], created["settingsVersion"], "a version is never used twice");
    assert_eq!(json!([]), created["runtime"]["pendingChanges"]);
    assert_eq!(json!(0), created["runtime"]["used"]["users"]["interact"]);
    let mut patch = sealed(STRING);
    patch["general"] = json!({"crmId": "C-2"});
    let settings = api.patch(patch).await.expect(200)["settings"].clone();
    assert_eq!(Some(&json!(true)), settings.pointer(SEALED).map(|state| &state["set"]));
    assert_eq!(json!("C-2"), settings["general"]["crmId"]);
}
