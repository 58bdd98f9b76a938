//! Settings as numbers, bytes and switches, and the statements that change one. It never guesses a unit.

use dbwright_model::Engine;
use dbwright_model::change::Change;
use dbwright_model::health::Setting;

use super::Context;

impl Context<'_> {
    /// The setting of this name; counters and settings of MySQL are found in any letter case.
    #[must_use]
    pub fn setting(&self, name: &str) -> Option<&Setting> {
        self.facts
            .settings
            .get(name)
            .or_else(|| self.facts.settings.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value))
    }

    /// The value as a number in the engine's base unit.
    #[must_use]
    pub fn setting_number(&self, name: &str) -> Option<f64> {
        self.setting(name)?.value.trim().parse().ok()
    }

    /// The value as a number, unless it is that of the collecting session only and so says nothing of the server.
    #[must_use]
    pub fn server_setting_number(&self, name: &str) -> Option<f64> {
        let setting = self.setting(name).filter(|setting| !matches!(setting.origin.as_deref(), Some("client" | "session")))?;
        setting.value.trim().parse().ok()
    }

    /// The value in bytes: its number times its unit; without unit it counts bytes.
    #[must_use]
    pub fn setting_bytes(&self, name: &str) -> Option<f64> {
        let setting = self.setting(name)?;
        bytes(&setting.value, setting.unit.as_deref())
    }

    /// The value in milliseconds: its number times its unit; without unit it counts milliseconds.
    #[must_use]
    pub fn setting_ms(&self, name: &str) -> Option<f64> {
        let setting = self.setting(name)?;
        let (number, written) = split_number(&setting.value)?;
        let unit = if written.is_empty() { setting.unit.as_deref().unwrap_or("ms") } else { written };
        let factor = match unit {
            "us" => 0.001,
            "ms" => 1.0,
            "s" => 1000.0,
            "min" => 60_000.0,
            "h" => 3_600_000.0,
            "d" => 86_400_000.0,
            _ => return None,
        };
        Some(number * factor)
    }

    /// Whether the setting is switched on (`on`, `1`, `true`, `yes`); none when it is not known.
    #[must_use]
    pub fn setting_on(&self, name: &str) -> Option<bool> {
        let value = self.setting(name)?.value.trim().to_ascii_lowercase();
        match value.as_str() {
            "on" | "1" | "true" | "yes" => Some(true),
            "off" | "0" | "false" | "no" => Some(false),
            _ => None,
        }
    }

    /// The value in small letters.
    #[must_use]
    pub fn setting_text(&self, name: &str) -> Option<String> {
        self.setting(name).map(|setting| setting.value.trim().to_ascii_lowercase())
    }

    /// A counter of the server, found in any letter case.
    #[must_use]
    pub fn counter(&self, name: &str) -> Option<f64> {
        let counters = &self.facts.health.counters;
        counters.get(name).or_else(|| counters.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)).copied()
    }

    /// Days over which the server's cumulative counters ran; none when nothing says so.
    #[must_use]
    pub fn statistics_days(&self) -> Option<f64> {
        let health = &self.facts.health;
        let since = health.statistics_since.or(health.started_at)?;
        Some(self.facts.taken_at.days_since(since)).filter(|days| *days >= 0.0)
    }

    /// The change of a setting that takes effect on reload, or none where the engine has no safe statement for it: on
    /// managed services settings belong to the provider's own interface.
    ///
    /// `value` is written as given: a number in the setting's base unit, or a quoted text.
    #[must_use]
    pub fn change_setting(&self, name: &str, value: &str, summary: &str) -> Option<Change> {
        if self.facts.target.service.is_some() || !is_plain_name(name) {
            return None;
        }
        match self.engine() {
            Engine::Postgresql => Some(self.alter_system(name, value, summary).step("SELECT pg_reload_conf()", "SELECT pg_reload_conf()")),
            Engine::Mysql => Some(self.set_global("SET PERSIST", name, value, summary)),
            Engine::Mariadb => Some(self.set_global("SET GLOBAL", name, value, summary)),
            Engine::Redis | Engine::Valkey => Some(self.config_set(name, value, summary)),
            _ => None,
        }
        .map(order_reload_last)
    }

    /// Like [`Self::change_setting`], of a PostgreSQL setting that takes effect only when the server starts.
    #[must_use]
    pub fn change_setting_at_start(&self, name: &str, value: &str, summary: &str) -> Option<Change> {
        if self.facts.target.service.is_some() || self.engine() != Engine::Postgresql || !is_plain_name(name) {
            return None;
        }
        Some(self.alter_system(name, value, summary).locking("takes effect at the next restart, which ends every connection"))
    }

    fn alter_system(&self, name: &str, value: &str, summary: &str) -> Change {
        let before = self.setting(name);
        let is_default = before.is_none_or(|setting| setting.origin.as_deref() == Some("default"));
        let revert = match before {
            Some(setting) if !is_default => format!("ALTER SYSTEM SET {name} = '{}'", setting.value.replace('\'', "''")),
            _ => format!("ALTER SYSTEM RESET {name}"),
        };
        Change::new(summary).step(format!("ALTER SYSTEM SET {name} = {value}"), revert)
    }

    /// Without a known value before there is nothing to go back to, and so no undo.
    fn config_set(&self, name: &str, value: &str, summary: &str) -> Change {
        let statement = |value: &str| format!("CONFIG SET {name} {}", word(value));
        let before = self.setting(name).map(|setting| statement(&setting.value)).unwrap_or_default();
        Change::new(format!("{summary}; CONFIG REWRITE keeps it beyond a restart")).step(statement(value), before).by_lines()
    }

    fn set_global(&self, verb: &str, name: &str, value: &str, summary: &str) -> Change {
        let before = self.setting(name).map_or("DEFAULT".to_owned(), |setting| literal(&setting.value));
        Change::new(summary).step(format!("{verb} {name} = {value}"), format!("{verb} {name} = {before}"))
    }
}

/// Undoing runs backwards, but a reload always comes last.
fn order_reload_last(mut change: Change) -> Change {
    let is_reload = |statement: &String| statement.starts_with("SELECT pg_reload_conf");
    change.revert.sort_by_key(is_reload);
    change
}

fn literal(value: &str) -> String {
    if value.parse::<f64>().is_ok() { value.to_owned() } else { format!("'{}'", value.replace('\\', "\\\\").replace('\'', "''")) }
}

/// An argument as redis-cli reads it.
fn word(value: &str) -> String {
    let plain = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'/'));
    if plain { value.to_owned() } else { format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\"")) }
}

fn is_plain_name(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'.' | b'-'))
}

fn split_number(text: &str) -> Option<(f64, &str)> {
    let text = text.trim();
    let end = text.find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '-'))).unwrap_or(text.len());
    Some((text[..end].parse().ok()?, text[end..].trim()))
}

/// Bytes of a PostgreSQL or MySQL size; none for a unit that is no size.
fn bytes(value: &str, unit: Option<&str>) -> Option<f64> {
    let (number, written) = split_number(value)?;
    let unit = if written.is_empty() { unit.unwrap_or("B") } else { written };
    let (count, name) = match unit.find(|c: char| !c.is_ascii_digit()) {
        Some(0) => (1.0, unit),
        Some(end) => (unit[..end].parse().ok()?, &unit[end..]),
        None => return None,
    };
    let factor = match name.to_ascii_lowercase().as_str() {
        "b" => 1.0,
        "k" | "kb" => 1024.0,
        "m" | "mb" => 1_048_576.0,
        "g" | "gb" => 1_073_741_824.0,
        "t" | "tb" => 1_099_511_627_776.0,
        _ => return None,
    };
    Some(number * count * factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_quoted_where_they_must_be() {
        assert_eq!(word("volatile-lru"), "volatile-lru");
        assert_eq!(word("3600 1 300 100"), "\"3600 1 300 100\"");
        assert_eq!(word(""), "\"\"");
        assert_eq!(word("a\"b\\"), r#""a\"b\\""#);
    }

    #[test]
    fn sizes_with_and_without_units() {
        assert_eq!(bytes("16384", Some("8kB")), Some(134_217_728.0));
        assert_eq!(bytes("128MB", None), Some(134_217_728.0));
        assert_eq!(bytes("134217728", None), Some(134_217_728.0));
        assert_eq!(bytes("-1", Some("kB")), Some(-1024.0));
        assert_eq!(bytes("5", Some("ms")), None);
        assert_eq!(bytes("on", None), None);
    }
}
