"""The database session of a request; its models live in the engine."""

from __future__ import annotations

from flask_sqlalchemy import SQLAlchemy

from lastmeter.db import Base

db = SQLAlchemy(metadata=Base.metadata, session_options={"expire_on_commit": False})
