//! What follows a message: what to do, where the message does not say it, and the support link of the Platform.

use super::platform::Support;

/// Between what happened and what to do.
pub(crate) const WHAT_TO_DO: &str = ". What to do: ";

/// Who has to act, which decides the support link that follows a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// No action is needed.
    None,
    /// The editor of the object or the cluster administrator: no link.
    Reader,
    /// Support: the link to raise a ticket.
    Ticket,
    /// The partner or the vendor: the link to their website.
    Contact,
    /// The platform has an outage: the link to the status of the service.
    Outage,
}

/// Where the hint of a reason appears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HintPlace {
    /// In messages and in the runbook.
    Message,
    /// In the runbook only, because the message says it already or because there is nothing to do.
    Runbook,
}

impl Audience {
    /// The support link of the Platform.
    pub fn link(self, support: Option<&Support>) -> Option<&str> {
        let support = support?;
        let link = match self {
            Self::None | Self::Reader => None,
            Self::Ticket => support.helpdesk.as_deref(),
            Self::Contact => support.website.as_deref(),
            Self::Outage => support.service_status.as_deref(),
        };
        link.map(str::trim).filter(|link| !link.is_empty())
    }
}

/// The end of a message.
pub(super) fn render(hint: Option<&str>, link: Option<&str>) -> String {
    match (hint, link) {
        (Some(hint), Some(link)) => format!("{WHAT_TO_DO}{hint} See {link}"),
        (Some(hint), None) => format!("{WHAT_TO_DO}{hint}"),
        (None, Some(link)) => format!(". See {link}"),
        (None, None) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_link_is_that_of_the_audience() {
        let support = Support {
            website: Some("https://luware.com/support/".into()),
            helpdesk: Some(" https://helpdesk.luware.cloud ".into()),
            service_status: Some(" ".into()),
        };
        let link = |audience: Audience| audience.link(Some(&support));
        assert_eq!(link(Audience::Ticket), Some("https://helpdesk.luware.cloud"));
        assert_eq!(link(Audience::Contact), Some("https://luware.com/support/"));
        assert_eq!([link(Audience::None), link(Audience::Reader)], [None, None]);
        assert_eq!(link(Audience::Outage), None, "an empty link is none");
        assert_eq!(Audience::Ticket.link(None), None);
    }

    #[test]
    fn hint_and_link_follow_the_message() {
        assert_eq!(render(Some("Do it."), Some("https://x")), ". What to do: Do it. See https://x");
        assert_eq!(render(Some("Do it."), None), ". What to do: Do it.");
        assert_eq!(render(None, Some("https://x")), ". See https://x");
        assert_eq!(render(None, None), "");
    }
}
