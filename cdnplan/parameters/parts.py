"""Parts of planning that can be left out, to see what each of them brings."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

from cdnplan.errors import InputError, Problem, nearest


@dataclass(frozen=True)
class Parts:
    """Which parts of the fast engine and of dealing are on; a plan is made with all of them.

    A part is asked about where it would be at work, and nowhere else. ``python -m benchmarks.ablate``
    leaves out one after the other; its table is in docs/method.md.

    Parameters
    ----------
    samples : bool
        Price passes over a sample of the files come before those over all.
    start_prices : bool
        Prices begin at those of each pool's own knapsack, not at none.
    averages : bool
        The mean prices of the last passes are tried for a bound.
    launch_prices : bool
        Launch rules are priced between passes.
    lifting : bool
        Prices of throughput and links are lifted towards the duals of a plan.
    early_plans : bool
        Plans are made before the last pass.
    towards_duals : bool
        Placements are refitted again at prices moved towards the duals of their serving.
    rechoosing : bool
        Pools choose their files anew, given all others.
    staying : bool
        What pools hold now is tried.
    relaxing : bool
        On larger networks with wide gaps, prices go on by the relaxations of files.
    choosing : bool
        And holders known of all files are chosen from.
    bettering : bool
        And pools of the best plan choose anew, at prices moving towards its duals.
    going_on : bool
        On larger networks, a few passes more where the gap asks for them.
    one_file : bool
        Networks of one file, or without limits, have a search of their own.
    master : bool
        The master program of small networks, and all that follows from it.
    recent_columns : bool
        It begins with the holders of the last passes.
    master_plans : bool
        Its mixtures are tried as plans.
    cuts : bool
        Cuts that its mixtures exceed.
    tree : bool
        A search tree over the holders of large files.
    rounding : bool
        Its mixture is rounded, by dives and repairs.
    early_dives : bool
        Some rounds of dives come before the tree.
    pool_dives : bool
        Two of three dives decide on pools, not on files.
    repairs : bool
        The best plan is torn up and repaired.
    pairs : bool
        Columns of two files change together.
    both_mixtures : bool
        The mixture without cuts is rounded as well as the one with them.
    lowest_node : bool
        Where the tree raises the bound, its lowest node is rounded.
    fitting : bool
        On small networks plans are preferred that appliances can carry out.
    refilling : bool
        Where files find no room on appliances, the pool chooses what to hold instead.
    evening : bool
        Files change places within sites, to even out loads.
    sharing : bool
        Files get more copies than are asked for, to even out loads.
    again : bool
        What has no room or no time is planned again, elsewhere.
    by_appliance : bool
        And by appliance.

    Examples
    --------
    >>> Parts.without("cuts", "tree").cuts
    False
    """

    samples: bool = True
    start_prices: bool = True
    averages: bool = True
    launch_prices: bool = True
    lifting: bool = True
    early_plans: bool = True
    towards_duals: bool = True
    rechoosing: bool = True
    staying: bool = True
    relaxing: bool = True
    choosing: bool = True
    bettering: bool = True
    going_on: bool = True
    one_file: bool = True
    master: bool = True
    recent_columns: bool = True
    master_plans: bool = True
    cuts: bool = True
    tree: bool = True
    rounding: bool = True
    early_dives: bool = True
    pool_dives: bool = True
    repairs: bool = True
    pairs: bool = True
    both_mixtures: bool = True
    lowest_node: bool = True
    fitting: bool = True
    refilling: bool = True
    evening: bool = True
    sharing: bool = True
    again: bool = True
    by_appliance: bool = True

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """All parts, in the order in which they are at work."""
        return tuple(part.name for part in fields(Parts))

    @classmethod
    def without(cls, *names: str) -> Parts:
        """All parts but these.

        Raises
        ------
        InputError
            There is no such part.
        """
        unknown = sorted(set(names) - set(cls.names()))
        if unknown:
            raise InputError(
                Problem(f"no part {name!r}", hint=nearest(name, cls.names())) for name in unknown
            )
        return replace(cls(), **dict.fromkeys(names, False))


ALL = Parts()
"""As plans are made."""
