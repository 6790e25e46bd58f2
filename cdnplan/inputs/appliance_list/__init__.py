"""From a public list of appliances to a topology.

Others use: `import_file`, `import_options`, `appliance_list`.
"""
