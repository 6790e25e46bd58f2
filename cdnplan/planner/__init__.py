"""From inputs to a plan folder: forecast → instance → placement → appliances → files."""

from cdnplan.planner.inputs.request import PlanRequest
from cdnplan.planner.run import PlanResult, plan

__all__ = ["PlanRequest", "PlanResult", "plan"]
