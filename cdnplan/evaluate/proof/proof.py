"""What a tree of cases proves: the lowest of its cases' bounds, by docs/bound.md and in code of its own."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

import numpy as np

from cdnplan.evaluate.count.limits import exceeds, volume_used
from cdnplan.evaluate.proof.bound import dual_bound, possible_copies, price_faults
from cdnplan.evaluate.proof.cuts import cut_faults
from cdnplan.model.instance.instance import Instance
from cdnplan.model.plan.placement import Placement, Prices
from cdnplan.model.plan.proof import Proof


def proof_faults(instance: Instance, proof: Proof) -> dict[int, str]:
    """Find out what is wrong with the cases of a proof and their prices; for its cuts see `cut_faults`.

    Parameters
    ----------
    instance : Instance
    proof : Proof

    Returns
    -------
    dict of int to str
        A sentence for each node at fault, in order; 0 is the root. Empty when its cases cover all plans, each
        once, and all have prices that are valid.
    """
    invalid = [price_faults(instance, prices, proof.cuts) for prices in proof.prices]
    if proof.parent.size == 0:
        fault = _alone_fault(invalid)
        return {0: fault} if fault else {}
    nodes = np.arange(1, proof.parent.size + 1)
    strange = nodes[(proof.parent < 0) | (proof.parent >= nodes)]
    if strange.size:
        return {int(node): "no node before it to be a side of" for node in strange}
    sides: dict[int, list[int]] = defaultdict(list)
    for node, above in enumerate(proof.parent.tolist(), 1):
        sides[above].append(node)
    faults: dict[int, str] = {}
    for node in range(proof.parent.size + 1):
        split = node == 0 or node in sides
        fault = _decision_fault(instance, proof, node) or (_sides_fault(proof, sides[node]) if split else "")
        fault = fault or _prices_fault(proof, node, split=split, invalid=invalid)
        if fault:
            faults[node] = fault
    return faults


def _alone_fault(invalid: list[list[str]]) -> str:
    """What is wrong with the prices of the root where it is the only case."""
    if len(invalid) != 1:
        return f"nothing is decided, and it has {len(invalid)} sets of prices, not one"
    return "; ".join(invalid[0])


def _decision_fault(instance: Instance, proof: Proof, node: int) -> str:
    """What is wrong with the decision of a node; the root decides nothing."""
    if node == 0:
        return ""
    file, pool = int(proof.file[node - 1]), int(proof.pool[node - 1])
    if not (0 <= file < instance.n_files and 0 <= pool < instance.n_pools):
        return "decides on a file or a pool that there is not"
    above = int(proof.parent[node - 1])
    while above > 0:
        if (proof.file[above - 1], proof.pool[above - 1]) == (file, pool):
            return f"decides again what node {above} above has decided"
        above = int(proof.parent[above - 1])
    return ""


def _sides_fault(proof: Proof, sides: list[int]) -> str:
    """What is wrong with the sides of a node that is split, or of the root."""
    rows = np.array(sides) - 1
    if len({*zip(proof.file[rows].tolist(), proof.pool[rows].tolist(), strict=True)}) > 1:
        return "its sides decide on different files or pools"
    if sorted(proof.holds[rows].tolist()) != [False, True]:
        return "its sides are not the two cases that the pool holds the file and that it does not"
    return ""


def _prices_fault(proof: Proof, node: int, *, split: bool, invalid: list[list[str]]) -> str:
    """What is wrong with the prices of a node; the root, which is split, has none."""
    priced = -1 if node == 0 else int(proof.priced[node - 1])
    if split:
        return "" if priced < 0 else "has prices, though its sides are what is proven"
    if not 0 <= priced < len(invalid):
        return "is a case without prices"
    return "; ".join(invalid[priced])


def tree_bound(instance: Instance, proof: Proof) -> float:
    """Bound the cost of every possible plan from below, case by case.

    A plan holds a file in a pool or does not, so it belongs to one of the cases, and costs at least what that
    case's prices prove about the problem with its decisions made (branch and price [1]_). Prices of cuts that
    every plan keeps prove more (branch, price and cut).

    Parameters
    ----------
    instance : Instance
    proof : Proof

    Returns
    -------
    float
        The lowest bound of all cases [currency]; inf where rules leave no plan in any.

    Raises
    ------
    ValueError
        When the proof is none, see `proof_faults` and `cdnplan.evaluate.proof.cuts.cut_faults`.

    Examples
    --------
    >>> from cdnplan.model.plan.placement import Prices
    >>> from tests.instances import random_instance
    >>> instance = random_instance(1)
    >>> at = np.zeros(2, dtype=np.int32)
    >>> proof = Proof(at, at, at, np.array([True, False]), at, (Prices.zero(instance),))
    >>> tree_bound(instance, proof) >= dual_bound(instance, Prices.zero(instance))
    True

    References
    ----------
    .. [1] C. Barnhart, E. L. Johnson, G. L. Nemhauser, M. W. P. Savelsbergh, P. H. Vance,
       "Branch-and-Price: Column Generation for Solving Huge Integer Programs", Operations Research 46(3),
       1998.
    """
    faults = [f"node {node}: {fault}" for node, fault in proof_faults(instance, proof).items()]
    faults += [f"cut {cut + 1}: {fault}" for cut, fault in cut_faults(instance, proof.cuts).items()]
    if faults:
        raise ValueError("; ".join(faults))
    lowest = np.inf
    for node, prices in _cases(proof):
        decided = decided_problem(instance, proof, node)
        if not rules_leave_none(decided):
            lowest = min(lowest, dual_bound(decided, prices, cases=proof.n_cases, cuts=proof.cuts))
    return lowest


def _cases(proof: Proof) -> list[tuple[int, Prices]]:
    """Node and prices of each case; the root where nothing is decided."""
    if proof.parent.size == 0:
        return [(0, proof.prices[0])]
    return [(node, proof.prices[own]) for node, own in enumerate(proof.priced.tolist(), 1) if own >= 0]


def decided_problem(instance: Instance, proof: Proof, node: int) -> Instance:
    """The problem with the decisions of a node and of all above it made: pins and bans.

    Parameters
    ----------
    instance : Instance
    proof : Proof
    node : int

    Returns
    -------
    Instance
    """
    copies, pinned = instance.copies.copy(), instance.pinned.copy()
    while node > 0:
        at = proof.pool[node - 1], proof.file[node - 1]
        if proof.holds[node - 1]:
            pinned[at] = True
        else:
            copies[at] = 0
        node = int(proof.parent[node - 1])
    return replace(instance, copies=copies, pinned=pinned)


def rules_leave_none(instance: Instance) -> bool:
    """Whether pins, bans and launches, each on its own, leave no plan; False does not say that there is one.

    Parameters
    ----------
    instance : Instance

    Returns
    -------
    bool
        A pin is banned; pins alone pass a limit on volumes by more than rounding; or too few of a launch's
        pools can hold its file.
    """
    if (instance.pinned & (instance.copies == 0)).any():
        return True
    if exceeds(volume_used(instance, Placement(instance.pinned)), instance.volumes.capacity_gb).any():
        return True
    rule = np.repeat(np.arange(instance.n_launches), np.diff(instance.launch_ptr))
    able = possible_copies(instance)[instance.launch_pool, instance.launch_file[rule]] > 0
    count = np.bincount(rule, able, minlength=instance.n_launches)
    return bool((count < instance.launch_min).any())
