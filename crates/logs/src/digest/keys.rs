//! Which values a statement is asked for, by a sketch of the heavy ones (Metwally, Agrawal, El Abbadi: "Efficient computation
//! of frequent and top-k elements in data streams", ICDT 2005). It never keeps all values, and it says by how much a count
//! can be wrong.

use dbwright_model::engine::Engine;
use dbwright_model::profile::KeyValue;
use dbwright_sql::lexer::{Kind, Lexer};
use dbwright_sql::shape::Operand;
use dbwright_sql::{PredicateKind, literals, placeholders, shape};
use xxhash_rust::xxh3::xxh3_64;

use super::Call;

/// Values counted at one place.
const COUNTERS: usize = 128;
/// Places watched in a statement.
const PLACES: usize = 2;
/// Statements watched.
const STATEMENTS: usize = 300;
/// Calls before a statement is worth watching.
const WORTH_WATCHING: u64 = 16;
/// Longest value kept, bytes; longer ones are told apart by their hash.
const LONGEST: usize = 64;
/// Literals of a statement that is watched, at most.
const LITERALS: usize = 200;
/// Registers of the estimate of distinct values: a standard error of 1.04 / √512 = 4.6 %.
const REGISTERS: usize = 512;

/// A value with its count.
#[derive(Debug, Clone)]
struct Counter {
    hash: u64,
    count: u64,
    error: u64,
    value: Box<[u8]>,
}

/// The heavy values of one place.
#[derive(Debug, Clone, Default)]
pub struct Sketch {
    counters: Vec<Counter>,
    /// Samples.
    pub samples: u64,
    registers: Vec<u8>,
}

impl Sketch {
    /// Counts a value.
    pub fn add(&mut self, value: &[u8]) {
        let hash = xxh3_64(value);
        self.samples += 1;
        self.register(hash);
        if let Some(at) = self.counters.iter().position(|counter| counter.hash == hash) {
            self.counters[at].count += 1;
            // Heavy values move forward, so that they are found soon.
            if at > 0 && self.counters[at - 1].count < self.counters[at].count {
                self.counters.swap(at - 1, at);
            }
            return;
        }
        let value: Box<[u8]> = value[..value.len().min(LONGEST)].into();
        if self.counters.len() < COUNTERS {
            return self.counters.push(Counter { hash, count: 1, error: 0, value });
        }
        if let Some(least) = self.counters.iter_mut().min_by_key(|counter| counter.count) {
            *least = Counter { hash, count: least.count + 1, error: least.count, value };
        }
    }

    fn register(&mut self, hash: u64) {
        if self.registers.is_empty() {
            self.registers = vec![0; REGISTERS];
        }
        let register = (hash >> 55) as usize;
        let rank = ((hash << 9) | 0x1ff).leading_zeros() as u8 + 1;
        self.registers[register] = self.registers[register].max(rank);
    }

    /// What a value that is not listed can have at most.
    #[must_use]
    pub fn unlisted_at_most(&self) -> u64 {
        if self.counters.len() < COUNTERS { 0 } else { self.counters.iter().map(|counter| counter.count).min().unwrap_or(0) }
    }

    /// Adds another's: a value that one of them does not list may have had its least count there.
    pub fn merge(&mut self, other: Self) {
        let (own_least, its_least) = (self.unlisted_at_most(), other.unlisted_at_most());
        self.samples += other.samples;
        if self.registers.is_empty() {
            self.registers.clone_from(&other.registers);
        }
        for (own, its) in self.registers.iter_mut().zip(&other.registers) {
            *own = (*own).max(*its);
        }
        let known: Vec<u64> = other.counters.iter().map(|counter| counter.hash).collect();
        for counter in self.counters.iter_mut().filter(|counter| !known.contains(&counter.hash)) {
            counter.count += its_least;
            counter.error += its_least;
        }
        for counter in other.counters {
            match self.counters.iter_mut().find(|own| own.hash == counter.hash) {
                Some(own) => {
                    own.count += counter.count;
                    own.error += counter.error;
                }
                None => self.counters.push(Counter { count: counter.count + own_least, error: counter.error + own_least, ..counter }),
            }
        }
        self.sort();
        self.counters.truncate(COUNTERS);
    }

    fn sort(&mut self) {
        self.counters.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.value.cmp(&b.value)).then(a.hash.cmp(&b.hash)));
    }

    /// The heaviest values.
    #[must_use]
    pub fn heaviest(&self, most: usize) -> Vec<KeyValue> {
        let mut sorted = self.clone();
        sorted.sort();
        let value = |counter: &Counter| KeyValue {
            value: String::from_utf8_lossy(&counter.value).into_owned(),
            samples: counter.count,
            too_high_by_at_most: counter.error,
        };
        sorted.counters.iter().take(most).map(value).collect()
    }

    /// Different values: exact while all have room, else estimated (HyperLogLog, Flajolet et al. 2007, with linear counting
    /// where few registers are taken).
    #[must_use]
    pub fn distinct(&self) -> u64 {
        if self.counters.len() < COUNTERS {
            return self.counters.len() as u64;
        }
        let m = REGISTERS as f64;
        let sum: f64 = self.registers.iter().map(|rank| 0.5_f64.powi(i32::from(*rank))).sum();
        let raw = 0.7213 / (1.0 + 1.079 / m) * m * m / sum;
        let empty = self.registers.iter().filter(|rank| **rank == 0).count();
        let estimate = if raw <= 2.5 * m && empty > 0 { m * (m / empty as f64).ln() } else { raw };
        estimate.round() as u64
    }

    /// The exponent of the Zipf law that makes the counts of the heaviest ranks most likely, with its 95 % confidence interval.
    /// Only ranks whose count is surely above the sketch's error take part; `None` when they are fewer than ten or say little.
    #[must_use]
    pub fn zipf(&self) -> Option<(f64, (f64, f64))> {
        let mut counts: Vec<f64> = self
            .counters
            .iter()
            .filter(|counter| counter.count - counter.error >= 5 && counter.error * 10 <= counter.count)
            .map(|counter| (counter.count - counter.error / 2) as f64)
            .collect();
        counts.sort_by(|a, b| b.total_cmp(a));
        let total: f64 = counts.iter().sum();
        if counts.len() < 10 || total < 200.0 {
            return None;
        }
        let mean = counts.iter().enumerate().map(|(at, count)| count * ((at + 1) as f64).ln()).sum::<f64>() / total;
        let exponent = solve(mean, counts.len());
        let (_, variance) = moments(exponent, counts.len());
        let error = 1.96 / (total * variance).sqrt();
        Some((exponent, (exponent - error, exponent + error)))
    }
}

/// Mean and variance of the logarithm of the rank under a Zipf law cut at `ranks`.
fn moments(exponent: f64, ranks: usize) -> (f64, f64) {
    let (mut norm, mut first, mut second) = (0.0, 0.0, 0.0);
    for rank in 1..=ranks {
        let log = (rank as f64).ln();
        let weight = (-exponent * log).exp();
        norm += weight;
        first += weight * log;
        second += weight * log * log;
    }
    let mean = first / norm;
    (mean, (second / norm - mean * mean).max(1e-12))
}

/// The exponent at which the expected logarithm of the rank is the one seen: the likelihood's maximum, by bisection.
fn solve(mean: f64, ranks: usize) -> f64 {
    let (mut low, mut high) = (-1.0, 8.0);
    for _ in 0..60 {
        let middle = (low + high) / 2.0;
        if moments(middle, ranks).0 > mean { low = middle } else { high = middle }
    }
    (low + high) / 2.0
}

/// A place of a statement whose values are watched.
#[derive(Debug, Clone)]
pub struct Place {
    /// Number of the literal or parameter, from 1.
    pub number: u32,
    /// Table whose column is compared, if the text tells.
    pub table: Option<String>,
    /// The column.
    pub column: String,
    /// Its values.
    pub sketch: Sketch,
}

#[derive(Debug, Clone, Default)]
enum State {
    #[default]
    Unknown,
    Nothing,
    /// By parameters, or by literals of which there are so many.
    Watched {
        literals: Option<usize>,
        places: Vec<Place>,
    },
}

/// The values of one statement.
#[derive(Debug, Clone, Default)]
pub struct Keys {
    state: State,
}

impl Keys {
    /// Looks at the values of a call.
    pub fn sample(&mut self, call: &Call<'_>, engine: Engine, calls: u64, watched: &mut usize) {
        match &mut self.state {
            State::Unknown if calls >= WORTH_WATCHING && *watched < STATEMENTS => {
                self.state = if engine.speaks_sql() { watch(call, engine) } else { watch_key(call) };
                *watched += usize::from(matches!(self.state, State::Watched { .. }));
            }
            State::Watched { literals: None, places } if !engine.speaks_sql() => {
                places.iter_mut().take(1).for_each(|place| place.sketch.add(call.parameters));
            }
            State::Watched { literals: None, places } => from_parameters(call.parameters, places),
            State::Watched { literals: Some(count), places } => from_literals(call.text, engine, *count, places),
            State::Unknown | State::Nothing => {}
        }
    }

    /// The places watched.
    #[must_use]
    pub fn places(&self) -> &[Place] {
        match &self.state {
            State::Watched { places, .. } => places,
            _ => &[],
        }
    }

    /// Adds another's of the same statement.
    pub fn merge(&mut self, other: Self) {
        match (&mut self.state, other.state) {
            (State::Watched { places, .. }, State::Watched { places: others, .. }) => {
                for place in others {
                    match places.iter_mut().find(|own| own.number == place.number) {
                        Some(own) => own.sketch.merge(place.sketch),
                        None => places.push(place),
                    }
                }
            }
            (State::Unknown | State::Nothing, state) => self.state = state,
            _ => {}
        }
    }
}

/// Finds the places at which a column is compared with one value: each literal or parameter is replaced by a number of its
/// own, and the shape of that text says which number stands against which column.
fn watch(call: &Call<'_>, engine: Engine) -> State {
    const MARK: u64 = 918_273_645_000;
    let Ok(text) = std::str::from_utf8(call.text) else { return State::Nothing };
    if text.len() > 20_000 {
        return State::Nothing;
    }
    let by_parameters = !call.parameters.is_empty();
    let spans: Vec<(std::ops::Range<usize>, usize)> = if by_parameters {
        placeholders(text, engine).into_iter().map(|place| (place.span, place.index)).collect()
    } else {
        literals(text, engine).into_iter().enumerate().map(|(at, span)| (span, at)).collect()
    };
    if spans.is_empty() || spans.len() > LITERALS {
        return State::Nothing;
    }
    let mut marked = String::with_capacity(text.len() + spans.len() * 12);
    let mut from = 0;
    for (span, index) in &spans {
        marked.push_str(&text[from..span.start]);
        marked.push_str(&(MARK + *index as u64).to_string());
        from = span.end;
    }
    marked.push_str(&text[from..]);
    let shape = shape(&marked, engine);
    let mut places: Vec<Place> = Vec::new();
    for predicate in shape.predicates().filter(|predicate| predicate.kind == PredicateKind::Equality && !predicate.negated) {
        let Operand::Literal(operand) = &predicate.operand else { continue };
        let Some(index) = operand.parse::<u64>().ok().and_then(|number| number.checked_sub(MARK)) else { continue };
        if index < LITERALS as u64 && places.len() < PLACES {
            places.push(Place {
                number: index as u32 + 1,
                table: predicate.column.table.as_ref().map(ToString::to_string),
                column: predicate.column.column.clone(),
                sketch: Sketch::default(),
            });
        }
    }
    if places.is_empty() {
        return State::Nothing;
    }
    State::Watched { literals: (!by_parameters).then_some(spans.len()), places }
}

/// The key of a Redis command.
fn watch_key(call: &Call<'_>) -> State {
    if call.parameters.is_empty() {
        return State::Nothing;
    }
    let place = Place { number: 1, table: None, column: "key".to_owned(), sketch: Sketch::default() };
    State::Watched { literals: None, places: vec![place] }
}

/// Only texts with as many literals as the first: in others the places are elsewhere.
fn from_literals(text: &[u8], engine: Engine, count: usize, places: &mut [Place]) {
    let mut found: [&[u8]; LITERALS] = [&[]; LITERALS];
    let mut next = 0;
    for token in Lexer::new(text, engine).filter(|token| matches!(token.kind, Kind::String | Kind::Number)) {
        if next >= count {
            return;
        }
        found[next] = token.bytes(text);
        next += 1;
    }
    if next == count {
        for place in places {
            place.sketch.add(found[(place.number - 1) as usize]);
        }
    }
}

/// Reads `$1 = '42', $2 = NULL` as far as the places need.
fn from_parameters(text: &[u8], places: &mut [Place]) {
    for (number, value) in parameters(text).take(LITERALS) {
        if let Some(place) = places.iter_mut().find(|place| place.number == number) {
            place.sketch.add(value);
        }
    }
}

/// The parameters of a DETAIL line: number and value, as an SQL literal.
pub fn parameters(text: &[u8]) -> impl Iterator<Item = (u32, &[u8])> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let start = memchr::memchr(b'$', rest)?;
        let digits = rest[start + 1..].iter().take(5).take_while(|byte| byte.is_ascii_digit()).count();
        let number = std::str::from_utf8(&rest[start + 1..start + 1 + digits]).ok()?.parse().ok()?;
        let value = rest[start + 1 + digits..].strip_prefix(b" = ")?;
        let end = value_end(value);
        rest = &value[end..];
        Some((number, &value[..end]))
    })
}

/// The end of an SQL literal: of a string behind its closing quote, of another value before the comma.
fn value_end(value: &[u8]) -> usize {
    if value.first() != Some(&b'\'') {
        return memchr::memchr(b',', value).unwrap_or(value.trim_ascii_end().len());
    }
    let mut at = 1;
    while let Some(quote) = memchr::memchr(b'\'', &value[at..]) {
        at += quote + 1;
        if value.get(at) != Some(&b'\'') {
            return at;
        }
        at += 1;
    }
    value.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_parameters_with_quotes_and_commas_in_them() {
        let found: Vec<_> = parameters(b"$1 = '42', $2 = NULL, $3 = 'it''s, $4 = ''x'''").collect();
        assert_eq!(found, [(1, &b"'42'"[..]), (2, b"NULL"), (3, b"'it''s, $4 = ''x'''")]);
    }

    #[test]
    fn a_heavy_value_is_found_within_its_error() {
        let mut sketch = Sketch::default();
        let mut truth = 0;
        for number in 0..20_000_u64 {
            if number % 3 == 0 {
                truth += 1;
                sketch.add(b"hot");
            } else {
                sketch.add(number.to_string().as_bytes());
            }
        }
        let heaviest = &sketch.heaviest(1)[0];
        assert_eq!(heaviest.value, "hot");
        assert!(heaviest.samples >= truth && heaviest.samples - heaviest.too_high_by_at_most <= truth);
        let distinct = sketch.distinct() as f64;
        assert!((distinct / 13_334.0 - 1.0).abs() < 0.15, "{distinct}");
    }

    #[test]
    fn merging_keeps_the_bounds() {
        let (mut a, mut b) = (Sketch::default(), Sketch::default());
        for number in 0..5000_u64 {
            a.add(format!("{}", number % 400).as_bytes());
            b.add(if number % 2 == 0 { "x".to_owned() } else { format!("{}", number % 1000) }.as_bytes());
        }
        a.merge(b);
        let heaviest = &a.heaviest(1)[0];
        assert_eq!(heaviest.value, "x");
        assert!(heaviest.samples >= 2500 && heaviest.samples - heaviest.too_high_by_at_most <= 2500);
        assert_eq!(a.samples, 10_000);
    }

    #[test]
    fn the_exponent_is_that_of_the_law() {
        for exponent in [0.5, 0.8, 1.2] {
            let mut sketch = Sketch::default();
            for rank in 1..=100_u64 {
                let count = (20_000.0 * (rank as f64).powf(-exponent)).round() as u64;
                (0..count).for_each(|_| sketch.add(rank.to_string().as_bytes()));
            }
            let (found, (low, high)) = sketch.zipf().unwrap();
            assert!((found - exponent).abs() < 0.02 && low < exponent && exponent < high, "{exponent}: {found} {low} {high}");
        }
    }
}
