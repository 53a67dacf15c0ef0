//! Audio excerpts: the originals and the decoded speech, in players.
//!
//! The WAV files stay in the results folder. If the Opus tools are installed, the players take compressed copies beside the
//! report. The container is Ogg: Safari plays it since 18.4, the other browsers for longer; a browser that does not play it
//! takes the WAV file, which is the second source of each player.

use std::path::{Component, Path};

use super::{head, method_name, panels, settings, target};
use crate::report::ReportInput;
use crate::report::document::{Block, Clip, Clips, Document};
use crate::report::format::enumerate;
use crate::results::{shown_cells, write_atomic};
use crate::spec::{self, Panel, PlannedPoint, SpeechSettings};
use crate::speech::{EXCERPTS, LISTENING_BITRATE, Opus, excerpt_name, opus_name, original_name};

/// The folder of the compressed copies, beside the report.
const COPIES: &str = "audio";

/// Adds the decoded first test utterances. With `opus`, the players take compressed copies.
pub(super) fn excerpts(input: &ReportInput, out_dir: &Path, opus: Option<&Opus>, document: &mut Document) {
    let Some(folder) = input.files else { return };
    let shelf = Shelf { folder, link: relative(out_dir, folder) };
    let of_panel = |panel| {
        let audible = Audible::new(panel, input)?;
        let blocks: Vec<Clips> = (0..EXCERPTS).flat_map(|i| shelf.excerpt(&audible, i)).collect();
        (!blocks.is_empty()).then_some((panel, audible, blocks))
    };
    let mut found: Vec<(&Panel, Audible, Vec<Clips>)> = panels(input).filter_map(of_panel).collect();
    if found.is_empty() {
        return;
    }
    let clips = found.iter_mut().flat_map(|(.., blocks)| blocks).flat_map(|group| &mut group.clips);
    let played = match opus {
        Some(opus) => match compress(clips, folder, out_dir, opus) {
            Ok(()) => format!(
                "The players take copies in Ogg Opus at {} kbit/s ({}). The links lead to the WAV files, which have no \
                 such loss.",
                target(LISTENING_BITRATE),
                opus.version()
            ),
            Err(error) => format!("Not all WAV files have a compressed copy: {error}."),
        },
        None => "The players take the WAV files: opusenc and opusdec were not installed when this report was \
                 written."
            .into(),
    };
    document.section("To listen to");
    document.paragraph(format!(
        "Excerpts of test utterances: the originals, the decoded speech of each method at each bitrate (first seed), and \
         Opus at the same target bitrates if it was installed. {played}"
    ));
    for (panel, audible, blocks) in found {
        head(input, panel, document);
        document.blocks.extend(blocks.into_iter().map(Block::Clips));
        if audible.settings.data.digest.is_some() && !input.plan.attributions.is_empty() {
            document.paragraph(format!("{}.", enumerate(&input.plan.attributions).trim_end_matches('.')));
        }
    }
}

/// Writes compressed copies of the clips' files in `folder`, and links them. The first error ends it.
fn compress<'a>(
    clips: impl Iterator<Item = &'a mut Clip>,
    folder: &Path,
    out_dir: &Path,
    opus: &Opus,
) -> Result<(), Box<dyn std::error::Error>> {
    for clip in clips {
        let name = clip.link.rsplit('/').next().unwrap_or(&clip.link);
        let copy = Path::new(name).with_extension("opus");
        write_atomic(&out_dir.join(COPIES).join(&copy), &opus.to_listen_to(&folder.join(name))?)?;
        clip.compressed = Some(format!("{COPIES}/{}", copy.display()));
    }
    Ok(())
}

/// The excerpts of one panel.
struct Audible<'a> {
    settings: &'a SpeechSettings,
    cells: Vec<(&'a PlannedPoint, &'a spec::Cell)>,
    /// In bit/s.
    bitrates: &'a [u32],
}

impl<'a> Audible<'a> {
    /// `None` if no cell is done.
    fn new(panel: &'a Panel, input: &ReportInput) -> Option<Self> {
        let (settings, cells) = (settings(panel)?, shown_cells(panel, input.records));
        (!cells.is_empty()).then_some(Audible { settings, cells, bitrates: &panel.measured_at })
    }
}

/// The folder of the excerpts.
struct Shelf<'a> {
    folder: &'a Path,
    /// The folder as seen from the report.
    link: String,
}

impl Shelf<'_> {
    /// A missing file has no clip.
    fn clip(&self, label: &str, name: &str) -> Option<Clip> {
        let is_there = self.folder.join(name).is_file();
        let link = || format!("{}/{name}", self.link);
        is_there.then(|| Clip { label: label.into(), link: link(), compressed: None })
    }

    /// One excerpt at all bitrates. Empty if all of its files are missing.
    fn excerpt(&self, audible: &Audible, i: usize) -> Vec<Clips> {
        let data = &audible.settings.data;
        let has_bits = audible.cells.iter().any(|(point, _)| point.bits != audible.cells[0].0.bits);
        let group = |title: String, clips: Vec<Option<Clip>>| {
            let clips: Vec<Clip> = clips.into_iter().flatten().collect();
            (!clips.is_empty()).then_some(Clips { title, clips })
        };
        let number = i + 1;
        let original = vec![self.clip("original", &original_name(data, i))];
        let mut blocks: Vec<Clips> = group(format!("Excerpt {number}"), original).into_iter().collect();
        for &bitrate in audible.bitrates {
            let coded = audible.cells.iter().map(|(point, cell)| {
                let bits = if has_bits { format!(", {} bits", point.bits) } else { String::new() };
                let label = format!("{}{bits}", method_name(point));
                self.clip(&label, &excerpt_name(&cell.key(), bitrate, i))
            });
            let mut clips: Vec<Option<Clip>> = coded.collect();
            clips.push(self.clip("Opus", &opus_name(data, bitrate, i)));
            blocks.extend(group(format!("Excerpt {number}, {} kbit/s", target(bitrate)), clips));
        }
        blocks
    }
}

/// The path of a folder as seen from another one, with forward slashes.
fn relative(from: &Path, to: &Path) -> String {
    let parts = |path: &Path| -> Vec<String> {
        let parts = path.components().filter(|part| *part != Component::CurDir);
        parts.map(|part| part.as_os_str().to_string_lossy().into_owned()).collect()
    };
    let (from, to) = (parts(from), parts(to));
    let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let up = std::iter::repeat_n("..", from.len() - shared);
    up.chain(to[shared..].iter().map(String::as_str)).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_as_seen_from_the_report() {
        let seen = |from: &str, to: &str| relative(Path::new(from), Path::new(to));
        assert_eq!(seen("reports/real", "results/real/audio/speech"), "../../results/real/audio/speech");
        assert_eq!(seen("/tmp/x/reports/a", "/tmp/x/results/a/audio"), "../../results/a/audio");
        assert_eq!(seen("./reports", "reports/audio"), "audio");
    }
}
