//! The pages as browsers have them: valid HTML, no accessibility violation, nothing cut off. For machines with Node, a Chromium
//! and the packages of tests/pages (`npm ci --prefix tests/pages`).

mod synthetic;

use std::path::{Path, PathBuf};
use std::process::Command;

use synthetic::made::{BROWSERS, Made};
use vqlab::report::{ReportInput, Reproduction, write_index, write_reproduction};
use vqlab::spec::Plan;

/// The first of these programs on the PATH.
fn browser() -> PathBuf {
    let folders: Vec<PathBuf> = std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()).collect();
    let mut found = BROWSERS.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    found.find(|path| path.is_file()).unwrap()
}

#[test]
#[cfg_attr(not(has_page_tools), ignore = "needs Node, Chromium, and `npm ci --prefix tests/pages`")]
fn pages_are_valid_accessible_and_whole() {
    let reports = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pages/reports");
    let made = |plan: Plan| {
        let records = synthetic::records(&plan, 0);
        Made::new(plan, records, &reports)
    };
    let speech = synthetic::speech::recorded(2);
    let spoken = synthetic::speech::records(&speech, true);
    let all = [
        made(synthetic::toy()),
        made(synthetic::dimensions()),
        made(synthetic::complexity()),
        made(synthetic::draws()),
        Made::new(speech, spoken, &reports),
    ];
    let computed: Vec<ReportInput> = all.iter().map(Made::input).collect();
    let reproduction = Reproduction { profile: "quick", computed: &computed, kept: &[], left_out: &[] };
    let folder = reports.join(&all[0].plan.folder);
    write_reproduction(&reproduction, &folder).unwrap();
    let index = write_index(&reports).unwrap().unwrap();

    let mut pages: Vec<PathBuf> =
        all.iter().map(|made| reports.join(&made.plan.folder).join(format!("{}.html", made.plan.name))).collect();
    pages.extend([folder.join("reproduction.html"), index]);
    let check = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pages/check.mjs");
    let output = Command::new("node").arg(check).arg(browser()).args(&pages).output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}{}", String::from_utf8_lossy(&output.stderr));
}
