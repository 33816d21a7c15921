"""Data rows with their sources: models, quantisations, accelerators, machines and prices, and Kubernetes by version.

| Module | Holds |
|---|---|
| ``models`` ``repositories`` | the Mistral family's architectures, and which repositories hold them |
| ``config_json`` ``config_fields`` ``vision`` ``checkpoint`` | any other dense model, from its ``config.json`` |
| ``precision`` ``gguf_types`` | bytes of weights and of keys and values |
| ``quantisation`` | what each quantisation does, where it runs, what accuracy it costs |
| ``accelerators`` ``labels`` | the accelerators, and how nodes with them are chosen |
| ``instances`` ``prices`` | the machines that clouds rent, and their dated list prices |
| ``kubernetes`` ``features`` ``kinds`` | which version serves which feature, in which form; kinds in order |
| ``workload_features`` ``cluster_features`` ``node_features`` | the rows of that table |
| ``lookup`` ``reference`` | a row by its name; the reference page made from all rows |

Nothing here reads a file, the network or the clock. A figure without a source has no row.
"""
