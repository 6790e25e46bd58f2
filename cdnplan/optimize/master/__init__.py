"""The master program of small networks: columns of files mixed, cuts, and a tree of decisions.

Others use: `few_files` (rounds of masters), `cutting` (cuts), `branching` (the tree), `file_columns`
(columns), `proof_record` (what is stored of a tree).
"""
