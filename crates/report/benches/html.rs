//! Rendering is linear: reports of 10,000 to 100,000 findings in every form, with the time a finding takes.
//! `cargo bench -p dbwright-report`. It never compares across machines: the ratio between sizes is what counts.

use std::time::{Duration, Instant};

use dbwright_report::{Format, Options, render, testing};

const SIZES: [usize; 3] = [10_000, 50_000, 100_000];
/// The limit for 100,000 findings as a page.
const LIMIT: Duration = Duration::from_secs(2);

fn main() {
    let catalogue = testing::catalogue();
    let options = Options { verbose: true, ..Options::default() };
    println!("{:<10} {:>9} {:>10} {:>12} {:>10}", "form", "findings", "ms", "µs/finding", "MB");
    let mut page = Duration::ZERO;
    for format in Format::ALL {
        for size in SIZES {
            let report = testing::many(size);
            let (time, bytes) = best(|| render(format, &report, &catalogue, &options));
            println!(
                "{:<10} {size:>9} {:>10.1} {:>12.2} {:>10.1}",
                format.name(),
                time.as_secs_f64() * 1e3,
                time.as_secs_f64() * 1e6 / size as f64,
                bytes as f64 / 1e6
            );
            if format == Format::Html {
                page = page.max(time);
            }
        }
    }
    assert!(page < LIMIT, "100,000 findings as a page took {page:?}, over {LIMIT:?}");
}

/// The best of three runs, and the size of the text.
fn best(make: impl Fn() -> String) -> (Duration, usize) {
    let run = || {
        let start = Instant::now();
        let bytes = make().len();
        (start.elapsed(), bytes)
    };
    (0..3).map(|_| run()).min().unwrap_or_default()
}
