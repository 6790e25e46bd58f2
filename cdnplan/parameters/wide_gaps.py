"""Larger networks whose gap stays wide: what is done further, and how far."""

from __future__ import annotations

from dataclasses import dataclass

from cdnplan.parameters.checked import AtLeastOne, Checked, Count, Factor, Factors, Ratio


@dataclass(frozen=True)
class RelaxationParameters(Checked):
    """Passes by the relaxations of files, and by holders sought from these.

    Parameters
    ----------
    from_gap : float
        Above this gap relaxations are gone by.
    passes, thorough_passes : int
        So many times, and then by holders sought with care.
    seek_steps : int
        Steps of the volume algorithm by which these are sought in each file's relaxation.
    first_steps, steps, last_steps : int
        Such steps at a file's first visit, at later ones, and to evaluate a bound.
    most_kept : int
        Networks of more files × (regions + pools) are not relaxed: what is kept of each would take GB.
    """

    from_gap: Factor = 2e-2
    passes: AtLeastOne = 16
    thorough_passes: AtLeastOne = 6
    seek_steps: Count = 100
    first_steps: Count = 200
    steps: Count = 40
    last_steps: Count = 100
    most_kept: Count = 500_000_000


@dataclass(frozen=True)
class ChoiceParameters(Checked):
    """Choices among holders known of all files.

    Parameters
    ----------
    times, halfway : int, float
        Choices among the holders of thorough passes at most; prices move so far towards the duals of each.
    stiffness : tuple of float
        By how much a limit's price grows for each part of the limit that is used beyond it; one after
        another.
    sweeps : int
        At most so many times all files choose at each stiffness.
    least_price : float
        Limits with a lower price count as if they had this part of the mean price of their kind.
    most_entries : int
        Of columns and limits, at 8 bytes; sets beyond that are not kept.
    """

    times: Count = 8
    halfway: Ratio = 0.5
    stiffness: Factors = (4.0, 20.0, 100.0)
    sweeps: AtLeastOne = 12
    least_price: Ratio = 0.1
    most_entries: Count = 150_000_000


@dataclass(frozen=True)
class BetterParameters(Checked):
    """When the best plan is worked on further.

    Parameters
    ----------
    from_gap : float
        Above this gap, pools of networks of any size are re-chosen at the end.
    times : int
        Then again from the best plan, so many times at most.
    worth, in_vain : float, int
        Choices among known holders, and of pools anew, end when less than this part of the gap is closed so
        many times in a row.
    """

    from_gap: Factor = 1e-2
    times: Count = 6
    worth: Ratio = 5e-3
    in_vain: AtLeastOne = 2
