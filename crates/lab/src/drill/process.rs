//! Trees of processes in a scratch directory: stopped, killed, waited for. A process that does not work in the directory is
//! never signalled, whoever its parent is.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::scratch::record::ProcessMark;

const GONE_LIMIT: Duration = Duration::from_secs(20);

/// A process and its descendants that work in a directory.
pub(super) fn tree(first: u32, directory: &Path) -> Vec<ProcessMark> {
    let mut children: BTreeMap<i32, Vec<i32>> = BTreeMap::new();
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    for id in entries.filter_map(|entry| entry.file_name().to_string_lossy().parse::<i32>().ok()) {
        if let Some(parent) = parent_of(id) {
            children.entry(parent).or_default().push(id);
        }
    }
    let (mut found, mut open) = (Vec::new(), vec![first.cast_signed()]);
    while let Some(id) = open.pop() {
        open.extend(children.remove(&id).unwrap_or_default());
        found.extend(ProcessMark::of(id).filter(|mark| mark.works_in(directory)));
    }
    found
}

fn parent_of(id: i32) -> Option<i32> {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    stat.rsplit_once(')')?.1.split_ascii_whitespace().nth(1)?.parse().ok()
}

/// Stops a tree, again until no process of it was born meanwhile; gives all of them.
pub(super) fn freeze(first: u32, directory: &Path) -> Vec<ProcessMark> {
    const ROUNDS: usize = 10;
    let mut stopped: Vec<ProcessMark> = Vec::new();
    for _ in 0..ROUNDS {
        let born: Vec<ProcessMark> = tree(first, directory).into_iter().filter(|mark| !stopped.contains(mark)).collect();
        if born.is_empty() {
            break;
        }
        born.iter().for_each(|mark| signal(*mark, Signal::STOP));
        stopped.extend(born);
    }
    stopped
}

/// Sends a signal to a process of ours, if it is still the one meant.
pub(super) fn signal(mark: ProcessMark, signal: Signal) {
    if let Some(pid) = Pid::from_raw(mark.id).filter(|_| mark.is_running()) {
        let _ = kill_process(pid, signal);
    }
}

/// Kills processes without warning.
pub(super) fn kill(marks: &[ProcessMark]) {
    marks.iter().for_each(|mark| signal(*mark, Signal::KILL));
}

/// Waits until killed processes are gone; tells whether they are.
pub(super) fn wait_gone(marks: &[ProcessMark]) -> bool {
    let end = Instant::now() + GONE_LIMIT;
    while marks.iter().any(ProcessMark::is_running) {
        if Instant::now() > end {
            return false;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    true
}
