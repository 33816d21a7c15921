"""Engines: servers that run a model behind one OpenAI-compatible surface.

| Module | Holds |
|---|---|
| `generation` | what an engine is asked and what it gives, as frozen values; the protocol each engine keeps |
| `requests` | the bodies of `/v1/chat/completions` and `/v1/completions`, checked |
| `refusal` | why a request is not served, in OpenAI's shape |
| `responses` | the bodies and stream events that answer them |
| `stop` | stop strings found in a stream of text |
| `tools` | tool calls: when they can be served, and found in a model's text |
| `delivery` | from an engine's tokens to the client's bytes |
| `metrics` | vLLM's metric names |
| `surface` | the routes |
| `serving` | the process: listen, drain, stop |
| `openvino/` | a real model by OpenVINO GenAI's continuous batching pipeline |
| `emulated/` | the timing of a real accelerator without one |
"""
