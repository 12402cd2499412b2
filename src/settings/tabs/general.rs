//! The General tab: names, identity, administration groups and billing address.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::settings::format::{Code, Country, Domain, Guid, Line, Name, PostalCode};
use crate::settings::leaf::{Authority::*, Leaf};
use crate::settings::mapping::{Check, spec_leaf};
use crate::settings::value::{Clearable, Text};
use crate::settings::wire::{Canonical, WireLeaf};

/// The General tab of the spec.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GeneralSpec {
    /// "Name": the tenant's name as displayed in the tenant list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Text<Name>>,
    /// "O365 Domain": the first or sub-level domain that the tenant is under.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub o365_domain: Option<Text<Domain>>,
    /// "Tenant ID": the tenant's id in Microsoft Entra. It is the identity of the tenant on the platform and stays as it was
    /// created.
    #[schemars(extend("x-kubernetes-validations" = tenant_id_rules()))]
    pub tenant_id: Text<Guid>,
    /// "Company Name": the company behind the tenant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub company_name: Option<Clearable<Line>>,
    /// The division of the company.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub division: Option<Clearable<Line>>,
    /// "Partner Administration Security Group (GUID)": object id of the security group whose members administer the partner's
    /// tenants. The group lives in the partner's own Entra tenant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partner_administration_group_id: Option<Clearable<Guid>>,
    /// "Tenant Administration Security Group (GUID)": object id of the security group whose members administer this tenant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant_administration_group_id: Option<Clearable<Guid>>,
    /// "CRM ID": id of the tenant in the tool for Customer Relationship Management.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crm_id: Option<Clearable<Code>>,
    /// "Billing Address": where the bill for this tenant is sent. It does not decide where data is stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub billing_address: Option<BillingAddressSpec>,
}

/// Where the bill for this tenant is sent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BillingAddressSpec {
    /// "Street Address 1".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub street1: Option<Clearable<Line>>,
    /// "Street Address 2".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub street2: Option<Clearable<Line>>,
    /// "Zip Code": free text, since codes have letters and leading zeros.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zip_code: Option<Clearable<PostalCode>>,
    /// "City".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub city: Option<Clearable<Line>>,
    /// "Country" by ISO 3166-1 alpha-2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<Clearable<Country>>,
}

/// The General tab on the wire.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "the members are those of the spec")]
pub struct GeneralWire {
    #[serde(skip_serializing_if = "WireLeaf::is_absent")]
    pub name: WireLeaf<Canonical<Name>>,
    #[serde(skip_serializing_if = "WireLeaf::is_absent")]
    pub o365_domain: WireLeaf<Canonical<Domain>>,
    #[serde(skip_serializing_if = "WireLeaf::is_absent")]
    pub tenant_id: WireLeaf<Canonical<Guid>>,
    #[serde(skip_serializing_if = "WireLeaf::is_absent")]
    pub company_name: WireLeaf<Canonical<Line>>,
    #[serde(skip_serializing_if = "WireLeaf::is_absent")]
    pub division: WireLeaf<Canonical<Line>>,
    #[serde(skip_serializing_if = "WireLeaf::is_absent")]
    pub partner_administration_group_id: WireLeaf<Canonical<Guid>>,
    #[serde(skip_serializing_if = "WireLeaf::is_absent")]
    pub tenant_administration_group_id: WireLeaf<Canonical<Guid>>,
    #[serde(skip_serializing_if = "WireLeaf::is_absent")]
    pub crm_id: WireLeaf<Canonical<Code>>,
    pub billing_address: BillingAddressWire,
}

/// The billing address on the wire.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "the members are those of the spec")]
pub struct BillingAddressWire {
    #[serde(skip_serializing_if = "WireLeaf::is_absent")]
    pub street1: WireLeaf<Canonical<Line>>,
    #[serde(skip_serializing_if = "WireLeaf::is_absent")]
    pub street2: WireLeaf<Canonical<Line>>,
    #[serde(skip_serializing_if = "WireLeaf::is_absent")]
    pub zip_code: WireLeaf<Canonical<PostalCode>>,
    #[serde(skip_serializing_if = "WireLeaf::is_absent")]
    pub city: WireLeaf<Canonical<Line>>,
    #[serde(skip_serializing_if = "WireLeaf::is_absent")]
    pub country: WireLeaf<Canonical<Country>>,
}

/// The name in the tenant list.
pub const NAME: &Leaf = &Leaf::value("general.name", Partner).to_create().example("Contoso");
/// The identity of the tenant.
pub const TENANT_ID: &Leaf = &Leaf::value("general.tenantId", Partner).example("6f1b2a9c-0d3e-4f5a-8b7c-9d0e1f2a3b4c");
/// The security group that administers the tenants of the partner.
pub const PARTNER_GROUP: &Leaf =
    &Leaf::value("general.partnerAdministrationGroupId", System).example("11111111-0d3e-4f5a-8b7c-9d0e1f2a3b4c");
/// The security group that administers the tenant.
pub const TENANT_GROUP: &Leaf =
    &Leaf::value("general.tenantAdministrationGroupId", Partner).example("22222222-0d3e-4f5a-8b7c-9d0e1f2a3b4c");

/// The leaves of the tab.
pub const LEAVES: &[&Leaf] = &[
    NAME,
    &Leaf::value("general.o365Domain", Partner).to_create().example("contoso.onmicrosoft.com"),
    TENANT_ID,
    &Leaf::value("general.companyName", NonTechnical).example("Contoso AG"),
    &Leaf::value("general.division", NonTechnical).example("Customer Care"),
    PARTNER_GROUP,
    TENANT_GROUP,
    &Leaf::value("general.crmId", Partner).example("C-1042"),
    &Leaf::value("general.billingAddress.street1", NonTechnical).example("Bahnhofstrasse 1"),
    &Leaf::value("general.billingAddress.street2", NonTechnical).example("3rd floor"),
    &Leaf::value("general.billingAddress.zipCode", NonTechnical).example("08001"),
    &Leaf::value("general.billingAddress.city", NonTechnical).example("Zürich"),
    &Leaf::value("general.billingAddress.country", NonTechnical).example("CH"),
];

/// What the vendor's manual says of each, for the reference.
pub const MANUAL: &[(&str, &str)] = &[
    ("general.name", "Name as displayed in the tenant list"),
    ("general.o365Domain", "The first or sub-level domain that the tenant is under."),
    ("general.tenantId", "The tenant ID of the group as defined in Microsoft Azure Portal."),
    ("general.companyName", "Clear name field for the Company behind that tenant."),
    (
        "general.division",
        "single tenant admin permissions may restrict you to only edit non-technical information such as: Company Name / Division",
    ),
    (
        "general.partnerAdministrationGroupId",
        "In most scenarios this group will usually have access to some tenants under that partner domain.",
    ),
    (
        "general.tenantAdministrationGroupId",
        "In most scenarios this group will usually have access to one tenants under that partner domain.",
    ),
    ("general.crmId", "ID for your Customer Relationship Management tool."),
    ("general.billingAddress.street1", "Address of the partner to which the bill for this tenant should be sent to."),
    ("general.billingAddress.street2", "Address of the partner to which the bill for this tenant should be sent to."),
    ("general.billingAddress.zipCode", "Address of the partner to which the bill for this tenant should be sent to."),
    ("general.billingAddress.city", "Address of the partner to which the bill for this tenant should be sent to."),
    (
        "general.billingAddress.country",
        "the country / address is just for billing purposes and does not reflect or change the Nimbus tenant data storage location.",
    ),
];

/// `tenantId` is a GUID and stays as it was created; only its capitals may change.
fn tenant_id_rules() -> serde_json::Value {
    use crate::settings::format::{Format, rule};
    serde_json::json!([
        { "rule": rule::<Guid>(), "message": format!("must be {}", Guid::ALLOWED) },
        {
            "rule": "self.lowerAscii() == oldSelf.lowerAscii()",
            "message": "may not be changed once set: it is the identity of the tenant; create another Tenant instead",
        },
    ])
}

impl GeneralSpec {
    /// The tab in the platform's words.
    pub fn to_wire(&self, check: &mut Check) -> GeneralWire {
        let Self {
            name,
            o365_domain,
            tenant_id,
            company_name,
            division,
            partner_administration_group_id,
            tenant_administration_group_id,
            crm_id,
            billing_address,
        } = self;
        let mut at = check.section("general");
        GeneralWire {
            name: at.leaf("name", name),
            o365_domain: at.leaf("o365Domain", o365_domain),
            tenant_id: at.given("tenantId", tenant_id),
            company_name: at.leaf("companyName", company_name),
            division: at.leaf("division", division),
            partner_administration_group_id: at.leaf("partnerAdministrationGroupId", partner_administration_group_id),
            tenant_administration_group_id: at.leaf("tenantAdministrationGroupId", tenant_administration_group_id),
            crm_id: at.leaf("crmId", crm_id),
            billing_address: billing_address.as_ref().map(|address| address.to_wire(check)).unwrap_or_default(),
        }
    }
}

impl BillingAddressSpec {
    fn to_wire(&self, check: &mut Check) -> BillingAddressWire {
        let Self { street1, street2, zip_code, city, country } = self;
        let mut at = check.section("general.billingAddress");
        BillingAddressWire {
            street1: at.leaf("street1", street1),
            street2: at.leaf("street2", street2),
            zip_code: at.leaf("zipCode", zip_code),
            city: at.leaf("city", city),
            country: at.leaf("country", country),
        }
    }
}

impl From<&GeneralWire> for GeneralSpec {
    fn from(wire: &GeneralWire) -> Self {
        let GeneralWire {
            name,
            o365_domain,
            tenant_id,
            company_name,
            division,
            partner_administration_group_id,
            tenant_administration_group_id,
            crm_id,
            billing_address: BillingAddressWire { street1, street2, zip_code, city, country },
        } = wire;
        Self {
            name: spec_leaf(name),
            o365_domain: spec_leaf(o365_domain),
            tenant_id: spec_leaf(tenant_id).unwrap_or_default(),
            company_name: spec_leaf(company_name),
            division: spec_leaf(division),
            partner_administration_group_id: spec_leaf(partner_administration_group_id),
            tenant_administration_group_id: spec_leaf(tenant_administration_group_id),
            crm_id: spec_leaf(crm_id),
            billing_address: Some(BillingAddressSpec {
                street1: spec_leaf(street1),
                street2: spec_leaf(street2),
                zip_code: spec_leaf(zip_code),
                city: spec_leaf(city),
                country: spec_leaf(country),
            }),
        }
    }
}

/// The examples of [`LEAVES`] in the platform's words, by hand.
#[cfg(test)]
pub(in crate::settings) fn golden() -> serde_json::Value {
    serde_json::json!({ "general": {
        "name": "Contoso",
        "o365Domain": "contoso.onmicrosoft.com",
        "tenantId": "6f1b2a9c-0d3e-4f5a-8b7c-9d0e1f2a3b4c",
        "companyName": "Contoso AG",
        "division": "Customer Care",
        "partnerAdministrationGroupId": "11111111-0d3e-4f5a-8b7c-9d0e1f2a3b4c",
        "tenantAdministrationGroupId": "22222222-0d3e-4f5a-8b7c-9d0e1f2a3b4c",
        "crmId": "C-1042",
        "billingAddress": {
            "street1": "Bahnhofstrasse 1",
            "street2": "3rd floor",
            "zipCode": "08001",
            "city": "Zürich",
            "country": "CH"
        }
    } })
}
