"""Table files and JSON read strictly, checked against contracts, problems collected.

Others use: `tables` (`Column`, `read_table`), `parquet_columns`, `table_writer`, `periods`, `together`.
"""
