"""The plan in force, what stands between a plan and its publication, and what a run says of itself."""
