"""Health checks and actions for Argo CD, run by a real Lua interpreter over objects in every state."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
import yaml

from gitops import lua
from gitops.settled import Cluster, webhook, webhook_test
from gitops.states import STATES, State, identity, of_webhook
from hookwright.api.v1alpha1.status import WebhookStatus, WebhookTestStatus


@pytest.mark.parametrize("state", STATES, ids=identity)
def test_health_of_every_state(state: State) -> None:
    """Status and message are those of the table."""
    found = lua.health(state.object)
    assert found["status"] == state.argo
    assert state.says in found["message"]


@pytest.mark.parametrize("state", [each for each in STATES if "status" in each.object], ids=identity)
def test_every_state_is_a_status_of_the_crd(state: State) -> None:
    """What the table feeds is what the API server could hold."""
    model = {"Webhook": WebhookStatus, "WebhookTest": WebhookTestStatus}[state.object["kind"]]
    model.model_validate(state.object["status"], strict=False)


@pytest.mark.parametrize("make", [webhook, webhook_test])
def test_reconcile_asks_as_the_controller_understands_it(make: type) -> None:
    """The action sets the annotation to the present time and nothing else, whether there are annotations or not."""
    for given in ({}, {"annotations": {"a": "b"}}):
        before = make()
        before["metadata"] |= given
        earliest = datetime.now(UTC).replace(microsecond=0)
        after = lua.act("reconcile", before)
        requested = after["metadata"]["annotations"].pop("hookwright.io/requestedAt")
        moment = datetime.strptime(requested, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        assert earliest <= moment <= datetime.now(UTC)
        before["metadata"].setdefault("annotations", {})
        assert after == before


def test_the_controller_takes_up_a_reconcile_action() -> None:
    """What the action wrote comes back as status.lastHandledReconcileAt."""
    after = lua.act("reconcile", of_webhook().settle()["Webhook"])
    requested = after["metadata"]["annotations"]["hookwright.io/requestedAt"]
    assert Cluster([after]).settle()["Webhook"]["status"]["lastHandledReconcileAt"] == requested


@pytest.mark.parametrize(
    ("spec", "active"), [({}, True), ({"active": True}, True), ({"active": False}, False)]
)
def test_activate_and_deactivate(spec: dict[str, bool], active: bool) -> None:
    """The one that changes something is offered; both set spec.active and nothing else."""
    before = webhook(**spec)
    offered = lua.actions(before)
    assert (offered["activate"]["disabled"], offered["deactivate"]["disabled"]) == (active, not active)
    for name, value in (("activate", True), ("deactivate", False)):
        after = lua.act(name, before)
        assert after == {**before, "spec": {**before["spec"], "active": value}}


@pytest.mark.parametrize("make", [webhook, webhook_test])
def test_every_action_that_is_offered_is_defined(make: type) -> None:
    """Discovery and definitions name the same actions; reconcile can always be clicked."""
    offered = lua.actions(make())
    assert set(offered) == lua.defined(make())
    assert not offered["reconcile"].get("disabled")


def test_the_file_is_a_patch_of_argocd_cm_and_of_nothing_else() -> None:
    """Applied to a live ConfigMap it adds four keys of ours."""
    patch = yaml.safe_load(lua.FILE.read_text())
    assert (patch["kind"], patch["metadata"]) == ("ConfigMap", {"name": "argocd-cm"})
    assert all(re.fullmatch(r"resource\.customizations\.(health|actions)\.hookwright\.io_Webhook(Test)?", key)
               for key in patch["data"])  # fmt: skip
    assert len(patch["data"]) == 4


def test_lua_runs_under_the_limits_of_argo_cd() -> None:
    """The interpreter of these tests has no string library, as that of Argo CD has none."""
    assert lua.run("return {string == nil, io == nil, os.execute == nil}", {}) == [True, True, True]
    with pytest.raises(lua.lua51.LuaError):
        lua.run('return ("x"):upper()', {})
