"""Pictures as SVG text: marks, axes, maps, labels; nothing is fetched and the same data give the same bytes.

Others use: `marks`, `axes`, `projection`, `labels`, `style`.
"""
