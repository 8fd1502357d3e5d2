"""The one sender, made from the settings; `hookwright test` has one of its own. Must not: send."""

from __future__ import annotations

from hookwright import __version__
from hookwright.core.egress import EgressPolicy
from hookwright.dispatcher.files import open_files
from hookwright.dispatcher.settings import Settings, parse_connect_to
from hookwright.errors import ConfigurationError, UsageError
from hookwright.outbound.port import StandIn
from hookwright.outbound.sender import HttpSender


def make_sender(settings: Settings, stand_in: StandIn | None = None) -> HttpSender:
    """The one sender, as the egress settings say. Raises UsageError with one sentence."""
    try:
        policy = EgressPolicy(
            settings.egress_allow,
            settings.egress_allow_hosts,
            settings.egress_deny_hosts,
            settings.egress_deny,
        )
        connect_to = dict(parse_connect_to(text) for text in settings.egress_connect_to)
        return HttpSender(
            policy,
            connect_to=connect_to,
            ca_files=settings.egress_ca_file,
            user_agent=f"hookwright/{__version__}",
            stand_in=stand_in,
            connections=open_files().outgoing,
        )
    except ValueError as error:
        raise UsageError(str(error)) from error
    except (ConfigurationError, OSError) as error:
        raise UsageError(f"egress.caFile: {error}") from error
