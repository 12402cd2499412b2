//! The attacks that the API server refuses, by RBAC, by the schema, or by an admission policy.

use nimbus_operator::manifests::policies::NAMES;
use nimbus_operator::resources::FINALIZER;
use serde_json::{Value, json};

use super::cast::Who;
use super::stage::{ALONE, Deed, ENDING, Kind, MINE, S_LEAF, Stage, StatusWrite, THEIRS, Way};
use crate::support::confirmation::{confirmed, deletion};

/// An attack of some users, and the answer to it.
pub struct Attack {
    /// The row of the threat model, or the way of the attack.
    pub row: &'static str,
    pub by: Vec<Who>,
    pub deed: Deed,
    pub code: u16,
    pub says: Vec<String>,
}

const READERS: [Who; 2] = [Who::Viewer, Who::BuiltInView];
const EDITORS: [Who; 4] = [Who::Editor, Who::BuiltInEdit, Who::BuiltInAdmin, Who::Forger];

/// Editors, and the administrator of a partner.
fn below_system() -> Vec<Who> {
    [&EDITORS[..], &[Who::Partner]].concat()
}

/// Everyone who is not meant to write any status.
fn honest() -> Vec<Who> {
    Who::ALL.into_iter().filter(|who| *who != Who::Forger).collect()
}

fn denied(row: &'static str, by: &[Who], deed: Deed, says: &[&str]) -> Attack {
    let says = says.iter().map(|word| (*word).to_owned()).collect();
    Attack { row, by: by.to_vec(), deed, code: 403, says }
}

fn edit(name: &str, spec: Value) -> Deed {
    Deed::Patch(Kind::Tenant, name.to_owned(), json!({ "spec": spec }))
}

/// All of them.
pub fn attacks(stage: &Stage<'_>) -> Vec<Attack> {
    let parts = [
        existence(stage),
        claims(stage),
        fields(),
        metadata(),
        clusterwide(stage),
        credentials(stage),
        privileges(stage),
        statuses(stage),
    ];
    parts.into_iter().flatten().collect()
}

/// Creating and deleting Tenants.
fn existence(stage: &Stage<'_>) -> Vec<Attack> {
    let create = |spec: Value| Deed::Create(Kind::Tenant, stage.manifest("new", spec));
    let delete = |name: &str| Deed::Delete(Kind::Tenant, name.to_owned());
    let [mine, theirs] =
        [stage.mine().to_owned(), stage.theirs()].map(|name| json!({ "partner": { "partnerRef": { "name": name } } }));
    let leaf = json!({ "general": { "partnerAdministrationGroupId": stage.id }, "partner": mine["partner"] });
    vec![
        denied("readers write nothing", &READERS, create(mine.clone()), &["cannot create resource"]),
        denied("readers write nothing", &READERS, edit(MINE, json!({ "suspend": true })), &["cannot patch resource"]),
        denied("readers write nothing", &READERS, delete(MINE), &["cannot delete resource"]),
        denied("B1", &EDITORS, create(mine), &["may not", "administer on"]),
        denied("B1", &[Who::Partner], create(theirs), &["administer on"]),
        denied("B2", &below_system(), create(json!({})), &["Partner (none is assigned)"]),
        denied("B2", &below_system(), delete(ALONE), &["may not delete a Tenant", "Partner (none is assigned)"]),
        denied("B2", &[Who::Partner], delete(THEIRS), &["may not delete a Tenant"]),
        denied("B7", &EDITORS, delete(MINE), &["may not delete a Tenant"]),
        denied("B7", &[Who::Partner], create(leaf), &[S_LEAF, "administer on Platform"]),
        denied("unconfirmed", &[Who::Partner, Who::System], delete(MINE), &["the deletion is not confirmed"]),
    ]
}

/// Whose tenant it is.
fn claims(stage: &Stage<'_>) -> Vec<Attack> {
    let partner = |name: &str| json!({ "partner": { "partnerRef": { "name": name } } });
    let adopt = json!({ "confirmations": { "adopt": confirmed(&stage.id) } });
    let below = below_system();
    let says = ["may not change spec.partner", "administer on Platform"];
    vec![
        denied("B1", &below, edit(THEIRS, partner(stage.mine())), &says),
        denied("B1", &below, edit(MINE, partner(&stage.theirs())), &says),
        denied("B1", &below, edit(MINE, adopt), &["spec.confirmations.adopt", "administer on Platform"]),
        denied("B1", &EDITORS, edit(MINE, json!({ "adoptionPolicy": "Always" })), &["spec.adoptionPolicy"]),
        denied("B1", &[Who::Partner], edit(THEIRS, json!({ "adoptionPolicy": "Always" })), &["spec.adoptionPolicy"]),
    ]
}

/// Fields above the author.
fn fields() -> Vec<Attack> {
    let below = below_system();
    let unassigned = "Partner (none is assigned)";
    let mut attacks = vec![
        denied(
            "B2",
            &below,
            edit(ALONE, json!({ "general": { "name": "Other" } })),
            &["spec.general.name", unassigned],
        ),
        denied("B2", &below, edit(ALONE, json!({ "suspend": true })), &["spec.suspend", unassigned]),
        denied("B2", &[Who::Partner], edit(THEIRS, json!({ "general": { "name": "Other" } })), &["spec.general.name"]),
        denied("B5", &EDITORS, edit(MINE, json!({ "deletionPolicy": "Retain" })), &["spec.deletionPolicy"]),
        denied("B7", &below, edit(MINE, json!({ "general": { "partnerAdministrationGroupId": null } })), &[S_LEAF]),
    ];
    for name in [MINE, ENDING] {
        for (field, spec) in
            [("spec.suspend", json!({ "suspend": true })), ("spec.driftPolicy", json!({ "driftPolicy": "Report" }))]
        {
            attacks.push(denied("B6", &EDITORS, edit(name, spec), &[field, "administer on Partner"]));
        }
        let confirming = edit(name, json!({ "confirmations": deletion("6f1b2a9c-0d3e-4f5a-8b7c-9d0e1f2a3b4c") }));
        attacks.push(denied("B5", &EDITORS, confirming, &["spec.confirmations.deletion"]));
    }
    attacks
}

/// What is no setting, and decides what happens to the tenant.
fn metadata() -> Vec<Attack> {
    let patch =
        |name: &str, metadata: Value| Deed::Patch(Kind::Tenant, name.to_owned(), json!({ "metadata": metadata }));
    let owner = json!([{
        "apiVersion": "v1", "kind": "ConfigMap", "name": "x", "uid": "00000000-0000-0000-0000-000000000001"
    }]);
    let abandon = "nimbus.luware.com/abandon";
    vec![
        denied("B4", &below_system(), patch(ENDING, json!({ "finalizers": ["example.com/theirs"] })), &[FINALIZER]),
        denied("B5", &EDITORS, patch(MINE, json!({ "ownerReferences": owner })), &["metadata.ownerReferences"]),
        denied("B5", &EDITORS, patch(MINE, json!({ "annotations": { abandon: "x" } })), &[abandon]),
    ]
}

/// Platforms, Partners and policies decide what others may do.
fn clusterwide(stage: &Stage<'_>) -> Vec<Attack> {
    let below = [&READERS[..], &below_system()].concat();
    let platform = |spec: Value| Deed::Patch(Kind::Platform, stage.platform().to_owned(), json!({ "spec": spec }));
    let partner = |spec: Value| Deed::Patch(Kind::Partner, stage.mine().to_owned(), json!({ "spec": spec }));
    let moved = partner(json!({ "platformPartnerId": "southwind" }));
    let audit = json!({ "spec": { "validationActions": ["Audit"] } });
    let mut attacks = vec![
        denied("B3", &below, platform(json!({ "allowedNamespaces": { "all": true } })), &["cannot patch resource"]),
        denied(
            "B11",
            &below,
            platform(json!({ "limits": { "confirmedDeletionsPerHourAndPartner": 1000 } })),
            &["cannot patch"],
        ),
        denied("B15", &below, moved, &["cannot patch resource"]),
        denied("B15", &below, partner(json!({ "platforms": null })), &["cannot patch resource"]),
        denied("B15", &below, Deed::Delete(Kind::Partner, stage.theirs()), &["cannot delete resource"]),
        Attack {
            code: 422,
            ..denied(
                "B15",
                &[Who::System, Who::Keyless],
                partner(json!({ "platformPartnerId": "southwind" })),
                &["cannot be changed once set"],
            )
        },
    ];
    for name in NAMES {
        let name = || name.to_owned();
        attacks.extend([
            denied("B10", &Who::ALL, Deed::Patch(Kind::Binding, name(), audit.clone()), &["cannot patch resource"]),
            denied("B10", &Who::ALL, Deed::Delete(Kind::Binding, name()), &["cannot delete resource"]),
            denied("B10", &Who::ALL, Deed::Delete(Kind::Policy, name()), &["cannot delete resource"]),
        ]);
    }
    attacks
}

/// Secrets of the operator, and where they are sent.
fn credentials(stage: &Stage<'_>) -> Vec<Attack> {
    let evil = "https://evil.example";
    let edits = [
        ("spec.endpoint", json!({ "endpoint": evil })),
        ("spec.authentication.tokenUrl", json!({ "authentication": { "tokenUrl": evil } })),
        ("spec.authentication.clientId", json!({ "authentication": { "clientId": "other" } })),
        (
            "spec.authentication.credentialsSecretRef",
            json!({ "authentication": { "credentialsSecretRef": { "name": "other" } } }),
        ),
        ("spec.caBundle", json!({ "caBundle": "x" })),
        ("spec.microsoft.loginBaseUrl", json!({ "microsoft": { "loginBaseUrl": evil } })),
    ];
    let platform = |spec: &Value| Deed::Patch(Kind::Platform, stage.platform().to_owned(), json!({ "spec": spec }));
    let keyless = edits
        .iter()
        .map(|(field, spec)| denied("B9", &[Who::Keyless], platform(spec), &[*field, "the verb get on that Secret"]));
    let others =
        edits.iter().map(|(_, spec)| denied("B9", &below_system(), platform(spec), &["cannot patch resource"]));
    let new = Deed::Create(Kind::Platform, stage.other_platform());
    let mut attacks: Vec<_> = keyless.chain(others).collect();
    attacks.push(denied("B9", &[Who::Keyless], new.clone(), &["the verb get on that Secret"]));
    attacks.push(denied("B9", &below_system(), new, &["cannot create resource"]));
    attacks
}

/// What the operator may do, and who may grant it.
fn privileges(stage: &Stage<'_>) -> Vec<Attack> {
    let rbac = "rbac.authorization.k8s.io";
    let administer =
        json!([{ "apiGroups": ["nimbus.luware.com"], "resources": ["partners"], "verbs": ["administer"] }]);
    let status = json!([{ "apiGroups": ["nimbus.luware.com"], "resources": ["tenants/status"], "verbs": ["patch"] }]);
    let role = |rules: Value| {
        let metadata = json!({ "name": "more", "namespace": stage.namespace() });
        Deed::Create(
            Kind::Role,
            json!({ "apiVersion": format!("{rbac}/v1"), "kind": "Role", "metadata": metadata, "rules": rules }),
        )
    };
    let binding = Deed::Create(
        Kind::RoleBinding,
        json!({
            "apiVersion": format!("{rbac}/v1"), "kind": "RoleBinding",
            "metadata": { "name": "more", "namespace": stage.namespace() },
            "roleRef": { "apiGroup": rbac, "kind": "ClusterRole", "name": "nimbus-platform-admin" },
            "subjects": [{ "apiGroup": rbac, "kind": "User", "name": stage.cast.name(Who::BuiltInAdmin) }]
        }),
    );
    let lease = Deed::Patch(Kind::Lease, "nimbus-operator".into(), json!({ "spec": { "holderIdentity": "me" } }));
    vec![
        denied("B16", &Who::ALL, Deed::Read(Kind::Secret, "platform".into()), &["cannot get resource"]),
        denied("B16", &Who::ALL, lease, &["cannot patch resource"]),
        denied("aggregated", &[Who::BuiltInAdmin], role(administer), &["attempting to grant"]),
        denied("aggregated", &[Who::BuiltInAdmin], role(status), &["attempting to grant"]),
        denied("aggregated", &[Who::BuiltInAdmin], binding, &["attempting to grant"]),
    ]
}

/// Statuses that would give authority, if the operator or a policy believed them.
fn statuses(stage: &Stage<'_>) -> Vec<Attack> {
    let write =
        |kind, name: &str, body: Value, way| Deed::Status(StatusWrite { kind, name: name.to_owned(), body, way });
    let mut attacks = vec![];
    for (kind, name, status) in forged(stage) {
        for way in Way::ALL {
            let deed = write(kind, &name, json!({ "status": status }), way);
            attacks.push(denied("status", &[Who::Forger], deed, &["only the operator may write the status of a"]));
        }
        let deed = write(kind, &name, json!({ "status": status }), Way::Merge);
        attacks.push(denied("status", &honest(), deed, &["cannot patch resource", "/status"]));
    }
    // Neither is it a way around the other policies.
    for body in [json!({ "spec": { "suspend": true } }), json!({ "metadata": { "finalizers": null } })] {
        let deed = write(Kind::Tenant, MINE, body, Way::Merge);
        attacks.push(denied("status", &[Who::Forger], deed, &["only the operator may write the status of a Tenant"]));
    }
    attacks
}

fn forged(stage: &Stage<'_>) -> Vec<(Kind, String, Value)> {
    let applied = |partner: &str| json!({ "applied": { "generation": 1, "hash": "0", "settingsVersion": "1", "partnerId": partner } });
    let gone = json!({
        "type": "Ready", "status": "False", "reason": "TenantLost", "lastTransitionTime": "2026-01-01T00:00:00Z",
        "message": nimbus_operator::resources::reason::DELETED_ON_PLATFORM
    });
    let tenant = [
        // It has the tenant of another partner.
        applied("southwind"),
        // It had the one that was deleted.
        applied("northwind"),
        // Another tenant is deleted.
        json!({ "platformTenant": { "id": stage.id } }),
        // The platform accepted the deletion.
        json!({ "deletion": { "servicesPending": 0, "scriptPending": true } }),
        // Nothing is left to be confirmed.
        json!({ "conditions": [gone] }),
        json!({ "lastHandledReconcileAt": "x" }),
        json!({ "platformId": "another" }),
    ];
    let platform = [
        json!({ "confirmedDeletions": [] }),
        json!({ "confirmedDeletions": [{ "tenantId": stage.id, "at": "2020-01-01T00:00:00Z" }] }),
        json!({ "platformId": "another" }),
    ];
    let of = |kind, name: &str, status: Value| {
        let mut status = status;
        status["observedGeneration"] = json!(1);
        (kind, name.to_owned(), status)
    };
    let tenants = tenant.into_iter().map(|status| of(Kind::Tenant, MINE, status));
    let platforms = platform.into_iter().map(|status| of(Kind::Platform, stage.platform(), status));
    let partner = of(Kind::Partner, stage.mine(), json!({ "conditions": [] }));
    tenants.chain(platforms).chain([partner]).collect()
}
