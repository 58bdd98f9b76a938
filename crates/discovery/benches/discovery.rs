fn main() {
    let path = std::env::args().nth(1).unwrap();
    let lhs = std::env::args().nth(2).and_then(|x| x.parse().ok());
    let threads = std::env::args().nth(3).map_or(1, |x| x.parse().unwrap());
    let start = std::time::Instant::now();
    let table = dbwright_discovery::Table::from_csv_file(path.as_ref(), &Default::default()).unwrap();
    println!("{} rows {:?}", table.rows(), start.elapsed());
    let c = || {
        let s = std::fs::read_to_string("/proc/self/stat").unwrap();
        let f: Vec<&str> = s.rsplit(')').next().unwrap().split_whitespace().collect();
        (f[11].parse::<f64>().unwrap() + f[12].parse::<f64>().unwrap()) / 100.0
    };
    let a = c();
    println!("load cpu {a}");
    let r = dbwright_discovery::discover_fds(&table, &dbwright_discovery::FdOptions { max_lhs: lhs, threads, ..Default::default() });
    println!("{} fds cpu {:.2} {:?} {:?}", r.dependencies.len(), c() - a, r.work, r.limits);
    if std::env::var("SHOW").is_ok() {
        for f in &r.dependencies {
            println!("{:?}->{}", f.left.iter().collect::<Vec<_>>(), f.right)
        }
    }
    for l in std::fs::read_to_string("/proc/self/status").unwrap().lines().filter(|l| l.starts_with("VmHWM")) {
        println!("{l}")
    }
}
