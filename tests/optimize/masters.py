"""A plan and the last master of a whole problem, where trees and cuts begin."""

from __future__ import annotations

from cdnplan.model.instance.instance import Instance
from cdnplan.model.plan.placement import Prices
from cdnplan.optimize.file.bound import FileSolver
from cdnplan.optimize.master.few_files import FewFiles, improve_few_files
from cdnplan.optimize.place.local_search import Incumbent, LocalSearch
from cdnplan.optimize.problem.columns import Columns
from cdnplan.optimize.problem.limits import LimitVector
from cdnplan.optimize.problem.objective import ideal_cost


def mixed(inst: Instance) -> tuple[Incumbent, FewFiles]:
    """A plan, and the last master of the whole problem."""
    local = LocalSearch(inst, Columns.of(inst))
    start = local.improve(inst.pinned.copy(), Prices.zero(inst), 2, lambda: False)
    span = max(start.cost - ideal_cost(inst), 1e-9)
    solver, limits = FileSolver.of(inst), LimitVector.of(inst)
    *_, found = improve_few_files(solver, limits, Prices.zero(inst), start.holds, span, lambda: False)
    return start, found
