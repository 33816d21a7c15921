"""The rights that a deployment needs, as manifests."""

from __future__ import annotations

import click

from beaufort.cli.cluster import say
from beaufort.cli.manifests import Choice, region_of, sent
from beaufort.kube.reference import Object
from beaufort.plan.plan import Plan
from beaufort.render import Setting
from beaufort.render.manifest import yaml_stream
from beaufort.rollout.rights import Rule, rights

_API = "rbac.authorization.k8s.io/v1"
_LABELS = {"app.kubernetes.io/managed-by": "beaufort"}


def print_rights(plan: Plan, choice: Choice) -> None:
    """Print them, and on standard error how they are given to somebody."""
    minor = plan.service.spec.cluster.minor
    manifests = region_of(plan, minor, choice)
    region = next(each for each in plan.regions if each.name == manifests.region)
    setting = Setting(plan, region, minor)
    things = [each for layer in manifests.layers if not layer.apart for each in sent(layer)]
    wide, inside = rights(things, setting.namespace, setting.names.gateway)
    name = setting.names.cluster_wide("deploy")
    roles = [_role("Role", name, rules, namespace) for namespace, rules in sorted(inside.items())]
    if wide:
        roles.insert(0, _role("ClusterRole", name, wide))
    click.echo(yaml_stream(roles), nl=False)
    say(f"note: for Kubernetes 1.{minor}, as the file says, in {', '.join(sorted(inside))}, which must be there.")
    say("note: give them to somebody, here to ACCOUNT of namespace SPACE:")
    account = "--serviceaccount SPACE:ACCOUNT"
    if wide:
        say(f"  kubectl create clusterrolebinding {name} --clusterrole {name} {account}")
    for namespace in sorted(inside):
        say(f"  kubectl -n {namespace} create rolebinding {name} --role {name} {account}")


def _role(kind: str, name: str, rules: tuple[Rule, ...], namespace: str = "") -> Object:
    place = {"namespace": namespace} if namespace else {}
    return {
        "apiVersion": _API,
        "kind": kind,
        "metadata": {"name": name, **place, "labels": _LABELS},
        "rules": list(rules),
    }
