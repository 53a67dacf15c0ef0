//! The first part of the page: what was run on which data, the figures with their verdicts, and the results of the
//! claims.

use std::path::Path;

use super::super::document::{Answer, Block, Card, Cell, Document, Inline, Line, Table, Tone, text};
use super::super::findings::outcome;
use super::super::format::{duration, enumerate};
use super::super::gallery::{Gallery, Tile, View};
use super::super::index::Summary;
use super::super::points::tone;
use super::super::{ReportInput, panel_name};
use super::shown::{OURS, PUBLISHED, Shown, rows, shown};
use super::{Reproduction, report_of, source};
use crate::compare::{ClaimCheck, ClaimResult, PanelComparison, Verdict};
use crate::figure::file_name;
use crate::spec::{Panel, Plan};

/// For readers who have not read the paper.
const NOTE: &str = "The paper (Vali and Bäckström, ICASSP 2023) trains additive (AVQ), residual (RVQ) and product (PVQ) \
                    vector quantization by stochastic optimization. An independent program ran its experiments again. \
                    Reproduced: our means are within a stated margin of the published ones. Not comparable: other data \
                    or settings.";

pub(super) fn section(reproduction: &Reproduction, out_dir: &Path, document: &mut Document) {
    let rows = rows(reproduction);
    let lines = answer(&rows);
    document.summary = serde_json::to_value(page_summary(reproduction, &rows, &lines, out_dir)).ok();
    let (cards, note) = (cards(reproduction, &rows), NOTE.into());
    document.blocks.push(Block::Answer(Answer { lines, cards, note, ..Answer::default() }));
    document.blocks.push(Block::Gallery(gallery(&rows, reproduction, out_dir)));
    document.section("The figures in numbers");
    figures(&rows, reproduction, out_dir, document);
    let broken = broken(reproduction);
    if !broken.is_empty() {
        document.section("Claims that fail");
        document.list(broken.into_iter().map(text).collect());
    }
    claims(reproduction, document);
    document.reference("What was run");
    document.paragraph(
        "The paper (Vali and Bäckström, ICASSP 2023) trains additive (AVQ), residual (RVQ) and product (PVQ) vector \
         quantization by stochastic optimization. It compares their errors at each bitrate and complexity, on toy \
         data, speech, images, and in nearest-neighbor search. Here an independent program ran the experiments again. \
         Its numbers are compared with the published ones point by point, and the paper's claims are checked on both.",
    );
    document.paragraph(
        "A point is reproduced if two one-sided tests show that its mean is within the margin of the published mean. \
         The verdict on a figure is the worst verdict on its points. If data or profile differ from the paper's, there \
         is no verdict, and only the claims count. The table has the numbers of claims that hold on our numbers and on \
         the published ones. If this run has no verdict on a figure, its row shows kept results that have one, or that have numbers.",
    );
    document.list(headlines(reproduction));
    document.subsection("Data");
    document.list(reproduction.computed.iter().map(|input| data_line(input, out_dir)).collect());
    left_out(reproduction, document);
}

/// The figures by verdict: `Reproduced: Figures 2b and 3 (MSE), 4c (complexity)`.
fn answer(rows: &[Shown]) -> Vec<Line> {
    let mut lines = Vec::new();
    for verdict in Verdict::ALL {
        let mut figures: Vec<(String, Vec<&str>)> = Vec::new();
        for row in rows.iter().filter(|row| row.verdict() == verdict) {
            let what = row.what();
            // Without the definition that the tile has.
            let what = what.split(" (").next().unwrap_or(&what);
            match figures.iter_mut().find(|(known, _)| known == what) {
                Some((_, figures)) => figures.push(row.figure),
                None => figures.push((what.to_owned(), vec![row.figure])),
            }
        }
        let says = match verdict {
            Verdict::Reproduced => "Reproduced",
            Verdict::Better => "Reproduced or better",
            Verdict::Inconclusive => "Inconclusive",
            Verdict::Worse => "Worse at some points",
            Verdict::Missing => "Incomplete",
            Verdict::NotComparable => "Not comparable, because data or settings differ from the paper's",
        };
        let word = match figures.iter().map(|(_, figures)| figures.len()).sum() {
            0 => continue,
            1 => "Figure",
            _ => "Figures",
        };
        let named = figures.iter().map(|(what, figures)| format!("{} ({what})", enumerate(figures)));
        let after = format!(": {word} {}", named.collect::<Vec<_>>().join(", "));
        lines.push(Line { before: String::new(), verdict: says.into(), after, tone: tone(verdict) });
    }
    lines
}

fn cards(reproduction: &Reproduction, rows: &[Shown]) -> Vec<Card> {
    let figures = rows.iter().filter(|row| row.verdict().is_good()).count();
    let judged = rows.iter().flat_map(Shown::comparisons).filter(|comparison| comparison.not_comparable.is_none());
    let points: Vec<Verdict> = judged.flat_map(PanelComparison::judged).map(|point| point.verdict).collect();
    let good_points = points.iter().filter(|verdict| verdict.is_good()).count();
    let claims: Vec<&ClaimCheck> = rows.iter().flat_map(Shown::claims).collect();
    let hold = claims.iter().filter(|claim| claim.ours == ClaimResult::Holds).count();
    let records = reproduction.computed.iter().flat_map(|input| super::super::costs::records(input));
    let seconds: f64 = records.map(|record| record.run.wall_seconds).sum();
    let mut cards = vec![
        Card::new(format!("{figures} of {}", rows.len()), "figures reproduced or better"),
        Card::new(format!("{good_points} of {}", points.len()), "points with a verdict reproduced or better"),
        Card::new(format!("{hold} of {}", claims.len()), "claims of the paper hold"),
    ];
    // Counting operations takes no time that matters.
    if seconds > 1.0 {
        cards.push(Card::new(duration(seconds), "computing time of this run's cells"));
    }
    cards
}

/// A tile for each figure: its verdict, its chart, and the links to its report and numbers.
fn gallery(rows: &[Shown], reproduction: &Reproduction, out_dir: &Path) -> Gallery {
    let tile = |row: &Shown| {
        let drawn = row.input.figures.iter().find(|drawn| drawn.id == format!("figure-{}", row.figure));
        let from = source(row.input, reproduction);
        let after = match row.why() {
            Some(_) => format!(" ({from})"),
            None => format!(", {} ({from})", row.counts()),
        };
        let verdict = row.verdict();
        let report = report_of(row.input, out_dir);
        let results = format!("../../results/{}", row.input.plan.folder);
        let provenance = format!("{results}/provenance/{}.json", file_name(&row.input.plan.name));
        let wanted = [("data".to_owned(), results), ("provenance".to_owned(), provenance)];
        Tile {
            title: format!("Figure {}: {}", row.figure, row.what()),
            href: report,
            verdict: Some(verdict),
            lines: vec![Line { before: String::new(), verdict: verdict.name().into(), after, tone: tone(verdict) }],
            view: drawn.map(|drawn| View::Drawn(super::super::picture(drawn, out_dir))),
            links: wanted.into_iter().filter(|(_, href)| out_dir.join(href).exists()).collect(),
        }
    };
    Gallery { tiles: rows.iter().map(tile).collect() }
}

/// What the index says about the page.
fn page_summary(reproduction: &Reproduction, rows: &[Shown], lines: &[Line], out_dir: &Path) -> Summary {
    let first = rows.first().and_then(|row| row.input.figures.first());
    Summary {
        title: "The paper reproduced".into(),
        name: "reproduction".into(),
        profile: reproduction.profile.into(),
        verdict: rows.iter().map(Shown::verdict).max().map(|verdict| verdict.name().into()),
        lines: Summary::lines(lines),
        picture: first.and_then(|drawn| super::super::link(drawn, out_dir)),
    }
}

/// The counts in words.
fn headlines(reproduction: &Reproduction) -> Vec<Vec<Inline>> {
    let mut items = vec![profile(reproduction)];
    items.extend(tally(reproduction.computed, "This run"));
    items.extend(tally(reproduction.kept, "Kept results (not computed by this run)"));
    items
}

fn profile(reproduction: &Reproduction) -> Vec<Inline> {
    let says = match reproduction.profile {
        "paper" => ": each experiment in the profile with the paper's settings, if it has one.",
        _ => {
            ": few seeds, less than an hour on two cores in total. Toy data aim at the published numbers. Images, \
             speech and search use synthetic data where the paper's data are not found."
        }
    };
    vec![Inline::Plain("Profile ".into()), Inline::Code(reproduction.profile.into()), Inline::Plain(says.into())]
}

fn tally(inputs: &[ReportInput], who: &str) -> Option<Vec<Inline>> {
    let all = shown(inputs);
    let claims: Vec<&ClaimCheck> = all.iter().flat_map(Shown::claims).collect();
    let points = all.iter().flat_map(|shown| shown.comparisons()).flat_map(PanelComparison::judged);
    let counts = Verdict::counts(points.map(|point| point.verdict));
    let total: usize = counts.values().sum();
    let parts: Vec<String> =
        Verdict::ALL.iter().filter_map(|v| Some(format!("{} {}", counts.get(v)?, v.name()))).collect();
    if total == 0 {
        return None;
    }
    let of = |side: fn(&ClaimCheck) -> &ClaimResult| {
        claims.iter().filter(|claim| *side(claim) == ClaimResult::Holds).count()
    };
    Some(vec![
        Inline::Strong(who.into()),
        Inline::Plain(format!(
            ": of {} claims checked, {} hold on ours and {} on the published numbers; of {total} points, {}.",
            claims.len(),
            of(OURS),
            of(PUBLISHED),
            enumerate(&parts)
        )),
    ])
}

fn data_line(input: &ReportInput, out_dir: &Path) -> Vec<Inline> {
    let mut data: Vec<String> = Vec::new();
    let settings = input.plan.panels.iter().filter_map(Panel::settings);
    for of_panel in settings.map(|settings| input.plan.task.data_in_words(settings)) {
        if !data.contains(&of_panel) {
            data.push(of_panel);
        }
    }
    let name = match input.plan.figures.as_slice() {
        [] => input.plan.title.clone(),
        [one] => format!("Figure {one}"),
        several => format!("Figures {}", enumerate(several)),
    };
    let mut line = vec![Inline::Strong(name), Inline::Plain(format!(": {}. ", data.join("; ")))];
    line.extend(report_of(input, out_dir).map(|href| Inline::Link { text: "Report".into(), href }));
    line
}

/// Adds the table, and the reasons for missing verdicts.
fn figures(rows: &[Shown], reproduction: &Reproduction, out_dir: &Path, document: &mut Document) {
    let mut table = Table::new(&[
        "figure",
        "shows",
        "verdict",
        "points",
        "#largest difference",
        "#our claims",
        "#published",
        "from",
        "data",
    ]);
    let mut reasons: Vec<(&str, Vec<&str>)> = Vec::new();
    for shown in rows {
        table.row(vec![
            Cell::from(shown.figure).linked(report_of(shown.input, out_dir)),
            shown.what().into(),
            Cell::toned(shown.verdict().name(), tone(shown.verdict())),
            shown.counts().into(),
            shown.widest().into(),
            shown.holding(OURS),
            shown.holding(PUBLISHED),
            source(shown.input, reproduction).into(),
            shown.data().into(),
        ]);
        let Some(why) = shown.why() else { continue };
        match reasons.iter_mut().find(|(reason, _)| *reason == why) {
            Some((_, figures)) => figures.push(shown.figure),
            None => reasons.push((why, vec![shown.figure])),
        }
    }
    document.table(table);
    let line =
        |(reason, figures): (&str, Vec<&str>)| text(format!("No verdict on Figure {}: {reason}.", enumerate(&figures)));
    document.list(reasons.into_iter().map(line).collect());
    document.list(what_would_give_verdicts(rows, reproduction));
}

/// For figures without a verdict: the commands that give one, and the claims that hold on other data.
fn what_would_give_verdicts(rows: &[Shown], reproduction: &Reproduction) -> Vec<Vec<Inline>> {
    let mut items: Vec<(&Plan, Vec<&str>)> = Vec::new();
    for row in rows.iter().filter(|row| row.verdict() == Verdict::NotComparable) {
        // Kept results have no data to wait for.
        let own = reproduction.computed.iter().find(|own| own.plan.name == row.input.plan.name);
        let plan = own.unwrap_or(row.input).plan;
        match items.iter_mut().find(|(other, _)| std::ptr::eq(*other, plan)) {
            Some((_, figures)) => figures.push(row.figure),
            None => items.push((plan, vec![row.figure])),
        }
    }
    let line = |(plan, figures): (&Plan, Vec<&str>)| {
        let missing = plan.data_sets.iter().filter(|wanted| wanted.found.is_none());
        let mut commands: Vec<String> = missing.flat_map(|wanted| wanted.set.commands()).collect();
        if commands.is_empty() {
            return None;
        }
        commands.push(plan.command_elsewhere());
        let mut line = vec![Inline::Plain(format!("Figure {} has a verdict after ", enumerate(&figures)))];
        for (i, command) in commands.iter().enumerate() {
            line.extend((i > 0).then(|| Inline::Plain(", ".into())));
            line.push(Inline::Code(command.clone()));
        }
        line.push(Inline::Plain(format!(".{}", on_other_data(plan, reproduction))));
        Some(line)
    };
    items.into_iter().filter_map(line).collect()
}

/// ` On photosift 5 of 6 claims hold.`: kept results of the same experiment.
fn on_other_data(plan: &Plan, reproduction: &Reproduction) -> String {
    let same = reproduction.kept.iter().filter(|kept| kept.plan.name == plan.name);
    let sentence = |kept: &ReportInput| {
        let holding = kept.claims.iter().filter(|claim| claim.ours == ClaimResult::Holds).count();
        format!(" In results/{} {holding} of {} claims hold.", kept.plan.folder, kept.claims.len())
    };
    same.filter(|kept| !kept.claims.is_empty()).map(sentence).collect()
}

/// The table on the terminal.
pub(super) fn short(reproduction: &Reproduction) -> Table {
    let mut table = Table::new(&["figure", "shows", "verdict", "points", "our claims", "published", "from"]);
    for shown in rows(reproduction) {
        table.row(vec![
            shown.figure.into(),
            shown.what().into(),
            shown.verdict().name().into(),
            shown.counts().into(),
            shown.holding(OURS),
            shown.holding(PUBLISHED),
            source(shown.input, reproduction).into(),
        ]);
    }
    table
}

/// The figures by verdict, one line per verdict.
pub(super) fn answers(reproduction: &Reproduction) -> Vec<String> {
    answer(&rows(reproduction)).iter().map(Line::to_string).collect()
}

/// One line per claim that fails on the numbers of a figure's row: `Figure 4b: RVQ has the highest …: fails at 20 bits
/// (published: holds)`.
pub(super) fn broken(reproduction: &Reproduction) -> Vec<String> {
    let kept = shown(reproduction.kept);
    let mut lines = Vec::new();
    for shown in &rows(reproduction) {
        // Its own result is stated already.
        let others: Vec<Shown> =
            kept.iter().filter(|other| !std::ptr::eq(other.input.plan, shown.input.plan)).cloned().collect();
        for claim in shown.claims().filter(|claim| claim.ours != ClaimResult::Holds) {
            let (ours, published) = (outcome(&claim.ours, &claim.axis), outcome(&claim.published, &claim.axis));
            let elsewhere = elsewhere(claim, shown, &others).map_or(String::new(), |cell| format!("; {}", cell.text));
            let (figure, claim) = (shown.figure, &claim.text);
            lines.push(format!("Figure {figure}: {claim}: {} (published: {}{elsewhere}).", ours.text, published.text));
        }
    }
    lines
}

fn claims(reproduction: &Reproduction, document: &mut Document) {
    let own = shown(reproduction.computed);
    if own.iter().all(|shown| shown.claims().next().is_none()) {
        return;
    }
    document.section("The paper's claims");
    document.paragraph("Claims of the paper in our words. A failing claim names its bitrates (or T).");
    let kept: Vec<Shown> = shown(reproduction.kept);
    let mut table = Table::new(&["claim", "on", "published", "this run", "kept results"]);
    for shown in &own {
        for claim in shown.claims() {
            let name = shown
                .panels
                .iter()
                .find(|panel| panel.name == claim.panel)
                .map_or_else(|| format!("all panels together (Figure {})", shown.figure), |panel| panel_name(panel));
            table.row(vec![
                claim.text.as_str().into(),
                name.into(),
                outcome(&claim.published, &claim.axis),
                outcome(&claim.ours, &claim.axis),
                elsewhere(claim, shown, &kept).unwrap_or("–".into()),
            ]);
        }
    }
    document.table(table);
}

/// The results of a claim on kept results: `paper: holds; real-cifar10: fails at 12 bits`.
fn elsewhere(claim: &ClaimCheck, shown: &Shown, kept: &[Shown]) -> Option<Cell> {
    let same = |other: &&Shown| other.figure == shown.figure && other.input.plan.name == shown.input.plan.name;
    let found: Vec<(&str, Cell)> = kept
        .iter()
        .filter(same)
        .flat_map(|other| other.claims().map(move |c| (other.input.plan.folder.as_str(), c)))
        .filter(|(_, other)| (&other.text, &other.panel) == (&claim.text, &claim.panel))
        .map(|(folder, other)| (folder, outcome(&other.ours, &other.axis)))
        .collect();
    let tones: Vec<Tone> = found.iter().map(|(_, cell)| cell.tone).collect();
    let tone = tones.first().copied().filter(|first| tones.iter().all(|t| t == first)).unwrap_or(Tone::Neutral);
    let parts: Vec<String> = found.iter().map(|(folder, cell)| format!("{folder}: {}", cell.text)).collect();
    (!parts.is_empty()).then(|| Cell::toned(parts.join("; "), tone))
}

fn left_out(reproduction: &Reproduction, document: &mut Document) {
    if reproduction.left_out.is_empty() {
        return;
    }
    document.subsection("Experiments that were not run");
    let line = |(what, why): &(String, String)| text(format!("{what}: {why}"));
    document.list(reproduction.left_out.iter().map(line).collect());
}
