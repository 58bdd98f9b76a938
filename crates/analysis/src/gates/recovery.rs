//! Backup and recovery: a backup exists, it was restored lately, fast enough on the upper end, and no acknowledged write
//! was lost. It never takes a backup that nobody restored for a way back.

use dbwright_model::{Criterion, Engine, FactKind, Grade, Verdict};

use super::Judged;
use super::criterion::{Question, count, fail, not_applicable, pass, refer, undecided};
use crate::drills;

/// The criteria.
pub fn criteria(judged: &Judged<'_>) -> Vec<Criterion> {
    vec![backup(judged), drill(judged), time(judged), loss(judged), durability(judged), archive(judged)]
}

fn backup(judged: &Judged<'_>) -> Criterion {
    const CRITERION: &str = "A complete backup exists and is young";
    let answer = judged.answer(&Question {
        criterion: CRITERION,
        rules: &["recovery/backup-too-old", "recovery/incomplete-backup", "recovery/no-backup"],
        needs: &[FactKind::Backups],
        passed: String::new(),
    });
    let word = judged.policy.attested.get("backups").filter(|word| word.value && answer.verdict == Verdict::Undecided);
    if let Some(word) = word {
        return pass(CRITERION, Grade::Observed, format!("On record, not seen by dbwright: {}.", word.reason.trim_end_matches('.')));
    }
    if answer.verdict == Verdict::Undecided && judged.facts.target.scratch {
        return undecided(CRITERION, "A scratch copy says nothing of the backups of the real one: review that, or its Facts.");
    }
    let Some(newest) = judged.facts.backups.backups.iter().filter_map(|one| one.taken_at).max() else {
        return match answer.verdict {
            Verdict::Pass => undecided(CRITERION, "No backup is known with the time when it was taken."),
            Verdict::Undecided => {
                let detail = format!("{} Who knows vouches under [attest] backups in dbwright.toml.", answer.detail);
                undecided(CRITERION, detail)
            }
            _ => answer,
        };
    };
    match answer.verdict {
        Verdict::Pass => pass(CRITERION, Grade::Observed, format!("The newest was finished at {newest}.")),
        _ => answer,
    }
}

fn drill(judged: &Judged<'_>) -> Criterion {
    const CRITERION: &str = "A restore drill passed lately";
    if let Some(broken) = &judged.facts.backups.evidence_broken {
        let detail =
            format!("The record of drills was changed after it was written: {broken}. Find out by whom, and drill into a fresh one.");
        return fail(CRITERION, Grade::Observed, detail);
    }
    let rules = ["recovery/drill-stale", "recovery/restore-differs", "recovery/restore-failed"];
    let Some(latest) = drills::latest(judged.facts, &["restore", "point-in-time"]) else {
        return undecided(
            CRITERION,
            "No record of a restore drill is known: `dbwright drill restore` restores the newest backup elsewhere, compares, and keeps the record.",
        );
    };
    let answer = judged.answer(&Question { criterion: CRITERION, rules: &rules, needs: &[], passed: String::new() });
    let age = judged.facts.taken_at.days_since(latest.at);
    let limit = judged.policy.standards.drill_age_days;
    if matches!(answer.verdict, Verdict::Fail | Verdict::Waived) {
        return answer;
    }
    if latest.verdict() == Verdict::Undecided {
        return undecided(
            CRITERION,
            format!("The {} drill of {} could not check all: {}", latest.drill, latest.at, latest.undecided.join("; ")),
        );
    }
    if !latest.passed {
        return fail(
            CRITERION,
            Grade::Proved,
            format!("The {} drill of {} failed: {}", latest.drill, latest.at, latest.differences.join("; ")),
        );
    }
    if age > limit {
        return fail(CRITERION, Grade::Observed, format!("The last one was {age:.0} days ago; the limit is {limit:.0}."));
    }
    pass(CRITERION, Grade::Proved, format!("The {} drill of {} restored it and found no difference.", latest.drill, latest.at))
}

fn time(judged: &Judged<'_>) -> Criterion {
    const CRITERION: &str = "Recovery takes less than its goal";
    let goal = judged.policy.standards.recovery_seconds;
    let Some(recovery) = drills::recovery_time(judged.facts, judged.policy.standards.drill_age_days) else {
        return undecided(
            CRITERION,
            "Never measured within the time that a drill counts: take the time of a restore drill and keep its record.",
        );
    };
    let measured = format!(
        "Longest of {} {:.0} s, upper end {:.0} s ({}); goal {goal:.0} s.",
        count(recovery.runs, "drill"),
        recovery.longest,
        recovery.high,
        recovery.method
    );
    if recovery.longest >= goal {
        let found = judged.found(&["recovery/restore-slow"]);
        return refer(fail(CRITERION, Grade::Proved, measured), &found);
    }
    if recovery.high >= goal {
        return undecided(CRITERION, format!("{measured} Repeat the drill to narrow it."));
    }
    pass(CRITERION, Grade::Proved, measured)
}

fn loss(judged: &Judged<'_>) -> Criterion {
    const CRITERION: &str = "No acknowledged write is lost";
    let Some(ledger) = drills::ledger(judged.facts, judged.policy.standards.drill_age_days) else {
        return undecided(
            CRITERION,
            "Acknowledged writes were never counted against a crash: `dbwright drill crash` counts them outside the database and keeps the record.",
        );
    };
    let allowed = judged.policy.standards.lost_writes;
    let seen = format!("{} of {} acknowledged writes lost in {} faults", ledger.lost, ledger.acknowledged, ledger.faults);
    if ledger.lost > allowed {
        return refer(
            fail(CRITERION, Grade::Proved, format!("{seen}; the goal is {allowed}.")),
            &judged.found(&["recovery/acknowledged-write-lost"]),
        );
    }
    if ledger.faults == 0 || ledger.acknowledged == 0 {
        return undecided(CRITERION, format!("{seen}: that proves nothing. Drill with load and faults."));
    }
    if let Some(untested) = drills::latest(judged.facts, &["crash"]).and_then(|crash| crash.undecided.first()) {
        return undecided(CRITERION, format!("{seen}, but {untested}"));
    }
    let bound = 3.0 / ledger.faults as f64;
    pass(
        CRITERION,
        Grade::Proved,
        format!("{seen}. That bounds the chance of loss at a fault by {:.2} % with 95 % confidence.", (bound * 100.0).min(100.0)),
    )
}

fn durability(judged: &Judged<'_>) -> Criterion {
    judged.answer(&Question {
        criterion: "Settings keep a commit that was acknowledged",
        rules: &["recovery/durability-off", "recovery/unlogged-table"],
        needs: &[FactKind::Settings],
        passed: "Every setting that decides it has its safe value.".to_owned(),
    })
}

fn archive(judged: &Judged<'_>) -> Criterion {
    const CRITERION: &str = "The log between backups is kept";
    const RULE: &str = "recovery/no-point-in-time";
    if judged.facts.target.engine == Engine::Sqlite {
        return not_applicable(CRITERION, "SQLite archives no log of its own; how much may be lost is the age of the newest backup.");
    }
    let answer = judged.answer(&Question {
        criterion: CRITERION,
        rules: &["recovery/archive-failing", RULE],
        needs: &[FactKind::Archiving],
        passed: "Archiving is on and does not fail.".to_owned(),
    });
    let enabled = judged.facts.backups.archiving.as_ref().is_some_and(|one| one.enabled);
    match &judged.facts.target.service {
        _ if answer.verdict != Verdict::Pass || enabled => answer,
        Some(service) => undecided(CRITERION, format!("{service} archives out of our sight: a restore to a point in time proves it.")),
        None => fail(CRITERION, Grade::Observed, "Archiving is off: what was written since the last backup can't be brought back."),
    }
}
