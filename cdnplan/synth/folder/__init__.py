"""Folders of generated inputs, written whole or not at all.

Others use: `generate`, `request` (`SynthRequest`), `project` (a project to start from).
"""
