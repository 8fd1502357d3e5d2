"""Hookwright: outbound webhooks, declared as Kubernetes resources, delivered without loss."""

__version__ = "0.1.0"
