"""Engines: servers that run a model behind one OpenAI-compatible surface.

| Module | Holds |
|---|---|
| `generation` | what an engine is asked and what it gives, as frozen values; the protocol each engine keeps |
| `messages` `requests` | the bodies of `/v1/chat/completions` and `/v1/completions`, field by field |
| `parsing` | a body's bytes to its checked form |
| `refusal` | why a request is not served, in OpenAI's shape |
| `intake` `calling` | from a checked body to what the engine is asked; which tools it may or must call |
| `stop` | stop strings found in a stream of text |
| `tools` | tool calls: when they can be served, and found in a model's text |
| `choice` | one choice: from the engine's deltas to what its client is shown |
| `delivery` | one request's way out: from all its choices to the client's bytes |
| `answer` `responses` | what an answer holds; the bodies and stream events that say it |
| `metrics` | vLLM's metric names |
| `surface` | the routes |
| `serving` | the process: listen, drain, stop |
| `models` `hub` `repository` `gguf` | where a model's files are: path, demo, hub; whether they can be served |
| `openvino/` | a real model by OpenVINO GenAI's continuous batching pipeline |
| `emulated/` | the timing of a real accelerator without one |
"""
