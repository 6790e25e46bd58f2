"""Catalogue, demand, history and what is known of the future.

Others use: `catalog_reader`, `demand_reader`, `history`, `history_reader`, `titles_reader`, and a reader of
each further table.
"""
