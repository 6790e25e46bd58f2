"""How prices are found, and first plans from them."""

from __future__ import annotations

from dataclasses import dataclass

from cdnplan.parameters.checked import AtLeastOne, Checked, Count, Factor, Logarithm, Positive, Ratio, Ratios


@dataclass(frozen=True)
class RunParameters(Checked):
    """What depends on a network's size, and how plans compare.

    Parameters
    ----------
    exact_up_to : int
        Serving variables (region × file × candidate, with demand) up to which HiGHS proves plans in seconds;
        with a few thousand, tight pools already cost it many minutes, and stopping it by the clock would make
        the plan depend on the machine.
    small_up_to : int
        Up to so many candidate entries × files a network counts as small.
    one_thread_up_to : int
        Up to so many, waking a second thread costs more than it brings.
    close_up_to, close_limits : int
        Where a gap was asked for and is not reached, and there was no earlier plan to start from, networks of
        so many candidate entries × files, and limits × files, are worked on further by a master program as
        well: these take minutes and some GB at that size.
    widest_gap : float
        But not where the gap is above this one: such gaps are in the problems of single files.
    unfit : float
        A plan that appliances cannot carry out counts as dearer by this part of its cost above the ideal:
        about what it takes to make one of it that they can.
    """

    exact_up_to: Count = 1_000
    small_up_to: Count = 8_000_000
    one_thread_up_to: Count = 500_000
    close_up_to: Count = 2_000_000_000
    close_limits: Count = 20_000_000
    widest_gap: Factor = 5e-2
    unfit: Factor = 3e-3


@dataclass(frozen=True)
class PassParameters(Checked):
    """How many passes over all files there are, and when plans are made of them.

    Parameters
    ----------
    least, most, work : int
        Passes over all files: what `work` buys (candidate entries × files each), within the others.
    shared : int
        At least so many where pools share limits on rates.
    few, recent : int
        Passes on small networks, where the master program finds better prices than more passes would; the
        holders of the last ones are columns to start it with.
    early, early_small : int
        Full passes after which a first plan may be good enough to end with; networks that are not small make
        one only if a gap is asked for.
    first_plan : float
        A first plan is made at the latest after this part of the time: something to stop with, and it tells
        how long a plan takes.
    going_on_gap, more : float, int
        On larger networks prices move on for so many passes where the gap is above this one at the end.
    staying_gap : float
        Above this one, what pools hold is tried as a plan, on networks of any size.
    far : float
        A plan is not bettered where its gap is so many times the one wanted, and more plans follow, of later
        prices or of a master program: bettering is not expected to end the run with it. Networks that one
        thread is enough for better every plan.
    """

    least: AtLeastOne = 12
    most: AtLeastOne = 40
    work: Count = 2_000_000_000
    shared: Count = 24
    few: AtLeastOne = 8
    recent: Count = 4
    early: Count = 2
    early_small: Count = 4
    first_plan: Ratio = 0.4
    going_on_gap: Factor = 4e-3
    more: Count = 3
    staying_gap: Factor = 1e-1
    far: Factor = 10.0

    RISING = (("least", "most"),)


@dataclass(frozen=True)
class PriceParameters(Checked):
    """How prices move from batch to batch and from pass to pass.

    Parameters
    ----------
    batches, sample_batches, files_per_batch : int
        Batches of a pass at most, of a pass over a sample at most, and files of each at least.
    sample_from, sample_passes, sample_stride, head_files : int
        With more files than the first: so many passes over the densest files and every so many of the rest.
    rare : float
        A pool whose storage is not tight still gets a price scale: this share of its mean value per GB.
    typical : float
        Scale of prices of rates, as a share of the largest saving per Gbit/s against the origin.
    log_floor : float
        Logarithm of price over scale at which a price counts as zero; also the largest, with the other sign.
    log_wake, wake_passes : float, int
        Where a price starts once its limit is exceeded, in the first passes.
    proportional : float
        Gain of the proportional term: by how much a price's logarithm moves with the change of excess.
    gain_first, gain_least, gain_most : float
        Integral gains, one for each limit: by how much it moves with the excess.
    faster, slower : float
        By how much they change from pass to pass.
    steady_passes : int
        After so many passes the largest gain falls as 1 / pass.
    settled : float
        A limit used to within this ratio, on the mean of a pass, keeps its gain.
    cooling : float
        Ratio of the heat from pass to pass, unless the last pass asks for more.
    reheat : float
        First heat of the full passes, in typical steps of cost, where pools share limits on rates, as of
        links: which of them are passed a sample does not tell, and their prices have far to go.
    cold : float
        Heat of the last pass, as a part of the cost above the ideal for each GB of demand.
    band : float
        Band around ties in which holders stay, as a part of the heat.
    newton_steps : int
        Newton steps after a batch.
    newton, farthest : float
        Their damping, and the farthest each goes, in heats.
    nearly_full : float
        Requests are spread by a softmin where a limit of Gbit/s on the way has a price or is used beyond this
        part; where there is room, nothing hangs on how loads respond.
    stiffness : float
        Response assumed besides that of the softmin: this part of a limit for a typical step of cost.
    momentum : float
        Part of its speed that a price of Gbit/s keeps from step to step, as long as it goes the same way.
    jitter_first, jitter_last : float
        By how much files differ in what they think of storing in one of several alike pools, in the first
        pass and in the last.
    warm_heat, warm_passes : float, int
        First heat, in typical steps of cost, and passes of a search that starts from earlier prices. In the
        first of them prices stand still: what is used of each limit is not known before, and to go by a part
        of the files would undo prices that were good.
    averaged : int
        Passes over whose prices a mean is taken: where they swing, their mean proves more than the last.
    """

    batches: AtLeastOne = 48
    sample_batches: AtLeastOne = 24
    files_per_batch: AtLeastOne = 20
    sample_from: Count = 2000
    sample_passes: Count = 8
    sample_stride: AtLeastOne = 8
    head_files: Count = 400
    rare: Ratio = 0.05
    typical: Positive = 0.1
    log_floor: Logarithm = -9.0
    log_wake: Logarithm = -4.0
    wake_passes: Count = 6
    proportional: Factor = 0.2
    gain_first: Factor = 0.06
    gain_least: Factor = 0.001
    gain_most: Factor = 0.1
    faster: Factor = 1.2
    slower: Ratio = 0.5
    steady_passes: Count = 24
    settled: Factor = 0.005
    cooling: Ratio = 0.8
    reheat: Factor = 4.0
    cold: Factor = 0.01
    band: Factor = 0.5
    newton_steps: Count = 3
    newton: Factor = 0.5
    farthest: Factor = 0.5
    nearly_full: Ratio = 0.3
    stiffness: Factor = 0.3
    momentum: Ratio = 0.9
    jitter_first: Positive = 0.3
    jitter_last: Factor = 0.03
    warm_heat: Factor = 0.1
    warm_passes: AtLeastOne = 5
    averaged: AtLeastOne = 3

    RISING = (("gain_least", "gain_first", "gain_most"), ("log_floor", "log_wake"))


@dataclass(frozen=True)
class LiftParameters(Checked):
    """Prices of rates that pools share, lifted together.

    They are lifted once in the middle of the passes; and after them, while the gap is still above
    `PassParameters.going_on_gap`.

    Parameters
    ----------
    steps : tuple of float
        Parts of the way from prices to duals at which bounds are evaluated, until they fall.
    times, worth : int, float
        After the passes so many times at most, as long as that closes this part of the gap.
    """

    steps: Ratios = (0.15, 0.3, 0.6, 0.9)
    times: Count = 4
    worth: Ratio = 0.1


@dataclass(frozen=True)
class RefitParameters(Checked):
    """How holders become a plan within all limits.

    Parameters
    ----------
    rounds : int
        Rounds of refitting the last plan.
    towards_duals : float
        How far prices move towards the serving program's duals in between.
    improve_rounds : int
        How often pools choose anew, prices moving in between.
    sweeps : int
        Sweeps over all pools each time.
    settled : float
        A sweep that saves less than this share of what the first one saved ends the sweeping.
    """

    rounds: AtLeastOne = 2
    towards_duals: Ratio = 0.3
    improve_rounds: AtLeastOne = 3
    sweeps: AtLeastOne = 2
    settled: Ratio = 1e-7
