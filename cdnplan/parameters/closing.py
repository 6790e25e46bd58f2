"""The last percent of small networks: master program, cuts, tree, rounding."""

from __future__ import annotations

from dataclasses import dataclass

from cdnplan.parameters.checked import AtLeastOne, Checked, Count, Factor, Factors, Ratio, Ratios, ThreeCounts


@dataclass(frozen=True)
class MasterParameters(Checked):
    """The master program over columns of all files, and its rounds.

    Parameters
    ----------
    rounds : int
        At most.
    box, box_floor, wider : float
        Half the width of the box around prices: a part of the price; of small prices, a part of that part of
        the mean price. Where the box binds it grows so many times.
    towards_best : float
        Prices asked about lie so far from the master's towards the best.
    nodes : int
        Of a file's branch and bound; a file cut off keeps the smallest bound still open.
    rough_rounds, rough_nodes : int
        First rounds, which bring columns rather than bounds, search each file's tree only so far.
    settled : float
        Master and bound so close, measured by the cost to be explained, end the rounds.
    undecided, undecided_per_limit : int
        So many files are in the program from the start, and so many more for each limit.
    nearest : int
        Columns of each file that are in the program at first, those that cost least under the last prices.
    exact_to : float
        Sifting ends once columns left out could take off no more than this part of the cost to be explained.
    dear : float
        At most so many times the largest cost of a column is paid for a whole limit more.
    many_new, many_limits : int
        Beyond so many new columns and limits an interior point, crossed over to a basis, is faster than the
        last basis.
    tried_within : float
        A mixture is tried as a plan once it is within so many times the gap wanted of the bound.
    """

    rounds: AtLeastOne = 40
    box: Factor = 0.3
    box_floor: Factor = 0.05
    wider: Factor = 1.5
    towards_best: Ratio = 0.15
    nodes: AtLeastOne = 1000
    rough_rounds: Count = 1
    rough_nodes: AtLeastOne = 5
    settled: Factor = 1e-4
    undecided: Count = 400
    undecided_per_limit: Count = 6
    nearest: AtLeastOne = 2
    exact_to: Factor = 1e-4
    dear: Factor = 1e3
    many_new: Count = 2_000
    many_limits: Count = 400
    tried_within: Factor = 2.0


@dataclass(frozen=True)
class CutParameters(Checked):
    """Cuts that mixtures exceed.

    Parameters
    ----------
    violated : float
        A sum is a cut worth having if the mixture exceeds it by so much.
    rounds, patience, progress : int, int, float
        Rounds at most; they end where so many in a row do not raise the bound by this part of the gap.
    columns : int
        Columns of each file that a round begins with, the nearest ones.
    near_enough : float
        A round is solved until master and bound differ by this part of the gap.
    tried_from : float
        Mixtures with cuts are tried as plans as long as the gap is more than so many times one that is good.
    """

    violated: Ratio = 1e-3
    rounds: Count = 40
    patience: AtLeastOne = 3
    progress: Ratio = 0.02
    columns: AtLeastOne = 6
    near_enough: Ratio = 0.05
    tried_from: Factor = 2.5


@dataclass(frozen=True)
class TreeParameters(Checked):
    """The search tree over holders of large files.

    Parameters
    ----------
    nodes, node_work : int
        Nodes at most: the first number, or what the second buys (candidate entries × files).
    patience, patience_later, progress : int, int, float
        The tree is left where so many nodes do not close this part of the gap: before dives where these are
        quick, and otherwise.
    from_gap : float
        On networks too large for a tree before rounding, it comes after that above this gap.
    near_enough : float
        A node is solved until its master and its bound differ by this part of what its bound is below the
        plan.
    columns : int
        Columns of each file that a node begins with, the nearest ones.
    worth : float
        A mixture of which the priced bytes, stored and new, are less than this part of the gap is not split.
    """

    nodes: Count = 200
    node_work: Count = 20_000_000
    patience: Count = 10
    patience_later: Count = 30
    progress: Ratio = 0.03
    from_gap: Factor = 5e-3
    near_enough: Ratio = 0.05
    columns: AtLeastOne = 4
    worth: Ratio = 1e-3


@dataclass(frozen=True)
class RoundingParameters(Checked):
    """Dives and repairs that round a mixture.

    Parameters
    ----------
    up_to : int
        Networks of so many files at most have their mixture rounded.
    early_gap, early_up_to : float, int
        Plans with a wider gap are bettered by the tree before dives begin, and all plans where there is more
        work than that (candidate entries × files): there the tree is waited for longer, too.
    early_rounds, first_rounds : int
        Rounds of dives and repairs before the tree, and before it is gone on with.
    lowest_from : float
        Where the tree raises the bound by this part of the gap, its lowest node is rounded, not the root.
    vain : int
        Repairs end after so many in a row that do not bring a better plan.
    columns, near, most_near : int
        Near columns in all, and of each file at least and at most.
    start_reach, reach, pool_reach : float
        Those that cost more than the cheapest by this part of the gap are left out: in dives of all files, in
        repairs, and in dives by pools.
    nearest : int
        But so many of each file stay.
    closing : float
        A wide gap is not the columns': so many times what a round of dives is expected to leave of it.
    extended, pairs_up_to : int
        Smallest files that get further columns, the others keep to those known; and up to so many files in
        all pairs change together: with more, what two of them cost is lost among the others.
    side_by_side : int
        Dives and repairs that go on at the same time; plans depend on it, and not on the number of threads.
    starts, repairs : int
        So many times dives of all files or pools, then so many times repairs at most.
    work, vain_work : int
        Repairs end once the square of the number of columns, added up over all times, has come to this; dives
        and repairs once it has come to so much since the last better plan.
    brief_starts, brief_work : int
        The same, all times counted, where a plan was there to start from.
    dive_steps : int
        A dive solves its program about so often at most.
    ranks : tuple of three int
        What near columns of these ranks cost more says how dear it is to decide a file late.
    torn, torn_from : int
        Files that a repair decides anew, and among how many of those whose next column is nearest.
    shuffle, pool_shuffle : float
        What files and pools go by varies at random up to so much.
    inertias : tuple of float
        Parts of the gap that a file is worth more where the mixture has it, in dives by pools that take
        turns.
    stages, late_stages, last_stages : tuple of float
        Excess is charged so many times its price at most: after a dive of all files, after a repair, and once
        what is served is known.
    rounds : int
        So often a placement is served and changed at most.
    allowed, far : float
        A repair is served if it seems to cost no more than this part of the gap above the best plan, and gone
        on with if it is not further from it than so many gaps.
    least_saved : float
        Part of the gap that a change has to save.
    soft, least_soft : float
        Rates above their limit are charged this many times its price, and this part of the dearest limit.
    hard : float
        Volumes above their limits are charged this many times the dearest limit.
    """

    up_to: Count = 5_000
    early_gap: Factor = 1.5e-2
    early_up_to: Count = 50_000
    early_rounds: Count = 4
    first_rounds: Count = 24
    lowest_from: Ratio = 0.05
    vain: AtLeastOne = 40
    columns: Count = 12_000
    near: AtLeastOne = 8
    most_near: AtLeastOne = 40
    start_reach: Factor = 0.03
    reach: Factor = 0.06
    pool_reach: Factor = 0.15
    nearest: AtLeastOne = 4
    closing: Factor = 3.0
    extended: Count = 300
    pairs_up_to: Count = 1_000
    side_by_side: AtLeastOne = 2
    starts: AtLeastOne = 18
    repairs: Count = 120
    work: Count = 3_000_000_000
    vain_work: Count = 500_000_000
    brief_starts: AtLeastOne = 4
    brief_work: Count = 2_000_000_000
    dive_steps: AtLeastOne = 100
    ranks: ThreeCounts = (25, 12, 6)
    torn: AtLeastOne = 60
    torn_from: AtLeastOne = 300
    shuffle: Factor = 0.3
    pool_shuffle: Factor = 4.0
    inertias: Ratios = (0.005, 0.02, 0.1)
    stages: Factors = (1.5, 2.5, 4.0, 10.0, 40.0, 1e9)
    late_stages: Factors = (4.0, 10.0, 40.0, 1e9)
    last_stages: Factors = (40.0, 1e9)
    rounds: Count = 4
    allowed: Factor = 0.1
    far: Factor = 2.0
    least_saved: Ratio = 1e-6
    soft: Factor = 1.5
    least_soft: Factor = 0.05
    hard: Factor = 100.0

    RISING = (("near", "most_near"), ("start_reach", "reach", "pool_reach"))
