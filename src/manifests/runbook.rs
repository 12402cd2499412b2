//! The runbook: a chapter for each reason, generated from the table.

use std::fmt::Write;

use crate::resources::Reason;
use crate::resources::advice::Audience;

const HEAD: &str = "\
<!-- Generated: run `make generated`. -->

# Runbook

The reasons of conditions and events, and what to do. The message of a condition says what happened. If it does not also say
what to do, the text below follows after \"What to do:\". Links come from `spec.support` of the
[`Platform`](../examples/platform.yaml); if it has none, the message has no link.
";

/// The runbook as Markdown. The anchor of a chapter is its reason in lower case.
pub fn runbook() -> String {
    let mut text = HEAD.to_owned();
    let parts = [
        (
            "Reasons",
            "Reasons of `Ready`, `Accepted`, `Synced`, the conditions about the tenant, checks and events.",
            "",
            Reason::REASONS,
        ),
        (
            "States of a tenant",
            "The reasons of `TenantActive` are the states that the platform reports.",
            "TenantActive: ",
            Reason::TENANT_STATES,
        ),
    ];
    for (title, about, prefix, reasons) in parts {
        // Writing to a String cannot fail.
        let _ = write!(text, "\n## {title}\n\n{about}\n");
        for &reason in reasons {
            let _ = write!(text, "\n{}", chapter(prefix, reason));
        }
    }
    text
}

fn chapter(prefix: &str, reason: Reason) -> String {
    let audience = match reason.audience() {
        Audience::None => "none",
        Audience::Reader => "the editor of the Tenant or the cluster administrator",
        Audience::Ticket => "support; raise a ticket at `spec.support.helpdesk`",
        Audience::Contact => "your partner or the vendor; see `spec.support.website`",
        Audience::Outage => "the platform; its status is at `spec.support.serviceStatus`",
    };
    format!("### {prefix}{}\n\n{}\n\nAction by: {audience}.\n", reason.as_str(), reason.hint())
}
