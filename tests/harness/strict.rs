//! A fixture rejects misspelled fields: if they were dropped silently, the test would test nothing.

use serde_json::json;

use crate::support::fixture::{Fixture, refused};

#[tokio::test(flavor = "multi_thread")]
async fn fixture_rejects_unknown_fields() {
    let fixture = Fixture::new("strict").await;
    let misspelt = || json!({ "general": { "companyNam": "Contoso AG" } });
    let words = ["strict decoding error", "spec.general.companyNam"];
    refused(fixture.try_create(fixture.manifest(misspelt())).await, 400, &words).unwrap();
    fixture.create(json!({})).await;
    refused(fixture.try_patch(json!({ "spec": misspelt() })).await, 422, &words).unwrap();
}
