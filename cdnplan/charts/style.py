"""Style of pictures that stand alone, in the classes that reports use for theirs."""

STYLE = """
.cdnplan-chart{--paper:#ffffff;--ink:#222222;--soft:#6b6b6b;--line:#dddddd;--a:#0b6e8a;--b:#c2571a;--d:#7a5aa6;
--e:#3f7d3a;font-family:sans-serif;font-size:13px}
@media (prefers-color-scheme: dark){.cdnplan-chart{--paper:#15181c;--ink:#e6e6e6;--soft:#a8a8a8;
--line:#3a3f45;--a:#5cc3e0;--b:#f0975c;--d:#c39bf0;--e:#8fce8a}}
.cdnplan-chart .paper{fill:var(--paper)}
.cdnplan-chart text{fill:var(--ink)}.cdnplan-chart .axis{fill:var(--soft)}
.cdnplan-chart .title{font-weight:bold}.cdnplan-chart .grid{stroke:var(--line)}
.cdnplan-chart .today{stroke:var(--soft);stroke-dasharray:2 3}
.cdnplan-chart path{fill:none;stroke-width:2}.cdnplan-chart .came{stroke:var(--ink)}
.cdnplan-chart .line-a{stroke:var(--a)}.cdnplan-chart .line-b{stroke:var(--b);stroke-dasharray:7 4}
.cdnplan-chart .line-c{stroke:var(--soft);stroke-dasharray:2 4}
.cdnplan-chart .line-d{stroke:var(--d);stroke-dasharray:12 4 2 4}.cdnplan-chart .line-e{stroke:var(--e)}
.cdnplan-chart .key-line-a{fill:var(--a)}.cdnplan-chart .key-line-b{fill:var(--b)}
.cdnplan-chart .key-line-c{fill:var(--soft)}.cdnplan-chart .key-line-d{fill:var(--d)}
.cdnplan-chart .key-line-e{fill:var(--e)}.cdnplan-chart circle{fill-opacity:.6}
"""
"""Colours that people who do not see red and green tell apart, with dashes for those who see none."""

LINES = ("line-a", "line-b", "line-c", "line-d", "line-e")
"""Classes of lines that share a picture."""
