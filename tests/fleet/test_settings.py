import sys
from pathlib import Path

import pytest

from beaufort.errors import UsageError
from beaufort.fleet.commands import engine_job, gateway_job
from beaufort.fleet.settings import Settings, from_service
from beaufort.spec import MistralService, parse


def service(spec: str) -> MistralService:
    return parse(f"apiVersion: beaufort.dev/v1alpha1\nkind: MistralService\nmetadata: {{name: x}}\nspec: {spec}\n", "f")


def test_the_demo_file_is_what_happens_without_one() -> None:
    example = Path(__file__).parents[2] / "examples" / "demo.yaml"
    assert from_service(parse(example.read_text(), "demo.yaml"), "demo.yaml") == Settings(name="demo")


def test_a_file_says_what_one_machine_runs() -> None:
    spec = "{model: {source: ./m.gguf, name: mine, contextLength: 4096}, replicas: {min: 2, max: 9}}"
    assert from_service(service(spec), "f") == Settings(
        model="./m.gguf", name="mine", replicas=2, max_model_len=4096, engine="openvino"
    )


def test_a_service_that_may_sleep_has_one_engine_here() -> None:
    assert from_service(service("{model: {source: demo}, replicas: {min: 0, max: 9}}"), "f").replicas == 1


def test_an_emulated_engine_takes_the_catalogs_model_and_the_first_accelerator() -> None:
    spec = """{model: {source: "hf://mistralai/Mistral-Nemo-Instruct-2407"}, accelerators: [{product: L40S}]}"""
    settings = from_service(service(spec), "f", "emulated")
    assert (settings.engine, settings.model, settings.accelerator) == ("emulated", "mistral-nemo-12b", "L40S")
    assert settings.name == "mistral-nemo-instruct-2407"


@pytest.mark.parametrize("engine", ["vllm", "tgi"])
def test_a_cluster_only_engine_is_refused_unless_another_is_named(engine: str) -> None:
    wanted = service(f"{{model: {{source: demo}}, engine: {engine}}}")
    with pytest.raises(UsageError, match=r"f: spec\.engine"):
        from_service(wanted, "f")
    assert from_service(wanted, "f", "openvino").engine == "openvino"


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8080"),
        ("0.0.0.0", "http://127.0.0.1:8080"),  # noqa: S104 - it is not bound
        ("::", "http://[::1]:8080"),
        ("fe80::1", "http://[fe80::1]:8080"),
        ("localhost", "http://localhost:8080"),
    ],
)
def test_the_address_is_one_that_can_be_asked(host: str, url: str) -> None:
    assert Settings(host=host).url == url


def test_the_command_lines_are_verbs_of_this_program() -> None:
    settings = Settings(model="m.gguf", name="m", kv_cache_tokens=64, drain_seconds=1.5)
    engine = engine_job(settings, 3, 9003, (4, 5))
    assert engine.command[:4] == (sys.executable, "-P", "-m", "beaufort")
    assert " ".join(engine.command[4:]) == (
        "engine openvino --model m.gguf --host 127.0.0.1 --port 9003 --drain-seconds 1.5 --exit-with-parent "
        "--threads 2 --name m --kv-cache-tokens 64"
    )
    assert (engine.name, engine.url, engine.cores) == ("engine-3", "http://127.0.0.1:9003", (4, 5))
    gateway = gateway_job(settings, Path("/e.json"), None)
    assert " ".join(gateway.command[4:]) == (
        "gateway --host 127.0.0.1 --port 8080 --drain-seconds 1.5 --exit-with-parent "
        "--endpoints-file /e.json --access-log off"
    )
