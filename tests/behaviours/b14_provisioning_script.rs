//! Behaviour 14. The provisioning script: what is pending is read, never assumed.
