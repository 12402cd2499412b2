//! The behaviours of the manual that must be real: one module for each of the twenty, in the order of `docs/behaviours.md`.
//!
//! Each test covers the whole path: YAML → operator → platform → effect in the simulation of the platform → status. Tests
//! of settings that the operator only passes on, without deciding or showing anything, are in a module `platform_only`;
//! their expected table is taken from the lines of the manual that the test quotes.

mod advice;
mod b01_save_is_one_transaction;
mod b02_hidden_values_are_kept;
mod b03_interact_needs_a_connection_string;
mod b04_check_of_a_connection_string;
mod b05_widget_key;
mod b06_security_groups;
mod b07_presence;
mod b08_graph_filter;
mod b09_default_organization_unit;
mod b10_limits;
mod b11_retention;
mod b12_partner_visibility;
mod b13_tenant_state;
mod b14_provisioning_script;
mod b15_deletion;
mod b16_authority;
mod b17_provisioning_via_teams;
mod b18_instant_messaging;
mod b19_not_yet_licensed;
mod b20_attendant_console;
mod fixture;
mod platform_state;
mod reasons;
