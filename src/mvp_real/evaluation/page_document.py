"""What every report page has: the HTML document around its sections, and where its figures come from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from mvp_real.evaluation.page_style import STYLE


def document(title: str, lead: str, notes: Sequence[str], sections: Sequence[str], style: str = "") -> str:
    """One HTML file without script or outside resources.

    Args:
        title: Heading.
        lead: First paragraph.
        notes: What the reader must know before the figures.
        sections: HTML; empty ones are left out.
        style: CSS besides that of all pages.
    """
    parts = [
        f"<h1>{escape(title)}</h1>",
        f'<p class="lead">{escape(lead)}</p>',
        *(f'<p class="note">{escape(note)}</p>' for note in notes),
        *(section for section in sections if section),
    ]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}{style}</style></head>"
        f"<body><main>{''.join(parts)}</main></body></html>\n"
    )


def provenance_section(record: Mapping[str, Any], items: Mapping[str, Any], command: str) -> str:
    """Versions and machine, further `items`, and the command that makes the page again."""
    lines = {
        "commit": f"{record.get('commit')}" + (" with changes" if record.get("uncommitted_changes") else ""),
        "machine": record.get("machine"),
        "python": record.get("python"),
        "packages": ", ".join(f"{name} {version}" for name, version in record.get("packages", {}).items()),
        "created": record.get("created"),
        **items,
    }
    rows = "".join(
        f"<dt>{escape(str(key))}</dt><dd>{escape(str(value))}</dd>" for key, value in lines.items()
    )
    return (
        "<h2>Provenance</h2><p>Simulation, not a real robot. This command makes the page again:</p>"
        f"<pre>{escape(command)}</pre><dl>{rows}</dl>"
    )
