import pytest

from beaufort.errors import UsageError
from beaufort.simulate.config import ReplicaConfig


def test_the_defaults_are_those_of_vllm() -> None:
    config = ReplicaConfig(num_blocks=100, max_model_len=1000)
    assert (config.block_size, config.max_num_seqs, config.max_num_batched_tokens) == (16, 256, 8192)
    assert config.prefix_caching


@pytest.mark.parametrize(("tokens", "blocks"), [(0, 0), (1, 1), (16, 1), (17, 2)])
def test_a_begun_block_is_a_block(tokens: int, blocks: int) -> None:
    assert ReplicaConfig(num_blocks=100, max_model_len=1000).blocks(tokens) == blocks


def test_every_mistake_is_named_at_once() -> None:
    with pytest.raises(UsageError) as caught:
        ReplicaConfig(num_blocks=0, max_model_len=-1, max_num_batched_tokens=8, startup_seconds=-2)
    places = [problem.where for problem in caught.value.problems]
    assert places == ["num_blocks", "max_model_len", "max_num_batched_tokens", "startup_seconds"]
    assert all(problem.remedy for problem in caught.value.problems)
