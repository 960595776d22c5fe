"""Set bad demonstrations aside: by their own figures, and those that do not reproduce when replayed on the robot.

    mvp_real demos prune runs/demos/reach --dry-run           by their figures only, and only say so
    mvp_real demos prune runs/demos/plain --replay sim        replay each in the simulator as well
    mvp_real demos prune runs/demos/reach --verdicts file     with the verdicts of `demos replay --robot ros`

Nothing is deleted: pruned demonstrations lie in `set_aside/` of their set, and `pruned.json` there says why.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from mvp_real.cli.demos_simulator import SimulatorReplay
from mvp_real.demos.episode_set import SET_ASIDE, set_aside
from mvp_real.demos.prune import PruneRules, own_faults, replay_faults
from mvp_real.demos.reader import demonstration_paths, read_demonstration
from mvp_real.demos.statistics import episode_statistics
from mvp_real.errors import MvpRealError, unknown_name

DEFAULTS = PruneRules()


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("folder", type=Path, help="the set")
    parser.add_argument("--replay", default="none", help="none, or sim: replay each through the limiter")
    parser.add_argument("--verdicts", type=Path, help="replays.json that `demos replay --robot ros` wrote")
    parser.add_argument("--dry-run", action="store_true", help="say what would be pruned and leave it")
    parser.add_argument("--min-steps", type=int, default=DEFAULTS.min_steps)
    parser.add_argument("--max-step", type=float, default=DEFAULTS.max_step, help="rad in one control step")
    parser.add_argument("--max-idle", type=float, default=DEFAULTS.max_idle, help="share of idle steps")
    parser.add_argument("--max-rms", type=float, default=DEFAULTS.max_rms, help="of a replay, rad")
    parser.add_argument("--max-refused", type=int, default=DEFAULTS.max_refused, help="steps of a replay")


def run(args: argparse.Namespace) -> int:
    """Judge each demonstration and move the bad ones; always 0."""
    if args.replay not in ("none", "sim"):
        raise unknown_name("replay", args.replay, ("none", "sim"))
    rules = PruneRules(
        args.min_steps,
        args.max_step,
        args.max_idle,
        max_rms=args.max_rms,
        max_refused=args.max_refused,
    )
    paths = demonstration_paths(args.folder)
    found = {path: _own_faults(path, rules) for path in paths}
    if args.verdicts is not None:
        _add_verdicts(found, args.verdicts, rules)
    if args.replay == "sim":
        with SimulatorReplay() as simulator:
            for path in paths:
                if found[path]:
                    continue  # it is out already
                try:
                    report, lifted = simulator.run(read_demonstration(path))
                    found[path] = replay_faults(report, rules, lifted)
                except MvpRealError as error:
                    found[path] = [str(error)]
    pruned = {path: reasons for path, reasons in found.items() if reasons}
    for path, reasons in pruned.items():
        print(f"{path.stem}: {'; '.join(reasons)}")
    if pruned and not args.dry_run:
        record = args.folder / SET_ASIDE / "pruned.json"
        record.parent.mkdir(exist_ok=True)
        known = json.loads(record.read_text(encoding="utf-8")) if record.is_file() else {}
        for path, reasons in pruned.items():
            set_aside(path)
            known[path.stem] = reasons
        record.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")
    verb = "would be set aside" if args.dry_run else "set aside"
    print(f"{len(paths) - len(pruned)} of {len(paths)} demonstrations stay, {len(pruned)} {verb}")
    return 0


def _own_faults(path: Path, rules: PruneRules) -> list[str]:
    try:
        return own_faults(episode_statistics(read_demonstration(path)), rules)
    except MvpRealError as error:
        return [str(error)]


def _add_verdicts(found: dict[Path, list[str]], path: Path, rules: PruneRules) -> None:
    try:
        verdicts = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError) as error:
        raise MvpRealError(f"'{path}' is no file of verdicts: {error}") from error
    for demonstration, reasons in found.items():
        verdict = verdicts.get(demonstration.stem)
        if verdict is None:
            continue
        if verdict["error"]:
            reasons.append(verdict["error"])
        elif verdict["rms"] > rules.max_rms:
            reasons.append(f"replayed {verdict['rms']:.4f} rad RMS beside the recording")
        elif len(verdict["refused"]) > rules.max_refused:
            reasons.append(f"the driver changed or refused {len(verdict['refused'])} steps")
