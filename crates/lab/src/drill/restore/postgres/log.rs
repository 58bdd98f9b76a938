//! A source's log as it is received: which transactions committed up to a place. It never takes a log that ends early for a
//! whole one.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use super::super::Stop;
use super::super::programs::run as run_program;
use super::file;
use crate::scratch::postgres::Programs;

/// Whether a transaction is not seen by a snapshot, given as `xmin:xmax:list`.
pub(super) fn unseen(snapshot: &str, xid: u64) -> bool {
    let mut parts = snapshot.split(':');
    let (_, most, open) = (parts.next(), parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    // The log holds 32 bits of the number, the snapshot 64.
    let low = |text: &str| text.parse::<u64>().map_or(0, |number| number & 0xffff_ffff);
    let most = low(most);
    let after = (xid.wrapping_sub(most) & 0xffff_ffff) < 0x8000_0000;
    after || open.split(',').filter(|text| !text.is_empty()).any(|text| low(text) == xid)
}

/// Transactions that committed between two places of the log, once the log was received that far; none when it was not in time.
pub(super) fn received(
    programs: &Programs,
    log: &Path,
    from: &str,
    to: &str,
    cancel: &crate::cancel::Cancel,
) -> Result<Option<BTreeSet<u64>>, Stop> {
    const LIMIT: Duration = Duration::from_secs(5);
    let (to, end) = (before_header(to), Instant::now() + LIMIT);
    loop {
        let found = commits(programs, log, from, &to, cancel)?;
        if found.is_some() || Instant::now() > end {
            return Ok(found);
        }
    }
}

/// A place behind nothing but a page's header is the page's beginning: the page itself may not have been written yet.
fn before_header(place: &str) -> String {
    const PAGE: u64 = 8192;
    const LONGEST_HEADER: u64 = 40;
    let Some((high, low)) = place.split_once('/') else { return place.to_owned() };
    match u64::from_str_radix(low, 16) {
        Ok(low) if low % PAGE <= LONGEST_HEADER => format!("{high}/{:X}", low - low % PAGE),
        _ => place.to_owned(),
    }
}

/// Transactions that committed between two places of the log; none while it was not received that far.
fn commits(programs: &Programs, log: &Path, from: &str, to: &str, cancel: &crate::cancel::Cancel) -> Result<Option<BTreeSet<u64>>, Stop> {
    if from == to {
        return Ok(Some(BTreeSet::new()));
    }
    let view = log.with_file_name("log-view");
    let _ = std::fs::remove_dir_all(&view);
    std::fs::create_dir(&view).map_err(|error| file(&view, &error))?;
    for entry in std::fs::read_dir(log).map_err(|error| file(log, &error))?.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let whole = name.strip_suffix(".partial").unwrap_or(&name);
        let _ = std::os::unix::fs::symlink(entry.path(), view.join(whole));
    }
    // pg_waldump would wait five seconds for a file that is not there.
    if !covers(&view, to) {
        std::thread::sleep(Duration::from_millis(20));
        return Ok(None);
    }
    let mut command = Command::new(programs.program("pg_waldump"));
    command.arg("-p").arg(&view).args(["-s", from, "-e", to, "-r", "Transaction"]);
    let said = run_program(command, log.parent().unwrap_or(log), cancel)?;
    // It ends well only when every record up to the place was there and whole.
    if !said.success {
        std::thread::sleep(Duration::from_millis(20));
        return Ok(None);
    }
    let mut found = BTreeSet::new();
    for line in said.output.lines().filter(|line| line.contains("desc: COMMIT")) {
        let xid: Option<u64> = line.split("tx:").nth(1).and_then(|rest| rest.split(',').next()).and_then(|text| text.trim().parse().ok());
        found.extend(xid.filter(|xid| *xid != 0));
        if let Some(rest) = line.split("subxacts:").nth(1) {
            found.extend(rest.split(';').next().unwrap_or_default().split_whitespace().filter_map(|text| text.parse::<u64>().ok()));
        }
    }
    Ok(Some(found))
}

/// Whether a segment is there that holds the byte before a place.
fn covers(view: &Path, place: &str) -> bool {
    let Some((high, low)) = place.split_once('/') else { return false };
    let (Ok(high), Ok(low)) = (u64::from_str_radix(high, 16), u64::from_str_radix(low, 16)) else { return false };
    let wanted = (high << 32 | low).saturating_sub(1);
    std::fs::read_dir(view).into_iter().flatten().flatten().any(|entry| {
        let name = entry.file_name().to_string_lossy().into_owned();
        let number = |range: std::ops::Range<usize>| u64::from_str_radix(name.get(range).unwrap_or_default(), 16).unwrap_or(0);
        let length = std::fs::metadata(entry.path()).map_or(0, |metadata| metadata.len());
        let start = (number(8..16) << 32) + number(16..24) * length;
        name.len() == 24 && (start..start + length).contains(&wanted)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_snapshot_does_not_see() {
        for (snapshot, xid, wanted) in
            [("100:105:100,103", 99, false), ("100:105:100,103", 103, true), ("100:105:", 104, false), ("100:105:", 105, true)]
        {
            assert_eq!(unseen(snapshot, xid), wanted, "{snapshot} {xid}");
        }
        // 2^32 + 5 in the snapshot, 5 in the log.
        assert!(
            unseen("4294967297:4294967301:", 5) && !unseen("4294967297:4294967301:", 4) && !unseen("4294967297:4294967301:", 4_294_967_290)
        );
    }
}
