//! The policy of Partners: a Partner decides who has authority over its tenants, so only system administrators write one.

use serde_json::Value;

use super::authority::administers;
use super::cel::{denied, variable};
use super::{Accounts, NAMES, policy};

/// How many Platforms a Partner may name and still be written by users who administer these only: each is one question to the
/// authorizer, and the API server limits what a policy may ask.
const ASKED: usize = 4;

/// Policy 6: a Partner is written by users who administer every Platform on which it counts, before and after.
pub(super) fn partners(accounts: &Accounts) -> Value {
    let platforms = |object: &str| {
        let spec = format!("{object}.?spec.orValue({{}})");
        let value = format!("(type(dyn({spec})) == map ? dyn({spec}) : {{}}).?platforms.orValue([])");
        format!("{object} == null ? [] : (type(dyn({value})) == list ? dyn({value}) : [])")
    };
    let mut variables = vec![
        variable("deletes", "request.operation == 'DELETE'"),
        variable("was", platforms("oldObject")),
        variable("now", platforms("object")),
        variable("named", NAMED),
        variable("isBounded", is_bounded()),
        variable("mayAll", administers("platforms", "''")),
    ];
    let name = |index: usize| format!("size(variables.named) > {index} ? string(variables.named[{index}]) : ''");
    variables.extend((0..2 * ASKED).map(|index| variable(&format!("name{index}"), name(index))));
    let may = |index: usize| administers("platforms", &format!("variables.name{index}"));
    variables.extend((0..2 * ASKED).map(|index| variable(&format!("may{index}"), may(index))));
    let each: Vec<_> = (0..2 * ASKED).map(|i| format!("(size(variables.named) <= {i} || variables.may{i})")).collect();
    let unchanged = "(request.operation == 'UPDATE' && object.?spec == oldObject.?spec)";
    let right = format!("(variables.isBounded && {}) || variables.mayAll", each.join(" && "));
    let message = "'may not ' + (request.operation == 'CREATE' ? 'create' : (variables.deletes ? 'delete' : 'change')) + ' a Partner: \
                   this needs the verb administer on ' + (variables.isBounded ? 'each Platform of spec.platforms, before and after: \
                   ' + variables.named.join(', ') : 'all Platforms, since spec.platforms does not limit it to some')";
    policy(
        NAMES[5],
        &["partners"],
        &["CREATE", "UPDATE", "DELETE"],
        variables,
        vec![denied(&format!("{} || {unchanged} || {right}", accounts.is_operator()), message)],
    )
}

const NAMED: &str = "variables.was + variables.now.filter(name, !(name in variables.was))";

/// Whether each side that there is names some Platforms, and not too many.
fn is_bounded() -> String {
    let side = |object: &str, names: &str| {
        format!("({object} == null || (size(variables.{names}) > 0 && size(variables.{names}) <= {ASKED}))")
    };
    format!("{} && {}", side("oldObject", "was"), side("object", "now"))
}
