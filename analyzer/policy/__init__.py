"""Grants → the smallest policy that grants exactly their pairs, in documents a role can have, and the role's trust policy."""

from analyzer.policy.model import VERSION, Policy, Statement, condition_block, policy_size
from analyzer.policy.packing import minimise
from analyzer.policy.size import review_size
from analyzer.policy.split import LIMITS, Limits, fits, split
from analyzer.policy.trust import TRUST_LIMIT, machine_arn, target_trust_policy, trust_policy

__all__ = [
    "LIMITS",
    "TRUST_LIMIT",
    "VERSION",
    "Limits",
    "Policy",
    "Statement",
    "condition_block",
    "fits",
    "machine_arn",
    "minimise",
    "policy_size",
    "review_size",
    "split",
    "target_trust_policy",
    "trust_policy",
]
