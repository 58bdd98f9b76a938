//! Gives facts the records of drills that an evidence file keeps. It takes only what stands before a break of its chain, and
//! says where that is.

use std::path::{Path, PathBuf};

use dbwright_analysis::drills;
use dbwright_lab::evidence;
use dbwright_model::facts::{Coverage, Reading};
use dbwright_model::{FactKind, Facts};

use crate::args::drill::EvidenceArgs;
use crate::failure::Failure;

/// Adds the records that concern each database. A file that was named must be there.
pub fn attach(all: &mut [Facts], args: &EvidenceArgs, target: Option<&str>) -> Result<(), Failure> {
    let path = match &args.evidence {
        Some(path) if !path.is_file() => {
            return Err(Failure::new(format_args!("there is no evidence file {}", path.display())).hint("`dbwright drill` makes it."));
        }
        Some(path) => path.clone(),
        None => {
            let project = target.map(Path::new).filter(|path| path.is_dir());
            let path = project.map_or_else(PathBuf::new, Path::to_owned).join(evidence::FILE_NAME);
            if !path.is_file() {
                return Ok(());
            }
            path
        }
    };
    let chain = evidence::load(&path)?;
    for facts in all {
        let own: Vec<_> = chain.records.iter().filter(|record| drills::concerns(record, facts)).cloned().collect();
        facts.backups.drills.extend(own);
        facts.backups.evidence_broken = chain.broken.as_ref().map(|broken| format!("{}, {broken}", path.display()));
        facts.coverage.retain(|entry| entry.fact != FactKind::Drills);
        facts.coverage.push(Coverage {
            fact: FactKind::Drills,
            state: Reading::Read,
            detail: format!("from {}", path.display()),
            hint: None,
        });
    }
    Ok(())
}
