//! Triggers: the rotation of the widget key and the test message, each once per token, and the Secret with the published
//! key.

mod adoption;
mod budgets;
mod delivery;
mod message;
mod publication;
mod restored;
mod rotation;
mod secret;
