//! A fixture rejects misspelled fields: if they were dropped silently, the test would test nothing.

use serde_json::json;

use crate::support::stage::{Stage, refused};

#[tokio::test(flavor = "multi_thread")]
async fn fixture_rejects_unknown_fields() {
    let stage = Stage::new("strict").await;
    let misspelt = || json!({ "general": { "companyNam": "Contoso AG" } });
    let words = ["strict decoding error", "spec.general.companyNam"];
    refused(stage.try_create(stage.manifest(misspelt())).await, 400, &words).unwrap();
    stage.create(json!({})).await;
    refused(stage.try_patch(json!({ "spec": misspelt() })).await, 422, &words).unwrap();
}
