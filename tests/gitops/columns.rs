//! Rules 13 and 14: what `kubectl get` selects and shows.

use serde_json::json;

use super::apply;
use crate::support::fixture::{Fixture, NAME};
use crate::support::users::{PLATFORM_ADMIN, TENANT_EDITOR};

#[tokio::test(flavor = "multi_thread")]
async fn rule_13_tenants_are_selectable_by_fields() {
    let fixture = Fixture::new("selectable").await;
    fixture.create(json!({})).await;
    let mut other = fixture.manifest(json!({ "platformRef": { "name": "elsewhere" } }));
    other["metadata"]["name"] = json!("fabrikam");
    other["spec"]["partner"] = json!({ "partnerRef": { "name": "northwind" } });
    other["spec"]["general"]["tenantId"] = json!(uuid::Uuid::new_v4().to_string());
    apply(&fixture, &[], &other).await;

    let select = async |selector: String| {
        let words = ["get", "tenants.nimbus.luware.com", "--field-selector", &selector, "-o", "name"];
        fixture.kubectl(TENANT_EDITOR, &words).await.unwrap()
    };
    let (contoso, fabrikam) = ("tenant.nimbus.luware.com/contoso\n", "tenant.nimbus.luware.com/fabrikam\n");
    assert_eq!(contoso, select(format!("spec.platformRef.name={}", fixture.env.platform)).await);
    assert_eq!(fabrikam, select("spec.platformRef.name=elsewhere".into()).await);
    assert_eq!(fabrikam, select(format!("spec.platformRef.name!={}", fixture.env.platform)).await);
    assert_eq!(contoso, select(format!("spec.general.tenantId={}", fixture.id)).await);
    assert_eq!(fabrikam, select("spec.partner.partnerRef.name=northwind".into()).await);
    assert_eq!("", select("spec.platformRef.name=nowhere".into()).await);
    fixture.patch(json!({ "spec": { "suspend": true, "deletionPolicy": "Delete" } })).await;
    assert_eq!(contoso, select("spec.suspend=true".into()).await);
    assert_eq!(contoso, select("spec.deletionPolicy=Delete".into()).await);
    assert_eq!("", select("status.provisioningScript.pending=true".into()).await);
    assert_eq!("", select("status.platformTenant.partner=northwind".into()).await);
}

/// The cells of the one row of a table, under their headers.
fn cells(table: &str) -> Vec<(String, String)> {
    let lines: Vec<&str> = table.lines().collect();
    let [header, row] = lines.as_slice() else { panic!("not one row: {table}") };
    // Headers are separated by at least three spaces; a column ends where the next begins.
    let gap = regex::Regex::new("   +").unwrap();
    let mut starts: Vec<usize> = vec![0];
    starts.extend(gap.find_iter(header.trim_end()).map(|gap| gap.end()));
    let ends = starts.iter().skip(1).copied().chain([usize::MAX]);
    let cut = |line: &str, start: usize, end: usize| {
        line.get(start..end.min(line.len())).unwrap_or_default().trim().to_owned()
    };
    starts.iter().zip(ends).map(|(start, end)| (cut(header, *start, end), cut(row, *start, end))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_14_columns_are_filled_once_ready() {
    let fixture = Fixture::new("columns").await;
    fixture.create(json!({})).await;
    let get = ["get", "tenants.nimbus.luware.com"];
    let unseen = cells(&fixture.kubectl(TENANT_EDITOR, &get).await.unwrap());
    let headers: Vec<&str> = unseen.iter().map(|(header, _)| header.as_str()).collect();
    assert_eq!(["NAME", "PLATFORM", "STATE", "READY", "REASON", "AGE"], *headers);

    let _operator = fixture.start();
    fixture.ready().await;
    let narrow = cells(&fixture.kubectl(TENANT_EDITOR, &get).await.unwrap());
    let values: Vec<&str> = narrow.iter().map(|(_, value)| value.as_str()).collect();
    assert_eq!([NAME, &fixture.env.platform, "Trial", "True", "Succeeded"], values[..5]);
    assert!(values[5].ends_with('s'), "{values:?}");

    let wide = async || cells(&fixture.kubectl(TENANT_EDITOR, &[&get[..], &["-o", "wide"]].concat()).await.unwrap());
    let seen = wide().await;
    let headers: Vec<&str> = seen.iter().map(|(header, _)| header.as_str()).collect();
    let extra = ["DISPLAY NAME", "PARTNER", "SYNCED", "SUSPENDED", "SCRIPT", "OVERUSE", "MESSAGE"];
    assert_eq!([&["NAME", "PLATFORM", "STATE", "READY", "REASON"], &extra[..], &["AGE"]].concat(), headers);
    // No partner is assigned and suspend is not set; every other cell is filled.
    let empty: Vec<&str> = seen.iter().filter(|(_, cell)| cell.is_empty()).map(|(header, _)| header.as_str()).collect();
    assert_eq!(["PARTNER", "SUSPENDED"], *empty);

    // The name of the Partner in Kubernetes: `northwind`, its ID on the platform, is not what `kubectl get partners` lists.
    let partner = fixture.partner(json!({})).await;
    fixture.patch(json!({ "spec": { "partner": { "partnerRef": { "name": partner } } } })).await;
    fixture.ready().await;
    let values: Vec<String> = wide().await.into_iter().map(|(_, value)| value).collect();
    let message = "All managed settings are applied";
    assert_eq!(["Contoso", &partner, "True", "", "False", "False", message], values[5..12]);

    fixture.patch(json!({ "spec": { "suspend": true } })).await;
    fixture.condition("Synced", "Unknown", "ReconciliationSuspended").await;
    let values: Vec<String> = wide().await.into_iter().map(|(_, value)| value).collect();
    assert_eq!(["Trial", "True", "Unknown", "true"], [2, 3, 7, 8].map(|column| values[column].as_str()));

    // The short name, since `tenants` alone may belong to another API; and the category, which contains all our kinds.
    let short = fixture.kubectl(TENANT_EDITOR, &["get", "nten", "-o", "name"]).await.unwrap();
    assert_eq!("tenant.nimbus.luware.com/contoso\n", short);
    let category = fixture.kubectl(PLATFORM_ADMIN, &["get", "nimbus", "-o", "name"]).await.unwrap();
    for name in ["tenant.nimbus.luware.com/contoso", &format!("platform.nimbus.luware.com/{}", fixture.env.platform)] {
        assert!(category.lines().any(|line| line == name), "{name} is not in {category}");
    }
}
