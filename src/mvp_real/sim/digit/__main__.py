"""Writes `sim/digit_full.xml` and `sim/digit_reduced.xml`, to be opened in MuJoCo's viewer.

python -m mvp_real.sim.digit
"""

from __future__ import annotations

from mvp_real.resources import share_directory
from mvp_real.sim.digit.published import PUBLISHED, published_xml


def main() -> None:
    """Write both files."""
    for name in PUBLISHED:
        path = share_directory() / "sim" / name
        path.write_text(published_xml(name), encoding="utf-8")
        print(path)


if __name__ == "__main__":
    main()
