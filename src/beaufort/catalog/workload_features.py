"""What pods, autoscalers and disruption budgets may use of Kubernetes, by version."""

from __future__ import annotations

from beaufort.catalog.features import Feature, alpha, beta, stable

_CONTROL_PLANE = ("kube-apiserver", "kube-controller-manager")
_SCHEDULING = ("kube-apiserver", "kube-scheduler")
_POD = ("kube-apiserver", "kubelet")

SCHEDULING = (
    Feature(
        "PodSchedulingReadiness",
        "Pod spec.schedulingGates",
        (alpha(26), beta(27), stable(30)),
        "KEP-3521",
        note="set at creation only, removed in any order; the cluster autoscaler does not see gated pods",
    ),
    Feature(
        "PodMutableSchedulingDirectives",
        "a tightened spec.nodeSelector or required node affinity of a gated pod",
        (beta(27), stable(30)),
        "KEP-3838",
    ),
    Feature(
        "MatchLabelKeysInPodTopologySpread",
        "topologySpreadConstraints[].matchLabelKeys",
        (alpha(25), beta(27)),
        "KEP-3243",
        gate="MatchLabelKeysInPodTopologySpread",
        components=_SCHEDULING,
        note="pod-template-hash spreads each revision of a Deployment by itself",
    ),
    Feature(
        "NodeInclusionPolicyInPodTopologySpread",
        "topologySpreadConstraints[].nodeAffinityPolicy and nodeTaintsPolicy",
        (alpha(25), beta(26), stable(33)),
        "KEP-3094",
    ),
    Feature(
        "MinDomainsInPodTopologySpread",
        "topologySpreadConstraints[].minDomains",
        (alpha(24), beta(25, enabled=False), beta(27), stable(30)),
        "KEP-3022",
    ),
    Feature(
        "MatchLabelKeysInPodAffinity",
        "podAffinityTerm matchLabelKeys and mismatchLabelKeys",
        (alpha(29), beta(31), stable(33)),
        "KEP-3633",
        gate="MatchLabelKeysInPodAffinity",
        components=("kube-apiserver",),
    ),
    Feature(
        "GenericWorkload",
        "Workload and PodGroup: pods that are scheduled together or not at all",
        (
            alpha(35, "scheduling.k8s.io/v1alpha1"),
            alpha(36, "scheduling.k8s.io/v1alpha2"),
            beta(37, "scheduling.k8s.io/v1beta1", enabled=False),
        ),
        "KEP-4671",
        gate="GenericWorkload",
        components=_SCHEDULING,
        note="the API changed in every version so far; scheduling gates do the same on all of them",
    ),
    Feature(
        "DynamicResourceAllocation",
        "ResourceClaim, DeviceClass and Pod spec.resourceClaims",
        (
            alpha(26, "resource.k8s.io/v1alpha2"),
            alpha(31, "resource.k8s.io/v1alpha3"),
            beta(32, "resource.k8s.io/v1beta1", enabled=False),
            beta(33, "resource.k8s.io/v1beta2", enabled=False),
            stable(34, "resource.k8s.io/v1"),
        ),
        "KEP-4381",
        gate="DynamicResourceAllocation",
        components=(*_CONTROL_PLANE, "kube-scheduler", "kubelet"),
        note="needs a driver of the vendor on the nodes; device plugins serve extended resources on every version",
    ),
)

AUTOSCALING = (
    Feature(
        "HorizontalPodAutoscaler",
        "HorizontalPodAutoscaler",
        (stable(23, "autoscaling/v2"),),
        "KEP-2702",
        note="sums the items of an external metric",
    ),
    Feature(
        "HPAContainerMetrics",
        "HorizontalPodAutoscaler metrics[].type: ContainerResource",
        (alpha(20), beta(27), stable(30)),
        "KEP-1610",
    ),
    Feature(
        "HPAConfigurableTolerance",
        "HorizontalPodAutoscaler behavior.scaleUp.tolerance and scaleDown.tolerance",
        (alpha(33), beta(35), stable(37)),
        "KEP-4951",
        gate="HPAConfigurableTolerance",
        components=_CONTROL_PLANE,
        note="without it the tolerance is the controller manager's flag, 0.1 for every autoscaler",
    ),
    Feature(
        "HPAScaleToZero",
        "HorizontalPodAutoscaler spec.minReplicas: 0",
        (alpha(16), beta(37)),
        "KEP-2021",
        gate="HPAScaleToZero",
        components=_CONTROL_PLANE,
        note="for Object and External metrics only",
    ),
    Feature(
        "PodDeletionCost",
        "annotation controller.kubernetes.io/pod-deletion-cost",
        (alpha(21), beta(22)),
        "KEP-2255",
        gate="PodDeletionCost",
        components=("kube-controller-manager",),
        note="best effort: the cheapest pod of a ReplicaSet is deleted first",
    ),
)

LIFECYCLE = (
    Feature("PodDisruptionBudget", "PodDisruptionBudget", (stable(21, "policy/v1"),), "KEP-85"),
    Feature(
        "PDBUnhealthyPodEvictionPolicy",
        "PodDisruptionBudget spec.unhealthyPodEvictionPolicy",
        (alpha(26), beta(27), stable(31)),
        "KEP-3017",
        note="AlwaysAllow lets a drain evict pods that never became ready",
    ),
    Feature(
        "SidecarContainers",
        "initContainers[].restartPolicy: Always",
        (alpha(28), beta(29), stable(33)),
        "KEP-753",
    ),
    Feature(
        "PodLifecycleSleepAction",
        "lifecycle.preStop.sleep.seconds",
        (alpha(29), beta(30), stable(34)),
        "KEP-3960",
        note="no shell in the image is needed",
    ),
    Feature(
        "PodLifecycleSleepActionAllowZero",
        "lifecycle.preStop.sleep.seconds: 0",
        (alpha(32), beta(33), stable(34)),
        "KEP-4818",
        gate="PodLifecycleSleepActionAllowZero",
        components=_POD,
    ),
    Feature(
        "InPlacePodVerticalScaling",
        "a change of containers[].resources, by the resize subresource",
        (alpha(27), beta(33), stable(35)),
        "KEP-1287",
        gate="InPlacePodVerticalScaling",
        components=(*_SCHEDULING, "kubelet"),
        note="CPU and memory only, never an accelerator; not with the static CPU manager",
    ),
    Feature(
        "PodLevelResources",
        "Pod spec.resources",
        (alpha(32), beta(34)),
        "KEP-2837",
        gate="PodLevelResources",
        components=(*_SCHEDULING, "kubelet"),
        note="CPU, memory and huge pages only",
    ),
)
