"""What this room refuses, each with a code of its own; `reasons` carry their sentences in both languages."""

from __future__ import annotations

from collections.abc import Sequence

from lastmeter.errors import Forbidden, LastmeterError
from lastmeter.procurement.rules import Reason


class Unlawful(LastmeterError):
    """Rules stand against it; facts: `reasons`, each with code, zh, en, source, subject."""

    code = "unlawful"

    def __init__(self, reasons: Sequence[Reason], **facts: object) -> None:
        self.reasons = tuple(reasons)
        super().__init__(reasons=[reason.as_dict() for reason in reasons], **facts)


class PlanIncomplete(Unlawful):
    """An annual plan lacks one of its six parts. Source: 实施方案 四(一)."""

    code = "plan_incomplete"


class PlanBudgetOff(Unlawful):
    """A plan's sources of funds or its stations do not add up to its budget."""

    code = "plan_budget_off"


class PlanExists(LastmeterError):
    """The district's plan for the year is already under way or filed; facts: `year`, `status`, `instance`."""

    code = "plan_exists"
    kind = "conflict"


class PlanNotFiled(LastmeterError):
    """Nothing is bought in a year whose plan is not filed with the city; facts: `field`, `year`.

    Source: 实施方案 四(一).
    """

    code = "plan_not_filed"
    kind = "conflict"


class PlanNotDraft(LastmeterError):
    """The plan has been filed and no longer changes; facts: `filed_no`."""

    code = "plan_filed_already"
    kind = "conflict"


class NotTheBuyer(Forbidden):
    """Only the district bureau buys. Source: 实施方案 二(一)."""

    code = "not_the_buyer"


class OverPlan(LastmeterError):
    """A lot asks for more than the plan gives its stations; facts: `budget_fen`, `available_fen`, `lot`."""

    code = "over_plan"


class TermUnlawful(Unlawful):
    """A contract may not run so long (DT3)."""

    code = "term_unlawful"


class DocumentsUnlawful(Unlawful):
    """The tender documents break a rule; every finding is in `reasons`."""

    code = "documents_unlawful"


class TooEarly(LastmeterError):
    """A minimum period is not over; facts: `rule`, `earliest`, `given`, `source_zh`, `source_en`."""

    code = "too_early"
    kind = "conflict"


class TooLate(LastmeterError):
    """A period is over; facts: `rule` or `what`, `ended`, `now`, and the source."""

    code = "too_late"
    kind = "conflict"


class NotOpenForBids(LastmeterError):
    """The procurement takes no bids at this stage; facts: `status`."""

    code = "not_open_for_bids"
    kind = "conflict"


class NotYetOpened(LastmeterError):
    """Bids are sealed until their opening; facts: `deadline`."""

    code = "bids_sealed"
    kind = "forbidden"


class SameOpener(LastmeterError):
    """The two who open the bids are one person."""

    code = "two_people_needed"
    kind = "forbidden"


class BidRefused(Unlawful):
    """The bid cannot be taken as it is."""

    code = "bid_refused"


class CommitteeUnlawful(Unlawful):
    """The committee cannot judge as it stands (DT7)."""

    code = "committee_unlawful"


class PoolTooSmall(LastmeterError):
    """Too few experts without a conflict are in the pool; facts: `wanted`, `found`."""

    code = "expert_pool_too_small"
    kind = "conflict"


class SheetRefused(Unlawful):
    """A score sheet cannot be locked as it is."""

    code = "score_sheet_refused"


class AwardRefused(Unlawful):
    """The award would break a rule: order of ranks, or main and street stations in one hand."""

    code = "award_refused"


class ComplaintRefused(Unlawful):
    """The complaint cannot be accepted."""

    code = "complaint_refused"
