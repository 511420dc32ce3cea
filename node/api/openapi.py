"""OpenAPI 3.1 drawn from the routes: what is served is what is described."""

import inspect
from collections.abc import Sequence
from typing import Any

import msgspec

from node.problems import Problem

from .routes import Route

VERSION = "3.1.0"


def document(routes: Sequence[Route]) -> dict[str, Any]:
    """The OpenAPI document for `routes` under /api/v1."""
    described = [route for route in routes if "request" not in route.parameters]
    kinds = [route.body for route in described] + [route.result for route in routes] + [Problem]
    schemas, components = msgspec.json.schema_components(kinds, ref_template="#/components/schemas/{name}")
    bodies = dict(zip((route.name for route in described), schemas, strict=False))
    results = dict(zip((route.name for route in routes), schemas[len(described) :], strict=False))
    for schema in components.values():
        if "description" in schema:
            schema["description"] = inspect.cleandoc(schema["description"])  # docstrings keep their margin before Python 3.13
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        operation = _operation(route, bodies.get(route.name), results[route.name], schemas[-1])
        paths.setdefault("/api/v1" + route.path, {})[route.method.lower()] = operation
    return {
        "openapi": VERSION,
        "info": {"title": "Gemstra node", "version": "1", "description": "One layer of use cases, the same for pages and command line."},
        "paths": paths,
        "components": {"schemas": components},
    }


def _operation(route: Route, body: Any, result: Any, problem: Any) -> dict[str, Any]:
    parameters = [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in sorted(route.in_path)]
    operation: dict[str, Any] = {
        "operationId": route.name,
        "summary": (route.run.__doc__ or "").strip().split("\n")[0],
        "parameters": parameters,
        "responses": {
            "200": {"description": "done", "content": {"application/json": {"schema": result}}},
            "default": {"description": "refused", "content": {"application/problem+json": {"schema": problem}}},
        },
    }
    if body is None:
        operation["requestBody"] = {"content": {"application/octet-stream": {}}}
    elif route.method == "GET":
        named = msgspec.inspect.type_info(route.body).fields  # type: ignore[attr-defined]
        parameters.extend({"name": item.name, "in": "query", "required": item.required, "schema": {}} for item in named)
    else:
        operation["requestBody"] = {"content": {"application/json": {"schema": body}}}
    return operation
