"""What the configuration of nodes, the scheduler and kubeadm may use of Kubernetes, by version."""

from __future__ import annotations

from beaufort.catalog.features import Feature, alpha, beta, removed, stable

_KUBELET = ("kubelet",)

NODE = (
    Feature(
        "KubeletConfiguration",
        "KubeletConfiguration",
        (beta(10, "kubelet.config.k8s.io/v1beta1"),),
        "kubelet sources of 1.30.14 and 1.37.2",
    ),
    Feature(
        "KubeletConfigDropInDirectory",
        "kubelet --config-dir, files that end in .conf",
        (alpha(28), beta(30), stable(35)),
        "KEP-3983",
    ),
    Feature(
        "KubeletFailCgroupV1",
        "kubelet failCgroupV1",
        (beta(31), stable(35)),
        "KEP-5573",
        note="false by default until 1.34, true since 1.35: a kubelet on cgroup v1 then starts only with false",
    ),
    Feature(
        "TopologyManager",
        "kubelet topologyManagerPolicy and topologyManagerScope",
        (alpha(16), beta(18), stable(27)),
        "KEP-693",
    ),
    Feature(
        "TopologyManagerPreferClosestNUMA",
        "kubelet topologyManagerPolicyOptions prefer-closest-numa-nodes",
        (alpha(26), beta(28), stable(32)),
        "KEP-3545",
        note="without effect under single-numa-node",
    ),
    Feature(
        "TopologyManagerMaxAllowableNUMANodes",
        "kubelet topologyManagerPolicyOptions max-allowable-numa-nodes",
        (beta(31), stable(35)),
        "KEP-4622",
        note="without it the kubelet does not start with a policy on more than 8 NUMA nodes",
    ),
    Feature(
        "CPUManager",
        "kubelet cpuManagerPolicy: static",
        (alpha(8), beta(10), stable(26)),
        "KEP-3570",
        note="needs a CPU reservation; a change needs a drained node and cpu_manager_state removed",
    ),
    Feature(
        "CPUManagerFullPCPUsOnly",
        "kubelet cpuManagerPolicyOptions full-pcpus-only",
        (alpha(22), beta(23), stable(33)),
        "KEP-2625",
    ),
    Feature(
        "CPUManagerStrictReservation",
        "kubelet cpuManagerPolicyOptions strict-cpu-reservation",
        (alpha(32), beta(33), stable(35)),
        "KEP-4540",
        gate="CPUManagerPolicyAlphaOptions",
        components=_KUBELET,
    ),
    Feature(
        "MemoryManager",
        "kubelet memoryManagerPolicy: Static and reservedMemory",
        (alpha(21), beta(22), stable(32)),
        "KEP-1769",
        note="reservedMemory has to add up to the node's reservations and eviction threshold",
    ),
    Feature(
        "GracefulNodeShutdown",
        "kubelet shutdownGracePeriod and shutdownGracePeriodCriticalPods",
        (alpha(20), beta(21)),
        "KEP-2000",
        gate="GracefulNodeShutdown",
        components=_KUBELET,
        note="inactive until both periods are set: they default to 0 s",
    ),
    Feature(
        "GracefulNodeShutdownBasedOnPodPriority",
        "kubelet shutdownGracePeriodByPodPriority",
        (alpha(23), beta(24)),
        "KEP-2712",
        gate="GracefulNodeShutdownBasedOnPodPriority",
        components=_KUBELET,
        note="instead of the two periods",
    ),
    Feature(
        "KubeletCrashLoopBackOffMax",
        "kubelet crashLoopBackOff.maxContainerRestartPeriod",
        (alpha(32), beta(35)),
        "KEP-5593",
        gate="KubeletCrashLoopBackOffMax",
        components=_KUBELET,
    ),
    Feature(
        "KubeSchedulerConfiguration",
        "KubeSchedulerConfiguration",
        (stable(25, "kubescheduler.config.k8s.io/v1"),),
        "KEP-785",
    ),
    Feature(
        "KubeadmConfiguration",
        "ClusterConfiguration, InitConfiguration, JoinConfiguration of kubeadm",
        (beta(22, "kubeadm.k8s.io/v1beta3"), beta(31, "kubeadm.k8s.io/v1beta4")),
        "kubeadm sources of 1.30.14 and 1.37.2",
        note="1.31 to 1.36 still read v1beta3, 1.37 does not",
    ),
    Feature(
        "KubeadmConfigurationV1beta3",
        "the same in the form of 1.30 and older",
        (beta(22, "kubeadm.k8s.io/v1beta3"), removed(37)),
        "kubeadm sources of 1.30.14 and 1.37.2",
    ),
)
