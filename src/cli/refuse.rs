//! Refuses specs whose files would replace each other, or files with another purpose, before anything is computed.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use super::CliError;
use crate::results;
use crate::spec::{FOLDERS, Plan};

/// # Errors
/// [`CliError::Usage`]: a profile has the name of another folder in results/, two specs have one name, or two panels
/// write one Results file.
pub fn refuse_collisions(plans: &[Plan]) -> Result<(), CliError> {
    reserved_profiles(plans)?;
    equal_names(plans)?;
    equal_files(plans)
}

fn reserved_profiles(plans: &[Plan]) -> Result<(), CliError> {
    match plans.iter().find(|plan| FOLDERS.contains(&plan.folder.as_str())) {
        None => Ok(()),
        Some(plan) => Err(CliError::Usage(format!(
            "{}: a profile can't be named `{}`, because the folder results/{1} has another purpose; rename the profile",
            plan.source.display(),
            plan.profile
        ))),
    }
}

fn equal_names(plans: &[Plan]) -> Result<(), CliError> {
    let mut seen = HashSet::new();
    match plans.iter().find(|plan| !seen.insert(&plan.name)) {
        None => Ok(()),
        Some(plan) => Err(CliError::Usage(format!(
            "{}: another spec of this command is also named `{}`, and would write the same files; \
             change one [experiment] name",
            plan.source.display(),
            plan.name
        ))),
    }
}

fn equal_files(plans: &[Plan]) -> Result<(), CliError> {
    let mut writers: HashMap<(&str, String), String> = HashMap::new();
    for plan in plans {
        for panel in &plan.panels {
            let who = format!("panel `{}` of {}", panel.name, plan.source.display());
            for file in results::files_of(plan, panel) {
                if let Some(first) = writers.insert((&plan.folder, file.clone()), who.clone()) {
                    return Err(CliError::Usage(format!(
                        "{first} and {who} would both write results/{}/{file}; give each panel a file of its own in \
                         [output.results]",
                        plan.folder
                    )));
                }
            }
        }
    }
    Ok(())
}

/// # Errors
/// [`CliError::Usage`]: another experiment in the folder of results has a Results file of the same path.
pub fn refuse_files_of_others(plans: &[Plan], results_root: &Path) -> Result<(), CliError> {
    match plans.iter().find_map(|plan| Some((plan, results::shared_file(plan, results_root)?))) {
        None => Ok(()),
        Some((plan, (other, file))) => Err(CliError::Usage(format!(
            "{}: results/{}/{file} belongs to the experiment `{other}`, and would be replaced\n\
             hint: give another file in [output.results], another folder by -o DIR, or delete \
             results/{1}/provenance/{other}.json if its results are not needed",
            plan.source.display(),
            plan.folder
        ))),
    }
}
