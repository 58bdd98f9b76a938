//! dbwright.toml: every key is known, every error has its line. It never guesses what an unknown key might have meant to do.

use dbwright_model::policy::Policy;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::{PolicyError, Problem, did_you_mean};
use super::keys::{KEYS, set};

/// The policy of a dbwright.toml over the defaults.
///
/// # Errors
/// When the text is no TOML, or a key, a rule or a value is not one that is known.
pub fn load(text: &str) -> Result<Policy, PolicyError> {
    load_over(Policy::default(), text)
}

/// Lays a dbwright.toml over a policy, which stays as it is when the text has an error.
///
/// # Errors
/// As [`load`].
pub fn apply(policy: &mut Policy, text: &str) -> Result<(), PolicyError> {
    *policy = load_over(policy.clone(), text)?;
    Ok(())
}

/// The policy of a dbwright.toml over another.
///
/// # Errors
/// As [`load`].
pub fn load_over(base: Policy, text: &str) -> Result<Policy, PolicyError> {
    let root = DeTable::parse(text).map_err(|error| {
        let offset = error.span().map_or(0, |span| span.start);
        PolicyError::at(text, offset, Problem::new(error.message().replace('\n', " "), "correct the TOML at this place"))
    })?;
    let mut reader = Reader { policy: base, text };
    for (name, value) in in_order(root.get_ref()) {
        reader.section(name, value)?;
    }
    reader.check_approval(&root)?;
    Ok(reader.policy)
}

/// Entries in the order in which they stand, so that the first error reported is the first in the file.
fn in_order<'a, 'i>(table: &'a DeTable<'i>) -> Vec<(&'a Spanned<std::borrow::Cow<'i, str>>, &'a Spanned<DeValue<'i>>)> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(name, _)| name.span().start);
    entries
}

struct Reader<'t> {
    policy: Policy,
    text: &'t str,
}

type Name<'a, 'i> = &'a Spanned<std::borrow::Cow<'i, str>>;
type Value<'a, 'i> = &'a Spanned<DeValue<'i>>;

impl Reader<'_> {
    fn error(&self, offset: usize, problem: Problem) -> PolicyError {
        PolicyError::at(self.text, offset, problem)
    }

    fn section(&mut self, name: Name<'_, '_>, value: Value<'_, '_>) -> Result<(), PolicyError> {
        let section: &str = name.get_ref();
        match section {
            "ignore" => self.records(section, value, "rule"),
            "waive" => self.records(section, value, "gate"),
            "severity" | "sla" => self.pairs(section, value),
            "standards" | "gates" | "data" | "attest" | "approval" | "project" => self.scalars(section, value),
            _ => {
                let known = ["approval", "attest", "data", "gates", "ignore", "project", "severity", "sla", "standards", "waive"];
                let hint = did_you_mean(section, known, &format!("the sections are {}", known.join(", ")));
                Err(self.error(name.span().start, Problem::new(format!("unknown section [{section}]"), hint)))
            }
        }
    }

    fn table<'a, 'i>(&self, section: &str, value: Value<'a, 'i>) -> Result<&'a DeTable<'i>, PolicyError> {
        value.get_ref().as_table().ok_or_else(|| {
            let problem = format!("{section} is a {}, not a table", value.get_ref().type_str());
            self.error(value.span().start, Problem::new(problem, format!("write [{section}] with keys below it")))
        })
    }

    /// Keys with one value each.
    fn scalars(&mut self, section: &str, value: Value<'_, '_>) -> Result<(), PolicyError> {
        for (name, value) in in_order(self.table(section, value)?) {
            let key = format!("{section}.{}", name.get_ref());
            let known = KEYS.iter().filter_map(|key| key.name.strip_prefix(section)?.strip_prefix('.'));
            if !KEYS.iter().any(|known| known.name == key) {
                let all: Vec<&str> = known.collect();
                let hint = did_you_mean(name.get_ref(), all.iter().copied(), &format!("[{section}] has {}", all.join(", ")));
                return Err(self.error(name.span().start, Problem::new(format!("unknown key {:?} in [{section}]", name.get_ref()), hint)));
            }
            let text = match value.get_ref() {
                DeValue::Table(_) => self.declaration(value)?,
                _ => self.scalar(value)?,
            };
            let result = set(&mut self.policy, &key, &text);
            result.map_err(|problem| self.error(value.span().start, problem))?;
        }
        Ok(())
    }

    /// A number, text, truth value or date as text.
    fn scalar(&self, value: Value<'_, '_>) -> Result<String, PolicyError> {
        match value.get_ref() {
            DeValue::String(text) => Ok(text.to_string()),
            DeValue::Integer(number) if number.radix() == 10 => Ok(number.as_str().to_owned()),
            DeValue::Float(number) => Ok(number.as_str().to_owned()),
            DeValue::Boolean(truth) => Ok(truth.to_string()),
            DeValue::Datetime(date) => Ok(date.to_string()),
            other => Err(self
                .error(value.span().start, Problem::new(format!("a {} can't stand here", other.type_str()), "write a text or a number"))),
        }
    }

    /// `{ value = …, reason = "…" }` in the form that flags have.
    fn declaration(&self, value: Value<'_, '_>) -> Result<String, PolicyError> {
        let fields = self.fields(value, &["value", "reason"])?;
        let get = |name: &str| fields.iter().find(|(known, _)| known == name).map(|(_, text)| text.clone());
        match (get("value"), get("reason")) {
            (Some(truth), Some(reason)) => Ok(format!("{truth}: {reason}")),
            _ => Err(self
                .error(value.span().start, Problem::new("a declaration needs value and reason", "write { value = true, reason = \"…\" }"))),
        }
    }

    /// The scalar fields of a table whose names are known.
    fn fields(&self, value: Value<'_, '_>, names: &[&str]) -> Result<Vec<(String, String)>, PolicyError> {
        let table = value.get_ref().as_table().ok_or_else(|| {
            self.error(
                value.span().start,
                Problem::new(
                    format!("a {} can't stand here", value.get_ref().type_str()),
                    format!("write a table of {}", names.join(", ")),
                ),
            )
        })?;
        let mut fields = Vec::new();
        for (name, value) in in_order(table) {
            if !names.contains(&name.get_ref().as_ref()) {
                let hint = did_you_mean(name.get_ref(), names.iter().copied(), &format!("known are {}", names.join(", ")));
                return Err(self.error(name.span().start, Problem::new(format!("unknown key {:?}", name.get_ref()), hint)));
            }
            fields.push((name.get_ref().to_string(), self.scalar(value)?));
        }
        Ok(fields)
    }

    /// `[[ignore]]` and `[[waive]]`.
    fn records(&mut self, section: &str, value: Value<'_, '_>, head: &str) -> Result<(), PolicyError> {
        let Some(list) = value.get_ref().as_array() else {
            let problem = format!("{section} is a {}, not a list of tables", value.get_ref().type_str());
            return Err(self.error(value.span().start, Problem::new(problem, format!("write [[{section}]]"))));
        };
        let names: &[&str] =
            if section == "ignore" { &["rule", "object", "reason", "by", "until"] } else { &["gate", "reason", "by", "until"] };
        for record in list.iter() {
            let fields = self.fields(record, names)?;
            let Some((_, first)) = fields.iter().find(|(name, _)| name == head) else {
                return Err(self.error(
                    record.span().start,
                    Problem::new(format!("{head} is missing"), format!("each [[{section}]] names its {head}")),
                ));
            };
            let result = super::keys::set_record(&mut self.policy, section, first, &fields);
            result.map_err(|(field, problem)| self.error(place(record, &field), problem))?;
        }
        Ok(())
    }

    /// `[severity]` and `[sla]`.
    fn pairs(&mut self, section: &str, value: Value<'_, '_>) -> Result<(), PolicyError> {
        for (name, value) in in_order(self.table(section, value)?) {
            let text = self.scalar(value)?;
            let result = set(&mut self.policy, section, &format!("{}={text}", name.get_ref()));
            let unknown = result.as_ref().is_err_and(|problem| problem.problem.starts_with("there is no rule"));
            let offset = if unknown { name.span().start } else { value.span().start };
            result.map_err(|problem| self.error(offset, problem))?;
        }
        Ok(())
    }

    /// Half an approval is none.
    fn check_approval(&self, root: &Spanned<DeTable<'_>>) -> Result<(), PolicyError> {
        let Some(approval) = self.policy.approval.as_ref() else { return Ok(()) };
        let missing = [("by", &approval.by), ("on", &approval.on), ("schema_hash", &approval.schema_hash)]
            .into_iter()
            .find(|(_, text)| text.is_empty());
        let Some((name, _)) = missing else { return Ok(()) };
        let offset =
            root.get_ref().iter().find(|(section, _)| section.get_ref() == "approval").map_or(0, |(section, _)| section.span().start);
        Err(self.error(offset, Problem::new(format!("[approval] lacks {name}"), "give by, on and schema_hash")))
    }
}

/// Where a field of a record stands; the record itself when the field is absent.
fn place(record: Value<'_, '_>, field: &str) -> usize {
    let value = record.get_ref().as_table().and_then(|table| table.iter().find(|(name, _)| name.get_ref() == field));
    value.map_or(record.span().start, |(_, value)| value.span().start)
}

#[cfg(test)]
mod tests {
    use dbwright_model::gate::Enforcement;
    use dbwright_model::{Engine, Gate, Severity};

    use super::*;

    const FULL: &str = r#"
[project]
dialect = "postgresql"
rate_per_second = 50

[standards]
query_p95_ms = 250
availability = "99.9%"
lost_writes = 0
recovery = "30min"
storage_saving = 0.25
backup_age = "36h"
drill_age = 14

[gates]
recovery = "advisory"
security = "blocking"

[data]
sensitive = { value = false, reason = "invented people" }

[attest]
at-rest = { value = true, reason = "LUKS" }

[approval]
by = "A. Architect"
on = 2026-02-28
schema_hash = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

[severity]
"schema/missing-primary-key" = "error"

[sla]
"log in" = 20
"month end; report = all" = "2s"

[[ignore]]
rule = "schema/missing-primary-key"
object = "staging;*"
reason = "loaded and dropped; never kept"
by = "me"
until = "2026-12-31"

[[waive]]
gate = "recovery"
reason = "no backups of test data"
"#;

    #[test]
    fn reads_everything() {
        let policy = load(FULL).unwrap();
        assert_eq!(policy.project.dialect, Some(Engine::Postgresql));
        assert_eq!(policy.project.rate_per_second, Some(50.0));
        assert!((policy.standards.recovery_seconds - 1800.0).abs() < 1e-9 && (policy.standards.backup_age_days - 1.5).abs() < 1e-9);
        assert_eq!(policy.enforcement[&Gate::Recovery], Enforcement::Advisory);
        assert_eq!(policy.enforcement[&Gate::Schema], Enforcement::Blocking);
        assert!(policy.sensitive_data.is_some_and(|declared| !declared.value && declared.reason == "invented people"));
        assert_eq!(policy.attested["at-rest"].reason, "LUKS");
        assert!(policy.approval.is_some_and(|approval| approval.on == "2026-02-28" && !approval.signed));
        assert_eq!(policy.severities["schema/missing-primary-key"], Severity::Error);
        assert_eq!(policy.statement_sla_ms["month end; report = all"], 2000.0);
        let ignore = &policy.ignores[0];
        assert_eq!((ignore.object.as_str(), ignore.waiver.reason.as_str()), ("staging;*", "loaded and dropped; never kept"));
        assert_eq!(policy.waivers[&Gate::Recovery].until, None);
    }

    #[test]
    fn nothing_is_the_default() {
        assert_eq!(load("").unwrap(), Policy::default());
    }

    #[test]
    fn errors_have_place_and_remedy() {
        let cases: [(&str, usize, usize, &str); 13] = [
            ("[standards]\nquery_p95 = 1\n", 2, 1, "query_p95_ms"),
            ("[standard]\n", 1, 2, "standards"),
            ("\n[standards]\n  recovery = \"soon\"\n", 3, 14, "like \"1h\""),
            ("[gates]\nschema = \"blockin\"\n", 2, 10, "blocking"),
            ("[[ignore]]\nrule = \"schema/mising-primary-key\"\nobject = \"*\"\nreason = \"x\"\n", 2, 8, "schema/missing-primary-key"),
            ("[[ignore]]\nrule = \"schema/missing-primary-key\"\nobject = \"*\"\n", 1, 1, "say why"),
            (
                "[[ignore]]\nrule = \"schema/missing-primary-key\"\nobject = \"*\"\nreason = \"x\"\nuntil = \"2026-02-30\"\n",
                5,
                9,
                "2026-12-31",
            ),
            ("[[waive]]\ngate = \"backup\"\nreason = \"x\"\n", 2, 8, "the gates are"),
            ("[severity]\n\"schema/nonsense-all-the-way\" = \"info\"\n", 2, 1, "dbwright rules"),
            ("[data]\nsensitive = true\n", 2, 13, "reason"),
            ("[approval]\nby = \"x\"\n", 1, 2, "schema_hash"),
            ("ignore = 3\n", 1, 10, "[[ignore]]"),
            ("[standards\n", 1, 11, "TOML"),
        ];
        for (text, line, column, hint) in cases {
            let error = load(text).unwrap_err();
            assert_eq!((error.line, error.column), (line, column), "{text}: {error}");
            assert!(format!("{error}; {}", error.hint).contains(hint), "{text}: {error:?}");
        }
    }

    #[test]
    fn lays_over_a_base() {
        let mut base = Policy::default();
        base.standards.query_p95_ms = 7.0;
        let policy = load_over(base, "[standards]\nlost_writes = 3\n").unwrap();
        assert!(policy.standards.query_p95_ms < 8.0 && policy.standards.lost_writes == 3);
    }
}
