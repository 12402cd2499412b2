//! The images and their software bill of materials. `make image` makes them with the same code.

mod oci;
mod roots;
mod sbom;

use std::collections::BTreeSet;
use std::io::Read;
use std::process::Command;

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde_json::{Value, json};

use self::oci::{File, Image, USER, archive, digest};
use self::sbom::Crates;
use crate::support::assets;
use crate::support::helm::{Helm, NAMESPACE, Objects, VERSIONS};

const TARGET: &str = "x86_64-unknown-linux-gnu";

fn image(files: &[File]) -> Vec<u8> {
    archive(&Image {
        name: "registry.example/nimbus-operator:1.2.3",
        architecture: "amd64",
        entrypoint: "/nimbus-operator",
        created: "1970-01-01T00:00:00Z",
        labels: &json!({ "org.opencontainers.image.version": "1.2.3" }),
        files,
    })
}

fn files() -> Vec<File> {
    vec![
        File { path: "nimbus-operator".into(), mode: 0o755, content: b"\x7fELF".repeat(1000) },
        File { path: roots::PATH.into(), mode: 0o644, content: b"certificates".to_vec() },
    ]
}

/// Unpacks a tar archive with tar itself.
fn unpacked(archive: &[u8], listing: &[&str]) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("archive.tar");
    std::fs::write(&file, archive).unwrap();
    let tar = |arguments: &[&str]| {
        let output = Command::new("tar").args(arguments).current_dir(folder.path()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    tar(&["--extract", "--file", "archive.tar"]);
    let listed = tar(&[&["--list", "--file", "archive.tar"][..], listing].concat());
    (folder, listed)
}

#[test]
fn image_is_a_layout_of_one_layer_for_a_numeric_user() {
    let (folder, names) = unpacked(&image(&files()), &[]);
    assert_eq!(5, names.lines().count(), "config, manifest, layer, index and layout: {names}");
    let read = |path: &str| std::fs::read(folder.path().join(path)).unwrap();
    let blob = |descriptor: &Value| {
        let content = read(&format!("blobs/{}", descriptor["digest"].as_str().unwrap().replace(':', "/")));
        assert_eq!(
            (descriptor["digest"].as_str().unwrap(), descriptor["size"].as_u64()),
            (digest(&content).as_str(), Some(content.len() as u64))
        );
        content
    };
    let parsed = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).unwrap();
    assert_eq!("1.0.0", parsed(&read("oci-layout"))["imageLayoutVersion"]);
    let index = parsed(&read("index.json"));
    assert_eq!("1.2.3", index["manifests"][0]["annotations"]["org.opencontainers.image.ref.name"]);
    let manifest = parsed(&blob(&index["manifests"][0]));
    assert_eq!(1, manifest["layers"].as_array().unwrap().len());
    let config = parsed(&blob(&manifest["config"]));
    assert_eq!(
        (json!(USER), json!(["/nimbus-operator"])),
        (config["config"]["User"].clone(), config["config"]["Entrypoint"].clone())
    );
    let mut layer = vec![];
    flate2::read::GzDecoder::new(&*blob(&manifest["layers"][0])).read_to_end(&mut layer).unwrap();
    assert_eq!(json!([digest(&layer)]), config["rootfs"]["diff_ids"]);

    let (layer, listed) = unpacked(&layer, &["--verbose", "--numeric-owner", "--utc"]);
    let lines: Vec<Vec<&str>> = listed.lines().map(|line| line.split_whitespace().collect()).collect();
    let rows: Vec<[&str; 4]> = lines.iter().map(|words| [words[0], words[1], words[3], words[5]]).collect();
    let folder = |name| ["drwxr-xr-x", "0/0", "1970-01-01", name];
    let expected = [
        folder("etc/"),
        folder("etc/ssl/"),
        folder("etc/ssl/certs/"),
        ["-rw-r--r--", "0/0", "1970-01-01", "etc/ssl/certs/ca-certificates.crt"],
        ["-rwxr-xr-x", "0/0", "1970-01-01", "nimbus-operator"],
    ];
    assert_eq!(expected, *rows);
    assert_eq!(files()[0].content, std::fs::read(layer.path().join("nimbus-operator")).unwrap());
}

/// A loaded image is the one that the pods of the charts ask for.
#[test]
fn image_has_the_name_that_the_charts_ask_for() {
    let version = env!("CARGO_PKG_VERSION");
    for (set, registry) in
        [("image.registry=", ""), ("image.registry=registry.example:5000/team", "registry.example:5000/team")]
    {
        for program in ["nimbus-operator", "nimbus-sandbox"] {
            let values = [
                "--set",
                set,
                "--set",
                if program == "nimbus-operator" { "clusterId=ci" } else { "platform.create=false" },
            ];
            let rendered = Helm::new(VERSIONS[0]).template_of(program, NAMESPACE, &values).unwrap();
            let objects = Objects::read(&rendered).unwrap();
            let image = objects.of("Deployment")[0].pointer("/spec/template/spec/containers/0/image").unwrap().clone();
            let image = image.as_str().unwrap();
            // A name without a dot, a colon or a slash before its first slash has no registry, and runtimes complete it.
            let whole = if image.contains('/') { image.to_owned() } else { format!("docker.io/library/{image}") };
            assert_eq!(whole, oci::name(registry, program, version));
            assert_ne!(registry.is_empty(), image.contains('/'), "{image}");
        }
    }
}

#[test]
fn image_is_the_same_each_time() {
    let mut reversed = files();
    reversed.reverse();
    assert_eq!(digest(&image(&files())), digest(&image(&reversed)));
}

/// The image has nothing else to trust Microsoft and Platforms without a CA bundle by.
#[test]
fn image_trusts_public_authorities() {
    let bundle = roots::bundle();
    let mut store = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(bundle.as_bytes()) {
        store.add(certificate.unwrap()).unwrap();
    }
    assert!(store.len() > 100 && store.len() == bundle.matches("BEGIN").count(), "{}", store.len());
}

#[test]
fn bill_of_materials_names_every_crate_of_the_binary() {
    let crates = Crates::read(assets::checkout(), TARGET).unwrap();
    for package in ["nimbus-operator", "nimbus-sandbox"] {
        let document = crates.document(package).unwrap();
        assert_eq!(document, Crates::read(assets::checkout(), TARGET).unwrap().document(package).unwrap());
        let components = document["components"].as_array().unwrap();
        let of = |component: &Value| component["purl"].as_str().unwrap().trim_start_matches("pkg:cargo/").to_owned();
        let named: BTreeSet<String> = components.iter().chain([&document["metadata"]["component"]]).map(of).collect();
        let names: BTreeSet<&str> = named.iter().filter_map(|name| name.split('@').next()).collect();
        for (name, is_in) in [(package, true), ("tokio", true), ("rustls", true), ("ring", true), ("rcgen", false)] {
            assert_eq!(is_in, names.contains(name), "{name} in {package}");
        }
        let own = if package == "nimbus-operator" { ("kube", "libsqlite3-sys") } else { ("libsqlite3-sys", "kube") };
        assert!(names.contains(own.0) && !names.contains(own.1), "{package}");
        for component in components.iter().filter(|component| component["name"] != "nimbus-operator") {
            let (license, hash) = (&component["licenses"][0]["expression"], &component["hashes"][0]["content"]);
            assert!(license.is_string() && hash.as_str().is_some_and(|hash| hash.len() == 64), "{component}");
        }
        assert_eq!(named.len(), document["dependencies"].as_array().unwrap().len());
    }
}
