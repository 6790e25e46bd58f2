"""What people describe: networks, policy, catalogue, demand and its days.

Others use: `topology`, `policy`, `catalog`, `demand`, `period`, `geo` (distances).
"""
