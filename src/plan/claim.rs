//! Authority over a tenant is proved on the platform, not only in Kubernetes: who takes a tenant over, deletes it, or has Microsoft
//! asked about it names the partner that the platform names, or a system administrator confirms the exception.

use jiff::civil::Date;
use serde_json::Value;

use super::confirmation::{self, Flaw};
use super::mismatch::{Mismatch, NoPartner};
use super::observation::{Owner, Snapshot};
use super::resolved::ResolvedPartner;
use super::stop::{OwnerPlace, Stop};
use super::unconfirmed::{OtherPartner, Unconfirmed};
use crate::admin_api::TenantDocument;
use crate::resources::status::Applied;
use crate::resources::{Stamp, Tenant};
use crate::settings::TenantId;
use crate::settings::tabs::partner::PARTNER;
use crate::settings::value::Text;

/// Between the tenant and the stamp from which it is taken over.
const FROM: &str = " from ";

/// The partner for which a Tenant acts, and what a system administrator confirmed beyond that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimRight {
    tenant: TenantId,
    named: Named,
    adopt: Option<String>,
    today: Date,
    record: Record,
}

/// The partner that a spec names for the tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Named {
    /// No one: the partner is left as it is.
    NoOne,
    /// That the tenant has none.
    Unassigned,
    /// This Partner, also where nothing is known of it.
    Partner(ResolvedPartner),
}

/// What is recorded of the tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Record {
    /// It was never ours.
    Nothing,
    /// It is ours, and nothing says for which partner.
    Held,
    /// It is ours, and it had this partner when that was last proved; empty for none.
    HeldFor(String),
}

impl Named {
    /// Of a Tenant, whose reference was resolved to this.
    pub(super) fn of(tenant: &Tenant, partner: Option<ResolvedPartner>) -> Self {
        match (partner, tenant.spec.settings.partner.as_ref()) {
            (Some(partner), _) => Self::Partner(partner),
            (None, None) => Self::NoOne,
            (None, Some(tab)) if tab.assigned() == Ok(None) => Self::Unassigned,
            // What is not understood may name one.
            (None, Some(_)) => Self::Partner(ResolvedPartner::unknown(String::new(), NoPartner::Unread)),
        }
    }

    /// The Partner, if one is named.
    pub(super) fn partner(&self) -> Option<&ResolvedPartner> {
        match self {
            Self::Partner(partner) => Some(partner),
            Self::NoOne | Self::Unassigned => None,
        }
    }

    /// What is recorded of a tenant that is ours: its partner on the platform, where that is the one that is named, or is left as it
    /// is; empty for none.
    pub(super) fn proved(&self, tenant: TenantId, settings: &Value) -> Option<String> {
        let is_proved = *self == Self::NoOne || self.judge(tenant, settings).is_ok();
        is_proved.then(|| partner_in(settings).unwrap_or_default().to_owned())
    }

    /// Whether the platform names the same.
    fn judge(&self, tenant: TenantId, settings: &Value) -> Result<(), Mismatch> {
        let there = partner_in(settings);
        match self {
            Self::NoOne | Self::Unassigned => there.map_or(Ok(()), |_| Err(Mismatch::NotNamed)),
            Self::Partner(partner) => {
                let here = partner.id_for(tenant)?;
                if there == Some(here) { Ok(()) } else { Err(Mismatch::Other) }
            }
        }
    }
}

impl Record {
    fn of(tenant: &Tenant) -> Self {
        match tenant.status.as_ref().and_then(|status| status.applied.as_ref()) {
            None => Self::Nothing,
            Some(Applied { partner_id: None, .. }) => Self::Held,
            Some(Applied { partner_id: Some(id), .. }) => Self::HeldFor(id.clone()),
        }
    }
}

impl ClaimRight {
    /// That of a Tenant over this tenant, for the Partner that its spec names.
    pub(super) fn of(tenant: &Tenant, id: TenantId, named: Named, today: Date) -> Self {
        let adopt = tenant.spec.confirmations().adopt.as_ref().map(|adopt| Text::as_str(adopt).to_owned());
        Self { tenant: id, named, adopt, today, record: Record::of(tenant) }
    }

    /// Whether the platform names the partner that the spec names, or none where the spec names none.
    pub(super) fn has_same_partner(&self, settings: &Value) -> bool {
        self.named.judge(self.tenant, settings).is_ok()
    }

    /// Whether Microsoft may be asked about the tenant in the name of the Tenant.
    ///
    /// *Errors*: why not.
    pub(super) fn may_ask(&self, settings: &Value) -> Result<(), Mismatch> {
        match (&self.named, &self.record) {
            // A spec that leaves the partner as it is, is a system administrator's: whose the tenant is was proved before it was applied.
            (Named::NoOne, Record::Held | Record::HeldFor(_)) => Ok(()),
            (Named::NoOne, Record::Nothing) | (Named::Unassigned | Named::Partner(_), _) => {
                self.named.judge(self.tenant, settings)
            }
        }
    }

    /// The platform's id of the partner for which the Tenant acts; empty where there is none.
    pub(super) fn partner_id(&self) -> &str {
        self.named.partner().and_then(|partner| partner.id.as_deref().ok()).unwrap_or_default()
    }

    /// Whether the Tenant may delete the tenant, or take it over.
    ///
    /// *Errors*: why not.
    pub(super) fn permits(&self, snapshot: &Snapshot) -> Result<(), Mismatch> {
        let judged = self.named.judge(self.tenant, &snapshot.settings);
        judged.or_else(|mismatch| self.confirmed(&snapshot.document).map_err(|_| mismatch))
    }

    /// Whether what is known of a tenant with this owner may be said and written in the name of the Tenant, another's aside.
    pub(super) fn reaches(&self, snapshot: &Snapshot, owner: &Owner) -> bool {
        self.has_by_stamp(&snapshot.settings, owner) || self.permits(snapshot).is_ok()
    }

    /// Whether that depends on what a system administrator confirmed.
    pub(super) fn needs_confirmation(&self, snapshot: &Snapshot, owner: &Owner) -> bool {
        let by_right = self.has_by_stamp(&snapshot.settings, owner) || self.has_same_partner(&snapshot.settings);
        matches!(owner, Owner::Other(_)) || !by_right
    }

    /// Whether our stamp is a proof by itself. It may be left from a Tenant of the same name, and the vendor may have given the tenant to
    /// another partner since: what has another partner than the one that was proved was handed on. A spec that leaves the partner as it
    /// is, is a system administrator's.
    fn has_by_stamp(&self, settings: &Value, owner: &Owner) -> bool {
        let is_known = match (&self.named, &self.record) {
            (Named::NoOne, _) => true,
            (Named::Unassigned | Named::Partner(_), Record::HeldFor(id)) => {
                id == partner_in(settings).unwrap_or_default()
            }
            (Named::Unassigned | Named::Partner(_), Record::Nothing | Record::Held) => false,
        };
        *owner == Owner::Ours && is_known
    }

    /// The owner as the plan has to take it: the stamp of another cluster is free where that is confirmed.
    ///
    /// *Errors*: the tenant is another's, or another partner's.
    pub(super) fn owner(&self, snapshot: &Snapshot, owner: &Owner, ours: &Stamp) -> Result<Owner, Stop> {
        if let Owner::Other(stamp) = owner {
            return self.taken_over(snapshot, stamp, ours);
        }
        if self.reaches(snapshot, owner) {
            return Ok(owner.clone());
        }
        let flaw = self.confirmed(&snapshot.document).err().unwrap_or(Flaw::Missing);
        Err(Stop::OtherPartner(OtherPartner {
            on_platform: partner_in(&snapshot.settings).map(ToOwned::to_owned),
            in_spec: self.named.partner().map(|partner| (partner.name.clone(), partner.id.clone().ok())),
            unconfirmed: self.unconfirmed(self.tenant.to_string(), flaw),
        }))
    }

    /// Whether the Tenant may create a tenant again that was deleted. The platform does not say whose it was: either this Tenant had
    /// it, or its author is a system administrator, or one confirms it.
    ///
    /// *Errors*: what has to be confirmed.
    pub(super) fn recreates(&self) -> Result<(), Unconfirmed> {
        let is_proved = match (&self.named, &self.record) {
            (Named::NoOne | Named::Unassigned, _) => true,
            (Named::Partner(partner), Record::HeldFor(id)) => partner.id_for(self.tenant) == Ok(id.as_str()),
            (Named::Partner(_), Record::Nothing | Record::Held) => false,
        };
        if is_proved {
            return Ok(());
        }
        let names_it = |value: &str| TenantId::parse(value) == Some(self.tenant);
        let judged = confirmation::judge(self.adopt.as_deref(), self.today, names_it);
        judged.map_err(|flaw| self.unconfirmed(self.tenant.to_string(), flaw))
    }

    fn taken_over(&self, snapshot: &Snapshot, stamp: &str, ours: &Stamp) -> Result<Owner, Stop> {
        let place = OwnerPlace::of(stamp, ours);
        // The Tenant of a stamp of this cluster lives, or the stamp would be free: it is deleted or renamed, not overruled.
        if place == OwnerPlace::ThisCluster || self.adopt.is_none() {
            return Err(Stop::OwnedByOther { stamp: stamp.to_owned(), place });
        }
        let names_it = |value: &str| {
            let from = value.split_once(FROM).map(|(_, from)| from);
            from == Some(stamp) && self.confirms(value, &snapshot.document)
        };
        match confirmation::judge(self.adopt.as_deref(), self.today, names_it) {
            Ok(()) => Ok(Owner::Free),
            Err(flaw) => {
                // The stamp is a text of the platform, which stands in no instruction.
                let token = format!("{}{FROM}<stamp>", self.tenant);
                Err(Stop::NotTakenOver { stamp: stamp.to_owned(), unconfirmed: self.unconfirmed(token, flaw) })
            }
        }
    }

    fn unconfirmed(&self, token: String, flaw: Flaw) -> Unconfirmed {
        Unconfirmed { token, flaw, today: self.today }
    }

    fn confirmed(&self, document: &TenantDocument) -> Result<(), Flaw> {
        confirmation::judge(self.adopt.as_deref(), self.today, |value| self.confirms(value, document))
    }

    /// Whether a confirmation names this tenant, and the stamp that it has, or had before it was taken over.
    fn confirms(&self, value: &str, document: &TenantDocument) -> bool {
        let (id, from) = value.split_once(FROM).map_or((value, None), |(id, stamp)| (id, Some(stamp)));
        let stamps = [document.owner.as_deref(), document.last_owner.as_deref()];
        TenantId::parse(id) == Some(self.tenant) && (from.is_none() || stamps.contains(&from))
    }
}

/// The platform's id of the partner that a tenant has.
fn partner_in(settings: &Value) -> Option<&str> {
    PARTNER.find(settings).and_then(Value::as_str).filter(|id| !id.is_empty())
}
