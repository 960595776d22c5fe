"""Run an evaluation protocol and write its report.

mvp_real evaluate pick_fruit --bundle A --bundle B      the 16 validation placements, both bundles at each
mvp_real evaluate pick_fruit --bundle A --placements random:100 --scene varied
mvp_real evaluate digit_walk --bundle A --bundle A:shuffled --rows kicks,steps:
mvp_real evaluate digit_walk --bundle A --quick
mvp_real evaluate --study studies/pick_fruit/study.yaml --budget 30

Every trial is logged as it ends: the same command goes on where an interrupted one stopped.
A study also goes on from the results committed beside it: published rows are taken up, not run again.
"""

from __future__ import annotations

import argparse
import signal
from pathlib import Path
from types import ModuleType

import yaml

from mvp_real.cli import evaluate_digit_walk, evaluate_pick_fruit
from mvp_real.errors import MvpRealError, unknown_name

TASKS: dict[str, ModuleType] = {"pick_fruit": evaluate_pick_fruit, "digit_walk": evaluate_digit_walk}


def configure(parser: argparse.ArgumentParser) -> None:
    """Options of the command; each task has a group of its own."""
    parser.add_argument("task", nargs="?", help=" or ".join(TASKS))
    parser.add_argument(
        "--bundle",
        action="append",
        default=[],
        help="controller or walking policy, by name or folder; repeat to compare. Also 'expert' (pick_fruit), "
        "'reference_gait', and NAME:shuffled, NAME:window_1, NAME:frozen (digit_walk)",
    )
    parser.add_argument("--clips", default="auto", help="auto (default), all or none; only in one process")
    parser.add_argument(
        "--budget", type=float, metavar="MINUTES", help="start no trial after so many minutes"
    )
    parser.add_argument("--out", type=Path, help="folder for trials and reports; the same folder resumes")
    parser.add_argument("--study", type=Path, help="run or continue a registered study instead")
    parser.add_argument(
        "--block", action="append", default=[], help="only this block of the study; repeatable"
    )
    for name, module in TASKS.items():
        module.configure(parser.add_argument_group(f"only {name}"))


def run(args: argparse.Namespace) -> int:
    """Run and report; 0 when every planned trial has been run, 3 when the budget ended first."""
    if args.workers < 1:
        raise MvpRealError(f"--workers is {args.workers}; needs at least 1")
    if args.budget is not None and args.budget < 0:
        raise MvpRealError(f"--budget is {args.budget} minutes; needs 0 or more (0 only writes the report)")
    if args.study and (args.task or args.bundle):
        raise MvpRealError("a study names its own task, bundles and rows; give --study without them")
    if not args.study and args.task is None:
        raise MvpRealError("what to evaluate? For example: mvp_real evaluate pick_fruit --bundle pick_fruit")
    task = task_of_study(args.study) if args.study else args.task
    if task not in TASKS:
        raise unknown_name("task", task, TASKS)
    _refuse_options_of_others(args, task)
    # However it is told to stop: the nodes are ended in order and the report is written. A shell starts
    # background jobs with the interrupt ignored.
    stops = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, signal.default_int_handler) for number in stops}
    try:
        return int(TASKS[task].study(args) if args.study else TASKS[task].evaluate(args))
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def task_of_study(path: Path) -> str:
    """The task that a study file names; PickFruit where it names none.

    Raises:
        MvpRealError: No such file, or no YAML.
    """
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise MvpRealError(f"no study file '{path}'") from error
    except yaml.YAMLError as error:
        raise MvpRealError(f"'{path}' is not valid YAML: {error}") from error
    return str(document.get("task", "pick_fruit")) if isinstance(document, dict) else "pick_fruit"


def _refuse_options_of_others(args: argparse.Namespace, task: str) -> None:
    for name, module in TASKS.items():
        if name == task:
            continue
        others = argparse.ArgumentParser(add_help=False)
        module.configure(others.add_argument_group())
        for option, default in vars(others.parse_args([])).items():
            if getattr(args, option) != default:
                raise MvpRealError(f"--{option} belongs to {name}, not to {task}")
