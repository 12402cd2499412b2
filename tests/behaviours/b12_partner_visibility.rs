//! Behaviour 12. What a partner sees of users and customers.
