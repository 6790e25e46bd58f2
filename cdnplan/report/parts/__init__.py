"""What pages are made of: HTML, SVG, labels, lines, sheets."""
