//! The tables of Microsoft's services.

/// Created when the database is opened, with the apps of Nimbus.
pub(crate) const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS ms_tenants (
    id TEXT PRIMARY KEY, domains TEXT NOT NULL, lag INTEGER NOT NULL, identity_units INTEGER NOT NULL,
    presence_requests INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS ms_apps (id TEXT PRIMARY KEY, name TEXT NOT NULL, secret TEXT, keys TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS ms_consents (
    tenant TEXT NOT NULL, app TEXT NOT NULL, PRIMARY KEY (tenant, app)) STRICT;
CREATE TABLE IF NOT EXISTS ms_grants (
    tenant TEXT NOT NULL, app TEXT NOT NULL, resource TEXT NOT NULL, role TEXT NOT NULL, since INTEGER NOT NULL,
    until INTEGER, PRIMARY KEY (tenant, app, resource, role)) STRICT;
CREATE TABLE IF NOT EXISTS ms_tokens (
    hash TEXT PRIMARY KEY, app TEXT NOT NULL, tenant TEXT NOT NULL, expires_at INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS ms_groups (
    tenant TEXT NOT NULL, id TEXT NOT NULL, document TEXT NOT NULL, members TEXT NOT NULL, since INTEGER NOT NULL,
    PRIMARY KEY (tenant, id)) STRICT;
CREATE TABLE IF NOT EXISTS ms_users (
    tenant TEXT NOT NULL, id TEXT NOT NULL, upn TEXT NOT NULL COLLATE NOCASE, document TEXT NOT NULL,
    presence TEXT NOT NULL, since INTEGER NOT NULL, PRIMARY KEY (tenant, id), UNIQUE (tenant, upn)) STRICT;
CREATE TABLE IF NOT EXISTS acs_resources (
    name TEXT PRIMARY KEY, resource_id TEXT NOT NULL, keys TEXT NOT NULL, permitted INTEGER NOT NULL,
    created INTEGER NOT NULL, deleted INTEGER NOT NULL, issued INTEGER NOT NULL, revoked INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS acs_identities (id TEXT PRIMARY KEY, resource TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS ms_log (seq INTEGER PRIMARY KEY AUTOINCREMENT, entry TEXT NOT NULL) STRICT;
INSERT OR IGNORE INTO ms_apps VALUES
    ('0b2d7a51-6a3e-4a0e-9c5e-1f5c8b6d7e01', 'Nimbus App', 'nimbus-app-secret', '[]'),
    ('0b2d7a51-6a3e-4a0e-9c5e-1f5c8b6d7e02', 'Nimbus Interact App', NULL, '[]'),
    ('0b2d7a51-6a3e-4a0e-9c5e-1f5c8b6d7e03', 'Nimbus Graph Chat App', NULL, '[]');
";
