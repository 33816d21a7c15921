"""Mistral models on Kubernetes, at any force of traffic."""

__version__ = "0.1.0"
