import pytest

from beaufort.catalog.vision import vision_parameters
from beaufort.errors import Problem

VISION = {"hidden_size": 1024, "intermediate_size": 4096, "model_type": "pixtral", "num_hidden_layers": 24}


def _count(config: dict[str, object]) -> tuple[int, list[Problem]]:
    problems: list[Problem] = []
    return vision_parameters(config, 5120, "file", problems), problems


def test_a_model_for_text_has_none() -> None:
    assert _count({}) == (0, [])


def test_mistral_small_has_the_published_count() -> None:
    config = {"vision_config": VISION | {"patch_size": 14}, "spatial_merge_size": 2, "multimodal_projector_bias": False}
    # 24,011,361,280 weights of Mistral Small 3.1 are published, 23,572,403,200 of them the decoder's.
    assert _count(config) == (24_011_361_280 - 23_572_403_200, [])


def test_without_a_merger_the_projector_has_biases() -> None:
    encoder = 24 * (4 * 1024**2 + 3 * 1024 * 4096 + 2 * 1024) + 3 * 16 * 16 * 1024 + 1024
    projector = 1024 * 5120 + 5120 * 5120 + 2 * 5120
    assert _count({"vision_config": {"model_type": "pixtral"}}) == (encoder + projector, [])


@pytest.mark.parametrize("vision", [[], "pixtral", {"model_type": "siglip"}, {}])
def test_another_encoder_is_told(vision: object) -> None:
    count, problems = _count({"vision_config": vision})
    assert count == 0
    assert [problem.where for problem in problems] == ["file: vision_config"]
