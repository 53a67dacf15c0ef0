//! `vqlab reproduce`, and the page that says what holds.

mod common;
mod synthetic;

use std::collections::HashMap;
use std::path::Path;

use common::{Env, files_below};
use synthetic::made::Made;
use vqlab::report::{ReportInput, Reproduction, reproduction_text, write_reproduction};
use vqlab::runner::Record;
use vqlab::spec::{Cell, CellSettings, Contender, Method, Panel, Plan, PlannedPoint, Search};

/// A page: well formed, self-contained, with every linked file there, and no broken number.
fn check(folder: &Path) -> [String; 2] {
    let [html, markdown] =
        ["html", "md"].map(|ending| std::fs::read_to_string(folder.join(format!("reproduction.{ending}"))).unwrap());
    let tree = html.strip_prefix("<!doctype html>\n").unwrap();
    let tree = roxmltree::Document::parse(tree).unwrap();
    for node in tree.descendants() {
        for attribute in node.attributes().filter(|a| ["src", "href", "data", "action"].contains(&a.name())) {
            let target = attribute.value();
            assert!(target.starts_with("#s") || folder.join(target).exists(), "{} = {target}", attribute.name());
        }
        assert!(!["link", "iframe", "img"].contains(&node.tag_name().name()));
        if node.has_tag_name("tr") {
            let cells = node.children().filter(|n| n.has_tag_name("td") || n.has_tag_name("th")).count();
            let table = node.ancestors().find(|n| n.has_tag_name("table")).unwrap();
            assert_eq!(cells, table.descendants().filter(|n| n.has_tag_name("th")).count());
        }
    }
    assert!(!html.contains("@import") && !html.contains("url("));
    for link in markdown.split("](").skip(1).map(|rest| rest.split(')').next().unwrap()) {
        assert!(folder.join(link).is_file(), "{link}");
    }
    for broken in ["NaN", "inf ", "inf<", "Some(", "None"] {
        assert!(!html.contains(broken) && !markdown.contains(broken), "{broken}");
    }
    [html, markdown]
}

/// The text of an HTML table's row that holds all of `parts`.
fn row<'a>(html: &'a str, parts: &[&str]) -> &'a str {
    let mut rows = html.split("<tr>").skip(1).map(|rest| rest.split("</tr>").next().unwrap());
    rows.find(|row| parts.iter().all(|part| row.contains(part))).unwrap_or_else(|| panic!("no row with {parts:?}"))
}

#[test]
fn a_figure_without_any_file_at_hand() {
    let env = Env::new();
    let first = env.run(&["reproduce", "--figure", "4c", "--format", "svg"]).ends_with(0);
    assert_eq!(first.computed(), 48);
    assert!(first.stdout.contains("all 24") && first.stdout.contains("1 of 1"), "{first:#?}");
    let page = env.path("reports/default");
    let [html, markdown] = check(&page);
    for text in ["Figure 4c", "this run", "--figure 4c", "How to cite", "Not computed here"] {
        assert!(html.contains(text) && markdown.contains(text), "{text}");
    }
    assert!(row(&html, &[">4c<", "complexity", "reproduced", "all 24"]).contains("complexity.html"));
    // All 4 stages against 3 of them: a third more, but for what does not depend on the stages.
    assert!(row(&html, &["Figure 4c", "AVQ", "12 to 40"]).contains("0.00 %"));
    let rvq = row(&html, &["Figure 4c", "RVQ", "12 to 40"]);
    assert!(rvq.contains("+32.50 to +33.33 %"), "{rvq}");
    assert!(env.path("results/default/Figure 4/Complexity_Fig4-c.json").is_file());

    let again = env.run(&["reproduce", "--figure", "4c", "--format", "svg"]).ends_with(0);
    assert_eq!((again.computed(), check(&page)), (0, [html, markdown]));
}

#[test]
fn what_other_runs_left_is_told_apart() {
    let env = Env::new();
    let reproduce = || env.run(&["reproduce", "--figure", "6b", "--seeds", "1", "--dry-run"]).ends_with(0);
    assert!(reproduce().stdout.contains("search-bitrate"));
    env.run(&["reproduce", "--figure", "4c", "--format", "svg"]).ends_with(0);
    for folder in ["mine", "broken"] {
        std::fs::create_dir_all(env.path(&format!("results/{folder}/provenance"))).unwrap();
    }
    let provenance = std::fs::read_to_string(env.path("results/default/provenance/complexity.json")).unwrap();
    env.write("results/mine/provenance/complexity.json", &provenance);
    env.write("results/broken/provenance/complexity.json", &provenance[..500]);
    env.run(&["reproduce", "--figure", "4c", "--format", "svg"])
        .ends_with(0)
        .says("left out of the report: ")
        .says("results/broken/provenance/complexity.json");
    let [html, _] = check(&env.path("reports/default"));
    assert!(html.contains("Kept results (not computed by this run)"));
    assert!(row(&html, &["complexity.toml", "results/mine"]).contains("default"));
    assert!(row(&html, &["PVQ &lt; RVQ &lt; AVQ", "Figure 4c"]).contains("mine: holds"));
    assert!(!html.contains("results/broken"));
}

#[test]
fn the_page_of_the_committed_results_needs_no_training() {
    let env = Env::new();
    for folder in ["paper", "paper-speech", "photosift"] {
        copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("results").join(folder), &env.path("results").join(folder));
    }
    let run = env.run(&["reproduce", "--from-results", "--format", "svg"]).ends_with(0);
    assert_eq!(run.computed(), 48, "{run:#?}");
    for (figure, verdict, from) in [
        ("2b", "reproduced", "results/paper"),
        ("1a", "inconclusive", "results/paper-speech"),
        ("4c", "reproduced", "this run"),
        ("5", "not comparable", "results/photosift"),
        ("4a", "missing", "this run"),
    ] {
        let mut lines = run.stdout.lines().filter(|line| line.trim_start().starts_with(&format!("{figure} ")));
        assert!(lines.any(|line| line.contains(verdict) && line.ends_with(from)), "{figure}: {}", run.stdout);
    }
    assert!(run.stdout.contains("Figure 1b: PVQ has a higher perceptual SNR than RVQ at 24.4 and 32 kbit/s: fails at"));
    let [html, _] = check(&env.path("reports/default"));
    // The command that gives Figures 5 and 6 a verdict.
    assert!(html.contains("vqlab data fetch sift1m"));
    // Results without a number are not written.
    let written = files_below(&env.path("results/default/Figure 2"));
    assert!(written.is_empty(), "{written:?}");
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let from = entry.unwrap().path();
        let to = to.join(from.file_name().unwrap());
        match from.is_dir() {
            true => copy(&from, &to),
            false => assert!(std::fs::copy(&from, &to).is_ok()),
        }
    }
}

#[test]
fn wrong_use_and_dry_runs_do_nothing() {
    let env = Env::new();
    for figure in ["7", "2c", "x", ""] {
        env.run(&["reproduce", "--figure", figure]).ends_with(2).says("the paper has no such figure").says("1 to 6");
    }
    let quick = env.run(&["reproduce", "--dry-run"]).ends_with(0);
    for part in ["toy ", "toy-search", "image-search", "left out: ", "toy-recipe", "of work"] {
        assert!(quick.stdout.contains(part), "{part}: {quick:#?}");
    }
    let paper = env.run(&["reproduce", "--profile", "paper", "--dry-run"]).ends_with(0);
    assert!(paper.stdout.contains("speech-end-to-end") && !paper.stdout.contains("left out"), "{paper:#?}");
    let one = env.run(&["reproduce", "--figure", "2a", "--dry-run"]).ends_with(0);
    assert!(one.stdout.contains("toy ") && !one.stdout.contains("toy-dimension"), "{one:#?}");
    assert!(files_below(&env.path("results")).is_empty() && files_below(&env.path("reports")).is_empty());
}

/// AVQ with the true residual, and with the released search, whose error is larger by a tenth.
fn searches() -> (Plan, HashMap<String, Record>) {
    let mut plan = synthetic::toy();
    let beam = plan.panels.remove(0);
    let avq = |point: &&PlannedPoint| point.contender == Contender::proposed(Method::Avq);
    let points: Vec<PlannedPoint> = beam.points.iter().filter(avq).cloned().collect();
    let beam = Panel { name: "beam".into(), figure: None, points: points.clone(), ..beam };
    let mut released = Panel { name: "released".into(), points, ..beam.clone() };
    plan.panels = vec![beam];
    plan.claims.clear();
    plan.figures.clear();
    plan.name = "toy-search".into();
    let mut records = synthetic::records(&plan, 0);
    for cell in released.points.iter_mut().flat_map(|point| &mut point.cells) {
        let mut record = records[&cell.key()].clone();
        set_released(cell);
        (record.key, record.cell) = (cell.key(), cell.clone());
        *record.metrics.get_mut("mse-training").unwrap() *= 1.1;
        record.metrics.insert("repeated-share".into(), 0.25);
        records.insert(cell.key(), record);
    }
    plan.panels.push(released);
    (plan, records)
}

fn set_released(cell: &mut Cell) {
    if let CellSettings::Toy(toy) = &mut cell.settings {
        toy.quantizer.search = Some(Search::Released);
    }
}

#[test]
fn the_page_says_what_holds_and_what_the_defects_do() {
    let reports = Path::new(env!("CARGO_TARGET_TMPDIR")).join("reproduction");
    let complete = |plan: Plan| {
        let records = synthetic::records(&plan, 0);
        Made::new(plan, records, &reports)
    };
    let (plan, records) = searches();
    let made = [
        complete(synthetic::toy()),
        complete(synthetic::dimensions()),
        complete(synthetic::complexity()),
        Made::new(plan, records, &reports),
    ];
    let mut elsewhere = synthetic::toy();
    elsewhere.folder = "mine".into();
    let elsewhere = Made::new(elsewhere.clone(), synthetic::records(&elsewhere, 0), &reports);
    let computed: Vec<ReportInput> = made.iter().map(Made::input).collect();
    let kept = [elsewhere.input()];
    let left_out = [("A study".to_owned(), "not of the paper".to_owned())];
    let reproduction = Reproduction { profile: "quick", computed: &computed, kept: &kept, left_out: &left_out };
    let page = reports.join("paper");
    write_reproduction(&reproduction, &page).unwrap();
    let [html, markdown] = check(&page);

    assert!(row(&html, &[">2a<", "reproduced", "all 24"]).contains("toy.html"));
    // This run has a verdict of its own, so that no kept one stands in for it.
    assert!(row(&html, &[">2a<", "reproduced"]).contains("this run") && !html.contains("../mine/toy.html"));
    assert!(html.contains(">Reproduced</strong>: Figures 2a, 2b"), "the answer comes first");
    assert!(row(&html, &[">3<", "reproduced", "all 72"]).contains("toy-dimension.html"));
    assert!(row(&html, &["On correlated data AVQ", "Figure 2a"]).contains("mine: holds"));
    // 16 bits: a tenth more error, with a quarter of the vectors without a code.
    let row_of_16 = row(&html, &["released", "this run", ">16<"]);
    assert!(row_of_16.contains("+10.00 %") && row_of_16.contains("25.0 %"), "{row_of_16}");
    for text in ["Which method to use", "A study: not of the paper", "SHA-256", "The most expensive cells"] {
        assert!(html.contains(text) && markdown.contains(text), "{text}");
    }
    // Every figure once, and the kept 2a and 2b.
    assert_eq!(html.matches(" class=\"plot\">").count(), 7);
    let text = reproduction_text(&reproduction);
    assert!(text.contains("2a") && text.lines().all(|line| line.len() < 200), "{text}");

    let (nothing_yet, unfinished) = (HashMap::new(), synthetic::toy());
    let unfinished = [Made::new(unfinished, nothing_yet, &reports.join("unfinished"))];
    let computed: Vec<ReportInput> = unfinished.iter().map(Made::input).collect();
    let with_kept = Reproduction { computed: &computed, kept: &kept, left_out: &[], ..reproduction };
    write_reproduction(&with_kept, &page).unwrap();
    let [html, _] = check(&page);
    let of_2a = row(&html, &[">2a<", "reproduced"]);
    assert!(of_2a.contains("../mine/toy.html") && of_2a.contains("results/mine"), "{of_2a}");

    let nothing = Reproduction { computed: &[], kept: &[], left_out: &[], ..reproduction };
    write_reproduction(&nothing, &reports.join("nothing")).unwrap();
    check(&reports.join("nothing"));
}
