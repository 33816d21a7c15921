"""A real model on this machine's processors: OpenVINO GenAI's continuous batching pipeline.

| Module | Holds |
|---|---|
| `pipeline` | the engine: requests in, steps, tokens out |
| `detokenizer` | tokens to text, a batch of sequences at a time |
| `sampling` | our sampling in the pipeline's terms |
| `load` | a model and a KV cache, made ready |
| `constraint` | what output is held to, as one grammar |
| `schema` | the JSON Schemas that output can be held to, as grammars |
| `calls` | tool calls in each model's own form, as grammars |
| `keywords` | a schema's keywords, read strictly |
| `grammar` `numbers` `formats` | grammars in the shape that the pipeline's compiler does right |
| `compilation` | how long it would take over one |
"""
