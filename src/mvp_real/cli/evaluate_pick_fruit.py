"""The part of `mvp_real evaluate` that only PickFruit has."""

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path

from mvp_real.errors import MvpRealError, unknown_name


def configure(group: argparse._ArgumentGroup) -> None:
    """Options of the task."""
    group.add_argument("--scene", default="plain", help="plain, varied or both (default: plain)")
    group.add_argument(
        "--placements",
        default="validation",
        help="validation (default), random:N, or evaluation: held out, nothing may be tuned on it",
    )
    group.add_argument(
        "--through",
        default="process",
        help="process (default): what the nodes run, in one process; nodes: over DDS",
    )
    group.add_argument("--seed", type=int, default=0, help="first seed of random placements (default: 0)")
    group.add_argument("--workers", type=int, default=1, help="processes, one placement each (default: 1)")


def evaluate(args: argparse.Namespace) -> int:
    """Run and report; 0 when every planned trial has been run, 3 when the budget ended first."""
    from mvp_real.evaluation import pick_fruit, terminal
    from mvp_real.evaluation.protocol import Deadline
    from mvp_real.evaluation.subjects import load_subjects
    from mvp_real.evaluation.trials import TrialLog

    if args.clips not in pick_fruit.CLIPS:
        raise unknown_name("value of --clips", args.clips, pick_fruit.CLIPS)
    evaluation = pick_fruit.Evaluation(
        load_subjects(args.bundle),
        pick_fruit.scenes_of(args.scene),
        args.placements,
        args.through,
        args.seed,
        args.clips,
        args.workers,
    )
    directory = args.out or Path("runs", "evaluation", f"{args.placements.replace(':', '_')}_{args.through}")
    log = TrialLog(directory)
    deadline = Deadline.after(None if args.budget is None else 60 * args.budget)
    planned = pick_fruit.report_of(evaluation, log, "").trials
    try:
        with terminal.progress_bar(evaluation.planned, planned) as progress:
            complete = pick_fruit.run(evaluation, log, directory, deadline, progress)
    finally:
        command = shlex.join(["mvp_real", "evaluate", *sys.argv[2:]])
        # Read again: an interrupt may have come between the disk and the memory.
        report = pick_fruit.report_of(evaluation, TrialLog(directory), command)
        if report.trials:
            results, page = pick_fruit.write(report, directory)
    if report.trials:
        terminal.print_report(report)
        print(f"results: {results}\npage:    {page}")
    return 0 if complete else 3


def study(args: argparse.Namespace) -> int:
    """Run or continue a registered study."""
    from mvp_real.evaluation import study_run, terminal
    from mvp_real.evaluation.protocol import Deadline
    from mvp_real.evaluation.study_file import load_study

    if args.placements != "validation":
        raise MvpRealError("a study names its own placements; give --study without them")
    registered = load_study(args.study)
    for name in args.block:
        if name not in registered.blocks:
            raise unknown_name("block of the study", name, registered.blocks)
    deadline = Deadline.after(None if args.budget is None else 60 * args.budget)
    result = study_run.run_study(
        registered,
        args.out,
        deadline,
        workers=args.workers,
        only=args.block,
        progress_bar=terminal.progress_bar,
    )
    terminal.print_report(result.report, result.verdicts)
    print(f"results: {result.results}\nreport:  {result.markdown}")
    return 0 if result.report.complete else 3
