//! Signals at random moments.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::common::{Env, Run, files_below};

const TRIES: usize = 200;

/// Where in the 200 tries a run ends before its signal, some records are taken away, so that the next one has work.
#[test]
fn two_hundred_interrupts_and_terminations_lose_nothing() {
    let env = Env::new();
    let args = |out| {
        let set = ["--set", "training.updates=300", "--seeds", "8", "--jobs", "2", "--format", "svg"];
        [["run", "tiny.toml", "--out", out].as_slice(), &set].concat()
    };
    let start = Instant::now();
    let cells = env.run(&args("whole")).ends_with(0).computed();
    let whole = start.elapsed();

    let seed = start.elapsed().as_nanos() as u64;
    eprintln!("seed {seed}: {TRIES} signals, a run of {cells} cells takes {whole:.1?}");
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut share = move || f64::from(rng.next_u32()) / f64::from(u32::MAX);
    let (mut stopped, mut killed, mut ended) = (0, 0, 0);
    for number in 0..TRIES {
        let child = env.command(&args("cut")).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // On a busy machine later, so that some cells end.
        std::thread::sleep((whole / 20).max(Duration::from_millis(120)).mul_f64(share()));
        let signal = if share() < 0.5 { "-INT" } else { "-TERM" };
        let sent = |signal: &str| Command::new("kill").args([signal, &child.id().to_string()]).output().unwrap();
        sent(signal);
        // Now and then the user has no patience.
        if number % 10 == 9 {
            sent(signal);
        }
        let run = Run::from(child.wait_with_output().unwrap());
        assert!(!run.stderr.contains("panicked"), "try {number}: {run:#?}");
        match run.status {
            Some(1) => {
                stopped += 1;
                let run = run.says("the same command resumes the run");
                assert!(env.leftovers("cut").is_empty(), "try {number}: {:?} {run:#?}", env.leftovers("cut"));
            }
            Some(0) => {
                ended += 1;
                for record in files_below(&env.path("cut/results/cells")).iter().step_by(2) {
                    std::fs::remove_file(record).unwrap();
                }
            }
            // At once: before the program listened to signals, or at the second one.
            None | Some(130) => killed += 1,
            Some(_) => panic!("try {number}: {run:#?}"),
        }
        for record in
            files_below(&env.path("cut/results/cells")).iter().filter(|f| f.extension().is_some_and(|e| e == "json"))
        {
            let bytes = std::fs::read(record).unwrap();
            vqlab::runner::parse_record(&bytes).unwrap_or_else(|error| panic!("try {number}: {error}"));
        }
    }
    eprintln!("{stopped} stopped in good order, {killed} at once, {ended} had ended");
    assert!(stopped >= TRIES / 4, "{stopped} stopped, {killed} killed, {ended} ended");

    let last = env.run(&args("cut")).ends_with(0);
    assert!(last.computed() < cells);
    assert_eq!(env.results("cut"), env.results("whole"));
    assert!(env.leftovers("cut").is_empty());
}
