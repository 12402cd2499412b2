//! The list of all tenants with their versions, page by page. A list that does not end, or says two things of one tenant, proves
//! nothing.

use std::collections::{HashMap, HashSet};

use super::marks::{Listing, Mark, mark};
use crate::admin_api::types::TenantItem;
use crate::admin_api::{ApiError, Client};
use crate::resources::Stamp;
use crate::settings::TenantId;

/// Pages of one list: at 500 tenants each more than a platform holds.
const PAGES: usize = 1000;

/// Why there is no list.
pub(super) enum NoListing {
    /// The platform refused it, or did not answer.
    Failed(ApiError),
    /// It does not end.
    Endless,
}

/// Reads the whole list.
pub(super) async fn listing(client: &Client, page: u16, cluster_id: &str) -> Result<Listing, NoListing> {
    let (mut marks, mut cursors) = (HashMap::new(), HashSet::new());
    let mut cursor: Option<String> = None;
    for _ in 0..PAGES {
        let read = client.versions(page, cursor.as_deref()).await.map_err(NoListing::Failed)?;
        add(&mut marks, read.items, cluster_id);
        let Some(next) = read.next_cursor.filter(|next| !next.is_empty()) else {
            return Ok(marks.into_iter().filter_map(|(id, mark)| Some((id, mark?))).collect());
        };
        if !cursors.insert(next.clone()) {
            return Err(NoListing::Endless);
        }
        cursor = Some(next);
    }
    Err(NoListing::Endless)
}

/// Adds a page. Whatever is not a tenant with a stamp of ours and both versions is left out, and so is one that is listed twice.
fn add(marks: &mut HashMap<TenantId, Option<Mark>>, items: Vec<TenantItem>, cluster_id: &str) {
    for item in items {
        let stamp = item.owner.as_ref().and_then(|owner| Stamp::parse(owner.as_deref()?));
        let Some(id) = TenantId::parse(&item.id).filter(|_| stamp.is_some_and(|stamp| stamp.cluster == cluster_id))
        else {
            continue;
        };
        let listed = item.versions().as_ref().map(mark);
        marks.entry(id).and_modify(|mark| *mark = None).or_insert(listed);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]
mod tests {
    use serde_json::{from_value, json};

    use super::*;

    #[test]
    fn only_tenants_with_our_stamp_and_both_versions_are_listed_and_none_that_is_listed_twice() {
        let id = |digit: char| format!("{}-0d3e-4f5a-8b7c-9d0e1f2a3b4c", digit.to_string().repeat(8));
        let item = |digit, owner: &str| json!({ "id": id(digit), "settingsVersion": "s", "runtimeVersion": "r", "owner": owner });
        let mut unversioned = item('3', "east/n/t");
        unversioned.as_object_mut().unwrap().remove("runtimeVersion");
        let mut silent = item('4', "");
        silent.as_object_mut().unwrap().remove("owner");
        let mut nameless = item('5', "east/n/t");
        nameless["id"] = json!("../capabilities");
        let items = [
            item('1', "east/n/t"),
            item('2', "west/n/t"),
            unversioned,
            silent,
            nameless,
            item('6', "east/n/t"),
            item('6', "east/n/t"),
        ];
        let mut marks = HashMap::new();
        add(&mut marks, items.into_iter().map(|item| from_value(item).unwrap()).collect(), "east");
        let known: Vec<String> =
            marks.iter().filter(|(_, mark)| mark.is_some()).map(|(id, _)| id.to_string()).collect();
        assert_eq!(vec![id('1')], known);
    }
}
