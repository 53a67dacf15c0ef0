//! An explorer as a fragment of HTML, and its fronts as tables for Markdown.

use std::fmt::Write as _;

use super::{Budget, By, Entry, Explorer, Group, best, front};
use crate::complexity::Model;
use crate::number::short;
use crate::report::document::{Cell, Table};
use crate::report::format::significant;
use crate::report::html::escape;

/// The style of explorers, once a page.
pub(in crate::report) const STYLE: &str = include_str!("explorer.css");
/// The script of explorers, once a page, at its end.
pub(in crate::report) const SCRIPT: &str = include_str!("explorer.js");

/// A count with its name in links and its name for readers, in the order of the columns.
const COUNTS: [(Model, &str); 3] =
    [(Model::Corrected, "all stages"), (Model::Published, "paper's"), (Model::Lookup, "look-up")];

/// The class by which the page's style sheet makes cards of a table in a narrow place.
const CARDS: &str = "w54";

/// The explorer as a section with this id. The form is hidden until the script shows it. The script replaces the plots,
/// one per group.
pub(in crate::report) fn html(explorer: &Explorer, plots: &[String], id: &str) -> String {
    let mut out = format!("<section class=\"explorer\" id=\"{id}\" aria-label=\"Trade-off explorer\">\n");
    out.push_str(&form(explorer, id));
    out.push_str("<p><output aria-live=\"polite\"></output></p>\n<ul class=\"price\" hidden=\"\"></ul>\n");
    out.push_str("<div class=\"place\" hidden=\"\"></div>\n");
    let columns = Columns::of(explorer);
    for (group, plot) in explorer.groups.iter().zip(plots) {
        let plot = match plot.is_empty() {
            true => String::new(),
            false => format!(
                "<div class=\"plot\">\n{plot}\n</div>\n<p class=\"note\">Each dot is a quantizer. The gray line joins \
                 those that no other one beats in both error and operations. The vertical line marks the choice.</p>\n"
            ),
        };
        let _ = writeln!(
            out,
            "<div class=\"group\">\n<h3>{}</h3>\n<div class=\"static\">\n<p>{}</p>\n{plot}</div>\n{}</div>",
            escape(&group.name),
            escape(&sentence(group, &explorer.limits)),
            columns.html(group, &explorer.limits)
        );
    }
    let (note, data) = (escape(&explorer.note), encode(&explorer.json().to_string()));
    let _ = writeln!(
        out,
        "<p class=\"note\">{note} <a class=\"data\" download=\"trade-offs.json\" \
         href=\"data:application/json;charset=utf-8,{data}\">These numbers as JSON</a></p>\n</section>"
    );
    out
}

/// The text in an address of a link, so that XML and browsers read it as it is.
fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'{' | b'}' | b'[' | b']' | b':' | b',' | b'.' | b'_' | b'-' => {
                out.push(char::from(byte));
            }
            _ => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

/// The controls.
fn form(explorer: &Explorer, id: &str) -> String {
    let mut controls = String::new();
    let groups: Vec<(String, String)> =
        explorer.groups.iter().map(|group| (group.key.clone(), group.name.clone())).collect();
    match explorer.by {
        By::Data => {
            if groups.len() > 1 {
                controls.push_str(&select("data", "Data", &groups));
            }
            let mut bits: Vec<u32> = explorer.entries().map(|entry| entry.bits).collect();
            bits.sort_unstable();
            bits.dedup();
            let bits = bits.iter().map(|bits| (bits.to_string(), bits.to_string()));
            let limits: Vec<_> = std::iter::once((String::new(), "no limit".to_owned())).chain(bits).collect();
            controls.push_str(&select("bits", "Bits at most", &limits));
        }
        By::Bits => controls.push_str(&select("bits", "Bits", &groups)),
    }
    let counts = COUNTS.map(|(model, name)| (model.name().to_owned(), name.to_owned()));
    controls.push_str(&select("count", "Operation count", &counts));
    let wmops: Vec<f64> = explorer.entries().flat_map(|entry| entry.wmops.into_iter().flatten()).collect();
    controls.push_str(&limit(id, "wmops", "WMOPS at most", &wmops));
    let ms: Vec<f64> = explorer.entries().filter_map(|entry| entry.ms).collect();
    if !ms.is_empty() {
        controls.push_str(&limit(id, "ms", "ms at most", &ms));
    }
    let sizes: Vec<f64> = explorer.entries().map(kib).collect();
    controls.push_str(&limit(id, "kib", "Codebook KiB at most", &sizes));
    let mut axes = vec![("wmops", "operations")];
    axes.extend(matches!(explorer.by, By::Data).then_some(("bits", "bits")));
    axes.extend((!ms.is_empty()).then_some(("ms", "time")));
    axes.push(("kib", "codebook size"));
    let axes: Vec<_> = axes.iter().map(|(key, name)| ((*key).to_owned(), (*name).to_owned())).collect();
    controls.push_str(&select("over", "Plot error over", &axes));
    format!(
        "<form hidden=\"\">\n{controls}<label class=\"check\"><input type=\"checkbox\" name=\"all\" /> Table of all \
         quantizers</label>\n<button type=\"reset\">Reset</button>\n</form>\n"
    )
}

fn select(name: &str, label: &str, options: &[(String, String)]) -> String {
    let option =
        |(value, text): &(String, String)| format!("<option value=\"{}\">{}</option>", escape(value), escape(text));
    let options: String = options.iter().map(option).collect();
    format!("<label>{label} <select name=\"{name}\">{options}</select></label>\n")
}

/// A field for a limit, which suggests the costs of the entries.
fn limit(id: &str, name: &str, label: &str, costs: &[f64]) -> String {
    let mut costs: Vec<f64> = costs.iter().map(|cost| round_up(*cost)).collect();
    costs.sort_by(f64::total_cmp);
    costs.dedup();
    let options: String = costs.iter().map(|cost| format!("<option value=\"{cost}\"></option>")).collect();
    format!(
        "<label>{label} <input type=\"number\" name=\"{name}\" min=\"0\" step=\"any\" placeholder=\"no limit\" \
         list=\"{id}-{name}\" /></label>\n<datalist id=\"{id}-{name}\">{options}</datalist>\n"
    )
}

/// The value with three significant digits, rounded up, so that a limit of this value includes it.
fn round_up(value: f64) -> f64 {
    if value <= 0.0 || !value.is_finite() {
        return value;
    }
    let unit = 10f64.powf(value.log10().floor() - 2.0);
    let rounded = |steps: f64| short(steps * unit).parse::<f64>().unwrap_or(value);
    let steps = (value / unit).ceil();
    [rounded(steps), rounded(steps + 1.0)].into_iter().find(|candidate| *candidate >= value).unwrap_or(value)
}

fn kib(entry: &Entry) -> f64 {
    entry.codebook_bytes as f64 / 1024.0
}

/// `Choice: AVQ, 24 bits, with MSE 1.234 ± 0.002, 0.5000 WMOPS and 16.00 KiB of codebooks.`
fn sentence(group: &Group, budget: &Budget) -> String {
    let Some(entry) = best(group, budget).map(|place| &group.entries[place]) else {
        return "No quantizer is within the budgets.".into();
    };
    let mut costs: Vec<String> = Vec::new();
    costs.extend(entry.wmops(budget.model).map(|value| format!("{} WMOPS", significant(value))));
    costs.extend(entry.ms.map(|value| format!("{} ms", significant(value))));
    let (name, error, shown, size) = (&entry.name, &group.error, group.shown(entry), significant(kib(entry)));
    format!("Choice: {name}: {error} {shown}, {}, {size} KiB of codebooks.", costs.join(", "))
}

/// The columns of the tables.
struct Columns {
    has_time: bool,
}

impl Columns {
    fn of(explorer: &Explorer) -> Self {
        Self { has_time: explorer.entries().any(|entry| entry.ms.is_some()) }
    }

    /// Titles; `#` marks numbers.
    fn titles(&self, group: &Group) -> Vec<String> {
        let mut titles = vec!["quantizer".to_owned(), "standing".into(), "#bits".into(), format!("#{}", group.error)];
        titles.extend(COUNTS.map(|(_, name)| format!("#WMOPS ({name})")));
        titles.extend(self.has_time.then(|| "#ms".to_owned()));
        titles.push("#codebook KiB".into());
        titles
    }

    fn cells(&self, group: &Group, entry: &Entry, standing: &str) -> Vec<String> {
        let optional = |value: Option<f64>| value.map_or("–".into(), significant);
        let mut cells = vec![entry.name.clone(), standing.into(), entry.bits.to_string(), group.shown(entry)];
        cells.extend(COUNTS.map(|(model, _)| optional(entry.wmops(model))));
        cells.extend(self.has_time.then(|| optional(entry.ms)));
        cells.push(significant(kib(entry)));
        cells
    }

    fn html(&self, group: &Group, budget: &Budget) -> String {
        let titles = self.titles(group);
        let class = |title: &str| if title.starts_with('#') { " class=\"n\"" } else { "" };
        let bare = |title: &str| escape(title.trim_start_matches('#'));
        let heads: String =
            titles.iter().map(|title| format!("<th scope=\"col\"{}>{}</th>", class(title), bare(title))).collect();
        let mut rows = String::new();
        for (place, standing) in standings(group, budget) {
            let entry = &group.entries[place];
            let cells = self.cells(group, entry, standing);
            let cells = cells
                .iter()
                .zip(&titles)
                .map(|(cell, title)| format!("<td{} data-t=\"{}\">{}</td>", class(title), bare(title), escape(cell)));
            let cells: String = cells.collect();
            let class = standing.split(' ').next().unwrap_or_default();
            let _ = writeln!(rows, "<tr class=\"{class}\" data-i=\"{place}\">{cells}</tr>");
        }
        format!(
            "<div class=\"wide\"><table class=\"{CARDS} sorted\">\n<thead><tr>{heads}</tr></thead>\n<tbody>\n\
             {rows}</tbody></table></div>\n"
        )
    }
}

/// The entries by bits and error, with what they are.
fn standings<'a>(group: &Group, budget: &'a Budget) -> Vec<(usize, &'a str)> {
    let (chosen, on_front) = (best(group, budget), front(group, budget));
    let mut order: Vec<usize> = (0..group.entries.len()).collect();
    let entry = |place: usize| &group.entries[place];
    order.sort_by(|a, b| entry(*a).bits.cmp(&entry(*b).bits).then(entry(*b).error.total_cmp(&entry(*a).error)));
    let standing = |place: usize| match () {
        () if chosen == Some(place) => "choice",
        () if on_front[place] => "front",
        () if !budget.allows(entry(place)) => "over a budget",
        () => "",
    };
    order.into_iter().map(|place| (place, standing(place))).collect()
}

/// The choice and the front of each group: a sentence and a table.
pub(in crate::report) fn tables(explorer: &Explorer) -> Vec<(String, Table)> {
    let columns = Columns::of(explorer);
    let of_group = |group: &Group| {
        let mut table = Table::new(&columns.titles(group));
        for (place, standing) in standings(group, &explorer.limits) {
            if ["choice", "front"].contains(&standing) {
                let cells = columns.cells(group, &group.entries[place], standing);
                table.row(cells.into_iter().map(Cell::from).collect());
            }
        }
        (format!("{}. {}", group.name, sentence(group, &explorer.limits)), table)
    };
    explorer.groups.iter().map(of_group).collect()
}

impl Explorer {
    fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.groups.iter().flat_map(|group| &group.entries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::explorer::tests::group;

    fn explorer(groups: Vec<Group>) -> Explorer {
        Explorer { note: "A & b.".into(), by: By::Data, groups, limits: Budget::default() }
    }

    #[test]
    fn the_fragment_is_well_formed_and_holds_the_numbers() {
        let explorer = explorer(vec![group(&[(8, 1.0, 9.0), (12, 2.0, 5.0), (12, 4.0, 6.0)]), group(&[])]);
        let html = html(&explorer, &crate::report::explorer::plot::plots(&explorer).unwrap(), "x");
        let tree = roxmltree::Document::parse(&html).unwrap();
        let row = |class: &str| tree.descendants().filter(|n| n.attribute("class") == Some(class)).count();
        assert_eq!([row("choice"), row("front"), row("over"), row("group")], [1, 1, 0, 2]);
        let form = tree.descendants().find(|n| n.has_tag_name("form")).unwrap();
        let labels = form.descendants().filter(|n| n.has_tag_name("select") || n.has_tag_name("input"));
        assert!(labels.clone().count() == 7 && labels.clone().all(|n| n.parent().unwrap().has_tag_name("label")));
        let link = tree.descendants().find(|n| n.attribute("class") == Some("data")).unwrap();
        let data = link.attribute("href").unwrap().split_once(',').unwrap().1;
        assert_eq!(decode(data), explorer.json().to_string());
        assert!(html.contains("Choice: RVQ &lt;12&gt;: MSE 5.000 ± 0.10, 2.000 WMOPS, 0.9766 KiB of codebooks."));
        assert!(html.contains("No quantizer is within the budgets."));
        // Three dots and their front, for pages without the script. The empty group has no plot.
        let plots: Vec<_> = tree.descendants().filter(|n| n.attribute("class") == Some("plot")).collect();
        let titles = |n: &roxmltree::Node| n.descendants().filter(|n| n.has_tag_name("title")).count();
        assert_eq!((plots.len(), titles(&plots[0])), (1, 3));
        assert!(html.contains("<title>RVQ &lt;12&gt;: MSE 5.000 ± 0.10 at 2 WMOPS</title>"), "{html}");
    }

    fn decode(text: &str) -> String {
        let mut bytes = Vec::new();
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let (byte, length) = match c {
                '%' => (u8::from_str_radix(&rest[1..3], 16).unwrap(), 3),
                c => (c as u8, 1),
            };
            bytes.push(byte);
            rest = &rest[length..];
        }
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn markdown_has_the_front() {
        let tables = tables(&explorer(vec![group(&[(8, 1.0, 9.0), (12, 2.0, 5.0), (12, 4.0, 6.0)])]));
        let names: Vec<&str> = tables[0].1.rows.iter().map(|row| row[0].text.as_str()).collect();
        assert_eq!(names, ["RVQ <8>", "RVQ <12>"]);
        assert!(tables[0].0.starts_with("a & b. Choice: RVQ <12>"));
    }

    /// XML would read both as markup.
    #[test]
    fn the_script_has_no_character_of_markup() {
        assert!(!SCRIPT.contains(['<', '&']) && !STYLE.contains(['<', '&']));
    }

    #[test]
    fn suggested_limits_include_their_quantizers() {
        for value in [0.123456, 1.0, 999.9, 1234.0, 0.5, 3.1e-7, 0.1 + 0.2] {
            let limit = round_up(value);
            assert!(limit >= value && limit <= 1.011 * value, "{value} {limit}");
        }
        assert_eq!([round_up(0.0), round_up(12.01)], [0.0, 12.1]);
    }
}
