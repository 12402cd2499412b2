//! The arrows between the rooms of `src/`, read from the sources. The map of them is `src/lib.rs`. That the reference platform in
//! `sandbox/` shares nothing with it is held by the compiler: it is a package of its own.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use regex::Regex;

use crate::support::assets::checkout;

/// Each room and the rooms that it may use besides itself.
const ARROWS: [(&str, &[&str]); 9] = [
    ("settings", &[]),
    ("resources", &["settings"]),
    ("admin_api", &["settings", "http"]),
    ("microsoft", &["settings", "http"]),
    ("http", &[]),
    ("plan", &["resources", "settings", "admin_api"]),
    ("controller", &["settings", "resources", "plan", "admin_api", "microsoft", "telemetry"]),
    ("cli", &["settings", "resources", "plan", "admin_api", "telemetry", "controller"]),
    ("telemetry", &[]),
];

/// The rooms that decide, and what would make them depend on time or on the world.
const PURE: [&str; 3] = ["settings", "resources", "plan"];
const IMPURE: [&str; 12] = [
    "async ",
    ".await",
    "tokio",
    "reqwest",
    "std::fs",
    "std::env",
    "std::net",
    "Instant::now",
    "SystemTime::now",
    "Timestamp::now",
    "Zoned::now",
    "kube::Client",
];

const LONGEST_FILE: usize = 400;

/// The code of one file, without its tests and comments.
#[derive(Clone)]
struct Source {
    path: PathBuf,
    room: String,
    /// How many modules deep the file is below the crate.
    depth: usize,
    code: String,
    lines: usize,
}

fn sources() -> Vec<Source> {
    sources_below("src")
}

fn sources_below(folder: &str) -> Vec<Source> {
    let root = checkout().join(folder);
    let (mut folders, mut files) = (vec![root.clone()], vec![]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            match path.extension() {
                _ if path.is_dir() => folders.push(path),
                Some(extension) if extension == "rs" => files.push(path),
                _ => {}
            }
        }
    }
    files.sort();
    let texts: Vec<(PathBuf, String)> =
        files.into_iter().map(|path| (path.clone(), std::fs::read_to_string(&path).unwrap())).collect();
    let tests: BTreeSet<PathBuf> = texts.iter().flat_map(|(path, text)| test_files(path, text)).collect();
    // A test module may have modules below it.
    let is_test = |path: &Path| tests.iter().any(|test| path == test || path.starts_with(test.with_extension("")));
    let codes = texts.iter().filter(|(path, _)| !is_test(path));
    codes.map(|(path, text)| source(path.strip_prefix(&root).unwrap(), text)).collect()
}

fn source(path: &Path, text: &str) -> Source {
    let names: Vec<_> = path.iter().map(|name| name.to_string_lossy().trim_end_matches(".rs").to_owned()).collect();
    let modules = names.iter().filter(|name| !["mod", "lib", "main"].contains(&name.as_str())).count();
    let code = before_tests(text);
    Source {
        path: path.to_owned(),
        room: names[0].clone(),
        depth: modules,
        lines: code.lines().count(),
        code: code.lines().map(without_comment).collect::<Vec<_>>().join("\n"),
    }
}

/// What stands before the test module of a file, which comes last. One in a file of its own cuts nothing off.
fn before_tests(text: &str) -> &str {
    static INLINE: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"#\[cfg\(test\)\]\s*(?:#\[[^\]]*\]\s*)*mod \w+ \{").unwrap());
    INLINE.find(text).map_or(text, |tests| &text[..tests.start()])
}

/// The files that a file declares as its test modules.
fn test_files(path: &Path, text: &str) -> Vec<PathBuf> {
    static DECLARED: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r#"#\[cfg\(test\)\]\s*(?:#\[path = "([^"]+)"\]\s*)?mod (\w+);"#).unwrap());
    let folder = path.parent().unwrap();
    let own = if path.ends_with("mod.rs") { folder.to_owned() } else { path.with_extension("") };
    let declared = DECLARED.captures_iter(text);
    declared
        .flat_map(|found| match found.get(1) {
            Some(named) => vec![folder.join(named.as_str())],
            None => vec![own.join(format!("{}.rs", &found[2])), folder.join(format!("{}.rs", &found[2]))],
        })
        .collect()
}

/// A line without what follows `//`, unless that is the `//` of a URL.
fn without_comment(line: &str) -> &str {
    let comment = line.match_indices("//").find(|(at, _)| !line[..*at].ends_with(':'));
    comment.map_or(line, |(at, _)| &line[..at])
}

/// The rooms that a file names: by `crate::`, in or outside of `use`, or by climbing out with `super::`.
fn used(source: &Source) -> BTreeSet<String> {
    static PATHS: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"\b(?:crate::|nimbus_operator::|((?:super::)+))(\{[^;]*|\w+)").unwrap());
    let mut rooms = BTreeSet::new();
    for path in PATHS.captures_iter(&source.code) {
        let climbs = path.get(1).map_or(source.depth, |supers| supers.as_str().matches("super::").count());
        if climbs >= source.depth {
            rooms.extend(heads(&path[2]));
        }
    }
    rooms.remove(&source.room);
    rooms
}

/// The first names of `{a::b, c::{d, e}}`, or the one name.
fn heads(path: &str) -> Vec<String> {
    let Some(group) = path.strip_prefix('{') else { return vec![path.to_owned()] };
    let (mut names, mut name, mut depth, mut in_head) = (vec![], String::new(), 0, true);
    for letter in group.chars() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                names.push(std::mem::take(&mut name));
                in_head = true;
            }
            ':' => in_head = in_head && depth > 0,
            letter if in_head && depth == 0 && !letter.is_whitespace() => name.push(letter),
            _ => {}
        }
    }
    names.push(name);
    names.retain(|name| !name.is_empty());
    names
}

/// What a file does against the arrows.
fn broken_arrows(source: &Source) -> Vec<String> {
    let Some((_, allowed)) = ARROWS.iter().find(|(room, _)| *room == source.room) else {
        return vec![format!("{}: the room '{}' has no arrows yet", source.path.display(), source.room)];
    };
    let broken = used(source).into_iter().filter(|room| !allowed.contains(&room.as_str()));
    broken.map(|room| format!("{}: {} may not use {room}", source.path.display(), source.room)).collect()
}

fn impurities(source: &Source) -> Vec<String> {
    let found = IMPURE.iter().filter(|word| source.code.contains(*word));
    found.map(|word| format!("{}: {word}", source.path.display())).collect()
}

#[test]
fn rooms_use_only_the_rooms_that_the_map_allows() {
    let sources = sources();
    let (tops, rooms): (Vec<_>, Vec<_>) = sources.iter().partition(|source| source.path.components().count() == 1);
    assert!(rooms.len() > 60, "only {} sources were found", rooms.len());
    let names: BTreeSet<&str> = rooms.iter().map(|source| source.room.as_str()).collect();
    assert_eq!(ARROWS.iter().map(|(room, _)| *room).collect::<BTreeSet<_>>(), names, "every room has its arrows");

    let broken: Vec<String> = rooms.iter().flat_map(|source| broken_arrows(source)).collect();
    assert_eq!(Vec::<String>::new(), broken);

    // The binaries are a door to `cli` and nothing more.
    for top in tops.iter().filter(|source| !source.path.ends_with("lib.rs")) {
        assert_eq!(BTreeSet::from(["cli".to_owned()]), used(top), "{}", top.path.display());
    }
}

#[test]
fn the_rooms_that_decide_are_pure() {
    let impure: Vec<String> =
        sources().iter().filter(|source| PURE.contains(&source.room.as_str())).flat_map(impurities).collect();
    assert_eq!(Vec::<String>::new(), impure);
}

#[test]
fn the_plan_knows_the_words_of_the_admin_api_and_not_its_client() {
    static CLIENT: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"admin_api::(?:client|gate|token|\{[^;]*\b)?(?:Client|Endpoint|Write)\b").unwrap()
    });
    assert!(CLIENT.is_match("use crate::admin_api::{ApiError, Client};"), "the pattern finds what it is for");
    let sources = sources();
    let plan = sources.iter().filter(|source| source.room == "plan");
    let knows: Vec<_> = plan.filter(|source| CLIENT.is_match(&source.code)).map(|source| &source.path).collect();
    assert_eq!(Vec::<&PathBuf>::new(), knows);
}

#[test]
fn no_file_is_longer_than_400_lines_before_its_tests() {
    let sources = [sources(), sources_below("sandbox/src")].concat();
    let long = sources.iter().filter(|source| source.lines > LONGEST_FILE);
    let long: Vec<_> = long.map(|source| format!("{}: {} lines", source.path.display(), source.lines)).collect();
    assert_eq!(Vec::<String>::new(), long, "split a file by what it holds");
}

/// The reader itself: a mistake of each kind is seen.
#[test]
fn mistakes_are_seen() {
    let rooms = |path: &str, text: &str| used(&source(Path::new(path), text)).into_iter().collect::<Vec<_>>();
    assert_eq!(["plan"], *rooms("settings/leaf.rs", "use crate::plan::Plan;"));
    assert_eq!(["cli", "plan"], *rooms("settings/leaf.rs", "use crate::{\n    plan::{a, b},\n    cli,\n};"));
    assert_eq!(["controller"], *rooms("plan/keep.rs", "fn f() -> crate::controller::Timing { todo() }"));
    assert_eq!(["controller"], *rooms("plan/keep.rs", "use super::super::controller::Timing;"));
    assert_eq!(["cli"], *rooms("plan/mod.rs", "use super::cli;"));
    assert!(rooms("plan/keep.rs", "use super::diff::diff;\n// crate::cli\nuse crate::plan::Stop;").is_empty());
    assert!(rooms("plan/keep.rs", "fn f() {}\n#[cfg(test)]\nmod tests { use crate::cli; }").is_empty());
    assert_eq!(["cli"], *rooms("plan/mod.rs", "#[cfg(test)]\nmod tests;\nuse crate::cli;"));

    let found = |path: &str, text: &str| broken_arrows(&source(Path::new(path), text));
    assert_eq!(
        ["admin_api/gate.rs: admin_api may not use plan"],
        *found("admin_api/gate.rs", "use crate::plan::Stop;")
    );
    assert_eq!(["attic/box.rs: the room 'attic' has no arrows yet"], *found("attic/box.rs", ""));
    let impure = source(Path::new("plan/keep.rs"), "let now = jiff::Timestamp::now(); // Instant::now");
    assert_eq!(["plan/keep.rs: Timestamp::now"], *impurities(&impure));

    let text = "#[cfg(test)]\nmod tests;\n#[cfg(test)]\n#[path = \"merge_tests.rs\"]\nmod tests;";
    let files = test_files(Path::new("sandbox/src/merge.rs"), text);
    assert!(files.contains(&PathBuf::from("sandbox/src/merge_tests.rs")), "{files:?}");
    assert!(files.contains(&PathBuf::from("sandbox/src/merge/tests.rs")), "{files:?}");
}
