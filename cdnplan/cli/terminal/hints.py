"""What was probably meant by a wrong choice of an option."""

from __future__ import annotations

import re
from typing import Any

import typer
from typer.core import TyperGroup

from cdnplan.errors import nearest

_REFUSED = re.compile(r"'(?P<found>.*)' is not one of (?P<choices>'.*')", re.DOTALL)
"""How typer says that a value is none of an option's choices; it hands over neither in another way."""


class HintingGroup(TyperGroup):
    """Commands whose refusals of a choice name the nearest one."""

    def invoke(self, ctx: Any) -> Any:
        """Run a command, and add to what it says of a wrong choice."""
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            refused = _REFUSED.search(error.message)
            if refused is not None:
                hint = nearest(refused["found"], re.findall("'([^']*)'", refused["choices"]))
                if hint.startswith("did you mean"):  # typer has named all choices already
                    error.message = f"{error.message.rstrip('.')}; {hint}"
            raise
