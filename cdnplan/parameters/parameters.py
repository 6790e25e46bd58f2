"""All numbers that steer how plans are made, and what is left out."""

from __future__ import annotations

from dataclasses import dataclass, field

from cdnplan.parameters.closing import CutParameters, MasterParameters, RoundingParameters, TreeParameters
from cdnplan.parameters.dealing import AgainParameters, DealingParameters, NightParameters
from cdnplan.parameters.one_file import OneFileParameters, PoolTreeParameters
from cdnplan.parameters.parts import Parts
from cdnplan.parameters.passes import (
    LiftParameters,
    PassParameters,
    PriceParameters,
    RefitParameters,
    RunParameters,
)
from cdnplan.parameters.questions import ChangeParameters, SizingParameters
from cdnplan.parameters.wide_gaps import BetterParameters, ChoiceParameters, RelaxationParameters


@dataclass(frozen=True)
class Parameters:
    """How plans are made; as they are, unless something is set.

    Parameters
    ----------
    parts : Parts
        What is left out is not done.
    run : RunParameters
        What depends on a network's size.
    passes, prices, lifting : PassParameters, PriceParameters, LiftParameters
        Passes over prices.
    refit : RefitParameters
        From holders to plans.
    relaxation, choice, better : RelaxationParameters, ChoiceParameters, BetterParameters
        Larger networks whose gap stays wide.
    master, cuts, tree, rounding : MasterParameters, CutParameters, TreeParameters, RoundingParameters
        The last percent of small networks.
    one_file, pool_tree : OneFileParameters, PoolTreeParameters
        Networks of one file.
    dealing, again, night : DealingParameters, AgainParameters, NightParameters
        From pools to appliances and nights.
    change, sizing : ChangeParameters, SizingParameters
        What-ifs.

    Examples
    --------
    >>> Parameters(passes=PassParameters(few=4), parts=Parts.without("tree")).passes.few
    4
    """

    parts: Parts = field(default_factory=Parts)
    run: RunParameters = field(default_factory=RunParameters)
    passes: PassParameters = field(default_factory=PassParameters)
    prices: PriceParameters = field(default_factory=PriceParameters)
    lifting: LiftParameters = field(default_factory=LiftParameters)
    refit: RefitParameters = field(default_factory=RefitParameters)
    relaxation: RelaxationParameters = field(default_factory=RelaxationParameters)
    choice: ChoiceParameters = field(default_factory=ChoiceParameters)
    better: BetterParameters = field(default_factory=BetterParameters)
    master: MasterParameters = field(default_factory=MasterParameters)
    cuts: CutParameters = field(default_factory=CutParameters)
    tree: TreeParameters = field(default_factory=TreeParameters)
    rounding: RoundingParameters = field(default_factory=RoundingParameters)
    one_file: OneFileParameters = field(default_factory=OneFileParameters)
    pool_tree: PoolTreeParameters = field(default_factory=PoolTreeParameters)
    dealing: DealingParameters = field(default_factory=DealingParameters)
    again: AgainParameters = field(default_factory=AgainParameters)
    night: NightParameters = field(default_factory=NightParameters)
    change: ChangeParameters = field(default_factory=ChangeParameters)
    sizing: SizingParameters = field(default_factory=SizingParameters)


DEFAULTS = Parameters()
"""As plans are made."""
