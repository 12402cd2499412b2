//! Dashboards: metrics that exist, and panels that a reader understands.

use std::collections::BTreeSet;

use serde_json::Value;

use super::alerts::vocabulary;
use super::{files, folder};

fn dashboards() -> Vec<(String, Value)> {
    let read = |path: &std::path::PathBuf| {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        (name, serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap())
    };
    files(&folder("dashboards"), "json").iter().map(read).collect()
}

fn list<'v>(value: &'v Value, name: &str) -> &'v [Value] {
    value[name].as_array().unwrap_or_else(|| panic!("no {name} in {value}"))
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap_or_else(|| panic!("no {name} in {value}"))
}

/// The panels without rows.
fn panels(dashboard: &Value) -> impl Iterator<Item = &Value> {
    list(dashboard, "panels").iter().filter(|panel| panel["type"] != "row")
}

#[test]
fn dashboards_use_metrics_labels_and_variables_that_exist() {
    let vocabulary = vocabulary();
    for (name, dashboard) in dashboards() {
        let variables: BTreeSet<&str> =
            list(&dashboard["templating"], "list").iter().map(|variable| text(variable, "name")).collect();
        let check = |expression: &str| {
            for used in expression.split('$').skip(1) {
                let used = used.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).next().unwrap();
                assert!(used == "__rate_interval" || variables.contains(used), "{name} has no variable {used}");
            }
            vocabulary.check(expression)
        };
        for panel in panels(&dashboard) {
            for target in list(panel, "targets") {
                let labels = check(text(target, "expr"));
                for shown in text(target, "legendFormat").split("{{").skip(1) {
                    let label = shown.split("}}").next().unwrap();
                    assert!(labels.contains(label), "{name}: {}: no label {label}", panel["title"]);
                }
            }
        }
        for variable in list(&dashboard["templating"], "list").iter().filter(|variable| variable["type"] == "query") {
            let query = text(variable, "definition");
            assert_eq!(query, text(&variable["query"], "query"), "{name}");
            let asked = query.strip_prefix("label_values(").and_then(|rest| rest.strip_suffix(')')).unwrap();
            let (expression, label) = asked.rsplit_once(", ").unwrap();
            assert!(check(expression).contains(label), "{name}: {query}");
        }
    }
}

#[test]
fn dashboards_have_a_fixed_uid_and_choose_the_data_source() {
    for (name, dashboard) in dashboards() {
        assert_eq!(format!("nimbus-{name}"), text(&dashboard, "uid"));
        assert!(dashboard.get("id").is_none(), "{name}: an id belongs to one Grafana");
        let variables = list(&dashboard["templating"], "list");
        let (first, query) = (&variables[0], &variables[1]);
        assert_eq!(("datasource", "datasource"), (text(first, "name"), text(first, "type")), "{name}");
        assert_eq!("namespace", text(query, "name"), "{name}");
        for panel in panels(&dashboard) {
            let sources = list(panel, "targets").iter().chain([panel]).map(|value| &value["datasource"]["uid"]);
            assert!(sources.clone().all(|uid| uid == "${datasource}"), "{name}: {}", panel["title"]);
        }
    }
}

#[test]
fn panels_have_a_title_a_description_and_a_unit() {
    for (name, dashboard) in dashboards() {
        let titles: BTreeSet<&str> = list(&dashboard, "panels").iter().map(|panel| text(panel, "title")).collect();
        assert_eq!(titles.len(), list(&dashboard, "panels").len(), "{name}: a title twice");
        for panel in panels(&dashboard) {
            let title = text(panel, "title");
            assert!(text(panel, "description").ends_with('.'), "{name}: {title}");
            assert!(!text(&panel["fieldConfig"]["defaults"], "unit").is_empty(), "{name}: {title}");
            let letters: BTreeSet<&str> = list(panel, "targets").iter().map(|target| text(target, "refId")).collect();
            assert_eq!(letters.len(), list(panel, "targets").len(), "{name}: {title}");
        }
    }
}

#[test]
fn panels_have_ids_of_their_own_and_do_not_overlap() {
    for (name, dashboard) in dashboards() {
        let (mut ids, mut taken) = (BTreeSet::new(), BTreeSet::new());
        for panel in list(&dashboard, "panels") {
            assert!(ids.insert(panel["id"].as_u64().unwrap()), "{name}: id {}", panel["id"]);
            let [x, y, w, h] = ["x", "y", "w", "h"].map(|side| panel["gridPos"][side].as_u64().unwrap());
            assert!(w > 0 && h > 0 && x + w <= 24, "{name}: {}", panel["title"]);
            for cell in (x..x + w).flat_map(|x| (y..y + h).map(move |y| (x, y))) {
                assert!(taken.insert(cell), "{name}: {} lies on another panel", panel["title"]);
            }
        }
    }
}
