//! The plot of a group where no script runs: error over operations.

use super::{Entry, Explorer, Group, Scale, best, front};
use crate::complexity::Model;
use crate::figure::{Axis, Color, Dot, Figure, FigureError, fragment, number, pareto};

/// The operation count of the plots, as of the page's first view.
const COUNT: Model = Model::Corrected;

/// One plot per group; empty for a group without operation counts.
///
/// # Errors
/// [`FigureError`]
pub(super) fn plots(explorer: &Explorer) -> Result<Vec<String>, FigureError> {
    explorer.groups.iter().map(|group| plot(explorer, group)).collect()
}

fn plot(explorer: &Explorer, group: &Group) -> Result<String, FigureError> {
    let (chosen, on_front) = (best(group, &explorer.limits), front(group, &explorer.limits));
    let dot = |(place, entry): (usize, &Entry)| {
        let wmops = entry.wmops(COUNT)?;
        Some(Dot {
            label: entry.name.clone(),
            method: entry.method.clone(),
            color: {
                let [red, green, blue] = entry.color;
                Color(red, green, blue)
            },
            at: (wmops, group.value(entry)),
            name: format!("{}: {} {} at {} WMOPS", entry.name, group.error, group.shown(entry), number(wmops)),
            on_front: on_front[place],
            is_chosen: chosen == Some(place),
        })
    };
    let dots: Vec<Dot> = group.entries.iter().enumerate().filter_map(dot).collect();
    if dots.is_empty() {
        return Ok(String::new());
    }
    let is_positive = dots.iter().all(|dot| dot.at.1 > 0.0);
    let y = match group.scale {
        Scale::Power if is_positive => Axis::log(&group.error),
        _ => Axis::linear(&group.error),
    };
    let x = Axis::log("operations of encoding one vector (WMOPS)");
    fragment(&Figure::single(pareto("", [x, y], &dots)), &format!("{} over operations, {}", group.error, group.name))
}
