from __future__ import annotations

import json

from mvp_real.evaluation.provenance import provenance


def test_provenance_is_plain_and_names_the_code_and_the_machine() -> None:
    record = provenance()
    assert json.loads(json.dumps(record)) == record
    assert record["commit"] is None or len(record["commit"]) == 40
    assert "numpy" in record["packages"]
    assert "cores" in record["machine"]
