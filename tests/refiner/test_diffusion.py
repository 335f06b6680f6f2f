import pytest
import torch

from refiner import diffusion

torch.manual_seed(0)
X0 = torch.randn(4, 9, 17, 3, dtype=torch.float64)
E = 0.1 * torch.randn(4, 9, 17, 3, dtype=torch.float64)


def test_schedule():
    bar = diffusion.alpha_bar()
    assert bar[0] == 1 and bar[-1] == 0 and (bar.diff() < 0).all()
    A, B = bar.sqrt(), (1 - bar).sqrt()
    assert ((A + B) >= 1 - 1e-12).all() and ((A + B) <= 2**0.5 + 1e-12).all()


@pytest.mark.parametrize("steps", [1, 2, 3, 5, 50])
def test_the_oracle_gives_the_truth_back(steps):
    refined = diffusion.refine(X0 + E, lambda pose, t: E, steps)
    assert (refined - X0).abs().max() < 1e-9


def test_one_step_subtracts_the_estimate():
    refined = diffusion.refine(X0, lambda pose, t: E, 1)
    assert (refined - (X0 - E)).abs().max() < 1e-9


def test_two_steps_average_two_passes():
    estimates = {50: E, 25: 0.3 * E.flip(0)}
    refined = diffusion.refine(X0, lambda pose, t: estimates[t], 2)
    A, B = diffusion.coefficients(25, X0)
    share = B / (A + B)  # of the second pass, 0.503
    assert abs(float(share) - 0.503) < 5e-4
    assert (refined - (X0 - (1 - share) * estimates[50] - share * estimates[25])).abs().max() < 1e-9


def test_the_ends_of_the_forward_marginal_are_the_clean_and_the_noisy_pose():
    assert (diffusion.forward_marginal(X0, E, 0) - X0).abs().max() < 1e-12
    assert (diffusion.forward_marginal(X0, E, diffusion.STEPS) - (X0 + E)).abs().max() < 1e-12


def test_the_network_sees_a_pose_of_the_right_size_at_every_step():
    t = torch.tensor([1, 10, 30, 50])
    pose = diffusion.network_input(diffusion.forward_marginal(X0, E, t), t)
    w = diffusion.error_share(t, X0)
    torch.testing.assert_close(pose, X0 + w * E)
    assert (w.diff(dim=0) > 0).all() and abs(w[-1].item() - 1) < 1e-12


def test_steps_are_even_and_end_at_zero():
    assert diffusion.step_sequence(2) == [50, 25, 0]
    assert diffusion.step_sequence(5) == [50, 40, 30, 20, 10, 0]
