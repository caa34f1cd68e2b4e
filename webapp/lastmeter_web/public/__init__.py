"""Public disclosure without a login: what the law has published, and nothing else."""

from lastmeter_web.public.pages import blueprint

__all__ = ["blueprint"]
