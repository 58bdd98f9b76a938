//! Ignores of the policy, matched against findings. It never ignores without a reason, nor past its date.

use std::collections::HashMap;

use dbwright_model::Timestamp;
use dbwright_model::finding::Waiver;
use dbwright_model::policy::Ignore;
use globset::{GlobBuilder, GlobMatcher};

/// The ignores in force, and which of them matched so far.
pub struct Ignores<'a> {
    all: &'a [Ignore],
    by_rule: HashMap<&'a str, Vec<(usize, Option<GlobMatcher>)>>,
    matched: Vec<u64>,
    taken_at: Timestamp,
}

impl<'a> Ignores<'a> {
    /// Ignores as of a time: the day of `until` is still covered.
    #[must_use]
    pub fn new(all: &'a [Ignore], taken_at: Timestamp) -> Self {
        let mut by_rule: HashMap<&str, Vec<(usize, Option<GlobMatcher>)>> = HashMap::new();
        for (position, ignore) in all.iter().enumerate() {
            by_rule.entry(&ignore.rule).or_default().push((position, matcher(&ignore.object)));
        }
        Self { all, by_rule, matched: vec![0; all.len()], taken_at }
    }

    /// The decision that covers this finding, if one does.
    pub fn waiver(&mut self, rule: &str, object: &str) -> Option<Waiver> {
        let mut decision = None;
        for (position, glob) in self.by_rule.get(rule)? {
            let ignore = &self.all[*position];
            if ignore.object != object && !glob.as_ref().is_some_and(|glob| glob.is_match(object)) {
                continue;
            }
            self.matched[*position] += 1;
            if decision.is_none() && !expired(&ignore.waiver, self.taken_at) {
                decision = Some(ignore.waiver.clone());
            }
        }
        decision
    }

    /// Remarks on ignores that matched nothing and on those past their date.
    #[must_use]
    pub fn remarks(&self) -> Vec<String> {
        let mut remarks = Vec::new();
        for (ignore, matched) in self.all.iter().zip(&self.matched) {
            let what = format!("The ignore of {} on {}", ignore.rule, ignore.object);
            if *matched == 0 {
                remarks.push(format!("{what} matches nothing: remove it."));
            } else if expired(&ignore.waiver, self.taken_at) {
                let until = ignore.waiver.until.as_deref().unwrap_or_default();
                remarks.push(format!("{what} expired after {until}: {matched} findings count again."));
            }
        }
        remarks
    }
}

/// Whether a decision's last day is over. A date that can't be read counts as over.
#[must_use]
pub fn expired(waiver: &Waiver, at: Timestamp) -> bool {
    waiver.until.as_ref().is_some_and(|until| Timestamp::from_date(until).map_or(true, |day| at.days_since(day) >= 1.0))
}

/// A matcher in which `*` spans everything. A text that is no glob matches only itself.
fn matcher(glob: &str) -> Option<GlobMatcher> {
    GlobBuilder::new(glob).literal_separator(false).backslash_escape(true).build().ok().map(|glob| glob.compile_matcher())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ignore(object: &str, until: Option<&str>) -> Ignore {
        let waiver = Waiver { reason: "known".into(), by: None, until: until.map(str::to_owned) };
        Ignore { rule: "schema/wide-table".into(), object: object.into(), waiver }
    }

    fn at(date: &str) -> Timestamp {
        Timestamp::from_date(date).unwrap()
    }

    #[test]
    fn matches_globs_and_exact_names_of_the_same_rule_only() {
        let list = [ignore("public.*", None), ignore("odd[name", None)];
        let mut ignores = Ignores::new(&list, at("2026-01-01"));
        assert!(ignores.waiver("schema/wide-table", "public.orders(a, b)").is_some());
        assert!(ignores.waiver("schema/wide-table", "odd[name").is_some());
        assert!(ignores.waiver("schema/wide-table", "private.orders").is_none());
        assert!(ignores.waiver("schema/no-unique-key", "public.orders").is_none());
        assert!(ignores.remarks().is_empty());
    }

    #[test]
    fn expires_after_its_last_day_and_says_so() {
        let list = [ignore("a", Some("2026-01-31"))];
        let mut ignores = Ignores::new(&list, at("2026-01-31"));
        assert!(ignores.waiver("schema/wide-table", "a").is_some());
        let mut late = Ignores::new(&list, at("2026-02-01"));
        assert!(late.waiver("schema/wide-table", "a").is_none());
        assert!(late.remarks()[0].contains("expired after 2026-01-31"));
    }

    #[test]
    fn reports_what_matches_nothing() {
        let list = [ignore("gone", None)];
        assert!(Ignores::new(&list, at("2026-01-01")).remarks()[0].contains("matches nothing"));
    }
}
