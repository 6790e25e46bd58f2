"""Verify a plan folder from its files alone: every limit, every number, and the bound."""

from __future__ import annotations

from pathlib import Path

from cdnplan.errors import InputError
from cdnplan.evaluate.checks.check_appliances import check_appliances
from cdnplan.evaluate.checks.check_claims import check_bound, check_claims, check_counts, check_fill_counted
from cdnplan.evaluate.checks.check_files import check_files, check_own, check_period
from cdnplan.evaluate.checks.check_fills import check_fills
from cdnplan.evaluate.checks.check_full import check_full
from cdnplan.evaluate.checks.check_manifests import check_manifests
from cdnplan.evaluate.checks.check_paths import check_paths
from cdnplan.evaluate.checks.check_placement import check_placement
from cdnplan.evaluate.checks.check_prices import check_prices, looser_prices
from cdnplan.evaluate.checks.check_proof import check_proof
from cdnplan.evaluate.checks.check_record import check_record
from cdnplan.evaluate.checks.check_serving import check_serving
from cdnplan.evaluate.count.assignment import Fleet
from cdnplan.evaluate.count.misses import misses
from cdnplan.evaluate.count.own_counts import Given
from cdnplan.evaluate.verdict.report import Check, Ledger, Report
from cdnplan.evaluate.verdict.verdict import evaluate
from cdnplan.inputs.plans.plan_folder import TOPOLOGY, PlanFiles, read_plan
from cdnplan.inputs.plans.plan_inputs import read_plan_inputs
from cdnplan.inputs.topology.topology_reader import read_resolved
from cdnplan.model.instance.build import build_instance


def verify(folder: Path) -> Report:
    """Recompute a plan from its folder and compare it with what the folder claims.

    Nothing is trusted but the inputs in the folder: the instance is built again, every limit is checked
    for every pool, appliance, link and slice, costs and ratios are counted again, and the bound is
    computed from the prices, and the tree of cases where there is one, by docs/bound.md.

    Parameters
    ----------
    folder : Path
        A plan folder.

    Returns
    -------
    Report
        A folder that cannot be read gives a report that says so, no exception.
    """
    ledger = Ledger()
    try:
        check_own(folder)
        files = read_plan(folder)
        unchecked = check_files(folder, files.plan, ledger)
        return _verify(files, unchecked, ledger)
    except InputError as error:
        return Report(checks=(*ledger.checks, *_unreadable(folder, error)))


def _verify(files: PlanFiles, unchecked: tuple[str, ...], ledger: Ledger) -> Report:
    folder, plan = files.folder, files.plan
    topology = read_resolved(folder / TOPOLOGY)
    catalog, demand, holdings = read_plan_inputs(folder, plan)
    unchecked += check_period(folder, plan, ledger)
    instance, _ = build_instance(topology, catalog, demand, holdings)
    check_fill_counted(topology, holdings, plan, ledger)
    check_counts(instance, topology, len(catalog.titles), plan, ledger)
    check_paths(instance, topology, folder, ledger)
    placement, assignment = check_placement(Fleet.of(instance), files.placement, holdings, ledger)
    # Costs and limits are those of the copies that there are; the bound is one of what is asked for.
    counted = assignment.fleet.instance
    served_gb, origin_gb = check_serving(instance, files.serving, ledger)
    check_appliances(assignment, files.appliances, served_gb, plan.fills is not None, ledger)
    check_record(assignment, instance, topology, holdings, files.appliances, served_gb, plan, ledger)
    check_fills(assignment, topology, holdings, files, served_gb, origin_gb, ledger)
    check_manifests(files, ledger)
    prices = check_prices(instance, files.prices, ledger)
    tree = check_proof(instance, files.tree, ledger)
    given = Given(topology, fill_counted=topology.fill_counted(holdings))
    verdict = evaluate(
        counted, placement, served_gb, origin_gb, prices, proof=tree, bounded=instance, given=given
    )
    ledger.violations(verdict.violations)
    check_claims(instance, verdict, plan, served_gb, origin_gb, ledger)
    looser = looser_prices(instance, files.prices)
    check_full(counted, placement, served_gb, origin_gb, prices, looser, plan, ledger)
    grounds = check_bound(verdict, tree, plan, ledger, looser=bool(looser))
    spare = assignment.fleet.spare(assignment.appliance, assignment.file, files.appliances)
    return Report(
        checks=tuple(ledger.checks),
        verdict=verdict,
        misses=misses(instance, placement, served_gb, origin_gb, spare),
        upper=plan.numbers["upper"],
        lower_claimed=plan.numbers["lower"],
        lower_recomputed=verdict.bound,
        proof=grounds.words,
        only_claimed=grounds.only_claimed,
        unchecked=unchecked,
    )


def _unreadable(folder: Path, error: InputError) -> list[Check]:
    """Problems of inputs as failed checks, with paths relative to the folder."""
    checks = []
    for problem in error.problems:
        path = Path(problem.file)
        file = path.relative_to(folder).as_posix() if path.is_relative_to(folder) else problem.file
        at = f"line {problem.line}: " if problem.line is not None else ""
        hint = f"; {problem.hint}" if problem.hint else ""
        where = str(folder) if file in ("", ".") else file
        detail = at + problem.message + hint
        checks.append(Check("can be read", False, where, problem.row, problem.path, detail=detail))
    return checks
