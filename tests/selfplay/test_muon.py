import numpy as np
import pytest
import torch
from torch import nn

from selfplay.muon import MOMENTUM, SPEED, Muon, orthogonalised


@pytest.mark.parametrize("shape", [(64, 576), (48, 16), (32, 32), (1, 9)])
def test_orthogonalised_matrices_have_singular_values_near_1_in_the_same_directions(shape):
    torch.manual_seed(0)
    matrix = torch.randn(shape)
    found = orthogonalised(matrix)
    values = torch.linalg.svdvals(found)
    assert values.min() > 0.6
    assert values.max() < 1.3
    u, _, v = torch.linalg.svd(matrix, full_matrices=False)
    inner = u.T @ found @ v.T
    assert (inner - torch.diag(inner.diagonal())).abs().max() < 1e-4


def test_steps_of_a_matrix_are_those_of_pytorchs_muon():
    """Which computes in bfloat16, and asks for a learning rate of its own."""
    torch.manual_seed(0)
    mine, theirs = nn.Linear(16, 24, bias=False), nn.Linear(16, 24, bias=False)
    theirs.load_state_dict(mine.state_dict())
    before = mine.weight.detach().clone()
    a = Muon([mine.weight], [], lr=2e-3, decay=0.0)
    b = torch.optim.Muon([theirs.weight], lr=2e-3 * SPEED, weight_decay=0.0, momentum=MOMENTUM, nesterov=True)
    for _ in range(5):
        x = torch.randn(32, 16)
        for layer, optimizer in ((mine, a), (theirs, b)):
            optimizer.zero_grad()
            layer(x).square().mean().backward()
            optimizer.step()
    moved, wanted = (layer.weight.detach() - before for layer in (mine, theirs))
    assert (moved - wanted).norm() < 0.02 * wanted.norm()


def test_filters_are_a_matrix_with_a_row_for_each_output_however_they_lie_in_memory():
    torch.manual_seed(0)
    flat = nn.Parameter(torch.randn(8, 36))
    filters = nn.Parameter(flat.detach().view(8, 4, 3, 3).clone(memory_format=torch.channels_last))
    gradient = torch.randn(8, 36)
    for parameter in (flat, filters):
        parameter.grad = gradient.view_as(parameter).clone()
        Muon([parameter], [], lr=0.01, decay=0.1).step()
    np.testing.assert_array_equal(filters.detach().flatten(1).numpy(), flat.detach().numpy())


def test_all_others_follow_adamw():
    torch.manual_seed(0)
    matrix, bias, same = (nn.Parameter(torch.ones(n, 3)) for n in (4, 2, 2))
    a = Muon([matrix], [{"params": [bias], "weight_decay": 0.1}], lr=0.01, decay=0.0)
    b = torch.optim.AdamW([same], lr=0.01, weight_decay=0.1)
    for _ in range(3):
        matrix.grad, bias.grad = torch.randn(4, 3), torch.randn(2, 3)
        same.grad = bias.grad.clone()
        a.step()
        b.step()
    assert torch.equal(bias, same)
    assert not torch.equal(matrix, torch.ones(4, 3))
