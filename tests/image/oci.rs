//! An OCI image of one layer, as a layout in a tar archive. The same input gives the same bytes.

use std::io::Write;

use flate2::{Compression, GzBuilder};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// The user of every image: a number, so that Kubernetes can tell that it is not root.
pub const USER: &str = "65532:65532";

const TYPES: &str = "application/vnd.oci.image";
const BLOCK: usize = 512;

/// A file of the image.
pub struct File {
    /// Its path, without a slash at the beginning.
    pub path: String,
    /// Its permissions.
    pub mode: u32,
    /// Its content.
    pub content: Vec<u8>,
}

/// What an image consists of.
pub struct Image<'a> {
    /// Repository and tag.
    pub name: &'a str,
    /// As Go names it, e.g. `amd64`.
    pub architecture: &'a str,
    /// The program, as an absolute path.
    pub entrypoint: &'a str,
    /// RFC 3339.
    pub created: &'a str,
    /// Labels, which are annotations of the manifest, too.
    pub labels: &'a Value,
    /// The files.
    pub files: &'a [File],
}

/// What container runtimes put before a name without a registry. containerd finds an imported image by its whole name only.
const COMPLETED: &str = "docker.io/library";

/// The whole name of an image, as a container runtime knows the one that a chart names by this registry, or by none.
pub fn name(registry: &str, program: &str, version: &str) -> String {
    let registry = if registry.is_empty() { COMPLETED } else { registry };
    format!("{registry}/{program}:{version}")
}

/// The archive, for `ctr images import`, `skopeo copy oci-archive:…` or `docker load`.
pub fn archive(image: &Image<'_>) -> Vec<u8> {
    let layer = tar(&with_folders(image.files));
    let compressed = gzip(&layer);
    let config = json!({
        "architecture": image.architecture, "os": "linux", "created": image.created,
        "config": { "Entrypoint": [image.entrypoint], "User": USER, "WorkingDir": "/", "Labels": image.labels },
        "rootfs": { "type": "layers", "diff_ids": [digest(&layer)] },
        "history": [{ "created": image.created, "created_by": "make image" }],
    });
    let config = config.to_string().into_bytes();
    let manifest = json!({
        "schemaVersion": 2, "mediaType": format!("{TYPES}.manifest.v1+json"),
        "config": descriptor("config.v1+json", &config),
        "layers": [descriptor("layer.v1.tar+gzip", &compressed)],
        "annotations": image.labels,
    });
    let manifest = manifest.to_string().into_bytes();
    let mut described = descriptor("manifest.v1+json", &manifest);
    let tag = image.name.rsplit_once(':').map_or("latest", |(_, tag)| tag);
    described["platform"] = json!({ "architecture": image.architecture, "os": "linux" });
    described["annotations"] =
        json!({ "io.containerd.image.name": image.name, "org.opencontainers.image.ref.name": tag });
    let index = json!({
        "schemaVersion": 2, "mediaType": format!("{TYPES}.index.v1+json"), "manifests": [described],
    });
    let blob = |content: Vec<u8>| {
        let name = digest(&content).replace(':', "/");
        File { path: format!("blobs/{name}"), mode: 0o644, content }
    };
    let mut files = [config, manifest, compressed].map(blob).into_iter().collect::<Vec<_>>();
    files.push(File { path: "index.json".into(), mode: 0o644, content: index.to_string().into_bytes() });
    let layout = json!({ "imageLayoutVersion": "1.0.0" }).to_string();
    files.push(File { path: "oci-layout".into(), mode: 0o644, content: layout.into_bytes() });
    files.sort_by(|one, other| one.path.cmp(&other.path));
    tar(&files)
}

fn descriptor(kind: &str, content: &[u8]) -> Value {
    json!({ "mediaType": format!("{TYPES}.{kind}"), "digest": digest(content), "size": content.len() })
}

/// `sha256:` and the digest in hexadecimal.
pub fn digest(content: &[u8]) -> String {
    let bytes = Sha256::digest(content);
    bytes.iter().fold("sha256:".to_owned(), |text, byte| text + &format!("{byte:02x}"))
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzBuilder::new().mtime(0).write(vec![], Compression::best());
    encoder.write_all(content).expect("a vector takes everything");
    encoder.finish().expect("a vector takes everything")
}

/// The files, sorted, each after the folders that it is in.
fn with_folders(files: &[File]) -> Vec<File> {
    let mut all: Vec<File> = vec![];
    let mut sorted: Vec<&File> = files.iter().collect();
    sorted.sort_by(|one, other| one.path.cmp(&other.path));
    for file in sorted {
        for (end, _) in file.path.match_indices('/') {
            let folder = format!("{}/", &file.path[..end]);
            if !all.iter().any(|known| known.path == folder) {
                all.push(File { path: folder, mode: 0o755, content: vec![] });
            }
        }
        all.push(File { path: file.path.clone(), mode: file.mode, content: file.content.clone() });
    }
    all
}

/// A tar archive (ustar) without users and times. A path that ends with a slash is a folder.
fn tar(files: &[File]) -> Vec<u8> {
    let mut archive = vec![];
    for File { path, mode, content } in files {
        archive.extend(header(path, *mode, content.len()));
        archive.extend(content);
        archive.resize(archive.len().next_multiple_of(BLOCK), 0);
    }
    archive.resize(archive.len() + 2 * BLOCK, 0);
    archive
}

fn header(path: &str, mode: u32, size: usize) -> [u8; BLOCK] {
    assert!(path.len() <= 100, "{path} is too long for ustar");
    let mut header = [0; BLOCK];
    let mut put = |at: usize, text: &str| header[at..at + text.len()].copy_from_slice(text.as_bytes());
    put(0, path);
    put(100, &format!("{mode:07o}\0"));
    put(108, "0000000\0");
    put(116, "0000000\0");
    put(124, &format!("{size:011o}\0"));
    put(136, "00000000000\0");
    // The checksum is of a header with spaces in its place.
    put(148, "        ");
    put(156, if path.ends_with('/') { "5" } else { "0" });
    put(257, "ustar\x0000");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    header
}
