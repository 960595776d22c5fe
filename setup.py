"""Install rules shared by `pip install .` and `colcon build` (ament_python).

Metadata lives in pyproject.toml; this file adds what ament needs on disk: the package index entry, launch
and config files, our MJCF, the shipped bundles and one wrapper per node under lib/mvp_real.
"""

from glob import glob
from os.path import dirname, isfile

from setuptools import find_packages, setup


def folders(pattern: str) -> list[tuple[str, list[str]]]:
    """One data_files entry per folder, because data_files flattens what it is given."""
    found: dict[str, list[str]] = {}
    for path in sorted(glob(pattern, recursive=True)):
        if isfile(path) and "__pycache__" not in path:
            found.setdefault(f"share/mvp_real/{dirname(path)}", []).append(path)
    return list(found.items())


setup(
    packages=find_packages("src"),
    package_dir={"": "src"},
    package_data={"mvp_real": ["**/*.html", "**/*.css", "**/*.js", "**/*.cpp", "py.typed"]},
    data_files=[
        ("share/ament_index/resource_index/packages", ["resource/mvp_real"]),
        ("share/mvp_real", ["package.xml"]),
        ("share/mvp_real/launch", sorted(glob("launch/*.py"))),
        ("lib/mvp_real", sorted(glob("bin/*"))),
        *folders("config/**/*"),
        *folders("sim/**/*"),
        *folders("models/**/*"),
    ],
)
