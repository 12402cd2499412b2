//! The modules of `src/` and `sandbox/src/`, checked on the sources: allowed dependencies, purity, length of files, and
//! circles. `src/lib.rs` and `sandbox/src/lib.rs` document the modules. The compiler ensures that the reference platform
//! shares nothing with the operator: it is a package of its own.

mod circles;
mod paths;
mod source;

use std::collections::BTreeSet;
use std::path::Path;

use paths::CRATE;
use source::{Module, Name, Package};

type Arrows = &'static [(&'static str, &'static [&'static str])];

/// Each module of the operator and the other modules that it may use.
const ARROWS: Arrows = &[
    ("text", &[]),
    ("settings", &["text"]),
    ("resources", &["settings", "text"]),
    ("manifests", &["resources", "settings", "telemetry", "text"]),
    ("admin_api", &["settings", "http", "lease", "telemetry", "text"]),
    ("microsoft", &["settings", "http", "lease", "telemetry", "text"]),
    ("http", &["text"]),
    ("lease", &[]),
    ("plan", &["resources", "settings", "admin_api", "text"]),
    ("cluster", &["http", "lease", "telemetry", "text"]),
    (
        "controller",
        &[
            "cluster",
            "settings",
            "resources",
            "manifests",
            "plan",
            "admin_api",
            "microsoft",
            "lease",
            "telemetry",
            "text",
        ],
    ),
    (
        "cli",
        &[
            "cluster",
            "settings",
            "resources",
            "manifests",
            "plan",
            "admin_api",
            "lease",
            "telemetry",
            "controller",
            "text",
        ],
    ),
    ("telemetry", &["text"]),
];

/// The same for the reference platform.
const SANDBOX_ARROWS: Arrows = &[
    ("model", &[]),
    ("http", &["model"]),
    ("microsoft", &["http", "model"]),
    ("world", &["microsoft", "http", "model"]),
    ("api", &["world", "http", "model"]),
    ("contract", &["api", "world", "microsoft", "http", "model"]),
    ("server", &["contract", "api", "world", "microsoft", "http", "model"]),
    ("tls", &[]),
];

/// The modules that decide, and what would make them depend on time or on I/O.
const PURE: [&str; 5] = ["text", "settings", "resources", "manifests", "plan"];
const IMPURE: [&[&str]; 10] = [
    &["tokio"],
    &["reqwest"],
    &["std", "fs"],
    &["std", "env"],
    &["std", "net"],
    &["Instant", "now"],
    &["SystemTime", "now"],
    &["Timestamp", "now"],
    &["Zoned", "now"],
    &["kube", "Client"],
];

/// What `plan` may not use of the admin API: it uses only its data.
const CLIENT: [&str; 3] = ["Client", "ClientConfig", "Write"];

const LONGEST_FILE: usize = 400;

fn operator() -> Package {
    Package::read("src")
}

fn sandbox() -> Package {
    Package::read("sandbox/src")
}

/// The forbidden dependencies of the modules of a package.
fn broken_arrows(package: &Package, arrows: Arrows) -> Vec<String> {
    let rooms = package.0.keys().filter(|name| !is_top(name));
    rooms.flat_map(|name| broken_arrows_of(package, name, arrows)).collect()
}

fn broken_arrows_of(package: &Package, name: &Name, arrows: Arrows) -> Vec<String> {
    let path = package.0[name].path.display();
    let Some((room, allowed)) = arrows.iter().find(|(room, _)| *room == name[0]) else {
        return vec![format!("{path}: the room '{}' has no arrows yet", name[0])];
    };
    let broken =
        rooms_of(package, name).into_iter().filter(|other| other != room && !allowed.contains(&other.as_str()));
    broken.map(|other| format!("{path}: {room} may not use {other}")).collect()
}

/// The top-level modules that a module refers to. A path that does not resolve counts by its first part.
fn rooms_of(package: &Package, name: &Name) -> BTreeSet<String> {
    let own = package.0[name].used.paths.iter().filter(|path| path[..].first().is_some_and(|first| first == CRATE));
    own.filter_map(|path| path.get(1).cloned()).collect()
}

/// The crate itself and the binaries.
fn is_top(name: &Name) -> bool {
    name.first().is_none_or(|first| first == "main" || first == "bin")
}

fn impurities(module: &Module) -> Vec<String> {
    let named = IMPURE.iter().filter(|impure| {
        let parts: Vec<String> = impure.iter().map(|part| (*part).to_owned()).collect();
        module.used.paths.iter().any(|path| path.windows(parts.len()).any(|part| part == parts))
    });
    let named = named.map(|impure| impure.join("::"));
    let waits = module.used.waits.then(|| "async".to_owned());
    named.chain(waits).map(|what| format!("{}: {what}", module.path.display())).collect()
}

/// Checks that every module has its arrows and uses only allowed modules.
fn check_arrows(package: &Package, arrows: Arrows) {
    let rooms: BTreeSet<&str> = package.0.keys().filter(|name| !is_top(name)).map(|name| name[0].as_str()).collect();
    assert_eq!(arrows.iter().map(|(room, _)| *room).collect::<BTreeSet<_>>(), rooms, "every room has its arrows");
    assert_eq!(Vec::<String>::new(), broken_arrows(package, arrows));
    assert!(package.0.len() > 60, "only {} modules were found", package.0.len());
}

#[test]
fn modules_use_only_allowed_modules() {
    let package = operator();
    check_arrows(&package, ARROWS);

    // The binaries use `cli` only.
    for name in package.0.keys().filter(|name| is_top(name) && !name.is_empty()) {
        assert_eq!(BTreeSet::from(["cli".to_owned()]), rooms_of(&package, name), "{name:?}");
    }
}

#[test]
fn sandbox_modules_use_only_allowed_modules() {
    check_arrows(&sandbox(), SANDBOX_ARROWS);
}

#[test]
fn decision_modules_are_pure() {
    let package = operator();
    let pure = package.0.iter().filter(|(name, _)| name.first().is_some_and(|room| PURE.contains(&room.as_str())));
    assert_eq!(Vec::<String>::new(), pure.flat_map(|(_, module)| impurities(module)).collect::<Vec<_>>());
}

#[test]
fn plan_uses_api_types_but_not_the_client() {
    let package = operator();
    let knows = package.0.iter().filter(|(name, module)| {
        let client = |path: &Name| {
            path.iter().any(|part| part == "admin_api")
                && path.last().is_some_and(|last| CLIENT.contains(&last.as_str()))
        };
        name.first().is_some_and(|room| room == "plan") && module.used.paths.iter().any(client)
    });
    assert_eq!(Vec::<&Name>::new(), knows.map(|(name, _)| name).collect::<Vec<_>>());
}

#[test]
fn files_have_at_most_400_lines_without_tests() {
    let packages = [operator(), sandbox()];
    let long = packages.iter().flat_map(|package| package.0.values()).filter(|module| module.lines > LONGEST_FILE);
    let long: Vec<_> = long.map(|module| format!("{}: {} lines", module.path.display(), module.lines)).collect();
    assert_eq!(Vec::<String>::new(), long, "split a file by what it holds");
}

/// Prints the circles of each module: `cargo test --test integration circles -- --nocapture`.
#[test]
fn modules_have_no_circles() {
    let mut found = vec![];
    for (title, package) in [("nimbus-operator", operator()), ("nimbus-sandbox", sandbox())] {
        for (room, circles) in circles::of_files(&package) {
            println!(
                "{title} {room}: {}",
                if circles.is_empty() { "no circles".to_owned() } else { circles.join("; ") }
            );
            found.extend(circles);
        }
        let rooms = circles::of_rooms(&package);
        println!("{title}: circles of rooms: {}", if rooms.is_empty() { "none".to_owned() } else { rooms.join("; ") });
        found.extend(rooms);
    }
    assert_eq!(Vec::<String>::new(), found, "move what both need into a file of its own");
}

/// The check itself: each kind of violation is detected.
#[test]
fn violations_are_detected() {
    let package = |files: &[(&str, &str)]| Package::of(files.iter().map(|(path, text)| (Path::new(*path), *text)));
    let rooms = |path: &str, text: &str| {
        let package = package(&[(path, text)]);
        let name = package.0.keys().next().unwrap().clone();
        rooms_of(&package, &name).into_iter().filter(|room| *room != name[0]).collect::<Vec<_>>()
    };
    assert_eq!(["plan"], *rooms("settings/leaf.rs", "use crate::plan::Plan;"));
    assert_eq!(["cli", "plan"], *rooms("settings/leaf.rs", "use crate::{\n    plan::{a, b},\n    cli,\n};"));
    assert_eq!(["controller"], *rooms("plan/apply.rs", "fn f() -> crate::controller::Timing { todo() }"));
    assert_eq!(["controller"], *rooms("plan/apply.rs", "use super::super::controller::Timing;"));
    assert_eq!(["cli"], *rooms("plan/mod.rs", "use super::cli;"));
    assert_eq!(["cli"], *rooms("plan/apply.rs", "fn f() { println!(\"{}\", crate::cli::HELP) }"));
    assert!(rooms("plan/apply.rs", "use super::diff::diff;\n// crate::cli\nuse crate::plan::Stop;").is_empty());
    assert!(rooms("plan/apply.rs", "fn f() {}\n#[cfg(test)]\nmod tests { use crate::cli; }").is_empty());
    assert_eq!(["cli"], *rooms("plan/mod.rs", "#[cfg(test)]\nmod tests;\nuse crate::cli;"));

    let broken = |path: &str, text: &str| broken_arrows(&package(&[(path, text)]), ARROWS);
    assert_eq!(
        ["admin_api/gate.rs: admin_api may not use plan"],
        *broken("admin_api/gate.rs", "use crate::plan::Stop;")
    );
    assert_eq!(["attic/box.rs: the room 'attic' has no arrows yet"], *broken("attic/box.rs", ""));
    let impure = package(&[("plan/apply.rs", "fn f() { let now = jiff::Timestamp::now(); } // Instant::now")]);
    assert_eq!(["plan/apply.rs: Timestamp::now"], *impurities(&impure.0[&["plan".to_owned(), "apply".to_owned()][..]]));
    let waits = package(&[("plan/apply.rs", "async fn f() {}")]);
    assert_eq!(["plan/apply.rs: async"], *impurities(&waits.0[&["plan".to_owned(), "apply".to_owned()][..]]));

    let files = package(&[
        ("merge.rs", "#[cfg(test)]\n#[path = \"merge_tests.rs\"]\nmod tests;\nmod lines;"),
        ("merge_tests.rs", "mod below;"),
        ("merge/lines.rs", "\n\n#[cfg(test)]\nmod tests {\n}\n"),
        ("plan/mod.rs", "#[cfg(test)]\nmod tests;"),
        ("plan/tests.rs", "mod below;"),
        ("plan/tests/below.rs", ""),
    ]);
    let names: Vec<String> = files.0.keys().map(|name| name.join("/")).collect();
    assert_eq!(["merge", "merge/lines", "plan"], *names);
    assert_eq!(2, files.0[&["merge".to_owned(), "lines".to_owned()][..]].lines, "a test module does not count");
}

#[test]
fn circles_are_detected() {
    let circles = |files: &[(&str, &str)]| {
        let package = Package::of(files.iter().map(|(path, text)| (Path::new(*path), *text)));
        (circles::of_files(&package).into_values().flatten().collect::<Vec<_>>(), circles::of_rooms(&package))
    };
    let facade = ("plan/mod.rs", "mod a;\nmod b;\npub use a::A;\npub use b::B;\npub struct Own;\nfn f() { a::f() }");
    let none: (Vec<String>, Vec<String>) = (vec![], vec![]);
    let alone = [facade, ("plan/a.rs", "use super::{B, Own};\npub struct A;"), ("plan/b.rs", "pub struct B;")];
    assert_eq!(none, circles(&alone), "a facade and what is below it");
    let through =
        [facade, ("plan/a.rs", "use super::B;\npub struct A;"), ("plan/b.rs", "use super::A;\npub struct B;")];
    assert_eq!(vec!["plan/a ↔ plan/b".to_owned()], circles(&through).0, "a facade hides no circle");
    let glob = [
        ("plan/mod.rs", "mod a;\nmod b;\npub use a::*;\npub use b::*;"),
        ("plan/a.rs", "use crate::plan::B;\npub struct A;"),
        ("plan/b.rs", "fn f() -> super::A { todo() }\npub struct B;"),
    ];
    assert_eq!(vec!["plan/a ↔ plan/b".to_owned()], circles(&glob).0, "nor behind a glob");
    let rooms = [("plan/mod.rs", "use crate::cli::Run;"), ("cli/mod.rs", "use crate::plan::Plan;")];
    assert_eq!(vec!["cli ↔ plan".to_owned()], circles(&rooms).1);
}
