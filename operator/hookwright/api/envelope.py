"""The envelope of an access-request event, field by field as its vendor documents it (SPEC 3).

For people: the JSON Schema, the documentation tables and the page's schema panel are made from it. It is not
what decoding checks: every field but `event_type` may be missing or null, and unknown ones pass through.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Part(BaseModel):
    """Base of the envelope's objects: names as they are sent, further fields kept."""

    model_config = ConfigDict(extra="allow", use_attribute_docstrings=True, frozen=True)


class Requester(Part):
    """Who asked for access."""

    id: str | None = None
    """Id of the user."""
    name: str | None = None
    """Full name."""
    email: str | None = None
    """E-mail address."""


class Grantee(Part):
    """Who receives access."""

    id: str | None = None
    """Id of the grantee."""
    source_id: str | None = None
    """Id in the system the grantee comes from, such as the identity provider."""
    name: str | None = None
    """Name."""
    type: str | None = None
    """Kind of grantee."""


class AccessFlow(Part):
    """The access flow that the request goes through."""

    id: str | None = None
    """Id of the access flow."""
    name: str | None = None
    """Name of the access flow."""


class AccessBundle(Part):
    """The bundle that was asked for, if one was."""

    id: str | None = None
    """Id of the bundle."""
    name: str | None = None
    """Name of the bundle."""


class Integration(Part):
    """The integration whose resources were asked for."""

    id: str | None = None
    """Id of the integration."""
    type: str | None = None
    """Type of the integration, such as Postgresql."""
    name: str | None = None
    """Name of the integration, such as prod db."""


class ResourceType(Part):
    """A type of resource."""

    id: str | None = None
    """Id of the type, such as postgresql-database."""
    name: str | None = None
    """Name of the type, such as Database."""
    display_path: str | None = None
    """The type with the types above it, such as Postgresql/Database."""


class Resource(Part):
    """A resource in the integration."""

    id: str | None = None
    """Id of the resource."""
    name: str | None = None
    """Name of the resource."""
    path: str | None = None
    """The resource with what stands above it, such as prod db/res-1."""
    type: ResourceType | None = None
    """Type of the resource."""


class Permission(Part):
    """What may be done with the resource."""

    id: str | None = None
    """Id of the permission."""
    name: str | None = None
    """Name of the permission."""


class AccessUnit(Part):
    """One permission on one resource."""

    resource: Resource | None = None
    """The resource."""
    permission: Permission | None = None
    """The permission on it."""


class AccessGroup(Part):
    """What was asked for in one integration."""

    integration: Integration | None = None
    """The integration."""
    resource_types: list[ResourceType] | None = None
    """Types of the resources asked for."""
    access_units: list[AccessUnit] | None = None
    """The single permissions asked for."""


class Approver(Part):
    """The person who acted, or who is waited for."""

    id: str | None = None
    """Id of the user."""
    name: str | None = None
    """Full name."""
    email: str | None = None
    """E-mail address."""


class Approval(Part):
    """One approval record."""

    name: str | None = None
    """Name of the approver entry in the access flow."""
    type: str | None = None
    """Kind of approver entry."""
    status: str | None = None
    """What was decided, such as Approved, Rejected or Pending."""
    approver: Approver | None = None
    """The person; missing where the system approved by itself."""


class AccessRequest(Part):
    """The access request that the event is about."""

    id: str | None = None
    """Internal id of the request."""
    friendly_id: str | None = None
    """Readable id as people see it, such as AR-123."""
    requester: Requester | None = None
    """Who asked for access."""
    grantee: Grantee | None = None
    """Who receives access."""
    justification: str | None = None
    """The reason that was given."""
    creation_date: str | float | None = None
    """When the request was made: seconds since 1970 with a fraction, as a string or a number."""
    revocation_date: str | float | None = None
    """When access ends or ended: seconds since 1970, as a string or a number."""
    access_flow: AccessFlow | None = None
    """The access flow that the request goes through."""
    access_bundle: AccessBundle | None = None
    """The bundle that was asked for, if one was."""
    access_duration_in_seconds: float | None = None
    """How long access is granted, in seconds."""
    access_groups: list[AccessGroup] | None = None
    """What was asked for, one entry for each integration."""
    approvals_logical_relation: str | None = None
    """Whether one approval is enough or all are needed, such as AnyOf or AllOf."""
    approvals: list[Approval] | None = None
    """The approval records."""


class CloudEventAttributes(Part):
    """Context attributes of a CloudEvent, extensions included."""

    specversion: str
    """Version of the CloudEvents specification: 1.0."""
    id: str
    """Id of the event, unique within its source."""
    source: str
    """Where the event comes from, a URI reference."""
    type: str
    """Type of the event; the same as event_type."""
    subject: str | None = None
    """What in the source the event is about."""
    time: str | None = None
    """When it happened, RFC 3339; the same as event_time."""
    datacontenttype: str | None = None
    """Media type of data; always JSON."""
    dataschema: str | None = None
    """URI of the schema that data follows."""


class Envelope(Part):
    """An event as templates and filters see it."""

    event_type: str = Field(min_length=1, max_length=256, examples=["AccessRequestCreated"])
    """What happened: AccessRequestCreated, …Approved, …Rejected, …Granted, …Expired, …Failed, also without
    Access; Manual; or the type of a CloudEvent."""
    event_time: str | float | None = None
    """When it happened: seconds since 1970 with a fraction, as a string or a number. In a CloudEvent RFC 3339."""
    data: AccessRequest | None = None
    """What the event is about: the access request. In any other CloudEvent whatever JSON its data is."""
    cloudevent: CloudEventAttributes | None = None
    """Only in a CloudEvent that holds no access-request event: its context attributes."""
