//! Security compliance, where it applies: transit, rest, authentication, authorisation, exposure, audit, version. It never
//! calls itself not applicable without the computed or declared reason.

use dbwright_model::gate::Enforcement;
use dbwright_model::{Criterion, Engine, FactKind, Gate, GateVerdict, Grade, Reading, Verdict};

use super::criterion::{Question, count, not_applicable, pass, undecided};
use super::{Judged, settle};
use crate::sensitivity::Condition;

/// The verdict: a conditional gate is judged when its condition holds, and undecided while that is not known.
pub fn verdict(judged: &Judged<'_>, enforcement: Enforcement) -> GateVerdict {
    const CONDITION: &str = "The data are sensitive, or the server is reachable from elsewhere";
    let condition = Condition::of(judged.facts, judged.policy);
    let reason = condition.reason();
    let applies = if enforcement == Enforcement::Conditional { condition.applies() } else { Some(true) };
    let criteria = match applies {
        Some(true) => criteria(judged),
        Some(false) => vec![not_applicable(CONDITION, reason.clone())],
        None => vec![undecided(CONDITION, reason.clone())],
    };
    GateVerdict { gate: Gate::Security, enforcement, verdict: settle(&criteria), reason, criteria }
}

fn criteria(judged: &Judged<'_>) -> Vec<Criterion> {
    vec![transit(judged), at_rest(judged), authentication(judged), authorisation(judged), exposure(judged), audit(judged), version(judged)]
}

/// Lets a recorded word stand in for what a connection can't see; never for what was seen to be wrong.
fn or_attested(judged: &Judged<'_>, key: &str, criterion: Criterion) -> Criterion {
    let Some(word) = judged.policy.attested.get(key).filter(|_| criterion.verdict == Verdict::Undecided) else { return criterion };
    let detail = format!("On record, not seen by dbwright: {}.", word.reason.trim_end_matches('.'));
    if word.value {
        pass(&criterion.criterion, Grade::Observed, detail)
    } else {
        super::criterion::fail(&criterion.criterion, Grade::Observed, detail)
    }
}

fn transit(judged: &Judged<'_>) -> Criterion {
    const CRITERION: &str = "Data are encrypted in transit";
    if judged.facts.target.engine == Engine::Sqlite {
        return not_applicable(CRITERION, "A file has no connections.");
    }
    let answer = judged.answer(&Question {
        criterion: CRITERION,
        rules: &["security/certificate-expiring", "security/plaintext-accepted", "security/weak-tls"],
        needs: &[FactKind::Transport],
        passed: "No client is admitted over a network without TLS 1.2 or newer.".to_owned(),
    });
    let unknown = judged.facts.security.plaintext_refused.is_none() && crate::sensitivity::reachable(judged.facts).value != Some(false);
    let answer = match answer.verdict {
        Verdict::Pass if unknown => undecided(
            CRITERION,
            format!("Whether a plain connection is refused could not be told. {}", judged.why_missing(FactKind::Admission)),
        ),
        _ => answer,
    };
    or_attested(judged, "transit", answer)
}

fn at_rest(judged: &Judged<'_>) -> Criterion {
    const CRITERION: &str = "Data and backups are encrypted at rest";
    let rules = ["security/backup-unencrypted", "security/no-encryption-at-rest"];
    let answer = judged.answer(&Question { criterion: CRITERION, rules: &rules, needs: &[], passed: String::new() });
    if matches!(answer.verdict, Verdict::Fail | Verdict::Waived) {
        return answer;
    }
    let answer = match judged.facts.security.encrypted_at_rest.filter(|_| !judged.facts.target.scratch) {
        Some(true) => pass(CRITERION, Grade::Observed, "The engine encrypts its files."),
        _ => undecided(
            CRITERION,
            "Whether the disk below is encrypted can't be seen through the database. Who knows says so in dbwright.toml: \
             [attest] at-rest = { value = true, reason = \"…\" }.",
        ),
    };
    or_attested(judged, "at-rest", answer)
}

fn authentication(judged: &Judged<'_>) -> Criterion {
    const CRITERION: &str = "Every client proves who it is";
    if judged.facts.target.engine == Engine::Sqlite {
        return not_applicable(CRITERION, "A file has no accounts: its modes decide, see below.");
    }
    judged.answer(&Question {
        criterion: CRITERION,
        rules: &["security/empty-password", "security/trust-authentication", "security/weak-password-hash"],
        needs: &[FactKind::Admission, FactKind::Roles],
        passed: format!(
            "{} and {}, none without proof.",
            count(judged.facts.security.admission.len(), "admission rule"),
            count(judged.facts.security.roles.len(), "role")
        ),
    })
}

fn authorisation(judged: &Judged<'_>) -> Criterion {
    const CRITERION: &str = "Nobody has more rights than needed";
    if judged.facts.target.engine == Engine::Sqlite {
        return not_applicable(CRITERION, "A file has no roles: who may open it may do everything.");
    }
    judged.answer(&Question {
        criterion: CRITERION,
        rules: &[
            "security/application-is-superuser",
            "security/definer-search-path",
            "security/excess-privilege",
            "security/public-create",
            "security/row-security-bypassed",
        ],
        needs: &[FactKind::Catalog, FactKind::Roles],
        passed: format!("{}, none of which has a right that it should not have.", count(judged.facts.security.roles.len(), "role")),
    })
}

/// A server's files are seldom seen from a connection, and servers guard them themselves: they count where they were read.
fn exposure(judged: &Judged<'_>) -> Criterion {
    const FILES: &str = "security/readable-files";
    const SERVER: [&str; 3] = ["security/dangerous-feature", "security/exposed-listener", "security/sensitive-data-unprotected"];
    let files = judged.facts.target.engine == Engine::Sqlite || judged.facts.reading(FactKind::Files) == Reading::Read;
    let rules: Vec<&str> = SERVER.into_iter().chain(files.then_some(FILES)).collect();
    judged.answer(&Question {
        criterion: "Server and files are not exposed",
        rules: &rules,
        needs: &[],
        passed: "Listening addresses, files and switched-on features leave no door open that is known.".to_owned(),
    })
}

fn audit(judged: &Judged<'_>) -> Criterion {
    const CRITERION: &str = "Access leaves a trace";
    if judged.facts.target.engine == Engine::Sqlite {
        return or_attested(
            judged,
            "audit",
            not_applicable(CRITERION, "SQLite has no audit facility: the program that opens the file keeps the trace."),
        );
    }
    let on = judged.facts.security.audit.clone();
    let answer = judged.answer(&Question {
        criterion: CRITERION,
        rules: &["security/audit-off"],
        needs: &[FactKind::Audit],
        passed: on.as_ref().map(|facility| format!("Audit is on: {facility}.")).unwrap_or_default(),
    });
    let answer = match answer.verdict {
        Verdict::Pass if on.is_none() => {
            undecided(CRITERION, "The server shows no audit facility. Switch one on, or attest one under [attest] audit.")
        }
        _ => answer,
    };
    or_attested(judged, "audit", answer)
}

fn version(judged: &Judged<'_>) -> Criterion {
    const CRITERION: &str = "The server has all security fixes";
    if judged.facts.target.engine == Engine::Sqlite {
        return not_applicable(CRITERION, "There is no server, and the file does not say which library its program brings along.");
    }
    if judged.facts.target.scratch {
        return undecided(CRITERION, "The version of a scratch server is not that of the real one.");
    }
    judged.answer(&Question {
        criterion: CRITERION,
        rules: &["security/outdated-server"],
        needs: &[],
        passed: format!(
            "{} {} is supported and has the fixes known to this version of dbwright.",
            judged.facts.target.engine, judged.facts.target.version
        ),
    })
}
