//! The world around the platform, under `/sandbox`: people, the provisioning script, the clock.
pub(crate) mod calls;
pub(crate) mod clients;
pub(crate) mod interact;
pub(crate) mod licenses;
pub(crate) mod organization;
pub(crate) mod people;
pub(crate) mod provisioning;
pub(crate) mod records;
pub(crate) mod script;
pub(crate) mod search;
pub(crate) mod tasks;
pub(crate) mod tenant;
pub(crate) mod view;
