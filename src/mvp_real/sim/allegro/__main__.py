"""Writes `sim/allegro_right.xml`, `sim/allegro_left.xml` and the URDF files beside them.

python -m mvp_real.sim.allegro
"""

from __future__ import annotations

from mvp_real.resources import share_directory
from mvp_real.sim.allegro.published import PUBLISHED, published_text


def main() -> None:
    """Write all files."""
    for name in PUBLISHED:
        path = share_directory() / "sim" / name
        path.write_text(published_text(name), encoding="utf-8")
        print(path)


if __name__ == "__main__":
    main()
