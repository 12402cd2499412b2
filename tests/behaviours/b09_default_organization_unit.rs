//! Behaviour 9. The platform moves a default whose unit was deleted; it is reported and not fought with.
