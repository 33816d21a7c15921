import pytest

from rig import cache, crds

from .conftest import Cluster

POLICY = """
apiVersion: nvidia.com/v1
kind: ClusterPolicy
metadata: {name: cluster-policy}
spec:
  daemonsets: {tolerations: [{key: nvidia.com/gpu, operator: Exists, effect: NoSchedule}]}
  dcgm: {enabled: false, hostPort: 5555}
  dcgmExporter: {enabled: true, config: {name: metrics}, serviceMonitor: {enabled: true, interval: 5s}}
  devicePlugin: {config: {name: sharing, default: any}}
  driver: {enabled: true, upgradePolicy: {maxUnavailable: 1}}
  gfd: {enabled: true}
  mig: {strategy: single}
  migManager: {enabled: true, config: {name: mig-parts}}
  nodeStatusExporter: {enabled: false}
  operator: {runtimeClass: nvidia}
  toolkit: {enabled: true, resources: {limits: {cpu: 1, memory: 1Gi}}}
  cdi: {enabled: true, default: true}
  validator: {plugin: {env: [{name: WITH_WORKLOAD, value: "false"}]}}
"""
CONFIG = """
apiVersion: amd.com/v1alpha1
kind: DeviceConfig
metadata: {name: gpus}
spec:
  selector: {feature.node.kubernetes.io/amd-gpu: "true"}
  driver: {enable: false}
  devicePlugin: {enableNodeLabeller: true, devicePluginTolerations: [{key: amd.com/gpu, operator: Exists}]}
  metricsExporter: {enable: true, serviceType: NodePort, nodePort: 32500, config: {name: metrics}}
  testRunner: {enable: true, logsLocation: {hostPath: /var/log/gpu}}
"""
ENGINE = """
apiVersion: litmuschaos.io/v1alpha1
kind: ChaosEngine
metadata: {name: kill}
spec:
  engineState: active
  appinfo: {appns: default, applabel: app=gateway, appkind: deployment}
  chaosServiceAccount: litmus
  experiments:
    - name: pod-delete
      spec:
        components: {env: [{name: TOTAL_CHAOS_DURATION, value: "30"}]}
        probe:
          - name: answers
            type: httpProbe
            mode: Continuous
            httpProbe/inputs: {url: http://gateway/health, method: {get: {criteria: "==", responseCode: "200"}}}
            runProperties: {probeTimeout: 1s, interval: 1s}
"""
POOL = """
apiVersion: inference.networking.k8s.io/v1
kind: InferencePool
metadata: {name: pool}
spec:
  selector: {matchLabels: {app: vllm}}
  targetPorts: [{number: 8000}]
  endpointPickerRef: {name: picker, port: {number: 9002}, failureMode: FailOpen}
"""


def test_every_custom_resource_is_established(each_cluster: Cluster) -> None:
    folders = (crds.SCHEMAS, *(source.place(cache.folder()) for source in crds.SOURCES))
    files = [argument for folder in folders for argument in ("-f", str(folder))]
    named = each_cluster.kubectl("create", "--dry-run=client", "--validate=false", "-o", "name", *files).stdout.split()
    expected = {name.partition("/")[2] for name in named}
    assert len(expected) > 35
    conditions = {
        each["metadata"]["name"]: {one["type"]: one["status"] for one in each["status"]["conditions"]}
        for each in each_cluster.get("crds")["items"]
    }
    assert expected <= conditions.keys()
    assert {name for name in expected if conditions[name]["Established"] != "True"} == set()


@pytest.mark.parametrize("manifest", [POLICY, CONFIG, ENGINE, POOL], ids=["policy", "config", "engine", "pool"])
def test_a_right_object_is_accepted(each_cluster: Cluster, namespace: str, manifest: str) -> None:
    assert each_cluster.dry_run(manifest, namespace) == ""


@pytest.mark.parametrize(
    ("manifest", "right", "wrong", "why"),
    [
        (POLICY, "enabled: false, host", 'enabled: "no", host', ".spec.dcgm.enabled: expected boolean"),
        (POLICY, "cdi: {", "cdi: {enable: true, ", ".spec.cdi.enable: field not declared in schema"),
        (POLICY, "strategy: single", "strategy: double", 'supported values: "none", "single", "mixed"'),
        (POLICY, "  gfd: {enabled: true}\n", "", "spec.gfd: Required value"),
        (POLICY, "name: sharing", "name: [sharing]", ".spec.devicePlugin.config.name: expected string"),
        (POLICY, "interval: 5s", "interval: 5 s", "spec.dcgmExporter.serviceMonitor.interval in body should match"),
        (POLICY, "cpu: 1,", "cpu: much,", "spec.toolkit.resources.limits.cpu in body should match"),
        (CONFIG, "nodePort: 32500", "nodePort: 80", "should be greater than or equal to 30000"),
        (CONFIG, "driver: {enable: false}", "driver: {enabled: false}", ".spec.driver.enabled: field not declared"),
        (CONFIG, "serviceType: NodePort", "serviceType: Local", 'supported values: "ClusterIP", "NodePort"'),
        (ENGINE, "engineState: active", "engineState: on fire", "spec.engineState in body should match"),
        (ENGINE, "runProperties: {probeTimeout: 1s, ", "runProperties: {", "probeTimeout: Required value"),
        (ENGINE, "chaosServiceAccount", "serviceAccount", ".spec.serviceAccount: field not declared"),
        (POOL, "failureMode: FailOpen", "failureMode: Fail", "failureMode: Unsupported value"),
    ],
)
def test_a_wrong_object_is_refused(
    each_cluster: Cluster, namespace: str, manifest: str, right: str, wrong: str, why: str
) -> None:
    assert manifest.count(right) == 1
    assert why in each_cluster.dry_run(manifest.replace(right, wrong), namespace)
