"""What calls take and give; names beyond these are refused."""

from __future__ import annotations

import datetime as dt

from marshmallow import Schema, ValidationError, fields, validate

from lastmeter.reports import ocds


def _text(most: int, **given: object) -> fields.String:
    return fields.String(validate=validate.Length(min=1, max=most), **given)  # type: ignore[arg-type]


def _cursor() -> fields.String:
    return fields.String(validate=validate.Length(max=300), load_default=None)


def _limit() -> fields.Integer:
    return fields.Integer(strict=False, load_default=50, validate=validate.Range(min=1, max=200))


class ProblemSchema(Schema):
    """application/problem+json; the facts of the refusal stand beside these."""

    type = fields.String()
    title = fields.String()
    status = fields.Integer()
    detail = fields.String()
    code = fields.String()


class FindingSchema(Schema):
    severity = fields.String(metadata={"enum": ["error", "warning", "note"]})
    rule = fields.String()
    element_id = fields.String(allow_none=True)
    line = fields.Integer(allow_none=True)
    message = fields.String()
    message_zh = fields.String()
    message_en = fields.String()
    fix_zh = fields.String()
    fix_en = fields.String()


class FindingsSchema(Schema):
    findings = fields.List(fields.Nested(FindingSchema))


class ProcessSchema(Schema):
    key = fields.String()
    version = fields.Integer()


class PublishedSchema(ProcessSchema):
    processes = fields.List(fields.Nested(ProcessSchema))
    findings = fields.List(fields.Nested(FindingSchema))


class DefinitionSchema(ProcessSchema):
    title_zh = fields.String()
    title_en = fields.String()
    summary_zh = fields.String()
    summary_en = fields.String()
    classification = fields.String()
    published_at = fields.AwareDateTime()
    source = fields.String()
    startable = fields.Boolean()


class DefinitionsSchema(Schema):
    items = fields.List(fields.Nested(DefinitionSchema))


class DefinitionWithVersionsSchema(DefinitionSchema):
    versions = fields.List(fields.Integer())


class StartSchema(Schema):
    definition = _text(80, required=True)
    version = fields.Integer(strict=True, allow_none=True, load_default=None, validate=validate.Range(min=1, max=10**9))
    business_key = _text(120, allow_none=True, load_default=None)
    variables = fields.Dict(keys=fields.String(), load_default=dict)
    start = _text(120, allow_none=True, load_default=None)


class StartedSchema(Schema):
    id = fields.Integer()
    state = fields.String()


class InstanceQuery(Schema):
    definition = fields.String(load_default=None, validate=validate.Length(max=80))
    state = fields.String(load_default=None)
    business_key = fields.String(load_default=None, validate=validate.Length(max=120))
    cursor = _cursor()
    limit = _limit()


class Moment(fields.Field[dt.datetime]):
    """A day (its beginning) or an instant; without an offset it is the law's local time."""

    def _deserialize(self, value: object, attr: str | None, data: object, **_: object) -> dt.datetime:
        try:
            return ocds.instant(str(value))
        except ValueError:
            raise ValidationError("not a date or date-time of ISO 8601") from None


class ReleaseQuery(Schema):
    since = Moment(load_default=None, metadata={"type": "string", "format": "date-time"})
    limit = fields.Integer(strict=False, load_default=500, validate=validate.Range(min=1, max=1000))


class ReleasePackageSchema(Schema):
    """A release package of the Open Contracting Data Standard 1.1."""

    uri = fields.String()
    version = fields.String()
    publishedDate = fields.AwareDateTime()  # as the standard names it
    publisher = fields.Dict()
    releases = fields.List(fields.Dict())


class InstanceRowSchema(Schema):
    id = fields.Integer()
    definition = fields.String()
    version = fields.Integer()
    business_key = fields.String(allow_none=True)
    title_zh = fields.String()
    title_en = fields.String()
    state = fields.String()
    suspended_at = fields.AwareDateTime(allow_none=True)
    started_at = fields.AwareDateTime()
    ended_at = fields.AwareDateTime(allow_none=True)
    parent_id = fields.Integer(allow_none=True)


class InstancesSchema(Schema):
    items = fields.List(fields.Nested(InstanceRowSchema))
    next = fields.String(allow_none=True)


class OpenTaskSchema(Schema):
    id = fields.Integer()
    element_id = fields.String()
    name_zh = fields.String()
    name_en = fields.String()
    state = fields.String()
    role = fields.String(allow_none=True)
    organisation_id = fields.Integer(allow_none=True)
    holder_id = fields.Integer(attribute="claimed_by", allow_none=True)
    due_on = fields.Date(allow_none=True)
    due_at = fields.AwareDateTime(allow_none=True)
    loop_index = fields.Integer(allow_none=True)


class TimerSchema(Schema):
    element_id = fields.String()
    due_at = fields.AwareDateTime()
    due_on = fields.Date(allow_none=True)


class SubscriptionSchema(Schema):
    element_id = fields.String()
    kind = fields.String()
    name = fields.String()
    correlation = fields.String(allow_none=True)


class IncidentSchema(Schema):
    id = fields.Integer()
    instance_id = fields.Integer(allow_none=True)
    element_id = fields.String(allow_none=True)
    code = fields.String()
    detail = fields.String()
    opened_at = fields.AwareDateTime()
    resolved_at = fields.AwareDateTime(allow_none=True)


class InstanceSchema(InstanceRowSchema):
    variables = fields.Raw(metadata={"type": "object"})
    tasks = fields.List(fields.Nested(OpenTaskSchema))
    timers = fields.List(fields.Nested(TimerSchema))
    subscriptions = fields.List(fields.Nested(SubscriptionSchema))
    incidents = fields.List(fields.Nested(IncidentSchema))
    children = fields.List(fields.Integer())


class HistorySchema(Schema):
    seq = fields.Integer()
    element_id = fields.String()
    element_type = fields.String()
    element_name = fields.String(attribute="name_zh")
    element_name_en = fields.String(attribute="name_en")
    event = fields.String(metadata={"enum": ["entered", "completed", "cancelled", "failed", "migrated"]})
    at = fields.AwareDateTime()
    actor = fields.String(attribute="person", allow_none=True)
    loop_index = fields.Integer(allow_none=True)
    child_instance = fields.Integer(allow_none=True)


class ReasonSchema(Schema):
    reason = _text(500, required=True)


class SurgerySchema(Schema):
    """`at` is a token's uid, or an element where one token stands; `feel` gives values that JSON cannot."""

    action = fields.String(required=True, validate=validate.OneOf(("move", "skip", "rewind", "set", "retry")))
    at = _text(120, load_default="")
    to = _text(120, load_default="")
    variables = fields.Dict(keys=fields.String(), load_default=dict)
    feel = fields.Dict(keys=fields.String(), values=_text(2000), load_default=dict)
    despite_sent = fields.Boolean(load_default=False)
    dry_run = fields.Boolean(load_default=False)
    reason = _text(500, load_default="")
    version = fields.Integer(strict=True, load_default=None, allow_none=True)


class StandingSchema(Schema):
    uid = fields.String()
    element_id = fields.String()
    kind = fields.String()
    loop_index = fields.Integer(allow_none=True)


class CautionSchema(Schema):
    code = fields.String()
    names = fields.List(fields.String())


class RefusalSchema(Schema):
    code = fields.String()
    detail = fields.String()


class RehearsalSchema(Schema):
    """Of a dry run what would happen; of the act itself `done` and the new version."""

    done = fields.Boolean()
    version = fields.Integer()
    state = fields.String()
    ended = fields.List(fields.Nested(StandingSchema))
    begun = fields.List(fields.Nested(StandingSchema))
    passed = fields.List(fields.String())
    thrown = fields.List(fields.String())
    cautions = fields.List(fields.Nested(CautionSchema))
    completed = fields.Boolean()
    refusal = fields.Nested(RefusalSchema, allow_none=True)


class StandpointSchema(Schema):
    version = fields.Integer()
    tokens = fields.List(fields.Nested(StandingSchema))
    reached = fields.List(fields.String())
    names = fields.List(fields.String())


class RetrySchema(Schema):
    reason = _text(500, load_default="")


class ReleaseSchema(Schema):
    reason = _text(500, load_default="API")


class TaskQuery(Schema):
    queue = fields.String(load_default="mine")
    definition = fields.String(load_default=None, validate=validate.Length(max=80))
    q = fields.String(load_default=None, validate=validate.Length(max=200))
    sort = fields.String(load_default="due")
    cursor = _cursor()
    limit = _limit()


class TaskRowSchema(Schema):
    id = fields.Integer()
    instance_id = fields.Integer()
    element_id = fields.String()
    definition = fields.String(attribute="definition_key")
    business_key = fields.String(allow_none=True)
    name_zh = fields.String()
    name_en = fields.String()
    title_zh = fields.String()
    title_en = fields.String()
    state = fields.String()
    role = fields.String(allow_none=True)
    organisation_id = fields.Integer(allow_none=True)
    organisation = fields.String(allow_none=True)
    holder = fields.String(allow_none=True)
    claimed_at = fields.AwareDateTime(allow_none=True)
    due_on = fields.Date(allow_none=True)
    due_at = fields.AwareDateTime(allow_none=True)
    overdue = fields.Boolean()
    priority = fields.Integer()
    loop_index = fields.Integer(allow_none=True)
    created_at = fields.AwareDateTime()
    completed_at = fields.AwareDateTime(allow_none=True)


class TasksSchema(Schema):
    items = fields.List(fields.Nested(TaskRowSchema))
    next = fields.String(allow_none=True)
    counts = fields.Dict(keys=fields.String(), values=fields.Integer())


class TaskSchema(OpenTaskSchema):
    instance_id = fields.Integer()
    definition = fields.String()
    version = fields.Integer()
    holder = fields.String(allow_none=True)
    claimed_at = fields.AwareDateTime(allow_none=True)
    form = fields.Raw(metadata={"type": "object"})
    initial = fields.Raw(metadata={"type": "object"})
    draft = fields.Raw(allow_none=True, metadata={"type": "object"})
    draft_saved_at = fields.AwareDateTime(allow_none=True)
    earlier = fields.Raw(metadata={"type": "array"})
    history = fields.List(fields.Nested(HistorySchema))
    allowed = fields.Raw(metadata={"type": "object"})
    deadline = fields.Raw(allow_none=True, metadata={"type": "object"})
    decided = fields.Raw(metadata={"type": "array"})


class DataSchema(Schema):
    data = fields.Dict(keys=fields.String(), load_default=dict)


class CompleteSchema(DataSchema):
    comment = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=2000))


class DraftSchema(Schema):
    saved_at = fields.AwareDateTime()


class CompletedSchema(Schema):
    id = fields.Integer()
    state = fields.String()
    instance_id = fields.Integer()
    instance_state = fields.String()
    next = fields.Raw(metadata={"type": "array"})


class MessageSchema(Schema):
    name = _text(200, required=True)
    correlation = fields.Raw(allow_none=True, load_default=None)
    payload = fields.Dict(keys=fields.String(), load_default=dict)


class SignalSchema(Schema):
    name = _text(200, required=True)
    payload = fields.Dict(keys=fields.String(), load_default=dict)


class DeliveredSchema(Schema):
    delivered = fields.Integer()
    started = fields.Integer()


class MigrationSchema(Schema):
    to = fields.Integer(strict=True, required=True, validate=validate.Range(min=1, max=10**9))
    from_ = fields.Integer(
        strict=True, allow_none=True, load_default=None, validate=validate.Range(min=1, max=10**9), data_key="from"
    )
    instances = fields.List(
        fields.Integer(strict=True, validate=validate.Range(min=1, max=2**63 - 1)),
        load_default=list,
        validate=validate.Length(max=500),
    )
    business_key = _text(120, allow_none=True, load_default=None)
    mapping = fields.Dict(keys=_text(120), values=_text(120), load_default=dict)
    dry_run = fields.Boolean(truthy={True}, falsy={False}, load_default=False)
    reason = fields.String(load_default="", validate=validate.Length(max=500))


class MoveSchema(Schema):
    from_ = fields.String(data_key="from", attribute="from")
    to = fields.String()
    count = fields.Integer()


class BlockerSchema(Schema):
    element_id = fields.String(allow_none=True)
    code = fields.String()
    message = fields.String()


class MigratedSchema(Schema):
    instance = fields.Integer()
    result = fields.String(metadata={"enum": ["planned", "migrated", "blocked"]})
    migration = fields.Integer(allow_none=True)
    moves = fields.List(fields.Nested(MoveSchema))
    armed = fields.List(fields.String())
    closed = fields.List(fields.String())
    refilled = fields.List(fields.String())
    unfilled = fields.List(fields.String())
    blockers = fields.List(fields.Nested(BlockerSchema))


class MigrationsSchema(Schema):
    items = fields.List(fields.Nested(MigratedSchema))


class DataStoreSchema(Schema):
    store = fields.String()
    organisation_id = fields.Integer(allow_none=True)
    entries = fields.Integer()
    bytes = fields.Integer()
    written_at = fields.AwareDateTime()


class DataStoresSchema(Schema):
    items = fields.List(fields.Nested(DataStoreSchema))


class UndoneSchema(Schema):
    migration = fields.Integer(attribute="id")
    instance = fields.Integer(attribute="instance_id")
    undone_at = fields.AwareDateTime()
