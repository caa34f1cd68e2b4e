"""One small file per rule: `RULE` or `RULES`, and `check(subject)` that yields findings."""
