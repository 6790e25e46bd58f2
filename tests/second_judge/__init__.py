"""A second judge: recomputes plans from their folders by `docs/recompute.md`, without the product."""
