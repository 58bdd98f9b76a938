//! Logs whose content is known: every count and sum is that of the truth, whatever the form, the threads and the packing.

use std::io::Write as _;

use dbwright_logs::{Options, read_bytes};
use dbwright_model::profile::{EventKind, Profile};
use dbwright_testkit::logs::{Form, SHAPES, Truth, write};

fn made(form: Form, bytes: u64) -> (Vec<u8>, Truth) {
    let mut log = Vec::new();
    let truth = write(form, bytes, 7, true, &mut log).unwrap();
    (log, truth)
}

fn profile(log: &[u8], threads: usize) -> Profile {
    let options = Options { threads, ..Options::default() };
    read_bytes("a.log", log, &options).unwrap().remove(0)
}

#[track_caller]
fn is_the_truth(profile: &Profile, truth: &Truth) {
    assert_eq!(profile.totals.calls, truth.calls());
    assert_eq!(profile.totals.total_us, truth.total_us());
    assert_eq!(profile.totals.timed_calls, truth.calls());
    let mut found: Vec<(u64, u64)> = profile.statements.iter().map(|statement| (statement.calls, statement.total_us)).collect();
    let mut expected = truth.shapes.clone();
    found.sort_unstable();
    expected.sort_unstable();
    assert_eq!(found, expected);
    assert_eq!(profile.sources[0].lines_not_understood, 0, "{:?}", profile.sources[0].examples_not_understood);
    assert_eq!(profile.sources[0].bytes_understood, truth.bytes);
    for statement in &profile.statements {
        let durations = truth
            .durations
            .iter()
            .find(|durations| durations.len() as u64 == statement.calls && durations.iter().sum::<u64>() == statement.total_us);
        let mut durations = durations.expect("the durations of the shape").clone();
        durations.sort_unstable();
        let latency = statement.latency.as_ref().expect("percentiles");
        assert_eq!((statement.min_us, statement.max_us), (durations.first().copied(), durations.last().copied()));
        for (share, found) in [(0.5, latency.p50_ms), (0.95, latency.p95_ms), (0.99, latency.p99_ms)] {
            let rank = (durations.len() as f64 * share).ceil() as usize;
            let exact = durations[rank.max(1) - 1] as f64 / 1000.0;
            assert!((found - exact).abs() <= exact / 125.0 + 0.001, "{share}: {found} for {exact}");
        }
    }
}

#[test]
fn every_count_is_true_in_every_form_with_any_number_of_threads() {
    for form in [Form::Stderr, Form::Csv, Form::Json, Form::Slow] {
        let (log, truth) = made(form, 5_000_000);
        for threads in [1, 3] {
            let profile = profile(&log, threads);
            assert_eq!(profile.statements.len(), SHAPES, "{form:?}");
            is_the_truth(&profile, &truth);
            if form != Form::Slow {
                let count = |kind| profile.events.iter().filter(|group| group.kind == kind).map(|group| group.count).sum::<u64>();
                assert_eq!(profile.totals.errors, truth.errors);
                assert_eq!(count(EventKind::Error), truth.errors);
                assert_eq!(count(EventKind::TemporaryFile), truth.temporary_files);
                assert_eq!(count(EventKind::LockWait), truth.lock_waits);
                assert_eq!(count(EventKind::Checkpoint), truth.checkpoints);
            }
        }
    }
}

#[test]
fn a_packed_log_is_the_same_and_one_cut_short_gives_what_was_there() {
    let (log, truth) = made(Form::Stderr, 2_000_000);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&log).unwrap();
    let packed = gzip.finish().unwrap();
    is_the_truth(&profile(&packed, 2), &truth);
    let cut = profile(&packed[..packed.len() / 2], 2);
    assert!(cut.totals.calls > truth.calls() / 4 && cut.totals.calls < truth.calls());
    assert!(cut.sources[0].troubles[0].contains("cut short"), "{:?}", cut.sources[0].troubles);
}

#[test]
fn junk_is_counted_and_the_rest_is_read() {
    let (log, truth) = made(Form::Stderr, 300_000);
    let mut ugly = b"\x00\xff\xfe junk\n".to_vec();
    ugly.extend_from_slice(&log);
    ugly.extend_from_slice(b"no entry at all\r\nanother\n");
    ugly.extend_from_slice(b"2024-05-01 23:00:00.000 UTC [1] app@shop LOG:  duration: 1.000 ms  statement: SELECT 'cut in the mid");
    let profile = profile(&ugly, 2);
    assert_eq!(profile.totals.calls, truth.calls() + 1);
    assert_eq!(profile.totals.total_us, truth.total_us() + 1000);
    assert_eq!(profile.sources[0].lines_not_understood, 3);
    assert!(profile.statements.iter().any(|statement| statement.truncated));
    assert!(profile.sources[0].share_understood() < 1.0);
}

#[test]
fn carriage_returns_change_nothing() {
    let (log, truth) = made(Form::Stderr, 300_000);
    let text = String::from_utf8(log).unwrap().replace('\n', "\r\n");
    let profile = profile(text.as_bytes(), 1);
    assert_eq!((profile.totals.calls, profile.totals.total_us, profile.statements.len()), (truth.calls(), truth.total_us(), SHAPES));
}

#[test]
fn a_line_that_is_longer_than_memory_should_be_is_passed_over() {
    let (log, truth) = made(Form::Stderr, 300_000);
    let mut ugly = log.clone();
    ugly.extend_from_slice(b"2024-05-01 23:00:00.000 UTC [1] app@shop LOG:  duration: 1.000 ms  statement: SELECT '");
    ugly.resize(ugly.len() + 20_000_000, b'x');
    ugly.extend_from_slice(b"'\n");
    ugly.extend_from_slice(&log);
    let profile = profile(&ugly, 2);
    assert_eq!(profile.totals.calls, 2 * truth.calls() + 1, "the long one counts as far as it was read");
    assert!(profile.sources[0].troubles.iter().any(|trouble| trouble.contains("longer than")));
    assert!(profile.sources[0].share_understood() < 0.5);
}

#[test]
fn only_the_time_asked_for_is_counted() {
    let (log, truth) = made(Form::Csv, 1_000_000);
    let whole = profile(&log, 1);
    let middle = dbwright_model::Timestamp((whole.since.unwrap().0 + whole.until.unwrap().0) / 2);
    let half = |since, until| {
        let options = Options { since, until, threads: 1, ..Options::default() };
        read_bytes("a.csv", &log, &options).unwrap().remove(0)
    };
    let (before, after) = (half(None, Some(middle)), half(Some(middle), None));
    assert_eq!(before.totals.calls + after.totals.calls, truth.calls());
    assert_eq!(before.totals.total_us + after.totals.total_us, truth.total_us());
    assert!(before.totals.calls > 100 && after.totals.calls > 100 && before.sources[0].entries_outside > 0);
}

#[test]
fn what_is_no_log_is_an_error_that_shows_its_lines() {
    let error = read_bytes("x", b"hello\nworld\n", &Options::default()).unwrap_err();
    assert_eq!(error.first_lines(), ["hello", "world"]);
    assert!(error.to_string().contains("PostgreSQL csvlog (0 of 2 lines)"), "{error}");
    let (log, _) = made(Form::Stderr, 1000);
    let wrong = dbwright_logs::prefix::Prefix::new("%t %u ").unwrap();
    let error = read_bytes("x", &log, &Options { prefix: Some(wrong), ..Options::default() }).unwrap_err();
    assert!(error.to_string().contains("not one entry"), "{error}");
}
