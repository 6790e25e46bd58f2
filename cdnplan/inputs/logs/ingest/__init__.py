"""Logs made into a history, from request to outcome.

Others use: `request` (`IngestRequest`), `run` (`ingest`), `outcome`.
"""
