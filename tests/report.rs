//! The report holds what it must, in HTML and in Markdown alike, and shows nothing that is broken or missing as a number.

mod common;
mod synthetic;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use vqlab::compare::tradeoff::Tradeoffs;
use vqlab::compare::{check_claims, compare_plan};
use vqlab::figure::{Format, Options, draw_experiment};
use vqlab::report::{ReportInput, terminal_table, write};
use vqlab::results::aggregate;
use vqlab::runner::{Record, Status};
use vqlab::spec::Plan;

/// The name of SVG's elements, which no browser loads.
const SVG: &str = "http://www.w3.org/2000/svg";

struct Pages {
    html: String,
    markdown: String,
    table: String,
    folder: PathBuf,
}

fn pages(plan: &Plan, records: &HashMap<String, Record>) -> Pages {
    pages_in(&format!("{}-{}", plan.name, records.len()), plan, records, None)
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("reports").join(name)
}

fn pages_in(name: &str, plan: &Plan, records: &HashMap<String, Record>, files: Option<&Path>) -> Pages {
    let folder = folder(name);
    let aggregates = aggregate(plan, records);
    let comparisons = compare_plan(plan, &aggregates);
    let claims = check_claims(plan, &aggregates);
    let tradeoffs = Tradeoffs::new(plan, &aggregates);
    let options = Options { comparisons: &comparisons, tradeoffs: &tradeoffs, published: true, files: None };
    let out = folder.join("figures");
    let figures = draw_experiment(plan, &aggregates, records, &out, &[Format::Png], options).unwrap();
    let input = ReportInput {
        files,
        plan,
        aggregates: &aggregates,
        records,
        comparisons: &comparisons,
        claims: &claims,
        tradeoffs: &tradeoffs,
        figures: &figures,
    };
    let [html, markdown] = write(&input, &folder).unwrap().map(|path| std::fs::read_to_string(path).unwrap());
    let table = terminal_table(plan, &comparisons, &aggregates);
    let pages = Pages { html, markdown, table, folder };
    pages.check();
    pages
}

impl Pages {
    /// Well formed, self-contained, with every linked figure there, and no broken number.
    fn check(&self) {
        let page = self.html.strip_prefix("<!doctype html>\n").unwrap();
        let tree = roxmltree::Document::parse(page).unwrap();
        for node in tree.descendants() {
            for attribute in node.attributes().filter(|a| ["src", "href", "data", "action"].contains(&a.name())) {
                let value = attribute.value();
                let is_sound = [".wav", ".opus"].iter().any(|ending| value.ends_with(ending));
                let own = match is_sound {
                    true => self.folder.join(value).is_file(),
                    false => value.starts_with("#s") || value.starts_with("data:application/json;"),
                };
                assert!(own, "{} = {}", attribute.name(), attribute.value());
            }
            assert!(!["link", "iframe", "img"].contains(&node.tag_name().name()));
            // A script may sort and filter what the page holds, and loads nothing.
            let script = node.has_tag_name("script").then(|| node.text().unwrap_or_default().replace(SVG, ""));
            assert!(
                script.is_none_or(|text| !["fetch(", "import", "XMLHttp", "http://"].iter().any(|w| text.contains(w)))
            );
            let cells = node.children().filter(|n| n.has_tag_name("td") || n.has_tag_name("th")).count();
            if node.has_tag_name("tr") {
                let table = node.ancestors().find(|n| n.has_tag_name("table")).unwrap();
                assert_eq!(cells, table.descendants().filter(|n| n.has_tag_name("th")).count());
            }
        }
        assert!(!self.html.contains("@import") && !self.html.contains("url("));
        for text in [&self.html, &self.markdown, &self.table] {
            for broken in ["NaN", "inf ", "inf<", "Some(", "None"] {
                assert!(!text.contains(broken), "{broken}");
            }
        }
        let linked = self.markdown.split("](").skip(1).map(|rest| rest.split(')').next().unwrap());
        for link in linked.filter(|link| !link.contains("://")) {
            assert!(self.folder.join(link).is_file(), "{link}");
        }
    }

    fn both_hold(&self, texts: &[&str]) {
        for text in texts {
            assert!(self.html.contains(text), "HTML lacks {text}");
            assert!(self.markdown.contains(text), "Markdown lacks {text}");
        }
    }
}

#[test]
fn a_finished_experiment() {
    let plan = synthetic::toy();
    let pages = pages(&plan, &synthetic::records(&plan, 0));
    pages.both_hold(&[
        "192 of 192 cells",
        "24 reproduced of 24 points",
        "500,000 vectors of dimension 64: 16 uniform sources",
        "the error on the training set",
        "116.0",
        "holds",
        "changes the error by +0.40 % (12 bits) to +25.60 % (40 bits)",
        "67.0 %",
        "BD-rate",
        "Codebook health",
        "AVQ at 12 bits is not a 12-bit code",
        "Vali and T. Bäckström",
        "avx512f, Test CPU",
        "0.1 falling exponentially to 0.001",
        "1 to 4",
    ]);
    assert!(pages.html.contains("Toy data &lt;MSE &amp; bits&gt;") && pages.html.contains("# &lt;b&gt;"));
    assert!(pages.markdown.starts_with("# Toy data \\<MSE & bits\\>\n"));
    assert_eq!(pages.html.matches("<figure class=\"plot").count(), 6);
    // The answer is before everything else, and what is for reference is folded.
    let order = [
        "<div class=\"answer\">",
        "<dl class=\"cards\">",
        "<div class=\"plots\">",
        "<nav",
        "<details class=\"reference\">",
    ];
    let places: Vec<usize> = order.iter().map(|part| pages.html.find(part).unwrap()).collect();
    assert!(places.is_sorted(), "{places:?}");
    for part in [
        "<dt>points reproduced</dt>",
        "<title>AVQ at 12 bits per vector: ",
        "AVQ, published at 40 bits",
        "class=\"key k0\"",
    ] {
        assert!(pages.html.contains(part), "{part}");
    }
    assert!(pages.html.len() < 1_500_000, "{} bytes", pages.html.len());
    assert!(pages.table.contains("24 reproduced of 24 points; verdict: reproduced"));
}

#[test]
fn an_unfinished_one_names_what_is_missing_and_what_failed() {
    let plan = synthetic::toy();
    let mut records = synthetic::records(&plan, 5);
    // All seeds of one point, and one cell that diverged.
    for cell in &plan.panels[0].points[3].cells {
        records.remove(&cell.key());
    }
    let bad = records.get_mut(&plan.panels[1].points[0].cells[0].key()).unwrap();
    (bad.status, bad.reason) = (Status::Diverged, Some("the loss became <infinite>".into()));
    bad.metrics.clear();
    let pages = pages(&plan, &records);
    pages.both_hold(&["1 failed", "missing", "3 of 4", "Failed cells"]);
    assert!(pages.html.contains("the loss became &lt;infinite&gt;"));
}

#[test]
fn nothing_done() {
    let plan = synthetic::toy();
    let pages = pages(&plan, &HashMap::new());
    pages.both_hold(&["0 of 192 cells", "so there is nothing to draw", "missing"]);
}

#[test]
fn without_logs_the_reason_is_told() {
    let plan = synthetic::dimensions();
    let mut records = synthetic::records(&plan, 0);
    records.values_mut().for_each(|record| record.log.clear());
    pages(&plan, &records).both_hold(&["the training logs are missing", "256 (Figure 3)"]);
}

#[test]
fn operation_counts() {
    let plan = synthetic::complexity();
    let pages = pages(&plan, &synthetic::records(&plan, 0));
    pages.both_hold(&["24 reproduced of 24 points", "−0.3103", "all stages", "log10 of weighted million operations"]);
    assert!(!pages.html.contains("test error") && !pages.html.contains("test vectors"));
}

#[test]
fn a_single_point() {
    let plan = synthetic::toy();
    let mut records = synthetic::records(&plan, 0);
    let key = plan.panels[0].points[0].cells[0].key();
    records.retain(|known, _| *known == key);
    pages(&plan, &records).both_hold(&["1 of 192 cells", "computing time of 1 cell", "missing", "additive"]);
}

#[test]
fn several_draws() {
    let plan = synthetic::draws();
    pages(&plan, &synthetic::records(&plan, 0)).both_hold(&["5 (Figure 2a)", "Spread over draws of the data"]);
}

#[test]
fn speech_with_excerpts_and_opus() {
    let plan = synthetic::speech::recorded(2);
    let records = synthetic::speech::records(&plan, true);
    let audio = folder("audio");
    let _ = std::fs::remove_dir_all(&audio);
    // The second excerpt was never kept, nor was PVQ at 8 kbit/s.
    let pvq = format!("{}-8000-0.wav", plan.panels[0].points[2].cells[0].key());
    synthetic::speech::write_excerpts(&plan, &audio, |name| !name.ends_with("-1.wav") && name != pvq);
    let pages = pages_in("speech", &plan, &records, Some(&audio));
    pages.both_hold(&[
        "6 of 6 cells",
        "corpus: 60 utterances to train on, 12 to test on",
        "test utterances, which training has not heard",
        "The codec at each bitrate",
        "8.012",
        "The real bitrate furthest from its target: +0.15 % (AVQ at 8 kbit/s)",
        "18 of 18 means lie within ±0.2 MOS of the published ones or above",
        "18 of 18 means lie within ±1.5 dB",
        "Gaps between the methods, utterance by utterance",
        "AVQ − RVQ",
        "Root mean square error of the decoded envelopes",
        "12.50",
        "To listen to",
        "Excerpt 1, 9.6 kbit/s",
        "difference MOS",
        "difference dB",
    ]);
    assert!(pages.html.contains("A Corpus &lt;of&gt; Speech, CC BY 4.0."));
    // An original, and at 6 bitrates the methods and Opus; one is missing.
    assert_eq!(pages.html.matches("<audio ").count(), 1 + 6 * 4 - 1);
    assert!(!pages.html.contains("Excerpt 2") && !pages.html.contains("Opus: not measured"));
    assert_eq!(pages.markdown.matches(".wav)").count(), 1 + 6 * 4 - 1);
    for text in ["kbit/s", "9.6", "diff MOS", "±0.2 MOS", "inconclusive"] {
        assert!(pages.table.contains(text), "{text} is not in {}", pages.table);
    }
}

/// The program with and without the Opus tools on its path.
#[test]
fn players_take_compressed_copies_where_the_tools_are() {
    let env = common::Env::new();
    assert_eq!(env.run(&["init", "speech.toml", "--task", "speech"]).status, Some(0));
    let small = ["sweep.methods=[\"pvq\"]", "training.updates=20", "evaluation.bitrates=[8000]", "data.utterances=2"];
    let run = |command: &str, has_tools: bool| {
        let sets = small.iter().flat_map(|set| ["--set", set]);
        let mut command = env.command(&[command, "speech.toml"].into_iter().chain(sets).collect::<Vec<_>>());
        if !has_tools {
            command.env("PATH", "");
        }
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        std::fs::read_to_string(env.path("reports/default/speech.html")).unwrap()
    };
    let copies = || -> Vec<(PathBuf, Vec<u8>)> {
        let Ok(folder) = std::fs::read_dir(env.path("reports/default/audio")) else { return Vec::new() };
        let mut paths: Vec<PathBuf> = folder.map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        paths.into_iter().map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
    };
    let html = run("run", false);
    // The original and the coded excerpt of two utterances.
    assert_eq!((html.matches("<audio ").count(), html.matches("<source ").count()), (4, 4));
    assert!(html.contains("The players take the WAV files") && copies().is_empty());
    if !cfg!(has_opus) {
        return;
    }
    let html = run("report", true);
    assert_eq!((html.matches("<audio ").count(), html.matches("<source ").count()), (4, 8));
    assert!(
        html.contains("copies in Ogg Opus at 128 kbit/s (opus-tools ") && !html.contains("The players take the WAV")
    );
    let first = copies();
    assert_eq!(first.len(), 4);
    for (path, bytes) in &first {
        assert!(bytes.starts_with(b"OggS") && html.contains(path.file_name().unwrap().to_str().unwrap()));
    }
    assert_eq!(run("report", true), html);
    assert_eq!(copies(), first);
}

#[test]
fn speech_without_excerpts_and_opus() {
    let plan = synthetic::speech::plan(1);
    let records = synthetic::speech::records(&plan, false);
    let pages = pages_in("speech-alone", &plan, &records, Some(&folder("no-audio")));
    pages.both_hold(&[
        "Opus: not measured: opusenc and opusdec were not installed when the cells ran",
        "synthetic-speech (made by this program, not recorded; seed 1)",
        "not comparable",
    ]);
    assert!(!pages.html.contains("To listen to") && !pages.html.contains("<audio "));
    assert!(!pages.html.contains("<p>Utterances: "));
    pages_in("silence", &plan, &HashMap::new(), None).both_hold(&["0 of 3 cells", "missing"]);
}

#[test]
fn panels_of_speech_are_paired_too() {
    let mut plan = synthetic::speech::recorded(1);
    let mut other = plan.panels[0].clone();
    (other.name, other.figure) = ("other".into(), None);
    for cell in other.points.iter_mut().flat_map(|point| &mut point.cells) {
        cell.seed = 2;
    }
    plan.panels.push(other);
    let records = synthetic::speech::records(&plan, false);
    pages_in("speech-panels", &plan, &records, None)
        .both_hold(&["Gaps between the panels, utterance by utterance", "other − pesq: PESQ"]);
}
