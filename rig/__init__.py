"""A real Kubernetes from nothing, for tests and for trying things out.

``python -m rig up`` builds a control plane from its owners' Go modules, starts it on this machine's loopback, installs
the custom resources that Beaufort renders, and writes ``rig/kubeconfig``; ``python -m rig down`` leaves nothing behind.

| Module | What it is about |
|---|---|
| ``cli`` | the verbs ``up``, ``down``, ``status``, ``crds``, ``build``, ``env`` |
| ``cluster`` | one control plane: starting it, judging it, ending it |
| ``components`` | the argument lists of etcd and of the four Kubernetes programs |
| ``network`` | every address, and the free ports |
| ``pki``, ``certificates``, ``kubeconfig`` | who trusts whom, and the files that say so |
| ``process``, ``state`` | processes that are known by number *and* start time, and the file that lists them |
| ``health`` | which component answers |
| ``versions`` | the table of Kubernetes releases and feature gates |
| ``build``, ``gomodule``, ``toolchain`` | programs from Go modules, kept in the cache |
| ``crds`` and ``schemas/`` | other projects' custom resources |
| ``cache`` | the folder that survives, and its locks |
"""
