use super::*;

/// A history in short: `process kind key value from to`, where kind is `w`, `r`, `u` (value is `saw>wrote`), with `?` for an
/// unknown outcome and `!` for one that was not done.
fn history(lines: &[&str]) -> Vec<Event> {
    let mut events = Vec::new();
    for line in lines {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (process, key) = (words[0].parse().unwrap(), words[2].parse().unwrap());
        let function = match &words[1][..1] {
            "w" => Function::Write,
            "r" => Function::Read,
            _ => Function::Update,
        };
        let moment = match &words[1][1..] {
            "?" => Moment::Unknown,
            "!" => Moment::Fail,
            _ => Moment::Ok,
        };
        let (saw, wrote) = match words[3].split_once('>') {
            Some((saw, wrote)) => (saw.parse().ok(), wrote.parse().ok()),
            None => (None, words[3].parse().ok()),
        };
        let event = |moment, at: &str, value, read| Event { at_us: at.parse().unwrap(), process, moment, function, key, value, read };
        events.push(event(Moment::Invoke, words[4], wrote.filter(|_| function != Function::Read), None));
        events.push(event(moment, words[5], wrote, saw));
    }
    events.sort_by_key(|event| event.at_us);
    events
}

fn checked(lines: &[&str]) -> Checked {
    check(&history(lines), MOST_STATES)
}

#[test]
fn histories_of_a_single_copy_are_fine() {
    let good: [&[&str]; 6] = [
        &[],
        &["0 w 1 5 0 10", "1 r 1 5 11 20", "0 r 1 5 12 30"],
        // Two concurrent writes may take effect in either order, and a concurrent read may see either value.
        &["0 w 1 5 0 10", "1 w 1 6 0 10", "2 r 1 6 5 8", "2 r 1 5 11 12"],
        // An unanswered write may take effect long after, or never.
        &["0 w? 1 5 0 10", "1 r 1 0 20 30", "1 r 1 5 40 50"],
        &["0 w? 1 5 0 10", "1 w 1 6 20 30", "1 r 1 6 40 50"],
        &["0 u 1 0>3 0 10", "1 u 1 3>4 11 20", "2 r 1 4 21 30", "0 w! 1 9 21 22"],
    ];
    for lines in good {
        let checked = checked(lines);
        assert_eq!(checked.anomalies().count(), 0, "{lines:?}: {checked:?}");
        assert!(checked.undecided.is_empty());
    }
}

#[test]
fn a_stale_read_is_not_linearizable() {
    let stale = checked(&["0 w 1 5 0 10", "0 w 1 6 11 20", "1 r 1 5 21 30"]);
    assert_eq!(stale.not_linearizable.len(), 1);
    assert!(stale.not_linearizable[0].what.contains("process 1 read 5 between 21 and 30"), "{stale:?}");
    assert_eq!(checked(&["0 w 1 5 0 10", "1 r 1 0 11 20"]).not_linearizable.len(), 1, "an acknowledged write is gone");
    // Seen, unseen, seen again: no single copy does that.
    let back = checked(&["0 w 1 5 0 100", "1 r 1 5 10 20", "2 r 1 0 30 40"]);
    assert_eq!(back.not_linearizable.len(), 1);
    // The other register of the same history is fine and stays so.
    let two = checked(&["0 w 1 5 0 10", "1 r 1 0 11 20", "0 w 2 7 11 20", "1 r 2 7 21 30"]);
    assert_eq!((two.not_linearizable.len(), two.linearizable), (1, 1));
}

#[test]
fn updates_on_the_same_value_are_lost_ones() {
    let lost = checked(&["0 u 1 0>3 0 10", "1 u 1 0>4 5 15"]);
    assert_eq!(lost.lost_updates.len(), 1);
    assert!(lost.lost_updates[0].what.contains("2 updates were done on the value 0"), "{lost:?}");
    assert_eq!(lost.not_linearizable.len(), 1);
    assert!(checked(&["0 u 1 0>3 0 10", "1 u! 1 0>4 5 15"]).lost_updates.is_empty(), "one that was refused loses nothing");
}

#[test]
fn dirty_and_phantom_reads_are_seen() {
    let dirty = checked(&["0 w! 1 5 0 10", "1 r 1 5 5 8"]);
    assert_eq!((dirty.dirty_reads.len(), dirty.phantom_reads.len()), (1, 0));
    let phantom = checked(&["0 w 1 5 0 10", "1 r 1 77 5 8"]);
    assert_eq!((phantom.dirty_reads.len(), phantom.phantom_reads.len()), (0, 1));
    assert!(checked(&["0 w? 1 5 0 10", "1 r 1 5 5 8"]).dirty_reads.is_empty(), "an unknown outcome may have been done");
}

#[test]
fn beyond_its_bound_the_search_says_that_it_does_not_know() {
    // Many concurrent writes and a last read that no order explains: every order must be tried.
    let mut lines: Vec<String> = (0..14).map(|number| format!("{number} w 1 {} 0 100", number + 1)).collect();
    lines.push("20 r 1 3 101 110".to_owned());
    lines.push("20 r 1 4 111 120".to_owned());
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let bounded = check(&history(&lines), 1000);
    assert_eq!((bounded.undecided, bounded.not_linearizable), (vec![1], vec![]));
    assert_eq!(check(&history(&lines), MOST_STATES).not_linearizable.len(), 1);
}

#[test]
fn long_histories_are_searched_in_a_straight_line() {
    let lines: Vec<String> = (0..20_000_u32)
        .map(|number| {
            let (from, to) = (number * 10, number * 10 + 14);
            if number % 2 == 0 { format!("0 w 1 {} {from} {to}", number + 1) } else { format!("1 r 1 {number} {from} {to}") }
        })
        .collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let checked = check(&history(&lines), 100_000);
    assert_eq!((checked.linearizable, checked.undecided.len()), (1, 0), "{:?}", checked.not_linearizable);
}

#[test]
fn a_history_is_read_back_or_refused_with_its_line() {
    let header = r#"{"schema":"dbwright.history/1","engine":"redis","seed":7}"#;
    let events = history(&["0 w 1 5 0 10", "1 u 1 5>6 11 20", "0 r 1 6 21 30"]);
    let mut text = format!("{header}\n");
    for event in &events {
        text.push_str(&serde_json::to_string(event).unwrap());
        text.push('\n');
    }
    assert_eq!(read(&text).unwrap().1, events);
    let line = |text: &str| read(text).unwrap_err().line;
    let invoke = r#"{"at_us":1,"process":0,"type":"invoke","op":"read","key":1}"#;
    assert_eq!(line(""), 1);
    assert_eq!(line("{}"), 1);
    assert_eq!(line(&header.replace("/1", "/9")), 1);
    assert_eq!(line(&format!("{header}\nnonsense")), 2);
    assert_eq!(line(&format!("{header}\n{invoke}\n{invoke}")), 3);
    assert_eq!(line(&format!("{header}\n{invoke}\n{}", invoke.replace("invoke", "ok"))), 3, "a read without value");
    assert_eq!(line(&format!("{header}\n{}", invoke.replace("invoke", "ok"))), 2, "an end without beginning");
    assert_eq!(line(&format!("{header}\n{invoke}\n{}", invoke.replace(r#""at_us":1,"process":0"#, r#""at_us":0,"process":1"#))), 3);
}
