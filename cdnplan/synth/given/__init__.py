"""What the generator starts from: places, names, sizes of networks, random streams."""
