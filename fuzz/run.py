"""Run a target under atheris, guided by coverage: `python -m fuzz.run TARGET --seconds 60`.

A crash leaves its input in the corpus folder's `crash-*`; run it again with `--input FILE`.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from mvp_real.errors import MvpRealError, require, unknown_name


def main() -> int:
    """Run one target."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", nargs="?")
    parser.add_argument("--list", action="store_true", help="all targets")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--corpus", type=Path, help="folder that inputs are kept in; default: a new one")
    parser.add_argument("--input", type=Path, help="read this file once instead")
    args = parser.parse_args()
    try:
        return run(args)
    except MvpRealError as error:
        print(f"fuzz: {error}", file=sys.stderr)
        return 2


def run(args: argparse.Namespace) -> int:
    """Run what the options say."""
    plain = args.list or args.input is not None or not args.target
    atheris = None if plain else require("atheris", "fuzz")
    if atheris is None:
        from fuzz.targets import TARGETS
    else:
        # Before the imports, so that every branch of the readers is seen.
        with atheris.instrument_imports(include=["mvp_real", "mcap", "mcap_ros2"]):
            from fuzz.targets import TARGETS
    if args.list or not args.target:
        for name, target in TARGETS.items():
            print(f"{name:14} {target.what}")
        return 0
    if args.target not in TARGETS:
        raise unknown_name("fuzz target", args.target, TARGETS)
    target = TARGETS[args.target]
    if args.input is not None:
        print("accepted" if target.one_input(args.input.read_bytes()) else "refused")
        return 0
    corpus = args.corpus or Path(tempfile.mkdtemp(prefix=f"fuzz_{args.target}_"))
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(target.seeds()):
        (corpus / f"seed_{number}").write_bytes(seed)
    options = [f"-max_total_time={args.seconds}", "-timeout=10", "-rss_limit_mb=2048", "-print_final_stats=1"]
    largest = max(len(seed) for seed in target.seeds())
    options += [f"-max_len={2 * largest}", f"-artifact_prefix={corpus}/"]
    assert atheris is not None
    atheris.Setup([sys.argv[0], *options, str(corpus)], target.one_input)
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main())
