"""What if: scenarios, sweeps, prices and sizing, always as differences to a base plan."""
