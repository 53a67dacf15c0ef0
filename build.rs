//! Says what this machine has for tests: those that need more are reported as ignored.

use std::path::Path;
use std::process::{Command, Stdio};

const BROWSERS: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    let has_data = data.is_dir();
    if has_data {
        println!("cargo::rerun-if-changed={}", data.display());
    }
    let pages = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pages");
    let packages = pages.join("node_modules");
    // Cargo takes a missing path as changed each time, and looks at all files below a folder.
    let watched = if packages.is_dir() { packages.join(".package-lock.json") } else { pages };
    println!("cargo::rerun-if-changed={}", watched.display());
    let has_page_tools = packages.is_dir() && is_on_path("node") && BROWSERS.into_iter().any(is_on_path);
    let found = [
        ("has_shared_data", has_data),
        ("has_opus", ["opusenc", "opusdec"].into_iter().all(is_on_path)),
        ("has_page_tools", has_page_tools),
        ("has_curl", is_on_path("curl")),
        // Pages with scripts run in it.
        ("has_chromium", BROWSERS.into_iter().any(is_on_path)),
        ("has_jsonschema", runs("python3", &["-c", "import jsonschema"])),
        // Not allowed in many containers. The mount is seen by this process alone.
        ("has_mounts", runs("unshare", &["--map-root-user", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/tmp"])),
    ];
    for (name, is_there) in found {
        println!("cargo::rustc-check-cfg=cfg({name})");
        if is_there {
            println!("cargo::rustc-cfg={name}");
        }
    }
}

fn is_on_path(program: &str) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join(program).is_file()))
}

/// Whether a command ends with success.
fn runs(program: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
