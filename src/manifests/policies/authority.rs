//! The policy of authority: what only some may change, create and delete.

use serde_json::Value;

use super::cel::{denied, list, name_of, read, specs, text, variable};
use super::{Accounts, NAMES, policy};
use crate::resources::reason::DELETED_ON_PLATFORM;
use crate::resources::tenant::{DELETION_POLICY, HEAD, PLATFORM_REF};
use crate::resources::{ConditionType, FINALIZER, GROUP, Reason, annotation, confirmations};
use crate::settings::tabs::general::TENANT_ID;
use crate::settings::tabs::partner::PARTNER;
use crate::settings::{Authority, leaves};

/// Accounts of the cluster itself, which clean up after namespaces and owners.
const CLEANERS: [&str; 2] = [
    "system:serviceaccount:kube-system:namespace-controller",
    "system:serviceaccount:kube-system:generic-garbage-collector",
];

/// Annotations that stand for a decision; anyone may set the one that asks for a pass.
const DECISIONS: [&str; 1] = [annotation::ABANDON];

/// The form of a confirmed deletion. CEL has no clock, so admission cannot tell whether the last day is past: the operator does, and
/// retains the tenant.
const CONFIRMED: &str = "^[-0-9a-f]{36} until [0-9]{4}-[0-9]{2}-[0-9]{2}$";

/// Policy 1: what only some may change, create and delete.
pub(super) fn authority(accounts: &Accounts) -> Value {
    let guarded = Guarded::new(accounts);
    let variables = [
        request_variables(accounts),
        guarded.spec_variables(),
        right_variables(),
        guarded.changed_variables(),
        deletion_variables(),
    ];
    let validations = [change_validations(), existence_validations()];
    let (mut variables, mut validations) = (variables.concat(), validations.concat());
    if accounts.technical_fields {
        variables.push(variable("mayTechnical", "authorizer.requestResource.check('edit-technical').allowed()"));
        variables.push(variable("changedT", changed(&guarded.technical)));
        validations.push(denied(
            "size(variables.changedT) == 0 || variables.mayTechnical || variables.isP",
            "'may not change ' + variables.changedT.join(', ') + ': this needs the verb edit-technical on tenants'",
        ));
    }
    policy(NAMES[0], &["tenants"], &["CREATE", "UPDATE", "DELETE"], variables, validations)
}

/// What needs an authority to be changed.
struct Guarded {
    system: Vec<Change>,
    partner: Vec<Change>,
    technical: Vec<Change>,
}

impl Guarded {
    fn new(accounts: &Accounts) -> Self {
        let mut system = changes(Authority::System);
        // An author who administers a Partner can name it when creating a Tenant.
        let assignment = format!("spec.{}.", PARTNER.section());
        system.retain(|change| !change.path.starts_with(&assignment));
        let partner = [changes(Authority::Partner), metadata_changes()].concat();
        let technical = if accounts.technical_fields { changes(Authority::Tenant) } else { vec![] };
        Self { system, partner, technical }
    }

    fn spec_variables(&self) -> Vec<Value> {
        let all = self.system.iter().chain(&self.partner).chain(&self.technical);
        specs(all.filter_map(|change| change.path.strip_prefix("spec.")))
    }

    fn changed_variables(&self) -> Vec<Value> {
        vec![
            variable("changedS", changed(&self.system)),
            variable("changedPartner", changed(&[spec_change(PARTNER.section())])),
            variable("changedP", changed(&self.partner)),
        ]
    }
}

fn request_variables(accounts: &Accounts) -> Vec<Value> {
    vec![
        variable("cleaner", format!("request.userInfo.username in {}", list(CLEANERS.iter().copied()))),
        variable("operator", accounts.is_operator()),
        variable("deletes", "request.operation == 'DELETE'"),
        variable("wasMeta", "oldObject == null ? {} : oldObject.metadata"),
        variable("nowMeta", "object == null ? {} : object.metadata"),
    ]
}

/// What the author of a request may do. Decided on what the object was: a name that the request brings could be one that its
/// author administers.
fn right_variables() -> Vec<Value> {
    let referenced = |reference: &str| {
        let name = name_of(reference);
        format!("oldObject == null ? {} : {}", text("now", &name), text("was", &name))
    };
    vec![
        variable("platform", referenced(PLATFORM_REF)),
        variable("partner", referenced(PARTNER.path)),
        variable("mayPlatform", administers("platforms", "variables.platform")),
        variable("mayPartner", administers("partners", "variables.partner")),
        variable("isS", "variables.mayPlatform"),
        // Without a name the authorizer answers for all Partners: a Tenant without a partner belongs to system administrators.
        variable("isP", "variables.mayPlatform || (variables.partner != '' && variables.mayPartner)"),
    ]
}

/// Whether the operator reported that the tenant was deleted on the platform: there is nothing left that a confirmation is for.
fn lost() -> String {
    let (ready, reason) = (ConditionType::Ready.as_str(), Reason::TenantLost.as_str());
    format!(
        "oldObject != null && oldObject.?status.?conditions.orValue([]).exists(c, c.?type.orValue('') == '{ready}' && c.?reason.orValue('') == '{reason}' && c.?message.orValue('').startsWith('{DELETED_ON_PLATFORM}'))"
    )
}

fn deletion_variables() -> Vec<Value> {
    vec![
        variable("deleting", "variables.wasMeta.?deletionTimestamp.hasValue()"),
        variable("namespaceEnds", "namespaceObject != null && namespaceObject.metadata.?deletionTimestamp.hasValue()"),
        variable("lost", lost()),
        variable("tenantId", format!("({}).lowerAscii()", text("was", TENANT_ID.path))),
        variable("confirmed", format!("({}).lowerAscii()", text("was", confirmations::DELETION))),
    ]
}

/// What only some may change.
fn change_validations() -> Vec<Value> {
    let assignment = PARTNER.section();
    vec![
        denied(
            "size(variables.changedS) == 0 || variables.isS",
            "'may not change ' + variables.changedS.join(', ') + ': this needs the verb administer on Platform ' + variables.platform + '. With GitOps, let a system account that has it apply the whole Tenant, or leave these fields out of git and apply them by hand: kubectl apply --server-side'",
        ),
        denied(
            "size(variables.changedPartner) == 0 || variables.isS || (request.operation == 'CREATE' && variables.isP)",
            &format!(
                "'may not change spec.{assignment}: this needs the verb administer on Platform ' + variables.platform + (request.operation == 'CREATE' && variables.partner != '' ? ' or on Partner ' + variables.partner : '')"
            ),
        ),
        denied(
            "size(variables.changedP) == 0 || variables.isP || variables.cleaner",
            "'may not change ' + variables.changedP.join(', ') + ': this needs the verb administer on Partner ' + (variables.partner == '' ? '(none is assigned)' : variables.partner) + ' or on Platform ' + variables.platform",
        ),
    ]
}

/// Who may create and delete a Tenant, and release one that is being deleted.
fn existence_validations() -> Vec<Value> {
    let deletion_policy = read("was", DELETION_POLICY);
    let (confirmation, abandon) = (confirmations::DELETION, annotation::ABANDON);
    vec![
        denied(
            "request.operation != 'CREATE' || variables.isP",
            "'may not create a Tenant: this needs the verb administer on the Partner that it names or on Platform ' + variables.platform",
        ),
        denied(
            "!variables.deletes || variables.deleting || variables.cleaner || variables.isP",
            "'may not delete a Tenant: this needs the verb administer on Partner ' + (variables.partner == '' ? '(none is assigned)' : variables.partner) + ' or on Platform ' + variables.platform",
        ),
        denied(
            &format!(
                "!variables.deletes || variables.deleting || variables.cleaner || variables.namespaceEnds || variables.lost || {deletion_policy}.orValue('') != 'Delete' || (variables.tenantId != '' && variables.confirmed.startsWith(variables.tenantId + ' until ') && variables.confirmed.matches('{CONFIRMED}'))"
            ),
            &format!(
                "'spec.{DELETION_POLICY} is Delete and the deletion is not confirmed: first set spec.{confirmation} to \"' + variables.tenantId + ' until YYYY-MM-DD\", a day at most 7 days ahead'"
            ),
        ),
        denied(
            &format!(
                "variables.deletes || !variables.deleting || variables.operator || variables.isS || !('{FINALIZER}' in variables.wasMeta.?finalizers.orValue([])) || '{FINALIZER}' in variables.nowMeta.?finalizers.orValue([])"
            ),
            &format!(
                "'may not remove the finalizer {FINALIZER} from a Tenant that is being deleted: this needs the verb administer on Platform ' + variables.platform + '. A running operator removes it, also without a call to the platform if the annotation {abandon} is set; where no operator runs any more, a user with that verb removes it by hand'"
            ),
        ),
    ]
}

/// Something that a request may change.
#[derive(Clone)]
struct Change {
    path: String,
    now: String,
    was: String,
}

fn spec_change(path: &str) -> Change {
    Change { path: format!("spec.{path}"), now: read("now", path), was: read("was", path) }
}

/// Settings and heads of one authority.
fn changes(authority: Authority) -> Vec<Change> {
    let heads = HEAD.iter().filter(|(_, who)| *who == authority).map(|(path, _)| spec_change(path));
    heads.chain(leaves().filter(|leaf| leaf.authority == authority).map(|leaf| spec_change(leaf.path))).collect()
}

fn metadata_changes() -> Vec<Change> {
    let read = |path: String, name: String| Change {
        path: name,
        now: format!("variables.nowMeta{path}"),
        was: format!("variables.wasMeta{path}"),
    };
    let annotations =
        DECISIONS.iter().map(|name| read(format!(".?annotations[?'{name}']"), format!("metadata.annotations[{name}]")));
    // The owner of an object determines when garbage collection deletes it.
    annotations.chain([read(".?ownerReferences".into(), "metadata.ownerReferences".into())]).collect()
}

/// The paths that a request changes; a deletion changes none.
fn changed(changes: &[Change]) -> String {
    let each: Vec<String> = changes.iter().map(|c| format!("{} == {} ? '' : '{}'", c.now, c.was, c.path)).collect();
    format!("variables.deletes ? [] : [{}].filter(path, path != '')", each.join(", "))
}

pub(super) fn administers(resource: &str, name: &str) -> String {
    format!("authorizer.group('{GROUP}').resource('{resource}').name({name}).check('administer').allowed()")
}
