"""The supervisor with real processes: who ends whom, with which code, and that nobody survives."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from mvp_real.systems.supervisor import Command, Supervisor

ENDLESS = "import time\nprint('up', flush=True)\nwhile True: time.sleep(0.05)"
POLITE = (
    "import signal, sys, time\n"
    "signal.signal(signal.SIGINT, lambda *_: (print('bye', flush=True), sys.exit(0)))\n"
    "print('up', flush=True)\nwhile True: time.sleep(0.05)"
)
DEAF = (
    "import signal, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n"
    "signal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('up', flush=True)\nwhile True: time.sleep(0.05)"
)


def python(name: str, code: str, **options) -> Command:
    return Command(name, [sys.executable, "-S", "-c", code], **options)


def run(*commands: Command, grace: float = 0.5) -> tuple[int, str]:
    output = io.StringIO()
    code = Supervisor(commands, grace=grace, respawn_delay=0.05, output=output).run()
    return code, output.getvalue()


def after(marker: Path, code: str) -> str:
    """Code that runs when `marker` exists, so that no test relies on start-up times."""
    return f"import os, sys, time\nwhile not os.path.exists({str(marker)!r}): time.sleep(0.01)\n{code}"


def marking(marker: Path, code: str) -> str:
    return code.replace("print('up', flush=True)", f"print('up', flush=True); open({str(marker)!r}, 'w')")


def test_a_dying_required_node_stops_the_rest_and_is_named(tmp_path: Path) -> None:
    marker = tmp_path / "up"
    code, output = run(
        python("polite", marking(marker, POLITE)), python("weak", after(marker, "sys.exit(3)"))
    )
    assert code == 3
    assert "required node 'weak' exited with code 3" in output
    assert "[polite]   bye" in output


def test_a_required_node_that_ends_with_zero_is_a_failure_too(tmp_path: Path) -> None:
    marker = tmp_path / "up"
    code, output = run(python("polite", marking(marker, POLITE)), python("weak", after(marker, "")))
    assert code == 1
    assert "required node 'weak' exited with code 0" in output


def test_a_killed_node_gives_128_plus_the_signal(tmp_path: Path) -> None:
    marker = tmp_path / "up"
    suicide = after(marker, "os.kill(os.getpid(), 9)")
    code, output = run(python("polite", marking(marker, POLITE)), python("weak", suicide))
    assert code == 128 + 9
    assert "was ended by SIGKILL" in output


def test_the_node_that_ends_the_system_ends_it_with_zero(tmp_path: Path) -> None:
    marker = tmp_path / "up"
    code, output = run(
        python("polite", marking(marker, POLITE)),
        python("last", after(marker, "print('done')"), ends_system=True),
    )
    assert code == 0
    assert "[last]     done" in output


def test_an_optional_node_may_end(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    optional = python("optional", f"open({str(gone)!r}, 'w')", required=False)
    code, _ = run(optional, python("last", after(gone, ""), ends_system=True))
    assert code == 0


def test_a_respawning_node_starts_again(tmp_path: Path) -> None:
    counter = tmp_path / "count"
    code = f"open({str(counter)!r}, 'a').write('x')"
    wait = f"import time\nwhile len(open({str(counter)!r}, 'a+').seek(0, 2) * 'x') < 2: time.sleep(0.01)"
    result, output = run(python("again", code, respawn=True), python("last", wait, ends_system=True))
    assert result == 0
    assert "starting it again" in output


def test_a_deaf_node_is_killed_and_counts_as_a_failure(tmp_path: Path) -> None:
    marker = tmp_path / "up"
    start = time.monotonic()
    code, output = run(
        python("deaf", marking(marker, DEAF)), python("last", after(marker, ""), ends_system=True), grace=0.2
    )
    assert code == 128 + 9
    assert "node 'deaf' was ended by SIGKILL while stopping" in output
    assert time.monotonic() - start < 10


def test_a_missing_executable_is_named() -> None:
    code, output = run(Command("ghost", ["/no/such/file"]))
    assert code == 127
    assert "[ghost]    could not be started" in output


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_stop_everything_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    script = tmp_path / "run.py"
    pids = tmp_path / "pids"
    node = POLITE.replace(
        "print('up'", f"import os; open({str(pids)!r}, 'a').write(str(os.getpid()) + ' ');print('up'"
    )
    script.write_text(
        textwrap.dedent(
            f"""
            import sys
            from mvp_real.systems.supervisor import Command, Supervisor
            node = {node!r}
            commands = [Command(name, [sys.executable, "-S", "-c", node]) for name in ("first", "second")]
            sys.exit(Supervisor(commands).run())
            """
        ),
        encoding="utf-8",
    )
    process = subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    seen = 0
    while seen < 2:
        seen += "up" in process.stdout.readline()
    process.send_signal(number)
    rest, _ = process.communicate(timeout=20)
    assert process.returncode == 128 + number
    assert rest.count("bye") == 2
    for pid in pids.read_text().split():
        with pytest.raises(ProcessLookupError):
            os.kill(int(pid), 0)
