"""Grants → the smallest policy that grants exactly their pairs, and the trust policy of the role that carries it."""

from analyzer.policy.model import INLINE_LIMIT, VERSION, Policy, Statement, condition_block, policy_size, review_size
from analyzer.policy.packing import minimise
from analyzer.policy.trust import TRUST_LIMIT, machine_arn, target_trust_policy, trust_policy

__all__ = [
    "INLINE_LIMIT",
    "TRUST_LIMIT",
    "VERSION",
    "Policy",
    "Statement",
    "condition_block",
    "machine_arn",
    "minimise",
    "policy_size",
    "review_size",
    "target_trust_policy",
    "trust_policy",
]
