"""What volumes, Services and admission may use of Kubernetes, by version."""

from __future__ import annotations

from beaufort.catalog.features import Feature, alpha, beta, stable

_CONTROL_PLANE = ("kube-apiserver", "kube-controller-manager")
_POD = ("kube-apiserver", "kubelet")

STORAGE = (
    Feature(
        "VolumeAttributesClass",
        "VolumeAttributesClass and PersistentVolumeClaim spec.volumeAttributesClassName",
        (
            alpha(29, "storage.k8s.io/v1alpha1"),
            beta(31, "storage.k8s.io/v1beta1", enabled=False),
            stable(34, "storage.k8s.io/v1"),
        ),
        "KEP-3751",
        gate="VolumeAttributesClass",
        components=(*_CONTROL_PLANE, "kube-scheduler", "external-provisioner", "external-resizer"),
        note="the driver has to support ModifyVolume; driverName and parameters cannot be changed afterwards",
    ),
    Feature(
        "ImageVolume",
        "volumes[].image: an OCI image as a read-only volume",
        (alpha(31), beta(33, enabled=False), beta(35), stable(36)),
        "KEP-4639",
        gate="ImageVolume",
        components=_POD,
        note="the container runtime has to support it",
    ),
)

NETWORK = (
    Feature(
        "TopologyAwareHints",
        "Service annotation service.kubernetes.io/topology-mode: Auto",
        (alpha(21), beta(23, enabled=False), beta(24), stable(33)),
        "KEP-2433",
        note="gives no hints while a zone has too few endpoints; wins over spec.trafficDistribution",
    ),
    Feature(
        "ServiceTrafficDistribution",
        "Service spec.trafficDistribution: PreferClose",
        (alpha(30), beta(31), stable(33)),
        "KEP-4444",
        gate="ServiceTrafficDistribution",
        components=(*_CONTROL_PLANE, "kube-proxy"),
        note="PreferSameZone is its name since 1.34; the old one stays valid",
    ),
    Feature(
        "PreferSameTrafficDistribution",
        "Service spec.trafficDistribution: PreferSameZone or PreferSameNode",
        (alpha(33), beta(34), stable(35)),
        "KEP-3015",
        gate="PreferSameTrafficDistribution",
        components=(*_CONTROL_PLANE, "kube-proxy"),
    ),
    Feature(
        "ServiceInternalTrafficPolicy",
        "Service spec.internalTrafficPolicy: Local",
        (alpha(21), beta(22), stable(26)),
        "KEP-2086",
        note="drops traffic on nodes without a ready endpoint",
    ),
)

SECURITY = (
    Feature(
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicy and its binding",
        (
            alpha(26, "admissionregistration.k8s.io/v1alpha1"),
            beta(28, "admissionregistration.k8s.io/v1beta1", enabled=False),
            stable(30, "admissionregistration.k8s.io/v1"),
        ),
        "KEP-3488",
    ),
    Feature(
        "MutatingAdmissionPolicy",
        "MutatingAdmissionPolicy and its binding",
        (
            alpha(32, "admissionregistration.k8s.io/v1alpha1"),
            beta(34, "admissionregistration.k8s.io/v1beta1", enabled=False),
            stable(36, "admissionregistration.k8s.io/v1"),
        ),
        "KEP-3962",
        gate="MutatingAdmissionPolicy",
        components=("kube-apiserver",),
    ),
    Feature(
        "SupplementalGroupsPolicy",
        "Pod securityContext.supplementalGroupsPolicy: Strict",
        (alpha(31), beta(33), stable(35)),
        "KEP-3619",
        gate="SupplementalGroupsPolicy",
        components=_POD,
        note="since 1.33 a node whose container runtime lacks it rejects the pod",
    ),
    Feature(
        "UserNamespacesSupport",
        "Pod spec.hostUsers: false",
        (alpha(25), beta(30, enabled=False), beta(33), stable(36)),
        "KEP-127",
        gate="UserNamespacesSupport",
        components=_POD,
        note="device plugins and some volumes do not work in one",
    ),
)
