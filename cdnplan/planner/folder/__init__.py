"""What is written of a plan: plan.json, tables, manifests, summary.

Others use: `folder`, `record`, `tables`, `summary`, `export`.
"""
