"""The edge: files that people and other programs write, read into frozen data with precise errors."""
