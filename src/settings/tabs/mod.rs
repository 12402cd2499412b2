//! The tabs of the *Tenant Administration* view and their sections, one file each.

pub mod assistant;
pub mod attendant_console;
pub mod contact;
pub mod contingents;
pub mod data_privacy;
pub mod email;
pub mod external_task;
pub mod general;
pub mod instant_messaging;
pub mod interact;
pub mod licenses;
pub mod outbound;
pub mod partner;
pub mod presence_tracking;
pub mod provisioning;
