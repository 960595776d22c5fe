"""Style of the page of a set, for light and dark screens."""

from __future__ import annotations

STYLE = """
:root{ --ink:#1d2430; --faint:#667085; --line:#e4e7ec; --ground:#f7f8fa; --card:#fff;
  --good:#1a7f4b; --bad:#b42318; --warn:#b54708}
@media(prefers-color-scheme:dark) {
  :root{ --ink:#e6e9ee; --faint:#98a2b3; --line:#2c3440; --ground:#14181e; --card:#1b2129;
  --good:#5fd08f; --bad:#ff8b7b; --warn:#fdb022}
}
*{ box-sizing:border-box}
body{ margin:0; background:var(--ground); color:var(--ink); font:15px/1.5 system-ui,sans-serif}
main{ max-width:1180px; margin:0 auto; padding:28px 20px 60px}
h1{ font-size:26px; margin:0 0 2px}
h2{ font-size:18px; margin:34px 0 10px}
p{ margin:4px 0}
.faint{ color:var(--faint)}
.tiles{ display:flex; flex-wrap:wrap; gap:10px; margin:18px 0}
.tile{ background:var(--card); border:1px solid var(--line); border-radius:8px; padding:10px 16px; min-width:120px}
.tile b{ display:block; font-size:22px; font-variant-numeric:tabular-nums}
.tile span{ color:var(--faint); font-size:13px}
.look{ border-left:4px solid var(--warn); background:var(--card); padding:10px 16px; margin:14px 0}
.look li{ margin:2px 0}
.plots{ display:grid; grid-template-columns:repeat(auto-fit,minmax(250px,1fr)); gap:12px}
.plot,article{ background:var(--card); border:1px solid var(--line); border-radius:8px; padding:10px 12px}
.plot h3{ font-size:13px; margin:0 0 4px; font-weight:600}
svg{ display:block; width:100%; height:auto}
svg text{ fill:var(--faint); font:11px system-ui,sans-serif}
article{ margin:12px 0}
article header{ display:flex; flex-wrap:wrap; gap:4px 18px; align-items:baseline; margin-bottom:8px}
article h3{ font-size:16px; margin:0}
.success{ color:var(--good)}
.failure,.interrupted{ color:var(--bad)}
.unknown{ color:var(--warn)}
.film{ display:flex; gap:4px; overflow-x:auto}
.film img{ width:176px; height:auto; border-radius:4px; display:block}
.pair{ display:grid; grid-template-columns:3fr 1fr; gap:12px; margin-top:8px}
@media(max-width:700px) {
  .pair{ grid-template-columns:1fr}
}
table{ border-collapse:collapse; width:100%; background:var(--card); font-variant-numeric:tabular-nums}
th,td{ text-align:right; padding:5px 10px; border-bottom:1px solid var(--line)}
th:first-child,td:first-child{ text-align:left}
th{ font-weight:600; font-size:13px; color:var(--faint)}
.scroll{ overflow-x:auto; border:1px solid var(--line); border-radius:8px}
.key{ display:flex; flex-wrap:wrap; gap:2px 14px; font-size:13px; margin:6px 0}
.key i{ display:inline-block; width:14px; height:3px; margin-right:5px; vertical-align:middle}
"""
