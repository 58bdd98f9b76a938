//! Whether columns' names belong together: `customer_id` and `customer_name` do, `l_tax` and `l_comment` do not.
//!
//! Never looks at values.

use std::collections::{BTreeMap, BTreeSet};

use crate::attributes::AttributeSet;
use crate::table::Table;

/// Words that say what kind of value a column has, and nothing about whose.
const KINDS: [&str; 10] = ["id", "key", "no", "nr", "num", "number", "code", "name", "uuid", "pk"];
/// Names as similar as this (Jaro and Winkler) belong together though they share no word.
const SIMILAR: f64 = 0.9;

/// The columns' names in words, without those that most of the table's columns share.
pub(super) struct Names {
    names: Vec<String>,
    words: Vec<BTreeSet<String>>,
}

impl Names {
    pub(super) fn of(table: &Table) -> Self {
        let names: Vec<String> = table.columns().iter().map(|column| column.name().to_owned()).collect();
        let mut words: Vec<BTreeSet<String>> = names.iter().map(|name| split(name)).collect();
        let mut frequency: BTreeMap<String, usize> = BTreeMap::new();
        for word in words.iter().flatten() {
            *frequency.entry(word.clone()).or_default() += 1;
        }
        let says_little = |word: &String| 2 * frequency[word] > names.len().max(3) || KINDS.contains(&word.as_str());
        for words in &mut words {
            words.retain(|word| !says_little(word));
        }
        Self { names, words }
    }

    /// The similarity of the column with the most similar one of the set.
    pub(super) fn similarity(&self, left: &AttributeSet, right: usize) -> f64 {
        left.iter().map(|column| self.pair(column, right)).fold(0.0, f64::max)
    }

    fn pair(&self, first: usize, second: usize) -> f64 {
        let (left, right) = (&self.words[first], &self.words[second]);
        let shared = left.intersection(right).count();
        if shared > 0 {
            return shared as f64 / left.len().min(right.len()) as f64;
        }
        let similarity = strsim::jaro_winkler(&self.names[first], &self.names[second]);
        if !left.is_empty() && !right.is_empty() && similarity >= SIMILAR { similarity / 2.0 } else { 0.0 }
    }
}

/// `shipTo_ZIP2` is ship, to, zip; numbers only count off.
fn split(name: &str) -> BTreeSet<String> {
    let mut words = BTreeSet::new();
    let mut word = String::new();
    let mut before_lower = false;
    for letter in name.chars() {
        let begins = letter.is_uppercase() && before_lower;
        if (begins || !letter.is_alphabetic()) && !word.is_empty() {
            words.insert(std::mem::take(&mut word));
        }
        if letter.is_alphabetic() {
            word.extend(letter.to_lowercase());
        }
        before_lower = letter.is_lowercase();
    }
    if !word.is_empty() {
        words.insert(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::CsvOptions;

    #[test]
    fn names_are_cut_into_words() {
        assert_eq!(split("shipTo_ZIP2").into_iter().collect::<Vec<_>>(), ["ship", "to", "zip"]);
        assert_eq!(split("1_2").len(), 0);
    }

    #[test]
    fn words_that_all_columns_share_say_nothing() {
        let table = Table::from_csv(b"o_id,o_customer_id,o_customer_name,o_note\n", &CsvOptions::default()).unwrap();
        let names = Names::of(&table);
        assert!(names.similarity(&AttributeSet::single(1), 2) > 0.9);
        assert!(names.similarity(&AttributeSet::single(0), 3) < 0.1);
        assert!(names.similarity(&[0, 1].into_iter().collect(), 2) > 0.9);
    }
}
