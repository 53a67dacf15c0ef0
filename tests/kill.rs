//! Twenty kills at random moments, each followed by a resume, end in the same Results files as an undisturbed run.

mod common;

use std::process::Stdio;
use std::time::{Duration, Instant};

use common::{Env, files_below};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

const KILLS: usize = 20;

#[test]
fn killed_runs_resume_to_the_same_results() {
    let env = Env::new();
    let args = |out| {
        let set = ["--set", "training.updates=500", "--seeds", "10", "--jobs", "2", "--format", "svg"];
        [["run", "tiny.toml", "--out", out].as_slice(), &set].concat()
    };
    let start = Instant::now();
    let cells = env.run(&args("whole")).ends_with(0).computed();
    let whole = start.elapsed();

    let mut rng = ChaCha8Rng::seed_from_u64(20);
    let mut kills = 0;
    while kills < KILLS {
        let mut child = env.command(&args("killed")).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // An eighth of the whole at most, so that the kills spread over it.
        let share = f64::from(rng.next_u32()) / f64::from(u32::MAX) / 8.0;
        std::thread::sleep(Duration::from_millis(2) + whole.mul_f64(share));
        if child.try_wait().unwrap().is_none() {
            kills += 1;
        } else {
            remove_every_second_record(&env);
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }

    let last = env.run(&args("killed")).ends_with(0);
    assert!(last.computed() < cells, "the kills left no finished cell to resume from");
    eprintln!("after {KILLS} kills the last run computed {} of {cells} cells", last.computed());
    assert_eq!(env.results("killed"), env.results("whole"));
    assert!(env.results("whole").len() >= 4);
    assert!(env.leftovers("killed").is_empty(), "{:?}", env.leftovers("killed"));
}

/// On a machine so fast that the run ended before its kill, there must be something left to do.
fn remove_every_second_record(env: &Env) {
    for record in files_below(&env.path("killed/results/cells")).iter().step_by(2) {
        std::fs::remove_file(record).unwrap();
    }
}
