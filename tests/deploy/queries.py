"""Takes PromQL apart, which parsing alone checks for its types: a rate of what is no range is refused."""

from __future__ import annotations

from collections.abc import Iterator

import promql_parser as promql


def parts(expr: promql.Expr) -> Iterator[promql.Expr]:
    """An expression and all that it is made of."""
    yield expr
    match expr:
        case promql.Call():
            inner = list(expr.args)
        case promql.BinaryExpr():
            inner = [expr.lhs, expr.rhs]
        case promql.AggregateExpr() | promql.ParenExpr() | promql.SubqueryExpr() | promql.UnaryExpr():
            inner = [expr.expr]
        case promql.MatrixSelector():
            inner = [expr.vector_selector]
        case _:
            inner = []
    for one in inner:
        yield from parts(one)


def looked_at(expr: promql.Expr) -> list[promql.VectorSelector]:
    return [part for part in parts(expr) if isinstance(part, promql.VectorSelector)]
