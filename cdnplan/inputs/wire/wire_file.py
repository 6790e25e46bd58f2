"""YAML files that a wire model describes: read, checked against it, with the place of every problem."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar, cast

from pydantic import BaseModel, ValidationError

from cdnplan.errors import InputError, Problem
from cdnplan.inputs.wire.wire_problems import schema_problems
from cdnplan.inputs.yamls.yaml_nodes import MapNode, describe, plain
from cdnplan.inputs.yamls.yaml_text import read_yaml

Model = TypeVar("Model", bound=BaseModel)


def read_wire(
    path: Path, model: type[Model], schema: Callable[[], Mapping[str, Any]]
) -> tuple[Model | None, MapNode, list[Problem]]:
    """Read a file whose root is a mapping.

    Parameters
    ----------
    path : Path
    model : type
        The wire model.
    schema : callable
        Its JSON Schema, for what was expected where something is wrong.

    Returns
    -------
    wire : Model or None
        None where the file does not satisfy the model.
    root : MapNode
        The text's tree, with places.
    problems : list of Problem
        All found so far; the caller adds those that the model does not see.

    Raises
    ------
    InputError
        There is no mapping to look into.
    """
    root, problems = read_yaml(path)
    if root is not None and not isinstance(root, MapNode):
        problems.append(root.mark.problem(f"expected a mapping (key: value), found {describe(root)}"))
    if not isinstance(root, MapNode):
        raise InputError(problems or [Problem("the file is empty", str(path))])
    wire: Model | None = None
    try:
        wire = model.model_validate(cast("dict[str, object]", plain(root)))
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        problems += schema_problems(found, root, schema)
    return wire, root, problems
