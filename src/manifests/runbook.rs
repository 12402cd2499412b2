//! The runbook: a chapter for each reason, generated from the table.

use std::fmt::Write;

use crate::resources::reason::{Reason, Turn};

const HEAD: &str = "\
<!-- Generated: run `make generated`. -->

# Runbook

What the reasons of conditions and events mean, and what to do. A message of a condition says what happened and, after
\"What to do:\", what stands here. Where a link is named, it is the Platform's own, from `spec.support` of the
[`Platform`](../examples/platform.yaml); without one, the hint stands alone.
";

/// The runbook as Markdown. The anchor of a chapter is its reason in lower case.
pub fn runbook() -> String {
    let mut text = HEAD.to_owned();
    let parts = [
        (
            "Reasons",
            "Of `Ready`, `Accepted`, `Synced`, the conditions about the tenant, checks and events.",
            "",
            Reason::REASONS,
        ),
        (
            "States of a tenant",
            "The reasons of `TenantActive` are the platform's own words.",
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
        Turn::Nobody => "nobody has to act",
        Turn::Reader => "whoever edits the Tenant or runs the cluster",
        Turn::Ticket => "support: raise a ticket at `spec.support.helpdesk`",
        Turn::Contact => "your partner or the vendor's people: `spec.support.website`",
        Turn::Outage => "the platform: its state is at `spec.support.serviceStatus`",
    };
    format!("### {prefix}{}\n\n{}\n\nWhose turn it is: {turn}.\n", reason.as_str(), reason.hint())
}
