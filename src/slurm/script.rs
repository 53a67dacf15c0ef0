//! The job scripts: an array that computes cells, and a job after it that gathers the results.

use std::fmt::Write;
use std::path::Path;

/// The resources that each task requests. Omitted ones have the cluster's defaults.
#[derive(Clone, Debug, Default)]
pub struct Resources {
    pub partition: Option<String>,
    /// In Slurm's format: `90`, `4:00:00`, `1-12`.
    pub time: Option<String>,
    /// In Slurm's format: `2G`.
    pub memory: Option<String>,
    /// Cores per task. Each core computes a cell of its own.
    pub cpus: usize,
}

/// The command to run. All paths are absolute.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// The name of the jobs.
    pub name: &'a str,
    pub program: &'a str,
    /// The folder in which the jobs run, because options may have relative file names.
    pub working_folder: &'a str,
    /// The arguments of `vqlab run`: specs and options.
    pub arguments: &'a [String],
    pub resources: &'a Resources,
    /// The number of tasks in the array.
    pub tasks: usize,
    /// The folder of scripts, shards and logs.
    pub folder: &'a str,
}

/// One script.
#[derive(Clone, Debug)]
pub struct JobScript {
    pub text: String,
    /// Options of sbatch that can't be in a line of the script: paths with a line feed.
    pub options: Vec<String>,
}

/// Both scripts.
#[derive(Clone, Debug)]
pub struct JobScripts {
    pub array: JobScript,
    pub gather: JobScript,
}

/// Tasks are told to stop this many seconds before the end of their time limit, so that they save their trainings.
const SECONDS_TO_STOP: u32 = 60;

impl JobScripts {
    /// The array's tasks replace their shell with the program (`exec`), so that Slurm's signals reach it. Slurm sends
    /// SIGTERM before the time limit (`--signal=B:`, to the batch step itself), at preemption and by scancel.
    pub fn new(request: &Request) -> Self {
        let Request { resources, tasks, folder, .. } = request;
        let run = command(request);
        let mut array = head(request, request.name, "%a.log");
        let _ = writeln!(array.text, "#SBATCH --array=1-{tasks}");
        let _ = writeln!(array.text, "#SBATCH --cpus-per-task={}", resources.cpus);
        let _ = writeln!(array.text, "#SBATCH --signal=B:TERM@{SECONDS_TO_STOP}");
        let shards = quoted(&Path::new(folder).join("shards.json").to_string_lossy());
        let shard = format!("--shard \"$SLURM_ARRAY_TASK_ID/{tasks}\"");
        let _ = writeln!(array.text, "exec {run} --deal {shards} {shard} --jobs {}", resources.cpus);
        let mut gather = head(request, &format!("{}-gather", request.name), "gather.log");
        let _ = writeln!(gather.text, "exec {run} --gather");
        Self { array, gather }
    }
}

/// The beginning of both scripts.
fn head(request: &Request, name: &str, log: &str) -> JobScript {
    let Resources { partition, time, memory, .. } = request.resources;
    let mut script = JobScript { text: format!("#!/bin/sh\n#SBATCH --job-name={name}\n"), options: Vec::new() };
    script.path("chdir", request.working_folder);
    // Slurm replaces %a and similar patterns in file names, so a % in the folder is doubled.
    script.path("output", &format!("{}/{log}", request.folder.replace('%', "%%")));
    for (option, value) in [("partition", partition), ("time", time), ("mem", memory)] {
        if let Some(value) = value {
            let _ = writeln!(script.text, "#SBATCH --{option}={value}");
        }
    }
    script.text.push_str("#SBATCH --requeue\n#SBATCH --open-mode=append\n");
    script
}

impl JobScript {
    fn path(&mut self, option: &str, path: &str) {
        if path.contains('\n') {
            self.options.push(format!("--{option}={path}"));
        } else {
            let _ = writeln!(self.text, "#SBATCH --{option}={}", in_directive(path));
        }
    }
}

fn command(request: &Request) -> String {
    let words = [request.program, "run"].into_iter().chain(request.arguments.iter().map(String::as_str));
    words.map(quoted).collect::<Vec<_>>().join(" ")
}

/// One word for the shell, whatever it contains.
pub fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./=,:+@%".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// A value in an #SBATCH line.
fn in_directive(value: &str) -> String {
    format!("\"{}\"", value.replace('\\', r"\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_read_well_and_quote_what_needs_it() {
        let resources =
            Resources { partition: Some("long".into()), time: Some("4:00:00".into()), memory: None, cpus: 2 };
        let arguments = ["/my specs/a.toml", "--set=quantizer.init='rvq'"];
        let request = Request {
            name: "vqlab-toy",
            program: "vqlab",
            working_folder: "/home/me",
            arguments: &arguments.map(str::to_owned),
            resources: &resources,
            tasks: 8,
            folder: "/scratch/50%/results/slurm/1",
        };
        let scripts = JobScripts::new(&request);
        insta::assert_snapshot!(scripts.array.text, @r#"
        #!/bin/sh
        #SBATCH --job-name=vqlab-toy
        #SBATCH --chdir="/home/me"
        #SBATCH --output="/scratch/50%%/results/slurm/1/%a.log"
        #SBATCH --partition=long
        #SBATCH --time=4:00:00
        #SBATCH --requeue
        #SBATCH --open-mode=append
        #SBATCH --array=1-8
        #SBATCH --cpus-per-task=2
        #SBATCH --signal=B:TERM@60
        exec vqlab run '/my specs/a.toml' '--set=quantizer.init='\''rvq'\''' --deal /scratch/50%/results/slurm/1/shards.json --shard "$SLURM_ARRAY_TASK_ID/8" --jobs 2
        "#);
        insta::assert_snapshot!(scripts.gather.text, @r#"
        #!/bin/sh
        #SBATCH --job-name=vqlab-toy-gather
        #SBATCH --chdir="/home/me"
        #SBATCH --output="/scratch/50%%/results/slurm/1/gather.log"
        #SBATCH --partition=long
        #SBATCH --time=4:00:00
        #SBATCH --requeue
        #SBATCH --open-mode=append
        exec vqlab run '/my specs/a.toml' '--set=quantizer.init='\''rvq'\''' --gather
        "#);
        assert!(scripts.array.options.is_empty() && scripts.gather.options.is_empty());
    }

    /// Lines of a path are never read as directives, because the command follows the directives.
    #[test]
    fn a_line_feed_is_kept_out_of_the_directives() {
        let resources = Resources { partition: None, time: None, memory: None, cpus: 1 };
        let arguments = ["/a\n#SBATCH --array=7/b.toml".to_owned()];
        let request = Request {
            name: "vqlab-toy",
            program: "vqlab",
            working_folder: "/home/me\nand you",
            arguments: &arguments,
            resources: &resources,
            tasks: 2,
            folder: "/50%\nof/slurm/1",
        };
        let JobScripts { array, gather } = JobScripts::new(&request);
        assert_eq!(array.options, ["--chdir=/home/me\nand you", "--output=/50%%\nof/slurm/1/%a.log"]);
        assert_eq!(gather.options, ["--chdir=/home/me\nand you", "--output=/50%%\nof/slurm/1/gather.log"]);
        for JobScript { text, .. } in [array, gather] {
            let (directives, command) = text.split_once("exec ").unwrap();
            assert!(directives.lines().all(|line| line.starts_with('#')), "{text}");
            assert!(!directives.contains("home") && !directives.contains("50%"), "{text}");
            assert!(command.starts_with("vqlab run '/a\n#SBATCH --array=7/b.toml' "), "{text}");
        }
    }
}
