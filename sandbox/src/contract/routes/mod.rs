//! Every route of the platform.
//!
//! The router, the OpenAPI document and the faults use this list.
use super::route::Route;

mod admin;
mod behaviours;
mod microsoft;
mod planting;
mod world;

pub(crate) fn routes() -> impl Iterator<Item = &'static Route> {
    admin::ROUTES.iter().chain(world::ROUTES).chain(behaviours::ROUTES).chain(planting::ROUTES).chain(microsoft::ROUTES)
}
