"""Networks of one file: relaxation, exchange of pools, tree."""

from __future__ import annotations

from dataclasses import dataclass

from cdnplan.parameters.checked import AtLeastOne, Checked, Count, Factor, Ratio


@dataclass(frozen=True)
class OneFileParameters(Checked):
    """The relaxation's bound, and exchange of pools with kicks out of local optima.

    Parameters
    ----------
    work, most_kicks, kicks : int
        Kicks: what the first number buys, at the entries each looks at; at most; between looks at the clock.
    most_steps, steps, patience : int
        Subgradient steps at most, between looks at the clock, and those in vain before they get shorter.
    first_length, last_length : float
        Of these steps, as a part of what the bound is below the plan; they end once shorter than the last.
    promising : float
        Pools whose opening adds no more than this part of the gap to the relaxation's bound are kicked first.
    near : float
        What the first tree may leave of the best plan's cost: whoever wants 1% has it, rounding included.
    settle_first, settle_every : int
        Rounds of splits in which what the lowest node would open is tried as a plan: so many, and then one in
        so many.
    """

    work: Count = 500_000_000
    most_kicks: Count = 2_500
    kicks: AtLeastOne = 100
    most_steps: AtLeastOne = 20_000
    steps: AtLeastOne = 100
    patience: Count = 50
    first_length: Factor = 1.0
    last_length: Factor = 1e-4
    promising: Ratio = 0.125
    near: Ratio = 0.0099
    settle_first: Count = 16
    settle_every: AtLeastOne = 16

    RISING = (("last_length", "first_length"), ("steps", "most_steps"))


@dataclass(frozen=True)
class PoolTreeParameters(Checked):
    """The tree that decides whether pools hold the file.

    Parameters
    ----------
    steps, patience : int
        Subgradient steps of a node, and those in vain before they get shorter: few, for a split moves the
        best prices little, and the next split raises the bound by more.
    length : float
        Where a pool opens, the first step aims at least at this part of what is left to the best plan, or,
        where that is more, at what the split before raised the bound by.
    kept, shortest : float
        Where one closes, little changes: the first step goes on with this part of the last one's length, at
        least with the second.
    reach : float
        Which part of the way to the furthest that a node looks at its prices go for overlaps, at first.
    splits : int
        Nodes that are split at a time, their sides dealt out to threads; the tree does not depend on how many
        threads there are.
    work : int
        Entries that all nodes together look at, at most.
    most_bytes : int
        Of nodes that wait to be split.
    spare, spare_ratio : int, float
        Entries above a region's price that a node keeps for the price to rise to: so many, and so many for
        each one below.
    spare_times : int
        Entries above it that the tree keeps, as a multiple of a node's.
    """

    steps: AtLeastOne = 15
    patience: Count = 5
    length: Ratio = 0.125
    kept: Ratio = 0.6
    shortest: Ratio = 0.02
    reach: Ratio = 0.125
    splits: AtLeastOne = 16
    work: Count = 300_000_000_000
    most_bytes: Count = 1_000_000_000
    spare: Count = 3
    spare_ratio: Factor = 0.125
    spare_times: AtLeastOne = 4
