"""Plan what a content delivery network's cache appliances hold, and prove how good the plan is."""

__version__ = "0.1.0"
