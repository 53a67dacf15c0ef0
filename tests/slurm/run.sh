#!/bin/sh
# `vqlab submit` on a real Slurm: starts one on this machine, submits a small experiment, cancels a task, kills one and
# then the whole node in the middle, lets Slurm requeue, submits what is missing, and compares the Results files with those of
# one process. Usage: tests/slurm/run.sh [PROGRAM]; it builds the program without. Where there can be no Slurm it says
# so and ends with 0.
set -eu
cd "$(dirname "$0")/../.."

skip() {
    echo "tests/slurm: skipped: $1"
    exit 0
}

fail() {
    echo "tests/slurm: FAILED: $1" >&2
    tail -n 30 "$scratch"/log/* "$cluster"/results/slurm/*/*.log >&2 || true
    exit 1
}

# --- What it takes ---

[ "$(uname)" = Linux ] || skip "Slurm's daemons are for Linux"
[ "$(id -u)" = 0 ] || skip "Slurm's daemons are started as root here, and this is another user"
PATH="$PATH:/usr/sbin:/sbin"
if ! command -v slurmctld > /dev/null || ! command -v slurmd > /dev/null || ! command -v munged > /dev/null; then
    command -v apt-get > /dev/null || skip "there is no Slurm, and no apt-get to install it"
    # Packages are not to start daemons of their own.
    export DEBIAN_FRONTEND=noninteractive RUNLEVEL=1
    { apt-get update && apt-get install -y slurm-wlm munge; } > /dev/null 2>&1 ||
        skip "the packages slurm-wlm and munge can't be installed here"
fi
if [ $# -gt 0 ]; then
    program="$1"
else
    cargo build --release
    program="$PWD/target/release/vqlab"
fi

# --- Slurm ---

scratch=$(mktemp -d)
cluster=
chmod 755 "$scratch"
node=$(hostname -s)
# Of two runs at the same time each has its own.
port=$((20000 + $$ % 20000))

# Ends the daemon of a pid file, and waits until it has gone.
stop() {
    [ -s "$1" ] || return 0
    pid=$(cat "$1")
    kill "-${2:-TERM}" "$pid" 2> /dev/null || return 0
    for _ in $(seq 100); do
        kill -0 "$pid" 2> /dev/null || return 0
        sleep 0.1
    done
    kill -KILL "$pid" 2> /dev/null || true
}

# Processes of jobs: the programs themselves, and what Slurm has started them by.
tasks() { pgrep -f "^$program run $scratch/.*--shard" || true; }
steps() { for pid in $(tasks); do ps -o ppid= -p "$pid" || true; done; }

finish() {
    status=$?
    scancel --user=root > /dev/null 2>&1 || true
    stop "$scratch/slurmd.pid"
    stop "$scratch/slurmctld.pid"
    stop "$scratch/munged.pid"
    for pid in $(tasks); do kill -KILL "$pid" 2> /dev/null || true; done
    rm -rf "$scratch"
    exit "$status"
}
trap finish EXIT
trap 'exit 1' INT TERM HUP

mkdir "$scratch/log" "$scratch/state" "$scratch/spool"
dd if=/dev/urandom of="$scratch/munge.key" bs=1024 count=1 2> /dev/null
chmod 400 "$scratch/munge.key"
cat > "$scratch/slurm.conf" << CONF
ClusterName=lab
SlurmctldHost=$node(127.0.0.1)
SlurmctldPort=$port
SlurmdPort=$((port + 1))
AuthType=auth/munge
AuthInfo=socket=$scratch/munge.socket
CredType=cred/munge
SlurmUser=root
SlurmdUser=root
StateSaveLocation=$scratch/state
SlurmdSpoolDir=$scratch/spool
SlurmctldPidFile=$scratch/slurmctld.pid
SlurmdPidFile=$scratch/slurmd.pid
SlurmctldLogFile=$scratch/log/slurmctld
SlurmdLogFile=$scratch/log/slurmd
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
JobAcctGatherType=jobacct_gather/none
MpiDefault=none
ReturnToService=2
KillWait=20
SlurmdParameters=config_overrides
NodeName=$node NodeAddr=127.0.0.1 CPUs=2 RealMemory=1000 State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
CONF
export SLURM_CONF="$scratch/slurm.conf"
munged --socket="$scratch/munge.socket" --key-file="$scratch/munge.key" --pid-file="$scratch/munged.pid" \
    --log-file="$scratch/log/munged" --seed-file="$scratch/munged.seed" --num-threads=2
slurmctld -c
slurmd

# Waits up to $1 seconds for a condition.
await() {
    seconds=$1
    shift
    until "$@"; do
        [ "$seconds" -gt 0 ] || fail "no end of waiting for: $*"
        seconds=$((seconds - 1))
        sleep 1
    done
}
node_is_up() { sinfo --noheader --format=%T 2> /dev/null | grep -q "^$1"; }
await 20 node_is_up idle

# --- The experiment ---

cat > "$scratch/small.toml" << 'SPEC'
[experiment]
name = "small"
title = "A small experiment"
task = "toy"

[sweep]
methods = ["avq"]
bits = [16, 20]
stages = [4]
seeds = 4

[data]
dimension = 32
vectors = 20_000
distribution = "low-rank-mixture"
rank = 8
variance = 16.0

[quantizer]
beam-width = 4

[training]
learning-rate = 0.1
batch-size = 128
updates = 8_000

[training.replacement]
every = 100

[evaluation]
vectors = 2_000

[output.results]
small = "Small/small.json"
SPEC
cells=8
# What the shell and Slurm may stumble over.
cluster="$scratch/a cluster, 50%"
spec="$scratch/small.toml"
# Trainings take seconds here, not hours.
export VQLAB_CHECKPOINT_SECONDS=0.2

vqlab() { "$program" "$@"; }
submit() { vqlab submit "$spec" --out "$cluster" --array-size 4 --time 10 "$@"; }
records() { find "$cluster/results/cells" -name '*.json' 2> /dev/null | wc -l; }
has_records() { [ "$(records)" -ge "$1" ]; }
shows_running() {
    vqlab status "$spec" --out "$cluster" > "$scratch/log/status"
    grep -q "Slurm job $job, .*RUNNING" "$scratch/log/status"
}
has_left() { ! squeue --noheader --format=%i 2> /dev/null | grep -q .; }

vqlab run "$spec" --out "$scratch/alone" --jobs 2 > /dev/null 2> "$scratch/log/alone" ||
    fail "the run of one process"

submit --dry-run | grep -q "^#SBATCH --array=1-4$" || fail "no array in the dry run"
[ ! -e "$cluster" ] || fail "a dry run has written something"
submit | tee "$scratch/log/submit"
grep -q "$cells cells on 4 tasks" "$scratch/log/submit" || fail "the submission is not of $cells cells on 4 tasks"
job=$(sed -n 's/^job \([0-9]*\): .* cells.*/\1/p' "$scratch/log/submit")
[ -n "$job" ] || fail "no number of the job"

await 90 has_records 1
await 20 shows_running
cat "$scratch/log/status"
submit 2>&1 | tee "$scratch/log/again"
grep -q "nothing to submit: .* in the queue" "$scratch/log/again" || fail "cells in the queue are submitted again"

echo "cancelling a task, which is told to stop first"
first=$(squeue --noheader --array --states=running --format=%i | head -n 1)
log="$cluster/results/slurm/1/${first#*_}.log"
scancel "$first"
was_stopped() { grep -q "^stopping: " "$log" && grep -q "^error: stopped with" "$log"; }
await 20 was_stopped

echo "killing a task"
first=$(tasks | head -n 1)
[ -z "$first" ] || kill -KILL "$first"
sleep 1

echo "killing the node: its daemon and all that it runs"
stop "$scratch/slurmd.pid" KILL
rm -f "$scratch/slurmd.pid"
for pid in $(steps) $(tasks); do kill -KILL "$pid" 2> /dev/null || true; done
scontrol update nodename="$node" state=down reason="a test"
before=$(records)
slurmd
# Refused where the daemon has brought the node back by itself.
scontrol update nodename="$node" state=resume 2> /dev/null || true
await 20 node_is_up "idle\|mixed\|alloc"
echo "the node is back, $before of $cells cells have a record"
scontrol show job "$job" | grep -q "Restarts=1" || fail "Slurm has requeued no task"
# Slurm lets requeued tasks wait two minutes.
for task in $(squeue --noheader --array --format=%i | sort -u); do
    scontrol update jobid="$task" starttime=now 2> /dev/null || true
done
squeue --array
await 120 has_left

echo "submitting what the cancelled and the killed task have left"
submit 2>&1 | tee "$scratch/log/rest"
await 90 has_left
[ "$(records)" = "$cells" ] || fail "$(records) of $cells cells have a record"

# --- What came of it ---

submit 2>&1 | tee "$scratch/log/nothing"
grep -q "nothing to submit: $cells cells done" "$scratch/log/nothing" || fail "there is still something to submit"
has_left || fail "a submission of nothing is in the queue"
computed=$(cat "$cluster"/results/slurm/*/[0-9]*.log | grep -c '^\[')
[ "$computed" = "$cells" ] || fail "$computed cells were computed, not each of the $cells once"
for file in Small/small.json; do
    of() { find "$1/results/default" -path "*/$file"; }
    [ -n "$(of "$cluster")" ] || fail "the gathering job has not written $file"
    cmp "$(of "$scratch/alone")" "$(of "$cluster")" || fail "$file differs from that of one process"
done
left=$(find "$cluster" -name '*.lock' -o -name '*.tmp' -o -path '*/checkpoints/*')
[ -z "$left" ] || fail "files are left: $left"
echo "tests/slurm: passed: $cells cells, each computed once, with the bytes of one process"
