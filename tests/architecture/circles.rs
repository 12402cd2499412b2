//! Files that use each other in circles cannot be read one after the other, nor changed alone.

use std::collections::{BTreeMap, BTreeSet};

use super::source::{Name, Package};

type Graph<'p> = BTreeMap<&'p str, BTreeSet<&'p str>>;

/// The circles of the files of each module. A facade declares, exports and calls what is below it, so its own uses
/// downwards do not count; an item that it exports counts where it is declared.
pub fn of_files(package: &Package) -> BTreeMap<String, Vec<String>> {
    let mut rooms: BTreeMap<&str, Vec<&Name>> = BTreeMap::new();
    for name in package.0.keys().filter(|name| !name.is_empty()) {
        rooms.entry(&name[0]).or_default().push(name);
    }
    let rooms = rooms.into_iter().map(|(room, names)| {
        let uses = |from: &&Name| {
            let others = package.neighbours(from).into_iter();
            others.filter(|to| to.first() == from.first() && !to.starts_with(from)).map(|to| to.join("/")).collect()
        };
        let graph: BTreeMap<String, BTreeSet<String>> = names.iter().map(|name| (name.join("/"), uses(name))).collect();
        (room.to_owned(), circles(&graph))
    });
    rooms.collect()
}

/// The circles of the modules of a package.
pub fn of_rooms(package: &Package) -> Vec<String> {
    let mut graph: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for name in package.0.keys().filter(|name| !name.is_empty()) {
        let others = package.neighbours(name).into_iter().filter_map(|other| other.first());
        let others = others.filter(|other| **other != name[0]).cloned();
        graph.entry(name[0].clone()).or_default().extend(others);
    }
    circles(&graph)
}

/// Groups of nodes that reach each other, as `a ↔ b ↔ c`.
fn circles(graph: &BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    let graph: Graph<'_> =
        graph.iter().map(|(from, to)| (from.as_str(), to.iter().map(String::as_str).collect())).collect();
    let reached: Graph<'_> = graph.keys().map(|from| (*from, reach(&graph, from))).collect();
    let mutual = |a: &str, b: &str| reached[a].contains(b) && reached[b].contains(a);
    let groups: BTreeSet<Vec<&str>> = graph
        .keys()
        .map(|node| graph.keys().copied().filter(|other| other == node || mutual(node, other)).collect())
        .filter(|group: &Vec<&str>| group.len() > 1)
        .collect();
    groups.into_iter().map(|group| group.join(" ↔ ")).collect()
}

fn reach<'p>(graph: &Graph<'p>, from: &str) -> BTreeSet<&'p str> {
    let (mut reached, mut open) = (BTreeSet::new(), vec![from]);
    while let Some(node) = open.pop() {
        for next in graph.get(node).into_iter().flatten().copied() {
            if graph.contains_key(next) && reached.insert(next) {
                open.push(next);
            }
        }
    }
    reached
}
