"""History → demand: one `Forecaster` interface, a sound baseline, and what forecasts are measured with."""
