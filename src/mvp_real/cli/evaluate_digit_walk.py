"""The part of `mvp_real evaluate` that only the walking of Digit has."""

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path

from mvp_real.errors import MvpRealError


def configure(group: argparse._ArgumentGroup) -> None:
    """Options of the task."""
    group.add_argument(
        "--rows",
        default="",
        help="rows of config/tasks/digit_walk.yaml separated by commas, or groups, e.g. kicks,steps: (default: all)",
    )
    group.add_argument(
        "--robots",
        default="validation",
        help="block of robots: validation (default), or held_out: nothing may be tuned on it",
    )
    group.add_argument("--quick", action="store_true", help="a look in a few minutes: few robots, short rows")
    group.add_argument(
        "--threads", type=int, default=0, help="threads of the simulator (default: one per core)"
    )


def evaluate(args: argparse.Namespace) -> int:
    """Run and report; 0 when every planned trial has been run, 3 when the budget ended first."""
    from mvp_real.evaluation.locomotion import digit_walk, terminal
    from mvp_real.evaluation.locomotion.protocol_file import load_protocol
    from mvp_real.evaluation.locomotion.subjects import load_subjects
    from mvp_real.evaluation.locomotion.walk_trial import WalkLog
    from mvp_real.evaluation.protocol import Deadline

    if args.threads < 0:
        raise MvpRealError(f"--threads is {args.threads}; needs 0 (one per core) or more")
    if args.quick and args.rows:
        raise MvpRealError("--quick has its own rows; give --rows or --quick")
    protocol = load_protocol()
    rows = protocol.quick_rows() if args.quick else protocol.chosen(_names(args.rows), args.robots)
    block = "quick" if args.quick else args.robots
    evaluation = digit_walk.WalkEvaluation(
        load_subjects(args.bundle), rows, protocol, block, args.clips, args.threads
    )
    directory = args.out or Path("runs", "evaluation", f"digit_walk_{block}")
    log = WalkLog(directory)
    deadline = Deadline.after(None if args.budget is None else 60 * args.budget)
    done = len(digit_walk.report_of(evaluation, log, "").trials)
    try:
        with terminal.progress_bar(evaluation.planned, done) as progress:
            complete = digit_walk.run(evaluation, log, directory, deadline, progress)
    finally:
        command = shlex.join(["mvp_real", "evaluate", *sys.argv[2:]])
        # Read again: an interrupt may have come between the disk and the memory.
        report = digit_walk.report_of(evaluation, WalkLog(directory), command)
        if report.trials:
            results, page = digit_walk.write(report, directory)
    if report.trials:
        terminal.print_report(report)
        print(f"results: {results}\npage:    {page}")
    return 0 if complete else 3


def study(args: argparse.Namespace) -> int:
    """Run or continue a registered study."""
    from mvp_real.evaluation.locomotion import terminal
    from mvp_real.evaluation.locomotion.walk_study_file import load_walk_study
    from mvp_real.evaluation.locomotion.walk_study_run import run_walk_study
    from mvp_real.evaluation.protocol import Deadline

    registered = load_walk_study(args.study)
    deadline = Deadline.after(None if args.budget is None else 60 * args.budget)
    result = run_walk_study(
        registered, args.out, deadline, args.threads, args.block, progress_bar=terminal.progress_bar
    )
    terminal.print_verdicts(result.verdicts)
    print(f"results: {result.results}\nreport:  {result.markdown}")
    return 0 if result.complete else 3


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]
