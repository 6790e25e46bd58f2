"""What-ifs and sizing: what is planned near a change, and how hardware is searched for."""

from __future__ import annotations

from dataclasses import dataclass

from cdnplan.parameters.checked import AtLeastOne, Checked, Count, Factor, Ratio


@dataclass(frozen=True)
class ChangeParameters(Checked):
    """Serving and planning anew after a change.

    Parameters
    ----------
    near_from : int
        Networks of no more candidate entries × files are planned as a whole: that takes seconds at most.
    largest : float
        Parts with more than this share of all candidate entries are not worth the trouble.
    used : float
        A pool that serves less than this part of a region's demand does not matter to it.
    nearest : int
        So many cheapest candidates of a touched region may take files in, whether they serve it now or not.
    least_passes, most_passes, passes_of_all : int, int, float
        Passes over the part: what so many passes over the whole network would cost, within the others.
    own : float
        A pool that keeps its files takes the part's price of throughput where the part may use at least so
        much of it. Where others use nearly all, they would give way at a far lower price than the little they
        leave has.
    worse : float
        By how much the gap may exceed the base's before planning goes on.
    steering_gap, steering_gap_of_cost : float
        A failure is served anew until what all could gain is no more than this part of the change of cost, or
        this one of the base's cost, which is rounding.
    freed : int
        Rows freed at a time: at most so many or as many as are free, those first that gain most for each GB.
        Prices rise until somebody gives way: few have to.
    """

    near_from: Count = 2_000_000
    largest: Ratio = 0.6
    used: Ratio = 1e-3
    nearest: Count = 4
    least_passes: AtLeastOne = 5
    most_passes: AtLeastOne = 12
    passes_of_all: Factor = 0.75
    own: Ratio = 0.25
    worse: Factor = 0.003
    steering_gap: Ratio = 1e-4
    steering_gap_of_cost: Ratio = 1e-9
    freed: AtLeastOne = 100

    RISING = (("least_passes", "most_passes"),)


@dataclass(frozen=True)
class SizingParameters(Checked):
    """The search for the cheapest hardware that reaches a target.

    Parameters
    ----------
    answer, runner_ups, curve : float
        Parts of the time by which the answer, the runner-ups and the curve are to be found; the rest
        verifies.
    tries : int
        Answers that their full plan may refute, before the search is given up.
    root_rounds, root_gain : int, float
        Cuts made with parts of units allowed, before the first whole set; a round that raises the price by
        less than this part ends them.
    misses : int
        Sets in a row that miss before the search of large problems asks for more reserve.
    linear_up_to : int
        Serving variables up to which a linear program finds the prices; above, the price search of the fast
        engine does.
    passes : int
        Full passes of the first search for prices of a goal; later ones start from what is known.
    least_part : float
        A pool with less than this part of an appliance counts as not being there, where prices are searched.
    """

    answer: Ratio = 0.6
    runner_ups: Ratio = 0.75
    curve: Ratio = 0.9
    tries: AtLeastOne = 5
    root_rounds: Count = 60
    root_gain: Ratio = 1e-3
    misses: AtLeastOne = 3
    linear_up_to: Count = 20_000
    passes: AtLeastOne = 12
    least_part: Ratio = 0.5

    RISING = (("answer", "runner_ups", "curve"),)
