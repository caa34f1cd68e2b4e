"""The operators' commands: running instances moved to another version, or mended where they stand."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import click
from sqlalchemy.orm import Session
from tqdm import tqdm

from lastmeter import db
from lastmeter.actor import SYSTEM
from lastmeter.console import dump, open_database

if TYPE_CHECKING:
    from lastmeter.workflow.spiff.surgery import Plan
    from lastmeter.workflow.surgery import Standpoint


@click.command()
@click.argument("key", required=False)
@click.option("--to", type=int, default=None, help="The version to move to.")
@click.option("--from", "version", type=int, default=None, help="Only instances of this version.")
@click.option("--instance", "ids", type=int, multiple=True, help="This instance; may be given again.")
@click.option("--business-key", default=None)
@click.option("--map", "pairs", multiple=True, metavar="OLD=NEW", help="An element or flow that has another id now.")
@click.option("--dry-run", is_flag=True, help="Say what would move and what hinders it, and change nothing.")
@click.option("--json", "as_json", is_flag=True)
@click.option("--reason", default="", help="Why; stands in history and audit.")
@click.option("--undo", type=int, default=None, help="Take back the move of this number.")
def migrate(
    key: str | None, to: int | None, version: int | None, ids: tuple[int, ...], business_key: str | None,
    pairs: tuple[str, ...], dry_run: bool, as_json: bool, reason: str, undo: int | None,
) -> None:  # fmt: skip
    """Move running instances of KEY to another version. Status 0 only if every one of them can be or was moved."""
    from lastmeter.workflow import migration

    if undo is not None:
        with open_database() as factory:
            back = db.in_transaction(factory, lambda session: migration.undo(session, SYSTEM, undo).instance_id)
        click.echo(f"instance {back} is what it was before move {undo}")
        return
    if key is None or to is None:
        raise click.UsageError("KEY and --to, or --undo, must be given")
    if not dry_run and not reason.strip():
        raise click.UsageError("--reason must be given")
    mapping = dict(_pair(pair, "OLD=NEW") for pair in pairs)
    which = migration.Filter(version, ids, business_key)

    def one(session: Session, instance_id: int) -> migration.Result:
        if dry_run:
            return migration.plan(session, SYSTEM, instance_id, key, to, mapping)
        return migration.migrate(session, SYSTEM, instance_id, key, to, reason=reason, mapping=mapping)

    results = []
    with open_database() as factory:
        meant = db.in_transaction(factory, lambda session: migration.chosen(session, SYSTEM, key, to, which))
        for each in tqdm(meant, unit="instance", disable=None):
            results.append(db.in_transaction(factory, partial(one, instance_id=each)))
    told = migration.report(results, say=_named_refusal)
    click.echo(dump(told) if as_json else "\n".join(map(_moved_line, told)) or "no instance is meant")
    sys.exit(1 if any(result.blockers for result in results) else 0)


def _pair(pair: str, form: str) -> tuple[str, str]:
    old, _, new = pair.partition("=")
    if not (old and new):
        raise click.BadParameter(f"{pair} is not {form}")
    return old, new


def _named_refusal(code: str, facts: Mapping[str, object]) -> str:
    named = ", ".join(f"{name}={fact}" for name, fact in facts.items())
    return f"{code}: {named}" if named else code


def _moved_line(told: dict[str, Any]) -> str:
    moves = ", ".join(f"{move['from']} → {move['to']} ({move['count']})" for move in told["moves"])
    number = f" (move {told['migration']})" if told["migration"] else ""
    hindered = "".join(f"\n    {found['message']}" for found in told["blockers"])
    return f"{told['instance']:8} {told['result']}{number}  {moves}{hindered}"


@click.command()
@click.argument("instance", type=int)
@click.argument("act", type=click.Choice(("move", "skip", "rewind", "set", "retry")), required=False)
@click.option(
    "--at", default="", help="Where the token stands: an element, or the token's uid; of a race the event that counts."
)
@click.option("--to", default="", help="The element to go to.")
@click.option(
    "--set", "pairs", multiple=True, metavar="NAME=FEEL", help="A variable and its value; may be given again."
)
@click.option("--despite-sent", is_flag=True, help="Go back even past what was sent and cannot be taken back.")
@click.option("--dry-run", is_flag=True, help="Say what would happen, and change nothing.")
@click.option("--version", type=int, default=None, help="The version that the dry run told; if it has changed, no.")
@click.option("--reason", default="", help="Why; stands in the audit.")
@click.option("--json", "as_json", is_flag=True)
def surgery(
    instance: int, act: str | None, at: str, to: str, pairs: tuple[str, ...], despite_sent: bool, dry_run: bool,
    version: int | None, reason: str, as_json: bool,
) -> None:  # fmt: skip
    """Change where INSTANCE stands; without an act, say where that is. Status 0 only if it can be or was done."""
    from lastmeter.workflow import surgery as room
    from lastmeter.workflow.spiff.surgery import Cut

    if act is None:
        with open_database() as factory:
            stands = db.in_transaction(factory, lambda session: room.standpoint(session, SYSTEM, instance))
        click.echo(dump(dataclasses.asdict(stands)) if as_json else "\n".join(_standpoint_lines(stands)))
        return
    if not dry_run and not reason.strip():
        raise click.UsageError("--reason must be given")
    typed = dict(_pair(pair, "NAME=FEEL") for pair in pairs)

    def work(session: Session) -> dict[str, Any]:
        fields = {name: room.value_of(name, text) for name, text in typed.items()}
        cut = Cut(act, at, to, fields, despite_sent)  # type: ignore[arg-type]  # one of the choice
        seen = room.rehearse(session, SYSTEM, instance, cut)
        told = {"instance": instance, "version": seen.version, "done": False, **_told(seen.plan)}
        if dry_run or seen.plan.refusal is not None:
            return told
        meant = seen.version if version is None else version
        done = room.operate(session, SYSTEM, instance, cut, reason=reason, version=meant)
        return {**told, "done": True, "version": done.version, "state": done.state}

    with open_database() as factory:
        told = db.in_transaction(factory, work)
    click.echo(dump(told) if as_json else "\n".join(_surgery_lines(told)))
    sys.exit(1 if told["refusal"] else 0)


def _told(plan: Plan) -> dict[str, Any]:
    refused = None
    if plan.refusal is not None:
        message = _named_refusal(plan.refusal.code, plan.refusal.facts)
        refused = {"code": plan.refusal.code, "message": message}
    return {**dataclasses.asdict(dataclasses.replace(plan, refusal=None)), "refusal": refused}


def _standpoint_lines(stands: Standpoint) -> list[str]:
    lines = [f"version {stands.version}"]
    lines += [f"  {each.element_id:32} {each.kind:12} {each.uid}" for each in stands.tokens]
    return [*lines, f"may be set: {', '.join(stands.names) or '—'}"]


def _surgery_lines(told: dict[str, Any]) -> Iterable[str]:
    if told["refusal"]:
        yield f"refused: {told['refusal']['message']}"
    else:
        yield f"instance {told['instance']}: {'done' if told['done'] else 'would be done'}, version {told['version']}"
    for word, name in (("ends", "ended"), ("begins", "begun")):
        yield from (f"  {word:8} {each['element_id']} ({each['kind']})" for each in told[name])
    for word, name in (("passes", "passed"), ("sends", "thrown")):
        yield from (f"  {word:8} {element}" for element in told[name])
    for caution in told["cautions"]:
        yield f"  caution  {' '.join((caution['code'], *caution['names']))}"
    if told["completed"]:
        yield "  the instance ends"
