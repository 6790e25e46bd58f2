"""Reports: tables of a plan, pictures made from them, and one HTML page that needs nothing else."""
