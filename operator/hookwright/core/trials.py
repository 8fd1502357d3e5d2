"""One template tried alone with the sample events: its faults, the lines to write instead, and what that took.

Trying is work that anyone who may write a webhook can cause, so it is counted in the steps of a render
(`core.templates.budget`), compiling included, and ends when the purse is empty. A template is tried through
`Route.build`, so that what passes here is what an attempt does. Must not: send, know where a template stands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from hookwright import limits
from hookwright.api.config import RouteConfig
from hookwright.api.v1alpha1.webhook import WebhookSpec
from hookwright.core.event import Event
from hookwright.core.objects import Object
from hookwright.core.routes import Route
from hookwright.core.samples import SAMPLE_DELIVERY
from hookwright.core.templates import Budget, words
from hookwright.core.templates.cures import cures, tag_of
from hookwright.core.templates.explain import shortened
from hookwright.errors import BudgetError, TemplateError

_URL: Final = "https://sample.invalid"
_FAULTS_MAX: Final = 6  # shown of one template
_WORD_STEPS: Final = 60  # compiling a word or sign of a tag
_CHARACTER_STEPS: Final = 4  # reading a character as JSON, up to where reading ends
_TRY_STEPS: Final = 100  # rendering one sample, beside what its template takes
_FAULT_STEPS: Final = 2_000  # finding what to say of a field that is not there


class Purse(NamedTuple):
    """Steps that are left: of trying templates as they are, and of looking for lines to write instead."""

    checks: int = limits.CHECK_STEPS
    cures: int = limits.CHECK_STEPS


@dataclass(frozen=True, slots=True)
class Piece:
    """One template, as the part of a spec that holds it and nothing else."""

    field: str
    source: str
    spec: Callable[[str], dict[str, Any]]
    here: bool = True
    """Whether the text stands at `field` itself, not behind a reference."""


@dataclass(frozen=True, slots=True)
class Sample:
    """An event to try."""

    trigger: str
    lean: bool
    event: Event


@dataclass(frozen=True, slots=True)
class Fault:
    """What failed first, with which sample (None: it does not compile), and the whole source and tag that would do."""

    error: TemplateError
    sample: Sample | None
    cured: tuple[str, str] | None

    @property
    def warning(self) -> bool:
        """An error shows a mistake with every event."""
        return self.sample is not None and (
            self.sample.lean or (self.error.lacking and self.cured is not None)
        )

    def sentence(self, secret: bool) -> str:
        """For people; of a `secret` URL no more is shown than the place."""
        said = str(self.error)
        if isinstance(
            self.error, BudgetError
        ):  # its field is that of the piece alone, and the failure names its own
            said = said.removeprefix(f"{self.error.field}: ")
        if self.sample is None:
            return said
        cure = "" if self.cured is None or secret else f", so write {self.cured[1]}"
        if self.sample.lean:
            return f"{said}; an event of {self.sample.trigger} may lack it{cure}"
        if self.warning:
            return f"{said}; the sample event of {self.sample.trigger} lacks it{cure}"
        return f"{said} (with the sample event of {self.sample.trigger})"


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of it.

    `took`: from the purse; `ended`: before all samples were tried, as the purse was empty; `short`: something was left
    out for that reason. `renders`: what each sample took of a delivery's budget, up to the first that failed.
    """

    faults: list[Fault]
    took: Purse
    ended: bool
    short: bool
    renders: list[Budget]


class _SpentError(Exception):
    """No steps are left."""


class _Work:
    """Steps that are left for one purpose."""

    def __init__(self, steps: int) -> None:
        self.left = steps

    def pay(self, steps: int) -> None:
        self.left -= steps
        if self.left < 0:
            raise _SpentError


class Trial:
    """One piece and the samples to try it with; `webhook` is what it sees as its own."""

    def __init__(self, piece: Piece, webhook: Object, samples: Sequence[Sample]) -> None:
        self._piece = piece
        self._webhook = webhook
        self._samples = samples

    def run(self, purse: Purse) -> Tried:
        """Try it, with as much as is in the purse."""
        checks, spare = _Work(purse.checks), _Work(purse.cures)
        faults: list[Fault] = []
        renders: list[Budget] = []
        ended = False
        try:
            found = self._first_error(self._piece.source, checks, renders)
        except _SpentError:
            found, ended = None, True
        if found is not None:
            faults.extend(self._faults(self._piece.source, *found, spare))
        took = Purse(purse.checks - checks.left, purse.cures - spare.left)
        return Tried(faults, took, ended, ended or spare.left < 0, renders)

    def _faults(
        self, source: str, sample: Sample | None, error: TemplateError, work: _Work
    ) -> Iterator[Fault]:
        """The faults one after the other: what comes behind one that can be mended shows as well."""
        for _ in range(_FAULTS_MAX):
            may_lack = sample is not None and (sample.lean or error.lacking)
            cured = self._cured(source, error, work) if may_lack else None
            yield Fault(error, sample, cured)
            if cured is None:
                return
            source = cured[0]
            try:
                found = self._first_error(source, work, [])
            except _SpentError:
                return
            if found is None:
                return
            sample, error = found

    def _cured(self, source: str, error: TemplateError, work: _Work) -> tuple[str, str] | None:
        """The source with another tag where the error is, and that tag, if with it no sample fails there."""
        tag = tag_of(source, error)
        try:
            for line in cures(tag) if tag is not None else ():
                mended = source.replace(tag or "", line)
                left = (each for _, each, _ in self._errors(mended, work))
                if all(each is None or each.expression not in ("", shortened(line)) for each in left):
                    return mended, line
        except _SpentError:
            pass
        return None

    def _first_error(
        self, source: str, work: _Work, renders: list[Budget]
    ) -> tuple[Sample | None, TemplateError] | None:
        for sample, error, budget in self._errors(source, work):
            renders.append(budget)
            if error is not None:
                return sample, error
        return None

    def _errors(
        self, source: str, work: _Work
    ) -> Iterator[tuple[Sample | None, TemplateError | None, Budget]]:
        """Why a source does not compile (then that is all), or not render each sample, and what that took."""
        count = words(source)
        scanned = (
            min(len(source), limits.TEMPLATE_SCAN_STEPS) if count else 0
        )  # a text without a tag is cheap
        work.pay(_WORD_STEPS * count + _CHARACTER_STEPS * scanned)
        route = self._route(source)
        try:
            route.warm()
        except TemplateError as error:
            yield None, error, Budget()
            return
        for sample in self._samples:
            budget = Budget()
            fault = _fault(route, sample, budget)
            work.pay(_TRY_STEPS + limits.RENDER_STEPS - budget.steps + _FAULT_STEPS * (fault is not None))
            yield sample, fault, budget

    def _route(self, source: str) -> Route:
        spec = WebhookSpec(**{"url": _URL, "triggers": ["Manual"], **self._piece.spec(source)})
        webhook = self._webhook
        return Route(
            RouteConfig(
                namespace=webhook.namespace, name=webhook.name, hash="", triggers=spec.triggers, spec=spec
            )
        )


def _fault(route: Route, sample: Sample, budget: Budget) -> TemplateError | None:
    try:
        route.build(
            sample.event.raw,
            trigger=sample.trigger,
            delivery_id=SAMPLE_DELIVERY,
            attempt=1,
            now=0,
            document=sample.event.document,
            budget=budget,
        )
    except TemplateError as error:
        return error
    return None
