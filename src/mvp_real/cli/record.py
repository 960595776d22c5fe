"""Record demonstrations: of a person who moves the arm, or of the scripted expert in the simulator.

    mvp_real record reach_block device:=keyboard scenes:=plain --out runs/demos/reach_block
    mvp_real record close_fridge robot:=xarm7 ip:=192.168.1.200 episodes:=80 --out runs/demos/close_fridge
    mvp_real record --expert --scene plain --per-fruit 10 --out runs/demos/plain

The arguments behind the task are those of `mvp_real up teleop` and `mvp_real up record`. Button A (or ENTER) starts an
episode and ends a good one, button B (or BACKSPACE) discards it.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from mvp_real.demos.durable_file import in_use
from mvp_real.errors import MvpRealError, require, unknown_name

SCENE_SEEDS = {"plain": 0, "varied": 500_000}
"""First seed of each scene, so that two recordings never share placements."""
ATTEMPTS = 20


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("person_task", nargs="?", metavar="task", help="task that a person demonstrates")
    parser.add_argument(
        "assignments", nargs="*", metavar="name:=value", help="of the systems teleop and record"
    )
    parser.add_argument(
        "--expert", action="store_true", help="let the scripted expert demonstrate (simulator)"
    )
    parser.add_argument("--task", default="pick_fruit")
    parser.add_argument("--scene", default="plain", help="plain or varied")
    parser.add_argument("--per-fruit", type=int, default=10, help="demonstrations of each fruit")
    parser.add_argument("--fruit", nargs="+", help="only these fruits")
    parser.add_argument("--out", type=Path, required=True, help="folder for the .mcap files")
    parser.add_argument("--seed", type=int, default=0, help="another seed gives other placements")
    parser.add_argument("--start", default="random", help="start pose: fixed, or random near it")
    parser.add_argument(
        "--amplitude", type=float, default=0.012, help="perturbation of the execution, m; 0 for none"
    )
    parser.add_argument("--durable", action="store_true", help="force every message to disk")


def run(args: argparse.Namespace) -> int:
    """Record what is missing in the folder; an interrupted recording goes on where it stopped."""
    if not args.expert:
        if args.person_task is None or ":=" in args.person_task:
            raise MvpRealError(
                "which task? For a person: mvp_real record TASK --out FOLDER; "
                "for the scripted expert in the simulator add --expert"
            )
        from mvp_real.cli.demos_session import record_session

        return record_session(args.person_task, args.out, args.assignments)
    if args.person_task is not None:
        raise MvpRealError(f"with --expert the task is an option: --task {args.person_task}")
    if args.task != "pick_fruit":
        raise unknown_name("task", args.task, ["pick_fruit"])
    require("mujoco", "sim")
    from tqdm import tqdm

    from mvp_real.tasks.demonstrate import record_expert
    from mvp_real.tasks.pick_fruit import load_task, random_setup
    from mvp_real.tasks.pick_fruit_world import PickFruitWorld

    fruits = load_task().fruits
    chosen = args.fruit or list(fruits)
    for fruit in chosen:
        if fruit not in fruits:
            raise unknown_name("fruit", fruit, fruits)
    wanted = [(fruit, number) for number in range(args.per_fruit) for fruit in chosen]
    names = {pair: f"{args.scene}_{pair[0]}_{pair[1]:02d}" for pair in wanted}
    random_setup(0, args.scene, start=args.start)  # refuses a wrong scene or start before anything is written
    args.out.mkdir(parents=True, exist_ok=True)
    for torn in args.out.glob("*.partial.mcap"):
        if in_use(torn):
            raise MvpRealError(
                f"'{torn}' is being recorded by another process; end it or choose another --out"
            )
        print(f"removed the unfinished {torn.name}")
        torn.unlink()
    missing = [pair for pair in wanted if not (args.out / f"{names[pair]}.mcap").is_file()]
    if len(missing) < len(wanted):
        print(f"{len(wanted) - len(missing)} of {len(wanted)} demonstrations are there already")
    world = PickFruitWorld(scene_camera=False)
    steps = discarded = 0
    try:
        with tqdm(missing, unit="demo") as bar:
            for fruit, number in bar:
                path = args.out / f"{names[fruit, number]}.mcap"
                first = SCENE_SEEDS.get(args.scene, 0) + 1_000_000 * args.seed
                first += (fruits.index(fruit) * 1000 + number) * ATTEMPTS
                for attempt in range(ATTEMPTS):
                    setup = random_setup(first + attempt, args.scene, start=args.start, fruit=fruit)
                    result = record_expert(
                        world, setup, path, args.amplitude > 0, args.amplitude, durable=args.durable
                    )
                    if result.path is not None:
                        steps += result.steps
                        break
                    discarded += 1
                    bar.write(
                        f"{path.stem}: attempt {attempt + 1} discarded ({result.reason}), drawing another"
                    )
                else:
                    raise MvpRealError(
                        f"the expert failed {ATTEMPTS} times in a row at {path.stem}; check the scene"
                    )
                bar.set_postfix(steps=steps, discarded=discarded)
    finally:
        world.close()
    print(
        f"{len(wanted)} demonstrations in {args.out}; {steps} steps recorded now, {discarded} attempts discarded"
    )
    return 0
