"""Pictures of topologies, by hand and without anything from the network: points, lines, labels."""
