"""Calls × service maps → grants, each with its reasons. See `apply` for how a rule of a map becomes grants."""

from analyzer.permissions.apply import permissions
from analyzer.permissions.grant import EXECUTION, Action, Certainty, Condition, Grant, Reason, TargetRole

__all__ = ["EXECUTION", "Action", "Certainty", "Condition", "Grant", "Reason", "TargetRole", "permissions"]
