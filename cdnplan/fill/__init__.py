"""From pools to appliances: which appliance of a pool holds which files."""
