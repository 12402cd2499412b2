//! Authority over a tenant is proved on the platform, not only in Kubernetes: who takes a tenant over, deletes it, or has Microsoft
//! asked about it names the partner that the platform names, or a system administrator confirms the exception.

use jiff::civil::Date;
use serde_json::Value;

use super::confirmation::{self, Flaw};
use super::observation::{Owner, Snapshot};
use super::resolved::ResolvedPartner;
use super::stop::{OwnerPlace, Stop};
use super::unconfirmed::{OtherPartner, Unconfirmed};
use crate::admin_api::TenantDocument;
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
    /// The Partner that the spec names, if it names one.
    partner: Option<ResolvedPartner>,
    adopt: Option<String>,
    today: Date,
    /// Whether this Tenant was ever applied. Only then is our stamp a proof by itself.
    held: bool,
}

impl ClaimRight {
    /// That of a Tenant over this tenant, for the Partner that its spec names.
    pub(super) fn of(tenant: &Tenant, id: TenantId, partner: Option<ResolvedPartner>, today: Date) -> Self {
        let adopt = tenant.spec.confirmations().adopt.as_ref().map(|adopt| Text::as_str(adopt).to_owned());
        let held = tenant.status.as_ref().is_some_and(|status| status.applied.is_some());
        Self { tenant: id, partner, adopt, today, held }
    }

    /// Whether the platform names the partner that the spec names, or none where the spec names none.
    pub(super) fn has_same_partner(&self, settings: &Value) -> bool {
        let there = partner_in(settings);
        match &self.partner {
            None => there.is_none(),
            Some(partner) => there.is_some() && partner.id_for(self.tenant) == there,
        }
    }

    /// Whether Microsoft may be asked about the tenant in the name of the Tenant.
    pub(super) fn may_ask(&self, settings: &Value) -> bool {
        // A spec without a partner is a system administrator's and leaves the partner as it is: whose the tenant is was proved before
        // it was applied.
        self.has_same_partner(settings) || (self.partner.is_none() && self.held)
    }

    /// The platform's id of the partner for which the Tenant acts; empty where there is none.
    pub(super) fn partner_id(&self) -> &str {
        self.partner.as_ref().and_then(|partner| partner.id.as_deref()).unwrap_or_default()
    }

    /// Whether the Tenant may delete the tenant, or take it over.
    pub(super) fn permits(&self, snapshot: &Snapshot) -> bool {
        self.has_same_partner(&snapshot.settings) || self.confirmed(&snapshot.document).is_ok()
    }

    /// Whether what is known of a tenant with this owner may be said and written in the name of the Tenant, another's aside.
    pub(super) fn reaches(&self, snapshot: &Snapshot, owner: &Owner) -> bool {
        // A stamp alone may be left from a Tenant of the same name. Without a partner in the spec its author is a system administrator,
        // and where the Partner is missing nothing is written.
        let names_one = self.partner.as_ref().is_some_and(|partner| partner.id.is_some());
        let ours = *owner == Owner::Ours && (self.held || !names_one);
        ours || self.permits(snapshot)
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
            in_spec: self.partner.as_ref().and_then(|partner| Some((partner.name.clone(), partner.id.clone()?))),
            unconfirmed: self.unconfirmed(self.tenant.to_string(), flaw),
        }))
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
                let token = format!("{}{FROM}{stamp}", self.tenant);
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
