//! Which files are read: those that are named, and those of a folder that end like manifests. What cannot be read, and a link that
//! leads out of the folder, is a finding, so that nothing is left out silently.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::cli::finding::{Finding, Position, Rule};

/// Where a text comes from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// Standard input.
    Stdin,
    /// A file.
    File(PathBuf),
}

/// Whether folders in a folder are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// Only the files in the folder itself.
    Folder,
    /// Everything below it.
    Tree,
}

/// What was found.
#[derive(Debug, Default)]
pub struct Found {
    /// What to read, in the order of the arguments, sorted within a folder.
    pub sources: Vec<Source>,
    /// What is in the way, with the file or folder that it is about.
    pub findings: Vec<(String, Finding)>,
    seen: BTreeSet<PathBuf>,
}

/// The ends of names that kubectl reads in a folder, too.
const ENDS: [&str; 3] = ["yaml", "yml", "json"];
/// More than etcd holds in one object many times over.
const LONGEST: u64 = 16 << 20;

impl Source {
    /// Its name in messages.
    pub fn name(&self) -> String {
        match self {
            Self::Stdin => "(stdin)".to_owned(),
            Self::File(path) => path.display().to_string(),
        }
    }

    /// The whole text.
    ///
    /// *Errors*: a finding that says why there is none.
    pub fn read(&self) -> Result<String, Finding> {
        let mut bytes = vec![];
        let read = match self {
            Self::Stdin => std::io::stdin().lock().take(LONGEST + 1).read_to_end(&mut bytes),
            Self::File(path) => fs::File::open(path).and_then(|file| file.take(LONGEST + 1).read_to_end(&mut bytes)),
        };
        read.map_err(|error| unreadable(format!("cannot be read: {error}")))?;
        if bytes.len() as u64 > LONGEST {
            return Err(unreadable(format!("is longer than {} MiB", LONGEST >> 20)));
        }
        String::from_utf8(bytes).map_err(|error| {
            let line = error.as_bytes()[..error.utf8_error().valid_up_to()].split(|byte| *byte == b'\n').count();
            let at = Position { line, column: 1 };
            Finding::new(Rule::FileUnreadable, at, "", "is not UTF-8 text").cured_by("save it as UTF-8")
        })
    }
}

fn unreadable(message: String) -> Finding {
    Finding::new(Rule::FileUnreadable, Position::START, "", message)
}

/// Looks up files and folders; `-` is standard input.
pub fn find(arguments: &[PathBuf], depth: Depth) -> Found {
    let mut found = Found::default();
    for argument in arguments {
        if argument == Path::new("-") {
            found.sources.push(Source::Stdin);
        } else if argument.is_dir() {
            match fs::canonicalize(argument) {
                Ok(root) => found.folder(argument, &root, depth),
                Err(error) => found.unreadable(argument, &error),
            }
        } else {
            match fs::canonicalize(argument) {
                Ok(real) => found.file(argument, real),
                Err(error) => found.unreadable(argument, &error),
            }
        }
    }
    found
}

impl Found {
    fn folder(&mut self, folder: &Path, root: &Path, depth: Depth) {
        let entries = fs::read_dir(folder).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let mut entries: Vec<PathBuf> = match entries {
            Ok(entries) => entries.into_iter().map(|entry| entry.path()).collect(),
            Err(error) => return self.unreadable(folder, &error),
        };
        entries.sort();
        for path in entries {
            let Ok(metadata) = fs::symlink_metadata(&path) else { continue };
            if metadata.is_symlink() {
                self.link(&path, root, depth);
            } else if metadata.is_dir() {
                if depth == Depth::Tree {
                    self.folder(&path, root, depth);
                }
            } else if metadata.is_file() && is_manifest(&path) {
                match fs::canonicalize(&path) {
                    Ok(real) => self.file(&path, real),
                    Err(error) => self.unreadable(&path, &error),
                }
            }
        }
    }

    /// A link within the folder is another name of what is read anyway. One that leads out of it would bring in what is not part of
    /// what is checked, and Argo CD refuses the whole application for it.
    fn link(&mut self, path: &Path, root: &Path, depth: Depth) {
        match fs::canonicalize(path) {
            Ok(target) if target.starts_with(root) => {
                if target.is_file() && is_manifest(path) {
                    self.file(path, target);
                }
            }
            Ok(target) if is_manifest(path) || target.is_dir() && depth == Depth::Tree => {
                let message = "is a symbolic link that leads out of the folder, and is not read";
                self.say(
                    path,
                    Finding::new(Rule::FileLink, Position::START, "", message)
                        .cured_by("copy the file, or name its folder with -f"),
                );
            }
            Err(_) if is_manifest(path) => {
                self.say(
                    path,
                    Finding::new(Rule::FileLink, Position::START, "", "is a symbolic link that leads to nothing"),
                );
            }
            Ok(_) | Err(_) => {}
        }
    }

    fn file(&mut self, path: &Path, real: PathBuf) {
        if self.seen.insert(real) {
            self.sources.push(Source::File(path.to_owned()));
        }
    }

    fn unreadable(&mut self, path: &Path, error: &std::io::Error) {
        self.say(path, unreadable(format!("cannot be read: {error}")));
    }

    fn say(&mut self, path: &Path, finding: Finding) {
        self.findings.push((path.display().to_string(), finding));
    }
}

fn is_manifest(path: &Path) -> bool {
    path.extension().and_then(|end| end.to_str()).is_some_and(|end| ENDS.contains(&end))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn names(found: &Found, root: &Path) -> Vec<String> {
        let relative = |source: &Source| source.name().trim_start_matches(root.to_str().unwrap()).to_owned();
        found.sources.iter().map(relative).collect()
    }

    #[test]
    fn a_folder_gives_its_manifests_sorted_and_each_once() {
        let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let root = folder.path();
        fs::create_dir(root.join("sub")).unwrap();
        for name in ["b.yaml", "a.yml", "c.json", "notes.md", "sub/d.yaml"] {
            fs::write(root.join(name), "").unwrap();
        }
        fs::write(elsewhere.path().join("x.yaml"), "").unwrap();
        symlink(elsewhere.path().join("x.yaml"), root.join("out.yaml")).unwrap();
        symlink(root.join("sub"), root.join("loop")).unwrap();
        symlink("..", root.join("sub/up")).unwrap();
        symlink("missing.yaml", root.join("dead.yaml")).unwrap();
        symlink("b.yaml", root.join("z.yaml")).unwrap();

        let flat = find(&[root.to_owned()], Depth::Folder);
        assert_eq!(["/a.yml", "/b.yaml", "/c.json"], *names(&flat, root));
        let tree = find(&[root.to_owned(), root.join("b.yaml")], Depth::Tree);
        assert_eq!(["/a.yml", "/b.yaml", "/c.json", "/sub/d.yaml"], *names(&tree, root));
        let said: Vec<_> =
            tree.findings.iter().map(|(name, finding)| (name.ends_with("out.yaml"), finding.rule)).collect();
        assert_eq!(vec![(false, Rule::FileLink), (true, Rule::FileLink)], said, "dead.yaml and out.yaml");
    }

    #[test]
    fn what_cannot_be_read_is_a_finding() {
        let folder = tempfile::tempdir().unwrap();
        let missing = find(&[folder.path().join("none.yaml")], Depth::Folder);
        assert_eq!((0, 1), (missing.sources.len(), missing.findings.len()));
        let file = folder.path().join("latin.yaml");
        fs::write(&file, b"a: 1\nb: \xe4\n").unwrap();
        let finding = Source::File(file).read().unwrap_err();
        assert_eq!((Rule::FileUnreadable, 2), (finding.rule, finding.at.line));
    }
}
