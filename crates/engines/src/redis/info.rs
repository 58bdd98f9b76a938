//! Reading the text of INFO. Pure; it never fails: what it does not know it leaves out.

use std::collections::BTreeMap;

/// The fields of INFO by name, over all sections.
#[derive(Debug, Clone, Default)]
pub(super) struct Info(BTreeMap<String, String>);

impl Info {
    /// Reads `name:value` lines; headings and blank lines are passed over.
    pub(super) fn parse(text: &str) -> Self {
        let fields = text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(':'));
        Self(fields.map(|(name, value)| (name.to_owned(), value.trim_end().to_owned())).collect())
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    pub(super) fn number(&self, name: &str) -> Option<f64> {
        self.text(name)?.parse().ok().filter(|value: &f64| value.is_finite())
    }

    pub(super) fn count(&self, name: &str) -> Option<u64> {
        self.text(name)?.parse().ok()
    }

    /// Fields whose name starts with `prefix`, with the rest of the name and their `key=value` pairs.
    pub(super) fn groups<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a str, BTreeMap<&'a str, &'a str>)> + 'a {
        self.0.iter().filter_map(move |(name, value)| Some((name.strip_prefix(prefix)?, pairs(value))))
    }
}

/// `a=1,b=2` as a map.
pub(super) fn pairs(text: &str) -> BTreeMap<&str, &str> {
    text.split(',').filter_map(|pair| pair.split_once('=')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_sections_and_groups() {
        let info = Info::parse(
            "# Server\r\nredis_version:7.0.15\r\n\r\n# Commandstats\r\ncmdstat_get:calls=3,usec=12\r\ndb0:keys=5,expires=2\r\n",
        );
        assert_eq!(info.text("redis_version"), Some("7.0.15"));
        let (name, pairs) = info.groups("cmdstat_").next().unwrap();
        assert_eq!((name, pairs["calls"], pairs["usec"]), ("get", "3", "12"));
        assert_eq!(info.number("absent"), None);
    }
}
