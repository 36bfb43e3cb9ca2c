"""What has to be waited for before anything happens: ``python -m bench.startup [--times 10] [--json]``.

- the median time of ``arena --help``, beside an interpreter that does nothing, and one that imports PyTorch
- compiling all that ``make demo`` needs, in a process whose cache is empty, and again in one that finds it full
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping

HELP = "import sys; from arena.cli import main; sys.argv = ['arena', '--help']; main()"
COMPILE = "from arena.cli.demo import compile_all, demo_settings; compile_all(demo_settings(3.0))"


def seconds(program: str, environment: Mapping[str, str] | None = None) -> float:
    """Of a Python process that runs this, from beginning to end."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", program], env=environment, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - began


def measure(times: int) -> dict[str, float]:
    def median(program: str) -> float:
        return statistics.median(seconds(program) for _ in range(times))

    seconds(HELP)  # from here on, its files are in the system's memory
    found = {"python": median("pass"), "import torch": median("import torch"), "arena --help": median(HELP)}
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "NUMBA_CACHE_DIR": folder}
        found["compiling, first use"] = seconds(COMPILE, environment)
        found["compiling, cached"] = seconds(COMPILE, environment)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=10, help="that the short ones are run")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    found = measure(args.times)
    if args.json:
        print(json.dumps({name: round(value, 3) for name, value in found.items()}, indent=1))
        return
    print("| | seconds |\n|---|---:|")
    for name, value in found.items():
        print(f"| {name} | {value:.2f} |")


if __name__ == "__main__":
    main()
