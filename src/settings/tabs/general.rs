//! The General tab: names, identity, administration groups and billing address.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::settings::format::{Code, Country, Domain, Guid, Line, Name, PostalCode};
use crate::settings::leaf::{Authority::*, Leaf};
use crate::settings::value::{Clearable, Text};

/// The General tab of the spec.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GeneralSpec {
    /// "Name": name of the tenant in the tenant list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Text<Name>>,
    /// "O365 Domain": first-level or sub-level domain of the tenant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub o365_domain: Option<Text<Domain>>,
    /// "Tenant ID": ID of the tenant in Microsoft Entra. It identifies the tenant on the platform and cannot be
    /// changed.
    #[schemars(extend("x-kubernetes-validations" = tenant_id_rules()))]
    pub tenant_id: Text<Guid>,
    /// "Company Name": company that the tenant belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub company_name: Option<Clearable<Line>>,
    /// Division of the company.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub division: Option<Clearable<Line>>,
    /// "Partner Administration Security Group (GUID)": object ID of the security group whose members administer the
    /// tenants of the partner. The group is in the Entra tenant of the partner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partner_administration_group_id: Option<Clearable<Guid>>,
    /// "Tenant Administration Security Group (GUID)": object ID of the security group whose members administer this
    /// tenant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant_administration_group_id: Option<Clearable<Guid>>,
    /// "CRM ID": ID of the tenant in the Customer Relationship Management (CRM) tool.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crm_id: Option<Clearable<Code>>,
    /// "Billing Address": where the invoice for this tenant is sent. It does not determine where data is stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub billing_address: Option<BillingAddressSpec>,
}

/// Where the invoice for this tenant is sent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BillingAddressSpec {
    /// "Street Address 1".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub street1: Option<Clearable<Line>>,
    /// "Street Address 2".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub street2: Option<Clearable<Line>>,
    /// "Zip Code": free text, since postal codes may contain letters and leading zeros.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zip_code: Option<Clearable<PostalCode>>,
    /// "City".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub city: Option<Clearable<Line>>,
    /// "Country": ISO 3166-1 alpha-2 code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<Clearable<Country>>,
}

/// The name in the tenant list.
pub const NAME: &Leaf = &Leaf::value::<Text<Name>>("general.name", Partner)
    .to_create()
    .example("Contoso")
    .manual("Name as displayed in the tenant list");
/// The identity of the tenant.
pub const TENANT_ID: &Leaf = &Leaf::value::<Text<Guid>>("general.tenantId", Partner)
    .example("6f1b2a9c-0d3e-4f5a-8b7c-9d0e1f2a3b4c")
    .manual("The tenant ID of the group as defined in Microsoft Azure Portal.");
/// The security group that administers the tenants of the partner.
pub const PARTNER_GROUP: &Leaf = &Leaf::value::<Clearable<Guid>>("general.partnerAdministrationGroupId", System)
    .example("11111111-0d3e-4f5a-8b7c-9d0e1f2a3b4c")
    .manual("In most scenarios this group will usually have access to some tenants under that partner domain.");
/// The security group that administers the tenant.
pub const TENANT_GROUP: &Leaf = &Leaf::value::<Clearable<Guid>>("general.tenantAdministrationGroupId", Partner)
    .example("22222222-0d3e-4f5a-8b7c-9d0e1f2a3b4c")
    .manual("In most scenarios this group will usually have access to one tenants under that partner domain.");

pub(in crate::settings) const LEAVES: &[&Leaf] = &[
    NAME,
    &Leaf::value::<Text<Domain>>("general.o365Domain", Partner)
        .to_create()
        .example("contoso.onmicrosoft.com")
        .manual("The first or sub-level domain that the tenant is under."),
    TENANT_ID,
    &Leaf::value::<Clearable<Line>>("general.companyName", NonTechnical)
        .example("Contoso AG")
        .manual("Clear name field for the Company behind that tenant."),
    &Leaf::value::<Clearable<Line>>("general.division", NonTechnical)
        .example("Customer Care")
        .manual("single tenant admin permissions may restrict you to only edit non-technical information such as: Company Name / Division"),
    PARTNER_GROUP,
    TENANT_GROUP,
    &Leaf::value::<Clearable<Code>>("general.crmId", Partner)
        .example("C-1042")
        .manual("ID for your Customer Relationship Management tool."),
    &Leaf::value::<Clearable<Line>>("general.billingAddress.street1", NonTechnical)
        .example("Bahnhofstrasse 1")
        .manual("Address of the partner to which the bill for this tenant should be sent to."),
    &Leaf::value::<Clearable<Line>>("general.billingAddress.street2", NonTechnical)
        .example("3rd floor")
        .manual("Address of the partner to which the bill for this tenant should be sent to."),
    &Leaf::value::<Clearable<PostalCode>>("general.billingAddress.zipCode", NonTechnical)
        .example("08001")
        .manual("Address of the partner to which the bill for this tenant should be sent to."),
    &Leaf::value::<Clearable<Line>>("general.billingAddress.city", NonTechnical)
        .example("Zürich")
        .manual("Address of the partner to which the bill for this tenant should be sent to."),
    &Leaf::value::<Clearable<Country>>("general.billingAddress.country", NonTechnical)
        .example("CH")
        .manual("the country / address is just for billing purposes and does not reflect or change the Nimbus tenant data storage location."),
];

/// `tenantId` is a GUID and stays as it was created; only its capitals may change.
fn tenant_id_rules() -> serde_json::Value {
    use crate::settings::format::{Format, rule};
    serde_json::json!([
        { "rule": rule::<Guid>(), "message": format!("must be {}", Guid::ALLOWED) },
        {
            "rule": "self.lowerAscii() == oldSelf.lowerAscii()",
            "message": "cannot be changed once set: it identifies the tenant; create another Tenant instead",
        },
    ])
}
