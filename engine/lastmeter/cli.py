"""The command `lastmeter`: status 0 only on success, `--json` where a program may read, bars on long work."""

from __future__ import annotations

import dataclasses
import datetime as dt
import getpass
import json
import logging
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import click
from tqdm import tqdm

from lastmeter import config, db, keys, mending, migrations, paths, wiring
from lastmeter.actor import SYSTEM
from lastmeter.console import dump, open_database, saying_refusals
from lastmeter.definitions.packages import Package

if TYPE_CHECKING:
    from lastmeter.decisions import Outcome
    from lastmeter.feel import Doubt


@click.group()
@click.version_option(package_name="lastmeter")
def main() -> None:
    """打通服务群众“最后一米”: a workflow engine for public procurement and casework."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")


@main.command()
@click.option("--port", default=8765, show_default=True, help="First port to try on the loopback address.")
@click.option("--data-dir", type=click.Path(path_type=Path), default=None, help="Where the demo keeps its data.")
@click.option("--small", is_flag=True, help="One district instead of fifteen: starts in seconds.")
def demo(port: int, data_dir: Path | None, small: bool) -> None:
    """Start everything with the data set Jinan-161 and print one login per role."""
    from lastmeter import demo as room

    with saying_refusals():
        sys.exit(room.run(port=port, data_dir=data_dir, small=small))


@main.command()
@click.option("--bind", default="127.0.0.1:8000", show_default=True)
@click.option("--processes", default=4, show_default=True)
def serve(bind: str, processes: int) -> None:
    """Serve the pages and the API with gunicorn (LASTMETER_DATABASE_URL must be set)."""
    import os

    arguments = ["-b", bind, "-w", str(processes), "--threads", "4", "lastmeter_web.app:create_app()"]
    os.execvp(sys.executable, [sys.executable, "-m", "gunicorn", *arguments])


@main.command()
def worker() -> None:
    """Do the work that waits: timers, messages, service tasks."""
    from lastmeter.worker import main as work

    work()


@main.group("db")
def database() -> None:
    """The database schema."""


@database.command()
def upgrade() -> None:
    """Bring schema, register, calendar and processes to this version (as LASTMETER_OWNER_URL, else …_DATABASE_URL)."""
    settings = config.Settings.from_environment()
    url = settings.owner_url or settings.database_url
    if not url:
        raise click.ClickException("LASTMETER_OWNER_URL or LASTMETER_DATABASE_URL must name the database")
    with saying_refusals():
        migrations.upgrade(url)
        engine = db.make_engine(url)
        try:
            with db.session_factory(engine)() as session, db.unit_of_work(session):
                count = wiring.furnish(session, SYSTEM)
        finally:
            engine.dispose()
    click.echo(f"the schema is at the newest revision; {count} processes stand")


@main.group()
def calendar() -> None:
    """The working calendar."""


@calendar.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--source", required=True, help="The announcement that the days come from.")
@click.option("--language", type=click.Choice(["zh", "en"]), default="zh")
def import_calendar(file: Path, source: str, language: str) -> None:
    """Take over a year of working days from FILE (CSV: date,kind,name_zh,name_en); deadlines and timers follow."""
    from lastmeter.deadlines.calendars import CalendarRefused
    from lastmeter.workflow import timers

    with open_database() as factory, factory() as session, db.unit_of_work(session):
        try:
            done = timers.import_calendar_year(session, SYSTEM, file.read_bytes(), source=source)
        except CalendarRefused as refusal:
            raise click.ClickException(refusal.say(language)) from refusal
    click.echo(f"{done.year}: {done.days} days, {len(done.moved)} deadlines moved")


@main.group()
def organisation() -> None:
    """Organisations."""


@organisation.command("add")
@click.option("--tree", type=click.Choice(["administrative", "provider"]), required=True)
@click.option("--kind", required=True, help="civil_bureau, finance, street, agency, provider, team …")
@click.option("--name", required=True)
@click.option("--name-en", required=True)
@click.option("--parent", "parent_id", type=int, default=None)
def add_organisation(tree: str, kind: str, name: str, name_en: str, parent_id: int | None) -> None:
    """Print the id of a new organisation: the first of an installation; others are added on its page."""
    from lastmeter.identity import people
    from lastmeter.identity.models import Organisation

    with open_database() as factory, factory() as session, db.unit_of_work(session):
        parent = session.get_one(Organisation, parent_id) if parent_id is not None else None
        made = people.add_organisation(session, SYSTEM, tree=tree, kind=kind, name=name, name_en=name_en, parent=parent)
        click.echo(made.id)


@database.command()
@click.argument("message")
def revision(message: str) -> None:
    """Write a migration for what the models have and the schema lacks (for those who change Lastmeter itself)."""
    from lastmeter.embedded import testing

    wiring.connect()
    with saying_refusals():
        testing.cluster().create_database("revision")
        migrations.revise(testing.cluster().url("revision", "lastmeter_owner"), message)


@main.group()
def user() -> None:
    """Logins."""


@user.command("add")
@click.argument("login")
@click.option("--name", required=True)
@click.option("--role", required=True)
@click.option("--organisation", "organisation_id", type=int, required=True)
def add_user(login: str, name: str, role: str, organisation_id: int) -> None:
    """A person with a login, holding ROLE at an organisation; the password is asked for."""
    from lastmeter.identity import logins, people
    from lastmeter.identity.models import Organisation

    password = getpass.getpass("password: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    with open_database() as factory, factory() as session, db.unit_of_work(session):
        person = people.add_person(session, SYSTEM, name=name)
        people.grant(session, SYSTEM, person, role, session.get_one(Organisation, organisation_id))
        logins.add_account(session, SYSTEM, person, login, password)
    click.echo(f"{login} may log in")


@main.group()
def token() -> None:
    """API tokens."""


@token.command("create")
@click.argument("login")
@click.option("--scope", "scopes", multiple=True, default=("read", "work"), show_default=True)
@click.option("--label", default="command line")
def create_token(login: str, scopes: tuple[str, ...], label: str) -> None:
    """Print a bearer token of LOGIN; it is shown this once."""
    from sqlalchemy import select

    from lastmeter.identity import logins
    from lastmeter.identity.models import Account

    with open_database() as factory, factory() as session, db.unit_of_work(session):
        account = session.scalars(select(Account).where(Account.login == login)).one_or_none()
        if account is None:
            raise click.ClickException(f"nobody logs in as {login}")
        click.echo(logins.make_token(session, SYSTEM, account, label, scopes))


def _read_package(path: Path) -> Package:
    """The package of a folder of bpmn/ (its forms beside it, or in forms/<key>/), or a bare .bpmn file."""
    from lastmeter.definitions import packages

    if path.is_file():
        return packages.bare_package(path.read_bytes())
    beside = path.parent.parent / "forms" / path.name
    return packages.load_package(path, beside if beside.is_dir() else paths.bundled("forms") / path.name)


@main.group()
def definitions() -> None:
    """Process definitions: lint, publish, export, lay out."""


@definitions.command()
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@click.option("--json", "as_json", is_flag=True)
@click.option("--language", type=click.Choice(["zh", "en"]), default="zh")
def lint(path: Path, as_json: bool, language: str) -> None:
    """Say what publishing PATH (a package folder or a .bpmn) would find. Status 1 on an error."""
    from lastmeter.definitions import lint as room

    wiring.connect()
    with saying_refusals():
        found = list(room.check(_read_package(path)))
    if as_json:
        click.echo(dump([dataclasses.asdict(finding) for finding in found]))
    else:
        for finding in found:
            click.echo(
                f"{finding.severity:8} {finding.element_id or '—'}:{finding.line or ''} {finding.message(language)}"
            )
    sys.exit(1 if any(finding.severity == "error" for finding in found) else 0)


@definitions.command()
@click.argument("path", type=click.Path(exists=True, path_type=Path))
def publish(path: Path) -> None:
    """Publish PATH (a package folder or a .bpmn) as a new version."""
    from lastmeter.definitions import publishing

    with open_database() as factory, factory() as session, db.unit_of_work(session):
        done = publishing.publish(session, SYSTEM, _read_package(path))
        for definition in done.definitions:
            click.echo(f"{definition.key} version {definition.version}")


@definitions.command()
@click.argument("key")
@click.option("--version", type=int, default=None)
def export(key: str, version: int | None) -> None:
    """Print the BPMN file of a published version."""
    from lastmeter.definitions import publishing

    with open_database() as factory, factory() as session, db.unit_of_work(session, write=False):
        found = publishing.latest(session, key, version)
        if found is None:
            raise click.ClickException(f"{key} version {version or 'newest'} is not published")
        click.echo(found.xml, nl=False)


@definitions.command()
@click.argument("source", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("target", type=click.Path(dir_okay=False, path_type=Path), required=False)
def layout(source: Path, target: Path | None) -> None:
    """Lay out the diagram of SOURCE anew, into TARGET or in place."""
    from lastmeter.definitions.layout import layout as lay_out

    with saying_refusals():
        (target or source).write_bytes(lay_out(source.read_bytes()))


class _Variables(click.ParamType[dict[str, object]]):
    """A JSON object, its decimals exact."""

    name = "json"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> dict[str, object]:
        try:
            known = json.loads(str(value), parse_float=Decimal)
        except ValueError as error:
            self.fail(f"this is no JSON: {error}", param, ctx)
        if not isinstance(known, dict):
            self.fail('an object is wanted, such as {"amount": 12.5}', param, ctx)
        return known


def _remark(warnings: Iterable[str]) -> None:
    """Why something became null: for people, so that standard output holds the value alone."""
    for reason in warnings:
        click.echo(f"warning: {reason}", err=True)


@main.group()
def thresholds() -> None:
    """The amounts from which procurement law and open tender apply; none is shipped, a province sets them."""


@thresholds.command("list")
def list_thresholds() -> None:
    """Print every period as JSON."""
    from lastmeter.procurement import thresholds as room

    with open_database() as factory, factory() as session, db.unit_of_work(session, write=False):
        click.echo(dump([room.as_dict(row) for row in room.every(session)]))


@thresholds.command("add")
@click.option("--province", required=True, help="Region code, as 370000.")
@click.option("--level", "budget_level", default="district", show_default=True, help="city or district.")
@click.option("--object", "object_type", type=click.Choice(["services", "goods", "works"]), required=True)
@click.option("--limit-fen", type=click.IntRange(min=0), required=True, help="采购限额标准, in fen.")
@click.option("--open-fen", type=click.IntRange(min=0), required=True, help="公开招标数额标准, in fen.")
@click.option("--from", "valid_from", type=click.DateTime(["%Y-%m-%d"]), required=True)
@click.option("--to", "valid_to", type=click.DateTime(["%Y-%m-%d"]), default=None)
@click.option("--source", required=True, help="The document that sets them.")
def add_threshold(
    province: str, budget_level: str, object_type: str, limit_fen: int, open_fen: int, valid_from: dt.datetime,
    valid_to: dt.datetime | None, source: str,
) -> None:  # fmt: skip
    """Enter the amounts of a period; those before them end the day before."""
    from lastmeter.procurement import thresholds as room

    with open_database() as factory, factory() as session, db.unit_of_work(session), saying_refusals():
        made = room.add(
            session, SYSTEM, province=province, budget_level=budget_level, object_type=object_type,
            limit_fen=limit_fen, open_fen=open_fen, valid_from=valid_from.date(),
            valid_to=valid_to.date() if valid_to else None, source=source,
        )  # fmt: skip
        click.echo(dump(room.as_dict(made)))


@main.command()
@click.argument("expression")
@click.option("--context", default="{}", type=_Variables(), help="Variables, as a JSON object.")
def feel(expression: str, context: dict[str, object]) -> None:
    """Evaluate a FEEL EXPRESSION and print its value as JSON; reasons for null go to standard error."""
    from lastmeter.deadlines.register import bundled_functions
    from lastmeter.feel import EXTENSION_NAMES, compile_expression, evaluate

    warnings: list[str] = []
    with saying_refusals():
        click.echo(dump(evaluate(expression, context, functions=bundled_functions(), warnings=warnings)))
    doubts = compile_expression(expression, names=context, functions=EXTENSION_NAMES).doubts
    _remark((*(_doubted(each) for each in doubts), *warnings))


def _doubted(doubt: Doubt) -> str:
    return f"line {doubt.line}, column {doubt.column}: {doubt.hint_en} {doubt.hint_zh}"


@main.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("decision", required=False)
@click.option("--input", "inputs", default="{}", type=_Variables(), help="Inputs, as a JSON object.")
@click.option("--trace", is_flag=True, help="Print the tables asked and the rules that matched, too.")
@click.option("--analyse", is_flag=True, help="Print gaps, overlaps and rules without effect instead; 1 if there are.")
def decide(file: Path, decision: str | None, inputs: dict[str, object], trace: bool, analyse: bool) -> None:
    """Evaluate a DECISION of a DMN FILE and print its value as JSON; without DECISION, list what there is to ask."""
    from lastmeter.deadlines.register import bundled_functions
    from lastmeter.decisions import analyse as findings_of
    from lastmeter.decisions import graph, load

    with saying_refusals():
        model = load(file.read_bytes())
        if analyse:
            tables = model.tables if decision is None else [t for each in graph(model, decision) for t in each.tables]
            found = [(table, finding) for table in tables for finding in findings_of(table)]
            for table, finding in found:
                click.echo(f"{table.decision}: {finding.kind}: {finding.sentence_en} {finding.sentence_zh}")
            sys.exit(1 if found else 0)
        _remark(f"line {each.line}: {each.text}: {_doubted(each.doubt)}" for each in model.doubts)
        if decision is None:
            click.echo(dump([{"name": each.name, "id": each.id, "inputs": each.inputs} for each in model.decisions]))
            return
        outcome = model.decide(decision, inputs, functions=bundled_functions())
    click.echo(dump(outcome.value if not trace else _traced(outcome)))
    _remark(outcome.warnings)


def _traced(outcome: Outcome) -> dict[str, object]:
    tables = [
        {
            "decision": table.decision,
            "hit_policy": table.hit_policy,
            "inputs": dict(table.inputs),
            "rules": [{"number": rule.number, "output": rule.output, **rule.annotations} for rule in table.matched],
            "value": table.value,
        }
        for table in outcome.trace
    ]
    return {"value": outcome.value, "answers": dict(outcome.answers), "tables": tables}


@main.command()
@click.argument("path", type=click.Path(exists=True, path_type=Path), required=False)
@click.option("--jinan", is_flag=True, help="Play the stations of Jinan through contract years.")
@click.option("--districts", default=1, show_default=True)
@click.option("--years", default=3, show_default=True)
@click.option("--json", "as_json", is_flag=True)
def rehearse(path: Path | None, jinan: bool, districts: int, years: int, as_json: bool) -> None:
    """Play the scenarios of PATH (a folder of bpmn/, or one .yaml; all of them without PATH) on a virtual clock."""
    from lastmeter.rehearsal import runner

    with saying_refusals():
        if jinan:
            report = runner.jinan(districts=districts, years=years, progress=tqdm)
            click.echo(dump(report.as_dict()) if as_json else report.text())
            sys.exit(0 if report.is_clean else 1)
        results = list(runner.scenarios(path or paths.bundled("bpmn")))
    for result in results:
        click.echo(result.text())
    failed = [result for result in results if result.failure]
    click.echo(f"{len(results) - len(failed)} passed, {len(failed)} failed")
    sys.exit(1 if failed or not results else 0)


@main.group("keys")
def key_ring() -> None:
    """The master key and the data keys under it."""


@key_ring.command()
@click.argument("new_key_file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def rotate(new_key_file: Path) -> None:
    """Wrap every data key under the master key in NEW_KEY_FILE (32 bytes, base64)."""
    import base64

    with open_database() as factory, factory() as session, db.unit_of_work(session):
        count = keys.rotate(session, base64.b64decode(new_key_file.read_text()))
    click.echo(f"{count} data keys wrapped under the new master key; install it before the next start")


@contextmanager
def _owned_database() -> Iterator[tuple[str, config.Settings]]:
    """The owner's address of the configured database as it is, else of the embedded one, which runs meanwhile."""
    settings = config.Settings.from_environment()
    with saying_refusals():
        if settings.owner_url or settings.database_url:
            yield settings.owner_url or settings.database_url, settings
            return
        from lastmeter.embedded import postgres

        with postgres.start_or_attach(settings.data_dir / "postgres") as cluster:
            yield cluster.url(role=postgres.OWNER), settings


@main.command()
@click.argument("path", type=click.Path(file_okay=False, path_type=Path))
def backup(path: Path) -> None:
    """Write database and files into the new folder PATH. The master key is not part of it: keep it elsewhere."""
    from lastmeter import backups

    with _owned_database() as (url, settings):
        manifest = backups.backup(url, settings.data_dir, path, progress=tqdm)
    click.echo(f"{path}: the database and {len(manifest['files'])} files")


@main.command()
@click.argument("path", type=click.Path(exists=True, file_okay=False, path_type=Path))
def restore(path: Path) -> None:
    """Fill the empty database and data folder from the backup in PATH. Install the master key before the next start."""
    from lastmeter import backups

    with _owned_database() as (url, settings):
        manifest = backups.restore(url, settings.data_dir, path, progress=tqdm)
    click.echo(f"the database and {len(manifest['files'])} files of {manifest['made_at']} are back")


@main.group("export")
def exports() -> None:
    """Data for others."""


@exports.command()
@click.option("--since", default=None, help="A day or an instant of ISO 8601; without it, everything.")
@click.option("--address", default="", help="Where the site stands, as https://…: for links to its public pages.")
def ocds(since: str | None, address: str) -> None:
    """Print what is public of every procurement as one OCDS 1.1 release package."""
    from lastmeter.reports import ocds as room

    try:
        first = None if since is None else room.instant(since)
    except ValueError as error:
        raise click.BadParameter(f"{since} is not a date or date-time of ISO 8601") from error
    settings = config.Settings.from_environment()
    with open_database() as factory, factory() as session, db.unit_of_work(session, write=False):
        package = room.releases(session, since=first, limit=sys.maxsize, prefix=settings.ocid_prefix, address=address)
    click.echo(dump(package))


@main.command()
def reconcile() -> None:
    """Name what does not fit: open instances that wait for nothing, broken audit chains. Status 1 if any."""
    from lastmeter.rehearsal import reconciliation

    with open_database() as factory, factory() as session, db.unit_of_work(session, write=False):
        problems = reconciliation.problems(session)
    for problem in problems:
        click.echo(problem)
    click.echo(f"{len(problems)} problems")
    sys.exit(1 if problems else 0)


main.add_command(mending.migrate)
main.add_command(mending.surgery)

if __name__ == "__main__":
    main()
