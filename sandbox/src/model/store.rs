//! The database: SQLite in a file or in memory, and one transaction per request.
//!
//! There is one connection, so that requests run one after the other and the log has the order of their effects.
use std::path::PathBuf;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Sqlite, SqlitePool, Transaction};

use super::trace::Trace;

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
                .filename(path)
                .create_if_missing(true)
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
