//! The runbook: a chapter for each reason, generated from the table of reasons and from what is written about them.

mod written;

use std::fmt::Write;

use written::Written;

use crate::resources::Reason;
use crate::resources::advice::Audience;

const HEAD: &str = "\
<!-- Generated: run `make generated`. -->

# Runbook

The reasons of conditions and events, and what to do. The message of a condition says what happened. If it does not also say
what to do, the text of *Do* follows after \"What to do:\". Links come from `spec.support` of the
[`Platform`](../examples/platform.yaml); if it has none, the message has no link.

In the commands, replace words in capitals. [behaviours.md](behaviours.md) explains conditions and how they belong together;
[alerts.md](alerts.md) has a section for each alert.
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
    let written = written::about(reason);
    let audience = match reason.audience() {
        Audience::None => "none",
        Audience::Reader => written.map_or("the editor of the Tenant", |written| written.look.reader()),
        Audience::Ticket => "support; raise a ticket at `spec.support.helpdesk`",
        Audience::Contact => "your partner or the vendor; see `spec.support.website`",
        Audience::Outage => "the platform; its status is at `spec.support.serviceStatus`",
    };
    let head = format!("### {prefix}{}\n\n", reason.as_str());
    let Some(Written { meaning, causes, look }) = written else {
        return format!("{head}{} Action by: {audience}.\n", reason.hint());
    };
    let commands = look.commands().join("\n").replace("REASON", reason.as_str());
    format!(
        "{head}{meaning}\n\n- Likely causes: {causes}\n- Do: {}\n- Action by: {audience}.\n\n```sh\n{commands}\n```\n",
        reason.hint()
    )
}
