//! The policy of Platforms: who may have a Secret of the operator sent where.

use serde_json::Value;

use super::cel::{denied, literal, maps, name_of, read, text, variable};
use super::{Accounts, NAMES, policy};

/// A Secret that a Platform names, and the fields that decide what is done with it: where it or a token for it is sent,
/// which certificates are trusted there, and the client that it belongs to.
struct Credential {
    reference: &'static str,
    governed_by: &'static [&'static str],
}

const CREDENTIALS: [Credential; 2] = [
    Credential {
        reference: "authentication.credentialsSecretRef",
        governed_by: &[
            "authentication.credentialsSecretRef",
            "authentication.tokenUrl",
            "authentication.caBundle",
            "authentication.clientId",
            "authentication.scope",
            "endpoint",
            "caBundle",
            "instance",
        ],
    },
    Credential {
        reference: "microsoft.nimbusApp.credentialsSecretRef",
        governed_by: &[
            "microsoft.nimbusApp.credentialsSecretRef",
            "microsoft.nimbusApp.clientId",
            "microsoft.loginBaseUrl",
            "microsoft.graphBaseUrl",
            "instance",
        ],
    },
];

/// Policy 5: who names a Secret of the operator's namespace, or changes what is done with it, must be able to read it: otherwise the
/// operator could be made to send it to a server of theirs.
pub(super) fn platforms(accounts: &Accounts) -> Value {
    let names = CREDENTIALS.map(|credential| name_of(credential.reference));
    let paths = CREDENTIALS.iter().flat_map(|credential| credential.governed_by).copied();
    let mut variables = maps(paths.chain(names.iter().map(String::as_str)));
    let mut validations = vec![];
    for (index, (credential, name)) in CREDENTIALS.iter().zip(&names).enumerate() {
        let changed = credential
            .governed_by
            .iter()
            .map(|path| format!("{} == {} ? '' : 'spec.{path}'", read("now", path), read("was", path)));
        let changed = changed.collect::<Vec<_>>().join(", ");
        variables.push(variable(&format!("changed{index}"), format!("[{changed}].filter(path, path != '')")));
        variables.push(variable(&format!("name{index}"), text("now", name)));
        let secret = format!("variables.name{index}");
        let mays: Vec<String> = accounts
            .operator_namespaces
            .iter()
            .enumerate()
            .map(|(number, namespace)| {
                let may = format!("may{index}n{number}");
                let namespace = literal(namespace);
                variables.push(variable(&may, format!(
                "authorizer.group('').resource('secrets').namespace({namespace}).name({secret}).check('get').allowed()"
            )));
                format!("variables.{may}")
            })
            .collect();
        let may = mays.join(" && ");
        validations.push(denied(
            &format!("size(variables.changed{index}) == 0 || {secret} == '' || ({may})"),
            &format!(
                "'may not change ' + variables.changed{index}.join(', ') + ': it decides what is done with Secret ' + {secret} + \
                 ' in the namespace ' + {} + ', so this needs the verb get on that Secret'",
                literal(&accounts.operator_namespaces.join(", "))
            ),
        ));
    }
    // A rule of the schema at the field does not see that the field is taken off, which would hand the Platform to another operator.
    let (was, now) = (read("was", "instance"), read("now", "instance"));
    validations
        .push(denied(&format!("!{was}.hasValue() || {now} == {was}"), "'spec.instance cannot be changed once set'"));
    policy(NAMES[4], &["platforms"], &["CREATE", "UPDATE"], variables, validations)
}
