//! The change feed. Its numbers are the versions of the tenants.
use super::store::Work;

/// Writes an entry of the change feed and returns its number.
pub(crate) async fn record_change(work: &mut Work, tenant: &str, partner: Option<&str>) -> Result<i64, sqlx::Error> {
    let sql = "INSERT INTO changes (tenant, partner, at) VALUES (?, ?, ?) RETURNING seq";
    let at = work.now.as_second();
    sqlx::query_scalar(sql).bind(tenant).bind(partner).bind(at).fetch_one(&mut *work.tx).await
}
