"""The checks of a plan folder, one file each; `verify` runs them all."""
