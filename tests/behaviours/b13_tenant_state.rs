//! Behaviour 13. Tenant state and licences are read from the platform.
