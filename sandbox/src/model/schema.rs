//! The tables of the admin API and of the world around it.

pub(crate) const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS clients (
    id TEXT PRIMARY KEY, secret TEXT NOT NULL, role TEXT NOT NULL, partner TEXT, tenants TEXT NOT NULL,
    token_lifetime INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS tokens (hash TEXT PRIMARY KEY, client TEXT NOT NULL, expires_at INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS tenants (
    id TEXT PRIMARY KEY, partner TEXT, settings TEXT NOT NULL, settings_version TEXT NOT NULL,
    runtime TEXT NOT NULL, runtime_version TEXT NOT NULL, owner TEXT, last_owner TEXT, last_writer TEXT,
    state TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS tombstones (tenant TEXT PRIMARY KEY, deletion_id TEXT NOT NULL, partner TEXT) STRICT;
CREATE TABLE IF NOT EXISTS secrets (
    tenant TEXT NOT NULL, pointer TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (tenant, pointer)) STRICT;
CREATE TABLE IF NOT EXISTS normalisers (
    tenant TEXT NOT NULL, pointer TEXT NOT NULL, mode TEXT NOT NULL, PRIMARY KEY (tenant, pointer)) STRICT;
CREATE TABLE IF NOT EXISTS services (
    tenant TEXT NOT NULL, id TEXT NOT NULL, license TEXT NOT NULL, features TEXT NOT NULL, technical TEXT NOT NULL,
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
CREATE TABLE IF NOT EXISTS user_licenses (
    tenant TEXT NOT NULL, user TEXT NOT NULL, kind TEXT NOT NULL, PRIMARY KEY (tenant, user, kind)) STRICT;
CREATE TABLE IF NOT EXISTS trigger_tokens (
    tenant TEXT NOT NULL, action TEXT NOT NULL, token TEXT NOT NULL, PRIMARY KEY (tenant, action, token)) STRICT;
CREATE TABLE IF NOT EXISTS messages (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, tenant TEXT NOT NULL, token TEXT NOT NULL, upn TEXT NOT NULL,
    sender TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS changes (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, mark TEXT NOT NULL, tenant TEXT NOT NULL, partner TEXT,
    at INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS log (seq INTEGER PRIMARY KEY AUTOINCREMENT, entry TEXT NOT NULL) STRICT;
INSERT OR IGNORE INTO facts VALUES
    ('platform_id', lower(hex(randomblob(16)))), ('clock_advanced_seconds', '0'), ('auto_run', 'false');
INSERT OR IGNORE INTO clients VALUES
    ('system', 'system-secret', 'system', NULL, '[]', 3600),
    ('partner', 'partner-secret', 'partner', 'northwind', '[]', 3600),
    ('tenant', 'tenant-secret', 'tenant', NULL, '[]', 3600);
";
