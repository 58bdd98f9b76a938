#!/usr/bin/env python3
"""Run the discovery bench and Desbordante on the same files in the same run; print CPU seconds, memory and ratios.

usage: discovery_peer.py BENCH DATA_DIR WORK_DIR [--repeat N] [--limit SECONDS]
  BENCH     the executable that `cargo bench -p dbwright-discovery --bench discovery --no-run` names
  DATA_DIR  has adult.csv, horse.csv, abalone.csv, bcw.csv
  WORK_DIR  TPC-H tables (scale factor 0.1) and two joins of them are made there when they are missing
Needs, from PyPI: desbordante==2.5.0 duckdb==1.5.5 duckdb-extension-tpch==1.5.5

Each run is a process of its own. CPU is that of the search without loading, the least of the repetitions; memory is the
largest resident size with loading. The peer drops blanks at the end of a line, so the tables are written without blanks
around values; then both find the same.
"""
import argparse, importlib, json, os, pathlib, resource, subprocess, sys, tempfile, time

TABLES = "customer lineitem nation orders part partsupp region supplier".split()
JOINS = {
    "orders20": "SELECT * EXCLUDE (n_comment) FROM orders JOIN customer ON c_custkey = o_custkey "
                "JOIN nation ON c_nationkey = n_nationkey ORDER BY o_orderkey",
    "items49": "SELECT * FROM lineitem JOIN orders ON o_orderkey = l_orderkey JOIN customer ON c_custkey = o_custkey "
               "JOIN part ON p_partkey = l_partkey JOIN supplier ON s_suppkey = l_suppkey ORDER BY l_orderkey, l_linenumber LIMIT 195000",
    "items20": "SELECT lineitem.*, o_custkey, o_orderstatus, o_orderdate, o_orderpriority FROM lineitem "
               "JOIN orders ON o_orderkey = l_orderkey ORDER BY l_orderkey, l_linenumber LIMIT 195000",
}
# name, kind, file, largest left side, peer's module and algorithm
CASES = [
    ("adult", "fd", "adult", None, "fd.HyFD"),
    ("adult", "fd", "adult", None, "fd.Pyro"),
    ("horse", "fd", "horse", None, "fd.HyFD"),
    ("horse", "fd", "horse", None, "fd.FDep"),
    ("horse, left ≤ 3", "fd", "horse", 3, "fd.HyFD"),
    ("abalone", "fd", "abalone", None, "fd.HyFD"),
    ("bcw", "fd", "bcw", None, "fd.HyFD"),
    ("lineitem, left ≤ 2", "fd", "lineitem", 2, "fd.HyFD"),
    ("195,000 × 20, left ≤ 2", "fd", "items20", 2, "fd.HyFD"),
    ("195,000 × 20, left ≤ 3", "fd", "items20", 3, "fd.HyFD"),
    ("150,000 × 20, left ≤ 3", "fd", "orders20", 3, "fd.HyFD"),
    ("195,000 × 49, left ≤ 2", "fd", "items49", 2, "fd.HyFD"),
    ("195,000 × 49, left ≤ 3", "fd", "items49", 3, "fd.HyFD"),
    ("adult", "ucc", "adult", None, "ucc.HyUCC"),
    ("horse", "ucc", "horse", None, "ucc.HPIValid"),
    ("TPC-H, 8 tables", "ind", TABLES, None, "ind.Spider"),
]


def make_data(directory):
    """Write the TPC-H tables and the joins as CSV."""
    wanted = TABLES + list(JOINS)
    if all((directory / f"{name}.csv").exists() for name in wanted):
        return
    import duckdb
    package = importlib.import_module("duckdb_extension_tpch")
    (extension,) = pathlib.Path(package.__file__).parent.rglob("tpch.duckdb_extension")
    source = duckdb.connect()
    source.execute(f"LOAD '{extension}'")
    source.execute("CALL dbgen(sf = 0.1)")
    for name in wanted:
        query = JOINS.get(name, f"SELECT * FROM {name}")
        columns = [row[0] for row in source.execute(f"DESCRIBE {query}").fetchall()]
        trimmed = ", ".join(f"trim(CAST({column} AS VARCHAR)) AS {column}" for column in columns)
        source.execute(f"COPY (SELECT {trimmed} FROM ({query})) TO '{directory / (name + '.csv')}' (HEADER true)")


def peer(kind, algorithm, files, max_left, listing):
    """Runs in a process of its own: search with the peer and print the same pairs as the bench."""
    import desbordante
    module, name = algorithm.split(".")
    search = getattr(getattr(desbordante, module).algorithms, name)()
    used = lambda: sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
    begin = used()
    if kind == "ind":
        search.load_data(tables=[(file, ",", True) for file in files])
    else:
        search.load_data(table=(files[0], ",", True))
    loaded, wall = used(), time.monotonic()
    options = {"max_lhs": max_left} if max_left else {}
    if name in ("HyFD", "HyUCC", "Pyro"):
        options["threads"] = 1
    search.execute(**options)
    cpu, wall = used() - loaded, time.monotonic() - wall
    lines = []
    if kind == "fd":
        for left, right in (found.to_index_tuple() for found in search.get_fds()):
            lines.append(",".join(map(str, sorted(left))) + f"->{right}")
    elif kind == "ucc":
        lines = [",".join(map(str, sorted(found.indices))) for found in search.get_uccs()]
    else:
        for found in search.get_inds():
            left, right = found.get_lhs(), found.get_rhs()
            lines.append(f"{left.table_index}.{left.column_indices[0]}->{right.table_index}.{right.column_indices[0]}")
    pathlib.Path(listing).write_text("\n".join(lines) + "\n")
    # Not ru_maxrss, which begins with the size of the process that this one was forked from.
    status = pathlib.Path("/proc/self/status").read_text()
    peak = int(status.split("VmHWM:")[1].split()[0]) / 1024
    print(f"found={len(lines)} load_cpu={loaded - begin:.3f} cpu={cpu:.3f} wall={wall:.3f} peak_mb={peak:.0f}")


def run(command, limit):
    """The pairs that a run prints; nothing when it takes too long."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=limit)
    except subprocess.TimeoutExpired:
        return None
    if done.returncode != 0:
        sys.exit(f"{command[0]} failed: {done.stderr.strip()[-400:]}")
    return dict(pair.split("=") for pair in done.stdout.split())


def best(command, repeat, limit):
    runs = []
    for _ in range(repeat):
        values = run(command, limit)
        if values is None:
            return None
        runs.append(values)
        if float(values["cpu"]) > 20:
            break
    return min(runs, key=lambda values: float(values["cpu"]))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bench")
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("work", type=pathlib.Path)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--limit", type=float, default=300)
    parser.add_argument("--peer", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.peer:
        return peer(**json.loads(chosen.peer))
    make_data(chosen.work)
    print("| data | kind | found | peer | same set | CPU s | peer CPU s | times faster | peak MB | peer peak MB | load MB/s | with load, CPU s |")
    print("|---|---|---|---|---|---|---|---|---|---|---|---|")
    for label, kind, names, max_left, algorithm in CASES:
        files = []
        for name in [names] if isinstance(names, str) else names:
            folder = chosen.data if (chosen.data / f"{name}.csv").exists() else chosen.work
            files.append(str(folder / f"{name}.csv"))
        with tempfile.TemporaryDirectory() as directory:
            lists = [os.path.join(directory, who) for who in ("ours", "peer")]
            own = [chosen.bench, kind, *files, "--list", lists[0]] + (["--max-lhs", str(max_left)] if max_left else [])
            task = json.dumps({"kind": kind, "algorithm": algorithm, "files": files, "max_left": max_left, "listing": lists[1]})
            ours = best(own, chosen.repeat, chosen.limit)
            theirs = best([sys.executable, __file__, "-", ".", ".", "--peer", task], chosen.repeat, chosen.limit)
            sets = [set(pathlib.Path(path).read_text().split()) if os.path.exists(path) else None for path in lists]
        cpu, peak = float(ours["cpu"]), ours["peak_mb"]
        total = cpu + float(ours["load_cpu"])
        if theirs is None:
            cells = ["–", cpu, f"> {chosen.limit:.0f} wall", "–", peak, "–"]
        else:
            same = "yes" if sets[0] == sets[1] else f"no: {theirs['found']}"
            cells = [same, cpu, theirs["cpu"], f"{float(theirs['cpu']) / max(cpu, 0.001):.0f}", peak, theirs["peak_mb"]]
        print("|", " | ".join(map(str, [label, kind, ours["found"], algorithm, *cells, ours["load_mb_per_s"], f"{total:.2f}"])), "|", flush=True)


if __name__ == "__main__":
    main()
