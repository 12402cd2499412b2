//! Who may change which field: every setting, changed by every role in every way on the API server. The results must equal
//! the table of settings, and are documented in `docs/authority.md` (`UPDATE=1` updates it).

use std::fmt::Write;

use k8s_openapi::api::core::v1::ConfigMap;
use kube::ResourceExt;
use kube::api::{Api, ObjectMeta, PatchParams};
use nimbus_operator::resources::annotation;
use nimbus_operator::settings::{Authority, Class, leaves};
use serde_json::{Value, json};

use super::{NAME, Patch, PolicyFixture, group, params};
use crate::gitops::schema::{self, Node};
use crate::support::assets;
use crate::support::rights::allow_creating_secrets;
use crate::support::users::{ADMIN, PARTNER_ADMIN, PLATFORM_ADMIN, TENANT_EDITOR, VIEWER};

/// The kinds of requests: creating a Tenant, an edit, server-side apply, a dry run of an edit, and removal.
const WAYS: [char; 5] = ['C', 'U', 'A', 'D', 'R'];

/// A part of a Tenant with an authority.
struct Row {
    /// As users write it.
    name: String,
    /// Its path in an object.
    path: Vec<String>,
    authority: Authority,
    values: [Value; 2],
}

impl Row {
    /// Immutable once set, and required.
    fn is_fixed(&self) -> bool {
        ["spec.platformRef", "spec.general.tenantId"].contains(&&*self.name)
    }
}

/// The top-level fields of the spec, by authority.
fn heads(platform: &str) -> [(&'static str, Authority, [Value; 2]); 10] {
    use Authority::{Partner, System, Tenant};
    [
        ("spec.platformRef", Partner, [json!({ "name": platform }), json!({ "name": "another" })]),
        ("spec.suspend", Partner, [json!(true), json!(false)]),
        ("spec.syncIntervalSeconds", Tenant, [json!(60), json!(61)]),
        ("spec.driftPolicy", Partner, [json!("Report"), json!("Correct")]),
        ("spec.adoptionPolicy", Partner, [json!("Always"), json!("Never")]),
        ("spec.deletionPolicy", Partner, [json!("Retain"), json!("Delete")]),
        (
            "spec.confirmations.deletion",
            Partner,
            [3, 4].map(|digit| json!(format!("{} until 2026-12-01", group(digit)))),
        ),
        (
            "spec.confirmations.retention",
            Partner,
            [json!("24->12 until 2026-12-01"), json!("none->12 until 2026-12-01")],
        ),
        ("spec.confirmations.recreate", Partner, [json!("lost-1"), json!("lost-2")]),
        ("spec.confirmations.adopt", System, [3, 4].map(|digit| json!(format!("{} until 2026-12-01", group(digit))))),
    ]
}

/// Annotations with privileges, and those that only request something.
const ANNOTATIONS: [(&str, Authority); 3] = [
    (annotation::ABANDON, Authority::Partner),
    (annotation::RECONCILE, Authority::Tenant),
    (annotation::CHECK, Authority::Tenant),
];
/// What needs no authority.
const REQUESTS: [&str; 2] = [annotation::RECONCILE, annotation::CHECK];

/// Names of Secrets that authors may have created in this test.
const WIDGET_SECRETS: [&str; 2] = ["contoso-widget-key", "another-widget-key"];

fn annotations() -> impl Iterator<Item = Row> {
    ANNOTATIONS.into_iter().map(|(name, authority)| Row {
        name: format!("metadata.annotations[{name}]"),
        path: vec!["metadata".into(), "annotations".into(), name.into()],
        authority,
        values: [json!("one"), json!("two")],
    })
}

async fn rows(fixture: &PolicyFixture) -> Vec<Row> {
    let crd = schema::installed(&fixture.env, "tenants").await;
    let nodes = schema::walk(schema::root(&crd), "spec");
    let of_dots = |name: &str| name.split('.').map(ToOwned::to_owned).collect::<Vec<_>>();
    let heads = heads(&fixture.env.platform).into_iter().map(|(name, authority, values)| Row {
        name: name.into(),
        path: of_dots(name),
        authority,
        values,
    });
    // A field that clears its sibling forms a union with it, and is checked with it.
    let settings = leaves().filter(|leaf| leaf.class != Class::Clears).map(|leaf| {
        let name = leaf.to_string();
        let node = nodes.iter().find(|node| node.path.join(".") == name).expect("every setting is in the schema");
        match leaf.class {
            Class::Reference => {
                let (member, holder) = node.path.split_last().unwrap();
                let value = |name: &str| json!({ member: { "name": name } });
                let values = [value("northwind"), value("southwind")];
                Row { path: holder.to_vec(), authority: leaf.authority, values, name }
            }
            // Its author must be allowed to create it.
            Class::Output => {
                let values = WIDGET_SECRETS.map(|name| json!({ "name": name }));
                Row { path: node.path.clone(), authority: leaf.authority, values, name }
            }
            // The parts of a trigger belong together.
            Class::Trigger if node.required => {
                let (member, holder) = node.path.split_last().unwrap();
                let whole = |value: Value| {
                    let mut whole = json!({ "upn": "ada@contoso.com", "token": "a" });
                    whole[member] = value;
                    whole
                };
                let values = two_values(node, fixture).map(whole);
                Row { path: holder.to_vec(), authority: leaf.authority, values, name }
            }
            _ => Row { path: node.path.clone(), authority: leaf.authority, values: two_values(node, fixture), name },
        }
    });
    let owners = Row {
        name: "metadata.ownerReferences".into(),
        path: vec!["metadata".into(), "ownerReferences".into()],
        authority: Authority::Partner,
        values: [owner(fixture, "one").await, owner(fixture, "another").await],
    };
    heads.chain(settings).chain(annotations()).chain([owners]).collect()
}

/// The owner exists, so that garbage collection does nothing.
async fn owner(fixture: &PolicyFixture, name: &str) -> Value {
    let map =
        ConfigMap { metadata: ObjectMeta { name: Some(name.into()), ..ObjectMeta::default() }, ..ConfigMap::default() };
    let api: Api<ConfigMap> = Api::namespaced(fixture.client(ADMIN), &fixture.env.namespace);
    let made = api.create(&super::post(), &map).await.unwrap();
    json!([{ "apiVersion": "v1", "kind": "ConfigMap", "name": name, "uid": made.uid() }])
}

/// Two different values that a schema accepts.
fn two_values(node: &Node<'_>, fixture: &PolicyFixture) -> [Value; 2] {
    if node.path.join(".") == "spec.general.tenantId" {
        return [json!(fixture.id), json!(uuid::Uuid::new_v4().to_string())];
    }
    if node.has("additionalProperties") {
        return [json!({ "one": 1 }), json!({ "one": 2 })];
    }
    let first = schema::good(node.schema);
    let second = match &first {
        Value::Bool(value) => json!(!value),
        Value::Number(number) => json!(number.as_i64().unwrap() + 1),
        Value::Object(_) => {
            let mut second = first.clone();
            second["key"] = json!("another");
            second
        }
        _ => {
            let accepted = node.rules().find_map(|(_, message)| schema::accepted(message)).unwrap_or_default();
            let listed = node.schema["enum"].as_array().cloned().unwrap_or_default();
            let other = accepted.into_iter().chain(listed).find(|value| *value != first);
            other.unwrap_or_else(|| json!(format!("{}a", first.as_str().unwrap())))
        }
    };
    [first, second]
}

fn with(mut object: Value, path: &[String], value: &Value) -> Value {
    let mut at = &mut object;
    for name in path {
        at = &mut at[name];
    }
    *at = value.clone();
    object
}

/// The responses of the API server to all kinds of requests of a user.
async fn send_all(fixture: &PolicyFixture, row: &Row, number: usize, user: &str) -> [u16; 5] {
    let [one, other] = &row.values;
    let code = |outcome: kube::Result<nimbus_operator::resources::Tenant>| match outcome {
        Ok(_) => 200,
        Err(kube::Error::Api(status)) => status.code,
        Err(error) => panic!("{error}"),
    };
    let name = format!("{}-{number}", user.replace(':', "-"));
    let created = with(fixture.manifest(&name, json!({})), &row.path, one);
    let start = with(fixture.manifest(NAME, json!({})), &row.path, one);
    let edit = |value: &Value| with(json!({}), &row.path, value);
    let reset = async || {
        fixture.patch(PLATFORM_ADMIN, edit(one)).await.expect("a system administrator sets it");
    };
    if code(fixture.create(PLATFORM_ADMIN, start.clone(), false).await) == 409 {
        reset().await;
    }
    let create = code(fixture.create(user, created, false).await);
    let api = fixture.api(user);
    let dry_run = PatchParams { dry_run: true, ..params() };
    let dry_run = code(api.patch(NAME, &dry_run, &Patch::Merge(edit(other))).await);
    let update = code(fixture.patch(user, edit(other)).await);
    if update == 200 {
        reset().await;
    }
    let apply = code(fixture.apply(user, with(start, &row.path, other), false).await);
    if apply == 200 {
        reset().await;
    }
    let remove = code(fixture.patch(user, edit(&Value::Null)).await);
    if remove == 200 {
        reset().await;
    }
    [create, update, apply, dry_run, remove]
}

/// What the table of settings specifies.
fn expected(row: &Row, user: &str) -> [u16; 5] {
    let (creates, most) = match user {
        TENANT_EDITOR => (false, Authority::Tenant),
        PARTNER_ADMIN => (true, Authority::Partner),
        PLATFORM_ADMIN => (true, Authority::System),
        VIEWER => return [403; 5],
        // RBAC allows an operator to patch, and the schema is checked before the policies. A request needs no authority.
        _ if row.is_fixed() => return [403, 422, 422, 422, 422],
        _ if REQUESTS.iter().any(|request| row.name.contains(request)) => return [403, 200, 200, 200, 200],
        _ => return [403; 5],
    };
    let may = |yes: bool| if yes { 200 } else { 403 };
    let edit = if row.is_fixed() { 422 } else { may(row.authority <= most) };
    // A user who creates a Tenant for a Partner that they administer may refer to that Partner.
    let names = row.name == "spec.partner.partnerRef" && user == PARTNER_ADMIN;
    [may(creates && (names || row.authority <= most)), edit, edit, edit, edit]
}

fn cell(codes: [u16; 5]) -> String {
    let letter = |(way, code): (char, u16)| match code {
        200 => way,
        422 => 'f',
        _ => '·',
    };
    WAYS.into_iter().zip(codes).map(letter).collect()
}

const HEAD: &str = "\
# Authority

Who may change which field: every field, changed by every role in every way on a real API server, with the admission policies of
`crds/policies.yaml` and the RBAC of `examples/rbac.yaml`. A test generates this page from the responses of the API server and fails
if they differ from the table of settings (`UPDATE=1 cargo test --test integration policies::authority` updates this page).

`C` create a Tenant with the field, `U` change it, `A` change it with server-side apply and force, `D` dry run of a change, `R` remove
it. `·` rejected with 403, `f` rejected with 422: the field is immutable once set. Authority: N every editor, T tenant administrators,
P partner administrators (`administer` on the Partner), S system administrators (`administer` on the Platform). Without the opt-in
policy of `--technical-fields`, T is every editor as well. A Tenant without a partner has no partner administrators.

Only the accounts of operators write a status, which says, for example, for which partner a tenant was last proved to be the Tenant's:
the policy `nimbus-operator-status` rejects it from everyone else, also where RBAC allows `…/status` (see [security.md](security.md)).

A field that is not set is not managed. So a user who may delete and create a Tenant can drop fields that they may not remove: the new
Tenant has no value for them, and the platform keeps its own.

| what | authority | viewer | tenant editor | partner administrator | system administrator | operator |
|---|---|---|---|---|---|---|
";

/// A field without a row could be changed by every user without being noticed here.
#[tokio::test(flavor = "multi_thread")]
async fn every_spec_field_is_in_the_table() {
    let fixture = PolicyFixture::new("complete").await;
    let rows = rows(&fixture).await;
    let crd = schema::installed(&fixture.env, "tenants").await;
    let nodes = schema::walk(schema::root(&crd), "spec");
    let fields = nodes.iter().filter(|node| !node.has("properties") && !node.path.iter().any(|step| step == "[]"));
    let fields: Vec<_> = fields.map(|node| (node.name(), &node.path)).collect();
    assert!(fields.len() >= rows.len() / 2, "{} fields", fields.len());
    let missing: Vec<_> =
        fields.iter().filter(|(_, path)| !rows.iter().any(|row| path.starts_with(&row.path))).collect();
    assert!(missing.is_empty(), "{missing:?}");
    // And every row is documented for every role.
    let written = std::fs::read_to_string(assets::checkout().join("docs/authority.md")).unwrap();
    for row in &rows {
        let line = written.lines().find(|line| line.starts_with(&format!("| `{}` |", row.name)));
        let line = line.unwrap_or_else(|| panic!("{} is not in docs/authority.md", row.name));
        assert_eq!(8, line.matches('|').count(), "{line}");
        let cells = line.split('`').skip(3).step_by(2);
        assert_eq!(5, cells.filter(|cell| cell.chars().count() == WAYS.len()).count(), "{line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn users_change_only_what_the_table_allows() {
    let fixture = PolicyFixture::new("authority").await;
    allow_creating_secrets(&fixture.client(ADMIN), &fixture.env.namespace, &WIDGET_SECRETS).await.unwrap();
    let operator = fixture.env.operator_user.clone();
    let people = [VIEWER, TENANT_EDITOR, PARTNER_ADMIN, PLATFORM_ADMIN, &operator];
    let (mut table, mut asked, mut problems) = (HEAD.to_owned(), 0, vec![]);
    for (number, row) in rows(&fixture).await.iter().enumerate() {
        let letter = &row.authority.describe()[..1];
        write!(table, "| `{}` | {letter} |", row.name).unwrap();
        for user in people {
            let seen = send_all(&fixture, row, number, user).await;
            asked += seen.len();
            let who = if user == operator { "operator" } else { user };
            if seen != expected(row, user) {
                problems.push(format!("{} by {who}: {seen:?}, not {:?}", row.name, expected(row, user)));
            }
            write!(table, " `{}` |", cell(seen)).unwrap();
        }
        table.push('\n');
        assert_eq!(NAME, fixture.api(VIEWER).get(NAME).await.unwrap().name_any());
        clear(&fixture, row).await;
    }
    println!("{asked} requests, {} of them with an unexpected response", problems.len());
    assert_eq!(Vec::<String>::new(), problems);
    let path = assets::checkout().join("docs/authority.md");
    if std::env::var("UPDATE").is_ok_and(|update| update == "1") {
        std::fs::write(&path, &table).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == table, "docs/authority.md is stale: UPDATE=1 cargo test --test integration policies::authority");
}

/// Removes what this row has set, so that the next one starts with the smallest Tenant.
async fn clear(fixture: &PolicyFixture, row: &Row) {
    let smallest = fixture.manifest(NAME, json!({}));
    let mut patch = if row.is_fixed() { json!({}) } else { with(json!({}), &row.path, &Value::Null) };
    json_patch::merge(&mut patch["spec"], &smallest["spec"]);
    fixture.patch(PLATFORM_ADMIN, patch).await.unwrap();
}
