"""Plan folders and what appliances hold, read back.

Others use: `plan_folder`, `plan_json`, `plan_inputs`, `manifest_files`, `holdings_reader`.
"""
