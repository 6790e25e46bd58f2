"""How a plan by pools becomes one by appliances and nights."""

from __future__ import annotations

from dataclasses import dataclass

from cdnplan.parameters.checked import AtLeastOne, Checked, Count, Factor, Ratio


@dataclass(frozen=True)
class DealingParameters(Checked):
    """Rounds of dealing pools out to their appliances.

    Parameters
    ----------
    rounds, fitting_rounds : int
        Splits at most; and those after which files that fit come in for others that found no room.
    evening_rounds : int
        Rounds of exchanges within sites, each with a new serving and split.
    free : float
        Exchanges that cost more than this part of the plan's cost are not made.
    sharing : float
        More copies than are asked for may cost this part of what their pools save. An appliance that is asked
        for more than others is the first to be short of something; to mend that is worth less than a plan's
        usual gap.
    """

    rounds: AtLeastOne = 40
    fitting_rounds: Count = 8
    evening_rounds: Count = 3
    free: Factor = 1e-9
    sharing: Factor = 1e-4


@dataclass(frozen=True)
class AgainParameters(Checked):
    """When what has no room or no time is planned again, elsewhere.

    Parameters
    ----------
    rounds, rounds_large, large_from : int
        Rounds at most, and from so many candidate entries × files on, where one takes a minute or more. A
        count of work and not of seconds, so that plans do not depend on the machine.
    dear, dear_large : float
        Part of a plan's cost above the ideal that dealing and night may add before it is worth planning
        again, and on such networks: there a round takes as long as the plan did, and what windows of single
        appliances rule out costs nearly as much wherever else it is placed.
    apiece_dear : float
        Such a part that dealing may add: more is worth planning by appliance, which ends once it adds no
        more, or at the gap asked for.
    apiece_up_to : int
        Below so many candidate entries × files, appliances counted apart, planning by appliance takes little
        enough time. A count of work, too.
    """

    rounds: Count = 3
    rounds_large: Count = 1
    large_from: Count = 50_000_000
    dear: Factor = 5e-4
    dear_large: Factor = 1e-2
    apiece_dear: Factor = 3e-3
    apiece_up_to: Count = 5_000_000


@dataclass(frozen=True)
class NightParameters(Checked):
    """Nights that make plans true, and how many more it takes to fill caches.

    Parameters
    ----------
    rounds : int
        Schedules made at most until plan and night agree; then nothing more is fetched.
    spare : float
        Fills are scheduled for this part of what links have to spare: what cannot be fetched changes serving,
        and links that were full to the last bit would carry the schedule no more.
    tries : int
        Tries of a night, with fewer last copies that may go before an origin brings the file back.
    fewest, most, work : int
        Nights planned where copies are lost, at least and at most, and wanted copies of all of them together.
        A count of work and not of seconds, so that nights do not depend on the machine.
    driven : int
        Nights at first in which all that was lost presses, and all who lost something lose patience.
    chosen, presses, hurries, forgets : float
        Chances afterwards: that one who lost something is looked at; that its copies then press more; that it
        loses patience; that others, and copies, calm down again.
    chain : int
        Times that urgency is handed on: along chains of so many appliances that wait for one another.
    full : float
        Pools that hold this part of what they would hold without windows count as filled: from there on
        nights replace more than they fill. Files are whole, and copies that nobody wants any more leave in
        spite of room.
    busy : float
        A window that is used less than this did not keep anything out: of files that fit into it at all, it
        takes in more than half.
    rough_gap : float
        How near the best the plan without windows has to be: only its bytes count.
    rough_time : float
        Part of the time limit that it may take though the limit is used up.
    """

    rounds: Count = 20
    spare: Ratio = 0.995
    tries: AtLeastOne = 4
    fewest: AtLeastOne = 3
    most: AtLeastOne = 40
    work: Count = 50_000
    driven: Count = 6
    chosen: Ratio = 0.7
    presses: Ratio = 0.7
    hurries: Ratio = 0.5
    forgets: Ratio = 0.1
    chain: Count = 4
    full: Ratio = 0.95
    busy: Ratio = 0.5
    rough_gap: Factor = 0.05
    rough_time: Ratio = 0.1

    RISING = (("fewest", "most"),)
