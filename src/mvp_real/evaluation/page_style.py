"""The look of the report page: system fonts, light and dark by the reader's setting, no script."""

STYLE = """
:root{color-scheme:light dark;--paper:#fbfaf7;--card:#fff;--ink:#1c1f24;--soft:#5b6270;--line:#dcd9d0;
--table:#efe9dc;--good:#0b6e99;--bad:#b5420b;--note:#fff4d6;--note-ink:#5c4300;--bar:#e8e5dc}
@media(prefers-color-scheme:dark){:root{--paper:#14161a;--card:#1c1f25;--ink:#e9e7e1;--soft:#a2a8b4;
--line:#343943;--table:#26292f;--good:#5cc3ee;--bad:#ff9a62;--note:#3a3013;--note-ink:#f4dd9a;--bar:#30343d}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",
Roboto,"Noto Sans",sans-serif}
main{max-width:1120px;margin:0 auto;padding:2.2rem 1.2rem 4rem}
h1{font-size:1.9rem;line-height:1.2;margin:0 0 .4rem;letter-spacing:-.015em}
h2{font-size:1.25rem;margin:2.6rem 0 .7rem}
h3{font-size:1rem;margin:1.2rem 0 .4rem}
p{max-width:72ch;margin:.5rem 0}
.lead{color:var(--soft)}
.note{background:var(--note);color:var(--note-ink);border-radius:8px;padding:.6rem .9rem;margin:.6rem 0;
max-width:none}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;background:var(--card);border:1px solid var(--line);
border-radius:10px;font-variant-numeric:tabular-nums;font-size:.92rem}
caption{text-align:left;color:var(--soft);font-size:.87rem;padding:.2rem 0 .5rem}
th,td{padding:.45rem .7rem;text-align:left;border-top:1px solid var(--line);vertical-align:middle}
thead th{border-top:0;font-weight:600;color:var(--soft);font-size:.81rem;white-space:nowrap}
thead th.number,td.number{text-align:right;white-space:nowrap}
tbody th{font-weight:600;white-space:nowrap}
.interval{display:block;min-width:170px;width:100%;height:22px}
.interval .rail{stroke:var(--bar);stroke-width:8;stroke-linecap:round}
.interval .range{stroke:var(--good);stroke-width:8;opacity:.38;stroke-linecap:round}
.interval .dot{fill:var(--good)}
.maps{display:grid;grid-template-columns:repeat(auto-fill,minmax(250px,1fr));gap:1rem}
.maps figure,.clips figure{margin:0;background:var(--card);border:1px solid var(--line);
border-radius:10px;padding:.7rem}
figcaption{font-size:.87rem;margin-top:.4rem;color:var(--soft)}
figcaption strong{color:var(--ink)}
.map{width:100%;height:auto;display:block}
.map .table{fill:var(--table)}
.map .grid{stroke:var(--line);stroke-width:1}
.map .axis{stroke:var(--line);stroke-width:1;stroke-dasharray:4 4}
.map .tick{fill:var(--soft);font-size:8.5px}
.map .number{font-size:8.5px;font-weight:700;text-anchor:middle}
.map .success{fill:var(--good)}
.map .success+.number{fill:var(--card)}
.map .failure{fill:var(--card);stroke:var(--bad);stroke-width:2}
.map .failure+.number{fill:var(--bad)}
.trial:focus{outline:2px solid var(--ink);outline-offset:2px}
.legend{display:flex;flex-wrap:wrap;gap:.3rem 1.4rem;align-items:center;color:var(--soft);
font-size:.88rem;margin:.2rem 0 .8rem}
.legend svg{width:18px;height:18px;vertical-align:-4px;margin-right:.35rem;display:inline}
.clips{display:grid;grid-template-columns:repeat(auto-fill,minmax(220px,1fr));gap:1rem}
.clips video,.clips img{width:100%;border-radius:6px;display:block;background:#000}
.good{color:var(--good);font-weight:600}
.bad{color:var(--bad);font-weight:600}
.soft{color:var(--soft)}
code,pre{font:.86rem/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
pre{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:.7rem .9rem;
overflow-x:auto}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1.2rem;font-size:.9rem}
dt{color:var(--soft)}
dd{margin:0;overflow-wrap:anywhere}
details summary{cursor:pointer;font-weight:600;margin:.8rem 0}
@media print{body{background:#fff}.clips{display:none}}
"""
