"""Run an evaluation protocol and write its report.

mvp_real evaluate pick_fruit --bundle A --bundle B      the 16 validation placements, both bundles at each
mvp_real evaluate pick_fruit --bundle A --placements random:100 --scene varied
mvp_real evaluate --study studies/pick_fruit/study.yaml --budget 30

Every trial is logged as it ends: the same command goes on where an interrupted one stopped.
A study also goes on from the results committed beside it: published rows are taken up, not run again.
"""

from __future__ import annotations

import argparse
import shlex
import signal
import sys
from pathlib import Path

from mvp_real.errors import MvpRealError, unknown_name

TASKS = ("pick_fruit",)


def configure(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument("task", nargs="?", help="pick_fruit")
    parser.add_argument(
        "--bundle",
        action="append",
        default=[],
        help="controller bundle, by name or folder, or 'expert' for the scripted expert; repeat to compare",
    )
    parser.add_argument("--scene", default="plain", help="plain, varied or both (default: plain)")
    parser.add_argument(
        "--placements",
        default="validation",
        help="validation (default), random:N, or evaluation: held out, nothing may be tuned on it",
    )
    parser.add_argument(
        "--through",
        default="process",
        help="process (default): what the nodes run, in one process; nodes: over DDS",
    )
    parser.add_argument("--seed", type=int, default=0, help="first seed of random placements (default: 0)")
    parser.add_argument("--clips", default="auto", help="auto (default), all or none; only in one process")
    parser.add_argument("--workers", type=int, default=1, help="processes, one placement each (default: 1)")
    parser.add_argument(
        "--budget", type=float, metavar="MINUTES", help="start no trial after so many minutes"
    )
    parser.add_argument("--out", type=Path, help="folder for trials and reports; the same folder resumes")
    parser.add_argument("--study", type=Path, help="run or continue a registered study instead")
    parser.add_argument(
        "--block", action="append", default=[], help="only this block of the study; repeatable"
    )


def run(args: argparse.Namespace) -> int:
    """Run and report; 0 when every planned trial has been run, 3 when the budget ended first."""
    if args.workers < 1:
        raise MvpRealError(f"--workers is {args.workers}; needs at least 1")
    if args.budget is not None and args.budget < 0:
        raise MvpRealError(f"--budget is {args.budget} minutes; needs 0 or more (0 only writes the report)")
    # However it is told to stop: the nodes are ended in order and the report is written. A shell starts
    # background jobs with the interrupt ignored.
    stops = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, signal.default_int_handler) for number in stops}
    try:
        return _study(args) if args.study else _evaluate(args)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _evaluate(args: argparse.Namespace) -> int:
    from mvp_real.evaluation import pick_fruit, terminal
    from mvp_real.evaluation.protocol import Deadline
    from mvp_real.evaluation.subjects import load_subjects
    from mvp_real.evaluation.trials import TrialLog

    if args.task is None:
        raise MvpRealError("what to evaluate? For example: mvp_real evaluate pick_fruit --bundle pick_fruit")
    if args.task not in TASKS:
        raise unknown_name("task", args.task, TASKS)
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
        report = pick_fruit.report_of(evaluation, log, command)
        if report.trials:
            results, page = pick_fruit.write(report, directory)
    if report.trials:
        terminal.print_report(report)
        print(f"results: {results}\npage:    {page}")
    return 0 if complete else 3


def _study(args: argparse.Namespace) -> int:
    from mvp_real.evaluation import study_run, terminal
    from mvp_real.evaluation.protocol import Deadline
    from mvp_real.evaluation.study_file import load_study

    if args.task or args.bundle or args.placements != "validation":
        raise MvpRealError("a study names its own task, bundles and placements; give --study without them")
    study = load_study(args.study)
    for name in args.block:
        if name not in study.blocks:
            raise unknown_name("block of the study", name, study.blocks)
    deadline = Deadline.after(None if args.budget is None else 60 * args.budget)
    result = study_run.run_study(
        study, args.out, deadline, workers=args.workers, only=args.block, progress_bar=terminal.progress_bar
    )
    terminal.print_report(result.report, result.verdicts)
    print(f"results: {result.results}\nreport:  {result.markdown}")
    return 0 if result.report.complete else 3
