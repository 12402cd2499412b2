//! The parts of a tenant that are stored apart from it: services, licenses of users, secrets, normalisers.
use std::collections::BTreeMap;

use super::merge::Normaliser;
use super::problem::Failure;
use super::runtime::Service;
use super::store::Work;

/// Returns the services of a tenant.
pub(crate) async fn services(work: &mut Work, tenant: &str) -> Result<Vec<Service>, Failure> {
    let sql = "SELECT id, license, features, technical, pushed, removed FROM services WHERE tenant = ? ORDER BY id";
    let rows: Vec<(String, String, String, String, Option<String>, bool)> =
        sqlx::query_as(sql).bind(tenant).fetch_all(&mut *work.tx).await?;
    let service = |(id, license, features, technical, pushed, removed): (_, _, String, String, Option<String>, _)| {
        Ok(Service {
            id,
            license,
            features: serde_json::from_str(&features)?,
            technical: serde_json::from_str(&technical)?,
            pushed: pushed.as_deref().map(serde_json::from_str).transpose()?,
            removed,
        })
    };
    rows.into_iter().map(service).collect()
}

/// Counts the licenses of users by kind.
pub(super) async fn users(work: &mut Work, tenant: &str) -> Result<BTreeMap<String, i64>, Failure> {
    let sql = "SELECT kind, COUNT(*) FROM user_licenses WHERE tenant = ? GROUP BY kind";
    let rows: Vec<(String, i64)> = sqlx::query_as(sql).bind(tenant).fetch_all(&mut *work.tx).await?;
    Ok(rows.into_iter().collect())
}

/// Returns the stored values of the sealed leaves of a tenant.
pub(crate) async fn secrets(work: &mut Work, tenant: &str) -> Result<BTreeMap<String, String>, Failure> {
    let sql = "SELECT pointer, value FROM secrets WHERE tenant = ?";
    let rows: Vec<(String, String)> = sqlx::query_as(sql).bind(tenant).fetch_all(&mut *work.tx).await?;
    Ok(rows.into_iter().collect())
}

/// Stores new values of sealed leaves.
pub(crate) async fn keep_secrets(work: &mut Work, tenant: &str, secrets: &[(String, String)]) -> Result<(), Failure> {
    for (pointer, value) in secrets {
        let sql = "INSERT OR REPLACE INTO secrets VALUES (?, ?, ?)";
        sqlx::query(sql).bind(tenant).bind(pointer).bind(value).execute(&mut *work.tx).await?;
    }
    Ok(())
}

/// Returns how the platform changes values that it accepts, by pointer.
pub(crate) async fn normalisers(work: &mut Work, tenant: &str) -> Result<BTreeMap<String, Normaliser>, Failure> {
    let sql = "SELECT pointer, mode FROM normalisers WHERE tenant = ?";
    let rows: Vec<(String, String)> = sqlx::query_as(sql).bind(tenant).fetch_all(&mut *work.tx).await?;
    let mode = |mode: &str| {
        if mode == "upper" { Normaliser::Upper } else { Normaliser::Ignore }
    };
    Ok(rows.into_iter().map(|(pointer, text)| (pointer, mode(&text))).collect())
}
