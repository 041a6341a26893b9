"""Least privilege for AWS Step Functions: a definition in, the minimal policy and the trust policy out."""
