//! The runbook: a chapter for each reason, generated from the table.

use std::fmt::Write;

use crate::resources::reason::{Reason, Turn};

const HEAD: &str = "\
<!-- Generated: run `make generated`. -->

# Runbook

The reasons of conditions and events, and what to do. The message of a condition says what happened, followed by the text
below after \"What to do:\". Links come from `spec.support` of the [`Platform`](../examples/platform.yaml); if it has none, the
text has no link.
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
    let turn = match reason.turn() {
        Turn::Nobody => "no action needed",
        Turn::Reader => "the editor of the Tenant or the cluster administrator",
        Turn::Ticket => "support; raise a ticket at `spec.support.helpdesk`",
        Turn::Contact => "your partner or the vendor; see `spec.support.website`",
        Turn::Outage => "the platform; its status is at `spec.support.serviceStatus`",
    };
    format!("### {prefix}{}\n\n{}\n\nAction by: {turn}.\n", reason.as_str(), reason.hint())
}
