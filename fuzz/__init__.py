"""Fuzz targets: whatever bytes come, a reader answers with its result or with `MvpRealError`.

    python -m fuzz.run --list
    python -m fuzz.run episode --seconds 60

The same targets run in CI on mutated seeds (tests/fuzz).
"""
