"""A real Kubernetes from nothing, for tests and for trying things out.

``python -m rig up`` builds a control plane from its owners' Go modules, starts it with two nodes in namespaces of their
own, installs the custom resources that Beaufort renders, and writes ``rig/kubeconfig``; ``python -m rig down`` leaves
nothing behind. Without root it starts a control plane alone.

| Module | What it is about |
|---|---|
| ``cli``, ``node_cli``, ``status_cli``, ``options`` | the verbs |
| ``cluster``, ``launch``, ``bringup`` | one cluster: judging and ending it, starting it, waiting for it |
| ``components`` | the argument lists of etcd and of the four Kubernetes programs |
| ``machine``, ``hub``, ``relay`` | machines that are namespaces, the control plane's among them, and the way to it |
| ``node``, ``daemons``, ``cgroups``, ``limits``, ``topology`` | switching nodes on and off, and what they consist of |
| ``inventory``, ``devices``, ``programs/`` | which nodes there are, with which devices; our own programs in Go |
| ``addons``, ``simulated``, ``manifests/`` | names, metrics, groups, volumes; thousands of nodes that KWOK makes up |
| ``images`` | the images of pods |
| ``network`` | every address, and the free ports |
| ``pki``, ``certificates``, ``kubeconfig`` | who trusts whom, and the files that say so |
| ``process``, ``state`` | processes that are known by number *and* start time, and the file that lists them |
| ``health``, ``kubectl`` | which component answers; what the rig itself asks of the cluster |
| ``versions`` | the table of Kubernetes releases and feature gates |
| ``build``, ``gomodule``, ``toolchain`` | programs from Go modules, kept in the cache |
| ``debian``, ``kit`` | programs from Debian's packages, and all parts of a node together |
| ``crds`` and ``schemas/`` | other projects' custom resources |
| ``cache`` | the folder that survives, and its locks |
"""
