"""On a GPU learning is recorded and replayed; it has to be the same learning."""

import numpy as np
import pytest
import torch

from agents.dqn.learner import Learner
from agents.dqn.network import QConfig, QNetwork

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
SIZES = (48, 50, 33, 48, 41, 64, 50, 48, 47, 64, 33, 60)  # of batches, above and below what there is room for


def learner(device, quantiles):
    torch.manual_seed(1)
    net = QNetwork(QConfig(channels=8, hidden=32, layer_norm=True, quantiles=quantiles), 4)
    return Learner(net, with_target=True, adam_epsilon=1e-2, precision="float32", device=device)


@pytest.mark.parametrize("quantiles", [0, 5])
def test_a_gpu_learns_what_a_processor_learns(quantiles):
    torch.backends.cudnn.allow_tf32 = False
    one, two = learner("cpu", quantiles), learner("cuda", quantiles)
    random = np.random.default_rng(0)
    for n in SIZES * 2:
        frames = random.integers(0, 256, (n, 4, 84, 84), dtype=np.uint8)
        actions = random.integers(0, 4, n)
        wanted = torch.from_numpy(random.normal(size=(n, quantiles) if quantiles else n).astype(np.float32))
        for each in (one, two):
            each.set_learning_rate(1e-3 / (1 + each.steps))
            each.learn(frames, actions, wanted)
            each.take_average()
        assert two.last_loss == pytest.approx(one.last_loss, rel=1e-3)
    assert one.steps == two.steps
    for mine, yours in ((one.net, two.net), (one.average, two.average)):
        for (name, ours), theirs in zip(mine.named_parameters(), yours.parameters(), strict=True):
            assert (ours - theirs.cpu()).norm() < 2e-3 * ours.norm() + 1e-6, name
    frames = random.integers(0, 256, (20, 4, 84, 84), dtype=np.uint8)
    for _ in range(6):  # recorded from the fourth time on
        for network, other in ((one.net, two.net), (one.target, two.target)):
            found, true = two.outputs(other, frames).cpu(), one.outputs(network, frames)
            assert (found - true).abs().max() < 2e-3 * true.abs().max()
        with torch.no_grad():
            for each in (one, two):
                each.renew_target()
