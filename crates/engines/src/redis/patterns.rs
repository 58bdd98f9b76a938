//! Finding the patterns of key names from the names themselves: `session:9f3a…` and `session:77be…` are `session:*`.
//! Pure; the number of patterns is bounded. It never looks at values.

use std::collections::BTreeMap;

/// Most patterns that are told apart; the rest is `*`.
pub(super) const MOST_PATTERNS: usize = 200;
/// A place in a name with more distinct words than this, none of them frequent, is variable.
const MOST_WORDS: usize = 24;

/// The words of a name with the separators that follow them.
fn words(name: &str) -> Vec<(&str, Option<char>)> {
    let mut words = Vec::new();
    let mut start = 0;
    for (at, separator) in name.char_indices().filter(|(_, c)| matches!(c, ':' | '/' | '|' | '.' | '-' | '_' | '{' | '}' | '#' | '@')) {
        words.push((&name[start..at], Some(separator)));
        start = at + separator.len_utf8();
    }
    words.push((&name[start..], None));
    words
}

/// Whether a word is an identifier by its looks: digits, or hexadecimal and mixed text that no person chose.
fn is_identifier(word: &str) -> bool {
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    if word.is_empty() || digits == 0 {
        return false;
    }
    digits == word.len() || (word.len() >= 8 && digits * 6 >= word.len()) || !word.is_ascii()
}

/// The name with each UUID replaced by `*`: its parts alone look like words.
fn without_uuids(name: &str) -> String {
    let is_uuid = |text: &str| {
        text.bytes().enumerate().all(|(at, byte)| if matches!(at, 8 | 13 | 18 | 23) { byte == b'-' } else { byte.is_ascii_hexdigit() })
    };
    let mut out = String::with_capacity(name.len());
    let mut rest = name;
    while let Some(first) = rest.chars().next() {
        if rest.get(..36).is_some_and(is_uuid) {
            out.push('*');
            rest = &rest[36..];
        } else {
            out.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    out
}

/// The pattern of each name, in the order given.
pub(super) fn of(names: &[String]) -> Vec<String> {
    let names: Vec<String> = names.iter().map(|name| without_uuids(name)).collect();
    let shapes: Vec<Vec<(&str, Option<char>)>> = names.iter().map(|name| words(name)).collect();
    let mut tree = Node::default();
    for shape in &shapes {
        tree.add(shape);
    }
    tree.settle();
    let patterns: Vec<String> = shapes.iter().map(|shape| tidy(&tree.pattern(shape))).collect();
    limit(patterns)
}

/// A place in names: the words seen there and how often.
#[derive(Default)]
struct Node<'a> {
    count: usize,
    variable: bool,
    next: BTreeMap<(&'a str, Option<char>), Node<'a>>,
}

impl<'a> Node<'a> {
    fn add(&mut self, shape: &[(&'a str, Option<char>)]) {
        self.count += 1;
        if let Some(((word, separator), rest)) = shape.split_first() {
            let word = if is_identifier(word) { "*" } else { word };
            self.next.entry((word, *separator)).or_default().add(rest);
        }
    }

    /// Marks places as variable where many words stand and no few of them cover half.
    fn settle(&mut self) {
        let mut counts: Vec<usize> = self.next.values().map(|node| node.count).collect();
        counts.sort_unstable_by(|a, b| b.cmp(a));
        let frequent: usize = counts.iter().take(MOST_WORDS).sum();
        self.variable = counts.len() > MOST_WORDS && frequent * 2 < self.count.max(1);
        if self.variable {
            let old = std::mem::take(&mut self.next);
            for ((_, separator), node) in old {
                let merged = self.next.entry(("*", separator)).or_default();
                merged.merge(node);
            }
        }
        for node in self.next.values_mut() {
            node.settle();
        }
    }

    fn merge(&mut self, other: Self) {
        self.count += other.count;
        for (key, node) in other.next {
            self.next.entry(key).or_default().merge(node);
        }
    }

    fn pattern(&self, shape: &[(&str, Option<char>)]) -> String {
        let Some(((word, separator), rest)) = shape.split_first() else { return String::new() };
        let word = if self.variable || is_identifier(word) { "*" } else { word };
        let below = self.next.get(&(word, *separator)).map(|node| node.pattern(rest)).unwrap_or_default();
        let separator = separator.map(String::from).unwrap_or_default();
        format!("{word}{separator}{below}")
    }
}

/// `*-*-*` says no more than `*`: a run of variable words within one name part is one.
fn tidy(pattern: &str) -> String {
    let mut text = pattern.to_owned();
    for joined in ["*-*", "*_*", "*.*", "**"] {
        while text.contains(joined) {
            text = text.replace(joined, "*");
        }
    }
    text
}

/// Keeps the most frequent patterns; the rest becomes `*`.
fn limit(patterns: Vec<String>) -> Vec<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for pattern in &patterns {
        *counts.entry(pattern).or_default() += 1;
    }
    if counts.len() <= MOST_PATTERNS {
        return patterns;
    }
    let mut ranked: Vec<(usize, String)> = counts.into_iter().map(|(pattern, count)| (count, pattern.to_owned())).collect();
    ranked.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    let kept: std::collections::BTreeSet<String> = ranked.into_iter().take(MOST_PATTERNS).map(|(_, pattern)| pattern).collect();
    patterns.into_iter().map(|pattern| if kept.contains(&pattern) { pattern } else { "*".to_owned() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patterns(names: &[&str]) -> Vec<String> {
        of(&names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn numbers_and_hashes_are_variable() {
        assert_eq!(
            patterns(&["user:1:cart", "user:22:cart", "session:9f3ac01d77aa", "cfg"]),
            ["user:*:cart", "user:*:cart", "session:*", "cfg"]
        );
        assert_eq!(patterns(&["job:6ba7b810-9dad-11d1-80b4-00c04fd430c8"]), ["job:*"]);
    }

    #[test]
    fn many_rare_words_are_variable_but_few_frequent_ones_are_not() {
        let people: Vec<String> = ('a'..='z').flat_map(|a| ('a'..='z').map(move |b| format!("profile:{a}{b}son"))).collect();
        assert!(of(&people).iter().all(|pattern| pattern == "profile:*"));
        assert_eq!(patterns(&["stats:daily", "stats:weekly"]), ["stats:daily", "stats:weekly"]);
    }

    #[test]
    fn the_number_of_patterns_is_bounded() {
        let names: Vec<String> = (0..5000).map(|i| format!("{}:{}", "x".repeat(1 + i % 20), "y".repeat(1 + i / 20))).collect();
        let distinct: std::collections::BTreeSet<String> = of(&names).into_iter().collect();
        assert!(distinct.len() <= MOST_PATTERNS + 1, "{}", distinct.len());
    }

    #[test]
    fn hostile_names_are_no_trouble() {
        assert_eq!(patterns(&["", ":", "a::b", "\u{1b}[31m", "ключ:1"]).len(), 5);
    }
}
