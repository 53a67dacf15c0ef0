//! Disks that are full, and folders that can't be written to. Disks of their own need Linux's `unshare`, which gives
//! mounts that nobody else sees and that end with their process; where it is not allowed, the tests say that they are
//! skipped. A limit on the size of files stands for a full disk everywhere.

use std::process::Command;

use crate::common::vectors::{numbers, put_books, put_vectors};
use crate::common::{Env, Run, TINY_CELLS, files_below};

const RUN: [&str; 5] = ["run", "tiny.toml", "--format", "svg", "--out"];

/// Runs a script of the shell in `env`; the program is `$vqlab`.
pub fn shell(env: &Env, script: &str) -> Run {
    let mut command = Command::new("sh");
    command.args(["-c", script]).env("vqlab", env!("CARGO_BIN_EXE_vqlab")).current_dir(env.path("."));
    Run::from(command.output().unwrap())
}

/// Runs a script that may mount.
fn with_mounts(env: &Env, script: &str) -> Run {
    let unshare = |script: &str| {
        let mut command = Command::new("unshare");
        command.args(["--map-root-user", "--mount", "sh", "-ec", script]);
        command.env("vqlab", env!("CARGO_BIN_EXE_vqlab")).current_dir(env.path(".")).output()
    };
    std::fs::create_dir_all(env.path("disk")).unwrap();
    Run::from(unshare(script).unwrap())
}

#[test]
#[cfg_attr(not(has_mounts), ignore = "needs `unshare --map-root-user --mount`")]
fn a_run_on_a_full_disk_names_the_file_and_goes_on_when_there_is_room() {
    let env = Env::new();
    env.run(&[&RUN[..], &["whole"]].concat()).ends_with(0);
    // Full of bytes, then of files.
    for limit in ["size=72k", "nr_inodes=20"] {
        let script = format!(
            "mount -t tmpfs -o {limit} tmpfs disk
            $vqlab {run} disk && exit 90
            test $(ls disk/results/cells | grep -c 'json$') -gt 3 || exit 91
            test -z \"$(find disk -name '*.tmp' -o -name '*.lock')\" || exit 92
            tail -qc 1 disk/results/cells/*.json | tr -d '\\n' | grep . && exit 93
            echo MORE ROOM >&2
            mount -o remount,size=64m,nr_inodes=10000 disk
            $vqlab {run} disk
            cp -r disk kept-{limit}",
            run = RUN.join(" ")
        );
        let run = with_mounts(&env, &script);
        let run = run.ends_with(0).says("No space left on device").says("disk/results/cells/");
        let again = run.stderr.split_once("MORE ROOM").unwrap().1;
        let computed = again.lines().filter(|line| line.starts_with('[')).count();
        assert!((1..TINY_CELLS - 3).contains(&computed), "{limit}: {computed} of {TINY_CELLS}: {again}");
        assert_eq!(env.results(&format!("kept-{limit}")), env.results("whole"), "{limit}");
    }
}

#[test]
#[cfg_attr(not(has_mounts), ignore = "needs `unshare --map-root-user --mount`")]
fn a_results_folder_that_cannot_be_written_to_is_refused_before_any_work() {
    let env = Env::new();
    env.run(&[&RUN[..], &["disk"]].concat()).ends_with(0);
    std::fs::remove_file(files_below(&env.path("disk/results/cells")).remove(0)).unwrap();
    let before = files_below(&env.path("disk"));
    for (read_only, named) in [
        ("disk", "cannot write to the folder disk/results/default"),
        ("disk/results/cells", "cannot write to the folder disk/results/cells"),
        ("disk/reports", "cannot write to the folder disk/reports/default/figures/tiny"),
    ] {
        let script = format!(
            "mount --bind {read_only} {read_only}; mount -o remount,bind,ro {read_only}
            $vqlab status tiny.toml --out disk
            $vqlab {} disk",
            RUN.join(" ")
        );
        let run = with_mounts(&env, &script);
        let run = run.ends_with(1).prints("23 of 24 cells done").says(named).says("Read-only file system");
        assert_eq!(run.computed(), 0);
        assert_eq!(files_below(&env.path("disk")), before);
    }
    let script = "mount --bind disk disk; mount -o remount,bind,ro disk; $vqlab run tiny.toml --out disk/new";
    let run = with_mounts(&env, script);
    assert_eq!(run.ends_with(1).says("cannot make the folder disk/new/results/default").computed(), 0);
}

/// Files larger than some blocks of 512 bytes can't be written; the signal that would say so is ignored.
fn limited(blocks: usize, command: &str) -> String {
    format!("trap '' XFSZ; ulimit -f {blocks}; exec $vqlab {command}")
}

#[test]
fn a_run_whose_files_cannot_grow_leaves_nothing_half_written() {
    let env = Env::new();
    let run = RUN.join(" ");
    env.run(&[&RUN[..], &["whole"]].concat()).ends_with(0);
    let said = shell(&env, &limited(2, &format!("{run} limited"))).ends_with(1);
    said.says("cannot write the record limited/results/cells/").says("File too large");
    assert!(env.leftovers("limited").is_empty() && files_below(&env.path("limited/results/cells")).is_empty());
    // The system kills what does not ignore the signal.
    assert_eq!(shell(&env, &format!("ulimit -f 2; exec $vqlab {run} limited")).status, None);

    // Records have room, figures have not: the numbers are there, and old figures stay.
    let figure =
        files_below(&env.path("whole/reports")).into_iter().find(|f| f.ends_with("generalization.svg")).unwrap();
    let old = std::fs::read(&figure).unwrap();
    shell(&env, &limited(16, &format!("{run} whole --seeds 3"))).ends_with(1).says("File too large");
    assert!(env.leftovers("whole").is_empty());
    assert_eq!(std::fs::read(&figure).unwrap(), old);

    env.run(&[&RUN[..], &["limited"]].concat()).ends_with(0);
    env.run(&[&RUN[..], &["whole"]].concat()).ends_with(0);
    assert_eq!(env.results("limited"), env.results("whole"));
}

/// Checkpoints come before the record; a cell without room for them fails, and is tried again.
#[test]
fn a_training_whose_checkpoint_cannot_be_written_fails_and_is_tried_again() {
    let env = Env::new();
    let run = RUN.join(" ");
    env.run(&[&RUN[..], &["whole"]].concat()).ends_with(0);
    let said = shell(&env, &format!("export VQLAB_CHECKPOINT_SECONDS=0; {}", limited(5, &format!("{run} limited"))));
    let said = said.ends_with(1).says("24 of 24 cells have no numbers").says("File too large");
    assert_eq!(said.computed(), TINY_CELLS);
    assert!(env.leftovers("limited").is_empty(), "{:?}", env.leftovers("limited"));
    let again = env.run(&[&RUN[..], &["limited"]].concat()).ends_with(0);
    assert_eq!(again.computed(), TINY_CELLS);
    assert_eq!(env.results("limited"), env.results("whole"));
}

#[test]
fn commands_on_vectors_keep_the_old_output_when_the_disk_is_full() {
    let env = Env::new();
    put_books(&env, "rvq", vqlab::quantizer::Method::Rvq, (8, 2, 16));
    put_vectors(&env.path("x.fvecs"), 8, &numbers("x", 8 * 20_000));
    env.run(&["encode", "rvq", "x.fvecs", "-o", "codes.npy"]).ends_with(0);
    let outputs = ["books.safetensors", "c.npy", "y.npy", "y.fvecs", "i.ivecs", "i.npy"];
    for output in outputs {
        env.write(output, "old");
    }
    let before = files_below(&env.path("."));
    for (command, output) in [
        ("fit x.fvecs --method rvq --stages 4 --bits 8 --updates 2 --force -o", "books.safetensors"),
        ("encode rvq x.fvecs --force -o", "c.npy"),
        ("decode rvq codes.npy --force -o", "y.npy"),
        ("decode rvq codes.npy --force -o", "y.fvecs"),
        ("search rvq codes.npy x.fvecs -k 3 --force -o", "i.ivecs"),
        ("search rvq codes.npy x.fvecs -k 3 --force -o", "i.npy"),
    ] {
        let run = shell(&env, &limited(8, &format!("{command} {output}"))).ends_with(1);
        run.says(&format!("cannot write {output}")).says("File too large");
        assert_eq!(std::fs::read(env.path(output)).unwrap(), b"old", "{output}");
        assert_eq!(files_below(&env.path(".")), before, "{output}");
    }
    // Files of a folder are named by their place in it, and the folder does not appear.
    for (name, file) in [
        ("synthetic-images --training 20 --test 5", "data_batch_1.bin"),
        ("synthetic-descriptors --learn 99 --base 9 --queries 9", "synthetic_learn.bvecs"),
        ("synthetic-speech --training 1 --test 1", "train/synthetic-train-0001.wav"),
    ] {
        let run = shell(&env, &limited(8, &format!("data make {name} -o new"))).ends_with(1);
        run.says(&format!("cannot write new/{file}: File too large"));
        assert_eq!(files_below(&env.path(".")), before, "{name}");
    }
}

#[test]
#[cfg_attr(not(has_mounts), ignore = "needs `unshare --map-root-user --mount`")]
fn outputs_in_places_that_take_none_are_refused_before_any_work() {
    let env = Env::new();
    put_books(&env, "rvq", vqlab::quantizer::Method::Rvq, (8, 2, 16));
    put_vectors(&env.path("x.fvecs"), 8, &numbers("x", 8 * 20_000));
    let script = "mount -t tmpfs -o size=1m tmpfs disk; mkdir disk/sub; mount -o remount,ro disk
        $vqlab encode rvq x.fvecs -o disk/codes.npy && exit 90
        $vqlab recommend x.fvecs --bits 8 --budget 1s -o disk/sub && exit 90
        $vqlab data make synthetic-images -o disk/images && exit 90
        $vqlab run tiny.toml -o disk/run && exit 90 || true";
    let run = with_mounts(&env, script);
    let run = run.ends_with(0).says("cannot write disk/codes.npy: Read-only file system (os error 30)\n");
    let run = run.says("cannot write to the folder disk/sub: Read-only file system");
    let run = run.says("cannot write disk/images: Read-only file system");
    run.says("cannot make the folder disk/run/results/default: Read-only file system");

    let script = "mount -t tmpfs -o size=1m tmpfs disk
        dd if=/dev/zero of=disk/filler bs=1k count=1000 2> /dev/null
        $vqlab decode rvq codes.npy -o disk/y.fvecs || true
        test \"$(ls -A disk)\" = filler || exit 91";
    env.run(&["encode", "rvq", "x.fvecs", "-o", "codes.npy"]).ends_with(0);
    let run = with_mounts(&env, script);
    run.ends_with(0).says("cannot write disk/y.fvecs: No space left on device (os error 28)\n");
}
