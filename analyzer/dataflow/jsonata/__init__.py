"""JSONata over abstract values: what an expression gives, and what a condition that holds tells.

https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html
"""

from __future__ import annotations

from analyzer.dataflow.jsonata.expression import evaluate_expression
from analyzer.dataflow.jsonata.narrow import narrow

__all__ = ["evaluate_expression", "narrow"]
