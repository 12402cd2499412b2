//! Behaviour 17. Who provisions from Teams, and with which owner role.
