//! The database: SQLite in a file or in memory, and the transaction in which each request is carried out.
//!
//! There is one connection, so that requests are carried out one after the other and their order in the log is the
//! order of their effects.
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Sqlite, SqlitePool, Transaction};

use crate::Database;
use crate::http::log::Trace;
use crate::microsoft;

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS clients (
    id TEXT PRIMARY KEY, secret TEXT NOT NULL, role TEXT NOT NULL, partner TEXT, tenants TEXT NOT NULL,
    token_lifetime INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS tokens (hash TEXT PRIMARY KEY, client TEXT NOT NULL, expires_at INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS tenants (
    id TEXT PRIMARY KEY, partner TEXT, settings TEXT NOT NULL, settings_version INTEGER NOT NULL,
    runtime TEXT NOT NULL, runtime_version INTEGER NOT NULL, owner TEXT, last_owner TEXT, state TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS tombstones (tenant TEXT PRIMARY KEY, deletion_id TEXT NOT NULL, partner TEXT) STRICT;
CREATE TABLE IF NOT EXISTS secrets (
    tenant TEXT NOT NULL, pointer TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (tenant, pointer)) STRICT;
CREATE TABLE IF NOT EXISTS normalisers (
    tenant TEXT NOT NULL, pointer TEXT NOT NULL, mode TEXT NOT NULL, PRIMARY KEY (tenant, pointer)) STRICT;
CREATE TABLE IF NOT EXISTS services (
    tenant TEXT NOT NULL, id TEXT NOT NULL, licence TEXT NOT NULL, features TEXT NOT NULL, technical TEXT NOT NULL,
    pushed TEXT, removed INTEGER NOT NULL, organization_unit TEXT NOT NULL, owner TEXT, owner_role TEXT,
    assignment TEXT NOT NULL, tab INTEGER NOT NULL, members TEXT NOT NULL, PRIMARY KEY (tenant, id)) STRICT;
CREATE TABLE IF NOT EXISTS organization_units (
    tenant TEXT NOT NULL, id TEXT NOT NULL, parent TEXT NOT NULL, name TEXT NOT NULL, selectable INTEGER NOT NULL,
    PRIMARY KEY (tenant, id)) STRICT;
CREATE TABLE IF NOT EXISTS users (
    tenant TEXT NOT NULL, id TEXT NOT NULL, organization_unit TEXT NOT NULL, display_name TEXT, upn TEXT, design TEXT,
    state TEXT, state_since INTEGER, PRIMARY KEY (tenant, id)) STRICT;
CREATE TABLE IF NOT EXISTS tasks (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, tenant TEXT NOT NULL, service TEXT NOT NULL, kind TEXT NOT NULL,
    running INTEGER NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS tasks_of_services ON tasks (tenant, service, kind, running);
CREATE TABLE IF NOT EXISTS calls (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, tenant TEXT NOT NULL, service TEXT NOT NULL, customer TEXT NOT NULL,
    outcome TEXT NOT NULL, at INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS user_states (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, tenant TEXT NOT NULL, user TEXT NOT NULL, state TEXT NOT NULL,
    began_at INTEGER NOT NULL, ended_at INTEGER) STRICT;
CREATE TABLE IF NOT EXISTS interact_tokens (
    hash TEXT PRIMARY KEY, entra_tenant TEXT NOT NULL, expires_at INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS interact_sessions (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, tenant TEXT NOT NULL, conversation TEXT NOT NULL,
    agent_present INTEGER NOT NULL, customer_left_at INTEGER, superseded INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS user_licences (
    tenant TEXT NOT NULL, user TEXT NOT NULL, kind TEXT NOT NULL, PRIMARY KEY (tenant, user, kind)) STRICT;
CREATE TABLE IF NOT EXISTS trigger_tokens (
    tenant TEXT NOT NULL, action TEXT NOT NULL, token TEXT NOT NULL, PRIMARY KEY (tenant, action, token)) STRICT;
CREATE TABLE IF NOT EXISTS messages (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, tenant TEXT NOT NULL, token TEXT NOT NULL, upn TEXT NOT NULL,
    sender TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS changes (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, tenant TEXT NOT NULL, partner TEXT, at INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS log (seq INTEGER PRIMARY KEY AUTOINCREMENT, entry TEXT NOT NULL) STRICT;
INSERT OR IGNORE INTO facts VALUES
    ('epoch', lower(hex(randomblob(4)))), ('clock_advanced_seconds', '0'), ('auto_run', 'false');
INSERT OR IGNORE INTO clients VALUES
    ('system', 'system-secret', 'system', NULL, '[]', 3600),
    ('partner', 'partner-secret', 'partner', 'northwind', '[]', 3600),
    ('tenant', 'tenant-secret', 'tenant', NULL, '[]', 3600);
";

/// The open database.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    pool: SqlitePool,
}

impl Store {
    /// Opens the database and makes its tables.
    pub(crate) async fn open(database: &Database) -> Result<Self, sqlx::Error> {
        let options = SqliteConnectOptions::new().disable_statement_logging();
        let options = match database {
            Database::Memory => options.in_memory(true),
            Database::File(path) => options
                .filename(path)
                .create_if_missing(true)
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Normal),
        };
        // A database in memory lives as long as its connection, so this one never retires.
        let pool = SqlitePoolOptions::new()
            .max_connections(1)
            .min_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .acquire_timeout(Duration::from_secs(60))
            .test_before_acquire(false)
            .connect_with(options)
            .await?;
        sqlx::raw_sql(SCHEMA).execute(&pool).await?;
        sqlx::raw_sql(microsoft::schema::SCHEMA).execute(&pool).await?;
        Ok(Self { pool })
    }

    /// Begins a transaction.
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

/// Returns by how much the virtual clock is ahead of the real one.
pub(crate) async fn advanced_seconds(tx: &mut Transaction<'static, Sqlite>) -> Result<i64, sqlx::Error> {
    let sql = "SELECT CAST(value AS INTEGER) FROM facts WHERE name = 'clock_advanced_seconds'";
    sqlx::query_scalar(sql).fetch_one(&mut **tx).await
}

/// The transaction of one request, and what the log will say about it.
pub(crate) struct Work {
    pub tx: Transaction<'static, Sqlite>,
    /// The virtual time at which the request is carried out.
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
