#!/usr/bin/env python3
"""A Ray cluster of several nodes on this machine: prompts on the built-in model, a node killed in the
middle, the driver killed and started again; then what is left is checked, and the rate of N workers is
held against that of one.

    PYTHONPATH=build/python scripts/try_cluster.py FOLDER [--prompts 2000] [--nodes 3] [--side 64]

FOLDER must not exist. It takes some minutes; what it found is printed.
"""

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet as parquet

DRIVER = """
import sys
from pathlib import Path
from zanime.batch import Job, Settings, run
source, output, address, workers, size = sys.argv[1:]
print(run(Job(Path(source), Settings(output, threads=1), {}, ray=address, workers=int(workers),
              batch_size=int(size))), flush=True)
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--prompts", type=int, default=2000)
    parser.add_argument("--nodes", type=int, default=3)
    parser.add_argument("--side", type=int, default=64)
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--rate-prompts", type=int, default=0, help="for N workers against one")
    options = parser.parse_args()
    options.folder.mkdir(parents=True)
    with cluster(options.nodes) as (address, nodes):
        told = kills(options, address, nodes)
        if options.rate_prompts:
            told["rates"] = rates(options, address)
    print(json.dumps(told, indent=2))
    return 0


@contextlib.contextmanager
def cluster(count: int):
    """A head, and nodes of two logical processors: one draws, the other reads and writes tables."""
    from ray.cluster_utils import Cluster

    made = Cluster(
        initialize_head=True, head_node_args={"num_cpus": 2, "object_store_memory": 400 * 2**20}
    )
    nodes = [made.add_node(num_cpus=2, object_store_memory=400 * 2**20) for _ in range(count)]
    try:
        yield made.address, (made, nodes)
    finally:
        made.shutdown()


def write_prompts(path: Path, count: int, side: int, first: int = 0) -> Path:
    rows = (
        {"prompt": f"{n % 20} girls, smile", "seed": first + n, "width": side, "height": side, "steps": 1}
        for n in range(count)
    )
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def start(source: Path, output: Path, address: str, workers: int, size: int) -> subprocess.Popen:
    command = [sys.executable, "-c", DRIVER, str(source), str(output), address, str(workers), str(size)]
    log = (output.parent / f"{output.name}.log").open("ab")
    return subprocess.Popen(command, stdout=log, stderr=log)


def pictures(output: Path) -> dict[str, tuple[int, int]]:
    found = {}
    for path in output.glob("pictures/*/*.png"):
        found[path.name] = (path.stat().st_ino, path.stat().st_mtime_ns)
    return found


def wait_for(output: Path, count: int, process: subprocess.Popen) -> None:
    while len(pictures(output)) < count:
        if process.poll() is not None:
            raise SystemExit(f"the driver ended with {process.returncode}; see {output}.log")
        time.sleep(0.5)


def kills(options: argparse.Namespace, address: str, nodes) -> dict:
    made, workers = nodes
    total = options.prompts
    source = write_prompts(options.folder / "prompts.jsonl", total, options.side)
    output = options.folder / "pictures"
    driver = start(source, output, address, options.nodes, options.batch_size)
    wait_for(output, total // 4, driver)
    made.remove_node(workers.pop(), allow_graceful=False)
    print(f"a node was killed at {len(pictures(output))} pictures", flush=True)
    wait_for(output, total // 2, driver)
    driver.send_signal(signal.SIGKILL)
    driver.wait()
    time.sleep(5)  # until its actors have gone
    before = pictures(output)
    print(f"the driver was killed at {len(before)} pictures", flush=True)
    again = start(source, output, address, options.nodes - 1, options.batch_size)
    if again.wait() != 0:
        raise SystemExit(f"the second driver failed; see {output}.log")
    after = pictures(output)
    table = parquet.read_table(output / "manifest.parquet").to_pylist()
    ids = {row["id"] for row in table}
    assert before.items() <= after.items(), "a finished picture was touched"
    assert len(table) == len(ids) == len(after) == total, (len(table), len(ids), len(after))
    assert {f"{id}.png" for id in ids} == set(after)
    assert not [row for row in table if row["error"]]
    assert len({row["seed"] for row in table}) == total
    return {"prompts": total, "pictures": len(after), "kept from before": len(before)}


def rates(options: argparse.Namespace, address: str) -> dict:
    """Pictures a second while they are drawn: from the first file to the last."""
    found = {}
    for workers in (1, options.nodes - 1):
        name = f"rate-{workers}"
        source = write_prompts(
            options.folder / f"{name}.jsonl", options.rate_prompts, options.side, 10_000_000
        )
        output = options.folder / name
        if start(source, output, address, workers, options.batch_size).wait() != 0:
            raise SystemExit(f"see {output}.log")
        times = sorted(time_ns for _, time_ns in pictures(output).values())
        found[workers] = (len(times) - 1) / ((times[-1] - times[0]) / 1e9)
    one, many = found[1], found[options.nodes - 1]
    return {"a second with 1 worker": one, f"with {options.nodes - 1}": many, "ratio": many / one,
            "processors": os.cpu_count()}


if __name__ == "__main__":
    sys.exit(main())
