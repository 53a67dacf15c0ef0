//! The trade-off explorer in a browser chooses what the Rust rule, `recommend` and the report choose.

mod synthetic;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use synthetic::made::BROWSERS;
use vqlab::compare::tradeoff::{Ladder, Tradeoffs};
use vqlab::complexity::Model;
use vqlab::figure::draw_recommendation;
use vqlab::recommend::{Limits, Recommendation, Request, Watch, choose_sample, recommend_vectors};
use vqlab::report::explorer::{Budget, Explorer, Group, best, front};
use vqlab::report::{Asked, ReportInput, write, write_recommendation};
use vqlab::results::aggregate;

/// Random budgets for each page.
const BUDGETS: usize = 50;

fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("explorer").join(name);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// A group and a budget for it, each limit with the probability 1/2. Limits are between the costs of two entries, or one
/// of the costs, or too low.
fn random_budgets(explorer: &Explorer, seed: u64) -> Vec<(usize, Budget)> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..BUDGETS)
        .map(|_| {
            let group = rng.random_range(0..explorer.groups.len());
            let entries = &explorer.groups[group].entries;
            let model = Model::ALL[rng.random_range(0..3)];
            let mut limit = |cost: &dyn Fn(usize) -> Option<f64>| {
                let (at, scale) = (rng.random_range(0..entries.len()), rng.random_range(0.4..2.5));
                let cost = cost(at)?;
                rng.random_bool(0.5).then(|| if rng.random_bool(0.3) { cost } else { cost * scale })
            };
            let budget = Budget {
                bits: limit(&|i| Some(f64::from(entries[i].bits))).map(|bits| bits.ceil() as u32),
                wmops: limit(&|i| entries[i].wmops(model)),
                ms: limit(&|i| entries[i].ms),
                codebook_bytes: limit(&|i| Some(entries[i].codebook_bytes as f64)),
                model,
            };
            (group, budget)
        })
        .collect()
}

/// What the explorer of a page chooses for each budget, and without each of its limits. The page gets another script
/// that writes the answers of the page's own functions into it.
fn in_browser(page: &Path, budgets: &[(usize, Budget)], hash: &str) -> Browsed {
    let asked: Vec<Value> = budgets
        .iter()
        .map(|(group, budget)| {
            json!({ "group": group, "bits": budget.bits, "wmops": budget.wmops, "ms": budget.ms,
                "bytes": budget.codebook_bytes, "count": budget.model.name() })
        })
        .collect();
    let script = format!(
        "<script>\nconst explorer = document.querySelector('.explorer').explorer;\n\
         const answers = {}.map((asked) => {{\n  const group = explorer.data.groups[asked.group];\n  \
         return {{ choice: explorer.best(group, asked), prices: explorer.prices(group, asked),\n    \
         front: explorer.front(group, asked, 'wmops').sort((a, b) => a - b) }};\n}});\n\
         const place = document.createElement('pre');\nplace.id = 'answers';\n\
         place.textContent = JSON.stringify(answers);\ndocument.body.append(place);\n</script>\n</body>",
        Value::from(asked)
    );
    let html = std::fs::read_to_string(page).unwrap().replace("</body>", &script);
    let copy = page.with_file_name("asked.html");
    std::fs::write(&copy, html).unwrap();
    let found = BROWSERS.into_iter().find_map(|browser| {
        let profile = tempfile::tempdir().unwrap();
        Command::new(browser)
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=5000", "--dump-dom"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg(format!("file://{}{hash}", copy.display()))
            .output()
            .ok()
    });
    let dump = String::from_utf8(found.expect("a browser").stdout).unwrap();
    let between = |begin: &str, end: &str| {
        let rest = dump.split_once(begin).unwrap_or_else(|| panic!("{begin} is not in {dump}")).1;
        rest.split_once(end).unwrap().0.to_string()
    };
    let answers: Value = serde_json::from_str(&between("<pre id=\"answers\">", "</pre>")).unwrap();
    let output = between("<output aria-live=\"polite\">", "</output>");
    Browsed { answers: answers.as_array().unwrap().clone(), output, dump }
}

struct Browsed {
    answers: Vec<Value>,
    output: String,
    dump: String,
}

/// The answers of the browser are those of the Rust rule: the choice, the front, and the choice without each limit.
fn agrees(explorer: &Explorer, budgets: &[(usize, Budget)], browsed: &Browsed) {
    assert_eq!(browsed.answers.len(), budgets.len());
    let place = |value: &Value| value.as_u64().map(|place| place as usize);
    for ((group, budget), answer) in budgets.iter().zip(&browsed.answers) {
        let group = &explorer.groups[*group];
        assert_eq!(place(&answer["choice"]), best(group, budget), "{}: {budget:?}", group.name);
        let marks = front(group, budget);
        let marked: Vec<_> = (0..marks.len()).filter(|i| marks[*i]).map(Some).collect();
        let drawn: Vec<_> = answer["front"].as_array().unwrap().iter().map(place).collect();
        assert_eq!(drawn, marked, "{}: {budget:?}", group.name);
        let free = [
            ("bits", budget.bits.map(|_| Budget { bits: None, ..*budget })),
            ("wmops", budget.wmops.map(|_| Budget { wmops: None, ..*budget })),
            ("ms", budget.ms.map(|_| Budget { ms: None, ..*budget })),
            ("bytes", budget.codebook_bytes.map(|_| Budget { codebook_bytes: None, ..*budget })),
        ];
        let free: Vec<_> = free.into_iter().filter_map(|(name, budget)| Some((name, best(group, &budget?)))).collect();
        let prices = answer["prices"].as_array().unwrap().iter();
        let prices: Vec<_> = prices.map(|p| (p["name"].as_str().unwrap(), place(&p["choice"]))).collect();
        assert_eq!(prices, free, "{}: {budget:?}", group.name);
    }
}

/// The report's choice: of the bitrates within the budget, the best method that the report's ladder has for the
/// operations.
fn by_ladders(ladders: &[Ladder], panel: &str, budget: &Budget) -> Option<String> {
    let within = |ladder: &&Ladder| ladder.panel == panel && budget.bits.is_none_or(|most| ladder.at <= most);
    let steps = ladders.iter().filter(within).filter_map(|ladder| {
        let mut steps = ladder.steps[budget.model as usize].iter();
        let step = steps.rfind(|s| budget.wmops.is_none_or(|most| 10f64.powf(s.log10_wmops) <= most))?;
        Some((step.error, format!("{}, {} bits", step.contender.label(), ladder.at)))
    });
    steps.min_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, name)| name)
}

#[test]
#[cfg_attr(not(has_chromium), ignore = "needs Chromium")]
fn an_experiment_page_chooses_what_its_report_does() {
    let plan = synthetic::toy();
    let records = synthetic::records(&plan, 0);
    let aggregates = aggregate(&plan, &records);
    let tradeoffs = Tradeoffs::new(&plan, &aggregates);
    let input = ReportInput {
        files: None,
        plan: &plan,
        aggregates: &aggregates,
        records: &records,
        comparisons: &[],
        claims: &[],
        tradeoffs: &tradeoffs,
        figures: &[],
    };
    let [html, markdown] = write(&input, &folder("experiment")).unwrap();
    let explorer = Explorer::of_experiment(&plan, &tradeoffs, &aggregates).unwrap();
    assert_eq!(explorer.groups.iter().map(|g| g.entries.len()).collect::<Vec<_>>(), [24, 24]);

    let budgets = random_budgets(&explorer, 1);
    let browsed = in_browser(&html, &budgets, "#data=uncorrelated&bits=20&wmops=1&count=lookup");
    agrees(&explorer, &budgets, &browsed);
    let chosen = |budget: &Budget, group: &Group| best(group, budget).map(|place| group.entries[place].name.clone());
    let mut compared = 0;
    for (group, budget) in &budgets {
        let group = &explorer.groups[*group];
        if budget.codebook_bytes.is_none() {
            assert_eq!(chosen(budget, group), by_ladders(&tradeoffs.ladders, &group.key, budget), "{budget:?}");
            compared += 1;
        }
    }
    assert!(compared > 10, "{compared}");

    // The link's settings are used.
    let budget = Budget { bits: Some(20), wmops: Some(1.0), model: Model::Lookup, ..Budget::default() };
    let name = chosen(&budget, &explorer.groups[1]).unwrap();
    assert!(browsed.output.starts_with(&format!("Choice: {name}: MSE ")), "{}", browsed.output);
    assert!(browsed.dump.contains("Without the limit of 20 bits: ") && browsed.dump.contains("The next 1 dB"));
    assert!(browsed.dump.contains("class=\"ring\"") && browsed.dump.contains("<tr class=\"choice\""));

    // Without the script, the page and its Markdown have the choice and the front.
    let page = std::fs::read_to_string(html).unwrap();
    let static_name = chosen(&Budget::default(), &explorer.groups[0]).unwrap();
    assert!(page.contains(&format!("Choice: {static_name}: MSE ")) && page.contains("<tr class=\"front\""));
    assert!(std::fs::read_to_string(markdown).unwrap().contains(&format!("Choice: {static_name}: MSE ")));
}

/// n × 8: sums of three factors and some noise.
fn vectors(n: usize) -> Vec<f32> {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let mut draw = || (0..6).map(|_| rng.random_range(-1.0f32..1.0)).sum::<f32>();
    let mixing: Vec<f32> = (0..24).map(|_| draw()).collect();
    let row = |_| {
        let factors = [4.0 * draw(), 2.0 * draw(), draw()];
        (0..8).map(|i| 0.1 * draw() + (0..3).map(|f| factors[f] * mixing[8 * f + i]).sum::<f32>()).collect::<Vec<_>>()
    };
    (0..n).flat_map(row).collect()
}

fn recommendation(limits: Limits) -> Recommendation {
    let all = vectors(1200);
    let request = Request {
        bits: vec![8, 12],
        limits,
        sample: 1200,
        budget: Duration::from_secs(600),
        updates: Some(30),
        jobs: 2,
        seed: 1,
    };
    let read = |_: usize, row: usize, out: &mut [f32]| {
        out.copy_from_slice(&all[row * 8..][..8]);
        Ok::<(), ()>(())
    };
    let sampled = choose_sample(1200, 8, &request).unwrap().gather(8, read).unwrap();
    let stop = AtomicBool::new(false);
    recommend_vectors(sampled, None, None, &request, &Watch { stop: &stop, progress: &|_| () }).unwrap()
}

#[test]
#[cfg_attr(not(has_chromium), ignore = "needs Chromium")]
fn a_recommendation_page_chooses_what_recommend_does() {
    let found = recommendation(Limits { codebook_bytes: Some(6000), ..Limits::default() });
    let out = folder("recommendation");
    let drawn = draw_recommendation(&found, &out, &[]).unwrap();
    let asked = Asked { data: Path::new("factors.npy"), budget: Duration::from_secs(60) };
    let page = write_recommendation(&found, &asked, &drawn, &out).unwrap();
    let explorer = Explorer::of_recommendation(&found);
    let label = |place: usize| found.candidates[place].label();

    // The page starts with the choice of the request.
    for (group, choice) in explorer.groups.iter().zip(&found.choices) {
        let own = best(group, &explorer.limits).map(|place| group.entries[place].name.clone());
        assert_eq!(own, choice.chosen.map(label));
    }
    let budgets = random_budgets(&explorer, 2);
    let browsed = in_browser(&page, &budgets, "#bits=12");
    agrees(&explorer, &budgets, &browsed);
    assert!(explorer.groups.iter().flat_map(|g| &g.entries).any(|entry| !entry.alike.is_empty()));

    let mut names: HashMap<String, usize> = HashMap::new();
    for ((group, budget), answer) in budgets.iter().zip(&browsed.answers) {
        let group = &explorer.groups[*group];
        // The limits of `recommend` are on the count with all stages. Bits are those of the group.
        if budget.model != Model::Corrected || budget.bits.is_some_and(|most| most < group.entries[0].bits) {
            continue;
        }
        let limits = Limits {
            wmops: budget.wmops,
            ms_per_vector: budget.ms,
            codebook_bytes: budget.codebook_bytes.map(|bytes| bytes as usize),
        };
        let chosen = found.choice_within(group.entries[0].bits, &limits).chosen.map(label);
        let own = answer["choice"].as_u64().map(|place| group.entries[place as usize].name.clone());
        assert_eq!(own, chosen, "{limits:?}");
        *names.entry(chosen.unwrap_or_default()).or_default() += 1;
    }
    assert!(names.len() > 2, "{names:?}");
    let start = found.choices[1].chosen.map(label).unwrap();
    assert!(browsed.output.starts_with(&format!("Choice: {start}: MSE ")), "{}", browsed.output);
}
