"""The answer to a change at once: what is there, served at least cost."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cdnplan.model.plan.placement import Placement
from cdnplan.parameters.parameters import DEFAULTS
from cdnplan.parameters.questions import ChangeParameters
from cdnplan.whatif.base.base import Answer, Base, Changed, judged
from cdnplan.whatif.steer.resteered import resteered


def at_once(base: Base, changed: Changed, parameters: ChangeParameters = DEFAULTS.change) -> Answer:
    """Answer with the placement as it is: nothing is filled, serving is re-steered at least cost.

    Parameters
    ----------
    base : Base
    changed : Changed
    parameters : ChangeParameters

    Returns
    -------
    Answer
        Its instance asks of each pool only the copies that are there, so a pool serves what it has one
        copy of. Limits on storage and rules that the placement breaks are among the verdict's violations.
    """
    instance = changed.instance
    there = changed.there.copy()
    there[instance.copies == 0] = 0
    holds = there > 0
    copies = np.where(holds, np.minimum(instance.copies, there), instance.copies)
    as_it_is = replace(instance, copies=copies, held=there)
    return judged(as_it_is, Placement(holds), resteered(base, instance, holds, parameters))
