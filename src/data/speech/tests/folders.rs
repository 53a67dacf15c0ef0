//! Folders, their parts and speakers, and synthetic sets.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::flac::flac;
use super::*;
use crate::data::choice::tests::check_made;
use crate::data::{Run, make};

fn names(utterances: &[Utterance]) -> Vec<String> {
    utterances.iter().map(|utterance| utterance.name.clone()).collect()
}

fn speakers(utterances: &[Utterance]) -> Vec<String> {
    utterances.iter().map(|utterance| utterance.speaker.clone()).collect()
}

/// A folder in the layout of LibriSpeech, with other files beside.
fn libri() -> Folder {
    let folder = Folder::new();
    for name in ["train-clean/19/198/19-198-0010", "train-clean/19/198/19-198-0009", "train-other/7/2/7-2-0000"] {
        folder.put(&format!("{name}.wav"), &second(name));
    }
    let samples: Vec<i16> = (0..20_000).map(|i| (i % 999) as i16).collect();
    folder.put("test-clean/8-1-0000.FLAC", &flac(16_000, &[samples]));
    folder.put("test-clean/.hidden.wav", b"");
    folder.put("dev-clean/1-1-1.wav", b"not looked at");
    folder.put("train-clean/19/198/19-198.trans.txt", b"19-198-0009 NONSENSE\n");
    folder.put("LICENSE.TXT", b"free\n");
    folder
}

#[test]
fn folders_named_after_the_parts_are_searched_speakers_in_turn() {
    let folder = libri();
    let speech = folder.open();
    assert_eq!(names(speech.training()), ["19-198-0009", "7-2-0000", "19-198-0010"]);
    assert_eq!(speakers(speech.training()), ["19", "7", "19"]);
    assert_eq!(speech.training()[0].samples, noise("train-clean/19/198/19-198-0009", 16_000));
    assert_eq!((speech.test()[0].speaker.as_str(), speech.test()[0].samples.len()), ("8", 20_000));
    assert_eq!((speech.data().training, speech.data().test), (3, 1));
    let name = folder.0.path().file_name().unwrap().to_string_lossy().into_owned();
    assert_eq!(speech.data().name, name);
}

#[test]
fn speakers_are_the_folders_of_files_or_the_files_themselves() {
    let folder = Folder::new();
    for name in
        ["train/anna/1.wav", "train/anna/2.wav", "train/lone.wav", "train/x-1-2.wav", "train/a-b.wav", "test/-1-2.wav"]
    {
        folder.put(name, &second(name));
    }
    let speech = folder.open();
    assert_eq!(speakers(speech.training()), ["a-b", "anna", "lone", "x", "anna"]);
    assert_eq!(speakers(speech.test()), ["-1-2"]);
}

#[test]
fn without_parts_the_first_of_every_ten_speakers_is_for_the_test() {
    let folder = Folder::new();
    for speaker in 1..=12 {
        for number in 0..2 {
            let name = format!("books/{speaker}-5-{number}.wav");
            folder.put(&name, &second(&name));
        }
    }
    let speech = folder.open();
    assert_eq!(speakers(speech.test()), ["1", "11", "1", "11"]);
    assert_eq!(speech.training().len(), 20);
    assert_eq!(speakers(&speech.training()[..3]), ["2", "3", "4"]);
    let one = Folder::new();
    one.put("a/1.wav", &second("1"));
    one.put("a/2.wav", &second("2"));
    one.refused(&["a single speaker", "add others"]);
}

#[test]
fn limits_take_the_first_utterances_and_ask_for_no_more_than_there_are() {
    let folder = libri();
    let some = Speech::open(&folder.data([Some(2), None]).unwrap()).unwrap();
    assert_eq!(some.training(), &folder.open().training()[..2]);
    for (limits, message) in [
        ([Some(4), None], "4 training utterances were requested; allowed are 1 to 3"),
        ([None, Some(2)], "2 test utterances were requested; allowed are 1 to 1"),
        ([Some(0), None], "0 training utterances"),
        ([None, Some(u64::MAX)], "allowed are 1 to 65536"),
    ] {
        let error = folder.data(limits).unwrap_err().to_string();
        assert!(error.contains(message), "{error}");
    }
}

#[test]
fn short_and_silent_files_are_left_out_of_training_and_refused_for_the_test() {
    let folder = libri();
    folder.put("train-clean/1-1-1.wav", &wav_bytes(&noise("short", 7999)));
    folder.put("train-clean/2-1-1.wav", &wav_bytes(&vec![0.25; 16_000]));
    folder.put("train-clean/3-1-1.wav", &wav_bytes(&vec![1.0 / 32_768.0; 16_000]));
    folder.put("train-clean/4-1-1.wav", &wav_bytes(&noise("long enough", 8000)));
    assert_eq!(names(folder.open().training()), ["4-1-1", "19-198-0009", "7-2-0000", "19-198-0010"]);
    assert_eq!(folder.data([Some(2), None]).unwrap().training, 2);
    folder.put("test-clean/9-1-1.wav", &wav_bytes(&vec![0.25; 16_000]));
    folder.refused(&["9-1-1.wav", "it is silent; remove it"]);
    folder.put("test-clean/9-1-1.wav", &wav_bytes(&noise("short", 7999)));
    folder.refused(&["9-1-1.wav", "it lasts 0.50 s, a test needs 0.5 s"]);
    // Unless the file isn't used.
    folder.data([None, Some(1)]).unwrap();
}

#[test]
fn a_folder_that_is_no_set_is_refused_with_what_is_accepted() {
    let folder = Folder::new();
    folder.refused(&["it has no WAV or FLAC file, it holds nothing; accepted:", "begin with train and test"]);
    folder.put("notes.txt", b"");
    folder.refused(&["it has no WAV or FLAC file, it holds notes.txt"]);
    folder.put("training/a.wav", &second("a"));
    folder.refused(&["it holds train, but test is missing"]);
    folder.put("test_other/notes.txt", b"");
    folder.refused(&["test_other: it has no WAV or FLAC file"]);
    folder.put("test_other/b/a.wav", &second("b"));
    folder.put("loose.flac", b"");
    folder.refused(&["it holds loose.flac beside train and test"]);
    std::fs::remove_file(folder.path("loose.flac")).unwrap();
    folder.data([None; 2]).unwrap();
    std::fs::remove_dir_all(folder.path("training")).unwrap();
    folder.refused(&["it holds test, but train is missing"]);
    let error = |name: &str| SpeechData::folder(&folder.path(name), [None; 2]).unwrap_err().to_string();
    assert!(error("none").contains("none") && error("notes.txt").contains("notes.txt"));
    let damaged = libri();
    damaged.put("train-clean/5-1-1.wav", b"RIFF");
    damaged.refused(&[
        "5-1-1.wav",
        "not a complete WAV file",
        "accepted: WAV (8 to 32 bits, floats, A-law, µ-law) and FLAC files",
    ]);
}

#[test]
fn a_speaker_in_both_parts_is_named() {
    let folder = libri();
    folder.put("test-other/19-7-0001.wav", &second("x"));
    folder.refused(&["speaker 19 is in both parts; move all its files into one part"]);
}

#[cfg(unix)]
#[test]
fn links_that_lead_to_themselves_end() {
    let folder = libri();
    std::os::unix::fs::symlink(folder.path("train-clean"), folder.path("train-clean/19/again")).unwrap();
    folder.refused(&["again", "16 folders deep"]);
}

#[test]
fn the_identity_is_of_the_samples_and_not_of_place_names_or_format() {
    let (folder, other) = (libri(), libri());
    let identity = |folder: &Folder| {
        let data = SpeechData { name: "x".into(), ..folder.data([None; 2]).unwrap() };
        serde_json::to_string(&data).unwrap()
    };
    let json = identity(&folder);
    assert!(!json.contains("path"));
    let samples = read_audio(&other.path("test-clean/8-1-0000.FLAC")).unwrap();
    std::fs::remove_file(other.path("test-clean/8-1-0000.FLAC")).unwrap();
    other.put("test-clean/9-1-0000.wave", &wav_bytes(&samples));
    assert_eq!(json, identity(&other));
    other.put("test-clean/9-1-0000.wave", &wav_bytes(&samples[..19_999]));
    assert_ne!(json, identity(&other));
    let parsed: SpeechData = serde_json::from_str(&json).unwrap();
    assert_eq!((parsed.path, parsed.test, parsed.seed), (None, 1, None));
}

#[test]
fn samples_are_shared_as_long_as_someone_holds_them() {
    let data = SpeechData::synthetic(2, 1, 99);
    let first = Speech::open(&data).unwrap();
    assert!(Arc::ptr_eq(&first, &Speech::open(&data).unwrap()));
    assert!(!Arc::ptr_eq(&first, &Speech::open(&SpeechData::synthetic(1, 1, 99)).unwrap()));
    let weak = Arc::downgrade(&first);
    drop(first);
    assert!(weak.upgrade().is_none());
}

#[test]
fn settings_that_fit_nothing_are_refused() {
    let made = SpeechData::synthetic(1, 1, 0);
    let error = |data: SpeechData| Speech::open(&data).unwrap_err().to_string();
    assert!(error(SpeechData { seed: None, ..made.clone() }).contains("give no folder"));
    assert!(error(SpeechData { test: 0, ..made.clone() }).contains("0 test utterances were requested"));
    assert!(error(SpeechData { training: u64::MAX, ..made.clone() }).contains("allowed are 1 to 65536"));
    let folder = libri();
    assert!(error(SpeechData { path: Some(folder.0.path().into()), ..made }).contains("either a folder or a seed"));
    let data = folder.data([None; 2]).unwrap();
    assert!(error(SpeechData { training: 4, ..data.clone() }).contains("1 to 3"));
    folder.put("train-other/7/2/7-2-0000.wav", &second("another"));
    assert!(error(data).contains("have changed"));
}

#[test]
fn written_synthetic_speech_is_that_in_memory() {
    let place = Folder::new();
    let target = place.path("made");
    let data = SpeechData::synthetic(3, 2, 7);
    // Folders with other files, which stay.
    place.put("made/train/mine.txt", b"mine");
    place.put("made/train/synthetic-train-0001.wav", b"damaged");
    check_made(&data, &target);
    assert!(target.join("train/mine.txt").exists());
    let files = Speech::open(&SpeechData::folder(&target, [None; 2]).unwrap()).unwrap();
    let memory = Speech::open(&data).unwrap();
    assert!(files.training() == memory.training() && files.test() == memory.test());
    let folder = Folder::new();
    let files = SpeechData { seed: None, path: Some(folder.0.path().into()), ..data.clone() };
    let run = Run { stop: &AtomicBool::new(false), progress: &|_| {} };
    let refused = make(&files, &place.path("x"), false, &run).unwrap_err();
    assert!(refused.to_string().contains("not synthetic speech"));
}

#[test]
fn synthetic_speech_hangs_on_part_seed_and_number_alone() {
    let make = |training, test, seed| Speech::open(&SpeechData::synthetic(training, test, seed)).unwrap();
    let (few, many, other) = (make(2, 1, 1), make(20, 5, 1), make(2, 1, 2));
    assert_eq!(few.training(), &many.training()[..2]);
    assert_eq!(few.test(), &many.test()[..1]);
    assert_ne!(few.training(), other.training());
    assert_ne!(few.training()[0].samples, few.test()[0].samples);
    assert_eq!(names(few.training()), ["synthetic-train-0001", "synthetic-train-0002"]);
    let all: BTreeSet<String> = [speakers(many.training()), speakers(many.test())].concat().into_iter().collect();
    assert_eq!(all.len(), 25);
    for utterance in many.training().iter().chain(many.test()) {
        let seconds = utterance.samples.len() as f64 / f64::from(RATE);
        assert!((3.5..7.0).contains(&seconds), "{seconds}");
        assert!(utterance.samples.iter().all(|v| v.abs() <= 1.0 && (v * 32_768.0).fract() == 0.0));
        assert!(utterance.samples.iter().any(|v| v.abs() > 0.05));
    }
}
