//! Every key of the policy, for dbwright.toml, flags and environment alike. It never knows a key that one of them lacks.

use dbwright_model::finding::Waiver;
use dbwright_model::gate::Enforcement;
use dbwright_model::policy::{Approval, Ignore, Policy};
use dbwright_model::{Engine, Gate};

use super::error::{Problem, did_you_mean};
use super::values;

/// A key of the policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// Its place in dbwright.toml, and the name under which [`set`] knows it.
    pub name: &'static str,
    /// The environment variable that sets it: `DBWRIGHT_` and the name in capitals, with `_` for `.` and `-`.
    pub environment: &'static str,
    /// What stands for the value in help texts.
    pub value: &'static str,
    /// One line of help.
    pub description: &'static str,
    /// Whether it may be given more than once, one value a line.
    pub repeatable: bool,
}

const fn one(name: &'static str, environment: &'static str, value: &'static str, description: &'static str) -> Key {
    Key { name, environment, value, description, repeatable: false }
}

const fn many(name: &'static str, environment: &'static str, value: &'static str, description: &'static str) -> Key {
    Key { name, environment, value, description, repeatable: true }
}

/// All keys, in the order of help texts.
pub const KEYS: &[Key] = &[
    one("standards.query_p95_ms", "DBWRIGHT_STANDARDS_QUERY_P95_MS", "MS", "95th percentile of a statement's latency stays below this"),
    one("standards.availability", "DBWRIGHT_STANDARDS_AVAILABILITY", "SHARE", "Share of time available, like 99.99%"),
    one("standards.lost_writes", "DBWRIGHT_STANDARDS_LOST_WRITES", "COUNT", "Acknowledged writes that may be lost"),
    one(
        "standards.recovery",
        "DBWRIGHT_STANDARDS_RECOVERY",
        "DURATION",
        "Recovery takes less than this, like 1h; a bare number is seconds",
    ),
    one("standards.storage_saving", "DBWRIGHT_STANDARDS_STORAGE_SAVING", "SHARE", "Share of storage to save where it can be, like 50%"),
    one(
        "standards.backup_age",
        "DBWRIGHT_STANDARDS_BACKUP_AGE",
        "DURATION",
        "A backup older than this is too old, like 24h; a bare number is days",
    ),
    one(
        "standards.drill_age",
        "DBWRIGHT_STANDARDS_DRILL_AGE",
        "DURATION",
        "A drill older than this is stale, like 30d; a bare number is days",
    ),
    one("gates.schema", "DBWRIGHT_GATES_SCHEMA", "WORD", "Enforcement of gate schema: blocking or advisory"),
    one("gates.performance", "DBWRIGHT_GATES_PERFORMANCE", "WORD", "Enforcement of gate performance: blocking or advisory"),
    one("gates.integrity", "DBWRIGHT_GATES_INTEGRITY", "WORD", "Enforcement of gate integrity: blocking or advisory"),
    one("gates.recovery", "DBWRIGHT_GATES_RECOVERY", "WORD", "Enforcement of gate recovery: blocking or advisory"),
    one("gates.security", "DBWRIGHT_GATES_SECURITY", "WORD", "Enforcement of gate security: blocking, conditional or advisory"),
    one("data.sensitive", "DBWRIGHT_DATA_SENSITIVE", "BOOL: REASON", "Declares whether the data are sensitive, like \"false: test data\""),
    one("data.reachable", "DBWRIGHT_DATA_REACHABLE", "BOOL: REASON", "Declares whether the server is reachable from elsewhere"),
    one("attest.at-rest", "DBWRIGHT_ATTEST_AT_REST", "BOOL: REASON", "Vouches for encryption of disks and backups"),
    one("attest.transit", "DBWRIGHT_ATTEST_TRANSIT", "BOOL: REASON", "Vouches for encryption in transit where it can't be seen"),
    one("attest.audit", "DBWRIGHT_ATTEST_AUDIT", "BOOL: REASON", "Vouches for an audit trail that the server does not show"),
    one("attest.backups", "DBWRIGHT_ATTEST_BACKUPS", "BOOL: REASON", "Vouches for young, complete backups that dbwright can't see"),
    one("approval.by", "DBWRIGHT_APPROVAL_BY", "NAME", "The architect who approved the schema"),
    one("approval.on", "DBWRIGHT_APPROVAL_ON", "DATE", "The day of the approval"),
    one("approval.schema_hash", "DBWRIGHT_APPROVAL_SCHEMA_HASH", "HASH", "Hash of the schema that was approved"),
    one("project.dialect", "DBWRIGHT_PROJECT_DIALECT", "ENGINE", "Dialect of a project directory's SQL"),
    one(
        "project.rate_per_second",
        "DBWRIGHT_PROJECT_RATE_PER_SECOND",
        "NUMBER",
        "Runs a project's workload open-loop at this many statements a second",
    ),
    many("ignore", "DBWRIGHT_IGNORE", "RULE;object=GLOB;reason=WHY[;by=WHO][;until=DATE]", "Accepts findings"),
    many("waive", "DBWRIGHT_WAIVE", "GATE;reason=WHY[;by=WHO][;until=DATE]", "Accepts a gate that does not pass"),
    many("severity", "DBWRIGHT_SEVERITY", "RULE=SEVERITY", "Gives a rule another severity"),
    many("sla", "DBWRIGHT_SLA", "STATEMENT=MS", "Limit of one statement, by name or fingerprint"),
];

/// Sets one key from text. Later values replace earlier ones; repeatable keys add.
///
/// # Errors
/// When there is no such key, or the value is not one that the key takes.
pub fn set(policy: &mut Policy, key: &str, text: &str) -> Result<(), Problem> {
    let standards = &mut policy.standards;
    match key {
        "standards.query_p95_ms" => standards.query_p95_ms = values::milliseconds(text)?,
        "standards.availability" => standards.availability = values::share(text)?,
        "standards.lost_writes" => standards.lost_writes = values::count(text)?,
        "standards.recovery" => standards.recovery_seconds = values::seconds(text)?,
        "standards.storage_saving" => standards.storage_saving = values::share(text)?,
        "standards.backup_age" => standards.backup_age_days = values::days(text)?,
        "standards.drill_age" => standards.drill_age_days = values::days(text)?,
        "data.sensitive" => policy.sensitive_data = Some(values::declared(text)?),
        "data.reachable" => policy.reachable = Some(values::declared(text)?),
        "project.dialect" => policy.project.dialect = Some(dialect(text)?),
        "project.rate_per_second" => policy.project.rate_per_second = Some(values::rate(text)?),
        "approval.by" => approval(policy).by = values::reason(text)?,
        "approval.on" => approval(policy).on = values::date(text)?,
        "approval.schema_hash" => approval(policy).schema_hash = hash(text)?,
        "ignore" | "waive" | "severity" | "sla" => return set_lines(policy, key, text),
        _ => return set_by_prefix(policy, key, text),
    }
    Ok(())
}

/// Repeatable keys: one value a line.
fn set_lines(policy: &mut Policy, key: &str, text: &str) -> Result<(), Problem> {
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        match key {
            "ignore" | "waive" => record(policy, key, line)?,
            _ => pair(policy, key, line)?,
        }
    }
    Ok(())
}

fn set_by_prefix(policy: &mut Policy, key: &str, text: &str) -> Result<(), Problem> {
    if let Some(gate) = key.strip_prefix("gates.") {
        return enforce(policy, values::gate(gate)?, values::enforcement(text)?);
    }
    if let Some(subject) = key.strip_prefix("attest.").filter(|subject| ["at-rest", "transit", "audit", "backups"].contains(subject)) {
        policy.attested.insert(subject.to_owned(), values::declared(text)?);
        return Ok(());
    }
    let all = KEYS.iter().map(|key| key.name);
    Err(Problem::new(format!("unknown key {key:?}"), did_you_mean(key, all, "the reference of dbwright.toml lists all keys")))
}

/// Sets a gate's enforcement.
///
/// # Errors
/// When a gate without condition is to be conditional.
pub fn enforce(policy: &mut Policy, gate: Gate, enforcement: Enforcement) -> Result<(), Problem> {
    if enforcement == Enforcement::Conditional && gate != Gate::Security {
        return Err(Problem::new(
            format!("gate {} has no condition", gate.id()),
            "write blocking or advisory; only security is conditional",
        ));
    }
    policy.enforcement.insert(gate, enforcement);
    Ok(())
}

fn dialect(text: &str) -> Result<Engine, Problem> {
    let ids = Engine::ALL.map(Engine::id);
    Engine::from_id(text.trim()).ok_or_else(|| {
        Problem::new(format!("there is no dialect {text:?}"), did_you_mean(text, ids, &format!("write one of {}", ids.join(", "))))
    })
}

fn approval(policy: &mut Policy) -> &mut Approval {
    policy.approval.get_or_insert_with(Approval::default)
}

fn hash(text: &str) -> Result<String, Problem> {
    let text = text.trim();
    if text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(text.to_ascii_lowercase());
    }
    Err(Problem::new(format!("{text:?} is no schema hash"), "copy the 64 hexadecimal digits of `schema_hash` from a report"))
}

/// Sets a record of named fields: an ignore or a waiver. The error names the field at fault.
pub(super) fn set_record(policy: &mut Policy, section: &str, head: &str, fields: &[(String, String)]) -> Result<(), (String, Problem)> {
    let get = |name: &str| fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    let blame = |field: &str| {
        let field = field.to_owned();
        move |problem| (field, problem)
    };
    let waiver = Waiver {
        reason: values::reason(get("reason").unwrap_or_default()).map_err(blame("reason"))?,
        by: get("by").map(str::to_owned),
        until: get("until").map(values::date).transpose().map_err(blame("until"))?,
    };
    if section == "waive" {
        policy.waivers.insert(values::gate(head).map_err(blame("gate"))?, waiver);
        return Ok(());
    }
    let object = get("object")
        .ok_or_else(|| Problem::new("object is missing", "name the object, or a glob; * stands for all"))
        .map_err(blame("object"))?;
    policy.ignores.push(Ignore { rule: values::rule(head).map_err(blame("rule"))?, object: object.to_owned(), waiver });
    Ok(())
}

/// `HEAD;name=value;…` as flags and environment give it.
fn record(policy: &mut Policy, section: &str, text: &str) -> Result<(), Problem> {
    const NAMES: [&str; 4] = ["object", "reason", "by", "until"];
    let mut pieces = text.split(';').map(str::trim);
    let head = pieces.next().unwrap_or_default();
    let mut fields = Vec::new();
    for piece in pieces.filter(|piece| !piece.is_empty()) {
        let (name, value) =
            piece.split_once('=').ok_or_else(|| Problem::new(format!("{piece:?} has no value"), "write name=value between semicolons"))?;
        if !NAMES.contains(&name.trim()) || section == "waive" && name.trim() == "object" {
            let hint = did_you_mean(name.trim(), NAMES, "known are object (of ignores), reason, by, until");
            return Err(Problem::new(format!("unknown part {name:?}"), hint));
        }
        fields.push((name.trim().to_owned(), value.trim().to_owned()));
    }
    set_record(policy, section, head, &fields).map_err(|(_, problem)| problem)
}

/// `RULE=SEVERITY` or `STATEMENT=MS`; a statement's name may hold an equals sign, so the last one parts.
fn pair(policy: &mut Policy, key: &str, text: &str) -> Result<(), Problem> {
    let (name, value) = text.rsplit_once('=').ok_or_else(|| Problem::new(format!("{text:?} has no value"), "write name=value"))?;
    if key == "severity" {
        policy.severities.insert(values::rule(name)?, values::severity(value)?);
    } else {
        policy.statement_sla_ms.insert(name.trim().to_owned(), values::milliseconds(value)?);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A value that each key takes, so that no key of the table is unknown to `set`.
    fn example(key: &Key) -> &'static str {
        match key.value {
            "MS" => "250",
            "SHARE" => "10%",
            "COUNT" => "7",
            "DURATION" => "2h",
            "WORD" => "advisory",
            "BOOL: REASON" => "true: on record",
            "NAME" => "A. Architect",
            "DATE" => "2026-02-28",
            "HASH" => "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
            "ENGINE" => "mariadb",
            "NUMBER" => "12.5",
            "RULE=SEVERITY" => "schema/missing-primary-key=info",
            "STATEMENT=MS" => "a = b=20",
            _ if key.name == "ignore" => "schema/missing-primary-key;object=*;reason=legacy;by=me;until=2026-12-31",
            _ => "recovery;reason=no backups in tests",
        }
    }

    #[test]
    fn every_key_changes_the_policy() {
        for key in KEYS {
            let mut policy = Policy::default();
            set(&mut policy, key.name, example(key)).unwrap_or_else(|problem| panic!("{}: {problem}", key.name));
            assert_ne!(policy, Policy::default(), "{}", key.name);
        }
    }

    #[test]
    fn every_standard_and_gate_has_its_key() {
        assert_eq!(KEYS.iter().filter(|key| key.name.starts_with("standards.")).count(), 7);
        for gate in Gate::ALL {
            assert!(KEYS.iter().any(|key| key.name == format!("gates.{}", gate.id())));
        }
    }

    #[test]
    fn variables_follow_from_names() {
        for key in KEYS {
            assert_eq!(key.environment, format!("DBWRIGHT_{}", key.name.replace(['.', '-'], "_").to_uppercase()));
        }
    }

    #[test]
    fn repeatable_keys_take_lines() {
        let mut policy = Policy::default();
        set(&mut policy, "sla", "a=1\nb=2\n").unwrap();
        assert_eq!(policy.statement_sla_ms.len(), 2);
    }

    #[test]
    fn says_what_was_meant() {
        let mut policy = Policy::default();
        assert!(set(&mut policy, "standards.recvery", "1h").unwrap_err().hint.contains("standards.recovery"));
        assert!(
            set(&mut policy, "ignore", "schema/missing-primry-key;object=*;reason=x")
                .unwrap_err()
                .hint
                .contains("schema/missing-primary-key")
        );
        assert!(set(&mut policy, "gates.schema", "conditional").unwrap_err().problem.contains("no condition"));
        assert!(set(&mut policy, "ignore", "schema/missing-primary-key;object=*").is_err());
        assert_eq!(policy, Policy::default());
    }
}
