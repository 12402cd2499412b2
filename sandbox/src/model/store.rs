//! The database: SQLite in a file or in memory, and one transaction per request.
//!
//! There is one connection, so that requests run one after the other and the log has the order of their effects.
use std::fs::{OpenOptions, Permissions};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Sqlite, SqlitePool, Transaction};

use super::trace::Trace;

/// The mode of the database file.
const PRIVATE: u32 = 0o600;

/// The version of the tables, which moves with each incompatible change.
const VERSION: i64 = 2;
const SET_VERSION: &str = "PRAGMA user_version = 2";

/// Where the platform keeps its state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Database {
    /// In memory; lost when the platform stops.
    Memory,
    /// In this SQLite file, which is created if it is missing. The state survives a restart.
    File(PathBuf),
}

#[derive(Clone, Debug)]
pub(crate) struct Store {
    pool: SqlitePool,
}

impl Store {
    /// Opens the database and creates the tables of these schemas.
    pub(crate) async fn open(database: &Database, schemas: &[&'static str]) -> Result<Self, sqlx::Error> {
        let options = SqliteConnectOptions::new().disable_statement_logging();
        let options = match database {
            Database::Memory => options.in_memory(true),
            Database::File(path) => options
                .filename(private(path)?)
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Normal),
        };
        // A database in memory lives as long as its connection, so the connection is never replaced.
        let pool = SqlitePoolOptions::new()
            .max_connections(1)
            .min_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .acquire_timeout(Duration::from_secs(60))
            .test_before_acquire(false)
            .connect_with(options)
            .await?;
        refuse_other_version(&pool).await?;
        for schema in schemas {
            sqlx::raw_sql(*schema).execute(&pool).await?;
        }
        Ok(Self { pool })
    }

    pub(crate) async fn begin(&self) -> Result<Work, sqlx::Error> {
        let mut tx = self.pool.begin().await?;
        let advanced = advanced_seconds(&mut tx).await?;
        let now = Timestamp::now().saturating_add(SignedDuration::from_secs(advanced));
        let now = now.unwrap_or(Timestamp::MAX);
        Ok(Work { tx, now, trace: Trace::default() })
    }

    /// Closes the database, after which another process may open its file.
    pub(crate) async fn close(&self) {
        self.pool.close().await;
    }
}

/// Returns the path of a file that only its user can read: it holds keys and connection strings. SQLite gives the files beside it
/// the same mode.
fn private(path: &Path) -> Result<&Path, sqlx::Error> {
    let file = OpenOptions::new().create(true).append(true).mode(PRIVATE).open(path)?;
    file.set_permissions(Permissions::from_mode(PRIVATE))?;
    Ok(path)
}

/// Refuses a file whose tables are those of another version, which would fail later and say less.
async fn refuse_other_version(pool: &SqlitePool) -> Result<(), sqlx::Error> {
    let sql = "SELECT COUNT(*) FROM sqlite_master";
    let tables: i64 = sqlx::query_scalar(sql).fetch_one(pool).await?;
    let version: i64 = sqlx::query_scalar("PRAGMA user_version").fetch_one(pool).await?;
    match tables {
        0 => sqlx::raw_sql(SET_VERSION).execute(pool).await.map(drop),
        _ if version == VERSION => Ok(()),
        _ => Err(sqlx::Error::Configuration("the file is of another version of the sandbox; use a new one".into())),
    }
}

/// Returns the number of seconds by which the virtual clock is ahead of the real one.
pub(crate) async fn advanced_seconds(tx: &mut Transaction<'static, Sqlite>) -> Result<i64, sqlx::Error> {
    let sql = "SELECT CAST(value AS INTEGER) FROM facts WHERE name = 'clock_advanced_seconds'";
    sqlx::query_scalar(sql).fetch_one(&mut **tx).await
}

/// The transaction of one request, and what the log will say about it.
pub(crate) struct Work {
    pub tx: Transaction<'static, Sqlite>,
    /// The virtual time of the request.
    pub now: Timestamp,
    pub trace: Trace,
}

impl Work {
    /// Returns a fact about the whole platform.
    pub(crate) async fn fact(&mut self, name: &str) -> Result<String, sqlx::Error> {
        let sql = "SELECT value FROM facts WHERE name = ?";
        sqlx::query_scalar(sql).bind(name).fetch_one(&mut *self.tx).await
    }

    pub(crate) async fn set_fact(&mut self, name: &str, value: &str) -> Result<(), sqlx::Error> {
        let sql = "INSERT OR REPLACE INTO facts VALUES (?, ?)";
        sqlx::query(sql).bind(name).bind(value).execute(&mut *self.tx).await?;
        Ok(())
    }
}
