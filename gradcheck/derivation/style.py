"""How the page looks: in the reader's colours, on any width, on paper."""

STYLE = """
.gradcheck { font: 1rem/1.5 system-ui, sans-serif; max-width: 64rem; color-scheme: light dark; }
.gradcheck .wide { overflow: auto hidden; padding-block: .25rem; }
.gradcheck p.wide { margin-block: .25rem; }
.gradcheck table { border-collapse: collapse; margin: 1rem 0; }
.gradcheck caption { text-align: start; font-weight: 600; padding: .25rem 0; }
.gradcheck th, .gradcheck td { padding: .25rem .75rem; text-align: start; vertical-align: baseline;
  border-block-end: 1px solid color-mix(in srgb, currentColor 25%, transparent); font-weight: normal; }
.gradcheck thead th { font-weight: 600; }
.gradcheck .amount { text-align: end; font-variant-numeric: tabular-nums; white-space: nowrap; }
.gradcheck .sum { font-weight: 600; }
.gradcheck .note { opacity: .8; }
.gradcheck .why { display: block; max-width: 30rem; font-size: .9rem; }
.gradcheck .wrong { font-weight: 700; text-decoration: underline; }
.gradcheck pre, .gradcheck code { font-family: ui-monospace, monospace; }
.gradcheck pre { overflow-x: auto; }
.gradcheck svg text { font: 13px system-ui, sans-serif; fill: currentColor; }
.gradcheck svg rect { fill: Canvas; }
.gradcheck svg path { fill: none; }
.gradcheck svg rect, .gradcheck svg path { stroke: currentColor; stroke-opacity: .45; }
.gradcheck svg .way { stroke-opacity: 1; }
@media (max-width: 40rem) { .gradcheck th, .gradcheck td { padding: .2rem .35rem; }
  .gradcheck table { font-size: .9rem; } .gradcheck .why { max-width: 55vw; }
  .gradcheck tbody th { position: sticky; inset-inline-start: 0; background: Canvas; } }
@media print { .gradcheck { font-size: 10pt; max-width: none; } .gradcheck tr, .gradcheck svg { break-inside: avoid; }
  .gradcheck caption, .gradcheck thead, .gradcheck thead tr { break-after: avoid; }
  .gradcheck .wide { overflow: visible; } .gradcheck svg { max-width: 100% !important; }
  .gradcheck th, .gradcheck td { padding: .15rem .4rem; } }
"""

PAGE = "body { margin: 1rem auto; padding: 0 1rem; max-width: 64rem; } @page { size: A4; margin: 15mm; }"
