//! The change feed. Its marks are the versions of the tenants.
use super::store::Work;
use super::version;

/// Writes an entry of the change feed and returns its mark.
pub(crate) async fn record_change(work: &mut Work, tenant: &str, partner: Option<&str>) -> Result<String, sqlx::Error> {
    let mark = version::unused();
    let sql = "INSERT INTO changes (mark, tenant, partner, at) VALUES (?, ?, ?, ?)";
    let row = sqlx::query(sql).bind(&mark).bind(tenant).bind(partner).bind(work.now.as_second());
    row.execute(&mut *work.tx).await?;
    Ok(mark)
}
